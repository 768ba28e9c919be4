"""Which published file an address means, and the headers that belong to that file.

Here: addresses, ETags, security and signposts. Not here: a request and its answer (`web_server.py`).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from publish.published import RECORD, SUMS, TOMBSTONE, ReleaseError, read_sums
from publish.web_headers import RELEASED, cache_control, content_type

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
# Pages of a release stand alone: their style is in them, and they run nothing. So does a drawing.
_ALONE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
_EXPOSED = "Accept-Ranges, Content-Length, Content-Range, ETag, Link"


@lru_cache(maxsize=512)
def _sums(folder: Path, _modified: int) -> dict[str, str]:
    try:
        return read_sums(folder)
    except ReleaseError:
        return {}


@lru_cache(maxsize=4096)
def _sha256(path: Path, _modified: int, _size: int) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


@lru_cache(maxsize=512)
def _signposts(folder: Path, _modified: int) -> tuple[tuple[str, str, str], ...]:
    """What a release says of itself to machines: (address, relation, media type), from descriptor and record."""
    found = []
    dataset, version = folder.parts[-2:]
    at = f"/releases/{dataset}/{version}/"
    for name, kind in (("datapackage.json", "application/json"), ("README.md", "text/markdown")):
        if (folder / name).is_file():
            found.append((at + name, "describedby", kind))
    descriptor, record = _json(folder / "datapackage.json"), _json(folder / RECORD)
    licences = descriptor.get("licenses")
    if isinstance(licences, list) and licences and isinstance(licences[0], dict):
        found.append((str(licences[0].get("path", "")), "license", ""))
    if descriptor.get("upv:doi"):
        found.append((f"https://doi.org/{descriptor['upv:doi']}", "cite-as", ""))
    found.append((f"/datasets/{dataset}/latest/", "latest-version", ""))
    if record.get("previous_version"):
        found.append((f"/releases/{dataset}/{record['previous_version']}/", "predecessor-version", ""))
    return tuple(signpost for signpost in found if signpost[0].startswith(("/", "https://", "http://")))


def _json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


@dataclass(frozen=True)
class ServedFile:
    """One file and how it is served. `address` is its path in the address, `real` where its bytes are."""

    published: Path
    address: str
    real: Path

    @cached_property
    def size(self) -> int:
        """In bytes."""
        return self.real.stat().st_size

    @cached_property
    def release(self) -> re.Match[str] | None:
        """The dataset, version and name where its bytes are those of a release."""
        return RELEASED.match(self.real.relative_to(self.published).as_posix())

    @cached_property
    def etag(self) -> str:
        """Its sha256 in quotes: as the release says it, else from the bytes."""
        stat = self.real.stat()
        if self.release is not None:
            folder = self.published / "releases" / self.release[1] / self.release[2]
            listed = _sums(folder, _modified(folder / SUMS)).get(self.release[3] or "")
            if listed:
                return f'"{listed}"'
        return f'"{_sha256(self.real, stat.st_mtime_ns, stat.st_size)}"'

    def headers(self) -> Iterator[tuple[str, str]]:
        """All headers that do not depend on the request."""
        kind = content_type(self.real.name)
        yield "Content-Type", kind
        yield "ETag", self.etag
        yield "Accept-Ranges", "bytes"
        # `latest/` has the bytes of a release and another one tomorrow
        yield "Cache-Control", cache_control(self.address, otherwise="no-cache")
        if kind.startswith(("text/html", "image/svg+xml")):
            alone = self.release is not None or kind.startswith("image/")
            yield "Content-Security-Policy", _ALONE_POLICY if alone else PAGE_POLICY
        if not kind.startswith("text/html"):
            yield "Access-Control-Allow-Origin", "*"
            yield "Access-Control-Expose-Headers", _EXPOSED
        if self.release is not None and self.release[3] == "index.html":
            folder = self.real.parent
            for address, relation, media in _signposts(folder, _modified(folder / SUMS)):
                quoted = quote(address, safe=":/?#[]@!$&'()*+,;=%~")
                yield "Link", f'<{quoted}>; rel="{relation}"' + (f'; type="{media}"' if media else "")


def _modified(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def _parts(target: str) -> tuple[str, list[str]]:
    """The path that an address asks for, and its parts."""
    path = unquote(urlsplit("//host/" + target.lstrip("/")).path, errors="replace")
    return path, [part for part in path.split("/") if part]


def _barred(parts: list[str]) -> bool:
    return any(part.startswith(".") or any(c in part for c in "\x00\\") for part in parts)


def tombstone_over(published: Path, target: str) -> ServedFile | None:
    """The page of the tombstone where an address lies below a release that was withdrawn, or below `latest` of one.

    For addresses at which `find` has nothing; `published` must be resolved.
    """
    _, parts = _parts(target)
    if len(parts) < 3 or parts[0] not in ("releases", "datasets") or _barred(parts):
        return None
    try:
        folder = published.joinpath(*parts[:3]).resolve(strict=True)
    except (OSError, ValueError, RuntimeError):
        return None
    if not folder.is_relative_to(published) or not RELEASED.match(folder.relative_to(published).as_posix()):
        return None
    page = folder / "index.html"
    if not (folder / TOMBSTONE).is_file() or not page.is_file():
        return None
    return ServedFile(published, page.relative_to(published).as_posix(), page)


def find(published: Path, target: str) -> ServedFile | str | None:
    """What an address means: a file, the address to go on to, or nothing.

    `published` must be resolved. Nothing outside it is ever found, and nothing hidden in it.
    """
    path, parts = _parts(target)
    if _barred(parts):
        return None
    try:
        real = published.joinpath(*parts).resolve(strict=True)
        if not real.is_relative_to(published):
            return None
        if any(part.startswith(".") for part in real.relative_to(published).parts):
            return None
        if real.is_dir():
            page = (real / "index.html").resolve()
            if not page.is_file() or not page.is_relative_to(published):
                return None
            if parts and not path.endswith("/"):
                return "/" + quote("/".join(parts)) + "/"
            return ServedFile(published, "/".join([*parts, "index.html"]), page)
        if path.endswith("/") or not real.is_file():
            return None
    except (OSError, ValueError, RuntimeError):
        # not there, too long, a loop of links
        return None
    return ServedFile(published, "/".join(parts), real)

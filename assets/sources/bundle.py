"""A bundle: the parts of an answer that came in several pieces (pages, split queries, code lists), as one body.

Each part lies in it as the service sent it, in the order of asking, so that an answer in parts is archived, hashed and
read again like any other body. Not here: what the parts mean (the parser of each service).
"""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from collections.abc import Sequence

from publish.zipped import ZipError, zip_bytes

#: The first entry of a bundle: which parts follow. A ZIP without it is no bundle, but a body that happens to be a ZIP.
CONTENTS = "ketenmonitor-parts.json"
UNPACKED_LIMIT = 2 * 1024 * 1024 * 1024
_ZIP_STARTS = b"PK\x03\x04"


class BundleError(ValueError):
    """Parts that do not go into a bundle, or a bundle that is damaged; the message says which part and why."""


def bundle(parts: Sequence[tuple[str, bytes]]) -> bytes:
    """Parts as (name, bytes), in order, as one body. The same parts give the same bytes.

    A name is a relative path with forward slashes (`pages/0001.json`) and is given once. Raises BundleError for no
    parts at all, and for a name that cannot be used.
    """
    if not parts:
        raise BundleError("a bundle needs at least one part; found none")
    listed = [{"name": name, "bytes": len(content)} for name, content in parts]
    contents = json.dumps({"parts": listed}, ensure_ascii=False, indent=1).encode() + b"\n"
    try:
        return zip_bytes([(CONTENTS, contents), *parts])
    except ZipError as error:
        raise BundleError(f"the parts cannot be bundled: {error}") from error


def part_of(body: bytes, name: str) -> bytes | None:
    """One part of a bundle by its name; None for a plain body and for a part that it does not have. BundleError."""
    if not _is_bundle(body):
        return None
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as packed:
            if name not in packed.namelist():
                return None
            if packed.getinfo(name).file_size > UNPACKED_LIMIT:
                raise BundleError(f"part {name} of a bundle is larger than {UNPACKED_LIMIT} bytes")
            return packed.read(name)
    # as below: an altered byte may name a compression that zipfile does not know
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise BundleError(f"a bundle is damaged or cut short ({error})") from error


def _is_bundle(body: bytes) -> bool:
    # the name of the first entry stands at byte 30 of every ZIP
    return body.startswith(_ZIP_STARTS) and body[30 : 30 + len(CONTENTS)] == CONTENTS.encode()


def parts_of(body: bytes) -> list[tuple[str, bytes]] | None:
    """The parts of a bundle as (name, bytes), in the order in which they were bundled; None for a single plain body.

    Raises BundleError for a bundle that was cut short or altered, or that unpacks to more than 2 GiB.
    """
    if not _is_bundle(body):
        return None
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as packed:
            unpacked = sum(entry.file_size for entry in packed.infolist())
            if unpacked > UNPACKED_LIMIT:
                raise BundleError(f"a bundle unpacks to {unpacked} bytes, expected at most {UNPACKED_LIMIT}")
            listed = [(str(part["name"]), int(part["bytes"])) for part in json.loads(packed.read(CONTENTS))["parts"]]
            parts = [(name, packed.read(name)) for name, _ in listed]
    # NotImplementedError is how zipfile answers an altered byte that names a compression it does not know
    except (zipfile.BadZipFile, zlib.error, KeyError, TypeError, EOFError, NotImplementedError) as error:
        raise BundleError(f"a bundle is damaged or cut short ({error})") from error
    except ValueError as error:
        if isinstance(error, BundleError):
            raise
        raise BundleError(f"a bundle does not say which parts it has ({error})") from error
    for (name, expected), (_, content) in zip(listed, parts, strict=True):
        if len(content) != expected:
            raise BundleError(f"part {name} of a bundle has {len(content)} bytes, expected {expected}")
    return parts

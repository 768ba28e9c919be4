"""The list of one backup: every file with its hash and mode, every link, the moment, and a hash over all of that.

Here: the list and its text. Not here: how it is made (`backup.py`) and where it is kept (`backup_store.py`).
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import PurePosixPath
from typing import Any

FORMAT = 1
#: Where the whole of a database stands as SQL in a backup, when Dagster's history is in PostgreSQL.
POSTGRES_DUMP = "dagster/postgres.sql"


class BackupError(RuntimeError):
    """A backup cannot be made or used; the message names what is wrong and what to do next."""


@dataclass(frozen=True)
class KeptFile:
    """One file of a home. `path` is relative to it, with `/`; `mode` its permissions, such as 0o644."""

    path: str
    sha256: str
    bytes: int
    mode: int


@dataclass(frozen=True)
class KeptLink:
    """One symbolic link of a home; `target` as it stands in the link, always relative."""

    path: str
    target: str


@dataclass(frozen=True)
class Manifest:
    """One backup. `moment` is `YYYY-MM-DDThh:mm:ssZ`; `version` the edition of Ketenmonitor that made it."""

    moment: str
    version: str
    files: tuple[KeptFile, ...]
    links: tuple[KeptLink, ...]
    folders: tuple[str, ...]

    @property
    def objects(self) -> dict[str, int]:
        """sha256 -> size of every content, each once."""
        return {file.sha256: file.bytes for file in self.files}

    @property
    def total_bytes(self) -> int:
        """The size of all files together."""
        return sum(file.bytes for file in self.files)

    def to_bytes(self) -> bytes:
        """The list as JSON, with a hash over itself."""
        content = _content(self)
        return (json.dumps({"sha256": _digest(content), **content}, ensure_ascii=False, indent=1) + "\n").encode()


def _content(manifest: Manifest) -> dict[str, Any]:
    return {"format": FORMAT, **asdict(manifest)}


def _digest(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def read_manifest(name: str, body: bytes) -> Manifest:
    """The list of a backup, checked against its own hash. Raises BackupError that names it."""
    try:
        content = json.loads(body)
        told = content.pop("sha256")
        if content["format"] != FORMAT:
            raise BackupError(
                f"backup {name} has format {content['format']}, expected {FORMAT}; use the edition that made it"
            )
        manifest = Manifest(
            moment=content["moment"],
            version=content["version"],
            files=tuple(KeptFile(**file) for file in content["files"]),
            links=tuple(KeptLink(**link) for link in content["links"]),
            folders=tuple(content["folders"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BackupError(f"backup {name} cannot be read ({error}); choose another with --backup") from error
    if _digest(_content(manifest)) != told:
        raise BackupError(f"the list of backup {name} has been altered; choose another with --backup")
    for path in (*(file.path for file in manifest.files), *(link.path for link in manifest.links), *manifest.folders):
        if not stays_inside(path):
            raise BackupError(f"backup {name} names {path!r}, which lies outside the home; it is not to be trusted")
    for link in manifest.links:
        if not stays_inside(link.target, str(PurePosixPath(link.path).parent)):
            raise BackupError(f"link {link.path} of backup {name} leads outside the home; it is not to be trusted")
    return manifest


def stays_inside(path: str, start: str = "") -> bool:
    """Whether a relative path, followed from a folder of the home, stays in the home."""
    if not path or path.startswith("/") or "\0" in path:
        return False
    depth = len(PurePosixPath(start).parts)
    for part in path.split("/"):
        depth += -1 if part == ".." else 0 if part in (".", "") else 1
        if depth < 0:
            return False
    return True

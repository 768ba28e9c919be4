"""Where backups are kept: a folder or a bucket, content by its hash, and one list for each backup.

    objects/<2>/<sha256>      one content, whatever the number of files and backups that have it
    backups/<moment>.json     one backup; written when all its contents are there

Here: names, and a folder. Not here: a bucket (`backup_bucket.py`), what belongs in a backup (`backup.py`).
"""

import hashlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Protocol

from assets.sources.archive import WRITING, write_first
from pipelines.upkeep.manifest import BackupError

OBJECTS, BACKUPS = "objects/", "backups/"
BLOCK = 1 << 20


class ChangedMeanwhile(RuntimeError):
    """A file had other content when it was copied than when it was hashed; hash it again."""


class BackupStore(Protocol):
    """What a place for backups can do. Every call may raise BackupError, which says what to do next."""

    @property
    def where(self) -> str:
        """The place as a person reads it, without credentials."""
        ...

    def contents(self) -> set[str]:
        """sha256 of every content that is there."""
        ...

    def put(self, source: Path, sha256: str) -> None:
        """Puts a file there as content, whole or not at all. Raises ChangedMeanwhile where it is another by now."""
        ...

    def blocks(self, sha256: str) -> Iterator[bytes]:
        """The bytes of a content, unchecked."""
        ...

    def backups(self) -> list[str]:
        """The names of all backups, oldest first."""
        ...

    def put_backup(self, name: str, body: bytes) -> None:
        """Writes the list of a backup; from then on the backup counts."""
        ...

    def backup(self, name: str) -> bytes:
        """The list of a backup."""
        ...


def object_name(sha256: str) -> str:
    """Where a content stands."""
    return f"{OBJECTS}{sha256[:2]}/{sha256}"


def backup_name(name: str) -> str:
    """Where the list of a backup stands."""
    return f"{BACKUPS}{name}.json"


def copy_checked(source: Path, sink: BinaryIO, sha256: str) -> None:
    """Copies a file and holds what was copied against its hash. Raises ChangedMeanwhile."""
    digest = hashlib.sha256()
    with source.open("rb") as stream:
        while block := stream.read(BLOCK):
            digest.update(block)
            sink.write(block)
    if digest.hexdigest() != sha256:
        raise ChangedMeanwhile(str(source))


class FolderStore:
    """Backups in a folder, such as a disk of another machine that is mounted here."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @property
    def where(self) -> str:
        """The folder."""
        return str(self.root)

    def contents(self) -> set[str]:
        """sha256 of every content that is there; an unfinished copy counts for nothing."""
        return {path.name for path in (self.root / OBJECTS).glob("*/*") if len(path.name) == 64}

    def put(self, source: Path, sha256: str) -> None:
        """Copies aside, checks, and renames."""
        place = self.root / object_name(sha256)
        place.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=place.parent, prefix=WRITING)
        aside = Path(name)
        try:
            with os.fdopen(handle, "wb") as sink:
                copy_checked(source, sink, sha256)
                sink.flush()
                os.fsync(sink.fileno())
            os.replace(aside, place)
        except BaseException:
            aside.unlink(missing_ok=True)
            raise

    def blocks(self, sha256: str) -> Iterator[bytes]:
        """The bytes of a content."""
        place = self.root / object_name(sha256)
        try:
            with place.open("rb") as stream:
                while block := stream.read(BLOCK):
                    yield block
        except OSError as error:
            raise BackupError(f"{object_name(sha256)} in {self.where} cannot be read ({error.strerror})") from error

    def backups(self) -> list[str]:
        """The names of all backups, oldest first."""
        return sorted(path.stem for path in (self.root / BACKUPS).glob("*.json") if not path.name.startswith(WRITING))

    def put_backup(self, name: str, body: bytes) -> None:
        """Written aside and linked, so that it is there whole or not at all and never in the place of another."""
        if not write_first(self.root / backup_name(name), body):
            raise BackupError(f"{backup_name(name)} stands in {self.where} already; run again")

    def backup(self, name: str) -> bytes:
        """The list of a backup."""
        try:
            return (self.root / backup_name(name)).read_bytes()
        except OSError as error:
            raise BackupError(f"{backup_name(name)} in {self.where} cannot be read ({error.strerror})") from error

"""The archive: raw bytes by sha256, each with a record of where and when they came from.

Append only; the same bytes are stored once. Statistical offices keep only the newest edition: ours is the memory.
Not here: fetching (`fetch.py`) and reading what the bytes say (`eurostat.py`, `curated.py`).
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

ORIGINS = ("live", "embedded_edition", "curated")


class ArchiveDamaged(RuntimeError):
    """Archived bytes are gone or are no longer what their name says."""


@dataclass(frozen=True)
class ArchiveRecord:
    """Where archived bytes came from.

    `retrieved_at` is UTC, `YYYY-MM-DDThh:mm:ssZ`; `edition` the publisher's own date or dates.
    """

    source: str
    sha256: str
    bytes: int
    retrieved_at: str
    retrieved_from: str
    origin: str
    edition: str | None = None
    flags_kept: bool = True
    etag: str | None = None
    last_modified: str | None = None
    note_nl: str | None = None
    note_en: str | None = None

    @property
    def vintage(self) -> str:
        """Twelve characters of the sha256: the name of this copy in every published row."""
        return self.sha256[:12]


def write_whole(path: Path, body: bytes) -> None:
    """Writes a file so that it is there whole or not at all, also when the machine stops in the middle."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".writing-")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(body)
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


class Archive:
    """A folder `<root>/<source>/<sha256>` with `<sha256>.json` beside each."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def put(self, body: bytes, record: ArchiveRecord) -> ArchiveRecord:
        """Stores bytes with their record and returns the record that counts: the first, if these bytes are not new."""
        sha256 = hashlib.sha256(body).hexdigest()
        if sha256 != record.sha256 or len(body) != record.bytes:
            raise ArchiveDamaged(f"{record.source}: the bytes handed in are not those of the record ({sha256[:12]})")
        path = self.root / record.source / sha256
        record_path = path.with_suffix(".json")
        if path.exists() and record_path.exists():
            return self._read_record(record_path)
        write_whole(path, body)
        write_whole(record_path, (json.dumps(asdict(record), ensure_ascii=False, indent=2) + "\n").encode())
        return record

    def records(self, source: str) -> list[ArchiveRecord]:
        """All copies of a source, oldest first (by retrieval, then by hash)."""
        found = [self._read_record(path) for path in sorted((self.root / source).glob("*.json"))]
        return sorted(found, key=lambda r: (r.retrieved_at, r.sha256))

    def record(self, source: str, sha256: str) -> ArchiveRecord:
        """The record of one copy; ArchiveDamaged where it is gone."""
        path = self.root / source / f"{sha256}.json"
        if not path.exists():
            raise ArchiveDamaged(f"{source}: the archive has no copy {sha256[:12]}; fetch the source again")
        return self._read_record(path)

    def read(self, record: ArchiveRecord) -> bytes:
        """The bytes of a copy, checked against their hash."""
        path = self.root / record.source / record.sha256
        try:
            body = path.read_bytes()
        except OSError as error:
            raise ArchiveDamaged(
                f"{record.source}: archived copy {record.vintage} cannot be read ({error.strerror})"
            ) from error
        if hashlib.sha256(body).hexdigest() != record.sha256:
            raise ArchiveDamaged(
                f"{record.source}: archived copy {record.vintage} has been altered; restore it from a backup"
            )
        return body

    def _read_record(self, path: Path) -> ArchiveRecord:
        try:
            return ArchiveRecord(**json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError) as error:
            raise ArchiveDamaged(f"{path.parent.name}: record {path.name} cannot be read ({error})") from error


def record_of(body: bytes, **facts: object) -> ArchiveRecord:
    """A record for bytes in hand: hash and size are taken from them."""
    return ArchiveRecord(sha256=hashlib.sha256(body).hexdigest(), bytes=len(body), **facts)  # type: ignore[arg-type]

"""The archive: raw bytes by sha256, each with a record of where and when they came from.

Append only; the same bytes are stored once. Statistical offices keep only the newest edition: ours is the memory.
A copy counts when its bytes and its record are both there: the bytes are written first, so that a run which dies
halfway leaves nothing that counts. What lies in `<root>/<source>/`:

- `<sha256>`: bytes as they were received; `<sha256>.json` the record of the first time that they came.
- `<sha256>.seen.json`: when the service last gave the same bytes again (`confirm`); the record stays the first.
- `parts/`: what has arrived of an answer in pieces; it lives for one fetch (`received.py`).
- `.writing-...`: what a write that was broken off left behind; it counts for nothing.

`origin` in a record says what the bytes are for. Only ORIGINS are built from; the others are kept so that somebody can
see what came: BULK a file as the service issues it, of which a copy that is built from holds the rows that we keep;
LISTING what a service says it has; SPOILED what came and is no table; UNFINISHED what came of a table before its rest
failed. Not here: fetching (`fetch.py`), what arrives and is not whole yet (`received.py`), reading what the bytes say
(`reading.py`), and looking over the whole archive (`archive_check.py`).
"""

from __future__ import annotations

import errno
import hashlib
import json
import mmap
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from assets.sources.incoming import WRITING, Incoming
from publish.whole_files import sync_folder

__all__ = ["WRITING", "Archive", "ArchiveDamaged", "ArchiveRecord", "record_of", "write_first", "write_whole"]

#: The newest confirmation of a copy stands beside its record: `<sha256>.seen.json`.
SEEN = ".seen.json"
#: What is built from; `delivery` are totals of what was handed in (the files themselves lie under other sources).
ORIGINS = ("live", "embedded_edition", "curated", "delivery")
#: What is kept and never built from.
BULK, LISTING, SPOILED, UNFINISHED = "bulk_file", "listing", "spoiled", "unfinished"


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

    @property
    def place(self) -> str:
        """Where the bytes lie, from the home of the state."""
        return f"archive/{self.source}/{self.sha256}"


def write_whole(path: Path, body: bytes) -> None:
    """Writes a file so that it is there whole or not at all, also when the machine stops in the middle."""
    aside = _written_aside(path, body)
    try:
        os.replace(aside, path)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise


def write_first(path: Path, body: bytes) -> bool:
    """Like `write_whole`, but a file that is there already stays as it is; says whether it wrote.

    Of several processes that write the same name at the same time, exactly one writes.
    """
    aside = _written_aside(path, body)
    try:
        os.link(aside, path)
    except FileExistsError:
        return False
    except OSError as error:
        # a file system without links, such as FAT: there nobody can tell who was first
        if error.errno not in (errno.EPERM, errno.EOPNOTSUPP):
            raise
        os.replace(aside, path)
    finally:
        aside.unlink(missing_ok=True)
    return True


def _written_aside(path: Path, body: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=WRITING)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(body)
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(name, 0o644)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return Path(name)


class Archive:
    """A folder `<root>/<source>/<sha256>` with `<sha256>.json` beside each."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def put(self, body: bytes, record: ArchiveRecord) -> ArchiveRecord:
        """Stores bytes with their record and returns the record that counts: the first, if these bytes are not new.

        A copy whose bytes were lost or altered gets them back; one whose record was lost or torn gets the new record.
        Raises ArchiveDamaged where the record is not about these bytes, OSError where they cannot be written: then
        nothing new counts.
        """
        sha256 = hashlib.sha256(body).hexdigest()
        if sha256 != record.sha256 or len(body) != record.bytes:
            raise ArchiveDamaged(f"{record.source}: the bytes handed in are not those of the record ({sha256[:12]})")
        path = self.root / record.source / sha256
        if not _holds(path, sha256):
            write_whole(path, body)
            # the record must not survive a power cut that the bytes do not
            sync_folder(path.parent)
        return self._noted_first(record)

    def take(self, file: Incoming, record: ArchiveRecord) -> ArchiveRecord:
        """Like `put`, for a body that was streamed to disk; the file is closed and gone from where it was written."""
        if (file.sha256, file.bytes) != (record.sha256, record.bytes):
            raise ArchiveDamaged(f"{record.source}: the file handed in is not that of the record ({file.sha256[:12]})")
        path = self.root / record.source / record.sha256
        file.close(None if _holds(path, record.sha256) else path)
        sync_folder(path.parent)
        return self._noted_first(record)

    def incoming(self, source: str) -> Incoming:
        """A file on the disk of the archive, for a body that is about to come; it must be closed."""
        return Incoming(self.root / source)

    def _noted_first(self, record: ArchiveRecord) -> ArchiveRecord:
        record_path, noted = self.root / record.source / f"{record.sha256}.json", _as_json(record)
        if not record_path.exists() and write_first(record_path, noted):
            sync_folder(record_path.parent)
            return record
        try:
            return self._read_record(record_path)
        except ArchiveDamaged:
            write_whole(record_path, noted)
            return record

    def judge(self, record: ArchiveRecord, origin: str, why: str | None = None) -> ArchiveRecord:
        """Notes what archived bytes, from which nothing is built, proved to be when they were read: BULK or SPOILED."""
        judged = replace(record, origin=origin, note_en=why)
        if judged != record:
            write_whole(self.root / record.source / f"{record.sha256}.json", _as_json(judged))
        return judged

    def records(self, source: str) -> list[ArchiveRecord]:
        """All copies of a source that can be used, oldest first (by retrieval, then by hash).

        A record that cannot be read, or whose bytes are gone, is passed over: one damaged copy must not stop a night
        that has others. `ketenmonitor verify archive` names it.
        """
        found = []
        for path in sorted((self.root / source).glob("*.json")):
            if path.name.endswith(SEEN):
                continue
            try:
                record = self._read_record(path)
            except ArchiveDamaged:
                continue
            if path.with_suffix("").exists():
                found.append(record)
        return sorted(found, key=lambda r: (r.retrieved_at, r.sha256))

    def confirm(self, again: ArchiveRecord) -> None:
        """Notes that a service gave the bytes of an archived copy once more: when, from where, as which edition.

        The record of the copy stays the first. Only the newest confirmation is kept; an older one changes nothing.
        """
        path = self.root / again.source / f"{again.sha256}{SEEN}"
        before = self.confirmations(again.source).get(again.sha256)
        if before is None or before.retrieved_at <= again.retrieved_at:
            write_whole(path, _as_json(again))

    def confirmations(self, source: str) -> dict[str, ArchiveRecord]:
        """The newest confirmation of each copy of a source that was given again, by sha256, as a record of that moment.

        One that cannot be read is passed over: the copy then counts from its own record.
        """
        found = {}
        for path in sorted((self.root / source).glob(f"*{SEEN}")):
            try:
                again = self._read_record(path, SEEN)
            except ArchiveDamaged:
                continue
            found[again.sha256] = again
        return found

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

    @contextmanager
    def mapped(self, record: ArchiveRecord) -> Iterator[mmap.mmap | bytes]:
        """The bytes of a copy, checked against their hash and read from disk as they are used."""
        path = self.root / record.source / record.sha256
        if not _holds(path, record.sha256):
            raise ArchiveDamaged(
                f"{record.source}: archived copy {record.vintage} is gone or has been altered; restore it from a backup"
            )
        if not record.bytes:
            yield b""  # an empty file cannot be mapped
            return
        with path.open("rb") as stream:
            yield mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)

    def confirmation(self, source: str, sha256: str) -> ArchiveRecord:
        """The newest confirmation of one copy; ArchiveDamaged where it cannot be read."""
        return self._read_record(self.root / source / f"{sha256}{SEEN}", SEEN)

    def _read_record(self, path: Path, ending: str = ".json") -> ArchiveRecord:
        try:
            record = ArchiveRecord(**json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError) as error:
            raise ArchiveDamaged(f"{path.parent.name}: record {path.name} cannot be read ({error})") from error
        if (record.source, record.sha256) != (path.parent.name, path.name.removesuffix(ending)):
            raise ArchiveDamaged(
                f"{path.parent.name}: record {path.name} cannot be read (it is about {record.source} {record.sha256})"
            )
        if not (isinstance(record.retrieved_at, str) and isinstance(record.bytes, int)):
            raise ArchiveDamaged(f"{path.parent.name}: record {path.name} cannot be read (a fact is of another type)")
        return record


def _as_json(record: ArchiveRecord) -> bytes:
    return (json.dumps(asdict(record), ensure_ascii=False, indent=2) + "\n").encode()


def _holds(path: Path, sha256: str) -> bool:
    """Whether the bytes at `path` are there and are those of their name."""
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest() == sha256
    except OSError:
        return False


def record_of(body: bytes, **facts: object) -> ArchiveRecord:
    """A record for bytes in hand: hash and size are taken from them."""
    return ArchiveRecord(sha256=hashlib.sha256(body).hexdigest(), bytes=len(body), **facts)  # type: ignore[arg-type]

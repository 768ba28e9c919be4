"""What one fetch of one source brings in: every body is on disk before anything of it is read.

An answer in pieces (pages, split questions) is kept piece by piece in `archive/<source>/parts/<some name>/`, each piece
under its sha256, with `addresses.jsonl`: what was asked, from where, in that order. The rule for these parts:

- All arrived: they become one bundle in the archive, and the parts go (`finished`).
- The fetch failed: what had arrived becomes one archived body that is never built from, with its addresses and the
  reason (`given_up`): SPOILED where the service answered as if all were well and it is no table, else UNFINISHED.
  A single body is kept as it came, under its own address.
- The night was killed: the next fetch of the source keeps what lies there as UNFINISHED (`sweep`). What another process
  is fetching at that moment is locked, and left alone.

A try that failed and was whole the second time leaves nothing behind. Not here: asking (`http.py`), the archive.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from assets.sources.archive import (
    BULK,
    LISTING,
    SPOILED,
    UNFINISHED,
    Archive,
    ArchiveRecord,
    record_of,
    write_whole,
)
from assets.sources.bundle import bundle
from assets.sources.http_hosts import FetchError
from assets.sources.incoming import Incoming

PARTS = "parts"
ADDRESSES = "addresses.jsonl"
#: The entry of an archived body of several parts that says what each was.
LISTED = "addresses.json"


@dataclass(frozen=True)
class PartReceived:
    """One piece: what was asked, where, and the bytes that came."""

    name: str
    url: str
    sha256: str
    bytes: int


@dataclass(frozen=True)
class _Lying:
    """Where the pieces of a fetch lie, and the open (locked) list of their addresses."""

    folder: Path
    addresses: IO[bytes]

    def note(self, facts: dict[str, object]) -> None:
        """Adds a line."""
        self.addresses.write(json.dumps(facts, ensure_ascii=False).encode() + b"\n")
        self.addresses.flush()


class Received:
    """The bodies of one fetch of `source`, which began at `retrieved_at`."""

    def __init__(self, archive: Archive, source: str, retrieved_at: str) -> None:
        self.archive, self._source, self.retrieved_at = archive, source, retrieved_at
        self._lying: _Lying | None = None
        self._parts: list[PartReceived] = []

    def part(self, name: str, url: str) -> Callable[[bytes], None]:
        """What takes in the body of the piece `name`, asked at `url`."""
        return lambda body: self._keep(name, url, body)

    def forget(self, body: bytes) -> None:
        """Leaves out a body that proved to be an answer about the conversation, such as a ticket, and no piece."""
        sha256 = hashlib.sha256(body).hexdigest()
        self._parts = [part for part in self._parts if part.sha256 != sha256]

    def finished(self) -> None:
        """The whole is in the archive: the pieces may go."""
        if self._lying is not None:
            _remove(self._lying.folder)
            self._lying.addresses.close()
        self._lying, self._parts = None, []

    def given_up(self, error: FetchError) -> tuple[str, ...]:
        """Keeps what had arrived when a fetch failed; where it lies is returned, and nothing where nothing came."""
        if error.body and error.status is None:
            sha256 = hashlib.sha256(error.body).hexdigest()
            if all(part.sha256 != sha256 for part in self._parts):
                self._keep("what came instead", error.url or "the live service", error.body)
        kept: tuple[str, ...] = ()
        if self._parts and self._lying is not None:
            origin = SPOILED if error.refused else UNFINISHED
            kept = (self._as_one(self._lying.folder, self._parts, origin, str(error), self.retrieved_at).place,)
        self.finished()
        return kept

    def sweep(self) -> None:
        """Keeps as unfinished what a fetch that was killed left behind."""
        for folder in sorted((self.archive.root / self._source / PARTS).glob("*/")):
            with _let_go(folder) as free:
                if not free:
                    continue
                began, parts = _read(folder)
                if parts:
                    reason = f"the fetch of {began} was broken off before all parts were there"
                    self._as_one(folder, parts, UNFINISHED, reason, began)
                _remove(folder)

    # --- bodies that stand by themselves ---

    @contextmanager
    def file(self) -> Iterator[Incoming]:
        """A file for a body that is too large to be held in memory; it is gone at the end if it was not `taken`."""
        coming = self.archive.incoming(self._source)
        try:
            yield coming
        finally:
            coming.close()

    def taken(self, coming: Incoming, url: str, modified: str | None) -> ArchiveRecord:
        """Puts a file that has come in whole into the archive, as the service issued it."""
        record = ArchiveRecord(
            source=self._source,
            sha256=coming.sha256,
            bytes=coming.bytes,
            retrieved_at=self.retrieved_at,
            retrieved_from=url,
            origin=BULK,
            edition=modified,
        )
        return self.archive.take(coming, record)

    def files(self) -> dict[tuple[str, str | None], ArchiveRecord]:
        """The files of the source that are in the archive, by address and the date that the service gave them."""
        return {
            (record.retrieved_from, record.edition): record
            for record in self.archive.records(self._source)
            if record.origin == BULK
        }

    def listing(self, body: bytes, url: str, source: str) -> ArchiveRecord:
        """Archives what a service says it has, under a name of its own."""
        noted = {"source": source, "retrieved_at": self.retrieved_at, "retrieved_from": url, "origin": LISTING}
        return self.archive.put(body, record_of(body, **noted))

    def spoiled(self, body: bytes, url: str, why: str) -> ArchiveRecord:
        """Archives what came in place of a body."""
        noted = {"retrieved_at": self.retrieved_at, "retrieved_from": url, "origin": SPOILED, "note_en": why}
        return self.archive.put(body, record_of(body, source=self._source, **noted))

    # --- on disk ---

    def _keep(self, name: str, url: str, body: bytes) -> None:
        if not body:
            return
        if self._lying is None:
            self._lying = self._begun()
        part = PartReceived(name, url, hashlib.sha256(body).hexdigest(), len(body))
        write_whole(self._lying.folder / part.sha256, body)
        self._lying.note(asdict(part))
        self._parts.append(part)

    def _begun(self) -> _Lying:
        folder = _new_folder(self.archive.root / self._source / PARTS)
        # locked before it has its name, so that nobody finds it without its lock
        aside = folder / f".{ADDRESSES}"
        lying = _Lying(folder, aside.open("wb"))
        fcntl.flock(lying.addresses, fcntl.LOCK_EX)
        lying.note({"retrieved_at": self.retrieved_at})
        aside.rename(folder / ADDRESSES)
        return lying

    def _as_one(
        self, folder: Path, parts: Sequence[PartReceived], origin: str, reason: str, retrieved_at: str
    ) -> ArchiveRecord:
        """The pieces as one archived body. The same pieces give the same bytes, in whatever night they came."""
        bodies = {part.sha256: (folder / part.sha256).read_bytes() for part in parts}
        if len(bodies) == 1:
            body = next(iter(bodies.values()))
        else:
            listed = json.dumps([asdict(part) for part in parts], ensure_ascii=False, indent=1).encode() + b"\n"
            body = bundle([(LISTED, listed), *bodies.items()])
        facts = {"retrieved_at": retrieved_at, "retrieved_from": parts[-1].url, "origin": origin, "note_en": reason}
        return self.archive.put(body, record_of(body, source=self._source, **facts))


def left_behind(folder: Path) -> dict[str, int]:
    """The fetches of a source of which pieces lie there, under way or killed: folder -> number of whole pieces."""
    return {each.name: len(_read(each)[1]) for each in sorted((folder / PARTS).glob("*/"))}


def _read(folder: Path) -> tuple[str, list[PartReceived]]:
    """When the fetch began, and its pieces, each once, in the order of asking; a piece that is not whole is passed
    over, as is the last line where the fetch died while it wrote it."""
    began, found = "", dict[tuple[str, str], PartReceived]()
    try:
        lines = (folder / ADDRESSES).read_bytes().split(b"\n")
    except OSError:
        return began, []
    for line in lines:
        try:
            noted = json.loads(line)
            if "sha256" not in noted:
                began = str(noted["retrieved_at"])
                continue
            part = PartReceived(**noted)
            whole = hashlib.sha256((folder / part.sha256).read_bytes()).hexdigest() == part.sha256
        except (OSError, ValueError, TypeError, KeyError):
            continue
        if whole:
            found[part.name, part.sha256] = part
    return began, list(found.values())


@contextmanager
def _let_go(folder: Path) -> Iterator[bool]:
    """Whether no process holds the folder any more; it is held in the block. A folder without addresses is as new as
    can be, or as good as empty: it is left alone, and `ketenmonitor verify archive` names it."""
    try:
        handle = (folder / ADDRESSES).open("rb")
    except OSError:
        yield False
        return
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
            return
        yield True


def _new_folder(above: Path) -> Path:
    while True:
        above.mkdir(parents=True, exist_ok=True)
        try:
            return Path(tempfile.mkdtemp(dir=above))
        except FileNotFoundError:
            continue  # another fetch was the last to leave, and took the folder away


def _remove(folder: Path) -> None:
    """Removes a folder of pieces, and the one above it where that was the last."""
    shutil.rmtree(folder, ignore_errors=True)
    try:
        folder.parent.rmdir()
    except OSError:
        return  # another fetch has its own there

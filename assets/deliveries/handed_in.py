"""The bytes that were handed in: a file as it is, or a folder with a data package as one zip, on their way to the
archive.

Here: how large they are, their hash, and why some are not even archived. Not here: reading what they say (`reading/`).
"""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import overload

from assets.deliveries.delivered_file import FileRefused, Limits, Told
from assets.sources.archive import Archive, ArchiveRecord
from assets.sources.incoming import Incoming
from publish.zipped import ZipError, write_zip

CHUNK = 1 << 20


@dataclass(frozen=True)
class HandedIn:
    """Bytes by their hash. `refusal` says why they are not archived; else `keep` archives them."""

    sha256: str
    bytes: int
    refusal: Told | None
    _incoming: Incoming | None

    def keep(self, archive: Archive, record: ArchiveRecord) -> Path:
        """Puts the bytes into the archive and returns where they lie there."""
        if self._incoming is None:
            raise ValueError(f"{record.source}: what was refused at the door is not archived")
        archive.take(self._incoming, record)
        return archive.root / record.source / record.sha256


@contextmanager
def handed_in(archive: Archive, source: str, path: Path, work: Path, limits: Limits) -> Iterator[HandedIn]:
    """Brings a file, or a folder as a zip, to the disk of the archive; it is gone from there unless it was kept.

    It is read once, so that what is judged is what is archived, also where somebody still writes to it.
    """
    size = _size_of(path)
    try:
        if size > limits.file_bytes:
            raise FileRefused(_too_large(size, limits))
        original = _zipped(path, work, limits) if path.is_dir() else path
    except FileRefused as refusal:
        yield HandedIn(_hash_of_what_is_left(path), size, refusal.told, None)
        return
    incoming = archive.incoming(source)
    try:
        with original.open("rb") as stream:
            while chunk := stream.read(CHUNK):
                incoming.write(chunk)
        yield HandedIn(incoming.sha256, incoming.bytes, None, incoming)
    finally:
        incoming.close(None)


def is_handed_in(path: Path) -> bool:
    """Whether there is a file or folder: a pipe or a device would keep us waiting for ever."""
    mode = path.stat().st_mode
    return stat.S_ISREG(mode) or stat.S_ISDIR(mode)


def _files_of(folder: Path) -> list[Path]:
    # a link could lead out of the inbox, and a pipe has no end
    return [part for part in sorted(folder.rglob("*")) if not part.is_symlink() and part.is_file()]


def _size_of(path: Path) -> int:
    return sum(part.stat().st_size for part in (_files_of(path) if path.is_dir() else [path]))


class _Entries(Sequence[tuple[str, bytes]]):
    """Names and contents of the files of a folder, each read when its turn comes."""

    def __init__(self, folder: Path, files: Sequence[Path]) -> None:
        self._folder, self._files = folder, files

    def __len__(self) -> int:
        return len(self._files)

    @overload
    def __getitem__(self, place: int) -> tuple[str, bytes]: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[tuple[str, bytes]]: ...
    def __getitem__(self, place: int | slice) -> tuple[str, bytes] | Sequence[tuple[str, bytes]]:
        if isinstance(place, slice):
            return _Entries(self._folder, self._files[place])
        file = self._files[place]
        return file.relative_to(self._folder).as_posix(), file.read_bytes()


def _zipped(folder: Path, work: Path, limits: Limits) -> Path:
    files = _files_of(folder)
    if len(files) > limits.members:
        raise FileRefused(
            Told(
                "too_many_files",
                f"De map bevat {len(files)} bestanden; hoogstens {limits.members} mag. Zij is niet gearchiveerd. "
                "Lever alleen de tabel, of een data package met één tabel.",
                f"The folder holds {len(files)} files; at most {limits.members} may be. It was not archived. "
                "Deliver the table only, or a data package with one table.",
            )
        )
    packed = work / "handed_in.zip"
    try:
        write_zip(packed, _Entries(folder, files))
    except ZipError as error:
        raise FileRefused(
            Told(
                "file_name",
                "In de map staat een bestand waarvan de naam niet kan worden bewaard. De map is niet gearchiveerd. "
                "Geef het bestand een gewone naam, zonder dubbele punt of backslash.",
                "In the folder is a file whose name cannot be kept. The folder was not archived. "
                "Give the file a plain name, without a colon or backslash.",
            )
        ) from error
    return packed


def _hash_of_what_is_left(path: Path) -> str:
    """The hash of a file that is not archived; of a folder, that of the names and sizes in it."""
    if path.is_dir():
        listed = [f"{part.relative_to(path).as_posix()}\0{part.stat().st_size}\n" for part in _files_of(path)]
        return hashlib.sha256("".join(listed).encode("utf-8", "surrogateescape")).hexdigest()
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _too_large(size: int, limits: Limits) -> Told:
    found, most = f"{size / 1e6:.0f}", f"{limits.file_bytes / 1e6:.0f}"
    return Told(
        "file_too_large",
        f"Het bestand is {found} MB; hoogstens {most} MB wordt aangenomen. Het is niet gearchiveerd. "
        "Lever het als Parquet, of vraag de beheerder om ruimte.",
        f"The file is {found} MB; at most {most} MB is taken in. It was not archived. "
        "Deliver it as Parquet, or ask the steward for room.",
    )

"""A zip that is not trusted: names, sizes and places of its members are checked before any of them is inflated.

Here: opening, streaming and extracting members within limits. Not here: what the members mean.
"""

from __future__ import annotations

import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from assets.deliveries.delivered_file import FileRefused
from assets.deliveries.reading.bounds import Bounds
from assets.deliveries.reading.words import refused, shown
from publish.numbers_and_dates import number

#: A zip below this size, unpacked, is no bomb whatever its ratio: an empty workbook packs well.
SMALL = 20_000_000
PIECE = 256 * 1024
_END, _END_64, _LOCATOR_64 = b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07"
#: A zip's list of members holds 46 bytes and a name for each; names and notes longer than this are no one's need.
_BYTES_A_MEMBER = 2_000
_ENCRYPTED = 0x1


class Packed:
    """The members of an opened zip by name; bytes that come out are counted against the limits."""

    def __init__(self, zipped: zipfile.ZipFile, bounds: Bounds) -> None:
        self._zipped, self._bounds = zipped, bounds
        self._members = {info.filename: info for info in zipped.infolist() if not info.is_dir()}
        self._unpacked = 0

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the members that are files, in the order of the zip."""
        return tuple(self._members)

    def pieces(self, name: str) -> Iterator[bytes]:
        """One member, inflated piece by piece; KeyError for a name that is not there."""
        with self._zipped.open(self._members[name]) as member:
            while piece := member.read(PIECE):
                self._bounds.in_time()
                self._unpacked += len(piece)
                # a member is read more than once at most four times: names, header, evidence, rows
                if self._unpacked > 4 * self._bounds.limits.unpacked_bytes:
                    raise bomb(self._unpacked, self._bounds.limits.unpacked_bytes)
                yield piece

    def read(self, name: str, at_most: int) -> bytes:
        """One small member as a whole; FileRefused where it is larger than `at_most`."""
        if self._members[name].file_size > at_most:
            raise bomb(self._members[name].file_size, at_most)
        return b"".join(self.pieces(name))

    def extract(self, name: str, target: Path) -> Path:
        """Writes one member to `target`, a path that the caller chose: the member's name has no say in it."""
        with target.open("xb") as handle:
            for piece in self.pieces(name):
                handle.write(piece)
        return target


@contextmanager
def opened(path: Path, bounds: Bounds) -> Iterator[Packed]:
    """Opens a zip. Raises FileRefused for a damaged one and for one that would climb out, overlap or blow up."""
    with path.open("rb") as handle:
        try:
            _check_list(handle, bounds.limits.members)
            zipped = zipfile.ZipFile(handle)
        except FileRefused:
            raise
        # NotImplementedError is how zipfile answers an altered byte that names a version or a compression of its own
        except (zipfile.BadZipFile, struct.error, OSError, ValueError, NotImplementedError) as error:
            raise damaged() from error
        with zipped:
            _check_members(zipped.infolist(), path.stat().st_size, bounds)
            try:
                yield Packed(zipped, bounds)
            except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
                raise damaged() from error


def _check_list(handle: BinaryIO, most: int) -> None:
    """The list of members is read into memory by whoever opens a zip: its size is looked at first."""
    size = handle.seek(0, 2)
    handle.seek(max(0, size - 65_557))
    tail = handle.read()
    at = tail.rfind(_END)
    if at < 0:
        raise zipfile.BadZipFile("no end of central directory")
    count, length = struct.unpack("<HI", tail[at + 10 : at + 16])
    locator = tail[at - 20 : at] if at >= 20 else b""
    if locator.startswith(_LOCATOR_64):
        handle.seek(struct.unpack("<Q", locator[8:16])[0])
        record = handle.read(56)
        if record.startswith(_END_64):
            count, length = struct.unpack("<QQ", record[32:48])
    if count > most or length > most * _BYTES_A_MEMBER:
        raise refused(
            "too_many_members",
            f"Het zip-bestand bevat {number(count, 'nl')} bestanden; Ketenmonitor opent er een met hoogstens "
            f"{number(most, 'nl')}. Lever alleen de tabel, of een data package met één tabel.",
            f"The zip holds {number(count, 'en')} files; Ketenmonitor opens one with at most {number(most, 'en')}. "
            "Hand in the table only, or a data package with one table.",
        )
    handle.seek(0)


def _check_members(members: list[zipfile.ZipInfo], size: int, bounds: Bounds) -> None:
    limits = bounds.limits
    seen: set[str] = set()
    for info in members:
        # orig_filename is what stands in the zip: filename has been cut at a zero byte and turned around
        check_name(info.orig_filename.rstrip("/"))
        folded = info.filename.casefold()
        if folded in seen:
            raise _overlap(info.filename)
        seen.add(folded)
        if info.flag_bits & _ENCRYPTED:
            raise refused(
                "encrypted",
                "Het zip-bestand is beveiligd met een wachtwoord. Lever het zonder wachtwoord.",
                "The zip is protected by a password. Hand it in without a password.",
            )
        if stat.S_ISLNK(info.external_attr >> 16):
            raise climbs_out(info.filename)
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise damaged()
    end, name = 0, ""
    for info in sorted(members, key=lambda one: one.header_offset):
        if info.header_offset < end:
            raise _overlap(name)
        end, name = info.header_offset + 30 + len(info.orig_filename) + info.compress_size, info.filename
    unpacked = sum(info.file_size for info in members)
    if unpacked > limits.unpacked_bytes:
        raise bomb(unpacked, limits.unpacked_bytes)
    if unpacked > SMALL and unpacked > limits.unpacked_ratio * size:
        raise bomb(unpacked, max(SMALL, limits.unpacked_ratio * size))


def check_name(name: str) -> None:
    """Raises FileRefused unless `name` is a plain relative path with forward slashes that stays where it is."""
    parts = name.split("/")
    if (
        not name
        or any(part in ("", ".", "..") for part in parts)
        or "\\" in name
        or ":" in name
        or not all(character.isprintable() for character in name)
    ):
        raise climbs_out(name)


def climbs_out(name: str) -> FileRefused:
    """The refusal of a path that points out of the package."""
    return refused(
        "path_outside",
        f"Het pad {shown(name)} wijst naar een plaats buiten het pakket. Verwacht: een gewoon pad binnen het pakket, "
        "zoals 'data/opgave.csv'. Verbeter het pad.",
        f"The path {shown(name)} points to a place outside the package. Expected: a plain path inside the package, "
        "such as 'data/return.csv'. Correct the path.",
    )


def damaged() -> FileRefused:
    """The refusal of a zip (or workbook) that cannot be unpacked."""
    return refused(
        "damaged",
        "Het bestand is beschadigd of onvolledig: het kan niet worden uitgepakt. Sla het opnieuw op en dien het "
        "opnieuw in.",
        "The file is damaged or incomplete: it cannot be unpacked. Save it again and hand it in again.",
    )


def bomb(found: int, limit: int) -> FileRefused:
    """The refusal of a zip that unpacks to more than is taken in."""
    return refused(
        "unpacks_too_large",
        f"Uitgepakt is het bestand {number(found, 'nl')} bytes of meer; Ketenmonitor pakt er hiervan hoogstens "
        f"{number(limit, 'nl')} uit. Verwijder lege opgemaakte rijen en kolommen, of lever CSV of Parquet.",
        f"Unpacked the file is {number(found, 'en')} bytes or more; Ketenmonitor unpacks at most "
        f"{number(limit, 'en')} of it. Remove empty formatted rows and columns, or hand in CSV or Parquet.",
    )


def _overlap(name: str) -> FileRefused:
    return refused(
        "overlapping_members",
        f"In het zip-bestand staan onderdelen over elkaar heen of twee keer ({shown(name)}). Pak de bestanden opnieuw "
        "in.",
        f"Members of the zip overlap or stand in it twice ({shown(name)}). Zip the files again.",
    )

"""The one writer of zip files: the same entries give the same bytes on every machine.

Here: the records of the format and its compression. Not here: which files go into an archive (`release.py`) or what a
workbook holds (`workbook.py`).

The module `zipfile` leans on the zlib of the machine, and distributions replace that with other makes that give other
bytes. Arrow brings a zlib of its own in its wheel and is pinned to the version, so its codec compresses here.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa

# Level 9 saves 8 per cent on our tables and doubles the time; changing the level changes every checksum.
_LEVEL = 6
_GZIP_HEADER = b"\x1f\x8b\x08\x00"
_GZIP_HEADER_BYTES, _GZIP_TRAILER_BYTES = 10, 8
_STORED, _DEFLATED = 0, 8
_VERSION = 20
_MADE_ON_UNIX = 3 << 8 | _VERSION
_UTF8_NAME = 0x800
# 1980-01-01 00:00:00, the first moment that the format knows
_TIME, _DATE = 0, 0x21
_MODE = 0o100644 << 16
_MOST_ENTRIES, _MOST_BYTES, _LONGEST_NAME = 0xFFFF - 1, 0xFFFF_FFFF - 1, 0xFFFF


class ZipError(ValueError):
    """An entry that a zip file cannot hold, or that would not stay inside the folder where it is unpacked."""


def _deflated(content: bytes) -> bytes:
    packed: bytes = pa.Codec("gzip", compression_level=_LEVEL).compress(content, asbytes=True)
    if not packed.startswith(_GZIP_HEADER):
        raise ZipError(
            f"Arrow's gzip starts with {packed[:4].hex()}, expected {_GZIP_HEADER.hex()} (deflate, no extra fields); "
            "look at the header that this version of pyarrow writes"
        )
    return packed[_GZIP_HEADER_BYTES:-_GZIP_TRAILER_BYTES]


def _encoded(name: str) -> tuple[bytes, int]:
    """The name as bytes and the flags that say how; a plain ASCII name needs no flag and old readers like that."""
    parts = name.split("/")
    if not name or "\\" in name or "\0" in name or ":" in parts[0] or {"", ".", ".."} & set(parts):
        raise ZipError(f"the entry {name!r} is no relative path with forward slashes; give the path inside the folder")
    try:
        raw = name.encode()
    except UnicodeEncodeError as error:
        raise ZipError(f"the name of entry {name!r} is no Unicode text ({error.reason}); rename the file") from error
    if len(raw) > _LONGEST_NAME:
        raise ZipError(f"the name of an entry has {len(raw)} bytes, at most {_LONGEST_NAME} fit; shorten {name[:40]!r}")
    return raw, 0 if name.isascii() else _UTF8_NAME


def _records(entries: Sequence[tuple[str, bytes]]) -> Iterator[bytes]:
    if len(entries) > _MOST_ENTRIES:
        raise ZipError(f"{len(entries)} entries, at most {_MOST_ENTRIES} fit in a plain zip file; divide them")
    seen: set[str] = set()
    directory: list[bytes] = []
    offset = 0
    for name, content in entries:
        raw, flags = _encoded(name)
        if name in seen:
            raise ZipError(f"the entry {name!r} is given twice; give each path once")
        seen.add(name)
        packed, method = _deflated(content), _DEFLATED
        if len(packed) >= len(content):
            packed, method = content, _STORED
        if max(len(content), offset + len(packed)) > _MOST_BYTES:
            raise ZipError(f"with the entry {name!r} the archive passes 4 GiB, where a plain zip file ends; divide it")
        common = struct.pack(
            "<HHHHHIIIHH",
            _VERSION, flags, method, _TIME, _DATE, zlib.crc32(content), len(packed), len(content), len(raw), 0,
        )  # fmt: skip
        directory.append(
            b"PK\x01\x02"
            + struct.pack("<H", _MADE_ON_UNIX)
            + common
            + struct.pack("<HHHII", 0, 0, 0, _MODE, offset)
            + raw
        )
        yield b"PK\x03\x04" + common + raw
        yield packed
        offset += 4 + len(common) + len(raw) + len(packed)
    listed = b"".join(directory)
    yield listed
    yield b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, len(entries), len(entries), len(listed), offset, 0)


def zip_bytes(entries: Sequence[tuple[str, bytes]]) -> bytes:
    """A zip file of (path, content) pairs in the order given, all dated 1980-01-01 with mode 0644.

    An entry that deflate does not make smaller is stored. Raises ZipError for a path that is absolute, leaves its
    folder or is given twice, and for more than a plain (not Zip64) file can hold.
    """
    return b"".join(_records(entries))


def write_zip(path: Path, entries: Sequence[tuple[str, bytes]]) -> None:
    """Writes what `zip_bytes` gives, entry by entry."""
    with path.open("wb") as handle:
        for record in _records(entries):
            handle.write(record)

"""The one member of a 7z file, unpacked as a stream: the container of COMEXT's bulk files.

A bulk file is the plainest form of 7z: one text, packed in one go by LZMA or LZMA2, which Python's own `lzma` unpacks.
Nothing else is read, and what is found instead is named. The libraries were weighed: py7zr brings ten packages, and of
those the one for PPMd brought the whole process down on an altered file; libarchive-c has no types and needs a library
of the system. Format: 7zFormat.txt of the LZMA SDK (public domain).
Not here: what the text says (`comext_month.py`).
"""

from __future__ import annotations

import lzma
import mmap
import re
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from assets.sources.comext import DamagedFile

_SIGNATURE = b"7z\xbc\xaf\x27\x1c"
_SIGNATURE_HEADER = 32
_PIECE = 8 * 1024 * 1024
#: 7-Zip's largest setting takes 256 MB for looking back; the memory is taken before the first byte is there.
_DICTIONARY_LIMIT = 256 * 1024 * 1024
_HEADER_LIMIT = 1024 * 1024
# property ids of the format
_END, _HEADER, _STREAMS, _FILES, _PACK, _UNPACK, _SUBSTREAMS = 0x00, 0x01, 0x04, 0x05, 0x06, 0x07, 0x08
_SIZE, _CRC, _FOLDER, _UNPACK_SIZE, _COUNT, _EMPTY, _NAMES = 0x09, 0x0A, 0x0B, 0x0C, 0x0D, 0x0E, 0x11
_PACKED_HEADER = 0x17
_METHODS = {b"\x21": "LZMA2", b"\x03\x01\x01": "LZMA", b"\x00": "no packing"}
_REFUSED = {b"\x03\x04\x01": "PPMd", b"\x04\x02\x02": "BZip2", b"\x04\x01\x08": "Deflate", b"\x06\xf1\x07\x01": "AES"}


@dataclass(frozen=True)
class _Stream:
    """One packed stream: where it lies behind the first 32 bytes, and what it gives. A packed header may lack a sum."""

    offset: int
    packed: int
    method: bytes
    settings: bytes
    unpacked: int
    crc: int | None


def unpack(body: bytes | mmap.mmap, expected: re.Pattern[str], take: Callable[[bytes], None], limit: int) -> str:
    """Hands the one member of a 7z file to `take`, piece by piece, and returns its name.

    Raises DamagedFile: no 7z, cut short, altered, encrypted, packed in another way, other members than one called
    `expected`, or more than `limit` bytes; and whatever `take` raises.
    """
    if body[: len(_SIGNATURE)] != _SIGNATURE:
        raise DamagedFile(f"expected a 7z file, found a body that starts with {body[:40]!r}")
    stream, names = _read_header(_header(body))
    shown = ", ".join(names[:5]) or "none"
    if len(names) != 1 or not expected.fullmatch(names[0]):
        raise DamagedFile(f"expected one member like {expected.pattern}, found {len(names)}: {shown[:200]}")
    if stream is not None:
        if stream.crc is None:
            raise DamagedFile(f"{names[0]}: expected a checksum in the 7z file, found none")
        if stream.unpacked > limit:
            raise DamagedFile(f"{names[0]} unpacks to {stream.unpacked} bytes, expected at most {limit}")
        _stream_out(body, stream, take)
    return names[0]


def _header(body: bytes | mmap.mmap) -> _Cursor:
    """The header, which lies at the end of the file and may be packed itself."""
    if len(body) < _SIGNATURE_HEADER:
        raise DamagedFile(f"the 7z file is cut short or damaged: {len(body)} bytes")
    start_crc, offset, size, crc = struct.unpack_from("<IQQI", body, 8)
    if zlib.crc32(body[12:_SIGNATURE_HEADER]) != start_crc:
        raise DamagedFile("the 7z file is cut short or damaged: its first 32 bytes were altered")
    start = _SIGNATURE_HEADER + offset
    if start + size > len(body):
        raise DamagedFile(f"the 7z file is cut short or damaged: expected {start + size} bytes, found {len(body)}")
    if not size:
        raise DamagedFile("expected one member, found none: the 7z file is empty")
    header = body[start : start + size]
    if zlib.crc32(header) != crc:
        raise DamagedFile("the 7z file is cut short or damaged: its header was altered")
    if header[0] != _PACKED_HEADER:
        return _Cursor(header)
    stream = _read_streams(_Cursor(header, 1))
    if stream is None or stream.unpacked > _HEADER_LIMIT:
        raise DamagedFile("the 7z file is damaged: its header holds no list of members of a likely size")
    pieces: list[bytes] = []
    _stream_out(body, stream, pieces.append)
    return _Cursor(b"".join(pieces))


def _stream_out(body: bytes | mmap.mmap, stream: _Stream, take: Callable[[bytes], None]) -> None:
    start = _SIGNATURE_HEADER + stream.offset
    packed = memoryview(body)[start : start + stream.packed]
    if len(packed) != stream.packed:
        raise DamagedFile("the 7z file is cut short or damaged: the packed text is not all there")
    received, crc = 0, 0
    for piece in _pieces(packed, stream):
        received += len(piece)
        crc = zlib.crc32(piece, crc)
        take(piece)
    if received != stream.unpacked or stream.crc not in (None, crc):
        raise DamagedFile("the 7z file is cut short or damaged: the unpacked text is not the one that was packed")


def _pieces(packed: memoryview, stream: _Stream) -> Iterator[bytes]:
    """The text in pieces of at most 8 MB, at most as many bytes as the header names."""
    if _METHODS[stream.method] == "no packing":
        for at in range(0, len(packed), _PIECE):
            yield bytes(packed[at : at + _PIECE])
        return
    try:
        unpacking = lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[_lzma_settings(stream)])
        left, at = stream.unpacked, 0
        while left and not unpacking.eof:
            fed = packed[at : at + _PIECE // 8] if unpacking.needs_input else b""
            at += len(fed)
            piece = unpacking.decompress(fed, min(_PIECE, left))
            if not piece and not fed and unpacking.needs_input:
                return
            left -= len(piece)
            if piece:
                yield piece
    except (lzma.LZMAError, EOFError, MemoryError) as error:
        raise DamagedFile(f"the 7z file is cut short or damaged: {error}") from error


def _lzma_settings(stream: _Stream) -> dict[str, int]:
    """How the text was packed, in the words of Python's `lzma`."""
    settings, method = stream.settings, _METHODS[stream.method]
    if method == "LZMA2" and len(settings) == 1 and settings[0] <= 40:
        dictionary = 0xFFFFFFFF if settings[0] == 40 else (2 | settings[0] & 1) << (settings[0] // 2 + 11)
        chosen = {"id": lzma.FILTER_LZMA2}
    elif method == "LZMA" and len(settings) == 5 and settings[0] < 9 * 5 * 5:
        dictionary = int(struct.unpack_from("<I", settings, 1)[0])
        rest, lc = divmod(settings[0], 9)
        chosen = {"id": lzma.FILTER_LZMA1, "lc": lc, "lp": rest % 5, "pb": rest // 5}
    else:
        raise DamagedFile(f"the 7z file is damaged: {method} with settings {settings.hex()[:40]!r}")
    if dictionary > _DICTIONARY_LIMIT:
        raise DamagedFile(f"the 7z file asks for {dictionary} bytes of memory, expected at most {_DICTIONARY_LIMIT}")
    return {**chosen, "dict_size": max(dictionary, 4096)}


class _Cursor:
    """Reads the fields of a header, one after another; never beyond its end."""

    def __init__(self, content: bytes, at: int = 0) -> None:
        self._content = content
        self._at = at

    def take(self, count: int) -> bytes:
        """The next `count` bytes."""
        if count > len(self._content) - self._at:
            raise DamagedFile("the 7z file is damaged: its header ends too early")
        taken = self._content[self._at : self._at + count]
        self._at += count
        return taken

    def number(self) -> int:
        """A number: as many ones in front of the first byte as bytes follow, then the rest of that byte on top."""
        first = self.take(1)[0]
        more = next((count for count in range(8) if not first & (0x80 >> count)), 8)
        low = int.from_bytes(self.take(more), "little")
        return low if more >= 7 else low | (first & ((1 << (7 - more)) - 1)) << (8 * more)

    def expect(self, wanted: int) -> None:
        """Passes over a property id; raises DamagedFile for another one."""
        found = self.number()
        if found != wanted:
            raise DamagedFile(f"the 7z file is damaged or of another form: expected part {wanted:#x}, found {found:#x}")

    def checksum(self) -> int:
        """The checksum of one stream."""
        if self.take(1) != b"\x01":
            raise DamagedFile("the 7z file has no checksum")
        return int(struct.unpack("<I", self.take(4))[0])


def _read_header(header: _Cursor) -> tuple[_Stream | None, list[str]]:
    """The packed stream (None: an empty member) and the names of all members."""
    header.expect(_HEADER)
    part, stream, empty = header.number(), None, 0
    names: list[str] = []
    if part == _STREAMS:
        stream, part = _read_streams(header), header.number()
    if part == _FILES:
        count, part = header.number(), header.number()
        while part != _END:
            content = _Cursor(header.take(header.number()))
            if part == _NAMES:
                names = _read_names(content, count)
            elif part == _EMPTY:
                empty = sum(byte.bit_count() for byte in content.take((count + 7) // 8))
            part = header.number()
    if len(names) == 1 and (stream is None) != (empty == 1):
        raise DamagedFile("the 7z file is damaged: its header names one member, with and without a text")
    return stream, names


def _read_names(content: _Cursor, count: int) -> list[str]:
    if content.take(1) != b"\x00":
        raise DamagedFile("the 7z file is damaged or of another form: the names of its members lie elsewhere")
    names: list[str] = []
    letters = bytearray()
    while len(names) < count:
        letter = content.take(2)
        if letter != b"\0\0":
            letters += letter
            continue
        names.append(letters.decode("utf-16-le", "replace"))
        letters.clear()
    return names


def _read_streams(header: _Cursor) -> _Stream | None:
    """The one packed stream of a 7z file, from its pack, unpack and substream parts. None where there is none."""
    part = header.number()
    if part == _END:
        return None
    offset, packed = _read_pack(header, part)
    header.expect(_UNPACK)
    header.expect(_FOLDER)
    if (folders := header.number()) != 1 or header.take(1) != b"\x00":
        raise DamagedFile(f"the 7z file is of another form: expected one packed text, found {folders}")
    method, settings = _read_method(header)
    header.expect(_UNPACK_SIZE)
    unpacked, crc, part = header.number(), None, header.number()
    if part == _CRC:
        crc, part = header.checksum(), header.number()
    if part != _END:
        raise DamagedFile(f"the 7z file is damaged or of another form: found part {part:#x} after its sizes")
    part = header.number()
    if part == _SUBSTREAMS:
        part = header.number()
        if part == _COUNT:
            if (members := header.number()) != 1:
                raise DamagedFile(f"expected one member, found {members}: packed together as one text")
            part = header.number()
        if part == _CRC:
            crc, part = header.checksum(), header.number()
        if part != _END:
            raise DamagedFile(f"the 7z file is damaged or of another form: found part {part:#x} in its substreams")
        part = header.number()
    if part != _END:
        raise DamagedFile(f"the 7z file is damaged or of another form: found part {part:#x} after its streams")
    return _Stream(offset, packed, method, settings, unpacked, crc)


def _read_pack(header: _Cursor, part: int) -> tuple[int, int]:
    """Offset and size of the packed stream."""
    if part != _PACK:
        raise DamagedFile(f"the 7z file is damaged or of another form: expected part {_PACK:#x}, found {part:#x}")
    offset = header.number()
    if (streams := header.number()) != 1:
        raise DamagedFile(f"the 7z file is of another form: expected one packed stream, found {streams}")
    header.expect(_SIZE)
    packed, part = header.number(), header.number()
    if part == _CRC:
        header.checksum()
        part = header.number()
    if part != _END:
        raise DamagedFile(f"the 7z file is damaged or of another form: found part {part:#x} after the packed size")
    return offset, packed


def _read_method(header: _Cursor) -> tuple[bytes, bytes]:
    """The one method with which the text was packed, and its settings."""
    coders = header.number()
    flags = header.take(1)[0]
    method = header.take(flags & 0x0F)
    if coders != 1 or flags & 0xD0 or method not in _METHODS:
        named = _REFUSED.get(method, f"method {method.hex()}")
        raise DamagedFile(
            f"expected a 7z file packed by LZMA or LZMA2 alone, found {coders} methods, first {named}; "
            "if COMEXT now packs so, this reader must learn it"
        )
    return method, header.take(header.number()) if flags & 0x20 else b""

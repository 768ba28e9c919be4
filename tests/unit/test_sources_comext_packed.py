"""The 7z container of COMEXT's bulk files: other programs' files are read, hostile and altered ones refused in words.

Not here: what the text in it says (`test_sources_comext_files.py`).
"""

from __future__ import annotations

import base64
import re
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.sources.comext import DamagedFile
from assets.sources.comext_month import Wanted, read_month
from assets.sources.comext_packed import unpack
from tests.servers.comext import month_file, month_text

NL = Wanted(("NL",), ("6309", "9403"))
LINES = (
    "AT,AD,E,63090000,26901,3811,3811,620,314200,11,2,1,NO_SU,{period},65,65,3,0",
    "NL,PL,I,63090000,26901,3811,3811,620,314200,11,2,1,NO_SU,{period},125000,125000,98000,0",
    "NL,DE,I,94036090,82159,3109,3109,610,312100,20,1,1,PST,{period},40210,40210,5120,77",
    "NL,CN,E,94XXXXXX,82XXX,XXXX,XXXX,610,31XXXX,20,1,1,NO_SU,{period},890,890,120,0",
)

# the text "REPORTER,PARTNER", "NL,PL", "NL,DE" packed as full_202512.dat by 7-Zip 26.02 and by py7zr 1.1.4, which packs
# the header too and gives that no checksum
PACKED_BY_OTHERS = {
    "7-Zip, LZMA2": (
        "N3q8ryccAARz4P9XIQAAAAAAAABqAAAAAAAAAMZUZC4BABxSRVBPUlRFUixQQVJUTkVSCk5MLFBMCk5MLERFCgABBAYAAQkhAAcLAQABISEBAAwd"
        "AAgKAcjL/Z4AAAUBGQwAAAAAAAAAAAAAAAARIQBmAHUAbABsAF8AMgAwADIANQAxADIALgBkAGEAdAAAABkCAAAUCgEAAJi8MKl63AEVBgEAIICk"
        "gQAA"
    ),
    "7-Zip, LZMA": (
        "N3q8ryccAAS+66OYIAAAAAAAAABqAAAAAAAAAEYtGf4AKRFGRoCsWkAC72MipzN9O/LiSsv635CE2nsSrkAgAAEEBgABCSAABwsBAAEjAwEBBV0A"
        "EAAADB0ACAoByMv9ngAABQEZBgAAAAAAABEhAGYAdQBsAGwAXwAyADAAMgA1ADEAMgAuAGQAYQB0AAAAGQIAABQKAQAAmLwwqXrcARUGAQAggKSB"
        "AAA="
    ),
    "py7zr": (
        "N3q8ryccAASylJmXfwAAAAAAAAAUAAAAAAAAAKue1CsBABxSRVBPUlRFUixQQVJUTkVSCk5MLFBMCk5MLERFCgDgAFwAVl0AAIEzB64P0B3SfJ8/"
        "R0ErhkqO9SshLxM+crtsVUA25nyrwVi/O44f3ImqmnXAiX9UcaVwsmPDEpqcr9UkcLZNE705a6tXb6rmLhueWC6HnrJQ3pcAAAAAFwYhAQleAAcL"
        "AQABISEBGAxdAAA="
    ),
}


@pytest.mark.parametrize("maker", PACKED_BY_OTHERS)
def test_a_file_packed_by_other_programs_is_read(maker: str) -> None:
    pieces: list[bytes] = []
    body = base64.b64decode(PACKED_BY_OTHERS[maker])
    assert unpack(body, re.compile(r"full_202512\.dat"), pieces.append, 100) == "full_202512.dat"
    assert b"".join(pieces) == b"REPORTER,PARTNER\nNL,PL\nNL,DE\n"


def _with_sums(whole: bytes, header: bytes) -> bytes:
    """A 7z file with another header, its checksums made to fit."""
    start = 32 + int.from_bytes(whole[12:20], "little")
    first = whole[12:20] + len(header).to_bytes(8, "little") + zlib.crc32(header).to_bytes(4, "little")
    return whole[:8] + zlib.crc32(first).to_bytes(4, "little") + first + whole[32:start] + header


@pytest.mark.parametrize(
    ("method", "says"),
    [(b"\x23\x03\x04\x01\x01\x10", "first PPMd"), (b"\x24\x06\xf1\x07\x01\x01\x10", "first AES")],
)
def test_a_file_packed_in_another_way_is_refused_by_name(method: bytes, says: str) -> None:
    whole = month_file("202512", LINES)
    start = 32 + int.from_bytes(whole[12:20], "little")
    header = whole[start:].replace(b"\x21\x21\x01\x10", method, 1)
    body = _with_sums(whole, header)
    with pytest.raises(DamagedFile, match=f"packed by LZMA or LZMA2 alone, found 1 methods, {says}"):
        read_month(body, "202512", NL)


def _header_of(whole: bytes) -> bytes:
    return whole[32 + int.from_bytes(whole[12:20], "little") :]


def _text_sum() -> bytes:
    return zlib.crc32(month_text("202512", LINES)).to_bytes(4, "little")


@pytest.mark.parametrize(
    ("part", "replacement", "says"),
    [
        (lambda: _text_sum(), lambda: b"\0\0\0\0", "the unpacked text is not the one that was packed"),
        (lambda: b"\x08\x0a\x01" + _text_sum(), lambda: b"\x08", "expected a checksum in the 7z file, found none"),
        (lambda: b"\x21\x01\x10", lambda: b"\x21\x01\x28", "asks for 4294967295 bytes of memory"),
        (lambda: b"\x21\x01\x10", lambda: b"\x21\x01\x29", "LZMA2 with settings '29'"),
        (lambda: b"\x06\x00\x01", lambda: b"\x06\x7f\x01", "cut short or damaged"),
    ],
)
def test_a_header_that_says_other_things_of_the_text_is_refused(
    part: Callable[[], bytes], replacement: Callable[[], bytes], says: str
) -> None:
    whole = month_file("202512", LINES)
    header = _header_of(whole)
    assert header.count(part()) == 1
    with pytest.raises(DamagedFile, match=says):
        read_month(_with_sums(whole, header.replace(part(), replacement())), "202512", NL)


def test_a_header_that_was_altered_is_refused_before_it_is_read() -> None:
    whole = month_file("202512", LINES)
    with pytest.raises(DamagedFile, match="its header was altered"):
        read_month(whole[:-1] + b"\x01", "202512", NL)
    with pytest.raises(DamagedFile, match="its first 32 bytes were altered"):
        read_month(whole[:12] + bytes([whole[12] ^ 1]) + whole[13:], "202512", NL)


@given(st.lists(st.tuples(st.integers(0, 200), st.integers(0, 255)), min_size=1, max_size=3), st.integers(0, 200))
@settings(max_examples=150, deadline=None)
def test_a_header_of_any_content_is_refused_or_gives_the_same_rows(changes: list[tuple[int, int]], cut: int) -> None:
    whole = month_file("202512", LINES)
    start = 32 + int.from_bytes(whole[12:20], "little")
    header = bytearray(whole[start:])
    for place, value in changes:
        header[place % len(header)] = value
    if cut < 40:
        del header[len(header) - cut :]
    try:
        month = read_month(_with_sums(whole, bytes(header)), "202512", NL)
    except DamagedFile:
        return
    assert month.rows.num_rows == 3

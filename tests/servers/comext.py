"""Eurostat's files API on loopback: the listing of COMEXT's product files, as CSV or as a page, and its 7z files.

The forms are those of the service: a CSV with NAME, SIZE, TYPE and a date, a page with a row a file, and one text
member `full_YYYYMM.dat` in a 7z. Not here: faults of the network (`loopback.py`).
"""

from __future__ import annotations

import lzma
import struct
import zlib
from collections.abc import Sequence
from urllib.parse import parse_qs, urlsplit

from assets.sources.comext import COLUMNS
from tests.servers.loopback import Call, PlayedApi, Reply

FOLDER = "comext/COMEXT_DATA/PRODUCTS"
PATH = "/eurostat/api/dissemination/files"
HEADER = ",".join(COLUMNS)
#: What lies beside the monthly files and is not ours.
OTHER_FILES = ("full_partxixu_v2_202512.7z", "fullxixu_v2_202512.7z", "tariff202512.7z", "readme.txt")


def seven_zip(*members: tuple[str, bytes]) -> bytes:
    """A 7z file with these members, packed together by LZMA2 as 7-Zip does; the same members give the same bytes."""
    texts = [content for _, content in members if content]
    whole = b"".join(texts)
    settings = [{"id": lzma.FILTER_LZMA2, "preset": 1, "dict_size": 1 << 20}]
    packed = lzma.compress(whole, lzma.FORMAT_RAW, filters=settings) if whole else b""
    sums = b"".join(struct.pack("<I", zlib.crc32(text)) for text in texts)
    # pack part, folder (one method, LZMA2 with 1 MB to look back), sizes, then the members within it
    streams = b"\x04\x06\x00\x01\x09" + _number(len(packed)) + b"\x00"
    streams += b"\x07\x0b\x01\x00\x01\x21\x21\x01\x10\x0c" + _number(len(whole)) + b"\x00"
    several = b"\x0d" + _number(len(texts)) + b"\x09" + b"".join(_number(len(text)) for text in texts[:-1])
    streams += b"\x08" + (several if len(texts) > 1 else b"") + b"\x0a\x01" + sums + b"\x00\x00"
    names = b"\x00" + b"".join(name.encode("utf-16-le") + b"\0\0" for name, _ in members)
    empty = b"\x0e\x01\x80" if members and not texts else b""
    listed = b"\x05" + _number(len(members)) + empty + b"\x11" + _number(len(names)) + names + b"\x00"
    header = b"\x01" + (streams if texts else b"") + listed + b"\x00" if members else b""
    start = struct.pack("<QQI", len(packed), len(header), zlib.crc32(header))
    return b"7z\xbc\xaf\x27\x1c\x00\x04" + struct.pack("<I", zlib.crc32(start)) + start + packed + header


def _number(number: int) -> bytes:
    return bytes([number]) if number < 0x80 else b"\xff" + number.to_bytes(8, "little")


def month_text(period: str, lines: Sequence[str]) -> bytes:
    """The member of a month: `lines` hold `{period}` where the period stands."""
    return "\n".join([HEADER, *(line.format(period=period) for line in lines), ""]).encode()


def month_file(period: str, lines: Sequence[str]) -> bytes:
    """`full_v2_<period>.7z`."""
    return seven_zip((f"full_{period}.dat", month_text(period, lines)))


class PlayedComext(PlayedApi):
    """`files` holds the bytes and the date (`DD/MM/YYYY hh:mm:ss`) of each file by name.

    `as_page` lists them as a page instead of CSV; `sizes` overrules the size that the listing gives; `listing` replaces
    the answer of the listing.
    """

    def __init__(self) -> None:
        super().__init__()
        self.files: dict[str, tuple[bytes, str]] = {}
        self.as_page = False
        self.sizes: dict[str, int] = {}
        self.listing: Reply | None = None

    @property
    def url(self) -> str:
        """The base address of the files API."""
        return self.base + PATH

    def issue(self, period: str, packed: bytes, modified: str) -> None:
        """Puts a month in the folder, or in place of an earlier one."""
        self.files[f"full_v2_{period}.7z"] = (packed, modified)

    def asked_files(self) -> list[str]:
        """Names of the files that were asked for, in order."""
        asked = [parse_qs(urlsplit(call.path).query).get("file", [""])[0] for call in self.calls]
        return [path.rsplit("/", 1)[-1] for path in asked if path]

    def answer(self, call: Call) -> Reply:
        """A listing, a file, or 404."""
        parts = urlsplit(call.path)
        query = parse_qs(parts.query)
        if parts.path.rstrip("/") != PATH:
            return Reply(404, b"<html><title>Not found</title></html>", {"Content-Type": "text/html"})
        if "file" in query:
            folder, _, name = query["file"][0].rpartition("/")
            if folder != FOLDER or name not in self.files:
                return Reply(404, b"<html><title>File does not exist</title></html>", {"Content-Type": "text/html"})
            return Reply(200, self.files[name][0], {"Content-Type": "application/octet-stream"})
        if query.get("dir") != [FOLDER]:
            return Reply(404, b"", {"Content-Type": "text/html"})
        if self.listing is not None:
            return self.listing
        listed = [(name, self.sizes.get(name, len(body)), date) for name, (body, date) in self.files.items()]
        listed += [(name, 1234, "06/01/2026 11:00:00") for name in OTHER_FILES]
        if self.as_page:
            return Reply(200, page_listing(listed), {"Content-Type": "text/html;charset=UTF-8"})
        return Reply(200, csv_listing(listed), {"Content-Type": "text/csv;charset=UTF-8"})


def csv_listing(files: Sequence[tuple[str, int, str]]) -> bytes:
    """The listing with `format=csv&sizeFormat=NONE&dateFormat=ISO`: (name, bytes, DD/MM/YYYY hh:mm:ss) a file."""
    lines = ["NAME,SIZE,TYPE,LAST_MODIFIED"]
    for name, size, date in files:
        day, month, rest = date.split("/")
        lines.append(f"{name},{size},{name.rsplit('.', 1)[-1]},{rest[:4]}-{month}-{day}T{rest[5:]}")
    return ("\r\n".join(lines) + "\r\n").encode()


def page_listing(files: Sequence[tuple[str, int, str]]) -> bytes:
    """The listing as a page with a table."""
    rows = [
        f'<tr><td>&nbsp;<a href="{PATH}?file={FOLDER.replace("/", "%2F")}%2F{name}">{name}</a></td>'
        f'<td title="{size} bytes">{size / 1e6:.2f} MB</td><td class="center">{name.rsplit(".", 1)[-1]}</td>'
        f"<td>&nbsp;{date}</td></tr>"
        for name, size, date in files
    ]
    columns = "".join(f"<th>{name}</th>" for name in ("Name", "Size", "Type", "Date"))
    head = f'<!DOCTYPE html><html><body><table id="filetable"><tr>{columns}</tr>'
    return "\n".join([head, *rows, "</table></body></html>"]).encode()

"""The text of a delivered CSV: its encoding, and its bytes as UTF-8 with one kind of line end, piece by piece.

Here: what must be known of the whole file before it is parsed (encoding, binary content, endless lines).
Not here: cells (`csv_records.py`).
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from assets.deliveries.delivered_file import FileRefused, Told
from assets.deliveries.reading.bounds import Bounds
from assets.deliveries.reading.words import refused, shown
from publish.numbers_and_dates import number

Encoding = Literal["utf-8", "windows-1252"]
PIECE = 4 * 1024 * 1024
_BOM = codecs.BOM_UTF8
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
#: Bytes that stand for nothing in Windows-1252.
_UNDEFINED = re.compile(rb"[\x81\x8d\x8f\x90\x9d]")
#: A letter with an accent or a quotation mark as UTF-8 writes it; in Windows-1252 it reads as Ã« or â€™.
_UTF_8_LETTER = re.compile(rb"[\xc2\xc3][\x80-\xbf]|\xe2\x80[\x80-\xbf]")
_NAMES: dict[str, Encoding] = {
    "utf-8": "utf-8", "utf8": "utf-8", "utf-8-sig": "utf-8", "us-ascii": "utf-8", "ascii": "utf-8",
    "windows-1252": "windows-1252", "cp1252": "windows-1252", "iso-8859-1": "windows-1252", "latin1": "windows-1252",
    "latin-1": "windows-1252",
}  # fmt: skip


@dataclass(frozen=True)
class CsvText:
    """A file that is text throughout, in one encoding, with no line above the limit."""

    path: Path
    encoding: Encoding

    def pieces(self, size: int = PIECE) -> Iterator[bytes]:
        """The text as UTF-8 without byte order mark, each line ended by a line feed; pieces end anywhere in a line.

        A piece never ends within a character.
        """
        held = b""
        with self.path.open("rb") as handle:
            if handle.read(len(_BOM)) != _BOM:
                handle.seek(0)
            while piece := handle.read(size):
                piece = held + piece
                # the line feed of a carriage return may stand in the next piece
                held = b"\r" if piece.endswith(b"\r") else b""
                yield self._as_utf8(piece[: len(piece) - len(held)])
        if held:
            yield b"\n"

    def _as_utf8(self, piece: bytes) -> bytes:
        if b"\r" in piece:
            piece = piece.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        if self.encoding == "windows-1252" and not piece.isascii():
            return piece.decode("cp1252").encode()
        return piece

    def notes(self) -> tuple[Told, ...]:
        """What the deliverer is told of the encoding."""
        if self.encoding == "utf-8":
            return ()
        return (
            Told(
                "read_as_windows_1252",
                "Het bestand is geen UTF-8 en is gelezen als Windows-1252; controleer de letters met accenten.",
                "The file is no UTF-8 and was read as Windows-1252; check the letters with accents.",
            ),
        )


def csv_text(path: Path, bounds: Bounds, declared: str | None = None) -> CsvText:
    """Looks through the whole file once, piece by piece.

    UTF-8 where every byte of it is, else Windows-1252. Raises FileRefused for UTF-16, binary content, a line longer
    than the limit, bytes that neither encoding has, and a file in which both are mixed.
    """
    wanted = _declared(declared)
    decoder = codecs.getincrementaldecoder("utf-8")()
    not_utf8: int | None = None  # line of the first byte that is no UTF-8
    letters = False
    undefined: int | None = None
    line, tail, bom, ended_in_return = 1, 0, False, False
    with path.open("rb") as handle:
        first = True
        while piece := handle.read(min(PIECE, bounds.limits.line_bytes)):
            bounds.in_time()
            if first:
                bom, first = piece.startswith(_BOM), False
                if piece.startswith(_UTF_16):
                    raise _utf_16()
            if b"\0" in piece:
                raise _binary(line + _line_ends(piece[: piece.index(b"\0")]))
            tail = _tail(piece, tail, line, bounds)
            if not piece.isascii():
                letters = letters or _UTF_8_LETTER.search(piece) is not None
                if undefined is None and (bad := _UNDEFINED.search(piece)):
                    undefined = line + _line_ends(piece[: bad.start()])
            if not_utf8 is None:
                try:
                    decoder.decode(piece)
                except UnicodeDecodeError as error:
                    not_utf8 = line + _line_ends(piece[: max(0, error.start)])
            # a carriage return and its line feed on both sides of a border are one end
            line += _line_ends(piece) - (ended_in_return and piece.startswith(b"\n"))
            ended_in_return = piece.endswith(b"\r")
    if not_utf8 is None:
        try:
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            not_utf8 = line
    return CsvText(path, _decided(wanted, bom, not_utf8, letters, undefined))


def _decided(
    wanted: Encoding | None, bom: bool, not_utf8: int | None, letters: bool, undefined: int | None
) -> Encoding:
    if not_utf8 is None and wanted != "windows-1252":
        return "utf-8"
    if not_utf8 is not None and (bom or wanted == "utf-8" or (letters and wanted is None)):
        raise refused(
            "mixed_encoding",
            f"Regel {not_utf8} bevat tekens die geen UTF-8 zijn, terwijl de rest van het bestand dat wel is. Sla het "
            "bestand opnieuw op als CSV UTF-8.",
            f"Line {not_utf8} holds characters that are no UTF-8, while the rest of the file is. Save the file again "
            "as CSV UTF-8.",
        )
    if undefined is not None:
        raise refused(
            "unknown_encoding",
            f"Regel {undefined} bevat bytes die in UTF-8 en in Windows-1252 niets betekenen. Sla het bestand opnieuw "
            "op als CSV UTF-8.",
            f"Line {undefined} holds bytes that mean nothing in UTF-8 and in Windows-1252. Save the file again as CSV "
            "UTF-8.",
        )
    return "windows-1252"


def _declared(name: str | None) -> Encoding | None:
    if name is None:
        return None
    known = _NAMES.get(name.strip().lower())
    if known is None:
        raise refused(
            "unknown_encoding",
            f"De opgegeven tekenset is {shown(name)}; verwacht utf-8 of windows-1252. Sla het bestand op als CSV "
            "UTF-8.",
            f"The declared encoding is {shown(name)}; expected utf-8 or windows-1252. Save the file as CSV UTF-8.",
        )
    return known


def _line_ends(piece: bytes) -> int:
    return piece.count(b"\n") + (piece.count(b"\r") - piece.count(b"\r\n") if b"\r" in piece else 0)


def _tail(piece: bytes, tail: int, line: int, bounds: Bounds) -> int:
    """Length of the line that goes on after this piece; a piece is never longer than the limit of a line."""
    limit = bounds.limits.line_bytes
    ends = [end for end in (piece.find(b"\n"), piece.find(b"\r")) if end >= 0]
    if tail + (min(ends) if ends else len(piece)) > limit:
        raise line_too_long(line, limit)
    if not ends:
        return tail + len(piece)
    return len(piece) - 1 - max(piece.rfind(b"\n"), piece.rfind(b"\r"))


def line_too_long(line: int, limit: int) -> FileRefused:
    """The refusal of a file with a line above the limit."""
    return refused(
        "line_too_long",
        f"Regel {line} is langer dan {number(limit, 'nl')} bytes. Verwacht: één rij per regel. Controleer of het "
        "bestand een CSV is en of de regels eindigen.",
        f"Line {line} is longer than {number(limit, 'en')} bytes. Expected: one row a line. Check that the file is a "
        "CSV and that its lines end.",
    )


def _utf_16() -> FileRefused:
    return refused(
        "utf_16",
        "Het bestand is UTF-16 ('Unicode-tekst'). Verwacht: UTF-8. Sla het opnieuw op als 'CSV UTF-8'.",
        "The file is UTF-16 ('Unicode text'). Expected: UTF-8. Save it again as 'CSV UTF-8'.",
    )


def _binary(line: int) -> FileRefused:
    return refused(
        "binary",
        f"Het bestand is geen tekst: op regel {line} staat een nul-byte. Verwacht: XLSX, CSV, Parquet of een data "
        "package. Sla de tabel op als XLSX of als CSV UTF-8.",
        f"The file is no text: there is a zero byte on line {line}. Expected: XLSX, CSV, Parquet or a data package. "
        "Save the table as XLSX or as CSV UTF-8.",
    )

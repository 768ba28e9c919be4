"""The top of a delivered CSV: its header, the delimiter that splits it, and what is declared above it.

The delimiter is the one that splits the header into the names of the contract; data has no say in it. Above the header
may stand `#decimal=comma` or `#decimal=point` (the way to declare the decimal sign of a file in the inbox), and the
line `sep=;` that spreadsheets know.
Here: finding the header. Not here: which columns it names (`header.py`), or rows (`csv_file.py`).
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

from assets.deliveries.delivered_file import Told
from assets.deliveries.reading.csv_records import unclosed_quote
from assets.deliveries.reading.csv_text import CsvText
from assets.deliveries.reading.decimal_sign import Sign
from assets.deliveries.reading.header import At, not_a_header, recognised
from assets.deliveries.reading.rows_taken import SPACE
from assets.deliveries.reading.task import Task
from assets.deliveries.reading.words import refused, shown

DELIMITERS = (";", ",", "\t")
_DELIMITER_NAMES = {";": ("puntkomma", "semicolon"), ",": ("komma", "comma"), "\t": ("tab", "tab")}
_DECIMAL_LINE = re.compile(r"#\s*decimal\s*[=:]\s*(\w+)[\s;,]*", re.IGNORECASE)
_SEPARATOR_LINE = re.compile(r"sep=(.)[;,\t]*", re.IGNORECASE)
_SIGN_WORDS: dict[str, Sign] = {"comma": "comma", "komma": "comma", "point": "point", "punt": "point"}


@dataclass(frozen=True)
class CsvHead:
    """The top of a CSV: cells of the header, the line after it, and what is declared above it."""

    cells: tuple[str, ...]
    delimiter: str
    line: int
    next_line: int
    decimal: Sign | None

    @property
    def at(self) -> At:
        """Where the header stands."""
        return At(f"Regel {self.line}", f"Line {self.line}")

    def notes(self) -> tuple[Told, ...]:
        """What the deliverer is told of the delimiter."""
        nl, en = _DELIMITER_NAMES.get(self.delimiter, (shown(self.delimiter), shown(self.delimiter)))
        return (Told("delimiter", f"Scheidingsteken tussen de cellen: {nl}.", f"Delimiter between the cells: {en}."),)


def csv_head(text: CsvText, task: Task) -> CsvHead:
    """Finds the header: the first line that is neither blank nor a declaration. Raises FileRefused where none is."""
    pieces = text.pieces()
    top = b""
    # the header is one record, and no record is longer than a line may be
    for piece in pieces:
        top += piece
        if len(top) > 2 * task.bounds.limits.line_bytes:
            break
    else:
        pieces = iter(())
    lines = io.StringIO(top.decode("utf-8", "replace"), newline="")
    decimal: Sign | None = None
    delimiter, line = task.declared.delimiter, 0
    for start in lines:
        line += 1
        bare = start.strip(SPACE + ",;")
        if not bare:
            continue
        if declared := _DECIMAL_LINE.fullmatch(start.strip(SPACE)):
            decimal = _declared_sign(declared[1], line)
        elif separator := _SEPARATOR_LINE.fullmatch(start.rstrip("\n")):
            delimiter = delimiter or separator[1]
        else:
            rest = list(chain([start], lines))
            cells, delimiter, used = _header_record(rest, delimiter, line, task)
            return CsvHead(cells, delimiter, line, line + used, decimal)
    raise refused(
        "empty_file",
        "Het bestand is leeg. Vul het sjabloon in en dien dat in.",
        "The file is empty. Fill in the template and hand that in.",
    )


def _header_record(
    lines: Sequence[str], delimiter: str | None, line: int, task: Task
) -> tuple[tuple[str, ...], str, int]:
    """The cells of the header, the delimiter that splits it into names of the contract, and how many lines it takes."""
    contract = task.delivery.contract
    tried: list[tuple[int, int, tuple[str, ...], str, int]] = []
    for candidate in (delimiter,) if delimiter else DELIMITERS:
        if not candidate or len(candidate) != 1 or not candidate.isascii() or candidate in '"\n\r':
            raise refused(
                "no_delimiter",
                f"Het opgegeven scheidingsteken is {shown(candidate)}; verwacht één teken: ; , of een tab.",
                f"The declared delimiter is {shown(candidate)}; expected one character: ; , or a tab.",
            )
        reader, used = csv.reader(lines, delimiter=candidate, strict=True), 1
        try:
            cells = tuple(next(reader))
            used = reader.line_num
        except csv.Error:
            if '"' in lines[0]:
                continue
            # Python's reader has a limit of its own on the length of a cell
            cells = tuple(lines[0].rstrip("\n").split(candidate))
        tried.append((recognised(cells, contract), len(cells), cells, candidate, used))
    if not tried:
        raise unclosed_quote(line)
    tried.sort(key=lambda one: one[:2], reverse=True)
    best = tried[0]
    if best[0] == 0:
        task.bounds.columns(best[1], f"Regel {line}", f"Line {line}")
        raise not_a_header(best[2], contract, At(f"Regel {line}", f"Line {line}"))
    if len(tried) > 1 and tried[1][0] == best[0]:
        raise refused(
            "no_delimiter",
            f"In regel {line} staan de namen van kolommen met verschillende scheidingstekens ertussen. Gebruik er één: "
            "; , of een tab.",
            f"On line {line} the names of columns stand with different delimiters between them. Use one: ; , or a tab.",
        )
    return best[2], best[3], best[4]


def _declared_sign(word: str, line: int) -> Sign:
    sign = _SIGN_WORDS.get(word.lower())
    if sign is None:
        raise refused(
            "decimal_unclear",
            f"Regel {line} geeft als decimaalteken {shown(word)} op; verwacht `#decimal=comma` of `#decimal=point`.",
            f"Line {line} declares {shown(word)} as decimal sign; expected `#decimal=comma` or `#decimal=point`.",
        )
    return sign

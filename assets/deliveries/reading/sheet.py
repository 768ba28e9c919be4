"""The cells of one sheet of a workbook, row by row, from its XML as a stream.

One pass sees everything: values, formulas, error values, hidden rows and columns, merged cells. So nothing can stand in
a sheet that one reader sees and another does not, and no sheet is held in memory, however far apart its cells are.
A library that gives a sheet as a whole was tried beside it: a workbook of 5 kB with a cell in each far corner ended
the process, and one of 1 MB with one long text in 200,000 cells took 6 GB.
Here: what stands in the XML. Not here: what a value means in its column (`sheet_values.py`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import NamedTuple

from assets.deliveries.reading.bounds import Bounds
from assets.deliveries.reading.packed import Packed, damaged
from assets.deliveries.reading.words import refused
from assets.deliveries.reading.workbook import unescaped
from assets.deliveries.reading.xml_parts import Attributes, fed, parser
from publish.numbers_and_dates import number

_RANGE = re.compile(r"\$?([A-Z]{1,3})\$?(\d{1,7})(?::\$?([A-Z]{1,3})\$?(\d{1,7}))?")
_NAMESPACES = (
    "http://schemas.openxmlformats.org/spreadsheetml/2006/main",
    "http://purl.oclc.org/ooxml/spreadsheetml/main",
)
_MOST_RANGES = 100_000
_LAST_COLUMN = 16_384
_DEEPEST = 50
_MOST_PIECES = 200
_TRUE = ("1", "true")


#: A cell with something in it: column from 1, kind (n number, s text, b boolean, e error value, d date), text, number
#: of its style, and its formula or None. A bare tuple, because a million of them are made.
Cell = tuple[int, str, str, int, str | None]


class Range(NamedTuple):
    """A rectangle of cells as the sheet names it: `C4:C9`; rows and columns from 1, both ends included."""

    name: str
    first_row: int
    last_row: int
    first_column: int
    last_column: int


@dataclass
class SheetSeen:
    """What was seen while the cells of a sheet were read."""

    merged: list[Range] = field(default_factory=list)
    computed: list[Range] = field(default_factory=list)  # filled by one formula: arrays and data tables
    hidden_columns: list[tuple[int, int]] = field(default_factory=list)
    hidden_rows: int = 0
    first_hidden_rows: list[int] = field(default_factory=list)


class _Stop(Exception):
    pass


def column_letters(column: int) -> str:
    """The letters of a column counted from 1: 28 is AB."""
    letters = ""
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def column_number(letters: str) -> int:
    """The number of a column by its letters, from 1; FileRefused for what is no column."""
    result = 0
    for letter in letters:
        if not "A" <= letter <= "Z":
            raise damaged()
        result = result * 26 + ord(letter) - 64
        if result > _LAST_COLUMN:
            raise damaged()
    if not result:
        raise damaged()
    return result


def first_row(packed: Packed, part: str, texts: list[str]) -> tuple[int, list[Cell]]:
    """The first row with anything in it, as row number and cells; row 0 and nothing for an empty sheet."""
    found: tuple[int, list[Cell]] = (0, [])

    def take(row: int, cells: list[Cell], _: bool) -> None:
        nonlocal found
        if any(cell[2].strip() for cell in cells):
            found = row, cells
            raise _Stop

    try:
        for _ in _parsed(packed, part, texts, take, SheetSeen()):
            pass
    except _Stop:
        pass
    return found


def sheet_rows(
    packed: Packed, part: str, texts: list[str], below: int, seen: SheetSeen, bounds: Bounds
) -> Iterator[list[tuple[int, list[Cell]]]]:
    """Rows below row `below` as (row number, cells with something in them), in batches; `seen` fills on the way.

    Raises FileRefused past the limit of rows.
    """
    rows: list[tuple[int, list[Cell]]] = []
    count = 0

    def take(row: int, cells: list[Cell], hidden: bool) -> None:
        if row > below and cells:
            rows.append((row, cells))
            if hidden:
                seen.hidden_rows += 1
                if len(seen.first_hidden_rows) < 5:
                    seen.first_hidden_rows.append(row)

    for _ in _parsed(packed, part, texts, take, seen):
        if len(rows) >= 5000:
            count += len(rows)
            bounds.rows(count)
            yield rows[:]
            rows.clear()
    yield rows


def _parsed(
    packed: Packed,
    part: str,
    texts: list[str],
    take: Callable[[int, list[Cell], bool], None],
    seen: SheetSeen,
) -> Iterator[None]:
    """Parses a sheet and hands each row to `take`; yields after every piece of XML.

    One long function because it is the inner loop: for a sheet of 100,000 rows these handlers run eight million times.
    """
    made = parser(part)
    letters_of = _letters_of_columns()
    c = v = row_tag = f = t = phonetic = merge = col = ""
    cells: list[Cell] = []
    row = column = style = depth = nested = 0
    row_text, kind = "", "n"
    hidden = in_row = in_cell = reading = False
    value: list[str] = []
    formula: list[str] | None = None

    def root(name: str, _: Attributes) -> None:
        nonlocal c, v, row_tag, f, t, phonetic, merge, col
        space, local = name.rpartition(" ")[::2]
        if local != "worksheet" or space not in _NAMESPACES:
            raise damaged()
        tags = [f"{space} {tag}" for tag in ("c", "v", "row", "f", "t", "rPh", "mergeCell", "col")]
        c, v, row_tag, f, t, phonetic, merge, col = tags
        made.StartElementHandler = start

    def start(name: str, attributes: Attributes) -> None:
        nonlocal row, column, row_text, kind, style, hidden, in_row, in_cell, reading, depth, formula, cells
        if name == c:
            if in_cell or not in_row or column >= _LAST_COLUMN:
                raise damaged()
            in_cell, kind, style, column = True, "n", 0, column + 1
            for i in range(0, len(attributes), 2):
                key, text = attributes[i], attributes[i + 1]
                if key == "r":
                    # the next cell of the row, most of the time
                    if text != letters_of[column] + row_text:
                        column = _column_after(text, column, row_text)
                elif key == "t":
                    kind = text
                else:
                    style = int(text) if key == "s" else style
        elif name == v:
            if reading:
                raise damaged()
            reading = in_cell
        elif name == row_tag:
            if in_row:
                raise damaged()
            of_row = dict(zip(attributes[::2], attributes[1::2], strict=True))
            at = int(of_row.get("r", row + 1))
            if at <= row:
                raise damaged()
            row, row_text, column, in_row, cells = at, str(at), 0, True, []
            hidden = of_row.get("hidden") in _TRUE or of_row.get("ht") == "0"
        elif name == f:
            if not in_cell or formula is not None:
                raise damaged()
            of_formula = dict(zip(attributes[::2], attributes[1::2], strict=True))
            formula = []
            reading = False
            if of_formula.get("t") in ("array", "dataTable") and "ref" in of_formula:
                _add(seen.computed, of_formula["ref"])
        elif name == t:
            if reading:
                raise damaged()
            reading = in_cell and depth == 1  # inside `is` or a run within it, and not in a reading aid
        else:
            _other(name, attributes)

    def _other(name: str, attributes: Attributes) -> None:
        nonlocal depth, nested
        nested += 1
        if nested > _DEEPEST:
            raise damaged()
        if in_cell:
            # depth counts inside a cell only, where 1 stands for inline text; a reading aid is another 1000
            depth = depth + 1000 if name == phonetic else max(depth, 1)
        elif name == merge:
            _add(seen.merged, dict(zip(attributes[::2], attributes[1::2], strict=True)).get("ref", ""))
        elif name == col:
            given = dict(zip(attributes[::2], attributes[1::2], strict=True))
            if (given.get("hidden") in _TRUE or given.get("width") == "0") and len(seen.hidden_columns) < _LAST_COLUMN:
                seen.hidden_columns.append((int(given.get("min", "0")), int(given.get("max", "0"))))

    def end(name: str) -> None:
        nonlocal in_row, in_cell, reading, formula, depth, value, kind, nested
        if name == c:
            in_cell, depth = False, 0
            if value:
                text = "".join(value)
                value = []
                if kind == "s":
                    at = int(text)
                    if not 0 <= at < len(texts):
                        raise damaged()
                    text = texts[at]
                elif kind == "inlineStr" or kind == "str":
                    text, kind = unescaped(text), "s"
                cells.append((column, kind, text, style, None if formula is None else "".join(formula)))
            elif formula is not None:
                cells.append((column, kind, "", style, "".join(formula)))
            formula = None
        elif name in (v, t):
            reading = False
        elif name == row_tag:
            in_row = False
            take(row, cells, hidden)
        elif name != f:
            nested -= 1
            if name == phonetic and in_cell:
                depth -= 1000

    def characters(text: str) -> None:
        if reading:
            # pieces of 8 kB: what is left out of a text of millions makes it no less too long
            if len(value) < _MOST_PIECES:
                value.append(text)
        elif formula is not None and in_cell and len(formula) < 10:
            formula.append(text)

    made.StartElementHandler, made.EndElementHandler, made.CharacterDataHandler = root, end, characters
    try:
        yield from fed(made, packed.pieces(part))
    except ValueError as error:
        # a number where the XML must have one; FileRefused is a ValueError too and goes on as it is
        if type(error) is ValueError:
            raise damaged() from error
        raise


def _column_after(reference: str, least: int, row_text: str) -> int:
    """The column of a cell; cells stand in their row and in their order, each once: else one would hide another."""
    letters = reference.rstrip("0123456789")
    column = column_number(letters)
    if column < least or reference[len(letters) :] != row_text:
        raise damaged()
    return column


@cache
def _letters_of_columns() -> tuple[str, ...]:
    return ("", *(column_letters(column) for column in range(1, _LAST_COLUMN + 1)))


def _add(ranges: list[Range], name: str) -> None:
    found = _RANGE.fullmatch(name)
    if not found:
        raise damaged()
    left, top, right, bottom = found[1], int(found[2]), found[3] or found[1], int(found[4] or found[2])
    ranges.append(Range(name, top, bottom, column_number(left), column_number(right)))
    if len(ranges) > _MOST_RANGES:
        raise refused(
            "merged_cells",
            f"Op het blad zijn meer dan {number(_MOST_RANGES, 'nl')} groepen cellen samengevoegd. Splits ze en vul "
            "elke cel.",
            f"More than {number(_MOST_RANGES, 'en')} groups of cells on the sheet are merged. Split them and fill "
            "every cell.",
        )

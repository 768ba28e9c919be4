"""The rows of a table as the XML of a worksheet, column by column in Arrow.

Here: cells, shared strings, column widths and the limits of a sheet. Not here: the workbook around it
(`workbook.py`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc

from publish.tables import as_text

Kind = Literal["string", "integer", "number", "boolean", "date", "timestamp"]

LONGEST_TEXT = 32_767
MOST_ROWS = 1_048_575
_ROWS_PER_BLOCK = 32_768
_MOST_EXACT_INTEGER = 10**15
# Excel counts days from 1899-12-30 and takes 1900 for a leap year, so that days before March 1900 come out wrong
_DAYS_TO_1970 = 25_569
_FIRST_DAY = date(1900, 3, 1)
_SECONDS_PER_DAY = 86_400
_NARROWEST, _WIDEST, _ROOM_FOR_FILTER = 8, 44, 4
# Excel writes a character that XML refuses as _x0007_, and that text itself as _x005F_x0007_
_LOOKS_ESCAPED = re.compile("_(?=x[0-9A-Fa-f]{4}_)")
_REFUSED_BY_XML = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]")


def column_kind(values: pa.ChunkedArray) -> Kind:
    """How a column is written; text where a workbook cannot hold its dates or integers exactly."""
    kind = values.type
    if pa.types.is_boolean(kind):
        return "boolean"
    if pa.types.is_floating(kind):
        return "number"
    if pa.types.is_integer(kind):
        least, most = pc.min_max(values).as_py().values()
        exact = least is None or (least >= -_MOST_EXACT_INTEGER and most <= _MOST_EXACT_INTEGER)
        return "integer" if exact else "string"
    if pa.types.is_date(kind) or pa.types.is_timestamp(kind):
        least = pc.min(values.cast(pa.date32())).as_py()
        if least is not None and least < _FIRST_DAY:
            return "string"
        return "date" if pa.types.is_date(kind) else "timestamp"
    return "string"


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def cut_text(text: str) -> str:
    """The text, or as much of it as a cell holds: 32,767 UTF-16 units."""
    if len(text) * 2 <= LONGEST_TEXT or _units(text) <= LONGEST_TEXT:
        return text
    return text.encode("utf-16-le")[: LONGEST_TEXT * 2].decode("utf-16-le", errors="ignore")


def texts_too_long(table: pa.Table) -> dict[str, int]:
    """The number of texts by column that no cell can hold; columns without any are left out."""
    found = {}
    for name in table.column_names:
        values = table.column(name)
        if pa.types.is_string(values.type):
            long = values.filter(pc.greater(pc.utf8_length(values), LONGEST_TEXT // 2))
            count = sum(_units(text) > LONGEST_TEXT for text in long.to_pylist())
            if count:
                found[name] = count
    return found


def column_width(values: pa.ChunkedArray, name: str) -> int:
    """A width in characters that shows the header and most cells, between 8 and 44."""
    text = as_text(pa.table({name: values})).column(0)
    longest = pc.max(pc.utf8_length(text)).as_py() or 0
    return max(_NARROWEST, min(_WIDEST, max(len(name) + _ROOM_FOR_FILTER, longest + 1)))


def _escaped(text: str) -> str:
    text = _LOOKS_ESCAPED.sub("_x005F_", text)
    text = _REFUSED_BY_XML.sub(lambda found: f"_x{ord(found.group()):04X}_", text)
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


class SharedStrings:
    """The texts of a workbook, each stored once, after those that the frame has already."""

    def __init__(self, frame_xml: bytes) -> None:
        self._head, _, rest = frame_xml.decode().partition("<sst ")
        _, _, rest = rest.partition(">")
        self._items = rest.removesuffix("</sst>")
        self._offset = self._items.count("<si>")
        self._numbers: dict[str, int] = {}

    def _number(self, text: str) -> str:
        return str(self._offset + self._numbers.setdefault(cut_text(text), len(self._numbers)))

    def numbers(self, column: pa.ChunkedArray) -> pa.Array:
        """The place of every text as text; null for nulls and for the empty text."""
        encoded = column.combine_chunks().dictionary_encode()
        if isinstance(encoded, pa.ChunkedArray):
            encoded = encoded.unify_dictionaries().combine_chunks()
        places = [self._number(text) if text else None for text in encoded.dictionary.to_pylist()]
        return pa.array(places, pa.string()).take(encoded.indices)

    def xml(self) -> bytes:
        """The part `sharedStrings.xml`."""
        added = "".join(f'<si><t xml:space="preserve">{_escaped(text)}</t></si>' for text in self._numbers)
        space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
        return f'{self._head}<sst xmlns="{space}">{self._items}{added}</sst>'.encode()


def _letters(position: int) -> str:
    letters = ""
    position += 1
    while position:
        position, rest = divmod(position - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def _value_texts(values: pa.ChunkedArray, kind: Kind, strings: SharedStrings) -> pa.ChunkedArray | pa.Array:
    """What stands between <v> and </v>; null for an empty cell."""
    if kind == "boolean":
        return values.cast(pa.int8()).cast(pa.string())
    if kind == "date":
        return pc.add(values.cast(pa.date32()).cast(pa.int32()), _DAYS_TO_1970).cast(pa.string())
    if kind == "timestamp":
        seconds = values.cast(pa.timestamp("s", tz=values.type.tz)).cast(pa.int64())
        return pc.add(pc.divide(seconds.cast(pa.float64()), float(_SECONDS_PER_DAY)), _DAYS_TO_1970).cast(pa.string())
    text = as_text(pa.table({"values": values})).column(0)
    return strings.numbers(text) if kind == "string" else text


_TYPE_MARK: dict[Kind, str] = {"string": ' t="s"', "boolean": ' t="b"'}


def row_records(
    table: pa.Table, kinds: Sequence[Kind], styles: Sequence[str], strings: SharedStrings
) -> Iterator[bytes]:
    """The <row> elements of a table from row 2 on, in blocks; `styles` is the style number of each column."""
    columns = [_value_texts(table.column(at), kind, strings) for at, kind in enumerate(kinds)]
    for start in range(0, table.num_rows, _ROWS_PER_BLOCK):
        count = min(_ROWS_PER_BLOCK, table.num_rows - start)
        rows = pa.array(range(start + 2, start + 2 + count), pa.int64()).cast(pa.string())
        cells = []
        for position, (column, kind, style) in enumerate(zip(columns, kinds, styles, strict=True)):
            texts = column.slice(start, count)
            if isinstance(texts, pa.ChunkedArray):
                texts = texts.combine_chunks()
            opening = f'<c r="{_letters(position)}'
            styled = f' s="{style}"' if style != "0" else ""
            mark = f'"{styled}{_TYPE_MARK.get(kind, "")}><v>'
            cells.append(pc.binary_join_element_wise(opening, rows, mark, texts, "</v></c>", ""))
        joined = pc.binary_join_element_wise(
            '<row r="', rows, '">', *cells, "</row>", "", null_handling="replace", null_replacement=""
        )
        yield "".join(joined.to_pylist()).encode()

"""What a cell of a sheet means in its column: numbers as the shortest text of the same number, dates as YYYY-MM-DD.

Here: values as text, and the cells that cannot be read. Not here: the XML (`sheet.py`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import pyarrow as pa

from assets.deliveries.reading.faults import Faults
from assets.deliveries.reading.header import At, Header, unnamed_column
from assets.deliveries.reading.rows_taken import NUMBERS
from assets.deliveries.reading.sheet import Cell, column_letters
from assets.deliveries.reading.workbook import DateKind
from contracts.contract_model import Column, Contract

_DIGITS = re.compile(r"\^?(?:\[0-9\]|\\d)\{(\d+)\}\$?")
#: A number as text of which a point or comma may be for thousands or for decimals.
_MARKED_NUMBER = re.compile(r"[+-]?[\d.,]*\d[.,]?([eE][+-]?\d+)?")
#: A spreadsheet keeps 15 digits; of a longer code the last ones are lost.
_KEPT = 10**15


@dataclass(frozen=True)
class Slot:
    """A column of the sheet that the contract knows: `place` in the row that is made, whether it holds numbers or text.

    `digits` is how many digits a code has, 0 where the pattern is another.
    """

    name: str
    place: int
    number: bool
    text: bool
    digits: int


@dataclass(frozen=True)
class SheetValues:
    """Turns the cells of a sheet into columns of text. `slots` is by column of the sheet, counted from 1."""

    slots: tuple[Slot | None, ...]
    names: tuple[str, ...]
    date_kinds: tuple[DateKind, ...]
    from_1904: bool
    sheet: str

    def columns(self, rows: Sequence[tuple[int, list[Cell]]], faults: Faults) -> tuple[pa.Array, dict[str, pa.Array]]:
        """Row numbers and texts by column; what cannot be read goes to `faults`.

        Raises FileRefused for a value in a column without a name.
        """
        slots, width, date_kinds = self.slots, len(self.names), self.date_kinds
        made = []
        for row, cells in rows:
            texts = [""] * width
            for column, kind, text, style, formula in cells:
                slot = slots[column] if column < len(slots) else None
                if slot is None:
                    self._check_unnamed(row, column, text)
                    continue
                if kind == "s":
                    if slot.number and not text.isdigit() and _is_marked(text):
                        faults.add(row, slot.name, text, "text_for_number")
                elif kind == "n" and slot.number and not (style < len(date_kinds) and date_kinds[style]):
                    if not text.isdigit():
                        text = number_text(text)
                else:
                    text = self._other(row, slot, kind, text, style, faults)
                if formula is not None:
                    faults.add(row, slot.name, f"={formula}", "formula_cell")
                texts[slot.place] = text
            made.append(texts)
        row_numbers = pa.array([row for row, _ in rows], pa.int64())
        by_column = zip(*made, strict=True) if made else [[] for _ in self.names]
        return row_numbers, {
            name: pa.array(values, pa.string()) for name, values in zip(self.names, by_column, strict=True)
        }

    def _other(self, row: int, slot: Slot, kind: str, text: str, style: int, faults: Faults) -> str:
        """All but texts, and numbers in a column of numbers."""
        if kind == "e":
            faults.add(row, slot.name, text, "error_cell")
            return text
        if kind == "b":
            return "true" if text == "1" else "false"
        date_kind = self.date_kinds[style] if style < len(self.date_kinds) else ""
        if kind == "d" or date_kind:
            text = text.removesuffix("Z").removesuffix("T00:00:00") if kind == "d" else self._date_text(text, date_kind)
            if slot.number:
                faults.add(row, slot.name, text, "date_for_number")
            return text
        text = number_text(text)
        if slot.text and text.isdigit() and (len(text) < slot.digits or int(text) >= _KEPT):
            faults.add(row, slot.name, text, "number_for_text")
        return text

    def _date_text(self, text: str, kind: DateKind) -> str:
        try:
            serial = float(text)
            # Excel counts 29 February 1900, which never was, as day 60
            start = datetime(1904, 1, 1) if self.from_1904 else datetime(1899, 12, 31 if 0 <= serial < 60 else 30)  # noqa: DTZ001
            moment = start + timedelta(seconds=round(serial * 86_400))
        except (ValueError, OverflowError):
            return text
        if kind == "time" and 0 <= serial < 1:
            return moment.strftime("%H:%M:%S")
        return moment.date().isoformat() if moment.time() == datetime.min.time() else moment.isoformat()

    def _check_unnamed(self, row: int, column: int, text: str) -> None:
        if text.strip():
            cell = f"{column_letters(column)}{row}"
            raise unnamed_column(
                column, At(f"blad '{self.sheet}', cel {cell},", f"sheet '{self.sheet}', cell {cell},"), text
            )


def slots_of(header: Header, contract: Contract) -> tuple[tuple[Slot | None, ...], tuple[str, ...]]:
    """The slots of a sheet by its columns, and the names of the columns in the order in which they stand there."""
    names = tuple(name for name in header.columns if name is not None)
    slots = [_slot(contract.column(name), names.index(name)) if name else None for name in header.columns]
    return (None, *slots), names


def lost_digits(column: Column) -> int:
    """How many digits the codes of a column have; 0 where they are no row of digits."""
    found = _DIGITS.fullmatch(column.pattern or "")
    return int(found[1]) if found else 0


def number_text(text: str) -> str:
    """The shortest text of the same number, whole numbers without a point; what is no number stays as it is."""
    try:
        value = float(text)
    except ValueError:
        return text
    if "_" in text:
        return text
    return str(int(value)) if value.is_integer() and abs(value) < 1e16 else repr(value)


def _slot(column: Column, place: int) -> Slot:
    text = column.logical_type == "string"
    return Slot(column.name, place, column.logical_type in NUMBERS, text, lost_digits(column) if text else 0)


def _is_marked(text: str) -> bool:
    bare = text.strip()
    return ("." in bare or "," in bare) and _MARKED_NUMBER.fullmatch(bare) is not None

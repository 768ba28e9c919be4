"""Reads a delivered workbook (XLSX): the one visible sheet whose first row is the header of the contract.

Formulas, error values, merged cells and dates for numbers refuse their rows; hidden rows and columns are read and told;
hidden sheets, and the explanation and lists of a template, are not read.
Here: which sheet, and what is told of it. Not here: XML (`sheet.py`, `workbook.py`) or values (`sheet_values.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from assets.deliveries.delivered_file import FileRefused, ReadFile, Told
from assets.deliveries.reading.faults import Faults
from assets.deliveries.reading.header import At, has_required, match_header, not_a_header, recognised
from assets.deliveries.reading.packed import Packed, damaged, opened
from assets.deliveries.reading.rows_taken import RowsTaken
from assets.deliveries.reading.sheet import Cell, Range, SheetSeen, column_letters, first_row, sheet_rows
from assets.deliveries.reading.sheet_values import SheetValues, slots_of
from assets.deliveries.reading.task import Task
from assets.deliveries.reading.words import counted, listed, refused, shown
from assets.deliveries.reading.workbook import WORKBOOK, SheetPlace, read_workbook, shared_texts
from contracts.contract_model import Contract

#: Sheets of our own templates that hold no rows.
EXPLANATION_SHEETS = frozenset({"toelichting", "explanation", "lijsten", "lists"})


@dataclass(frozen=True)
class SheetHead:
    """A sheet and its first row with anything in it: row number (0 for an empty sheet) and the texts of its cells."""

    sheet: SheetPlace
    row: int
    cells: tuple[str, ...]

    @property
    def at(self) -> At:
        """Where the header stands."""
        name = shown(self.sheet.name)
        return At(f"Rij {self.row} van blad {name}", f"Row {self.row} of sheet {name}")


def read_xlsx(task: Task) -> ReadFile:
    """Reads a workbook. Raises FileRefused in words for what cannot be read as a whole."""
    with opened(task.path, task.bounds) as packed:
        if WORKBOOK not in packed.names:
            raise damaged()
        workbook = read_workbook(packed)
        texts = shared_texts(packed, task.bounds)
        contract = task.delivery.contract
        heads = [_head(packed, sheet, texts) for sheet in workbook.sheets if not _passed_over(sheet)]
        head = _chosen(heads, [sheet.name for sheet in workbook.sheets if sheet.hidden], contract)
        task.bounds.columns(len(head.cells), head.at.nl, head.at.en)
        header = match_header(head.cells, task.delivery, head.at)
        slots, names = slots_of(header, contract)
        values = SheetValues(slots, names, workbook.date_kinds, workbook.from_1904, head.sheet.name)
        seen = SheetSeen()
        taken = RowsTaken(task.delivery, task.folder, task.bounds, missing=task.missing)
        try:
            for rows in sheet_rows(packed, head.sheet.part, texts, head.row, seen, task.bounds):
                faults = Faults()
                row_numbers, columns = values.columns(rows, faults)
                taken.take(row_numbers, columns, faults)
            _add_ranges(taken, seen.merged, "merged_cells", header.columns)
            _add_ranges(taken, seen.computed, "formula_cell", header.columns)
            other = [h.sheet.name for h in heads if h is not head and h.row]
            notes = (*task.notes, *header.notes(contract), *_notes(workbook.sheets, other, seen, len(head.cells)))
            return taken.finish("xlsx", head.sheet.name, notes)
        finally:
            taken.close()


def _passed_over(sheet: SheetPlace) -> bool:
    return sheet.hidden or sheet.name.strip().casefold() in EXPLANATION_SHEETS


def _head(packed: Packed, sheet: SheetPlace, texts: list[str]) -> SheetHead:
    row, cells = first_row(packed, sheet.part, texts)
    return SheetHead(sheet, row, _dense(cells))


def _dense(cells: Sequence[Cell]) -> tuple[str, ...]:
    filled = {cell[0]: cell[2] for cell in cells if cell[2].strip()}
    return tuple(filled.get(column, "") for column in range(1, max(filled, default=0) + 1))


def _chosen(heads: Sequence[SheetHead], hidden: Sequence[str], contract: Contract) -> SheetHead:
    """The sheet that is read: the one with the whole header, else the one that comes nearest, to be refused by name."""
    filled = [head for head in heads if head.row]
    whole = [head for head in filled if has_required(head.cells, contract)]
    if len(whole) > 1:
        names = listed([head.sheet.name for head in whole])
        raise refused(
            "several_sheets",
            f"Meer dan één blad heeft de kopregel van deze levering: {names}. Lever één blad per bestand; zet alle "
            "rijen bij elkaar.",
            f"More than one sheet has the header of this delivery: {names}. Hand in one sheet a file; put all rows "
            "together.",
        )
    if whole:
        return whole[0]
    near = [head for head in filled if recognised(head.cells, contract)]
    if len(near) == 1:
        return near[0]
    raise _no_sheet(filled, hidden, contract)


def _no_sheet(filled: Sequence[SheetHead], hidden: Sequence[str], contract: Contract) -> FileRefused:
    if not filled:
        aside_nl = f" Verborgen bladen worden niet gelezen: {listed(hidden)}." if hidden else ""
        aside_en = f" Hidden sheets are not read: {listed(hidden)}." if hidden else ""
        return refused(
            "empty_file",
            f"Er staat niets op de zichtbare bladen van het werkboek.{aside_nl} Vul het sjabloon in en dien dat in.",
            f"There is nothing on the visible sheets of the workbook.{aside_en} Fill in the template and hand that in.",
        )
    if len(filled) == 1:
        return not_a_header(filled[0].cells, contract, filled[0].at)
    found = "; ".join(f"{shown(head.sheet.name)}: {listed(head.cells, 4)}" for head in filled[:8])
    return refused(
        "no_header",
        f"Geen zichtbaar blad heeft de kopregel van deze levering. Gevonden: {found}. Verwacht: "
        f"{listed([c.title_nl for c in contract.columns])}. Zet de kopregel van het sjabloon bovenaan het blad.",
        f"No visible sheet has the header of this delivery. Found: {found}. Expected: "
        f"{listed([c.title_en for c in contract.columns])}. Put the header of the template at the top of the sheet.",
    )


def _add_ranges(taken: RowsTaken, ranges: Sequence[Range], rule: str, columns: Sequence[str | None]) -> None:
    """A fault for every row that a rectangle of cells touches within the table."""
    inside = [one for one in ranges if one.first_column <= len(columns)]
    if not inside:
        return
    row_numbers = taken.row_numbers().to_numpy()
    for one in inside:
        first, last = np.searchsorted(row_numbers, [one.first_row, one.last_row + 1])
        covered = {name for name in columns[one.first_column - 1 : one.last_column] if name}
        column = covered.pop() if len(covered) == 1 else ""
        taken.faults.add_rows(pa.array(row_numbers[first:last], pa.int64()), column, one.name, rule)


def _notes(sheets: Sequence[SheetPlace], other: Sequence[str], seen: SheetSeen, width: int) -> tuple[Told, ...]:
    notes = []
    if other:
        names = listed(other)
        notes.append(Told("sheets_not_read", f"Niet gelezen bladen: {names}.", f"Sheets not read: {names}."))
    hidden = [sheet.name for sheet in sheets if sheet.hidden]
    if hidden:
        names = listed(hidden)
        notes.append(
            Told(
                "hidden_sheets_not_read",
                f"Verborgen bladen zijn niet gelezen: {names}.",
                f"Hidden sheets were not read: {names}.",
            )
        )
    if seen.hidden_rows:
        which = ", ".join(str(row) for row in seen.first_hidden_rows)
        which += ", …" if seen.hidden_rows > len(seen.first_hidden_rows) else ""
        one = (f"Eén verborgen rij is meegelezen: rij {which}.", f"One hidden row was read as well: row {which}.")
        more = (
            f"{{}} verborgen rijen zijn meegelezen: rij {which}.",
            f"{{}} hidden rows were read as well: rows {which}.",
        )
        notes.append(counted("hidden_rows_read", seen.hidden_rows, one, more))
    letters = [
        column_letters(column)
        for first, last in seen.hidden_columns
        for column in range(max(first, 1), min(last, width) + 1)
    ]
    if letters:
        names = ", ".join(letters[:20])
        notes.append(
            Told(
                "hidden_columns_read",
                f"Verborgen kolommen zijn meegelezen: {names}.",
                f"Hidden columns were read as well: {names}.",
            )
        )
    return tuple(notes)

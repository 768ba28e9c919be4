"""Reads a delivered CSV: header, delimiter and decimal sign first, then its rows block by block.

Here: a CSV as batches of cells. Not here: header, bytes and lines (`csv_head.py`, `csv_text.py`, `csv_records.py`).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from assets.deliveries.delivered_file import ReadFile
from assets.deliveries.reading.csv_head import CsvHead, csv_head
from assets.deliveries.reading.csv_records import Records, records
from assets.deliveries.reading.csv_text import CsvText, csv_text
from assets.deliveries.reading.decimal_sign import DecimalSign, recognised_sign
from assets.deliveries.reading.faults import Faults
from assets.deliveries.reading.header import At, Header, match_header, unnamed_column
from assets.deliveries.reading.rows_taken import NUMBERS, SPACE, RowsTaken, is_example
from assets.deliveries.reading.task import Task
from assets.deliveries.reading.words import refused
from contracts.delivery_contract import DELIVERER

LINE_WORDS = ("regel", "line")
DECLARE = (
    "Geef het teken op met `ketenmonitor deliver --decimal comma` (of `point`), of zet boven de kopregel een regel "
    "`#decimal=comma` (of `#decimal=point`).",
    "Declare the sign with `ketenmonitor deliver --decimal comma` (or `point`), or put a line `#decimal=comma` (or "
    "`#decimal=point`) above the header.",
)


def read_csv(task: Task) -> ReadFile:
    """Reads a CSV. Raises FileRefused in words for what cannot be read as a whole."""
    text = csv_text(task.path, task.bounds, task.declared.encoding)
    head = csv_head(text, task)
    task.bounds.columns(len(head.cells), head.at.nl, head.at.en)
    header = match_header(head.cells, task.delivery, head.at)
    source = _CsvRows(text, head, header, task)
    decimal = source.decimal_sign()
    taken = RowsTaken(
        task.delivery, task.folder, task.bounds, decimal=decimal, row_words=LINE_WORDS, missing=task.missing
    )
    try:
        for row_numbers, cells, faults, blank in source.batches():
            taken.count_empty(blank)
            taken.take(row_numbers, cells, faults)
        contract = task.delivery.contract
        notes = (
            *task.notes,
            *text.notes(),
            *head.notes(),
            *decimal.notes(contract, *LINE_WORDS),
            *header.notes(contract),
        )
        return taken.finish("csv", "", notes)
    finally:
        taken.close()


class _CsvRows:
    """The rows below the header, as batches of cells by column of the contract."""

    def __init__(self, text: CsvText, head: CsvHead, header: Header, task: Task) -> None:
        self._text, self._head, self._header, self._task = text, head, header, task
        self._names = [name or f"unnamed {i}" for i, name in enumerate(header.columns)]

    def decimal_sign(self) -> DecimalSign:
        """The decimal sign: declared, or recognised in the number columns."""
        declared = {sign for sign in (self._task.declared.decimal, self._head.decimal) if sign}
        if len(declared) == 2:
            raise refused(
                "decimal_unclear",
                "Boven de kopregel staat een ander decimaalteken dan bij het indienen is opgegeven. Geef er één op.",
                "The decimal sign above the header differs from the one declared when handing in. Declare one.",
            )
        if declared:
            return DecimalSign(declared.pop())
        contract = self._task.delivery.contract
        numbers = [c.name for c in contract.columns if c.logical_type in NUMBERS and c.name in self._header.columns]
        return recognised_sign(self._evidence(numbers), contract, *LINE_WORDS, DECLARE)

    def _evidence(self, numbers: Sequence[str]) -> Iterator[tuple[pa.Array, dict[str, pa.Array]]]:
        """Number columns of the rows that count: not of an example, nor of a line with too many or too few cells."""
        for row_numbers, cells, faults, _ in self.batches([*numbers, DELIVERER]):
            uneven = pc.is_in(row_numbers, value_set=faults.rows_with("cells_differ"))
            counts = pc.invert(pc.or_(is_example(cells[DELIVERER]), uneven))
            yield (
                row_numbers.filter(counts),
                {name: pc.utf8_trim(cells[name], characters=SPACE).filter(counts) for name in numbers},
            )

    def batches(self, only: Sequence[str] | None = None) -> Iterator[tuple[pa.Array, dict[str, pa.Array], Faults, int]]:
        """Line numbers, cells by column, faults and the number of blank lines, batch by batch; `only` these columns."""
        head = self._head
        found = records(self._below_header(), head.next_line, head.delimiter, len(head.cells), self._task.bounds)
        for block in found:
            faults = Faults()
            row_numbers, cells = self._even(block, only)
            if block.ragged:
                row_numbers, cells = self._with_ragged(block, row_numbers, cells, faults)
            self._check_unnamed(row_numbers, cells)
            yield row_numbers, cells, faults, block.blank

    def _even(self, block: Records, only: Sequence[str] | None) -> tuple[pa.Array, dict[str, pa.Array]]:
        row_numbers = pa.array(block.even_lines, pa.int64())
        names = self._names if only is None else [n for n in self._names if n in only or n.startswith("unnamed ")]
        if not block.even:
            return row_numbers, {name: pa.array([], pa.string()) for name in names}
        table = pacsv.read_csv(
            pa.BufferReader(block.even),
            pacsv.ReadOptions(use_threads=False, block_size=len(block.even) + 1, column_names=self._names),
            pacsv.ParseOptions(
                delimiter=self._head.delimiter, newlines_in_values=block.quoted, ignore_empty_lines=False
            ),
            pacsv.ConvertOptions(
                column_types=dict.fromkeys(self._names, pa.string()), include_columns=names, strings_can_be_null=False
            ),
        )
        if table.num_rows != len(row_numbers):
            raise ValueError(f"{table.num_rows} rows parsed, {len(row_numbers)} records found")
        return row_numbers, {name: table.column(name).combine_chunks() for name in names}

    def _with_ragged(
        self, block: Records, row_numbers: pa.Array, cells: dict[str, pa.Array], faults: Faults
    ) -> tuple[pa.Array, dict[str, pa.Array]]:
        """Adds the lines with other than the header's number of cells, with what stands at each place."""
        width = len(self._names)
        lines, rows = [], []
        for line, body in block.ragged:
            text = body.decode()
            if not text.strip(SPACE + self._head.delimiter):
                # a line of spaces or of delimiters only is empty, however many there are
                rows.append([""] * width)
            else:
                given = _cells_of(text, self._head.delimiter)
                rows.append([*given[:width], *[""] * (width - len(given))])
                faults.add(line, "", text, "cells_differ")
            lines.append(line)
        row_numbers = pa.concat_arrays([row_numbers, pa.array(lines, pa.int64())])
        order = pc.sort_indices(row_numbers)
        by_name = dict(zip(self._names, zip(*rows, strict=True), strict=True))
        more = {name: pa.array(list(by_name[name]), pa.string()) for name in cells}
        return row_numbers.take(order), {
            name: pa.concat_arrays([values, more[name]]).take(order) for name, values in cells.items()
        }

    def _check_unnamed(self, row_numbers: pa.Array, cells: dict[str, pa.Array]) -> None:
        """A column without a name may stand there if nothing is in it: a spreadsheet leaves such columns behind."""
        for position, column in enumerate(self._header.columns):
            if column is not None:
                continue
            filled = pc.not_equal(pc.utf8_trim(cells[f"unnamed {position}"], characters=SPACE), "")
            if pc.any(filled).as_py():
                first = pc.index(filled, True).as_py()
                raise unnamed_column(
                    position + 1,
                    At(f"regel {row_numbers[first]}", f"line {row_numbers[first]}"),
                    cells[f"unnamed {position}"][first].as_py(),
                )

    def _below_header(self) -> Iterator[bytes]:
        to_skip = self._head.next_line - 1
        for piece in self._text.pieces():
            if to_skip == 0:
                yield piece
                continue
            ends = piece.count(b"\n")
            if ends < to_skip:
                to_skip -= ends
                continue
            at = -1
            for _ in range(to_skip):
                at = piece.index(b"\n", at + 1)
            to_skip = 0
            yield piece[at + 1 :]


def _cells_of(text: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error:
        # Python's reader has a limit of its own on the length of a cell
        return text.split(delimiter)

"""What cannot be read, row by row: row number, column, what was found and the rule of `READING_RULES`.

Here: collecting faults and writing them as the Parquet file `broken`. Not here: what a fault is (the readers).
"""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from assets.deliveries.delivered_file import ROW_NUMBER
from assets.deliveries.reading.words import refused
from publish.numbers_and_dates import number

SCHEMA = pa.schema([(ROW_NUMBER, pa.int64()), ("column", pa.string()), ("found", pa.string()), ("rule", pa.string())])
#: So many unreadable cells are no longer slips in rows: the file as a whole is refused.
MOST_FAULTS = 1_000_000
FOUND_CHARACTERS = 200


class Faults:
    """Faults of one file, in any order; more than `MOST_FAULTS` raise FileRefused."""

    def __init__(self) -> None:
        self._tables: list[pa.Table] = []
        self._rows: list[tuple[int, str, str, str]] = []
        self._count = 0

    def add(self, row_number: int, column: str, found: str, rule: str) -> None:
        """One fault; `column` is empty for the row as a whole."""
        self._rows.append((row_number, column, found[:FOUND_CHARACTERS], rule))
        self._counted(1)

    def add_where(self, mask: pa.Array, row_numbers: pa.Array, column: str, values: pa.Array, rule: str) -> int:
        """A fault for every row under the mask; gives their number. A null in the mask is no fault."""
        rows = pc.indices_nonzero(pc.fill_null(mask, False))
        if len(rows):
            found = pc.fill_null(pc.utf8_slice_codeunits(values.take(rows), 0, FOUND_CHARACTERS), "")
            self._append(row_numbers.take(rows), column, found, rule)
        return len(rows)

    def add_rows(self, row_numbers: pa.Array, column: str, found: str, rule: str) -> None:
        """The same fault for all these rows."""
        self._append(row_numbers, column, pa.repeat(found[:FOUND_CHARACTERS], len(row_numbers)), rule)

    def take_over(self, others: Faults, kept: pa.Array | None) -> None:
        """Adds the faults of others, of the rows in `kept` only where that is given."""
        for table in others.tables():
            if kept is not None:
                table = table.filter(pc.is_in(table.column(ROW_NUMBER), value_set=kept))
            self._tables.append(table)
            self._counted(table.num_rows)

    def rows_with(self, rule: str) -> pa.Array:
        """Row numbers of the faults of one rule so far."""
        found = [table.filter(pc.equal(table.column("rule"), rule)).column(ROW_NUMBER) for table in self.tables()]
        return pa.concat_arrays([pa.array([], pa.int64()), *(c for column in found for c in column.chunks)])

    def tables(self) -> list[pa.Table]:
        """All faults so far."""
        if self._rows:
            columns = [
                pa.array(list(c), field.type) for c, field in zip(zip(*self._rows, strict=True), SCHEMA, strict=True)
            ]
            self._tables.append(pa.table(columns, schema=SCHEMA))
            self._rows = []
        return self._tables

    def write(self, path: Path) -> Path | None:
        """The faults as Parquet, by row number, each once; None and no file where there are none."""
        if not self._count:
            return None
        table = pa.concat_tables(self.tables()).combine_chunks()
        table = table.group_by(table.column_names, use_threads=False).aggregate([])
        table = table.sort_by([(name, "ascending") for name in (ROW_NUMBER, "column", "rule", "found")])
        if not table.num_rows:
            return None
        pq.write_table(table, path, compression="zstd")
        return path

    def _append(self, row_numbers: pa.Array, column: str, found: pa.Array, rule: str) -> None:
        count = len(row_numbers)
        columns = [row_numbers, pa.repeat(column, count), found, pa.repeat(rule, count)]
        self._tables.append(pa.table(columns, schema=SCHEMA))
        self._counted(count)

    def _counted(self, more: int) -> None:
        self._count += more
        if self._count > MOST_FAULTS:
            raise refused(
                "too_many_faults",
                f"Meer dan {number(MOST_FAULTS, 'nl')} cellen kunnen niet worden gelezen, zoals formules, foutwaarden "
                "of regels met te veel cellen. Vul het sjabloon opnieuw met waarden.",
                f"More than {number(MOST_FAULTS, 'en')} cells cannot be read, such as formulas, error values or lines "
                "with too many cells. Fill in the template again with values.",
            )

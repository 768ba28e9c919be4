"""The one pass over delivered rows: each part is judged by DuckDB, counted, and written to where its rows belong.

Here: the order of the file, the parts of it, and the Parquet files that come out.
Not here: the SQL (`row_audit_sql.py`), what must be known of all rows before (`row_keys.py`), the verdict
(`row_audit.py`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from contracts.arrow import ARROW_TYPES
from contracts.contract_model import Contract
from contracts.contract_rules import PREVIOUS_RULES
from contracts.row_audit_sql import OFFENDS, REFUSED, ROW_NUMBER, Beside, Mark, faults, judged_rows, marks, samples
from contracts.verdict import Offence, first_offences, found_words, word

if TYPE_CHECKING:
    import duckdb

# Some 30 MB as text, and a row group of what is written; where every row is wrong a part takes ten times that
PART_ROWS = 1 << 17
ACCEPTED_FILE, REFUSED_FILE, FAULTS_FILE = "accepted.parquet", "refused.parquet", "faults.parquet"
FAULT_COLUMNS = [("column", pa.string()), ("found", pa.string()), ("rule", pa.string()), ("severity", pa.string())]


def output_schemas(contract: Contract) -> dict[str, pa.Schema]:
    """The columns of each file that comes out, by its name."""
    number = (ROW_NUMBER, pa.int64())
    typed = [(c.name, ARROW_TYPES[c.logical_type]) for c in contract.columns]
    texts = [(name, pa.string()) for name in contract.column_names]
    return {
        ACCEPTED_FILE: pa.schema([number, *typed]),
        REFUSED_FILE: pa.schema([number, *texts, ("refused_by", pa.string())]),
        FAULTS_FILE: pa.schema([number, *FAULT_COLUMNS]),
    }


class Files:
    """Parquet files of given columns in one folder, each opened when there is a first row for it."""

    def __init__(self, folder: Path, schemas: dict[str, pa.Schema]) -> None:
        self._folder, self._schemas = folder, schemas
        self._writers: dict[str, pq.ParquetWriter] = {}

    def write(self, name: str, table: pa.Table) -> None:
        """Adds rows to a file; an empty table opens it."""
        schema = self._schemas[name]
        if name not in self._writers:
            self._writers[name] = pq.ParquetWriter(self._folder / name, schema, compression="zstd")
        if table.num_rows:
            self._writers[name].write_table(table.select(schema.names).cast(schema))

    def path(self, name: str) -> Path | None:
        """Where a file lies; None where there was nothing to write in it."""
        return self._folder / name if name in self._writers else None

    def close(self) -> None:
        """Ends every file."""
        for writer in self._writers.values():
            writer.close()


@dataclass
class RowPass:
    """What the pass counted, by mark, and gathered of offences; it is told of the parts in the order of the file."""

    connection: duckdb.DuckDBPyConnection
    contract: Contract
    beside: Beside
    files: Files
    duplicates: int = 0
    refused: int = 0
    broken: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    gathered: dict[str, tuple[Offence, ...]] = field(default_factory=dict)
    last: int = -(2**63)

    def __post_init__(self) -> None:
        """Nothing is counted yet, and the file of accepted rows is there even if it stays empty."""
        self.marks = marks(self.contract)
        self.counts = {mark.key: 0 for mark in self.marks}
        self.query = judged_rows(self.contract, "part", self.beside)
        self.files.write("accepted.parquet", pa.table({}))

    def hold(self, part: pa.Table) -> None:
        """Holds one part of the rows: counts, and writes what is accepted, what is refused and every fault."""
        part = pa.table({name: part.column(name).cast(pa.string()) for name in self.contract.column_names}).add_column(
            0, ROW_NUMBER, part.column(ROW_NUMBER)
        )
        self._check_order(part.column(ROW_NUMBER).to_numpy())
        repeats = self._known("repeats", part)
        alone = repeats.column("repeats").is_null()
        self.duplicates += pc.sum(pc.invert(alone)).as_py() or 0
        part = part.filter(alone)
        if not part.num_rows:
            return
        for name in self._relations():
            known = self._known(name, part)
            for column in known.column_names:
                part = part.append_column(column, known.column(column))
        self._judge(part)

    def _check_order(self, numbers: Any) -> None:
        if len(numbers) and (numbers[0] <= self.last or (np.diff(numbers) <= 0).any()):
            raise ValueError(f"table {self.contract.table}: the row numbers do not rise after row {self.last}")
        self.last = int(numbers[-1]) if len(numbers) else self.last

    def _relations(self) -> list[str]:
        """The relations that know something of some rows."""
        known = [mark.keyed for mark in self.beside.repeated]
        known += ["earlier"] if self.beside.compared else []
        return known + (["broken_rows"] if self.beside.broken else [])

    def _known(self, relation: str, part: pa.Table) -> pa.Table:
        """What a relation says, row by row beside the rows of a part: empty, or false, where it does not say."""
        numbers = part.column(ROW_NUMBER).to_numpy()
        between = f"{numbers[0]} AND {numbers[-1]}" if len(numbers) else "1 AND 0"
        query = f"SELECT * FROM {relation} WHERE {ROW_NUMBER} BETWEEN {between} ORDER BY {ROW_NUMBER}"
        found = self.connection.sql(query).to_arrow_table()
        known = found.column(ROW_NUMBER).to_numpy()
        places = np.searchsorted(known, numbers).clip(max=max(len(known) - 1, 0))
        absent = known[places] != numbers if len(known) else np.ones(len(numbers), bool)
        if relation == "broken_rows":
            self.broken += int((~absent).sum())
        beside = found.drop_columns([ROW_NUMBER]).take(pa.array(places, mask=absent))
        flags = [name for name in beside.column_names if pa.types.is_boolean(beside.schema.field(name).type)]
        for name in flags:
            place = beside.column_names.index(name)
            beside = beside.set_column(place, name, pc.fill_null(beside.column(name), False))
        return beside

    def _judge(self, part: pa.Table) -> None:
        self.connection.register("part", part)
        judged = self.connection.sql(self.query).to_arrow_table()
        self.connection.unregister("part")
        self.files.write(ACCEPTED_FILE, judged.filter(pc.invert(judged.column(REFUSED))))
        offends = judged.column(OFFENDS)
        if not pc.any(offends).as_py():
            return
        rows, judged = part.filter(offends), judged.filter(offends)
        offending = []
        for mark in self.marks:
            marked = judged.column(mark.column)
            count = pc.sum(marked).as_py()
            if count:
                self.counts[mark.key] += count
                offending.append(mark)
                rows = rows.append_column(mark.column, marked)
        self.connection.register("offending", rows)
        refused_by = self._write_faults(rows, offending)
        refused = rows.filter(judged.column(REFUSED))
        if refused.num_rows:
            self.refused += refused.num_rows
            self.files.write(REFUSED_FILE, refused.append_column("refused_by", refused_by))
        self._gather(offending)
        self.connection.unregister("offending")

    def _write_faults(self, rows: pa.Table, offending: list[Mark]) -> pa.ChunkedArray:
        """Writes every fault of the rows; returns the rules that refuse, for each of them that is refused."""
        broken = None
        if self.beside.broken:
            first, last = rows.column(ROW_NUMBER)[0], rows.column(ROW_NUMBER)[-1]
            broken = f"(SELECT * FROM broken WHERE {ROW_NUMBER} BETWEEN {first} AND {last})"
        query = faults(self.contract, "offending", offending, self.beside, broken)
        found = self.connection.sql(query).to_arrow_table()
        self.files.write(FAULTS_FILE, found)
        self.connection.register("found", found)
        # a rule that found two cells of a row wrong refuses the row once
        refused_by = self.connection.sql(
            f"SELECT {ROW_NUMBER}, string_agg(rule, ' ' ORDER BY position, rule) AS refused_by FROM"
            f" (SELECT DISTINCT {ROW_NUMBER}, rule, position FROM found WHERE severity = 'error')"
            f" GROUP BY {ROW_NUMBER} ORDER BY {ROW_NUMBER}"
        ).to_arrow_table()
        self.connection.unregister("found")
        return refused_by.column("refused_by")

    def _gather(self, offending: list[Mark]) -> None:
        if not offending:
            return
        query = samples(self.contract, "offending", offending, self.beside)
        found = self.connection.sql(query).to_arrow_table().to_pylist()[0]
        for mark in offending:
            offences = [Offence(o["key"], _found(mark, o["values"])) for o in found[mark.column]]
            self.gathered[mark.key] = first_offences([*self.gathered.get(mark.key, ()), *offences])


def _found(mark: Mark, values: list[str | None]) -> str:
    """What an offence of the sample shows, in the words of every audit."""
    if mark.rule is None:
        return word(values[0])
    return str(values[0]) if mark.rule.kind in PREVIOUS_RULES else found_words(mark.rule, values)

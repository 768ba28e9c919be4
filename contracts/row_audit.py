"""Contract + delivered rows of text -> RowVerdict: every row accepted, refused or a repeat, and every fault by its row.

One way for every size: what takes all rows to know is found first (`row_keys.py`), then the rows pass once, a part at a
time and in their order (`row_pass.py`); Great Expectations judges the counts. The verdict is the one that `audit.py`
gives of the same rows.
Not here: reading a delivered file, what would be right (`fault_words.py`), or what becomes of a refusal.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from contracts.arrow import ColumnsDiffer, compare_columns
from contracts.contract_model import Column, Contract, Rule
from contracts.judged_counts import judged_checks
from contracts.row_audit_sql import ROW_NUMBER
from contracts.row_keys import find_earlier, find_repeats, know_broken, view_rows
from contracts.row_pass import ACCEPTED_FILE, FAULTS_FILE, PART_ROWS, REFUSED_FILE, Files, RowPass, output_schemas
from contracts.rule_sql import connect, literal, one_number
from contracts.table_rules import table_checks
from contracts.verdict import (
    SAMPLE_ROWS,
    CheckResult,
    Offence,
    Verdict,
    columns_of,
    is_usable,
    reading_key,
    refused_whole,
    type_key,
    word,
)

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class RowVerdict:
    """The outcome of the audit of delivered rows, as Parquet files in the order of the delivered file.

    `verdict` counts and checks as every audit does; its `accepted` and `refused` are None. Always rows_in =
    rows_accepted + rows_refused + exact_duplicates. A file that would have no rows is None, but for `accepted`.
    `accepted`: row_number and the contract's columns in their types. `refused`: row_number, the columns as the text
    that was handed in, refused_by (keys of rules, with spaces between). `duplicates`: row_number, repeats (the number
    of the first row with the same cells). `faults`, one row a fault, warnings too: row_number, column (of the contract,
    or empty where several are meant), found, rule (key), severity. What is wrong with the table as a whole, and not
    with a row, stands in `verdict.checks` alone.
    """

    verdict: Verdict
    accepted: Path
    refused: Path | None
    duplicates: Path | None
    faults: Path | None


def audit_rows(
    rows: Path,
    contract: Contract,
    folder: Path,
    *,
    broken: Path | None = None,
    previous: Path | None = None,
    threads: int = 2,
    memory: str = "1GB",
) -> RowVerdict:
    """Holds delivered rows of text against their contract; never raises on bad data, and writes in `folder` only.

    `rows` is Parquet with row_number (int64, rising) and the contract's columns as text. `broken` names cells that
    could not be read: row_number, column (empty for the row as a whole), found, rule; their rows are refused by
    `<table>__row__<rule>`. `previous` holds accepted rows of the period before, for the rules that compare with them.
    `memory` is what DuckDB may hold; it puts the rest on disk in `folder`. Raises ValueError where row numbers do not
    rise or a broken cell is in no row: that is a mistake of whoever read the file.
    """
    folder.mkdir(parents=True, exist_ok=True)
    schema = pq.read_schema(rows)
    files = Files(folder, output_schemas(contract))
    try:
        compare_columns([name for name in schema.names if name != ROW_NUMBER], contract)
    except ColumnsDiffer as error:
        return _refused_whole(rows, contract, files, error)
    with _connection(folder, threads, memory) as connection:
        known = know_broken(connection, contract, broken)
        view_rows(connection, contract, rows, known)
        repeated = find_repeats(connection, contract, known)
        compared = find_earlier(connection, contract, previous)
        held = RowPass(connection, contract, replace(known, repeated=repeated, compared=compared), files)
        try:
            for part in pq.ParquetFile(rows).iter_batches(PART_ROWS, columns=[ROW_NUMBER, *contract.column_names]):
                held.hold(pa.table(part))
        finally:
            files.close()
        if known.broken and held.broken < one_number(connection, "SELECT count(*) FROM broken_rows"):
            raise ValueError(f"table {contract.table}: a row that could not be read is not among the rows")
        duplicates = _write_repeats(connection, folder) if held.duplicates else None
        verdict = _verdict(connection, held, pq.read_metadata(rows).num_rows)
    return RowVerdict(verdict, folder / ACCEPTED_FILE, files.path(REFUSED_FILE), duplicates, files.path(FAULTS_FILE))


@contextmanager
def _connection(folder: Path, threads: int, memory: str) -> Iterator[duckdb.DuckDBPyConnection]:
    connection, spilled = connect(), folder / "spilled"
    try:
        connection.execute(f"SET threads = {threads}")
        connection.execute(f"SET memory_limit = {literal(memory)}")
        connection.execute(f"SET temp_directory = {literal(str(spilled))}")
        connection.execute("SET TimeZone = 'UTC'")
        yield connection
    finally:
        connection.close()
        shutil.rmtree(spilled, ignore_errors=True)


def _write_repeats(connection: duckdb.DuckDBPyConnection, folder: Path) -> Path:
    path = folder / "duplicates.parquet"
    connection.execute(
        f"COPY (SELECT {ROW_NUMBER}, repeats FROM repeats ORDER BY {ROW_NUMBER}) TO {literal(str(path))}"
        " (FORMAT parquet, COMPRESSION zstd)"
    )
    return path


def _verdict(connection: duckdb.DuckDBPyConnection, held: RowPass, rows_in: int) -> Verdict:
    contract = held.contract

    def sample(of: Column | Rule) -> tuple[Offence, ...]:
        return held.gathered[of.key if isinstance(of, Rule) else type_key(contract, of.name)]

    alone = rows_in - held.duplicates
    checks = judged_checks(contract, held.counts, sample)
    connection.execute(
        "CREATE VIEW audited AS SELECT * FROM held"
        f" WHERE NOT EXISTS (FROM repeats r WHERE r.{ROW_NUMBER} = held.{ROW_NUMBER})"
    )
    # the period before is another period: its keys are not expected to come back
    checks += table_checks(contract, connection, alone, None)
    checks += _reading_checks(connection, contract) if held.beside.broken else []
    usable = is_usable(contract, checks, held.refused, alone)
    return Verdict(
        contract.table, contract.version, rows_in, alone - held.refused, held.refused, held.duplicates, tuple(checks),
        columns_of(contract), usable, None, None,
    )  # fmt: skip


def _reading_checks(connection: duckdb.DuckDBPyConnection, contract: Contract) -> list[CheckResult]:
    """One failed check for each rule of reading that a row broke."""
    counted = connection.execute(
        f"SELECT rule, count(DISTINCT {ROW_NUMBER}), min({{'row': {ROW_NUMBER}, 'found': found}}, {SAMPLE_ROWS})"
        " FROM broken GROUP BY rule ORDER BY rule"
    ).fetchall()
    return [
        CheckResult(
            reading_key(contract, rule), "reading", "error", False, count, f"a row that can be read ({rule})",
            tuple(Offence(f"{ROW_NUMBER}={first['row']}", word(first["found"])) for first in sample),
        )
        for rule, count, sample in counted
    ]  # fmt: skip


def _refused_whole(rows: Path, contract: Contract, files: Files, error: ColumnsDiffer) -> RowVerdict:
    """The verdict on rows whose columns are not the contract's: all are refused, with the cells that the contract
    knows."""
    file = pq.ParquetFile(rows)
    names = [name for name in file.schema_arrow.names if name != ROW_NUMBER]
    count = file.metadata.num_rows
    empty = pa.schema([(name, pa.string()) for name in names]).empty_table()
    verdict = replace(refused_whole(contract, empty, error), rows_in=count, rows_refused=count, refused=None)
    try:
        files.write(ACCEPTED_FILE, pa.table({}))
        for part in file.iter_batches(PART_ROWS):
            texts = {
                name: part.column(name).cast(pa.string()) if name in names else pa.nulls(part.num_rows, pa.string())
                for name in contract.column_names
            }
            refused_by = pa.array([verdict.checks[0].key] * part.num_rows, pa.string())
            number = {ROW_NUMBER: part.column(ROW_NUMBER)}
            files.write(REFUSED_FILE, pa.table({**number, **texts, "refused_by": refused_by}))
    finally:
        files.close()
    path = files.path(ACCEPTED_FILE)
    assert path is not None  # noqa: S101 - it was opened above
    return RowVerdict(verdict, path, files.path(REFUSED_FILE), None, None)

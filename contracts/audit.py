"""Contract + table -> Verdict: which rules hold, which rows offend, what may be used.

Here: a small table, judged row by row by Great Expectations, and `audit_any`, which sends a large one to
`parquet_audit.py`. Both give the same verdict.
Not here: the verdict itself (`verdict.py`), rules over the whole table (`table_rules.py`), where a refused row is kept,
or what a run does with a refusal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from contracts.arrow import EXPECTED_TYPE, ColumnsDiffer, UnreadableCells, cast, compare_columns, without_infinity
from contracts.contract_model import Contract, Rule
from contracts.parquet_audit import audit_parquet
from contracts.rule_sql import connect, quote, violation
from contracts.rule_words import expected_words
from contracts.table_rules import table_checks
from contracts.verdict import (
    SAMPLE_ROWS,
    CheckResult,
    Offence,
    Verdict,
    as_text,
    columns_of,
    first_offences,
    found_words,
    is_usable,
    refused_whole,
    type_key,
    word,
)

if TYPE_CHECKING:
    import duckdb

SMALL_TABLE_ROWS = 100_000
# Above this a float64 no longer holds every whole number, and pandas makes floats of whole numbers with holes
EXACT_IN_FLOAT = 2**53


def audit_any(table: pa.Table, contract: Contract, *, previous: pa.Table | None = None) -> Verdict:
    """Holds a table of any size against its contract: a small one row by row, a large one in one pass over Parquet.

    A large table with something wrong is held row by row after all, so that its good rows are at hand.
    """
    if table.num_rows <= SMALL_TABLE_ROWS or set(table.column_names) != set(contract.column_names):
        return audit(table, contract, previous=previous)
    typed, unreadable = cast(table, contract)
    if not unreadable:
        import pyarrow.parquet as pq

        with TemporaryDirectory() as folder:
            path = Path(folder) / "table.parquet"
            pq.write_table(typed, path, compression="none", store_schema=False)
            verdict = audit_parquet(path, contract, previous=previous)
        if verdict.usable and verdict.rows_refused == verdict.exact_duplicates == 0:
            return replace(verdict, accepted=typed)
    return audit(table, contract, previous=previous)


def audit(table: pa.Table, contract: Contract, *, previous: pa.Table | None = None) -> Verdict:
    """Holds a small table against its contract, row by row, by Great Expectations.

    `table` has the contract's columns, in any order, as text or typed; `previous` is the edition that stands (typed),
    for rules against it. Never raises on bad data: the verdict says what is wrong.
    """
    from contracts.expectations import judge_rows

    try:
        compare_columns(table.column_names, contract)
    except ColumnsDiffer as error:
        return refused_whole(contract, table, error)
    rows_in = table.num_rows
    table, exact_duplicates = _drop_exact_duplicates(table.select(list(contract.column_names)))
    typed, unreadable = cast(table, contract)
    typed, endless = without_infinity(typed, contract)
    unreadable += endless  # text is checked by the cast, typed columns here: never both for one column
    connection = connect()
    try:
        row_rules = [rule for rule in contract.rules if rule.per_row]
        findings = judge_rows(_frame_for_suite(typed, row_rules, connection), row_rules) if typed.num_rows else {}
        keys = _row_keys(table, contract) if unreadable or any(not f.passed for f in findings.values()) else []
        checks = _type_checks(contract, unreadable, keys)
        refused_by: dict[int, list[str]] = {}
        for cells in unreadable:
            for row in cells.rows:
                refused_by.setdefault(row, []).append(type_key(contract, cells.column))
        unreadable_at = {(cells.column, row) for cells in unreadable for row in cells.rows}
        for rule in row_rules:
            finding = findings.get(rule.key)
            rows = finding.rows if finding else ()
            # a cell that cannot be read is empty after the cast: the type rule has already said so
            rows = tuple(row for row in rows if not any((name, row) in unreadable_at for name in rule.columns))
            sample = _row_sample(table, rule, rows, keys) if rows else ()
            checks.append(
                CheckResult(rule.key, rule.kind, rule.severity, not rows, len(rows), expected_words(rule), sample)
            )
            if rule.severity == "error":
                for row in rows:
                    refused_by.setdefault(row, []).append(rule.key)
        connection.register("audited", typed)
        checks += table_checks(contract, connection, typed.num_rows, previous)
    finally:
        connection.close()
    return _verdict(contract, rows_in, exact_duplicates, typed, table, checks, refused_by)


def _verdict(
    contract: Contract,
    rows_in: int,
    exact_duplicates: int,
    typed: pa.Table,
    raw: pa.Table,
    checks: list[CheckResult],
    refused_by: dict[int, list[str]],
) -> Verdict:
    rows = sorted(refused_by)
    refused: pa.Table | None = None
    accepted = typed
    if rows:
        keep = pc.invert(pc.is_in(pa.array(range(typed.num_rows)), value_set=pa.array(rows)))
        accepted = typed.filter(keep)
        refused = as_text(raw.take(pa.array(rows)))
        refused = refused.append_column(
            "refused_by", pa.array([" ".join(refused_by[row]) for row in rows], pa.string())
        )
    usable = is_usable(contract, checks, len(rows), typed.num_rows)
    return Verdict(
        contract.table, contract.version, rows_in, typed.num_rows - len(rows), len(rows), exact_duplicates,
        tuple(checks), columns_of(contract), usable, accepted if usable else None, refused,
    )  # fmt: skip


def _drop_exact_duplicates(table: pa.Table) -> tuple[pa.Table, int]:
    """Rows that repeat another in every cell are one row handed in twice; the first stays."""
    if table.num_rows == 0:
        return table, 0
    # codes, not values: pandas makes floats of whole numbers with holes, and large ones would fall together
    repeated = _codes(table).duplicated(keep="first").to_numpy()
    count = int(repeated.sum())
    return (table.filter(pa.array(~repeated)), count) if count else (table, 0)


def _codes(table: pa.Table) -> pd.DataFrame:
    """Every cell as a number that stands for its value within its column; no value is a value here."""
    encoded = {}
    for position, name in enumerate(table.column_names):
        values = table.column(name).combine_chunks()
        if not pa.types.is_dictionary(values.type):
            values = values.dictionary_encode()
        codes = pc.fill_null(values.indices, -1).to_numpy(zero_copy_only=False)
        if pa.types.is_string(values.dictionary.type):
            # an empty text is no value either
            nothing = pc.index(values.dictionary, "").as_py()
            codes = np.where(codes == nothing, -1, codes) if nothing >= 0 else codes
        encoded[position] = codes
    return pd.DataFrame(encoded)


def _type_checks(contract: Contract, unreadable: list[UnreadableCells], keys: list[str]) -> list[CheckResult]:
    bad = {cells.column: cells for cells in unreadable}
    checks = []
    for column in contract.columns:
        key = type_key(contract, column.name)
        expected = EXPECTED_TYPE[column.logical_type]
        cells = bad.get(column.name)
        sample: tuple[Offence, ...] = ()
        if cells is not None:
            sample = first_offences(
                [Offence(keys[row], word(t)) for row, t in zip(cells.rows, cells.found, strict=True)]
            )
        checks.append(
            CheckResult(key, "type", "error", cells is None, len(cells.rows) if cells else 0, expected, sample)
        )
    return checks


def _row_keys(table: pa.Table, contract: Contract) -> list[str]:
    """The key of every row in the same words as `key_words`, as it was handed in."""
    names = contract.primary_key
    texts = [table.column(name).cast(pa.string()).to_pylist() for name in names]
    return [
        " ".join(f"{n}={'' if v is None else v}" for n, v in zip(names, row, strict=True))
        for row in zip(*texts, strict=True)
    ]


def _row_sample(table: pa.Table, rule: Rule, rows: Sequence[int], keys: Sequence[str]) -> tuple[Offence, ...]:
    # only the rows that sort first are put into words
    first = sorted(rows, key=lambda row: keys[row])[: SAMPLE_ROWS * 20]
    cells = table.select(list(rule.columns)).take(pa.array(first, pa.int64()))
    values = zip(*(cells.column(name).to_pylist() for name in rule.columns), strict=True)
    return first_offences(
        [Offence(keys[row], found_words(rule, row_values)) for row, row_values in zip(first, values, strict=True)]
    )


def _frame_for_suite(typed: pa.Table, rules: Sequence[Rule], connection: duckdb.DuckDBPyConnection) -> Any:
    """The columns that the rules need, as int64, float64 or str, with helper columns and the row number."""
    from contracts.expectations import ROW_NUMBER

    needed = list(dict.fromkeys(c for rule in rules if _native(rule) for c in rule.columns))
    frame = typed.select(needed).to_pandas() if needed else typed.select([]).to_pandas()
    for name in needed:
        if str(frame[name].dtype) not in ("int64", "float64", "str"):
            frame[name] = typed.column(name).cast(pa.string()).to_pandas().astype("str")
    helpers = [rule for rule in rules if not _native(rule)]
    for rule in rules:
        if _native(rule) and any(_loses_digits(typed.column(name)) for name in rule.columns):
            if rule.kind in ("unique", "primaryKey"):
                own = typed.select(list(rule.columns))
                filled = ~pd.DataFrame({c: own.column(c).is_null().to_numpy() for c in rule.columns}).any(axis=1)
                frame[rule.key] = (_codes(own).duplicated(keep=False) & filled).astype("int64").to_numpy()
            else:
                helpers.append(rule)
    if helpers:
        connection.register("audited", typed)
        columns = ", ".join(f"CAST({violation(rule)} AS BIGINT) AS {quote(rule.key)}" for rule in helpers)
        marks = connection.sql(f"SELECT {columns} FROM audited").to_arrow_table()
        for rule in helpers:
            frame[rule.key] = marks.column(rule.key).to_numpy()
    frame[ROW_NUMBER] = range(typed.num_rows)
    return frame


def _loses_digits(values: pa.ChunkedArray) -> bool:
    """Whether pandas would make floats of whole numbers that a float cannot hold."""
    if not pa.types.is_integer(values.type) or not values.null_count or values.null_count == len(values):
        return False
    both = pc.min_max(values).as_py()
    return bool(max(abs(both["min"]), abs(both["max"])) > EXACT_IN_FLOAT)


def _native(rule: Rule) -> bool:
    return rule.kind in {
        "required", "unique", "primaryKey", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum",
        "minLength", "maxLength", "pattern", "codeList", "validValues",
    }  # fmt: skip

"""Contract + large Parquet file -> Verdict, read once.

An aggregating pass gives a row of metrics that Great Expectations judges; offending rows are looked up only for rules
that failed. The verdict is the one that `audit.py` gives of the same rows.
Not here: the counts that cost no query (`parquet_pass.py`), the conditions themselves (`rule_sql.py`), rules over the
whole table (`table_rules.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from contracts.arrow import ARROW_TYPES, EXPECTED_TYPE, ColumnsDiffer, compare_columns
from contracts.contract_model import Column, Contract, Rule
from contracts.judged_counts import judged_checks
from contracts.rule_sql import connect, key_words, literal, one_number, quote, violation
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

REFUSED_ROWS = 10_000


def audit_parquet(path: Path, contract: Contract, *, previous: pa.Table | None = None, threads: int = 2) -> Verdict:
    """Holds a large Parquet file against its contract: one pass counts the rows that offend (`parquet_pass.py`), Great
    Expectations judges the counts, and DuckDB looks up rows only for rules that failed.

    Types come from the Parquet schema and must be the contract's. The verdict is the one of `audit`, but `accepted` is
    None: a usable file without refused rows or exact duplicates is used as it lies. At most 10,000 refused rows are
    returned; the counts are exact.
    """
    import pyarrow.parquet as pq

    schema, rows_in = pq.read_schema(path), pq.read_metadata(path).num_rows
    try:
        compare_columns(schema.names, contract)
    except ColumnsDiffer as error:
        return replace(refused_whole(contract, schema.empty_table(), error), rows_in=rows_in, rows_refused=rows_in)
    wrong = _wrong_types(schema, contract)
    if wrong:
        return Verdict(
            contract.table, contract.version, rows_in, 0, rows_in, 0, wrong, columns_of(contract), False, None, None
        )
    connection = connect()
    try:
        connection.execute(f"SET threads = {threads}")
        connection.execute(
            f"CREATE VIEW held AS SELECT {_held_columns(contract)} FROM read_parquet({literal(str(path))})"
        )
        counts = _count_offending(connection, "held", contract, *_cheap_counts(connection, path, contract))
        relation, exact_duplicates = _without_exact_duplicates(connection, contract, counts)
        if exact_duplicates:
            counts = _count_offending(connection, relation, contract, {}, set())
        held_rows = rows_in - exact_duplicates
        checks = _judged_checks(connection, relation, contract, counts)
        refused_count, refused = _refused_rows(connection, relation, contract, checks)
        if any(not rule.per_row and rule.kind != "rowCount" for rule in contract.rules):
            connection.execute(f"CREATE VIEW audited AS SELECT * FROM {relation}")
        checks += table_checks(contract, connection, held_rows, previous)
    finally:
        connection.close()
    usable = is_usable(contract, checks, refused_count, held_rows)
    return Verdict(
        contract.table, contract.version, rows_in, held_rows - refused_count, refused_count, exact_duplicates,
        tuple(checks), columns_of(contract), usable, None, refused,
    )  # fmt: skip


def _wrong_types(schema: pa.Schema, contract: Contract) -> tuple[CheckResult, ...]:
    """A failed check for every column whose Parquet type is not the contract's."""
    wrong = []
    for column in contract.columns:
        actual = schema.field(column.name).type
        if pa.types.is_dictionary(actual):
            actual = actual.value_type
        if actual != ARROW_TYPES[column.logical_type]:
            found = (Offence("", f"the Parquet type {actual}"),)
            expected = EXPECTED_TYPE[column.logical_type]
            wrong.append(CheckResult(type_key(contract, column.name), "type", "error", False, 1, expected, found))
    return tuple(wrong)


def _raw(name: str) -> str:
    """The number as it lies in the file, beside the same column without NaN and infinity."""
    return quote(f"__raw_{name}")


def _held_columns(contract: Contract) -> str:
    """The columns as rules see them: an empty text is no value, and neither is NaN or infinity."""
    parts = []
    for column in contract.columns:
        name = quote(column.name)
        match column.logical_type:
            case "string":
                parts.append(f"nullif({name}, '') AS {name}")
            case "number":
                parts.append(f"CASE WHEN isfinite({name}) THEN {name} END AS {name}, {name} AS {_raw(column.name)}")
            case _:
                parts.append(name)
    return ", ".join(parts)


def _unreadable(name: str) -> str:
    return f"coalesce(NOT isfinite({_raw(name)}), false)"


def _offends(rule: Rule, contract: Contract, relation: str) -> str:
    """The SQL condition of a rule per row, keys included. A cell that cannot be read offends by its type alone."""
    if rule.kind in ("primaryKey", "unique"):
        columns = ", ".join(quote(c) for c in rule.columns)
        filled = " AND ".join(f"{quote(c)} IS NOT NULL" for c in rule.columns)
        repeated = f"SELECT {columns} FROM {relation} WHERE {filled} GROUP BY ALL HAVING count(*) > 1"
        return f"coalesce(({columns}) IN ({repeated}), false)"
    numbers = [c for c in rule.columns if contract.column(c).logical_type == "number"]
    return " AND ".join([f"({violation(rule)})", *(f"NOT {_unreadable(c)}" for c in numbers)])


def _cheap_counts(
    connection: duckdb.DuckDBPyConnection, path: Path, contract: Contract
) -> tuple[dict[str, int], set[str]]:
    from contracts.parquet_pass import offending_rows

    def judge(witnesses: pa.Table, rules: Sequence[Rule]) -> dict[str, int]:
        if not rules:
            return {}
        connection.register("witnesses", witnesses.rename_columns([rules[0].columns[0], "__rows"]))
        parts = ", ".join(
            f"coalesce(sum(__rows) FILTER (WHERE {violation(rule)}), 0) AS {quote(rule.key)}" for rule in rules
        )
        return _one_row(connection, f"SELECT {parts} FROM witnesses")

    return offending_rows(path, contract, judge)


def _count_offending(
    connection: duckdb.DuckDBPyConnection,
    relation: str,
    contract: Contract,
    known: dict[str, int],
    finite: set[str],
) -> dict[str, int]:
    """Rows that offend, per rule per row and per type of a number column: what is known, and the rest in one pass of
    DuckDB."""
    counts = dict(known) | {type_key(contract, name): 0 for name in finite}
    conditions = {
        type_key(contract, c.name): _unreadable(c.name) for c in contract.columns if c.logical_type == "number"
    }
    conditions |= {rule.key: _offends(rule, contract, relation) for rule in contract.rules if rule.per_row}
    asked = {key: condition for key, condition in conditions.items() if key not in counts}
    if asked:
        # a subquery in a condition is resolved once a query, but not inside FILTER: a plain sum of marks is
        parts = ", ".join(f"coalesce(sum(({c})::INTEGER), 0) AS {quote(k)}" for k, c in asked.items())
        counts |= _one_row(connection, f"SELECT {parts} FROM {relation}")
    return counts


def _one_row(connection: duckdb.DuckDBPyConnection, query: str) -> dict[str, int]:
    result = connection.execute(query)
    names = [item[0] for item in result.description or ()]
    rows = result.fetchall()  # to the end: DuckDB 2.0 does nothing else while a result is unfinished
    return {name: int(value) for name, value in zip(names, rows[0], strict=True)}


def _without_exact_duplicates(
    connection: duckdb.DuckDBPyConnection, contract: Contract, counts: dict[str, int]
) -> tuple[str, int]:
    """The relation in which every row stands once, and how many were dropped. A row can only repeat another where its
    key is repeated or has a hole, so a table with a sound key costs nothing."""
    key = contract.primary_key
    by_key = next(rule for rule in contract.rules if rule.kind == "primaryKey")
    holes = [rule for rule in contract.rules if rule.kind == "required" and rule.columns[0] in key]
    if not any(counts[rule.key] for rule in (by_key, *holes)):
        return "held", 0
    suspect = " OR ".join([_offends(by_key, contract, "held"), *(f"{quote(name)} IS NULL" for name in key)])
    connection.execute(f"CREATE TEMP TABLE once AS SELECT DISTINCT * FROM held WHERE {suspect}")
    repeated = one_number(
        connection, f"SELECT (SELECT count(*) FROM held WHERE {suspect}) - (SELECT count(*) FROM once)"
    )
    if not repeated:
        return "held", 0
    connection.execute(
        f"CREATE VIEW each_once AS SELECT * FROM held WHERE NOT ({suspect}) UNION ALL SELECT * FROM once"
    )
    return "each_once", int(repeated)


def _judged_checks(
    connection: duckdb.DuckDBPyConnection, relation: str, contract: Contract, counts: dict[str, int]
) -> list[CheckResult]:
    """The counts judged; the offending rows of what failed are looked up."""

    def sample(of: Column | Rule) -> tuple[Offence, ...]:
        if isinstance(of, Column):
            shown = [f"{_raw(of.name)}::VARCHAR"]
            return _sample(connection, relation, contract, shown, _unreadable(of.name), lambda v: word(v[0]))
        condition = _offends(of, contract, relation)
        return _sample(
            connection, relation, contract, [quote(c) for c in of.columns], condition, partial(found_words, of)
        )

    return judged_checks(contract, counts, sample)


def _sample(
    connection: duckdb.DuckDBPyConnection,
    relation: str,
    contract: Contract,
    shown: Sequence[str],
    condition: str,
    words: Callable[[Sequence[Any]], str],
) -> tuple[Offence, ...]:
    """The first offending rows by key; `words` says of the values of `shown` what was found."""
    key = key_words(contract, contract.column_names)
    query = f"SELECT DISTINCT {key} AS key, {', '.join(shown)} FROM {relation} WHERE {condition}"
    rows = connection.execute(f"{query} ORDER BY ALL LIMIT {SAMPLE_ROWS * 4}").fetchall()
    return first_offences([Offence(row[0], words(row[1:])) for row in rows])


def _refused_rows(
    connection: duckdb.DuckDBPyConnection, relation: str, contract: Contract, checks: Sequence[CheckResult]
) -> tuple[int, pa.Table | None]:
    """How many rows are refused, and the first 10,000 as text with the keys of the rules that refused them."""
    failed = {check.key for check in checks if not check.passed and check.severity == "error"}
    if not failed:
        return 0, None
    conditions = {type_key(contract, c.name): _unreadable(c.name) for c in contract.columns}
    conditions |= {rule.key: _offends(rule, contract, relation) for rule in contract.rules if rule.per_row}
    held = {key: condition for key, condition in conditions.items() if key in failed}
    any_of = " OR ".join(f"({condition})" for condition in held.values())
    named = " || ".join(f"CASE WHEN {c} THEN {literal(key + ' ')} ELSE '' END" for key, c in held.items())
    shown = ", ".join(
        f"{_raw(c.name)} AS {quote(c.name)}" if c.logical_type == "number" else quote(c.name) for c in contract.columns
    )
    count = int(one_number(connection, f"SELECT count(*) FROM {relation} WHERE {any_of}"))
    query = f"SELECT {shown}, trim({named}) AS refused_by FROM {relation} WHERE {any_of} LIMIT {REFUSED_ROWS}"
    return count, as_text(connection.sql(query).to_arrow_table())

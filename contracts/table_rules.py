"""Rules over groups of rows or the whole table: row count, parts that add up, keys of the edition that stands.

Both audits hold them against the view `audited`: DuckDB counts, Great Expectations judges the counts.
Not here: rules per row (`audit.py`, `parquet_audit.py`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from contracts.arrow import ARROW_TYPES
from contracts.contract_model import Contract, Rule
from contracts.rule_sql import key_words, literal, one_number, quote
from contracts.rule_words import expected_words
from contracts.verdict import SAMPLE_ROWS, CheckResult, Offence

if TYPE_CHECKING:
    import duckdb


def table_checks(
    contract: Contract, connection: duckdb.DuckDBPyConnection, rows: int, previous: pa.Table | None
) -> list[CheckResult]:
    """Rules over groups of rows or the whole table: DuckDB counts, Great Expectations judges the counts."""
    from contracts.expectations import judge_metrics

    rules = [rule for rule in contract.rules if not rule.per_row]
    metrics: dict[str, float] = {}
    bounds: dict[str, tuple[float | None, float | None]] = {}
    listings: dict[str, str] = {}
    for rule in rules:
        if rule.kind == "rowCount":
            metrics[rule.key] = rows
            bounds[rule.key] = (rule.argument("minimum"), rule.argument("maximum"))
        elif rule.kind == "partsAddUp":
            count, listings[rule.key] = _parts_add_up(rule, "audited")
            metrics[rule.key] = one_number(connection, count)
            bounds[rule.key] = (0, 0)
        elif rule.kind == "keysOfPrevious" and _comparable(previous, contract):
            assert previous is not None  # noqa: S101 - _comparable says so
            connection.register("standing", previous)
            on = " AND ".join(f"a.{quote(k)} = s.{quote(k)}" for k in contract.primary_key)
            lost = f"FROM standing s WHERE NOT EXISTS (SELECT 1 FROM audited a WHERE {on})"
            metrics[rule.key] = one_number(connection, f"SELECT count(*) {lost}")
            bounds[rule.key] = (0, float(rule.argument("maximumLost", 0.0)) * previous.num_rows)
            listings[rule.key] = (
                f"SELECT {key_words(contract, contract.column_names)} AS key, 'it is gone' AS found {lost} ORDER BY key"
            )
    severities = {rule.key: rule.severity for rule in rules}
    judged = judge_metrics(metrics, bounds, severities)
    checks = []
    for rule in rules:
        passed = judged.get(rule.key, True)
        sample: tuple[Offence, ...] = ()
        if not passed and rule.key in listings:
            sample = tuple(
                Offence(k, f) for k, f in connection.execute(f"{listings[rule.key]} LIMIT {SAMPLE_ROWS}").fetchall()
            )
        elif not passed:
            sample = (Offence("", f"{int(metrics[rule.key])} rows"),)
        failing = 0 if passed else (1 if rule.kind == "rowCount" else int(metrics[rule.key]))
        checks.append(CheckResult(rule.key, rule.kind, rule.severity, passed, failing, expected_words(rule), sample))
    return checks


def _comparable(previous: pa.Table | None, contract: Contract) -> bool:
    """Whether an edition stands whose rows have this contract's key: one from before a change of key has not."""
    return (
        previous is not None
        and previous.num_rows > 0
        and all(
            name in previous.column_names
            and previous.schema.field(name).type == ARROW_TYPES[contract.column(name).logical_type]
            for name in contract.primary_key
        )
    )


def _parts_add_up(rule: Rule, source: str) -> tuple[str, str]:
    """Count of groups whose parts do not add up, and the query that lists them. Only groups with every part present
    count."""
    dimension, value = quote(rule.argument("dimension")), quote(rule.argument("value"))
    parts = tuple(rule.argument("parts"))
    total = literal(rule.argument("total"))
    by = [str(c) for c in rule.argument("by")]
    groups = ", ".join(quote(c) for c in by)
    only = rule.argument("only") or {}
    where = " AND ".join(["true"] + [f"{quote(k)} = {literal(v)}" for k, v in sorted(only.items())])
    listed = ", ".join(literal(p) for p in parts)
    tolerance, absolute = (
        literal(float(rule.argument("tolerance", 0.0))),
        literal(float(rule.argument("absolute", 0.0))),
    )
    query = (
        f"SELECT {groups}, max({value}::DOUBLE) FILTER ({dimension} = {total}) AS whole,"
        f" sum({value}::DOUBLE) FILTER ({dimension} IN ({listed})) AS parts,"
        f" count({value}) FILTER ({dimension} IN ({listed})) AS present FROM {source} WHERE {where} GROUP BY {groups}"
    )
    differs = f"abs(parts - whole) > {tolerance} * abs(whole) + {absolute}"
    broken = f"SELECT * FROM ({query}) WHERE present = {len(parts)} AND {differs}"
    key = " || ' ' || ".join(f"'{c}=' || coalesce({quote(c)}::VARCHAR, '')" for c in by)
    listing = (
        f"SELECT {key} AS key, format('parts {{:.12g}} against total {{:.12g}}', parts, whole) AS found"
        f" FROM ({broken}) ORDER BY key"
    )
    return f"SELECT count(*) FROM ({broken})", listing

"""A rule as the SQL condition that finds the rows that offend, and as words that say what it expects.

Here: quoting, conditions, the key of a row in SQL, and the DuckDB connection that they are asked of.
Not here: which rules are asked of which table, or the verdict (`audit.py`, `parquet_audit.py`, `table_rules.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from contracts.contract_model import Contract, Rule

if TYPE_CHECKING:
    import duckdb

_TEXT_OPERATORS = {"minimum": "<", "maximum": ">", "exclusiveMinimum": "<=", "exclusiveMaximum": ">="}


def connect() -> duckdb.DuckDBPyConnection:
    """A DuckDB of its own in memory, without a progress bar."""
    import duckdb

    connection = duckdb.connect(":memory:")
    connection.execute("SET enable_progress_bar = false")
    return connection


def one_number(connection: duckdb.DuckDBPyConnection, query: str) -> float:
    """The single number that a query gives; 0 where it gives none."""
    rows = connection.execute(query).fetchall()  # to the end: DuckDB 2.0 does nothing else while a result is unfinished
    return float(rows[0][0]) if rows and rows[0][0] is not None else 0.0


def quote(name: str) -> str:
    """A name as SQL writes it."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: Any) -> str:
    """A value as SQL writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    return "'" + str(value).replace("'", "''") + "'"


def violation(rule: Rule) -> str:
    """A rule per row as the SQL condition that is true for a row that offends; NULL offends only against `required`."""
    column = quote(rule.columns[0])
    limit = rule.argument("limit")
    match rule.kind:
        case "required":
            return f"{column} IS NULL"
        case "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum":
            return f"coalesce({column} {_TEXT_OPERATORS[rule.kind]} {literal(limit)}, false)"
        case "minLength":
            return f"coalesce(length({column}) < {literal(limit)}, false)"
        case "maxLength":
            return f"coalesce(length({column}) > {literal(limit)}, false)"
        case "pattern":
            return f"coalesce(NOT regexp_full_match({column}, {literal(limit)}), false)"
        case "codeList" | "validValues":
            values = ", ".join(literal(v) for v in rule.argument("validValues"))
            return f"coalesce({column} NOT IN ({values}), false)"
        case "emptyExactlyWhen":
            values = ", ".join(literal(v) for v in rule.argument("values"))
            return f"({column} IS NULL) <> coalesce({quote(rule.argument('other'))} IN ({values}), false)"
        case "filledWhen":
            values = ", ".join(literal(v) for v in rule.argument("values"))
            return f"{column} IS NULL AND coalesce({quote(rule.argument('other'))} IN ({values}), false)"
        case "someFilled":
            return " AND ".join(f"{quote(c)} IS NULL" for c in rule.columns)
        case "notBelow":
            return f"coalesce({column} < {quote(rule.argument('other'))}, false)"
    raise KeyError(f"rule {rule.key}: {rule.kind} is not judged by row in SQL")


def key_words(contract: Contract, names: Sequence[str]) -> str:
    """SQL for the key of a row as `column=value` words; the first three columns where the key is not there."""
    keys = [name for name in contract.primary_key if name in names] or list(names)[:3]
    return " || ' ' || ".join(f"{literal(k + '=')} || coalesce({quote(k)}::VARCHAR, '')" for k in keys)


def _listed(values: Sequence[Any]) -> str:
    return ", ".join(map(str, values))


def expected_words(rule: Rule) -> str:
    """What a rule expects, as a reader says it."""
    limit = rule.argument("limit")
    match rule.kind:
        case "required":
            return "a value"
        case "unique":
            return "every value once"
        case "primaryKey":
            return f"every combination of {', '.join(rule.columns)} once"
        case "minimum":
            return f"at least {limit}"
        case "maximum":
            return f"at most {limit}"
        case "exclusiveMinimum":
            return f"more than {limit}"
        case "exclusiveMaximum":
            return f"less than {limit}"
        case "minLength":
            return f"at least {limit} characters"
        case "maxLength":
            return f"at most {limit} characters"
        case "pattern":
            return f"text of the form {limit}"
        case "codeList":
            return f"a code of the list {rule.argument('codeList')}"
        case "validValues":
            return "one of " + ", ".join(map(str, rule.argument("validValues")))
        case "rowCount":
            low, high = rule.argument("minimum"), rule.argument("maximum")
            return (
                f"between {low} and {high} rows"
                if low is not None and high is not None
                else (f"at least {low} rows" if high is None else f"at most {high} rows")
            )
        case "emptyExactlyWhen":
            return f"no value exactly when {rule.argument('other')} is one of {_listed(rule.argument('values'))}"
        case "filledWhen":
            return f"a value when {rule.argument('other')} is one of {_listed(rule.argument('values'))}"
        case "someFilled":
            return f"a value, or a status that says why there is none ({', '.join(rule.columns)} are all empty)"
        case "notBelow":
            return f"at least the value of {rule.argument('other')}"
        case "partsAddUp":
            share = float(rule.argument("tolerance", 0.0)) * 100
            return f"{_listed(rule.argument('parts'))} to add up to {rule.argument('total')} within {share:g} %"
        case "keysOfPrevious":
            share = float(rule.argument("maximumLost", 0.0)) * 100
            return f"at most {share:g} % of the previous edition's keys to be gone"
    return rule.kind

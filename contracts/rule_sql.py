"""A rule as the SQL condition that finds the rows that offend.

Here: quoting, conditions, the key of a row in SQL, and the DuckDB connection that they are asked of.
Not here: what a rule expects in words (`rule_words.py`), which rules are asked of which table, or the verdict
(`audit.py`, `parquet_audit.py`, `table_rules.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from contracts.contract_model import Contract, Rule

if TYPE_CHECKING:
    import duckdb

# A value this many times as large or as small as before was given in another unit: tonnes for kilograms, or the reverse
UNIT_SLIP = (700, 1400)
ROUNDING = 1e-9
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


def before(name: str) -> str:
    """The column that holds, beside the column `name`, its value in the period before."""
    return f"__before_{name}"


def differs(rule: Rule, value: str, earlier: str) -> str:
    """The SQL condition of a rule against the period before, for one value and the earlier one; an empty one passes."""
    now, then = f"abs(({value})::DOUBLE)", f"abs(({earlier})::DOUBLE)"
    if rule.kind == "unitSlip":
        low, high = UNIT_SLIP
        ratios = (f"{now} / nullif({then}, 0)", f"{then} / nullif({now}, 0)")
        slipped = " OR ".join(f"{ratio} BETWEEN {low} AND {high}" for ratio in ratios)
        return f"coalesce({slipped}, false)"
    factor, above = literal(float(rule.argument("factor"))), literal(float(rule.argument("above", 0)))
    # greatest and least pass over NULL: the sum does not
    both = f"{now} + {then} IS NOT NULL"
    larger, smaller = f"greatest({now}, {then})", f"least({now}, {then})"
    return f"coalesce({both} AND {larger} > {above} AND {larger} > {factor} * {smaller}, false)"


def parts_sum(values: Sequence[str]) -> str:
    """SQL for the sum of the values that are filled in."""
    return " + ".join(f"coalesce(({value})::DOUBLE, 0)" for value in values)


def _parts_above(rule: Rule) -> str:
    """A sum of parts above the whole less what is named by `less`.

    An empty whole counts as nothing: parts of it that weigh something offend, and a 0 does not.
    """
    parts = [quote(str(name)) for name in rule.argument("parts")]
    whole, less = f"coalesce({quote(rule.columns[0])}::DOUBLE, 0)", rule.argument("less")
    left = f"({whole} - coalesce({quote(str(less))}::DOUBLE, 0))" if less else whole
    most, total = f"{left} * (1 + {literal(float(rule.argument('tolerance', 0)))})", parts_sum(parts)
    # 0.1 + 0.2 is more than 0.3 in binary: what differs beyond the ninth digit is no difference
    slack = f"{ROUNDING} * greatest(abs({total}), {whole})"
    return f"coalesce({', '.join(parts)}) IS NOT NULL AND {total} - {most} > {slack}"


def violation(rule: Rule, compared: bool = False) -> str:
    """A rule per row as the SQL condition that is true for a row that offends; NULL offends only against `required`.

    A rule against the period before holds, unless the rows are `compared`: each column of the rule then stands beside
    its earlier value (`before`).
    """
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
        case "partsNotAbove":
            return _parts_above(rule)
        case "unitSlip" | "changeSincePrevious":
            pairs = [(quote(c), quote(before(c))) for c in rule.columns]
            return " OR ".join(differs(rule, *pair) for pair in pairs) if compared else "false"
    raise KeyError(f"rule {rule.key}: {rule.kind} is not judged by row in SQL")


def key_words(contract: Contract, names: Sequence[str]) -> str:
    """SQL for the key of a row as `column=value` words; the first three columns where the key is not there."""
    keys = [name for name in contract.primary_key if name in names] or list(names)[:3]
    return " || ' ' || ".join(f"{literal(k + '=')} || coalesce({quote(k)}::VARCHAR, '')" for k in keys)

"""Reads the rules that stand on a table: its row count, and our own rules between columns and between rows.

Here: the arguments that each rule takes, severities, and rule keys that must differ.
Not here: rules on one column (`contract_columns.py`), or how a rule is held (`rule_sql.py`, `table_rules.py`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from contracts.contract_model import Rule, Severity
from contracts.contract_source import Source

SEVERITIES = ("error", "warning", "info")
ROW_RULES = {
    "emptyExactlyWhen",
    "filledWhen",
    "someFilled",
    "notBelow",
    "partsNotAbove",
    "unitSlip",
    "changeSincePrevious",
}
TABLE_RULES = {"partsAddUp", "keysOfPrevious"}
# What each of our own rules must be told, and what it may be told. Anything else is a misspelling.
RULE_ARGUMENTS: dict[str, tuple[set[str], set[str]]] = {
    "emptyExactlyWhen": ({"column", "other", "values"}, set()),
    "filledWhen": ({"column", "other", "values"}, set()),
    "someFilled": ({"columns"}, set()),
    "notBelow": ({"column", "other"}, set()),
    "partsAddUp": ({"dimension", "value", "total", "parts", "by"}, {"only", "tolerance", "absolute"}),
    "keysOfPrevious": (set(), {"maximumLost"}),
    "partsNotAbove": ({"column", "parts"}, {"less", "tolerance"}),
    "unitSlip": ({"columns"}, set()),
    "changeSincePrevious": ({"columns", "factor"}, {"above"}),
}
# Rules that hold a row against the same row of the period before, which only a delivery has (`row_audit.py`). Where
# there is nothing to compare with, as in a source table or a product, they hold.
PREVIOUS_RULES = {"unitSlip", "changeSincePrevious"}
# Rules that compute with the values of their columns
COMPUTING = PREVIOUS_RULES | {"partsNotAbove"}
# The least that a number among the arguments may be
LEAST = {"tolerance": 0, "absolute": 0, "maximumLost": 0, "factor": 1, "above": 0}


def read_table_rules(source: Source, items: Any, table: str, names: set[str], at: tuple[str | int, ...]) -> list[Rule]:
    """Rules that stand on the table: row count, and our own cross-column and cross-row rules."""
    rules: list[Rule] = []
    for position, quality in enumerate(items or []):
        where = (*at, "quality", position)
        severity = read_severity(source, quality, where)
        text = str(quality.get("description", ""))
        if quality.get("metric") == "rowCount":
            bounds = {
                k: quality[k]
                for k in ("mustBeGreaterOrEqualTo", "mustBeLessOrEqualTo", "mustBeBetween")
                if k in quality
            }
            if not bounds:
                raise source.error(
                    "rowCount needs mustBeGreaterOrEqualTo, mustBeLessOrEqualTo or mustBeBetween", *where
                )
            low, high = bounds.get(
                "mustBeBetween", (bounds.get("mustBeGreaterOrEqualTo"), bounds.get("mustBeLessOrEqualTo"))
            )
            arguments: dict[str, Any] = {"minimum": low, "maximum": high}
            rules.append(
                Rule(
                    f"{table}__rows__rowcount", "rowCount", (), severity, tuple(sorted(arguments.items())), False, text
                )
            )
            continue
        if quality.get("type") != "custom" or quality.get("engine") != "ketenmonitor":
            raise source.error(
                "a table rule is `metric: rowCount` or `type: custom` with `engine: ketenmonitor`", *where
            )
        implementation = dict(quality.get("implementation") or {})
        kind = implementation.pop("rule", None)
        if kind not in RULE_ARGUMENTS:
            raise source.error(
                f"rule {kind!r} is not one of {', '.join(sorted(RULE_ARGUMENTS))}",
                *where,
                "implementation",
                "rule",
            )
        needed, possible = RULE_ARGUMENTS[str(kind)]
        absent, unknown = sorted(needed - implementation.keys()), sorted(implementation.keys() - needed - possible)
        if absent:
            raise source.error(f"rule {kind} needs {', '.join(absent)}", *where, "implementation")
        if unknown:
            raise source.error(f"rule {kind} knows no {', '.join(unknown)}", *where, "implementation", unknown[0])
        for listed in ("columns", "values", "parts", "by"):
            if listed in implementation and not (isinstance(implementation[listed], list) and implementation[listed]):
                raise source.error(f"rule {kind}: {listed} is a list", *where, "implementation", listed)
        _check_numbers(source, str(kind), implementation, where)
        columns = _columns_of(str(kind), implementation)
        mentioned = [*columns, *map(str, implementation.get("by", ())), *map(str, implementation.get("only") or {})]
        strange = [c for c in mentioned if c not in names]
        if strange:
            raise source.error(f"rule {kind}: the table has no column {', '.join(strange)}", *where, "implementation")
        name = str(quality.get("name") or kind).lower()
        anchor = columns[0].lower() if columns else "rows"
        arguments = {k: tuple(v) if isinstance(v, list) else v for k, v in implementation.items()}
        rules.append(
            Rule(
                f"{table}__{anchor}__{name}",
                str(kind),
                tuple(columns),
                severity,
                tuple(sorted(arguments.items())),
                kind in ROW_RULES,
                text,
            )
        )
    return rules


def _columns_of(kind: str, arguments: dict[str, Any]) -> list[str]:
    """The columns that a rule speaks of, the one that it stands on first: what "found" shows of a row."""
    if kind == "partsNotAbove":
        named = [arguments["column"], *arguments["parts"], *([arguments["less"]] if "less" in arguments else [])]
    else:
        named = arguments.get("columns") or [
            arguments[name] for name in ("column", "other", "dimension", "value") if name in arguments
        ]
    return [str(name) for name in named]


def _check_numbers(source: Source, kind: str, arguments: dict[str, Any], at: tuple[str | int, ...]) -> None:
    """Raises unless the numbers that a rule is told are numbers, and not below what makes sense."""
    for name, least in LEAST.items():
        if name not in arguments:
            continue
        value = arguments[name]
        number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        if not number or value < least:
            raise source.error(
                f"rule {kind}: {name} is {value!r}, expected a number of at least {least}", *at, "implementation", name
            )


def check_number_columns(
    source: Source, rules: Sequence[Rule], types: Mapping[str, str], at: tuple[str | int, ...]
) -> None:
    """Raises where a rule that computes names a column that holds no numbers; `types` are logical types by column."""
    for rule in rules:
        strange = [name for name in rule.columns if rule.kind in COMPUTING and types[name] not in ("integer", "number")]
        if strange:
            raise source.error(f"rule {rule.kind}: column {strange[0]} holds {types[strange[0]]}, no numbers", *at)


def read_severity(source: Source, quality: dict[str, Any], at: tuple[str | int, ...]) -> Severity:
    """The severity of a quality rule; `error` where it names none."""
    severity = quality.get("severity", "error")
    if severity not in SEVERITIES:
        raise source.error(f"severity is {severity!r}, expected one of {', '.join(SEVERITIES)}", *at, "severity")
    result: Severity = severity
    return result


def check_keys(source: Source, rules: Sequence[Rule], at: tuple[str | int, ...]) -> None:
    """Raises where two rules of a table share a key."""
    keys = [rule.key for rule in rules]
    duplicated = sorted({key for key in keys if keys.count(key) > 1})
    if duplicated:
        raise source.error(f"two rules share the key {', '.join(duplicated)}; give each its own `name`", *at)

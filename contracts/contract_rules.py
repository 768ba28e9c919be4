"""Reads the rules that stand on a table: its row count, and our own rules between columns and between rows.

Here: the arguments that each rule takes, severities, and rule keys that must differ.
Not here: rules on one column (`contract_columns.py`), or how a rule is held (`rule_sql.py`, `table_rules.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
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
        columns = implementation.get("columns") or [
            implementation[k] for k in ("column", "other", "dimension", "value") if k in implementation
        ]
        columns = [str(c) for c in columns]
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

"""Which figures are added up of a delivery: the custom property `figures` of its contract, read into `Figure`s.

Here: what is added up under which codes. Not here: adding up (`assets/deliveries/totals.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from contracts.delivery_contract import Delivery, delivery, delivery_names
from contracts.vocabulary import load_codelist

FROM = "from "
#: Conditions of a row: a column and the codes of it that hold.
Codes = tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True)
class Figure:
    """One delivered column and the measure as which its sum is published: `value * scale` in `unit`.

    An empty `column` counts rows; then `counting` (column, codes) and `below` (column, bound) say which rows count as
    one, and the others as nothing, so that a count of none is a zero.

    `subgroup` is one code, or empty where the column `by` gives it through the code list of that column. With `margins`
    the sums by the parents of the subgroups are published too. `part_of` is the column of which this one is a part, and
    `apart` names the rule that keeps it apart from other parts of it (empty: it may overlap them). `only` are rows that
    are looked at, as (column, codes), and `filled` columns that are filled in on them: a sum that is divided by the sum
    of another column must be over the same rows. `flags` go with every value.
    """

    column: str
    chain_table: str
    measure: str
    unit: str
    scale: float
    decimals: int
    subgroup: str
    by: str
    scope_version: str
    definition_version: str
    margins: bool = False
    part_of: str = ""
    apart: str = ""
    only: Codes = ()
    flags: str = ""
    filled: tuple[str, ...] = ()
    counting: Codes = ()
    below: tuple[tuple[str, float], ...] = ()


@cache
def figures_of(name: str) -> tuple[Figure, ...]:
    """The figures of a delivery. ValueError names the contract and what of it is not right."""
    one = delivery(name)
    return tuple(figure_of(one, raw) for raw in one.contract.get("figures") or ())


def deliveries_of(chain_table: str) -> tuple[str, ...]:
    """Names of the deliveries of which a figure is published by a chain table."""
    return tuple(
        name for name in delivery_names() if any(figure.chain_table == chain_table for figure in figures_of(name))
    )


def figure_of(one: Delivery, raw: dict[str, Any]) -> Figure:
    """One entry of the property `figures` of a delivery. ValueError names the contract and what of it is not right."""
    told = str(raw["subgroup"])
    by = told.removeprefix(FROM) if told.startswith(FROM) else ""
    column, whole = str(raw["column"]), str(raw.get("part_of", ""))
    only, counting = _codes(raw.get("only", {})), _codes(raw.get("counting", {}))
    filled = tuple(map(str, raw.get("filled", ())))
    below = tuple(sorted((str(name), float(bound)) for name, bound in raw.get("below", {}).items()))
    conditions = [name for name, _ in (*only, *counting, *below)]
    named = [name for name in (column, by, whole, *filled, *conditions) if name]
    strange = [name for name in named if name not in one.contract.column_names]
    if strange:
        raise ValueError(f"delivery {one.name}, figures: the table has no column {strange[0]!r}")
    if column and (counting or below):
        raise ValueError(
            f"delivery {one.name}, figures: {column} is added up; `counting` and `below` are for counted rows, leave "
            "`column` empty"
        )
    return Figure(
        column=column,
        chain_table=str(raw.get("chain_table", one.chain_table)),
        measure=str(raw["measure"]),
        unit=str(raw["unit"]),
        scale=float(raw["scale"]),
        decimals=int(raw["decimals"]),
        subgroup="" if by else told,
        by=by,
        scope_version=str(raw["scope_version"]),
        definition_version=str(raw["definition_version"]),
        margins=bool(raw.get("margins", False)),
        part_of=whole,
        apart=_apart(one, column, whole),
        only=only,
        flags=str(raw.get("flags", "")),
        filled=filled,
        counting=counting,
        below=below,
    )


def _codes(raw: dict[str, Any]) -> Codes:
    return tuple(sorted((str(name), tuple(map(str, codes))) for name, codes in raw.items()))


def _apart(one: Delivery, column: str, whole: str) -> str:
    """The rule over whole and parts in which a part stands beside others."""
    for rule in one.contract.rules:
        parts = rule.argument("parts", ()) if rule.kind == "partsNotAbove" else ()
        if column in parts and len(parts) > 1 and rule.argument("column") == whole:
            return rule.key
    return ""


def subgroups_by_code(one: Delivery, column: str) -> dict[str, str]:
    """Code of a delivered column -> code of the list `subgroup` under which its figures are published."""
    listed = one.contract.column(column).code_list
    if listed is None:
        raise ValueError(f"delivery {one.name}: column {column} has no code list, so no subgroup can be told from it")
    if listed == "subgroup":
        return {code.code: code.code for code in load_codelist("subgroup").codes}
    return {code.code: code.get("subgroup") for code in load_codelist(listed).codes}


@cache
def subgroup_parents() -> dict[str, str]:
    """Subgroup -> the subgroup that it is part of; empty for one that is part of none."""
    return {code.code: code.parent for code in load_codelist("subgroup").codes}

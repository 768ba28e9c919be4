"""Which figures are added up of a delivery: the custom property `figures` of its contract, read into `Figure`s.

Here: what is added up under which codes. Not here: adding up (`assets/deliveries/totals.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from contracts.delivery_contract import Delivery, delivery
from contracts.vocabulary import load_codelist

FROM = "from "


@dataclass(frozen=True)
class Figure:
    """One delivered column and the measure as which its sum is published: `value * scale` in `unit`.

    `subgroup` is one code, or empty where the column `by` gives it through the code list of that column. With `margins`
    the sums by the parents of the subgroups are published too. `part_of` is the column of which this one is a part, and
    `overlaps` says that no rule `partsNotAbove` keeps it apart from the other parts.
    """

    column: str
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
    overlaps: bool = False


@cache
def figures_of(name: str) -> tuple[Figure, ...]:
    """The figures of a delivery. ValueError names the contract and what of it is not right."""
    one = delivery(name)
    return tuple(_figure(one, raw) for raw in one.contract.get("figures") or ())


def _figure(one: Delivery, raw: dict[str, object]) -> Figure:
    told = str(raw["subgroup"])
    by = told.removeprefix(FROM) if told.startswith(FROM) else ""
    figure = Figure(
        str(raw["column"]), str(raw["measure"]), str(raw["unit"]), float(str(raw["scale"])), int(str(raw["decimals"])),
        "" if by else told, by, str(raw["scope_version"]), str(raw["definition_version"]),
        bool(raw.get("margins", False)), str(raw.get("part_of", "")), _overlaps(one, str(raw["column"])),
    )  # fmt: skip
    strange = [column for column in (figure.column, *([by] if by else [])) if column not in one.contract.column_names]
    if strange:
        raise ValueError(f"delivery {one.name}, figures: the table has no column {strange[0]!r}")
    return figure


def _overlaps(one: Delivery, column: str) -> bool:
    rules = [rule for rule in one.contract.rules if rule.kind == "partsNotAbove"]
    return not any(column in rule.argument("parts") for rule in rules)


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

"""Where a delivered figure and a public one differ: both values, which one counts, and why.

Belongs here: finding such cells among the indicators, in the shape of the table `conflicts`. Does not belong here: the
conflicts that we found ourselves (contracts/reference), and the decision which counts (`assets/formulas/targets.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from assets.formulas.rounding import half_up
from assets.formulas.targets import CELL, DECLARED, assessed_values, from_deliveries

COLUMNS = (
    "conflict_id", "chain_table", "indicator_or_measure", "subgroup", "year", "value_a", "unit_a", "source_a",
    "value_b", "unit_b", "source_b", "which_counts", "reason_nl", "reason_en",
)  # fmt: skip

#: Why the one or the other counts, in Dutch and English.
LAW = (
    "De wet telt wat producenten opgeven; het andere cijfer haalt dat aan.",
    "The law counts what producers declare; the other figure quotes it.",
)
PART = (
    "Aangeleverd is wat een deel van de markt of van de gemeenten opgaf; het openbare cijfer gaat over het geheel.",
    "Delivered is what a part of the market or of the municipalities declared; the public figure is about the whole.",
)
PUBLISHED = (
    "Wat is gepubliceerd, telt zolang de bron het niet herziet; het aangeleverde cijfer staat ernaast.",
    "What was published counts until its source revises it; the delivered figure stands beside it.",
)


def declared_conflicts(indicators: pd.DataFrame, options: Mapping[str, Any]) -> pd.DataFrame:
    """Dutch cells of which a public and a delivered figure differ in the decimals of the public one.

    In: indicators, and what the chain table prefers. Out: COLUMNS, `a` the public and `b` the delivered figure, sorted
    by conflict_id. Compared are figures of the same scope, and what was declared with the public figure that counts; of
    several public ones the one that counts, else the first by source.
    """
    rows = indicators.loc[(indicators["geo"] == "NL") & indicators["value"].notna()]
    of_delivery = from_deliveries(rows["source"])
    if not of_delivery.any():
        return pd.DataFrame({column: pd.Series(dtype="int64" if column == "year" else "str") for column in COLUMNS})
    counts = assessed_values(rows, **options)[[*CELL, "basis_source", "scope_version"]]
    counts = counts.rename(columns={"basis_source": "counted_source", "scope_version": "counted_scope"})
    known = rows.merge(counts, on=CELL, how="left")
    known["counted"] = (known["source"] == known["counted_source"]) & (known["scope_version"] == known["counted_scope"])
    known = known.sort_values([*CELL, "counted", "source", "method"], ascending=[True] * 4 + [False, True, True])
    public = known.loc[~from_deliveries(known["source"])]
    delivered = known.loc[from_deliveries(known["source"])].drop_duplicates([*CELL, "scope_version"])
    declared = delivered["scope_version"] == DECLARED
    on = [*CELL, "unit"]
    any_scope = delivered.loc[declared].merge(public.drop_duplicates(CELL), on=on, suffixes=("_b", "_a"))
    of_scope = public.drop_duplicates([*CELL, "scope_version"])
    same_scope = delivered.loc[~declared].merge(of_scope, on=on, suffixes=("_b", "_a"))
    same_scope = same_scope.loc[same_scope["scope_version_b"] == same_scope["scope_version_a"]]
    pairs = pd.concat([part for part in (any_scope, same_scope) if len(part)] or [any_scope], ignore_index=True)
    pairs = pairs.loc[half_up(pairs["value_b"], pairs["decimals_a"]) != pairs["value_rounded_a"]]
    found = [_conflict(row, options) for row in pairs.to_dict("records")]
    made = pd.DataFrame(found, columns=list(COLUMNS)).astype({"year": "int64"})
    return made.sort_values("conflict_id", kind="stable", ignore_index=True)


def _conflict(row: dict[Any, Any], options: Mapping[str, Any]) -> tuple[Any, ...]:
    ruling = row["indicator"] in options.get("counted_as_declared", ())
    reason = LAW if ruling else PART if row["scope_version_b"] == DECLARED else PUBLISHED
    scope = "" if row["scope_version_b"] == row["scope_version_a"] else f"_{row['scope_version_b']}"
    return (
        f"delivered_{row['indicator']}_{row['subgroup']}_{row['year']}{scope}".lower(),
        row["chain_table_b"],
        row["indicator"],
        row["subgroup"],
        row["year"],
        _text(row["value_rounded_a"], row["decimals_a"]),
        row["unit"],
        row["source_a"],
        _text(row["value_rounded_b"], row["decimals_b"]),
        row["unit"],
        row["source_b"],
        "b" if row["counted_b"] else "a" if row["counted_a"] else "both",
        *reason,
    )


def _text(value: float, decimals: int) -> str:
    return f"{value:.{max(0, decimals)}f}"

"""Tables that every chain table has, made from its indicators: trends, anomalies and the headline.

Belongs here: how these three are put together. Does not belong here: the formulas (`assets/formulas`) and what one
chain table prefers (its own module).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from assets.chain_tables.reference_tables import known_breaks
from assets.formulas.anomalies import repeated_values, unflagged_jumps
from assets.formulas.rounding import half_up
from assets.formulas.targets import assessed_values
from assets.formulas.trends import trend

GEO = "NL"

HEADLINE_COLUMNS = (
    "chain_table", "indicator", "subgroup", "geo", "level", "year", "value", "value_rounded", "unit", "basis",
    "basis_source", "scope_version", "confidence", "obs_status", "flags", "known_break", "target_id", "comparator",
    "target_value", "target_year_from", "target_status", "distance_rounded", "verdict", "arrow", "refusal",
)  # fmt: skip
HEADLINE_KEY = ("indicator", "subgroup", "geo", "level")


def trends(
    indicators: pd.DataFrame, targets: pd.DataFrame, chain_table: str, options: Mapping[str, Any]
) -> pd.DataFrame:
    """Trend towards every target that has not lapsed, broken off at our own breaks; `shapes/trend`.

    A change of a target is no break in its series: ids that hold `target` are passed over.
    """
    breaks = known_breaks(chain_table)
    breaks = breaks.loc[~breaks["break_id"].str.contains("target", regex=False)]
    standing = targets.loc[targets["status"] != "lapsed"].reset_index(drop=True)
    return trend(indicators, standing, GEO, known_breaks=breaks, **options)


def anomalies(observed: pd.DataFrame, indicators: pd.DataFrame) -> pd.DataFrame:
    """Dutch figures that stand out; `shapes/anomaly`.

    Amounts that repeat to the last digit (a copied value, often) and indicators that jump without a break being marked.
    """
    amounts = observed.loc[(observed["geo"] == GEO) & observed["unit"].isin(["t", "kt"])]
    dutch = indicators.loc[indicators["geo"] == GEO]
    found = [repeated_values(amounts, "measure"), unflagged_jumps(dutch, "indicator")]
    rows = pd.concat([part for part in found if len(part)] or found[:1], ignore_index=True)
    return rows.sort_values(["series", "subgroup", "year", "kind"], kind="stable", ignore_index=True)


def headline(
    indicators: pd.DataFrame,
    targets: pd.DataFrame,
    progress: pd.DataFrame,
    trend_rows: pd.DataFrame,
    options: Mapping[str, Any],
) -> pd.DataFrame:
    """The latest Dutch value of every indicator with the target that it is held against now; `shapes/headline`.

    One row an indicator, subgroup and level (EU, NL, or `none` where no target applies). Of several targets the one
    that held in the year of the latest value counts, else the next to come; a lapsed one never does.
    """
    latest = _latest(assessed_values(indicators, **options))
    standing = targets.loc[targets["status"] != "lapsed", ["target_id", "status"]]
    held = progress.loc[(progress["geo"] == GEO) & (progress["verdict"] != "no_data")]
    held = held.merge(standing.rename(columns={"status": "target_status"}), on="target_id", how="inner")
    seen = latest[["indicator", "subgroup", "year", "scope_version", "confidence"]]
    held = held.merge(seen, on=["indicator", "subgroup", "year"], how="inner")
    within = held["verdict"].isin(["met", "not_met"])
    held = held.assign(later=(~within).astype("int64")).sort_values(
        ["indicator", "subgroup", "level", "later", "target_year_from", "target_id"], kind="stable"
    )
    held = held.drop_duplicates(["indicator", "subgroup", "level"])
    arrows = trend_rows.loc[trend_rows["geo"] == GEO, ["target_id", "arrow", "refusal"]]
    held = held.merge(arrows, on="target_id", how="left")
    alone = latest.merge(held[["indicator", "subgroup"]].assign(held=True), on=["indicator", "subgroup"], how="left")
    alone = alone.loc[alone["held"].isna()].drop(columns="held").assign(level="none")
    rows = pd.concat([held, alone], ignore_index=True)
    for column in HEADLINE_COLUMNS:
        if column not in rows:
            rows[column] = None
    return rows[list(HEADLINE_COLUMNS)].sort_values(list(HEADLINE_KEY), kind="stable", ignore_index=True)


def _latest(values: pd.DataFrame) -> pd.DataFrame:
    dutch = values.loc[values["geo"] == GEO].sort_values(["indicator", "subgroup", "year"], kind="stable")
    latest = dutch.drop_duplicates(["indicator", "subgroup"], keep="last").reset_index(drop=True)
    return latest.assign(value_rounded=half_up(latest["value"], latest["decimals"]))

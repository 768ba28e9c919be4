"""Progress towards targets: which observed value counts, and what it says about a target.

Belongs here: holding values against targets. Does not belong here: the targets themselves
(contracts/reference) and trends. A target is tested on the unrounded value (domain study, chapters 0.5 and
7.4).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np
import pandas as pd

from assets.formulas.rounding import half_up
from assets.formulas.shapes import in_order
from contracts.contract import DELIVERED as SOURCE_PREFIX

PROGRESS_COLUMNS = (
    "chain_table", "target_id", "indicator", "subgroup", "geo", "level", "target_year_from", "target_year_to",
    "comparator", "target_value", "unit", "assessed_year", "year", "value", "value_rounded", "basis",
    "basis_source", "distance", "distance_rounded", "verdict", "obs_status", "flags", "known_break",
)  # fmt: skip
PROGRESS_KEY = ("target_id", "geo", "assessed_year")

#: An aggregate has no obligation; its member states have.
AGGREGATES = ("EU15", "EU25", "EU27_2007", "EU27_2020", "EU28")

#: The base year of the reduction target is itself a break; this method only shows how much that matters.
SENSITIVITY_METHODS = ("change_vs_2017",)

CELL = ["indicator", "subgroup", "geo", "year"]

#: The scope of what was declared and not grossed up: never a continuation of a series of the whole market.
DECLARED = "declared"

_DIRECTION = {"at_least": 1.0, "at_most": -1.0}

#: Floating-point noise, far below the last digit of any published figure.
_NOISE = 1e-9


def progress(
    indicators: pd.DataFrame,
    targets: pd.DataFrame,
    geo_nl: str = "NL",
    *,
    published_preference: Sequence[str] = (),
    preferred_scopes: Mapping[str, Sequence[str]] | None = None,
    ignored_methods: Collection[str] = SENSITIVITY_METHODS,
    counted_as_declared: Collection[str] = (),
) -> pd.DataFrame:
    """Every target held against what was observed.

    In: indicators and targets. Out: progress, one row a target, geo and assessed year.
    A target of level NL is held against `geo_nl` only. A target of level EU is an obligation of a member
    state and is held against every geo except the aggregates; whether a geo was bound in that year
    (accession, derogation) is not judged here. Every observed year within the target's years is `met` or
    `not_met`. Where the latest observed year lies before a target's first year, that year is
    `already_at_target` or `not_yet_at_target`. A target without an observation to judge it by gets one
    `no_data` row for `geo_nl`. Distance is signed so that positive is better than the target. Which value
    counts is said in `assessed_values`. Raises ValueError for an unknown comparator or level, or when an
    indicator and its target differ in unit.
    """
    _refuse_unknown(targets, "comparator", _DIRECTION)
    _refuse_unknown(targets, "level", ("EU", "NL"))
    goals = targets.rename(
        columns={"year_from": "target_year_from", "year_to": "target_year_to", "value": "target_value"}
    )
    values = assessed_values(
        indicators,
        published_preference=published_preference,
        preferred_scopes=preferred_scopes,
        ignored_methods=ignored_methods,
        counted_as_declared=counted_as_declared,
    )
    observed = values.drop(columns="chain_table").rename(columns={"unit": "observed_unit"})
    pairs = goals.merge(observed, on=["indicator", "subgroup"], how="inner")
    bound = np.where(pairs["level"] == "NL", pairs["geo"] == geo_nl, ~pairs["geo"].isin(AGGREGATES))
    pairs = pairs.loc[bound]
    _refuse_other_units(pairs)

    latest = pairs.groupby(["target_id", "geo"])["year"].transform("max")
    started = pairs["year"] >= pairs["target_year_from"]
    within = started & (pairs["target_year_to"].isna() | (pairs["year"] <= pairs["target_year_to"]))
    ahead = (latest < pairs["target_year_from"]) & (pairs["year"] == latest)
    judged = _judged(pairs.loc[within | ahead], within.loc[within | ahead])

    with_a_verdict = judged.loc[judged["geo"] == geo_nl, "target_id"]
    without = _without_data(goals.loc[~goals["target_id"].isin(with_a_verdict)], geo_nl)
    return _typed(pd.concat([_typed(judged), _typed(without)], ignore_index=True))


def assessed_values(
    indicators: pd.DataFrame,
    *,
    published_preference: Sequence[str] = (),
    preferred_scopes: Mapping[str, Sequence[str]] | None = None,
    ignored_methods: Collection[str] = (),
    counted_as_declared: Collection[str] = (),
) -> pd.DataFrame:
    """The one value that counts for every indicator, subgroup, geo and year.

    In: indicators. Out: the cell, chain_table, unit, value (unrounded), decimals, basis (`computed`, `published` or
    `delivered`), basis_source, scope_version, confidence, status. Rows without a value do not count. Scope: the
    first of `preferred_scopes[indicator]` that a cell has (`all` for an indicator not named); others are
    ignored. Published: the source that comes first in `published_preference`, sources not listed after it by
    name. Computed: counts, unrounded, where it rounds to that published value or where nothing is published;
    else the published.
    What chain tables deliver comes last, both in its rank and in its scope: scope `declared` is a part of the market,
    so it counts only in a series (indicator, subgroup, geo) that has no other value, and never goes on where an
    official series ends. For the indicators in `counted_as_declared` it comes first: there the law counts what
    producers declare, and a figure from elsewhere only quotes it.
    """
    rows = indicators.loc[indicators["value"].notna() & ~indicators["method"].isin(list(ignored_methods))]
    rows = _of_preferred_scope(rows, preferred_scopes or {})
    delivered = from_deliveries(rows["source"])
    ruling = delivered & rows["indicator"].isin(list(counted_as_declared))
    rank = {source: position for position, source in enumerate(published_preference)}
    ranks = rows["source"].map(rank).astype("float64").fillna(len(rank)) + delivered.astype("int64")
    rows = rows.assign(rank=ranks.mask(ruling, -1).astype("int64"), ruling=ruling, given=rows["origin"] != "computed")
    first = rows.sort_values([*CELL, "rank", "source", "method"], kind="stable").drop_duplicates([*CELL, "given"])
    computed = first.loc[~first["given"]]
    published = first.loc[first["given"]]

    both = computed[[*CELL, "value", "ruling"]].merge(
        published[[*CELL, "value", "decimals"]], on=CELL, how="inner", suffixes=("", "_published")
    )
    half_a_digit = 0.5 * 10.0 ** -both["decimals"].astype("float64")
    differing = (both["value"] - both["value_published"]).abs() > half_a_digit + _NOISE
    overruled = both.loc[differing & ~both["ruling"], CELL]
    confirmed = _without(computed, overruled)
    counted = pd.concat([confirmed, _without(published, confirmed[CELL])], ignore_index=True)
    counted = counted.rename(columns={"origin": "basis", "source": "basis_source"})
    columns = (
        *CELL,
        "chain_table",
        "unit",
        "value",
        "decimals",
        "basis",
        "basis_source",
        "scope_version",
        "confidence",
        "obs_status",
        "flags",
        "known_break",
    )
    return in_order(counted, columns, CELL)


def from_deliveries(source: pd.Series[str]) -> pd.Series[bool]:
    """Which rows rest on what chain tables delivered, alone or with another source."""
    return source.str.contains(rf"(?:^|\+){SOURCE_PREFIX}", regex=True).astype("bool")


def _of_preferred_scope(rows: pd.DataFrame, preferred_scopes: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    named = pd.DataFrame(
        [
            (indicator, scope, rank)
            for indicator, scopes in preferred_scopes.items()
            for rank, scope in enumerate(scopes)
        ],
        columns=["indicator", "scope_version", "scope_rank"],
    ).astype({"indicator": "str", "scope_version": "str", "scope_rank": "float64"})
    ranked = rows.merge(named, on=["indicator", "scope_version"], how="left")
    by_default = ~ranked["indicator"].isin(list(preferred_scopes)) & (ranked["scope_version"] == "all")
    ranked["scope_rank"] = ranked["scope_rank"].mask(by_default, 0.0)
    last_resort = (ranked["scope_version"] == DECLARED) & ranked["scope_rank"].isna()
    standing = ranked.loc[ranked["scope_rank"].notna(), CELL[:3]].drop_duplicates()
    alone = ~pd.MultiIndex.from_frame(ranked[CELL[:3]]).isin(pd.MultiIndex.from_frame(standing))
    ranked["scope_rank"] = ranked["scope_rank"].mask(last_resort & alone, np.inf)
    ranked = ranked.loc[ranked["scope_rank"].notna()]
    return ranked.loc[ranked["scope_rank"] == ranked.groupby(CELL)["scope_rank"].transform("min")].drop(
        columns="scope_rank"
    )


def _without(rows: pd.DataFrame, cells: pd.DataFrame) -> pd.DataFrame:
    marked = rows.merge(cells.assign(present=True), on=CELL, how="left")
    return marked.loc[marked["present"].isna()].drop(columns="present")


def _judged(pairs: pd.DataFrame, within: pd.Series[bool]) -> pd.DataFrame:
    distance = (pairs["value"] - pairs["target_value"]) * pairs["comparator"].map(_DIRECTION).astype("float64")
    # 100 * (0.95 - 1) is -5.000000000000004: noise must not decide whether a target is met.
    reached = distance >= -_NOISE
    verdict = np.select(
        [within & reached, within & ~reached, ~within & reached],
        ["met", "not_met", "already_at_target"],
        "not_yet_at_target",
    )
    return pairs.assign(
        assessed_year=pairs["year"],
        value_rounded=half_up(pairs["value"], pairs["decimals"]),
        distance=distance,
        distance_rounded=half_up(distance, pairs["decimals"]),
        verdict=pd.Series(verdict, index=pairs.index, dtype="str"),
    )


def _without_data(goals: pd.DataFrame, geo_nl: str) -> pd.DataFrame:
    return goals.assign(
        geo=geo_nl,
        assessed_year=goals["target_year_from"],
        year=None,
        value=np.nan,
        value_rounded=np.nan,
        basis=None,
        basis_source=None,
        distance=np.nan,
        distance_rounded=np.nan,
        verdict="no_data",
        obs_status="O",
        flags="",
        known_break=None,
    )


def _typed(rows: pd.DataFrame) -> pd.DataFrame:
    numbers = ("target_value", "value", "value_rounded", "distance", "distance_rounded")
    whole = {
        "target_year_from": "int64",
        "target_year_to": "Int64",
        "assessed_year": "int64",
        "year": "Int64",
    }
    types = {column: "float64" if column in numbers else whole.get(column, "str") for column in PROGRESS_COLUMNS}
    return in_order(rows[list(PROGRESS_COLUMNS)].astype(types), PROGRESS_COLUMNS, PROGRESS_KEY)


def _refuse_unknown(targets: pd.DataFrame, column: str, known: Collection[str]) -> None:
    unknown = targets.loc[~targets[column].isin(list(known)), ["target_id", column]]
    if len(unknown):
        first = unknown.iloc[0]
        raise ValueError(
            f"targets.{column}: {first['target_id']} has {first[column]!r}, expected one of "
            f"{', '.join(known)} ({len(unknown)} such rows); correct it in contracts/reference/targets.csv"
        )


def _refuse_other_units(pairs: pd.DataFrame) -> None:
    other = pairs.loc[pairs["unit"] != pairs["observed_unit"]]
    if len(other):
        row = other.iloc[0]
        observed = " ".join(str(row[column]) for column in CELL)
        raise ValueError(
            f"progress: target {row['target_id']} is in {row['unit']}, but {observed} is in "
            f"{row['observed_unit']} ({len(other)} such rows); bring them to one unit first"
        )

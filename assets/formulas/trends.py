"""Trends: every target with what changed a year, whether that suffices, and where it leads.

Belongs here: bringing targets and observed series together and giving each its trend. Does not belong here: the change
and the arrows (`arrows.py`), the line and its projection (`projection.py`), whether a target is met (`targets.py`).

Sources: domain study, chapter 7.4 (Eurostat SDG method for the arrows) and chapter 6 (the halving table).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np
import pandas as pd

from assets.formulas.arrows import arrow_with_target, observed_change, required_change
from assets.formulas.breaks import mark_known_breaks
from assets.formulas.projection import is_break, projection, windows
from assets.formulas.shapes import in_order
from assets.formulas.targets import AGGREGATES, SENSITIVITY_METHODS, assessed_values
from assets.formulas.trend_cases import DEFAULT_RULES, DIRECTION, REFUSALS, WHOLE, TrendRules, reason_of, refuse_unknown

TREND_COLUMNS = (
    "chain_table", "target_id", "indicator", "subgroup", "geo", "from_year", "to_year", "points",
    "observed_change_per_year", "required_change_per_year", "change_unit", "ratio", "arrow", "projected_value",
    "projected_low", "projected_high", "probability", "refusal",
)  # fmt: skip
TREND_KEY = ("target_id", "geo")

_SERIES = ["indicator", "subgroup", "geo"]


def trend(
    indicators: pd.DataFrame,
    targets: pd.DataFrame,
    geo_nl: str = "NL",
    *,
    published_preference: Sequence[str] = (),
    preferred_scopes: Mapping[str, Sequence[str]] | None = None,
    ignored_methods: Collection[str] = SENSITIVITY_METHODS,
    counted_as_declared: Collection[str] = (),
    known_breaks: pd.DataFrame | None = None,
    rules: TrendRules = DEFAULT_RULES,
) -> pd.DataFrame:
    """Every target with the trend of its indicator: one row a target and geo.

    In: indicators and targets (with, where wanted, base_year: the year from which a target counts its change). Out:
    TREND_COLUMNS. Which value counts, and which geos a target is held against, is as in `targets.progress`; a target
    without observations gets one row for `geo_nl`, with 0 points.
    observed_change_per_year runs over from_year..to_year; required_change_per_year from to_year to the target year;
    both in change_unit: `percentage_points` (rates, linear), `percent` (volumes, compound), `unit` (linear, otherwise).
    ratio compares compound rates from from_year on, so it is not the quotient of these two. The target year is the
    first year of the target; a target that has started has no year ahead (`no_target_year`). With `known_breaks` (as
    in `breaks.mark_known_breaks`) a break between the last observation and the target year refuses too: figures of
    2007 do not lead to a target that counts otherwise. The module says what each refusal takes away.
    Raises ValueError as `targets.progress` does.
    """
    refuse_unknown(targets, "comparator", DIRECTION)
    refuse_unknown(targets, "level", ("EU", "NL"))
    goals = targets.rename(columns={"year_from": "target_year", "value": "target"}).assign(
        base_year=targets["base_year"].astype("float64") if "base_year" in targets else np.nan
    )[["target_id", "chain_table", *_SERIES[:2], "level", "target_year", "target", "comparator", "unit", "base_year"]]
    counted = assessed_values(
        indicators,
        published_preference=published_preference,
        preferred_scopes=preferred_scopes,
        ignored_methods=ignored_methods,
        counted_as_declared=counted_as_declared,
    )
    if known_breaks is not None:
        counted = _broken(counted, known_breaks)
    pairs = _pairs(goals, counted, geo_nl)
    points = counted.merge(pairs[[*_SERIES, "base_year"]].drop_duplicates(), on=_SERIES)
    points["base"] = points["base_year"].fillna(-1.0)
    found = windows(points, [*_SERIES, "base"], rules)
    cases = pairs.assign(base=pairs["base_year"].fillna(-1.0)).merge(found, on=[*_SERIES, "base"], how="left")
    cases["points"] = cases["points"].fillna(0).astype("int64")
    cases["refusal"] = cases["refusal"].where(cases["points"] > 0, "fewer_than_four_points")
    if known_breaks is not None:
        ahead = _breaks_ahead(cases, known_breaks, rules.ignored_breaks)
        cases["refusal"] = cases["refusal"].mask(ahead & cases["refusal"].isna(), "across_break")
    return _typed(_judged(cases, rules))


def _broken(counted: pd.DataFrame, known_breaks: pd.DataFrame) -> pd.DataFrame:
    # What counts may come from several sources: a break between the last value of one and the first of the next is in
    # neither of their series. A forecast is no point, so it cannot carry a break either.
    is_forecast = counted["flags"].astype("str").fillna("").str.contains("f", regex=False)
    values = counted[["chain_table", *_SERIES, "year", "known_break"]].assign(value=counted["value"].mask(is_forecast))
    marked = mark_known_breaks(values, known_breaks, series_column="indicator")
    return counted.assign(known_break=marked["known_break"])


def _breaks_ahead(cases: pd.DataFrame, known_breaks: pd.DataFrame, ignored: Collection[str]) -> pd.Series[bool]:
    place = ["chain_table", *_SERIES]
    years = [
        list(range(int(last) + 1, int(aim) + 1)) if last == last else []
        for last, aim in zip(cases["to_year"].astype("float64"), cases["target_year"], strict=True)
    ]
    to_come = cases[place].assign(year=pd.Series(years, index=cases.index)).explode("year").dropna(subset="year")
    marked = mark_known_breaks(
        to_come.reset_index(names="case").astype({"year": "int64"}), known_breaks, series_column="indicator"
    ).assign(flags="")
    if "known_break" not in marked:
        return pd.Series(False, index=cases.index)
    broken = marked.loc[is_break(marked, ignored), "case"]
    return pd.Series(cases.index.isin(broken), index=cases.index)


def _pairs(goals: pd.DataFrame, counted: pd.DataFrame, geo_nl: str) -> pd.DataFrame:
    series = counted[[*_SERIES, "unit"]].drop_duplicates().rename(columns={"unit": "observed_unit"})
    pairs = goals.merge(series, on=_SERIES[:2], how="inner")
    bound = np.where(pairs["level"] == "NL", pairs["geo"] == geo_nl, ~pairs["geo"].isin(AGGREGATES))
    pairs = pairs.loc[bound]
    other = pairs.loc[pairs["unit"] != pairs["observed_unit"]]
    if len(other):
        row = other.iloc[0]
        raise ValueError(
            f"trend: target {row['target_id']} is in {row['unit']}, but {' '.join(row[_SERIES])} is in "
            f"{row['observed_unit']} ({len(other)} such rows); bring them to one unit first"
        )
    held = pairs.loc[pairs["geo"] == geo_nl, "target_id"]
    unobserved = goals.loc[~goals["target_id"].isin(held)].assign(geo=geo_nl)
    return pd.concat([pairs.drop(columns="observed_unit"), unobserved], ignore_index=True)


def _judged(pairs: pd.DataFrame, rules: TrendRules) -> pd.DataFrame:
    years_left = pairs["target_year"] - pairs["to_year"]
    within = (pairs["lowest"] >= 0) & (pairs["highest"] <= 100) & pairs["target"].between(0, 100)
    cases = pairs.assign(
        years_left=years_left,
        elapsed=pairs["to_year"] - pairs["from_year"],
        horizon=(pairs["target_year"] - pairs["from_year"]).where(years_left > 0),
        linear=pairs["unit"].isin(list(rules.linear_units)),
        bounded=pairs["unit"].isin(list(rules.bounded_units)) & within,
        change_unit=pairs["unit"].map(dict(rules.linear_units)).fillna("percent"),
    )
    made = [observed_change(cases), required_change(cases), arrow_with_target(cases, rules), projection(cases, rules)]
    whole = cases["refusal"].isin(WHOLE)
    # A reason that refuses all goes before the reasons of the parts.
    given = [part["refusal"].where(~whole, cases["refusal"]) for part in made]
    numbers = pd.concat([part.drop(columns="refusal") for part in made], axis=1)
    numbers = numbers.where(~whole)
    reasons = [
        (reason, np.logical_or.reduce([(one == reason).to_numpy(dtype=bool) for one in given])) for reason in REFUSALS
    ]
    return cases.drop(columns="refusal").join(numbers).assign(refusal=reason_of(cases.index, reasons))


def _typed(rows: pd.DataFrame) -> pd.DataFrame:
    text = ("chain_table", "target_id", *_SERIES, "change_unit", "arrow", "refusal")
    whole = {"from_year": "Int64", "to_year": "Int64", "points": "int64"}
    types = {column: "str" if column in text else whole.get(column, "float64") for column in TREND_COLUMNS}
    return in_order(rows[list(TREND_COLUMNS)].astype(types), TREND_COLUMNS, TREND_KEY)

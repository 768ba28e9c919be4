"""Collection against the mean put on the market in three years: e-waste (method A), batteries, and gaps.

Belongs here: formulas over the three-year mean, and the mass short of a target by both methods. Does not belong here:
the rate of method B, which is a plain ratio (`rates.py`). Basis: Directive 2012/19/EU art. 7(1), Implementing
Regulation (EU) 2017/699 art. 3, Regeling AEEA art. 10; batteries: Regulation (EU) 2023/1542 art. 59(3) and Annex XI.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from assets.formulas.flags import union, with_letter
from assets.formulas.rates import scaled_ratio
from assets.formulas.shapes import aligned, computed_rows, joined_codes, matching, measure_rows

PRECEDING_YEARS = 3
#: How many years before the collection lie the three years of the mean: of equipment, and of portable batteries.
YEARS_BEFORE = (1, 2, 3)
YEAR_AND_TWO_BEFORE = (0, 1, 2)


def collection_rate_method_a(
    observations: pd.DataFrame,
    *,
    chain_table: str = "electronics",
    indicator: str = "weee_collection_rate_pom",
    collected: str = "separately_collected",
    put_on_market: str = "put_on_market",
    method: str = "collected_over_mean_pom_3y",
    subgroups: Sequence[str] | None = ("total",),
    decimals: int = 1,
    across: Sequence[str] = (),
    years_back: Sequence[int] = YEARS_BEFORE,
    keep_confidential: bool = False,
) -> pd.DataFrame:
    """`100 * COL[t] / mean(POM[t-1], POM[t-2], POM[t-3])` in percent.

    In: observations. Out: indicators; numerator is the mass collected, denominator the mean put on the
    market. Calendar years, not positions: all four values are required, otherwise there is no row. A mean of
    zero gives a null. Flags are the union over the four inputs. Where definition or scope differs between the
    inputs the flag `b` is added. `across` lists columns in which collected and put on market may differ, such
    as `source` or `scope_version`. `years_back` gives the years of the mean as steps back from t. With
    `keep_confidential` a confidential input gives a row without a value, with letter `c`; else it gives none.
    """
    inputs = _inputs(
        observations, chain_table, collected, put_on_market, subgroups, across, (), years_back, keep_confidential
    )
    mean = _mean_put_on_market(inputs)
    return computed_rows(
        inputs,
        chain_table=chain_table,
        indicator=indicator,
        method=method,
        unit="percent",
        decimals=decimals,
        value=scaled_ratio(inputs[0]["value"], mean, 100.0),
        numerator=inputs[0]["value"],
        denominator=mean,
        flags=_flags(inputs),
        known_break=_breaks_crossed(inputs),
    )


def gap_to_target_method_a(
    observations: pd.DataFrame,
    targets_by_year: Mapping[int, float],
    *,
    chain_table: str = "electronics",
    indicator: str = "weee_gap_to_target_t",
    collected: str = "separately_collected",
    put_on_market: str = "put_on_market",
    method: str = "gap_method_a",
    subgroups: Sequence[str] | None = ("total",),
    decimals: Mapping[str, int] | None = None,
    across: Sequence[str] = (),
) -> pd.DataFrame:
    """`max(0, T / 100 * mean(POM[t-1..t-3]) - COL[t])`: the mass short of the target of year t.

    In: observations and the target in percent per calendar year; a year without a target has no row.
    Out: indicators in the unit of the observations; numerator is the mass that the target asks for,
    denominator the mean put on the market. `decimals` per mass unit; tonnes 0 and kilotonnes 3 unless told
    otherwise.
    """
    places = {"t": 0, "kt": 3} if decimals is None else dict(decimals)
    inputs = _inputs(observations, chain_table, collected, put_on_market, subgroups, across)
    targeted = inputs[0]["year"].isin(list(targets_by_year))
    inputs = [part.loc[targeted].reset_index(drop=True) for part in inputs]
    mean = _mean_put_on_market(inputs)
    required = inputs[0]["year"].map(dict(targets_by_year)).astype("float64") * mean / 100.0
    return computed_rows(
        inputs,
        chain_table=chain_table,
        indicator=indicator,
        method=method,
        unit=inputs[0]["unit"],
        decimals=inputs[0]["unit"].map(places),
        value=(required - inputs[0]["value"]).clip(lower=0.0),
        numerator=required,
        denominator=mean,
        flags=_flags(inputs),
        known_break=_breaks_crossed(inputs),
    )


def gap_to_target_method_b(
    observations: pd.DataFrame,
    targets_by_year: Mapping[int, float],
    *,
    chain_table: str = "electronics",
    indicator: str = "weee_gap_to_target_generated_t",
    collected: str = "separately_collected",
    generated: str = "weee_generated",
    method: str = "gap_method_b",
    across: Sequence[str] = (),
) -> pd.DataFrame:
    """`max(0, T / 100 * W[t] - COL[t])`: the tonnes short of the target of year t against WEEE generated.

    In: observations in tonnes and the target in percent per calendar year; a year without a target, or without either
    figure, has no row. Out: indicators in tonnes; numerator is the mass that the target asks for, denominator WEEE
    generated. Flags are the union over both.
    """
    known = observations.loc[observations["value"].notna() & observations["year"].isin(list(targets_by_year))]
    collection, waste = aligned(
        [
            measure_rows(known, measure, chain_table=chain_table, subgroups=("total",), units=("t",))
            for measure in (collected, generated)
        ],
        matching(across),
    )
    required = collection["year"].map(dict(targets_by_year)).astype("float64") * waste["value"] / 100.0
    return computed_rows(
        [collection, waste],
        chain_table=chain_table,
        indicator=indicator,
        method=method,
        unit="t",
        decimals=0,
        value=(required - collection["value"]).clip(lower=0.0),
        numerator=required,
        denominator=waste["value"],
        flags=union(collection["flags"], waste["flags"]),
    )


def recycling_rate_market(
    observations: pd.DataFrame,
    *,
    chain_table: str = "electronics",
    indicator: str = "weee_recycling_rate_market",
    collected: str = "separately_collected",
    put_on_market: str = "put_on_market",
    recycled: str = "recycled_and_prepared_for_reuse",
    treated: str = "treated",
    method: str = "rate_pom_times_rcy_over_trt",
    subgroups: Sequence[str] | None = ("total",),
    decimals: int = 1,
) -> pd.DataFrame:
    """`100 * COL[t] / mean(POM[t-1..t-3]) * RCY_REU[t] / TRT[t]`: the archived Eurostat indicator cei_wm050.

    In: observations. Out: indicators in percent; numerator is COL * RCY_REU / TRT, denominator the mean put
    on the market. The recycling part is over treated, not over collected as in cei_wm060: the two are not
    interchangeable.
    """
    rows = [
        measure_rows(observations, measure, chain_table=chain_table, subgroups=subgroups)
        for measure in (recycled, treated)
    ]
    inputs = _inputs(observations, chain_table, collected, put_on_market, subgroups, (), others=rows)
    mean = _mean_put_on_market(inputs)
    recycled_of_collected = inputs[0]["value"] * scaled_ratio(inputs[-2]["value"], inputs[-1]["value"], 1.0)
    return computed_rows(
        inputs,
        chain_table=chain_table,
        indicator=indicator,
        method=method,
        unit="percent",
        decimals=decimals,
        value=scaled_ratio(recycled_of_collected, mean, 100.0),
        numerator=recycled_of_collected,
        denominator=mean,
        flags=_flags(inputs),
        known_break=_breaks_crossed(inputs),
    )


def _inputs(
    observations: pd.DataFrame,
    chain_table: str,
    collected: str,
    put_on_market: str,
    subgroups: Sequence[str] | None,
    across: Sequence[str],
    others: Sequence[pd.DataFrame] = (),
    years_back: Sequence[int] = YEARS_BEFORE,
    keep_confidential: bool = False,
) -> list[pd.DataFrame]:
    """Collected of year t, put on market of the three years, the others of year t; complete rows only."""
    collection, market = (
        measure_rows(observations, measure, chain_table=chain_table, subgroups=subgroups)
        for measure in (collected, put_on_market)
    )
    collection, market = (
        rows.loc[rows["value"].notna() | (keep_confidential & (rows["conf_status"] == "C"))]
        for rows in (collection, market)
    )
    preceding = [market.assign(year=market["year"] + back) for back in years_back]
    return aligned([collection, *preceding, *others], matching(across))


def _mean_put_on_market(inputs: Sequence[pd.DataFrame]) -> pd.Series[float]:
    market = np.vstack([part["value"].to_numpy(dtype="float64") for part in inputs[1 : PRECEDING_YEARS + 1]])
    # Summed in a fixed order, so that the last bit does not depend on how the rows came in.
    return pd.Series(market.sum(axis=0) / PRECEDING_YEARS, index=inputs[0].index)


def _flags(inputs: Sequence[pd.DataFrame]) -> pd.Series[str]:
    mixed = _differ(inputs, "definition_version") | _differ(inputs, "scope_version")
    return with_letter(union(*[part["flags"] for part in inputs]), "b", mixed)


def _differ(inputs: Sequence[pd.DataFrame], column: str) -> pd.Series[bool]:
    first = inputs[0][column].fillna("")
    return pd.concat([part[column].fillna("") != first for part in inputs[1:]], axis=1).any(axis=1)


def _breaks_crossed(inputs: Sequence[pd.DataFrame]) -> pd.Series[str]:
    # A break that starts in t-3 lies before all inputs: the four figures are of one series. It is the later
    # years that mix.
    crossing = [inputs[0], *inputs[1:PRECEDING_YEARS], *inputs[PRECEDING_YEARS + 1 :]]
    return joined_codes([part["known_break"] for part in crossing])

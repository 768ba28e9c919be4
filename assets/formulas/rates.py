"""Rates within one year: ratios of sums, amounts per inhabitant, shares and sums of parts.

Belongs here: formulas whose inputs are of the same year. Does not belong here: rates over the mean of several
years (`collection.py`) and change against a base year (`comparison.py`).
All rates are ratios of sums, never means of ratios (domain study, chapter 0.7).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import add

import numpy as np
import pandas as pd

from assets.formulas.flags import union, union_for_sum
from assets.formulas.shapes import (
    MASS_UNITS,
    aligned,
    computed_rows,
    finished_indicators,
    in_order,
    matching,
    measure_rows,
)

SUM_OF_PARTS_KEY = ("chain_table", "measure", "subgroup", "geo", "year", "unit", "scope_version", "source")
SUM_OF_PARTS_COLUMNS = (
    *SUM_OF_PARTS_KEY,
    "sum_of_parts",
    "published_total",
    "residual",
    "within_tolerance",
    "flags",
)


def ratio(
    observations: pd.DataFrame,
    *,
    chain_table: str,
    indicator: str,
    numerator: str,
    denominator: str,
    method: str,
    unit: str = "percent",
    scale: float = 100.0,
    decimals: int = 1,
    subgroups: Sequence[str] | None = None,
    units: Sequence[str] = MASS_UNITS,
    across: Sequence[str] = (),
) -> pd.DataFrame:
    """`scale * numerator / denominator` of two measures in mass units, or in the units that are named.

    In: observations. Out: indicators, one row for every subgroup, geo, year, scope and source that has a row
    of both measures; without a row there is no rate. A missing value of either gives a null with the union of
    their letters; a denominator of zero gives a null with status O. Editions of one source may differ between
    the two and are both named. `across` lists columns in which the two may differ, such as `source`. Raises
    ValueError when that leaves several rows a key.
    """
    upper, lower = aligned(
        [
            measure_rows(observations, measure, chain_table=chain_table, subgroups=subgroups, units=units)
            for measure in (numerator, denominator)
        ],
        matching(across),
    )
    return computed_rows(
        [upper, lower],
        chain_table=chain_table,
        indicator=indicator,
        method=method,
        unit=unit,
        decimals=decimals,
        value=scaled_ratio(upper["value"], lower["value"], scale),
        numerator=upper["value"],
        denominator=lower["value"],
        flags=union(upper["flags"], lower["flags"]),
    )


def per_inhabitant(
    observations: pd.DataFrame,
    population: pd.DataFrame,
    *,
    chain_table: str,
    indicator: str,
    measure: str,
    method: str = "per_inhabitant",
    unit: str = "kg_per_inhabitant",
    mass_unit: str = "t",
    scale: float = 1000.0,
    decimals: int = 2,
    subgroups: Sequence[str] | None = None,
    population_measure: str = "population_average",
) -> pd.DataFrame:
    """`scale * mass / average population of the same year`; kilograms per inhabitant from tonnes.

    In: observations and a population in the same shape (measure `population_average`, unit persons; rows of
    another chain table are left aside). Out: indicators. Definition and scope are those of the mass. The
    average population is what Eurostat divides by; 1 January gives other figures (domain study, chapter 0.2).
    """
    mass = measure_rows(observations, measure, chain_table=chain_table, subgroups=subgroups, units=(mass_unit,))
    persons = measure_rows(population, population_measure, chain_table=chain_table, units=("persons",))
    aligned([persons], ["geo", "year"])  # refuses two populations for one country and year
    known = mass.merge(persons[["geo", "year"]], on=["geo", "year"], how="inner")
    (mass,) = aligned([known], matching())
    persons = mass[["geo", "year"]].merge(persons, on=["geo", "year"], how="left")
    return computed_rows(
        [mass, persons],
        chain_table=chain_table,
        indicator=indicator,
        method=method,
        unit=unit,
        decimals=decimals,
        value=scaled_ratio(mass["value"], persons["value"], scale),
        numerator=mass["value"],
        denominator=persons["value"],
        flags=union(mass["flags"], persons["flags"]),
        definitions=[mass],
    )


def share_of_sum(
    observations: pd.DataFrame,
    parts: Sequence[str],
    whole_parts: Sequence[str],
    *,
    chain_table: str,
    indicator: str,
    method: str,
    decimals: int = 1,
    subgroups: Sequence[str] | None = None,
    across: Sequence[str] = (),
) -> pd.DataFrame:
    """`100 * sum of the measures in parts / sum of the measures in whole_parts`, such as the share treated
    abroad.

    In: observations. Out: indicators in percent. All measures are required: without a row of one there is no
    share, without a value of one the share is null. Flags enter each sum under the 5 % weight rule. `across` lists
    columns in which the measures may differ.
    """
    measures = list(dict.fromkeys([*parts, *whole_parts]))
    frames = aligned(
        [measure_rows(observations, measure, chain_table=chain_table, subgroups=subgroups) for measure in measures],
        matching(across),
    )
    of = dict(zip(measures, frames, strict=True))
    part = _sum_of([of[measure] for measure in parts])
    whole = _sum_of([of[measure] for measure in whole_parts])
    return computed_rows(
        frames,
        chain_table=chain_table,
        indicator=indicator,
        method=method,
        unit="percent",
        decimals=decimals,
        value=scaled_ratio(part, whole, 100.0),
        numerator=part,
        denominator=whole,
        flags=union(
            union_for_sum([(of[measure]["value"], of[measure]["flags"]) for measure in parts], part),
            union_for_sum([(of[measure]["value"], of[measure]["flags"]) for measure in whole_parts], whole),
        ),
    )


def sum_of_parts(
    observations: pd.DataFrame,
    measure: str,
    total_subgroup: str,
    parts: Sequence[str],
    tolerance: float,
    *,
    chain_table: str,
    units: Sequence[str] = MASS_UNITS,
) -> pd.DataFrame:
    """The sum of the parts of a measure held against the published total of the same source.

    Out: key columns of an observation, `sum_of_parts`, `published_total` (null where not published),
    `residual` (total minus sum), `within_tolerance` (null without both), `flags` of the sum under the 5 %
    weight rule. All parts are required: no row where a part has no row, a null sum where a part has no value.
    `tolerance` is in the unit of the measure. Published totals win over sums; the residual is there to be
    shown.
    """
    frames = _parts_of(observations, measure, parts, chain_table=chain_table, units=units)
    total = measure_rows(observations, measure, chain_table=chain_table, subgroups=[total_subgroup], units=units)
    rows = frames[0].assign(subgroup=total_subgroup, sum_of_parts=_sum_of(frames))
    rows["flags"] = union_for_sum([(frame["value"], frame["flags"]) for frame in frames], rows["sum_of_parts"])
    published = total[[*SUM_OF_PARTS_KEY, "value"]].rename(columns={"value": "published_total"})
    rows = rows.merge(published, on=list(SUM_OF_PARTS_KEY), how="left", validate="one_to_one")
    rows["residual"] = rows["published_total"] - rows["sum_of_parts"]
    within = (rows["residual"].abs() <= tolerance).astype("boolean")
    rows["within_tolerance"] = within.mask(rows["residual"].isna())
    return in_order(rows, SUM_OF_PARTS_COLUMNS, SUM_OF_PARTS_KEY)


def total_from_parts(
    observations: pd.DataFrame,
    measure: str,
    total_subgroup: str,
    parts: Sequence[str],
    *,
    chain_table: str,
    indicator: str,
    method: str = "sum_of_materials",
    unit: str = "t",
    decimals: int = 0,
) -> pd.DataFrame:
    """The sum of the parts of a measure as an indicator of the total, beside which the published total can
    stand.

    Out: indicators for `total_subgroup`; numerator is the sum, denominator is null. All parts are required.
    """
    frames = _parts_of(observations, measure, parts, chain_table=chain_table, units=(unit,))
    total = _sum_of(frames)
    return computed_rows(
        [frames[0].assign(subgroup=total_subgroup), *frames[1:]],
        chain_table=chain_table,
        indicator=indicator,
        method=method,
        unit=unit,
        decimals=decimals,
        value=total,
        numerator=total,
        denominator=pd.Series(np.nan, index=total.index),
        flags=union_for_sum([(frame["value"], frame["flags"]) for frame in frames], total),
    )


def complement(rates: pd.DataFrame, *, indicator: str, method: str) -> pd.DataFrame:
    """`100 - rate`, such as the share of e-waste that is not accounted for; indicators in and out."""
    return finished_indicators(
        rates.assign(
            indicator=indicator,
            method=method,
            value=100.0 - rates["value"],
            numerator=rates["denominator"] - rates["numerator"],
        )
    )


def scaled_ratio(numerator: pd.Series[float], denominator: pd.Series[float], scale: float) -> pd.Series[float]:
    """`scale * numerator / denominator`; null where either is missing or the denominator is zero."""
    return scale * numerator.astype("float64") / denominator.astype("float64").where(denominator != 0)


def _parts_of(
    observations: pd.DataFrame, measure: str, parts: Sequence[str], *, chain_table: str, units: Sequence[str]
) -> list[pd.DataFrame]:
    rows = measure_rows(observations, measure, chain_table=chain_table, units=units)
    return aligned([rows.loc[rows["subgroup"] == part] for part in parts], matching(across=["subgroup"]))


def _sum_of(frames: Sequence[pd.DataFrame]) -> pd.Series[float]:
    return reduce(add, [frame["value"].astype("float64") for frame in frames])

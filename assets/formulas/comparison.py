"""Change of an indicator against a base year.

Belongs here: comparison of years within one series. Does not belong here: distance to a target
(`targets.py`).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from assets.formulas.flags import union, with_letter
from assets.formulas.rates import scaled_ratio
from assets.formulas.shapes import computed_rows, joined_codes

#: What two years must have in common to be one series.
_SERIES = [
    "chain_table",
    "indicator",
    "subgroup",
    "geo",
    "unit",
    "origin",
    "method",
    "source",
    "scope_version",
]


def change_against_base(
    indicator_rows: pd.DataFrame,
    base_year: int,
    method: str,
    *,
    indicator: str = "pack_reduction_vs_2018",
    decimals: int = 1,
) -> pd.DataFrame:
    """`100 * (value[t] / value[base_year] - 1)`; negative is a reduction.

    In: indicators (one indicator; its series are told apart by source and scope). Out: indicators in percent,
    numerator the value of the year, denominator that of the base year; the base year itself is zero. Without
    a base year there is no row. A break between the two years is not crossed in silence: `b` is added when
    the series carries `b` after the earlier year up to the later one or when the definitions differ, and
    `known_break` names all breaks that lie between. Basis: Regulation (EU) 2025/40 art. 43 (base year 2018).
    """
    found = sorted(indicator_rows["indicator"].unique())
    if len(found) > 1:
        raise ValueError(
            f"change_against_base: expected rows of one indicator, found {', '.join(found)}; select one first"
        )
    twice = indicator_rows.duplicated([*_SERIES, "year"], keep=False)
    if twice.any():
        raise ValueError(
            f"change_against_base: {int(twice.sum())} rows share series and year, first "
            f"{indicator_rows.loc[twice, [*_SERIES, 'year']].iloc[0].to_dict()}; expected one row a year"
        )
    rows = indicator_rows.sort_values([*_SERIES, "year"], kind="stable", ignore_index=True)
    base = rows.loc[rows["year"] == base_year]
    rows = rows.merge(base[_SERIES], on=_SERIES, how="inner")
    reference = rows[_SERIES].merge(base, on=_SERIES, how="left")
    crossed = _breaks_between(rows, base_year)
    redefined = rows["definition_version"].fillna("") != reference["definition_version"].fillna("")
    flags = with_letter(union(rows["flags"], reference["flags"]), "b", crossed["flagged"] | redefined)
    return computed_rows(
        [rows, reference],
        chain_table=str(rows["chain_table"].iloc[0]) if len(rows) else "",
        indicator=indicator,
        method=method,
        unit="percent",
        decimals=decimals,
        value=scaled_ratio(rows["value"], reference["value"], 100.0) - 100.0,
        numerator=rows["value"],
        denominator=reference["value"],
        flags=flags,
        known_break=crossed["known_break"],
    )


def _breaks_between(rows: pd.DataFrame, base_year: int) -> pd.DataFrame:
    """Per row: `flagged` (the letter b) and `known_break` (ids) after the earlier up to the later year."""
    breaks = rows.loc[
        rows["known_break"].notna() | rows["flags"].str.contains("b"),
        [*_SERIES, "year", "known_break", "flags"],
    ]
    pairs = (
        rows[[*_SERIES, "year"]].assign(row=np.arange(len(rows))).merge(breaks, on=_SERIES, suffixes=("", "_of_break"))
    )
    earlier = pairs["year"].clip(upper=base_year)
    later = pairs["year"].clip(lower=base_year)
    pairs = pairs.loc[(pairs["year_of_break"] > earlier) & (pairs["year_of_break"] <= later)]
    flagged = np.isin(np.arange(len(rows)), pairs.loc[pairs["flags"].str.contains("b"), "row"])
    named = (
        pairs.dropna(subset=["known_break"])
        .sort_values(["row", "known_break"])
        .groupby("row")["known_break"]
        .agg("+".join)
    )
    ids = pd.Series(np.arange(len(rows)), index=rows.index).map(named).astype("str")
    return pd.DataFrame(
        {"flagged": flagged, "known_break": joined_codes([ids]) if len(rows) else ids}, index=rows.index
    )

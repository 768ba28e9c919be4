"""Amounts over what was put on the market in the preceding calendar year.

Belongs here: the denominator of the Besluit UPV textiel (Stb. 2023, 132): what producers must re-use and recycle in a
year is a share of what they put on the market the year before. Does not belong here: same-year rates (`rates.py`) and
the mean of three preceding years (`collection.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import add

import pandas as pd

from assets.formulas.flags import union, union_for_sum, with_letter
from assets.formulas.rates import scaled_ratio
from assets.formulas.shapes import aligned, computed_rows, joined_codes, matching, measure_rows


def over_preceding_year(
    observations: pd.DataFrame,
    amounts: Sequence[str],
    *,
    chain_table: str,
    indicator: str,
    put_on_market: str = "put_on_market",
    method: str = "over_previous_year_pom",
    subgroups: Sequence[str] | None = None,
    decimals: int = 1,
    across: Sequence[str] = (),
) -> pd.DataFrame:
    """`100 * sum of the measures in amounts[t] / put on market[t-1]` in percent.

    In: observations. Out: indicators of year t; numerator is the sum, denominator the mass put on the market in t-1.
    The calendar year before, not the row before: without a row of t-1 there is no rate, and every amount is required.
    Scopes must be equal, so that the members of a scheme are never held against the whole market. A missing value gives
    a null, as does a denominator of zero. Flags enter the sum under the 5 % weight rule. Where amounts and market are
    of different definitions the flag `b` is added. `across` lists columns in which the inputs may differ.
    """
    market = measure_rows(observations, put_on_market, chain_table=chain_table, subgroups=subgroups)
    parts = [measure_rows(observations, measure, chain_table=chain_table, subgroups=subgroups) for measure in amounts]
    *summed, before = aligned([*parts, market.assign(year=market["year"] + 1)], matching(across))
    total = reduce(add, [part["value"].astype("float64") for part in summed])
    mixed = pd.concat([part["definition_version"] != before["definition_version"] for part in summed], axis=1)
    flags = union(union_for_sum([(part["value"], part["flags"]) for part in summed], total), before["flags"])
    return computed_rows(
        [*summed, before],
        chain_table=chain_table,
        indicator=indicator,
        method=method,
        unit="percent",
        decimals=decimals,
        value=scaled_ratio(total, before["value"], 100.0),
        numerator=total,
        denominator=before["value"],
        flags=with_letter(flags, "b", mixed.any(axis=1)),
        # A break that starts in t-1 lies before both: amounts and market are then of one series.
        known_break=joined_codes([part["known_break"] for part in summed]),
    )

"""Apparent consumption: what is used at home, from production sold and trade.

Belongs here: the formula, ready for PRODCOM and COMEXT. Does not belong here: conversion of pieces and pairs to tonnes
(the source's module) and any estimate where a part is missing. Basis: Regulation (EU) 2017/699 Annex I; domain study,
chapters 3 and 4.
"""

from __future__ import annotations

import pandas as pd

from assets.formulas.flags import union, with_letter
from assets.formulas.shapes import aligned, computed_rows, matching, measure_rows

#: Re-exports above this share of exports make the balance unreliable (domain study, chapter 3).
UNRELIABLE_RE_EXPORT_SHARE = 0.5


def apparent_consumption(
    observations: pd.DataFrame,
    *,
    chain_table: str,
    indicator: str,
    production: str = "production_sold",
    imports: str = "imports",
    exports: str = "exports",
    re_exports: str = "re_exports",
    method: str = "apparent_consumption",
    unit: str = "t",
    decimals: int = 0,
) -> pd.DataFrame:
    """`production sold + imports - exports` in `unit`; numerator is production plus imports, denominator is null.

    In: observations; the three measures may come from different sources, and all three are required: without one there
    is no row. Out: indicators. A negative balance (re-exports counted on one side only) is no consumption: the value is
    null, with status O. Where re-exports are known and exceed half of the exports, the flag `u` is added.
    """
    wanted = (production, imports, exports)
    parts = aligned(
        [measure_rows(observations, measure, chain_table=chain_table, units=(unit,)) for measure in wanted],
        matching(across=["source"]),
    )
    sold, bought, left = (part["value"].astype("float64") for part in parts)
    balance = sold + bought - left
    passed_on = measure_rows(observations, re_exports, chain_table=chain_table, units=(unit,))
    keys = ["subgroup", "geo", "year"]
    known = parts[0][keys].merge(passed_on[[*keys, "value"]], on=keys, how="left")["value"].astype("float64")
    unreliable = (known / left.where(left != 0) > UNRELIABLE_RE_EXPORT_SHARE).fillna(False)
    return computed_rows(
        parts,
        chain_table=chain_table,
        indicator=indicator,
        method=method,
        unit=unit,
        decimals=decimals,
        value=balance.where(balance >= 0),
        numerator=sold + bought,
        denominator=pd.Series(float("nan"), index=balance.index),
        flags=with_letter(union(*[part["flags"] for part in parts]), "u", unreliable),
    )

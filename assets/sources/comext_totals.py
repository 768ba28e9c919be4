"""COMEXT's rows as yearly imports and exports of the goods that chain tables name: the step before any formula.

Here: which rows count, by `comext_products.csv`, and whole years only. Not here: apparent consumption, for which sold
production is needed too (`assets/formulas/apparent_consumption.py`), and re-exports, which COMEXT does not tell apart.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from assets.sources.comext_products import Goods, goods_of

FLOWS = {"1": "imports", "2": "exports"}
#: Trade within the EU and with countries outside it. L and M give parts of the United Kingdom once more.
COUNTED_TRADE = ("I", "E")
SECRET = Goods("", "", "secret", "secret")
COLUMNS = ["chain_table", "part", "use", "flow", "year", "mass_t", "value_eur"]
_KEYS = COLUMNS[:5]


def yearly_trade(rows: pd.DataFrame, known: Mapping[str, Goods]) -> pd.DataFrame:
    """Mass (t) and value (euro) a year by chain table, part, use and flow, over all partners and procedures.

    In: rows with COMEXT's columns, of months or of years (`PERIOD` YYYYMM or YYYY52), figures as numbers. A year counts
    with all its twelve months, or as a year of its own; where both are there the year is taken. Goods that are secret
    stand under chain table "" with use `secret`, so that what is missing from the others can be seen.
    """
    periods = _periods_to_count(sorted(rows["PERIOD"].unique()))
    counted = rows.loc[rows["TRADE_TYPE"].isin(COUNTED_TRADE) & rows["PERIOD"].isin(periods)]
    if counted.empty:
        return pd.DataFrame({name: pd.Series(dtype="float64" if name in COLUMNS[5:] else "str") for name in COLUMNS})
    codes = counted["PRODUCT_NC"]
    placed = {product: goods_of(product, known) or SECRET for product in codes.unique()}
    facts = pd.DataFrame(
        {
            "chain_table": codes.map({product: one.chain_table for product, one in placed.items()}),
            "part": codes.map({product: one.part for product, one in placed.items()}),
            "use": codes.map({product: one.use for product, one in placed.items()}),
            "flow": counted["FLOW"].map(FLOWS),
            "year": counted["PERIOD"].str[:4].astype("int64"),
            "mass_t": counted["QUANTITY_KG"].astype("float64"),
            "value_eur": counted["VALUE_EUR"].astype("float64"),
        }
    )
    totals = facts.groupby(_KEYS, as_index=False, sort=True)[["mass_t", "value_eur"]].sum()
    # kilograms are added up as whole numbers and divided once, so that the order of rows makes no difference
    return totals.assign(mass_t=totals["mass_t"] / 1000)[COLUMNS]


def _periods_to_count(periods: list[str]) -> list[str]:
    """The periods that make up whole years, none of them twice."""
    counted = []
    for year in sorted({period[:4] for period in periods}):
        months = [period for period in periods if period.startswith(year) and not period.endswith("52")]
        if f"{year}52" in periods:
            counted.append(f"{year}52")
        elif len(months) == 12:
            counted += months
    return counted

"""What was put on the market in the Netherlands by product group (UNU-KEY), for as long as equipment can be in use.

Belongs here: a history without holes, from the copy of Statistics Netherlands (trade and production, 1995-2015) and
the weight that the register reports by category (Eurostat, from 2012). Does not belong here: the rules of repair
(`formulas/repair.py`) and the lifetime model (`weee_generated.py`).

Regulation (EU) 2017/699, article 3, takes what producers report first. So the register gives the level of a category
where it reports it, and trade statistics how that is spread over product groups. Trade statistics alone are far too
high here (2015: 557 kt without panels against 315 kt registered), because goods in transit count in them. Before the
register there is no one true level, so there are two readings: the level of the register carried back (`registered`)
and what trade statistics say (`traded`). The first is low, because the register left equipment out that the product
groups hold (luminaires of households until 2018); the second is high.

Solar panels are left out: their trade codes hold all semiconductors (28 kt to 15,000 kt a year).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from assets.chain_tables.source_figures import SourceTable
from assets.formulas.repair import repaired
from contracts.vocabulary import load_reference_csv

SALES_COLUMNS = ("key", "year", "registered", "traded", "put_in")
PANELS = "0002"

#: The category of the register (ten categories) of a product group, by its first two digits.
CATEGORY = {
    "00": "large_household_appliances",
    "01": "large_household_appliances",
    "02": "small_household_appliances",
    "03": "it_and_telecom",
    "04": "consumer_equipment",
    "05": "lighting_equipment",
    "06": "electrical_tools",
    "07": "toys_leisure_sports",
    "08": "medical_devices",
    "09": "monitoring_and_control",
    "10": "automatic_dispensers",
}
#: Compact, straight and special fluorescent lamps are reported apart from other lighting.
GAS_DISCHARGE = frozenset({"0502", "0503", "0504"})

#: The first or last years that are known give the level beyond them: their mean, so that no single year decides.
YEARS_OF_LEVEL = 3


def cleaned(unu: SourceTable) -> pd.DataFrame:
    """Trade and production in tonnes by key and year, raw and after repair; columns of `formulas/repair.py`."""
    frame = unu.frame.loc[unu.frame["UNU_Key"].astype("str") != PANELS]
    return repaired(
        pd.DataFrame(
            {
                "key": frame["UNU_Key"].astype("str"),
                "year": frame["Year"].astype("int64"),
                "value": frame["POM_kg"].astype("float64") / 1000.0,
            }
        )
    )


def registered_weights(observed: pd.DataFrame) -> pd.DataFrame:
    """What the register reports for the Netherlands, only categories that keys belong to.

    Out: category, year, value (t), vintage and source_edition of the copy.
    """
    rows = observed.loc[
        (observed["measure"] == "put_on_market")
        & (observed["geo"] == "NL")
        & (observed["unit"] == "t")
        & (observed["source"] == "env_waselee")
        & observed["subgroup"].isin([*CATEGORY.values(), "gas_discharge_lamps"])
        & observed["value"].notna()
    ]
    found = rows[["subgroup", "year", "value", "vintage", "source_edition"]].rename(columns={"subgroup": "category"})
    return found.sort_values(["category", "year"], ignore_index=True)


def sales(unu: SourceTable, observed: pd.DataFrame) -> pd.DataFrame:
    """Put on the market in tonnes by key and year, from the introduction of the product through the last registered.

    In: the source table `unu_pom`; observations of electronics. Out: key, year, registered (at the level of the
    register), traded (as trade statistics say before the register, at its level from then on), put_in (whether the
    spread over keys in that year is not from trade statistics of that year as they are). Raises ValueError for a
    category that the register never reports.
    """
    register = registered_weights(observed)
    history = cleaned(unu)
    introduced = _introduction_years()
    if history.empty or register.empty:
        return pd.DataFrame(columns=list(SALES_COLUMNS))
    span = (int(history["year"].min()), int(history["year"].max()))
    last = int(register["year"].max())
    full = pd.concat(
        [_without_holes(str(key), part, introduced[str(key)], span, last) for key, part in history.groupby("key")],
        ignore_index=True,
    )
    full["category"] = [_category(key) for key in full["key"]]
    return _at_level_of_register(full, register, span[1])


def _category(key: str) -> str:
    return "gas_discharge_lamps" if key in GAS_DISCHARGE else CATEGORY[key[:2]]


def _introduction_years() -> dict[str, int]:
    return {row["unu_key"]: int(row["year_introduced"]) for row in load_reference_csv("weee_lifetimes")}


def _without_holes(key: str, part: pd.DataFrame, introduced: int, span: tuple[int, int], last: int) -> pd.DataFrame:
    """One key, every year. A gap is a line between its neighbours; before the first figure a line from nothing in the
    year of introduction (as Statistics Netherlands does), after the last one the mean of the last three."""
    years = np.arange(min(introduced, span[0]), max(last, span[1]) + 1)
    of = part.set_index("year")
    values = of["value"].reindex(years).astype("float64")
    known = values.dropna()
    first, end = int(known.index[0]), int(known.index[-1])
    filled = values.interpolate(limit_area="inside")
    before, after = years < first, years > end
    growth = np.clip((years - introduced) / max(first - introduced, 1), 0.0, 1.0)
    filled[before] = float(known.iloc[:YEARS_OF_LEVEL].mean()) * growth[before]
    filled[after] = float(known.iloc[-YEARS_OF_LEVEL:].mean())
    as_reported = (of["repair"].isna() & of["value"].notna()).reindex(years, fill_value=False)
    return pd.DataFrame(
        {"key": key, "year": years, "trade": filled.to_numpy(), "put_in": ~as_reported.to_numpy(dtype=bool)}
    )


def _at_level_of_register(full: pd.DataFrame, register: pd.DataFrame, last_trade_year: int) -> pd.DataFrame:
    """Each category and year times registered over traded; in a year without a report, the ratio of all years in
    which both were reported."""
    missing = sorted(set(full["category"]) - set(register["category"]))
    if missing:
        raise ValueError(
            f"put on market of {', '.join(missing)}: expected the weight of the register for at least one year, found "
            "none; without it there is no level for these product groups"
        )
    traded = full.groupby(["category", "year"], as_index=False)["trade"].sum()
    both = traded.merge(register[["category", "year", "value"]], on=["category", "year"])
    both["ratio"] = both["value"] / both["trade"]
    together = both.loc[both["year"] <= last_trade_year].groupby("category")[["value", "trade"]].sum()
    usual = (together["value"] / together["trade"]).rename("usual").reset_index()
    rows = full.merge(both[["category", "year", "ratio"]], on=["category", "year"], how="left")
    rows = rows.merge(usual, on="category", how="left").sort_values(["key", "year"], ignore_index=True)
    reported = rows["ratio"].notna()
    rows["registered"] = rows["trade"] * rows["ratio"].where(reported, rows["usual"])
    # between two reports the register is the better witness, also where it reported panels and equipment as one
    before = rows["year"] < int(register["year"].min())
    rows["traded"] = rows["trade"].where(before, rows["registered"])
    return rows[list(SALES_COLUMNS)]

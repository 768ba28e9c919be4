"""What a chain table hands in beside what is public: the two apart, so that no formula mixes them unasked.

Belongs here: telling delivered observations from public ones, and what every chain table does with both. Does not
belong here: the formulas that are held over what was delivered (each chain table's own module), and which of two
figures counts (`assets/formulas/targets.py`: public sources first, scope `declared` only where nothing else is known).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from assets.formulas.targets import from_deliveries

_CELL = ["indicator", "subgroup", "geo", "year", "scope_version"]


def public_and_delivered(observed: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The observations of public sources, and those of origin `delivered`; columns as they come in."""
    delivered = observed["origin"] == "delivered"
    return observed.loc[~delivered], observed.loc[delivered]


def one_computed_a_cell(indicators: pd.DataFrame) -> pd.DataFrame:
    """Indicators in which a cell that is computed from public sources is not computed from deliveries too.

    For holding computed against published values: there one computed value a cell and scope can stand. In the table of
    indicators both stay, each with its source. In and out: indicators.
    """
    computed = (indicators["origin"] == "computed") & indicators["value"].notna()
    of_delivery = from_deliveries(indicators["source"])
    cells = pd.MultiIndex.from_frame(indicators[_CELL])
    rival = computed & of_delivery & cells.isin(cells[(computed & ~of_delivery).to_numpy()])
    return indicators.loc[~rival]


def municipalities_in(
    delivered: pd.DataFrame, rates: pd.DataFrame, counted: str
) -> tuple[pd.Series[float], pd.Series[float]]:
    """The base of rates over municipalities: respondents (not known) and municipalities, with the index of the rates.

    `counted` is the delivered measure that counts the municipalities of the year; a year without a count is null.
    """
    counts = delivered.loc[delivered["measure"] == counted].set_index("year")["value"]
    nobody_knows = pd.Series(np.nan, index=rates.index, dtype="float64")
    return nobody_knows, rates["year"].map(counts).astype("float64")

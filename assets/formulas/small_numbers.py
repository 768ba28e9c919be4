"""The small-number rule: no rate over fewer than ten respondents or five municipalities.

Belongs here: whether a base is large enough, and what becomes of a rate whose base is not.
Does not belong here: which figures rest on a survey (`assets/chain_tables/municipal.py`).
Source: domain study, chapter 7.2. A share of three municipalities names them nearly; it also says nothing of the rest.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from assets.formulas.flags import with_letter
from assets.formulas.shapes import INDICATOR_COLUMNS, INDICATOR_KEY, finished_indicators, in_order

MINIMUM_RESPONDENTS = 10
MINIMUM_MUNICIPALITIES = 5

#: Units in which a figure is a rate or a mean over its respondents; a count may be as small as it is.
RATE_UNITS = ("percent", "score_1_5", "index")


def reaches_minimum(respondents: pd.Series[float], municipalities: pd.Series[float]) -> pd.Series[bool]:
    """Whether a rate may be published: every base that is known reaches its minimum, and at least one is known.

    In: numbers of respondents and of municipalities, null where not known; equal length. Out: booleans, index of the
    first. A base that nobody states cannot be shown to be large enough.
    """
    enough = (respondents.isna() | (respondents >= MINIMUM_RESPONDENTS)) & (
        municipalities.isna() | (municipalities >= MINIMUM_MUNICIPALITIES)
    )
    return (enough & (respondents.notna() | municipalities.notna())).astype("bool")


def withhold_small_rates(
    indicators: pd.DataFrame,
    respondents: pd.Series[float],
    municipalities: pd.Series[float],
    units: Sequence[str] = RATE_UNITS,
) -> pd.DataFrame:
    """Indicators with the rates over too small a base withheld: no value, letter `c`, status Q, confidential.

    In: indicators and, with the same index, the bases of each. Numerator and denominator go too: with them the rate
    is back. Counts stay: `units` are those of rates and means. Out: indicators.
    """
    small = indicators["unit"].isin(list(units)) & ~reaches_minimum(respondents, municipalities)
    rows = indicators.loc[small]
    emptied = rows.assign(
        value=np.nan,
        numerator=np.nan,
        denominator=np.nan,
        conf_status="C",
        flags=with_letter(rows["flags"], "c", pd.Series(True, index=rows.index)),
    )
    parts = [part for part in (indicators.loc[~small], finished_indicators(emptied)) if len(part)]
    return in_order(pd.concat(parts, ignore_index=True) if parts else indicators, INDICATOR_COLUMNS, INDICATOR_KEY)

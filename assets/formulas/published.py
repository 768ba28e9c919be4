"""Indicator values as the source gives them, published or delivered, brought to the shape of an indicator.

Belongs here: taking over a figure unchanged. Does not belong here: computing one.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from assets.formulas.shapes import (
    INDICATOR_COLUMNS,
    INDICATOR_KEY,
    finished_indicators,
    in_order,
    measure_rows,
)


def as_published(
    observations: pd.DataFrame,
    *,
    chain_table: str,
    indicator: str,
    measure: str,
    unit: str,
    subgroups: Sequence[str] | None = None,
) -> pd.DataFrame:
    """The observations of one measure in one unit as indicator rows of origin and method `published`,
    `as_published`.

    In: observations. Out: indicators; value, flags, status, decimals and provenance are those of the source,
    numerator and denominator are null because the source does not print them.
    """
    rows = measure_rows(observations, measure, chain_table=chain_table, subgroups=subgroups, units=(unit,))
    return _taken_over(rows.assign(indicator=indicator, method="as_published", origin="published"))


def as_delivered(
    observations: pd.DataFrame,
    *,
    chain_table: str,
    indicator: str,
    measure: str,
    unit: str,
    subgroups: Sequence[str] | None = None,
) -> pd.DataFrame:
    """The totals of one delivered measure in one unit as indicator rows of origin `delivered`, method `as_delivered`.

    In: observations of origin `delivered`. Out: indicators, as those of `as_published`: a confidential total stays
    empty, with flag c.
    """
    rows = measure_rows(observations, measure, chain_table=chain_table, subgroups=subgroups, units=(unit,))
    return _taken_over(rows.assign(indicator=indicator, method="as_delivered", origin="delivered"))


def _taken_over(rows: pd.DataFrame) -> pd.DataFrame:
    taken_over = rows.assign(numerator=np.nan, denominator=np.nan)
    finished = finished_indicators(taken_over)
    # The source knows why a value is missing even where it printed no letter, so its own status stands.
    own_status = in_order(taken_over.assign(value_rounded=np.nan), INDICATOR_COLUMNS, INDICATOR_KEY)["obs_status"]
    return finished.assign(obs_status=own_status)

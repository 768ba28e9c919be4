"""How every chain table ends: its parts as one table, our own breaks marked, columns and rows in order.

Belongs here: what the chain tables do alike with the rows that they have made. Does not belong here: making rows.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from assets.chain_tables.reference_tables import known_breaks
from assets.formulas.breaks import mark_known_breaks
from assets.formulas.shapes import INDICATOR_COLUMNS, INDICATOR_KEY, OBSERVATION_COLUMNS, OBSERVATION_KEY, in_order


def observation_table(parts: Sequence[pd.DataFrame], chain_table: str) -> pd.DataFrame:
    """The parts as observations, our own breaks marked beside the source's flags; empty parts are left out."""
    return in_order(_marked(parts, chain_table, "measure"), OBSERVATION_COLUMNS, OBSERVATION_KEY)


def indicator_table(parts: Sequence[pd.DataFrame], chain_table: str) -> pd.DataFrame:
    """The parts as indicators, our own breaks marked beside their flags; empty parts are left out."""
    return in_order(_marked(parts, chain_table, "indicator"), INDICATOR_COLUMNS, INDICATOR_KEY)


def _marked(parts: Sequence[pd.DataFrame], chain_table: str, series_column: str) -> pd.DataFrame:
    filled = [part for part in parts if len(part)] or list(parts)
    return mark_known_breaks(pd.concat(filled, ignore_index=True), known_breaks(chain_table), series_column)

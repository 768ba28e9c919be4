"""Reference tables as typed frames: targets and our own breaks.

Belongs here: reading what was reviewed by hand into the shape that formulas take. Does not belong here: the formulas.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from contracts.vocabulary import load_reference_csv

_WHOLE = ("year", "year_from", "year_to")


def _frame(name: str) -> pd.DataFrame:
    frame = pd.DataFrame(list(load_reference_csv(name))).astype("str")
    frame = frame.where(frame != "")
    for column in _WHOLE:
        if column in frame:
            frame[column] = pd.to_numeric(frame[column]).astype("Int64")
    if "value" in frame:
        frame["value"] = pd.to_numeric(frame["value"])
    return frame


def targets(chain_tables: Sequence[str] | None = None) -> pd.DataFrame:
    """All targets, or those of the given chain tables, in the shape of `products/shapes/target`."""
    frame = _frame("targets")
    return (
        frame
        if chain_tables is None
        else frame.loc[frame["chain_table"].isin(list(chain_tables))].reset_index(drop=True)
    )


def known_breaks(chain_table: str) -> pd.DataFrame:
    """Our own breaks of one chain table, in the shape of `products/shapes/known_break`."""
    frame = _frame("known_breaks")
    return frame.loc[frame["chain_table"] == chain_table].reset_index(drop=True)

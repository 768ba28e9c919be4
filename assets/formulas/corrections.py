"""Declared corrections of a source's evident error, each held to what it expects to find.

Belongs here: applying them, and refusing one that no longer applies. Does not belong here: the corrections themselves
(contracts/reference/corrections.yaml) and doubts about a figure, which stay beside it (conflicts.csv).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

CELL = ("chain_table", "measure", "subgroup", "geo", "year", "unit", "scope_version", "source")
NEEDED = (*CELL, "correction_id", "found", "becomes", "reason_nl", "reason_en", "declared_on")


class StaleCorrection(ValueError):
    """A correction does not find what it expects: the source has changed, and somebody must look again."""


def corrected(observations: pd.DataFrame, corrections: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Observations with every declared correction applied; a corrected row gets the flag `e` and confidence `computed`.

    In: observations and the corrections of one chain table, each with the columns NEEDED. Raises StaleCorrection when
    the row is not there once, or does not hold the value that the correction was declared for.
    """
    rows = observations.copy()
    for correction in corrections:
        missing = [name for name in NEEDED if name not in correction]
        if missing:
            raise StaleCorrection(f"correction {correction.get('correction_id')}: {', '.join(missing)} is missing")
        here = pd.Series(True, index=rows.index)
        for column in CELL:
            here &= rows[column] == correction[column]
        where = f"correction {correction['correction_id']} in corrections.yaml"
        if int(here.sum()) != 1:
            raise StaleCorrection(f"{where}: expected one row, found {int(here.sum())}; remove it or name the row anew")
        value = float(rows.loc[here, "value"].iloc[0])
        if value != float(correction["found"]):
            raise StaleCorrection(
                f"{where}: expected the source to give {correction['found']}, found {value:g}; "
                "the source has mended or changed it, remove the correction"
            )
        rows.loc[here, "value"] = float(correction["becomes"])
        rows.loc[here, "flags"] = "".join(sorted({*str(rows.loc[here, "flags"].iloc[0]), "e"}))
        rows.loc[here, ["obs_status", "confidence"]] = ["E", "computed"]
    return rows

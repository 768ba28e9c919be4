"""Indicators that no source fills yet: a row without a value, so that a reader sees that the figure is waited for.

Belongs here: those rows, which are the same in every chain table. Does not belong here: which indicators a chain table
waits for (its own module), and values, since an awaited figure is never zero and never a guess.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from assets.chain_tables.source_figures import SourceTable
from assets.formulas.shapes import finished_indicators
from contracts.vocabulary import load_codelist


def no_source_yet(
    known: pd.DataFrame,
    awaited: Sequence[str],
    looked_in: SourceTable,
    *,
    chain_table: str,
    geo: str = "NL",
    subgroup: str = "total",
) -> pd.DataFrame:
    """One row without a value (status O) for every awaited indicator that `known` has no figure of for `geo`.

    In: indicators. Out: indicators with method `no_source_yet`, in the latest year for which `known` has a value of
    another indicator; unit and decimals are those of the code list. The source named is the table that was looked in:
    a row holds for that copy of it. An indicator that gets a value loses its row, and so does one whose figure is there
    and confidential: it has a source. Raises ValueError when nothing is known at all, because there is no year then to
    put the row in.
    """
    here = known.loc[known["geo"] == geo]
    valued = here.loc[here["value"].notna()]
    sourced = set(valued["indicator"]) | set(here.loc[here["conf_status"] == "C", "indicator"])
    codes = load_codelist("indicator")
    missing = [codes.entry(code) for code in awaited if code not in sourced]
    if missing and valued.empty:
        raise ValueError(
            f"indicators of {chain_table}: none has a value for {geo}, so an awaited one has no year to stand in; "
            f"expected at least one value, see whether {looked_in.name} was read"
        )
    rows = pd.DataFrame(
        {
            "indicator": [code.code for code in missing],
            "unit": [code.get("unit") for code in missing],
            "decimals": [int(code.get("decimals")) for code in missing],
        }
    )
    blank = pd.Series([None] * len(rows), index=rows.index, dtype="str")
    return finished_indicators(
        rows.assign(
            chain_table=chain_table,
            subgroup=subgroup,
            geo=geo,
            year=int(valued["year"].max()) if missing else 0,
            value=np.nan,
            flags="",
            conf_status="F",
            origin="computed",
            method="no_source_yet",
            numerator=np.nan,
            denominator=np.nan,
            definition_version="as_described",
            scope_version="all",
            known_break=blank,
            source=looked_in.name,
            source_edition=blank,
            vintage=looked_in.record.vintage,
            confidence="computed",
        )
    )

"""Reference tables as typed frames: targets and our own breaks.

Belongs here: reading what was reviewed by hand into the shape that formulas take. Does not belong here: the formulas.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import pyarrow as pa

from contracts.arrow import cast
from contracts.contract import Contract
from contracts.vocabulary import load_reference_csv, load_reference_yaml

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


def reference_rows(name: str, chain_table: str | None, contract: Contract) -> pd.DataFrame:
    """The reference table `name` as its contract types it.

    With `chain_table` only its rows, where the table has such a column.

    Raises ValueError where a cell cannot be read as its type, naming table, column and cell.
    """
    rows = [
        row
        for row in load_reference_csv(name)
        if chain_table is None or row.get("chain_table", chain_table) == chain_table
    ]
    columns = {column: pa.array([row[column] for row in rows], pa.string()) for column in contract.column_names}
    typed, unreadable = cast(pa.table(columns), contract)
    if unreadable:
        first = unreadable[0]
        raise ValueError(f"reference/{name}.csv, column {first.column}: {first.found[0]!r} cannot be read")
    found: pd.DataFrame = typed.to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get)
    return found


def corrections(chain_table: str) -> list[dict[str, Any]]:
    """Declared corrections of one chain table; what each must hold is said in `assets/formulas/corrections.py`."""
    declared = load_reference_yaml("corrections")["corrections"] or []
    return [dict(entry) for entry in declared if entry.get("chain_table") == chain_table]


def known_breaks(chain_table: str) -> pd.DataFrame:
    """Our own breaks of one chain table, in the shape of `products/shapes/known_break`."""
    frame = _frame("known_breaks")
    return frame.loc[frame["chain_table"] == chain_table].reset_index(drop=True)

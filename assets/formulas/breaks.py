"""Our own breaks: places where a series changes meaning, whether or not its publisher says so.

Belongs here: putting the ids of `known_breaks` beside the figures. Does not belong here: the publisher's
letter `b`, which is among the flags and is unreliable in its absence (domain study, chapter 0.6).
"""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd

from assets.formulas.shapes import joined_codes

ANY = "*"

#: Beside the four columns that a break names: what tells two series apart, as far as a frame has it.
_APART = ("unit", "origin", "method", "source", "scope_version")


def mark_known_breaks(frame: pd.DataFrame, known_breaks: pd.DataFrame, series_column: str) -> pd.DataFrame:
    """`frame` with `known_break` filled where a series starts anew; rows and their order stay as they are.

    In: `frame` with chain_table, `series_column` (measure or indicator), subgroup, geo, year and, where it has them,
    value and the columns that tell series apart; `known_breaks` with break_id, chain_table, series, subgroup, geo,
    year, in which `*` matches everything. Marked are the row of the year of the break and, where that year has no value
    and the series had one before, the first value after it: a series with a gap does not cross a break unmarked.
    Where several breaks match a cell in one year, those that name the most columns win; several of equal rank, those of
    several years in a gap, and an id that already stands there, are joined with `+`.
    """
    dimensions = {"chain_table": "chain_table", "series": series_column, "subgroup": "subgroup", "geo": "geo"}
    cells = frame.reset_index(drop=True)
    opened = _years_opened(cells, [*dimensions.values(), *(column for column in _APART if column in cells)])
    found: list[pd.DataFrame] = []
    for named in product((True, False), repeat=len(dimensions)):
        exact = [column for column, is_named in zip(dimensions, named, strict=True) if is_named]
        pattern = pd.Series(True, index=known_breaks.index)
        for column, is_named in zip(dimensions, named, strict=True):
            pattern &= (known_breaks[column] != ANY) == is_named
        if not pattern.any():
            continue
        hits = opened[[*(dimensions[column] for column in exact), "year", "row"]].merge(
            known_breaks.loc[pattern, ["break_id", *exact, "year"]].rename(columns=dimensions),
            on=[*(dimensions[column] for column in exact), "year"],
        )
        found.append(hits[["row", "year", "break_id"]].assign(rank=len(exact)))
    if not found or not len(cells):
        return frame.copy()
    hits = pd.concat(found, ignore_index=True)
    hits = hits.loc[hits["rank"] == hits.groupby(["row", "year"])["rank"].transform("max")]
    hits = hits.drop_duplicates(["row", "break_id"]).sort_values(["row", "break_id"])
    ids = hits.groupby("row")["break_id"].agg("+".join)
    marked = pd.Series(cells.index, index=cells.index).map(ids).astype("str").rename("known_break")
    earlier = cells["known_break"].astype("str") if "known_break" in cells else marked
    return frame.assign(known_break=joined_codes([earlier, marked]).set_axis(frame.index))


def _years_opened(cells: pd.DataFrame, series: list[str]) -> pd.DataFrame:
    """Every cell once for each year it stands in for: its own, and those since the value before it in its series."""
    observed = cells["value"].notna() if "value" in cells else pd.Series(True, index=cells.index)
    numbered = pd.DataFrame(
        {"series": cells.groupby(series, dropna=False, sort=False).ngroup(), "year": cells["year"].astype("int64")}
    )
    years = numbered.loc[observed].drop_duplicates().sort_values(["series", "year"], kind="stable")
    gaps = years.assign(gap=years.groupby("series")["year"].diff())
    gap = numbered.merge(gaps, on=["series", "year"], how="left")["gap"].fillna(1.0).to_numpy(dtype="int64")
    times = np.where(observed.to_numpy(dtype=bool), gap, 1)
    rows = np.repeat(np.arange(len(cells)), times)
    back = np.arange(len(rows)) - np.repeat(np.cumsum(times) - times, times)
    opened = cells[series].iloc[rows].reset_index(drop=True)
    return opened.assign(row=rows, year=numbered["year"].to_numpy()[rows] - back)

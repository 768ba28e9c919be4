"""Our own breaks: places where a series changes meaning, whether or not its publisher says so.

Belongs here: putting the ids of `known_breaks` beside the figures. Does not belong here: the publisher's
letter `b`, which is among the flags and is unreliable in its absence (domain study, chapter 0.6).
"""

from __future__ import annotations

from itertools import product

import pandas as pd

from assets.formulas.shapes import joined_codes

ANY = "*"


def mark_known_breaks(frame: pd.DataFrame, known_breaks: pd.DataFrame, series_column: str) -> pd.DataFrame:
    """`frame` with `known_break` filled in the year in which a break starts; rows and their order stay as
    they are.

    In: `frame` with chain_table, `series_column` (measure or indicator), subgroup, geo, year; `known_breaks`
    with break_id, chain_table, series, subgroup, geo, year, in which `*` matches everything. Where several
    breaks match a cell, those that name the most columns win; several of equal rank, and an id that already
    stands there, are joined with `+`.
    """
    dimensions = {"chain_table": "chain_table", "series": series_column, "subgroup": "subgroup", "geo": "geo"}
    cells = frame.reset_index(drop=True)
    found: list[pd.DataFrame] = []
    for named in product((True, False), repeat=len(dimensions)):
        exact = [column for column, is_named in zip(dimensions, named, strict=True) if is_named]
        pattern = pd.Series(True, index=known_breaks.index)
        for column, is_named in zip(dimensions, named, strict=True):
            pattern &= (known_breaks[column] != ANY) == is_named
        if not pattern.any():
            continue
        hits = (
            cells[[*(dimensions[column] for column in exact), "year"]]
            .reset_index(names="row")
            .merge(
                known_breaks.loc[pattern, ["break_id", *exact, "year"]].rename(columns=dimensions),
                on=[*(dimensions[column] for column in exact), "year"],
            )
        )
        found.append(hits[["row", "break_id"]].assign(rank=len(exact)))
    if not found or not len(cells):
        return frame.copy()
    hits = pd.concat(found, ignore_index=True)
    hits = hits.loc[hits["rank"] == hits.groupby("row")["rank"].transform("max")].sort_values(["row", "break_id"])
    ids = hits.groupby("row")["break_id"].agg("+".join)
    marked = pd.Series(cells.index, index=cells.index).map(ids).astype("str").rename("known_break")
    earlier = cells["known_break"].astype("str") if "known_break" in cells else marked
    return frame.assign(known_break=joined_codes([earlier, marked]).set_axis(frame.index))

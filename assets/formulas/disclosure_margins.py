"""The margins of a table of sums: contributions of every parent, and the equations between a parent and its parts.

Belongs here: hierarchies of codes and what follows from them for cells. Does not belong here: which cells are unsafe
(`disclosure_primary.py`) and which are withheld (`disclosure_suppression.py`).

Margins that are published for their parts too give an attacker equations: parent = sum of its parts, in every
hierarchical dimension, for every code of the others (Hundepool et al., Handbook on Statistical Disclosure Control, 2nd
ed. 2024, chapter 4.2).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

VALUE = "value"


@dataclass(frozen=True)
class Margins:
    """The dimensions of a table: `parents` gives, for each dimension with margins, the parent of every code.

    A code without a parent has `""` or is only named as a parent; a hierarchy may have any depth and several tops. The
    dimensions in `separate` (year, measure) have no margins: each combination of their codes is a table of its own.
    Where one measure is part of another (re-used in the Netherlands, of prepared for re-use), make the measure a
    dimension with margins, with the rest as a part of its own: an attacker subtracts measures as well as categories.
    """

    parents: Mapping[str, Mapping[str, str]]
    separate: tuple[str, ...] = ()

    @property
    def columns(self) -> list[str]:
        """The columns that name a cell."""
        return [*self.separate, *self.parents]

    def ancestors(self, dimension: str) -> pd.DataFrame:
        """Every code of `dimension` with itself and each code above it: columns code, ancestor.

        ValueError where the hierarchy runs in a circle.
        """
        parents = {code: above for code, above in self.parents[dimension].items() if above}
        codes = sorted(self.codes(dimension))
        rows: list[tuple[str, str]] = []
        for code in codes:
            line = [code]
            while line[-1] in parents:
                above = parents[line[-1]]
                if above in line:
                    raise ValueError(f"{dimension}: the hierarchy runs in a circle at {code!r}: {[*line, above]}")
                line.append(above)
            rows += [(code, above) for above in line]
        return pd.DataFrame(rows, columns=["code", "ancestor"])

    def codes(self, dimension: str) -> frozenset[str]:
        """Every code of `dimension`, parents included."""
        parents = self.parents[dimension]
        return frozenset(parents) | frozenset(above for above in parents.values() if above)


def with_margins(contributions: pd.DataFrame, margins: Margins, respondent: str) -> pd.DataFrame:
    """The contribution of every respondent to every cell, margins included.

    In: a row a respondent and lowest cell (more than one are added up): `margins.columns`, `respondent` and `value`,
    which is finite and not negative. Out: the same columns, one row a respondent and cell, sorted. The same rows in
    another order give the same bytes. ValueError names the column and the row of what is wrong.
    """
    columns = [*margins.columns, respondent]
    _check(contributions, margins, respondent)
    # in one order before anything is added up: the last digit of a sum depends on it
    frame = contributions[[*columns, VALUE]].astype({VALUE: "float64"}).sort_values([*columns, VALUE], kind="stable")
    frame = _summed(frame, columns)
    for dimension in margins.parents:
        lines = margins.ancestors(dimension).rename(columns={"code": dimension})
        wider = frame.merge(lines, on=dimension, how="left").drop(columns=dimension)
        wider = wider.rename(columns={"ancestor": dimension})
        frame = _summed(wider, columns)
    return frame[[*columns, VALUE]]


def _summed(frame: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    return frame.groupby(columns, sort=True)[VALUE].sum().reset_index()


def equations(cells: pd.DataFrame, margins: Margins) -> Any:
    """What must add up: a sparse matrix, one row an equation and one column a row of `cells`, in its order.

    In: `margins.columns`, each cell once. Out: +1 for the parent and -1 for each of its parts. A part that is not among
    the cells is an empty cell: it is known to be 0 and takes no part. A parent that is not among the cells is not
    published, and gives no equation.
    """
    names = margins.columns
    place = cells[names].reset_index(drop=True).assign(_place=np.arange(len(cells)))
    rows, columns, signs, count = [], [], [], 0
    for dimension, parents in margins.parents.items():
        above = place[dimension].map({code: parent for code, parent in parents.items() if parent})
        parts = place.assign(**{dimension: above}).dropna(subset=[dimension])
        pairs = parts.merge(place, on=names, suffixes=("_part", "_parent"))
        which, tops = pd.factorize(pairs["_place_parent"].to_numpy())
        rows += [which + count, np.arange(len(tops)) + count]
        columns += [pairs["_place_part"].to_numpy(), tops]
        signs += [np.full(len(which), -1.0), np.ones(len(tops))]
        count += len(tops)
    if not count:
        return sparse.csr_matrix((0, len(cells)))
    joined = (np.concatenate(rows), np.concatenate(columns))
    return sparse.csr_matrix((np.concatenate(signs), joined), shape=(count, len(cells)))


def _check(contributions: pd.DataFrame, margins: Margins, respondent: str) -> None:
    columns = [*margins.columns, respondent, VALUE]
    missing = [column for column in columns if column not in contributions]
    if missing:
        raise ValueError(f"contributions have no column {missing[0]!r}; expected {', '.join(columns)}")
    for column in columns:
        _refuse(contributions[column].isna(), contributions, column, "is empty")
    try:
        value = contributions[VALUE].to_numpy(dtype="float64")
    except (TypeError, ValueError) as problem:
        raise ValueError(f"contributions, column {VALUE!r}: not all are numbers ({problem})") from problem
    wrong = pd.Series(~np.isfinite(value) | (value < 0), index=contributions.index)
    _refuse(wrong, contributions, VALUE, "is no finite number of 0 or more: the rules hold for sums of such only")
    for dimension, parents in margins.parents.items():
        margins.ancestors(dimension)
        found = contributions[dimension]
        _refuse(~found.isin(margins.codes(dimension)), contributions, dimension, "is not in the hierarchy")
        above = {parent for parent in parents.values() if parent}
        _refuse(found.isin(above), contributions, dimension, "is a parent; contributions belong to the lowest codes")


def _refuse(wrong: pd.Series[bool], contributions: pd.DataFrame, column: str, problem: str) -> None:
    if wrong.any():
        row = int(wrong.to_numpy().argmax())
        found = contributions[column].iloc[row]
        raise ValueError(f"contributions, row {contributions.index[row]}, column {column!r}: {found} {problem}")

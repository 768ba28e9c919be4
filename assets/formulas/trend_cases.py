"""What all trends have in common: the choices of the method, and a reason instead of a number.

Belongs here: `TrendRules`, the reasons of refusal and how a case (one row) gets one. Does not belong here: a number.

| refusal | what is refused |
|---|---|
| `across_break` | everything: the base year or the target year lies across a break |
| `fewer_than_four_points` | everything: since the last break, if any, there are not four years with a value |
| `mostly_estimated` | everything: more than 30 % of the points carries e, i, s or u |
| `no_target_year` | what is required, ratio, projection: no year of the target lies ahead |
| `non_positive_start` | ratio, and the change of a volume: a compound rate exists between amounts above zero only |
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]

#: In the order in which they are looked at; the first that applies is the one that is given.
REFUSALS = ("across_break", "fewer_than_four_points", "mostly_estimated", "no_target_year", "non_positive_start")

#: These leave nothing of a trend.
WHOLE = REFUSALS[:3]

DIRECTION = {"at_least": 1.0, "at_most": -1.0}

#: Floating-point noise, far below the last digit of any published figure; the same as in `targets.py`.
NOISE = 1e-9


@dataclass(frozen=True)
class TrendRules:
    """What the method leaves to choose; the defaults are those of Eurostat and of the domain study, chapter 7.4."""

    significant_ratio: float = 0.95
    moderate_ratio: float = 0.60
    #: Change a year, as a fraction, in the desired direction.
    significant_change: float = 0.01
    no_change: float = 0.0
    significant_away: float = -0.01
    minimum_points: int = 4
    largest_estimated_share: float = 0.30
    estimated_letters: str = "eisu"
    confidence: float = 0.95
    #: At most so many years back from the last; null goes back to the last break.
    window_years: int | None = None
    #: Ids of breaks that change a target and not the figures.
    ignored_breaks: Collection[str] = ()
    #: Units whose change is counted linearly, with the unit of that change; all others change by compound rate.
    linear_units: Mapping[str, str] = field(default_factory=lambda: {"percent": "percentage_points", "ratio": "unit"})
    #: Units that cannot leave 0..100; a series or target that does is left as it is.
    bounded_units: Collection[str] = ("percent",)


DEFAULT_RULES = TrendRules()


def refused(
    index: pd.Index, made: Mapping[str, npt.NDArray[np.generic]], reasons: Sequence[tuple[str, npt.NDArray[np.bool_]]]
) -> pd.DataFrame:
    """The columns made, with `refusal`: a case that a reason applies to has null in every other column."""
    refusal = reason_of(index, reasons)
    frame = pd.DataFrame({name: pd.Series(column, index=index) for name, column in made.items()})
    return frame.where(refusal.isna()).assign(refusal=refusal)


def reason_of(
    index: pd.Index, reasons: Sequence[tuple[str, npt.NDArray[np.bool_] | pd.Series[bool]]]
) -> pd.Series[str]:
    """Of each case the first reason that applies, in the order given; null where none does."""
    reason = pd.Series(None, index=index, dtype="str")
    for name, applies in reversed(reasons):
        reason = reason.mask(np.asarray(applies, dtype=bool), name)
    return reason


def reached(value: Floats, target: Floats, direction: Floats) -> npt.NDArray[np.bool_]:
    """Whether the value is at its target or beyond it, in the direction asked for (1 more is better, -1 less)."""
    return direction * (value - target) >= -NOISE


def directions(cases: pd.DataFrame) -> Floats:
    """1 for `at_least` and -1 for `at_most`. Raises ValueError for another comparator."""
    refuse_unknown(cases, "comparator", DIRECTION)
    return np.asarray(cases["comparator"].map(DIRECTION).to_numpy(dtype=np.float64), dtype=np.float64)


def floats(cases: pd.DataFrame, column: str) -> Floats:
    """A column as numbers, a missing value as NaN."""
    return np.asarray(cases[column].to_numpy(dtype="float64", na_value=np.nan), dtype=np.float64)


def refuse_unknown(frame: pd.DataFrame, column: str, known: Collection[object]) -> None:
    """Raises ValueError, naming the first row, where the column holds anything but what is known."""
    unknown = frame.loc[~frame[column].isin(list(known))]
    if len(unknown):
        row = unknown.iloc[0]
        where = f" of {row['target_id']}" if "target_id" in frame else ""
        found = unknown[column].tolist()[0]
        raise ValueError(
            f"trend: {column}{where} is {found!r}, expected one of {', '.join(str(one) for one in known)} "
            f"({len(unknown)} such rows)"
        )

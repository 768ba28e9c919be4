"""Which cells of a table of sums are unsafe by themselves, and how far each must stay unknown.

Belongs here: the primary rules and their protection levels. Does not belong here: parameters (they are in the contract
of the delivery) and what else must be withheld so that an unsafe cell cannot be derived (`disclosure_suppression.py`).

Source: Hundepool et al., Handbook on Statistical Disclosure Control, 2nd ed. 2024, tables "Sensitivity rules" and
"Upper protection levels" of chapter 4.2; Hundepool et al., Statistical Disclosure Control (Wiley 2012), chapter 4.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from assets.formulas.disclosure_margins import VALUE
from contracts.delivery_contract import Disclosure

FEW, DOMINANCE, P_PERCENT = "few", "dominance", "p_percent"

PRIMARY_COLUMNS = (VALUE, "respondents", "largest", "second", "unsafe", "why", "protection")


def primary(contributions: pd.DataFrame, cells: Sequence[str], rules: Disclosure) -> pd.DataFrame:
    """Every cell with its value and whether the rules call it unsafe.

    In: `cells`, the respondent's column and value (finite, 0 or more), one row a respondent and cell, margins included
    (`with_margins`). Out: `cells` and PRIMARY_COLUMNS, one row a cell, sorted. `respondents` are those with more than
    0: who declares 0 hides nobody. `why` is the first rule that applies of few, dominance, p_percent, or empty.
    `protection`, in the unit of the value, is the distance up and down within which an unsafe cell must not be known.
    It is the largest of what each rule that applies asks, and 0 for a safe cell:

    - few: `safety_percent` of the value. The handbook asks none, because the rule prevents exact disclosure only; ours
      is stricter, and this is also the least that any unsafe cell gets;
    - dominance (n, share): sum of the n largest / share - value;
    - p_percent: p/100 of the largest - (value - largest - second).

    A cell of value 0 is safe, whoever contributed: all of it is known to be 0, and no percentage of 0 can hide that.
    Withholding zeros would need a distance in units, which the contract does not have ("zero unsafe" of tau-ARGUS).
    """
    names, respondent = list(cells), rules.respondent
    ranked = contributions.sort_values([*names, VALUE, respondent], ascending=[True] * len(names) + [False, True])
    grouped = ranked.groupby(names, sort=True)[VALUE]
    rank = grouped.cumcount().to_numpy()
    running = grouped.cumsum()
    cell = grouped.ngroup().to_numpy()
    count = int(cell.max()) + 1 if len(cell) else 0
    last = np.flatnonzero(np.diff(cell, append=-1)) if count else np.empty(0, dtype=np.int64)
    value = running.to_numpy()[last]

    def of_the_largest(n: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        """Sum of the n largest contributions of each cell."""
        total = value.copy()
        at = rank == n - 1
        total[cell[at]] = running.to_numpy()[at]
        return total

    largest = of_the_largest(1)
    two = of_the_largest(2)
    respondents = np.bincount(cell, weights=ranked[VALUE].to_numpy() > 0, minlength=count).astype("int64")
    some = value > 0
    protection = np.zeros(count)
    least = rules.safety_percent / 100.0 * value
    p_gap = rules.p_percent / 100.0 * largest - (value - two)
    dominant = np.zeros(count, dtype=bool)
    for n, share in rules.dominance:
        top = of_the_largest(n)
        dominant |= some & (top > share * value)
        protection = np.maximum(protection, top / share - value)
    applies = [some & (respondents < rules.minimum_respondents), dominant, some & (p_gap > 0)]
    unsafe = np.logical_or.reduce(applies)
    protection = np.maximum.reduce([protection, p_gap, least])
    found = ranked[names].iloc[last].reset_index(drop=True)
    return found.assign(
        value=value,
        respondents=respondents,
        largest=largest,
        second=two - largest,
        unsafe=unsafe,
        why=pd.Series(np.select(applies, [FEW, DOMINANCE, P_PERCENT], default=""), dtype="str"),
        protection=np.where(unsafe, protection, 0.0),
    )

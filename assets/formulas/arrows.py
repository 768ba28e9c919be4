"""Change a year, observed and required, and the Eurostat arrow that follows from it.

Belongs here: compound and linear change and the arrows, with and without a target. Does not belong here: which years
are compared and where a line leads (`projection.py`), and whether a target is met (`targets.py`).

Source: domain study, chapter 7.4 (Eurostat SDG method). Functions take one case a row and give the number beside
`refusal` (`trend_cases.py`): a reason instead of a number, never both.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from assets.formulas.trend_cases import (
    DEFAULT_RULES,
    NOISE,
    Floats,
    TrendRules,
    directions,
    floats,
    reached,
    refuse_unknown,
    refused,
)

ARROWS_WITH_TARGET = (
    "target_met", "significant_progress", "moderate_progress", "insufficient_progress", "movement_away",
)  # fmt: skip
ARROWS_WITHOUT_TARGET = (
    "significant_progress", "moderate_progress", "no_change", "moderate_movement_away", "significant_movement_away",
)  # fmt: skip


def required_change(cases: pd.DataFrame) -> pd.DataFrame:
    """The change a year that still leads to the target.

    In: value (the latest), target, years_left, comparator, linear (bool). Out, same index: required_change_per_year
    and refusal. Linear, for rates: (T - y) / years, in the unit of the rate. Else, for volumes, in percent:
    (T / y)^(1 / years) - 1. It is 0 where the target is already reached.
    """
    value, target, years = (floats(cases, column) for column in ("value", "target", "years_left"))
    linear = cases["linear"].to_numpy(dtype=bool)
    with np.errstate(divide="ignore", invalid="ignore"):
        change = np.where(linear, (target - value) / years, 100.0 * compound_rate(value, target, years))
    change = np.where(reached(value, target, directions(cases)), 0.0, change)
    reasons = [("no_target_year", ~(years > 0)), ("non_positive_start", ~linear & ~((value > 0) & (target > 0)))]
    return refused(cases.index, {"required_change_per_year": change}, reasons)


def observed_change(cases: pd.DataFrame) -> pd.DataFrame:
    """The change a year between the first and the last point.

    In: start, value, elapsed (years), linear (bool). Out, same index: observed_change_per_year (in the unit of a rate
    when linear, else in percent) and refusal.
    """
    start, value, elapsed = (floats(cases, column) for column in ("start", "value", "elapsed"))
    linear = cases["linear"].to_numpy(dtype=bool)
    with np.errstate(divide="ignore", invalid="ignore"):
        change = np.where(linear, (value - start) / elapsed, 100.0 * compound_rate(start, value, elapsed))
    reasons = [
        ("fewer_than_four_points", ~(elapsed > 0)),
        ("non_positive_start", ~linear & ~((start > 0) & (value > 0))),
    ]
    return refused(cases.index, {"observed_change_per_year": change}, reasons)


def arrow_with_target(cases: pd.DataFrame, rules: TrendRules = DEFAULT_RULES) -> pd.DataFrame:
    """The Eurostat arrow towards a target: what happened over what had to happen, both from the start.

    In: start, value, elapsed (years from start to value), target, horizon (years from start to the target year),
    comparator. Out, same index: ratio, arrow, refusal. ratio = compound rate observed / compound rate required, for
    rates and volumes alike: at least 0.95 is significant progress, 0.60 moderate, 0 insufficient, below it is movement
    away. A value at its target is `target_met`, without a ratio and without refusal. A series that started at its
    target and left it is `movement_away` without a ratio: what would have been required of it is no progress.
    """
    start, value, elapsed, target, horizon = (
        floats(cases, column) for column in ("start", "value", "elapsed", "target", "horizon")
    )
    direction = directions(cases)
    met = reached(value, target, direction)
    left = ~met & reached(start, target, direction)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = compound_rate(start, value, elapsed) / compound_rate(start, target, horizon)
    # Adding nil turns -0.0 into 0.0: standing still is no movement away.
    ratio = np.where(met | left, np.nan, ratio) + 0.0
    arrow = np.select(
        [
            met,
            left | (ratio < 0),
            ratio >= rules.significant_ratio - NOISE,
            ratio >= rules.moderate_ratio - NOISE,
        ],
        ["target_met", "movement_away", "significant_progress", "moderate_progress"],
        "insufficient_progress",
    )
    positive = (start > 0) & (value > 0) & (target > 0)
    reasons = [
        ("fewer_than_four_points", ~met & ~(elapsed > 0)),
        ("no_target_year", ~met & ~(horizon > 0)),
        ("non_positive_start", ~met & ~left & ~positive),
    ]
    return refused(cases.index, {"ratio": ratio, "arrow": arrow}, reasons)


def arrow_without_target(cases: pd.DataFrame, rules: TrendRules = DEFAULT_RULES) -> pd.DataFrame:
    """The Eurostat arrow of a series that has no target: its compound rate in the desired direction.

    In: start, value, elapsed (years), direction (1 when more is better, -1 when less is). Out, same index:
    change_per_year (percent, not turned by the direction), arrow, refusal. At least 1 % a year is significant progress,
    between 0 and that moderate, 0 no change, and the mirror of it below 0; the thresholds are in `rules`.
    """
    start, value, elapsed, direction = (floats(cases, column) for column in ("start", "value", "elapsed", "direction"))
    refuse_unknown(cases, "direction", (1, -1))
    rate = compound_rate(start, value, elapsed)
    progress = direction * rate
    arrow = np.select(
        [
            progress >= rules.significant_change - NOISE,
            progress > rules.no_change + NOISE,
            progress >= rules.no_change - NOISE,
            progress > rules.significant_away + NOISE,
        ],
        ARROWS_WITHOUT_TARGET[:4],
        ARROWS_WITHOUT_TARGET[4],
    )
    reasons = [("fewer_than_four_points", ~(elapsed > 0)), ("non_positive_start", ~((start > 0) & (value > 0)))]
    return refused(cases.index, {"change_per_year": 100.0 * rate, "arrow": arrow}, reasons)


def compound_rate(start: Floats, end: Floats, years: Floats) -> Floats:
    """(end / start)^(1 / years) - 1, as a fraction; NaN unless all three are above zero."""
    possible = (start > 0) & (end > 0) & (years > 0)
    growth = np.where(possible, end, 1.0) / np.where(possible, start, 1.0)
    return np.where(possible, np.expm1(np.log(growth) / np.where(possible, years, 1.0)), np.nan)

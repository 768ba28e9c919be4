"""The years of a series that may be compared, their least-squares line, and where it leads.

Belongs here: the window after the last break, the line and the projection with its interval. Does not belong here: the
arrows (`arrows.py`) and the breaks themselves (`breaks.py`).

Source: domain study, chapter 7.4. A case that is refused has its reason (`trend_cases.py`) instead of a number.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
import pandas as pd
from scipy.special import stdtr, stdtrit

from assets.formulas.trend_cases import DEFAULT_RULES, NOISE, WHOLE, TrendRules, directions, floats, reason_of, refused


def windows(points: pd.DataFrame, key: Sequence[str], rules: TrendRules = DEFAULT_RULES) -> pd.DataFrame:
    """The years of every series that may be compared, with their least-squares line.

    In: `points` with the columns of `key`, year, value, flags, known_break and, where wanted, base_year (the same for
    all points of a series, or null). Out: one row a series: the key, from_year, to_year, points, start, value (first
    and last), mean_year, mean_value, slope (a year), sxx (sum of squared year deviations), residual (standard
    deviation of the residuals), lowest, highest, refusal.
    A break is the letter `b` or a known break, in a year after the first; the window starts at the last one. With a
    base year it starts there (or at the first year observed since), and a break after it refuses. Too few years since a
    break are too few years, whatever lies before it. Missing values and forecasts (`f`) are no points. Raises
    ValueError when a series holds a year twice.
    """
    keys = list(key)
    flags = points["flags"].astype("str").fillna("")
    seen = points.loc[points["value"].notna() & ~flags.str.contains("f", regex=False)]
    seen = seen.assign(
        is_break=is_break(seen, rules.ignored_breaks),
        is_estimated=seen["flags"].astype("str").fillna("").str.contains(f"[{rules.estimated_letters}]"),
        base_year=seen["base_year"].astype("float64") if "base_year" in seen else np.nan,
    ).sort_values([*keys, "year"], kind="stable", ignore_index=True)
    twice = seen.loc[seen.duplicated([*keys, "year"])]
    if len(twice):
        first = twice[[*keys, "year"]].iloc[0].to_dict()
        raise ValueError(
            f"trend: {len(twice)} points share a series and year, first {first}; choose one source or scope"
        )

    last_year = seen.groupby(keys)["year"].transform("max")
    from_base = seen["base_year"].isna() | (seen["year"] >= seen["base_year"])
    if rules.window_years is not None:
        # A base year belongs to the target and is not shortened by the choice of a period.
        from_base &= seen["base_year"].notna() | (seen["year"] >= last_year - rules.window_years)
    seen = seen.loc[from_base]
    first_year = seen.groupby(keys)["year"].transform("min")
    in_window = seen["is_break"] & (seen["year"] > first_year)
    last_break = seen["year"].where(in_window).groupby([seen[column] for column in keys]).transform("max")
    since = seen.loc[last_break.isna() | (seen["year"] >= last_break)]

    made = _lines(since, keys)
    made["breaks"] = in_window.groupby([seen[column] for column in keys]).sum()
    few = made["points"] < rules.minimum_points
    crossing = (made["breaks"] > 0) & made["has_base"]
    estimated = made["estimated"] > rules.largest_estimated_share * made["points"] + NOISE
    made["refusal"] = reason_of(made.index, list(zip(WHOLE, (crossing, few, estimated), strict=True)))
    return made.drop(columns=["breaks", "has_base", "estimated"]).reset_index()


def projection(cases: pd.DataFrame, rules: TrendRules = DEFAULT_RULES) -> pd.DataFrame:
    """Where the least-squares line of a window leads, with the interval of a single new observation.

    In: columns of `windows`, target_year, target, comparator, bounded (bool: cannot leave 0..100). Out, same index:
    projected_value, projected_low, projected_high, probability (0-1, of meeting the target in that year), refusal.
    Interval: yhat +- t(n - 2) s sqrt(1 + 1/n + (x - mean)^2 / Sxx). A bounded series is cut off at 0 and 100 after
    the probability is made. A line without any residual gives a probability of 0 or 1.
    """
    ahead = floats(cases, "target_year") - floats(cases, "mean_year")
    points, sxx = floats(cases, "points"), floats(cases, "sxx")
    target, direction = floats(cases, "target"), directions(cases)
    usable = ~cases["refusal"].isin(WHOLE).to_numpy(dtype=bool) & (points > 2)
    freedom = np.where(usable, points - 2.0, 1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        expected = floats(cases, "mean_value") + floats(cases, "slope") * ahead
        error = floats(cases, "residual") * np.sqrt(1.0 + 1.0 / points + ahead**2 / sxx)
        standing = direction * (expected - target)
        certain = np.where(standing >= -NOISE, 1.0, 0.0)
        score = np.where(error > NOISE, standing / np.where(error > NOISE, error, 1.0), 0.0)
    probability = np.where(error > NOISE, stdtr(freedom, np.nan_to_num(score)), certain)
    margin = stdtrit(freedom, 0.5 + rules.confidence / 2.0) * error
    bounded = cases["bounded"].to_numpy(dtype=bool)
    numbers = {
        name: np.where(bounded, np.clip(number, 0.0, 100.0), number)
        for name, number in (
            ("projected_value", expected), ("projected_low", expected - margin), ("projected_high", expected + margin)
        )
    }  # fmt: skip
    given = cases["refusal"]
    reasons = [(reason, (given == reason).to_numpy(dtype=bool)) for reason in WHOLE]
    reasons.append(("fewer_than_four_points", ~(points > 2)))
    reasons.append(("no_target_year", ~(floats(cases, "target_year") > floats(cases, "to_year"))))
    return refused(cases.index, {**numbers, "probability": probability}, reasons)


def is_break(points: pd.DataFrame, ignored: Collection[str]) -> pd.Series[bool]:
    """Which points start anew: by the letter `b`, or by a known break that is not among those ignored."""
    known = points["known_break"].astype("str")
    texts = [str(text) for text in known.dropna().unique()]
    counting = [text for text in texts if any(one not in ignored for one in text.split("+"))]
    flagged = points["flags"].astype("str").fillna("").str.contains("b", regex=False)
    return flagged | known.isin(counting)


def _lines(points: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    # Deviations from the mean before squaring: years near 2000 would lose digits otherwise.
    groups = points.groupby(keys)
    x = points["year"] - groups["year"].transform("mean")
    y = points["value"] - groups["value"].transform("mean")
    squares = points[keys].assign(sxx=x * x, sxy=x * y).groupby(keys)[["sxx", "sxy"]].sum()
    lines = groups.agg(
        from_year=("year", "first"), to_year=("year", "last"), points=("year", "size"),
        start=("value", "first"), value=("value", "last"), mean_year=("year", "mean"), mean_value=("value", "mean"),
        lowest=("value", "min"), highest=("value", "max"), estimated=("is_estimated", "sum"),
        has_base=("base_year", "count"),
    ).join(squares)  # fmt: skip
    lines["has_base"] = lines["has_base"] > 0
    lines["slope"] = lines["sxy"] / lines["sxx"].where(lines["sxx"] > 0)
    slope = points[keys].merge(lines["slope"].reset_index(), on=keys, how="left")["slope"].set_axis(points.index)
    left = (y - slope * x) ** 2
    squared = left.groupby([points[column] for column in keys]).sum()
    lines["residual"] = np.sqrt(squared / (lines["points"] - 2).where(lines["points"] > 2))
    return lines.drop(columns="sxy")

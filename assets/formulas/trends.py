"""Trends: what changed a year, whether that suffices for a target, and where it leads.

Belongs here: observed and required change, the Eurostat arrows, projection, and the refusal of each with its reason.
Does not belong here: whether a target is met (`targets.py`) and the breaks themselves (`breaks.py`).

Sources: domain study, chapter 7.4 (Eurostat SDG method for the arrows) and chapter 6 (the halving table). Functions
take one case a row and give the number beside `refusal`: a reason instead of a number, never both.

| refusal | what is refused |
|---|---|
| `across_break` | everything: four points, the base year or the target year are to be had across a break only |
| `fewer_than_four_points` | everything |
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
from scipy.special import stdtr, stdtrit

from assets.formulas.breaks import mark_known_breaks
from assets.formulas.shapes import in_order
from assets.formulas.targets import AGGREGATES, SENSITIVITY_METHODS, assessed_values

Floats = npt.NDArray[np.float64]

TREND_COLUMNS = (
    "chain_table", "target_id", "indicator", "subgroup", "geo", "from_year", "to_year", "points",
    "observed_change_per_year", "required_change_per_year", "change_unit", "ratio", "arrow", "projected_value",
    "projected_low", "projected_high", "probability", "refusal",
)  # fmt: skip
TREND_KEY = ("target_id", "geo")

ARROWS_WITH_TARGET = (
    "target_met", "significant_progress", "moderate_progress", "insufficient_progress", "movement_away",
)  # fmt: skip
ARROWS_WITHOUT_TARGET = (
    "significant_progress", "moderate_progress", "no_change", "moderate_movement_away", "significant_movement_away",
)  # fmt: skip

#: In the order in which they are looked at; the first that applies is the one that is given.
REFUSALS = ("across_break", "fewer_than_four_points", "mostly_estimated", "no_target_year", "non_positive_start")

#: These leave nothing of a trend.
_WHOLE = REFUSALS[:3]

_DIRECTION = {"at_least": 1.0, "at_most": -1.0}

_SERIES = ["indicator", "subgroup", "geo"]

#: Floating-point noise, far below the last digit of any published figure; the same as in `targets.py`.
_NOISE = 1e-9


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


def required_change(cases: pd.DataFrame) -> pd.DataFrame:
    """The change a year that still leads to the target.

    In: value (the latest), target, years_left, comparator, linear (bool). Out, same index: required_change_per_year
    and refusal. Linear, for rates: (T - y) / years, in the unit of the rate. Else, for volumes, in percent:
    (T / y)^(1 / years) - 1. It is 0 where the target is already reached.
    """
    value, target, years = (_floats(cases, column) for column in ("value", "target", "years_left"))
    linear = cases["linear"].to_numpy(dtype=bool)
    with np.errstate(divide="ignore", invalid="ignore"):
        change = np.where(linear, (target - value) / years, 100.0 * compound_rate(value, target, years))
    change = np.where(_reached(value, target, _directions(cases)), 0.0, change)
    reasons = [("no_target_year", ~(years > 0)), ("non_positive_start", ~linear & ~((value > 0) & (target > 0)))]
    return _refused(cases.index, {"required_change_per_year": change}, reasons)


def observed_change(cases: pd.DataFrame) -> pd.DataFrame:
    """The change a year between the first and the last point.

    In: start, value, elapsed (years), linear (bool). Out, same index: observed_change_per_year (in the unit of a rate
    when linear, else in percent) and refusal.
    """
    start, value, elapsed = (_floats(cases, column) for column in ("start", "value", "elapsed"))
    linear = cases["linear"].to_numpy(dtype=bool)
    with np.errstate(divide="ignore", invalid="ignore"):
        change = np.where(linear, (value - start) / elapsed, 100.0 * compound_rate(start, value, elapsed))
    reasons = [
        ("fewer_than_four_points", ~(elapsed > 0)),
        ("non_positive_start", ~linear & ~((start > 0) & (value > 0))),
    ]
    return _refused(cases.index, {"observed_change_per_year": change}, reasons)


def arrow_with_target(cases: pd.DataFrame, rules: TrendRules = DEFAULT_RULES) -> pd.DataFrame:
    """The Eurostat arrow towards a target: what happened over what had to happen, both from the start.

    In: start, value, elapsed (years from start to value), target, horizon (years from start to the target year),
    comparator. Out, same index: ratio, arrow, refusal. ratio = compound rate observed / compound rate required, for
    rates and volumes alike: at least 0.95 is significant progress, 0.60 moderate, 0 insufficient, below it is movement
    away. A value at its target is `target_met`, without a ratio and without refusal. A series that started at its
    target and left it is `movement_away` without a ratio: what would have been required of it is no progress.
    """
    start, value, elapsed, target, horizon = (
        _floats(cases, column) for column in ("start", "value", "elapsed", "target", "horizon")
    )
    direction = _directions(cases)
    met = _reached(value, target, direction)
    left = ~met & _reached(start, target, direction)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = compound_rate(start, value, elapsed) / compound_rate(start, target, horizon)
    # Adding nil turns -0.0 into 0.0: standing still is no movement away.
    ratio = np.where(met | left, np.nan, ratio) + 0.0
    arrow = np.select(
        [
            met,
            left | (ratio < 0),
            ratio >= rules.significant_ratio - _NOISE,
            ratio >= rules.moderate_ratio - _NOISE,
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
    return _refused(cases.index, {"ratio": ratio, "arrow": arrow}, reasons)


def arrow_without_target(cases: pd.DataFrame, rules: TrendRules = DEFAULT_RULES) -> pd.DataFrame:
    """The Eurostat arrow of a series that has no target: its compound rate in the desired direction.

    In: start, value, elapsed (years), direction (1 when more is better, -1 when less is). Out, same index:
    change_per_year (percent, not turned by the direction), arrow, refusal. At least 1 % a year is significant progress,
    between 0 and that moderate, 0 no change, and the mirror of it below 0; the thresholds are in `rules`.
    """
    start, value, elapsed, direction = (_floats(cases, column) for column in ("start", "value", "elapsed", "direction"))
    _refuse_unknown(cases, "direction", (1, -1))
    rate = compound_rate(start, value, elapsed)
    progress = direction * rate
    arrow = np.select(
        [
            progress >= rules.significant_change - _NOISE,
            progress > rules.no_change + _NOISE,
            progress >= rules.no_change - _NOISE,
            progress > rules.significant_away + _NOISE,
        ],
        ARROWS_WITHOUT_TARGET[:4],
        ARROWS_WITHOUT_TARGET[4],
    )
    reasons = [("fewer_than_four_points", ~(elapsed > 0)), ("non_positive_start", ~((start > 0) & (value > 0)))]
    return _refused(cases.index, {"change_per_year": 100.0 * rate, "arrow": arrow}, reasons)


def windows(points: pd.DataFrame, key: Sequence[str], rules: TrendRules = DEFAULT_RULES) -> pd.DataFrame:
    """The years of every series that may be compared, with their least-squares line.

    In: `points` with the columns of `key`, year, value, flags, known_break and, where wanted, base_year (the same for
    all points of a series, or null). Out: one row a series: the key, from_year, to_year, points, start, value (first
    and last), mean_year, mean_value, slope (a year), sxx (sum of squared year deviations), residual (standard
    deviation of the residuals), lowest, highest, refusal.
    A break is the letter `b` or a known break, in a year after the first; the window starts at the last one. With a
    base year it starts there (or at the first year observed since), and a break after it refuses. Missing values and
    forecasts (`f`) are no points. Raises ValueError when a series holds a year twice.
    """
    keys = list(key)
    flags = points["flags"].astype("str").fillna("")
    seen = points.loc[points["value"].notna() & ~flags.str.contains("f", regex=False)]
    seen = seen.assign(
        is_break=_breaks(seen, rules.ignored_breaks),
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
    made["reachable"] = seen.groupby(keys).size()
    made["breaks"] = in_window.groupby([seen[column] for column in keys]).sum()
    few = made["points"] < rules.minimum_points
    crossing = (made["breaks"] > 0) & (made["has_base"] | (few & (made["reachable"] >= rules.minimum_points)))
    estimated = made["estimated"] > rules.largest_estimated_share * made["points"] + _NOISE
    made["refusal"] = _reason(made.index, list(zip(_WHOLE, (crossing, few, estimated), strict=True)))
    return made.drop(columns=["reachable", "breaks", "has_base", "estimated"]).reset_index()


def projection(cases: pd.DataFrame, rules: TrendRules = DEFAULT_RULES) -> pd.DataFrame:
    """Where the least-squares line of a window leads, with the interval of a single new observation.

    In: columns of `windows`, target_year, target, comparator, bounded (bool: cannot leave 0..100). Out, same index:
    projected_value, projected_low, projected_high, probability (0-1, of meeting the target in that year), refusal.
    Interval: yhat +- t(n - 2) s sqrt(1 + 1/n + (x - mean)^2 / Sxx). A bounded series is cut off at 0 and 100 after
    the probability is made. A line without any residual gives a probability of 0 or 1.
    """
    ahead = _floats(cases, "target_year") - _floats(cases, "mean_year")
    points, sxx = _floats(cases, "points"), _floats(cases, "sxx")
    target, direction = _floats(cases, "target"), _directions(cases)
    usable = ~cases["refusal"].isin(_WHOLE).to_numpy(dtype=bool) & (points > 2)
    freedom = np.where(usable, points - 2.0, 1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        expected = _floats(cases, "mean_value") + _floats(cases, "slope") * ahead
        error = _floats(cases, "residual") * np.sqrt(1.0 + 1.0 / points + ahead**2 / sxx)
        standing = direction * (expected - target)
        certain = np.where(standing >= -_NOISE, 1.0, 0.0)
        score = np.where(error > _NOISE, standing / np.where(error > _NOISE, error, 1.0), 0.0)
    probability = np.where(error > _NOISE, stdtr(freedom, np.nan_to_num(score)), certain)
    margin = stdtrit(freedom, 0.5 + rules.confidence / 2.0) * error
    bounded = cases["bounded"].to_numpy(dtype=bool)
    numbers = {
        name: np.where(bounded, np.clip(number, 0.0, 100.0), number)
        for name, number in (
            ("projected_value", expected), ("projected_low", expected - margin), ("projected_high", expected + margin)
        )
    }  # fmt: skip
    given = cases["refusal"]
    reasons = [(reason, (given == reason).to_numpy(dtype=bool)) for reason in _WHOLE]
    reasons.append(("fewer_than_four_points", ~(points > 2)))
    reasons.append(("no_target_year", ~(_floats(cases, "target_year") > _floats(cases, "to_year"))))
    return _refused(cases.index, {**numbers, "probability": probability}, reasons)


def trend(
    indicators: pd.DataFrame,
    targets: pd.DataFrame,
    geo_nl: str = "NL",
    *,
    published_preference: Sequence[str] = (),
    preferred_scopes: Mapping[str, Sequence[str]] | None = None,
    ignored_methods: Collection[str] = SENSITIVITY_METHODS,
    known_breaks: pd.DataFrame | None = None,
    rules: TrendRules = DEFAULT_RULES,
) -> pd.DataFrame:
    """Every target with the trend of its indicator: one row a target and geo.

    In: indicators and targets (with, where wanted, base_year: the year from which a target counts its change). Out:
    TREND_COLUMNS. Which value counts, and which geos a target is held against, is as in `targets.progress`; a target
    without observations gets one row for `geo_nl`, with 0 points.
    observed_change_per_year runs over from_year..to_year; required_change_per_year from to_year to the target year;
    both in change_unit: `percentage_points` (rates, linear), `percent` (volumes, compound), `unit` (linear, otherwise).
    ratio compares compound rates from from_year on, so it is not the quotient of these two. The target year is the
    first year of the target; a target that has started has no year ahead (`no_target_year`). With `known_breaks` (as
    in `breaks.mark_known_breaks`) a break between the last observation and the target year refuses too: figures of
    2007 do not lead to a target that counts otherwise. The module says what each refusal takes away.
    Raises ValueError as `targets.progress` does.
    """
    _refuse_unknown(targets, "comparator", _DIRECTION)
    _refuse_unknown(targets, "level", ("EU", "NL"))
    goals = targets.rename(columns={"year_from": "target_year", "value": "target"}).assign(
        base_year=targets["base_year"].astype("float64") if "base_year" in targets else np.nan
    )[["target_id", "chain_table", *_SERIES[:2], "level", "target_year", "target", "comparator", "unit", "base_year"]]
    counted = assessed_values(
        indicators,
        published_preference=published_preference,
        preferred_scopes=preferred_scopes,
        ignored_methods=ignored_methods,
    )
    pairs = _pairs(goals, counted, geo_nl)
    points = counted.merge(pairs[[*_SERIES, "base_year"]].drop_duplicates(), on=_SERIES)
    points["base"] = points["base_year"].fillna(-1.0)
    found = windows(points, [*_SERIES, "base"], rules)
    cases = pairs.assign(base=pairs["base_year"].fillna(-1.0)).merge(found, on=[*_SERIES, "base"], how="left")
    cases["points"] = cases["points"].fillna(0).astype("int64")
    cases["refusal"] = cases["refusal"].where(cases["points"] > 0, "fewer_than_four_points")
    if known_breaks is not None:
        ahead = _breaks_ahead(cases, known_breaks, rules.ignored_breaks)
        cases["refusal"] = cases["refusal"].mask(ahead & cases["refusal"].isna(), "across_break")
    return _typed(_judged(cases, rules))


def compound_rate(start: Floats, end: Floats, years: Floats) -> Floats:
    """(end / start)^(1 / years) - 1, as a fraction; NaN unless all three are above zero."""
    possible = (start > 0) & (end > 0) & (years > 0)
    growth = np.where(possible, end, 1.0) / np.where(possible, start, 1.0)
    return np.where(possible, np.expm1(np.log(growth) / np.where(possible, years, 1.0)), np.nan)


def _breaks(points: pd.DataFrame, ignored: Collection[str]) -> pd.Series[bool]:
    known = points["known_break"].astype("str")
    texts = [str(text) for text in known.dropna().unique()]
    counting = [text for text in texts if any(one not in ignored for one in text.split("+"))]
    flagged = points["flags"].astype("str").fillna("").str.contains("b", regex=False)
    return flagged | known.isin(counting)


def _breaks_ahead(cases: pd.DataFrame, known_breaks: pd.DataFrame, ignored: Collection[str]) -> pd.Series[bool]:
    place = ["chain_table", *_SERIES]
    years = [
        list(range(int(last) + 1, int(aim) + 1)) if last == last else []
        for last, aim in zip(cases["to_year"].astype("float64"), cases["target_year"], strict=True)
    ]
    to_come = cases[place].assign(year=pd.Series(years, index=cases.index)).explode("year").dropna(subset="year")
    marked = mark_known_breaks(
        to_come.reset_index(names="case").astype({"year": "int64"}), known_breaks, series_column="indicator"
    ).assign(flags="")
    if "known_break" not in marked:
        return pd.Series(False, index=cases.index)
    broken = marked.loc[_breaks(marked, ignored), "case"]
    return pd.Series(cases.index.isin(broken), index=cases.index)


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


def _pairs(goals: pd.DataFrame, counted: pd.DataFrame, geo_nl: str) -> pd.DataFrame:
    series = counted[[*_SERIES, "unit"]].drop_duplicates().rename(columns={"unit": "observed_unit"})
    pairs = goals.merge(series, on=_SERIES[:2], how="inner")
    bound = np.where(pairs["level"] == "NL", pairs["geo"] == geo_nl, ~pairs["geo"].isin(AGGREGATES))
    pairs = pairs.loc[bound]
    other = pairs.loc[pairs["unit"] != pairs["observed_unit"]]
    if len(other):
        row = other.iloc[0]
        raise ValueError(
            f"trend: target {row['target_id']} is in {row['unit']}, but {' '.join(row[_SERIES])} is in "
            f"{row['observed_unit']} ({len(other)} such rows); bring them to one unit first"
        )
    held = pairs.loc[pairs["geo"] == geo_nl, "target_id"]
    unobserved = goals.loc[~goals["target_id"].isin(held)].assign(geo=geo_nl)
    return pd.concat([pairs.drop(columns="observed_unit"), unobserved], ignore_index=True)


def _judged(pairs: pd.DataFrame, rules: TrendRules) -> pd.DataFrame:
    years_left = pairs["target_year"] - pairs["to_year"]
    within = (pairs["lowest"] >= 0) & (pairs["highest"] <= 100) & pairs["target"].between(0, 100)
    cases = pairs.assign(
        years_left=years_left,
        elapsed=pairs["to_year"] - pairs["from_year"],
        horizon=(pairs["target_year"] - pairs["from_year"]).where(years_left > 0),
        linear=pairs["unit"].isin(list(rules.linear_units)),
        bounded=pairs["unit"].isin(list(rules.bounded_units)) & within,
        change_unit=pairs["unit"].map(dict(rules.linear_units)).fillna("percent"),
    )
    made = [observed_change(cases), required_change(cases), arrow_with_target(cases, rules), projection(cases, rules)]
    whole = cases["refusal"].isin(_WHOLE)
    # A reason that refuses all goes before the reasons of the parts.
    given = [part["refusal"].where(~whole, cases["refusal"]) for part in made]
    numbers = pd.concat([part.drop(columns="refusal") for part in made], axis=1)
    numbers = numbers.where(~whole)
    reasons = [
        (reason, np.logical_or.reduce([(one == reason).to_numpy(dtype=bool) for one in given])) for reason in REFUSALS
    ]
    return cases.drop(columns="refusal").join(numbers).assign(refusal=_reason(cases.index, reasons))


def _typed(rows: pd.DataFrame) -> pd.DataFrame:
    text = ("chain_table", "target_id", *_SERIES, "change_unit", "arrow", "refusal")
    whole = {"from_year": "Int64", "to_year": "Int64", "points": "int64"}
    types = {column: "str" if column in text else whole.get(column, "float64") for column in TREND_COLUMNS}
    return in_order(rows[list(TREND_COLUMNS)].astype(types), TREND_COLUMNS, TREND_KEY)


def _refused(
    index: pd.Index, made: Mapping[str, npt.NDArray[np.generic]], reasons: Sequence[tuple[str, npt.NDArray[np.bool_]]]
) -> pd.DataFrame:
    refusal = _reason(index, reasons)
    frame = pd.DataFrame({name: pd.Series(column, index=index) for name, column in made.items()})
    return frame.where(refusal.isna()).assign(refusal=refusal)


def _reason(index: pd.Index, reasons: Sequence[tuple[str, npt.NDArray[np.bool_] | pd.Series[bool]]]) -> pd.Series[str]:
    reason = pd.Series(None, index=index, dtype="str")
    for name, applies in reversed(reasons):
        reason = reason.mask(np.asarray(applies, dtype=bool), name)
    return reason


def _reached(value: Floats, target: Floats, direction: Floats) -> npt.NDArray[np.bool_]:
    return direction * (value - target) >= -_NOISE


def _directions(cases: pd.DataFrame) -> Floats:
    _refuse_unknown(cases, "comparator", _DIRECTION)
    return np.asarray(cases["comparator"].map(_DIRECTION).to_numpy(dtype=np.float64), dtype=np.float64)


def _floats(cases: pd.DataFrame, column: str) -> Floats:
    return np.asarray(cases[column].to_numpy(dtype="float64", na_value=np.nan), dtype=np.float64)


def _refuse_unknown(frame: pd.DataFrame, column: str, known: Collection[object]) -> None:
    unknown = frame.loc[~frame[column].isin(list(known))]
    if len(unknown):
        row = unknown.iloc[0]
        where = f" of {row['target_id']}" if "target_id" in frame else ""
        found = unknown[column].tolist()[0]
        raise ValueError(
            f"trend: {column}{where} is {found!r}, expected one of {', '.join(str(one) for one in known)} "
            f"({len(unknown)} such rows)"
        )

"""What a chart is made of: points, series, targets and breaks, and which of them are refused.

Here: the types, their checks, and the pieces of a line that may be drawn. Not here: where anything stands on paper
(`scales.py`) or how it is said (`words.py`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

from contracts.vocabulary import load_codelist

Role = Literal["main", "comparison", "published", "computed"]
#: At most this many series: so many pairs of a dash and a marker can be told apart without colour.
MOST_SERIES = 6


class ChartError(ValueError):
    """Figures that cannot be drawn honestly; the message names the series, what was found and what to do."""


@dataclass(frozen=True)
class Point:
    """One observation. `text` is the value as shown, with its unit; a missing observation has `value` None."""

    year: int
    value: float | None
    text: str
    status: str
    note: str = ""


@dataclass(frozen=True)
class Series:
    """One line: its points in any order, at most one a year."""

    key: str
    label: str
    points: tuple[Point, ...]
    role: Role = "main"

    @cached_property
    def observed(self) -> tuple[Point, ...]:
        """The points that have a value, by year."""
        return tuple(point for point in sorted(self.points, key=lambda p: p.year) if point.value is not None)


@dataclass(frozen=True)
class Target:
    """A bound from `year_from` up to and including `year_to` (None: open). `text` is the value as shown."""

    label: str
    value: float
    comparator: str
    year_from: int
    year_to: int | None
    text: str


@dataclass(frozen=True)
class Break:
    """Between `year` - 1 and `year` the figures cannot be compared; the line is not drawn across it."""

    year: int
    label: str


def amount(point: Point) -> float:
    """The value of a point that is known to have one."""
    if point.value is None:
        raise ChartError(f"{point.year}: no value; leave out points without a value before drawing them")
    return point.value


def checked(series: Sequence[Series], targets: Iterable[Target]) -> tuple[Series, ...]:
    """The series as given. Raises ChartError where a value is no number, a year stands twice or a code is unknown."""
    if len(series) > MOST_SERIES:
        raise ChartError(
            f"{len(series)} series in one chart; at most {MOST_SERIES} can be told apart: use small_multiples"
        )
    for one in series:
        _check_points(one)
    for target in targets:
        check_target(target)
    return tuple(series)


def _check_points(series: Series) -> None:
    statuses = load_codelist("obs_status").values()
    seen: set[int] = set()
    for point in series.points:
        where = f"series {series.key[:80]!r}, {point.year}"
        if point.year in seen:
            raise ChartError(f"{where}: the year stands twice; give one value a year (choose a source or a method)")
        seen.add(point.year)
        if point.value is not None and not math.isfinite(point.value):
            raise ChartError(f"{where}: the value is {point.value}; expected a number, or None where it is missing")
        if point.status not in statuses:
            raise ChartError(f"{where}: status {point.status[:20]!r} is not in code list obs_status")


def check_target(target: Target) -> None:
    """Raises ChartError for a value that is no number, an unknown comparator or years in the wrong order."""
    where = f"target {target.label[:80]!r}"
    if not math.isfinite(target.value):
        raise ChartError(f"{where}: the value is {target.value}; expected a number")
    known = load_codelist("comparator").values()
    if target.comparator not in known:
        raise ChartError(f"{where}: comparator {target.comparator[:20]!r}; expected one of {', '.join(known)}")
    if target.year_to is not None and target.year_to < target.year_from:
        raise ChartError(f"{where}: it ends in {target.year_to}, before it begins in {target.year_from}")


def reached(value: float, target: Target) -> bool:
    """Whether the unrounded value meets the target; noise of floating point (1e-9) decides nothing."""
    distance = value - target.value if target.comparator == "at_least" else target.value - value
    return distance >= -1e-9


def all_breaks(series: Sequence[Series], breaks: Iterable[Break], unnamed: str) -> tuple[Break, ...]:
    """The breaks to mark: those given, for all series, and those that a status `B` reports, for its own series.

    One a year, by year. `unnamed` labels the latter, with the series where there are several.
    """
    labels: dict[int, list[str]] = {}
    for one in breaks:
        known = labels.setdefault(one.year, [])
        if one.label not in known:
            known.append(one.label)
    given = frozenset(labels)
    for one_series in series:
        label = f"{unnamed}: {one_series.label}" if len(series) > 1 else unnamed
        for point in one_series.observed:
            if point.status == "B" and point.year not in given:
                labels.setdefault(point.year, []).append(label)
    return tuple(Break(year, "; ".join(labels[year])) for year in sorted(labels))


def pieces(series: Series, breaks: Iterable[Break]) -> tuple[tuple[Point, ...], ...]:
    """The runs of subsequent years without a gap or a break: each is drawn as one line.

    Breaks are those given for all series and those that the series itself reports by status `B`.
    """
    broken = {one.year for one in breaks}
    runs: list[list[Point]] = []
    for point in series.observed:
        follows = bool(runs) and point.year == runs[-1][-1].year + 1
        if follows and point.year not in broken and point.status != "B":
            runs[-1].append(point)
        else:
            runs.append([point])
    return tuple(tuple(run) for run in runs)


def in_years(targets: Iterable[Target], first: int, last: int) -> tuple[Target, ...]:
    """The targets that hold somewhere from `first` to `last`, by year and value."""
    found = [t for t in targets if t.year_from <= last and (t.year_to is None or t.year_to >= first)]
    return tuple(sorted(found, key=lambda target: (target.year_from, target.value, target.label)))


def cut(targets: Iterable[Target], first: int, last: int) -> tuple[Target, ...]:
    """The targets with the years in which they are drawn: none before `first`, none after `last`."""
    return tuple(
        replace(
            target,
            year_from=max(target.year_from, first),
            year_to=last if target.year_to is None else min(target.year_to, last),
        )
        for target in in_years(targets, first, last)
    )

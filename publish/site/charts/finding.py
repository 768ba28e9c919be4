"""What a chart shows, in one sentence that claims no more than the figures do.

Here: the latest value, its change within the same stretch of comparable years, and how it stands to the target.
Never a comparison across a break. Not here: numbers and words by themselves (`words.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from publish.numbers_and_dates import Language
from publish.site.charts.figures import Break, Point, Series, Target, all_breaks, amount, checked, reached
from publish.site.charts.words import (
    bound_words,
    has_ratio,
    is_index,
    is_percent,
    isolated,
    number,
    rounded,
    status_words,
    with_unit,
    word,
)

_ROLES = ("main", "published", "computed", "comparison")
# From ten times as much on a percentage says little; the difference itself is said.
_LARGEST_RATIO = 10.0

_TEXTS = {
    "nl": {
        "nothing": "Er is nog geen waarde.",
        "latest": "De laatste waarde is {value} ({year})",
        "latest_of": "{label}: de laatste waarde is {value} ({year})",
        "higher": "{change} hoger dan in {year}",
        "lower": "{change} lager dan in {year}",
        "equal": "even hoog als in {year}",
        "nearly": "vrijwel gelijk aan {year}",
        "after_break": ", het eerste jaar na de breuk in de reeks",
        "since_break": ", de eerste waarde na de breuk in de reeks",
        "not_comparable": "door een breuk in de reeks in {year} niet te vergelijken met eerdere jaren",
        "met": "{target} is gehaald",
        "already": "al op het niveau van {target}",
        "short": "{target} is niet gehaald: het verschil is {distance}",
        "not_yet": "tot {target} is het nog {distance}",
        "just_short": "{target} is net niet gehaald",
        "the_target": "het doel van {bound}",
        "the_target_named": "{label} ({bound})",
        "missing_since": "na {year} is er geen waarde",
        "points": "procentpunt",
        "point": "procentpunt",
        "index_points": "punt",
        "index_point": "punt",
    },
    "en": {
        "nothing": "There is no value yet.",
        "latest": "The latest value is {value} ({year})",
        "latest_of": "{label}: the latest value is {value} ({year})",
        "higher": "{change} higher than in {year}",
        "lower": "{change} lower than in {year}",
        "equal": "the same as in {year}",
        "nearly": "almost the same as in {year}",
        "after_break": ", the first year after the break in the series",
        "since_break": ", the first value after the break in the series",
        "not_comparable": "not comparable with earlier years because of a break in the series in {year}",
        "met": "{target} has been met",
        "already": "already at the level of {target}",
        "short": "{target} has not been met: the difference is {distance}",
        "not_yet": "{target} is still {distance} away",
        "just_short": "{target} has just not been met",
        "the_target": "the target of {bound}",
        "the_target_named": "{label} ({bound})",
        "missing_since": "there is no value after {year}",
        "points": "percentage points",
        "point": "percentage point",
        "index_points": "points",
        "index_point": "point",
    },
}


@dataclass(frozen=True)
class _Terms:
    """Unit, decimals and language of a sentence."""

    unit: str
    decimals: int
    language: Language

    def say(self, key: str, **parts: str | int) -> str:
        return _TEXTS[self.language][key].format(**parts)

    def difference(self, value: float) -> str | None:
        """The size of a difference with its unit; None where it rounds to nothing."""
        size = rounded(abs(value), self.decimals)
        if size == 0:
            return None
        shown = number(abs(value), self.decimals, self.language)
        if is_percent(self.unit):
            unit = self.say("point" if size == 1 else "points")
        elif is_index(self.unit):
            unit = self.say("index_point" if size == 1 else "index_points")
        else:
            return with_unit(shown, self.unit, self.language)
        return f"{shown} {unit}"


def finding(
    series: Sequence[Series],
    *,
    targets: Sequence[Target],
    breaks: Sequence[Break],
    unit: str,
    decimals: int,
    language: Language,
) -> str:
    """One sentence about the leading series: the first `main`, else `published`, else `computed`, with a value.

    It says the latest value with its status; the change since the first value, or since the first value after the last
    break; the targets that hold in that year, or else the next ones, held against the unrounded value; and that values
    are missing since. Nothing is compared across a break: neither with a year before it nor with a target after it.
    Raises ChartError as `checked` does.
    """
    word("none", language)
    terms = _Terms(unit, decimals, language)
    one = _leading(checked(series, targets))
    if one is None:
        return terms.say("nothing")
    found = all_breaks([one], breaks, word("break", language))
    latest = one.observed[-1]
    parts = [_change(one, found, terms), *_targets(latest, targets, found, terms)]
    if any(point.year > latest.year for point in one.points):
        parts.append(terms.say("missing_since", year=latest.year))
    opening = _opening(one, latest, several=len(series) > 1, terms=terms)
    said = "; ".join(part for part in parts if part)
    return f"{opening}: {said}." if said else f"{opening}."


def _leading(series: Sequence[Series]) -> Series | None:
    observed = [one for one in series if one.observed]
    return min(observed, key=lambda one: _ROLES.index(one.role), default=None)


def _opening(one: Series, latest: Point, *, several: bool, terms: _Terms) -> str:
    year = str(latest.year)
    if latest.status not in ("A", "B"):
        year += f", {status_words(latest.status, terms.language)}"
    if several:
        return terms.say("latest_of", label=isolated(one.label), value=isolated(latest.text), year=year)
    return terms.say("latest", value=isolated(latest.text), year=year)


def _change(one: Series, breaks: Sequence[Break], terms: _Terms) -> str:
    latest = one.observed[-1]
    first_year = one.observed[0].year
    past = [b.year for b in breaks if first_year < b.year <= latest.year]
    stretch = [point for point in one.observed if not past or point.year >= past[-1]]
    base = stretch[0]
    if base is latest:
        return terms.say("not_comparable", year=past[-1]) if past else ""
    said = _compared(amount(latest), base, terms)
    if past:
        said += terms.say("after_break" if base.year == past[-1] else "since_break")
    return said


def _compared(value: float, base: Point, terms: _Terms) -> str:
    before = amount(base)
    year = str(base.year)
    if base.status not in ("A", "B"):
        year += f" ({status_words(base.status, terms.language)})"
    if value == before:
        return terms.say("equal", year=year)
    change = _relative(value, before, terms) or terms.difference(value - before)
    if change is None:
        return terms.say("nearly", year=year)
    return terms.say("higher" if value > before else "lower", change=change, year=year)


def _relative(value: float, before: float, terms: _Terms) -> str | None:
    """The change in percent for amounts above zero; None where percentage points, points or an amount say it."""
    if not has_ratio(terms.unit) or before <= 0 or value < 0:
        return None
    if value / before >= _LARGEST_RATIO:
        return None
    decimals = 1 if terms.decimals >= 0 else 0
    share = abs(value / before - 1) * 100
    return f"{number(share, decimals, terms.language)}\u00a0%" if rounded(share, decimals) else None


def _targets(latest: Point, targets: Sequence[Target], breaks: Sequence[Break], terms: _Terms) -> list[str]:
    year = latest.year
    holding = [t for t in targets if t.year_from <= year and (t.year_to is None or year <= t.year_to)]
    coming = [t for t in targets if t.year_from > year]
    if not holding and coming:
        nearest = min(t.year_from for t in coming)
        if not any(year < b.year <= nearest for b in breaks):
            coming = [t for t in coming if t.year_from == nearest]
        else:
            coming = []
    chosen = holding or coming
    return [_held_against(latest, target, bool(holding), len(chosen) > 1, terms) for target in chosen]


def _held_against(latest: Point, target: Target, holds: bool, several: bool, terms: _Terms) -> str:
    value = amount(latest)
    said = isolated(bound_words(target, terms.unit, terms.decimals, terms.language))
    if not holds:
        said += f" {word('from', terms.language)} {target.year_from}"
    named = (
        terms.say("the_target_named", label=isolated(target.label), bound=said)
        if several
        else terms.say("the_target", bound=said)
    )
    if reached(value, target):
        return terms.say("met" if holds else "already", target=named)
    distance = terms.difference(value - target.value)
    if distance is None:
        return terms.say("just_short", target=named)
    return terms.say("short" if holds else "not_yet", target=named, distance=distance)

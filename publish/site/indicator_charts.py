"""The charts of an indicator: its newest series in front, other sources and the EU beside it, its parts below.

Here: which series stand in which chart. Not here: drawing them (`drawing.py`), or the page around them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from markupsafe import Markup

from publish.site import drawing
from publish.site.known_breaks import KnownBreaks
from publish.site.lines import HOME, Line, lines_of, preferred, rows_where, shown_beside, whole_first
from publish.site.words import Words

EUROPE = "EU27_2020"
Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class MainChart:
    """The chart in front, of one part of an indicator, with the table of the values of its first line."""

    indicator: str
    title: str
    finding: str
    chart: Markup
    rows: tuple[tuple[int, str, str], ...]


@dataclass(frozen=True)
class Charts:
    """The charts of an indicator; either may be absent. Parts over the limit of one page are left to the tables."""

    main: MainChart | None
    panels: Markup | None
    panels_left_out: int


NO_CHARTS = Charts(None, None, 0)


def _headline_of(headline: Rows, subgroup: str) -> Mapping[str, Any] | None:
    return next((row for row in headline if row["subgroup"] == subgroup), None)


def _europe(table: pa.Table, code: str, main: Line) -> list[Line]:
    """The same figure for the EU, where the same source gives it."""
    rows = rows_where(table, indicator=code, geo=EUROPE, subgroup=main.subgroup)
    return [line for line in lines_of(rows) if line.apart() == main.apart() and len(line.years) > 1][:1]


def main_chart(
    table: pa.Table, code: str, subgroup: str, headline: Rows, goals: Rows, words: Words, breaks: KnownBreaks
) -> MainChart | None:
    """The series of the headline figure and what stands beside it; None where there is no value at all.

    The newest value is always in it: a longer series that ended earlier stands beside, never in its place.
    """
    lines = lines_of(rows_where(table, indicator=code, geo=HOME, subgroup=subgroup))
    main = preferred(lines, _headline_of(headline, subgroup))
    if main is None:
        return None
    shown = [main, *shown_beside(main, lines), *_europe(table, code, main)]
    title = words.title(code, subgroup)
    drawn = drawing.line(shown, goals, words, breaks, name="main-chart", title=title, subgroup=subgroup)
    return MainChart(code, title, drawn.finding, drawn.chart, drawing.values_in_words(main, words, breaks))


def _panel_line(lines: Sequence[Line], headline: Mapping[str, Any] | None) -> Line | None:
    """The line of one small chart: that of the headline where it has more than one year, else the longest."""
    chosen = preferred(lines, headline)
    if chosen is not None and len(chosen.years) > 1:
        return chosen
    return max((line for line in lines if len(line.years) > 1), key=lambda line: len(line.years), default=None)


def charts_of(table: pa.Table, code: str, headline: Rows, goals: Rows, words: Words, breaks: KnownBreaks) -> Charts:
    """The charts of one indicator for the Netherlands. `headline`, `goals`: its headline rows and targets."""
    lines = lines_of(rows_where(table, indicator=code, geo=HOME))
    order = whole_first((line.subgroup for line in lines if line.years), list(words.codes.all_of("subgroup")))
    if not order:
        return NO_CHARTS
    main = main_chart(table, code, order[0], headline, goals, words, breaks)
    found = [
        (subgroup, _panel_line([line for line in lines if line.subgroup == subgroup], _headline_of(headline, subgroup)))
        for subgroup in order
    ]
    parts = [(subgroup, line) for subgroup, line in found if line is not None]
    if len(parts) < 2:
        return Charts(main, None, 0)
    title = words.t("panels_title", name=words.code("indicator", code))
    finding = words.t("panels_finding", number=min(len(parts), drawing.PANELS))
    panels = drawing.panels(parts, goals, words, breaks, name="panels", title=title, finding=finding)
    return Charts(main, panels, max(0, len(parts) - drawing.PANELS))

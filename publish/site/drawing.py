"""Charts of a page: from lines and targets to what `charts` draws.

Here: choosing what stands in one chart, and its words. Not here: the drawing itself (`charts`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from publish.site import charts
from publish.site.known_breaks import KnownBreaks
from publish.site.lines import HOME, Line
from publish.site.words import Words

# At most this many small charts on one page: more are in the table.
PANELS = 12


def _point(row: Mapping[str, Any], words: Words, breaks: KnownBreaks) -> charts.Point:
    return charts.Point(
        year=row["year"],
        # the unrounded value is what a target is judged on; the text is the one to quote
        value=row["value"],
        text=words.quoted(row, row.get("decimals")),
        status=row.get("obs_status") or "A",
        note="; ".join(words.cautions(row, breaks.titles)),
    )


def series(line: Line, label: str, words: Words, breaks: KnownBreaks, role: charts.Role) -> charts.Series:
    """One line as the charts want it."""
    return charts.Series(
        "-".join((line.geo, *line.apart())), label, tuple(_point(row, words, breaks) for row in line.rows), role
    )


def targets(rows: Sequence[Mapping[str, Any]], subgroup: str, words: Words) -> tuple[charts.Target, ...]:
    """The targets of one subgroup that hold or will hold; those that lapsed are left to the table."""
    found = []
    for row in rows:
        if row["subgroup"] == subgroup and row.get("value") is not None and row.get("status") != "lapsed":
            level = words.t(f"level_{row['level']}_short")
            text = words.value(row["value"], None, row.get("unit"))
            found.append(
                charts.Target(level, row["value"], row["comparator"], row["year_from"], row.get("year_to"), text)
            )
    return tuple(found)


def breaks_of(
    lines: Sequence[Line], known: KnownBreaks, words: Words, goals: Sequence[charts.Target] = ()
) -> tuple[charts.Break, ...]:
    """Where the lines may not be read across: breaks that the source marks, and those that we know of.

    A known break stands in its own year, also where no line has a row in that year: in a gap, between two lines, or
    between the last value and the goals. Where it lies before a row and the row before that, as in a mean of three
    years, it stands in the year of the row that names it.
    """
    found: dict[int, list[str]] = {}
    for line in lines:
        before: int | None = None
        for row in line.rows:
            ids = [item for item in str(row.get("known_break") or "").split("+") if item]
            for item in ids:
                year = known.year(item)
                if year is None or (year < row["year"] and (before is None or year <= before)):
                    year = row["year"]
                found.setdefault(year, []).append(known.title(item))
            if not ids and row.get("obs_status") == "B":
                found.setdefault(row["year"], [])
            if row["value"] is not None:
                before = row["year"]
    years = [year for line in lines for year in line.years]
    last = max([*years, *(goal.year_from for goal in goals)], default=0)
    for line in lines:
        for year, item in known.of(line):
            if years and min(years) < year <= last:
                found.setdefault(year, []).append(known.title(item))
    unnamed = words.code("obs_status", "B")
    return tuple(charts.Break(year, "; ".join(dict.fromkeys(found[year])) or unnamed) for year in sorted(found))


def round_ends(low: float, high: float) -> tuple[float, float]:
    """Round numbers at or beyond both ends, with some room: -5 and 2.3 give -6 and 4."""
    if high - low < 1e-9:
        low, high = low - 0.5, high + 0.5
    rough = (high - low) / 4
    size = 10.0 ** math.floor(math.log10(rough))
    step = next(size * times for times in (1, 2, 5, 10) if size * times >= rough)
    return math.floor(low / step) * step, math.ceil(high / step) * step


def bullet(
    row: Mapping[str, Any],
    decimals: int | None,
    words: Words,
    breaks: KnownBreaks,
    chart_id: str,
    title: str,
    finding: str,
) -> Markup | None:
    """One headline figure against its target; nothing where there is no target or no value to hold against it."""
    if row.get("value_rounded") is None or row.get("target_value") is None:
        return None
    value, aim = row["value_rounded"], row["target_value"]
    low, high = min(0.0, value, aim), max(value, aim)
    low, high = (0.0, 100.0) if row.get("unit") == "percent" and low >= 0 and high <= 100 else round_ends(low, high)
    goal = charts.Target(
        words.t(f"level_{row['level']}_short"),
        aim,
        row["comparator"],
        row["target_year_from"],
        None,
        words.value(aim, None, row.get("unit")),
    )
    drawn = charts.bullet_chart(
        value=_point({**row, "decimals": decimals}, words, breaks),
        target=goal,
        low=low,
        high=high,
        unit=words.unit(row.get("unit")),
        decimals=decimals or 0,
        language=words.language,
        chart_id=chart_id,
        title=title,
        finding=finding,
    )
    return Markup(drawn)  # noqa: S704 - charts escape every text


@dataclass(frozen=True)
class Drawn:
    """A chart with the sentence that says what is to be seen in it."""

    chart: Markup
    finding: str


def values_in_words(line: Line, words: Words, breaks: KnownBreaks) -> tuple[tuple[int, str, str], ...]:
    """Year, value and cautions of every row of a line, newest first: the table below its chart."""
    return tuple(
        (
            row["year"],
            words.quoted(row, row.get("decimals")),
            "; ".join(words.cautions(row, breaks.titles)),
        )
        for row in reversed(line.rows)
    )


def _label(line: Line, alone: bool, words: Words) -> str:
    if line.geo != HOME:
        return words.code("geo", line.geo)
    if alone:
        return words.code("geo", HOME)
    named = ", ".join(dict.fromkeys(filter(None, (words.publishers.get(code, "") for code in line.source.split("+")))))
    last = line.rows[-1]
    edition = last.get("source_edition") or ""
    source = words.source({"source": line.source, "source_edition": edition})
    said = (
        words.t(f"line_{line.origin}", publisher=named, source=source)
        if named
        else words.t(f"line_{line.origin}_taken_over")
    )
    scope = words.scope({"scope_version": line.scope_version})
    return f"{said}, {scope[:1].lower()}{scope[1:]}" if scope else said


def line(
    shown: Sequence[Line],
    goals: Sequence[Mapping[str, Any]],
    words: Words,
    breaks: KnownBreaks,
    *,
    name: str,
    title: str,
    subgroup: str,
) -> Drawn:
    """Lines of one indicator and subgroup in one chart, the first in front; the Netherlands before other areas."""
    at_home = [one for one in shown if one.geo == HOME]
    roles: list[charts.Role] = ["main", *("comparison" if one.geo != HOME else _role(one) for one in shown[1:])]
    drawn = [
        series(one, _label(one, len(at_home) == 1, words), words, breaks, role)
        for one, role in zip(shown, roles, strict=True)
    ]
    first = shown[0].rows[-1]
    decimals = max((row.get("decimals") or 0) for row in shown[0].rows)
    aims = targets(goals, subgroup, words)
    shared: dict[str, Any] = {
        "targets": aims,
        "breaks": breaks_of(at_home, breaks, words, aims),
        "unit": words.unit(first.get("unit")),
        "decimals": decimals,
        "language": words.language,
    }
    said = charts.finding(drawn, **shared)
    return Drawn(Markup(charts.line_chart(drawn, chart_id=name, title=title, finding=said, **shared)), said)  # noqa: S704


def _role(line_: Line) -> charts.Role:
    return "computed" if line_.origin == "computed" else "published"


def panels(
    by_subgroup: Sequence[tuple[str, Line]],
    goals: Sequence[Mapping[str, Any]],
    words: Words,
    breaks: KnownBreaks,
    *,
    name: str,
    title: str,
    finding: str,
) -> Markup:
    """A small chart for each subgroup, on one scale."""
    drawn = [
        (
            words.code("subgroup", subgroup),
            [series(one, words.code("geo", HOME), words, breaks, "main")],
            aims := targets(goals, subgroup, words),
            breaks_of([one], breaks, words, aims),
        )
        for subgroup, one in by_subgroup[:PANELS]
    ]
    first = by_subgroup[0][1].rows[-1]
    return Markup(  # noqa: S704 - charts escape every text
        charts.small_multiples(
            drawn,
            unit=words.unit(first.get("unit")),
            decimals=max((row.get("decimals") or 0) for row in by_subgroup[0][1].rows),
            language=words.language,
            chart_id=name,
            title=title,
            finding=finding,
        )
    )

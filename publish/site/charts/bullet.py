"""The bullet chart: one value as a bar against its target, for a row of figures that a reader takes in at once.

Here: its one layout, made for a place of 280 to 420 pixels. Not here: values over years (`line.py`).
"""

from __future__ import annotations

from decimal import Decimal

from publish.numbers_and_dates import Language
from publish.site.charts.figures import ChartError, Point, Series, Target, checked
from publish.site.charts.labels import Box, Room, text_width
from publish.site.charts.marks import BARRED, DOTTED, OPEN, point_text
from publish.site.charts.markup import drawing, element, empty, identifier, place, written
from publish.site.charts.scales import ValueScale, axis_numbers
from publish.site.charts.words import bound, short_value, status_words, word

_WIDTH, _SIZE, _INSET, _AIR = 340.0, 13.0, 1.0, 6.0
_TOP, _TRACK, _BAR = 22.0, 18.0, 9.0


def bullet_chart(
    *,
    value: Point,
    target: Target | None,
    low: float,
    high: float,
    unit: str,
    decimals: int,
    language: Language,
    chart_id: str,
    title: str,
    finding: str,
) -> str:
    """One value and its target on a track from `low` to `high`, as markup.

    The track grows where value or target lie outside it, so that nothing is cut off. A value that is not final is an
    open bar, with its status in words. A missing value leaves the track empty and says so. Raises ChartError where
    `low` is not below `high`, and as `checked` does.
    """
    checked([Series("bullet", title, (value,))], [target] if target else [])
    if not low < high:
        raise ChartError(f"bullet {chart_id[:80]!r}: from {low} to {high}; expected a lower and a higher end")
    inside = [low, high, *([target.value] if target else []), *([] if value.value is None else [value.value])]
    track = ValueScale((Decimal(repr(float(min(inside)))), Decimal(repr(float(max(inside))))))
    name = identifier(chart_id)
    parts = [
        empty("rect", class_="track", x=_INSET, y=_TOP, width=_WIDTH - 2 * _INSET, height=_TRACK),
        _bar(value, track, language),
        _target_mark(target, track),
        *_texts(value, target, track, unit, decimals, language),
    ]
    height = _TOP + _TRACK + _SIZE * 1.7
    svg = drawing(parts, width=_WIDTH, height=height, name=name, title=title, text=finding, kind="chart-row")
    return element("div", element("div", svg, class_="chart-plot"), class_="chart chart-bullet", id=name)


def _x(value: float, track: ValueScale) -> float:
    return _INSET + track.fraction(value) * (_WIDTH - 2 * _INSET)


def _bar(value: Point, track: ValueScale, language: Language) -> str:
    if value.value is None:
        return ""
    zero = max(float(track.low), min(0.0, float(track.high)))
    ends = sorted((_x(zero, track), _x(value.value, track)))
    final = value.status not in OPEN + DOTTED + BARRED
    return empty(
        "rect",
        class_="bar" if final else "bar open",
        x=ends[0],
        y=_TOP + (_TRACK - _BAR) / 2,
        # A value at the foot of the bar is still to be seen.
        width=max(1.5, ends[1] - ends[0]),
        height=_BAR,
        data_y=str(value.year),
        data_t=point_text(value, language)[:400],
    )


def _target_mark(target: Target | None, track: ValueScale) -> str:
    if target is None:
        return ""
    x = min(max(_x(target.value, track), 2), _WIDTH - 2)
    return empty("path", class_="target-mark", d=f"M{place(x)} {place(_TOP - 3)}v{place(_TRACK + 6)}")


def _texts(
    value: Point, target: Target | None, track: ValueScale, unit: str, decimals: int, language: Language
) -> list[str]:
    """The value above the track; below it the bound at its mark, and the ends where the bound leaves room."""
    if value.value is None:
        said = word("no_value", language)
    else:
        year = str(value.year)
        if value.status not in ("A", "B"):
            year += f", {status_words(value.status, language)}"
        said = f"{short_value(value.value, unit, decimals, language)} ({year})"
    parts = [written(_INSET, _SIZE, said, "end-name")]
    below = _TOP + _TRACK + _SIZE * 1.3
    ends = axis_numbers(track, language)
    room = Room(Box(0, 0, _WIDTH, below + _SIZE))
    wanted: list[tuple[float, str, str]] = []
    if target is not None:
        wanted.append((_x(target.value, track), bound(target, unit, decimals, language), "bound"))
    wanted += [(0.0, ends.texts[0], "tick"), (_WIDTH, f"{ends.texts[1]} {ends.magnitude}".strip(), "tick")]
    for x, text, kind in wanted:
        width = text_width(text, _SIZE)
        left = min(max(x - width / 2, 0), _WIDTH - width)
        # widths are estimates: some air round each, so that two never run into each other
        box = Box(max(0, left - _AIR), below - _SIZE, min(_WIDTH, left + width + _AIR), below)
        if room.choose([box], over_lines=True) is not None:
            anchor = "start" if left == 0 else "end" if left == _WIDTH - width else "middle"
            at = {"start": _INSET, "end": _WIDTH - _INSET, "middle": x}[anchor]
            parts.append(written(at, below, text, kind, anchor))
    return parts

"""The marks of a chart: axes, lines, markers, targets and breaks, in a frame of given size.

Here: one figure to one piece of markup. Not here: which labels fit (`labels.py`) and how big a frame is (`line.py`,
`multiples.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from publish.numbers_and_dates import Language
from publish.site.charts.figures import Break, Point, Series, Target, amount, pieces
from publish.site.charts.labels import Line, text_width
from publish.site.charts.markup import attributes, element, empty, place, written
from publish.site.charts.scales import ValueScale, YearScale
from publish.site.charts.words import status_words

# How a status is drawn; everything else is a plain, filled marker.
OPEN = ("P",)
DOTTED = ("E", "I", "F")
BARRED = ("D", "U", "N")
_NOTE_LENGTH = 160


@dataclass(frozen=True)
class Frame:
    """Where the plot lies in the drawing, in the units of its view box."""

    values: ValueScale
    years: YearScale
    top: float
    bottom: float
    radius: float
    size: float

    def y(self, value: float) -> float:
        """The height of a value."""
        return self.bottom - self.values.fraction(value) * (self.bottom - self.top)


def slot(position: int) -> str:
    """The class that gives the series at this position its colour and dash."""
    return f"s{position + 1}"


def marker(position: int, x: float, y: float, radius: float, status: str, data: str = "") -> str:
    """The marker of a point: its shape by series, open where the value is not final, with `data` as attributes."""
    soft = status in OPEN + DOTTED + BARRED
    r = radius + 1 if soft else radius
    kind = "open" if soft else None
    extra = ""
    if status in DOTTED:
        extra = empty("circle", class_="pip", cx=x, cy=y, r=max(1.1, r * 0.34))
    elif status in BARRED:
        extra = empty("path", class_="bar-through", d=f"M{place(x - r - 2.5)} {place(y)}h{place(2 * r + 5)}")
    if position == 0:
        return f"<circle{attributes(class_=kind, cx=x, cy=y, r=r)}{data}/>{extra}"
    return f"<path{attributes(class_=kind, d=_shape(position, x, y, r))}{data}/>{extra}"


def _shape(position: int, x: float, y: float, r: float) -> str:
    if position == 1:
        side = r * 0.9
        return f"M{place(x - side)} {place(y - side)}h{place(2 * side)}v{place(2 * side)}h{place(-2 * side)}z"
    outlines = {
        2: ((0, -1.25), (1.15, 0.85), (-1.15, 0.85)),
        3: ((0, -1.35), (1.35, 0), (0, 1.35), (-1.35, 0)),
        4: ((0, 1.25), (1.15, -0.85), (-1.15, -0.85)),
        5: ((-1.4, -0.5), (1.4, -0.5), (1.4, 0.5), (-1.4, 0.5)),
    }
    corners = [f"{place(x + r * dx)} {place(y + r * dy)}" for dx, dy in outlines[position]]
    return "M" + "L".join(corners) + "z"


def point_text(point: Point, language: Language) -> str:
    """What a reader hears of a point: its value, and its status where that is not the normal one."""
    if point.status == "A":
        return point.text
    return f"{point.text} ({status_words(point.status, language)})"


def _data(point: Point, language: Language) -> str:
    note = point.note if len(point.note) <= _NOTE_LENGTH else f"{point.note[:_NOTE_LENGTH].rstrip()}…"
    return attributes(data_y=str(point.year), data_t=point_text(point, language)[:400], data_n=note or None)


def series_marks(
    position: int, one: Series, breaks: Sequence[Break], frame: Frame, language: Language | None, name: str = ""
) -> str:
    """One series: a line a piece, then its markers.

    Given a language, the markers carry year, text and note as data, and the series what it is called: `name` or its
    label.
    """
    path = "".join(
        f"M{'L'.join(f'{place(frame.years.x(p.year))} {place(frame.y(amount(p)))}' for p in run)}"
        for run in pieces(one, breaks)
        if len(run) > 1
    )
    dots = "".join(
        marker(
            position,
            frame.years.x(p.year),
            frame.y(amount(p)),
            frame.radius,
            p.status,
            _data(p, language) if language else "",
        )
        for p in one.observed
    )
    return element(
        "g",
        (empty("path", class_="line", d=path) if path else "") + element("g", dots, class_="dots"),
        class_=f"series {slot(position)} {one.role}",
        data_l=(name or one.label)[:200] if language else None,
    )


def segments(one: Series, breaks: Sequence[Break], frame: Frame) -> list[Line]:
    """The straight pieces of a series, and its points as crosses, for labels to keep clear of."""
    found: list[Line] = []
    for run in pieces(one, breaks):
        places = [(frame.years.x(p.year), frame.y(amount(p))) for p in run]
        found.extend((*a, *b) for a, b in pairwise(places))
        for x, y in places:
            r = frame.radius + 1
            found.extend(((x - r, y, x + r, y), (x, y - r, x, y + r)))
    return found


def target_line(target: Target, frame: Frame) -> Line:
    """Where a target is drawn; its years have been cut to those of the frame."""
    last = target.year_to if target.year_to is not None else frame.years.last
    y = frame.y(target.value)
    return frame.years.x(target.year_from - 0.5), y, frame.years.x(last + 0.5), y


def target_marks(targets: Sequence[Target], frame: Frame) -> str:
    """All targets as one stepped, dashed line: a riser where one follows on the other."""
    path = ""
    for target in targets:
        x1, y, x2, _ = target_line(target, frame)
        before = [
            other
            for other in targets
            if other.year_to == target.year_from - 1 and other.comparator == target.comparator
        ]
        if len(before) == 1:
            path += f"M{place(x1)} {place(frame.y(before[0].value))}V{place(y)}H{place(x2)}"
        else:
            path += f"M{place(x1)} {place(y)}H{place(x2)}"
    return empty("path", class_="target", d=path) if path else ""


def break_marks(breaks: Iterable[Break], frame: Frame, top: float) -> str:
    """A vertical line before the first year of every break."""
    path = "".join(f"M{place(frame.years.x(one.year - 0.5))} {place(top)}V{place(frame.bottom)}" for one in breaks)
    return empty("path", class_="break", d=path) if path else ""


def grid(frame: Frame, texts: Sequence[str], left: float, right: float) -> str:
    """Thin lines at the ticks, a stronger one at zero, and the numbers left of them."""
    thin, numbers, zero = "", [], ""
    for tick, text in zip(frame.values.ticks, texts, strict=True):
        y = frame.bottom - frame.values.fraction(tick) * (frame.bottom - frame.top)
        stroke = f"M{place(left)} {place(y)}H{place(right)}"
        if tick == 0:
            zero = empty("path", class_="zero", d=stroke)
        else:
            thin += stroke
        numbers.append(written(left - 8, y + frame.size * 0.35, text, "tick", "end"))
    return (empty("path", class_="grid", d=thin) if thin else "") + zero + "".join(numbers)


def year_axis(frame: Frame, years: Sequence[int], width: float) -> str:
    """The years below the plot; one that would stick out of the drawing, which is `width` wide, ends where it ends."""
    texts = []
    for year in years:
        x, half = frame.years.x(year), text_width(str(year), frame.size) / 2
        at, anchor = (x, "middle") if x + half <= width else (width, "end")
        texts.append(written(at, frame.bottom + frame.size * 1.55, str(year), "tick", anchor))
    return "".join(texts)

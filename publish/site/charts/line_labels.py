"""The labels of a line chart: at the ends of lines, at targets, at breaks; each where it covers nothing.

Here: which texts, and where. Not here: how wide a text is and what is still free (`labels.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from publish.site.charts.figures import Break, amount
from publish.site.charts.labels import BOLD, Box, Room, parts_of, stacked, text_width, wrapped
from publish.site.charts.layout import Content, Layout
from publish.site.charts.marks import Frame, segments, slot, target_line
from publish.site.charts.markup import element, written
from publish.site.charts.scales import YearScale
from publish.site.charts.words import bound, short_value

# From the middle of the last point to its label.
_GAP = 10.0
# The marker of a series as a letter behind its value, for paper and for eyes that do not see the colour.
_GLYPHS = "●■▲◆▼▬"


@dataclass(frozen=True)
class EndLabel:
    """The label at the end of a series: the lines of its name, its value, and the point at which it stands."""

    position: int
    names: tuple[str, ...]
    shown: str
    year: int
    value: float
    width: float

    @property
    def is_cut(self) -> bool:
        """Whether the name did not fit, so that the key has to say it."""
        return bool(self.names) and self.names[-1].endswith("…")


def end_labels(content: Content, layout: Layout) -> list[EndLabel]:
    """A label for every series with a value; a name only where there is more than one series."""
    drawn = [(n, one) for n, one in enumerate(content.series) if one.observed]
    most_lines = max(1, min(3, int(layout.plot_height / layout.line_height / len(drawn)) - 1))
    labels = []
    for n, one in drawn:
        point = one.observed[-1]
        shown = short_value(amount(point), content.unit, content.decimals, content.language)
        if point.year != content.last_observed:
            shown += f" ({point.year})"
        if len(content.series) > 1:
            shown += f"\u00a0{_GLYPHS[n]}"
        names = _names(one.label, layout, most_lines) if len(content.series) > 1 else ()
        widths = [text_width(name, layout.size, bold=True) for name in names]
        widths.append(text_width(shown, layout.size, bold=not names))
        labels.append(EndLabel(n, names, shown, point.year, amount(point), max(widths)))
    return labels


def _names(label: str, layout: Layout, most_lines: int) -> tuple[str, ...]:
    """A name in a column that a long word may widen a little."""
    size = layout.size * BOLD
    longest = max((text_width(part, size) for part in parts_of(label[:400])), default=0)
    return wrapped(label, size, min(max(layout.label_width, longest), layout.label_width * 1.4), most_lines)


def years_beside(ends: Sequence[EndLabel], content: Content, layout: Layout, left: float) -> YearScale:
    """The widest axis that leaves every end label its room on the right."""
    right = layout.width - 4
    span = content.last - content.first + 1
    for label in ends:
        share = (label.year - content.first + 0.5) / span
        right = min(right, left + (layout.width - _GAP - label.width - 2 - left) / share)
    return YearScale(content.first, content.last, left, right)


def room_of(content: Content, frame: Frame, layout: Layout) -> Room:
    """The room above and in the plot, with all lines in it."""
    room = Room(Box(0, frame.top - layout.size, layout.width, frame.bottom + 2))
    for one in content.series:
        room.lines.extend(segments(one, content.breaks, frame))
    room.lines.extend(target_line(target, frame) for target in content.drawn_targets)
    for one_break in content.marked_breaks:
        x = frame.years.x(one_break.year - 0.5)
        room.lines.append((x, frame.top, x, frame.bottom))
    return room


def placed_ends(ends: Sequence[EndLabel], frame: Frame, layout: Layout, room: Room) -> list[str]:
    """The end labels in the order of their points, each as near to its own as the others leave room."""
    ordered = sorted(ends, key=lambda end: (frame.y(end.value), end.position))
    heights = [(len(label.names) + 1) * layout.line_height for label in ordered]
    middles = stacked([frame.y(label.value) for label in ordered], heights, room.bounds.top, room.bounds.bottom)
    boxes = [
        Box(left, middle - height / 2, left + label.width, middle + height / 2)
        for label, middle, height in zip(ordered, middles, heights, strict=True)
        for left in (frame.years.x(label.year) + _GAP,)
    ]
    parts = []
    for n, label in enumerate(ordered):
        boxes[n] = _off_lines(n, boxes, room)
        left, top = boxes[n].left, boxes[n].top + layout.size * 0.98
        lines = [(name, "end-name") for name in label.names]
        lines.append((label.shown, "end-value" if label.names else "end-name"))
        texts = (written(left, top + row * layout.line_height, *line) for row, line in enumerate(lines))
        parts.append(element("g", "".join(texts), class_=f"end {slot(label.position)}"))
    room.labels.extend(boxes)
    return parts


def _off_lines(n: int, boxes: Sequence[Box], room: Room) -> Box:
    """A label a little up or down, where it then covers no line and no other label; else as it stands."""
    others = [box for m, box in enumerate(boxes) if m != n]
    for shift in [0.0] + [sign * step * 2.0 for step in range(1, 13) for sign in (-1, 1)]:
        box = boxes[n].moved(shift)
        if box.inside(room.bounds) and not room.has_line_in(box) and not any(box.meets(other) for other in others):
            return box
    return boxes[n]


def placed_bounds(content: Content, frame: Frame, layout: Layout, room: Room) -> list[str]:
    """The bounds at their lines, the latest first; one that fits nowhere is left to the key."""
    parts = []
    for target in reversed(content.drawn_targets):
        x1, y, x2, _ = target_line(target, frame)
        text = bound(target, content.unit, content.decimals, content.language)
        width = text_width(text, layout.size)
        above, below = (y - layout.size * 1.25, y - 3), (y + 3, y + layout.size * 1.25)
        lefts = [x1 + 2, x2 - width, (x1 + x2 - width) / 2, x1 - width - 4]
        boxes = [Box(left, side[0], left + width, side[1]) for side in (above, below) for left in lefts]
        chosen = room.choose(boxes, over_lines=False)
        if chosen is not None:
            box = boxes[chosen]
            parts.append(written(box.left, box.bottom - layout.size * 0.22, text, "bound"))
    return parts


@dataclass(frozen=True)
class BreakLabels:
    """The labels of breaks: their markup, the rows of text that they take, and whether they are letters."""

    parts: tuple[str, ...] = ()
    rows: int = 0
    letters: bool = False


def break_labels(breaks: Sequence[Break], years: YearScale, layout: Layout, top: float) -> BreakLabels:
    """The labels from `top` down, above the plot; where one does not fit, all are letters for the key."""
    taken: list[tuple[float, float]] = []
    texts: list[tuple[float, str, tuple[str, ...]]] = []
    for one in breaks:
        x = years.x(one.year - 0.5)
        after, before = layout.width - x - 6, x - 6
        anchor, width = ("start", after) if after >= min(before, layout.label_width * 1.2) else ("end", before)
        lines = wrapped(one.label, layout.size, min(width, layout.label_width * 1.7), 3)
        widest = max((text_width(line, layout.size) for line in lines), default=0)
        span = (x, x + 6 + widest) if anchor == "start" else (x - 6 - widest, x)
        fits = len(lines) <= 2 and not any(line.endswith("…") for line in lines)
        if not fits or any(span[0] < end + 8 and start - 8 < span[1] for start, end in taken):
            return _letters(breaks, years, layout, top)
        taken.append(span)
        texts.append((x + (5 if anchor == "start" else -5), anchor, lines))
    first = top + layout.size * 0.85
    drawn = [
        written(x, first + n * layout.line_height, line, "break-label", anchor)
        for x, anchor, lines in texts
        for n, line in enumerate(lines)
    ]
    return BreakLabels(tuple(drawn), max((len(lines) for _, _, lines in texts), default=0))


def _letters(breaks: Sequence[Break], years: YearScale, layout: Layout, top: float) -> BreakLabels:
    drawn = [
        written(years.x(one.year - 0.5) + 4, top + layout.size * 0.85, letter(n), "break-label letter")
        for n, one in enumerate(breaks)
    ]
    return BreakLabels(tuple(drawn), 1, letters=True)


def letter(position: int) -> str:
    """a, b, … z, aa: the name of a break where its label does not fit."""
    return "abcdefghijklmnopqrstuvwxyz"[position % 26] * (position // 26 + 1)

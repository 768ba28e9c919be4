"""Where a label fits: how wide a text is, where it breaks, and a place where it covers nothing.

Here: geometry of texts. Not here: which labels a chart has. The browser chooses the font, so widths are estimates for
a plain sans serif, on the generous side.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

_NARROW = frozenset("iljtfrI.,:;'|!()[]  -\u2013/")
_WIDE = frozenset("mwMW%@≥≤—×+●■▲◆▼▬")
_PARTS = re.compile(r"[^-]*-+|[^-]+")
#: How much wider bold letters are.
BOLD = 1.06
# Longer than this no label fits; hostile texts may be very long.
_LONGEST = 400
Line = tuple[float, float, float, float]


def text_width(text: str, size: float, *, bold: bool = False) -> float:
    """The estimated width of a text at a font size, in the same unit."""
    total = 0.0
    for character in text:
        if character in _NARROW:
            total += 0.36
        elif character in _WIDE or unicodedata.east_asian_width(character) in "WF":
            total += 0.95
        elif character.isupper():
            total += 0.7
        else:
            total += 0.57
    return total * size * (BOLD if bold else 1.0)


def parts_of(text: str) -> list[str]:
    """The pieces between which a line may break, a space before each that begins a word: ` Niet-`, `metaalhoudende`."""
    return [part for word in text.split() for part in _PARTS.findall(f" {word}")]


def wrapped(text: str, size: float, width: float, most_lines: int) -> tuple[str, ...]:
    """The text over at most `most_lines` lines of at most `width`; what does not fit ends in an ellipsis."""
    lines: list[str] = []
    current = ""
    for part in parts_of(text[:_LONGEST]):
        candidate = f"{current}{part}".strip()
        if text_width(candidate, size) <= width:
            current = candidate
            continue
        if current:
            lines.append(current)
        current = part.strip()
        while text_width(current, size) > width and len(lines) < most_lines:
            fits = _fitting(current, size, width)
            lines.append(current[:fits])
            current = current[fits:]
    if current:
        lines.append(current)
    if len(lines) <= most_lines and len(text) <= _LONGEST:
        return tuple(lines)
    last = lines[min(most_lines, len(lines)) - 1]
    kept = last[: _fitting(last, size, width - size)].rstrip()
    return (*lines[: most_lines - 1], f"{kept}…")


def _fitting(text: str, size: float, width: float) -> int:
    fits = 1
    while fits < len(text) and text_width(text[: fits + 1], size) <= width:
        fits += 1
    return fits


@dataclass(frozen=True)
class Box:
    """A rectangle in the drawing."""

    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: Box) -> bool:
        """Whether the two overlap."""
        return (
            self.left < other.right and other.left < self.right and self.top < other.bottom and other.top < self.bottom
        )

    def crossed_by(self, line: Line) -> bool:
        """Whether a straight line runs through it (Liang and Barsky)."""
        x1, y1, x2, y2 = line
        if max(x1, x2) < self.left or min(x1, x2) > self.right:
            return False  # by far the most lines
        enters, leaves = 0.0, 1.0
        for change, room in (
            (x1 - x2, x1 - self.left),
            (x2 - x1, self.right - x1),
            (y1 - y2, y1 - self.top),
            (y2 - y1, self.bottom - y1),
        ):
            if change == 0:
                if room < 0:
                    return False
            elif change < 0:
                enters = max(enters, room / change)
            else:
                leaves = min(leaves, room / change)
        return enters <= leaves

    def moved(self, down: float) -> Box:
        """The same box a distance further down."""
        return Box(self.left, self.top + down, self.right, self.bottom + down)

    def inside(self, other: Box) -> bool:
        """Whether it lies within another box."""
        return (
            self.left >= other.left
            and self.right <= other.right
            and self.top >= other.top
            and self.bottom <= other.bottom
        )


def stacked(middles: Sequence[float], heights: Sequence[float], low: float, high: float) -> list[float]:
    """The middles of labels that stand above each other, as near as can be to where they want to be.

    `middles` in ascending order. None overlaps another; all lie between `low` and `high` where their heights leave it.
    """
    groups: list[tuple[float, float, int]] = []  # top, height, number of labels
    for middle, height in zip(middles, heights, strict=True):
        groups.append((max(low, min(high - height, middle - height / 2)), height, 1))
        while len(groups) > 1 and groups[-2][0] + groups[-2][1] > groups[-1][0]:
            (top1, height1, n1), (top2, height2, n2) = groups[-2:]
            height_both, n = height1 + height2, n1 + n2
            # The tops that each half asks for, weighed by how many labels are in it.
            top = (top1 * n1 + (top2 - height1) * n2) / n
            groups[-2:] = [(max(low, min(high - height_both, top)), height_both, n)]
    found: list[float] = []
    for top, _, n in groups:
        for _ in range(n):
            height = heights[len(found)]
            found.append(top + height / 2)
            top += height
    return found


@dataclass
class Room:
    """The room for labels: what already stands there, labels and lines apart."""

    bounds: Box
    labels: list[Box] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)

    def has_line_in(self, box: Box) -> bool:
        """Whether a line runs through the box."""
        return any(box.crossed_by(line) for line in self.lines)

    def choose(self, candidates: Sequence[Box], *, over_lines: bool) -> int | None:
        """The first candidate that covers nothing, and takes it; with `over_lines` else the first clear of labels.

        None where no candidate is clear.
        """
        inside = [(n, box) for n, box in enumerate(candidates) if box.inside(self.bounds)]
        clear = [(n, box) for n, box in inside if not _any_meets(box, self.labels)]
        free = [(n, box) for n, box in clear if not self.has_line_in(box)]
        chosen = (free or clear if over_lines else free)[:1]
        for n, box in chosen:
            self.labels.append(box)
            return n
        return None


def _any_meets(box: Box, others: Iterable[Box]) -> bool:
    return any(box.meets(other) for other in others)

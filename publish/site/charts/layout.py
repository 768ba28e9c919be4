"""What both layouts of a line chart share: their measures, and the figures in them.

Here: sizes and the choice of years, targets and breaks to draw. Not here: drawing (`line.py`) and labels
(`line_labels.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from publish.numbers_and_dates import Language
from publish.site.charts.figures import Break, Series, Target, all_breaks, cut, in_years
from publish.site.charts.words import word


@dataclass(frozen=True)
class Layout:
    """The measures of one drawing, in the units of its view box; `size` is that of its letters.

    `label_width` is the most that a label at the end of a line takes; `steps` the most steps of the vertical axis.
    """

    kind: str
    width: float
    plot_height: float
    size: float
    radius: float
    steps: int
    label_width: float

    @property
    def line_height(self) -> float:
        """From one line of text to the next."""
        return self.size * 1.25


#: Two drawings: letters that can be read on a phone are too large on a desk.
WIDE = Layout("wide", 760, 270, 13, 3.1, 5, 160)
NARROW = Layout("narrow", 344, 212, 12.5, 2.6, 4, 92)


@dataclass(frozen=True)
class Content:
    """The figures of a line chart.

    `targets` are as given, `drawn_targets` cut to the years of the axis; `breaks` hold for all series, `marked_breaks`
    also has those that one series reports.
    """

    series: tuple[Series, ...]
    targets: tuple[Target, ...]
    breaks: tuple[Break, ...]
    marked_breaks: tuple[Break, ...]
    first: int
    last: int
    unit: str
    decimals: int
    language: Language

    @property
    def last_observed(self) -> int:
        """The latest year of any series."""
        return max(one.observed[-1].year for one in self.series if one.observed)

    @property
    def drawn_targets(self) -> tuple[Target, ...]:
        """The targets with the years in which they are drawn."""
        return cut(self.targets, self.first, self.last)


def content(
    series: Sequence[Series],
    targets: Sequence[Target],
    breaks: Sequence[Break],
    *,
    unit: str,
    decimals: int,
    language: Language,
) -> Content | None:
    """What there is to draw; None without a value.

    The axis runs from the first value to the last value or, where that is later, the start of the last target. Breaks
    and targets outside it are left out.
    """
    years = [point.year for one in series for point in one.observed]
    if not years:
        return None
    first = min(years)
    last = max([*years, *(target.year_from for target in targets)])
    marked = all_breaks(series, breaks, word("break", language))
    return Content(
        tuple(series),
        in_years(targets, first, last),
        tuple(breaks),
        tuple(one for one in marked if first < one.year <= last),
        first,
        last,
        unit,
        decimals,
        language,
    )

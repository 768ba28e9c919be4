"""The line chart: series over years with targets and breaks, once for wide and once for narrow places.

Here: the drawing as a whole; the style sheet shows one of its two layouts. Not here: single marks (`marks.py`), labels
(`line_labels.py`), small panels (`multiples.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from publish.numbers_and_dates import Language
from publish.site.charts.figures import Break, Series, Target, amount, checked
from publish.site.charts.key import KeyItem, key, missing_items, series_items, status_items, target_items, with_year
from publish.site.charts.labels import text_width
from publish.site.charts.layout import NARROW, WIDE, Content, Layout, content
from publish.site.charts.line_labels import (
    break_labels,
    end_labels,
    letter,
    placed_bounds,
    placed_ends,
    room_of,
    years_beside,
)
from publish.site.charts.marks import Frame, break_marks, grid, series_marks, target_marks, year_axis
from publish.site.charts.markup import drawing, element, escaped, identifier, written
from publish.site.charts.scales import axis_numbers, value_scale, year_ticks
from publish.site.charts.words import axis_caption, word


def line_chart(
    series: Sequence[Series],
    *,
    targets: Sequence[Target] = (),
    breaks: Sequence[Break] = (),
    unit: str,
    decimals: int,
    language: Language,
    chart_id: str,
    title: str,
    finding: str,
) -> str:
    """Series over the years as markup: a `<div class="chart">` with two drawings and a key.

    `unit` is a code of the list `unit` or words; `decimals` those of the values. `title` and `finding` become the
    name and the description of the drawings; they are not shown. `chart_id` is unique on the page. Missing years and
    breaks are gaps in the line. Without any value a sentence says so. Raises ChartError as `checked` does.
    """
    name = identifier(chart_id)
    shown = content(checked(series, targets), targets, breaks, unit=unit, decimals=decimals, language=language)
    if shown is None:
        return element("div", element("p", escaped(word("none", language))), class_="chart chart-empty", id=name)
    drawings, to_say = [], []
    for layout in (WIDE, NARROW):
        drawn = _drawn(shown, layout)
        to_say.append((layout.kind, drawn))
        drawings.append(
            drawing(
                drawn.parts,
                width=layout.width,
                height=drawn.height,
                name=f"{name}-{layout.kind}",
                title=title,
                text=finding,
                kind=f"chart-{layout.kind}",
            )
        )
    plot = element("div", "".join(drawings), class_="chart-plot", data_reader=word("reader", language))
    return element("div", plot + key(_key_items(shown, to_say)), class_="chart chart-line", id=name)


@dataclass(frozen=True)
class _Drawn:
    """One drawing: its parts, its height, and what the key must say for it: breaks as letters, names that were cut."""

    parts: list[str]
    height: float
    letters: bool
    cut_names: frozenset[int]


def _key_items(shown: Content, drawn: Sequence[tuple[str, _Drawn]]) -> list[KeyItem]:
    def only_in(kinds: list[str]) -> str:
        return "" if len(kinds) == len(drawn) else f"chart-{kinds[0]}"

    items = []
    samples = series_items(shown.series)
    for n, item in enumerate(samples):
        if kinds := [kind for kind, one in drawn if n in one.cut_names]:
            items.append(replace(item, layout=only_in(kinds)))
    items += target_items(shown.targets, shown.unit, shown.decimals, shown.language)
    if kinds := [kind for kind, one in drawn if one.letters]:
        items += [
            KeyItem(element("b", letter(n)), with_year(one.label, one.year), only_in(kinds))
            for n, one in enumerate(shown.marked_breaks)
        ]
    statuses = [point.status for one in shown.series for point in one.observed]
    return items + status_items(statuses, shown.language) + missing_items(shown.series, shown.language)


def _drawn(shown: Content, layout: Layout) -> _Drawn:
    values = [amount(p) for one in shown.series for p in one.observed] + [t.value for t in shown.targets]
    scale = value_scale(values, layout.steps)
    numbers = axis_numbers(scale, shown.language)
    left = max(text_width(text, layout.size) for text in numbers.texts) + 12
    ends = end_labels(shown, layout)
    years = years_beside(ends, shown, layout, left)
    caption = layout.size * 2.4
    labels = break_labels(shown.marked_breaks, years, layout, caption - 4)
    top = caption + (labels.rows * layout.line_height + 2 if labels.rows else 0)
    frame = Frame(scale, years, top, top + layout.plot_height, layout.radius, layout.size)
    room = room_of(shown, frame, layout)
    ticks = year_ticks(years, _wanted_years(shown), text_width("2000", layout.size) + layout.size * 0.8)
    drawn = reversed(list(enumerate(shown.series)))
    # Only the first of the two drawings carries the values: `charts.js` finds them there.
    spoken = layout is WIDE
    parts = [
        written(0, layout.size, axis_caption(numbers.magnitude, shown.unit, shown.language), "caption"),
        grid(frame, numbers.texts, left, years.right),
        year_axis(frame, ticks, layout.width),
        break_marks(shown.marked_breaks, frame, caption - 4),
        *labels.parts,
        target_marks(shown.drawn_targets, frame),
        *(series_marks(n, one, shown.breaks, frame, shown.language if spoken else None) for n, one in drawn),
        *placed_ends(ends, frame, layout, room),
        *placed_bounds(shown, frame, layout, room),
    ]
    cut_names = frozenset(label.position for label in ends if label.is_cut)
    return _Drawn(parts, frame.bottom + layout.size * 2.1, labels.letters, cut_names)


def _wanted_years(shown: Content) -> list[int]:
    """The years that must be readable, the most important first."""
    return [shown.last_observed, shown.first, *(target.year_from for target in shown.targets)]

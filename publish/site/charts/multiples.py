"""Small multiples: the same chart once a panel, all on the same axes, so that panels can be compared at a glance.

Here: the panels and their grid. Not here: the chart that stands alone (`line.py`).
"""

from __future__ import annotations

from collections.abc import Sequence

from publish.numbers_and_dates import Language
from publish.site.charts.figures import Break, Series, Target, all_breaks, amount, checked, cut, in_years
from publish.site.charts.finding import finding as finding_of
from publish.site.charts.key import KeyItem, break_sample, key, series_items, status_items, target_sample, with_year
from publish.site.charts.labels import text_width
from publish.site.charts.marks import Frame, break_marks, grid, series_marks, slot, target_marks, year_axis
from publish.site.charts.markup import drawing, element, escaped, identifier
from publish.site.charts.scales import ValueScale, YearScale, axis_numbers, value_scale
from publish.site.charts.words import axis_caption, bound, isolated, short_value, word, years_of

Panel = tuple[str, Sequence[Series], Sequence[Target], Sequence[Break]]

_WIDTH, _TOP, _PLOT, _SIZE, _RADIUS = 172.0, 9.0, 88.0, 12.0, 1.7


def small_multiples(
    panels: Sequence[Panel],
    *,
    unit: str,
    decimals: int,
    language: Language,
    chart_id: str,
    title: str,
    finding: str,
) -> str:
    """A panel a group (title, series, targets, breaks), all with the same axes, and one key below them.

    Every panel is a drawing of its own with its own sentence as description; `title` and `finding` name and describe
    the group for who cannot see it. Series with the same position in their panels share a mark. Raises ChartError as
    `checked` does.
    """
    name = identifier(chart_id)
    for _, series, targets, _ in panels:
        checked(series, targets)
    observed = [point for _, series, _, _ in panels for one in series for point in one.observed]
    if not observed:
        return element("div", element("p", escaped(word("none", language))), class_="chart chart-empty", id=name)
    years = [p.year for p in observed] + [t.year_from for _, _, targets, _ in panels for t in targets]
    first, last = min(p.year for p in observed), max(years)
    values = [amount(p) for p in observed] + [
        t.value for _, _, targets, _ in panels for t in in_years(targets, first, last)
    ]
    scale = value_scale(values, 2)
    drawn = "".join(
        _panel(panel, f"{name}-{n}", scale, (first, last), unit, decimals, language) for n, panel in enumerate(panels)
    )
    plot = element("div", drawn, class_="chart-plot chart-grid", data_reader=word("reader", language))
    caption = axis_caption(axis_numbers(scale, language).magnitude, unit, language)
    said = f"{caption[:1].upper()}{caption[1:]}. {word('same_axis', language)}."
    note = element("p", escaped(said), class_="chart-note")
    return element(
        "div",
        note + plot + key(_key_items(panels, (first, last), language)),
        class_="chart chart-multiples",
        id=name,
        role="group",
        aria_label=f"{title}. {finding}",
    )


def _panel(
    panel: Panel, name: str, scale: ValueScale, span: tuple[int, int], unit: str, decimals: int, language: Language
) -> str:
    title, series, targets, breaks = panel
    broken = [one for one in all_breaks(series, breaks, word("break", language)) if span[0] < one.year <= span[1]]
    numbers = axis_numbers(scale, language)
    left = max(text_width(text, _SIZE) for text in numbers.texts) + 9
    frame = Frame(scale, YearScale(*span, left, _WIDTH - 2), _TOP, _TOP + _PLOT, _RADIUS, _SIZE)
    several = len(series) > 1
    parts = [
        grid(frame, numbers.texts, left, _WIDTH - 2),
        year_axis(frame, sorted(set(span)), _WIDTH),
        break_marks(broken, frame, frame.top - 4),
        target_marks(cut(targets, *span), frame),
        *(
            series_marks(n, one, breaks, frame, language, name=f"{title}, {one.label}" if several else title)
            for n, one in reversed(list(enumerate(series)))
        ),
    ]
    sentence = finding_of(series, targets=targets, breaks=breaks, unit=unit, decimals=decimals, language=language)
    svg = drawing(
        parts,
        width=_WIDTH,
        height=frame.bottom + _SIZE * 2,
        name=name,
        title=title,
        text=sentence,
        kind="chart-panel",
    )
    caption = _caption(panel, span, unit, decimals, language)
    return element("figure", element("figcaption", caption) + svg)


def _caption(panel: Panel, span: tuple[int, int], unit: str, decimals: int, language: Language) -> str:
    """Title, latest value of each series and bounds: in words above the panel, for in it they would cover the lines."""
    title, series, targets, _ = panel
    values = []
    for n, one in enumerate(series):
        if one.observed:
            last = one.observed[-1]
            shown = f"{short_value(amount(last), unit, decimals, language)} ({last.year})"
            values.append(element("span", escaped(shown), class_=f"panel-value {slot(n)}"))
    bounds = ", ".join(
        f"{bound(target, unit, decimals, language)} ({years_of(target, language)})"
        for target in in_years(targets, *span)
    )
    lines = [element("span", escaped(title), class_="panel-title"), *values]
    if not values:
        lines.append(element("span", escaped(word("no_value", language)), class_="panel-value"))
    if bounds:
        lines.append(element("span", escaped(bounds), class_="panel-bounds"))
    return "".join(lines)


def _key_items(panels: Sequence[Panel], span: tuple[int, int], language: Language) -> list[KeyItem]:
    longest = max((series for _, series, _, _ in panels), key=len)
    items = series_items(longest) if len(longest) > 1 else []
    labels = {isolated(target.label): None for _, _, targets, _ in panels for target in in_years(targets, *span)}
    items += [KeyItem(target_sample(), ", ".join(labels))] if labels else []
    broken = {
        (one.year, one.label): None
        for _, series, _, breaks in panels
        for one in all_breaks(series, breaks, word("break", language))
        if span[0] < one.year <= span[1]
    }
    said = "; ".join(with_year(label, year) for year, label in sorted(broken))
    items += [KeyItem(break_sample(), said)] if said else []
    statuses = [p.status for _, series, _, _ in panels for one in series for p in one.observed]
    return items + status_items(statuses, language)

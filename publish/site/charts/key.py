"""The key below a chart: what its marks mean, in words, as an HTML list.

Here: which marks need a word. Not here: drawing them (`marks.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from publish.numbers_and_dates import Language
from publish.site.charts.figures import Series, Target
from publish.site.charts.marks import BARRED, DOTTED, OPEN, marker, slot
from publish.site.charts.markup import element, empty, escaped
from publish.site.charts.words import bound_words, isolated, status_words, word, years_of


@dataclass(frozen=True)
class KeyItem:
    """One line of the key: a sample of the mark as markup, its words, and the class of the layout that needs it."""

    sample: str
    text: str
    layout: str = ""


def key(items: Iterable[KeyItem]) -> str:
    """The list; nothing where there is nothing to explain."""
    lines = "".join(
        element("li", item.sample + element("span", escaped(item.text)), class_=item.layout or None) for item in items
    )
    return element("ul", lines, class_="chart-key") if lines else ""


def _sample(content: str, width: float = 18) -> str:
    return element("svg", content, viewBox=f"0 0 {width:g} 12", width=width, height=12, aria_hidden="true")


def target_sample() -> str:
    """A piece of a target line."""
    return _sample(empty("path", class_="target", d="M0 6H30"), 30)


def break_sample() -> str:
    """A piece of the line of a break."""
    return _sample(empty("path", class_="break", d="M9 0V12"))


def with_year(label: str, year: int) -> str:
    """A label that says its year once."""
    return isolated(label) if str(year) in label else f"{isolated(label)} ({year})"


def series_items(series: Sequence[Series]) -> list[KeyItem]:
    """A line and a marker for every series, for charts without room for a label at the line."""
    return [
        KeyItem(
            _sample(
                element(
                    "g",
                    empty("path", class_="line", d="M0 6H30") + element("g", marker(n, 15, 6, 3.2, "A"), class_="dots"),
                    class_=f"series {slot(n)} {one.role}",
                ),
                30,
            ),
            isolated(one.label),
        )
        for n, one in enumerate(series)
    ]


def status_items(statuses: Iterable[str], language: Language) -> list[KeyItem]:
    """What an open marker means, for those that are drawn: one item a shape."""
    found = set(statuses)
    items = []
    for shape in (OPEN, DOTTED, BARRED):
        present = [status for status in shape if status in found]
        if present:
            sample = element("g", marker(0, 9, 6, 3.4, present[0]), class_="dots plain")
            items.append(KeyItem(_sample(sample), ", ".join(status_words(status, language) for status in present)))
    return items


def target_items(targets: Sequence[Target], unit: str, decimals: int, language: Language) -> list[KeyItem]:
    """One dashed line, and for every target its label, bound and, where the label does not say them, years."""
    said = []
    for target in targets:
        text = f"{isolated(target.label)}: {isolated(bound_words(target, unit, decimals, language))}"
        if str(target.year_from) not in target.label or target.year_to not in (None, target.year_from):
            text += f" ({years_of(target, language)})"
        said.append(text)
    return [KeyItem(target_sample(), "; ".join(said))] if said else []


def missing_items(series: Sequence[Series], language: Language) -> list[KeyItem]:
    """The series that have no value at all: they are named, for nothing of them is drawn."""
    return [
        KeyItem(_sample(""), f"{isolated(one.label)}: {word('no_values', language)}")
        for one in series
        if not one.observed
    ]

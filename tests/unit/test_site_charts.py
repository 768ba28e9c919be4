"""Charts as markup: what is drawn, what is left open, and that a text never becomes markup."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from publish.site.charts import (
    Break,
    ChartError,
    Point,
    Series,
    Target,
    bullet_chart,
    line_chart,
    small_multiples,
)

SVG = ("viewBox", "role", "aria-labelledby", "aria-describedby")


def series(*values: tuple[int, float | None, str] | tuple[int, float | None], label: str = "Nederland") -> Series:
    points = tuple(
        Point(
            year,
            value,
            "–" if value is None else f"{value} %",
            status[0] if status else ("A" if value is not None else "O"),
        )
        for year, value, *status in values
    )
    return Series("nl", label, points)


# Recycling of packaging in the Netherlands, Eurostat env_waspacr, 2017-2022, with the new calculation points of 2020.
RECYCLING = series((2017, 78.1), (2018, 79.4), (2019, 80.7), (2020, 76.5), (2021, 76.8), (2022, 75.2))
NEW_POINTS = Break(2020, "Nieuwe rekenpunten (2020)")
TARGETS = (
    Target("EU-doel", 65, "at_least", 2025, 2029, "65 %"),
    Target("EU-doel", 70, "at_least", 2030, None, "70 %"),
)


def line(*drawn: Series, targets: tuple[Target, ...] = (), breaks: tuple[Break, ...] = (), **changed: object) -> str:
    given: dict[str, object] = {
        "unit": "percent", "decimals": 1, "language": "nl", "chart_id": "c", "title": "Recycling", "finding": "Zin.",
    }  # fmt: skip
    return line_chart(drawn, targets=targets, breaks=breaks, **(given | changed))  # type: ignore[arg-type]


def panels(*drawn: tuple[str, list[Series], list[Target], list[Break]], **changed: object) -> str:
    given: dict[str, object] = {
        "unit": "percent", "decimals": 1, "language": "nl", "chart_id": "p", "title": "Materialen", "finding": "Zin.",
    }  # fmt: skip
    return small_multiples(drawn, **(given | changed))  # type: ignore[arg-type]


def bullet(value: Point, target: Target | None, low: float = 0, high: float = 100, **changed: object) -> str:
    given: dict[str, object] = {
        "unit": "percent", "decimals": 1, "language": "nl", "chart_id": "b", "title": "Recycling", "finding": "Zin.",
    }  # fmt: skip
    return bullet_chart(value=value, target=target, low=low, high=high, **(given | changed))  # type: ignore[arg-type]


def tree(markup: str) -> ET.Element:
    return ET.fromstring(markup)


def drawing(markup: str, kind: str = "chart-wide") -> ET.Element:
    found = tree(markup).find(f".//svg[@class='{kind}']")
    assert found is not None
    return found


def texts(element: ET.Element, kind: str) -> list[str]:
    return ["".join(text.itertext()) for text in element.iter("text") if kind in text.get("class", "").split()]


def path(element: ET.Element, kind: str) -> str:
    return "".join(found.get("d", "") for found in element.iter("path") if found.get("class") == kind)


def dots(element: ET.Element) -> list[ET.Element]:
    return [dot for group in element.iter("g") if group.get("class") == "dots" for dot in group]


def test_a_drawing_is_an_image_with_a_name_and_a_description_under_ids_of_its_own() -> None:
    found = tree(line(RECYCLING, title="Titel", finding="De zin."))
    ids = [element.get("id") for element in found.iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    for svg in found.iterfind(".//svg[@role]"):
        assert all(svg.get(name) for name in SVG)
        assert svg.findtext("title") == "Titel"
        assert svg.findtext("desc") == "De zin."
        assert {svg.get("aria-labelledby"), svg.get("aria-describedby")} <= set(ids)


def test_two_charts_on_a_page_share_no_id() -> None:
    one, two = line(RECYCLING, chart_id="a"), line(RECYCLING, chart_id="b")
    assert not set(re.findall(r' id="([^"]+)"', one)) & set(re.findall(r' id="([^"]+)"', two))


def test_the_line_is_not_drawn_across_a_break() -> None:
    assert path(drawing(line(RECYCLING)), "line").count("M") == 1
    assert path(drawing(line(RECYCLING, breaks=(NEW_POINTS,))), "line").count("M") == 2


def test_a_break_is_marked_by_a_line_and_its_label() -> None:
    svg = drawing(line(RECYCLING, breaks=(NEW_POINTS,)))
    assert path(svg, "break").startswith("M")
    assert " ".join(texts(svg, "break-label")) == "Nieuwe rekenpunten (2020)"


def test_breaks_whose_labels_do_not_fit_become_letters_that_the_key_explains() -> None:
    breaks = (
        Break(2018, "Een heel lange naam van een breuk in de reeks"),
        Break(2019, "Nog zo'n lange naam van een breuk"),
    )
    markup = line(RECYCLING, breaks=breaks)
    assert texts(drawing(markup), "letter") == ["a", "b"]
    assert [" ".join(item.itertext()) for item in tree(markup).iter("li")] == [
        "a Een heel lange naam van een breuk in de reeks (2018)",
        "b Nog zo'n lange naam van een breuk (2019)",
    ]


def test_a_status_b_breaks_its_own_series_only() -> None:
    other = series((2017, 60), (2018, 61), (2019, 62, "B"), (2020, 63), label="België")
    svg = drawing(line(RECYCLING, other))
    lines = {
        group.get("class", "")[:9]: path(group, "line").count("M") for group in svg.iter("g") if group.get("data-l")
    }
    assert lines == {"series s1": 1, "series s2": 2}
    assert " ".join(texts(svg, "break-label")) == "Breuk in de reeks: België"


def test_a_break_outside_the_years_of_the_chart_is_not_drawn() -> None:
    svg = drawing(line(RECYCLING, breaks=(Break(2017, "Ervoor"), Break(2026, "Erna"))))
    assert path(svg, "break") == ""


def test_a_missing_year_is_a_gap_and_never_a_point() -> None:
    svg = drawing(line(series((2015, 40), (2016, 41), (2017, None), (2018, 43), (2019, 44))))
    assert path(svg, "line").count("M") == 2
    assert [dot.get("data-y") for dot in dots(svg)] == ["2015", "2016", "2018", "2019"]


def test_a_year_that_is_absent_is_a_gap_like_one_that_is_missing() -> None:
    assert path(drawing(line(series((2015, 40), (2016, 41), (2018, 43), (2019, 44)))), "line").count("M") == 2


@pytest.mark.parametrize(
    ("status", "shape", "word"),
    [
        ("P", "open", "voorlopig"),
        ("E", "pip", "geschat"),
        ("I", "pip", "geïmputeerd"),
        ("U", "bar-through", "lage betrouwbaarheid"),
    ],
)
def test_a_value_that_is_not_final_has_a_marker_of_its_own_and_a_word_in_the_key(
    status: str, shape: str, word: str
) -> None:
    markup = line(series((2020, 40), (2021, 41, status)))
    kinds = [dot.get("class") for dot in dots(drawing(markup))]
    assert kinds[:2] == [None, "open"]
    assert shape in kinds
    assert [" ".join(item.itertext()) for item in tree(markup).iter("li")] == [word]


def test_a_final_value_needs_no_key() -> None:
    assert tree(line(RECYCLING)).find(".//ul") is None


def test_a_target_is_a_stepped_line_with_its_bound_beside_it_and_its_words_in_the_key() -> None:
    markup = line(RECYCLING, targets=TARGETS)
    svg = drawing(markup)
    assert path(svg, "target").count("V") == 1
    assert sorted(texts(svg, "bound")) == ["≥\u00a065\u00a0%", "≥\u00a070\u00a0%"]
    assert [" ".join(item.itertext()) for item in tree(markup).iter("li")] == [
        "EU-doel: ten minste 65 % (2025–2029); EU-doel: ten minste 70 % (vanaf 2030)"
    ]


def test_an_open_target_that_began_long_ago_is_said_with_its_own_years() -> None:
    markup = line(RECYCLING, targets=(Target("EU-doel", 55, "at_least", 2008, None, "55 %"),))
    assert "EU-doel: ten minste 55 % (vanaf 2008)" in markup


def test_an_upper_bound_says_at_most() -> None:
    svg = drawing(line(RECYCLING, targets=(Target("NL", 90, "at_most", 2021, None, ""),)))
    assert texts(svg, "bound") == ["≤\u00a090\u00a0%"]


@pytest.mark.parametrize(
    ("values", "lowest"),
    [((40.0, 41.0), "0"), ((0.0, 0.0), "0,0"), ((-4.8, 12.0), "−5"), ((-3.0, -1.0), "−3")],
)
def test_the_axis_starts_at_zero_unless_values_are_negative(values: tuple[float, float], lowest: str) -> None:
    ticks = texts(drawing(line(series((2020, values[0]), (2021, values[1])))), "tick")
    assert ticks[0] == lowest


@pytest.mark.parametrize("value", [0.0, -1e-300, 5e-324, 1e-9, 1.0, 1e12, 1e300, -1.7e308])
def test_a_single_value_of_any_size_reads(value: float) -> None:
    svg = drawing(line(series((2020, value))), "chart-narrow")
    assert len(dots(svg)) == 1
    numbers = [float(n) for n in re.findall(r' (?:x|y|cx|cy)="([^"]+)"', ET.tostring(svg, encoding="unicode"))]
    assert all(-5 <= n <= 400 for n in numbers), numbers
    assert all(len(text) < 24 for text in texts(svg, "tick") + texts(svg, "end-name"))


def test_large_amounts_are_written_in_millions_with_a_word_at_the_axis() -> None:
    svg = drawing(line(series((2020, 12_000_000), (2021, 38_000_000)), unit="eur", decimals=0))
    assert texts(svg, "caption") == ["miljoen euro"]
    assert texts(svg, "tick")[:3] == ["0", "10", "20"]


@pytest.mark.parametrize(("language", "shown"), [("nl", "20.000"), ("en", "20,000")])
def test_numbers_are_written_in_the_language_of_the_page(language: str, shown: str) -> None:
    svg = drawing(line(series((2020, 45_000), (2021, 60_000)), unit="t", decimals=0, language=language))
    assert shown in texts(svg, "tick")


def test_series_are_labelled_at_their_ends_without_overlap() -> None:
    many = [
        replace(series(*((year, 50 + n / 4) for year in range(2010, 2021)), label=f"Reeks {n}"), key=str(n))
        for n in range(6)
    ]
    for kind in ("chart-wide", "chart-narrow"):
        ends = [group for group in drawing(line(*many), kind).iter("g") if "end" in group.get("class", "").split()]
        spans = sorted((min(ys), max(ys)) for end in ends for ys in [[float(t.get("y", "")) for t in end.iter("text")]])
        assert len(spans) == 6
        assert all(above[1] + 12 < below[0] for above, below in pairwise(spans)), spans


def test_a_name_that_does_not_fit_at_the_line_stands_whole_in_the_key() -> None:
    name = "Hoeveelheid van het in de handel gebrachte gewicht die is ingezameld en verwerkt"
    markup = line(RECYCLING, series((2021, 30), (2022, 31), label=name))
    assert [" ".join(item.itertext()) for item in tree(markup).iter("li")] == [name]


def test_a_series_without_a_value_is_named() -> None:
    markup = line(RECYCLING, series((2021, None), label="België"))
    assert "België: geen waarden in deze jaren" in markup


def test_no_value_at_all_is_a_sentence_and_not_a_drawing() -> None:
    for markup in (line(series((2020, None))), line(), panels(("Glas", [series((2020, None))], [], []))):
        assert tree(markup).findtext("p") == "Er is nog geen waarde om te tekenen."
        assert "<svg" not in markup


def test_panels_share_one_axis_and_say_so() -> None:
    markup = panels(
        ("Glas", [series((2020, 12), (2021, 14))], [], []), ("Hout", [series((2021, 88), (2022, 90))], [], [])
    )
    ticks = [texts(svg, "tick") for svg in tree(markup).iterfind(".//svg[@class='chart-panel']")]
    assert ticks == [["0", "50", "100", "2020", "2022"]] * 2
    assert "Alle vlakken hebben dezelfde verticale as." in markup


def test_a_panel_says_title_latest_value_and_bounds_in_words() -> None:
    markup = panels(("Glas", [RECYCLING], list(TARGETS), []))
    caption = tree(markup).find(".//figcaption")
    assert caption is not None
    assert [span.text for span in caption] == [
        "Glas", "75,2\u00a0% (2022)", "≥\u00a065\u00a0% (2025–2029), ≥\u00a070\u00a0% (vanaf 2030)",
    ]  # fmt: skip


def test_a_panel_without_values_says_so_beside_the_others() -> None:
    markup = panels(("Glas", [RECYCLING], [], []), ("Hout", [series((2021, None))], [], []))
    assert [caption[1].text for caption in tree(markup).iter("figcaption")] == ["75,2\u00a0% (2022)", "geen waarde"]


@pytest.mark.parametrize(
    ("value", "kind", "said"),
    [
        (Point(2022, 75.2, "75,2 %", "A"), "bar", "75,2\u00a0% (2022)"),
        (Point(2023, 29, "29 %", "P"), "bar open", "29,0\u00a0% (2023, voorlopig)"),
        (Point(2023, None, "–", "O"), None, "geen waarde"),
    ],
)
def test_a_bullet_shows_value_year_and_status(value: Point, kind: str | None, said: str) -> None:
    found = tree(bullet(value, TARGETS[0]))
    bars = [rect.get("class") for rect in found.iter("rect") if rect.get("class") != "track"]
    assert bars == ([kind] if kind else [])
    assert texts(found, "end-name") == [said]
    assert texts(found, "bound") == ["≥\u00a065\u00a0%"]


def test_a_bullet_grows_so_that_value_and_target_are_never_cut_off() -> None:
    found = tree(bullet(Point(2022, 140, "140 %", "A"), Target("NL", 150, "at_least", 2030, None, ""), 0, 100))
    assert texts(found, "tick") == ["0"]  # the upper end gives way to the bound that stands there
    bar = next(rect for rect in found.iter("rect") if rect.get("class") == "bar")
    assert float(bar.get("width", "")) == pytest.approx(338 * 140 / 150, abs=0.1)


def test_a_negative_bullet_reaches_from_zero_to_the_left() -> None:
    found = tree(bullet(Point(2022, -5, "-5 %", "A"), None, -10, 10))
    bar = next(rect for rect in found.iter("rect") if rect.get("class") == "bar")
    assert (float(bar.get("x", "")), float(bar.get("width", ""))) == (85.5, 84.5)


REFUSED = [
    (series((2020, float("nan"))), (), "series 'nl', 2020: the value is nan; expected a number"),
    (series((2020, float("inf"))), (), "the value is inf"),
    (series((2020, 1), (2020, 2)), (), "series 'nl', 2020: the year stands twice"),
    (series((2020, 1, "Z")), (), "status 'Z' is not in code list obs_status"),
    (RECYCLING, (Target("X", 1, "about", 2020, None, ""),), "comparator 'about'; expected one of at_least, at_most"),
    (RECYCLING, (Target("X", float("nan"), "at_least", 2020, None, ""),), "target 'X': the value is nan"),
    (RECYCLING, (Target("X", 1, "at_least", 2020, 2019, ""),), "it ends in 2019, before it begins in 2020"),
]


@pytest.mark.parametrize(("one", "targets", "message"), REFUSED)
def test_figures_that_cannot_be_drawn_honestly_are_refused(
    one: Series, targets: tuple[Target, ...], message: str
) -> None:
    with pytest.raises(ChartError, match=re.escape(message)):
        line(one, targets=targets)
    with pytest.raises(ChartError, match=re.escape(message)):
        panels(("Glas", [one], list(targets), []))


def test_more_series_than_can_be_told_apart_are_refused() -> None:
    with pytest.raises(ChartError, match="7 series in one chart; at most 6"):
        line(*[replace(RECYCLING, key=str(n)) for n in range(7)])


def test_a_bullet_whose_ends_are_turned_round_is_refused() -> None:
    with pytest.raises(ChartError, match="from 100 to 0; expected a lower and a higher end"):
        bullet(Point(2020, 1, "", "A"), None, 100, 0)


def test_the_same_figures_give_the_same_bytes_whatever_the_order_of_the_points() -> None:
    turned = replace(RECYCLING, points=tuple(reversed(RECYCLING.points)))
    assert line(turned, targets=TARGETS, breaks=(NEW_POINTS,)) == line(RECYCLING, targets=TARGETS, breaks=(NEW_POINTS,))


def test_the_values_stand_in_the_first_drawing_only() -> None:
    markup = line(RECYCLING)
    assert [dot.get("data-t") for dot in dots(drawing(markup))][-1] == "75.2 %"
    assert "data-" not in ET.tostring(drawing(markup, "chart-narrow"), encoding="unicode")


def test_a_chart_of_four_long_series_stays_small() -> None:
    many = [
        replace(series(*((y, 50_000 + y) for y in range(1996, 2024)), label=f"Reeks {n}"), key=str(n)) for n in range(4)
    ]
    assert len(line(*many, unit="kt", decimals=0).encode()) < 25_000


hostile = st.one_of(
    st.text(max_size=60),
    st.sampled_from(
        [
            "</title><script>alert(1)</script>", '" onload="alert(1)', "' x='", "]]>", "<!--", "&amp;&#x3c;",
            "=cmd|'/c calc'!A0",
            "a\r\nb\tc", "\u202eomgekeerd", "\x00\x1b\ud800", "w" * 10_000, "x y " * 2_500,
        ]
    ),
)  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(text=hostile, other=hostile)
def test_no_text_becomes_markup_a_handler_or_an_inline_style(text: str, other: str) -> None:
    one = Series(text, text, (Point(2020, 40, other, "A", note=other), Point(2021, 41, other, "P", note=text)))
    two = replace(series((2020, 50), (2021, 51)), label=other)
    targets, breaks = (Target(other, 45, "at_least", 2020, None, text),), (Break(2021, text),)
    shared: dict[str, Any] = {"chart_id": text, "title": other, "finding": text, "unit": other}
    charts = [
        line(one, two, targets=targets, breaks=breaks, **shared),
        panels((text, [one, two], list(targets), list(breaks)), **shared),
        bullet(one.points[0], targets[0], **shared),
    ]
    allowed = {
        "div",
        "svg",
        "g",
        "path",
        "circle",
        "rect",
        "text",
        "title",
        "desc",
        "ul",
        "li",
        "span",
        "b",
        "p",
        "figure",
        "figcaption",
    }
    for markup in charts:
        markup.encode()
        for element in tree(markup).iter():
            assert element.tag in allowed
            assert not any(name.startswith("on") or name in ("style", "href") for name in element.attrib)


def test_a_text_is_shown_as_it_is() -> None:
    markup = line(replace(RECYCLING, label="<b>A & 'B'</b>"), series((2021, 30), label="x"))
    assert "".join(texts(drawing(markup), "end-name")).startswith("<b>A & 'B'</b>")


def test_ten_thousand_characters_do_not_make_a_large_chart() -> None:
    long = "lang " * 2_000
    one = Series("k", long, (Point(2020, 40, "40", "A", note=long), Point(2021, 41, "41", "A", note=long)))
    markup = line(one, RECYCLING, breaks=(Break(2021, long),), targets=(Target(long, 4, "at_least", 2020, None, ""),))
    assert len(markup) < 20_000

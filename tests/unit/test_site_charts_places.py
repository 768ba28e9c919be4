"""Where things stand in a chart: ticks, years, widths of texts, labels that keep clear of each other."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publish.site.charts.labels import Box, Room, stacked, text_width, wrapped
from publish.site.charts.markup import escaped, identifier, place
from publish.site.charts.scales import YearScale, axis_numbers, value_scale, year_ticks
from publish.site.charts.words import axis_caption, number, unit_words

finite = st.floats(allow_nan=False, allow_infinity=False)


@pytest.mark.parametrize(
    ("values", "steps", "ticks"),
    [
        ([80.7], 5, "0 20 40 60 80 100"),
        ([44.6], 5, "0 10 20 30 40 50"),
        ([100.0], 2, "0 50 100"),
        ([11346.0], 5, "0 2500 5000 7500 10000 12500"),
        ([0.18], 4, "0.00 0.05 0.10 0.15 0.20"),
        ([-4.8, 15.5], 5, "-5 0 5 10 15 20"),
        ([-3.0, -1.0], 5, "-3 -2 -1 0"),
        ([0.0], 5, "0.0 0.2 0.4 0.6 0.8 1.0"),
    ],
)
def test_ticks_are_round_numbers_that_hold_all_values(values: list[float], steps: int, ticks: str) -> None:
    assert [Decimal(tick) for tick in ticks.split()] == list(value_scale(values, steps).ticks)


@given(st.lists(finite, min_size=1, max_size=8), st.integers(2, 6))
def test_an_axis_holds_zero_and_every_value_with_few_ticks_and_short_texts(values: list[float], steps: int) -> None:
    scale = value_scale(values, steps)
    assert scale.low <= 0 <= scale.high
    assert len(scale.ticks) <= steps + 2
    assert all(0 <= scale.fraction(value) <= 1 for value in values)
    shown = axis_numbers(scale, "nl")
    assert max(len(text) for text in shown.texts) <= 11
    assert len(set(shown.texts)) == len(shown.texts)


@pytest.mark.parametrize(
    ("highest", "texts", "magnitude"),
    [
        (38_000_000.0, "0 20 40", "miljoen"),
        (3.3e9, "0 2 4", "miljard"),
        (2e13, "0 10 20", "biljoen"),
        (2e20, "0 100 200", "× 10¹⁸"),
        (2e-9, "0 1 2", "× 10⁻⁹"),
        (200_000.0, "0 100.000 200.000", ""),
    ],
)
def test_very_large_and_very_small_ticks_are_written_shorter(highest: float, texts: str, magnitude: str) -> None:
    shown = axis_numbers(value_scale([highest], 2), "nl")
    assert (" ".join(shown.texts), shown.magnitude) == (texts, magnitude)


@pytest.mark.parametrize(
    ("first", "last", "wanted", "years"),
    [
        (2000, 2030, [2022, 2000, 2025, 2030], [2000, 2005, 2010, 2015, 2022, 2025, 2030]),
        (1996, 2023, [2023, 1996], [1996, 2000, 2005, 2010, 2015, 2020, 2023]),
        (2015, 2019, [2019, 2015], [2015, 2016, 2017, 2018, 2019]),
        (2018, 2018, [2018, 2018], [2018]),
        (1900, 2023, [2023, 1900], [1900, 1920, 1940, 1960, 1980, 2000, 2023]),
    ],
)
def test_years_are_written_without_overlap_the_wanted_ones_first(
    first: int, last: int, wanted: list[int], years: list[int]
) -> None:
    assert list(year_ticks(YearScale(first, last, 0, 500), wanted, 45)) == years


@given(st.integers(1900, 2020), st.integers(0, 150), st.floats(50, 700))
def test_no_two_years_come_closer_than_their_width(first: int, span: int, width: float) -> None:
    scale = YearScale(first, first + span, 0, width)
    shown = year_ticks(scale, [first + span, first], 40)
    assert first + span in shown
    places = [scale.x(year) for year in shown]
    assert all(right - left >= 39.99 for left, right in pairwise(places))


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("Nederland", ("Nederland",)),
        ("Van de vrijgekomen apparaten", ("Van de", "vrijgekomen", "apparaten")),
        ("Niet-metaalhoudend", ("Niet-", "metaalhoudend")),
        ("een twee drie vier vijf zes zeven acht", ("een twee drie", "vier vijf zes", "zeven acht")),
        ("", ()),
    ],
)
def test_a_text_breaks_between_words_and_after_hyphens(text: str, lines: tuple[str, ...]) -> None:
    assert wrapped(text, 12, 94, 3) == lines


@given(st.text(max_size=120), st.integers(1, 4), st.floats(40, 200))
def test_a_wrapped_text_keeps_to_its_lines_and_its_width(text: str, most: int, width: float) -> None:
    lines = wrapped(text, 12, width, most)
    assert len(lines) <= most
    assert all(text_width(line, 12) <= width for line in lines)
    kept = "".join("".join(line.split()) for line in lines)
    whole = "".join(text.split())
    assert kept == whole or (kept.endswith("…") and whole.startswith(kept[:-1]))


@given(st.lists(st.tuples(st.floats(0, 300), st.floats(8, 30)), min_size=1, max_size=8))
def test_stacked_labels_never_overlap_and_stay_within_their_bounds(labels: list[tuple[float, float]]) -> None:
    labels.sort()
    middles = stacked([m for m, _ in labels], [h for _, h in labels], 0, 300)
    edges = [(m - h / 2, m + h / 2) for m, (_, h) in zip(middles, labels, strict=True)]
    assert edges[0][0] >= -1e-6
    assert edges[-1][1] <= 300 + 1e-6
    assert all(above[1] <= below[0] + 1e-6 for above, below in pairwise(edges))


def test_labels_that_have_room_stay_where_they_want_to_be() -> None:
    assert stacked([20, 50, 90], [10, 10, 10], 0, 100) == [20, 50, 90]
    assert stacked([50, 50], [10, 20], 0, 100) == [42.5, 57.5]


@pytest.mark.parametrize(
    ("line", "crosses"),
    [
        ((0, 5, 20, 5), True),
        ((0, 0, 20, 20), True),
        ((0, 35, 25, 10), False),
        ((11, 0, 11, 9), True),
        ((30, 5, 40, 5), False),
    ],
)
def test_a_box_knows_which_lines_run_through_it(line: tuple[float, float, float, float], crosses: bool) -> None:
    assert Box(10, 0, 20, 10).crossed_by(line) is crosses


def test_a_label_takes_the_first_place_that_covers_nothing() -> None:
    room = Room(Box(0, 0, 100, 100), labels=[Box(0, 0, 20, 20)], lines=[(0, 35, 100, 35)])
    places = [Box(10, 10, 30, 20), Box(90, 0, 120, 10), Box(0, 30, 20, 40), Box(0, 60, 20, 70)]
    assert room.choose(places, over_lines=False) == 3
    assert room.choose(places[:3], over_lines=False) is None
    assert room.choose(places[:3], over_lines=True) == 2


@pytest.mark.parametrize(
    ("value", "decimals", "language", "shown"),
    [
        (1234.5, 1, "nl", "1.234,5"),
        (1234.5, 1, "en", "1,234.5"),
        (2.675, 2, "nl", "2,68"),
        (-0.04, 1, "nl", "0,0"),
        (-4.8, 1, "nl", "−4,8"),
        (145_499.0, -3, "nl", "145.000"),
        (1.5e18, 0, "nl", "1,5E18"),
    ],
)
def test_numbers_are_rounded_half_up_and_written_in_the_language(
    value: float, decimals: int, language: str, shown: str
) -> None:
    assert number(value, decimals, language) == shown  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("unit", "words"),
    [
        ("percent", "procent"),
        ("%", "procent"),
        ("t", "ton"),
        ("indexcijfer (basisjaar = 100)", "indexcijfer"),
        ("kg per inwoner", "kg per inwoner"),
        ("", ""),
    ],
)
def test_a_unit_is_known_by_code_and_by_name(unit: str, words: str) -> None:
    assert unit_words(unit, "nl") == words
    assert axis_caption("miljoen", unit, "nl") == f"miljoen {words}".strip()


@pytest.mark.parametrize(
    ("text", "markup"),
    [
        ("<b a=\"1\" c='2'>&", "&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;"),
        ("a\r\n b\tc\u2028d", "a b c d"),
        ("\x00\x1b\ud800\uffff", "\ufffd\ufffd\ufffd\ufffd"),
        ("é \u202e 𝄞", "é \u202e 𝄞"),
    ],
)
def test_a_text_is_escaped_and_stays_readable(text: str, markup: str) -> None:
    assert escaped(text) == markup


@pytest.mark.parametrize(
    ("text", "name"),
    [("main-chart", "main-chart"), ("1a", "c-1a"), ("a b", "a__20__b"), ('"><', "c-__22____3e____3c__"), ("", "c-")],
)
def test_an_identifier_is_safe_in_markup(text: str, name: str) -> None:
    assert identifier(text) == name


@pytest.mark.parametrize(("value", "shown"), [(1.0, "1"), (1.04, "1"), (-0.04, "0"), (12.35, "12.3"), (-3.26, "-3.3")])
def test_a_coordinate_has_at_most_one_decimal(value: float, shown: str) -> None:
    assert place(value) == shown

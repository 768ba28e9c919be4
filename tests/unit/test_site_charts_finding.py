"""The sentence above a chart claims what the figures say, and nothing across a break."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publish.site.charts import Break, ChartError, Point, Series, Target, finding

GOAL = Target("EU-doel", 65, "at_least", 2025, None, "65 %")
HELD = Target("NL-doel", 45, "at_least", 2016, 2030, "45 %")


def points(*rows: tuple[int, float | None] | tuple[int, float | None, str], unit: str = "%") -> tuple[Point, ...]:
    return tuple(
        Point(
            year,
            value,
            "–" if value is None else f"{value} {unit}",
            status[0] if status else "A" if value is not None else "O",
        )
        for year, value, *status in rows
    )


def said(
    *rows: tuple[int, float | None] | tuple[int, float | None, str],
    targets: tuple[Target, ...] = (),
    breaks: tuple[int, ...] = (),
    unit: str = "percent",
    decimals: int = 1,
    language: str = "nl",
    others: tuple[Series, ...] = (),
) -> str:
    shown = unit if unit != "percent" else "%"
    sentence = finding(
        (Series("k", "Nederland", points(*rows, unit=shown)), *others),
        targets=targets,
        breaks=[Break(year, "Breuk") for year in breaks],
        unit=unit,
        decimals=decimals,
        language=language,  # type: ignore[arg-type]
    )
    return sentence.replace("\u00a0", " ")


# Rows, what else is known, and the sentence word for word, in Dutch without its opening `De laatste waarde is `.
Row = tuple[int, float | None] | tuple[int, float | None, str]
CASES: list[tuple[tuple[Row, ...], dict[str, object], str]] = [
    ((), {}, "Er is nog geen waarde."),
    (((2020, None),), {}, "Er is nog geen waarde."),
    (((2018, 44.6),), {}, "44.6 % (2018)."),
    (((2018, 44.6, "P"),), {}, "44.6 % (2018, voorlopig)."),
    (((2010, 40.0), (2022, 45.5, "E")), {}, "45.5 % (2022, geschat): 5,5 procentpunt hoger dan in 2010."),
    (((2010, 40.0, "E"), (2022, 39.0)), {}, "39.0 % (2022): 1,0 procentpunt lager dan in 2010 (geschat)."),
    (((2010, 40.0), (2022, 40.0)), {}, "40.0 % (2022): even hoog als in 2010."),
    (((2010, 40.0), (2022, 40.01)), {}, "40.01 % (2022): vrijwel gelijk aan 2010."),
    (
        ((2019, 80.7), (2020, 76.5), (2022, 75.2)),
        {"breaks": (2020,)},
        "75.2 % (2022): 1,3 procentpunt lager dan in 2020, het eerste jaar na de breuk in de reeks.",
    ),
    (
        ((2019, 80.7), (2021, 76.5), (2022, 75.2)),
        {"breaks": (2020,)},
        "75.2 % (2022): 1,3 procentpunt lager dan in 2021, de eerste waarde na de breuk in de reeks.",
    ),
    (
        ((2021, 80.7), (2022, 75.2)),
        {"breaks": (2022,)},
        "75.2 % (2022): door een breuk in de reeks in 2022 niet te vergelijken met eerdere jaren.",
    ),
    (
        ((2021, 80.7), (2022, 75.2, "B")),
        {},
        "75.2 % (2022): door een breuk in de reeks in 2022 niet te vergelijken met eerdere jaren.",
    ),
    (((2018, 1.0),), {"breaks": (2018, 2019)}, "1.0 % (2018)."),
    (
        ((2022, 75.2),),
        {"targets": (GOAL,)},
        "75.2 % (2022): al op het niveau van het doel van ten minste 65 % vanaf 2025.",
    ),
    (
        ((2022, 60.0),),
        {"targets": (GOAL,)},
        "60.0 % (2022): tot het doel van ten minste 65 % vanaf 2025 is het nog 5,0 procentpunt.",
    ),
    (((2026, 65.0),), {"targets": (GOAL,)}, "65.0 % (2026): het doel van ten minste 65 % is gehaald."),
    (
        ((2026, 60.0),),
        {"targets": (GOAL,)},
        "60.0 % (2026): het doel van ten minste 65 % is niet gehaald: het verschil is 5,0 procentpunt.",
    ),
    (((2026, 64.96),), {"targets": (GOAL,)}, "64.96 % (2026): het doel van ten minste 65 % is net niet gehaald."),
    # 100 * (1 - 0.35) is 65.0 but for the noise of floating point.
    (
        ((2026, 64.9999999999999),),
        {"targets": (GOAL,)},
        "64.9999999999999 % (2026): het doel van ten minste 65 % is gehaald.",
    ),
    (((2022, 60.0),), {"targets": (GOAL,), "breaks": (2024,)}, "60.0 % (2022)."),
    (((2015, 60.0),), {"targets": (Target("x", 4, "at_least", 2010, 2014, ""),)}, "60.0 % (2015)."),
    (
        ((2022, 50.0),),
        {"targets": (HELD, GOAL)},
        "50.0 % (2022): het doel van ten minste 45 % is gehaald.",
    ),
    (
        ((2026, 50.0),),
        {"targets": (HELD, GOAL)},
        "50.0 % (2026): NL-doel (ten minste 45 %) is gehaald; "
        "EU-doel (ten minste 65 %) is niet gehaald: het verschil is 15,0 procentpunt.",
    ),
    (
        ((2022, 8.0),),
        {"targets": (Target("NL", 5.5, "at_most", 2020, None, ""),)},
        "8.0 % (2022): het doel van ten hoogste 5,5 % is niet gehaald: het verschil is 2,5 procentpunt.",
    ),
    (
        ((2020, 10.0), (2021, 12.0), (2022, None)),
        {},
        "12.0 % (2021): 2,0 procentpunt hoger dan in 2020; na 2021 is er geen waarde.",
    ),
    (((1996, 200.0), (2023, 150.0)), {"unit": "kt", "decimals": 0}, "150.0 kt (2023): 25,0 % lager dan in 1996."),
    (((1996, 2.0), (2023, 40.0)), {"unit": "kt", "decimals": 0}, "40.0 kt (2023): 38 kiloton hoger dan in 1996."),
    (((1996, 0.0), (2023, 40.0)), {"unit": "kt", "decimals": 0}, "40.0 kt (2023): 40 kiloton hoger dan in 1996."),
    (((1996, -5.0), (2023, 40.0)), {"unit": "count", "decimals": 0}, "40.0 count (2023): 45 hoger dan in 1996."),
    (((2010, 100.0), (2023, 113.4)), {"unit": "index"}, "113.4 index (2023): 13,4 punt hoger dan in 2010."),
    (
        ((2010, 40.0), (2022, 41.0)),
        {"language": "en", "decimals": 0},
        "The latest value is 41.0 % (2022): 1 percentage point higher than in 2010.",
    ),
    (
        ((2010, 40.0), (2022, 30.0, "P")),
        {"language": "en", "targets": (GOAL,)},
        "The latest value is 30.0 % (2022, provisional): 10.0 percentage points lower "
        "than in 2010; "
        "the target of at least 65 % from 2025 is still 35.0 percentage points away.",
    ),
]


@pytest.mark.parametrize(("rows", "known", "sentence"), CASES)
def test_the_sentence_says_what_the_figures_say(
    rows: tuple[tuple[int, float | None], ...], known: dict[str, object], sentence: str
) -> None:
    assert said(*rows, **known).removeprefix("De laatste waarde is ") == sentence  # type: ignore[arg-type]


def test_with_several_series_the_main_one_is_named() -> None:
    other = Series("eu", "EU", points((2022, 65.3)), "comparison")
    assert said((2022, 75.2), others=(other,)) == "Nederland: de laatste waarde is 75.2 % (2022)."


def test_a_main_series_without_values_leaves_the_word_to_the_next() -> None:
    other = Series("eu", "EU", points((2022, 65.3)), "comparison")
    assert said((2022, None), others=(other,)) == "EU: de laatste waarde is 65.3 % (2022)."


def test_a_break_of_another_series_does_not_silence_the_main_one() -> None:
    other = Series("eu", "EU", points((2021, 60.0), (2022, 65.3, "B")), "comparison")
    assert said((2021, 70.0), (2022, 75.2), others=(other,)).endswith("5,2 procentpunt hoger dan in 2021.")


def test_a_name_cannot_turn_the_direction_of_the_sentence() -> None:
    turned = Series("x", "\u202eAB", points((2022, 1.0)))
    other = Series("y", "C", points((2021, 1.0)), "comparison")
    sentence = finding((turned, other), targets=(), breaks=(), unit="%", decimals=1, language="nl")
    assert sentence.startswith("\u2068\u202eAB\u2069: de laatste")


def test_a_language_that_the_site_does_not_have_is_refused() -> None:
    with pytest.raises(ChartError, match="language 'de'; expected one of nl, en"):
        said((2020, 1.0), language="de")


@given(
    st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=12),
    st.integers(2000, 2012),
)
def test_no_year_before_the_last_break_is_ever_mentioned(values: list[float], broken: int) -> None:
    rows = [(2000 + n, value) for n, value in enumerate(values)]
    sentence = said(*rows, breaks=(broken,))
    years = {int(year) for year in re.findall(r"\b20\d\d\b(?! ?%)", re.sub(r"is \S+ %", "", sentence))}
    last = 2000 + len(values) - 1
    if 2000 < broken <= last:
        assert min(years) >= broken

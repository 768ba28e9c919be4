"""A chart and its sentence heed the breaks that we know of, also where no row stands in the year of the break."""

from __future__ import annotations

from dataclasses import replace

import pytest

from publish.site import drawing
from publish.site.charts import Break, Target
from publish.site.codes import Codes
from publish.site.known_breaks import KnownBreaks
from publish.site.lines import Line, lines_of
from publish.site.words import Words
from tests.published_example import indicator_row


def known(*rows: tuple[str, str, str, str, int]) -> KnownBreaks:
    columns = ("break_id", "series", "subgroup", "geo", "year")
    found = [{"chain_table": "packaging", **dict(zip(columns, row, strict=True))} for row in rows]
    return KnownBreaks({row[0]: f"Titel {row[0]}" for row in rows}, found)


POINTS = ("points", "pack_recycling_rate", "*", "*", 2020)
LAW = ("law", "pack_recycling_rate", "*", "NL", 2021)
BREAKS = known(POINTS, LAW, ("other", "pack_recovery_rate", "*", "*", 2019), ("aim_target", "*", "*", "*", 2022))


def line_of(values: dict[int, float | None], marked: dict[int, str] | None = None, **other: object) -> Line:
    (line,) = lines_of(
        indicator_row(year, value, known_break=(marked or {}).get(year), **other) for year, value in values.items()
    )
    return line


@pytest.fixture
def words() -> Words:
    return Words(Codes(None), "nl", {})


@pytest.mark.parametrize(
    ("case", "lines", "found"),
    [
        ("marked after the gap", [line_of({2018: 79.0, 2023: 75.0}, {2023: "law+points"})],
            [(2020, "Titel points"), (2021, "Titel law")]),
        ("marked nowhere", [line_of({2018: 79.0, 2023: 75.0})], [(2020, "Titel points"), (2021, "Titel law")]),
        ("marked in its year", [line_of({2019: 80.7, 2020: 76.5, 2021: 75.0}, {2020: "points", 2021: "law"})],
            [(2020, "Titel points"), (2021, "Titel law")]),
        ("a year without a value", [line_of({2019: 80.7, 2020: None, 2021: 75.0}, {2020: "points", 2021: "law"})],
            [(2020, "Titel points"), (2021, "Titel law")]),
        ("a break of what goes into it", [line_of({2022: 1.0, 2023: 2.0, 2024: 3.0}, {2023: "points"})],
            [(2023, "Titel points")]),
        ("before the line", [line_of({2022: 1.0, 2023: 2.0})], []),
        ("after the line", [line_of({2018: 1.0, 2019: 2.0})], []),
        ("named by every year before it, as a change against a base year does",
            [line_of(dict.fromkeys((2018, 2019, 2022), 1.0), {2018: "law+points", 2019: "law+points"})],
            [(2020, "Titel points"), (2021, "Titel law")]),
        ("between two lines", [line_of({2022: 1.0, 2023: 2.0}), line_of({2018: 1.0}, source="env_waspac")],
            [(2020, "Titel points"), (2021, "Titel law")]),
        ("a letter of the source", [line_of({2014: 1.0, 2016: 2.0}, obs_status="B", indicator="pack_plastic_kg_hab")],
            [(2014, "Breuk in de reeks"), (2016, "Breuk in de reeks")]),
    ],
)  # fmt: skip
def test_the_breaks_of_a_chart(case: str, lines: list[Line], found: list[tuple[int, str]], words: Words) -> None:
    assert drawing.breaks_of(lines, BREAKS, words) == tuple(Break(year, label) for year, label in found), case


def test_of_two_breaks_of_one_year_the_one_that_names_the_series_most_exactly_counts(words: Words) -> None:
    breaks = known(POINTS, ("exact", "pack_recycling_rate", "total", "NL", 2020))
    assert drawing.breaks_of([line_of({2019: 1.0, 2021: 2.0})], breaks, words) == (Break(2020, "Titel exact"),)


def test_a_break_between_the_last_value_and_a_target_is_drawn(words: Words) -> None:
    line = line_of({2018: 1.0, 2019: 2.0})
    aim = Target("EU", 65.0, "at_least", 2020, None, "65")
    assert drawing.breaks_of([line], BREAKS, words, [aim]) == (Break(2020, "Titel points"),)
    assert drawing.breaks_of([line], BREAKS, words, [replace(aim, year_from=2025)])[-1].year == 2021


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({2015: 72.0, 2018: 79.0, 2023: 75.0, 2024: 76.0},
            "1 procentpunt hoger dan in 2023, de eerste waarde na de breuk in de reeks"),
        ({2015: 72.0, 2018: 79.0, 2023: 75.0},
            "door een breuk in de reeks in 2021 niet te vergelijken met eerdere jaren"),
        ({2015: 72.0, 2018: 79.0}, "7 procentpunt hoger dan in 2015"),
    ],
)  # fmt: skip
def test_the_sentence_compares_nothing_across_a_break_that_has_no_row(
    values: dict[int, float | None], said: str, words: Words
) -> None:
    drawn = drawing.line(
        [line_of(values, decimals=0)], [], words, BREAKS, name="c", title="Recycling", subgroup="total"
    )
    latest = max(values)
    assert drawn.finding == f"De laatste waarde is {values[latest]:.0f}\u00a0% ({latest}): {said}."

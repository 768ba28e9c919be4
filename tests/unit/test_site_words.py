"""Figures in words, and which series stand in a chart: what a hurried reader must not get wrong."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publish.numbers_and_dates import Language
from publish.site.codes import Codes
from publish.site.drawing import round_ends
from publish.site.feeds import change_in_words
from publish.site.headline_figures import _either, in_front
from publish.site.lines import lines_of, preferred, shown_beside, whole_first
from publish.site.reading import Version
from publish.site.release_page import cell_changes, key_in_words, table_changes
from publish.site.words import Words
from tests.published_example import headline_row, indicator_row

NBSP = "\N{NO-BREAK SPACE}"
PUBLISHERS = {"cei_wm020": "Eurostat", "packaging_nl": ""}
WORDS: dict[Language, Words] = {"nl": Words(Codes(), "nl", PUBLISHERS), "en": Words(Codes(), "en", PUBLISHERS)}
RECYCLING_LEFT_OUT = "recycling_left_out_year_not_stated"
ABOVE = "Stand van 2022: al op het niveau dat vanaf 2025 wordt gevraagd"


@pytest.mark.parametrize(
    ("row", "verdict", "distance", "mark"),
    [
        ({}, ABOVE, f"10,2{NBSP}procentpunt boven het doel", "reached"),
        (
            {"verdict": "not_met", "distance_rounded": -36.0},
            "Niet gehaald in 2022",
            f"36{NBSP}procentpunt onder het doel",
            "short",
        ),
        # a maximum: a positive distance is below it, which is the good side
        (
            {"verdict": "met", "comparator": "at_most", "distance_rounded": 8.6},
            "Gehaald in 2022",
            f"8,6{NBSP}procentpunt onder het doel",
            "reached",
        ),
        (
            {"verdict": "not_yet_at_target", "comparator": "at_most", "distance_rounded": -7.3},
            "Stand van 2022: nog niet op het niveau dat vanaf 2025 wordt gevraagd",
            f"7,3{NBSP}procentpunt boven het doel",
            "short",
        ),
        ({"verdict": "met", "distance_rounded": 0.0}, "Gehaald in 2022", "precies op het doel", "reached"),
        ({"target_id": None, "verdict": None}, "Geen doel", "", "none"),
        ({"verdict": "no_data", "distance_rounded": None}, "Geen cijfer om te toetsen", "", "none"),
        ({"verdict": None, "distance_rounded": None}, "Niet beoordeeld", "", "none"),
    ],
)
def test_a_verdict_names_its_year_and_the_side_of_the_target(
    row: dict[str, Any], verdict: str, distance: str, mark: str
) -> None:
    given_row = headline_row(75.2, 2022) | row
    words = WORDS["nl"]
    assert (words.verdict(given_row), words.distance(given_row), words.mark(given_row)) == (verdict, distance, mark)


@pytest.mark.parametrize(
    ("row", "dutch", "english"),
    [
        ({}, f"EU-doel: ten minste 65{NBSP}% vanaf 2025", f"EU target: at least 65{NBSP}% from 2025"),
        (
            {"target_status": "best_effort", "level": "NL"},
            f"Nederlands doel, streefdoel: ten minste 65{NBSP}% vanaf 2025",
            f"Dutch target, best effort: at least 65{NBSP}% from 2025",
        ),
        (
            {"target_status": "alternative", "comparator": "at_most"},
            f"EU-doel, alternatief: ten hoogste 65{NBSP}% vanaf 2025",
            f"EU target, alternative: at most 65{NBSP}% from 2025",
        ),
        ({"target_id": None}, "", ""),
    ],
)
def test_a_target_says_whose_it_is_how_much_and_from_when(row: dict[str, Any], dutch: str, english: str) -> None:
    assert WORDS["nl"].target(headline_row(75.2, 2022) | row) == dutch
    assert WORDS["en"].target(headline_row(75.2, 2022) | row) == english


def test_cautions_name_status_scope_break_and_a_secondary_source() -> None:
    row = headline_row(75.2, 2022, obs_status="P", scope_version="incl_pv", known_break="b1+b2", confidence="secondary")
    assert WORDS["nl"].cautions(row, {"b1": "Nieuwe rekenpunten"}) == (
        "Voorlopig", "Inclusief zonnepanelen", "Nieuwe rekenpunten", "b2", "In een secundaire bron gevonden",
    )  # fmt: skip
    assert WORDS["nl"].cautions(headline_row(75.2, 2022), {}) == ()


@pytest.mark.parametrize(
    ("basis", "source", "said"),
    [
        ("published", "cei_wm020", "Eurostat (cei_wm020)."),
        ("computed", "cei_wm020+packaging_nl", "Door ons berekend uit Eurostat (cei_wm020+packaging_nl)."),
        ("published", "packaging_nl", "Overgenomen uit publicaties (packaging_nl)."),
        ("published", "nobody", "Gepubliceerd (nobody)."),  # a release that does not say who publishes it
        ("published", None, ""),
    ],
)
def test_a_figure_says_who_measured_it(basis: str, source: str | None, said: str) -> None:
    assert WORDS["nl"].basis({"basis": basis, "basis_source": source}) == said


def test_a_part_is_named_only_where_the_indicator_does_not() -> None:
    assert WORDS["nl"].title("mattress_recycling_rate", "mattresses") == "Recyclingpercentage matrassen"
    assert WORDS["nl"].title("pack_recycling_rate", "glass") == "Recyclingpercentage verpakkingsafval (EU): Glas"


def test_no_trend_is_said_with_its_reason() -> None:
    assert (
        WORDS["nl"].trend(headline_row(75.2, 2022))
        == "Over de richting zeggen wij niets: er ligt een breuk in de reeks."
    )
    assert WORDS["nl"].trend({"arrow": "target_met"}) == "Richting: doel bereikt."


def test_the_headline_series_stands_in_front_even_where_another_is_longer() -> None:
    old = [indicator_row(year, 45.0, origin="computed", source="env_waselee") for year in range(2005, 2019)]
    new = [indicator_row(2023, 29.0, source="electronics_nl", scope_version="incl_pv")]
    lines = lines_of(old + new)
    headline = headline_row(29.0, 2023, basis_source="electronics_nl", scope_version="incl_pv")
    main = preferred(lines, headline)
    assert main is not None and main.years == (2023,)
    assert [line.source for line in shown_beside(main, lines)] == ["env_waselee"]
    assert preferred(lines, None) is main


def test_a_series_that_only_repeats_another_is_not_drawn_twice() -> None:
    long = [indicator_row(year, 70.0 + year % 3) for year in range(2010, 2020)]
    same = [indicator_row(year, 70.0 + year % 3, source="env_waspac") for year in range(2012, 2015)]
    other = [indicator_row(2012, 11.0, source="x")]
    lines = lines_of([*long, *same, *other])
    assert [line.source for line in shown_beside(lines[0], lines)] == ["x"]


@given(st.lists(st.sampled_from(["glass", "total", "wood", "unknown"])))
def test_the_whole_comes_first_and_no_part_is_lost(parts: list[str]) -> None:
    found = whole_first(parts, ["total", "wood", "glass"])
    assert set(found) == set(parts) and len(found) == len(set(parts))
    assert "total" not in found or found[0] == "total"


@given(st.floats(-1e12, 1e12), st.floats(-1e12, 1e12))
def test_the_ends_of_a_bar_hold_both_values(one: float, other: float) -> None:
    low, high = min(0.0, one, other), max(0.0, one, other)
    ends = round_ends(low, high)
    room = 1e-9 * max(1.0, abs(low), abs(high))
    assert ends[0] <= low + room and ends[1] >= high - room and ends[0] < ends[1]


def test_figures_with_a_target_stand_in_front_where_nothing_is_chosen() -> None:
    rows = [headline_row(1.0, 2022, chain_table="new", target_id=None), headline_row(2.0, 2022, chain_table="new")]
    assert [row["value"] for row in in_front(rows, "new")] == [2.0, 1.0]


@pytest.mark.parametrize(
    ("bump", "summary", "withdrawn", "said"),
    [
        ("first", {}, False, "Eerste versie."),
        ("minor", {"rows_added": 1200, "cells_changed": 3}, False, "1.200 rijen erbij; 3 cellen veranderd."),
        ("patch", {}, False, "Geen cijfer veranderde; wel teksten of namen."),
        ("minor", {"rows_added": 5}, True, "Deze versie is ingetrokken."),
    ],
)
def test_a_change_is_said_in_words(bump: str, summary: dict[str, int], withdrawn: bool, said: str) -> None:
    assert change_in_words(Version("a", "1.0.0", "2026-01-01", bump, "", withdrawn, {}, summary), "nl") == said


def test_changes_show_the_key_as_its_values_and_only_tables_that_changed() -> None:
    assert key_in_words('{"indicator": "x", "year": 2022, "flag": null}') == "x · 2022"
    assert key_in_words("no json") == "no json"
    counts = {"rows_added": 0, "rows_removed": 0, "cells_changed": 0}
    found = table_changes({"tables": {"a": counts, "b": counts | {"cells_changed": 2}}})
    assert [(item.table, item.changed) for item in found] == [("b", 2)]
    row = {"table": "b", "key": "{}", "change": "changed", "column": "value", "old_value": "1", "new_value": "2"}
    assert [(item.old, item.new) for item in cell_changes([row])] == [("1", "2")]


@pytest.mark.parametrize(
    ("scope", "flags", "quoted", "when"),
    [
        (RECYCLING_LEFT_OUT, "eu", f"ten hoogste 27,3{NBSP}%", "jaar niet vermeld"),
        ("per_discarded", "eu", f"ten hoogste 27,3{NBSP}%", "in 2023"),
        # over a number that was counted, it is no bound
        ("per_discarded", "", f"27,3{NBSP}%", "in 2023"),
        ("all", "eu", f"27,3{NBSP}%", "in 2023"),
        (None, None, f"27,3{NBSP}%", "in 2023"),
    ],
)
def test_a_bound_and_a_year_that_is_not_stated_are_said_with_the_value(
    scope: str | None, flags: str | None, quoted: str, when: str
) -> None:
    row = headline_row(27.3, 2023) | {"scope_version": scope, "flags": flags}
    assert WORDS["nl"].quoted(row, 1) == quoted
    assert WORDS["nl"].when(row) == when
    assert WORDS["en"].quoted(row, 1).startswith("at most") == quoted.startswith("ten hoogste")


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"source": "cei_srm030", "source_edition": None}, "cei_srm030 (2025-08)"),
        ({"source": "env_ac_cur", "source_edition": "2025-11-24"}, "env_ac_cur (2025-11-24)"),
        ({"source": "cei_srm030+env_ac_cur", "source_edition": None}, "cei_srm030 (2025-08) + env_ac_cur"),
        ({"source": "cei_wm020", "source_edition": None}, "cei_wm020"),
        ({"source": None}, ""),
    ],
)
def test_a_source_is_told_by_its_code_and_edition(row: dict[str, Any], said: str) -> None:
    assert Words(Codes(), "nl", {}, {"cei_srm030": "2025-08"}).source(row) == said


def test_of_two_alternative_targets_it_is_said_that_one_is_enough() -> None:
    row = headline_row(29.0, 2023) | {"indicator": "weee_collection_rate_pom"}
    assert _either(row, WORDS["nl"]) == (WORDS["nl"].t("either"),)
    assert _either(row | {"target_id": None}, WORDS["nl"]) == ()
    assert _either(headline_row(75.2, 2022), WORDS["nl"]) == ()


def test_the_dutch_rate_of_packaging_stands_beside_that_of_the_eu() -> None:
    rows = [
        headline_row(75.2, 2022) | {"chain_table": "packaging"},
        headline_row(76.0, 2024)
        | {"chain_table": "packaging", "indicator": "pack_recycling_rate_nl", "level": "NL", "subgroup": "total"},
    ]
    assert [(row["indicator"], row["year"]) for row in in_front(rows, "packaging")] == [
        ("pack_recycling_rate", 2022),
        ("pack_recycling_rate_nl", 2024),
    ]

"""The governance tables say what the seed documents say, and nothing without a document.

Here: contracts/reference tables on chain tables, covenant, programmes and the municipal baseline, and their shapes.
Not here: targets and figures (`test_reference_data.py`).
"""

from __future__ import annotations

import collections
import csv
from pathlib import Path

import pytest

from assets.sources.curated import parse_curated_csv
from contracts.audit import audit
from contracts.contract import read_contract
from contracts.vocabulary import load_codelist

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "contracts" / "reference"
SHAPES = ROOT / "contracts" / "products" / "shapes"
GOVERNANCE = (
    "documents",
    "governance_chain_tables",
    "covenant_parties",
    "covenant_themes",
    "covenant_agreements",
    "covenant_provisions",
    "covenant_milestones",
    "chain_projects",
    "red_threads",
    "craft_centre_programme",
    "municipal_survey",
    "monitoring_pyramid",
    "municipal_examples",
    "policy_asks",
    "policy_events",
    "bouwmaterialen_chains",
)

Row = dict[str, str]


def read(name: str) -> list[Row]:
    """Rows of one reference table as text."""
    with (REFERENCE / f"{name}.csv").open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


@pytest.mark.parametrize("name", [*GOVERNANCE, "open_targets", "conflicts"])
def test_a_reference_table_holds_to_its_shape(name: str) -> None:
    contract = read_contract(SHAPES / f"{name}.odcs.yaml")
    table = parse_curated_csv((REFERENCE / f"{name}.csv").read_bytes(), contract)
    blank_is_null = {column: [value or None for value in table[column].to_pylist()] for column in table.column_names}
    verdict = audit(table.from_pydict(blank_is_null, schema=table.schema), contract)
    assert [check.key for check in verdict.checks if not check.passed] == []


@pytest.mark.parametrize("name", GOVERNANCE)
def test_every_row_names_its_document_and_speaks_both_languages(name: str) -> None:
    rows = read(name)
    documents = {row["document"] for row in read("documents")}
    key = next(iter(rows[0]))
    assert len({row[key] for row in rows}) == len(rows)
    for row in rows:
        assert row["document"] in documents, row[key]
        assert row.get("passage", "the document itself"), row[key]
        for dutch in (column for column in row if column.endswith("_nl")):
            assert bool(row[dutch]) == bool(row[dutch.removesuffix("_nl") + "_en"]), (row[key], dutch)
        assert "interpolat" not in " ".join(row.values()).lower(), row[key]


def test_there_are_five_seed_documents_and_the_code_list_is_the_table() -> None:
    rows = read("documents")
    assert sum(row["is_seed"] == "true" for row in rows) == 5
    listed = {code.code: (code.label_nl, code.label_en) for code in load_codelist("document").codes}
    assert listed == {row["document"]: (row["title_nl"], row["title_en"]) for row in rows}
    assert {row["date"] for row in rows if row["is_seed"] == "true"} == {"2026-02-09", "2023-02-03", ""}


def test_the_covenant_has_24_agreements_over_six_themes() -> None:
    # draft covenant, article 4: 5, 5, 4, 6, 2, 2
    themes = {row["theme"]: int(row["agreements"]) for row in read("covenant_themes")}
    counted = collections.Counter(row["theme"] for row in read("covenant_agreements"))
    assert list(themes.values()) == [5, 5, 4, 6, 2, 2]
    assert counted == themes and counted.total() == 24
    for theme, number in themes.items():
        numbers = [int(row["number"]) for row in read("covenant_agreements") if row["theme"] == theme]
        assert numbers == list(range(1, number + 1))


def test_water_boards_sign_up_to_procurement_and_permits_only() -> None:
    rows = read("covenant_themes")
    assert [row["theme"] for row in rows if row["water_boards_eligible"] == "true"] == ["procurement", "permits"]
    assert all(row["provinces_eligible"] == row["municipalities_eligible"] == "true" for row in rows)


def test_the_covenant_has_six_parties_three_of_the_state_and_three_umbrella_bodies() -> None:
    parties = [(row["abbreviation"], row["party_group"]) for row in read("covenant_parties")]
    assert parties == [(name, "state") for name in ("IenW", "EZ", "VRO")] + [
        (name, "umbrella") for name in ("IPO", "UvW", "VNG")
    ]


def test_the_general_provisions_of_the_covenant_are_complete() -> None:
    # draft covenant: articles 1, 2, 3 and 5 have 6, 5, 5 and 10 paragraphs
    counted = collections.Counter(row["article"] for row in read("covenant_provisions"))
    assert counted == {"1": 6, "2": 5, "3": 5, "5": 10}


@pytest.mark.parametrize(
    ("milestone", "year", "date", "layer"),
    [
        # draft covenant, article 4 (theme VTH, 3) and article 5(3)
        ("vth_provinces_2026", "2026", "", "provinces"),
        ("vth_water_boards_2028", "2028", "", "water_boards"),
        ("vth_municipalities_2030", "2030", "", "municipalities"),
        ("end", "2027", "2027-03-20", ""),
        # article 2(5) says before 1 May and no year; article 5(3) names no day of signing
        ("working_structure", "", "", ""),
        ("entry_into_force", "", "", ""),
    ],
)
def test_a_milestone_stands_as_the_covenant_has_it(milestone: str, year: str, date: str, layer: str) -> None:
    row = {row["milestone"]: row for row in read("covenant_milestones")}[milestone]
    assert (row["year"], row["date"], row["layer"]) == (year, date, layer)


def test_there_are_five_chain_tables_of_which_three_are_new() -> None:
    rows = {row["chain_table"]: row for row in read("governance_chain_tables")}
    assert {name for name, row in rows.items() if row["form"] == "new"} == {"electronics", "furniture", "packaging"}
    assert {name for name, row in rows.items() if row["form"] == "existing"} == {"textile", "construction"}
    assert rows["furniture"]["first_date"] == "2026-01-09"
    assert rows["construction"]["first_date"] == "2025-11-05"


def test_twelve_material_chains_are_known_and_one_is_open() -> None:
    rows = read("bouwmaterialen_chains")
    assert [int(row["number"]) for row in rows] == list(range(1, 14))
    still_open = [row for row in rows if row["is_open"] == "true"]
    assert [(row["material_chain"], row["signatory"], row["confidence"]) for row in still_open] == [("open", "", "")]


def test_the_red_threads_are_six_the_first_with_drivers_and_the_others_without_a_guess() -> None:
    rows = read("red_threads")
    spans = collections.Counter((row["element_kind"], row["thread_from"], row["thread_to"]) for row in rows)
    # letter 32 852 nr. 226: five drivers (1) and three barriers (2-6); it does not say which thread is which
    assert spans == {("driver", "1", "1"): 5, ("barrier", "2", "6"): 3, ("need", "2", "6"): 4}


def test_chain_projects_carry_the_numbers_of_the_letter() -> None:
    rows = {row["instrument_id"]: row for row in read("chain_projects")}
    assert (rows["ketenprojecten"]["participants_min"], rows["ketenprojecten"]["participants_max"]) == ("3", "6")
    breakthrough = rows["ketendoorbraak"]
    assert (breakthrough["projects_expected_min"], breakthrough["projects_expected_max"]) == ("8", "10")
    assert breakthrough["expected_year"] == "2023"
    assert rows["versnellingshuis"]["year_to"] == "2025"


def test_the_craft_centre_programme_has_five_lines_and_a_goal_for_2030() -> None:
    rows = read("craft_centre_programme")
    assert [row["number"] for row in rows if row["line_kind"] == "priority"] == ["1", "2", "3", "4", "5"]
    assert [row["year"] for row in rows if row["line_kind"] == "goal"] == ["2030"]


@pytest.mark.parametrize(
    ("item", "comparison", "value", "passage"),
    [
        # VNG position paper, footnotes
        ("respondents", "exactly", "216", "noot 1"),
        ("municipalities", "exactly", "156", "noot 1"),
        ("sessions", "about", "30", "noot 1"),
        ("fte_below_1", "more_than", "50", "noot 2"),
        ("goal_realism", "exactly", "2.25", "noot 7"),
        ("structural_budget", "exactly", "18", "noot 18"),
        ("vng_fte", "exactly", "1", "Coördineer kennisdeling, laatste alinea"),
    ],
)
def test_the_municipal_baseline_stands_as_printed(item: str, comparison: str, value: str, passage: str) -> None:
    row = {row["item"]: row for row in read("municipal_survey")}[item]
    assert (row["comparison"], row["value"], row["passage"], row["frozen"]) == (comparison, value, passage, "true")


def test_only_shares_with_a_large_enough_base_may_be_shown_as_a_rate() -> None:
    # small-number rule: at least 10 respondents or 5 municipalities
    for row in read("municipal_survey"):
        if row["publishable_as_rate"] == "true":
            assert row["statistic"] in ("share", "mean"), row["item"]
            assert int(row["base_count"]) >= (10 if "respondent" in row["base_en"] else 5), row["item"]


def test_the_monitoring_pyramid_has_four_levels() -> None:
    assert {row["pyramid_level"] for row in read("monitoring_pyramid")} == {"impact", "outcome", "output", "input"}


def test_the_municipal_examples_carry_the_figures_of_the_paper() -> None:
    rows = {row["example"]: row for row in read("municipal_examples")}
    zwolle, amsterdam = rows["zwolle_projects"], rows["amsterdam_budget"]
    assert (zwolle["comparison"], zwolle["value"], zwolle["year_from"]) == ("more_than", "75", "2023")
    assert (amsterdam["value"], amsterdam["year_from"], amsterdam["year_to"]) == ("14", "2023", "2026")


def test_the_association_of_municipalities_asks_four_things() -> None:
    asked = collections.Counter(row["ask_kind"] for row in read("policy_asks"))
    assert asked == {"ask": 4, "talk": 4, "commitment": 1}

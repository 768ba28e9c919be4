"""Code lists, targets, known breaks and curated figures hold together.

Here: every code that is used exists, every text has two languages, every key is unique.
Not here: whether a target is met.
"""

from __future__ import annotations

import csv
import hashlib
import itertools
import json
from collections.abc import Iterable
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
CODELISTS = ROOT / "contracts" / "codelists"
REFERENCE = ROOT / "contracts" / "reference"
CURATED = ROOT / "assets" / "sources" / "embedded" / "curated"
LISTS = sorted(path.stem for path in CODELISTS.glob("*.csv"))
CURATED_FILES = {
    "packaging_nl": "packaging",
    "electronics_nl": "electronics",
    "furniture_nl": "furniture",
    "textile_nl": "textile",
    "construction_nl": "construction",
    "national_nl": "national",
    "craft_centres_nl": "craft_centres",
    "municipal_nl": "municipal",
}
# themes stand across the chain tables and have no producer responsibility of their own
THEMES = {"national", "craft_centres", "municipal", "governance"}

Row = dict[str, str]


def read(path: Path) -> list[Row]:
    """Rows of a CSV as text; a ragged line fails."""
    with path.open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert all(None not in row and None not in row.values() for row in rows), path.name
    return rows


def codes(name: str) -> set[str]:
    """The codes of one code list."""
    return {row["code"] for row in read(CODELISTS / f"{name}.csv")}


def repeated(values: Iterable[object]) -> list[object]:
    """Values that occur more than once."""
    seen: set[object] = set()
    return [value for value in values if value in seen or seen.add(value)]  # type: ignore[func-returns-value]


TARGETS = read(REFERENCE / "targets.csv")
BREAKS = read(REFERENCE / "known_breaks.csv")
OPEN_TARGETS = read(REFERENCE / "open_targets.csv")
CONFLICTS = read(REFERENCE / "conflicts.csv")
FIGURES = {name: read(CURATED / f"{name}.csv") for name in CURATED_FILES}
INDICATORS = {row["code"]: row for row in read(CODELISTS / "indicator.csv")}
MEASURES = {row["code"]: row for row in read(CODELISTS / "measure.csv")}
SUBGROUPS = {row["code"]: row for row in read(CODELISTS / "subgroup.csv")}


@pytest.mark.parametrize("name", LISTS)
def test_every_code_is_unique_and_labelled_in_dutch_and_english(name: str) -> None:
    rows = read(CODELISTS / f"{name}.csv")
    assert list(rows[0])[:4] == ["code", "label_nl", "label_en", "parent"]
    assert repeated(row["code"] for row in rows) == []
    assert [row["code"] for row in rows if not row["label_nl"] or not row["label_en"]] == []
    known = {row["code"] for row in rows}
    assert [row["code"] for row in rows if row["parent"] and row["parent"] not in known] == []
    assert b"\r" not in (CODELISTS / f"{name}.csv").read_bytes()


@pytest.mark.parametrize(
    ("rows", "column", "code_list"),
    [
        *(
            (TARGETS, column, code_list)
            for column, code_list in [
                ("chain_table", "chain_table"),
                ("indicator", "indicator"),
                ("subgroup", "subgroup"),
                ("level", "target_level"),
                ("comparator", "comparator"),
                ("unit", "unit"),
                ("status", "target_status"),
                ("confidence", "confidence"),
            ]
        ),
        *(
            (OPEN_TARGETS, column, code_list)
            for column, code_list in [
                ("chain_table", "chain_table"),
                ("indicator", "indicator"),
                ("subgroup", "subgroup"),
                ("level", "target_level"),
                ("comparator", "comparator"),
                ("unit", "unit"),
            ]
        ),
        *((CONFLICTS, column, column) for column in ("chain_table", "subgroup", "which_counts")),
        *((BREAKS, column, column) for column in ("chain_table", "subgroup", "geo", "confidence")),
        *(
            (rows, column, column)
            for rows, column in itertools.product(
                FIGURES.values(),
                ("subgroup", "geo", "unit", "definition_version", "scope_version", "confidence"),
            )
        ),
        (list(INDICATORS.values()), "chain_table", "chain_table"),
        (list(INDICATORS.values()), "unit", "unit"),
        (list(INDICATORS.values()), "pyramid_level", "pyramid_level"),
    ],
)
def test_every_code_that_is_used_exists_in_its_list(rows: list[Row], column: str, code_list: str) -> None:
    assert {row[column] for row in rows} - {"*"} - codes(code_list) == set()


def test_units_come_from_the_closed_list() -> None:
    mass = {"kg", "t", "kt", "kg_per_inhabitant", "t_per_inhabitant", "kg_per_1000_eur"}
    number = {"persons", "pieces", "pieces_per_inhabitant", "count", "fte"}
    money = {"eur", "eur_million", "eur_per_m2_year"}
    assert codes("unit") == mass | number | money | {"percent", "index", "score_1_5"}


def test_a_target_is_complete_and_has_a_key_of_its_own() -> None:
    assert repeated(row["target_id"] for row in TARGETS) == []
    for row in TARGETS:
        parts = [row["indicator"], row["subgroup"], row["level"].lower(), row["year_from"]]
        assert row["target_id"].startswith("__".join(parts)), row["target_id"]
        for column in ("instrument", "article", "denominator", "note_nl", "note_en"):
            assert row[column], (row["target_id"], column)
        assert not row["year_to"] or int(row["year_to"]) >= int(row["year_from"]), row["target_id"]
        assert row["unit"] == INDICATORS[row["indicator"]]["unit"], row["target_id"]
        assert row["chain_table"] == INDICATORS[row["indicator"]]["chain_table"], row["target_id"]
        assert SUBGROUPS[row["subgroup"]]["chain_table"] in ("", row["chain_table"]), row["target_id"]


def test_targets_of_one_instrument_do_not_overlap_in_time() -> None:
    def series(row: Row) -> tuple[str, ...]:
        return (row["indicator"], row["subgroup"], row["level"], row["instrument"].split(",")[0])

    for key, group in itertools.groupby(sorted(TARGETS, key=series), key=series):
        spans = sorted((int(row["year_from"]), int(row["year_to"] or 9999)) for row in group)
        assert all(a[1] < b[0] for a, b in itertools.pairwise(spans)), (key, spans)


def test_nothing_interpolated_is_published_as_a_target() -> None:
    assert [row for row in TARGETS if "interpolat" in " ".join(row.values()).lower()] == []
    years = {row["year_from"] for row in TARGETS if row["indicator"] == "drink_carton_recycling_rate"}
    assert years == {"2023", "2030"}


@pytest.mark.parametrize("indicator", ["textile_reuse_share", "textile_reuse_nl_share", "textile_fibre_to_fibre_share"])
def test_a_year_whose_figure_is_not_known_is_an_open_entry_and_no_target(indicator: str) -> None:
    known = {row["year_from"] for row in TARGETS if row["indicator"] == indicator}
    still_open = {row["year_from"] for row in OPEN_TARGETS if row["indicator"] == indicator}
    assert known == {"2025", "2030"}
    assert still_open == {"2026", "2027", "2028", "2029"}


def test_an_open_target_says_why_and_where_to_look_and_holds_no_value() -> None:
    assert "value" not in OPEN_TARGETS[0]
    assert repeated(row["open_target_id"] for row in OPEN_TARGETS) == []
    for row in OPEN_TARGETS:
        assert row["unit"] == INDICATORS[row["indicator"]]["unit"], row["open_target_id"]
        assert row["chain_table"] == INDICATORS[row["indicator"]]["chain_table"], row["open_target_id"]
        for column in ("reason_nl", "reason_en", "where_to_look_nl", "where_to_look_en", "instrument", "denominator"):
            assert row[column], (row["open_target_id"], column)


def test_an_open_target_is_not_also_a_target_in_force() -> None:
    def tuple_of(row: Row) -> tuple[str, ...]:
        return (row["indicator"], row["subgroup"], row["level"], row["year_from"])

    assert {tuple_of(row) for row in OPEN_TARGETS} & {tuple_of(row) for row in TARGETS} == set()


@pytest.mark.parametrize(
    ("target_id", "value", "year_to", "status", "confidence"),
    [
        # Besluit beheer verpakkingen 2014 art. 6(2)a, text in force 1-7-2021 (domain/targets_from_law.csv)
        ("pack_recycling_rate_nl__plastic__nl__2021", "40", "2021", "in_force", "primary"),
        ("pack_recycling_rate_nl__plastic__nl__2025", "50", "2029", "in_force", "primary"),
        # the same decree, text of 1-1-2015: +1 and +2 percentage points a year
        ("pack_recycling_rate_nl__plastic__nl__2020", "50", "2020", "lapsed", "primary"),
        ("pack_recycling_rate_nl__wood__nl__2018", "37", "2018", "lapsed", "primary"),
        ("pack_reuse_recycling_rate_nl__total__nl__2022", "72", "2023", "in_force", "primary"),
        ("pack_recovery_rate__total__nl__2015", "75", "2020", "lapsed", "primary"),
        # Regulation (EU) 2025/40 art. 52(1) and 43(1)
        ("pack_recycling_rate__ferrous__eu__2025", "70", "2029", "in_force", "primary"),
        ("pack_recycling_rate__plastic__eu__2030", "55", "", "in_force", "primary"),
        ("pack_reduction_vs_2018__total__eu__2035", "-10", "2039", "in_force", "primary"),
        ("pack_reusable_share__transport_packaging__eu__2040", "70", "", "best_effort", "primary"),
        ("drink_carton_recycling_rate__drink_cartons__nl__2023", "34", "2023", "in_force", "secondary"),
        # Regeling AEEA art. 10
        ("weee_collected_kg_hab_hh__total__nl__2014", "4", "2015", "in_force", "primary"),
        ("weee_collection_rate_pom__total__nl__2019", "65", "", "in_force", "primary"),
        ("weee_collection_rate_generated__total__nl__2019", "85", "", "alternative", "primary"),
        # Besluit UPV textiel as the trade press has it (data/nl/targets/upv_targets.csv)
        ("textile_reuse_recycling_share__total__nl__2027", "60", "2027", "in_force", "secondary"),
        ("textile_fibre_to_fibre_share__total__nl__2030", "33", "", "in_force", "secondary"),
        # AVV matrassen, ended 31-10-2025; AVV vlakglas 2023-2027, replaced from 2026
        ("mattress_recycling_rate__mattresses__nl__2028", "75", "", "lapsed", "secondary"),
        ("flat_glass_collected_t__flat_glass__nl__2023", "70000", "2025", "lapsed", "secondary"),
        # Directive 2008/98/EC art. 11(2)(b) and (c)-(e); Directive 1999/31/EC art. 5(5)
        ("cdw_recovery_rate__mineral_cdw__eu__2020", "70", "", "in_force", "own_knowledge"),
        ("municipal_recycling_rate__total__eu__2030", "60", "2034", "in_force", "secondary"),
        ("municipal_landfill_share__total__eu__2035", "10", "", "in_force", "secondary"),
        # NPCE update of 13-10-2025: three goals for 2035; the halving of 2030 is the former goal
        ("npce2025_save__total__nl__2035", "-15", "", "in_force", "secondary"),
        ("npce2025_replace__total__nl__2035", "55", "", "in_force", "secondary"),
        ("npce2025_retain__total__nl__2035", "82", "", "in_force", "secondary"),
        ("npce_halving_index__total__nl__2030", "50", "2030", "lapsed", "secondary"),
        # seeds: nationwide network in 2030; covenant art. 4, theme VTH
        ("cac_national_coverage_mun__craft_centres__nl__2030", "100", "", "best_effort", "primary"),
        ("vth_basis_implemented__water_boards__nl__2028", "100", "", "best_effort", "primary"),
        # Directive 2012/19/EU Annex V part 3; Regulation (EU) 2023/1542 art. 59(3)
        ("weee_recovery_rate_cat__open_scope_cat_2__eu__2018", "80", "", "in_force", "own_knowledge"),
        (
            "batteries_portable_collection_rate__portable_batteries__eu__2027",
            "63",
            "2029",
            "in_force",
            "primary",
        ),
    ],
)
def test_targets_stand_as_the_law_has_them(
    target_id: str, value: str, year_to: str, status: str, confidence: str
) -> None:
    row = {row["target_id"]: row for row in TARGETS}[target_id]
    assert (row["value"], row["year_to"], row["status"], row["confidence"]) == (
        value,
        year_to,
        status,
        confidence,
    )


def test_the_halving_of_2030_is_labelled_as_the_former_goal() -> None:
    goal = {row["target_id"]: row for row in TARGETS}["npce_halving_index__total__nl__2030"]
    assert "oormalig doel" in goal["note_nl"]
    assert "ormer goal" in goal["note_en"]


def test_lamps_have_no_recovery_target_in_the_open_scope() -> None:
    recovery = {row["subgroup"] for row in TARGETS if row["indicator"] == "weee_recovery_rate_cat"}
    assert recovery == {f"open_scope_cat_{number}" for number in (1, 2, 4, 5, 6)}


def test_a_known_break_names_a_series_of_its_chain_table() -> None:
    key = ("chain_table", "break_id", "series", "subgroup", "geo")
    assert repeated(" ".join(row[column] for column in key) for row in BREAKS) == []
    assert repeated(tuple(row[c] for c in ("chain_table", "series", "subgroup", "geo", "year")) for row in BREAKS) == []
    for row in BREAKS:
        entry = INDICATORS.get(row["series"]) or MEASURES.get(row["series"])
        assert row["series"] == "*" or entry is not None, row["break_id"]
        assert entry is None or entry["chain_table"] in ("", row["chain_table"]), row["break_id"]
        assert SUBGROUPS.get(row["subgroup"], {"chain_table": ""})["chain_table"] in ("", row["chain_table"])
        for column in ("title_nl", "title_en", "note_nl", "note_en"):
            assert row[column], (row["break_id"], column)


def test_chain_tables_and_themes_are_described_in_both_languages() -> None:
    described = yaml.safe_load((REFERENCE / "chain_tables.yaml").read_text(encoding="utf-8"))
    assert set(described) == codes("chain_table")
    for name, entry in described.items():
        assert entry["id"] == name
        for text in ("title", "description", "status"):
            assert entry[f"{text}_nl"] and entry[f"{text}_en"], (name, text)
        assert (entry["upv"] is None) == (name in THEMES) == (entry["status"] == "theme"), name
        if entry["upv"] is None:
            continue
        assert entry["upv"]["legal_frame"], name
        for law in entry["upv"]["legal_frame"]:
            assert law["instrument"] and law["subject_nl"] and law["subject_en"], law


@pytest.mark.parametrize("name", CURATED_FILES)
def test_a_curated_figure_cites_its_source_and_belongs_to_a_known_series(name: str) -> None:
    rows = FIGURES[name]
    assert repeated(row["figure_id"] for row in rows) == []
    key = ("series", "subgroup", "geo", "year", "unit", "scope_version")
    assert repeated(tuple(row[column] for column in key) for row in rows) == []
    flag_letters = codes("flag")
    for row in rows:
        entries = {"measure": MEASURES, "indicator": INDICATORS}[row["series_kind"]]
        assert entries[row["series"]]["chain_table"] in ("", CURATED_FILES[name]), row["figure_id"]
        assert SUBGROUPS[row["subgroup"]]["chain_table"] in ("", CURATED_FILES[name]), row["figure_id"]
        assert len(row["citation"]) >= 10, row["figure_id"]
        assert row["definition_note_nl"] and row["definition_note_en"], row["figure_id"]
        assert set(row["flags"]) <= flag_letters and row["flags"] == "".join(sorted(row["flags"])), row["figure_id"]
        assert row["retrieved_on"] == "2026-11-21", row["figure_id"]
        if row["series_kind"] == "indicator":
            assert row["unit"] == INDICATORS[row["series"]]["unit"], row["figure_id"]


@pytest.mark.parametrize(
    ("name", "figure_id", "value", "flags", "confidence"),
    [
        # data/nl/curated_observations: Afvalfonds monitoring results; 2013 conflicts with Eurostat
        ("packaging_nl", "nl__put_on_market__total__2018__one_way", "3120", "", "secondary"),
        ("packaging_nl", "nl__recycled__total__2013__one_way", "1909", "u", "secondary"),
        # Verpact press release 2025-09-10
        ("packaging_nl", "nl__pack_recycling_rate_nl__total__2024__one_way", "76", "", "secondary"),
        (
            "packaging_nl",
            "nl__drs_collection_rate_bottles__plastic_bottles_le3l__2024__all",
            "77",
            "",
            "secondary",
        ),
        # CLO nl0561 and Stichting OPEN
        ("electronics_nl", "nl__put_on_market__total__2022__incl_pv", "836", "", "secondary"),
        ("electronics_nl", "nl__weee_collection_rate_pom__total__2023__incl_pv", "29", "", "secondary"),
        ("electronics_nl", "nl__weee_gap_to_target_t__total__2023__excl_pv", "111000", "u", "secondary"),
        # FFact mass balance 2018; Stichting UPV Textiel (more than 200 kt)
        ("textile_nl", "nl__discarded__total__2018__all", "305.1", "", "secondary"),
        ("textile_nl", "nl__put_on_market__total__2024__upv_members", "200", "e", "secondary"),
        # Matras Recycling Nederland: the press names no denominator
        ("furniture_nl", "nl__recycled_products__mattresses__2022__all", "976492", "", "secondary"),
        ("furniture_nl", "nl__mattress_recycling_rate__mattresses__2023__per_sold", "50", "eu", "secondary"),
        # Vlakglas Recycling Nederland; CLO nl0147 (24 Mt)
        ("construction_nl", "nl__collected__flat_glass__2023__all", "85834", "", "secondary"),
        ("construction_nl", "nl__cdw_generated__cdw__2018__all", "24000", "e", "secondary"),
        # CBS Materiaalmonitor: 369 billion kg
        ("national_nl", "nl__dmi_t__total__2022__net_of_reexports", "369000", "", "secondary"),
        # BKN: 784 907 kg per shop; 15.7 million customers
        ("craft_centres_nl", "nl__thrift_intake_per_shop__thrift_sector__2023__all", "784.907", "", "secondary"),
        ("craft_centres_nl", "nl__thrift_customers__thrift_sector__2023__all", "15700000", "", "secondary"),
        # CBS: 459 provisional, 456 final; VNG position paper, footnotes 7 and 18
        ("municipal_nl", "nl__mun_household_waste_kg_hab__total__2024__all", "456", "", "secondary"),
        ("municipal_nl", "nl__mun_goal_realism_score__total__2024__all", "2.25", "u", "primary"),
        ("municipal_nl", "nl__mun_budget_structural_share__total__2024__all", "18", "u", "primary"),
    ],
)
def test_curated_figures_stand_as_published(name: str, figure_id: str, value: str, flags: str, confidence: str) -> None:
    row = {row["figure_id"]: row for row in FIGURES[name]}[figure_id]
    assert (row["value"], row["flags"], row["confidence"]) == (value, flags, confidence)


def test_the_streams_of_2023_add_up_to_the_total_collected() -> None:
    # 162.383 + 41.617 + 15.456 = 219.456 kt exactly (domain/indicators.md, weee_collected_t)
    by_id = {row["figure_id"]: float(row["value"]) for row in FIGURES["electronics_nl"]}
    streams = ("by_open", "metal_scheme", "other_market")
    parts = [by_id[f"nl__separately_collected_{stream}__total__2023__all"] for stream in streams]
    assert round(sum(parts), 3) == by_id["nl__separately_collected__total__2023__all"]


def test_the_flat_glass_series_adds_up_to_the_stated_total() -> None:
    # 1 610 518 t up to April 2024 (data/nl/INDEX.md), of which 26 901 t in January-April 2024: no year, so left out
    collected = {row["year"]: int(row["value"]) for row in FIGURES["construction_nl"] if row["series"] == "collected"}
    assert sorted(collected) == [str(year) for year in range(2000, 2024)]
    assert sum(collected.values()) + 26_901 == 1_610_518


def test_shares_of_one_year_add_up_where_the_source_names_them_all() -> None:
    by_id = {
        row["figure_id"]: float(row["value"]) for name in ("textile_nl", "craft_centres_nl") for row in FIGURES[name]
    }
    sorted_textile = [by_id[f"nl__sorted_to_{part}__total__2018__all"] for part in ("reuse", "recycling", "residual")]
    thrift = ("cac_resold_share", "thrift_recycled_share", "thrift_residual_share", "thrift_exported_share")
    assert sum(sorted_textile) == 100
    assert sum(by_id[f"nl__{part}__thrift_sector__2023__all"] for part in thrift) == 100


def test_the_record_of_a_curated_file_knows_its_bytes() -> None:
    for name in CURATED_FILES:
        record = json.loads((CURATED / f"{name}.record.json").read_text(encoding="utf-8"))
        body = (CURATED / f"{name}.csv").read_bytes()
        assert (record["source"], record["bytes"], record["rows"]) == (name, len(body), len(FIGURES[name]))
        assert record["sha256"] == hashlib.sha256(body).hexdigest(), name


@pytest.mark.parametrize(
    ("break_id", "year"),
    [
        # domain/indicators.md 0.8
        ("cmur_revision_2025", "2010"),
        ("rmc_revision_2026", "2010"),
        ("textile_upv_2025", "2025"),
        ("npce_goal_2025", "2025"),
        ("mpg_method_2026", "2026"),
        ("population_census_2021", "2021"),
    ],
)
def test_the_breaks_that_we_know_of_are_listed(break_id: str, year: str) -> None:
    assert {row["break_id"]: row["year"] for row in BREAKS}[break_id] == year


def test_a_conflict_shows_both_values_and_why_one_counts() -> None:
    assert repeated(row["conflict_id"] for row in CONFLICTS) == []
    for row in CONFLICTS:
        entry = INDICATORS.get(row["indicator_or_measure"]) or MEASURES[row["indicator_or_measure"]]
        assert entry["chain_table"] in ("", row["chain_table"]), row["conflict_id"]
        for column in ("value_a", "source_a", "value_b", "source_b", "reason_nl", "reason_en"):
            assert row[column], (row["conflict_id"], column)
        assert {row["unit_a"], row["unit_b"]} <= codes("unit") | {""}, row["conflict_id"]
        assert (row["value_a"], row["source_a"]) != (row["value_b"], row["source_b"]), row["conflict_id"]


@pytest.mark.parametrize(
    ("conflict_id", "values", "which_counts"),
    [
        # domain/netherlands.md section 0: DMI net of re-exports and gross; packaging 2013
        ("dmi_2022", ("369000", "488039"), "a"),
        ("pack_recycled_2013", ("1909", "1982"), "b"),
        # data/nl/INDEX.md section 6; data/eurostat/INDEX.md: two releases of the same series
        ("weee_rate_2015", ("42", "45.8"), "b"),
        ("cmur_2023", ("30.6", "32.0"), "b"),
        ("rmc_2023", ("6.02", "7.87"), "b"),
        ("household_waste_2024", ("459", "456"), "b"),
        ("bma_signing_date", ("2025-11-05", "2025-11-07"), "a"),
        # CLO nl0561; Waste over Time 1.1, data/tbl_WEEE.csv, sum over NLD in 2018
        ("weee_generated_2018", ("366", "359.6"), "a"),
    ],
)
def test_the_known_conflicts_are_listed(conflict_id: str, values: tuple[str, str], which_counts: str) -> None:
    row = {row["conflict_id"]: row for row in CONFLICTS}[conflict_id]
    assert ((row["value_a"], row["value_b"]), row["which_counts"]) == (values, which_counts)


def test_a_year_that_was_inferred_carries_a_flag_and_says_so() -> None:
    inferred = [
        row
        for path in sorted(CURATED.glob("*.csv"))
        for row in read(path)
        if "year inferred" in f"{row['definition_note_en']} {row['transcriber_note']}".lower()
    ]
    # the survey of the VNG (undated), the study of large seating (13-2-2024) and the press on mattresses (early 2024)
    assert sorted((row["series"], row["year"]) for row in inferred) == [
        ("bulky_residual_waste", "2023"), ("mattress_recycling_rate", "2023"), ("mun_budget_structural_share", "2024"),
        ("mun_goal_realism_score", "2024"), ("reused", "2023"),
    ]  # fmt: skip
    for row in inferred:
        assert "u" in row["flags"] and "inferred" in row["definition_note_en"], row["figure_id"]
        assert "afgeleid" in row["definition_note_nl"], row["figure_id"]


def test_a_declared_correction_has_reason_date_and_expectation() -> None:
    declared = yaml.safe_load((REFERENCE / "corrections.yaml").read_text(encoding="utf-8"))
    for correction in declared["corrections"]:
        assert {"source", "reason_nl", "reason_en", "date", "expectation"} <= set(correction), correction

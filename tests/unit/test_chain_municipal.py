"""The municipal monitor: household waste, the frozen baseline and the pyramid, from the embedded edition."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest

from assets.chain_tables import municipal
from assets.chain_tables.reference_tables import reference_rows
from assets.chain_tables.source_figures import SourceTable
from assets.formulas.small_numbers import reaches_minimum
from contracts.arrow import table_from_frame
from contracts.audit import audit
from contracts.contract import product
from contracts.vocabulary import load_codelist, load_reference_csv


@pytest.fixture(scope="module")
def sources(embedded: Callable[[str], SourceTable]) -> dict[str, SourceTable]:
    return {name: embedded(name) for name in municipal.SOURCES}


@pytest.fixture(scope="module")
def observed(sources: dict[str, SourceTable]) -> pd.DataFrame:
    return municipal.observations(sources)


@pytest.fixture(scope="module")
def known(observed: pd.DataFrame, sources: dict[str, SourceTable]) -> pd.DataFrame:
    return municipal.indicators(observed, {"municipal_nl": sources["municipal_nl"]})


@pytest.mark.parametrize(
    ("indicator", "subgroup", "year", "origin", "value_rounded"),
    [
        # CBS press releases: 8.1 billion kg in 2023; demo_gind 2023: 17 877 117; printed 453
        ("mun_household_waste_kg_hab", "total", 2023, "computed", 453.0),
        ("mun_household_waste_kg_hab", "total", 2023, "published", 453.0),
        ("mun_household_waste_kg_hab", "total", 2022, "published", 461.0),
        ("mun_household_waste_kg_hab", "total", 2024, "published", 456.0),
        # (461 - 183) / 461, (453 - 178) / 453 and (456 - 179) / 456
        ("mun_separation_share", "total", 2022, "computed", 60.3),
        ("mun_separation_share", "total", 2023, "computed", 60.7),
        ("mun_separation_share", "total", 2024, "computed", 60.7),
        # position paper of the VNG, footnotes 18 and 7
        ("mun_budget_structural_share", "total", 2024, "published", 18.0),
        ("mun_goal_realism_score", "total", 2024, "published", 2.25),
    ],
)
def test_dutch_figures_are_those_of_cbs_and_the_vng(
    known: pd.DataFrame, indicator: str, subgroup: str, year: int, origin: str, value_rounded: float
) -> None:
    rows = known.loc[
        (known["indicator"] == indicator)
        & (known["subgroup"] == subgroup)
        & (known["year"] == year)
        & (known["origin"] == origin)
    ]
    assert rows["value_rounded"].tolist() == [value_rounded]


def test_no_kilograms_are_computed_for_a_year_without_a_population(known: pd.DataFrame) -> None:
    # the tonnes reach to 2024, the average population of the embedded edition to 2023
    computed = known.loc[(known["indicator"] == "mun_household_waste_kg_hab") & (known["origin"] == "computed")]
    assert computed["year"].tolist() == [2023]


def test_more_than_half_below_one_fte_is_not_made_into_a_percentage(known: pd.DataFrame) -> None:
    assert "mun_fte_below_1_share" not in set(known["indicator"])
    assert known["value"].notna().all() and not (known["value"] == 0).any()


def survey_row(row: pd.Series, **changed: object) -> pd.DataFrame:
    return pd.DataFrame([row.to_dict() | changed]).astype({"known_break": "str", "source_edition": "str"})


def structural_budget(known: pd.DataFrame) -> pd.Series:
    return known.loc[known["indicator"] == "mun_budget_structural_share"].iloc[0]


def test_there_is_no_index_of_the_baseline_without_a_later_value(known: pd.DataFrame) -> None:
    assert "index_of_base_year" not in set(known["method"])
    assert len(municipal.baseline_indices(known, municipal.frozen_indicators())) == 0


def test_a_later_value_becomes_an_index_of_the_frozen_baseline(known: pd.DataFrame) -> None:
    budget = structural_budget(known)
    later = survey_row(budget, year=2027, value=27.0, definition_version="as_described", source="later_survey")
    revised = survey_row(budget, year=2020, value=30.0, definition_version="as_described", source="other_survey")
    made = municipal.baseline_indices(
        pd.concat([known, later, revised], ignore_index=True), ("mun_budget_structural_share",)
    )
    assert made[["year", "value", "unit", "method"]].to_numpy().tolist() == [
        [2027, 150.0, "index", "index_of_base_year"]
    ]
    assert (made["numerator"].item(), made["denominator"].item()) == (27.0, 18.0)
    with_index = pd.concat([known, later, made], ignore_index=True)
    paired = municipal.reconciliation(with_index)
    assert set(paired["indicator"]) == {"mun_household_waste_kg_hab"}, "an index is no percentage of the same cell"


def test_a_survey_over_too_few_respondents_is_withheld(
    observed: pd.DataFrame, sources: dict[str, SourceTable], monkeypatch: pytest.MonkeyPatch
) -> None:
    small = tuple(
        row | {"value": "9"} if row["item"] == "respondents" else row for row in load_reference_csv("municipal_survey")
    )
    monkeypatch.setattr(municipal, "load_reference_csv", lambda _: small)
    rows = municipal.indicators(observed, {"municipal_nl": sources["municipal_nl"]})
    held = rows.loc[rows["indicator"].isin(["mun_budget_structural_share", "mun_goal_realism_score"])]
    assert held["obs_status"].tolist() == ["Q", "Q"] and held["value"].isna().all()
    # household waste is no survey
    assert rows.loc[rows["indicator"] == "mun_household_waste_kg_hab", "value"].notna().all()


def test_the_survey_marks_as_publishable_what_the_small_number_rule_allows() -> None:
    rows = [row for row in load_reference_csv("municipal_survey") if row["statistic"] in ("share", "mean")]
    # 216 civil servants of 156 municipalities (position paper, footnote 1)
    base = pd.Series([216.0] * len(rows)), pd.Series([156.0] * len(rows))
    marked = [row["publishable_as_rate"] == "true" for row in rows]
    assert reaches_minimum(*base).tolist() == marked and len(rows) == 3
    others = [row for row in load_reference_csv("municipal_survey") if row["statistic"] in ("count", "rank")]
    assert all(row["publishable_as_rate"] == "false" for row in others) and len(others) == 7


def test_every_indicator_of_every_package_has_its_level_of_the_pyramid() -> None:
    levels = municipal.extra_tables(None, {})["indicator_levels"]
    assert set(levels["indicator"]) == set(load_codelist("indicator").values())
    assert set(levels["pyramid_level"]) == {"impact", "outcome", "output", "input"}
    stands = dict(zip(levels["indicator"], levels["pyramid_level"], strict=True))
    # domain study, chapter 7.2
    assert stands["mun_budget_structural_share"] == "input"
    assert stands["mun_circular_procurement_share"] == "output"
    assert stands["mun_separation_share"] == "outcome"
    assert stands["mun_primary_material_saved_t"] == "impact"
    assert len(set(levels["chain_table"])) == 9, "five chain tables and four themes"


def test_both_values_of_each_revision_of_household_waste_are_to_be_seen(known: pd.DataFrame) -> None:
    # CBS: 460 -> 461 (2022), 452 -> 453 (2023), 459 -> 456 (2024); residual 182 -> 183, 177 -> 178
    rows = reference_rows("conflicts", "municipal", product("municipal-monitor").table("conflicts"))
    counting = {(row["subgroup"], row["year"]): (row["value_a"], row["value_b"]) for row in rows.to_dict("records")}
    assert counting == {
        ("total", 2022): ("460", "461"),
        ("total", 2023): ("452", "453"),
        ("total", 2024): ("459", "456"),
        ("household_residual", 2022): ("182", "183"),
        ("household_residual", 2023): ("177", "178"),
    }
    published = known.loc[known["origin"] == "published"].set_index(["indicator", "subgroup", "year"])["value"]
    for (subgroup, year), (_, later) in counting.items():
        assert published["mun_household_waste_kg_hab", subgroup, year] == float(later)


def test_every_table_holds_to_its_contract(observed: pd.DataFrame, known: pd.DataFrame) -> None:
    package = product("municipal-monitor")
    made = {"observations": observed, "indicators": known, "reconciliation": municipal.reconciliation(known)}
    made |= municipal.extra_tables(observed, {})
    for contract in package.tables:
        if contract.get("reference"):
            made[contract.table] = reference_rows(str(contract.get("reference")), "municipal", contract)
    for name, rows in made.items():
        contract = package.table(name)
        verdict = audit(table_from_frame(rows, contract), contract)
        assert [check.key for check in verdict.checks if not check.passed] == [], name
        assert len(rows), name

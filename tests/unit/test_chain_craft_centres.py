"""Craft centres and thrift shops: Dutch figures computed from the embedded edition, and what must stay empty."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest

from assets.chain_tables import craft_centres
from assets.chain_tables.reference_tables import reference_rows, targets
from assets.chain_tables.source_figures import SourceTable
from contracts.arrow import table_from_frame
from contracts.audit import audit
from contracts.contract import product


@pytest.fixture(scope="module")
def sources(embedded: Callable[[str], SourceTable]) -> dict[str, SourceTable]:
    return {name: embedded(name) for name in craft_centres.SOURCES}


@pytest.fixture(scope="module")
def observed(sources: dict[str, SourceTable]) -> pd.DataFrame:
    return craft_centres.observations(sources)


@pytest.fixture(scope="module")
def known(observed: pd.DataFrame, sources: dict[str, SourceTable]) -> pd.DataFrame:
    return craft_centres.indicators(observed, {"craft_centres_nl": sources["craft_centres_nl"]})


@pytest.mark.parametrize(
    ("indicator", "year", "origin", "value_rounded"),
    [
        # programme Circulair Ambachtscentrum: 4.8 million inhabitants; demo_gind 2020: 17 441 500
        ("cac_national_coverage_pop", 2020, "computed", 27.5),
        # printed by the programme
        ("cac_national_coverage_pop", 2020, "published", 27.0),
        ("cac_national_coverage_pop", 2021, "published", 35.0),
        # BKN 2023: EUR 188 million over 15.7 million customers (the association: EUR 12.01, within the rounding)
        ("cac_eur_per_customer", 2023, "computed", 11.97),
        # BKN 2023: 100 - 28 recycled - 14 residual - 2 exported
        ("cac_resold_share", 2023, "computed", 56.0),
        ("cac_resold_share", 2023, "published", 56.0),
        ("cac_resold_share", 2015, "published", 46.0),
        ("cac_co2_avoided_kt", 2022, "published", 156.0),
    ],
)
def test_dutch_figures_are_those_of_the_programme_and_the_thrift_sector(
    known: pd.DataFrame, indicator: str, year: int, origin: str, value_rounded: float
) -> None:
    rows = known.loc[(known["indicator"] == indicator) & (known["year"] == year) & (known["origin"] == origin)]
    assert rows["value_rounded"].tolist() == [value_rounded]


@pytest.mark.parametrize(
    ("measure", "year", "value"),
    [
        # BKN: 140, 126 and 144 kt; the programme: 15, 59 and 74 municipalities
        ("thrift_intake", 2015, 140_000.0),
        ("thrift_intake", 2022, 144_000.0),
        ("municipalities_involved", 2019, 15.0),
        ("municipalities_involved", 2021, 74.0),
        ("population_average", 2020, 17_441_500.0),
    ],
)
def test_amounts_are_taken_over_in_base_units(observed: pd.DataFrame, measure: str, year: int, value: float) -> None:
    rows = observed.loc[(observed["measure"] == measure) & (observed["year"] == year)]
    assert rows["value"].tolist() == [value]


def test_what_nobody_delivers_yet_waits_without_a_value_and_is_never_zero(known: pd.DataFrame) -> None:
    waiting = known.loc[known["method"] == "no_source_yet"]
    cells = [f"{name} {year}" for name, year in zip(waiting["indicator"], waiting["year"], strict=True)]
    assert cells == [
        "cac_items_collected 2023",
        "cac_items_repaired 2023",
        "cac_items_sold 2023",
        "cac_national_coverage_mun 2019",
        "cac_national_coverage_mun 2020",
        "cac_national_coverage_mun 2021",
        "cac_repair_success_rate 2023",
    ]
    assert waiting["value"].isna().all() and waiting["denominator"].isna().all()
    assert set(waiting["obs_status"]) == {"O"}
    assert not (known["value"] == 0).any()
    valued = known.loc[known["method"] != "no_source_yet"]
    assert valued["value"].notna().all()
    assert not set(valued["indicator"]) & set(waiting["indicator"])


def test_the_numerator_of_the_coverage_of_municipalities_is_kept_and_the_cumulative_number_is_not(
    known: pd.DataFrame,
) -> None:
    rows = known.loc[known["indicator"] == "cac_national_coverage_mun"]
    assert rows["numerator"].tolist() == [15.0, 59.0, 74.0]  # more than 100 since 2019 is another number


def test_the_share_sold_again_is_computed_only_where_all_other_destinations_are_known(known: pd.DataFrame) -> None:
    # 2015 without export: 100 - 35 - 16 would be 49, and 46 was published
    computed = known.loc[(known["indicator"] == "cac_resold_share") & (known["origin"] == "computed")]
    assert computed["year"].tolist() == [2023]


def test_computed_stands_beside_published_and_a_residual_proves_nothing(known: pd.DataFrame) -> None:
    rows = craft_centres.reconciliation(known)
    found = {row["indicator"]: (row["published"], row["explanation"]) for row in rows.to_dict("records")}
    # 27.52 rounds to 28 and the programme prints 27; 56 is what is left of 100 beside 28, 14 and 2, so it must agree
    assert found == {"cac_national_coverage_pop": (27.0, "last_digit")}


def test_the_goal_of_2030_is_not_yet_reached_and_for_municipalities_there_is_no_data(known: pd.DataFrame) -> None:
    rows = craft_centres.progress(known, targets(["craft_centres"]))
    held = {row["indicator"]: (row["verdict"], row["distance"]) for row in rows.to_dict("records")}
    assert held["cac_national_coverage_pop"] == ("not_yet_at_target", -65.0)
    assert held["cac_national_coverage_mun"][0] == "no_data"


def test_only_the_netherlands_is_in_it(observed: pd.DataFrame, known: pd.DataFrame) -> None:
    assert set(observed["geo"]) == set(known["geo"]) == {"NL"}


def test_every_table_holds_to_its_contract(observed: pd.DataFrame, known: pd.DataFrame) -> None:
    package = product("craft-centres")
    goals = targets(["craft_centres"])
    made = {
        "observations": observed,
        "indicators": known,
        "reconciliation": craft_centres.reconciliation(known),
        "progress": craft_centres.progress(known, goals),
        "targets": goals,
    }
    for contract in package.tables:
        if contract.get("reference"):
            made[contract.table] = reference_rows(str(contract.get("reference")), None, contract)
    for name, rows in made.items():
        contract = package.table(name)
        verdict = audit(table_from_frame(rows, contract), contract)
        assert [check.key for check in verdict.checks if not check.passed] == [], name
        assert len(rows), name


def test_the_programme_has_five_priorities(known: pd.DataFrame) -> None:
    # news item of 3-2-2023
    contract = product("craft-centres").table("craft_centre_programme")
    lines = reference_rows("craft_centre_programme", None, contract)
    assert lines.loc[lines["line_kind"] == "priority", "number"].tolist() == [1, 2, 3, 4, 5]

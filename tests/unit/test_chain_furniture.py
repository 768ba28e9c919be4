"""Furniture: what the chain table publishes from the embedded edition, and what it must not make up.

Here too: production waste of a branch and awaited indicators, which other chain tables use as well.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pandas as pd
import pytest

from assets.chain_tables import furniture
from assets.chain_tables.awaited import no_source_yet
from assets.chain_tables.industry_waste import industry_waste
from assets.chain_tables.reference_tables import targets
from assets.chain_tables.source_figures import SourceTable, UntranslatedCode
from contracts.arrow import table_from_frame
from contracts.audit import audit
from contracts.contract import product
from contracts.vocabulary import load_codelist

AWAITED = {
    "furniture_apparent_consumption_t",
    "furniture_apparent_consumption_eur",
    "furniture_reuse_kringloop_t",
    "bulky_waste_kg_hab",
    "bulky_residual_share",
    "furniture_lifetime_outflow_t",
}


@pytest.fixture(scope="module")
def sources(embedded: Callable[[str], SourceTable]) -> dict[str, SourceTable]:
    return {name: embedded(name) for name in furniture.SOURCES}


@pytest.fixture(scope="module")
def observed(sources: dict[str, SourceTable]) -> pd.DataFrame:
    return furniture.observations(sources)


@pytest.fixture(scope="module")
def known(observed: pd.DataFrame, sources: dict[str, SourceTable]) -> pd.DataFrame:
    return furniture.indicators(observed, {"furniture_nl": sources["furniture_nl"]})


def only(rows: pd.DataFrame, **cell: object) -> dict[str, object]:
    for column, wanted in cell.items():
        rows = rows.loc[rows[column] == wanted]
    (row,) = rows.to_dict("records")
    return {str(column): value for column, value in row.items()}


@pytest.mark.parametrize(
    ("cell", "value", "numerator", "denominator", "flags"),
    [
        # CBS 84970NED (edition 2022-10-26), SBI 31: recovered over total, in kt: 146/146, 164/164, 138/142, 139/152
        ({"indicator": "furniture_industry_waste_recovered_share", "year": 2014}, 100.0, 146e3, 146e3, ""),
        ({"indicator": "furniture_industry_waste_recovered_share", "year": 2015}, 100.0, 164e3, 164e3, ""),
        ({"indicator": "furniture_industry_waste_recovered_share", "year": 2019}, 97.2, 138e3, 142e3, ""),
        ({"indicator": "furniture_industry_waste_recovered_share", "year": 2021}, 91.4, 139e3, 152e3, "p"),
        # CBS 84971NED, SBI 31: used as fuel over total, 80/142 and 14/141
        ({"indicator": "furniture_industry_waste_fuel_share", "year": 2019}, 56.3, 80e3, 142e3, ""),
        ({"indicator": "furniture_industry_waste_fuel_share", "year": 2020}, 9.9, 14e3, 141e3, ""),
        # Matras Recycling Nederland in the trade press, 2022: 976,492 recycled, at least 1.1 million discarded, about
        # 2.0 million sold; "about 50 per cent" in the press
        ({"indicator": "mattress_recycling_rate", "scope_version": "per_discarded"}, 88.8, 976_492, 1.1e6, "eu"),
        (
            {"indicator": "mattress_recycling_rate", "scope_version": "per_sold", "origin": "computed"},
            48.8, 976_492, 2e6, "eu",
        ),
        # Voorverkenning UPV meubels (Tauw): about 30 kt re-used, about 80 kt in bulky residual waste
        ({"indicator": "furniture_reuse_share", "subgroup": "large_seating"}, 27.3, 30e3, 110e3, "eu"),
    ],
)  # fmt: skip
def test_dutch_furniture_figures_are_computed_with_the_denominator_that_is_named(
    known: pd.DataFrame, cell: dict[str, object], value: float, numerator: float, denominator: float, flags: str
) -> None:
    row = only(known, **cell)
    assert (row["value_rounded"], row["numerator"], row["denominator"]) == (value, numerator, denominator)
    assert (row["flags"], row["geo"], row["origin"], row["unit"]) == (flags, "NL", "computed", "percent")


def test_the_rate_that_the_press_quotes_stands_beside_ours_and_is_not_of_the_same_year(known: pd.DataFrame) -> None:
    row = only(known, indicator="mattress_recycling_rate", origin="published")
    assert (row["value"], row["year"], row["scope_version"], row["flags"]) == (50.0, 2023, "per_sold", "eu")
    assert len(furniture.reconciliation(known)) == 0


def test_mattresses_collected_are_a_denominator_once_somebody_says_how_many(
    observed: pd.DataFrame, sources: dict[str, SourceTable], known: pd.DataFrame
) -> None:
    assert "per_collected" not in set(known["scope_version"])
    collected = observed.loc[observed["measure"] == "sold"].assign(measure="collected", value=1_000_000.0, flags="")
    more = furniture.indicators(pd.concat([observed, collected]), {"furniture_nl": sources["furniture_nl"]})
    row = only(more, indicator="mattress_recycling_rate", scope_version="per_collected")
    assert (row["value_rounded"], row["method"]) == (97.6, "recycled_over_collected")
    # 976,492 over a counted million is no rough figure
    assert row["flags"] == ""


def test_what_has_no_source_is_an_empty_row_and_never_zero(known: pd.DataFrame) -> None:
    empty = known.loc[known["method"] == "no_source_yet"]
    assert set(empty["indicator"]) == AWAITED
    assert empty["indicator"].is_unique
    assert empty[["value", "value_rounded", "numerator", "denominator"]].isna().all(axis=None)
    # 2023: the latest year of which another figure exists (large seating furniture)
    assert {tuple(row) for row in empty[["obs_status", "geo", "year"]].to_numpy()} == {("O", "NL", 2023)}
    assert not known.loc[~known["method"].eq("no_source_yet"), "value"].isna().any()
    assert not (known["value"] == 0).any()


def test_an_awaited_indicator_loses_its_empty_row_when_it_gets_a_value(
    known: pd.DataFrame, sources: dict[str, SourceTable]
) -> None:
    valued = known.loc[known["value"].notna()]
    table = sources["furniture_nl"]
    arrived = valued.head(1).assign(indicator="furniture_apparent_consumption_t", year=2024)
    rows = no_source_yet(pd.concat([valued, arrived]), sorted(AWAITED), table, chain_table="furniture")
    assert set(rows["indicator"]) == AWAITED - {"furniture_apparent_consumption_t"}
    assert set(rows["year"]) == {2024}
    assert set(rows["vintage"]) == {table.record.vintage}
    assert len(no_source_yet(arrived, ["furniture_apparent_consumption_t"], table, chain_table="furniture")) == 0
    # a source that answers without a figure, or with one of another country, fills nothing
    for unfilled in ({"value": float("nan")}, {"geo": "BE"}):
        rows = no_source_yet(
            pd.concat([valued, arrived.assign(**unfilled)]), sorted(AWAITED), table, chain_table="furniture"
        )
        assert (set(rows["indicator"]), set(rows["year"])) == (AWAITED, {2023})


def test_nothing_is_awaited_in_a_year_that_nobody_knows(known: pd.DataFrame, sources: dict[str, SourceTable]) -> None:
    with pytest.raises(ValueError, match="no year to stand in"):
        no_source_yet(known.head(0), ["bulky_waste_kg_hab"], sources["furniture_nl"], chain_table="furniture")


def test_production_waste_is_in_tonnes_of_the_branch_and_of_all_types_together(observed: pd.DataFrame) -> None:
    industry = observed.loc[observed["subgroup"] == "furniture_industry"]
    # 84970NED: 2008-2021, three treatments; 84971NED: two of its treatments
    assert industry.groupby(["source", "measure"]).size().to_dict() == {
        ("84970NED", "industry_waste"): 14,
        ("84970NED", "industry_waste_disposed"): 14,
        ("84970NED", "industry_waste_recovered"): 14,
        ("84971NED", "industry_waste"): 14,
        ("84971NED", "industry_waste_used_as_fuel"): 14,
    }
    row = only(industry, measure="industry_waste", source="84970NED", year=2021)
    assert (row["value"], row["unit"], row["decimals"], row["source_edition"]) == (152_000.0, "t", -3, "2022-10-26")


def test_the_year_that_cbs_calls_provisional_in_its_notes_is_provisional_here(
    observed: pd.DataFrame, known: pd.DataFrame, sources: dict[str, SourceTable]
) -> None:
    of_cbs = observed.loc[observed["source"] == "84970NED"].set_index("year")[["obs_status", "flags"]]
    assert {tuple(row) for row in of_cbs.loc[[2021]].to_numpy()} == {("P", "p")}
    assert {tuple(row) for row in of_cbs.drop(2021).to_numpy()} == {("A", "")}
    assert only(known, indicator="furniture_industry_waste_recovered_share", year=2021)["obs_status"] == "P"
    # a later edition says itself what is provisional
    table = sources["84970NED"]
    later = replace(table, record=replace(table.record, edition="2026-01-01"), frame=table.frame.assign(obs_status="A"))
    rows = industry_waste(later, chain_table="furniture", branch="341600", subgroup="total")
    assert set(rows["obs_status"]) == {"A"}


def test_a_share_that_is_at_most_so_much_says_so_in_its_scope_and_is_the_headline(known: pd.DataFrame) -> None:
    row = only(known, indicator="furniture_reuse_share")
    assert row["scope_version"] == "recycling_left_out_year_not_stated"
    listed = load_codelist("scope_version").entry("recycling_left_out_year_not_stated")
    assert (listed.get("bound"), listed.get("year_stated")) == ("upper", "no")
    assert load_codelist("scope_version").entry("per_discarded").get("bound") == "upper"
    assert row["scope_version"] in furniture.SCOPES["furniture_reuse_share"]


def test_a_cell_that_cbs_leaves_empty_gives_no_row(sources: dict[str, SourceTable], observed: pd.DataFrame) -> None:
    frame = sources["84970NED"].frame
    empty = frame.loc[(frame["BedrijfstakkenBranchesSBI2008"] == "341600") & frame["value"].isna(), "Perioden"]
    assert "2007JJ00" in set(empty)
    assert 2007 not in set(observed["year"])
    assert observed["value"].notna().all()


def test_a_treatment_without_a_translation_is_refused_and_named(sources: dict[str, SourceTable]) -> None:
    table = sources["84971NED"]
    renamed = table.frame.assign(
        NuttigeToepassingEnEindverwerking=table.frame["NuttigeToepassingEnEindverwerking"].replace("A050141", "A999999")
    )
    with pytest.raises(UntranslatedCode, match=r"84971NED.*A999999"):
        industry_waste(replace(table, frame=renamed), chain_table="furniture", branch="341600", subgroup="total")


def test_only_mattresses_have_targets_and_both_have_lapsed(known: pd.DataFrame) -> None:
    goals = targets(["furniture"])
    assert set(goals["subgroup"]) == {"mattresses"}
    assert set(goals["status"]) == {"lapsed"}
    progress = furniture.progress(known, goals)
    # AVV matrassen (Stcrt. 2021, 49806): 75 % of mattresses discarded in 2028; 88.772 - 75
    row = only(progress, indicator="mattress_recycling_rate")
    # 88.8 rests on "at least 1.1 million discarded": an upper bound is no verdict
    assert (row["verdict"], row["obs_status"]) == ("no_data", "O")
    assert only(progress, indicator="mattress_material_recovery_rate")["verdict"] == "no_data"


@pytest.mark.parametrize("name", ["observations", "indicators", "progress"])
def test_the_tables_keep_to_the_contract_of_the_package(known: pd.DataFrame, observed: pd.DataFrame, name: str) -> None:
    frames = {
        "observations": observed,
        "indicators": known,
        "progress": furniture.progress(known, targets(["furniture"])),
    }
    contract = product("furniture").table(name)
    verdict = audit(table_from_frame(frames[name], contract), contract)
    assert verdict.messages("error") == ()
    assert verdict.messages("warning") == ()


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        ("readFirstNl", "geen UPV voor meubels en dus geen wettelijk doel"),
        ("readFirstEn", "no EPR for furniture and so no legal target"),
    ],
)
def test_the_package_says_first_that_furniture_has_no_producer_responsibility(texts: str, words: str) -> None:
    assert words in dict(product("furniture").properties)[texts][0]

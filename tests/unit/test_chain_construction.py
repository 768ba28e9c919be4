"""The construction chain table from the embedded edition: Dutch figures, invariants, and what must be absent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from assets.chain_tables import construction
from assets.chain_tables.reference_tables import reference_rows, targets
from assets.chain_tables.source_figures import SourceTable
from contracts.arrow import table_from_frame
from contracts.audit import audit
from contracts.contract import product


@pytest.fixture(scope="module")
def sources(embedded: Callable[[str], SourceTable]) -> dict[str, SourceTable]:
    return {name: embedded(name) for name in construction.SOURCES}


@pytest.fixture(scope="module")
def observed(sources: dict[str, SourceTable]) -> pd.DataFrame:
    return construction.observations(sources)


@pytest.fixture(scope="module")
def indicators(observed: pd.DataFrame, sources: dict[str, SourceTable]) -> pd.DataFrame:
    return construction.indicators(observed, {name: sources[name] for name in construction.INDICATOR_SOURCES})


@pytest.fixture(scope="module")
def progress(indicators: pd.DataFrame) -> pd.DataFrame:
    return construction.progress(indicators, targets([construction.CHAIN_TABLE]))


def one(frame: pd.DataFrame, **wanted: object) -> Any:
    for name, value in wanted.items():
        frame = frame.loc[frame[name] == value]
    assert len(frame) == 1, f"{wanted}: expected one row, found {len(frame)}"
    return frame.iloc[0]


@pytest.mark.parametrize(
    ("measure", "subgroup", "year", "unit", "value"),
    [
        # Eurostat env_wastrt, W121, non-hazardous
        ("cdw_treated", "mineral_cdw", 2018, "t", 18248329),
        ("cdw_recycled", "mineral_cdw", 2018, "t", 18229231),
        ("cdw_backfilled", "mineral_cdw", 2018, "t", 0),
        # CBS 83180NED: TotaalNietMetaalMineralen_18, _65 and _122, and Ophoogzand_23
        ("domestic_extraction", "non_metallic_minerals", 2023, "kt", 26478),
        ("imports", "non_metallic_minerals", 2023, "kt", 30935),
        ("exports", "non_metallic_minerals", 2023, "kt", 31752),
        ("domestic_extraction", "fill_sand", 2023, "kt", 68735),
        # CBS 84970NED, 324600, A050391: 492 and 417 million kg
        ("industry_waste", "building_materials_industry", 2021, "t", 492000),
        ("industry_waste_recovered", "building_materials_industry", 2021, "t", 417000),
        # Vlakglas Recycling Nederland
        ("collected", "flat_glass", 2023, "t", 85834),
        # CLO nl0147: 24 Mt of all construction and demolition waste
        ("cdw_generated", "cdw", 2018, "t", 24000000),
    ],
)
def test_a_dutch_figure_stands_as_its_source_gives_it(
    observed: pd.DataFrame, measure: str, subgroup: str, year: int, unit: str, value: float
) -> None:
    row = one(observed, geo="NL", measure=measure, subgroup=subgroup, year=year)
    assert (row["value"], row["unit"]) == (value, unit)


@pytest.mark.parametrize(
    ("indicator", "year", "rounded", "unit", "method"),
    [
        # domain/indicators.md ch. 5: 99.8-99.9 in 2010-2018, and RCV_B = 0 in every year
        ("cdw_recovery_rate", 2010, 99.9, "percent", "recovered_and_backfilled_over_treated"),
        ("cdw_recovery_rate", 2012, 99.9, "percent", "recovered_and_backfilled_over_treated"),
        ("cdw_recovery_rate", 2014, 99.8, "percent", "recovered_and_backfilled_over_treated"),
        ("cdw_recovery_rate", 2016, 99.8, "percent", "recovered_and_backfilled_over_treated"),
        ("cdw_recovery_rate", 2018, 99.9, "percent", "recovered_and_backfilled_over_treated"),
        ("cdw_recycling_rate_ex_backfilling", 2016, 99.8, "percent", "recycled_over_treated"),
        ("cdw_backfilling_share", 2018, 0.0, "percent", "backfilled_over_treated"),
        # domain/indicators.md ch. 5: NL 33,573 (2016), 34,345 (2019), 25,661 kt (2023)
        ("dmc_nonmetallic_minerals_t", 2016, 33573, "kt", "extraction_plus_imports_minus_exports"),
        ("dmc_nonmetallic_minerals_t", 2019, 34345, "kt", "extraction_plus_imports_minus_exports"),
        ("dmc_nonmetallic_minerals_t", 2023, 25661, "kt", "extraction_plus_imports_minus_exports"),
        # 417 / 492
        ("building_materials_industry_waste_recovered_share", 2021, 84.8, "percent", "industry_recovered_over_total"),
        # Vlakglas Recycling Nederland
        ("flat_glass_collected_t", 2023, 85834, "t", "as_published"),
        ("flat_glass_recycled_share", 2021, 90.7, "percent", "as_published"),
        ("flat_glass_recovery_rate", 2021, 99.7, "percent", "as_published"),
    ],
)
def test_a_dutch_indicator_has_the_known_value(
    indicators: pd.DataFrame, indicator: str, year: int, rounded: float, unit: str, method: str
) -> None:
    row = one(indicators, geo="NL", indicator=indicator, year=year)
    assert (row["value_rounded"], row["unit"], row["method"]) == (rounded, unit, method)


def test_the_demolition_rates_are_about_non_hazardous_waste_and_say_so(
    observed: pd.DataFrame, indicators: pd.DataFrame
) -> None:
    rates = indicators.loc[indicators["indicator"].str.startswith("cdw_")]
    assert set(rates["scope_version"]) == {"non_hazardous"}
    # 20,189,875 t is the amount with hazardous waste (data/eurostat/INDEX.md, env_wastrt)
    assert 20189875 not in set(observed["value"])
    # recycling without backfilling plus backfilling is the recovery rate
    parts = rates.pivot(index=["geo", "year"], columns="indicator", values="value").dropna()
    added = parts["cdw_recycling_rate_ex_backfilling"] + parts["cdw_backfilling_share"]
    assert (added - parts["cdw_recovery_rate"]).abs().max() < 1e-9
    assert parts["cdw_recovery_rate"].between(0, 100).all()


def test_fill_sand_is_no_part_of_the_consumption_of_minerals(indicators: pd.DataFrame) -> None:
    minerals = indicators.loc[indicators["indicator"] == "dmc_nonmetallic_minerals_t"]
    assert set(minerals["subgroup"]) == {"non_metallic_minerals"}
    assert (len(minerals), minerals["value"].max()) == (28, 54893)


def test_there_is_no_figure_where_no_source_has_one(observed: pd.DataFrame, indicators: pd.DataFrame) -> None:
    absent = {
        "bma_chain_coverage", "mpg_mean", "mpg_pass_share", "cdw_high_grade_share", "flat_glass_flat_to_flat_share",
        "construction_secondary_material_share", "construction_biobased_share",
    }  # fmt: skip
    assert absent.isdisjoint(indicators["indicator"])
    assert indicators["value"].notna().all() and observed["value"].notna().all()
    assert set(indicators.loc[indicators["origin"] == "published", "source"]) == {"construction_nl"}
    assert set(observed.loc[observed["source"] == "env_wastrt", "year"]) == {2010, 2012, 2014, 2016, 2018}


@pytest.mark.parametrize(
    ("target", "year", "verdict", "distance"),
    [
        # Directive 2008/98/EC: 70 per cent by 2020; figures reach to 2018
        ("cdw_recovery_rate__mineral_cdw__eu__2020", 2018, "already_at_target", 29.9),
        # 85 834 t against 70 000 t
        ("flat_glass_collected_t__flat_glass__nl__2023", 2023, "met", 15834.0),
        ("flat_glass_recycled_share__flat_glass__nl__2023", 2021, "already_at_target", 10.7),
    ],
)
def test_a_target_gets_its_verdict(
    progress: pd.DataFrame, target: str, year: int, verdict: str, distance: float
) -> None:
    row = one(progress, geo="NL", target_id=target)
    assert (row["assessed_year"], row["verdict"], row["distance_rounded"]) == (year, verdict, distance)


def test_a_target_without_figures_says_so_and_has_no_zero(progress: pd.DataFrame) -> None:
    row = one(progress, target_id="flat_glass_flat_to_flat_share__flat_glass__nl__2023")
    assert (row["verdict"], row["obs_status"]) == ("no_data", "O")
    assert pd.isna(row["value"]) and pd.isna(row["distance"])


def test_nothing_is_both_computed_and_published(indicators: pd.DataFrame) -> None:
    # which is why the package has no table `reconciliation`
    assert construction.reconciliation(indicators).empty
    assert "reconciliation" not in [table.table for table in product("construction-materials").tables]


def test_twelve_of_the_thirteen_chains_have_a_name_and_one_is_open() -> None:
    package = product("construction-materials")
    chains = reference_rows("bouwmaterialen_chains", package.chain_table, package.table("bouwmaterialen_chains"))
    assert (len(chains), int(chains["is_open"].sum())) == (13, 1)


@pytest.mark.parametrize("table", ["observations", "indicators", "progress"])
def test_the_tables_keep_their_contracts(
    table: str, observed: pd.DataFrame, indicators: pd.DataFrame, progress: pd.DataFrame
) -> None:
    contract = product("construction-materials").table(table)
    made = {"observations": observed, "indicators": indicators, "progress": progress}[table]
    verdict = audit(table_from_frame(made, contract), contract)
    assert verdict.usable
    assert (*verdict.messages("error"), *verdict.messages("warning")) == ()

"""The national theme: what it publishes about the Netherlands from the embedded edition, and what it must not say."""

from __future__ import annotations

import pandas as pd
import pytest

from assets.chain_tables import national
from assets.chain_tables.reference_tables import targets
from assets.chain_tables.source_figures import SourceTable
from assets.formulas.shapes import INDICATOR_COLUMNS, OBSERVATION_COLUMNS
from assets.sources.embedded_edition import embedded_copy
from assets.sources.reading import parsed
from contracts.arrow import cast, table_from_frame
from contracts.audit import audit
from contracts.contract import product, source_contract
from contracts.vocabulary import load_reference_csv

# CBS has figures of sections B and C only in a table that the embedded copy does not hold (84970NED by section).
ONLY_EUROSTAT = {"industry_waste_nace_b_2016": "mining_sector", "industry_waste_nace_c_2016": "manufacturing_sector"}


@pytest.fixture(scope="module")
def sources() -> dict[str, SourceTable]:
    read = {}
    for name in national.SOURCES:
        body, record = embedded_copy(name)
        contract = source_contract(name)
        typed, unreadable = cast(parsed(body, contract), contract)
        assert not unreadable, name
        read[name] = SourceTable(name, typed.to_pandas(), record)
    return read


@pytest.fixture(scope="module")
def observed(sources: dict[str, SourceTable]) -> pd.DataFrame:
    return national.observations(sources)


@pytest.fixture(scope="module")
def known(observed: pd.DataFrame, sources: dict[str, SourceTable]) -> pd.DataFrame:
    # as in the night: indicators see only the sources that they are declared to read
    return national.indicators(observed, {name: sources[name] for name in national.INDICATOR_SOURCES})


@pytest.fixture(scope="module")
def reconciled(known: pd.DataFrame) -> pd.DataFrame:
    return national.reconciliation(known)


def dutch(rows: pd.DataFrame, **cell: object) -> pd.DataFrame:
    found = rows.loc[rows["geo"] == "NL"]
    for column, wanted in cell.items():
        found = found.loc[found[column] == wanted]
    return found


def only(rows: pd.DataFrame, **cell: object) -> dict[str, object]:
    (row,) = dutch(rows, **cell).to_dict("records")
    return {str(column): value for column, value in row.items()}


@pytest.mark.parametrize(
    ("indicator", "subgroup", "year", "source", "scope", "value"),
    [
        # CBS 83180NED, million kg: extraction + imports - exports of the topics of totals and biomass
        ("dmc_t", "total", 2022, "83180NED", "all", 166313.0),
        ("dmc_t", "total", 2023, "83180NED", "all", 141365.0),
        ("dmc_t", "fossil", 2023, "83180NED", "all", 58831.0),
        ("dmc_t", "excl_fossil", 2023, "83180NED", "all", 82534.0),
        # exports exceed imports: a negative consumption stays negative
        ("dmc_t", "other_products", 2023, "83180NED", "all", -4324.0),
        ("dmc_abiotic_t", "total", 2023, "83180NED", "all", 86858.0),
        ("dmi_t", "total", 2022, "83180NED", "gross_imports", 488039.0),
        ("dmi_abiotic_t", "total", 2023, "83180NED", "gross_imports", 335333.0),
        # 141 365 kt over the mean of 17 811 and 17 943 thousand inhabitants (CBS 37852)
        ("dmc_t_hab", "total", 2023, "37852+83180NED", "all", 7.908),
        ("dmc_t_hab", "abiotic", 2023, "37852+83180NED", "all", 4.859),
        # CBS Materiaalmonitor as transcribed (national_nl)
        ("dmi_t", "total", 2022, "national_nl", "net_of_reexports", 369000.0),
        ("secondary_material_share", "total", 2020, "national_nl", "all", 13.0),
        # env_ac_mfa, release of July 2026 (domain study, chapter 6)
        ("dmc_t", "total", 2016, "env_ac_mfa", "all", 160056.137),
        ("dmc_t", "total", 2023, "env_ac_mfa", "all", 139121.26),
        # env_ac_rme, release of July 2026, and cei_pc020 of August 2025 beside it
        ("rmc_t_hab", "total", 2023, "env_ac_rme", "all", 7.865),
        ("rmc_t_hab", "total", 2023, "cei_pc020", "all", 6.019),
        # the two vintages of the CMUR (domain study, chapter 6)
        ("cmur", "total", 2018, "env_ac_cur", "all", 28.0),
        ("cmur", "total", 2018, "cei_srm030", "all", 25.8),
        ("cmur", "total", 2023, "env_ac_cur", "all", 32.0),
        ("recycling_rate_ex_major_mineral", "excl_major_mineral", 2018, "cei_wm010", "all", 66.0),
        # chapter 8, negative control R1n: 70.7 beside the official 66
        ("recycling_rate_treated_ex_major_mineral", "excl_major_mineral", 2018, "env_wastrt", "all", 70.7),
        ("municipal_recycling_rate", "total", 2018, "env_wasmun", "all", 55.9),
        ("municipal_recycling_rate", "total", 2019, "cei_wm011", "all", 56.9),
        ("waste_kg_hab", "total", 2022, "cei_pc034", "all", 6921.0),
        ("waste_ex_min_per_gdp", "excl_major_mineral", 2022, "cei_pc032", "all", 56.0),
        # GDP in volumes over the DMC of 2026, linked in 2010: 210 against the published 185
        ("resource_productivity", "total", 2023, "cei_pc030+env_ac_mfa+nama_10_gdp", "all", 210.3),
        ("resource_productivity", "total", 2023, "cei_pc030", "all", 185.183),
        ("material_import_dependency", "total", 2021, "83180NED", "all", 81.4),
        ("material_import_dependency", "total", 2021, "cei_gsr030", "all", 82.5),
        ("ce_persons_employed", "total", 2023, "cei_cie011", "all", 110564.0),
        ("ce_value_added", "total", 2023, "cei_cie012", "all", 15847.0),
        ("ghg_production", "total", 2023, "cei_gsr011", "all", 7631.59),
        ("consumption_footprint", "total", 2023, "cei_gsr010", "all", 111.0),
        # domain study, chapter 6: -4.1 % with and -4.8 % without the recycled materials
        ("npce2025_save", "total", 2023, "83180NED+env_ac_cur+env_ac_mfa", "incl_secondary", -4.1),
        ("npce2025_save", "total", 2023, "83180NED", "excl_secondary", -4.8),
        ("npce2025_replace", "total", 2023, "83180NED+env_ac_cur+env_ac_mfa", "secondary_part_only", 44.2),
    ],
)
def test_the_netherlands_has_this_figure(
    known: pd.DataFrame, indicator: str, subgroup: str, year: int, source: str, scope: str, value: float
) -> None:
    row = only(known, indicator=indicator, subgroup=subgroup, year=year, source=source, scope_version=scope)
    assert row["value_rounded"] == pytest.approx(value, abs=1e-9)


@pytest.mark.parametrize(
    ("variant", "base", "numbers", "arrow"),
    [
        # domain study, chapter 6: index, share of the way, share of the time, observed, required, ratio in 2023
        ("dmc_abiotic_base_2014", 2014, (66.9, 66.3, 56.3, -4.37, -4.24, 1.03), "significant_progress"),
        ("dmc_abiotic_base_2016", 2016, (77.2, 45.7, 50.0, -3.63, -4.83, 0.75), "moderate_progress"),
        ("dmi_abiotic_base_2014", 2014, (83.5, 33.0, 56.3, -1.98, -4.24, 0.47), "insufficient_progress"),
        ("dmi_abiotic_base_2016", 2016, (84.9, 30.2, 50.0, -2.31, -4.83, 0.48), "insufficient_progress"),
        ("dmc_total_base_2016", 2016, (88.5, 23.1, 50.0, -1.74, -4.83, 0.36), "insufficient_progress"),
        # not in chapter 6; (100 * 141365 / 182149) of CBS 83180NED
        ("dmc_total_base_2014", 2014, (77.6, 44.8, 56.3, -2.78, -4.24, 0.66), "moderate_progress"),
    ],
)
def test_the_halving_table_is_reproduced_in_both_places(
    observed: pd.DataFrame,
    sources: dict[str, SourceTable],
    known: pd.DataFrame,
    variant: str,
    base: int,
    numbers: tuple[float, ...],
    arrow: str,
) -> None:
    rows = national.extra_tables(observed, sources)["halving_variants"]
    (row,) = rows.loc[rows["variant"] == variant].to_dict("records")
    columns = ("index", "share_done", "time_share", "cagr_observed", "cagr_required", "ratio")
    assert (row["base"], row["year"]) == (base, 2023)
    assert tuple(row[column] for column in columns) == numbers
    assert row["arrow"] == arrow
    published = only(known, indicator="npce_halving_index", scope_version=variant, year=2023)
    assert published["value_rounded"] == numbers[0]
    assert only(known, indicator="npce_halving_index", scope_version=variant, year=base)["value"] == 100.0


def test_dmc_of_cbs_is_that_of_eurostat_within_a_fifth_of_a_per_cent_up_to_2022(known: pd.DataFrame) -> None:
    rows = dutch(known, indicator="dmc_t", subgroup="total", scope_version="all")
    by_source = rows.pivot(index="year", columns="source", values="value").loc[2010:2023]
    apart = 100.0 * (by_source["83180NED"] / by_source["env_ac_mfa"] - 1.0).abs()
    assert list(apart.loc[:2022].index) == list(range(2010, 2023))
    assert apart.loc[:2022].max() <= 0.2
    assert apart.loc[2023] == pytest.approx(1.6, abs=0.05)


@pytest.mark.parametrize(
    ("indicator", "source", "dutch_cells", "cells", "agreeing"),
    [
        # domain study, chapter 8, A1 and A2; the others differ where the copy of the population is of another release
        ("dmc_t_hab", "env_ac_mfa", 14, 98, 93),
        ("rmc_t_hab", "env_ac_rme", 14, 98, 93),
        # M2: 91.5 % over vintages, the Netherlands 20 of 20
        ("municipal_recycling_rate", "cei_wm011", 20, 159, 148),
        ("waste_kg_hab", "cei_pc034", 9, 72, 55),
    ],
)
def test_recomputed_figures_match_the_published_ones_entirely_for_the_netherlands(
    reconciled: pd.DataFrame, indicator: str, source: str, dutch_cells: int, cells: int, agreeing: int
) -> None:
    rows = reconciled.loc[(reconciled["indicator"] == indicator) & (reconciled["published_source"] == source)]
    of_nl = rows.loc[rows["geo"] == "NL"]
    assert (len(of_nl), bool(of_nl["agrees"].all())) == (dutch_cells, True)
    assert (len(rows), int(rows["agrees"].sum())) == (cells, agreeing)


def test_recycled_over_treated_does_not_pass_for_the_official_rate(known: pd.DataFrame) -> None:
    # chapter 8, negative control R1n: must stay below 50 %
    own = known.loc[known["indicator"] == "recycling_rate_treated_ex_major_mineral"]
    official = known.loc[known["indicator"] == "recycling_rate_ex_major_mineral"]
    both = own.merge(official, on=["geo", "year"], suffixes=("", "_official"))
    assert len(both) >= 30
    assert ((both["value"].round(0) - both["value_official"]).abs() < 0.5).mean() < 0.5


def test_no_rate_of_circular_use_is_computed_from_itself(known: pd.DataFrame) -> None:
    rates = known.loc[known["indicator"] == "cmur"]
    assert set(rates["origin"]) == {"published"}
    assert set(rates["source"]) == {"env_ac_cur", "cei_srm030"}


@pytest.mark.parametrize(
    ("indicator", "why"),
    [
        ("npce2025_retain", "no figure has the scope of the goal"),
        ("eol_rir", "published for the EU only"),
        ("eu_self_sufficiency", "published for the EU only"),
        ("rmc_abiotic_t", "the footprint is not in the copy by material"),
    ],
)
def test_what_no_source_says_is_absent_and_not_zero(known: pd.DataFrame, indicator: str, why: str) -> None:
    assert known.loc[known["indicator"] == indicator].empty, why


def test_nothing_is_extracted_of_metals_so_there_is_no_row_of_zero(observed: pd.DataFrame) -> None:
    of_metals = dutch(observed, source="83180NED", subgroup="metal_ores")
    assert set(of_metals["measure"]) == {"imports", "exports"}


def test_footprint_by_material_does_not_exist(known: pd.DataFrame) -> None:
    rows = known.loc[known["indicator"].isin(["rmc_t", "rmc_t_hab"])]
    assert set(rows["subgroup"]) == {"total"}


def test_the_goals_are_held_against_what_may_be_held_against_them(known: pd.DataFrame) -> None:
    verdicts = national.progress(known, targets([national.CHAIN_TABLE]))
    dutch_verdicts = dutch(verdicts, level="NL").set_index("indicator")
    assert dutch_verdicts["verdict"].to_dict() == {
        # a lower bound, or an approximation of a goal whose definition nobody has read, is no verdict
        "npce2025_replace": "no_data",
        "npce2025_retain": "no_data",
        "npce2025_save": "no_data",
        "npce_halving_index": "not_yet_at_target",
    }
    # abiotic DMC with base year 2016
    assert dutch_verdicts["value_rounded"]["npce_halving_index"] == 77.2


def test_gross_imports_do_not_pass_for_the_input_of_the_netherlands(known: pd.DataFrame) -> None:
    own = known.loc[(known["indicator"].str.startswith("dmi_")) & (known["origin"] == "computed")]
    assert len(own) > 0
    assert set(own["scope_version"]) == {"gross_imports"}


def test_every_halving_row_names_its_variant(known: pd.DataFrame) -> None:
    rows = known.loc[known["indicator"] == "npce_halving_index"]
    assert rows.groupby("scope_version")["year"].agg(["min", "max"]).to_dict("index") == {
        f"{use}_base_{base}": {"min": base, "max": 2023}
        for use in ("dmc_abiotic", "dmi_abiotic", "dmc_total")
        for base in (2014, 2016)
    }


def test_municipal_rate_needs_waste_generated_and_counts_an_unreported_part_as_zero(observed: pd.DataFrame) -> None:
    rows = observed.loc[(observed["source"] == "env_wasmun") & (observed["geo"] == "NL") & (observed["year"] == 2018)]
    without_compost = rows.loc[rows["measure"] != "waste_composted"]
    (recycling, _) = national._municipal_rates(without_compost)
    # env_wasmun NL 2018: 2 395 000 t recycled as material of 8 806 000 t generated
    assert recycling["value_rounded"].tolist() == [27.2]
    (recycling, _) = national._municipal_rates(rows.loc[rows["measure"] != "all_waste_generated"])
    assert recycling.empty


def test_a_part_that_is_secret_leaves_no_rate(observed: pd.DataFrame) -> None:
    rows = observed.loc[(observed["source"] == "env_wasmun") & (observed["geo"] == "NL") & (observed["year"] == 2018)]
    secret = rows["measure"] == "waste_composted"
    hidden = rows.assign(value=rows["value"].mask(secret), flags=rows["flags"].mask(secret, "c"))
    (recycling, _) = national._municipal_rates(hidden)
    assert recycling["value"].isna().all()
    assert recycling["obs_status"].tolist() == ["Q"]


@pytest.mark.parametrize(
    "conflict",
    [row for row in load_reference_csv("conflicts") if row["chain_table"] == national.CHAIN_TABLE],
    ids=lambda row: row["conflict_id"],
)
def test_every_conflict_is_about_published_rows(
    known: pd.DataFrame, observed: pd.DataFrame, conflict: dict[str, str]
) -> None:
    name, year = conflict["indicator_or_measure"], int(conflict["year"])
    if conflict["conflict_id"] in ONLY_EUROSTAT:
        sector = ONLY_EUROSTAT[conflict["conflict_id"]]
        row = only(observed, measure="all_waste_generated", subgroup=sector, year=year, unit="t")
        assert round(float(str(row["value"])) / 1000.0, 1) == float(conflict["value_b"])
    elif conflict["conflict_id"] == "npce_goal":
        goals = targets([national.CHAIN_TABLE]).set_index("target_id")["value"]
        assert goals["npce_halving_index__total__nl__2030"] == 100.0 + float(conflict["value_a"])
        assert goals["npce2025_save__total__nl__2035"] == float(conflict["value_b"])
    elif name == "industry_waste":
        assert len(dutch(observed, measure=name, year=year)) > 0
    else:
        names = {name, "secondary_material_share"} if conflict["conflict_id"] == "cmur_cbs_2020" else {name}
        if name == "recycling_rate_ex_major_mineral":
            names |= {"recycling_rate_treated_ex_major_mineral"}
        rows = dutch(known, year=year, subgroup=conflict["subgroup"])
        values = rows.loc[rows["indicator"].isin(names), "value"]
        for cell in (conflict["value_a"], conflict["value_b"]):
            places = len(cell.partition(".")[2])
            assert (values - float(cell)).abs().min() <= 0.5 * 10.0**-places + 1e-9, cell


def test_tables_hold_to_their_contract(
    observed: pd.DataFrame, known: pd.DataFrame, reconciled: pd.DataFrame, sources: dict[str, SourceTable]
) -> None:
    assert tuple(observed.columns) == OBSERVATION_COLUMNS
    assert tuple(known.columns) == INDICATOR_COLUMNS
    package = product("national-circularity")
    frames = {
        "observations": observed,
        "indicators": known,
        "reconciliation": reconciled,
        "progress": national.progress(known, targets([national.CHAIN_TABLE])),
        **national.extra_tables(observed, sources),
    }
    for name, frame in frames.items():
        contract = package.table(name)
        verdict = audit(table_from_frame(frame, contract), contract)
        assert verdict.usable, name
        assert not verdict.messages("error"), name
        assert not verdict.messages("warning"), name


def test_a_conflict_on_industrial_waste_names_the_sector_and_the_figure_of_the_package(
    observed: pd.DataFrame,
) -> None:
    conflicts = {row["conflict_id"]: row for row in load_reference_csv("conflicts")}
    for section in ("b", "c"):
        row = conflicts[f"industry_waste_nace_{section}_2016"]
        of = observed.loc[
            (observed["measure"] == row["indicator_or_measure"])
            & (observed["subgroup"] == row["subgroup"])
            & (observed["geo"] == "NL")
            & (observed["year"] == 2016)
            & (observed["unit"] == "t")
        ]
        # Eurostat env_wasgen: 62.2 kt (mining) and 13 827.8 kt (manufacturing), in tonnes in the package
        assert [round(value / 1000, 1) for value in of["value"]] == [float(row["value_b"])], section

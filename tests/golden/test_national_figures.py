"""National figures that Eurostat and CBS publish, computed again from the amounts that they publish.

Thresholds and the ids of the checks come from the domain study, chapter 8 (golden checks).
Reads raw copies beside the repository and skips where they are absent.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pandas as pd
import pytest

from assets.formulas.materials import dmc
from assets.formulas.rounding import half_up
from assets.sources.cbs import parse_cbs
from assets.sources.copies import (
    read_bulk_tsv,
    read_codes_and_labels,
    read_json_stat,
    read_long_form,
    read_statline,
)
from assets.sources.embed import odata_v3
from contracts.arrow import cast
from contracts.contract import source_contract

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"

pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason="the shared copies of source tables are not here")

CELL = ["geo", "year"]
SIX_OPERATIONS = ["RCV_R", "RCV_B", "RCV_E", "DSP_I", "DSP_L", "DSP_OTH"]
WASTRT = ("freq", "unit", "hazard", "wst_oper", "waste", "geo")
WASMUN = ("freq", "wst_oper", "unit", "geo")


def copy_of(*path: str) -> Path:
    file = SHARED.joinpath(*path)
    if not file.is_file():
        pytest.skip(f"the copy of {path[1]} is not here")
    return file


def figures(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of a copy with `year` and `value` as numbers; rows without a value are left out."""
    numbers = rows.assign(year=rows["TIME_PERIOD"].astype("int64"), value=pd.to_numeric(rows["OBS_VALUE"]))
    return numbers.loc[numbers["value"].notna()]


def accounts(table: str, name: str, dimensions: tuple[str, ...]) -> pd.DataFrame:
    return figures(read_json_stat(copy_of("eurostat", table, name), dimensions))[[*CELL, "value"]]


def browsed(table: str, name: str, dimensions: tuple[str, ...]) -> pd.DataFrame:
    return figures(read_codes_and_labels(copy_of("eurostat", table, name), dimensions))[[*CELL, "value"]]


@cache
def treatment(hazard: str, waste: str) -> pd.DataFrame:
    """Tonnes of env_wastrt, one row an area and year, one column an operation."""
    rows = figures(read_long_form(copy_of("eurostat", "env_wastrt", "env_wastrt_combined.parquet"), WASTRT))
    chosen = rows.loc[(rows["unit"] == "T") & (rows["hazard"] == hazard) & (rows["waste"] == waste)]
    return chosen.pivot_table(index=CELL, columns="wst_oper", values="value")


@cache
def municipal_rate() -> pd.DataFrame:
    """100 * (RCY_M + RCY_C_D) / GEN of env_wasmun; a missing part counts as nothing."""
    rows = figures(read_long_form(copy_of("eurostat", "env_wasmun", "env_wasmun_combined.parquet"), WASMUN))
    tonnes = rows.loc[rows["unit"] == "THS_T"].pivot_table(index=CELL, columns="wst_oper", values="value")
    recycled = tonnes[["RCY_M", "RCY_C_D"]].sum(axis=1, min_count=1)
    return (100 * recycled / tonnes["GEN"]).dropna().rename("computed").reset_index()


def statline(table: str, suffix: str) -> pd.DataFrame:
    """The whole copy of a CBS table in its long form, through our own parser."""
    contract = source_contract(table)
    rows = read_statline(copy_of("nl", f"cbs_{table}", f"{table}_full_data.{suffix}"))
    typed, unreadable = cast(parse_cbs(odata_v3(table, rows), contract), contract)
    assert unreadable == []
    return typed.to_pandas()


def agreement(
    computed: pd.DataFrame, published: pd.DataFrame, decimals: int, tolerance: float = 0.0
) -> tuple[int, float, float]:
    """Cells that both have, the share that agrees once rounded, and that share for the Netherlands.

    `tolerance` allows for so much after rounding.
    """
    both = computed.merge(published, on=CELL, validate="one_to_one")
    difference = (half_up(both["computed"], decimals) - both["value"]).abs()
    agrees = difference <= tolerance + 1e-9
    return len(both), float(agrees.mean()), float(agrees[both["geo"] == "NL"].mean())


def per_capita(total: pd.DataFrame) -> pd.DataFrame:
    """Kilotonnes over the average population, in tonnes per inhabitant."""
    population = accounts("demo_gind", "average_population_demo_gind.json.gz", ("freq", "indic_de", "geo"))
    both = total.merge(population, on=CELL, suffixes=("", "_persons"), validate="one_to_one")
    return both.assign(computed=1000 * both["value"] / both["value_persons"])[[*CELL, "computed"]]


@pytest.mark.parametrize(
    ("table", "indicator", "order", "cells", "least"),
    [
        # chapter 8: A1 482 cells, 99.4 %; A2 420 cells, 100 %; the gate is 99 %
        ("env_ac_mfa", "dmc", ("freq", "indic_env", "material", "unit", "geo"), 482, 0.99),
        ("env_ac_rme", "rmc", ("freq", "unit", "material", "indic_env", "geo"), 420, 1.0),
    ],
    ids=["A1", "A2"],
)
def test_tonnes_per_inhabitant_are_tonnes_over_the_average_population(
    table: str, indicator: str, order: tuple[str, ...], cells: int, least: float
) -> None:
    total = accounts(table, f"{indicator}_total_{table}.json.gz", order)
    published = accounts(table, f"{indicator}_per_capita_{table}.json.gz", order)
    found, share, dutch = agreement(per_capita(total), published, 3)
    assert (found, dutch) == (cells, 1.0)
    assert share >= least


def test_a3_the_same_rate_stands_in_both_tables_of_eurostat() -> None:
    order = ("freq", "unit", "geo")
    twin = accounts("sdg_12_41", "cmur_sdg_12_41.json.gz", order)
    rate = accounts("env_ac_cur", "cmur_env_ac_cur.json.gz", order)
    assert agreement(rate.rename(columns={"value": "computed"}), twin, 1) == (378, 1.0, 1.0)


def test_r3_six_operations_are_all_treatment() -> None:
    # chapter 8: 168 cells, 100 %; within rounding: EU aggregates are rounded to 10 000 t
    rows = treatment("HAZ_NHAZ", "TOT_X_MIN").dropna(subset=[*SIX_OPERATIONS, "TRT"])
    apart = (rows[SIX_OPERATIONS].sum(axis=1) / rows["TRT"] - 1).abs()
    assert len(rows) == 168
    assert (apart <= 0.0001).all()
    dutch = rows.xs("NL")
    assert ((dutch[SIX_OPERATIONS].sum(axis=1) - dutch["TRT"]).abs() <= 1).all()


def test_r1n_recycled_over_treated_is_not_the_published_recycling_rate() -> None:
    # negative control: Eurostat corrects for waste traded for recycling; 10.8 % of 130 cells agree by chance
    rows = treatment("HAZ_NHAZ", "TOT_X_MIN")
    computed = (100 * rows["RCV_R"] / rows["TRT"]).dropna().rename("computed").reset_index()
    name = "Recycling_rate_of_all_waste_excluding_major_mineral_waste.csv"
    found, share, _ = agreement(computed, browsed("cei_wm010", name, ("freq", "wst_oper", "unit", "geo")), 0)
    assert found == 130
    assert share < 0.5


def test_m1_the_municipal_recycling_rate_of_the_same_time_is_reproduced() -> None:
    # chapter 8: 794 cells, 95.8 %, NL 24 of 24
    path = copy_of("eurostat", "t2020_rt120", "t2020_rt120.tsv")
    dimensions = ("freq", *path.read_text(encoding="utf-8").split("\\")[0].split(","))
    published = figures(read_bulk_tsv(path, dimensions))[[*CELL, "value"]]
    found, share, dutch = agreement(municipal_rate(), published, 1, tolerance=0.1)
    assert (found, dutch) == (794, 1.0)
    assert share >= 0.95


def test_m2_the_municipal_recycling_rate_of_a_later_release_is_that_of_the_netherlands() -> None:
    # chapter 8: 633 cells, 91.5 %, NL 20 of 20; across releases 90 % is the gate
    name = "Recycling_rate_of_municipal_waste.csv"
    published = browsed("cei_wm011", name, ("freq", "wst_oper", "unit", "geo"))
    found, share, dutch = agreement(municipal_rate(), published, 1, tolerance=0.1)
    assert (found, dutch) == (633, 1.0)
    assert share >= 0.90


def test_c1_cbs_and_eurostat_agree_on_dutch_consumption_of_materials() -> None:
    # chapter 8: within 0.2 % for 2010-2022; 2023 was provisional, 1.6 % apart
    order = ("freq", "indic_env", "material", "unit", "geo")
    eurostat = accounts("env_ac_mfa", "dmc_total_env_ac_mfa.json.gz", order)
    both = dmc(statline("83180NED", "json")).merge(
        eurostat.loc[eurostat["geo"] == "NL"], on="year", suffixes=("", "_eurostat")
    )
    apart = (both["value"] / both["value_eurostat"] - 1).abs().set_axis(both["year"])
    assert apart.index.tolist() == list(range(2010, 2024))
    assert apart[apart > 0.002].index.tolist() == [2023]
    assert half_up(pd.Series([100 * apart[2023]]), 1).tolist() == [1.6]


@cache
def industrial_waste() -> pd.DataFrame:
    """84970NED, one row a type of waste, branch and period, one column a treatment, in million kilograms."""
    rows = statline("84970NED", "csv")
    key = ["Bedrijfsafvalstoffen", "BedrijfstakkenBranchesSBI2008", "Perioden"]
    return rows.pivot(index=key, columns="NuttigeToepassingEnEindverwerking", values="value")


def test_c2_recovery_and_disposal_are_all_industrial_waste() -> None:
    # chapter 8: 12,837 cells, 99.6 % within 1 kilotonne
    rows = industrial_waste().dropna()
    within = (rows["T001523"] - rows["T001617"] - rows["T001618"]).abs() <= 1
    assert len(rows) == 12_837
    assert half_up(pd.Series([100 * within.mean()]), 1).tolist() == [99.6]


@pytest.mark.parametrize(
    ("year", "percent"),
    # indicators.md ch. 4, furniture_industry_waste_recovered_share
    [("2014JJ00", 100.0), ("2015JJ00", 100.0), ("2019JJ00", 97.2), ("2021JJ00", 91.4)],
)
def test_the_recovered_share_of_the_waste_of_the_furniture_industry(year: str, percent: float) -> None:
    row = industrial_waste().loc[("A050391", "341600", year)]
    assert half_up(pd.Series([100 * row["T001617"] / row["T001523"]]), 1).tolist() == [percent]


@pytest.mark.parametrize(
    # indicators.md ch. 5: 99.8-99.9 in 2010-2018, and nothing used for backfilling
    ("year", "percent"),
    [(2010, 99.9), (2012, 99.9), (2014, 99.8), (2016, 99.8), (2018, 99.9)],
)
def test_the_recovered_share_of_dutch_construction_and_demolition_waste(year: int, percent: float) -> None:
    row = treatment("NHAZ", "W121").loc[("NL", year)]
    recovered = 100 * (row["RCV_R"] + row["RCV_B"]) / row["TRT"]
    assert half_up(pd.Series([recovered]), 1).tolist() == [percent]
    assert row["RCV_B"] == 0


@pytest.mark.parametrize(("year", "kilotonnes"), [(2016, 33_573), (2019, 34_345), (2023, 25_661)])
def test_dutch_consumption_of_non_metallic_minerals(year: int, kilotonnes: float) -> None:
    # indicators.md ch. 5, dmc_nonmetallic_minerals_t
    minerals = dmc(statline("83180NED", "json"), "non_metallic_minerals").set_index("year")["value"]
    assert minerals[year] == kilotonnes

"""Figures that Eurostat publishes, computed again from the amounts that it publishes.

Thresholds and the ids of the checks come from the domain study, chapter 8 (golden checks).
Reads raw copies beside the repository and skips where they are absent.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path

import pandas as pd
import pytest

from assets.formulas import flags
from assets.formulas.collection import collection_rate_method_a, recycling_rate_market
from assets.formulas.published import as_published
from assets.formulas.rates import per_inhabitant, ratio, share_of_sum, sum_of_parts
from assets.formulas.reconciliation import agreement_share, reconcile

EUROSTAT = Path(__file__).resolve().parents[3] / "shared" / "data" / "eurostat"

pytestmark = pytest.mark.skipif(not EUROSTAT.is_dir(), reason="the shared copies of Eurostat tables are not here")

WASPAC_MEASURES = {
    "GEN": "waste_generated", "RCY": "recycled", "RCY_NAT": "recycled_domestically",
    "RCY_EU_FOR": "recycled_in_other_eu", "RCY_NEU": "recycled_outside_eu", "RCV": "recovered",
    "RCV_E_PAC": "energy_recovered", "RCV_OTH": "otherwise_recovered", "RPR": "repaired",
}  # fmt: skip
WASELEE_MEASURES = {
    "MKT": "put_on_market", "COL": "separately_collected", "COL_HH": "separately_collected_households",
    "COL_OTH": "separately_collected_other", "TRT": "treated", "TRT_NAT": "treated_domestically",
    "TRT_EU_FOR": "treated_in_other_eu", "TRT_NEU": "treated_outside_eu", "RCV": "recovered",
    "RCY_REU": "recycled_and_prepared_for_reuse", "REU": "prepared_for_reuse",
}  # fmt: skip
UNITS = {"T": "t", "KG_HAB": "kg_per_inhabitant", "PC": "percent", "RT": "percent", "AVG_3Y": "percent"}
UNITS_OF_PERSONS = {"AVG": "persons"}
PACKAGING_SUBGROUPS = {
    "W1501": "total", "W150101": "paper_cardboard", "W150102": "plastic", "W150103": "wood",
    "W150104": "metal", "W150107": "glass",
}  # fmt: skip
TEN_CATEGORIES = [
    "EE_LHA", "EE_SHA", "EE_ITT", "EE_CPV", "EE_LIT", "EE_EET", "EE_TLS", "EE_MED", "EE_MON", "EE_ATD",
]  # fmt: skip


def observations(rows: pd.DataFrame, chain_table: str, source: str, decimals: int) -> pd.DataFrame:
    """Cells with measure, subgroup, geo, year, value, unit, flags in the shape of observations."""
    marked = rows.assign(
        chain_table=chain_table,
        decimals=decimals,
        flags=flags.letters_of(rows["flags"]),
        conf_status="F",
        origin="published",
        definition_version="as_copied",
        scope_version="all",
        known_break=None,
        source=source,
        source_edition=None,
        vintage="000000000000",
        confidence="primary",
    )
    return marked.assign(obs_status=flags.display_status(marked["flags"], marked["value"].notna(), "L"))


def copy_of(*path: str) -> Path:
    file = EUROSTAT.joinpath(*path)
    if not file.is_file():
        pytest.skip(f"the copy of {path[0]} is not here")
    return file


@cache
def waspac() -> pd.DataFrame:
    cells = pd.read_parquet(copy_of("env_waspac", "env_waspac_combined.parquet")).reset_index()
    cells = cells.loc[cells["value"].notna()]
    rows = pd.DataFrame(
        {
            "measure": cells["wst_oper"].astype("str").map(WASPAC_MEASURES),
            "subgroup": cells["waste"].astype("str").replace(PACKAGING_SUBGROUPS),
            "geo": cells["geo"].astype("str"),
            "year": cells["year"].astype("int64"),
            "value": cells["value"],
            "unit": cells["unit"].astype("str").map(UNITS),
            "flags": "",
        }
    )
    return observations(rows, "packaging", "env_waspac", 1)


@cache
def waselee() -> pd.DataFrame:
    wide = pd.read_csv(copy_of("env_waselee", "env_waselee.tsv"), sep="\t", dtype="str", keep_default_na=False)
    dimensions = wide.iloc[:, 0].str.split(",", expand=True).set_axis(["waste", "wst_oper", "unit", "geo"], axis=1)
    years = wide.iloc[:, 1:].set_axis([int(year) for year in wide.columns[1:]], axis=1)
    cells = pd.concat([dimensions, years], axis=1).melt(
        id_vars=list(dimensions.columns), var_name="year", value_name="cell"
    )
    figure = cells["cell"].str.strip().str.extract(r"^(?P<value>:|-?[0-9.]+)\s*(?P<flags>[a-z]*)$")
    assert figure["value"].notna().all(), "a cell of env_waselee.tsv does not read as value and flags"
    rows = pd.DataFrame(
        {
            "measure": cells["wst_oper"].map(WASELEE_MEASURES),
            "subgroup": cells["waste"].replace({"TOTAL": "total"}),
            "geo": cells["geo"],
            "year": cells["year"].astype("int64"),
            "value": pd.to_numeric(figure["value"], errors="coerce"),
            "unit": cells["unit"].map(UNITS),
            "flags": figure["flags"],
        }
    )
    return observations(rows, "electronics", "env_waselee", 1)


def sdmx_csv(code: str, file: str, measure: str, decimals: int, chain_table: str) -> pd.DataFrame:
    cells = pd.read_csv(copy_of(code, file), low_memory=False)
    rows = pd.DataFrame(
        {
            "measure": measure,
            "subgroup": cells["waste"].replace(PACKAGING_SUBGROUPS) if "waste" in cells else "total",
            "geo": cells["geo"],
            "year": cells["TIME_PERIOD"].astype("int64"),
            "value": cells["OBS_VALUE"].astype("float64"),
            "unit": cells["unit"].map(UNITS) if "unit" in cells else cells["indic_de"].map(UNITS_OF_PERSONS),
            "flags": cells["OBS_FLAG"].astype("str"),
        }
    )
    return observations(rows.loc[rows["unit"].notna()], chain_table, code, decimals)


def shares(computed: pd.DataFrame, published: pd.DataFrame, geo: str | None = None) -> tuple[int, int]:
    """Cells compared and cells that agree at published precision."""
    pairs = reconcile(pd.concat([computed, published], ignore_index=True), same_release=set())
    if geo is not None:
        pairs = pairs.loc[pairs["geo"] == geo]
    counted = agreement_share(pairs)
    return int(counted["cells"].sum()), int(counted["agreeing"].sum())


def share_pct(counted: tuple[int, int]) -> float:
    return 100.0 * counted[1] / counted[0]


def packaging_rate(measure: str, indicator: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    computed = ratio(
        waspac(), chain_table="packaging", indicator=indicator, numerator=measure,
        denominator="waste_generated", method="over_generated",
    )  # fmt: skip
    published = as_published(waspac(), chain_table="packaging", indicator=indicator, measure=measure, unit="percent")
    return computed, published


def weee_ratio(denominator: str) -> pd.DataFrame:
    return ratio(
        waselee(), chain_table="electronics", indicator="weee_recycling_rate_collected",
        numerator="recycled_and_prepared_for_reuse", denominator=denominator, method="under_test",
        subgroups=["total"],
    )  # fmt: skip


def cei_wm060() -> pd.DataFrame:
    cells = sdmx_csv("cei_wm060", "Recycling rate of WEEE separately collected.csv", "rate", 1, "electronics")
    return as_published(
        cells,
        chain_table="electronics",
        indicator="weee_recycling_rate_collected",
        measure="rate",
        unit="percent",
    )


def all_rates_of_packaging() -> Iterable[tuple[int, int]]:
    for code, measure in WASPAC_MEASURES.items():
        if code not in ("GEN", "RPR"):
            yield shares(*packaging_rate(measure, f"rate_of_{measure}"))


def test_p4_packaging_percentages_follow_from_the_tonnes_of_the_same_release() -> None:
    counted = list(all_rates_of_packaging())
    cells, agreeing = (sum(column) for column in zip(*counted, strict=True))
    assert cells > 4_000
    assert share_pct((cells, agreeing)) >= 99.5


def test_p3_recovery_percentages_of_the_netherlands_follow_from_the_tonnes() -> None:
    # ten00062, which the study compared with, prints the same rate; its copy is not among the shared ones.
    computed, published = packaging_rate("recovered", "pack_recovery_rate")
    cells, agreeing = shares(computed, published, geo="NL")
    assert (cells, agreeing) == (cells, cells)
    assert cells >= 50
    total = computed.query("geo == 'NL' and subgroup == 'total' and year == 2017")["value_rounded"]
    assert total.tolist() == [95.5]  # domain study, pack_recovery_rate: NL 95.5 (2017)


def test_p1_recycling_rates_of_the_netherlands_equal_the_monitoring_framework() -> None:
    computed, _ = packaging_rate("recycled", "pack_recycling_rate")
    cells = sdmx_csv("cei_wm020", "Recycling rate of overall packaging.csv", "rate", 1, "packaging")
    published = as_published(
        cells, chain_table="packaging", indicator="pack_recycling_rate", measure="rate", unit="percent"
    )
    assert shares(computed, published, geo="NL") == (54, 54)
    assert share_pct(shares(computed, published)) >= 90.0


@pytest.mark.parametrize(
    ("code", "file", "subgroup"),
    [
        ("cei_pc040", "Generation of packaging waste per capita.csv", "total"),
        ("cei_pc050", "Generation_plastic_pkg_waste_per_capita.csv", "plastic"),
    ],
)
def test_p5_p6_packaging_waste_per_inhabitant_equals_the_monitoring_framework(
    code: str, file: str, subgroup: str
) -> None:
    population = sdmx_csv("demo_gind", "europe_population.csv", "population_average", 0, "packaging")
    computed = per_inhabitant(
        waspac(), population, chain_table="packaging", indicator=code, measure="waste_generated",
        subgroups=[subgroup],
    )  # fmt: skip
    cells = sdmx_csv(code, file, "per_inhabitant", 2, "packaging")
    published = as_published(
        cells, chain_table="packaging", indicator=code, measure="per_inhabitant", unit="kg_per_inhabitant"
    )
    compared, agreeing = shares(computed, published, geo="NL")
    assert compared >= 7
    assert agreeing == compared
    assert share_pct(shares(computed, published)) >= 90.0


def test_w1_collection_rates_follow_from_the_tonnes_of_the_same_release() -> None:
    computed = collection_rate_method_a(waselee())
    published = waselee().query("measure == 'separately_collected' and unit == 'percent' and subgroup == 'total'")
    published = as_published(
        published, chain_table="electronics", indicator="weee_collection_rate_pom",
        measure="separately_collected", unit="percent",
    )  # fmt: skip
    assert shares(computed, published)[0] >= 290
    assert share_pct(shares(computed, published)) >= 98.5
    assert shares(computed, published, geo="NL") == (4, 4)
    dutch = computed.loc[(computed["geo"] == "NL") & (computed["year"] >= 2015)]
    # Domain study, weee_collection_rate_pom: NL 45.8 (2015), 47.9, 49.6, 48.9 (2018).
    assert dutch["value_rounded"].tolist() == [45.8, 47.9, 49.6, 48.9]


def test_w2_recycling_of_collected_e_waste_is_over_collected() -> None:
    computed = weee_ratio("separately_collected")
    cells, agreeing = shares(computed, cei_wm060(), geo="NL")
    assert cells >= 13
    assert agreeing == cells
    assert share_pct(shares(computed, cei_wm060())) >= 90.0


def test_w2n_recycling_of_collected_e_waste_is_not_over_treated() -> None:
    assert share_pct(shares(weee_ratio("treated"), cei_wm060())) < 50.0


# Domain study, weee_recycling_rate_market: NL as t2020_rt130 printed it; 43.3 for 2017 is a later release.
T2020_RT130_NL = {2015: 39.3, 2016: 40.4, 2017: 42.1}


def test_w3_recycling_against_the_market_is_the_collection_rate_times_recycled_over_treated() -> None:
    computed = recycling_rate_market(waselee()).query("geo == 'NL'").set_index("year")["value_rounded"]
    agreeing = [year for year, rate in T2020_RT130_NL.items() if computed[year] == rate]
    assert agreeing == [2015, 2016]
    assert computed[2017] == 43.3


def test_w3n_recycling_against_the_market_is_not_recycled_over_put_on_market() -> None:
    recycled = waselee().query("measure == 'recycled_and_prepared_for_reuse'")
    direct = collection_rate_method_a(
        pd.concat([recycled, waselee().query("measure == 'put_on_market'")]),
        collected="recycled_and_prepared_for_reuse",
        method="under_test",
    )
    rates = direct.query("geo == 'NL'").set_index("year")["value_rounded"]
    agreeing = [year for year, rate in T2020_RT130_NL.items() if rates[year] == rate]
    assert 100.0 * len(agreeing) / len(T2020_RT130_NL) < 50.0


# Twelve figures, each rounded to a whole tonne, can lie six tonnes apart without an error in any of them.
ROUNDING_OF_TWELVE_FIGURES = 6.0


def parts_of_the_market(*parts: str) -> pd.DataFrame:
    sums = sum_of_parts(
        waselee(), "put_on_market", "total", parts, ROUNDING_OF_TWELVE_FIGURES, chain_table="electronics"
    )
    return sums.dropna(subset=["residual"])


def test_w5_the_market_is_the_ten_categories_and_gas_discharge_lamps() -> None:
    sums = parts_of_the_market(*TEN_CATEGORIES, "EE_LIT_GDL")
    assert len(sums) >= 350
    assert 100.0 * sums["within_tolerance"].mean() >= 94.0
    # NL 2012-2018: exact, except ten tonnes on 319,951 in 2014, which is the source's own difference.
    assert sums.loc[sums["geo"] == "NL", "residual"].tolist() == [0, 0, 10, 0, 0, 0, 0]


def test_w5_the_market_is_not_the_ten_categories_alone() -> None:
    sums = parts_of_the_market(*TEN_CATEGORIES)
    assert 100.0 * sums["within_tolerance"].mean() < 50.0
    assert not sums.loc[sums["geo"] == "NL", "within_tolerance"].any()


def test_w7_the_share_treated_abroad_rests_on_the_same_whole_as_the_treated_total() -> None:
    abroad = share_of_sum(
        waselee(), ["treated_in_other_eu", "treated_outside_eu"],
        ["treated_domestically", "treated_in_other_eu", "treated_outside_eu"], chain_table="electronics",
        indicator="weee_treated_abroad_share", method="treated_abroad_over_treated_sum", subgroups=["total"],
    )  # fmt: skip
    treated = waselee().query("measure == 'treated' and subgroup == 'total' and unit == 't' and geo == 'NL'")
    both = abroad.merge(treated[["geo", "year", "value"]], on=["geo", "year"], suffixes=("", "_treated")).dropna(
        subset=["denominator", "value_treated"]
    )
    assert len(both) >= 10
    # Domain study, chapter 8, W7: TRT = NAT + EU + NEU in 100 % of the Dutch cells.
    assert ((both["denominator"] - both["value_treated"]).abs() <= 2.0).all()

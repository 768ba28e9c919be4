"""Delivered totals as they stand archived: the CSV of `shapes/delivered`, read as any source is.

Here: how a test writes such totals down, and totals of every delivery. Not here: adding up and protecting, nor the
figures that a test expects.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from assets.chain_tables.source_figures import SourceTable
from assets.deliveries.taking_in import ORIGIN
from assets.sources.archive import record_of
from assets.sources.reading import parsed
from contracts.arrow import cast
from contracts.contract import source_contract
from contracts.delivered_figures import Figure, figures_of

#: Delivery, measure, unit, subgroup, year and total; no total is a confidential one.
Cell = tuple[str, str, str, str, int, float | None]
COLUMNS = (
    "delivery", "measure", "subgroup", "geo", "year", "unit", "scope_version", "value", "decimals", "flags",
    "conf_status", "definition_version",
)  # fmt: skip


def cells(delivery: str, unit: str, year: int, **totals: float | None) -> list[Cell]:
    """Totals of one delivery, unit and year by `measure__subgroup`; `measure` alone is of subgroup total."""
    found = []
    for name, value in totals.items():
        measure, _, subgroup = name.partition("__")
        found.append((delivery, measure, unit, subgroup or "total", year, value))
    return found


def delivered_table(chain_table: str, given: Iterable[Cell]) -> SourceTable:
    """The source `delivered_<chain_table>` with these totals; unit, scope and flags are those of the contracts."""
    name = f"delivered_{chain_table}"
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for delivery, measure, unit, subgroup, year, value in sorted(given):
        figure = _figure(chain_table, delivery, measure, unit)
        writer.writerow(
            [delivery, measure, subgroup, "NL", year, unit, figure.scope_version, "" if value is None else value,
             figure.decimals, figure.flags, "C" if value is None else "F", figure.definition_version]
        )  # fmt: skip
    body = text.getvalue().encode()
    contract = source_contract(name)
    typed, unreadable = cast(parsed(body, contract), contract)
    assert not unreadable, name
    record = record_of(
        body, source=name, retrieved_at="2026-11-21T03:00:00Z", retrieved_from="3 deliveries", origin=ORIGIN
    )
    return SourceTable(name, typed.to_pandas(), record)


def _figure(chain_table: str, delivery: str, measure: str, unit: str) -> Figure:
    found = [
        figure
        for figure in figures_of(delivery)
        if (figure.chain_table, figure.measure, figure.unit) == (chain_table, measure, unit)
    ]
    assert found, f"{delivery} has no figure {measure} in {unit} for {chain_table}"
    return found[0]


PACKAGING, DEPOSITS, SORTING = "declarations_packaging", "deposit_returns", "sorting_analyses"
EQUIPMENT, BATTERIES, TEXTILE = "declarations_electronics", "declarations_batteries", "declarations_textile"
MATTRESSES, GLASS, CENTRES, MUNICIPAL = (
    "mattress_returns", "flat_glass_returns", "craft_centre_returns", "municipal_returns",
)  # fmt: skip

DELIVERED: dict[str, list[Cell]] = {
    "packaging": [
        *cells(PACKAGING, "t", 2024, put_on_market__plastic=400_000.0, recycled__plastic=180_000.0),
        *cells(
            PACKAGING, "t", 2025,
            put_on_market=2_000_000.0, recycled=1_500_000.0,
            put_on_market__plastic=500_000.0, recycled__plastic=240_000.0,
            put_on_market__metal=120_000.0, recycled__metal=108_000.0,
            put_on_market__aluminium=20_000.0, recycled__aluminium=None,
            put_on_market__drink_cartons=60_000.0, recycled__drink_cartons=27_600.0,
        ),
        *cells(
            DEPOSITS, "t", 2024,
            put_on_market__plastic_bottles_le3l=40_000.0, separately_collected__plastic_bottles_le3l=30_840.0,
            put_on_market__beverage_cans_le3l=30_000.0, separately_collected__beverage_cans_le3l=24_000.0,
        ),
        *cells(
            DEPOSITS, "t", 2025,
            put_on_market__plastic_bottles_le3l=40_000.0, separately_collected__plastic_bottles_le3l=33_600.0,
            put_on_market__beverage_cans_le3l=30_000.0, separately_collected__beverage_cans_le3l=25_500.0,
        ),
        *cells(SORTING, "t", 2025, in_residual_waste__plastic=90_000.0),
    ],
    "electronics": [
        *cells(EQUIPMENT, "t", 2022, put_on_market=400_000.0, put_on_market__open_scope_excl_pv=300_000.0),
        *cells(
            EQUIPMENT, "t", 2023,
            put_on_market=420_000.0, put_on_market__open_scope_excl_pv=310_000.0, separately_collected=200_000.0,
        ),
        *cells(EQUIPMENT, "t", 2024, put_on_market=440_000.0, put_on_market__open_scope_excl_pv=320_000.0),
        *cells(
            EQUIPMENT, "t", 2025,
            put_on_market=450_000.0, separately_collected=210_000.0, separately_collected__open_scope_excl_pv=186_000.0,
            prepared_for_reuse=2_000.0, recycled=170_000.0,
            separately_collected__open_scope_cat_1=30_000.0, prepared_for_reuse__open_scope_cat_1=100.0,
            recycled__open_scope_cat_1=None, recovered_other_than_recycling__open_scope_cat_1=2_000.0,
            separately_collected__open_scope_cat_5=50_000.0, prepared_for_reuse__open_scope_cat_5=1_000.0,
            recycled__open_scope_cat_5=39_000.0, recovered_other_than_recycling__open_scope_cat_5=5_000.0,
            separately_collected__open_scope_cat_4_excl_pv=60_000.0,
            prepared_for_reuse__open_scope_cat_4_excl_pv=500.0, recycled__open_scope_cat_4_excl_pv=50_000.0,
            recovered_other_than_recycling__open_scope_cat_4_excl_pv=4_000.0,
            separately_collected__open_scope_pv=4_000.0, prepared_for_reuse__open_scope_pv=100.0,
            recycled__open_scope_pv=3_000.0, recovered_other_than_recycling__open_scope_pv=200.0,
        ),
        *cells(EQUIPMENT, "t", 2026, separately_collected=None),
        *cells(BATTERIES, "t", 2023, batteries_put_on_market__portable_batteries=9_000.0),
        *cells(BATTERIES, "t", 2024, batteries_put_on_market__portable_batteries=10_000.0),
        *cells(
            BATTERIES, "t", 2025,
            batteries_put_on_market__portable_batteries=11_000.0, batteries_collected__portable_batteries=5_200.0,
        ),
        *cells(SORTING, "t", 2025, in_residual_waste=28_000.0),
    ],
    "textile": [
        *cells(TEXTILE, "t", 2024, put_on_market=210_000.0),
        *cells(
            TEXTILE, "t", 2025,
            put_on_market=None, separately_collected=130_000.0, textile_prepared_for_reuse=52_500.0,
            textile_prepared_for_reuse_nl=23_100.0, recycled=63_000.0, textile_recycled_fibre_to_fibre=18_900.0,
        ),
        *cells(
            TEXTILE, "t", 2026,
            textile_prepared_for_reuse=54_000.0, textile_prepared_for_reuse_nl=24_000.0, recycled=64_000.0,
            textile_recycled_fibre_to_fibre=20_000.0,
        ),
        *cells(SORTING, "t", 2018, textile_in_residual_waste=164_000.0),
        *cells(SORTING, "t", 2025, textile_in_residual_waste=145_000.0),
    ],
    "furniture": [
        *cells(
            MATTRESSES, "pieces", 2022, discarded__mattresses=1_400_000.0, recycled_products__mattresses=980_000.0,
        ),
        *cells(
            MATTRESSES, "pieces", 2025,
            sold__mattresses=1_950_000.0, discarded__mattresses=1_600_000.0, collected__mattresses=1_150_000.0,
            recycled_products__mattresses=1_020_000.0,
        ),
        *cells(MATTRESSES, "t", 2025, collected__mattresses=24_150.0, usefully_applied__mattresses=22_300.0),
        *cells("declarations_furniture", "t", 2025, put_on_market__mattresses=None, put_on_market=812_000.0),
        *cells(
            MUNICIPAL, "t", 2025,
            reporting_bulky_waste=41_000.0, reporting_bulky_waste_split=40_000.0,
            reporting_bulky_residual_waste=12_000.0,
        ),
        *cells(MUNICIPAL, "persons", 2025, reporting_population_bulky=600_000.0),
        *cells(
            MUNICIPAL, "count", 2025, reporting_municipalities_bulky=10.0, reporting_municipalities_bulky_split=9.0,
        ),
        *cells(MUNICIPAL, "t", 2026, reporting_bulky_waste=9_000.0),
        *cells(MUNICIPAL, "persons", 2026, reporting_population_bulky=120_000.0),
        *cells(MUNICIPAL, "count", 2026, reporting_municipalities_bulky=4.0),
    ],
    "construction": [
        *cells(
            GLASS, "t", 2021,
            collected__flat_glass=90_890.0, returned_to_glass_industry__flat_glass=82_437.0,
            used_outside_glass_industry__flat_glass=6_635.2,
        ),
        *cells(
            GLASS, "t", 2025,
            collected__flat_glass=85_800.0, returned_to_glass_industry__flat_glass=71_900.0,
            returned_to_flat_glass__flat_glass=18_100.0, used_outside_glass_industry__flat_glass=13_200.0,
            disposed__flat_glass=1_100.0,
        ),
        *cells(
            "declarations_construction", "t", 2025,
            put_on_market=5_100_000.0, put_on_market__flat_glass=None, separately_collected__building_gypsum=310_000.0,
        ),
        *cells("governance_agreement_status", "count", 2025, roadmaps_reporting=4.0),
    ],
    "craft_centres": [
        *cells(
            CENTRES, "pieces", 2025,
            collected__craft_centres=52_000.0, sold__craft_centres=39_000.0, offered_for_repair__craft_centres=4_100.0,
            repaired_products__craft_centres=2_870.0, collected__craft_bicycles=None,
            offered_for_repair__craft_bicycles=600.0, repaired_products__craft_bicycles=None,
        ),
        *cells(CENTRES, "t", 2025, collected__craft_centres=832.0, sold__craft_centres=604.5),
    ],
    "municipal": [
        *cells(
            MUNICIPAL, "count", 2025,
            reporting_municipalities=31.0, reporting_municipalities_fte=30.0,
            reporting_municipalities_fte_below_1=12.0, reporting_municipalities_budget=20.0,
            reporting_municipalities_procurement=15.0, reporting_municipalities_residual=25.0,
            reporting_repair_events=440.0, reporting_projects=61.0,
        ),
        *cells(MUNICIPAL, "fte", 2025, reporting_fte=42.0),
        *cells(
            MUNICIPAL, "eur", 2025,
            reporting_budget=9_000_000.0, reporting_budget_split=8_000_000.0, reporting_budget_structural=3_000_000.0,
            reporting_procurement=60_000_000.0, reporting_procurement_split=50_000_000.0,
            reporting_procurement_circular=5_500_000.0,
        ),
        *cells(
            MUNICIPAL, "t", 2025,
            reporting_household_waste=290_000.0, reporting_household_waste_split=273_000.0,
            reporting_household_waste__household_residual=96_000.0,
        ),
        *cells(
            MUNICIPAL, "count", 2026, reporting_municipalities_fte=4.0, reporting_municipalities_fte_below_1=1.0,
        ),
        *cells(MUNICIPAL, "fte", 2026, reporting_fte=6.0),
        *cells(SORTING, "t", 2025, in_residual_waste=2_500_000.0, in_residual_waste__residual_textile=145_000.0),
    ],
}  # fmt: skip

"""The packaging chain table: what it reads and which indicators it computes (domain study, chapter 2).

Denominators: the EU rate is recycled over packaging waste generated in the same year; the Dutch rate is recycled over
packaging put on the market in the same year. Which counts: what the monitoring report publishes; what producers declare
is a part of the market and stands beside it. Deposits are reported for all bottles and cans by whom the
law asks, so they go on where the published rates end. Pure functions; the Dagster assets are in
`assets/chain_table_assets.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import pandas as pd

from assets.chain_tables.assembled import observation_table
from assets.chain_tables.declared import one_computed_a_cell, public_and_delivered
from assets.chain_tables.reference_tables import known_breaks
from assets.chain_tables.source_figures import (
    SourceTable,
    average_population,
    curated_indicators,
    curated_measures,
    eurostat_figures,
)
from assets.formulas.breaks import mark_known_breaks
from assets.formulas.comparison import change_against_base
from assets.formulas.published import as_published
from assets.formulas.rates import per_inhabitant, ratio, share_of_sum, total_from_parts
from assets.formulas.reconciliation import add_definition_flag, reconcile
from assets.formulas.shapes import INDICATOR_COLUMNS, INDICATOR_KEY, in_order
from assets.formulas.targets import progress as progress_towards

CHAIN_TABLE = "packaging"
SOURCES = ("env_waspac", "env_waspacr", "cei_wm020", "cei_pc040", "cei_pc050", "demo_gind", "packaging_nl")
MATERIALS = ("paper_cardboard", "plastic", "wood", "metal", "glass", "other")

# Decision (EU) 2019/665 moved the calculation points from reference year 2020.
DEFINITIONS = (2020, "before_decision_2019_665", "decision_2019_665")

# Rates that Eurostat computes from the same release of the tonnes; all others come from another release.
SAME_RELEASE = {
    ("pack_recycling_rate", "env_waspac"),
    ("pack_recovery_rate", "env_waspac"),
    ("pack_waste_generated_t", "env_waspac"),
    # tonnes and percentages of the same monitoring report
    ("pack_recycling_rate_nl", "packaging_nl"),
}
OFFICIAL_FIRST = ("cei_wm020", "env_waspacr", "cei_pc040", "cei_pc050", "env_waspac", "packaging_nl")
SCOPES = {
    "pack_recycling_rate_nl": ("one_way", "all"),
    "pack_reuse_recycling_rate_nl": ("one_way_and_reusable", "all"),
}
TREND_OPTIONS: dict[str, Any] = {"published_preference": OFFICIAL_FIRST, "preferred_scopes": SCOPES}

# Every indicator in this module is of this chain table.
_published = partial(as_published, chain_table=CHAIN_TABLE)
_per_inhabitant = partial(per_inhabitant, chain_table=CHAIN_TABLE)
_ratio = partial(ratio, chain_table=CHAIN_TABLE)


def observations(sources: Mapping[str, SourceTable]) -> pd.DataFrame:
    """All figures of the sources as observations, our own breaks marked beside the source's flags."""
    figures = partial(eurostat_figures, chain_table=CHAIN_TABLE, definition_version=DEFINITIONS)
    parts = [
        figures(sources["env_waspac"]),
        figures(sources["env_waspacr"], measure="recycled"),
        figures(sources["cei_wm020"], measure="recycled"),
        figures(sources["cei_pc040"]),
        figures(sources["cei_pc050"]),
        average_population(sources["demo_gind"], chain_table=CHAIN_TABLE),
        curated_measures(sources["packaging_nl"], chain_table=CHAIN_TABLE),
    ]
    return observation_table(parts, CHAIN_TABLE)


def indicators(observed: pd.DataFrame, sources: Mapping[str, SourceTable]) -> pd.DataFrame:
    """Computed indicators, and beside each the value that a source publishes; then what follows from deliveries."""
    observed, delivered = public_and_delivered(observed)
    waste, total, plastic = "waste_generated", ("total",), ("plastic",)
    published_per_inhabitant = partial(_published, observed, measure=waste, unit="kg_per_inhabitant")
    kg_hab = published_per_inhabitant(indicator="pack_waste_kg_hab", subgroups=total)
    # repaired wood counts in RCY; the row RPR alone is not a rate of its own
    of_waste = partial(_ratio, observed, denominator=waste)
    parts = [
        total_from_parts(
            observed, waste, "total", MATERIALS, chain_table=CHAIN_TABLE, indicator="pack_waste_generated_t"
        ),
        _published(observed, indicator="pack_waste_generated_t", measure=waste, unit="t"),
        _per_inhabitant(observed, observed, indicator="pack_waste_kg_hab", measure=waste, subgroups=total),
        _per_inhabitant(observed, observed, indicator="pack_plastic_kg_hab", measure=waste, subgroups=plastic),
        kg_hab,
        published_per_inhabitant(indicator="pack_plastic_kg_hab", subgroups=plastic),
        *_change_since_base_year(kg_hab),
        of_waste(indicator="pack_recycling_rate", numerator="recycled", method="rcy_over_gen"),
        _published(observed, indicator="pack_recycling_rate", measure="recycled", unit="percent"),
        _ratio(
            observed.loc[observed["source"] == "packaging_nl"],
            indicator="pack_recycling_rate_nl",
            numerator="recycled",
            denominator="put_on_market",
            method="recycled_over_put_on_market",
        ),
        of_waste(indicator="pack_recovery_rate", numerator="recovered", method="rcv_over_gen"),
        _published(observed, indicator="pack_recovery_rate", measure="recovered", unit="percent"),
        share_of_sum(
            observed,
            ("recycled_in_other_eu", "recycled_outside_eu"),
            ("recycled_domestically", "recycled_in_other_eu", "recycled_outside_eu"),
            chain_table=CHAIN_TABLE,
            indicator="pack_recycling_abroad_share",
            method="abroad_over_recycled",
        ),
        *published_by_hand(sources["packaging_nl"], CHAIN_TABLE),
        *_from_deliveries(delivered),
    ]
    rows = pd.concat(parts, ignore_index=True)
    rows = mark_known_breaks(rows, known_breaks(CHAIN_TABLE), "indicator")
    rows = add_definition_flag(rows, official_sources=("cei_wm020", "env_waspacr"))
    return in_order(rows, INDICATOR_COLUMNS, INDICATOR_KEY)


def _from_deliveries(delivered: pd.DataFrame) -> list[pd.DataFrame]:
    """Rates of what producers declare, by material, and of bottles and cans with and without a deposit, by weight.

    Beverage cartons have a norm of their own (Besluit beheer verpakkingen 2014, art. 6b).
    """
    of_market = partial(_ratio, delivered, denominator="put_on_market")
    recycled = partial(of_market, numerator="recycled", method="recycled_over_put_on_market")
    collected = partial(of_market, numerator="separately_collected", method="collected_over_put_on_market")
    return [
        recycled(indicator="pack_recycling_rate_nl", subgroups=("total", *MATERIALS, "aluminium", "ferrous")),
        recycled(indicator="drink_carton_recycling_rate", subgroups=("drink_cartons",)),
        collected(indicator="drs_collection_rate_bottles", subgroups=("plastic_bottles_le3l",)),
        collected(indicator="drs_collection_rate_cans", subgroups=("beverage_cans_le3l",)),
    ]


def published_by_hand(table: SourceTable, chain_table: str) -> list[pd.DataFrame]:
    """Curated figures that are indicators, as published rows; one frame per indicator and unit."""
    figures = curated_indicators(table, chain_table=chain_table)
    return [
        as_published(figures, chain_table=chain_table, indicator=str(indicator), measure=str(indicator), unit=str(unit))
        for (indicator, unit), _ in figures.groupby(["measure", "unit"], sort=True)
    ]


def _change_since_base_year(kg_per_inhabitant: pd.DataFrame) -> list[pd.DataFrame]:
    """Change against 2018 from the official kilograms per inhabitant, the longest series; for NL also against 2017."""
    official = mark_known_breaks(
        kg_per_inhabitant.loc[kg_per_inhabitant["source"] == "cei_pc040"], known_breaks(CHAIN_TABLE), "indicator"
    )
    # the base year of the law is itself a break for the Netherlands: 183.17 (2017) to 165.05 kg (2018), unflagged
    return [
        change_against_base(official, 2018, "change_vs_2018"),
        change_against_base(official.loc[official["geo"] == "NL"], 2017, "change_vs_2017"),
    ]


def reconciliation(computed_and_published: pd.DataFrame) -> pd.DataFrame:
    """Where computed and published differ, and by how much. Change since a base year is published by nobody."""
    comparable = computed_and_published.loc[computed_and_published["indicator"] != "pack_reduction_vs_2018"]
    return reconcile(one_computed_a_cell(comparable), SAME_RELEASE)


def progress(computed_and_published: pd.DataFrame, targets: pd.DataFrame) -> pd.DataFrame:
    """Every packaging target held against what was observed."""
    return progress_towards(computed_and_published, targets, **TREND_OPTIONS)

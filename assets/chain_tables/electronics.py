"""The electronics chain table: what it reads and which indicators it computes (domain study, chapter 1).

Denominators: collection method A is the mean put on the market in the three preceding years; method B is WEEE generated
in the same year; recycling is over collected, not over treated. What the register delivers is computed in
`electronics_declared.py`. Pure functions; the Dagster assets are in `assets/chain_table_assets.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import pandas as pd

from assets.chain_tables import electronics_declared, weee_generated
from assets.chain_tables.assembled import indicator_table, observation_table
from assets.chain_tables.declared import one_computed_a_cell, public_and_delivered
from assets.chain_tables.packaging import published_by_hand
from assets.chain_tables.reference_tables import targets as all_targets
from assets.chain_tables.source_figures import SourceTable, average_population, curated_measures, eurostat_figures
from assets.formulas.collection import (
    collection_rate_method_a,
    gap_to_target_method_a,
    gap_to_target_method_b,
    recycling_rate_market,
)
from assets.formulas.published import as_published
from assets.formulas.rates import complement, per_inhabitant, ratio, share_of_sum
from assets.formulas.reconciliation import reconcile
from assets.formulas.targets import progress as progress_towards

CHAIN_TABLE = "electronics"
SOURCES = ("env_waselee", "cei_wm060", "demo_gind", "electronics_nl", "unu_pom")
INDICATOR_SOURCES = ("electronics_nl", "unu_pom")

SAME_RELEASE = {("weee_collection_rate_pom", "env_waselee")}
OFFICIAL_FIRST = ("env_waselee", "cei_wm060", "electronics_nl")
SCOPES = {
    # the Directive counts all equipment, solar panels included; figures without them have an indicator of their own
    "weee_collection_rate_pom": ("all", "incl_pv"),
    # the gap of today is published without solar panels only; that of 2018 was to another target
    "weee_gap_to_target_t": ("excl_pv", "all"),
}
TREND_OPTIONS: dict[str, Any] = {"published_preference": OFFICIAL_FIRST, "preferred_scopes": SCOPES}
LEFT_OUT = {
    "PC": (
        "until 2014 countries reported percentages over denominators of their own; "
        "recomputed from tonnes instead (domain study, 0.8)"
    )
}

# Every indicator in this module is of this chain table.
_published = partial(as_published, chain_table=CHAIN_TABLE)
_per_inhabitant = partial(per_inhabitant, chain_table=CHAIN_TABLE)
_ratio = partial(ratio, chain_table=CHAIN_TABLE)


def observations(sources: Mapping[str, SourceTable]) -> pd.DataFrame:
    """All figures of the sources as observations, our own breaks marked beside the source's flags."""
    parts = [
        eurostat_figures(
            sources["env_waselee"],
            chain_table=CHAIN_TABLE,
            definition_version="ten_categories",
            leave_out_units=LEFT_OUT,
        ),
        eurostat_figures(
            sources["cei_wm060"],
            chain_table=CHAIN_TABLE,
            definition_version=(2019, "ten_categories", "open_scope"),
            measure="recycled_and_prepared_for_reuse",
            subgroup="total",
        ),
        average_population(sources["demo_gind"], chain_table=CHAIN_TABLE),
        curated_measures(sources["electronics_nl"], chain_table=CHAIN_TABLE),
    ]
    return observation_table(parts, CHAIN_TABLE)


def indicators(observed: pd.DataFrame, sources: Mapping[str, SourceTable]) -> pd.DataFrame:
    """Computed indicators, and beside each the value that a source publishes; then what follows from deliveries."""
    observed, delivered = public_and_delivered(observed)
    eurostat = observed.loc[observed["source"] != "electronics_nl"]
    total = ("total",)
    by_hand = observed.loc[observed["source"] == "electronics_nl"]
    method_b = _collected_over_generated(observed)
    modelled = weee_generated.generated(sources["unu_pom"], observed, weee_generated.lifetimes())
    parts = [
        _published(observed, indicator="weee_pom_t", measure="put_on_market", unit="t"),
        *_kg_per_inhabitant(eurostat, "weee_pom_kg_hab", "put_on_market"),
        _published(observed, indicator="weee_collected_t", measure="separately_collected", unit="t"),
        *_kg_per_inhabitant(eurostat, "weee_collected_kg_hab", "separately_collected"),
        # Regeling AEEA art. 10(a) is about what households hand in, not about all that is collected
        *_kg_per_inhabitant(eurostat, "weee_collected_kg_hab_hh", "separately_collected_households", total),
        collection_rate_method_a(eurostat),
        _published(
            eurostat,
            indicator="weee_collection_rate_pom",
            measure="separately_collected",
            unit="percent",
            subgroups=total,
        ),
        gap_to_target_method_a(eurostat, _target_by_year("weee_collection_rate_pom")),
        _published(observed, indicator="weee_generated_t", measure="weee_generated", unit="t"),
        *method_b,
        *[
            complement(rows, indicator="weee_unaccounted_share", method="one_minus_collected_over_generated")
            for rows in method_b
        ],
        *_treatment_rates(eurostat),
        gap_to_target_method_b(
            by_hand, _target_by_year("weee_collection_rate_generated"), collected="registered_as_processed"
        ),
        # our own model, beside what is published: without panels, in two readings of the sales before the register
        modelled,
        weee_generated.collection_rate(observed, modelled),
        *published_by_hand(sources["electronics_nl"], CHAIN_TABLE),
        *electronics_declared.indicators(delivered, observed),
    ]
    return indicator_table(parts, CHAIN_TABLE)


def _kg_per_inhabitant(
    eurostat: pd.DataFrame, indicator: str, measure: str, subgroups: tuple[str, ...] | None = None
) -> list[pd.DataFrame]:
    """Kilograms per inhabitant, computed from tonnes and as Eurostat publishes them."""
    return [
        _per_inhabitant(eurostat, eurostat, indicator=indicator, measure=measure, subgroups=subgroups),
        _published(eurostat, indicator=indicator, measure=measure, unit="kg_per_inhabitant", subgroups=subgroups),
    ]


def _collected_over_generated(observed: pd.DataFrame) -> list[pd.DataFrame]:
    """Method B: Eurostat's tonnes over the Dutch WEEE generated, and the Dutch register's own tonnes over the same.

    What Eurostat counts as collected holds panels too, so that it fits amounts of either wording of the scope.
    """
    of_generated = partial(
        _ratio,
        indicator="weee_collection_rate_generated",
        denominator="weee_generated",
        method="collected_over_generated",
    )
    by_hand = observed["source"] == "electronics_nl"
    collected = ~by_hand & (observed["measure"] == "separately_collected") & (observed["unit"] == "t")
    generated = observed["measure"] == "weee_generated"
    with_panels = observed.loc[collected].assign(scope_version="incl_pv")
    both = pd.concat([observed.loc[collected], with_panels, observed.loc[generated]], ignore_index=True)
    return [
        of_generated(both, numerator="separately_collected", across=("source",)),
        of_generated(observed.loc[by_hand], numerator="registered_as_processed"),
    ]


def _treatment_rates(eurostat: pd.DataFrame) -> list[pd.DataFrame]:
    """What became of what was collected: recovered, recycled, prepared for re-use, treated abroad."""
    total = ("total",)
    categories = tuple(sorted(set(eurostat["subgroup"]) - {"total"}))
    of_collected = partial(_ratio, eurostat, denominator="separately_collected")
    recycled = partial(of_collected, numerator="recycled_and_prepared_for_reuse", method="rcy_prep_reuse_over_col")
    return [
        of_collected(indicator="weee_recovery_rate_cat", numerator="recovered", method="rcv_over_col"),
        recycled(indicator="weee_recycling_prep_reuse_rate_cat", subgroups=categories),
        recycled(indicator="weee_recycling_rate_collected", subgroups=total),
        _published(
            eurostat,
            indicator="weee_recycling_rate_collected",
            measure="recycled_and_prepared_for_reuse",
            unit="percent",
            subgroups=total,
        ),
        recycling_rate_market(eurostat),
        of_collected(indicator="weee_reuse_share", numerator="prepared_for_reuse", method="prep_reuse_over_col"),
        share_of_sum(
            eurostat,
            ("treated_in_other_eu", "treated_outside_eu"),
            ("treated_domestically", "treated_in_other_eu", "treated_outside_eu"),
            chain_table=CHAIN_TABLE,
            indicator="weee_treated_abroad_share",
            method="treated_abroad_over_treated_sum",
        ),
    ]


def _target_by_year(indicator: str) -> dict[int, float]:
    """The target of method A or B per year, from the table of targets."""
    frame = all_targets([CHAIN_TABLE])
    frame = frame.loc[(frame["indicator"] == indicator) & (frame["level"] == "NL") & (frame["subgroup"] == "total")]
    by_year: dict[int, float] = {}
    for start, end, value in zip(frame["year_from"], frame["year_to"], frame["value"], strict=True):
        last = 2035 if pd.isna(end) else int(end)
        by_year.update({year: float(value) for year in range(int(start), last + 1)})
    return by_year


def reconciliation(computed_and_published: pd.DataFrame) -> pd.DataFrame:
    """Where computed and published differ, and by how much."""
    # the second kernel and the second reading are sensitivities of the first, not other figures
    other = {weee_generated.SENSITIVITY, weee_generated.UPPER, weee_generated.RATES[weee_generated.UPPER]}
    first = computed_and_published.loc[~computed_and_published["method"].isin(other)]
    return reconcile(one_computed_a_cell(first), SAME_RELEASE)


def progress(computed_and_published: pd.DataFrame, targets: pd.DataFrame) -> pd.DataFrame:
    """Every electronics target held against what was observed."""
    return progress_towards(computed_and_published, targets, **TREND_OPTIONS)

"""The textile chain table: what it reads and which indicators it computes (domain study, chapter 3).

Denominators: the shares of the Besluit UPV textiel are over what was put on the market in the preceding calendar year;
fibre-to-fibre is over what was recycled; the collection rate is over what was discarded. Producers first report in 2026
on 2025: the shares are ready and stay without rows until then. Which counts: for the decree what producers declare to
the scheme, before anything that quotes it; for the collection rate the mass balance, and only where it has no figure of
residual waste the sorting analysis. Pure functions; the Dagster assets are in `assets/chain_table_assets.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import pandas as pd

from assets.chain_tables.assembled import observation_table
from assets.chain_tables.awaited import no_source_yet
from assets.chain_tables.declared import one_computed_a_cell, public_and_delivered
from assets.chain_tables.industry_waste import industry_waste
from assets.chain_tables.packaging import published_by_hand
from assets.chain_tables.reference_tables import known_breaks
from assets.chain_tables.source_figures import SourceTable, average_population, curated_measures
from assets.formulas.apparent_consumption import apparent_consumption
from assets.formulas.breaks import mark_known_breaks
from assets.formulas.preceding_year import over_preceding_year
from assets.formulas.published import as_delivered, as_published
from assets.formulas.rates import per_inhabitant, ratio, share_of_sum
from assets.formulas.reconciliation import reconcile
from assets.formulas.shapes import INDICATOR_COLUMNS, INDICATOR_KEY, in_order
from assets.formulas.targets import progress as progress_towards

CHAIN_TABLE = "textile"
SOURCES = ("84970NED", "84971NED", "demo_gind", "textile_nl")

# Textiles, clothing and leather, SBI 13-15, by the code of CBS.
BRANCH, INDUSTRY = "312505", "textile_industry"

# Consumption and exports of used textiles wait for PRODCOM and COMEXT.
# The shares of the decree: producers report for the first time in 2026, on 2025.
AWAITED = (
    "textile_apparent_consumption_t",
    "textile_export_used_t",
    "textile_reuse_recycling_share",
    "textile_reuse_share",
    "textile_reuse_nl_share",
    "textile_fibre_to_fibre_share",
)

# The printed rate is the rounded quotient of the tonnes of the same mass balance.
SAME_RELEASE = {("textile_separate_collection_rate", "textile_nl")}

# The targets hold for producers together; figures exist of the members of the scheme only, and say so by their scope.
UPV_SCOPES = ("all", "upv_members")
SCOPES = {
    "textile_pom_t": UPV_SCOPES,
    "textile_reuse_recycling_share": UPV_SCOPES,
    "textile_reuse_share": UPV_SCOPES,
    "textile_reuse_nl_share": UPV_SCOPES,
    "textile_fibre_to_fibre_share": UPV_SCOPES,
}
# The decree counts what producers declare: the declaration is the figure of the law.
COUNTED_AS_DECLARED = tuple(SCOPES)
TREND_OPTIONS: dict[str, Any] = {
    "published_preference": ("textile_nl",),
    "preferred_scopes": SCOPES,
    "counted_as_declared": COUNTED_AS_DECLARED,
}
COLLECTED, RESIDUAL = "separately_collected_textile", "textile_in_residual_waste"

# Every indicator in this module is of this chain table.
_published = partial(as_published, chain_table=CHAIN_TABLE, unit="t", subgroups=("total",))
_per_inhabitant = partial(per_inhabitant, chain_table=CHAIN_TABLE, decimals=1, subgroups=("total",))


def observations(sources: Mapping[str, SourceTable]) -> pd.DataFrame:
    """All figures of the sources as observations, our own breaks marked beside the source's flags."""
    of_industry = partial(industry_waste, chain_table=CHAIN_TABLE, branch=BRANCH, subgroup=INDUSTRY)
    parts = [
        of_industry(sources["84970NED"]),
        of_industry(sources["84971NED"]),
        # the figures of textiles are Dutch only, and so are the inhabitants that they are divided by
        average_population(sources["demo_gind"], chain_table=CHAIN_TABLE, geos=("NL",)),
        curated_measures(sources["textile_nl"], chain_table=CHAIN_TABLE),
    ]
    return observation_table(parts, CHAIN_TABLE)


def indicators(observed: pd.DataFrame, sources: Mapping[str, SourceTable]) -> pd.DataFrame:
    """Computed indicators, beside each the value that a source publishes, and empty rows for what has no source yet."""
    observed, delivered = public_and_delivered(observed)
    parts = [
        _published(observed, indicator="textile_pom_t", measure="put_on_market"),
        _published(observed, indicator="textile_separate_collection_t", measure=COLLECTED),
        _collection_rate(observed),
        _per_inhabitant(observed, observed, indicator="textile_discarded_kg_hab", measure="discarded"),
        _per_inhabitant(observed, observed, indicator="textile_separate_collection_kg_hab", measure=COLLECTED),
        *upv_shares(observed),
        ratio(
            observed.loc[observed["source"] == "84970NED"],
            chain_table=CHAIN_TABLE,
            indicator="textile_industry_waste_recovered_share",
            numerator="industry_waste_recovered",
            denominator="industry_waste",
            method="industry_recovered_over_total",
            subgroups=(INDUSTRY,),
        ),
        apparent_consumption(observed, chain_table=CHAIN_TABLE, indicator="textile_apparent_consumption_t"),
        *published_by_hand(sources["textile_nl"], CHAIN_TABLE),
        as_delivered(
            delivered,
            chain_table=CHAIN_TABLE,
            indicator="textile_pom_t",
            measure="put_on_market",
            unit="t",
            subgroups=("total",),
        ),
        *upv_shares(delivered),
        *_with_sorting_analysis(observed, delivered),
    ]
    known = pd.concat(parts, ignore_index=True)
    awaited = no_source_yet(known, AWAITED, sources["textile_nl"], chain_table=CHAIN_TABLE)
    rows = mark_known_breaks(pd.concat([known, awaited], ignore_index=True), known_breaks(CHAIN_TABLE), "indicator")
    return in_order(rows, INDICATOR_COLUMNS, INDICATOR_KEY)


def _with_sorting_analysis(public: pd.DataFrame, delivered: pd.DataFrame) -> list[pd.DataFrame]:
    """Collection rate and textiles discarded of years in which only the residual part comes from a sorting analysis.

    What was collected is that of the mass balance of the same year; years that it covers whole stay out.
    """
    covered = public.loc[public["measure"].isin([RESIDUAL, "discarded"]), "year"]
    sorted_out = delivered.loc[(delivered["measure"] == RESIDUAL) & ~delivered["year"].isin(covered)]
    both = pd.concat([public.loc[public["measure"] == COLLECTED], sorted_out], ignore_index=True)
    rate = _collection_rate(both, across=("source",))
    # the whole of the rate, collected and residual together, is what was discarded
    discarded = rate.rename(columns={"indicator": "measure"}).assign(
        measure="discarded", unit="t", value=rate["denominator"]
    )
    return [rate, _per_inhabitant(discarded, public, indicator="textile_discarded_kg_hab", measure="discarded")]


def _collection_rate(observed: pd.DataFrame, across: tuple[str, ...] = ()) -> pd.DataFrame:
    return share_of_sum(
        observed,
        (COLLECTED,),
        (COLLECTED, RESIDUAL),
        chain_table=CHAIN_TABLE,
        indicator="textile_separate_collection_rate",
        method="collected_over_collected_and_residual",
        across=across,
    )


def upv_shares(observed: pd.DataFrame) -> list[pd.DataFrame]:
    """The four shares of the Besluit UPV textiel; each has rows only for years of which all its inputs exist.

    Prepared for re-use counts at the sorting, not at the sale. Fibre-to-fibre is a share of what was recycled.
    """
    reused, recycled = "textile_prepared_for_reuse", "recycled"
    of_market = partial(over_preceding_year, observed, chain_table=CHAIN_TABLE, subgroups=("total",))
    return [
        of_market((reused, recycled), indicator="textile_reuse_recycling_share"),
        of_market((reused,), indicator="textile_reuse_share"),
        of_market(("textile_prepared_for_reuse_nl",), indicator="textile_reuse_nl_share"),
        ratio(
            observed,
            chain_table=CHAIN_TABLE,
            indicator="textile_fibre_to_fibre_share",
            numerator="textile_recycled_fibre_to_fibre",
            denominator=recycled,
            method="fibre_to_fibre_over_recycled",
            subgroups=("total",),
        ),
    ]


def reconciliation(computed_and_published: pd.DataFrame) -> pd.DataFrame:
    """Where computed and published differ, and by how much."""
    return reconcile(one_computed_a_cell(computed_and_published), SAME_RELEASE)


def progress(computed_and_published: pd.DataFrame, targets: pd.DataFrame) -> pd.DataFrame:
    """Every target of the Besluit UPV textiel held against what was observed."""
    return progress_towards(computed_and_published, targets, **TREND_OPTIONS)

"""The furniture chain table: what it reads and which indicators it computes (domain study, chapter 4).

There is no producer responsibility for furniture, so no legal target; mattresses had one, with mattresses discarded as
denominator. Denominators that differ are scopes of one indicator, never mixed. Which counts: of mattresses the
published figures, and where they end what the scheme delivers, both being its own report on the whole country; bulky
waste is of the municipalities that reported it. Pure functions; the Dagster assets are in
`assets/chain_table_assets.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import pandas as pd

from assets.chain_tables.assembled import indicator_table, observation_table
from assets.chain_tables.awaited import no_source_yet
from assets.chain_tables.declared import municipalities_in, one_computed_a_cell, public_and_delivered
from assets.chain_tables.industry_waste import industry_waste
from assets.chain_tables.packaging import published_by_hand
from assets.chain_tables.source_figures import SourceTable, curated_measures
from assets.formulas.apparent_consumption import apparent_consumption
from assets.formulas.flags import union, with_letter
from assets.formulas.rates import per_inhabitant, ratio, scaled_ratio, share_of_sum
from assets.formulas.reconciliation import reconcile
from assets.formulas.shapes import (
    aligned,
    computed_rows,
    matching,
    measure_rows,
)
from assets.formulas.small_numbers import RATE_UNITS, withhold_small_rates
from assets.formulas.targets import progress as progress_towards

CHAIN_TABLE = "furniture"
SOURCES = ("84970NED", "84971NED", "furniture_nl")

# The furniture industry, SBI 31, by the code of CBS.
BRANCH, INDUSTRY = "341600", "furniture_industry"

# The agreement on mattresses counts over what is discarded; the press quotes a rate over what is sold.
DENOMINATORS = {
    "per_discarded": ("discarded", "recycled_over_discarded"),
    "per_collected": ("collected", "recycled_over_collected"),
    "per_sold": ("sold", "recycled_over_sold"),
}
# Indicators that no source fills. Consumption waits for PRODCOM and COMEXT; of what thrift shops take in, the part that
# is furniture was not found; bulky waste waits for CBS or for what municipalities deliver, the outflow model for a
# history of sales.
AWAITED = (
    "furniture_apparent_consumption_t",
    "furniture_apparent_consumption_eur",
    "furniture_reuse_kringloop_t",
    "bulky_waste_kg_hab",
    "bulky_residual_share",
    "furniture_lifetime_outflow_t",
)

# Of what is recycled there is no weight, so the share is at most this; the study does not say of which year it is.
REUSE_SCOPE = "recycling_left_out_year_not_stated"
SCOPES = {"mattress_recycling_rate": ("per_discarded",), "furniture_reuse_share": (REUSE_SCOPE,)}
TREND_OPTIONS = {"published_preference": ("furniture_nl",), "preferred_scopes": SCOPES}


def observations(sources: Mapping[str, SourceTable]) -> pd.DataFrame:
    """All figures of the sources as observations, our own breaks marked beside the source's flags."""
    of_industry = partial(industry_waste, chain_table=CHAIN_TABLE, branch=BRANCH, subgroup=INDUSTRY)
    parts = [
        of_industry(sources["84970NED"]),
        of_industry(sources["84971NED"]),
        curated_measures(sources["furniture_nl"], chain_table=CHAIN_TABLE),
    ]
    return observation_table(parts, CHAIN_TABLE)


def indicators(observed: pd.DataFrame, sources: Mapping[str, SourceTable]) -> pd.DataFrame:
    """Computed indicators, beside each the value that a source publishes, and empty rows for what has no source yet."""
    observed, delivered = public_and_delivered(observed)
    of_industry = partial(ratio, chain_table=CHAIN_TABLE, denominator="industry_waste", subgroups=(INDUSTRY,))
    parts = [
        share_of_sum(
            observed,
            ("reused",),
            ("reused", "bulky_residual_waste"),
            chain_table=CHAIN_TABLE,
            indicator="furniture_reuse_share",
            method="reused_over_reused_and_residual",
        ).assign(scope_version=REUSE_SCOPE),
        *[_mattress_recycling_rate(observed, scope) for scope in DENOMINATORS],
        of_industry(
            observed.loc[observed["source"] == "84970NED"],
            indicator="furniture_industry_waste_recovered_share",
            numerator="industry_waste_recovered",
            method="industry_recovered_over_total",
        ),
        of_industry(
            observed.loc[observed["source"] == "84971NED"],
            indicator="furniture_industry_waste_fuel_share",
            numerator="industry_waste_used_as_fuel",
            method="used_as_fuel_over_total",
        ),
        apparent_consumption(observed, chain_table=CHAIN_TABLE, indicator="furniture_apparent_consumption_t"),
        *published_by_hand(sources["furniture_nl"], CHAIN_TABLE),
        *[_mattress_recycling_rate(delivered, scope) for scope in DENOMINATORS],
        ratio(
            delivered.loc[delivered["scope_version"] == "all"],
            chain_table=CHAIN_TABLE,
            indicator="mattress_material_recovery_rate",
            numerator="usefully_applied",
            denominator="collected",
            method="usefully_applied_over_collected",
            subgroups=("mattresses",),
        ),
        *_bulky_waste(delivered),
    ]
    known = pd.concat(parts, ignore_index=True)
    awaited = no_source_yet(known, AWAITED, sources["furniture_nl"], chain_table=CHAIN_TABLE)
    return indicator_table([known, awaited], CHAIN_TABLE)


def _bulky_waste(delivered: pd.DataFrame) -> list[pd.DataFrame]:
    """Bulky waste over the inhabitants of the municipalities that reported it, and the residual part of it."""
    rates = {
        "reporting_municipalities_bulky": per_inhabitant(
            delivered,
            delivered,
            chain_table=CHAIN_TABLE,
            indicator="bulky_waste_kg_hab",
            measure="reporting_bulky_waste",
            method="bulky_over_reporting_population",
            decimals=1,
            population_measure="reporting_population_bulky",
        ),
        "reporting_municipalities_bulky_split": ratio(
            delivered,
            chain_table=CHAIN_TABLE,
            indicator="bulky_residual_share",
            numerator="reporting_bulky_residual_waste",
            denominator="reporting_bulky_waste_split",
            method="bulky_residual_over_bulky",
        ),
    }
    units = (*RATE_UNITS, "kg_per_inhabitant")
    return [
        withhold_small_rates(rows, *municipalities_in(delivered, rows, base), units=units)
        for base, rows in rates.items()
    ]


def _mattress_recycling_rate(observed: pd.DataFrame, scope: str) -> pd.DataFrame:
    """Mattresses recycled over one of the three denominators, in pieces; the scope names the denominator."""
    denominator, method = DENOMINATORS[scope]
    upper, lower = aligned(
        [
            measure_rows(observed, measure, chain_table=CHAIN_TABLE, subgroups=("mattresses",), units=("pieces",))
            for measure in ("recycled_products", denominator)
        ],
        matching(),
    )
    flags = union(upper["flags"], lower["flags"])
    rows = computed_rows(
        [upper, lower],
        chain_table=CHAIN_TABLE,
        indicator="mattress_recycling_rate",
        method=method,
        unit="percent",
        decimals=1,
        value=scaled_ratio(upper["value"], lower["value"], 100.0),
        numerator=upper["value"],
        denominator=lower["value"],
        # "at least 1.1 million discarded" and "about 2 million sold": a rate over such a number is a rough one
        flags=with_letter(flags, "u", lower["flags"].str.contains("e")),
    )
    return rows.assign(scope_version=pd.Series(scope, index=rows.index, dtype="str"))


def reconciliation(computed_and_published: pd.DataFrame) -> pd.DataFrame:
    """Where computed and published differ. Nothing here is published by the source that it is computed from."""
    return reconcile(one_computed_a_cell(computed_and_published), set())


def progress(computed_and_published: pd.DataFrame, targets: pd.DataFrame) -> pd.DataFrame:
    """The targets for mattresses held against what was observed; furniture itself has none.

    A rate over a number that is only a lower bound (flag `u`) is an upper bound, and no verdict is built on it.
    """
    bound = (computed_and_published["indicator"] == "mattress_recycling_rate") & (
        computed_and_published["flags"].str.contains("u")
    )
    return progress_towards(
        computed_and_published.loc[~bound], targets, published_preference=("furniture_nl",), preferred_scopes=SCOPES
    )

"""Circular craft centres and thrift shops: what is read and which indicators are computed (domain study, chapter 7.1).

Denominators: coverage is over the average population of the year; money is per customer; the share sold again is over
the weight taken in. Yearly numbers of products collected, sold and repaired come from what centres deliver, and from
nowhere else; until then those rows wait, without a value, as does the number of all municipalities. Pure functions.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial, reduce
from operator import add
from typing import Any

import numpy as np
import pandas as pd

from assets.chain_tables.assembled import indicator_table, observation_table
from assets.chain_tables.awaited import no_source_yet
from assets.chain_tables.declared import one_computed_a_cell, public_and_delivered
from assets.chain_tables.packaging import published_by_hand
from assets.chain_tables.source_figures import SourceTable, average_population, curated_measures
from assets.formulas.flags import union
from assets.formulas.published import as_delivered
from assets.formulas.rates import per_inhabitant, ratio, scaled_ratio
from assets.formulas.reconciliation import reconcile
from assets.formulas.shapes import (
    aligned,
    computed_rows,
    matching,
    measure_rows,
)
from assets.formulas.targets import progress as progress_towards

CHAIN_TABLE = "craft_centres"
SOURCES = ("demo_gind", "craft_centres_nl")

SAME_RELEASE: set[tuple[str, str]] = set()
RESIDUAL_METHOD = "intake_minus_other_destinations"
TREND_OPTIONS: dict[str, Any] = {"published_preference": ("craft_centres_nl",), "preferred_scopes": {}}

# The programme means to count these (news item of 3-2-2023, priority 5); no yearly number has been found.
AWAITED = ("cac_items_collected", "cac_items_sold", "cac_items_repaired", "cac_repair_success_rate")


def observations(sources: Mapping[str, SourceTable]) -> pd.DataFrame:
    """All Dutch figures of the sources as observations, our own breaks marked beside the source's flags."""
    parts = [
        average_population(sources["demo_gind"], chain_table=CHAIN_TABLE, geos=("NL",)),
        curated_measures(sources["craft_centres_nl"], chain_table=CHAIN_TABLE),
    ]
    return observation_table(parts, CHAIN_TABLE)


def indicators(observed: pd.DataFrame, sources: Mapping[str, SourceTable]) -> pd.DataFrame:
    """Computed indicators, what a source publishes beside them, and the rows that wait for a source."""
    observed, delivered = public_and_delivered(observed)
    parts = [
        per_inhabitant(
            observed,
            observed,
            chain_table=CHAIN_TABLE,
            indicator="cac_national_coverage_pop",
            measure="population_covered",
            method="covered_over_population",
            unit="percent",
            mass_unit="persons",
            scale=100.0,
            decimals=1,
        ),
        _municipalities_without_denominator(observed),
        _turnover_per_customer(observed),
        _resold_share(observed),
        *published_by_hand(sources["craft_centres_nl"], CHAIN_TABLE),
        *_from_deliveries(delivered),
    ]
    known = pd.concat([part for part in parts if len(part)], ignore_index=True)
    awaited = no_source_yet(
        known, AWAITED, sources["craft_centres_nl"], chain_table=CHAIN_TABLE, subgroup="craft_centres"
    )
    return indicator_table([known, awaited], CHAIN_TABLE)


def _from_deliveries(delivered: pd.DataFrame) -> list[pd.DataFrame]:
    """Products collected, sold and repaired, in pieces, and the repairs that succeeded of those offered."""
    pieces = partial(as_delivered, delivered, chain_table=CHAIN_TABLE, unit="pieces")
    return [
        pieces(indicator="cac_items_collected", measure="collected"),
        pieces(indicator="cac_items_sold", measure="sold"),
        pieces(indicator="cac_items_repaired", measure="repaired_products"),
        ratio(
            delivered,
            chain_table=CHAIN_TABLE,
            indicator="cac_repair_success_rate",
            numerator="repaired_products",
            denominator="offered_for_repair",
            method="repaired_over_offered",
            units=("pieces",),
        ),
    ]


def _turnover_per_customer(observed: pd.DataFrame) -> pd.DataFrame:
    """Euros a customer: a turnover in whole millions over customers in tenths of millions, good to some 7 cents."""
    turnover, customers = aligned(
        [
            measure_rows(observed, "thrift_turnover", chain_table=CHAIN_TABLE, units=("eur_million",)),
            measure_rows(observed, "thrift_customers", chain_table=CHAIN_TABLE, units=("count",)),
        ],
        matching(across=("unit",)),
    )
    return computed_rows(
        [turnover, customers],
        chain_table=CHAIN_TABLE,
        indicator="cac_eur_per_customer",
        method="turnover_over_customers",
        unit="eur",
        decimals=2,
        value=scaled_ratio(turnover["value"], customers["value"], 1_000_000.0),
        numerator=turnover["value"],
        denominator=customers["value"],
        flags=union(turnover["flags"], customers["flags"]),
    )


def _resold_share(observed: pd.DataFrame) -> pd.DataFrame:
    """What is left of the weight taken in after recycling, residual waste and export; only where all three are known.

    In 2015 the export is not named: 100 - 35 - 16 would be 49 beside 46 published, so that year is not computed.
    """
    elsewhere = aligned(
        [
            measure_rows(observed, measure, chain_table=CHAIN_TABLE, units=("percent",))
            for measure in ("thrift_recycled_share", "thrift_residual_share", "thrift_exported_share")
        ],
        matching(),
    )
    resold = 100.0 - reduce(add, [part["value"] for part in elsewhere])
    return computed_rows(
        elsewhere,
        chain_table=CHAIN_TABLE,
        indicator="cac_resold_share",
        method=RESIDUAL_METHOD,
        unit="percent",
        decimals=0,
        value=resold,
        numerator=resold,
        denominator=pd.Series(100.0, index=resold.index),
        flags=union(*[part["flags"] for part in elsewhere]),
    )


def _municipalities_without_denominator(observed: pd.DataFrame) -> pd.DataFrame:
    """Municipalities taking part as numerator of a coverage whose denominator no source delivers yet: no value."""
    part = measure_rows(observed, "municipalities_involved", chain_table=CHAIN_TABLE, units=("count",))
    nothing = pd.Series(np.nan, index=part.index, dtype="float64")
    return computed_rows(
        [part],
        chain_table=CHAIN_TABLE,
        indicator="cac_national_coverage_mun",
        method="no_source_yet",
        unit="percent",
        decimals=1,
        value=nothing,
        numerator=part["value"],
        denominator=nothing,
        flags=part["flags"],
    )


def reconciliation(computed_and_published: pd.DataFrame) -> pd.DataFrame:
    """Where computed and published differ, and by how much.

    What is left of 100 is no proof of the share that was published with the other three: it is not held against it.
    """
    comparable = computed_and_published.loc[computed_and_published["method"] != RESIDUAL_METHOD]
    return reconcile(one_computed_a_cell(comparable), SAME_RELEASE)


def progress(computed_and_published: pd.DataFrame, targets: pd.DataFrame) -> pd.DataFrame:
    """The goal of a nationwide network in 2030 held against what was observed."""
    return progress_towards(computed_and_published, targets, **TREND_OPTIONS)

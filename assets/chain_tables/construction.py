"""The construction chain table: what it reads and which indicators it computes (domain study, chapter 5).

Construction and demolition waste is the mineral part (W121), non-hazardous: the European target excludes hazardous
waste, and the figures with hazardous waste are others. Fill sand stands apart: CBS lists it outside its total. Which
counts: of flat glass the published figures, and where they end what the scheme delivers, since both are its own report
on the whole country. Pure functions; the Dagster assets are in `assets/chain_table_assets.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from assets.chain_tables.assembled import indicator_table, observation_table
from assets.chain_tables.declared import one_computed_a_cell, public_and_delivered
from assets.chain_tables.industry_waste import industry_waste
from assets.chain_tables.packaging import published_by_hand
from assets.chain_tables.source_figures import SourceTable, cbs_statuses, curated_measures, eurostat_figures
from assets.formulas.flags import union
from assets.formulas.published import as_delivered, as_published
from assets.formulas.rates import ratio, scaled_ratio, share_of_sum
from assets.formulas.reconciliation import reconcile
from assets.formulas.shapes import (
    OBSERVATION_COLUMNS,
    OBSERVATION_KEY,
    aligned,
    computed_rows,
    in_order,
    matching,
    measure_rows,
)
from assets.formulas.targets import progress as progress_towards
from contracts.vocabulary import load_reference_csv

CHAIN_TABLE = "construction"
SOURCES = ("env_wastrt", "83180NED", "84970NED", "construction_nl")
INDICATOR_SOURCES = ("construction_nl",)

# The target of Directive 2008/98/EC, art. 11(2)(b), is about non-hazardous waste.
CDW_SCOPE = "non_hazardous"
SCOPES = {"cdw_recovery_rate": (CDW_SCOPE,)}
TREND_OPTIONS: dict[str, Any] = {"published_preference": ("construction_nl",), "preferred_scopes": SCOPES}

# Topic of CBS 83180NED -> measure and subgroup.
MINERALS = {
    "TotaalNietMetaalMineralen_18": ("domestic_extraction", "non_metallic_minerals"),
    "TotaalNietMetaalMineralen_65": ("imports", "non_metallic_minerals"),
    "TotaalNietMetaalMineralen_122": ("exports", "non_metallic_minerals"),
    "Ophoogzand_23": ("domestic_extraction", "fill_sand"),
}
# Branch of CBS 84970NED: building materials industry (SBI 23).
BUILDING_MATERIALS_INDUSTRY = "324600"

# Every indicator in this module is of this chain table.
_ratio = partial(ratio, chain_table=CHAIN_TABLE)


def observations(sources: Mapping[str, SourceTable]) -> pd.DataFrame:
    """All figures of the sources as observations, our own breaks marked beside the source's flags."""
    parts = [
        _demolition_waste(sources["env_wastrt"]),
        _minerals(sources["83180NED"]),
        industry_waste(
            sources["84970NED"],
            chain_table=CHAIN_TABLE,
            branch=BUILDING_MATERIALS_INDUSTRY,
            subgroup="building_materials_industry",
        ),
        curated_measures(sources["construction_nl"], chain_table=CHAIN_TABLE),
    ]
    return observation_table(parts, CHAIN_TABLE)


def indicators(observed: pd.DataFrame, sources: Mapping[str, SourceTable]) -> pd.DataFrame:
    """Computed indicators, and beside each the value that a source publishes; then what follows from deliveries."""
    observed, delivered = public_and_delivered(observed)
    of_treated = partial(_ratio, observed, denominator="cdw_treated")
    parts = [
        share_of_sum(
            observed,
            ("cdw_recycled", "cdw_backfilled"),
            ("cdw_treated",),
            chain_table=CHAIN_TABLE,
            indicator="cdw_recovery_rate",
            method="recovered_and_backfilled_over_treated",
        ),
        of_treated(
            indicator="cdw_recycling_rate_ex_backfilling", numerator="cdw_recycled", method="recycled_over_treated"
        ),
        of_treated(indicator="cdw_backfilling_share", numerator="cdw_backfilled", method="backfilled_over_treated"),
        mineral_consumption(observed),
        _ratio(
            observed,
            indicator="building_materials_industry_waste_recovered_share",
            numerator="industry_waste_recovered",
            denominator="industry_waste",
            method="industry_recovered_over_total",
        ),
        as_published(
            observed,
            chain_table=CHAIN_TABLE,
            indicator="flat_glass_collected_t",
            measure="collected",
            unit="t",
            subgroups=("flat_glass",),
        ),
        *published_by_hand(sources["construction_nl"], CHAIN_TABLE),
        *_flat_glass_delivered(delivered),
        _chains_reporting(delivered),
    ]
    return indicator_table(parts, CHAIN_TABLE)


def _flat_glass_delivered(delivered: pd.DataFrame) -> list[pd.DataFrame]:
    """What became of the flat glass collected (binding agreement on flat glass, Stcrt. 2022, 35215)."""
    glass, whole = ("flat_glass",), "collected"
    of_glass = delivered.loc[delivered["scope_version"] == "all"]
    share = partial(_ratio, of_glass, denominator=whole, subgroups=glass)
    return [
        as_delivered(
            of_glass,
            chain_table=CHAIN_TABLE,
            indicator="flat_glass_collected_t",
            measure=whole,
            unit="t",
            subgroups=glass,
        ),
        share(
            indicator="flat_glass_recycled_share",
            numerator="returned_to_glass_industry",
            method="glass_industry_over_collected",
        ),
        share(
            indicator="flat_glass_flat_to_flat_share",
            numerator="returned_to_flat_glass",
            method="flat_glass_over_collected",
        ),
        share_of_sum(
            of_glass,
            ("returned_to_glass_industry", "used_outside_glass_industry"),
            (whole,),
            chain_table=CHAIN_TABLE,
            indicator="flat_glass_recovery_rate",
            method="glass_applied_over_collected",
            subgroups=glass,
        ),
    ]


def _chains_reporting(delivered: pd.DataFrame) -> pd.DataFrame:
    """Material chains that report, of all chains of the agreement; the one that was not found counts in the whole."""
    reporting = measure_rows(delivered, "roadmaps_reporting", chain_table=CHAIN_TABLE, units=("count",))
    chains = len(load_reference_csv("bouwmaterialen_chains"))
    whole = pd.Series(float(chains), index=reporting.index, dtype="float64")
    return computed_rows(
        [reporting],
        chain_table=CHAIN_TABLE,
        indicator="bma_chain_coverage",
        method="reporting_chains_over_13",
        unit="percent",
        decimals=1,
        value=scaled_ratio(reporting["value"], whole, 100.0),
        numerator=reporting["value"],
        denominator=whole,
        flags=reporting["flags"],
    )


def mineral_consumption(observed: pd.DataFrame) -> pd.DataFrame:
    """Extraction plus imports minus exports of non-metallic minerals, in kilotonnes, without fill sand.

    In: observations. Out: indicators; numerator is the outcome, denominator is null. All three flows are required.
    """
    extraction, imports, exports = aligned(
        [
            measure_rows(
                observed, measure, chain_table=CHAIN_TABLE, subgroups=("non_metallic_minerals",), units=("kt",)
            )
            for measure in ("domestic_extraction", "imports", "exports")
        ],
        matching(),
    )
    consumed = extraction["value"] + imports["value"] - exports["value"]
    return computed_rows(
        [extraction, imports, exports],
        chain_table=CHAIN_TABLE,
        indicator="dmc_nonmetallic_minerals_t",
        method="extraction_plus_imports_minus_exports",
        unit="kt",
        decimals=0,
        value=consumed,
        numerator=consumed,
        denominator=pd.Series(np.nan, index=consumed.index),
        flags=union(extraction["flags"], imports["flags"], exports["flags"]),
    )


def reconciliation(computed_and_published: pd.DataFrame) -> pd.DataFrame:
    """Where computed and published differ. Nothing here is both, so the package has no such table."""
    return reconcile(one_computed_a_cell(computed_and_published), set())


def progress(computed_and_published: pd.DataFrame, targets: pd.DataFrame) -> pd.DataFrame:
    """Every construction target held against what was observed."""
    return progress_towards(computed_and_published, targets, **TREND_OPTIONS)


def _demolition_waste(table: SourceTable) -> pd.DataFrame:
    """Mineral construction and demolition waste, non-hazardous, by operation."""
    frame = table.frame
    chosen = frame.loc[(frame["waste"] == "W121") & (frame["hazard"] == "NHAZ")]
    rows = eurostat_figures(
        replace(table, frame=chosen), chain_table=CHAIN_TABLE, definition_version="waste_statistics"
    )
    return rows.assign(scope_version=CDW_SCOPE)


def _minerals(table: SourceTable) -> pd.DataFrame:
    """Flows of non-metallic minerals and the extraction of fill sand; million kilograms are kilotonnes."""
    known = table.frame.assign(obs_status=cbs_statuses(table))
    frame = known.loc[known["topic"].isin(list(MINERALS)) & known["value"].notna()]
    flows = frame["topic"].map(MINERALS)
    rows = pd.DataFrame(
        {
            "measure": flows.str[0].astype("str"),
            "subgroup": flows.str[1].astype("str"),
            "year": frame["Perioden"].str[:4].astype("int64"),
            "value": frame["value"].astype("float64"),
            "obs_status": frame["obs_status"],
            "flags": frame["obs_status"].map({"P": "p"}).fillna(""),
        },
        index=frame.index,
    ).assign(
        chain_table=CHAIN_TABLE,
        geo="NL",
        unit="kt",
        decimals=0,
        conf_status="F",
        origin="published",
        definition_version="ew_mfa",
        scope_version="all",
        source=table.name,
        vintage=table.record.vintage,
        confidence="primary",
    )
    for column in ("known_break", "source_edition"):
        rows[column] = pd.Series([None] * len(rows), index=rows.index, dtype="str")
    return in_order(rows, OBSERVATION_COLUMNS, OBSERVATION_KEY)

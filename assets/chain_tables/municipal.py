"""The municipal monitor: household waste, the frozen baseline of the VNG survey, and the pyramid (chapter 7.2).

Denominators: kilograms are over the average population of the year; separation is over all household waste; shares of
the survey are over its respondents and fall under the small-number rule. What municipalities deliver is over those that
reported, never over the country; figures of CBS and the survey count before it. Pure functions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import pandas as pd

from assets.chain_tables.assembled import indicator_table, observation_table
from assets.chain_tables.declared import municipalities_in, one_computed_a_cell, public_and_delivered
from assets.chain_tables.packaging import published_by_hand
from assets.chain_tables.source_figures import (
    SourceTable,
    average_population,
    curated_indicators,
    curated_measures,
)
from assets.formulas.flags import union
from assets.formulas.published import as_delivered
from assets.formulas.rates import per_inhabitant, ratio, scaled_ratio
from assets.formulas.reconciliation import reconcile
from assets.formulas.shapes import (
    aligned,
    computed_rows,
    in_order,
    matching,
    measure_rows,
)
from assets.formulas.small_numbers import RATE_UNITS, withhold_small_rates
from assets.formulas.targets import progress as progress_towards
from contracts.vocabulary import load_codelist, load_reference_csv

CHAIN_TABLE = "municipal"
SOURCES = ("demo_gind", "municipal_nl")

BASELINE_METHOD = "index_of_base_year"
SURVEY = "vng_survey"
LEVEL_COLUMNS = ("indicator", "chain_table", "title_nl", "title_en", "pyramid_level", "unit", "direction")

# CBS revises the kilograms after the release that the tonnes were transcribed from; population is Eurostat's.
SAME_RELEASE: set[tuple[str, str]] = set()
TREND_OPTIONS: dict[str, Any] = {
    "published_preference": ("municipal_nl",),
    "preferred_scopes": {},
    # an index of the baseline is another unit than the figure itself
    "ignored_methods": (BASELINE_METHOD,),
}


def observations(sources: Mapping[str, SourceTable]) -> pd.DataFrame:
    """All Dutch figures of the sources as observations."""
    parts = [
        average_population(sources["demo_gind"], chain_table=CHAIN_TABLE, geos=("NL",)),
        curated_measures(sources["municipal_nl"], chain_table=CHAIN_TABLE),
    ]
    return observation_table(parts, CHAIN_TABLE)


def indicators(observed: pd.DataFrame, sources: Mapping[str, SourceTable]) -> pd.DataFrame:
    """Computed indicators beside the published ones; rates of the survey only over a base that is large enough."""
    observed, delivered = public_and_delivered(observed)
    published = pd.concat(published_by_hand(sources["municipal_nl"], CHAIN_TABLE), ignore_index=True)
    parts = [
        _survey_over_enough(published),
        # tonnes are rounded to 0.1 billion kg, so the kilograms are good to some 3 kg
        per_inhabitant(
            observed,
            observed,
            chain_table=CHAIN_TABLE,
            indicator="mun_household_waste_kg_hab",
            measure="household_waste_total",
            decimals=0,
        ),
        _separation_share(curated_indicators(sources["municipal_nl"], chain_table=CHAIN_TABLE)),
        baseline_indices(published, frozen_indicators()),
        *_from_deliveries(delivered),
    ]
    return indicator_table(parts, CHAIN_TABLE)


def _from_deliveries(delivered: pd.DataFrame) -> list[pd.DataFrame]:
    """Staff, budget, procurement, repair and separation of the municipalities that reported.

    Each share is over the municipalities that filled in both amounts, and is withheld where they are too few.
    """
    of = partial(ratio, delivered, chain_table=CHAIN_TABLE, subgroups=("total",))
    per_municipality = partial(
        of, denominator="reporting_municipalities_fte", units=("fte", "count"), across=("unit",), scale=1.0
    )
    rates = [
        (
            "reporting_municipalities_fte",
            per_municipality(
                indicator="mun_fte_ce", numerator="reporting_fte", method="fte_over_municipalities", unit="fte"
            ),
        ),
        (
            "reporting_municipalities_fte",
            of(
                indicator="mun_fte_below_1_share",
                numerator="reporting_municipalities_fte_below_1",
                denominator="reporting_municipalities_fte",
                method="below_1_fte_over_municipalities",
                units=("count",),
                decimals=0,
            ),
        ),
        (
            "reporting_municipalities_budget",
            of(
                indicator="mun_budget_structural_part",
                numerator="reporting_budget_structural",
                denominator="reporting_budget_split",
                method="structural_over_budget",
                units=("eur",),
            ),
        ),
        (
            "reporting_municipalities_procurement",
            of(
                indicator="mun_circular_procurement_share",
                numerator="reporting_procurement_circular",
                denominator="reporting_procurement_split",
                method="circular_over_procurement",
                units=("eur",),
            ),
        ),
        ("reporting_municipalities_residual", _separation_of_reporting(delivered)),
    ]
    events = as_delivered(
        delivered,
        chain_table=CHAIN_TABLE,
        indicator="mun_repair_events",
        measure="reporting_repair_events",
        unit="count",
        subgroups=("total",),
    )
    units = (*RATE_UNITS, "fte")
    return [
        events,
        *[
            withhold_small_rates(rows, *municipalities_in(delivered, rows, base), units=units)
            for base, rows in rates
            if len(rows)
        ],
    ]


def _separation_of_reporting(delivered: pd.DataFrame) -> pd.DataFrame:
    """Household waste that is not residual waste, over all of it, in the municipalities that reported both."""
    whole = delivered.loc[delivered["measure"] == "reporting_household_waste_split"]
    residual = delivered.loc[
        (delivered["measure"] == "reporting_household_waste") & (delivered["subgroup"] == "household_residual")
    ]
    return _separation(whole, residual)


def frozen_indicators() -> tuple[str, ...]:
    """The indicators of which the survey is the frozen baseline."""
    rows = load_reference_csv("municipal_survey")
    return tuple(sorted({row["indicator"] for row in rows if row["indicator"] and row["frozen"] == "true"}))


def _survey_over_enough(published: pd.DataFrame) -> pd.DataFrame:
    """Published rows; a rate of the survey is withheld where the survey has too few respondents or municipalities."""
    base = {row["item"]: float(row["value"]) for row in load_reference_csv("municipal_survey") if row["value"]}
    surveyed = published["definition_version"] == SURVEY
    survey = published.loc[surveyed]
    respondents, municipalities = (
        pd.Series(base[item], index=survey.index, dtype="float64") for item in ("respondents", "municipalities")
    )
    held = withhold_small_rates(survey, respondents, municipalities)
    return pd.concat([part for part in (published.loc[~surveyed], held) if len(part)], ignore_index=True)


def _separation_share(figures: pd.DataFrame) -> pd.DataFrame:
    """What households hand in apart from residual waste, over all household waste; from kilograms per inhabitant.

    Both kilograms are over the same population, so their ratio is that of the tonnes.
    """
    whole, residual = aligned(
        [
            measure_rows(
                figures,
                "mun_household_waste_kg_hab",
                chain_table=CHAIN_TABLE,
                subgroups=(subgroup,),
                units=("kg_per_inhabitant",),
            )
            for subgroup in ("total", "household_residual")
        ],
        matching(across=("subgroup",)),
    )
    return _separation(whole, residual)


def _separation(whole: pd.DataFrame, residual: pd.DataFrame) -> pd.DataFrame:
    whole, residual = aligned([whole, residual], matching(across=("subgroup",)))
    separated = whole["value"] - residual["value"]
    return computed_rows(
        [whole, residual],
        chain_table=CHAIN_TABLE,
        indicator="mun_separation_share",
        method="separated_over_household_waste",
        unit="percent",
        decimals=1,
        value=scaled_ratio(separated, whole["value"], 100.0),
        numerator=separated,
        denominator=whole["value"],
        flags=union(whole["flags"], residual["flags"]),
    )


def baseline_indices(published: pd.DataFrame, frozen: Sequence[str]) -> pd.DataFrame:
    """Later values of the frozen indicators as an index of their baseline, `100 * x[t] / x[baseline year]`.

    In: published indicators. The baseline is the survey's own figure, so a revision elsewhere does not move it. Out:
    indicators in unit index; no row where no later value exists, and none for the baseline year itself.
    """
    on = ["subgroup", "geo", "scope_version"]
    parts = []
    for indicator in frozen:
        rows = published.loc[(published["indicator"] == indicator) & published["value"].notna()]
        base = rows.loc[rows["definition_version"] == SURVEY].sort_values("year").drop_duplicates(on)
        later = rows.merge(base[[*on, "year"]].rename(columns={"year": "baseline_year"}), on=on, how="inner")
        later = later.loc[later["year"] > later["baseline_year"]].reset_index(drop=True)
        reference = later[on].merge(base, on=on, how="left")
        parts.append(
            computed_rows(
                [later, reference],
                chain_table=CHAIN_TABLE,
                indicator=indicator,
                method=BASELINE_METHOD,
                unit="index",
                decimals=1,
                value=scaled_ratio(later["value"], reference["value"], 100.0),
                numerator=later["value"],
                denominator=reference["value"],
                flags=union(later["flags"], reference["flags"]),
            )
        )
    found = [part for part in parts if len(part)]
    return pd.concat(found, ignore_index=True) if found else published.iloc[:0]


def reconciliation(computed_and_published: pd.DataFrame) -> pd.DataFrame:
    """Where computed and published differ, and by how much. An index of the baseline is published by nobody."""
    comparable = computed_and_published.loc[computed_and_published["method"] != BASELINE_METHOD]
    return reconcile(one_computed_a_cell(comparable), SAME_RELEASE)


def progress(computed_and_published: pd.DataFrame, targets: pd.DataFrame) -> pd.DataFrame:
    """Targets of the municipal theme held against what was observed; none is in force now."""
    return progress_towards(computed_and_published, targets, **TREND_OPTIONS)


def extra_tables(_observed: pd.DataFrame | None, _sources: Mapping[str, SourceTable]) -> dict[str, pd.DataFrame]:
    """`indicator_levels`: every indicator of every package with its level of the pyramid. Needs neither argument."""
    codes = load_codelist("indicator").codes
    rows = pd.DataFrame(
        [
            (
                code.code,
                code.get("chain_table"),
                code.label_nl,
                code.label_en,
                code.get("pyramid_level"),
                code.get("unit"),
                code.get("direction"),
            )
            for code in codes
        ],
        columns=list(LEVEL_COLUMNS),
    ).astype("str")
    return {"indicator_levels": in_order(rows, LEVEL_COLUMNS, ("indicator",))}

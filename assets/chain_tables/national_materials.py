"""Material flows of the Netherlands from CBS 83180NED as rows of the national theme, and the goals of the NPCE.

Belongs here: figures of CBS brought to the shapes of observations and indicators (domain study, chapter 6). Does not
belong here: the formulas (`assets/formulas/materials.py`) and what Eurostat publishes (`national.py`). Pure functions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np
import pandas as pd

from assets.chain_tables.source_figures import SourceTable
from assets.formulas import materials
from assets.formulas.arrows import arrow_with_target
from assets.formulas.flags import union
from assets.formulas.rounding import half_up
from assets.formulas.shapes import OBSERVATION_COLUMNS, OBSERVATION_KEY, computed_rows, in_order

CHAIN_TABLE = "national"
FLOWS_TABLE, POPULATION_TABLE = "83180NED", "37852"

#: The groups of materials of `materials.TOPICS` and `materials.LEFT_OUT` as subgroups.
SUBGROUPS = {
    "total": "total",
    "biomass": "biomass",
    "metals": "metal_ores",
    "non_metallic_minerals": "non_metallic_minerals",
    "fossil": "fossil",
    "other_products": "other_products",
    "waste_residuals": "waste_traded",
    "abiotic": "abiotic",
    "without_fossil": "excl_fossil",
}
MEASURES = dict(zip(materials.FLOWS, ("domestic_extraction", "imports", "exports"), strict=True))

#: CBS keeps fill sand out of its total of extraction.
FILL_SAND = "Ophoogzand_23"

#: Gross imports of a transit country: not to be read as its material input (domain study, conflict 4).
GROSS = "gross_imports"

#: The goals of 2035 count from here.
BASE_YEAR = 2016

HALVING_VARIANT_COLUMNS = (
    "variant", "base", "year", "base_value", "value", "index", "share_done", "time_share", "cagr_observed",
    "cagr_required", "ratio", "arrow", "source", "vintage",
)  # fmt: skip


def flow_observations(table: SourceTable) -> pd.DataFrame:
    """Extraction, imports and exports by group of materials, as CBS gives them; observations in kilotonnes."""
    topics = {
        topic: (MEASURES[flow], SUBGROUPS[material])
        for material, of_material in materials.TOPICS.items()
        for flow, topic in zip(materials.FLOWS, of_material, strict=True)
        if topic is not None
    }
    topics[FILL_SAND] = ("domestic_extraction", "fill_sand")
    frame = table.frame.loc[table.frame["topic"].isin(list(topics))].reset_index(drop=True)
    rows = frame.assign(
        measure=frame["topic"].map({topic: measure for topic, (measure, _) in topics.items()}),
        subgroup=frame["topic"].map({topic: subgroup for topic, (_, subgroup) in topics.items()}),
    )
    return cbs_observations(rows, table, unit="kt", decimals=0, definition="ew_mfa")


def january_population(table: SourceTable, first_year: int) -> pd.DataFrame:
    """The population on 1 January; observations in persons. CBS counts it here in thousands."""
    rows = table.frame.assign(
        measure="population_1_january", subgroup="total", value=table.frame["value"].astype("float64") * 1000.0
    )
    observed = cbs_observations(rows, table, unit="persons", decimals=-3, definition="population_cbs")
    return observed.loc[observed["year"] >= first_year].reset_index(drop=True)


def cbs_observations(
    rows: pd.DataFrame, table: SourceTable, *, unit: str, decimals: int, definition: str
) -> pd.DataFrame:
    """Rows of a CBS table (measure, subgroup, Perioden, value) as observations; an empty cell of CBS is no row."""
    found = rows.loc[rows["value"].notna()].reset_index(drop=True)
    found = found.assign(year=found["Perioden"].str[:4].astype("int64"), value=found["value"].astype("float64"))
    found = _of_cbs(found, table, definition).assign(unit=unit, decimals=decimals, origin="published")
    # CBS says of a period whether it is definitive; the copies that ship with the software do not say it
    status = rows.loc[rows["value"].notna(), "obs_status"].reset_index(drop=True) if "obs_status" in rows else None
    known = status.replace("", None) if status is not None else pd.Series([None] * len(found), dtype="object")
    found = found.assign(obs_status=known.fillna("A").to_numpy())
    found = found.assign(flags=found["obs_status"].map({"P": "p"}).fillna(""))
    return in_order(found, OBSERVATION_COLUMNS, OBSERVATION_KEY)


def _of_cbs(rows: pd.DataFrame, table: SourceTable, definition: str, scope: str = "all") -> pd.DataFrame:
    empty = pd.Series([None] * len(rows), index=rows.index, dtype="str")
    return rows.assign(
        chain_table=CHAIN_TABLE,
        geo="NL",
        flags="",
        conf_status="F",
        confidence="primary",
        definition_version=definition,
        scope_version=scope,
        known_break=empty,
        source=table.name,
        source_edition=empty,
        vintage=table.record.vintage,
    )


def material_indicators(sources: Mapping[str, SourceTable]) -> list[pd.DataFrame]:
    """DMC and DMI in all, by material, abiotic and per inhabitant, and the import dependency that follows from them."""
    table, population = sources[FLOWS_TABLE], sources[POPULATION_TABLE]
    consumed, entered = partial(materials.dmc, table.frame), partial(materials.dmi, table.frame)
    consumption = partial(_amount, table, method="extraction_plus_imports_minus_exports")
    inputs = partial(_amount, table, method="extraction_plus_imports", scope=GROSS)
    found = [
        consumption(consumed("abiotic"), indicator="dmc_abiotic_t"),
        inputs(entered("abiotic"), indicator="dmi_abiotic_t"),
        consumption(_by_material(consumed), indicator="dmc_t"),
        inputs(_by_material(entered), indicator="dmi_t"),
        _import_dependency(table),
    ]
    for material in ("total", "abiotic"):
        per_head = partial(_per_head, table, population, subgroup=SUBGROUPS[material])
        found.append(per_head(consumed(material), indicator="dmc_t_hab"))
        found.append(per_head(entered(material), indicator="dmi_t_hab", scope=GROSS))
    return found


def _by_material(amounts_of: Callable[[str], pd.DataFrame]) -> pd.DataFrame:
    groups = (*materials.TOPICS, "without_fossil")
    return pd.concat(
        [amounts_of(material).assign(subgroup=SUBGROUPS[material]) for material in groups], ignore_index=True
    )


def _amount(
    table: SourceTable, amounts: pd.DataFrame, *, indicator: str, method: str, scope: str = "all"
) -> pd.DataFrame:
    """Amounts (year, value and, where it is not the total, subgroup) as an indicator."""
    lead = amounts if "subgroup" in amounts else amounts.assign(subgroup="total")
    return _computed(
        [_of_cbs(lead, table, "ew_mfa", scope)],
        indicator=indicator,
        method=method,
        unit="kt",
        decimals=0,
        value=amounts["value"],
        numerator=amounts["value"],
    )


def _per_head(
    table: SourceTable,
    population: SourceTable,
    amounts: pd.DataFrame,
    *,
    indicator: str,
    subgroup: str,
    scope: str = "all",
) -> pd.DataFrame:
    """Tonnes per inhabitant, by the mean of two 1 Januaries of CBS."""
    persons = materials.mean_population(population.frame)
    values = materials.per_inhabitant(amounts, persons)
    both = values[["year"]].merge(amounts, on="year").merge(persons, on="year", suffixes=("", "_persons"))
    lead = _of_cbs(values[["year"]].assign(subgroup=subgroup), table, "ew_mfa", scope)
    return _computed(
        [lead, _of_cbs(values[["year"]], population, "population_cbs")],
        indicator=indicator,
        method="mass_per_inhabitant",
        unit="t_per_inhabitant",
        decimals=3,
        value=values["value"],
        numerator=both["value"],
        denominator=both["value_persons"],
    )


def _import_dependency(table: SourceTable) -> pd.DataFrame:
    flows = materials.flows(table.frame)
    entered = flows["extraction"] + flows["imports"]
    return _computed(
        [_of_cbs(flows[["year"]].assign(subgroup="total"), table, "ew_mfa")],
        indicator="material_import_dependency",
        method="imports_over_dmi",
        unit="percent",
        decimals=1,
        value=100.0 * flows["imports"] / entered.where(entered > 0),
        numerator=flows["imports"],
        denominator=entered,
    )


def goal_indicators(
    sources: Mapping[str, SourceTable], rates: pd.DataFrame, consumption: pd.DataFrame
) -> list[pd.DataFrame]:
    """The former goal in every variant, and what open figures say about the goals "save" and "replace" of 2035.

    `rates` holds the published circular material use rate of the Netherlands, `consumption` the DMC that its publisher
    divided by; both observations. For "retain" there is no figure with the scope of the goal, so there is no row.
    """
    table = sources[FLOWS_TABLE]
    return [_halving(table), *_save_and_replace(table, rates, consumption)]


def _halving(table: SourceTable) -> pd.DataFrame:
    found = materials.halving_index(table.frame)
    # the base year itself belongs to the series: it is where the way starts
    bases = found.drop_duplicates(["measure", "material", "base_year"])
    bases = bases.assign(year=bases["base_year"], value=bases["base_value"], index=100.0)
    rows = pd.concat([bases, found], ignore_index=True)
    lead = _of_cbs(rows[["year"]].assign(subgroup="total"), table, "npce_2023")
    return _computed(
        [lead.assign(scope_version=_variant(rows))],
        indicator="npce_halving_index",
        method="index_of_base_year",
        unit="index",
        decimals=1,
        value=rows["index"],
        numerator=rows["value"],
        denominator=rows["base_value"],
    )


def _variant(rows: pd.DataFrame) -> pd.Series[str]:
    return rows["measure"] + "_" + rows["material"] + "_base_" + rows["base_year"].astype("str")


def _save_and_replace(table: SourceTable, rates: pd.DataFrame, consumption: pd.DataFrame) -> list[pd.DataFrame]:
    found = materials.save_proxy(table.frame, rates, consumption, BASE_YEAR)
    found = found.loc[found["year"] >= BASE_YEAR].reset_index(drop=True)
    years = found[["year"]]
    base = found.iloc[0]
    lead = _of_cbs(years.assign(subgroup="total"), table, "npce_2025", "incl_secondary")
    secondary = [years.merge(rows, on="year", how="left", validate="one_to_one") for rows in (rates, consumption)]
    save = partial(_computed, indicator="npce2025_save", method="change_vs_2016", unit="percent", decimals=1)
    return [
        save(
            [lead, *secondary],
            value=found["change"],
            numerator=found["value"],
            denominator=pd.Series(base["value"], index=found.index),
        ),
        save(
            [lead.assign(scope_version="excl_secondary")],
            value=found["change_primary"],
            numerator=found["primary"],
            denominator=pd.Series(base["primary"], index=found.index),
        ),
        _computed(
            [lead.assign(scope_version="secondary_part_only"), *secondary],
            indicator="npce2025_replace",
            method="circular_use_share",
            unit="percent",
            decimals=1,
            value=100.0 * found["recycled"] / found["value"],
            numerator=found["recycled"],
            denominator=found["value"],
        ),
    ]


def halving_variants(table: SourceTable) -> pd.DataFrame:
    """How far the former goal was in the latest year, per definition and base year: the arrow depends on the choice."""
    found = materials.halving_index(table.frame)
    found = found.loc[found["year"] == found["year"].max()].reset_index(drop=True)
    arrows = arrow_with_target(
        pd.DataFrame(
            {
                "start": 100.0,
                "value": found["index"],
                "elapsed": found["year"] - found["base_year"],
                "target": materials.HALVING_INDEX,
                "horizon": materials.HALVING_YEAR - found["base_year"],
                "comparator": "at_most",
            }
        )
    )
    places = {"index": 1, "share_done": 1, "time_share": 1, "cagr_observed": 2, "cagr_required": 2, "ratio": 2}
    rows = found.rename(columns={"base_year": "base", "way_done": "share_done", "time_elapsed": "time_share"}).assign(
        variant=_variant(found), arrow=arrows["arrow"], source=table.name, vintage=table.record.vintage
    )
    rows = rows.assign(**{name: half_up(rows[name], _constant(rows, digits)) for name, digits in places.items()})
    return in_order(rows, HALVING_VARIANT_COLUMNS, ("variant",))


def _constant(rows: pd.DataFrame, digits: int) -> pd.Series[int]:
    return pd.Series(digits, index=rows.index, dtype="int64")


def _computed(
    parts: Sequence[pd.DataFrame],
    *,
    indicator: str,
    method: str,
    unit: str,
    decimals: int,
    value: pd.Series[float],
    numerator: pd.Series[float],
    denominator: pd.Series[float] | None = None,
) -> pd.DataFrame:
    return computed_rows(
        parts,
        chain_table=CHAIN_TABLE,
        indicator=indicator,
        method=method,
        unit=unit,
        decimals=decimals,
        value=value,
        numerator=numerator,
        denominator=pd.Series(np.nan, index=value.index) if denominator is None else denominator,
        flags=union(*(part["flags"] for part in parts)),
        definitions=parts[:1],
    )

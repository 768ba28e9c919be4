"""The national theme: material use, circularity, waste and recycling of the Netherlands (domain study, chapter 6).

Published figures stand beside our own where both can be had; the material flows of CBS and the goals of the NPCE are
in `national_materials.py`. Denominators: per inhabitant is per average inhabitant; the official recycling rate is
corrected for trade in waste and is therefore not recycled over treated. Pure functions; the Dagster assets are in
`assets/chain_table_assets.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import pandas as pd

from assets.chain_tables.assembled import indicator_table, observation_table
from assets.chain_tables.national_materials import (
    CHAIN_TABLE as CHAIN_TABLE,
)
from assets.chain_tables.national_materials import (
    FLOWS_TABLE,
    POPULATION_TABLE,
    cbs_observations,
    flow_observations,
    goal_indicators,
    halving_variants,
    january_population,
    material_indicators,
)
from assets.chain_tables.packaging import published_by_hand
from assets.chain_tables.source_figures import SourceTable, cbs_statuses, eurostat_figures
from assets.formulas.flags import letters_of, union
from assets.formulas.published import as_published
from assets.formulas.rates import per_inhabitant, ratio
from assets.formulas.reconciliation import reconcile
from assets.formulas.shapes import (
    aligned,
    computed_rows,
    measure_rows,
)
from assets.formulas.targets import progress as progress_towards

INDUSTRY_TABLE = "84970NED"
WASTE, CE, EX_MINERAL = "waste_statistics", "ce_sectors", "excl_major_mineral"

#: Tables in which Eurostat publishes an indicator: table, indicator, its subgroup, the rows, unit of Eurostat and ours,
#: decimals, definition.
PUBLISHED: tuple[tuple[str, str, str, dict[str, str], tuple[str, str, int], str], ...] = (
    ("env_ac_cur", "cmur", "total", {}, ("PC", "percent", 1), "cmur_method_2018"),
    ("cei_srm030", "cmur", "total", {}, ("PC", "percent", 1), "cmur_method_2018"),
    ("cei_pc020", "rmc_t_hab", "total", {"indic_env": "RMC"}, ("T_HAB", "t_per_inhabitant", 3), "rme_model"),
    ("cei_pc030", "resource_productivity", "total", {}, ("I00", "index", 3), "ew_mfa"),
    ("cei_pc032", "waste_ex_min_per_gdp", EX_MINERAL, {}, ("KG_TEUR_CLV10", "kg_per_1000_eur", 0), WASTE),
    ("cei_pc034", "waste_kg_hab", "total", {"nace_r2": "TOTAL_HH"}, ("KG_HAB", "kg_per_inhabitant", 0), WASTE),
    ("cei_wm010", "recycling_rate_ex_major_mineral", EX_MINERAL, {}, ("PC", "percent", 0), WASTE),
    ("cei_wm011", "municipal_recycling_rate", "total", {}, ("PC", "percent", 1), "as_described"),
    ("cei_gsr010", "consumption_footprint", "total", {"cons_fp": "SWS"}, ("I10", "index", 2), "as_described"),
    ("cei_gsr011", "ghg_production", "total", {"airpol": "GHG"}, ("KG_HAB", "kg_per_inhabitant", 2), "as_described"),
    ("cei_gsr030", "material_import_dependency", "total", {}, ("PC", "percent", 1), "ew_mfa"),
    ("cei_cie011", "ce_persons_employed", "total", {"indic_env": "EMP"}, ("FTE", "fte", 0), CE),
    ("cei_cie011", "ce_persons_employed_share", "total", {"indic_env": "EMP"}, ("PC_EMP_FTE", "percent", 1), CE),
    ("cei_cie012", "ce_value_added", "total", {"indic_env": "GVA"}, ("MIO_EUR", "eur_million", 0), CE),
    ("cei_cie012", "ce_value_added_share", "total", {"indic_env": "GVA"}, ("PC_GDP", "percent", 1), CE),
    ("cei_cie012", "ce_private_investment", "total", {"indic_env": "INV"}, ("MIO_EUR", "eur_million", 0), CE),
    ("cei_cie012", "ce_private_investment_share", "total", {"indic_env": "INV"}, ("PC_GDP", "percent", 1), CE),
)  # fmt: skip

SOURCES = (
    *dict.fromkeys(row[0] for row in PUBLISHED),
    "env_ac_mfa", "env_ac_rme", "env_wasgen", "env_wastrt", "env_wasmun", "nama_10_gdp", "demo_gind",
    FLOWS_TABLE, POPULATION_TABLE, INDUSTRY_TABLE, "national_nl",
)  # fmt: skip
#: What the indicators read beside the observations: published indicators, and CBS in the form its formulas take.
INDICATOR_SOURCES = (*dict.fromkeys(row[0] for row in PUBLISHED), FLOWS_TABLE, POPULATION_TABLE, "national_nl")

SECTORS = {
    "TOTAL_HH": "total",
    "A": "agriculture_sector",
    "B": "mining_sector",
    "C": "manufacturing_sector",
    "D": "energy_sector",
    "E": "water_and_waste_sector",
    "F": "construction_sector",
    "G-U_X_G4677": "services_sector",
    "G4677": "scrap_wholesale",
    "EP_HH": "households",
}
INDUSTRY_WASTE = {
    "T001523": "industry_waste",
    "T001617": "industry_waste_recovered",
    "T001618": "industry_waste_disposed",
}
#: Sections B to E together, all waste.
INDUSTRY_TOTAL = {"BedrijfstakkenBranchesSBI2008": "300002", "Bedrijfsafvalstoffen": "A050391"}

LINK_YEAR = 2010

#: None: Eurostat divides by a population of another release than our copy (France 2021-2023 differs).
SAME_RELEASE: set[tuple[str, str]] = set()
#: The newer release first: the November edition of the CMUR, the 2026 edition of the footprint.
OFFICIAL_FIRST = (
    "env_ac_cur", "cei_srm030", "env_ac_rme", "cei_pc020", "env_ac_mfa", "demo_gind+env_ac_mfa", "cei_pc030",
    "cei_pc034", "env_wasgen", "cei_wm010", "cei_wm011", "cei_gsr030",
)  # fmt: skip
SCOPES = {
    # with gross imports, goods count that leave again; what CBS states without them is the input of the Netherlands
    "dmi_t": ("net_of_reexports",),
    # one variant has to stand in the table of progress; the others are in `halving_variants`
    "npce_halving_index": ("dmc_abiotic_base_2016",),
}
TREND_OPTIONS: dict[str, Any] = {"published_preference": OFFICIAL_FIRST, "preferred_scopes": SCOPES}

_published = partial(as_published, chain_table=CHAIN_TABLE)
_per_inhabitant = partial(per_inhabitant, chain_table=CHAIN_TABLE)
_tonnes_per_inhabitant = partial(
    _per_inhabitant, method="mass_per_inhabitant", unit="t_per_inhabitant", mass_unit="kt", decimals=3
)
_ratio = partial(ratio, chain_table=CHAIN_TABLE)


def _figures(
    table: SourceTable,
    unit: tuple[str, str, int],
    definition: str,
    *,
    where: Mapping[str, str] | None = None,
    measure: str | None = None,
    subgroup: str | None = None,
) -> pd.DataFrame:
    """The rows of a Eurostat table in one of its units as observations; `unit` is theirs, ours and the decimals."""
    theirs, ours, decimals = unit
    frame = table.frame
    conditions = dict(where or {}) | ({"unit": theirs} if "unit" in frame else {})
    for column, code in conditions.items():
        frame = frame.loc[frame[column] == code]
    rows = eurostat_figures(
        replace(table, frame=frame),
        chain_table=CHAIN_TABLE,
        definition_version=definition,
        measure=measure,
        subgroup=subgroup,
        unit="NR",
    )
    return rows.assign(unit=ours, decimals=decimals)


def observations(sources: Mapping[str, SourceTable]) -> pd.DataFrame:
    """Masses, population and GDP of the sources as observations, our own breaks marked beside the source's flags."""
    both = {"hazard": "HAZ_NHAZ"}
    tonnes, kg, kt = ("T", "t", 0), ("KG_HAB", "kg_per_inhabitant", 0), ("THS_T", "kt", 3)
    per_head = ("T_HAB", "t_per_inhabitant", 3)
    accounts = (
        ("env_ac_mfa", "domestic_material_consumption", "ew_mfa"),
        ("env_ac_rme", "raw_material_consumption", "rme_model"),
    )
    parts = [
        *(
            _figures(sources[name], unit, definition, measure=measure, subgroup="total")
            for name, measure, definition in accounts
            for unit in (kt, per_head)
        ),
        *(
            _figures(
                sources["env_wasgen"],
                unit,
                WASTE,
                where=both | {"nace_r2": nace},
                measure="all_waste_generated",
                subgroup=sector,
            )
            for nace, sector in SECTORS.items()
            for unit in (tonnes, kg)
        ),
        *(
            _figures(sources["env_wastrt"], tonnes, WASTE, where=both | {"waste": waste})
            for waste in ("TOTAL", "TOT_X_MIN")
        ),
        *(_figures(sources["env_wasmun"], unit, "as_described", subgroup="municipal_waste") for unit in (tonnes, kg)),
        _figures(
            sources["nama_10_gdp"],
            ("CLV15_MEUR", "eur_million", 1),
            "gdp_chain_linked_2015",
            where={"na_item": "B1GQ"},
            measure="gross_domestic_product",
            subgroup="total",
        ),
        _figures(
            sources["demo_gind"],
            ("NR", "persons", 0),
            "demo_gind",
            where={"indic_de": "AVG"},
            measure="population_average",
            subgroup="total",
        ),
        flow_observations(sources[FLOWS_TABLE]),
        january_population(sources[POPULATION_TABLE], first_year=1996),
        _industry_waste(sources[INDUSTRY_TABLE]),
    ]
    return observation_table(parts, CHAIN_TABLE)


def _industry_waste(table: SourceTable) -> pd.DataFrame:
    """Production waste of industry and energy (sections B to E) according to CBS; its sections are not in this copy."""
    frame = table.frame.assign(obs_status=cbs_statuses(table))
    for column, code in INDUSTRY_TOTAL.items():
        frame = frame.loc[frame[column] == code]
    rows = frame.assign(measure=frame["NuttigeToepassingEnEindverwerking"].map(INDUSTRY_WASTE), subgroup="total")
    return cbs_observations(rows, table, unit="kt", decimals=0, definition="industrial_waste")


def indicators(observed: pd.DataFrame, sources: Mapping[str, SourceTable]) -> pd.DataFrame:
    """Computed indicators, and beside each the value that a source publishes."""
    published = _published_indicators(sources)
    used, footprint = "domestic_material_consumption", "raw_material_consumption"
    parts = [
        *published,
        _published(observed, indicator="dmc_t", unit="kt", measure=used),
        _published(observed, indicator="dmc_t_hab", unit="t_per_inhabitant", measure=used),
        _tonnes_per_inhabitant(observed, observed, indicator="dmc_t_hab", measure=used),
        _published(observed, indicator="rmc_t", unit="kt", measure=footprint),
        _published(observed, indicator="rmc_t_hab", unit="t_per_inhabitant", measure=footprint),
        _tonnes_per_inhabitant(observed, observed, indicator="rmc_t_hab", measure=footprint),
        *_waste_per_inhabitant(observed),
        _ratio(
            observed.loc[observed["source"] == "env_wastrt"],
            indicator="recycling_rate_treated_ex_major_mineral",
            numerator="waste_recycled",
            denominator="waste_treated",
            method="recycled_over_treated",
            subgroups=(EX_MINERAL,),
        ),
        *_municipal_rates(observed),
        _resource_productivity(observed, published),
        *material_indicators(sources),
        *goal_indicators(sources, _dutch(published, "cmur", "env_ac_cur"), _dutch_consumption(observed)),
        *published_by_hand(sources["national_nl"], CHAIN_TABLE),
    ]
    return indicator_table(parts, CHAIN_TABLE)


def _published_indicators(sources: Mapping[str, SourceTable]) -> list[pd.DataFrame]:
    return [
        _published(
            _figures(sources[name], unit, definition, where=where, measure=indicator, subgroup=subgroup),
            indicator=indicator,
            measure=indicator,
            unit=unit[1],
        )
        for name, indicator, subgroup, where, unit, definition in PUBLISHED
    ]


def _dutch(published: list[pd.DataFrame], indicator: str, source: str) -> pd.DataFrame:
    rows = pd.concat(published, ignore_index=True)
    wanted = (rows["indicator"] == indicator) & (rows["source"] == source) & (rows["geo"] == "NL")
    return rows.loc[wanted & rows["value"].notna()]


def _dutch_consumption(observed: pd.DataFrame) -> pd.DataFrame:
    rows = measure_rows(observed, "domestic_material_consumption", chain_table=CHAIN_TABLE, units=("kt",))
    return rows.loc[(rows["geo"] == "NL") & rows["value"].notna()]


def _waste_per_inhabitant(observed: pd.DataFrame) -> list[pd.DataFrame]:
    """Waste of all sectors, of households and municipal waste, from tonnes and as Eurostat publishes it beside them."""
    subgroups = ("total", "households", "municipal_waste")
    waste = partial(_per_inhabitant, observed, observed, measure="all_waste_generated", decimals=0)
    return [
        waste(indicator="waste_kg_hab", subgroups=subgroups),
        _published(
            observed,
            indicator="waste_kg_hab",
            measure="all_waste_generated",
            unit="kg_per_inhabitant",
            subgroups=subgroups,
        ),
    ]


def _municipal_rates(observed: pd.DataFrame) -> list[pd.DataFrame]:
    """Recycled and composted, and landfilled, over municipal waste generated. A part not reported counts as 0."""
    rows = observed.loc[(observed["source"] == "env_wasmun") & (observed["unit"] == "t")]
    parts = rows.loc[rows["measure"].isin(["waste_material_recycled", "waste_composted"])]
    key = ["geo", "year"]
    together = parts.drop_duplicates(key).drop(columns=["value", "flags"])
    sums = (
        parts.assign(unknown=parts["value"].isna())
        .groupby(key, as_index=False)
        .agg(value=("value", "sum"), unknown=("unknown", "any"), flags=("flags", "".join))
    )
    together = together.merge(sums, on=key, validate="one_to_one")
    together = together.assign(
        measure="waste_recycled",
        value=together["value"].mask(together["unknown"]),
        flags=letters_of(together["flags"]),
    )
    whole = pd.concat([rows, together[rows.columns]], ignore_index=True).assign(subgroup="total")
    of_generated = partial(_ratio, whole, denominator="all_waste_generated")
    return [
        of_generated(
            indicator="municipal_recycling_rate",
            numerator="waste_recycled",
            method="recycled_and_composted_over_generated",
        ),
        of_generated(
            indicator="municipal_landfill_share",
            numerator="waste_landfilled_and_otherwise_disposed",
            method="landfilled_over_generated",
        ),
    ]


def _resource_productivity(observed: pd.DataFrame, published: list[pd.DataFrame]) -> pd.DataFrame:
    """GDP over DMC as an index, linked to the published one in 2010: our DMC does not reach back to its base of 2000.

    The link year is left out, since it agrees by construction.
    """
    rows_of = partial(measure_rows, observed, chain_table=CHAIN_TABLE)
    product, used = aligned(
        [
            rows_of("gross_domestic_product", units=("eur_million",)),
            rows_of("domestic_material_consumption", units=("kt",)),
        ],
        ["geo", "year"],
    )
    index = pd.concat(published, ignore_index=True)
    index = index.loc[(index["indicator"] == "resource_productivity") & (index["year"] == LINK_YEAR)]
    own = product["value"] / used["value"].where(used["value"] > 0)
    linked = product[["geo"]].merge(
        product.assign(own=own).loc[product["year"] == LINK_YEAR, ["geo", "own"]], on="geo", how="left"
    )
    at_link = product[["geo"]].merge(index, on="geo", how="left", validate="many_to_one")
    value = at_link["value"] * own / linked["own"]
    kept = value.notna() & (product["year"] != LINK_YEAR)
    product, used, at_link = (part.loc[kept].reset_index(drop=True) for part in (product, used, at_link))
    return computed_rows(
        [product, used, at_link],
        chain_table=CHAIN_TABLE,
        indicator="resource_productivity",
        method="gdp_over_dmc_linked_2010",
        unit="index",
        decimals=1,
        value=value.loc[kept].reset_index(drop=True),
        numerator=product["value"],
        denominator=used["value"],
        flags=union(product["flags"], used["flags"], at_link["flags"]),
        definitions=[used],
    )


def reconciliation(computed_and_published: pd.DataFrame) -> pd.DataFrame:
    """Where computed and published differ, and by how much.

    DMC of CBS is held against Eurostat in kilotonnes; per inhabitant, only Eurostat's own tonnes are held against its
    figure, so that a cell has one computed value.
    """
    of_cbs = (computed_and_published["indicator"] == "dmc_t_hab") & computed_and_published["source"].str.contains(
        FLOWS_TABLE, regex=False
    )
    return reconcile(computed_and_published.loc[~of_cbs], SAME_RELEASE)


def progress(computed_and_published: pd.DataFrame, targets: pd.DataFrame) -> pd.DataFrame:
    """Every national goal held against what was observed."""
    return progress_towards(computed_and_published, targets, **TREND_OPTIONS)


def extra_tables(observed: pd.DataFrame, sources: Mapping[str, SourceTable]) -> dict[str, pd.DataFrame]:  # noqa: ARG001
    """Tables that only this package has. `observed` is part of the interface; the variants come from CBS alone."""
    return {"halving_variants": halving_variants(sources[FLOWS_TABLE])}

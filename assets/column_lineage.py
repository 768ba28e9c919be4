"""Which column of a computed table comes from which column above it: declared a table shape, and checked by tests.

A computed table has the shape of its contract whatever the chain table, so that its lineage is declared once. Where a
column holds what stands in no table (a code of our own, a break from the reference tables) a word says so.
Not here: the computation (`assets/chain_tables`, `assets/formulas`), which tables an asset reads.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg

from assets.markdown import markdown_table
from contracts.contract import Contract

#: Column of a computed table -> `table.column` of those that it comes from. A name alone is a column of that name in
#: every table that is listed first.
_OBSERVED = ("measure", "subgroup")
COMPUTED: Mapping[str, Mapping[str, str]] = {
    "indicators": {
        "chain_table": "observations.chain_table", "indicator": "observations.measure",
        "subgroup": "observations.subgroup", "geo": "observations.geo", "year": "observations.year",
        "value": "observations.value", "value_rounded": "observations.value", "unit": "observations.unit",
        "decimals": "observations.decimals", "obs_status": "observations.obs_status observations.flags",
        "flags": "observations.flags", "conf_status": "observations.conf_status",
        "numerator": "observations.value", "denominator": "observations.value",
        "definition_version": "observations.definition_version", "scope_version": "observations.scope_version",
        "source": "observations.source", "source_edition": "observations.source_edition",
        "vintage": "observations.vintage", "confidence": "observations.confidence",
    },
    "reconciliation": {
        "chain_table": "indicators.chain_table", "indicator": "indicators.indicator",
        "subgroup": "indicators.subgroup", "geo": "indicators.geo", "year": "indicators.year",
        "computed": "indicators.value", "computed_rounded": "indicators.value", "published": "indicators.value",
        "published_source": "indicators.source", "decimals": "indicators.decimals", "difference": "indicators.value",
        "agrees": "indicators.value indicators.decimals", "release_relation": "indicators.source",
        "flags": "indicators.flags",
    },
    "progress": {
        "chain_table": "targets.chain_table", "target_id": "targets.target_id", "indicator": "targets.indicator",
        "subgroup": "targets.subgroup", "geo": "indicators.geo", "level": "targets.level",
        "target_year_from": "targets.year_from", "target_year_to": "targets.year_to",
        "comparator": "targets.comparator", "target_value": "targets.value", "unit": "targets.unit",
        "assessed_year": "indicators.year targets.year_from", "year": "indicators.year", "value": "indicators.value",
        "value_rounded": "indicators.value indicators.decimals", "basis": "indicators.origin",
        "basis_source": "indicators.source", "distance": "indicators.value targets.value",
        "distance_rounded": "indicators.value targets.value indicators.decimals",
        "verdict": "indicators.value targets.value targets.comparator indicators.year targets.year_from",
        "obs_status": "indicators.obs_status", "flags": "indicators.flags", "known_break": "indicators.known_break",
    },
    "trends": {
        "chain_table": "targets.chain_table", "target_id": "targets.target_id", "indicator": "targets.indicator",
        "subgroup": "targets.subgroup", "geo": "indicators.geo", "from_year": "indicators.year",
        "to_year": "indicators.year", "points": "indicators.year",
        "observed_change_per_year": "indicators.value indicators.year",
        "required_change_per_year": "indicators.value indicators.year targets.value targets.year_from",
        "change_unit": "targets.unit", "ratio": "indicators.value indicators.year targets.value targets.year_from",
        "arrow": "indicators.value indicators.year targets.value targets.year_from targets.comparator",
        "projected_value": "indicators.value indicators.year targets.year_from",
        "projected_low": "indicators.value indicators.year targets.year_from",
        "projected_high": "indicators.value indicators.year targets.year_from",
        "probability": "indicators.value indicators.year targets.value targets.year_from targets.comparator",
        "refusal": "indicators.value indicators.year targets.unit",
    },
    "anomalies": {
        "chain_table": "observations.chain_table indicators.chain_table",
        "series": "observations.measure indicators.indicator",
        "subgroup": "observations.subgroup indicators.subgroup", "geo": "observations.geo indicators.geo",
        "year": "observations.year indicators.year", "value": "observations.value indicators.value",
        "previous": "observations.value indicators.value", "note_nl": "observations.value indicators.value",
        "note_en": "observations.value indicators.value",
    },
    "headline": {
        "chain_table": "indicators.chain_table", "indicator": "indicators.indicator",
        "subgroup": "indicators.subgroup", "geo": "indicators.geo", "level": "progress.level",
        "year": "indicators.year", "value": "indicators.value",
        "value_rounded": "indicators.value indicators.decimals", "unit": "indicators.unit",
        "basis": "indicators.origin", "basis_source": "indicators.source", "scope_version": "indicators.scope_version",
        "confidence": "indicators.confidence", "obs_status": "indicators.obs_status", "flags": "indicators.flags",
        "known_break": "indicators.known_break", "target_id": "progress.target_id",
        "comparator": "progress.comparator", "target_value": "progress.target_value",
        "target_year_from": "progress.target_year_from", "target_status": "targets.status",
        "distance_rounded": "progress.distance_rounded", "verdict": "progress.verdict",
        "arrow": "indicators.value indicators.year targets.value targets.year_from targets.comparator",
        "refusal": "indicators.value indicators.year targets.unit",
    },
}  # fmt: skip

#: Column of a source -> columns of the observations, by the kind of source; other columns with codes name what is
#: observed (measure and subgroup).
OF_SOURCE: Mapping[str, Mapping[str, str]] = {
    "eurostat": {
        "geo": "geo", "TIME_PERIOD": "year", "OBS_VALUE": "value", "OBS_FLAG": "flags obs_status conf_status",
        "CONF_STATUS": "conf_status flags", "LAST UPDATE": "source_edition", "unit": "unit decimals",
        "DATAFLOW": "", "freq": "",
    },
    "cbs": {
        "RegioS": "geo", "Perioden": "year obs_status", "value": "value", "obs_status": "obs_status",
        "conf_status": "conf_status", "status_detail": "", "topic": "measure subgroup unit",
    },
    "curated": {
        "series": "measure", "subgroup": "subgroup", "geo": "geo", "year": "year", "value": "value", "unit": "unit",
        "decimals": "decimals", "flags": "flags obs_status conf_status", "definition_version": "definition_version",
        "scope_version": "scope_version", "confidence": "confidence",
    },
    "deliveries": {
        "measure": "measure", "subgroup": "subgroup", "geo": "geo", "year": "year", "unit": "unit",
        "scope_version": "scope_version", "value": "value", "decimals": "decimals",
        "flags": "flags obs_status conf_status", "conf_status": "conf_status",
        "definition_version": "definition_version",
    },
    "research": {"UNU_Key": "subgroup", "Year": "year", "Country": "geo", "POM_kg": "value"},
}  # fmt: skip
#: What a figure of the observations becomes where an indicator reads a source itself.
_AS_INDICATOR = {"measure": "indicator"}
#: Columns that stand in no table above, and where they do come from.
OWN = {
    "chain_table": "vast: de ketentafel van dit pakket",
    "origin": "vast: door de bron gepubliceerd, of door ons berekend",
    "method": "de rekenregel (codelijst method)",
    "known_break": "contracts/reference/known_breaks.csv",
    "source": "de naam van de bron",
    "vintage": "het exemplaar in het archief",
    "source_edition": "het bewaarde record van het exemplaar",
    "confidence": "vast per soort bron",
    "explanation": "de uitleg die bij dit verschil hoort (codelijst explanation)",
    "kind": "de regel die iets opvallends vond",
    "definition_version": "vast per bron en jaar",
    "scope_version": "vast per bron",
    "unit": "vast per bron", "decimals": "vast per eenheid", "geo": "vast: Nederland",
    "conf_status": "vast: niet vertrouwelijk", "flags": "geen vlaggen in de bron",
}  # fmt: skip


@dataclass(frozen=True)
class Above:
    """A table above: its asset key and its contract; `kind` of a source is that of OF_SOURCE, else empty."""

    key: tuple[str, ...]
    contract: Contract
    kind: str = ""


def columns_from(name: str, contract: Contract, above: Sequence[Above]) -> dict[str, list[tuple[tuple[str, ...], str]]]:
    """Column of the computed table `name` -> (asset key, column) of those it comes from; none where it is our own."""
    found: dict[str, list[tuple[tuple[str, ...], str]]] = {column: [] for column in contract.column_names}
    tables = {table.key[-1]: table for table in above if not table.kind}
    for column, origins in COMPUTED.get(name, {}).items():
        for table, upper in _origins(origins, tables):
            if column in found:
                found[column].append((tables[table].key, upper))
    for source in above:
        for upper, lower in _of_source(source):
            for column in (lower, _AS_INDICATOR.get(lower, lower)):
                if column in found and (source.key, upper) not in found[column]:
                    found[column].append((source.key, upper))
    return found


def _origins(named: str, tables: Mapping[str, Above]) -> Iterator[tuple[str, str]]:
    """The tables and columns that a declaration names; a table that is not kept gives way to those it is made of."""
    for origin in named.split():
        table, _, upper = origin.partition(".")
        if table in tables:
            yield table, upper
        else:
            yield from _origins(COMPUTED.get(table, {}).get(upper, ""), tables)


def _of_source(source: Above) -> Iterator[tuple[str, str]]:
    roles = OF_SOURCE.get(source.kind)
    if roles is None:
        return
    for column in source.contract.columns:
        if column.name in roles:
            yield from ((column.name, lower) for lower in roles[column.name].split())
        elif column.code_list is not None and source.kind != "curated":
            yield from ((column.name, lower) for lower in _OBSERVED)


def lineage_metadata(name: str, contract: Contract, above: Sequence[Above]) -> dict[str, Any]:
    """The lineage as Dagster keeps it, and as a table that the steward can read."""
    found = columns_from(name, contract, above)
    titles = {column.name: column.title_nl for column in contract.columns}
    rows = [[f"{titles[column]} (`{column}`)", _words(column, origins)] for column, origins in found.items()]
    return {
        "dagster/column_lineage": dg.TableColumnLineage(
            {
                column: [
                    dg.TableColumnDep(asset_key=dg.AssetKey(list(key)), column_name=upper) for key, upper in origins
                ]
                for column, origins in found.items()
                if origins
            }
        ),
        "waar de kolommen vandaan komen": dg.MetadataValue.md(markdown_table(["kolom", "komt uit"], rows, 400)),
    }


def _words(column: str, origins: Sequence[tuple[tuple[str, ...], str]]) -> str:
    """Origins by the name of their column: `value` of a, b and c stands once."""
    if not origins:
        return OWN.get(column, "de berekening")
    tables: dict[str, list[str]] = {}
    for key, upper in origins:
        tables.setdefault(upper, []).append("/".join(key))
    return "; ".join(f"{upper} van {_some(names)}" for upper, names in tables.items())


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (f" en {len(names) - 3} andere bronnen" if len(names) > 3 else "")

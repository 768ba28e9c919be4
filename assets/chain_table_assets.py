"""Dagster assets of a chain table: observations, indicators, progress, reconciliation, package; and its release.

Thin: what is computed is in `assets/chain_tables`, how it leaves in `publish`. One function makes the assets of every
chain table, so that the lineage of each reads alike.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Any

import dagster as dg

from assets.check_words import check_specs
from assets.column_lineage import Above, lineage_metadata
from assets.made_table import hashes, make
from assets.night import Night
from assets.night_asset import night_asset
from assets.source_assets import TARGETS, pinned_copies, source_key
from assets.stewards_view import definition_metadata, tags_of
from contracts.contract import DELIVERED, Contract, Product, delivered_source_names, product, source_contract

if TYPE_CHECKING:
    from assets.chain_tables.source_figures import SourceTable
    from assets.sources.archive import ArchiveRecord


# Tables that are computed, in the order in which they follow from each other.
COMPUTED = ("observations", "indicators", "reconciliation", "progress", "trends", "anomalies", "headline")


@dataclass(frozen=True)
class ChainTable:
    """A chain table or theme: the id of its product, its asset group, and the sources it reads.

    The module `assets.chain_tables.<module>` (by default the group's name) computes it. `read_by_indicators` are the
    sources that its indicators read beside the observations; by default the figures transcribed by hand.
    `only_indicators` are those of its sources of which nothing stands in the observations.
    """

    product_id: str
    group: str
    sources: tuple[str, ...]
    read_by_indicators: tuple[str, ...] | None = None
    module: str | None = None
    only_indicators: tuple[str, ...] = ()

    @property
    def product(self) -> Product:
        """The contract of its package."""
        return product(self.product_id)

    @property
    def chain_table(self) -> str:
        """Its code in the code list `chain_table`."""
        return self.product.chain_table

    @property
    def computed(self) -> tuple[str, ...]:
        """The computed tables that its package has."""
        names = {contract.table for contract in self.product.tables}
        return tuple(name for name in COMPUTED if name in names)

    @property
    def delivered(self) -> tuple[str, ...]:
        """The source of what is delivered to this chain table; none where nothing can be delivered."""
        name = f"{DELIVERED}{self.chain_table}"
        return (name,) if name in delivered_source_names() else ()

    @property
    def indicator_sources(self) -> tuple[str, ...]:
        """Sources that the indicators read beside the observations."""
        if self.read_by_indicators is not None:
            return self.read_by_indicators
        return tuple(name for name in self.sources if name.endswith("_nl"))

    def computation(self) -> ModuleType:
        """The module that computes it; imported only when a table is made, because it needs pandas."""
        from importlib import import_module

        return import_module(f"assets.chain_tables.{self.module or self.group}")


# Published by Eurostat as indicators, or computed from topics that are no observations of their own.
_NATIONAL_READ_DIRECTLY = (
    "env_ac_cur",
    "cei_srm030",
    "cei_pc020",
    "cei_pc030",
    "cei_pc032",
    "cei_pc034",
    "cei_wm010",
    "cei_wm011",
    "cei_gsr010",
    "cei_gsr011",
    "cei_gsr030",
    "cei_cie011",
    "cei_cie012",
    "83180NED",
    "37852",
    "national_nl",
)

CHAIN_TABLES = (
    ChainTable(
        "packaging",
        "packaging",
        ("env_waspac", "env_waspacr", "cei_wm020", "cei_pc040", "cei_pc050", "demo_gind", "packaging_nl"),
    ),
    ChainTable(
        "electronics",
        "electronics",
        ("env_waselee", "cei_wm060", "demo_gind", "electronics_nl", "unu_pom"),
        ("electronics_nl", "unu_pom"),
        only_indicators=("unu_pom",),
    ),
    ChainTable("furniture", "furniture", ("84970NED", "84971NED", "furniture_nl")),
    ChainTable("textile", "textile", ("84970NED", "84971NED", "demo_gind", "textile_nl")),
    ChainTable("construction-materials", "construction", ("env_wastrt", "83180NED", "84970NED", "construction_nl")),
    ChainTable(
        "national-circularity",
        "national",
        (
            *_NATIONAL_READ_DIRECTLY,
            "env_ac_mfa",
            "env_ac_rme",
            "env_wasgen",
            "env_wastrt",
            "env_wasmun",
            "nama_10_gdp",
            "demo_gind",
            "84970NED",
        ),
        _NATIONAL_READ_DIRECTLY,
        only_indicators=tuple(name for name in _NATIONAL_READ_DIRECTLY if name not in ("83180NED", "37852")),
    ),
    ChainTable("craft-centres", "craft_centres", ("demo_gind", "craft_centres_nl")),
    ChainTable("municipal-monitor", "municipalities", ("demo_gind", "municipal_nl"), module="municipal"),
    ChainTable("chain-governance", "governance", ()),
)


def source_tables(night: Night, names: tuple[str, ...]) -> "dict[str, SourceTable]":
    """The standing source tables as frames, each with the record of the copy it was made from."""
    from assets.chain_tables.source_figures import SourceTable

    copies = pinned_copies(night, names)
    return {
        record.source: SourceTable(record.source, night.tables.read("sources", record.source).to_pandas(), record)
        for record, _ in copies
    }


def copies_of(night: Night, chain: ChainTable) -> "list[tuple[ArchiveRecord, int]]":
    """The copies that a chain table reads, each with its number of rows; that of the deliveries where there is one."""
    came_in = [name for name in chain.delivered if has_copy(night, name)]
    return pinned_copies(night, (*chain.sources, *came_in))


def has_copy(night: Night, name: str) -> bool:
    """Whether the table of a source that stands was made from a copy: without deliveries it stands empty."""
    standing = night.tables.standing("sources", name)
    return standing is not None and standing.fact("copy") is not None


def _with_delivered(night: Night, chain: ChainTable, observed: Any) -> Any:
    """The observations with the totals of what was delivered; without deliveries nothing is added."""
    from assets.chain_tables.source_figures import delivered_figures, with_rows

    came_in = tuple(name for name in chain.delivered if has_copy(night, name))
    tables = source_tables(night, came_in)
    return with_rows(observed, [delivered_figures(tables[name], chain_table=chain.chain_table) for name in came_in])


def _options(steps: ModuleType) -> dict[str, Any]:
    """What a chain table prefers where several values compete; the same for progress, trends and headline."""
    options: dict[str, Any] = steps.TREND_OPTIONS
    return options


def _computed(night: Night, chain: ChainTable, name: str) -> Any:
    """One computed table of a chain table, as a frame."""
    from assets.chain_tables import derived

    steps = chain.computation()
    if name == "observations":
        from assets.chain_tables.reference_tables import corrections
        from assets.formulas.corrections import corrected

        observed = _with_delivered(night, chain, steps.observations(source_tables(night, chain.sources)))
        return corrected(observed, corrections(chain.chain_table))
    if name == "indicators":
        observed = frame(night, chain.group, "observations")
        return steps.indicators(observed, source_tables(night, chain.indicator_sources))
    known = frame(night, chain.group, "indicators")
    if name == "reconciliation":
        return steps.reconciliation(known)
    if name == "anomalies":
        return derived.anomalies(frame(night, chain.group, "observations"), known)
    goals = frame(night, "sources", "targets")
    goals = goals.loc[goals["chain_table"] == chain.chain_table].reset_index(drop=True)
    if name == "progress":
        return steps.progress(known, goals)
    if name == "trends":
        return derived.trends(known, goals, chain.chain_table, _options(steps))
    # a theme without targets has no table of progress; its headline is the latest values
    progress = frame(night, chain.group, "progress") if "progress" in chain.computed else steps.progress(known, goals)
    trends = derived.trends(known, goals, chain.chain_table, _options(steps))
    return derived.headline(known, goals, progress, trends, _options(steps))


def _table_asset(chain: ChainTable, name: str, deps: list[dg.AssetKey]) -> dg.AssetsDefinition:
    contract = chain.product.table(name)

    @night_asset(
        key=[chain.group, name],
        deps=deps,
        group_name=chain.group,
        kinds={"python", "parquet"},
        tags=tags_of(chain_table=chain.chain_table),
        level=contract.service_level,
        description=f"{contract.granularity_nl}\n\n{contract.description_nl}",
        metadata=definition_metadata(contract) | lineage_metadata(name, contract, _above(chain, name)),
        check_specs=check_specs([chain.group, name], contract, computed=True),
    )
    def table(context: dg.AssetExecutionContext, night: dg.ResourceParam[Night]) -> Iterator[Any]:
        """Computes the table from the tables that stand, unless nothing changed."""
        inputs = hashes(night, {"/".join(key.path): (key.path[0], key.path[1]) for key in deps})
        yield from make(
            context, night, chain.group, name, contract, inputs, lambda: _computed(night, chain, name), chain.product_id
        )

    return table


def _above(chain: ChainTable, name: str) -> list[Above]:
    """The tables that a computed one reads, for its lineage by column."""
    if name == "observations":
        names = [source for source in (*chain.sources, *chain.delivered) if source not in chain.only_indicators]
    else:
        names = list(chain.indicator_sources) if name == "indicators" else []
    found = [Above(tuple(source_key(n).path), source_contract(n), _kind(source_contract(n))) for n in names]
    found += [Above((chain.group, other), chain.product.table(other)) for other in chain.computed if other != name]
    return [*found, Above(tuple(TARGETS.path), product("targets").table("targets"))]


def _kind(contract: Contract) -> str:
    return str(contract.get("sourceKind"))


def frame(night: Night, group: str, name: str) -> Any:
    """A standing table as the frame that formulas take: no flag is the empty string."""
    found = night.tables.read(group, name).to_pandas()
    for column in found.columns:
        if str(found[column].dtype) == "object":
            found[column] = found[column].astype("str")
    if "flags" in found:
        found["flags"] = found["flags"].fillna("")
    return found


def chain_table_assets(chain: ChainTable) -> list[dg.AssetsDefinition]:
    """The computed tables of one chain table, from observations to headline."""

    def key(name: str) -> dg.AssetKey:
        return dg.AssetKey([chain.group, name])

    deps = {
        "observations": [source_key(name) for name in (*chain.sources, *chain.delivered)],
        "indicators": [key("observations"), *(source_key(name) for name in chain.indicator_sources)],
        "reconciliation": [key("indicators")],
        "anomalies": [key("observations"), key("indicators")],
        "progress": [key("indicators"), TARGETS],
        "trends": [key("indicators"), TARGETS],
        "headline": [key("indicators"), *([key("progress")] if "progress" in chain.computed else []), TARGETS],
    }
    return [_table_asset(chain, name, deps[name]) for name in chain.computed]

"""Dagster assets of a chain table: observations, indicators, progress, reconciliation, package; and its release.

Thin: what is computed is in `assets/chain_tables`, how it leaves in `publish`. One function makes the assets of every
chain table, so that the lineage of each reads alike.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Any

import dagster as dg

from assets.made_table import hashes, make
from assets.night import Night
from assets.source_assets import TARGETS, pinned_copies, source_key
from assets.stewards_view import OWNERS, check_specs, definition_metadata
from contracts.contract import Product, product

if TYPE_CHECKING:
    from assets.chain_tables.source_figures import SourceTable


@dataclass(frozen=True)
class ChainTable:
    """A chain table: the id of its product, its asset group, the module that computes it, and the sources it reads."""

    product_id: str
    group: str
    module: str
    sources: tuple[str, ...]

    @property
    def product(self) -> Product:
        """The contract of its package."""
        return product(self.product_id)

    def computation(self) -> ModuleType:
        """The module that computes it; imported only when a table is made, because it needs pandas."""
        from importlib import import_module

        return import_module(self.module)


CHAIN_TABLES = (
    ChainTable(
        "packaging",
        "packaging",
        "assets.chain_tables.packaging",
        ("env_waspac", "env_waspacr", "cei_wm020", "cei_pc040", "cei_pc050", "demo_gind", "packaging_nl"),
    ),
    ChainTable(
        "electronics",
        "electronics",
        "assets.chain_tables.electronics",
        ("env_waselee", "cei_wm060", "demo_gind", "electronics_nl"),
    ),
)


def source_tables(night: Night, names: tuple[str, ...]) -> "dict[str, SourceTable]":
    """The standing source tables as frames, each with the record of the copy it was made from."""
    from assets.chain_tables.source_figures import SourceTable

    copies = pinned_copies(night, names)
    return {
        record.source: SourceTable(record.source, night.tables.read("sources", record.source).to_pandas(), record)
        for record, _ in copies
    }


def _table_asset(chain: ChainTable, name: str, deps: list[dg.AssetKey]) -> dg.AssetsDefinition:
    contract = chain.product.table(name)

    @dg.asset(
        key=[chain.group, name],
        deps=deps,
        group_name=chain.group,
        owners=OWNERS,
        kinds={"python", "parquet"},
        description=f"{contract.granularity_nl}\n\n{contract.description_nl}",
        metadata=definition_metadata(contract),
        check_specs=check_specs([chain.group, name], contract),
    )
    def table(context: dg.AssetExecutionContext, night: dg.ResourceParam[Night]) -> Iterator[Any]:
        """Computes the table from the tables that stand, unless nothing changed."""
        inputs = hashes(night, {"/".join(key.path): (key.path[0], key.path[1]) for key in deps})

        def compute() -> Any:
            steps = chain.computation()
            if name == "observations":
                return steps.observations(source_tables(night, chain.sources))
            if name == "indicators":
                observed = _frame(night, chain.group, "observations")
                by_hand = tuple(s for s in chain.sources if s.endswith("_nl"))
                return steps.indicators(observed, source_tables(night, by_hand))
            known = _frame(night, chain.group, "indicators")
            if name == "reconciliation":
                return steps.reconciliation(known)
            goals = _frame(night, "sources", "targets")
            return steps.progress(
                known, goals.loc[goals["chain_table"] == chain.product.chain_table].reset_index(drop=True)
            )

        yield from make(context, night, chain.group, name, contract, inputs, compute)

    return table


def _frame(night: Night, group: str, name: str) -> Any:
    """A standing table as the frame that formulas take: no flag is the empty string."""
    frame = night.tables.read(group, name).to_pandas()
    for column in frame.columns:
        if str(frame[column].dtype) == "object":
            frame[column] = frame[column].astype("str")
    if "flags" in frame:
        frame["flags"] = frame["flags"].fillna("")
    return frame


def chain_table_assets(chain: ChainTable) -> list[dg.AssetsDefinition]:
    """The tables of one chain table, from observations to progress."""
    by_hand = [source_key(name) for name in chain.sources if name.endswith("_nl")]
    observations = dg.AssetKey([chain.group, "observations"])
    indicators = dg.AssetKey([chain.group, "indicators"])
    return [
        _table_asset(chain, "observations", [source_key(name) for name in chain.sources]),
        _table_asset(chain, "indicators", [observations, *by_hand]),
        _table_asset(chain, "reconciliation", [indicators]),
        _table_asset(chain, "progress", [indicators, TARGETS]),
    ]

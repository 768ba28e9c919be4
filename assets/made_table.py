"""One way to make a computed table: compute, audit, promote, say so; or nothing if its inputs are those of last time.

Belongs here: the step around a computation. Does not belong here: any computation.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import dagster as dg

from assets.check_words import check_results
from assets.night import Night
from assets.stewards_view import standing_metadata
from contracts.contract import Contract

if TYPE_CHECKING:
    import pandas as pd


def make(
    context: dg.AssetExecutionContext,
    night: Night,
    group: str,
    name: str,
    contract: Contract,
    inputs: Mapping[str, str],
    compute: "Callable[[], pd.DataFrame]",
    dataset: str | None = None,
) -> Iterator[Any]:
    """Yields the events of one table; a refused one raises dagster.Failure.

    `inputs` are the hashes of what `compute` reads; `dataset` is the package that publishes the table.
    """
    from assets.table_store import TableRefused, inputs_key
    from contracts.arrow import table_from_frame

    key = inputs_key(contract, inputs)
    standing = night.tables.current(group, name, key)
    unchanged = standing is not None
    if standing is None:
        table = table_from_frame(compute(), contract)
        try:
            standing, _, _ = night.tables.put(group, name, table, contract, key, inputs=inputs)
        except TableRefused as refusal:
            yield from check_results(contract, refusal.verdict.checks, quarantine=refusal.kept)
            raise dg.Failure(str(refusal), allow_retries=False) from refusal
    context.log.info(f"{group}/{name}: {standing.rows} rows, {'unchanged' if unchanged else 'made'}")
    yield dg.MaterializeResult(
        metadata=standing_metadata(night, group, standing, contract, unchanged, dataset),
        data_version=dg.DataVersion(standing.sha256[:16]),
    )
    yield from check_results(contract, standing.checks)


def hashes(night: Night, tables: Mapping[str, tuple[str, str]]) -> dict[str, str]:
    """The sha256 of each standing table, by the name under which a step reads it."""
    found = {}
    for label, (group, name) in tables.items():
        standing = night.tables.standing(group, name)
        if standing is None:
            raise dg.Failure(f"{group}/{name} is not there yet; make it first", allow_retries=False)
        found[label] = standing.sha256
    return found

"""The life of a dataset: every figure that was revised, and since which release each row stands as it does.

`history/revisions.csv` has a row for each figure or status that a later release changed; `history/keys.parquet` the
release in which each row first appeared and last changed. Here: carrying both from one release to the next.
Not here: finding the changes (`cells.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from contracts.arrow import arrow_schema
from contracts.contract import Contract, shape
from publish.cells import key_texts
from publish.difference import Difference
from publish.revision_policy import figure_changes, holds_figures

REVISIONS = "revisions"
REVISIONS_PATH = "history/revisions.csv"
KEYS_PATH = "history/keys.parquet"
KEYS_SCHEMA = pa.schema([(name, pa.string()) for name in ("table", "key", "first_version", "last_changed_version")])


def revisions_contract() -> Contract:
    """The contract of the table of revisions, the same in every package."""
    return shape("revision")


def no_revisions() -> pa.Table:
    """The revisions of a first release."""
    return arrow_schema(revisions_contract()).empty_table()


def revisions_after(
    before: pa.Table,
    found: Difference,
    contracts: Mapping[str, Contract],
    *,
    from_version: str,
    in_version: str,
    released_at: datetime,
) -> pa.Table:
    """The revisions so far and those of this release below them, in the columns of `revisions_contract`."""
    parts = [
        figure_changes(found.changes, contract)
        for name, contract in contracts.items()
        if name not in found.code_lists and holds_figures(contract)
    ]
    changed = pa.concat_tables(parts) if parts else found.changes.slice(0, 0)
    rows = changed.num_rows
    told = {
        "from_version": pa.array([from_version] * rows, pa.string()),
        "in_version": pa.array([in_version] * rows, pa.string()),
        "released_at": pa.array([released_at] * rows, before.schema.field("released_at").type),
    }
    columns = {name: told[name] if name in told else changed[name] for name in before.column_names}
    return pa.concat_tables([before, pa.table(columns, schema=before.schema)])


def first_keys(tables: Mapping[str, pa.Table], contracts: Mapping[str, Contract], version: str) -> pa.Table:
    """The keys of all tables with figures, all of them first seen in `version`."""
    blocks = []
    for name, contract in contracts.items():
        if name in tables and holds_figures(contract):
            keys = key_texts(tables[name], contract.primary_key)
            named = [pa.array([text] * len(keys), pa.string()) for text in (name, version, version)]
            blocks.append(pa.table([named[0], keys, named[1], named[2]], schema=KEYS_SCHEMA))
    return pa.concat_tables(blocks).combine_chunks() if blocks else KEYS_SCHEMA.empty_table()


def keys_after(before: pa.Table, now: pa.Table, changes: pa.Table, version: str) -> pa.Table:
    """`now` (from `first_keys`, of this version) with what an earlier release knew of each key.

    A key that was there keeps the release in which it first appeared; the last change is this release only where one of
    its cells changed.
    """
    identity = _identity(before), _identity(now)
    at = pc.index_in(identity[1], value_set=identity[0])
    known = before.take(pc.fill_null(at, 0)) if before.num_rows else now
    was_there = at.is_valid()
    touched = pc.is_in(identity[1], value_set=_identity(changes).combine_chunks())
    first = pc.if_else(was_there, known["first_version"], now["first_version"])
    kept = pc.and_(was_there, pc.invert(touched))
    last = pc.if_else(kept, known["last_changed_version"], pa.scalar(version))
    return pa.table([now["table"], now["key"], first, last], schema=KEYS_SCHEMA).combine_chunks()


def _identity(table: pa.Table) -> pa.ChunkedArray:
    return pc.binary_join_element_wise(table["table"], table["key"], "\x1f")

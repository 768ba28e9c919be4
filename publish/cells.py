"""Which rows and cells differ between two editions of one table, as a table of changes.

Here: matching rows by their key and comparing cells as they are published. Not here: what a change asks of the version
(`difference.py`), or whether it may be published (`revision_policy.py`).
"""

from __future__ import annotations

import json

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from contracts.contract import Contract
from publish.tables import as_text

#: The `obs_status` of a row that only says that its figure is awaited: it never held one, and goes when one comes.
AWAITED_STATUS = "O"

CHANGES_SCHEMA = pa.schema(
    [
        (name, pa.string())
        for name in ("table", "key", "change", "column", "old_value", "new_value", "old_status", "new_status")
    ]
)


Rows = npt.NDArray[np.int64]


def _match(old: pa.Table, new: pa.Table, key: tuple[str, ...]) -> tuple[Rows, Rows]:
    """Row numbers of old and new rows with the same key, side by side; -1 where the other side has none."""
    if not set(key) <= set(old.column_names):
        # under another key no row can be recognised: all old ones went, all new ones came
        nothing_old, nothing_new = np.full(new.num_rows, -1), np.full(old.num_rows, -1)
        return np.concatenate([np.arange(old.num_rows), nothing_old]), np.concatenate(
            [nothing_new, np.arange(new.num_rows)]
        )
    import duckdb

    on = " AND ".join(f"o.k{i} = n.k{i}" for i in range(len(key)))
    with duckdb.connect(config={"threads": 1}) as connection:
        for side, table in (("o", old), ("n", new)):
            columns = {f"k{i}": pc.fill_null(table.column(name), "") for i, name in enumerate(key)}
            connection.register(side, pa.table({**columns, "row": np.arange(table.num_rows)}))
        pairs = connection.sql(
            'SELECT coalesce(o."row", -1) AS o, coalesce(n."row", -1) AS n '
            f"FROM o FULL OUTER JOIN n ON {on} ORDER BY n, o"
        ).to_arrow_table()
    return pairs.column("o").to_numpy(), pairs.column("n").to_numpy()


def _texts(table: pa.Table, column: str | None, rows: Rows) -> pa.Array:
    """Cells of one text column at `rows`, the empty text as null; nulls where there is no such row."""
    if column is None or column not in table.column_names:
        return pa.nulls(len(rows), pa.string())
    found = table.column(column).combine_chunks().take(pa.array(rows, mask=rows < 0))
    return pc.if_else(pc.equal(found, ""), pa.scalar(None, pa.string()), found)


def _differs(old: pa.Array, new: pa.Array) -> npt.NDArray[np.bool_]:
    unequal = pc.not_equal(pc.fill_null(old, ""), pc.fill_null(new, ""))
    found: npt.NDArray[np.bool_] = unequal.to_numpy(zero_copy_only=False)
    return found


def _key_columns(
    old: pa.Table, new: pa.Table, key: tuple[str, ...], old_rows: Rows, new_rows: Rows
) -> dict[str, pa.ChunkedArray]:
    """Key values of every change: from the new row where there is one.

    Numbers stay numbers when both releases agree on it.
    """
    columns: dict[str, pa.ChunkedArray] = {}
    gone = new_rows < 0
    for name in key:
        before = (
            old.column(name).combine_chunks()
            if name in old.column_names
            else pa.nulls(old.num_rows, new.schema.field(name).type)
        )
        after = new.column(name).combine_chunks()
        if before.type != after.type or not pa.types.is_integer(after.type):
            before, after = (as_text(pa.table({"k": side})).column("k").combine_chunks() for side in (before, after))
        from_old = before.take(pa.array(old_rows, mask=old_rows < 0))
        from_new = after.take(pa.array(new_rows, mask=gone))
        columns[name] = pc.if_else(pa.array(gone), from_old, from_new)
    return columns


def _json_text(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Each value as JSON writes it: whole numbers plain, everything else as a quoted text, nothing as null."""
    if pa.types.is_integer(values.type):
        return pc.fill_null(values.cast(pa.string()), "null")
    if pc.any(pc.match_substring_regex(values, r"[\x00-\x1f]")).as_py():
        quoted = [None if text is None else json.dumps(text, ensure_ascii=False) for text in values.to_pylist()]
        return pc.fill_null(pa.chunked_array([pa.array(quoted, pa.string())]), "null")
    escaped = pc.replace_substring(pc.replace_substring(values, "\\", "\\\\"), '"', '\\"')
    return pc.fill_null(pc.binary_join_element_wise('"', escaped, '"', ""), "null")


def key_texts(table: pa.Table, key: tuple[str, ...]) -> pa.ChunkedArray:
    """The key of every row as one text, `{"geo": "NL", "year": 2017}`: how changes and histories name a row."""
    if not key:
        return pa.chunked_array([pa.array(["{}"] * table.num_rows, pa.string())])
    text = as_text(table.select(list(key)))
    parts: list[pa.ChunkedArray | str] = []
    for position, name in enumerate(key):
        opening = "{" if position == 0 else ", "
        whole = pa.types.is_integer(table.schema.field(name).type)
        parts += [opening + json.dumps(name) + ": ", _json_text(table.column(name) if whole else text.column(name))]
    return pc.binary_join_element_wise(*parts, "}", "")


def cell_changes(old: pa.Table, new: pa.Table, contract: Contract) -> pa.Table:
    """Rows added and removed and cells changed, in the columns of CHANGES_SCHEMA, ordered by key and column.

    Takes both tables in the types of their own release. Cells are compared as they are published (12
    significant digits); provenance columns do not count, nor do columns that only one side has: those are
    changes of the schema. `old_status` and `new_status` are the `obs_status` of the row, where the table has
    it.
    """
    key = contract.primary_key
    old_text, new_text = as_text(old), as_text(new)
    old_rows, new_rows = _match(old_text, new_text, key)
    both = (old_rows >= 0) & (new_rows >= 0)
    events: list[tuple[str, str | None, int, npt.NDArray[np.bool_]]] = [
        ("removed", None, -1, new_rows < 0),
        ("added", None, -1, old_rows < 0),
    ]
    for position, name in enumerate(contract.column_names):
        if name in key or name in contract.provenance_columns or name not in old_text.column_names:
            continue
        differs = both & _differs(_texts(old_text, name, old_rows), _texts(new_text, name, new_rows))
        events.append(("changed", name, position, differs))
    blocks = []
    for change, column, position, where in events:
        before, after = old_rows[where], new_rows[where]
        size = len(before)
        keys = _key_columns(old, new, key, before, after)
        blocks.append(
            pa.table(
                {
                    **{f"k{i}": values for i, values in enumerate(keys.values())},
                    "position": pa.array(np.full(size, position)),
                    "change": pa.array([change] * size, pa.string()),
                    "column": pa.array([column] * size, pa.string()),
                    "old_value": _texts(old_text, column, before),
                    "new_value": _texts(new_text, column, after),
                    "old_status": _texts(old_text, "obs_status", before),
                    "new_status": _texts(new_text, "obs_status", after),
                }
            )
        )
    found = pa.concat_tables(blocks)
    order = [f"k{i}" for i in range(len(key))]
    found = found.take(
        pc.sort_indices(found, sort_keys=[(name, "ascending", "at_start") for name in (*order, "position", "change")])
    )
    keys = found.select(order).rename_columns(list(key))
    found = found.append_column("key", key_texts(keys, key))
    found = found.append_column("table", pa.array([contract.table] * found.num_rows, pa.string()))
    return found.select(CHANGES_SCHEMA.names).cast(CHANGES_SCHEMA)

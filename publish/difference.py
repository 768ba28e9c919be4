"""What changed between two releases: schema, rows, cells; and the version number that this asks for.

Here: comparing two descriptors and two tables. Not here: reading the last release or deciding to publish
(`release.py`).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from contracts.contract import Contract
from publish.tables import as_text

Bump = Literal["major", "minor", "patch", "none"]
FieldEvent = Literal["added", "removed", "reordered", "retyped", "tightened", "loosened"]

# The table that says where figures came from. A new retrieval of the same figures is no new release.
PROVENANCE_TABLE = "sources"

CHANGES_SCHEMA = pa.schema(
    [
        (name, pa.string())
        for name in ("table", "key", "change", "column", "old_value", "new_value", "old_status", "new_status")
    ]
)

# What differs between two releases of the same figures under the same description.
_VOLATILE = {"version", "created", "sources", "resources"}
_VOLATILE_RESOURCE = {"bytes", "hash", "schema", "upv:alternates", "upv:rows"}
_STRUCTURAL_FIELD = ("type", "format", "constraints")
_LOWER_BOUNDS = {"minimum", "exclusiveMinimum", "minLength"}
_UPPER_BOUNDS = {"maximum", "exclusiveMaximum", "maxLength"}


@dataclass(frozen=True)
class FieldChange:
    """One structural change; `field` is empty where the whole table is meant (column order, key)."""

    table: str
    field: str
    event: FieldEvent
    what: str
    old: Any = None
    new: Any = None


@dataclass(frozen=True)
class SchemaDifference:
    """How the descriptions differ: tables, fields, and the names of changed descriptive properties."""

    tables_added: tuple[str, ...] = ()
    tables_removed: tuple[str, ...] = ()
    fields: tuple[FieldChange, ...] = ()
    descriptions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Difference:
    """What changed against the last release. The counts have an entry for every table, code lists included.

    `changes` has the columns of CHANGES_SCHEMA; `code_lists` names the tables that are code lists.
    """

    schema: SchemaDifference = SchemaDifference()
    rows_added: Mapping[str, int] = field(default_factory=dict)
    rows_removed: Mapping[str, int] = field(default_factory=dict)
    cells_changed: Mapping[str, int] = field(default_factory=dict)
    changes: pa.Table = field(default_factory=CHANGES_SCHEMA.empty_table)
    code_lists: frozenset[str] = frozenset()

    def required_bump(self) -> Bump:
        """The smallest step of the version that is honest to users.

        - major: something that they read is gone, moved or of another type, or a rule became stricter.
        - minor: something new, or a figure has another value; a revised statistic repairs no error.
        - patch: only texts (titles, descriptions, licence, names of codes).
        """
        events = {change.event for change in self.schema.fields}
        if self.schema.tables_removed or events - {"loosened"} or any(self.rows_removed.values()):
            return "major"
        figures = sum(count for table, count in self.cells_changed.items() if table not in self.code_lists)
        if self.schema.tables_added or events or any(self.rows_added.values()) or figures:
            return "minor"
        if self.schema.descriptions or any(self.cells_changed.values()):
            return "patch"
        return "none"

    def summary(self) -> dict[str, Any]:
        """The counts as they stand in `diff/summary.json`."""
        tables = sorted({*self.rows_added, *self.rows_removed, *self.cells_changed})
        cells = Counter(
            (row["table"], row["column"])
            for row in self.changes.select(["table", "column"]).to_pylist()
            if row["column"] is not None
        )
        return {
            "schema": {
                "tables_added": list(self.schema.tables_added),
                "tables_removed": list(self.schema.tables_removed),
                "fields": [
                    {
                        "table": c.table,
                        "field": c.field,
                        "change": c.event,
                        "what": c.what,
                        "old": c.old,
                        "new": c.new,
                    }
                    for c in self.schema.fields
                ],
                "descriptions": list(self.schema.descriptions),
            },
            "tables": {
                table: {
                    "rows_added": self.rows_added.get(table, 0),
                    "rows_removed": self.rows_removed.get(table, 0),
                    "cells_changed": self.cells_changed.get(table, 0),
                    "cells_changed_by_column": {
                        column: n for (name, column), n in sorted(cells.items()) if name == table
                    },
                }
                for table in tables
            },
        }


def structure(descriptor: Mapping[str, Any]) -> dict[str, Any]:
    """What programs rely on: per table its path, fields with type and constraints, key, missing values."""
    found: dict[str, Any] = {}
    for resource in descriptor["resources"]:
        if resource.get("type") != "table":
            continue
        schema = resource.get("schema", {})
        found[resource["name"]] = {
            "path": resource["path"],
            "fields": {f["name"]: {k: f[k] for k in _STRUCTURAL_FIELD if k in f} for f in schema.get("fields", [])},
            "primaryKey": schema.get("primaryKey", []),
            "missingValues": schema.get("missingValues", []),
        }
    return found


def descriptive(descriptor: Mapping[str, Any]) -> dict[str, Any]:
    """What people read: every property that is neither structural nor new in each release, by its path."""
    found = {name: value for name, value in descriptor.items() if name not in _VOLATILE}
    for resource in descriptor["resources"]:
        at = f"resources/{resource['name']}"
        found |= {
            f"{at}/{name}": value
            for name, value in resource.items()
            if name not in _VOLATILE_RESOURCE | {"name", "path"}
        }
        schema = resource.get("schema", {})
        found |= {f"{at}/{k}": v for k, v in schema.items() if k not in ("fields", "primaryKey", "missingValues")}
        for described in schema.get("fields", []):
            found |= {
                f"{at}/fields/{described['name']}/{name}": value
                for name, value in described.items()
                if name not in (*_STRUCTURAL_FIELD, "name")
            }
    return found


def _constraint_event(name: str, old: Any, new: Any) -> FieldEvent | None:
    """Whether a constraint now refuses what it allowed; None where only the order of codes differs."""
    if name == "enum" and old is not None and new is not None:
        if set(old) == set(new):
            return None
        return "tightened" if set(old) - set(new) else "loosened"
    if old is None or old is False:
        return "tightened" if new else None
    if new is None or new is False:
        return "loosened"
    if name in _LOWER_BOUNDS:
        return "tightened" if new > old else "loosened"
    if name in _UPPER_BOUNDS:
        return "tightened" if new < old else "loosened"
    return "tightened"


def _field_changes(table: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[FieldChange]:
    """Changes within one table that both releases have; the arguments are entries of `structure`."""
    before, after = old["fields"], new["fields"]
    for name in before:
        if name not in after:
            yield FieldChange(table, name, "removed", "field")
    for name in after:
        if name not in before:
            yield FieldChange(table, name, "added", "field")
    kept_before, kept_after = [n for n in before if n in after], [n for n in after if n in before]
    if kept_before != kept_after:
        yield FieldChange(table, "", "reordered", "fields", kept_before, kept_after)
    for what in ("path", "primaryKey", "missingValues"):
        if old[what] != new[what]:
            yield FieldChange(table, "", "retyped", what, old[what], new[what])
    for name in kept_after:
        one, other = before[name], after[name]
        for what in ("type", "format"):
            if one.get(what) != other.get(what):
                yield FieldChange(table, name, "retyped", what, one.get(what), other.get(what))
        held, holds = one.get("constraints", {}), other.get("constraints", {})
        for what in sorted({*held, *holds}):
            if held.get(what) != holds.get(what):
                event = _constraint_event(what, held.get(what), holds.get(what))
                if event is not None:
                    yield FieldChange(table, name, event, what, held.get(what), holds.get(what))


def schema_difference(old: Mapping[str, Any], new: Mapping[str, Any]) -> SchemaDifference:
    """Compares two descriptors; version, moment, checksums, row counts and sources do not count."""
    before, after = structure(old), structure(new)
    fields = [c for table in after if table in before for c in _field_changes(table, before[table], after[table])]
    old_texts, new_texts = descriptive(old), descriptive(new)
    gone = {f"resources/{c.table}/fields/{c.field}/" for c in fields if c.event in ("added", "removed")}
    gone |= {f"resources/{table}/" for table in {*before} ^ {*after}}
    descriptions = [
        path
        for path in sorted({*old_texts, *new_texts})
        if old_texts.get(path) != new_texts.get(path) and not any(path.startswith(prefix) for prefix in gone)
    ]
    return SchemaDifference(
        tables_added=tuple(table for table in after if table not in before),
        tables_removed=tuple(table for table in before if table not in after),
        fields=tuple(fields),
        descriptions=tuple(descriptions),
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
    texts = [
        json.dumps(dict(zip(key, row.values(), strict=True)), ensure_ascii=False)
        for row in found.select(order).to_pylist()
    ]
    found = found.append_column("key", pa.array(texts, pa.string()))
    found = found.append_column("table", pa.array([contract.table] * len(texts), pa.string()))
    return found.select(CHANGES_SCHEMA.names).cast(CHANGES_SCHEMA)


def difference(
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    old_tables: Mapping[str, pa.Table],
    new_tables: Mapping[str, pa.Table],
    contracts: Mapping[str, Contract],
    code_lists: frozenset[str],
) -> Difference:
    """Compares two releases: their descriptors, and the tables and code lists that `contracts` describes.

    A table that only one side has counts as a change of the schema, the rows of `sources` not at all.
    """
    found: list[pa.Table] = []
    counts: dict[str, Counter[str]] = {}
    for name, contract in contracts.items():
        counts[name] = Counter()
        if name in old_tables and name != PROVENANCE_TABLE:
            changes = cell_changes(old_tables[name], new_tables[name], contract)
            counts[name].update(changes.column("change").to_pylist())
            found.append(changes)
    return Difference(
        schema=schema_difference(old, new),
        rows_added={name: count["added"] for name, count in counts.items()},
        rows_removed={name: count["removed"] for name, count in counts.items()},
        cells_changed={name: count["changed"] for name, count in counts.items()},
        changes=pa.concat_tables(found) if found else CHANGES_SCHEMA.empty_table(),
        code_lists=code_lists,
    )

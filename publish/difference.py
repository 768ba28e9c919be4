"""What changed between two releases: schema, rows, cells; and the version number that this asks for.

Here: comparing two descriptors and two tables. Not here: reading the last release or deciding to publish
(`release.py`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import pyarrow as pa
import pyarrow.compute as pc

from contracts.contract import Contract
from publish.cells import AWAITED_STATUS, CHANGES_SCHEMA, cell_changes

Bump = Literal["major", "minor", "patch", "none"]
FieldEvent = Literal["added", "removed", "reordered", "retyped", "tightened", "loosened"]

# The table that says where figures came from. A new retrieval of the same figures is no new release.
PROVENANCE_TABLE = "sources"

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
class SourceChange:
    """A source of which another copy was used: the vintages that are no longer used, and those that came."""

    source: str
    old: tuple[str, ...]
    new: tuple[str, ...]


@dataclass(frozen=True)
class Difference:
    """What changed against the last release. The counts have an entry for every table, code lists included.

    `changes` has the columns of CHANGES_SCHEMA; `code_lists` names the tables that are code lists. `sources` explains
    other values in provenance columns; it counts as no change.
    """

    schema: SchemaDifference = SchemaDifference()
    rows_added: Mapping[str, int] = field(default_factory=dict)
    rows_removed: Mapping[str, int] = field(default_factory=dict)
    # of those, the rows that only said that a figure is awaited: they go when it comes
    awaited_removed: Mapping[str, int] = field(default_factory=dict)
    cells_changed: Mapping[str, int] = field(default_factory=dict)
    changes: pa.Table = field(default_factory=CHANGES_SCHEMA.empty_table)
    code_lists: frozenset[str] = frozenset()
    # tables of conclusions, whose rows come and go with the figures
    passing: frozenset[str] = frozenset()
    sources: tuple[SourceChange, ...] = ()

    def required_bump(self) -> Bump:
        """The smallest step of the version that is honest to users.

        - major: something that they read is gone, moved or of another type, or a rule became stricter.
        - minor: something new, or a figure has another value; a revised statistic repairs no error.
        - patch: only texts (titles, descriptions, licence, names of codes).
        """
        events = {change.event for change in self.schema.fields}
        gone = any(
            count > self.awaited_removed.get(table, 0)
            for table, count in self.rows_removed.items()
            if table not in self.passing
        )
        if self.schema.tables_removed or events - {"loosened"} or gone:
            return "major"
        figures = sum(count for table, count in self.cells_changed.items() if table not in self.code_lists)
        rows = any(self.rows_added.values()) or any(self.rows_removed.values())
        if self.schema.tables_added or events or rows or figures:
            return "minor"
        if self.schema.descriptions or any(self.cells_changed.values()):
            return "patch"
        return "none"

    def summary(self) -> dict[str, Any]:
        """The counts as they stand in `diff/summary.json`; a table without any change is not in it."""
        counted = (self.rows_added, self.rows_removed, self.cells_changed)
        tables = sorted({table for counts in counted for table, count in counts.items() if count})
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
            "sources": [{"source": c.source, "old": list(c.old), "new": list(c.new)} for c in self.sources],
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


def source_changes(old: pa.Table | None, new: pa.Table | None) -> tuple[SourceChange, ...]:
    """Which sources have other copies in the table `sources` of `new` than in that of `old`, by name."""

    def copies(table: pa.Table | None) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        if table is not None and {"source", "vintage"} <= set(table.column_names):
            for row in table.select(["source", "vintage"]).to_pylist():
                found.setdefault(str(row["source"]), set()).add(str(row["vintage"] or ""))
        return found

    before, after = copies(old), copies(new)
    changes = [
        SourceChange(name, tuple(sorted(was - now)), tuple(sorted(now - was)))
        for name in sorted({*before, *after})
        for was, now in [(before.get(name, set()), after.get(name, set()))]
    ]
    return tuple(change for change in changes if change.old or change.new)


def _awaited(changes: pa.Table) -> int:
    """How many removed rows said that their figure was awaited."""
    gone, waited = pc.equal(changes["change"], "removed"), pc.equal(changes["old_status"], AWAITED_STATUS)
    return int(pc.sum(pc.and_kleene(gone, pc.fill_null(waited, False))).as_py() or 0)


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
            counts[name]["awaited"] = _awaited(changes)
            found.append(changes)
    return Difference(
        schema=schema_difference(old, new),
        rows_added={name: count["added"] for name, count in counts.items()},
        rows_removed={name: count["removed"] for name, count in counts.items()},
        awaited_removed={name: count["awaited"] for name, count in counts.items() if count["awaited"]},
        cells_changed={name: count["changed"] for name, count in counts.items()},
        changes=pa.concat_tables(found) if found else CHANGES_SCHEMA.empty_table(),
        code_lists=code_lists,
        passing=frozenset(name for name, contract in contracts.items() if contract.get("rowsMayVanish")),
        sources=source_changes(old_tables.get(PROVENANCE_TABLE), new_tables.get(PROVENANCE_TABLE)),
    )

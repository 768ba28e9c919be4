"""Any two releases of a dataset side by side: `ketenmonitor diff A B`.

Here: reading two folders and saying how they differ. Not here: what counts as a difference (`difference.py`,
`cells.py`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from contracts.contract import Contract
from publish.content import released_table
from publish.described_tables import described_contract
from publish.difference import Difference, difference
from publish.history import REVISIONS
from publish.numbers_and_dates import number
from publish.published import TOMBSTONE, ReleaseError, read_released, release_folders

SHOWN = 20
UNCOUNTED = "Provenance columns (vintage, source edition) and the table sources are not counted."
# Copies of one source that are named; of more only the number is said.
_COPIES = 3


def release_folder(published: Path, name: str) -> Path:
    """The folder of a release: `packaging@1.2.0`, `packaging` for its newest, or a path.

    ReleaseError says what there is instead.
    """
    if (Path(name) / "datapackage.json").is_file():
        return Path(name)
    dataset, at, version = name.partition("@")
    if at and not version:
        raise ReleaseError(f"{name}: expected a version after @, or {dataset} alone for its newest release")
    known = release_folders(published, dataset)
    standing = [folder for folder in known if not (folder / TOMBSTONE).exists()]
    found = [folder for folder in standing if not version or folder.name == version]
    if found:
        return found[-1]
    if any(folder.name == version for folder in known):
        raise ReleaseError(f"{name} was withdrawn; see its tombstone.json")
    there = ", ".join(f"{dataset}@{folder.name}" for folder in standing)
    raise ReleaseError(
        f"{name} is no release and no folder with one; " + (f"there is {there}" if there else "see index.json")
    )


def _read(folder: Path) -> tuple[Mapping[str, Any], dict[str, pa.Table], dict[str, Contract]]:
    descriptor = json.loads(read_released(folder, "datapackage.json"))
    # the history of a dataset is no part of what two of its releases say
    described = [r for r in descriptor["resources"] if r.get("type") == "table" and r["name"] != REVISIONS]
    contracts = {str(r["name"]): described_contract(r, folder) for r in described}
    return descriptor, {str(r["name"]): released_table(folder, r) for r in described}, contracts


def compare(old: Path, new: Path) -> Difference:
    """How the release in folder `new` differs from the one in `old`; both are held against their checksums.

    Raises ReleaseError where a file is damaged.
    """
    (before, old_tables, _), (after, new_tables, contracts) = _read(old), _read(new)
    if before["name"] != after["name"]:
        raise ReleaseError(f"{before['name']} and {after['name']} are two datasets; give two releases of one")
    lists = frozenset(name for name in contracts if name.startswith("codelist-"))
    return difference(before, after, old_tables, new_tables, contracts, lists)


def lines(found: Difference, shown: int = SHOWN) -> Iterator[str]:
    """A difference for a terminal: structure, counts for each table, the first changed cells."""
    schema = found.schema
    yield from (f"table {name} added" for name in schema.tables_added)
    yield from (f"table {name} gone" for name in schema.tables_removed)
    for change in schema.fields:
        where = f"{change.table}.{change.field}" if change.field else change.table
        yield f"{where}: {change.event} ({change.what})"
    if schema.descriptions:
        yield f"texts that differ: {number(len(schema.descriptions), 'en')}"
    for name in sorted({*found.rows_added, *found.rows_removed, *found.cells_changed}):
        counts = (
            ("rows added", found.rows_added.get(name, 0)),
            ("rows gone", found.rows_removed.get(name, 0)),
            ("cells changed", found.cells_changed.get(name, 0)),
        )
        said = ", ".join(f"{what}: {number(count, 'en')}" for what, count in counts if count)
        if said:
            yield f"{name}: {said}"
    for row in found.changes.slice(0, shown).to_pylist():
        value = (
            f" {row['column']}: {row['old_value'] or 'empty'} -> {row['new_value'] or 'empty'}" if row["column"] else ""
        )
        yield f"  {row['change']} {row['table']} {row['key']}{value}"
    if found.changes.num_rows > shown:
        yield f"  and {number(found.changes.num_rows - shown, 'en')} more"


def source_lines(found: Difference) -> Iterator[str]:
    """Sources of which another copy was used: why provenance columns differ where no figure does."""
    for change in found.sources:
        yield f"source {change.source}: {_copies(change.old)} -> {_copies(change.new)}"


def _copies(vintages: Sequence[str]) -> str:
    return (", ".join(vintages) or "none") if len(vintages) <= _COPIES else f"{len(vintages)} copies"

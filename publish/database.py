"""All packages in one SQLite file, for who wants to join them.

Here: the tables, their names and types, and the bytes of the file. Not here: what is in a package (`release.py`).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from contracts.contract import Contract
from publish.descriptor import rfc3339
from publish.release_facts import ReleaseFacts
from publish.tables import as_text

_TYPES = {
    "string": "TEXT",
    "integer": "INTEGER",
    "number": "REAL",
    "boolean": "INTEGER",
    "date": "TEXT",
    "timestamp": "TEXT",
}
_PAGE_BYTES = 4096
# The header of the file tells how often it was changed and by which SQLite. That differs between machines, so it is
# set to fixed values: change counter and "version valid for" to 1, the version to 3.40.0.
_HEADER = {24: 1, 92: 1, 96: 3_040_000}
_RELEASES = """CREATE TABLE _releases (
  dataset TEXT NOT NULL PRIMARY KEY, version TEXT NOT NULL, released_at TEXT NOT NULL,
  title_nl TEXT NOT NULL, title_en TEXT NOT NULL, licence TEXT NOT NULL, address TEXT NOT NULL
)"""
_COLUMNS = """CREATE TABLE _columns (
  "table" TEXT NOT NULL, "column" TEXT NOT NULL, dataset TEXT NOT NULL, title_nl TEXT NOT NULL, title_en TEXT NOT NULL,
  description_nl TEXT NOT NULL, description_en TEXT NOT NULL, type TEXT NOT NULL, unit TEXT, code_list TEXT,
  PRIMARY KEY ("table", "column", dataset)
)"""


@dataclass(frozen=True)
class PackageInDatabase:
    """One package as published: tables and code lists by name, `contracts` those of its tables and code lists."""

    facts: ReleaseFacts
    tables: Mapping[str, pa.Table]
    code_lists: Mapping[str, pa.Table]
    contracts: Mapping[str, Contract]


@dataclass(frozen=True)
class _StoredTable:
    """A table of the file and the packages that it belongs to. A code list keeps its own order, not that of its key."""

    name: str
    contract: Contract
    rows: pa.Table
    datasets: tuple[str, ...]
    keeps_order: bool = False


def table_name(dataset: str, table: str) -> str:
    """`electronics__observations`: the name of a package's table in the file."""
    return f"{dataset}__{table}".replace("-", "_")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _code_lists(packages: Sequence[PackageInDatabase]) -> Iterator[_StoredTable]:
    """A code list that is the same in all packages once, as `codelist_geo`; one that differs per package."""
    for name in sorted({name for package in packages for name in package.code_lists}):
        holders = [package for package in packages if name in package.code_lists]
        first = holders[0]
        plain = name.replace("-", "_")
        if all(package.code_lists[name].equals(first.code_lists[name]) for package in holders[1:]):
            datasets = tuple(package.facts.dataset for package in holders)
            yield _StoredTable(plain, first.contracts[name], first.code_lists[name], datasets, keeps_order=True)
            continue
        for package in holders:
            dataset = package.facts.dataset
            yield _StoredTable(
                table_name(dataset, plain), package.contracts[name], package.code_lists[name], (dataset,)
            )


def _stored(packages: Sequence[PackageInDatabase]) -> Iterator[_StoredTable]:
    for package in packages:
        for name, table in package.tables.items():
            dataset = package.facts.dataset
            yield _StoredTable(table_name(dataset, name), package.contracts[name], table, (dataset,))
    yield from _code_lists(packages)


def _create(stored: _StoredTable) -> str:
    contract = stored.contract
    columns = [
        f"{_quoted(column.name)} {_TYPES[column.logical_type]}" + (" NOT NULL" if column.required else "")
        for column in contract.columns
    ]
    key = ", ".join(_quoted(name) for name in contract.primary_key)
    # rows in the order of a long key need no second copy of it: a third less bytes
    kind = "STRICT" if stored.keeps_order else "STRICT, WITHOUT ROWID"
    return f"CREATE TABLE {_quoted(stored.name)} ({', '.join([*columns, f'PRIMARY KEY ({key})'])}) {kind}"


def _values(table: pa.Table) -> Iterable[tuple[Any, ...]]:
    columns: list[list[Any]] = []
    for name in table.column_names:
        values = table.column(name)
        if pa.types.is_boolean(values.type):
            values = values.cast(pa.int8())
        elif not (pa.types.is_integer(values.type) or pa.types.is_floating(values.type)):
            values = as_text(pa.table({name: values})).column(0)
        columns.append(values.to_pylist())
    return zip(*columns, strict=True)


def _fill(database: sqlite3.Connection, stored: _StoredTable) -> None:
    places = ", ".join("?" * stored.rows.num_columns)
    names = ", ".join(_quoted(name) for name in stored.rows.column_names)
    database.execute(_create(stored))
    database.executemany(f"INSERT INTO {_quoted(stored.name)} ({names}) VALUES ({places})", _values(stored.rows))


def _describe(
    database: sqlite3.Connection, packages: Sequence[PackageInDatabase], tables: Sequence[_StoredTable]
) -> None:
    database.execute(_RELEASES)
    database.executemany(
        "INSERT INTO _releases VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            (
                facts.dataset,
                facts.version,
                rfc3339(facts.released_at),
                facts.text("title", "nl"),
                facts.text("title", "en"),
                facts.licence.get("name", facts.licence.get("path", "")),
                facts.publisher.url(facts.folder),
            )
            for facts in (package.facts for package in packages)
        ),
    )
    database.execute(_COLUMNS)
    database.executemany(
        "INSERT INTO _columns VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            (
                stored.name,
                column.name,
                dataset,
                column.title_nl,
                column.title_en,
                column.description_nl,
                column.description_en,
                column.logical_type,
                column.unit,
                column.code_list,
            )
            for stored in tables
            for dataset in stored.datasets
            for column in stored.contract.columns
        ),
    )


def _with_fixed_header(path: Path) -> None:
    with path.open("r+b") as handle:
        for offset, number in _HEADER.items():
            handle.seek(offset)
            handle.write(number.to_bytes(4, "big"))


def write_database(path: Path, packages: Sequence[PackageInDatabase]) -> None:
    """Writes all packages as one SQLite file with the same bytes for the same content; replaces what is at `path`.

    Tables are called `<dataset>__<table>` with underscores for hyphens, code lists `codelist_<name>`; `_releases` says
    what they are and `_columns` describes their columns. Truth values are 0 and 1, dates and times ISO 8601 texts.
    Raises sqlite3.IntegrityError where rows share a key.
    """
    path.unlink(missing_ok=True)
    ordered = sorted(packages, key=lambda package: package.facts.dataset)
    tables = list(_stored(ordered))
    database = sqlite3.connect(path, isolation_level=None)
    try:
        for setting in (f"page_size = {_PAGE_BYTES}", "encoding = 'UTF-8'", "auto_vacuum = NONE", "journal_mode = OFF"):
            database.execute(f"PRAGMA {setting}")
        database.execute("PRAGMA synchronous = OFF")
        database.execute("BEGIN")
        _describe(database, ordered, tables)
        for stored in tables:
            _fill(database, stored)
        database.execute("COMMIT")
        database.execute("VACUUM")
    finally:
        database.close()
    _with_fixed_header(path)

"""All packages in one SQLite file: typed, keyed, described, and the same bytes for the same releases."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from contracts.contract import Contract
from publish.codelists import codelist_table
from publish.database import PackageInDatabase, table_name, write_database
from tests.contract_examples import column, example, key
from tests.metadata_examples import HOSTILE, release_facts

LEVELS = "codelist-headline_level"


@pytest.fixture
def contract(tmp_path: Path) -> Contract:
    return example(
        tmp_path,
        key()
        + column("year", "integer")
        + column("value", "number")
        + column("final", "boolean")
        + column("day", "date")
        + column("seen", "timestamp"),
    )


def figures(*keys: str) -> pa.Table:
    empty = [None] * (len(keys) - 1)
    return pa.table(
        {
            "k": pa.array(keys, pa.string()),
            "year": pa.array([2024, *empty], pa.int64()),
            "value": pa.array([0.1, *empty], pa.float64()),
            "final": pa.array([True, *empty], pa.bool_()),
            "day": pa.array([date(2025, 2, 28), *empty], pa.date32()),
            "seen": pa.array([datetime(2026, 11, 21, 3, 0, tzinfo=UTC), *empty], pa.timestamp("s", tz="UTC")),
        }
    )


def package(contract: Contract, dataset: str, *keys: str, levels: pa.Table | None = None) -> PackageInDatabase:
    level_contract, known = codelist_table("headline_level")
    return PackageInDatabase(
        facts=replace(release_facts("headline"), dataset=dataset),
        tables={"example": figures(*keys)},
        code_lists={LEVELS: known if levels is None else levels},
        contracts={"example": contract, LEVELS: level_contract},
    )


@contextmanager
def opened(path: Path) -> Iterator[Any]:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        yield lambda query: database.execute(query).fetchall()


def tables(path: Path) -> list[str]:
    with opened(path) as ask:
        return sorted(name for (name,) in ask("SELECT name FROM sqlite_schema WHERE type = 'table'"))


def test_a_table_is_called_after_dataset_and_table() -> None:
    assert table_name("chain-governance", "red_threads") == "chain_governance__red_threads"


def test_values_keep_their_type_and_nulls_stay_null(tmp_path: Path, contract: Contract) -> None:
    write_database(tmp_path / "all.sqlite", [package(contract, "a-b", "x", "y")])
    with opened(tmp_path / "all.sqlite") as ask:
        first, second = ask("SELECT * FROM a_b__example ORDER BY k")
        assert first == ("x", 2024, 0.1, 1, "2025-02-28", "2026-11-21T03:00:00Z")
        assert second == ("y", None, None, None, None, None)
        columns = ask("PRAGMA table_info(a_b__example)")
        assert [kind for _, _, kind, *_ in columns] == ["TEXT", "INTEGER", "REAL", "INTEGER", "TEXT", "TEXT"]


def test_rows_that_share_a_key_are_refused(tmp_path: Path, contract: Contract) -> None:
    with pytest.raises(sqlite3.IntegrityError, match="UNIQUE"):
        write_database(tmp_path / "all.sqlite", [package(contract, "a", "x", "x")])


def test_a_code_list_that_packages_share_stands_once_in_its_own_order(tmp_path: Path, contract: Contract) -> None:
    write_database(tmp_path / "all.sqlite", [package(contract, "a", "x"), package(contract, "b", "x")])
    assert tables(tmp_path / "all.sqlite") == [
        "_columns", "_releases", "a__example", "b__example", "codelist_headline_level",
    ]  # fmt: skip
    with opened(tmp_path / "all.sqlite") as ask:
        codes = [code for (code,) in ask("SELECT code FROM codelist_headline_level")]
    assert codes == codelist_table("headline_level")[1].column("code").to_pylist()


def test_a_code_list_that_differs_stands_per_package(tmp_path: Path, contract: Contract) -> None:
    shorter = codelist_table("headline_level")[1].slice(0, 1)
    packages = [package(contract, "a", "x"), package(contract, "b", "x", levels=shorter)]
    write_database(tmp_path / "all.sqlite", packages)
    found = tables(tmp_path / "all.sqlite")
    assert "codelist_headline_level" not in found
    assert {"a__codelist_headline_level", "b__codelist_headline_level"} <= set(found)


def test_the_file_says_what_it_holds(tmp_path: Path, contract: Contract) -> None:
    write_database(tmp_path / "all.sqlite", [package(contract, "b", "x"), package(contract, "a", "x")])
    with opened(tmp_path / "all.sqlite") as ask:
        assert ask("SELECT dataset, version, released_at, licence, address FROM _releases") == [
            ("a", "1.2.0", "2026-11-21T03:00:00Z", "CC-BY-4.0", "https://data.example/releases/a/1.2.0/"),
            ("b", "1.2.0", "2026-11-21T03:00:00Z", "CC-BY-4.0", "https://data.example/releases/b/1.2.0/"),
        ]
        described = ask("""SELECT "column", title_nl, title_en, type FROM _columns WHERE "table" = 'a__example'""")
        assert ("year", "Kolom", "Column", "integer") in described
        assert len(described) == 6


def test_the_same_releases_in_another_order_give_the_same_bytes(tmp_path: Path, contract: Contract) -> None:
    packages = [package(contract, "a", "x", "y"), package(contract, "b", "z")]
    write_database(tmp_path / "1.sqlite", packages)
    write_database(tmp_path / "2.sqlite", packages[::-1])
    write_database(tmp_path / "2.sqlite", packages[::-1])
    assert (tmp_path / "1.sqlite").read_bytes() == (tmp_path / "2.sqlite").read_bytes()


def test_the_header_does_not_say_which_sqlite_wrote_it(tmp_path: Path, contract: Contract) -> None:
    write_database(tmp_path / "all.sqlite", [package(contract, "a", "x")])
    header = (tmp_path / "all.sqlite").read_bytes()[:100]
    assert header[24:28] == header[92:96] == b"\0\0\0\1"
    assert int.from_bytes(header[96:100], "big") == 3_040_000
    with opened(tmp_path / "all.sqlite") as ask:
        assert ask("PRAGMA integrity_check") == [("ok",)]


def test_hostile_texts_are_stored_as_they_are(tmp_path: Path, contract: Contract) -> None:
    texts = [*HOSTILE, "'); DROP TABLE _releases; --"]
    write_database(tmp_path / "all.sqlite", [package(contract, "a", *texts)])
    with opened(tmp_path / "all.sqlite") as ask:
        assert sorted(text for (text,) in ask("SELECT k FROM a__example")) == sorted(texts)


def test_a_name_with_a_quote_stays_a_name(tmp_path: Path, contract: Contract) -> None:
    write_database(tmp_path / "all.sqlite", [package(contract, 'a"; DROP TABLE _columns; --', "x")])
    assert 'a"; DROP TABLE _columns; ____example' in tables(tmp_path / "all.sqlite")

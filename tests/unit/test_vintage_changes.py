"""What a source changed from one edition to the next: cells, flags, rows; from real tables with known differences."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.sources.archive import Archive, ArchiveRecord, record_of
from assets.sources.embedded_edition import embedded_copy
from assets.sources.reading import parsed
from assets.sources.vintage_changes import Edition, SourceRevisions, changes_between, no_changes
from contracts.arrow import cast
from contracts.audit import audit
from contracts.contract import source_contract
from tests.conftest import files_with_bytes

# Eurostat cei_wm020, copy of 2025: recycling of packaging in the Netherlands, all of it 76.5 % in 2020 without a flag,
# plastic 49.2 % with `be`.
TABLE = "cei_wm020"
TOTAL_2020 = b",A,W1501,RT,NL,2020,76.5,,"
PLASTIC_2020 = b",A,W150102,RT,NL,2020,49.2,be,"
NEW_YEAR = b"ESTAT:CEI_WM020(1.0),,A,W1501,RT,NL,2030,81.5,p,\n"
DAYS = [f"2026-12-{day:02d}T03:00:00Z" for day in range(1, 10)]


@pytest.fixture(scope="module")
def body() -> bytes:
    return embedded_copy(TABLE)[0]


def changed(body: bytes, old: bytes, new: bytes) -> bytes:
    assert body.count(old) == 1, old
    return body.replace(old, new)


def without_line(body: bytes, holds: bytes) -> bytes:
    lines = body.splitlines(keepends=True)
    kept = [line for line in lines if holds not in line]
    assert len(kept) == len(lines) - 1
    return b"".join(kept)


def live(body: bytes, retrieved_at: str, **facts: Any) -> ArchiveRecord:
    return record_of(
        body, source=TABLE, retrieved_at=retrieved_at, retrieved_from="https://example.org", origin="live", **facts
    )


def shown(table: pa.Table) -> list[tuple[Any, ...]]:
    """change, year or rows, column, old and new value, old and new flag."""
    rows = []
    for row in table.to_pylist():
        place = row["key"].rpartition('"TIME_PERIOD": ')[2].rstrip("}") if row["change"] == "cell" else row["key"]
        rows.append(
            (row["change"], place, row["column"], row["old_value"], row["new_value"], row["old_flag"], row["new_flag"])
        )
    return rows


def of_two(old: bytes, new: bytes, flags_kept: bool = True) -> pa.Table:
    contract = source_contract(TABLE)
    editions = []
    for content, day in ((old, DAYS[0]), (new, DAYS[1])):
        typed, unreadable = cast(parsed(content, contract), contract)
        assert unreadable == []
        editions.append(Edition(live(content, day, flags_kept=flags_kept), typed))
    return changes_between(editions[0], editions[1], contract)


CASES: Mapping[str, tuple[Callable[[bytes], bytes], list[tuple[Any, ...]]]] = {
    "nothing": (lambda b: b, []),
    "only the moment of the update": (
        lambda b: b.replace(b"ESTAT:CEI_WM020(1.0),,", b"ESTAT:CEI_WM020(1.0),24/11/25 23:00:00,"),
        [],
    ),
    "only the version of the dataflow": (lambda b: b.replace(b"ESTAT:CEI_WM020(1.0)", b"ESTAT:CEI_WM020(1.1)"), []),
    "a value written otherwise": (
        lambda b: changed(b, TOTAL_2020, TOTAL_2020.replace(b"76.5", b"76.50")),
        [],
    ),
    "the order of the rows": (lambda b: b"".join([*b.splitlines(True)[:1], *b.splitlines(True)[:0:-1]]), []),
    "a value": (
        lambda b: changed(b, TOTAL_2020, TOTAL_2020.replace(b"76.5", b"76.4")),
        [("cell", "2020", "OBS_VALUE", "76.5", "76.4", None, None)],
    ),
    "a flag that came": (
        lambda b: changed(b, TOTAL_2020, TOTAL_2020.replace(b"76.5,", b"76.5,b")),
        [("cell", "2020", "OBS_FLAG", None, "b", None, "b")],
    ),
    "a value and its flag": (
        lambda b: changed(b, PLASTIC_2020, PLASTIC_2020.replace(b"49.2,be", b"50,b")),
        [
            ("cell", "2020", "OBS_VALUE", "49.2", "50", "be", "b"),
            ("cell", "2020", "OBS_FLAG", "be", "b", "be", "b"),
        ],
    ),
    "a value withdrawn as confidential": (
        lambda b: changed(b, TOTAL_2020, TOTAL_2020.replace(b"76.5,,", b",c,C")),
        [
            ("cell", "2020", "OBS_VALUE", "76.5", None, None, "c"),
            ("cell", "2020", "OBS_FLAG", None, "c", None, "c"),
            ("cell", "2020", "CONF_STATUS", None, "C", None, "c"),
        ],
    ),
    "a year that came": (lambda b: b + NEW_YEAR, [("rows_added", "{}", "*", None, None, None, None)]),
    "a row that went, and a value": (
        lambda b: without_line(changed(b, TOTAL_2020, TOTAL_2020.replace(b"76.5", b"76.4")), PLASTIC_2020),
        [
            ("cell", "2020", "OBS_VALUE", "76.5", "76.4", None, None),
            ("rows_removed", "{}", "*", None, None, None, None),
        ],
    ),
}


@pytest.mark.parametrize(("spoil", "expected"), CASES.values(), ids=CASES)
def test_what_differs_between_two_editions_is_named_cell_by_cell(
    body: bytes, spoil: Callable[[bytes], bytes], expected: list[tuple[Any, ...]]
) -> None:
    found = of_two(body, spoil(body))
    assert shown(found) == expected
    assert found.schema == no_changes().schema
    assert found["changed_rows"].to_pylist() == [1] * len(expected)


def test_a_row_says_which_copies_it_is_between_and_when_the_newer_was_retrieved(body: bytes) -> None:
    new = changed(body, TOTAL_2020, TOTAL_2020.replace(b"76.5", b"76.4"))
    (row,) = of_two(body, new).to_pylist()
    assert row["key"] == '{"freq": "A", "waste": "W1501", "unit": "RT", "geo": "NL", "TIME_PERIOD": 2020}'
    assert (row["from_vintage"], row["to_vintage"]) == (live(body, "").vintage, live(new, "").vintage)
    assert row["changed_at"] == datetime(2026, 12, 2, 3, 0, tzinfo=UTC)
    assert (row["from_origin"], row["to_origin"]) == ("live", "live")


def test_flags_that_were_never_exported_are_no_revision(body: bytes) -> None:
    both = PLASTIC_2020.replace(b"49.2,be", b"50,")
    assert shown(of_two(body, changed(body, PLASTIC_2020, both), flags_kept=False)) == [
        ("cell", "2020", "OBS_VALUE", "49.2", "50", None, None)
    ]


@pytest.mark.parametrize(
    ("flags_kept", "columns"),
    [(False, set()), (True, {"obs_status", "status_detail"})],
    ids=["copied without the status of the periods", "as the service gives it"],
)
def test_a_status_that_the_older_copy_could_not_carry_is_no_revision(flags_kept: bool, columns: set[str]) -> None:
    contract = source_contract("83180NED")
    table, _ = cast(parsed(embedded_copy("83180NED")[0], contract).slice(0, 20), contract)
    provisional = table
    for name, text in (("obs_status", "P"), ("status_detail", "Voorlopig")):
        place = table.column_names.index(name)
        provisional = provisional.set_column(place, table.schema.field(place), pa.array([text] * 20, pa.string()))
    old = replace(live(b"old", DAYS[0]), flags_kept=flags_kept)
    found = changes_between(Edition(old, table), Edition(live(b"new", DAYS[1]), provisional), contract)
    assert set(found["column"].to_pylist()) == columns
    assert found.num_rows == 20 * len(columns)


@settings(max_examples=12, deadline=None)
@given(data=st.data())
def test_every_cell_that_differs_is_found_and_no_other(body: bytes, data: st.DataObject) -> None:
    contract = source_contract(TABLE)
    table, _ = cast(parsed(body, contract).slice(0, 80), contract)
    rows = data.draw(st.sets(st.integers(0, 79), max_size=12))
    gone = data.draw(st.sets(st.integers(0, 79), max_size=5))
    values = [value if row not in rows else -1.5 - row for row, value in enumerate(table["OBS_VALUE"].to_pylist())]
    place = table.column_names.index("OBS_VALUE")
    new = table.set_column(place, table.schema.field(place), pa.array(values, pa.float64()))
    new = new.take(pa.array([row for row in range(80) if row not in gone], pa.int64()))
    old_edition, new_edition = Edition(live(b"old", DAYS[0]), table), Edition(live(b"new", DAYS[1]), new)
    there = changes_between(old_edition, new_edition, contract).to_pylist()
    assert {row["new_value"] for row in there if row["change"] == "cell"} == {f"-{1.5 + row:g}" for row in rows - gone}
    assert [row["changed_rows"] for row in there if row["change"] == "rows_removed"] == [len(gone)] * bool(gone)
    back = changes_between(new_edition, old_edition, contract).to_pylist()
    assert [row["changed_rows"] for row in back if row["change"] == "rows_added"] == [len(gone)] * bool(gone)
    assert {(r["key"], r["old_value"], r["new_value"]) for r in there if r["change"] == "cell"} == {
        (r["key"], r["new_value"], r["old_value"]) for r in back if r["change"] == "cell"
    }


def archived(home: Path, *bodies: bytes) -> tuple[Archive, SourceRevisions]:
    """An archive with live copies of one day after the other."""
    archive = Archive(home / "archive")
    for content, day in zip(bodies, DAYS, strict=False):
        archive.put(content, live(content, day))
    return archive, SourceRevisions(archive, home / "kept")


def test_one_edition_has_no_changes_and_is_not_even_read(body: bytes, tmp_path: Path) -> None:
    archive, revisions = archived(tmp_path, body)
    (tmp_path / "archive" / TABLE / archive.records(TABLE)[0].sha256).write_bytes(b"not read")
    assert revisions.of_all((TABLE, "env_waspac")).num_rows == 0
    assert not (tmp_path / "kept").exists()


def test_three_editions_give_two_steps_oldest_first(body: bytes, tmp_path: Path) -> None:
    second = changed(body, TOTAL_2020, TOTAL_2020.replace(b"76.5", b"76.4"))
    third = changed(second, PLASTIC_2020, PLASTIC_2020.replace(b"49.2", b"50")) + NEW_YEAR
    _, revisions = archived(tmp_path, body, second, third)
    found = revisions.of(TABLE)
    assert [(row["old_value"], row["new_value"], row["changed_at"].day) for row in found.to_pylist()] == [
        ("76.5", "76.4", 2), ("49.2", "50", 3), (None, None, 3),
    ]  # fmt: skip


def test_a_step_from_the_embedded_edition_is_marked_and_curated_copies_are_left_out(
    body: bytes, tmp_path: Path
) -> None:
    archive = Archive(tmp_path / "archive")
    content, record = embedded_copy(TABLE)
    archive.put(content, record)
    new = changed(body, TOTAL_2020, TOTAL_2020.replace(b"76.5", b"76.4"))
    archive.put(new, live(new, DAYS[0], edition="2026-11-30"))
    ours = changed(body, TOTAL_2020, TOTAL_2020.replace(b"76.5", b"12.3"))
    archive.put(ours, replace(live(ours, DAYS[1]), origin="curated"))
    (row,) = SourceRevisions(archive, tmp_path / "kept").of(TABLE).to_pylist()
    assert (row["from_origin"], row["to_origin"], row["to_edition"]) == ("embedded_edition", "live", "2026-11-30")


UNUSABLE = {
    "an HTML page": lambda body: b"<!DOCTYPE html><html></html>",
    "a code that nobody knows": lambda body: body + b"ESTAT:CEI_WM020(1.0),,A,W1501,RT,XX,2020,1.0,,\n",
}


@pytest.mark.parametrize("spoil", UNUSABLE.values(), ids=UNUSABLE)
def test_a_copy_that_is_refused_is_passed_over(body: bytes, tmp_path: Path, spoil: Callable[[bytes], bytes]) -> None:
    third = changed(body, TOTAL_2020, TOTAL_2020.replace(b"76.5", b"76.4"))
    archive, revisions = archived(tmp_path, body, spoil(body), third)
    first, _, last = archive.records(TABLE)
    assert [(old.sha256, new.sha256) for old, new in revisions.steps(TABLE)] == [(first.sha256, last.sha256)]
    assert [row["new_value"] for row in revisions.of(TABLE).to_pylist()] == ["76.4"]


def test_a_step_is_kept_and_stands_when_the_bytes_are_lost_later(body: bytes, tmp_path: Path) -> None:
    new = changed(body, TOTAL_2020, TOTAL_2020.replace(b"76.5", b"76.4"))
    archive, revisions = archived(tmp_path, body, new)
    found, identity = revisions.of(TABLE), revisions.identity((TABLE,))
    kept = files_with_bytes(tmp_path / "kept")
    (tmp_path / "archive" / TABLE / archive.records(TABLE)[0].sha256).write_bytes(b"altered")
    again = SourceRevisions(archive, tmp_path / "kept")
    assert again.of(TABLE).equals(found)
    assert again.identity((TABLE,)) == identity
    assert files_with_bytes(tmp_path / "kept") == kept
    # what was kept is not needed: without it and without the bytes there is nothing to say, and no error
    assert SourceRevisions(archive, tmp_path / "elsewhere").of(TABLE).num_rows == 0


def test_a_step_that_was_torn_is_computed_again_with_the_same_bytes(body: bytes, tmp_path: Path) -> None:
    new = changed(body, TOTAL_2020, TOTAL_2020.replace(b"76.5", b"76.4"))
    _, revisions = archived(tmp_path, body, new)
    found = revisions.of(TABLE)
    kept = files_with_bytes(tmp_path / "kept")
    assert len(kept) == 3
    for name, content in kept.items():
        (tmp_path / "kept" / name).write_bytes(content[: len(content) // 2])
    assert revisions.of(TABLE).equals(found)
    assert files_with_bytes(tmp_path / "kept") == kept


def test_copies_of_one_retrieval_stand_in_the_order_in_which_nights_read_them(body: bytes, tmp_path: Path) -> None:
    archive = Archive(tmp_path / "archive")
    new = changed(body, TOTAL_2020, TOTAL_2020.replace(b"76.5", b"76.4"))
    records = [archive.put(content, live(content, DAYS[0])) for content in (body, new)]
    for places, expected in ((("1", "2"), ("76.5", "76.4")), (("2", "1"), ("76.4", "76.5"))):
        first = {(TABLE, record.sha256): place for record, place in zip(records, places, strict=True)}
        (row,) = SourceRevisions(archive, tmp_path / "kept", partial(dict, first)).of(TABLE).to_pylist()
        assert (row["old_value"], row["new_value"]) == expected


def test_the_table_holds_to_its_contract_also_with_hostile_texts(body: bytes, tmp_path: Path) -> None:
    from assets.sources.vintage_changes import source_revision_contract

    contract = source_contract("packaging_nl")
    table, _ = cast(parsed(embedded_copy("packaging_nl")[0], contract), contract)
    hostile = "=cmd|'/c calc'!A1 \"<script>\u202e\n" + "x" * 10_000
    place = table.column_names.index("citation")
    notes = [hostile, *table["citation"].to_pylist()[1:]]
    new = table.set_column(place, table.schema.field(place), pa.array(notes, pa.string()))
    found = changes_between(Edition(live(b"old", DAYS[0]), table), Edition(live(b"new", DAYS[1]), new), contract)
    assert found["new_value"].to_pylist() == [hostile]
    verdict = audit(found, source_revision_contract())
    assert verdict.usable
    assert verdict.rows_refused == 0

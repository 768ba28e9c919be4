"""The archive: the same bytes once, nothing half written, and damage is noticed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from assets.sources.archive import Archive, ArchiveDamaged, ArchiveRecord, record_of, write_whole

BODY = b"geo,OBS_VALUE\nNL,78.1\n"


def record(body: bytes = BODY, retrieved_at: str = "2026-11-21T03:00:00Z") -> ArchiveRecord:
    return record_of(
        body, source="cei_wm020", retrieved_at=retrieved_at, retrieved_from="https://example.org", origin="live"
    )


def test_the_same_bytes_are_stored_once_and_the_first_record_counts(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    first = archive.put(BODY, record())
    before = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "cei_wm020").iterdir()}
    again = archive.put(BODY, record(retrieved_at="2026-11-22T03:00:00Z"))
    assert again == first
    assert again.retrieved_at == "2026-11-21T03:00:00Z"
    assert {path.name: path.stat().st_mtime_ns for path in (tmp_path / "cei_wm020").iterdir()} == before
    assert len(before) == 2
    assert archive.read(again) == BODY


def test_copies_are_listed_from_old_to_new_whatever_their_hash(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    for day, body in ((22, b"b"), (21, b"c"), (23, b"a")):
        archive.put(body, record(body, f"2026-11-{day}T03:00:00Z"))
    assert [found.retrieved_at[8:10] for found in archive.records("cei_wm020")] == ["21", "22", "23"]
    assert archive.records("env_waspac") == []


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda path: path.write_bytes(BODY.replace(b"78.1", b"87.1")), "has been altered; restore it from a backup"),
        (lambda path: path.write_bytes(BODY[:-1]), "has been altered"),
        (lambda path: path.unlink(), "cannot be read (No such file or directory)"),
    ],
    ids=["altered", "cut short", "gone"],
)
def test_a_damaged_copy_is_not_read(tmp_path: Path, damage: object, said: str) -> None:
    archive = Archive(tmp_path)
    stored = archive.put(BODY, record())
    assert callable(damage)
    damage(tmp_path / "cei_wm020" / stored.sha256)
    with pytest.raises(ArchiveDamaged) as found:
        archive.read(stored)
    assert said in str(found.value)
    assert f"cei_wm020: archived copy {stored.vintage}" in str(found.value)


@pytest.mark.parametrize("left", ["", "{", "[]", '{"source": "cei_wm020"}'])
def test_a_torn_record_is_named(tmp_path: Path, left: str) -> None:
    archive = Archive(tmp_path)
    stored = archive.put(BODY, record())
    (tmp_path / "cei_wm020" / f"{stored.sha256}.json").write_text(left, encoding="utf-8")
    with pytest.raises(ArchiveDamaged, match=f"cei_wm020: record {stored.sha256}.json cannot be read"):
        archive.record("cei_wm020", stored.sha256)


def test_a_copy_that_was_never_had_is_named(tmp_path: Path) -> None:
    with pytest.raises(ArchiveDamaged, match="cei_wm020: the archive has no copy 0123456789ab; fetch the source again"):
        Archive(tmp_path).record("cei_wm020", "0123456789ab" + "0" * 52)


def test_bytes_under_the_name_of_others_are_not_taken_in(tmp_path: Path) -> None:
    with pytest.raises(ArchiveDamaged, match="the bytes handed in are not those of the record"):
        Archive(tmp_path).put(BODY + b"more", record())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("fails", ["fsync", "replace"])
def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    path = tmp_path / "table"
    write_whole(path, b"old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, fails, full)
    with pytest.raises(OSError, match="No space left on device"):
        write_whole(path, b"new")
    assert path.read_bytes() == b"old"
    assert [found.name for found in tmp_path.iterdir()] == ["table"]


def test_a_copy_whose_record_was_never_written_is_stored_anew(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    stored = archive.put(BODY, record())
    (tmp_path / "cei_wm020" / f"{stored.sha256}.json").unlink()
    assert archive.records("cei_wm020") == []
    assert archive.put(BODY, record(retrieved_at="2026-11-22T03:00:00Z")).retrieved_at == "2026-11-22T03:00:00Z"

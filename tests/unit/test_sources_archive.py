"""The archive: the same bytes once, nothing half written, and damage is noticed."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pytest

from assets.sources.archive import Archive, ArchiveDamaged, ArchiveRecord, record_of, write_whole
from assets.sources.archive_check import check_archive

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


@pytest.mark.parametrize("damage", ["altered", "gone"])
def test_the_same_bytes_fetched_again_mend_a_damaged_copy_and_keep_its_first_record(
    tmp_path: Path, damage: str
) -> None:
    archive = Archive(tmp_path)
    stored = archive.put(BODY, record())
    body = tmp_path / "cei_wm020" / stored.sha256
    if damage == "gone":
        body.unlink()
        assert archive.records("cei_wm020") == []
    else:
        body.write_bytes(b"nonsense")
    assert archive.put(BODY, record(retrieved_at="2026-11-22T03:00:00Z")) == stored
    assert archive.read(stored) == BODY


TORN = {
    "empty": "",
    "half": "{",
    "another form": '{"source": "cei_wm020"}',
    "of another copy": json.dumps(asdict(record(b"other"))),
    "a number for a moment": json.dumps({**asdict(record()), "retrieved_at": 20261121}),
}


@pytest.mark.parametrize("left", TORN.values(), ids=TORN)
def test_a_torn_record_is_passed_over_until_the_same_bytes_come_again(tmp_path: Path, left: str) -> None:
    archive = Archive(tmp_path)
    other = archive.put(b"an older copy", record(b"an older copy", "2026-11-20T03:00:00Z"))
    stored = archive.put(BODY, record())
    (tmp_path / "cei_wm020" / f"{stored.sha256}.json").write_text(left, encoding="utf-8")
    assert archive.records("cei_wm020") == [other]
    again = archive.put(BODY, record(retrieved_at="2026-11-22T03:00:00Z"))
    assert archive.records("cei_wm020") == [other, again]
    assert again.retrieved_at == "2026-11-22T03:00:00Z"


KILLED = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from assets.sources import archive

def kill(*_):
    os.kill(os.getpid(), signal.SIGKILL)

setattr(archive.os, sys.argv[3], kill)
body = b"geo,OBS_VALUE\\nNL,78.1\\n"
record = archive.record_of(
    body, source="cei_wm020", retrieved_at="2026-11-21T03:00:00Z", retrieved_from="https://example.org", origin="live"
)
archive.Archive(Path(sys.argv[2])).put(body, record)
"""


@pytest.mark.parametrize(
    ("at", "body_is_there"),
    [("fsync", False), ("replace", False), ("link", True)],
    ids=["while the bytes are written", "before the bytes have their name", "before the record has its name"],
)
def test_a_run_that_is_killed_leaves_nothing_that_counts_and_the_next_one_stores_the_copy(
    tmp_path: Path, at: str, body_is_there: bool
) -> None:
    root = str(Path(__file__).parents[2])
    done = subprocess.run([sys.executable, "-c", KILLED, root, str(tmp_path), at], check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL
    archive, expected = Archive(tmp_path), record()
    assert archive.records("cei_wm020") == []
    assert (tmp_path / "cei_wm020" / expected.sha256).exists() == body_is_there
    left = check_archive(archive, tmp_path / "published")
    assert [problem.kind for problem in left.problems] == (["no record"] if body_is_there else [])
    assert len(left.remarks) == 1
    assert "was left by a write that was broken off; it may be removed" in left.remarks[0]
    assert archive.put(BODY, record()) == expected
    assert archive.read(expected) == BODY
    assert check_archive(archive, tmp_path / "published").problems == ()


PUTTING = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from assets.sources.archive import Archive, record_of

archive, who = Archive(Path(sys.argv[2])), int(sys.argv[3])
sys.stdin.readline()
for number in range(60):
    body = b"copy %d" % number
    record = record_of(
        body, source="cei_wm020", retrieved_at=f"2026-11-2{who}T03:00:00Z", retrieved_from="loopback", origin="live"
    )
    print(archive.put(body, record).retrieved_at)
"""


def test_of_two_processes_that_store_the_same_bytes_one_is_first_and_both_say_so(tmp_path: Path) -> None:
    root = str(Path(__file__).parents[2])
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", PUTTING, root, str(tmp_path), str(who)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for who in (1, 2)
    ]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("now\n")
        process.stdin.flush()
    one, other = (process.communicate(timeout=60)[0].split() for process in processes)
    assert [process.returncode for process in processes] == [0, 0]
    assert one == other
    assert len(one) == 60
    stands = {found.sha256: found.retrieved_at for found in Archive(tmp_path).records("cei_wm020")}
    assert [stands[hashlib.sha256(b"copy %d" % number).hexdigest()] for number in range(60)] == one
    checked = check_archive(Archive(tmp_path), tmp_path / "published")
    assert (checked.copies, checked.problems, checked.remarks) == (60, (), ())


def test_a_full_disk_keeps_what_was_there_and_leaves_nothing_new(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    before = archive.put(BODY, record())
    large = b"x" * 300_000
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with pytest.raises(OSError, match="File too large"):
            archive.put(large, record(large, "2026-11-22T03:00:00Z"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert archive.records("cei_wm020") == [before]
    assert len(list((tmp_path / "cei_wm020").iterdir())) == 2
    assert archive.put(large, record(large, "2026-11-22T03:00:00Z")).retrieved_at == "2026-11-22T03:00:00Z"


@pytest.mark.parametrize(("number", "stored"), [(errno.EPERM, True), (errno.ENOSPC, False)])
def test_a_file_system_without_links_stores_a_copy_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, stored: bool
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "link", refuse)
    archive = Archive(tmp_path)
    if stored:
        assert archive.put(BODY, record()) == record()
        assert archive.records("cei_wm020") == [record()]
    else:
        with pytest.raises(OSError, match="No space left on device"):
            archive.put(BODY, record())
        assert archive.records("cei_wm020") == []
    assert [path.name for path in (tmp_path / "cei_wm020").iterdir() if path.name.startswith(".")] == []


def altered(folder: Path, sha256: str) -> None:
    (folder / sha256).write_bytes(BODY.replace(b"78.1", b"87.1"))


def cut(folder: Path, sha256: str) -> None:
    (folder / sha256).write_bytes(b"")


def bodiless(folder: Path, sha256: str) -> None:
    (folder / sha256).unlink()


def unrecorded(folder: Path, sha256: str) -> None:
    (folder / f"{sha256}.json").unlink()


def torn(folder: Path, sha256: str) -> None:
    (folder / f"{sha256}.json").write_text("{", encoding="utf-8")


def of_another_size(folder: Path, sha256: str) -> None:
    noted = json.loads((folder / f"{sha256}.json").read_text(encoding="utf-8"))
    (folder / f"{sha256}.json").write_text(json.dumps({**noted, "bytes": 7}), encoding="utf-8")


def stray(folder: Path, sha256: str) -> None:
    (folder / "notes.txt").write_text("hello", encoding="utf-8")


@pytest.mark.parametrize(
    ("damage", "kind", "said"),
    [
        (altered, "altered", "cei_wm020: archived copy {} has been altered: its bytes have sha256 39724b644772"),
        (cut, "altered", "cei_wm020: archived copy {} has been altered: its bytes have sha256 e3b0c44298fc"),
        (bodiless, "no body", "cei_wm020: archived copy {} has a record and no bytes; restore them from a backup"),
        (unrecorded, "no record", "cei_wm020: archived copy {} has no record of where it came from"),
        (torn, "torn record", "cannot be read (Expecting property name enclosed in double quotes"),
        (of_another_size, "torn record", "cei_wm020: archived copy {} has 22 bytes, expected 7 as its record says"),
        (stray, "strange file", "cei_wm020: notes.txt does not belong in the archive; move it elsewhere"),
    ],
    ids=lambda case: getattr(case, "__name__", ""),
)
def test_verify_names_what_is_wrong_with_a_copy(
    tmp_path: Path, damage: Callable[[Path, str], None], kind: str, said: str
) -> None:
    archive = Archive(tmp_path / "archive")
    stored = archive.put(BODY, record())
    archive.put(b"sound", record(b"sound"))
    assert check_archive(archive, tmp_path / "published").problems == ()
    damage(tmp_path / "archive" / "cei_wm020", stored.sha256)
    (problem,) = check_archive(archive, tmp_path / "published").problems
    assert (problem.source, problem.kind) == ("cei_wm020", kind)
    assert said.format(stored.vintage) in problem.message


def test_an_archive_that_does_not_exist_yet_has_nothing_wrong_with_it(tmp_path: Path) -> None:
    checked = check_archive(Archive(tmp_path / "archive"), tmp_path / "published")
    assert (checked.copies, checked.bytes, checked.problems, checked.remarks) == (0, 0, (), ())


def test_a_confirmation_stands_beside_the_first_record_and_an_older_one_changes_nothing(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    first = archive.put(BODY, record())
    again, between = record(retrieved_at="2026-11-23T03:00:00Z"), record(retrieved_at="2026-11-22T03:00:00Z")
    archive.confirm(again)
    archive.confirm(between)
    assert archive.records("cei_wm020") == [first]
    assert archive.confirmations("cei_wm020") == {first.sha256: again}
    checked = check_archive(archive, tmp_path / "published")
    assert (checked.copies, checked.problems, checked.remarks) == (1, (), ())


def test_a_torn_confirmation_is_passed_over_and_named(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    first = archive.put(BODY, record())
    (tmp_path / "cei_wm020" / f"{first.sha256}.seen.json").write_text('{"source": "cei', encoding="utf-8")
    assert archive.records("cei_wm020") == [first]
    assert archive.confirmations("cei_wm020") == {}
    (problem,) = check_archive(archive, tmp_path / "published").problems
    assert (problem.kind, problem.copy) == ("torn record", first.sha256)
    assert "it only says when the service last gave these bytes again" in problem.message
    archive.confirm(record())
    assert check_archive(archive, tmp_path / "published").problems == ()

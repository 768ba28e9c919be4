"""What stands outside `releases/`: made once, mended when a run died, never half, never by two at once."""

from __future__ import annotations

import errno
import json
import multiprocessing
import os
import resource
import shutil
import signal
import sqlite3
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from publish.beside_releases import verify_beside
from publish.catalogue import publish_catalogue
from publish.metadata import dcat
from publish.promotion import promote
from publish.published import ReleaseError, read_sums, sha256_of, verify
from publish.release_facts import publisher
from publish.withdrawal import withdraw
from tests.release_example import NEXT_NIGHT, RATE_2017, TONNES_2017, build, contents, listing, publish

REVISED = {**RATE_2017, "value": 77.0}


def published_at(home: Path) -> Path:
    publish(home)
    publish_catalogue(home / "published", publisher())
    return home / "published"


def assert_latest_is_whole(published: Path) -> None:
    """`latest` leads to a release in which every file is what its list of checksums says."""
    for link in published.glob("datasets/*/latest"):
        release = link.resolve(strict=True)
        assert release.parent.parent == (published / "releases").resolve()
        for name, expected in read_sums(release).items():
            assert sha256_of(release / name) == expected, (release, name)


def test_index_catalogue_database_and_site_stand_beside_the_releases(tmp_path: Path) -> None:
    published = published_at(tmp_path)
    index = json.loads((published / "index.json").read_text())
    assert [(d["id"], d["version"], d["rows"]) for d in index["datasets"]] == [("packaging", "1.0.0", 3)]
    for name in (*index["catalogue"], "openapi.json", "index.html", "en/index.html", "feed.atom", "sitemap.xml"):
        assert (published / name).stat().st_size > 100, name
    with sqlite3.connect(published / index["database"]) as database:
        found = database.execute("SELECT year, value FROM packaging__amounts WHERE unit = 't'").fetchall()
    assert found == [(2017, 3138000.0)]
    note = json.loads((published / "all/ketenmonitor.sqlite.json").read_text())
    assert note["sha256"] == sha256_of(published / index["database"])


def test_nothing_is_touched_where_nothing_changed(tmp_path: Path) -> None:
    published = published_at(tmp_path)
    before = listing(published)
    outcome = publish_catalogue(published, publisher())
    assert (outcome.written, outcome.mended) == ((), ())
    assert listing(published) == before


def test_two_homes_get_the_same_bytes(tmp_path: Path) -> None:
    assert contents(published_at(tmp_path / "one")) == contents(published_at(tmp_path / "two"))


@pytest.mark.parametrize(
    "lost", ["index.json", "catalog.ttl", "index.html", "datasets/packaging/latest.json", "static"]
)
def test_what_is_lost_is_made_again(lost: str, tmp_path: Path) -> None:
    published = published_at(tmp_path)
    before = contents(published)
    path = published / lost
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    publish_catalogue(published, publisher())
    assert contents(published) == before


@pytest.mark.parametrize("altered", ["all/ketenmonitor.sqlite", "index.html", "en/datasets/packaging/index.html"])
def test_what_was_altered_beside_the_releases_is_found_written_anew_and_said(altered: str, tmp_path: Path) -> None:
    published = published_at(tmp_path)
    before = contents(published)
    path = published / altered
    path.write_bytes(path.read_bytes().replace(b"e", b"a", 1))
    assert [(problem.file, problem.kind) for problem in verify_beside(published)] == [(altered, "derived")]
    assert verify(published) == []
    outcome = publish_catalogue(published, publisher())
    assert outcome.mended == (f"{altered} was not what had been written there, and was written anew",)
    assert outcome.written == (altered,)
    assert contents(published) == before
    assert verify_beside(published) == []


def test_a_note_beside_the_database_that_says_something_else_is_found(tmp_path: Path) -> None:
    published = published_at(tmp_path)
    (published / "all/ketenmonitor.sqlite.json").write_text('{"sha256": 1}')
    assert [problem.file for problem in verify_beside(published)] == ["all/ketenmonitor.sqlite"]
    publish_catalogue(published, publisher())
    assert verify_beside(published) == []


def test_a_mandatory_property_that_is_missing_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(tmp_path)
    real = dcat.catalogue

    def without_a_title(*args: Any, **more: Any) -> Any:
        graph = real(*args, **more)
        graph.remove((None, dcat.DCT.title, None))
        return graph

    monkeypatch.setattr(dcat, "catalogue", without_a_title)
    assert any("title" in line for line in publish_catalogue(tmp_path / "published", publisher()).missing)


class Killed(BaseException):
    """The process is gone: nothing after this line runs, no except clause sees it."""


def dying(at: int, monkeypatch: pytest.MonkeyPatch, fault: BaseException) -> Callable[[], int]:
    """Lets the n-th change of the file system fail. Returns how many there were."""
    calls = 0

    def counted(name: str) -> None:
        real = getattr(os, name)

        def wrapped(*args: Any, **more: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls == at:
                raise fault
            return real(*args, **more)

        monkeypatch.setattr(os, name, wrapped)

    for name in ("rename", "replace", "fsync"):
        counted(name)
    return lambda: calls


def changes_of_a_release(home: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    with monkeypatch.context() as patch:
        count = dying(-1, patch, Killed())
        one_more_release(home)
        return count()


def one_more_release(home: Path) -> None:
    promote(build(home, REVISED, TONNES_2017, at=NEXT_NIGHT), home / "published")
    publish_catalogue(home / "published", publisher())


@pytest.mark.parametrize("fault", [Killed(), OSError(errno.ENOSPC, "No space left on device")], ids=["kill", "disk"])
def test_latest_is_whole_whenever_a_run_dies_and_the_next_run_mends_it(
    fault: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    published_at(tmp_path / "start")
    shutil.copytree(tmp_path / "start", tmp_path / "whole", symlinks=True)
    steps = changes_of_a_release(tmp_path / "whole", monkeypatch)
    expected = contents(tmp_path / "whole/published")
    assert steps > 60
    # every step of the promotion itself, then samples of the pages
    for step in (*range(1, 48, 3), *range(48, steps, max(1, steps // 6)), steps):
        home = tmp_path / f"step-{step}"
        shutil.copytree(tmp_path / "start", home, symlinks=True)
        with monkeypatch.context() as patch:
            dying(step, patch, fault)
            with pytest.raises(type(fault)):
                one_more_release(home)
        assert_latest_is_whole(home / "published")
        one_more_release(home)
        assert contents(home / "published") == expected, step
        assert not list((home / "published").rglob(".incoming-*")), step
        shutil.rmtree(home)


def _with_files_of_at_most(size: int, home: Path) -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    one_more_release(home)


@pytest.mark.parametrize("size", [2_000, 9_000, 30_000])
def test_a_disk_that_refuses_a_write_leaves_the_last_release(size: int, tmp_path: Path) -> None:
    published = published_at(tmp_path)
    before = contents(published / "releases")
    process = multiprocessing.get_context("fork").Process(target=_with_files_of_at_most, args=(size, tmp_path))
    process.start()
    process.join(60)
    assert process.exitcode == 1
    assert_latest_is_whole(published)
    assert {name: body for name, body in contents(published / "releases").items() if "/1.0.0/" in name} == before
    one_more_release(tmp_path)
    assert (published / "datasets/packaging/latest").resolve().name == "1.1.0"
    assert verify(published) == []


def _publish_one(home: Path, staging: Path, row: Mapping[str, Any], at_once: Any) -> None:
    from publish.release import build_candidate
    from tests.release_example import PACKAGING, tables

    candidate = build_candidate(
        PACKAGING, tables(row, TONNES_2017), published=home / "published", staging=staging, released_at=NEXT_NIGHT
    )
    at_once.wait()
    try:
        promote(candidate, home / "published")
    except ReleaseError:
        os._exit(3)
    publish_catalogue(home / "published", publisher())
    os._exit(0)


def test_of_two_publishers_at_once_one_releases_and_the_other_is_told_to_build_again(tmp_path: Path) -> None:
    published = published_at(tmp_path)
    fork = multiprocessing.get_context("fork")
    at_once = fork.Barrier(2)
    processes = [
        fork.Process(
            target=_publish_one, args=(tmp_path, tmp_path / f"staging-{n}", {**RATE_2017, "value": 70.0 + n}, at_once)
        )
        for n in (1, 2)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert sorted(process.exitcode or 0 for process in processes) == [0, 3]
    assert_latest_is_whole(published)
    assert verify(published) == []
    publish_catalogue(published, publisher())
    assert json.loads((published / "index.json").read_text())["datasets"][0]["version"] == "1.1.0"


def test_the_moment_of_a_release_is_the_one_that_was_given(tmp_path: Path) -> None:
    publish(tmp_path)
    later = publish(tmp_path, REVISED, TONNES_2017, at=NEXT_NIGHT + timedelta(days=400))
    assert json.loads((later.path / "datapackage.json").read_text())["created"] == "2027-12-27T03:00:00Z"
    assert b"2027-12-27" in (later.path / "CITATION.cff").read_bytes()


def test_a_dataset_of_which_all_is_withdrawn_stays_in_index_and_catalogue(tmp_path: Path) -> None:
    published = published_at(tmp_path)
    reasons = {"reason_nl": "Fout.", "reason_en": "Wrong."}
    withdraw(published, "packaging", "1.0.0", **reasons, withdrawn_at=NEXT_NIGHT, contact="x@y.nl")
    outcome = publish_catalogue(published, publisher())
    assert not [line for line in outcome.missing if "Distribution" not in line]
    told = json.loads((published / "index.json").read_text())["datasets"]
    assert [(d["id"], d["version"], d["status"], d["rows"]) for d in told] == [("packaging", "1.0.0", "withdrawn", 0)]
    assert "dataset-status/WITHDRAWN" in (published / "catalog.ttl").read_text()
    assert "data/amounts.csv" not in (published / "catalog.ttl").read_text()
    with sqlite3.connect(published / "all/ketenmonitor.sqlite") as database:
        assert not database.execute("SELECT name FROM sqlite_master WHERE name LIKE 'packaging%'").fetchall()
    assert publish_catalogue(published, publisher()).written == ()
    publish(tmp_path, REVISED, TONNES_2017, at=NEXT_NIGHT)
    publish_catalogue(published, publisher())
    assert "status" not in json.loads((published / "index.json").read_text())["datasets"][0]
    assert "WITHDRAWN" not in (published / "catalog.ttl").read_text()

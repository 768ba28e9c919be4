"""The copy of the published folder in another folder: complete, in order, never over a release that stands."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from publish.portals import mirror
from publish.portals.folder import FolderPortal
from publish.portals.plan import Plan, PortalError, PortalNotSetUp
from publish.published import sha256_of
from tests.servers.small_published import point, withdraw, write_published, write_release, write_sums


@pytest.fixture
def published(tmp_path: Path) -> Path:
    return write_published(tmp_path / "published")


@pytest.fixture
def target(tmp_path: Path) -> Path:
    (tmp_path / "mirror").mkdir()
    return tmp_path / "mirror"


def _bytes(folder: Path) -> dict[str, bytes]:
    return {
        Path(at, name).relative_to(folder).as_posix(): Path(at, name).read_bytes()
        for at, _, names in os.walk(folder)
        for name in names
    }


def _actions(plan: Plan) -> set[str]:
    return {step.action for step in plan.steps}


def test_a_plan_changes_nothing(published: Path, target: Path) -> None:
    plan = FolderPortal(published, target).plan()
    assert len(plan.to_do) == len(plan.steps) == 25
    assert list(target.iterdir()) == []


def test_everything_arrives_and_a_second_run_has_nothing_to_do(published: Path, target: Path) -> None:
    portal = FolderPortal(published, target)
    before = _bytes(published)
    outcome = portal.carry_out(portal.plan())
    assert len(outcome.done) == 25
    assert _bytes(target) == before == _bytes(published)
    assert os.readlink(target / "datasets/electronics/latest") == "../../releases/electronics/1.0.0"
    assert _actions(portal.plan()) == {"skip"}


def test_releases_come_before_what_points_at_them_and_checksums_last(published: Path, target: Path) -> None:
    order = [step.target for step in FolderPortal(published, target, copies_of_latest=True).plan().steps]
    place = {name: at for at, name in enumerate(order)}
    assert place["releases/packaging/1.0.0/SHA256SUMS"] > place["releases/packaging/1.0.0/release.json"]
    later = [
        "releases/packaging/1.0.0/SHA256SUMS",
        "static/site.css",
        "datasets/electronics/latest/README.md",
        "datasets/electronics/latest/SHA256SUMS",
        "datasets/electronics/latest.json",
        "index.html",
    ]
    assert sorted(later, key=place.__getitem__) == later
    assert order[-2:] == ["index.html", "index.json"]


def test_latest_can_be_written_out_for_a_place_without_links(published: Path, target: Path) -> None:
    portal = FolderPortal(published, target, copies_of_latest=True)
    portal.carry_out(portal.plan())
    assert not (target / "datasets/electronics/latest").is_symlink()
    assert (target / "datasets/electronics/latest/data/observations.csv").read_bytes() == (
        published / "releases/electronics/1.0.0/data/observations.csv"
    ).read_bytes()
    assert _actions(portal.plan()) == {"skip"}


def test_copies_of_latest_follow_the_newest_release(published: Path, target: Path) -> None:
    portal = FolderPortal(published, target, copies_of_latest=True)
    portal.carry_out(portal.plan())
    write_release(published, "electronics", "2.0.0", previous="1.0.0")
    (published / "releases/electronics/2.0.0/codelists/geo.csv").unlink()
    write_sums(published / "releases/electronics/2.0.0")
    point(published, "electronics", "2.0.0")
    portal.carry_out(portal.plan())
    latest = target / "datasets/electronics/latest"
    assert _bytes(latest) == _bytes(published / "releases/electronics/2.0.0")
    assert (target / "releases/electronics/1.0.0/codelists/geo.csv").is_file()


def test_copies_take_the_place_of_a_link_without_writing_through_it(published: Path, target: Path) -> None:
    links = FolderPortal(published, target)
    links.carry_out(links.plan())
    kept = _bytes(target / "releases")
    copies = FolderPortal(published, target, copies_of_latest=True)
    copies.carry_out(copies.plan())
    assert not (target / "datasets/packaging/latest").is_symlink()
    assert _bytes(target / "releases") == kept
    back = links.plan()
    assert [step.target for step in back.refused] == ["datasets/electronics/latest", "datasets/packaging/latest"]


def test_a_release_that_differs_is_refused_and_only_its_dataset_is_held_back(published: Path, target: Path) -> None:
    portal = FolderPortal(published, target)
    portal.carry_out(portal.plan())
    altered = target / "releases/electronics/1.0.0/data/observations.csv"
    altered.write_bytes(b"geo\nXX\n")
    for dataset in ("electronics", "packaging"):
        write_release(published, dataset, "1.1.0", previous="1.0.0")
        point(published, dataset, "1.1.0")
    (published / "index.html").write_text("new")
    plan = portal.plan()
    assert [step.target for step in plan.refused] == ["releases/electronics/1.0.0/data/observations.csv"]
    assert "A release is never written again" in plan.refused[0].reason
    outcome = portal.carry_out(plan)
    assert altered.read_bytes() == b"geo\nXX\n"
    assert (target / "releases/electronics/1.1.0/SHA256SUMS").is_file()
    assert os.readlink(target / "datasets/electronics/latest") == "../../releases/electronics/1.0.0"
    assert '"1.0.0"' in (target / "datasets/electronics/latest.json").read_text()
    assert os.readlink(target / "datasets/packaging/latest") == "../../releases/packaging/1.1.0"
    assert '"1.1.0"' in (target / "datasets/packaging/latest.json").read_text()
    assert (target / "index.html").read_text() == "new"
    assert [line for line in outcome.lines() if "left as they are" in line] == [
        "electronics: its pages, `latest` and withdrawals were left as they are, because something of it was refused"
    ]


@pytest.mark.parametrize("copies", [False, True], ids=["links", "copies"])
def test_what_latest_names_is_never_removed_while_its_successor_is_refused(
    copies: bool, published: Path, target: Path
) -> None:
    write_release(published, "electronics", "1.1.0", previous="1.0.0")
    point(published, "electronics", "1.1.0")
    portal = FolderPortal(published, target, copies_of_latest=copies)
    portal.carry_out(portal.plan())
    (target / "releases/electronics/1.0.0/data/observations.csv").write_bytes(b"geo\nXX\n")
    withdraw(published, "electronics", "1.1.0")
    point(published, "electronics", "1.0.0")
    before = _bytes(target)
    outcome = portal.carry_out(portal.plan())
    assert {step.target for step in outcome.plan.refused} == {"releases/electronics/1.0.0/data/observations.csv"}
    after = _bytes(target)
    assert {name for name in after if after[name] != before.get(name)} <= {"index.json"}
    assert set(before) == set(after)
    assert (target / "datasets/electronics/latest/data/observations.csv").is_file()


def test_pointers_move_before_anything_is_removed(published: Path, target: Path) -> None:
    write_release(published, "electronics", "1.1.0", previous="1.0.0")
    point(published, "electronics", "1.1.0")
    portal = FolderPortal(published, target)
    portal.carry_out(portal.plan())
    withdraw(published, "electronics", "1.1.0")
    point(published, "electronics", "1.0.0")
    order = [(step.action, step.target) for step in portal.plan().to_do]
    first_removal = next(at for at, (action, _) in enumerate(order) if action == "remove")
    assert order.index(("update", "datasets/electronics/latest")) < first_removal
    assert order.index(("update", "datasets/electronics/latest.json")) < first_removal


def test_a_withdrawn_release_loses_its_data_and_gets_its_tombstone(published: Path, target: Path) -> None:
    portal = FolderPortal(published, target)
    portal.carry_out(portal.plan())
    write_release(published, "electronics", "1.0.1", previous="1.0.0")
    withdraw(published, "electronics", "1.0.0")
    point(published, "electronics", "1.0.1")
    outcome = portal.carry_out(portal.plan())
    assert _bytes(target) == _bytes(published)
    assert not (target / "releases/electronics/1.0.0/data").exists()
    gone = [step.target for step in outcome.done if step.action == "remove"]
    assert gone == [
        "releases/electronics/1.0.0/README.md",
        "releases/electronics/1.0.0/codelists/geo.csv",
        "releases/electronics/1.0.0/data/observations.csv",
        "releases/electronics/1.0.0/data/observations.parquet",
    ]


def test_the_link_goes_where_no_release_of_a_dataset_stands(published: Path, target: Path) -> None:
    portal = FolderPortal(published, target)
    portal.carry_out(portal.plan())
    withdraw(published, "electronics", "1.0.0")
    (published / "datasets/electronics/latest").unlink()
    portal.carry_out(portal.plan())
    assert not (target / "datasets/electronics/latest").is_symlink()
    assert (target / "datasets/packaging/latest").is_symlink()
    assert set(_actions(portal.plan())) == {"skip"}


def test_what_others_put_beside_it_stays(published: Path, target: Path) -> None:
    (target / "releases/other/1.0.0").mkdir(parents=True)
    (target / "releases/other/1.0.0/data.csv").write_text("a\n")
    (target / "notes.txt").write_text("ours\n")
    portal = FolderPortal(published, target)
    portal.carry_out(portal.plan())
    assert (target / "releases/other/1.0.0/data.csv").read_text() == "a\n"
    assert (target / "notes.txt").read_text() == "ours\n"


def test_a_run_that_died_leaves_no_half_file_and_the_next_goes_on(
    published: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    portal = FolderPortal(published, target)
    replace, calls = os.replace, []

    def dies(source: str, place: str) -> None:
        calls.append(place)
        if len(calls) == 5:
            raise OSError(28, "No space left on device")
        replace(source, place)

    monkeypatch.setattr(os, "replace", dies)
    with pytest.raises(PortalError, match="4 of 25 steps were done and stay; run again to go on"):
        portal.carry_out(portal.plan())
    monkeypatch.setattr(os, "replace", replace)
    assert len(_bytes(target)) == 4
    (target / "releases/electronics/.incoming-99-x.csv").write_text("half")
    assert len(portal.carry_out(portal.plan()).done) == 21
    assert _bytes(target) == _bytes(published)


def test_a_source_that_is_not_what_was_released_is_not_sent(published: Path, target: Path) -> None:
    damaged = published / "releases/packaging/1.0.0/data/observations.csv"
    damaged.write_text("geo\nXX\n")
    portal = FolderPortal(published, target)
    with pytest.raises(PortalError, match="ketenmonitor verify"):
        portal.carry_out(portal.plan())
    assert not (target / "releases/packaging/1.0.0/data/observations.csv").exists()
    assert not (target / "index.json").exists()


@pytest.mark.parametrize("hidden", [".incoming-1.1.0/data.csv", ".env", "datasets/.incoming-latest.json"])
def test_hidden_files_are_never_sent(hidden: str, published: Path, target: Path) -> None:
    (published / hidden).parent.mkdir(exist_ok=True)
    (published / hidden).write_text("secret")
    portal = FolderPortal(published, target)
    assert not [step.target for step in portal.plan().steps if "/." in "/" + step.target]


def test_a_link_that_leads_out_of_the_releases_is_an_error(published: Path, target: Path, tmp_path: Path) -> None:
    link = published / "datasets/electronics/latest"
    link.unlink()
    link.symlink_to(tmp_path)
    with pytest.raises(PortalError, match="does not point at a release of electronics"):
        FolderPortal(published, target, copies_of_latest=True).plan()


@pytest.mark.parametrize(
    ("where", "words"),
    [
        ("absent", "is no folder"),
        ("published", "lies in or around the published folder"),
        ("published/releases", "lies in or around the published folder"),
        (".", "lies in or around the published folder"),
    ],
)
def test_a_target_that_cannot_be_one_is_refused(where: str, words: str, published: Path, tmp_path: Path) -> None:
    with pytest.raises(PortalNotSetUp, match=words):
        FolderPortal(published, tmp_path / where).plan()


def test_nothing_is_written_through_a_link_in_the_target(published: Path, target: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (target / "static").symlink_to(tmp_path / "elsewhere")
    portal = FolderPortal(published, target)
    with pytest.raises(PortalError, match="is a link"):
        portal.carry_out(portal.plan())
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_an_absent_published_folder_says_what_to_do(tmp_path: Path, target: Path) -> None:
    with pytest.raises(PortalNotSetUp, match="run `ketenmonitor nightly` first"):
        FolderPortal(tmp_path / "nothing", target).plan()


def test_a_damaged_list_of_checksums_stops_the_mirror(published: Path, target: Path) -> None:
    (published / "releases/electronics/1.0.0/SHA256SUMS").write_text("nonsense\n")
    with pytest.raises(PortalError, match="SHA256SUMS"):
        FolderPortal(published, target).plan()


def test_the_mirror_names_every_file_once(published: Path) -> None:
    files = mirror.files_to_mirror(published, latest_as_files=True)
    names = [file.path for file in files]
    assert len(names) == len(set(names)) == 37
    assert all(sha256_of(file.source) == file.sha256 for file in files)


def test_the_plan_is_printed_without_what_is_as_it_should_be(published: Path, target: Path) -> None:
    portal = FolderPortal(published, target)
    portal.carry_out(portal.plan())
    shutil.rmtree(target / "static")
    plan = portal.plan()
    assert plan.lines() == (
        "create   static/site.css: is not there yet",
        f"folder {target}: 1 to do, 24 as they should be, 0 refused",
    )
    assert plan.as_json()["steps"][0] == {
        "action": "skip",
        "target": "releases/electronics/1.0.0/README.md",
        "reason": "stands there with the same sha256",
    }

"""Pruning by rule: what is too old goes, and nothing that a release, a delivery or a kept night used."""

import json
import os
from dataclasses import replace
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from assets.night import Night
from assets.sources.archive import WRITING, ArchiveRecord, record_of
from contracts.vocabulary import VocabularyError
from pipelines import cli
from pipelines.instance import instance
from pipelines.upkeep.history_pruning import find_old_runs, remove_files_of_runs, remove_runs
from pipelines.upkeep.pruning import find_prunable, remove
from pipelines.upkeep.retention import Retention, read_retention
from publish.whole_files import INCOMING
from tests.conftest import NIGHT_OF, night
from tests.published_example import source_row, write_release

FOR_EVER = Retention(None, None, None, None, None, None, None, None)


def archived(of: Night, source: str, body: bytes, days: int, origin: str = "live") -> ArchiveRecord:
    """A copy that came so many days before the night."""
    came = (of.started_at - timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")
    return of.archive.put(
        body, record_of(body, source=source, retrieved_at=came, retrieved_from="https://x.example/", origin=origin)
    )


def kept_night(of: Night, days: int, used: dict[str, str]) -> Path:
    moment = (of.started_at - timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")
    path = of.home / "nights" / f"{moment.replace(':', '')}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"moment": moment, "code": "", "publishing": "", "public_url": None, "used": used}))
    return path


def old(path: Path, of: Night, days: int) -> Path:
    """A file or folder that was last written so many days before the night."""
    then = (of.started_at - timedelta(days=days)).timestamp()
    os.utime(path, (then, then))
    return path


def said(of: Night, rule: Retention) -> list[tuple[str, str]]:
    return [(one.kind, one.what) for one in find_prunable(of, rule).prunable]


def test_the_rule_as_shipped_keeps_every_edition_and_every_night_for_ever() -> None:
    rule = read_retention()
    assert (rule.dagster_runs_days, rule.spoiled_bodies_days) == (400, 90)
    assert (rule.archived_editions_days, rule.night_records_days) == (None, None)


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"logs_days": 0}, "logs_days is 0; expected a whole number of days from 1, or null for ever"),
        ({"logs_days": "90"}, "logs_days is '90'"),
        ({"logs_days": True}, "logs_days is True"),
        ({"logs_days": 1.5}, "logs_days is 1.5"),
        ({"releases_days": 9}, "expected exactly the lines dagster_runs_days, spoiled_bodies_days"),
    ],
)
def test_a_rule_that_cannot_be_used_is_refused(change: dict[str, Any], found: str) -> None:
    with pytest.raises(VocabularyError) as refused:
        read_retention({**FOR_EVER.__dict__, **change})
    assert found in str(refused.value)


@pytest.mark.parametrize(("days", "goes"), [(89, False), (90, False), (91, True)])
def test_a_spoiled_body_goes_after_its_days_with_its_record(days: int, goes: bool, tmp_path: Path) -> None:
    of = night(tmp_path)
    spoiled = archived(of, "cei_wm060", b"<html>", days, "spoiled")
    table = archived(of, "cei_wm060", b"a table", days)
    [*found] = find_prunable(of, replace(FOR_EVER, spoiled_bodies_days=90)).prunable
    assert [one.kind for one in found] == (["spoiled body"] if goes else [])
    for one in found:
        assert one.bytes > len(b"<html>")
        remove(one)
    assert [record.sha256 for record in of.archive.records("cei_wm060")] == sorted(
        [table.sha256] if goes else [spoiled.sha256, table.sha256]
    )


def test_a_body_that_was_given_again_as_a_table_is_no_longer_spoiled(tmp_path: Path) -> None:
    of = night(tmp_path)
    spoiled = archived(of, "cei_wm060", b"a table after all", 200, "spoiled")
    of.archive.confirm(replace(spoiled, origin="live", retrieved_at=of.moment))
    assert said(of, replace(FOR_EVER, spoiled_bodies_days=90)) == []


def test_an_edition_stays_where_a_release_a_kept_night_or_nothing_newer_stands_for_it(tmp_path: Path) -> None:
    of = night(tmp_path)
    cited = archived(of, "env_waspac", b"cited", 900)
    archived(of, "env_waspac", b"newer than what is cited", 10)
    read = archived(of, "cei_wm060", b"read by a night", 900)
    unused = archived(of, "cei_wm060", b"used by nobody", 800)
    again = archived(of, "cei_wm060", b"given again lately", 850)
    of.archive.confirm(replace(again, retrieved_at=of.moment))
    newest = archived(of, "cei_pc040", b"the only one", 900)
    handed_in = archived(of, "declarations_packaging", b"a delivery", 900)
    kept_night(of, 899, {"cei_wm060": read.sha256})
    write_release(of.published, tables={"sources": [source_row(source="env_waspac", sha256=cited.sha256)]})
    rule = replace(FOR_EVER, archived_editions_days=400)
    [one] = find_prunable(of, rule).prunable
    assert (one.kind, one.what) == ("archived edition", f"cei_wm060 {unused.vintage} of 2024-09-12")
    remove(one)
    assert {record.sha256 for record in of.archive.records("cei_wm060")} == {read.sha256, again.sha256}
    for record in (cited, newest, handed_in):
        assert of.archive.read(record)
    assert find_prunable(of, rule).prunable == ()


def test_where_a_release_is_damaged_no_edition_is_looked_at(tmp_path: Path) -> None:
    of = night(tmp_path)
    archived(of, "cei_wm060", b"old", 900)
    archived(of, "cei_wm060", b"new", 1)
    release = write_release(of.published)
    rule = replace(FOR_EVER, archived_editions_days=400)
    assert len(said(of, rule)) == 1
    (release / "datapackage.json").write_text("altered")
    found = find_prunable(of, rule)
    assert found.prunable == ()
    assert found.remarks[0].startswith(
        "No archived edition was looked at: releases/packaging/1.0.0/datapackage.json was"
    )


def test_with_a_night_record_go_its_claims_and_the_newest_record_always_stays(tmp_path: Path) -> None:
    of = night(tmp_path)
    read = archived(of, "cei_wm060", b"read long ago", 900)
    archived(of, "cei_wm060", b"newer", 800)
    first = kept_night(of, 900, {"cei_wm060": read.sha256})
    kept_night(of, 500, {})
    rule = replace(FOR_EVER, archived_editions_days=400, night_records_days=400)
    assert said(of, rule) == [
        ("night record", first.name),
        ("archived edition", f"cei_wm060 {read.vintage} of 2024-06-04"),
    ]


def test_what_was_left_behind_goes_and_what_waits_or_is_being_written_stays(tmp_path: Path) -> None:
    of = night(tmp_path)
    for name in ("archive/cei_wm060/" + WRITING + "a", "published/" + INCOMING + "x", "staging/packaging/data/a"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        old((tmp_path / name), of, 8) if (tmp_path / name).write_bytes(b"x") else None
    (tmp_path / "archive/cei_wm060" / f"{WRITING}b").write_bytes(b"x")
    old(tmp_path / "archive/cei_wm060" / f"{WRITING}b", of, 6)
    for name in ("staging/packaging", "staging/gone-since", "staging/packaging.blocked", ".restoring"):
        (tmp_path / name).mkdir(parents=True, exist_ok=True)
        old(tmp_path / name, of, 100)
    assert said(of, replace(FOR_EVER, left_behind_days=7)) == [
        ("left behind", "staging/gone-since"),
        ("left behind", f"archive/cei_wm060/{WRITING}a"),
        ("left behind", f"published/{INCOMING}x"),
        ("left behind", ".restoring"),
    ]


@pytest.mark.parametrize(
    ("folder", "name", "rule"),
    [
        ("logs", "2026-08-01T003000Z.jsonl", replace(FOR_EVER, logs_days=90)),
        ("reports", "2026-08-01T00:30:00Z.nl.html", replace(FOR_EVER, reports_days=90)),
    ],
)
def test_reports_and_logs_go_by_the_moment_in_their_name(
    folder: str, name: str, rule: Retention, tmp_path: Path
) -> None:
    of = night(tmp_path)
    (tmp_path / folder).mkdir()
    for each in (name, name.replace("08-01", "11-01"), "latest.html"):
        (tmp_path / folder / each).write_bytes(b"x")
    old(tmp_path / folder / "latest.html", of, 999)
    assert [what for _, what in said(of, rule)] == [f"{folder}/{name}"]


def test_a_rebuilt_night_goes_by_the_day_on_which_it_was_rebuilt(tmp_path: Path) -> None:
    of = night(tmp_path)
    for name, days in (("2024-01-01", 1), ("2026-11-01", 31)):
        (tmp_path / "as_of" / name / "staging").mkdir(parents=True)
        (tmp_path / "as_of" / name / "staging/link").symlink_to(tmp_path / "archive")
        old(tmp_path / "as_of" / name, of, days)
    (tmp_path / "archive").mkdir()
    found = find_prunable(of, replace(FOR_EVER, rebuilt_nights_days=30)).prunable
    assert [one.what for one in found] == ["as_of/2026-11-01"]
    remove(found[0])
    # the links go, what they lead to stays
    assert (tmp_path / "archive").is_dir()


@dg.asset
def figures(context: dg.AssetExecutionContext) -> None:
    context.log.info("made")


def test_old_runs_go_with_their_events_and_files_and_newer_ones_stay(tmp_path: Path) -> None:
    with instance(tmp_path) as kept:
        first, second = (dg.materialize([figures], instance=kept, tags={"a": "b"}).run_id for _ in range(2))
        began = kept.get_run_records()[0].create_timestamp.replace(tzinfo=UTC)
        assert find_old_runs(kept, tmp_path, began - timedelta(days=1)) == []
        assert find_old_runs(kept, tmp_path, None) == []
        runs = find_old_runs(kept, tmp_path, began)
        assert [run.run_id for run in runs] == [first]
        assert runs[0].bytes > 10_000
        remove_runs(kept, runs)
    assert remove_files_of_runs(tmp_path, runs) >= 0
    left = {path.name.partition(".")[0] for path in (tmp_path / "dagster/history/runs").iterdir()}
    assert first not in left and second in left
    with instance(tmp_path) as kept:
        assert [run.run_id for run in kept.get_runs()] == [second]
        assert kept.all_logs(first) == []
        assert len(kept.all_logs(second)) > 5
        [event] = kept.fetch_materializations(dg.AssetKey("figures"), limit=9).records
        assert event.run_id == second


def test_prune_says_what_it_removed_and_a_dry_run_removes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", str(int(NIGHT_OF.timestamp())))
    of = night(tmp_path)
    spoiled = archived(of, "cei_wm060", b"<html>", 100, "spoiled")
    assert cli.main(["prune", "--dry-run", "--home", str(tmp_path)]) == 0
    told = capsys.readouterr().out
    assert f"spoiled body: cei_wm060 {spoiled.vintage} of 2026-08-13, " in told
    assert "1 would go, " in told
    assert of.archive.read(spoiled) == b"<html>"
    assert cli.main(["prune", "--json", "--home", str(tmp_path)]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert [one["kind"] for one in facts["removed"]] == ["spoiled body"]
    assert facts["bytes"] == facts["removed"][0]["bytes"] > 0
    assert of.archive.records("cei_wm060") == []
    assert cli.main(["prune", "--home", str(tmp_path)]) == 0
    assert capsys.readouterr().out == "\nNothing is too old.\n"


def test_prune_of_a_home_that_is_not_there_is_exit_code_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["prune", "--home", str(tmp_path / "none")]) == 2
    assert "there is no home at" in capsys.readouterr().err

"""A night that Dagster starts: its moment, its beginning on disk, and what it tells of nights that did not run."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import dagster as dg
import pytest

from assets.night import Night
from pipelines.definitions import NIGHTLY, REPORT, SITE, build_definitions
from pipelines.instance import instance
from pipelines.kept_nights import MOMENT_TAG, keep
from pipelines.morning import outbox_of
from pipelines.night_of_run import night_of_run
from pipelines.report_job import tags_of_night
from pipelines.run_origin import REPEATS
from publish.night_facts import read_facts
from tests.conftest import NIGHT_OF, night
from tests.night_example import QUIET

TARGETS = [dg.AssetKey(["sources", "targets"])]
LATER = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
Run = Callable[..., dg.ExecuteInProcessResult]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """Runs one asset of the job of the night as the daemon would: without the tags of a command."""
    monkeypatch.delenv("KETENMONITOR_SMTP_URL", raising=False)
    with instance(tmp_path) as opened:

        def started(at: Night, tags: dict[str, str] | None = None) -> dg.ExecuteInProcessResult:
            job = build_definitions(night=lambda: at).resolve_job_def(NIGHTLY)
            return job.execute_in_process(instance=opened, asset_selection=TARGETS, tags=tags, raise_on_error=False)

        yield started


def _marks(home: Path) -> list[str]:
    return sorted(path.name for path in (home / "reports").glob("*.started"))


def test_a_night_of_the_daemon_notes_its_moment_and_its_beginning(run: Run, tmp_path: Path) -> None:
    result = run(night(tmp_path))
    with instance(tmp_path) as opened:
        kept = opened.get_run_by_id(result.run_id)
        assert kept is not None
        assert kept.tags[MOMENT_TAG] == "2026-11-21T03:00:00Z"
        # the report that follows goes by the same moment
        assert tags_of_night(opened, kept)[MOMENT_TAG] == "2026-11-21T03:00:00Z"
    assert _marks(tmp_path) == ["2026-11-21T030000Z.started"]


def test_a_night_that_was_missed_and_one_that_died_are_told_by_the_next_of_the_daemon(run: Run, tmp_path: Path) -> None:
    keep(tmp_path, replace(QUIET, moment="2026-11-18T01:30:00Z"))
    run(night(tmp_path))
    (missed,) = [entry.occasion for entry in outbox_of(tmp_path).entries([], "2026-11-21T03:00:00Z")]
    assert missed.kind == "night_missed"
    assert "van 19 november 2026 tot en met 20 november 2026" in missed.text
    # nothing ended the night of then: no site, no report
    run(replace(night(tmp_path), started_at=LATER))
    kinds = [entry.occasion.kind for entry in outbox_of(tmp_path).entries([], "2026-11-22T09:30:00Z")]
    assert sorted(kinds) == ["night_failed", "night_missed"]
    assert _marks(tmp_path) == ["2026-11-22T093000Z.started"]


def test_a_night_that_waited_for_another_does_not_call_it_dead_before_its_site_and_report(
    run: Run, tmp_path: Path
) -> None:
    run(night(tmp_path))
    run(replace(night(tmp_path), started_at=datetime(2026, 11, 21, 3, 5, tzinfo=UTC)))
    assert outbox_of(tmp_path).entries([], "2026-11-21T03:05:00Z") == []
    assert _marks(tmp_path) == ["2026-11-21T030000Z.started", "2026-11-21T030500Z.started"]


def test_a_night_that_did_not_end_is_not_the_last_that_went_well(run: Run, tmp_path: Path) -> None:
    keep(tmp_path, replace(QUIET, moment="2026-11-20T01:30:00Z", last_success="2026-11-20T01:30:00Z"))
    run(night(tmp_path))
    run(replace(night(tmp_path), started_at=LATER))
    facts = read_facts((tmp_path / "reports" / "2026-11-21T030000Z.json").read_bytes())
    assert (facts.outcome, facts.last_success) == ("unfinished", "2026-11-20T01:30:00Z")


def test_the_report_that_follows_takes_the_mark_away(run: Run, tmp_path: Path) -> None:
    result = run(night(tmp_path))
    with instance(tmp_path) as opened:
        kept = opened.get_run_by_id(result.run_id)
        assert kept is not None
        definitions = build_definitions(night=lambda: replace(night(tmp_path), started_at=LATER))
        report = definitions.resolve_job_def(REPORT)
        assert report.execute_in_process(instance=opened, tags=tags_of_night(opened, kept)).success
    assert _marks(tmp_path) == []
    facts = read_facts((tmp_path / "reports" / "2026-11-21T030000Z.json").read_bytes())
    # what the process of the run had used by its end
    assert facts.cpu_seconds is not None
    assert 0 < facts.cpu_seconds <= time.process_time()


def test_a_run_that_repeats_another_belongs_to_its_night_and_begins_none(run: Run, tmp_path: Path) -> None:
    first = run(night(tmp_path))
    tags = {MOMENT_TAG: "2026-11-21T03:00:00Z", REPEATS: first.run_id, "dagster/root_run_id": first.run_id}
    run(replace(night(tmp_path), started_at=LATER), tags)
    assert _marks(tmp_path) == ["2026-11-21T030000Z.started"]
    assert outbox_of(tmp_path).entries([], "2026-11-22T09:30:00Z") == []


def test_steps_in_processes_of_their_own_that_start_together_are_of_one_night(tmp_path: Path) -> None:
    with instance(tmp_path) as opened:
        job = build_definitions().resolve_job_def(NIGHTLY)
        # as the second step knew its run before it waited for the first
        known = opened.create_run_for_job(job, tags=job.tags)
        found = []
        for at in (NIGHT_OF, NIGHT_OF + timedelta(seconds=40)):
            context = cast(dg.InitResourceContext, SimpleNamespace(run=known, instance=opened, log=None))
            with night_of_run(context, partial(replace, night(tmp_path), started_at=at), NIGHTLY) as of:
                found.append(of.started_at)
    assert found == [NIGHT_OF, NIGHT_OF]
    assert _marks(tmp_path) == ["2026-11-21T030000Z.started"]
    assert outbox_of(tmp_path).entries([], "2026-11-21T03:01:00Z") == []


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({}, LATER),
        # a run in which every step is a process of its own has the moment of its first; so has the site after a night
        ({MOMENT_TAG: "2026-11-21T03:00:00Z"}, NIGHT_OF),
        # what a repetition does, it does now
        ({MOMENT_TAG: "2026-11-21T03:00:00Z", REPEATS: "a-run"}, LATER),
    ],
    ids=["alone", "with a moment", "again"],
)
def test_the_moment_of_a_run(tmp_path: Path, tags: dict[str, str], expected: datetime) -> None:
    found: list[datetime] = []
    definitions = build_definitions(night=lambda: replace(night(tmp_path), started_at=LATER))

    @dg.op
    def look(night: dg.ResourceParam[Night]) -> None:
        found.append(night.started_at)

    @dg.job(tags=definitions.resolve_job_def(SITE).tags, resource_defs={"night": definitions.resources["night"]})
    def looking() -> None:
        look()

    with instance(tmp_path) as opened:
        assert looking.execute_in_process(instance=opened, tags=tags).success
    assert found == [expected]

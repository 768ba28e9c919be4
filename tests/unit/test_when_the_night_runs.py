"""When the night runs by itself, that two never run at once, and what becomes of one that hangs or is killed."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import dagster as dg
import pytest
from dagster._utils.schedules import schedule_execution_time_iterator

from assets.sources.archive import Archive, record_of
from assets.sources.change_feed import FeedUnread, changed_at_eurostat
from assets.time_limit import TookTooLong, limited, within
from pipelines.dead_runs import end_dead_runs
from pipelines.definitions import NIGHTLY, build_definitions
from pipelines.night_lock import NIGHT, NightRuns, is_alive, one_night, said_alive
from pipelines.nightly import left_of_last_night, run_assets
from pipelines.schedules import AT, WHERE, change_feed_sensor, night_schedule
from tests.conftest import Answer, PlayedEurostat, night

ROOT = Path(__file__).parents[2]
AMSTERDAM = ZoneInfo("Europe/Amsterdam")


@pytest.mark.parametrize(
    ("from_day", "expected"),
    [
        # an ordinary week
        ("2026-11-21", ["2026-11-21 02:30", "2026-11-22 02:30", "2026-11-23 02:30"]),
        # 29 March 2026: two o'clock becomes three, so half past two does not exist
        ("2026-03-28", ["2026-03-28 02:30", "2026-03-29 03:00", "2026-03-30 02:30"]),
        # 25 October 2026: three o'clock becomes two, so half past two comes twice
        ("2026-10-24", ["2026-10-24 02:30", "2026-10-25 02:30", "2026-10-26 02:30"]),
    ],
)
def test_the_night_starts_once_at_half_past_two_in_amsterdam_also_when_the_clock_changes(
    from_day: str, expected: list[str]
) -> None:
    start = datetime.fromisoformat(from_day).replace(tzinfo=AMSTERDAM)
    ticks = schedule_execution_time_iterator(start.timestamp(), AT, WHERE, ascending=True)
    found = [next(ticks).astimezone(UTC) for _ in expected]
    assert [tick.astimezone(AMSTERDAM).strftime("%Y-%m-%d %H:%M") for tick in found] == expected
    hours = [(after - before).total_seconds() / 3600 for before, after in pairwise(found)]
    assert all(22 < between < 26 for between in hours)


def test_the_schedule_runs_unless_a_timer_starts_the_night() -> None:
    job = build_definitions().resolve_job_def(NIGHTLY)
    assert night_schedule(job).default_status == dg.DefaultScheduleStatus.RUNNING
    assert night_schedule(job, by_timer=True).default_status == dg.DefaultScheduleStatus.STOPPED
    assert job.tags[NIGHT] == "true"
    # four hours, and twice the two minutes in which a run may end itself: then whoever watches from outside ends it
    assert int(job.tags["dagster/max_runtime"]) == 4 * 3600 + 240


HOLDS = """
import sys, time
from pathlib import Path
from pipelines.night_lock import one_night
with one_night(Path(sys.argv[1]), "nightly, run 1"):
    print("held", flush=True)
    time.sleep(float(sys.argv[2]))
"""


@pytest.fixture
def other(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", HOLDS, str(tmp_path), "60"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_second_night_does_not_start_while_one_runs_and_says_which(
    tmp_path: Path, other: subprocess.Popen[str]
) -> None:
    said: list[str] = []
    told = pytest.raises(NightRuns, match=r"another night runs on this home \(nightly, run 1\)")
    with told, one_night(tmp_path, "nightly, run 2", wait=0.6, say=said.append):
        pytest.fail("two nights ran at once")
    assert said == ["Waiting for the night that runs: nightly, run 1"]
    other.kill()
    other.wait()
    # the system let go of the lock of the night that was killed
    with one_night(tmp_path, "nightly, run 2", wait=5):
        assert json.loads((tmp_path / ".night.lock").read_text())["run"] == "nightly, run 2"


def test_a_night_whose_process_is_gone_is_called_failed_by_the_next_and_no_other_run_is() -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        job = dg.define_asset_job("nightly").name
        started = dg.DagsterRunStatus.STARTED
        dead = dg.DagsterRun(job_name=job, status=started, tags={NIGHT: "true"})
        own = dg.DagsterRun(job_name=job, status=started, tags={NIGHT: "true"})
        of_the_inbox = dg.DagsterRun(job_name="take_in", status=started)
        for run in (dead, own, of_the_inbox):
            instance.add_run(run)
        assert end_dead_runs(instance, own.run_id, lambda _: False) == [dead.run_id]
        found = {run.run_id: run.status for run in instance.get_runs()}
    assert found == {dead.run_id: dg.DagsterRunStatus.FAILURE, own.run_id: started, of_the_inbox.run_id: started}


def test_a_night_that_waits_or_is_being_started_is_not_called_dead(tmp_path: Path) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        started, starting = dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.STARTING
        waiting = dg.DagsterRun(job_name="nightly", status=started, tags={NIGHT: "true"})
        new = dg.DagsterRun(job_name="nightly", status=starting, tags={NIGHT: "true"})
        own = dg.DagsterRun(job_name="nightly", status=started, tags={NIGHT: "true"})
        for run in (waiting, new, own):
            instance.add_run(run)
        with said_alive(tmp_path, waiting.run_id), said_alive(tmp_path, waiting.run_id):
            assert end_dead_runs(instance, own.run_id, partial(is_alive, tmp_path)) == []
        assert not (tmp_path / ".runs" / waiting.run_id).exists()
        assert end_dead_runs(instance, own.run_id, partial(is_alive, tmp_path)) == [waiting.run_id]


SAYS = """
import sys, time
from pathlib import Path
from pipelines.night_lock import said_alive
with said_alive(Path(sys.argv[1]), "a-run"):
    print("alive", flush=True)
    time.sleep(60)
"""


def test_a_process_that_was_killed_is_alive_no_longer(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", SAYS, str(tmp_path)], stdout=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"alive\n"
        assert is_alive(tmp_path, "a-run")
        process.kill()
        process.wait()
        assert not is_alive(tmp_path, "a-run")


def test_a_step_that_hangs_is_stopped_and_says_so() -> None:
    begun = time.monotonic()
    with pytest.raises(TookTooLong, match=r"packaging did not finish within 0\.2 seconds"), within(0.2, "packaging"):
        time.sleep(30)
    assert time.monotonic() - begun < 10


def test_the_limit_of_a_generator_counts_its_own_time_and_not_that_of_who_reads_it() -> None:
    def steps() -> Iterator[int]:
        yield 1
        time.sleep(0.05)
        yield 2
        time.sleep(30)
        yield 3

    events = limited(steps, 0.4)()
    assert next(events) == 1
    time.sleep(0.6)  # the reader is slow, and that is no fault of the step
    assert next(events) == 2
    with pytest.raises(TookTooLong):
        next(events)
    time.sleep(0.5)  # nothing rings afterwards


@pytest.mark.parametrize("name", ["nightly", "site"])
def test_every_asset_is_tried_again_with_a_pause_and_has_a_time_limit(name: str) -> None:
    job = build_definitions().resolve_job_def(name)
    for step in job.all_node_defs:
        assert isinstance(step, dg.OpDefinition)
        policy = step.retry_policy
        assert policy is not None, step.name
        assert (policy.max_retries, policy.backoff) == (2, dg.Backoff.EXPONENTIAL), step.name


CONTENTS = (
    '"title"\t"code"\t"type"\t"last update of data"\t"last table structure change"\t"data start"\t"data end"'
    '\t"values"\n'
    '"Packaging waste"\t"env_waspac"\t"dataset"\t"27.02.2025"\t"27.02.2025"\t"1997"\t"2023"\t1\n'
    '"Something else"\t"nama_99"\t"dataset"\t"20.11.2026"\t"20.11.2026"\t"1997"\t"2023"\t1\n'
)


def _with_contents(eurostat: PlayedEurostat, body: bytes, status: int = 200) -> None:
    answer = eurostat.answer
    eurostat.answer = (  # type: ignore[method-assign]
        lambda path: Answer(body, status) if "catalogue" in path or "toc" in path else answer(path)
    )


def _copy(archive: Archive, retrieved_at: str, origin: str = "live") -> None:
    facts = {"source": "env_waspac", "retrieved_at": retrieved_at, "retrieved_from": "x", "origin": origin}
    archive.put(retrieved_at.encode(), record_of(retrieved_at.encode(), edition="2025-02-27", **facts))


@pytest.mark.parametrize(
    ("retrieved_at", "origin", "changed"),
    [
        ("2025-03-01T03:00:00Z", "live", {}),
        ("2025-02-20T03:00:00Z", "live", {"env_waspac": "2025-02-27"}),
        ("2025-03-01T03:00:00Z", "embedded_edition", {"env_waspac": "2025-02-27"}),
    ],
    ids=["ours is newer", "theirs is newer", "ours came with the software"],
)
def test_the_change_feed_names_the_tables_that_are_newer_than_our_live_copy(
    tmp_path: Path, eurostat: PlayedEurostat, retrieved_at: str, origin: str, changed: dict[str, str]
) -> None:
    _with_contents(eurostat, CONTENTS.encode())
    archive = Archive(tmp_path)
    _copy(archive, retrieved_at, origin)
    assert changed_at_eurostat(archive, eurostat.url, "tests") == changed


def test_a_change_feed_that_cannot_be_had_starts_nothing_and_says_why(tmp_path: Path, eurostat: PlayedEurostat) -> None:
    _with_contents(eurostat, b"<html>maintenance</html>")
    with pytest.raises(FeedUnread, match="table of contents could not be read"):
        changed_at_eurostat(Archive(tmp_path), eurostat.url, "tests")
    job = build_definitions().resolve_job_def(NIGHTLY)
    sensor = change_feed_sensor(job, lambda: night(tmp_path, eurostat_url=eurostat.url))
    with dg.build_sensor_context() as context:
        skipped = sensor(context)
    assert isinstance(skipped, dg.SkipReason)
    assert "could not be read" in str(skipped.skip_message)


def test_the_same_news_of_eurostat_starts_one_run(tmp_path: Path, eurostat: PlayedEurostat) -> None:
    _with_contents(eurostat, CONTENTS.encode())
    job = build_definitions().resolve_job_def(NIGHTLY)
    sensor = change_feed_sensor(job, lambda: night(tmp_path, eurostat_url=eurostat.url))
    with dg.build_sensor_context() as context:
        first, second = sensor(context), sensor(context)
    assert isinstance(first, dg.RunRequest)
    assert isinstance(second, dg.RunRequest)
    assert first.run_key == second.run_key
    assert first.tags["ketenmonitor/because"] == "env_waspac"


def test_what_failed_in_the_last_night_can_be_made_again_alone(tmp_path: Path) -> None:
    key = dg.AssetKey(["sources", "targets"])
    tonight = night(tmp_path)
    blocked = tmp_path / "tables" / "sources" / "targets.parquet"
    # a folder where the table must come: writing it fails, as on a broken disk
    blocked.mkdir(parents=True)
    (blocked / "x").write_text("x")
    summary = run_assets(tonight, [key])
    assert [refusal.asset for refusal in summary.refusals] == ["sources/targets"]
    assert left_of_last_night(tonight) == [key]
    (blocked / "x").unlink()
    blocked.rmdir()
    assert run_assets(tonight, left_of_last_night(tonight)).exit_code == 0
    assert left_of_last_night(tonight) == []
    assert blocked.is_file()

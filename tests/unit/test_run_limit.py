"""A run that takes too long ends: by its steps where they listen, else with its process; and one Ctrl-C is enough."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from assets.night_asset import TRIES_AGAIN
from assets.time_limit import RunTookTooLong, TookTooLong, limited, run_within, within
from pipelines.run_limit import ENDED, EXIT_CODE, most_seconds, run_ends_within
from pipelines.settings import SettingsError

ROOT = Path(__file__).parents[2]


def test_a_step_gets_no_more_time_than_the_run_has_left() -> None:
    begun = time.monotonic()
    told = pytest.raises(RunTookTooLong, match=r"the run took longer than 0\.2 seconds, and packaging was not finished")
    with told, run_within(0.2), within(30, "packaging"):
        time.sleep(30)
    assert time.monotonic() - begun < 10


def test_a_step_with_a_shorter_limit_is_ended_by_its_own() -> None:
    with pytest.raises(TookTooLong) as told, run_within(30), within(0.1, "packaging"):
        time.sleep(30)
    assert type(told.value) is TookTooLong


def test_a_limit_around_another_holds_after_it() -> None:
    def parts() -> None:
        with within(30, "a part"):
            pass
        time.sleep(30)

    with pytest.raises(TookTooLong, match=r"the whole did not finish within 0\.3 seconds"), within(0.3, "the whole"):
        parts()


def test_after_the_run_the_steps_of_the_next_have_their_own_time_again() -> None:
    with run_within(0.01):
        time.sleep(0.05)
    with within(30, "packaging"):
        pass


def test_what_is_left_of_a_run_whose_time_is_over_does_not_begin_and_is_not_tried_again() -> None:
    begun: list[str] = []

    def hangs() -> None:
        begun.append("hangs")
        time.sleep(30)

    def would_follow() -> None:
        begun.append("would_follow")

    assets = [
        dg.asset(name=body.__name__, retry_policy=TRIES_AGAIN)(limited(body, 60)) for body in (hangs, would_follow)
    ]
    with run_within(2.5), dg.DagsterInstance.ephemeral() as instance:
        result = dg.materialize(assets, instance=instance, raise_on_error=False)
        kinds = [event.event_type for event in result.all_events if event.is_step_event]
    assert begun == ["hangs"]
    assert kinds.count(dg.DagsterEventType.STEP_FAILURE) == 2
    assert dg.DagsterEventType.STEP_UP_FOR_RETRY not in kinds


def test_the_process_of_a_run_that_no_longer_listens_is_ended_and_the_run_called_failed(tmp_path: Path) -> None:
    # sleep of the C library in the main thread: no signal handler of Python runs before it is back
    hangs = """
import ctypes, sys
from pathlib import Path
import dagster as dg
from pipelines.run_limit import run_ends_within

@dg.asset
def hangs(context):
    with run_ends_within(0.3, lambda words: context.instance.report_run_failed(context.run, words), grace=0.3):
        ctypes.CDLL(None).sleep(60)
        print("came back")

with dg.DagsterInstance.local_temp(sys.argv[1]) as instance:
    dg.materialize([hangs], instance=instance)
"""
    begun = time.monotonic()
    command = [sys.executable, "-c", hangs, str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert time.monotonic() - begun < 50
    assert done.returncode == EXIT_CODE
    words = ENDED.format(seconds=0.3)
    assert f"ketenmonitor: {words}" in done.stderr
    assert "came back" not in done.stdout
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        (run,) = instance.get_runs()
        assert run.status == dg.DagsterRunStatus.FAILURE
        assert any(words in (entry.message or entry.user_message) for entry in instance.all_logs(run.run_id))


def test_a_run_that_ends_in_time_is_left_alone() -> None:
    said: list[str] = []
    with run_ends_within(0.1, said.append, grace=0.1):
        pass
    time.sleep(0.4)
    assert said == []


@pytest.mark.parametrize(("text", "seconds"), [("", 4 * 3600.0), ("900", 900.0)])
def test_how_long_a_run_may_take_is_a_setting(text: str, seconds: float) -> None:
    assert most_seconds({"KETENMONITOR_RUN_SECONDS": text}) == seconds


@pytest.mark.parametrize("text", ["soon", "-1", "0", "inf"])
def test_a_wrong_limit_is_refused_in_words(text: str) -> None:
    with pytest.raises(SettingsError, match=f"KETENMONITOR_RUN_SECONDS is '{text}'; expected a number of seconds"):
        most_seconds({"KETENMONITOR_RUN_SECONDS": text})


HANGS = """
import sys, time
import dagster as dg
from assets.night_asset import TRIES_AGAIN
from assets.time_limit import limited

def hangs():
    print("begun", flush=True)
    time.sleep(60)

with dg.DagsterInstance.local_temp(sys.argv[1]) as instance:
    dg.materialize([dg.asset(name="hangs", retry_policy=TRIES_AGAIN)(limited(hangs, 60))], instance=instance)
"""


@pytest.fixture
def hanging(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", HANGS, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        yield process
        process.kill()


def test_one_interrupt_ends_a_step_that_would_be_tried_again_if_it_failed(
    hanging: subprocess.Popen[str], tmp_path: Path
) -> None:
    hanging.send_signal(signal.SIGINT)
    said, _ = hanging.communicate(timeout=50)
    assert "begun" not in said
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        (run,) = instance.get_runs()
        kinds = {entry.dagster_event_type for entry in instance.all_logs(run.run_id)}
    assert dg.DagsterEventType.STEP_UP_FOR_RETRY not in kinds
    assert dg.DagsterEventType.STEP_FAILURE in kinds

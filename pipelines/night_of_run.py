"""What every run does before its first step and after its last: one night at a time, of one moment, with an end.

Here: the order of these. Not here: each of them (`night_lock.py`, `dead_runs.py`, `run_limit.py`, `morning.py`), or
what a night has at hand (`assets/night.py`).
"""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial

import dagster as dg

from assets.night import Night
from pipelines.dead_runs import end_dead_runs
from pipelines.executors import EXECUTOR
from pipelines.kept_nights import CPU_TAG, MOMENT_TAG, moment_of
from pipelines.night_lock import NIGHT, is_alive, one_night, said_alive
from pipelines.run_limit import most_seconds, run_ends_within
from pipelines.run_origin import REPEATS, is_by_command, place


@contextmanager
def night_of_run(context: dg.InitResourceContext, make_night: Callable[[], Night], nightly: str) -> Iterator[Night]:
    """The night of a run; `nightly` is the name of the job of a whole night.

    A run that writes tables or releases waits for another that does. One that Dagster's daemon or the steward's view
    started notes its moment with itself, by which its report goes and its steps in other processes, and says that a
    night began; the command line does that by itself.
    """
    made, run, instance = make_night(), context.run, context.instance
    if run is not None and instance is not None:
        place(instance, run)
    if run is None or run.tags.get(NIGHT) != "true":
        yield made
        return
    say = context.log.info if context.log else print
    with ExitStack() as held:
        held.enter_context(said_alive(made.home, run.run_id))
        held.enter_context(one_night(made.home, f"{run.job_name}, run {run.run_id}", say=say))
        if instance is not None:
            # while this step waited, one beside it in another process may have noted the moment of their run
            run = instance.get_run_by_id(run.run_id) or run
            end_dead_runs(instance, run.run_id, partial(is_alive, made.home))
            if not is_by_command(run.tags):
                made = _of_one_moment(made, run, instance)
                if run.job_name == nightly:
                    _begin(made, run, say)
            report = partial(instance.report_run_failed, run)
            held.enter_context(run_ends_within(most_seconds(os.environ), report))
            if _alone_in_process(run):
                held.callback(_note_cost, instance, run.run_id)
        yield made


def _alone_in_process(run: dg.DagsterRun) -> bool:
    """Whether what this process costs is what the run costs: not where a command makes several runs, nor where every
    step is a process of its own."""
    return not is_by_command(run.tags) and not os.environ.get(EXECUTOR, "").strip().startswith("k8s")


def _note_cost(instance: dg.DagsterInstance, run_id: str) -> None:
    instance.add_run_tags(run_id, {CPU_TAG: f"{time.process_time():.1f}"})


def _of_one_moment(night: Night, run: dg.DagsterRun, instance: dg.DagsterInstance) -> Night:
    """The night at the moment that the run carries; a run without one gets that of now.

    A run that repeats another belongs to its night, but happens now.
    """
    if MOMENT_TAG not in run.tags:
        instance.add_run_tags(run.run_id, {MOMENT_TAG: night.moment})
        return night
    return night if REPEATS in run.tags else replace(night, started_at=moment_of(run.tags[MOMENT_TAG]))


def _begin(night: Night, run: dg.DagsterRun, say: Callable[[str], object]) -> None:
    """Marks the beginning and tells of nights that did not run; whatever goes wrong with that, the night goes on."""
    from pipelines.morning import begin_night
    from pipelines.settings import message_settings

    if REPEATS in run.tags:
        return
    try:
        begin_night(night, message_settings(), user_agent=night.user_agent)
    except Exception as error:
        say(f"the beginning of this night could not be noted: {type(error).__name__}: {error}")

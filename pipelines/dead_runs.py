"""Runs that history calls running while their process is gone: a night that was killed cannot say so itself.

Here: calling them failed, so that the steward's view does not show a night that runs for ever.
Not here: the lock by which a living night is told from a dead one (`night_lock.py`).
"""

from collections.abc import Callable
from datetime import timedelta

import dagster as dg

from pipelines.night_lock import NIGHT

#: From the moment that a run is made until its process has begun.
STARTS_WITHIN = timedelta(hours=1)
ENDED = (
    "The process of this run is gone (killed, or the machine stopped). What stood before stands; "
    "the next night goes on."
)


def end_dead_runs(instance: dg.DagsterInstance, own_run: str, is_alive: Callable[[str], bool]) -> list[str]:
    """Calls every unfinished night but `own_run` failed whose process is gone, and returns their ids.

    Only who holds the lock may ask. `is_alive` says of a run whether its process lives: one that waits for the lock
    does. A run that is being started has no process of its own yet; within STARTS_WITHIN it counts as alive.
    """
    unfinished = [dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.CANCELING]
    records = instance.get_run_records(dg.RunsFilter(statuses=unfinished, tags={NIGHT: "true"}))
    own = next((record.create_timestamp for record in records if record.dagster_run.run_id == own_run), None)
    dead = []
    for record in records:
        run = record.dagster_run
        new = own is not None and own - record.create_timestamp < STARTS_WITHIN
        starts = new and run.status is dg.DagsterRunStatus.STARTING
        if starts or run.run_id == own_run or is_alive(run.run_id):
            continue
        instance.report_run_failed(run, ENDED)
        dead.append(run.run_id)
    return dead

"""Runs that history calls running while their process is gone: a night that was killed cannot say so itself.

Here: calling them failed, so that the steward's view does not show a night that runs for ever.
Not here: the lock by which a living night is told from a dead one (`night_lock.py`).
"""

import dagster as dg

from pipelines.night_lock import NIGHT

ENDED = (
    "The process of this run is gone (killed, or the machine stopped). What stood before stands; "
    "the next night goes on."
)


def end_dead_runs(instance: dg.DagsterInstance, own_run: str) -> list[str]:
    """Calls every unfinished night but `own_run` failed, and returns their ids. Only who holds the lock may ask."""
    unfinished = dg.RunsFilter(
        statuses=[dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.CANCELING],
        tags={NIGHT: "true"},
    )
    dead = [run for run in instance.get_runs(filters=unfinished) if run.run_id != own_run]
    for run in dead:
        instance.report_run_failed(run, ENDED)
    return [run.run_id for run in dead]

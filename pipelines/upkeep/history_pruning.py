"""Dagster's runs that are too old by the rule: their record, their events, and the files that they left.

Not here: other files of the home (`pruning.py`).
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
from dagster._core.storage.dagster_run import FINISHED_STATUSES

from pipelines.upkeep.pruning import Prunable, remove

_AT_ONCE = 200
# what SQLite may leave beside a database
_BESIDE = ("", "-wal", "-shm")


def find_old_runs(kept: dg.DagsterInstance, home: Path, before: datetime | None) -> list[Prunable]:
    """Runs that ended and began before a moment, oldest first; changes nothing."""
    return list(_old_runs(kept, home, before)) if before is not None else []


def _old_runs(kept: dg.DagsterInstance, home: Path, before: datetime) -> Iterator[Prunable]:
    wanted = dg.RunsFilter(statuses=list(FINISHED_STATUSES), created_before=before)
    cursor = None
    while True:
        records = kept.get_run_records(wanted, limit=_AT_ONCE, cursor=cursor, ascending=True)
        for record in records:
            run = record.dagster_run
            began = record.create_timestamp.replace(tzinfo=UTC)
            paths = tuple(path for path in _files(home / "dagster", run.run_id) if path.exists())
            size = sum(path.stat().st_size for path in paths if path.is_file()) + sum(
                each.stat().st_size for path in paths if path.is_dir() for each in path.rglob("*") if each.is_file()
            )
            yield Prunable("run", f"{run.job_name} of {began:%Y-%m-%d}", paths, size, run.run_id)
        if len(records) < _AT_ONCE:
            return
        cursor = records[-1].dagster_run.run_id


def _files(folder: Path, run_id: str) -> Iterator[Path]:
    yield from (folder / "history" / "runs" / f"{run_id}.db{beside}" for beside in _BESIDE)
    yield folder / "storage" / run_id


def remove_runs(kept: dg.DagsterInstance, runs: list[Prunable]) -> None:
    """Deletes runs and their events from the storage."""
    for run in runs:
        kept.delete_run(run.run_id)


def remove_files_of_runs(home: Path, runs: list[Prunable]) -> int:
    """Removes what the runs left in files, and gives back the room in the databases; says how many bytes that freed.

    To be called when no instance is open in this process. A database that another process holds keeps its size.
    """
    for run in runs:
        remove(run)
    history = home / "dagster" / "history"
    # SQLite does not delete what hangs on a run by itself
    tags = "delete from run_tags where run_id not in (select run_id from runs)"
    return sum(
        _shrunk(path, first) for path, first in ((history / "runs.db", tags), (history / "runs/index.db", "")) if runs
    )


def _shrunk(path: Path, first: str) -> int:
    """Bytes that a database gave back."""
    if not path.exists():
        return 0
    before = path.stat().st_size
    try:
        with closing(sqlite3.connect(path, timeout=5)) as database:
            database.execute(first or "select 1")
            database.commit()
            database.execute("vacuum")
            database.execute("pragma wal_checkpoint(truncate)")
    except sqlite3.Error:
        return 0  # somebody is reading: the room is used again by the next runs
    return before - path.stat().st_size

"""The Dagster instance under `<home>/dagster`: its settings file, written when it is missing or out of date.

Its history is SQLite under the home, or PostgreSQL where KETENMONITOR_POSTGRES_URL says so. Not here: what runs on it.
"""

import os
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path

import dagster as dg

from pipelines.postgres import STORAGE_URL, postgres_url, refused_by, shown, storage_url
from pipelines.settings import SettingsError
from pipelines.structured_log import PYTHON_LOGS, expect_python_logs

COMMON = """\
# Written by ketenmonitor; what you change here is written over.
# Copy the folder elsewhere to run with settings of your own.
telemetry:
  enabled: false
nux:
  enabled: false
# without the daemon nobody would take a run from a queue
run_coordinator:
  module: dagster._core.run_coordinator
  class: DefaultRunCoordinator
# of each look of a schedule or sensor, how many days; runs go by `ketenmonitor prune`
retention:
  schedule:
    purge_after_days: 90
  sensor:
    purge_after_days: {skipped: 7, failure: 30, success: 90}
  auto_materialize:
    purge_after_days: {skipped: 7, failure: 30, success: 90}
"""
SQLITE = """\
event_log_storage:
  module: pipelines.event_log
  class: PooledSqliteEventLogStorage
  config:
    base_dir: {home}/history/runs/
"""
# the address holds a password: the file names the setting, and never what it holds
POSTGRES = f"""\
storage:
  postgres:
    postgres_url:
      env: {STORAGE_URL}
"""


def settings_text(folder: Path, *, postgres: bool) -> str:
    """dagster.yaml for an instance in `folder`, with its history in SQLite or in PostgreSQL."""
    return COMMON + (POSTGRES if postgres else SQLITE.format(home=folder)) + PYTHON_LOGS.format(home=folder)


def prepare(home: Path, environment: Mapping[str, str] | None = None) -> Path:
    """Makes the instance folder ready and returns it.

    The address of PostgreSQL is put in the environment of this process: Dagster, and what it starts, reads it there.
    Raises SettingsError where the address cannot be used.
    """
    url = postgres_url(os.environ if environment is None else environment)
    if url is not None:
        os.environ[STORAGE_URL] = storage_url(url)
    folder = home / "dagster"
    folder.mkdir(parents=True, exist_ok=True)
    wanted = settings_text(folder, postgres=url is not None)
    path = folder / "dagster.yaml"
    if not path.exists() or path.read_text(encoding="utf-8") != wanted:
        path.write_text(wanted, encoding="utf-8")
    return folder


def instance(home: Path) -> AbstractContextManager[dg.DagsterInstance]:
    """The instance, to be used in a `with` block.

    Raises SettingsError where its database does not let us in.
    """
    url = postgres_url(os.environ)
    why = refused_by(url) if url is not None else None
    if url is not None and why is not None:
        raise SettingsError(f"PostgreSQL at {shown(url)} does not let us in: {why}. See `ketenmonitor doctor`")
    folder = prepare(home)
    expect_python_logs()
    os.environ["DAGSTER_HOME"] = str(folder)
    return dg.DagsterInstance.from_config(str(folder))

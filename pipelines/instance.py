"""The Dagster instance under `<home>/dagster`: its settings file, written when it is missing or out of date.

Not here: what runs on it.
"""

import os
from contextlib import AbstractContextManager
from pathlib import Path

import dagster as dg

SETTINGS = """\
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
event_log_storage:
  module: pipelines.event_log
  class: PooledSqliteEventLogStorage
  config:
    base_dir: {home}/history/runs/
"""


def prepare(home: Path) -> Path:
    """Makes the instance folder ready and returns it."""
    folder = home / "dagster"
    folder.mkdir(parents=True, exist_ok=True)
    wanted = SETTINGS.format(home=folder)
    path = folder / "dagster.yaml"
    if not path.exists() or path.read_text(encoding="utf-8") != wanted:
        path.write_text(wanted, encoding="utf-8")
    return folder


def instance(home: Path) -> AbstractContextManager[dg.DagsterInstance]:
    """The instance, to be used in a `with` block."""
    folder = prepare(home)
    os.environ["DAGSTER_HOME"] = str(folder)
    return dg.DagsterInstance.from_config(str(folder))

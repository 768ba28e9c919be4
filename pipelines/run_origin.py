"""Runs that the command line starts, shown in the steward's view where its own runs are: in the timeline, at the job.

Dagster shows a run there only if it knows from which code location it came; a run in the process of a command has none.
Here: saying so. Not here: what such a run does (`nightly.py`).
"""

import sys
from collections.abc import Mapping

import dagster as dg
from dagster._core.remote_origin import ManagedGrpcPythonEnvCodeLocationOrigin, RemoteJobOrigin, RemoteRepositoryOrigin
from dagster._core.storage.tags import REPOSITORY_LABEL_TAG
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin

#: The name that workspace.yaml gives, and the one that Dagster gives to a repository without a name.
LOCATION, REPOSITORY, MODULE = "ketenmonitor", "__repository__", "pipelines.definitions"
#: The tag of a run that a command started: what follows a night is done by the command itself.
BY_COMMAND = "ketenmonitor/command"
#: The tag of a run that repeats another.
REPEATS = "dagster/parent_run_id"


def command_tags() -> dict[str, str]:
    """The tags of a run that a command starts."""
    return {BY_COMMAND: "true", REPOSITORY_LABEL_TAG: f"{REPOSITORY}@{LOCATION}"}


def is_by_command(tags: Mapping[str, str]) -> bool:
    """Whether a command started the run with these tags; a sensor leaves it alone then.

    A run that somebody repeats in the steward's view has the tags of the first, and no command behind it.
    """
    return tags.get(BY_COMMAND) == "true" and REPEATS not in tags


def place(instance: dg.DagsterInstance, run: dg.DagsterRun) -> None:
    """Notes with a run of a command which code location it is of."""
    if not is_by_command(run.tags) or run.remote_job_origin is not None:
        return
    module = LoadableTargetOrigin(executable_path=sys.executable, module_name=MODULE)
    location = ManagedGrpcPythonEnvCodeLocationOrigin(loadable_target_origin=module, location_name=LOCATION)
    origin = RemoteJobOrigin(RemoteRepositoryOrigin(location, REPOSITORY), run.job_name)
    instance.run_storage.replace_job_origin(run, origin)

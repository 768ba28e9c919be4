"""A run that a command starts is shown with those of the steward's view, and nothing follows it twice."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest

from assets.delivery_assets import INBOX
from pipelines.definitions import NIGHTLY, SITE, build_definitions
from pipelines.instance import instance
from pipelines.nightly import run_assets
from pipelines.run_origin import BY_COMMAND, LOCATION, REPOSITORY, command_tags, is_by_command
from tests.conftest import night


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    of = night(tmp_path_factory.mktemp("placed") / "home")
    run_assets(of, [INBOX])
    return of.home


def test_a_run_of_a_command_is_placed_in_the_code_location_of_the_workspace(home: Path) -> None:
    with instance(home) as kept:
        label = {".dagster/repository": f"{REPOSITORY}@{LOCATION}"}
        (run,) = kept.get_runs(filters=dg.RunsFilter(job_name=NIGHTLY, tags=label))
        assert run.is_success
        assert is_by_command(run.tags)
        assert run.remote_job_origin is not None
        assert run.remote_job_origin.repository_origin.get_label() == "__repository__@ketenmonitor"
        assert run.remote_job_origin.job_name == NIGHTLY


def test_the_location_is_the_one_of_the_workspace_file() -> None:
    workspace = (Path(__file__).parents[2] / "workspace.yaml").read_text(encoding="utf-8")
    assert f"location_name: {LOCATION}" in workspace


@pytest.mark.parametrize(("tags", "asks"), [({}, True), (command_tags(), False)], ids=["by the view", "by a command"])
def test_the_site_is_refreshed_after_a_night_of_the_view_and_left_to_the_command_after_one_of_its_own(
    home: Path, tags: dict[str, str], asks: bool
) -> None:
    definitions = build_definitions()
    sensor = definitions.resolve_sensor_def("site_after_success")
    with instance(home) as kept:
        (run,) = kept.get_runs(filters=dg.RunsFilter(job_name=NIGHTLY))
        untagged = run.with_tags({name: value for name, value in run.tags.items() if name != BY_COMMAND} | tags)
        (event,) = [entry.dagster_event for entry in kept.all_logs(run.run_id, of_type=dg.DagsterEventType.RUN_SUCCESS)]
        context = dg.build_run_status_sensor_context(sensor.name, event, kept, untagged)
        found = sensor(context)
    assert isinstance(found, dg.RunRequest if asks else dg.SkipReason)
    assert SITE in {job.name for job in sensor.jobs}


def test_a_run_of_a_command_that_is_repeated_in_the_view_has_no_command_behind_it() -> None:
    assert is_by_command(command_tags())
    assert not is_by_command(command_tags() | {"dagster/parent_run_id": "the-first"})

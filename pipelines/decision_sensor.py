"""What runs after a decision: the package whose changes were accepted, or all that follows from a source fetched anew.

Here: which assets, and asking for the run. Not here: the decisions (`decisions.py`).
"""

from collections.abc import Mapping
from typing import Any

import dagster as dg

from assets.catalogue_asset import CATALOGUE
from assets.packages import group_of, package_key, release_key
from assets.source_assets import source_key
from pipelines.decisions import ACCEPT, REFETCH

#: The dataset that repeats the first figures of all others follows whatever is accepted.
HEADLINE = "headline"


def follows_from(job: str, form: Mapping[str, Any], graph: Any) -> list[dg.AssetKey]:
    """The assets that a decision changes; `form` is what was filled in, `graph` the asset graph."""
    if job == ACCEPT:
        datasets = dict.fromkeys((str(form["dataset"]), HEADLINE))
        return [key for name in datasets for key in (package_key(group_of(name)), release_key(name))]
    source = dg.AssetSelection.assets(source_key(str(form["source"])))
    # site, portals and report come after the releases, in runs of their own
    chosen = source.downstream() - dg.AssetSelection.assets(CATALOGUE).downstream()
    return sorted(chosen.resolve(graph), key=lambda key: list(key.path))


def after_decisions(jobs: list[dg.JobDefinition], request_job: Any) -> dg.SensorDefinition:
    """Builds and publishes what a decision changes, as soon as it was kept."""

    @dg.run_status_sensor(
        name="after_decisions",
        run_status=dg.DagsterRunStatus.SUCCESS,
        monitored_jobs=[job for job in jobs if job.name in (ACCEPT, REFETCH)],
        request_job=request_job,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Bouwt en geeft uit wat door een besluit verandert: een geaccepteerde herziening, een bron die "
        "opnieuw is opgehaald.",
    )
    def sensor(context: dg.RunStatusSensorContext) -> dg.RunRequest | dg.SkipReason:
        repository = context.repository_def
        if repository is None:
            return dg.SkipReason("De definities zijn niet geladen.")
        run = context.dagster_run
        keys = follows_from(run.job_name, run.run_config, repository.asset_graph)
        return dg.RunRequest(
            run_key=run.run_id, asset_selection=keys, tags={"ketenmonitor/because": f"{run.job_name} {run.run_id}"}
        )

    return sensor

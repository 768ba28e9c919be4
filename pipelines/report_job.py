"""The morning report as an asset of the steward's view, for nights that the view or the daemon started.

Thin: what is made of a night is in `morning.py`. A night from the command line makes its report itself.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import dagster as dg

from assets.night import Night
from assets.stewards_view import OWNERS
from pipelines.kept_nights import MOMENT_TAG, moment_of

MORNING_REPORT = dg.AssetKey(["publication", "morning_report"])
#: The tag of a run that follows a night: the run of that night.
NIGHT_RUN_TAG = "ketenmonitor/night_run"
_ROOT_TAG = "dagster/root_run_id"


def tags_of_night(instance: dg.DagsterInstance, run: dg.DagsterRun) -> dict[str, str]:
    """The tags that runs after a night carry: its moment, and its run. A run that has them passes them on."""
    if NIGHT_RUN_TAG in run.tags:
        return {name: run.tags[name] for name in (MOMENT_TAG, NIGHT_RUN_TAG)}
    record = instance.get_run_record_by_id(run.tags.get(_ROOT_TAG, run.run_id))
    began = (record.start_time or record.create_timestamp.timestamp()) if record is not None else 0.0
    moment = datetime.fromtimestamp(began, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {MOMENT_TAG: run.tags.get(MOMENT_TAG, moment), NIGHT_RUN_TAG: run.run_id}


def runs_of_night(instance: dg.DagsterInstance, run_id: str, site: str) -> list[str]:
    """All runs of a night, oldest first: the one given, those that it repeats or that repeat it, and the site after it.

    `site` is the name of the job that renews the site.
    """
    run = instance.get_run_by_id(run_id)
    if run is None:
        return []
    root = run.tags.get(_ROOT_TAG, run_id)
    records = {record.dagster_run.run_id: record for record in _records(instance, {_ROOT_TAG: root})}
    for first in (root, run_id):
        record = instance.get_run_record_by_id(first)
        records |= {first: record} if record is not None else {}
    for night in list(records):
        for record in _records(instance, {NIGHT_RUN_TAG: night}):
            if record.dagster_run.job_name == site:
                records[record.dagster_run.run_id] = record
    return [record.dagster_run.run_id for record in sorted(records.values(), key=lambda r: r.create_timestamp)]


def _records(instance: dg.DagsterInstance, tags: dict[str, str]) -> Sequence[Any]:
    return instance.get_run_records(dg.RunsFilter(tags=tags))


def newest_night(instance: dg.DagsterInstance, nightly: str) -> dg.DagsterRun | None:
    """The newest run of a night that is over."""
    over = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]
    records = instance.get_run_records(dg.RunsFilter(job_name=nightly, statuses=over), limit=1)
    return records[0].dagster_run if records else None


def morning_report_asset(nightly: str, site: str, after: Sequence[dg.AssetKey]) -> dg.AssetsDefinition:
    """The asset; `nightly` and `site` are the names of the jobs whose runs make up a night, `after` what it follows."""

    @dg.asset(
        key=MORNING_REPORT,
        deps=list(after),
        group_name="publication",
        owners=OWNERS,
        kinds={"html"},
        description=(
            "Eén rij is één nacht: haar verslag, met wat om iemand vraagt, wat is opgehaald, uitgegeven en geweigerd, "
            "hoe lang het duurde, en wat anders is dan een week geleden. Stuurt ook de berichten."
        ),
    )
    def morning_report(context: dg.AssetExecutionContext, night: dg.ResourceParam[Night]) -> dg.MaterializeResult[Any]:
        """Makes the report of the night that this run follows, or of the newest one where it follows none."""
        from pipelines.kept_nights import night_before, week_before
        from pipelines.morning import end_night
        from pipelines.settings import message_settings
        from publish.night_report import report_markdown

        found = context.run.tags.get(NIGHT_RUN_TAG)
        run = context.instance.get_run_by_id(found) if found else newest_night(context.instance, nightly)
        if run is None:
            raise dg.Failure("no night has ended yet; run the job nightly first", allow_retries=False)
        moment = tags_of_night(context.instance, run)[MOMENT_TAG]
        of = replace(night, started_at=moment_of(moment))
        runs = runs_of_night(context.instance, run.run_id, site)
        morning = end_night(of, runs, message_settings(), user_agent=night.user_agent, instance=context.instance)
        for problem in morning.problems:
            context.log.warning(f"not sent yet by {problem}")
        context.log.info(morning.first_line)
        facts = night_before(night.home, moment)
        told = report_markdown(facts, week_before(night.home, moment), "nl") if facts is not None else ""
        return dg.MaterializeResult(
            metadata={
                "answer": morning.first_line,
                "report": dg.MetadataValue.md(told),
                "page": dg.MetadataValue.path(str(morning.report)),
                "messages sent": morning.messages_sent,
                "messages waiting": morning.messages_waiting,
            }
        )

    return morning_report

"""The one Definitions object. `build_definitions(**overrides)` makes it; tests and the command line give their night.

No computation here: assets are in `assets/`; when something runs is in `schedules.py` and `inbox_sensor.py`.
"""

import os
from collections.abc import Callable, Iterator

import dagster as dg

from assets.catalogue_asset import catalogue_asset
from assets.chain_table_assets import CHAIN_TABLES, chain_table_assets
from assets.delivery_assets import INBOX, delivery_assets, delivery_key
from assets.night import Night
from assets.packages import package_assets, release_key
from assets.source_assets import source_assets
from contracts.contract import product_names
from contracts.delivery_contract import delivery_names
from pipelines.decision_sensor import after_decisions
from pipelines.decisions import decision_jobs
from pipelines.executors import executor_of
from pipelines.inbox_sensor import TAKE_IN, inbox_sensor
from pipelines.night_lock import NIGHT
from pipelines.night_of_run import night_of_run
from pipelines.night_portals import portal_asset, portals_of_night
from pipelines.report_job import MORNING_REPORT, morning_report_asset, tags_of_night
from pipelines.run_limit import GRACE_SECONDS, most_seconds
from pipelines.run_origin import is_by_command
from pipelines.schedules import STARTED_BY, change_feed_sensor, night_schedule
from pipelines.settings import read_settings
from pipelines.structured_log import expect_python_logs

NIGHTLY, SITE, REPORT = "nightly", "site", "report"

# runs that the steward's view starts load this module before their log is set up
expect_python_logs()


def build_definitions(*, night: Callable[[], Night] | None = None) -> dg.Definitions:
    """All assets, their checks and the job `nightly`.

    `night` gives the run its folders and its moment; it is called once at the start of every run. By default it is
    read from the environment.
    """
    make_night = night or (lambda: read_settings().night())

    @dg.resource(description="Folders and moment of this run; one night at a time holds it.")
    def night_resource(context: dg.InitResourceContext) -> Iterator[Night]:
        with night_of_run(context, make_night, NIGHTLY) as made:
            yield made

    catalogue = catalogue_asset([release_key(name) for name in product_names()])
    portals = [portal_asset(portal) for portal in portals_of_night(os.environ)]
    after = [key for asset in (catalogue, *portals) for key in asset.keys]
    report_of_night = morning_report_asset(NIGHTLY, SITE, after)
    assets = [*source_assets(), *delivery_assets(), *package_assets(), catalogue, *portals, report_of_night]
    for chain in CHAIN_TABLES:
        assets += chain_table_assets(chain)
    # Dagster's own monitoring, where it is on, ends a run that cannot end itself any more: a machine that is gone
    tags = {NIGHT: "true", "dagster/max_runtime": str(round(most_seconds(os.environ) + 2 * GRACE_SECONDS))}
    nightly = dg.define_asset_job(
        NIGHTLY,
        tags=tags,
        selection=dg.AssetSelection.all() - dg.AssetSelection.assets(*after, MORNING_REPORT),
        description="Haalt op, bouwt, toetst en geeft uit: wat elke nacht om half drie draait.",
    )
    # a job of its own: within one run, a single refused dataset would skip the site of all the others
    site = dg.define_asset_job(
        SITE,
        tags=tags,
        selection=dg.AssetSelection.assets(*after),
        description="Controleert alle uitgaven en ververst site, catalogus en portalen; draait na elke nacht.",
    )

    take_in = dg.define_asset_job(
        TAKE_IN,
        selection=dg.AssetSelection.assets(INBOX),
        description="Neemt aan wat in de inbox ligt en geeft een ontvangstbewijs; de cijfers volgen in de nacht.",
    )

    report = dg.define_asset_job(
        REPORT,
        selection=dg.AssetSelection.assets(MORNING_REPORT),
        description="Maakt het nachtverslag en stuurt de berichten; draait na de site.",
    )

    def after_a_run(context: dg.RunStatusSensorContext) -> dg.RunRequest | dg.SkipReason:
        if is_by_command(context.dagster_run.tags):
            return dg.SkipReason("De opdracht `ketenmonitor nightly` ververst de site zelf en maakt zelf het verslag.")
        return dg.RunRequest(tags=tags_of_night(context.instance, context.dagster_run))

    follows = [
        (site, nightly, "Ververst de site na een nacht die in de werkplaats is gestart."),
        (report, site, "Maakt het nachtverslag nadat de site is ververst."),
    ]
    sensors = [
        dg.run_status_sensor(
            name=f"{then.name}_after_{status.value.lower()}",
            run_status=status,
            monitored_jobs=[first],
            request_job=then,
            default_status=dg.DefaultSensorStatus.RUNNING,
            description=words,
        )(after_a_run)
        for then, first, words in follows
        for status in (dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE)
    ]
    follow_the_inbox = dg.AutomationConditionSensorDefinition(
        "follow_the_inbox",
        target=dg.AssetSelection.assets(*(delivery_key(name) for name in delivery_names())),
        default_status=dg.DefaultSensorStatus.RUNNING,
        run_tags=tags,
        description="Werkt de rijen die staan bij zodra er iets is aangenomen of over afgekeurde rijen is besloten.",
    )
    decisions = decision_jobs()
    return dg.Definitions(
        assets=assets,
        jobs=[nightly, site, report, take_in, *decisions],
        schedules=[night_schedule(nightly, os.environ.get(STARTED_BY) == "timer")],
        sensors=[
            *sensors,
            follow_the_inbox,
            after_decisions(decisions, nightly),
            inbox_sensor(take_in, make_night),
            change_feed_sensor(nightly, make_night),
        ],
        resources={"night": night_resource},
        executor=executor_of(os.environ),
    )


defs = build_definitions()

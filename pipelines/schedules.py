"""When the night runs by itself: the schedule, and the sensor that sees that Eurostat has something newer.

Here: when. Not here: what runs (`definitions.py`), deliveries in the inbox (`inbox_sensor.py`).
"""

import hashlib
import json
from collections.abc import Callable
from typing import Any

import dagster as dg

from assets.night import Night

#: Half past two in Amsterdam. In the night in which the clock goes forward that hour does not exist, and the night runs
#: at three; in the one in which it goes back it exists twice, and the night runs once.
AT, WHERE = "30 2 * * *", "Europe/Amsterdam"
FEED_HOURS = 6


#: Set to `timer` where something else than Dagster's daemon starts the night, such as the timer of systemd.
STARTED_BY = "KETENMONITOR_NIGHT_BY"


def night_schedule(job: Any, by_timer: bool = False) -> dg.ScheduleDefinition:
    """The night at half past two. A night that was missed while the daemon was away is caught up when it is back.

    `by_timer`: something else starts the night, and the schedule stands ready without running.
    """
    return dg.ScheduleDefinition(
        name="night",
        job=job,
        cron_schedule=AT,
        execution_timezone=WHERE,
        default_status=dg.DefaultScheduleStatus.STOPPED if by_timer else dg.DefaultScheduleStatus.RUNNING,
        description="Elke nacht om half drie Nederlandse tijd, ook als de klok wordt verzet.",
    )


def change_feed_sensor(job: Any, make_night: Callable[[], Night]) -> dg.SensorDefinition:
    """Starts the night by day as well when Eurostat has a newer edition of a table that we read."""

    @dg.sensor(
        name="eurostat_changes",
        job=job,
        minimum_interval_seconds=FEED_HOURS * 3600,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Leest elke zes uur de wijzigingslijst van Eurostat; bij iets nieuws draait de nacht overdag.",
    )
    def eurostat_changes(_: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        from assets.sources.change_feed import FeedUnread, changed_at_eurostat

        night = make_night()
        if night.eurostat_url is None:
            return dg.SkipReason("Eurostat wordt niet bevraagd (offline).")
        try:
            changed = changed_at_eurostat(night.archive, night.eurostat_url, night.user_agent)
        except FeedUnread as error:
            return dg.SkipReason(str(error))
        if not changed:
            return dg.SkipReason("Eurostat heeft niets nieuwers dan wij.")
        key = hashlib.sha256(json.dumps(changed, sort_keys=True).encode()).hexdigest()
        # the same news starts one run; what that run could not fetch, the next night tries again
        return dg.RunRequest(run_key=key, tags={"ketenmonitor/because": ", ".join(sorted(changed))[:200]})

    return eurostat_changes

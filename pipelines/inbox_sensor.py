"""The sensor that starts a run when a delivery lies in the inbox.

Here: noticing. Not here: which files count (`assets/deliveries/inbox.py`), taking them in.
"""

import hashlib
from collections.abc import Callable
from typing import Any

import dagster as dg

from assets.night import Night

TAKE_IN = "take_in"
INTERVAL_SECONDS = 60


def inbox_sensor(job: Any, make_night: Callable[[], Night]) -> dg.SensorDefinition:
    """Starts `job` once for every new set of files that lies in the inbox and is finished."""

    @dg.sensor(
        name="inbox",
        job=job,
        minimum_interval_seconds=INTERVAL_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Kijkt elke minuut of er een bestand in de inbox ligt, en laat het aannemen.",
    )
    def inbox(_: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        from assets.deliveries.inbox import waiting_files

        night = make_night()
        found = [item for item in waiting_files(night.inbox, night.started_at.timestamp()) if not item.problem]
        if not found:
            return dg.SkipReason("De inbox is leeg.")
        seen = [f"{item.delivery}/{item.path.name}:{item.path.stat().st_mtime_ns}" for item in found]
        # a file whose run failed is tried again when it is put there again, and by the night in any case
        return dg.RunRequest(run_key=hashlib.sha256("\n".join(seen).encode()).hexdigest())

    return inbox

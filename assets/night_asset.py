"""How every asset of the night is made: its owner, how often it is tried, how long it may take, how fresh it must be.

Here: the one policy over all assets. Not here: what an asset does.
"""

import os
import sys
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import dagster as dg
from dagster._core.errors import DagsterExecutionInterruptedError

from assets.stewards_view import OWNERS
from assets.time_limit import RunTookTooLong, limited
from contracts.service_level import NIGHTLY, ServiceLevel

#: Seconds before what failed is tried again, the first time; the second time twice as many.
PAUSE_SECONDS = float(os.environ.get("KETENMONITOR_RETRY_SECONDS") or 20)


class TriesAgain(dg.RetryPolicy):
    """Tries again what failed; not what somebody stopped, and nothing of a run whose time is over."""

    def calculate_delay(self, attempt_num: int) -> float:
        """Seconds before the next try. Dagster asks while it handles the error, and an interrupt would be a reason to
        try again as well: whoever stops a night means the night."""
        stopped = sys.exc_info()[1]
        if isinstance(stopped, KeyboardInterrupt | DagsterExecutionInterruptedError | RunTookTooLong):
            raise stopped
        return float(super().calculate_delay(attempt_num))


#: What fails for a reason that may pass (a full disk, a file system away) is tried again. A table that is refused is
#: not: an asset raises dagster.Failure(allow_retries=False) then.
TRIES_AGAIN = TriesAgain(
    max_retries=2, delay=PAUSE_SECONDS, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS
)
#: How long the body of an asset may take. A cold night of everything takes about a minute.
STEP_SECONDS = 1800.0


def freshness(level: ServiceLevel) -> dg.FreshnessPolicy:
    """The service level of a contract as Dagster watches it: late is a warning, older than promised a failure."""
    return dg.FreshnessPolicy.time_window(
        fail_window=timedelta(hours=level.latency_hours), warn_window=timedelta(hours=level.late_hours)
    )


def night_asset(
    *, seconds: float = STEP_SECONDS, level: ServiceLevel = NIGHTLY, **facts: Any
) -> Callable[[Callable[..., Any]], dg.AssetsDefinition]:
    """`dagster.asset` under the policy of the night.

    `seconds` is the time limit of the body, `level` says how fresh the asset must be.
    """

    def made(body: Callable[..., Any]) -> dg.AssetsDefinition:
        asset: dg.AssetsDefinition = dg.asset(
            owners=OWNERS, retry_policy=TRIES_AGAIN, freshness_policy=freshness(level), **facts
        )(limited(body, seconds))
        return asset

    return made

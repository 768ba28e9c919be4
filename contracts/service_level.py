"""How fresh a table must be: the service level that a contract promises, read from `slaProperties` of ODCS.

Here: `ServiceLevel` and its reader. Not here: who watches it (`assets/night_asset.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from contracts.contract_source import Source

HOURS = {"h": 1, "hour": 1, "hours": 1, "d": 24, "day": 24, "days": 24, "w": 168, "week": 168, "weeks": 168}
#: A making that is this many hours later than planned is not yet called late.
SLACK_HOURS = 2.0


@dataclass(frozen=True)
class ServiceLevel:
    """`frequency_hours`: how often a table is made anew. `latency_hours`: how old the last making may be at most."""

    frequency_hours: float = 24.0
    latency_hours: float = 36.0

    @property
    def late_hours(self) -> float:
        """From this age on a making is late, though the promise still holds."""
        return self.frequency_hours + SLACK_HOURS


#: What holds where a contract says nothing: made every night, and missed when a day and a half old.
NIGHTLY = ServiceLevel()


def read_service_level(source: Source) -> ServiceLevel:
    """The service level of a contract file; NIGHTLY where it has none. Raises ContractError.

    Read are `frequency` and `latency`, each a number with a unit of h, d or w.
    """
    found: dict[str, float] = {}
    for position, raw in enumerate(source.data.get("slaProperties") or []):
        name = raw.get("property")
        if name not in ("frequency", "latency"):
            raise source.error(
                f"slaProperties: {name!r} is not read; expected frequency or latency", "slaProperties", position
            )
        if name in found:
            raise source.error(f"slaProperties: {name} is given twice", "slaProperties", position)
        found[name] = _hours(source, raw, position)
    level = ServiceLevel(found.get("frequency", NIGHTLY.frequency_hours), found.get("latency", NIGHTLY.latency_hours))
    if level.latency_hours <= level.late_hours:
        raise source.error(
            f"slaProperties: latency is {level.latency_hours:g} hours; expected more than frequency and "
            f"{SLACK_HOURS:g} hours, {level.late_hours:g} together",
            "slaProperties",
        )
    return level


def _hours(source: Source, raw: dict[str, Any], position: int) -> float:
    value, unit = raw.get("value"), raw.get("unit")
    at = ("slaProperties", position)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < float("inf"):
        raise source.error(f"slaProperties: {raw['property']} is {value!r}, expected a number above 0", *at)
    if unit not in HOURS:
        raise source.error(f"slaProperties: unit of {raw['property']} is {unit!r}, expected h, d or w", *at)
    return float(value) * HOURS[unit]

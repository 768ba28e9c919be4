"""How long is kept what is not published: the rule in `contracts/reference/retention.yaml`, read and checked.

Not here: finding what is too old (`pruning.py`, `history_pruning.py`).
"""

from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from contracts.vocabulary import VocabularyError, load_reference_yaml

NAME = "retention"


@dataclass(frozen=True)
class Retention:
    """Days for which a kind is kept; None is for ever."""

    dagster_runs_days: int | None
    spoiled_bodies_days: int | None
    archived_editions_days: int | None
    night_records_days: int | None
    rebuilt_nights_days: int | None
    reports_days: int | None
    logs_days: int | None
    left_behind_days: int | None


def horizon(moment: datetime, days: int | None) -> datetime | None:
    """What lies before this moment is too old; None where nothing is."""
    return None if days is None else moment - timedelta(days=days)


def read_retention(content: Any = None) -> Retention:
    """The rule of this installation. Raises VocabularyError that names the line and what is expected."""
    given = load_reference_yaml(NAME) if content is None else content
    known = [field.name for field in fields(Retention)]
    if not isinstance(given, dict) or set(given) != set(known):
        raise VocabularyError(f"reference/{NAME}.yaml: expected exactly the lines {', '.join(known)}")
    for name, days in given.items():
        if days is not None and (isinstance(days, bool) or not isinstance(days, int) or days < 1):
            raise VocabularyError(
                f"reference/{NAME}.yaml: {name} is {days!r}; expected a whole number of days from 1, or null for ever"
            )
    return Retention(**given)

"""How old the figures of a source are, and when that is older than its contract allows.

The age counts from the publisher's own edition; where a copy does not tell it, from the day of retrieval. A contract
says with `staleAfterDays` how old is too old; one without it has no limit (a closed series does not age).
Not here: fetching something newer (`fetch.py`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from assets.sources.archive import ArchiveRecord
from contracts.contract import Contract

#: What the words on a stale source end with, in English.
MAY_BE_NEWER = " There may be a newer edition."

# an edition is a day, or several of which the newest counts; a month alone stands for its first day
_DAY = re.compile(r"\b(\d{4})-(\d\d)(?:-(\d\d))?\b")


@dataclass(frozen=True)
class Stale:
    """That a source is older than its contract allows, in two languages; the words do not change from day to day."""

    words_nl: str
    words_en: str


def told_day(record: ArchiveRecord) -> tuple[date, str] | None:
    """The day from which the age of a copy counts, and how it is told: that of its newest edition, else of its
    retrieval. None where a copy of the embedded edition does not tell its edition: it may have been old already."""
    editions = [
        (found, "-".join(filter(None, parts)))
        for parts in _DAY.findall(record.edition or "")
        if (found := _date(*parts))
    ]
    if editions:
        return max(editions)
    if record.origin == "embedded_edition":
        return None
    return date.fromisoformat(record.retrieved_at[:10]), record.retrieved_at[:10]


def age_days(record: ArchiveRecord, moment: str) -> int | None:
    """Whole days from the day of a copy to a moment (`YYYY-MM-DD...`); 0 where it is of a later day, None where its
    day is not known."""
    told = told_day(record)
    return None if told is None else max(0, (date.fromisoformat(moment[:10]) - told[0]).days)


def stale(record: ArchiveRecord, contract: Contract, moment: str) -> Stale | None:
    """Whether a copy is older than `staleAfterDays` of the contract, and how that is said; None where it is not."""
    limit, told, age = contract.get("staleAfterDays"), told_day(record), age_days(record, moment)
    if limit is None or told is None or age is None or age <= int(limit):
        return None
    return Stale(
        f"Deze cijfers zijn van {told[1]}; dat is langer geleden dan de {int(limit)} dagen die voor deze bron gelden. "
        "Er kan een nieuwere editie zijn.",
        f"These figures are of {told[1]}; that is longer ago than the {int(limit)} days that hold for this source."
        f"{MAY_BE_NEWER}",
    )


def _date(year: str, month: str, day: str) -> date | None:
    try:
        return date(int(year), int(month), int(day or 1))
    except ValueError:
        return None

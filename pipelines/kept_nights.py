"""The facts of all nights, kept under `<home>/reports/`, and which of them to hold a night against.

    2026-11-22T013000Z.json            the facts, as `publish/night_facts.py` writes them
    2026-11-22T013000Z.nl.html .en.html .txt   the morning report made from them
    latest.html                        the newest report, in Dutch
    2026-11-22T013000Z.started         a night that has begun; it goes when the facts are there

Here: finding, reading and writing those files. Not here: what stands in them.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from contracts.contract import product_names
from publish.night_facts import FactsUnreadable, NightFacts, facts_json, read_facts

#: The tag of a run that says to which night it belongs, by its moment; report and log go by it.
MOMENT_TAG = "ketenmonitor/moment"
#: The tag of a run that Dagster started: the CPU time of its process, in seconds.
CPU_TAG = "ketenmonitor/cpu_seconds"
WEEK = timedelta(days=7)
#: A night within this many days of a week ago may stand for it.
AROUND_A_WEEK = timedelta(days=3)
#: Nights that are looked back on for what the last one did not look at.
NIGHTS_BACK = 14
_NAME = re.compile(r"(\d{4}-\d\d-\d\dT\d{6}Z)(?:-(\d+))?")


def reports_folder(home: Path) -> Path:
    """Where the facts and reports of all nights are."""
    return home / "reports"


def moment_of(text: str) -> datetime:
    """A moment such as `2026-11-22T01:30:00Z`, or as a file name has it, as an aware datetime."""
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def name_of(moment: str) -> str:
    """The moment as file names have it: without colons."""
    return moment.replace(":", "")


def kept_files(home: Path) -> list[Path]:
    """The kept facts, oldest first."""
    found = [(match, path) for path in reports_folder(home).glob("*.json") if (match := _NAME.fullmatch(path.stem))]
    return [path for _, path in sorted(found, key=lambda item: (item[0][1], int(item[0][2] or 1)))]


def read_kept(path: Path) -> NightFacts | None:
    """The facts in one file; None where it cannot be read: an old report is never a reason to stop."""
    try:
        return read_facts(path.read_bytes())
    except (OSError, FactsUnreadable):
        return None


def place_for(home: Path, facts: NightFacts) -> Path:
    """The file for a night: the one it already has, else a name that no other night of the same moment has."""
    number = 1
    while True:
        again = f"-{number}" if number > 1 else ""
        path = reports_folder(home) / f"{name_of(facts.moment)}{again}.json"
        there = read_kept(path) if path.exists() else None
        if there is None or there.run_ids[:1] == facts.run_ids[:1]:
            return path
        number += 1


def keep(home: Path, facts: NightFacts) -> Path:
    """Writes the facts of a night down, whole, and returns the file. A night that is told again replaces itself."""
    from assets.sources.archive import write_whole

    path = place_for(home, facts)
    write_whole(path, facts_json(facts))
    return path


def night_before(home: Path, moment: str, run_ids: tuple[str, ...] = ()) -> NightFacts | None:
    """The newest kept night that is not later than a moment, other than the night of these runs."""
    for path in reversed(kept_files(home)):
        if moment_of(_NAME.fullmatch(path.stem)[1]) <= moment_of(moment):  # type: ignore[index]
            facts = read_kept(path)
            if facts is not None and (not run_ids or facts.run_ids[:1] != run_ids[:1]):
                return facts
    return None


def known_before(home: Path, moment: str, run_ids: tuple[str, ...] = ()) -> NightFacts | None:
    """The night before, with what it did not look at as it stood in the nights before that.

    A night of a part, as after a decision, fetches nothing and leaves most datasets alone: what was too old or held
    back the night before still is.
    """
    known: NightFacts | None = None
    for path in reversed(kept_files(home)[-NIGHTS_BACK:]):
        if moment_of(_NAME.fullmatch(path.stem)[1]) > moment_of(moment):  # type: ignore[index]
            continue
        facts = read_kept(path)
        if facts is None or (run_ids and facts.run_ids[:1] == run_ids[:1]):
            continue
        known = facts if known is None else _with_older(known, facts)
        if known.sources and len(known.datasets) == len(product_names()):
            break
    return known


def _with_older(known: NightFacts, older: NightFacts) -> NightFacts:
    steps, datasets = {one.asset for one in known.steps}, {one.dataset for one in known.datasets}
    return replace(
        known,
        sources=known.sources or older.sources,
        steps=known.steps + tuple(one for one in older.steps if one.asset not in steps),
        failures=known.failures + tuple(one for one in older.failures if one.asset not in steps),
        datasets=known.datasets + tuple(one for one in older.datasets if one.dataset not in datasets),
    )


def week_before(home: Path, moment: str) -> NightFacts | None:
    """The kept night nearest to a week before a moment; None where there is none within three days of it."""
    wanted = moment_of(moment) - WEEK

    def distance(path: Path) -> timedelta:
        return abs(moment_of(_NAME.fullmatch(path.stem)[1]) - wanted)  # type: ignore[index]

    near = sorted((path for path in kept_files(home) if distance(path) <= AROUND_A_WEEK), key=distance)
    return next((facts for path in near if (facts := read_kept(path)) is not None), None)


def begin(home: Path, moment: str) -> None:
    """Marks that a night has begun, so that one which ends without a word is noticed by the next."""
    folder = reports_folder(home)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name_of(moment)}.started").touch()


def ended(home: Path, moment: str) -> None:
    """Takes the mark away: the night has its facts."""
    (reports_folder(home) / f"{name_of(moment)}.started").unlink(missing_ok=True)


def never_ended(home: Path) -> Iterator[str]:
    """The moments of nights that began and did not end, oldest first; ask only while no night runs."""
    for path in sorted(reports_folder(home).glob("*.started")):
        if match := _NAME.fullmatch(path.stem):
            day, _, clock = match[1].partition("T")
            yield f"{day}T{clock[:2]}:{clock[2:4]}:{clock[4:6]}Z"

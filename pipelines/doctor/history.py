"""What the doctor looks at in the past: the last night, the daemon, a sample of the archive, the size of the home.

Not here: the machine (`machine.py`), other machines (`reach.py`).
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from pipelines.doctor.finding import Finding, Said, well
from pipelines.doctor.machine import AMSTERDAM, size_below
from publish.numbers_and_dates import Language, day, number

if TYPE_CHECKING:
    from dagster import DagsterInstance, DagsterRun

    from assets.night import Night

# a night a day, and two hours for one that takes long
_LATE = timedelta(hours=26)
# the daemon says every half minute that it is there
_SILENT = timedelta(minutes=5)
_SAMPLE = 20
_SHOWN = 3


def look_back(night: "Night") -> Iterator[Finding]:
    """What can be told from what stands in the home; nothing is made there."""
    if not (night.home / "dagster").is_dir():
        yield _never()
    else:
        yield from _runs(night)
    yield from _archive(night)
    yield from _size(night.home)


def _runs(night: "Night") -> Iterator[Finding]:
    from pipelines.instance import instance
    from pipelines.settings import SettingsError

    try:
        opened = instance(night.home)
    except SettingsError as error:
        yield Finding(
            "last night",
            "missing",
            Said(f"De geschiedenis is niet te lezen: {error}.", f"The history cannot be read: {error}."),
        )
        return
    with opened as kept:
        yield _last_night(kept, night.started_at)
        yield _daemon(kept, night.started_at)


def _never() -> Finding:
    return Finding(
        "last night",
        "look",
        Said("Er heeft hier nog geen nacht gedraaid.", "No night has run here yet."),
        Said("Draai de eerste: ketenmonitor nightly", "Run the first: ketenmonitor nightly"),
    )


def _last_night(kept: "DagsterInstance", moment: datetime) -> Finding:
    from dagster import DagsterRunStatus, RunsFilter

    records = kept.get_run_records(RunsFilter(job_name="nightly"), limit=1)
    if not records:
        return _never()
    began = datetime.fromtimestamp(records[0].start_time or records[0].create_timestamp.timestamp(), UTC)
    at = began.astimezone(ZoneInfo(AMSTERDAM))
    nl, en = f"{day(at, 'nl')} {at:%H:%M}", f"{day(at, 'en')} {at:%H:%M}"
    run: DagsterRun = records[0].dagster_run
    if run.status in (DagsterRunStatus.FAILURE, DagsterRunStatus.CANCELED):
        return Finding(
            "last night",
            "missing",
            Said(f"De laatste nacht ({nl}) is niet goed geëindigd.", f"The last night ({en}) did not end well."),
            Said(
                "Kijk in de werkplaats van de datasteward: ketenmonitor ui",
                "Look in the steward's view: ketenmonitor ui",
            ),
        )
    if moment - began > _LATE:
        return Finding(
            "last night",
            "missing",
            Said(
                f"De laatste nacht was op {nl}; daarna heeft er geen gedraaid.",
                f"The last night was on {en}; none has run since.",
            ),
            Said(
                "Draait de timer? systemctl list-timers ketenmonitor-night.timer",
                "Does the timer run? systemctl list-timers ketenmonitor-night.timer",
            ),
        )
    if run.status is DagsterRunStatus.SUCCESS:
        return well("last night", f"De laatste nacht ({nl}) is goed geëindigd.", f"The last night ({en}) ended well.")
    return well("last night", f"Er draait een nacht, begonnen op {nl}.", f"A night is running, begun on {en}.")


def _daemon(kept: "DagsterInstance", moment: datetime) -> Finding:
    beats = kept.get_daemon_heartbeats()
    if not beats:
        return Finding(
            "daemon",
            "look",
            Said(
                "Hier heeft nog geen Dagster-daemon gedraaid; roosters en sensoren staan stil.",
                "No Dagster daemon has run here; schedules and sensors stand still.",
            ),
            Said(
                "Alleen nodig zonder systemd-timer, of voor de sensoren: ketenmonitor service daemon",
                "Only needed without the systemd timer, or for the sensors: ketenmonitor service daemon",
            ),
        )
    last = datetime.fromtimestamp(max(beat.timestamp for beat in beats.values()), UTC)
    if moment - last > _SILENT:
        at = last.astimezone(ZoneInfo(AMSTERDAM))
        return Finding(
            "daemon",
            "missing",
            Said(
                f"De Dagster-daemon zwijgt sinds {day(at, 'nl')} {at:%H:%M}.",
                f"The Dagster daemon has been silent since {day(at, 'en')} {at:%H:%M}.",
            ),
            Said(
                "Start hem: systemctl restart ketenmonitor-daemon, of docker compose up -d daemon",
                "Start it: systemctl restart ketenmonitor-daemon, or docker compose up -d daemon",
            ),
        )
    return well("daemon", "De Dagster-daemon draait.", "The Dagster daemon is running.")


def _archive(night: "Night") -> Iterator[Finding]:
    """Holds some copies against their hash, others every day; `ketenmonitor verify archive` looks at all."""
    from assets.sources.archive import ArchiveDamaged
    from contracts.contract import source_names

    records = [record for source in source_names() for record in night.archive.records(source)]
    if not records:
        return
    step = max(1, len(records) // _SAMPLE)
    sample = records[night.started_at.toordinal() % step :: step]
    damaged = []
    for record in sample:
        try:
            night.archive.read(record)
        except ArchiveDamaged as error:
            damaged.append(str(error))
    if damaged:
        yield Finding(
            "archive",
            "missing",
            Said(
                f"Het archief is beschadigd: {'; '.join(damaged[:_SHOWN])}.",
                f"The archive is damaged: {'; '.join(damaged[:_SHOWN])}.",
            ),
            Said(
                "Kijk wat er nog meer is: ketenmonitor verify archive",
                "See what else there is: ketenmonitor verify archive",
            ),
        )
        return
    of = len(records)
    yield well(
        "archive",
        f"Steekproef uit het archief: {len(sample)} van {of} bestanden zijn ongewijzigd.",
        f"A sample of the archive: {len(sample)} of {of} files are unchanged.",
    )


def _size(home: Path) -> Iterator[Finding]:
    if not home.is_dir():
        return
    parts = {path.name: size_below(path) for path in home.iterdir() if path.is_dir() and not path.is_symlink()}
    largest = sorted(parts, key=lambda name: -parts[name])[:_SHOWN]

    def words(language: Language) -> str:
        total = number(sum(parts.values()) / 1e6, language, 0)
        each = ", ".join(f"{name} {number(parts[name] / 1e6, language, 0)}" for name in largest)
        return f"{total} MB ({each})"

    yield well("size", f"Grootte: {words('nl')}.", f"Size: {words('en')}.")
    aside = [name for name in parts if name.startswith("before-restore-")]
    if aside:
        names = ", ".join(sorted(aside))
        yield Finding(
            "aside",
            "look",
            Said(
                f"Wat er vóór het terugzetten stond, staat nog in {names}.",
                f"What stood here before a restore is still in {names}.",
            ),
            Said("Verwijder het als niemand het meer nodig heeft.", "Remove it when nobody needs it any more."),
        )

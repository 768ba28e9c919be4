"""What the doctor looks at on the machine itself: Python, libraries, home, inbox, disk, time.

Not here: other machines (`reach.py`), nights (`history.py`).
"""

import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pipelines.doctor.finding import Finding, Said, State, well
from publish.numbers_and_dates import number

LOCK = Path(__file__).parents[2] / "requirements.lock"
AMSTERDAM = "Europe/Amsterdam"
_GIB = 1 << 30
# a month of detailed trade figures is some 40 MB, a year of nights of Dagster's history a few GB
_LITTLE, _TOO_LITTLE = 5 * _GIB, 1 * _GIB
_SHOWN = 5


def look_at_machine(home: Path, inbox: Path, moment: datetime, environment: Mapping[str, str]) -> Iterator[Finding]:
    """Everything that can be seen without asking another machine."""
    yield _python()
    yield _libraries()
    yield from _home(home)
    yield _inbox(inbox)
    yield _time_zone()
    yield _clock(home, moment)
    if environment.get("SOURCE_DATE_EPOCH"):
        yield Finding(
            "fixed time",
            "look",
            Said(
                "SOURCE_DATE_EPOCH staat vast: elke nacht krijgt hetzelfde tijdstip.",
                "SOURCE_DATE_EPOCH is set: every night gets the same time.",
            ),
            Said("Haal de instelling weg voor gewone nachten.", "Remove the setting for ordinary nights."),
        )


def _python() -> Finding:
    # an older Python does not get this far
    found = ".".join(str(part) for part in sys.version_info[:3])
    return well("python", f"Python {found}.", f"Python {found}.")


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def locked(lock: str) -> dict[str, str]:
    """name -> version, as a lock file pins them."""
    return {m[1].lower(): m[2] for m in re.finditer(r"(?m)^([A-Za-z0-9][\w.-]*)(?:\[[^\]]*\])?==([^\s;\\]+)", lock)}


def _needed() -> list[str]:
    """The libraries that run the night, without those of development and of the deployments."""
    try:
        given = requires("ketenmonitor") or []
    except PackageNotFoundError:
        return []
    return [re.split(r"[^\w.-]", line, maxsplit=1)[0].lower() for line in given if "extra ==" not in line]


def _libraries() -> Finding:
    pins = locked(LOCK.read_text(encoding="utf-8")) if LOCK.is_file() else {}
    absent = [name for name in _needed() if _installed(name) is None]
    if absent:
        names = ", ".join(absent[:_SHOWN])
        return Finding(
            "libraries",
            "missing",
            Said(f"Deze bibliotheken ontbreken: {names}.", f"These libraries are not installed: {names}."),
            Said(
                "Draai `make nightly`, of installeer opnieuw volgens requirements.lock.",
                "Run `make nightly`, or install again from requirements.lock.",
            ),
        )
    found = {name: _installed(name) for name in pins}
    other = [f"{name} {found[name]} ({pins[name]})" for name in pins if found[name] not in (None, pins[name])]
    if other:
        names = ", ".join(other[:_SHOWN]) + (" …" if len(other) > _SHOWN else "")
        return Finding(
            "libraries",
            "look",
            Said(f"Anders dan vastgelegd: {names}.", f"Not as locked: {names}."),
            Said(
                "Uitgaven kunnen andere bytes krijgen; installeer volgens requirements.lock.",
                "Releases may get other bytes; install from requirements.lock.",
            ),
        )
    return well(
        "libraries",
        "De bibliotheken zijn zoals vastgelegd." if pins else "De bibliotheken zijn er.",
        "The libraries are as locked." if pins else "The libraries are there.",
    )


def is_writable(folder: Path) -> bool:
    """Whether a file can be written there; asks the file system, not the permissions."""
    try:
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def _home(home: Path) -> Iterator[Finding]:
    standing = next(path for path in (home, *home.parents) if path.exists())
    if not standing.is_dir() or not is_writable(standing):
        yield Finding(
            "home",
            "missing",
            Said(f"In {standing} kan niet worden geschreven.", f"{standing} cannot be written to."),
            Said(
                "Geef deze gebruiker er schrijfrechten, of kies een andere map met KETENMONITOR_HOME.",
                "Let this user write there, or choose another folder with KETENMONITOR_HOME.",
            ),
        )
        return
    if home.is_dir():
        yield well("home", f"De map {home} is er en is schrijfbaar.", f"{home} is there and can be written to.")
    else:
        yield Finding(
            "home",
            "look",
            Said(f"De map {home} is er nog niet.", f"{home} is not there yet."),
            Said("De eerste nacht maakt haar: ketenmonitor nightly", "The first night makes it: ketenmonitor nightly"),
        )
    free = shutil.disk_usage(standing).free
    nl, en = number(free / _GIB, "nl", 1), number(free / _GIB, "en", 1)
    said = Said(f"Vrij op de schijf: {nl} GiB.", f"Free on the disk: {en} GiB.")
    room = Said(
        "Maak ruimte; `ketenmonitor prune --dry-run` zegt wat weg kan.",
        "Make room; `ketenmonitor prune --dry-run` says what may go.",
    )
    state: State = "missing" if free < _TOO_LITTLE else "look" if free < _LITTLE else "well"
    yield Finding("disk", state, said, None if state == "well" else room)


def _inbox(inbox: Path) -> Finding:
    if not inbox.is_dir():
        return Finding(
            "inbox",
            "look",
            Said(
                f"Er is geen inbox ({inbox}); er kan nog niets worden aangeleverd.",
                f"There is no inbox ({inbox}); nothing can be handed in yet.",
            ),
            Said(
                "De eerste nacht maakt haar, of geef een map met KETENMONITOR_INBOX.",
                "The first night makes it, or name a folder with KETENMONITOR_INBOX.",
            ),
        )
    folders = sorted(path for path in inbox.iterdir() if path.is_dir())
    closed = [path.name for path in (inbox, *folders) if not is_writable(path)]
    if closed:
        names = ", ".join(closed[:_SHOWN])
        return Finding(
            "inbox",
            "missing",
            Said(f"In de inbox kan niet worden geschreven: {names}.", f"The inbox cannot be written to: {names}."),
            Said(
                "Een aangenomen bestand verlaat de inbox; geef deze gebruiker er schrijfrechten.",
                "A file that was taken in leaves the inbox; let this user write there.",
            ),
        )
    return well(
        "inbox",
        f"De inbox is er, met {len(folders)} mappen.",
        f"The inbox is there, with {len(folders)} folders.",
    )


def _time_zone() -> Finding:
    """The night runs at 02:30 in Amsterdam: the two offsets of 2026 must be known."""
    try:
        zone = ZoneInfo(AMSTERDAM)
        hours = [datetime(2026, month, 1, tzinfo=zone).utcoffset() for month in (1, 7)]
        right = [offset.total_seconds() if offset else None for offset in hours] == [3600, 7200]
    except ZoneInfoNotFoundError:
        right = False
    if right:
        return well("time zone", "De tijdzone Europe/Amsterdam is bekend.", "The time zone Europe/Amsterdam is known.")
    return Finding(
        "time zone",
        "missing",
        Said("De tijdzone Europe/Amsterdam is niet bekend.", "The time zone Europe/Amsterdam is not known."),
        Said("Installeer de tijdzones (Debian: tzdata).", "Install the time zones (Debian: tzdata)."),
    )


def _clock(home: Path, moment: datetime) -> Finding:
    """A clock that stands before what is written here already, or before this edition was made, is wrong."""
    written = [path.name[:17] for path in (home / "nights").glob("*.json")]
    last = max(written, default="")
    now = moment.astimezone(UTC).strftime("%Y-%m-%dT%H%M%S")
    if moment.year >= 2026 and last <= now:
        at = moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M")
        return well("clock", f"De klok staat op {at} UTC.", f"The clock says {at} UTC.")
    return Finding(
        "clock",
        "missing",
        Said(
            f"De klok staat op {now} UTC, vóór de laatste nacht ({last or 'uitgave 2026'}).",
            f"The clock says {now} UTC, before the last night ({last or 'edition 2026'}).",
        ),
        Said(
            "Zet de klok gelijk (timedatectl set-ntp true) vóór de volgende nacht.",
            "Set the clock (timedatectl set-ntp true) before the next night.",
        ),
    )


def size_below(folder: Path) -> int:
    """Bytes of all files below a folder; links are not followed, what goes meanwhile counts for nothing."""
    total = 0
    for at, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(os.path.join(at, name)).st_size  # noqa: PTH118 - walked by name, for speed
            except OSError:
                continue
    return total

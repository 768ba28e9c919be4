"""What of a home is too old by the rule, and removing it.

Here: files. Nothing that a release, a delivery or a kept night used is ever found here, and where a release is damaged
no edition is: then nobody can tell what it cites. Not here: the rule (`retention.py`), runs (`history_pruning.py`).
"""

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from assets.as_of import nights
from assets.night import Night
from assets.sources.archive import BULK, LISTING, SEEN, SPOILED, UNFINISHED, WRITING, ArchiveRecord
from assets.sources.archive_check import cited_copies
from contracts.contract import product_names, source_names
from pipelines.upkeep.backup import RESTORING
from pipelines.upkeep.retention import Retention, horizon
from publish.published import datasets, release_folders, verify
from publish.whole_files import INCOMING

Kind = Literal[
    "spoiled body", "archived edition", "night record", "rebuilt night", "report", "log", "left behind", "run"
]
_MOMENT = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):?(\d\d):?(\d\d)Z")


@dataclass(frozen=True)
class Prunable:
    """Something that may go. `what` names it for a person; `paths` are removed together; `bytes` is what that frees.

    `run_id` is set where it is a run of Dagster.
    """

    kind: Kind
    what: str
    paths: tuple[Path, ...]
    bytes: int
    run_id: str = ""


@dataclass(frozen=True)
class Found:
    """What may go, and why something else was not looked at."""

    prunable: tuple[Prunable, ...]
    remarks: tuple[str, ...]


def find_prunable(night: Night, rule: Retention) -> Found:
    """Everything below the home that is too old at the moment of `night`; changes nothing."""
    found: list[Prunable] = []
    remarks: list[str] = []
    found += _spoiled(night, horizon(night.started_at, rule.spoiled_bodies_days))
    records = list(_night_records(night, horizon(night.started_at, rule.night_records_days)))
    found += records
    before = horizon(night.started_at, rule.archived_editions_days)
    if before is not None:
        # pointers and derived pages cite nothing
        damaged = [problem for problem in verify(night.published) if problem.kind not in ("pointer", "derived")]
        if damaged:
            remarks.append(f"No archived edition was looked at: {damaged[0].message}")
        else:
            found += _editions(night, before, gone={path for record in records for path in record.paths})
    for folder, kind, days in (
        ("as_of", "rebuilt night", rule.rebuilt_nights_days),
        ("reports", "report", rule.reports_days),
        ("logs", "log", rule.logs_days),
    ):
        found += _by_age(night.home / folder, kind, horizon(night.started_at, days))  # type: ignore[arg-type]
    found += _left_behind(night, horizon(night.started_at, rule.left_behind_days))
    return Found(tuple(found), tuple(remarks))


def remove(one: Prunable) -> None:
    """Removes it. What is gone already is no fault: another may prune at the same time."""
    for path in one.paths:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _size(path: Path) -> int:
    if path.is_symlink() or not path.exists():
        return 0
    if path.is_dir():
        return sum(each.lstat().st_size for each in path.rglob("*") if each.is_file() and not each.is_symlink())
    return path.stat().st_size


def _prunable(kind: Kind, what: str, *paths: Path) -> Prunable:
    there = tuple(path for path in paths if path.exists() or path.is_symlink())
    return Prunable(kind, what, there, sum(_size(path) for path in there))


def _moment(text: str) -> datetime | None:
    """The moment that a text or the name of a file begins with."""
    match = _MOMENT.match(text)
    try:
        return datetime(*(int(part) for part in match.groups()), tzinfo=UTC) if match else None  # type: ignore[misc,arg-type]
    except ValueError:
        return None


#: Origins of bytes from which no table is built by themselves.
NO_TABLES = (BULK, LISTING, SPOILED, UNFINISHED)


def _written(path: Path) -> datetime:
    return datetime.fromtimestamp(path.lstat().st_mtime, UTC)


def _copy(kind: Kind, night: Night, record: ArchiveRecord) -> Prunable:
    body = night.archive.root / record.source / record.sha256
    # the record goes first: bytes without a record count for nothing, a record without bytes would be damage
    beside = (body.with_name(f"{record.sha256}.json"), body.with_name(f"{record.sha256}{SEEN}"))
    return _prunable(kind, f"{record.source} {record.vintage} of {record.retrieved_at[:10]}", *beside, body)


def _spoiled(night: Night, before: datetime | None) -> Iterator[Prunable]:
    """Bodies that were no table when they came, and that the service did not give again as one."""
    for source in source_names() if before is not None else ():
        again = night.archive.confirmations(source)
        for record in night.archive.records(source):
            moment = _moment(record.retrieved_at)
            no_table = record.origin in (SPOILED, UNFINISHED) and record.sha256 not in again
            if no_table and moment is not None and before is not None and moment < before:
                yield _copy("spoiled body", night, record)


def _night_records(night: Night, before: datetime | None) -> Iterator[Prunable]:
    """Records before the horizon, but never the newest of all."""
    paths = sorted((night.home / "nights").glob("*.json"))
    for path in paths[:-1] if before is not None else ():
        moment = _moment(path.name)
        if moment is not None and before is not None and moment < before:
            yield _prunable("night record", path.name, path)


def _editions(night: Night, before: datetime, gone: set[Path]) -> Iterator[Prunable]:
    """Copies that no release and no kept night used, that the build does not read, and that are not the newest."""
    used = {
        cited
        for dataset in datasets(night.published)
        for folder in release_folders(night.published, dataset)
        for cited in cited_copies(folder)
    }
    going = {path.name for path in gone}
    for read in nights(night):
        if f"{read.moment.replace(':', '')}.json" not in going:
            used |= set(read.used.items())
    for source in source_names():
        seen = night.archive.confirmations(source)
        tables = [one for one in night.archive.records(source) if one.origin not in NO_TABLES or one.sha256 in seen]
        last = sorted(((seen.get(one.sha256, one).retrieved_at, one) for one in tables), key=lambda pair: pair[0])
        for given, record in last[:-1]:
            moment = _moment(given)
            if moment is not None and moment < before and (source, record.sha256) not in used:
                yield _copy("archived edition", night, record)


def _by_age(folder: Path, kind: Kind, before: datetime | None) -> Iterator[Prunable]:
    for path in sorted(folder.iterdir()) if before is not None and folder.is_dir() else ():
        # a rebuilt night carries the date of the old night in its name, not the day on which it was rebuilt
        moment = (None if kind == "rebuilt night" else _moment(path.name)) or _written(path)
        if before is not None and moment < before and not path.name.startswith("latest"):
            yield _prunable(kind, f"{folder.name}/{path.name}", path)


def _left_behind(night: Night, before: datetime | None) -> Iterator[Prunable]:
    if before is None or not night.home.is_dir():
        return
    known = {name for product in product_names() for name in (product, f"{product}.blocked")}
    staged = [path for path in night.staging.iterdir() if path.name not in known] if night.staging.is_dir() else []
    broken_off = [
        path
        for top in ("archive", "tables", "quarantine", "published", "nights", "deliveries")
        for mark in (WRITING, INCOMING)
        for path in (night.home / top).rglob(f"{mark}*")
    ]
    restoring = [night.home / RESTORING] if (night.home / RESTORING).exists() else []
    for path in (*sorted(staged), *sorted(broken_off), *restoring):
        if _written(path) < before:
            yield _prunable("left behind", path.relative_to(night.home).as_posix(), path)

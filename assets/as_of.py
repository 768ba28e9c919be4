"""Old nights: which copies each night read, and rebuilding one of them from the archive.

A night keeps a file `<home>/nights/<moment>.json`, beside the archive and like it append-only: `tables/` can be thrown
away and made again, this memory cannot. A rebuild works in a home of its own, `<home>/as_of/<date>/`, in which only
what was known at that time can be seen; nothing that is published changes. Code and contracts are those of today.
Not here: running the assets (`pipelines/`), and holding the result against releases (`as_of_outcome.py`).
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from assets.decisions_book import keep_until
from assets.night import Night
from assets.sources.archive import ORIGINS, ArchiveDamaged, ArchiveRecord, write_first, write_whole
from assets.table_store import TableRefused, code_digest, inputs_key
from contracts.contract import delivered_source_names, source_contract, source_names
from publish.published import ReleaseRecord, datasets, known_releases, version_key

ROOT = Path(__file__).parents[1]


class AsOfError(ValueError):
    """A night of that date cannot be rebuilt; the message says why and what to do."""


@dataclass(frozen=True)
class NightRead:
    """What one night read: source -> sha256, and with which code; `moment` is `YYYY-MM-DDThh:mm:ssZ`.

    `code` is the digest of what decides a table, `publishing` of what decides how it leaves; `fetched` is what was
    said of each source when it was fetched.
    """

    moment: str
    code: str
    publishing: str
    public_url: str | None
    used: Mapping[str, str]
    fetched: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class OldNight:
    """A night to rebuild, as it was `recorded`. `moment` is the one that its releases carry.

    `known` are the copies (source, sha256) that could be seen then, `without` the sources of which there was none.
    """

    label: str
    moment: str
    used: Mapping[str, str]
    known: frozenset[tuple[str, str]]
    without: tuple[str, ...]
    recorded: NightRead


@cache
def publishing_digest() -> str:
    """sha256 over the code that writes releases, and over the libraries that it writes them with."""
    digest = hashlib.sha256()
    for path in sorted((ROOT / "publish").rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes() + b"\0")
    for library in ("jinja2", "pyarrow", "rdflib", "xlsxwriter"):
        digest.update(f"{library}={version(library)}\0".encode())
    return digest.hexdigest()


def keep_night(night: Night, used: Mapping[str, str]) -> Path:
    """Writes down which copies (source -> sha256) a night reads, when it has fetched them, and returns the file.

    Append-only: another reading at the same moment gets a file of its own, the same reading none.
    """
    fetched = json.loads(night.fetched.read_text(encoding="utf-8")) if night.fetched.exists() else {}
    read = NightRead(
        night.moment, code_digest(), publishing_digest(), night.public_url, dict(sorted(used.items())), fetched
    )
    body = (json.dumps(asdict(read), indent=1) + "\n").encode()
    number = 1
    while True:
        again = f"-{number}" if number > 1 else ""
        path = night.home / "nights" / f"{night.moment.replace(':', '')}{again}.json"
        if write_first(path, body) or path.read_bytes() == body:
            return path
        number += 1


def nights(night: Night) -> list[NightRead]:
    """All nights that were kept, oldest first; a file that cannot be read is passed over."""
    return [read for _, read in _night_files(night)]


def _night_files(night: Night) -> list[tuple[Path, NightRead]]:
    found = []
    for path in (night.home / "nights").glob("*.json"):
        try:
            read = NightRead(**json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            continue
        again = re.search(r"Z-(\d+)$", path.stem)
        found.append((read.moment, int(again[1]) if again else 1, path, read))
    return [(path, read) for *_, path, read in sorted(found, key=lambda item: item[:2])]


def first_read(reads: Sequence[NightRead]) -> dict[tuple[str, str], str]:
    """(source, sha256) -> the place of the first night that read this copy, as a text that sorts."""
    found: dict[tuple[str, str], str] = {}
    for place, read in enumerate(reads):
        for copy in read.used.items():
            found.setdefault(copy, f"{place:08d}")
    return found


def end_of(date: str) -> str:
    """The last moment that `--as-of` means: of a date its end (UTC), of a moment itself. Raises AsOfError."""
    try:
        if re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", date):
            return datetime.fromisoformat(date).strftime("%Y-%m-%dT%H:%M:%SZ")
        if re.fullmatch(r"\d{4}-\d\d-\d\d", date):
            return datetime.fromisoformat(date).strftime("%Y-%m-%dT23:59:59Z")
        raise ValueError(date)
    except ValueError as error:
        raise AsOfError(
            f"{date!r} is no date; expected one such as 2026-11-21, or a moment such as 2026-11-21T03:00:00Z"
        ) from error


def old_night(night: Night, date: str) -> OldNight:
    """The newest recorded night on or before a date.

    Raises AsOfError where the date is none, lies before the first night or in the future. Which copies an unrecorded
    night read is not known: what was embedded then may carry a later moment.
    """
    until, reads = end_of(date), nights(night)
    _refuse_outside(date, until, reads, night.moment)
    before = [read for read in reads if read.moment <= until]
    recorded = before[-1]
    to = _next_moment(reads, recorded, until)
    made = [r.released_at for r in _all_releases(night.published) if recorded.moment <= r.released_at <= to]
    moment = max(made, default=recorded.moment)
    pinned_since = first_read(reads)
    pinned_then = set(first_read(before))
    known = frozenset(
        (record.source, record.sha256)
        for source in (*source_names(), *delivered_source_names())
        for record in night.archive.records(source)
        if record.origin in ORIGINS
        and (
            (record.source, record.sha256) in pinned_then
            or ((record.source, record.sha256) not in pinned_since and record.retrieved_at <= moment)
        )
    )
    without = tuple(source for source in source_names() if source not in recorded.used)
    return OldNight(date.replace(":", ""), moment, dict(recorded.used), known, without, recorded)


def _refuse_outside(date: str, until: str, reads: Sequence[NightRead], now: str) -> None:
    """Refuses a date before the first night, and one after both the last night and `now`."""
    if not reads:
        raise AsOfError("no night is recorded here yet; see --home, or run `ketenmonitor nightly` first")
    first, last = reads[0].moment[:10], reads[-1].moment[:10]
    if until < reads[0].moment:
        # a moment on the day of the first night, but before it, needs more than the date
        given = f"{reads[0].moment}; give that moment" if date[:10] == first else f"{first}; give that date"
        raise AsOfError(f"{date} lies before every night: the first night is of {given} or a later one")
    # a date means its end, so that today itself is not in the future
    is_moment = len(date) > len(first)
    if date > max((now, reads[-1].moment) if is_moment else (now[:10], last)):
        raise AsOfError(f"{date} is in the future: the last night is of {last}; give that date or an earlier one")


def _next_moment(reads: Sequence[NightRead], recorded: NightRead, until: str) -> str:
    """The last moment at which what `recorded` read can have been released."""
    later = [read.moment for read in reads if read.moment > recorded.moment]
    if not later:
        return until
    # a moment is whole seconds: one before the next night, in text, sorts below it
    return min(until, later[0][:-1])


def _all_releases(published: Path) -> list[ReleaseRecord]:
    return [record for dataset in datasets(published) for record in known_releases(published, dataset)]


def releases_then(published: Path, dataset: str, moment: str) -> tuple[ReleaseRecord | None, list[ReleaseRecord]]:
    """The release that was made at `moment`, if any, and the releases that stood before it, oldest first."""
    known = [record for record in known_releases(published, dataset) if record.released_at <= moment]
    made = known[-1] if known and known[-1].released_at == moment else None
    earlier = [r for r in known if made is None or version_key(r.version) < version_key(made.version)]
    return made, earlier


def lay_out(night: Night, old: OldNight) -> Night:
    """Makes the home in which an old night is rebuilt, anew, and returns the night to run there."""
    home = night.home / "as_of" / old.label
    shutil.rmtree(home, ignore_errors=True)
    started = datetime.fromisoformat(old.moment.replace("Z", "+00:00")).astimezone(UTC)
    rebuilt = replace(night, home=home, started_at=started, public_url=old.recorded.public_url)
    for source, sha256 in sorted(old.known):
        for name in (sha256, f"{sha256}.json"):
            _link(home / "archive" / source / name, night.home / "archive" / source / name)
    write_whole(rebuilt.vintages, (json.dumps(dict(old.used), indent=1) + "\n").encode())
    # a source of which there was no copy is awaited: that stops nothing
    fetched = {name: {"outcome": "awaited"} for name in old.without} | dict(old.recorded.fetched)
    write_whole(rebuilt.fetched, (json.dumps(fetched, ensure_ascii=False, indent=1) + "\n").encode())
    for path, read in _night_files(night):
        if read.moment <= old.recorded.moment:
            _link(home / "nights" / path.name, path)
    for dataset in datasets(night.published):
        _, earlier = releases_then(night.published, dataset, old.moment)
        for record in earlier:
            at = Path("releases") / dataset / record.version
            _link(rebuilt.published / at, night.published / at)
    keep_until(night, rebuilt, old.moment)
    _link_reserved_dois(night, rebuilt, old.moment)
    return rebuilt


def _link(place: Path, target: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(target.absolute(), target_is_directory=target.is_dir())


def _link_reserved_dois(night: Night, rebuilt: Night, moment: str) -> None:
    """Of the DOIs that we remember only those that stand in the releases of that night: others came later."""
    path = night.home / "portals" / "zenodo.json"
    if night.zenodo_url is None or not path.exists():
        return
    remembered = json.loads(path.read_text(encoding="utf-8")).get(night.zenodo_url, {})
    kept: dict[str, dict[str, object]] = {}
    for dataset, versions in remembered.items():
        made, _ = releases_then(night.published, dataset, moment)
        noted = versions.get(made.version) if made is not None else None
        if made is None or noted is None or not noted.get("doi"):
            continue
        described = night.published / "releases" / dataset / made.version / "datapackage.json"
        if str(noted["doi"]) in described.read_text(encoding="utf-8"):
            kept[dataset] = {made.version: noted}
    write_whole(rebuilt.home / "portals" / "zenodo.json", json.dumps({night.zenodo_url: kept}).encode())


def seed_previous_tables(rebuilt: Night, old: OldNight) -> None:
    """Lets the edition before stand for every source that had one: audits compare with it, and releases say so."""
    from assets.sources.reading import SourceUnreadable, parsed

    places = first_read(nights(rebuilt))
    for source, sha256 in old.used.items():
        if source not in (*source_names(), *delivered_source_names()):
            continue  # a source of then that no longer has a contract
        records = sorted(
            rebuilt.archive.records(source),
            key=lambda r: (r.retrieved_at, places.get((r.source, r.sha256), ""), r.sha256),
        )
        at = next((place for place, record in enumerate(records) if record.sha256 == sha256), 0)
        contract = source_contract(source)
        for record in reversed(records[:at]):
            key = inputs_key(contract, {"copy": record.sha256})
            try:
                table = parsed(rebuilt.archive.read(record), contract)
                rebuilt.tables.put("sources", source, table, contract, key, _facts(record))
            except (SourceUnreadable, ArchiveDamaged, TableRefused):
                continue  # it did not stand then either, or cannot be had: the one before
            break


def _facts(record: ArchiveRecord) -> dict[str, str]:
    return {
        "copy": record.sha256,
        "vintage": record.vintage,
        "origin_of_bytes": record.origin,
        "retrieved_at": record.retrieved_at,
    }

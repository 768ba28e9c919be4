"""Fetching: brings bytes into the archive and chooses which copy of every source tonight's build reads; nothing else.

The live service first; where it does not answer, the newest copy that we have seen of it; where there is none, the
embedded edition. What was done is said per source, in plain words. Not here: how a service is asked
(`eurostat_service.py`, `cbs_service.py`, `comext_service.py`), and reading the bytes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from assets.sources.age import MAY_BE_NEWER, Stale, age_days, stale
from assets.sources.archive import Archive, ArchiveRecord, record_of
from assets.sources.embedded_edition import EMBEDDED, embedded_copy
from assets.sources.http import FetchError, PoliteSession
from assets.sources.live import Known, LiveAnswer, LiveService, Unchanged
from contracts.contract import Contract, source_contract

#: Kinds of source that a service delivers; all others are kept by hand.
LIVE_KINDS = ("eurostat", "cbs", "comext")

#: The origin of what a service sent and is no table: archived, never built from.
SPOILED = "spoiled"

FAILED = "the live service failed: "

OUTCOMES = {
    "fetched": "new bytes from the live service",
    "unchanged": "the live service gave the bytes that we have",
    "not_newer": "the live service has nothing newer than the copy that we have",
    "kept": "the newest copy that we have of the live service",
    "embedded": "the embedded edition",
    "curated": "curated figures",
    "awaited": "not fetched yet",
}


@dataclass(frozen=True)
class Fetched:
    """What happened to one source, and the copy that the build reads; None where there is none yet (`awaited`).

    `outcome` is one of OUTCOMES; `reason` why, or how; `age` in days of the figures of the copy (None: not known);
    `stale` that they are older than the contract allows. `refused_of` is the day of the newest copy that an audit
    refused, where it is the reason that there is none.
    """

    source: str
    outcome: str
    reason: str
    record: ArchiveRecord | None
    age: int | None = None
    stale: Stale | None = None
    refused_of: str = ""

    @property
    def failed(self) -> bool:
        """Whether the live service was asked and did not deliver."""
        return self.reason.startswith(FAILED)

    def facts(self) -> dict[str, Any]:
        """What the build and the published package need of this, in JSON's own types."""
        return {
            "outcome": self.outcome,
            "reason": self.reason,
            "sha256": self.record.sha256 if self.record else None,
            "age_days": self.age,
            "stale_nl": self.stale.words_nl if self.stale else None,
            "stale_en": self.stale.words_en if self.stale else None,
        }

    def sentence(self) -> str:
        """One line for the log and the run's metadata."""
        why = f" ({self.reason})" if self.reason else ""
        words = f"no usable copy; the one of {self.refused_of} was refused" if self.refused_of else None
        said = f"{self.source}: {words or OUTCOMES[self.outcome]}{why}"
        if self.record is None:
            return said
        edition = f", edition {self.record.edition}" if self.record.edition else ""
        copy = f"copy {self.record.vintage}{edition}, retrieved {self.record.retrieved_at[:10]}"
        old = self.stale.words_en if self.stale else ""
        if self.outcome in ("unchanged", "not_newer"):
            old = old.removesuffix(MAY_BE_NEWER)  # the service has just said that there is none
        warning = f"; WARNING: {old}" if old else ""
        age = "age not known" if self.age is None else f"{self.age} days old"
        return f"{said}; {copy}, {age}{warning}"


@dataclass(frozen=True)
class FetchSettings:
    """Where to fetch. An address that is None means: do not ask that service.

    `refused` names copies (sha256) per source that an audit refused: they are not kept when the live service fails.
    """

    eurostat_url: str | None
    user_agent: str
    embedded: Path = EMBEDDED
    refused: Mapping[str, frozenset[str]] = field(default_factory=dict)
    cbs_v3_url: str | None = None
    cbs_v4_url: str | None = None
    comext_url: str | None = None


def live_services(
    settings: FetchSettings, archive: Archive, session: PoliteSession, wait: Callable[[float], None] = time.sleep
) -> dict[str, LiveService]:
    """The services that may be asked tonight, by the kind of source that they deliver."""
    found: dict[str, LiveService] = {}
    if settings.eurostat_url is not None:
        from assets.sources.eurostat_service import EurostatService

        found["eurostat"] = EurostatService(settings.eurostat_url, session, wait)
    if settings.cbs_v3_url is not None or settings.cbs_v4_url is not None:
        from assets.sources.cbs_service import CbsService

        found["cbs"] = CbsService(settings.cbs_v3_url, settings.cbs_v4_url, session, wait)
    if settings.comext_url is not None:
        from assets.sources.comext_service import ComextService

        found["comext"] = ComextService(settings.comext_url, session, archive.read)
    return found


def fetch_source(
    source: str, archive: Archive, services: Mapping[str, LiveService], settings: FetchSettings, retrieved_at: str
) -> Fetched:
    """Fetches one source and chooses the copy to build from: live, else the newest kept, else embedded or curated."""
    contract = source_contract(source)
    kind, reason = contract.get("sourceKind"), ""
    if kind in LIVE_KINDS:
        seen = _usable(source, archive, settings.refused.get(source, frozenset()))
        service = services.get(str(kind))
        if service is None:
            reason = "the live service was not asked"
        else:
            try:
                return _fetch_live(contract, service, seen, archive, retrieved_at)
            except FetchError as error:
                reason = f"{FAILED}{error}"
        if seen is not None:
            return _said(contract, "kept", reason, seen.record, retrieved_at)
    try:
        body, record = embedded_copy(source, settings.embedded)
    except FileNotFoundError:
        refused = settings.refused.get(source, frozenset())
        days = [r.retrieved_at[:10] for r in archive.records(source) if r.sha256 in refused]
        return Fetched(source, "awaited", reason, None, refused_of=max(days, default=""))
    stored = archive.put(body, record)
    return _said(contract, "curated" if record.origin == "curated" else "embedded", reason, stored, retrieved_at)


def _said(contract: Contract, outcome: str, reason: str, record: ArchiveRecord, moment: str) -> Fetched:
    age, old = age_days(record, moment), stale(record, contract, moment)
    return Fetched(record.source, outcome, reason, record, age, old)


@dataclass(frozen=True)
class _Seen:
    """A copy that a live service gave: its record, and what is known of the last time that it was given."""

    record: ArchiveRecord
    last: ArchiveRecord


def _usable(source: str, archive: Archive, refused: frozenset[str]) -> _Seen | None:
    """The copy that the live service gave last, of those that no audit refused and whose bytes are there.

    Bytes that came with the embedded edition, or that were given before another copy and again after it, count from the
    last time that the service gave them.
    """
    confirmed = archive.confirmations(source)
    found = []
    for record in archive.records(source):
        path = archive.root / source / record.sha256
        whole = path.exists() and path.stat().st_size == record.bytes
        last = confirmed.get(record.sha256, record)
        if last.origin == "live" and record.sha256 not in refused and whole:
            found.append(_Seen(record, last))
    return max(found, key=lambda seen: (seen.last.retrieved_at, seen.record.sha256), default=None)


def _fetch_live(
    contract: Contract, service: LiveService, seen: _Seen | None, archive: Archive, retrieved_at: str
) -> Fetched:
    source = contract.table
    try:
        answer = _asked(service, contract, seen.last if seen is not None else None)
    except FetchError as error:
        if error.body and error.status is None:
            # what came is no table, and nothing is built from it; kept, so that somebody can see what it was
            address = error.url or "the live service"
            noted = {"retrieved_at": retrieved_at, "retrieved_from": address, "origin": SPOILED}
            archive.put(error.body, record_of(error.body, source=source, note_en=str(error), **noted))
        raise
    if isinstance(answer, Unchanged):
        if seen is None:
            raise FetchError("it says that nothing is newer than a copy that we do not have")
        if answer.confirmed:
            archive.confirm(replace(seen.last, retrieved_at=retrieved_at))
        return _said(contract, "not_newer", answer.reason, seen.record, retrieved_at)
    before = {record.sha256 for record in archive.records(source)}
    record = record_of(
        answer.body,
        source=source,
        retrieved_at=retrieved_at,
        retrieved_from=answer.url,
        origin="live",
        edition=answer.edition,
        etag=answer.etag,
        last_modified=answer.last_modified,
    )
    stored = archive.put(answer.body, record)
    if stored != record:
        archive.confirm(record)
    outcome = "unchanged" if record.sha256 in before else "fetched"
    return _said(contract, outcome, answer.note, stored, retrieved_at)


def _asked(service: LiveService, contract: Contract, seen: ArchiveRecord | None) -> LiveAnswer | Unchanged:
    try:
        return service.fetch(contract, Known(seen))
    except FetchError:
        raise
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
        # an answer that nobody foresaw must not keep the other sources from being fetched
        words = f"{type(error).__name__}: {str(error)[:160]}"
        raise FetchError(f"its answer was not understood ({words}); please report this") from error


def fetch_all(
    sources: Sequence[str],
    archive: Archive,
    settings: FetchSettings,
    retrieved_at: str,
    say: Callable[[str], None],
    *,
    starting: Callable[[str, int, int], None] | None = None,
    session: PoliteSession | None = None,
    wait: Callable[[float], None] = time.sleep,
) -> list[Fetched]:
    """Fetches every source, one line said about each as it is done, and at the end how many failed, if any.

    A source that fails does not stop the others.

    `starting` is told of every source before it is asked: its name, its number from 1, and how many there are.
    """
    asked = session or PoliteSession(settings.user_agent)
    try:
        services = live_services(settings, archive, asked, wait)
        fetched = []
        for number, source in enumerate(sources, start=1):
            if starting is not None:
                starting(source, number, len(sources))
            result = fetch_source(source, archive, services, settings, retrieved_at)
            say(result.sentence())
            fetched.append(result)
        failed = [item.source for item in fetched if item.failed]
        if failed:
            say(f"{len(failed)} of {len(fetched)} failed: {', '.join(failed)}")
        return fetched
    finally:
        asked.close()

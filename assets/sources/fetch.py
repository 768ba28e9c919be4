"""Fetching: brings bytes into the archive and chooses which copy of every source tonight's build reads; nothing else.

The live service first; where it does not answer, the newest copy that we have seen of it; where there is none, the
embedded edition. What was done is said per source, in plain words (`fetched.py`). What lies in the archive, and what
becomes of bodies that are not whole, stands in `archive.py` and `received.py`.
Not here: how a service is asked (`eurostat_service.py`, `cbs_service.py`, `comext_service.py`), and reading the bytes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from assets.sources.age import age_days, stale
from assets.sources.archive import SPOILED, Archive, ArchiveDamaged, ArchiveRecord, record_of
from assets.sources.embedded_edition import EMBEDDED, embedded_copy
from assets.sources.fetched import FAILED, Fetched, RefusedCopy
from assets.sources.http import FetchError, PoliteSession
from assets.sources.live import Known, LiveAnswer, LiveService, Stopped, Unchanged
from assets.sources.received import Received
from contracts.contract import Contract, source_contract

#: Kinds of source that a service delivers; all others are kept by hand.
LIVE_KINDS = ("eurostat", "cbs", "comext")


@dataclass(frozen=True)
class FetchSettings:
    """Where to fetch. An address that is None means: do not ask that service.

    `refused` names copies (sha256) per source that an audit refused: they are not kept when the live service fails.
    `anew` names sources of which the whole body is asked again, whatever the service says of our copy.
    """

    eurostat_url: str | None
    user_agent: str
    embedded: Path = EMBEDDED
    refused: Mapping[str, frozenset[str]] = field(default_factory=dict)
    cbs_v3_url: str | None = None
    cbs_v4_url: str | None = None
    comext_url: str | None = None
    anew: frozenset[str] = frozenset()


def live_services(
    settings: FetchSettings, session: PoliteSession, wait: Callable[[float], None] = time.sleep
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

        found["comext"] = ComextService(settings.comext_url, session)
    return found


def fetch_source(
    source: str, archive: Archive, services: Mapping[str, LiveService], settings: FetchSettings, retrieved_at: str
) -> Fetched:
    """Fetches one source and chooses the copy to build from: live, else the newest kept, else embedded or curated."""
    contract, refused = source_contract(source), settings.refused.get(source, frozenset())
    kind = str(contract.get("sourceKind"))
    if kind not in LIVE_KINDS:
        return _without_service(contract, archive, settings, retrieved_at, "")
    seen = _usable(source, archive, refused)
    service = services.get(kind)
    reason, failed = "the live service was not asked", None
    if service is not None:
        try:
            return _fetch_live(contract, service, seen, archive, retrieved_at, source in settings.anew)
        except FetchError as error:
            reason, failed = f"{FAILED}{error}", error
    if seen is None:
        found = _without_service(contract, archive, settings, retrieved_at, reason)
    else:
        found = _said(contract, "kept", reason, seen.record, retrieved_at)
        found = replace(found, stopped=_stopped(contract, archive, seen.record))
    return found if failed is None else replace(found, refused=failed.refused, kept_aside=failed.kept)


def _without_service(
    contract: Contract, archive: Archive, settings: FetchSettings, retrieved_at: str, reason: str
) -> Fetched:
    """The embedded or curated copy, or that there is none."""
    source = contract.table
    try:
        body, record = embedded_copy(source, settings.embedded)
    except FileNotFoundError:
        last = _last_refused(source, archive, settings.refused.get(source, frozenset()))
        return Fetched(source, "awaited", reason, None, last_refused=last)
    stored = archive.put(body, record)
    return _said(contract, "curated" if record.origin == "curated" else "embedded", reason, stored, retrieved_at)


def _said(contract: Contract, outcome: str, reason: str, record: ArchiveRecord, moment: str) -> Fetched:
    age, old = age_days(record, moment), stale(record, contract, moment)
    return Fetched(record.source, outcome, reason, record, age, old)


def _last_refused(source: str, archive: Archive, refused: frozenset[str]) -> RefusedCopy | None:
    """The newest body of a source that an audit refused, or that came in place of a table."""
    found = [r for r in archive.records(source) if r.sha256 in refused or r.origin == SPOILED]
    if not found:
        return None
    newest = found[-1]
    return RefusedCopy(newest.retrieved_at[:10], newest.note_en or "", newest.sha256, newest.place)


def _stopped(contract: Contract, archive: Archive, record: ArchiveRecord) -> Stopped | None:
    """Whether the publisher said with a copy that it no longer keeps the source up; only CBS says so."""
    if contract.get("sourceKind") != "cbs":
        return None
    from assets.sources.cbs_editions import stopped_in

    try:
        return stopped_in(archive.read(record), contract.table)
    except ArchiveDamaged:
        return None  # the build says what is wrong with the copy


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
    contract: Contract, service: LiveService, seen: _Seen | None, archive: Archive, retrieved_at: str, anew: bool
) -> Fetched:
    source = contract.table
    received = Received(archive, source, retrieved_at)
    received.sweep()
    try:
        answer = _asked(service, contract, Known(seen.last if seen is not None else None, anew), received)
    except FetchError as error:
        # what came is kept, so that somebody can see what it was; nothing is built from it
        error.kept += received.given_up(error)
        raise
    if isinstance(answer, Unchanged):
        received.finished()
        if seen is None:
            raise FetchError("it says that nothing is newer than a copy that we do not have")
        if answer.confirmed:
            archive.confirm(replace(seen.last, retrieved_at=retrieved_at))
        found = _said(contract, "not_newer", answer.reason, seen.record, retrieved_at)
        return replace(found, stopped=answer.stopped)
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
    received.finished()
    if stored != record:
        archive.confirm(record)
    outcome = "unchanged" if record.sha256 in before else "fetched"
    found = _said(contract, outcome, answer.note, stored, retrieved_at)
    return replace(found, stopped=answer.stopped, refused=bool(answer.refused), kept_aside=answer.refused)


def _asked(service: LiveService, contract: Contract, known: Known, received: Received) -> LiveAnswer | Unchanged:
    try:
        return service.fetch(contract, known, received)
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

    A source that its publisher no longer keeps up has a line of its own. A source that fails does not stop the others.

    `starting` is told of every source before it is asked: its name, its number from 1, and how many there are.
    """
    asked = session or PoliteSession(settings.user_agent)
    try:
        services = live_services(settings, asked, wait)
        fetched = []
        for number, source in enumerate(sources, start=1):
            if starting is not None:
                starting(source, number, len(sources))
            result = fetch_source(source, archive, services, settings, retrieved_at)
            say(result.sentence())
            if result.stopped is not None:
                say(f"WARNING: {source}: {result.stopped.words_en}")
            fetched.append(result)
        failed = [item.source for item in fetched if item.failed]
        if failed:
            say(f"{len(failed)} of {len(fetched)} failed: {', '.join(failed)}")
        return fetched
    finally:
        asked.close()

"""Fetching: brings bytes into the archive and chooses which copy of every source tonight's build reads; nothing else.

The live service first; where it does not answer, the newest copy that we have seen of it; where there is none, the
embedded edition. What was done is said per source, in plain words. Not here: reading the bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from assets.sources import cbs, eurostat
from assets.sources.archive import Archive, ArchiveRecord, record_of
from assets.sources.embedded_edition import EMBEDDED, embedded_copy
from assets.sources.http import FetchError, PoliteSession
from contracts.contract import Contract, source_contract

#: Kinds of source that a service delivers; all others are kept by hand.
LIVE_KINDS = ("eurostat", "cbs")


@dataclass(frozen=True)
class Fetched:
    """What happened to one source.

    `outcome` is `fetched` (new bytes), `unchanged`, `kept` (an earlier live copy), `embedded` or `curated`.
    """

    source: str
    outcome: str
    reason: str
    record: ArchiveRecord

    def sentence(self) -> str:
        """One line for the log and the run's metadata."""
        edition = f", edition {self.record.edition}" if self.record.edition else ""
        words = {
            "fetched": "new bytes from the live service",
            "unchanged": "the live service gave the bytes that we have",
            "kept": "the newest copy that we have of the live service",
            "embedded": "the embedded edition",
            "curated": "curated figures",
        }[self.outcome]
        why = f" ({self.reason})" if self.reason else ""
        copy = f"copy {self.record.vintage}{edition}, retrieved {self.record.retrieved_at[:10]}"
        return f"{self.source}: {words}{why}; {copy}"


@dataclass(frozen=True)
class FetchSettings:
    """Where to fetch. `eurostat_url` or `cbs_url` None means: do not ask that service.

    `refused` names copies (sha256) per source that an audit refused: they are not kept when the live service fails.
    """

    eurostat_url: str | None
    user_agent: str
    embedded: Path = EMBEDDED
    refused: Mapping[str, frozenset[str]] = field(default_factory=dict)
    cbs_url: str | None = None

    def live_address(self, contract: Contract) -> str | None:
        """Where the live service gives this source; None where it is not to be asked."""
        match contract.get("sourceKind"):
            case "eurostat" if self.eurostat_url is not None:
                return eurostat.data_url(self.eurostat_url, contract)
            case "cbs" if self.cbs_url is not None:
                return cbs.data_url(self.cbs_url, contract)
        return None


def fetch_source(
    source: str, archive: Archive, session: PoliteSession, settings: FetchSettings, retrieved_at: str
) -> Fetched:
    """Fetches one source and returns the copy to build from. Raises FileNotFoundError where nothing is to be had."""
    contract = source_contract(source)
    reason = ""
    if contract.get("sourceKind") in LIVE_KINDS:
        address = settings.live_address(contract)
        if address is None:
            reason = "the live service was not asked"
        else:
            try:
                return _fetch_live(source, address, archive, session, retrieved_at)
            except FetchError as error:
                reason = f"the live service failed: {error}"
        refused = settings.refused.get(source, frozenset())
        seen = [r for r in archive.records(source) if r.origin == "live" and r.sha256 not in refused]
        if seen:
            return Fetched(source, "kept", reason, seen[-1])
    body, record = embedded_copy(source, settings.embedded)
    stored = archive.put(body, record)
    return Fetched(source, "curated" if record.origin == "curated" else "embedded", reason, stored)


def _fetch_live(source: str, url: str, archive: Archive, session: PoliteSession, retrieved_at: str) -> Fetched:
    response = session.get(url)
    before = {record.sha256 for record in archive.records(source)}
    record = record_of(
        response.body,
        source=source,
        retrieved_at=retrieved_at,
        retrieved_from=url,
        origin="live",
        etag=response.etag,
        last_modified=response.last_modified,
    )
    stored = archive.put(response.body, record)
    return Fetched(source, "unchanged" if record.sha256 in before else "fetched", "", stored)


def fetch_all(
    sources: Sequence[str], archive: Archive, settings: FetchSettings, retrieved_at: str, say: Callable[[str], None]
) -> list[Fetched]:
    """Fetches every source, one line said about each. A source that fails does not stop the others."""
    session = PoliteSession(settings.user_agent)
    try:
        fetched = []
        for source in sources:
            result = fetch_source(source, archive, session, settings, retrieved_at)
            say(result.sentence())
            fetched.append(result)
        return fetched
    finally:
        session.close()

"""What a live service is to the fetch: something that gives the newest body of a source, or says that nothing is newer.

One object a service a night: it holds what is asked once for all its tables, such as a table of contents.
Not here: how each service is asked (`eurostat_service.py`, `cbs_service.py`, `comext_service.py`), the session
(`http.py`), or what is done with the answer (`fetch.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from assets.sources.archive import ArchiveRecord
from assets.sources.received import Received
from contracts.contract import Contract


@dataclass(frozen=True)
class Stopped:
    """That a publisher no longer keeps a source up, and what follows it, in two languages."""

    words_nl: str
    words_en: str


@dataclass(frozen=True)
class LiveAnswer:
    """A body as the service sent it (a bundle where it came in parts), not yet parsed.

    `edition` is the service's own date of the figures, `note` what is worth saying about the fetch, in plain words:
    "in 3 parts", "after waiting 40 s for the service". `refused` names bodies in the archive that came beside it and
    are none (`archive/<source>/<sha256>`); `stopped` says that the publisher no longer keeps the source up.
    """

    body: bytes
    url: str
    etag: str | None = None
    last_modified: str | None = None
    edition: str | None = None
    note: str = ""
    refused: tuple[str, ...] = ()
    stopped: Stopped | None = None


@dataclass(frozen=True)
class Unchanged:
    """The service itself says that nothing is newer than the copy that is known; `reason` says how it said so.

    `confirmed`: it compared with our very copy tonight, and did not only tell the day of its last update.
    """

    reason: str
    url: str
    confirmed: bool = False
    stopped: Stopped | None = None


@dataclass(frozen=True)
class Known:
    """What we have already: the newest live copy of the source that may be used, or None.

    `anew`: somebody wants the whole body again, so that nothing of the copy takes the place of asking; what the copy
    says of the table (such as its unit) still counts.
    """

    record: ArchiveRecord | None = None
    anew: bool = False


class LiveService(Protocol):
    """A service that publishes sources."""

    def fetch(self, contract: Contract, known: Known, received: Received) -> LiveAnswer | Unchanged:
        """The newest body of a source, or that nothing is newer than `known`.

        Every body of figures goes through `received` before anything of it is read. Raises FetchError, in plain words,
        where the service does not give it.
        """
        ...

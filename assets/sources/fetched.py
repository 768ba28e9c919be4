"""What happened to one source in a fetch, in words for the log and in facts for the build.

Not here: fetching (`fetch.py`), and when figures are too old (`age.py`).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from assets.sources.age import MAY_BE_NEWER, Stale
from assets.sources.archive import ArchiveRecord
from assets.sources.live import Stopped

#: How the reason begins where the live service was asked and did not deliver.
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
class RefusedCopy:
    """A body that was refused: the day it came, why (empty where an audit refused it), its hash, and where it lies."""

    day: str
    why: str
    sha256: str
    place: str


@dataclass(frozen=True)
class Fetched:
    """What happened to one source, and the copy that the build reads; None where there is none yet (`awaited`).

    `outcome` is one of OUTCOMES; `reason` why, or how; `age` in days of the figures of the copy (None: not known);
    `stale` that they are older than the contract allows; `stopped` that the publisher no longer keeps the source up.
    `refused` says that something came tonight and was refused, `kept_aside` where what came and is not built from lies.
    `last_refused` is the newest refused copy of a source of which no other is there.
    """

    source: str
    outcome: str
    reason: str
    record: ArchiveRecord | None
    age: int | None = None
    stale: Stale | None = None
    stopped: Stopped | None = None
    refused: bool = False
    kept_aside: tuple[str, ...] = ()
    last_refused: RefusedCopy | None = None

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
            "stopped_nl": self.stopped.words_nl if self.stopped else None,
            "stopped_en": self.stopped.words_en if self.stopped else None,
            "last_refused": asdict(self.last_refused) if self.last_refused else None,
        }

    def sentence(self) -> str:
        """One line for the log and the run's metadata."""
        aside = f"; what came is in {', '.join(self.kept_aside)}" if self.kept_aside else ""
        why = f" ({self.reason}{aside})" if self.reason else ""
        words = f"no usable copy; the one of {self.last_refused.day} was refused" if self.last_refused else None
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

    def refusal(self) -> str:
        """That something came tonight and was refused, as a line for the summary."""
        where = f" It is kept in {', '.join(self.kept_aside)}." if self.kept_aside else ""
        stands = "no copy is there to build from" if self.record is None else f"{OUTCOMES[self.outcome]} stands in"
        if self.outcome in ("fetched", "unchanged", "not_newer"):
            stands = "the rest of it was brought in"
        return f"{self.source}: what the live service sent was refused, and {stands}.{where}"

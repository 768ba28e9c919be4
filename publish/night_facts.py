"""What is known of one night: one frozen record from which the morning report, the messages and the metrics are made.

Here: the record, and its JSON both ways. Not here: gathering it from a run (`pipelines/night_facts.py`), or words about
it (`night_words.py`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal, TypeVar

#: Raised when a reader of older facts would misread newer ones.
VERSION = 1

#: How the name of the asset of a portal begins; the kind of the portal follows.
PORTAL_ASSET = "publication/portal_"

NightOutcome = Literal["done", "partly", "failed", "unfinished"]
StepOutcome = Literal["made", "unchanged", "done", "refused", "broke_down", "interrupted", "not_reached"]
PortalState = Literal["updated", "unchanged", "failed", "not_asked", "not_reached"]
DatasetState = Literal["released", "unchanged", "blocked", "waiting", "not_reached"]


class FactsUnreadable(ValueError):
    """Kept facts cannot be read; the message says what was found and expected."""


@dataclass(frozen=True)
class StepFacts:
    """One asset of the night. `seconds` is None where it did not run."""

    asset: str
    outcome: StepOutcome
    seconds: float | None = None

    @property
    def group(self) -> str:
        """The group of the asset: `packaging` of `packaging/indicators`."""
        return self.asset.partition("/")[0]


@dataclass(frozen=True)
class SourceFacts:
    """One source: what fetching did (`outcome` is one of `assets.sources.fetch.OUTCOMES`) and how old its figures are.

    `failed`: the live service was asked and did not deliver; `failed_since` and `stale_since` are the moments of the
    first night of an unbroken row of such nights. `copy` is the sha256 of the copy that was read, empty where there is
    none; `age_days` counts from its edition, None where that is not told. `refused` says that something came in this
    night and could not be used, and where it lies; `stopped` that the publisher no longer keeps the source up. Each
    `_since` is the moment of the first night of an unbroken row.
    """

    source: str
    title_nl: str
    title_en: str
    outcome: str
    reason: str = ""
    copy: str = ""
    age_days: int | None = None
    failed: bool = False
    failed_since: str | None = None
    stale_nl: str | None = None
    stale_en: str | None = None
    stale_since: str | None = None
    refused: str = ""
    refused_since: str | None = None
    stopped_nl: str | None = None
    stopped_en: str | None = None
    stopped_since: str | None = None


@dataclass(frozen=True)
class TableFacts:
    """One table: the rows that stand, those refused, and the rules that did not hold, in words.

    `rows` are those of the table that stands after the night; `refused` wait in quarantine. `broken` are rules that
    refuse the table, `caveats` those that are published with a remark.
    """

    table: str
    rows: int | None
    refused: int = 0
    duplicates: int = 0
    made: bool = False
    broken: tuple[str, ...] = ()
    caveats: tuple[str, ...] = ()


@dataclass(frozen=True)
class DatasetFacts:
    """One dataset: what became of it, and the version that stands after the night (None: nothing was ever released).

    `bump` says how large the step was; `changes_nl` and `changes_en` are sentences from the changelog of the release.
    `because` are the assets that hold it back, `since` the moment of the first night that they did.
    """

    dataset: str
    title_nl: str
    title_en: str
    outcome: DatasetState
    version: str | None = None
    previous_version: str | None = None
    bump: str = "none"
    releases: int = 0
    changes_nl: tuple[str, ...] = ()
    changes_en: tuple[str, ...] = ()
    because: tuple[str, ...] = ()
    since: str | None = None


@dataclass(frozen=True)
class PortalFacts:
    """One portal of the night: `portal` is its kind, `where` its place in its own words, `done` the steps taken there.

    `not_asked`: the night was offline. `since` is the moment of the first night of an unbroken row of failures.
    """

    portal: str
    outcome: PortalState
    where: str = ""
    done: int = 0
    since: str | None = None


@dataclass(frozen=True)
class FailureFacts:
    """A step that stopped. `refused` is a judgement on data; the other kinds say nothing about the data.

    `reason` is the user's own words from the run; `datasets` are held back by it; `since` is the moment of the first
    night of an unbroken row in which this asset stopped in this way.
    """

    asset: str
    kind: Literal["refused", "broke_down", "interrupted"]
    reason: str
    datasets: tuple[str, ...] = ()
    since: str | None = None


@dataclass(frozen=True)
class DeliveryReceived:
    """A delivery that came in. `id` is that of its receipt, `receipt` the path of the receipt below the home.

    `decided`: a steward decided about all rows that were refused.
    """

    id: str
    delivery: str
    title_nl: str
    title_en: str
    file_name: str
    received_at: str
    outcome: Literal["accepted", "accepted_in_part", "refused", "repeated"]
    rows_accepted: int = 0
    rows_refused: int = 0
    deliverer: str = ""
    period: str = ""
    receipt: str = ""
    reason_nl: str = ""
    reason_en: str = ""
    decided: bool = False

    @property
    def asks(self) -> bool:
        """Whether somebody must still look at it."""
        return self.outcome in ("accepted_in_part", "refused") and not self.decided


@dataclass(frozen=True)
class DeliveryOverdue:
    """A delivery that should have been here: `deadline` is a day, `days` how long ago it was."""

    delivery: str
    title_nl: str
    title_en: str
    period: str
    deadline: str
    days: int
    deliverer: str = ""


@dataclass(frozen=True)
class NightFacts:
    """One night. Moments are `YYYY-MM-DDThh:mm:ssZ`; `started` and `ended` are the clock of the run itself.

    `outcome`: `done`, `partly` (something was refused, the rest went on), `failed` (it broke down), or `unfinished`
    (the process ended without a word). `site_files` is the number of files of the site that were written, None where
    the site was not reached. `quarantine` holds (table, rows) of all that waits there. `last_success` is the moment of
    the last night with outcome `done`.
    """

    moment: str
    started: str
    ended: str
    seconds: float
    run_ids: tuple[str, ...]
    outcome: NightOutcome
    cpu_seconds: float | None = None
    sources: tuple[SourceFacts, ...] = ()
    steps: tuple[StepFacts, ...] = ()
    tables: tuple[TableFacts, ...] = ()
    datasets: tuple[DatasetFacts, ...] = ()
    failures: tuple[FailureFacts, ...] = ()
    portals: tuple[PortalFacts, ...] = ()
    mended: tuple[str, ...] = ()
    site_files: int | None = None
    received: tuple[DeliveryReceived, ...] = ()
    overdue: tuple[DeliveryOverdue, ...] = ()
    quarantine: tuple[tuple[str, int], ...] = field(default=())
    last_success: str | None = None
    version: int = VERSION

    @property
    def fetched(self) -> bool:
        """Whether the sources were fetched in this night."""
        return bool(self.sources)


_Part = TypeVar("_Part")

_PARTS: Mapping[str, type[Any]] = {
    "sources": SourceFacts,
    "steps": StepFacts,
    "tables": TableFacts,
    "datasets": DatasetFacts,
    "failures": FailureFacts,
    "portals": PortalFacts,
    "received": DeliveryReceived,
    "overdue": DeliveryOverdue,
}


def facts_json(facts: NightFacts) -> bytes:
    """The facts as they are kept."""
    return (json.dumps(asdict(facts), ensure_ascii=False, indent=1) + "\n").encode()


def read_facts(body: bytes) -> NightFacts:
    """Kept facts. Raises FactsUnreadable for what is torn, of another make, or written by a later edition."""
    try:
        raw = json.loads(body)
        if raw["version"] != VERSION:
            raise FactsUnreadable(f"the facts of a night have version {raw['version']}; expected {VERSION}")
        # facts of before there were portals of the night have none
        raw.setdefault("portals", [])
        parts = {name: tuple(_made(kind, item) for item in raw.pop(name)) for name, kind in _PARTS.items()}
        raw["quarantine"] = tuple((str(table), int(rows)) for table, rows in raw["quarantine"])
        return _made(NightFacts, raw, **parts)
    except FactsUnreadable:
        raise
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise FactsUnreadable(f"the facts of a night cannot be read: {type(error).__name__}: {error}") from error


def _made(kind: type[_Part], raw: Mapping[str, Any], **given: Any) -> _Part:
    names = {item.name for item in fields(kind)}  # type: ignore[arg-type]
    known = {name: tuple(value) if isinstance(value, list) else value for name, value in raw.items() if name in names}
    return kind(**known, **given)

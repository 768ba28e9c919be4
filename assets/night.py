"""What a night has at hand: its folders, its one moment in time, and whether it may ask the live services.

The moment is given once, at the start; nothing below asks the clock.
Not here: settings from the environment (`pipelines/settings.py`).
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assets.decisions_book import DecisionsBook
    from assets.deliveries.book import Book
    from assets.deliveries.delivered_file import Limits
    from assets.deliveries.taking_in import Counter
    from assets.sources.archive import Archive
    from assets.sources.fetch import FetchSettings
    from assets.table_store import TableStore


@dataclass(frozen=True)
class Night:
    """One run: `home` holds archive, tables, quarantine and published; `started_at` is the time of the run (UTC).

    `eurostat_url`, `cbs_v3_url`, `cbs_v4_url` and `comext_url` are the live services; one that is None is not asked.
    `public_url` is where the published folder is served; without it the address of `publisher.yaml` stands.
    `inbox_path` is where deliveries are put (by default under `home`), `registry` a file of further deliverers, and
    `limits` how much of a delivered file is read.
    `zenodo_url` is the Zenodo at which DOIs were reserved for releases to come, where there is one.
    """

    home: Path
    started_at: datetime
    eurostat_url: str | None
    user_agent: str
    embedded: Path | None = None
    public_url: str | None = None
    zenodo_url: str | None = None
    cbs_v3_url: str | None = None
    cbs_v4_url: str | None = None
    comext_url: str | None = None
    inbox_path: Path | None = None
    registry: Path | None = None
    limits: "Limits | None" = None

    @property
    def offline(self) -> bool:
        """Whether no live service may be asked in this run."""
        return not any((self.eurostat_url, self.cbs_v3_url, self.cbs_v4_url, self.comext_url))

    @cached_property
    def archive(self) -> "Archive":
        """Raw bytes of every source that we have seen."""
        from assets.sources.archive import Archive

        return Archive(self.home / "archive")

    @cached_property
    def tables(self) -> "TableStore":
        """The tables between the steps."""
        from assets.table_store import TableStore

        return TableStore(self.home / "tables", self.home / "quarantine", self.moment)

    @property
    def inbox(self) -> Path:
        """Where deliveries are put, in a folder a delivery."""
        return self.inbox_path or self.home / "inbox"

    @cached_property
    def book(self) -> "Book":
        """What was handed in, and what was decided about it."""
        from assets.deliveries.book import Book

        return Book(self.home / "deliveries")

    @cached_property
    def decisions(self) -> "DecisionsBook":
        """What people decided about this installation."""
        from assets.decisions_book import DecisionsBook

        return DecisionsBook(self.home / "decisions")

    def counter(self) -> "Counter":
        """Where files are taken in during this run."""
        from assets.deliveries.delivered_file import Limits
        from assets.deliveries.taking_in import Counter

        return Counter(self.archive, self.book, self.moment, self.limits or Limits(), self.registry)

    @property
    def published(self) -> Path:
        """The public folder."""
        return self.home / "published"

    @property
    def staging(self) -> Path:
        """Where a release candidate is written before it appears; on the same file system as `published`."""
        return self.home / "staging"

    @property
    def vintages(self) -> Path:
        """The file that pins which copy of every source the build reads."""
        return self.home / "tables" / "sources" / "vintages.json"

    @property
    def fetched(self) -> Path:
        """The file that says what happened to every source when it was last fetched: outcome, age, why."""
        return self.home / "tables" / "sources" / "fetched.json"

    @property
    def moment(self) -> str:
        """`started_at` as `YYYY-MM-DDThh:mm:ssZ`."""
        return self.started_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def fetch_settings(self) -> "FetchSettings":
        """What fetching needs to know."""
        from assets.sources.embedded_edition import EMBEDDED
        from assets.sources.fetch import FetchSettings
        from contracts.contract import source_contract, source_names

        refused = {name: self.tables.refused_copies(name, source_contract(name)) for name in source_names()}
        return FetchSettings(
            eurostat_url=self.eurostat_url,
            user_agent=self.user_agent,
            embedded=self.embedded or EMBEDDED,
            refused=refused,
            cbs_v3_url=self.cbs_v3_url,
            cbs_v4_url=self.cbs_v4_url,
            comext_url=self.comext_url,
        )

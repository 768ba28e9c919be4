"""CBS as a live service: asks what is new, and brings a table with all that belongs to it as one bundle.

A table is its description, its code lists, the number of its rows and the pages of its rows, each as the service sent
it. Where CBS says that nothing changed since the copy that we have, nothing more is asked.
Not here: HTTP (`http.py`), what the answers mean (`cbs.py`), where they are kept (`fetch.py`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from types import ModuleType

from assets.sources import cbs_v3, cbs_v4
from assets.sources.archive import Archive, ArchiveDamaged, ArchiveRecord
from assets.sources.bundle import BundleError, bundle, part_of
from assets.sources.cbs import COUNT_PART, PAGES
from assets.sources.cbs_codes import ServiceCode, differences, service_codes
from assets.sources.cbs_editions import Edition, edition_of
from assets.sources.cbs_pages import Page, counted, next_address, read_page, whole_table
from assets.sources.cbs_units import published_units, unit_differences
from assets.sources.eurostat import SourceUnreadable
from assets.sources.http import FetchError, PoliteSession
from assets.sources.http_body import one_line
from assets.sources.live import Known, LiveAnswer, Unchanged
from assets.sources.received import Received
from contracts.contract import Contract

#: How long to wait before a table is asked a second time, because CBS may have been replacing it while we read.
SECOND_TRY_SECONDS = 5.0
#: And how often in a night: a service that is being mended is not waited for at every table.
MOST_SECOND_TRIES = 2
#: More pages than any table that a contract may ask for: 10 million rows in v3.
MOST_PAGES = 1000
MOST_BYTES = 512 * 1024 * 1024
_JSON = ("application/json",)
_NOT_THERE = 404
#: A service that does not give the number of rows answers the question with one of these.
_NO_COUNT = (400, 404, 405, 406, 501)


class SpoiledAnswer(FetchError):
    """The service answered, and what it sent is not to be built from: no whole table, or one in another unit."""

    def __init__(self, message: str) -> None:
        super().__init__(message, refused=True)


class _Gathering:
    """The answers about one table, in the order of asking; each is on disk before it is read."""

    def __init__(self, session: PoliteSession, table: str, received: Received) -> None:
        self.parts: list[tuple[str, bytes]] = []
        self._session, self._table, self._received = session, table, received

    def _ask(self, name: str, url: str, accept: tuple[str, ...] = _JSON) -> bytes:
        """The body at an address, kept under a name."""
        body = self._session.get(url, accept=accept, received=self._received.part(name, url)).body
        self.parts.append((name, body))
        if sum(len(part) for _, part in self.parts) > MOST_BYTES:
            raise FetchError(
                f"the table {self._table} of CBS is larger than {MOST_BYTES} bytes; narrow its `selection`"
            )
        return body

    def about_the_table(self, service: ModuleType, base: str, contract: Contract) -> bytes:
        """What CBS says about the edition."""
        try:
            return self._ask(service.TABLE_PART, service.edition_url(base, contract))
        except FetchError as error:
            if error.status != _NOT_THERE:
                raise
            raise FetchError(
                f"CBS has no table {self._table} here ({error}); look on StatLine whether another has replaced it",
                error.status,
            ) from error

    def rest_of(self, service: ModuleType, base: str, contract: Contract, known: Known) -> list[str]:
        """Asks for all of a table but its edition. Returns what is worth saying.

        Raises SourceUnreadable where the pages are not the whole table, SpoiledAnswer where a unit is another one.
        """
        about = {name: self._ask(name, url) for name, url in service.about_urls(base, contract).items()}
        lists = {
            dimension: service_codes(about[cbs_v3.codes_part(dimension)], self._table, dimension)
            for dimension in cbs_v3.dimensions_of(contract)
        }
        self._check_units(service, contract, about[service.TOPICS_PART], known)
        said = list(service.topic_differences(contract, about[service.TOPICS_PART]))
        for dimension, theirs in lists.items():
            said += differences(contract, dimension, theirs)
        data, count_address = _addresses(service, base, contract, lists)
        count = self._count(count_address)
        pages = self._pages(data, None if count is None else counted(count, self._table))
        rows = whole_table(pages, count, service.ROW_ID, self._table, filtered="$filter=" in data).num_rows
        if count is None:
            said.insert(0, "the service gave no number of rows to check against")
        return [f"{rows} rows in {len(pages)} page{'s' if len(pages) > 1 else ''}", *said]

    def _check_units(self, service: ModuleType, contract: Contract, topics: bytes, known: Known) -> None:
        """Refuses a table in another unit than we know it in, before its figures are asked for."""
        before, day = {}, ""
        if known.record is not None:
            day = known.record.retrieved_at[:10]
            before = _units_of_copy(self._received.archive, known.record, contract)
        others = unit_differences(contract, published_units(topics, service, contract), before, day)
        if others:
            more = f" (and {len(others) - 3} more)" if len(others) > 3 else ""
            raise SpoiledAnswer(
                f"table {self._table}: {'; '.join(others[:3])}{more}. If CBS now publishes in this unit, write it in "
                "the contract as publishedUnit and see what is computed from it"
            )

    def _count(self, url: str) -> bytes | None:
        try:
            return self._ask(COUNT_PART, url, accept=())
        except FetchError as error:
            if error.status in _NO_COUNT:
                return None
            raise

    def _pages(self, first: str, expected: int | None) -> list[Page]:
        """Asks for page after page.

        Where the service stops linking before all counted rows are there, the rest is asked for by `$skip`.
        """
        pages: list[Page] = []
        url, seen = first, set[str]()
        while url not in seen and len(pages) < MOST_PAGES:
            seen.add(url)
            number = len(pages) + 1
            page = read_page(self._ask(f"{PAGES}{number:04d}.json", url), number, self._table)
            pages.append(page)
            rows = sum(one.rows for one in pages)
            if page.link is not None:
                url = next_address(page.link, first, self._table)
            elif page.rows and expected is not None and rows < expected:
                url = f"{first}{'&' if '?' in first else '?'}$skip={rows}"
            else:
                return pages
        raise SourceUnreadable(
            f"table {self._table}: expected new rows behind every link, found page {len(pages)} leading back or no end"
        )


class CbsService:
    """Both services of CBS. A contract says which holds its table (`api`: `v3` or `v4`), and whether the other may
    stand in (`apiFallback`)."""

    def __init__(
        self,
        v3_base: str | None,
        v4_base: str | None,
        session: PoliteSession,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        self._bases = {"v3": v3_base, "v4": v4_base}
        self._session = session
        self._wait = wait
        self._second_tries = 0

    def fetch(self, contract: Contract, known: Known, received: Received) -> LiveAnswer | Unchanged:
        """The newest table, or that CBS has not changed it. Raises FetchError (SpoiledAnswer: what came is refused)."""
        first = str(contract.get("api", "v3"))
        fallback = contract.get("apiFallback")
        try:
            return self._fetch(first, contract, known, received, "")
        except FetchError as error:
            if fallback is None or fallback == first:
                raise
            before = f"from {fallback}, as {first} failed: {error}"
            return self._fetch(str(fallback), contract, known, received, before)

    def _fetch(
        self, api: str, contract: Contract, known: Known, received: Received, before: str
    ) -> LiveAnswer | Unchanged:
        base = self._bases.get(api)
        if base is None:
            raise FetchError(f"the service {api} of CBS is not to be asked")
        service: ModuleType = {"v3": cbs_v3, "v4": cbs_v4}[api]
        first = ""
        while True:
            gathering = _Gathering(self._session, contract.table, received)
            again = f"whole only the second time: {first}" if first else ""
            try:
                return _answered(gathering, service, base, contract, known, _joined(before, again))
            except SourceUnreadable as error:
                if first or self._second_tries == MOST_SECOND_TRIES:
                    times = "asked twice" if first else "asked once"
                    words = f"CBS sent no whole table, {times}: {one_line(str(error), 400)}"
                    raise SpoiledAnswer(words) from error
                first = one_line(str(error), 400)
                self._second_tries += 1
                self._wait(SECOND_TRY_SECONDS)


def _answered(
    gathering: _Gathering, service: ModuleType, base: str, contract: Contract, known: Known, before: str
) -> LiveAnswer | Unchanged:
    """One try. Raises SourceUnreadable where what came is no whole table."""
    url = str(service.data_url(base, contract))
    edition = edition_of(gathering.about_the_table(service, base, contract), contract.table)
    if _is_known(known, edition, url):
        return Unchanged(f"CBS has not changed it since {edition.day}", url, stopped=edition.stopped())
    notes = gathering.rest_of(service, base, contract, known)
    note, stopped = _joined(before, *notes), edition.stopped()
    return LiveAnswer(bundle(gathering.parts), url, etag=edition.stamp, edition=edition.day, note=note, stopped=stopped)


def _units_of_copy(archive: Archive, record: ArchiveRecord, contract: Contract) -> dict[str, str]:
    """The units that came with a copy of either service; none where it cannot be read."""
    for service in (cbs_v3, cbs_v4):
        try:
            topics = part_of(archive.read(record), service.TOPICS_PART)
            if topics is not None:
                return published_units(topics, service, contract)
        except (ArchiveDamaged, BundleError, SourceUnreadable):
            continue
    return {}


def _addresses(
    service: ModuleType, base: str, contract: Contract, lists: Mapping[str, Mapping[str, ServiceCode]]
) -> tuple[str, str]:
    """Where the rows are and their number, with the codes as the service writes them."""
    if service is cbs_v4:
        return cbs_v4.data_url(base, contract), cbs_v4.count_url(base, contract)
    written = {name: {code: item.written for code, item in codes.items()} for name, codes in lists.items()}
    return cbs_v3.data_url(base, contract, written), cbs_v3.count_url(base, contract, written)


def _is_known(known: Known, edition: Edition, url: str) -> bool:
    """Whether the copy that we have answers the same question and is of the same edition."""
    if known.record is None or known.anew:
        return False
    return known.record.etag == edition.stamp and known.record.retrieved_from == url


def _joined(*sentences: str) -> str:
    return "; ".join(sentence for sentence in sentences if sentence)

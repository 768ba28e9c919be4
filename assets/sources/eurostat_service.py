"""Eurostat as a live service: asks for a table only if there is something newer, waits while it is prepared, and
divides a question that is too large.

Here: the conversation. Not here: addresses and parsers (`eurostat.py`, `eurostat_json_stat.py`), what the service says
in place of figures (`eurostat_answers.py`), or HTTP (`http.py`).
"""

from __future__ import annotations

import csv
import re
import time
from collections.abc import Callable, Mapping, Sequence
from urllib.parse import urlsplit

from assets.sources.eurostat import SourceUnreadable, chosen_codes, data_url, format_of
from assets.sources.eurostat_answers import (
    AT_WORK,
    GONE,
    READY,
    Fault,
    Queued,
    said_in_json,
    said_in_soap,
    status_of_request,
)  # fmt: skip
from assets.sources.eurostat_body import check_body
from assets.sources.eurostat_contents import ADDRESS, ContentsUnreadable, Listed, nothing_newer, parse_contents
from assets.sources.eurostat_parts import Part, bundled
from assets.sources.http import FetchError, PoliteSession, Response
from assets.sources.http_body import one_line
from assets.sources.live import Known, LiveAnswer, Unchanged
from assets.sources.received import Received
from contracts.contract import Contract

_XML = ("application/xml", "text/xml", "application/soap+xml", "application/vnd.sdmx.structure+xml")
_PACKED = ("application/gzip", "application/x-gzip", "application/octet-stream", "text/plain")
#: Media types that a body of figures may have, or a SOAP answer in its place.
CSV_TYPES = ("text/csv", "application/csv", "application/vnd.sdmx.data+csv", *_XML, *_PACKED)
JSON_TYPES = ("application/json", "application/vnd.jsonstat+json", *_PACKED)

FIRST_PAUSE, LONGEST_PAUSE = 2.0, 60.0
#: How long a table may be in preparation, and into how many parts a question may be divided.
LONGEST_PREPARATION = 900.0
MOST_PARTS = 128

_CODES = re.compile(rb'<(?:\w+:)?KeyValue id="(\w+)"[^>]*>(.*?)</(?:\w+:)?KeyValue>', re.DOTALL)
_CODE = re.compile(rb"<(?:\w+:)?Value>([^<]+)</")
_UPDATED_JSON = re.compile(rb'"updated"\s*:\s*"(\d{4}-\d\d-\d\d)T')


class EurostatService:
    """Eurostat for one night. The table of contents is asked for once, with the first table."""

    def __init__(self, base: str, session: PoliteSession, wait: Callable[[float], None] = time.sleep) -> None:
        self._base, self._session, self._wait = base.rstrip("/"), session, wait
        self._contents: Mapping[str, Listed] | None = None
        self._received: Received | None = None
        self._waited = 0.0
        self._unread = ""

    def fetch(self, contract: Contract, known: Known, received: Received) -> LiveAnswer | Unchanged:
        """The newest body of a table, or that nothing is newer than `known`. Raises FetchError in plain words."""
        self._received = received
        url = data_url(self._base, contract)
        # a copy that was asked otherwise (another selection, another form) says nothing about this question
        same = known.record is not None and known.record.retrieved_from == url and not known.anew
        record = known.record if same else None
        listed = self._listed(contract)
        if record is not None and listed is not None and nothing_newer(listed, record):
            return Unchanged(f"Eurostat last updated it on {listed.updated}, before our copy was made", url)
        self._waited = 0.0
        try:
            response = self._answer(
                url, contract, etag=record.etag if record else None, modified=record.last_modified if record else None
            )
        except _TooLarge as error:
            return self._in_parts(contract, url, listed, str(error))
        if response.not_modified:
            return Unchanged("Eurostat says that it has not been modified", url, confirmed=True)
        _check(response, contract)
        return LiveAnswer(
            response.body,
            url,
            response.etag,
            response.last_modified,
            _edition(response.body) or (listed.updated if listed else None),
            self._note(),
        )

    def _listed(self, contract: Contract) -> Listed | None:
        if self._contents is None:
            try:
                self._contents = parse_contents(self._session.get(f"{self._base}/{ADDRESS}").body)
            except (FetchError, ContentsUnreadable) as error:
                self._unread = f"its table of contents could not be read: {one_line(str(error))}"
                self._contents = {}  # then every table is asked for, as before there was a table of contents
        return self._contents.get(contract.table.lower())

    def _note(self, *more: str) -> str:
        waited = [f"after waiting {self._waited:.0f} s for the service"] if self._waited else []
        # said with the first table that comes, and not with all forty
        unread, self._unread = [self._unread] if self._unread else [], ""
        return ", ".join([*more, *waited, *unread])

    def _answer(
        self, url: str, contract: Contract, anew: bool = False, etag: str | None = None, modified: str | None = None
    ) -> Response:
        """The figures at an address, also where the service must prepare them first.

        Raises _TooLarge, _NothingThere or FetchError.
        """
        host, in_json = urlsplit(url).netloc, format_of(contract) == "json-stat"
        try:
            accept, received = JSON_TYPES if in_json else CSV_TYPES, self._kept(url)
            response = self._session.get(url, accept=accept, etag=etag, last_modified=modified, received=received)
        except FetchError as error:
            said = said_in_json(error.body) if in_json else said_in_soap(error.body)
            raise _fault(host, said, error.status) if isinstance(said, Fault) else error from error
        said = said_in_json(response.body) if in_json else said_in_soap(response.body)
        if isinstance(said, Fault):
            fault = _fault(host, said, None, response)
            if self._received is not None and isinstance(fault, _TooLarge | _NothingThere):
                self._received.forget(response.body)
            raise fault
        if isinstance(said, Queued):
            if self._received is not None:
                self._received.forget(response.body)
            return self._prepared(said.ticket, url, contract, anew)
        return response

    def _kept(self, url: str) -> Callable[[bytes], None] | None:
        """What puts the body at an address on disk before it is read."""
        return self._received.part("figures", url) if self._received is not None else None

    def _prepared(self, ticket: str, url: str, contract: Contract, anew: bool) -> Response:
        """The figures of a queued request, once they are ready. A request that expired is made once more."""
        host, pause, waited = urlsplit(url).netloc, FIRST_PAUSE, 0.0
        while (status := self._status(ticket)) != READY:
            if status in GONE and not anew:
                return self._answer(url, contract, anew=True)
            if status not in AT_WORK:
                again = ", for the second time" if status in GONE else ""
                raise FetchError(f"{host}: the request that it queued ended as {status or 'nothing'}{again}")
            if waited + pause > LONGEST_PREPARATION:
                raise FetchError(f"{host}: the figures were still in preparation after {waited:.0f} s ({status})")
            self._wait(pause)
            waited, self._waited = waited + pause, self._waited + pause
            pause = min(pause * 2, LONGEST_PAUSE)
        ready = f"{self._base}/1.0/async/data/{ticket}"
        response = self._session.get(ready, accept=CSV_TYPES, received=self._kept(ready))
        said = said_in_soap(response.body)
        if said is not None:
            words = said.words if isinstance(said, Fault) else "it is queued once more"
            words = f"{host}: the figures were ready, but when asked for them it said: {words}"
            raise FetchError(words, body=response.body, url=response.url)
        return response

    def _status(self, ticket: str) -> str:
        return status_of_request(self._session.get(f"{self._base}/1.0/async/status/{ticket}").body)

    def _in_parts(self, contract: Contract, url: str, listed: Listed | None, why: str) -> LiveAnswer:
        """The table asked in parts by dividing the longest list of codes, and each part again where that is needed."""
        parts: list[Part] = []
        every = self._codes(contract, why)
        waiting = _halves(every, urlsplit(url).netloc, why)
        asked = 0
        while waiting:
            codes = waiting.pop(0)
            asked += 1
            if asked > MOST_PARTS:
                raise FetchError(f"{urlsplit(url).netloc}: the table is too large, even in {MOST_PARTS} parts ({why})")
            # only what was divided stands in the address: a list of all codes may be longer than an address can be
            narrowed = {name: listed for name, listed in codes.items() if listed != every[name]}
            try:
                response = self._answer(data_url(self._base, contract, narrowed), contract)
                _check(response, contract, least_rows=0)
                parts.append(Part(narrowed, response.body))
            except _TooLarge as error:
                waiting = _halves(codes, urlsplit(url).netloc, str(error)) + waiting
            except _NothingThere:
                parts.append(Part(narrowed, None))
        bodies = [part.body for part in parts if part.body is not None]
        if not bodies:
            raise FetchError(f"{urlsplit(url).netloc}: none of {len(parts)} parts holds an observation")
        editions = {_edition(body) for body in bodies}
        if len(editions) > 1:
            raise FetchError(
                f"{urlsplit(url).netloc}: the table was updated while its parts were fetched "
                f"({' and '.join(sorted(map(str, editions)))}); it is asked for anew the next night",
                refused=True,
            )
        note = self._note(f"in {len(parts)} parts, because the whole was too large")
        return LiveAnswer(
            bundled(parts), url, edition=editions.pop() or (listed.updated if listed else None), note=note
        )

    def _codes(self, contract: Contract, why: str) -> dict[str, list[str]]:
        """The codes of each dimension that the service has and that we ask for."""
        host = urlsplit(self._base).netloc
        try:
            body = self._session.get(f"{self._base}/sdmx/2.1/contentconstraint/ESTAT/{contract.table.upper()}").body
        except FetchError as error:
            raise FetchError(
                f"{host}: {why}; and which codes it could be divided by was not to be had: {error}",
                error.status,
                error.body,
                error.url,
            ) from error
        listed = {
            name.decode(): [code.decode("utf-8", "replace") for code in _CODE.findall(codes)]
            for name, codes in _CODES.findall(body)
        }
        chosen = chosen_codes(contract)
        found = {
            name: [code for code in listed.get(name, []) if code in chosen.get(name, listed.get(name, []))]
            for name in contract.get("dimensions")
        }
        empty = [name for name, codes in found.items() if not codes]
        if empty:
            raise FetchError(f"{host}: {why}; and it lists no codes of {', '.join(empty)} to divide it by")
        return found


class _TooLarge(FetchError):
    """The question is too large."""


class _NothingThere(FetchError):
    """There is no observation that fits the question."""


def _check(response: Response, contract: Contract, least_rows: int = 1) -> None:
    """Raises FetchError, with the body, for one that is no table: the copy that we have is better than that."""
    try:
        check_body(response.body, contract, least_rows)
    except SourceUnreadable as error:
        words = f"{urlsplit(response.url).netloc}: {error}"
        raise FetchError(words, body=response.body, url=response.url, refused=True) from error


def _fault(host: str, said: Fault, status: int | None, response: Response | None = None) -> FetchError:
    kind = _TooLarge if said.too_large or status == 413 else _NothingThere if said.nothing_there else FetchError
    told = f" ({status})" if status else ""
    words = f"{host} answered{told}: {said.words or said.code or 'a fault without words'}"
    return kind(words, status, response.body, response.url) if response is not None else kind(words, status)


def _halves(codes: Mapping[str, Sequence[str]], host: str, why: str) -> list[dict[str, list[str]]]:
    """A question divided in two by the dimension with most codes."""
    longest = max(codes, key=lambda name: len(codes[name]))
    if len(codes[longest]) < 2:
        raise FetchError(f"{host}: too large and not to be divided any further ({why})")
    middle = (len(codes[longest]) + 1) // 2
    whole = {name: list(listed) for name, listed in codes.items()}
    return [whole | {longest: list(half)} for half in (codes[longest][:middle], codes[longest][middle:])]


def _edition(body: bytes) -> str | None:
    """The day of the last update that a body tells, as an ISO date; None where it tells none."""
    if body.lstrip()[:1] == b"{":
        found = _UPDATED_JSON.search(body[:4096]) or _UPDATED_JSON.search(body)
        return found[1].decode() if found else None
    head = body[:8192].decode("utf-8", "replace").lstrip("\ufeff").splitlines()[:2]
    rows = list(csv.reader(head))
    if len(rows) < 2 or "LAST UPDATE" not in rows[0] or len(rows[1]) <= rows[0].index("LAST UPDATE"):
        return None
    day = re.match(r"(\d\d)/(\d\d)/(\d\d) ", rows[1][rows[0].index("LAST UPDATE")])
    return f"20{day[3]}-{day[2]}-{day[1]}" if day else None

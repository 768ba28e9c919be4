"""One polite HTTP session: a name, time-outs, a limit on what is read, another try only where that can help.

Here: getting bytes or a plain reason why not. Not here: how long we are patient and with whom (`http_hosts.py`), the
reading of a body (`http_body.py`), what the bytes mean, or where they are kept.

The tries are counted here and not by urllib3's Retry: that one ends when the headers are in, while what breaks at a
statistical office is the body; and its waits cannot be handed in.
"""

from __future__ import annotations

import random
import time
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import SplitResult, urljoin, urlsplit

import requests
from urllib3.exceptions import HTTPError, ReadTimeoutError

from assets.sources.http_body import (
    REFUSED_LIMIT,
    BrokenOff,
    Sink,
    TooSlow,
    body_pieces,
    error_body,
    one_line,
    page_title,
    whole_body,
)  # fmt: skip
from assets.sources.http_hosts import FetchError, Hosts, Patience

__all__ = ["BODY_LIMIT", "FetchError", "Patience", "PoliteSession", "Response"]

#: Eurostat gives at most five million rows at once, some 400 MB.
BODY_LIMIT = 512 * 1024 * 1024
_PAGES = ("text/html", "application/xhtml+xml")
_COME_BACK = (408, 429)
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Response:
    """A body as it came, with the headers that tell its edition and kind.

    `not_modified` answers a conditional request: nothing is newer than what we have, and the body is empty.
    """

    body: bytes
    url: str
    etag: str | None = None
    last_modified: str | None = None
    content_type: str = ""
    not_modified: bool = False


class _Passing(RuntimeError):
    """A trouble that may pass. `come_back` is how many seconds the service asks us to wait."""

    def __init__(self, reason: str, come_back: float | None = None, status: int | None = None) -> None:
        super().__init__(reason)
        self.come_back, self.status = come_back, status


class _SameHostSession(requests.Session):
    """Follows a redirect only within its host, or from http to https there: another host is never asked."""

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """The address to go on to, or None. Raises FetchError where it is elsewhere."""
        target = super().get_redirect_target(resp)
        if target is None:
            return None
        here = urlsplit(resp.url)
        try:
            onward = urlsplit(urljoin(resp.url, target))
            same = here.hostname == onward.hostname and here.scheme == onward.scheme and _port(here) == _port(onward)
        except ValueError as error:
            raise FetchError(f"{here.netloc} sent us on to what is no address ({one_line(target, 60)})") from error
        safer = here.hostname == onward.hostname and (here.scheme, onward.scheme) == ("http", "https")
        if not (same or safer):
            where = "an address without https" if here.scheme > onward.scheme else "another host"
            raise FetchError(f"{here.netloc} sent us on to {where}, {one_line(onward.netloc)}")
        return target


def _port(parts: SplitResult) -> int | None:
    return parts.port or _PORTS.get(parts.scheme)


class PoliteSession:
    """Fetches from public services. A host that is not there is not asked again in the same night."""

    def __init__(
        self,
        user_agent: str,
        patience: Patience | None = None,
        wait: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random.random,
        stopwatch: Callable[[], float] = time.monotonic,
    ) -> None:
        self._session = _SameHostSession()
        self._session.max_redirects = 5
        self._session.headers["User-Agent"] = user_agent
        self._session.headers["Accept-Encoding"] = "gzip"
        self._patience = patience or Patience()
        self._wait, self._jitter, self._stopwatch = wait, jitter, stopwatch
        self._hosts = Hosts(self._patience, stopwatch)

    def get(
        self,
        url: str,
        limit: int = BODY_LIMIT,
        accept: Sequence[str] = (),
        etag: str | None = None,
        last_modified: str | None = None,
        received: Callable[[bytes], None] | None = None,
        into: Sink | None = None,
    ) -> Response:
        """The body at `url`, asked for again (with growing waits) where the trouble may pass.

        `accept` names the media types that are data here (empty: any but a web page); a type that the service leaves
        out is not held against it. With `etag` or `last_modified` the request is conditional. `received` is given the
        body before anybody else sees it; with `into` the body goes there as it comes, and that of the response stays
        empty. Raises FetchError: no
        connection, a status other than 200, another host, another kind of body, one that is over `limit` bytes, comes
        in drops or is not whole.
        """
        host = urlsplit(url).netloc
        self._hosts.meet(url)
        conditions = {"If-None-Match": etag, "If-Modified-Since": last_modified}
        headers = {name: value for name, value in conditions.items() if value}
        for tries in range(1, self._patience.tries + 1):
            try:
                response = self._asked(url, host, headers, accept, limit, into)
            except _Passing as trouble:
                self._pause(host, trouble, tries)
            except TooSlow as trouble:
                self._hosts.failed(host, str(trouble))
                raise FetchError(f"{host}: {trouble}") from trouble
            except FetchError:
                self._hosts.answered(host)
                raise
            else:
                self._hosts.answered(host)
                if received is not None and not response.not_modified:
                    received(response.body)
                return response
        raise AssertionError("the last try either answers or raises")

    def _pause(self, host: str, trouble: _Passing, tries: int) -> None:
        """Waits before another try; raises FetchError where there will be none."""
        if tries >= self._patience.tries:
            self._hosts.failed(host, str(trouble))
            raise FetchError(f"{host}{trouble} (tried {tries} times)", trouble.status) from trouble
        grown = self._patience.first_wait * self._patience.wait_grows ** (tries - 1)
        pause = grown * (1 + self._jitter() / 2) if trouble.come_back is None else trouble.come_back
        if pause > self._patience.longest_wait:
            # coming back sooner than asked would be impolite, and the night does not wait that long
            reason = f"asks us to come back after {pause:.0f} s"
            self._hosts.close(host, reason)
            raise FetchError(f"{host}{trouble} and {reason}", trouble.status) from trouble
        self._wait(pause)

    def _asked(
        self, url: str, host: str, headers: dict[str, str], accept: Sequence[str], limit: int, into: Sink | None
    ) -> Response:
        """One try."""
        patience = self._patience
        timeout = (patience.connect, patience.read)
        try:
            with self._session.get(url, timeout=timeout, stream=True, headers=headers) as answer:
                _check_status(answer, host, patience)
                etag, modified = answer.headers.get("ETag"), answer.headers.get("Last-Modified")
                kind = answer.headers.get("Content-Type", "")
                if answer.status_code == 304:
                    return Response(b"", url, etag, modified, kind, not_modified=True)
                _check_kind(answer, host, kind, accept, patience)
                if into is not None:
                    into.restart()
                    for piece in body_pieces(answer, host, limit, patience, self._stopwatch):
                        into.write(piece)
                    return Response(b"", url, etag, modified, kind)
                body = whole_body(answer, host, limit, patience, self._stopwatch)
                return Response(body, url, etag, modified, kind)
        except (requests.Timeout, ReadTimeoutError) as error:
            self._hosts.close(host, "no answer in time")
            raise FetchError(f"{host}: no answer in time") from error
        except requests.exceptions.SSLError as error:
            self._hosts.close(host, "no safe connection")
            raise FetchError(f"{host}: no safe connection ({one_line(str(error))})") from error
        except requests.TooManyRedirects as error:
            raise FetchError(f"{host} sent us on more than {self._session.max_redirects} times") from error
        except (
            BrokenOff,
            HTTPError,
            zlib.error,
            requests.ConnectionError,
            requests.exceptions.ChunkedEncodingError,
        ) as e:
            what = str(e) if isinstance(e, BrokenOff) else type(e).__name__
            raise _Passing(f": the answer broke off or is damaged ({what})") from e
        except requests.RequestException as error:
            raise FetchError(f"{host}: {type(error).__name__}") from error

    def close(self) -> None:
        """Gives the connections back."""
        self._session.close()


def _check_status(answer: requests.Response, host: str, patience: Patience) -> None:
    status = answer.status_code
    if status in (200, 304):
        return
    body = error_body(answer, host, patience)
    title = page_title(body)
    said = f" answered {status} {one_line(answer.reason or '', 60)}".rstrip() + (f" («{title}»)" if title else "")
    if status in _COME_BACK or status >= 500:
        raise _Passing(said, _come_back(answer), status)
    raise FetchError(host + said, status, body)


def _come_back(answer: requests.Response) -> float | None:
    """Seconds that `Retry-After` asks for: a number, or a date that is held against the service's own clock."""
    asked = answer.headers.get("Retry-After", "").strip()
    if asked.isdigit():
        return float(asked[:9])
    try:
        until, now = (parsedate_to_datetime(text) for text in (asked, answer.headers.get("Date", "")))
    except (TypeError, ValueError):
        return None
    return max(0.0, (_utc(until) - _utc(now)).total_seconds())


def _utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _check_kind(
    answer: requests.Response, host: str, content_type: str, accept: Sequence[str], patience: Patience
) -> None:
    """Raises FetchError for a web page, or another kind of body than was asked for."""
    kind = content_type.partition(";")[0].strip().lower()
    if not kind or kind in accept:
        return
    if kind in _PAGES:
        body = error_body(answer, host, patience, REFUSED_LIMIT)
        title = page_title(body)
        words = f"{host} answered with a web page in place of data" + (f" («{title}»)" if title else "")
        raise FetchError(words, body=body, url=answer.url)
    if accept:
        words = f"{host} answered with {one_line(kind, 60)}, expected {' or '.join(accept)}"
        raise FetchError(words, body=error_body(answer, host, patience, REFUSED_LIMIT), url=answer.url)

"""One polite HTTP session: a name, time-outs, a limit on what is read, and no second try at a host that is not there.

Here: getting bytes or a plain reason why not. Not here: what the bytes mean, or where they are kept.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

import requests
from urllib3.exceptions import HTTPError, ReadTimeoutError

# A refused or unknown host answers at once; a silent one must not hold up the night.
CONNECT_SECONDS = 4.0
READ_SECONDS = 60.0
BODY_LIMIT = 256 * 1024 * 1024


class FetchError(RuntimeError):
    """A body could not be had; the message says why, in plain words."""


@dataclass(frozen=True)
class Response:
    """A body as it came, with the two headers that tell its edition."""

    body: bytes
    url: str
    etag: str | None
    last_modified: str | None


class _SameHostSession(requests.Session):
    """Follows a redirect only within its host: another host is never asked."""

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """The address to go on to, or None. Raises FetchError where it is on another host."""
        target = super().get_redirect_target(resp)
        if target is not None:
            host, onward = urlsplit(resp.url).netloc, urlsplit(urljoin(resp.url, target)).netloc
            if onward != host:
                raise FetchError(f"{host} sent us on to another host, {onward}")
        return target


class PoliteSession:
    """Fetches from public services. A host that refused a connection is not asked again in the same night."""

    def __init__(self, user_agent: str) -> None:
        self._session = _SameHostSession()
        self._session.headers["User-Agent"] = user_agent
        self._session.headers["Accept-Encoding"] = "gzip"
        self._gone: dict[str, str] = {}

    def get(self, url: str, limit: int = BODY_LIMIT) -> Response:
        """The body at `url`.

        Raises FetchError: no connection, a status other than 200, another host, or a body over `limit` bytes.
        """
        host = urlsplit(url).netloc
        if host in self._gone:
            raise FetchError(f"{host} was not reachable a moment ago ({self._gone[host]})")
        try:
            with self._session.get(url, timeout=(CONNECT_SECONDS, READ_SECONDS), stream=True) as response:
                if response.status_code != 200:
                    raise FetchError(f"{host} answered {response.status_code} {response.reason}")
                body = _whole_body(response, host, limit)
                return Response(body, url, response.headers.get("ETag"), response.headers.get("Last-Modified"))
        except (requests.ConnectionError, requests.Timeout, ReadTimeoutError) as error:
            reason = "no connection" if isinstance(error, requests.ConnectionError) else "no answer in time"
            self._gone[host] = reason
            raise FetchError(f"{host}: {reason}") from error
        except (HTTPError, zlib.error) as error:
            raise FetchError(f"{host}: the answer broke off or is damaged ({type(error).__name__})") from error
        except requests.RequestException as error:
            raise FetchError(f"{host}: {type(error).__name__}") from error

    def close(self) -> None:
        """Gives the connections back."""
        self._session.close()


def _whole_body(response: requests.Response, host: str, limit: int) -> bytes:
    """The body, unpacked.

    Raises FetchError where it is too large or its end is missing, else what urllib3 and zlib raise.
    """
    packing = response.headers.get("Content-Encoding", "identity")
    if packing not in ("identity", "gzip"):
        raise FetchError(f"{host} answered in the encoding {packing}, which was not asked for")
    # urllib3 hands on half of a gzip stream as if it were whole, so that the end is looked for here
    unpack = zlib.decompressobj(wbits=31) if packing == "gzip" else None
    chunks, size = [], 0
    for raw in response.raw.stream(1 << 20, decode_content=False):
        chunk = raw if unpack is None else unpack.decompress(raw, limit - size + 1)
        size += len(chunk)
        if size > limit:
            raise FetchError(f"the body from {host} is larger than {limit} bytes")
        chunks.append(chunk)
    if unpack is not None and not unpack.eof:
        raise FetchError(f"{host}: the answer broke off or is damaged (its gzip stream has no end)")
    return b"".join(chunks)

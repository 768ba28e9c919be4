"""Reading a body to its end: not too large, not too slow, unpacked, and as long as its header says.

Here: the bytes of one answer, and the title of a page that came in place of data. Not here: asking (`http.py`).
"""

from __future__ import annotations

import html
import re
import time
import zlib
from collections.abc import Callable, Iterator
from typing import Protocol

import requests
from urllib3.exceptions import HTTPError

from assets.sources.http_hosts import FetchError, Patience

_CHUNK = 1 << 18
_ERROR_LIMIT = 64 * 1024
#: How much is kept of a body that is no data, so that somebody can see what it was.
REFUSED_LIMIT = 1024 * 1024
_TITLE = re.compile(rb"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)


class BrokenOff(RuntimeError):
    """The body ended before its end, or is damaged; another try may bring it whole."""


class TooSlow(RuntimeError):
    """The body comes in drops; another try would take as long."""


class Sink(Protocol):
    """What takes in a body that is too large to be held in memory. Every try begins with `restart`."""

    def restart(self) -> None:
        """Forgets what was written."""

    def write(self, piece: bytes) -> None:
        """Takes the next piece."""


def whole_body(
    response: requests.Response,
    host: str,
    limit: int,
    patience: Patience,
    stopwatch: Callable[[], float] = time.monotonic,
) -> bytes:
    """The body of at most `limit` bytes, unpacked; raises what `body_pieces` raises."""
    return b"".join(body_pieces(response, host, limit, patience, stopwatch))


def body_pieces(
    response: requests.Response,
    host: str,
    limit: int,
    patience: Patience,
    stopwatch: Callable[[], float] = time.monotonic,
) -> Iterator[bytes]:
    """The body of at most `limit` bytes, unpacked, as it comes; it is whole only when the last piece was given.

    Raises FetchError for a body over the limit or in an encoding that was not asked for, BrokenOff where its end is
    missing, TooSlow, and what urllib3 and zlib raise.
    """
    packing = response.headers.get("Content-Encoding", "identity").lower()
    if packing not in ("identity", "gzip"):
        raise FetchError(f"{host} answered in the encoding {packing[:40]}, which was not asked for")
    # a body shorter than its Content-Length urllib3 refuses; half of a gzip stream it hands on as if it were whole
    unpack = zlib.decompressobj(wbits=31) if packing == "gzip" else None
    size = 0
    for raw in _in_time(response, patience, stopwatch):
        while raw:
            if unpack is not None and unpack.eof:
                unpack = zlib.decompressobj(wbits=31)  # a gzip stream may have more than one member
            chunk = raw if unpack is None else unpack.decompress(raw, limit - size + 1)
            size += len(chunk)
            if size > limit:
                raise FetchError(f"{host}: the body is larger than {limit} bytes")
            yield chunk
            raw = b"" if unpack is None else unpack.unused_data
    if unpack is not None and not unpack.eof:
        raise BrokenOff("its gzip stream has no end")


def _in_time(response: requests.Response, patience: Patience, stopwatch: Callable[[], float]) -> Iterator[bytes]:
    """What comes over the line, piece by piece as it arrives, for as long as enough arrives."""
    began = window_began = stopwatch()
    in_window = 0
    while chunk := response.raw.read1(_CHUNK, decode_content=False):
        yield chunk
        in_window += len(chunk)
        now = stopwatch()
        if now - began > patience.body:
            raise TooSlow(f"the body took longer than {patience.body:.0f} s")
        if now - window_began > patience.window:
            if in_window < patience.least_bytes:
                raise TooSlow(f"only {in_window} bytes came in {now - window_began:.0f} s")
            window_began, in_window = now, 0


def error_body(response: requests.Response, host: str, patience: Patience, limit: int = _ERROR_LIMIT) -> bytes:
    """What a service says in place of data; empty where it is over `limit` bytes or cannot be read."""
    try:
        return whole_body(response, host, limit, patience)
    except (FetchError, BrokenOff, TooSlow, OSError, zlib.error, HTTPError):
        return b""


def page_title(body: bytes) -> str:
    """The title of a web page as one line of plain text; empty where it has none."""
    found = _TITLE.search(body[:_ERROR_LIMIT])
    return one_line(html.unescape(found[1].decode("utf-8", "replace"))) if found else ""


def one_line(text: str, most: int = 160) -> str:
    """What a stranger wrote, fit for a log: one line, printable, not too long."""
    plain = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    return plain if len(plain) <= most else plain[: most - 1] + "…"

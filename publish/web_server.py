"""The published folder over HTTP: for a steward at their desk, for tests, and behind a proxy for a small site.

Here: requests and answers. Not here: which file an address means and the headers of a file (`web_files.py`), or
anything that is made on request: every answer is a file that stands in the folder.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Literal

from publish.web_files import PAGE_POLICY, ServedFile, find, tombstone_over

_log = logging.getLogger(__name__)
_CHUNK = 1 << 16
# The headers of its page that also belong to the answer that something was withdrawn.
_OF_A_TOMBSTONE = ("Content-Type", "Content-Security-Policy", "Link")
_NOT_FOUND = b"""<!DOCTYPE html>
<html lang="nl">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Niet gevonden - Not found</title></head>
<body>
<main>
<h1>Deze pagina is er niet</h1>
<p>Op dit adres staat niets. Uitgaven verdwijnen niet: kijk of het adres volledig is, of begin bij
<a href="/">de voorpagina</a> of bij <a href="/index.json">de lijst van alle datasets</a>.</p>
<section lang="en">
<h2>This page is not here</h2>
<p>There is nothing at this address. Releases do not disappear: see whether the address is complete, or start at
<a href="/en/">the front page</a> or at <a href="/index.json">the list of all datasets</a>.</p>
</section>
</main>
</body>
</html>
"""


@dataclass(frozen=True)
class ByteRange:
    """The first and last byte that is asked for, both counted in."""

    first: int
    last: int


def asked_range(header: str | None, size: int) -> ByteRange | Literal["all", "none"]:
    """Which bytes a Range header asks for: one range, all, or none that the file has.

    Several ranges, and what is no range of bytes, are answered with all, as RFC 9110 allows.
    """
    match = re.fullmatch(r"\s*bytes\s*=\s*(\d{0,18})-(\d{0,18})\s*", header or "")
    if match is None or not (match[1] or match[2]):
        return "all"
    if not match[1]:
        length = min(int(match[2]), size)
        return ByteRange(size - length, size - 1) if length else "none"
    first = int(match[1])
    if match[2] and int(match[2]) < first:
        return "all"
    if first >= size:
        return "none"
    return ByteRange(first, min(int(match[2]), size - 1) if match[2] else size - 1)


def _names(header: str | None, etag: str) -> bool:
    """Whether an If-None-Match names this entity; weak ones compare as strong ones."""
    given = [one.strip().removeprefix("W/") for one in (header or "").split(",")]
    return etag in given or "*" in given


class PublishedHandler(BaseHTTPRequestHandler):
    """Answers GET, HEAD and OPTIONS from one published folder."""

    protocol_version = "HTTP/1.1"
    server_version = "Ketenmonitor"
    sys_version = ""
    # head and body go apart, and would wait for each other for 40 ms
    disable_nagle_algorithm = True
    # a client that holds a connection and says nothing
    timeout = 30

    def __init__(self, *given: Any, published: Path) -> None:
        self.published = published
        super().__init__(*given)

    def do_GET(self) -> None:
        """The file, part of it, or why not."""
        found = find(self.published, self.path)
        if isinstance(found, ServedFile):
            try:
                self._serve(found)
            except FileNotFoundError:
                self._absent()
        elif found is not None:
            self._plain(HTTPStatus.MOVED_PERMANENTLY, ("Location", found))
        else:
            self._absent()

    def _absent(self) -> None:
        """410 with its tombstone for what was withdrawn, else 404."""
        tombstone = tombstone_over(self.published, self.path)
        try:
            page = tombstone.real.read_bytes() if tombstone is not None else b""
        except FileNotFoundError:
            page = b""
        if tombstone is None or not page:
            self._plain(HTTPStatus.NOT_FOUND)
            return
        told = [header for header in tombstone.headers() if header[0] in _OF_A_TOMBSTONE]
        self._head(HTTPStatus.GONE, [*told, ("Content-Length", str(len(page))), ("Cache-Control", "no-cache")])
        if self.command != "HEAD":
            self.wfile.write(page)

    do_HEAD = do_GET  # noqa: N815 - the name http.server asks for

    def do_OPTIONS(self) -> None:
        """What a browser asks before a page of another site reads a range."""
        self._plain(
            HTTPStatus.NO_CONTENT,
            ("Allow", "GET, HEAD, OPTIONS"),
            ("Access-Control-Allow-Origin", "*"),
            ("Access-Control-Allow-Methods", "GET, HEAD, OPTIONS"),
            ("Access-Control-Allow-Headers", "Range, If-Range, If-None-Match"),
            ("Access-Control-Max-Age", "86400"),
        )

    def _not_allowed(self) -> None:
        # what it sends is not read, so that the connection cannot go on
        self.close_connection = True
        self._plain(HTTPStatus.METHOD_NOT_ALLOWED, ("Allow", "GET, HEAD, OPTIONS"), ("Connection", "close"))

    do_POST = do_PUT = do_PATCH = do_DELETE = _not_allowed  # noqa: N815

    def end_headers(self) -> None:
        """What every answer carries."""
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Referrer-Policy", "no-referrer")
        super().end_headers()

    def log_message(self, format: str, *given: Any) -> None:
        """Into the log, with what a stranger sent made harmless for a terminal."""
        _log.info("%s %s", self.client_address[0], ascii(format % given))

    def _serve(self, file: ServedFile) -> None:
        headers = list(file.headers())
        if _names(self.headers.get("If-None-Match"), file.etag):
            self._head(HTTPStatus.NOT_MODIFIED, [header for header in headers if header[0] != "Content-Type"])
            return
        condition = self.headers.get("If-Range")
        asked = self.headers.get("Range") if condition in (None, file.etag) else None
        part = asked_range(asked, file.size)
        if part == "none":
            self._plain(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, ("Content-Range", f"bytes */{file.size}"))
        elif isinstance(part, ByteRange):
            headers.append(("Content-Range", f"bytes {part.first}-{part.last}/{file.size}"))
            headers.append(("Content-Length", str(part.last - part.first + 1)))
            self._head(HTTPStatus.PARTIAL_CONTENT, headers)
            self._body(file, part)
        else:
            headers.append(("Content-Length", str(file.size)))
            self._head(HTTPStatus.OK, headers)
            self._body(file, ByteRange(0, file.size - 1))

    def _head(self, status: HTTPStatus, headers: list[tuple[str, str]]) -> None:
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()

    def _body(self, file: ServedFile, part: ByteRange) -> None:
        if self.command == "HEAD":
            return
        left = part.last - part.first + 1
        with file.real.open("rb") as handle:
            handle.seek(part.first)
            while left and (block := handle.read(min(left, _CHUNK))):
                self.wfile.write(block)
                left -= len(block)
        if left:
            # it became shorter while it was read: the client must not wait for the rest
            self.close_connection = True

    def _plain(self, status: HTTPStatus, *headers: tuple[str, str]) -> None:
        """An answer without a file; a page where somebody may be reading."""
        page = _NOT_FOUND if status is HTTPStatus.NOT_FOUND else b""
        given = list(headers)
        if page:
            given += [("Content-Type", "text/html; charset=utf-8"), ("Content-Security-Policy", PAGE_POLICY)]
        if status is not HTTPStatus.NO_CONTENT:
            given += [("Content-Length", str(len(page))), ("Cache-Control", "no-cache")]
        self._head(status, given)
        if self.command != "HEAD":
            self.wfile.write(page)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002
        """A client that went away is no fault of ours; anything else is in the log with its reason."""
        _log.info("a request from %s broke off", client_address[0], exc_info=True)


def server_of(published: Path, host: str, port: int) -> ThreadingHTTPServer:
    """A server that is bound and does not answer yet; port 0 takes a free one.

    Raises FileNotFoundError where there is no such folder, OSError where the port is taken.
    """
    return _Server((host, port), partial(PublishedHandler, published=published.resolve(strict=True)))


def serve(published: Path, host: str, port: int, ready: Callable[[int], None] | None = None) -> None:
    """Serves a published folder until interrupted; `ready` is told the port as soon as it answers.

    Raises what `server_of` raises.
    """
    with server_of(published, host, port) as server:
        if ready is not None:
            ready(server.server_port)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            return

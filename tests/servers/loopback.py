"""A JSON API on loopback: what the played CKAN and the played Zenodo share.

A test may order a fault for the next call, and read back which calls came in. Not here: what an API does.
"""

from __future__ import annotations

import json
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Call:
    """One request as it came in. `body` are its bytes."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON; an empty object where there is none."""
        return json.loads(self.body or b"{}")


@dataclass(frozen=True)
class Reply:
    """What goes back: a status and JSON, or bytes as they are."""

    status: int
    content: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Fault:
    """What happens to the next call whose method and path hold these words.

    `after`: the call is done first, and only its answer is lost. `silent` seconds pass before the answer. A status of
    0 breaks the connection off.
    """

    word: str
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    content: Any = None
    after: bool = False
    silent: float = 0.0


class PlayedApi(ABC):
    """An API whose `answer` a test server gives; thread-safe, as the calls come one by one."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.faults: list[Fault] = []
        self.base = ""
        self._lock = threading.Lock()

    @abstractmethod
    def answer(self, call: Call) -> Reply:
        """What the service says; for the class that plays one."""

    def respond(self, call: Call) -> Reply | None:
        """The answer to a call, after the faults that were ordered; None breaks off."""
        with self._lock:
            self.calls.append(call)
            fault = next((one for one in self.faults if one.word in f"{call.method} {call.path}"), None)
            if fault is None:
                return self.answer(call)
            self.faults.remove(fault)
            if fault.after:
                self.answer(call)
        time.sleep(fault.silent)
        return Reply(fault.status, fault.content, fault.headers) if fault.status else None

    def count(self, words: str) -> int:
        """How many calls hold these words in method and path."""
        return sum(words in f"{call.method} {call.path}" for call in self.calls)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that did not wait for its answer is what some tests are about."""


@contextmanager
def playing(api: PlayedApi) -> Iterator[str]:
    """The address at which `api` answers."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # head and body go apart, and would wait for each other for 40 ms
        disable_nagle_algorithm = True

        def _do(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            reply = api.respond(Call(self.command, self.path, dict(self.headers), body))
            if reply is None:
                self.close_connection = True
                return
            raw = reply.content if isinstance(reply.content, bytes) else json.dumps(reply.content).encode()
            payload = b"" if reply.status == 204 else raw
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload)

        do_GET = do_POST = do_PUT = do_DELETE = _do  # noqa: N815 - the names that http.server asks for

        def log_message(self, format: str, *given: Any) -> None:
            pass

    server = _Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    api.base = f"http://127.0.0.1:{server.server_port}"
    try:
        yield api.base
    finally:
        server.shutdown()
        server.server_close()


@dataclass
class Waits:
    """Stands in for waiting, and keeps how long it would have been."""

    seconds: list[float] = field(default_factory=list)

    def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)

"""Which hosts may be asked tonight: who is not there, keeps failing or asks for rest is left alone until tomorrow.

Here: how long we are patient, the first contact with a host, and the list of those that are not asked again.
Not here: requests and bodies (`http.py`, `http_body.py`).
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from requests.utils import get_environ_proxies, select_proxy


class FetchError(RuntimeError):
    """A body could not be had; the message says why, in plain words.

    `body` is what the service sent, as far as we have it, and `url` where it came from. `status` is that of its answer
    where it was other than 200: a body without it came as if all were well, and is no table (`refused`). `kept` names
    what of it is in the archive already.
    """

    def __init__(
        self,
        message: str,
        status: int | None = None,
        body: bytes = b"",
        url: str = "",
        *,
        refused: bool = False,
        kept: tuple[str, ...] = (),
    ) -> None:
        super().__init__(message)
        self.status, self.body, self.url, self.kept = status, body, url, kept
        self.refused = refused or bool(body and status is None)


@dataclass(frozen=True)
class Patience:
    """How long a host may take, in seconds, and how often it is asked.

    `contact` bounds the first contact, name look-up included, `contact_in_all` that of all hosts together, so that a
    night without network is over soon. A body of which fewer than `least_bytes` came in a `window` is given up, and so
    is one that takes longer than `body`. `failures_in_a_row` requests that failed after `tries` close a host.
    """

    contact: float = 3.0
    contact_in_all: float = 8.0
    connect: float = 4.0
    read: float = 60.0
    window: float = 30.0
    least_bytes: int = 32 * 1024
    body: float = 1800.0
    tries: int = 3
    first_wait: float = 0.5
    wait_grows: float = 4.0
    longest_wait: float = 90.0
    failures_in_a_row: int = 3


class Hosts:
    """The hosts of one night."""

    def __init__(self, patience: Patience, stopwatch: Callable[[], float] = time.monotonic) -> None:
        self._patience, self._stopwatch = patience, stopwatch
        self._gone: dict[str, str] = {}
        self._met: set[str] = set()
        self._failures: dict[str, int] = {}
        self._lost = 0.0

    def meet(self, url: str) -> None:
        """Raises FetchError where the host of `url` is not to be asked; finds out at the first contact with it."""
        host = urlsplit(url).netloc
        if host in self._gone:
            raise FetchError(f"{host} was not reachable a moment ago ({self._gone[host]})")
        if host in self._met:
            return
        started = self._stopwatch()
        # a first host that is silent costs its full time; what all may cost together is shared by those that follow
        allowed = max(0.2, min(self._patience.contact, self._patience.contact_in_all - self._lost))
        trouble = _trouble_with(url, allowed)
        if trouble:
            self._lost += self._stopwatch() - started
            self.close(host, trouble)
            raise FetchError(f"{host}: {trouble}")
        self._met.add(host)

    def close(self, host: str, reason: str) -> None:
        """Nothing more is asked of this host tonight."""
        self._gone[host] = reason

    def answered(self, host: str) -> None:
        """The host gave an answer, so that it is well."""
        self._failures.pop(host, None)

    def failed(self, host: str, reason: str) -> None:
        """A request failed for good; the host is closed when that happens too often in a row."""
        self._failures[host] = self._failures.get(host, 0) + 1
        if self._failures[host] >= self._patience.failures_in_a_row:
            self.close(host, f"{self._failures[host]} requests in a row failed, the last: {reason}")


def _trouble_with(url: str, seconds: float) -> str:
    """Why no connection to the host of `url` comes about within `seconds`; empty where one does.

    In a thread of its own, because looking up a name cannot be given a time-out. Where a proxy is set the proxy is
    tried: the host itself need not be reachable from here.
    """
    parts = urlsplit(select_proxy(url, get_environ_proxies(url)) or url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    found: list[str] = []

    def connect() -> None:
        try:
            with socket.create_connection((parts.hostname or "", port), timeout=seconds):
                found.append("")
        except socket.gaierror:
            found.append("no connection: its name is not known here")
        except TimeoutError:
            found.append(f"no connection within {seconds:.0f} s")
        except (OSError, ValueError) as error:
            found.append(f"no connection: {getattr(error, 'strerror', None) or error}")

    thread = threading.Thread(target=connect, daemon=True)
    thread.start()
    thread.join(seconds)
    return found[0] if found else f"no connection within {seconds:.0f} s"

"""One way of calling a portal's API: time-outs, a name, patience where it is asked for, and errors in plain words.

A call is tried again only where that cannot do a thing twice: after 429, when no connection was made, and, for calls
that may be repeated, after 5xx or an answer that broke off. Credentials are taken out of every text.
Not here: what the calls of a portal are.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO, Literal
from urllib.parse import urlsplit

import requests
from requests.auth import AuthBase

from publish.portals.plan import PortalError, PortalNotSetUp

Method = Literal["GET", "POST", "PUT", "DELETE"]
USER_AGENT = "Ketenmonitor/1.0 (open-data pipeline for the circular economy)"
CONNECT_SECONDS, READ_SECONDS = 10.0, 120.0
TRIES = 4
# A portal that asks for a longer break than this is asked again at the next run.
LONGEST_WAIT_SECONDS = 120.0
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def checked_address(name: str, text: str, *, secret: bool = True) -> str:
    """A base address without slash at its end.

    Raises PortalNotSetUp where it is none, holds a password, or would send a secret in the clear.
    """
    parts = urlsplit(text.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise PortalNotSetUp(f"{name} is no address; expected one that starts with https://")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise PortalNotSetUp(f"{name} holds a password, a question or a fragment; give the plain address")
    if secret and parts.scheme == "http" and parts.hostname not in _LOOPBACK:
        raise PortalNotSetUp(f"{name} starts with http://, which would send the token in the clear; expected https://")
    return text.strip().rstrip("/")


@dataclass(frozen=True)
class Answer:
    """What a portal said: status, the body as JSON where it is JSON, and its first words."""

    status: int
    json: Any
    text: str


class _Authorization(AuthBase):
    """Puts the header on a request, and shows itself to nobody."""

    def __init__(self, header: str) -> None:
        self._header = header

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = self._header
        return request


class PortalCalls:
    """Calls to one portal. `wait` is how it waits; a test waits otherwise."""

    def __init__(
        self,
        portal: str,
        authorization: str,
        *,
        user_agent: str = USER_AGENT,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        self._portal, self._wait = portal, wait
        self._secret = authorization.rsplit(" ", 1)[-1]
        self._session = requests.Session()
        self._session.headers["User-Agent"] = user_agent
        # as `auth`, because a .netrc would otherwise speak for us
        self._session.auth = _Authorization(authorization)

    def call(
        self,
        method: Method,
        url: str,
        *,
        repeatable: bool,
        json: Any = None,
        params: Mapping[str, str] | None = None,
        body: BinaryIO | None = None,
    ) -> Answer:
        """One call and its answer, whatever its status. Raises PortalError where there is no answer."""
        left = TRIES
        while True:
            left -= 1
            if body is not None:
                body.seek(0)
            try:
                answer = self._session.request(
                    method,
                    url,
                    json=json,
                    params=params,
                    data=body,
                    timeout=(CONNECT_SECONDS, READ_SECONDS),
                    # another host must not get the token
                    allow_redirects=False,
                )
            except requests.RequestException as error:
                never_sent = isinstance(error, requests.ConnectTimeout) or _refused(error)
                if left and (repeatable or never_sent):
                    self._wait(2.0 ** (TRIES - left - 1))
                    continue
                raise PortalError(self._no_answer(method, url, error, repeatable or never_sent)) from None
            wait = self._break_asked(answer, repeatable, TRIES - left - 1)
            if not left or wait is None:
                return self._said(answer)
            self._wait(wait)

    def without_secrets(self, text: str) -> str:
        """A text as it may be shown: without the token, on one line, not longer than a few sentences."""
        shown = text.replace(self._secret, "***") if self._secret else text
        return " ".join(shown.split())[:600]

    def _break_asked(self, answer: requests.Response, repeatable: bool, tried: int) -> float | None:
        """Seconds until the next try; None where the answer stands."""
        if answer.status_code == 429 or (repeatable and answer.status_code >= 500):
            asked = answer.headers.get("Retry-After", "")
            seconds = float(asked) if asked.isdecimal() else 2.0**tried
            return seconds if seconds <= LONGEST_WAIT_SECONDS else None
        return None

    def _said(self, answer: requests.Response) -> Answer:
        if 300 <= answer.status_code < 400:
            where = self.without_secrets(answer.headers.get("Location", "elsewhere"))
            raise PortalError(f"{self._portal} sent us on to {where}; set the address of the portal to that place")
        try:
            content = answer.json()
        except ValueError:
            content = None
        return Answer(answer.status_code, content, self.without_secrets(answer.text[:2000]))

    def _no_answer(self, method: str, url: str, error: requests.RequestException, harmless: bool) -> str:
        why = "no answer in time" if isinstance(error, requests.Timeout) else "no connection"
        after = "run again" if harmless else "it may have been done or not: run again, what is there is found"
        return f"{self._portal} ({urlsplit(url).netloc}) {method}: {why}; {after}"


def _refused(error: requests.RequestException) -> bool:
    """Whether no connection was made at all: then nothing can have been done."""
    return isinstance(error, requests.ConnectionError) and "NewConnectionError" in repr(error)

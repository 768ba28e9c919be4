"""The polite session: what is tried again and what is not, what is refused, and how little a missing network costs."""

from __future__ import annotations

import gzip
import socket
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
import requests

from assets.sources import http_hosts
from assets.sources.http import FetchError, Patience, PoliteSession
from tests.conftest import free_port
from tests.servers.eurostat import PlayedEurostat, Sent, packed, serving
from tests.servers.loopback import Waits

BODY = b"geo,OBS_VALUE\n" + b"NL,78.1\n" * 500
PACKED = gzip.compress(BODY, mtime=0)
GZIP = (("Content-Encoding", "gzip"),)
PAGE = b"<!DOCTYPE html><html><head><title>Planned\n maintenance &amp; <b>rest</b></title></head></html>"
QUICK = Patience(window=0.2, least_bytes=2000, body=3.0, read=0.5)
MONDAY = "Mon, 09 Nov 2026 10:00:00 GMT"


@pytest.fixture
def service() -> Iterator[PlayedEurostat]:
    with serving(PlayedEurostat()) as played:
        yield played


def session(waits: Waits | None = None, patience: Patience = QUICK) -> PoliteSession:
    """A session that waits for nobody; the jitter is none."""
    return PoliteSession("Ketenmonitor tests (mail@example.org)", patience, waits or Waits(), lambda: 0.0)


def ordered(service: PlayedEurostat, *sent: Sent) -> str:
    """The address at which these answers come, one after the other."""
    service.orders += [("/it", each) for each in sent]
    return f"{service.url}/it"


PASSING = {
    "status 500": (Sent(b"oops", 500), [0.5]),
    "status 503": (Sent(b"oops", 503), [0.5]),
    "status 408": (Sent(b"", 408), [0.5]),
    "status 429": (Sent(b"", 429), [0.5]),
    "status 429, come back in 7 s": (Sent(b"", 429, headers=(("Retry-After", "7"),)), [7.0]),
    "status 503, come back at a date": (
        Sent(b"", 503, headers=(("Retry-After", MONDAY.replace("00:00 GMT", "00:12 GMT")), ("Date", MONDAY))),
        [12.0],
    ),
    "a date that is past": (
        Sent(b"", 503, headers=(("Retry-After", MONDAY), ("Date", MONDAY.replace("10:00", "11:00")))),
        [0.0],
    ),
    "come back, in words": (Sent(b"", 429, headers=(("Retry-After", "soon"),)), [0.5]),
    "reset in the middle": (Sent(BODY, reset_after=900), [0.5]),
    "reset before the body": (Sent(BODY, reset_after=0), [0.5]),
    "shorter than announced": (Sent(BODY, announced=len(BODY) + 10), [0.5]),
    "half a gzip": (packed(BODY, 30), [0.5]),
    "a gzip without its last byte": (packed(BODY, 1), [0.5]),
    "no gzip": (Sent(b"no gzip", headers=GZIP), [0.5]),
    "something after a gzip": (Sent(PACKED + b"<html>", headers=GZIP), [0.5]),
    "a second gzip without its end": (Sent(PACKED + PACKED[:-1], headers=GZIP), [0.5]),
    "an empty body for a gzip": (Sent(b"", headers=GZIP), [0.5]),
}


@pytest.mark.parametrize("name", PASSING)
def test_what_may_pass_is_asked_again_after_a_wait(service: PlayedEurostat, name: str) -> None:
    trouble, waited = PASSING[name]
    waits = Waits()
    assert session(waits).get(ordered(service, trouble, Sent(BODY))).body == BODY
    assert waits.seconds == waited
    assert len(service.asked) == 2


def test_the_waits_grow_and_after_three_tries_it_is_over(service: PlayedEurostat) -> None:
    waits = Waits()
    with pytest.raises(FetchError, match=r"^127\.0\.0\.1:\d+ answered 500 Internal Server Error \(tried 3 times\)$"):
        session(waits).get(ordered(service, *[Sent(b"", 500)] * 3))
    assert waits.seconds == [0.5, 2.0]


def test_the_jitter_lengthens_a_wait_by_at_most_a_half(service: PlayedEurostat) -> None:
    waits = Waits()
    hasty = PoliteSession("x", QUICK, waits, lambda: 1.0)
    hasty.get(ordered(service, Sent(b"", 500), Sent(BODY)))
    assert waits.seconds == [0.75]


PERMANENT = {
    "status 400": (Sent(b"", 400), "answered 400 Bad Request"),
    "status 404": (Sent(PAGE, 404), "answered 404 Not Found («Planned maintenance & <b>rest</b>»)"),
    "status 410": (Sent(b"", 410), "answered 410 Gone"),
    "status 413": (Sent(b"", 413), "answered 413"),
    "HTML with status 200": (
        Sent(PAGE, kind="text/html; charset=utf-8"),
        "answered with a web page in place of data («Planned maintenance & <b>rest</b>»)",
    ),
    "a page without a title": (Sent(b"<html>", kind="TEXT/HTML"), "answered with a web page in place of data"),
    "another kind of body": (Sent(b"%PDF", kind="application/pdf"), "answered with application/pdf, expected text/csv"),
    "brotli": (
        Sent(BODY, headers=(("Content-Encoding", "br"),)),
        "answered in the encoding br, which was not asked for",
    ),
    "a large body": (Sent(BODY + b"x" * 10_000), "the body is larger than 4100 bytes"),
    "a small body that unpacks to a large one": (
        replace(packed(b"x" * 10_000_000), kind="text/csv"),
        "the body is larger than 4100 bytes",
    ),
    "another host": (Sent(b"", 302, headers=(("Location", "http://example.org/it"),)), "sent us on to another host"),
    "another port": (Sent(b"", 302, headers=(("Location", "http://127.0.0.1:1/it"),)), "sent us on to another host"),
    "a redirect without end": (Sent(b"", 302, headers=(("Location", "/loop"),)), "sent us on more than 5 times"),
}


@pytest.mark.parametrize("name", PERMANENT)
def test_what_does_not_pass_is_said_at_once_and_not_asked_again(service: PlayedEurostat, name: str) -> None:
    trouble, said = PERMANENT[name]
    service.always["/loop"] = Sent(b"", 302, headers=(("Location", "/loop"),))
    waits, asking = Waits(), session()
    with pytest.raises(FetchError) as refused:
        asking.get(ordered(service, trouble), limit=4100, accept=("text/csv",))
    assert said in str(refused.value)
    assert str(refused.value).startswith("127.0.0.1:")
    assert "\n" not in str(refused.value)
    assert waits.seconds == [] and service.count("/it") == 1
    # and the host is still asked for something else
    assert asking.get(f"{service.url}/catalogue").body.startswith(b'"title"')


def test_a_status_comes_with_what_the_service_said(service: PlayedEurostat) -> None:
    with pytest.raises(FetchError) as refused:
        session().get(ordered(service, service.fault(413, "413", "EXTRACTION_TOO_BIG")))
    assert refused.value.status == 413
    assert b"EXTRACTION_TOO_BIG" in refused.value.body


def test_a_redirect_away_from_https_is_said_as_such() -> None:
    answer = requests.Response()
    answer.url, answer.status_code = "https://statistics.example/a", 302
    answer.headers["Location"] = "http://statistics.example/b"
    with pytest.raises(FetchError, match="sent us on to an address without https, statistics"):
        session()._session.get_redirect_target(answer)


@pytest.mark.parametrize(
    ("here", "onward", "allowed"),
    [
        ("http://statistics.example/a", "/b", True),
        ("http://statistics.example/a", "http://statistics.example:80/b", True),
        ("http://statistics.example/a", "https://statistics.example/b", True),
        ("http://127.0.0.1:8080/a", "https://127.0.0.1:8443/b", True),
        ("https://statistics.example/a", "http://statistics.example/b", False),
        ("https://statistics.example/a", "https://statistics.example:444/b", False),
        ("https://statistics.example/a", "https://www.statistics.example/b", False),
        ("https://statistics.example/a", "//elsewhere.example/b", False),
        ("https://statistics.example/a", "https://statistics.example:99999/b", False),
        ("https://statistics.example/a", "https://[::1/b", False),
        ("https://statistics.example/a", "https://statistics.example@elsewhere.example/b", False),
    ],
)
def test_a_redirect_stays_within_its_host_and_goes_to_https_only(here: str, onward: str, allowed: bool) -> None:
    answer = requests.Response()
    answer.url, answer.status_code = here, 302
    answer.headers["Location"] = onward
    follow = session()._session.get_redirect_target
    if allowed:
        assert follow(answer) == onward
    else:
        with pytest.raises(FetchError, match="sent us on to"):
            follow(answer)


def test_a_longer_rest_than_a_night_allows_closes_the_host(service: PlayedEurostat) -> None:
    waits = Waits()
    asking = session(waits)
    with pytest.raises(FetchError, match=r"answered 429 .* and asks us to come back after 3600 s"):
        asking.get(ordered(service, Sent(b"", 429, headers=(("Retry-After", "3600"),))))
    with pytest.raises(FetchError, match=r"was not reachable a moment ago \(asks us to come back after 3600 s\)"):
        asking.get(f"{service.url}/other")
    assert waits.seconds == [] and len(service.asked) == 1


def test_three_failures_in_a_row_close_a_host_and_an_answer_in_between_does_not(service: PlayedEurostat) -> None:
    asking = session()
    service.always["/bad"] = Sent(b"", 500)
    for path, said in (
        ("/bad/1", "tried 3 times"), ("/bad/2", "tried 3 times"), ("/none", "404"), ("/bad/3", "tried 3 times"),
        ("/bad/4", "tried 3 times"), ("/bad/5", "tried 3 times"), ("/bad/6", "3 requests in a row failed"),
    ):  # fmt: skip
        with pytest.raises(FetchError, match=said):
            asking.get(service.url + path)
    assert service.count("/bad/5") == 3 and service.count("/bad/6") == 0


def test_a_body_that_comes_in_drops_is_given_up(service: PlayedEurostat) -> None:
    began = time.monotonic()
    with pytest.raises(FetchError, match=r"only \d+ bytes came in 0 s"):
        session().get(ordered(service, Sent(BODY * 50, drip=(20, 0.02))))
    assert time.monotonic() - began < 2
    assert len(service.asked) == 1


def test_a_body_that_is_slow_but_steady_has_an_end_too(service: PlayedEurostat) -> None:
    patience = replace(QUICK, least_bytes=1, body=0.4)
    with pytest.raises(FetchError, match="the body took longer than 0 s"):
        session(patience=patience).get(ordered(service, Sent(BODY * 50, drip=(100, 0.02))))


def test_a_host_that_falls_silent_is_not_asked_again(service: PlayedEurostat) -> None:
    asking = session()
    with pytest.raises(FetchError, match="no answer in time"):
        asking.get(ordered(service, Sent(BODY, drip=(600, 1.0))))
    with pytest.raises(FetchError, match=r"was not reachable a moment ago \(no answer in time\)"):
        asking.get(service.url)


def test_a_refused_connection_is_tried_once_and_its_host_left_alone() -> None:
    waits, url = Waits(), f"http://127.0.0.1:{free_port()}"
    asking = session(waits)
    for said in ("no connection: Connection refused", "was not reachable a moment ago (no connection"):
        with pytest.raises(FetchError) as refused:
            asking.get(f"{url}/it")
        assert said in str(refused.value)
    assert waits.seconds == []


def test_an_unknown_name_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(address: tuple[str, int], timeout: float) -> socket.socket:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "create_connection", unknown)
    with pytest.raises(FetchError, match=r"^statistics\.example: no connection: its name is not known here$"):
        session().get("https://statistics.example/it")


def test_a_night_without_network_loses_less_than_ten_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hosts that never answer, not even the name server: the clock of this test is what the waits add up to."""
    passed = [0.0]

    class Silent:
        def __init__(self, target: object, daemon: bool) -> None:
            pass

        def start(self) -> None:
            pass

        def join(self, seconds: float) -> None:
            passed[0] += seconds

    monkeypatch.setattr(http_hosts.threading, "Thread", Silent)
    asking = PoliteSession("x", Patience(), Waits(), lambda: 0.0, lambda: passed[0])
    for host in ("ec.europa.eu", "opendata.cbs.nl", "datasets.cbs.nl", "mirror.example", "other.example"):
        for _ in range(8):
            with pytest.raises(FetchError):
                asking.get(f"https://{host}/it")
    assert 6 < passed[0] < 10


TWO_MEMBERS = Sent(gzip.compress(BODY[:99]) + gzip.compress(BODY[99:]), headers=GZIP)


@pytest.mark.parametrize("sent", [Sent(BODY), packed(BODY), TWO_MEMBERS], ids=["plain", "packed", "packed in two"])
def test_a_whole_body_comes_as_it_is_with_its_edition(service: PlayedEurostat, sent: Sent) -> None:
    named = (("ETag", '"abc"'), ("Last-Modified", "Fri, 20 Nov 2026 22:00:00 GMT"))
    found = session().get(ordered(service, replace(sent, headers=(*sent.headers, *named))), limit=len(BODY))
    assert (found.body, found.etag, found.last_modified) == (BODY, '"abc"', "Fri, 20 Nov 2026 22:00:00 GMT")
    assert service.headers[0]["User-Agent"] == "Ketenmonitor tests (mail@example.org)"
    assert service.headers[0]["Accept-Encoding"] == "gzip"


def test_a_conditional_request_may_be_answered_with_nothing_new(service: PlayedEurostat) -> None:
    found = session().get(ordered(service, Sent(b"", 304)), etag='"abc"', last_modified=MONDAY)
    assert found.not_modified and found.body == b""
    assert service.headers[0]["If-None-Match"] == '"abc"'
    assert service.headers[0]["If-Modified-Since"] == MONDAY


def test_what_a_stranger_writes_cannot_break_a_line_of_the_log(service: PlayedEurostat) -> None:
    title = "=cmd|' /C calc'!A0\r\n\u202e\x1b[31m" + "x" * 10_000
    page = f"<html><title>{title}</title></html>".encode()
    with pytest.raises(FetchError) as refused:
        session().get(ordered(service, Sent(page, 404, "text/html")))
    assert str(refused.value).isprintable()
    assert len(str(refused.value)) < 260

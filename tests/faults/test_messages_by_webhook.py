"""A webhook against a real HTTP server on loopback: signed, in time, tried again only where that can help."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pipelines.messages.occasions import Occasion
from pipelines.messages.outbox import NotSent, Outbox
from pipelines.messages.settings import WebhookSettings
from pipelines.messages.webhook import WebhookChannel
from tests.conftest import free_port
from tests.servers.loopback import Call, Fault, PlayedApi, Reply, Waits, playing

MOMENT = "2026-11-23T01:30:00Z"
BLOCKED = Occasion(
    "blocked:packaging:1.0.0:0123456789ab", "release_blocked", "releases", MOMENT, "Tegengehouden: «Verpakkingen»",
    "Uitgave 1.0.0 blijft staan.\n", "http://view.example/assets/packaging/package",
)  # fmt: skip
TOKEN, SECRET = "4711-token", "a secret of two"


class Hook(PlayedApi):
    """Takes what comes."""

    def answer(self, call: Call) -> Reply:
        return Reply(204)


@pytest.fixture
def hook() -> Iterator[Hook]:
    api = Hook()
    with playing(api):
        yield api


def channel(base: str, secret: str = "") -> WebhookChannel:
    return WebhookChannel(WebhookSettings(f"{base}/{TOKEN}", secret), "Ketenmonitor tests", read_seconds=0.3)


def test_a_call_holds_the_message_and_its_signature(hook: Hook) -> None:
    channel(hook.base, SECRET).send(BLOCKED)
    (call,) = hook.calls
    assert (call.method, call.path) == ("POST", f"/{TOKEN}")
    assert call.json == {
        "occasion": "blocked:packaging:1.0.0:0123456789ab",
        "kind": "release_blocked",
        "subject": "Tegengehouden: «Verpakkingen»",
        "text": "Uitgave 1.0.0 blijft staan.\n",
        "link": "http://view.example/assets/packaging/package",
        "moment": MOMENT,
    }
    assert call.headers["Content-Type"] == "application/json; charset=utf-8"
    made = hmac.new(SECRET.encode(), call.body, hashlib.sha256).hexdigest()
    assert call.headers["X-Ketenmonitor-Signature"] == f"sha256={made}"


def test_a_call_without_a_secret_carries_no_signature_and_a_message_without_a_place_no_link(hook: Hook) -> None:
    channel(hook.base).send(replace(BLOCKED, link=""))
    assert "X-Ketenmonitor-Signature" not in hook.calls[0].headers
    assert json.loads(hook.calls[0].body)["link"] is None


def test_the_second_call_about_an_occasion_has_the_key_of_the_first(hook: Hook) -> None:
    channel(hook.base).send(BLOCKED)
    channel(hook.base).send(BLOCKED)
    channel(hook.base).send(replace(BLOCKED, id="blocked:textile:1.0.0:x"))
    first, again, other = (call.headers["Idempotency-Key"] for call in hook.calls)
    assert first == again != other


def test_the_morning_report_is_for_people_only(hook: Hook) -> None:
    assert not channel(hook.base).takes(replace(BLOCKED, kind="report", topic="report"))
    assert channel(hook.base).takes(BLOCKED)


@pytest.mark.parametrize(
    ("fault", "words", "passing"),
    [
        (Fault("POST", 503), "127.0.0.1 answered with status 503", True),
        (Fault("POST", 429), "127.0.0.1 answered with status 429", True),
        (Fault("POST", 404), "127.0.0.1 answered with status 404", False),
        (Fault("POST", 401), "127.0.0.1 answered with status 401", False),
        (
            Fault("POST", 302, {"Location": "http://127.0.0.1:9/elsewhere"}),
            "127.0.0.1 answered with status 302 (it sends on to another address; set that one)",
            False,
        ),
        (Fault("POST", 0), "127.0.0.1 cannot be reached", True),
        (Fault("POST", 204, silent=1.0), "127.0.0.1 did not answer in time", True),
    ],
    ids=["down", "too many", "gone", "no leave", "moved", "breaks off", "silent"],
)
def test_a_call_that_fails_says_why_without_the_address(fault: Fault, words: str, passing: bool, hook: Hook) -> None:
    hook.faults.append(fault)
    with pytest.raises(NotSent) as found:
        channel(hook.base, SECRET).send(BLOCKED)
    assert (str(found.value), found.value.passing) == (words, passing)
    assert len(hook.calls) == 1


@pytest.mark.parametrize(
    ("faults", "sent", "calls", "waited"),
    [
        ([503], 1, 2, [2.0]),
        ([503, 503], 1, 3, [2.0, 8.0]),
        ([503, 503, 503], 0, 3, [2.0, 8.0]),
        ([404], 0, 1, []),
    ],
)
def test_only_what_may_pass_is_tried_again_and_not_for_ever(
    faults: list[int], sent: int, calls: int, waited: list[float], hook: Hook, tmp_path: Path
) -> None:
    hook.faults += [Fault("POST", status) for status in faults]
    outbox, waits = Outbox(tmp_path), Waits()
    outbox.add([BLOCKED])
    told = outbox.deliver([channel(hook.base)], MOMENT, wait=waits)
    assert (told.sent, len(hook.calls), waits.seconds) == (sent, calls, waited)
    assert outbox.deliver([channel(hook.base)], MOMENT, wait=waits).sent == 1 - sent


def test_no_token_or_secret_is_kept_or_shown(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path)
    outbox.add([BLOCKED])
    gone = channel(f"http://127.0.0.1:{free_port()}", SECRET)
    told = outbox.deliver([gone], MOMENT, wait=Waits())
    written = "".join(path.read_text(encoding="utf-8") for path in tmp_path.iterdir())
    for text in (written, str(told), repr(gone)):
        assert TOKEN not in text
        assert SECRET not in text

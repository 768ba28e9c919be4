"""The memory of messages: nothing is lost and nothing goes twice, whenever the process dies."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.messages.mail import mail_channels
from pipelines.messages.occasions import Occasion
from pipelines.messages.outbox import NotSent, Outbox, append_line
from pipelines.messages.settings import Mailbox, MailServer, MailSettings
from tests.servers.loopback import Waits
from tests.servers.smtp import mail_server

ROOT = Path(__file__).parents[2]
MOMENT = "2026-11-23T01:30:00Z"
ONE = Occasion("stale:1", "source_stale", "sources", MOMENT, "Te oud geworden: 1 bron", "Tekst.\n")
TWO = replace(ONE, id="blocked:2", kind="release_blocked", topic="releases")


@dataclass
class Reader:
    """A channel that keeps what it was told; `troubles` come first, one a call."""

    name: str = "reader"
    server: str = "here"
    troubles: list[NotSent] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    topics: tuple[str, ...] = ("night", "releases", "sources", "deliveries")

    def takes(self, occasion: Occasion) -> bool:
        return occasion.topic in self.topics

    def send(self, occasion: Occasion) -> None:
        if self.troubles:
            raise self.troubles.pop(0)
        self.told.append(occasion.id)


def test_each_reader_is_told_of_each_occasion_once(tmp_path: Path) -> None:
    outbox, first, second = Outbox(tmp_path), Reader("first"), Reader("second", topics=("releases",))
    assert [one.id for one in outbox.add([ONE, TWO, ONE])] == ["stale:1", "blocked:2"]
    assert outbox.add([ONE]) == []
    for _ in range(3):
        outbox.deliver([first, second], MOMENT, wait=Waits())
    assert (first.told, second.told) == (["stale:1", "blocked:2"], ["blocked:2"])


def test_a_reader_who_comes_later_is_told_of_what_is_still_news(tmp_path: Path) -> None:
    outbox, later = Outbox(tmp_path), Reader()
    outbox.add([ONE, replace(TWO, moment="2026-11-10T01:30:00Z")])
    assert [one.state for one in outbox.entries([], MOMENT)] == ["no_reader", "no_reader"]
    assert [one.state for one in outbox.entries([later], MOMENT)] == ["waiting", "expired"]
    outbox.deliver([later], MOMENT, wait=Waits())
    assert later.told == ["stale:1"]
    assert [one.state for one in outbox.entries([later], MOMENT)] == ["sent", "expired"]


def test_what_cannot_be_sent_for_a_week_is_kept_and_shown_and_not_tried_any_more(tmp_path: Path) -> None:
    outbox, down = Outbox(tmp_path), Reader(troubles=[NotSent("gone", passing=False)] * 20)
    outbox.add([ONE])
    for day in (23, 24, 29, 30):
        assert outbox.deliver([down], f"2026-11-{day}T01:30:00Z", wait=Waits()).waiting == 1
    assert outbox.deliver([down], "2026-11-30T01:30:01Z", wait=Waits()).waiting == 0
    (entry,) = outbox.entries([down], "2026-12-01T01:30:00Z")
    assert (entry.state, entry.failed) == ("expired", (("reader", "gone"),))


def test_a_server_that_is_down_for_one_reader_is_not_asked_for_the_others(tmp_path: Path) -> None:
    first = Reader("first", "mail", [NotSent("down", passing=True)] * 3)
    second, other = Reader("second", "mail"), Reader("other", "elsewhere")
    outbox, waits = Outbox(tmp_path), Waits()
    outbox.add([ONE, TWO])
    told = outbox.deliver([first, second, other], MOMENT, wait=waits)
    assert (told.sent, told.waiting, waits.seconds) == (2, 4, [2.0, 8.0])
    assert (first.told, second.told, other.told) == ([], [], ["stale:1", "blocked:2"])
    assert told.problems == ["first: down"]


@pytest.mark.parametrize("torn", [b'{"occasion": "stale:1", "chan', b"\xff\xfe", b"[]", b"", b"null\n", b"{}\n"])
def test_a_line_that_was_torn_by_a_death_spoils_no_other(torn: bytes, tmp_path: Path) -> None:
    outbox, reader = Outbox(tmp_path), Reader()
    outbox.add([ONE])
    for name in ("occasions.jsonl", "sent.jsonl"):
        with (tmp_path / name).open("ab") as handle:
            handle.write(torn)
    outbox.add([TWO])
    outbox.deliver([reader], MOMENT, wait=Waits())
    outbox.deliver([reader], MOMENT, wait=Waits())
    assert reader.told == ["stale:1", "blocked:2"]


def test_two_rounds_at_the_same_time_send_once(tmp_path: Path) -> None:
    outbox, reader = Outbox(tmp_path), Reader()
    outbox.add([ONE, TWO])
    slow = threading.Event()
    send = reader.send

    def slowly(occasion: Occasion) -> None:
        slow.wait(0.1)
        send(occasion)

    reader.send = slowly  # type: ignore[method-assign]
    rounds = [threading.Thread(target=outbox.deliver, args=([reader], MOMENT)) for _ in range(3)]
    for one in rounds:
        one.start()
    for one in rounds:
        one.join()
    assert reader.told == ["stale:1", "blocked:2"]


@settings(max_examples=25, deadline=None)
@given(
    rounds=st.lists(
        st.tuples(st.lists(st.integers(0, 4), max_size=3), st.lists(st.sampled_from(["no", "later"]), max_size=6)),
        max_size=6,
    )
)
def test_whatever_fails_in_whichever_order_every_occasion_goes_exactly_once_in_the_end(
    tmp_path_factory: pytest.TempPathFactory, rounds: list[tuple[list[int], list[str]]]
) -> None:
    outbox, reader = Outbox(tmp_path_factory.mktemp("outbox")), Reader()
    put: set[str] = set()
    for numbers, troubles in rounds:
        outbox.add([replace(ONE, id=f"stale:{number}") for number in numbers])
        put |= {f"stale:{number}" for number in numbers}
        reader.troubles = [NotSent(words, passing=words == "later") for words in troubles]
        outbox.deliver([reader], MOMENT, wait=Waits())
    reader.troubles = []
    outbox.deliver([reader], MOMENT, wait=Waits())
    assert sorted(reader.told) == sorted(put)


DYING = """
import os, signal, sys
from pathlib import Path
from pipelines.messages import outbox
from pipelines.messages.mail import mail_channels
from pipelines.messages.occasions import Occasion
from pipelines.messages.settings import Mailbox, MailServer, MailSettings

home, port, when = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
keep = outbox.append_line

def die_at(path, line):
    if when == "before the note" and path.name == "sent.jsonl":
        os.kill(os.getpid(), signal.SIGKILL)
    keep(path, line)
    if when == "after the note" and path.name == "sent.jsonl":
        os.kill(os.getpid(), signal.SIGKILL)
    if when == "after the occasion" and path.name == "occasions.jsonl":
        os.kill(os.getpid(), signal.SIGKILL)
    if when == "in the note" and path.name == "occasions.jsonl":
        # half a line, as a power cut leaves it
        (path.parent / "sent.jsonl").write_text('{"occasion": "stale:1", "channel": "mail:stew')

outbox.append_line = die_at
mailbox = Mailbox("", "steward@example.nl")
settings = MailSettings(MailServer("127.0.0.1", port, "none"), Mailbox("", "nacht@example.nl"), (mailbox,))
box = outbox.Outbox(home)
box.add([Occasion("stale:1", "source_stale", "sources", "2026-11-23T01:30:00Z", "Te oud", "Tekst")])
box.deliver(mail_channels(settings, home), "2026-11-23T01:30:00Z")
"""


@pytest.mark.parametrize(
    ("when", "mails"),
    [("before the note", 2), ("after the note", 1), ("after the occasion", 1), ("in the note", 1), ("never", 1)],
)
def test_a_process_that_is_killed_leaves_a_message_that_goes_at_least_once_under_one_message_id(
    when: str, mails: int, tmp_path: Path
) -> None:
    with mail_server() as played:

        def attempt(death: str) -> int:
            command = [sys.executable, "-c", DYING, str(tmp_path), str(played.port), death]
            return subprocess.run(command, cwd=ROOT, timeout=60, check=False).returncode

        assert attempt(when) == (0 if when in ("never", "in the note") else -9)
        assert attempt("never") == 0
        mailbox = Mailbox("", "steward@example.nl")
        server = MailServer("127.0.0.1", played.port, "none")
        again = mail_channels(MailSettings(server, Mailbox("", "nacht@example.nl"), (mailbox,)), tmp_path)
        assert Outbox(tmp_path).deliver(again, MOMENT).sent == 0
        arrived = played.mails()
    # only a death between the server's yes and our note lets a mail go again: under the same Message-ID
    assert len(arrived) == mails
    assert len({mail["Message-ID"] for mail in arrived}) == 1
    assert len({bytes(body) for _, _, body in played.came_in}) == 1


@pytest.mark.parametrize("begun", ["", '{"a": 1}\n', '{"a": 1'])
def test_a_line_always_stands_alone(begun: str, tmp_path: Path) -> None:
    path = tmp_path / "lines.jsonl"
    path.write_text(begun, encoding="utf-8")
    append_line(path, json.dumps({"b": 2}))
    assert path.read_text(encoding="utf-8").splitlines()[-1] == '{"b": 2}'
    assert path.read_text(encoding="utf-8").endswith("\n")

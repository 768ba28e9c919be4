"""Mail against a real server on loopback: with and without encryption and password, refusing, gone, silent.

What must hold in every case: nothing is lost, nothing goes twice, and no password is in any text.
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pipelines.messages.mail import MailChannel, mail_channels, mail_of
from pipelines.messages.occasions import Occasion
from pipelines.messages.outbox import NotSent, Outbox
from pipelines.messages.settings import Mailbox, MailServer, MailSettings
from tests.conftest import free_port
from tests.servers.loopback import Waits
from tests.servers.smtp import PASSWORD, USER, PlayedMail, certificate, mail_server

WRITER = Mailbox("Ketenmonitor, de nacht", "nacht@ketenmonitor.example")
STEWARD, SECOND = Mailbox("Data Steward", "steward@example.nl"), Mailbox("", "second@example.nl")
MOMENT = "2026-11-23T01:30:00Z"
BLOCKED = Occasion(
    "blocked:packaging:1.0.0:0123456789ab", "release_blocked", "releases", MOMENT,
    "De nieuwe uitgave van «Verpakkingen» is tegengehouden",
    "Uitgave 1.0.0 blijft staan.\n\n- één\n- twee\n\nWat te doen: bekijk <de> wijzigingen & beslis.\n\n"
    "Kijk hier: http://view.example/assets/packaging/package\n",
    "http://view.example/assets/packaging/package",
)  # fmt: skip
STALE = replace(BLOCKED, id="stale:abc", kind="source_stale", topic="sources", subject="Te oud geworden: 1 bron")


def settings(port: int, *readers: Mailbox, **server: str) -> MailSettings:
    return MailSettings(MailServer("127.0.0.1", port, **{"security": "none", **server}), WRITER, readers or (STEWARD,))  # type: ignore[arg-type]


def channel(port: int, tmp_path: Path, reader: Mailbox = STEWARD, **server: str) -> MailChannel:
    return MailChannel(settings(port, reader, **server), reader, tmp_path, step_seconds=2.0, whole_seconds=5.0)


@pytest.fixture
def mail() -> Iterator[PlayedMail]:
    with mail_server() as played:
        yield played


@pytest.fixture(scope="module")
def encrypted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return certificate(tmp_path_factory.mktemp("certificate"))


def test_a_mail_arrives_whole_as_text_and_as_page(mail: PlayedMail, tmp_path: Path) -> None:
    channel(mail.port, tmp_path).send(BLOCKED)
    ((sender, readers, body),) = mail.came_in
    assert (sender, readers) == ("nacht@ketenmonitor.example", ["steward@example.nl"])
    assert max(len(line) for line in body.split(b"\r\n")) <= 998
    (arrived,) = mail.mails()
    assert arrived["Subject"] == "De nieuwe uitgave van «Verpakkingen» is tegengehouden"
    assert arrived["From"] == '"Ketenmonitor, de nacht" <nacht@ketenmonitor.example>'
    assert arrived["To"] == "Data Steward <steward@example.nl>"
    assert arrived["Date"].datetime.isoformat() == "2026-11-23T01:30:00+00:00"
    assert arrived["Auto-Submitted"] == "auto-generated"
    assert arrived["Message-ID"].endswith("@ketenmonitor.example>")
    text, page = (part.get_content() for part in arrived.iter_parts())
    assert text.replace("\r\n", "\n") == BLOCKED.text
    assert [part.get_content_type() for part in arrived.iter_parts()] == ["text/plain", "text/html"]
    assert "<ul><li>één</li><li>twee</li></ul>" in page
    assert "bekijk &lt;de&gt; wijzigingen &amp; beslis." in page
    assert '<a href="http://view.example/assets/packaging/package">' in page


def test_the_same_occasion_is_the_same_mail_byte_for_byte(tmp_path: Path) -> None:
    one, again = (mail_of(BLOCKED, WRITER, STEWARD, tmp_path).as_bytes() for _ in range(2))
    assert one == again
    other = mail_of(STALE, WRITER, STEWARD, tmp_path)
    assert other["Message-ID"] != mail_of(BLOCKED, WRITER, STEWARD, tmp_path)["Message-ID"]
    assert other["Message-ID"] == mail_of(STALE, WRITER, SECOND, tmp_path)["Message-ID"]


@pytest.mark.parametrize("hostile", ["a\r\nBcc: thief@example.nl", "a\nX-Y: z\n\nbody", "a\x00b\u2028c\u202ed", "\r\n"])
def test_no_subject_or_name_can_put_a_header_in(hostile: str, mail: PlayedMail, tmp_path: Path) -> None:
    sent = mail_of(replace(BLOCKED, subject=hostile), replace(WRITER, name=hostile), STEWARD, tmp_path)
    assert sent["Bcc"] is None and sent["X-Y"] is None
    head = sent.as_bytes().partition(b"\r\n\r\n")[0]
    assert b"\nBcc:" not in head and b"\nX-Y:" not in head
    assert "\n" not in str(sent["Subject"])


def test_the_page_of_the_report_goes_with_its_mail(mail: PlayedMail, tmp_path: Path) -> None:
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports/n.nl.html").write_text("<!doctype html><p>Het nachtverslag</p>", encoding="utf-8")
    channel(mail.port, tmp_path).send(replace(BLOCKED, page="reports/n.nl.html"))
    channel(mail.port, tmp_path).send(replace(BLOCKED, page="reports/gone.html"))
    pages = [arrived.get_body(("html",)).get_content() for arrived in mail.mails()]  # type: ignore[union-attr]
    assert "Het nachtverslag" in pages[0]
    assert "Uitgave 1.0.0 blijft staan." in pages[1]


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_encryption_and_password_are_used_when_asked_for(
    security: str, encrypted: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # the certificate counts as one that this machine trusts
    monkeypatch.setenv("SSL_CERT_FILE", str(encrypted[1]))
    with mail_server(encrypted=encrypted, at_once=security == "tls", password=True) as played:
        channel(played.port, tmp_path, security=security, user=USER, password=PASSWORD).send(BLOCKED)
        with pytest.raises(NotSent, match="refused user and password: 535") as refused:
            channel(played.port, tmp_path, security=security, user=USER, password="guess-4711").send(BLOCKED)
    assert not refused.value.passing
    assert "guess-4711" not in str(refused.value)
    assert (len(played.came_in), set(played.logins)) == (1, {USER})


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_certificate_that_nobody_trusts_gets_no_password(
    security: str, encrypted: tuple[Path, Path], tmp_path: Path
) -> None:
    with (
        mail_server(encrypted=encrypted, at_once=security == "tls", password=True) as played,
        pytest.raises(NotSent, match=r"certificate of the mail server 127\.0\.0\.1 is not to be trusted") as found,
    ):
        channel(played.port, tmp_path, security=security, user=USER, password=PASSWORD).send(BLOCKED)
    assert (found.value.passing, played.logins, played.came_in) == (False, [], [])


def test_a_server_without_encryption_gets_no_password(mail: PlayedMail, tmp_path: Path) -> None:
    with pytest.raises(NotSent, match="does not offer STARTTLS") as found:
        channel(mail.port, tmp_path, security="starttls", user=USER, password=PASSWORD).send(BLOCKED)
    assert (found.value.passing, mail.logins, mail.came_in) == (False, [], [])


@pytest.mark.parametrize(
    ("answer", "passing"),
    [("550 5.1.1 no such user", False), ("450 4.2.0 greylisted, come back", True), ("452 4.2.2 mailbox full", True)],
)
def test_a_refused_reader_is_told_with_the_words_of_the_server(
    answer: str, passing: bool, mail: PlayedMail, tmp_path: Path
) -> None:
    mail.refuses[STEWARD.address] = answer
    with pytest.raises(NotSent) as found:
        channel(mail.port, tmp_path).send(BLOCKED)
    assert str(found.value) == f"the mail server 127.0.0.1 refused the reader: {answer}"
    assert found.value.passing is passing


def test_one_reader_who_is_refused_keeps_nobody_else_from_the_message(mail: PlayedMail, tmp_path: Path) -> None:
    mail.refuses[STEWARD.address] = "550 no such user"
    outbox = Outbox(tmp_path / "messages")
    outbox.add([BLOCKED])
    channels = mail_channels(settings(mail.port, STEWARD, SECOND), tmp_path)
    told = outbox.deliver(channels, MOMENT, wait=Waits())
    assert (told.sent, told.waiting) == (1, 1)
    mail.refuses.clear()
    assert outbox.deliver(channels, MOMENT, wait=Waits()).sent == 1
    assert outbox.deliver(channels, MOMENT, wait=Waits()).sent == 0
    assert [readers for _, readers, _ in mail.came_in] == [[SECOND.address], [STEWARD.address]]


def test_a_server_that_is_gone_is_tried_three_times_and_then_left_alone_until_the_next_night(tmp_path: Path) -> None:
    outbox, waits, port = Outbox(tmp_path / "messages"), Waits(), free_port()
    outbox.add([BLOCKED, STALE])
    channels = mail_channels(settings(port, STEWARD, SECOND), tmp_path)
    told = outbox.deliver(channels, MOMENT, wait=waits)
    assert (told.sent, told.waiting, waits.seconds) == (0, 4, [2.0, 8.0])
    assert told.problems == ["mail:steward@example.nl: the mail server 127.0.0.1 cannot be reached: Connection refused"]
    with mail_server() as played:
        back = mail_channels(settings(played.port, STEWARD, SECOND), tmp_path)
        assert outbox.deliver(back, "2026-11-24T01:30:00Z", wait=Waits()).sent == 4
        assert outbox.deliver(back, "2026-11-25T01:30:00Z", wait=Waits()).sent == 0
        assert len(played.came_in) == 4


def test_a_server_that_falls_silent_costs_seconds(mail: PlayedMail, tmp_path: Path) -> None:
    mail.silent = 30.0
    began = time.monotonic()
    with pytest.raises(NotSent, match="cannot be reached: it did not answer in time") as found:
        replace(channel(mail.port, tmp_path), step_seconds=0.3).send(BLOCKED)
    assert found.value.passing
    assert time.monotonic() - began < 5


def test_a_server_that_drips_a_letter_at_a_time_is_broken_off_as_a_whole(tmp_path: Path) -> None:
    stop = threading.Event()

    def drip(listening: socket.socket) -> None:
        taken, _ = listening.accept()
        with taken:
            while not stop.wait(0.05):
                try:
                    taken.sendall(b"2")
                except OSError:
                    return

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=drip, args=(listening,), daemon=True)
        thread.start()
        began = time.monotonic()
        slow = channel(listening.getsockname()[1], tmp_path)
        with pytest.raises(NotSent) as found:
            replace(slow, step_seconds=0.5, whole_seconds=0.6).send(BLOCKED)
        stop.set()
        thread.join()
    assert found.value.passing
    assert time.monotonic() - began < 5


def test_a_server_that_hangs_up_after_the_mail_has_taken_it(mail: PlayedMail, tmp_path: Path) -> None:
    mail.after_data = lambda: "421 closing down"
    with pytest.raises(NotSent) as found:
        channel(mail.port, tmp_path).send(BLOCKED)
    assert found.value.passing


def test_this_machine_speaks_a_safe_tls() -> None:
    assert ssl.create_default_context().minimum_version >= ssl.TLSVersion.TLSv1_2

"""Channels from the environment: what is wrong is said in one sentence that holds no secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.messages.settings import Mailbox, read_message_settings
from pipelines.settings import SettingsError

SMTP = "KETENMONITOR_SMTP_URL"
MAIL = {
    SMTP: "smtp+starttls://night:p%40ss%2Fw@mail.example.nl",
    "KETENMONITOR_MAIL_FROM": "Ketenmonitor <nacht@example.nl>",
    "KETENMONITOR_MAIL_TO": "Data Steward <steward@example.nl>, second@example.nl",
}
HOOK = {"KETENMONITOR_WEBHOOK_URL": "https://hooks.example.nl/t0ken"}


def test_nothing_set_is_nothing_set_up() -> None:
    found = read_message_settings({})
    assert (found.mail, found.webhook, found.view_url) == (None, None, "")


def test_mail_is_read_with_its_readers_by_topic() -> None:
    found = read_message_settings(
        {
            **MAIL,
            "KETENMONITOR_MAIL_TO_DELIVERIES": "deliveries@example.nl",
            "KETENMONITOR_UI_URL": "http://view.example:3000/",
        }
    )
    assert found.mail is not None
    server = found.mail.server
    assert (server.host, server.port, server.security) == ("mail.example.nl", 587, "starttls")
    assert (server.user, server.password) == ("night", "p@ss/w")
    assert found.mail.writer == Mailbox("Ketenmonitor", "nacht@example.nl")
    assert [one.address for one in found.mail.readers_of("releases")] == ["steward@example.nl", "second@example.nl"]
    assert [one.address for one in found.mail.readers_of("deliveries")] == ["deliveries@example.nl"]
    # the report of every night goes to those who ask for it
    assert found.mail.readers_of("report") == ()
    assert found.view_url == "http://view.example:3000"


@pytest.mark.parametrize(
    ("url", "host", "port", "security"),
    [
        ("smtp://mail.example.nl", "mail.example.nl", 25, "none"),
        ("smtp://127.0.0.1:2525", "127.0.0.1", 2525, "none"),
        ("smtps://a:b@mail.example.nl", "mail.example.nl", 465, "tls"),
        ("smtp://a:b@localhost:1025", "localhost", 1025, "none"),
    ],
)
def test_the_scheme_says_how_mail_is_handed_in(url: str, host: str, port: int, security: str) -> None:
    found = read_message_settings({**MAIL, SMTP: url}).mail
    assert found is not None
    assert (found.server.host, found.server.port, found.server.security) == (host, port, security)


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({SMTP: "mail.example.nl"}, f"{SMTP} is not an address of a mail server; expected smtp://host"),
        ({SMTP: "https://s3cret@mail.example.nl"}, "is not an address of a mail server"),
        ({SMTP: "smtp://night:s3cret@mail.example.nl"}, "would send the password in the clear"),
        ({SMTP: "smtps://night:s3cret@mail:port"}, f"{SMTP} is no address"),
        ({SMTP: "smtps://night:s3cret@["}, f"{SMTP} is no address"),
        ({SMTP: ""}, "KETENMONITOR_MAIL_TO or _FROM is set but KETENMONITOR_SMTP_URL is not"),
        ({"KETENMONITOR_MAIL_TO": ""}, "KETENMONITOR_MAIL_TO is not; set who reads the messages"),
        ({"KETENMONITOR_MAIL_TO": "steward"}, "KETENMONITOR_MAIL_TO holds 'steward'; expected an address"),
        ({"KETENMONITOR_MAIL_TO": "a@example.nl\r\nBcc: b@example.nl"}, "KETENMONITOR_MAIL_TO holds"),
        ({"KETENMONITOR_MAIL_TO": "stéward@example.nl"}, "KETENMONITOR_MAIL_TO holds"),
        ({"KETENMONITOR_MAIL_FROM": "a@example.nl, b@example.nl"}, "KETENMONITOR_MAIL_FROM names 2 addresses"),
        ({"KETENMONITOR_MAIL_FROM": ""}, "KETENMONITOR_MAIL_FROM names 0 addresses; expected one"),
        ({f"{SMTP}_FILE": "/s3cret"}, f"{SMTP} and {SMTP}_FILE are both set"),
        ({SMTP: "", f"{SMTP}_FILE": "/nonexistent/s"}, f"{SMTP}_FILE names a file that cannot be read"),
        ({"KETENMONITOR_WEBHOOK_URL": "ftp://s3cret"}, "KETENMONITOR_WEBHOOK_URL is not an address"),
        ({"KETENMONITOR_WEBHOOK_URL": "https://u:s3cret@h.example"}, "holds no password"),
        ({"KETENMONITOR_WEBHOOK_SECRET": "s3cret"}, "KETENMONITOR_WEBHOOK_URL is not; set it too"),
        ({"KETENMONITOR_UI_URL": "view:3000"}, "KETENMONITOR_UI_URL is 'view:3000'; expected an address"),
    ],
)
def test_a_wrong_setting_is_told_in_one_sentence_without_the_secret(environment: dict[str, str], said: str) -> None:
    with pytest.raises(SettingsError) as found:
        read_message_settings({**MAIL, **environment})
    assert said in str(found.value)
    assert "s3cret" not in str(found.value)
    assert "\n" not in str(found.value)


def test_secrets_may_stand_in_files(tmp_path: Path) -> None:
    (tmp_path / "url").write_text("https://hooks.example.nl/t0ken\n", encoding="utf-8")
    (tmp_path / "secret").write_text("s3cret\n\n", encoding="utf-8")
    found = read_message_settings(
        {
            "KETENMONITOR_WEBHOOK_URL_FILE": str(tmp_path / "url"),
            "KETENMONITOR_WEBHOOK_SECRET_FILE": str(tmp_path / "secret"),
        }
    ).webhook
    assert found is not None
    assert (found.url, found.secret, found.host) == ("https://hooks.example.nl/t0ken", "s3cret", "hooks.example.nl")


def test_no_setting_shows_its_secret() -> None:
    shown = repr(read_message_settings({**MAIL, **HOOK, "KETENMONITOR_WEBHOOK_SECRET": "s3cret"}))
    assert "p@ss/w" not in shown
    assert "night" not in shown
    assert "t0ken" not in shown
    assert "s3cret" not in shown

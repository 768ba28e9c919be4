"""By which channels messages leave: settings from the environment, checked, with secrets that show themselves nowhere.

    KETENMONITOR_SMTP_URL      smtp://host:25, smtp+starttls://user:password@host:587 or smtps://user:password@host:465
    KETENMONITOR_MAIL_FROM     who writes: Ketenmonitor <ketenmonitor@example.nl>
    KETENMONITOR_MAIL_TO       who reads, separated by commas; per kind of message also _MAIL_TO_NIGHT,
                               _MAIL_TO_RELEASES, _MAIL_TO_SOURCES, _MAIL_TO_DELIVERIES; and _MAIL_TO_REPORT for the
                               morning report of every night, which is sent to nobody else
    KETENMONITOR_WEBHOOK_URL   an address that takes a POST; _WEBHOOK_SECRET signs what is sent
    KETENMONITOR_UI_URL        where the steward's view is, for the links in a message

KETENMONITOR_SMTP_URL, _WEBHOOK_URL and _WEBHOOK_SECRET may be given as a file instead: the same name with `_FILE`.
Not here: sending.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import getaddresses
from pathlib import Path
from typing import Literal
from urllib.parse import SplitResult, unquote, urlsplit

from pipelines.settings import SettingsError

Topic = Literal["night", "releases", "sources", "deliveries", "report"]
Security = Literal["none", "starttls", "tls"]
_SCHEMES: Mapping[str, tuple[Security, int]] = {
    "smtp": ("none", 25),
    "smtp+starttls": ("starttls", 587),
    "smtps": ("tls", 465),
}
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
# what a mail server takes as an address without extensions; stricter than the standard, which nobody needs here
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?")


@dataclass(frozen=True)
class Mailbox:
    """A name and an address; the name may be empty."""

    name: str
    address: str


@dataclass(frozen=True)
class MailServer:
    """Where mail is handed in. `user` is empty where the server asks for nobody."""

    host: str
    port: int
    security: Security
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)


@dataclass(frozen=True)
class MailSettings:
    """Mail: the server, who writes, and who reads about what; a topic without readers of its own goes to `readers`."""

    server: MailServer
    writer: Mailbox
    readers: tuple[Mailbox, ...]
    by_topic: tuple[tuple[Topic, tuple[Mailbox, ...]], ...] = ()

    def readers_of(self, topic: Topic) -> tuple[Mailbox, ...]:
        """Who reads about a topic; the report goes only to those who asked for it."""
        return dict(self.by_topic).get(topic, () if topic == "report" else self.readers)


@dataclass(frozen=True)
class WebhookSettings:
    """A webhook. The address may hold a token, so it shows itself nowhere."""

    url: str = field(repr=False)
    secret: str = field(default="", repr=False)

    @property
    def host(self) -> str:
        """The host, which may be named in a log."""
        return urlsplit(self.url).hostname or ""


@dataclass(frozen=True)
class MessageSettings:
    """All channels; none is set up where both are None. `view_url` and `public_url` are what links lead to."""

    mail: MailSettings | None = None
    webhook: WebhookSettings | None = None
    view_url: str = ""
    public_url: str = ""


def read_message_settings(environment: Mapping[str, str]) -> MessageSettings:
    """The channels that the environment names. Raises SettingsError, with no secret in its words."""
    return MessageSettings(
        _mail(environment),
        _webhook(environment),
        _http(environment, "KETENMONITOR_UI_URL").rstrip("/"),
        environment.get("KETENMONITOR_PUBLIC_URL", "").rstrip("/"),
    )


def given(environment: Mapping[str, str], name: str) -> str:
    """A setting that may be secret: its value, or the first line of the file that `<name>_FILE` names."""
    value, path = environment.get(name, ""), environment.get(f"{name}_FILE", "")
    if value and path:
        raise SettingsError(f"{name} and {name}_FILE are both set; expected one of them")
    if not path:
        return value.strip()
    try:
        return Path(path).read_text(encoding="utf-8").strip().partition("\n")[0].strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise SettingsError(f"{name}_FILE names a file that cannot be read ({reason})") from None


def _mail(environment: Mapping[str, str]) -> MailSettings | None:
    url = given(environment, "KETENMONITOR_SMTP_URL")
    by_topic: list[tuple[Topic, tuple[Mailbox, ...]]] = []
    for topic in ("night", "releases", "sources", "deliveries", "report"):
        found = _mailboxes(environment, f"KETENMONITOR_MAIL_TO_{topic.upper()}")
        if found:
            by_topic.append((topic, found))
    readers = _mailboxes(environment, "KETENMONITOR_MAIL_TO")
    writer = _mailboxes(environment, "KETENMONITOR_MAIL_FROM")
    if not url:
        if readers or by_topic or writer:
            raise SettingsError("KETENMONITOR_MAIL_TO or _FROM is set but KETENMONITOR_SMTP_URL is not; set it too")
        return None
    if len(writer) != 1:
        raise SettingsError(f"KETENMONITOR_MAIL_FROM names {len(writer)} addresses; expected one")
    if not readers and not by_topic:
        raise SettingsError("KETENMONITOR_SMTP_URL is set but KETENMONITOR_MAIL_TO is not; set who reads the messages")
    return MailSettings(_server(url), writer[0], readers, tuple(by_topic))


def _server(url: str) -> MailServer:
    parts, port = _parts("KETENMONITOR_SMTP_URL", url)
    if parts.scheme not in _SCHEMES or not parts.hostname or parts.path.strip("/") or parts.query or parts.fragment:
        raise SettingsError(
            "KETENMONITOR_SMTP_URL is not an address of a mail server; expected smtp://host, "
            "smtp+starttls://user:password@host or smtps://user:password@host"
        )
    security, usual = _SCHEMES[parts.scheme]
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if user and security == "none" and parts.hostname not in _LOOPBACK:
        raise SettingsError(
            "KETENMONITOR_SMTP_URL starts with smtp://, which would send the password in the clear; "
            "expected smtp+starttls:// or smtps://"
        )
    return MailServer(parts.hostname, port or usual, security, user, password)


def _parts(name: str, url: str) -> tuple[SplitResult, int | None]:
    try:
        parts = urlsplit(url)
        return parts, parts.port
    except ValueError:
        # the words of the error may hold the address, and that the password
        raise SettingsError(f"{name} is no address; expected host and port as in smtp://host:25") from None


def _mailboxes(environment: Mapping[str, str], name: str) -> tuple[Mailbox, ...]:
    text = environment.get(name, "").strip()
    found = []
    for called, address in getaddresses([text]) if text else ():
        if not _ADDRESS.fullmatch(address) or not text.isprintable():
            raise SettingsError(f"{name} holds {address or text!r}; expected an address such as steward@example.nl")
        found.append(Mailbox(called, address))
    return tuple(found)


def _webhook(environment: Mapping[str, str]) -> WebhookSettings | None:
    url, secret = given(environment, "KETENMONITOR_WEBHOOK_URL"), given(environment, "KETENMONITOR_WEBHOOK_SECRET")
    if not url:
        if secret:
            raise SettingsError("KETENMONITOR_WEBHOOK_SECRET is set but KETENMONITOR_WEBHOOK_URL is not; set it too")
        return None
    parts, _ = _parts("KETENMONITOR_WEBHOOK_URL", url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.password:
        raise SettingsError(
            "KETENMONITOR_WEBHOOK_URL is not an address that starts with https:// and holds no password"
        )
    return WebhookSettings(url, secret)


def _http(environment: Mapping[str, str], name: str) -> str:
    text = environment.get(name, "").strip()
    parts = urlsplit(text)
    if text and (parts.scheme not in ("http", "https") or not parts.hostname):
        raise SettingsError(f"{name} is {text!r}; expected an address that starts with https://")
    return text

"""Messages by mail: one mail to one reader, as text and as page, handed in at a mail server.

The Message-ID is made of the occasion, so that a mail which goes a second time is the same mail. A mail server has a
limited time for each step and for the whole. Here: making and handing in. Not here: when and to whom (`outbox.py`).
"""

import hashlib
import re
import smtplib
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from html import escape
from pathlib import Path
from typing import Any

from pipelines.kept_nights import moment_of
from pipelines.messages.occasions import Occasion
from pipelines.messages.outbox import NotSent
from pipelines.messages.settings import Mailbox, MailServer, MailSettings
from publish.unseen import one_line

#: Seconds for one answer of a mail server, and for a whole mail.
STEP_SECONDS, WHOLE_SECONDS = 15.0, 60.0
_ADDRESS = re.compile(r"https?://[^\s<>\"]+")


@dataclass(frozen=True)
class MailChannel:
    """Mail to one reader. `home` is where the page of an occasion lies."""

    settings: MailSettings
    reader: Mailbox
    home: Path
    step_seconds: float = STEP_SECONDS
    whole_seconds: float = WHOLE_SECONDS

    @property
    def name(self) -> str:
        """How the reader is known in the memory."""
        return f"mail:{self.reader.address}"

    @property
    def server(self) -> str:
        """All mail goes by one server."""
        return "mail"

    def takes(self, occasion: Occasion) -> bool:
        """Whether this reader reads about the topic."""
        return self.reader in self.settings.readers_of(occasion.topic)

    def send(self, occasion: Occasion) -> None:
        """Hands the mail in. Raises NotSent."""
        mail = mail_of(occasion, self.settings.writer, self.reader, self.home)
        hand_in(mail, self.settings, self.reader, self.step_seconds, self.whole_seconds)


def mail_channels(settings: MailSettings, home: Path) -> list[MailChannel]:
    """One channel a reader, whatever they read about; one address is one reader."""
    everybody = [*settings.readers, *(reader for _, readers in settings.by_topic for reader in readers)]
    return [MailChannel(settings, reader, home) for reader in dict.fromkeys(everybody)]


def mail_of(occasion: Occasion, writer: Mailbox, reader: Mailbox, home: Path) -> EmailMessage:
    """The mail about an occasion; the same occasion gives the same bytes."""
    digest = hashlib.sha256(occasion.id.encode()).hexdigest()
    mail = EmailMessage(policy=SMTP)
    mail["From"] = _address(writer)
    mail["To"] = _address(reader)
    mail["Subject"] = one_line(occasion.subject)
    mail["Date"] = format_datetime(moment_of(occasion.moment))
    mail["Message-ID"] = f"<{digest[:32]}@{_domain(writer)}>"
    # an absent reader's automatic answer would go to nobody
    mail["Auto-Submitted"] = "auto-generated"
    mail["Content-Language"] = "nl"
    mail.set_content(occasion.text, cte="quoted-printable")
    mail.add_alternative(_page(occasion, home), subtype="html", cte="quoted-printable")
    mail.set_boundary(f"=_{digest[32:56]}")
    return mail


def hand_in(
    mail: EmailMessage,
    settings: MailSettings,
    reader: Mailbox,
    step_seconds: float = STEP_SECONDS,
    whole_seconds: float = WHOLE_SECONDS,
) -> None:
    """Hands a mail in at the server. Raises NotSent with the server's words and without a password."""
    server = settings.server
    try:
        with _connected(server, _domain(settings.writer), step_seconds, whole_seconds) as smtp:
            if server.user:
                smtp.login(server.user, server.password)
            smtp.send_message(mail, settings.writer.address, [reader.address])
    except smtplib.SMTPRecipientsRefused as error:
        code, said = error.recipients[reader.address]
        raise NotSent(_words(server, code, said, "refused the reader"), passing=code < 500) from None
    except smtplib.SMTPAuthenticationError as error:
        said_to_us = _words(server, error.smtp_code, error.smtp_error, "refused user and password")
        raise NotSent(said_to_us, passing=False) from None
    except smtplib.SMTPResponseException as error:
        words = _words(server, error.smtp_code, error.smtp_error, "refused the mail")
        raise NotSent(words, passing=error.smtp_code < 500) from None
    except smtplib.SMTPNotSupportedError:
        what = "STARTTLS" if server.security == "starttls" else "what was asked of it"
        raise NotSent(f"the mail server {server.host} does not offer {what}", passing=False) from None
    except ssl.SSLCertVerificationError as error:
        words = f"the certificate of the mail server {server.host} is not to be trusted: {error.verify_message}"
        raise NotSent(words, passing=False) from None
    except (OSError, smtplib.SMTPException) as error:
        words = one_line(str(error.strerror if isinstance(error, OSError) and error.strerror else error))
        if "timed out" in words:
            words = "it did not answer in time"
        raise NotSent(
            f"the mail server {server.host} cannot be reached: {_without(server, words)}", passing=True
        ) from None


class _WithinTime:
    """A connection that is broken off when the whole takes too long, however slowly the server speaks."""

    sock: socket.socket | None

    def __init__(self, whole_seconds: float, *given: Any, **options: Any) -> None:
        self.too_long = threading.Timer(whole_seconds, self._break_off)
        self.too_long.daemon = True
        self.too_long.start()
        try:
            super().__init__(*given, **options)
        except BaseException:
            self.too_long.cancel()
            raise

    def _break_off(self) -> None:
        # it may have been closed in the meantime
        with suppress(OSError):
            if self.sock is not None:
                self.sock.shutdown(socket.SHUT_RDWR)


class _Plain(_WithinTime, smtplib.SMTP):
    """In the clear, or until STARTTLS."""


class _Encrypted(_WithinTime, smtplib.SMTP_SSL):
    """Encrypted from the first byte."""


@contextmanager
def _connected(
    server: MailServer, own_name: str, step_seconds: float, whole_seconds: float
) -> Iterator[_Plain | _Encrypted]:
    context = ssl.create_default_context() if server.security != "none" else None
    where = (whole_seconds, server.host, server.port, own_name)
    smtp: _Plain | _Encrypted
    if server.security == "tls":
        smtp = _Encrypted(*where, timeout=step_seconds, context=context)
    else:
        smtp = _Plain(*where, timeout=step_seconds)
    try:
        if server.security == "starttls":
            smtp.starttls(context=context)
        yield smtp
        # the server took the mail; how it says goodbye changes nothing
        with suppress(OSError, smtplib.SMTPException):
            smtp.quit()
    finally:
        smtp.too_long.cancel()
        smtp.close()


def _words(server: MailServer, code: int, said: bytes | str, what: str) -> str:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
    return f"the mail server {server.host} {what}: {code} {_without(server, one_line(text)[:300])}"


def _without(server: MailServer, text: str) -> str:
    for secret in (server.password, server.user):
        text = text.replace(secret, "***") if secret else text
    return text


def _address(box: Mailbox) -> Address:
    return Address(display_name=one_line(box.name), addr_spec=box.address)


def _domain(writer: Mailbox) -> str:
    return writer.address.rpartition("@")[2]


def _page(occasion: Occasion, home: Path) -> str:
    """The page of an occasion, or one made of its text: paragraphs and lists, without style of its own."""
    if occasion.page:
        try:
            return (home / occasion.page).read_text(encoding="utf-8")
        except OSError:
            pass  # the text says the same
    parts = [_block(block) for block in occasion.text.strip().split("\n\n")]
    title = escape(one_line(occasion.subject))
    return (
        f'<!doctype html>\n<html lang="nl"><head><meta charset="utf-8"><title>{title}</title></head>\n'
        f"<body><h1>{title}</h1>\n{chr(10).join(parts)}\n</body></html>\n"
    )


def _block(block: str) -> str:
    lines = block.splitlines()
    if all(line.startswith("- ") for line in lines):
        return f"<ul>{''.join(f'<li>{_linked(line[2:])}</li>' for line in lines)}</ul>"
    return f"<p>{'<br>'.join(_linked(line) for line in lines)}</p>"


def _linked(text: str) -> str:
    parts, end = [], 0
    for found in _ADDRESS.finditer(text):
        address = escape(found[0])
        parts += [escape(text[end : found.start()]), f'<a href="{address}">{address}</a>']
        end = found.end()
    return "".join([*parts, escape(text[end:])])

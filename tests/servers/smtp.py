"""A real mail server on loopback, in this process: what came in can be read back, and it can refuse, fall silent or ask
for encryption and a password.

Not here: what is sent.
"""

from __future__ import annotations

import asyncio
import shutil
import ssl
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest

USER, PASSWORD = "steward", "p@ss/w:rd"


@dataclass
class PlayedMail:
    """What came in, and what the server does: `refuses` maps an address to the answer that it gets."""

    came_in: list[tuple[str, list[str], bytes]] = field(default_factory=list)
    refuses: dict[str, str] = field(default_factory=dict)
    after_data: Callable[[], str | None] | None = None
    silent: float = 0.0
    logins: list[str] = field(default_factory=list)
    port: int = 0

    def mails(self) -> list[EmailMessage]:
        """Every mail that came in, parsed as a reader's program does."""
        return [message_from_bytes(body, policy=default) for _, _, body in self.came_in]  # type: ignore[misc]

    # the names that aiosmtpd asks for
    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        if self.silent:
            await asyncio.sleep(self.silent)
        if address in self.refuses:
            return self.refuses[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.came_in.append((envelope.mail_from, list(envelope.rcpt_tos), bytes(envelope.content)))
        return (self.after_data() if self.after_data else None) or "250 taken"


def certificate(folder: Path) -> tuple[Path, Path]:
    """A key and a certificate for 127.0.0.1 that nobody signed but itself."""
    if shutil.which("openssl") is None:
        pytest.skip("there is no openssl on this machine to make a certificate with")
    key, made = folder / "key.pem", folder / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout",
         str(key), "-out", str(made), "-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"],
        check=True, capture_output=True,
    )  # fmt: skip
    return key, made


@contextmanager
def mail_server(
    *, encrypted: tuple[Path, Path] | None = None, at_once: bool = False, password: bool = False
) -> Iterator[PlayedMail]:
    """Runs a mail server: with STARTTLS where a key and certificate are given, or encrypted `at_once`."""
    controller = pytest.importorskip("aiosmtpd.controller", reason="aiosmtpd is not installed")
    smtp = pytest.importorskip("aiosmtpd.smtp")
    played = PlayedMail()

    def authenticated(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> Any:
        played.logins.append(data.login.decode())
        known = data.login == USER.encode() and data.password == PASSWORD.encode()
        return smtp.AuthResult(success=known, handled=False)

    options: dict[str, Any] = {"hostname": "127.0.0.1", "port": 0, "ready_timeout": 10.0}
    if encrypted is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(encrypted[1], encrypted[0])
        options |= {"ssl_context": context} if at_once else {"tls_context": context, "require_starttls": True}
    if password:
        options |= {"authenticator": authenticated, "auth_required": not at_once, "auth_require_tls": not at_once}

    class OnAnyPort(controller.Controller):  # type: ignore[misc, name-defined]
        """The stock controller calls itself to see whether it runs, for which it must know its port."""

        def _trigger_server(self) -> None:
            self.port = played.port = self.server.sockets[0].getsockname()[1]
            super()._trigger_server()

    running = OnAnyPort(played, **options)
    running.start()
    try:
        yield played
    finally:
        running.stop()

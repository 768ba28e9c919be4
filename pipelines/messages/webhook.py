"""Messages by webhook: a POST with JSON, signed where a secret is given.

    {"kind": ..., "link": ..., "moment": ..., "occasion": ..., "subject": ..., "text": ...}

`Idempotency-Key` is made of the id of the occasion: who was called twice can drop the second.
`X-Ketenmonitor-Signature` is `sha256=` and the HMAC of the body. Not here: when (`outbox.py`).
"""

import hashlib
import hmac
import json
from dataclasses import dataclass

import requests

from pipelines.messages.occasions import Occasion
from pipelines.messages.outbox import NotSent
from pipelines.messages.settings import WebhookSettings

CONNECT_SECONDS, READ_SECONDS = 5.0, 15.0
_COME_BACK = (408, 425, 429)


@dataclass(frozen=True)
class WebhookChannel:
    """Calls to one address; it is told of everything but the morning report."""

    settings: WebhookSettings
    user_agent: str
    read_seconds: float = READ_SECONDS

    @property
    def name(self) -> str:
        """How it is known in the memory; the address may hold a secret."""
        return "webhook"

    @property
    def server(self) -> str:
        """There is one."""
        return "webhook"

    def takes(self, occasion: Occasion) -> bool:
        """Everything but the report: that is a page for a person."""
        return occasion.kind != "report"

    def send(self, occasion: Occasion) -> None:
        """Calls the address. Raises NotSent, without the address."""
        host = self.settings.host
        try:
            answer = requests.post(
                self.settings.url,
                data=body_of(occasion),
                headers=self._headers(occasion),
                timeout=(CONNECT_SECONDS, self.read_seconds),
                # another host must not get what is meant for this one
                allow_redirects=False,
                # so that a .netrc does not speak for us
                auth=lambda request: request,
                stream=True,
            )
        except requests.Timeout:
            raise NotSent(f"{host} did not answer in time", passing=True) from None
        except requests.exceptions.SSLError:
            raise NotSent(f"the certificate of {host} is not to be trusted", passing=False) from None
        except requests.RequestException:
            raise NotSent(f"{host} cannot be reached", passing=True) from None
        with answer:
            status = answer.status_code
        if 200 <= status < 300:
            return
        passing = status >= 500 or status in _COME_BACK
        where = " (it sends on to another address; set that one)" if 300 <= status < 400 else ""
        raise NotSent(f"{host} answered with status {status}{where}", passing=passing)

    def _headers(self, occasion: Occasion) -> dict[str, str]:
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": self.user_agent,
            "Idempotency-Key": hashlib.sha256(occasion.id.encode()).hexdigest()[:32],
        }
        if self.settings.secret:
            made = hmac.new(self.settings.secret.encode(), body_of(occasion), hashlib.sha256).hexdigest()
            headers["X-Ketenmonitor-Signature"] = f"sha256={made}"
        return headers


def body_of(occasion: Occasion) -> bytes:
    """What is sent; the same occasion gives the same bytes."""
    told = {
        "occasion": occasion.id,
        "kind": occasion.kind,
        "subject": occasion.subject,
        "text": occasion.text,
        "link": occasion.link or None,
        "moment": occasion.moment,
    }
    return json.dumps(told, ensure_ascii=False, sort_keys=True).encode()

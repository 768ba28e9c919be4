"""Settings from the environment, read once and checked, with the words of who must mend them.

Here is the only place that asks the clock, once a run. Not here: what a run does with its settings.
"""

import getpass
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from assets.deliveries.delivered_file import Limits
from assets.night import Night

if TYPE_CHECKING:
    from pipelines.messages.settings import MessageSettings

EUROSTAT_URL = "https://ec.europa.eu/eurostat/api/dissemination"
CBS_V3_URL = "https://opendata.cbs.nl/ODataFeed/odata"
CBS_V4_URL = "https://datasets.cbs.nl/odata/v1/CBS"
COMEXT_URL = "https://ec.europa.eu/eurostat/api/dissemination/files"


class SettingsError(ValueError):
    """A setting cannot be used; the message names it, what was found and what is expected."""


@dataclass(frozen=True)
class Settings:
    """Where state lives and which services are asked. `released_at` is set where the time of a run is given."""

    home: Path
    eurostat_url: str | None
    user_agent: str
    released_at: datetime | None
    public_url: str | None = None
    zenodo_url: str | None = None
    cbs_v3_url: str | None = None
    cbs_v4_url: str | None = None
    comext_url: str | None = None
    inbox: Path | None = None
    deliverers: Path | None = None
    limits: Limits | None = None

    def night(self, started_at: datetime | None = None) -> Night:
        """A run that starts now, or at the time that the environment or the caller gives."""
        moment = self.released_at or started_at or datetime.now(UTC).replace(microsecond=0)
        return Night(
            self.home,
            moment,
            self.eurostat_url,
            self.user_agent,
            public_url=self.public_url,
            zenodo_url=self.zenodo_url,
            cbs_v3_url=self.cbs_v3_url,
            cbs_v4_url=self.cbs_v4_url,
            comext_url=self.comext_url,
            inbox_path=self.inbox,
            registry=self.deliverers,
            limits=self.limits,
        )


def steward(given: str = "", environment: Mapping[str, str] | None = None) -> str:
    """Who decides: as given, else KETENMONITOR_STEWARD, else the user of this machine; empty where it has no name for
    them, as in a container. The open-source UI of Dagster knows no users, so that a form asks."""
    env = os.environ if environment is None else environment
    named = given.strip() or env.get("KETENMONITOR_STEWARD", "").strip()
    try:
        return named or getpass.getuser()
    except (KeyError, ImportError, OSError):
        return ""


def _moment(text: str) -> datetime:
    try:
        return datetime.fromtimestamp(int(text), UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise SettingsError(f"SOURCE_DATE_EPOCH is {text!r}; expected seconds since 1970 as a whole number") from error


def _address(name: str, text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise SettingsError(f"{name} is {text!r}; expected an address that starts with https://")
    return text


def _limits(env: Mapping[str, str]) -> Limits:
    """How much of a delivered file is read: KETENMONITOR_DELIVERY_MAX_MB, _MAX_ROWS, _MAX_SECONDS."""
    limits = Limits()

    def number(name: str, own: float) -> float:
        text = env.get(f"KETENMONITOR_DELIVERY_{name}", "")
        try:
            found = float(text) if text else own
        except ValueError:
            found = 0.0
        if not 0 < found < float("inf"):
            raise SettingsError(f"KETENMONITOR_DELIVERY_{name} is {text!r}; expected a number above 0")
        return found

    most = int(number("MAX_MB", limits.file_bytes / 1e6) * 1e6)
    return replace(
        limits,
        file_bytes=most,
        unpacked_bytes=max(most * 2, limits.unpacked_bytes),
        rows=int(number("MAX_ROWS", limits.rows)),
        seconds=number("MAX_SECONDS", limits.seconds),
    )


def _existing(name: str, text: str | None) -> Path | None:
    if not text:
        return None
    path = Path(text).absolute()
    if not path.is_file():
        raise SettingsError(f"{name} is {text!r}; expected a file that is there")
    return path


def _user_agent() -> str:
    """Who asks, and whom to turn to when we ask too much: services want both."""
    from contracts.vocabulary import load_reference_yaml

    by = load_reference_yaml("publisher")
    return f"Ketenmonitor/1.0 ({by['public_address']}; {by['contact_email']})"


def read_settings(environment: dict[str, str] | None = None) -> Settings:
    """Settings from the environment: KETENMONITOR_HOME, _EUROSTAT_URL, _CBS_V3_URL, _CBS_V4_URL, _COMEXT_URL, _OFFLINE,
    _USER_AGENT, _PUBLIC_URL, _INBOX, _DELIVERERS, _DELIVERY_MAX_MB, _DELIVERY_MAX_ROWS, _DELIVERY_MAX_SECONDS and
    SOURCE_DATE_EPOCH."""
    env = dict(os.environ) if environment is None else environment
    offline = env.get("KETENMONITOR_OFFLINE", "").lower()
    if offline not in ("", "0", "1", "false", "true"):
        raise SettingsError(f"KETENMONITOR_OFFLINE is {offline!r}; expected 1 (ask no live service) or 0")
    asked = offline not in ("1", "true")

    def service(name: str, own: str) -> str | None:
        address = _address(name, env.get(name) or own)
        return address if asked else None

    public = env.get("KETENMONITOR_PUBLIC_URL")
    epoch = env.get("SOURCE_DATE_EPOCH")
    return Settings(
        home=Path(env.get("KETENMONITOR_HOME") or "var").absolute(),
        eurostat_url=service("KETENMONITOR_EUROSTAT_URL", EUROSTAT_URL),
        user_agent=env.get("KETENMONITOR_USER_AGENT") or _user_agent(),
        released_at=_moment(epoch) if epoch else None,
        public_url=_address("KETENMONITOR_PUBLIC_URL", public) if public else None,
        zenodo_url=env.get("KETENMONITOR_ZENODO_URL") or None,
        cbs_v3_url=service("KETENMONITOR_CBS_V3_URL", CBS_V3_URL),
        cbs_v4_url=service("KETENMONITOR_CBS_V4_URL", CBS_V4_URL),
        comext_url=service("KETENMONITOR_COMEXT_URL", COMEXT_URL),
        inbox=Path(env["KETENMONITOR_INBOX"]).absolute() if env.get("KETENMONITOR_INBOX") else None,
        deliverers=_existing("KETENMONITOR_DELIVERERS", env.get("KETENMONITOR_DELIVERERS")),
        limits=_limits(env),
    )


def message_settings(environment: dict[str, str] | None = None) -> "MessageSettings":
    """By which channels messages leave, from the environment; see `pipelines/messages/settings.py`."""
    from pipelines.messages.settings import read_message_settings

    return read_message_settings(dict(os.environ) if environment is None else environment)

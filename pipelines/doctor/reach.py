"""What the doctor looks at on other machines: services, mail, webhook, PostgreSQL, bucket. It only connects.

No secret stands in what it says. Not here: the machine itself (`machine.py`).
"""

import socket
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from pipelines.doctor.finding import Finding, Said, well
from pipelines.postgres import postgres_url, refused_by, shown
from pipelines.settings import Settings, SettingsError

SECONDS = 8.0
# more than this between our clock and that of a service, and a deadline or an edition may fall on another day
_CLOCK_SECONDS = 120
_PORTS = {"http": 80, "https": 443, "smtp": 25, "smtps": 465, "smtp+starttls": 587}


def look_around(settings: Settings, environment: Mapping[str, str], moment: datetime) -> Iterator[Finding]:
    """Everything that another machine must give; what is not set up is not asked."""
    yield from _services(settings, moment)
    for name, nl, en in (
        ("KETENMONITOR_SMTP_URL", "De mailserver", "The mail server"),
        ("KETENMONITOR_WEBHOOK_URL", "De webhook", "The webhook"),
    ):
        yield from connected(environment, name, nl, en)
    if not environment.get("KETENMONITOR_SMTP_URL") and not environment.get("KETENMONITOR_WEBHOOK_URL"):
        yield Finding(
            "messages",
            "look",
            Said(
                "Er is geen mailserver en geen webhook ingesteld; niemand krijgt bericht als een nacht misgaat.",
                "No mail server and no webhook is set; nobody gets word when a night goes wrong.",
            ),
            Said(
                "Stel KETENMONITOR_SMTP_URL of KETENMONITOR_WEBHOOK_URL in.",
                "Set KETENMONITOR_SMTP_URL or KETENMONITOR_WEBHOOK_URL.",
            ),
        )
    yield from _postgres(environment)
    yield from _bucket(environment)


def _services(settings: Settings, moment: datetime) -> Iterator[Finding]:
    asked = {
        "Eurostat": settings.eurostat_url,
        "CBS (OData 3)": settings.cbs_v3_url,
        "CBS (OData 4)": settings.cbs_v4_url,
        "COMEXT": settings.comext_url,
    }
    if not any(asked.values()):
        yield Finding(
            "services",
            "look",
            Said(
                "KETENMONITOR_OFFLINE staat aan: er wordt niets opgehaald.",
                "KETENMONITOR_OFFLINE is set: nothing is fetched.",
            ),
            Said("Haal de instelling weg om nieuwe cijfers op te halen.", "Remove the setting to fetch new figures."),
        )
        return
    here = {name: url for name, url in asked.items() if url}
    with ThreadPoolExecutor(len(here)) as pool:
        answers = dict(zip(here, pool.map(lambda url: _answer(url, settings.user_agent), here.values()), strict=True))
    for name, url in here.items():
        host = urlsplit(url).hostname
        if answers[name] is None:
            yield Finding(
                f"service {name}",
                "missing",
                Said(f"{name} ({host}) antwoordt niet.", f"{name} ({host}) does not answer."),
                Said(
                    "Kijk naar netwerk, firewall en proxy; de nacht gaat verder met de laatste bewaarde editie.",
                    "Look at network, firewall and proxy; the night goes on with the last edition that was kept.",
                ),
            )
        else:
            yield well(f"service {name}", f"{name} ({host}) antwoordt.", f"{name} ({host}) answers.")
    yield from _clock_of_others([date for date in answers.values() if date], moment)


def _answer(url: str, user_agent: str) -> str | None:
    """What a service says of the time ("" where it says nothing); None where it gives no answer at all."""
    import requests

    try:
        answer = requests.head(url, timeout=SECONDS, headers={"User-Agent": user_agent}, allow_redirects=False)
    except requests.RequestException:
        return None
    return answer.headers.get("Date", "")


def _clock_of_others(dates: list[str], moment: datetime) -> Iterator[Finding]:
    apart = []
    for date in dates:
        try:
            apart.append(abs((parsedate_to_datetime(date).astimezone(UTC) - moment).total_seconds()))
        except ValueError:
            continue
    # one service with a wrong clock says nothing of ours
    if apart and min(apart) > _CLOCK_SECONDS:
        seconds = round(min(apart))
        yield Finding(
            "clock of others",
            "missing",
            Said(
                f"De klok loopt {seconds} seconden uit de pas met die van de diensten.",
                f"The clock is {seconds} seconds away from that of the services.",
            ),
            Said("Zet de klok gelijk (timedatectl set-ntp true).", "Set the clock (timedatectl set-ntp true)."),
        )


def connected(environment: Mapping[str, str], name: str, nl: str, en: str) -> Iterator[Finding]:
    """Whether the machine that a setting names takes a connection; nothing where the setting is empty."""
    text = environment.get(name, "").strip()
    if not text:
        return
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        host, port = None, None
    if not host or not port:
        yield Finding(
            name,
            "missing",
            Said(f"{name} is geen adres.", f"{name} is no address."),
            Said("Zie de instellingen in README.md.", "See the settings in README.md."),
        )
        return
    why = _refused(host, port)
    if why is None:
        yield well(name, f"{nl} {host}:{port} is bereikbaar.", f"{en} {host}:{port} can be reached.")
        return
    yield Finding(
        name,
        "missing",
        Said(f"{nl} {host}:{port} is niet bereikbaar ({why}).", f"{en} {host}:{port} cannot be reached ({why})."),
        Said(f"Kijk naar {name}, het netwerk en de firewall.", f"Look at {name}, the network and the firewall."),
    )


def _refused(host: str, port: int) -> str | None:
    """Why no connection was made; None where one was."""
    try:
        with socket.create_connection((host, port), timeout=SECONDS):
            return None
    except TimeoutError:
        return "timeout"
    except OSError as error:
        return error.strerror or type(error).__name__


def _postgres(environment: Mapping[str, str]) -> Iterator[Finding]:
    try:
        url = postgres_url(environment)
    except SettingsError as error:
        yield Finding("postgresql", "missing", Said(str(error), str(error)))
        return
    if url is None:
        return
    try:
        why = refused_by(url)
    except SettingsError as error:
        yield Finding(
            "postgresql",
            "missing",
            Said("De bibliotheek voor PostgreSQL ontbreekt.", str(error)),
            Said(
                "Installeer met de extra `deploy`: zie deploy/README.md.",
                "Install with the extra `deploy`: see deploy/README.md.",
            ),
        )
        return
    if why is not None:
        yield Finding(
            "postgresql",
            "missing",
            Said(
                f"PostgreSQL op {shown(url)} laat ons niet toe: {why}.",
                f"PostgreSQL at {shown(url)} does not let us in: {why}.",
            ),
            Said(
                "Kijk naar KETENMONITOR_POSTGRES_URL en of de database draait.",
                "Look at KETENMONITOR_POSTGRES_URL and whether the database runs.",
            ),
        )
        return
    yield well(
        "postgresql", f"PostgreSQL op {shown(url)} is bereikbaar.", f"PostgreSQL at {shown(url)} can be reached."
    )


def _bucket(environment: Mapping[str, str]) -> Iterator[Finding]:
    if not environment.get("KETENMONITOR_S3_BUCKET", "").strip():
        return
    from publish.portals.plan import PortalError
    from publish.portals.s3 import in_plain_words, s3_client, s3_settings

    try:
        settings = s3_settings(environment)
        with in_plain_words("the bucket cannot be listed"):
            s3_client(settings).list_objects_v2(Bucket=settings.bucket, Prefix=settings.prefix, MaxKeys=1)
    except PortalError as error:
        yield Finding("bucket", "missing", Said(f"De bucket antwoordt niet: {error}.", f"The bucket: {error}."))
        return
    yield well("bucket", f"De bucket {settings.where} antwoordt.", f"The bucket {settings.where} answers.")

"""Where Dagster's history stands when it stands in PostgreSQL: the address, checked, and shown without its password.

KETENMONITOR_POSTGRES_URL, or KETENMONITOR_POSTGRES_URL_FILE for a file that holds it; without both the history is
SQLite under the home. Not here: Dagster's settings (`instance.py`), copies of the database (`history_copies.py`).
"""

from collections.abc import Mapping
from urllib.parse import urlsplit

from pipelines.secret_files import secrets_from_files
from pipelines.settings import SettingsError

POSTGRES_URL = "KETENMONITOR_POSTGRES_URL"
#: Where Dagster, and what it starts, reads the address. We set it; nobody else does.
STORAGE_URL = "KETENMONITOR_DAGSTER_STORAGE"
# the driver that dagster-postgres brings; by itself SQLAlchemy 2.1 takes psycopg 3
_DRIVER = "postgresql+psycopg2://"
_SECONDS = 8
_EXPECTED = "expected postgresql://user:password@host:5432/database"


def postgres_url(environment: Mapping[str, str]) -> str | None:
    """The address of the database; None where the history is SQLite.

    Raises SettingsError, in which no password stands.
    """
    text = (environment.get(POSTGRES_URL) or secrets_from_files(environment).get(POSTGRES_URL, "")).strip()
    if not text:
        return None
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise SettingsError(f"{POSTGRES_URL} is no address; {_EXPECTED}") from error
    if parts.scheme not in ("postgresql", "postgres") or not parts.path.strip("/"):
        raise SettingsError(f"{POSTGRES_URL} is not the address of a database; {_EXPECTED}")
    if not parts.hostname and "host=" not in parts.query:
        raise SettingsError(f"{POSTGRES_URL} names no machine; {_EXPECTED}")
    if port == 0:
        raise SettingsError(f"{POSTGRES_URL} names port 0; {_EXPECTED}")
    return "postgresql" + text.removeprefix(parts.scheme)


def storage_url(url: str) -> str:
    """The address with the name of its driver, as SQLAlchemy wants it."""
    return _DRIVER + url.partition("://")[2]


def refused_by(url: str) -> str | None:
    """Why the database does not let us in, in one line without a password; None where it does.

    Raises SettingsError where the library is not installed.
    """
    try:
        import psycopg2
    except ImportError as error:
        raise SettingsError(
            f"{POSTGRES_URL} is set and the library for PostgreSQL is not installed; install the extra `deploy`, as "
            "deploy/README.md says"
        ) from error
    try:
        psycopg2.connect(url, connect_timeout=_SECONDS).close()
    except psycopg2.Error as error:
        text = str(error)
        for word in ("FATAL:", "failed:"):
            if word in text:
                return text.partition(word)[2].strip().splitlines()[0].strip()
        return " ".join(text.split())
    return None


def shown(url: str) -> str:
    """An address as a person may read it: machine, port and database, never user or password."""
    parts = urlsplit(url)
    return f"{parts.hostname or 'a local socket'}:{parts.port or 5432}{parts.path}"

"""Dagster's history in PostgreSQL, in and out of a backup with PostgreSQL's own programs pg_dump and psql.

The password goes by the environment, never by the command line. Not here: history in SQLite (`backup.py`).
"""

import os
import shutil
import subprocess
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

from pipelines.postgres import shown
from pipelines.upkeep.manifest import BackupError

_SECONDS = 1800


def _program(name: str) -> str:
    # Debian keeps programs of a version off the path
    beside = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    found = shutil.which(name) or (str(beside[-1]) if beside else None)
    if found is None:
        raise BackupError(f"{name} is not here; install PostgreSQL's client programs (Debian: postgresql-client)")
    return found


def _run(name: str, url: str, *arguments: str) -> str:
    """Runs a program on the database and returns what it said. Raises BackupError."""
    parts = urlsplit(url)
    environment = {**os.environ, "PGCONNECT_TIMEOUT": "10"}
    if parts.password is not None:
        environment["PGPASSWORD"] = unquote(parts.password)
    bare = urlunsplit(parts._replace(netloc=parts.netloc.replace(f":{parts.password}@", "@", 1)))
    command = [_program(name), "--no-password", f"--dbname={bare}", *arguments]
    try:
        done = subprocess.run(  # noqa: S603 - a program of PostgreSQL, no shell
            command, env=environment, capture_output=True, text=True, check=False, timeout=_SECONDS
        )
    except subprocess.TimeoutExpired as error:
        raise BackupError(f"{name} on {shown(url)} was not done after {_SECONDS} seconds") from error
    if done.returncode:
        raise BackupError(f"{name} on {shown(url)} failed: {' '.join(done.stderr.split())[:400]}")
    return done.stdout


def dump(url: str, target: Path) -> None:
    """Writes the whole database as SQL. Raises BackupError."""
    _run("pg_dump", url, "--format=plain", "--no-owner", "--no-privileges", f"--file={target}")


def refuse_unless_empty(url: str) -> None:
    """Raises BackupError where the database has tables: what is in it would be mixed with what is put back."""
    tables = _run("psql", url, "--no-psqlrc", "-Atc", "select count(*) from pg_tables where schemaname = 'public'")
    if int(tables.strip() or 0):
        raise BackupError(
            f"the database {shown(url)} is not empty ({tables.strip()} tables); name an empty one in "
            "KETENMONITOR_POSTGRES_URL. Nothing was restored"
        )


def load(url: str, source: Path) -> None:
    """Reads a dump into an empty database, all of it or nothing. Raises BackupError."""
    _run("psql", url, "--no-psqlrc", "--quiet", "--single-transaction", "-v", "ON_ERROR_STOP=1", f"--file={source}")

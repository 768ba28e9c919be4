"""A real PostgreSQL for the tests: a cluster on loopback in a folder of its own, with a password, ended by its handle.

Debian's package postgresql is needed. PostgreSQL refuses to run as root, so that root hands it to another user.
Not here: what is stored in it.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.conftest import free_port

USER, PASSWORD, DATABASE = "ketenmonitor", "met&een:lastig/wachtwoord", "dagster"
_START_SECONDS = 30.0


def _program(name: str) -> str | None:
    """Debian keeps the server's programs off the path."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return str(found[-1]) if found else shutil.which(name)


def why_absent() -> str | None:
    """Why no server can be started here, in plain words; None where it can."""
    absent = [name for name in ("initdb", "postgres", "createdb", "psql") if _program(name) is None]
    if absent:
        return f"no PostgreSQL here: Debian's package postgresql is not installed ({', '.join(absent)})"
    return None


def _runs_as() -> dict[str, object]:
    """Another user than root to run as; nothing where we are not root."""
    if os.getuid() != 0:
        return {}
    names = {entry.pw_name for entry in pwd.getpwall()}
    entry = pwd.getpwnam("postgres" if "postgres" in names else "nobody")
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def _owned(folder: Path) -> None:
    who = _runs_as()
    if who:
        os.chown(folder, int(str(who["user"])), int(str(who["group"])))


@contextmanager
def postgres_server() -> Iterator[str]:
    """A running server with one empty database; gives its address. Raises RuntimeError where it does not start."""
    home = Path(tempfile.mkdtemp(prefix="km-postgres-"))
    try:
        _owned(home)
        with _running(home) as url:
            yield url
    finally:
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def _running(home: Path) -> Iterator[str]:
    who = _runs_as()
    environment = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", "TZ": "UTC", "PGPASSWORD": PASSWORD}

    def run(name: str, *arguments: str) -> None:
        command = [str(_program(name)), *arguments]
        done = subprocess.run(command, cwd=home, env=environment, capture_output=True, text=True, check=False, **who)  # type: ignore[call-overload]
        if done.returncode:
            raise RuntimeError(f"{name} of PostgreSQL failed: {done.stderr[-2000:]}")

    (home / "password").write_text(PASSWORD, encoding="utf-8")
    (home / "password").chmod(0o644)
    run("initdb", "-D", str(home / "data"), "-U", USER, f"--pwfile={home / 'password'}", "-A", "scram-sha-256", "-N")
    port = free_port()
    options = [f"unix_socket_directories={home}", "listen_addresses=127.0.0.1", f"port={port}", "fsync=off"]
    command = [str(_program("postgres")), "-D", str(home / "data"), *(part for one in options for part in ("-c", one))]
    with (home / "log").open("wb") as log:
        server = subprocess.Popen(command, cwd=home, env=environment, stdout=log, stderr=log, **who)  # type: ignore[call-overload]
    try:
        end = time.monotonic() + _START_SECONDS
        while True:
            try:
                run("createdb", "-h", "127.0.0.1", "-p", str(port), "-U", USER, DATABASE)
                break
            except RuntimeError:
                if time.monotonic() > end or server.poll() is not None:
                    raise
                time.sleep(0.1)
        secret = PASSWORD.replace("&", "%26").replace(":", "%3A").replace("/", "%2F")
        yield f"postgresql://{USER}:{secret}@127.0.0.1:{port}/{DATABASE}"
    finally:
        # INT ends sessions and stops at once
        server.send_signal(2)
        server.wait(timeout=20)

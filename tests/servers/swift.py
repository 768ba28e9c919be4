"""A real S3 server for the tests: OpenStack Swift with its s3api, one node on loopback, storage in a given folder.

Debian's packages swift-proxy, swift-account, swift-container and swift-object are needed and found on the path; they
run with Debian's own Python. Not here: what is uploaded. Every process is ended by its own handle.
"""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ACCESS_KEY, SECRET_KEY = "test:tester", "testing"
_RINGED = ("account", "container", "object")
_PROGRAMS = ("swift-ring-builder", "swift-proxy-server", *(f"swift-{name}-server" for name in _RINGED))
_START_SECONDS = 40.0

_BACKEND = """[DEFAULT]
bind_ip = 127.0.0.1
bind_port = {port}
user = {user}
swift_dir = {home}
devices = {home}/devices
mount_check = false
workers = 0
log_address = {home}/no-log
[pipeline:main]
pipeline = {name}-server
[app:{name}-server]
use = egg:swift#{name}
"""

# The order is Swift's own: s3api before the authentication, slo below it for multi-part uploads.
_PROXY = """[DEFAULT]
bind_ip = 127.0.0.1
bind_port = {port}
user = {user}
swift_dir = {home}
workers = 0
log_address = {home}/no-log
[pipeline:main]
pipeline = catch_errors gatekeeper listing_formats cache bulk s3api tempauth copy slo dlo versioned_writes proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
[filter:tempauth]
use = egg:swift#tempauth
user_test_tester = testing .admin
[filter:cache]
use = egg:swift#memcache
# nobody listens there: tempauth wants a cache to be configured, and does without one that does not answer
memcache_servers = 127.0.0.1:{no_cache}
[filter:s3api]
use = egg:swift#s3api
location = us-east-1
{filters}
"""
_PLAIN_FILTERS = ("catch_errors", "gatekeeper", "listing_formats", "bulk", "copy", "slo", "dlo", "versioned_writes")


@dataclass(frozen=True)
class S3Server:
    """Where the server answers, and the keys it takes."""

    endpoint: str
    access_key: str = ACCESS_KEY
    secret_key: str = SECRET_KEY


def why_absent() -> str | None:
    """Why no server can be started here, in plain words; None where it can."""
    absent = [program for program in _PROGRAMS if shutil.which(program) is None]
    if absent:
        return f"no S3 server here: Debian's packages of OpenStack Swift are not installed ({', '.join(absent)})"
    return None


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def _run(home: Path, *command: str) -> None:
    subprocess.run(command, cwd=home, check=True, capture_output=True, env=_environment())


def _environment() -> dict[str, str]:
    # Debian's programs must not see the packages of the environment that runs the tests
    return {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}


def _configure(home: Path) -> dict[str, int]:
    """Writes configuration and rings; returns the port of each server."""
    ports = {name: _free_port() for name in (*_RINGED, "proxy")}
    user = getpass.getuser()
    (home / "devices" / "d1").mkdir(parents=True)
    (home / "swift.conf").write_text(
        "[swift-hash]\nswift_hash_path_suffix = tests\nswift_hash_path_prefix = tests\n"
        "[storage-policy:0]\nname = default\ndefault = yes\n"
    )
    for name in _RINGED:
        (home / f"{name}.conf").write_text(_BACKEND.format(name=name, port=ports[name], user=user, home=home))
        builder = f"{name}.builder"
        _run(home, "swift-ring-builder", builder, "create", "1", "1", "0")
        _run(home, "swift-ring-builder", builder, "add", f"r1z1-127.0.0.1:{ports[name]}/d1", "1")
        _run(home, "swift-ring-builder", builder, "rebalance")
    filters = "\n".join(f"[filter:{name}]\nuse = egg:swift#{name}" for name in _PLAIN_FILTERS)
    (home / "proxy.conf").write_text(
        _PROXY.format(port=ports["proxy"], no_cache=_free_port(), user=user, home=home, filters=filters)
    )
    return ports


def _await(ports: dict[str, int], processes: list[subprocess.Popen[bytes]], home: Path) -> None:
    end = time.monotonic() + _START_SECONDS
    for name, port in ports.items():
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            if time.monotonic() > end or any(process.poll() is not None for process in processes):
                log = (home / f"{name}.log").read_text(errors="replace")[-2000:]
                raise RuntimeError(f"the {name} server of Swift did not start: {log}")
            time.sleep(0.1)


@contextmanager
def s3_server(home: Path) -> Iterator[S3Server]:
    """A running server with nothing in it; `home` is an empty folder on a file system with extended attributes.

    Raises RuntimeError where it does not start, with the end of its log.
    """
    ports = _configure(home)
    environment = _environment() | {"SWIFT_DIR": str(home)}
    processes = []
    try:
        for name in ports:
            with (home / f"{name}.log").open("wb") as log:
                command = [f"swift-{name}-server", str(home / f"{name}.conf"), "-v"]
                processes.append(subprocess.Popen(command, cwd=home, stdout=log, stderr=log, env=environment))
        _await(ports, processes, home)
        yield S3Server(f"http://127.0.0.1:{ports['proxy']}")
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(timeout=10)

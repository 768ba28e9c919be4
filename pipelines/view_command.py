"""`ketenmonitor ui`: the steward's view at the desk, with a night in it and with the daemon that carries out what is
decided there.

An empty home gets its first night before the view opens. The web server goes first; once it answers, the daemon starts,
unless one runs on this home already. Both end with this command.
Here: these processes and what is said of them. Not here: the processes of a deployment (`service_commands.py`).
"""

import argparse
import errno
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipelines.settings import Settings

DONE, WRONG_USE = 0, 2
ReadSettings = Callable[[argparse.Namespace], "Settings"]
#: The daemon says every half minute that it is there.
BEATS_WITHIN = 90.0
_LOOK_FOR_DAEMON = 10.0
_LOOK_SECONDS, _ANSWERS_WITHIN, _STOPS_WITHIN = 0.2, 120.0, 20.0


def add_view_command(commands: Any, settings: ReadSettings) -> None:
    """Adds `ui` to the commands that `ArgumentParser.add_subparsers` gave."""
    words = "open the steward's view (Dagster); an empty home gets its first night before it opens"
    made: argparse.ArgumentParser = commands.add_parser("ui", help=words, description=words)
    made.add_argument("--home", type=Path, help="where state lives (default: KETENMONITOR_HOME, else var/)")
    made.add_argument("--host", default="127.0.0.1")
    made.add_argument("--port", type=int, default=3000)
    made.add_argument("--no-night", action="store_true", help="open an empty home as it is")
    made.add_argument("--no-daemon", action="store_true", help="only look: schedules and sensors stand still")
    made.set_defaults(run=lambda arguments: open_view(arguments, settings(arguments)))


def port_taken(arguments: argparse.Namespace) -> int:
    """Says that the port of a command is taken; the exit code."""
    sys.stderr.write(f"ketenmonitor {arguments.command}: port {arguments.port} is taken; choose another with --port\n")
    return WRONG_USE


def open_view(arguments: argparse.Namespace, settings: "Settings") -> int:
    """Runs the view until it is stopped."""
    from pipelines.instance import prepare

    if _is_taken(arguments.host, arguments.port):
        return port_taken(arguments)
    folder = prepare(settings.home)
    environment = {**os.environ, "DAGSTER_HOME": str(folder), "KETENMONITOR_HOME": str(settings.home)}
    try:
        with _ended_by_signals():
            if not arguments.no_night and not settings.night().fetched.exists():
                _say(f"Nothing was made in {settings.home.name}/ yet: the first night runs now, in a minute or two.")
                _first_night(environment)
            return _serve(arguments, settings, environment)
    except _Stopped:
        _say("")
        return DONE


def _first_night(environment: dict[str, str]) -> None:
    """Whatever it refuses is in the view. Stopped, it gets the time to say so itself."""
    night = [sys.executable, "-m", "pipelines.cli", "nightly"]
    # a session of its own: Ctrl-C reaches it once, and from here
    with _started(night, environment, start_new_session=True) as process:
        try:
            process.wait()
        except _Stopped:
            _say("The first night is stopped. `ketenmonitor nightly --again` goes on from what stands.")
            _end(process, signal.SIGINT)
            raise


def _serve(arguments: argparse.Namespace, settings: "Settings", environment: dict[str, str]) -> int:
    with _running("dagster-webserver", arguments, environment) as web:
        if not _answers(web, arguments):
            return web.wait()
        _say(f"The steward's view is open at http://{_shown(arguments.host)}:{arguments.port}/ (stop with Ctrl-C)")
        if arguments.no_daemon:
            return _until_it_ends(web)
        if _daemon_runs(settings):
            _say("Another daemon runs on this home, or did a minute ago; once it is silent, one starts here.")
        while _daemon_runs(settings):
            try:
                return web.wait(_LOOK_FOR_DAEMON)
            except subprocess.TimeoutExpired:
                continue
        try:
            with _running("dagster-daemon", arguments, environment) as daemon:
                return _until_it_ends(web, daemon)
        finally:
            _forget_daemon(settings.home)


def _say(words: str) -> None:
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


def _is_taken(host: str, port: int) -> bool:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return True
            why = f"{host} port {port} cannot be used: {error.strerror}; choose others with --host and --port"
            raise OSError(why) from error
    return False


def _shown(host: str) -> str:
    """A host as a browser takes it."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - only compared
    return f"[{host}]" if ":" in host else host


class _Stopped(Exception):
    """Somebody ended the command."""


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Leaves the block at Ctrl-C or at the end of a session as well, so that what was started is ended."""

    stopping: list[int] = []

    def stop(number: int, _: object) -> None:
        stopping.append(number)
        # once is enough: what was started is being ended
        if len(stopping) == 1:
            raise _Stopped

    # nohup asks that the end of a session does not count
    ends = [signal.SIGTERM, signal.SIGINT]
    ends += [signal.SIGHUP] if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN else []
    before = {name: signal.signal(name, stop) for name in ends}
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)


@contextmanager
def _running(
    program: str, arguments: argparse.Namespace, environment: dict[str, str]
) -> Iterator["subprocess.Popen[bytes]"]:
    """One of Dagster's programs over our definitions, ended with the block."""
    workspace = Path(__file__).parents[1] / "workspace.yaml"
    # an installed package has no workspace file beside it
    where = ["-w", str(workspace)] if workspace.exists() else ["-m", "pipelines.definitions"]
    path = str(Path(sys.executable).parent / program)
    # what a schedule or a sensor looked at twice a minute is in the view
    quiet = ["--log-level", "warning", "--code-server-log-level", "warning"]
    port = ["-h", arguments.host, "-p", str(arguments.port)]
    command = [path, "run", *where, *quiet] if program == "dagster-daemon" else [path, *where, *port, *quiet]
    process = _started(command, environment)
    try:
        yield process
    finally:
        _end(process, signal.SIGTERM)


def _started(
    command: list[str], environment: dict[str, str], *, start_new_session: bool = False
) -> "subprocess.Popen[bytes]":
    # one that is killed cannot end what it started, and a daemon left alone would go on starting nights
    ends_with_us = _ends_with_its_parent if sys.platform == "linux" else None
    return subprocess.Popen(  # noqa: S603 - our own program
        command,
        env=environment,
        start_new_session=start_new_session,
        preexec_fn=ends_with_us,
    )


def _ends_with_its_parent() -> None:
    import ctypes

    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGTERM)


def _end(process: "subprocess.Popen[bytes]", by: signal.Signals) -> None:
    if process.poll() is None:
        process.send_signal(by)
        try:
            process.wait(_STOPS_WITHIN)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _answers(web: "subprocess.Popen[bytes]", arguments: argparse.Namespace) -> bool:
    host = "127.0.0.1" if arguments.host == "0.0.0.0" else arguments.host  # noqa: S104 - only compared
    end = time.monotonic() + _ANSWERS_WITHIN
    while web.poll() is None and time.monotonic() < end:
        try:
            with socket.create_connection((host, arguments.port), timeout=1):
                return True
        except OSError:
            time.sleep(_LOOK_SECONDS)
    return web.poll() is None


def _until_it_ends(web: "subprocess.Popen[bytes]", daemon: "subprocess.Popen[bytes] | None" = None) -> int:
    while (code := web.poll()) is None:
        if daemon is not None and daemon.poll() is not None:
            _say("The daemon ended: schedules and sensors stand still. Stop and start this command to have it back.")
            daemon = None
        time.sleep(_LOOK_SECONDS)
    return code


def _daemon_runs(settings: "Settings") -> bool:
    """Whether a daemon works on this home already; two would start everything twice."""
    from pipelines.instance import instance

    now = settings.night().started_at.timestamp()
    with instance(settings.home) as opened:
        beats = opened.get_daemon_heartbeats().values()
    return any(abs(now - beat.timestamp) < BEATS_WITHIN for beat in beats)


def _forget_daemon(home: Path) -> None:
    """A daemon that ended with the desk is not one that fell silent."""
    from pipelines.instance import instance

    with instance(home) as opened:
        opened.wipe_daemon_heartbeats()

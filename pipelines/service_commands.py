"""The words of `ketenmonitor service web | daemon | code`: the processes of a deployment, each until it is stopped.

Each makes the instance ready and becomes Dagster's own program, so that a signal ends that program itself. With
`--code` the definitions come from a code server elsewhere; without, the process loads them.
Here: which program with which words. Not here: `ketenmonitor ui`, which is for the desk (`cli.py`).
"""

import argparse
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from pipelines.settings import Settings

ReadSettings = Callable[[argparse.Namespace], "Settings"]
#: As in workspace.yaml: the state of schedules and sensors is kept under this name.
LOCATION = "ketenmonitor"
MODULE = "pipelines.definitions"
ALIVE, NOT_ALIVE = 0, 1
_SECONDS = 10.0


def add_service_commands(commands: Any, settings: ReadSettings) -> None:
    """Adds `service` to the commands that `ArgumentParser.add_subparsers` gave."""
    words = "run one process of a deployment until it is stopped; see deploy/"
    services = commands.add_parser("service", help=words, description=words).add_subparsers(
        dest="service", required=True, metavar="SERVICE"
    )

    def service(name: str, words: str, *, port: int | None = None, code: bool = True) -> None:
        made: argparse.ArgumentParser = services.add_parser(name, help=words, description=words)
        made.add_argument("--home", type=Path, help="where state lives (default: KETENMONITOR_HOME, else var/)")
        if port is not None:
            made.add_argument("--host", default="127.0.0.1", help="where to listen (default: only this machine)")
            made.add_argument("--port", type=int, default=port, help=f"default: {port}")
        if code:
            made.add_argument(
                "--code", metavar="HOST:PORT", help="the code server (default: load the definitions here)"
            )
        made.add_argument("--check", action="store_true", help="only say by the exit code whether it is alive here")
        made.set_defaults(run=lambda arguments: _run(name, arguments, settings))

    service("web", "the steward's view", port=3000)
    service("daemon", "schedules and sensors")
    service("code", "the definitions, for a web server and a daemon elsewhere", port=4000, code=False)


def _run(name: str, arguments: argparse.Namespace, settings: ReadSettings) -> int:
    if arguments.check and name == "web":
        return ALIVE if _answers(f"http://127.0.0.1:{arguments.port}/server_info") else NOT_ALIVE
    found = settings(arguments)
    return _become(alive(name, arguments) if arguments.check else program(name, arguments, found.home), found)


def _answers(url: str) -> bool:
    from urllib.error import URLError
    from urllib.request import urlopen

    try:
        with urlopen(url, timeout=_SECONDS) as answer:  # noqa: S310 - our own server on loopback
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


def alive(name: str, arguments: argparse.Namespace) -> list[str]:
    """The program of Dagster that says by its exit code whether a daemon or a code server is alive."""
    beside = Path(sys.executable).parent
    if name == "daemon":
        return [str(beside / "dagster-daemon"), "liveness-check"]
    return [str(beside / "dagster"), "api", "grpc-health-check", "--port", str(arguments.port)]


def program(name: str, arguments: argparse.Namespace, home: Path) -> list[str]:
    """The program that a service becomes, with its words; the programs stand beside our Python."""
    beside = Path(sys.executable).parent
    if name == "code":
        words = ["code-server", "start", "--module-name", MODULE, "--location-name", LOCATION]
        return [str(beside / "dagster"), *words, "--host", arguments.host, "--port", str(arguments.port)]
    where = _workspace(arguments.code, home)
    if name == "daemon":
        return [str(beside / "dagster-daemon"), "run", *where]
    return [str(beside / "dagster-webserver"), *where, "--host", arguments.host, "--port", str(arguments.port)]


def _workspace(code: str | None, home: Path) -> list[str]:
    """Words that say where the definitions are.

    A code server is named in a file, because only there it gets our name; by its address the state of schedules and
    sensors would be kept under that address.
    """
    from pipelines.settings import SettingsError
    from publish.whole_files import replace_if_changed

    if code is None:
        beside = Path(__file__).parents[1] / "workspace.yaml"
        # an installed package has no workspace file beside it
        return ["--workspace", str(beside)] if beside.exists() else ["--module-name", MODULE]
    host, _, port = code.rpartition(":")
    if not host or not port.isdecimal():
        raise SettingsError(f"--code is {code!r}; expected a machine and a port, such as code:4000")
    written = home / "dagster" / "workspace.yaml"
    server = f"{{host: {json.dumps(host)}, port: {port}, location_name: {LOCATION}}}"
    replace_if_changed(written, f"load_from:\n  - grpc_server: {server}\n".encode())
    return ["--workspace", str(written)]


def _become(command: list[str], settings: "Settings") -> NoReturn:
    from pipelines.instance import prepare

    folder = prepare(settings.home)
    environment = {**os.environ, "DAGSTER_HOME": str(folder), "KETENMONITOR_HOME": str(settings.home)}
    os.execve(command[0], command, environment)  # noqa: S606 - our own program, no shell

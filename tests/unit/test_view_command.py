"""`ketenmonitor ui`: a night in an empty home first, then the web server and the daemon, which end with the command."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import pipelines.view_command as view
from pipelines import cli
from pipelines.instance import instance
from pipelines.settings import Settings
from tests.conftest import free_port

ROOT = Path(__file__).parents[2]


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the command begins, in order, in place of beginning it."""
    order: list[str] = []

    def night(environment: dict[str, str]) -> None:
        assert Path(environment["KETENMONITOR_HOME"]).is_absolute()
        order.append("nightly")

    def serve(arguments: object, settings: Settings, environment: dict[str, str]) -> int:
        del arguments
        assert environment["DAGSTER_HOME"] == str(settings.home / "dagster")
        order.append("view")
        return 0

    monkeypatch.setattr(view, "_first_night", night)
    monkeypatch.setattr(view, "_serve", serve)
    return order


def test_an_empty_home_gets_its_first_night_before_the_view_opens(
    tmp_path: Path, begun: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["ui", "--home", str(tmp_path), "--port", str(free_port())]
    assert cli.main(words) == 0
    assert begun == ["nightly", "view"]
    assert "the first night runs now" in capsys.readouterr().out
    # as the night leaves it
    (tmp_path / "tables" / "sources").mkdir(parents=True)
    (tmp_path / "tables" / "sources" / "fetched.json").write_text("{}")
    assert cli.main(words) == 0
    assert begun == ["nightly", "view", "view"]


def test_an_empty_home_can_be_opened_as_it_is(tmp_path: Path, begun: list[str]) -> None:
    assert cli.main(["ui", "--home", str(tmp_path), "--port", str(free_port()), "--no-night"]) == 0
    assert begun == ["view"]


def _until(true: Callable[[], bool], seconds: float, log: Path) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, log.read_text(encoding="utf-8")
        time.sleep(0.2)


def _of_home(home: Path) -> list[str]:
    """The command lines of all processes that work on a home, by what they were given at their start."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            given, words = (process / "environ").read_bytes(), (process / "cmdline").read_bytes()
        except OSError:
            continue  # it ended meanwhile, or is not ours
        if f"DAGSTER_HOME={home}/dagster".encode() in given.split(b"\0"):
            found.append(words.replace(b"\0", b" ").decode())
    return found


def test_web_server_and_daemon_run_until_the_command_is_stopped_and_leave_nothing_behind(tmp_path: Path) -> None:
    port, log = free_port(), tmp_path / "log"
    command = [sys.executable, "-m", "pipelines.cli", "ui", "--home", str(tmp_path), "--port", str(port), "--no-night"]
    environment = {**os.environ, "KETENMONITOR_OFFLINE": "1", "PYTHONPATH": str(ROOT)}
    with log.open("wb") as said:
        started = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=said, stderr=subprocess.STDOUT)

    def answers() -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/server_info", timeout=2):
                return True
        except OSError:
            return False

    def beats() -> bool:
        with instance(tmp_path) as opened:
            return len(opened.get_daemon_heartbeats()) > 0

    try:
        _until(answers, 90, log)
        _until(beats, 90, log)
        running = " ".join(_of_home(tmp_path))
        assert "dagster-webserver" in running
        assert "dagster-daemon run" in running
        started.send_signal(signal.SIGTERM)
        assert started.wait(60) == 0
    finally:
        started.kill()
    # code servers end by themselves when nobody asks them any more
    _until(lambda: not _of_home(tmp_path), 60, log)
    with instance(tmp_path) as opened:
        assert opened.get_daemon_heartbeats() == {}
    assert f"The steward's view is open at http://127.0.0.1:{port}/" in log.read_text(encoding="utf-8")


def test_a_first_night_that_is_stopped_ends_by_itself_and_leaves_its_report(tmp_path: Path) -> None:
    log = tmp_path / "log"
    words = ["ui", "--home", str(tmp_path / "home"), "--port", str(free_port())]
    environment = {**os.environ, "KETENMONITOR_OFFLINE": "1", "PYTHONPATH": str(ROOT)}
    with log.open("wb") as said:
        started = subprocess.Popen(
            [sys.executable, "-m", "pipelines.cli", *words], cwd=ROOT, env=environment, stdout=said, stderr=said
        )
    try:
        # it is in the midst of its first step
        _until(lambda: (tmp_path / "home" / "archive").is_dir(), 60, log)
        started.send_signal(signal.SIGINT)
        assert started.wait(60) == 0, log.read_text(encoding="utf-8")
    finally:
        started.kill()
    # what Dagster lets watch the output of a run looks every second whether the run is still there
    _until(lambda: not _of_home(tmp_path / "home"), 60, log)
    assert (tmp_path / "home" / "reports" / "latest.html").is_file(), log.read_text(encoding="utf-8")
    assert "The first night is stopped. `ketenmonitor nightly --again`" in log.read_text(encoding="utf-8")


def test_a_daemon_that_was_there_a_moment_ago_is_waited_for_and_then_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    beats = iter([True, True, False])
    programs: list[str] = []

    @contextmanager
    def running(program: str, *_: object) -> Iterator[subprocess.Popen[bytes]]:
        programs.append(program)
        with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1)"]) as process:
            yield process

    monkeypatch.setattr(view, "_daemon_runs", lambda _: next(beats))
    monkeypatch.setattr(view, "_answers", lambda *_: True)
    monkeypatch.setattr(view, "_LOOK_FOR_DAEMON", 0.05)
    monkeypatch.setattr(view, "_running", running)
    assert cli.main(["ui", "--home", str(tmp_path), "--port", str(free_port()), "--no-night"]) == 0
    assert programs == ["dagster-webserver", "dagster-daemon"]
    assert "Another daemon runs on this home" in capsys.readouterr().out


def test_a_host_that_is_not_ours_is_said_before_anything_runs(
    tmp_path: Path, begun: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    # an address of the block for documentation
    assert cli.main(["ui", "--home", str(tmp_path), "--host", "192.0.2.1", "--port", "3000"]) == 2
    assert "192.0.2.1 port 3000 cannot be used" in capsys.readouterr().err
    assert begun == []


def test_a_hangup_that_was_to_be_ignored_is_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with view._ended_by_signals():
            signal.raise_signal(signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize(
    ("host", "shown"), [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("::1", "[::1]"), ("::", "[::1]")]
)
def test_the_address_that_is_said_opens_in_a_browser(host: str, shown: str) -> None:
    assert view._shown(host) == shown


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a process with the one that started it")
def test_what_the_command_started_ends_with_it_also_when_it_is_killed(tmp_path: Path) -> None:
    killed = """
import os, signal
import pipelines.view_command as view
print(view._started(["sleep", "60"], dict(os.environ)).pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", killed], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL
    (tmp_path / "log").write_text(done.stderr)
    left = Path("/proc", done.stdout.strip(), "cmdline")
    # one that ended and that nobody waits for has no words any more
    _until(lambda: not left.exists() or not left.read_bytes(), 10, tmp_path / "log")

"""`ketenmonitor ui`: a night in an empty home first, then the web server and the daemon, which end with the command."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
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

    def night(command: list[str], env: dict[str, str], check: bool) -> None:
        assert not check
        assert command[1:] == ["-m", "pipelines.cli", "nightly"]
        assert Path(env["KETENMONITOR_HOME"]).is_absolute()
        order.append("nightly")

    def serve(arguments: object, settings: Settings, environment: dict[str, str]) -> int:
        del arguments
        assert environment["DAGSTER_HOME"] == str(settings.home / "dagster")
        order.append("view")
        return 0

    monkeypatch.setattr(view.subprocess, "run", night)
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

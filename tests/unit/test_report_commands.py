"""`ketenmonitor report` and `messages`, and what `nightly` says of its report."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

import pipelines.nightly
from pipelines.cli import main
from pipelines.kept_nights import keep
from pipelines.messages.occasions import occasions
from pipelines.morning import outbox_of
from pipelines.nightly import Summary
from publish.night_reading import Addresses
from tests.conftest import free_port
from tests.night_example import A_WEEK_BEFORE, ASKING, QUIET
from tests.servers.smtp import mail_server

EPOCH = "1795397400"  # 2026-11-23T01:30:00Z


@pytest.fixture(autouse=True)
def no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SMTP_URL", "MAIL_FROM", "MAIL_TO", "WEBHOOK_URL", "WEBHOOK_SECRET", "UI_URL", "HOME"):
        monkeypatch.delenv(f"KETENMONITOR_{name}", raising=False)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", EPOCH)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    keep(tmp_path, A_WEEK_BEFORE)
    keep(tmp_path, QUIET)
    return tmp_path


def test_report_says_the_answer_and_where_the_page_is(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "--home", str(home)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "Alles is gegaan zoals het hoort: niets nieuws",
        str(home / "reports/2026-11-23T013000Z.nl.html"),
    ]
    assert main(["report", "--home", str(home), "--language", "en", "--moment", "2026-11-16"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "All went as it should: nothing new",
        str(home / "reports/2026-11-16T013000Z.en.html"),
    ]


def test_report_prints_the_text_or_the_facts(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "--home", str(home), "--text"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "  Naast de nacht van 16 november 2026: geen verschil."
    assert main(["report", "--home", str(home), "--json", "--moment", "2026-11-23T01:30:00Z"]) == 0
    assert json.loads(capsys.readouterr().out)["moment"] == "2026-11-23T01:30:00Z"


@pytest.mark.parametrize("words", [[], ["--moment", "2026-11-01"], ["--moment", "yesterday"]])
def test_a_report_that_is_not_there_is_exit_code_2_with_what_to_do(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", "--home", str(tmp_path), *words]) == 2
    said = capsys.readouterr().err
    assert said.startswith("ketenmonitor report: there is no report ")
    assert "run `ketenmonitor nightly` first, or name another with --moment" in said


def test_messages_lists_what_was_sent_and_what_waits_and_retry_sends_it(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["messages", "--home", str(home)]) == 0
    assert capsys.readouterr().out == (
        "Nothing was to be told yet.\nNo channel is set up: set KETENMONITOR_SMTP_URL or KETENMONITOR_WEBHOOK_URL.\n"
    )
    outbox_of(home).add(occasions(replace(ASKING, received=(), overdue=()), Addresses())[:1])
    monkeypatch.setattr("pipelines.messages.outbox.WAITS", ())
    monkeypatch.setenv("KETENMONITOR_MAIL_FROM", "nacht@example.nl")
    monkeypatch.setenv("KETENMONITOR_MAIL_TO", "steward@example.nl")
    monkeypatch.setenv("KETENMONITOR_SMTP_URL", f"smtp://127.0.0.1:{free_port()}")
    assert main(["messages", "--home", str(home), "--retry"]) == 1
    said = capsys.readouterr().out
    assert "2026-11-23T01:30:00Z  WAITING\n" in said
    assert "  mail:steward@example.nl: the mail server 127.0.0.1 cannot be reached: Connection refused\n" in said
    assert said.endswith("0 sent, 1 waiting\n")
    with mail_server() as played:
        monkeypatch.setenv("KETENMONITOR_SMTP_URL", f"smtp://127.0.0.1:{played.port}")
        assert main(["messages", "--home", str(home), "--retry"]) == 0
        assert "  sent by mail:steward@example.nl\n" in capsys.readouterr().out
        assert main(["messages", "--home", str(home), "--json"]) == 0
    (told,) = json.loads(capsys.readouterr().out)
    assert (told["kind"], told["state"], told["sent"]) == ("release_blocked", "sent", ["mail:steward@example.nl"])
    assert len(played.came_in) == 1


@pytest.mark.parametrize("command", ["nightly", "messages"])
def test_a_wrong_channel_is_exit_code_2_before_anything_runs(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KETENMONITOR_SMTP_URL", "smtp://night:s3cret@mail.example.nl")
    monkeypatch.setenv("KETENMONITOR_MAIL_FROM", "nacht@example.nl")
    monkeypatch.setenv("KETENMONITOR_MAIL_TO", "steward@example.nl")
    assert main([command, "--home", str(tmp_path)]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(f"ketenmonitor {command}: KETENMONITOR_SMTP_URL starts with smtp://")
    assert "s3cret" not in said.err
    assert list(tmp_path.iterdir()) == []


def test_a_night_that_breaks_down_says_so_reports_and_stays_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object) -> Summary:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pipelines.nightly, "run_night", full)
    assert main(["nightly", "--offline", "--home", str(tmp_path)]) == 2
    assert "1 ding vraagt om u: de nacht is vastgelopen\n" in capsys.readouterr().err
    assert main(["report", "--home", str(tmp_path)]) == 0
    assert list((tmp_path / "reports").glob("*.started")) == []


def test_a_report_that_cannot_be_made_hides_nothing_of_the_night(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    summary = Summary("gone", "2026-11-23T01:30:00Z", (), (), (), runs=("gone",), cpu_seconds=1.0)
    monkeypatch.setattr(pipelines.nightly, "run_night", lambda *_: summary)
    assert main(["nightly", "--offline", "--home", str(tmp_path)]) == 1
    said = capsys.readouterr()
    assert "Night of 2026-11-23T01:30:00Z, run gone" in said.out
    assert said.err == (
        "ketenmonitor nightly: the report of this night could not be made: LookupError: "
        "Dagster knows no run gone; nothing to report on\n"
    )

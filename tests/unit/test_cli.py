"""The command line: help for every command, three exit codes, JSON for a program, plain words for a wrong setting."""

from __future__ import annotations

import json
import socket
from dataclasses import replace
from pathlib import Path

import pytest

import pipelines.check
import pipelines.nightly
from pipelines import cli
from pipelines.nightly import DatasetOutcome, Refusal, Summary
from pipelines.settings import SettingsError, read_settings
from tests.release_example import ENV_WASPAC, NEXT_NIGHT, RATE_2017, TONNES_2017, publish

COMMANDS = ("nightly", "fetch", "build", "publish", "check", "verify", "embed", "serve", "ui", "report", "messages")
GOOD = Summary(
    "run-1",
    "2026-11-21T03:00:00Z",
    (DatasetOutcome("electronics", "released", "1.1.0"), DatasetOutcome("packaging", "unchanged", "1.0.0")),
    (),
    ("cei_pc050: the embedded edition; copy 058782a4c780, retrieved 2026-11-21",),
)
REFUSED = Summary(
    "run-2",
    "2026-11-21T03:00:00Z",
    (DatasetOutcome("packaging", "blocked", None, ("sources/cei_pc050",)),),
    (Refusal("sources/cei_pc050", "table cei_pc050: expected SDMX-CSV, found an empty body"),),
)


@pytest.fixture(autouse=True)
def no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOME", "EUROSTAT_URL", "OFFLINE", "USER_AGENT"):
        monkeypatch.delenv(f"KETENMONITOR_{name}", raising=False)
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)


@pytest.mark.parametrize("command", [(), *((name,) for name in COMMANDS)], ids=lambda words: " ".join(words) or "none")
def test_every_command_explains_itself(command: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main([*command, "--help"])
    assert ended.value.code == 0
    said = capsys.readouterr().out
    assert said.startswith(f"usage: {' '.join(('ketenmonitor', *command))} ")
    if not command:
        assert all(name in said for name in COMMANDS)
        assert "Exit codes: 0 done" in said
    else:
        # the view has no outcome to say
        assert "--home" in said and ("--json" in said or command == ("ui",))


@pytest.mark.parametrize("words", [[], ["nigthly"], ["nightly", "--fast"], ["embed"], ["serve", "--port", "http"]])
def test_wrong_use_is_exit_code_2(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(words)
    assert ended.value.code == 2
    assert "usage: ketenmonitor" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["nightly", "fetch", "build", "publish"])
@pytest.mark.parametrize(("summary", "code"), [(GOOD, 0), (REFUSED, 1)], ids=["good", "refused"])
def test_a_night_ends_with_0_or_with_1_when_something_was_refused(
    command: str, summary: Summary, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:  # fmt: skip
    monkeypatch.setattr(pipelines.nightly, "run_night", lambda night, verbose=False: summary)
    monkeypatch.setattr(pipelines.nightly, "run_assets", lambda night, selection, verbose=False: summary)
    assert cli.main([command, "--offline", "--home", str(tmp_path)]) == code
    words = capsys.readouterr().out
    assert cli.main([command, "--offline", "--json", "--home", str(tmp_path)]) == code
    told = json.loads(capsys.readouterr().out)
    assert told["exit_code"] == code
    assert [d["dataset"] for d in told["datasets"]] == [d.dataset for d in summary.datasets]
    if code == 0:
        assert "electronics    released as 1.1.0" in words
        assert "packaging      unchanged, stands at 1.0.0" in words
        assert "cei_pc050: the embedded edition" in words
    else:
        assert "packaging      BLOCKED, no release stands (because of sources/cei_pc050)" in words
        assert "REFUSED sources/cei_pc050\n  table cei_pc050: expected SDMX-CSV, found an empty body" in words
        assert told["refusals"][0]["asset"] == "sources/cei_pc050"


@pytest.mark.parametrize("command", ["nightly", "fetch"])
def test_a_fetch_ends_with_1_where_a_service_sent_what_was_refused_and_with_0_where_it_failed(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    line = "cei_pc050: what the live service sent was refused, and the embedded edition stands in."
    failed = replace(GOOD, sources=("cei_pc050: the embedded edition (the live service failed: no answer in time)",))
    for summary, code in ((replace(failed, refused_bodies=(line,)), 1), (failed, 0)):
        for name in ("run_night", "run_assets"):
            monkeypatch.setattr(pipelines.nightly, name, lambda *_, found=summary: found)
        assert cli.main([command, "--home", str(tmp_path)]) == code
        assert (f"\nREFUSED {line}\n" in capsys.readouterr().out) == bool(code)


def test_the_help_of_fetch_says_which_failures_are_refusals(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["fetch", "--help"])
    said = " ".join(capsys.readouterr().out.split())
    assert "0 done, also where a service is not there or fails and a copy stands in" in said
    assert "1 a service sent what is no table" in said


def test_check_finds_the_contracts_of_this_edition_in_order(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["check", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"problems": []}


def test_check_names_every_problem_and_ends_with_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(pipelines.check, "contract_problems", lambda: ["a.odcs.yaml:3: no name", "geo.csv: twice NL"])
    assert cli.main(["check"]) == 2
    assert capsys.readouterr().out == "a.odcs.yaml:3: no name\ngeo.csv: twice NL\n"


@pytest.mark.parametrize("words", [["verify"], ["verify", "releases"], ["verify", "--json"]])
def test_verify_of_a_home_where_nothing_is_published_says_so(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([*words, "--home", str(tmp_path / "nonexist")]) == 2
    assert "nothing is published here" in capsys.readouterr().err
    (tmp_path / "published/releases").mkdir(parents=True)
    assert cli.main([*words, "--home", str(tmp_path)]) == 2


def test_verify_of_an_archive_that_is_not_there_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["verify", "archive", "--home", str(tmp_path)]) == 2
    assert "nothing is archived here" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["serve", "ui"])
def test_a_port_that_is_taken_is_named(command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "published").mkdir()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert cli.main([command, "--port", str(port), "--home", str(tmp_path)]) == 2
    assert capsys.readouterr().err == (f"ketenmonitor {command}: port {port} is taken; choose another with --port\n")


def test_diff_says_at_its_end_what_is_not_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    publish(tmp_path)
    newer = {**RATE_2017, "value": 77.0}
    publish(tmp_path, newer, TONNES_2017, at=NEXT_NIGHT, sources={**ENV_WASPAC, "vintage": "bbbb"})
    assert cli.main(["diff", "packaging@1.0.0", "packaging", "--home", str(tmp_path)]) == 1
    assert capsys.readouterr().out.splitlines()[-2:] == [
        "source env_waspac: aaaa -> bbbb",
        "Provenance columns (vintage, source edition) and the table sources are not counted.",
    ]
    assert cli.main(["diff", "packaging@", "packaging", "--home", str(tmp_path)]) == 2
    assert "a version after @" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("SOURCE_DATE_EPOCH", "yesterday", "SOURCE_DATE_EPOCH is 'yesterday'; expected seconds since 1970"),
        ("SOURCE_DATE_EPOCH", "9" * 30, "expected seconds since 1970 as a whole number"),
        ("KETENMONITOR_OFFLINE", "maybe", "KETENMONITOR_OFFLINE is 'maybe'; expected 1 (ask no live service) or 0"),
        ("KETENMONITOR_EUROSTAT_URL", "ftp://x", "KETENMONITOR_EUROSTAT_URL is 'ftp://x'; expected an address"),
        ("KETENMONITOR_EUROSTAT_URL", "https://", "expected an address that starts with https://"),
    ],
)
@pytest.mark.parametrize("command", ["nightly", "verify", "serve"])
def test_a_setting_that_cannot_be_used_is_exit_code_2_and_one_plain_sentence(
    name: str, value: str, said: str, command: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setenv(name, value)
    assert cli.main([command, "--home", str(tmp_path)]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith(f"ketenmonitor {command}: ")
    assert said in told.err
    assert told.err.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["serve"], "nothing is published under empty/ yet; run `ketenmonitor nightly` first"),
        (["embed", "nowhere"], "the embedded edition needs these copies: eurostat/cei_pc040/"),
    ],
)
def test_a_command_without_what_it_needs_is_exit_code_2(
    words: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main([*words, "--home", str(tmp_path / "empty")]) == 2
    assert said in capsys.readouterr().err


def test_a_home_that_is_a_file_is_exit_code_2_and_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = tmp_path / "home"
    home.write_text("not a folder", encoding="utf-8")
    assert cli.main(["fetch", "--offline", "--home", str(home)]) == 2
    assert capsys.readouterr().err.startswith("ketenmonitor fetch: [Errno ")


def test_settings_come_from_the_environment_and_an_option_goes_before(tmp_path: Path) -> None:
    found = read_settings(
        {
            "KETENMONITOR_HOME": str(tmp_path),
            "KETENMONITOR_EUROSTAT_URL": "http://127.0.0.1:9/api",
            "SOURCE_DATE_EPOCH": "1795230000",
        }
    )
    night = found.night()
    # date --utc --date=@1795230000
    assert (night.home, night.eurostat_url, night.moment) == (
        tmp_path,
        "http://127.0.0.1:9/api",
        "2026-11-21T03:00:00Z",
    )
    assert read_settings({"KETENMONITOR_OFFLINE": "1"}).eurostat_url is None
    assert read_settings({}).eurostat_url == "https://ec.europa.eu/eurostat/api/dissemination"
    assert read_settings({}).home == Path("var").absolute()
    with pytest.raises(SettingsError):
        read_settings({"KETENMONITOR_OFFLINE": "yes"})


def test_what_was_mended_is_in_the_summary_of_the_night() -> None:
    summary = Summary("run-3", "2026-11-21T03:00:00Z", (), (), (), tuple(f"page {n}" for n in range(12)))
    assert summary.lines()[-2:] == ["  MENDED page 9", "  and 2 more"]
    assert summary.as_json()["mended"][11] == "page 11"

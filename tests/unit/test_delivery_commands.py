"""The commands about deliveries, the sensor of the inbox and the job that decides, as they are used."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from assets.night import Night
from contracts.delivery_contract import delivery_names
from pipelines.cli import main
from pipelines.definitions import build_definitions
from tests.conftest import EPOCH, NIGHT_OF
from tests.delivered_example import TEXTILE, as_csv, counter, declared, good_rows, handed_in

#: Row 42 cannot be read; row 43 disposes of more than was collected, which a steward may know to be right.
IN_PART = [*good_rows(40), declared(90, put_on_market_kg="veel"), declared(91, disposed_kg=90_000.0)]


@pytest.fixture(scope="module")
def handed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("handed")
    return folder / "home", handed_in(counter(folder / "home"), folder, IN_PART).id


@dataclass
class Desk:
    """A home with one file in it, and what the last command said."""

    home: Path
    receipt: str
    capsys: pytest.CaptureFixture[str]
    out: str = ""
    err: str = ""

    def says(self, *arguments: str) -> int:
        code = main([*arguments, "--home", str(self.home)])
        self.out, self.err = self.capsys.readouterr()
        return code

    def told(self, *arguments: str) -> Any:
        assert self.says(*arguments, "--json") == 0, self.err
        return json.loads(self.out)

    def night(self) -> Night:
        return Night(self.home, NIGHT_OF, None, "tests")


@pytest.fixture
def desk(
    handed: tuple[Path, str], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Desk:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", str(EPOCH))
    monkeypatch.setenv("KETENMONITOR_STEWARD", "Ada Beheer")
    return Desk(Path(shutil.copytree(handed[0], tmp_path / "home")), handed[1], capsys)


# ---- deliver and template


def test_deliver_says_what_happened_and_where_the_receipt_lies(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "goed.csv").write_bytes(as_csv(good_rows(41)))
    assert desk.says("deliver", str(tmp_path / "goed.csv"), "--as", TEXTILE) == 0
    lines = desk.out.splitlines()
    assert lines[0] == "Uw bestand is aangenomen: alle 41 rijen zijn overgenomen."
    assert Path(lines[-1].removeprefix("Ontvangstbewijs: ")).is_file()
    assert desk.says("deliver", str(tmp_path / "goed.csv"), "--as", TEXTILE, "--language", "en") == 0
    assert desk.out.startswith("This file was received before: nothing has changed.")


def test_a_file_that_was_refused_before_is_refused_again(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "leeg.csv").write_bytes(b"")
    for outcome in ("refused", "repeated"):
        assert desk.says("deliver", str(tmp_path / "leeg.csv"), "--as", TEXTILE, "--json") == 1
        assert json.loads(desk.out)["outcome"] == outcome


def test_a_decimal_sign_that_is_declared_settles_how_numbers_are_read(desk: Desk, tmp_path: Path) -> None:
    rows = [{name: "1.234" if name.endswith("_kg") else cell for name, cell in declared(1).items()}]
    rows[0]["stock_change_kg"] = "0"
    for name in ("prepared_for_reuse_kg", "reused_in_nl_kg", "recovered_kg", "disposed_kg"):
        rows[0][name] = ""
    (tmp_path / "f.csv").write_bytes(as_csv(rows))
    for sign, kilograms in (("comma", 1234.0), ("point", 1.234)):
        told = desk.told("deliver", str(tmp_path / "f.csv"), "--as", TEXTILE, "--decimal", sign)
        (total,) = [total for total in told["totals"] if total["column"] == "put_on_market_kg"]
        assert (told["outcome"], total["read"]) == ("accepted", kilograms)


def test_template_writes_both_forms_in_the_language_asked(desk: Desk, tmp_path: Path) -> None:
    told = desk.told("template", TEXTILE, "--language", "en", "--to", str(tmp_path / "hier"))
    names = [Path(path).name for path in told["written"]]
    assert names == [f"{TEXTILE}.en.xlsx", f"{TEXTILE}.en.csv"]
    assert all(Path(path).stat().st_size > 100 for path in told["written"])
    assert desk.says("template", "textiel") == 2
    assert "there is no delivery 'textiel'" in desk.err


# ---- deliveries


def test_deliveries_lists_each_with_what_stands_waits_and_is_owed(desk: Desk) -> None:
    told = desk.told("deliveries")
    assert [one["delivery"] for one in told["deliveries"]] == list(delivery_names())
    (textile,) = [one for one in told["deliveries"] if one["delivery"] == TEXTILE]
    assert (textile["stand"], textile["waiting"], textile["overdue"], textile["awaited"]) == (1, 2, [], [])
    assert told["inbox"] == str(desk.home / "inbox")
    assert desk.says("deliveries", TEXTILE) == 0
    assert f"{desk.receipt}  stands" in desk.out
    assert desk.says("deliveries", "textiel") == 2


def test_who_delivered_before_and_did_not_now_is_overdue(desk: Desk, tmp_path: Path) -> None:
    home = tmp_path / "later"
    handed_in(counter(home), tmp_path, good_rows(3, period="2024"))
    desk.home = home
    assert desk.says("deliveries", TEXTILE) == 0
    assert "0 refused rows wait, 1 overdue" in desk.out
    assert "overdue since 2026-07-31: upv_textiel 2025" in desk.out


# ---- quarantine


def test_quarantine_shows_every_fault_with_what_would_be_right(desk: Desk) -> None:
    assert desk.says("quarantine") == 0
    assert "2 refused rows wait, 1 of them can be released; its good rows are used" in desk.out
    assert "row 42, put_on_market_kg: found veel; right: a number, without a unit or text beside it" in desk.out
    (one,) = desk.told("quarantine", desk.receipt)["waiting"]
    assert (one["id"], one["undecided"], one["releasable"], one["used"]) == (desk.receipt, 2, 1, True)
    assert [(fault["row"], fault["column"]) for fault in one["faults"]] == [
        (42, "put_on_market_kg"),
        (43, "collected_kg"),
    ]


def test_quarantine_releases_and_discards_with_a_reason_that_is_kept(desk: Desk) -> None:
    assert desk.says("quarantine", desk.receipt, "--release", "--rows", "43", "--reason", "voorraad") == 0
    assert desk.out == (
        f"1 rows of {desk.receipt}: released by Ada Beheer, because: voorraad. It counts from the next build on.\n"
    )
    told = desk.told("quarantine", desk.receipt, "--discard", "--reason", "onleesbaar", "--by", "Bob")
    assert (told["decision"], told["rows"], told["by"], told["reason"]) == ("discard", [42], "Bob", "onleesbaar")
    assert desk.says("quarantine") == 0
    assert desk.out == "No refused row waits for a decision.\n"
    assert desk.told("deliveries", TEXTILE)["deliveries"][0]["waiting"] == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nergens"], "no refused row of nergens waits"),
        (["nergens", "--withdraw", "--reason", "x"], "there is no receipt 'nergens'"),
        (["--release", "--reason", "x"], "name the receipt"),
        (["{id}", "--release", "--rows", "43"], "give both, in words"),
        (["{id}", "--release", "--rows", "5-"], "rows are '5-'; expected numbers such as 5,8,12-20"),
        (["{id}", "--release", "--rows", "²"], "rows are '²'; expected numbers"),
        (["{id}", "--release", "--rows", "9-3"], "rows are '9-3': the first comes after the last"),
        (["{id}", "--release", "--rows", "1-999999999"], "more than 1000000; leave them out to decide on all"),
        (["{id}", "--release", "--rows", "42", "--reason", "x"], "row 42 of {id} cannot be released"),
    ],
)
def test_a_decision_that_cannot_be_taken_is_code_2_and_changes_nothing(
    arguments: list[str], words: str, desk: Desk
) -> None:
    given = [argument.format(id=desk.receipt) for argument in arguments]
    assert desk.says("quarantine", *given) == 2
    assert words.format(id=desk.receipt) in desk.err
    assert not (desk.home / "deliveries/decisions.jsonl").exists()


def test_who_has_no_name_on_this_machine_is_asked_for_one(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody() -> str:
        raise KeyError("getpwuid(): uid not found: 4711")

    monkeypatch.delenv("KETENMONITOR_STEWARD")
    monkeypatch.setattr("getpass.getuser", nobody)
    assert desk.says("quarantine", desk.receipt, "--withdraw", "--reason", "op verzoek") == 2
    assert "kept with who took it and why" in desk.err


# ---- the sensor and the job


def inbox_file(home: Path, name: str, at: datetime) -> Path:
    path = home / "inbox" / TEXTILE / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(as_csv(good_rows(3)))
    os.utime(path, (at.timestamp(), at.timestamp()))
    return path


def test_the_sensor_starts_one_run_for_what_lies_in_the_inbox_and_none_for_an_empty_one(desk: Desk) -> None:
    sensor = build_definitions(night=desk.night).resolve_sensor_def("inbox")

    def looks() -> dg.RunRequest | dg.SkipReason:
        with dg.DagsterInstance.ephemeral() as instance:
            found = sensor(dg.build_sensor_context(instance=instance))
        assert isinstance(found, dg.RunRequest | dg.SkipReason)
        return found

    assert looks() == dg.SkipReason("De inbox is leeg.")
    file = inbox_file(desk.home, "opgave.csv", datetime(2026, 11, 21, 2, tzinfo=UTC))
    first, again = looks(), looks()
    assert isinstance(first, dg.RunRequest) and first == again  # the same key: Dagster starts it once
    os.utime(file, (1_700_000_000, 1_700_000_000))
    changed = looks()
    assert isinstance(changed, dg.RunRequest) and changed.run_key != first.run_key
    os.utime(file, (NIGHT_OF.timestamp() - 1, NIGHT_OF.timestamp() - 1))
    assert looks() == dg.SkipReason("De inbox is leeg.")  # somebody may still be writing
    file.rename(file.with_name(".opgave.csv"))
    (desk.home / "inbox" / "los.csv").write_bytes(b"x")
    os.utime(desk.home / "inbox" / "los.csv", (1_700_000_000, 1_700_000_000))
    assert looks() == dg.SkipReason("De inbox is leeg.")  # nothing that a run could take in


def decide(desk: Desk, **config: str) -> dg.ExecuteInProcessResult:
    job = build_definitions(night=desk.night).resolve_job_def("decide_quarantine")
    return job.execute_in_process(instance=dg.DagsterInstance.ephemeral(), raise_on_error=False, run_config=config)


def test_the_job_decides_about_refused_rows_and_keeps_who_and_why(desk: Desk) -> None:
    done = decide(desk, receipt=f" {desk.receipt} ", decision="release", rows="43", reason="voorraad", by="Bob")
    assert done.success
    (made,) = desk.night().book.decisions()
    assert (made.decision, made.rows, made.by, made.reason) == ("release", (43,), "Bob", "voorraad")


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"decision": "release", "rows": "42", "reason": "x"}, "cannot be released"),
        ({"decision": "discard", "rows": "alle", "reason": "x"}, "expected numbers such as 5,8,12-20"),
        ({"decision": "discard", "reason": " "}, "give both, in words"),
    ],
)
def test_the_job_refuses_in_words_and_keeps_nothing(config: dict[str, str], words: str, desk: Desk) -> None:
    done = decide(desk, receipt=desk.receipt, **config)
    assert not done.success
    (failure,) = [event for event in done.all_events if event.is_step_failure]
    assert words in str(failure.step_failure_data.user_failure_data.description)
    assert desk.night().book.decisions() == []

"""The life of a delivered file: handed in, taken in once, corrected, decided about, withdrawn; and a run that dies."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from assets.deliveries import inbox as inbox_module
from assets.deliveries import taking_in
from assets.deliveries.book import DecisionRefused
from assets.deliveries.delivered_file import Declared
from assets.deliveries.inbox import prepare_inbox, take_in_all, waiting_files
from assets.deliveries.standing import pins, write_standing
from assets.deliveries.taking_in import Counter, take_in
from assets.sources.archive_check import check_archive
from contracts.delivery_contract import delivery
from pipelines.cli import main
from publish.delivery_template import template_csv, template_xlsx
from publish.receipt import Receipt, read_receipt
from tests.delivered_example import (
    TEXTILE,
    Row,
    as_csv,
    as_package,
    as_parquet,
    as_xlsx,
    counter,
    declared,
    good_rows,
    handed_in,
)

NOW = 1_800_000_000.0
ONE = delivery(TEXTILE)


def standing_producers(at: Counter, tmp_path: Path) -> list[str]:
    """Producers of the rows that stand, as the build reads them."""
    path = tmp_path / "standing.parquet"
    write_standing(at.book, pins(at.book, [TEXTILE]), ONE.contract, path)
    return pq.read_table(path).column("producer").to_pylist()


def stands(at: Counter) -> list[str]:
    return [taken.id for taken, _ in at.book.standing(TEXTILE).values()]


def put(inbox: Path, name: str, body: bytes, age: float = 60.0) -> Path:
    """A file in the inbox that was last written `age` seconds before NOW."""
    path = inbox / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(body)
    os.utime(path, (NOW - age, NOW - age))
    return path


def test_a_filled_template_is_accepted_and_its_example_row_is_not_counted(tmp_path: Path) -> None:
    from openpyxl import load_workbook

    path = tmp_path / "sjabloon.xlsx"
    path.write_bytes(template_xlsx(ONE, "nl"))
    book = load_workbook(path)
    sheet = book[book.sheetnames[0]]
    places = {str(cell.value).removesuffix(" *"): cell.column for cell in sheet[1]}
    for place, row in enumerate(good_rows(4), start=3):
        for column in ONE.contract.columns:
            value = row[column.name]
            sheet.cell(place, places[column.title_nl], "Consumentenkleding" if column.name == "category" else value)
    book.save(path)
    at = counter(tmp_path / "home")
    receipt = take_in(at, path, ONE)
    assert (receipt.outcome, receipt.rows_in, receipt.rows_accepted, receipt.examples_left_out) == ("accepted", 4, 4, 1)
    assert (receipt.deliverer, receipt.period, receipt.form) == ("upv_textiel", "2025", "xlsx")
    filled = template_csv(ONE, "nl") + (
        b"upv_textiel;2025;00000009;;Bedrijfskleding;1234,5;500;0;10;5;400;100;20;30;40\r\n"
    )
    (tmp_path / "sjabloon.csv").write_bytes(filled)
    again = take_in(at, tmp_path / "sjabloon.csv", ONE)
    assert (again.outcome, again.rows_accepted, again.replaces) == ("accepted", 1, receipt.id)
    assert next(total.accepted for total in again.totals if total.column == "put_on_market_kg") == 1234.5


FORMS: dict[str, Callable[[list[Row], Path], Path]] = {
    "csv": lambda rows, folder: put(folder, "f.csv", as_csv(rows)),
    "semicolon": lambda rows, folder: put(folder, "g.csv", as_csv(rows, delimiter=";")),
    "xlsx": lambda rows, folder: as_xlsx(rows, folder / "f.xlsx"),
    "parquet": lambda rows, folder: as_parquet(rows, folder / "f.parquet"),
    "package": lambda rows, folder: as_package(rows, folder / "opgave"),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_same_rows(form: str, tmp_path: Path) -> None:
    path = FORMS[form](good_rows(5), tmp_path)
    at = counter(tmp_path / "home")
    receipt = take_in(at, path, ONE)
    assert (receipt.outcome, receipt.rows_accepted) == ("accepted", 5)
    assert [total.accepted for total in receipt.totals if total.column == "put_on_market_kg"] == [515_000.0]
    assert standing_producers(at, tmp_path) == ["00000001", "00000002", "00000003", "00000004", "00000005"]


def test_the_same_file_twice_is_recognised_and_changes_nothing(tmp_path: Path) -> None:
    at = counter(tmp_path / "home")
    first = handed_in(at, tmp_path, good_rows(3))
    before = sorted((path, path.stat().st_mtime_ns) for path in at.book.root.rglob("*") if path.is_file())
    again = handed_in(at, tmp_path, good_rows(3), "anders.csv", "2026-11-22T03:00:00Z")
    assert (again.outcome, again.id, again.file_name) == ("repeated", first.id, "anders.csv")
    assert (
        again.reason_nl
        == f"Dit bestand is al ontvangen op 2026-11-21 (ontvangstbewijs {first.id}). Er verandert niets."
    )
    assert sorted((path, path.stat().st_mtime_ns) for path in at.book.root.rglob("*") if path.is_file()) == before
    assert stands(at) == [first.id]


def test_a_corrected_file_replaces_the_earlier_one_and_both_stay_in_the_archive(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    at = counter(tmp_path / "home")
    first = handed_in(at, tmp_path, good_rows(3))
    second = handed_in(at, tmp_path, good_rows(4))  # in the same second: the later one counts
    assert (second.replaces, stands(at)) == (first.id, [second.id])
    assert {record.sha256 for record in at.archive.records(f"delivery_{TEXTILE}")} == {first.sha256, second.sha256}
    assert check_archive(at.archive, tmp_path / "home/published").problems == ()
    assert main(["verify", "archive", "--home", str(tmp_path / "home")]) == 0
    # and the first one again: it is known, and who hands it in hears what stands instead
    back = handed_in(at, tmp_path, good_rows(3))
    assert (back.outcome, stands(at)) == ("repeated", [second.id])
    assert f"Nu staat ontvangstbewijs {second.id}" in back.reason_nl
    at.book.decide(second.id, "withdraw", None, reason="vergissing", by="beheer", moment=at.moment)
    assert stands(at) == [first.id]


@pytest.mark.parametrize("seed", range(2))
def test_of_two_files_in_the_inbox_the_one_that_was_written_last_counts(seed: int, tmp_path: Path) -> None:
    at, inbox = counter(tmp_path / "home"), tmp_path / "inbox"
    put(inbox, f"{TEXTILE}/b.csv", as_csv(good_rows(3, market=1000 + seed)), age=60)
    put(inbox, f"{TEXTILE}/a.csv", as_csv(good_rows(4, market=2000 + seed)), age=120)
    receipts, _ = take_in_all(at, inbox, NOW, lambda _: None)
    assert [receipt.file_name for receipt in receipts] == ["a.csv", "b.csv"]
    assert stands(at) == [receipts[1].id]


REFUSED_CORRECTIONS: dict[str, list[Row]] = {
    "as a whole": [{**row, "period": "2031"} for row in good_rows(3)],
    "every row": [declared(number, category="schoenen") for number in range(1, 4)],
    "too many rows": [*good_rows(2), declared(8, category="schoenen")],
}


@pytest.mark.parametrize("how", REFUSED_CORRECTIONS)
def test_a_corrected_file_that_is_refused_leaves_the_earlier_one_standing(how: str, tmp_path: Path) -> None:
    at = counter(tmp_path / "home")
    first = handed_in(at, tmp_path, good_rows(3))
    refused = handed_in(at, tmp_path, REFUSED_CORRECTIONS[how])
    assert (refused.outcome, refused.replaces) == ("refused", None)
    assert stands(at) == [first.id]


def test_above_the_threshold_nothing_is_used_until_the_rows_are_released_or_discarded(tmp_path: Path) -> None:
    at = counter(tmp_path / "home")
    wrong = declared(90, disposed_kg=90_000.0)  # more than was collected: a steward may say that it is right
    receipt = handed_in(at, tmp_path, [*good_rows(3), wrong, declared(91, category="schoenen")])
    assert (receipt.outcome, receipt.rows_accepted, receipt.rows_refused) == ("refused", 3, 2)
    assert "40,0 % van de rijen is afgekeurd; hoogstens 5 % mag" in receipt.reason_nl
    assert stands(at) == []
    at.book.decide(receipt.id, "release", [5], reason="voorraad van 2024", by="beheer", moment=at.moment)
    assert stands(at) == []  # one of five is still open
    at.book.decide(receipt.id, "discard", [6], reason="schoenen horen er niet bij", by="beheer", moment=at.moment)
    assert stands(at) == [receipt.id]
    assert standing_producers(at, tmp_path) == ["00000001", "00000002", "00000003", "00000090"]
    kept = [(d.decision, d.rows, d.reason, d.by, d.moment) for d in at.book.decisions()]
    assert kept == [
        ("release", (5,), "voorraad van 2024", "beheer", "2026-11-21T03:00:00Z"),
        ("discard", (6,), "schoenen horen er niet bij", "beheer", "2026-11-21T03:00:00Z"),
    ]


def test_a_withdrawn_file_counts_no_longer_and_the_one_before_it_does(tmp_path: Path) -> None:
    at = counter(tmp_path / "home")
    first = handed_in(at, tmp_path, good_rows(3))
    second = handed_in(at, tmp_path, good_rows(4))
    for receipt, left in ((second, [first.id]), (first, [])):
        at.book.decide(receipt.id, "withdraw", None, reason="op verzoek", by="beheer", moment=at.moment)
        assert stands(at) == left
    assert "daarna ingetrokken" in handed_in(at, tmp_path, good_rows(3)).reason_nl


#: Row 42 cannot be read; row 43 disposes of more than was collected, which a steward may know to be right.
IN_PART = [*good_rows(40), declared(90, put_on_market_kg="veel"), declared(91, disposed_kg=90_000.0)]


@pytest.fixture(scope="module")
def taken_in_part(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Receipt]:
    folder = tmp_path_factory.mktemp("in_part")
    return folder / "home", handed_in(counter(folder / "home"), folder, IN_PART)


@pytest.fixture
def in_part(taken_in_part: tuple[Path, Receipt], tmp_path: Path) -> tuple[Counter, Receipt]:
    """A home of its own in which a file of 42 rows was taken in, of which two wait."""
    home, receipt = taken_in_part
    return counter(shutil.copytree(home, tmp_path / "home")), receipt


@pytest.mark.parametrize(
    ("deed", "words"),
    [
        (("onbekend", "release", None, "reden", "beheer"), "there is no receipt 'onbekend'"),
        (("*", "release", None, "reden", "beheer"), "there is no receipt '*'"),
        (("../", "withdraw", None, "reden", "beheer"), "there is no receipt '../'"),
        (("", "release", [2], "reden", "beheer"), "row 2 of {id} was not refused"),
        (("", "release", [42], "reden", "beheer"), "row 42 of {id} cannot be released"),
        (("", "discard", [43, 43, 44], "reden", "beheer"), "row 44 of {id} was not refused"),
        (("", "release", [43], "  ", "beheer"), "give both, in words"),
        (("", "release", [43], "reden", ""), "give both, in words"),
        (("", "discard", [], "reden", "beheer"), "no refused row of {id} waits"),
    ],
)
def test_a_decision_that_cannot_be_taken_is_refused_in_words(
    deed: tuple[str, str, list[int] | None, str, str], words: str, in_part: tuple[Counter, Receipt]
) -> None:
    at, receipt = in_part
    assert (receipt.outcome, receipt.rows_refused) == ("accepted_in_part", 2)
    name, kind, rows, reason, by = deed
    with pytest.raises(DecisionRefused) as refusal:
        at.book.decide(name or receipt.id, kind, rows, reason=reason, by=by, moment=at.moment)  # type: ignore[arg-type]
    assert words.format(id=receipt.id) in str(refusal.value)
    assert at.book.decisions() == []


@pytest.mark.parametrize("kind", ["release", "discard", "withdraw", "publish"])
def test_a_decision_stands_and_is_not_taken_twice(kind: str, in_part: tuple[Counter, Receipt]) -> None:
    at, receipt = in_part
    rows = [43] if kind in ("release", "discard") else None
    at.book.decide(receipt.id, kind, rows, reason="reden", by="beheer", moment=at.moment)  # type: ignore[arg-type]
    with pytest.raises(DecisionRefused, match="before"):
        at.book.decide(receipt.id, kind, rows, reason="reden", by="beheer", moment=at.moment)  # type: ignore[arg-type]
    assert len(at.book.decisions()) == 1


def test_a_decision_that_was_broken_off_while_it_was_written_counts_for_nothing(
    in_part: tuple[Counter, Receipt],
) -> None:
    at, receipt = in_part
    at.book.decide(receipt.id, "discard", [42], reason="onleesbaar", by="beheer", moment=at.moment)
    path = at.book.root / "decisions.jsonl"
    path.write_bytes(path.read_bytes() + b'{"id": "half')
    at.book.decide(receipt.id, "release", [43], reason="voorraad", by="beheer", moment=at.moment)
    assert [decision.rows for decision in at.book.decisions()] == [(42,), (43,)]


class Killed(BaseException):
    """The process dies here."""


#: Every step at which the machine may stop: what is called, and the how-manieth call it is.
STEPS = [
    *(("os.replace", call) for call in (1, 3, 5)),
    *(
        (f"taking_in.{name}", 1)
        for name in ("handed_in", "whose_file", "audit_rows", "receipt_of", "receipt_html", "sync_tree", "sync_folder")
    ),
    ("inbox.remove", 1),
]
MANY_AND_ONE_REFUSED = [*good_rows(30), declared(99, disposed_kg=90_000.0)]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Receipt:
    folder = tmp_path_factory.mktemp("undisturbed")
    return handed_in(counter(folder / "home"), folder, MANY_AND_ONE_REFUSED)


@pytest.mark.parametrize(("step", "call"), STEPS)
def test_a_run_that_dies_leaves_the_file_and_no_half_folder_and_the_next_one_finishes(
    step: str, call: int, undisturbed: Receipt, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, inbox = tmp_path / "home", tmp_path / "inbox"
    file = put(inbox, f"{TEXTILE}/opgave.csv", as_csv(MANY_AND_ONE_REFUSED))
    owner, _, name = step.partition(".")
    target = {"os": os, "taking_in": taking_in, "inbox": inbox_module}[owner]
    calls, real = [0], getattr(target, name)

    def dying(*arguments: object, **named: object) -> object:
        calls[0] += 1
        if calls[0] == call:
            raise Killed
        return real(*arguments, **named)

    monkeypatch.setattr(target, name, dying)
    with pytest.raises(Killed):
        take_in_all(counter(home), inbox, NOW, lambda _: None)
    monkeypatch.undo()
    assert file.exists()
    folders = [path for path in (home / "deliveries" / TEXTILE).glob("*") if not path.name.startswith(".")]
    for folder in folders:
        assert (folder / "taken_in.json").exists() and (folder / "ontvangstbewijs.html").exists()
    (again,), left = take_in_all(counter(home), inbox, NOW, lambda _: None)
    assert (left, file.exists()) == ([], False)
    if folders:
        assert again.outcome == "repeated"
    (folder,) = (home / "deliveries" / TEXTILE).iterdir()
    assert read_receipt((folder / "receipt.json").read_bytes()) == undisturbed
    assert check_archive(counter(home).archive, home / "published").problems == ()


def _hand_in(home: Path, folder: Path, number: int) -> None:
    take_in(counter(home), folder / f"{number % 3}.csv", ONE)


def test_two_processes_at_once_take_every_file_in_once(tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / f"{number}.csv").write_bytes(as_csv(good_rows(3 + number)))
    spawn = get_context("fork")
    workers = [spawn.Process(target=_hand_in, args=(tmp_path / "home", tmp_path, number)) for number in range(6)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0] * 6
    at = counter(tmp_path / "home")
    files = at.book.files(TEXTILE)
    assert [taken.number for taken in files] == [1, 2, 3]
    assert len({taken.sha256 for taken in files}) == 3
    assert stands(at) == [files[2].id]


@pytest.mark.parametrize(
    ("name", "age", "taken"),
    [
        ("opgave.csv", 60, True),
        ("opgave.csv", 9, False),  # may still be written to
        ("opgave.csv.part", 60, False),
        ("opgave.tmp", 60, False),
        (".opgave.csv.swp", 60, False),
        ("~$opgave.xlsx", 60, False),
    ],
)
def test_a_file_that_is_still_being_written_waits(name: str, age: float, taken: bool, tmp_path: Path) -> None:
    path = put(tmp_path / "inbox", f"{TEXTILE}/{name}", as_csv(good_rows(3)), age)
    receipts, left = take_in_all(counter(tmp_path / "home"), tmp_path / "inbox", NOW, lambda _: None)
    assert (len(receipts), left, path.exists()) == (int(taken), [], not taken)


def test_a_package_of_which_one_file_is_still_being_written_waits(tmp_path: Path) -> None:
    folder = as_package(good_rows(3), tmp_path / "inbox" / TEXTILE / "opgave")
    for path in (*folder.iterdir(), folder):
        os.utime(path, (NOW - 60, NOW - 60))
    os.utime(folder / "rows.csv", (NOW - 1, NOW - 1))
    assert waiting_files(tmp_path / "inbox", NOW) == []
    os.utime(folder / "rows.csv", (NOW - 60, NOW - 60))
    at = counter(tmp_path / "home")
    (receipt,), _ = take_in_all(at, tmp_path / "inbox", NOW, lambda _: None)
    assert (receipt.outcome, receipt.form, receipt.rows_accepted) == ("accepted", "data package", 3)
    assert not folder.exists()
    (record,) = at.archive.records(f"delivery_{TEXTILE}")
    assert at.archive.read(record).startswith(b"PK")


def test_what_cannot_be_taken_in_is_left_with_a_word_and_the_rest_is_taken_in(tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    prepare_inbox(inbox)
    outside = put(tmp_path, "geheim.csv", as_csv(good_rows(5)))
    put(inbox, "los.csv", b"x")
    put(inbox, "declarations_textiel/opgave.csv", b"x")
    put(inbox, f"{TEXTILE}/map/opgave.csv", b"x")
    os.utime(inbox / TEXTILE / "map", (NOW - 60, NOW - 60))
    (inbox / TEXTILE / "verwijzing.csv").symlink_to(outside)
    (inbox / TEXTILE / "nergens.csv").symlink_to(tmp_path / "nergens")
    os.mkfifo(inbox / TEXTILE / "pijp.csv")
    for name in ("verwijzing.csv", "nergens.csv", "pijp.csv"):
        os.utime(inbox / TEXTILE / name, (NOW - 60, NOW - 60), follow_symlinks=False)
    put(inbox, f"{TEXTILE}/goed.csv", as_csv(good_rows(3)))
    said: list[str] = []
    receipts, left = take_in_all(counter(tmp_path / "home"), inbox, NOW, said.append)
    assert [(receipt.file_name, receipt.outcome) for receipt in receipts] == [("goed.csv", "accepted")]
    words = {found.path.name: found.problem for found in left}
    assert words.keys() == {"los.csv", "opgave.csv", "map", "verwijzing.csv", "nergens.csv", "pijp.csv"}
    assert words["los.csv"] == "put it in the folder of its delivery"
    assert words["opgave.csv"].startswith("there is no delivery 'declarations_textiel'; move it to one of craft_centre")
    assert words["map"] == "it is a folder without datapackage.json; put files here, or a data package"
    assert words["verwijzing.csv"] == words["nergens.csv"]
    assert words["verwijzing.csv"] == "it is a link, and links are not followed; put the file itself here"
    assert words["pijp.csv"] == "it is no file but a pipe or device; put a file here"
    assert all(found.path.is_symlink() or found.path.exists() for found in left)
    assert len(said) == 7


def test_a_link_inside_a_package_does_not_lead_out_of_the_inbox(tmp_path: Path) -> None:
    outside = put(tmp_path, "geheim.csv", as_csv(good_rows(5)))
    folder = as_package(good_rows(3), tmp_path / "opgave")
    (folder / "rows.csv").unlink()
    (folder / "rows.csv").symlink_to(outside)
    at = counter(tmp_path / "home")
    assert take_in(at, folder, ONE).outcome == "refused"
    (record,) = at.archive.records(f"delivery_{TEXTILE}")
    assert b"Producent" not in at.archive.read(record)


def test_the_same_bytes_read_in_another_way_within_a_second_are_another_delivery(tmp_path: Path) -> None:
    at = counter(tmp_path / "home")
    row = {name: "1.234" if name.endswith("_kg") else cell for name, cell in declared(1).items()}
    path = put(tmp_path, "f.csv", as_csv([row]))
    first = take_in(at, path, ONE)
    second = take_in(at, path, ONE, Declared(decimal="comma"))
    assert first.outcome == "refused"
    assert second.id == f"{first.id}-2"


def test_a_file_that_grows_while_it_is_read_is_archived_as_it_was_judged(tmp_path: Path) -> None:
    path = put(tmp_path, "f.csv", as_csv(good_rows(2000)))
    stop = threading.Event()

    def write() -> None:
        number = 5000
        while not stop.is_set():
            with path.open("ab") as handle:
                handle.write(as_csv([declared(number)]).split(b"\n", 1)[1])
            number += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        at = counter(tmp_path / "home")
        receipt = take_in(at, path, ONE)
    finally:
        stop.set()
        writer.join()
    (record,) = at.archive.records(f"delivery_{TEXTILE}")
    assert record.sha256 == receipt.sha256
    assert at.archive.read(record).count(b"\n") - 1 == receipt.rows_in


def test_a_file_name_that_is_no_text_or_steers_a_terminal_is_spelled_out(tmp_path: Path) -> None:
    name = b"opg\xff\x1b[2Jave[1].csv"
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name))
    path.write_bytes(as_csv(good_rows(3)))
    at = counter(tmp_path / "home")
    receipt = take_in(at, path, ONE)
    assert (receipt.outcome, receipt.file_name) == ("accepted", "opg⟨U+DCFF⟩⟨U+001B⟩[2Jave[1].csv")
    assert take_in(at, path, ONE).outcome == "repeated"


@pytest.mark.parametrize("kind", ["file", "folder", "too many files", "a name with a colon"])
def test_what_is_too_large_or_cannot_be_kept_gets_a_receipt_and_is_not_archived(kind: str, tmp_path: Path) -> None:
    at = counter(tmp_path / "home")
    path = put(tmp_path, "groot.csv", as_csv(good_rows(100)))
    if kind != "file":
        path = as_package(good_rows(100), tmp_path / "pakket")
    if kind == "too many files":
        for number in range(200):
            (path / f"{number}.txt").touch()
    elif kind == "a name with a colon":
        (path / "c:boot.ini").write_text("x", encoding="utf-8")
    else:
        at = replace(at, limits=replace(at.limits, file_bytes=5_000))
    receipt = take_in(at, path, ONE)
    assert (receipt.outcome, receipt.rows_in) == ("refused", 0)
    assert "niet gearchiveerd" in receipt.reason_nl and "not archived" in receipt.reason_en
    assert at.archive.records(f"delivery_{TEXTILE}") == []
    assert take_in(at, path, ONE).outcome == "repeated"

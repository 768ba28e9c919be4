"""Two editions of a total: a change that would give a participant away waits, until more come or it may show."""

from __future__ import annotations

import csv
import io
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from assets.deliveries.delivered_source import Delivered, delivered_source
from assets.deliveries.taking_in import take_in
from assets.night import Night
from contracts.delivery_contract import delivery
from publish.receipt import Receipt
from tests.delivered_example import TEXTILE, Row, as_csv, declared, good_rows

SAID = ("deliverer", "period", "producer", "producer_name", "category", "put_on_market_kg")
MARKET = ("put_on_market", "consumer_clothing")


class Office:
    """A home to which files are handed in, day after day, and of which the totals are made."""

    def __init__(self, home: Path) -> None:
        self.home, self.day = home, 0

    def night(self) -> Night:
        return Night(self.home, datetime(2026, 11, 1 + self.day, 3, tzinfo=UTC), None, "tests")

    def hands_in(self, rows: list[Row], name: str = TEXTILE) -> Receipt:
        self.day += 1
        path = self.home.parent / f"{self.day}.csv"
        # one measure will do: what is tested is the difference of two editions
        bare = [{column: cell for column, cell in row.items() if column in SAID} for row in rows]
        path.write_bytes(as_csv(bare, delivery(name).contract.column_names))
        receipt = take_in(self.night().counter(), path, delivery(name))
        assert receipt.outcome == "accepted", receipt.reason_en
        return receipt

    def decides(self, receipt: Receipt, kind: str) -> None:
        self.day += 1
        book = self.night().book
        book.decide(receipt.id, kind, None, reason="afgesproken", by="beheer", moment=self.night().moment)  # type: ignore[arg-type]

    def totals(self, source: str = "delivered_textile", names: tuple[str, ...] = (TEXTILE,)) -> Delivered:
        night = self.night()
        night.tables.root.joinpath("sources").mkdir(parents=True, exist_ok=True)
        return delivered_source(night, source, names)

    def shown(self, of: Delivered, cell: tuple[str, str] = MARKET, source: str = "delivered_textile") -> str:
        """The value of a cell in the edition that stands."""
        assert of.standing.fact("copy") is not None
        archive = self.night().archive
        body = archive.read(archive.record(source, str(of.standing.fact("copy")))).decode()
        (row,) = [r for r in csv.DictReader(io.StringIO(body)) if (r["measure"], r["subgroup"]) == cell]
        return row["value"] or row["conf_status"]


@pytest.fixture(scope="module")
def first_edition(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Receipt, str]:
    """A home in which ten producers declared and their totals were made: the receipt, and the sha256 of the table."""
    office = Office(tmp_path_factory.mktemp("first") / "home")
    receipt = office.hands_in(good_rows(10))
    made = office.totals()
    # 10 x 100 t and 1 + ... + 10 t
    assert office.shown(made) == "1055"
    return office.home, receipt, made.standing.sha256


@pytest.fixture
def office(first_edition: tuple[Path, Receipt, str], tmp_path: Path) -> Office:
    """A home of its own with the first edition."""
    made = Office(shutil.copytree(first_edition[0], tmp_path / "home"))
    made.day = 1
    return made


def corrected(rows: list[Row], count: int) -> list[Row]:
    """The first `count` producers put 10 % more on the market than they said before."""
    return [declared(n + 1, market=111_000.0 + n) if n < count else row for n, row in enumerate(rows)]


@pytest.mark.parametrize(
    ("second", "held", "value"),
    [
        (good_rows(10), False, "1055"),
        (corrected(good_rows(10), 1), True, "1055"),  # the difference is one producer's correction
        (corrected(good_rows(10), 2), True, "1055"),
        (corrected(good_rows(10), 8), False, "1107.028"),
        (good_rows(11), True, "1055"),  # the difference is all of one producer
        (good_rows(9), True, "1055"),
        (good_rows(19), False, "2090"),
    ],
    ids=["the same", "one corrected", "two corrected", "many corrected", "one added", "one gone", "many added"],
)
def test_a_change_shows_only_where_it_tells_of_enough_participants(
    second: list[Row], held: bool, value: str, office: Office
) -> None:
    office.hands_in([{**row, "producer_name": "verbeterd"} for row in second])
    found = office.totals()
    assert (bool(found.held), office.shown(found)) == (held, value)
    if held:
        (words,) = found.held
        assert words.startswith("declarations_textile 2025: de nieuwste bestanden tellen nog niet mee")
        assert "(put_on_market, consumer_clothing)" in words and "--publish" in words
        assert "0000000" not in words  # it names no participant


def test_a_change_that_waited_shows_when_enough_others_come(office: Office) -> None:
    office.hands_in(corrected(good_rows(10), 1))
    assert office.totals().held
    office.hands_in(corrected(good_rows(10), 8))
    found = office.totals()
    assert (found.held, office.shown(found)) == ((), "1107.028")


def test_a_decision_lets_a_change_show_and_no_later_one(office: Office) -> None:
    second = office.hands_in(corrected(good_rows(10), 1))
    assert office.totals().held
    office.decides(second, "publish")
    found = office.totals()
    assert (found.held, office.shown(found)) == ((), "1065")
    office.hands_in(corrected(good_rows(10), 2))
    found = office.totals()
    assert (bool(found.held), office.shown(found)) == (True, "1065")


def test_a_decision_about_one_deliverer_does_not_let_a_change_of_another_show(office: Office) -> None:
    def furniture(deliverer: str, first: int, more: float = 0.0) -> list[Row]:
        rows = [declared(first + n, "kitchen", 100_000.0 + n + (0 if n else more)) for n in range(6)]
        return [{**row, "deliverer": deliverer} for row in rows]

    name, cell, source = "declarations_furniture", ("put_on_market", "kitchen_furniture"), "delivered_furniture"
    a, b = delivery(name).deliverers[:2]
    office.hands_in(furniture(a, 1), name)
    office.hands_in(furniture(b, 100), name)
    before = office.shown(office.totals(source, (name,)), cell, source)
    agreed = office.hands_in(furniture(a, 1, 5_000.0), name)
    office.decides(agreed, "publish")
    found = office.totals(source, (name,))
    after = office.shown(found, cell, source)
    assert (found.held, float(after)) == ((), float(before) + 5)
    office.hands_in(furniture(b, 100, 7_000.0), name)
    found = office.totals(source, (name,))
    assert (bool(found.held), office.shown(found, cell, source)) == (True, after)


def test_a_withdrawal_brings_the_edition_before_back_and_the_last_one_leaves_an_empty_table(
    office: Office, first_edition: tuple[Path, Receipt, str]
) -> None:
    second = office.hands_in(corrected(good_rows(10), 8))
    assert office.shown(office.totals()) == "1107.028"
    office.decides(second, "withdraw")
    assert office.shown(office.totals()) == "1055"  # the first file stands again, and eight producers changed
    office.decides(first_edition[1], "withdraw")
    found = office.totals()
    assert (found.held, found.standing.rows) == ((), 0)  # a table that is gone tells of nobody


def test_going_back_and_forth_is_held_against_every_edition_that_was_shown(office: Office) -> None:
    many = office.hands_in(corrected(good_rows(10), 8))
    office.totals()
    office.decides(many, "withdraw")
    assert office.shown(office.totals()) == "1055"
    # nine of ten against what stands, and one of ten against what stood in between
    office.hands_in([*corrected(good_rows(10), 8)[:8], declared(9, market=150_000.0), good_rows(10)[9]])
    found = office.totals()
    assert (bool(found.held), office.shown(found)) == (True, "1055")


def test_an_unchanged_night_makes_nothing_anew(
    office: Office, first_edition: tuple[Path, Receipt, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("assets.deliveries.delivered_source.totals_csv", lambda *_: pytest.fail("made again"))
    office.day += 1
    again = office.totals()
    assert (again.unchanged, again.standing.sha256) == (True, first_edition[2])


def test_a_copy_that_was_damaged_is_made_again(office: Office) -> None:
    (copy,) = [path for path in (office.home / "archive/delivered_textile").iterdir() if not path.suffix]
    copy.write_bytes(b"weg")
    office.hands_in(corrected(good_rows(10), 1))
    found = office.totals()
    assert (bool(found.held), office.shown(found)) == (True, "1055")


def test_the_copy_is_dated_by_the_delivery_and_not_by_the_night(office: Office) -> None:
    office.day = 20
    found = office.totals()
    record = office.night().archive.record("delivered_textile", str(found.standing.fact("copy")))
    assert (record.retrieved_at, record.origin) == ("2026-11-02T03:00:00Z", "delivery")

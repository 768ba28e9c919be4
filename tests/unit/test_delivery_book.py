"""The book of deliveries: what is owed, what is used, what waits, and that forms, commands and book agree."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest

from assets.deliveries.book import WORDS, Book, Settled, TakenIn, Verdict
from assets.deliveries.owed import owed, period_before
from assets.deliveries.quarantine import waiting
from contracts.delivery_contract import delivery, delivery_names
from pipelines.decision_forms import CHOOSE, Quarantine
from tests.delivered_example import TEXTILE, counter, declared, good_rows, handed_in

TAKEN = TakenIn(
    "r", TEXTILE, "0" * 64, 1, "f.csv", "2026-11-21T03:00:00Z", "upv_textiel", "2025", 105, 90, 10, 5, False, 0.05,
    "1.0.0", "x", 1,
)  # fmt: skip
NOTHING = Settled(frozenset(), frozenset(), False)


@pytest.mark.parametrize(
    ("period", "before"),
    [("2025", "2024"), ("2025-Q1", "2024-Q4"), ("2025-Q3", "2025-Q2"), ("2025-01", "2024-12"), ("2025-12", "2025-11")],
)
def test_the_period_before(period: str, before: str) -> None:
    assert period_before(period) == before


@pytest.mark.parametrize(
    ("taken", "settled", "used"),
    [
        (TAKEN, NOTHING, False),  # 10 of 100 rows wait, 5 % may
        (replace(TAKEN, rows_refused=5, rows_in=100), NOTHING, True),  # 5 of 95 is 5.3 %, but see below
        (TAKEN, Settled(frozenset(range(5)), frozenset(), False), True),
        (TAKEN, Settled(frozenset(), frozenset(range(5)), False), True),
        (TAKEN, Settled(frozenset(range(2)), frozenset(range(2, 4)), False), False),
        (TAKEN, Settled(frozenset(), frozenset(range(10)), True), False),
        (replace(TAKEN, stopped=True), Settled(frozenset(), frozenset(range(10)), False), False),
        (replace(TAKEN, rows_accepted=0, rows_refused=100), Settled(frozenset(), frozenset(range(100)), False), False),
        (replace(TAKEN, rows_accepted=0, rows_refused=100), Settled(frozenset(range(100)), frozenset(), False), True),
    ],
    ids=["above", "below", "released", "discarded", "too few", "withdrawn", "stopped", "nothing left", "all released"],
)
def test_a_file_is_used_when_few_enough_refused_rows_wait(
    taken: TakenIn, settled: Settled, used: bool, tmp_path: Path
) -> None:
    if taken.rows_refused == 5:
        taken = replace(taken, rows_in=105, rows_accepted=95)
    assert Book(tmp_path).is_used(taken, settled) is used


@pytest.mark.parametrize(
    ("today", "periods"),
    [
        ("2026-07-30", ["2024"]),  # the deadline of 2025 is 31 July
        ("2026-07-31", ["2025"]),
        ("2026-12-31", ["2025"]),
        ("2027-02-28", ["2025"]),
    ],
)
def test_what_is_owed_are_the_periods_whose_deadline_passed_in_the_last_year(
    today: str, periods: list[str], tmp_path: Path
) -> None:
    found = owed(Book(tmp_path), [TEXTILE], today)
    assert [(item.deliverer, item.period, item.received, item.overdue) for item in found] == [
        ("upv_textiel", period, None, False) for period in periods
    ]


def test_who_never_delivered_is_awaited_who_did_is_overdue_and_who_delivered_owes_nothing(tmp_path: Path) -> None:
    at = counter(tmp_path / "home")
    handed_in(at, tmp_path, good_rows(3, period="2024"))
    (item,) = owed(at.book, [TEXTILE], "2026-11-21")
    assert (item.period, item.deadline, item.overdue) == ("2025", "2026-07-31", True)
    receipt = handed_in(at, tmp_path, good_rows(3))
    (item,) = owed(at.book, [TEXTILE], "2026-11-21")
    assert (item.received, item.overdue) == (receipt.id, False)


@pytest.mark.parametrize("name", delivery_names())
def test_every_deliverer_of_every_contract_owes_each_period_once_a_year(name: str, tmp_path: Path) -> None:
    found = owed(Book(tmp_path), [name], "2026-12-31")
    parts = {"year": 1, "quarter": 4, "month": 12}[delivery(name).period_form]
    assert len(found) == parts * len(delivery(name).deliverers)


def test_a_file_that_was_replaced_waits_for_nobody(tmp_path: Path) -> None:
    at = counter(tmp_path / "home")
    wrong = [*good_rows(3), declared(9, category="schoenen")]
    first = handed_in(at, tmp_path, wrong)
    assert [item.taken.id for item in waiting(at.book, (TEXTILE,))] == [first.id]
    second = handed_in(at, tmp_path, [*good_rows(4), declared(9, category="schoenen")])
    assert [item.taken.id for item in waiting(at.book, (TEXTILE,))] == [second.id]
    # of two files the one that stands waits as well, where the newer one is not used
    at.book.decide(first.id, "discard", [5], reason="schoenen", by="beheer", moment=at.moment)
    third = handed_in(at, tmp_path, [*good_rows(30), declared(9, category="schoenen")])
    assert third.outcome == "accepted_in_part"
    handed_in(at, tmp_path, wrong[1:])
    found = [item.taken.id for item in waiting(at.book, (TEXTILE,))]
    assert (found[0], len(found)) == (third.id, 2)


def test_a_file_that_was_withdrawn_waits_no_longer_and_the_one_before_it_does(tmp_path: Path) -> None:
    at = counter(tmp_path / "home")
    first, second = (handed_in(at, tmp_path, [*good_rows(n), declared(9, category="schoenen")]) for n in (3, 4))
    at.book.decide(second.id, "withdraw", None, reason="op verzoek", by="beheer", moment=at.moment)
    assert [item.taken.id for item in waiting(at.book, (TEXTILE,))] == [first.id]


def test_the_form_the_command_and_the_book_know_the_same_decisions() -> None:
    assert {choice.value for choice in Quarantine} - {CHOOSE} == set(get_args(Verdict)) == set(WORDS)

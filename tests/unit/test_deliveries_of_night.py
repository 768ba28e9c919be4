"""What the report of a night says of a delivery of which rows were refused, before and after a steward decided."""

from __future__ import annotations

from pathlib import Path

from assets.deliveries.taking_in import take_in
from contracts.delivery_contract import delivery
from pipelines.deliveries_of_night import received_since
from publish.delivery_asks import delivery_lines
from publish.night_asks import asks
from publish.night_facts import NightFacts
from tests.conftest import night
from tests.delivered_example import TEXTILE, as_csv, counter, declared


def test_a_file_whose_refused_rows_were_decided_about_asks_for_nobody_any_more(tmp_path: Path) -> None:
    at, path = counter(tmp_path), tmp_path / "opgave.csv"
    path.write_bytes(as_csv([*(declared(number) for number in range(1, 40)), {**declared(40), "disposed_kg": -1.5}]))
    receipt = take_in(at, path, delivery(TEXTILE))
    assert (receipt.outcome, receipt.rows_refused) == ("accepted_in_part", 1)

    def facts() -> NightFacts:
        received = received_since(night(at.book.root.parent), "")
        return NightFacts("2026-11-21T03:00:00Z", "", "", 1.0, (), "done", received=received)

    assert [ask.title for ask in asks(facts(), "nl")] == [
        "De levering «Opgaven van producenten: textiel» is deels geweigerd"
    ]
    at.book.decide(receipt.id, "discard", None, reason="Bestaat niet.", by="A. Steward", moment=at.moment)
    assert asks(facts(), "nl") == ()
    (line,) = delivery_lines(facts(), "nl")
    assert line.endswith("39 rijen aangenomen, 1 geweigerd, waarover is besloten.")

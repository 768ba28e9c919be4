"""Generated deliveries with known faults: every row has one outcome, and the sums of every column add up."""

from __future__ import annotations

import random
from collections import Counter as Tally
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow.parquet as pq
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from assets.deliveries.quarantine import rules_of_refused
from assets.deliveries.taking_in import take_in
from contracts.delivery_contract import delivery
from tests.delivered_example import TEXTILE, Row, as_csv, as_xlsx, counter, declared

WEIGHTS = [name for name in declared(1) if name.endswith("_kg")]
#: Fault -> what it does to a good row, and the rule that must refuse it.
FAULTS: dict[str, tuple[Row, str]] = {
    "no_such_category": ({"category": "schoenen"}, "category__codelist"),
    "no_category": ({"category": ""}, "category__required"),
    "no_kilograms": (
        {name: "" for name in WEIGHTS if name != "stock_change_kg"},
        "put_on_market_kg__something_declared",
    ),
    "no_number": ({"collected_kg": "veel"}, "collected_kg__type"),
    "below_zero": ({"disposed_kg": -1.5}, "disposed_kg__minimum"),
    "mass_balance": ({"disposed_kg": 9e9}, "collected_kg__mass_balance"),
    "runs_as_formula": ({"producer_name": "=1+1"}, "runs_as_formula"),
}
#: Faults of a cell that cannot be read: nobody knows what was handed in, so that such a row repeats none.
UNREAD = {"runs_as_formula"}


@st.composite
def deliveries(draw: st.DrawFn) -> tuple[list[tuple[Row, str]], int, bool]:
    """Rows, each with its fault ("" for none), how many of them repeat another, and whether it is a workbook."""
    good = draw(st.integers(1, 40))
    faults = draw(st.lists(st.sampled_from(sorted(FAULTS)), max_size=12))
    rows = [
        ({**declared(number, market=draw(st.integers(1, 10**9)) / 4), **(FAULTS[fault][0] if fault else {})}, fault)
        for number, fault in enumerate(["" for _ in range(good)] + faults, start=1)
    ]
    mixed = random.Random(draw(st.integers(0, 10**6)))
    again = mixed.choices(rows, k=draw(st.integers(0, 6)))
    rows += again
    mixed.shuffle(rows)
    return rows, sum(fault not in UNREAD for _, fault in again), draw(st.booleans())


def by_themselves(rows: list[tuple[Row, str]]) -> list[tuple[int, Row, str]]:
    """The rows that repeat none before them, with their place."""
    placed = [(number, row, fault) for number, (row, fault) in enumerate(rows)]
    return [(at, row, fault) for at, row, fault in placed if fault in UNREAD or (row, fault) not in rows[:at]]


# shrinking hands in a hundred files more to make a short example of what is a table of rows already
@settings(
    max_examples=8,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.too_slow],
)
@given(deliveries())
@example(([(declared(1), ""), *[({**declared(2), **FAULTS["runs_as_formula"][0]}, "runs_as_formula")] * 2], 0, True))
@example(([(declared(1), ""), *[({**declared(2), **FAULTS["runs_as_formula"][0]}, "runs_as_formula")] * 2], 0, False))
def test_every_row_has_the_outcome_that_it_was_made_for(made: tuple[list[tuple[Row, str]], int, bool]) -> None:
    rows, repeats, workbook = made
    with TemporaryDirectory() as folder:
        at = counter(Path(folder) / "home")
        path = Path(folder) / "opgave"
        if workbook:
            as_xlsx([row for row, _ in rows], path)
        else:
            path.write_bytes(as_csv([row for row, _ in rows]))
        receipt = take_in(at, path, delivery(TEXTILE))
        alone = by_themselves(rows)
        faulty = Tally(fault for _, _, fault in alone)
        good = faulty.pop("", 0)
        assert (receipt.rows_in, receipt.rows_accepted, receipt.rows_refused, receipt.exact_duplicates) == (
            len(rows), good, sum(faulty.values()), repeats,
        )  # fmt: skip
        for total in receipt.totals:
            sums = [Decimal(str(part)) for part in (total.accepted, total.refused, total.duplicates)]
            assert Decimal(str(total.read)) == sum(sums), total.column
        accepted = {total.column: total.accepted for total in receipt.totals}
        stands = [float(str(row["put_on_market_kg"])) for _, row, fault in alone if not fault]
        assert accepted.get("put_on_market_kg", 0.0) == sum(stands)
        place = at.book.root / TEXTILE / receipt.id
        refused_by = rules_of_refused(place)
        found = Tally(
            key.removeprefix(f"{TEXTILE}__").removeprefix("row__") for keys in refused_by.values() for key in keys
        )
        wanted = {FAULTS[fault][1]: count for fault, count in faulty.items()}
        if workbook and "runs_as_formula" in wanted:  # there it is one
            wanted["formula_cell"] = wanted.pop("runs_as_formula")
        if shared := sum(rows.count((row, fault)) > 1 for _, row, fault in alone if fault in UNREAD):
            wanted["key__unique"] = shared
        assert wanted == dict(found)
        assert pq.read_metadata(place / "accepted.parquet").num_rows == good
        # every refused row, by the line or sheet row at which it stands
        assert set(refused_by) == {at + 2 for at, _, fault in alone if fault}

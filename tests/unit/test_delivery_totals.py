"""What is published of deliveries: sums, what is withheld of them, and an attack on the CSV as it is archived."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from assets.deliveries import totals as totals_module
from assets.deliveries.standing import pins
from assets.deliveries.taking_in import Counter, take_in
from assets.deliveries.totals import totals_csv
from contracts.delivered_figures import Figure, figures_of, subgroup_parents, subgroups_by_code
from contracts.delivery_contract import delivery
from tests.delivered_example import TEXTILE, Parts, Row, as_csv, counter, declared, good_rows, handed_in
from tests.disclosure_attacker import Rules
from tests.linked_attacker import Cell, Learned, Structure, learned

CHAINS = {
    "declarations_textile": "textile",
    "declarations_electronics": "electronics",
    "declarations_packaging": "packaging",
}
DESTINATIONS = ("prepared_for_reuse_kg", "recycled_kg", "recovered_kg", "disposed_kg")


def some_declarations(name: str, seed: int) -> list[Row]:
    """From a handful of producers to thirty, of very different sizes; a third accounts for every kilogram."""
    chance = np.random.default_rng(seed)
    one = delivery(name)
    categories = sorted(subgroups_by_code(one, "category"))
    rows = []
    for producer in range(int(chance.integers(4, 30))):
        size = float(np.exp(chance.normal(10, 1.5)))
        for category in chance.choice(categories, size=min(len(categories), int(chance.integers(1, 4))), replace=False):
            collected = float(chance.uniform(0, 0.8))
            shares = chance.dirichlet([0.5, 1.5, 0.7, 0.4, 0.6])
            if chance.random() < 0.3:
                shares = np.append(shares[:4] / shares[:4].sum(), 0)
            shares[chance.integers(4)] *= chance.integers(2)
            reused, recycled, recovered, disposed = (float(share) * collected for share in shares[:4])
            part = [float(chance.choice([0.0, 0.3, 1.0])) for _ in range(3)]
            parts = Parts(
                collected, reused, reused * part[0], recycled, recycled * part[1], recovered, disposed,
                collected * part[2],
            )  # fmt: skip
            row = declared(producer, str(category), size * float(chance.uniform(0.2, 2)), parts=parts)
            # rounded to grams, the parts may be a gram more than the whole
            whole = max(float(str(row["collected_kg"])), sum(float(str(row[name])) for name in DESTINATIONS) + 0.001)
            rows.append({**row, "collected_kg": round(whole, 3), "deliverer": one.deliverers[0]})
    return rows


def figures(name: str) -> dict[str, Figure]:
    """Delivered column -> the figure of it, of the chain table of the delivery."""
    return {figure.column: figure for figure in figures_of(name) if figure.chain_table == CHAINS[name]}


def structure(name: str, subgroups: set[str]) -> Structure:
    """What the contract says that hangs together."""
    wholes: dict[tuple[str, str], list[str]] = defaultdict(list)
    by_column = figures(name)
    for figure in by_column.values():
        if figure.part_of in by_column:
            wholes[by_column[figure.part_of].measure, figure.apart or figure.column].append(figure.measure)
    parents = {}
    for code in subgroups:
        while parent := subgroup_parents().get(code, ""):
            parents[code], code = parent, parent
    return Structure(parents, [(whole, tuple(parts)) for (whole, _), parts in wholes.items()])


def attack(at: Counter, name: str, rows: list[Row], insiders: int) -> list[Learned]:
    """What the public and the largest participants of each cell learn from the archived CSV."""
    body = totals_csv(at.book, pins(at.book, [name]), CHAINS[name])
    published: dict[Cell, float] = {}
    withheld: list[Cell] = []
    for row in csv.DictReader(io.StringIO(body.decode())):
        cell = (row["measure"], row["subgroup"])
        assert (row["conf_status"] == "C") == (row["value"] == "")
        if row["conf_status"] == "F":
            published[cell] = float(row["value"])
        else:
            withheld.append(cell)
    codes = subgroups_by_code(delivery(name), "category")
    given: dict[str, dict[Cell, float]] = defaultdict(lambda: defaultdict(float))
    for row in rows:
        for column, figure in figures(name).items():
            tonnes = float(str(row[column])) * figure.scale
            given[str(row["producer"])][figure.measure, codes[str(row["category"])]] += tonnes
    rules = delivery(name).disclosure
    assert rules is not None
    subgroups = {subgroup for _, subgroup in [*published, *withheld]}
    return learned(
        given,
        structure(name, subgroups),
        Rules(rules.minimum_respondents, rules.dominance, rules.p_percent, rules.safety_percent),
        published,
        withheld,
        insiders,
    )


def book_with(name: str, rows: list[Row], folder: Path) -> Counter:
    at = counter(folder / "home")
    path = folder / "opgave.csv"
    columns = delivery(name).contract.column_names
    path.write_bytes(as_csv(rows, columns))
    receipt = take_in(at, path, delivery(name))
    assert (receipt.outcome, receipt.rows_accepted) == ("accepted", len(rows)), receipt.reason_en
    return at


@pytest.mark.parametrize(
    ("name", "seed"), [(TEXTILE, 6), ("declarations_electronics", 1), ("declarations_packaging", 2)]
)
def test_nobody_learns_a_withheld_figure_from_the_published_totals(name: str, seed: int, tmp_path: Path) -> None:
    rows = some_declarations(name, seed)
    assert attack(book_with(name, rows, tmp_path), name, rows, insiders=2) == []


def test_without_protecting_measures_together_the_attacker_wins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = some_declarations(TEXTILE, 6)
    at = book_with(TEXTILE, rows, tmp_path)
    monkeypatch.setattr(totals_module, "withheld_together", lambda given, figures, rules, withheld: withheld)
    assert attack(at, TEXTILE, rows, insiders=0) != []


def rows_of(at: Counter, measure: str) -> dict[str, tuple[str, str]]:
    """Subgroup -> value and status in the archived CSV."""
    body = totals_csv(at.book, pins(at.book, [TEXTILE]), "textile").decode()
    rows = csv.DictReader(io.StringIO(body))
    return {row["subgroup"]: (row["value"], row["conf_status"]) for row in rows if row["measure"] == measure}


def test_totals_are_the_sums_in_tonnes_over_producers_with_their_margin(tmp_path: Path) -> None:
    rows = [
        declared(n, category, 100_000.5 + n) for category in ("consumer_clothing", "work_wear") for n in range(1, 7)
    ]
    at = book_with(TEXTILE, rows, tmp_path)
    # 6 x 100,000.5 kg + 1 + 2 + ... + 6 kg
    assert rows_of(at, "put_on_market") == {
        "consumer_clothing": ("600.024", "F"),
        "work_wear": ("600.024", "F"),
        "total": ("1200.048", "F"),
    }


def test_a_figure_of_two_producers_is_empty_and_never_zero(tmp_path: Path) -> None:
    rows = [*good_rows(8), declared(1, "work_wear"), declared(2, "work_wear", 50_000)]
    at = book_with(TEXTILE, rows, tmp_path)
    found = rows_of(at, "put_on_market")
    assert found["work_wear"] == ("", "C")
    assert [status for _, status in found.values()].count("C") == 2  # or the margin would give it away
    body = totals_csv(at.book, pins(at.book, [TEXTILE]), "textile")
    assert b"Producent" not in body and b"0000000" not in body


def test_the_order_of_rows_and_the_form_of_the_file_leave_no_trace_in_the_bytes(tmp_path: Path) -> None:
    rows = good_rows(6)
    bodies = set()
    for number, order in enumerate((rows, rows[::-1])):
        (tmp_path / str(number)).mkdir()
        at = book_with(TEXTILE, order, tmp_path / str(number))
        bodies.add(totals_csv(at.book, pins(at.book, [TEXTILE]), "textile"))
    assert len(bodies) == 1


def test_without_deliveries_there_is_a_header_and_nothing_else(tmp_path: Path) -> None:
    at = counter(tmp_path / "home")
    assert totals_csv(at.book, (), "textile").decode().count("\n") == 1


def test_a_year_of_which_a_deliverer_handed_in_some_quarters_is_no_figure(tmp_path: Path) -> None:
    from assets.deliveries.contributions import whole_years
    from assets.deliveries.standing import Pin

    one = replace(delivery(TEXTILE), period_form="quarter")

    def quarters(deliverer: str, numbers: range) -> list[Pin]:
        return [Pin(TEXTILE, deliverer, f"2025-Q{number}", f"{deliverer}{number}", ()) for number in numbers]

    assert whole_years([*quarters("a", range(1, 5)), *quarters("b", range(1, 4))], one) == set()
    assert whole_years([*quarters("a", range(1, 5)), *quarters("b", range(1, 5))], one) == {2025}


def test_parts_that_are_more_than_their_whole_are_added_up_and_protected_too(tmp_path: Path) -> None:
    rows = good_rows(9)
    for row in rows:  # the stock shrank by what was collected, and all of that was disposed of too
        row["disposed_kg"] = row["collected_kg"]
        row["stock_change_kg"] = -float(str(row["collected_kg"]))
    at = counter(tmp_path / "home")
    receipt = handed_in(at, tmp_path, rows)
    assert (receipt.outcome, receipt.rows_refused) == ("accepted", 0)
    # 9 x 24 % of 100,000 kg and of 1,000 + ... + 9,000 kg
    assert rows_of(at, "recycled")["total"] == ("226.8", "F")

"""Counted rows, and sums over the same rows: what returns of municipalities and agreements add up to.

Here: figures whose column is empty, and conditions on rows. Not here: sums that are protected, nor the indicators.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from assets.deliveries.book import Book
from assets.deliveries.contributions import contributions
from assets.deliveries.standing import pins
from assets.deliveries.taking_in import Counter, take_in
from assets.deliveries.totals import totals
from assets.sources.archive import Archive
from contracts import delivered_figures
from contracts.delivery_contract import delivery

MUNICIPAL, AGREEMENTS = "municipal_returns", "governance_agreement_status"
RETURNS = """
deliverer,period,municipality,inhabitants,fte_ce,budget_ce_eur,budget_structural_eur,household_waste_kg,bulky_kg,bulky_residual_kg
vng,2025,GM0344,60000,1.5,180000,75000,,,
vng,2025,GM0014,20000,0.9,20000,,9000000,1600000,400000
vng,2025,GM0363,90000,1,100000,0,40000000,7200000,
vng,2025,GM0599,30000,,,,13000000,2400000,600000
""".lstrip()
STATUS = """deliverer,period,agreement,status,reports
vro,2025,roadmap_concrete,done,yes
vro,2025,roadmap_steel,started,no
vro,2025,roadmap_gypsum,started,
"""
OTHERS = """deliverer,period,agreement,status,reports
ienw,2025,space_1,started,yes
"""


@pytest.fixture
def counter(tmp_path: Path) -> Counter:
    return Counter(Archive(tmp_path / "archive"), Book(tmp_path / "deliveries"), "2026-06-01T08:00:00Z")


def handed_in(counter: Counter, folder: Path, name: str, bodies: Sequence[str]) -> None:
    for number, body in enumerate(bodies):
        path = folder / f"{number}.csv"
        path.write_text(body, encoding="utf-8")
        receipt = take_in(counter, path, delivery(name))
        assert (receipt.outcome, receipt.rows_refused) == ("accepted", 0), receipt


def added_up(counter: Counter, name: str, chain_table: str) -> dict[tuple[str, str], float]:
    """Measure and unit -> total of 2025."""
    rows = totals(counter.book, pins(counter.book, [name]), name, chain_table)
    assert set(rows["year"]) == {2025}
    return {(row["measure"], row["unit"]): row["value"] for row in rows.to_dict("records")}


def test_municipalities_are_counted_and_the_whole_is_over_those_that_filled_in_the_part(
    counter: Counter, tmp_path: Path
) -> None:
    handed_in(counter, tmp_path, MUNICIPAL, [RETURNS])
    found = added_up(counter, MUNICIPAL, "municipal")
    expected = {
        ("reporting_municipalities", "count"): 4,
        ("reporting_municipalities_fte", "count"): 3,
        # 0.9 is below 1, 1 itself is not
        ("reporting_municipalities_fte_below_1", "count"): 1,
        ("reporting_fte", "fte"): 3.4,
        # the 20,000 without a structural part stays out of the whole; a structural part of nothing counts
        ("reporting_budget", "eur"): 300_000,
        ("reporting_budget_split", "eur"): 280_000,
        ("reporting_budget_structural", "eur"): 75_000,
        ("reporting_municipalities_budget", "count"): 2,
    }
    assert {key: found[key] for key in expected} == expected


def test_bulky_waste_is_over_the_inhabitants_of_the_municipalities_that_reported_it(
    counter: Counter, tmp_path: Path
) -> None:
    handed_in(counter, tmp_path, MUNICIPAL, [RETURNS])
    assert added_up(counter, MUNICIPAL, "furniture") == {
        ("reporting_bulky_waste", "t"): 11_200,
        ("reporting_population_bulky", "persons"): 140_000,
        ("reporting_municipalities_bulky", "count"): 3,
        ("reporting_bulky_waste_split", "t"): 4_000,
        ("reporting_bulky_residual_waste", "t"): 1_000,
        ("reporting_municipalities_bulky_split", "count"): 2,
    }


@pytest.mark.parametrize(
    ("bodies", "expected"),
    [
        ([STATUS, OTHERS], {("roadmaps_reporting", "count"): 1}),
        # none of the chains reports: that is a zero
        ([STATUS.replace("done,yes", "done,no")], {("roadmaps_reporting", "count"): 0}),
    ],
)
def test_chains_that_report_are_counted_among_the_roadmaps(
    counter: Counter, tmp_path: Path, bodies: Sequence[str], expected: dict[tuple[str, str], float]
) -> None:
    handed_in(counter, tmp_path, AGREEMENTS, bodies)
    assert added_up(counter, AGREEMENTS, "construction") == expected


def test_without_a_roadmap_there_is_nothing_to_count(counter: Counter, tmp_path: Path) -> None:
    handed_in(counter, tmp_path, AGREEMENTS, [OTHERS])
    assert contributions(counter.book, pins(counter.book, [AGREEMENTS]), AGREEMENTS, "construction").empty


def test_a_condition_for_counted_rows_on_a_column_that_is_added_up_is_refused() -> None:
    raw = {
        "column": "fte_ce", "measure": "reporting_fte", "unit": "fte", "scale": 1, "decimals": 1, "subgroup": "total",
        "scope_version": "declared", "definition_version": "municipal_return", "below": {"fte_ce": 1},
    }  # fmt: skip
    with pytest.raises(ValueError, match="fte_ce is added up; `counting` and `below` are for counted rows"):
        delivered_figures.figure_of(delivery(MUNICIPAL), raw)
    with pytest.raises(ValueError, match="the table has no column 'staff'"):
        delivered_figures.figure_of(delivery(MUNICIPAL), raw | {"column": "", "below": {"staff": 1}})

"""Which cells are unsafe by themselves: the examples of the Handbook on Statistical Disclosure Control (2nd ed. 2024,
chapter 4.2), and cells worked out by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from assets.formulas.disclosure_primary import primary
from contracts.delivery_contract import Disclosure

NEVER = 1e-9  # a p % or a safety margin that asks nothing


def rules(
    minimum: int = 2, dominance: tuple[tuple[int, float], ...] = (), p: float = NEVER, safety: float = NEVER
) -> Disclosure:
    return Disclosure("producer", minimum, dominance, p, safety)


def one_cell(*values: float) -> pd.DataFrame:
    producers = [f"p{place}" for place in range(len(values))]
    return pd.DataFrame({"category": "c", "producer": producers, "value": [float(value) for value in values]})


EXAMPLE_1 = (50_000, 49_000, 500, 500)
EXAMPLE_2 = (52_000, 50_000, 2_000, 2_000, 2_000, 2_000)


@pytest.mark.parametrize(
    ("values", "by", "why", "protection"),
    [
        # example 1 of the handbook: safe by (1,90), although the second knows the first to within 2 %
        (EXAMPLE_1, rules(dominance=((1, 0.9),)), "", 0.0),
        (EXAMPLE_1, rules(p=10), "p_percent", 4_000.0),  # 10 % of 50,000 - 1,000
        # example 2: safe at p = 10, because 8,000 is more than 5,200; unsafe by the (2, k) that should match it
        (EXAMPLE_2, rules(p=10), "", 0.0),
        (EXAMPLE_2, rules(dominance=((2, 0.9),)), "dominance", 102_000 / 0.9 - 110_000),  # 3,333.33
        # one that declares alone: everything applies, the largest level counts
        ((90,), rules(3, ((1, 0.75), (2, 0.9)), 10, 20), "few", 30.0),  # 90 / 0.75 - 90, above 18, 10 and 9
        ((60, 40), rules(3, ((1, 0.75), (2, 0.9)), 10, 20), "few", 20.0),  # 20 % of 100, above 11.1 and 6
        ((60, 40), rules(3, (), NEVER, 5), "few", 5.0),
        # exactly at the limit is safe: "more than" the share, "less than" the percentage, "fewer than" the minimum
        ((75, 15, 10), rules(3, ((1, 0.75), (2, 0.9)), 10, 20), "", 0.0),
        ((76, 14, 10), rules(3, ((1, 0.75), (2, 0.95)), 10, 1), "dominance", 76 / 0.75 - 100),  # 1.33
        ((100, 50, 10), rules(3, (), 10, 20), "", 0.0),
        ((100, 50, 9), rules(3, (), 10, 20), "p_percent", 31.8),  # 20 % of 159, above 10 - 9
        # who declares 0 hides nobody
        ((60, 40, 0), rules(3, (), NEVER, 10), "few", 10.0),
        # all that declare, declare 0: known, and nothing to hide it with
        ((0,), rules(3, ((1, 0.75),), 10, 20), "", 0.0),
        ((0, 0, 0), rules(3, ((1, 0.75),), 10, 20), "", 0.0),
    ],
)
def test_a_cell_is_unsafe_by_the_first_rule_that_applies_and_protected_by_the_most_that_any_asks(
    values: tuple[float, ...], by: Disclosure, why: str, protection: float
) -> None:
    (cell,) = primary(one_cell(*values), ["category"], by).to_dict("records")
    assert (cell["why"], cell["unsafe"]) == (why, why != "")
    assert cell["protection"] == pytest.approx(protection, abs=1e-6)


def test_a_cell_has_its_sum_its_two_largest_and_the_number_that_gave_more_than_nothing() -> None:
    found = primary(
        pd.DataFrame(
            {
                "year": [2026, 2025, 2025, 2025],
                "category": ["coat", "coat", "coat", "coat"],
                "producer": ["a", "a", "b", "c"],
                "value": [7.0, 1.0, 5.0, 0.0],
            }
        ),
        ["year", "category"],
        rules(3),
    )
    assert found[["year", "value", "respondents", "largest", "second"]].to_numpy().tolist() == [
        [2025.0, 6.0, 2.0, 5.0, 1.0],
        [2026.0, 7.0, 1.0, 7.0, 0.0],
    ]


def test_a_table_without_contributions_has_no_cells() -> None:
    assert primary(one_cell(), ["category"], rules()).shape[0] == 0


def test_an_unsafe_cell_is_never_without_protection() -> None:
    sizes = np.geomspace(0.001, 1e9, 7)
    for size in sizes:
        (cell,) = primary(one_cell(size), ["category"], rules(safety=1)).to_dict("records")
        assert cell["unsafe"] and cell["protection"] >= 0.01 * size, size

"""The audit of a pattern of withheld cells: the interval of the handbook, and proofs that are checked."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from assets.formulas.disclosure_attack import DOWN, PUBLIC, UP, AdditiveTable, Alternative, Exposure, exposed, farthest


def test_the_feasibility_interval_of_the_handbook() -> None:
    """Example 3 (Geurts 1992, table 10): rows 7 and 3, columns 6 and 4: the first cell lies between 3 and 6."""
    value = np.array([5.0, 2.0, 1.0, 2.0])  # X11 X12 X21 X22
    sums = sparse.csc_matrix(np.array([[1.0, 1, 0, 0], [0, 0, 1, 1], [1, 0, 1, 0], [0, 1, 0, 1]]))
    table = AdditiveTable(value, np.ones(4), np.zeros(4, dtype=bool), sums, sparse.csc_matrix(np.diag(value)), 0.2)
    hidden = np.ones(4, dtype=bool)
    assert 5 + farthest(table, hidden, 0, PUBLIC, UP, 100.0).amount == pytest.approx(6.0)
    assert 5 + farthest(table, hidden, 0, PUBLIC, DOWN, 100.0).amount == pytest.approx(3.0)


X, Y, Z, TOTAL = range(4)


@pytest.mark.parametrize(
    ("where", "change", "proof"),
    [
        ([X, Y], [20.0, -20.0], True),
        ([X, Y], [20.0, -19.0], False),  # does not add up
        ([X, Z], [20.0, -20.0], False),  # Z is published
        ([X, TOTAL], [20.0, 20.0], False),  # so is the total
        ([X, Y], [10.0, -10.0], False),  # not far enough
        ([X, Y], [200.0, -200.0], False),  # less than nothing
        ([X], [0.0], False),
    ],
)
def test_the_audit_believes_no_proof_that_it_has_not_checked(
    monkeypatch: pytest.MonkeyPatch, where: list[int], change: list[float], proof: bool
) -> None:
    asked = []

    def solver(*arguments: object) -> Alternative:
        asked.append(arguments[2:5])
        return farthest(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr("assets.formulas.disclosure_attack.farthest", solver)
    value = np.array([100.0, 150.0, 50.0, 300.0])
    given = sparse.csc_matrix(np.array([[40.0, 0, 0, 40], [60, 50, 0, 110], [0, 50, 0, 50], [0, 50, 50, 100]]))
    sums = sparse.csc_matrix([[-1.0, -1, -1, 1]])
    table = AdditiveTable(value, np.array([20.0, 0, 0, 0]), np.zeros(4, dtype=bool), sums, given, 0.2)
    offered = Alternative(X, np.array(where), np.array(change))
    withheld = np.array([True, True, False, False])
    assert exposed(table, withheld, [offered]) == []
    assert ((X, PUBLIC, UP) in asked) is not proof
    assert exposed(table, np.array([True, False, False, False]), [offered]) == [
        Exposure(X, PUBLIC, UP, 20.0, 0.0),
        Exposure(X, PUBLIC, DOWN, 20.0, 0.0),
    ]

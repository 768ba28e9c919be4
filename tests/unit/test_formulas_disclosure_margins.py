"""Margins of a table of sums, what must add up, and declarations that are refused."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import pytest

from assets.formulas.disclosure_margins import Margins, equations, with_margins
from tests.disclosure_attacker import frame

FLAT = {"x": "T", "y": "T", "z": "T", "w": "T"}


def test_contributions_are_added_up_for_every_parent_of_every_dimension() -> None:
    rows = frame([("A", ("a1", "m"), 2.0), ("A", ("a1", "m"), 1.0), ("B", ("c", "m"), 4.0)], 2)
    found = with_margins(rows, Margins({"d0": {"a1": "a", "a": "T", "c": "T"}, "d1": {"m": "S"}}), "producer")
    assert sorted(found.itertuples(index=False, name=None)) == [
        ("T", "S", "A", 3.0), ("T", "S", "B", 4.0), ("T", "m", "A", 3.0), ("T", "m", "B", 4.0),
        ("a", "S", "A", 3.0), ("a", "m", "A", 3.0), ("a1", "S", "A", 3.0), ("a1", "m", "A", 3.0),
        ("c", "S", "B", 4.0), ("c", "m", "B", 4.0),
    ]  # fmt: skip


def test_a_parent_equals_its_parts_that_somebody_reported_on() -> None:
    cells = pd.DataFrame({"d0": ["T", "a", "a1", "a2", "c"]})
    parents = {"a": "T", "c": "T", "d": "T", "a1": "a", "a2": "a"}
    assert equations(cells, Margins({"d0": parents})).toarray().tolist() == [[1, -1, 0, 0, -1], [0, 1, -1, -1, 0]]


ROWS = frame([("A", ("x",), 1.0), ("B", ("y",), 2.0)], 1)


@pytest.mark.parametrize(
    ("rows", "parents", "message"),
    [
        (ROWS.drop(columns="value"), FLAT, "contributions have no column 'value'"),
        (ROWS.assign(value=[1.0, -2.0]), FLAT, "row 1, column 'value': -2.0 is no finite number of 0 or more"),
        (ROWS.assign(value=[np.inf, 1.0]), FLAT, "row 0, column 'value': inf is no finite number"),
        (ROWS.assign(value=[np.nan, 1.0]), FLAT, "row 0, column 'value': nan is empty"),
        (ROWS.assign(value=["much", "1"]), FLAT, "column 'value': not all are numbers"),
        (ROWS.assign(producer=[None, "B"]), FLAT, "row 0, column 'producer': .* is empty"),
        (ROWS.assign(d0=["x", "v"]), FLAT, "row 1, column 'd0': v is not in the hierarchy"),
        (ROWS.assign(d0=["x", "T"]), FLAT, "row 1, column 'd0': T is a parent"),
        (ROWS, {"x": "y", "y": "z", "z": "x"}, "the hierarchy runs in a circle"),
    ],
)
def test_wrong_input_is_refused_by_row_and_column(rows: pd.DataFrame, parents: Mapping[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        with_margins(rows, Margins({"d0": parents}), "producer")

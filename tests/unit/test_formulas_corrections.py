"""A declared correction is applied once, marked, and fails when the source has mended itself."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from assets.formulas.corrections import CELL, StaleCorrection, corrected

ROW: dict[str, Any] = {
    "chain_table": "packaging", "measure": "recycled", "subgroup": "total", "geo": "NL", "year": 2013, "unit": "t",
    "scope_version": "one_way", "source": "packaging_nl", "value": 1909000.0, "flags": "u", "obs_status": "U",
    "confidence": "secondary",
}  # fmt: skip
CORRECTION: dict[str, Any] = {
    **{name: ROW[name] for name in CELL},
    "correction_id": "example", "found": 1909000, "becomes": 1982000, "reason_nl": "a", "reason_en": "b",
    "declared_on": "2026-11-21",
}  # fmt: skip


def test_a_correction_changes_its_one_row_and_marks_it() -> None:
    rows = corrected(pd.DataFrame([ROW, ROW | {"year": 2014}]), [CORRECTION])
    assert rows["value"].tolist() == [1982000.0, 1909000.0]
    assert rows["flags"].tolist() == ["eu", "u"]
    assert rows["confidence"].tolist() == ["computed", "secondary"]


@pytest.mark.parametrize(
    ("case", "rows", "correction", "words"),
    [
        ("the source mended itself", [ROW | {"value": 1982000.0}], CORRECTION, "found 1.982e"),
        ("the row is gone", [ROW | {"year": 2014}], CORRECTION, "expected one row, found 0"),
        ("no expectation", [ROW], {k: v for k, v in CORRECTION.items() if k != "found"}, "found is missing"),
    ],
)
def test_a_correction_that_no_longer_applies_fails(
    case: str, rows: list[dict[str, Any]], correction: dict[str, Any], words: str
) -> None:
    with pytest.raises(StaleCorrection) as failure:
        corrected(pd.DataFrame(rows), [correction])
    assert words in str(failure.value), case


def test_without_corrections_nothing_changes() -> None:
    frame = pd.DataFrame([ROW])
    assert corrected(frame, []).equals(frame)

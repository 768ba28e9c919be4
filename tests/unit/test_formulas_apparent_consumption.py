"""Apparent consumption needs all three parts, is never negative, and says when trade passes through."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from assets.formulas.apparent_consumption import apparent_consumption

ROW: dict[str, Any] = {
    "chain_table": "furniture", "measure": "production_sold", "subgroup": "total", "geo": "NL", "year": 2024,
    "value": 100.0, "unit": "t", "decimals": 0, "obs_status": "A", "flags": "", "conf_status": "F",
    "origin": "published", "definition_version": "as_described", "scope_version": "all", "known_break": None,
    "source": "prodcom", "source_edition": None, "vintage": "0" * 12, "confidence": "primary",
}  # fmt: skip


def observed(**values: float) -> pd.DataFrame:
    rows = [
        ROW | {"measure": name, "value": value, "source": "prodcom" if name == "production_sold" else "comext"}
        for name, value in values.items()
    ]
    frame = pd.DataFrame(rows)
    for column in ("known_break", "source_edition"):
        frame[column] = frame[column].astype("str")
    return frame


@pytest.mark.parametrize(
    ("case", "values", "found"),
    [
        ("all three", {"production_sold": 100.0, "imports": 80.0, "exports": 30.0}, [(150.0, "", "A")]),
        ("no exports known", {"production_sold": 100.0, "imports": 80.0}, []),
        ("more out than in", {"production_sold": 10.0, "imports": 80.0, "exports": 100.0}, [(None, "", "O")]),
        ("half passes through", {"production_sold": 100.0, "imports": 80.0, "exports": 30.0, "re_exports": 15.0},
            [(150.0, "", "A")]),
        ("most passes through", {"production_sold": 100.0, "imports": 80.0, "exports": 30.0, "re_exports": 20.0},
            [(150.0, "u", "U")]),
    ],
)  # fmt: skip
def test_consumption_is_what_is_made_and_bought_less_what_leaves(
    case: str, values: dict[str, float], found: list[tuple[float | None, str, str]]
) -> None:
    made = apparent_consumption(
        observed(**values), chain_table="furniture", indicator="furniture_apparent_consumption_t"
    )
    rows = [
        (None if pd.isna(row["value"]) else row["value"], row["flags"], row["obs_status"])
        for row in made.to_dict("records")
    ]
    assert rows == found, case

"""Trends, anomalies and the headline of a chain table, from generated indicators."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from assets.chain_tables.derived import HEADLINE_COLUMNS, anomalies, headline, trends
from assets.formulas.targets import progress

INDICATOR: dict[str, Any] = {
    "chain_table": "packaging", "indicator": "pack_recycling_rate", "subgroup": "total", "geo": "NL", "year": 2022,
    "value": 75.2, "value_rounded": 75.2, "unit": "percent", "decimals": 1, "obs_status": "A", "flags": "",
    "conf_status": "F", "origin": "published", "method": "as_published", "numerator": None, "denominator": None,
    "definition_version": "decision_2019_665", "scope_version": "all", "known_break": None, "source": "cei_wm020",
    "source_edition": None, "vintage": "0" * 12, "confidence": "primary",
}  # fmt: skip
TARGET: dict[str, Any] = {
    "target_id": "now", "chain_table": "packaging", "indicator": "pack_recycling_rate", "subgroup": "total",
    "level": "EU", "instrument": "Regulation", "article": "52", "year_from": 2020, "year_to": 2024,
    "comparator": "at_least", "value": 70.0, "unit": "percent", "denominator": "generated", "status": "in_force",
    "confidence": "primary", "note_nl": None, "note_en": None,
}  # fmt: skip


def table(base: dict[str, Any], *rows: dict[str, Any]) -> pd.DataFrame:
    frame = pd.DataFrame([base | row for row in rows])
    for column in frame.columns:
        if frame[column].dtype == object:
            frame[column] = frame[column].astype("str")
    return frame.astype({"year_to": "Int64"}) if "year_to" in frame else frame


def made(indicators: pd.DataFrame, targets: pd.DataFrame) -> pd.DataFrame:
    judged = progress(indicators, targets)
    return headline(indicators, targets, judged, trends(indicators, targets, "packaging", {}), {})


@pytest.mark.parametrize(
    ("case", "targets", "chosen", "verdict"),
    [
        ("the one in force goes before the next", [{}, {"target_id": "next", "year_from": 2025}], "now", "met"),
        ("the next where none is in force", [{"target_id": "next", "year_from": 2025, "value": 80.0, "year_to": 2029},
            {"target_id": "later", "year_from": 2030, "value": 85.0, "year_to": None}], "next", "not_yet_at_target"),
        ("a lapsed one never counts", [{"status": "lapsed"}, {"target_id": "next", "year_from": 2025}],
            "next", "already_at_target"),
    ],
)  # fmt: skip
def test_the_headline_holds_the_latest_value_against_the_target_that_applies_now(
    case: str, targets: list[dict[str, Any]], chosen: str, verdict: str
) -> None:
    (row,) = made(table(INDICATOR, {}, {"year": 2021, "value": 60.0}), table(TARGET, *targets)).to_dict("records")
    assert (row["target_id"], row["verdict"], row["year"], row["value"]) == (chosen, verdict, 2022, 75.2), case


def test_an_indicator_without_a_target_has_a_row_with_no_target() -> None:
    other = {"indicator": "pack_waste_kg_hab", "unit": "kg_per_inhabitant", "value": 168.78, "decimals": 2}
    rows = made(table(INDICATOR, {}, other), table(TARGET, {}))
    assert list(rows.columns) == list(HEADLINE_COLUMNS)
    assert rows.set_index("indicator")["level"].to_dict() == {"pack_recycling_rate": "EU", "pack_waste_kg_hab": "none"}
    alone = rows.loc[rows["level"] == "none"].iloc[0]
    assert alone["value_rounded"] == 168.78
    assert pd.isna(alone["target_id"])


def test_both_levels_stand_side_by_side_and_other_countries_stay_out() -> None:
    rows = made(
        table(INDICATOR, {}, {"geo": "BE", "value": 80.0}),
        table(TARGET, {}, {"target_id": "dutch", "level": "NL", "value": 76.0}),
    )
    assert rows[["geo", "level", "verdict"]].values.tolist() == [["NL", "EU", "met"], ["NL", "NL", "not_met"]]


def test_a_trend_is_not_made_towards_a_lapsed_target() -> None:
    rows = trends(table(INDICATOR, {}), table(TARGET, {"status": "lapsed"}), "packaging", {})
    assert len(rows) == 0


def test_a_repeated_amount_is_found_and_says_so_in_two_languages() -> None:
    # NL recycled and prepared for re-use: 139,367 t in 2017 and in 2018 (Eurostat env_waselee)
    amount = {**INDICATOR, "measure": "recycled_and_prepared_for_reuse", "unit": "t", "decimals": 0, "value": 139367.0}
    observed = table(amount, {"year": 2017}, {"year": 2018}, {"year": 2018, "geo": "BE"}, {"year": 2017, "geo": "BE"})
    (row,) = anomalies(observed, table(INDICATOR, {})).to_dict("records")
    assert (row["series"], row["geo"], row["year"], row["kind"]) == (
        "recycled_and_prepared_for_reuse", "NL", 2018, "repeated_value",
    )  # fmt: skip
    assert "139.367" in row["note_nl"]
    assert "139,367" in row["note_en"]

"""What changed a year, whether that suffices for a target, where it leads, and when that is not said."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.formulas.arrows import arrow_with_target, arrow_without_target, observed_change, required_change
from assets.formulas.projection import projection, windows
from assets.formulas.shapes import INDICATOR_COLUMNS
from assets.formulas.trend_cases import TrendRules
from assets.formulas.trends import TREND_COLUMNS, trend


def only(frame: pd.DataFrame) -> dict[str, object]:
    (row,) = frame.to_dict("records")
    return {str(column): None if isinstance(cell, float) and math.isnan(cell) else cell for column, cell in row.items()}


# Printed tables of Student's t (ten digits), and closed forms: one degree of freedom is the Cauchy distribution,
# two have t = (2p - 1) sqrt(2 / (1 - (2p - 1)^2)).
@pytest.mark.parametrize(
    ("case", "row", "change", "refusal"),
    [
        ("a rate is linear", (60.0, 70.0, 5.0, "at_least", True), 2.0, None),
        ("a volume is compound", (100.0, 50.0, 14.0, "at_most", False), -4.830485, None),  # chapter 6: -4.83
        ("already there", (71.0, 70.0, 5.0, "at_least", True), 0.0, None),
        ("lower is better, and it is", (40.0, 50.0, 5.0, "at_most", False), 0.0, None),
        ("no year left", (60.0, 70.0, 0.0, "at_least", True), None, "no_target_year"),
        ("no target year", (60.0, 70.0, math.nan, "at_least", True), None, "no_target_year"),
        ("from nothing", (0.0, 70.0, 5.0, "at_least", False), None, "non_positive_start"),
        ("to nothing", (70.0, 0.0, 5.0, "at_most", False), None, "non_positive_start"),
        ("a rate may start at nothing", (0.0, 70.0, 5.0, "at_least", True), 14.0, None),
    ],
)
def test_the_change_that_is_required(
    case: str, row: tuple[object, ...], change: float | None, refusal: str | None
) -> None:
    cases = pd.DataFrame([row], columns=["value", "target", "years_left", "comparator", "linear"])
    made = only(required_change(cases))
    assert made == {"required_change_per_year": change and pytest.approx(change, abs=5e-7), "refusal": refusal}, case


@pytest.mark.parametrize(
    ("case", "row", "change", "refusal"),
    [
        ("a rate is linear", (70.0, 60.0, 5.0, True), -2.0, None),
        ("a volume is compound", (129887.0, 86858.0, 9.0, False), -4.372526, None),  # chapter 6: -4.37
        ("a volume from nothing", (0.0, 1.0, 5.0, False), None, "non_positive_start"),
        ("a rate from nothing", (0.0, 1.0, 5.0, True), 0.2, None),
        ("one year only", (1.0, 1.0, 0.0, True), None, "fewer_than_four_points"),
    ],
)
def test_the_change_that_was_observed(
    case: str, row: tuple[object, ...], change: float | None, refusal: str | None
) -> None:
    made = only(observed_change(pd.DataFrame([row], columns=["start", "value", "elapsed", "linear"])))
    assert made == {"observed_change_per_year": change and pytest.approx(change, abs=5e-7), "refusal": refusal}, case


HALF = 0.5


@pytest.mark.parametrize(
    ("case", "row", "ratio", "arrow"),
    [
        # Domain study, vector V6.
        ("V6 deposit bottles", (68.0, 77.0, 2, 90.0, 7, "at_least"), 1.569, "significant_progress"),
        ("V6 collection", (49.0, 43.0, 5, 65.0, 5, "at_least"), -0.444, "movement_away"),
        ("V6 halving 2016", (112553.0, 86858.0, 7, HALF * 112553, 14, "at_most"), 0.752, "moderate_progress"),
        ("V6 halving 2014", (129887.0, 86858.0, 9, HALF * 129887, 16, "at_most"), 1.031, "significant_progress"),
        # Domain study, chapter 6, halving table to 2023 (kt from CBS 83180NED: 2014, 2016, 2023).
        ("abiotic DMI 2014", (401597.0, 335333.0, 9, HALF * 401597, 16, "at_most"), 0.468, "insufficient_progress"),
        ("abiotic DMI 2016", (394962.0, 335333.0, 7, HALF * 394962, 14, "at_most"), 0.478, "insufficient_progress"),
        ("total DMC 2016", (159812.0, 141365.0, 7, HALF * 159812, 14, "at_most"), 0.360, "insufficient_progress"),
        ("standing still", (50.0, 50.0, 5, 65.0, 10, "at_least"), 0.0, "insufficient_progress"),
        ("exactly on course", (50.0, 60.0, 5, 72.0, 10, "at_least"), 1.0, "significant_progress"),
        ("the first year over", (70.0, 65.0, 5, 65.0, 10, "at_least"), None, "target_met"),
        ("it stood above and fell below", (80.0, 60.0, 5, 65.0, 10, "at_least"), None, "movement_away"),
        ("met from nothing", (0.0, 70.0, 5, 65.0, 10, "at_least"), None, "target_met"),
        ("met, no year ahead", (60.0, 70.0, 5, 65.0, math.nan, "at_least"), None, "target_met"),
    ],
)
def test_the_arrow_towards_a_target(case: str, row: tuple[object, ...], ratio: float | None, arrow: str) -> None:
    columns = ["start", "value", "elapsed", "target", "horizon", "comparator"]
    made = only(arrow_with_target(pd.DataFrame([row], columns=columns)))
    expected = None if ratio is None else pytest.approx(ratio, abs=6e-4)
    assert made == {"ratio": expected, "arrow": arrow, "refusal": None}, case


@pytest.mark.parametrize(
    ("ratio", "arrow"),
    [
        (0.951, "significant_progress"), (0.949, "moderate_progress"), (0.601, "moderate_progress"),
        (0.599, "insufficient_progress"), (0.001, "insufficient_progress"), (-0.001, "movement_away"),
        (0.95, "significant_progress"), (0.60, "moderate_progress"),
    ],
)  # fmt: skip
def test_the_thresholds_of_the_arrow_are_those_of_eurostat(ratio: float, arrow: str) -> None:
    required = (80 / 50) ** (1 / 10) - 1
    row = (50.0, 50.0 * (1 + ratio * required) ** 5, 5, 80.0, 10, "at_least")
    columns = ["start", "value", "elapsed", "target", "horizon", "comparator"]
    assert only(arrow_with_target(pd.DataFrame([row], columns=columns)))["arrow"] == arrow


@pytest.mark.parametrize(
    ("row", "refusal"),
    [
        ((0.0, 50.0, 5, 65.0, 10, "at_least"), "non_positive_start"),
        ((2.0, 1.0, 5, -5.0, 10, "at_most"), "non_positive_start"),
        ((49.0, 50.0, 5, 65.0, math.nan, "at_least"), "no_target_year"),
        ((49.0, 50.0, 0, 65.0, 10, "at_least"), "fewer_than_four_points"),
    ],
)
def test_an_arrow_that_cannot_be_drawn_is_refused(row: tuple[object, ...], refusal: str) -> None:
    columns = ["start", "value", "elapsed", "target", "horizon", "comparator"]
    made = only(arrow_with_target(pd.DataFrame([row], columns=columns)))
    assert made == {"ratio": None, "arrow": None, "refusal": refusal}


@pytest.mark.parametrize(
    ("growth", "direction", "arrow"),
    [
        (0.011, 1, "significant_progress"), (0.01, 1, "significant_progress"), (0.009, 1, "moderate_progress"),
        (0.0, 1, "no_change"), (-0.009, 1, "moderate_movement_away"), (-0.01, 1, "significant_movement_away"),
        (0.02, -1, "significant_movement_away"), (0.005, -1, "moderate_movement_away"),
        (-0.02, -1, "significant_progress"),
    ],
)  # fmt: skip
def test_the_arrow_without_a_target(growth: float, direction: int, arrow: str) -> None:
    row = (200.0, 200.0 * (1 + growth) ** 6, 6, direction)
    made = only(arrow_without_target(pd.DataFrame([row], columns=["start", "value", "elapsed", "direction"])))
    assert made == {"change_per_year": pytest.approx(100 * growth, abs=1e-9), "arrow": arrow, "refusal": None}


def test_the_thresholds_without_a_target_are_configuration() -> None:
    cases = pd.DataFrame([(100.0, 101.2, 1, 1)], columns=["start", "value", "elapsed", "direction"])
    # Open SDG calls 1.5 % a year significant (domain study, chapter 7.4).
    assert only(arrow_without_target(cases, TrendRules(significant_change=0.015)))["arrow"] == "moderate_progress"
    with pytest.raises(ValueError, match="direction is 0, expected one of 1, -1"):
        arrow_without_target(cases.assign(direction=0))


def points(values: dict[int, float], flags: dict[int, str] | None = None, **other: object) -> pd.DataFrame:
    rows = [
        {"geo": "NL", "year": year, "value": value, "flags": (flags or {}).get(year, ""), "known_break": None, **other}
        for year, value in values.items()
    ]
    return pd.DataFrame(rows).astype({"known_break": "str", "flags": "str"})


# Domain study, vector V7: packaging NL, total.
V7 = {2018: 79.4, 2019: 80.7, 2020: 76.5, 2021: 76.8, 2022: 75.2}


def aimed(window: pd.DataFrame, **aim: object) -> pd.DataFrame:
    wanted = {"target_year": 2025, "target": 65.0, "comparator": "at_least", "bounded": True, **aim}
    return pd.concat([window, pd.DataFrame([wanted] * len(window))], axis=1)


def test_vector_v7_holds() -> None:
    window = windows(points(V7), ["geo"])
    row = only(window)
    assert (row["slope"], row["residual"]) == (pytest.approx(-1.23, abs=1e-9), pytest.approx(1.3240, abs=5e-5))
    made = only(projection(aimed(window)))
    assert made == {
        "projected_value": pytest.approx(71.570, abs=5e-4), "projected_low": pytest.approx(63.465, abs=5e-4),
        "projected_high": pytest.approx(79.675, abs=5e-4), "probability": pytest.approx(0.9594, abs=5e-4),
        "refusal": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("comparator", "target", "probability"),
    # The expected value itself is met with even odds; the ends of the interval with 2.5 and 97.5 %.
    [
        ("at_least", 71.570, 0.5), ("at_most", 71.570, 0.5), ("at_least", 79.6750, 0.025),
        ("at_most", 79.6750, 0.975), ("at_least", 63.4650, 0.975),
    ],
)  # fmt: skip
def test_the_probability_of_meeting_a_target(comparator: str, target: float, probability: float) -> None:
    made = only(projection(aimed(windows(points(V7), ["geo"]), target=target, comparator=comparator)))
    assert made["probability"] == pytest.approx(probability, abs=5e-5)


def test_a_rate_stays_within_nought_and_hundred_and_a_volume_does_not() -> None:
    window = windows(points({2018: 80.0, 2019: 88.0, 2020: 94.0, 2021: 99.0}), ["geo"])
    rate, volume = (only(projection(aimed(window, bounded=bounded))) for bounded in (True, False))
    assert (rate["projected_value"], rate["projected_high"]) == (100.0, 100.0)
    assert float(str(volume["projected_value"])) > 100.0
    assert rate["probability"] == volume["probability"]


@pytest.mark.parametrize(("target", "probability"), [(85.0, 1.0), (85.1, 0.0)])
def test_a_straight_line_is_certain(target: float, probability: float) -> None:
    made = only(projection(aimed(windows(points({2018 + n: 50.0 + 5 * n for n in range(5)}), ["geo"]), target=target)))
    assert (made["projected_low"], made["projected_high"]) == (pytest.approx(85.0), pytest.approx(85.0))
    assert made["probability"] == probability


@pytest.mark.parametrize("target_year", [2022, 2015, math.nan])
def test_a_projection_needs_a_year_ahead(target_year: float) -> None:
    made = only(projection(aimed(windows(points(V7), ["geo"]), target_year=target_year)))
    assert (made["projected_value"], made["probability"], made["refusal"]) == (None, None, "no_target_year")


FEW = {2018: 1.0, 2019: 2.0, 2020: 3.0}
FEW_AND_A_GAP = {2010: 1.0, 2011: math.nan, 2012: 2.0, 2013: 3.0}
LONG = {year: float(year - 1990) for year in range(2010, 2020)}


@pytest.mark.parametrize(
    ("case", "rows", "rules", "years", "count", "refusal"),
    [
        ("all years", points(LONG), TrendRules(), (2010, 2019), 10, None),
        ("from the letter b", points(LONG, {2014: "be"}), TrendRules(), (2014, 2019), 6, None),
        ("from the last of two", points(LONG, {2012: "b", 2016: "b"}), TrendRules(), (2016, 2019), 4, None),
        ("a break in the first year", points(LONG, {2010: "b"}), TrendRules(), (2010, 2019), 10, None),
        ("few since the break", points(LONG, {2017: "b"}), TrendRules(), (2017, 2019), 3, "fewer_than_four_points"),
        ("few at all", points(FEW), TrendRules(), (2018, 2020), 3, "fewer_than_four_points"),
        ("few, and a break", points(FEW, {2019: "b"}), TrendRules(), (2019, 2020), 2, "fewer_than_four_points"),
        ("a gap is no point", points(FEW_AND_A_GAP), TrendRules(), (2010, 2013), 3, "fewer_than_four_points"),
        ("a forecast is no point", points(LONG, {2018: "f", 2019: "ef"}), TrendRules(), (2010, 2017), 8, None),
        ("three of ten", points(LONG, {2011: "e", 2012: "i", 2013: "u"}), TrendRules(), (2010, 2019), 10, None),
        (
            "four of ten estimated", points(LONG, {2011: "e", 2012: "i", 2013: "u", 2014: "ps"}), TrendRules(),
            (2010, 2019), 10, "mostly_estimated",
        ),
        (
            "provisional is not estimated",
            points(LONG, dict.fromkeys(LONG, "p")), TrendRules(), (2010, 2019), 10, None,
        ),
        ("a short period", points(LONG), TrendRules(window_years=5), (2014, 2019), 6, None),
        ("since a base year", points(LONG, base_year=2016), TrendRules(), (2016, 2019), 4, None),
        (
            "a break after the base year",
            points(LONG, {2013: "b"}, base_year=2012), TrendRules(), (2013, 2019), 7, "across_break",
        ),
        ("a break in the base year", points(LONG, {2012: "b"}, base_year=2012), TrendRules(), (2012, 2019), 8, None),
    ],
)  # fmt: skip
def test_the_window_of_a_trend(
    case: str, rows: pd.DataFrame, rules: TrendRules, years: tuple[int, int], count: int, refusal: str | None
) -> None:
    row = only(windows(rows, ["geo"], rules))
    assert ((row["from_year"], row["to_year"]), row["points"], row["refusal"]) == (years, count, refusal), case


def test_a_known_break_counts_as_a_break_unless_it_is_ignored() -> None:
    rows = points(LONG)
    rows["known_break"] = pd.Series(["x+y" if year == 2014 else None for year in rows["year"]], dtype="str")
    starts = [
        only(windows(rows, ["geo"], TrendRules(ignored_breaks=ignored)))["from_year"]
        for ignored in ((), ("x",), ("x", "y"))
    ]
    assert starts == [2014, 2014, 2010]


def test_a_year_that_stands_twice_in_a_series_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"2 points share a series and year.*'year': 2018"):
        windows(pd.concat([points({2018: 1.0, 2019: 2.0})] * 2), ["geo"])


@given(
    values=st.lists(st.floats(-1e3, 1e3), min_size=4, max_size=12),
    slope=st.floats(-100, 100),
    shift=st.floats(-1e3, 1e3),
)
@settings(max_examples=50, deadline=None)
def test_adding_a_line_to_a_series_adds_it_to_the_projection(values: list[float], slope: float, shift: float) -> None:
    plain = {2000 + place: value for place, value in enumerate(values)}
    raised = {year: value + shift + slope * (year - 2000) for year, value in plain.items()}
    first, second = (
        projection(aimed(windows(points(by), ["geo"]), bounded=False, target_year=2030)) for by in (plain, raised)
    )
    for column in ("projected_value", "projected_low", "projected_high"):
        expected = float(first[column].iloc[0]) + shift + slope * 30
        assert float(second[column].iloc[0]) == pytest.approx(expected, rel=1e-7, abs=1e-6)


def indicators(values: dict[int, float], flags: dict[int, str] | None = None, **other: object) -> pd.DataFrame:
    rows = [
        {
            "chain_table": "packaging", "indicator": "pack_recycling_rate", "subgroup": "total", "geo": "NL",
            "year": year, "value": value, "value_rounded": value, "unit": "percent", "decimals": 1,
            "obs_status": "A", "flags": (flags or {}).get(year, ""), "conf_status": "F", "origin": "computed",
            "method": "rcy_over_gen", "numerator": math.nan, "denominator": math.nan, "definition_version": "x",
            "scope_version": "all", "known_break": None, "source": "env_waspac", "source_edition": None,
            "vintage": "a", "confidence": "computed", **other,
        }
        for year, value in values.items()
    ]  # fmt: skip
    frame = pd.DataFrame(rows, columns=list(INDICATOR_COLUMNS))
    numbers = dict.fromkeys(("value", "value_rounded", "numerator", "denominator"), "float64")
    text = [column for column in frame if column not in {"year", "decimals", *numbers}]
    return frame.astype(numbers | {"year": "int64", "decimals": "int64"} | dict.fromkeys(text, "str"))


def target(**other: object) -> dict[str, object]:
    return {
        "target_id": "t1", "chain_table": "packaging", "indicator": "pack_recycling_rate", "subgroup": "total",
        "level": "EU", "instrument": "law", "article": "6", "year_from": 2025, "year_to": None,
        "comparator": "at_least", "value": 65.0, "unit": "percent", "denominator": "used", "status": "in_force",
        "confidence": "primary", "note_nl": None, "note_en": None, **other,
    }  # fmt: skip


def targets(*rows: dict[str, object]) -> pd.DataFrame:
    return pd.DataFrame(rows).astype({"year_to": "Int64", "value": "float64"})


def test_a_target_and_its_trend_stand_in_one_row() -> None:
    made = trend(indicators(V7), targets(target(value=80.0)))
    assert tuple(made.columns) == TREND_COLUMNS
    # V7 from 79.4 (2018): rate observed (75.2 / 79.4)^(1/4) - 1 = -1.3494 %,
    # required (80 / 79.4)^(1/7) - 1 = 0.1076 %.
    assert only(made) == {
        "chain_table": "packaging", "target_id": "t1", "indicator": "pack_recycling_rate", "subgroup": "total",
        "geo": "NL", "from_year": 2018, "to_year": 2022, "points": 5,
        "observed_change_per_year": pytest.approx(-1.05), "required_change_per_year": pytest.approx(1.6),
        "change_unit": "percentage_points", "ratio": pytest.approx(-12.54, abs=5e-3), "arrow": "movement_away",
        "projected_value": pytest.approx(71.570), "projected_low": pytest.approx(63.465, abs=5e-4),
        "projected_high": pytest.approx(79.675, abs=5e-4), "probability": pytest.approx(0.0226, abs=5e-4),
        "refusal": None,
    }  # fmt: skip


def test_packaging_in_the_netherlands_has_too_few_years_since_2020() -> None:
    # Eurostat flags 2020 `be` (new calculation points): three years since, and the five years of V7 must not count.
    made = only(trend(indicators(V7, {2020: "be"}), targets(target())))
    assert (made["from_year"], made["to_year"], made["points"]) == (2020, 2022, 3)
    assert made["refusal"] == "fewer_than_four_points"
    refused = (
        "observed_change_per_year",
        "required_change_per_year",
        "ratio",
        "arrow",
        "projected_value",
        "probability",
    )
    assert [made[column] for column in refused] == [None] * 6


@pytest.mark.parametrize(
    ("case", "rows", "aim", "filled", "refusal"),
    [
        ("a target that has started", indicators(V7), {"year_from": 2022, "value": 90.0}, "observed", "no_target_year"),
        (
            "a target that has started and is met",
            indicators(V7), {"year_from": 2020}, "observed arrow", "no_target_year",
        ),
        (
            "a reduction that starts at nothing",
            indicators({2018 + n: value for n, value in enumerate((0.0, 2.0, 3.0, 2.3))}),
            {"comparator": "at_most", "value": -5.0}, "observed required projected", "non_positive_start",
        ),
        (
            "a volume that starts at nothing",
            indicators({2018 + n: value for n, value in enumerate((0.0, 2.0, 3.0, 2.3))}, unit="t"),
            {"value": 5.0, "unit": "t"}, "required projected", "non_positive_start",
        ),
        (
            "mostly estimated", indicators(V7, {2018: "e", 2019: "s"}), {}, "", "mostly_estimated",
        ),
        ("nothing observed", indicators({}), {}, "", "fewer_than_four_points"),
        ("enough", indicators(V7), {"value": 80.0}, "observed required ratio arrow projected", None),
    ],
)  # fmt: skip
def test_a_refusal_says_why_a_number_is_not_there(
    case: str, rows: pd.DataFrame, aim: dict[str, object], filled: str, refusal: str | None
) -> None:
    made = only(trend(rows, targets(target(**aim))))
    columns = {
        "observed": "observed_change_per_year", "required": "required_change_per_year", "ratio": "ratio",
        "arrow": "arrow", "projected": "projected_value",
    }  # fmt: skip
    assert [name for name, column in columns.items() if made[column] is not None] == filled.split(), case
    assert (made["projected_low"] is None, made["probability"] is None) == (made["projected_value"] is None,) * 2, case
    assert made["refusal"] == refusal, case


def test_a_volume_changes_by_compound_rate_from_the_base_year_of_its_target() -> None:
    # Chapter 6, halving table, total DMC from 2016 (kt, CBS 83180NED): -1.74 observed; 2010 must not count.
    kt = {2010: 200000.0, 2016: 159812.0, 2018: 171875.0, 2020: 160706.0, 2023: 141365.0}
    aim = target(comparator="at_most", value=0.5 * 159812, unit="kt", year_from=2030, base_year=2016)
    made = only(trend(indicators(kt, unit="kt"), targets(aim)))
    assert (made["from_year"], made["change_unit"], made["arrow"]) == (2016, "percent", "insufficient_progress")
    assert made["observed_change_per_year"] == pytest.approx(-1.7369, abs=5e-5)
    # From 141,365 kt in 2023 to 79,906 kt in 2030: (79906 / 141365)^(1/7) - 1.
    assert made["required_change_per_year"] == pytest.approx(-7.8267, abs=5e-5)
    assert made["ratio"] == pytest.approx(0.3596, abs=5e-5)


def test_one_indicator_serves_targets_with_different_base_years() -> None:
    aims = targets(target(target_id="a", base_year=2012.0), target(target_id="b", base_year=None))
    made = trend(indicators({year: 50.0 + year - 2010 for year in range(2010, 2020)}), aims)
    assert made[["target_id", "from_year"]].values.tolist() == [["a", 2012], ["b", 2010]]


def test_a_change_in_percent_may_fall_below_nought() -> None:
    # A reduction against a base year is in percent and negative: cutting it off at 0 would hide the goal.
    rows = indicators({2019: 1.0, 2020: -1.0, 2021: -3.0, 2022: -5.0})
    made = only(trend(rows, targets(target(comparator="at_most", value=-12.0))))
    assert (made["projected_value"], made["projected_low"], made["probability"]) == (
        pytest.approx(-11.0),
        pytest.approx(-11.0),
        0.0,
    )


def test_a_target_observed_elsewhere_only_still_has_a_row_for_the_netherlands() -> None:
    made = trend(indicators(V7, geo="BE"), targets(target()))
    assert made[["geo", "points"]].values.tolist() == [["BE", 5], ["NL", 0]]
    assert made["refusal"].tolist()[1] == "fewer_than_four_points"


def test_a_known_break_before_the_target_year_refuses() -> None:
    breaks = pd.DataFrame(
        [("x", "packaging", "pack_recycling_rate", "*", "*", 2024)],
        columns=["break_id", "chain_table", "series", "subgroup", "geo", "year"],
    )
    rows = indicators(V7)
    for year, refusal in ((2023, None), (2024, "across_break"), (2030, "across_break")):
        assert only(trend(rows, targets(target(year_from=year)), known_breaks=breaks))["refusal"] == refusal, year
    after = breaks.assign(year=2026)
    assert only(trend(rows, targets(target()), known_breaks=after))["refusal"] is None
    ignoring = TrendRules(ignored_breaks=("x",))
    assert only(trend(rows, targets(target()), known_breaks=breaks, rules=ignoring))["refusal"] is None


BROKEN_IN_2020 = pd.DataFrame(
    [("x", "packaging", "pack_recycling_rate", "*", "*", 2020)],
    columns=["break_id", "chain_table", "series", "subgroup", "geo", "year"],
)


@pytest.mark.parametrize(
    ("case", "years", "window", "refusal"),
    [
        ("a gap at the break", [*range(2012, 2019), 2021, 2022, 2023, 2024], (2021, 2024), None),
        ("a gap and too few since", [*range(2012, 2019), 2023, 2024], (2023, 2024), "fewer_than_four_points"),
        ("a gap elsewhere", [2014, 2015, 2020, 2021, 2023, 2024], (2020, 2024), None),
        ("all of it before", list(range(2012, 2020)), (2012, 2019), "across_break"),
        ("all of it since", list(range(2021, 2025)), (2021, 2024), None),
    ],
)
@pytest.mark.parametrize("change_of_source", [False, True])
def test_a_trend_starts_at_the_first_year_after_a_break_that_lies_in_a_gap(
    case: str, years: list[int], window: tuple[int, int], refusal: str | None, change_of_source: bool
) -> None:
    early, late = ([year for year in years if (year < 2020) == is_early] for is_early in (True, False))
    later_source = "cei_wm020" if change_of_source else "env_waspac"
    parts = [indicators(dict.fromkeys(early, 50.0)), indicators(dict.fromkeys(late, 40.0), source=later_source)]
    rows = pd.concat([part for part in parts if len(part)], ignore_index=True)
    made = only(trend(rows, targets(target()), known_breaks=BROKEN_IN_2020))
    assert ((made["from_year"], made["to_year"]), made["refusal"]) == (window, refusal), case


def test_a_forecast_or_a_missing_value_in_the_year_of_a_break_does_not_hide_it() -> None:
    years = dict.fromkeys([*range(2012, 2020), *range(2021, 2025)], 50.0)
    for values, flags in (({2020: 50.0}, {2020: "f"}), ({2020: math.nan}, {})):
        made = only(trend(indicators(years | values, flags), targets(target()), known_breaks=BROKEN_IN_2020))
        assert (made["from_year"], made["points"]) == (2021, 4), flags


@given(years=st.sets(st.integers(2005, 2024), min_size=1), broken=st.sets(st.integers(2004, 2026), max_size=3))
@settings(max_examples=40, deadline=None)
def test_no_trend_has_a_known_break_between_its_years(years: set[int], broken: set[int]) -> None:
    breaks = pd.DataFrame(
        [(f"x{year}", "packaging", "pack_recycling_rate", "*", "NL", year) for year in sorted(broken)],
        columns=BROKEN_IN_2020.columns,
    ).astype({"year": "int64"})
    rows = indicators({year: 40.0 + year - 2000 for year in sorted(years)})
    made = trend(rows, targets(target()), known_breaks=breaks).iloc[0]
    assert not [year for year in broken if made["from_year"] < year <= made["to_year"]]
    if any(made["to_year"] < year <= 2025 for year in broken):
        assert made["refusal"] in ("across_break", "fewer_than_four_points")


def test_an_obligation_of_a_member_state_is_held_against_members_and_a_dutch_one_against_the_netherlands() -> None:
    rows = pd.concat([indicators(V7, geo=geo) for geo in ("NL", "BE", "EU27_2020")])
    made = trend(
        rows, targets(target(target_id="eu"), target(target_id="nl", level="NL"), target(target_id="x", subgroup="y"))
    )
    assert list(zip(made["target_id"], made["geo"], made["points"], strict=True)) == [
        ("eu", "BE", 5), ("eu", "NL", 5), ("nl", "NL", 5), ("x", "NL", 0),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("aim", "message"),
    [
        ({"comparator": ">="}, "comparator of t1 is '>='"),
        ({"level": "BE"}, "level of t1 is 'BE'"),
        ({"unit": "t"}, "target t1 is in t, but pack_recycling_rate total NL is in percent"),
    ],
)
def test_a_target_that_cannot_be_judged_is_an_error(aim: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        trend(indicators(V7), targets(target(**aim)))


def test_no_targets_give_an_empty_table_with_all_columns_typed() -> None:
    made = trend(indicators(V7), targets(target()).iloc[:0])
    assert made.empty
    assert made.dtypes.to_dict() == trend(indicators(V7), targets(target())).dtypes.to_dict()
    assert made["ratio"].dtype == np.float64

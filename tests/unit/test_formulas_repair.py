"""Repair of rough series: each rule on its own, and what must not happen."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.formulas.repair import REPAIRED_COLUMNS, filled, median_and_deviation, out_of_line, outliers, repaired

NO = math.nan


def series(values: list[float], key: str = "0104", first: int = 2000) -> pd.DataFrame:
    years = [first + at for at in range(len(values))]
    return pd.DataFrame({"key": key, "year": years, "value": values})


def test_the_median_and_deviation_of_the_study_are_reproduced() -> None:
    # domain/indicators.md ch. 9, V5: median 3.04, MAD 0.44, bounds 1.28-4.80, outlier 4.96
    values = np.array([3.08, 3.04, 3.5, 4.96, 2.71, 2.6, 2.47])
    middle, deviation = median_and_deviation(values)
    assert (middle, round(deviation, 9)) == (3.04, 0.44)
    assert outliers(values).tolist() == [False, False, False, True, False, False, False]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        # four deviations exactly (median 3.5, deviation 1.5, 9.5 lies 6 away) is not more than four
        ([1.0, 2.0, 3.0, 4.0, 5.0, 9.5], []),
        ([1.0, 2.0, 3.0, 4.0, 5.0, 9.6], [5]),
        # five values are too few, however far one lies off
        ([1.0, 2.0, 3.0, 4.0, 900.0], []),
        ([1.0, 2.0, NO, 3.0, 4.0, 900.0], []),
        # more than half equal: no deviation to measure with
        ([5.0, 5.0, 5.0, 5.0, 5.0, 9.0], []),
    ],
)
def test_an_outlier_lies_more_than_four_deviations_off_in_six_values_or_more(
    values: list[float], expected: list[int]
) -> None:
    assert np.flatnonzero(outliers(np.array(values))).tolist() == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([10.0, 16.0, 11.0], [1]),
        ([10.0, 4.0, 9.0], [1]),
        # 50 % exactly does not leave; 20 % exactly has not come back
        ([10.0, 15.0, 10.0], []),
        ([10.0, 16.0, 12.0], []),
        # a step that stays is no error
        ([10.0, 20.0, 20.0], []),
        ([10.0, NO, 10.0], []),
        # the year after a wrong year is judged against a year that stands
        ([10.0, 30.0, 10.0, 30.0], [1]),
    ],
)
def test_a_year_that_leaves_its_neighbours_and_comes_back_is_out_of_line(
    values: list[float], expected: list[int]
) -> None:
    assert np.flatnonzero(out_of_line(np.array(values))).tolist() == expected


@pytest.mark.parametrize(
    ("values", "expected", "rules"),
    [
        # domain/indicators.md ch. 9, V5
        ([1.20, NO, 1.60], [1.20, 1.40, 1.60], {1: "gap_1"}),
        ([1.20, NO, NO, 1.60], [1.20, 1.333333, 1.466667, 1.60], {1: "gap_2", 2: "gap_2"}),
        ([1.20, 1.60, NO], [1.20, 1.60, 2.00], {2: "tail_1"}),
        ([3.0, 1.0, NO], [3.0, 1.0, 0.0], {2: "tail_1"}),
        # three years are too long, two at the end as well
        ([1.0, NO, NO, NO, 2.0], [1.0, NO, NO, NO, 2.0], {}),
        ([1.0, 2.0, NO, NO], [1.0, 2.0, NO, NO], {}),
        # one value has no last difference
        ([1.0, NO], [1.0, NO], {}),
    ],
)
def test_only_short_gaps_are_filled(values: list[float], expected: list[float], rules: dict[int, str]) -> None:
    full, found = filled(np.array(values))
    assert np.allclose(np.round(full, 6), expected, equal_nan=True)
    assert {at: rule for at, rule in enumerate(found) if rule} == rules


def test_a_repaired_row_keeps_the_raw_value_and_says_which_rule_gave_the_other() -> None:
    rows = repaired(series([10.0, 11.0, 12.0, 4000.0, 12.0, NO, 14.0, 13.0]))
    assert tuple(rows.columns) == REPAIRED_COLUMNS
    put_in = rows.loc[rows["flags"] != "", ["year", "raw", "value", "flags", "repair"]].fillna({"raw": -1.0})
    assert [tuple(row) for row in put_in.itertuples(index=False)] == [
        (2003, 4000.0, 12.0, "e", "gap_1"),
        (2005, -1.0, 13.0, "i", "gap_1"),
    ]
    untouched = rows.loc[rows["flags"] == ""]
    assert (untouched["raw"] == untouched["value"]).all() and untouched["repair"].isna().all()


def test_a_year_out_of_line_becomes_the_mean_of_its_neighbours() -> None:
    row = repaired(series([10.0, 16.0, 11.0])).iloc[1]
    assert (row["raw"], row["value"], row["flags"], row["repair"]) == (16.0, 10.5, "e", "year_on_year")


def test_an_outlier_without_neighbours_stays_open_instead_of_becoming_a_guess() -> None:
    rows = repaired(series([10.0, 11.0, 12.0, 11.0, 10.0, NO, NO, NO, 4000.0, NO, 11.0]))
    outlying = rows.loc[rows["year"] == 2008].iloc[0]
    assert math.isnan(outlying["value"]) and (outlying["raw"], outlying["repair"]) == (4000.0, "outlier_removed")
    assert outlying["flags"] == ""


def test_series_do_not_touch_each_other_and_end_together() -> None:
    both = pd.concat([series([1.0, 2.0], "0001"), series([5.0, 5.0, 5.0], "0002"), series([0.0], "0003")])
    rows = repaired(both)
    assert rows.groupby("key").size().to_dict() == {"0001": 3, "0002": 3}
    # 1, 2 and then the last difference
    assert rows.loc[rows["key"] == "0001", "value"].tolist() == [1.0, 2.0, 3.0]


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (series([1.0, -2.0]), "key 0104 in 2001 is -2"),
        (pd.concat([series([1.0]), series([2.0])]), "key 0104 has the year 2000 twice"),
    ],
)
def test_what_is_no_series_is_refused(frame: pd.DataFrame, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        repaired(frame)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(st.none(), st.floats(0.0, 1e6)), min_size=1, max_size=15))
def test_a_value_is_never_negative_and_never_changed_without_a_letter(values: list[float | None]) -> None:
    rows = repaired(series([NO if value is None else value for value in values]))
    assert not (rows["value"] < 0).any()
    changed = rows["value"].notna() & (rows["raw"].isna() | (rows["raw"] != rows["value"]))
    assert (rows.loc[changed, "flags"] != "").all() and rows.loc[changed, "repair"].notna().all()

"""Rounding half up on the number that a reader sees."""

from __future__ import annotations

import math
from decimal import ROUND_HALF_UP, Context, Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.formulas.rounding import half_up


@pytest.mark.parametrize(
    ("value", "decimals", "rounded"),
    [
        (75.25, 1, 75.3),  # domain study, vector V9; half-even gives 75.2
        (2.675, 2, 2.68),  # binary 2.67499999...; round() gives 2.67
        (1.005, 2, 1.01),
        (-2.675, 2, -2.68),
        (-75.25, 1, -75.3),
        (0.5, 0, 1.0),
        (1.5, 0, 2.0),
        (2.5, 0, 3.0),
        (-0.5, 0, -1.0),
        (-0.04, 1, 0.0),
        (0.05, 1, 0.1),
        (45.849999999999994, 1, 45.8),
        (78.13893, 1, 78.1),
        (31.1449, 2, 31.14),
        (182500.0, -3, 183000.0),
        (182499.9, -3, 182000.0),
        (-182500.0, -3, -183000.0),
        (499.0, -3, 0.0),
        (0.1 + 0.2, 1, 0.3),
        (123456789012345.67, 1, 123456789012345.7),
        (1e300, 2, 1e300),
        (1e-300, 2, 0.0),
        (5e22, 1, 5e22),
        (0.0, 1, 0.0),
    ],
)
def test_ties_go_away_from_zero_on_the_decimal_number(value: float, decimals: int, rounded: float) -> None:
    assert half_up(pd.Series([value]), decimals).tolist() == [rounded]


def test_a_missing_value_stays_missing_and_zero_has_no_sign() -> None:
    rounded = half_up(pd.Series([math.nan, -0.01, math.inf]), 1)
    assert math.isnan(rounded[0])
    assert math.copysign(1.0, rounded[1]) == 1.0
    assert rounded[2] == math.inf


def test_every_row_may_have_its_own_decimals() -> None:
    rounded = half_up(pd.Series([75.25, 2.675, 182500.0], index=[5, 6, 7]), pd.Series([1, 2, -3], index=[5, 6, 7]))
    assert rounded.to_dict() == {5: 75.3, 6: 2.68, 7: 183000.0}


def test_decimals_may_be_missing_only_where_the_value_is() -> None:
    decimals = pd.Series([1, pd.NA], dtype="Int64")
    assert half_up(pd.Series([75.25, math.nan]), decimals)[0] == 75.3
    with pytest.raises(ValueError, match="1 values have no number of decimals"):
        half_up(pd.Series([75.25, 1.0]), decimals)
    with pytest.raises(ValueError, match="3 values but 2 numbers of decimals"):
        half_up(pd.Series([1.0, 2.0, 3.0]), pd.Series([1, 2]))


def by_decimal(value: float, decimals: int) -> float:
    context = Context(prec=400, rounding=ROUND_HALF_UP)
    return float(Decimal(repr(value)).quantize(Decimal(1).scaleb(-decimals), context=context))


@settings(max_examples=300)
@given(st.floats(allow_nan=False, allow_infinity=False), st.integers(min_value=-6, max_value=6))
def test_half_up_equals_decimal_for_any_float(value: float, decimals: int) -> None:
    assert half_up(pd.Series([value]), decimals).tolist() == [by_decimal(value, decimals)]


@settings(max_examples=300)
@given(st.integers(-(10**12), 10**12), st.integers(0, 6), st.integers(-3, 5))
def test_half_up_equals_decimal_near_ties(digits: int, places: int, decimals: int) -> None:
    value = float(Decimal(digits).scaleb(-places))
    for near in (value, float(np.nextafter(value, np.inf)), float(np.nextafter(value, -np.inf))):
        assert half_up(pd.Series([near]), decimals).tolist() == [by_decimal(near, decimals)]


def test_two_hundred_thousand_ties_are_all_rounded_up() -> None:
    values = pd.Series(np.arange(200_000) + 0.25)
    rounded = half_up(values, 1)
    assert rounded[75] == 75.3
    assert ((rounded - values) > 0.04).all()

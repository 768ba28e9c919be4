"""The lifetime model: what comes free of what was put on the market, and what stays in use."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.formulas.lifetimes import FLOW_COLUMNS, kernel_weights, mean_lifetime, median_lifetime, outflow, stock

# Domain study, vector V8: tonnes put on the market in 2000-2003; the lifetime of UNU-KEY 0104.
V8_SALES = {2000: 100.0, 2001: 110.0, 2002: 120.0, 2003: 130.0}


def sales(by_year: dict[int, float], key: str = "0104") -> pd.DataFrame:
    return pd.DataFrame({"key": key, "year": list(by_year), "value": list(by_year.values())})


def lifetime(shape: float = 2.2, scale: float = 15.16, key: str = "0104", **other: object) -> pd.DataFrame:
    return pd.DataFrame([{"key": key, "shape": shape, "scale": scale, **other}])


def total(frame: pd.DataFrame) -> float:
    return float(frame["value"].sum())


@pytest.mark.parametrize(
    ("kernel", "year", "tonnes"),
    [
        ("mid", 2003, 5.595329), ("mid", 2010, 25.479397), ("mid", 2016, 24.782492),
        ("cdf", 2003, 5.613429), ("cdf", 2010, 25.456336), ("cdf", 2016, 24.769005),
    ],
)  # fmt: skip
def test_vector_v8_holds_to_six_digits(kernel: str, year: int, tonnes: float) -> None:
    made = outflow(sales(V8_SALES), lifetime(), kernel, [year])
    assert made.to_dict("records") == [{"key": "0104", "year": year, "value": pytest.approx(tonnes, abs=5e-7)}]


def test_the_default_kernel_is_halfway_the_year() -> None:
    pd.testing.assert_frame_equal(outflow(sales(V8_SALES), lifetime()), outflow(sales(V8_SALES), lifetime(), "mid"))


@pytest.mark.parametrize(("kernel", "expected"), [("mid", 1.000172), ("cdf", 1.0)])
def test_the_weights_of_sixty_years_add_up_as_in_vector_v8(kernel: str, expected: float) -> None:
    assert kernel_weights(2.2, 15.16, 60, kernel).sum() == pytest.approx(expected, abs=5e-7)


def test_vector_v3_median_and_mean_lifetime() -> None:
    assert float(median_lifetime(1.64, 12.12)) == pytest.approx(9.69270453, abs=5e-9)
    assert float(mean_lifetime(2.2, 13.6)) == pytest.approx(12.04449674, abs=5e-9)
    assert median_lifetime([1.64, 1.0], [12.12, 1.0]).tolist() == pytest.approx([9.69270453, math.log(2.0)])
    assert mean_lifetime([1.0, 2.2], [5.0, 13.6]).tolist() == pytest.approx([5.0, 12.04449674])


@pytest.mark.parametrize("kernel", ["lit", "literal", "MID", ""])
def test_the_density_at_whole_years_is_not_offered(kernel: str) -> None:
    with pytest.raises(ValueError, match=r"expected one of mid, cdf.*infinite at age 0"):
        outflow(sales(V8_SALES), lifetime(), kernel)


def test_a_shape_below_one_gives_a_finite_first_year() -> None:
    # UNU-KEY 0402 (weee_weibull_nl.csv): f(0) is infinite. cdf by hand: 1 - exp(-(1 / 7.96)^0.79).
    assert kernel_weights(0.79, 7.96, 1, "cdf")[0] == pytest.approx(0.1765176560, abs=5e-11)
    assert np.isfinite(kernel_weights(0.79, 7.96, 60, "mid")).all()


def test_nothing_comes_free_before_it_is_sold_and_every_key_has_every_year() -> None:
    both = pd.concat([sales({2001: 10.0}, "0402"), sales({2003: 7.0})])
    lives = pd.concat([lifetime(), lifetime(0.79, 7.96, "0402")])
    made = outflow(both, lives, "cdf")
    assert tuple(made.columns) == FLOW_COLUMNS
    assert made[["key", "year"]].values.tolist() == [
        [key, year] for key in ("0104", "0402") for year in (2001, 2002, 2003)
    ]
    assert made["value"].tolist()[:2] == [0.0, 0.0]
    assert (made["value"].iloc[2:] > 0).all()


def test_the_lifetime_of_the_year_of_sale_counts() -> None:
    lives = pd.concat([lifetime(1.0, 1.0, year_to=2001), lifetime(1.0, 100.0, year_from=2002)])
    made = outflow(sales({2001: 100.0, 2002: 100.0}), lives, "cdf", [2002])
    # Age 1 at scale 1: e^-1 - e^-2; age 0 at scale 100: 1 - e^-0.01.
    assert made["value"].tolist() == pytest.approx([100 * (0.3678794412 - 0.1353352832 + 0.0099501663)])


def test_what_does_not_come_free_is_in_stock() -> None:
    made = stock(sales({2000: 100.0}), lifetime(1.0, 10.0), "cdf", [1999, 2000, 2009])
    # An exponential lifetime of 10 years: 100 e^-0.1 after one year, 100 e^-1 after ten.
    assert made["value"].tolist() == pytest.approx([0.0, 90.4837418, 36.7879441])


def test_stock_plus_all_that_came_free_is_all_that_was_sold() -> None:
    kept = stock(sales(V8_SALES), lifetime(), "mid", [2016])
    freed = outflow(sales(V8_SALES), lifetime(), "mid", range(2000, 2017))
    assert total(kept) + total(freed) == pytest.approx(460.0, rel=1e-12)


def test_no_sales_give_no_rows() -> None:
    nothing = sales({})
    assert outflow(nothing, lifetime()).empty
    assert stock(nothing, lifetime()).empty


@pytest.mark.parametrize(
    ("sold", "lives", "message"),
    [
        (sales({2000: -1.0}), lifetime(), "key 0104 in 2000 is -1.0, expected a number of at least 0"),
        (sales({2000: math.nan}), lifetime(), "an unknown amount is not nothing"),
        (sales({2000: math.inf}), lifetime(), "expected a number of at least 0"),
        (sales({2000: 1.0, 2002: 1.0}), lifetime(), "key 0104 has no row for 2001"),
        (pd.concat([sales({2000: 1.0})] * 2), lifetime(), "in 2000 stands there twice"),
        (sales({2000: 1.0}), lifetime(key="0402"), "key 0104 has 0 rows of shape and scale"),
        (sales({2000: 1.0}), pd.concat([lifetime()] * 2), "key 0104 has 2 rows of shape and scale"),
        (sales({2000: 1.0}), lifetime(year_from=2001), "key 0104 has 0 rows of shape and scale"),
        (sales({2000: 1.0}), lifetime(0.0), "shape and scale of key 0104 must both be numbers above zero"),
        (sales({2000: 1.0}), lifetime(2.0, math.nan), "must both be numbers above zero"),
    ],
)
def test_what_cannot_be_computed_is_an_error(sold: pd.DataFrame, lives: pd.DataFrame, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        outflow(sold, lives)


SHAPES = st.floats(0.7, 4.0)
SCALES = st.floats(1.0, 25.0)
AMOUNTS = st.lists(st.floats(0.0, 1e6), min_size=1, max_size=8)


@given(amounts=AMOUNTS, shape=SHAPES, scale=SCALES)
@settings(max_examples=50, deadline=None)
def test_the_cdf_kernel_conserves_mass(amounts: list[float], shape: float, scale: float) -> None:
    sold = sales({2000 + place: amount for place, amount in enumerate(amounts)})
    freed = outflow(sold, lifetime(shape, scale), "cdf", range(2000, 6000))
    assert total(freed) == pytest.approx(sum(amounts), rel=1e-9, abs=1e-9)


@given(
    amounts=AMOUNTS, factor=st.floats(0.0, 100.0), kernel=st.sampled_from(["mid", "cdf"]), shape=SHAPES, scale=SCALES
)
@settings(max_examples=50, deadline=None)
def test_outflow_is_linear_in_what_was_sold(
    amounts: list[float], factor: float, kernel: str, shape: float, scale: float
) -> None:
    one = {2000 + place: amount for place, amount in enumerate(amounts)}
    other = dict.fromkeys(one, 3.0)
    mixed = {year: factor * one[year] + other[year] for year in one}
    first, second, both = (
        outflow(sales(by), lifetime(shape, scale), kernel, range(2000, 2030)) for by in (one, other, mixed)
    )
    expected = factor * first["value"] + second["value"]
    assert both["value"].tolist() == pytest.approx(expected.tolist(), rel=1e-9, abs=1e-9)


@given(amounts=AMOUNTS, shift=st.integers(-40, 40), kernel=st.sampled_from(["mid", "cdf"]), shape=SHAPES, scale=SCALES)
@settings(max_examples=50, deadline=None)
def test_selling_later_moves_the_outflow_by_as_many_years(
    amounts: list[float], shift: int, kernel: str, shape: float, scale: float
) -> None:
    early = sales({2000 + place: amount for place, amount in enumerate(amounts)})
    late = early.assign(year=early["year"] + shift)
    now = outflow(early, lifetime(shape, scale), kernel, range(2000, 2030))
    then = outflow(late, lifetime(shape, scale), kernel, range(2000 + shift, 2030 + shift))
    assert then["value"].tolist() == now["value"].tolist()

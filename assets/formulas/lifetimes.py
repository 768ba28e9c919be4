"""Lifetime model: what comes free as waste out of what was put on the market before.

Belongs here: Weibull lifetimes and what follows from them (outflow, stock, median and mean lifetime).
Does not belong here: the parameters themselves (contracts/reference) and collection rates (`collection.py`).

Source: Implementing Regulation (EU) 2017/699, Annex II, `W(n) = sum over t of POM(t) * L(t, n)`. The regulation gives
a density for whole years; how it is read is a choice (domain study, chapter 1, `weee_generated_t`). With age
a = n - t, f the Weibull density and F its distribution function:

- `mid`  f(a + 0.5), the density halfway the year. Statistics Netherlands computes this way; the default. It does
  not conserve mass: its weights add up to about 1.0002 for a shape of 2.2 and a scale of 15.16, to less for a shape
  below one.
- `cdf`  F(a + 1) - F(a), the share that fails within the year. Conserves mass; the sensitivity.

The letter of the regulation, f(a), is not offered: at age zero it is infinite for a shape below one (UNU-KEY 0402 has
0.79) and nil for a shape above one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

KERNELS = ("mid", "cdf")

FLOW_COLUMNS = ("key", "year", "value")
FLOW_KEY = ("key", "year")

_TYPES = {"key": "str", "year": "int64", "value": "float64"}

#: Bounds of a parameter row that names no years.
_ALWAYS = (-(10**6), 10**6)


def outflow(
    put_on_market: pd.DataFrame,
    parameters: pd.DataFrame,
    kernel: str = "mid",
    years: Sequence[int] | None = None,
) -> pd.DataFrame:
    """What comes free in every year, by key.

    In: `put_on_market` with key, year, value (a mass or a number of pieces, in any unit); `parameters` with key,
    shape, scale (years) and, where the lifetime differs by year of sale, year_from and year_to (inclusive, null is
    open). Out: key, year, value in the unit that came in, one row a key and year; `years` defaults to the first
    through the last year of sale. Before a key's first sale the value is 0.

    A history that starts late understates long-lived keys. Raises ValueError for an unknown kernel, for a value that
    is missing or negative, for a year missing within the history of a key (a year without sales is stated as 0), for
    a parameter that is not above zero, and for a sale that has no or several parameter rows.
    """
    _refuse_kernel(kernel)
    sales = _with_lifetimes(put_on_market, parameters)
    asked = _years(sales, years)
    keys, codes = np.unique(sales["key"].to_numpy(dtype=object).astype(str), return_inverse=True)
    ages = asked[np.newaxis, :] - sales["year"].to_numpy(dtype=np.int64)[:, np.newaxis]
    weights = _weights(
        ages,
        sales["shape"].to_numpy(dtype=np.float64)[:, np.newaxis],
        sales["scale"].to_numpy(dtype=np.float64)[:, np.newaxis],
        kernel,
    )
    freed = np.zeros((len(keys), len(asked)), dtype=np.float64)
    np.add.at(freed, codes, weights * sales["value"].to_numpy(dtype=np.float64)[:, np.newaxis])
    return _flow(keys, asked, freed)


def stock(
    put_on_market: pd.DataFrame,
    parameters: pd.DataFrame,
    kernel: str = "mid",
    years: Sequence[int] | None = None,
) -> pd.DataFrame:
    """What is still in use at the end of every year: all that was put on the market minus all that came free.

    In, out and errors as `outflow`. With `mid` the stock of an old key can end a trifle below zero, because that
    kernel does not conserve mass; it is not hidden.
    """
    _refuse_kernel(kernel)
    sales = _with_lifetimes(put_on_market, parameters)
    asked = _years(sales, years)
    if not len(sales) or not len(asked):
        return _flow(np.array([], dtype=str), asked, np.zeros((0, len(asked))))
    history = np.arange(min(int(sales["year"].min()), int(asked.min())), int(asked.max()) + 1, dtype=np.int64)
    freed = outflow(put_on_market, parameters, kernel, [int(year) for year in history])
    sold = sales.pivot_table(index="key", columns="year", values="value", aggfunc="sum")
    sold = sold.reindex(columns=history, fill_value=0.0).fillna(0.0).sort_index()
    gone = freed["value"].to_numpy(dtype=np.float64).reshape(len(sold), len(history))
    left = np.cumsum(sold.to_numpy(dtype=np.float64) - gone, axis=1)
    return _flow(np.asarray(sold.index, dtype=str), asked, left[:, asked - history[0]])


def kernel_weights(shape: float, scale: float, ages: int, kernel: str = "mid") -> npt.NDArray[np.float64]:
    """The share of a year's sales that comes free at age 0, 1, ... `ages` - 1 (years)."""
    _refuse_kernel(kernel)
    return _weights(np.arange(ages, dtype=np.int64), np.array(float(shape)), np.array(float(scale)), kernel)


def median_lifetime(shape: npt.ArrayLike, scale: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """The age at which half is gone, in the unit of `scale`: scale * ln(2)^(1 / shape)."""
    return np.asarray(
        np.asarray(scale, dtype=np.float64) * math.log(2.0) ** (1.0 / np.asarray(shape, dtype=np.float64))
    )


def mean_lifetime(shape: npt.ArrayLike, scale: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """The mean age at the end of use, in the unit of `scale`: scale * gamma(1 + 1 / shape)."""
    shapes = np.asarray(shape, dtype=np.float64)
    gammas = np.array([math.gamma(1.0 + 1.0 / float(value)) for value in shapes.ravel()], dtype=np.float64)
    return np.asarray(np.asarray(scale, dtype=np.float64) * gammas.reshape(shapes.shape))


def _weights(
    ages: npt.NDArray[np.int64], shape: npt.NDArray[np.float64], scale: npt.NDArray[np.float64], kernel: str
) -> npt.NDArray[np.float64]:
    # Ages before the sale are computed as age 0 and then set to nothing, so that no power of a negative arises.
    age = np.maximum(ages, 0).astype(np.float64)
    if kernel == "mid":
        relative = (age + 0.5) / scale
        weight = shape / scale * relative ** (shape - 1.0) * np.exp(-(relative**shape))
    else:
        # expm1 keeps the digits of a share that is nearly nil; survival first, because F(a) tends to one.
        survival = np.exp(-((age / scale) ** shape))
        weight = -survival * np.expm1((age / scale) ** shape - ((age + 1.0) / scale) ** shape)
    return np.where(ages >= 0, weight, 0.0)


def _with_lifetimes(put_on_market: pd.DataFrame, parameters: pd.DataFrame) -> pd.DataFrame:
    sales = put_on_market[["key", "year", "value"]].astype(_TYPES).sort_values(["key", "year"], ignore_index=True)
    _refuse_sales(sales)
    lifetimes = parameters.assign(
        year_from=_bound(parameters, "year_from", _ALWAYS[0]), year_to=_bound(parameters, "year_to", _ALWAYS[1])
    )[["key", "shape", "scale", "year_from", "year_to"]].astype({"key": "str", "shape": "float64", "scale": "float64"})
    wrong = lifetimes.loc[~((lifetimes["shape"] > 0) & (lifetimes["scale"] > 0)), "key"]
    if len(wrong):
        raise ValueError(f"parameters: shape and scale of key {wrong.iloc[0]} must both be numbers above zero")
    pairs = sales.reset_index(names="sale").merge(lifetimes, on="key", how="left")
    pairs = pairs.loc[(pairs["year"] >= pairs["year_from"]) & (pairs["year"] <= pairs["year_to"])]
    times = pairs.groupby("sale").size().reindex(sales.index, fill_value=0)
    if (times != 1).any():
        first = sales.loc[times != 1].iloc[0]
        found = int(times.loc[times != 1].iloc[0])
        raise ValueError(
            f"parameters: key {first['key']} has {found} rows of shape and scale for what was put on the market in "
            f"{first['year']}, expected 1; add the lifetime, or part the years with year_from and year_to"
        )
    return pairs.drop(columns=["sale", "year_from", "year_to"]).reset_index(drop=True)


def _bound(parameters: pd.DataFrame, column: str, otherwise: int) -> pd.Series[float]:
    if column not in parameters:
        return pd.Series(float(otherwise), index=parameters.index)
    return parameters[column].astype("float64").fillna(float(otherwise))


def _refuse_sales(sales: pd.DataFrame) -> None:
    wrong = sales.loc[~(sales["value"] >= 0) | ~np.isfinite(sales["value"])]
    if len(wrong):
        row = wrong.iloc[0]
        raise ValueError(
            f"put_on_market: key {row['key']} in {row['year']} is {row['value']}, expected a number of at least 0; "
            "an unknown amount is not nothing, so estimate it with a flag or leave the key out"
        )
    twice = sales.loc[sales.duplicated(["key", "year"])]
    if len(twice):
        row = twice.iloc[0]
        raise ValueError(f"put_on_market: key {row['key']} in {row['year']} stands there twice, expected one row")
    step = sales.groupby("key")["year"].diff()
    gaps = sales.loc[step > 1]
    if len(gaps):
        row = gaps.iloc[0]
        raise ValueError(
            f"put_on_market: key {row['key']} has no row for {row['year'] - 1}, though sales were known before; "
            "state 0 for a year without sales, or estimate the missing years with a flag"
        )


def _refuse_kernel(kernel: str) -> None:
    if kernel not in KERNELS:
        raise ValueError(
            f"kernel: {kernel!r}, expected one of {', '.join(KERNELS)}; the density at whole years is not offered, "
            "because it is infinite at age 0 for a shape below one (UNU-KEY 0402: 0.79)"
        )


def _years(sales: pd.DataFrame, years: Sequence[int] | None) -> npt.NDArray[np.int64]:
    if years is not None:
        return np.unique(np.asarray(list(years), dtype=np.int64))
    if not len(sales):
        return np.array([], dtype=np.int64)
    return np.arange(int(sales["year"].min()), int(sales["year"].max()) + 1, dtype=np.int64)


def _flow(keys: npt.NDArray[np.str_], years: npt.NDArray[np.int64], values: npt.NDArray[np.float64]) -> pd.DataFrame:
    frame = pd.DataFrame(
        {"key": np.repeat(keys, len(years)), "year": np.tile(years, len(keys)), "value": values.ravel()},
        columns=list(FLOW_COLUMNS),
    )
    return frame.astype(_TYPES)

"""Rounding for publication: half away from zero on the decimal number that a reader sees.

Belongs here: the one rounding rule. Does not belong here: formatting of numbers as text.
Annual reports in the Netherlands round half up; Eurostat data hold no exact tie, so the rule fits both
(domain study, chapter 0.5). Python's `round()` looks at the binary number: round(2.675, 2) gives 2.67.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Context, Decimal

import numpy as np
import numpy.typing as npt
import pandas as pd

#: Beyond this a scaled value no longer has exact units in floating point, so Decimal decides.
_EXACT_LIMIT = 2.0**49

#: Enough digits for any float with any sensible number of decimals.
_CONTEXT = Context(prec=400, rounding=ROUND_HALF_UP)

#: Powers of ten up to here are exact as a float.
_LARGEST_POWER = 22


def half_up(values: pd.Series[float], decimals: int | pd.Series[int]) -> pd.Series[float]:
    """`values` rounded to `decimals` places, ties away from zero, as Decimal does on the shortest text of the
    float.

    In: numbers (NaN stays NaN) and one number of decimals, or one per row; negative decimals round to tens,
    hundreds, thousands. Out: floats with the index and name of `values`; -0.0 comes out as 0.0.
    Raises ValueError when `decimals` is given per row and has another length, or is missing where a value
    stands.
    """
    numbers = np.asarray(values.to_numpy(dtype="float64", na_value=np.nan), dtype=np.float64)
    places = _places_of(decimals, numbers)
    finite = np.isfinite(numbers)
    magnitude = np.abs(np.where(finite, numbers, 0.0))
    power = 10.0 ** np.minimum(np.abs(places), _LARGEST_POWER).astype(float)
    # Overflow here means a value far beyond exact units; Decimal decides on it below.
    with np.errstate(over="ignore", invalid="ignore"):
        # Dividing by an exact power of ten errs once; multiplying by 0.001 would err twice.
        scaled = np.where(places >= 0, magnitude * power, magnitude / power)
        units = np.floor(scaled + 0.5)
        rounded = np.where(places >= 0, units / power, units * power)
        distance_to_tie = np.abs(scaled - np.floor(scaled) - 0.5)
        doubtful = finite & (
            (distance_to_tie < 1e-9 + scaled * 1e-14)
            | (scaled > _EXACT_LIMIT)
            | ((magnitude > _EXACT_LIMIT) & (places < 0))
            | (np.abs(places) > _LARGEST_POWER)
        )
    if doubtful.any():
        rounded[doubtful] = _by_decimal(magnitude[doubtful], places[doubtful])
    result = np.where(finite, np.copysign(rounded, numbers) + 0.0, numbers)
    return pd.Series(result, index=values.index, name=values.name, dtype="float64")


def _places_of(decimals: int | pd.Series[int], numbers: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    if not isinstance(decimals, pd.Series):
        return np.full(len(numbers), int(decimals), dtype=np.int64)
    if len(decimals) != len(numbers):
        raise ValueError(
            f"half_up: {len(numbers)} values but {len(decimals)} numbers of decimals; expected one a value"
        )
    missing = decimals.isna().to_numpy() & ~np.isnan(numbers)
    if missing.any():
        raise ValueError(
            f"half_up: {int(missing.sum())} values have no number of decimals; fill in `decimals` for them"
        )
    return np.asarray(decimals.fillna(0).to_numpy(dtype="int64"), dtype=np.int64)


def _by_decimal(magnitudes: npt.NDArray[np.float64], places: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    pairs, inverse = np.unique(np.column_stack([magnitudes, places.astype(float)]), axis=0, return_inverse=True)
    exact = [
        float(Decimal(repr(float(magnitude))).quantize(Decimal(1).scaleb(-int(place)), context=_CONTEXT))
        for magnitude, place in pairs
    ]
    return np.array(exact, dtype=np.float64)[inverse.reshape(-1)]

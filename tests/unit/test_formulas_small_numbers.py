"""No rate over fewer than ten respondents or five municipalities (domain study, chapter 7.2)."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from assets.formulas.shapes import INDICATOR_COLUMNS
from assets.formulas.small_numbers import reaches_minimum, withhold_small_rates

UNKNOWN = np.nan


def rows(units: list[str], flags: str = "") -> pd.DataFrame:
    """Indicators of one municipal survey, one row a unit, each with numerator and denominator."""
    text = dict.fromkeys(INDICATOR_COLUMNS, "x") | {"geo": "NL", "obs_status": "A", "conf_status": "F", "flags": flags}
    frame = pd.DataFrame([text | {"indicator": f"i{place}", "unit": unit} for place, unit in enumerate(units)])
    numbers = {"year": 2027, "value": 25.0, "value_rounded": 25.0, "decimals": 0, "numerator": 2.0, "denominator": 8.0}
    return frame.assign(**numbers)[list(INDICATOR_COLUMNS)]


def bases(respondents: float, municipalities: float, rows: int = 1) -> tuple[pd.Series[float], pd.Series[float]]:
    return pd.Series([respondents] * rows, dtype="float64"), pd.Series([municipalities] * rows, dtype="float64")


@pytest.mark.parametrize(
    ("respondents", "municipalities", "publishable"),
    [
        (216, 156, True),  # the VNG survey
        (10, 5, True),
        (9, 5, False),
        (10, 4, False),
        (9, 156, False),
        (10, UNKNOWN, True),
        (9, UNKNOWN, False),
        (UNKNOWN, 5, True),
        (UNKNOWN, 4, False),
        (0, 0, False),
        (UNKNOWN, UNKNOWN, False),
    ],
)
def test_a_rate_needs_ten_respondents_and_five_municipalities_as_far_as_known(
    respondents: float, municipalities: float, publishable: bool
) -> None:
    assert reaches_minimum(*bases(respondents, municipalities)).tolist() == [publishable]


@pytest.mark.parametrize("unit", ["percent", "score_1_5", "index"])
def test_a_rate_over_too_few_goes_with_its_numerator_and_says_that_it_was_withheld(unit: str) -> None:
    (held,) = withhold_small_rates(rows([unit], "e"), *bases(9, 5)).to_dict("records")
    assert [held["obs_status"], held["conf_status"], held["flags"]] == ["Q", "C", "ce"]
    assert pd.isna([held[name] for name in ("value", "value_rounded", "numerator", "denominator")]).all()


def test_counts_stay_and_so_do_rates_over_enough() -> None:
    kept = withhold_small_rates(rows(["count", "fte", "eur_million"]), *bases(1, 1, rows=3))
    assert kept["value"].tolist() == [25.0] * 3 and kept["flags"].tolist() == [""] * 3
    enough = rows(["percent"])
    pd.testing.assert_frame_equal(withhold_small_rates(enough, *bases(10, 5)), enough)


def test_only_the_rows_over_too_few_are_withheld_whatever_their_index() -> None:
    three = rows(["percent", "percent", "count"]).set_axis([7, 3, 5])
    respondents, municipalities = pd.Series([9.0, 10.0, 1.0], index=[7, 3, 5]), pd.Series(5.0, index=[7, 3, 5])
    held = withhold_small_rates(three, respondents, municipalities)
    assert dict(zip(held["indicator"], held["obs_status"], strict=True)) == {"i0": "Q", "i1": "A", "i2": "A"}


def test_nothing_in_nothing_out() -> None:
    nothing = rows(["percent"]).iloc[:0]
    assert list(withhold_small_rates(nothing, *bases(9, 5, rows=0)).columns) == list(INDICATOR_COLUMNS)

"""Repair of yearly series that are known to be rough: outliers, single wrong years and short gaps.

Belongs here: the rules of the Waste over Time method of Statistics Netherlands, as far as they look at one series of
one country (domain study, chapter 7.5). Does not belong here: the fallback on other countries, and any choice of
series. The raw value stays beside the repaired one; what was put in carries a letter and the code of its rule.

The rules, in this order: an outlier is taken out; a year that leaves its neighbours and comes back is taken out; a gap
of one year becomes the mean of its neighbours, a gap of two years is filled at one third and two thirds; one missing
year at the end continues the last difference. A longer gap stays open: an unknown amount is not nothing.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd

#: An outlier lies more than this many median absolute deviations from the median ...
OUTLIER_DEVIATIONS = 4.0
#: ... of a series that has at least this many values.
OUTLIER_MINIMUM_YEARS = 6
#: A year is wrong when it differs more than this from the year before, as a share of that year ...
YEAR_ON_YEAR_CHANGE = 0.5
#: ... while the years on both sides of it differ less than this.
YEAR_ON_YEAR_RETURN = 0.2
LONGEST_GAP = 2

REPAIRED_COLUMNS = ("key", "year", "raw", "value", "flags", "repair")
REPAIRS = ("outlier_removed", "year_on_year", "gap_1", "gap_2", "tail_1")

Floats = npt.NDArray[np.float64]


def repaired(series: pd.DataFrame) -> pd.DataFrame:
    """Every series after all rules, one row a key and year from its first through the last year of the whole table.

    In: key, year, value (not below zero; a missing year or a null is a gap). Out: key, year, raw (as it came in), value
    (null where the gap is too long), flags (`e` where a value was replaced, `i` where one was missing, else empty),
    repair (the rule that gave the value, or `outlier_removed` where nothing could be put in its place; null where
    nothing was done). A key without any value above zero has no rows. Raises ValueError for a value below zero and for
    a key that has a year twice.
    """
    _refuse(series)
    known = series.loc[series["value"].notna()]
    last = int(series["year"].max()) if len(series) else 0
    rows = [_one(str(key), part, last) for key, part in known.groupby("key", sort=True) if (part["value"] > 0).any()]
    columns = list(REPAIRED_COLUMNS)
    found = pd.concat(rows, ignore_index=True)[columns] if rows else pd.DataFrame(columns=columns)
    types = {"key": "str", "year": "int64", "raw": "float64", "value": "float64", "flags": "str", "repair": "str"}
    return found.astype(types)


def outliers(values: Floats) -> npt.NDArray[np.bool_]:
    """Which values lie more than 4 median absolute deviations from the median; none in fewer than 6 values, and none
    where more than half of the values are equal (the deviation is then nil)."""
    known = ~np.isnan(values)
    if int(known.sum()) < OUTLIER_MINIMUM_YEARS:
        return np.zeros(len(values), dtype=bool)
    middle, deviation = median_and_deviation(values)
    if deviation == 0:
        return np.zeros(len(values), dtype=bool)
    return known & (np.abs(np.where(known, values, middle) - middle) > OUTLIER_DEVIATIONS * deviation)


def median_and_deviation(values: Floats) -> tuple[float, float]:
    """The median of the known values and the median of their absolute deviations from it (not scaled)."""
    known = values[~np.isnan(values)]
    middle = float(np.median(known))
    return middle, float(np.median(np.abs(known - middle)))


def out_of_line(values: Floats) -> npt.NDArray[np.bool_]:
    """Which years differ more than 50 % from the year before while the years on both sides differ less than 20 %.

    The first of two such years in a row counts: its neighbour is judged against a year that stands.
    """
    found = np.zeros(len(values), dtype=bool)
    for at in range(1, len(values) - 1):
        before, here, after = (float(value) for value in values[at - 1 : at + 2])
        if found[at - 1] or np.isnan([before, here, after]).any() or before == 0:
            continue
        leaves = abs(here - before) > YEAR_ON_YEAR_CHANGE * before
        found[at] = leaves and abs(after - before) < YEAR_ON_YEAR_RETURN * before
    return found


def filled(values: Floats) -> tuple[Floats, list[str | None]]:
    """Gaps of one or two years between known values filled, and one missing year at the end continued.

    Out: the values and, per year, the rule that filled it. A continued value is not below zero.
    """
    full = values.copy()
    rules: list[str | None] = [None] * len(values)
    known = np.flatnonzero(~np.isnan(values))
    for left, right in pairwise(known):
        gap = int(right - left) - 1
        if 1 <= gap <= LONGEST_GAP:
            for step in range(1, gap + 1):
                full[left + step] = values[left] + (values[right] - values[left]) * step / (gap + 1)
                rules[left + step] = f"gap_{gap}"
    end = len(values) - 1
    if len(known) >= 2 and known[-1] == end - 1 and known[-2] == end - 2:
        full[end] = max(0.0, float(2 * values[end - 1] - values[end - 2]))
        rules[end] = "tail_1"
    return full, rules


def _one(key: str, part: pd.DataFrame, last: int) -> pd.DataFrame:
    years = np.arange(int(part["year"].min()), last + 1, dtype=np.int64)
    raw = part.set_index("year")["value"].reindex(years).to_numpy(dtype=np.float64)
    values = raw.copy()
    outlying = outliers(values)
    values[outlying] = np.nan
    leaping = out_of_line(values)
    values[leaping] = np.nan
    full, rules = filled(values)
    removed = outlying | leaping
    missing = np.isnan(raw)
    put_in = ~np.isnan(full) & np.isnan(values)
    repair = [
        "year_on_year" if leaps and put else rule if put else "outlier_removed" if gone else None
        for leaps, gone, put, rule in zip(leaping, removed, put_in, rules, strict=True)
    ]
    letters = np.where(put_in & removed, "e", np.where(put_in & missing, "i", ""))
    return pd.DataFrame(
        {
            "key": key,
            "year": years,
            "raw": raw,
            "value": full,
            "flags": letters,
            "repair": pd.Series(repair, dtype="str"),
        }
    )


def _refuse(series: pd.DataFrame) -> None:
    wrong = series.loc[series["value"] < 0]
    if len(wrong):
        row = wrong.iloc[0]
        raise ValueError(f"series: key {row['key']} in {row['year']} is {row['value']}, expected a value of at least 0")
    twice = series.loc[series.duplicated(["key", "year"])]
    if len(twice):
        row = twice.iloc[0]
        raise ValueError(f"series: key {row['key']} has the year {row['year']} twice, expected it once")

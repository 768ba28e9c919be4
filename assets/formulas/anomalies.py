"""Figures that deserve a question to their publisher: values that repeat, and jumps that nobody flagged.

Belongs here: finding them in a series, with a sentence for the reader. Does not belong here: judging them, mending
them (corrections are declared) and breaks that are known (`breaks.py`).

Sources: domain study, chapter 1 (NL recycled 139,367 t in both 2017 and 2018), chapter 0.6 (NL packaging fell from
183.17 to 165.05 kg in 2018 without `b`) and chapter 7.5 (outlier: more than 4 MAD from the median, over 6 years).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from assets.formulas.rounding import half_up
from assets.formulas.shapes import in_order

ANOMALY_COLUMNS = (
    "chain_table", "series", "subgroup", "geo", "year", "kind", "value", "previous", "note_nl", "note_en",
)  # fmt: skip
ANOMALY_KEY = ("chain_table", "series", "subgroup", "geo", "year", "kind")

REPEATED = "repeated_value"
JUMP = "unflagged_jump"

#: A number with fewer digits that say something repeats by chance: rates of one decimal do so all the time.
DIGITS_THAT_DO_NOT_REPEAT_BY_CHANCE = 4

#: The larger of two successive values over the smaller, minus one.
JUMP_THRESHOLD = 0.10

#: Jumps stand out from what a series does otherwise, in median absolute deviations, over at least so many years.
JUMP_MADS = 4.0
JUMP_YEARS = 6

_CELL = ["chain_table", "series", "subgroup", "geo"]

#: What sets two series of one cell apart, where the frame has it.
_APART = ("unit", "scope_version", "origin", "method", "source")

_TYPES = {"year": "int64", "value": "float64", "previous": "float64"}

#: A series that grows by the same rate every year has deviations of 1e-16, not of nothing.
_NOISE = 1e-9

_TO_DUTCH = str.maketrans(",.", ".,")


def repeated_values(
    rows: pd.DataFrame,
    series_column: str,
    minimum_digits: int = DIGITS_THAT_DO_NOT_REPEAT_BY_CHANCE,
    step: int = 1,
) -> pd.DataFrame:
    """Values that equal those of the year before to the last digit.

    In: observations or indicators; `series_column` (measure or indicator) becomes `series`. Out: ANOMALY_COLUMNS, one
    row a cell and year, of the year that repeats. Zeros, and numbers of fewer than `minimum_digits` significant
    digits (trailing zeros do not count), are left aside. `step` is 2 for a source that reports every other year.
    What several sources or units of a cell repeat stands in one row, which names them all.
    Raises ValueError when a series holds a year twice.
    """
    found = _successive(rows, series_column, step)
    found = found.loc[(found["value"] == found["previous"]) & (found["value"] != 0)]
    digits = found["value"].map(_significant_digits).astype("int64")
    return _reported(found.loc[digits >= minimum_digits], REPEATED, _repeated_note)


def unflagged_jumps(
    rows: pd.DataFrame,
    series_column: str,
    threshold: float = JUMP_THRESHOLD,
    mads: float = JUMP_MADS,
    minimum_years: int = JUMP_YEARS,
    step: int = 1,
) -> pd.DataFrame:
    """Changes that are large, unlike the rest of their series, and without the letter `b`.

    In and out as `repeated_values`. Changes are compared as logarithms, so that a fall and the rise that undoes it
    weigh the same: 183.17 to 165.05 is a factor 1.11. A change is reported when that factor exceeds 1 + `threshold`
    and it lies more than `mads` median absolute deviations from the median change of its own series, of at least
    `minimum_years` values. A value that is not above zero has no such change. A break that we know of ourselves does
    not silence the report: it says that the publisher set no flag, and the note names the break.
    """
    found = _successive(rows, series_column, step)
    found = found.loc[(found["value"] > 0) & (found["previous"] > 0)]
    change = pd.Series(np.log((found["value"] / found["previous"]).to_numpy(dtype=np.float64)), index=found.index)
    series = found["series_number"]
    usual = change.groupby(series).transform("median")
    deviation = (change - usual).abs()
    allowed = mads * deviation.groupby(series).transform("median")
    large = (
        (change.abs() > np.log1p(threshold))
        & (deviation > allowed + _NOISE)
        & (found["years"] >= minimum_years)
        & ~found["flags"].astype("str").fillna("").str.contains("b", regex=False)
    )
    bounds = found.assign(lowest=np.expm1(usual - allowed), highest=np.expm1(usual + allowed))
    return _reported(bounds.loc[large], JUMP, _jump_note)


def _successive(rows: pd.DataFrame, series_column: str, step: int) -> pd.DataFrame:
    seen = rows.loc[rows["value"].notna()].rename(columns={series_column: "series"})
    keys = [*_CELL, *(column for column in _APART if column in seen)]
    seen = seen.sort_values([*keys, "year"], kind="stable", ignore_index=True)
    number = seen.groupby(keys, dropna=False, sort=False).ngroup()
    twice = seen.loc[pd.DataFrame({"series": number, "year": seen["year"]}).duplicated()]
    if len(twice):
        first = twice[[*keys, "year"]].iloc[0].to_dict()
        raise ValueError(f"anomalies: {len(twice)} rows share a series and year, first {first}; expected one a year")
    groups = seen.groupby(number)
    found = seen.assign(
        series_number=number,
        years=groups["value"].transform("size"),
        previous=groups["value"].shift(),
        previous_year=groups["year"].shift(),
    )
    return found.loc[found["year"] - found["previous_year"] == step]


def _reported(found: pd.DataFrame, kind: str, note: Callable[[pd.Series[str]], tuple[str, str]]) -> pd.DataFrame:
    if not len(found):
        text = {column: "str" for column in ANOMALY_COLUMNS if column not in _TYPES}
        return pd.DataFrame(columns=list(ANOMALY_COLUMNS)).astype(_TYPES | text)
    # What was published goes first: it is its publisher who is asked.
    order = [column for column in ("origin", "unit", "source") if column in found]
    found = found.assign(kind=kind, of=_series_names(found)).sort_values(
        order, ascending=[column != "origin" for column in order], kind="stable"
    )
    key = list(ANOMALY_KEY)
    found["of"] = found.groupby(key)["of"].transform(lambda names: "; ".join(dict.fromkeys(names)))
    found = found.drop_duplicates(key)
    for column in ("value", "previous"):
        shown = half_up(found[column], found["decimals"]) if "decimals" in found else found[column]
        places = found["decimals"] if "decimals" in found else pd.Series(-1, index=found.index)
        found[f"{column}_en"] = [_number(one, int(place)) for one, place in zip(shown, places, strict=True)]
    # few rows, each with a sentence of its own
    notes = [note(pd.Series(row)) for row in found.to_dict("records")]
    found = found.assign(note_nl=[dutch for dutch, _ in notes], note_en=[english for _, english in notes])
    text = {column: "str" for column in ANOMALY_COLUMNS if column not in _TYPES}
    return in_order(found[list(ANOMALY_COLUMNS)].astype(_TYPES | text), ANOMALY_COLUMNS, ANOMALY_KEY)


def _series_names(found: pd.DataFrame) -> list[str]:
    columns = [column for column in ("source", "unit") if column in found]
    return [", ".join(str(cell) for cell in cells) for cells in found[columns].itertuples(index=False)]


def _repeated_note(row: pd.Series[str]) -> tuple[str, str]:
    year, before, of = row["year"], int(row["previous_year"]), f" ({row['of']})" if row["of"] else ""
    value = row["value_en"]
    return (
        f"In {year} tot op het laatste cijfer gelijk aan {before}: {value.translate(_TO_DUTCH)}{of}. "
        "Mogelijk overgenomen.",
        f"In {year} equal to {before} to the last digit: {value}{of}. Possibly copied.",
    )


def _jump_note(row: pd.Series[str]) -> tuple[str, str]:
    year, before, of = row["year"], int(row["previous_year"]), f" ({row['of']})" if row["of"] else ""
    change = _percent(float(row["value"]) / float(row["previous"]) - 1.0)
    low, high = _percent(float(row["lowest"])), _percent(float(row["highest"]))
    known = row.get("known_break")
    dutch, english = "", ""
    if isinstance(known, str) and known:
        dutch, english = f" Staat in onze breuktabel: {known}.", f" It is in our table of breaks: {known}."
    start, end = row["previous_en"], row["value_en"]
    return (
        f"Van {start.translate(_TO_DUTCH)} ({before}) naar {end.translate(_TO_DUTCH)} ({year}), "
        f"{change.translate(_TO_DUTCH)} %, zonder vlag b{of}. Gewoon is voor deze reeks een verandering van "
        f"{low.translate(_TO_DUTCH)} tot {high.translate(_TO_DUTCH)} %.{dutch}",
        f"From {start} ({before}) to {end} ({year}), {change} %, without the flag b{of}. "
        f"Usual for this series is a change of {low} to {high} %.{english}",
    )


def _number(value: float, decimals: int) -> str:
    return f"{value:,.{decimals}f}" if decimals >= 0 else f"{value:,.10g}"


def _percent(fraction: float) -> str:
    return f"{100.0 * fraction:+.1f}"


def _significant_digits(value: float) -> int:
    return len(repr(abs(float(value))).split("e")[0].replace(".", "").strip("0"))

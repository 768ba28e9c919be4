"""Observation flags: reading, propagation and the one status that is shown.

Belongs here: everything that is done with the letters of Eurostat's OBS_FLAG.
Does not belong here: breaks that we know of ourselves (`breaks.py`); those stand beside the flags, never
inside.

A set of letters is a bit mask of twelve bits, so that a union over a column is one numpy operation.
Source of the rules: domain study, chapter 0.6; SDMX CL_OBS_STATUS for the display codes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

LETTERS = "bcdefimnpsuz"

#: A flag of a part enters a sum only when the flagged parts carry more than this share of the total.
SUM_WEIGHT_THRESHOLD = 0.05

#: These letters enter a sum whatever the weight of the part: they say that the sum is not what it seems.
ALWAYS_ENTER = "bcmz"

#: Display severity, most severe first, of letters that leave the value in place.
_WITH_VALUE = (
    ("b", "B"),
    ("u", "U"),
    ("d", "D"),
    ("f", "F"),
    ("e", "E"),
    ("s", "E"),
    ("i", "I"),
    ("p", "P"),
    ("n", "N"),
)

#: Display severity, most severe first, of letters that say why there is no value.
_WITHOUT_VALUE = (("c", "Q"), ("z", "M"), ("m", "L"))

MISSING_STATUSES = frozenset({"L", "M", "O", "Q"})

_BIT = {letter: 1 << position for position, letter in enumerate(LETTERS)}
_TEXT_OF_MASK: npt.NDArray[np.object_] = np.array(
    ["".join(letter for letter in LETTERS if mask & _BIT[letter]) for mask in range(1 << len(LETTERS))],
    dtype=object,
)
_SEPARATORS = re.compile(r"[\s,;|+:]+")


def letters_of(series: pd.Series[str]) -> pd.Series[str]:
    """Flags as the source prints them, brought to sorted lower-case letters.

    In: text such as `"b e"`, `"EB"`, `":c"`, null. Out: `"be"`, `"be"`, `"c"`, `""`; same index.
    Raises ValueError naming the letters that are no known flag.
    """
    return _text_of(_masks_of(series), series.index, series.name)


def union(*flag_series: pd.Series[str]) -> pd.Series[str]:
    """Per row the set union of columns of flags of equal length; sorted letters; index of the first."""
    if not flag_series:
        raise ValueError("union of flags: at least one column of flags is needed, none was given")
    masks = _masks_of(flag_series[0])
    for other in flag_series[1:]:
        masks = masks | _masks_of(other)
    return _text_of(masks, flag_series[0].index, "flags")


def union_for_sum(parts: Sequence[tuple[pd.Series[float], pd.Series[str]]], total: pd.Series[float]) -> pd.Series[str]:
    """Flags of a sum: the union of the flags of its parts under the 5 % weight rule.

    In: `(value, flags)` of every part and their `total`, all of equal length and in the same order.
    A letter enters when the parts that carry it hold more than 5 % of the total; `b`, `c`, `m` and `z` always
    enter. Without a total, or with a total of zero, weights do not exist and every letter enters.
    """
    totals = np.abs(_numbers_of(total))
    weighable = np.isfinite(totals) & (totals > 0)
    values = [np.nan_to_num(np.abs(_numbers_of(value))) for value, _ in parts]
    masks = [_masks_of(flags) for _, flags in parts]
    entered: npt.NDArray[np.int64] = np.zeros(len(total), dtype=np.int64)
    for letter, bit in _BIT.items():
        carried = np.zeros(len(total), dtype=float)
        present = np.zeros(len(total), dtype=bool)
        for value, mask in zip(values, masks, strict=True):
            carries = (mask & bit) != 0
            carried += np.where(carries, value, 0.0)
            present |= carries
        enters = (
            present if letter in ALWAYS_ENTER else present & (~weighable | (carried > SUM_WEIGHT_THRESHOLD * totals))
        )
        entered |= np.where(enters, bit, 0)
    return _text_of(entered, total.index, "flags")


def with_letter(flags: pd.Series[str], letter: str, where: pd.Series[bool]) -> pd.Series[str]:
    """`flags` with `letter` added in the rows where `where` holds."""
    masks = _masks_of(flags)
    return _text_of(masks | np.where(where.to_numpy(dtype=bool), _BIT[letter], 0), flags.index, "flags")


def display_status(flags: pd.Series[str], has_value: pd.Series[bool], missing_code: str = "O") -> pd.Series[str]:
    """The one SDMX CL_OBS_STATUS code that is shown for a set of letters.

    Severity: c > z > m > b > u > d > f > e/i/s > p > n. The code is one of L, M, O, Q if and only if there is
    no value: a row without value shows `Q` (c), `M` (z), `L` (m), or `missing_code` when no letter says why;
    and with a value the letters c, z and m stay in the flags but do not decide the code.
    """
    if missing_code not in MISSING_STATUSES:
        raise ValueError(f"missing_code: expected one of {sorted(MISSING_STATUSES)}, found {missing_code!r}")
    masks = _masks_of(flags)
    present = has_value.to_numpy(dtype=bool)
    with_value = np.select([(masks & _BIT[letter]) != 0 for letter, _ in _WITH_VALUE], [c for _, c in _WITH_VALUE], "A")
    without = np.select(
        [(masks & _BIT[letter]) != 0 for letter, _ in _WITHOUT_VALUE],
        [c for _, c in _WITHOUT_VALUE],
        missing_code,
    )
    return pd.Series(np.where(present, with_value, without), index=flags.index, name="obs_status", dtype="str")


def _masks_of(series: pd.Series[str]) -> npt.NDArray[np.int64]:
    # Flags repeat: a column of 100,000 cells holds a few dozen different texts, so only those are parsed.
    codes, texts = pd.factorize(series, use_na_sentinel=True)
    masks = np.array([_mask_of_text(str(text)) for text in texts] + [0], dtype=np.int64)
    return masks[codes]


def _mask_of_text(text: str) -> int:
    letters = set(_SEPARATORS.sub("", text).lower())
    unknown = sorted(letters - set(LETTERS))
    if unknown:
        raise ValueError(
            f"flags: {text!r} holds {', '.join(unknown)}, which is no known flag; expected letters out of "
            f"{LETTERS}. Look the letter up in the publisher's code list and add it with its meaning, "
            "or correct the source."
        )
    return sum(_BIT[letter] for letter in letters)


def _text_of(masks: npt.NDArray[np.int64], index: pd.Index, name: object) -> pd.Series[str]:
    return pd.Series(_TEXT_OF_MASK[masks], index=index, name=name, dtype="str")


def _numbers_of(values: pd.Series[float]) -> npt.NDArray[np.float64]:
    return np.asarray(values.to_numpy(dtype="float64", na_value=np.nan), dtype=np.float64)

"""Figures, sizes and years as the pages show them: with a dash for what is absent and a true minus sign.

Here: what a page needs beyond `publish/numbers_and_dates.py`, which knows the marks of both languages. Not here:
rounding of a figure to be published, which `value_rounded` already carries.
"""

from __future__ import annotations

import math
from datetime import datetime
from functools import lru_cache

from publish import numbers_and_dates
from publish.numbers_and_dates import Language

LANGUAGES: tuple[Language, ...] = ("nl", "en")
MISSING = "–"
_KILO = 1000


@lru_cache(maxsize=65536)
def number(value: float | None, decimals: int | None, language: Language) -> str:
    """A number with `decimals` decimals, half up; with None as many as it has. A dash where there is none."""
    if value is None or not math.isfinite(value):
        return MISSING
    shown = int(value) if decimals is None and value == int(value) else value
    return numbers_and_dates.number(shown, language, decimals).replace("-", "\N{MINUS SIGN}")


def count(value: int, language: Language) -> str:
    """A whole number with its thousands apart."""
    return number(value, 0, language)


def size(octets: int, language: Language) -> str:
    """A size as people say it: 61 kB, 2,1 MB (a thousand to a step)."""
    if octets < _KILO:
        return f"{octets} B"
    for unit, step in (("kB", _KILO), ("MB", _KILO**2), ("GB", _KILO**3)):
        if octets < step * _KILO or unit == "GB":
            break
    amount = octets / step
    return f"{number(amount, 0 if unit == 'kB' or amount >= 100 else 1, language)} {unit}"


@lru_cache(maxsize=4096)
def day(text: str, language: Language) -> str:
    """An ISO date or moment in words (21 november 2026); any other text as it stands."""
    try:
        return numbers_and_dates.day(text, language)
    except ValueError:
        return text


def machine_day(text: str) -> str:
    """The date for `<time datetime>`; empty for a text that is no date."""
    try:
        return datetime.fromisoformat(text).date().isoformat()
    except ValueError:
        return ""


def span(years: tuple[int, int] | None) -> str:
    """First and last year; one year where they are the same; a dash where there are none."""
    if years is None:
        return MISSING
    return str(years[0]) if years[0] == years[1] else f"{years[0]}–{years[1]}"

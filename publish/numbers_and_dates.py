"""Numbers and days as Dutch and English readers write them, from Unicode CLDR.

Here: words for people. Not here: numbers in data files, which keep their point (`tables.py`).
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

from babel.dates import format_date
from babel.numbers import format_decimal

Language = Literal["nl", "en"]
_LOCALES = {"nl": "nl_NL", "en": "en_GB"}


def day(moment: date | datetime | str, language: Language) -> str:
    """A day in words: 21 november 2026, 21 November 2026. A text is a day or moment as ISO 8601 writes it."""
    if isinstance(moment, str):
        moment = datetime.fromisoformat(moment.replace("Z", "+00:00"))
    return format_date(moment, "d MMMM y", locale=_LOCALES[language])


def day_of_year(month_day: str, language: Language) -> str:
    """A day of no year in particular, given as `07-01`: 1 juli, 1 July."""
    return format_date(date.fromisoformat(f"2000-{month_day}"), "d MMMM", locale=_LOCALES[language])


def number(value: float | int | str, language: Language, decimals: int | None = None) -> str:
    """A number with the marks of the language: 1.234,5 or 1,234.5; half up at `decimals`, else as it stands."""
    exact = Decimal(str(value))
    if decimals is not None:
        exact = exact.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
    places = max(0, -int(exact.as_tuple().exponent)) if exact.is_finite() else 0
    pattern = "#,##0" + ("." + "0" * places if places else "")
    return format_decimal(exact, format=pattern, locale=_LOCALES[language])

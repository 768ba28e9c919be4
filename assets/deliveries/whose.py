"""Whose file it is and about which period: said by the file itself, on every row the same.

Here: the one deliverer and the one period of a file, or why it has none. Not here: rules on rows.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from assets.deliveries.delivered_file import ReadFile, Told
from contracts.delivery_contract import DELIVERER, PERIOD, PERIOD_PATTERNS, Deliverer, Delivery
from contracts.rule_sql import connect, literal, quote
from publish.unseen import spelled_out

#: Characters of what stands in a file that are repeated where there is no place for more.
MOST_SHOWN = 60
_FORMS = {
    "year": ("een jaar, zoals 2025", "a year, such as 2025"),
    "quarter": ("een kwartaal, zoals 2025-Q1", "a quarter, such as 2025-Q1"),
    "month": ("een maand, zoals 2025-01", "a month, such as 2025-01"),
}


@dataclass(frozen=True)
class Whose:
    """The deliverer and the period of a file; `refusal` says why the file cannot be anybody's."""

    deliverer: str
    period: str
    refusal: Told | None = None


def whose_file(read: ReadFile, one: Delivery, registered: Mapping[str, Deliverer], moment: str) -> Whose:
    """Finds the one deliverer and the one period in the rows of a file that was read."""
    named = _values(read, DELIVERER)
    periods = _values(read, PERIOD)
    deliverer = named[0][0] if len(named) == 1 else ""
    period = periods[0][0] if len(periods) == 1 else ""
    refusal = (
        _no_rows(read)
        or _not_one(named, "several_deliverers", ("indiener", "indieners"), ("deliverer", "deliverers"))
        or _not_one(periods, "several_periods", ("periode", "perioden"), ("period", "periods"))
        or _not_registered(deliverer, one, registered)
        or _no_period(period, one, moment)
    )
    # a stranger's text goes into names and logs
    return Whose(spelled_out(deliverer)[:MOST_SHOWN], spelled_out(period)[:MOST_SHOWN], refusal)


def _values(read: ReadFile, column: str) -> list[tuple[str, int, int]]:
    """The different texts of a column with the number of their rows and the first of them, most frequent first."""
    connection = connect()
    try:
        query = (
            f"SELECT {quote(column)}, count(*), min(row_number) FROM read_parquet({literal(str(read.rows))}) "
            f"WHERE {quote(column)} IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 3 LIMIT 20"
        )
        return [(str(value), int(count), int(first)) for value, count, first in connection.execute(query).fetchall()]
    finally:
        connection.close()


def _no_rows(read: ReadFile) -> Told | None:
    if read.rows_in:
        return None
    return Told(
        "no_rows",
        "Het bestand heeft een kopregel, maar geen rijen met opgaven. Vul de rijen onder de kopregel in.",
        "The file has a header, but no rows. Enter the rows below the header.",
    )


def _not_one(found: list[tuple[str, int, int]], code: str, nl: tuple[str, str], en: tuple[str, str]) -> Told | None:
    if len(found) == 1:
        return None
    if not found:
        return Told(
            code,
            f"Nergens staat een {nl[0]}. Vul de kolom {nl[0]} op elke rij in.",
            f"No {en[0]} is given. Fill the column {en[0]} on every row.",
        )
    shown_nl = ", ".join(f"{value[:MOST_SHOWN]} ({count}×, eerst rij {row})" for value, count, row in found[:5])
    shown_en = ", ".join(f"{value[:MOST_SHOWN]} ({count}×, first row {row})" for value, count, row in found[:5])
    return Told(
        code,
        f"In het bestand staan {len(found)} {nl[1]}: {shown_nl}. Lever per {nl[0]} één bestand.",
        f"The file has {len(found)} {en[1]}: {shown_en}. Deliver one file per {en[0]}.",
    )


def _not_registered(deliverer: str, one: Delivery, registered: Mapping[str, Deliverer]) -> Told | None:
    listed = ", ".join(one.deliverers)
    if deliverer not in registered:
        return Told(
            "deliverer_unknown",
            f"De indiener {deliverer[:MOST_SHOWN]!r} is niet geregistreerd. Voor deze levering kennen wij: {listed}. "
            "Kies de juiste code, of vraag de beheerder om registratie.",
            f"The deliverer {deliverer[:MOST_SHOWN]!r} is not registered. For this delivery we know: {listed}. "
            "Choose the right code, or ask the steward to be registered.",
        )
    if deliverer not in one.deliverers and not registered[deliverer].may_deliver(one.name):
        name = registered[deliverer].name
        return Told(
            "deliverer_may_not",
            f"{name} is geregistreerd, maar niet als indiener van deze levering; dat zijn: {listed}. "
            "Kies de juiste levering, of vraag de beheerder.",
            f"{name} is registered, but not as a deliverer of this delivery; those are: {listed}. "
            "Choose the right delivery, or ask the steward.",
        )
    return None


def _no_period(period: str, one: Delivery, moment: str) -> Told | None:
    nl, en = _FORMS[one.period_form]
    if not re.fullmatch(PERIOD_PATTERNS[one.period_form], period):
        return Told(
            "period_form",
            f"De periode is {period[:MOST_SHOWN]!r}; verwacht wordt {nl}.",
            f"The period is {period[:MOST_SHOWN]!r}; expected is {en}.",
        )
    if _end_of(period) > moment[:10]:
        return Told(
            "period_not_over",
            f"De periode {period} is nog niet voorbij. Lever na afloop, of verbeter de periode.",
            f"The period {period} is not over yet. Deliver after it has ended, or correct the period.",
        )
    return None


def _end_of(period: str) -> str:
    year, _, part = period.partition("-")
    month = 12 if not part else 3 * int(part[1:]) if part.startswith("Q") else int(part)
    # the 28th: the last days of a month may be delivered on
    return f"{year}-{month:02}-28"

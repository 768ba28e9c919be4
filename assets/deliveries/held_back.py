"""What may be updated: a correction waits where its difference with what was published would give a participant away.

Two editions of a total are both public. Where only few participants changed between them, their difference is a cell
of its own, and the rules of disclosure hold for it as for any cell. A change waits until more come together, or until a
steward decides that it may show because who it is about agrees.
Not here: the rules (`formulas/disclosure_primary.py`), adding up (`totals.py`).
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import pandas as pd

from assets.deliveries.book import Book
from assets.deliveries.contributions import CELL, RESPONDENT, contributions, hierarchy_of
from assets.deliveries.standing import Pin
from assets.formulas.disclosure_margins import VALUE, Margins, with_margins
from assets.formulas.disclosure_primary import primary
from contracts.delivery_contract import Disclosure, delivery

#: Differences below this part of a kilogram are noise of addition.
NOISE = 1e-6


@dataclass(frozen=True)
class Earlier:
    """Totals that were archived before: the files that they were added up of, and the bytes themselves."""

    pins: tuple[Pin, ...]
    body: bytes


@dataclass(frozen=True)
class Held:
    """A delivery and year of which the newest files are not shown yet, in words for the steward."""

    delivery: str
    year: str
    words: str


def chosen_pins(
    book: Book, now: Sequence[Pin], earlier: Sequence[Earlier], chain_table: str
) -> tuple[tuple[Pin, ...], tuple[Held, ...]]:
    """The files to add up: those of now, but per delivery and year the last ones where the change must wait."""
    groups = sorted({_group(pin) for pin in (*now, *(pin for one in earlier for pin in one.pins))})
    chosen: list[Pin] = []
    held = []

    @cache
    def gave(pins: tuple[Pin, ...], name: str) -> pd.DataFrame:
        return contributions(book, pins, name, chain_table)

    for group in groups:
        name, year = group
        new = tuple(pin for pin in now if _group(pin) == group)
        before = [(tuple(pin for pin in one.pins if _group(pin) == group), one.body) for one in earlier]
        before = [(old, body) for old, body in before if old]
        rules = delivery(name).disclosure
        why = ""
        if rules is not None and before and before[-1][0] != new and not _may_show(book, before[-1][0], new):
            why = next(
                (
                    found
                    for old, body in before
                    if old != new and (found := _tells(gave(old, name), gave(new, name), name, body, rules))
                ),
                "",
            )
        if why:
            chosen += before[-1][0]
            held.append(Held(name, year, _words(name, year, why)))
        else:
            chosen += new
    return tuple(chosen), tuple(held)


def _group(pin: Pin) -> tuple[str, str]:
    return pin.delivery, pin.period[:4]


def _may_show(book: Book, old: Sequence[Pin], new: Sequence[Pin]) -> bool:
    """Whether a steward let every file that changes show: each that is new, and each that is gone without another."""
    owners = {(pin.deliverer, pin.period) for pin in new}
    changed = [pin for pin in new if pin not in old]
    changed += [pin for pin in old if (pin.deliverer, pin.period) not in owners]
    return bool(changed) and all(book.settled(book.file(pin.receipt)).may_show for pin in changed)


def _words(name: str, year: str, why: str) -> str:
    return (
        f"{name} {year}: de nieuwste bestanden tellen nog niet mee, want het verschil met wat is gepubliceerd zou een "
        f"deelnemer verraden ({why}). Het wacht op andere verbeteringen; stemt de deelnemer in, besluit dan met "
        "`ketenmonitor quarantine RECEIPT --publish`."
    )


def _tells(then: pd.DataFrame, now: pd.DataFrame, name: str, body: bytes, rules: Disclosure) -> str:
    """The first published cell whose change tells of too few participants; empty where none does.

    In: contributions of the two editions, and the bytes in which the first was published.
    """
    parts = [then, now]
    margins = Margins({"subgroup": hierarchy_of(pd.concat(parts, ignore_index=True))}, ("measure", "unit", "year"))
    cells = [*CELL, RESPONDENT]
    before, since = (with_margins(part, margins, RESPONDENT).set_index(cells)[VALUE] for part in parts)
    change = since.subtract(before, fill_value=0.0).abs()
    change = change[change > NOISE].reset_index()
    if change.empty:
        return ""
    named = Disclosure(RESPONDENT, rules.minimum_respondents, rules.dominance, rules.p_percent, rules.safety_percent)
    judged = primary(change, CELL, named)
    published = pd.read_csv(io.BytesIO(body), dtype={"year": "int64"})
    shown = published.loc[(published["delivery"] == name) & (published["conf_status"] == "F"), CELL]
    unsafe = judged.loc[judged["unsafe"], CELL].astype({"year": "int64"}).merge(shown, on=CELL)
    if unsafe.empty:
        return ""
    first = unsafe.iloc[0]
    return f"{first['measure']}, {first['subgroup']}"

"""The sheet of a template that says what a delivery is, how it is handed in, and what each column and rule asks.

Here: its words, and how they lie on the sheet. Not here: the sheet that is filled in (`delivery_template.py`), or the
words of one column or rule (`delivery_words.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from xlsxwriter.worksheet import Worksheet

from contracts.contract_model import Rule
from contracts.delivery_contract import Delivery, deliverers
from publish.delivery_example import EXAMPLE
from publish.delivery_words import (
    allowed_words,
    deadline_words,
    description,
    quoted,
    rule_words,
    title,
    unit_word,
)
from publish.numbers_and_dates import Language, number
from publish.release_facts import publisher
from publish.workbook import for_print, row_height, text_row

# label or column, then what is said of it: description, what is allowed, required, unit, technical name
_WIDTHS = (34.0, 84.0, 44.0, 10.0, 14.0, 26.0)


@dataclass(frozen=True)
class Styles:
    """The formats of the sheet: large, bold, on a shaded ground, and wrapped."""

    title: Any
    label: Any
    heading: Any
    wrapped: Any


@dataclass(frozen=True)
class SheetNames:
    """What the three sheets of a template are called."""

    filled_in: str
    lists: str
    explanation: str


def _confidential(delivery: Delivery, language: Language) -> str:
    dutch = language == "nl"
    reason = delivery.disclosure_reason_nl if dutch else delivery.disclosure_reason_en
    rules = delivery.disclosure
    if rules is None:
        return reason
    whose = quoted(title(delivery.contract.column(rules.respondent), language), language)
    return (
        f"{reason} Een cijfer met minder dan {rules.minimum_respondents} verschillende waarden van {whose} erachter "
        "wordt niet gepubliceerd, en ook niet een cijfer waaruit dat valt af te leiden."
        if dutch
        else f"{reason} A figure with fewer than {rules.minimum_respondents} different values of {whose} behind it is "
        "not published, nor is a figure from which it could be derived."
    )


def _dutch(delivery: Delivery, names: SheetNames, rows: int) -> Iterator[tuple[str, str]]:
    contract, steward = delivery.contract, publisher()
    who = ", ".join(f"{deliverers()[code].name} (code {code})" for code in delivery.deliverers)
    share = number(f"{contract.quarantine_threshold * 100:.12g}", "nl")
    yield "Waarvoor", contract.description_nl
    yield "Eén rij", contract.granularity_nl
    yield "Wie levert in", f"{who}."
    yield "Wanneer", deadline_words(delivery, "nl")
    yield (
        "Zo vult u in",
        f"Vul het blad {quoted(names.filled_in, 'nl')} in. Kolommen met een * zijn verplicht. Laat een cel leeg als u "
        "niets weet of niets hoeft op te geven; een nul betekent dat er niets was. Verander de kopregel niet, voeg "
        "geen cellen samen en plak gegevens als waarden. De grijze rij is een voorbeeld: zolang daar "
        f"{quoted(EXAMPLE, 'nl')} als indiener staat, wordt zij niet overgenomen. Keuzelijsten en opmaak gelden voor "
        f"{number(rows, 'nl')} rijen; lever meer rijen in als CSV of Parquet.",
    )
    yield (
        "Zo levert u in",
        f"Zet het bestand in de map inbox/{delivery.name}/, of geef de opdracht "
        f"ketenmonitor deliver BESTAND --as {delivery.name}. Vragen: {steward.contact_name}, {steward.contact_email}.",
    )
    yield (
        "Wat ermee gebeurt",
        "Het bestand wordt eerst bewaard zoals het is. Daarna wordt elke rij getoetst aan de regels hieronder. U "
        "krijgt een ontvangstbewijs: wat is gelezen en aangenomen, en van elke geweigerde rij de kolom, de waarde, de "
        f"regel en wat goed zou zijn. Is meer dan {share} % van de rijen geweigerd, dan wordt het hele bestand "
        "geweigerd.",
    )
    yield (
        "Verbeteren",
        "Een nieuw bestand van dezelfde indiener over dezelfde periode vervangt het vorige geheel. Lever dus altijd "
        "alle rijen in. Beide bestanden blijven bewaard.",
    )
    yield "Vertrouwelijkheid", _confidential(delivery, "nl")
    yield "Sjabloon", f"{delivery.name}, versie {contract.version}"


def _english(delivery: Delivery, names: SheetNames, rows: int) -> Iterator[tuple[str, str]]:
    contract, steward = delivery.contract, publisher()
    who = ", ".join(f"{deliverers()[code].name} (code {code})" for code in delivery.deliverers)
    share = number(f"{contract.quarantine_threshold * 100:.12g}", "en")
    yield "What for", contract.description_en
    yield "One row", contract.granularity_en
    yield "Who hands in", f"{who}."
    yield "When", deadline_words(delivery, "en")
    yield (
        "How to fill it in",
        f"Fill in the sheet {quoted(names.filled_in, 'en')}. Columns with a * are required. Leave a cell empty if you "
        "do not know or need not report; a zero means that there was none. Do not change the header, do not merge "
        f"cells, and paste data as values. The grey row is an example: as long as {quoted(EXAMPLE, 'en')} stands there "
        f"as the deliverer, it is not taken in. Drop-downs and formats hold for {number(rows, 'en')} rows; hand in "
        "more rows as CSV or Parquet.",
    )
    yield (
        "How to hand it in",
        f"Put the file in the folder inbox/{delivery.name}/, or give the command "
        f"ketenmonitor deliver FILE --as {delivery.name}. Questions: {steward.contact_name}, {steward.contact_email}.",
    )
    yield (
        "What happens with it",
        "First the file is kept as it is. Then every row is held against the rules below. You get a receipt: what was "
        "read and accepted, and of every refused row the column, the value, the rule and what would be right. If more "
        f"than {share} % of the rows is refused, the whole file is refused.",
    )
    yield (
        "Corrections",
        "A new file of the same deliverer about the same period replaces the one before as a whole. So always hand in "
        "all rows. Both files are kept.",
    )
    yield "Confidentiality", _confidential(delivery, "en")
    yield "Template", f"{delivery.name}, version {contract.version}"


_HEADS = {
    "nl": ("Kolom", "Beschrijving", "Wat er mag staan", "Verplicht", "Eenheid", "Technische naam"),
    "en": ("Column", "Description", "What is allowed", "Required", "Unit", "Technical name"),
}
_RULE_HEADS = {"nl": ("Als het niet klopt", "Regel"), "en": ("If it does not hold", "Rule")}


def _consequence(rule: Rule, language: Language) -> str:
    dutch = language == "nl"
    if rule.severity != "error":
        return "waarschuwing; de rij telt mee" if dutch else "warning; the row counts"
    if rule.per_row:
        return "de rij wordt geweigerd" if dutch else "the row is refused"
    return "het bestand wordt geweigerd" if dutch else "the file is refused"


def _column_rows(delivery: Delivery, names: SheetNames, language: Language) -> Iterator[tuple[str, ...]]:
    yes, no = ("ja", "nee") if language == "nl" else ("yes", "no")
    for column in delivery.contract.columns:
        yield (
            title(column, language),
            description(column, language),
            allowed_words(column, delivery, language, names.lists),
            yes if column.required else no,
            unit_word(column.unit, language) if column.unit else "–",
            column.name,
        )


def _rule_rows(delivery: Delivery, language: Language) -> Iterator[tuple[str, str]]:
    for rule in delivery.contract.rules:
        words = rule_words(rule, delivery.contract, language)
        if words is not None:
            yield _consequence(rule, language), words


def write_explanation(sheet: Worksheet, styles: Styles, delivery: Delivery, names: SheetNames, rows: int, *,
                      first: Language) -> None:  # fmt: skip
    """Fills the sheet: everything in the language `first`, and below that in the other one.

    `rows` is for how many rows the sheet that is filled in has its formats.
    """
    for position, width in enumerate(_WIDTHS):
        sheet.set_column(position, position, width)
    sheet.hide_gridlines(2)
    for_print(sheet)
    at = 0
    languages: tuple[Language, Language] = ("nl", "en") if first == "nl" else ("en", "nl")
    for language in languages:
        at = _part(sheet, styles, delivery, names, rows, language, at) + 2


def _part(
    sheet: Worksheet, styles: Styles, delivery: Delivery, names: SheetNames, rows: int, language: Language, at: int
) -> int:
    """Everything in one language from row `at` on; gives the row after it."""

    def block(cells: tuple[str, ...]) -> None:
        nonlocal at
        text_row(sheet, at, cells[:1], styles.label)
        for position, cell in enumerate(cells[1:], 1):
            sheet.write_string(at, position, cell, styles.wrapped)
        # a column as wide as 84 digits holds some 92 letters
        sheet.set_row(at, row_height([(cell, width * 1.1) for cell, width in zip(cells, _WIDTHS, strict=False)]))
        at += 1

    def heading(cells: tuple[str, ...]) -> None:
        nonlocal at
        text_row(sheet, at + 1, cells, styles.heading)
        at += 2

    contract = delivery.contract
    text_row(sheet, at, [contract.title_nl if language == "nl" else contract.title_en], styles.title)
    at += 1
    for line in _dutch(delivery, names, rows) if language == "nl" else _english(delivery, names, rows):
        block(line)
    heading(_HEADS[language])
    for cells in _column_rows(delivery, names, language):
        block(cells)
    heading(_RULE_HEADS[language])
    for rule in _rule_rows(delivery, language):
        block(rule)
    return at

"""What a receipt says to a deliverer, in Dutch and in English: what happened, what to do next, and fixed words.

Here: sentences. Not here: the page around them (`receipt_pages.py`), or what would be right in a cell
(`contracts/fault_words.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from publish.numbers_and_dates import Language, number
from publish.receipt import Receipt


@dataclass(frozen=True)
class Words:
    """The fixed words of a receipt in one language."""

    receipt: str
    other_language: str
    next: str
    rows: str
    rows_read: str
    rows_accepted: str
    rows_in_order: str
    rows_refused: str
    rows_duplicate: str
    refused: str
    warnings: str
    rows_count: str
    see_whether: str
    row: str
    column: str
    value: str
    rule: str
    right: str
    whole_file: str
    whole_row: str
    nothing: str
    characters: str
    all_refused: str
    totals: str
    totals_text: str
    read: str
    accepted: str
    in_order: str
    refused_sum: str
    duplicate: str
    too_large: str
    how_read: str
    identity: str
    number: str
    delivery: str
    contract: str
    deliverer: str
    period: str
    file: str
    size: str
    bytes: str
    form: str
    received: str
    replaces: str
    as_data: str


WORDS: dict[Language, Words] = {
    "nl": Words(
        receipt="Ontvangstbewijs",
        other_language="In English",
        next="Wat nu",
        rows="Rijen",
        rows_read="Gelezen",
        rows_accepted="Overgenomen",
        rows_in_order="In orde, maar niet overgenomen",
        rows_refused="Geweigerd",
        rows_duplicate="Weggelaten: geheel gelijk aan een eerdere rij",
        refused="Wat is geweigerd",
        warnings="Opmerkelijk",
        rows_count="Deze rijen tellen mee.",
        see_whether="Kijk of ze kloppen.",
        row="Rij",
        column="Kolom",
        value="Waarde",
        rule="Regel",
        right="Wat goed zou zijn",
        whole_file="het bestand",
        whole_row="de rij",
        nothing="leeg",
        characters="tekens",
        all_refused="Alle geweigerde rijen (CSV)",
        totals="Som per kolom",
        totals_text="Gelezen is {} plus geweigerd plus dubbel, voor zover er getallen staan.",
        read="Gelezen",
        accepted="Overgenomen",
        in_order="In orde",
        refused_sum="Geweigerd",
        duplicate="Dubbel",
        too_large="te groot",
        how_read="Hoe het bestand is gelezen",
        identity="Gegevens",
        number="Nummer",
        delivery="Levering",
        contract="Versie van de afspraken",
        deliverer="Indiener",
        period="Periode",
        file="Bestand",
        size="Grootte",
        bytes="bytes",
        form="Gelezen als",
        received="Ontvangen",
        replaces="Vervangt",
        as_data="Dit ontvangstbewijs als gegevens (JSON)",
    ),
    "en": Words(
        receipt="Receipt",
        other_language="In het Nederlands",
        next="What next",
        rows="Rows",
        rows_read="Read",
        rows_accepted="Taken in",
        rows_in_order="In order, but not taken in",
        rows_refused="Refused",
        rows_duplicate="Left out: identical to an earlier row",
        refused="What was refused",
        warnings="Worth a look",
        rows_count="These rows count.",
        see_whether="See whether they are right.",
        row="Row",
        column="Column",
        value="Value",
        rule="Rule",
        right="What would be right",
        whole_file="the file",
        whole_row="the row",
        nothing="empty",
        characters="characters",
        all_refused="All refused rows (CSV)",
        totals="Sum per column",
        totals_text="Read is {} plus refused plus duplicate, as far as there are numbers.",
        read="Read",
        accepted="Taken in",
        in_order="In order",
        refused_sum="Refused",
        duplicate="Duplicate",
        too_large="too large",
        how_read="How the file was read",
        identity="Particulars",
        number="Number",
        delivery="Delivery",
        contract="Version of the contract",
        deliverer="Deliverer",
        period="Period",
        file="File",
        size="Size",
        bytes="bytes",
        form="Read as",
        received="Received",
        replaces="Replaces",
        as_data="This receipt as data (JSON)",
    ),
}


def _rows(count: int, language: Language) -> str:
    one, more = ("rij", "rijen") if language == "nl" else ("row", "rows")
    return f"{number(count, language)} {one if count == 1 else more}"


def _taken_in(receipt: Receipt, language: Language) -> str:
    """What became of the rows of a file that was accepted, whole or in part."""
    dutch = language == "nl"
    accepted, rows_in = receipt.rows_accepted, receipt.rows_in
    if accepted == rows_in:
        if accepted == 1:
            return "de ene rij is overgenomen" if dutch else "its one row was taken in"
        all_of = number(accepted, language)
        return f"alle {all_of} rijen zijn overgenomen" if dutch else f"all {all_of} rows were taken in"
    some, of = number(accepted, language), _rows(rows_in, language)
    verb = ("is" if accepted == 1 else "zijn") if dutch else ("was" if accepted == 1 else "were")
    text = f"{some} van {of} {verb} overgenomen" if dutch else f"{some} of {of} {verb} taken in"
    if receipt.rows_refused:
        refused = number(receipt.rows_refused, language)
        text += f", {refused} geweigerd" if dutch else f", {refused} refused"
    if receipt.exact_duplicates:
        twice = number(receipt.exact_duplicates, language)
        text += f"; {twice} stond er dubbel in" if dutch else f"; {twice} stood in it twice"
        text = text.replace("stond er", "stonden er") if dutch and receipt.exact_duplicates > 1 else text
    return text


def what_happened(receipt: Receipt, language: Language) -> str:
    """The outcome in one sentence."""
    dutch = language == "nl"
    match receipt.outcome:
        case "accepted":
            rows = _taken_in(receipt, language)
            return f"Uw bestand is aangenomen: {rows}." if dutch else f"Your file is accepted: {rows}."
        case "accepted_in_part":
            rows = _taken_in(receipt, language)
            return f"Uw bestand is deels aangenomen: {rows}." if dutch else f"Your file is accepted in part: {rows}."
        case "refused":
            return (
                "Uw bestand is geweigerd: er is geen rij overgenomen."
                if dutch
                else "Your file is refused: no row was taken in."
            )
    return (
        "Dit bestand is al eerder ontvangen: er is niets veranderd."
        if dutch
        else "This file was received before: nothing has changed."
    )


def what_next(receipt: Receipt, language: Language) -> Iterator[str]:
    """What the deliverer should do, in sentences."""
    dutch = language == "nl"
    match receipt.outcome:
        case "accepted":
            if receipt.warnings_in_all:
                yield (
                    "Kijk of klopt wat hieronder als opmerkelijk staat; de rijen tellen mee."
                    if dutch
                    else "See whether what is named below as worth a look is right; the rows count."
                )
            else:
                yield "U hoeft niets te doen." if dutch else "You need not do anything."
            yield (
                "Vindt u later een fout, lever dan het hele bestand verbeterd in: dat vervangt dit bestand."
                if dutch
                else "If you find a fault later, hand in the whole file again, corrected: it replaces this file."
            )
        case "accepted_in_part":
            yield (
                "Verbeter de geweigerde rijen en lever het hele bestand opnieuw in. Het vervangt dit bestand geheel: "
                "lever niet alleen de verbeterde rijen in."
                if dutch
                else "Correct the refused rows and hand in the whole file again. It replaces this file as a whole: do "
                "not hand in the corrected rows alone."
            )
            yield (
                "Tot dan tellen de overgenomen rijen mee en de geweigerde niet."
                if dutch
                else "Until then the rows that were taken in count and the refused ones do not."
            )
        case "refused":
            yield (
                "Verbeter het bestand en lever het hele bestand opnieuw in. Wat eerder is overgenomen, blijft gelden."
                if dutch
                else "Correct the file and hand in the whole file again. What was taken in before still counts."
            )
        case _:
            yield (
                "Het eerdere ontvangstbewijs geldt nog: daar staat wat is overgenomen en wat niet."
                if dutch
                else "The earlier receipt still holds: it says what was taken in and what was not."
            )


def about_the_rows(receipt: Receipt, language: Language) -> Iterator[str]:
    """What the table of rows does not say: the share that may be refused, and example rows."""
    dutch = language == "nl"
    if receipt.rows_refused:
        share = number(100 * receipt.rows_refused / receipt.rows_in, language, 1)
        most = number(f"{receipt.threshold * 100:.12g}", language)
        yield (
            f"Geweigerd is {share} % van de rijen; bij meer dan {most} % wordt het hele bestand geweigerd."
            if dutch
            else f"{share} % of the rows is refused; with more than {most} % the whole file is refused."
        )
    if receipt.examples_left_out:
        examples = _rows(receipt.examples_left_out, language)
        yield (
            f"Niet meegeteld: {examples} met het voorbeeld van het sjabloon."
            if dutch
            else f"Not counted: {examples} with the example of the template."
        )


def shown_of(shown: int, in_all: int, language: Language) -> str:
    """How many of all faults a table shows; empty where it shows all."""
    if shown >= in_all:
        return ""
    first, count = number(shown, language), number(in_all, language)
    return f"De eerste {first} van {count}." if language == "nl" else f"The first {first} of {count}."

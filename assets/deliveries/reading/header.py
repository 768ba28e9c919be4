"""Which column of the contract stands under which cell of a header: by technical name, Dutch or English title.

Here: matching names, and the refusal of a header that does not fit, with the name that was probably meant.
Not here: finding the header in a file (the reader of each form).
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from assets.deliveries.delivered_file import FileRefused, Told
from assets.deliveries.reading.words import listed, refused, shown
from contracts.contract_model import Column, Contract
from contracts.delivery_contract import Delivery

#: So much of a cell is compared with the names of columns: patterns over a megabyte of underscores take hours.
_LONGEST_NAME = 200
#: A header cell that ends in a unit of weight: its stem and the unit.
_WEIGHT = re.compile(r"(.*?)[\s_]*[(\[]?(t|ton|tonne|tonnes|tons|kton|kt|mg|g|gram|grams)[)\]]?")


@dataclass(frozen=True)
class Header:
    """`columns` has for every cell of the header the contract's column, None where the cell is empty.

    `absent` are the contract's optional columns that the file does not have.
    """

    columns: tuple[str | None, ...]
    absent: tuple[str, ...]

    def notes(self, contract: Contract) -> tuple[Told, ...]:
        """What the deliverer is told about it."""
        if not self.absent:
            return ()
        nl = ", ".join(contract.column(name).title_nl for name in self.absent)
        en = ", ".join(contract.column(name).title_en for name in self.absent)
        return (
            Told(
                "columns_absent",
                f"Niet in het bestand, gelezen als leeg: {nl}.",
                f"Not in the file, read as empty: {en}.",
            ),
        )


@dataclass(frozen=True)
class At:
    """Where a header stands, in both languages: 'Regel 1', 'Rij 1 van blad 'Opgave''."""

    nl: str
    en: str


def folded(name: str) -> str:
    """A name as names are compared: without case, space around it, kinds of space and the `*` of a required column."""
    text = unicodedata.normalize("NFC", name).replace("\u200b", "").replace("\ufeff", "")
    return " ".join(text.split()).rstrip("* ").casefold()


def known_names(contract: Contract) -> dict[str, str]:
    """Folded name to column, for technical names first, then Dutch titles, then English ones."""
    names: dict[str, str] = {}
    for kind in ("name", "title_nl", "title_en"):
        for column in contract.columns:
            names.setdefault(folded(getattr(column, kind)), column.name)
    names.pop("", None)
    return names


def recognised(cells: Sequence[str], contract: Contract) -> int:
    """How many of these cells name a column of the contract."""
    names = known_names(contract)
    return sum(folded(cell) in names for cell in cells)


def has_required(cells: Sequence[str], contract: Contract) -> bool:
    """Whether every required column of the contract is named among these cells."""
    names = known_names(contract)
    found = {names.get(folded(cell)) for cell in cells}
    return all(column.name in found for column in contract.columns if _must_be_there(column))


def match_header(cells: Sequence[str], delivery: Delivery, at: At) -> Header:
    """The columns under the cells of a header, in any order and in any of their names.

    Raises FileRefused for a column that stands there twice, that the contract does not know, or that is required and
    not there.
    """
    contract = delivery.contract
    names = known_names(contract)
    columns: list[str | None] = []
    for cell in cells:
        name = folded(cell)
        if not name:
            columns.append(None)
            continue
        if name not in names:
            raise _unknown(cell, contract, names, at)
        column = names[name]
        if column in columns:
            title = contract.column(column)
            first = cells[columns.index(column)]
            raise refused(
                "duplicate_column",
                f"{at.nl}: de kolom {title.title_nl} staat er twee keer, als {shown(first)} en {shown(cell)}. "
                "Verwijder er een.",
                f"{at.en}: the column {title.title_en} stands there twice, as {shown(first)} and {shown(cell)}. "
                "Remove one.",
            )
        columns.append(column)
    absent = [column for column in contract.columns if column.name not in columns]
    required = [column for column in absent if _must_be_there(column)]
    if required:
        raise _absent(required, at)
    return Header(tuple(columns), tuple(column.name for column in absent))


def not_a_header(cells: Sequence[str], contract: Contract, at: At) -> FileRefused:
    """The refusal of a first row in which no column of the contract is named."""
    return refused(
        "no_header",
        f"{at.nl} is geen kopregel van deze levering: daar staat {listed(cells, 6) or 'niets'}. Verwacht: "
        f"{listed([c.title_nl for c in contract.columns])}. Zet de kopregel van het sjabloon bovenaan.",
        f"{at.en} is no header of this delivery: it has {listed(cells, 6) or 'nothing'}. Expected: "
        f"{listed([c.title_en for c in contract.columns])}. Put the header of the template at the top.",
    )


def unnamed_column(number: int, at: At, found: str) -> FileRefused:
    """The refusal of a file with values in a column that has no name."""
    return refused(
        "unnamed_column",
        f"Kolom {number} heeft geen naam in de kopregel, maar op {at.nl} staat er {shown(found)}. Geef de kolom een "
        "naam uit het sjabloon, of maak haar leeg.",
        f"Column {number} has no name in the header, but on {at.en} it holds {shown(found)}. Give the column a name "
        "from the template, or empty it.",
    )


def _must_be_there(column: Column) -> bool:
    return column.required or column.key_position is not None


def _absent(required: Sequence[Column], at: At) -> FileRefused:
    several = len(required) > 1
    return refused(
        "column_absent",
        f"{at.nl}: {'deze verplichte kolommen ontbreken' if several else 'deze verplichte kolom ontbreekt'}: "
        f"{listed([column.title_nl for column in required])}. Voeg {'ze' if several else 'haar'} toe, zoals in het "
        "sjabloon.",
        f"{at.en}: {'these required columns are' if several else 'this required column is'} missing: "
        f"{listed([column.title_en for column in required])}. Add {'them' if several else 'it'}, as in the template.",
    )


def _unknown(cell: str, contract: Contract, names: dict[str, str], at: At) -> FileRefused:
    found = folded(cell)
    weight = _WEIGHT.fullmatch(found[:_LONGEST_NAME])
    if weight and weight[1]:
        for meant in (f"{weight[1]}_kg", f"{weight[1]} (kg)"):
            if meant in names:
                column = contract.column(names[meant])
                return refused(
                    "other_unit",
                    f"{at.nl}: kolom {shown(cell)} is in {weight[2]}; deze levering vraagt kilogram. Reken de waarden "
                    f"om en noem de kolom {shown(column.title_nl)}.",
                    f"{at.en}: column {shown(cell)} is in {weight[2]}; this delivery asks for kilograms. Convert the "
                    f"values and call the column {shown(column.title_en)}.",
                )
    nearest = difflib.get_close_matches(found[:_LONGEST_NAME], names, n=1, cutoff=0.6)
    if nearest:
        column = contract.column(names[nearest[0]])
        return refused(
            "unknown_column",
            f"{at.nl}: kolom {shown(cell)} hoort niet bij deze levering. Bedoelt u {shown(column.title_nl)}? "
            "Verbeter de naam, of verwijder de kolom.",
            f"{at.en}: column {shown(cell)} is no part of this delivery. Do you mean {shown(column.title_en)}? "
            "Correct the name, or remove the column.",
        )
    return refused(
        "unknown_column",
        f"{at.nl}: kolom {shown(cell)} hoort niet bij deze levering. Verwijder haar; de kolommen zijn: "
        f"{listed([c.title_nl for c in contract.columns], 20)}.",
        f"{at.en}: column {shown(cell)} is no part of this delivery. Remove it; the columns are: "
        f"{listed([c.title_en for c in contract.columns], 20)}.",
    )

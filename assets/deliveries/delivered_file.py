"""What reading a delivered file gives, whatever its form: rows of text with their row numbers, or a refusal in words.

Here: the types that readers and audit share, and the limits within which a file is read.
Not here: reading (`reading/`), or what the rows must be (`contracts/row_audit.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

#: Column of the row's number as the deliverer sees it: the row of the sheet, the line of the CSV at which it starts.
ROW_NUMBER = "row_number"
#: What stands in the column `deliverer` of the example row of a template; such a row is not taken in.
EXAMPLE = "voorbeeld"


@dataclass(frozen=True)
class Limits:
    """How much of a delivered file is read before it is refused."""

    file_bytes: int = 2_000_000_000
    unpacked_bytes: int = 4_000_000_000
    unpacked_ratio: int = 200
    members: int = 200
    rows: int = 20_000_000
    columns: int = 200
    line_bytes: int = 1_000_000
    cell_characters: int = 10_000
    #: shared texts of a workbook lie in memory while it is read
    shared_text_bytes: int = 500_000_000
    seconds: float = 600.0


@dataclass(frozen=True)
class Told:
    """A sentence for the deliverer, in both languages; `code` names what it is about and stays the same."""

    code: str
    nl: str
    en: str


class FileRefused(ValueError):
    """A file as a whole cannot be taken in. `told` says what was found, what is expected and what to do next."""

    def __init__(self, told: Told) -> None:
        self.told = told
        super().__init__(told.en)


@dataclass(frozen=True)
class Declared:
    """What the deliverer says about the form of a CSV file; None is: to be recognised without doubt, or refused."""

    decimal: Literal["comma", "point"] | None = None
    delimiter: str | None = None
    encoding: str | None = None


@dataclass(frozen=True)
class ReadFile:
    """A delivered file as rows.

    `rows` is a Parquet file with `row_number` (int64) and every column of the contract as text, in the order of the
    file: trimmed, numbers with a decimal point, dates as YYYY-MM-DD, codes where a label of the code list stood; an
    empty cell is null. A row of which cells could not be read at all stands in it too, with what could be read.
    `broken` is a Parquet file, or None where there is nothing in it: `row_number` (int64), `column` (text, empty for
    the row as a whole), `found` (text), `rule` (a key of `READING_RULES`): such rows are refused.
    `form` is `csv`, `xlsx`, `parquet` or `data package`; `part` the sheet or resource that was read, or empty.
    """

    rows: Path
    broken: Path | None
    rows_in: int
    examples_left_out: int
    form: str
    part: str
    notes: tuple[Told, ...]


#: Why a row is refused while the file is read, by rule: `nl` and `en` say what would be right.
READING_RULES: dict[str, Told] = {
    told.code: told
    for told in (
        Told(
            "cells_differ",
            "Zet op elke regel evenveel cellen als in de kopregel; zet een tekst met een scheidingsteken tussen "
            "aanhalingstekens.",
            "Put as many cells on every line as in the header; put a text with a delimiter in it between quotes.",
        ),
        Told(
            "formula_cell",
            "Vervang de formule door haar uitkomst (kopiëren, plakken als waarde).",
            "Replace the formula by its outcome (copy, paste as value).",
        ),
        Told(
            "runs_as_formula",
            "Laat een tekst niet beginnen met =, +, -, @ of een tab: een rekenblad voert die uit als formule. Is er "
            "niets te melden, laat de cel dan leeg.",
            "Do not let a text begin with =, +, -, @ or a tab: a spreadsheet runs it as a formula. Where there is "
            "nothing to report, leave the cell empty.",
        ),
        Told("error_cell", "Vervang de foutwaarde door een waarde.", "Replace the error value by a value."),
        Told(
            "merged_cells",
            "Splits de samengevoegde cellen en vul elke cel.",
            "Split the merged cells and fill every cell.",
        ),
        Told(
            "date_for_number",
            "Zet de cel op getalnotatie en vul het getal in: hier stond een datum.",
            "Format the cell as a number and enter the number: a date stood here.",
        ),
        Told(
            "number_for_text",
            "Zet de kolom op tekstnotatie en vul de code volledig in, met de nul vooraan.",
            "Format the column as text and enter the code in full, leading zero included.",
        ),
        Told(
            "text_for_number",
            "Zet de cel op getalnotatie en vul het getal opnieuw in: het stond er als tekst, en dan is een punt of "
            "komma niet zeker te lezen.",
            "Format the cell as a number and enter the number again: it stood there as text, and then a point or comma "
            "cannot be read for certain.",
        ),
        Told(
            "scientific_for_text",
            "Zet de kolom op tekstnotatie en vul de code opnieuw in: een rekenblad maakte er een macht van tien van.",
            "Format the column as text and enter the code again: a spreadsheet made a power of ten of it.",
        ),
        Told(
            "other_decimal_sign",
            "Schrijf het getal met het decimaalteken dat voor dit bestand is opgegeven.",
            "Write the number with the decimal sign that was declared for this file.",
        ),
        Told(
            "cell_too_long",
            "Kort de tekst in.",
            "Shorten the text.",
        ),
    )
}

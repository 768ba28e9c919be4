"""The template of a delivery: the workbook or the CSV file that a deliverer fills in.

Here: the sheet that is filled in, the sheet of the code lists, and the CSV. Not here: the sheet that explains them
(`delivery_explanation.py`), drop-downs and limits (`delivery_validation.py`), or reading what comes back
(`assets/deliveries/reading`).

The same contract gives the same bytes: a template bears no date.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.utility import xl_range_abs, xl_rowcol_to_cell
from xlsxwriter.worksheet import Worksheet

from contracts.contract_model import Column
from contracts.delivery_contract import DELIVERER, Delivery, deliverers
from contracts.vocabulary import load_codelist
from publish.delivery_example import Value, example_row
from publish.delivery_explanation import SheetNames, Styles, write_explanation
from publish.delivery_validation import validation
from publish.delivery_words import allowed_words, code_label, description, title
from publish.numbers_and_dates import Language
from publish.release_facts import publisher
from publish.workbook import for_print
from publish.zipped import zip_bytes

#: For how many rows the sheet has its formats and drop-downs, the example row among them.
ROWS = 5_000
SHEETS: dict[Language, SheetNames] = {
    "nl": SheetNames("Opgave", "Lijsten", "Toelichting"),
    "en": SheetNames("Return", "Lists", "Explanation"),
}
_TEXT = 49
_NARROWEST, _WIDEST = 14, 40
_GREY = "#595959"
_HEADING = {"bold": True, "bg_color": "#E7EEF2", "bottom": 1, "text_wrap": True, "valign": "top", "num_format": _TEXT}
# xlsxwriter writes the moment of writing here unless it is given another; the format can do without
_MOMENTS = re.compile(rb"<dcterms:(created|modified)[^>]*>[^<]*</dcterms:\1>")


def header(column: Column, language: Language) -> str:
    """The header of a column in the workbook: its title, with a star where it is required."""
    return title(column, language) + (" *" if column.required else "")


@dataclass(frozen=True)
class _Choices:
    """A list on the sheet of lists: its header cells, its rows, and which of its columns a drop-down offers."""

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    offered: int


def _choices(column: Column, delivery: Delivery, language: Language) -> _Choices | None:
    """What a drop-down of the column offers; None where it has none."""
    if column.name == DELIVERER:
        known = deliverers()
        names = tuple((code, known[code].name) for code in delivery.deliverers)
        return _Choices(("code", "naam" if language == "nl" else "name"), names, 0)
    if column.allowed is None:
        return None
    if column.code_list is None:
        return _Choices(("code",), tuple((value,) for value in column.allowed), 0)
    entries = [load_codelist(column.code_list).entry(code) for code in column.allowed]
    rows = tuple((entry.code, entry.label_nl, entry.label_en) for entry in entries)
    offered = 1 if language == "nl" else 2
    # two codes of one name could not be told apart when they come back
    unique = len({row[offered].strip().casefold() for row in rows}) == len(rows)
    return _Choices(("code", "label_nl", "label_en"), rows, offered if unique else 0)


def _shown(column: Column, value: Value | None, choices: _Choices | None, language: Language) -> Value | None:
    """A value of the example row as the sheet shows it: the name of a code, a text as a text."""
    if value is None or column.logical_type in ("integer", "number"):
        return value
    if column.logical_type == "boolean":
        return str(value).lower()
    if choices is not None and choices.offered and column.code_list:
        return code_label(column, str(value), language)
    return str(value)


def _number_format(column: Column, whole: bool) -> str | int:
    """How a cell of the column is shown; `whole` for a number without decimals."""
    if column.logical_type == "date":
        return "yyyy-mm-dd"
    if column.logical_type not in ("integer", "number"):
        return _TEXT
    # no unit and no mark for thousands: a sheet that is saved as CSV gives what is shown
    return "0" if whole else "0.0##"


class _Book:
    """The workbook and the formats that its sheets share."""

    def __init__(self, delivery: Delivery, language: Language) -> None:
        self.content = io.BytesIO()
        self.book = xlsxwriter.Workbook(self.content, {"in_memory": True})
        contract = delivery.contract
        self.book.set_properties(
            {
                "title": (contract.title_nl if language == "nl" else contract.title_en)[:255],
                "author": publisher().name,
                "comments": f"{delivery.name} {contract.version}",
                "created": datetime(2000, 1, 1, tzinfo=UTC),  # taken out again by `finished`
            }
        )
        self._formats: dict[tuple[tuple[str, Any], ...], Format] = {}

    def form(self, **properties: Any) -> Format:
        """A format, made once."""
        key = tuple(sorted(properties.items()))
        if key not in self._formats:
            self._formats[key] = self.book.add_format(properties)
        return self._formats[key]

    @property
    def heading(self) -> Format:
        """The header of a table."""
        return self.form(**_HEADING)

    @property
    def heading_of_numbers(self) -> Format:
        """The header of a column of numbers, which stand on the right."""
        return self.form(**_HEADING, align="right")

    def finished(self) -> bytes:
        """The workbook as bytes that are the same whenever it is made."""
        self.book.close()
        with zipfile.ZipFile(self.content) as archive:
            parts = {entry.filename: archive.read(entry) for entry in archive.infolist()}
        parts["docProps/core.xml"] = _MOMENTS.sub(b"", parts["docProps/core.xml"])
        return zip_bytes(list(parts.items()))


def _write_lists(book: _Book, sheet: Worksheet, delivery: Delivery, language: Language) -> dict[str, str]:
    """Every list beside the other; gives the range that the drop-down of each column offers."""
    at, ranges = 0, {}
    for column in delivery.contract.columns:
        choices = _choices(column, delivery, language)
        if choices is None:
            continue
        sheet.write_string(0, at, title(column, language), book.form(bold=True, num_format=_TEXT))
        for position, head in enumerate(choices.heads):
            sheet.write_string(1, at + position, head, book.heading)
            longest = max([len(head), *(len(row[position]) for row in choices.rows)])
            sheet.set_column(at + position, at + position, min(60, max(12, longest + 2)), book.form(num_format=_TEXT))
        for number, row in enumerate(choices.rows, 2):
            for position, text in enumerate(row):
                sheet.write_string(number, at + position, text, book.form(num_format=_TEXT))
        offered = at + choices.offered
        name = SHEETS[language].lists
        ranges[column.name] = f"'{name}'!{xl_range_abs(2, offered, len(choices.rows) + 1, offered)}"
        at += len(choices.heads) + 1
    sheet.freeze_panes(2, 0)
    for_print(sheet)
    return ranges


def _write_cell(sheet: Worksheet, row: int, position: int, value: Value | None, form: Format, day: bool) -> None:
    if value is None:
        sheet.write_blank(row, position, None, form)
    elif isinstance(value, int | float):
        sheet.write_number(row, position, value, form)
    elif day:
        sheet.write_datetime(row, position, date.fromisoformat(value), form)
    else:
        sheet.write_string(row, position, value, form)


def _write_column(
    book: _Book, sheet: Worksheet, delivery: Delivery, language: Language, position: int, choices_range: str | None
) -> None:
    """Header, note, format, example and validation of one column."""
    column = delivery.contract.columns[position]
    choices = _choices(column, delivery, language)
    name, allowed = header(column, language), allowed_words(column, delivery, language, SHEETS[language].lists)
    example = _shown(column, example_row(delivery)[column.name], choices, language)
    texts = [str(example), *([row[choices.offered] for row in choices.rows] if choices else [])]
    longest = max([max(map(len, name.split())) + 2, len(name) // 2 + 4, *(len(text) + 4 for text in texts)])
    form = _number_format(column, column.logical_type == "integer")
    sheet.set_column(position, position, max(_NARROWEST, min(_WIDEST, longest)), book.form(num_format=form))
    number = column.logical_type in ("integer", "number")
    sheet.write_string(0, position, name, book.heading_of_numbers if number else book.heading)
    words = ("Toegestaan", "Verplicht.", "Mag leeg blijven.") if language == "nl" else (
        "Allowed", "Required.", "May stay empty.")  # fmt: skip
    note = f"{description(column, language)}\n{words[0]}: {allowed}.\n{words[1] if column.required else words[2]}"
    sheet.write_comment(0, position, note, {"x_scale": 2.2, "y_scale": 1.6, "author": publisher().name})
    _write_cell(
        sheet, 1, position, example, book.form(num_format=form, italic=True, font_color=_GREY),
        column.logical_type == "date",
    )  # fmt: skip
    cell = xl_rowcol_to_cell(1, position)
    options = validation(
        column, delivery, language, name=title(column, language), allowed=allowed, cell=cell, choices=choices_range
    )
    sheet.data_validation(1, position, ROWS, position, dict(options))
    if column.logical_type == "number" and column.unit:
        # no format of a number leaves out the decimal mark of a whole one
        whole = {"type": "formula", "criteria": f"=AND(ISNUMBER({cell}),{cell}=INT({cell}))"}
        shown = book.book.add_format({"num_format": _number_format(column, True)})
        sheet.conditional_format(1, position, ROWS, position, {**whole, "format": shown})


def template_xlsx(delivery: Delivery, language: Language) -> bytes:
    """The workbook that a deliverer fills in: a sheet to fill in, one of code lists, one that explains.

    The header has the titles of the columns in `language`, row 2 the example row. The explanation is in both
    languages.
    """
    book, names = _Book(delivery, language), SHEETS[language]
    sheets: Mapping[str, Worksheet] = {
        name: book.book.add_worksheet(name) for name in (names.filled_in, names.explanation, names.lists)
    }
    ranges = _write_lists(book, sheets[names.lists], delivery, language)
    sheet = sheets[names.filled_in]
    columns = delivery.contract.columns
    for position, column in enumerate(columns):
        _write_column(book, sheet, delivery, language, position, ranges.get(column.name))
    sheet.set_row(0, 48)
    sheet.freeze_panes(1, 0)
    sheet.repeat_rows(0)
    for_print(sheet)
    sheet.ignore_errors({"number_stored_as_text": f"A1:XFD{ROWS + 1}"})
    styles = Styles(
        title=book.form(bold=True, font_size=14, num_format=_TEXT),
        label=book.form(bold=True, valign="top", text_wrap=True, num_format=_TEXT),
        heading=book.heading,
        wrapped=book.form(text_wrap=True, valign="top", num_format=_TEXT),
    )
    write_explanation(sheets[names.explanation], styles, delivery, names, ROWS, first=language)
    sheet.activate()
    return book.finished()


def template_csv(delivery: Delivery, language: Language) -> bytes:
    """The CSV that a deliverer fills in: the titles of the columns, and the example row.

    UTF-8 with a byte order mark and semicolons, which is what a Dutch spreadsheet opens and saves; the decimal mark is
    that of the language, without marks for thousands.
    """
    columns, example = delivery.contract.columns, example_row(delivery)
    cells = []
    for column in columns:
        value = _shown(column, example[column.name], _choices(column, delivery, language), language)
        text = "" if value is None else str(value)
        mark = isinstance(value, float) and language == "nl"
        cells.append(text.replace(".", ",") if mark else text)
    written = io.StringIO(newline="")
    writer = csv.writer(written, delimiter=";", lineterminator="\r\n")
    writer.writerow([title(column, language) for column in columns])
    writer.writerow(cells)
    return "\ufeff".encode() + written.getvalue().encode()

"""A release as one Excel workbook: typed cells, and beside the tables what they mean and how to cite them.

Here: the sheets and what each says. Not here: how a table becomes the cells of a sheet (`sheet_cells.py`), or the zip
around it (`zipped.py`).

xlsxwriter makes the frame: styles, panes, filters, widths and the sheets for reading. The rows of the tables are
written by Arrow into that frame, which takes a fifth of the time for the same cells.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path

import pyarrow as pa
import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from contracts.contract import Column, Contract
from publish.descriptor import rfc3339
from publish.metadata.citation import citations
from publish.release_facts import ReleaseFacts
from publish.sheet_cells import (
    LONGEST_TEXT,
    MOST_ROWS,
    Kind,
    SharedStrings,
    column_kind,
    column_width,
    cut_text,
    row_records,
    texts_too_long,
)
from publish.unseen import one_line
from publish.zipped import write_zip

READ_ME, COLUMNS, CODES = "Lees mij - Read me", "Kolommen - Columns", "Codelijsten - Code lists"
_TEXT = 49
# Excel says WAAR or TRUE whatever the format of a truth value; LibreOffice without one says 1
_TRUTH = '"true";;"false"'
# 14 and 22 are the formats that Excel and LibreOffice show in the reader's own order of day, month and year
_NUMBER_FORMATS: dict[Kind, str | int] = {
    "integer": 1, "number": "General", "boolean": _TRUTH, "date": 14, "timestamp": 22, "string": _TEXT,
}  # fmt: skip
_TYPES = {
    "string": "tekst / text",
    "integer": "geheel getal / integer",
    "number": "getal / number",
    "boolean": "waar of onwaar / true or false",
    "date": "datum / date",
    "timestamp": "tijdstip in UTC / time in UTC",
}
_EMPTY_CELL = (
    "Een lege cel betekent dat er geen waarde is. Zij is nooit nul. Waar een tabel obs_status heeft, zegt die waarom.",
    "An empty cell means that there is no value. It is never zero. Where a table has obs_status, that says why.",
)
_FORBIDDEN_IN_NAMES = re.compile(r"[\[\]:*?/\\\x00-\x1f]")
_LONGEST_NAME = 31
_READ_WIDTH = 100
_LINE_HEIGHT, _HIGHEST = 15, 405


@dataclass(frozen=True)
class _TableSheet:
    """One table and the sheet that it gets. `too_long` counts the cut texts by column."""

    name: str
    contract: Contract
    table: pa.Table
    kinds: tuple[Kind, ...]
    too_long: Mapping[str, int]

    @property
    def fits(self) -> bool:
        return bool(self.table.num_rows <= MOST_ROWS)


def sheet_names(wanted: Iterable[str], taken: Sequence[str] = ()) -> list[str]:
    """Names that Excel takes: at most 31 characters, none of []:*?/\\, unique whatever the case."""
    used = {name.lower() for name in taken}
    found = []
    for name in wanted:
        plain = _FORBIDDEN_IN_NAMES.sub("_", name).strip("' ") or "tabel"
        candidate, number = plain[:_LONGEST_NAME], 1
        while candidate.lower() in used:
            number += 1
            candidate = f"{plain[: _LONGEST_NAME - len(str(number)) - 1]}~{number}"
        used.add(candidate.lower())
        found.append(candidate)
    return found


def _table_sheets(tables: Mapping[str, pa.Table], contracts: Mapping[str, Contract]) -> list[_TableSheet]:
    names = sheet_names(tables, (READ_ME, COLUMNS, CODES))
    return [
        _TableSheet(
            name,
            contracts[table_name],
            table,
            tuple(column_kind(table.column(position)) for position in range(table.num_columns)),
            texts_too_long(table),
        )
        for name, (table_name, table) in zip(names, tables.items(), strict=True)
    ]


class _Frame:
    """The workbook that xlsxwriter makes, with the formats that the sheets share."""

    def __init__(self, facts: ReleaseFacts) -> None:
        self.content = io.BytesIO()
        self.book = xlsxwriter.Workbook(self.content, {"in_memory": True})
        self.book.set_properties(
            {
                "title": one_line(facts.text("title", "nl"))[:255],
                "subject": one_line(facts.text("title", "en"))[:255],
                "author": one_line(facts.publisher.name)[:255],
                "comments": one_line(f"{facts.dataset} {facts.version}"),
                "created": facts.released_at.astimezone(UTC).replace(tzinfo=None),
            }
        )
        top = {"valign": "top", "num_format": _TEXT}
        self.heading = self.book.add_format({"bold": True, "bg_color": "#E7EEF2", "bottom": 1, "num_format": _TEXT})
        self.title = self.book.add_format({"bold": True, "font_size": 14, "num_format": _TEXT})
        self.label = self.book.add_format({"bold": True, **top})
        self.wrapped = self.book.add_format({"text_wrap": True, **top})
        self.plain = self.book.add_format(top)
        self.count = self.book.add_format({"valign": "top", "num_format": 3})
        self.kinds = {kind: self.book.add_format({"num_format": form}) for kind, form in _NUMBER_FORMATS.items()}

    def sheet(self, name: str, header: Sequence[str], widths: Sequence[float], rows: int) -> Worksheet:
        """An empty sheet with a header row that stays in sight and filters."""
        found: Worksheet = self.book.add_worksheet(name)
        for position, width in enumerate(widths):
            found.set_column(position, position, width)
        text_row(found, 0, header, self.heading)
        found.freeze_panes(1, 0)
        found.repeat_rows(0)
        found.autofilter(0, 0, max(rows, 1), len(header) - 1)
        return found


def row_height(texts: Sequence[tuple[str | None, float]]) -> float:
    """The height of a row whose texts wrap at these widths; not every program finds it by itself."""
    lines = [sum(-(-max(len(line), 1) // int(width)) for line in text.split("\n")) for text, width in texts if text]
    return min(_HIGHEST, _LINE_HEIGHT * max([1, *lines]))


def for_print(sheet: Worksheet) -> None:
    """A4 on its side, as wide as the page."""
    sheet.set_paper(9)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)


def text_row(sheet: Worksheet, row: int, cells: Sequence[str | None], form: Format) -> None:
    """One row of texts, always as text: never a formula, a number or a link."""
    for position, text in enumerate(cells):
        if text:
            sheet.write_string(row, position, cut_text(text), form)


def _read_me(frame: _Frame, facts: ReleaseFacts, sheets: Sequence[_TableSheet]) -> None:
    sheet: Worksheet = frame.book.add_worksheet(READ_ME)
    sheet.set_column(0, 0, 34)
    sheet.set_column(1, 1, _READ_WIDTH)
    sheet.hide_gridlines(2)
    for_print(sheet)
    licence = facts.licence
    lines = [
        ("", facts.text("title", "nl")),
        ("", facts.text("title", "en")),
        ("Beschrijving", facts.text("description", "nl")),
        ("Description", facts.text("description", "en")),
        ("Versie / Version", facts.version),
        ("Uitgebracht / Released (UTC)", rfc3339(facts.released_at)),
        ("Licentie / Licence", " - ".join(licence[part] for part in ("name", "title", "path") if licence.get(part))),
        ("Bronvermelding", citations(facts, "nl")["apa"]),
        ("How to cite", citations(facts, "en")["apa"]),
        ("Adres / Address", facts.publisher.url(facts.folder)),
        ("Lege cel", _EMPTY_CELL[0]),
        ("Empty cell", _EMPTY_CELL[1]),
        *(("Lees eerst", str(text)) for text in facts.descriptor.get("upv:readFirstNl", ())),
        *(("Read first", str(text)) for text in facts.descriptor.get("upv:readFirstEn", ())),
    ]
    for row, (label, text) in enumerate(lines):
        text_row(sheet, row, [label], frame.label)
        if text:
            sheet.write_string(row, 1, cut_text(text), frame.wrapped if label else frame.title)
            sheet.set_row(row, row_height([(text, _READ_WIDTH)]) if label else None)
    start = len(lines) + 1
    text_row(sheet, start, ["Blad / Sheet", "Inhoud / Content", "Rijen / Rows"], frame.heading)
    sheet.set_column(2, 2, 14)
    for row, shown in enumerate(sheets, start + 1):
        text_row(sheet, row, [shown.name], frame.plain)
        sheet.write_string(row, 1, cut_text(f"{shown.contract.title_nl} / {shown.contract.title_en}"), frame.wrapped)
        sheet.write_number(row, 2, shown.table.num_rows, frame.count)


def _note(shown: _TableSheet, column: Column, kind: Kind) -> str | None:
    if shown.too_long.get(column.name):
        count = shown.too_long[column.name]
        return (
            f"{count} teksten zijn afgekapt op {LONGEST_TEXT} tekens; de CSV heeft ze heel. / "
            f"{count} texts are cut at {LONGEST_TEXT} characters; the CSV has them whole."
        )
    if kind == "string" and column.logical_type != "string":
        return "Als tekst: Excel kan deze waarden niet houden. / As text: Excel cannot hold these values."
    return None


def _columns(frame: _Frame, sheets: Sequence[_TableSheet]) -> None:
    header = [
        "tabel / table", "kolom / column", "titel", "title", "type", "eenheid / unit", "codelijst / code list",
        "sleutel / key", "beschrijving", "description", "opmerking / note",
    ]  # fmt: skip
    rows = [
        [
            shown.contract.table,
            column.name,
            column.title_nl,
            column.title_en,
            _TYPES[column.logical_type],
            column.unit,
            column.code_list,
            "ja / yes" if column.key_position is not None else None,
            column.description_nl,
            column.description_en,
            _note(shown, column, kind),
        ]
        for shown in sheets
        for column, kind in zip(shown.contract.columns, shown.kinds, strict=True)
    ]
    widths = [24, 24, 28, 28, 26, 16, 22, 14, 60, 60, 30]
    sheet = frame.sheet(COLUMNS, header, widths, len(rows))
    for_print(sheet)
    for number, cells in enumerate(rows, 1):
        text_row(sheet, number, cells, frame.wrapped)
        sheet.set_row(number, row_height(list(zip(cells, widths, strict=True))))


def _code_lists(frame: _Frame, code_lists: Mapping[str, pa.Table]) -> None:
    header = ["codelijst / code list", "code", "naam", "label", "hoort onder / parent"]
    rows = [
        [name.removeprefix("codelist-"), row["code"], row["label_nl"], row["label_en"], row.get("parent")]
        for name, table in code_lists.items()
        for row in table.to_pylist()
    ]
    sheet = frame.sheet(CODES, header, [24, 34, 50, 50, 22], len(rows))
    for number, cells in enumerate(rows, 1):
        text_row(sheet, number, cells, frame.plain)


def _empty_table(frame: _Frame, shown: _TableSheet) -> None:
    """The sheet of a table with its header; the rows come later."""
    if not shown.fits:
        sheet = frame.book.add_worksheet(shown.name)
        sheet.set_column(0, 0, 120)
        path = f"data/{shown.contract.table}.csv"
        rows = shown.table.num_rows
        text_row(
            sheet, 0, [f"{rows} rijen passen niet in een blad (ten hoogste {MOST_ROWS}); zie {path}."], frame.plain
        )
        text_row(sheet, 1, [f"{rows} rows do not fit in a sheet (at most {MOST_ROWS}); see {path}."], frame.plain)
        return
    names = shown.table.column_names
    widths = [column_width(shown.table.column(position), name) for position, name in enumerate(names)]
    sheet = frame.sheet(shown.name, names, widths, shown.table.num_rows)
    for position, (width, kind) in enumerate(zip(widths, shown.kinds, strict=True)):
        sheet.set_column(position, position, width, frame.kinds[kind])
    # codes such as 2020 are texts on purpose; without this Excel puts a green corner on each
    sheet.ignore_errors({"number_stored_as_text": f"A1:XFD{MOST_ROWS + 1}"})


def _column_styles(sheet_xml: str, columns: int) -> list[str]:
    """The style number that the frame gave to each column."""
    found = ["0"] * columns
    for attributes in re.findall(r"<col ([^>]*)/>", sheet_xml):
        given = dict(re.findall(r'(\w+)="([^"]*)"', attributes))
        for position in range(int(given["min"]) - 1, min(int(given["max"]), columns)):
            found[position] = given.get("style", "0")
    return found


def _filled(sheet_xml: bytes, shown: _TableSheet, strings: SharedStrings) -> bytes:
    """The sheet of the frame with the rows of the table after its header."""
    before, mark, after = sheet_xml.decode().partition("</sheetData>")
    styles = _column_styles(before, shown.table.num_columns)
    rows = row_records(shown.table, shown.kinds, styles, strings)
    if shown.table.num_rows:
        before = re.sub(
            r'(<dimension ref="A1)(?::([A-Z]+)1)?"', rf'\1:\g<2>{shown.table.num_rows + 1}"', before, count=1
        )
    return b"".join([before.encode(), *rows, (mark + after).encode()])


def write_workbook(
    path: Path,
    *,
    facts: ReleaseFacts,
    tables: Mapping[str, pa.Table],
    code_lists: Mapping[str, pa.Table],
    contracts: Mapping[str, Contract],
) -> None:
    """Writes a release as a workbook: how to read it, its columns, a sheet a table, its code lists.

    `tables` and `code_lists` are as published (sorted, typed, rounded), by name; `contracts` holds those of `tables`.
    Texts are cells of text whatever they look like, nulls and empty texts are empty cells, dates before March 1900
    and integers of more than 15 digits are text. The same content gives the same bytes.
    """
    sheets = _table_sheets(tables, contracts)
    frame = _Frame(facts)
    _read_me(frame, facts, sheets)
    _columns(frame, sheets)
    for shown in sheets:
        _empty_table(frame, shown)
    if code_lists:
        _code_lists(frame, code_lists)
    frame.book.close()
    with zipfile.ZipFile(frame.content) as archive:
        parts = {entry.filename: archive.read(entry) for entry in archive.infolist()}
    strings = SharedStrings(parts["xl/sharedStrings.xml"])
    for number, shown in enumerate(sheets, 3):
        if shown.fits:
            part = f"xl/worksheets/sheet{number}.xml"
            parts[part] = _filled(parts[part], shown, strings)
    parts["xl/sharedStrings.xml"] = strings.xml()
    write_zip(path, list(parts.items()))

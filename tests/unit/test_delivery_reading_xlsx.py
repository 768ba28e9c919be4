"""A delivered workbook becomes rows of text: values, dates, formulas, merged cells, and what is hidden."""

from __future__ import annotations

from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.worksheet.formula import ArrayFormula

from assets.deliveries.delivered_file import Limits
from assets.deliveries.reading.workbook import date_kind
from tests.delivered_files import (
    NAMES,
    ROW,
    broken_of,
    cells_of,
    note_codes,
    part_of,
    read,
    refusal,
    rewritten,
    rows_of,
    saved,
    shared_texts_bytes,
    xlsx_bytes,
)

TYPED: dict[str, Any] = ROW | {
    "collected_kg": 1200.5, "recycled_kg": 30, "pieces": 4, "sampled_on": date(2025, 3, 31), "weighed": True,
}  # fmt: skip


def with_cell(name: str, value: Any, number_format: str | None = None) -> bytes:
    """A workbook with one good row, but for this cell."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Opgave"
    sheet.append(list(NAMES))
    sheet.append(list((TYPED | {name: value}).values()))
    if number_format:
        sheet.cell(2, NAMES.index(name) + 1).number_format = number_format
    return saved(book)


def book_of(*rows: dict[str, Any]) -> openpyxl.Workbook:
    """A workbook with these rows under the header."""
    book = openpyxl.Workbook()
    book.active.title = "Opgave"
    book.active.append(list(NAMES))
    for row in rows:
        book.active.append([row[name] for name in NAMES])
    return book


def test_a_row_comes_out_as_it_was_handed_in(tmp_path: Path) -> None:
    found = read(saved(book_of(TYPED)), tmp_path)
    assert rows_of(found) == [{"row_number": 2, **ROW}]
    assert (found.form, found.part, found.rows_in, found.broken, found.notes) == ("xlsx", "Opgave", 1, None, ())


def test_the_template_of_a_delivery_may_have_a_title_in_any_order_and_an_example_row(tmp_path: Path) -> None:
    rows = [
        ["Periode *", "Indiener *", "Ingezameld (kg)", "KvK number *"],
        ["2025", "voorbeeld", "=1+1", "12345678"],
        ["2025", "upv_textiel", 12.25, "01234567"],
    ]
    found = read(xlsx_bytes([[], [], *rows]), tmp_path)
    assert rows_of(found) == [
        {"row_number": 5, "deliverer": "upv_textiel", "period": "2025", "producer": "01234567", "collected_kg": "12.25"}
    ]
    assert (found.examples_left_out, found.broken) == (1, None)


@pytest.mark.parametrize(
    ("name", "value", "number_format", "text"),
    [
        ("collected_kg", 0.1, None, "0.1"),
        ("collected_kg", 1e-7, None, "1e-07"),
        ("collected_kg", 1234567, "#,##0.00", "1234567"),
        ("collected_kg", 1e20, None, "1e+20"),
        ("collected_kg", -3.0, None, "-3"),
        ("collected_kg", "12 kg", None, "12 kg"),
        ("collected_kg", "125", None, "125"),
        ("collected_kg", "NaN", None, "NaN"),
        ("period", 2025, None, "2025"),
        ("period", datetime.fromisoformat("2025-01-01"), None, "2025-01-01"),
        ("producer", 12345678, "00000000", "12345678"),
        ("producer_name", 3.5, None, "3.5"),
        ("producer_name", time(8, 30), None, "08:30:00"),
        ("producer_name", datetime.fromisoformat("2025-03-31T12:00"), None, "2025-03-31T12:00:00"),
        ("producer_name", "twee\nregels", None, "twee\nregels"),
        ("sampled_on", date(2025, 12, 31), "d mmmm yyyy", "2025-12-31"),
        ("sampled_on", 45000, "[$-413]d\\ mmmm\\ yyyy;@", "2023-03-15"),
        ("sampled_on", date(1900, 1, 5), None, "1900-01-05"),
        ("sampled_on", "2025-12-31", None, "2025-12-31"),
        ("weighed", False, None, "false"),
    ],
)
def test_a_cell_becomes_the_text_that_says_the_same(
    name: str, value: Any, number_format: str | None, text: str, tmp_path: Path
) -> None:
    found = read(with_cell(name, value, number_format), tmp_path)
    assert (cells_of(found, name), found.broken) == ([text], None)


@pytest.mark.parametrize(
    ("name", "value", "number_format", "found_words", "rule"),
    [
        ("collected_kg", "=SUM(F1:F9)", None, "=SUM(F1:F9)", "formula_cell"),
        ("producer_name", '=HYPERLINK("http://example.org")', None, '=HYPERLINK("http://example.org")', "formula_cell"),
        ("collected_kg", "#DIV/0!", None, "#DIV/0!", "error_cell"),
        ("collected_kg", date(2025, 3, 1), None, "2025-03-01", "date_for_number"),
        ("pieces", 45000, "d-m-yyyy", "2023-03-15", "date_for_number"),
        ("producer", 1234567, "00000000", "1234567", "number_for_text"),
        ("producer_name", 8712345678901234567, None, "8.712345678901235e+18", None),
        ("collected_kg", "1.234", None, "1.234", "text_for_number"),
        ("collected_kg", " 12,5", None, " 12,5", "text_for_number"),
        ("producer_name", "@risk", None, "@risk", "runs_as_formula"),
    ],
)
def test_a_cell_that_cannot_be_read_refuses_its_row(
    name: str, value: Any, number_format: str | None, found_words: str, rule: str | None, tmp_path: Path
) -> None:
    found = read(with_cell(name, value, number_format), tmp_path)
    assert found.rows_in == 1, "the row is there, to be refused by the audit"
    if rule:
        assert broken_of(found) == [(2, name, found_words, rule)]
    else:
        assert cells_of(found, name) == [found_words]


def test_a_formula_that_fills_several_cells_refuses_every_row_of_them(tmp_path: Path) -> None:
    book = book_of(TYPED, TYPED, TYPED)
    book.active["F2"] = ArrayFormula("F2:F3", "=G2:G3*2")
    found = read(saved(book), tmp_path)
    assert [(row, column, rule) for row, column, _, rule in broken_of(found) if row == 3] == [
        (3, "collected_kg", "formula_cell")
    ]
    assert {row for row, _, _, _ in broken_of(found)} == {2, 3}


def test_merged_cells_refuse_the_rows_that_they_cover(tmp_path: Path) -> None:
    book = book_of(TYPED, TYPED, TYPED, TYPED)
    book.active.merge_cells("E3:E4")
    book.active.merge_cells("A5:B5")
    found = read(saved(book), tmp_path)
    assert broken_of(found) == [
        (3, "country", "E3:E4", "merged_cells"),
        (4, "country", "E3:E4", "merged_cells"),
        (5, "", "A5:B5", "merged_cells"),
    ]


def test_merged_cells_outside_the_table_are_nobodys_fault(tmp_path: Path) -> None:
    book = book_of(TYPED)
    book.active.merge_cells("M1:P9")
    book.active.merge_cells("A20:C21")
    assert read(saved(book), tmp_path).broken is None


def test_hidden_rows_and_columns_are_read_and_told(tmp_path: Path) -> None:
    book = book_of(TYPED, TYPED, TYPED)
    book.active.row_dimensions[3].hidden = True
    book.active.column_dimensions["G"].hidden = True
    found = read(saved(book), tmp_path)
    assert (found.rows_in, cells_of(found, "recycled_kg")) == (3, ["30", "30", "30"])
    told = {note.code: note.nl for note in found.notes}
    assert told["hidden_rows_read"] == "Eén verborgen rij is meegelezen: rij 3."
    assert told["hidden_columns_read"] == "Verborgen kolommen zijn meegelezen: G."


def test_hidden_sheets_and_explanations_are_not_read_and_other_sheets_are_told(tmp_path: Path) -> None:
    book = book_of(TYPED)
    for name, state in (("Geheim", "hidden"), ("Heel geheim", "veryHidden"), ("Toelichting", "visible")):
        sheet = book.create_sheet(name)
        sheet.append(list(NAMES))
        sheet.append(list(TYPED.values()))
        sheet.sheet_state = state
    book.create_sheet("Draaitabel").append(["Som van kg", 12])
    found = read(saved(book), tmp_path)
    assert (found.rows_in, found.part) == (1, "Opgave")
    told = {note.code: note.nl for note in found.notes}
    assert told["hidden_sheets_not_read"] == "Verborgen bladen zijn niet gelezen: 'Geheim', 'Heel geheim'."
    assert told["sheets_not_read"] == "Niet gelezen bladen: 'Draaitabel'."


def test_the_sheet_with_the_header_is_read_wherever_it_stands(tmp_path: Path) -> None:
    book = book_of(TYPED)
    book.create_sheet("Voorblad", 0).append(["Opgave over 2025"])
    assert read(saved(book), tmp_path).part == "Opgave"


def test_two_sheets_with_the_header_are_refused_by_name(tmp_path: Path) -> None:
    book = book_of(TYPED)
    book.create_sheet("Blad 2").append(list(NAMES))
    told = refusal(saved(book), tmp_path)
    assert told.code == "several_sheets"
    assert "'Opgave', 'Blad 2'" in told.nl


def test_no_sheet_with_the_header_is_refused_with_what_was_found_on_each(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.title = "Cijfers"
    book.active.append(["Jaar", "Gewicht"])
    book.create_sheet("Notities").append(["bellen met Jan"])
    told = refusal(saved(book), tmp_path)
    assert told.code == "no_header"
    assert "'Cijfers': 'Jaar', 'Gewicht'; 'Notities': 'bellen met Jan'" in told.nl
    assert "Verwacht: 'Indiener', 'Periode'" in told.nl


def test_a_slip_in_a_header_is_refused_with_its_place_and_the_nearest_name(tmp_path: Path) -> None:
    told = refusal(xlsx_bytes([["Indiener", "Periode", "KvK-nummer", "Ingezamelt (kg)"], ["a", "b", "c", 1]]), tmp_path)
    assert told.code == "unknown_column"
    assert told.nl.startswith("Rij 1 van blad 'Opgave': kolom 'Ingezamelt (kg)'")
    assert "Bedoelt u 'Ingezameld (kg)'?" in told.nl


def test_a_value_beside_the_table_is_refused_with_its_cell(tmp_path: Path) -> None:
    book = book_of(TYPED)
    book.active["M7"] = "nog nakijken"
    told = refusal(saved(book), tmp_path)
    assert told.code == "unnamed_column"
    assert "cel M7" in told.nl


def test_rows_that_were_only_formatted_are_no_rows(tmp_path: Path) -> None:
    book = book_of(TYPED)
    for row in range(3, 50):
        book.active.cell(row, 1).number_format = "@"
        book.active.cell(row, 2).value = "  " if row == 40 else None
    found = read(saved(book), tmp_path)
    assert found.rows_in == 1
    assert note_codes(found) == ["cells_trimmed", "empty_rows"]


def test_days_are_counted_from_1904_where_the_workbook_says_so(tmp_path: Path) -> None:
    book = book_of(TYPED)
    book.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904
    assert cells_of(read(saved(book), tmp_path), "sampled_on") == ["2025-03-31"]


def test_escapes_runs_and_reading_aids_in_shared_texts_are_read_as_a_spreadsheet_shows_them(tmp_path: Path) -> None:
    body = shared_texts_bytes([list(NAMES), list(ROW.values())])
    runs = "<si><r><t>Jan</t></r><r><rPr><b/></rPr><t>sen_x0026_Co</t></r><rPh sb='0' eb='1'><t>aid</t></rPh></si>"
    texts = part_of(body, "xl/sharedStrings.xml").replace("<si><t>Jansen</t></si>", runs)
    assert "aid" in texts
    found = read(rewritten(body, {"xl/sharedStrings.xml": texts}), tmp_path)
    assert cells_of(found, "producer_name") == ["Jansen&Co"]


def test_inline_texts_and_cells_without_a_reference_are_read(tmp_path: Path) -> None:
    cells = "".join(
        f'<c t="inlineStr"><is><r><t>{name}</t></r></is></c>' for name in ("deliverer", "period", "producer")
    )
    row = "".join(f'<c t="inlineStr"><is><t>{text}</t></is></c>' for text in ("upv_textiel", "2025", "01234567"))
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    rows = f"<x:row>{cells}</x:row><x:row>{row}</x:row>"
    sheet = f'<x:worksheet xmlns:x="{main}"><x:sheetData>{rows}</x:sheetData></x:worksheet>'
    sheet = sheet.replace("<c ", "<x:c ").replace("</c>", "</x:c>")
    for tag in ("is", "r", "t"):
        sheet = sheet.replace(f"<{tag}>", f"<x:{tag}>").replace(f"</{tag}>", f"</x:{tag}>")
    found = read(rewritten(xlsx_bytes([["a"]]), {"xl/worksheets/sheet1.xml": sheet}), tmp_path)
    assert rows_of(found) == [{"row_number": 2, "deliverer": "upv_textiel", "period": "2025", "producer": "01234567"}]


def test_cells_in_the_far_corners_of_a_sheet_take_no_memory(tmp_path: Path) -> None:
    book = book_of(TYPED)
    book.active.cell(1_048_576, 1).value = "upv_textiel"
    assert cells_of(read(saved(book), tmp_path), "row_number") == [2, 1_048_576]
    book.active.cell(1, 16_384).value = "ver weg"
    told = refusal(saved(book), tmp_path / "wide", Limits())
    assert told.code == "too_many_columns"
    assert "heeft 16.384 kolommen" in told.nl


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("General", ""), ("0.00", ""), ("#,##0", ""), ('0" dagen"', ""), ("[Red]0", ""), ("0.00E+00", ""), ("@", ""),
        ("dd-mm-yyyy", "date"), ("[$-413]d mmm yyyy;@", "date"), ("mmm", "date"), ("yyyy", "date"),
        ("d/m/yy h:mm", "date"), ("h:mm", "time"), ("[h]:mm:ss", "time"), ("mm:ss.0", "time"), ("0\\d", ""),
        ("[" * 1_000_000, ""),
    ],
)  # fmt: skip
def test_a_number_format_shows_a_date_a_time_or_neither(code: str, kind: str) -> None:
    assert date_kind(code) == kind

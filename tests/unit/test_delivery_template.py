"""The templates of deliveries, opened as a deliverer opens them: what may be chosen, what is said, what is shown."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import warnings
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.workbook import Workbook
from openpyxl.worksheet.datavalidation import DataValidation

from assets.deliveries import delivered_file
from contracts.contract_rules import RULE_ARGUMENTS
from contracts.delivery_contract import Delivery, PeriodForm, delivery, delivery_names, read_delivery
from publish.delivery_example import EXAMPLE, example_row, fixed_form
from publish.delivery_template import ROWS, template_csv, template_xlsx
from publish.delivery_validation import _PERIODS, cut
from publish.delivery_words import rule_words, unit_word

LANGUAGES = ("nl", "en")
FIRST_SHEET = "xl/worksheets/sheet1.xml"
HEAD = """\
apiVersion: v3.1.0
kind: DataContract
id: delivery.returns
version: 1.2.0
status: active
customProperties:
  - {property: chainTable, value: textile}
  - {property: periodForm, value: quarter}
  - {property: deadline, value: "07-01"}
  - {property: deliverers, value: [upv_textiel]}
  - {property: quarantineThreshold, value: 0.025}
  - {property: disclosure, value: DISCLOSURE}
  - {property: disclosureReasonNl, value: "Het is geheim."}
  - {property: disclosureReasonEn, value: "It is secret."}
MORE
schema:
  - name: returns
    customProperties:
      - {property: titleNl, value: Teruggaven}
      - {property: titleEn, value: Returns}
      - {property: descriptionNl, value: Wat terugkwam.}
      - {property: descriptionEn, value: What came back.}
      - {property: oneRowNl, value: Eén rij is één inzamelpunt.}
      - {property: oneRowEn, value: One row is one collection point.}
    properties:
"""
PROTECTED = "{respondent: point, minimumRespondents: 3, dominance: [[1, 0.75]], pPercent: 10, safetyPercent: 20}"


def column(name: str, logical: str, nl: str, en: str, rest: str = "", custom: str = "") -> str:
    texts = (
        f'{{property: titleNl, value: "{nl}"}}, {{property: titleEn, value: "{en}"}}, '
        f'{{property: descriptionNl, value: "Wat {nl} is."}}, {{property: descriptionEn, value: "What {en} is."}}'
    )
    return (
        f"      - {{name: {name}, logicalType: {logical}{', ' + rest if rest else ''}, "
        f"customProperties: [{texts}{', ' + custom if custom else ''}]}}\n"
    )


def rule(name: str, implementation: str, severity: str = "error") -> str:
    return (
        f"      - {{type: custom, engine: ketenmonitor, name: {name}, severity: {severity}, "
        f"implementation: {{{implementation}}}}}\n"
    )


KEY = "required: true, primaryKey: true, primaryKeyPosition: {}"
COLUMNS = (
    column("deliverer", "string", "Indiener", "Deliverer", KEY.format(1))
    + column("period", "string", "Periode", "Period", KEY.format(2))
    + column("point", "string", "Punt", "Point", KEY.format(3) + ', logicalTypeOptions: {pattern: "NL[0-9]{4}"}')
    + column("category", "string", "Soort", "Kind", "", "{property: codeList, value: declared_textile}")
    + column("pieces", "integer", "Stuks", "Pieces", "logicalTypeOptions: {minimum: 0}",
             "{property: unit, value: pieces}")
    + column("collected_kg", "number", "Ingezameld", "Collected", "logicalTypeOptions: {minimum: 0}",
             "{property: unit, value: kg}")
    + column("stock_kg", "number", "Voorraad", "Stock", "", "{property: unit, value: kg}")
    + column("recycled_kg", "number", "Gerecycled", "Recycled", "logicalTypeOptions: {minimum: 0, maximum: 5000}",
             "{property: unit, value: kg}")
    + column("fibre_kg", "number", "Vezel", "Fibre", "logicalTypeOptions: {exclusiveMinimum: 0}",
             "{property: unit, value: kg}")
    + column("closed", "boolean", "Gesloten", "Closed")
    + column("seen_on", "date", "Gezien op", "Seen on")
    + column("projects", "integer", "Projecten", "Projects", "", "{property: unit, value: count}")
    + column("year", "integer", "Bouwjaar", "Year built")
    + column("note", "string", "Opmerking", "Remark", "logicalTypeOptions: {maxLength: 50}")
)  # fmt: skip
RULES = (
    rule("balance", "rule: partsNotAbove, column: collected_kg, parts: [recycled_kg], less: stock_kg, tolerance: 0.005")
    + rule("fibre", "rule: notBelow, column: recycled_kg, other: fibre_kg")
    + rule("slip", "rule: unitSlip, columns: [collected_kg]")
    + rule("jump", "rule: changeSincePrevious, columns: [pieces], factor: 5, above: 10000", "warning")
    + rule("why", "rule: filledWhen, column: note, other: category, values: [work_wear]")
    + rule("empty", "rule: emptyExactlyWhen, column: seen_on, other: category, values: [work_wear]")
    + rule("some", "rule: someFilled, columns: [pieces, collected_kg]")
    + rule("parts", "rule: partsAddUp, dimension: category, value: pieces, total: household_textile, "
                    "parts: [work_wear, consumer_clothing], by: [period]")
    + rule("lost", "rule: keysOfPrevious, maximumLost: 0.1")
    + "      - {metric: rowCount, mustBeGreaterOrEqualTo: 2}\n"
)  # fmt: skip


def returns(folder: Path, *, disclosure: str = PROTECTED, more: str = "", columns: str = COLUMNS) -> Delivery:
    path = folder / "returns.odcs.yaml"
    head = HEAD.replace("DISCLOSURE", disclosure).replace("MORE\n", more)
    path.write_text(f"{head}{columns}    quality:\n{RULES}", encoding="utf-8")
    return read_delivery(path)


@pytest.fixture
def example(tmp_path: Path) -> Delivery:
    return returns(tmp_path)


def opened(of: Delivery, language: Any) -> Workbook:
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # xlsxwriter warns and leaves out what Excel would not take
        return openpyxl.load_workbook(io.BytesIO(template_xlsx(of, language)))


def validations(book: Workbook) -> dict[str, DataValidation]:
    """The validations of the first sheet by the header of their column."""
    sheet = book.worksheets[0]
    found = {}
    for item in sheet.data_validations.dataValidation:
        (area,) = item.sqref.ranges
        assert (area.min_row, area.max_row) == (2, ROWS + 1)
        found[str(sheet.cell(1, area.min_col).value)] = item
    return found


def offered(book: Workbook, item: DataValidation) -> list[str]:
    """The values that a drop-down offers."""
    sheet, _, area = item.formula1.partition("!")
    return [row[0].value for row in book[sheet.strip("'")][area.replace("$", "")]] if ":" in area else [
        book[sheet.strip("'")][area.replace("$", "")].value
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("language", "sheets", "first"),
    [
        ("nl", ["Opgave", "Toelichting", "Lijsten"], ["Indiener *", "Periode *", "Punt *", "Soort"]),
        ("en", ["Return", "Explanation", "Lists"], ["Deliverer *", "Period *", "Point *", "Kind"]),
    ],
)
def test_the_header_has_the_titles_of_the_language_and_a_star_for_what_is_required(
    example: Delivery, language: Any, sheets: list[str], first: list[str]
) -> None:
    book = opened(example, language)
    assert book.sheetnames == sheets
    assert [cell.value for cell in book.worksheets[0][1]][:4] == first
    assert book.worksheets[0].freeze_panes == "A2"
    assert all(sheet.sheet_state == "visible" for sheet in book.worksheets)


@pytest.mark.parametrize(
    ("language", "labels"),
    [
        ("nl", ["Consumentenkleding", "Bedrijfskleding", "Tafel-, bed- en huishoudlinnen"]),
        ("en", ["Consumer clothing", "Work wear", "Table, bed and household linen"]),
    ],
)
def test_a_drop_down_offers_the_names_of_the_codes_and_the_codes_of_the_deliverers(
    example: Delivery, language: Any, labels: list[str]
) -> None:
    book = opened(example, language)
    found = validations(book)
    deliverer, kind = ("Indiener *", "Soort") if language == "nl" else ("Deliverer *", "Kind")
    assert (found[kind].type, offered(book, found[kind])) == ("list", labels)
    assert (found[deliverer].type, offered(book, found[deliverer])) == ("list", ["upv_textiel"])
    lists = [[cell.value for cell in row] for row in book.worksheets[2].iter_rows()]
    assert lists[2] == ["upv_textiel", "Stichting UPV Textiel", None, "consumer_clothing", "Consumentenkleding",
                        "Consumer clothing"]  # fmt: skip


def test_a_drop_down_offers_codes_where_two_have_the_same_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from contracts import vocabulary
    from publish import delivery_template

    twins = vocabulary.CodeList(
        "declared_textile",
        tuple(vocabulary.Code(code, "Kleding", code, "", ()) for code in
              ("consumer_clothing", "work_wear", "household_textile")),
    )  # fmt: skip
    monkeypatch.setattr(delivery_template, "load_codelist", lambda name: twins)
    book = opened(returns(tmp_path), "nl")
    assert offered(book, validations(book)["Soort"]) == ["consumer_clothing", "work_wear", "household_textile"]


def test_every_column_is_held_to_its_type_and_limits_and_says_so_in_words(example: Delivery) -> None:
    found = validations(opened(example, "nl"))
    held = {name: (item.type, item.operator, item.formula1, item.formula2) for name, item in found.items()}
    assert held["Punt *"] == ("textLength", "equal", "6", None)
    assert held["Stuks"] == ("whole", "greaterThanOrEqual", "0", None)
    assert held["Ingezameld"] == ("decimal", "greaterThanOrEqual", "0", None)
    assert held["Gerecycled"] == ("decimal", None, "0", "5000")
    assert held["Vezel"] == ("decimal", "greaterThan", "0", None)
    assert held["Gesloten"][:3] == ("list", None, '"true,false"')
    assert held["Gezien op"][0] == "date"
    assert held["Opmerking"] == ("textLength", None, "0", "50")
    assert held["Periode *"][0] == "custom"
    assert len(held) == len(example.contract.columns)
    assert found["Gerecycled"].prompt == (
        "Wat Gerecycled is. Toegestaan: getal in kg; decimalen mogen; 0 of meer; ten hoogste 5.000."
    )
    assert found["Gerecycled"].error == (
        "Deze waarde past hier niet. Toegestaan: getal in kg; decimalen mogen; 0 of meer; ten hoogste 5.000."
    )
    assert found["Periode *"].error == "Schrijf de periode als 2025-Q1."


def test_cells_have_the_form_of_their_column_so_that_leading_zeros_and_years_stay(example: Delivery) -> None:
    sheet = opened(example, "nl").worksheets[0]
    shown = {str(head.value): cell.number_format for head, cell in zip(sheet[1], sheet[2], strict=True)}
    assert shown["Punt *"] == shown["Indiener *"] == shown["Periode *"] == shown["Soort"] == "@"
    # no unit and no mark for thousands: saved as CSV, a sheet gives what is shown
    assert shown["Ingezameld"] == "0.0##"
    assert shown["Stuks"] == shown["Projecten"] == "0"
    assert shown["Bouwjaar"] == "0"
    assert shown["Gezien op"] == "yyyy-mm-dd"


def test_rows_without_a_cell_yet_have_the_form_of_their_column_too(example: Delivery) -> None:
    with zipfile.ZipFile(io.BytesIO(template_xlsx(example, "nl"))) as archive:
        columns = re.findall(r'<col min="(\d+)" max="(\d+)"[^>]* style="(\d+)"', archive.read(FIRST_SHEET).decode())
        styles = archive.read("xl/styles.xml").decode()
    forms = re.findall(r'<xf numFmtId="(\d+)"', styles.partition("<cellXfs")[2])
    given = [forms[int(style)] for first, last, style in columns for _ in range(int(first), int(last) + 1)]
    assert len(given) == len(example.contract.columns)
    assert given[:4] == ["49"] * 4  # text, so that 01234567 keeps its zero
    assert given[12] == "1"  # a year, without a mark for thousands


def test_the_example_row_is_grey_marked_and_in_order(example: Delivery) -> None:
    sheet = opened(example, "en").worksheets[0]
    values = [cell.value for cell in sheet[2]]
    assert values[:9] == ["voorbeeld", "2025-Q1", "NL0123", "Consumer clothing", 1234, 1234.5, 100, 100, 50]
    assert all(cell.font.italic and cell.font.color.rgb == "FF595959" for cell in sheet[2])
    assert [cell.value for cell in sheet[3]] == [None] * len(values)


def test_the_example_of_the_contract_takes_the_place_of_one_that_is_made_up(tmp_path: Path) -> None:
    more = "  - {property: example, value: {period: 2024-Q2, point: NL0007, category: work_wear, collected_kg: 7.25}}\n"
    of = returns(tmp_path, more=more)
    assert {name: value for name, value in example_row(of).items() if value is not None} == {
        "deliverer": "voorbeeld", "period": "2024-Q2", "point": "NL0007", "category": "work_wear",
        "collected_kg": 7.25,
    }  # fmt: skip
    assert [cell.value for cell in opened(of, "nl").worksheets[0][2]][:6] == [
        "voorbeeld", "2024-Q2", "NL0007", "Bedrijfskleding", None, 7.25,
    ]  # fmt: skip


def test_the_mark_of_the_example_row_is_the_one_that_readers_leave_out() -> None:
    assert delivered_file.EXAMPLE == EXAMPLE


def explanation(book: Workbook) -> str:
    return "\n".join(str(cell) for row in book.worksheets[1].iter_rows(values_only=True) for cell in row if cell)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_explanation_says_everything_in_both_languages(example: Delivery, language: Any) -> None:
    said = explanation(opened(example, language))
    for text in (
        "Wat terugkwam.", "What came back.", "Eén rij is één inzamelpunt.", "Stichting UPV Textiel (code upv_textiel).",
        "Uiterlijk 1 juli van het jaar na de periode waarover u opgeeft.",
        "By 1 July of the year after the period that you report on.",
        "ketenmonitor deliver BESTAND --as returns", "ketenmonitor deliver FILE --as returns",
        "Is meer dan 2,5 % van de rijen geweigerd", "If more than 2.5 % of the rows is refused",
        "Het is geheim. Een cijfer met minder dan 3 verschillende waarden van «Punt» erachter wordt niet gepubliceerd",
        "It is secret. A figure with fewer than 3 different values of “Point” behind it is not published",
        "returns, versie 1.2.0", "Opmerking", "Remark", "ten hoogste 50 tekens", "recycled_kg",
        "Gerecycled hoogstens Ingezameld min Voorraad, met 0,5 % speling.",
        "Gerecycled: minstens de waarde van Vezel.", "Recycled: at least the value of Fibre.",
        "Stuks: geen waarde die meer dan 5 keer zo groot of zo klein is als in de vorige periode",
        "Elke combinatie van Indiener, Periode, Punt één keer.", "Minstens 2 rijen.",
        "waarschuwing; de rij telt mee", "het bestand wordt geweigerd",
    ):  # fmt: skip
        assert text in said
    other = "Opgave" if language == "nl" else "Return"
    assert f"sheet “{other}”" in said and f"blad «{other}»" in said


def test_figures_that_need_no_protection_say_why(tmp_path: Path) -> None:
    said = explanation(opened(returns(tmp_path, disclosure='"none"'), "nl"))
    assert "Het is geheim." in said and "wordt niet gepubliceerd" not in said


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_rule_between_cells_or_rows_has_words(example: Delivery, language: Any) -> None:
    said = {rule.kind: rule_words(rule, example.contract, language) for rule in example.contract.rules}
    assert set(RULE_ARGUMENTS) | {"rowCount", "primaryKey"} <= {kind for kind, words in said.items() if words}
    assert all(words.endswith(".") for words in said.values() if words)


@pytest.mark.parametrize("name", delivery_names())
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_template_of_every_delivery_holds_every_column_with_what_excel_takes(name: str, language: Any) -> None:
    of = delivery(name)
    book = opened(of, language)
    sheet, columns = book.worksheets[0], of.contract.columns
    titles = [column.title_nl if language == "nl" else column.title_en for column in columns]
    assert [str(cell.value).removesuffix(" *") for cell in sheet[1]] == titles
    assert all(cell.comment is not None and cell.comment.text for cell in sheet[1])
    assert len(validations(book)) == len(columns)
    assert sheet["A2"].value == EXAMPLE
    said = explanation(book)
    for column in columns:
        assert column.description_nl in said and column.description_en in said and column.name in said
        if column.allowed is not None:
            assert example_row(of)[column.name] in (None, *column.allowed)
        if column.pattern and column.name != "deliverer" and example_row(of)[column.name]:
            assert re.fullmatch(column.pattern, str(example_row(of)[column.name])), column.name


def test_the_same_contract_gives_the_same_bytes_without_a_date(example: Delivery) -> None:
    first = template_xlsx(example, "nl")
    assert template_xlsx(example, "nl") == first
    with zipfile.ZipFile(io.BytesIO(first)) as archive:
        core = archive.read("docProps/core.xml")
    assert b"dcterms:created" not in core and b"dcterms:modified" not in core
    assert b"Teruggaven" in core


def test_the_csv_is_what_a_dutch_spreadsheet_opens_and_its_numbers_have_the_mark_of_the_language(
    example: Delivery,
) -> None:
    assert template_csv(example, "nl").decode() == (
        "\ufeffIndiener;Periode;Punt;Soort;Stuks;Ingezameld;Voorraad;Gerecycled;Vezel;Gesloten;Gezien op;Projecten;"
        "Bouwjaar;Opmerking\r\n"
        "voorbeeld;2025-Q1;NL0123;Consumentenkleding;1234;1234,5;100;100;50;true;2025-06-30;1234;1234;voorbeeld\r\n"
    )
    assert template_csv(example, "en").decode().splitlines()[1] == (
        "voorbeeld;2025-Q1;NL0123;Consumer clothing;1234;1234.5;100;100;50;true;2025-06-30;1234;1234;voorbeeld"
    )


@pytest.mark.parametrize(
    ("pattern", "pieces"),
    [
        ("[0-9]{8}", (("0-9", 8),)),
        ("GM[0-9]{4}", (("G", 1), ("M", 1), ("0-9", 4))),
        ("20[0-9][0-9]-Q[1-4]", (("2", 1), ("0", 1), ("0-9", 1), ("0-9", 1), ("-", 1), ("Q", 1), ("1-4", 1))),
        ("[a-z]+", None),
        ("a|b", None),
        ("[0-9]{2,4}", None),
        ("[^0-9]", None),
        ("", None),
    ],
)
def test_a_pattern_of_one_length_is_recognised_and_no_other(pattern: str, pieces: Any) -> None:
    assert fixed_form(pattern) == pieces


@pytest.mark.parametrize(
    ("code", "nl", "en"),
    [("kg", "kg", "kg"), ("eur", "euro", "euro"), ("count", "aantal", "number"), ("pieces", "stuks", "pieces"),
     ("fte", "fte", "fte"),
     ("percent", "procent", "percent"), ("man_years", "man years", "man years")],
)  # fmt: skip
def test_a_unit_stands_beside_a_number_in_few_letters(code: str, nl: str, en: str) -> None:
    assert (unit_word(code, "nl"), unit_word(code, "en")) == (nl, en)


def test_a_text_that_is_too_long_for_a_message_is_cut_at_a_word() -> None:
    assert cut("een twee drie", 13) == "een twee drie"
    assert cut("een twee, drie", 13) == "een twee…"
    assert cut("\U0001f600" * 20, 32) == "\U0001f600" * 15 + "…"


PERIODS: list[tuple[PeriodForm, str, bool]] = [
    ("year", "2025", True), ("year", "2025.", False), ("year", "1999", False), ("year", "202", False),
    ("quarter", "2025-Q1", True), ("quarter", "2025-Q5", False), ("quarter", "2025 Q1", False),
    ("month", "2025-12", True), ("month", "2025-13", False), ("month", "2025-00", False), ("month", "jan2025", False),
]  # fmt: skip


def test_libreoffice_keeps_the_drop_downs_and_knows_a_period_from_another_text(
    example: Delivery, tmp_path: Path
) -> None:
    office = shutil.which("soffice")
    if office is None:
        pytest.skip("LibreOffice is not on this machine")
    (tmp_path / "template.xlsx").write_bytes(template_xlsx(example, "nl"))
    book = Workbook()
    for row, (form, text, _) in enumerate(PERIODS, 1):
        book.worksheets[0].append([text, "=IFERROR(" + _PERIODS[form].format(f"A{row}")[1:] + ",FALSE)"])
    book.save(tmp_path / "periods.xlsx")  # without values, so that LibreOffice computes them
    subprocess.run(
        [office, "--headless", f"-env:UserInstallation=file://{tmp_path}/profile", "--convert-to", "ods",
         "--outdir", tmp_path / "ods", tmp_path / "template.xlsx", tmp_path / "periods.xlsx"],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    template, periods = (
        zipfile.ZipFile(tmp_path / "ods" / f"{name}.ods").read("content.xml").decode()
        for name in ("template", "periods")
    )
    assert template.count("<table:content-validation ") == len(example.contract.columns)
    assert "cell-content-is-in-list([$Lijsten.$E$3:.$E$5])" in template
    assert re.findall(r'office:value="(\d)"', periods) == [str(int(good)) for _, _, good in PERIODS]

"""The workbook of a release, opened as its readers open it: every cell of its type, every text a text."""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import zipfile
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.workbook import Workbook

from contracts.contract import Contract
from publish import sheet_cells, workbook
from publish.codelists import codelist_table
from publish.workbook import CODES, COLUMNS, READ_ME, sheet_names, write_workbook
from tests.contract_examples import column, example, key
from tests.metadata_examples import HOSTILE, release_facts, with_texts

FACTS = release_facts("headline")
DANGEROUS = ("=1+1", "+31 6", "-1", "@x", "https://data.example/", "=cmd|'/C calc'!A0", "0012", "1e5", "TRUE", "#N/A")


def contract(folder: Path) -> Contract:
    return example(
        folder,
        key()
        + column("year", "integer")
        + column("value", "number")
        + column("final", "boolean")
        + column("day", "date")
        + column("seen", "timestamp"),
    )


def table(**given_columns: Sequence[Any]) -> pa.Table:
    kinds = {
        "k": pa.string(),
        "year": pa.int64(),
        "value": pa.float64(),
        "final": pa.bool_(),
        "day": pa.date32(),
        "seen": pa.timestamp("s", tz="UTC"),
    }
    rows = max(map(len, given_columns.values()))
    return pa.table({name: pa.array(given_columns.get(name, [None] * rows), kind) for name, kind in kinds.items()})


def written(folder: Path, figures: pa.Table, name: str = "book.xlsx") -> Path:
    codes_contract, codes = codelist_table("headline_level")
    path = folder / name
    write_workbook(
        path,
        facts=FACTS,
        tables={"example": figures},
        code_lists={"codelist-headline_level": codes},
        contracts={"example": contract(folder), "codelist-headline_level": codes_contract},
    )
    return path


def opened(path: Path) -> Workbook:
    return openpyxl.load_workbook(path)


def cells(path: Path, sheet: str = "example") -> list[tuple[Any, ...]]:
    return list(opened(path)[sheet].iter_rows(values_only=True))


def test_numbers_years_dates_and_truth_values_keep_their_type(tmp_path: Path) -> None:
    seen = datetime(2026, 11, 21, 3, 30, 15, tzinfo=UTC)
    days = [date(2025, 2, 28), None]
    figures = table(
        k=["a", "b"], year=[2024, None], value=[1234.5, None], final=[True, False], day=days, seen=[seen, None]
    )
    header, first, second = cells(written(tmp_path, figures))
    assert header == ("k", "year", "value", "final", "day", "seen")
    assert first[:4] == ("a", 2024, 1234.5, True)
    assert [moment.isoformat() for moment in first[4:]] == ["2025-02-28T00:00:00", "2026-11-21T03:30:15"]
    assert second == ("b", None, None, False, None, None)


def test_a_year_has_no_thousands_separator_and_a_number_no_fixed_decimals(tmp_path: Path) -> None:
    row = opened(written(tmp_path, table(k=["a"], year=[2024], value=[0.125])))["example"][2]
    assert [cell.number_format for cell in row[:3]] == ["@", "0", "General"]


@pytest.mark.parametrize("text", [*DANGEROUS, *HOSTILE[:-2]])
def test_a_text_is_a_text_whatever_it_looks_like(tmp_path: Path, text: str) -> None:
    cell = opened(written(tmp_path, table(k=[text])))["example"]["A2"]
    assert cell.data_type == "s"
    assert cell.hyperlink is None
    assert str(cell.value).replace("_x000D_", "\r") == text


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=40), min_size=1, max_size=6))
@settings(max_examples=15, deadline=None)
def test_no_text_makes_the_workbook_unreadable(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> None:
    folder = tmp_path_factory.mktemp("any")
    found = [row[0] for row in cells(written(folder, table(k=texts, year=list(range(len(texts))))))[1:]]
    assert [bool(text) for text in found] == [bool(text) for text in texts]


def test_characters_that_xml_refuses_are_written_as_excel_writes_them(tmp_path: Path) -> None:
    path = written(tmp_path, table(k=["bel \x07", "_x0041_ is geen A", "\ufffe"]))
    assert b"bel _x0007_" in shared_strings(path)
    assert b"_x005F_x0041_ is geen A" in shared_strings(path)
    assert b"_xFFFE_" in shared_strings(path)


def shared_strings(path: Path) -> bytes:
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        return archive.read("xl/sharedStrings.xml")


@pytest.mark.parametrize("long", ["x" * 40_000, "\U0001f600" * 20_000])
def test_a_text_too_long_for_a_cell_is_cut_and_that_is_said(tmp_path: Path, long: str) -> None:
    path = written(tmp_path, table(k=[long, "kort"]))
    found = cells(path)[1][0]
    assert long.startswith(found)
    assert 32_765 <= len(found.encode("utf-16-le")) // 2 <= 32_767
    note = next(row[-1] for row in cells(path, COLUMNS) if row[1] == "k")
    assert note.startswith("1 teksten zijn afgekapt op 32767 tekens; de CSV heeft ze heel.")


def test_what_excel_cannot_hold_exactly_is_text_and_that_is_said(tmp_path: Path) -> None:
    figures = table(k=["a", "b"], year=[9_007_199_254_740_993, 1], day=[date(1899, 12, 31), date(2020, 1, 1)])
    path = written(tmp_path, figures)
    assert [row[1] for row in cells(path)[1:]] == ["9007199254740993", "1"]
    assert [row[4] for row in cells(path)[1:]] == ["1899-12-31", "2020-01-01"]
    notes = {row[1]: row[-1] for row in cells(path, COLUMNS)}
    assert notes["year"].startswith("Als tekst")
    assert notes["value"] is None


def test_the_header_stays_in_sight_and_filters(tmp_path: Path) -> None:
    sheet = opened(written(tmp_path, table(k=["a", "b", "c"])))["example"]
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == "A1:F4"
    assert sheet.dimensions == "A1:F4"


def test_a_table_without_rows_has_its_header(tmp_path: Path) -> None:
    assert cells(written(tmp_path, table(k=[]))) == [("k", "year", "value", "final", "day", "seen")]


def test_the_first_sheet_says_what_this_is_and_how_to_cite_it(tmp_path: Path) -> None:
    path = written(tmp_path, table(k=["a"]))
    assert opened(path).sheetnames == [READ_ME, COLUMNS, "example", CODES]
    said = {row[0]: row[1] for row in cells(path, READ_ME)}
    assert said["Versie / Version"] == "1.2.0"
    assert said["Uitgebracht / Released (UTC)"] == "2026-11-21T03:00:00Z"
    assert said["Adres / Address"] == "https://data.example/releases/headline/1.2.0/"
    assert said["Bronvermelding"].startswith("Ketenmonitor. (2026). Alle ketentafels in één oogopslag (versie 1.2.0)")
    assert said["Lege cel"].startswith("Een lege cel betekent dat er geen waarde is.")
    assert said["example"] == "Voorbeeld / Example"


def test_columns_and_codes_are_described_in_both_languages(tmp_path: Path) -> None:
    path = written(tmp_path, table(k=["a"]))
    assert cells(path, COLUMNS)[2][:5] == ("example", "year", "Kolom", "Column", "geheel getal / integer")
    codes = cells(path, CODES)
    assert codes[0][:4] == ("codelijst / code list", "code", "naam", "label")
    assert {row[0] for row in codes[1:]} == {"headline_level"}
    assert all(row[1] and row[2] and row[3] for row in codes[1:])


def test_the_same_release_gives_the_same_bytes(tmp_path: Path) -> None:
    figures = table(k=["a", "b"], value=[0.1, None])
    first, second = written(tmp_path, figures, "1.xlsx"), written(tmp_path, figures, "2.xlsx")
    assert first.read_bytes() == second.read_bytes()


def test_hostile_titles_are_harmless_in_every_sheet(tmp_path: Path) -> None:
    for text in HOSTILE:
        path = tmp_path / "hostile.xlsx"
        write_workbook(
            path,
            facts=with_texts(FACTS, text),
            tables={"example": table(k=["a"])},
            code_lists={},
            contracts={"example": contract(tmp_path)},
        )
        kinds = {cell.data_type for sheet in opened(path) for row in sheet.iter_rows() for cell in row}
        assert "f" not in kinds


def test_a_table_with_too_many_rows_points_to_its_csv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "MOST_ROWS", 2)
    rows = cells(written(tmp_path, table(k=["a", "b", "c"])))
    assert rows[0][0] == "3 rijen passen niet in een blad (ten hoogste 2); zie data/example.csv."
    assert rows[1][0] == "3 rows do not fit in a sheet (at most 2); see data/example.csv."
    assert len(rows) == 2


def test_rows_in_several_blocks_are_all_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheet_cells, "_ROWS_PER_BLOCK", 2)
    figures = pa.concat_tables([table(k=["a", "b", "c"], year=[1, 2, 3]), table(k=["d", "a"], year=[4, 5])])
    assert [row[:2] for row in cells(written(tmp_path, figures))[1:]] == [
        ("a", 1), ("b", 2), ("c", 3), ("d", 4), ("a", 5),
    ]  # fmt: skip


def test_names_of_sheets_are_short_unique_and_allowed() -> None:
    long = "x" * 40
    found = sheet_names([long, long.upper(), "a/b:c", "Read", "''", ""], taken=["read"])
    assert found == ["x" * 31, "X" * 29 + "~2", "a_b_c", "Read~2", "tabel", "tabel~2"]


def test_libreoffice_with_dutch_settings_shows_numbers_dates_and_texts(tmp_path: Path) -> None:
    office = shutil.which("soffice")
    if office is None:
        pytest.skip("LibreOffice is not on this machine")
    figures = table(k=["=1+1"], year=[2024], value=[1234.5], day=[date(2025, 2, 28)])
    written(tmp_path, figures)
    options = "csv:Text - txt - csv (StarCalc):59,34,76,1,,1043,false,true,false,false,false,3"
    command = [office, "--headless", f"-env:UserInstallation=file://{tmp_path}/profile", "--convert-to", options]
    dutch = {**os.environ, "LANG": "nl_NL.UTF-8", "LC_ALL": "nl_NL.UTF-8"}
    subprocess.run(
        [*command, "--outdir", tmp_path, tmp_path / "book.xlsx"],
        check=True,
        capture_output=True,
        timeout=120,
        env=dutch,
    )
    shown = list(csv.reader(next(tmp_path.glob("book*.csv")).open(encoding="utf-8"), delimiter=";"))
    assert shown[1][:3] == ["=1+1", "2024", "1234,5"]
    assert shown[1][4] == "28-02-2025"

"""Any table of texts, in whatever form it is handed in, reads back to the same rows."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assets.deliveries.reading.rows_taken import RUNS_AS_FORMULA, SCIENTIFIC, SPACE
from tests.delivered_files import (
    NAME,
    NAMES,
    parquet_bytes,
    read,
    rows_of,
    shared_texts_bytes,
    xlsx_bytes,
    zip_of,
)

WINDOWS = "".join(chr(code) for code in range(0x20, 0x7F)) + "éëïöüÀßçñ€’–…"
#: What a person may write as a name; lines within it included.
TEXTS = (
    st.text(st.sampled_from(WINDOWS + "\n"), max_size=20)
    .map(lambda text: text.strip(SPACE))
    .filter(lambda text: not text or not _spoiled(text))
)
#: Of at most 15 digits: more a spreadsheet does not keep.
NUMBERS = st.one_of(
    st.integers(-(10**15) + 1, 10**15 - 1).map(str),
    st.floats(allow_nan=False, allow_infinity=False, min_value=-1e10, max_value=1e10).map(lambda value: f"{value:.4f}"),
)
ROWS = st.lists(
    st.fixed_dictionaries({
        "deliverer": st.just("upv_textiel"),
        "period": st.just("2025"),
        "producer": st.integers(0, 10**8 - 1).map(lambda number: f"{number:08d}"),
        "producer_name": TEXTS,
        "country": st.sampled_from(["NL", "BE", "", "XX"]),
        "collected_kg": NUMBERS,
        "recycled_kg": st.one_of(st.just(""), NUMBERS),
        "pieces": st.one_of(st.just(""), st.integers(0, 10**9).map(str)),
        "sampled_on": st.sampled_from(["", "2025-01-31"]),
        "weighed": st.sampled_from(["", "true", "false"]),
    }),
    min_size=1,
    max_size=8,
)  # fmt: skip
ONE_FOLDER = settings(
    max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def _spoiled(text: str) -> bool:
    return bool(re.match(RUNS_AS_FORMULA, text) or re.match(SCIENTIFIC, text))


def expected(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    """The rows as they come back: an empty cell is none."""
    return [{name: text for name, text in row.items() if text} for row in rows]


def without_numbers(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows as read, without the row numbers."""
    return [{name: text for name, text in row.items() if name != "row_number"} for row in rows]


def as_csv(rows: list[dict[str, str]], delimiter: str, decimal: str, encoding: str, line_end: str) -> bytes:
    """A CSV as Python writes it, with the decimal sign in its numbers."""
    body = io.StringIO(newline="")
    writer = csv.writer(body, delimiter=delimiter, lineterminator=line_end)
    writer.writerow(NAMES)
    for row in rows:
        numbers = {name: row[name].replace(".", decimal) for name in ("collected_kg", "recycled_kg")}
        filled = row | numbers
        writer.writerow(filled[name] for name in NAMES)
    return body.getvalue().encode(encoding)


@ONE_FOLDER
@given(
    rows=ROWS,
    delimiter=st.sampled_from(";,\t"),
    decimal=st.sampled_from(".,"),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "cp1252"]),
    line_end=st.sampled_from(["\n", "\r\n"]),
)
def test_a_csv_reads_back(
    rows: list[dict[str, str]], delimiter: str, decimal: str, encoding: str, line_end: str, tmp_path: Path
) -> None:
    # four decimals in every number that has any: evidence of the sign, where there is one
    body = as_csv(rows, delimiter, decimal, encoding, line_end)
    found = read(body, tmp_path)
    assert without_numbers(rows_of(found)) == expected(rows)
    lines = body.decode(encoding).replace("\r\n", "\n").split("\n")
    for row in rows_of(found):
        assert lines[row["row_number"] - 1].startswith(f"upv_textiel{delimiter}2025{delimiter}{row['producer']}")


def _typed(name: str, text: str) -> Any:
    if not text:
        return None
    return float(text) if name.endswith("_kg") else int(text) if name == "pieces" else text


@ONE_FOLDER
@given(rows=ROWS, shared=st.booleans())
def test_a_workbook_reads_back(rows: list[dict[str, str]], shared: bool, tmp_path: Path) -> None:
    typed = [[_typed(name, row[name]) for name in NAMES] for row in rows]
    write = shared_texts_bytes if shared else xlsx_bytes
    found = read(write([NAMES, *typed]), tmp_path)
    for row, given_row in zip(rows_of(found), expected(rows), strict=True):
        for name in ("collected_kg", "recycled_kg"):
            # a number comes back as the shortest text of the same number
            assert float(row.pop(name, "0")) == float(given_row.pop(name, "0"))
        assert row.pop("row_number") >= 2
        assert row == given_row


@ONE_FOLDER
@given(rows=ROWS, texts=st.booleans())
def test_a_parquet_file_reads_back(rows: list[dict[str, str]], texts: bool, tmp_path: Path) -> None:
    columns: dict[str, Any] = {name: [row[name] or None for row in rows] for name in NAMES}
    if not texts:
        for name in ("collected_kg", "recycled_kg"):
            columns[name] = [float(text) if text else None for text in columns[name]]
    found = read(parquet_bytes(columns), tmp_path)
    for row, given_row in zip(rows_of(found), expected(rows), strict=True):
        for name in ("collected_kg", "recycled_kg"):
            assert float(row.pop(name, "0")) == float(given_row.pop(name, "0"))
        row.pop("row_number")
        assert row == given_row


@ONE_FOLDER
@given(rows=ROWS, decimal=st.sampled_from(".,"))
def test_a_data_package_reads_back(rows: list[dict[str, str]], decimal: str, tmp_path: Path) -> None:
    fields = [{"name": "collected_kg", "type": "number", "decimalChar": decimal}]
    described = {"name": NAME, "path": "t.csv", "schema": {"fields": fields}, "dialect": {"delimiter": ";"}}
    table = as_csv(rows, ";", decimal, "utf-8", "\n")
    found = read(zip_of({"datapackage.json": json.dumps({"resources": [described]}), "t.csv": table}), tmp_path)
    assert without_numbers(rows_of(found)) == expected(rows)


@pytest.mark.parametrize("name", ['"', '""', '"a"', "a;b", 'a";"b', "\nx", 'x"\n"y', "a\n\n\nb", "'"])
def test_texts_that_look_like_the_marks_of_a_csv_read_back(name: str, tmp_path: Path) -> None:
    row = dict.fromkeys(NAMES, "") | {"deliverer": "upv_textiel", "period": "2025", "producer": "01234567"}
    rows = [row | {"producer_name": name}, row | {"producer": "76543210"}]
    found = read(as_csv(rows, ";", ".", "utf-8", "\n"), tmp_path)
    assert without_numbers(rows_of(found)) == expected([row | {"producer_name": name.strip()}, rows[1]])

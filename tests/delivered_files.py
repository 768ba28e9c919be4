"""A small delivery with a column of every type, and files of it in every form, for the tests of reading.

Not here: what a file must become; that stands with the tests.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import xlsxwriter

from assets.deliveries.delivered_file import Declared, FileRefused, Limits, ReadFile, Told
from assets.deliveries.reading.read_file import read_file
from contracts.delivery_contract import Delivery, read_delivery

NAME = "reading_example"
_KEY = "required: true, primaryKey: true, primaryKeyPosition: "
#: name, type, keywords, custom property, and the titles in Dutch and English
COLUMNS = (
    ("deliverer", "string", f"{_KEY}1", "", "Indiener", "Deliverer"),
    ("period", "string", f"{_KEY}2", "", "Periode", "Period"),
    ("producer", "string", f'{_KEY}3, logicalTypeOptions: {{pattern: "[0-9]{{8}}"}}', "", "KvK-nummer", "KvK number"),
    ("producer_name", "string", "", "", "Naam, zoals geregistreerd", "Name, as registered"),
    ("country", "string", "", "{property: codeList, value: geo}", "Land", "Country"),
    ("collected_kg", "number", "", "{property: unit, value: kg}", "Ingezameld (kg)", "Collected (kg)"),
    ("recycled_kg", "number", "", "{property: unit, value: kg}", "Gerecycled (kg)", "Recycled (kg)"),
    ("pieces", "integer", "", "", "Stuks", "Pieces"),
    ("sampled_on", "date", "", "", "Bemonsterd op", "Sampled on"),
    ("weighed", "boolean", "", "", "Gewogen", "Weighed"),
)
HEAD = """\
apiVersion: v3.1.0
kind: DataContract
id: delivery.reading_example
version: 1.0.0
status: active
customProperties:
  - {property: chainTable, value: textile}
  - {property: periodForm, value: year}
  - {property: deadline, value: "07-01"}
  - {property: deliverers, value: [upv_textiel]}
  - {property: quarantineThreshold, value: 0.05}
  - {property: disclosure, value: none}
  - {property: disclosureReasonNl, value: Alleen om te testen.}
  - {property: disclosureReasonEn, value: For testing only.}
schema:
  - name: reading_example
    customProperties:
      - {property: titleNl, value: Voorbeeld}
      - {property: titleEn, value: Example}
      - {property: descriptionNl, value: Een voorbeeld.}
      - {property: descriptionEn, value: An example.}
      - {property: oneRowNl, value: Eén rij is een producent.}
      - {property: oneRowEn, value: One row is a producer.}
    properties:
"""
NAMES = tuple(column[0] for column in COLUMNS)
#: A row that is right in every column.
ROW = {
    "deliverer": "upv_textiel", "period": "2025", "producer": "01234567", "producer_name": "Jansen", "country": "NL",
    "collected_kg": "1200.5", "recycled_kg": "30", "pieces": "4", "sampled_on": "2025-03-31", "weighed": "true",
}  # fmt: skip


@cache
def example_delivery() -> Delivery:
    """The delivery, read from a contract as any other."""
    lines = [HEAD]
    for name, kind, keywords, custom, nl, en in COLUMNS:
        texts = {"titleNl": nl, "titleEn": en, "descriptionNl": nl, "descriptionEn": en}
        properties = ", ".join(f'{{property: {key}, value: "{value}"}}' for key, value in texts.items())
        rest = f", {keywords}" if keywords else ""
        own = f", {custom}" if custom else ""
        lines.append(f"      - {{name: {name}, logicalType: {kind}, customProperties: [{properties}{own}]{rest}}}\n")
    path = Path(mkdtemp()) / f"{NAME}.odcs.yaml"
    path.write_text("".join(lines), encoding="utf-8")
    return read_delivery(path)


def read(
    body: bytes, folder: Path, limits: Limits | None = None, declared: Declared | None = None, name: str = "opgave"
) -> ReadFile:
    """Reads bytes as a delivered file into a folder below `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "original"
    path.write_bytes(body)
    return read_file(path, example_delivery(), folder / "read", limits or Limits(), declared, name)


def refusal(body: bytes, folder: Path, limits: Limits | None = None, declared: Declared | None = None) -> Told:
    """What the deliverer of these bytes is told; an AssertionError where they are read after all.

    Asserts that a refusal leaves nothing behind, in the folder of the reading or beside it.
    """
    try:
        found = read(body, folder, limits, declared)
    except FileRefused as refused:
        assert sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*")) == ["original", "read"]
        return refused.told
    raise AssertionError(f"read as {found.form} with {found.rows_in} rows: {rows_of(found)[:3]}")


def rows_of(found: ReadFile) -> list[dict[str, Any]]:
    """The rows, with their row numbers; empty cells left out."""
    rows = pq.read_table(found.rows).to_pylist()
    return [{name: value for name, value in row.items() if value is not None} for row in rows]


def cells_of(found: ReadFile, column: str) -> list[str | None]:
    """One column of the rows."""
    values: list[str | None] = pq.read_table(found.rows).column(column).to_pylist()
    return values


def broken_of(found: ReadFile) -> list[tuple[int, str, str, str]]:
    """The faults as (row number, column, found, rule)."""
    if found.broken is None:
        return []
    return [tuple(row.values()) for row in pq.read_table(found.broken).to_pylist()]  # type: ignore[misc]


def note_codes(found: ReadFile) -> list[str]:
    """Codes of what the deliverer is told."""
    return [note.code for note in found.notes]


def csv_bytes(rows: Sequence[Sequence[str]], delimiter: str = ";", encoding: str = "utf-8") -> bytes:
    """Cells as they are, with a line feed after every row; nothing is quoted."""
    return "".join(delimiter.join(row) + "\n" for row in rows).encode(encoding)


def xlsx_bytes(rows: Sequence[Sequence[Any]], sheet: str = "Opgave") -> bytes:
    """A workbook with one sheet, written by openpyxl."""
    book = openpyxl.Workbook()
    book.active.title = sheet
    for row in rows:
        book.active.append(list(row))
    return saved(book)


def shared_texts_bytes(rows: Sequence[Sequence[Any]]) -> bytes:
    """A workbook with one sheet, written by xlsxwriter: its texts are shared, those of openpyxl are not."""
    body = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(body, options) as book:
        sheet = book.add_worksheet("Opgave")
        for place, row in enumerate(rows):
            sheet.write_row(place, 0, row)
    return body.getvalue()


def saved(book: openpyxl.Workbook) -> bytes:
    """A workbook as bytes."""
    body = io.BytesIO()
    book.save(body)
    return body.getvalue()


def parquet_bytes(columns: Mapping[str, Any], **options: Any) -> bytes:
    """A Parquet file of these columns."""
    body = io.BytesIO()
    pq.write_table(pa.table(dict(columns)), body, **options)
    return body.getvalue()


def zip_of(members: Mapping[str, bytes | str]) -> bytes:
    """A zip with these members."""
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name, content in members.items():
            zipped.writestr(name, content)
    return body.getvalue()


def rewritten(workbook: bytes, parts: Mapping[str, bytes | str]) -> bytes:
    """A workbook with some parts replaced or added."""
    with zipfile.ZipFile(io.BytesIO(workbook)) as zipped:
        members: dict[str, bytes | str] = {name: zipped.read(name) for name in zipped.namelist()}
    return zip_of(members | dict(parts))


def part_of(workbook: bytes, name: str = "xl/worksheets/sheet1.xml") -> str:
    """One part of a workbook as text."""
    with zipfile.ZipFile(io.BytesIO(workbook)) as zipped:
        return zipped.read(name).decode()


def package_bytes(table: bytes, **resource: Any) -> bytes:
    """A data package with one resource called after the delivery, at `data/table.csv` unless said otherwise."""
    described = {"name": NAME, "path": "data/table.csv", **resource}
    descriptor = {"name": "opgave", "resources": [described]}
    return zip_of({"datapackage.json": json.dumps(descriptor), "data/table.csv": table})

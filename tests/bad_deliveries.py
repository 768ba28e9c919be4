"""Bad deliveries, by name: files that accidents and attackers hand in, each written into a folder.

Not here: what Ketenmonitor must answer (`faults/test_bad_deliveries.py`).
"""

from __future__ import annotations

import io
import json
import random
import zipfile
from collections.abc import Callable
from pathlib import Path

from openpyxl import Workbook, load_workbook

from tests.delivered_example import COLUMNS, Row, as_csv, as_package, as_parquet, as_xlsx, declared, good_rows

GOOD = good_rows(3)
#: What stands at a place in a sheet: row and column, from 1.
MARKET = list(COLUMNS).index("put_on_market_kg") + 1
PRODUCER = list(COLUMNS).index("producer") + 1

FILES: dict[str, Callable[[Path], Path]] = {}
Maker = Callable[[Path], Path]


def named(name: str) -> Callable[[Maker], Maker]:
    def keep(make: Maker) -> Maker:
        FILES[name] = make
        return make

    return keep


def _bytes(folder: Path, body: bytes, name: str = "opgave.csv") -> Path:
    path = folder / name
    path.write_bytes(body)
    return path


def _csv(rows: list[Row]) -> Maker:
    return lambda folder: _bytes(folder, as_csv(rows))


def _sheet(folder: Path, change: Callable[[Workbook], object], rows: list[Row] = GOOD) -> Path:
    path = as_xlsx(rows, folder / "opgave.xlsx")
    book = load_workbook(path)
    change(book)
    book.save(path)
    return path


def _zip(folder: Path, members: dict[str, bytes], name: str = "opgave.zip") -> Path:
    path = folder / name
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for member, body in members.items():
            packed.writestr(member, body)
    return path


def _package_with_path(place: str) -> Maker:
    def make(folder: Path) -> Path:
        descriptor = {"name": "opgave", "resources": [{"name": "rows", "path": place}]}
        return _zip(folder, {"datapackage.json": json.dumps(descriptor).encode(), "rows.csv": as_csv(GOOD)})

    return make


def _with_member(folder: Path, member: str, body: bytes) -> Path:
    """A good workbook of which one part is another, or one more."""
    good = as_xlsx(GOOD, folder / "goed.xlsx")
    with zipfile.ZipFile(good) as packed:
        members = {name: packed.read(name) for name in packed.namelist()}
    members[member] = body
    good.unlink()
    return _zip(folder, members, "opgave.xlsx")


@named("zip bomb")
def _zip_bomb(folder: Path) -> Path:
    return _zip(folder, {"rows.csv": b"0" * 60_000_000})


@named("zip in which a path climbs out")
def _climbs(folder: Path) -> Path:
    return _zip(folder, {"../../buiten.csv": as_csv(GOOD)})


FILES["path of a package that climbs out"] = _package_with_path("../buiten.csv")
FILES["absolute path in a package"] = _package_with_path("/etc/passwd")
FILES["remote path in a package"] = _package_with_path("https://example.org/rows.csv")


@named("XML entity bomb in a workbook")
def _entities(folder: Path) -> Path:
    bomb = '<!DOCTYPE x [<!ENTITY a "' + "a" * 1000 + '">'
    bomb += "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 100}">' for n in range(6)) + "]>"
    body = f'<?xml version="1.0"?>{bomb}<worksheet><sheetData><row><c><v>&g;</v></c></row></sheetData></worksheet>'
    return _with_member(folder, "xl/worksheets/sheet1.xml", body.encode())


@named("workbook with macros")
def _macros(folder: Path) -> Path:
    return _with_member(folder, "xl/vbaProject.bin", b"\xd0\xcf\x11\xe0")


@named("formula cells in a workbook")
def _formulas(folder: Path) -> Path:
    return _sheet(folder, lambda book: book.active.cell(2, MARKET, "=SUM(A1:A9)"))


FILES["cells that run as formulas"] = _csv([*good_rows(2), declared(3, producer_name='=HYPERLINK("http://x")')])


@named("10,000 columns")
def _wide(folder: Path) -> Path:
    columns = [*COLUMNS, *(f"kolom_{number}" for number in range(10_000))]
    return _bytes(folder, as_csv(GOOD, columns))


@named("one line without end")
def _endless(folder: Path) -> Path:
    return _bytes(folder, as_csv(GOOD) + b"x" * 30_000_000)


@named("binary that is called csv")
def _binary(folder: Path) -> Path:
    return _bytes(folder, random.Random(7).randbytes(20_000))


@named("picture that is called csv")
def _picture(folder: Path) -> Path:
    return _bytes(folder, b"\x89PNG\r\n\x1a\n" + bytes(2000))


@named("empty file")
def _empty(folder: Path) -> Path:
    return _bytes(folder, b"")


FILES["header only"] = _csv([])


@named("merged cells")
def _merged(folder: Path) -> Path:
    return _sheet(folder, lambda book: book.active.merge_cells(start_row=2, end_row=3, start_column=3, end_column=3))


@named("hidden rows")
def _hidden_rows(folder: Path) -> Path:
    def hide(book: Workbook) -> None:
        book.active.row_dimensions[3].hidden = True

    return _sheet(folder, hide)


@named("hidden sheet")
def _hidden_sheet(folder: Path) -> Path:
    def hide(book: Workbook) -> None:
        other = book.create_sheet("Oud")
        other.append(list(COLUMNS))
        other.append([declared(8)[name] for name in COLUMNS])
        other.sheet_state = "hidden"

    return _sheet(folder, hide)


@named("date where a number belongs")
def _dates(folder: Path) -> Path:
    def date(book: Workbook) -> None:
        cell = book.active.cell(2, MARKET, 45_000)
        cell.number_format = "dd-mm-yyyy"

    return _sheet(folder, date)


FILES["NaN and infinity"] = _csv(
    [declared(1), declared(2, put_on_market_kg="NaN"), declared(3, put_on_market_kg="Infinity")]
)
FILES["code in scientific notation"] = _csv([*good_rows(2), {**declared(3), "producer": "1.23457E+7"}])


@named("leading zeros lost")
def _zeros(folder: Path) -> Path:
    return _sheet(folder, lambda book: book.active.cell(2, PRODUCER, 1234567))


@named("duplicated header")
def _twice(folder: Path) -> Path:
    return _bytes(folder, as_csv(GOOD).replace(b"stock_change_kg", b"collected_kg", 1))


@named("unknown header")
def _unknown_header(folder: Path) -> Path:
    return _bytes(folder, as_csv(GOOD).replace(b"stock_change_kg", b"voorraad_onbekend", 1))


@named("missing column")
def _missing(folder: Path) -> Path:
    return _bytes(folder, as_csv(GOOD, [name for name in COLUMNS if name != "category"]))


@named("header in another language and order")
def _english(folder: Path) -> Path:
    from contracts.delivery_contract import delivery

    titles = {column.name: column.title_en for column in delivery("declarations_textile").contract.columns}
    rows = [{titles[name]: value for name, value in row.items()} for row in GOOD]
    return _bytes(folder, as_csv(rows, [titles[name] for name in reversed(COLUMNS)]))


FILES["trailing spaces"] = _csv(
    [{name: f" {value}  " if isinstance(value, str) else value for name, value in row.items()} for row in GOOD]
)
FILES["mixed units"] = _csv([*good_rows(2), declared(3, put_on_market_kg="12.5 ton")])
FILES["two periods"] = _csv([*good_rows(2), declared(3, period="2024")])
FILES["period that is not over"] = _csv(good_rows(3, period="2027"))
FILES["deliverer that is not registered"] = _csv([declared(1, deliverer="acme"), declared(2, deliverer="acme")])
FILES["deliverer of something else"] = _csv([declared(1, deliverer="vng")])
FILES["decimal sign that may be either"] = _csv(
    [{name: "1.234" if name.endswith("_kg") else cell for name, cell in row.items()} for row in GOOD]
)


@named("Windows-1252")
def _windows(folder: Path) -> Path:
    rows = [declared(1, producer_name="Café Modé"), declared(2)]
    return _bytes(folder, as_csv(rows).decode().encode("cp1252"))


@named("lines of another length")
def _ragged(folder: Path) -> Path:
    lines = as_csv(GOOD).splitlines(keepends=True)
    return _bytes(folder, b"".join([*lines[:-1], lines[-1].replace(b",", b",,", 1)]))


@named("Parquet that was cut off")
def _cut(folder: Path) -> Path:
    path = as_parquet(GOOD, folder / "opgave.parquet")
    path.write_bytes(path.read_bytes()[:-200])
    return path


@named("workbook with a password")
def _password(folder: Path) -> Path:
    body = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512) + "EncryptedPackage".encode("utf-16-le")
    return _bytes(folder, body, "opgave.xlsx")


@named("package of two tables")
def _two_tables(folder: Path) -> Path:
    path = as_package(GOOD, folder / "opgave")
    (path / "meer.csv").write_bytes(as_csv(GOOD))
    descriptor = {"resources": [{"name": "a", "path": "rows.csv"}, {"name": "b", "path": "meer.csv"}]}
    (path / "datapackage.json").write_text(json.dumps(descriptor), encoding="utf-8")
    return path


@named("zip in a zip")
def _nested(folder: Path) -> Path:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as packed:
        packed.writestr("rows.csv", as_csv(GOOD))
    return _zip(folder, {"datapackage.json": b'{"resources": [{"path": "in.zip"}]}', "in.zip": inner.getvalue()})


@named("folder that is no package")
def _folder(folder: Path) -> Path:
    path = folder / "opgave"
    path.mkdir()
    (path / "rows.csv").write_bytes(as_csv(GOOD))
    return path


@named("the empty template")
def _template(folder: Path) -> Path:
    from contracts.delivery_contract import delivery
    from publish.delivery_template import template_xlsx

    return _bytes(folder, template_xlsx(delivery("declarations_textile"), "nl"), "opgave.xlsx")


FILES["nothing that may be used"] = _csv([declared(1, category="schoenen"), declared(2, category="tassen")])

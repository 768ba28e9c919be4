"""The front door for delivered files: whatever the bytes are, they become rows or a refusal in words.

Forms are recognised by content: XLSX, CSV, Parquet, a data package as zip or folder, and a zip with one table in it.
A CSV of which the decimal sign cannot be recognised declares it: `ketenmonitor deliver --decimal comma`, or, in the
inbox, a first line `#decimal=comma` above the header.
Here: choosing the reader, and the last resort for bytes that no reader foresaw. Not here: the readers.
"""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

from assets.deliveries.delivered_file import Declared, FileRefused, Limits, ReadFile, Told
from assets.deliveries.reading.bounds import Bounds
from assets.deliveries.reading.data_package import PackageInFolder, PackageInZip, read_package
from assets.deliveries.reading.packed import Packed, opened
from assets.deliveries.reading.recognition import DESCRIPTOR, form_of, form_of_zip, not_taken
from assets.deliveries.reading.rows_taken import BROKEN_FILE, ROWS_FILE
from assets.deliveries.reading.task import Task
from assets.deliveries.reading.words import listed, refused, shown
from contracts.delivery_contract import Delivery

_TABLES = (".csv", ".tsv", ".xlsx", ".parquet")
_IN_WORDS = {
    "csv": ("CSV-bestand", "CSV file"),
    "xlsx": ("Excel-werkmap", "Excel workbook"),
    "parquet": ("Parquet-bestand", "Parquet file"),
    "zip": ("zip-bestand", "zip"),
    "package": ("data package", "data package"),
    "": ("bestand", "file"),
}


def read_file(
    path: Path, delivery: Delivery, folder: Path, limits: Limits, declared: Declared | None = None,
    name: str | None = None,
) -> ReadFile:  # fmt: skip
    """Reads a delivered file into `folder`, or raises FileRefused in the deliverer's words; nothing else is raised.

    `path` is the archived original (or, for a data package in the inbox, a folder); `name` is the name under which it
    was handed in and only stands in messages. After a refusal `folder` holds nothing of this file.
    """
    folder.mkdir(parents=True, exist_ok=True)
    form = [""]  # what the file turned out to be, for the last resort
    try:
        bounds = Bounds(limits)
        with tempfile.TemporaryDirectory(prefix="unpacked-", dir=folder) as work:
            task = Task(path, delivery, folder, Path(work), bounds, declared or Declared())
            if path.is_dir():
                form[0] = "package"
                return read_package(PackageInFolder(path), DESCRIPTOR, task, _read_inner)
            bounds.file_size(path.stat().st_size)
            return _read(task, form, inside=False)
    except FileRefused:
        _clear(folder)
        raise
    except Exception as error:
        # whatever a stranger's bytes make a parser do, the deliverer gets an answer and the night goes on
        _clear(folder)
        nl, en = _IN_WORDS[form[0]]
        called = f" {shown(name)}" if name else ""
        raise refused(
            "cannot_be_read",
            f"Het {nl}{called} kan niet worden gelezen; het is beschadigd of anders opgebouwd dan verwacht. Sla het "
            "opnieuw op, of neem de rijen over in het sjabloon.",
            f"The {en}{called} cannot be read; it is damaged or built in another way than expected. Save it again, or "
            "copy the rows into the template.",
        ) from error


def _read_inner(task: Task) -> ReadFile:
    """A table inside a package or zip: one form only, no package in a package."""
    return _read(task, [""], inside=True)


def _read(task: Task, form: list[str], *, inside: bool) -> ReadFile:
    found = form_of(task.path)
    form[0] = found if found in _IN_WORDS else ""
    if found == "csv":
        from assets.deliveries.reading.csv_file import read_csv

        return read_csv(task)
    if found == "parquet":
        from assets.deliveries.reading.parquet_file import read_parquet

        return read_parquet(task)
    if found == "descriptor":
        if inside:
            raise not_taken("een JSON-bestand", "a JSON file")
        raise refused(
            "descriptor_alone",
            "Dit is alleen de beschrijving van een data package; de bestanden ernaast zijn niet meegekomen. Zet de "
            "hele map in een zip en dien die in.",
            "This is only the descriptor of a data package; the files beside it did not come along. Put the whole "
            "folder in a zip and hand that in.",
        )
    return _read_zip(task, form, inside=inside)


def _read_zip(task: Task, form: list[str], *, inside: bool) -> ReadFile:
    with opened(task.path, task.bounds) as packed:
        form[0] = form_of_zip(packed)
        if form[0] == "package" and not inside:
            descriptor = min(
                (name for name in packed.names if name.rpartition("/")[2] == DESCRIPTOR),
                key=lambda name: (name.count("/"), name),
            )
            base = descriptor.removesuffix(DESCRIPTOR)
            return read_package(PackageInZip(packed, base), DESCRIPTOR, task, _read_inner)
        if form[0] != "xlsx":
            if inside:
                raise not_taken("een zip in een zip", "a zip in a zip", _UNPACKED)
            return _read_only_table(packed, task)
    from assets.deliveries.reading.xlsx_file import read_xlsx

    return read_xlsx(task)


_UNPACKED = ("Lever de tabel zelf, of één zip met de tabel.", "Hand in the table itself, or one zip with the table.")


def _read_only_table(packed: Packed, task: Task) -> ReadFile:
    """The one table of a zip that is no data package; what lies beside it is told."""
    names = [n for n in packed.names if not n.startswith("__MACOSX/") and not n.rpartition("/")[2].startswith(".")]
    tables = [name for name in names if name.lower().endswith(_TABLES)]
    if not tables:
        tables = [name for name in names if name.lower().endswith(".txt")]
    if len(tables) != 1:
        found = listed(tables or names)
        raise refused(
            "several_tables" if tables else "no_table",
            f"In het zip-bestand {'staat meer dan één tabel' if tables else 'staat geen tabel'}: {found or 'niets'}. "
            "Verwacht: één CSV, XLSX of Parquet, of een data package met datapackage.json.",
            f"The zip holds {'more than one table' if tables else 'no table'}: {found or 'nothing'}. Expected: one "
            "CSV, XLSX or Parquet, or a data package with datapackage.json.",
        )
    file = packed.extract(tables[0], task.work / "table")
    beside = [name for name in names if name != tables[0]]
    notes = task.notes
    if beside:
        told = listed(beside)
        notes = (
            *notes,
            Told("members_not_read", f"Niet gelezen uit de zip: {told}.", f"Not read from the zip: {told}."),
        )
    found_file = _read_inner(replace(task, path=file, notes=notes))
    return replace(found_file, part=found_file.part or tables[0])


def _clear(folder: Path) -> None:
    for name in (ROWS_FILE, BROKEN_FILE):
        (folder / name).unlink(missing_ok=True)

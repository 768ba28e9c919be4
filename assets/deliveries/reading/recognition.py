"""What a delivered file is, by its content: its name has no say in it.

Here: the forms that are read, and the refusal by name of those that are not. Not here: reading.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from assets.deliveries.delivered_file import FileRefused
from assets.deliveries.reading.packed import Packed
from assets.deliveries.reading.words import refused

Form = Literal["csv", "xlsx", "parquet", "package", "zip", "descriptor"]
DESCRIPTOR = "datapackage.json"
_TOP = 4096
#: First bytes, what such a file is called in both languages, and what to do with it.
_SPREADSHEET = (
    "Open het in een rekenblad en sla het op als XLSX of als CSV UTF-8.",
    "Open it in a spreadsheet and save it as XLSX or as CSV UTF-8.",
)
_TABLE = ("Zet de tabel in het sjabloon (XLSX of CSV).", "Put the table in the template (XLSX or CSV).")
_UNPACK = ("Pak het uit en lever het bestand zelf, of een zip.", "Unpack it and hand in the file itself, or a zip.")
_SIGNATURES: tuple[tuple[bytes, str, str, tuple[str, str]], ...] = (
    (b"%PDF", "een PDF-bestand", "a PDF file", _TABLE),
    (b"{\\rtf", "een RTF-tekst", "an RTF text", _TABLE),
    (b"\x89PNG", "een afbeelding (PNG)", "an image (PNG)", _TABLE),
    (b"\xff\xd8\xff", "een afbeelding (JPEG)", "an image (JPEG)", _TABLE),
    (b"GIF8", "een afbeelding (GIF)", "an image (GIF)", _TABLE),
    (b"II*\x00", "een afbeelding (TIFF)", "an image (TIFF)", _TABLE),
    (b"MM\x00*", "een afbeelding (TIFF)", "an image (TIFF)", _TABLE),
    (b"BM", "een afbeelding (BMP)", "an image (BMP)", _TABLE),
    (b"\x1f\x8b", "een gzip-bestand", "a gzip file", _UNPACK),
    (b"BZh", "een bzip2-bestand", "a bzip2 file", _UNPACK),
    (b"\xfd7zXZ\x00", "een xz-bestand", "an xz file", _UNPACK),
    (b"(\xb5/\xfd", "een zstd-bestand", "a zstd file", _UNPACK),
    (b"7z\xbc\xaf\x27\x1c", "een 7z-bestand", "a 7z file", _UNPACK),
    (b"Rar!", "een RAR-bestand", "a RAR file", _UNPACK),
    (b"PARE", "een versleuteld Parquet-bestand", "an encrypted Parquet file", _UNPACK),
    (b"SQLite format 3", "een SQLite-database", "an SQLite database", _TABLE),
    (b"MZ", "een programma", "a program", _TABLE),
    (b"\x7fELF", "een programma", "a program", _TABLE),
)
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED_PACKAGE = "EncryptedPackage".encode("utf-16-le")
_OLE_SEARCHED = 20_000_000


def form_of(path: Path) -> Form:
    """The form of a file. Raises FileRefused, with its name and what to do, for a form that is not read."""
    with path.open("rb") as handle:
        top = handle.read(_TOP)
    if not top:
        raise refused(
            "empty_file",
            "Het bestand is leeg (0 bytes). Vul het sjabloon in en dien dat in.",
            "The file is empty (0 bytes). Fill in the template and hand that in.",
        )
    if top.startswith(b"PAR1"):
        return "parquet"
    if top.startswith((b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")):
        return "zip"
    if top.startswith(_OLE):
        raise _ole(path)
    for start, nl, en, todo in _SIGNATURES:
        # BM and MZ may begin a text as well: only bytes that no text has settle it
        if top.startswith(start) and (len(start) > 2 or b"\0" in top):
            raise not_taken(nl, en, todo)
    return _text_form(top)


def form_of_zip(packed: Packed) -> Form:
    """The form of a zip by what is in it: a workbook, a data package, or a zip with something else."""
    names = packed.names
    lower = {name.lower() for name in names}
    if "[content_types].xml" in lower:
        if "xl/workbook.bin" in lower:
            raise not_taken("een binaire Excel-werkmap (XLSB)", "a binary Excel workbook (XLSB)", _SPREADSHEET)
        if any(name.startswith("xl/") for name in lower):
            return "xlsx"
        if any(name.startswith("word/") for name in lower):
            raise not_taken("een Word-document", "a Word document", _TABLE)
        if any(name.startswith("ppt/") for name in lower):
            raise not_taken("een PowerPoint-presentatie", "a PowerPoint presentation", _TABLE)
    if "mimetype" in names and "content.xml" in names:
        raise not_taken("een OpenDocument-bestand (ODS)", "an OpenDocument file (ODS)", _SPREADSHEET)
    if any(name.rpartition("/")[2] == DESCRIPTOR for name in names):
        return "package"
    return "zip"


def not_taken(nl: str, en: str, todo: tuple[str, str] = _TABLE) -> FileRefused:
    """The refusal of a form that is not read, called by its name."""
    return refused(
        "form_not_taken",
        f"Dit is {nl}. Verwacht: XLSX, CSV, Parquet of een data package. {todo[0]}",
        f"This is {en}. Expected: XLSX, CSV, Parquet or a data package. {todo[1]}",
    )


def _text_form(top: bytes) -> Form:
    start = top.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if start.startswith((b"<!doctype html", b"<html", b"<head", b"<table")):
        raise not_taken("een webpagina (HTML)", "a web page (HTML)", _SPREADSHEET)
    if start.startswith((b"<?xml", b"<workbook")):
        raise not_taken("een XML-bestand", "an XML file", _SPREADSHEET)
    if start.startswith((b"{", b"[{")):
        if b'"resources"' in start:
            return "descriptor"
        raise not_taken("een JSON-bestand", "a JSON file", _TABLE)
    return "csv"


def _ole(path: Path) -> FileRefused:
    with path.open("rb") as handle:
        encrypted = _ENCRYPTED_PACKAGE in handle.read(_OLE_SEARCHED)
    if encrypted:
        return refused(
            "encrypted",
            "Dit werkboek is beveiligd met een wachtwoord. Sla het op zonder wachtwoord en dien dat in.",
            "This workbook is protected by a password. Save it without a password and hand that in.",
        )
    return not_taken("een oude Excel-werkmap (XLS)", "an old Excel workbook (XLS)", _SPREADSHEET)

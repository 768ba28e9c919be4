"""Files handed in by accident or in bad faith: each is refused in words that name the place and leaves nothing.

What refuses a row, not the file (formulas, merged cells, a line with too many cells), stands with the tests of reading.
"""

from __future__ import annotations

import json
import random
import struct
import zipfile
import zlib
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assets.deliveries.delivered_file import FileRefused, Limits, Told
from assets.deliveries.reading.read_file import read_file
from tests.delivered_files import (
    NAME,
    NAMES,
    ROW,
    csv_bytes,
    example_delivery,
    package_bytes,
    parquet_bytes,
    part_of,
    read,
    refusal,
    rewritten,
    shared_texts_bytes,
    xlsx_bytes,
    zip_of,
)

HEADER = "deliverer;period;producer;producer_name;collected_kg\n"
LINE = "upv_textiel;2025;01234567;Jansen;12\n"
CSV = (HEADER + LINE).encode()
XLSX = xlsx_bytes([NAMES, tuple(ROW.values())])
SHARED = shared_texts_bytes([NAMES, tuple(ROW.values())])
PARQUET = parquet_bytes({name: [value] for name, value in ROW.items()})
PACKAGE = package_bytes(CSV)
SHEET = part_of(XLSX)
BOMB = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;">]>'
XML = "<?xml version='1.0'?>"
LONG = random.Random(1).randbytes(2_500_000).hex()  # random, so that it does not pack like a bomb

#: what is handed in, the code of the refusal, and what the Dutch sentence must name
TEXTS: dict[str, tuple[bytes, str, str]] = {
    "nothing": (b"", "empty_file", "0 bytes"),
    "empty lines only": (b"\n\r\n \n;;\n", "empty_file", "leeg"),
    "a byte order mark only": (b"\xef\xbb\xbf", "empty_file", "leeg"),
    "header only": (HEADER.encode(), "no_rows", "Onder de kopregel"),
    "header and example only": ((HEADER + "voorbeeld;2025;12345678;x;1\n").encode(), "no_rows", "voorbeeldrij"),
    "rows without a header": (LINE.encode(), "no_header", "Regel 1 is geen kopregel"),
    "a name of half a megabyte": (
        b"deliverer;period;producer;" + b"_" * 500_000 + b"!\n", "unknown_column", "kolom '____",
    ),
    "a header of another table": (b"jaar;gewicht\n2025;1\n", "no_header", "'jaar', 'gewicht'"),
    "a column twice": (
        b"deliverer;period;producer;Indiener\n", "duplicate_column", "Indiener staat er twee keer, als 'deliverer'",
    ),
    "an unknown column": (b"deliverer;period;producer;leeftijd\n", "unknown_column", "kolom 'leeftijd'"),
    "a column with a slip": (b"deliverer;perod;producer\n", "unknown_column", "Bedoelt u 'Periode'?"),
    "tonnes for kilograms": (b"deliverer;period;producer;collected_t\n", "other_unit", "kolom 'collected_t' is in t"),
    "tonnes in a title": (b"deliverer;period;producer;Ingezameld (ton)\n", "other_unit", "is in ton"),
    "a required column missing": (b"deliverer;period\na;2025\n", "column_absent", "'KvK-nummer'"),
    "ten thousand columns": (
        (HEADER.strip() + ";x" * 10_000 + "\n").encode(), "too_many_columns", "Regel 1 heeft 10.005 kolommen",
    ),
    "ten thousand columns of another table": (
        (";".join(f"k{i}" for i in range(10_000)) + "\n").encode(), "too_many_columns", "10.000 kolommen",
    ),
    "an unnamed column with a value": (
        (HEADER.strip() + ";\n" + LINE.strip() + ";los\n").encode(), "unnamed_column", "regel 2 staat er 'los'",
    ),
    "two kinds of delimiter": (b"deliverer;period,producer\n", "no_delimiter", "regel 1"),
    "a quote that never closes": (
        (HEADER + LINE + LINE.replace("Jansen", '"Jansen') + LINE).encode(), "unclosed_quote", "regel 3 begint",
    ),
    "a quote that swallows rows until the next": (
        (HEADER + LINE.replace("Jansen", '"Jansen') + LINE + LINE.replace("Jansen", '"Pietersen"')).encode(),
        "stray_quote", "tussen regel 2 en regel 4",
    ),
    "a quote in the middle of a cell": (
        (HEADER + LINE + LINE.replace("Jansen", 'buis 5" rond')).encode(), "stray_quote", "op regel 3",
    ),
    "a header with an open quote": (b'"deliverer;period;producer\n', "unclosed_quote", "regel 1"),
    "a line of two megabytes": (
        (HEADER + LINE + "x" * 2_000_000).encode(), "line_too_long", "Regel 3 is langer dan 1.000.000 bytes",
    ),
    "a cell of two megabytes in lines": (
        (HEADER + LINE.replace("Jansen", '"' + "regel\n" * 400_000 + '"')).encode(), "line_too_long", "Regel 2 is",
    ),
    "zero bytes": ((HEADER + LINE + "a\0b\n").encode(), "binary", "op regel 3 staat een nul-byte"),
    "UTF-16": ((HEADER + LINE).encode("utf-16"), "utf_16", "UTF-16"),
    "UTF-16 without a mark": ((HEADER + LINE).encode("utf-16-le"), "binary", "regel 1"),
    "two encodings in one file": (
        (HEADER + LINE + LINE.replace("Jansen", "Café")).encode() + LINE.replace("Jansen", "Café").encode("cp1252"),
        "mixed_encoding", "Regel 4",
    ),
    "bytes of no encoding": (
        (HEADER + LINE).encode() + LINE.encode().replace(b"Jansen", b"J\x81nsen"), "unknown_encoding", "Regel 3",
    ),
}  # fmt: skip

FORMS: dict[str, tuple[bytes, str, str]] = {
    "PDF": (b"%PDF-1.7\n", "form_not_taken", "een PDF-bestand"),
    "HTML": (b"\n<!DOCTYPE html><html>", "form_not_taken", "een webpagina (HTML)"),
    "XML": (b"<?xml version='1.0'?><a/>", "form_not_taken", "een XML-bestand"),
    "JSON": (b'{"a": 1}', "form_not_taken", "een JSON-bestand"),
    "PNG": (b"\x89PNG\r\n\x1a\n\0\0", "form_not_taken", "een afbeelding (PNG)"),
    "gzip": (b"\x1f\x8b\x08\x00", "form_not_taken", "een gzip-bestand"),
    "a program": (b"\x7fELF\x02\x01", "form_not_taken", "een programma"),
    "SQLite": (b"SQLite format 3\0", "form_not_taken", "een SQLite-database"),
    "XLS": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "form_not_taken", "een oude Excel-werkmap (XLS)"),
    "XLSX with a password": (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "encrypted", "wachtwoord",
    ),
    "ODS": (zip_of({"mimetype": "application/vnd.oasis", "content.xml": ""}), "form_not_taken", "ODS"),
    "DOCX": (zip_of({"[Content_Types].xml": "", "word/document.xml": ""}), "form_not_taken", "Word-document"),
    "XLSB": (zip_of({"[Content_Types].xml": "", "xl/workbook.bin": ""}), "form_not_taken", "XLSB"),
    "a descriptor alone": (json.dumps({"resources": []}).encode(), "descriptor_alone", "van een data package"),
    "encrypted Parquet": (b"PARE" + b"\0" * 20, "form_not_taken", "een versleuteld Parquet-bestand"),
    "Parquet cut short": (PARQUET[:-20], "damaged", "Parquet-bestand is beschadigd"),
    "Parquet of another table": (parquet_bytes({"a": [1]}), "no_header", "'a'"),
    "Parquet without rows": (parquet_bytes({name: [] for name in NAMES[:3]}), "no_rows", "geen rijen"),
}  # fmt: skip

ZIPS: dict[str, tuple[bytes, str, str]] = {
    "a zip cut short": (PACKAGE[:-30], "damaged", "beschadigd"),
    "an empty zip": (zip_of({}), "no_table", "geen tabel: niets"),
    "a zip without a table": (zip_of({"brief.docx": "x"}), "no_table", "'brief.docx'"),
    "a zip with two tables": (zip_of({"a.csv": CSV, "b.csv": CSV}), "several_tables", "'a.csv', 'b.csv'"),
    "a zip in a zip": (zip_of({"a.csv": zip_of({"b.csv": CSV})}), "form_not_taken", "een zip in een zip"),
    "a package in a zip": (zip_of({"a.csv": PACKAGE}), "form_not_taken", "een zip in een zip"),
    "a member that climbs out": (zip_of({"../../weg.csv": CSV}), "path_outside", "'../../weg.csv'"),
    "a member at the root": (zip_of({"/tmp/weg.csv": CSV}), "path_outside", "'/tmp/weg.csv'"),
    "a member with backslashes": (zip_of({"..\\weg.csv": CSV}), "path_outside", "'..\\weg.csv'"),
    "a member on a drive": (zip_of({"C:weg.csv": CSV}), "path_outside", "'C:weg.csv'"),
    "five hundred members": (zip_of({f"{i}.txt": "" for i in range(500)}), "too_many_members", "500 bestanden"),
    "a bomb of zeros": (zip_of({"a.csv": b"0" * 60_000_000}), "unpacks_too_large", "60.000.000 bytes"),
    "a workbook that unpacks to a bomb": (
        rewritten(XLSX, {"xl/worksheets/sheet1.xml": b" " * 60_000_000}), "unpacks_too_large", "bytes of meer",
    ),
}  # fmt: skip

WORKBOOKS: dict[str, tuple[bytes, str, str]] = {
    "entities in the sheet": (
        rewritten(XLSX, {"xl/worksheets/sheet1.xml": XML + BOMB + SHEET}), "xml_entities", "'xl/worksheets/sheet1.xml'",
    ),
    "entities in UTF-16": (
        rewritten(XLSX, {"xl/worksheets/sheet1.xml": (BOMB + SHEET).encode("utf-16")}), "xml_entities", "sheet1.xml",
    ),
    "entities in the shared texts": (
        rewritten(SHARED, {"xl/sharedStrings.xml": XML + BOMB + "<sst/>"}), "xml_entities", "'xl/sharedStrings.xml'",
    ),
    "entities in a part that is not read": (
        rewritten(XLSX, {"docProps/core.xml": XML + BOMB + "<x>&c;</x>"}), "xml_entities", "'docProps/core.xml'",
    ),
    "a relation to an outside entity": (
        rewritten(XLSX, {"xl/workbook.xml": '<!DOCTYPE x SYSTEM "file:///etc/passwd"><workbook/>'}),
        "xml_entities", "'xl/workbook.xml'",
    ),
    "macros": (rewritten(XLSX, {"xl/vbaProject.bin": b"x"}), "macros", "macro's"),
    "macros of the old kind": (rewritten(XLSX, {"xl/macrosheets/sheet1.xml": "<a/>"}), "macros", "macro's"),
    "links to other files": (
        rewritten(XLSX, {"xl/externalLinks/externalLink1.xml": "<a/>"}), "external_links", "andere bestanden",
    ),
    "no sheet at all": (rewritten(XLSX, {"xl/workbook.xml": "<workbook/>"}), "empty_file", "zichtbare bladen"),
    "a sheet of other XML": (rewritten(XLSX, {"xl/worksheets/sheet1.xml": "<html/>"}), "damaged", "beschadigd"),
    "a sheet cut short": (rewritten(XLSX, {"xl/worksheets/sheet1.xml": SHEET[:900]}), "damaged", "beschadigd"),
    "a cell that stands there twice": (
        rewritten(XLSX, {"xl/worksheets/sheet1.xml": SHEET.replace('r="B2"', 'r="A2"')}), "damaged", "beschadigd",
    ),
    "a cell of another row": (
        rewritten(XLSX, {"xl/worksheets/sheet1.xml": SHEET.replace('r="B2"', 'r="B7"')}), "damaged", "beschadigd",
    ),
    "rows out of order": (
        rewritten(XLSX, {"xl/worksheets/sheet1.xml": SHEET.replace('<row r="2">', '<row r="1">')}),
        "damaged", "beschadigd",
    ),
    "a shared text that is not there": (
        rewritten(SHARED, {"xl/sharedStrings.xml": "<sst><si><t>a</t></si></sst>"}), "damaged", "beschadigd",
    ),
    "a hundred thousand nested elements": (
        rewritten(XLSX, {"xl/worksheets/sheet1.xml": SHEET.replace("<sheetData>", "<a>" * 100_000 + "<sheetData>")}),
        "damaged", "beschadigd",
    ),
    "a tag of five megabytes": (
        rewritten(XLSX, {"xl/worksheets/sheet1.xml": SHEET.replace("<sheetData>", f'<a b="{LONG}"/>')}),
        "damaged", "beschadigd",
    ),
    "ten thousand columns": (
        xlsx_bytes([[*NAMES, *(f"k{i}" for i in range(10_000))]]), "too_many_columns", "10.010 kolommen",
    ),
    "header only": (xlsx_bytes([NAMES]), "no_rows", "Onder de kopregel"),
    "nothing": (xlsx_bytes([]), "empty_file", "zichtbare bladen"),
}  # fmt: skip

ALL = {f"{kind}: {name}": case for kind, cases in (
    ("text", TEXTS), ("form", FORMS), ("zip", ZIPS), ("workbook", WORKBOOKS)
) for name, case in cases.items()}  # fmt: skip


def in_words(told: Told) -> bool:
    """Whether a refusal is a sentence in both languages, without the language of programs."""
    strange = ("Traceback", "Error", "Exception", "None", "/tmp/v", "0x")
    sentences = all(text.endswith(".") and len(text) > 40 for text in (told.nl, told.en))
    return sentences and not any(word in told.nl + told.en for word in strange)


@pytest.mark.parametrize("case", ALL)
def test_a_bad_file_is_refused_in_words_that_name_the_place_and_leaves_nothing(case: str, tmp_path: Path) -> None:
    body, code, place = ALL[case]
    folder = tmp_path / "a" / "b" / "c"
    told = refusal(body, folder)
    assert (told.code, place in told.nl) == (code, True), told.nl
    assert in_words(told), told
    assert {path.name for path in tmp_path.rglob("*")} == {"a", "b", "c", "original", "read"}


@pytest.mark.parametrize(
    ("body", "limits", "code", "place"),
    [
        (CSV, Limits(file_bytes=10), "too_large", "hoogstens 10"),
        (CSV + LINE.encode() * 3, Limits(rows=3), "too_many_rows", "meer dan 3 rijen"),
        (PARQUET, Limits(rows=0), "too_many_rows", "meer dan 0 rijen"),
        (XLSX, Limits(rows=0), "too_many_rows", "meer dan 0 rijen"),
        (CSV, Limits(columns=4), "too_many_columns", "hoogstens 4"),
        (PARQUET, Limits(columns=4), "too_many_columns", "hoogstens 4"),
        (XLSX, Limits(columns=4), "too_many_columns", "blad 'Opgave' heeft 10 kolommen"),
        (CSV, Limits(seconds=-1), "takes_too_long", "langer dan -1 seconden"),
        (XLSX, Limits(seconds=-1), "takes_too_long", "langer dan -1 seconden"),
        (PARQUET, Limits(seconds=-1), "takes_too_long", "langer dan -1 seconden"),
        (PACKAGE, Limits(seconds=-1), "takes_too_long", "langer dan -1 seconden"),
        (PACKAGE, Limits(members=1), "too_many_members", "bevat 2 bestanden"),
        (XLSX, Limits(unpacked_bytes=1000), "unpacks_too_large", "hoogstens 1.000"),
        (PARQUET, Limits(unpacked_bytes=10), "unpacks_too_large", "hoogstens 10"),
        (SHARED, Limits(shared_text_bytes=100), "unpacks_too_large", "hoogstens 100"),
        (CSV, Limits(line_bytes=40), "line_too_long", "Regel 1 is langer dan 40 bytes"),
    ],
)
def test_each_limit_refuses_in_words(body: bytes, limits: Limits, code: str, place: str, tmp_path: Path) -> None:
    told = refusal(body, tmp_path, limits)
    assert (told.code, place in told.nl) == (code, True), told.nl
    assert in_words(told)


def test_a_line_of_a_gigabyte_is_refused_after_the_first_megabyte(tmp_path: Path) -> None:
    path = tmp_path / "original"
    with path.open("wb") as handle:
        handle.write(b"deliverer;period;producer" + b"x" * 2_000_000)
        # what follows takes no room on disk; had it been read, its zeros would be told as binary content
        handle.truncate(1_000_000_000)
    with pytest.raises(FileRefused) as refused:
        read_file(path, example_delivery(), tmp_path / "read", Limits())
    assert refused.value.told.code == "line_too_long"


def stored_member(name: str, body: bytes, size: int, checksum: int) -> bytes:
    """A local header with what follows it in the zip."""
    head = struct.pack("<4sHHHHHLLLHH", b"PK\3\4", 20, 0, 8, 0, 0x21, checksum, len(body), size, len(name), 0)
    return head + name.encode() + body


def listed_member(name: str, body: bytes, size: int, checksum: int, at: int) -> bytes:
    """An entry of the list of members."""
    head = struct.pack(
        "<4sHHHHHHLLLHHHHHLL", b"PK\1\2", 20, 20, 0, 8, 0, 0x21, checksum, len(body), size, len(name), 0, 0, 0, 0, 0, at
    )
    return head + name.encode()


def zip_with_list(members: bytes, entries: list[bytes]) -> bytes:
    """A zip put together by hand."""
    listed = b"".join(entries)
    end = struct.pack("<4sHHHHLLH", b"PK\5\6", 0, 0, len(entries), len(entries), len(listed), len(members), 0)
    return members + listed + end


def deflated(body: bytes) -> bytes:
    """Bytes as a raw deflate stream."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(body) + packer.flush()


def quoted_overlap(count: int, kernel: bytes) -> bytes:
    """Members that quote each other: each is a stored block around the header of the next; all share a kernel."""
    body, plain = deflated(kernel), kernel
    members = stored_member(f"{count}.csv", body, len(plain), zlib.crc32(plain))
    entries = [(f"{count}.csv", body, len(plain), zlib.crc32(plain), 0)]
    for i in range(count - 1, 0, -1):
        head = members[: 30 + len(f"{i + 1}.csv")]
        quote = struct.pack("<BHH", 0, len(head), 0xFFFF ^ len(head))
        body, plain = quote + head + body, head + plain
        before = stored_member(f"{i}.csv", body, len(plain), zlib.crc32(plain))
        grown = len(before) - len(body) + len(quote)
        members = before[: len(before) - len(body)] + quote + members
        entries = [(n, b, s, c, at + grown) for n, b, s, c, at in entries]
        entries.insert(0, (f"{i}.csv", body, len(plain), zlib.crc32(plain), 0))
    return zip_with_list(members, [listed_member(*entry) for entry in entries])


def test_a_zip_whose_members_quote_each_other_is_refused(tmp_path: Path) -> None:
    body = quoted_overlap(20, b"0" * 100_000)
    with zipfile.ZipFile(BytesIO(body)) as zipped:
        assert len(zipped.namelist()) == 20, "the bomb is one: each member is listed with its own place"
    assert refusal(body, tmp_path).code == "overlapping_members"


def test_a_zip_that_lists_one_member_twice_is_refused(tmp_path: Path) -> None:
    packed = deflated(CSV)
    member = stored_member("a.csv", packed, len(CSV), zlib.crc32(CSV))
    same = [listed_member("a.csv", packed, len(CSV), zlib.crc32(CSV), 0)] * 2
    assert refusal(zip_with_list(member, same), tmp_path).code == "overlapping_members"


def test_a_member_that_is_larger_than_it_says_is_refused(tmp_path: Path) -> None:
    zeros = b"0" * 50_000_000
    packed = deflated(zeros)
    member = stored_member("a.csv", packed, 100, zlib.crc32(zeros))
    body = zip_with_list(member, [listed_member("a.csv", packed, 100, zlib.crc32(zeros), 0)])
    assert refusal(body, tmp_path).code == "damaged"


def test_a_link_in_a_zip_is_refused(tmp_path: Path) -> None:
    body = BytesIO()
    with zipfile.ZipFile(body, "w") as zipped:
        link = zipfile.ZipInfo("opgave.csv")
        link.external_attr = 0o120777 << 16
        zipped.writestr(link, "/etc/passwd")
    told = refusal(body.getvalue(), tmp_path)
    assert (told.code, "'opgave.csv'" in told.nl) == ("path_outside", True)


def test_a_zip_with_a_password_is_refused(tmp_path: Path) -> None:
    body = bytearray(zip_of({"a.csv": CSV}))
    for start in (b"PK\1\2", b"PK\3\4"):
        body[body.index(start) + (8 if start == b"PK\1\2" else 6)] |= 1
    assert refusal(bytes(body), tmp_path).code == "encrypted"


def test_a_name_of_a_file_does_not_reach_the_deliverer_as_it_is(tmp_path: Path) -> None:
    told = refusal(b"a\x1b[31m;" + b"<script>" * 20 + b"\n", tmp_path)
    assert "\x1b" not in told.nl
    assert "\\x1b[31m" in told.nl
    assert "<script><script><script><script><script><script><script><scr…" in told.nl


FUZZ = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True)
VALID = {"csv": CSV, "xlsx": XLSX, "shared": SHARED, "parquet": PARQUET, "package": PACKAGE}


@settings(parent=FUZZ, max_examples=150)
@given(form=st.sampled_from(sorted(VALID)), seed=st.integers(0, 2**32), cut=st.booleans())
def test_a_spoiled_file_is_read_or_refused_and_nothing_else(form: str, seed: int, cut: bool, tmp_path: Path) -> None:
    chance = random.Random(seed)
    body = bytearray(VALID[form])
    if cut:
        del body[chance.randrange(len(body)) :]
    for _ in range(chance.randrange(8)):
        if body:
            body[chance.randrange(len(body))] ^= 1 << chance.randrange(8)
    _read_or_refused(bytes(body), tmp_path)


@settings(parent=FUZZ, max_examples=100)
@given(
    start=st.sampled_from([b"", b"PAR1", b"PK\x03\x04", b"\xef\xbb\xbf", HEADER.encode(), b"#decimal="]),
    body=st.binary(max_size=300),
)
def test_any_bytes_are_read_or_refused_and_nothing_else(start: bytes, body: bytes, tmp_path: Path) -> None:
    _read_or_refused(start + body, tmp_path)


def _read_or_refused(body: bytes, folder: Path) -> None:
    try:
        rows_in, told = read(body, folder).rows_in, None
    except FileRefused as refused:
        rows_in, told = 0, refused.told
    left = sorted(path.name for path in (folder / "read").iterdir())
    if told is None:
        assert rows_in > 0
        assert left in (["rows.parquet"], ["broken.parquet", "rows.parquet"])
        for name in left:
            (folder / "read" / name).unlink()
    else:
        assert left == []
        assert in_words(told), told


def test_the_resource_of_another_delivery_is_refused_by_its_name(tmp_path: Path) -> None:
    descriptor = json.dumps({"resources": [{"name": "a", "path": "a.csv"}, {"name": "b", "path": "b.csv"}]})
    told = refusal(zip_of({"datapackage.json": descriptor, "a.csv": CSV, "b.csv": CSV}), tmp_path)
    assert told.code == "resource_absent"
    assert "'a', 'b'" in told.nl
    assert f"'{NAME}'" in told.nl


def test_a_plain_table_is_read_after_all_this(tmp_path: Path) -> None:
    for name, body in VALID.items():
        assert read(body, tmp_path / name).rows_in == 1
    assert read(csv_bytes([NAMES, tuple(ROW.values())]), tmp_path / "again").rows_in == 1

"""A delivered Parquet file or data package becomes rows of text: types without loss, and what a descriptor declares."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from assets.deliveries.delivered_file import FileRefused, Limits
from assets.deliveries.reading.read_file import read_file
from tests.delivered_files import (
    NAME,
    NAMES,
    ROW,
    broken_of,
    cells_of,
    csv_bytes,
    example_delivery,
    note_codes,
    package_bytes,
    parquet_bytes,
    read,
    refusal,
    rows_of,
    xlsx_bytes,
    zip_of,
)

CSV = csv_bytes([NAMES, tuple(ROW.values())])


def one_row(**changed: Any) -> bytes:
    """A Parquet file of one row of texts, but for these columns."""
    return parquet_bytes({name: [value] for name, value in ROW.items()} | changed)


def test_a_row_comes_out_as_it_was_handed_in(tmp_path: Path) -> None:
    found = read(one_row(), tmp_path)
    assert rows_of(found) == [{"row_number": 1, **ROW}]
    assert (found.form, found.rows_in, found.broken) == ("parquet", 1, None)


@pytest.mark.parametrize(
    ("column", "values", "text"),
    [
        ("collected_kg", pa.array([0.1]), "0.1"),
        ("collected_kg", pa.array([3.0]), "3"),
        ("collected_kg", pa.array([1.1], pa.float32()), "1.1"),
        ("collected_kg", pa.array([float("nan")]), "nan"),
        ("collected_kg", pa.array([float("-inf")]), "-inf"),
        ("collected_kg", pa.array([Decimal("1234.50")]), "1234.50"),
        ("collected_kg", pa.array([2**53 + 1]), "9007199254740993"),
        ("collected_kg", pa.array(["1,5"]), "1.5"),
        ("collected_kg", pa.array([None], pa.null()), None),
        ("period", pa.array([2025], pa.int16()), "2025"),
        ("producer_name", pa.array(["Jansen"]).dictionary_encode(), "Jansen"),
        ("producer_name", pa.array(["Jansen"], pa.large_string()), "Jansen"),
        ("producer_name", pa.array(["Jansen"], pa.string_view()), "Jansen"),
        ("sampled_on", pa.array([date(2025, 3, 31)]), "2025-03-31"),
        ("sampled_on", pa.array([date(2025, 3, 31)], pa.date64()), "2025-03-31"),
        ("sampled_on", pa.array([date(2025, 3, 31)]).cast(pa.timestamp("us")), "2025-03-31"),
        ("sampled_on", pa.array([datetime(2025, 3, 31, 7, 30, tzinfo=UTC)]), "2025-03-31T07:30:00Z"),
        ("weighed", pa.array([True]), "true"),
    ],
)
def test_a_value_becomes_the_text_that_says_the_same(
    column: str, values: pa.Array, text: str | None, tmp_path: Path
) -> None:
    assert cells_of(read(one_row(**{column: values}), tmp_path), column) == [text]


def test_numbers_for_codes_of_fewer_digits_refuse_their_rows(tmp_path: Path) -> None:
    body = parquet_bytes({"deliverer": ["a"] * 2, "period": [2025] * 2, "producer": [1234567, 12345678]})
    assert broken_of(read(body, tmp_path)) == [(1, "producer", "1234567", "number_for_text")]


@pytest.mark.parametrize(
    ("column", "values", "says"),
    [
        ("collected_kg", pa.array([[1.0]]), "samengesteld"),
        ("producer_name", pa.array([{"a": 1}]), "samengesteld"),
        ("producer_name", pa.array([b"x"]), "van type binary"),
        ("collected_kg", pa.array([date(2025, 1, 1)]), "van type date32"),
    ],
)
def test_a_column_of_another_type_is_refused_by_name(column: str, values: pa.Array, says: str, tmp_path: Path) -> None:
    told = refusal(one_row(**{column: values}), tmp_path)
    assert told.code == "unusable_type"
    assert f"Kolom '{column}'" in told.nl
    assert says in told.nl


def test_numbers_as_text_in_doubt_are_refused_with_the_row(tmp_path: Path) -> None:
    told = refusal(one_row(collected_kg=["1.234"], recycled_kg=["30"]), tmp_path)
    assert told.code == "decimal_unclear"
    assert "rij 1, kolom Ingezameld (kg), staat '1.234'" in told.nl


def test_texts_that_are_no_utf_8_are_refused(tmp_path: Path) -> None:
    assert refusal(one_row().replace(b"Jansen", b"J\xffnsen"), tmp_path).code == "damaged"


def test_one_long_text_in_many_rows_takes_no_memory(tmp_path: Path) -> None:
    rows = 100_000
    long = pa.DictionaryArray.from_arrays(pa.repeat(0, rows).cast(pa.int32()), pa.array(["x" * 100_000]))
    columns = {name: pa.repeat(ROW[name], rows) for name in ("deliverer", "period", "producer")}
    before = pa.total_allocated_bytes()
    found = read(parquet_bytes(columns | {"producer_name": long}), tmp_path, Limits(cell_characters=100))
    assert pa.total_allocated_bytes() - before < 100_000_000
    assert (found.rows_in, len(broken_of(found))) == (rows, rows), "10 GB of text, cut where it is too long"


def test_a_package_is_read_as_its_descriptor_says(tmp_path: Path) -> None:
    table = csv_bytes(
        [NAMES, tuple((ROW | {"collected_kg": "1.234", "recycled_kg": "n.b.", "producer_name": "é"}).values())],
        "|",
        "cp1252",
    )
    body = package_bytes(
        table,
        encoding="windows-1252",
        dialect={"delimiter": "|"},
        bytes=len(table),
        hash=f"sha256:{hashlib.sha256(table).hexdigest()}",
        schema={
            "fields": [{"name": "collected_kg", "type": "number", "decimalChar": ",", "groupChar": "."}],
            "missingValues": ["", "n.b."],
        },
    )
    found = read(body, tmp_path)
    assert (found.form, found.part, found.rows_in) == ("data package", NAME, 1)
    assert rows_of(found)[0]["collected_kg"] == "1234"
    assert rows_of(found)[0]["producer_name"] == "é"
    assert "recycled_kg" not in rows_of(found)[0]


@pytest.mark.parametrize(
    ("form", "table"), [("csv", CSV), ("xlsx", xlsx_bytes([NAMES, tuple(ROW.values())])), ("parquet", one_row())]
)
def test_a_package_may_hold_any_form_and_lie_in_a_folder_of_its_zip(form: str, table: bytes, tmp_path: Path) -> None:
    descriptor = json.dumps({"resources": [{"name": "anders", "path": f"t.{form}"}]})
    body = zip_of({"opgave 2025/datapackage.json": descriptor, f"opgave 2025/t.{form}": table, "lees mij.txt": "x"})
    found = read(body, tmp_path)
    assert (found.form, found.part, cells_of(found, "producer")) == ("data package", "anders", ["01234567"])
    assert sorted(p.name for p in (tmp_path / "read").iterdir() if p.name != "broken.parquet") == ["rows.parquet"]


@pytest.mark.parametrize("resources", [["anders", NAME], [NAME, "anders"]])
def test_the_resource_called_after_the_delivery_is_read(resources: list[str], tmp_path: Path) -> None:
    described = [{"name": name, "path": "t.csv" if name == NAME else "leeg.csv"} for name in resources]
    body = zip_of({"datapackage.json": json.dumps({"resources": described}), "t.csv": CSV, "leeg.csv": "a"})
    assert read(body, tmp_path).part == NAME


def test_the_resource_with_the_fields_of_the_delivery_is_read_where_none_has_its_name(tmp_path: Path) -> None:
    fields = [{"name": name, "type": "string"} for name in NAMES]
    described = [{"name": "a", "path": "leeg.csv"}, {"name": "b", "path": "t.csv", "schema": {"fields": fields}}]
    body = zip_of({"datapackage.json": json.dumps({"resources": described}), "t.csv": CSV, "leeg.csv": "a"})
    assert read(body, tmp_path).part == "b"


def test_a_package_may_be_a_folder(tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    (inbox / "t.csv").write_bytes(CSV)
    (inbox / "datapackage.json").write_text(json.dumps({"resources": [{"name": NAME, "path": "t.csv"}]}))
    found = read_file(inbox, example_delivery(), tmp_path / "read", Limits())
    assert (found.form, found.rows_in) == ("data package", 1)
    assert sorted(p.name for p in inbox.iterdir()) == ["datapackage.json", "t.csv"]


def test_a_link_in_a_folder_is_not_followed(tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    (inbox / "data").mkdir(parents=True)
    (tmp_path / "secret.csv").write_bytes(CSV)
    (inbox / "data" / "t.csv").symlink_to(tmp_path / "secret.csv")
    (inbox / "datapackage.json").write_text(json.dumps({"resources": [{"name": NAME, "path": "data/t.csv"}]}))
    with pytest.raises(FileRefused) as refused:
        read_file(inbox, example_delivery(), tmp_path / "read", Limits())
    assert refused.value.told.code == "path_outside"
    assert "'data/t.csv'" in refused.value.told.nl


@pytest.mark.parametrize(
    ("resource", "code", "says"),
    [
        ({"path": "../t.csv"}, "path_outside", "'../t.csv'"),
        ({"path": "/etc/passwd"}, "path_outside", "'/etc/passwd'"),
        ({"path": "https://example.org/t.csv"}, "path_outside", "'https://example.org/t.csv'"),
        ({"path": "data\\table.csv"}, "path_outside", "'data\\table.csv'"),
        ({"path": "C:/t.csv"}, "path_outside", "'C:/t.csv'"),
        ({"path": "data//table.csv"}, "path_outside", "'data//table.csv'"),
        ({"path": "data/weg.csv"}, "resource_absent", "'data/weg.csv'"),
        ({"path": ["data/table.csv", "b.csv"]}, "descriptor_not_followed", "`path`"),
        ({"path": None, "data": [[1]]}, "descriptor_not_followed", "`path`"),
        ({"schema": "https://example.org/schema.json"}, "descriptor_not_followed", "`schema`"),
        ({"dialect": "dialect.json"}, "descriptor_not_followed", "`dialect`"),
        ({"dialect": {"quoteChar": "'"}}, "descriptor_not_followed", "`dialect.quoteChar`"),
        ({"dialect": {"header": False}}, "descriptor_not_followed", "`dialect.header`"),
        ({"dialect": {"csv": {"escapeChar": "\\"}}}, "descriptor_not_followed", "`dialect.escapeChar`"),
        ({"dialect": {"nieuw": 1}}, "descriptor_not_followed", "`dialect.nieuw`"),
        ({"encoding": "utf-16"}, "unknown_encoding", "'utf-16'"),
        ({"bytes": 5}, "not_as_promised", "'5 bytes'"),
        ({"hash": "0" * 32}, "not_as_promised", "md5:0000"),
        ({"hash": "sha256:" + "0" * 64}, "not_as_promised", "sha256:0000"),
        ({"hash": "crc:12"}, "descriptor_not_followed", "`hash`"),
        (
            {"schema": {"fields": [{"name": "collected_kg", "type": "number", "decimalChar": "x"}]}},
            "descriptor_not_followed",
            "`decimalChar, groupChar`",
        ),
    ],
)
def test_a_descriptor_that_lies_or_leads_away_is_refused_by_name(
    resource: dict[str, Any], code: str, says: str, tmp_path: Path
) -> None:
    told = refusal(package_bytes(CSV, **resource), tmp_path)
    assert told.code == code
    assert says in told.nl


@pytest.mark.parametrize(
    "descriptor", ["", "[]", "{}", '{"resources": 1}', '{"resources": [1]}', "[" * 100_000, "\x00"]
)
def test_a_descriptor_that_is_none_is_refused(descriptor: str, tmp_path: Path) -> None:
    told = refusal(zip_of({"datapackage.json": descriptor, "data/table.csv": CSV}), tmp_path)
    assert told.code == "descriptor_unreadable"
    assert "datapackage.json" in told.nl


def test_a_zip_with_one_table_is_read_and_what_lies_beside_it_told(tmp_path: Path) -> None:
    found = read(zip_of({"map/opgave.csv": CSV, "brief.pdf": "%PDF", "__MACOSX/._opgave.csv": "x"}), tmp_path)
    assert (found.form, found.part, found.rows_in) == ("csv", "map/opgave.csv", 1)
    assert "members_not_read" in note_codes(found)

"""The writers: number notation, quoting, row order, and bytes that are the same for the same rows."""

from __future__ import annotations

import csv
import io
import tempfile
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.arrow import ColumnsDiffer
from contracts.contract import Column, Contract
from publish.tables import (
    TableError,
    conform,
    round_significant,
    sort_by_key,
    values_digest,
    write_csv,
    write_parquet,
    write_rows,
)
from tests.release_example import column


def contract(*columns: Column) -> Contract:
    return Contract(
        "test.figures",
        "figures",
        "1.0.0",
        Path("figures.odcs.yaml"),
        "t",
        "t",
        "d",
        "d",
        "r",
        "r",
        columns,
        (),
    )


FIGURES = contract(
    column("geo", key=1),
    column("year", "integer", key=2),
    column("value", "number"),
    column("note"),
    column("vintage", provenance=True),
)


def figures(**changed: list[Any]) -> pa.Table:
    columns = {
        "geo": ["NL", "BE", "NL"],
        "year": [2021, 2020, 2020],
        "value": [1.5, None, 3.0],
        "note": ["a", "b", None],
        "vintage": ["x", "x", "x"],
    }
    return pa.table(columns | changed)


def written(table: pa.Table, described: Contract, folder: Path) -> bytes:
    write_csv(table, folder / "t.csv", described)
    return (folder / "t.csv").read_bytes()


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (3138000.0, "3138000"),
        (75.25, "75.25"),
        (0.1 + 0.2, "0.3"),
        (-0.0, "0"),
        (-12.5, "-12.5"),
        (1 / 3, "0.333333333333"),
        (2 / 3, "0.666666666667"),
        (1e-6, "0.000001"),
        (1.5e-5, "0.000015"),
        (123456789012.345, "123456789012"),
        (1e14, "100000000000000"),
        (123456789012345.0, "123456789012000"),
        (999999999999.9, "1000000000000"),
        (9.99999999999999, "10"),
        (99999999999.99, "100000000000"),
        (1e15, "1e+15"),
        (1e-7, "1e-7"),
        (2.5e-300, "2.5e-300"),
        (None, ""),
        (float("nan"), ""),
    ],
)
def test_a_number_is_written_in_its_shortest_plain_notation(number: float | None, text: str, tmp_path: Path) -> None:
    described = contract(column("k", "integer", key=1), column("x", "number"))
    table = pa.table({"k": [1], "x": pa.array([number], pa.float64())})
    assert written(table, described, tmp_path).decode() == f"k,x\n1,{text}\n"


@pytest.mark.parametrize(
    ("kind", "cell", "text"),
    [
        ("string", "plain", "plain"),
        ("string", "", ""),
        ("string", None, ""),
        ("string", "a,b", '"a,b"'),
        ("string", 'say "x"', '"say ""x"""'),
        ("string", "two\nlines", '"two\nlines"'),
        ("string", "lone\rreturn", '"lone\rreturn"'),
        ("string", "=1+1", "=1+1"),
        ("string", " é ", " é "),
        ("integer", 2020, "2020"),
        ("integer", -3, "-3"),
        ("boolean", True, "true"),
        ("boolean", False, "false"),
        ("date", date(2021, 2, 8), "2021-02-08"),
        ("timestamp", datetime(2026, 11, 21, 3, 4, 5, tzinfo=UTC), "2026-11-21T03:04:05Z"),
    ],
)
def test_a_cell_is_written_as_the_contract_says(kind: str, cell: Any, text: str, tmp_path: Path) -> None:
    described = contract(column("k", "integer", key=1), column("x", kind))
    assert written(pa.table({"k": [1], "x": [cell]}), described, tmp_path) == f"k,x\n1,{text}\n".encode()


def test_an_empty_text_alone_on_a_line_is_quoted_because_readers_skip_empty_lines(tmp_path: Path) -> None:
    write_rows(pa.table({"only": ["", None, "x"]}), tmp_path / "t.csv")
    assert (tmp_path / "t.csv").read_bytes() == b'only\n""\n""\nx\n'


@pytest.mark.parametrize(
    ("cells", "kind", "words"),
    [
        (["a\0b"], "string", "NUL"),
        ([float("inf")], "number", "infinite"),
        (["abc"], "number", "'abc'"),
        ([1.5], "integer", "expected integer"),
        ([datetime(2026, 1, 1, 0, 0, 0, 5, tzinfo=UTC)], "timestamp", "fraction"),
    ],
)
def test_a_cell_that_has_no_honest_notation_is_refused(cells: list[Any], kind: str, words: str, tmp_path: Path) -> None:
    described = contract(column("k", "integer", key=1), column("x", kind))
    with pytest.raises(TableError, match=words):
        write_csv(pa.table({"k": [1], "x": cells}), tmp_path / "t.csv", described)


def test_a_column_too_few_or_too_many_is_refused() -> None:
    with pytest.raises(ColumnsDiffer, match="note is missing"):
        conform(figures().drop_columns(["note"]), FIGURES)
    with pytest.raises(ColumnsDiffer, match="extra is not in the contract"):
        conform(figures(extra=[1, 2, 3]), FIGURES)


def test_rows_are_sorted_by_the_key_with_nulls_first() -> None:
    table = figures(geo=["NL", None, "NL"])
    ordered = sort_by_key(table, FIGURES)
    assert list(zip(ordered["geo"].to_pylist(), ordered["year"].to_pylist(), strict=True)) == [
        (None, 2020),
        ("NL", 2020),
        ("NL", 2021),
    ]


texts = st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)
numbers = st.floats(allow_nan=False, allow_infinity=False)


@settings(deadline=None, max_examples=100)
@given(rows=st.lists(st.tuples(texts, st.integers(-(2**62), 2**62), st.none() | numbers), max_size=6))
def test_any_table_reads_back_as_it_was_written(rows: list[tuple[str, int, float | None]]) -> None:
    described = contract(column("t", key=1), column("n", "integer", key=2), column("x", "number"))
    schema = pa.schema([("t", pa.string()), ("n", pa.int64()), ("x", pa.float64())])
    table = pa.table([pa.array(c) for c in zip(*rows, strict=True)] if rows else [[], [], []], schema=schema)
    with tempfile.TemporaryDirectory() as folder:
        content = written(table, described, Path(folder))
    read = list(csv.reader(io.StringIO(content.decode(), newline="")))
    assert read[0] == ["t", "n", "x"]
    expected = round_significant(table).to_pylist()
    assert len(read) - 1 == len(expected)
    for cells, row in zip(read[1:], expected, strict=True):
        assert cells[0] == row["t"]
        assert int(cells[1]) == row["n"]
        assert (float(cells[2]) if cells[2] else None) == row["x"]


@settings(deadline=None, max_examples=300)
@given(numbers)
def test_rounding_keeps_twelve_significant_digits_and_does_so_once(number: float) -> None:
    once = round_significant(pa.table({"x": [number]}))
    result = once["x"][0].as_py()
    assert result == float(f"{result:.12g}")
    assert result == pytest.approx(number, rel=5.1e-12, abs=0)
    assert round_significant(once).equals(once)


@settings(deadline=None, max_examples=50)
@given(order=st.permutations(range(3)))
def test_the_digest_of_the_values_does_not_depend_on_the_row_order(order: list[int]) -> None:
    assert values_digest(figures().take(order), FIGURES, ()) == values_digest(figures(), FIGURES, ())


@pytest.mark.parametrize(
    ("changed", "same"),
    [
        ({"vintage": ["y", "z", None]}, True),
        ({"value": [1.5 + 1e-14, None, 3.0]}, True),
        ({"value": [1.5001, None, 3.0]}, False),
        ({"note": ["a", "b", "c"]}, False),
        ({"year": [2022, 2020, 2020]}, False),
    ],
)
def test_the_digest_changes_with_a_figure_and_not_with_its_provenance(
    changed: dict[str, list[Any]], same: bool
) -> None:
    before, after = (values_digest(t, FIGURES, {"vintage"}) for t in (figures(), figures(**changed)))
    assert (before == after) is same


def test_parquet_has_the_same_bytes_for_the_same_rows_however_they_are_chunked(tmp_path: Path) -> None:
    whole = figures()
    chunked = pa.concat_tables([whole.slice(0, 1), whole.slice(1)]).replace_schema_metadata({"pandas": "{}"})
    write_parquet(whole, tmp_path / "a.parquet")
    write_parquet(chunked, tmp_path / "b.parquet")
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()
    assert pq.read_schema(tmp_path / "a.parquet").metadata is None


def test_parquet_and_csv_hold_the_same_number(tmp_path: Path) -> None:
    described = contract(column("k", "integer", key=1), column("x", "number"))
    table = pa.table({"k": [1], "x": [0.1 + 0.2]})
    write_parquet(table, tmp_path / "t.parquet")
    assert pq.read_table(tmp_path / "t.parquet")["x"].to_pylist() == [0.3]
    assert written(table, described, tmp_path) == b"k,x\n1,0.3\n"


def test_a_table_of_many_blocks_is_written_whole(tmp_path: Path) -> None:
    rows = 150_000
    write_rows(pa.table({"k": pa.array(range(rows)), "x": pa.array([0.5] * rows)}), tmp_path / "t.csv")
    lines = (tmp_path / "t.csv").read_bytes().decode().splitlines()
    assert len(lines) == rows + 1
    assert (lines[1], lines[65_537], lines[-1]) == ("0,0.5", "65536,0.5", "149999,0.5")

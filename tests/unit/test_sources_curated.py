"""Curated figures: a reviewed CSV comes back cell for cell; one that is ragged is refused with the line named."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.sources.curated import parse_curated_csv
from assets.sources.eurostat import SourceUnreadable
from contracts.contract import source_contract

PACKAGING_NL = source_contract("packaging_nl")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "expected a CSV with a header, found an empty body"),
        (b"\n\n", "expected a CSV with a header, found an empty body"),
        (b"series,value\nplastic,1\nglass\n", "expected 2 fields on line 3, found 1"),
        (b"series,value\nplastic,1,2\n", "expected 2 fields on line 2, found 3"),
        (b"series,value\nplastic,\xe91\n", "expected UTF-8, found byte 0xe9 at position 21"),
        (b"value,value\n1,2\n", "expected every column once, found value twice in the header"),
        (b"series,value\nplas\rtic,1\n", "expected 2 fields on line 2, found 1"),
    ],
)
def test_a_body_that_is_no_reviewed_csv_is_refused_with_the_line_named(body: bytes, said: str) -> None:
    with pytest.raises(SourceUnreadable) as refused:
        parse_curated_csv(body, PACKAGING_NL)
    assert str(refused.value).startswith("table packaging_nl: ")
    assert said in str(refused.value)


def test_what_the_csv_reader_cannot_read_is_refused_in_the_same_words() -> None:
    # Python's limit on a cell, which other libraries raise for the whole process
    before = csv.field_size_limit(131_072)
    try:
        with pytest.raises(
            SourceUnreadable, match="table packaging_nl: expected a CSV, found what cannot be read as one"
        ):
            parse_curated_csv(b"series,value\nplastic," + b"1" * 200_000 + b"\n", PACKAGING_NL)
    finally:
        csv.field_size_limit(before)


def test_a_header_without_rows_is_an_empty_table_with_its_columns() -> None:
    table = parse_curated_csv(b"series,value\n", PACKAGING_NL)
    assert (table.column_names, table.num_rows) == (["series", "value"], 0)


# Notes are free text: commas, quotation marks and line ends included.
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=15)


@settings(max_examples=60, deadline=None)
@given(rows=st.lists(st.tuples(TEXT, TEXT, TEXT), max_size=6), mark=st.sampled_from(["", "\ufeff"]))
def test_whatever_text_stands_in_the_cells_comes_back_letter_by_letter(
    rows: list[tuple[str, str, str]], mark: str
) -> None:
    written = io.StringIO()
    csv.writer(written, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows([("a", "b", "c"), *rows])
    table = parse_curated_csv((mark + written.getvalue()).encode(), PACKAGING_NL)
    assert table.column_names == ["a", "b", "c"]
    assert [tuple(row.values()) for row in table.to_pylist()] == rows

"""Curated figures: reviewed CSVs of figures that their publishers print but do not publish as data.

Here: the parser. Not here: which figure is right when two differ; both stay, with their citation.
"""

from __future__ import annotations

import csv
import io

import pyarrow as pa

from assets.sources.eurostat import SourceUnreadable
from contracts.contract import Contract


def parse_curated_csv(body: bytes, contract: Contract) -> pa.Table:
    """A reviewed CSV (UTF-8, comma, header) as a table of text. Raises SourceUnreadable, naming the ragged line."""
    table = contract.table
    if not body.strip():
        raise SourceUnreadable(f"table {table}: expected a CSV with a header, found an empty body")
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SourceUnreadable(
            f"table {table}: expected UTF-8, found byte {body[error.start]:#04x} at position {error.start}"
        ) from error
    try:
        lines = list(csv.reader(io.StringIO(text, newline="")))
    except csv.Error as error:
        raise SourceUnreadable(f"table {table}: expected a CSV, found what cannot be read as one ({error})") from error
    header, rows = lines[0], lines[1:]
    if len(set(header)) != len(header):
        twice = sorted({name for name in header if header.count(name) > 1})
        raise SourceUnreadable(
            f"table {table}: expected every column once, found {', '.join(twice)} twice in the header"
        )
    ragged = [number for number, row in enumerate(rows, start=2) if len(row) != len(header)]
    if ragged:
        raise SourceUnreadable(
            f"table {table}: expected {len(header)} fields on line {ragged[0]}, found {len(rows[ragged[0] - 2])}"
        )
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(header)
    return pa.table({name: pa.array(values, pa.string()) for name, values in zip(header, columns, strict=True)})

"""Answers of CBS in JSON, read as they were written: an object, its rows, its rows as columns of text.

Here: what OData v3 and v4 have in common, and the words for an answer that cannot be used.
Not here: what the columns of one of the two mean (`cbs_v3.py`, `cbs_v4.py`) and whether pages belong together
(`cbs_pages.py`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from assets.sources.eurostat import SourceUnreadable

ROWS = "value"
#: Where an answer says that more rows follow: v3, v4.
NEXT_LINKS = ("odata.nextLink", "@odata.nextLink")
ERRORS = ("odata.error", "error")


def answer_of(body: bytes, table: str) -> dict[str, Any]:
    """The body as a JSON object, numbers as the text that was written. Raises SourceUnreadable."""
    if not body.strip():
        raise SourceUnreadable(f"table {table}: expected OData in JSON, found an empty body")
    if body.lstrip()[:1] == b"<":
        shown = body.lstrip()[:60].decode("utf-8", "replace").replace("\n", " ")
        raise SourceUnreadable(f"table {table}: expected OData in JSON, found a page that starts with {shown!r}")
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SourceUnreadable(
            f"table {table}: expected UTF-8, found byte {body[error.start]:#04x} at position {error.start}"
        ) from error
    try:
        answer = json.loads(text, parse_int=str, parse_float=str, parse_constant=_no_number_of(table))
    except json.JSONDecodeError as error:
        raise SourceUnreadable(
            f"table {table}: expected whole JSON, found it broken or cut short at position {error.pos} of {len(text)} "
            f"({error.msg})"
        ) from error
    except RecursionError as error:
        raise SourceUnreadable(f"table {table}: expected OData in JSON, found it nested without end") from error
    if not isinstance(answer, dict):
        raise SourceUnreadable(f"table {table}: expected an object with `value`, found a {type(answer).__name__}")
    for word in ERRORS:
        if word in answer:
            raise SourceUnreadable(
                f"table {table}: expected rows, found an error of the service: {str(answer[word])[:200]}"
            )
    return answer


def _no_number_of(table: str) -> Any:
    def refuse(word: str) -> None:
        raise SourceUnreadable(f"table {table}: expected a number or null, found {word}")

    return refuse


def rows_of(answer: dict[str, Any], table: str) -> list[dict[str, Any]]:
    """The rows of one answer; there may be none. Rows about a table (topics, dimensions) differ in their columns.

    Raises SourceUnreadable.
    """
    rows = answer.get(ROWS)
    if not isinstance(rows, list):
        raise SourceUnreadable(
            f"table {table}: expected a list `value`, found {', '.join(answer) or 'an empty object'}"
        )
    for number, row in enumerate(rows):
        if not isinstance(row, dict):
            raise _other_columns(table, number)
    return rows


def _other_columns(table: str, number: int) -> SourceUnreadable:
    return SourceUnreadable(f"table {table}: expected the columns of the first row in row {number}, found others")


def next_link(answer: dict[str, Any], table: str) -> str | None:
    """The link to the rest of the rows, None on the last page. Raises SourceUnreadable where it is no text."""
    for name in NEXT_LINKS:
        if name in answer:
            if not isinstance(answer[name], str) or not answer[name]:
                raise SourceUnreadable(f"table {table}: expected an address as {name}, found {answer[name]!r}")
            return str(answer[name])
    return None


def as_columns(rows: Sequence[dict[str, Any]], table: str) -> pa.Table:
    """Rows as columns of text, in the order of the first row; null is an empty cell. There must be a row.

    Raises SourceUnreadable for a row with other columns, and a cell that is neither text nor a number nor null.
    """
    first = rows[0].keys()
    for number, row in enumerate(rows):
        if row.keys() != first:
            raise _other_columns(table, number)
    columns = {name: _text([row[name] for row in rows], table, name) for name in rows[0]}
    return pa.table(columns)


def _text(cells: list[Any], table: str, column: str) -> pa.Array:
    try:
        return pc.fill_null(pa.array(cells, pa.string()), "")
    except (pa.ArrowTypeError, pa.ArrowInvalid, UnicodeEncodeError) as error:
        for number, cell in enumerate(cells):
            if cell is not None and not _is_text(cell):
                raise SourceUnreadable(
                    f"table {table}: expected text, a number or null in column {column} of row {number}, "
                    f"found {str(cell)[:40]!r}"
                ) from error
        raise


def _is_text(cell: Any) -> bool:
    # JSON can spell half of a surrogate pair, which no text file can hold
    return isinstance(cell, str) and not any("\ud800" <= letter <= "\udfff" for letter in cell)


def single(answer: dict[str, Any], table: str) -> dict[str, Any]:
    """The one row of an answer about the table itself: v3 puts it in a list, v4 gives it bare."""
    if ROWS not in answer:
        return answer
    rows = rows_of(answer, table)
    if len(rows) != 1:
        raise SourceUnreadable(f"table {table}: expected one description of the table, found {len(rows)}")
    return rows[0]

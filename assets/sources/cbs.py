"""CBS StatLine: the address of a table, and the parser of its OData v3 answer in JSON.

The same parser reads live bytes and the embedded edition. A table of CBS is wide (one column a topic); it comes out
long. Not here: rules on what the cells may hold (the contract) and what they mean for a chain table.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

import pyarrow as pa

from assets.sources.eurostat import SourceUnreadable
from contracts.contract import Contract

ROW_ID = "ID"
TOPIC, VALUE = "topic", "value"


def data_url(base_url: str, contract: Contract) -> str:
    """Address of a table in OData v3, limited to the contract's `selection` and, where no topic is left out by name,
    to its topics.

    The filter is written as CBS itself writes it in `TableInfos.DefaultSelection`.
    """
    query = ["$format=json"]
    chosen: Mapping[str, Sequence[str]] = contract.get("selection") or {}
    if chosen:
        clauses = [
            "(" + " or ".join(f"({dimension} eq '{code}')" for code in codes) + ")"
            for dimension, codes in chosen.items()
        ]
        query.append("$filter=" + quote(" and ".join(clauses), safe="()'"))
    if not contract.get("topicsLeftOut"):
        query.append("$select=" + ",".join([ROW_ID, *_dimensions(contract), *_topics(contract)]))
    return f"{base_url.rstrip('/')}/{contract.table}/TypedDataSet?{'&'.join(query)}"


def parse_odata_v3(body: bytes, contract: Contract) -> pa.Table:
    """An OData v3 body (`{"odata.metadata": ..., "value": [...]}`) as a long table of text.

    Out: `topic` (the column of CBS), the dimensions and `Perioden` with their padding taken off, and `value` (as CBS
    writes the number; empty where it gives null). Rows of one topic stand together, in the order of the answer.
    Topics that the contract names in `topicsLeftOut` are left out; any other column becomes a topic, so that the
    contract's code list speaks about it. Raises SourceUnreadable for an empty body, an HTML page, broken or truncated
    JSON, an error message of the service, an answer of which more pages follow, another number of rows than the answer
    says, a column that is missing, or a cell that is neither text nor a number.
    """
    table = contract.table
    rows = _rows_of(_answer(body, table), table)
    names = list(rows[0])
    dimensions, left_out = _dimensions(contract), set(contract.get("topicsLeftOut") or ())
    missing = [name for name in (*dimensions, *_topics(contract)) if name not in rows[0]]
    if missing:
        raise SourceUnreadable(
            f"table {table}: expected the column {', '.join(missing[:5])}, found {', '.join(names[:5])} and others; "
            "CBS numbers its topics anew when it adds one: compare the code list of topics with the table"
        )
    topics = [name for name in names if name not in (ROW_ID, *dimensions) and name not in left_out]
    keys = {name: [_text(row[name], table, name, number) for number, row in enumerate(rows)] for name in dimensions}
    columns: dict[str, list[str]] = {TOPIC: [name for name in topics for _ in rows]}
    columns |= {name: [key.strip() for key in keys[name]] * len(topics) for name in dimensions}
    columns[VALUE] = [_text(row[name], table, name, number) for name in topics for number, row in enumerate(rows)]
    return pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()})


def _dimensions(contract: Contract) -> tuple[str, ...]:
    return tuple(name for name in contract.column_names if name not in (TOPIC, VALUE))


def _topics(contract: Contract) -> tuple[str, ...]:
    return contract.column(TOPIC).allowed or ()


def _answer(body: bytes, table: str) -> dict[str, Any]:
    """The body as a JSON object, numbers as they were written."""
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
    return answer


def _no_number_of(table: str) -> Any:
    def refuse(word: str) -> None:
        raise SourceUnreadable(f"table {table}: expected a number or null, found {word}")

    return refuse


def _rows_of(answer: dict[str, Any], table: str) -> list[dict[str, Any]]:
    """The rows of an answer that is whole, each with the same columns."""
    if "odata.error" in answer:
        raise SourceUnreadable(f"table {table}: expected rows, found an error of the service: {answer['odata.error']}")
    rows = answer.get(VALUE)
    if not isinstance(rows, list):
        raise SourceUnreadable(
            f"table {table}: expected a list `value`, found {', '.join(answer) or 'an empty object'}"
        )
    if "odata.nextLink" in answer:
        raise SourceUnreadable(
            f"table {table}: expected the whole table, found {len(rows)} rows and a link to more; narrow `selection` "
            "in the contract"
        )
    if "odata.count" in answer and str(answer["odata.count"]) != str(len(rows)):
        raise SourceUnreadable(
            f"table {table}: expected {answer['odata.count']} rows as the answer says, found {len(rows)}"
        )
    if not rows:
        raise SourceUnreadable(f"table {table}: expected rows, found none")
    first = rows[0].keys() if isinstance(rows[0], dict) else None
    for number, row in enumerate(rows):
        if not isinstance(row, dict) or row.keys() != first:
            raise SourceUnreadable(
                f"table {table}: expected the columns of the first row in row {number}, found others"
            )
    return rows


def _text(cell: Any, table: str, column: str, number: int) -> str:
    if cell is None:
        return ""
    if isinstance(cell, str):
        return str(cell)
    raise SourceUnreadable(
        f"table {table}: expected text, a number or null in column {column} of row {number}, found {str(cell)[:40]!r}"
    )

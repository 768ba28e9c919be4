"""OData v3 of CBS (`ODataFeed/odata/<table>`): its addresses, and its wide rows made long.

A table is wide: one row a combination of the dimensions, one column a topic. It comes out with one row a figure.
Only the feed gives pages; `ODataApi` answers at most 10,000 rows and refuses `$skip`.
Not here: asking (`cbs_service.py`), pages (`cbs_pages.py`), what the cells may hold (the contract).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING
from urllib.parse import quote

import pyarrow as pa
import pyarrow.compute as pc

from assets.sources.cbs_answers import answer_of, as_columns, next_link, rows_of
from assets.sources.cbs_codes import PERIODS, service_codes
from assets.sources.cbs_pages import Page, check_selection, whole_table
from assets.sources.cbs_status import check_years, statuses
from assets.sources.eurostat import SourceUnreadable

if TYPE_CHECKING:
    from contracts.contract import Contract

ROW_ID = "ID"
TOPIC, VALUE = "topic", "value"
#: Columns of a contract that say what CBS says of a figure; the copies of others do not have it.
STATUS_COLUMNS = ("obs_status", "conf_status", "status_detail")
#: StatLine writes this where a figure is unknown, unreliable or secret; the typed rows leave such a cell empty.
UNKNOWN = "."

TABLE_PART, TOPICS_PART, ROWS = "TableInfos.json", "DataProperties.json", "TypedDataSet"


def data_url(base_url: str, contract: Contract, written: Mapping[str, Mapping[str, str]] | None = None) -> str:
    """Address of a table, limited to the contract's `selection` and to its topics.

    All topics come where some are left out by name (`topicsLeftOut`), and where the names of the columns are not all
    certain (`takeAllTopics`): a service refuses a question about a column that it does not have.

    The filter is written as CBS itself writes it in `TableInfos.DefaultSelection`. `written` gives the codes of a
    dimension as the service pads them.
    """
    query = ["$format=json", *_filter(contract, written)]
    if not (contract.get("topicsLeftOut") or contract.get("takeAllTopics")):
        query.append("$select=" + ",".join([ROW_ID, *dimensions_of(contract), *topics_of(contract)]))
    return f"{_table_url(base_url, contract)}/{ROWS}?{'&'.join(query)}"


def count_url(base_url: str, contract: Contract, written: Mapping[str, Mapping[str, str]] | None = None) -> str:
    """Address of the number of rows of `data_url`."""
    query = _filter(contract, written)
    return f"{_table_url(base_url, contract)}/{ROWS}/$count" + ("?" + query[0] if query else "")


def about_urls(base_url: str, contract: Contract) -> dict[str, str]:
    """Part name -> address of what is said about the table: topics and code lists (its edition is asked before)."""
    table = _table_url(base_url, contract)
    lists = {codes_part(name): f"{table}/{name}?$format=json" for name in dimensions_of(contract)}
    return {TOPICS_PART: f"{table}/DataProperties?$format=json", **lists}


def edition_url(base_url: str, contract: Contract) -> str:
    """Address of what CBS says about the edition of a table."""
    return f"{_table_url(base_url, contract)}/TableInfos?$format=json"


def codes_part(dimension: str) -> str:
    """Name of the part of a bundle with the code list of a dimension."""
    return f"codes/{dimension}.json"


def _table_url(base_url: str, contract: Contract) -> str:
    return f"{base_url.rstrip('/')}/{contract.table}"


def _filter(contract: Contract, written: Mapping[str, Mapping[str, str]] | None) -> list[str]:
    chosen: Mapping[str, Sequence[str]] = contract.get("selection") or {}
    clauses = []
    for dimension, codes in chosen.items():
        padded = (written or {}).get(dimension, {})
        each = (padded.get(code, code).replace("'", "''") for code in codes)
        clauses.append("(" + " or ".join(f"({dimension} eq '{code}')" for code in each) + ")")
    return ["$filter=" + quote(" and ".join(clauses), safe="()'")] if clauses else []


def dimensions_of(contract: Contract) -> tuple[str, ...]:
    """The dimensions of a table, in the order of its contract."""
    return tuple(name for name in contract.column_names if name not in (TOPIC, VALUE, *STATUS_COLUMNS))


def topics_of(contract: Contract) -> tuple[str, ...]:
    """The topics that the contract asks for."""
    return contract.column(TOPIC).allowed or ()


def topic_of(contract: Contract, code: str) -> str | None:
    """The topic of the contract that the service calls `code`; None for one that we do not keep."""
    return code if code in topics_of(contract) else None


def topic_differences(contract: Contract, properties: bytes) -> list[str]:
    """Topics of the contract that `DataProperties` no longer names, as sentences. Raises SourceUnreadable."""
    rows = rows_of(answer_of(properties, contract.table), contract.table)
    keys = {str(row.get("Key", "")).strip() for row in rows}
    gone = [topic for topic in topics_of(contract) if topic not in keys]
    if not gone:
        return []
    return [f"topics: no longer named by CBS, which numbers them anew when it adds one: {', '.join(gone[:3])}"]


def parse_single(body: bytes, contract: Contract) -> pa.Table:
    """A whole table in one answer, without its code lists, as the embedded edition holds it."""
    table = contract.table
    answer = answer_of(body, table)
    rows = rows_of(answer, table)
    if next_link(answer, table) is not None:
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
    return _long(as_columns(rows, table), contract, {})


def parse_parts(parts: Mapping[str, bytes], pages: Sequence[Page], count: bytes | None, contract: Contract) -> pa.Table:
    """A table as it was fetched: pages, their count, and the list of periods with the status of each."""
    wide = whole_table(pages, count, ROW_ID, contract.table, filtered=bool(contract.get("selection")))
    periods = service_codes(parts[codes_part(PERIODS)], contract.table, PERIODS)
    check_selection(wide, contract.get("selection") or {}, contract.table)
    return _long(wide, contract, {code: item.status for code, item in periods.items()})


def _long(wide: pa.Table, contract: Contract, period_words: Mapping[str, str]) -> pa.Table:
    table, dimensions = contract.table, dimensions_of(contract)
    left_out = set(contract.get("topicsLeftOut") or ())
    names = wide.column_names
    missing = [name for name in (*dimensions, *topics_of(contract)) if name not in names]
    if missing:
        raise SourceUnreadable(
            f"table {table}: expected the column {', '.join(missing[:5])}, found "
            f"{', '.join(_unknown(names, contract)[:5]) or 'none'} in its place; "
            "CBS numbers its topics anew when it adds one: compare the code list of topics with the table"
        )
    topics = [name for name in names if name not in (ROW_ID, *dimensions) and name not in left_out]
    columns: dict[str, pa.ChunkedArray] = {
        TOPIC: _stacked([pa.repeat(pa.scalar(name, pa.string()), wide.num_rows) for name in topics])
    }
    for name in dimensions:
        columns[name] = _stacked([pc.utf8_trim_whitespace(wide.column(name))] * len(topics))
    check_years(columns[PERIODS], table)
    given = pc.utf8_trim_whitespace(_stacked([wide.column(name) for name in topics]))
    unknown = pc.equal(given, UNKNOWN)
    columns[VALUE] = pc.if_else(unknown, "", given)
    said = statuses(
        columns[VALUE],
        columns[PERIODS],
        pc.if_else(unknown, UNKNOWN, "") if pc.any(unknown).as_py() else None,
        period_words,
        table,
    )
    columns |= {name: said[name] for name in STATUS_COLUMNS if name in contract.column_names}
    return pa.table({name: pc.cast(column, pa.string()) for name, column in columns.items()})


def _unknown(names: Sequence[str], contract: Contract) -> list[str]:
    """Columns that the contract does not name."""
    known = {ROW_ID, *dimensions_of(contract), *topics_of(contract), *(contract.get("topicsLeftOut") or ())}
    return [name for name in names if name not in known]


def _stacked(arrays: Sequence[pa.Array | pa.ChunkedArray]) -> pa.ChunkedArray:
    chunks = [chunk for one in arrays for chunk in (one.chunks if isinstance(one, pa.ChunkedArray) else [one])]
    return pa.chunked_array(chunks, pa.string())

"""OData v4 of CBS (`odata/v1/CBS/<table>`): its addresses, and its rows, which are figures already.

A row is one figure (`Measure`, the dimensions, `Value`) with what CBS says of its cell (`ValueAttribute`). Cells that
cannot hold a figure come with `Impossible`; other empty cells do not come at all.
Not here: asking (`cbs_service.py`), pages (`cbs_pages.py`), what the cells may hold (the contract).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING
from urllib.parse import quote

import pyarrow as pa
import pyarrow.compute as pc

from assets.sources.cbs_codes import PERIODS, service_codes
from assets.sources.cbs_pages import Page, check_selection, whole_table
from assets.sources.cbs_status import check_years, statuses
from assets.sources.cbs_v3 import STATUS_COLUMNS, TOPIC, VALUE, codes_part, dimensions_of
from assets.sources.eurostat import SourceUnreadable
from contracts.vocabulary import load_codelist

if TYPE_CHECKING:
    from contracts.contract import Contract

ROW_ID = "Id"
MEASURE, ATTRIBUTE, TEXT_VALUE = "Measure", "ValueAttribute", "StringValue"
#: Column of a code list of topics with the code that v4 gives the topic, where it is not the code itself.
V4_CODE = "v4_measure"
TABLE_PART, TOPICS_PART, DIMENSIONS_PART, ROWS = (
    "Properties.json",
    "MeasureCodes.json",
    "Dimensions.json",
    "Observations",
)


def data_url(base_url: str, contract: Contract) -> str:
    """Address of the figures that a contract asks for: its topics and its `selection`."""
    return f"{_table_url(base_url, contract)}/{ROWS}{_filter(contract)}"


def count_url(base_url: str, contract: Contract) -> str:
    """Address of the number of figures of `data_url`."""
    return f"{_table_url(base_url, contract)}/{ROWS}/$count{_filter(contract)}"


def about_urls(base_url: str, contract: Contract) -> dict[str, str]:
    """Part name -> address of what is said about the table: dimensions, measures and code lists."""
    table = _table_url(base_url, contract)
    lists = {codes_part(name): f"{table}/{name}Codes" for name in dimensions_of(contract)}
    return {DIMENSIONS_PART: f"{table}/Dimensions", TOPICS_PART: f"{table}/MeasureCodes", **lists}


def edition_url(base_url: str, contract: Contract) -> str:
    """Address of what CBS says about the edition of a table."""
    return f"{_table_url(base_url, contract)}/Properties"


def _table_url(base_url: str, contract: Contract) -> str:
    return f"{base_url.rstrip('/')}/{contract.table}"


def _filter(contract: Contract) -> str:
    chosen: Mapping[str, Sequence[str]] = {MEASURE: list(_measures(contract)), **(contract.get("selection") or {})}
    clauses = []
    for column, codes in chosen.items():
        each = (code.replace("'", "''") for code in codes)
        clauses.append("(" + " or ".join(f"{column} eq '{code}'" for code in each) + ")")
    return "?$filter=" + quote(" and ".join(clauses), safe="()'")


def _measures(contract: Contract) -> dict[str, str]:
    """Code of a measure in v4 -> topic in the contract."""
    name = contract.column(TOPIC).code_list
    if name is None:
        raise SourceUnreadable(f"table {contract.table}: expected a code list of topics in the contract, found none")
    return {entry.get(V4_CODE) or entry.code: entry.code for entry in load_codelist(name).codes}


def topic_of(contract: Contract, code: str) -> str | None:
    """The topic of the contract that the service calls `code`; None for one that we do not keep."""
    return _measures(contract).get(code)


def topic_differences(contract: Contract, measures: bytes) -> list[str]:
    """Measures of the contract that CBS no longer names, as sentences. Raises SourceUnreadable."""
    theirs = service_codes(measures, contract.table, MEASURE)
    gone = [code for code in _measures(contract) if code not in theirs]
    return [f"topics: no longer in the list of CBS: {', '.join(gone[:3])}"] if gone else []


def parse_parts(parts: Mapping[str, bytes], pages: Sequence[Page], count: bytes | None, contract: Contract) -> pa.Table:
    """A table as it was fetched: pages, their count, and the list of periods with the status of each.

    Figures come in the order of the answer. Raises SourceUnreadable.
    """
    table, dimensions = contract.table, dimensions_of(contract)
    found = whole_table(pages, count, ROW_ID, table, filtered=True)
    expected = {ROW_ID, MEASURE, ATTRIBUTE, "Value", *dimensions}
    differing = sorted(expected ^ (set(found.column_names) - {TEXT_VALUE}))
    if differing:
        raise SourceUnreadable(
            f"table {table}: expected the columns {', '.join(sorted(expected))}, found a difference in "
            f"{', '.join(differing[:5])}"
        )
    if TEXT_VALUE in found.column_names and pc.any(pc.not_equal(found.column(TEXT_VALUE), "")).as_py():
        raise SourceUnreadable(f"table {table}: expected numbers, found text in {TEXT_VALUE}")
    check_selection(found, contract.get("selection") or {}, table)
    measures = _measures(contract)
    theirs = pc.utf8_trim_whitespace(found.column(MEASURE))
    places = pc.index_in(theirs, pa.array(list(measures), pa.string()))
    # a measure that nobody knows comes through, for the code list to refuse
    columns = {TOPIC: pc.coalesce(pc.take(pa.array(list(measures.values()), pa.string()), places), theirs)}
    columns |= {name: pc.utf8_trim_whitespace(found.column(name)) for name in dimensions}
    check_years(columns[PERIODS], table)
    columns[VALUE] = pc.utf8_trim_whitespace(found.column("Value"))
    periods = service_codes(parts[codes_part(PERIODS)], table, PERIODS)
    said = statuses(
        columns[VALUE],
        columns[PERIODS],
        pc.utf8_trim_whitespace(found.column(ATTRIBUTE)),
        {code: item.status for code, item in periods.items()},
        table,
    )
    columns |= {name: said[name] for name in STATUS_COLUMNS if name in contract.column_names}
    return pa.table({name: pc.cast(column, pa.string()) for name, column in columns.items()})

"""Whether a body of Eurostat is a table at all, told from its outside before it is taken in.

What is none is kept as spoiled and never built from, so that the copy of an earlier night stands. Not here: whether the
figures are right; that is for the parsers (`eurostat.py`, `eurostat_json_stat.py`) and the contract, which refuse.
"""

from __future__ import annotations

import re

from assets.sources.eurostat import SourceUnreadable, format_of, unpacked
from assets.sources.http_body import one_line
from contracts.contract import Contract

_HEADS = ("DATAFLOW", "STRUCTURE")
_NO_CELLS = re.compile(rb'"value"\s*:\s*(\{\s*\}|\[\s*\])')
_NO_FLAGS = re.compile(rb'"status"\s*:\s*(\{\s*\}|\[\s*\])')


def check_body(body: bytes, contract: Contract, least_rows: int = 1) -> None:
    """Raises SourceUnreadable where a body does not begin as a table in the form that its contract asks for.

    `least_rows` is 1 for a table, and 0 for a part of one, which may have no observations.
    """
    body = unpacked(body, contract.table)
    if format_of(contract) == "json-stat":
        _check_json_stat(body, contract.table, least_rows)
    else:
        _check_csv(body, contract.table, least_rows)


def _check_csv(body: bytes, table: str, least_rows: int) -> None:
    start = body.removeprefix(b"\xef\xbb\xbf")
    header, _, rest = start[:65536].partition(b"\n")
    names = [name.strip().strip('"') for name in header.decode("utf-8", "replace").split(",")]
    if names[0] not in _HEADS or "OBS_VALUE" not in names:
        raise SourceUnreadable(
            f"table {table}: expected SDMX-CSV with the columns DATAFLOW and OBS_VALUE, found {_shown(start)}"
        )
    if least_rows and not rest.strip():
        raise SourceUnreadable(f"table {table}: expected at least one row, found a header without rows")


def _check_json_stat(body: bytes, table: str, least_rows: int) -> None:
    if not body.lstrip().startswith(b"{") or b'"dimension"' not in body or b'"value"' not in body:
        raise SourceUnreadable(f"table {table}: expected JSON-stat with dimension and value, found {_shown(body)}")
    if least_rows and _NO_CELLS.search(body) and (b'"status"' not in body or _NO_FLAGS.search(body)):
        raise SourceUnreadable(f"table {table}: expected at least one cell, found none")


def _shown(body: bytes) -> str:
    if not body.strip():
        return "an empty body"
    return f"a body that starts with {one_line(body[:240].decode('utf-8', 'replace'), 60)!r}"

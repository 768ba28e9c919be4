"""Eurostat: the address of a table, and the parser of its SDMX-CSV 1.0 answer.

The same parser reads live bytes and the embedded edition. Flags are kept as they come.
Not here: rules on what the cells may hold (the contract) and what they mean for a chain table (`assets/chain_tables`).
"""

from __future__ import annotations

import gzip
import io
import zlib

import pandas as pd
import pyarrow as pa
import pyarrow.csv as pa_csv

from contracts.contract import Contract

# The Netherlands, the EU aggregate and the countries for comparison:
# what is asked of the live service and kept in the embedded edition.
GEOS = ("NL", "EU27_2020", "BE", "DE", "FR", "DK", "SE", "IT")
UNPACKED_LIMIT = 1024 * 1024 * 1024


class SourceUnreadable(ValueError):
    """A body is not what the source delivers; the message names table, expected and found."""


def data_url(base_url: str, contract: Contract) -> str:
    """Address of a table in the dissemination API (SDMX 2.1), limited to our geos and the contract's `keySelection`."""
    chosen = {"freq": ["A"], "geo": list(GEOS), **(contract.get("keySelection") or {})}
    key = ".".join("+".join(chosen.get(dimension, [])) for dimension in contract.get("dimensions"))
    return f"{base_url.rstrip('/')}/sdmx/2.1/data/{contract.table.upper()}/{key}?format=SDMX-CSV&compressed=false"


def _unpacked(body: bytes, table: str) -> bytes:
    if body[:2] != b"\x1f\x8b":
        return body
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(body)) as stream:
            unpacked = stream.read(UNPACKED_LIMIT + 1)
    except (EOFError, OSError, zlib.error) as error:
        raise SourceUnreadable(
            f"table {table}: expected a whole gzip body, found a damaged or truncated one ({error})"
        ) from error
    if len(unpacked) > UNPACKED_LIMIT:
        raise SourceUnreadable(f"table {table}: expected at most {UNPACKED_LIMIT} bytes after unpacking, found more")
    return unpacked


def parse_sdmx_csv(body: bytes, contract: Contract) -> pa.Table:
    """An SDMX-CSV body as a table of text with the service's own column names.

    Raises SourceUnreadable for an empty body, an HTML page, bytes that are not UTF-8, no header, or a line cut short.
    """
    table = contract.table
    body = _unpacked(body, table)
    start = body[:400].lstrip().lower()
    if not body.strip():
        raise SourceUnreadable(f"table {table}: expected SDMX-CSV with a header, found an empty body")
    if start.startswith((b"<!doctype", b"<html", b"<?xml", b"<")):
        shown = body[:60].decode("utf-8", "replace").replace("\n", " ")
        raise SourceUnreadable(f"table {table}: expected SDMX-CSV, found a page that starts with {shown!r}")
    try:
        body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise SourceUnreadable(
            f"table {table}: expected UTF-8, found byte {body[error.start]:#04x} at position {error.start}"
        ) from error
    header = body.split(b"\n", 1)[0].decode().strip().lstrip("\ufeff")
    if "OBS_VALUE" not in header:
        raise SourceUnreadable(f"table {table}: expected a header with the column OBS_VALUE, found {header[:120]!r}")
    names = header.split(",")
    if len(set(names)) != len(names):
        twice = sorted({name for name in names if names.count(name) > 1})
        raise SourceUnreadable(
            f"table {table}: expected every column once, found {', '.join(twice)} twice in the header"
        )
    try:
        return pa_csv.read_csv(
            io.BytesIO(body),
            convert_options=pa_csv.ConvertOptions(
                column_types={name: pa.string() for name in names},
                strings_can_be_null=False,
                quoted_strings_can_be_null=False,
            ),
            parse_options=pa_csv.ParseOptions(newlines_in_values=False),
        )
    except pa.ArrowInvalid as error:
        words = str(error).split("\n")[0][:200]
        raise SourceUnreadable(
            f"table {table}: expected {len(names)} fields on every line, found a line cut short or too long ({words})"
        ) from error


def edition_dates(last_update: pd.Series) -> pd.Series:
    """`LAST UPDATE` (`27/02/25 23:00:00`) as an ISO date; missing where the copy does not say."""
    parsed = pd.to_datetime(last_update, format="%d/%m/%y %H:%M:%S", errors="coerce")
    return parsed.dt.strftime("%Y-%m-%d").astype("str").where(parsed.notna(), None)

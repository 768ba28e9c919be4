"""Eurostat: the address of a table, and the parser of its SDMX-CSV answer (1.0 and 2.0).

The same parser reads live bytes and the embedded edition, whole or in parts. Flags are kept as they come.
Not here: asking the service (`eurostat_service.py`), JSON-stat (`eurostat_json_stat.py`), rules on what the cells may
hold (the contract) and what they mean for a chain table (`assets/chain_tables`).
"""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Mapping, Sequence

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from assets.sources.eurostat_parts import PartsDiffer, joined_parts
from contracts.contract import Contract

# The Netherlands, the EU aggregate and the countries for comparison:
# what is asked of the live service and kept in the embedded edition.
GEOS = ("NL", "EU27_2020", "BE", "DE", "FR", "DK", "SE", "IT")
UNPACKED_LIMIT = 1024 * 1024 * 1024


class SourceUnreadable(ValueError):
    """A body is not what the source delivers; the message names table, expected and found."""


#: The forms in which a contract may ask for a table (custom property `format`); the first where it names none.
FORMATS = ("sdmx-csv-2.1", "sdmx-csv-3.0", "json-stat")


def format_of(contract: Contract) -> str:
    """The form in which a contract asks for its table. ValueError for one that we do not read."""
    form = str(contract.get("format") or FORMATS[0])
    if form not in FORMATS:
        raise ValueError(f"{contract.path.name}: format is {form!r}; expected {', '.join(FORMATS)}")
    return form


def chosen_codes(contract: Contract) -> dict[str, list[str]]:
    """The codes that are asked for by dimension: our geos and the contract's `keySelection`; others are taken whole."""
    return {"freq": ["A"], "geo": list(GEOS), **(contract.get("keySelection") or {})}


def data_url(base_url: str, contract: Contract, narrowed: Mapping[str, Sequence[str]] | None = None) -> str:
    """Address of a table in the dissemination API, in the contract's `format`, limited to its `chosen_codes`.

    `narrowed` limits dimensions further, for a table that is asked in parts.
    """
    base, form = base_url.rstrip("/"), format_of(contract)
    chosen: dict[str, Sequence[str]] = {**chosen_codes(contract), **(narrowed or {})}
    dimensions = [name for name in contract.get("dimensions") if chosen.get(name)]
    if form == "json-stat":
        filters = "".join(f"&{name}={code}" for name in dimensions for code in chosen[name])
        return f"{base}/statistics/1.0/data/{contract.table.lower()}?format=JSON&lang=EN{filters}"
    if form == "sdmx-csv-3.0":
        stars = ".".join("*" for _ in contract.get("dimensions"))
        filters = "".join(f"c[{name}]={','.join(chosen[name])}&" for name in dimensions)
        return (
            f"{base}/sdmx/3.0/data/dataflow/ESTAT/{contract.table.lower()}/1.0/{stars}?{filters}"
            "compress=false&format=csvdata&formatVersion=2.0"
        )
    key = ".".join("+".join(chosen.get(dimension, [])) for dimension in contract.get("dimensions"))
    return f"{base}/sdmx/2.1/data/{contract.table.upper()}/{key}?format=SDMX-CSV&compressed=false"


def unpacked(body: bytes, table: str) -> bytes:
    """A body without its gzip, if it has one. Raises SourceUnreadable for a damaged or far too large one."""
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
    """An SDMX-CSV body, or a bundle of them, as a table of text with the columns of SDMX-CSV 1.0.

    Version 2.0 (of the API 3.0) says STRUCTURE and STRUCTURE_ID where 1.0 says DATAFLOW, and leaves LAST UPDATE out.
    Until 27 January 2025 there was no CONF_STATUS: it comes out empty, and the letter `c` stays in OBS_FLAG as it was.
    Raises SourceUnreadable for an empty body, an HTML page, bytes that are not UTF-8, no header, a line cut short, or
    parts that do not fit together.
    """
    try:
        table = joined_parts(body, contract, _one_csv)
    except PartsDiffer as error:
        raise SourceUnreadable(f"table {contract.table}: {error}") from error
    return _one_csv(body, contract) if table is None else table


def _one_csv(body: bytes, contract: Contract) -> pa.Table:
    table = contract.table
    body = unpacked(body, table)
    names = _header(body, table)
    try:
        read = pa_csv.read_csv(
            pa.BufferReader(body),
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
    return _as_version_1(read)


def _header(body: bytes, table: str) -> list[str]:
    """The names of the columns. Raises SourceUnreadable for a body that is no SDMX-CSV in UTF-8."""
    start = body[:400].lstrip().lower()
    if not body.strip():
        raise SourceUnreadable(f"table {table}: expected SDMX-CSV with a header, found an empty body")
    if start.startswith(b"<"):
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
    return names


def _as_version_1(read: pa.Table) -> pa.Table:
    names, empty = read.column_names, pa.scalar("")
    if (
        names[:2] == ["STRUCTURE", "STRUCTURE_ID"]
        and pc.all(pc.equal(read["STRUCTURE"], "dataflow")).as_py() is not False
    ):
        read = read.drop_columns(["STRUCTURE"]).rename_columns({"STRUCTURE_ID": "DATAFLOW"})
        if "LAST UPDATE" not in names:
            read = read.add_column(1, "LAST UPDATE", pa.repeat(empty, read.num_rows))
    if "OBS_FLAG" in names and "CONF_STATUS" not in names:
        read = read.append_column("CONF_STATUS", pa.repeat(empty, read.num_rows))
    return read


def edition_dates(last_update: pd.Series) -> pd.Series:
    """`LAST UPDATE` (`27/02/25 23:00:00`) as an ISO date; missing where the copy does not say."""
    parsed = pd.to_datetime(last_update, format="%d/%m/%y %H:%M:%S", errors="coerce")
    return parsed.dt.strftime("%Y-%m-%d").astype("str").where(parsed.notna(), None)

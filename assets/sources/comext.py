"""COMEXT: the body that is built from (the kept rows of every month, with where each came from) and its parser.

The bulk files lie in the archive as they were received (origin `bulk_file`), and are read from there. The body that is
built from is a bundle with one Parquet file a month (`PERIOD=202512/rows.parquet`: all columns, as text, in the order
of the file) and `files.json`: the name, size, date and sha256 of each bulk file (so `archive/<source>/<sha256>`), how
many lines it had, and which selection was kept. When a contract names other goods, the months are read once more from
the archive, and not fetched.

Disk: a month is a file of about 40 MB (45 MB at the end of 2025), a year of about 95 MB. Two years of months and their
bundle come to 1 GB. Eurostat issues recent months anew: twelve files a month more are 6 GB a year, all twenty-four 13
GB. `archive/comext_months` and `archive/comext_years` can lie on another disk behind a symbolic link.
Not here: asking the service (`comext_service.py`) and reading a bulk file (`comext_month.py`).
"""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import pyarrow as pa
import pyarrow.parquet as pq

from assets.sources.bundle import BundleError, bundle, parts_of
from assets.sources.eurostat import SourceUnreadable
from contracts.contract import Contract

FILES = "files.json"
#: The header of `full_v2`; COMEXT writes every field as text without quotes.
COLUMNS = (
    "REPORTER", "PARTNER", "TRADE_TYPE", "PRODUCT_NC", "PRODUCT_SITC", "PRODUCT_CPA21", "PRODUCT_CPA22",
    "PRODUCT_BEC", "PRODUCT_BEC5", "PRODUCT_SECTION", "FLOW", "STAT_PROCEDURE", "SUPPL_UNIT", "PERIOD",
    "VALUE_EUR", "VALUE_NAC", "QUANTITY_KG", "QUANTITY_SUPPL_UNIT",
)  # fmt: skip
SCHEMA = pa.schema([(name, pa.string()) for name in COLUMNS])


class DamagedFile(ValueError):
    """A bulk file is not what COMEXT delivers; the message says what was expected and found."""


@dataclass(frozen=True)
class KeptFile:
    """A bulk file of which rows were kept. `modified` is the date that the listing gave it; `selection` names what was
    kept (`comext_month.Wanted.digest`)."""

    period: str
    name: str
    size: int
    modified: str | None
    sha256: str
    member: str
    lines: int
    rows: int
    selection: str


def part_name(period: str) -> str:
    """The name of a month within the bundle."""
    return f"PERIOD={period}/rows.parquet"


def parquet_bytes(rows: pa.Table) -> bytes:
    """A month as Parquet; the same rows give the same bytes."""
    sink = io.BytesIO()
    pq.write_table(rows, sink, compression="zstd", compression_level=3, store_schema=False, version="2.6")
    return sink.getvalue()


def pack(months: Sequence[tuple[KeptFile, bytes]]) -> bytes:
    """The months (facts, Parquet) as one body, ordered by period."""
    ordered = sorted(months, key=lambda month: month[0].period)
    facts = json.dumps([asdict(kept) for kept, _ in ordered], indent=1).encode() + b"\n"
    return bundle([(FILES, facts), *[(part_name(kept.period), rows) for kept, rows in ordered]])


def unpack_months(body: bytes) -> list[tuple[KeptFile, bytes]]:
    """The months of a body that `pack` made. Raises SourceUnreadable for anything else."""
    try:
        parts = dict(parts_of(body) or [])
        facts = [KeptFile(**one) for one in json.loads(parts[FILES])]
        return [(kept, parts[part_name(kept.period)]) for kept in facts]
    except (BundleError, KeyError, TypeError, ValueError) as error:
        raise SourceUnreadable(
            f"COMEXT: expected a bundle of months with {FILES}, found another body or a damaged one ({error})"
        ) from error


def parse_comext(body: bytes, contract: Contract) -> pa.Table:
    """All kept rows as text with COMEXT's own column names, in order of period. Raises SourceUnreadable."""
    tables = [SCHEMA.empty_table()]
    for kept, packed in unpack_months(body):
        try:
            rows = pq.read_table(io.BytesIO(packed))
        except (pa.ArrowException, OSError) as error:
            raise SourceUnreadable(
                f"table {contract.table}: month {kept.period} of the archived copy is no readable Parquet ({error})"
            ) from error
        if rows.schema.names != SCHEMA.names or rows.num_rows != kept.rows:
            raise SourceUnreadable(
                f"table {contract.table}: expected {kept.rows} rows of {len(SCHEMA)} columns in month {kept.period}, "
                f"found {rows.num_rows} rows of {', '.join(rows.schema.names)[:200]}"
            )
        tables.append(rows.cast(SCHEMA))
    return pa.concat_tables(tables)

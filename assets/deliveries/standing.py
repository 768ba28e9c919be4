"""The rows of a delivery that stand: of every deliverer and period the newest file that is used, as one table.

A row stands when it was accepted, or refused and released by a steward. Large tables stay in Parquet.
Not here: which files stand (`book.py`), or what is added up of them (`figures.py`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from assets.deliveries.book import Book, Settled, TakenIn
from assets.deliveries.delivered_file import ROW_NUMBER
from assets.deliveries.quarantine import ACCEPTED, REFUSED
from contracts.arrow import arrow_schema, cast
from contracts.contract_model import Contract
from contracts.delivery_contract import delivery

#: Column of the receipt under which a standing row was taken in.
RECEIPT = "receipt"


@dataclass(frozen=True)
class Pin:
    """One file as it stood: the receipt, and the refused rows that were released. Together they decide its rows."""

    delivery: str
    deliverer: str
    period: str
    receipt: str
    released: tuple[int, ...]


def pins(book: Book, names: Iterable[str]) -> tuple[Pin, ...]:
    """What stands of some deliveries, in a fixed order."""
    return tuple(
        Pin(name, deliverer, period, taken.id, tuple(sorted(settled.released)))
        for name in sorted(names)
        for (deliverer, period), (taken, settled) in book.standing(name).items()
    )


def pins_identity(found: Iterable[Pin]) -> str:
    """sha256 over pins: the same pins give the same rows."""
    body = json.dumps([[p.delivery, p.deliverer, p.period, p.receipt, p.released] for p in found])
    return hashlib.sha256(body.encode()).hexdigest()


def rows_of(book: Book, pin: Pin) -> list[Path | pa.Table]:
    """The rows of one pinned file: the accepted ones as they lie, and the released ones as a typed table."""
    folder = book.root / pin.delivery / pin.receipt
    parts: list[Path | pa.Table] = [folder / ACCEPTED]
    if pin.released:
        refused = pq.read_table(folder / REFUSED)
        chosen = refused.filter(pc.is_in(refused.column(ROW_NUMBER), value_set=pa.array(pin.released, pa.int64())))
        contract = delivery(pin.delivery).contract
        typed, _ = cast(_with_columns(chosen, contract), contract)
        parts.append(typed.append_column(ROW_NUMBER, chosen.column(ROW_NUMBER)))
    return parts


def write_standing(book: Book, found: Iterable[Pin], contract: Contract, path: Path) -> int:
    """Writes the rows of all pins as one Parquet file with a column `receipt`, and returns their number.

    Columns as the contract of today; one that a file from before it was added does not have is empty.
    """
    schema = _schema(contract)
    written = 0
    with pq.ParquetWriter(path, schema, compression="zstd", compression_level=3, store_schema=False) as writer:
        for pin in found:
            for part in rows_of(book, pin):
                for batch in _batches(part, contract, pin.receipt):
                    writer.write_table(batch)
                    written += batch.num_rows
    return written


def _schema(contract: Contract) -> pa.Schema:
    fields = [pa.field(field.name, field.type) for field in arrow_schema(contract)]
    return pa.schema([*fields, pa.field(RECEIPT, pa.string()), pa.field(ROW_NUMBER, pa.int64())])


def _batches(part: Path | pa.Table, contract: Contract, receipt: str) -> Iterable[pa.Table]:
    schema = _schema(contract)
    tables = (
        (pa.Table.from_batches([batch]) for batch in pq.ParquetFile(part).iter_batches(200_000))
        if isinstance(part, Path)
        else iter([part])
    )
    for table in tables:
        rows = _with_columns(table, contract)
        named = rows.append_column(RECEIPT, pa.array([receipt] * table.num_rows, pa.string()))
        yield named.append_column(ROW_NUMBER, table.column(ROW_NUMBER)).cast(schema)


def _with_columns(table: pa.Table, contract: Contract) -> pa.Table:
    """Exactly the contract's columns; one that the table does not have is empty."""
    have: Mapping[str, int] = {name: place for place, name in enumerate(table.column_names)}
    nothing = pa.nulls(table.num_rows)
    return pa.table({name: table.column(have[name]) if name in have else nothing for name in contract.column_names})


def as_facts(taken: TakenIn, settled: Settled) -> dict[str, object]:
    """What the steward sees of one standing file."""
    return {
        "indiener": taken.deliverer,
        "periode": taken.period,
        "ontvangstbewijs": taken.id,
        "ontvangen": taken.received_at[:10],
        "rijen": taken.rows_accepted + len(settled.released),
        "afgekeurd": taken.rows_refused,
        "vrijgegeven": len(settled.released),
        "terzijde gelegd": len(settled.discarded),
    }

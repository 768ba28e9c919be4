"""Files as deliverers hand them in: textile declarations in every form, and a counter to hand them in at.

Not here: what a faulty file looks like; that stands with the test that names the fault.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from assets.deliveries.book import Book
from assets.deliveries.taking_in import Counter, take_in
from assets.sources.archive import Archive
from contracts.delivery_contract import delivery
from publish.receipt import Receipt

TEXTILE = "declarations_textile"
MOMENT = "2026-11-21T03:00:00Z"
COLUMNS = delivery(TEXTILE).contract.column_names
Row = dict[str, object]


@dataclass(frozen=True)
class Parts:
    """What became of a thousand kilograms that a producer put on the market."""

    collected: float = 0.4
    reused: float = 0.03
    reused_nl: float = 0.02
    recycled: float = 0.24
    fibre: float = 0.06
    recovered: float = 0.05
    disposed: float = 0.04
    exported: float = 0.1


def declared(
    producer: int, category: str = "consumer_clothing", market: float = 100_000.0, *, period: str = "2025",
    parts: Parts | None = None, **other: object,
) -> Row:  # fmt: skip
    """One good row: weights in kilograms follow from what was put on the market."""
    p = parts or Parts()
    weights = {
        "put_on_market_kg": market,
        "collected_kg": market * p.collected,
        "stock_change_kg": 0.0,
        "prepared_for_reuse_kg": market * p.reused,
        "reused_in_nl_kg": market * p.reused_nl,
        "recycled_kg": market * p.recycled,
        "fibre_to_fibre_kg": market * p.fibre,
        "recovered_kg": market * p.recovered,
        "disposed_kg": market * p.disposed,
        "exported_kg": market * p.exported,
    }
    row: Row = {
        "deliverer": "upv_textiel",
        "period": period,
        "producer": f"{producer:08}",
        "producer_name": f"Producent {producer} B.V.",
        "category": category,
        **{name: round(weight, 3) for name, weight in weights.items()},
    }
    return {**row, **other}


def good_rows(count: int, *, period: str = "2025", market: float = 100_000.0) -> list[Row]:
    """Rows of `count` producers, each of another size."""
    return [declared(number, market=market + 1_000 * number, period=period) for number in range(1, count + 1)]


def as_csv(rows: Iterable[Mapping[str, object]], columns: Sequence[str] = COLUMNS, delimiter: str = ",") -> bytes:
    """Rows as CSV with a decimal point."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(columns), delimiter=delimiter, lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: row.get(name, "") for name in columns} for row in rows)
    return text.getvalue().encode()


def as_xlsx(rows: Iterable[Mapping[str, object]], path: Path, columns: Sequence[str] = COLUMNS) -> Path:
    """Rows as a workbook of one sheet."""
    from openpyxl import Workbook

    book = Workbook()
    book.active.append(list(columns))
    for row in rows:
        book.active.append([row.get(name) for name in columns])
    book.save(path)
    return path


def as_parquet(rows: Sequence[Mapping[str, object]], path: Path) -> Path:
    """Rows as Parquet, numbers as numbers."""
    pq.write_table(pa.Table.from_pylist([dict(row) for row in rows]), path)
    return path


def as_package(rows: Iterable[Mapping[str, object]], folder: Path) -> Path:
    """Rows as a folder with a data package."""
    folder.mkdir(parents=True)
    (folder / "rows.csv").write_bytes(as_csv(rows))
    descriptor = {"name": "opgave", "resources": [{"name": TEXTILE, "path": "rows.csv"}]}
    (folder / "datapackage.json").write_text(json.dumps(descriptor), encoding="utf-8")
    return folder


def counter(home: Path, moment: str = MOMENT) -> Counter:
    """Where files are handed in under a home."""
    return Counter(Archive(home / "archive"), Book(home / "deliveries"), moment)


def handed_in(
    at: Counter, folder: Path, rows: Sequence[Row], name: str = "opgave.csv", moment: str | None = None
) -> Receipt:
    """Hands rows in as CSV and returns the receipt."""
    path = folder / name
    path.write_bytes(as_csv(rows))
    return take_in(replace(at, moment=moment) if moment else at, path, delivery(TEXTILE))

"""Reading delivered files: CPU seconds and peak memory of a process that reads one, for every form.

Each measurement is a process of its own, because peak memory is that of a process. Imports are in it.
To reach: CSV of 1 million rows under 8 CPU s and 600 MB; Parquet of 10 million rows under 1.5 GB; XLSX of 100,000 rows
under 10 CPU s. Not here: a limit that fails a test.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import xlsxwriter

ROOT = Path(__file__).parents[2]
DELIVERY = "declarations_textile"
WEIGHTS = (
    "put_on_market_kg", "collected_kg", "stock_change_kg", "prepared_for_reuse_kg", "reused_in_nl_kg", "recycled_kg",
    "fibre_to_fibre_kg", "recovered_kg", "disposed_kg", "exported_kg",
)  # fmt: skip
CATEGORIES = ("Consumentenkleding", "Bedrijfskleding", "Tafel-, bed- en huishoudlinnen")
TO_REACH = {"csv": "8 CPU s, 600 MB", "parquet": "1500 MB", "xlsx": "10 CPU s"}
_READ = """
import os, re, sys, tempfile
from pathlib import Path
from assets.deliveries.delivered_file import Limits
from assets.deliveries.reading.read_file import read_file
from contracts.delivery_contract import delivery
with tempfile.TemporaryDirectory() as folder:
    found = read_file(Path(sys.argv[1]), delivery(sys.argv[2]), Path(folder), Limits())
    used = os.times()
    # not ru_maxrss: that of a child begins with the size of the process that started it
    peak = re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())
    print(found.rows_in, used.user + used.system, int(peak[1]) / 1024)
"""


def declarations(first: int, rows: int) -> pa.Table:
    """Rows of a declaration as its template has them: a producer a row, categories by label, ten weights."""
    rng = np.random.default_rng(first)
    columns: dict[str, Any] = {
        "deliverer": pa.repeat("upv_textiel", rows),
        "period": pa.repeat("2025", rows),
        "producer": pa.array([f"{number:08d}" for number in range(first, first + rows)]),
        "producer_name": pa.array([f"Producent {number % 5000}" for number in range(first, first + rows)]),
        "category": pa.array(np.array(CATEGORIES)[rng.integers(0, 3, rows)]),
    }
    columns |= {name: pa.array(np.round(rng.lognormal(8, 2, rows), 2)) for name in WEIGHTS}
    return pa.table(columns)


def write_csv(path: Path, rows: int) -> None:
    """With a decimal comma and semicolons, as a Dutch spreadsheet saves it."""
    with path.open("wb") as handle:
        for first in range(0, rows, 250_000):
            table = declarations(first, min(250_000, rows - first))
            body = pa.BufferOutputStream()
            options = pacsv.WriteOptions(include_header=first == 0, delimiter=";", quoting_style="needed")
            pacsv.write_csv(table, body, options)
            handle.write(body.getvalue().to_pybytes().replace(b".", b","))


def write_parquet(path: Path, rows: int) -> None:
    """Typed, in row groups of a million."""
    writer = None
    for first in range(0, rows, 1_000_000):
        table = declarations(first, min(1_000_000, rows - first))
        writer = writer or pq.ParquetWriter(path, table.schema, compression="zstd")
        writer.write_table(table)
    if writer is not None:
        writer.close()


def write_xlsx(path: Path, rows: int) -> None:
    """With shared texts, as spreadsheets save it."""
    table = declarations(0, rows)
    book = xlsxwriter.Workbook(str(path))
    sheet = book.add_worksheet("Opgave")
    sheet.write_row(0, 0, table.column_names)
    for place, column in enumerate(table.columns):
        sheet.write_column(1, place, column.to_pylist())
    book.close()


WRITERS = {"csv": write_csv, "parquet": write_parquet, "xlsx": write_xlsx}


def measure(form: str, rows: int) -> dict[str, float]:
    """Rows read, CPU seconds and peak megabytes of one process that reads a file of this form."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "delivered"
        WRITERS[form](path, rows)
        command = [sys.executable, "-c", _READ, str(path), DELIVERY]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        printed = subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout.split()
        size = path.stat().st_size / 1e6
    return {
        "rows": float(printed[0]),
        "file_mb": round(size, 1),
        "cpu_s": round(float(printed[1]), 2),
        "peak_mb": round(float(printed[2]), 0),
    }


def main(arguments: list[str] | None = None) -> int:
    """Prints one JSON line a form; `csv=1000` and the like choose other sizes."""
    sizes = {"csv": 1_000_000, "parquet": 10_000_000, "xlsx": 100_000}
    chosen = dict(word.split("=") for word in arguments or ())
    for form, rows in ({form: int(rows) for form, rows in chosen.items()} or sizes).items():
        print(json.dumps({"form": form, **measure(form, rows), "to_reach": TO_REACH[form]}))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

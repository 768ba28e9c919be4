"""The audit of a delivered file: CPU seconds and memory, on generated declarations of which one in a hundred is wrong.

`measure_audit(rows)` gives one size, from a process of its own; run the module with the numbers of rows to measure.
Not here: reading the file, or a limit that fails a test. The figures to reach are printed beside the measured ones.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from contracts.contract import Contract
from contracts.delivery_contract import delivery
from contracts.row_audit import audit_rows

ROW_GROUP = 1_000_000
TO_REACH = "1 million rows under 12 CPU s and 1 GB; 10 million rows under 3 GB"
CATEGORIES = ("consumer_clothing", "work_wear", "household_textile")
WEIGHTS = {
    "put_on_market_kg": 1.0, "collected_kg": 0.6, "prepared_for_reuse_kg": 0.2, "recycled_kg": 0.2,
    "recovered_kg": 0.1, "disposed_kg": 0.05, "exported_kg": 0.3,
}  # fmt: skip


def contract() -> Contract:
    """The declarations of a chain table: sixteen columns, a key of four, and every kind of rule that a delivery has."""
    return delivery("declarations_textile").contract


def generate(path: Path, rows: int) -> None:
    """Writes `rows` rows of text, one in a hundred with a fault and one in a hundred a repeat of the row a thousand
    before; the same every time."""
    rng = np.random.default_rng(20261128)
    writer = None
    names = contract().column_names
    for start in range(0, rows, ROW_GROUP):
        count = min(ROW_GROUP, rows - start)
        number = np.arange(start, start + count)
        whole = np.round(rng.lognormal(9, 1.5, count), 1)
        cells: dict[str, pa.Array] = {
            "deliverer": pa.array(["upv_textiel"] * count),
            "period": pa.array(["2024"] * count),
            "producer": pa.array(np.char.zfill((number // len(CATEGORIES)).astype(str), 8)),
            "category": pa.DictionaryArray.from_arrays(
                pa.array(number % len(CATEGORIES), pa.int32()), pa.array(CATEGORIES)
            ).cast(pa.string()),
            "producer_name": pa.array(np.char.add("Producent ", (number // len(CATEGORIES)).astype(str))),
        }
        for name, share in WEIGHTS.items():
            cells[name] = pa.array(np.round(whole * share, 1), pa.float64()).cast(pa.string())
        table = pa.table({name: cells.get(name, pa.nulls(count, pa.string())) for name in names})
        kinds = rng.integers(0, 100, count)
        faulty = kinds == 0
        wrong = pa.array(np.where(number % 2 == 0, "12 kg", "-5"))
        place = names.index("collected_kg")
        values = pa.compute.if_else(pa.array(faulty), wrong, table.column(place))
        table = table.set_column(place, "collected_kg", values)
        repeats = (kinds == 1) & (np.arange(count) >= 1000) & np.roll(kinds != 1, 1000)
        table = table.take(pa.array(np.where(repeats, np.arange(count) - 1000, np.arange(count))))
        table = table.add_column(0, "row_number", pa.array(number + 2, pa.int64()))
        writer = writer or pq.ParquetWriter(path, table.schema, compression="zstd")
        writer.write_table(table)
    if writer is not None:
        writer.close()


def measure(path: Path, folder: Path) -> dict[str, float]:
    """CPU seconds of the audit of the rows in `path`, and the most memory that this process has held. Great
    Expectations is imported before the clock starts."""
    warm, held, rows = folder / "warm.parquet", contract(), pq.read_metadata(path).num_rows
    generate(warm, 2_000)
    audit_rows(warm, held, folder / "warm")
    before = os.times()
    verdict = audit_rows(path, held, folder / "out").verdict
    after = os.times()
    if verdict.rows_accepted + verdict.rows_refused + verdict.exact_duplicates != rows:
        raise SystemExit("rows in are not accepted, refused and repeats together")
    return {
        "rows": float(rows),
        "audit_cpu_s": round(after.user + after.system - before.user - before.system, 1),
        "audit_wall_s": round(after.elapsed - before.elapsed, 1),
        "refused": float(verdict.rows_refused),
        "repeats": float(verdict.exact_duplicates),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 0),
    }


def measure_audit(rows: int) -> dict[str, float]:
    """The figures of one size, from a process of its own: another has made the rows."""
    with tempfile.TemporaryDirectory() as name:
        for step in ("--make", "--measure"):
            command = [sys.executable, __file__, step, str(rows), name]
            done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        figures: dict[str, float] = json.loads(done.stdout)
        return figures


def main(arguments: list[str]) -> int:
    """Prints one JSON line for each number of rows: 1 million unless given; 10000000 takes some minutes."""
    if arguments[:1] in (["--make"], ["--measure"]):
        folder = Path(arguments[2])
        path = folder / "rows.parquet"
        if arguments[0] == "--make":
            generate(path, int(arguments[1]))
        else:
            print(json.dumps(measure(path, folder)))
        return 0
    for rows in [int(word) for word in arguments] or [1_000_000]:
        print("  " + json.dumps(measure_audit(rows)))
    print("  to reach: " + TO_REACH)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""What a large delivery costs from the file to the receipt: archived, read, audited, answered.

`python tests/bench/deliveries_whole.py csv=1000000 parquet=10000000`. To reach: a million rows of CSV under 30 CPU
seconds and 1.5 GB, ten million of Parquet under 4 GB. Not here: reading or the audit alone (`deliveries_reading.py`,
`deliveries.py`), whose generated rows with one per cent of faults these are.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from types import ModuleType

import pyarrow.csv as pacsv
import pyarrow.parquet as pq

ROOT = Path(__file__).parents[2]
DELIVERY = "declarations_textile"
TO_REACH = {"csv": "30 CPU s, 1500 MB", "parquet": "4000 MB"}
_TAKE_IN = """
import os, re, sys
from pathlib import Path
from assets.deliveries.book import Book
from assets.deliveries.delivered_file import Limits
from assets.deliveries.taking_in import Counter, take_in
from assets.sources.archive import Archive
from contracts.delivery_contract import delivery
home = Path(sys.argv[2])
counter = Counter(Archive(home / "archive"), Book(home / "deliveries"), "2026-11-22T03:00:00Z", Limits())
receipt = take_in(counter, Path(sys.argv[1]), delivery(sys.argv[3]))
used = os.times()
peak = re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())
print(receipt.rows_in, receipt.rows_accepted, receipt.rows_refused, receipt.exact_duplicates,
      used.user + used.system, int(peak[1]) / 1024)
"""


def measure(form: str, rows: int) -> dict[str, float]:
    """Rows in, accepted, refused and repeated, CPU seconds and peak megabytes of one process that takes a file in."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / f"declarations.{form}"
        _write(path, form, rows)
        command = [sys.executable, "-c", _TAKE_IN, str(path), f"{name}/home", DELIVERY]
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "GX_ANALYTICS_ENABLED": "false"}
        printed = subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout.split()
        size = path.stat().st_size / 1e6
    names = ("rows", "accepted", "refused", "duplicates", "cpu_s", "peak_mb")
    return {"file_mb": round(size, 1)} | {key: round(float(text), 1) for key, text in zip(names, printed, strict=True)}


def _write(path: Path, form: str, rows: int) -> None:
    """The rows of the audit's bench, as the file that would be handed in."""
    made = path.with_suffix(".made")
    _audit_bench().generate(made, rows)
    source = pq.ParquetFile(made)
    columns = [column for column in source.schema_arrow.names if column != "row_number"]
    schema = source.schema_arrow.remove(source.schema_arrow.get_field_index("row_number"))
    if form == "csv":
        with pacsv.CSVWriter(path, schema) as writer:
            for batch in source.iter_batches(250_000, columns=columns):
                writer.write_batch(batch)
    else:
        with pq.ParquetWriter(path, schema, compression="zstd") as parquet:
            for batch in source.iter_batches(250_000, columns=columns):
                parquet.write_batch(batch)
    made.unlink()


def _audit_bench() -> ModuleType:
    spec = importlib.util.spec_from_file_location("deliveries", Path(__file__).with_name("deliveries.py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main(arguments: list[str]) -> int:
    """Prints one JSON line a form."""
    sizes = dict(word.split("=") for word in arguments) or {"csv": "1000000"}
    for form, rows in sizes.items():
        print(json.dumps({"form": form, **measure(form, int(rows)), "to_reach": TO_REACH[form]}), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""A month of COMEXT of five million lines, from the line into the archive and from there to Parquet: CPU seconds and
memory, in its own process.

`measure_comext(lines)` makes a file in the true form (as large as that of December 2025: 4.9 million lines, 400 MB),
packs it by LZMA2 and reads it with the products and reporters of `comext_months`. Making and packing are not measured.
Not here: a limit that fails a test. The limits (60 s, 600 MB) are those that `make bench` prints beside the figures.
"""

from __future__ import annotations

import json
import lzma
import struct
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv

from assets.sources.comext import COLUMNS
from assets.sources.comext_products import wanted_rows
from contracts.contract import source_contract

LIMIT_CPU_SECONDS, LIMIT_MEGABYTES = 60.0, 600.0
PERIOD = "202512"
REPORTERS = (
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT", "LT", "LU", "LV",
    "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
)  # fmt: skip
_BLOCK = 500_000

_READER = r"""
import json, re, sys, time
from pathlib import Path
from assets.sources.archive import Archive
from assets.sources.comext import pack, parquet_bytes, KeptFile
from assets.sources.comext_month import read_month
from assets.sources.comext_products import wanted_rows
from assets.sources.received import Received
from contracts.contract import source_contract

wanted = wanted_rows(source_contract("comext_months"))
received = Received(Archive(Path(sys.argv[1]).parent / "archive"), "comext_months", "2026-02-14T11:00:00Z")
began = time.process_time()
with open(sys.argv[1], "rb") as line, received.file() as coming:
    # in the pieces in which they come over the line
    while piece := line.read(1 << 18):
        coming.write(piece)
    record = received.taken(coming, "loopback", None)
archived = time.process_time() - began
with received.archive.mapped(record) as packed:
    month = read_month(packed, "202512", wanted)
parquet = parquet_bytes(month.rows)
kept = KeptFile("202512", "full_v2_202512.7z", 1, None, "", "", month.lines, month.rows.num_rows, wanted.digest)
body = pack([(kept, parquet)])
spent = time.process_time() - began
# not the peak of getrusage, which begins with that of the process that started this one
most = int(re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())[1]) / 1024
print(json.dumps({"lines": month.lines, "rows_kept": month.rows.num_rows, "parquet_mb": round(len(parquet) / 1e6, 2),
                  "cpu_seconds": round(spent, 1), "of_which_archiving": round(archived, 2), "peak_mb": round(most)}))
"""


def measure_comext(lines: int = 4_902_194) -> dict[str, Any]:
    """Lines, rows kept, CPU seconds and peak memory (MB) of one month."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"full_v2_{PERIOD}.7z"
        unpacked = _write_month(path, lines)
        packed = path.stat().st_size
        said = subprocess.run(
            [sys.executable, "-c", _READER, str(path)], check=True, capture_output=True, text=True
        ).stdout
    return {"text_mb": round(unpacked / 1e6, 1), "packed_mb": round(packed / 1e6, 1), **json.loads(said)}


def _write_month(path: Path, lines: int) -> int:
    """A 7z file with one text, written block by block; returns the size of the text."""
    packer = lzma.LZMACompressor(
        lzma.FORMAT_RAW, filters=[{"id": lzma.FILTER_LZMA2, "preset": 1, "dict_size": 1 << 24}]
    )
    unpacked = packed = crc = 0
    with path.open("wb") as file:
        file.seek(32)
        for text in _texts(lines):
            unpacked, crc = unpacked + len(text), zlib.crc32(text, crc)
            packed += file.write(packer.compress(text))
        packed += file.write(packer.flush())
        name = b"\0" + f"full_{PERIOD}.dat".encode("utf-16-le") + b"\0\0"
        header = b"\x01\x04\x06\x00\x01\x09\xff" + struct.pack("<Q", packed) + b"\x00"
        header += b"\x07\x0b\x01\x00\x01\x21\x21\x01\x18\x0c\xff" + struct.pack("<Q", unpacked) + b"\x00"
        header += b"\x08\x0a\x01" + struct.pack("<I", crc) + b"\x00\x00"
        header += b"\x05\x01\x11" + bytes([len(name)]) + name + b"\x00\x00"
        file.write(header)
        start = struct.pack("<QQI", packed, len(header), zlib.crc32(header))
        file.seek(0)
        file.write(b"7z\xbc\xaf\x27\x1c\x00\x04" + struct.pack("<I", zlib.crc32(start)) + start)
    return unpacked


def _texts(lines: int) -> Iterator[bytes]:
    """The header and the lines, sorted by reporter, partner and product as COMEXT sorts them."""
    chance = np.random.default_rng(20251101)
    others = np.char.zfill(chance.choice(np.arange(1_012_100, 97_060_000), 10_000, replace=False).astype(str), 8)
    headings = chance.choice(np.array(wanted_rows(source_contract("comext_months")).prefixes), 3000)
    ours = np.char.ljust(np.char.add(headings, chance.integers(1000, 9999, 3000).astype(str)), 8, "0")
    products = np.unique(np.concatenate([others, ours]))
    partners = np.array([first + second for first in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" for second in "ABCDEFGHI"])
    reporters = np.array(REPORTERS)
    who = np.sort(chance.integers(0, len(reporters), lines))
    with_whom, what = chance.integers(0, len(partners), lines), chance.integers(0, len(products), lines)
    order = np.lexsort((what, with_whom, who))
    yield (",".join(COLUMNS) + "\n").encode()
    for at in range(0, lines, _BLOCK):
        one = order[at : at + _BLOCK]
        product, count = products[what[one]], len(one)
        value = chance.lognormal(8, 3, count).astype(np.int64)
        counted = what[one] % 3 == 0
        cells = [
            reporters[who[one]], partners[with_whom[one]], np.where(with_whom[one] % 3 == 0, "I", "E"), product,
            np.char.add(product.astype("U4"), "9"), product.astype("U4"), product.astype("U4"), product.astype("U3"),
            np.char.add(product.astype("U4"), "10"), product.astype("U2"),
            np.where(chance.random(count) < 0.45, "1", "2"),
            np.where(chance.random(count) < 0.97, "1", "3"), np.where(counted, "PST", "NO_SU"), np.full(count, PERIOD),
            value, value, value // 5, np.where(counted, value // 15, 0),
        ]  # fmt: skip
        sink = pa.BufferOutputStream()
        table = pa.table(dict(zip(COLUMNS, cells, strict=True)))
        pa_csv.write_csv(table, sink, pa_csv.WriteOptions(include_header=False, quoting_style="none"))
        yield sink.getvalue().to_pybytes()


if __name__ == "__main__":
    found = measure_comext()
    limits = {"limit_cpu_seconds": LIMIT_CPU_SECONDS, "limit_mb": LIMIT_MEGABYTES}
    sys.stdout.write(json.dumps({**found, **limits}) + "\n")

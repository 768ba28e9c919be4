"""What it costs to fetch: five million rows of SDMX-CSV from a server on this machine into typed Parquet, and a night
in which nothing is new.

Here: measuring. Printed by `bench.py`; nothing is asserted.
"""

from __future__ import annotations

import resource
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROWS = 5_000_000


@dataclass(frozen=True)
class Measured:
    """One measurement: CPU seconds of this process (one core), what went in, and the peak of memory of the process."""

    what: str
    cpu_s: float
    wall_s: float
    megabytes: float
    rows: int
    peak_mb: float

    def sentence(self) -> str:
        """One line for a person."""
        said = f"{self.what}: {self.cpu_s:.2f} CPU s, {self.wall_s:.2f} s, peak of the process {self.peak_mb:.0f} MB"
        if not self.rows:
            return said
        a_minute = self.rows / self.cpu_s * 60 / 1e6
        return (
            f"{said}; {self.megabytes:.0f} MB, {self.megabytes / self.cpu_s:.0f} MB/s, {a_minute:.0f} million rows/min"
        )


def _measured(what: str, megabytes: float, rows: int, work: Callable[[], Any]) -> Measured:
    cpu, wall = time.process_time(), time.perf_counter()
    work()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Measured(what, time.process_time() - cpu, time.perf_counter() - wall, megabytes, rows, peak)


def generated_body(rows: int = ROWS) -> bytes:
    """A body of Eurostat with `rows` rows: layout and flags of env_waspac, codes that repeat as they do there."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.csv as pa_csv

    at = np.arange(rows)

    def repeated(codes: list[str], every: int) -> pa.Array:
        return pa.DictionaryArray.from_arrays(pa.array((at // every) % len(codes), pa.int32()), pa.array(codes)).cast(
            pa.string()
        )

    years = [str(year) for year in range(1997, 2025)]
    geos = ["NL", "EU27_2020", "BE", "DE", "FR", "DK", "SE", "IT"]
    table = pa.table(
        {
            "DATAFLOW": pa.repeat("ESTAT:ENV_WASPAC(1.0)", rows),
            "LAST UPDATE": pa.repeat("27/02/25 23:00:00", rows),
            "freq": pa.repeat("A", rows),
            "waste": repeated(["W1501", "W150101", "W150102", "W150103", "W150104", "W150107"], 28 * 8),
            "wst_oper": repeated(["GEN", "RCV", "RCY", "RCY_NAT"], 28 * 8 * 6),
            "unit": repeated(["T", "KG_HAB", "PC"], 28 * 8 * 6 * 4),
            "geo": repeated(geos, 28),
            "TIME_PERIOD": repeated(years, 1),
            "OBS_VALUE": pa.array((at * 37 % 900_000) / 10).cast(pa.string()),
            "OBS_FLAG": repeated(["", "", "", "e", "", "bp", "", ""], 5),
            "CONF_STATUS": pa.repeat("", rows),
        }
    )
    out = pa.BufferOutputStream()
    pa_csv.write_csv(table, out, pa_csv.WriteOptions(quoting_style="none"))
    body: bytes = out.getvalue().to_pybytes()
    return body


def measure_eurostat(rows: int = ROWS) -> list[Measured]:
    """From the wire (loopback) to the archive, and from there to typed Parquet, on one core; and an unchanged night."""
    import pyarrow as pa

    from assets.sources.archive import Archive
    from assets.sources.embedded_edition import EMBEDDED
    from assets.sources.fetch import FetchSettings, fetch_all
    from contracts.contract import source_contract, source_names
    from tests.servers.eurostat import PlayedEurostat, Sent, serving

    pa.set_cpu_count(1)
    body = generated_body(rows)
    size = len(body) / 1e6
    found = []
    tables = {
        name: (EMBEDDED / "eurostat" / f"{name}.csv").read_bytes()
        for name in source_names()
        if source_contract(name).get("sourceKind") == "eurostat"
    }
    with tempfile.TemporaryDirectory() as folder, serving(PlayedEurostat(tables)) as service:
        archive, settings = Archive(Path(folder)), FetchSettings(service.url, "Ketenmonitor bench")
        service.updated = dict.fromkeys(tables, "01.02.2003")
        service.always["/data/ENV_WASPAC/"] = Sent(body, kind="text/csv")
        at = "2026-11-20T03:00:00Z", "2026-11-21T03:00:00Z"

        def fetched(moment: str, *names: str) -> None:
            wrong = [
                item.sentence()
                for item in fetch_all(names, archive, settings, moment, lambda _: None)
                if item.outcome not in ("fetched", "unchanged", "not_newer")
            ]
            assert not wrong, wrong

        found.append(_measured("fetched and archived", size, rows, lambda: fetched(at[0], "env_waspac")))
        found.append(_measured("body to typed Parquet", size, rows, lambda: _typed_parquet(archive, Path(folder))))
        fetched(at[0], *tables)
        found.append(_measured("a night in which nothing is new", 0.0, 0, lambda: fetched(at[1], *tables)))
    return found


def _typed_parquet(archive: Any, folder: Path) -> None:
    """What the night does with a body, but for the audit: read back, parsed, given its types, written."""
    import pyarrow.parquet as pq

    from assets.sources.reading import parsed
    from contracts.arrow import cast
    from contracts.contract import source_contract

    contract = source_contract("env_waspac")
    record = archive.records("env_waspac")[-1]
    assert record.origin == "live"
    table, unreadable = cast(parsed(archive.read(record), contract), contract)
    assert not unreadable
    pq.write_table(table, folder / "typed.parquet", compression="zstd", compression_level=3, store_schema=False)


if __name__ == "__main__":
    for measured in measure_eurostat():
        print(measured.sentence())

"""The audit of large tables, as a ratio: to a bare DuckDB pass over all columns, and to Great Expectations over pandas.

`measure(rows)` gives CPU seconds and the two ratios; seconds depend on the machine, ratios hardly do.
Not here: a limit that fails a test. The limits (3 and 1/10) are those that `make bench` prints beside the figures.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from contracts.contract import Contract, Rule, read_contract
from contracts.parquet_audit import audit_parquet

LIMIT_TO_BARE_PASS = 3.0
LIMIT_TO_GREAT_EXPECTATIONS = 0.1
ROW_GROUP = 1_000_000
# the key is geo, measure, year, unit, id: sorted in that order, as our own Parquet is
GEOS, MEASURES = 30, 20
YEARS = range(1995, 2025)

CONTRACT = """\
apiVersion: v3.1.0
kind: DataContract
id: bench.observations
version: 1.0.0
status: active
customProperties:
  - {property: titleNl, value: Gemaakte waarnemingen}
  - {property: titleEn, value: Generated observations}
  - {property: descriptionNl, value: Alleen om te meten.}
  - {property: descriptionEn, value: For measuring only.}
  - {property: oneRowNl, value: Eén rij is één waarneming.}
  - {property: oneRowEn, value: One row is one observation.}
schema:
  - name: observations
    properties:
      - {name: geo, logicalType: string, required: true, primaryKey: true, primaryKeyPosition: 1,
         customProperties: [{property: codeList, value: geo}]}
      - {name: measure, logicalType: string, required: true, primaryKey: true, primaryKeyPosition: 2,
         customProperties: [{property: codeList, value: measure}]}
      - {name: year, logicalType: integer, required: true, primaryKey: true, primaryKeyPosition: 3,
         logicalTypeOptions: {minimum: 1960, maximum: 2100}}
      - {name: unit, logicalType: string, required: true, primaryKey: true, primaryKeyPosition: 4,
         customProperties: [{property: codeList, value: unit}]}
      - {name: id, logicalType: integer, required: true, primaryKey: true, primaryKeyPosition: 5,
         logicalTypeOptions: {minimum: 0},
         customProperties:
           [{property: titleNl, value: Nummer}, {property: titleEn, value: Number},
            {property: descriptionNl, value: Volgnummer.}, {property: descriptionEn, value: Sequence number.}]}
      - {name: value, logicalType: number, logicalTypeOptions: {minimum: 0}}
      - {name: obs_status, logicalType: string, required: true,
         customProperties: [{property: codeList, value: obs_status}]}
      - {name: flags, logicalType: string, logicalTypeOptions: {pattern: "[bcdefimnpsuz]+"}}
    quality:
      - {metric: rowCount, mustBeGreaterOrEqualTo: 1}
      - type: custom
        engine: ketenmonitor
        name: empty_exactly_when
        implementation: {rule: emptyExactlyWhen, column: value, other: obs_status, values: [L, M, O, Q]}
"""


def contract(folder: Path) -> Contract:
    """The contract of the generated table: eight columns, two of them code lists, a key of five columns."""
    path = folder / "bench.odcs.yaml"
    path.write_text(CONTRACT, encoding="utf-8")
    return read_contract(path)


def generate(path: Path, rows: int) -> None:
    """Writes `rows` faultless rows, sorted by key, in row groups of a million. The same rows every time."""
    from contracts.vocabulary import load_codelist

    geos = sorted(load_codelist("geo").values())[:GEOS]
    measures = sorted(load_codelist("measure").values())[:MEASURES]
    units = ["kt", "t"]
    cells = len(geos) * len(measures) * len(YEARS) * len(units)
    repeats = -(-rows // cells)
    rng = np.random.default_rng(20261121)

    def text(codes: Any, words: list[str | None]) -> pa.Array:
        return pa.DictionaryArray.from_arrays(pa.array(codes, pa.int32()), pa.array(words, pa.string())).cast(
            pa.string()
        )

    writer = None
    for start in range(0, rows, ROW_GROUP):
        row = np.arange(start, min(start + ROW_GROUP, rows))
        cell, unit = row // repeats // len(units), row // repeats % len(units)
        series, year = cell // len(YEARS), cell % len(YEARS)
        value = np.round(rng.lognormal(8, 3, len(row)), 2)
        empty = rng.random(len(row)) < 0.03
        table = pa.table({
            "geo": text(series // len(measures), list(geos)),
            "measure": text(series % len(measures), list(measures)),
            "year": pa.array(YEARS[0] + year, pa.int64()),
            "unit": text(unit, list(units)),
            "id": pa.array(row % repeats, pa.int64()),
            "value": pa.array(value, pa.float64(), mask=empty),
            "obs_status": text(np.where(empty, 1, rng.integers(0, 2, len(row)) * 2), ["A", "L", "E"]),
            "flags": text(rng.integers(0, 6, len(row)), [None, None, None, "b", "be", "p"]),
        })  # fmt: skip
        writer = writer or pq.ParquetWriter(path, table.schema, compression="zstd", compression_level=3)
        writer.write_table(table)
    if writer is not None:
        writer.close()


def bare_pass(path: Path, threads: int = 2) -> None:
    """The floor: DuckDB reads every column once, for its count, minimum and maximum."""
    names = pq.read_schema(path).names
    wanted = ", ".join(f'count("{n}"), min("{n}"), max("{n}")' for n in names)
    with duckdb.connect(":memory:") as connection:
        connection.execute(f"SET threads = {threads}")
        connection.execute(f"SELECT {wanted} FROM read_parquet('{path}')").fetchall()


def great_expectations_over_pandas(path: Path, held: Contract) -> None:
    """The same rules, one by one, by Great Expectations over a pandas frame."""
    from contracts.audit import _frame_for_suite
    from contracts.expectations import judge_rows
    from contracts.rule_sql import connect

    rules: list[Rule] = [rule for rule in held.rules if rule.per_row]
    connection = connect()
    findings = judge_rows(_frame_for_suite(pq.read_table(path), rules, connection), rules)
    connection.close()
    assert all(finding.passed for finding in findings.values())


def _cpu_seconds(work: Callable[[], object]) -> float:
    before = os.times()
    work()
    after = os.times()
    return after.user + after.system - before.user - before.system


def measure(rows: int) -> dict[str, float]:
    """CPU seconds of the audit of `rows` rows and of the bare pass (best of three each), the ratio, and up to a million
    rows the ratio to Great Expectations over pandas. Imports are paid before the clock starts."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path, held = folder / "observations.parquet", contract(folder)
        generate(path, rows)
        warm = folder / "warm.parquet"
        generate(warm, 1_000)
        assert audit_parquet(warm, held).usable

        def audited() -> None:
            verdict = audit_parquet(path, held)
            assert verdict.usable and verdict.rows_accepted == rows, verdict.messages("error")

        bare = min(_cpu_seconds(lambda: bare_pass(path)) for _ in range(3))
        audit_seconds = min(_cpu_seconds(audited) for _ in range(3))
        found = {
            "rows": float(rows),
            "bare_pass_cpu_s": round(bare, 3),
            "audit_cpu_s": round(audit_seconds, 3),
            "ratio_to_bare_pass": round(audit_seconds / bare, 2),
        }
        if rows <= 1_000_000:
            suite = _cpu_seconds(lambda: great_expectations_over_pandas(path, held))
            found["great_expectations_cpu_s"] = round(suite, 3)
            found["ratio_to_great_expectations"] = round(audit_seconds / suite, 4)
        found["peak_mb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 0)
        return found


def main(arguments: list[str] | None = None) -> int:
    """Prints one JSON line for each number of rows (1 and 10 million unless given)."""
    for rows in [int(word) for word in arguments or ()] or [1_000_000, 10_000_000]:
        print(json.dumps(measure(rows)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

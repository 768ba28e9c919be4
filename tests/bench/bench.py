"""`make bench`: what a night costs as a process, who spends it, and what a large audit costs against a bare pass.

Prints CPU seconds, peak memory and ratios; asserts nothing, because a machine's speed is no property of the code. The
figures to reach stand beside what was measured.
"""

from __future__ import annotations

import argparse
import cProfile
import importlib.util
import json
import os
import pstats
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parents[1]

# Who spends it, by the folder of the code. The first match counts.
SPENDERS = (
    ("imports", ("importlib._bootstrap", "importlib/_bootstrap", "importlib/__init__")),
    ("Great Expectations", ("great_expectations", "marshmallow", "altair", "jsonschema")),
    ("Dagster and its storage", ("dagster", "sqlalchemy", "alembic", "grpc", "pydantic", "yaml")),
    ("pandas, pyarrow, DuckDB", ("pandas", "pyarrow", "duckdb", "numpy")),
    ("our own code", ("/contracts/", "/assets/", "/publish/", "/pipelines/")),
)


def _measured(command: list[str], environment: dict[str, str]) -> dict[str, float]:
    """Wall and CPU seconds and peak memory (MB) of one process."""
    start = time.perf_counter()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=ROOT)
    output = process.stdout.read() if process.stdout else b""
    _, status, usage = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status) != 0:
        raise SystemExit(f"{' '.join(command)} failed:\n{output.decode()}")
    return {
        "wall": time.perf_counter() - start,
        "cpu": usage.ru_utime + usage.ru_stime,
        "peak_mb": usage.ru_maxrss / 1024,
    }


def _night(home: Path) -> list[str]:
    return [sys.executable, "-m", "pipelines.cli", "nightly", "--offline", "--home", str(home)]


def _spender(filename: str) -> str:
    for name, marks in SPENDERS:
        if any(mark in filename for mark in marks):
            return name
    return "other"


def shares(profile: pstats.Stats) -> dict[str, float]:
    """Share of the profiled time per spender; a built-in counts for the code that called it, proportionally."""
    spent: dict[str, float] = {}
    for (filename, _, _), (_, _, own, _, callers) in profile.stats.items():  # type: ignore[attr-defined]
        if filename not in ("~", "<string>") and not filename.startswith("<frozen os"):
            spent[_spender(filename)] = spent.get(_spender(filename), 0.0) + own
            continue
        total = sum(caller[2] for caller in callers.values()) or 1.0
        for (calling, _, _), caller in callers.items():
            name = _spender(calling)
            spent[name] = spent.get(name, 0.0) + own * caller[2] / total
    whole = sum(spent.values()) or 1.0
    return {name: share / whole for name, share in sorted(spent.items(), key=lambda item: -item[1])}


def profile_night(home: Path, written: Path) -> None:
    """Runs one night in this process under the profiler."""
    profiler = cProfile.Profile()
    profiler.enable()
    from pipelines.cli import main

    main(["nightly", "--offline", "--home", str(home)])
    profiler.disable()
    profiler.dump_stats(written)


def _profiled(home: Path, folder: Path, environment: dict[str, str]) -> dict[str, float]:
    written = folder / "night.prof"
    _measured([sys.executable, str(Path(__file__)), "--profile", str(home), str(written)], environment)
    return shares(pstats.Stats(str(written)))


def _loaded(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, HERE / f"{name}.py")
    if spec is None or spec.loader is None:
        raise SystemExit(f"tests/bench/{name}.py is not there")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _published(home: Path) -> dict[str, tuple[int, int]]:
    found = {}
    for path in sorted((home / "published").rglob("*")):
        state = path.lstat()
        found[str(path)] = (state.st_mtime_ns, state.st_ino)
    return found


def main() -> None:
    """Runs everything and prints it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--profile", nargs=2, metavar=("HOME", "WRITTEN"), help=argparse.SUPPRESS)
    parser.add_argument("--rows", type=int, nargs="*", default=[1_000_000, 10_000_000], help="sizes of the large audit")
    parser.add_argument("--house", type=int, nargs=2, default=[50, 200], help="datasets, and releases of each")
    chosen = parser.parse_args()
    if chosen.profile:
        profile_night(Path(chosen.profile[0]), Path(chosen.profile[1]))
        return
    environment = {**os.environ, "GX_ANALYTICS_ENABLED": "false"}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        home = folder / "home"
        cold = _measured(_night(home), environment)
        before = _published(home)
        unchanged = _measured(_night(home), environment)
        touched = [path for path, state in _published(home).items() if before.get(path) != state]
        print("The night, as a process (offline, embedded edition)")
        for label, figures, limit in (("cold", cold, "60 CPU s, 1 GB"), ("nothing changed", unchanged, "25 CPU s")):
            print(
                f"  {label:<16} wall {figures['wall']:6.1f} s   CPU {figures['cpu']:6.1f} s"
                f"   peak {figures['peak_mb']:5.0f} MB   (to reach: under {limit})"
            )
        print(f"  a night without changes touched {len(touched)} paths under published/ (to reach: 0)")
        print("Who spends it (profiled; shares of the time)")
        for label, at in (("cold", folder / "profiled"), ("nothing changed", folder / "profiled")):
            found = _profiled(at, folder, environment)
            print(f"  {label:<16} " + ", ".join(f"{who} {share:.0%}" for who, share in found.items()))
        publishing = _loaded("publishing")
        costs = publishing.measure_packages(home, folder)
        print("Publishing (CPU seconds)")
        print(
            f"  releases of all packages {costs['releases']:.1f} s, catalogue and site {costs['site']:.1f} s"
            " (to reach: under 25 s together)"
        )
        print(
            f"  one changed figure: releases {costs['one_figure_releases']:.1f} s, "
            f"site {costs['one_figure_site']:.1f} s; "
            f"{costs['files_touched']:.0f} of {costs['files']:.0f} files touched"
        )
        house = publishing.measure_house(home, folder, *chosen.house)
        print(
            f"  {chosen.house[0]} datasets of {chosen.house[1]} releases: pointers {house['pointers']:.1f} s, "
            f"all pages for the first time {house['first']:.1f} s, "
            f"after one more release {house['one_more_release']:.1f} s"
            " (to reach: catalogue and indexes under 30 s)"
        )
    print("Fetching (CPU seconds, generated bodies)")
    print("  Eurostat SDMX-CSV " + json.dumps(_loaded("fetching").measure_eurostat()))
    print("  to reach: at least 20 MB/s on one core, 5 million rows a minute")
    print("  COMEXT month      " + json.dumps(_loaded("comext").measure_comext()))
    print("  to reach: 5 million rows under 60 CPU s and 600 MB")
    print("The audit of a large table (ratios of CPU time)")
    for rows in chosen.rows:
        print("  " + json.dumps(_loaded("large_audit").measure(rows)))
    print("  to reach: at most 3 times a bare DuckDB pass, at most 1/10 of Great Expectations over pandas")
    print("Disclosure control, the audit included (CPU seconds)")
    for found in _loaded("disclosure").measure():
        print("  " + json.dumps(found))
    print("  to reach: 20,000 cells under 30 s")


if __name__ == "__main__":
    main()

"""`make bench`: what a night costs as a process, who spends it, and what a large audit costs against a bare pass.

Prints CPU seconds, peak memory and ratios; asserts nothing, because a machine's speed is no property of the code. The
figures to reach stand beside what was measured.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
# what is measured may come from a played server of the tests
sys.path.insert(0, str(ROOT))


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


def _sampled(home: Path, folder: Path, environment: dict[str, str]) -> dict[str, float]:
    written = folder / "shares.json"
    _measured([sys.executable, str(HERE / "sampled.py"), str(written), *_night(home)[3:]], environment)
    return dict(json.loads(written.read_text()))


def _loaded(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, HERE / f"{name}.py")
    if spec is None or spec.loader is None:
        raise SystemExit(f"tests/bench/{name}.py is not there")
    module = importlib.util.module_from_spec(spec)
    # a dataclass looks its own module up
    sys.modules[name] = module
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
    parser.add_argument("--rows", type=int, nargs="*", default=[1_000_000, 10_000_000], help="sizes of the large audit")
    parser.add_argument("--house", type=int, nargs=2, default=[50, 200], help="datasets, and releases of each")
    chosen = parser.parse_args()
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
        print("Who spends it (samples of its CPU time, the loading of libraries included)")
        for label in ("cold", "nothing changed"):
            found = _sampled(folder / "sampled", folder, environment)
            print(f"  {label:<16} " + ", ".join(f"{who} {share:.0%}" for who, share in found.items()))
            dagster = found.get("Dagster and its storage", 0.0)
            if label == "cold":
                print(f"  Dagster in a night that makes everything: {dagster:.0%} (to reach: below 33 %)")
            else:
                print(f"  Dagster in a night in which there is nothing to make: {dagster:.0%} of its few seconds")
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
        year = _loaded("history").measure(home, folder)
        print(
            "365 nights of history, slowest seconds until what the newest says is read (to reach: asset page under 2 s)"
        )
        print("  " + (json.dumps(year) if year else "left out: no chromium or no playwright on this machine"))
    print("Fetching (CPU seconds, generated bodies)")
    for measured in _loaded("fetching").measure_eurostat():
        print(f"  Eurostat SDMX-CSV {measured.sentence()}")
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

"""Who spends the CPU time of a night: samples of the running code, by the library that it belongs to.

A tick of the process's own CPU clock looks at the stack. It counts for the innermost code that is ours or of a library
that we name; what the standard library and small libraries do counts for who called them, loading a library for that
library. Unlike a profiler that counts calls it does not slow down code of many small functions.
Run as a process: `python tests/bench/sampled.py WRITTEN nightly --offline --home HOME`.
Not here: what a night costs as a whole (`bench.py`).
"""

from __future__ import annotations

import json
import signal
import sys
from collections import Counter
from pathlib import Path
from types import FrameType

TICK_SECONDS = 0.002
DAGSTER = "Dagster and its storage"
#: By the name of the package. The first match counts.
SPENDERS = (
    ("Great Expectations", ("great_expectations", "marshmallow", "altair", "jsonschema", "referencing")),
    (DAGSTER, ("dagster", "dagster_shared", "dagster_pipes", "sqlalchemy", "alembic", "grpc", "pydantic", "yaml")),
    ("pandas, pyarrow, DuckDB", ("pandas", "pyarrow", "duckdb", "_duckdb", "numpy", "scipy")),
    ("other libraries", ("rdflib", "jinja2", "xlsxwriter", "frictionless", "requests", "lxml")),
)
_OWN = ("contracts", "assets", "publish", "pipelines")
_ROOT = Path(__file__).parents[2]


class Samples:
    """Ticks by spender."""

    def __init__(self) -> None:
        self.ticks: Counter[str] = Counter()
        self._known: dict[str, str] = {}

    def look(self, _: int, frame: FrameType | None) -> None:
        """One tick."""
        while frame is not None:
            file = frame.f_code.co_filename
            found = self._known.get(file)
            if found is None:
                found = self._known[file] = spender_of(file)
            if found:
                self.ticks[found] += 1
                return
            frame = frame.f_back
        self.ticks["Python itself"] += 1


def spender_of(file: str) -> str:
    """The spender that a file of code belongs to; empty where it counts for who called it."""
    parts = Path(file).parts
    if "site-packages" in parts:
        package = parts[parts.index("site-packages") + 1].removesuffix(".py")
        return next((name for name, packages in SPENDERS if package in packages), "")
    own = file.startswith(str(_ROOT)) and Path(file).relative_to(_ROOT).parts[0] in _OWN
    return "our own code" if own else ""


def main(written: Path, words: list[str]) -> int:
    """Runs a command of ours under the samples and writes the shares."""
    samples = Samples()
    signal.signal(signal.SIGPROF, samples.look)
    signal.setitimer(signal.ITIMER_PROF, TICK_SECONDS, TICK_SECONDS)
    from pipelines.cli import main as command

    code = command(words)
    signal.setitimer(signal.ITIMER_PROF, 0)
    whole = sum(samples.ticks.values()) or 1
    written.write_text(json.dumps({name: count / whole for name, count in samples.ticks.most_common()}))
    return code


if __name__ == "__main__":
    sys.path.insert(0, str(_ROOT))
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))

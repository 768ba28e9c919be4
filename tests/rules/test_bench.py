"""`make bench` can load every part that it calls, as the program that it is."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

BENCH = Path(__file__).parents[1] / "bench" / "bench.py"


def test_every_part_of_the_bench_loads_and_has_what_is_called() -> None:
    text = BENCH.read_text(encoding="utf-8")
    called = re.findall(r'_loaded\("(\w+)"\)\.(\w+)', text) + [
        (name, call)
        for variable, name in re.findall(r'(\w+) = _loaded\("(\w+)"\)', text)
        for call in re.findall(rf"\b{variable}\.(\w+)\(", text)
    ]
    assert {name for name, _ in called} >= {"fetching", "comext", "large_audit", "disclosure", "publishing", "history"}
    # from another folder, without the path that pytest gives
    checks = "; ".join(f"assert callable(bench._loaded({name!r}).{call})" for name, call in called)
    code = (
        f"import sys; sys.path.insert(0, {str(BENCH.parent)!r}); import bench; {checks}; import tests.servers.eurostat"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd="/", capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr

"""A night that is killed leaves a state from which the next one finishes with the same published bytes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
#: More points are tried by hand: python -m tests.faults.killed_night FOLDER CSV 60
POINTS = 3
RETURN = (
    "Indiener;Periode;Verkocht (stuks);Afgedankt, schatting (stuks);Ingezameld (stuks);"
    "Waarvan nat of vervuild (stuks);Gerecycled (stuks);Hergebruikt (stuks);Ingezameld (kg);Gerecycled (kg);"
    "Hergebruikt (kg);Nuttig toegepast (kg);Verbrand met energieterugwinning (kg);Verwijderd (kg)\n"
    "mrn;2025;1950000;1600000;1150000;120000;1020000;5000;24150000;19900000;105000;22300000;3600000;0\n"
)


def test_a_night_killed_at_any_point_is_finished_by_the_next_with_the_same_published_bytes(tmp_path: Path) -> None:
    csv = tmp_path / "mattresses.csv"
    csv.write_text(RETURN, encoding="utf-8")
    command = [sys.executable, "-m", "tests.faults.killed_night", str(tmp_path / "homes"), str(csv), str(POINTS)]
    told = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert told.returncode == 0, told.stderr[-2000:]
    outcomes = [json.loads(line) for line in told.stdout.splitlines()]
    assert len(outcomes) == POINTS
    for outcome in outcomes:
        assert outcome | {"killed": True, "finished": True, "same": True, "receipts": 1} == outcome

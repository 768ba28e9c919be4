"""Nights of one chain table with a delivery in the inbox that kill themselves at a given point. Run as a process.

A point is a call by which something appears on disk or is made to last (rename, link, sync): between two of them
nothing changes that another process can see. `python -m tests.faults.killed_night FOLDER CSV 40` tries forty points,
spread evenly, sends SIGKILL before or after the call, lets a second night finish, and says a line of JSON about each.
Not here: what must be true of the outcomes (`test_killed_night.py`).
"""

from __future__ import annotations

import importlib
import json
import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.conftest import files_with_bytes

#: Calls by which something becomes visible or lasts.
CALLS = ("replace", "rename", "link", "fsync", "symlink", "unlink")
DELIVERY = "mattress_returns"
#: Calls at the very end that another night may not reach.
SPARE = 4


class Killer:
    """Counts the calls of a process and kills it at one of them; `trace` keeps the file that each was about."""

    def __init__(self, point: int, after: bool) -> None:
        self.point, self.after, self.count = point, after, 0
        self.trace: list[str] = []

    def watch(self, home: Path) -> None:
        """Puts itself before the calls of `os` that are about files below `home`."""
        for name in CALLS:
            setattr(os, name, self._watched(name, getattr(os, name), str(home)))

    def _watched(self, name: str, call: Callable[..., Any], home: str) -> Callable[..., Any]:
        def watched(*positional: Any, **named: Any) -> Any:
            about = str(positional[-1]) if positional else ""
            if name != "fsync" and home not in about:
                return call(*positional, **named)
            self.count += 1
            self.trace.append(f"{name} {about.replace(home, '')}" if name != "fsync" else name)
            if self.count == self.point and not self.after:
                os.kill(os.getpid(), signal.SIGKILL)
            found = call(*positional, **named)
            if self.count == self.point:
                os.kill(os.getpid(), signal.SIGKILL)
            return found

        return watched


def lay_delivery(home: Path, csv: Path) -> None:
    """Puts the file that is delivered into the inbox of a home, as if it lay there for a while."""
    place = home / "inbox" / DELIVERY / csv.name
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(csv, place)
    os.utime(place, (0, 0))


def run(home: Path) -> int:
    """One night of furniture in `home`, and its exit code."""
    from assets.delivery_assets import INBOX, delivery_key
    from assets.packages import release_key
    from pipelines.definitions import build_definitions
    from pipelines.nightly import run_assets
    from tests.conftest import night

    graph = build_definitions().resolve_asset_graph()
    wanted = {release_key(name) for name in ("furniture", "targets")}
    for key in tuple(wanted):
        wanted |= set(graph.get_ancestor_asset_keys(key))
    wanted |= {INBOX, delivery_key(DELIVERY)}
    return run_assets(night(home), sorted(wanted, key=lambda key: key.to_user_string())).exit_code


@dataclass(frozen=True)
class Outcome:
    """What a night that was killed at a point left to the next one: `same` where that published the same bytes."""

    point: str
    killed: bool
    finished: bool
    same: bool
    receipts: int


def tried(folder: Path, csv: Path, how_many: int) -> Iterator[Outcome]:
    """A whole night first, and then nights that are killed at points spread evenly over it, each finished by another.

    Every night is a fork of this process, so that libraries are loaded once.
    """
    _load_libraries()
    whole = folder / "whole"
    lay_delivery(whole, csv)
    trace = folder / "trace.json"
    code = _forked(lambda: _count(whole, trace))
    if code != 0:
        raise RuntimeError(f"the night that nobody killed ended with {code}")
    points = json.loads(trace.read_text())
    wanted = files_with_bytes(whole / "published")
    # whether a folder has still to be synced differs by a call or two between nights: the last point is before those
    last = len(points) - SPARE
    for number in range(how_many):
        place = max(1, round((number + 1) * last / how_many))
        after = number % 2 == 1
        home = folder / f"killed_{place}"
        lay_delivery(home, csv)
        killed = _forked(lambda h=home, p=place, a=after: _killed_at(h, p, a))  # type: ignore[misc]
        finished = _forked(lambda h=home: run(h))  # type: ignore[misc]
        found = files_with_bytes(home / "published")
        differing = sorted(name for name in {*wanted, *found} if wanted.get(name) != found.get(name))
        receipts = len(list((home / "deliveries" / DELIVERY).glob("*/receipt.json")))
        where = f"{place} of {len(points)}, {'after' if after else 'before'} {points[place - 1]}"
        yield Outcome(where, killed == -signal.SIGKILL, finished == 0, not differing, receipts)
        shutil.rmtree(home)


def _load_libraries() -> None:
    for name in ("great_expectations", "pandas", "pyarrow.parquet", "duckdb", "rdflib", "jinja2", "xlsxwriter"):
        importlib.import_module(name)
    importlib.import_module("pipelines.nightly")
    importlib.import_module("contracts.expectations")


def _count(home: Path, trace: Path) -> int:
    killer = Killer(0, after=False)
    killer.watch(home)
    code = run(home)
    trace.write_text(json.dumps(killer.trace))
    return code


def _killed_at(home: Path, point: int, after: bool) -> int:
    killer = Killer(point, after)
    killer.watch(home)
    return run(home)


def _forked(work: Callable[[], int]) -> int:
    """The exit code of `work` in a fork of this process; the negative number of the signal that ended it."""
    child = os.fork()
    if child == 0:
        # what the night says is not the outcome
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        try:
            os._exit(work())
        finally:
            os._exit(99)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    for outcome in tried(Path(sys.argv[1]).absolute(), Path(sys.argv[2]), int(sys.argv[3])):
        print(json.dumps(asdict(outcome)), flush=True)

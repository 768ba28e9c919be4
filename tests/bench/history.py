"""What a year of Dagster's history costs the steward: nights laid one a day, and pages opened over them.

Here: laying nights in the SQLite history of a home, and measuring pages of the steward's view in a real browser.
Printed by `bench.py`; nothing is asserted. Not here: what each night adds (`tests/browser/test_a_year_of_nights.py`).
"""

import importlib.util
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

ROOT = Path(__file__).parents[2]
NIGHTS = 365
ROUNDS = 3
STARTS_WITHIN, SHOWS_WITHIN = 120.0, 120_000
DAY = 86400
# The date and the words of the last change. They come after their label: Markdown is loaded by itself.
_LAST_CHANGE = re.compile(r"^\d{4}-\d\d-\d\d: ")
#: A page, its path, and a text that stands on it only when what the newest night says of it is there.
PAGES: tuple[tuple[str, str, str | re.Pattern[str]], ...] = (
    ("chain table", "/assets/packaging/indicators", _LAST_CHANGE),
    ("source", "/assets/sources/cei_wm060", _LAST_CHANGE),
    ("release", "/assets/publication/packaging", "openbare pagina"),
    ("checks", "/assets/packaging/indicators?view=checks&checkDetail=contract", "regels die niet kloppen"),
)
#: The tables of the history that grow by night: as Dagster 1.13 names them.
_GROWING = ("runs", "run_tags", "event_logs", "asset_event_tags", "asset_check_executions")
_MOMENTS = re.compile(r'("(?:timestamp|start_time|end_time)": )(\d{10}(?:\.\d+)?)')
# places where the text of an event names another event
_POINTERS = re.compile(r'("storage_id": |"dagster/input_event_pointer/[^"]*": ")(\d+)')


@dataclass(frozen=True)
class _Newest:
    """The runs of the newest night, its moment, and how many ids of events, runs and the like it takes."""

    runs: tuple[str, ...]
    moment: str
    ids: dict[str, int]


def lay_nights(home: Path, nights: int) -> None:
    """Makes the history of `home` one of `nights` nights, one a day: copies of its newest runs `nightly` and `site`.

    The newest keeps its runs and its day; each copy has ids of its own, lower as it is older. What else the history
    held goes. The log of every run by itself is not laid: no page of an asset reads it.
    Raises ValueError where the home has no night.
    """
    history = home / "dagster" / "history"
    with closing(sqlite3.connect(history / "runs.db")) as connection:
        connection.execute("ATTACH ? AS events", (str(history / "runs" / "index.db"),))
        for schema in ("main", "events"):
            connection.execute(f"PRAGMA {schema}.synchronous = OFF")
        newest = _set_apart(connection, home)
        for days in reversed(range(nights)):
            with connection:
                _lay(connection, newest, days, nights)
        with connection:
            _point_assets_at_their_newest(connection)
        connection.execute("PRAGMA events.wal_checkpoint(TRUNCATE)")


def _set_apart(connection: sqlite3.Connection, home: Path) -> _Newest:
    """Moves the rows of the newest night to temporary tables, and empties those of the history."""
    found = connection.execute(
        "SELECT run_id FROM runs WHERE id IN (SELECT max(id) FROM runs WHERE pipeline_name IN ('nightly', 'site')"
        " AND status = 'SUCCESS' GROUP BY pipeline_name) ORDER BY id"
    ).fetchall()
    if not found:
        raise ValueError(f"{home} has no night in its history; expected a run `nightly` that went well")
    runs = tuple(run_id for (run_id,) in found)
    ours = "run_id IN (" + ", ".join(f"'{run_id}'" for run_id in runs) + ")"
    ids = {}
    with connection:
        for table in _GROWING:
            which = ours if table != "asset_event_tags" else f"event_id IN (SELECT id FROM event_logs WHERE {ours})"
            connection.execute(f"CREATE TEMP TABLE newest_{table} AS SELECT * FROM {table} WHERE {which}")
            ids[table] = connection.execute(
                f"SELECT coalesce(max(id) - min(id), 0) + 1 FROM newest_{table}"
            ).fetchone()[0]
        for table in _GROWING:
            connection.execute(f"DELETE FROM {table}")
    moment = connection.execute("SELECT value FROM newest_run_tags WHERE key = 'ketenmonitor/moment'").fetchone()
    return _Newest(runs, moment[0] if moment else "", ids)


def _lay(connection: sqlite3.Connection, newest: _Newest, days: int, nights: int) -> None:
    """One night, `days` before the newest; the oldest has the ids that the newest had."""
    before = nights - 1 - days
    moved = _text_of(newest, days, before)
    connection.create_function("of_night", 1, moved, deterministic=True)
    event_ids = before * newest.ids["event_logs"]
    of_text = {name: f"of_night({name})" for name in ("run_id", "run_body", "event", "evaluation_event")}
    of_time = {
        name: f"date({name}, '-{days} days') || substr({name}, 11)"
        for name in (
            "timestamp", "event_timestamp", "create_timestamp", "update_timestamp", "evaluation_event_timestamp",
        )
    }  # fmt: skip
    of_seconds = {name: f"{name} - {days * DAY}" for name in ("start_time", "end_time")}
    of_event = {
        name: f"{name} + {event_ids}"
        for name in ("event_id", "evaluation_event_storage_id", "materialization_event_storage_id")
    }
    expressions = of_text | of_time | of_seconds | of_event
    for table in _GROWING:
        columns = [row[1] for row in connection.execute(f"SELECT * FROM pragma_table_info('newest_{table}')")]
        own = {"id": f"id + {before * newest.ids[table]}"}
        if table == "run_tags":
            own["value"] = "of_night(value)"
        chosen = ", ".join((expressions | own).get(name, f'"{name}"') for name in columns)
        named = ", ".join(f'"{name}"' for name in columns)
        connection.execute(f"INSERT INTO {table} ({named}) SELECT {chosen} FROM newest_{table} ORDER BY id")


def _text_of(newest: _Newest, days: int, before: int) -> Callable[[str | None], str | None]:
    """What turns a text of the newest night into that of the night `days` before it."""
    from datetime import datetime, timedelta

    names = {run_id: str(uuid.uuid5(uuid.UUID(run_id), str(days))) if days else run_id for run_id in newest.runs}
    if newest.moment:
        at = datetime.fromisoformat(newest.moment.replace("Z", "+00:00")) - timedelta(days=days)
        names[newest.moment] = at.strftime("%Y-%m-%dT%H:%M:%SZ")
    seconds, event_ids = days * DAY, before * newest.ids["event_logs"]

    def moved(text: str | None) -> str | None:
        if text is None:
            return None
        for old, new in names.items():
            text = text.replace(old, new)
        text = _MOMENTS.sub(lambda found: f"{found[1]}{float(found[2]) - seconds!r}", text)
        return _POINTERS.sub(lambda found: f"{found[1]}{int(found[2]) + event_ids}", text)

    return moved


def _point_assets_at_their_newest(connection: sqlite3.Connection) -> None:
    """Sets what Dagster keeps of each asset beside its events; assets without an event go, as they are in no night."""
    of_asset = "FROM event_logs AS e WHERE e.asset_key = asset_keys.asset_key"
    connection.execute(f"DELETE FROM asset_keys WHERE NOT EXISTS (SELECT 1 {of_asset})")
    connection.execute(
        "UPDATE asset_keys SET cached_status_data = NULL,"
        f" last_run_id = (SELECT e.run_id {of_asset} ORDER BY e.id DESC LIMIT 1),"
        f" last_materialization_timestamp = (SELECT e.timestamp {of_asset} ORDER BY e.id DESC LIMIT 1),"
        ' last_materialization = (SELECT \'{"__class__": "EventLogRecord", "event_log_entry": \' || e.event'
        f" || ', \"storage_id\": ' || e.id || '}}' {of_asset} AND e.dagster_event_type = 'ASSET_MATERIALIZATION'"
        " ORDER BY e.id DESC LIMIT 1)"
    )


def measure(home: Path, folder: Path) -> dict[str, float]:
    """The slowest seconds, of each of PAGES, until the steward reads it, after a first visit; and MB of the history.

    Over a copy of the history of `home` with 365 nights, served by `ketenmonitor service web`. Empty where this machine
    has no chromium or no playwright. The logs of runs by themselves are counted in the MB, and not laid.
    """
    chromium = shutil.which("chromium")
    if chromium is None or importlib.util.find_spec("playwright") is None:
        return {}
    from playwright.sync_api import sync_playwright

    year = folder / "a_year"
    shutil.copytree(home / "dagster", year / "dagster", symlinks=True)
    lay_nights(year, NIGHTS)
    found = {}
    with served(year) as address, sync_playwright() as running:
        browser = running.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1500, "height": 1400})
        for name, path, text in PAGES:
            shown(page, address + path, text)
            found[name] = max(shown(page, address + path, text) for _ in range(ROUNDS))
        browser.close()
    return {name: round(seconds, 2) for name, seconds in found.items()} | {"history MB": _megabytes(year)}


def shown(page: "Page", address: str, text: str | re.Pattern[str]) -> float:
    """Seconds from asking for a page until a text stands on it."""
    start = time.perf_counter()
    page.goto(address)
    page.get_by_text(text).first.wait_for(timeout=SHOWS_WITHIN)
    return time.perf_counter() - start


@contextmanager
def served(home: Path) -> Iterator[str]:
    """The address of the web server of a deployment over a home; it is gone afterwards."""
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "pipelines.cli", "service", "web", "--home", str(home), "--port", str(port)]
    environment = {**os.environ, "KETENMONITOR_OFFLINE": "1", "PYTHONPATH": str(ROOT)}
    with (home / "web.log").open("wb") as log:
        server = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT)
        try:
            _wait_for(f"http://127.0.0.1:{port}/server_info", server, home / "web.log")
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait(30)


def _wait_for(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except OSError:
            time.sleep(0.1)
    raise SystemExit(f"the web server did not answer:\n{log.read_text(encoding='utf-8')}")


def _megabytes(home: Path) -> int:
    history = home / "dagster" / "history"
    with closing(sqlite3.connect(history / "runs.db")) as connection:
        newest = connection.execute("SELECT run_id FROM runs ORDER BY id DESC LIMIT 2").fetchall()
    logs = sum((history / "runs" / f"{run_id}.db").stat().st_size for (run_id,) in newest)
    laid = (history / "runs.db").stat().st_size + (history / "runs" / "index.db").stat().st_size
    return round((laid + NIGHTS * logs) / 1e6)

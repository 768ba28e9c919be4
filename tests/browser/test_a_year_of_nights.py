"""A year of nights costs the steward's page no more than a month: what it asks, what it reads, what it gets.

Not timed; `tests/bench/history.py` does that. The questions are those of the real page in a real browser; they are
asked again of a web server in this process, so that what they cost can be counted. Needs playwright and Debian's
chromium; skipped where one is absent.
"""

from __future__ import annotations

import json
import socket
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg
import pytest
import uvicorn
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import WorkspaceFileTarget
from dagster_webserver.app import create_app_from_workspace_process_context
from sqlalchemy import event
from sqlalchemy.engine import Engine

from assets.source_assets import TARGETS, VINTAGES, source_key
from pipelines.instance import instance
from pipelines.nightly import run_assets
from tests.bench.history import lay_nights
from tests.browser import test_site_in_a_browser as site
from tests.conftest import night

if TYPE_CHECKING:
    from playwright.sync_api import Browser

browser = site.browser
ROOT = Path(__file__).parents[2]
MONTH, YEAR = 31, 365
SOURCE = source_key("cei_wm060")
PAGE, STANDS = "/assets/sources/cei_wm060", "laatste wijziging"
#: The questions for what each night said, and for the columns, the rules and what else does not change by night.
NIGHTS_ASKED, ONCE_ASKED = "RecentAssetEventsQuery", "AssetViewDefinitionQuery"
#: What one night may add to the answer; it is 2.5 kB, and would be more with the contract in it.
BYTES_OF_A_NIGHT = 4_000


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with one small night."""
    of = night(tmp_path_factory.mktemp("year") / "home")
    run_assets(of, [VINTAGES, SOURCE, TARGETS])
    return of.home


@pytest.fixture(scope="module")
def address(home: Path, browser: Browser) -> Iterator[str]:
    """The steward's view over the home, served by this process."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("PYTHONPATH", str(ROOT))
        environment.setenv("KETENMONITOR_HOME", str(home))
        environment.setenv("KETENMONITOR_OFFLINE", "1")
        where = WorkspaceFileTarget(paths=[str(ROOT / "workspace.yaml")])
        with instance(home) as kept, WorkspaceProcessContext(kept, where) as process, socket.socket() as listening:
            listening.bind(("127.0.0.1", 0))
            app = create_app_from_workspace_process_context(process)
            server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
            thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
            thread.start()
            while not server.started:
                assert thread.is_alive()
                time.sleep(0.05)
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
            server.should_exit = True
            thread.join(20)


@pytest.fixture(scope="module")
def questions(address: str, browser: Browser) -> list[dict[str, Any]]:
    """What the page of a source asks of the web server until it says what the newest night said."""
    asked: list[dict[str, Any]] = []
    with closing(browser.new_context(viewport={"width": 1500, "height": 1400})) as context:
        page = context.new_page()
        page.on("request", lambda one: asked.append(one.post_data_json) if "/graphql?" in one.url else None)
        page.goto(f"{address}{PAGE}")
        page.get_by_text(STANDS).first.wait_for(timeout=60_000)
        page.wait_for_load_state("networkidle")
    return asked


@dataclass
class Cost:
    """What answering cost the event log, and the answers by the name of their question."""

    opened: int = 0
    statements: int = 0
    answers: dict[str, bytes] = field(default_factory=dict)


@contextmanager
def counted() -> Iterator[Cost]:
    """Counts how often the event log is opened, and the statements that it is asked."""
    cost = Cost()

    def is_event_log(database: str) -> bool:
        return Path(database).parent.name == "runs"

    def opens(connection: Any, _record: Any) -> None:
        cost.opened += is_event_log(connection.execute("PRAGMA database_list").fetchone()[2])

    def executes(connection: Any, *_: Any) -> None:
        cost.statements += is_event_log(str(connection.engine.url.database))

    event.listen(Engine, "connect", opens)
    event.listen(Engine, "before_cursor_execute", executes)
    try:
        yield cost
    finally:
        event.remove(Engine, "connect", opens)
        event.remove(Engine, "before_cursor_execute", executes)


def asked_again(address: str, questions: list[dict[str, Any]]) -> Cost:
    """Asks everything that a page asked, one question after another, on a web server that has been asked before."""
    with counted() as cost:
        for question in questions:
            request = urllib.request.Request(
                f"{address}/graphql", json.dumps(question).encode(), {"Content-Type": "application/json"}
            )
            with urllib.request.urlopen(request, timeout=60) as answer:
                body = answer.read()
            assert b'"errors"' not in body, body[:500]
            cost.answers[question["operationName"]] = body
    return cost


def test_a_year_of_nights_costs_the_page_no_more_than_a_month(
    home: Path, address: str, questions: list[dict[str, Any]]
) -> None:
    lay_nights(home, MONTH)
    asked_again(address, questions)
    month = asked_again(address, questions)
    lay_nights(home, YEAR)
    year = asked_again(address, questions)

    # storage ids and dates get a digit longer at most
    sizes = {name: (len(body), len(year.answers[name])) for name, body in month.answers.items()}
    assert {name: size for name, size in sizes.items() if size[1] > 1.02 * size[0]} == {}
    assert year.statements == month.statements > 50
    # Dagster's own class opens it for every statement, with which a page costs the server up to twice as much
    assert year.opened == month.opened < month.statements / 5

    told = json.loads(year.answers[NIGHTS_ASKED])["data"]["assetOrError"]
    assert 0 < len(year.answers[NIGHTS_ASKED]) / len(told["assetEventHistory"]["results"]) < BYTES_OF_A_NIGHT
    assert b"dagster/column_schema" in year.answers[ONCE_ASKED]


def test_laid_nights_are_a_day_apart_with_runs_and_checks_of_their_own(home: Path) -> None:
    lay_nights(home, 3)
    with instance(home) as kept:
        runs = kept.get_run_records()
        assert len(runs) == 3
        moments = [run.dagster_run.tags["ketenmonitor/moment"] for run in runs]
        assert moments == ["2026-11-21T03:00:00Z", "2026-11-20T03:00:00Z", "2026-11-19T03:00:00Z"]
        assert [round(runs[0].start_time - run.start_time) for run in runs] == [0, 86400, 172800]
        made = kept.fetch_materializations(SOURCE, limit=10).records
        assert [one.run_id for one in made] == [run.dagster_run.run_id for run in runs]
        assert [round(made[0].timestamp - one.timestamp) for one in made] == [0, 86400, 172800]
        latest = kept.get_latest_materialization_event(SOURCE)
        assert latest is not None and latest.run_id == runs[0].dagster_run.run_id
        checked = kept.event_log_storage.get_asset_check_execution_history(
            dg.AssetCheckKey(SOURCE, "contract"), limit=10
        )
        targets = [one.event.dagster_event.asset_check_evaluation_data.target_materialization_data for one in checked]
        assert [(of.storage_id, of.run_id) for of in targets] == [(one.storage_id, one.run_id) for one in made]

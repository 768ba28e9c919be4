"""The steward's view in a real browser, on a real web server: our groups, a table with its contract and checks, a form.

Needs playwright and Debian's chromium; skipped where one is absent.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from assets.source_assets import TARGETS, VINTAGES, source_key
from pipelines.nightly import run_assets
from tests.browser import test_site_in_a_browser as site
from tests.conftest import free_port, night

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

browser = site.browser
ROOT = Path(__file__).parents[2]
#: A machine that does more than this: two shared cores under a whole suite. Idle it takes four seconds.
STARTS_WITHIN = 60.0
GROUPS = ("sources", "sources_eurostat", "sources_cbs", "sources_curated", "sources_delivered", "deliveries",
          "packaging", "textile", "national", "publication")  # fmt: skip


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The web server that `ketenmonitor ui` starts, over a small night."""
    of = night(tmp_path_factory.mktemp("steward") / "home")
    run_assets(of, [VINTAGES, source_key("cei_wm060"), TARGETS])
    port = free_port()
    command = [sys.executable, "-m", "pipelines.cli", "ui", "--home", str(of.home), "--port", str(port), "--no-daemon"]
    environment = {**os.environ, "KETENMONITOR_OFFLINE": "1", "PYTHONPATH": str(ROOT)}
    with (of.home / "ui.log").open("wb") as log:
        server = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT)
        try:
            url = f"http://127.0.0.1:{port}"
            _wait_for(f"{url}/server_info", server, of.home / "ui.log")
            yield url
        finally:
            server.terminate()
            server.wait(20)
    said = (of.home / "ui.log").read_text(encoding="utf-8")
    assert "Warning" not in said and "ERROR" not in said, said


def _wait_for(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"the web server did not answer: {log.read_text(encoding='utf-8')}")


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A first visit: nothing is remembered of an earlier one. No error may stand in the console at its end."""
    context = browser.new_context(viewport={"width": 1500, "height": 1400})
    errors: list[str] = []
    opened = context.new_page()
    opened.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    opened.on("pageerror", lambda error: errors.append(str(error)))
    yield opened
    context.close()
    assert errors == []


def test_the_lineage_shows_our_groups_and_no_dialog_greets_a_first_visit(page: Page, address: str) -> None:
    page.goto(f"{address}/asset-groups")
    for group in GROUPS:
        page.get_by_text(group, exact=True).first.wait_for(timeout=20_000)
    assert page.get_by_role("dialog").count() == 0
    assert "telemetry" not in page.inner_text("body").lower()


def test_the_page_of_a_table_says_what_a_row_is_and_shows_contract_history_and_preview(
    page: Page, address: str
) -> None:
    page.goto(f"{address}/assets/sources/cei_wm060")
    page.get_by_text("regels van het contract").wait_for(timeout=20_000)
    # what is Markdown comes last
    page.get_by_text("Eurostat re-use policy").first.wait_for(timeout=20_000)
    text = page.inner_text("body")
    for wanted in (
        "Eén rij is één waarneming van Eurostat",
        "contracts/sources/cei_wm060.odcs.yaml",
        "Eurostat re-use policy",
        "elke dag gemaakt; te oud na 36 uur",
        "voor het eerst gemaakt: 129 rijen",
        "afgesproken versheid",
        "sources_eurostat",
    ):
        assert wanted in text, wanted


def test_the_page_of_its_checks_says_what_is_checked_what_a_failure_means_and_what_to_do(
    page: Page, address: str
) -> None:
    page.goto(f"{address}/assets/sources/cei_wm060?view=checks&checkDetail=contract")
    page.get_by_text("Wat wordt getoetst.").first.wait_for(timeout=20_000)
    text = page.inner_text("body")
    for wanted in ("Als het misgaat.", "Wat nu.", "Alle 28 regels kloppen.", "refetch_source"):
        assert wanted in text, wanted


def test_a_decision_is_a_form_with_a_word_at_every_field(page: Page, address: str) -> None:
    page.goto(f"{address}/locations/ketenmonitor/jobs/accept_revision/playground")
    page.get_by_text("Wie besluit: uw naam").first.wait_for(timeout=20_000)
    page.get_by_text("No errors").first.wait_for(timeout=20_000)
    text = page.inner_text("body")
    for wanted in ("dataset: kies", "reason_nl: ''", "De dataset die wacht", "Launch Run"):
        assert wanted in text, wanted


def test_a_night_that_a_command_ran_stands_in_the_timeline(page: Page, address: str) -> None:
    page.goto(f"{address}/overview/activity/timeline")
    page.get_by_role("link", name="nightly").first.wait_for(timeout=20_000)

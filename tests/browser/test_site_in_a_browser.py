"""The site of a real night in a real browser: what keeps people out, what falls off the screen, what keys reach.

Needs playwright, axe and Debian's chromium; skipped where one is absent. The server is our own, with its own headers.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from publish.pointers import repair
from publish.release_facts import publisher
from publish.site.building import build_site
from publish.web_server import server_of
from publish.withdrawal import withdraw
from tests.conftest import NIGHT_OF, core_night, night

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

DATASET = "datasets/packaging/"
INDICATOR = "indicators/pack_recycling_rate/"
# One page of each kind.
KINDS = (
    "", "datasets/", DATASET, f"{DATASET}1.0.0/", "datasets/targets/", "indicators/", INDICATOR, "accessibility/",
    "404.html",
)  # fmt: skip
EVERY = [prefix + path for prefix in ("", "en/") for path in KINDS]
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("there is no chromium on this machine")
    with api.sync_playwright() as running:
        opened = running.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory, small_edition: Path, browser: Browser) -> Path:
    """A night of packaging, electronics and the targets, of which the targets are withdrawn afterwards."""
    of = night(tmp_path_factory.mktemp("browser"), edition=small_edition)
    core_night(of)
    withdraw(
        of.published, "targets", "1.0.0", reason_nl="Om te toetsen.", reason_en="For the test.",
        withdrawn_at=NIGHT_OF, contact="steward",
    )  # fmt: skip
    repair(of.published)
    build_site(of.published, publisher())
    return of.published


@pytest.fixture(scope="module")
def address(published: Path) -> Iterator[str]:
    server = server_of(published, "127.0.0.1", 0)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/"
    server.shutdown()
    thread.join()


@contextmanager
def opened(browser: Browser, **options: Any) -> Iterator[Page]:
    """A page of its own; fails where a script fails, the policy refuses something, or another host is asked."""
    context = browser.new_context(**options)
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on(
        "request", lambda request: said.append(request.url) if urlsplit(request.url).hostname != "127.0.0.1" else None
    )
    yield page
    context.close()
    assert said == []


def _violations(page: Page, **only: Any) -> list[tuple[str, str, list[str]]]:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed").Axe()
    found = axe.run(page, options={"resultTypes": ["violations"], **only}).response["violations"]
    return [(page.url, item["id"], [node["html"][:120] for node in item["nodes"][:3]]) for item in found]


def test_axe_finds_nothing_on_any_kind_of_page_in_both_languages(browser: Browser, address: str) -> None:
    with opened(browser, color_scheme="light", reduced_motion="reduce") as page:
        found = []
        for path in EVERY:
            page.goto(address + path)
            found += _violations(page, runOnly={"type": "tag", "values": TAGS})
    assert found == []


def test_dark_pages_have_contrast_too_with_every_part_open(browser: Browser, address: str) -> None:
    with opened(browser, color_scheme="dark", reduced_motion="reduce") as page:
        found = []
        for path in KINDS:  # colours do not depend on the language
            page.goto(address + path)
            page.evaluate("document.querySelectorAll('details').forEach((part) => { part.open = true; })")
            found += _violations(page, runOnly={"type": "rule", "values": ["color-contrast", "link-in-text-block"]})
    assert found == []


@pytest.mark.parametrize("width", [320, 768, 1280])
def test_nothing_falls_off_the_screen_sideways(browser: Browser, address: str, width: int) -> None:
    with opened(browser, viewport={"width": width, "height": 800}) as page:
        wide = []
        for path in KINDS:
            page.goto(address + path)
            page.evaluate("document.querySelectorAll('details').forEach((part) => { part.open = true; })")
            if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                wide.append(path)
    assert wide == []


def test_the_keyboard_meets_the_skip_link_first_and_sees_where_it_is(browser: Browser, address: str) -> None:
    with opened(browser) as page:
        page.goto(address + DATASET)
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.getAttribute('href')") == "#content"
        assert page.evaluate("document.activeElement.getBoundingClientRect().left >= 0")
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "content"
        page.keyboard.press("Tab")
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineWidth")
        assert float(outline.removesuffix("px")) >= 2


def test_a_wide_table_can_be_reached_and_scrolled_by_keyboard(browser: Browser, address: str) -> None:
    with opened(browser, viewport={"width": 320, "height": 700}, reduced_motion="reduce") as page:
        page.goto(address + DATASET)
        region = page.locator("[role=region]:has(table.preview)")
        region.focus()
        for _ in range(4):
            page.keyboard.press("ArrowRight")
        page.wait_for_function("document.activeElement.scrollLeft > 0")


def test_tables_sort_by_keyboard_and_say_so(browser: Browser, address: str) -> None:
    with opened(browser) as page:
        page.goto(address + f"{DATASET}1.0.0/")
        size = page.locator("#files ~ .scroll th button.sort").nth(1)
        size.focus()
        page.keyboard.press("Enter")
        head = page.locator("#files ~ .scroll thead th").nth(1)
        assert head.get_attribute("aria-sort") == "ascending"
        values = [
            int(cell.get_attribute("data-value") or 0)
            for cell in page.locator("#files ~ .scroll tbody td:nth-child(2)").all()
        ]
        assert values == sorted(values) and len(set(values)) > 10
        page.keyboard.press("Enter")
        assert head.get_attribute("aria-sort") == "descending"
        assert page.locator("main > [role=status]").text_content() == "Gesorteerd op Omvang"


def test_the_list_of_indicators_can_be_searched(browser: Browser, address: str) -> None:
    with opened(browser) as page:
        page.goto(address + "en/indicators/")
        page.get_by_label("Find an indicator").fill("pack_recycling_rate_nl")
        assert page.locator("tbody tr:visible").count() == 1
        assert page.locator("section:visible").count() == 1
        page.get_by_label("Find an indicator").fill("")
        assert page.locator("tbody tr:visible").count() > 20


def test_a_link_into_a_closed_part_opens_it(browser: Browser, address: str) -> None:
    with opened(browser) as page:
        page.goto(address + DATASET + "#codes-obs_status")
        assert page.locator("#codes-obs_status dl").is_visible()


def test_everything_reads_without_javascript(browser: Browser, address: str) -> None:
    with opened(browser, java_script_enabled=False) as page:
        page.goto(address + INDICATOR)
        assert page.locator("h1").text_content() == "Recyclingpercentage verpakkingsafval (EU)"
        assert page.locator("#table ~ details[open] tbody tr").count() > 20
        assert page.locator("svg[role=img]").count() >= 2
        assert page.locator("button:visible").count() == 0
        page.goto(address + DATASET)
        assert page.locator(".downloads a").count() == 4
        assert page.locator("button:visible").count() == 0


def test_a_page_that_is_not_there_says_so_and_leads_back(browser: Browser, address: str) -> None:
    context = browser.new_context()
    page = context.new_page()
    answer = page.goto(address + "datasets/nothing/here/")
    assert answer is not None and answer.status == 404
    assert "Deze pagina is er niet" in (page.locator("main").text_content() or "")
    context.close()


def test_print_shows_no_menus_and_keeps_the_figures(browser: Browser, address: str) -> None:
    with opened(browser) as page:
        page.goto(address)
        page.emulate_media(media="print")
        assert not page.locator(".site-header nav").is_visible()
        assert page.locator(".figure .value").first.is_visible()

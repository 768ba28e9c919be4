"""The morning report in a real browser: what keeps people out, what falls off the screen, what is printed.

Needs playwright, axe and Debian's chromium; skipped where one is absent.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from publish.night_facts import NightFacts
from publish.night_reading import Addresses
from publish.night_report import report_html
from publish.numbers_and_dates import Language
from tests.night_example import A_WEEK_BEFORE, ASKING, QUIET, RELEASED

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
NIGHTS: dict[str, NightFacts] = {
    "quiet": QUIET,
    "released": RELEASED,
    "asking": replace(ASKING, failures=(replace(ASKING.failures[0], reason="x" * 400 + "\n" + "word " * 200),)),
}
LANGUAGES: tuple[Language, ...] = ("nl", "en")
OPEN = "document.querySelectorAll('details').forEach((part) => { part.open = true; })"


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
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The report of every night in both languages, as files; a report must not need a server."""
    folder = tmp_path_factory.mktemp("reports")
    links = Addresses("http://127.0.0.1:3000", "https://ketenmonitor.example")
    found = {}
    for name, facts in NIGHTS.items():
        for language in LANGUAGES:
            other = f"{name}.{'en' if language == 'nl' else 'nl'}.html"
            path = folder / f"{name}.{language}.html"
            path.write_bytes(report_html(facts, A_WEEK_BEFORE, language, addresses=links, other_language=other))
            found[f"{name}.{language}"] = path
    return found


def violations(page: Page) -> list[tuple[str, str, list[str]]]:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed").Axe()
    options: dict[str, Any] = {"resultTypes": ["violations"], "runOnly": {"type": "tag", "values": TAGS}}
    found = axe.run(page, options=options).response["violations"]
    return [(page.url, item["id"], [node["html"][:120] for node in item["nodes"][:3]]) for item in found]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_with_every_part_open(browser: Browser, pages: dict[str, Path], scheme: Any) -> None:
    page = browser.new_context(color_scheme=scheme).new_page()
    found = []
    for path in pages.values():
        page.goto(path.as_uri())
        page.evaluate(OPEN)
        found += violations(page)
    page.context.close()
    assert found == []


@pytest.mark.parametrize("width", [320, 1280])
def test_nothing_falls_off_the_screen_sideways(browser: Browser, pages: dict[str, Path], width: int) -> None:
    page = browser.new_context(viewport={"width": width, "height": 800}).new_page()
    wide = []
    for path in pages.values():
        page.goto(path.as_uri())
        page.evaluate(OPEN)
        wide += [path.name] if page.evaluate("document.documentElement.scrollWidth > window.innerWidth") else []
    page.context.close()
    assert wide == []


def test_the_answer_is_on_the_first_screen_of_a_telephone(browser: Browser, pages: dict[str, Path]) -> None:
    page = browser.new_context(viewport={"width": 320, "height": 480}).new_page()
    page.goto(pages["asking.nl"].as_uri())
    answer = page.locator("#answer").bounding_box()
    first = page.locator("ol.asks h2").first.bounding_box()
    page.context.close()
    assert answer is not None and first is not None
    assert answer["y"] + answer["height"] < 200
    assert first["y"] < 480


def test_paper_has_what_asks_for_somebody_and_not_what_was_closed(browser: Browser, pages: dict[str, Path]) -> None:
    page = browser.new_context().new_page()
    page.goto(pages["asking.nl"].as_uri())
    page.emulate_media(media="print")
    assert page.locator("ol.asks > li").count() == 5
    assert page.locator("ol.asks > li >> text=Wat te doen:").first.is_visible()
    assert not page.get_by_text("Alle bronnen").first.is_visible()
    page.context.close()


def test_a_reader_goes_from_one_language_to_the_other(browser: Browser, pages: dict[str, Path]) -> None:
    page = browser.new_context().new_page()
    page.goto(pages["quiet.nl"].as_uri())
    page.get_by_role("link", name="In English").click()
    assert page.url == pages["quiet.en"].as_uri()
    assert page.locator("html").get_attribute("lang") == "en"
    assert page.locator("#answer").inner_text() == "All went as it should: nothing new"
    page.context.close()

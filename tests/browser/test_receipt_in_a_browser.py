"""Receipts in a real browser: what keeps people out, what falls off the screen, and that a hostile cell does nothing.

Needs playwright, axe and Debian's chromium; skipped where one is absent.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from publish.receipt import Note
from publish.receipt_pages import JSON, PAGES, REFUSED_ROWS, receipt_html
from tests.browser import test_site_in_a_browser as site
from tests.receipt_example import EVERY, IN_PART, REFUSALS

if TYPE_CHECKING:
    from playwright.sync_api import Browser

browser = site.browser
ATTACKS = (
    "<script>document.title = 'run'</script>", "<img src=x onerror=\"document.title = 'run'\">",
    "</style><svg onload=\"document.title = 'run'\">", "<meta http-equiv=refresh content='0;url=https://example.org/'>",
    "x" * 10_000, "\u202edesrever",
)  # fmt: skip
HOSTILE = replace(
    IN_PART,
    file_name="<b>opgave</b>" * 40 + ".csv",
    refusals=tuple(replace(REFUSALS[0], found=text, right_nl=text, right_en=text) for text in ATTACKS),
    refusals_in_all=len(ATTACKS),
    notes=tuple(Note("header", text, text) for text in ATTACKS),
)
RECEIPTS = {**EVERY, "hostile": HOSTILE}
KINDS = [f"{name}/{PAGES['nl']}" for name in RECEIPTS]


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("receipts")
    for name, receipt in RECEIPTS.items():
        (folder / name).mkdir()
        for language, page in PAGES.items():
            (folder / name / page).write_bytes(receipt_html(receipt, language))
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_any_receipt_in_both_languages(browser: Browser, address: str, scheme: str) -> None:
    # colours depend on the outcome only, words on the language
    paths = [*KINDS, f"in_part/{PAGES['en']}"] if scheme == "light" else KINDS[:3]
    with site.opened(browser, color_scheme=scheme) as page:
        found = []
        for path in paths:
            page.goto(address + path)
            found += site._violations(page, runOnly={"type": "tag", "values": site.TAGS})
    assert found == []


@pytest.mark.parametrize("width", [320, 768, 1280])
def test_nothing_falls_off_the_screen_sideways(browser: Browser, address: str, width: int) -> None:
    with site.opened(browser, viewport={"width": width, "height": 800}) as page:
        wide = []
        for path in KINDS:
            page.goto(address + path)
            if page.evaluate("document.documentElement.scrollWidth") > width:
                wide.append(path)
    assert wide == []


def test_on_a_phone_a_word_of_the_particulars_is_not_cut_in_two(browser: Browser, address: str) -> None:
    with site.opened(browser, viewport={"width": 320, "height": 800}) as page:
        page.goto(address + f"in_part/{PAGES['nl']}")
        heights = page.eval_on_selector_all(
            "th[scope=row], td.n", "cells => cells.map(cell => [cell.textContent, cell.getClientRects()[0].height])"
        )
    one_word = [(text, height) for text, height in heights if " " not in text and text != "SHA-256"]
    assert len(one_word) > 10
    # the row beside it may be higher, so look at the words that stand in rows of their own
    assert next(height for text, height in one_word if text == "Overgenomen") < 40
    assert next(height for text, height in one_word if text == "1.204") < 40


def test_a_hostile_cell_is_shown_and_does_nothing(browser: Browser, address: str) -> None:
    with site.opened(browser) as page:
        page.goto(address + f"hostile/{PAGES['en']}")
        page.wait_for_timeout(200)
        assert page.title().startswith("Receipt 20261121T030000Z-3f9a1c77")
        assert page.url == address + f"hostile/{PAGES['en']}"
        assert page.get_by_text("<script>document.title = 'run'</script>").count() == 3
        assert page.get_by_text("⟨U+202E⟩desrever").count() == 3
        assert page.get_by_text("(10,000 characters)").count() == 1


def test_one_finds_the_other_language_and_the_files_beside_it(browser: Browser, address: str) -> None:
    with site.opened(browser) as page:
        page.goto(address + f"in_part/{PAGES['nl']}")
        links = page.eval_on_selector_all("a[download]", "links => links.map(link => link.getAttribute('href'))")
        assert links == [REFUSED_ROWS, JSON]
        page.get_by_role("link", name="In English").click()
        assert page.get_by_role("heading", level=1).inner_text().startswith("Your file is accepted in part")
        assert page.evaluate("document.documentElement.lang") == "en"


def test_on_paper_every_fault_is_there_and_no_link_to_the_screen(
    browser: Browser, address: str, tmp_path: Path
) -> None:
    with site.opened(browser, viewport={"width": 700, "height": 900}) as page:
        page.goto(address + f"in_part/{PAGES['nl']}")
        page.emulate_media(media="print")
        assert not page.get_by_role("link", name="In English").is_visible()
        cut = page.eval_on_selector_all(
            ".scroll", "parts => parts.filter(part => getComputedStyle(part).overflowX !== 'visible').length"
        )
        assert cut == 0

"""Walking along the values of a chart in a real browser: by keyboard, mouse and touch, and without a script.

Needs playwright and Debian's chromium; skipped where either is absent.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from publish.site.charts import Point, Series, line_chart, small_multiples

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

STATIC = Path(__file__).parents[2] / "publish" / "site" / "static"
POLICY = "default-src 'none'; script-src 'self' file:; style-src 'self' file:"
ABOUT: dict[str, Any] = {"unit": "percent", "decimals": 1, "language": "nl", "title": "Recycling", "finding": "Zin."}


def _series(key: str, label: str, first: float, note: str = "") -> Series:
    points = tuple(Point(2018 + n, first + n, f"{first + n:g} %", "P" if n == 4 else "A", note) for n in range(5))
    return Series(key, label, points)


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
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("charts")
    lines = [_series("nl", "Nederland", 60, "Let op"), _series("be", "België", 80)]
    charts = line_chart(lines, chart_id="a", **ABOUT)
    charts += small_multiples([("Glas", lines[:1], [], []), ("Hout", lines[1:], [], [])], chart_id="b", **ABOUT)
    for name in ("charts.css", "charts.js"):
        (folder / name).write_bytes((STATIC / name).read_bytes())
    page = folder / "page.html"
    page.write_text(
        "<!doctype html><html lang=nl><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}"><title>t</title>'
        f"<link rel=stylesheet href=charts.css><script src=charts.js defer></script><main>{charts}</main>",
        encoding="utf-8",
    )
    return page.as_uri()


def _open(browser: Browser, address: str, width: int = 1280, **options: Any) -> tuple[Page, list[str]]:
    page = browser.new_page(viewport={"width": width, "height": 800}, **options)
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(address)
    return page, said


def _spoken(page: Page) -> str:
    return str(page.evaluate("document.activeElement.getAttribute('aria-valuetext')"))


@pytest.mark.parametrize("width", [1280, 360])
def test_the_keyboard_walks_along_years_and_series_with_one_tab_stop_a_chart(
    browser: Browser, address: str, width: int
) -> None:
    page, said = _open(browser, address, width)
    page.keyboard.press("Tab")
    heard = [_spoken(page)]
    for key in ("ArrowLeft", "ArrowDown", "Home", "ArrowLeft", "ArrowUp", "End"):
        page.keyboard.press(key)
        heard.append(_spoken(page))
    assert heard == [
        "Nederland, 2022, 64 % (voorlopig), Let op",
        "Nederland, 2021, 63 %, Let op",
        "België, 2021, 83 %",
        "België, 2018, 80 %",
        "België, 2018, 80 %",
        "Nederland, 2018, 60 %, Let op",
        "Nederland, 2022, 64 % (voorlopig), Let op",
    ]
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    assert _spoken(page) == "Hout, 2022, 84 % (voorlopig)"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement === document.body")
    assert said == []


def test_a_value_appears_under_the_mouse_and_goes_with_escape(browser: Browser, address: str) -> None:
    page, said = _open(browser, address)
    point = page.locator("#a .chart-wide .s1 [data-y='2020']").bounding_box()
    assert point is not None
    page.mouse.move(point["x"] + 3, point["y"] + 3)
    tip = page.locator("#a .chart-tip")
    assert tip.inner_text().split("\n") == ["2020: 62 %", "Nederland", "Let op"]
    box = tip.bounding_box()
    assert box is not None
    assert box["y"] + box["height"] <= point["y"]
    page.keyboard.press("Escape")
    assert not tip.is_visible()
    assert page.locator(".ring").count() == 0
    assert said == []


def test_a_touch_shows_a_value_and_a_touch_elsewhere_hides_it(browser: Browser, address: str) -> None:
    page, _ = _open(browser, address, 360, has_touch=True)
    point = page.locator("#a .chart-narrow .s2 .dots > *").nth(1).bounding_box()
    assert point is not None
    page.touchscreen.tap(point["x"] + 2, point["y"] + 2)
    assert page.locator("#a .chart-tip").inner_text().startswith("2019: 81 %")
    page.touchscreen.tap(355, 790)
    assert not page.locator("#a .chart-tip").is_visible()


def test_without_a_script_there_is_no_tab_stop_and_one_drawing_is_shown(browser: Browser, address: str) -> None:
    page, _ = _open(browser, address, 1280, java_script_enabled=False)
    assert page.locator("[tabindex]").count() == 0
    assert [page.locator(f"#a .chart-{kind}").first.is_visible() for kind in ("wide", "narrow")] == [True, False]


@pytest.mark.parametrize("width", [320, 768, 1280])
def test_no_window_scrolls_sideways(browser: Browser, address: str, width: int) -> None:
    page, _ = _open(browser, address, width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_axe_finds_nothing_in_a_chart(browser: Browser, address: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")
    page, _ = _open(browser, address)
    found = axe.Axe().run(page, context="main").response["violations"]
    assert [violation["id"] for violation in found] == []

"""The style sheet and the script of charts: contrast in both themes, and nothing that a strict policy forbids."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

STATIC = Path(__file__).parents[2] / "publish" / "site" / "static"
CSS = (STATIC / "charts.css").read_text(encoding="utf-8")
JS = (STATIC / "charts.js").read_text(encoding="utf-8")


def _variables(opening: str) -> dict[str, str]:
    block = CSS.split(opening, 1)[1].split("}", 1)[0]
    return dict(re.findall(r"(--chart-[\w-]+): (#[0-9a-f]{6});", block))


THEMES = {
    "light": _variables(":root {"),
    "dark by the system": _variables(':root:not([data-theme="light"]) {'),
    "dark by choice": _variables(':root[data-theme="dark"] {'),
    "print": _variables(":root:root:root {"),
}
SERIES = tuple(f"--chart-{n}" for n in range(1, 7))


def _luminance(colour: str) -> float:
    channels = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one: str, other: str) -> float:
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", THEMES)
def test_letters_have_a_contrast_of_four_and_a_half_on_the_ground(theme: str) -> None:
    colours = THEMES[theme]
    for name in ("--chart-ink", "--chart-muted", *SERIES):
        assert _contrast(colours[name], colours["--chart-paper"]) >= 4.5, name


@pytest.mark.parametrize("theme", THEMES)
def test_bars_and_the_zero_line_have_a_contrast_of_three(theme: str) -> None:
    colours = THEMES[theme]
    assert _contrast(colours["--chart-zero"], colours["--chart-paper"]) >= 3
    assert _contrast(colours["--chart-1"], colours["--chart-track"]) >= 3
    assert _contrast(colours["--chart-ink"], colours["--chart-track"]) >= 3


def test_both_ways_to_the_dark_theme_give_the_same_colours() -> None:
    assert THEMES["dark by the system"] == THEMES["dark by choice"]
    assert THEMES["dark by choice"].keys() == THEMES["light"].keys() == THEMES["print"].keys()


def test_colours_stand_in_variables_only() -> None:
    rules = re.sub(r"--chart-[\w-]+: [^;]+;", "", CSS)
    assert re.findall(r"#[0-9a-fA-F]{3,8}\b|rgba?\(", rules) == []
    used = set(re.findall(r"var\((--chart-[\w-]+)\)", CSS))
    assert used == set(THEMES["light"])


def test_every_series_but_the_first_has_a_dash_of_its_own() -> None:
    dashes = dict(re.findall(r"\.chart \.(s\d) \.line \{ stroke-dasharray: ([\d. ]+); \}", CSS))
    assert sorted(dashes) == ["s2", "s3", "s4", "s5", "s6"]
    assert len(set(dashes.values())) == 5


def test_style_and_script_ask_nothing_of_another_host() -> None:
    for text in (CSS, JS.replace("http://www.w3.org/2000/svg", "")):
        assert "//" not in re.sub(r"^\s*//.*$|; //.*$", "", text, flags=re.MULTILINE)
        assert "@import" not in text
        assert "url(" not in text


def test_the_script_does_nothing_that_a_strict_policy_forbids() -> None:
    for forbidden in (
        "eval(",
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "new Function",
        "fetch(",
        'setAttribute("style"',
    ):
        assert forbidden not in JS


def test_movement_stops_for_who_asks_for_it() -> None:
    assert "@media (prefers-reduced-motion: reduce)" in CSS

"""The words of the site: two languages everywhere, and numbers, sizes and days as readers write them."""

from __future__ import annotations

import re
import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publish.numbers_and_dates import Language
from publish.site import numbers, texts
from publish.site.plain_pages import SECTIONS
from publish.site.rendering import TEMPLATES, Links, rich

USED = re.compile(r"""\bt\(\s*['"]([a-z_]+\.[a-zA-Z_0-9]+)['"](?!\s*~)""")


def _placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_every_text_is_there_in_both_languages_and_asks_for_the_same() -> None:
    for key, wording in texts.all_texts().items():
        assert wording["nl"] or key.startswith("figure.unit_"), key
        assert bool(wording["nl"]) == bool(wording["en"]), key
        assert _placeholders(wording["nl"]) == _placeholders(wording["en"]), key


def test_every_text_that_a_template_or_page_asks_for_exists() -> None:
    site = Path(texts.__file__).parent
    asked = {key for path in (*TEMPLATES.glob("*.j2"), *site.glob("*.py")) for key in USED.findall(path.read_text())}
    asked |= {f"{page}.{part}{end}" for page, parts in SECTIONS.items() for part in parts for end in ("", "_title")}
    assert len(asked) > 100
    assert asked - texts.all_texts().keys() == set()


def test_a_text_in_one_language_is_an_error_that_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "home.yaml").write_text('half: {nl: "alleen Nederlands"}\n')
    monkeypatch.setattr(texts, "FOLDER", tmp_path)
    texts.all_texts.cache_clear()
    try:
        with pytest.raises(texts.TextMissingError, match=r"home\.yaml: half has nl; expected nl, en"):
            texts.all_texts()
    finally:
        monkeypatch.undo()
        texts.all_texts.cache_clear()


@pytest.mark.parametrize(
    ("value", "decimals", "dutch", "english"),
    [
        (1234.5, 1, "1.234,5", "1,234.5"),
        (64.0, 1, "64,0", "64.0"),
        (64.0, None, "64", "64"),
        (2.25, 1, "2,3", "2.3"),  # half up
        (-4324.0, 0, "−4.324", "−4,324"),
        (0.0, 0, "0", "0"),
        (None, 1, "–", "–"),
        (float("nan"), 1, "–", "–"),
    ],
)
def test_a_number_is_written_as_its_readers_do(
    value: float | None, decimals: int | None, dutch: str, english: str
) -> None:
    assert numbers.number(value, decimals, "nl") == dutch
    assert numbers.number(value, decimals, "en") == english


@pytest.mark.parametrize(
    ("octets", "dutch"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (61_000, "61 kB"),
        (2_119_126, "2,1 MB"),
        (812_000_000, "812 MB"),
        (3_200_000_000, "3,2 GB"),
    ],
)
def test_a_size_is_said_in_thousands(octets: int, dutch: str) -> None:
    assert numbers.size(octets, "nl") == dutch


def test_a_day_is_in_words_and_any_other_text_stays() -> None:
    assert numbers.day("2026-11-21T03:00:00Z", "nl") == "21 november 2026"
    assert numbers.day("2026-11-21", "en") == "21 November 2026"
    assert (numbers.day("8-2-2021, 2024", "nl"), numbers.machine_day("8-2-2021, 2024")) == ("8-2-2021, 2024", "")


@pytest.mark.parametrize(
    ("path", "language", "target", "expected"),
    [
        ("index.html", "nl", "", "./"),
        ("index.html", "en", "", "./"),
        ("datasets/a/index.html", "nl", "", "../../"),
        ("datasets/a/index.html", "nl", "datasets/b/", "../b/"),
        ("datasets/a/1.0.0/index.html", "en", "datasets/a/", "../"),
        ("datasets/a/index.html", "en", "feed.atom", "../../feed.atom"),
    ],
)
def test_links_are_relative_so_that_the_folder_works_anywhere(
    path: str, language: Language, target: str, expected: str
) -> None:
    assert Links(path, language).page(target) == expected


def test_files_are_reached_from_both_languages_and_the_404_page_from_the_root() -> None:
    assert (
        Links("datasets/a/index.html", "en").file("releases/a/1.0.0/data/x.csv")
        == "../../../releases/a/1.0.0/data/x.csv"
    )
    assert Links("datasets/a/index.html", "en").other("nl") == "../../../datasets/a/"
    assert Links("404.html", "en", "/keten/").page("datasets/") == "/keten/en/datasets/"


def test_our_own_texts_may_have_code_and_links_and_nothing_else() -> None:
    assert str(rich("`a<b` [x](y/) <b>")) == '<code>a&lt;b</code> <a href="y/">x</a> &lt;b&gt;'


@given(st.text())
def test_rich_text_never_lets_markup_through(text: str) -> None:
    plain = re.sub(r"</?code>|</?a( href=\"[^\"<>]*\")?>", "", str(rich(text)))
    assert "<" not in plain and ">" not in plain

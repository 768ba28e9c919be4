"""Quality report, changelog and the pages inside a release: what they say, and that hostile texts stay texts."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from publish.cells import key_texts
from publish.changelog import changelog_after, section
from publish.difference import Difference, SchemaDifference
from publish.numbers_and_dates import day, number
from publish.quality import RuleOutcome, TableQuality, quality_report
from publish.unseen import one_line
from tests.release_example import NEXT_NIGHT, NIGHT, PACKAGING, tables

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "=cmd|' /C calc'!A0",
    "a\r\nb\tc",
    "\u202edesrever\u2066",
    "{{ 7 * 7 }} {% raw %}",
    "x" * 10_000,
    "]]> &lt; ' \" \\",
]


class Elements(HTMLParser):
    """The names of all elements of a page, and its text."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        assert not any(name.startswith("on") for name, _ in attrs)

    def handle_data(self, data: str) -> None:
        self.text += data


def elements(page: bytes) -> Elements:
    found = Elements()
    found.feed(page.decode())
    return found


RULES = (
    RuleOutcome("indicators__value__minimum", "minimum", "error", True, 0, "at least 0"),
    RuleOutcome("indicators__note", "note", "info", False, 1, "a note", "found none"),
    RuleOutcome("indicators__parts", "partsAddUp", "warning", False, 2, "parts that add up", "found 98 of 100"),
)
QUALITY = (
    TableQuality("env_waspac", "source", 100, 3, 1, ()),
    TableQuality("amounts", "table", 2, 0, 0, RULES),
)


def test_the_quality_report_counts_rules_refusals_and_the_age_of_sources() -> None:
    sources = [
        {"source": "env_waspac", "retrieved_at": "2026-11-01T00:00:00Z", "origin_of_bytes": "live"},
        {"source": "unknown"},
        {"source": "from the future", "retrieved_at": "2026-12-01T00:00:00Z", "origin_of_bytes": "live"},
    ]
    report = quality_report("packaging", "1.0.0", NIGHT, QUALITY, sources)
    assert report["counts"] == {
        "tables": 2, "rules": 3, "passed": 1, "errors": 0, "warnings": 1, "info": 1, "rows": 2,
        "refused_rows": 3, "exact_duplicates": 1,
    }  # fmt: skip
    assert [row["age_days"] for row in report["sources"]] == [20, None, -10]
    assert [row["source"] for row in report["source_warnings"]] == ["from the future"]
    assert "2026-12-01" in report["source_warnings"][0]["message_en"]


@pytest.mark.parametrize(
    ("row", "age", "fetched"),
    [
        # the day on which a copy was embedded says nothing of the age of its figures
        ({"edition": "2021-02-08", "origin_of_bytes": "embedded_edition"}, 2112, None),
        ({"edition": "", "origin_of_bytes": "embedded_edition"}, None, None),
        ({"edition": "", "origin_of_bytes": "curated"}, None, None),
        ({"edition": "2024-09-30, 2022-09-13", "origin_of_bytes": "embedded_edition"}, 782, None),
        ({"edition": "2025-08", "origin_of_bytes": "embedded_edition"}, 477, None),
        ({"edition": "release of 2020", "origin_of_bytes": "embedded_edition"}, 2516, None),
        ({"edition": "2026-13-45", "origin_of_bytes": "embedded_edition"}, None, None),
        ({"edition": "2026-11-01", "origin_of_bytes": "live"}, 20, "2026-11-20T03:00:00Z"),
        ({"edition": "", "origin_of_bytes": "live"}, 1, "2026-11-20T03:00:00Z"),
    ],
)
def test_the_age_of_a_source_counts_from_its_edition_and_only_for_a_live_copy_from_retrieval(
    row: dict[str, str], age: int | None, fetched: str | None
) -> None:
    given_row = {"source": "x", "retrieved_at": "2026-11-20T03:00:00Z", **row}
    (found,) = quality_report("packaging", "1.0.0", NIGHT, (), [given_row])["sources"]
    assert (found["age_days"], found["retrieved_at"]) == (age, fetched)


def test_no_page_calls_the_day_of_embedding_a_retrieval(tmp_path: Path) -> None:
    folder = released(tmp_path)
    page = elements((folder / "quality.html").read_bytes()).text
    assert "meegeleverde kopie" in page
    assert "2021-02-08" in page
    assert "2112" in page.replace(".", "")
    (row,) = json.loads((folder / "quality.json").read_bytes())["sources"]
    assert (row["retrieved_at"], row["age_days"]) == (None, 2112)


def test_a_hostile_title_is_one_line_of_plain_text_in_the_readme(tmp_path: Path) -> None:
    title = "<img src=x onerror=alert(1)>\n# Valse kop\u202egnp"
    text = (released(tmp_path, title_nl=title, title_en=title) / "README.md").read_text()
    assert "\u202e" not in text
    assert "<img" not in text.replace("\\<img", "")
    assert not any(line.startswith("# Valse") for line in text.splitlines())
    assert "# \\<img src=x onerror=alert(1)\\> \\# Valse kop gnp" in text.splitlines()


def test_a_changelog_names_the_first_ten_texts_that_changed() -> None:
    paths = tuple(f"resources/amounts/fields/field_{n:02}/title" for n in range(12))
    said = section(
        Difference(schema=SchemaDifference(descriptions=paths)), {}, version="1.0.1", released_at=NIGHT, first=False,
        permission=None,
    )  # fmt: skip
    assert "Texts changed (titles, explanations, names of codes): 12. Among them:" in said
    assert said.count("  - resources/amounts/fields/field") == 2 * 10
    assert "field\\_09" in said
    assert "field\\_10" not in said


def test_a_table_without_any_change_is_not_in_the_summary() -> None:
    found = Difference(rows_added={"amounts": 0, "notes": 2}, rows_removed={"amounts": 0}, cells_changed={"notes": 0})
    assert list(found.summary()["tables"]) == ["notes"]
    assert found.summary()["tables"]["notes"]["rows_added"] == 2


def released(home: Path, at: datetime = NIGHT, **changes: Any) -> Path:
    from dataclasses import replace

    from publish.promotion import promote
    from publish.release import build_candidate

    product = replace(PACKAGING, **changes)
    candidate = build_candidate(
        product, tables(), published=home / "published", staging=home / "staging", released_at=at, quality=QUALITY
    )
    return promote(candidate, home / "published").path


def test_a_release_says_which_rules_did_not_hold(tmp_path: Path) -> None:
    page = elements((released(tmp_path) / "quality.html").read_bytes())
    assert "indicators__parts" in page.text
    assert "found 98 of 100" in page.text
    assert "indicators__value__minimum" not in page.text
    assert "3 rijen geweigerd" in page.text


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_in_a_contract_stay_texts_on_every_page_of_a_release(text: str, tmp_path: Path) -> None:
    plain = released(tmp_path / "plain")
    hostile = released(tmp_path / "hostile", title_nl=f"N {text}", title_en=f"E {text}")
    for name in ("index.html", "quality.html", "diff/index.html"):
        expected, found = elements((plain / name).read_bytes()), elements((hostile / name).read_bytes())
        assert found.names == expected.names
        assert one_line(f"N {text}")[:50] in " ".join(found.text.split())
        assert "\u202e" not in found.text
    for name in ("datapackage.json", "quality.json", "diff/summary.json", "datacite.json", "croissant.json"):
        json.loads((hostile / name).read_bytes())


def test_the_changelog_keeps_what_earlier_releases_said() -> None:
    first = changelog_after(None, "## 1.0.0, 21 november 2026\n\nEerste uitgave.\n")
    second = changelog_after(first, "## 1.1.0, 22 november 2026\n\nMeer.\n")
    assert second.count("# CHANGELOG") == 1
    assert [line for line in second.splitlines() if line.startswith("## ")] == [
        "## 1.1.0, 22 november 2026",
        "## 1.0.0, 21 november 2026",
    ]
    assert "Eerste uitgave." in second


@given(st.lists(st.tuples(st.text(max_size=20), st.integers(-(10**6), 10**6)), min_size=1, max_size=20))
@settings(max_examples=100, deadline=None)
def test_the_key_of_a_row_is_json_that_gives_the_key_back(rows: list[tuple[str, int]]) -> None:
    import pyarrow as pa

    table = pa.table({"name": [name for name, _ in rows], "year": [year for _, year in rows]})
    found = [json.loads(text) for text in key_texts(table, ("name", "year")).to_pylist()]
    assert found == [{"name": name, "year": year} for name, year in rows]


@pytest.mark.parametrize(
    ("value", "language", "decimals", "text"),
    [
        (1234.5, "nl", None, "1.234,5"),
        (1234.5, "en", None, "1,234.5"),
        (0.125, "nl", 2, "0,13"),
        (2.5, "en", 0, "3"),
        (-0.05, "nl", 1, "-0,1"),
        ("78.1389420013", "nl", 1, "78,1"),
        (3138000, "nl", None, "3.138.000"),
    ],
)
def test_numbers_are_written_as_the_reader_writes_them(
    value: Any, language: Any, decimals: int | None, text: str
) -> None:
    assert number(value, language, decimals) == text


def test_days_are_written_in_words() -> None:
    assert day("2026-03-01T00:00:00Z", "nl") == "1 maart 2026"
    assert day(datetime(2026, 3, 1, tzinfo=UTC), "en") == "1 March 2026"


def test_the_same_release_has_the_same_bytes_in_every_file(tmp_path: Path) -> None:
    from tests.release_example import contents

    assert contents(released(tmp_path / "one", NEXT_NIGHT)) == contents(released(tmp_path / "two", NEXT_NIGHT))

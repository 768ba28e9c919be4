"""Reading a published folder: facts of a release, what is absent, what is damaged; feeds and sitemap from versions."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from publish import catalogue_files
from publish.catalogue_files import Address, FeedEntry
from publish.published import ReleaseError
from publish.site.catalogue import Catalogue
from publish.site.codes import Codes
from publish.site.dictionary import codes_in_use, preview, tables_of
from publish.site.reading import Release, release_facts, versions
from tests.published_example import HOSTILE, PUBLISHER, packaging_tables, point, write_release, write_tombstone

ATOM = "{http://www.w3.org/2005/Atom}"
SITEMAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"


def test_facts_come_from_descriptor_checksums_and_sources(tmp_path: Path) -> None:
    write_release(tmp_path)
    facts = release_facts(tmp_path, "packaging", "1.0.0", PUBLISHER)
    assert (facts.years, facts.released_at.isoformat()) == ((2018, 2022), "2026-11-21T03:00:00+00:00")
    roles = {item.path: (item.role, item.rows) for item in facts.files}
    assert roles["data/indicators.csv"] == ("table", 8)
    assert roles["data/indicators.parquet"] == ("alternate", None)
    assert roles["datapackage.json"] == ("metadata", None)
    assert (facts.sources[0]["publisher"] == "Eurostat" and "note_en" not in facts.sources[0]) or facts.sources[0][
        "note_en"
    ]
    assert facts.text("title", "en") == "Verpakkingen (en)"


def test_a_release_without_figures_has_no_years(tmp_path: Path) -> None:
    write_release(tmp_path, tables={"targets": packaging_tables()["targets"]})
    assert release_facts(tmp_path, "packaging", "1.0.0", PUBLISHER).years is None


def test_what_a_release_does_not_hold_is_nothing_and_what_is_damaged_is_named(tmp_path: Path) -> None:
    folder = write_release(tmp_path)
    release = Release(tmp_path, "packaging", "1.0.0")
    assert (release.json("quality.json"), release.rows("history/revisions.csv"), release.table("trends")) == (
        None,
        [],
        None,
    )
    (folder / "release.json").write_text("{")
    with pytest.raises(ReleaseError, match=r"release\.json: cannot be read"):
        release.facts(PUBLISHER)
    (tmp_path / "datasets/packaging").mkdir(parents=True)
    (tmp_path / "datasets/packaging/versions.json").write_text('{"versions": [{}]}')
    with pytest.raises(ReleaseError, match=r"versions\.json: cannot be read.*next publication"):
        versions(tmp_path, "packaging")


def test_the_newest_release_that_stands_is_current(tmp_path: Path) -> None:
    for version in ("1.9.0", "1.10.0"):
        write_release(tmp_path, version=version)
    write_tombstone(tmp_path, "packaging", "1.10.0", "fout")
    point(tmp_path)
    catalogue = Catalogue(tmp_path, PUBLISHER)
    assert [entry.version for entry in catalogue.versions["packaging"]] == ["1.10.0", "1.9.0"]
    assert catalogue.current["packaging"].version == "1.9.0"
    assert catalogue.by_chain_table == {"packaging": "packaging"}


def test_the_dictionary_says_what_is_empty_from_where_to_where_and_an_example(tmp_path: Path) -> None:
    write_release(tmp_path)
    release = Release(tmp_path, "packaging", "1.0.0")
    indicators = tables_of(release, "nl")[0]
    columns = {column.name: column for column in indicators.columns}
    assert (columns["year"].lowest, columns["year"].highest) == ("2018", "2022")
    assert (columns["value"].empty_share, columns["value"].lowest, columns["value"].highest) == ("13 %", "64", "80,7")
    assert (columns["geo"].example, columns["geo"].lowest) == ("NL", "")
    shown = preview(release, indicators)
    assert shown is not None and (len(shown.first), len(shown.last), shown.left_out) == (5, 3, 0)
    assert codes_in_use(release, Codes(release), "nl") == ()


def test_a_feed_is_valid_xml_whatever_the_titles_say_and_holds_the_newest_first() -> None:
    entries = [
        FeedEntry(
            "a", f"1.{n}.0", f"{HOSTILE}\x00\x0b", HOSTILE, f"2026-01-{n % 28 + 1:02}T03:00:00Z", f"datasets/{n}/"
        )
        for n in range(60)
    ]
    feed = catalogue_files.atom_feed(PUBLISHER, entries, title=HOSTILE, path="feed.atom", page="", language="nl")
    root = ET.fromstring(feed)
    found = root.findall(f"{ATOM}entry")
    updated = [entry.findtext(f"{ATOM}updated") for entry in found]
    assert (
        len(found) == 50 and updated == sorted(updated, reverse=True) and root.findtext(f"{ATOM}updated") == updated[0]
    )
    assert (found[0].findtext(f"{ATOM}title") or "").startswith("<script>alert(1)</script>")
    assert len({entry.findtext(f"{ATOM}id") for entry in found}) == 50


def test_a_sitemap_names_both_languages_and_stays_below_its_limit() -> None:
    many = [Address(f"x/{n}/", f"en/x/{n}/", "2026-01-01" if n else "") for n in range(30_000)]
    root = ET.fromstring(catalogue_files.sitemap(PUBLISHER, many))
    urls = root.findall(f"{SITEMAP}url")
    assert len(urls) == 49_000
    assert [url.findtext(f"{SITEMAP}loc") for url in urls[:2]] == [
        "https://data.example/keten/x/0/",
        "https://data.example/keten/en/x/0/",
    ]
    assert (urls[0].find(f"{SITEMAP}lastmod"), urls[2].findtext(f"{SITEMAP}lastmod")) == (None, "2026-01-01")


def test_robots_may_read_everything() -> None:
    assert (
        catalogue_files.robots(PUBLISHER)
        == b"User-agent: *\nAllow: /\n\nSitemap: https://data.example/keten/sitemap.xml\n"
    )


def test_the_index_can_say_where_page_and_feed_are(tmp_path: Path) -> None:
    write_release(tmp_path)
    found = catalogue_files.index_additions(release_facts(tmp_path, "packaging", "1.0.0", PUBLISHER))
    assert found == {
        "page": "datasets/packaging/", "page_en": "en/datasets/packaging/", "feed": "datasets/packaging/feed.atom",
        "first_year": 2018, "last_year": 2022, "licence": "CC-BY-4.0", "keywords": ["Verpakkingen"],
        "formats": ["csv", "parquet"],
    }  # fmt: skip

"""The site as a whole, over a published folder made by hand: links, languages, hostile texts, what is drawn again."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from publish.published import ReleaseError
from publish.site.building import MANIFEST, build_site
from tests.conftest import files_with_bytes
from tests.published_example import (
    HOSTILE,
    PUBLISHER,
    packaging_tables,
    point,
    write_release,
    write_sums,
    write_tombstone,
)


class Parts(HTMLParser):
    """What a page is made of: links, ids, title, alternates, scripts, attributes of style and event."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.ids: list[str] = []
        self.alternates: dict[str, str] = {}
        self.title = ""
        self.barred: list[str] = []
        self._in: list[str] = []
        self.shown: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self._in.append(tag)
        self.links += [given[name] for name in ("href", "src") if name in given]
        if "id" in given:
            self.ids.append(given["id"])
        if tag == "link" and "hreflang" in given:
            self.alternates[given["hreflang"]] = given["href"]
        if tag == "script" and "src" not in given and given.get("type") != "application/ld+json":
            self.barred.append("inline script")
        self.barred += [name for name in given if name == "style" or name.startswith("on")]
        if tag in ("style", "iframe", "object", "base", "form"):
            self.barred.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self._in:
            while self._in.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        if "title" in self._in and "head" in self._in:
            self.title += data
        elif "script" not in self._in:
            self.shown.append(data)


def pages(published: Path) -> Iterator[tuple[str, Parts]]:
    for path in sorted(published.rglob("*.html")):
        relative = path.relative_to(published).as_posix()
        if not relative.startswith("releases/"):
            yield relative, Parts(path.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two versions of packaging, of which the first is withdrawn; a dataset of targets; all built once."""
    published = tmp_path_factory.mktemp("site")
    write_release(published)
    write_release(published, version="1.1.0", tables=packaging_tables(75.4), released_at="2026-11-22T03:00:00Z")
    write_tombstone(published, "packaging", "1.0.0", "Verkeerd omgerekend.", "1.1.0")
    write_release(
        published, "targets", tables={"targets": packaging_tables()["targets"]}, chain_table="all", title="Doelen"
    )
    for dataset in ("packaging", "targets"):
        point(published, dataset)
    build_site(published, PUBLISHER)
    return published


@pytest.fixture
def small(tmp_path: Path) -> Path:
    write_release(tmp_path)
    point(tmp_path)
    return tmp_path


def test_every_link_of_every_page_leads_to_a_file(site: Path) -> None:
    broken = []
    ids = {relative: set(parts.ids) for relative, parts in pages(site)}
    for relative, parts in pages(site):
        for link in parts.links:
            if urlsplit(link).scheme:
                continue
            if link.startswith("/keten/"):  # only the page that is shown at any address starts at the root
                assert relative.endswith("404.html")
                link = posixpath.relpath(link.removeprefix("/keten/") or ".", posixpath.dirname(relative) or ".")
            target, _, fragment = link.partition("#")
            place = (
                posixpath.normpath(posixpath.join(posixpath.dirname(relative), unquote(target))) if target else relative
            )
            at = site / place
            found = place + "/index.html" if at.is_dir() else place
            if not at.exists() or (fragment and fragment not in ids.get(found.removeprefix("./"), set())):
                broken.append((relative, link))
    assert broken == []


def test_titles_are_unique_in_each_language_and_ids_on_each_page(site: Path) -> None:
    seen: dict[tuple[str, str], str] = {}
    for relative, parts in pages(site):
        language = "en" if relative.startswith("en/") else "nl"
        assert parts.title, relative
        assert (language, parts.title) not in seen, (relative, seen.get((language, parts.title)))
        seen[(language, parts.title)] = relative
        assert len(parts.ids) == len(set(parts.ids)), (relative, [one for one in parts.ids if parts.ids.count(one) > 1])


def test_every_page_names_itself_in_both_languages(site: Path) -> None:
    for relative, parts in pages(site):
        if relative.endswith("404.html"):
            continue
        plain = relative.removeprefix("en/").removesuffix("index.html")
        assert parts.alternates == {
            "nl": f"https://data.example/keten/{plain}",
            "en": f"https://data.example/keten/en/{plain}",
            "x-default": f"https://data.example/keten/{plain}",
        }, relative
        assert (site / relative.removeprefix("en/")).exists() and (site / "en" / relative.removeprefix("en/")).exists()


def test_no_page_has_what_the_content_security_policy_refuses(site: Path) -> None:
    assert {relative: parts.barred for relative, parts in pages(site) if parts.barred} == {}


def test_every_page_describes_itself_to_search_engines(site: Path) -> None:
    kinds = {}
    for relative, _ in pages(site):
        found = re.findall(
            r'<script type="application/ld\+json">(.*?)</script>', (site / relative).read_text(), re.DOTALL
        )
        assert len(found) == 1, relative
        kinds[relative] = json.loads(found[0])["@type"]
    assert kinds["datasets/packaging/index.html"] == kinds["en/datasets/packaging/1.1.0/index.html"] == "Dataset"
    assert kinds["index.html"] == "DataCatalog"
    assert kinds["about/index.html"] == kinds["indicators/pack_recycling_rate/index.html"] == "WebPage"


def test_no_page_is_larger_than_300_kilobytes(site: Path) -> None:
    assert [path for path in site.rglob("*.html") if path.stat().st_size > 300_000] == []


def test_a_withdrawn_release_keeps_a_page_that_says_why_and_what_instead(site: Path) -> None:
    page = (site / "datasets/packaging/1.0.0/index.html").read_text()
    assert "Deze versie is ingetrokken." in page and "Verkeerd omgerekend." in page and 'href="../1.1.0/"' in page
    assert "1.1.0" in (site / "datasets/packaging/index.html").read_text()
    assert "75,4" in (site / "index.html").read_text()


def test_the_dutch_home_page_says_value_year_target_and_verdict(site: Path) -> None:
    said = " ".join(" ".join(Parts((site / "index.html").read_text()).shown).split())
    for text in (
        "75,4",
        "in 2022",
        "ten minste 65 %",
        "vanaf 2025",
        "10,4 procentpunt",
    ):
        assert text in said, text
    assert "boven het doel" in said and "er ligt een breuk in de reeks" in said


def test_hostile_texts_are_shown_as_text_in_pages_drawings_and_feeds(tmp_path: Path) -> None:
    write_release(tmp_path, tables=packaging_tables(title=HOSTILE), title=HOSTILE)
    point(tmp_path)
    build_site(tmp_path, PUBLISHER)
    for relative, parts in pages(tmp_path):
        assert parts.barred == [], relative
        text = (tmp_path / relative).read_text()
        assert "<script>alert" not in text and "<img" not in text, relative
    shown = " ".join(" ".join(Parts((tmp_path / "datasets/packaging/index.html").read_text()).shown).split())
    assert "<script>alert(1)</script>" in shown
    for feed in tmp_path.rglob("feed.atom"):
        assert "<script>" not in feed.read_text()
    data = re.search(r'ld\+json">(.*?)</script>', (tmp_path / "datasets/packaging/index.html").read_text(), re.DOTALL)
    assert data is not None and json.loads(data[1])["name"].startswith("<script>")


def test_a_second_build_writes_nothing(small: Path) -> None:
    first = build_site(small, PUBLISHER)
    before = files_with_bytes(small)
    again = build_site(small, PUBLISHER)
    assert (again.written, again.removed, again.kept) == ((), (), len(first.written))
    assert files_with_bytes(small) == before


def test_the_same_folder_gives_the_same_bytes_whatever_stood_there(small: Path) -> None:
    build_site(small, PUBLISHER)
    expected = files_with_bytes(small)
    (small / MANIFEST).write_text("{")
    (small / "index.html").write_text("old")
    (small / "about" / "index.html").unlink()
    build_site(small, PUBLISHER)
    assert files_with_bytes(small) == expected


def test_a_new_release_draws_again_only_what_it_touches(small: Path) -> None:
    write_release(small, "textile", tables={"indicators": []}, chain_table="textile", title="Textiel")
    point(small, "textile")
    build_site(small, PUBLISHER)
    write_release(small, version="1.1.0", tables=packaging_tables(75.9), released_at="2026-11-22T03:00:00Z")
    point(small)
    written = set(build_site(small, PUBLISHER).written)
    assert {
        "index.html",
        "datasets/packaging/index.html",
        "datasets/packaging/1.1.0/index.html",
        "feed.atom",
    } <= written
    assert {"datasets/packaging/1.0.0/index.html", "indicators/pack_recycling_rate/index.html"} <= written
    assert not any("textile" in path or path.startswith("static") for path in written)


def test_pages_that_no_longer_belong_are_removed_and_releases_never(small: Path) -> None:
    build_site(small, PUBLISHER)
    manifest = json.loads((small / MANIFEST).read_text())
    stray = {"datasets/gone/index.html": "x", "releases/packaging/1.0.0/datapackage.json": "x", "../outside.txt": "x"}
    manifest["units"]["dataset gone"] = {"key": "x", "pages": stray}
    (small / MANIFEST).write_text(json.dumps(manifest))
    (small / "datasets/gone").mkdir()
    (small / "datasets/gone/index.html").write_text("x")
    (small.parent / "outside.txt").write_text("x")
    assert build_site(small, PUBLISHER).removed == ("datasets/gone/index.html",)
    assert not (small / "datasets/gone").exists()
    assert (small / "releases/packaging/1.0.0/datapackage.json").exists() and (small.parent / "outside.txt").exists()


def test_a_build_never_writes_below_releases(small: Path) -> None:
    before = files_with_bytes(small / "releases")
    build_site(small, PUBLISHER)
    assert files_with_bytes(small / "releases") == before


def test_an_empty_folder_gives_a_site_that_says_so(tmp_path: Path) -> None:
    build_site(tmp_path, PUBLISHER)
    assert "Er is nog niets gepubliceerd." in (tmp_path / "index.html").read_text()


def test_a_damaged_release_is_named_and_the_rest_stays_whole(small: Path) -> None:
    (small / "releases/packaging/1.0.0/data/indicators.parquet").write_bytes(b"no parquet")
    with pytest.raises(ReleaseError, match=r"indicators\.parquet.*cannot be read"):
        build_site(small, PUBLISHER)


def test_a_dataset_of_which_all_is_withdrawn_keeps_its_page(small: Path) -> None:
    build_site(small, PUBLISHER)
    write_tombstone(small, "packaging", "1.0.0", "Fout in de bron.")
    point(small)
    before = {path for path, _ in pages(small)}
    assert build_site(small, PUBLISHER).removed == ()
    assert {path for path, _ in pages(small)} == before
    for path in ("datasets/packaging/index.html", "indicators/pack_recycling_rate/index.html"):
        assert "Fout in de bron." in (small / path).read_text(), path
        assert "Fout in de bron." in (small / "en" / path).read_text(), path
    assert "75,2" not in (small / "indicators/pack_recycling_rate/index.html").read_text()
    assert "Ingetrokken; er staat nu geen versie van:" in (small / "index.html").read_text()
    assert 'href="datasets/packaging/">Verpakkingen</a>.' in (small / "index.html").read_text()
    assert "ingetrokken" in (small / "indicators/index.html").read_text()
    assert "/indicators/pack_recycling_rate/" in (small / "sitemap.xml").read_text()
    assert (
        "Er is geen versie die ervoor in de plaats komt." in (small / "datasets/packaging/1.0.0/index.html").read_text()
    )


def test_pages_tell_of_revisions_quality_changes_trends_and_targets_still_open(tmp_path: Path) -> None:
    tables = packaging_tables()
    tables["trends"] = [
        {
            "target_id": "t1", "indicator": "pack_recycling_rate", "subgroup": "total", "geo": "NL", "from_year": 2020,
            "to_year": 2022, "change_unit": "percentage_points", "observed_change_per_year": None,
            "required_change_per_year": None, "arrow": None, "refusal": "fewer_than_four_points",
            "projected_value": None, "projected_low": None, "projected_high": None,
        }
    ]  # fmt: skip
    tables["open_targets"] = [
        {
            "indicator": "pack_recycling_rate", "subgroup": "total", "level": "NL", "instrument": "Besluit",
            "article": "6", "year_from": 2027, "year_to": 2027, "denominator": "", "reason_nl": "Niet gelezen.",
            "reason_en": "Not read.",
            "where_to_look_nl": "Staatsblad", "where_to_look_en": "Staatsblad",
        }
    ]  # fmt: skip
    tables["reconciliation"] = [
        {
            "indicator": "pack_recycling_rate", "subgroup": "total", "geo": "NL", "year": 2017,
            "computed_rounded": 78.2, "published": 78.1, "published_source": "cei_wm020", "decimals": 1,
            "agrees": False, "explanation": "last_digit",
        }
    ]  # fmt: skip
    folder = write_release(tmp_path, tables=tables)
    (folder / "history").mkdir()
    (folder / "diff").mkdir()
    key = '"{""indicator"": ""pack_recycling_rate"", ""geo"": ""NL"", ""subgroup"": ""total"", ""year"": 2022}"'
    (folder / "history/revisions.csv").write_text(
        "table,key,column,old_value,new_value,old_status,new_status,from_version,in_version,released_at\n"
        f"indicators,{key},value,74.9,75.2,P,A,1.0.0,1.1.0,2026-11-22T03:00:00Z\n"
    )
    (folder / "diff/changes.csv").write_text(
        "table,key,change,column,old_value,new_value,old_status,new_status\n"
        f"indicators,{key},changed,value,74.9,75.2,P,A\n"
    )
    counts = {"rows_added": 0, "rows_removed": 0, "cells_changed": 1}
    (folder / "diff/summary.json").write_text(json.dumps({"tables": {"indicators": counts}, "schema": {}}))
    rule = {
        "key": "share_of_empty",
        "severity": "warning",
        "passed": False,
        "failing": 3,
        "expected": "",
        "message": "3 empty",
    }
    quality = {
        "counts": {"tables": 7, "rules": 40, "passed": 39, "warnings": 1},
        "tables": [{"table": "x", "rules": [rule]}],
    }
    (folder / "quality.json").write_text(json.dumps(quality))
    write_sums(folder)
    point(tmp_path)
    build_site(tmp_path, PUBLISHER)

    def said(page: str) -> str:
        return " ".join(" ".join(Parts((tmp_path / page / "index.html").read_text()).shown).split())

    indicator = said("indicators/pack_recycling_rate")
    for text in (
        "74.9 P",
        "75.2 A",
        "er zijn minder dan vier vergelijkbare jaren",
        "Niet gelezen.",
        "0 van de 1 gevallen",
        "78,2 78,1",
    ):
        assert text in indicator, text
    dataset = said("datasets/packaging")
    assert "39 van 40 controles in orde" in dataset and "share_of_empty" in dataset and "3 empty" in dataset
    release = said("en/datasets/packaging/1.0.0")
    assert "pack_recycling_rate · NL · total · 2022" in release and "74.9 75.2" in release


def test_around_a_damaged_dataset_the_pages_of_the_others_are_renewed(small: Path) -> None:
    write_release(small, "targets", tables={"targets": packaging_tables()["targets"]}, chain_table="all")
    point(small, "targets")
    build_site(small, PUBLISHER)
    before = files_with_bytes(small)
    (small / "releases/packaging/1.0.0/data/indicators.parquet").write_bytes(b"no parquet")
    (small / "releases/packaging/1.0.0/datapackage.json").write_bytes(b"no json")
    tables = {"targets": packaging_tables()["targets"] * 2}
    write_release(small, "targets", "1.1.0", tables, chain_table="all")
    point(small, "targets")
    outcome = build_site(small, PUBLISHER, damaged=frozenset({"packaging"}))
    assert outcome.removed == ()
    assert {"datasets/targets/index.html", "datasets/targets/1.1.0/index.html"} <= set(outcome.written)
    assert not [path for path in outcome.written if "targets" not in path]
    after = files_with_bytes(small)
    assert {path for path in before if after.get(path) != before[path] and "targets" not in path} == {
        "releases/packaging/1.0.0/data/indicators.parquet",
        "releases/packaging/1.0.0/datapackage.json",
        MANIFEST,
    }

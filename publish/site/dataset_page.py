"""The page of a dataset: everything that somebody needs to use its newest release, in the order in which they need it.

Here: the facts of that page. Not here: the page of one release (`release_page.py`), which says what changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from publish.numbers_and_dates import Language
from publish.release_facts import ReleasedFile, ReleaseFacts
from publish.site.catalogue import Catalogue
from publish.site.codes import Codes
from publish.site.dictionary import Preview, codes_in_use, preview, tables_of
from publish.site.headline_figures import (
    awaited_rows,
    headline_figures,
    headline_rows,
    in_front,
    known_breaks_of,
    words_of,
)
from publish.site.indicator_charts import MainChart, main_chart
from publish.site.lines import HOME, rows_where
from publish.site.provenance import lineage, sources_in_words
from publish.site.reading import Release, Version
from publish.site.rendering import Page
from publish.site.texts import texts_in

# The status letters of a figure that may still change.
NOT_FINAL = ("P", "E", "F", "I")
# Versions that a dataset page lists; all of them stand in versions.json.
MOST_VERSIONS = 40
METADATA_FILES = (
    "datapackage.json",
    "croissant.json",
    "ro-crate-metadata.json",
    "datacite.json",
    "CITATION.cff",
    "quality.json",
)


@dataclass(frozen=True)
class Download:
    """One thing to download: what it is, its format, size, and rows for a single table."""

    path: str
    title: str
    format: str
    bytes: int
    rows: int | None


def downloads(facts: ReleaseFacts, main_table: str, language: Language) -> tuple[Download, ...]:
    """Workbook, zip, and the main table as CSV and Parquet: what most readers come for, in that order."""
    t = texts_in(language)
    wanted = {
        f"{facts.dataset}-{facts.version}.xlsx": ("XLSX", t("dataset.whole_workbook")),
        f"{facts.dataset}-{facts.version}.zip": ("ZIP", t("dataset.whole_zip")),
        f"data/{main_table}.csv": ("CSV", t("dataset.one_table", table=main_table)),
        f"data/{main_table}.parquet": ("Parquet", t("dataset.one_table", table=main_table)),
    }
    files: Mapping[str, ReleasedFile] = {item.path: item for item in facts.files}
    rows = files[f"data/{main_table}.csv"].rows if f"data/{main_table}.csv" in files else None
    return tuple(
        Download(facts.folder + path, title, form, files[path].bytes, rows if path.startswith("data/") else None)
        for path, (form, title) in wanted.items()
        if path in files
    )


def main_table(release: Release) -> str:
    """The table that most readers want: the indicators, else the headline, else the first."""
    names = list(release.resources)
    return next((name for name in ("indicators", "headline") if name in names), names[0] if names else "")


def not_final(release: Release) -> int:
    """How many figures are provisional, estimated, imputed or forecast."""
    table = release.table("indicators")
    if table is None or "obs_status" not in table.column_names:
        return 0
    return sum(len(table.filter(_equals(table, status))) for status in NOT_FINAL)


def _equals(table: Any, status: str) -> Any:
    import pyarrow.compute as pc

    return pc.equal(table.column("obs_status"), status)


def chart_in_front(release: Release, language: Language) -> MainChart | None:
    """A chart of the first headline figure that has more than two years; None where there is none."""
    table, targets = release.table("indicators"), release.table("targets")
    if table is None:
        return None
    words, breaks = words_of(release, language), known_breaks_of(release, language)
    headline = headline_rows(release)
    for row in in_front(headline, str(release.descriptor.get("upv:chainTable", ""))):
        years = {
            found["year"] for found in rows_where(table, indicator=row["indicator"], geo=HOME, subgroup=row["subgroup"])
        }
        if len(years) > 2:
            goals = rows_where(targets, indicator=row["indicator"]) if targets is not None else []
            same = [other for other in headline if other["indicator"] == row["indicator"]]
            return main_chart(table, row["indicator"], row["subgroup"], same, goals, words, breaks)
    return None


def _versions(entries: Sequence[Version]) -> tuple[Sequence[Version], int]:
    return entries[:MOST_VERSIONS], max(0, len(entries) - MOST_VERSIONS)


def _pinned_snippets(facts: ReleaseFacts, table: str) -> dict[str, Any]:
    from publish.snippets import snippets

    return {which: snippets(facts, table, which=which) for which in ("pinned", "latest")}


def dataset_page(catalogue: Catalogue, dataset: str, language: Language) -> Page:
    """The page of a dataset that has a release that stands."""
    from publish.metadata import citation, schema_org

    t = texts_in(language)
    release = catalogue.newest(dataset)
    facts = release.facts(catalogue.publisher)
    main, tables = main_table(release), tables_of(release, language)
    shown: Preview | None = next((preview(release, table) for table in tables if table.name == main), None)
    rows = [*headline_rows(release), *awaited_rows(release)]
    front = [
        row for chain_table in dict.fromkeys(row["chain_table"] for row in rows) for row in in_front(rows, chain_table)
    ]
    codes = Codes(release)
    title = facts.text("title", language)
    listed, left_out = _versions(catalogue.versions[dataset])
    return Page(
        f"datasets/{dataset}/index.html",
        "dataset.html.j2",
        title,
        facts.text("description", language),
        {
            "facts": facts,
            "current": catalogue.current[dataset],
            "downloads": downloads(facts, main, language),
            "main_table": main,
            "not_final": not_final(release),
            "chart": chart_in_front(release, language),
            "figures": headline_figures(front, release, language, prefix="headline"),
            "preview": shown,
            "read_first": release.descriptor.get(f"upv:readFirst{language.capitalize()}", ()),
            "breaks": known_breaks(release, language),
            "tables": tables,
            "code_lists": codes_in_use(release, codes, language),
            "snippets": _pinned_snippets(facts, main) if main else {"pinned": (), "latest": ()},
            "quality": release.json("quality.json"),
            "quality_page": release.has("quality.html"),
            "sources": sources_in_words(release, facts.sources, language),
            "lineage": lineage(release, t("dataset.lineage_title"), t("dataset.lineage_words"), "lineage"),
            "versions": listed,
            "versions_left_out": left_out,
            "citations": citation.citations(facts, language),
            "metadata_files": [name for name in METADATA_FILES if release.has(name)],
            "indicators": indicators_in(release, codes, language),
        },
        section="datasets",
        crumbs=((t("common.menu_datasets"), "datasets/"), (title, "")),
        json_ld=schema_org.dataset_json_ld(facts, language=language),
        feeds=((f"{t('common.feed')}: {title}", f"datasets/{dataset}/feed.atom"),),
    )


def known_breaks(release: Release, language: Language) -> list[tuple[int, str, str]]:
    """Year, title and note of every known break, each once, oldest first."""
    table = release.table("known_breaks")
    rows = [] if table is None else table.to_pylist()
    return sorted({(row["year"], row[f"title_{language}"], row[f"note_{language}"] or "") for row in rows})


def indicators_in(release: Release, codes: Codes, language: Language) -> list[tuple[str, str]]:
    """Code and name of every indicator with a figure in this release, in the order of their list."""
    import pyarrow.compute as pc

    table = release.table("indicators")
    if table is None or "indicator" not in table.column_names:
        return []
    present = set(pc.unique(table.column("indicator")).to_pylist())
    listed = [code for code in codes.all_of("indicator") if code in present]
    return [(code, codes.label("indicator", code, language)) for code in listed]


def tombstone_page(catalogue: Catalogue, dataset: str, language: Language) -> Page:
    """The page of a dataset of which every release was withdrawn: its versions and why, never a 404."""
    t = texts_in(language)
    newest = catalogue.versions[dataset][0]
    release = catalogue.release(dataset, newest.version)
    title = release.facts(catalogue.publisher).text("title", language)
    return Page(
        f"datasets/{dataset}/index.html",
        "withdrawn.html.j2",
        title,
        t("release.withdrawn_description"),
        {
            "dataset": dataset,
            "tombstone": release.tombstone or {},
            "versions": catalogue.versions[dataset],
            "entry": newest,
        },
        section="datasets",
        crumbs=((t("common.menu_datasets"), "datasets/"), (title, "")),
    )

"""The page of one release: what changed, its files with their checksums, how to cite exactly this one.

Here: the facts of that page, also for a withdrawn release. Not here: the tables and sources of the newest release
(`dataset_page.py`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from publish.numbers_and_dates import Language
from publish.site.catalogue import Catalogue
from publish.site.dictionary import shortened
from publish.site.reading import Release, Version
from publish.site.rendering import Page
from publish.site.texts import texts_in

MOST_CHANGES = 50
MOST_FIELDS = 30


@dataclass(frozen=True)
class TableChange:
    """How many rows and cells of one table changed."""

    table: str
    added: int
    removed: int
    changed: int


@dataclass(frozen=True)
class CellChange:
    """One row of `diff/changes.csv`, its key in words."""

    table: str
    key: str
    change: str
    column: str
    old: str
    new: str


def table_changes(summary: Mapping[str, Any] | None) -> list[TableChange]:
    """The tables in which something changed."""
    tables = (summary or {}).get("tables", {})
    found = [
        TableChange(name, *(int(counts.get(key, 0)) for key in ("rows_added", "rows_removed", "cells_changed")))
        for name, counts in tables.items()
    ]
    return [item for item in found if item.added or item.removed or item.changed]


def key_in_words(text: str) -> str:
    """The key of a row: its values side by side, without their names; a key that is no JSON as it stands."""
    try:
        key = json.loads(text)
    except ValueError:
        return shortened(text)
    return (
        shortened(" · ".join(str(value) for value in key.values() if value is not None))
        if isinstance(key, dict)
        else text
    )


def cell_changes(rows: Sequence[Mapping[str, str]]) -> list[CellChange]:
    """Rows of `diff/changes.csv` as a page shows them, status changes among them as they stand."""
    return [
        CellChange(
            row.get("table", ""),
            key_in_words(row.get("key", "")),
            row.get("change", ""),
            row.get("column", "") or "",
            shortened(row.get("old_value")),
            shortened(row.get("new_value")),
        )
        for row in rows
    ]


def _neighbours(entries: Sequence[Version], version: str) -> tuple[Version | None, Version | None]:
    """The version before and the one after, in the order in which they were made."""
    place = next(index for index, entry in enumerate(entries) if entry.version == version)
    before = entries[place + 1] if place + 1 < len(entries) else None
    return before, entries[place - 1] if place else None


def _facts_of_change(release: Release) -> dict[str, Any]:
    summary = release.json("diff/summary.json")
    changes = release.rows("diff/changes.csv", at_most=MOST_CHANGES)
    return {
        "table_changes": table_changes(summary),
        "schema_changes": (summary or {}).get("schema", {}),
        "changes": cell_changes(changes),
        "most_changes": MOST_CHANGES,
        "has_summary": summary is not None,
    }


def release_page(catalogue: Catalogue, entry: Version, release: Release, language: Language) -> Page:
    """The page of one release, or of its tombstone."""
    from publish.metadata import citation, schema_org

    t = texts_in(language)
    facts = release.facts(catalogue.publisher)
    title = facts.text("title", language)
    before, after = _neighbours(catalogue.versions[entry.dataset], entry.version)
    path = f"datasets/{entry.dataset}/{entry.version}/index.html"
    crumbs = (
        (t("common.menu_datasets"), "datasets/"),
        (title, f"datasets/{entry.dataset}/"),
        (t("release.version", version=entry.version), ""),
    )
    shared = {"entry": entry, "before": before, "after": after, "dataset": entry.dataset, "facts": facts}
    if entry.withdrawn or release.tombstone is not None:
        tombstone = release.tombstone or {}
        gone = {**shared, "tombstone": tombstone, "versions": ()}
        name = t("release.withdrawn_title", title=title, version=entry.version)
        return Page(path, "withdrawn.html.j2", name, t("release.withdrawn_description"), gone, "datasets", crumbs)
    return Page(
        path,
        "release.html.j2",
        t("release.title", title=title, version=entry.version),
        t("release.description", title=title, version=entry.version),
        {
            **shared,
            **_facts_of_change(release),
            "is_current": catalogue.current.get(entry.dataset) == entry,
            "quality": release.json("quality.json"),
            "citations": citation.citations(facts, language),
        },
        section="datasets",
        crumbs=crumbs,
        json_ld=schema_org.dataset_json_ld(facts, language=language),
        feeds=((f"{t('common.feed')}: {title}", f"datasets/{entry.dataset}/feed.atom"),),
    )

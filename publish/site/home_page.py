"""The home page: the five chain tables with their headline figures, then the themes, and the way to the data.

Here: what stands on it, in which order. Not here: which figures stand in front (`headline_figures.py`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from contracts.vocabulary import load_reference_yaml
from publish.beside_releases import DATABASE
from publish.numbers_and_dates import Language
from publish.release_facts import ReleaseFacts
from publish.site.catalogue import Catalogue
from publish.site.codes import Codes
from publish.site.headline_figures import HeadlineFigure, awaited_rows, headline_figures, headline_rows, in_front
from publish.site.reading import Release
from publish.site.rendering import Page
from publish.site.texts import texts_in

CHAIN_TABLES = ("electronics", "furniture", "packaging", "textile", "construction")
CATALOGUES = ("catalog.ttl", "catalog.jsonld", "catalog.rdf")
# Newest releases that the home page lists.
NEWEST = 11


@dataclass(frozen=True)
class Block:
    """A chain table or theme on the home page. `note` says why there is no target, where there is none."""

    chain_table: str
    title: str
    summary: str
    note: str
    dataset: str
    figures: tuple[HeadlineFigure, ...]


def _note(chain_table: str, figures: tuple[HeadlineFigure, ...], release: Release, language: Language) -> str:
    """Why no figure of a block stands beside a target; empty where one does."""
    t = texts_in(language)
    if any(figure.target for figure in figures):
        return ""
    facts: Mapping[str, Any] = load_reference_yaml("chain_tables").get(chain_table, {}).get("upv") or {}
    if not facts.get("scheme") and facts.get(f"threshold_{language}"):
        return str(facts[f"threshold_{language}"])
    awaited = release.table("open_targets")
    return t("home.targets_awaited" if awaited is not None and awaited.num_rows else "home.no_target")


def _block(catalogue: Catalogue, chain_table: str, dataset: str, language: Language) -> Block:
    release = catalogue.newest(dataset)
    rows = in_front([*headline_rows(release), *awaited_rows(release)], chain_table)
    figures = headline_figures(rows, release, language, prefix=f"home-{chain_table}")
    return Block(
        chain_table,
        Codes(release).label("chain_table", chain_table, language),
        release.facts(catalogue.publisher).text("description", language),
        _note(chain_table, figures, release, language),
        dataset,
        figures,
    )


def blocks(catalogue: Catalogue, language: Language) -> tuple[list[Block], list[Block]]:
    """The chain tables and, apart, the themes; those without a dataset are left out."""
    served = catalogue.by_chain_table
    tables = [_block(catalogue, name, served[name], language) for name in CHAIN_TABLES if name in served]
    listed = Codes().all_of("chain_table")
    themes = [
        _block(catalogue, name, served[name], language)
        for name in listed
        if name in served and name not in CHAIN_TABLES
    ]
    return tables, themes


def database_size(catalogue: Catalogue) -> int | None:
    """Bytes of the one database over all packages; None where there is none."""
    path = catalogue.published / f"{DATABASE}.json"
    try:
        return int(json.loads(path.read_bytes())["bytes"])
    except (OSError, ValueError, KeyError):
        return None


def _title(catalogue: Catalogue, dataset: str, language: Language) -> str:
    release = catalogue.release(dataset, catalogue.withdrawn[dataset].version)
    return release.facts(catalogue.publisher).text("title", language)


def home_page(catalogue: Catalogue, facts: list[ReleaseFacts], language: Language) -> Page:
    """The home page. `facts` are those of the newest release of every dataset, by dataset."""
    from publish.metadata import schema_org

    publisher = catalogue.publisher
    tables, themes = blocks(catalogue, language)
    newest = sorted(catalogue.current.values(), key=lambda entry: (entry.released_at, entry.dataset), reverse=True)
    others = [item for item in facts if item.dataset not in {block.dataset for block in tables + themes}]
    return Page(
        "index.html",
        "home.html.j2",
        publisher.title_nl if language == "nl" else publisher.title_en,
        publisher.description_nl if language == "nl" else publisher.description_en,
        {
            "tables": tables,
            "themes": themes,
            "others": others,
            "withdrawn": [(name, _title(catalogue, name, language)) for name in catalogue.withdrawn],
            "newest": sorted(newest[:NEWEST], key=lambda entry: entry.dataset),
            "titles": {item.dataset: item.text("title", language) for item in facts},
            "database": (DATABASE, database_size(catalogue)),
            "catalogues": [name for name in CATALOGUES if (catalogue.published / name).is_file()],
        },
        section="home",
        json_ld=schema_org.catalogue_json_ld(publisher, facts, language) if facts else None,
        feeds=((texts_in(language)("common.feed"), "feed.atom"),),
    )

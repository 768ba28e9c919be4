"""The page of an indicator: what it means, how it is computed, and every Dutch figure of it with its status.

Here: the facts of that page, and the list of all indicators. Not here: targets, breaks and trends in words
(`indicator_facts.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from publish.numbers_and_dates import Language
from publish.site import indicator_facts
from publish.site.catalogue import Catalogue
from publish.site.codes import Codes
from publish.site.headline_figures import (
    HeadlineFigure,
    awaited_rows,
    headline_figures,
    headline_rows,
    known_breaks_of,
    words_of,
)
from publish.site.indicator_charts import NO_CHARTS, charts_of
from publish.site.lines import HOME, Line, lines_of, preferred, rows_where, whole_first
from publish.site.linked_data import indicator_term
from publish.site.numbers import number
from publish.site.provenance import sources_in_words
from publish.site.reading import Release
from publish.site.rendering import Page
from publish.site.texts import texts_in
from publish.site.words import Words

# Rows of figures on one page; a longer list stands in the CSV.
MOST_ROWS = 400
Rows = Sequence[Mapping[str, Any]]
# Headline figures on one page: the parts of packaging waste are nine.
MOST_FIGURES = 12


@dataclass(frozen=True)
class Definition:
    """What an indicator means, from the code lists of the release that holds its figures."""

    code: str
    name: str
    description: str
    unit: str
    direction: str
    level: str
    denominator: str
    article: str
    methods: tuple[tuple[str, str, str, str], ...]


@dataclass(frozen=True)
class SubgroupFigures:
    """The figures of one subgroup: rows of (year, value, status, kind, scope, source, break)."""

    name: str
    rows: tuple[tuple[int, str, str, str, str, str, str], ...]


def homes_of_indicators(catalogue: Catalogue) -> dict[str, str]:
    """Indicator -> the dataset that tells of it: that of its chain table, else the first that has figures of it.

    An indicator whose dataset was withdrawn as a whole stays with it.
    """
    homes: dict[str, str] = {}
    listed = Codes().all_of("indicator")
    for dataset in catalogue.current:
        table = catalogue.newest(dataset).table("indicators")
        if table is not None and "indicator" in table.column_names:
            for code in pc.unique(table.column("indicator")).to_pylist():
                at_home = catalogue.by_chain_table.get(listed.get(code, {}).get("chain_table", ""))
                if code not in homes or at_home == dataset:
                    homes[str(code)] = dataset
    for code, row in listed.items():
        chain_table = row.get("chain_table", "")
        withdrawn = catalogue.withdrawn_chain_tables.get(chain_table, "")
        homes.setdefault(code, catalogue.by_chain_table.get(chain_table, withdrawn))
    return homes


def definition(code: str, methods: Sequence[str], words: Words) -> Definition:
    """The definition of an indicator. A release made before its description was written has none."""
    row, language = words.codes.row("indicator", code), words.language
    return Definition(
        code,
        words.code("indicator", code),
        row.get(f"description_{language}", ""),
        words.code("unit", row.get("unit")),
        words.code("direction", row.get("direction")),
        words.code("pyramid_level", row.get("pyramid_level")),
        row.get(f"denominator_{language}", ""),
        row.get("article", ""),
        tuple(
            (
                method,
                words.code("method", method),
                words.codes.row("method", method).get(f"formula_{words.language}", "")
                or words.codes.row("method", method).get("formula", ""),
                words.codes.row("method", method).get(f"source_{language}", ""),
            )
            for method in methods
        ),
    )


def _subgroup_tables(
    rows: Sequence[Mapping[str, Any]], order: Sequence[str], words: Words
) -> tuple[list[SubgroupFigures], int]:
    found: list[SubgroupFigures] = []
    left = MOST_ROWS
    for subgroup in order:
        of_it = sorted(
            (row for row in rows if row["subgroup"] == subgroup),
            key=lambda row: (-row["year"], row["origin"], row["source"] or ""),
        )
        shown = tuple(
            (
                row["year"],
                number(row["value_rounded"], row["decimals"], words.language),
                words.code("obs_status", row["obs_status"]),
                words.t(f"origin_{row['origin']}"),
                words.scope(row),
                words.source(row),
                row["known_break"] or "",
            )
            for row in of_it[:left]
        )
        left -= len(shown)
        if shown:
            found.append(SubgroupFigures(words.code("subgroup", subgroup), shown))
    return found, len(rows) - sum(len(item.rows) for item in found)


def other_areas(
    table: pa.Table, code: str, main: Line, words: Words
) -> tuple[int, list[tuple[str, str, str, bool]]] | None:
    """The newest year in which other areas have the figure, and per area: name, value, status, whether it is ours."""
    rows = [
        row
        for row in rows_where(
            table, indicator=code, subgroup=main.subgroup, origin=main.origin, source=main.source, method=main.method
        )
        if row["scope_version"] == main.scope_version and row["value_rounded"] is not None
    ]
    by_year: dict[int, list[Mapping[str, Any]]] = {}
    for row in rows:
        by_year.setdefault(row["year"], []).append(row)
    years = [year for year, found in by_year.items() if len(found) > 1 and any(row["geo"] == HOME for row in found)]
    if not years:
        return None
    newest = max(years)
    shown = sorted(by_year[newest], key=lambda row: (-row["value_rounded"], row["geo"]))
    return newest, [
        (
            words.code("geo", row["geo"]),
            number(row["value_rounded"], row["decimals"], words.language),
            words.status(row),
            row["geo"] == HOME,
        )
        for row in shown
    ]


def _newest(
    release: Release, headline: Sequence[Mapping[str, Any]], order: Sequence[str], language: Language
) -> tuple[HeadlineFigure, ...]:
    """The newest figures of all parts that have a target; where none has one, that of the whole."""
    place = {code: index for index, code in enumerate(order)}
    whole = sorted(headline, key=lambda row: (place.get(row["subgroup"], len(place)), row["level"]))
    with_target = [row for row in whole if row.get("target_id")]
    return headline_figures(
        (with_target or whole[:1])[:MOST_FIGURES], release, language, prefix="headline", by_part=True
    )


def _rows_of(release: Release, table: str, code: str) -> list[dict[str, Any]]:
    found = release.table(table)
    return [] if found is None else rows_where(found, indicator=code)


def _policy(release: Release, code: str, goals: Rows, words: Words) -> dict[str, Any]:
    """What stands in law, and whether it is within reach."""
    by_id = {row["target_id"]: row for row in goals}
    return {
        "targets": indicator_facts.targets_in_words(goals, words),
        "open_targets": indicator_facts.open_targets_in_words(_rows_of(release, "open_targets", code), words),
        "trends": indicator_facts.trends_in_words(_rows_of(release, "trends", code), by_id, words),
    }


def _checks(release: Release, code: str, rows: Rows, words: Words) -> dict[str, Any]:
    """What a careful reader wants to know of the figures: computed beside published, revisions, breaks."""
    compared, in_all, agreeing = indicator_facts.comparisons(release, code, words)
    return {
        "compared": compared,
        "compared_in_all": in_all,
        "agreeing": agreeing,
        "revisions": indicator_facts.revisions(release, code),
        "breaks": indicator_facts.breaks_in(rows, release, words),
    }


def _figures_of(release: Release, code: str, rows: Rows, goals: Rows, words: Words) -> dict[str, Any]:
    """The figures themselves: newest, charts, table, other countries."""
    table = release.table("indicators")
    headline = [row for row in (*headline_rows(release), *awaited_rows(release)) if row["indicator"] == code]
    order = whole_first((row["subgroup"] for row in rows), list(words.codes.all_of("subgroup")))
    shown, left_out = _subgroup_tables(rows, order, words)
    at_front = next((row for row in headline if order and row["subgroup"] == order[0]), None)
    main = preferred([line for line in lines_of(rows) if order and line.subgroup == order[0]], at_front)
    breaks = known_breaks_of(release, words.language)
    return {
        "figures": _newest(release, headline, order, words.language),
        "charts": NO_CHARTS if table is None else charts_of(table, code, headline, goals, words, breaks),
        "subgroups": shown,
        "left_out": left_out,
        "unit": words.code("unit", rows[0]["unit"]) if rows else "",
        "others": None if table is None or main is None else other_areas(table, code, main, words),
        "others_title": words.title(code, main.subgroup) if main is not None else "",
        "others_source": words.source(main.rows[-1]) if main is not None else "",
    }


def indicator_page(catalogue: Catalogue, code: str, dataset: str, language: Language) -> Page:
    """The page of one indicator, from the release that stands for `dataset`; also for one that has no figures yet."""
    t = texts_in(language)
    release = catalogue.newest(dataset)
    words = words_of(release, language)
    rows = [row for row in _rows_of(release, "indicators", code) if row["geo"] == HOME]
    goals = _rows_of(release, "targets", code)
    named = definition(code, sorted({row["method"] for row in rows if row["method"]}), words)
    used = {source for row in rows for source in str(row["source"] or "").split("+")}
    facts = release.facts(catalogue.publisher)
    return Page(
        f"indicators/{code}/index.html",
        "indicator.html.j2",
        named.name,
        named.description or t("indicator.description", name=named.name),
        {
            "definition": named,
            "facts": facts,
            "dataset_title": facts.text("title", language),
            "chain_table": words.code("chain_table", words.codes.row("indicator", code).get("chain_table")),
            "sources": sources_in_words(release, [row for row in facts.sources if row.get("source") in used], language),
            "read_first": release.descriptor.get(f"upv:readFirst{language.capitalize()}", ()),
            "has_csv": release.has("data/indicators.csv"),
            **_figures_of(release, code, rows, goals, words),
            **_policy(release, code, goals, words),
            **_checks(release, code, rows, words),
        },
        section="indicators",
        crumbs=((t("common.menu_indicators"), "indicators/"), (named.name, "")),
        about=_term(catalogue, named, dataset),
    )


def withdrawn_page(catalogue: Catalogue, code: str, dataset: str, language: Language) -> Page:
    """The page of an indicator of which all figures were withdrawn: what it means and why they went, never a 404."""
    t = texts_in(language)
    release = catalogue.release(dataset, catalogue.withdrawn[dataset].version)
    words = Words(Codes(), language)
    named = definition(code, (), words)
    return Page(
        f"indicators/{code}/index.html",
        "indicator_withdrawn.html.j2",
        named.name,
        named.description or t("indicator.description", name=named.name),
        {
            "definition": named,
            "dataset": dataset,
            "dataset_title": release.facts(catalogue.publisher).text("title", language),
            "chain_table": words.code("chain_table", words.codes.row("indicator", code).get("chain_table")),
            "tombstone": release.tombstone or {},
        },
        section="indicators",
        crumbs=((t("common.menu_indicators"), "indicators/"), (named.name, "")),
        about=_term(catalogue, named, dataset),
    )


def _term(catalogue: Catalogue, named: Definition, dataset: str) -> dict[str, Any]:
    from publish.metadata.addresses import dataset_iri

    holds = dataset_iri(catalogue.publisher, dataset)
    return indicator_term(catalogue.publisher, named.code, named.name, named.description, holds)


def _newest_in_words(catalogue: Catalogue, words: Words) -> dict[str, str]:
    """Indicator -> its newest Dutch figure with its year; that of the whole, else of its first part, which is named."""
    found: dict[str, str] = {}
    for dataset in catalogue.current:
        rows = sorted(headline_rows(catalogue.newest(dataset)), key=lambda row: row["subgroup"] != "total")
        for row in rows:
            part = "" if row["subgroup"] == "total" else f"{words.code('subgroup', row['subgroup'])}: "
            part = "" if part[:-2].lower() in words.code("indicator", row["indicator"]).lower() else part
            listed = words.codes.row("scope_version", row["scope_version"] or "")
            when = words.t("year_not_stated") if listed.get("year_stated") == "no" else row["year"]
            found.setdefault(row["indicator"], f"{part}{words.quoted(row, None)} ({when})")
    return found


def indicators_page(catalogue: Catalogue, homes: Mapping[str, str], language: Language) -> Page:
    """All indicators, by chain table, with their newest Dutch figure where they have one."""
    t = texts_in(language)
    codes = Codes()
    words = Words(codes, language)
    newest = _newest_in_words(catalogue, words)
    groups: dict[str, list[tuple[str, str, str, str]]] = {}
    for code, dataset in homes.items():
        row = codes.row("indicator", code)
        told = t("indicators.withdrawn") if dataset in catalogue.withdrawn else newest.get(code, "")
        entry = (code, words.code("indicator", code), words.code("unit", row.get("unit")), told)
        groups.setdefault(row.get("chain_table", ""), []).append(entry)
    order = [code for code in (*codes.all_of("chain_table"), "") if code in groups]
    return Page(
        "indicators/index.html",
        "indicators.html.j2",
        t("indicators.title"),
        t("indicators.description"),
        {"groups": [(words.code("chain_table", code) or t("indicators.other"), groups[code]) for code in order]},
        section="indicators",
        crumbs=((t("common.menu_indicators"), ""),),
    )

"""What the releases hold about one indicator, beside its figures: targets, breaks, trend, reconciliation, revisions.

Here: rows in words. Not here: the page that puts them in order (`indicator_page.py`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from publish.site.lines import HOME, rows_where
from publish.site.numbers import number
from publish.site.reading import Release
from publish.site.words import Words

# Rows of published beside computed, and of revisions, that one page shows; all stand in the files.
MOST_COMPARED = 60
MOST_REVISIONS = 100


@dataclass(frozen=True)
class TargetInWords:
    """One target. `year` is its year or years; an open target has no value but a reason."""

    subgroup: str
    level: str
    value: str
    year: str
    instrument: str
    article: str
    status: str
    confidence: str
    denominator: str
    note: str


@dataclass(frozen=True)
class TrendInWords:
    """Whether a target is within reach, or why nothing is said."""

    subgroup: str
    target: str
    period: str
    change: str
    required: str
    verdict: str
    projection: str


@dataclass(frozen=True)
class Comparison:
    """A computed value beside the published one."""

    subgroup: str
    year: int
    computed: str
    published: str
    source: str
    agrees: bool
    explanation: str


def years_in_words(year_from: int, year_to: int | None, words: Words) -> str:
    """The period in which a target holds."""
    if year_to == year_from:
        return str(year_from)
    return words.t("from_year", year=year_from) if year_to is None else f"{year_from}–{year_to}"


def targets_in_words(rows: Iterable[Mapping[str, Any]], words: Words) -> list[TargetInWords]:
    """Targets, those in force first, then by subgroup and year."""
    order = {"in_force": 0, "best_effort": 1, "alternative": 2, "lapsed": 3}
    return [
        TargetInWords(
            words.code("subgroup", row["subgroup"]),
            words.t(f"level_{row['level']}_short"),
            f"{words.code('comparator', row['comparator'])} {words.value(row['value'], None, row['unit'])}",
            years_in_words(row["year_from"], row["year_to"], words),
            row["instrument"] or "",
            row["article"] or "",
            words.t(f"target_status_{row['status']}"),
            words.code("confidence", row["confidence"]),
            row["denominator"] or "",
            row[f"note_{words.language}"] or "",
        )
        for row in sorted(
            rows,
            key=lambda row: (
                order.get(row["status"], 9),
                row["subgroup"] != "total",
                row["subgroup"],
                row["year_from"],
            ),
        )
    ]


def open_targets_in_words(rows: Iterable[Mapping[str, Any]], words: Words) -> list[TargetInWords]:
    """Targets whose value is not known to us: the reason stands where the value would."""
    return [
        TargetInWords(
            words.code("subgroup", row["subgroup"]),
            words.t(f"level_{row['level']}_short"),
            row[f"reason_{words.language}"] or "",
            years_in_words(row["year_from"], row["year_to"], words),
            row["instrument"] or "",
            row["article"] or "",
            "",
            "",
            row["denominator"] or "",
            row[f"where_to_look_{words.language}"] or "",
        )
        for row in rows
    ]


def _change(value: float | None, unit: str | None, words: Words) -> str:
    if value is None:
        return ""
    return f"{number(value, 2, words.language)}\N{NO-BREAK SPACE}{words.code('change_unit', unit).lower()}"


def trends_in_words(
    trends: Iterable[Mapping[str, Any]], targets: Mapping[str, Mapping[str, Any]], words: Words
) -> list[TrendInWords]:
    """Trends of targets that have not lapsed; a refusal is said in words, never left out."""
    found = []
    for row in trends:
        target = targets.get(row["target_id"])
        if row.get("geo") != HOME or target is None or target["status"] == "lapsed":
            continue
        aim = f"{words.code('comparator', target['comparator'])} {words.value(target['value'], None, target['unit'])}"
        low, high = row.get("projected_low"), row.get("projected_high")
        projection = ""
        if row.get("projected_value") is not None and low is not None and high is not None:
            projection = words.t(
                "projection",
                value=words.value(row["projected_value"], 1, target["unit"]),
                low=words.value(low, 1, target["unit"]),
                high=words.value(high, 1, target["unit"]),
            )
        period = f"{row['from_year']}–{row['to_year']}" if row.get("from_year") else ""
        level = words.t(f"level_{target['level']}_short")
        held = years_in_words(target["year_from"], target["year_to"], words)
        found.append(
            TrendInWords(
                words.code("subgroup", row["subgroup"]),
                f"{level}: {aim}, {held}",
                period,
                _change(row.get("observed_change_per_year"), row.get("change_unit"), words),
                _change(row.get("required_change_per_year"), row.get("change_unit"), words),
                words.code("arrow", row["arrow"]) if row.get("arrow") else words.refusal(row.get("refusal") or ""),
                projection,
            )
        )
    return found


def comparisons(release: Release, indicator: str, words: Words) -> tuple[list[Comparison], int, int]:
    """Computed beside published for the Netherlands, those that differ first; how many in all, and how many agree."""
    table = release.table("reconciliation")
    rows = [] if table is None else rows_where(table, indicator=indicator, geo=HOME)
    rows.sort(key=lambda row: (bool(row["agrees"]), -row["year"], row["subgroup"]))
    shown = [
        Comparison(
            words.code("subgroup", row["subgroup"]),
            row["year"],
            number(row["computed_rounded"], row["decimals"], words.language),
            number(row["published"], row["decimals"], words.language),
            row["published_source"] or "",
            bool(row["agrees"]),
            words.code("explanation", row["explanation"]),
        )
        for row in rows[:MOST_COMPARED]
    ]
    return shown, len(rows), sum(bool(row["agrees"]) for row in rows)


def revisions(release: Release, indicator: str) -> list[dict[str, str]]:
    """Revisions of the Dutch figures of an indicator over the life of the dataset, newest first, their key in words."""
    found = []
    for row in release.rows("history/revisions.csv"):
        try:
            key = json.loads(row.get("key", ""))
        except ValueError:
            continue
        if isinstance(key, dict) and key.get("indicator") == indicator and key.get("geo", HOME) == HOME:
            found.append({**row, "subgroup": str(key.get("subgroup", "")), "year": str(key.get("year", ""))})
    return sorted(found, key=lambda row: row.get("released_at", ""), reverse=True)[:MOST_REVISIONS]


def breaks_in(rows: Sequence[Mapping[str, Any]], release: Release, words: Words) -> list[tuple[int, str, str]]:
    """Year, title and note of the known breaks that these figures name, oldest first."""
    named = {item for row in rows for item in str(row.get("known_break") or "").split("+") if item}
    table = release.table("known_breaks")
    known = [] if table is None else table.to_pylist()
    return sorted(
        {
            (row["year"], row[f"title_{words.language}"], row[f"note_{words.language}"] or "")
            for row in known
            if row["break_id"] in named
        }
    )

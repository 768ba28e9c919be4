"""Headline figures: the latest value of an indicator, held against its target, as home and dataset pages show it.

Here: which figures stand in front, and what is said with each. Not here: the words of one figure (`words.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from publish.numbers_and_dates import Language
from publish.site import drawing
from publish.site.codes import Codes
from publish.site.known_breaks import KnownBreaks
from publish.site.lines import HOME, rows_where
from publish.site.numbers import number
from publish.site.reading import Release
from publish.site.texts import texts_in
from publish.site.words import Words

# Figures that a reader meets first, per chain table or theme: (indicator, subgroup, level of the target; empty: any).
# What a release does not hold is skipped; where nothing is left, figures with a target come first.
IN_FRONT: Mapping[str, tuple[tuple[str, str, str], ...]] = {
    "electronics": (
        ("weee_collection_rate_pom", "total", ""),
        ("weee_collection_rate_generated", "total", ""),
        ("weee_recycling_rate_collected", "total", ""),
        ("weee_unaccounted_share", "total", ""),
    ),
    "furniture": (
        ("furniture_reuse_share", "large_seating", ""),
        ("mattress_recycling_rate", "mattresses", ""),
        ("furniture_industry_waste_recovered_share", "furniture_industry", ""),
    ),
    "packaging": (
        ("pack_recycling_rate", "total", "EU"),
        # the newest figure, of the Dutch scheme and counted its way, beside that of Eurostat
        ("pack_recycling_rate_nl", "total", "NL"),
        ("pack_recycling_rate", "plastic", "EU"),
        ("drs_collection_rate_bottles", "plastic_bottles_le3l", "NL"),
        ("pack_reduction_vs_2018", "total", "EU"),
    ),
    "textile": (
        ("textile_reuse_recycling_share", "total", "NL"),
        ("textile_fibre_to_fibre_share", "total", "NL"),
        ("textile_separate_collection_rate", "total", ""),
        ("textile_pom_t", "total", ""),
    ),
    "construction": (
        ("cdw_recovery_rate", "mineral_cdw", ""),
        ("dmc_nonmetallic_minerals_t", "non_metallic_minerals", ""),
        ("flat_glass_recycled_share", "flat_glass", ""),
    ),
    "national": (
        ("npce_halving_index", "total", ""),
        ("cmur", "total", ""),
        ("municipal_recycling_rate", "total", ""),
        ("dmc_t_hab", "total", ""),
    ),
    "craft_centres": (("cac_national_coverage_pop", "craft_centres", ""), ("cac_co2_avoided_kt", "thrift_sector", "")),
    "municipal": (("mun_household_waste_kg_hab", "total", ""), ("mun_separation_share", "total", "")),
}
AT_MOST = 4
# Either target of these two is enough (Regeling AEEA, art. 10(c)): method A and method B.
EITHER = frozenset({"weee_collection_rate_pom", "weee_collection_rate_generated"})


@dataclass(frozen=True)
class HeadlineFigure:
    """One headline figure in words. `mark` is reached, short or none; `chart` stands only beside a target.

    `bound` says that the value is at most or at least the true one, `when` its year or that it is not stated.
    """

    key: str
    indicator: str
    title: str
    number: str
    unit: str
    year: int | None
    bound: str
    when: str
    cautions: tuple[str, ...]
    basis: str
    target: str
    mark: str
    verdict: str
    distance: str
    trend: str
    chart: Markup | None


def headline_rows(release: Release) -> list[dict[str, Any]]:
    """The Dutch rows of the headline table of a release; none where it has no such table."""
    table = release.table("headline")
    return [] if table is None else rows_where(table, geo=HOME)


def awaited_rows(release: Release) -> list[dict[str, Any]]:
    """Targets in force without a figure to hold against them, the first year of each, as rows without a value."""
    progress, targets = release.table("progress"), release.table("targets")
    if progress is None or targets is None:
        return []
    in_force = {row["target_id"] for row in rows_where(targets, status="in_force")}
    found: dict[tuple[str, str, str], dict[str, Any]] = {}
    for row in rows_where(progress, verdict="no_data", geo=HOME):
        key = (row["indicator"], row["subgroup"], row["level"])
        if row["target_id"] in in_force and (
            key not in found or row["target_year_from"] < found[key]["target_year_from"]
        ):
            found[key] = {**row, "year": None, "target_status": "in_force"}
    return list(found.values())


def in_front(rows: Sequence[Mapping[str, Any]], chain_table: str) -> list[Mapping[str, Any]]:
    """The rows that stand in front for a chain table: those of its list, else at most four."""
    of_table = [row for row in rows if row["chain_table"] == chain_table]
    found = []
    for indicator, subgroup, level in IN_FRONT.get(chain_table, ()):
        same = [
            row
            for row in of_table
            if row["indicator"] == indicator and row["subgroup"] == subgroup and level in ("", row["level"])
        ]
        found += same[:1]
    rest = sorted(
        (row for row in of_table if row not in found),
        key=lambda row: (row["year"] is None, row.get("target_id") is None, row["subgroup"] != "total"),
    )
    return found or rest[:AT_MOST]


def decimals_of(release: Release, row: Mapping[str, Any], codes: Codes) -> int | None:
    """Decimals in which a headline figure is published; None (as many as it has) where that is not told."""
    if row["year"] is None:
        return None
    table = release.table("indicators")
    if table is not None:
        for found in rows_where(table, indicator=row["indicator"], subgroup=row["subgroup"], geo=row["geo"]):
            if found["year"] == row["year"] and found["value_rounded"] == row["value_rounded"]:
                decimals: int | None = found["decimals"]
                return decimals
    listed = codes.row("indicator", row["indicator"]).get("decimals", "")
    return int(listed) if listed and row.get("basis") == "computed" else None


def known_breaks_of(release: Release, language: Language) -> KnownBreaks:
    """The known breaks of a release with their titles; none where it has no such table."""
    table = release.table("known_breaks")
    rows = [] if table is None else table.to_pylist()
    return KnownBreaks({row["break_id"]: row[f"title_{language}"] for row in rows}, rows)


def words_of(release: Release, language: Language, codes: Codes | None = None) -> Words:
    """The words for the figures of a release, with the names of those who publish its sources."""
    sources = release.table("sources")
    rows = [] if sources is None else sources.to_pylist()
    from_deliveries = texts_in(language)("figure.deliveries")
    called = {"curated": "", "delivery": from_deliveries}
    publishers = {
        row["source"]: called.get(str(row.get("origin_of_bytes")), str(row.get("publisher") or "")) for row in rows
    }
    editions = {row["source"]: str(row["edition"]) for row in rows if row.get("edition")}
    return Words(codes or Codes(release), language, publishers, editions)


def headline_figures(
    rows: Sequence[Mapping[str, Any]], release: Release, language: Language, *, prefix: str, by_part: bool = False
) -> tuple[HeadlineFigure, ...]:
    """Rows of a headline table as figures. `prefix` keeps the ids of their charts apart on one page.

    With `by_part` each is called by its part (Glass), for a page that is about one indicator.
    """
    codes = Codes(release)
    words = words_of(release, language, codes)
    breaks = known_breaks_of(release, language)
    return tuple(
        _figure(row, decimals_of(release, row, codes), words, breaks, f"{prefix}-{index}", by_part)
        for index, row in enumerate(rows)
    )


def _either(row: Mapping[str, Any], words: Words) -> tuple[str, ...]:
    """That another target would do as well, where that is so."""
    return (words.t("either"),) if row.get("target_id") and row["indicator"] in EITHER else ()


def _figure(
    row: Mapping[str, Any], decimals: int | None, words: Words, breaks: KnownBreaks, key: str, by_part: bool
) -> HeadlineFigure:
    title = words.title(row["indicator"], row["subgroup"])
    verdict = words.verdict(row)
    finding = words.t(
        "bullet_finding",
        title=title,
        value=words.value(row["value_rounded"], decimals, row["unit"]),
        year=row["year"],
        target=words.target(row),
        verdict=verdict,
    )
    return HeadlineFigure(
        key=key,
        indicator=row["indicator"],
        title=words.code("subgroup", row["subgroup"]) if by_part else title,
        number=number(row["value_rounded"], decimals, words.language),
        unit=words.unit(row["unit"]),
        year=row["year"],
        bound=words.bound(row),
        when=words.when(row),
        cautions=(*words.cautions(row, breaks.titles), *_either(row, words)),
        basis=words.basis(row),
        target=words.target(row),
        mark=words.mark(row),
        verdict=verdict,
        distance=words.distance(row),
        trend=words.trend(row) if row.get("target_id") and row["year"] is not None else "",
        chart=drawing.bullet(row, decimals, words, breaks, key, title, finding),
    )

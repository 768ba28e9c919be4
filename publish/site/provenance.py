"""Where the figures of a release came from: its sources, and a drawing of which table holds figures of which source.

Here: rows of `sources` in words, and the drawing. Not here: provenance for machines (`publish/metadata`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow.compute as pc
from markupsafe import Markup, escape

from publish.numbers_and_dates import Language
from publish.quality import retrieved
from publish.site.codes import Codes
from publish.site.reading import Release

# Columns that name the source of a figure; several inputs stand joined by "+".
_SOURCE_COLUMNS = ("source", "basis_source", "published_source")
_ROW, _BOX, _WIDE, _GAP = 26, 20, 190, 150
_LONGEST_NAME = 26


@dataclass(frozen=True)
class SourceInWords:
    """One source as a page tells it. `homepage` is a link only where it is a web address.

    `editions` are empty where the copy does not state its edition, `retrieved_at` where it was not fetched live.
    """

    code: str
    title: str
    publisher: str
    editions: tuple[str, ...]
    retrieved_at: str
    retrieved_from: str
    origin: str
    licence: str
    homepage: str
    sha256: str
    note: str


def sources_in_words(
    release: Release, rows: Sequence[Mapping[str, str]], language: Language
) -> tuple[SourceInWords, ...]:
    """The rows of `sources` (as text) with their codes named."""
    codes = Codes(release)
    return tuple(
        SourceInWords(
            row.get("source", ""),
            row.get(f"title_{language}", row.get("source", "")),
            row.get("publisher", ""),
            tuple(part for part in row.get("edition", "").split(", ") if part),
            retrieved(row),
            row.get("retrieved_from", ""),
            codes.label("origin_of_bytes", row.get("origin_of_bytes"), language),
            row.get("licence", ""),
            row["homepage"] if row.get("homepage", "").startswith(("https://", "http://")) else "",
            row.get("sha256", ""),
            row.get(f"note_{language}", ""),
        )
        for row in rows
    )


def holds(release: Release) -> dict[str, set[str]]:
    """Table -> the sources named in it; a table that names none is left out."""
    found: dict[str, set[str]] = {}
    for name in release.resources:
        table = release.table(name)
        if table is None or name == "sources":
            continue
        for column in [column for column in _SOURCE_COLUMNS if column in table.column_names]:
            for value in pc.unique(table.column(column)).to_pylist():
                found.setdefault(name, set()).update(str(value).split("+") if value else ())
    return {name: sources for name, sources in found.items() if sources}


def _box(x: int, y: int, text: str, kind: str) -> str:
    shown = text if len(text) <= _LONGEST_NAME else text[: _LONGEST_NAME - 1] + "…"
    return (
        f'<rect class="{kind}" x="{x}" y="{y}" width="{_WIDE}" height="{_BOX}" rx="2"/>'
        f'<text x="{x + 8}" y="{y + 14}">{escape(shown)}</text>'
    )


def lineage(release: Release, title: str, description: str, name: str) -> Markup | None:
    """A drawing: sources at the left, tables in the middle, the release at the right. None where nothing is named."""
    tables = holds(release)
    known = {str(row.get("source")) for row in (release.rows("data/sources.csv") or ())}
    sources = sorted({source for named in tables.values() for source in named} & known)
    if not sources:
        return None
    rows = max(len(sources), len(tables))
    height = rows * _ROW + 8
    middle, right = _WIDE + _GAP, 2 * (_WIDE + _GAP)
    at = {source: round((index + 0.5) * (height / len(sources))) for index, source in enumerate(sources)}
    table_at = {table: round((index + 0.5) * (height / len(tables))) for index, table in enumerate(tables)}
    parts = [
        f'<path d="M{_WIDE} {at[source]} C{_WIDE + 70} {at[source]} {middle - 70} {y} {middle} {y}"/>'
        for table, y in table_at.items()
        for source in sources
        if source in tables[table]
    ]
    end = height // 2
    parts += [
        f'<path d="M{middle + _WIDE} {y} C{middle + _WIDE + 70} {y} {right - 70} {end} {right} {end}"/>'
        for y in table_at.values()
    ]
    parts += [_box(0, y - _BOX // 2, source, "source") for source, y in at.items()]
    parts += [_box(middle, y - _BOX // 2, table, "table") for table, y in table_at.items()]
    parts.append(_box(right, end - _BOX // 2, f"{release.dataset} {release.version}", "release"))
    box, named = f"-2 0 {right + _WIDE + 4} {height}", f"{name}-t {name}-d"
    head = f'<svg class="lineage" viewBox="{box}" role="img" aria-labelledby="{named}">'
    words = f'<title id="{name}-t">{escape(title)}</title><desc id="{name}-d">{escape(description)}</desc>'
    return Markup(head + words + "".join(parts) + "</svg>")  # noqa: S704 - every text escaped above

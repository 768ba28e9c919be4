"""The columns of a table as a reader needs them: what each means, and what is in it in this release.

Here: descriptor and figures side by side, the preview, and which codes occur. Not here: how it looks (`templates/`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from publish.numbers_and_dates import Language
from publish.site.codes import Codes
from publish.site.numbers import number
from publish.site.reading import Release
from publish.tables import as_text

# A cell of a preview or an example is cut here; the whole text is in the file.
LONGEST_CELL = 80
PREVIEW_ROWS = 5
# Codes of one list that a page shows; the rest is in the CSV.
MOST_CODES = 60


@dataclass(frozen=True)
class Column:
    """One column: its texts, and what is in it. `lowest` and `highest` are empty for texts."""

    name: str
    title: str
    description: str
    type: str
    unit: str
    code_list: str
    required: bool
    key: bool
    empty_share: str
    lowest: str
    highest: str
    example: str


@dataclass(frozen=True)
class TableOfRelease:
    """A table: its texts, its files as (path, format, bytes) and its columns."""

    name: str
    title: str
    description: str
    rows: int
    files: tuple[tuple[str, str, int], ...]
    columns: tuple[Column, ...]


@dataclass(frozen=True)
class Preview:
    """First and last rows of a table as they stand in the CSV. `left_out` rows stand between them."""

    table: str
    columns: tuple[tuple[str, str, str], ...]
    first: tuple[tuple[str, ...], ...]
    last: tuple[tuple[str, ...], ...]
    left_out: int


@dataclass(frozen=True)
class CodeListInUse:
    """A code list with the codes that occur in this release. `total` counts the whole list."""

    name: str
    path: str
    bytes: int
    total: int
    used: tuple[tuple[str, str], ...]
    left_out: int


def said(item: Mapping[str, Any], name: str, language: Language) -> str:
    """Title or description of a resource or field in one language."""
    text = item.get(name if language == "nl" else f"upv:{name}En") or item.get(name) or ""
    return str(text)


def shortened(text: str | None) -> str:
    """A cell on one line, cut where it is long."""
    one_line = " ".join((text or "").split())
    return one_line if len(one_line) <= LONGEST_CELL else one_line[: LONGEST_CELL - 1] + "…"


def _extremes(values: pa.ChunkedArray, language: Language, as_year: bool) -> tuple[str, str]:
    if not (pa.types.is_integer(values.type) or pa.types.is_floating(values.type)):
        return "", ""
    span = pc.min_max(values).as_py()
    if span["min"] is None:
        return "", ""
    if as_year:
        return str(span["min"]), str(span["max"])
    low, high = (number(float(f"{span[end]:.6g}"), None, language) for end in ("min", "max"))
    return low, high


def _column(field: Mapping[str, Any], table: pa.Table | None, key: Sequence[str], language: Language) -> Column:
    name = str(field["name"])
    lowest = highest = example = empty = ""
    if table is not None and name in table.column_names:
        values = table.column(name)
        if table.num_rows:
            empty = f"{number(100 * values.null_count / table.num_rows, 0, language)} %"
        lowest, highest = _extremes(values, language, "year" in name)
        present = as_text(table.select([name])).column(name).drop_null().slice(0, 1).to_pylist()
        example = shortened(present[0]) if present else ""
    return Column(
        name,
        said(field, "title", language),
        said(field, "description", language),
        str(field.get("type", "any")),
        str(field.get("upv:unit", "")),
        str(field.get("upv:codeList", "")),
        bool(field.get("constraints", {}).get("required")),
        name in key,
        empty,
        lowest,
        highest,
        example,
    )


def tables_of(release: Release, language: Language) -> tuple[TableOfRelease, ...]:
    """The tables of a release in the order of its descriptor, code lists left out."""
    found = []
    for name, item in release.resources.items():
        schema = item.get("schema", {})
        files = [(str(item["path"]), "csv")]
        files += [(str(other["path"]), str(other["format"])) for other in item.get("upv:alternates", ())]
        found.append(
            TableOfRelease(
                name,
                said(item, "title", language),
                said(item, "description", language),
                int(item.get("upv:rows", 0)),
                tuple((path, form, release.size(path)) for path, form in files if release.has(path)),
                tuple(
                    _column(field, release.table(name), schema.get("primaryKey", ()), language)
                    for field in schema.get("fields", ())
                ),
            )
        )
    return tuple(found)


def preview(release: Release, shown: TableOfRelease) -> Preview | None:
    """First and last rows of one table; None where it has none."""
    table = release.table(shown.name)
    if table is None or table.num_rows == 0:
        return None
    ends = min(PREVIEW_ROWS, table.num_rows)
    rest = min(PREVIEW_ROWS, table.num_rows - ends)
    first, last = (
        tuple(tuple(shortened(row.get(column.name)) for column in shown.columns) for row in as_text(part).to_pylist())
        for part in (table.slice(0, ends), table.slice(table.num_rows - rest))
    )
    heads = tuple((column.name, column.type, column.unit) for column in shown.columns)
    return Preview(shown.name, heads, first, last, table.num_rows - ends - rest)


def codes_in_use(release: Release, codes: Codes, language: Language) -> tuple[CodeListInUse, ...]:
    """Every code list of a release with the codes that its tables hold, in the order of the list."""
    used: dict[str, set[str]] = {name: set() for name in release.code_lists}
    for table_name, item in release.resources.items():
        table = release.table(table_name)
        for field in item.get("schema", {}).get("fields", ()):
            listed, column = str(field.get("upv:codeList", "")), str(field["name"])
            if table is not None and listed in used and column in table.column_names:
                used[listed] |= {
                    str(value) for value in pc.unique(table.column(column)).to_pylist() if value is not None
                }
    found = []
    for name, path in release.code_lists.items():
        rows = codes.all_of(name)
        present = [(code, row.get(f"label_{language}", "")) for code, row in rows.items() if code in used[name]]
        shown = tuple((code, shortened(label)) for code, label in present[:MOST_CODES])
        found.append(CodeListInUse(name, path, release.size(path), len(rows), shown, len(present) - len(shown)))
    return tuple(found)

"""The series of one indicator, and which of them a chart shows.

Here: from rows of `indicators` to lines. Not here: drawing (`charts`), or the words around a chart (`words.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

HOME = "NL"
# Columns that tell one series from another; within one, every year stands once.
APART = ("subgroup", "scope_version", "origin", "method", "source")


@dataclass(frozen=True)
class Line:
    """One series of an indicator in one area, its rows in the order of their years."""

    indicator: str
    geo: str
    subgroup: str
    scope_version: str
    origin: str
    method: str
    source: str
    rows: tuple[Mapping[str, Any], ...]

    @property
    def years(self) -> tuple[int, ...]:
        """Years that have a value."""
        return tuple(row["year"] for row in self.rows if row["value"] is not None)

    @property
    def values(self) -> frozenset[tuple[int, float]]:
        """Year and rounded value of every point."""
        return frozenset((row["year"], row["value_rounded"]) for row in self.rows if row["value_rounded"] is not None)

    def apart(self) -> tuple[str, ...]:
        """What tells this series from others of the indicator."""
        return (self.subgroup, self.scope_version, self.origin, self.method, self.source)


def rows_where(table: pa.Table, **wanted: str) -> list[dict[str, Any]]:
    """Rows whose text columns have these values, as dictionaries; none where the table lacks such a column."""
    if not set(wanted) <= set(table.column_names):
        return []
    for name, value in wanted.items():
        table = table.filter(pc.equal(table.column(name), value))
    found: list[dict[str, Any]] = table.to_pylist()
    return found


def lines_of(rows: Iterable[Mapping[str, Any]]) -> list[Line]:
    """Rows of one indicator in one area as lines, in the order in which they first appear."""
    grouped: dict[tuple[str, ...], list[Mapping[str, Any]]] = {}
    for row in rows:
        grouped.setdefault(tuple(str(row.get(name) or "") for name in APART), []).append(row)
    return [_line(key, found) for key, found in grouped.items()]


def _line(apart: tuple[str, ...], rows: list[Mapping[str, Any]]) -> Line:
    subgroup, scope_version, origin, method, source = apart
    ordered = tuple(sorted(rows, key=lambda row: row["year"]))
    indicator, geo = str(rows[0]["indicator"]), str(rows[0]["geo"])
    return Line(indicator, geo, subgroup, scope_version, origin, method, source, ordered)


def preferred(lines: Sequence[Line], headline: Mapping[str, Any] | None) -> Line | None:
    """The line that stands for a subgroup: the one whose latest value is the headline, else the one that ends last.

    Among those that end in the same year the longest; then published before computed.
    """
    if headline is not None:
        same = [
            line
            for line in lines
            if line.origin == headline.get("basis")
            and line.source == headline.get("basis_source")
            and line.scope_version == (headline.get("scope_version") or line.scope_version)
            and headline.get("year") in line.years
        ]
        if same:
            return same[0]
    dated = [line for line in lines if line.years]
    return max(dated, key=lambda line: (line.years[-1], len(line.years), line.origin == "published"), default=None)


def shown_beside(main: Line, lines: Sequence[Line], at_most: int = 2) -> list[Line]:
    """Other lines of the same subgroup that add something: longest first, none that repeats one already there."""
    found: list[Line] = []
    seen = [main.values]
    others = [line for line in lines if line is not main and line.subgroup == main.subgroup and line.years]
    for line in sorted(others, key=lambda line: (-len(line.years), line.apart())):
        if len(found) < at_most and not any(line.values <= values for values in seen):
            found.append(line)
            seen.append(line.values)
    return found


def whole_first(subgroups: Iterable[str], order: Sequence[str]) -> list[str]:
    """Subgroups with the whole in front and the rest in the order of their code list."""
    place = {code: index for index, code in enumerate(order)}
    return sorted(set(subgroups), key=lambda code: (code != "total", place.get(code, len(place)), code))

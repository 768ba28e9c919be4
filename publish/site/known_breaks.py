"""Breaks in series that we know of, as a release lists them: their titles, and which of them lie in a line.

Here: reading the table `known_breaks` for pages and charts. Not here: the status `B` of a source, and drawing
(`drawing.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from publish.site.lines import Line

_ANY = "*"
# A change of a target is no break in the series that is held against it (as in the trends).
_OF_A_TARGET = "target"


@dataclass(frozen=True)
class KnownBreaks:
    """Rows of `known_breaks`, and the title of each break by its id in one language."""

    titles: Mapping[str, str] = field(default_factory=dict)
    rows: Sequence[Mapping[str, Any]] = ()

    def title(self, break_id: str) -> str:
        """The title of a break; its id where the release does not list it."""
        return self.titles.get(break_id, break_id)

    def year(self, break_id: str) -> int | None:
        """The year in which a break starts; None where the release does not list it."""
        return next((int(row["year"]) for row in self.rows if row["break_id"] == break_id), None)

    def of(self, line: Line) -> list[tuple[int, str]]:
        """Year and id of every break in the series of a line, whether or not it has a row in that year.

        Of the breaks of one year those count that name the series most exactly, as in the tables themselves.
        """
        place = {
            "chain_table": str(line.rows[0].get("chain_table") or _ANY),
            "series": line.indicator,
            "subgroup": line.subgroup,
            "geo": line.geo,
        }
        found: dict[int, list[tuple[int, str]]] = {}
        for row in self.rows:
            named = {name: row.get(name) or _ANY for name in place}
            exact = [name for name in place if named[name] != _ANY and place[name] != _ANY]
            if all(named[name] == place[name] for name in exact) and _OF_A_TARGET not in row["break_id"]:
                found.setdefault(int(row["year"]), []).append((len(exact), row["break_id"]))
        return sorted({(year, one) for year, same in found.items() for rank, one in same if rank == max(same)[0]})

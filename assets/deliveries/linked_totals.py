"""Measures that hang together, protected together: who knows what was collected and all but one of its destinations
knows the last one.

Here: one system of all cells of a year in a unit, over all measures that are whole or part of each other, searched and
attacked as one. Not here: a measure by itself (`formulas/disclosure.py`), what is written of it (`totals.py`).

Beside the published measures a whole has two that nobody publishes: what is left of it beside its parts, and what its
parts took from stock. An attacker knows that neither is below 0, and that nothing was taken from stock where nothing
was; he does not know what is left. What is withheld of a measure by itself stays withheld; more is added until no cell
can be placed within its protection interval by anybody (linked tables, Hundepool et al., Handbook on Statistical
Disclosure Control, 2nd ed. 2024, chapter 4.4).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse

from assets.deliveries.contributions import CELL, RESPONDENT, hierarchy_of
from assets.formulas.disclosure import closed_where_needed, others_share
from assets.formulas.disclosure_attack import AdditiveTable, Flags
from assets.formulas.disclosure_margins import VALUE, Margins, equations, with_margins
from assets.formulas.disclosure_primary import primary
from assets.formulas.disclosure_suppression import suppress
from contracts.delivered_figures import Figure
from contracts.delivery_contract import Disclosure

#: The measures that are never published.
REST, FROM_STOCK = "rest of ", "taken from stock for "
SEPARATE = ("measure", "unit", "year")


@dataclass(frozen=True)
class Link:
    """A whole with parts that stand beside each other; one that overlaps the others is in a link of its own."""

    whole: Figure
    parts: tuple[Figure, ...]

    @property
    def rest(self) -> str:
        """The measure of what is left of the whole."""
        return f"{REST}{self.whole.measure} beside {', '.join(part.measure for part in self.parts)}"

    @property
    def from_stock(self) -> str:
        """The measure of what the parts have more than the whole."""
        return f"{FROM_STOCK}{', '.join(part.measure for part in self.parts)}"

    @property
    def signs(self) -> dict[str, float]:
        """Measure -> its sign in what must add up to 0."""
        above = {self.whole.measure: 1.0, self.from_stock: 1.0}
        return {**above, self.rest: -1.0, **{part.measure: -1.0 for part in self.parts}}


def links(figures: Sequence[Figure]) -> list[Link]:
    """Every whole with its parts, in the order of the contract."""
    by_column = {figure.column: figure for figure in figures}
    found: dict[tuple[str, str], list[Figure]] = {}
    for figure in figures:
        if figure.part_of in by_column:
            found.setdefault((figure.part_of, figure.apart or figure.column), []).append(figure)
    return [Link(by_column[whole], tuple(parts)) for (whole, _), parts in found.items()]


def withheld_together(
    given: pd.DataFrame, figures: Sequence[Figure], rules: Disclosure, withheld: pd.DataFrame
) -> pd.DataFrame:
    """The cells to withhold so that no unsafe one can be derived from all measures together.

    In: contributions (CELL, respondent, value); `withheld`, with CELL: what is withheld already. Out: CELL, of linked
    measures only, those of `withheld` among them.
    """
    found = [withheld[CELL].iloc[:0]]
    for system in _systems(given, links(figures), rules, withheld):
        pattern = suppress(system.table, None, system.start)
        hidden, _ = closed_where_needed(system.table, pattern)
        found.append(system.cells.loc[hidden & ~system.unpublished, CELL])
    return pd.concat(found, ignore_index=True)


@dataclass(frozen=True)
class _System:
    """All cells of linked measures of one year in one unit; `start` says which are withheld already, those of
    `unpublished` measures among them."""

    cells: pd.DataFrame
    table: AdditiveTable
    start: Flags
    unpublished: Flags


def _systems(
    given: pd.DataFrame, linked: Sequence[Link], rules: Disclosure, withheld: pd.DataFrame
) -> Iterator[_System]:
    if not linked:
        return
    rows = _with_all_margins(given, linked)
    cells = primary(rows, CELL, rules)
    left_over = cells["measure"].isin([link.rest for link in linked]).to_numpy()
    from_stock = cells["measure"].isin([link.from_stock for link in linked]).to_numpy()
    # what is left of a whole says something of who has it (collected and not exported: treated here), so it counts as
    # any cell does; what was taken from stock is there to make the sums true
    protection = np.where(from_stock, 0.0, cells["protection"].to_numpy())
    who, respondents = pd.factorize(rows[RESPONDENT], sort=True)
    which = rows.groupby(CELL, sort=True).ngroup().to_numpy()
    gave = sparse.csc_matrix((rows[VALUE].to_numpy(), (who, which)), shape=(len(respondents), len(cells)))
    hierarchy = Margins({"subgroup": hierarchy_of(cells)}, SEPARATE)
    adding = sparse.vstack([equations(cells, hierarchy), *(_equations_of(cells, link) for link in linked)]).tocsc()
    already = pd.MultiIndex.from_frame(cells[CELL]).isin(pd.MultiIndex.from_frame(withheld[CELL]))
    number = cells.groupby(["unit", "year"], sort=True).ngroup().to_numpy()
    for system in range(int(number.max()) + 1):
        at = np.flatnonzero(number == system)
        own = adding[:, at].tocsr()
        table = AdditiveTable(
            cells[VALUE].to_numpy()[at],
            protection[at],
            (cells[VALUE].to_numpy()[at] == 0) & ~left_over[at],
            own[np.flatnonzero(np.diff(own.indptr))].tocsc(),
            gave[:, at],
            others_share(rules),
            (left_over | from_stock)[at],
        )
        if (table.protection > 0).any():
            unpublished = (left_over | from_stock)[at]
            yield _System(cells.iloc[at].reset_index(drop=True), table, already[at] | unpublished, unpublished)


def _with_all_margins(given: pd.DataFrame, linked: Sequence[Link]) -> pd.DataFrame:
    """Contributions to every cell of the linked measures, and of what is left of them; sorted by cell."""
    parts: dict[str, pd.DataFrame] = {}
    for link in linked:
        for name, own in _with_rest(given, link).items():
            if len(own):
                margins = Margins({"subgroup": hierarchy_of(own, link.whole.margins)}, SEPARATE)
                parts[name] = with_margins(own, margins, RESPONDENT)
    rows = pd.concat(parts.values(), ignore_index=True)
    return rows.sort_values([*CELL, RESPONDENT], kind="stable", ignore_index=True)


def _with_rest(given: pd.DataFrame, link: Link) -> dict[str, pd.DataFrame]:
    """Measure -> its contributions, for all that takes part in a link."""
    keys = [column for column in (*CELL, RESPONDENT) if column != "measure"]
    own = {figure.measure: _of(given, figure) for figure in (link.whole, *link.parts)}
    whole = own[link.whole.measure].groupby(keys)[VALUE].sum()
    parts = pd.concat([own[part.measure] for part in link.parts], ignore_index=True).groupby(keys)[VALUE].sum()
    left = whole.subtract(parts, fill_value=0.0).round(9)
    # a rest of 0 is a cell as well: nobody knows that it is 0
    rest = left.clip(lower=0.0).reset_index().assign(measure=link.rest)
    from_stock = (-left[left < 0]).reset_index().assign(measure=link.from_stock)
    return {**own, link.rest: rest, link.from_stock: from_stock}


def _of(given: pd.DataFrame, figure: Figure) -> pd.DataFrame:
    return given.loc[(given["measure"] == figure.measure) & (given["unit"] == figure.unit)]


def _equations_of(cells: pd.DataFrame, link: Link) -> sparse.csr_matrix:
    """Whole + taken from stock = parts + rest, for every unit, year and subgroup: a row each, a column a cell."""
    place = cells.groupby(["unit", "year", "subgroup"], sort=True).ngroup().to_numpy()
    sign = cells["measure"].map(link.signs).to_numpy(dtype="float64")
    taking_part = np.flatnonzero(~np.isnan(sign) & (cells["unit"] == link.whole.unit).to_numpy())
    return sparse.csr_matrix(
        (sign[taking_part], (place[taking_part], taking_part)), shape=(int(place.max()) + 1, len(cells))
    )

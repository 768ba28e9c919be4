"""Measures that hang together, protected together: who knows what was collected and all but one of its destinations
knows the last one.

Here: one system of all cells of a year in a unit, over all measures that are whole or part of each other, searched and
attacked as one. Not here: a measure by itself (`formulas/disclosure.py`), what is written of it (`totals.py`).

Beside the published measures a whole has two that nobody publishes: what is left of it beside its parts, and, in cells
where the parts are more than the whole, what they took from stock. An attacker takes it that nothing came out of stock
in any other cell, and does not know what is left. What is withheld of a measure by itself stays withheld; more is added
until no cell can be placed within its protection interval by anybody (linked tables, Hundepool et al., Handbook on
Statistical Disclosure Control, 2nd ed. 2024, chapter 4.4).
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
    by_column = {figure.column: figure for figure in reversed(figures) if figure.column}
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
    measures = [figure.measure for link in linked for figure in (link.whole, *link.parts)]
    if not given["measure"].isin(measures).any():
        return
    rows = _with_all_margins(given, linked)
    cells = _with_what_is_left(primary(rows, CELL, rules), linked)
    left_over = cells["measure"].isin([link.rest for link in linked]).to_numpy()
    from_stock = cells["measure"].isin([link.from_stock for link in linked]).to_numpy()
    who, respondents = pd.factorize(rows[RESPONDENT], sort=True)
    which = pd.MultiIndex.from_frame(cells[CELL]).get_indexer(pd.MultiIndex.from_frame(rows[CELL]))
    gave = sparse.csc_matrix((rows[VALUE].to_numpy(), (who, which)), shape=(len(respondents), len(cells)))
    adding = sparse.vstack([_sums_of_subgroups(cells, linked), *(_equations_of(cells, one) for one in linked)]).tocsc()
    already = pd.MultiIndex.from_frame(cells[CELL]).isin(pd.MultiIndex.from_frame(withheld[CELL]))
    number = cells.groupby(["unit", "year"], sort=True).ngroup().to_numpy()
    for system in range(int(number.max()) + 1):
        at = np.flatnonzero(number == system)
        own = adding[:, at].tocsr()
        table = AdditiveTable(
            cells[VALUE].to_numpy()[at],
            cells["protection"].to_numpy()[at],
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
    # a rest of 0 is a cell as well: nobody knows that it is 0
    rest = whole.subtract(parts, fill_value=0.0).clip(lower=0.0).round(9).reset_index().assign(measure=link.rest)
    return {**own, link.rest: rest}


def _with_what_is_left(cells: pd.DataFrame, linked: Sequence[Link]) -> pd.DataFrame:
    """The cells with the rest of every whole as it is over all participants, and what was taken from stock.

    Which rest is unsafe follows from who has one: what was collected and not exported was treated here, by somebody.
    """
    value = cells.set_index(CELL)[VALUE]
    more = []
    for link in linked:
        signed = value * pd.Series(link.signs).reindex(value.index.get_level_values("measure")).to_numpy()
        signed = signed[signed.index.get_level_values("measure") != link.rest]
        left = signed.groupby(["unit", "year", "subgroup"]).sum().round(9)
        rest = (cells["measure"] == link.rest).to_numpy()
        at = pd.MultiIndex.from_frame(cells.loc[rest, ["unit", "year", "subgroup"]])
        cells.loc[rest, VALUE] = left.reindex(at).clip(lower=0.0).to_numpy()
        below = (-left[left < 0]).rename(VALUE).reset_index()
        more.append(below.assign(measure=link.from_stock, protection=0.0))
    found: pd.DataFrame = pd.concat([cells, *(part for part in more if len(part))], ignore_index=True)
    return found.sort_values(CELL, kind="stable", ignore_index=True)


def _of(given: pd.DataFrame, figure: Figure) -> pd.DataFrame:
    return given.loc[(given["measure"] == figure.measure) & (given["unit"] == figure.unit)]


def _sums_of_subgroups(cells: pd.DataFrame, linked: Sequence[Link]) -> sparse.csr_matrix:
    """A parent is the sum of its subgroups, in every measure that is published; of the others it follows."""
    published = cells["measure"].isin([name.measure for link in linked for name in (link.whole, *link.parts)])
    at = np.flatnonzero(published.to_numpy())
    own = cells.iloc[at].reset_index(drop=True)
    found = equations(own, Margins({"subgroup": hierarchy_of(own)}, SEPARATE)).tocoo()
    return sparse.csr_matrix((found.data, (found.row, at[found.col])), shape=(found.shape[0], len(cells)))


def _equations_of(cells: pd.DataFrame, link: Link) -> sparse.csr_matrix:
    """Whole + taken from stock = parts + rest, for every unit, year and subgroup: a row each, a column a cell."""
    place = cells.groupby(["unit", "year", "subgroup"], sort=True).ngroup().to_numpy()
    sign = cells["measure"].map(link.signs).to_numpy(dtype="float64")
    taking_part = np.flatnonzero(~np.isnan(sign) & (cells["unit"] == link.whole.unit).to_numpy())
    return sparse.csr_matrix(
        (sign[taking_part], (place[taking_part], taking_part)), shape=(int(place.max()) + 1, len(cells))
    )

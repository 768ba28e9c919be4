"""The totals of deliveries that may be shown: added up over participants, protected, and written as canonical CSV.

Here: which cells are protected together, and the bytes that are archived. Not here: the rules and the suppression
(`assets/formulas/disclosure*.py`), contributions (`contributions.py`).

A measure is protected by itself, and then together with the measures that are whole or part of it
(`linked_totals.py`). A cell has one status: what either withholds is withheld.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from assets.deliveries.book import Book
from assets.deliveries.contributions import CELL, RESPONDENT, contributions, hierarchy_of
from assets.deliveries.linked_totals import SEPARATE, withheld_together
from assets.deliveries.standing import Pin
from assets.formulas.disclosure import PUBLISHED, protected_table
from assets.formulas.disclosure_margins import VALUE, Margins, with_margins
from contracts.contract import source_contract
from contracts.delivered_figures import Figure, figures_of
from contracts.delivery_contract import Disclosure, delivery

#: A sum of kilograms as tonnes has three decimals; more are noise.
PLACES = 6


def totals_csv(book: Book, found: Sequence[Pin], chain_table: str) -> bytes:
    """The totals of one chain table over all deliveries among the pins as CSV (UTF-8, comma).

    Columns of `shapes/delivered`. The same pins give the same bytes.
    """
    columns = source_contract("delivered_packaging").column_names
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    for name in sorted({pin.delivery for pin in found}):
        for row in totals(book, found, name, chain_table)[list(columns)].itertuples(index=False):
            writer.writerow(["" if _is_nothing(cell) else _text(cell) for cell in row])
    return text.getvalue().encode()


def _is_nothing(cell: object) -> bool:
    return cell is None or cell != cell


def _text(cell: object) -> str:
    return f"{cell:.{PLACES}f}".rstrip("0").rstrip(".") if isinstance(cell, float) else str(cell)


def totals(book: Book, found: Sequence[Pin], name: str, chain_table: str) -> pd.DataFrame:
    """The totals of one delivery for one chain table, a row a cell that somebody reported on.

    Out: columns of `shapes/delivered`, sorted by its key; a confidential cell has no value.
    """
    one = delivery(name)
    given = contributions(book, found, name, chain_table)
    # several figures may be one measure under different subgroups
    figures = list({(f.measure, f.unit): f for f in figures_of(name) if f.chain_table == chain_table}.values())
    if given.empty:
        return pd.DataFrame(columns=list(source_contract("delivered_packaging").column_names))
    if one.disclosure is None:
        cells = _summed(given, figures).assign(conf_status="F")
    else:
        cells = protected(given, figures, replace(one.disclosure, respondent=RESPONDENT))
    described = pd.DataFrame(
        [
            {
                "measure": figure.measure,
                "unit": figure.unit,
                "decimals": figure.decimals,
                "scope_version": figure.scope_version,
                "definition_version": figure.definition_version,
                "flags": figure.flags,
            }
            for figure in figures
        ]
    )
    rows = cells.merge(described, on=["measure", "unit"], how="left", validate="many_to_one")
    rows = rows.assign(delivery=name, geo="NL", year=rows["year"].astype("int64"))
    rows[VALUE] = rows[VALUE].astype("float64").round(PLACES)
    ordered: pd.DataFrame = rows.sort_values([*CELL], kind="stable", ignore_index=True)
    return ordered


def _summed(given: pd.DataFrame, figures: Sequence[Figure]) -> pd.DataFrame:
    """Plain sums with their margins, where nothing has to be protected."""
    parts: list[pd.DataFrame] = []
    for figure in figures:
        own = _of(given, figure)
        if len(own):
            wide = with_margins(own, Margins({"subgroup": hierarchy_of(own, figure.margins)}, SEPARATE), RESPONDENT)
            summed: pd.DataFrame = wide.groupby(CELL, as_index=False)[[VALUE]].sum()
            parts.append(summed)
    return pd.concat(parts, ignore_index=True)


def _of(given: pd.DataFrame, figure: Figure) -> pd.DataFrame:
    return given.loc[(given["measure"] == figure.measure) & (given["unit"] == figure.unit)]


def protected(given: pd.DataFrame, figures: Sequence[Figure], rules: Disclosure) -> pd.DataFrame:
    """Sums of which a cell is empty (status C) where its own table or the linked ones withhold it.

    In: contributions, in the columns of `contributions.py`. Out: CELL, value and conf_status.
    """
    alone = [
        protected_table(own, Margins({"subgroup": hierarchy_of(own, figure.margins)}, SEPARATE), rules)
        for figure in figures
        if len(own := _of(given, figure))
    ]
    cells = pd.concat(alone, ignore_index=True)
    withheld = cells.loc[cells["status"] != PUBLISHED, CELL]
    withheld = pd.concat([withheld, withheld_together(given, figures, rules, withheld)], ignore_index=True)
    secret = pd.MultiIndex.from_frame(cells[CELL]).isin(pd.MultiIndex.from_frame(withheld))
    cells[VALUE] = cells[VALUE].mask(secret)
    return cells[[*CELL, VALUE]].assign(conf_status=np.where(secret, "C", "F"))

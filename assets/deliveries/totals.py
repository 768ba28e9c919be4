"""The totals of deliveries that may be shown: added up over participants, protected, and written as canonical CSV.

Here: which cells are protected together, and the bytes that are archived. Not here: the rules and the suppression
(`assets/formulas/disclosure*.py`), contributions (`contributions.py`).

A measure is protected by itself, and together with the measures that are parts of it: who knows what was collected and
all but one of its destinations knows the last one. What is left over of a whole takes part in the model and is never
published. A cell is withheld where any of these tables withholds it, so that a cell which two of them share has one
status: the usual way with linked tables (Hundepool et al., Handbook on Statistical Disclosure Control, 2nd ed. 2024,
chapter 4.4).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from assets.deliveries.book import Book
from assets.deliveries.contributions import CELL, RESPONDENT, contributions, hierarchy_of
from assets.deliveries.standing import Pin
from assets.formulas.disclosure import PUBLISHED, protected_table
from assets.formulas.disclosure_margins import VALUE, Margins, with_margins
from contracts.contract import source_contract
from contracts.delivered_figures import Figure, figures_of
from contracts.delivery_contract import Disclosure, delivery

#: What a participant's whole holds beside its parts; it stands in the model and is never published.
REST = "rest of "
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
        cells = _protected(given, figures, replace(one.disclosure, respondent=RESPONDENT))
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
            wide = with_margins(own, Margins({"subgroup": hierarchy_of(own, figure.margins)}, _SEPARATE), RESPONDENT)
            summed: pd.DataFrame = wide.groupby(CELL, as_index=False)[[VALUE]].sum()
            parts.append(summed)
    return pd.concat(parts, ignore_index=True)


_SEPARATE = ("measure", "unit", "year")


def _of(given: pd.DataFrame, figure: Figure) -> pd.DataFrame:
    return given.loc[(given["measure"] == figure.measure) & (given["unit"] == figure.unit)]


def _protected(given: pd.DataFrame, figures: Sequence[Figure], rules: Disclosure) -> pd.DataFrame:
    """Sums of which a cell is empty (status C) where any of the tables in which it takes part withholds it."""
    alone = [
        protected_table(own, Margins({"subgroup": hierarchy_of(own, figure.margins)}, _SEPARATE), rules)
        for figure in figures
        if len(own := _of(given, figure))
    ]
    together = [protected_table(model, margins, rules) for model, margins in _linked(given, figures)]
    cells = pd.concat(alone, ignore_index=True)
    withheld = pd.concat([table.loc[table["status"] != PUBLISHED, CELL] for table in (*alone, *together)])
    secret = pd.MultiIndex.from_frame(cells[CELL]).isin(pd.MultiIndex.from_frame(withheld))
    cells[VALUE] = cells[VALUE].mask(secret)
    return cells[[*CELL, VALUE]].assign(conf_status=np.where(secret, "C", "F"))


def _linked(given: pd.DataFrame, figures: Sequence[Figure]) -> Iterator[tuple[pd.DataFrame, Margins]]:
    """Every whole with its parts as one table: the measure is a dimension with margins, the rest a part of its own.

    Parts that exclude each other stand in one table; a part that overlaps them (exported, of collected) in another.
    """
    by_column = {figure.column: figure for figure in figures}
    wholes = sorted({figure.part_of for figure in figures if figure.part_of in by_column})
    for whole in wholes:
        parts = [figure for figure in figures if figure.part_of == whole]
        tables: dict[str, list[Figure]] = {figure.apart or figure.column: [] for figure in parts}
        for figure in parts:
            tables[figure.apart or figure.column].append(figure)
        for together in tables.values():
            model = _whole_and_parts(given, by_column[whole], together)
            if len(model):
                yield model, _margins_of_linked(model, by_column[whole], together)


def _whole_and_parts(given: pd.DataFrame, whole: Figure, parts: Sequence[Figure]) -> pd.DataFrame:
    """Contributions to the parts and to what is left of the whole, a participant at a time."""
    keys = [column for column in (*CELL, RESPONDENT) if column != "measure"]
    small = pd.concat([_of(given, part) for part in parts], ignore_index=True)
    all_of_it = _of(given, whole).groupby(keys)[VALUE].sum()
    left = all_of_it.subtract(small.groupby(keys)[VALUE].sum(), fill_value=0.0).clip(lower=0.0).round(9)
    rest = left[left > 0].reset_index().assign(measure=REST + whole.measure)
    model: pd.DataFrame = pd.concat([small, rest], ignore_index=True)[[*CELL, RESPONDENT, VALUE]]
    return model


def _margins_of_linked(model: pd.DataFrame, whole: Figure, parts: Sequence[Figure]) -> Margins:
    above = {part.measure: whole.measure for part in parts} | {REST + whole.measure: whole.measure}
    return Margins({"measure": above, "subgroup": hierarchy_of(model, whole.margins)}, ("unit", "year"))

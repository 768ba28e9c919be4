"""Who contributed how much to which figure: the rows of pinned files added up per participant.

Here: from delivered rows to contributions, and the margins between their cells. These tables are confidential and are
never stored. Not here: what of them may be shown (`totals.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pandas as pd

from assets.deliveries.book import WRITING, Book
from assets.deliveries.standing import Pin, write_standing
from assets.formulas.disclosure_margins import VALUE
from contracts.delivered_figures import Codes, Figure, figures_of, subgroup_parents, subgroups_by_code
from contracts.delivery_contract import DELIVERER, Delivery, delivery
from contracts.rule_sql import connect, literal, quote

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

#: What names a cell, and the column of whose contribution it is.
CELL = ["measure", "unit", "year", "subgroup"]
RESPONDENT = "respondent"
#: Periods that make a year.
PARTS = {"year": 1, "quarter": 4, "month": 12}


def contributions(book: Book, found: Sequence[Pin], name: str, chain_table: str) -> pd.DataFrame:
    """What one delivery contributes to the figures of one chain table.

    Columns measure, unit, year (int), subgroup, respondent, value; of whole years only.

    A year of which a deliverer handed in only some of the periods is left out: a part of a year is no figure of it.
    An empty cell of a file contributes nothing.
    """
    one = delivery(name)
    whole = whole_years(found, one)
    chosen = [pin for pin in found if pin.delivery == name and int(pin.period[:4]) in whole]
    parts = [pd.DataFrame({column: [] for column in (*CELL, RESPONDENT, VALUE)})]
    if chosen:
        # under our own home: what lies in the machine's temporary folder is not ours to keep secret
        with TemporaryDirectory(dir=book.root, prefix=WRITING) as folder:
            path = Path(folder) / "rows.parquet"
            write_standing(book, chosen, one.contract, path)
            parts += _of_figures(path, one, [f for f in figures_of(name) if f.chain_table == chain_table])
    filled = [part for part in parts if len(part)] or parts[:1]
    types = {"measure": "str", "unit": "str", "year": "int64", "subgroup": "str", RESPONDENT: "str", VALUE: "float64"}
    joined = pd.concat(filled, ignore_index=True).astype(types)
    # several codes may be one subgroup
    summed: pd.DataFrame = joined.groupby([*CELL, RESPONDENT], as_index=False)[[VALUE]].sum()
    return summed.astype(types)


def whole_years(found: Sequence[Pin], one: Delivery) -> set[int]:
    """Years of which every deliverer that handed in anything handed in every period."""
    counts: dict[int, dict[str, int]] = {}
    for pin in found:
        if pin.delivery == one.name:
            year = counts.setdefault(int(pin.period[:4]), {})
            year[pin.deliverer] = year.get(pin.deliverer, 0) + 1
    return {year for year, by in counts.items() if all(count == PARTS[one.period_form] for count in by.values())}


def _of_figures(path: Path, one: Delivery, figures: Sequence[Figure]) -> list[pd.DataFrame]:
    """Each figure by itself: added up in decimals, so that the order of the rows leaves no trace, or rows counted."""
    connection = connect()
    try:
        return [_of_figure(connection, path, one, figure) for figure in figures]
    finally:
        connection.close()


def _of_figure(connection: DuckDBPyConnection, path: Path, one: Delivery, figure: Figure) -> pd.DataFrame:
    respondent = one.disclosure.respondent if one.disclosure else DELIVERER
    filled = (*((figure.column,) if figure.column else ()), *figure.filled)
    looked_at = [f"{quote(name)} IS NOT NULL" for name in filled] + _among(figure.only) or ["true"]
    by = quote(figure.by) if figure.by else literal(figure.subgroup)
    query = connection.sql(
        f"SELECT {by} AS subgroup, substr(period, 1, 4)::BIGINT AS year, {quote(respondent)} AS respondent,"
        f" {_amount(figure)}::DOUBLE AS value FROM read_parquet({literal(str(path))})"
        f" WHERE {' AND '.join(looked_at)} GROUP BY ALL ORDER BY ALL"
    )
    frame: pd.DataFrame = query.to_arrow_table().to_pandas()
    if figure.by:
        frame["subgroup"] = frame["subgroup"].map(subgroups_by_code(one, figure.by))
    # nine decimals: 219456 kg is 219.456 t, without the noise of a binary product
    frame[VALUE] = (frame[VALUE] * figure.scale).round(9)
    return frame.assign(measure=figure.measure, unit=figure.unit)


def _amount(figure: Figure) -> str:
    if figure.column:
        return f"sum({quote(figure.column)}::DECIMAL(38, 6))"
    counted = _among(figure.counting) + [f"{quote(name)} < {bound}" for name, bound in figure.below] or ["true"]
    return f"count(*) FILTER (WHERE {' AND '.join(counted)})"


def _among(conditions: Codes) -> list[str]:
    return [f"{quote(name)} IN ({', '.join(map(literal, codes))})" for name, codes in conditions]


def hierarchy_of(found: pd.DataFrame, with_parents: bool = True) -> dict[str, str]:
    """Subgroup -> the subgroup that it is part of, for those of some contributions and all above them."""
    used: dict[str, str] = {}
    for code in sorted(set(found["subgroup"])):
        line = code
        while line and line not in used:
            used[line] = subgroup_parents().get(line, "") if with_parents else ""
            line = used[line]
    return used

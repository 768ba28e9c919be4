"""Governance and cooperation: how many agreements, themes, parties and chains the reference tables name (chapter 7.3).

Belongs here: counts that anybody can repeat on the tables of the same package. Does not belong here: progress of an
agreement, participation in a theme or the building blocks for permits: no source reports on these yet, so there are no
observations and no indicators. Pure functions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping

import pandas as pd

from assets.chain_tables.source_figures import SourceTable
from assets.formulas.shapes import in_order
from contracts.vocabulary import load_codelist, load_reference_csv

CHAIN_TABLE = "governance"
SOURCES: tuple[str, ...] = ()

COUNT_COLUMNS = ("reference_table", "part", "title_nl", "title_en", "count")
COUNT_KEY = ("reference_table", "part")

Row = Mapping[str, str]

# The tables that are counted, the column by which, the code list that names its codes, and what one row is called.
COUNTED_BY = (
    ("covenant_agreements", "theme", "covenant_theme", "Afspraken", "Agreements"),
    ("covenant_parties", "party_group", "party_group", "Partijen", "Parties"),
    ("governance_chain_tables", "form", "chain_table_form", "Ketentafels", "Chain tables"),
)
LAYERS = ("state", "provinces", "municipalities", "water_boards")


def extra_tables(_observed: pd.DataFrame | None, _sources: Mapping[str, SourceTable]) -> dict[str, pd.DataFrame]:
    """`governance_counts`: how many rows of each kind the reference tables hold. Needs neither argument."""
    parts = [_counted(*counted) for counted in COUNTED_BY]
    rows = pd.concat([*parts, _themes_open_to_layers(), _material_chains()], ignore_index=True)
    return {"governance_counts": in_order(rows, COUNT_COLUMNS, COUNT_KEY)}


def _counted(table: str, column: str, code_list: str, rows_nl: str, rows_en: str) -> pd.DataFrame:
    """Rows of one table by one of its columns, and all of them together."""
    found = Counter(row[column] for row in load_reference_csv(table))
    codes = load_codelist(code_list)
    rows = []
    for part, count in found.items():
        entry = codes.entry(part)
        rows.append((table, part, f"{rows_nl}: {entry.label_nl}", f"{rows_en}: {entry.label_en}", count))
    return _frame([*rows, (table, "total", f"{rows_nl}: totaal", f"{rows_en}: total", found.total())])


def _themes_open_to_layers() -> pd.DataFrame:
    """Themes of the covenant that each layer of government may take part in."""
    themes = load_reference_csv("covenant_themes")
    layers = load_codelist("government_layer")
    rows = []
    for layer in LAYERS:
        column = "state_takes_part" if layer == "state" else f"{layer}_eligible"
        entry, count = layers.entry(layer), _holding(themes, _true(column))
        titles = (f"Thema's open voor: {entry.label_nl}", f"Themes open to: {entry.label_en}")
        rows.append(("covenant_themes", layer, *titles, count))
    return _frame([*rows, ("covenant_themes", "total", "Thema's: totaal", "Themes: total", len(themes))])


def _material_chains() -> pd.DataFrame:
    """Material chains of the building materials agreement: those known, and the place that is still open."""
    chains = load_reference_csv("bouwmaterialen_chains")
    is_open = _holding(chains, _true("is_open"))
    return _frame(
        [
            (
                "bouwmaterialen_chains",
                "known",
                "Materiaalketens: bekend",
                "Material chains: known",
                len(chains) - is_open,
            ),
            ("bouwmaterialen_chains", "open", "Materiaalketens: nog open", "Material chains: still open", is_open),
            ("bouwmaterialen_chains", "total", "Materiaalketens: totaal", "Material chains: total", len(chains)),
        ]
    )


def _true(column: str) -> Callable[[Row], bool]:
    return lambda row: row[column] == "true"


def _holding(rows: tuple[dict[str, str], ...], holds: Callable[[Row], bool]) -> int:
    return sum(holds(row) for row in rows)


def _frame(rows: list[tuple[str, str, str, str, int]]) -> pd.DataFrame:
    types = {column: "int64" if column == "count" else "str" for column in COUNT_COLUMNS}
    return pd.DataFrame(rows, columns=list(COUNT_COLUMNS)).astype(types)

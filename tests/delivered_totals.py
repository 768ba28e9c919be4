"""Delivered totals as they stand archived: the CSV of `shapes/delivered`, read as any source is.

Here: how a test writes such totals down. Not here: adding up and protecting, nor the figures that a test expects.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from assets.chain_tables.source_figures import SourceTable
from assets.deliveries.taking_in import ORIGIN
from assets.sources.archive import record_of
from assets.sources.reading import parsed
from contracts.arrow import cast
from contracts.contract import source_contract
from contracts.delivered_figures import Figure, figures_of

#: Delivery, measure, unit, subgroup, year and total; no total is a confidential one.
Cell = tuple[str, str, str, str, int, float | None]
COLUMNS = (
    "delivery", "measure", "subgroup", "geo", "year", "unit", "scope_version", "value", "decimals", "flags",
    "conf_status", "definition_version",
)  # fmt: skip


def cells(delivery: str, unit: str, year: int, **totals: float | None) -> list[Cell]:
    """Totals of one delivery, unit and year by `measure__subgroup`; `measure` alone is of subgroup total."""
    found = []
    for name, value in totals.items():
        measure, _, subgroup = name.partition("__")
        found.append((delivery, measure, unit, subgroup or "total", year, value))
    return found


def delivered_table(chain_table: str, given: Iterable[Cell]) -> SourceTable:
    """The source `delivered_<chain_table>` with these totals; unit, scope and flags are those of the contracts."""
    name = f"delivered_{chain_table}"
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for delivery, measure, unit, subgroup, year, value in sorted(given):
        figure = _figure(chain_table, delivery, measure, unit)
        writer.writerow(
            [delivery, measure, subgroup, "NL", year, unit, figure.scope_version, "" if value is None else value,
             figure.decimals, figure.flags, "C" if value is None else "F", figure.definition_version]
        )  # fmt: skip
    body = text.getvalue().encode()
    contract = source_contract(name)
    typed, unreadable = cast(parsed(body, contract), contract)
    assert not unreadable, name
    record = record_of(
        body, source=name, retrieved_at="2026-11-21T03:00:00Z", retrieved_from="3 deliveries", origin=ORIGIN
    )
    return SourceTable(name, typed.to_pandas(), record)


def _figure(chain_table: str, delivery: str, measure: str, unit: str) -> Figure:
    found = [
        figure
        for figure in figures_of(delivery)
        if (figure.chain_table, figure.measure, figure.unit) == (chain_table, measure, unit)
    ]
    assert found, f"{delivery} has no figure {measure} in {unit} for {chain_table}"
    return found[0]

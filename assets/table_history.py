"""How a table came to stand as it does: its last changes with their date, what changed and why, and a small chart.

Here: comparing two editions of a table, words and the chart. Not here: keeping them (`table_store.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assets.markdown import picture
from contracts.rule_words import number_words

if TYPE_CHECKING:
    import pyarrow as pa

    from contracts.contract_model import Contract

#: Changes that are remembered; nights in which nothing changed are none.
REMEMBERED = 30
#: Of larger tables only the number of rows is compared: cell by cell would cost more than making them.
COMPARED_ROWS = 200_000
#: Inputs of a step that are no table.
NAMED = {"code": "de programmatuur", "contract": "het contract", "product": "het contract van het pakket",
         "copy": "een ander exemplaar van de bron", "pins": "andere leveringen of besluiten"}  # fmt: skip


@dataclass(frozen=True)
class Change:
    """One change of a table: when (`YYYY-MM-DDThh:mm:ssZ`), how many rows it has since then, what changed, and why."""

    moment: str
    rows: int
    what: str
    why: str = ""


def counted(count: int, one: str, more: str) -> str:
    """`1 rij`, `11.319 rijen`: a count with a point between thousands."""
    return f"{count:,}".replace(",", ".") + f" {one if count == 1 else more}"


def change_words(before: pa.Table | None, after: pa.Table, contract: Contract) -> str:
    """What differs between two editions of a table, in Dutch."""
    rows = counted(after.num_rows, "rij", "rijen")
    if before is None:
        return f"voor het eerst gemaakt: {rows}"
    gained = [name for name in after.column_names if name not in before.column_names]
    lost = [name for name in before.column_names if name not in after.column_names]
    said = [f"kolom {', '.join(gained)} erbij"] if gained else []
    said += [f"kolom {', '.join(lost)} weg"] if lost else []
    if (
        not set(contract.primary_key) <= set(before.column_names)
        or max(after.num_rows, before.num_rows) > COMPARED_ROWS
    ):
        return ", ".join([*said, f"van {number_words(before.num_rows, 'nl')} naar {rows}"])
    import pyarrow.compute as pc

    from publish.cells import cell_changes

    kinds = pc.value_counts(cell_changes(before, after, contract).column("change")).to_pylist()
    found = {str(kind["values"]): int(kind["counts"]) for kind in kinds}
    said += [f"{counted(found['added'], 'rij', 'rijen')} erbij"] if "added" in found else []
    said += [f"{counted(found['removed'], 'rij', 'rijen')} weg"] if "removed" in found else []
    said += [f"{counted(found['changed'], 'cel', 'cellen')} anders"] if "changed" in found else []
    return ", ".join(said) or "dezelfde cijfers, van een ander exemplaar"


def why_words(before: Mapping[str, str], after: Mapping[str, str]) -> str:
    """Which inputs differ; nothing where the earlier ones are not known."""
    if not before or not after:
        return ""
    differs = sorted(name for name in {*before, *after} if before.get(name) != after.get(name))
    return ", ".join(NAMED.get(name, name) for name in differs)


def last_change(changes: Sequence[Change]) -> str:
    """The last change, with date and reason, as Markdown."""
    if not changes:
        return "nog niet bekend"
    last = changes[-1]
    why = f" (door {last.why})" if last.why else ""
    return f"**{last.moment[:10]}**: {last.what}{why}"


def rows_chart(changes: Sequence[Change], moment: str) -> str:
    """The row counts of the last changes up to `moment` as a small picture with its words.

    Where nothing ever changed there is no picture. Steps lie at their own dates; the page is white or dark, so that the
    line has a colour of its own and there is no background.
    """
    if not changes:
        return ""
    counts = [change.rows for change in changes]
    since = changes[0].moment[:10]
    words = f"{counted(counts[-1], 'rij', 'rijen')} sinds {changes[-1].moment[:10]}"
    if len(changes) == 1:
        return words
    low, high = min(counts), max(counts)
    bounds = f"van {number_words(low, 'nl')} tot {number_words(high, 'nl')}" if low != high else "steeds evenveel"
    words += f"; {len(changes)} wijzigingen sinds {since}, {bounds}"
    return f"{picture(_svg(changes, moment), words)}\n\n{words}"


def _svg(changes: Sequence[Change], moment: str) -> str:
    from datetime import datetime

    times = [datetime.fromisoformat(one.replace("Z", "+00:00")).timestamp() for one in
             (*(change.moment for change in changes), moment)]  # fmt: skip
    low, high = min(c.rows for c in changes), max(c.rows for c in changes)
    width, height = 200, 32
    across, up = max(times[-1] - times[0], 1.0), max(high - low, 1)
    places = [(round((t - times[0]) / across * width), round(height - (c.rows - low) / up * (height - 4)) - 2)
              for t, c in zip(times, changes, strict=False)]  # fmt: skip
    path = f"M{places[0][0]} {places[0][1]}" + "".join(f"H{x}V{y}" for x, y in places[1:]) + f"H{width}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}">'
        f'<path d="{path}" fill="none" stroke="#3b82f6" stroke-width="2"/></svg>'
    )

"""The standing rows of a delivery in the table store: written anew only when another file stands.

Not here: which rows stand (`standing.py`). Every file was audited when it was taken in; two files cannot hold the same
key, because deliverer and period are part of it, so that the rows together need no second audit.
"""

from __future__ import annotations

from collections.abc import Sequence

from assets.deliveries.book import Book
from assets.deliveries.standing import Pin, pins_identity, write_standing
from assets.table_store import Standing, TableStore, inputs_key
from contracts.delivery_contract import Delivery

GROUP = "deliveries"


def standing_table(tables: TableStore, book: Book, one: Delivery, found: Sequence[Pin]) -> tuple[Standing, bool]:
    """The note of the table that stands, and whether it was there already."""
    identity = pins_identity(found)
    key = inputs_key(one.contract, {"pins": identity})
    current = tables.current(GROUP, one.name, key)
    if current is not None:
        return current, True
    with tables.aside(GROUP, one.name) as path:
        rows = write_standing(book, found, one.contract, path)
        facts = {"pins": identity}
        return tables.adopt(GROUP, one.name, path, rows, len(one.contract.columns), key, facts), False

"""Refused rows of delivered files: what they are, why they were refused, and what a steward sees of them.

Here: reading them. Not here: deciding about them (`book.py`), or the receipt of the deliverer (`publish/receipt.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from assets.deliveries.book import RELEASABLE, Book, Settled, TakenIn
from assets.deliveries.delivered_file import ROW_NUMBER
from contracts.delivery_contract import delivery

REFUSED, FAULTS, ACCEPTED, DUPLICATES = "refused.parquet", "faults.parquet", "accepted.parquet", "duplicates.parquet"
REFUSED_BY = "refused_by"


@dataclass(frozen=True)
class Waiting:
    """A file of which refused rows wait for a decision. `used` says whether its good rows are used meanwhile."""

    taken: TakenIn
    undecided: int
    releasable: int
    used: bool


def refused_rows(folder: Path) -> pa.Table | None:
    """The refused rows of a file as they were handed in: row_number, columns as text, refused_by; None where none."""
    path = folder / REFUSED
    return pq.read_table(path) if path.exists() else None


def rules_of_refused(folder: Path) -> dict[int, tuple[str, ...]]:
    """Row number -> keys of the rules that refused the row, in the order of the file."""
    path = folder / REFUSED
    if not path.exists():
        return {}
    table = pq.read_table(path, columns=[ROW_NUMBER, REFUSED_BY])
    rows, rules = table.column(ROW_NUMBER).to_pylist(), table.column(REFUSED_BY).to_pylist()
    return {row: tuple(str(keys).split()) for row, keys in zip(rows, rules, strict=True)}


def undecided_rows(book: Book, taken: TakenIn, settled: Settled) -> pa.Table | None:
    """The refused rows of a file about which nothing was decided yet."""
    table = refused_rows(book.folder(taken))
    if table is None:
        return None
    done = pa.array(sorted(settled.released | settled.discarded), pa.int64())
    waiting = table.filter(pc.invert(pc.is_in(table.column(ROW_NUMBER), value_set=done)))
    return waiting if waiting.num_rows else None


def waiting(book: Book, names: tuple[str, ...]) -> list[Waiting]:
    """Files with refused rows about which nothing was decided, oldest first.

    Of a deliverer and period the newest file, and the one that stands where that is another; withdrawn ones left out.
    """
    decisions = book.decisions()
    found = []
    for name in names:
        kinds = {rule.key: rule.kind for rule in delivery(name).contract.rules}
        files = [(taken, book.settled(taken, decisions)) for taken in book.files(name)]
        files = [(taken, settled) for taken, settled in files if not settled.withdrawn and not taken.stopped]
        newest = {(taken.deliverer, taken.period): taken.id for taken, _ in files}
        counts = {*newest.values(), *(taken.id for taken, _ in book.standing(name).values())}
        for taken, settled in files:
            if taken.id not in counts:
                continue
            rules = rules_of_refused(book.folder(taken))
            open_rows = [row for row in rules if row not in settled.released | settled.discarded]
            if open_rows:
                releasable = sum(all(kinds.get(key) in RELEASABLE for key in rules[row]) for row in open_rows)
                found.append(Waiting(taken, len(open_rows), releasable, book.is_used(taken, settled)))
    return sorted(found, key=lambda item: (item.taken.received_at, item.taken.id))

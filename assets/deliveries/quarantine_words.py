"""Refused rows in words, for the steward's view and the command line.

Here: words. Not here: which rows wait (`quarantine.py`), deciding about them (`book.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow.parquet as pq

from assets.deliveries.book import Book
from assets.deliveries.delivered_file import ROW_NUMBER
from assets.deliveries.quarantine import FAULTS, Waiting, undecided_rows
from assets.deliveries.receipt_of import words_of_fault
from assets.markdown import markdown_table
from contracts.delivery_contract import delivery


@dataclass(frozen=True)
class FaultInWords:
    """One fault of a refused row: where, what was found, which rule, and what would be right (Dutch and English)."""

    row: int
    column: str
    found: str
    rule: str
    right_nl: str
    right_en: str


def faults_in_words(book: Book, item: Waiting, most: int) -> Iterator[FaultInWords]:
    """The faults of the first `most` rows of a file about which nothing was decided."""
    rows = undecided_rows(book, item.taken, book.settled(item.taken))
    path = book.folder(item.taken) / FAULTS
    if rows is None or not path.exists():
        return
    contract = delivery(item.taken.delivery).contract
    chosen = rows.column(ROW_NUMBER).slice(0, most).to_pylist()
    for fault in pq.read_table(path, filters=[(ROW_NUMBER, "in", chosen), ("severity", "=", "error")]).to_pylist():
        nl, en = words_of_fault(contract, fault["rule"], fault["found"] or "")
        yield FaultInWords(fault[ROW_NUMBER], fault["column"] or "", fault["found"] or "", fault["rule"], nl, en)


def waiting_markdown(book: Book, item: Waiting, most: int) -> str:
    """A file with refused rows as Markdown: what it is, and its first rows with what would be right."""
    taken = item.taken
    state = "de goede rijen worden gebruikt" if item.used else "van dit bestand wordt nog niets gebruikt"
    titles = {column.name: column.title_nl for column in delivery(taken.delivery).contract.columns}
    rows = [[f.row, titles.get(f.column, f.column), f.found, f.right_nl] for f in faults_in_words(book, item, most)]
    head = (
        f"**{taken.deliverer} {taken.period}**, bestand {taken.file_name}, ontvangen {taken.received_at[:10]}: "
        f"{item.undecided} rijen wachten, {item.releasable} daarvan kunnen worden vrijgegeven; {state}.\n\n"
    )
    return head + markdown_table(["rij", "kolom", "gevonden", "wat goed zou zijn"], rows, 300)

"""Takes one delivered file in: archived, read, audited, answered with a receipt, noted in the book.

The folder of a file appears in one rename, so that a run that dies halfway leaves nothing that counts and the file
still in the inbox. Not here: reading a form (`reading/`), the audit (`contracts/row_audit.py`), the words of a receipt
(`publish/receipt_pages.py`).
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from assets.deliveries.book import FACTS, WRITING, Book, TakenIn
from assets.deliveries.delivered_file import Declared, FileRefused, Limits, ReadFile
from assets.deliveries.handed_in import handed_in
from assets.deliveries.owed import period_before
from assets.deliveries.quarantine import ACCEPTED, DUPLICATES, FAULTS, REFUSED
from assets.deliveries.receipt_of import Outcome, receipt_of, refused_receipt, repeated_receipt
from assets.deliveries.whose import Whose, whose_file
from assets.sources.archive import Archive, ArchiveRecord
from contracts.delivery_contract import Delivery, deliverers
from contracts.row_audit import RowVerdict, audit_rows
from publish.receipt import Receipt, read_receipt, receipt_json
from publish.receipt_pages import JSON, PAGES, REFUSED_ROWS, receipt_html, refused_rows_csv
from publish.unseen import spelled_out
from publish.whole_files import sync_folder, sync_tree

#: What a file that was handed in carries as origin in the archive, and the beginning of its source name there.
ORIGIN, SOURCE = "delivery", "delivery_"


@dataclass(frozen=True)
class Counter:
    """Where a file is taken in: the archive, the book, the limits, and further deliverers than those of the contracts.

    `moment` is `YYYY-MM-DDThh:mm:ssZ`; one for all that is taken in by a run.
    """

    archive: Archive
    book: Book
    moment: str
    limits: Limits = field(default_factory=Limits)
    registry: Path | None = None


def take_in(counter: Counter, path: Path, one: Delivery, declared: Declared | None = None) -> Receipt:
    """Takes a file (or a folder with a data package) in and returns its receipt, which lies in the book as well.

    The file itself is left where it is. Never raises on what the file holds; OSError where nothing can be written.
    """
    with counter.book.writing():
        _clear(counter.book.root / one.name)
        # not called after the file: DuckDB reads [1] in a path as a pattern
        work = counter.book.root / one.name / f"{WRITING}file"
        work.mkdir(parents=True)
        try:
            return _taken(counter, path, one, declared or Declared(), work)
        finally:
            shutil.rmtree(work, ignore_errors=True)


def _clear(folder: Path) -> None:
    """Takes away what an earlier taking in left behind that was broken off."""
    for left in folder.glob(f"{WRITING}*"):
        shutil.rmtree(left, ignore_errors=True)


def _taken(counter: Counter, path: Path, one: Delivery, declared: Declared, work: Path) -> Receipt:
    name, source = spelled_out(path.name), f"{SOURCE}{one.name}"
    read_under, files = _read_under(counter, one, declared), counter.book.files(one.name)
    with handed_in(counter.archive, source, path, work, counter.limits) as handed:
        again = [taken for taken in files if (taken.sha256, taken.read_under) == (handed.sha256, read_under)]
        if again:
            first = read_receipt((counter.book.folder(again[-1]) / JSON).read_bytes())
            return repeated_receipt(first, name, counter.moment, _instead_of(counter.book, again[-1]))
        identity = f"{one.name}-{counter.moment.replace('-', '').replace(':', '')}-{handed.sha256[:8]}"
        if any(taken.id == identity for taken in files):
            # the same bytes within one second, read in another way
            identity += f"-{len(files) + 1}"
        taken = TakenIn(
            identity, one.name, handed.sha256, handed.bytes, name, counter.moment, "", "", 0, 0, 0, 0, True,
            one.contract.quarantine_threshold, one.contract.version, read_under, len(files) + 1,
        )  # fmt: skip
        if handed.refusal is not None:
            return _entered(counter, taken, refused_receipt(one, taken, handed.refusal), work)
        archived = handed.keep(
            counter.archive,
            ArchiveRecord(source, handed.sha256, handed.bytes, counter.moment, f"inbox: {name}", ORIGIN),
        )
    return _judged(counter, taken, archived, one, declared, work)


def _instead_of(book: Book, taken: TakenIn) -> str | None:
    """The receipt that stands for the deliverer and period of a file that was taken in before; empty where it was
    withdrawn and none does, None where it stands itself or never did."""
    standing = book.standing(taken.delivery).get((taken.deliverer, taken.period))
    if standing is None:
        return "" if book.settled(taken).withdrawn else None
    return standing[0].id if standing[0].number > taken.number else None


def _judged(counter: Counter, taken: TakenIn, archived: Path, one: Delivery, declared: Declared, work: Path) -> Receipt:
    try:
        read = _read(archived, one, work, counter.limits, declared, taken.file_name)
        whose = whose_file(read, one, deliverers(counter.registry), counter.moment)
    except FileRefused as refusal:
        return _entered(counter, taken, refused_receipt(one, taken, refusal.told), work)
    taken = replace(taken, deliverer=whose.deliverer, period=whose.period, rows_in=read.rows_in)
    if whose.refusal is not None:
        taken = replace(taken, rows_refused=read.rows_in)
        return _entered(counter, taken, refused_receipt(one, taken, whose.refusal, read), work)
    return _audited(counter, one, taken, read, whose, work)


def _audited(counter: Counter, one: Delivery, taken: TakenIn, read: ReadFile, whose: Whose, work: Path) -> Receipt:
    standing = counter.book.standing(one.name)
    before = standing.get((taken.deliverer, period_before(taken.period)))
    previous = counter.book.folder(before[0]) / ACCEPTED if before else None
    found = audit_rows(read.rows, one.contract, work, broken=read.broken, previous=previous)
    verdict = found.verdict
    taken = replace(
        taken,
        rows_in=verdict.rows_in,
        rows_accepted=verdict.rows_accepted,
        rows_refused=verdict.rows_refused,
        exact_duplicates=verdict.exact_duplicates,
        stopped=_is_stopped(one, found),
    )
    replaced = standing.get((taken.deliverer, taken.period))
    outcome = Outcome(read, found, whose, replaced[0].id if replaced else None)
    return _entered(counter, taken, receipt_of(one, taken, outcome), work, found)


def _is_stopped(one: Delivery, found: RowVerdict) -> bool:
    """Whether a rule over the whole file fails: then no row is used, however few are refused."""
    whole = {rule.key for rule in one.contract.rules if not rule.per_row and rule.severity == "error"}
    return any(not check.passed and check.key in whole for check in found.verdict.checks)


def _entered(
    counter: Counter, taken: TakenIn, receipt: Receipt, work: Path, found: RowVerdict | None = None
) -> Receipt:
    """Writes the folder of a file aside and lets it appear in one rename."""
    import pyarrow.parquet as pq

    made = work / "made"
    made.mkdir()
    if found is not None:
        parts = {ACCEPTED: found.accepted, REFUSED: found.refused, FAULTS: found.faults, DUPLICATES: found.duplicates}
        for name, part in parts.items():
            if part is not None:
                os.replace(part, made / name)
        if found.refused is not None:
            (made / REFUSED_ROWS).write_bytes(refused_rows_csv(pq.read_table(made / REFUSED)))
    (made / JSON).write_bytes(receipt_json(receipt))
    for language, page in PAGES.items():
        (made / page).write_bytes(receipt_html(receipt, language))
    (made / FACTS).write_text(json.dumps(asdict(taken), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    sync_tree(made)
    place = counter.book.folder(taken)
    os.replace(made, place)
    sync_folder(place.parent)
    return receipt


def _read(archived: Path, one: Delivery, work: Path, limits: Limits, declared: Declared, name: str) -> ReadFile:
    from assets.deliveries.reading.read_file import read_file

    read: ReadFile = read_file(archived, one, work, limits, declared, name)
    return read


def _read_under(counter: Counter, one: Delivery, declared: Declared) -> str:
    """What decides the verdict on a file beside its bytes: handed in again under another contract, it is read again."""
    parts: Sequence[str] = (
        one.contract.digest,
        str(one.contract.get("productDigest", "")),
        json.dumps(sorted(deliverers(counter.registry))),
        json.dumps(asdict(declared)),
        json.dumps(asdict(counter.limits)),
    )
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]

"""The totals of a chain table's deliveries as a source like any other: archived bytes, pinned, parsed and audited.

So every published figure walks back to bytes that may be shown; the producers' own figures stay behind them.
Not here: adding up and protecting (`totals.py`), or what may be updated (`held_back.py`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pyarrow as pa

from assets.as_of import keep_night
from assets.deliveries.book import Book
from assets.deliveries.held_back import Earlier, Held, chosen_pins
from assets.deliveries.standing import Pin, pins, pins_identity
from assets.deliveries.taking_in import ORIGIN
from assets.deliveries.totals import totals_csv
from assets.night import Night
from assets.sources.archive import ArchiveDamaged, ArchiveRecord, record_of, write_whole
from assets.sources.reading import parsed
from assets.table_store import Standing, code_digest, inputs_key
from contracts.contract import DELIVERED, source_contract
from contracts.delivery_contract import delivery

#: Below `deliveries/`: of which files every archived copy of totals was added up. Confidential, as deliveries are.
TOTALS = "totals"


@dataclass(frozen=True)
class Delivered:
    """The table that stands, whether it stood already, the files that were added up, and what was held back."""

    standing: Standing
    unchanged: bool
    pins: tuple[Pin, ...]
    held: tuple[str, ...]


def delivered_source(night: Night, name: str, deliveries: Sequence[str]) -> Delivered:
    """Adds up what stands, archives it where it is new, pins the copy for this night and lets the table stand.

    Without deliveries the table stands empty. Raises TableRefused, with the last table standing.
    """
    contract = source_contract(name)
    record: ArchiveRecord | None
    found: tuple[Pin, ...] = ()
    held: tuple[Held, ...] = ()
    if night.book.root.exists():
        record, found, held = _newest(night, name, pins(night.book, deliveries))
    else:
        # an old night that is rebuilt has its pin and no deliveries
        pinned = _pinned(night).get(name)
        record = night.archive.record(name, pinned) if pinned else None
    _pin(night, name, record)
    key = inputs_key(contract, {"copy": record.sha256 if record else "none"})
    standing = night.tables.current("sources", name, key)
    unchanged = standing is not None
    if standing is None:
        if record is None:
            table, facts = pa.table({column: pa.array([], pa.string()) for column in contract.column_names}), {}
        else:
            table = parsed(night.archive.read(record), contract)
            facts = {
                "copy": record.sha256,
                "vintage": record.vintage,
                "origin_of_bytes": record.origin,
                "retrieved_at": record.retrieved_at,
            }
        standing, _, _ = night.tables.put("sources", name, table, contract, key, facts)
    return Delivered(standing, unchanged, found, tuple(one.words for one in held))


def _newest(
    night: Night, name: str, now: tuple[Pin, ...]
) -> tuple[ArchiveRecord | None, tuple[Pin, ...], tuple[Held, ...]]:
    """The copy of what stands now, made where there is none yet."""
    path, chain_table = night.book.root / TOTALS / f"{name}.json", name.removeprefix(DELIVERED)
    editions = _editions(path)
    if not now and not editions:
        return None, (), ()
    copies = [_copy(night, name, edition) for edition in editions]
    earlier = [
        # a copy that was damaged is added up again: what was shown then is compared with in any case
        Earlier(edition.pins, copy[1] if copy else totals_csv(night.book, edition.pins, chain_table))
        for edition, copy in zip(editions, copies, strict=True)
    ]
    chosen, held = chosen_pins(night.book, now, earlier, chain_table)
    if not chosen:
        return None, (), held
    identity = pins_identity(chosen), code_digest(), json.dumps(_contracts(chosen))
    if editions and editions[-1].identity == identity and copies[-1] is not None:
        return copies[-1][0], chosen, held
    body = totals_csv(night.book, chosen, chain_table)
    record = night.archive.put(
        body,
        record_of(
            body,
            source=name,
            retrieved_at=_moment_of(night.book, [*now, *(pin for edition in editions for pin in edition.pins)]),
            retrieved_from=f"{len(chosen)} deliveries",
            origin=ORIGIN,
        ),
    )
    # made again of the same files, by other code: the last edition, not another
    if editions and (editions[-1].pins, editions[-1].sha256) == (chosen, record.sha256):
        editions = editions[:-1]
    _write(path, [asdict(edition) for edition in (*editions, Edition(record.sha256, identity, chosen))])
    return record, chosen, held


@dataclass(frozen=True)
class Edition:
    """Totals that were archived: their copy, what decided their bytes, and the files that they were added up of."""

    sha256: str
    identity: tuple[str, ...]
    pins: tuple[Pin, ...]


def _editions(path: Path) -> list[Edition]:
    """What was added up before, in that order: each may have been published, so that a reader can compare."""
    if not path.exists():
        return []
    return [
        Edition(
            raw["sha256"],
            tuple(raw["identity"]),
            tuple(Pin(**{**pin, "released": tuple(pin["released"])}) for pin in raw["pins"]),
        )
        for raw in json.loads(path.read_text(encoding="utf-8"))
    ]


def _copy(night: Night, name: str, edition: Edition) -> tuple[ArchiveRecord, bytes] | None:
    """The archived copy of an edition; None where it is damaged."""
    try:
        record = night.archive.record(name, edition.sha256)
        return record, night.archive.read(record)
    except ArchiveDamaged:
        return None


def _contracts(chosen: Sequence[Pin]) -> list[str]:
    names = sorted({pin.delivery for pin in chosen})
    return [delivery(name).contract.digest + str(delivery(name).contract.get("productDigest", "")) for name in names]


def _moment_of(book: Book, known: Sequence[Pin]) -> str:
    """When the totals could first be what they are: the last delivery or decision among what is or was added up."""
    receipts = {pin.receipt for pin in known}
    received = [book.file(receipt).received_at for receipt in receipts]
    decided = [made.moment for made in book.decisions() if made.receipt in receipts]
    return max([*received, *decided])


def _pinned(night: Night) -> dict[str, str]:
    found: dict[str, str] = json.loads(night.vintages.read_text(encoding="utf-8")) if night.vintages.exists() else {}
    return found


def _pin(night: Night, name: str, record: ArchiveRecord | None) -> None:
    """Adds the copy to those that this night reads, and to the night's lasting record."""
    pinned = _pinned(night)
    wanted = {key: value for key, value in pinned.items() if key != name}
    if record is not None:
        wanted[name] = record.sha256
    if wanted != pinned:
        write_whole(night.vintages, (json.dumps(wanted, indent=1) + "\n").encode())
        keep_night(night, wanted)


def _write(path: Path, content: object) -> None:
    write_whole(path, (json.dumps(content, ensure_ascii=False, indent=1) + "\n").encode())

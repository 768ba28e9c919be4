"""What the report of a night says of deliveries: which files came in, and which should have been here.

Here: from the book to the facts of a report. Not here: the book (`assets/deliveries/book.py`), the words.
"""

from collections.abc import Iterator
from datetime import date

from assets.night import Night
from contracts.delivery_contract import deliverers, delivery, delivery_names
from publish.night_facts import DeliveryOverdue, DeliveryReceived


def received_since(night: Night, moment: str) -> tuple[DeliveryReceived, ...]:
    """The files that came in after `moment` and up to that of the night, oldest first."""
    return tuple(sorted(_received(night, moment), key=lambda one: (one.received_at, one.id)))


def _received(night: Night, moment: str) -> Iterator[DeliveryReceived]:
    from assets.deliveries.quarantine import waiting
    from publish.receipt import read_receipt
    from publish.receipt_pages import JSON, PAGES

    open_files = {one.taken.id for one in waiting(night.book, delivery_names())} if night.book.root.exists() else set()
    for name in delivery_names():
        for taken in night.book.files(name):
            if not moment < taken.received_at <= night.moment:
                continue
            folder = night.book.folder(taken)
            receipt = read_receipt((folder / JSON).read_bytes())
            yield DeliveryReceived(
                id=taken.id,
                delivery=name,
                title_nl=receipt.title_nl,
                title_en=receipt.title_en,
                file_name=receipt.file_name,
                received_at=receipt.received_at,
                outcome=receipt.outcome,
                rows_accepted=receipt.rows_accepted,
                rows_refused=receipt.rows_refused,
                deliverer=receipt.deliverer_name or receipt.deliverer or "",
                period=receipt.period or "",
                receipt=str((folder / PAGES["nl"]).relative_to(night.home)),
                reason_nl=receipt.reason_nl,
                reason_en=receipt.reason_en,
                decided=receipt.rows_refused > 0 and taken.id not in open_files,
            )


def overdue(night: Night) -> tuple[DeliveryOverdue, ...]:
    """What is missing on the day of the night of who handed in before."""
    from assets.deliveries.owed import owed

    if not night.book.root.exists():
        return ()
    today = date.fromisoformat(night.moment[:10])
    names = deliverers(night.registry)
    return tuple(
        DeliveryOverdue(
            delivery=one.delivery,
            title_nl=delivery(one.delivery).contract.title_nl,
            title_en=delivery(one.delivery).contract.title_en,
            period=one.period,
            deadline=one.deadline,
            days=(today - date.fromisoformat(one.deadline)).days,
            deliverer=names[one.deliverer].name if one.deliverer in names else one.deliverer,
        )
        for one in owed(night.book, delivery_names(), night.moment[:10])
        if one.overdue
    )

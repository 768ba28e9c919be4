"""What deliverers owe: the periods whose deadline has passed, and who has not handed in for them.

Here: periods and deadlines. Not here: what came in (`book.py`), asking for it (`assets/delivery_assets.py`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from assets.deliveries.book import Book
from contracts.delivery_contract import Delivery, delivery


@dataclass(frozen=True)
class Expected:
    """What a deliverer owes for a period; `deadline` is a date, `received` the receipt that stands for it.

    `delivered_before` says that it handed in this delivery at any time: only then is a missing file a change.
    """

    delivery: str
    deliverer: str
    period: str
    deadline: str
    received: str | None
    delivered_before: bool

    @property
    def overdue(self) -> bool:
        """Whether a file is missing of who handed in before; of who never did, it is awaited."""
        return self.received is None and self.delivered_before


def owed(book: Book, names: Iterable[str], today: str, since: int = 1) -> list[Expected]:
    """What every deliverer owes for the periods whose deadline lies in the last `since` years before `today`.

    `today` is a date as YYYY-MM-DD. A delivery of which nobody ever handed in a file is owed as well.
    """
    found = []
    for name in names:
        one = delivery(name)
        standing = book.standing(name)
        before = {taken.deliverer for taken in book.files(name)}
        for period, deadline in _deadlines(one, today, since):
            for deliverer in one.deliverers:
                taken = standing.get((deliverer, period))
                receipt = taken[0].id if taken else None
                found.append(Expected(name, deliverer, period, deadline, receipt, deliverer in before))
    return found


def _deadlines(one: Delivery, today: str, since: int) -> list[tuple[str, str]]:
    """Periods and deadlines that passed in the last `since` years; a deadline falls in the year after the period."""
    now = int(today[:4])
    found = []
    for year in range(now - since, now + 1):
        day = f"{year}-{one.deadline}"
        # as texts: a year before 29 February is a day too
        if f"{now - since}{today[4:]}" < day <= today:
            parts = {
                "year": [f"{year - 1}"],
                "quarter": [f"{year - 1}-Q{quarter}" for quarter in range(1, 5)],
                "month": [f"{year - 1}-{month:02}" for month in range(1, 13)],
            }[one.period_form]
            found += [(period, day) for period in parts]
    return found


def period_before(period: str) -> str:
    """The period before: 2024 of 2025, 2024-Q4 of 2025-Q1, 2024-12 of 2025-01."""
    year, _, part = period.partition("-")
    if not part:
        return str(int(year) - 1)
    last = 4 if part.startswith("Q") else 12
    number = int(part.removeprefix("Q")) - 1
    year, number = (year, number) if number else (str(int(year) - 1), last)
    return f"{year}-Q{number}" if part.startswith("Q") else f"{year}-{number:02}"

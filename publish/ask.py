"""One thing that asks for a person, as report and messages say it: what happened, and what to do next.

Not here: what asks for somebody in a night (`night_asks.py`) or of a delivery (`delivery_asks.py`).
"""

from __future__ import annotations

from dataclasses import dataclass

#: The steward's view as its users call it, in a Dutch sentence and in an English one.
WORKSHOP = ("de werkplaats (make ui)", "the steward's view (make ui)")


@dataclass(frozen=True)
class Ask:
    """One thing that asks for somebody.

    `items` are listed below the body. `quote` is what the run itself said, in English, with its line breaks; `place` is
    where to look in the steward's view, as a path below its address.
    """

    title: str
    body: str
    next_step: str
    items: tuple[str, ...] = ()
    quote: str = ""
    place: str = ""

"""The book of deliveries: which files came in, what was decided about their refused rows, and which of them stand.

A file that was taken in has a folder `<root>/<delivery>/<receipt>/` that appears whole and never changes. Decisions are
lines in `<root>/decisions.jsonl`, append-only. Everything else follows from these two.
Not here: taking a file in (`taking_in.py`), the rows that stand as a table (`standing.py`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from assets.append_only import add_line, one_writer, read_lines
from contracts.delivery_contract import delivery

DECISIONS = "decisions.jsonl"
#: What a taking in leaves behind that was broken off begins with this; it counts for nothing.
WRITING = ".writing-"
FACTS = "taken_in.json"
Verdict = Literal["release", "discard", "withdraw", "publish"]
WORDS = {
    "release": "released",
    "discard": "discarded",
    "withdraw": "withdrawn",
    "publish": "to be published although a change tells of few participants",
}
#: Decisions about a file as a whole.
OF_THE_FILE = ("withdraw", "publish")
#: Rules of which a steward may say that a row is right all the same. What cannot be read, has no place or stands twice
#: must be handed in again.
RELEASABLE = frozenset(
    {
        "notBelow",
        "partsNotAbove",
        "unitSlip",
        "maximum",
        "exclusiveMaximum",
        "minLength",
        "maxLength",
        "someFilled",
        "filledWhen",
        "emptyExactlyWhen",
    }
)


class DecisionRefused(ValueError):
    """A decision about refused rows cannot be taken; the message says why and what to do."""


@dataclass(frozen=True)
class TakenIn:
    """One file that was taken in. `stopped`: something about the whole file stops it, whatever the rows are.

    `number` counts the files of one delivery: two that came in at one moment have an order too. `deliverer` and
    `period` are empty where the file did not say them. `read_under` identifies contract and registry.
    """

    id: str
    delivery: str
    sha256: str
    bytes: int
    file_name: str
    received_at: str
    deliverer: str
    period: str
    rows_in: int
    rows_accepted: int
    rows_refused: int
    exact_duplicates: int
    stopped: bool
    threshold: float
    contract_version: str
    read_under: str
    number: int


@dataclass(frozen=True)
class Decision:
    """What a steward decided. `rows` are row numbers of the file; a decision about the file as a whole has none."""

    id: str
    moment: str
    receipt: str
    decision: Verdict
    rows: tuple[int, ...]
    reason: str
    by: str


@dataclass(frozen=True)
class Settled:
    """What became of the refused rows of one file, by row number, and of the file as a whole.

    `may_show`: its change may be published although it tells of few participants, who agree. That holds for the file
    as it was then: once more rows are released, or the file is withdrawn, the change is another.
    """

    released: frozenset[int]
    discarded: frozenset[int]
    withdrawn: bool
    may_show: bool = False


class Book:
    """The deliveries under one home. Nothing here asks the clock."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def folder(self, taken: TakenIn) -> Path:
        """Where receipt, accepted and refused rows of a file lie."""
        return self.root / taken.delivery / taken.id

    def writing(self) -> AbstractContextManager[None]:
        """One writer at a time."""
        return one_writer(self.root)

    def files(self, name: str) -> list[TakenIn]:
        """All files of one delivery, in the order in which they were taken in."""
        found = []
        for path in sorted((self.root / name).glob(f"*/{FACTS}")):
            if not path.parent.name.startswith("."):
                found.append(TakenIn(**json.loads(path.read_text(encoding="utf-8"))))
        return sorted(found, key=lambda taken: taken.number)

    def file(self, receipt: str) -> TakenIn:
        """The file with this receipt. Raises DecisionRefused where there is none."""
        for path in self.root.glob(f"*/*/{FACTS}"):
            if path.parent.name == receipt:
                return TakenIn(**json.loads(path.read_text(encoding="utf-8")))
        raise DecisionRefused(f"there is no receipt {receipt!r}; see `ketenmonitor quarantine` for those that wait")

    def decisions(self) -> list[Decision]:
        """All decisions, in the order in which they were taken. A line that was broken off counts for nothing."""
        lines = read_lines(self.root / DECISIONS)
        return [Decision(**{**raw, "rows": tuple(raw["rows"])}) for raw in lines]

    def settled(self, taken: TakenIn, decisions: Sequence[Decision] | None = None) -> Settled:
        """What was decided about the refused rows of one file."""
        own = [d for d in (self.decisions() if decisions is None else decisions) if d.receipt == taken.id]
        rows = {kind: frozenset(row for d in own if d.decision == kind for row in d.rows) for kind in WORDS}
        kinds = [d.decision for d in own if d.decision != "discard"]
        return Settled(rows["release"], rows["discard"], "withdraw" in kinds, kinds[-1:] == ["publish"])

    def is_used(self, taken: TakenIn, settled: Settled) -> bool:
        """Whether the good rows of a file are used: nothing stops it, and few enough refused rows are undecided."""
        if taken.stopped or settled.withdrawn or taken.rows_accepted + len(settled.released) == 0:
            return False
        undecided = taken.rows_refused - len(settled.released) - len(settled.discarded)
        return undecided / (taken.rows_in - taken.exact_duplicates) <= taken.threshold

    def standing(self, name: str) -> dict[tuple[str, str], tuple[TakenIn, Settled]]:
        """(deliverer, period) -> the newest file that is used, with what was decided about it."""
        decisions = self.decisions()
        found = {}
        for taken in self.files(name):
            settled = self.settled(taken, decisions)
            if self.is_used(taken, settled):
                found[(taken.deliverer, taken.period)] = (taken, settled)
        return dict(sorted(found.items()))

    def decide(
        self, receipt: str, kind: Verdict, rows: Iterable[int] | None, *, reason: str, by: str, moment: str
    ) -> Decision:
        """Keeps a decision about refused rows of a file (`rows` None: all that wait), or about the file as a whole.

        Raises DecisionRefused where a row was not refused, was decided before, or cannot be released.
        """
        if not reason.strip() or not by.strip():
            raise DecisionRefused("a decision is kept with who took it and why: give both, in words")
        with self.writing():
            taken = self.file(receipt)
            before = self.decisions()
            settled = self.settled(taken, before)
            if kind in OF_THE_FILE:
                if settled.withdrawn if kind == "withdraw" else settled.may_show:
                    raise DecisionRefused(f"{receipt} was {WORDS[kind]} before")
                chosen: tuple[int, ...] = ()
            else:
                chosen = self._chosen(taken, settled, kind, rows)
            made = Decision(f"{moment}-{len(before) + 1}", moment, receipt, kind, chosen, reason.strip(), by.strip())
            add_line(self.root / DECISIONS, asdict(made))
            return made

    def _chosen(self, taken: TakenIn, settled: Settled, kind: Verdict, rows: Iterable[int] | None) -> tuple[int, ...]:
        from assets.deliveries.quarantine import rules_of_refused

        refused = rules_of_refused(self.folder(taken))
        waiting = [row for row in refused if row not in settled.released | settled.discarded]
        chosen = sorted(set(rows)) if rows is not None else waiting
        if not chosen:
            raise DecisionRefused(f"no refused row of {taken.id} waits for a decision")
        strange = [row for row in chosen if row not in refused]
        if strange:
            raise DecisionRefused(f"row {strange[0]} of {taken.id} was not refused; see `ketenmonitor quarantine`")
        again = [row for row in chosen if row not in waiting]
        if again:
            raise DecisionRefused(f"row {again[0]} of {taken.id} was decided before; a decision stands")
        if kind == "release":
            kinds = {rule.key: rule.kind for rule in delivery(taken.delivery).contract.rules}
            for row in chosen:
                held = [key for key in refused[row] if kinds.get(key) not in RELEASABLE]
                if held:
                    raise DecisionRefused(
                        f"row {row} of {taken.id} cannot be released: {held[0]} says that it cannot be read, placed or "
                        "told apart. Ask the deliverer for a corrected file, or discard the row"
                    )
        return tuple(chosen)

"""What people decided about this installation: who, when, why, about what, and what came of it.

Lines in `<home>/decisions/decisions.jsonl`, append-only. Decisions about refused rows stand with the deliveries
(`deliveries/book.py`), because they decide which rows count; `all_deeds` tells of both.
Not here: carrying a decision out (`pipelines/`), and the words on a form.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from assets.append_only import add_line, one_writer, read_lines

if TYPE_CHECKING:
    from assets.night import Night

DEEDS = "decisions.jsonl"
Kind = Literal["accept", "withdraw", "rebuild", "refetch", "quarantine"]
#: What was decided, as the steward reads it.
KIND_WORDS: Mapping[str, str] = {
    "accept": "herziening geaccepteerd",
    "withdraw": "uitgave ingetrokken",
    "rebuild": "oude nacht nagebouwd",
    "refetch": "bron opnieuw opgehaald",
    "quarantine": "afgekeurde rijen",
}
#: The outcome of a deed that was begun; it stays where the process died before the end.
BEGUN = "begonnen"


class DeedRefused(ValueError):
    """A decision cannot be taken; the message says why and what to do."""


@dataclass(frozen=True)
class Deed:
    """One decision. `subject` is a dataset, a release (`packaging@1.0.0`), a source, a date or a receipt.

    `detail` is what belongs to its kind: of an acceptance the version it starts from and the digest of the changes.
    """

    id: str
    moment: str
    kind: Kind
    subject: str
    reason_nl: str
    by: str
    reason_en: str = ""
    detail: Mapping[str, str] = field(default_factory=dict)
    outcome: str = ""


class DecisionsBook:
    """The decisions under one home. Nothing here asks the clock."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def deeds(self) -> list[Deed]:
        """All decisions in the order in which they were taken, each with its last known outcome."""
        found: dict[str, Deed] = {}
        for line in read_lines(self.root / DEEDS):
            try:
                deed = Deed(**line)
            except TypeError:
                continue  # a line of a later version of the software
            found[deed.id] = deed
        return list(found.values())

    def begin(
        self,
        kind: Kind,
        subject: str,
        *,
        reason_nl: str,
        by: str,
        moment: str,
        reason_en: str = "",
        detail: Mapping[str, str] | None = None,
    ) -> Deed:
        """Keeps that something was decided, before it is carried out. Raises DeedRefused without a reason or a name."""
        if not reason_nl.strip():
            raise DeedRefused("vul in waarom (reason): een besluit wordt met zijn reden bewaard")
        if not by.strip():
            raise DeedRefused("vul in wie besluit (by)")
        with one_writer(self.root):
            number = len(self.deeds()) + 1
            made = Deed(
                f"{moment}-{number}", moment, kind, subject, reason_nl.strip(), by.strip(), reason_en.strip(),
                dict(detail or {}), BEGUN,
            )  # fmt: skip
            add_line(self.root / DEEDS, asdict(made))
        return made

    def end(self, deed: Deed, outcome: str) -> Deed:
        """Keeps what came of a decision."""
        done = replace(deed, outcome=outcome)
        with one_writer(self.root):
            add_line(self.root / DEEDS, asdict(done))
        return done

    def accepted(self, dataset: str, version: str, digest: str) -> dict[str, str] | None:
        """The reasons with which exactly these changes since a version were accepted; None where they were not."""
        for deed in reversed(self.deeds()):
            same = deed.detail.get("from") == version and deed.detail.get("digest") == digest
            if deed.kind == "accept" and deed.subject == dataset and same:
                return {"reason_nl": deed.reason_nl, "reason_en": deed.reason_en}
        return None


def all_deeds(night: Night) -> list[Deed]:
    """Every decision that is kept, those about refused rows included, oldest first."""
    of_rows = [
        Deed(
            f"rows {made.id}", made.moment, "quarantine", made.receipt, made.reason, made.by,
            detail={"decision": made.decision, "rows": str(len(made.rows))}, outcome="telt mee vanaf de volgende bouw",
        )
        for made in night.book.decisions()
    ]  # fmt: skip
    return sorted([*night.decisions.deeds(), *of_rows], key=lambda deed: (deed.moment, deed.id))


def keep_until(night: Night, other: Night, moment: str) -> None:
    """Gives another home the decisions that were taken up to a moment: an old night is rebuilt with those of then."""
    known = [deed for deed in night.decisions.deeds() if deed.moment <= moment]
    if known:
        with one_writer(other.decisions.root):
            for deed in known:
                add_line(other.decisions.root / DEEDS, asdict(deed))

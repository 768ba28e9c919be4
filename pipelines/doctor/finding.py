"""One thing that the doctor looked at: its state, and in two languages what was found and what to do next.

Here: the shape and its text. Not here: looking (`machine.py`, `reach.py`, `history.py`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from publish.numbers_and_dates import Language

#: `well`; `look`: it works, and somebody should know; `missing`: something does not work until it is mended.
State = Literal["well", "look", "missing"]
_STATES: dict[Language, dict[State, str]] = {
    "nl": {"well": "goed", "look": "let op", "missing": "MIST"},
    "en": {"well": "well", "look": "look", "missing": "MISSING"},
}
_ENDS = {
    "nl": ("Alles is goed.", "Alles werkt; {} om naar te kijken.", "{} niet in orde: zie wat erbij staat."),
    "en": ("All is well.", "All works; {} to look at.", "{} not in order: see what is said with each."),
}


@dataclass(frozen=True)
class Said:
    """A sentence in Dutch and in English."""

    nl: str
    en: str

    def __getitem__(self, language: Language) -> str:
        return self.nl if language == "nl" else self.en


@dataclass(frozen=True)
class Finding:
    """What was found about `about` (a name for programs), and what to do next where it is not well."""

    about: str
    state: State
    said: Said
    next: Said | None = None

    def as_json(self, language: Language) -> dict[str, Any]:
        """The finding for a program."""
        return {
            "about": self.about,
            "state": self.state,
            "said": self.said[language],
            "next": self.next[language] if self.next else None,
        }


def well(about: str, nl: str, en: str) -> Finding:
    """Something that is as it should be."""
    return Finding(about, "well", Said(nl, en))


def lines(findings: Sequence[Finding], language: Language) -> list[str]:
    """All findings for a person, and one line that sums them up."""
    words = _STATES[language]
    width = max(len(word) for word in words.values())
    said = []
    for finding in findings:
        said.append(f"{words[finding.state]:<{width}}  {finding.said[language]}")
        if finding.next:
            said.append(f"{'':<{width}}  → {finding.next[language]}")
    missing, look = (sum(one.state == state for one in findings) for state in ("missing", "look"))
    all_well, some, wrong = _ENDS[language]
    return [*said, "", wrong.format(missing) if missing else some.format(look) if look else all_well]

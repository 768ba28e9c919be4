"""What a portal is about to do and what it did: the shapes that all portals share.

Here: steps, plans, outcomes, the one error, and what a portal remembers between two runs. Not here: how a portal is
spoken to.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from publish.descriptor import json_bytes
from publish.whole_files import replace_if_changed

Action = Literal["create", "update", "upload", "remove", "publish", "skip", "refuse"]
_IDLE: frozenset[Action] = frozenset({"skip", "refuse"})


class PortalError(RuntimeError):
    """A portal cannot be used or did not do as asked; the message says what to do next and holds no credentials."""


class PortalNotSetUp(PortalError):
    """A setting is missing or cannot be used: nothing was asked of the portal."""


@dataclass(frozen=True)
class Step:
    """One thing to do. `target` is what it is done to, in the words of the portal; `reason` says why.

    `source` and `sha256` tell the file of an upload, `content` what is sent otherwise; neither is printed.
    """

    action: Action
    target: str
    reason: str
    source: Path | None = field(default=None, repr=False)
    sha256: str = field(default="", repr=False)
    content: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def line(self) -> str:
        """As a person reads it."""
        return f"{self.action:<8} {self.target}: {self.reason}"


@dataclass(frozen=True)
class Plan:
    """All steps in the order in which they are taken. `where` names the portal's place, never a credential."""

    portal: str
    where: str
    steps: tuple[Step, ...]

    @property
    def refused(self) -> tuple[Step, ...]:
        """What is not done because something stands in the way."""
        return tuple(step for step in self.steps if step.action == "refuse")

    @property
    def to_do(self) -> tuple[Step, ...]:
        """The steps that change something."""
        return tuple(step for step in self.steps if step.action not in _IDLE)

    def lines(self) -> tuple[str, ...]:
        """What would be done, a line each; what is skipped is only counted."""
        return (*(step.line for step in self.steps if step.action != "skip"), _counted(self, "to do"))

    def as_json(self) -> dict[str, Any]:
        """The plan as data."""
        return {"portal": self.portal, "where": self.where, "steps": _steps_json(self.steps)}


@dataclass(frozen=True)
class Outcome:
    """A plan and the steps of it that were done."""

    plan: Plan
    done: tuple[Step, ...]
    notes: tuple[str, ...] = ()

    def lines(self) -> tuple[str, ...]:
        """What was done and what was refused, a line each."""
        said = (*self.done, *self.plan.refused)
        return (*(step.line for step in said), *self.notes, _counted(self.plan, "done"))

    def as_json(self) -> dict[str, Any]:
        """The outcome as data."""
        return self.plan.as_json() | {"done": _steps_json(self.done), "notes": list(self.notes)}


class Portal(Protocol):
    """What the command line asks of every portal."""

    def plan(self) -> Plan:
        """Looks, and changes nothing."""
        ...

    def carry_out(self, plan: Plan) -> Outcome:
        """Does what the plan says. Raises PortalError; what was done until then is skipped by the next try."""
        ...


def _counted(plan: Plan, words: str) -> str:
    count = Counter(step.action for step in plan.steps)
    busy = sum(number for action, number in count.items() if action not in _IDLE)
    return f"{plan.portal} {plan.where}: {busy} {words}, {count['skip']} as they should be, {count['refuse']} refused"


def _steps_json(steps: Iterable[Step]) -> list[dict[str, str]]:
    return [{"action": step.action, "target": step.target, "reason": step.reason} for step in steps]


def required(environment: Mapping[str, str], name: str, example: str) -> str:
    """A setting from the environment. Raises PortalNotSetUp that names it where it is not set."""
    value = environment.get(name, "").strip()
    if not value:
        raise PortalNotSetUp(f"{name} is not set; expected {example}. Set it in the environment and run again")
    return value


def remembered(path: Path) -> dict[str, Any]:
    """What a portal wrote down at an earlier run; empty at the first. Raises PortalError where it is damaged."""
    try:
        content = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise PortalError(
            f"{path} cannot be read ({error}); expected what the last run remembered as JSON. Put it back from a "
            "copy, or remove it: drafts are looked up again"
        ) from error
    if not isinstance(content, dict):
        raise PortalError(f"{path} is not a JSON object; put it back from a copy, or remove it")
    return content


def remember(path: Path, content: Mapping[str, Any]) -> None:
    """Writes aside and renames, so that a run that dies leaves the old content."""
    replace_if_changed(path, json_bytes(dict(content)))

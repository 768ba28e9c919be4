"""All drafts at Zenodo that wait for the files of a release: what a night does there.

Here: which releases those are, and doing one after another. Making a draft public cannot be undone and stays with a
person. Not here: what one release needs (`zenodo.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from publish.portals.plan import Outcome, Plan, PortalError, Step
from publish.portals.zenodo import Memory, ZenodoPortal
from publish.release_facts import ReleaseFacts


def waits_for_files(memory: Memory, dataset: str, version: str) -> bool:
    """Whether a DOI was reserved for a release and its draft is not public yet."""
    found = memory.of(dataset).get(version)
    return found is not None and found.get("state") != "published"


def _of_its_draft(steps: Sequence[Step]) -> Sequence[Step]:
    """The steps, unless they would reserve a DOI: a person does that, and a draft that is gone was discarded by one."""
    first = next((step for step in steps if step.content.get("do") in ("create", "newversion")), None)
    if first is None:
        return steps
    reason = (
        "its draft is no longer at Zenodo, and a night reserves no DOI. Reserve one again (ketenmonitor portal "
        "zenodo-reserve), or take the release out of portals/zenodo.json"
    )
    return (Step("refuse", first.target, reason, content=first.content),)


class ZenodoDrafts:
    """Brings files and metadata of `releases` into their drafts; each release is a plan of its own."""

    def __init__(self, portal: ZenodoPortal, url: str, published: Path, releases: Sequence[ReleaseFacts]) -> None:
        self._portal, self._url, self._published, self._releases = portal, url, published, releases

    def plan(self) -> Plan:
        """Looks every draft up. Raises PortalError where Zenodo does not answer."""
        plans = [self._portal.plan_upload(self._published, facts) for facts in self._releases]
        return Plan("zenodo", self._url, tuple(step for plan in plans for step in _of_its_draft(plan.steps)))

    def carry_out(self, plan: Plan) -> Outcome:
        """Does it release by release: one that fails leaves the others. Raises PortalError that names all that did."""
        by_release: dict[tuple[str, str], list[Step]] = {}
        for step in plan.steps:
            by_release.setdefault((step.content["dataset"], step.content["version"]), []).append(step)
        done: list[Step] = []
        notes: list[str] = []
        failed: list[str] = []
        for steps in by_release.values():
            try:
                outcome = self._portal.carry_out(Plan(plan.portal, plan.where, tuple(steps)))
            except PortalError as error:
                failed.append(str(error))
                continue
            done += outcome.done
            notes += outcome.notes
        if failed:
            raise PortalError("; ".join(failed))
        return Outcome(plan, tuple(done), tuple(notes))

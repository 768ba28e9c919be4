"""Datasets in a CKAN catalogue, such as data.overheid.nl: created once, updated afterwards, never doubled.

The Action API, version 3. A dataset is found by its name, a resource by its name within the dataset. Settings come from
the environment: KETENMONITOR_CKAN_URL, _CKAN_TOKEN and _CKAN_ORGANISATION; see `ckan_settings` for the others.
Not here: which facts go into which field (`ckan_fields.py`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from publish.portals.calls import USER_AGENT, PortalCalls, checked_address
from publish.portals.ckan_fields import CkanProfile, dataset_fields, resource_fields
from publish.portals.plan import Outcome, Plan, PortalError, PortalNotSetUp, Step, required
from publish.release_facts import ReleaseFacts

_WORDS = {
    400: "the request was not understood",
    403: "KETENMONITOR_CKAN_TOKEN is not known there, or may not do this for the organisation",
    404: "it is not there",
    409: "the portal does not accept the fields",
    413: "it is too large for the portal",
}


@dataclass(frozen=True)
class CkanSettings:
    """Where to and as whom. The token is in no text that this makes of itself."""

    url: str
    token: str = field(repr=False)
    organisation: str
    profile: CkanProfile


def ckan_settings(environment: Mapping[str, str]) -> CkanSettings:
    """The settings in the environment.

    KETENMONITOR_CKAN_FIELDS is `donl` (the fields of data.overheid.nl, the default) or `extras` (any other CKAN);
    _CKAN_PUBLISHER is the publisher in the portal's own list of organisations, _CKAN_SOURCE_CATALOG the catalogue in
    its list of catalogues, _CKAN_PREFIX stands before every name. Raises PortalError that names what is not set.
    """
    kind = environment.get("KETENMONITOR_CKAN_FIELDS", "donl").strip() or "donl"
    if kind not in ("donl", "extras"):
        raise PortalNotSetUp(f"KETENMONITOR_CKAN_FIELDS is {kind!r}; expected donl or extras")
    url = required(environment, "KETENMONITOR_CKAN_URL", "the address of the portal, without /api")
    return CkanSettings(
        url=checked_address("KETENMONITOR_CKAN_URL", url),
        token=required(environment, "KETENMONITOR_CKAN_TOKEN", "an API token of the portal"),
        organisation=required(environment, "KETENMONITOR_CKAN_ORGANISATION", "the name of our organisation there"),
        profile=CkanProfile(
            extras=kind == "extras",
            prefix=environment.get("KETENMONITOR_CKAN_PREFIX", "ketenmonitor-"),
            publisher=environment.get("KETENMONITOR_CKAN_PUBLISHER", "").strip() or None,
            source_catalog=environment.get("KETENMONITOR_CKAN_SOURCE_CATALOG", "").strip() or None,
        ),
    )


class CkanPortal:
    """Keeps one dataset a package in the catalogue, at its newest release."""

    def __init__(
        self,
        facts: Sequence[ReleaseFacts],
        settings: CkanSettings,
        *,
        user_agent: str = USER_AGENT,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        self._facts, self._settings = facts, settings
        self._calls = PortalCalls("CKAN", settings.token, user_agent=user_agent, wait=wait)

    def plan(self) -> Plan:
        """Looks up every dataset. Raises PortalError where the portal does not answer."""
        steps = tuple(step for facts in self._facts for step in self._dataset(facts))
        return Plan("ckan", self._settings.url, steps)

    def carry_out(self, plan: Plan) -> Outcome:
        """Creates and updates as planned. Raises PortalError that says how far it came."""
        done: list[Step] = []
        for step in plan.to_do:
            try:
                self._do(step)
            except PortalError as error:
                raise PortalError(
                    f"{error}. {len(done)} of {len(plan.to_do)} steps were done and stay; run again to go on"
                ) from None
            done.append(step)
        return Outcome(plan, tuple(done))

    def _dataset(self, facts: ReleaseFacts) -> Iterator[Step]:
        wanted = dataset_fields(facts, self._settings.profile) | {"owner_org": self._settings.organisation}
        name = str(wanted["name"])
        found = self._show(name)
        resources = resource_fields(facts, self._settings.profile)
        if found is None:
            content = {"action": "package_create", "body": wanted | {"resources": resources}}
            yield Step("create", name, f"is not there yet; with {len(resources)} files", content=content)
            return
        owner = found.get("organization") or {}
        if self._settings.organisation not in (owner.get("name"), owner.get("id"), found.get("owner_org")):
            yield Step(
                "refuse",
                name,
                f"belongs to another organisation ({self._calls.without_secrets(str(owner.get('name')))}); set "
                "KETENMONITOR_CKAN_PREFIX to a prefix of our own",
            )
            return
        yield from self._changes(name, found, wanted, resources)

    def _changes(
        self, name: str, found: Mapping[str, Any], wanted: Mapping[str, Any], resources: Sequence[Mapping[str, Any]]
    ) -> Iterator[Step]:
        """One step a dataset: the fields that differ together with the whole list of resources, in one call."""
        fields = {key: value for key, value in wanted.items() if key != "owner_org" and _differs(found.get(key), value)}
        if found.get("state") == "deleted":
            fields["state"] = "active"
        there: dict[str, Mapping[str, Any]] = {}
        for item in found.get("resources", ()):
            there.setdefault(str(item.get("name")), item)
        listed = [
            (dict(there[str(item["name"])]) if str(item["name"]) in there else {}) | dict(item) for item in resources
        ]
        new = [str(item["name"]) for item in resources if str(item["name"]) not in there]
        gone = len(found.get("resources", ())) - (len(resources) - len(new))
        changed = [
            str(item["name"])
            for item in resources
            if str(item["name"]) in there
            and any(_differs(there[str(item["name"])].get(key), value) for key, value in item.items())
        ]
        if new or gone or changed:
            fields["resources"] = listed
        if not fields:
            yield Step("skip", name, "stands there with the same fields and files")
            return
        said = [f"{len(new)} new files"] * bool(new) + [f"{len(changed)} changed files"] * bool(changed)
        said += [f"{gone} files fewer"] * (gone > 0) + sorted(key for key in fields if key != "resources")
        content = {"action": "package_patch", "body": {"id": found["id"], **fields}}
        yield Step("update", name, "differs in " + ", ".join(said), content=content)

    def _show(self, name: str) -> Mapping[str, Any] | None:
        status, result = self._action("package_show", {"id": name}, repeatable=True, expected=(200, 404))
        return result if status == 200 else None

    def _do(self, step: Step) -> None:
        action, body = str(step.content["action"]), step.content["body"]
        # a patch sets the same fields however often it is sent; a second create would meet the name of the first
        self._action(action, body, repeatable=action == "package_patch", expected=(200,))

    def _action(
        self, action: str, body: Mapping[str, Any], *, repeatable: bool, expected: tuple[int, ...]
    ) -> tuple[int, Any]:
        answer = self._calls.call(
            "POST", f"{self._settings.url}/api/3/action/{action}", json=body, repeatable=repeatable
        )
        content = answer.json if isinstance(answer.json, dict) else {}
        # another kind of server answers 404 too, with a page of its own
        if answer.status in expected and content.get("success") is (answer.status == 200):
            return answer.status, content.get("result")
        about = str(body.get("name") or body.get("id"))
        raise PortalError(f"CKAN {action} {about}: {self._reason(answer.status, content, answer.text)}")

    def _reason(self, status: int, content: Mapping[str, Any], text: str) -> str:
        words = _WORDS.get(status, f"the portal answered {status}")
        if status == 200 or not content:
            return f"{words} ({status}), and what came is not the answer of a CKAN; look at KETENMONITOR_CKAN_URL"
        said = content.get("error")
        details = said if isinstance(said, dict) else {"message": said or text}
        shown = "; ".join(f"{key}: {value}" for key, value in sorted(details.items()) if key != "__type")
        return f"{words} ({status}). It says: {self._calls.without_secrets(shown)}"


def _differs(found: Any, wanted: Any) -> bool:
    """Whether a field must be sent. CKAN adds keys of its own to what it keeps, and hands numbers back as text."""
    if isinstance(wanted, Mapping):
        return not isinstance(found, Mapping) or any(_differs(found.get(key), value) for key, value in wanted.items())
    if isinstance(wanted, list):
        if not isinstance(found, list) or len(found) != len(wanted):
            return True
        # tags and extras come back in the order of CKAN
        pairs = zip(sorted(found, key=_sorting), sorted(wanted, key=_sorting), strict=True)
        return any(_differs(there, ours) for there, ours in pairs)
    return str(found) != str(wanted)


def _sorting(value: Any) -> str:
    return str(value.get("name") or value.get("key")) if isinstance(value, Mapping) else str(value)

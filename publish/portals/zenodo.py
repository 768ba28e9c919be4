"""Releases at Zenodo: a DOI reserved before the release, the files uploaded after it, published only when told to.

Settings come from the environment: KETENMONITOR_ZENODO_URL (the sandbox or the real one) and KETENMONITOR_ZENODO_TOKEN.
Depositions and reserved DOIs are remembered in `<home>/portals/zenodo.json`; a draft that is not remembered is found
again by the address of its release.
Not here: what Zenodo is told of a release (`zenodo_fields.py`), and its API (`zenodo_api.py`).
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from publish.portals.calls import USER_AGENT, PortalCalls, checked_address
from publish.portals.plan import Action, Outcome, Plan, PortalError, Step, remember, remembered, required
from publish.portals.zenodo_api import Deposition, Depositions, doi_of, is_published, md5_in
from publish.portals.zenodo_fields import (
    address_of,
    deposited_files,
    draft_metadata,
    is_of,
    release_metadata,
    version_in,
)
from publish.published import version_key
from publish.release_facts import ReleaseFacts


@dataclass(frozen=True)
class ZenodoSettings:
    """Where to, and as whom. The token is in no text that this makes of itself."""

    url: str
    token: str = field(repr=False)


def zenodo_settings(environment: Mapping[str, str]) -> ZenodoSettings:
    """The settings in the environment. Raises PortalError that names what is not set."""
    url = required(
        environment, "KETENMONITOR_ZENODO_URL", "https://sandbox.zenodo.org to try, https://zenodo.org to publish"
    )
    token = required(environment, "KETENMONITOR_ZENODO_TOKEN", "a personal access token of that Zenodo")
    return ZenodoSettings(checked_address("KETENMONITOR_ZENODO_URL", url), token)


@dataclass(frozen=True)
class Memory:
    """What is remembered of one Zenodo: dataset -> version -> deposition, DOI, DOI of all versions, state."""

    path: Path
    url: str

    def of(self, dataset: str) -> dict[str, dict[str, Any]]:
        """Version -> what is remembered of it."""
        found = remembered(self.path).get(self.url, {}).get(dataset, {})
        return dict(found) if isinstance(found, dict) else {}

    def keep(self, dataset: str, version: str, deposition: Deposition) -> None:
        """Writes a deposition down."""
        content = remembered(self.path)
        content.setdefault(self.url, {}).setdefault(dataset, {})[version] = _to_remember(deposition)
        remember(self.path, content)


def memory_of(home: Path, url: str) -> Memory:
    """What is remembered below `home` of the Zenodo at `url`."""
    return Memory(home / "portals" / "zenodo.json", url)


def reserved_doi(home: Path, url: str, dataset: str, version: str) -> str | None:
    """The DOI that was reserved for a release at the Zenodo at `url`; None where none was."""
    doi = memory_of(home, url).of(dataset).get(version, {}).get("doi")
    return str(doi) if doi else None


class ZenodoPortal:
    """One Zenodo and what we remember of it. `address` is the public address of the published folder."""

    def __init__(
        self,
        home: Path,
        address: str,
        settings: ZenodoSettings,
        *,
        user_agent: str = USER_AGENT,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        calls = PortalCalls("Zenodo", f"Bearer {settings.token}", user_agent=user_agent, wait=wait)
        self._address, self._url = address, settings.url
        self._memory = memory_of(home, settings.url)
        self._depositions = Depositions(settings.url, calls)

    def plan_reservation(self, dataset: str, version: str, *, title: str, creator: str) -> Plan:
        """A DOI for a release that is still to be made. Raises PortalError where Zenodo does not answer."""
        metadata = draft_metadata(title, version, address_of(dataset, version, self._address), creator)
        found = self._find(dataset, version)
        return Plan("zenodo", self._url, (self._deposition_step(dataset, version, metadata, found),))

    def plan_upload(self, published: Path, facts: ReleaseFacts, *, publish: bool = False) -> Plan:
        """Files and metadata of a release into its draft, and the draft made public only where `publish` says so."""
        metadata = release_metadata(facts)
        found = self._find(facts.dataset, facts.version)
        steps = [self._deposition_step(facts.dataset, facts.version, metadata, found)]
        held = doi_of(found) if found else None
        if facts.doi and facts.doi != held:
            reason = f"the release names {facts.doi} and Zenodo holds {held or 'no draft for it'}; a release cannot be "
            steps = [_step("refuse", facts, "DOI", reason + "changed: look for that draft at Zenodo")]
        if steps[0].action != "refuse" and not (found and is_published(found)):
            steps += _file_steps(published, facts, found, steps[0].content.get("files", ()))
            steps.append(_metadata_step(facts, metadata, found))
            steps.append(_publication_step(facts, publish))
        return Plan("zenodo", self._url, tuple(steps))

    def carry_out(self, plan: Plan) -> Outcome:
        """Does what the plan says; nothing where the plan refuses something.

        Raises PortalError that says how far it came. A reservation is written down before anything else is done.
        """
        if plan.refused:
            return Outcome(plan, (), ("nothing was done, because something was refused",))
        done: list[Step] = []
        for step in plan.to_do:
            try:
                self._do(step)
            except (PortalError, OSError) as error:
                far = f"{len(done)} of {len(plan.to_do)} steps were done and stay; run again to go on"
                raise PortalError(f"{step.target}: {error}. {far}") from None
            done.append(step)
        releases = dict.fromkeys((step.content["dataset"], step.content["version"]) for step in plan.steps)
        dois = [(name, version, self._memory.of(name).get(version, {}).get("doi")) for name, version in releases]
        return Outcome(plan, tuple(done), tuple(f"{name} {version}: DOI {doi}" for name, version, doi in dois if doi))

    def _deposition_step(
        self, dataset: str, version: str, metadata: Mapping[str, Any], found: Deposition | None
    ) -> Step:
        """How the release comes to its deposition."""
        of = (dataset, version)
        if found is not None:
            word = f"is {'published' if is_published(found) else 'reserved'} as {doi_of(found)}"
            if self._memory.of(dataset).get(version) == _to_remember(found):
                return _step("skip", of, "DOI", word)
            return _step("update", of, "DOI", f"{word}; is written down", do="keep", deposition=found["id"])
        earlier = self._earlier(dataset, version)
        if earlier is None:
            return _step("create", of, "DOI", "is not reserved yet", do="create", metadata=metadata)
        name, deposition = earlier
        if not is_published(deposition):
            reason = f"version {name} is still a draft at Zenodo; publish it first, or discard it there"
            return _step("refuse", of, "DOI", reason)
        reason = f"is not reserved yet; becomes a new version after {name}"
        # a new version begins with the files of the one before it
        files = tuple(str(item["filename"]) for item in deposition.get("files", ()))
        content = {"do": "newversion", "after": deposition["id"], "files": files, "metadata": metadata}
        return _step("create", of, "DOI", reason, **content)

    def _find(self, dataset: str, version: str) -> Deposition | None:
        """The deposition of a release: the one remembered, else one that carries its address."""
        number = self._memory.of(dataset).get(version, {}).get("deposition")
        found = self._depositions.get(number) if number is not None else None
        if found is not None:
            return found
        address = address_of(dataset, version, self._address)
        return next((item for item in self._depositions.listed() if is_of(item, address)), None)

    def _earlier(self, dataset: str, version: str) -> tuple[str, Deposition] | None:
        """The newest deposition of an earlier version, remembered or found by the address of its release."""
        names = set(self._memory.of(dataset))
        names |= {name for item in self._depositions.listed() if (name := version_in(item, dataset, self._address))}
        for name in sorted(names, key=version_key, reverse=True):
            if version_key(name) < version_key(version) and (found := self._find(dataset, name)) is not None:
                return name, found
        return None

    def _do(self, step: Step) -> None:
        content, there = step.content, self._depositions
        dataset, version, do = content["dataset"], content["version"], content["do"]
        if do == "create":
            self._memory.keep(dataset, version, there.create(content["metadata"]))
        elif do == "newversion":
            self._memory.keep(dataset, version, there.new_version(content["after"], content["metadata"]))
        else:
            number = content.get("deposition") or self._memory.of(dataset)[version]["deposition"]
            draft = there.get(number)
            if draft is None:
                raise PortalError(f"deposition {number} is no longer there; plan again")
            self._on_draft(step, draft)

    def _on_draft(self, step: Step, draft: Deposition) -> None:
        content, there = step.content, self._depositions
        if content["do"] == "file" and step.source is not None:
            there.put_file(draft, content["name"], step.source, content["md5"])
        elif content["do"] == "remove":
            there.remove_file(draft, content["name"])
        elif content["do"] == "metadata":
            there.set_metadata(draft["id"], content["metadata"])
        elif content["do"] in ("keep", "publish"):
            # a run that died after publishing finds it done
            publish = content["do"] == "publish" and not is_published(draft)
            self._memory.keep(content["dataset"], content["version"], there.publish(draft["id"]) if publish else draft)


def _step(action: Action, of: ReleaseFacts | tuple[str, str], what: str, reason: str, **content: Any) -> Step:
    dataset, version = of if isinstance(of, tuple) else (of.dataset, of.version)
    source = content.pop("source", None)
    told = {"dataset": dataset, "version": version, **content}
    return Step(action, f"{dataset} {version} {what}", reason, source, content=told)


def _file_steps(
    published: Path, facts: ReleaseFacts, found: Deposition | None, carried: Collection[str]
) -> Iterator[Step]:
    """What is uploaded and removed. `carried` are the files that come along from the version before."""
    there = {str(item["filename"]): item for item in (found or {}).get("files", ())}
    wanted = deposited_files(facts)
    for name, file in wanted.items():
        source = published / facts.folder / file.path
        md5 = _md5(source, file.sha256)
        if name in there and md5_in(there[name]) == md5:
            yield _step("skip", facts, name, "stands there with the same md5")
        else:
            reason = "differs from the file of the release" if name in there else "is not there yet"
            yield _step("upload", facts, name, reason, do="file", name=name, md5=md5, source=source)
    for name in sorted({*there, *carried} - wanted.keys()):
        yield _step("remove", facts, name, "belongs to an earlier version", do="remove", name=name)


def _metadata_step(facts: ReleaseFacts, metadata: Mapping[str, Any], found: Deposition | None) -> Step:
    there = (found or {}).get("metadata") or {}
    changed = [key for key, value in metadata.items() if key != "prereserve_doi" and there.get(key) != value]
    if not changed:
        return _step("skip", facts, "metadata", "is the same")
    reason = "differs in " + ", ".join(changed) if there else "is not there yet"
    return _step("update", facts, "metadata", reason, do="metadata", metadata=metadata)


def _publication_step(facts: ReleaseFacts, publish: bool) -> Step:
    if publish:
        return _step("publish", facts, "draft", "was asked for; this cannot be undone", do="publish")
    return _step("skip", facts, "draft", "stays a draft: --publish was not given")


def _to_remember(deposition: Deposition) -> dict[str, Any]:
    doi = doi_of(deposition)
    if doi is None:
        raise PortalError(f"deposition {deposition.get('id')} has no DOI, not even a reserved one; look at it there")
    entry = {
        "deposition": deposition["id"],
        "doi": doi,
        "concept_doi": deposition.get("conceptdoi"),
        "state": "published" if is_published(deposition) else "draft",
    }
    return {name: value for name, value in entry.items() if value is not None}


def _md5(source: Path, sha256: str) -> str:
    """The md5 that Zenodo will name. Raises PortalError where the file is not the one that was released."""
    try:
        content = source.read_bytes()
    except OSError as error:
        raise PortalError(f"{source} cannot be read ({error.strerror}); run `ketenmonitor verify`") from error
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise PortalError(f"{source} has sha256 {found}, expected {sha256}; run `ketenmonitor verify`")
    return hashlib.md5(content, usedforsecurity=False).hexdigest()

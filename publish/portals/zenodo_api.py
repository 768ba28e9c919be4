"""The deposit API of Zenodo: depositions, their files, and making them public.

Here: one call a function, and what an answer means. Not here: when which call is made (`zenodo.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from publish.portals.calls import Answer, Method, PortalCalls
from publish.portals.plan import PortalError

Deposition = Mapping[str, Any]
_WORDS = {
    400: "Zenodo does not accept what was sent",
    401: "KETENMONITOR_ZENODO_TOKEN is not known there; the sandbox and the real Zenodo have tokens of their own",
    403: "KETENMONITOR_ZENODO_TOKEN may not do this; it needs deposit:write, and deposit:actions to publish",
    404: "it is not there",
    409: "it is being changed by somebody else",
    410: "it was deleted there",
    413: "it is too large for Zenodo",
    429: "Zenodo asks to slow down; try again later",
}
_PAGE = 100


def is_published(deposition: Deposition) -> bool:
    """Whether it is public, and can no longer be changed."""
    return bool(deposition.get("submitted"))


def doi_of(deposition: Deposition) -> str | None:
    """Its DOI, or the one that is reserved for it."""
    metadata = deposition.get("metadata") or {}
    reserved = metadata.get("prereserve_doi")
    held = reserved.get("doi") if isinstance(reserved, Mapping) else None
    found = deposition.get("doi") or metadata.get("doi") or held
    return str(found) if found else None


def md5_in(file: Mapping[str, Any]) -> str:
    """The md5 of a deposited file; the API writes it with and without a word before it."""
    return str(file.get("checksum") or "").removeprefix("md5:")


class Depositions:
    """The depositions of one account at the Zenodo at `url`. Every call may raise PortalError."""

    def __init__(self, url: str, calls: PortalCalls) -> None:
        self._url, self._calls = url, calls
        self._at = f"{url}/api/deposit/depositions"

    def get(self, number: Any) -> Deposition | None:
        """One deposition; None where there is none, or no more."""
        answer = self._ask("GET", f"{self._at}/{number}", expected=(200, 404, 410), repeatable=True)
        return answer.json if answer.status == 200 else None

    def listed(self) -> Iterator[Deposition]:
        """All of the account, the most recent first."""
        page = 1
        while True:
            params = {"size": str(_PAGE), "page": str(page), "sort": "mostrecent"}
            items = self._ask("GET", self._at, params=params, repeatable=True).json
            yield from items
            if len(items) < _PAGE:
                return
            page += 1

    def create(self, metadata: Mapping[str, Any]) -> Deposition:
        """A fresh draft."""
        made: Deposition = self._ask(
            "POST", self._at, json={"metadata": metadata}, expected=(201,), repeatable=False
        ).json
        return made

    def new_version(self, after: Any, metadata: Mapping[str, Any]) -> Deposition:
        """A draft that follows a published deposition; one begun by a run that died is taken up again."""
        earlier = self.get(after)
        concept = (earlier or {}).get("conceptrecid")
        if concept is None:
            raise PortalError(f"deposition {after}, which a new version should follow, is no longer there")
        draft = next(
            (item for item in self.listed() if not is_published(item) and item.get("conceptrecid") == concept), None
        )
        if draft is None:
            at = f"{self._at}/{after}/actions/newversion"
            links = self._ask("POST", at, expected=(201,), repeatable=False).json["links"]
            draft = self._ask("GET", self._same_host(str(links["latest_draft"])), repeatable=True).json
        return self.set_metadata(draft["id"], metadata)

    def set_metadata(self, number: Any, metadata: Mapping[str, Any]) -> Deposition:
        """Replaces what a draft says of itself."""
        made: Deposition = self._ask("PUT", f"{self._at}/{number}", json={"metadata": metadata}, repeatable=True).json
        return made

    def put_file(self, draft: Deposition, name: str, source: Path, md5: str) -> None:
        """Uploads a file, and holds what arrived against its md5."""
        bucket = self._same_host(str(draft["links"]["bucket"]))
        with source.open("rb") as body:
            answer = self._ask("PUT", f"{bucket}/{name}", body=body, expected=(200, 201), repeatable=True)
        found = md5_in(answer.json)
        if found != md5:
            raise PortalError(f"arrived with md5 {found}, expected {md5}; run again, it is sent anew")

    def remove_file(self, draft: Deposition, name: str) -> None:
        """Takes a file out of a draft."""
        for file in draft.get("files", ()):
            if file["filename"] == name:
                at = f"{self._at}/{draft['id']}/files/{file['id']}"
                self._ask("DELETE", at, expected=(204, 404), repeatable=True)

    def publish(self, number: Any) -> Deposition:
        """Makes a draft public, for good."""
        made: Deposition = self._ask(
            "POST", f"{self._at}/{number}/actions/publish", expected=(202,), repeatable=False
        ).json
        return made

    def _same_host(self, link: str) -> str:
        """A link in an answer, where it leads to the same Zenodo: another host must not get the token."""
        if not link.startswith(self._url + "/"):
            raise PortalError(f"Zenodo gave the link {self._calls.without_secrets(link)}, which leads to another host")
        return link

    def _ask(
        self, method: Method, url: str, *, repeatable: bool, expected: tuple[int, ...] = (200,), **given: Any
    ) -> Answer:
        answer = self._calls.call(method, url, repeatable=repeatable, **given)
        if answer.status not in expected:
            raise PortalError(self._reason(answer))
        if answer.status in (200, 201, 202) and answer.json is None:
            raise PortalError("what came is not the answer of a Zenodo; look at KETENMONITOR_ZENODO_URL")
        return answer

    def _reason(self, answer: Answer) -> str:
        words = _WORDS.get(
            answer.status, "Zenodo cannot do it now; run again later" if answer.status >= 500 else "it answered"
        )
        content = answer.json if isinstance(answer.json, dict) else {}
        said = [str(content.get("message") or answer.text[:200])]
        said += [
            f"{item.get('field')}: {item.get('message') or item.get('messages')}"
            for item in content.get("errors") or ()
        ]
        return f"{words} ({answer.status}). It says: {self._calls.without_secrets('; '.join(said))}"

"""A Zenodo on loopback that behaves as one: drafts, buckets, reserved DOIs, published records, new versions.

Not here: faults of the network and of the service (`loopback.py`).
"""

from __future__ import annotations

import hashlib
import re
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.servers.loopback import Call, PlayedApi, Reply

TOKEN = "zenodo-token-5c1d"
_REQUIRED = ("title", "creators", "description", "upload_type", "publication_date", "license")


class PlayedZenodo(PlayedApi):
    """Its depositions by number. A new version begins with the files of the one before it, as the real one does."""

    def __init__(self) -> None:
        super().__init__()
        self.depositions: dict[int, dict[str, Any]] = {}
        self._numbers = 100

    def answer(self, call: Call) -> Reply:
        """The deposit API."""
        if call.headers.get("Authorization") != f"Bearer {TOKEN}":
            return Reply(401, {"status": 401, "message": "The server could not verify that you are authorized."})
        parts = urlsplit(call.path)
        file = re.fullmatch(r"/api/files/b-(\d+)/([^/]+)", parts.path)
        if file and call.method == "PUT":
            return self._put_file(int(file[1]), unquote(file[2]), call.body)
        match = re.fullmatch(r"/api/deposit/depositions(?:/(\d+))?(?:/(files|actions)/([\w-]+))?", parts.path)
        if match is None:
            return _problem(404, "The requested URL was not found on the server.")
        if match[1] is None:
            return self._create(call.json) if call.method == "POST" else self._page(parse_qs(parts.query))
        found = self.depositions.get(int(match[1]))
        if found is None:
            return _problem(404, "The persistent identifier does not exist.")
        if match[2] == "actions":
            return self._publish(found) if match[3] == "publish" else self._new_version(found)
        if match[2] == "files":
            found["files"] = [item for item in found["files"] if item["id"] != match[3]]
            return Reply(204)
        return self._update(found, call.json) if call.method == "PUT" else Reply(200, found)

    def _page(self, query: dict[str, list[str]]) -> Reply:
        size, page = int(query.get("size", ["10"])[0]), int(query.get("page", ["1"])[0])
        items = sorted(self.depositions.values(), key=lambda item: -item["id"])
        return Reply(200, items[(page - 1) * size : page * size])

    def _create(self, given: dict[str, Any], concept: str | None = None) -> Reply:
        self._numbers += 2
        number = self._numbers
        at = f"{self.base}/api/deposit/depositions/{number}"
        made = {
            "id": number,
            "conceptrecid": concept or str(number - 1),
            "submitted": False,
            "state": "unsubmitted",
            "files": [],
            "links": {"self": at, "bucket": f"{self.base}/api/files/b-{number}", "publish": f"{at}/actions/publish"},
        }
        self.depositions[number] = made
        self._describe(made, given.get("metadata", {}))
        return Reply(201, made)

    def _describe(self, deposition: dict[str, Any], metadata: dict[str, Any]) -> None:
        number = deposition["id"]
        reserved = {"doi": f"10.5072/zenodo.{number}", "recid": number}
        deposition["metadata"] = {**metadata, "prereserve_doi": reserved}

    def _update(self, deposition: dict[str, Any], given: dict[str, Any]) -> Reply:
        if deposition["submitted"]:
            return _problem(403, "Deposition is published; unlock it with the edit action first.")
        self._describe(deposition, given["metadata"])
        return Reply(200, deposition)

    def _put_file(self, number: int, name: str, body: bytes) -> Reply:
        deposition = self.depositions.get(number)
        if deposition is None or deposition["submitted"]:
            return _problem(403, "Bucket is locked for modifications.")
        md5 = hashlib.md5(body).hexdigest()
        kept = [item for item in deposition["files"] if item["filename"] != name]
        # the deposition names a bare md5, the bucket one with its kind before it
        item = {"id": f"f-{number}-{len(kept)}-{md5[:8]}", "filename": name, "filesize": len(body), "checksum": md5}
        deposition["files"] = [*kept, item]
        return Reply(201, {"key": name, "size": len(body), "checksum": f"md5:{md5}"})

    def _publish(self, deposition: dict[str, Any]) -> Reply:
        absent = [name for name in _REQUIRED if not deposition["metadata"].get(name)]
        if absent:
            errors = [{"field": f"metadata.{name}", "message": "Missing data for required field."} for name in absent]
            return Reply(400, {"status": 400, "message": "Validation error.", "errors": errors})
        if not deposition["files"]:
            return _problem(400, "Minimum one file must be provided.")
        if deposition["submitted"]:
            return _problem(404, "No such draft.")
        number = deposition["id"]
        deposition |= {
            "submitted": True,
            "state": "done",
            "doi": f"10.5072/zenodo.{number}",
            "conceptdoi": f"10.5072/zenodo.{deposition['conceptrecid']}",
        }
        return Reply(202, deposition)

    def _new_version(self, deposition: dict[str, Any]) -> Reply:
        concept = deposition["conceptrecid"]
        if not deposition["submitted"]:
            return _problem(403, "Only a published record has new versions.")
        if any(not one["submitted"] and one["conceptrecid"] == concept for one in self.depositions.values()):
            return _problem(400, "Please remove all files first.")
        self._create({"metadata": deposition["metadata"]}, concept)
        draft = self.depositions[self._numbers]
        draft["files"] = [dict(item) for item in deposition["files"]]
        links = {**deposition["links"], "latest_draft": draft["links"]["self"]}
        return Reply(201, {**deposition, "links": links})


def _problem(status: int, message: str) -> Reply:
    return Reply(status, {"status": status, "message": message})

"""A CKAN on loopback that behaves as one: tokens, organisations, unique names, validation errors as JSON.

With `donl` it asks for the fields of data.overheid.nl and keeps them beside its own; without it drops what it does not
know and keeps `extras`. Not here: faults of the network (`loopback.py`).
"""

from __future__ import annotations

import re
from typing import Any

from tests.servers.loopback import Call, PlayedApi, Reply

TOKEN = "ckan-token-a8f3"
_KNOWN = frozenset(
    {"id", "name", "title", "notes", "owner_org", "license_id", "tags", "url", "version", "author", "author_email"}
    | {"maintainer", "maintainer_email", "resources", "extras", "state", "private"}
)
_DONL = (
    *("title", "notes", "theme", "identifier", "authority", "publisher", "contact_point_name", "metadata_language"),
    *("language", "license_id", "modified"),
)
_DONL_RESOURCE = ("url", "name", "description", "metadata_language", "language", "license_id", "format")
_DATE = re.compile(r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}$")


class PlayedCkan(PlayedApi):
    """Its datasets by id. `organisations` are those the token may write for."""

    def __init__(self, *, donl: bool = True, organisations: tuple[str, ...] = ("ketenmonitor",)) -> None:
        super().__init__()
        self.donl, self.organisations = donl, organisations
        self.packages: dict[str, dict[str, Any]] = {}
        self._numbers = 0

    def answer(self, call: Call) -> Reply:
        """The Action API."""
        action = call.path.removeprefix("/api/3/action/").split("?")[0]
        if action == call.path or call.method != "POST":
            return Reply(404, b"<h1>404 Not Found</h1>")
        allowed = call.headers.get("Authorization") == TOKEN
        if action == "package_show":
            found = self._by(call.json.get("id"))
            return _good(found) if found else _bad(404, {"__type": "Not Found Error", "message": "Not found"})
        if not allowed:
            return _bad(403, {"__type": "Authorization Error", "message": "Access denied"})
        if action == "package_create":
            return self._save(dict(call.json), None)
        if action == "package_patch":
            found = self._by(call.json.get("id"))
            if found is None:
                return _bad(404, {"__type": "Not Found Error", "message": "Not found"})
            return self._save({**found, **call.json}, found)
        return _bad(400, {"__type": "Bad request", "message": f"Action name not known: {action}"})

    def _by(self, key: str | None) -> dict[str, Any] | None:
        return next((one for one in self.packages.values() if key in (one["id"], one["name"])), None)

    def _number(self) -> str:
        self._numbers += 1
        return f"00000000-0000-4000-8000-{self._numbers:012d}"

    def _save(self, given: dict[str, Any], before: dict[str, Any] | None) -> Reply:
        errors = self._errors(given, before)
        if errors:
            return _bad(409, {"__type": "Validation Error", **errors})
        if given.get("owner_org") not in self.organisations:
            message = f"Access denied: User ketenmonitor not authorized to add dataset to {given.get('owner_org')}"
            return _bad(403, {"__type": "Authorization Error", "message": message})
        kept = given if self.donl else {name: value for name, value in given.items() if name in _KNOWN}
        saved = {
            **kept,
            "id": before["id"] if before else self._number(),
            "state": given.get("state", "active"),
            "organization": {"id": "o-1", "name": given["owner_org"], "title": "Ketenmonitor"},
            "tags": [{**tag, "display_name": tag["name"], "state": "active"} for tag in given.get("tags", ())],
            "num_tags": len(given.get("tags", ())),
            "resources": [self._resource(item, place) for place, item in enumerate(given.get("resources", ()))],
        }
        self.packages[saved["id"]] = saved
        return _good(saved)

    def _resource(self, item: dict[str, Any], place: int) -> dict[str, Any]:
        # numbers are text in the table behind it
        fields = {**item, "size": None if item.get("size") is None else str(item["size"])}
        return {**fields, "id": item.get("id") or self._number(), "position": place, "state": "active"}

    def _errors(self, given: dict[str, Any], before: dict[str, Any] | None) -> dict[str, Any]:
        errors: dict[str, Any] = {}
        name = str(given.get("name", ""))
        if not re.fullmatch(r"[a-z0-9_-]{2,100}", name):
            errors["name"] = ["Must be purely lowercase alphanumeric (ascii) characters and these symbols: -_"]
        other = self._by(name)
        if other is not None and other is not before:
            errors["name"] = ["That URL is already in use."]
        tags = [
            f'Tag "{tag["name"]}" can only contain alphanumeric characters, spaces (" "), hyphens ("-"), underscores '
            '("_") or dots (".")'
            for tag in given.get("tags", ())
            if not re.fullmatch(r"[\w \-.]{2,100}", tag["name"])
        ]
        if tags:
            errors["tags"] = tags
        keys = [extra["key"] for extra in given.get("extras", ())]
        if len(keys) != len(set(keys)):
            errors["extras"] = ["Duplicate key"]
        return errors | (self._donl_errors(given) if self.donl else {})

    def _donl_errors(self, given: dict[str, Any]) -> dict[str, Any]:
        errors: dict[str, Any] = {field: ["Missing value"] for field in _DONL if not given.get(field)}
        for field in ("modified", "temporal_start", "temporal_end"):
            if given.get(field) and not _DATE.match(given[field]):
                errors[field] = ["value must be a valid date (yyyy-mm-ddThh:mm:ss)"]
        if not any(given.get(f"contact_point_{way}") for way in ("website", "email", "phone")):
            errors["contact_point"] = ["website, email or phone is required for the contact_point"]
        if bool(given.get("spatial_scheme")) != bool(given.get("spatial_value")):
            errors["spatial_scheme"] = ["spatial_scheme must be accompanied by a spatial_value"]
        absent = [
            {field: ["Missing value"] for field in _DONL_RESOURCE if not item.get(field)}
            for item in given.get("resources", ())
        ]
        return errors | ({"resources": absent} if any(absent) else {})


def _good(result: Any) -> Reply:
    return Reply(200, {"success": True, "result": result})


def _bad(status: int, error: dict[str, Any]) -> Reply:
    return Reply(status, {"success": False, "error": error})

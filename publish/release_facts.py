"""What is known of one release and its publisher: the one thing that citations, catalogue and pages are made from.

Here: the facts, put together from a contract and a descriptor. Not here: how a standard writes them (`metadata/`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from contracts.vocabulary import load_reference_yaml

MEDIA_TYPES = {
    "csv": "text/csv",
    "parquet": "application/vnd.apache.parquet",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "zip": "application/zip",
    "sqlite": "application/vnd.sqlite3",
    "json": "application/json",
    "md": "text/markdown",
    "html": "text/html",
    "cff": "text/yaml",
    "ttl": "text/turtle",
    "jsonld": "application/ld+json",
    "rdf": "application/rdf+xml",
}


def media_type(path: str) -> str:
    """The media type of a published file by the end of its name; octets where we have none."""
    return MEDIA_TYPES.get(path.rsplit(".", 1)[-1], "application/octet-stream")


@dataclass(frozen=True)
class Publisher:
    """Who publishes. `address` is the public address of the published folder and ends with a slash."""

    name: str
    address: str
    contact_name: str
    contact_email: str
    title_nl: str
    title_en: str
    description_nl: str
    description_en: str
    licence: str

    def url(self, path: str) -> str:
        """The address of a file below the published folder."""
        return self.address + path.lstrip("/")


def publisher(address: str | None = None) -> Publisher:
    """The publisher as `contracts/reference/publisher.yaml` has it, at another address where one is given."""
    facts: dict[str, Any] = dict(load_reference_yaml("publisher"))
    given = str(address or facts.pop("public_address"))
    for name in ("public_address", "repository"):
        facts.pop(name, None)
    return Publisher(address=given.rstrip("/") + "/", **{name: str(value).strip() for name, value in facts.items()})


@dataclass(frozen=True)
class ReleasedFile:
    """One file of a release. `role` says what it is; `rows` is known for tables only."""

    path: str
    bytes: int
    sha256: str
    role: Literal["table", "codelist", "alternate", "workbook", "archive", "document", "metadata"]
    title_nl: str = ""
    title_en: str = ""
    rows: int | None = None

    @property
    def media_type(self) -> str:
        """By the end of its name."""
        return media_type(self.path)


@dataclass(frozen=True)
class ReleaseFacts:
    """One release.

    `descriptor` is its `datapackage.json`; `files` are those written so far; `sources` the rows of its table `sources`
    as text, empty cells left out. `years` is the first and last year of its figures. `doi` has no resolver before it.
    """

    dataset: str
    version: str
    previous_version: str | None
    released_at: datetime
    descriptor: Mapping[str, Any]
    files: tuple[ReleasedFile, ...]
    sources: tuple[Mapping[str, str], ...]
    publisher: Publisher
    years: tuple[int, int] | None = None
    doi: str | None = None

    def text(self, name: Literal["title", "description"], language: Literal["nl", "en"]) -> str:
        """Title or description in one of both languages."""
        key = name if language == "nl" else f"upv:{name}En"
        return str(self.descriptor.get(key, self.descriptor.get(name, "")))

    @property
    def folder(self) -> str:
        """Where it stands below the published folder, with a slash at the end."""
        return f"releases/{self.dataset}/{self.version}/"

    @property
    def licence(self) -> Mapping[str, str]:
        """Name, path and title of its licence. KeyError where the contract gives none."""
        found: Mapping[str, str] = self.descriptor["licenses"][0]
        return found

    @property
    def keywords(self) -> tuple[str, ...]:
        """The keywords of the contract."""
        return tuple(self.descriptor.get("keywords", ()))

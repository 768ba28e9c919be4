"""What Zenodo is told of a release, and which of its files are deposited.

Zenodo keeps files without folders and at most a hundred of them, so that the archive stands for all.
Not here: how it gets there (`zenodo.py`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape
from typing import Any

from publish.portals.plan import PortalError
from publish.release_facts import ReleasedFile, ReleaseFacts

MOST_FILES = 100
# Beside the archive: what somebody wants to see before downloading it.
_BESIDE = ("README.md", "CHANGELOG.md", "datapackage.json", "CITATION.cff")
_IDENTICAL = "isIdenticalTo"
_VERSION = re.compile(r"^\d+\.\d+\.\d+$")


def deposited_files(facts: ReleaseFacts) -> dict[str, ReleasedFile]:
    """Name at Zenodo -> file: the archive, the workbook and a few texts; all files where a release has no archive.

    Raises PortalError where there are too many.
    """
    files = facts.files
    if any(file.role == "archive" for file in files):
        files = tuple(file for file in files if file.role in ("archive", "workbook") or file.path in _BESIDE)
    named = {file.path.replace("/", "__"): file for file in files}
    if len(named) > MOST_FILES:
        raise PortalError(
            f"{facts.dataset} {facts.version} has {len(named)} files and no archive; Zenodo takes {MOST_FILES}. "
            "Release it with its archive"
        )
    return dict(sorted(named.items()))


def address_of(dataset: str, version: str, publisher_address: str) -> str:
    """The address of a release: the mark by which its draft at Zenodo is found again."""
    return f"{publisher_address}releases/{dataset}/{version}/"


def draft_metadata(title: str, version: str, address: str, creator: str) -> dict[str, Any]:
    """The least that a reserved draft says: enough to be found again, and by a person to be recognised."""
    return {
        "upload_type": "dataset",
        "title": title,
        "version": version,
        "creators": [{"name": creator}],
        "description": escape(title),
        "related_identifiers": [{"identifier": address, "relation": _IDENTICAL, "resource_type": "dataset"}],
        "prereserve_doi": True,
    }


def release_metadata(facts: ReleaseFacts) -> dict[str, Any]:
    """All that Zenodo is told of a release. Descriptions are HTML there, and every text is escaped."""
    address = address_of(facts.dataset, facts.version, facts.publisher.address)
    description = "".join(
        f"<p><strong>{title}</strong></p><p>{text}</p>"
        for title, text in (
            (escape(facts.text("title", "nl")), escape(facts.text("description", "nl"))),
            (escape(facts.text("title", "en")), escape(facts.text("description", "en"))),
        )
    )
    sources = sorted({str(item["path"]) for item in facts.descriptor.get("sources", ()) if item.get("path")})
    related = [{"identifier": address, "relation": _IDENTICAL, "resource_type": "dataset"}]
    related += [{"identifier": path, "relation": "isDerivedFrom", "resource_type": "dataset"} for path in sources]
    return draft_metadata(facts.text("title", "nl"), facts.version, address, facts.publisher.name) | {
        "description": description,
        "notes": f"English title: {escape(facts.text('title', 'en'))}",
        "access_right": "open",
        "license": facts.licence.get("name", "").lower(),
        "language": "nld",
        "keywords": list(facts.keywords),
        "publication_date": facts.released_at.date().isoformat(),
        "related_identifiers": related,
    }


def version_in(deposition: Mapping[str, Any], dataset: str, publisher_address: str) -> str | None:
    """The version of `dataset` that a deposition holds; None where it holds something else."""
    start = f"{publisher_address}releases/{dataset}/"
    for item in (deposition.get("metadata") or {}).get("related_identifiers") or ():
        address = str(item.get("identifier", ""))
        version = address.removeprefix(start).removesuffix("/")
        if item.get("relation") == _IDENTICAL and address == f"{start}{version}/" and _VERSION.match(version):
            return version
    return None


def is_of(deposition: Mapping[str, Any], address: str) -> bool:
    """Whether a deposition is the one of the release at `address`."""
    related = (deposition.get("metadata") or {}).get("related_identifiers") or ()
    return any(item.get("identifier") == address and item.get("relation") == _IDENTICAL for item in related)

"""The fields of a dataset in CKAN: its own, and those that data.overheid.nl asks for (DCAT-AP-DONL).

data.overheid.nl takes its fields beside those of CKAN; any other CKAN takes them as extras.
Here: what stands in which field. Not here: how it gets there (`ckan.py`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from publish.release_facts import ReleasedFile, ReleaseFacts

_EU = "http://publications.europa.eu/resource/authority"
_OWMS = "http://standaarden.overheid.nl/owms"
_LANGUAGES = [f"{_EU}/language/NLD", f"{_EU}/language/ENG"]
_MEDIA_TYPES = "https://www.iana.org/assignments/media-types/"
# The codes of the European list of file types; it has none for a Data Package, which is JSON.
_FILE_TYPES = {"csv": "CSV", "parquet": "PARQUET", "xlsx": "XLSX", "zip": "ZIP", "json": "JSON"}
_LICENCES = {
    "CC-BY-4.0": ("cc-by-4.0", "http://creativecommons.org/licenses/by/4.0/deed.nl"),
    "CC0-1.0": ("cc-zero", "http://creativecommons.org/publicdomain/zero/1.0/deed.nl"),
}
_LISTED: tuple[str, ...] = ("table", "alternate", "workbook", "archive")


@dataclass(frozen=True)
class CkanProfile:
    """How a CKAN wants to be written to. `extras`: the fields of DCAT as extras, and licences by CKAN's own names."""

    extras: bool
    prefix: str
    publisher: str | None = None
    source_catalog: str | None = None


def _plain(text: str) -> str:
    """A tag as CKAN accepts it: letters, digits, spaces, `-`, `_` and `.`; empty where too little is left."""
    kept = " ".join(re.sub(r"[^\w .-]", " ", text).split())[:100].strip()
    return kept if len(kept) >= 2 else ""


def _moment(facts: ReleaseFacts) -> str:
    # the portal's dates have no time zone
    return facts.released_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _licence(facts: ReleaseFacts, profile: CkanProfile) -> str:
    name = facts.licence.get("name", "")
    known = _LICENCES.get(name, ("notspecified", f"{_OWMS}/terms/licentieonbekend"))
    return known[0] if profile.extras else known[1]


def _dcat(facts: ReleaseFacts, profile: CkanProfile) -> dict[str, Any]:
    """The fields of DCAT, lists where a field may hold several values; without those that have no value."""
    by = facts.publisher
    landing = by.url(f"datasets/{facts.dataset}/")
    fields: dict[str, Any] = {
        "identifier": landing,
        "alternate_identifier": [f"https://doi.org/{facts.doi}"] if facts.doi else None,
        "authority": profile.publisher or by.address,
        "publisher": profile.publisher or by.address,
        "contact_point_name": by.contact_name,
        "contact_point_email": by.contact_email,
        "contact_point_website": by.address,
        "metadata_language": _LANGUAGES[0],
        "language": _LANGUAGES,
        "theme": [f"{_OWMS}/terms/Natuur_en_milieu", f"{_OWMS}/terms/Afval_(thema)"],
        "access_rights": f"{_EU}/access-right/PUBLIC",
        "modified": _moment(facts),
        "frequency": f"{_EU}/frequency/IRREG",
        "dataset_status": "http://data.overheid.nl/status/beschikbaar",
        "spatial_scheme": [f"{_OWMS}/4.0/doc/waardelijsten/overheid.koninkrijksdeel"],
        "spatial_value": [f"{_OWMS}/terms/Nederland"],
        "temporal_label": None if facts.years is None else f"{facts.years[0]}-{facts.years[1]}",
        "temporal_start": None if facts.years is None else f"{facts.years[0]:04d}-01-01T00:00:00",
        "temporal_end": None if facts.years is None else f"{facts.years[1]:04d}-12-31T23:59:59",
        "documentation": [by.url(f"{facts.folder}README.md")],
        "conforms_to": ["https://datapackage.org/profiles/2.0/datapackage.json"],
        "source": sorted(set(_sources(facts))),
        "source_catalog": profile.source_catalog,
        "national_coverage": True,
    }
    return {name: value for name, value in fields.items() if value not in (None, [], "")}


def _sources(facts: ReleaseFacts) -> list[str]:
    return [str(item["path"]) for item in facts.descriptor.get("sources", ()) if item.get("path")]


def _extras(fields: Mapping[str, Any]) -> list[dict[str, str]]:
    def text(value: Any) -> str:
        return ", ".join(value) if isinstance(value, list) else str(value).lower() if value is True else str(value)

    return [{"key": key, "value": text(value)} for key, value in sorted(fields.items())]


def dataset_fields(facts: ReleaseFacts, profile: CkanProfile) -> dict[str, Any]:
    """The fields of one dataset without its resources and its organisation."""
    by = facts.publisher
    dcat = _dcat(facts, profile)
    notes = f"{facts.text('description', 'nl')}\n\n{facts.text('title', 'en')}. {facts.text('description', 'en')}"
    tags = sorted({plain for word in facts.keywords if (plain := _plain(word))}, key=str.casefold)
    fields: dict[str, Any] = {
        "name": f"{profile.prefix}{facts.dataset}".lower()[:100],
        "title": facts.text("title", "nl"),
        "notes": notes,
        "url": by.url(f"datasets/{facts.dataset}/"),
        "version": facts.version,
        "author": by.name,
        "author_email": by.contact_email,
        "maintainer": by.contact_name,
        "maintainer_email": by.contact_email,
        "license_id": _licence(facts, profile),
        "tags": [{"name": tag} for tag in tags],
    }
    return fields | ({"extras": _extras(dcat)} if profile.extras else dcat)


def listed_files(facts: ReleaseFacts) -> list[ReleasedFile]:
    """The files that a catalogue shows: tables, workbook, archive and descriptor; code lists are in the archive."""
    return [
        file
        for file in facts.files
        if file.path == "datapackage.json"
        or (file.role in _LISTED and file.path.rsplit(".", 1)[-1] in _FILE_TYPES and "history/" not in file.path)
    ]


def resource_fields(facts: ReleaseFacts, profile: CkanProfile) -> list[dict[str, Any]]:
    """The resources of one dataset in the order of its files, each named by a path that stays from release to release.

    Their addresses are those of the release itself, so that the checksum given with them stays true.
    """
    return [_resource(facts, file, profile) for file in listed_files(facts)]


def _stable_name(facts: ReleaseFacts, path: str) -> str:
    """Workbook and archive have the version in their name; the name of a resource has not."""
    return path.replace(f"-{facts.version}.", ".")


def _resource(facts: ReleaseFacts, file: ReleasedFile, profile: CkanProfile) -> dict[str, Any]:
    address = facts.publisher.url(facts.folder + file.path)
    ending = file.path.rsplit(".", 1)[-1]
    titles = " / ".join(title for title in (file.title_nl, file.title_en) if title) or _stable_name(facts, file.path)
    fields: dict[str, Any] = {
        "name": _stable_name(facts, file.path),
        "description": titles,
        "url": address,
        "mimetype": file.media_type,
        "size": file.bytes,
        "hash": file.sha256,
    }
    if profile.extras:
        return fields | {"format": ending.upper()}
    return fields | {
        "format": f"{_EU}/file-type/{_FILE_TYPES[ending]}",
        "media_type": _MEDIA_TYPES + file.media_type,
        "hash_algorithm": "sha256",
        "download_url": [address],
        "license_id": _licence(facts, profile),
        "metadata_language": _LANGUAGES[0],
        "language": _LANGUAGES,
        "release_date": _moment(facts),
        "modification_date": _moment(facts),
    }

"""`datacite.json`: the record from which a DOI is made, in the JSON form of the DataCite schema (kernel 4, 4.6).

Here: the fields and what they are filled with. Not here: asking for a DOI (`portals`).
"""

from __future__ import annotations

from typing import Any

from publish.descriptor import json_bytes
from publish.metadata.addresses import dataset_page, file_address, release_page, web_address
from publish.metadata.citation import release_date
from publish.release_facts import ReleaseFacts
from publish.unseen import one_line


def _related(facts: ReleaseFacts) -> list[dict[str, str]]:
    def related(address: str, relation: str, kind: str) -> dict[str, str]:
        return {
            "relatedIdentifier": address,
            "relatedIdentifierType": "URL",
            "relationType": relation,
            "resourceTypeGeneral": kind,
        }

    found = [related(dataset_page(facts.publisher, facts.dataset), "IsVersionOf", "Dataset")]
    if facts.previous_version:
        previous = facts.publisher.url(f"releases/{facts.dataset}/{facts.previous_version}/")
        found.append(related(previous, "IsNewVersionOf", "Dataset"))
    metadata = related(file_address(facts, "datapackage.json"), "HasMetadata", "Text")
    found.append(metadata | {"relatedMetadataScheme": "Data Package v2"})
    homepages = [web_address(source.get("homepage")) for source in facts.sources]
    found += [related(address, "IsDerivedFrom", "Dataset") for address in dict.fromkeys(homepages) if address]
    return found


def _rights(facts: ReleaseFacts) -> list[dict[str, str]]:
    licence = facts.licence
    given = {
        "rights": licence.get("title") or licence.get("name"),
        "rightsUri": web_address(licence.get("path")),
        "rightsIdentifier": licence.get("name"),
        "rightsIdentifierScheme": "SPDX",
        "schemeUri": "https://spdx.org/licenses/",
    }
    return [{name: value for name, value in given.items() if value}]


def datacite_json(facts: ReleaseFacts) -> bytes:
    """The DataCite record of one release: mandatory and recommended fields, Dutch first and English as translation.

    Without a DOI the record has no `doi`; its `url` is the page of this version.
    """
    publisher = facts.publisher
    organisation = {"name": publisher.name, "nameType": "Organizational"}
    identifiers = [{"identifier": release_page(facts), "identifierType": "URL"}]
    if facts.doi:
        identifiers.insert(0, {"identifier": f"https://doi.org/{facts.doi}", "identifierType": "DOI"})
    given: dict[str, Any] = {
        "schemaVersion": "http://datacite.org/schema/kernel-4",
        "doi": facts.doi,
        "url": release_page(facts),
        "identifiers": identifiers,
        "creators": [organisation],
        "titles": [
            {"title": one_line(facts.text("title", "nl")), "lang": "nl"},
            {"title": one_line(facts.text("title", "en")), "lang": "en", "titleType": "TranslatedTitle"},
        ],
        "publisher": {"name": publisher.name},
        "publicationYear": release_date(facts)[:4],
        "types": {"resourceTypeGeneral": "Dataset", "resourceType": "Dataset"},
        "subjects": [{"subject": one_line(word)} for word in facts.keywords],
        "contributors": [
            {"name": publisher.contact_name, "nameType": "Organizational", "contributorType": "ContactPerson"}
        ],
        "dates": [{"date": release_date(facts), "dateType": "Issued"}],
        "language": "nl",
        "relatedIdentifiers": _related(facts),
        "sizes": [f"{sum(file.bytes for file in facts.files)} bytes"] if facts.files else [],
        "formats": sorted({file.media_type for file in facts.files if file.role != "metadata"}),
        "version": facts.version,
        "rightsList": _rights(facts),
        "descriptions": [
            {"description": facts.text("description", language), "descriptionType": "Abstract", "lang": language}
            for language in ("nl", "en")
        ],
        "geoLocations": [{"geoLocationPlace": "Nederland"}],
    }
    if facts.years:
        given["dates"].append({"date": f"{facts.years[0]}/{facts.years[1]}", "dateType": "Coverage"})
    return json_bytes({name: value for name, value in given.items() if value not in (None, "", [])})

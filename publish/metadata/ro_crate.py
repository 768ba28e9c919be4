"""`ro-crate-metadata.json` (RO-Crate 1.2): a release as a crate, with the run that made it and what it was made from.

Here: the JSON-LD of the crate. Not here: the catalogue over all releases (`dcat.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from publish.descriptor import json_bytes, rfc3339
from publish.metadata.addresses import path_part, release_page, thing_on, web_address
from publish.metadata.citation import release_date
from publish.quality import retrieved
from publish.release_facts import ReleaseFacts
from publish.unseen import one_line

NAME = "ro-crate-metadata.json"
# RO-Crate has no words for when and from where a copy was taken; PAV does
_CONTEXT = [
    "https://w3id.org/ro/crate/1.2/context",
    {"retrievedOn": "http://purl.org/pav/retrievedOn", "retrievedFrom": "http://purl.org/pav/retrievedFrom"},
]
_SOFTWARE, _RUN = "#ketenmonitor", "#run"


def _filled(entity: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in entity.items() if value not in (None, "", [])}


def _references(entities: list[dict[str, Any]]) -> list[dict[str, str]]:
    return [{"@id": entity["@id"]} for entity in entities]


def _files(facts: ReleaseFacts) -> list[dict[str, Any]]:
    return [
        _filled(
            {
                "@id": quote(file.path.encode("utf-8", "replace"), safe="/-._~"),
                "@type": "File",
                "name": f"{file.title_nl} / {file.title_en}".strip(" /") or file.path,
                "encodingFormat": file.media_type,
                "contentSize": str(file.bytes),
                "sha256": file.sha256,
            }
        )
        for file in facts.files
        if file.path != NAME
    ]


def _sources(facts: ReleaseFacts) -> list[dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for source in facts.sources:
        name = f"#source-{path_part(source.get('source', ''))}-{path_part(source.get('vintage', ''))}"
        found[name] = _filled(
            {
                "@id": name,
                "@type": "CreativeWork",
                "name": f"{source.get('title_nl', '')} / {source.get('title_en', '')}".strip(" /")
                or source.get("source"),
                "url": web_address(source.get("homepage")),
                "publisher": source.get("publisher"),
                "version": source.get("edition"),
                "creditText": source.get("attribution"),
                "conditionsOfAccess": source.get("licence"),
                "sha256": source.get("sha256"),
                "contentSize": source.get("bytes"),
                "retrievedOn": retrieved(source),
                "retrievedFrom": source.get("retrieved_from"),
            }
        )
    return list(found.values())


def _people(facts: ReleaseFacts) -> tuple[dict[str, Any], dict[str, Any]]:
    publisher = facts.publisher
    contact = {
        "@id": thing_on(publisher.address, "contact"),
        "@type": "ContactPoint",
        "name": publisher.contact_name,
        "email": publisher.contact_email,
        "contactType": "data steward",
    }
    organisation = {
        "@id": thing_on(publisher.address, "publisher"),
        "@type": "Organization",
        "name": publisher.name,
        "url": publisher.address,
        "contactPoint": {"@id": contact["@id"]},
    }
    return organisation, contact


def ro_crate_json(facts: ReleaseFacts) -> bytes:
    """The crate of one release; its files are `facts.files`, so give those that stand in the folder by then.

    The run is dated by the moment of the release. Sources stand as the copies that were used: address, moment of
    retrieval and sha256.
    """
    files, sources = _files(facts), _sources(facts)
    organisation, contact = _people(facts)
    licence = facts.licence
    licence_id = web_address(licence.get("path")) or f"#licence-{path_part(licence.get('name', ''))}"
    root = {
        "@id": "./",
        "@type": "Dataset",
        "name": one_line(facts.text("title", "nl")),
        "alternateName": one_line(facts.text("title", "en")),
        "description": f"{facts.text('description', 'nl')}\n\n{facts.text('description', 'en')}",
        "datePublished": release_date(facts),
        "version": facts.version,
        "identifier": f"https://doi.org/{facts.doi}" if facts.doi else release_page(facts),
        "url": release_page(facts),
        "license": {"@id": licence_id},
        "keywords": list(facts.keywords),
        "inLanguage": ["nl", "en"],
        "temporalCoverage": f"{facts.years[0]}/{facts.years[1]}" if facts.years else None,
        "author": {"@id": organisation["@id"]},
        "publisher": {"@id": organisation["@id"]},
        "hasPart": _references(files),
        "isBasedOn": _references(sources),
        "mentions": [{"@id": _RUN}],
    }
    run = {
        "@id": _RUN,
        "@type": "CreateAction",
        "name": f"Release {facts.dataset} {facts.version}",
        "endTime": rfc3339(facts.released_at),
        "actionStatus": {"@id": "http://schema.org/CompletedActionStatus"},
        "agent": {"@id": organisation["@id"]},
        "instrument": {"@id": _SOFTWARE},
        "object": _references(sources),
        "result": _references(files),
    }
    software = {
        "@id": _SOFTWARE,
        "@type": "SoftwareApplication",
        "name": "Ketenmonitor",
        "url": facts.publisher.address,
        "version": facts.descriptor.get("upv:contractVersion"),
    }
    descriptor = {
        "@id": NAME,
        "@type": "CreativeWork",
        "conformsTo": {"@id": "https://w3id.org/ro/crate/1.2"},
        "about": {"@id": "./"},
    }
    licence_entity = {
        "@id": licence_id,
        "@type": "CreativeWork",
        "name": licence.get("title") or licence.get("name"),
        "identifier": licence.get("name"),
    }
    entities: list[Mapping[str, Any]] = [
        descriptor,
        root,
        *files,
        run,
        software,
        organisation,
        contact,
        licence_entity,
        *sources,
    ]
    return json_bytes({"@context": _CONTEXT, "@graph": [_filled(entity) for entity in entities]})

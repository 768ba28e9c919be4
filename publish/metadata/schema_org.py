"""schema.org JSON-LD for the pages: what search engines for datasets read.

Here: the two kinds of page, dataset and catalogue, and how JSON stands safely inside a page. Not here: the page.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Literal

from publish.metadata.addresses import dataset_iri, dataset_page, file_address, release_page, thing_on, web_address
from publish.metadata.citation import citations, release_date
from publish.release_facts import Publisher, ReleaseFacts
from publish.unseen import one_line

Language = Literal["nl", "en"]
_CONTEXT = "https://schema.org/"
# A description is taken between 50 and 5000 characters
_SHORTEST, _LONGEST = 50, 5000
_IN_A_SCRIPT = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
_PLACE = {"nl": "Nederland", "en": "Netherlands"}
_OFFERED = ("table", "alternate", "workbook", "archive")


def script_text(value: Any) -> str:
    """JSON that can stand inside <script> whatever texts it holds: no tag, entity or line separator of JavaScript."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    for character, escaped in _IN_A_SCRIPT.items():
        text = text.replace(character, escaped)
    return text


def _description(facts: ReleaseFacts, language: Language) -> str:
    text = facts.text("description", language).strip()
    if len(text) < _SHORTEST:
        text = f"{text} {citations(facts, language)['apa']}".strip()
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _organisation(publisher: Publisher) -> dict[str, Any]:
    return {
        "@type": "Organization",
        "@id": thing_on(publisher.address, "publisher"),
        "name": publisher.name,
        "url": publisher.address,
        "contactPoint": {
            "@type": "ContactPoint",
            "name": publisher.contact_name,
            "email": publisher.contact_email,
            "contactType": "customer service",
        },
    }


def _downloads(facts: ReleaseFacts, language: Language) -> list[dict[str, Any]]:
    return [
        {
            "@type": "DataDownload",
            "name": (file.title_nl if language == "nl" else file.title_en) or file.path,
            "contentUrl": file_address(facts, file.path),
            "encodingFormat": file.media_type,
            "contentSize": f"{file.bytes} B",
            "sha256": file.sha256,
        }
        for file in facts.files
        if file.role in _OFFERED
    ]


def _variables(facts: ReleaseFacts, language: Language) -> list[dict[str, Any]]:
    """The columns that hold figures, each once."""
    texts = ("title", "description") if language == "nl" else ("upv:titleEn", "upv:descriptionEn")
    found: dict[str, dict[str, Any]] = {}
    for resource in facts.descriptor.get("resources", ()):
        for field in resource.get("schema", {}).get("fields", ()):
            if field.get("type") == "number" and field["name"] not in found:
                found[field["name"]] = {
                    "@type": "PropertyValue",
                    "name": field.get(texts[0], field["name"]),
                    "alternateName": field["name"],
                    "description": field.get(texts[1], ""),
                    "unitText": field.get("upv:unit", ""),
                }
    return [{name: value for name, value in each.items() if value} for each in found.values()]


def _sources(facts: ReleaseFacts, language: Language) -> list[dict[str, Any]]:
    found = []
    for source in facts.sources:
        name = source.get(f"title_{language}") or source.get("source", "")
        work = {
            "@type": "CreativeWork",
            "name": name,
            "url": web_address(source.get("homepage")),
            "creditText": source.get("attribution"),
        }
        found.append({key: value for key, value in work.items() if value})
    return found


def dataset_json_ld(facts: ReleaseFacts, *, language: Language) -> dict[str, Any]:
    """The dataset of one release for the page in `language`; every file with its checksum, every source."""
    publisher, licence = facts.publisher, facts.licence
    other: Language = "en" if language == "nl" else "nl"
    identifiers = [dataset_iri(publisher, facts.dataset), release_page(facts)]
    if facts.doi:
        identifiers.insert(0, f"https://doi.org/{facts.doi}")
    given: dict[str, Any] = {
        "@context": _CONTEXT,
        "@type": "Dataset",
        "@id": dataset_iri(publisher, facts.dataset),
        "name": one_line(facts.text("title", language)),
        "alternateName": one_line(facts.text("title", other)),
        "description": _description(facts, language),
        "url": dataset_page(publisher, facts.dataset, language),
        "sameAs": f"https://doi.org/{facts.doi}" if facts.doi else None,
        "identifier": identifiers,
        "version": facts.version,
        "datePublished": release_date(facts),
        "dateModified": release_date(facts),
        "inLanguage": ["nl", "en"],
        "isAccessibleForFree": True,
        "license": web_address(licence.get("path")) or licence.get("name"),
        "keywords": list(facts.keywords),
        "creator": _organisation(publisher),
        "publisher": {"@id": thing_on(publisher.address, "publisher")},
        "creditText": citations(facts, language)["apa"],
        "spatialCoverage": {"@type": "Place", "name": _PLACE[language]},
        "temporalCoverage": f"{facts.years[0]}/{facts.years[1]}" if facts.years else None,
        "variableMeasured": _variables(facts, language),
        "isBasedOn": _sources(facts, language),
        "includedInDataCatalog": {
            "@type": "DataCatalog",
            "@id": thing_on(publisher.address, "catalogue"),
            "name": publisher.title_nl if language == "nl" else publisher.title_en,
            "url": publisher.address if language == "nl" else publisher.url("en/"),
        },
        "distribution": _downloads(facts, language),
    }
    return {name: value for name, value in given.items() if value not in (None, "", [])}


def catalogue_json_ld(publisher: Publisher, all_facts: Sequence[ReleaseFacts], language: Language) -> dict[str, Any]:
    """The catalogue for the home page in `language`: its datasets by id, newest version each."""
    return {
        "@context": _CONTEXT,
        "@type": "DataCatalog",
        "@id": thing_on(publisher.address, "catalogue"),
        "name": publisher.title_nl if language == "nl" else publisher.title_en,
        "description": publisher.description_nl if language == "nl" else publisher.description_en,
        "url": publisher.address if language == "nl" else publisher.url("en/"),
        "inLanguage": ["nl", "en"],
        "isAccessibleForFree": True,
        "publisher": _organisation(publisher),
        "dataset": [
            {
                "@type": "Dataset",
                "@id": dataset_iri(publisher, facts.dataset),
                "name": one_line(facts.text("title", language)),
                "description": _description(facts, language),
                "url": dataset_page(publisher, facts.dataset, language),
                "version": facts.version,
                "license": web_address(facts.licence.get("path")) or facts.licence.get("name"),
                "creator": {"@id": thing_on(publisher.address, "publisher")},
            }
            for facts in sorted(all_facts, key=lambda facts: facts.dataset)
        ],
    }

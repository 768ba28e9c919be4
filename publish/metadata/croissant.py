"""`croissant.json` (Croissant 1.0): the tables of a release for machine-learning tools, column by column.

Here: files, record sets and their references to code lists. Not here: the types of a contract (`contracts`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from publish.descriptor import json_bytes
from publish.metadata.addresses import file_address, release_page, web_address
from publish.metadata.citation import citations, release_date
from publish.release_facts import ReleaseFacts
from publish.unseen import one_line

# The context that Croissant 1.0 prescribes, term by term
_CR_TERMS = (
    "citeAs", "column", "extract", "field", "fileProperty", "fileObject", "fileSet", "format", "includes",
    "isLiveDataset", "jsonPath", "key", "md5", "parentField", "path", "recordSet", "references", "regex", "repeated",
    "replace", "samplingRate", "separator", "source", "subField", "transform", "equivalentProperty", "isArray",
)  # fmt: skip
_CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "dct": "http://purl.org/dc/terms/",
    "sc": "https://schema.org/",
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    **{term: f"cr:{term}" for term in _CR_TERMS},
}
_TYPES = {
    "string": "sc:Text",
    "integer": "sc:Integer",
    "number": "sc:Float",
    "boolean": "sc:Boolean",
    "date": "sc:Date",
    "datetime": "sc:DateTime",
}
_TABULAR = ("table", "codelist")


def _file_objects(facts: ReleaseFacts) -> list[dict[str, Any]]:
    return [
        {
            "@type": "cr:FileObject",
            "@id": file.path,
            "name": file.path,
            "contentUrl": file_address(facts, file.path),
            "contentSize": f"{file.bytes} B",
            "encodingFormat": file.media_type,
            "sha256": file.sha256,
        }
        for file in facts.files
        if file.role in _TABULAR
    ]


def _field(resource: Mapping[str, Any], field: Mapping[str, Any], lists: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "@type": "cr:Field",
        "@id": f"{resource['name']}/{field['name']}",
        "name": field["name"],
        "description": f"{field.get('upv:descriptionEn', '')} / {field.get('description', '')}".strip(" /"),
        "dataType": _TYPES[field["type"]],
        "source": {"fileObject": {"@id": resource["path"]}, "extract": {"column": field["name"]}},
    }
    if field["name"] in lists:
        found["references"] = {"field": {"@id": f"{lists[field['name']]}/code"}}
    return found


def _record_set(resource: Mapping[str, Any], names: set[str]) -> dict[str, Any]:
    schema = resource["schema"]
    lists = {
        key["fields"][0]: key["reference"]["resource"]
        for key in schema.get("foreignKeys", ())
        if len(key["fields"]) == 1 and key["reference"].get("resource") in names
    }
    found: dict[str, Any] = {
        "@type": "cr:RecordSet",
        "@id": resource["name"],
        "name": resource["name"],
        "description": f"{resource.get('upv:descriptionEn', '')} / {resource.get('description', '')}".strip(" /"),
        "key": [{"@id": f"{resource['name']}/{name}"} for name in schema.get("primaryKey", ())],
        "field": [_field(resource, field, lists) for field in schema["fields"]],
    }
    return {name: value for name, value in found.items() if value}


def croissant_json(facts: ReleaseFacts) -> bytes:
    """The Croissant description of one release: every CSV with its sha256, a record set a table and code list.

    Column names are those of the CSV; a column with a code list refers to the codes of that list.
    """
    files = {file.path for file in facts.files if file.role in _TABULAR}
    resources = [resource for resource in facts.descriptor["resources"] if resource["path"] in files]
    names = {resource["name"] for resource in resources}
    given: dict[str, Any] = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": facts.dataset,
        "alternateName": [one_line(facts.text("title", "en")), one_line(facts.text("title", "nl"))],
        "description": f"{facts.text('description', 'en')}\n\n{facts.text('description', 'nl')}",
        "url": release_page(facts),
        "version": facts.version,
        "datePublished": release_date(facts),
        "license": web_address(facts.licence.get("path")) or facts.licence.get("name"),
        "keywords": list(facts.keywords),
        "inLanguage": ["nl", "en"],
        "creator": {"@type": "sc:Organization", "name": facts.publisher.name, "url": facts.publisher.address},
        "publisher": {"@type": "sc:Organization", "name": facts.publisher.name, "url": facts.publisher.address},
        "citeAs": citations(facts, "en")["bibtex"],
        "isLiveDataset": False,
        "distribution": _file_objects(facts),
        "recordSet": [_record_set(resource, names) for resource in resources],
    }
    return json_bytes({name: value for name, value in given.items() if value not in (None, "", [])})

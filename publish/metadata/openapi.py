"""The addresses of the published folder as an OpenAPI document: what the catalogue names as description of the service.

Here: which addresses hold and what each answers. Not here: the server (any web server can hold the folder).
"""

from __future__ import annotations

from typing import Any

from publish.descriptor import json_bytes
from publish.release_facts import MEDIA_TYPES, Publisher

_PARAMETERS = {
    "dataset": ("Id of a dataset, as index.json has it / id van een dataset, zoals in index.json", "electronics"),
    "version": ("Version, as versions.json has it / versie, zoals in versions.json", "1.0.0"),
    "table": ("Name of a table, as datapackage.json has it / naam van een tabel", "observations"),
}
# Address, what it answers in English and Dutch, media type
_PATHS = (
    ("/index.json", "All datasets with their newest version", "Alle datasets met hun nieuwste versie", "json"),
    ("/datasets/{dataset}/versions.json", "All versions of a dataset", "Alle versies van een dataset", "json"),
    (
        "/datasets/{dataset}/latest.json",
        "The newest version of a dataset",
        "De nieuwste versie van een dataset",
        "json",
    ),
    (
        "/releases/{dataset}/{version}/datapackage.json",
        "Tables, columns, sources and checksums of one version",
        "Tabellen, kolommen, bronnen en controlegetallen van één versie",
        "json",
    ),
    ("/releases/{dataset}/{version}/data/{table}.csv", "One table as CSV", "Eén tabel als CSV", "csv"),
    ("/releases/{dataset}/{version}/data/{table}.parquet", "One table as Parquet", "Eén tabel als Parquet", "parquet"),
    ("/catalog.ttl", "The catalogue (DCAT-AP-NL) in Turtle", "De catalogus (DCAT-AP-NL) in Turtle", "ttl"),
)


def _operation(path: str, english: str, dutch: str, ending: str) -> dict[str, Any]:
    parameters = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": description,
            "schema": {"type": "string"},
            "example": example,
        }
        for name, (description, example) in _PARAMETERS.items()
        if f"{{{name}}}" in path
    ]
    answers = {
        "200": {"description": f"{english} / {dutch}", "content": {MEDIA_TYPES[ending]: {}}},
        "404": {"description": "There is no such file / dit bestand is er niet"},
    }
    get: dict[str, Any] = {"summary": english, "description": dutch, "responses": answers}
    return {"get": get | ({"parameters": parameters} if parameters else {})}


def openapi_json(publisher: Publisher) -> bytes:
    """`openapi.json` (OpenAPI 3.1): the fixed addresses below the published folder, all readable without a key."""
    return json_bytes(
        {
            "openapi": "3.1.0",
            "info": {
                "title": publisher.title_en,
                "summary": publisher.title_nl,
                "description": f"{publisher.description_en}\n\n{publisher.description_nl}",
                "version": "1",
                "contact": {"name": publisher.contact_name, "email": publisher.contact_email},
                "license": {"name": publisher.licence, "identifier": publisher.licence},
            },
            "servers": [{"url": publisher.address}],
            "paths": {path: _operation(path, english, dutch, ending) for path, english, dutch, ending in _PATHS},
        }
    )

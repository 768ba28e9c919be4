"""The Data Package v2 descriptor of a release, and the one writer of JSON.

Here: what stands in `datapackage.json`. Not here: the schema of a table (`contracts/table_schema.py`) or
writing the data (`tables.py`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa

from contracts.contract import Contract, Product
from publish.from_deliveries import read_first
from publish.quality import retrieved
from publish.tables import as_text

PUBLISHER = "Ketenmonitor"
PROFILE = "https://datapackage.org/profiles/2.0/datapackage.json"
_LICENCES = {
    "CC-BY-4.0": (
        "Creative Commons Attribution 4.0 International",
        "https://creativecommons.org/licenses/by/4.0/",
    ),
    "CC0-1.0": ("Creative Commons Zero v1.0 Universal", "https://creativecommons.org/publicdomain/zero/1.0/"),
}


@dataclass(frozen=True)
class PackagedFile:
    """One data file of a package. `parquet` holds the same rows as the CSV of the same table."""

    kind: Literal["table", "codelist", "parquet"]
    contract: Contract
    path: str
    rows: int
    bytes: int = 0
    sha256: str = ""


def rfc3339(moment: datetime) -> str:
    """A moment in UTC to the second, as 2026-11-21T03:00:00Z. ValueError for a moment without time zone."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()} has no time zone; give the moment of the release in UTC")
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def json_bytes(value: Any) -> bytes:
    """JSON with two spaces, keys in the order given, UTF-8 and a final line break.

    NaN and infinity are errors.
    """
    return (json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()


def write_json(path: Path, value: Any) -> None:
    """Writes `value` as `json_bytes` gives it."""
    path.write_bytes(json_bytes(value))


def source_rows(sources: pa.Table | None) -> list[dict[str, str]]:
    """The rows of a `sources` table as text, empty cells left out, ordered by source and vintage."""
    if sources is None:
        return []
    rows = [{name: text for name, text in row.items() if text} for row in as_text(sources).to_pylist()]
    return sorted(rows, key=lambda row: (row.get("source", ""), row.get("vintage", "")))


def licences(product: Product) -> list[dict[str, str]]:
    """The licences of a package, each with name, path and title as far as known.

    `licence` is a code such as CC-BY-4.0 (its address in `licencePath`), a mapping, or a list of these.
    """
    given = product.get("licence", [])
    found = []
    for licence in given if isinstance(given, list | tuple) else [given]:
        if isinstance(licence, str):
            title, path = _LICENCES.get(licence, ("", ""))
            licence = {"name": licence, "title": title, "path": product.get("licencePath", path)}
        found.append({name: str(licence[name]) for name in ("name", "path", "title") if licence.get(name)})
    return found


def contributors(product: Product) -> list[dict[str, Any]]:
    """Who stands behind a package: from `contributors`, else the `publisher`, else Ketenmonitor itself."""
    given = product.get("contributors")
    if given:
        return [dict(person) for person in given]
    return [{"title": str(product.get("publisher", PUBLISHER)), "roles": ["publisher"]}]


def _sources(sources: pa.Table | None) -> list[dict[str, Any]]:
    found = []
    for row in source_rows(sources):
        path = next(
            (
                row[name]
                for name in ("homepage", "retrieved_from")
                if row.get(name, "").startswith(("http://", "https://"))
            ),
            None,
        )
        entry = {
            "title": row.get("title_nl", row.get("source")),
            "path": path,
            "version": row.get("edition"),
            "upv:source": row.get("source"),
            "upv:titleEn": row.get("title_en"),
            "upv:publisher": row.get("publisher"),
            "upv:retrievedAt": retrieved(row),
            "upv:retrievedFrom": row.get("retrieved_from"),
            "upv:originOfBytes": row.get("origin_of_bytes"),
            "upv:sha256": row.get("sha256"),
            "upv:licence": row.get("licence"),
            "upv:attribution": row.get("attribution"),
        }
        found.append({name: value for name, value in entry.items() if value})
    return found


def _table_resource(file: PackagedFile, product: Product) -> dict[str, Any]:
    from contracts.table_schema import table_schema

    contract = file.contract
    schema = dict(table_schema(contract))
    keys = [
        {
            "fields": [column.name],
            "reference": {"resource": f"codelist-{column.code_list}", "fields": ["code"]},
        }
        for column in contract.columns
        if column.code_list in product.code_lists
    ]
    if keys:
        schema["foreignKeys"] = keys
    return {
        "name": contract.table,
        "path": file.path,
        # R frictionless 1.2.1 refuses a resource that has only the `type` of version 2; the profile of
        # version 1 stands beside it
        "type": "table",
        "profile": "tabular-data-resource",
        "title": contract.title_nl,
        "description": f"{contract.granularity_nl} {contract.description_nl}",
        "upv:titleEn": contract.title_en,
        "upv:descriptionEn": f"{contract.granularity_en} {contract.description_en}",
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "bytes": file.bytes,
        "hash": f"sha256:{file.sha256}",
        "upv:rows": file.rows,
        "schema": schema,
    }


def _with_parquet(resource: dict[str, Any], file: PackagedFile | None) -> dict[str, Any]:
    """A table resource with the Parquet file of the same rows named beside it.

    Not a resource of its own: frictionless-py 5.21 reads Parquet through pandas and fails valid data, typed or not.
    """
    if file is None:
        return resource
    alternate = {
        "path": file.path,
        "format": "parquet",
        "mediatype": "application/vnd.apache.parquet",
        "bytes": file.bytes,
        "hash": f"sha256:{file.sha256}",
    }
    return resource | {"upv:alternates": [alternate]}


def build_descriptor(
    product: Product,
    version: str,
    created: datetime,
    resources: Sequence[PackagedFile],
    sources: pa.Table | None,
    doi: str | None = None,
    tables: Mapping[str, pa.Table] | None = None,
) -> dict[str, Any]:
    """The descriptor of one release: Dutch in the standard's own properties, English beside it under `upv:`.

    `sources` is the package's table of that name (columns source, vintage, title_nl, edition, retrieved_at,
    licence, ...) or None. Properties without a value are left out, as the profile allows no empty lists.
    `tables` are the published tables: what must be read first says what of them was delivered.
    """
    descriptor: dict[str, Any] = {
        "$schema": PROFILE,
        "name": product.id,
        "id": f"https://doi.org/{doi}" if doi else product.get("identifier"),
        "title": product.title_nl,
        "description": product.description_nl,
        "upv:titleEn": product.title_en,
        "upv:descriptionEn": product.description_en,
        "version": version,
        "created": rfc3339(created),
        "homepage": product.get("homepage"),
        "licenses": licences(product),
        "contributors": contributors(product),
        "keywords": list(product.get("keywords", ())),
        "upv:chainTable": product.chain_table,
        "upv:changelog": "CHANGELOG.md",
        "upv:quality": "quality.json",
        "upv:keyHistory": "history/keys.parquet",
        "upv:contractVersion": product.version,
        "upv:readFirstNl": read_first(product, tables or {}, "nl"),
        "upv:readFirstEn": read_first(product, tables or {}, "en"),
        "sources": _sources(sources),
    }
    parquet = {file.contract.table: file for file in resources if file.kind == "parquet"}
    listed = [
        _with_parquet(_table_resource(file, product), parquet.get(file.contract.table))
        for file in resources
        if file.kind != "parquet"
    ]
    return {name: value for name, value in descriptor.items() if value not in (None, "", [])} | {"resources": listed}

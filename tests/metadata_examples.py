"""Releases for the tests of formats and metadata: facts made of the real contracts, files that need not exist."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from typing import Any

from contracts.contract import product
from publish.codelists import codelist_table
from publish.descriptor import PackagedFile, build_descriptor
from publish.release_facts import Publisher, ReleasedFile, ReleaseFacts

NIGHT = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
PUBLISHER = Publisher(
    name="Ketenmonitor",
    address="https://data.example/",
    contact_name="Datasteward",
    contact_email="steward@data.example",
    title_nl="Catalogus",
    title_en="Catalogue",
    description_nl="Alle datasets.",
    description_en="All datasets.",
    licence="CC-BY-4.0",
)
SOURCE = {
    "source": "cei_wm060",
    "title_nl": "Recyclinggraad",
    "title_en": "Recycling rate",
    "publisher": "Eurostat",
    "vintage": "aac2145ef808",
    "sha256": "aac2145ef808bba776f7cc2e2210835d8076efa202865370cc6e543df3ff0c67",
    "bytes": "5588",
    "retrieved_at": "2026-11-20T00:00:00Z",
    "retrieved_from": "https://service.example/cei_wm060",
    "licence": "CC BY 4.0",
    "attribution": "Source: Eurostat, cei_wm060",
    "homepage": "https://service.example/view/cei wm060",
}
# What a title, note or code may be in the worst case
HOSTILE = (
    "</script><script>alert(1)</script>",
    "]]> & <b>vet</b> &amp; -->",
    "\"dubbel\" 'enkel' \\ en \\u0041",
    "regel\nafbreking\r\nen\ttab",
    "=cmd|'/C calc'!A0",
    "\u202eachterstevoren\u202c",
    "{ongesloten % $ # _ ^ ~",
    "\u2028 scheiding \u2029 \x07 \x85 \ufffe",
    "é" * 10_000,
)


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def release_facts(name: str = "electronics", **changes: Any) -> ReleaseFacts:
    """A release of the package `name` as its contract describes it, with a file of every role."""
    return replace(_release_facts(name), **changes)


@cache
def _release_facts(name: str) -> ReleaseFacts:
    contract = product(name)
    packed = [
        PackagedFile("table", table, f"data/{table.table}.csv", 3, 120, sha256(table.table))
        for table in contract.tables
    ]
    for code_list in contract.code_lists:
        described, rows = codelist_table(code_list)
        packed.append(
            PackagedFile("codelist", described, f"codelists/{code_list}.csv", rows.num_rows, 90, sha256(code_list))
        )
    packed += [
        replace(file, kind="parquet", path=file.path.replace(".csv", ".parquet"))
        for file in packed
        if file.kind == "table"
    ]
    roles = {"table": "table", "codelist": "codelist", "parquet": "alternate"}
    files = [
        ReleasedFile(
            file.path,
            file.bytes,
            file.sha256,
            roles[file.kind],
            file.contract.title_nl,
            file.contract.title_en,
            file.rows,
        )  # type: ignore[arg-type]
        for file in packed
    ]
    files += [
        ReleasedFile("datapackage.json", 1000, sha256("descriptor"), "metadata"),
        ReleasedFile(f"{name}-1.2.0.xlsx", 2000, sha256("workbook"), "workbook"),
        ReleasedFile(f"{name}-1.2.0.zip", 3000, sha256("archive"), "archive"),
    ]
    return ReleaseFacts(
        dataset=name,
        version="1.2.0",
        previous_version="1.1.0",
        released_at=NIGHT,
        descriptor=build_descriptor(contract, "1.2.0", NIGHT, packed, None),
        files=tuple(files),
        sources=(SOURCE,),
        publisher=PUBLISHER,
        years=(1995, 2024),
    )


def with_texts(facts: ReleaseFacts, text: str) -> ReleaseFacts:
    """The release with this text wherever a steward or a source may write one."""
    said = {"title": text, "upv:titleEn": text, "description": text, "upv:descriptionEn": text, "keywords": [text]}
    source = {**SOURCE, **dict.fromkeys(("source", "title_nl", "title_en", "attribution", "licence", "homepage"), text)}
    files = tuple(replace(file, title_nl=text, title_en=text) for file in facts.files)
    return replace(facts, descriptor={**facts.descriptor, **said}, sources=(source,), files=files)

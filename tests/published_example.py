"""A published folder made by hand, small and fully known: what the tests of the site read.

Not here: making a real release (`publish/release.py`); the browser tests do that.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from publish.release_facts import Publisher

PUBLISHER = Publisher(
    name="Ketenmonitor",
    address="https://data.example/keten/",
    contact_name="Steward",
    contact_email="steward@data.example",
    title_nl="Open data over ketens",
    title_en="Open data on chains",
    description_nl="Cijfers per keten.",
    description_en="Figures by chain.",
    licence="CC-BY-4.0",
)
FIRST = "2026-11-21T03:00:00Z"
# Everything that a text may do to a page, a feed or a drawing.
HOSTILE = "<script>alert(1)</script>\"'&<img src=x onerror=alert(1)>]]>\u202e=cmd|' /C calc'!A0\nregel" + "x" * 300

_EMPTY: dict[str, Any] = {"flags": None, "known_break": None, "scope_version": "all", "confidence": "primary"}


def indicator_row(year: int, value: float | None, **other: Any) -> dict[str, Any]:
    """A row of `indicators`: recycling of packaging in the Netherlands, as a source published it."""
    return {
        "chain_table": "packaging", "indicator": "pack_recycling_rate", "subgroup": "total", "geo": "NL", "year": year,
        "value": value, "value_rounded": value, "unit": "percent", "decimals": 1, "obs_status": "A" if value is not None
        else "L", "origin": "published", "method": "as_published", "source": "cei_wm020", **_EMPTY, **other,
    }  # fmt: skip


def headline_row(value: float, year: int, **other: Any) -> dict[str, Any]:
    """A row of `headline`: the same rate against the target of the EU for 2025."""
    return {
        "chain_table": "packaging", "indicator": "pack_recycling_rate", "subgroup": "total", "geo": "NL", "level": "EU",
        "year": year, "value": value, "value_rounded": value, "unit": "percent", "basis": "published",
        "basis_source": "cei_wm020", "obs_status": "A", "target_id": "t1", "comparator": "at_least",
        "target_value": 65.0, "target_year_from": 2025, "target_status": "in_force",
        "distance_rounded": round(value - 65.0, 1), "verdict": "already_at_target", "arrow": None,
        "refusal": "across_break", **_EMPTY, **other,
    }  # fmt: skip


def source_row(**other: Any) -> dict[str, Any]:
    """A row of `sources`."""
    return {
        "source": "cei_wm020", "title_nl": "Recycling van verpakkingen", "title_en": "Recycling of packaging",
        "publisher": "Eurostat", "edition": "2025-08", "retrieved_at": "2026-11-20T00:00:00Z",
        "retrieved_from": "https://ec.europa.eu/x", "origin_of_bytes": "live", "licence": "Reuse",
        "homepage": "https://ec.europa.eu/eurostat", "sha256": "a" * 64, "note_nl": "", "note_en": "", **other,
    }  # fmt: skip


def packaging_tables(newest: float = 75.2, **texts: str) -> dict[str, list[dict[str, Any]]]:
    """The tables of a small packaging release: five years with a break in 2020, one target. `texts` go in."""
    values = ((2018, 79.4), (2019, 80.7), (2020, 76.5), (2021, None), (2022, newest))
    rows = [indicator_row(year, value, known_break="b1" if year == 2020 else None) for year, value in values]
    rows += [indicator_row(year, value, geo="EU27_2020") for year, value in ((2019, 64.8), (2020, 64.0), (2022, 65.3))]
    title = texts.get("title", "Nieuwe rekenpunten")
    return {
        "indicators": rows,
        "headline": [headline_row(newest, 2022)],
        "targets": [
            {
                "target_id": "t1", "chain_table": "packaging", "indicator": "pack_recycling_rate", "subgroup": "total",
                "level": "EU", "instrument": texts.get("title", "Regulation (EU) 2025/40"), "article": "52",
                "year_from": 2025, "year_to": None, "comparator": "at_least", "value": 65.0, "unit": "percent",
                "denominator": "waste", "status": "in_force", "confidence": "primary", "note_nl": title,
                "note_en": title,
            }
        ],
        "known_breaks": [
            {"break_id": "b1", "series": "pack_recycling_rate", "subgroup": "*", "geo": "*", "year": 2020,
             "title_nl": title, "title_en": title, "note_nl": title, "note_en": title},
        ],
        "sources": [source_row(title_nl=title, title_en=title, note_nl=title)],
    }  # fmt: skip


def _field(name: str, kind: pa.DataType, text: str) -> dict[str, Any]:
    types = {"int64": "integer", "double": "number", "bool": "boolean"}
    return {"name": name, "type": types.get(str(kind), "string"), "title": text, "description": text,
            "upv:titleEn": text, "upv:descriptionEn": text}  # fmt: skip


def _resource(folder: Path, name: str, table: pa.Table, text: str) -> dict[str, Any]:
    path = folder / "data" / f"{name}.csv"
    return {
        "name": name, "path": f"data/{name}.csv", "title": text, "description": text, "upv:titleEn": text,
        "upv:descriptionEn": text, "format": "csv", "bytes": path.stat().st_size, "upv:rows": table.num_rows,
        "schema": {"fields": [_field(field.name, field.type, text) for field in table.schema]},
        "upv:alternates": [{"path": f"data/{name}.parquet", "format": "parquet"}],
    }  # fmt: skip


def write_sums(folder: Path) -> None:
    """SHA256SUMS of whatever stands in the folder."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != "SHA256SUMS")
    lines = [f"{hashlib.sha256(p.read_bytes()).hexdigest()}  {p.relative_to(folder).as_posix()}\n" for p in paths]
    (folder / "SHA256SUMS").write_text("".join(lines))


def write_release(
    published: Path,
    dataset: str = "packaging",
    version: str = "1.0.0",
    tables: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
    *,
    title: str = "Verpakkingen",
    chain_table: str = "packaging",
    released_at: str = FIRST,
) -> Path:
    """Writes `releases/<dataset>/<version>/` with CSV, Parquet, descriptor, record and checksums."""
    folder = published / "releases" / dataset / version
    (folder / "data").mkdir(parents=True)
    resources = []
    for name, rows in (tables if tables is not None else packaging_tables()).items():
        table = pa.Table.from_pylist([dict(row) for row in rows])
        pq.write_table(table, folder / "data" / f"{name}.parquet")
        pacsv.write_csv(table, folder / "data" / f"{name}.csv")
        resources.append(_resource(folder, name, table, title))
    descriptor = {
        "name": dataset, "title": title, "description": title, "upv:titleEn": f"{title} (en)",
        "upv:descriptionEn": title, "version": version, "created": released_at, "upv:chainTable": chain_table,
        "licenses": [{"name": "CC-BY-4.0", "path": "https://creativecommons.org/licenses/by/4.0/", "title": "CC"}],
        "keywords": [title], "upv:readFirstNl": [title], "upv:readFirstEn": [title], "resources": resources,
    }  # fmt: skip
    record = {"dataset": dataset, "version": version, "previous_version": None, "released_at": released_at}
    (folder / "datapackage.json").write_text(json.dumps(descriptor))
    (folder / "release.json").write_text(json.dumps(record))
    write_sums(folder)
    return folder


def write_tombstone(published: Path, dataset: str, version: str, reason: str, replaced_by: str | None = None) -> None:
    """Replaces a release by what stays of it after a withdrawal."""
    folder = published / "releases" / dataset / version
    descriptor = json.loads((folder / "datapackage.json").read_text()) | {"resources": []}
    for path in sorted(folder.rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    tombstone = {
        "status": "withdrawn", "dataset": dataset, "version": version, "withdrawn_at": FIRST,
        "reason_nl": reason, "reason_en": reason, "replaced_by": replaced_by, "contact": "steward",
    }  # fmt: skip
    record = {"dataset": dataset, "version": version, "previous_version": None, "released_at": FIRST}
    (folder / "datapackage.json").write_text(json.dumps(descriptor))
    (folder / "tombstone.json").write_text(json.dumps(tombstone))
    (folder / "release.json").write_text(json.dumps(record))
    write_sums(folder)


def point(published: Path, dataset: str = "packaging") -> None:
    """Writes `versions.json`, newest first, and an `index.json`, as the publication does."""
    home = published / "releases" / dataset
    folders = sorted(home.iterdir(), key=lambda path: [int(part) for part in path.name.split(".")], reverse=True)
    entries = [
        {
            "version": folder.name,
            "released_at": json.loads((folder / "release.json").read_text())["released_at"],
            "bump": "first" if folder == folders[-1] else "minor",
            "sha256": hashlib.sha256((folder / "SHA256SUMS").read_bytes()).hexdigest(),
            "rows": {},
            "summary": {"cells_changed": 0 if folder == folders[-1] else 1},
            **({"status": "withdrawn"} if (folder / "tombstone.json").exists() else {}),
        }
        for folder in folders
    ]
    (published / "datasets" / dataset).mkdir(parents=True, exist_ok=True)
    (published / "index.json").write_text("{}")
    (published / "datasets" / dataset / "versions.json").write_text(
        json.dumps({"dataset": dataset, "versions": entries})
    )

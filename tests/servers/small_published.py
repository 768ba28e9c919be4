"""A small published folder for portals, the web server and snippets: two datasets, a code `NA`, hard texts, pointers.

Written by hand and not by the release code, so that what reads a published folder is tested by itself.
Not here: what a test expects of it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from publish.release_facts import Publisher, ReleasedFile, ReleaseFacts
from publish.tables import write_parquet, write_rows

ADDRESS = "https://ketenmonitor.example/"
RELEASED_AT = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
# A text that would be a formula, an element, a shell command and the end of a string somewhere.
HARD = "=1+1 <b>'\"`$(id)`\\ & \u202edcba\u202c"
_TYPES = {
    "geo": ("string", pa.string()),
    "year": ("integer", pa.int64()),
    "value": ("number", pa.float64()),
    "agrees": ("boolean", pa.bool_()),
    "note": ("string", pa.string()),
    "valid_from": ("date", pa.date32()),
    "retrieved_at": ("datetime", pa.timestamp("s", "UTC")),
}
ROWS: list[dict[str, Any]] = [
    {
        "geo": "NA",
        "year": 2023,
        "value": 1.5,
        "agrees": True,
        "note": HARD,
        "valid_from": date(2023, 1, 1),
        "retrieved_at": datetime(2026, 11, 20, 1, 2, 3, tzinfo=UTC),
    },
    {
        "geo": "NL",
        "year": None,
        "value": None,
        "agrees": None,
        "note": None,
        "valid_from": None,
        "retrieved_at": datetime(2026, 11, 20, tzinfo=UTC),
    },
    {
        "geo": "BE",
        "year": 2024,
        "value": 0.1,
        "agrees": False,
        "note": "twee\nregels, en een komma",
        "valid_from": date(2024, 12, 31),
        "retrieved_at": datetime(2026, 11, 20, tzinfo=UTC),
    },
]
_GEO = [
    {"code": "NA", "label_nl": "Namibië"},
    {"code": "NL", "label_nl": "Nederland"},
    {"code": "BE", "label_nl": "België"},
]


def by(address: str = ADDRESS) -> Publisher:
    """A publisher at an address."""
    return Publisher(
        address=address,
        name="Ketenmonitor",
        contact_name="Ketenmonitor, datasteward",
        contact_email="datasteward@ketenmonitor.example",
        title_nl="Ketenmonitor",
        title_en="Ketenmonitor",
        description_nl="Cijfers.",
        description_en="Figures.",
        licence="CC-BY-4.0",
    )


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _write_json(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def write_sums(folder: Path) -> None:
    """SHA256SUMS over whatever stands in the folder."""
    (folder / "SHA256SUMS").unlink(missing_ok=True)
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    (folder / "SHA256SUMS").write_text("".join(f"{_sha256(folder / name)}  {name}\n" for name in names))


def _descriptor(dataset: str, version: str, title: str) -> dict[str, Any]:
    fields = [{"name": name, "type": kind} for name, (kind, _) in _TYPES.items()]
    codes = [{"name": "code", "type": "string"}, {"name": "label_nl", "type": "string"}]
    csv = {"type": "table", "profile": "tabular-data-resource", "format": "csv", "mediatype": "text/csv"}
    return {
        "$schema": "https://datapackage.org/profiles/2.0/datapackage.json",
        "name": dataset,
        "title": title,
        "description": "Wat is ingezameld.\n\nMet de bron van elk cijfer.",
        "upv:titleEn": "Collected",
        "upv:descriptionEn": "What was collected.",
        "version": version,
        "created": "2026-11-21T03:00:00Z",
        "licenses": [{"name": "CC-BY-4.0", "path": "https://creativecommons.org/licenses/by/4.0/", "title": "CC BY"}],
        "keywords": ["afval", "hergebruik (UPV)", "e-waste"],
        "sources": [{"title": "Eurostat", "path": "https://ec.europa.eu/eurostat/x"}],
        "resources": [
            {
                "name": "observations",
                "path": "data/observations.csv",
                **csv,
                "title": "Waarnemingen",
                "upv:titleEn": "Observations",
                "encoding": "utf-8",
                "upv:rows": 3,
                "schema": {"fields": fields, "missingValues": [""]},
                "upv:alternates": [{"path": "data/observations.parquet", "format": "parquet"}],
            },
            {
                "name": "codelist-geo",
                "path": "codelists/geo.csv",
                **csv,
                "encoding": "utf-8",
                "schema": {"fields": codes, "missingValues": [""]},
            },
        ],
    }


def write_release(
    published: Path,
    dataset: str,
    version: str,
    *,
    previous: str | None = None,
    more: Mapping[str, bytes] | None = None,
) -> Path:
    """One release; `more` are further files by path."""
    title = "Elektronica: ingezameld"
    folder = published / "releases" / dataset / version
    (folder / "data").mkdir(parents=True)
    (folder / "codelists").mkdir()
    table = pa.Table.from_pylist(ROWS, pa.schema([(name, kind) for name, (_, kind) in _TYPES.items()]))
    write_rows(table, folder / "data" / "observations.csv")
    write_parquet(table, folder / "data" / "observations.parquet")
    write_rows(pa.Table.from_pylist(_GEO), folder / "codelists" / "geo.csv")
    _write_json(folder / "datapackage.json", _descriptor(dataset, version, title))
    (folder / "README.md").write_text(f"# {title}\n\n{dataset} {version}\n", encoding="utf-8")
    record = {"dataset": dataset, "version": version, "previous_version": previous, "bump": "first"}
    record |= {"released_at": "2026-11-21T03:00:00Z", "title_nl": title, "title_en": "Collected"}
    record |= {"figures_digest": "f", "schema_digest": "s", "metadata_digest": "m", "rows": {}, "summary": {}}
    _write_json(folder / "release.json", record)
    for name, content in (more or {}).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    write_sums(folder)
    return folder


def point(published: Path, dataset: str, version: str) -> None:
    """Lets everything outside `releases/` follow."""
    home = published / "datasets" / dataset
    home.mkdir(parents=True, exist_ok=True)
    (home / "latest").unlink(missing_ok=True)
    (home / "latest").symlink_to(f"../../releases/{dataset}/{version}")
    _write_json(home / "latest.json", {"dataset": dataset, "version": version})
    _write_json(home / "versions.json", {"dataset": dataset, "versions": []})
    (home / "index.html").write_text(f"<!DOCTYPE html><title>{dataset} {version}</title>\n")
    _write_json(published / "index.json", {"datasets": [dataset]})


def write_published(published: Path) -> Path:
    """Two datasets with one release each, a front page and a style sheet."""
    for dataset in ("electronics", "packaging"):
        write_release(published, dataset, "1.0.0")
        point(published, dataset, "1.0.0")
    (published / "static").mkdir()
    (published / "static" / "site.css").write_text("body { margin: 0 }\n")
    (published / "index.html").write_text("<!DOCTYPE html><title>Ketenmonitor</title>\n")
    return published


def withdraw(published: Path, dataset: str, version: str) -> None:
    """What is left of a withdrawn release."""
    folder = published / "releases" / dataset / version
    for name in ("data/observations.csv", "data/observations.parquet", "codelists/geo.csv", "README.md"):
        (folder / name).unlink()
    _write_json(folder / "tombstone.json", {"status": "withdrawn", "reason_nl": "fout", "reason_en": "error"})
    write_sums(folder)


def facts(
    published: Path, dataset: str = "electronics", version: str = "1.0.0", *, address: str = ADDRESS, **changed: Any
) -> ReleaseFacts:
    """The facts of a release as the release code gives them; `changed` are fields of another value."""
    folder = published / "releases" / dataset / version
    roles = {"csv": "table", "parquet": "alternate", "zip": "archive", "xlsx": "workbook", "json": "metadata"}
    files = tuple(
        ReleasedFile(
            name,
            (folder / name).stat().st_size,
            _sha256(folder / name),
            "codelist" if name.startswith("codelists/") else roles.get(name.rsplit(".", 1)[-1], "document"),  # type: ignore[arg-type]
            "Waarnemingen" if name.startswith("data/") else "",
            "Observations" if name.startswith("data/") else "",
        )
        for name in sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
        if name != "SHA256SUMS"
    )
    given: dict[str, Any] = {
        "dataset": dataset,
        "version": version,
        "previous_version": None,
        "released_at": RELEASED_AT,
        "descriptor": json.loads((folder / "datapackage.json").read_bytes()),
        "files": files,
        "sources": (),
        "publisher": by(address),
        "years": (2023, 2024),
    }
    return ReleaseFacts(**{**given, **changed})

"""Reads what the pages are made from: versions of a dataset, and the parts of one release.

Every part of a release but its descriptor may be absent (older releases hold less): a reader then gets nothing, and the
page leaves that part out. Not here: what a page says (`*_page.py`), or verifying bytes (`published.verify`).
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from publish import published as folder_of
from publish.descriptor import source_rows
from publish.release_facts import Publisher, ReleasedFile, ReleaseFacts

TOMBSTONE = "tombstone.json"
# Tables of figures: their years are the years of a dataset. A target of 2040 is no figure.
FIGURES = ("observations", "indicators", "headline")
Role = Literal["table", "codelist", "alternate", "workbook", "archive", "document", "metadata"]


@dataclass(frozen=True)
class Version:
    """One line of `versions.json`. `sha256` is that of its SHA256SUMS."""

    dataset: str
    version: str
    released_at: str
    bump: str
    sha256: str
    withdrawn: bool
    rows: Mapping[str, int] = field(default_factory=dict)
    summary: Mapping[str, int] = field(default_factory=dict)


def versions(published: Path, dataset: str) -> tuple[Version, ...]:
    """All releases of a dataset, newest first. Raises ReleaseError where `versions.json` cannot be read."""
    path = published / "datasets" / dataset / "versions.json"
    try:
        entries = json.loads(path.read_bytes())["versions"]
        return tuple(
            Version(
                dataset,
                entry["version"],
                entry["released_at"],
                entry.get("bump", ""),
                entry["sha256"],
                entry.get("status") == "withdrawn",
                entry.get("rows", {}),
                entry.get("summary", {}),
            )
            for entry in entries
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        message = f"{path}: cannot be read ({error!r}); it is made anew by the next publication (`published.repair`)"
        raise folder_of.ReleaseError(message) from error


def years_of(tables: Mapping[str, pa.Table]) -> tuple[int, int] | None:
    """First and last year of the figures among `tables`; None where no table has a year."""
    spans = []
    for name in [name for name in FIGURES if name in tables]:
        if "year" in tables[name].column_names:
            span = pc.min_max(tables[name].column("year")).as_py()
            if span["min"] is not None:
                spans.append((int(span["min"]), int(span["max"])))
    return (min(first for first, _ in spans), max(last for _, last in spans)) if spans else None


def _role(path: str, tables: Mapping[str, Mapping[str, Any]]) -> Role:
    if path in tables:
        return "codelist" if path.startswith("codelists/") else "table"
    if path.startswith("data/"):
        return "alternate"
    if path.endswith(".xlsx"):
        return "workbook"
    if path.endswith(".zip"):
        return "archive"
    return "document" if path.endswith((".md", ".html")) else "metadata"


class Release:
    """The folder of one release, each part read once and when asked for."""

    def __init__(self, published: Path, dataset: str, version: str) -> None:
        self.dataset = dataset
        self.version = version
        self.folder = published / "releases" / dataset / version
        self._tables: dict[str, pa.Table | None] = {}

    @cached_property
    def descriptor(self) -> dict[str, Any]:
        """Its `datapackage.json`. Raises ReleaseError where it is damaged."""
        path = self.folder / "datapackage.json"
        try:
            content: dict[str, Any] = json.loads(path.read_bytes())
        except (OSError, ValueError) as error:
            raise folder_of.damaged(path, f"cannot be read ({error})") from error
        return content

    @cached_property
    def sums(self) -> dict[str, str]:
        """Path of every file with its sha256."""
        return folder_of.read_sums(self.folder)

    @cached_property
    def tombstone(self) -> dict[str, Any] | None:
        """Why it was withdrawn; None for a release that stands."""
        content: dict[str, Any] | None = self.json(TOMBSTONE)
        return content

    def has(self, path: str) -> bool:
        """Whether the release holds this file."""
        return path in self.sums

    def size(self, path: str) -> int:
        """Bytes of one of its files."""
        try:
            return (self.folder / path).stat().st_size
        except OSError as error:
            raise folder_of.damaged(self.folder / path, f"cannot be read ({error.strerror})") from error

    def json(self, path: str) -> Any:
        """A JSON file of the release; None where it holds none."""
        if not self.has(path):
            return None
        try:
            return json.loads((self.folder / path).read_bytes())
        except (OSError, ValueError) as error:
            raise folder_of.damaged(self.folder / path, f"cannot be read ({error})") from error

    def rows(self, path: str, at_most: int | None = None) -> list[dict[str, str]]:
        """Rows of a small CSV of the release as text, the first `at_most`; none where it holds no such file."""
        if not self.has(path):
            return []
        try:
            text = (self.folder / path).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise folder_of.damaged(self.folder / path, f"cannot be read ({error})") from error
        reader = csv.DictReader(io.StringIO(text, newline=""))
        return [dict(row) for row in islice(reader, at_most)]

    @cached_property
    def resources(self) -> dict[str, dict[str, Any]]:
        """The tables of the descriptor by name, code lists left out."""
        return {
            item["name"]: item
            for item in self.descriptor.get("resources", ())
            if not str(item.get("path", "")).startswith("codelists/")
        }

    @cached_property
    def code_lists(self) -> dict[str, str]:
        """Name of each code list with its path."""
        return {
            path.removeprefix("codelists/").removesuffix(".csv"): path
            for path in sorted(self.sums)
            if path.startswith("codelists/") and path.endswith(".csv")
        }

    def table(self, name: str) -> pa.Table | None:
        """A table by name, from its Parquet; None where the release has no such table."""
        if name not in self._tables:
            path = f"data/{name}.parquet"
            try:
                found = pq.read_table(self.folder / path) if self.has(path) else None
            except (OSError, pa.ArrowInvalid) as error:
                raise folder_of.damaged(self.folder / path, f"cannot be read ({error})") from error
            self._tables[name] = found
        return self._tables[name]

    def figures(self) -> dict[str, pa.Table]:
        """Its tables of figures by name."""
        found = {name: self.table(name) for name in FIGURES}
        return {name: table for name, table in found.items() if table is not None}

    @cached_property
    def years(self) -> tuple[int, int] | None:
        """First and last year of its figures."""
        return years_of(self.figures())

    def files(self) -> tuple[ReleasedFile, ...]:
        """Every file of the release but SHA256SUMS itself, in the order of that list."""
        by_path = {str(item["path"]): item for item in self.descriptor.get("resources", ())}
        found = []
        for path, sha256 in self.sums.items():
            item = by_path.get(path, {})
            found.append(
                ReleasedFile(
                    path,
                    self.size(path),
                    sha256,
                    _role(path, by_path),
                    str(item.get("title", "")),
                    str(item.get("upv:titleEn", "")),
                    item.get("upv:rows"),
                )
            )
        return tuple(found)

    def facts(self, publisher: Publisher) -> ReleaseFacts:
        """What citations, catalogue and snippets are made from."""
        record = self.json(folder_of.RECORD) or {}
        released_at = str(record.get("released_at") or self.descriptor.get("created"))
        return ReleaseFacts(
            dataset=self.dataset,
            version=self.version,
            previous_version=record.get("previous_version"),
            released_at=datetime.fromisoformat(released_at),
            descriptor=self.descriptor,
            files=self.files(),
            sources=tuple(source_rows(self.table("sources"))),
            publisher=publisher,
            years=self.years,
            doi=self.descriptor.get("upv:doi"),
        )


def release_facts(published: Path, dataset: str, version: str, publisher: Publisher) -> ReleaseFacts:
    """The facts of one published release, from its descriptor, SHA256SUMS and sources.

    Raises ReleaseError, naming the file, where a part is damaged.
    """
    return Release(published, dataset, version).facts(publisher)

"""The files of a release, written aside: data, descriptor, texts, metadata, reports, archive, checksums.

Here: which files a release has and in what order they are made. Not here: what stands in each of them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from contracts.contract import Product
from publish.changelog import changelog_after, section
from publish.content import Content
from publish.descriptor import PackagedFile, build_descriptor, json_bytes, source_rows, write_json
from publish.difference import PROVENANCE_TABLE, Difference
from publish.history import KEYS_PATH, revisions_contract
from publish.metadata.citation import citation_cff
from publish.metadata.croissant import croissant_json
from publish.metadata.datacite import datacite_json
from publish.metadata.ro_crate import ro_crate_json
from publish.published import RECORD, SUMS, ReleaseRecord, files_below, record_json, sha256_of
from publish.quality import TableQuality, quality_report
from publish.readme import package_readme
from publish.release_facts import Publisher, ReleasedFile, ReleaseFacts
from publish.release_pages import changes_page, file_list, quality_page
from publish.tables import write_parquet, write_rows
from publish.workbook import write_workbook
from publish.zipped import write_zip


@dataclass(frozen=True)
class Life:
    """What a release carries on from the one before it: revisions and keys so far, the changelog, a permission."""

    revisions: pa.Table
    keys: pa.Table
    changelog: str | None
    permission: Mapping[str, str] | None


_TITLES = {
    "datapackage.json": ("Beschrijving (Data Package)", "Descriptor (Data Package)"),
    "README.md": ("Lees mij", "Read me"),
    "CHANGELOG.md": ("Wijzigingen in woorden", "Changes in words"),
    "CITATION.cff": ("Verwijzing", "Citation"),
    "quality.json": ("Kwaliteitsrapport (data)", "Quality report (data)"),
    "quality.html": ("Kwaliteitsrapport", "Quality report"),
    "diff/summary.json": ("Wijzigingen in getallen", "Changes in counts"),
    "diff/changes.csv": ("Gewijzigde cellen", "Changed cells"),
    "diff/index.html": ("Wijzigingen", "Changes"),
    KEYS_PATH: ("Eerste en laatste uitgave per rij", "First and last release per row"),
}


def write_release(
    folder: Path,
    record: ReleaseRecord,
    *,
    product: Product,
    content: Content,
    difference: Difference,
    life: Life,
    quality: Sequence[TableQuality],
    released_at: datetime,
    by: Publisher,
    doi: str | None,
) -> None:
    """Writes all files of a release into `folder`, which must not exist; `SHA256SUMS` last."""
    (folder / "diff").mkdir(parents=True)
    (folder / "history").mkdir()
    sources = content.tables.get(PROVENANCE_TABLE)
    packaged = _write_data(folder, content, life)
    descriptor = build_descriptor(
        product, record.version, released_at, packaged, sources, doi=doi, tables=content.tables
    )
    write_json(folder / "datapackage.json", descriptor)
    facts = ReleaseFacts(
        dataset=record.dataset,
        version=record.version,
        previous_version=record.previous_version,
        released_at=released_at,
        descriptor=descriptor,
        files=tuple(_data_files(packaged)),
        sources=tuple(source_rows(sources)),
        publisher=by,
        years=_years(content),
        doi=doi,
    )
    _write_texts(folder, record, product, content, difference, life, released_at)
    _write_reports(folder, record, facts, difference, quality)
    contracts = content.contracts | {revisions_contract().table: revisions_contract()}
    workbook = f"{record.dataset}-{record.version}.xlsx"
    write_workbook(
        folder / workbook,
        facts=facts,
        tables=content.tables | {revisions_contract().table: life.revisions},
        code_lists=content.code_lists,
        contracts=contracts,
    )
    _write_metadata(folder, replace(facts, files=(*facts.files, *_others(folder, facts))))
    write_json(folder / RECORD, record_json(record))
    facts = replace(facts, files=(*facts.files, *_others(folder, facts)))
    (folder / "index.html").write_bytes(file_list(facts, sorted(facts.files, key=lambda file: file.path)))
    names = sorted(files_below(folder), key=lambda name: (name != "datapackage.json", name))
    write_zip(folder / f"{record.dataset}-{record.version}.zip", [(n, (folder / n).read_bytes()) for n in names])
    lines = [f"{sha256_of(folder / name)}  {name}\n" for name in files_below(folder)]
    (folder / SUMS).write_bytes("".join(lines).encode())


def _write_data(folder: Path, content: Content, life: Life) -> list[PackagedFile]:
    """Tables, code lists and the history; with their sizes and checksums, in the order of the descriptor."""
    tables = content.all_tables() | {revisions_contract().table: life.revisions}
    written = []
    for file in content.files(life.revisions.num_rows):
        path, table = folder / file.path, tables[file.contract.table]
        path.parent.mkdir(exist_ok=True)
        if file.kind == "parquet":
            write_parquet(table, path)
        else:
            write_rows(table, path)
        written.append(replace(file, bytes=path.stat().st_size, sha256=sha256_of(path)))
    write_parquet(life.keys, folder / KEYS_PATH)
    return written


def _data_files(packaged: Sequence[PackagedFile]) -> list[ReleasedFile]:
    roles = {"table": "table", "codelist": "codelist", "parquet": "alternate"}
    return [
        ReleasedFile(
            file.path,
            file.bytes,
            file.sha256,
            "table" if roles[file.kind] == "table" else "codelist" if roles[file.kind] == "codelist" else "alternate",
            file.contract.title_nl,
            file.contract.title_en,
            file.rows,
        )
        for file in packaged
    ]


def _others(folder: Path, facts: ReleaseFacts) -> list[ReleasedFile]:
    """The files of a release that `facts` does not name yet, with their role by the end of their name."""
    known = {file.path for file in facts.files}
    found = []
    for name in files_below(folder):
        if name in known:
            continue
        ending = name.rsplit(".", 1)[-1]
        role = {"xlsx": "workbook", "zip": "archive", "json": "metadata", "cff": "metadata", "parquet": "alternate"}
        titles = _TITLES.get(name, ("Werkmap", "Workbook") if ending == "xlsx" else ("", ""))
        path = folder / name
        found.append(
            ReleasedFile(name, path.stat().st_size, sha256_of(path), role.get(ending, "document"), *titles)  # type: ignore[arg-type]
        )
    return found


def _years(content: Content) -> tuple[int, int] | None:
    """First and last year of the figures, from the tables that hold figures of years."""
    spans = [
        pc.min_max(content.tables[name]["year"]).as_py()
        for name in ("observations", "indicators", "headline")
        if name in content.tables and "year" in content.tables[name].column_names
    ]
    years = [year for span in spans for year in (span["min"], span["max"]) if year is not None]
    return (int(min(years)), int(max(years))) if years else None


def _write_texts(
    folder: Path,
    record: ReleaseRecord,
    product: Product,
    content: Content,
    difference: Difference,
    life: Life,
    released_at: datetime,
) -> None:
    readme = package_readme(product, content.tables, version=record.version, released_at=released_at)
    (folder / "README.md").write_bytes(readme.encode())
    newest = section(
        difference,
        content.contracts,
        version=record.version,
        released_at=released_at,
        first=record.previous_version is None,
        permission=life.permission,
    )
    (folder / "CHANGELOG.md").write_bytes(changelog_after(life.changelog, newest).encode())


def _write_reports(
    folder: Path,
    record: ReleaseRecord,
    facts: ReleaseFacts,
    difference: Difference,
    quality: Sequence[TableQuality],
) -> None:
    heading: dict[str, Any] = {
        "dataset": record.dataset,
        "version": record.version,
        "previous_version": record.previous_version,
        "bump": record.bump,
    }
    summary = heading | difference.summary()
    write_rows(difference.changes, folder / "diff" / "changes.csv")
    write_json(folder / "diff" / "summary.json", summary)
    (folder / "diff" / "index.html").write_bytes(changes_page(facts, summary, difference.changes))
    report = quality_report(record.dataset, record.version, facts.released_at, quality, facts.sources)
    write_json(folder / "quality.json", report)
    (folder / "quality.html").write_bytes(quality_page(facts, json.loads(json_bytes(report))))


def _write_metadata(folder: Path, facts: ReleaseFacts) -> None:
    (folder / "CITATION.cff").write_bytes(citation_cff(facts))
    (folder / "datacite.json").write_bytes(datacite_json(facts))
    (folder / "croissant.json").write_bytes(croissant_json(facts))
    (folder / "ro-crate-metadata.json").write_bytes(ro_crate_json(facts))

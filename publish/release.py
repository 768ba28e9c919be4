"""From checked tables to a candidate for release: its files, and the version that it would get.

Here: writing a candidate aside. Not here: moving it into `releases/` (`promotion.py`), what a file looks like
(`tables.py`, `descriptor.py`, `readme.py`), what changed (`difference.py`), and the pointers to the newest release
(`published.py`).
"""

from __future__ import annotations

import hashlib
import io
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from contracts.contract import Contract, Product
from publish.codelists import codelist_table
from publish.descriptor import PackagedFile, build_descriptor, rfc3339, write_json
from publish.difference import PROVENANCE_TABLE, Difference, descriptive, difference, structure
from publish.published import (
    RECORD,
    SUMS,
    Problem,
    ReleaseBump,
    ReleaseError,
    ReleaseRecord,
    damaged,
    files_below,
    known_releases,
    read_record,
    read_released,
    record_json,
    release_folders,
    repair,
    sha256_of,
    verify,
    version_key,
    write_index,
)
from publish.readme import package_readme
from publish.tables import conform, round_significant, sort_by_key, values_digest, write_parquet, write_rows

__all__ = [
    "Candidate",
    "Problem",
    "ReleaseError",
    "build_candidate",
    "repair",
    "verify",
    "waiting_candidate",
    "write_index",
]

FIRST_VERSION = "1.0.0"


@dataclass(frozen=True)
class Candidate:
    """A release that is written aside and waits for promotion, or the finding that nothing changed.

    `version` of an unchanged candidate is the version that stands; its `folder` does not exist. `bump` is
    `first` for the first release of a dataset.
    """

    dataset: str
    folder: Path
    figures_digest: str
    schema_digest: str
    metadata_digest: str
    difference: Difference
    version: str
    previous_version: str | None
    status: Literal["release", "unchanged"]
    bump: ReleaseBump


@dataclass(frozen=True)
class _Content:
    """All tables of a package as they are published: sorted, typed, rounded; code lists beside them."""

    tables: dict[str, pa.Table]
    code_lists: dict[str, pa.Table]
    contracts: dict[str, Contract]

    def files(self) -> list[PackagedFile]:
        """The data files in the order of the descriptor: CSV, code lists, Parquet."""
        found = [PackagedFile("table", self.contracts[n], f"data/{n}.csv", t.num_rows) for n, t in self.tables.items()]
        for name, table in self.code_lists.items():
            path = f"codelists/{name.removeprefix('codelist-')}.csv"
            found.append(PackagedFile("codelist", self.contracts[name], path, table.num_rows))
        return found + [
            PackagedFile("parquet", self.contracts[n], f"data/{n}.parquet", t.num_rows) for n, t in self.tables.items()
        ]

    def all_tables(self) -> dict[str, pa.Table]:
        return self.tables | self.code_lists


def _content(product: Product, tables: Mapping[str, pa.Table]) -> _Content:
    expected = [contract.table for contract in product.tables]
    missing, unknown = sorted(set(expected) - set(tables)), sorted(set(tables) - set(expected))
    if missing or unknown:
        parts = [f"table {', '.join(missing)} is missing"] if missing else []
        parts += [f"table {', '.join(unknown)} has no contract in {product.path.name}"] if unknown else []
        raise ReleaseError(f"package {product.id}: {'; '.join(parts)}; give every table of the contract, and no other")
    ready = {c.table: sort_by_key(round_significant(conform(tables[c.table], c)), c) for c in product.tables}
    lists = {contract.table: (contract, rows) for contract, rows in map(codelist_table, product.code_lists)}
    contracts = {c.table: c for c in product.tables} | {name: contract for name, (contract, _) in lists.items()}
    return _Content(ready, {name: rows for name, (_, rows) in lists.items()}, contracts)


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _provenance(contract: Contract) -> set[str]:
    """Columns that do not make a figure new; a key column always does."""
    return set(contract.provenance_columns) - set(contract.primary_key)


def _figures_digest(content: _Content) -> str:
    return _digest(
        {
            name: values_digest(table, content.contracts[name], _provenance(content.contracts[name]))
            for name, table in content.tables.items()
            if name != PROVENANCE_TABLE
        }
    )


def _metadata_digest(content: _Content, descriptor: Mapping[str, Any]) -> str:
    lists = {name: values_digest(table, content.contracts[name], ()) for name, table in content.code_lists.items()}
    return _digest([descriptive(descriptor), lists])


def _released_table(folder: Path, resource: Mapping[str, Any]) -> pa.Table:
    """One table of a release: from Parquet, which kept the types; a code list from its CSV, all text."""
    path = str(resource["path"])
    try:
        if path.startswith("codelists/"):
            names = [field["name"] for field in resource["schema"]["fields"]]
            convert = pacsv.ConvertOptions(column_types={name: pa.string() for name in names})
            return pacsv.read_csv(
                io.BytesIO(read_released(folder, path)),
                convert_options=convert,
                parse_options=pacsv.ParseOptions(newlines_in_values=True),
            )
        path = path.removesuffix(".csv") + ".parquet"
        return pq.read_table(io.BytesIO(read_released(folder, path)))
    except pa.ArrowException as error:
        raise damaged(folder / path, f"cannot be read ({error})") from error


def _against_last_release(folder: Path, descriptor: Mapping[str, Any], content: _Content) -> Difference:
    old = json.loads(read_released(folder, "datapackage.json"))
    tables = {
        resource["name"]: _released_table(folder, resource)
        for resource in old["resources"]
        if resource.get("type") == "table"
        and resource["name"] in content.contracts
        and resource["name"] != PROVENANCE_TABLE
    }
    return difference(old, descriptor, tables, content.all_tables(), content.contracts, frozenset(content.code_lists))


def _next_version(previous: str, bump: str) -> str:
    major, minor, patch = version_key(previous)
    return {
        "major": f"{major + 1}.0.0",
        "minor": f"{major}.{minor + 1}.0",
        "patch": f"{major}.{minor}.{patch + 1}",
    }[bump]


def _first_difference(content: _Content) -> Difference:
    zero = dict.fromkeys(content.contracts, 0)
    return Difference(
        rows_added=zero,
        rows_removed=dict(zero),
        cells_changed=dict(zero),
        code_lists=frozenset(content.code_lists),
    )


def build_candidate(
    product: Product, tables: Mapping[str, pa.Table], *, published: Path, staging: Path, released_at: datetime
) -> Candidate:
    """Writes the next release of a package into `staging/<id>/`, or finds that nothing changed.

    Takes one table for each contract of the product, in any row order. Unchanged means: no figure, no schema
    and no text differs from the last release; provenance columns, the table `sources`, moments and checksums
    do not count; `staging/<id>/` is then removed.

    Raises ReleaseError when a table is missing or the last release is damaged, TableError when a table does
    not fit its contract.
    """
    folder = staging / product.id
    if folder.exists():
        shutil.rmtree(folder)
    content = _content(product, tables)
    sources = content.tables.get(PROVENANCE_TABLE)
    outline = build_descriptor(product, FIRST_VERSION, released_at, content.files(), sources)
    candidate = Candidate(
        dataset=product.id,
        folder=folder,
        figures_digest=_figures_digest(content),
        schema_digest=_digest(_ordered(structure(outline))),
        metadata_digest=_metadata_digest(content, outline),
        difference=_first_difference(content),
        version=FIRST_VERSION,
        previous_version=None,
        status="release",
        bump="first",
    )
    known = known_releases(published, product.id)
    if known:
        candidate = _compared(candidate, known[-1], release_folders(published, product.id)[-1], outline, content)
    if candidate.status == "release":
        _write(candidate, product, content, released_at)
    return candidate


def _ordered(found: Mapping[str, Any]) -> list[Any]:
    """The structure with the order of its fields made visible to a digest that sorts keys."""
    return [[name, list(table["fields"]), table] for name, table in sorted(found.items())]


def _compared(
    candidate: Candidate, last: ReleaseRecord, folder: Path, descriptor: Mapping[str, Any], content: _Content
) -> Candidate:
    unchanged = replace(candidate, version=last.version, previous_version=last.version, status="unchanged", bump="none")
    mine = (candidate.figures_digest, candidate.schema_digest, candidate.metadata_digest)
    if mine == (last.figures_digest, last.schema_digest, last.metadata_digest):
        return unchanged
    changed = _against_last_release(folder, descriptor, content)
    bump = changed.required_bump()
    if bump == "none":
        return replace(unchanged, difference=changed)
    version = _next_version(last.version, bump)
    return replace(candidate, difference=changed, version=version, previous_version=last.version, bump=bump)


def _write(candidate: Candidate, product: Product, content: _Content, released_at: datetime) -> None:
    folder = candidate.folder
    (folder / "diff").mkdir(parents=True)
    files = []
    for file in content.files():
        path, table = folder / file.path, content.all_tables()[file.contract.table]
        path.parent.mkdir(exist_ok=True)
        if file.kind == "parquet":
            write_parquet(table, path)
        else:
            write_rows(table, path)
        files.append(replace(file, bytes=path.stat().st_size, sha256=sha256_of(path)))
    sources = content.tables.get(PROVENANCE_TABLE)
    write_json(folder / "datapackage.json", build_descriptor(product, candidate.version, released_at, files, sources))
    readme = package_readme(product, content.tables, version=candidate.version, released_at=released_at)
    (folder / "README.md").write_bytes(readme.encode())
    write_rows(candidate.difference.changes, folder / "diff" / "changes.csv")
    heading = {
        "dataset": candidate.dataset,
        "version": candidate.version,
        "previous_version": candidate.previous_version,
        "bump": candidate.bump,
    }
    write_json(folder / "diff" / "summary.json", heading | candidate.difference.summary())
    write_json(folder / RECORD, record_json(_record(candidate, product, content, released_at)))
    lines = [f"{sha256_of(folder / name)}  {name}\n" for name in files_below(folder)]
    (folder / SUMS).write_bytes("".join(lines).encode())


def _record(candidate: Candidate, product: Product, content: _Content, released_at: datetime) -> ReleaseRecord:
    changed = candidate.difference

    def total(counts: Mapping[str, int]) -> int:
        return sum(count for table, count in counts.items() if table not in changed.code_lists)

    return ReleaseRecord(
        dataset=candidate.dataset,
        version=candidate.version,
        previous_version=candidate.previous_version,
        released_at=rfc3339(released_at),
        bump=candidate.bump,
        title_nl=product.title_nl,
        title_en=product.title_en,
        figures_digest=candidate.figures_digest,
        schema_digest=candidate.schema_digest,
        metadata_digest=candidate.metadata_digest,
        rows={name: table.num_rows for name, table in content.tables.items()},
        summary={
            "rows_added": total(changed.rows_added),
            "rows_removed": total(changed.rows_removed),
            "cells_changed": total(changed.cells_changed),
            "fields_changed": len(changed.schema.fields),
        },
    )


def waiting_candidate(dataset: str, *, published: Path, staging: Path) -> Candidate:
    """The candidate that `build_candidate` left in `staging`, or an unchanged one where it left nothing.

    For a promotion in a later step than the build. Raises ReleaseError when there is neither a candidate nor
    a release.
    """
    folder = staging / dataset
    known = known_releases(published, dataset)
    if not (folder / SUMS).exists():
        if not known:
            raise ReleaseError(f"{dataset}: there is no candidate and no release yet; build the package first")
        last = known[-1]
        return Candidate(
            dataset, folder, last.figures_digest, last.schema_digest, last.metadata_digest, Difference(),
            last.version, last.version, "unchanged", "none",
        )  # fmt: skip
    record = read_record(folder)
    return Candidate(
        dataset, folder, record.figures_digest, record.schema_digest, record.metadata_digest, Difference(),
        record.version, record.previous_version, "release", record.bump,
    )  # fmt: skip

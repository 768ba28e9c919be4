"""From checked tables to a candidate for release, and the version that it would get.

Here: whether there is something to release, whether it may be, and as what. Not here: moving it into `releases/`
(`promotion.py`), its files (`release_files.py`), what changed (`difference.py`), whether that is permitted
(`revision_policy.py`), and the pointers to the newest release (`pointers.py`).
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from contracts.contract import Product
from publish.blocked_revision import BlockedRevision, blocked_folder, changes_digest, keep_blocked
from publish.content import Content, figures_digest, metadata_digest, package_content, released_table, schema_digest
from publish.descriptor import build_descriptor
from publish.difference import PROVENANCE_TABLE, Difference, difference
from publish.history import KEYS_PATH, REVISIONS, REVISIONS_PATH, first_keys, keys_after, no_revisions, revisions_after
from publish.published import (
    SUMS,
    ReleaseBump,
    ReleaseError,
    ReleaseRecord,
    known_releases,
    newest_standing,
    read_record,
    read_released,
    version_key,
)
from publish.quality import TableQuality
from publish.release_facts import Publisher, publisher
from publish.release_files import Life, write_release
from publish.revision_policy import RevisionNotPermitted, marked_deprecated, objections, permission

FIRST_VERSION = "1.0.0"


@dataclass(frozen=True)
class Candidate:
    """A release that is written aside and waits for promotion, or the finding that nothing changed.

    `version` of an unchanged candidate is the version that stands; its `folder` does not exist. `previous_version` is
    the release that it was compared with, `newest_version` the newest number given out, withdrawn ones included.
    `bump` is `first` for the first release of a dataset.
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


def _next_version(previous: str, bump: str) -> str:
    major, minor, patch = version_key(previous)
    return {
        "major": f"{major + 1}.0.0",
        "minor": f"{major}.{minor + 1}.0",
        "patch": f"{major}.{minor}.{patch + 1}",
    }[bump]


def _first_difference(content: Content) -> Difference:
    zero = dict.fromkeys(content.contracts, 0)
    return Difference(
        rows_added=zero, rows_removed=dict(zero), cells_changed=dict(zero), code_lists=frozenset(content.code_lists)
    )


def build_candidate(
    product: Product,
    tables: Mapping[str, pa.Table],
    *,
    published: Path,
    staging: Path,
    released_at: datetime,
    quality: Sequence[TableQuality] = (),
    by: Publisher | None = None,
    doi_of: Callable[[str], str | None] | None = None,
    accepted: Callable[[str, str], Mapping[str, str] | None] | None = None,
) -> Candidate:
    """Writes the next release of a package into `staging/<id>/`, or finds that nothing changed.

    Takes one table for each contract of the product, in any row order. Unchanged means: no figure, no schema
    and no text differs from the last release; provenance columns, the table `sources`, moments and checksums
    do not count; `staging/<id>/` is then removed. `doi_of` gives the DOI that was reserved for a version, if any.
    `accepted` gives the reasons with which somebody accepted the changes since a version, known by their digest
    (`blocked_revision.py`), if anybody did.

    Raises ReleaseError when a table is missing or the last release is damaged, TableError when a table does
    not fit its contract, RevisionNotPermitted when the contract does not permit what changed: the changes are then
    kept in `staging/<id>.blocked/`.
    """
    folder = staging / product.id
    for left in (folder, blocked_folder(staging, product.id)):
        shutil.rmtree(left, ignore_errors=True)
    content = package_content(product, tables)
    sources = content.tables.get(PROVENANCE_TABLE)
    outline = build_descriptor(product, FIRST_VERSION, released_at, content.files(), sources, tables=content.tables)
    first = Candidate(
        dataset=product.id,
        folder=folder,
        figures_digest=figures_digest(content),
        schema_digest=schema_digest(outline),
        metadata_digest=metadata_digest(content, outline),
        difference=_first_difference(content),
        version=FIRST_VERSION,
        previous_version=None,
        status="release",
        bump="first",
    )
    known = known_releases(published, product.id)
    last = newest_standing(known)
    if last is None:
        candidate = replace(first, version=_next_version(known[-1].version, "major")) if known else first
        life = Life(no_revisions(), first_keys(content.tables, content.contracts, candidate.version), None, None)
    else:
        at = published / "releases" / product.id / last.version
        candidate = _compared(first, last, at, outline, content)
        if candidate.status == "unchanged":
            return candidate
        candidate = replace(candidate, version=_next_version(known[-1].version, candidate.bump))
        permitted = _permitted(product, candidate, content, published, known, released_at, accepted)
        life = _life(candidate, content, at, released_at, permitted)
    _refuse_withdrawn_figures(candidate, known)
    write_release(
        candidate.folder,
        _record_of(candidate, product, content, released_at),
        product=product,
        content=content,
        difference=candidate.difference,
        life=life,
        quality=quality,
        released_at=released_at,
        by=by or publisher(),
        doi=doi_of(candidate.version) if doi_of is not None else None,
    )
    return candidate


def _compared(
    candidate: Candidate, last: ReleaseRecord, folder: Path, descriptor: Mapping[str, Any], content: Content
) -> Candidate:
    unchanged = replace(candidate, version=last.version, previous_version=last.version, status="unchanged", bump="none")
    mine = (candidate.figures_digest, candidate.schema_digest, candidate.metadata_digest)
    if mine == (last.figures_digest, last.schema_digest, last.metadata_digest):
        return unchanged
    changed = _against_last_release(folder, descriptor, content)
    bump = changed.required_bump()
    if bump == "none":
        return replace(unchanged, difference=changed)
    return replace(candidate, difference=changed, previous_version=last.version, bump=bump)


def _against_last_release(folder: Path, descriptor: Mapping[str, Any], content: Content) -> Difference:
    old = json.loads(read_released(folder, "datapackage.json"))
    tables = {
        resource["name"]: released_table(folder, resource)
        for resource in old["resources"]
        if resource.get("type") == "table" and resource["name"] in content.contracts
    }
    return difference(old, descriptor, tables, content.all_tables(), content.contracts, frozenset(content.code_lists))


def _rows_by_source(folder: Path, content: Content) -> dict[tuple[str, str], int]:
    """How many rows each source has in each table of a release, where the source is part of the key."""
    found: dict[tuple[str, str], int] = {}
    for name, contract in content.contracts.items():
        if "source" not in contract.primary_key or not (folder / f"data/{name}.parquet").exists():
            continue
        counts = pc.value_counts(_read_parquet(folder, f"data/{name}.parquet")["source"])
        found |= {(name, str(row["values"])): int(row["counts"]) for row in counts.to_pylist()}
    return found


def _announced(published: Path, dataset: str, known: Sequence[ReleaseRecord]) -> dict[str, datetime]:
    """Since which moment each table or column has been marked as deprecated in every release up to the newest."""
    since: dict[str, datetime] = {}
    for record in known:
        if record.withdrawn:
            continue
        folder = published / "releases" / dataset / record.version
        marked = marked_deprecated(json.loads(read_released(folder, "datapackage.json")))
        moment = datetime.fromisoformat(record.released_at.replace("Z", "+00:00"))
        since = {name: since.get(name, moment) for name in marked}
    return since


def _permitted(
    product: Product,
    candidate: Candidate,
    content: Content,
    published: Path,
    known: Sequence[ReleaseRecord],
    released_at: datetime,
    accepted: Callable[[str, str], Mapping[str, str] | None] | None,
) -> Mapping[str, str] | None:
    """The permission for this step, of the contract or of who accepted it, if one was needed. Raises
    RevisionNotPermitted."""
    before = str(candidate.previous_version)
    last = next(record for record in known if record.version == before)
    goes = candidate.difference.schema.tables_removed or any(
        change.event == "removed" for change in candidate.difference.schema.fields
    )
    found = objections(
        product,
        candidate.difference,
        content.contracts,
        old_rows=last.rows,
        old_sources=_rows_by_source(published / "releases" / product.id / before, content),
        announced=_announced(published, product.id, known) if goes else {},
        released_at=released_at,
    )
    if not found:
        return None
    digest = changes_digest(candidate.difference)
    permitted = permission(product, before)
    if permitted is None and accepted is not None:
        permitted = accepted(before, digest)
    if permitted is None:
        blocked = BlockedRevision(product.id, before, digest, found)
        keep_blocked(candidate.folder.parent, blocked, candidate.difference)
        raise RevisionNotPermitted(product.id, before, f"contracts/products/{product.path.name}", found)
    return permitted


def _refuse_withdrawn_figures(candidate: Candidate, known: Sequence[ReleaseRecord]) -> None:
    """Figures that were withdrawn are not published again under another number."""
    for record in known:
        if record.withdrawn and record.figures_digest == candidate.figures_digest:
            raise ReleaseError(
                f"{candidate.dataset}: these are the figures of {record.version}, which was withdrawn "
                f"(see releases/{candidate.dataset}/{record.version}/tombstone.json). Mend the source, the computation "
                f"or the contract first; until then {candidate.previous_version or 'no release'} stands"
            )


def _life(
    candidate: Candidate, content: Content, last: Path, released_at: datetime, permitted: Mapping[str, str] | None
) -> Life:
    """What the release carries on from the one before: revisions, keys, changelog."""
    before, version = str(candidate.previous_version), candidate.version
    old = json.loads(read_released(last, "datapackage.json"))
    resource = next((r for r in old["resources"] if r["name"] == REVISIONS), None)
    revisions = no_revisions() if resource is None else _read_parquet(last, REVISIONS_PATH.replace(".csv", ".parquet"))
    now = first_keys(content.tables, content.contracts, version)
    if (last / KEYS_PATH).exists():
        keys = _read_parquet(last, KEYS_PATH)
    else:
        # a release from before this history was kept: its rows stand at least since then
        tables = {
            r["name"]: released_table(last, r)
            for r in old["resources"]
            if r["name"] in content.tables and set(content.contracts[r["name"]].primary_key) <= _fields(r)
        }
        keys = first_keys(tables, content.contracts, before)
    return Life(
        revisions_after(
            revisions,
            candidate.difference,
            content.contracts,
            from_version=before,
            in_version=version,
            released_at=released_at,
        ),
        keys_after(keys, now, candidate.difference.changes, version),
        read_released(last, "CHANGELOG.md").decode() if (last / "CHANGELOG.md").exists() else None,
        permitted,
    )


def _fields(resource: Mapping[str, Any]) -> set[str]:
    return {field["name"] for field in resource.get("schema", {}).get("fields", ())}


def _read_parquet(folder: Path, path: str) -> pa.Table:
    return pq.read_table(pa.BufferReader(read_released(folder, path)))


def _record_of(candidate: Candidate, product: Product, content: Content, released_at: datetime) -> ReleaseRecord:
    from publish.descriptor import rfc3339

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
    if (folder / SUMS).exists():
        record, status = read_record(folder), "release"
    else:
        known = known_releases(published, dataset)
        standing = newest_standing(known)
        if standing is None and known:
            raise ReleaseError(
                f"{dataset}: there is no candidate, and no release stands: {', '.join(r.version for r in known)} "
                "withdrawn; build the package first"
            )
        if standing is None:
            raise ReleaseError(f"{dataset}: there is no candidate and no release yet; build the package first")
        record, status = replace(standing, previous_version=standing.version, bump="none"), "unchanged"
    return Candidate(
        dataset, folder, record.figures_digest, record.schema_digest, record.metadata_digest, Difference(),
        record.version, record.previous_version, "release" if status == "release" else "unchanged", record.bump,
    )  # fmt: skip

"""Withdrawing a release: its figures go, its place stays. A tombstone says when, why, and what to use instead.

The one change that a published release may undergo. `finish_withdrawals` completes what a run left undone that died
halfway, so that the place is never empty for longer than that. Here: the tombstone and its way into place.
Not here: the pointers, which go to the newest release that stands (`pointers.py`).
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from publish.descriptor import json_bytes, rfc3339
from publish.published import (
    RECORD,
    SUMS,
    TOMBSTONE,
    ReleaseError,
    files_below,
    known_releases,
    newest_standing,
    read_released,
    sha256_of,
)
from publish.release_pages import tombstone_page
from publish.whole_files import sync_folder, sync_tree

# The dataset that repeats the first figures of all others.
HEADLINE = "headline"
# A tombstone on its way in, and a release on its way out; both stand beside the release.
COMING, GOING = ".tombstone-", ".withdrawn-"


def withdraw(
    published: Path,
    dataset: str,
    version: str,
    *,
    reason_nl: str,
    reason_en: str,
    withdrawn_at: datetime,
    contact: str,
    replaced_by: str | None = None,
) -> Path:
    """Puts a tombstone in the place of a release and returns its folder; the caller lets the pointers follow.

    Without `replaced_by` it is the newest release that stands besides this one. ReleaseError when there is no such
    release, when it is withdrawn already, or when a reason is missing in one of both languages.
    """
    folder = published / "releases" / dataset / version
    records = known_releases(published, dataset)
    record = next((record for record in records if record.version == version), None)
    known = ", ".join(record.version for record in records) or "none"
    if not version:
        raise ReleaseError(f"give dataset@version, such as {dataset}@1.0.0; {dataset} has {known}")
    if record is None:
        raise ReleaseError(f"{dataset} has no release {version}; it has {known}")
    if record.withdrawn:
        raise ReleaseError(f"{dataset} {version} was withdrawn already; see {folder / TOMBSTONE}")
    if not reason_nl.strip() or not reason_en.strip():
        raise ReleaseError("a withdrawal says why, in Dutch and in English; give both reasons")
    others = [other for other in records if other.version != version]
    instead = newest_standing(others)
    if replaced_by is not None and replaced_by not in {other.version for other in others if not other.withdrawn}:
        raise ReleaseError(f"{dataset} {replaced_by} does not stand and cannot take the place of {version}")
    tombstone = {
        "status": "withdrawn",
        "dataset": dataset,
        "version": version,
        "withdrawn_at": rfc3339(withdrawn_at),
        "reason_nl": reason_nl.strip(),
        "reason_en": reason_en.strip(),
        "replaced_by": replaced_by or (instead.version if instead is not None else None),
        "contact": contact,
        "figures_digest": record.figures_digest,
        "sha256_before": sha256_of(folder / SUMS),
    }
    _write_tombstone(folder, tombstone, (record.title_nl, record.title_en))
    for _ in finish_withdrawals(published, dataset):
        pass
    return folder


def _write_tombstone(folder: Path, tombstone: dict[str, Any], titles: tuple[str, str]) -> None:
    aside = folder.with_name(COMING + folder.name)
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir()
    descriptor = json.loads(read_released(folder, "datapackage.json")) | {"resources": [], "upv:status": "withdrawn"}
    (aside / "datapackage.json").write_bytes(json_bytes(descriptor))
    (aside / TOMBSTONE).write_bytes(json_bytes(tombstone))
    (aside / RECORD).write_bytes(read_released(folder, RECORD))
    (aside / "index.html").write_bytes(tombstone_page(*titles, tombstone))
    # the list of checksums goes last: a tombstone without it is not finished and is thrown away
    lines = [f"{sha256_of(aside / name)}  {name}\n" for name in files_below(aside)]
    (aside / SUMS).write_bytes("".join(lines).encode())
    sync_tree(aside)
    sync_folder(aside.parent)


def finish_withdrawals(published: Path, dataset: str) -> Iterator[str]:
    """Moves finished tombstones into their place and removes what they replace; says what was done."""
    home = published / "releases" / dataset
    for aside in sorted(home.glob(f"{COMING}*")) if home.is_dir() else []:
        version = aside.name.removeprefix(COMING)
        place, going = home / version, home / (GOING + version)
        if not (aside / SUMS).is_file():
            shutil.rmtree(aside)
            yield f"removed an unfinished tombstone of {dataset} {version}"
            continue
        if place.exists():
            shutil.rmtree(going, ignore_errors=True)
            os.rename(place, going)
        os.rename(aside, place)
        sync_folder(home)
        yield f"{dataset} {version} is withdrawn"
    for going in sorted(home.glob(f"{GOING}*")) if home.is_dir() else []:
        shutil.rmtree(going)


def withdrawn_figures(published: Path, dataset: str) -> dict[str, str]:
    """Figures that were withdrawn: the digest of a withdrawn release -> its version."""
    return {record.figures_digest: record.version for record in known_releases(published, dataset) if record.withdrawn}


def also_holding(published: Path, dataset: str, version: str) -> list[str]:
    """Releases of the headline that stand and were made while this release was the newest, with rows of its chain.

    As `dataset@version`, oldest first: their figures are those of the release, and a withdrawal does not reach them.
    """
    if dataset == HEADLINE:
        return []
    records = known_releases(published, dataset)
    place = next((at for at, record in enumerate(records) if record.version == version), None)
    if place is None:
        return []
    began = records[place].released_at
    ended = records[place + 1].released_at if place + 1 < len(records) else None
    descriptor = json.loads(read_released(published / "releases" / dataset / version, "datapackage.json"))
    found = []
    for record in known_releases(published, HEADLINE):
        folder = published / "releases" / HEADLINE / record.version
        made_of_it = record.released_at >= began and (ended is None or record.released_at < ended)
        if made_of_it and not record.withdrawn and descriptor.get("upv:chainTable") in _chain_tables(folder):
            found.append(f"{HEADLINE}@{record.version}")
    return found


def _chain_tables(folder: Path) -> set[str]:
    import csv
    import io

    rows = csv.DictReader(io.StringIO(read_released(folder, f"data/{HEADLINE}.csv").decode(), newline=""))
    return {row["chain_table"] for row in rows}

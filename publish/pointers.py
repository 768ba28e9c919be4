"""The pointers to the newest release of each dataset, and mending what a run left undone that died halfway.

    datasets/<id>/latest            relative link to the newest release that is not withdrawn
    datasets/<id>/latest.json       the same as data
    datasets/<id>/versions.json     all releases, newest first

Here: what can always be derived from `releases/`. Not here: the releases themselves (`release.py`, `promotion.py`,
`withdrawal.py`), and what is made of all datasets together (`catalogue.py`).
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from publish.descriptor import json_bytes
from publish.lock import publishing
from publish.published import (
    SUMS,
    ReleaseError,
    ReleaseRecord,
    datasets,
    known_releases,
    newest_standing,
    sha256_of,
)
from publish.whole_files import INCOMING, replace_if_changed, sync_folder
from publish.withdrawal import finish_withdrawals


def _point(link: Path, target: str) -> bool:
    if link.is_symlink() and os.readlink(link) == target:
        return False
    if link.is_dir() and not link.is_symlink():
        raise ReleaseError(f"{link}: is a folder where a link to the newest release belongs; remove it and run again")
    link.parent.mkdir(parents=True, exist_ok=True)
    aside = link.with_name(INCOMING + link.name)
    aside.unlink(missing_ok=True)
    aside.symlink_to(target, target_is_directory=True)
    os.replace(aside, link)
    sync_folder(link.parent)
    return True


def _sweep(folder: Path) -> Iterator[str]:
    for path in sorted(folder.glob(f"{INCOMING}*")) if folder.is_dir() else []:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
        yield f"removed {path.name}, left by an interrupted run, from {folder.parent.name}/{folder.name}"


def _version_entry(published: Path, record: ReleaseRecord) -> dict[str, Any]:
    path = f"releases/{record.dataset}/{record.version}"
    return {
        "version": record.version,
        "released_at": record.released_at,
        "bump": record.bump,
        "path": f"{path}/",
        "figures_digest": record.figures_digest,
        "sha256": sha256_of(published / path / SUMS),
        "rows": record.rows,
        "summary": record.summary,
        **({"status": "withdrawn"} if record.withdrawn else {}),
    }


def repair_dataset(published: Path, dataset: str) -> list[str]:
    """Brings `datasets/<id>/` in line with `releases/<id>/`; returns what was done.

    Raises ReleaseError where a release is damaged.
    """
    home = published / "datasets" / dataset
    done = [*finish_withdrawals(published, dataset), *_sweep(published / "releases" / dataset), *_sweep(home)]
    records = known_releases(published, dataset)
    if not records:
        return done
    # when all are withdrawn, the newest tombstone says so
    newest = newest_standing(records) or records[-1]
    entries = [_version_entry(published, record) for record in reversed(records)]
    latest = {
        "dataset": dataset,
        "version": newest.version,
        "released_at": newest.released_at,
        "path": f"releases/{dataset}/{newest.version}/",
        "sha256": next(entry["sha256"] for entry in entries if entry["version"] == newest.version),
        **({"status": "withdrawn"} if newest.withdrawn else {}),
    }
    if _point(home / "latest", f"../../releases/{dataset}/{newest.version}"):
        done.append(f"datasets/{dataset}/latest points to {newest.version}")
    for name, content in (
        ("latest.json", latest),
        ("versions.json", {"dataset": dataset, "versions": entries}),
    ):
        if replace_if_changed(home / name, json_bytes(content)):
            done.append(f"datasets/{dataset}/{name} written")
    return done


def repair(published: Path) -> list[str]:
    """`repair_dataset` for every dataset: what a run that died between two steps left undone is done now."""
    return [line for dataset in datasets(published) for line in repair_dataset(published, dataset)]


def mend_pointers(published: Path, dataset: str) -> list[str]:
    """`repair_dataset` under the lock, before something is built on what stands; nothing where nothing stands yet."""
    if not (published / "releases" / dataset).is_dir():
        return []
    with publishing(published):
        return repair_dataset(published, dataset)

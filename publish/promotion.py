"""From a candidate to a release that stands: its promotion into `releases/` in one step.

Here: moving the folder, and refusing a candidate that does not fit what is published. Not here: making a candidate
(`release.py`), and the pointers to the newest release (`published.py`).
"""

from __future__ import annotations

import errno
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from publish.published import (
    INCOMING,
    ReleaseBump,
    ReleaseError,
    ReleaseExistsError,
    files_below,
    release_folders,
    repair_dataset,
    sync_folder,
)
from publish.release import Candidate


@dataclass(frozen=True)
class ReleaseOutcome:
    """What a promotion did.

    `path` is the release that stands now; `repaired` names what an earlier run had left undone.
    """

    dataset: str
    version: str
    previous_version: str | None
    released: bool
    bump: ReleaseBump
    path: Path
    repaired: tuple[str, ...] = ()


def promote(candidate: Candidate, published: Path) -> ReleaseOutcome:
    """Moves a candidate into `releases/<id>/<version>` in one step and lets `datasets/<id>/` point to it.

    Whatever an earlier run left undone there is done first. An unchanged candidate writes nothing when all
    was well.

    Raises ReleaseExistsError when the version stands there with other bytes, ReleaseError when the
    candidate was made against another release than the newest.
    """
    dataset, target = candidate.dataset, published / "releases" / candidate.dataset / candidate.version
    repaired = tuple(repair_dataset(published, dataset))
    released = False
    if candidate.status == "release":
        released = _publish(candidate, target, published)
        repair_dataset(published, dataset)
    return ReleaseOutcome(
        dataset, candidate.version, candidate.previous_version, released, candidate.bump, target, repaired
    )


def _publish(candidate: Candidate, target: Path, published: Path) -> bool:
    if not candidate.folder.is_dir():
        raise ReleaseError(f"{candidate.folder}: the candidate is not there; build it again")
    if target.exists():
        if not _same_bytes(candidate.folder, target):
            raise ReleaseExistsError(
                f"{target}: this version is published with other bytes and never changes; build again for a "
                "next version"
            )
        shutil.rmtree(candidate.folder)
        return False
    newest = next((path.name for path in reversed(release_folders(published, candidate.dataset))), None)
    if newest != candidate.previous_version:
        raise ReleaseError(
            f"{candidate.folder}: was compared with {candidate.previous_version}, but {newest} is the "
            "newest release; build again"
        )
    _move(candidate.folder, target)
    return True


def _move(folder: Path, target: Path) -> None:
    """Renames the folder into place; from another filesystem by way of a hidden copy beside the target."""
    target.parent.mkdir(parents=True, exist_ok=True)
    _sync_all(folder)
    try:
        os.rename(folder, target)
    except OSError as error:
        if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
            raise ReleaseExistsError(
                f"{target}: another run published this version in the meantime; build again"
            ) from error
        if error.errno != errno.EXDEV:
            raise
        aside = target.with_name(INCOMING + target.name)
        shutil.rmtree(aside, ignore_errors=True)
        shutil.copytree(folder, aside)
        _sync_all(aside)
        os.rename(aside, target)
        shutil.rmtree(folder)
    sync_folder(target.parent)


def _same_bytes(one: Path, other: Path) -> bool:
    names = files_below(one)
    return names == files_below(other) and all(
        (one / name).read_bytes() == (other / name).read_bytes() for name in names
    )


def _sync_all(folder: Path) -> None:
    for name in files_below(folder):
        with (folder / name).open("rb") as handle:
            os.fsync(handle.fileno())
    for path in (folder, *(path for path in folder.rglob("*") if path.is_dir())):
        sync_folder(path)

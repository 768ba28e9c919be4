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

from publish.lock import publishing
from publish.pointers import repair_dataset
from publish.published import (
    ReleaseBump,
    ReleaseError,
    ReleaseExistsError,
    files_below,
    known_releases,
    newest_standing,
    version_key,
)
from publish.release import Candidate
from publish.whole_files import INCOMING, sync_folder, sync_tree


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
    released = False
    with publishing(published):
        repaired = tuple(repair_dataset(published, dataset))
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
    known = known_releases(published, candidate.dataset)
    standing = newest_standing(known)
    newest = standing.version if standing is not None else None
    if newest != candidate.previous_version or (known and version_key(known[-1].version) >= version_key(target.name)):
        raise ReleaseError(
            f"{candidate.folder}: was compared with {candidate.previous_version}, but {newest} is the "
            "newest release; build again"
        )
    _move(candidate.folder, target)
    return True


def _move(folder: Path, target: Path) -> None:
    """Renames the folder into place; from another filesystem by way of a hidden copy beside the target."""
    target.parent.mkdir(parents=True, exist_ok=True)
    sync_tree(folder)
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
        sync_tree(aside)
        os.rename(aside, target)
        shutil.rmtree(folder)
    sync_folder(target.parent)


def _same_bytes(one: Path, other: Path) -> bool:
    names = files_below(one)
    return names == files_below(other) and all(
        (one / name).read_bytes() == (other / name).read_bytes() for name in names
    )

"""Which published files go to a mirror, in which order, and what may never be overwritten there.

The rules are those of the published folder itself: a release that stands is never written again (a withdrawal is the
one exception), releases come before what points at them, and `SHA256SUMS` of a folder comes last. Shared by `folder.py`
and `s3.py`. Not here: how a store writes.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Protocol

from publish.portals.plan import Action, Outcome, Plan, PortalError, PortalNotSetUp, Step
from publish.published import SUMS, TOMBSTONE, ReleaseError, read_sums, release_folders, sha256_of
from publish.web_headers import RELEASED

LATEST = "latest"
# How many files are looked at or sent at the same time: a store answers slowly, and mostly waits.
AT_ONCE = 8


@dataclass(frozen=True)
class MirroredFile:
    """A file to be. `path` is relative to the published folder; `latest/` stands written out.

    `fixed` files belong to a release and never change; `withdrawn` ones to a release that was withdrawn.
    """

    path: str
    source: Path
    sha256: str
    fixed: bool = False
    withdrawn: bool = False


class Store(Protocol):
    """Where a mirror is written. Every call may raise PortalError."""

    def listed(self) -> Collection[str]:
        """Paths of all files that stand there."""
        ...

    def sha256(self, path: str) -> str:
        """The checksum of a file that stands there."""
        ...

    def write(self, file: Step) -> None:
        """Puts `file.source` at `file.target`, whole or not at all."""
        ...

    def remove(self, path: str) -> None:
        """Takes a file away."""
        ...


def visible_files(folder: Path) -> Iterator[str]:
    """Files below a folder, hidden ones and links left out: what a half-done run leaves behind is hidden."""
    for at, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(at, name)
            if not name.startswith(".") and not path.is_symlink():
                yield path.relative_to(folder).as_posix()


def _release(published: Path, folder: Path) -> Iterator[MirroredFile]:
    at = folder.relative_to(published).as_posix()
    sums = read_sums(folder)
    withdrawn = (folder / TOMBSTONE).is_file()
    for name in sorted(sums, key=lambda name: (name != TOMBSTONE, name)):
        yield MirroredFile(f"{at}/{name}", folder / name, sums[name], fixed=True, withdrawn=withdrawn)
    yield MirroredFile(f"{at}/{SUMS}", folder / SUMS, sha256_of(folder / SUMS), fixed=True, withdrawn=withdrawn)


def _latest(published: Path, dataset: str) -> Iterator[MirroredFile]:
    link = published / "datasets" / dataset / LATEST
    home = (published / "releases" / dataset).resolve()
    if not link.is_symlink():
        return
    folder = link.resolve()
    if folder.parent != home or not folder.is_dir():
        raise PortalError(
            f"{link} does not point at a release of {dataset}; run `ketenmonitor publish`, which mends it"
        )
    for file in _release(published.resolve(), folder):
        name = file.path.split("/", 3)[3]
        yield MirroredFile(f"datasets/{dataset}/{LATEST}/{name}", file.source, file.sha256)


def _order(path: str) -> tuple[int, str]:
    """What others refer to comes first: what pages need, the newest releases, their lists and pages, the front."""
    parts = path.split("/")
    if parts[0] == "datasets":
        # a folder with its checksums last is whole as soon as these are there
        return (
            (1, path.removesuffix(SUMS) + "\uffff") if parts[-1] == SUMS else (1 if LATEST in parts[2:3] else 2, path)
        )
    if len(parts) > 1:
        return 0, path
    return (4 if path.startswith("index.") else 3), path


def files_to_mirror(published: Path, *, latest_as_files: bool) -> list[MirroredFile]:
    """Every file of a mirror in the order in which it is written.

    `latest_as_files` writes `datasets/<id>/latest/` out, for stores that know no links. Raises PortalError where the
    published folder is absent or damaged.
    """
    releases = published / "releases"
    if not releases.is_dir():
        raise PortalNotSetUp(f"{published} holds no releases; run `ketenmonitor nightly` first")
    names = sorted(path.name for path in releases.iterdir() if path.is_dir() and not path.name.startswith("."))
    try:
        files = [
            file
            for name in names
            for folder in release_folders(published, name)
            for file in _release(published, folder)
        ]
        others = [
            MirroredFile(path, published / path, sha256_of(published / path))
            for path in visible_files(published)
            if not RELEASED.match(path)
        ]
        if latest_as_files:
            others += [file for name in names for file in _latest(published, name)]
    except (ReleaseError, OSError) as error:
        raise PortalError(f"nothing is mirrored from a damaged folder. {error}") from error
    return files + sorted(others, key=lambda file: _order(file.path))


def _step(file: MirroredFile, stands: bool, sha256: str | None) -> Step:
    def step(action: Action, reason: str) -> Step:
        return Step(action, file.path, reason, file.source, file.sha256)

    if not stands:
        return step("create", "is not there yet")
    if sha256 == file.sha256:
        return step("skip", "stands there with the same sha256")
    if file.fixed and not file.withdrawn:
        return step(
            "refuse",
            f"stands there with sha256 {sha256}, and was released with {file.sha256}. A release is never "
            "written again: run `ketenmonitor verify`, find out which of both is right, and take the other away",
        )
    return step("update", "the release was withdrawn" if file.withdrawn else "differs from what is published")


def _left_over(files: list[MirroredFile], listed: Collection[str]) -> Iterator[Step]:
    """What goes: the data of a withdrawn release, and what the newest release of a dataset no longer has."""
    wanted = {file.path for file in files}
    gone = {file.path.rsplit("/", 1)[0] + "/" for file in files if file.withdrawn and file.path.endswith("/" + SUMS)}
    for path in sorted(set(listed) - wanted):
        parts = path.split("/")
        if "/".join(parts[:3]) + "/" in gone:
            yield Step("remove", path, "the release was withdrawn")
        elif parts[0] == "datasets" and parts[2:3] == [LATEST]:
            yield Step("remove", path, "the newest release has no such file")


def plan_mirror(portal: str, where: str, files: list[MirroredFile], store: Store) -> Plan:
    """Compares what should stand with what stands; what goes, goes after the pointers have moved.

    Where a file of a dataset is refused, that dataset is held back: of it only other new releases are still written.
    """
    listed = set(store.listed())
    present = [file.path for file in files if file.path in listed]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        known: Mapping[str, str] = dict(zip(present, pool.map(store.sha256, present), strict=True))
    steps = [_step(file, file.path in listed, known.get(file.path)) for file in files]
    steps += _left_over(files, listed)
    held = held_datasets(steps)
    refused = {_version_folder(step.target) for step in steps if step.action == "refuse"}
    withdrawn = {_version_folder(file.path) for file in files if file.withdrawn}

    def stays(step: Step) -> bool:
        """Whether a step of a dataset that is held back waits: its pages, its pointers, withdrawals, a refused release.

        `latest` may name a withdrawn release there, and what should take its place is the one that is in doubt.
        """
        return dataset_of(step.target) in held and (
            not step.target.startswith("releases/") or _version_folder(step.target) in refused | withdrawn
        )

    kept = (step for step in steps if step.action in ("skip", "refuse") or not stays(step))
    return Plan(portal, where, tuple(kept))


def dataset_of(path: str) -> str | None:
    """The dataset to which a path of the published folder belongs; None for what belongs to all."""
    parts = path.removeprefix("en/").split("/")
    return parts[1] if len(parts) > 2 and parts[0] in ("releases", "datasets") else None


def held_datasets(steps: Iterable[Step]) -> frozenset[str]:
    """The datasets of which something is refused."""
    found = (dataset_of(step.target) for step in steps if step.action == "refuse")
    return frozenset(dataset for dataset in found if dataset is not None)


def _version_folder(path: str) -> str:
    return "/".join(path.split("/")[:3])


def _together(step: Step) -> tuple[object, ...]:
    """Steps that follow each other and share this may be taken in any order: those of one folder, or of one kind."""
    parts = step.target.split("/")
    whole = parts[0] == "releases" or parts[2:3] == [LATEST]
    return (*(parts[:3] if whole else (_order(step.target)[0],)), parts[-1] == SUMS)


def carry_out_mirror(plan: Plan, store: Store, *, at_once: int = 1) -> Outcome:
    """Writes and removes as planned, in order; a source that no longer has its checksum is not sent.

    `at_once` files of the same folder are written at the same time. Raises PortalError that says how far it came.
    """

    def take(step: Step) -> PortalError | OSError | None:
        try:
            if step.action == "remove":
                store.remove(step.target)
                return None
            if step.source is not None:
                _still_sound(step.source, step.sha256)
            store.write(step)
        except (PortalError, OSError) as error:
            return error
        return None

    done: list[Step] = []
    with ThreadPoolExecutor(at_once) as pool:
        for some in _in_order(plan.to_do, at_once):
            errors = list(pool.map(take, some))
            done += [step for step, error in zip(some, errors, strict=True) if error is None]
            for step, error in zip(some, errors, strict=True):
                if error is not None:
                    raise PortalError(
                        f"{plan.portal} {plan.where}: {step.target} was not written: {error}. {len(done)} of "
                        f"{len(plan.to_do)} steps were done and stay; run again to go on"
                    ) from error
    held = tuple(
        f"{dataset}: its pages, `latest` and withdrawals were left as they are, because something of it was refused"
        for dataset in sorted(held_datasets(plan.steps))
    )
    return Outcome(plan, tuple(done), held)


def _in_order(steps: Iterable[Step], at_once: int) -> Iterator[list[Step]]:
    """The steps in groups of at most `at_once` whose order does not matter."""
    for _, group in groupby(steps, key=_together):
        left = list(group)
        while left:
            yield left[:at_once]
            left = left[at_once:]


def _still_sound(source: Path, sha256: str) -> None:
    found = sha256_of(source)
    if found != sha256:
        raise PortalError(
            f"its source has sha256 {found}, expected {sha256}; run `ketenmonitor verify`, or plan again where "
            "something was published in the meantime"
        )

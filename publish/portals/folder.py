"""A copy of the published folder in another folder: a web server's, a network drive's, a disk's.

Not here: what may be overwritten and in which order (`mirror.py`).
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from publish.portals.mirror import (
    LATEST,
    carry_out_mirror,
    dataset_of,
    files_to_mirror,
    held_datasets,
    plan_mirror,
    visible_files,
)
from publish.portals.plan import Outcome, Plan, PortalError, PortalNotSetUp, Step
from publish.published import sha256_of
from publish.whole_files import INCOMING, sync_folder

_LINK = "link"


@dataclass(frozen=True)
class _Folder:
    """The target as a store: every file is written aside and renamed."""

    root: Path

    def listed(self) -> Collection[str]:
        return list(visible_files(self.root))

    def sha256(self, path: str) -> str:
        return sha256_of(self.root / path)

    def write(self, file: Step) -> None:
        path = self.root / file.target
        if _LINK in file.content:
            self._point(path, str(file.content[_LINK]))
            return
        self._stays_inside(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        aside = path.with_name(f"{INCOMING}{os.getpid()}-{path.name}")
        try:
            with Path(str(file.source)).open("rb") as source, aside.open("wb") as handle:
                shutil.copyfileobj(source, handle, 1 << 20)
                handle.flush()
                os.fsync(handle.fileno())
            if sha256_of(aside) != file.sha256:
                raise PortalError("it changed while it was copied; run again")
            os.replace(aside, path)
        finally:
            aside.unlink(missing_ok=True)
        sync_folder(path.parent)

    def remove(self, path: str) -> None:
        found = self.root / path
        found.unlink(missing_ok=True)
        for folder in found.parents:
            # empty folders would be shown as if something belonged in them
            if folder == self.root or any(folder.iterdir()):
                return
            folder.rmdir()

    def _point(self, link: Path, target: str) -> None:
        link.parent.mkdir(parents=True, exist_ok=True)
        aside = link.with_name(f"{INCOMING}{os.getpid()}-{link.name}")
        aside.unlink(missing_ok=True)
        aside.symlink_to(target, target_is_directory=True)
        os.replace(aside, link)

    def _stays_inside(self, path: Path) -> None:
        for folder in path.parents:
            if folder == self.root:
                return
            if folder.is_symlink():
                raise PortalError(f"{folder} is a link, and writing through it would change what it points at")


@dataclass(frozen=True)
class FolderPortal:
    """Mirrors `published` to `target`.

    `copies_of_latest` writes `datasets/<id>/latest/` out as files, for a target that knows no links; otherwise it is
    the same relative link as in the published folder.
    """

    published: Path
    target: Path
    copies_of_latest: bool = False

    def plan(self) -> Plan:
        """Compares every file by its checksum. Raises PortalError where one of both folders cannot be used."""
        self._check()
        files = files_to_mirror(self.published, latest_as_files=self.copies_of_latest)
        plan = plan_mirror("folder", str(self.target), files, _Folder(self.target))
        held = held_datasets(plan.steps)
        links = tuple(
            link for link in self._links() if link.action in ("skip", "refuse") or dataset_of(link.target) not in held
        )
        if self.copies_of_latest:
            return Plan(plan.portal, plan.where, (*links, *plan.steps))
        # the link of a dataset goes after its release and before the lists that name it
        cut = next((n for n, step in enumerate(plan.steps) if not step.target.startswith("releases/")), len(plan.steps))
        return Plan(plan.portal, plan.where, (*plan.steps[:cut], *links, *plan.steps[cut:]))

    def carry_out(self, plan: Plan) -> Outcome:
        """Copies what the plan names, and clears what a run that died left behind."""
        self._check()
        for path in self.target.rglob(f"{INCOMING}*"):
            if path.is_symlink() or path.is_file():
                path.unlink(missing_ok=True)
        return carry_out_mirror(plan, _Folder(self.target))

    def _check(self) -> None:
        if not self.target.is_dir():
            raise PortalNotSetUp(
                f"{self.target} is no folder; expected one that exists, so that nothing is written under a drive that "
                "is not there. Make it first"
            )
        here, there = self.published.resolve(), self.target.resolve()
        if here == there or here in there.parents or there in here.parents:
            raise PortalNotSetUp(
                f"{self.target} lies in or around the published folder {self.published}; give another one"
            )

    def _links(self) -> Iterator[Step]:
        """What happens to `latest`: written, left, or taken away where files or nothing take its place."""
        for link in sorted(self.target.glob(f"datasets/*/{LATEST}")):
            relative = link.relative_to(self.target).as_posix()
            if link.is_symlink() and not (self.published / relative).is_symlink():
                yield Step("remove", relative, "the dataset has no release that stands")
        for link in sorted(self.published.glob(f"datasets/*/{LATEST}")):
            relative = link.relative_to(self.published).as_posix()
            there = self.target / relative
            if self.copies_of_latest:
                if there.is_symlink():
                    yield Step("remove", relative, "is a link, and files take its place")
                continue
            target = os.readlink(link)
            content = {_LINK: target}
            if there.is_symlink() and os.readlink(there) == target:
                yield Step("skip", relative, "points at the newest release")
            elif there.is_dir() and not there.is_symlink():
                yield Step("refuse", relative, "is a folder with copies; remove it, or ask for copies again")
            else:
                yield Step(
                    "update" if there.is_symlink() else "create", relative, f"points at {target}", content=content
                )

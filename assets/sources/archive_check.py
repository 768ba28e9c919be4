"""Looks over the whole archive: every body, every record, and every copy that a release cites.

Here: what is wrong, in words. Not here: mending it; lost bytes come back from a backup, or from the service when it
gives the same bytes again.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from assets.sources.archive import SEEN, WRITING, Archive, ArchiveDamaged
from assets.sources.received import PARTS, left_behind
from publish.content import released_table
from publish.difference import PROVENANCE_TABLE
from publish.published import ReleaseError, datasets, release_folders

_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class ArchiveProblem:
    """One thing in the archive that is not as it was put there. `copy` is the sha256, or the name of a strange file."""

    source: str
    copy: str
    kind: Literal["altered", "no body", "no record", "torn record", "strange file", "cited and gone"]
    message: str


@dataclass(frozen=True)
class ArchiveCheck:
    """What a look over the archive found. `remarks` are no damage: what a run that was broken off left behind."""

    copies: int
    bytes: int
    problems: tuple[ArchiveProblem, ...]
    remarks: tuple[str, ...]


def check_archive(archive: Archive, published: Path) -> ArchiveCheck:
    """Hashes every archived body again, and looks for every copy that a release under `published` cites."""
    problems: list[ArchiveProblem] = []
    remarks: list[str] = []
    copies = size = 0
    sources = sorted(path for path in archive.root.iterdir() if path.is_dir()) if archive.root.is_dir() else []
    for folder in sources:
        names = {path.name for path in folder.iterdir()}
        left = sorted(name for name in names if name.startswith(WRITING))
        remarks += [
            f"{folder.name}: {name} was left by a write that was broken off; it may be removed" for name in left
        ]
        names -= set(left)
        if PARTS in names and (folder / PARTS).is_dir():
            names.remove(PARTS)
            remarks += [
                f"{folder.name}: {PARTS}/{name} holds {count} pieces of a fetch that is under way or was broken off; "
                "the next fetch of this source keeps them as unfinished"
                if count
                else f"{folder.name}: {PARTS}/{name} was left by a fetch that was broken off; it may be removed"
                for name, count in left_behind(folder).items()
            ]
        found = sorted({name.removesuffix(SEEN).removesuffix(".json") for name in names})
        for name in found:
            if not _SHA256.fullmatch(name):
                message = f"{folder.name}: {name} does not belong in the archive; move it elsewhere"
                problems.append(ArchiveProblem(folder.name, name, "strange file", message))
                continue
            copies += 1
            size += (folder / name).stat().st_size if name in names else 0
            problems += _of_copy(archive, folder.name, name, names)
    problems += _cited_and_gone(archive, published)
    return ArchiveCheck(copies, size, tuple(problems), tuple(remarks))


def _of_copy(archive: Archive, source: str, sha256: str, names: set[str]) -> Iterator[ArchiveProblem]:
    """What is wrong with one copy; `names` are the files in the folder of its source."""
    copy = f"{source}: archived copy {sha256[:12]}"
    record = None
    if f"{sha256}.json" not in names:
        message = f"{copy} has no record of where it came from; it counts for nothing until it is fetched again"
        yield ArchiveProblem(source, sha256, "no record", message)
    else:
        try:
            record = archive.record(source, sha256)
        except ArchiveDamaged as error:
            message = f"{error}; restore it from a backup, or fetch the source again"
            yield ArchiveProblem(source, sha256, "torn record", message)
    if f"{sha256}{SEEN}" in names:
        try:
            archive.confirmation(source, sha256)
        except ArchiveDamaged as error:
            message = f"{error}; remove {sha256}{SEEN}: it only says when the service last gave these bytes again"
            yield ArchiveProblem(source, sha256, "torn record", message)
    if sha256 not in names:
        message = f"{copy} has a record and no bytes; restore them from a backup, or fetch the source again"
        yield ArchiveProblem(source, sha256, "no body", message)
        return
    with (archive.root / source / sha256).open("rb") as stream:
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    size = (archive.root / source / sha256).stat().st_size
    if found != sha256:
        message = f"{copy} has been altered: its bytes have sha256 {found[:12]}; restore them from a backup"
        yield ArchiveProblem(source, sha256, "altered", message)
    elif record is not None and record.bytes != size:
        message = f"{copy} has {size} bytes, expected {record.bytes} as its record says; restore the record"
        yield ArchiveProblem(source, sha256, "torn record", message)


def _cited_and_gone(archive: Archive, published: Path) -> Iterator[ArchiveProblem]:
    """Copies that a release that stands cites and the archive does not have; each once, with the releases."""
    citing: dict[tuple[str, str], list[str]] = {}
    for dataset in datasets(published):
        for folder in release_folders(published, dataset):
            for cited in cited_copies(folder):
                citing.setdefault(cited, []).append(f"{dataset} {folder.name}")
    for (source, sha256), releases in sorted(citing.items()):
        body = archive.root / source / sha256
        if body.exists() and body.with_suffix(".json").exists():
            continue
        shown = ", ".join(releases[:3]) + (f" and {len(releases) - 3} more" if len(releases) > 3 else "")
        message = f"{source}: copy {sha256[:12]}, which {shown} cites, is not in the archive; restore it from a backup"
        yield ArchiveProblem(source, sha256, "cited and gone", message)


def cited_copies(folder: Path) -> list[tuple[str, str]]:
    """The copies (source, sha256) that a release cites in its table `sources`.

    Empty for a release that was withdrawn or is damaged (`ketenmonitor verify` says so of itself), and for one without
    that table.
    """
    try:
        table = released_table(folder, {"path": f"data/{PROVENANCE_TABLE}.csv"})
    except ReleaseError:
        return []
    return list(zip(table["source"].to_pylist(), table["sha256"].to_pylist(), strict=True))

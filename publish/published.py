"""The published folder: its releases, the pointers to the newest one, and whether every byte still stands.

    releases/<id>/<version>/            never changes once it stands there
    datasets/<id>/latest                relative link to the newest release
    datasets/<id>/latest.json           the same as data
    datasets/<id>/versions.json         all releases, newest first
    index.json                          all datasets

Everything outside `releases/` can be derived from it. Here: reading and verifying. Not here: making a release
(`release.py`), withdrawing one (`withdrawal.py`), or the pointers to the newest (`pointers.py`).
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal

SUMS = "SHA256SUMS"
RECORD = "release.json"
TOMBSTONE = "tombstone.json"
ReleaseBump = Literal["first", "major", "minor", "patch", "none"]
_VERSION = re.compile(r"^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)$")


class ReleaseError(RuntimeError):
    """A release cannot be made or read; the message names the file and the next thing to do."""


class ReleaseExistsError(ReleaseError):
    """A version that already stands in `releases/` would get other bytes."""


@dataclass(frozen=True)
class ReleaseRecord:
    """What `release.json` says of its own release.

    `rows` counts the rows of each table, `summary` what changed in it.
    """

    dataset: str
    version: str
    previous_version: str | None
    released_at: str
    bump: ReleaseBump
    title_nl: str
    title_en: str
    figures_digest: str
    schema_digest: str
    metadata_digest: str
    rows: dict[str, int]
    summary: dict[str, int]
    # a withdrawn release keeps its record and its place; of its files only a tombstone is left
    withdrawn: bool = False


@dataclass(frozen=True)
class Problem:
    """One thing that is not as it was published. `file` is relative to the published folder.

    What is `pointer` or `derived` is made again by the next publication; it belongs to no release.
    """

    dataset: str
    version: str | None
    file: str
    kind: Literal["altered", "missing", "extra", "unreadable", "pointer", "derived"]
    message: str


def version_key(version: str) -> tuple[int, ...]:
    """Versions in the order of their numbers: 1.10.0 after 1.9.0.

    ValueError for anything but three numbers.
    """
    if not _VERSION.match(version):
        raise ValueError(f"{version!r} is not a version such as 1.4.0")
    return tuple(int(part) for part in version.split("."))


def sha256_of(path: Path) -> str:
    """sha256 of a file, in hexadecimal."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def files_below(folder: Path) -> list[str]:
    """Paths of all files below `folder`, relative, with `/`, sorted."""
    return sorted(
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir() or path.is_symlink()
    )


def read_sums(folder: Path) -> dict[str, str]:
    """`SHA256SUMS` of a release: path -> sha256. Raises ReleaseError where it cannot be read."""
    path = folder / SUMS
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        pairs = [re.fullmatch(r"([0-9a-f]{64})  (\S.*)", line) for line in lines]
    except (OSError, UnicodeDecodeError) as error:
        raise damaged(path, str(error)) from error
    if not lines or not all(pairs):
        raise damaged(path, "it is not a list of checksums")
    return {pair[2]: pair[1] for pair in pairs if pair is not None}


def damaged(path: Path, reason: str) -> ReleaseError:
    """The error to raise about a published file that cannot be used."""
    return ReleaseError(
        f"{path}: {reason}. Published files never change: run `ketenmonitor verify` to see what else is "
        "damaged, and put the release back from a copy"
    )


def read_released(folder: Path, relative: str) -> bytes:
    """The bytes of one file of a release, held against its checksum.

    Raises ReleaseError where they differ.
    """
    path = folder / relative
    expected = read_sums(folder).get(relative)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise damaged(path, f"cannot be read ({error.strerror})") from error
    found = hashlib.sha256(content).hexdigest()
    if found != expected:
        raise damaged(path, f"has sha256 {found}, expected {expected or 'an entry in ' + SUMS}")
    return content


def read_record(folder: Path) -> ReleaseRecord:
    """The record of one release. Raises ReleaseError where it is damaged."""
    content = json.loads(read_released(folder, RECORD))
    names = [field.name for field in fields(ReleaseRecord) if field.name != "withdrawn"]
    absent = [name for name in names if name not in content]
    if absent:
        raise damaged(folder / RECORD, f"lacks {', '.join(absent)}")
    withdrawn = (folder / TOMBSTONE).is_file()
    return ReleaseRecord(**{name: content[name] for name in names}, withdrawn=withdrawn)


def record_json(record: ReleaseRecord) -> dict[str, Any]:
    """A record as it is written; whether it is withdrawn is said by its tombstone."""
    return {name: value for name, value in asdict(record).items() if name != "withdrawn"}


def release_folders(published: Path, dataset: str) -> list[Path]:
    """The folders of the releases of one dataset, oldest first."""
    folder = published / "releases" / dataset
    found = [path for path in folder.iterdir() if _VERSION.match(path.name)] if folder.is_dir() else []
    return sorted(found, key=lambda path: version_key(path.name))


def datasets(published: Path) -> list[str]:
    """Ids of all datasets with a release, sorted."""
    folder = published / "releases"
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith(".")) if folder.is_dir() else []


def _listed_versions(published: Path, dataset: str) -> dict[str, str]:
    """Versions in `versions.json` with the checksum of their SHA256SUMS; empty where it is unreadable."""
    try:
        content = json.loads((published / "datasets" / dataset / "versions.json").read_bytes())
        return {entry["version"]: entry["sha256"] for entry in content["versions"]}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _listing_problems(published: Path, dataset: str) -> Iterator[Problem]:
    """Releases that were listed once and are gone or have other checksums now."""
    for version, sha256 in _listed_versions(published, dataset).items():
        relative = f"releases/{dataset}/{version}"
        sums = published / relative / SUMS
        if not sums.is_file():
            yield Problem(
                dataset,
                version,
                relative,
                "missing",
                f"{dataset} {version} was published and is no longer there",
            )
        elif sha256_of(sums) != sha256 and _withdrawn_sums(sums.parent) != sha256:
            message = f"{relative}/{SUMS} differs from what was published: expected sha256 {sha256}"
            yield Problem(dataset, version, f"{relative}/{SUMS}", "altered", message)


def _withdrawn_sums(folder: Path) -> str | None:
    """The checksum of the list of checksums that stood here before a release was withdrawn."""
    try:
        return str(json.loads(read_released(folder, TOMBSTONE))["sha256_before"])
    except (ReleaseError, ValueError, KeyError):
        return None


def known_releases(published: Path, dataset: str) -> list[ReleaseRecord]:
    """The records of all releases of a dataset, oldest first.

    Raises ReleaseError when a record is damaged or a release that `versions.json` lists is gone or altered:
    the next version number would otherwise be given out twice.
    """
    for problem in _listing_problems(published, dataset):
        raise ReleaseError(
            f"{problem.message}. Run `ketenmonitor verify`, put the release back from a copy, or, when it "
            f"went on purpose, remove {published / 'datasets' / dataset / 'versions.json'}"
        )
    return [read_record(folder) for folder in release_folders(published, dataset)]


def _release_problems(published: Path, dataset: str, folder: Path) -> Iterator[Problem]:
    version, at = folder.name, folder.relative_to(published).as_posix()
    try:
        expected = read_sums(folder)
    except ReleaseError as error:
        yield Problem(dataset, version, f"{at}/{SUMS}", "unreadable", str(error))
        return
    present = set(files_below(folder)) - {SUMS}
    for name in sorted(expected.keys() | present):
        if name not in present:
            yield Problem(
                dataset,
                version,
                f"{at}/{name}",
                "missing",
                f"{at}/{name} is listed in {SUMS} and is not there",
            )
        elif name not in expected:
            yield Problem(
                dataset, version, f"{at}/{name}", "extra", f"{at}/{name} is there and is not listed in {SUMS}"
            )
        else:
            found = sha256_of(folder / name)
            if found != expected[name]:
                message = f"{at}/{name} was altered: expected sha256 {expected[name]}, found {found}"
                yield Problem(dataset, version, f"{at}/{name}", "altered", message)


def newest_standing(records: Sequence[ReleaseRecord]) -> ReleaseRecord | None:
    """The newest release that is not withdrawn; `records` are oldest first."""
    return next((record for record in reversed(records) if not record.withdrawn), None)


def _pointer_problems(published: Path, dataset: str, newest: str) -> Iterator[Problem]:
    link = published / "datasets" / dataset / "latest"
    target = f"../../releases/{dataset}/{newest}"
    if not link.is_symlink() or os.readlink(link) != target:
        message = f"datasets/{dataset}/latest does not point to {newest}; the next publication repairs it"
        yield Problem(dataset, newest, f"datasets/{dataset}/latest", "pointer", message)


def verify(published: Path) -> list[Problem]:
    """Hashes every file of every release again; returns what is altered, missing or extra."""
    problems: list[Problem] = []
    for dataset in datasets(published):
        folders = release_folders(published, dataset)
        problems.extend(_listing_problems(published, dataset))
        for folder in folders:
            problems.extend(_release_problems(published, dataset, folder))
        standing = [folder.name for folder in folders if not (folder / TOMBSTONE).exists()]
        if folders:
            newest = (standing or [folder.name for folder in folders])[-1]
            problems.extend(_pointer_problems(published, dataset, newest))
    return problems

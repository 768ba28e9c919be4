"""Putting a backup back: everything is fetched aside and held against its hash before anything is put in place.

A restore that was broken off goes on where it was. What stood in the home before is moved aside and never removed.
Not here: the database of PostgreSQL (`postgres_copies.py`), the words of the command (`upkeep_commands.py`).
"""

import hashlib
import os
import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from assets.sources.archive import write_whole
from pipelines.upkeep.backup import BEFORE, RESTORING
from pipelines.upkeep.backup_store import BackupStore, object_name
from pipelines.upkeep.manifest import BackupError, KeptFile, Manifest, read_manifest
from publish.whole_files import sync_folder, sync_tree

_AT_ONCE = 8
_SHOWN = 5
# beside what was fetched: the list, once everything was held against it; and a note that the home is clear
_WHOLE, _CLEARED = "whole.json", "cleared"


@dataclass(frozen=True)
class Restored:
    """A backup that was looked through, and put in place unless only that was asked. `aside` is what stood there."""

    name: str
    moment: str
    files: int
    bytes: int
    aside: Path | None


def chosen(store: BackupStore, name: str | None) -> tuple[str, Manifest]:
    """The backup of that name, or the newest. Raises BackupError where there is none."""
    names = store.backups()
    if not names:
        raise BackupError(f"{store.where} holds no backup; expected a place that `ketenmonitor backup` wrote to")
    if name is not None and name not in names:
        raise BackupError(f"{store.where} holds no backup {name}; the newest are: {', '.join(names[-_SHOWN:])}")
    wanted = name or names[-1]
    return wanted, read_manifest(wanted, store.backup(wanted))


def check(store: BackupStore, name: str | None) -> Restored:
    """Reads every content of a backup and holds it against its hash. Raises BackupError that names what is wrong."""
    wanted, manifest = chosen(store, name)
    _all_there(store, manifest)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = dict(
            zip(manifest.objects, pool.map(lambda one: _read_through(store, one), manifest.objects), strict=True)
        )
    _refuse([file for file in manifest.files if found[file.sha256] != file.sha256], store, "altered")
    return Restored(wanted, manifest.moment, len(manifest.files), manifest.total_bytes, None)


def restore(store: BackupStore, home: Path, name: str | None, *, force: bool) -> Restored:
    """Puts a backup in an empty home; with `force` in any, and what stood there is moved aside.

    Raises BackupError that names what is missing or altered; then nothing has been put in place.
    """
    wanted, manifest = chosen(store, name)
    staged = home / RESTORING / wanted
    if not _is_whole(staged, manifest):
        _refuse_unless_empty(home, force)
        _all_there(store, manifest)
        _refuse_without_room(home, manifest)
        _fetch_aside(store, manifest, staged)
    aside = _put_in_place(home, staged, wanted)
    return Restored(wanted, manifest.moment, len(manifest.files), manifest.total_bytes, aside)


def _refuse_unless_empty(home: Path, force: bool) -> None:
    if home.exists() and not home.is_dir():
        raise BackupError(f"{home} is no folder; see --home")
    standing = sorted(path.name for path in home.iterdir() if path.name != RESTORING) if home.is_dir() else []
    if standing and not force:
        raise BackupError(
            f"{home} is not empty ({', '.join(standing[:_SHOWN])}); give an empty home with --home, or --force: then "
            "what stands there is moved aside"
        )


def _all_there(store: BackupStore, manifest: Manifest) -> None:
    present = store.contents()
    _refuse([file for file in manifest.files if file.sha256 not in present], store, "missing")


def _refuse(files: Sequence[KeptFile], store: BackupStore, what: str) -> None:
    """Raises BackupError about contents that are not what the list says; passes where there are none."""
    if not files:
        return
    shown = "\n  ".join(f"{file.path} ({object_name(file.sha256)})" for file in files[:_SHOWN])
    more = f"\n  and {len(files) - _SHOWN} more" if len(files) > _SHOWN else ""
    raise BackupError(
        f"{len(files)} files of the backup in {store.where} are {what}; nothing was restored. Choose another backup "
        f"with --backup, or make one anew from a home that is sound.\n  {shown}{more}"
    )


def _refuse_without_room(home: Path, manifest: Manifest) -> None:
    standing = next(path for path in (home, *home.absolute().parents) if path.is_dir())
    free = shutil.disk_usage(standing).free
    if free < manifest.total_bytes:
        raise BackupError(
            f"the backup needs {manifest.total_bytes} bytes and {standing} has {free} free; make room first"
        )


def _read_through(store: BackupStore, sha256: str) -> str:
    digest = hashlib.sha256()
    for block in store.blocks(sha256):
        digest.update(block)
    return digest.hexdigest()


def _fetch_aside(store: BackupStore, manifest: Manifest, staged: Path) -> None:
    """Lays the backup out under `staged/home`; what an earlier try fetched is kept where its hash is right."""
    root = staged / "home"
    for folder in {(root / file.path).parent for file in manifest.files} | {root / path for path in manifest.folders}:
        folder.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        sound = list(pool.map(lambda file: _fetch(store, file, root / file.path), manifest.files))
    altered = [file for file, right in zip(manifest.files, sound, strict=True) if not right]
    if altered:
        shutil.rmtree(staged)
        _refuse(altered, store, "altered")
    for link in manifest.links:
        place = root / link.path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.unlink(missing_ok=True)
        place.symlink_to(link.target)
    sync_tree(root)
    write_whole(staged / _WHOLE, manifest.to_bytes())


def _is_whole(staged: Path, manifest: Manifest) -> bool:
    path = staged / _WHOLE
    return path.is_file() and path.read_bytes() == manifest.to_bytes()


def _fetch(store: BackupStore, file: KeptFile, place: Path) -> bool:
    """Whether the bytes that were fetched are those of the list."""
    if place.is_file() and place.stat().st_size == file.bytes:
        with place.open("rb") as stream:
            if hashlib.file_digest(stream, "sha256").hexdigest() == file.sha256:
                place.chmod(file.mode & 0o777)
                return True
    digest = hashlib.sha256()
    with place.open("wb") as sink:
        for block in store.blocks(file.sha256):
            digest.update(block)
            sink.write(block)
    place.chmod(file.mode & 0o777)
    return digest.hexdigest() == file.sha256


def _put_in_place(home: Path, staged: Path, name: str) -> Path | None:
    """Moves aside what stands in the home, then moves in what was fetched, part by part; each part is moved whole.

    A second try after a kill finds in `staged` what is still to be moved.
    """
    aside = home / f"{BEFORE}{name}"
    if not (staged / _CLEARED).exists():
        for path in sorted(home.iterdir()):
            if path.name != RESTORING and not path.name.startswith(BEFORE):
                aside.mkdir(exist_ok=True)
                os.rename(path, _free(aside, path.name))
        write_whole(staged / _CLEARED, b"what stood in the home was moved aside\n")
    for source in sorted((staged / "home").iterdir()):
        os.rename(source, home / source.name)
    sync_folder(home)
    shutil.rmtree(home / RESTORING)
    return aside if aside.is_dir() else None


def _free(folder: Path, name: str) -> Path:
    number, place = 1, folder / name
    while place.exists() or place.is_symlink():
        number += 1
        place = folder / f"{name}-{number}"
    return place

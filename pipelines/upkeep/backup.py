"""Making a backup: every file of a home by its content, each database as it is at one moment, and the list last.

What a release cites is copied after the release, so that no backup holds a release without its sources. Left out is
what can be made again from the rest: old nights that were rebuilt, and what a broken-off write left.
Not here: where it is kept (`backup_store.py`), putting it back (`restore.py`).
"""

import fnmatch
import hashlib
import os
import sqlite3
import stat
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, nullcontext
from dataclasses import dataclass
from pathlib import Path

from assets.sources.archive import WRITING
from pipelines.upkeep.backup_store import BackupStore, ChangedMeanwhile
from pipelines.upkeep.manifest import POSTGRES_DUMP, BackupError, KeptFile, KeptLink, Manifest
from publish.lock import LOCK, publishing
from publish.whole_files import INCOMING

#: What a restore is still putting together, and what stood in the home before it.
RESTORING, BEFORE = ".restoring", "before-restore-"
# rebuilt old nights are made of links into the rest; dagster.yaml names the home and is written anew
_LEFT_OUT = (
    "as_of",
    RESTORING,
    f"{BEFORE}*",
    "dagster/dagster.yaml",
    "dagster/workspace.yaml",
    "dagster/*-wal",
    "dagster/*-shm",
)
_LEFT_OUT_NAMES = (LOCK, f"{WRITING}*", f"{INCOMING}*")
# copied in this order: what is cited after what cites it
_ORDER = ("dagster", "published", "staging", "tables", "quarantine", "nights", "archive")
_AT_ONCE = 8
_TRIES = 5


@dataclass(frozen=True)
class BackupDone:
    """A backup that was made. `new_*` is what had to be copied; `remarks` are no failure."""

    name: str
    where: str
    files: int
    bytes: int
    new_contents: int
    new_bytes: int
    remarks: tuple[str, ...]


@dataclass(frozen=True)
class _Copied:
    file: KeptFile
    new: bool


def back_up(home: Path, store: BackupStore, moment: str, version: str, *, postgres: Path | None = None) -> BackupDone:
    """Copies what is new and writes the list.

    `postgres` is a dump of the database, where Dagster's history stands in one. Raises BackupError; what was copied
    until then is used by the next try.
    """
    if not home.is_dir():
        raise BackupError(f"there is no home at {home}; see --home")
    known = store.contents()
    copied: list[_Copied] = []
    remarks: list[str] = []
    links: list[KeptLink] = []
    folders: list[str] = []
    for top in _tops(home):
        held = publishing(home / top) if top == "published" else nullcontext()
        with held, ThreadPoolExecutor(_AT_ONCE) as pool:
            paths: list[Path] = []
            for path in _below(home, home / top):
                if path.is_symlink():
                    link = _link(home, path)
                    links += [link] if link else []
                    remarks += [] if link else [f"{path.relative_to(home)}: a link that leads elsewhere was left out"]
                elif path.is_dir():
                    folders.append(path.relative_to(home).as_posix())
                elif path.is_file():
                    paths.append(path)
            databases = [path for path in paths if top == "dagster" and path.suffix == ".db"]
            plain = [path for path in paths if path not in databases]
            copied += [one for one in pool.map(lambda path: _keep(home, path, store, known), plain) if one]
            copied += _databases(home, databases, store, known, remarks)
    if postgres is not None:
        copied.append(_put(postgres, POSTGRES_DUMP, 0o600, store, known))
    files = tuple(sorted((one.file for one in copied), key=lambda file: file.path))
    manifest = Manifest(
        moment, version, files, tuple(sorted(links, key=lambda link: link.path)), tuple(sorted(folders))
    )
    name = _free_name(moment, store.backups())
    store.put_backup(name, manifest.to_bytes())
    new = {one.file.sha256: one.file.bytes for one in copied if one.new}
    return BackupDone(name, store.where, len(files), manifest.total_bytes, len(new), sum(new.values()), tuple(remarks))


def _tops(home: Path) -> list[str]:
    names = [path.name for path in home.iterdir() if not _left_out(path.name)]
    return sorted(names, key=lambda name: (_ORDER.index(name) if name in _ORDER else 3, name))


def _left_out(relative: str) -> bool:
    name = relative.rpartition("/")[2]
    return any(fnmatch.fnmatchcase(relative, pattern) for pattern in _LEFT_OUT) or any(
        fnmatch.fnmatchcase(name, pattern) for pattern in _LEFT_OUT_NAMES
    )


def _below(home: Path, top: Path) -> Iterator[Path]:
    """Everything from `top` down: files, links, and folders in which nothing stands."""
    if top.is_symlink() or not top.is_dir():
        yield top
        return
    for at, names, files in os.walk(top):
        if not names and not files:
            yield Path(at)
        names.sort()
        linked = [name for name in names if Path(at, name).is_symlink()]
        for name in sorted((*files, *linked)):
            path = Path(at, name)
            if not _left_out(path.relative_to(home).as_posix()):
                yield path


def _link(home: Path, path: Path) -> KeptLink | None:
    """A link within the home; None for one that leads elsewhere."""
    target = os.readlink(path)
    inside = Path(os.path.normpath(path.parent / target)).is_relative_to(home)
    return KeptLink(path.relative_to(home).as_posix(), target) if inside and not target.startswith("/") else None


def _keep(home: Path, path: Path, store: BackupStore, known: set[str]) -> _Copied | None:
    """One file; None where it has gone since it was seen, which a night may do with what it has replaced."""
    try:
        return _put(path, path.relative_to(home).as_posix(), stat.S_IMODE(path.stat().st_mode), store, known)
    except FileNotFoundError:
        return None


def _put(path: Path, kept_as: str, mode: int, store: BackupStore, known: set[str]) -> _Copied:
    for _ in range(_TRIES):
        with path.open("rb") as stream:
            sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
            size = stream.tell()
        file = KeptFile(kept_as, sha256, size, mode)
        if sha256 in known:
            return _Copied(file, new=False)
        try:
            store.put(path, sha256)
        except ChangedMeanwhile:
            continue
        known.add(sha256)
        return _Copied(file, new=True)
    raise BackupError(f"{kept_as} changes faster than it can be copied; run again when no night runs")


def _databases(
    home: Path, databases: Sequence[Path], store: BackupStore, known: set[str], remarks: list[str]
) -> Iterator[_Copied]:
    """Databases of SQLite as they are at one moment, whoever writes in them meanwhile."""
    with tempfile.TemporaryDirectory() as aside:
        for path in databases:
            kept_as, copy = path.relative_to(home).as_posix(), Path(aside, "copy.db")
            try:
                with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(copy)) as target:
                    source.backup(target)
            except sqlite3.Error as error:
                remarks.append(f"{kept_as}: not a database that can be read ({error}); kept as it is")
                copy = path
            yield _put(copy, kept_as, stat.S_IMODE(path.stat().st_mode), store, known)
            if copy != path:
                copy.unlink()


def _free_name(moment: str, taken: Sequence[str]) -> str:
    stem = moment.replace(":", "")
    number, name = 1, stem
    while name in taken:
        number += 1
        name = f"{stem}-{number}"
    return name

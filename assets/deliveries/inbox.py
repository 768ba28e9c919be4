"""The inbox: files that wait below `<inbox>/<delivery>/`, and taking all of them in.

A file is left alone while it may still be written to. One that was taken in leaves the inbox; its bytes are archived.
Not here: taking one file in (`taking_in.py`).
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from assets.deliveries.handed_in import is_handed_in
from contracts.delivery_contract import delivery, delivery_names
from publish.unseen import spelled_out

if TYPE_CHECKING:
    from assets.deliveries.taking_in import Counter
    from publish.receipt import Receipt

#: Names that programs give to files which they have not finished.
UNFINISHED = (".part", ".partial", ".tmp", ".crdownload", ".filepart")
#: A file whose last write lies at least this many seconds back is finished.
SETTLED_SECONDS = 10
DESCRIPTOR = "datapackage.json"


@dataclass(frozen=True)
class Waiting:
    """A file (or a folder with a data package) in the inbox; `problem` says why it cannot be taken in."""

    path: Path
    delivery: str
    problem: str = ""


def prepare_inbox(inbox: Path) -> None:
    """Makes a folder for every delivery, so that who hands in sees where to put a file."""
    for name in delivery_names():
        (inbox / name).mkdir(parents=True, exist_ok=True)


def waiting_files(inbox: Path, now: float) -> list[Waiting]:
    """What may be taken in: a delivery at a time, and of one the file that was written last comes last.

    `now` is in seconds since 1970: what was written just before waits.
    """
    found = []
    folders = sorted(path for path in inbox.glob("*") if path.is_dir())
    for folder in folders:
        dated = sorted((written, path) for path in folder.iterdir() if (written := _finished(path, now)) is not None)
        found += [Waiting(path, folder.name, _problem(path, folder)) for _, path in dated]
    # a file that lies beside the folders belongs to no delivery
    loose = sorted(path for path in inbox.glob("*") if path not in folders and _finished(path, now) is not None)
    return found + [Waiting(path, "", "put it in the folder of its delivery") for path in loose]


def _problem(path: Path, folder: Path) -> str:
    """Why it cannot be taken in, with what to do; empty where nothing stands in the way."""
    known = delivery_names()
    if folder.name not in known:
        return f"there is no delivery {folder.name!r}; move it to one of {', '.join(known)}"
    if path.is_symlink():
        return "it is a link, and links are not followed; put the file itself here"
    if path.is_dir() and not (path / DESCRIPTOR).is_file():
        return f"it is a folder without {DESCRIPTOR}; put files here, or a data package"
    if not is_handed_in(path):
        return "it is no file but a pipe or device; put a file here"
    return ""


def _finished(path: Path, now: float) -> float | None:
    """When it was last written to; None while it may still be written to, or is somebody's passing file."""
    if path.name.startswith((".", "~$")) or path.suffix.lower() in UNFINISHED:
        return None
    parts: Iterable[Path] = path.rglob("*") if path.is_dir() and not path.is_symlink() else ()
    try:
        written = max(part.lstat().st_mtime for part in (path, *parts))
    except FileNotFoundError:
        return None  # it went while we looked
    return written if written <= now - SETTLED_SECONDS else None


def take_in_all(
    counter: Counter, inbox: Path, now: float, say: Callable[[str], None]
) -> tuple[list[Receipt], list[Waiting]]:
    """Takes in all that waits; returns the receipts and what had to stay where it is."""
    from assets.deliveries.taking_in import take_in

    receipts, left = [], []
    for found in waiting_files(inbox, now):
        if not found.problem:
            found = replace(found, problem=_cannot_be_opened(found.path))
        if found.problem:
            left.append(found)
            say(f"{spelled_out(str(found.path.relative_to(inbox)))} was left in the inbox: {found.problem}")
            continue
        receipt = take_in(counter, found.path, delivery(found.delivery))
        remove(found.path)
        receipts.append(receipt)
        say(sentence(receipt))
    return receipts, left


def _cannot_be_opened(path: Path) -> str:
    """Why a file cannot be opened: one must not keep the others waiting. Empty where it can."""
    try:
        with (path / DESCRIPTOR if path.is_dir() else path).open("rb"):
            return ""
    except OSError as error:
        return f"it cannot be opened ({error.strerror}); give the account that runs Ketenmonitor access to it"


def remove(path: Path) -> None:
    """Takes what was taken in out of the inbox."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def sentence(receipt: Receipt) -> str:
    """One line for the log: what came in and what became of it."""
    who = f"{receipt.deliverer or 'unknown'} {receipt.period or ''}".strip()
    rows = (
        f"{receipt.rows_in} rows = {receipt.rows_accepted} accepted + {receipt.rows_refused} refused + "
        f"{receipt.exact_duplicates} duplicates"
    )
    why = f": {receipt.reason_en}" if receipt.reason_en else ""
    state = receipt.outcome.replace("_", " ")
    return f"{receipt.delivery}, {who}, {receipt.file_name}: {state}, {rows}{why} (receipt {receipt.id})"

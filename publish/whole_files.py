"""Files that are there whole or not at all, also after a power cut.

Here: writing and renaming. Not here: what is written.
"""

from __future__ import annotations

import os
from pathlib import Path

# Names of what a process leaves behind that died halfway; nothing published begins with it.
INCOMING = ".incoming-"


def sync_folder(folder: Path) -> None:
    """Makes the entries of a folder survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def replace_if_changed(path: Path, content: bytes) -> bool:
    """Writes aside and replaces in one step, only where the bytes differ; says whether it wrote."""
    if path.is_file() and path.read_bytes() == content:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(INCOMING + path.name)
    with aside.open("wb") as handle:
        handle.write(content)
        handle.flush()
        os.fsync(handle.fileno())
    os.replace(aside, path)
    sync_folder(path.parent)
    return True


def sync_tree(folder: Path) -> None:
    """Makes all files and folders below `folder` survive a power cut."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            with path.open("rb") as handle:
                os.fsync(handle.fileno())
    for path in (folder, *(path for path in folder.rglob("*") if path.is_dir())):
        sync_folder(path)

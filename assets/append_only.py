"""Files of one JSON object a line that only ever grow: whole after a power cut, one writer at a time.

Here: adding a line, and reading what is there.
Not here: what the lines say (`decisions_book.py`, `deliveries/book.py`).
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from publish.whole_files import sync_folder


@contextmanager
def one_writer(folder: Path) -> Iterator[None]:
    """Holds the lock of a folder; the system lets go of it when a process dies."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(handle, fcntl.LOCK_UN)


def add_line(path: Path, content: Mapping[str, Any]) -> None:
    """Adds a line and sees it onto the disk. The caller holds the lock."""
    line = (json.dumps(content, ensure_ascii=False) + "\n").encode()
    # a line that was broken off stays broken: the new one begins on a line of its own
    whole = not path.exists() or not path.stat().st_size or path.read_bytes()[-1:] == b"\n"
    with path.open("ab") as handle:
        handle.write(line if whole else b"\n" + line)
        handle.flush()
        os.fsync(handle.fileno())
    sync_folder(path.parent)


def read_lines(path: Path) -> list[dict[str, Any]]:
    """All lines, in the order in which they were added; one that was broken off counts for nothing."""
    found = []
    for line in path.read_bytes().splitlines() if path.exists() else []:
        try:
            read = json.loads(line)
        except ValueError:
            continue
        if isinstance(read, dict):
            found.append(read)
    return found

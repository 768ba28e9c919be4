"""One publisher at a time: who changes the published folder holds its lock.

Here: the lock. Not here: what is done under it (`promotion.py`, `withdrawal.py`, `catalogue.py`).
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LOCK = ".publishing.lock"


@contextmanager
def publishing(published: Path) -> Iterator[None]:
    """Waits until no other process publishes into this folder, then holds it until the end of the block.

    The system lets go of the lock when a process dies, so that none is ever left behind.
    """
    published.mkdir(parents=True, exist_ok=True)
    with (published / LOCK).open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(handle, fcntl.LOCK_UN)

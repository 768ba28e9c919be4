"""A body on its way into the archive: on disk and hashed while it arrives.

Here: one file that is being written. Not here: its name and its record (`archive.py`), and asking for it (`http.py`).
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

#: What a write that was broken off leaves behind begins with this; it counts for nothing.
WRITING = ".writing-"


class Incoming:
    """A body on its way in: written to disk and hashed piece by piece, and never wholly in memory."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=folder, prefix=WRITING)
        self.path, self._stream = Path(name), os.fdopen(handle, "wb")
        self.bytes, self._hash = 0, hashlib.sha256()

    @property
    def sha256(self) -> str:
        """The hash of what was written."""
        return self._hash.hexdigest()

    def restart(self) -> None:
        """Forgets what was written: the body is asked for once more."""
        self._stream.seek(0)
        self._stream.truncate()
        self.bytes, self._hash = 0, hashlib.sha256()

    def write(self, piece: bytes) -> None:
        """Adds the next piece."""
        self._stream.write(piece)
        self._hash.update(piece)
        self.bytes += len(piece)

    def close(self, keep_as: Path | None = None) -> None:
        """Ends the writing; the file gets its name, or goes."""
        try:
            if keep_as is not None:
                self._stream.flush()
                os.fsync(self._stream.fileno())
                os.chmod(self.path, 0o644)
                os.replace(self.path, keep_as)
        finally:
            self._stream.close()
            self.path.unlink(missing_ok=True)

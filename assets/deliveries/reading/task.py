"""What every reader is given: the file, the delivery it is for, where to write and how far to read.

Not here: reading.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from assets.deliveries.delivered_file import Declared, Told
from assets.deliveries.reading.bounds import Bounds
from contracts.delivery_contract import Delivery


@dataclass(frozen=True)
class Task:
    """One file to be read.

    `path` is a file on disk that is only read; `folder` takes the rows, `work` is a folder that is cleared afterwards.
    `missing` are texts that mean an empty cell besides the empty text (a data package may name them). `notes` are told
    beside those of the reader itself.
    """

    path: Path
    delivery: Delivery
    folder: Path
    work: Path
    bounds: Bounds
    declared: Declared = field(default_factory=Declared)
    missing: frozenset[str] = frozenset()
    notes: tuple[Told, ...] = ()

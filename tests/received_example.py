"""A fetch of a source from a service, into an archive that is gone afterwards.

For tests about the answer alone. Not here: tests about what lies in the archive; they have one of their own.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from assets.sources.archive import Archive
from assets.sources.live import Known, LiveAnswer, LiveService, Unchanged
from assets.sources.received import Received
from contracts.contract import Contract

NIGHT = "2026-11-20T03:00:00Z"


def asked(service: LiveService, contract: Contract, known: Known | None = None) -> LiveAnswer | Unchanged:
    """The answer of a service to a night that knows `known` (None: nothing)."""
    with TemporaryDirectory() as home:
        received = Received(Archive(Path(home)), contract.table, NIGHT)
        try:
            return service.fetch(contract, known or Known(), received)
        finally:
            received.finished()

"""Fetching some sources again by day, because somebody asked: the whole body, whatever the service says of our copy.

What the next build reads changes for these sources only. Not here: fetching itself (`fetch.py`), and who asked
(`assets/decisions_book.py`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from assets.as_of import keep_night
from assets.sources.archive import write_whole
from assets.sources.fetch import fetch_all
from assets.sources.fetched import Fetched

if TYPE_CHECKING:
    from pathlib import Path

    from assets.night import Night


def fetch_again(night: Night, sources: Sequence[str], say: Callable[[str], None]) -> list[Fetched]:
    """Fetches these sources anew and pins what came for the next build; the pins of all others stay.

    Names must be those of sources. Two fetches at once would forget each other's pins: the caller holds the night.
    """
    settings = replace(night.fetch_settings(), anew=frozenset(sources))
    fetched = fetch_all(sources, night.archive, settings, night.moment, say)
    pins, facts = _read(night.vintages), _read(night.fetched)
    for item in fetched:
        facts[item.source] = item.facts()
        if item.record is not None:
            pins[item.source] = item.record.sha256
    write_whole(night.vintages, (json.dumps(pins, indent=1) + "\n").encode())
    write_whole(night.fetched, (json.dumps(facts, ensure_ascii=False, indent=1) + "\n").encode())
    keep_night(night, {source: str(copy) for source, copy in pins.items()})
    return fetched


def _read(path: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return found

"""Which copies of which sources a package has read, as the table `sources`.

Belongs here: putting records and contracts of sources into one table. Does not belong here: the records themselves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from assets.sources.archive import ArchiveRecord
from contracts.contract import source_contract


def _noted(*texts: str | None) -> str | None:
    """Notes one after another; None where there is none."""
    return " ".join(text for text in texts if text) or None


def sources_frame(
    copies: Sequence[tuple[ArchiveRecord, int]], stale: Mapping[str, tuple[str, str]] | None = None
) -> pd.DataFrame:
    """Records with their number of rows, in the shape of `products/shapes/source`.

    `stale` says of a source in both languages that it is older than its contract allows; that stands before its note.
    """
    warned = stale or {}
    rows = []
    for record, count in copies:
        contract = source_contract(record.source)
        rows.append(
            {
                "source": record.source,
                "title_nl": contract.title_nl,
                "title_en": contract.title_en,
                "publisher": contract.get("publisher"),
                "vintage": record.vintage,
                "sha256": record.sha256,
                "bytes": record.bytes,
                "edition": record.edition,
                "retrieved_at": pd.Timestamp(record.retrieved_at),
                "retrieved_from": record.retrieved_from,
                "origin_of_bytes": record.origin,
                "flags_kept": record.flags_kept,
                "licence": contract.get("licence"),
                "attribution": contract.get("attribution"),
                "homepage": contract.get("homepage"),
                "rows": count,
                "note_nl": _noted(warned.get(record.source, ("", ""))[0], record.note_nl),
                "note_en": _noted(warned.get(record.source, ("", ""))[1], record.note_en),
            }
        )
    return pd.DataFrame(rows)

"""Reads the embedded edition: real figures that ship with the software, so that a night without network does its job.

Here: finding the files and their records.
Not here: writing them (`embed.py`) or parsing them (the same parser as for live bytes).
"""

from __future__ import annotations

import json
from pathlib import Path

from assets.sources.archive import ArchiveRecord, record_of

EMBEDDED = Path(__file__).parent / "embedded"

#: The folder of each kind of source, and the layout in which it answers.
LAYOUTS = {"eurostat": ".csv", "cbs": ".json", "research": ".csv", "curated": ".csv"}


def embedded_copy(source: str, folder: Path = EMBEDDED) -> tuple[bytes, ArchiveRecord]:
    """Bytes and record of the embedded copy of a source; FileNotFoundError where there is none."""
    for kind, suffix in LAYOUTS.items():
        path = folder / kind / f"{source}{suffix}"
        if path.exists():
            noted = json.loads((folder / kind / f"{source}.record.json").read_text(encoding="utf-8"))
            body = path.read_bytes()
            edition = noted.get("edition")
            return body, record_of(
                body,
                source=source,
                retrieved_at=noted["retrieved_at"],
                retrieved_from=noted["retrieved_from"],
                origin="curated" if kind == "curated" else "embedded_edition",
                edition=", ".join(edition) if isinstance(edition, list) else edition,
                flags_kept=bool(noted.get("flags_kept", True)),
                note_nl=noted.get("note_nl"),
                note_en=noted.get("note_en"),
            )
    raise FileNotFoundError(f"the embedded edition has no table {source}")

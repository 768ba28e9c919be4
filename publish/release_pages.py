"""The pages that travel inside a release: its list of files, the quality report, the changes, a tombstone.

Here: what goes into them. Not here: how they are made to stand alone (`standing_pages.py`), the pages of the site
(`site/`), or the facts (`quality.py`, `difference.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from publish.release_facts import ReleasedFile, ReleaseFacts
from publish.standing_pages import standing_page

CHANGES_SHOWN = 500


def file_list(facts: ReleaseFacts, files: Sequence[ReleasedFile]) -> bytes:
    """`index.html` of a release: every file with size and checksum."""
    return standing_page("index.html.j2", facts=facts, files=files)


def quality_page(facts: ReleaseFacts, report: Mapping[str, Any]) -> bytes:
    """`quality.html`: the quality report (`quality.quality_report`) as a page."""
    return standing_page("quality.html.j2", facts=facts, report=report)


def changes_page(facts: ReleaseFacts, summary: Mapping[str, Any], changes: pa.Table) -> bytes:
    """`diff/index.html`: what changed, with the first cells; all of them are in `diff/changes.csv`."""
    shown = changes.slice(0, CHANGES_SHOWN).to_pylist()
    return standing_page("changes.html.j2", facts=facts, summary=summary, changes=shown, all_changes=changes.num_rows)


def tombstone_page(title_nl: str, title_en: str, tombstone: Mapping[str, Any]) -> bytes:
    """`index.html` of a release that was withdrawn: why, since when, and which release takes its place."""
    return standing_page("tombstone.html.j2", title_nl=title_nl, title_en=title_en, tombstone=tombstone)

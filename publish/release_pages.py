"""The pages that travel inside a release: its list of files, the quality report, the changes, a tombstone.

They stand for good and away from any site, so each carries its own small style and no script.
Here: what goes into them. Not here: the pages of the site (`site/`), or the facts (`quality.py`, `difference.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import pyarrow as pa
from jinja2 import Environment, PackageLoader, StrictUndefined

from publish.numbers_and_dates import day, number
from publish.release_facts import ReleasedFile, ReleaseFacts
from publish.unseen import visible

CHANGES_SHOWN = 500


@cache
def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("publish", "documents"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=lambda value: visible(value) if type(value) is str else value,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters["number"] = number
    made.filters["day"] = day
    return made


def _page(template: str, **facts: Any) -> bytes:
    return _environment().get_template(template).render(**facts).encode()


def file_list(facts: ReleaseFacts, files: Sequence[ReleasedFile]) -> bytes:
    """`index.html` of a release: every file with size and checksum."""
    return _page("index.html.j2", facts=facts, files=files)


def quality_page(facts: ReleaseFacts, report: Mapping[str, Any]) -> bytes:
    """`quality.html`: the quality report (`quality.quality_report`) as a page."""
    return _page("quality.html.j2", facts=facts, report=report)


def changes_page(facts: ReleaseFacts, summary: Mapping[str, Any], changes: pa.Table) -> bytes:
    """`diff/index.html`: what changed, with the first cells; all of them are in `diff/changes.csv`."""
    shown = changes.slice(0, CHANGES_SHOWN).to_pylist()
    return _page("changes.html.j2", facts=facts, summary=summary, changes=shown, all_changes=changes.num_rows)


def tombstone_page(title_nl: str, title_en: str, tombstone: Mapping[str, Any]) -> bytes:
    """`index.html` of a release that was withdrawn: why, since when, and which release takes its place."""
    return _page("tombstone.html.j2", title_nl=title_nl, title_en=title_en, tombstone=tombstone)

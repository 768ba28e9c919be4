"""Eurostat's table of contents: when each table was last updated, so that an unchanged one need not be fetched.

It is one text of some 12,000 lines, tabs between quoted cells, dates as 27.02.2025 without the hour. Eurostat updates
at 11:00 and at 23:00, and so a copy of the day of an update may be followed by a newer one of the same day.
Not here: asking for it (`eurostat_service.py`).
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass

from assets.sources.archive import ArchiveRecord

ADDRESS = "catalogue/toc/txt?lang=en"
_CODE, _UPDATED, _RESTRUCTURED = "code", "last update of data", "last table structure change"
_DAY = re.compile(r"(\d\d)\.(\d\d)\.(\d{4})")


class ContentsUnreadable(ValueError):
    """The table of contents is not what it was; the message says what was expected and found."""


@dataclass(frozen=True)
class Listed:
    """What the table of contents says of one table, as ISO dates; empty where it says nothing."""

    updated: str
    restructured: str


def parse_contents(body: bytes) -> Mapping[str, Listed]:
    """The tables of the table of contents by their code in lower case; a table that stands twice has its newest dates.

    Raises ContentsUnreadable for a body that is no table of contents.
    """
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ContentsUnreadable(f"expected UTF-8, found byte {body[error.start]:#04x}") from error
    lines = csv.reader(io.StringIO(text, newline=""), delimiter="\t")
    try:
        header = [name.strip().lower() for name in next(lines, [])]
        if not {_CODE, _UPDATED} <= set(header):
            raise ContentsUnreadable(
                f"expected the columns {_CODE} and {_UPDATED}, found {', '.join(header)[:120] or 'nothing'}"
            )
        code, updated = header.index(_CODE), header.index(_UPDATED)
        restructured = header.index(_RESTRUCTURED) if _RESTRUCTURED in header else None
        found: dict[str, Listed] = {}
        for line in lines:
            if len(line) <= max(code, updated, restructured or 0):
                continue
            name = line[code].strip().lower()
            told = Listed(_iso(line[updated]), _iso(line[restructured]) if restructured is not None else "")
            before = found.get(name, told)
            found[name] = Listed(max(before.updated, told.updated), max(before.restructured, told.restructured))
    except csv.Error as error:
        raise ContentsUnreadable(f"expected cells between tabs, found what cannot be read so ({error})") from error
    return {name: told for name, told in found.items() if told.updated}


def _iso(cell: str) -> str:
    day = _DAY.fullmatch(cell.strip())
    return f"{day[3]}-{day[2]}-{day[1]}" if day else ""


def nothing_newer(listed: Listed, record: ArchiveRecord) -> bool:
    """Whether a copy is the newest that there can be.

    It is when it was retrieved on a later day than the last change (an update at 23:00 of the same day may have come
    after it), and when its own edition is not older than the last update (the service may have given an old one).
    """
    retrieved = record.retrieved_at[:10]
    edition = record.edition[:10] if record.edition else listed.updated
    return edition >= listed.updated and retrieved > max(listed.updated, listed.restructured)

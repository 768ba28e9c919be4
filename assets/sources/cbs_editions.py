"""What CBS says about a table as a whole: its edition, whether it is still kept up, and which table follows it.

Here: `TableInfos` of OData v3 and `Properties` of v4. Not here: code lists (`cbs_codes.py`) and rows.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from assets.sources.bundle import BundleError, part_of
from assets.sources.cbs_answers import answer_of, single
from assets.sources.eurostat import SourceUnreadable
from assets.sources.http_body import one_line
from assets.sources.live import Stopped

#: Words by which CBS says that a table is no longer kept up, in any of the fields below.
STOPPED = ("gediscontinueerd", "stopgezet", "vervallen", "gearchiveerd", "discontinued")
#: The part of a bundle that holds the description: v3, v4.
DESCRIPTIONS = ("TableInfos.json", "Properties.json")
_STATE_FIELDS = ("OutputStatus", "Status", "ReasonDelivery", "VersionReason", "Frequency")
#: Fields that change with the figures or with what is said of them; together the name of an edition.
_STAMP_FIELDS = ("Version", "Modified", "MetaDataModified", "ObservationsModified")
_TEXT_FIELDS = ("ShortDescription", "Description", "LongDescription", "Source", "VersionNotes")

_FOLLOWS = re.compile(
    r"(?:opgevolgd|vervangen|voortgezet|succeeded|replaced|continued)\s+(?:door|in|by)\s+(?:de\s+|the\s+)?"
    r"(?:nieuwe\s+|new\s+)?(?:tabel(?:len)?|tables?)\s*:?\s*([^\r\n<]{3,200})",
    re.IGNORECASE,
)
_LINK = re.compile(r"dataset/([0-9]{4,6}[A-Za-z]{0,3})\b[^>]*>\s*([^<]{3,300})<", re.IGNORECASE)
_TABLE_ID = re.compile(r"\b([0-9]{5}[A-Za-z]{3})\b")


@dataclass(frozen=True)
class Edition:
    """One edition of a table: `stamp` names it, `day` is the day on which CBS last changed the figures.

    `state` holds the word by which CBS says that the table has stopped, `successor` what it says follows; both are
    empty for a table that is kept up.
    """

    table: str
    title: str
    stamp: str
    day: str
    reason: str
    state: str
    successor: str

    def stopped(self) -> Stopped | None:
        """That the table has stopped, and what follows it; None for a table that is kept up."""
        if not self.state:
            return None
        follows = f"it names as successor {self.successor}" if self.successor else "it names no successor"
        volgt = f"het noemt als opvolger {self.successor}" if self.successor else "het noemt geen opvolger"
        return Stopped(
            f"Het CBS houdt deze tabel niet meer bij ({self.state}); {volgt}: laat het contract daarheen wijzen",
            f"CBS no longer keeps this table up ({self.state}); {follows}: let the contract point there",
        )


def edition_of(body: bytes, table: str) -> Edition:
    """The edition from `TableInfos` (v3) or `Properties` (v4).

    Raises SourceUnreadable where it is about another table, or gives no date.
    """
    said = single(answer_of(body, table), table)
    found = str(said.get("Identifier", "")).strip()
    if found.casefold() != table.casefold():
        raise SourceUnreadable(f"table {table}: expected its description, found that of {found[:40] or 'no table'!r}")
    stamps = [f"{name}={said[name]}" for name in _STAMP_FIELDS if said.get(name)]
    day = str(said.get("ObservationsModified") or said.get("Modified") or "")[:10]
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", day):
        raise SourceUnreadable(f"table {table}: expected the date on which CBS changed it, found {day!r} as Modified")
    state = next(
        (str(said[name]) for name in _STATE_FIELDS if str(said.get(name) or "").strip().casefold() in STOPPED), ""
    )
    return Edition(
        table=table,
        title=str(said.get("Title", "")).strip(),
        stamp="; ".join(stamps),
        day=day,
        reason=str(said.get("ReasonDelivery") or said.get("VersionReason") or "").strip(),
        state=state,
        successor=_successor(said, table) if state else "",
    )


def stopped_in(body: bytes, table: str) -> Stopped | None:
    """What an archived copy says of the table itself: that it has stopped; None where it does not tell."""
    for part in DESCRIPTIONS:
        try:
            about = part_of(body, part)
            if about is not None:
                return edition_of(about, table).stopped()
        except (BundleError, SourceUnreadable):
            continue
    return None


def _successor(said: Mapping[str, Any], table: str) -> str:
    """What the description says follows: a title, with the code of the table where a link or the text gives it."""
    text = "\n".join(str(said.get(name) or "") for name in _TEXT_FIELDS)
    links = {
        " ".join(title.split()): code for code, title in _LINK.findall(text) if code.casefold() != table.casefold()
    }
    told = _FOLLOWS.search(text)
    if told is None:
        return ""
    title = one_line(told.group(1)).strip(" .")
    code = _TABLE_ID.search(title)
    if code is not None:
        return f"{title!r}"
    fits = [
        found for linked, found in links.items() if _words(linked) <= _words(title) or _words(title) <= _words(linked)
    ]
    return f"{title!r} ({fits[0]})" if len(fits) == 1 else f"{title!r}"


def _words(title: str) -> set[str]:
    return set(re.findall(r"\w+", title.casefold()))

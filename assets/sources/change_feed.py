"""Which tables Eurostat has changed since our newest copy: one small request, without fetching a table.

Here: asking the table of contents and holding it against the archive. Not here: fetching (`fetch.py`).
"""

from __future__ import annotations

from assets.sources.archive import Archive
from assets.sources.eurostat_contents import ADDRESS, ContentsUnreadable, nothing_newer, parse_contents
from assets.sources.http import FetchError, PoliteSession
from contracts.contract import source_contract, source_names


class FeedUnread(RuntimeError):
    """The change feed could not be had or read; the message says why."""


def changed_at_eurostat(archive: Archive, base: str, user_agent: str) -> dict[str, str]:
    """Table -> day of its last change, for the tables of which the service has something newer than our live copies.

    A table of which there is no live copy yet counts as changed. Raises FeedUnread.
    """
    session = PoliteSession(user_agent)
    try:
        listed = parse_contents(session.get(f"{base}/{ADDRESS}").body)
    except (FetchError, ContentsUnreadable) as error:
        raise FeedUnread(f"Eurostat's table of contents could not be read: {error}") from error
    finally:
        session.close()
    found = {}
    for name in source_names():
        told = listed.get(name.lower())
        if told is None or source_contract(name).get("sourceKind") != "eurostat":
            continue
        confirmed = archive.confirmations(name)
        live = [confirmed.get(record.sha256, record) for record in archive.records(name)]
        live = [record for record in live if record.origin == "live"]
        newest = max(live, key=lambda record: record.retrieved_at, default=None)
        if newest is None or not nothing_newer(told, newest):
            found[name] = max(told.updated, told.restructured)
    return found

"""The feeds of the site: which releases stand in them, and what changed in words.

Here: entries from versions. Not here: Atom itself (`publish/catalogue_files.py`).
"""

from __future__ import annotations

from collections.abc import Sequence

from publish.catalogue_files import MOST_ENTRIES, FeedEntry
from publish.numbers_and_dates import Language
from publish.site.numbers import count
from publish.site.reading import Version
from publish.site.rendering import in_language
from publish.site.texts import texts_in


def change_in_words(entry: Version, language: Language) -> str:
    """What a release changed, in one sentence, from its line in `versions.json`."""
    t = texts_in(language)
    if entry.withdrawn:
        return t("release.was_withdrawn")
    if entry.bump == "first":
        return t("release.first")
    counts = {
        name: int(entry.summary.get(name, 0))
        for name in ("rows_added", "rows_removed", "cells_changed", "fields_changed")
    }
    said = [t(f"release.{name}", number=count(amount, language)) for name, amount in counts.items() if amount]
    return ("; ".join(said) + ".") if said else t("release.only_texts")


def entries_of(versions: Sequence[Version], title: str, language: Language) -> list[FeedEntry]:
    """The newest releases of one dataset as entries of a feed."""
    t = texts_in(language)
    return [
        FeedEntry(
            entry.dataset,
            entry.version,
            t("release.withdrawn_title" if entry.withdrawn else "release.title", title=title, version=entry.version),
            change_in_words(entry, language),
            entry.released_at,
            in_language(f"datasets/{entry.dataset}/{entry.version}/", language),
        )
        for entry in versions[:MOST_ENTRIES]
    ]

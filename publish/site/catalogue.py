"""The published folder as the site sees it: datasets, their versions, and the release that stands for each.

Here: which release is the newest that stands, and which dataset serves which chain table. Not here: the parts of a
release (`reading.py`).
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from publish import published as folder_of
from publish.release_facts import Publisher
from publish.site.reading import Release, Version, versions


class Catalogue:
    """All datasets below one published folder. Newest releases are read once and kept; older ones are not kept."""

    def __init__(self, published: Path, publisher: Publisher, without: frozenset[str] = frozenset()) -> None:
        self.published = published
        self.publisher = publisher
        self._without = without
        self._newest: dict[str, Release] = {}

    @cached_property
    def versions(self) -> dict[str, tuple[Version, ...]]:
        """Dataset -> its versions, newest first; a folder without a version is left out."""
        listed = {
            name: self.published / "datasets" / name / "versions.json"
            for name in folder_of.datasets(self.published)
            if name not in self._without
        }
        found = {name: versions(self.published, name) for name, path in listed.items() if path.is_file()}
        return {name: entries for name, entries in found.items() if entries}

    @cached_property
    def current(self) -> dict[str, Version]:
        """Dataset -> the newest version that stands; a dataset of which all is withdrawn is left out."""
        standing = {
            name: next((entry for entry in entries if not entry.withdrawn), None)
            for name, entries in self.versions.items()
        }
        return {name: entry for name, entry in standing.items() if entry is not None}

    @cached_property
    def withdrawn(self) -> dict[str, Version]:
        """Dataset -> its newest version, for each dataset of which no release stands."""
        return {name: entries[0] for name, entries in self.versions.items() if name not in self.current}

    def newest(self, dataset: str) -> Release:
        """The release that stands for a dataset. KeyError where all of it is withdrawn."""
        if dataset not in self._newest:
            self._newest[dataset] = Release(self.published, dataset, self.current[dataset].version)
        return self._newest[dataset]

    def release(self, dataset: str, version: str) -> Release:
        """Any release."""
        current = self.current.get(dataset)
        if current is not None and current.version == version:
            return self.newest(dataset)
        return Release(self.published, dataset, version)

    @cached_property
    def by_chain_table(self) -> dict[str, str]:
        """Chain table or theme -> the dataset that serves it."""
        served: dict[str, str] = {}
        for dataset in self.current:
            served.setdefault(str(self.newest(dataset).descriptor.get("upv:chainTable", "")), dataset)
        return served

    @cached_property
    def withdrawn_chain_tables(self) -> dict[str, str]:
        """Chain table or theme that no release serves -> the withdrawn dataset that served it."""
        served: dict[str, str] = {}
        for dataset, entry in self.withdrawn.items():
            chain_table = str(self.release(dataset, entry.version).descriptor.get("upv:chainTable", ""))
            if chain_table and chain_table not in self.by_chain_table:
                served.setdefault(chain_table, dataset)
        return served

"""Builds the site below a published folder: only what changed since last time, every page whole or not at all.

`site.json` remembers of each unit (a dataset, a release, the home page) from what it was made, and which pages came
out. A unit made from the same things is not drawn again. Here: units and the manifest. Not here: what a page says.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial
from importlib.metadata import version as version_of
from pathlib import Path

from contracts.vocabulary import CODELISTS, REFERENCE
from publish import catalogue_files
from publish.beside_releases import MANIFEST, differing_pages, known_pages, of_the_site
from publish.descriptor import json_bytes
from publish.release_facts import Publisher, ReleaseFacts
from publish.site import dataset_page, feeds, home_page, indicator_page, plain_pages, release_page
from publish.site.catalogue import Catalogue
from publish.site.numbers import LANGUAGES
from publish.site.reading import Version
from publish.site.rendering import STATIC, Page, draw, in_language
from publish.site.texts import texts_in
from publish.whole_files import replace_if_changed

Pages = Iterable[tuple[str, bytes]]


@dataclass(frozen=True)
class SiteOutcome:
    """What a build did: paths written and removed, and how many pages stood already as they should.

    `mended` are those that were gone or altered though nothing they are made from had changed.
    """

    written: tuple[str, ...]
    kept: int
    removed: tuple[str, ...]
    mended: tuple[str, ...] = ()


@dataclass(frozen=True)
class Unit:
    """Pages that are made together. `key` is the digest of everything they are made from."""

    name: str
    key: str
    make: Callable[[], Pages]


def _digest(*parts: object) -> str:
    return hashlib.sha256("\x1f".join(str(part) for part in parts).encode()).hexdigest()


def _digest_of_files(folders: Iterable[Path], endings: tuple[str, ...]) -> str:
    paths = sorted(
        path for folder in folders for path in folder.rglob("*") if path.suffix in endings and path.is_file()
    )
    return _digest(*(f"{path.name} {hashlib.sha256(path.read_bytes()).hexdigest()}" for path in paths))


@cache
def code_digest() -> str:
    """Digest of what draws the pages: our code, templates and texts, and the libraries that write numbers and HTML."""
    ours = _digest_of_files([Path(__file__).parents[1]], (".py", ".j2", ".yaml", ".css", ".js", ".svg"))
    return _digest(ours, version_of("jinja2"), version_of("babel"))


def contracts_digest() -> str:
    """Digest of the code lists and reference tables that pages look up."""
    return _digest_of_files([CODELISTS, REFERENCE], (".csv", ".yaml"))


class _Builder:
    """The units of one published folder."""

    def __init__(self, published: Path, publisher: Publisher, damaged: frozenset[str]) -> None:
        self.catalogue = Catalogue(published, publisher, without=damaged)
        self.damaged = damaged
        self.publisher = publisher
        self.base = _digest(code_digest(), publisher)
        self.words = _digest(self.base, contracts_digest())
        self._facts: list[ReleaseFacts] | None = None

    @property
    def facts(self) -> list[ReleaseFacts]:
        """Facts of the newest release of every dataset, by dataset; read when first asked for."""
        if self._facts is None:
            self._facts = [self.catalogue.newest(name).facts(self.publisher) for name in self.catalogue.current]
        return self._facts

    def everything(self) -> str:
        """Digest of all versions of all datasets."""
        lines = [
            f"{entry.dataset} {entry.version} {entry.sha256} {entry.withdrawn}"
            for entries in self.catalogue.versions.values()
            for entry in entries
        ]
        return _digest(*lines)

    def units(self) -> Iterator[Unit]:
        """All units, in the order in which they are written."""
        everything = _digest(self.words, self.everything())
        yield Unit("static", self.base, _static_files)
        for dataset in self.catalogue.versions:
            yield from self._dataset_units(dataset)
        yield from self._indicator_units()
        if self.damaged:
            # what is made of all datasets together waits until all of them can be read
            return
        database = home_page.database_size(self.catalogue)
        catalogues = [name for name in home_page.CATALOGUES if (self.catalogue.published / name).is_file()]
        yield Unit("home", _digest(everything, database, catalogues), self._home)
        yield Unit("lists", everything, self._lists)
        yield Unit("prose", everything, self._prose)
        yield Unit("feed", everything, self._feed)

    def _drawn(self, page: Callable[..., Page], *given: object) -> Iterator[tuple[str, bytes]]:
        for language in LANGUAGES:
            drawn = page(*given, language)
            yield in_language(drawn.path, language), draw(drawn, language, self.publisher)

    def _dataset_units(self, dataset: str) -> Iterator[Unit]:
        entries = self.catalogue.versions[dataset]
        of_dataset = _digest(
            *(f"{entry.version} {entry.sha256} {entry.withdrawn} {entry.released_at}" for entry in entries)
        )
        yield Unit(f"dataset {dataset}", _digest(self.words, of_dataset), partial(self._dataset, dataset))
        current = self.catalogue.current.get(dataset)
        for place, entry in enumerate(entries):
            around = [other.version for other in (*entries[max(0, place - 1) : place], *entries[place + 1 : place + 2])]
            key = _digest(self.base, entry.sha256, entry.withdrawn, entry.released_at, entry == current, *around)
            yield Unit(f"release {dataset} {entry.version}", key, partial(self._release, entry))

    def _dataset(self, dataset: str) -> Pages:
        stands = dataset in self.catalogue.current
        yield from self._drawn(
            dataset_page.dataset_page if stands else dataset_page.tombstone_page, self.catalogue, dataset
        )
        for language in LANGUAGES:
            title = self._title(dataset, language)
            path = in_language(f"datasets/{dataset}/feed.atom", language)
            entries = feeds.entries_of(self.catalogue.versions[dataset], title, language)
            page = in_language(f"datasets/{dataset}/", language)
            yield (
                path,
                catalogue_files.atom_feed(
                    self.publisher, entries, title=title, path=path, page=page, language=language
                ),
            )

    def _title(self, dataset: str, language: str) -> str:
        entry = self.catalogue.current.get(dataset) or self.catalogue.versions[dataset][0]
        descriptor = self.catalogue.release(dataset, entry.version).descriptor
        return str(descriptor.get("title" if language == "nl" else "upv:titleEn") or descriptor.get("title") or dataset)

    def _release(self, entry: Version) -> Pages:
        release = self.catalogue.release(entry.dataset, entry.version)
        return self._drawn(release_page.release_page, self.catalogue, entry, release)

    def _indicator_units(self) -> Iterator[Unit]:
        homes = indicator_page.homes_of_indicators(self.catalogue)
        by_dataset: dict[str, list[str]] = {}
        for code, dataset in homes.items():
            if dataset:
                by_dataset.setdefault(dataset, []).append(code)
        for dataset, codes in by_dataset.items():
            entry = self.catalogue.current.get(dataset) or self.catalogue.withdrawn[dataset]
            key = _digest(self.words, entry.sha256, entry.withdrawn, *codes)
            yield Unit(f"indicators {dataset}", key, partial(self._indicators, dataset, codes))

    def _indicators(self, dataset: str, codes: list[str]) -> Pages:
        stands = dataset in self.catalogue.current
        page = indicator_page.indicator_page if stands else indicator_page.withdrawn_page
        for code in codes:
            yield from self._drawn(page, self.catalogue, code, dataset)

    def _home(self) -> Pages:
        return self._drawn(home_page.home_page, self.catalogue, self.facts)

    def _lists(self) -> Pages:
        homes = indicator_page.homes_of_indicators(self.catalogue)
        shown = {code: dataset for code, dataset in homes.items() if dataset}
        yield from self._drawn(indicator_page.indicators_page, self.catalogue, shown)
        yield from self._drawn(plain_pages.datasets_page, self.catalogue, self.facts)
        yield "sitemap.xml", catalogue_files.sitemap(self.publisher, self._addresses(list(shown)))
        yield "robots.txt", catalogue_files.robots(self.publisher)

    def _addresses(self, indicators: list[str]) -> Iterator[catalogue_files.Address]:
        """Pages for the sitemap: the lasting ones first, releases last."""
        current = self.catalogue.current
        newest = max((entry.released_at for entry in current.values()), default="")[:10]
        plain = ["", "datasets/", "indicators/", *(f"{name}/" for name in plain_pages.SECTIONS)]
        days = {
            **dict.fromkeys(plain, newest),
            **{
                f"datasets/{name}/": entry.released_at[:10]
                for name, entry in (current | self.catalogue.withdrawn).items()
            },
        }
        days |= dict.fromkeys((f"indicators/{code}/" for code in indicators), newest)
        days |= {
            f"datasets/{entry.dataset}/{entry.version}/": entry.released_at[:10]
            for entries in self.catalogue.versions.values()
            for entry in entries
        }
        return (catalogue_files.Address(path, in_language(path, "en"), day) for path, day in days.items())

    def _prose(self) -> Pages:
        for name in plain_pages.SECTIONS:
            for language in LANGUAGES:
                page = plain_pages.prose_page(self.catalogue, name, self.facts, language)
                yield in_language(page.path, language), draw(page, language, self.publisher)
        yield from self._drawn(plain_pages.not_found_page)

    def _feed(self) -> Pages:
        for language in LANGUAGES:
            entries = [
                entry
                for dataset, versions in self.catalogue.versions.items()
                for entry in feeds.entries_of(versions, self._title(dataset, language), language)
            ]
            path, title = in_language("feed.atom", language), texts_in(language)("common.feed")
            page = in_language("", language)
            yield (
                path,
                catalogue_files.atom_feed(
                    self.publisher, entries, title=title, path=path, page=page, language=language
                ),
            )


def _static_files() -> Pages:
    for path in sorted(STATIC.iterdir()):
        if path.suffix in (".css", ".js", ".svg"):
            yield f"static/{path.name}", path.read_bytes()


def _remove(published: Path, paths: Iterable[str]) -> list[str]:
    """Removes pages that no longer belong, and folders that are empty then."""
    gone = []
    for path in sorted(paths):
        at = published / path
        if not of_the_site(path) or any(parent.is_symlink() for parent in at.parents if parent != published):
            continue
        if at.is_file():
            at.unlink()
            gone.append(path)
        for parent in at.parents:
            if parent == published or not parent.is_dir() or any(parent.iterdir()):
                break
            parent.rmdir()
    return gone


def _of_others(pages: Pages, theirs: frozenset[str]) -> Pages:
    return ((path, content) for path, content in pages if path not in theirs)


def build_site(published: Path, publisher: Publisher, *, damaged: frozenset[str] = frozenset()) -> SiteOutcome:
    """Brings the pages below `published` in line with its releases; never touches `releases/`.

    The same folder gives the same bytes, whatever stood there before. With `damaged` datasets their pages, and those
    made of all datasets together, are left as they were; the pages of the others are brought in line.
    Raises ReleaseError, naming the file, where a release cannot be read; pages written so far are whole, and the next
    build goes on.
    """
    before = known_pages(published)
    after: dict[str, Mapping[str, object]] = {}
    written: list[str] = []
    mended: list[str] = []
    kept = 0
    units = {unit.name: unit for unit in _Builder(published, publisher, damaged).units()}
    left = {name: unit for name, unit in before.items() if damaged and name not in units}
    after |= {name: {"key": key, "pages": pages} for name, (key, pages) in left.items()}
    theirs = frozenset(path for _, pages in left.values() for path in pages)
    for unit in units.values():
        key, pages = before.get(unit.name, ("", {}))
        differing = differing_pages(published, pages) if key == unit.key else []
        mended += differing
        if key == unit.key and not differing:
            kept += len(pages)
        else:
            pages = {}
            for path, content in _of_others(unit.make(), theirs):
                pages[path] = hashlib.sha256(content).hexdigest()
                if replace_if_changed(published / path, content):
                    written.append(path)
                else:
                    kept += 1
        after[unit.name] = {"key": unit.key, "pages": pages}
    belong = {path for unit in after.values() for path in unit["pages"]}  # type: ignore[attr-defined]
    removed = _remove(published, {path for _, pages in before.values() for path in pages} - belong)
    replace_if_changed(published / MANIFEST, json_bytes({"units": after}))
    return SiteOutcome(tuple(written), kept, tuple(removed), tuple(mended))

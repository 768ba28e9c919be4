"""Whether what stands outside `releases/` is still what was written: the pages of the site and the one database.

    site.json                       every page with the sha256 with which it was written
    all/ketenmonitor.sqlite.json    size and sha256 of the database

All of it can be made again, so that a difference is mended and said, and stops nothing. Here: comparing. Not here:
making it again (`catalogue.py`, `site/building.py`), or the releases themselves (`published.verify`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath

from publish.published import Problem, sha256_of

MANIFEST = "site.json"
DATABASE = "all/ketenmonitor.sqlite"
# What a site never wrote; releases and pointers belong to others.
_OTHERS = ("releases", "all")


def known_pages(published: Path) -> dict[str, tuple[str, dict[str, str]]]:
    """Unit -> key and pages (path -> sha256) of the last build of the site; empty where it cannot be read."""
    try:
        content = json.loads((published / MANIFEST).read_bytes())
        return {
            name: (str(unit["key"]), {str(p): str(s) for p, s in unit["pages"].items()})
            for name, unit in content["units"].items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def of_the_site(path: str) -> bool:
    """Whether a path is one that a site may have written: relative, below the folder, and not of a release."""
    parts = PurePosixPath(path).parts
    return bool(parts) and not path.startswith("/") and ".." not in parts and parts[0] not in _OTHERS


def differing_pages(published: Path, pages: Mapping[str, str]) -> list[str]:
    """The pages (path -> sha256) that are gone or have other bytes."""
    return [path for path, sha256 in pages.items() if of_the_site(path) and not _is(published / path, sha256)]


def database_differs(published: Path) -> bool:
    """Whether the database is not what the note beside it says; False where there is neither."""
    database = published / DATABASE
    note = database.with_name(database.name + ".json")
    if not note.exists() and not database.exists():
        return False
    try:
        return not _is(database, str(json.loads(note.read_bytes())["sha256"]))
    except (OSError, ValueError, KeyError, TypeError):
        return True


def _is(path: Path, sha256: str) -> bool:
    try:
        return sha256_of(path) == sha256
    except OSError:
        return False


def verify_beside(published: Path) -> list[Problem]:
    """Pages and database that are not what was written, by path. The next publication writes them anew."""
    return list(_problems(published, (pages for _, pages in known_pages(published).values())))


def _problems(published: Path, units: Iterable[Mapping[str, str]]) -> Iterator[Problem]:
    if database_differs(published):
        yield _problem(DATABASE)
    for path in sorted({path for pages in units for path in differing_pages(published, pages)}):
        yield _problem(path)


def _problem(path: str) -> Problem:
    message = f"{path} is not what was written there; the next publication writes it anew"
    return Problem("", None, path, "derived", message)

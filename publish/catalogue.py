"""What is made of all datasets together: the index, the catalogue, the database, the site. Under the lock.

    index.json                      every dataset with its newest release
    catalog.ttl .jsonld .rdf        DCAT-AP-NL, and openapi.json that it names
    all/ketenmonitor.sqlite         all tables in one file, with its size and checksum beside it
    index.html, datasets/, ...      the site

All of it can be made again from `releases/`; what would come out the same is not made again. Here: that, and in which
order. Not here: each of the four (`metadata/dcat.py`, `database.py`, `site/`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from publish.beside_releases import DATABASE, database_differs
from publish.content import released_table
from publish.database import PackageInDatabase, write_database
from publish.described_tables import described_contract
from publish.descriptor import json_bytes
from publish.lock import publishing
from publish.pointers import repair, repair_dataset
from publish.published import ReleaseRecord, datasets, known_releases, newest_standing, sha256_of
from publish.release_facts import Publisher, ReleasedFile, ReleaseFacts
from publish.whole_files import INCOMING, replace_if_changed

CATALOGUE = ("catalog.ttl", "catalog.jsonld", "catalog.rdf")


@dataclass(frozen=True)
class CatalogueOutcome:
    """What was written.

    `mended` says what had been left undone or altered; `missing` names mandatory properties of DCAT-AP-NL that the
    catalogue lacks.
    """

    written: tuple[str, ...]
    mended: tuple[str, ...]
    missing: tuple[str, ...]


def publish_around_damage(published: Path, by: Publisher, damaged: frozenset[str]) -> CatalogueOutcome:
    """Brings the pages and pointers of undamaged datasets in line with their releases, and leaves all else as it is.

    Index, catalogue, database and the pages over all datasets wait until every dataset can be read again.
    """
    from publish.site.building import build_site

    with publishing(published):
        sound = [name for name in datasets(published) if name not in damaged]
        mended = tuple(line for name in sound for line in repair_dataset(published, name))
        site = build_site(published, by, damaged=damaged)
    return CatalogueOutcome(site.written, (*mended, *map(_anew, site.mended)), ())


def publish_catalogue(published: Path, by: Publisher) -> CatalogueOutcome:
    """Brings everything outside `releases/` in line with it; writes only what differs.

    Raises ReleaseError where a release is damaged.
    """
    from publish.site.building import build_site

    with publishing(published):
        mended = tuple(repair(published))
        known = {name: known_releases(published, name) for name in datasets(published)}
        # of a dataset that was withdrawn as a whole the newest tombstone stands
        newest = {name: newest_standing(records) or records[-1] for name, records in known.items() if records}
        made_from = _made_from(published, known, by)
        written: list[str] = []
        missing: tuple[str, ...] = ()
        stale = _index_digest(published) != made_from
        if not stale and database_differs(published):
            mended += (_anew(DATABASE),)
            stale = True
        if stale or not all((published / name).exists() for name in CATALOGUE):
            missing = _write_catalogue(published, newest, by, written)
            # the index goes last: where it says what it was made from, the rest is there
            if replace_if_changed(published / "index.json", json_bytes(_index(published, newest, by, made_from))):
                written.append("index.json")
        site = build_site(published, by)
    return CatalogueOutcome((*written, *site.written), (*mended, *map(_anew, site.mended)), missing)


def _anew(path: str) -> str:
    return f"{path} was not what had been written there, and was written anew"


def _made_from(published: Path, known: Mapping[str, Sequence[ReleaseRecord]], by: Publisher) -> str:
    versions = {name: sha256_of(published / "datasets" / name / "versions.json") for name in known}
    from publish.site.building import code_digest, contracts_digest

    libraries = {name: version(name) for name in ("rdflib", "pyarrow")}
    identity = [code_digest(), contracts_digest(), libraries, asdict(by), versions]
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()


def _index_digest(published: Path) -> str | None:
    try:
        return str(json.loads((published / "index.json").read_bytes())["made_from"])
    except (OSError, ValueError, KeyError):
        return None


def _index(published: Path, newest: Mapping[str, ReleaseRecord], by: Publisher, made_from: str) -> dict[str, Any]:
    from publish.catalogue_files import index_additions
    from publish.site.reading import release_facts

    entries = [
        {
            "id": dataset,
            "title_nl": record.title_nl,
            "title_en": record.title_en,
            "version": record.version,
            "released_at": record.released_at,
            "path": f"releases/{dataset}/{record.version}/",
            "descriptor": f"releases/{dataset}/{record.version}/datapackage.json",
            "latest": f"datasets/{dataset}/latest.json",
            "versions": f"datasets/{dataset}/versions.json",
            "rows": 0 if record.withdrawn else sum(record.rows.values()),
            **index_additions(release_facts(published, dataset, record.version, by)),
            **({"status": "withdrawn"} if record.withdrawn else {}),
        }
        for dataset, record in newest.items()
    ]
    return {"datasets": entries, "catalogue": list(CATALOGUE), "database": DATABASE, "made_from": made_from}


def _write_catalogue(
    published: Path, newest: Mapping[str, ReleaseRecord], by: Publisher, written: list[str]
) -> tuple[str, ...]:
    """The database and the catalogue that names it; returns what the catalogue lacks."""
    from publish.metadata.dcat import catalogue, serialised
    from publish.metadata.dcat_check import missing_mandatory
    from publish.metadata.openapi import openapi_json
    from publish.site.reading import release_facts

    every = {name: release_facts(published, name, record.version, by) for name, record in newest.items()}
    facts = [every[name] for name, record in newest.items() if not record.withdrawn]
    withdrawn = [every[name] for name, record in newest.items() if record.withdrawn]
    packages = [_package(published, release) for release in facts]
    if _write_database(published, packages):
        written.append(DATABASE)
    database = published / DATABASE
    file = ReleasedFile(DATABASE, database.stat().st_size, sha256_of(database), "archive") if facts else None
    areas = {package.facts.dataset: _areas(package) for package in packages}
    graph = catalogue(by, facts, file, areas=areas, withdrawn=withdrawn)
    for name, content in (*serialised(graph).items(), ("openapi.json", openapi_json(by))):
        if replace_if_changed(published / name, content):
            written.append(name)
    return missing_mandatory(graph)


def _package(published: Path, release: ReleaseFacts) -> PackageInDatabase:
    """A release with its tables, as it describes them: the contract of today may have moved on while it is blocked."""
    folder = published / release.folder.rstrip("/")
    tables, lists = _tables_of(folder, release.descriptor)
    contracts = {str(r["name"]): described_contract(r, folder) for r in release.descriptor["resources"]}
    return PackageInDatabase(release, tables, lists, contracts)


def _areas(package: PackageInDatabase) -> list[str]:
    """The areas on which a package has figures."""
    columns = [table["geo"] for table in package.tables.values() if "geo" in table.column_names]
    return sorted({str(code) for column in columns for code in pc.unique(column).to_pylist() if code})


def _write_database(published: Path, packages: Sequence[PackageInDatabase]) -> bool:
    target = published / DATABASE
    target.parent.mkdir(exist_ok=True)
    aside = target.with_name(f"{INCOMING}new-{target.name}")
    aside.unlink(missing_ok=True)
    write_database(aside, packages)
    changed = replace_if_changed(target, aside.read_bytes())
    aside.unlink()
    note = {"bytes": target.stat().st_size, "sha256": sha256_of(target)}
    replace_if_changed(target.with_name(target.name + ".json"), json_bytes(note))
    return changed


def _tables_of(folder: Path, descriptor: Mapping[str, Any]) -> tuple[dict[str, pa.Table], dict[str, pa.Table]]:
    tables: dict[str, pa.Table] = {}
    lists: dict[str, pa.Table] = {}
    for resource in descriptor["resources"]:
        kind = lists if resource["path"].startswith("codelists/") else tables
        kind[resource["name"]] = released_table(folder, resource)
    return tables, lists

"""What it costs to publish: all packages, one changed figure, and a house with 50 datasets of 200 releases each.

Here: measuring. Printed by `bench.py`; nothing is asserted.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

NIGHT = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)


def _cpu(work: Callable[[], Any]) -> tuple[float, Any]:
    start = time.process_time()
    done = work()
    return time.process_time() - start, done


def _contents(home: Path) -> dict[str, Any]:
    """The tables of every package, as they stand after a night in `home`."""
    from assets.chain_table_assets import CHAIN_TABLES
    from assets.night import Night
    from assets.packages import chain_table_content

    night = Night(home, NIGHT, None, "bench")
    return {chain.product.id: (chain.product, chain_table_content(night, chain)) for chain in CHAIN_TABLES}


def _release(contents: dict[str, Any], published: Path, staging: Path, at: datetime) -> None:
    from publish.promotion import promote
    from publish.release import build_candidate

    for product, tables in contents.values():
        promote(build_candidate(product, tables, published=published, staging=staging, released_at=at), published)


def _one_figure(contents: dict[str, Any]) -> dict[str, Any]:
    """The same tables with one provisional figure of packaging raised by one."""
    import pyarrow as pa
    import pyarrow.compute as pc

    product, tables = contents["packaging"]
    table = tables["indicators"]
    at = pc.index(table["indicator"], "pack_recycling_rate").as_py()
    values = table["value"].to_pylist()
    values[at] = (values[at] or 0) + 1
    position = table.schema.get_field_index("value")
    changed = table.set_column(position, "value", pa.array(values, pa.float64()))
    return contents | {"packaging": (product, tables | {"indicators": changed})}


def _touched(folder: Path) -> dict[str, tuple[int, int]]:
    return {
        str(path.relative_to(folder)): (path.lstat().st_mtime_ns, path.lstat().st_ino)
        for path in folder.rglob("*")
        if not path.is_dir()
    }


def measure_packages(home: Path, folder: Path) -> dict[str, float]:
    """CPU seconds for the releases, the catalogue and the site of all packages, and for one changed figure."""
    from publish.catalogue import publish_catalogue
    from publish.release_facts import publisher

    published, staging = folder / "published", folder / "staging"
    contents = _contents(home)
    releases, _ = _cpu(lambda: _release(contents, published, staging, NIGHT))
    site, _ = _cpu(lambda: publish_catalogue(published, publisher()))
    before = _touched(published)
    changed = _one_figure(contents)
    again, _ = _cpu(lambda: _release(changed, published, staging, NIGHT + timedelta(days=1)))
    renewed, _ = _cpu(lambda: publish_catalogue(published, publisher()))
    after = _touched(published)
    return {
        "releases": releases,
        "site": site,
        "one_figure_releases": again,
        "one_figure_site": renewed,
        "files": len(after),
        "files_touched": sum(before.get(name) != state for name, state in after.items()),
    }


def _copied(release: Path, target: Path, version: str, previous: str | None, dataset: str) -> None:
    """A release under another name and number, with data of a few rows."""
    # without the files that nothing outside `releases/` reads: ten thousand copies of them would only fill the disk
    shutil.copytree(release, target, ignore=shutil.ignore_patterns("*.xlsx", "*.zip", "croissant.json", "ro-crate*"))
    for name in ("release.json", "datapackage.json"):
        content = json.loads((target / name).read_text())
        content |= {"version": version, "dataset": dataset, "name": dataset, "previous_version": previous}
        (target / name).write_text(json.dumps(content))
    lines = []
    for path in sorted(target.rglob("*")):
        if path.is_file() and path.name != "SHA256SUMS":
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            lines.append(f"{digest}  {path.relative_to(target).as_posix()}\n")
    (target / "SHA256SUMS").write_text("".join(lines))


def measure_house(home: Path, folder: Path, datasets: int, releases: int) -> dict[str, float]:
    """CPU seconds of index, catalogue and site over many releases: the first time, and after one more release."""
    from publish.catalogue import publish_catalogue
    from publish.pointers import repair
    from publish.release_facts import publisher

    small = min(
        (home / "published/releases").glob("*/*"),
        key=lambda path: sum(f.stat().st_size for f in path.rglob("*") if f.is_file()),
    )
    published = folder / "house"
    for number in range(datasets):
        dataset = f"dataset-{number:02d}"
        for turn in range(releases):
            previous = f"1.{turn - 1}.0" if turn else None
            _copied(small, published / f"releases/{dataset}/1.{turn}.0", f"1.{turn}.0", previous, dataset)
    pointers, _ = _cpu(lambda: repair(published))
    first, _ = _cpu(lambda: publish_catalogue(published, publisher()))
    newest = f"1.{releases}.0"
    _copied(small, published / f"releases/dataset-00/{newest}", newest, f"1.{releases - 1}.0", "dataset-00")
    after, _ = _cpu(lambda: publish_catalogue(published, publisher()))
    return {"pointers": pointers, "first": first, "one_more_release": after}

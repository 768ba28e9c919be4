"""From tables to a release: same inputs, same bytes; nothing changed, nothing written; what is published
stays as it is.
"""

from __future__ import annotations

import csv
import errno
import json
import os
import shutil
import subprocess
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from contracts import vocabulary
from publish.pointers import repair, repair_dataset
from publish.promotion import promote
from publish.published import ReleaseError, ReleaseExistsError, verify
from publish.release import build_candidate, waiting_candidate
from tests.release_example import (
    ENV_WASPAC,
    INDICATORS,
    NEXT_NIGHT,
    NIGHT,
    PACKAGING,
    RATE_2017,
    SOURCES,
    TONNES_2017,
    UNITS,
    build,
    column,
    contents,
    listing,
    publish,
    tables,
)


@pytest.fixture(autouse=True)
def units(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, str]]:
    rows = [dict(row) for row in UNITS]
    monkeypatch.setattr(vocabulary, "codelist_rows", lambda name: rows)
    return rows


def test_a_release_holds_its_data_its_description_and_its_checksums(tmp_path: Path) -> None:
    outcome = publish(tmp_path)
    assert sorted(contents(outcome.path)) == [
        "CHANGELOG.md",
        "CITATION.cff",
        "README.md",
        "SHA256SUMS",
        "codelists/unit.csv",
        "croissant.json",
        "data/amounts.csv",
        "data/amounts.parquet",
        "data/sources.csv",
        "data/sources.parquet",
        "datacite.json",
        "datapackage.json",
        "diff/changes.csv",
        "diff/index.html",
        "diff/summary.json",
        "history/keys.parquet",
        "history/revisions.csv",
        "history/revisions.parquet",
        "index.html",
        "packaging-1.0.0.xlsx",
        "packaging-1.0.0.zip",
        "quality.html",
        "quality.json",
        "release.json",
        "ro-crate-metadata.json",
    ]
    assert (outcome.path / "data/amounts.csv").read_text() == (
        "indicator,year,value,unit,obs_status,flags,vintage\n"
        "pack_recycling_rate,2017,78.1389420013,percent,A,,aaaa\n"
        "pack_waste_generated_t,2017,3138000,t,A,,aaaa\n"
    )
    assert (
        outcome.path / "diff/changes.csv"
    ).read_text() == "table,key,change,column,old_value,new_value,old_status,new_status\n"


def test_the_checksums_can_be_checked_with_the_tool_that_the_readme_names(tmp_path: Path) -> None:
    if shutil.which("sha256sum") is None:
        pytest.skip("sha256sum is not installed")
    outcome = publish(tmp_path)
    assert subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=outcome.path).returncode == 0


def test_the_same_inputs_give_the_same_bytes_in_any_row_order(tmp_path: Path) -> None:
    one = publish(tmp_path / "one", RATE_2017, TONNES_2017)
    other = publish(tmp_path / "other", TONNES_2017, RATE_2017)
    assert contents(tmp_path / "one/published") == contents(tmp_path / "other/published")
    assert one.version == other.version == "1.0.0"
    assert (one.released, one.bump) == (True, "first")


def test_the_newest_release_is_found_by_link_and_by_file(tmp_path: Path) -> None:
    publish(tmp_path)
    outcome = publish(tmp_path, {**RATE_2017, "value": 78.2}, TONNES_2017, at=NEXT_NIGHT)
    home = tmp_path / "published/datasets/packaging"
    assert os.readlink(home / "latest") == "../../releases/packaging/1.1.0"
    assert (home / "latest/datapackage.json").read_bytes() == (outcome.path / "datapackage.json").read_bytes()
    latest = json.loads((home / "latest.json").read_text())
    assert (latest["version"], latest["released_at"]) == ("1.1.0", "2026-11-22T03:00:00Z")
    listed = json.loads((home / "versions.json").read_text())["versions"]
    assert [(v["version"], v["bump"], v["rows"]) for v in listed] == [
        ("1.1.0", "minor", {"amounts": 2, "sources": 1}),
        ("1.0.0", "first", {"amounts": 2, "sources": 1}),
    ]
    assert listed[0]["summary"] == {
        "rows_added": 0,
        "rows_removed": 0,
        "cells_changed": 1,
        "fields_changed": 0,
    }


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"rows": [{**RATE_2017, "vintage": "bbbb"}, {**TONNES_2017, "vintage": "bbbb"}]},
        {"rows": [{**RATE_2017, "value": 78.1389420012748}, TONNES_2017]},
        {"sources": {**ENV_WASPAC, "vintage": "bbbb", "origin_of_bytes": "live", "edition": "2026-11-20"}},
    ],
    ids=["the same tables", "a new retrieval", "the last bits of a double", "another row in sources"],
)
def test_a_night_in_which_nothing_changed_writes_nothing(changed: dict[str, Any], tmp_path: Path) -> None:
    publish(tmp_path)
    before = listing(tmp_path / "published")
    rows = changed.pop("rows", [])
    candidate = build(tmp_path, *rows, at=NEXT_NIGHT, **changed)
    outcome = promote(candidate, tmp_path / "published")
    assert (candidate.status, candidate.version, candidate.folder.exists()) == ("unchanged", "1.0.0", False)
    assert (outcome.released, outcome.bump, outcome.path.name) == (False, "none", "1.0.0")
    assert repair(tmp_path / "published") == []
    assert listing(tmp_path / "published") == before


@pytest.mark.parametrize(
    ("rows", "version"),
    [
        ([{**RATE_2017, "value": 78.2}, TONNES_2017], "1.1.0"),
        ([{**RATE_2017, "obs_status": "P"}, TONNES_2017], "1.1.0"),
        ([RATE_2017, TONNES_2017, {**RATE_2017, "year": 2018}], "1.1.0"),
        ([RATE_2017], "2.0.0"),
    ],
    ids=["a revised figure", "a revised status", "a new row", "a row gone"],
)
def test_changed_figures_get_the_next_version(rows: list[dict[str, Any]], version: str, tmp_path: Path) -> None:
    publish(tmp_path)
    assert publish(tmp_path, *rows, at=NEXT_NIGHT).version == version


def test_a_changed_text_is_a_patch_and_a_changed_table_a_major_version(
    tmp_path: Path, units: list[dict[str, str]]
) -> None:
    publish(tmp_path)
    assert publish(tmp_path, product=replace(PACKAGING, title_nl="Verpakkingsafval")).version == "1.0.1"
    units[0]["label_nl"] = "ton (1000 kg)"
    assert publish(tmp_path, product=replace(PACKAGING, title_nl="Verpakkingsafval")).version == "1.0.2"
    wider = replace(INDICATORS, columns=(*INDICATORS.columns, column("note")))
    noted = [{**row, "note": None} for row in (RATE_2017, TONNES_2017)]
    outcome = publish(
        tmp_path, *noted, product=replace(PACKAGING, title_nl="Verpakkingsafval", tables=(wider, SOURCES))
    )
    assert outcome.version == "2.0.0"


def test_a_new_table_or_code_is_a_minor_version(tmp_path: Path, units: list[dict[str, str]]) -> None:
    publish(tmp_path)
    units.append({"code": "kt", "label_nl": "kiloton", "label_en": "kilotonne"})
    assert publish(tmp_path).version == "1.1.0"
    extra = replace(PACKAGING, tables=(*PACKAGING.tables, replace(INDICATORS, table="observations")))
    content = tables() | {"observations": tables()["amounts"]}
    candidate = build_candidate(
        extra, content, published=tmp_path / "published", staging=tmp_path / "staging", released_at=NIGHT
    )
    assert candidate.version == "1.2.0"
    assert candidate.difference.schema.tables_added == ("observations",)


def test_a_changed_cell_stands_in_the_difference_with_both_values_and_statuses(tmp_path: Path) -> None:
    publish(tmp_path, {**RATE_2017, "value": 77.9, "obs_status": "P"}, TONNES_2017)
    outcome = publish(tmp_path, at=NEXT_NIGHT)
    with (outcome.path / "diff/changes.csv").open(newline="") as handle:
        first, second = csv.DictReader(handle)
    assert first == {
        "table": "amounts",
        "key": '{"indicator": "pack_recycling_rate", "year": 2017}',
        "change": "changed",
        "column": "value",
        "old_value": "77.9",
        "new_value": "78.1389420013",
        "old_status": "P",
        "new_status": "A",
    }
    assert second["column"] == "obs_status"
    summary = json.loads((outcome.path / "diff/summary.json").read_text())
    assert (summary["previous_version"], summary["version"], summary["bump"]) == ("1.0.0", "1.1.0", "minor")
    assert summary["tables"]["amounts"]["cells_changed"] == 2


def test_a_published_version_is_never_overwritten(tmp_path: Path) -> None:
    candidate = build(tmp_path)
    shutil.copytree(tmp_path / "staging", tmp_path / "aside")
    promote(candidate, tmp_path / "published")
    before = contents(tmp_path / "published")
    again = replace(candidate, folder=tmp_path / "aside/packaging")
    assert promote(again, tmp_path / "published").released is False
    shutil.copytree(tmp_path / "published/releases/packaging/1.0.0", again.folder)
    (again.folder / "README.md").write_text("other")
    with pytest.raises(ReleaseExistsError, match="never changes"):
        promote(again, tmp_path / "published")
    assert contents(tmp_path / "published") == before


def test_a_candidate_made_against_an_older_release_is_refused(tmp_path: Path) -> None:
    publish(tmp_path)
    stale = build(tmp_path, {**RATE_2017, "value": 1.0}, TONNES_2017)
    shutil.move(stale.folder, tmp_path / "kept")
    publish(tmp_path, RATE_2017)
    with pytest.raises(ReleaseError, match="build again"):
        promote(replace(stale, folder=tmp_path / "kept"), tmp_path / "published")


class Killed(BaseException):
    """The process is gone: nothing after this line runs, no except clause sees it."""


def test_a_run_killed_between_the_rename_and_the_link_is_finished_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(tmp_path)
    candidate = build(tmp_path, {**RATE_2017, "value": 1.0}, TONNES_2017, at=NEXT_NIGHT)
    with monkeypatch.context() as patch:
        calls = []

        def dies_the_second_time(published: Path, dataset: str) -> list[str]:
            calls.append(dataset)
            if len(calls) == 2:
                raise Killed
            return repair_dataset(published, dataset)

        patch.setattr("publish.promotion.repair_dataset", dies_the_second_time)
        with pytest.raises(Killed):
            promote(candidate, tmp_path / "published")
    home = tmp_path / "published/datasets/packaging"
    assert os.readlink(home / "latest").endswith("1.0.0")
    (tmp_path / "published/releases/packaging/.incoming-1.2.0").mkdir()
    (home / ".incoming-latest.json").write_text("half")
    outcome = publish(tmp_path, {**RATE_2017, "value": 1.0}, TONNES_2017, at=NEXT_NIGHT)
    assert (outcome.released, outcome.version, len(outcome.repaired)) == (False, "1.1.0", 5)
    assert os.readlink(home / "latest").endswith("1.1.0")
    assert json.loads((home / "latest.json").read_text())["version"] == "1.1.0"
    assert list((tmp_path / "published").rglob(".incoming-*")) == []
    assert repair(tmp_path / "published") == [] == verify(tmp_path / "published")


def test_a_candidate_from_another_filesystem_arrives_by_way_of_a_hidden_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    candidate = build(tmp_path)
    expected, real = contents(candidate.folder), os.rename

    def rename(source: Path, target: Path) -> None:
        if Path(source) == candidate.folder:
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        real(source, target)

    monkeypatch.setattr(os, "rename", rename)
    outcome = promote(candidate, tmp_path / "published")
    assert contents(outcome.path) == expected
    assert not candidate.folder.exists()


@pytest.mark.parametrize(
    ("file", "damage", "kind"),
    [
        (
            "data/amounts.csv",
            lambda path: path.write_bytes(path.read_bytes().replace(b"78", b"79", 1)),
            "altered",
        ),
        ("data/amounts.parquet", Path.unlink, "missing"),
        ("data/extra.csv", lambda path: path.write_text("x"), "extra"),
        ("SHA256SUMS", lambda path: path.write_text("nonsense"), "unreadable"),
    ],
)
def test_verify_finds_what_is_not_as_it_was_published(file: str, damage: Any, kind: str, tmp_path: Path) -> None:
    path = publish(tmp_path).path
    assert verify(tmp_path / "published") == []
    damage(path / file)
    found = {(problem.file, problem.kind) for problem in verify(tmp_path / "published")}
    assert (f"releases/packaging/1.0.0/{file}", kind) in found


def test_verify_finds_a_release_that_is_gone_and_a_link_that_lags(tmp_path: Path) -> None:
    publish(tmp_path)
    path = publish(tmp_path, RATE_2017).path
    shutil.rmtree(path)
    assert {problem.kind for problem in verify(tmp_path / "published")} == {"missing", "pointer"}
    with pytest.raises(ReleaseError, match="no longer there"):
        build(tmp_path, RATE_2017)


@pytest.mark.parametrize("file", ["data/amounts.parquet", "datapackage.json", "release.json", "codelists/unit.csv"])
def test_a_damaged_last_release_stops_the_next_one_and_names_the_file(file: str, tmp_path: Path) -> None:
    path = publish(tmp_path).path
    (path / file).write_bytes(b"damaged")
    with pytest.raises(ReleaseError, match=f"{file}.*ketenmonitor verify"):
        build(tmp_path, {**RATE_2017, "value": 1.0}, TONNES_2017)


def test_a_package_without_one_of_its_tables_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ReleaseError, match="table sources is missing; table strange has no contract"):
        build_candidate(
            PACKAGING,
            {"amounts": tables()["amounts"], "strange": tables()["sources"]},
            published=tmp_path / "published",
            staging=tmp_path / "staging",
            released_at=NIGHT,
        )


def test_the_readme_says_in_both_languages_what_the_package_holds(tmp_path: Path) -> None:
    text = (publish(tmp_path).path / "README.md").read_text()
    dutch, english = text.split("\n---\n")
    assert "| `amounts` | één cijfer | 2 | 2017 |" in dutch
    assert "| `amounts` | one figure | 2 | 2017 |" in english
    assert "| Verpakkingsafval (`env_waspac`) | 8 februari 2021 | – | meegeleverde editie | CC BY 4.0 |" in dutch
    assert "| Packaging waste (`env_waspac`) | 8 February 2021 | – | embedded edition | CC BY 4.0 |" in english
    assert "- Vanaf 2020 geldt een ander meetpunt." in dutch
    assert "> Ketentafels (2026). *Packaging*, version 1.0.0, 21 November 2026." in english
    assert "`known_break`" not in text


def test_a_candidate_can_be_promoted_in_a_later_step_than_the_one_that_built_it(tmp_path: Path) -> None:
    places = {"published": tmp_path / "published", "staging": tmp_path / "staging"}
    with pytest.raises(ReleaseError, match="no candidate and no release"):
        waiting_candidate("packaging", **places)
    built = build(tmp_path)
    waiting = waiting_candidate("packaging", **places)
    assert replace(waiting, difference=built.difference) == built
    assert promote(waiting, places["published"]).released
    build(tmp_path, at=NEXT_NIGHT)
    assert waiting_candidate("packaging", **places).status == "unchanged"


def test_a_moment_without_a_time_zone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no time zone"):
        build(tmp_path, at=datetime(2026, 11, 21, 3, 0))  # noqa: DTZ001 - the missing time zone is the case


def test_versions_are_ordered_by_number(tmp_path: Path) -> None:
    for turn in range(11):
        publish(tmp_path, {**RATE_2017, "value": float(turn)}, TONNES_2017)
    listed = json.loads((tmp_path / "published/datasets/packaging/versions.json").read_text())["versions"]
    assert [entry["version"] for entry in listed][:3] == ["1.10.0", "1.9.0", "1.8.0"]

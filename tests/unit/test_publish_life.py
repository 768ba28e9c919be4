"""What happens to a dataset after its first release: revisions, permissions, announcements, withdrawals."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from contracts.contract import Product
from publish.cells import cell_changes
from publish.difference import Difference
from publish.pointers import repair_dataset
from publish.promotion import promote
from publish.published import ReleaseError, known_releases, verify
from publish.release import build_candidate, waiting_candidate
from publish.revision_policy import RevisionNotPermitted, objections
from publish.two_releases import compare, lines, release_folder, source_lines
from publish.withdrawal import also_holding, withdraw
from tests.release_example import (
    ENV_WASPAC,
    INDICATORS,
    NEXT_NIGHT,
    NIGHT,
    PACKAGING,
    RATE_2017,
    SOURCES,
    TONNES_2017,
    build,
    column,
    contents,
    contract,
    publish,
)


def with_policy(**policy: Any) -> Product:
    properties = dict(PACKAGING.properties)
    properties["revisionPolicy"] = {"reasonNl": "Proef.", "reasonEn": "Trial.", **policy}
    return replace(PACKAGING, properties=tuple(properties.items()))


ASKING = with_policy(finalFigures="ask", vanishedRows="ask")
REVISED = {**RATE_2017, "value": 77.0}


def permitting(product: Product, version: str) -> Product:
    step = {"from": version, "reasonNl": "Eurostat herzag 2017.", "reasonEn": "Eurostat revised 2017."}
    return replace(product, properties=(*product.properties, ("permittedRevisions", [step])))


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as handle:
        return list(csv.DictReader(handle))


def test_every_revision_is_kept_over_the_life_of_a_dataset(tmp_path: Path) -> None:
    publish(tmp_path, {**RATE_2017, "value": 77.9, "obs_status": "P"}, TONNES_2017)
    publish(tmp_path, at=NEXT_NIGHT)
    third = publish(tmp_path, RATE_2017, {**TONNES_2017, "value": 3139000.0}, at=NEXT_NIGHT + timedelta(days=1))
    revised = rows_of(third.path / "history/revisions.csv")
    assert [tuple(row.values()) for row in revised] == [
        ("amounts", '{"indicator": "pack_recycling_rate", "year": 2017}', "value", "77.9", "78.1389420013", "P", "A",
         "1.0.0", "1.1.0", "2026-11-22T03:00:00Z"),
        ("amounts", '{"indicator": "pack_recycling_rate", "year": 2017}', "obs_status", "P", "A", "P", "A",
         "1.0.0", "1.1.0", "2026-11-22T03:00:00Z"),
        ("amounts", '{"indicator": "pack_waste_generated_t", "year": 2017}', "value", "3138000", "3139000", "A", "A",
         "1.1.0", "1.2.0", "2026-11-23T03:00:00Z"),
    ]  # fmt: skip


def test_each_row_says_in_which_release_it_appeared_and_last_changed(tmp_path: Path) -> None:
    publish(tmp_path)
    publish(tmp_path, REVISED, TONNES_2017, {**RATE_2017, "year": 2018}, at=NEXT_NIGHT)
    last = publish(tmp_path, REVISED, TONNES_2017, {**RATE_2017, "year": 2018, "flags": "e"}, at=NEXT_NIGHT)
    keys = pq.read_table(last.path / "history/keys.parquet").to_pylist()
    assert {(row["key"][15:37], row["first_version"], row["last_changed_version"]) for row in keys} == {
        ('pack_recycling_rate", ', "1.0.0", "1.1.0"),
        ("pack_waste_generated_t", "1.0.0", "1.0.0"),
        ('pack_recycling_rate", ', "1.1.0", "1.2.0"),
    }


@pytest.mark.parametrize(
    ("product", "rows", "said"),
    [
        (ASKING, [REVISED, TONNES_2017], r"1 figures that were published as final.*78.1389420013 -> 77"),
        (ASKING, [TONNES_2017], r"1 published rows are gone: .*pack_recycling_rate"),
        (ASKING, [{**RATE_2017, "value": None, "obs_status": "O"}, TONNES_2017], "-> empty"),
        (with_policy(finalFigures="routine", largestShare=0.4), [REVISED, TONNES_2017], "1 figures"),
        (with_policy(vanishedRows="routine"), [REVISED, TONNES_2017], "1 figures"),
    ],
    ids=["a final figure", "a row gone", "a final figure emptied", "more than permitted", "only rows may go"],
)  # fmt: skip
def test_what_the_contract_does_not_permit_is_blocked_and_the_last_release_stands(
    product: Product, rows: list[dict[str, Any]], said: str, tmp_path: Path
) -> None:
    publish(tmp_path, product=product)
    before = contents(tmp_path / "published")
    with pytest.raises(RevisionNotPermitted, match=said) as refused:
        build(tmp_path, *rows, product=product, at=NEXT_NIGHT)
    assert "permittedRevisions: {from: 1.0.0, reasonNl: ..., reasonEn: ...}" in str(refused.value)
    assert rows_of(tmp_path / "staging/packaging.blocked/diff/changes.csv")
    assert contents(tmp_path / "published") == before


def test_a_row_that_said_that_nothing_could_be_given_yet_may_go(tmp_path: Path) -> None:
    waits = {**RATE_2017, "year": 2018, "value": None, "obs_status": "O"}
    publish(tmp_path, RATE_2017, TONNES_2017, waits, product=ASKING)
    made = publish(tmp_path, RATE_2017, TONNES_2017, {**waits, "year": 2019}, product=ASKING, at=NEXT_NIGHT)
    assert made.released
    with pytest.raises(RevisionNotPermitted, match=r"1 published rows are gone: .*pack_recycling_rate"):
        build(tmp_path, TONNES_2017, {**waits, "year": 2019}, product=ASKING, at=NEXT_NIGHT + timedelta(days=1))


def test_a_source_that_changes_as_a_whole_is_looked_at_however_small_it_is_within_the_table() -> None:
    by_source = replace(INDICATORS, columns=(*INDICATORS.columns, column("source", key=3)))
    small = [{**RATE_2017, "year": year, "source": "84970NED"} for year in range(2000, 2010)]
    large = [{**RATE_2017, "year": year, "source": "env_waspac"} for year in range(1900, 2000)]
    old = pa.Table.from_pylist(small + large)
    wrong = pa.Table.from_pylist([{**row, "value": row["value"] * 1.3} for row in small] + large)
    few = pa.Table.from_pylist([{**row, "value": 1.0} for row in small[:5]] + small[5:] + large)
    counts = {("amounts", "84970NED"): 10, ("amounts", "env_waspac"): 100}

    def objected(new: pa.Table) -> list[tuple[str, int]]:
        found = Difference(changes=cell_changes(old, new, by_source))
        policy = with_policy(finalFigures="routine", largestShare=0.25)
        contracts = {"amounts": by_source}
        more = {"old_rows": {"amounts": 110}, "announced": {}, "released_at": NIGHT, "old_sources": counts}
        return [(o.table, o.count) for o in objections(policy, found, contracts, **more)]

    assert objected(wrong) == [("amounts, source 84970NED", 10)]
    assert objected(few) == []


@pytest.mark.parametrize(
    ("product", "old", "new"),
    [
        (ASKING, {**RATE_2017, "obs_status": "P"}, REVISED),
        (ASKING, RATE_2017, {**RATE_2017, "flags": "b"}),
        (ASKING, {**RATE_2017, "value": None, "obs_status": "O"}, RATE_2017),
        (with_policy(finalFigures="routine", largestShare=0.5), RATE_2017, REVISED),
    ],
    ids=["a provisional figure", "a flag", "a figure that was missing", "within the share of the contract"],
)
def test_what_was_never_final_needs_no_permission(
    product: Product, old: dict[str, Any], new: dict[str, Any], tmp_path: Path
) -> None:
    publish(tmp_path, old, TONNES_2017, product=product)
    assert publish(tmp_path, new, TONNES_2017, product=product, at=NEXT_NIGHT).version == "1.1.0"


def test_a_permitted_step_is_published_with_its_reason(tmp_path: Path) -> None:
    publish(tmp_path, product=ASKING)
    outcome = publish(tmp_path, REVISED, TONNES_2017, product=permitting(ASKING, "1.0.0"), at=NEXT_NIGHT)
    told = (outcome.path / "CHANGELOG.md").read_text()
    assert outcome.version == "1.1.0"
    assert "## 1.1.0, 22 november 2026" in told
    assert "Eurostat herzag 2017." in told
    assert "Eurostat revised 2017." in told
    assert "Recyclingpercentage verpakkingsafval (EU), 2017 (`value`): 78,1389 → 77" in told
    assert told.index("## 1.1.0") < told.index("## 1.0.0")
    with pytest.raises(RevisionNotPermitted):
        build(tmp_path, RATE_2017, TONNES_2017, product=permitting(ASKING, "1.0.0"), at=NEXT_NIGHT)


@pytest.mark.parametrize(
    ("policy", "problem"),
    [
        ({"finalFigures": "perhaps"}, "routine or ask"),
        ({"finalFigure": "ask"}, "finalFigure is not one of"),
        ({"finalFigures": "routine", "reasonNl": ""}, "says why"),
        ({"largestShare": 25}, "between 0 and 1"),
    ],
)
def test_a_faulty_policy_is_named(policy: dict[str, Any], problem: str, tmp_path: Path) -> None:
    publish(tmp_path)
    with pytest.raises(ReleaseError, match=problem):
        build(tmp_path, REVISED, TONNES_2017, product=with_policy(**policy))


def without_flags(product: Product) -> Product:
    narrower = replace(INDICATORS, columns=tuple(c for c in INDICATORS.columns if c.name != "flags"))
    return replace(product, tables=(narrower, SOURCES))


def bare(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "flags"}


def test_a_column_goes_only_after_ninety_days_of_notice(tmp_path: Path) -> None:
    going = tuple(
        replace(c, deprecated_nl="Vervalt.", deprecated_en="Will go.") if c.name == "flags" else c
        for c in INDICATORS.columns
    )
    announcing = replace(PACKAGING, tables=(replace(INDICATORS, columns=going), SOURCES))
    rows = [bare(RATE_2017), bare(TONNES_2017)]
    publish(tmp_path)
    with pytest.raises(RevisionNotPermitted, match=r"flags .never marked deprecatedNl"):
        build(tmp_path, *rows, product=without_flags(PACKAGING))
    announced = publish(tmp_path, product=announcing, at=NIGHT)
    assert announced.version == "1.0.1"
    fields = json.loads((announced.path / "datapackage.json").read_text())["resources"][0]["schema"]["fields"]
    assert [f["upv:deprecatedEn"] for f in fields if f["name"] == "flags"] == ["Will go."]
    with pytest.raises(RevisionNotPermitted, match="announced only on 2026-11-21"):
        build(tmp_path, *rows, product=without_flags(PACKAGING), at=NIGHT + timedelta(days=89))
    outcome = publish(tmp_path, *rows, product=without_flags(PACKAGING), at=NIGHT + timedelta(days=90))
    assert outcome.version == "2.0.0"


def test_what_we_conclude_from_figures_may_come_and_go(tmp_path: Path) -> None:
    passing = replace(INDICATORS, table="anomalies", properties=(("rowsMayVanish", True),))
    product = replace(ASKING, tables=(passing, SOURCES))

    def made(*rows: Mapping[str, Any]) -> str:
        from publish.release import build_candidate
        from tests.release_example import tables

        content = {"anomalies": tables(*rows)["amounts"], "sources": tables()["sources"]}
        candidate = build_candidate(
            product, content, published=tmp_path / "published", staging=tmp_path / "staging", released_at=NIGHT
        )
        return promote(candidate, tmp_path / "published").version

    assert made(RATE_2017, TONNES_2017) == "1.0.0"
    assert made({**RATE_2017, "value": 1.0}) == "1.1.0"
    assert pq.read_table(tmp_path / "published/releases/packaging/1.1.0/history/keys.parquet").num_rows == 0


def withdrawn(home: Path, version: str, **other: Any) -> Path:
    place = withdraw(
        home / "published", "packaging", version, reason_nl="De noemer was fout.", reason_en="Wrong denominator.",
        withdrawn_at=datetime(2026, 12, 1, tzinfo=UTC), contact="steward@ketenmonitor.example", **other,
    )  # fmt: skip
    repair_dataset(home / "published", "packaging")
    return place


def test_a_withdrawn_release_leaves_a_tombstone_and_the_pointers_go_back(tmp_path: Path) -> None:
    publish(tmp_path)
    publish(tmp_path, REVISED, TONNES_2017, at=NEXT_NIGHT)
    place = withdrawn(tmp_path, "1.1.0")
    assert sorted(contents(place)) == ["SHA256SUMS", "datapackage.json", "index.html", "release.json", "tombstone.json"]
    tombstone = json.loads((place / "tombstone.json").read_text())
    assert (tombstone["replaced_by"], tombstone["withdrawn_at"]) == ("1.0.0", "2026-12-01T00:00:00Z")
    page = (place / "index.html").read_text()
    assert "De noemer was fout." in page
    assert "Wrong denominator." in page
    home = tmp_path / "published/datasets/packaging"
    assert os.readlink(home / "latest").endswith("/1.0.0")
    assert json.loads((home / "latest.json").read_text())["version"] == "1.0.0"
    listed = json.loads((home / "versions.json").read_text())["versions"]
    assert [(entry["version"], entry.get("status")) for entry in listed] == [("1.1.0", "withdrawn"), ("1.0.0", None)]
    assert verify(tmp_path / "published") == []


def test_withdrawn_figures_are_not_published_again_and_their_number_is_not_reused(tmp_path: Path) -> None:
    publish(tmp_path)
    publish(tmp_path, REVISED, TONNES_2017, at=NEXT_NIGHT)
    withdrawn(tmp_path, "1.1.0")
    with pytest.raises(ReleaseError, match=r"the figures of 1.1.0, which was withdrawn.*1.0.0 stands"):
        build(tmp_path, REVISED, TONNES_2017)
    assert build(tmp_path).status == "unchanged"
    assert publish(tmp_path, {**RATE_2017, "value": 78.5}, TONNES_2017).version == "1.2.0"


def test_when_all_releases_are_withdrawn_the_newest_tombstone_answers(tmp_path: Path) -> None:
    publish(tmp_path)
    place = withdrawn(tmp_path, "1.0.0")
    assert (tmp_path / "published/datasets/packaging/latest/tombstone.json").read_bytes() == (
        place / "tombstone.json"
    ).read_bytes()
    assert json.loads((tmp_path / "published/datasets/packaging/latest.json").read_text())["status"] == "withdrawn"
    assert publish(tmp_path, REVISED, TONNES_2017).version == "2.0.0"


@pytest.mark.parametrize(
    ("version", "other", "problem"),
    [
        ("3.0.0", {}, r"no release 3.0.0; it has 1.0.0, 1.1.0"),
        ("1.1.0", {"replaced_by": "1.1.0"}, "cannot take the place"),
        ("1.0.0", {}, "withdrawn already"),
    ],
)
def test_a_withdrawal_that_cannot_be_is_refused_in_words(
    version: str, other: dict[str, Any], problem: str, tmp_path: Path
) -> None:
    publish(tmp_path)
    publish(tmp_path, REVISED, TONNES_2017, at=NEXT_NIGHT)
    withdrawn(tmp_path, "1.0.0")
    with pytest.raises(ReleaseError, match=problem):
        withdrawn(tmp_path, version, **other)


class Killed(BaseException):
    """The process is gone: nothing after this line runs."""


@pytest.mark.parametrize("dies_at", [1, 2])
def test_a_withdrawal_that_died_halfway_is_finished_by_the_next_run(
    dies_at: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(tmp_path)
    publish(tmp_path, REVISED, TONNES_2017, at=NEXT_NIGHT)
    real, calls = os.rename, 0

    def rename(source: Path, target: Path) -> None:
        nonlocal calls
        calls += 1
        if calls == dies_at:
            raise Killed
        real(source, target)

    with monkeypatch.context() as patch:
        patch.setattr("publish.withdrawal.os.rename", rename)
        with pytest.raises(Killed):
            withdrawn(tmp_path, "1.1.0")
    assert repair_dataset(tmp_path / "published", "packaging")
    assert [record.withdrawn for record in known_releases(tmp_path / "published", "packaging")] == [False, True]
    assert verify(tmp_path / "published") == []
    assert not list((tmp_path / "published/releases/packaging").glob(".*"))


def test_two_releases_can_be_compared_by_name_or_folder(tmp_path: Path) -> None:
    publish(tmp_path)
    publish(tmp_path, REVISED, TONNES_2017, at=NEXT_NIGHT)
    published = tmp_path / "published"
    old, new = release_folder(published, "packaging@1.0.0"), release_folder(published, "packaging")
    assert (old.name, new.name, release_folder(published, str(new))) == ("1.0.0", "1.1.0", new)
    assert list(lines(compare(old, new))) == [
        "amounts: cells changed: 1",
        '  changed amounts {"indicator": "pack_recycling_rate", "year": 2017} value: 78.1389420013 -> 77',
    ]
    assert list(lines(compare(old, old))) == []
    with pytest.raises(ReleaseError, match=r"packaging@9.9.9 is no release.*packaging@1.0.0, packaging@1.1.0"):
        release_folder(published, "packaging@9.9.9")


def test_sources_of_which_another_copy_was_used_are_told_beside_the_difference(tmp_path: Path) -> None:
    publish(tmp_path)
    newer = {**ENV_WASPAC, "vintage": "bbbb"}
    last = publish(tmp_path, REVISED, {**TONNES_2017, "vintage": "bbbb"}, at=NEXT_NIGHT, sources=newer)
    published = tmp_path / "published"
    found = compare(release_folder(published, "packaging@1.0.0"), release_folder(published, "packaging@1.1.0"))
    assert list(source_lines(found)) == ["source env_waspac: aaaa -> bbbb"]
    assert sum(found.cells_changed.values()) == 1
    told = (last.path / "CHANGELOG.md").read_text()
    assert "Andere kopie van bronnen (geen wijziging van cijfers op zichzelf): `env_waspac` (`aaaa` → `bbbb`)." in told
    page = " ".join((last.path / "diff/index.html").read_text().split())
    assert "<code>env_waspac</code>: <code>aaaa</code> → <code>bbbb</code>" in page
    assert json.loads((last.path / "diff/summary.json").read_text())["sources"] == [
        {"source": "env_waspac", "old": ["aaaa"], "new": ["bbbb"]}
    ]


def test_another_copy_of_a_source_alone_is_no_release(tmp_path: Path) -> None:
    publish(tmp_path)
    assert build(tmp_path, at=NEXT_NIGHT, sources={**ENV_WASPAC, "vintage": "bbbb"}).status == "unchanged"


@pytest.mark.parametrize(
    ("name", "problem"), [("packaging@", "packaging@: expected a version after @"), ("packaging@1", "is no release")]
)
def test_a_release_without_its_version_is_not_taken_for_the_newest(name: str, problem: str, tmp_path: Path) -> None:
    publish(tmp_path)
    with pytest.raises(ReleaseError, match=problem):
        release_folder(tmp_path / "published", name)


def test_a_withdrawal_without_a_version_names_those_there_are(tmp_path: Path) -> None:
    publish(tmp_path)
    publish(tmp_path, REVISED, TONNES_2017, at=NEXT_NIGHT)
    with pytest.raises(ReleaseError, match=r"give dataset@version, .*; packaging has 1\.0\.0, 1\.1\.0"):
        withdrawn(tmp_path, "")


def test_after_a_whole_withdrawal_the_wait_for_a_candidate_says_that_none_stands(tmp_path: Path) -> None:
    publish(tmp_path)
    withdrawn(tmp_path, "1.0.0")
    with pytest.raises(ReleaseError, match=r"no candidate, and no release stands: 1\.0\.0 withdrawn"):
        waiting_candidate("packaging", published=tmp_path / "published", staging=tmp_path / "empty")


def publish_headline(home: Path, at: datetime, *rows: tuple[str, float]) -> None:
    figures = contract("headline", column("chain_table", key=1), column("value", "number"))
    product = replace(PACKAGING, id="headline", code_lists=(), tables=(figures, SOURCES))
    content = {
        "headline": pa.table({"chain_table": [name for name, _ in rows], "value": [value for _, value in rows]}),
        "sources": pa.Table.from_pylist([ENV_WASPAC]),
    }
    places = {"published": home / "published", "staging": home / "staging"}
    promote(build_candidate(product, content, released_at=at, **places), home / "published")


def test_a_withdrawal_names_the_headline_that_repeats_its_figures(tmp_path: Path) -> None:
    publish(tmp_path)
    publish_headline(tmp_path, NIGHT, ("packaging", 78.1), ("textile", 1.0))
    publish_headline(tmp_path, NIGHT + timedelta(hours=1), ("textile", 1.0))
    publish_headline(tmp_path, NIGHT + timedelta(hours=2), ("packaging", 78.1), ("textile", 2.0))
    publish(tmp_path, REVISED, TONNES_2017, at=NEXT_NIGHT)
    publish_headline(tmp_path, NEXT_NIGHT, ("packaging", 77.0), ("textile", 2.0))
    published = tmp_path / "published"
    versions = [record.version for record in known_releases(published, "headline")]
    assert also_holding(published, "packaging", "1.0.0") == [f"headline@{versions[0]}", f"headline@{versions[2]}"]
    withdrawn(tmp_path, "1.0.0")
    assert also_holding(published, "packaging", "1.0.0") == [f"headline@{versions[0]}", f"headline@{versions[2]}"]
    assert also_holding(published, "packaging", "1.1.0") == [f"headline@{versions[3]}"]
    assert also_holding(published, "headline", versions[0]) == []

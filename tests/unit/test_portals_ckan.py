"""Datasets in a CKAN: created once, patched afterwards, never doubled; against a CKAN of our own on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from publish.portals import calls
from publish.portals.ckan import CkanPortal, ckan_settings
from publish.portals.ckan_fields import CkanProfile, dataset_fields, resource_fields
from publish.portals.plan import PortalError, PortalNotSetUp
from publish.release_facts import ReleaseFacts
from tests.servers.ckan import TOKEN, PlayedCkan
from tests.servers.loopback import Fault, Waits, playing
from tests.servers.small_published import HARD, facts, write_published, write_release

ENVIRONMENT = {
    "KETENMONITOR_CKAN_URL": "https://data.overheid.example/data",
    "KETENMONITOR_CKAN_TOKEN": TOKEN,
    "KETENMONITOR_CKAN_ORGANISATION": "ketenmonitor",
    "KETENMONITOR_CKAN_PUBLISHER": "http://standaarden.overheid.nl/owms/terms/minienw",
}


@pytest.fixture
def published(tmp_path: Path) -> Path:
    return write_published(tmp_path / "published")


@pytest.fixture
def ckan() -> Iterator[PlayedCkan]:
    played = PlayedCkan()
    with playing(played):
        yield played


def _portal(ckan: PlayedCkan, *given: ReleaseFacts, wait: Waits | None = None, **changed: str) -> CkanPortal:
    settings = ckan_settings({**ENVIRONMENT, "KETENMONITOR_CKAN_URL": ckan.base, **changed})
    return CkanPortal(given, settings, wait=wait or Waits())


def _only(ckan: PlayedCkan) -> dict[str, Any]:
    (package,) = ckan.packages.values()
    return package


def test_a_dataset_is_created_with_the_fields_of_data_overheid_nl(published: Path, ckan: PlayedCkan) -> None:
    portal = _portal(ckan, facts(published))
    plan = portal.plan()
    assert ckan.packages == {}
    portal.carry_out(plan)
    package = _only(ckan)
    expected = {
        "name": "ketenmonitor-electronics",
        "title": "Elektronica: ingezameld",
        "version": "1.0.0",
        "identifier": "https://ketenmonitor.example/datasets/electronics/",
        "url": "https://ketenmonitor.example/datasets/electronics/",
        "authority": "http://standaarden.overheid.nl/owms/terms/minienw",
        "publisher": "http://standaarden.overheid.nl/owms/terms/minienw",
        "contact_point_email": "datasteward@ketenmonitor.example",
        "license_id": "http://creativecommons.org/licenses/by/4.0/deed.nl",
        "access_rights": "http://publications.europa.eu/resource/authority/access-right/PUBLIC",
        "modified": "2026-11-21T03:00:00",
        "temporal_start": "2023-01-01T00:00:00",
        "temporal_end": "2024-12-31T23:59:59",
        "language": [
            "http://publications.europa.eu/resource/authority/language/NLD",
            "http://publications.europa.eu/resource/authority/language/ENG",
        ],
    }
    assert {name: package[name] for name in expected} == expected
    assert [tag["name"] for tag in package["tags"]] == ["afval", "e-waste", "hergebruik UPV"]


def test_each_file_is_a_resource_with_its_checksum_at_the_address_of_the_release(
    published: Path, ckan: PlayedCkan
) -> None:
    of = facts(published)
    portal = _portal(ckan, of)
    portal.carry_out(portal.plan())
    resources = {item["name"]: item for item in _only(ckan)["resources"]}
    assert list(resources) == ["data/observations.csv", "data/observations.parquet", "datapackage.json"]
    found = resources["data/observations.csv"]
    assert found["url"] == "https://ketenmonitor.example/releases/electronics/1.0.0/data/observations.csv"
    assert found["format"] == "http://publications.europa.eu/resource/authority/file-type/CSV"
    assert found["description"] == "Waarnemingen / Observations"
    assert (found["hash"], found["hash_algorithm"]) == (
        next(file.sha256 for file in of.files if file.path == "data/observations.csv"),
        "sha256",
    )


def test_a_second_run_finds_nothing_to_do(published: Path, ckan: PlayedCkan) -> None:
    given = [facts(published), facts(published, "packaging")]
    portal = _portal(ckan, *given)
    portal.carry_out(portal.plan())
    plan = portal.plan()
    assert [step.action for step in plan.steps] == ["skip", "skip"]
    portal.carry_out(plan)
    assert ckan.count("package_create") == 2
    assert ckan.count("package_patch") == 0


def test_a_new_release_changes_the_dataset_and_keeps_its_resources(published: Path, ckan: PlayedCkan) -> None:
    first = _portal(ckan, facts(published))
    first.carry_out(first.plan())
    before = {item["name"]: item["id"] for item in _only(ckan)["resources"]}
    write_release(published, "electronics", "1.1.0", previous="1.0.0", more={"data/extra.csv": b"a\n1\n"})
    newer = facts(published, version="1.1.0")
    second = _portal(ckan, newer)
    plan = second.plan()
    assert plan.lines()[0] == (
        "update   ketenmonitor-electronics: differs in 1 new files, 3 changed files, documentation, version"
    )
    second.carry_out(plan)
    after = {item["name"]: item for item in _only(ckan)["resources"]}
    assert set(after) == {*before, "data/extra.csv"}
    assert {name: after[name]["id"] for name in before} == before
    assert after["data/observations.csv"]["url"].endswith("/releases/electronics/1.1.0/data/observations.csv")
    assert {step.action for step in second.plan().steps} == {"skip"}


def test_a_file_that_a_release_no_longer_has_is_no_longer_shown(published: Path, ckan: PlayedCkan) -> None:
    of = facts(published)
    portal = _portal(ckan, of)
    portal.carry_out(portal.plan())
    fewer = replace(of, files=tuple(file for file in of.files if not file.path.endswith(".parquet")))
    again = _portal(ckan, fewer)
    again.carry_out(again.plan())
    assert [item["name"] for item in _only(ckan)["resources"]] == ["data/observations.csv", "datapackage.json"]


def test_workbook_and_archive_keep_their_name_from_release_to_release(published: Path) -> None:
    profile = CkanProfile(extras=False, prefix="")
    names = []
    for version in ("1.1.0", "1.2.0"):
        more = {f"electronics-{version}.{ending}": b"x" for ending in ("xlsx", "zip")}
        write_release(published, "electronics", version, more=more)
        names.append([item["name"] for item in resource_fields(facts(published, version=version), profile)])
    assert names[0] == names[1]
    assert names[0][-2:] == ["electronics.xlsx", "electronics.zip"]


def test_another_ckan_gets_the_same_facts_as_extras(published: Path) -> None:
    played = PlayedCkan(donl=False)
    with playing(played):
        portal = _portal(played, facts(published), KETENMONITOR_CKAN_FIELDS="extras")
        portal.carry_out(portal.plan())
        package = _only(played)
        extras = {item["key"]: item["value"] for item in package["extras"]}
        assert extras["frequency"] == "http://publications.europa.eu/resource/authority/frequency/IRREG"
        assert extras["national_coverage"] == "true"
        assert package["license_id"] == "cc-by-4.0"
        assert {item["format"] for item in package["resources"]} == {"CSV", "PARQUET", "JSON"}
        assert {step.action for step in portal.plan().steps} == {"skip"}


def test_a_dataset_of_another_organisation_is_never_touched(published: Path, ckan: PlayedCkan) -> None:
    ckan.organisations = ("cbs", "ketenmonitor")
    theirs = _portal(ckan, facts(published), KETENMONITOR_CKAN_ORGANISATION="cbs")
    theirs.carry_out(theirs.plan())
    before = dict(_only(ckan))
    ours = _portal(ckan, facts(published))
    plan = ours.plan()
    assert [step.action for step in plan.steps] == ["refuse"]
    assert "belongs to another organisation (cbs)" in plan.refused[0].reason
    ours.carry_out(plan)
    assert _only(ckan) == before


def test_a_dataset_that_was_deleted_there_comes_back(published: Path, ckan: PlayedCkan) -> None:
    portal = _portal(ckan, facts(published))
    portal.carry_out(portal.plan())
    _only(ckan)["state"] = "deleted"
    portal.carry_out(portal.plan())
    assert _only(ckan)["state"] == "active"


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"KETENMONITOR_CKAN_TOKEN": "wr0ng"}, r"KETENMONITOR_CKAN_TOKEN is not known there.*\(403\)"),
        ({"KETENMONITOR_CKAN_ORGANISATION": "other"}, r"not authorized to add dataset to other"),
        ({"KETENMONITOR_CKAN_PREFIX": "Ü-"}, r"does not accept the fields \(409\).*name: .*lowercase"),
    ],
)
def test_what_the_portal_does_not_accept_is_said_in_plain_words(
    changed: dict[str, str], words: str, published: Path, ckan: PlayedCkan
) -> None:
    portal = _portal(ckan, facts(published), **changed)
    with pytest.raises(PortalError, match=words):
        portal.carry_out(portal.plan())
    assert ckan.packages == {}


def test_a_name_that_somebody_took_in_between_is_not_overwritten(published: Path, ckan: PlayedCkan) -> None:
    portal = _portal(ckan, facts(published))
    plan = portal.plan()
    other = _portal(ckan, facts(published))
    other.carry_out(other.plan())
    with pytest.raises(PortalError, match="That URL is already in use"):
        portal.carry_out(plan)
    assert len(ckan.packages) == 1


@pytest.mark.parametrize("status", [500, 502, 503])
def test_a_portal_that_is_out_of_order_for_a_moment_is_asked_again_when_looking(
    status: int, published: Path, ckan: PlayedCkan
) -> None:
    ckan.faults = [Fault("package_show", status, content=b"<h1>Bad gateway</h1>")]
    waits = Waits()
    assert [step.action for step in _portal(ckan, facts(published), wait=waits).plan().steps] == ["create"]
    assert waits.seconds == [1.0]


def test_a_portal_that_asks_for_patience_gets_it(published: Path, ckan: PlayedCkan) -> None:
    ckan.faults = [Fault("package_create", 429, {"Retry-After": "7"}, content={"success": False})]
    waits = Waits()
    portal = _portal(ckan, facts(published), wait=waits)
    portal.carry_out(portal.plan())
    assert waits.seconds == [7.0]
    assert len(ckan.packages) == 1


def test_a_break_of_an_hour_is_left_to_the_next_run(published: Path, ckan: PlayedCkan) -> None:
    ckan.faults = [Fault("package_create", 429, {"Retry-After": "3600"}, content={"success": False})]
    waits = Waits()
    portal = _portal(ckan, facts(published), wait=waits)
    with pytest.raises(PortalError, match="429"):
        portal.carry_out(portal.plan())
    assert waits.seconds == []


@pytest.mark.parametrize(
    "fault",
    [
        Fault("package_create", 500, content={"success": False, "error": {"message": "boom"}}, after=True),
        Fault("package_create", 0, after=True),
    ],
    ids=["an error after it was done", "the answer is lost"],
)
def test_a_creation_that_may_have_been_done_is_not_done_twice(fault: Fault, published: Path, ckan: PlayedCkan) -> None:
    ckan.faults = [fault]
    portal = _portal(ckan, facts(published))
    with pytest.raises(PortalError, match="run again"):
        portal.carry_out(portal.plan())
    assert ckan.count("package_create") == 1
    assert {step.action for step in portal.plan().steps} == {"skip"}
    assert len(ckan.packages) == 1


def test_a_silent_portal_is_not_waited_for_for_ever(
    published: Path, ckan: PlayedCkan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "READ_SECONDS", 0.2)
    ckan.faults = [Fault("package_show", 200, silent=0.5) for _ in range(4)]
    with pytest.raises(PortalError, match="no answer in time; run again"):
        _portal(ckan, facts(published)).plan()


def test_a_portal_that_is_not_there_is_named(published: Path, ckan: PlayedCkan) -> None:
    with pytest.raises(PortalError, match=r"CKAN \(127.0.0.1:9\) POST: no connection"):
        _portal(ckan, facts(published), KETENMONITOR_CKAN_URL="http://127.0.0.1:9").plan()


def test_a_web_page_in_place_of_an_answer_is_no_empty_catalogue(published: Path, ckan: PlayedCkan) -> None:
    portal = _portal(ckan, facts(published), KETENMONITOR_CKAN_URL=ckan.base + "/elsewhere")
    with pytest.raises(PortalError, match="not the answer of a CKAN; look at KETENMONITOR_CKAN_URL"):
        portal.plan()


def test_a_portal_that_sends_us_elsewhere_does_not_get_the_token_there(published: Path, ckan: PlayedCkan) -> None:
    other = PlayedCkan()
    with playing(other):
        ckan.faults = [Fault("package_show", 302, {"Location": f"{other.base}/api/3/action/package_show"})]
        with pytest.raises(PortalError, match="sent us on to"):
            _portal(ckan, facts(published)).plan()
        assert other.calls == []


def test_the_token_is_in_no_message_even_where_the_portal_repeats_it(published: Path, ckan: PlayedCkan) -> None:
    ckan.faults = [
        Fault("package_create", 403, content={"success": False, "error": {"message": f"no right for {TOKEN}"}})
    ]
    portal = _portal(ckan, facts(published))
    with pytest.raises(PortalError) as caught:
        portal.carry_out(portal.plan())
    assert "no right for ***" in str(caught.value)
    assert TOKEN not in repr(caught.value) + repr(portal.__dict__) + repr(portal.plan())


def test_hostile_texts_arrive_as_they_are(published: Path, ckan: PlayedCkan) -> None:
    of = facts(published)
    hostile = replace(of, descriptor={**of.descriptor, "title": HARD, "keywords": ["<b>", "x" * 300, HARD, "a"]})
    portal = _portal(ckan, hostile)
    portal.carry_out(portal.plan())
    assert _only(ckan)["title"] == HARD
    assert [tag["name"] for tag in _only(ckan)["tags"]] == ["1 1 b id dcba", "x" * 100]


def test_a_release_without_years_leaves_its_period_out(published: Path) -> None:
    fields = dataset_fields(facts(published, years=None), CkanProfile(extras=False, prefix="k-"))
    assert not [name for name in fields if name.startswith("temporal")]


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"KETENMONITOR_CKAN_TOKEN": ""}, "KETENMONITOR_CKAN_TOKEN is not set"),
        ({"KETENMONITOR_CKAN_URL": "http://data.example"}, "would send the token in the clear"),
        ({"KETENMONITOR_CKAN_URL": "data.example"}, "expected one that starts with https://"),
        ({"KETENMONITOR_CKAN_FIELDS": "dcat"}, "expected donl or extras"),
    ],
)
def test_settings_that_cannot_be_used_are_named(changed: dict[str, str], words: str) -> None:
    with pytest.raises(PortalNotSetUp, match=words):
        ckan_settings({**ENVIRONMENT, **changed})

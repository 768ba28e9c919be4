"""Releases at Zenodo: reserved, uploaded, published only when told to; against a Zenodo of our own on loopback."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pipelines.portals import zenodo_drafts
from publish.portals.plan import Plan, PortalError, PortalNotSetUp
from publish.portals.zenodo import ZenodoPortal, ZenodoSettings, reserved_doi, zenodo_settings
from publish.portals.zenodo_drafts import ZenodoDrafts
from publish.portals.zenodo_fields import deposited_files, release_metadata
from tests.conftest import night
from tests.servers.loopback import Fault, Waits, playing
from tests.servers.small_published import ADDRESS, HARD, facts, write_published, write_release
from tests.servers.zenodo import TOKEN, PlayedZenodo

NAMES = [
    "README.md",
    "codelists__geo.csv",
    "data__observations.csv",
    "data__observations.parquet",
    "datapackage.json",
    "release.json",
]


@pytest.fixture
def published(tmp_path: Path) -> Path:
    return write_published(tmp_path / "published")


@pytest.fixture
def zenodo() -> Iterator[PlayedZenodo]:
    played = PlayedZenodo()
    with playing(played):
        yield played


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def _portal(zenodo: PlayedZenodo, home: Path, token: str = TOKEN, wait: Waits | None = None) -> ZenodoPortal:
    return ZenodoPortal(home, ADDRESS, ZenodoSettings(zenodo.base, token), wait=wait or Waits())


def _reserve(portal: ZenodoPortal, version: str = "1.0.0") -> Plan:
    plan = portal.plan_reservation("electronics", version, title="Elektronica", creator="Ketenmonitor")
    portal.carry_out(plan)
    return plan


def _upload(portal: ZenodoPortal, published: Path, version: str = "1.0.0", *, publish: bool = False) -> Plan:
    plan = portal.plan_upload(published, facts(published, version=version), publish=publish)
    portal.carry_out(plan)
    return plan


def _actions(plan: Plan) -> list[str]:
    return [step.action for step in plan.steps]


def _files(zenodo: PlayedZenodo, number: int) -> list[str]:
    return sorted(item["filename"] for item in zenodo.depositions[number]["files"])


def test_a_plan_changes_nothing(published: Path, zenodo: PlayedZenodo, home: Path) -> None:
    portal = _portal(zenodo, home)
    portal.plan_reservation("electronics", "1.0.0", title="Elektronica", creator="Ketenmonitor")
    plan = portal.plan_upload(published, facts(published), publish=True)
    assert _actions(plan) == ["create", *["upload"] * 6, "update", "publish"]
    assert {call.method for call in zenodo.calls} == {"GET"}
    assert zenodo.depositions == {}
    assert not home.exists()


def test_a_doi_is_reserved_once_and_remembered(zenodo: PlayedZenodo, home: Path) -> None:
    portal = _portal(zenodo, home)
    outcome = portal.carry_out(
        portal.plan_reservation("electronics", "1.0.0", title="Elektronica", creator="Ketenmonitor")
    )
    assert outcome.notes == ("electronics 1.0.0: DOI 10.5072/zenodo.102",)
    assert reserved_doi(home, zenodo.base, "electronics", "1.0.0") == "10.5072/zenodo.102"
    assert reserved_doi(home, zenodo.base, "electronics", "1.1.0") is None
    assert reserved_doi(home, "https://zenodo.org", "electronics", "1.0.0") is None
    assert _actions(_reserve(portal)) == ["skip"]
    assert list(zenodo.depositions) == [102]


def test_a_reservation_whose_answer_was_lost_is_found_again(zenodo: PlayedZenodo, home: Path) -> None:
    zenodo.faults = [Fault("POST /api/deposit/depositions", 0, after=True)]
    portal = _portal(zenodo, home)
    with pytest.raises(PortalError, match="it may have been done or not: run again, what is there is found"):
        _reserve(portal)
    plan = _reserve(portal)
    assert _actions(plan) == ["update"]
    assert "is reserved as 10.5072/zenodo.102; is written down" in plan.steps[0].reason
    assert reserved_doi(home, zenodo.base, "electronics", "1.0.0") == "10.5072/zenodo.102"
    assert list(zenodo.depositions) == [102]


def test_a_release_is_uploaded_into_its_draft_and_stays_one(published: Path, zenodo: PlayedZenodo, home: Path) -> None:
    portal = _portal(zenodo, home)
    _reserve(portal)
    plan = _upload(portal, published)
    assert "stays a draft: --publish was not given" in plan.steps[-1].reason
    assert list(zenodo.depositions) == [102]
    assert _files(zenodo, 102) == NAMES
    assert zenodo.depositions[102]["submitted"] is False
    metadata = zenodo.depositions[102]["metadata"]
    assert metadata["title"] == "Elektronica: ingezameld"
    assert metadata["license"] == "cc-by-4.0"
    assert metadata["publication_date"] == "2026-11-21"
    assert metadata["related_identifiers"] == [
        {
            "identifier": "https://ketenmonitor.example/releases/electronics/1.0.0/",
            "relation": "isIdenticalTo",
            "resource_type": "dataset",
        },
        {"identifier": "https://ec.europa.eu/eurostat/x", "relation": "isDerivedFrom", "resource_type": "dataset"},
    ]


def test_a_second_upload_finds_everything_there(published: Path, zenodo: PlayedZenodo, home: Path) -> None:
    portal = _portal(zenodo, home)
    _upload(portal, published)
    count = zenodo.count("PUT")
    assert set(_actions(_upload(portal, published))) == {"skip"}
    assert zenodo.count("PUT") == count


def test_an_upload_that_broke_off_goes_on_where_it_stopped(published: Path, zenodo: PlayedZenodo, home: Path) -> None:
    portal = _portal(zenodo, home)
    zenodo.faults = [Fault("data__observations.csv", 403, content={"message": "Bucket is locked."})]
    with pytest.raises(PortalError, match=r"data__observations.csv: .*\(403\).*3 of 8 steps were done and stay"):
        _upload(portal, published)
    plan = _upload(portal, published)
    assert [step.action for step in plan.steps if step.target.endswith("geo.csv")] == ["skip"]
    assert _files(zenodo, 102) == NAMES
    assert zenodo.count("PUT /api/files/b-102/codelists__geo.csv") == 1
    assert list(zenodo.depositions) == [102]


def test_a_file_that_arrives_damaged_is_an_error(published: Path, zenodo: PlayedZenodo, home: Path) -> None:
    zenodo.faults = [Fault("README.md", 201, content={"key": "README.md", "checksum": "md5:0"})]
    with pytest.raises(PortalError, match="arrived with md5 0, expected "):
        _upload(_portal(zenodo, home), published)


def test_a_file_that_is_not_what_was_released_is_not_sent(published: Path, zenodo: PlayedZenodo, home: Path) -> None:
    of = facts(published)
    (published / "releases/electronics/1.0.0/README.md").write_text("other")
    with pytest.raises(PortalError, match="run `ketenmonitor verify`"):
        _portal(zenodo, home).plan_upload(published, of)
    assert zenodo.depositions == {}


def test_only_when_told_to_it_is_published_and_only_once(published: Path, zenodo: PlayedZenodo, home: Path) -> None:
    portal = _portal(zenodo, home)
    _upload(portal, published, publish=True)
    assert zenodo.depositions[102]["submitted"] is True
    remembered = json.loads((home / "portals/zenodo.json").read_text())
    assert remembered == {
        zenodo.base: {
            "electronics": {
                "1.0.0": {
                    "deposition": 102,
                    "doi": "10.5072/zenodo.102",
                    "concept_doi": "10.5072/zenodo.101",
                    "state": "published",
                }
            }
        }
    }
    plan = _upload(portal, published, publish=True)
    assert _actions(plan) == ["skip"]
    assert zenodo.count("actions/publish") == 1


def test_a_publication_whose_answer_was_lost_is_found_done(published: Path, zenodo: PlayedZenodo, home: Path) -> None:
    zenodo.faults = [Fault("actions/publish", 504, content={"message": "timeout"}, after=True)]
    portal = _portal(zenodo, home)
    with pytest.raises(PortalError, match=r"\(504\)"):
        _upload(portal, published, publish=True)
    plan = _upload(portal, published, publish=True)
    assert _actions(plan) == ["update"]
    assert json.loads((home / "portals/zenodo.json").read_text())[zenodo.base]["electronics"]["1.0.0"]["state"] == (
        "published"
    )
    assert zenodo.count("actions/publish") == 1


def test_what_somebody_published_in_between_is_not_published_again(
    published: Path, zenodo: PlayedZenodo, home: Path
) -> None:
    portal = _portal(zenodo, home)
    _upload(portal, published)
    plan = portal.plan_upload(published, facts(published), publish=True)
    _upload(portal, published, publish=True)
    assert _actions(plan)[-1] == "publish"
    portal.carry_out(plan)
    assert zenodo.count("actions/publish") == 1


def test_the_next_release_is_a_new_version_with_its_own_files(
    published: Path, zenodo: PlayedZenodo, home: Path
) -> None:
    portal = _portal(zenodo, home)
    _upload(portal, published, publish=True)
    write_release(published, "electronics", "1.1.0", previous="1.0.0", more={"data/extra.csv": b"a\n1\n"})
    (published / "releases/electronics/1.1.0/codelists/geo.csv").unlink()
    plan = _upload(portal, published, "1.1.0")
    assert "becomes a new version after 1.0.0" in plan.steps[0].reason
    draft = zenodo.depositions[104]
    assert draft["conceptrecid"] == zenodo.depositions[102]["conceptrecid"]
    assert _files(zenodo, 104) == [
        "README.md",
        "data__extra.csv",
        "data__observations.csv",
        "data__observations.parquet",
        "datapackage.json",
        "release.json",
    ]
    assert draft["metadata"]["version"] == "1.1.0"
    assert set(_actions(_upload(portal, published, "1.1.0"))) == {"skip"}


def test_a_new_version_begun_by_a_run_that_died_is_taken_up_again(
    published: Path, zenodo: PlayedZenodo, home: Path
) -> None:
    portal = _portal(zenodo, home)
    _upload(portal, published, publish=True)
    write_release(published, "electronics", "1.1.0", previous="1.0.0")
    zenodo.faults = [Fault("actions/newversion", 0, after=True)]
    with pytest.raises(PortalError):
        _upload(portal, published, "1.1.0")
    _upload(portal, published, "1.1.0")
    assert sorted(zenodo.depositions) == [102, 104]
    assert zenodo.depositions[104]["metadata"]["version"] == "1.1.0"
    assert zenodo.count("actions/newversion") == 1


def test_a_new_version_waits_for_the_draft_before_it(published: Path, zenodo: PlayedZenodo, home: Path) -> None:
    portal = _portal(zenodo, home)
    _upload(portal, published)
    write_release(published, "electronics", "1.1.0", previous="1.0.0")
    plan = _upload(portal, published, "1.1.0")
    assert _actions(plan) == ["refuse"]
    assert "version 1.0.0 is still a draft at Zenodo" in plan.steps[0].reason
    assert list(zenodo.depositions) == [102]


def test_what_was_published_is_found_without_any_memory(published: Path, zenodo: PlayedZenodo, home: Path) -> None:
    _upload(_portal(zenodo, home), published, publish=True)
    write_release(published, "electronics", "1.1.0", previous="1.0.0")
    forgetful = _portal(zenodo, home / "elsewhere")
    assert _actions(_upload(forgetful, published)) == ["update"]
    (home / "elsewhere/portals/zenodo.json").unlink()
    plan = forgetful.plan_upload(published, facts(published, version="1.1.0"))
    assert "becomes a new version after 1.0.0" in plan.steps[0].reason


def test_the_draft_of_another_release_is_left_alone_among_many(
    published: Path, zenodo: PlayedZenodo, home: Path
) -> None:
    portal = _portal(zenodo, home)
    for number in range(120):
        portal._depositions.create({"title": f"other {number}"})
    _reserve(portal)
    (home / "portals/zenodo.json").unlink()
    assert "10.5072/zenodo.342" in _reserve(portal).steps[0].reason
    for number in range(120):
        portal._depositions.create({"title": f"later {number}"})
    (home / "portals/zenodo.json").unlink()
    assert "10.5072/zenodo.342" in _reserve(portal).steps[0].reason


def test_a_release_that_names_another_doi_is_refused(published: Path, zenodo: PlayedZenodo, home: Path) -> None:
    portal = _portal(zenodo, home)
    _reserve(portal)
    plan = portal.plan_upload(published, facts(published, doi="10.5072/zenodo.7"))
    assert _actions(plan) == ["refuse"]
    assert "names 10.5072/zenodo.7 and Zenodo holds 10.5072/zenodo.102" in plan.steps[0].reason
    zenodo.depositions.clear()
    gone = portal.plan_upload(published, facts(published, doi="10.5072/zenodo.102"))
    assert "Zenodo holds no draft for it" in gone.steps[0].reason
    assert portal.carry_out(gone).done == ()


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Fault("GET", 401, content={"message": "who"}), r"KETENMONITOR_ZENODO_TOKEN is not known there"),
        (Fault("POST", 403, content={"message": "scope"}), r"it needs deposit:write"),
        (Fault("POST", 500, content=b"<h1>oops</h1>"), r"Zenodo cannot do it now; run again later \(500\)"),
        (
            Fault("PUT /api/deposit", 400, content={"message": "Bad", "errors": [{"field": "x", "message": "no"}]}),
            r"does not accept what was sent \(400\). It says: Bad; x: no",
        ),
        (Fault("GET", 200, content=b"<h1>Welcome</h1>"), "not the answer of a Zenodo"),
    ],
)
def test_what_goes_wrong_is_said_in_plain_words(
    fault: Fault, words: str, published: Path, zenodo: PlayedZenodo, home: Path
) -> None:
    zenodo.faults = [fault]
    with pytest.raises(PortalError, match=words):
        _upload(_portal(zenodo, home), published)


def test_a_zenodo_that_asks_for_patience_gets_it(published: Path, zenodo: PlayedZenodo, home: Path) -> None:
    zenodo.faults = [
        Fault("README.md", 429, {"Retry-After": "11"}, content={"message": "slow"}),
        Fault("README.md", 502, content=b""),
    ]
    waits = Waits()
    _upload(_portal(zenodo, home, wait=waits), published)
    assert waits.seconds == [11.0, 2.0]
    assert _files(zenodo, 102) == NAMES
    sent = [call.body for call in zenodo.calls if "README.md" in call.path]
    assert sent == [(published / "releases/electronics/1.0.0/README.md").read_bytes()] * 3


def test_the_token_is_nowhere_but_in_the_request(published: Path, zenodo: PlayedZenodo, home: Path) -> None:
    zenodo.faults = [Fault("POST", 403, content={"message": f"Bearer {TOKEN} lacks a scope"})]
    portal = _portal(zenodo, home)
    with pytest.raises(PortalError, match="lacks a scope") as caught:
        _upload(portal, published)
    assert TOKEN not in str(caught.value)
    _upload(portal, published)
    assert TOKEN not in (home / "portals/zenodo.json").read_text()
    assert TOKEN not in repr(
        zenodo_settings({"KETENMONITOR_ZENODO_URL": "https://x.example", "KETENMONITOR_ZENODO_TOKEN": TOKEN})
    )
    assert not [call.path for call in zenodo.calls if TOKEN in call.path]


def test_a_bucket_at_another_host_does_not_get_the_token(published: Path, zenodo: PlayedZenodo, home: Path) -> None:
    other = PlayedZenodo()
    with playing(other):
        portal = _portal(zenodo, home)
        _reserve(portal)
        zenodo.depositions[102]["links"]["bucket"] = f"{other.base}/api/files/b-102"
        with pytest.raises(PortalError, match="leads to another host"):
            _upload(portal, published)
        assert other.calls == []


def test_a_damaged_memory_says_what_to_do(zenodo: PlayedZenodo, home: Path) -> None:
    (home / "portals").mkdir(parents=True)
    (home / "portals/zenodo.json").write_text("{")
    with pytest.raises(PortalError, match="Put it back from a copy, or remove it"):
        _reserve(_portal(zenodo, home))


def test_hostile_texts_are_escaped_where_zenodo_reads_html(published: Path) -> None:
    of = facts(published)
    metadata = release_metadata(replace(of, descriptor={**of.descriptor, "title": HARD, "description": "<script>"}))
    assert metadata["title"] == HARD
    assert "<script>" not in metadata["description"]
    assert "&lt;b&gt;" in metadata["description"]


def test_the_archive_stands_for_all_files(published: Path) -> None:
    more = {"electronics-1.1.0.zip": b"z", "electronics-1.1.0.xlsx": b"x", "quality.json": b"{}", "CITATION.cff": b"c"}
    write_release(published, "electronics", "1.1.0", more=more)
    assert list(deposited_files(facts(published, version="1.1.0"))) == [
        "CITATION.cff",
        "README.md",
        "datapackage.json",
        "electronics-1.1.0.xlsx",
        "electronics-1.1.0.zip",
    ]


def test_more_files_than_zenodo_takes_are_refused(published: Path) -> None:
    write_release(published, "electronics", "1.1.0", more={f"data/t{n}.csv": b"a" for n in range(99)})
    with pytest.raises(PortalError, match="105 files and no archive; Zenodo takes 100"):
        deposited_files(facts(published, version="1.1.0"))


@pytest.mark.parametrize("absent", ["KETENMONITOR_ZENODO_URL", "KETENMONITOR_ZENODO_TOKEN"])
def test_a_setting_that_is_not_there_is_named(absent: str) -> None:
    environment = {"KETENMONITOR_ZENODO_URL": "https://sandbox.zenodo.org", "KETENMONITOR_ZENODO_TOKEN": TOKEN}
    with pytest.raises(PortalNotSetUp, match=f"{absent} is not set"):
        zenodo_settings({name: value for name, value in environment.items() if name != absent})


def _drafts(zenodo: PlayedZenodo, home: Path, published: Path, monkeypatch: pytest.MonkeyPatch) -> ZenodoDrafts:
    monkeypatch.setattr("pipelines.portals.facts_of", lambda _, name, version: facts(published, name, version))
    monkeypatch.setattr("publish.portals.calls.time.sleep", lambda _: None)
    given = {"KETENMONITOR_ZENODO_URL": zenodo.base, "KETENMONITOR_ZENODO_TOKEN": TOKEN}
    return zenodo_drafts(replace(night(home), public_url=ADDRESS), given)


def test_a_night_fills_the_drafts_that_were_reserved_and_makes_none_public(
    tmp_path: Path, zenodo: PlayedZenodo, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    published = write_published(home / "published")
    portal = _portal(zenodo, home)
    _reserve(portal)
    # another dataset has a release and no DOI was asked for it: it stays out
    drafts = _drafts(zenodo, home, published, monkeypatch)
    outcome = drafts.carry_out(drafts.plan())
    (number,) = zenodo.depositions
    assert _files(zenodo, number) == NAMES
    assert zenodo.depositions[number]["submitted"] is False
    assert {step.content["dataset"] for step in outcome.done} == {"electronics"}
    again = _drafts(zenodo, home, published, monkeypatch)
    assert again.plan().to_do == ()
    # what a person made public is left alone
    _upload(portal, published, publish=True)
    assert _drafts(zenodo, home, published, monkeypatch).plan().steps == ()


def test_a_night_makes_no_new_draft_where_a_person_discarded_one(
    tmp_path: Path, zenodo: PlayedZenodo, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    published = write_published(home / "published")
    _reserve(_portal(zenodo, home))
    zenodo.depositions.clear()
    drafts = _drafts(zenodo, home, published, monkeypatch)
    outcome = drafts.carry_out(drafts.plan())
    (refused,) = outcome.plan.refused
    assert "its draft is no longer at Zenodo" in refused.reason
    assert outcome.done == ()
    assert zenodo.depositions == {}


def test_one_release_that_fails_at_zenodo_leaves_the_other_drafts(
    tmp_path: Path, zenodo: PlayedZenodo, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    published = write_published(home / "published")
    portal = _portal(zenodo, home)
    for name in ("electronics", "packaging"):
        portal.carry_out(portal.plan_reservation(name, "1.0.0", title=name, creator="Ketenmonitor"))
    drafts = _drafts(zenodo, home, published, monkeypatch)
    plan = drafts.plan()
    zenodo.faults.append(Fault("PUT", status=403))
    with pytest.raises(PortalError, match=r"electronics 1\.0\.0 .*: .*run again to go on"):
        drafts.carry_out(plan)
    first, second = sorted(zenodo.depositions)
    assert _files(zenodo, first) == []
    assert _files(zenodo, second) != []

"""Portals that the night brings up to date: one that fails leaves the others, is tried again, and is told of."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from assets.catalogue_asset import CATALOGUE
from assets.packages import release_key
from pipelines.definitions import SITE, build_definitions
from pipelines.instance import instance
from pipelines.messages.occasions import occasions
from pipelines.morning import end_night
from pipelines.night_portals import PORTALS, portals_of_night
from pipelines.nightly import Summary, left_of_last_night, run_assets
from pipelines.settings import SettingsError, message_settings
from publish.metrics_text import metrics_text
from publish.night_asks import asks
from publish.night_facts import NightFacts, PortalFacts, facts_json, read_facts
from publish.night_reading import Addresses
from publish.night_report import report_text
from tests.conftest import night
from tests.servers.ckan import TOKEN, PlayedCkan
from tests.servers.loopback import Fault, playing
from tests.servers.small_published import write_published

TARGETS = dg.AssetKey(["sources", "targets"])
FOLDER, S3, CKAN = (dg.AssetKey(["publication", f"portal_{kind}"]) for kind in ("folder", "s3", "ckan"))
UNASKED = "http://127.0.0.1:9"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_published(tmp_path / "home" / "published")
    (tmp_path / "mirror").mkdir()
    monkeypatch.setenv(PORTALS, f"folder:{tmp_path / 'mirror'}, s3, ckan")
    monkeypatch.delenv("KETENMONITOR_S3_BUCKET", raising=False)
    return tmp_path / "home"


@pytest.fixture
def ckan(monkeypatch: pytest.MonkeyPatch) -> Iterator[PlayedCkan]:
    played = PlayedCkan()
    with playing(played) as address:
        monkeypatch.setenv("KETENMONITOR_CKAN_URL", address)
        monkeypatch.setenv("KETENMONITOR_CKAN_TOKEN", TOKEN)
        monkeypatch.setenv("KETENMONITOR_CKAN_ORGANISATION", "ketenmonitor")
        yield played


def _tries(home: Path, run_id: str) -> dict[str, int]:
    with instance(home) as opened:
        kinds = {dg.DagsterEventType.STEP_START, dg.DagsterEventType.STEP_RESTARTED}
        steps = [str(entry.step_key) for entry in opened.all_logs(run_id, kinds)]
    return {step.removeprefix("publication__portal_"): steps.count(step) for step in steps}


def _facts(home: Path, summary: Summary) -> NightFacts:
    end_night(night(home, eurostat_url=UNASKED), summary.runs, message_settings({}))
    return read_facts(next((home / "reports").glob("*.json")).read_bytes())


def test_a_portal_that_fails_leaves_the_others_and_is_tried_again(home: Path, ckan: PlayedCkan, tmp_path: Path) -> None:
    ckan.faults.append(Fault("package_create", status=403))
    tonight = night(home, eurostat_url=UNASKED)
    summary = run_assets(tonight, [TARGETS, FOLDER, S3, CKAN])
    # the key of CKAN works at the second try; a bucket without a name does not come of itself
    assert _tries(home, summary.runs[-1]) == {"folder": 1, "s3": 1, "ckan": 2}
    assert (tmp_path / "mirror" / "index.json").is_file()
    assert sorted(one["name"] for one in ckan.packages.values()) == [
        "ketenmonitor-electronics",
        "ketenmonitor-packaging",
    ]
    assert summary.exit_code == 1
    assert [refusal.asset for refusal in summary.refusals] == ["publication/portal_s3"]
    assert "KETENMONITOR_S3_BUCKET is not set" in summary.refusals[0].reason
    assert left_of_last_night(tonight) == [S3]

    facts = _facts(home, summary)
    outcomes = {one.portal: (one.outcome, one.done > 0) for one in facts.portals}
    assert outcomes == {"folder": ("updated", True), "s3": ("failed", False), "ckan": ("updated", True)}
    assert facts.outcome == "partly"
    (ask,) = [one for one in asks(facts, "nl") if "S3" in one.title]
    assert ask.title == "Bijwerken van de S3-opslag is mislukt"
    assert "op dit portaal staat nog wat er eerder stond" in ask.body
    assert "ketenmonitor nightly --again" in ask.next_step
    text = report_text(facts, None)
    assert "De S3-opslag: mislukt." in text
    assert ": bijgewerkt," in text
    (told,) = [one for one in occasions(facts, Addresses()) if one.kind == "portal_failed"]
    assert told.id == "portal:s3:2026-11-21T03:00:00Z"
    assert 'ketenmonitor_portal_failed{portal="s3"} 1\n' in metrics_text(facts)


def test_what_failed_at_a_portal_can_be_made_again_alone(
    home: Path, ckan: PlayedCkan, monkeypatch: pytest.MonkeyPatch
) -> None:
    del ckan
    tonight = night(home, eurostat_url=UNASKED)
    run_assets(tonight, [TARGETS, S3])
    monkeypatch.setenv(PORTALS, "ckan")
    # a portal that is no longer one of the night is nothing that is left
    assert left_of_last_night(tonight) == []
    run_assets(tonight, [TARGETS, CKAN])
    assert left_of_last_night(tonight) == []


def test_a_night_that_somebody_stops_goes_to_no_portal_and_leaves_the_site_to_be_made(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PORTALS, f"folder:{tmp_path / 'mirror'}")
    # Ctrl-C while a table is made
    monkeypatch.setattr("assets.chain_tables.reference_tables.targets", lambda: signal.raise_signal(signal.SIGINT))
    tonight, release = night(home), release_key("targets")
    summary = run_assets(tonight, [TARGETS, release])
    assert len(summary.runs) == 1
    assert list((tmp_path / "mirror").iterdir()) == []
    assert left_of_last_night(tonight) == [CATALOGUE, FOLDER, release, TARGETS]


def test_a_second_night_finds_the_portals_as_they_should_be(home: Path, ckan: PlayedCkan) -> None:
    tonight = night(home, eurostat_url=UNASKED)
    run_assets(tonight, [TARGETS, FOLDER, CKAN])
    ckan.calls.clear()
    summary = run_assets(tonight, [TARGETS, FOLDER, CKAN])
    assert {one.portal: one.outcome for one in _facts(home, summary).portals} == {
        "folder": "unchanged",
        "ckan": "unchanged",
    }
    assert all("package_show" in call.path for call in ckan.calls)


def test_an_offline_night_asks_no_portal_and_says_so(home: Path, ckan: PlayedCkan, tmp_path: Path) -> None:
    summary = run_assets(night(home), [TARGETS, FOLDER, CKAN])
    facts = _facts(home, summary)
    assert {one.portal: one.outcome for one in facts.portals} == {"folder": "updated", "ckan": "not_asked"}
    assert ckan.calls == []
    assert (tmp_path / "mirror" / "index.json").is_file()
    assert "De CKAN-catalogus: niet gevraagd, want deze nacht ging zonder netwerk." in " ".join(
        report_text(facts, None).split()
    )


def test_portals_come_after_the_site_and_the_report_after_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PORTALS, "s3,zenodo")
    definitions = build_definitions()
    graph = definitions.resolve_asset_graph()
    zenodo = dg.AssetKey(["publication", "portal_zenodo"])
    assert graph.get(S3).parent_keys == {CATALOGUE}
    assert graph.get(dg.AssetKey(["publication", "morning_report"])).parent_keys == {CATALOGUE, S3, zenodo}
    steps = {step.name for step in definitions.resolve_job_def(SITE).all_node_defs}
    assert steps == {"publication__catalogue", "publication__portal_s3", "publication__portal_zenodo"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ftp", r"KETENMONITOR_PORTALS has 'ftp'; expected folder:/a/folder, s3, ckan and zenodo"),
        ("s3,s3", r"KETENMONITOR_PORTALS has 's3'; expected .* each once"),
        ("folder", r"KETENMONITOR_PORTALS has 'folder'; expected folder:/a/folder"),
        ("s3:bucket", r"KETENMONITOR_PORTALS has 's3:bucket'"),
        ("folder:www", r"KETENMONITOR_PORTALS has 'folder:www'; expected the whole path of the folder"),
    ],
)
def test_a_wrong_list_of_portals_is_refused_in_words(text: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        portals_of_night({PORTALS: text})


def test_facts_of_before_there_were_portals_are_still_read() -> None:
    facts = NightFacts("2026-11-20T01:30:00Z", "", "", 1.0, (), "done", portals=(PortalFacts("s3", "updated"),))
    assert read_facts(facts_json(facts)).portals == (PortalFacts("s3", "updated"),)
    older = facts_json(facts).replace(b'"portals"', b'"something"')
    assert read_facts(older).portals == ()

"""From runs on a real Dagster instance to facts, report, messages and metrics; nights that did not run or did not end.

The runs are of assets with the names of ours that do next to nothing, so that a night costs no time.
"""

import json
import logging
import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from assets.night import Night
from assets.source_assets import ONE_LINE, REFUSED_BODIES
from assets.stewards_view import (
    DUPLICATES,
    MADE_TONIGHT,
    PREVIOUS_VERSION,
    RELEASED_TONIGHT,
    STATUS,
    VERSION,
    WHAT_IS_WRONG,
)
from pipelines.instance import instance
from pipelines.kept_nights import (
    MOMENT_TAG,
    begin,
    keep,
    kept_files,
    known_before,
    night_before,
    read_kept,
    week_before,
)
from pipelines.messages.settings import MessageSettings, WebhookSettings
from pipelines.morning import begin_night, end_night, fail_night, missed_nights, outbox_of, tell
from pipelines.night_facts import DeliveryBook
from pipelines.report_job import NIGHT_RUN_TAG, newest_night, runs_of_night, tags_of_night
from publish.night_facts import NightFacts, StepFacts
from tests.conftest import free_port
from tests.night_example import ASKING, QUIET, RELEASED
from tests.servers.loopback import Call, PlayedApi, Reply, Waits, playing

NONE = MessageSettings()


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a Dagster instance in which nothing has run: making one costs more than such a night."""
    home = tmp_path_factory.mktemp("prepared")
    with instance(home) as opened:
        opened.get_run_records(limit=1)
    return home / "dagster"


@pytest.fixture
def home(tmp_path: Path, prepared: Path) -> Path:
    """A home with an instance in which nothing has run."""
    shutil.copytree(prepared, tmp_path / "dagster")
    return tmp_path


def night(home: Path, moment: str = "2026-11-23T01:30:00Z") -> Night:
    return Night(home, datetime.fromisoformat(moment.replace("Z", "+00:00")).astimezone(UTC), None, "tests")


def said(name: str, words: str = "") -> dict[str, Any]:
    return {
        "stopped_nl": "niet meer" if name == "demo_gind" else None, "stopped_en": "no more",
        "outcome": "kept" if words else "curated", "reason": words, "sha256": "a" * 64, "age_days": 400,
        "stale_nl": "oud" if name == "env_waspac" else None, "stale_en": "old" if name == "env_waspac" else None,
    }  # fmt: skip


def wrote(of: Night) -> None:
    """What fetching and a release leave under the home."""
    of.fetched.parent.mkdir(parents=True, exist_ok=True)
    facts = {"env_waspac": said("env_waspac"), "demo_gind": said("demo_gind", "the live service failed: it is down")}
    of.fetched.write_text(json.dumps(facts), encoding="utf-8")
    release = of.published / "releases/packaging/1.1.0"
    release.mkdir(parents=True, exist_ok=True)
    (release / "CHANGELOG.md").write_text(
        "# CHANGELOG\n\n## 1.1.0, 23 november 2026\n\n- `observations`, nieuwe rijen: 7.\n\n*23 November 2026*\n\n"
        "- `observations`, rows added: 7.\n", encoding="utf-8",
    )  # fmt: skip
    versions = of.published / "datasets/packaging/versions.json"
    versions.parent.mkdir(parents=True, exist_ok=True)
    versions.write_text('{"versions": [{}, {}]}', encoding="utf-8")


def assets(broken: frozenset[str]) -> list[dg.AssetsDefinition]:
    """A few of our assets; those in `broken` stop, each in the way of its kind."""

    def made(*path: str, deps: tuple[tuple[str, str], ...] = (), checks: bool = False, **metadata: Any) -> Any:
        key = dg.AssetKey(list(path))
        specs = [
            dg.AssetCheckSpec("contract", asset=key, blocking=True),
            dg.AssetCheckSpec("contract_warnings", asset=key),
        ]

        @dg.asset(key=key, deps=[dg.AssetKey(list(one)) for one in deps], check_specs=specs if checks else [])
        def asset(context: dg.AssetExecutionContext) -> Iterator[Any]:
            name = "/".join(path)
            if name in broken and checks:
                yield dg.AssetCheckResult(
                    check_name="contract",
                    passed=False,
                    metadata={WHAT_IS_WRONG: dg.MetadataValue.md("- row 1\n- row 2")},
                )
                raise dg.Failure(f"{name} was refused: 2 of 9 rows", allow_retries=False)
            if name in broken:
                raise KeyError("geo")
            context.log.warning(f"{name} is made")
            yield dg.MaterializeResult(metadata=metadata)
            if checks:
                yield dg.AssetCheckResult(check_name="contract", passed=True)
                yield dg.AssetCheckResult(
                    check_name="contract_warnings",
                    passed=False,
                    severity=dg.AssetCheckSeverity.WARN,
                    description="a remark",
                )

        return asset

    spoiled = ["demo_gind: what came was refused"] if "body" in broken else []
    release = {RELEASED_TONIGHT: True, VERSION: "1.1.0", PREVIOUS_VERSION: "1.0.0"}
    rows = {"dagster/row_count": 7, MADE_TONIGHT: True, DUPLICATES: 1}
    return [
        made("sources", "vintages", **{ONE_LINE: ["env_waspac: curated figures"], REFUSED_BODIES: spoiled}),
        made("sources", "env_waspac", deps=(("sources", "vintages"),), checks=True, **rows),
        made("packaging", "observations", deps=(("sources", "env_waspac"),), checks=True, **rows),
        made("packaging", "package", deps=(("packaging", "observations"),), **{STATUS: "release", VERSION: "1.1.0"}),
        made("publication", "packaging", deps=(("packaging", "package"),), **release),
    ]


def ran(of: Night, *broken: str, tags: dict[str, str] | None = None) -> list[str]:
    """Runs a night in this process and returns its run."""
    job = dg.Definitions(assets=assets(frozenset(broken)), jobs=[dg.define_asset_job("nightly")])
    quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    with instance(of.home) as opened:
        result = job.resolve_job_def("nightly").execute_in_process(
            instance=opened, raise_on_error=False, run_config=quiet, tags=tags or {MOMENT_TAG: of.moment}
        )
    return [result.run_id]


def facts_of(home: Path) -> NightFacts:
    found = read_kept(kept_files(home)[-1])
    assert found is not None
    return found


def test_a_good_night_is_kept_with_what_was_fetched_made_released_and_how_long_it_took(home: Path) -> None:
    of = night(home)
    wrote(of)
    morning = end_night(of, ran(of), NONE, cpu_seconds=3.21)
    facts = facts_of(home)
    assert (facts.moment, facts.outcome, facts.cpu_seconds) == ("2026-11-23T01:30:00Z", "done", 3.2)
    assert {one.asset: one.outcome for one in facts.steps} == {
        "packaging/observations": "made",
        "packaging/package": "done",
        "publication/packaging": "done",
        "sources/env_waspac": "made",
        "sources/vintages": "done",
    }
    assert all(one.seconds is not None and one.seconds >= 0 for one in facts.steps)
    (packaging,) = (one for one in facts.datasets if one.dataset == "packaging")
    assert (packaging.outcome, packaging.version, packaging.previous_version) == ("released", "1.1.0", "1.0.0")
    assert (packaging.bump, packaging.releases) == ("minor", 2)
    assert packaging.changes_nl == ("observations, nieuwe rijen: 7.",)
    assert packaging.changes_en == ("observations, rows added: 7.",)
    observations = next(one for one in facts.tables if one.table == "packaging/observations")
    assert (observations.rows, observations.duplicates, observations.made) == (7, 1, True)
    assert (observations.broken, observations.caveats) == ((), ("a remark",))
    waspac, demo = facts.sources
    assert (waspac.source, waspac.stale_since, waspac.failed) == ("env_waspac", of.moment, False)
    assert (demo.source, demo.stale_since, demo.failed_since) == ("demo_gind", None, of.moment)
    # a source that is too old, and one that ended
    assert morning.first_line == "2 dingen vragen om u; 1 dataset uitgegeven"
    assert morning.report.read_text(encoding="utf-8").startswith('<!doctype html>\n<html lang="nl">')
    folder = home / "reports"
    assert (folder / "latest.html").read_bytes() == morning.report.read_bytes()
    assert {path.name for path in folder.iterdir()} == {
        "2026-11-23T013000Z.json", "2026-11-23T013000Z.nl.html", "2026-11-23T013000Z.en.html",
        "2026-11-23T013000Z.txt", "latest.html",
    }  # fmt: skip
    assert "ketenmonitor_night_cpu_seconds 3.2\n" in (home / "metrics/ketenmonitor.prom").read_text(encoding="utf-8")


def test_a_refused_source_is_told_with_its_rules_its_rows_and_what_it_holds_back(home: Path) -> None:
    of = night(home)
    wrote(of)
    refused = of.home / "quarantine/sources/env_waspac.parquet"
    refused.parent.mkdir(parents=True)
    pq.write_table(pa.table({"a": [1, 2]}), refused)
    end_night(of, ran(of, "sources/env_waspac"), NONE)
    facts = facts_of(home)
    assert (facts.outcome, facts.last_success) == ("partly", None)
    (failure,) = facts.failures
    assert (failure.asset, failure.kind, failure.since) == ("sources/env_waspac", "refused", of.moment)
    assert failure.reason == "sources/env_waspac was refused: 2 of 9 rows"
    assert {"packaging", "headline"} <= set(failure.datasets)
    table = next(one for one in facts.tables if one.table == "sources/env_waspac")
    assert (table.refused, table.broken) == (2, ("row 1", "row 2"))
    assert facts.quarantine == (("sources/env_waspac", 2),)
    assert {one.asset: one.outcome for one in facts.steps}["packaging/observations"] == "not_reached"
    (packaging,) = (one for one in facts.datasets if one.dataset == "packaging")
    assert (packaging.outcome, packaging.because, packaging.since) == ("blocked", ("sources/env_waspac",), of.moment)
    # the night after: the same trouble, since the same night, and no second message
    after = night(home, "2026-11-24T01:30:00Z")
    end_night(after, ran(after, "sources/env_waspac"), NONE)
    later = facts_of(home)
    assert (later.failures[0].since, later.datasets[0].since) == (of.moment, of.moment)
    assert later.sources[1].failed_since == of.moment
    kinds = [one.kind for one in outbox_of(home).occasions()]
    assert kinds == ["release_blocked", "source_stale", "source_stopped", "source_silent"]


def test_a_body_that_was_refused_makes_a_night_in_which_not_all_went_well(home: Path) -> None:
    of = night(home)
    wrote(of)
    end_night(of, ran(of, "body"), NONE)
    facts = facts_of(home)
    assert (facts.outcome, facts.failures) == ("partly", ())
    demo = facts.sources[1]
    assert (demo.refused, demo.refused_since) == ("what came was refused", of.moment)
    assert (demo.stopped_nl, demo.stopped_since) == ("niet meer", of.moment)


def test_a_step_that_breaks_down_is_no_judgement_on_the_data(home: Path) -> None:
    of = night(home)
    wrote(of)
    end_night(of, ran(of, "packaging/package"), NONE)
    facts = facts_of(home)
    assert (facts.outcome, facts.failures[0].kind) == ("failed", "broke_down")
    assert facts.failures[0].reason == "KeyError: 'geo'"
    assert outbox_of(home).occasions()[0].kind == "night_failed"


def test_a_night_that_is_run_again_from_the_failed_step_is_one_night_that_went_well(home: Path) -> None:
    of = night(home)
    wrote(of)
    first = ran(of, "packaging/package")
    end_night(of, first, NONE)
    with instance(home) as opened:
        runs = [*first, *ran(of, tags={"dagster/root_run_id": first[0]})]
        run = opened.get_run_by_id(runs[1])
        assert run is not None
        assert runs_of_night(opened, runs[1], "site") == runs_of_night(opened, runs[0], "site") == runs
        assert tags_of_night(opened, run) == {
            MOMENT_TAG: tags_of_night(opened, run)[MOMENT_TAG],
            NIGHT_RUN_TAG: runs[1],
        }
        newest = newest_night(opened, "nightly")
        assert newest is not None and newest.run_id == runs[1]
    morning = end_night(of, runs, NONE)
    assert len(kept_files(home)) == 1
    facts = facts_of(home)
    assert (facts.outcome, facts.failures, facts.run_ids) == ("done", (), tuple(runs))
    assert "1 dataset uitgegeven" in morning.first_line


def test_another_night_of_the_same_moment_is_kept_beside_the_first(tmp_path: Path) -> None:
    keep(tmp_path, QUIET)
    keep(tmp_path, replace(QUIET, seconds=1.0))
    keep(tmp_path, replace(RELEASED, run_ids=("another",)))
    assert [path.name for path in kept_files(tmp_path)] == ["2026-11-23T013000Z.json", "2026-11-23T013000Z-2.json"]
    assert [read_kept(path).seconds for path in kept_files(tmp_path)] == [1.0, 65.0]  # type: ignore[union-attr]


def test_the_night_to_compare_with_is_the_one_nearest_to_a_week_before(tmp_path: Path) -> None:
    for day in ("10", "14", "17", "22"):
        keep(tmp_path, replace(QUIET, moment=f"2026-11-{day}T01:30:00Z", run_ids=(day,)))

    def found(moment: str) -> str | None:
        facts = week_before(tmp_path, moment)
        return None if facts is None else facts.run_ids[0]

    moments = ("2026-11-23T01:30:00Z", "2026-11-22T01:30:00Z", "2026-11-20T23:00:00Z", "2026-12-23T01:30:00Z")
    assert [found(moment) for moment in moments] == ["17", "14", "14", None]
    before = night_before(tmp_path, "2026-11-20T00:00:00Z")
    assert before is not None and before.run_ids == ("17",)
    (tmp_path / "reports/2026-11-17T013000Z.json").write_bytes(b"torn")
    before = night_before(tmp_path, "2026-11-20T00:00:00Z")
    assert before is not None and before.run_ids == ("14",)


def test_deliveries_come_from_the_book_that_is_handed_in(home: Path) -> None:
    asked: list[str] = []
    book = DeliveryBook(
        lambda of, moment: asked.append(moment) or ASKING.received,  # type: ignore[func-returns-value]
        lambda of: ASKING.overdue,
    )
    of, after = night(home), night(home, "2026-11-24T01:30:00Z")
    wrote(of)
    end_night(of, ran(of), NONE, book=book)
    end_night(after, ran(after), NONE, book=book)
    assert asked == ["", "2026-11-23T01:30:00Z"]
    assert facts_of(home).received == ASKING.received
    told = [one.id for one in outbox_of(home).occasions()]
    assert [one for one in told if one.startswith(("received", "overdue"))] == [
        "received:2026-11-22-0001",
        "overdue:declarations_packaging:2025:0",
    ]


@pytest.mark.parametrize(
    ("last", "until", "missed"),
    [
        ("2026-11-22T01:30:00Z", "2026-11-22T22:00:00Z", []),
        ("2026-11-22T01:30:00Z", "2026-11-23T01:30:00Z", ["2026-11-23 02:30"]),
        ("2026-11-22T01:30:00Z", "2026-11-25T01:29:00Z", ["2026-11-23 02:30", "2026-11-24 02:30"]),
        # a night by hand shortly before its time is that night
        ("2026-11-22T00:10:00Z", "2026-11-22T20:00:00Z", []),
        # the clock goes back on 25 October and forward on 28 March, when 02:30 does not exist
        ("2026-10-24T00:30:00Z", "2026-10-26T00:00:00Z", ["2026-10-25 02:30"]),
        ("2027-03-27T01:30:00Z", "2027-03-28T12:00:00Z", ["2027-03-28 02:30"]),
        ("2026-11-25T01:30:00Z", "2026-11-22T01:30:00Z", []),
    ],
)
def test_a_night_is_missed_when_none_began_about_its_time(last: str, until: str, missed: list[str]) -> None:
    assert [due.strftime("%Y-%m-%d %H:%M") for due in missed_nights(last, until)] == missed


class Hook(PlayedApi):
    def answer(self, call: Call) -> Reply:
        return Reply(204)


def test_nights_that_did_not_run_are_told_before_the_next_begins_and_once(home: Path) -> None:
    keep(home, QUIET)
    hook = Hook()
    with playing(hook) as base:
        settings = MessageSettings(webhook=WebhookSettings(base))
        for _ in range(3):
            begin_night(night(home, "2026-11-26T01:30:05Z"), settings)
    assert [call.json["subject"] for call in hook.calls] == ["2 nachten zijn niet gelopen"]


def test_a_night_whose_process_died_is_told_by_the_next_as_far_as_it_came(home: Path) -> None:
    died, now = night(home), night(home, "2026-11-24T01:30:00Z")
    wrote(died)
    ran(died, "packaging/package")
    begin(home, died.moment)
    begin_night(now, NONE)
    facts = facts_of(home)
    assert (facts.moment, facts.outcome, len(facts.run_ids)) == (died.moment, "unfinished", 1)
    assert outbox_of(home).occasions()[0].id == f"unfinished:{died.moment}"
    assert [path.name for path in (home / "reports").glob("*.started")] == ["2026-11-24T013000Z.started"]
    # one of which Dagster knows nothing is told too
    begin(home, "2026-11-23T12:00:00Z")
    begin_night(now, NONE)
    assert facts_of(home).run_ids == ()


def test_a_night_that_breaks_before_any_run_has_its_report_and_its_message(tmp_path: Path) -> None:
    morning = fail_night(night(tmp_path), OSError(28, "No space left on device"), NONE)
    assert morning.first_line == "1 ding vraagt om u: de nacht is vastgelopen"
    facts = facts_of(tmp_path)
    assert (facts.outcome, facts.failures[0].reason) == ("failed", "OSError: [Errno 28] No space left on device")
    (found,) = outbox_of(tmp_path).occasions()
    assert found.subject == "De nacht is vastgelopen: de stap nightly is vastgelopen"


def test_a_report_of_runs_that_dagster_does_not_know_is_refused_in_words(home: Path) -> None:
    with pytest.raises(LookupError, match="Dagster knows no run nothing-here"):
        end_night(night(home), ["nothing-here"], NONE)


def test_a_channel_that_is_down_keeps_no_night_from_its_report(tmp_path: Path) -> None:
    settings = MessageSettings(webhook=WebhookSettings(f"http://127.0.0.1:{free_port()}"))
    of = night(tmp_path)
    morning = tell(of, ASKING, settings, wait=Waits())
    assert (morning.messages_sent, morning.messages_waiting) == (0, 5)
    assert morning.problems == ("webhook: 127.0.0.1 cannot be reached",)
    assert morning.lines()[2:] == [
        "Messages: 0 sent, 5 waiting",
        "Not sent yet by webhook: 127.0.0.1 cannot be reached",
    ]
    assert "ketenmonitor_messages_waiting 5\n" in (tmp_path / "metrics/ketenmonitor.prom").read_text(encoding="utf-8")


def die(*_: Any, **__: Any) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    "where",
    ["pipelines.messages.outbox.append_line", "pipelines.morning._keep", "pipelines.kept_nights.keep",
     "pipelines.messages.outbox.Outbox.deliver"],
)  # fmt: skip
def test_a_death_at_any_step_of_the_morning_loses_no_message_and_repeats_none(
    where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook, of = Hook(), night(tmp_path)
    with playing(hook) as base:
        settings = MessageSettings(webhook=WebhookSettings(base))
        with monkeypatch.context() as broken:
            broken.setattr(where, die)
            with pytest.raises(KeyboardInterrupt):
                tell(of, ASKING, settings, wait=Waits())
        for _ in range(2):
            tell(of, ASKING, settings, wait=Waits())
    told = [call.json["occasion"] for call in hook.calls]
    assert len(told) == 5
    assert len(set(told)) == 5


def lines(home: Path) -> list[dict[str, Any]]:
    (path,) = (home / "logs").iterdir()
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_every_event_of_a_run_is_one_line_of_json_in_the_log_of_its_night(home: Path) -> None:
    of = night(home)
    (run_id,) = ran(of, "packaging/package")
    assert [path.name for path in (home / "logs").iterdir()] == ["2026-11-23T013000Z.jsonl"]
    found = lines(home)
    assert {line["run_id"] for line in found} == {run_id}
    assert {"time", "level", "run_id", "job", "asset", "event", "message", "error"} == set(found[0])
    warned = [line["message"] for line in found if line["level"] == "WARNING"]
    assert warned == ["sources/vintages is made", "sources/env_waspac is made", "packaging/observations is made"]
    (failed,) = (line for line in found if line["event"] == "STEP_FAILURE")
    assert (failed["level"], failed["asset"]) == ("ERROR", "packaging/package")
    assert "KeyError: 'geo'" in failed["error"]
    assert datetime.fromisoformat(failed["time"].replace("Z", "+00:00")).tzinfo is not None


def test_a_run_of_no_night_is_in_the_log_of_its_day(home: Path) -> None:
    ran(night(home), tags={"by": "hand"})
    assert [path.name for path in (home / "logs").iterdir()] == [f"{lines(home)[0]['time'][:10]}.jsonl"]


def test_a_log_that_cannot_be_written_stops_no_night(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logging, "raiseExceptions", False)
    (home / "logs").write_text("no folder", encoding="utf-8")
    of = night(home)
    wrote(of)
    end_night(of, ran(of), NONE)
    assert facts_of(home).outcome == "done"


def test_the_instance_warns_of_nothing(home: Path, recwarn: pytest.WarningsRecorder) -> None:
    ran(night(home))
    assert [str(warning.message) for warning in recwarn if "logging configuration" in str(warning.message)] == []
    assert os.environ["DAGSTER_HOME"] == str(home / "dagster")


def test_a_night_of_a_part_does_not_make_forget_what_was_too_old_or_held_back(tmp_path: Path) -> None:
    keep(tmp_path, replace(ASKING, moment="2026-11-18T01:30:00Z", run_ids=("a",)))
    # after a decision: nothing was fetched, and packaging was left alone
    made = (StepFacts("textile/package", "made", 1.0),)
    part = replace(QUIET, moment="2026-11-18T09:00:00Z", run_ids=("b",), sources=(), datasets=(), steps=made)
    keep(tmp_path, part)
    known = known_before(tmp_path, "2026-11-19T01:30:00Z")
    assert known is not None
    assert (known.moment, known.last_success) == (part.moment, part.last_success)
    assert known.sources == ASKING.sources
    assert known.failures == ASKING.failures
    assert known.datasets == ASKING.datasets
    # what the later night did look at counts as it was then
    assert {one.asset for one in known.steps} >= {"textile/package"}
    mended = tuple(StepFacts(one.asset, "made", 1.0) for one in ASKING.failures)
    keep(tmp_path, replace(part, moment="2026-11-18T10:00:00Z", run_ids=("c",), steps=mended))
    again = known_before(tmp_path, "2026-11-19T01:30:00Z")
    assert again is not None and again.failures == ()

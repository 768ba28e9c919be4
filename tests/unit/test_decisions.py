"""Decisions of a steward: kept with who, when and why; carried out alike from a form and from the command line."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from assets.append_only import add_line, one_writer, read_lines
from assets.decisions_book import BEGUN, DecisionsBook, Deed, DeedRefused, all_deeds, keep_until
from assets.night import Night
from assets.release_words import blocked_check, example_cells
from assets.sources.embedded_edition import embedded_copy
from assets.sources.fetch_again import fetch_again
from contracts.contract import Product, product_names, source_names
from pipelines import cli, deeds
from pipelines.decision_forms import AcceptRevision, RefetchSource, schema_of
from pipelines.decision_sensor import follows_from
from pipelines.decisions import decision_jobs
from pipelines.definitions import build_definitions
from pipelines.settings import steward
from publish.blocked_revision import blocked_folder, read_blocked
from publish.promotion import promote
from publish.published import known_releases
from publish.release import Candidate, build_candidate
from publish.revision_policy import RevisionNotPermitted
from tests.conftest import night
from tests.release_example import NEXT_NIGHT, PACKAGING, RATE_2017, TONNES_2017, publish, tables
from tests.servers.eurostat import PlayedEurostat, serving

REVISED = {**RATE_2017, "value": 77.0}
REASONS = {"reason_nl": "Eurostat herzag 2017.", "reason_en": "Eurostat revised 2017."}
TABLE = "cei_wm020"


def asking() -> Product:
    properties = {**dict(PACKAGING.properties), "revisionPolicy": {"finalFigures": "ask", "vanishedRows": "ask"}}
    return replace(PACKAGING, properties=tuple(properties.items()))


def build(of: Night, *rows: dict[str, Any], days: int = 0) -> Candidate:
    """The next candidate of a package whose contract asks about every revision, with what was accepted in this home."""
    return build_candidate(
        asking(),
        tables(*rows),
        published=of.published,
        staging=of.staging,
        released_at=NEXT_NIGHT + timedelta(days=days),
        accepted=partial(of.decisions.accepted, "packaging"),
    )


@pytest.fixture
def blocked(tmp_path: Path) -> Night:
    """A home in which a release of packaging is blocked because a final figure changed."""
    publish(tmp_path, product=asking())
    of = night(tmp_path)
    with pytest.raises(RevisionNotPermitted):
        build(of, REVISED, TONNES_2017)
    return of


def run(job: str, form: dict[str, str], of: Night) -> dg.ExecuteInProcessResult:
    definitions = dg.Definitions(jobs=decision_jobs(), resources={"night": of})
    return definitions.resolve_job_def(job).execute_in_process(run_config=form, raise_on_error=False)


def failure(result: dg.ExecuteInProcessResult) -> str:
    (event,) = [event for event in result.all_events if event.is_step_failure]
    return event.step_failure_data.error.to_string()


def test_what_is_blocked_is_kept_with_the_objections_and_a_digest_of_exactly_these_changes(blocked: Night) -> None:
    waits = read_blocked(blocked.staging, "packaging")
    assert waits is not None
    assert (waits.version, [o.words_nl() for o in waits.objections]) == (
        "1.0.0", ["tabel amounts: 1 definitief cijfer is veranderd"],
    )  # fmt: skip
    with pytest.raises(RevisionNotPermitted, match="ketenmonitor accept packaging"):
        build(blocked, REVISED, TONNES_2017, days=1)
    again = read_blocked(blocked.staging, "packaging")
    assert again == waits
    with pytest.raises(RevisionNotPermitted):
        build(blocked, {**REVISED, "value": 76.0}, TONNES_2017)
    other = read_blocked(blocked.staging, "packaging")
    assert other is not None and other.digest != waits.digest


def test_accepted_changes_are_published_with_the_reason_and_no_others(blocked: Night) -> None:
    deed = deeds.accept_revision(blocked, "packaging", **REASONS, by="An Steward")
    assert (deed.by, deed.moment, deed.outcome) == (
        "An Steward", "2026-11-21T03:00:00Z", "wijzigingen sinds 1.0.0 mogen worden uitgegeven",
    )  # fmt: skip
    with pytest.raises(RevisionNotPermitted):
        build(blocked, {**REVISED, "value": 76.0}, TONNES_2017)
    made = promote(build(blocked, REVISED, TONNES_2017), blocked.published)
    assert (made.version, made.released) == ("1.1.0", True)
    changelog = (made.path / "CHANGELOG.md").read_text(encoding="utf-8")
    assert "Eurostat herzag 2017." in changelog and "Eurostat revised 2017." in changelog
    # the permission was for the step from 1.0.0
    with pytest.raises(RevisionNotPermitted):
        build(blocked, {**REVISED, "value": 76.0}, TONNES_2017)


@pytest.mark.parametrize(
    ("dataset", "reasons", "by", "said"),
    [
        ("textile", REASONS, "An", "textile: er wacht geen herziening op een besluit"),
        ("packaging", {**REASONS, "reason_nl": " "}, "An", "vul de reden in het Nederlands en in het Engels in"),
        ("packaging", {**REASONS, "reason_en": ""}, "An", "vul de reden in het Nederlands en in het Engels in"),
        ("packaging", REASONS, " ", "vul in wie besluit"),
    ],
)
def test_an_acceptance_that_says_too_little_is_refused_and_not_kept(
    blocked: Night, dataset: str, reasons: dict[str, str], by: str, said: str
) -> None:
    with pytest.raises(DeedRefused, match=said):
        deeds.accept_revision(blocked, dataset, **reasons, by=by)
    assert blocked.decisions.deeds() == []


def test_the_same_changes_are_accepted_once(blocked: Night) -> None:
    deeds.accept_revision(blocked, "packaging", **REASONS, by="An")
    with pytest.raises(DeedRefused, match=r"precies deze wijzigingen sinds 1\.0\.0 zijn al geaccepteerd"):
        deeds.accept_revision(blocked, "packaging", **REASONS, by="An")


def test_the_check_of_a_blocked_package_shows_row_column_old_and_new_and_how_to_go_on(blocked: Night) -> None:
    waits = read_blocked(blocked.staging, "packaging")
    assert waits is not None
    said = blocked_check(waits, blocked_folder(blocked.staging, "packaging")).description or ""
    assert "| amounts | pack_recycling_rate, 2017 | value | 78.1389420013 | 77 |" in said
    assert "Taak `accept_revision` met dataset `packaging`" in said
    assert example_cells("t", "flags (never marked)") == ["t", "flags (never marked)", "", "", ""]


def test_a_decision_that_was_broken_off_or_written_twice_counts_as_it_should(tmp_path: Path) -> None:
    book = DecisionsBook(tmp_path / "decisions")
    begun = book.begin("refetch", "env_waspac", reason_nl="Proef", by="An", moment="2026-11-21T03:00:00Z")
    path = tmp_path / "decisions" / "decisions.jsonl"
    path.write_bytes(path.read_bytes() + b'{"id": "half')
    done = book.begin("withdraw", "packaging@1.0.0", reason_nl="Fout", by="An", moment="2026-11-21T03:00:00Z")
    book.end(done, "ingetrokken")
    assert [(deed.id, deed.outcome) for deed in book.deeds()] == [
        ("2026-11-21T03:00:00Z-1", BEGUN), ("2026-11-21T03:00:00Z-2", "ingetrokken"),
    ]  # fmt: skip
    assert begun.outcome == BEGUN
    add_line(path, {"id": "of a later version", "colour": "red"})
    assert len(book.deeds()) == 2


def test_a_line_with_an_odd_line_separator_is_one_line(tmp_path: Path) -> None:
    with one_writer(tmp_path):
        add_line(tmp_path / "lines.jsonl", {"reason": "een\u2028twee\x85drie\n"})
        add_line(tmp_path / "lines.jsonl", {"reason": "vier"})
    assert [line["reason"] for line in read_lines(tmp_path / "lines.jsonl")] == ["een\u2028twee\x85drie\n", "vier"]


def test_an_old_night_is_rebuilt_with_the_decisions_of_then(tmp_path: Path) -> None:
    of, other = night(tmp_path / "one"), night(tmp_path / "other")
    for day in (19, 21, 23):
        deed = of.decisions.begin("accept", "packaging", reason_nl="Proef", by="An", moment=f"2026-11-{day}T03:00:00Z")
        of.decisions.end(deed, "gedaan")
    keep_until(of, other, "2026-11-21T03:00:00Z")
    assert [(deed.moment[8:10], deed.outcome) for deed in other.decisions.deeds()] == [
        ("19", "gedaan"),
        ("21", "gedaan"),
    ]


def test_decisions_about_refused_rows_are_told_with_the_others(tmp_path: Path) -> None:
    of = night(tmp_path)
    of.decisions.begin("rebuild", "2026-11-20", reason_nl="Proef", by="An", moment="2026-11-21T03:00:00Z")
    decided = {"id": "x-1", "moment": "2026-11-20T09:00:00Z", "receipt": "textile-1", "decision": "release",
               "rows": [5, 8], "reason": "Gebeld", "by": "Bo"}  # fmt: skip
    with of.book.writing():
        add_line(of.book.root / "decisions.jsonl", decided)
    assert [(deed.kind, deed.subject, deed.by, deed.detail.get("rows")) for deed in all_deeds(of)] == [
        ("quarantine", "textile-1", "Bo", "2"), ("rebuild", "2026-11-20", "An", None),
    ]  # fmt: skip


@pytest.mark.parametrize("job", decision_jobs(), ids=lambda job: job.name)
def test_a_form_that_was_not_filled_in_does_nothing_and_says_so_without_a_way_through_our_code(
    job: dg.JobDefinition, tmp_path: Path
) -> None:
    result = run(job.name, {}, night(tmp_path))
    said = failure(result)
    assert not result.success
    assert "Er is niets gedaan." in said
    assert "Stack Trace" not in said and ".py" not in said
    assert not hasattr(sys, "tracebacklimit")
    assert not (tmp_path / "decisions").exists()


@pytest.mark.parametrize("job", decision_jobs(), ids=lambda job: job.name)
def test_every_decision_is_explained_and_every_field_has_a_word_and_a_value_from_the_start(
    job: dg.JobDefinition,
) -> None:
    assert len(job.description or "") > 150
    fields = job.config_mapping.config_schema.config_type.fields if job.config_mapping else {}
    assert {"by"} < set(fields)
    for name, field in fields.items():
        assert (field.description and field.description[0].isupper()) or field.description.startswith("release:"), name
        assert field.default_provided, name


def test_a_form_offers_the_datasets_and_sources_that_there_are() -> None:
    dataset, source = schema_of(AcceptRevision)["dataset"], schema_of(RefetchSource)["source"]
    assert [one.config_value for one in dataset.config_type.enum_values] == ["kies", *product_names()]  # type: ignore[attr-defined]
    assert [one.config_value for one in source.config_type.enum_values] == ["kies", *source_names()]  # type: ignore[attr-defined]
    assert "chain-governance, construction-materials" in str(dataset.description)


def test_accepting_by_the_form_is_kept_and_told_at_the_package(blocked: Night, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KETENMONITOR_STEWARD", "De steward")
    result = run("accept_revision", {"dataset": "packaging", **REASONS}, blocked)
    assert result.success
    (deed,) = blocked.decisions.deeds()
    assert (deed.kind, deed.subject, deed.by, deed.detail["from"]) == ("accept", "packaging", "De steward", "1.0.0")
    (told,) = [event for event in result.all_events if event.event_type_value == "ASSET_OBSERVATION"]
    assert told.asset_key == dg.AssetKey(["packaging", "package"])
    assert "mogen worden uitgegeven, door De steward" in str(told.asset_observation_data.asset_observation.description)


def test_withdrawing_by_the_form_leaves_a_tombstone_and_is_kept(tmp_path: Path) -> None:
    publish(tmp_path)
    publish(tmp_path, REVISED, TONNES_2017, at=NEXT_NIGHT)
    of = night(tmp_path)
    form = {"dataset": "packaging", "version": "1.1.0", "by": "An", **REASONS}
    assert run("withdraw_release", form, of).success
    assert [record.withdrawn for record in known_releases(of.published, "packaging")] == [False, True]
    (deed,) = of.decisions.deeds()
    assert (deed.subject, deed.outcome) == ("packaging@1.1.0", "ingetrokken; in de plaats komt 1.0.0")
    said = failure(run("withdraw_release", form, of))
    assert "1.1.0 was withdrawn already" in said
    assert of.decisions.deeds()[1].outcome.startswith("niet gedaan: packaging 1.1.0 was withdrawn already")


def test_a_night_that_never_was_cannot_be_rebuilt_and_the_form_says_so(tmp_path: Path) -> None:
    said = failure(
        run("rebuild_as_of", {"date": "2026-11-20", "reason": "Vraag van een lezer", "by": "An"}, night(tmp_path))
    )
    assert "no night is recorded here yet" in said
    (deed,) = night(tmp_path).decisions.deeds()
    assert "no night is recorded here yet" in deed.outcome


@pytest.fixture
def service() -> Any:
    with serving(PlayedEurostat({TABLE: embedded_copy(TABLE)[0]}, {TABLE: "27.02.2025"})) as played:
        yield played


def test_a_source_is_fetched_anew_whole_although_the_service_says_that_nothing_is_newer(
    service: PlayedEurostat, tmp_path: Path
) -> None:
    of = night(tmp_path, eurostat_url=service.url)
    of.vintages.parent.mkdir(parents=True)
    of.vintages.write_text('{"env_waspac": "of another night"}', encoding="utf-8")
    (first,) = fetch_again(of, [TABLE], lambda _: None)
    assert (first.outcome, service.count("/data/")) == ("fetched", 1)
    settings = of.fetch_settings()
    from assets.sources.fetch import fetch_all

    (second,) = fetch_all([TABLE], of.archive, settings, "2026-11-22T03:00:00Z", lambda _: None)
    assert (second.outcome, service.count("/data/")) == ("not_newer", 1)
    assert run("refetch_source", {"source": TABLE, "reason": "Twijfel over 2020", "by": "An"}, of).success
    assert service.count("/data/") == 2
    assert "If-None-Match" not in service.headers[-1]
    (deed,) = of.decisions.deeds()
    assert deed.outcome.startswith(f"{TABLE}: the live service gave the bytes that we have")
    assert first.record is not None
    assert json.loads(of.vintages.read_text(encoding="utf-8")) == {
        "env_waspac": "of another night", TABLE: first.record.sha256,
    }  # fmt: skip
    assert json.loads(of.fetched.read_text(encoding="utf-8"))[TABLE]["outcome"] == "unchanged"


@pytest.mark.parametrize(
    ("job", "form", "first", "last"),
    [
        ("accept_revision", {"dataset": "craft-centres"}, "craft_centres/package", "publication/headline"),
        ("refetch_source", {"source": "textile_nl"}, "headline/package", "textile/trends"),
    ],
)
def test_what_a_decision_changes_is_built_and_published_after_it(
    job: str, form: dict[str, str], first: str, last: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KETENMONITOR_PORTALS", "s3")
    keys = ["/".join(key.path) for key in follows_from(job, form, build_definitions().resolve_asset_graph())]
    assert (keys[0], keys[-1]) == (first, last)
    # these come after the releases, in runs of their own
    assert not {"publication/catalogue", "publication/portal_s3", "publication/morning_report"} & set(keys)
    assert ("publication/craft_centres" if job == "accept_revision" else "publication/textile") in keys


def test_who_decides_is_who_the_form_names_else_the_steward_of_the_machine() -> None:
    assert steward(" An ", {"KETENMONITOR_STEWARD": "Bo"}) == "An"
    assert steward("", {"KETENMONITOR_STEWARD": "Bo"}) == "Bo"
    assert steward("", {})


def test_the_command_line_accepts_lists_and_fetches_alike(
    blocked: Night, service: PlayedEurostat, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    home = ["--home", str(blocked.home)]
    monkeypatch.setenv("KETENMONITOR_EUROSTAT_URL", service.url)
    assert cli.main(["decisions", *home]) == 0
    assert capsys.readouterr().out == "Er is nog niets besloten.\n"
    reasons = ["--reason-nl", REASONS["reason_nl"], "--reason-en", REASONS["reason_en"], "--by", "An"]
    assert cli.main(["accept", "packaging", *reasons, *home]) == 0
    assert "wijzigingen sinds 1.0.0 mogen worden uitgegeven" in capsys.readouterr().out
    assert cli.main(["accept", "packaging", *reasons, *home]) == 2
    assert "zijn al geaccepteerd" in capsys.readouterr().err
    assert cli.main(["fetch", "--source", TABLE, "--reason", "Proef", "--by", "An", "--json", *home]) == 0
    assert json.loads(capsys.readouterr().out)["outcome"] == "fetched"
    assert cli.main(["fetch", "--source", "env_was", "--reason", "Proef", *home]) == 2
    assert "'env_was' is geen bron die wordt opgehaald" in capsys.readouterr().err
    assert cli.main(["fetch", "--source", TABLE, *home]) == 2
    assert "vul in waarom" in capsys.readouterr().err
    assert cli.main(["decisions", "--json", *home]) == 0
    told = json.loads(capsys.readouterr().out)["decisions"]
    assert [(one["kind"], one["subject"], one["by"]) for one in told] == [
        ("accept", "packaging", "An"), ("refetch", TABLE, "An"),
    ]  # fmt: skip
    assert Deed(**told[0]).reason_nl == REASONS["reason_nl"]

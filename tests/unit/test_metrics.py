"""The metrics of a night, read back by Prometheus' own parser."""

from __future__ import annotations

from dataclasses import replace

import pytest

from publish.metrics_text import metrics_text
from publish.night_facts import StepFacts
from tests.night_example import ASKING, PACKAGING, QUIET, RELEASED

parser = pytest.importorskip("prometheus_client.parser", reason="prometheus_client is not installed")
# date --utc --date=2026-11-23T01:30:00Z +%s
MOMENT_SECONDS = 1795397400.0


def read(text: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Every figure by name and labels; fails where the text is not what the parser takes."""
    families = list(parser.text_string_to_metric_families(text))
    assert all(family.type == "gauge" and family.documentation for family in families)
    names = [family.name for family in families]
    assert len(names) == len(set(names))
    samples = [sample for family in families for sample in family.samples]
    found = {(sample.name, tuple(sorted(sample.labels.items()))): sample.value for sample in samples}
    assert len(found) == len(samples), "a figure stands twice"
    return found


def test_the_figures_of_a_night_are_those_of_its_facts() -> None:
    found = read(metrics_text(ASKING, messages_waiting=2))

    def value(name: str, **labels: str) -> float:
        return found[f"ketenmonitor_{name}", tuple(sorted(labels.items()))]

    assert value("night_timestamp_seconds") == MOMENT_SECONDS
    assert value("night_duration_seconds") == 65
    assert value("night_cpu_seconds") == 9.4
    assert value("night_outcome", outcome="partly") == 1
    assert value("night_outcome", outcome="done") == 0
    assert value("night_failures") == 1
    assert value("last_success_timestamp_seconds") == MOMENT_SECONDS - 7 * 86400
    assert value("step_duration_seconds", group="sources", asset="sources/vintages") == 12.5
    assert value("group_duration_seconds", group="sources") == 12.5
    assert value("table_rows", table="packaging/observations") == 11319
    assert value("quarantine_rows", table="sources/env_waspac") == 3
    assert value("source_age_days", source="nama_10_gdp") == 601
    assert value("source_stale", source="nama_10_gdp") == 1
    assert value("source_failed", source="env_waspac") == 0
    assert value("source_info", source="nama_10_gdp", outcome="kept") == 1
    assert value("dataset_info", dataset="packaging", version="1.0.0", outcome="blocked") == 1
    assert value("dataset_blocked", dataset="packaging") == 1
    assert value("dataset_releases", dataset="packaging") == 1
    assert value("deliveries_received") == 1
    assert value("deliveries_overdue") == 1
    assert value("messages_waiting") == 2


def test_what_is_not_known_has_no_figure() -> None:
    nothing = replace(QUIET, cpu_seconds=None, last_success=None, sources=(), steps=(), tables=(), datasets=())
    names = {name for name, _ in read(metrics_text(nothing))}
    assert "ketenmonitor_night_cpu_seconds" not in names
    assert "ketenmonitor_last_success_timestamp_seconds" not in names
    assert "ketenmonitor_step_duration_seconds" not in names
    assert "ketenmonitor_night_duration_seconds" in names


@pytest.mark.parametrize("name", ['a"b', "a\\b", "a\nb", "}", "{x=", "é «»"])
def test_no_name_can_break_the_text(name: str) -> None:
    facts = replace(
        RELEASED,
        steps=(StepFacts(f"sources/{name}", "done", 1.0),),
        quarantine=((name, 1),),
        datasets=(replace(PACKAGING, dataset=name, version=name),),
    )
    found = read(metrics_text(facts))
    assert found["ketenmonitor_quarantine_rows", (("table", name),)] == 1
    assert found["ketenmonitor_dataset_releases", (("dataset", name),)] == 1


def test_the_text_ends_with_a_line_break_and_the_same_facts_give_the_same_text() -> None:
    assert metrics_text(QUIET).endswith("\n")
    assert metrics_text(QUIET) == metrics_text(replace(QUIET))

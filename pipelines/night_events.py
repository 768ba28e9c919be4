"""What the events of a night's runs say of each asset, as Dagster kept them.

A run that was repeated from where it failed belongs to the same night: what came later counts. Here: reading events.
Not here: what they mean for datasets and sources (`night_facts.py`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import dagster as dg
from dagster._core.execution.plan.objects import ErrorSource

from assets.stewards_view import BLOCKING_CHECK, WHAT_IS_WRONG
from pipelines.kept_nights import CPU_TAG
from pipelines.nightly import BLOCKED_BY_CHECK, asset_of, reason_of
from publish.night_facts import FailureFacts

#: Failed rules of one table that are kept in words; its check in the steward's view has them all.
RULES_SHOWN = 8


@dataclass(frozen=True)
class RunOfNight:
    """One run as `summarise` takes it: its id and its events in order, with what the run itself says of its end."""

    run_id: str
    all_events: Sequence[dg.DagsterEvent]
    started: float
    ended: float
    finished: bool
    cpu_seconds: float | None = None


@dataclass
class Seen:
    """What the events of all runs say together, by asset; what came later has replaced what came before."""

    planned: dict[str, None] = field(default_factory=dict)
    made: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    failures: dict[str, FailureFacts] = field(default_factory=dict)
    broken: dict[str, tuple[str, ...]] = field(default_factory=dict)
    caveats: dict[str, tuple[str, ...]] = field(default_factory=dict)


def runs_of(instance: dg.DagsterInstance, run_ids: Iterable[str]) -> list[RunOfNight]:
    """The runs of a night with their events; a run that the instance does not know is left out."""
    found = []
    for run_id in run_ids:
        record = instance.get_run_record_by_id(run_id)
        if record is None:
            continue
        entries = instance.all_logs(run_id)
        events = [entry.dagster_event for entry in entries if entry.dagster_event is not None]
        started = record.start_time or (entries[0].timestamp if entries else record.create_timestamp.timestamp())
        ended = record.end_time or (entries[-1].timestamp if entries else started)
        cost = record.dagster_run.tags.get(CPU_TAG)
        cpu_seconds = float(cost) if cost else None
        found.append(RunOfNight(run_id, events, started, ended, record.dagster_run.is_finished, cpu_seconds))
    return found


def seen_in(runs: Sequence[RunOfNight]) -> Seen:
    """What all runs of a night say together."""
    seen = Seen()
    for run in runs:
        for event in run.all_events:
            _note(seen, event)
        _note_failed_run(seen, run)
    return seen


def _note(seen: Seen, event: dg.DagsterEvent) -> None:
    kind = event.event_type
    if kind == dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED and event.asset_key is not None:
        seen.planned["/".join(event.asset_key.path)] = None
    elif event.is_step_materialization:
        made = event.step_materialization_data.materialization
        seen.made["/".join(made.asset_key.path)] = {name: value.value for name, value in made.metadata.items()}
    elif kind == dg.DagsterEventType.ASSET_CHECK_EVALUATION:
        _note_check(seen, event.asset_check_evaluation_data)
    elif event.is_step_success:
        asset = asset_of(event)
        seen.seconds[asset] = round(event.step_success_data.duration_ms / 1000, 3)
        seen.failures.pop(asset, None)
    elif event.is_step_failure:
        asset = asset_of(event)
        seen.failures[asset] = FailureFacts(asset, _kind_of(event), reason_of(event))


def _note_check(seen: Seen, check: Any) -> None:
    asset = "/".join(check.asset_key.path)
    words: tuple[str, ...] = ()
    if not check.passed:
        said = check.metadata.get(WHAT_IS_WRONG)
        lines = [line.removeprefix("- ") for line in said.value.splitlines()] if said else [check.description or ""]
        words = tuple(line for line in lines if line)[:RULES_SHOWN]
    refusing = check.check_name == BLOCKING_CHECK or check.blocking
    (seen.broken if refusing else seen.caveats)[asset] = words


def _note_failed_run(seen: Seen, run: RunOfNight) -> None:
    """A run that failed although none of its steps did: the reason is with the run itself."""
    last = next((event for event in reversed(run.all_events) if event.is_run_failure), None)
    if last is not None and not any(event.is_step_failure for event in run.all_events):
        error = getattr(last.event_specific_data, "error", None)
        reason = error.message.strip() if error is not None else str(last.message)
        seen.failures[last.job_name] = FailureFacts(last.job_name, "broke_down", reason)


def _kind_of(event: dg.DagsterEvent) -> Any:
    data = event.step_failure_data
    if data.error_source is ErrorSource.INTERRUPT:
        return "interrupted"
    judged = data.user_failure_data is not None or (data.error is not None and data.error.cls_name == BLOCKED_BY_CHECK)
    return "refused" if judged else "broke_down"

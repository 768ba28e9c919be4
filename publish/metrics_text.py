"""The figures of a night in Prometheus' text format, for the textfile collector of the node exporter.

Here: which figures, their names and labels. Not here: where the file goes (`pipelines/morning.py`). Names follow the
practice of Prometheus: one base unit in the name, labels for what is counted; a figure that is not known is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from publish.night_facts import NightFacts

_OUTCOMES = ("done", "partly", "failed", "unfinished")


@dataclass(frozen=True)
class Figure:
    """One figure: its name, what it says, and its values by label."""

    name: str
    meaning: str
    values: tuple[tuple[Mapping[str, str], float], ...]

    def lines(self) -> Iterator[str]:
        """The figure in the text format; nothing where it has no value."""
        if not self.values:
            return
        yield f"# HELP {self.name} {_escaped(self.meaning, quote=False)}"
        yield f"# TYPE {self.name} gauge"
        for labels, value in self.values:
            told = ",".join(f'{name}="{_escaped(text)}"' for name, text in labels.items())
            yield f"{self.name}{{{told}}} {_number(value)}" if told else f"{self.name} {_number(value)}"


def metrics_text(facts: NightFacts, messages_waiting: int = 0) -> str:
    """The whole file for one night. `messages_waiting` could not be sent yet."""
    return "".join(f"{line}\n" for figure in _figures(facts, messages_waiting) for line in figure.lines())


def _figures(facts: NightFacts, messages_waiting: int) -> Iterator[Figure]:
    yield from _of_night(facts)
    yield from _of_steps(facts)
    yield from _of_tables(facts)
    yield from _of_sources(facts)
    yield from _of_datasets(facts)
    asked = [one for one in facts.portals if one.outcome not in ("not_asked", "not_reached")]
    yield _by("ketenmonitor_portal_failed", "1 where a portal could not be brought up to date.", "portal", (
        (one.portal, one.outcome == "failed") for one in asked
    ))  # fmt: skip
    yield _one(
        "ketenmonitor_deliveries_received", "Deliveries that came in since the night before.", len(facts.received)
    )
    yield _one("ketenmonitor_deliveries_overdue", "Deliveries that should have been here.", len(facts.overdue))
    yield _one("ketenmonitor_messages_waiting", "Messages that could not be sent yet.", messages_waiting)


def _of_night(facts: NightFacts) -> Iterator[Figure]:
    night = "ketenmonitor_night"
    yield _one(f"{night}_timestamp_seconds", "The moment of the last night.", _seconds(facts.moment))
    yield _one(f"{night}_started_timestamp_seconds", "When the last night began.", _seconds(facts.started))
    yield _one(f"{night}_ended_timestamp_seconds", "When the last night ended.", _seconds(facts.ended))
    yield _one(f"{night}_duration_seconds", "How long the last night took.", facts.seconds)
    if facts.cpu_seconds is not None:
        yield _one(f"{night}_cpu_seconds", "CPU time of the last night, where it is known.", facts.cpu_seconds)
    outcomes = tuple(({"outcome": name}, float(name == facts.outcome)) for name in _OUTCOMES)
    yield Figure(f"{night}_outcome", "1 for the outcome of the last night, 0 for the others.", outcomes)
    yield _one(f"{night}_failures", "Steps of the last night that stopped.", len(facts.failures))
    if facts.last_success:
        yield _one(
            "ketenmonitor_last_success_timestamp_seconds",
            "The moment of the last night in which nothing was refused and nothing broke down.",
            _seconds(facts.last_success),
        )


def _of_steps(facts: NightFacts) -> Iterator[Figure]:
    timed = [(step, step.seconds) for step in facts.steps if step.seconds is not None]
    yield Figure(
        "ketenmonitor_step_duration_seconds",
        "How long a step took.",
        tuple(({"group": step.group, "asset": step.asset}, seconds) for step, seconds in timed),
    )
    groups: dict[str, float] = {}
    for step, seconds in timed:
        groups[step.group] = groups.get(step.group, 0.0) + seconds
    yield Figure(
        "ketenmonitor_group_duration_seconds",
        "How long the steps of a group took together.",
        tuple(({"group": group}, round(seconds, 3)) for group, seconds in sorted(groups.items())),
    )


def _of_tables(facts: NightFacts) -> Iterator[Figure]:
    yield _by("ketenmonitor_table_rows", "Rows of the table that stands.", "table", (
        (one.table, one.rows) for one in facts.tables if one.rows is not None
    ))  # fmt: skip
    yield _by("ketenmonitor_table_made", "1 where the table was made anew in the last night.", "table", (
        (one.table, one.made) for one in facts.tables
    ))  # fmt: skip
    yield _by("ketenmonitor_table_rules_broken", "Rules that refuse the table.", "table", (
        (one.table, len(one.broken)) for one in facts.tables
    ))  # fmt: skip
    yield _by("ketenmonitor_table_remarks", "Rules that do not hold and are published as a remark.", "table", (
        (one.table, len(one.caveats)) for one in facts.tables
    ))  # fmt: skip
    yield _by("ketenmonitor_quarantine_rows", "Refused rows that wait in quarantine.", "table", (
        (table, rows) for table, rows in facts.quarantine if rows >= 0
    ))  # fmt: skip


def _of_sources(facts: NightFacts) -> Iterator[Figure]:
    yield _by("ketenmonitor_source_age_days", "Days since the edition of the copy that was read.", "source", (
        (one.source, one.age_days) for one in facts.sources if one.age_days is not None
    ))  # fmt: skip
    yield _by("ketenmonitor_source_stale", "1 where the figures are older than the contract allows.", "source", (
        (one.source, one.stale_since is not None) for one in facts.sources
    ))  # fmt: skip
    yield _by("ketenmonitor_source_failed", "1 where the live service was asked and did not deliver.", "source", (
        (one.source, one.failed) for one in facts.sources
    ))  # fmt: skip
    outcomes = tuple(({"source": one.source, "outcome": one.outcome}, 1.0) for one in facts.sources)
    yield Figure("ketenmonitor_source_info", "What fetching did for a source.", outcomes)


def _of_datasets(facts: NightFacts) -> Iterator[Figure]:
    known = [
        ({"dataset": one.dataset, "version": one.version or "none", "outcome": one.outcome}, 1.0)
        for one in facts.datasets
    ]
    yield Figure("ketenmonitor_dataset_info", "The version that stands, and what became of it.", tuple(known))
    yield _by("ketenmonitor_dataset_releases", "Releases of a dataset, withdrawn ones too.", "dataset", (
        (one.dataset, one.releases) for one in facts.datasets
    ))  # fmt: skip
    yield _by("ketenmonitor_dataset_blocked", "1 where a new release is held back.", "dataset", (
        (one.dataset, one.outcome == "blocked") for one in facts.datasets
    ))  # fmt: skip


def _one(name: str, meaning: str, value: float) -> Figure:
    return Figure(name, meaning, (({}, float(value)),))


def _by(name: str, meaning: str, label: str, values: Iterable[tuple[str, float]]) -> Figure:
    return Figure(name, meaning, tuple(({label: of}, float(value)) for of, value in values))


def _seconds(moment: str) -> float:
    return datetime.fromisoformat(moment.replace("Z", "+00:00")).timestamp()


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)


def _escaped(text: str, *, quote: bool = True) -> str:
    escaped = text.replace("\\", "\\\\").replace("\n", "\\n")
    return escaped.replace('"', '\\"') if quote else escaped

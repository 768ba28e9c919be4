"""One night on a Dagster instance, and its summary: what was released, what was refused and why.

Not here: assets and their order (`definitions.py`), words of the command line (`cli.py`).
"""

import os
import time
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from typing import Any, Protocol

import dagster as dg
from dagster._core.events import RunFailureReason
from dagster._core.execution.plan.objects import ErrorSource

from assets.catalogue_asset import CATALOGUE
from assets.night import Night
from assets.packages import group_of, package_key, release_key
from assets.source_assets import ONE_LINE, REFUSED_BODIES, VINTAGES
from assets.stewards_view import MENDED, PORTAL_DONE, PORTAL_WHERE, RELEASED_TONIGHT, STATUS, VERSION
from contracts.contract import product_names
from pipelines.definitions import NIGHTLY, SITE, build_definitions, defs
from pipelines.instance import instance
from pipelines.kept_nights import MOMENT_TAG
from pipelines.night_portals import portals_of_night
from pipelines.report_job import MORNING_REPORT
from pipelines.run_origin import command_tags

# Mended files that the summary names; the run in the steward's view has them all.
MENDED_SAID = 10
INTERRUPTS = ("KeyboardInterrupt", "DagsterExecutionInterruptedError")
# the error with which Dagster stops what stands below a check that is blocking
BLOCKED_BY_CHECK = "DagsterAssetCheckFailedError"


class RunEvents(Protocol):
    """A run that can be summed up: one that just ended in this process, or one read back from the instance."""

    @property
    def run_id(self) -> str:
        """Its id on the instance."""

    @property
    def all_events(self) -> Sequence[dg.DagsterEvent]:
        """Its events, in order."""


@dataclass(frozen=True)
class Refusal:
    """A step that stopped: the asset and why, in the user's words."""

    asset: str
    reason: str


@dataclass(frozen=True)
class DatasetOutcome:
    """What became of one dataset.

    `released`, `unchanged`, `blocked` (the last release stands), or `waiting` (built, not published).
    """

    dataset: str
    outcome: str
    version: str | None
    because: tuple[str, ...] = ()


@dataclass(frozen=True)
class Summary:
    """One night in short."""

    run_id: str
    started_at: str
    datasets: tuple[DatasetOutcome, ...]
    refusals: tuple[Refusal, ...]
    sources: tuple[str, ...] = field(default=())
    # what stood beside the releases and was altered or left undone, and was written anew
    mended: tuple[str, ...] = field(default=())
    # what a live service sent and is no table; a service that is not there, or that fails, is no refusal
    refused_bodies: tuple[str, ...] = field(default=())
    # what was done at each portal of the night, a line each
    portals: tuple[str, ...] = ()
    # all runs of the night on the instance, and what they cost; from these its report is made
    runs: tuple[str, ...] = field(default=())
    cpu_seconds: float | None = None

    @property
    def exit_code(self) -> int:
        """0 done (also: nothing changed); 1 something was refused and the rest was published."""
        return 1 if self.refusals or self.refused_bodies else 0

    def as_json(self) -> dict[str, Any]:
        """The summary for a program."""
        return {**asdict(self), "exit_code": self.exit_code}

    def lines(self) -> list[str]:
        """The summary for a person."""
        said = [f"Night of {self.started_at}, run {self.run_id}", ""]
        said += [f"  {line}" for line in self.sources]
        said.append("")
        for dataset in self.datasets:
            version = f" {dataset.version}" if dataset.version else ""
            words = {
                "released": "released as",
                "unchanged": "unchanged, stands at",
                "blocked": "BLOCKED, stands at",
                "waiting": "built and waiting as",
            }[dataset.outcome]
            because = f" (because of {', '.join(dataset.because)})" if dataset.because else ""
            stands = version or " nothing yet"
            if dataset.outcome == "blocked" and dataset.version is None:
                words, stands = "BLOCKED, no release stands", ""
            said.append(f"  {dataset.dataset:<14} {words}{stands}{because}")
        if self.mended:
            said += ["", *(f"  MENDED {line}" for line in self.mended[:MENDED_SAID])]
            more = len(self.mended) - MENDED_SAID
            said += [f"  and {more} more"] if more > 0 else []
        said += ["", *(f"  {line}" for line in self.portals)] if self.portals else []
        said += ["", *(f"REFUSED {line}" for line in self.refused_bodies)] if self.refused_bodies else []
        for refusal in self.refusals:
            said += ["", f"REFUSED {refusal.asset}", *(f"  {line}" for line in refusal.reason.splitlines())]
        if self.refusals:
            said += [
                "",
                f"{len(self.refusals)} refused; what does not depend on it was published. "
                "See the run in the steward's view: make ui",
            ]
        return said


def run_night(night: Night, verbose: bool = False) -> Summary:
    """Runs the job `nightly` in this process on the instance under the night's home.

    Failed steps are in the summary, not raised.
    """
    return run_assets(night, None, verbose)


def run_assets(night: Night, selection: Sequence[dg.AssetKey] | None, verbose: bool = False) -> Summary:
    """Runs all assets, or only some, such as fetching without building; then the site, where something was released."""
    before = time.process_time()
    results = executed(night, selection, verbose)
    summary = summarise(night, results)
    return replace(summary, runs=tuple(result.run_id for result in results), cpu_seconds=time.process_time() - before)


def executed(
    night: Night, selection: Sequence[dg.AssetKey] | None, verbose: bool = False
) -> list[dg.ExecuteInProcessResult]:
    """What `run_assets` runs: the run of the assets, and that of site and portals where something may have been
    released. A selection of site and portals alone is run without the assets before them."""
    definitions = build_definitions(night=lambda: night)
    after = after_the_releases()
    # the console shows the log only when asked; the instance keeps it in any case
    run_config = {"loggers": {"console": {"config": {"log_level": "INFO" if verbose else "CRITICAL"}}}}
    tags = {MOMENT_TAG: night.moment}
    publishes = _publishes(selection)
    wanted = None if selection is None else [key for key in selection if key not in after]
    shown = None if publishes else [key for key in selection or () if key in after]
    with instance(night.home) as dagster_instance:

        def run(job: str, keys: Sequence[dg.AssetKey] | None) -> dg.ExecuteInProcessResult:
            return definitions.resolve_job_def(job).execute_in_process(
                instance=dagster_instance,
                raise_on_error=False,
                asset_selection=None if keys is None else list(keys),
                run_config=run_config,
                tags=tags | command_tags(),
            )

        results = [run(NIGHTLY, wanted)] if wanted is None or wanted else []
        stopped = any(_was_stopped(result) for result in results)
        if (shown is None or shown) and night.published.is_dir() and not stopped:
            results.append(run(SITE, shown))
    return results


def _was_stopped(result: dg.ExecuteInProcessResult) -> bool:
    """Whether somebody interrupted a run: whoever stops a night means all of it."""
    ends = [event.job_failure_data for event in result.all_events if event.is_run_failure]
    return any(end.failure_reason == RunFailureReason.UNEXPECTED_TERMINATION for end in ends)


def _publishes(selection: Collection[dg.AssetKey] | None) -> bool:
    """Whether a run of these assets, or of all, may release something: then the site follows."""
    return selection is None or not {release_key(name) for name in product_names()}.isdisjoint(selection)


def after_the_releases() -> frozenset[dg.AssetKey]:
    """The assets of the job `site`: the site, and the portals of the night."""
    return frozenset({CATALOGUE, *(portal.key for portal in portals_of_night(os.environ))})


def left_of_last_night(night: Night) -> list[dg.AssetKey]:
    """Assets that the last run of the night, and that of the site after it, were to make and did not: those that
    failed, and those behind them.

    Empty where all were made, or where no night ran yet.
    """
    after = after_the_releases()
    every = set(_graph().get_all_asset_keys()) - {MORNING_REPORT}
    with instance(night.home) as dagster_instance:
        runs = dagster_instance.get_runs(filters=dg.RunsFilter(job_name=NIGHTLY), limit=1)
        if not runs:
            return []
        left = _not_made(dagster_instance, runs[0], every - after)
        # a site of before that run says nothing about it; a night that was cut off before its site has none
        site = dagster_instance.get_run_records(dg.RunsFilter(job_name=SITE), limit=1)
        began = dagster_instance.get_run_records(dg.RunsFilter(run_ids=[runs[0].run_id]))[0].create_timestamp
        if site and site[0].create_timestamp > began:
            left |= _not_made(dagster_instance, site[0].dagster_run, set(after))
        elif _publishes(runs[0].asset_selection) and night.published.is_dir():
            left |= after
    return sorted(left, key=lambda key: list(key.path))


def _not_made(dagster_instance: dg.DagsterInstance, run: dg.DagsterRun, every: set[dg.AssetKey]) -> set[dg.AssetKey]:
    done = {dg.DagsterEventType.STEP_SUCCESS, dg.DagsterEventType.STEP_SKIPPED}
    made = {str(entry.step_key).replace("__", "/", 1) for entry in dagster_instance.all_logs(run.run_id, done)}
    # a source of which there is no copy is passed over by name, and is no failure
    return {key for key in run.asset_selection or every if key in every and "/".join(key.path) not in made}


def assets_of_part(which: str) -> list[dg.AssetKey]:
    """The assets of one part of the night: `fetch`, `build` or `publish`."""
    every: set[dg.AssetKey] = _graph().get_all_asset_keys()
    publish = {release_key(name) for name in product_names()}
    after = {*after_the_releases(), MORNING_REPORT}
    parts = {"fetch": {VINTAGES}, "publish": publish, "build": every - publish - {VINTAGES} - after}
    return sorted(parts[which], key=lambda key: list(key.path))


def reason_of(event: dg.DagsterEvent) -> str:
    """Why a step failed, in the words of the innermost error."""
    data = event.step_failure_data
    failure = data.user_failure_data
    if failure is not None and failure.description:
        return str(failure.description)
    error = data.error
    while error is not None and error.cause is not None:
        error = error.cause
    return (error.message.strip() if error is not None else "") or str(event.message)


def unfinished(results: Sequence[dg.ExecuteInProcessResult], selection: Sequence[dg.AssetKey]) -> dict[str, str]:
    """Assets of the selection that were not made though nothing refused them -> why, the causes first.

    A refusal is a `Failure` that an asset raises of itself, or a blocking check. A run that was interrupted or that
    broke down says nothing about the tables. What waits for a refused asset, or is skipped because a source is awaited,
    is not named.
    """
    done: set[str] = set()
    refused: set[str] = set()
    found: dict[str, str] = {}
    for event in (event for result in results for event in result.all_events):
        if event.is_step_success or event.is_step_skipped:
            done.add(asset_of(event))
        elif event.is_step_failure:
            data = event.step_failure_data
            # an interrupt that the retry policy took up arrives as an error of its own name
            if data.error_source is ErrorSource.INTERRUPT or reason_of(event) in INTERRUPTS:
                found[asset_of(event)] = "was interrupted"
            elif data.user_failure_data is not None or (data.error and data.error.cls_name == BLOCKED_BY_CHECK):
                refused.add(asset_of(event))
            else:
                found[asset_of(event)] = f"broke down: {reason_of(event)}"
    graph = _graph()
    for key in sorted(selection, key=lambda key: list(key.path)):
        name = "/".join(key.path)
        if name in done | refused | set(found):
            continue
        if not refused & {"/".join(above.path) for above in graph.get_ancestor_asset_keys(key)}:
            found[name] = "did not run"
    return found


def summarise(night: Night, results: Sequence[RunEvents]) -> Summary:
    """The outcome of every dataset and every refusal, from the events of a run and of the run of the site after it."""
    refusals = []
    made: dict[str, dict[str, Any]] = {}
    for event in (event for result in results for event in result.all_events):
        if event.is_step_failure:
            key = asset_of(event)
            refusals.append(Refusal(key, reason_of(event)))
        elif event.is_step_materialization:
            materialization = event.step_materialization_data.materialization
            made["/".join(materialization.asset_key.path)] = {n: v.value for n, v in materialization.metadata.items()}
    refused = {refusal.asset for refusal in refusals}
    datasets = []
    for name in product_names():
        release, waiting = (
            made.get("/".join(release_key(name).path)),
            made.get("/".join(package_key(group_of(name)).path)),
        )
        because = tuple(sorted(causes(name, refused)))
        if release is not None:
            outcome = "released" if release[RELEASED_TONIGHT] else "unchanged"
            datasets.append(DatasetOutcome(name, outcome, str(release[VERSION])))
        elif because:
            datasets.append(DatasetOutcome(name, "blocked", standing_version(night, name), because))
        elif waiting is not None:
            outcome = "waiting" if waiting[STATUS] == "release" else "unchanged"
            datasets.append(DatasetOutcome(name, outcome, str(waiting[VERSION])))
    fetched = made.get("sources/vintages", {})
    sources = tuple(fetched[ONE_LINE]) if fetched else ()
    refused_bodies = tuple(fetched.get(REFUSED_BODIES, ()))
    mended = tuple(made.get("/".join(CATALOGUE.path), {}).get(MENDED, ()))
    portals = tuple(
        f"portal {facts[PORTAL_WHERE]}: {facts[PORTAL_DONE]} done" for facts in made.values() if PORTAL_WHERE in facts
    )
    first = results[0].run_id if results else ""
    return Summary(first, night.moment, tuple(datasets), tuple(refusals), sources, mended, refused_bodies, portals)


def asset_of(event: dg.DagsterEvent) -> str:
    """The asset that an event speaks of, as `group/name`."""
    # the step of an asset is named group__name
    return str(event.step_key or "").replace("__", "/", 1)


def causes(name: str, assets: set[str]) -> set[str]:
    """Those of some assets on which the release of a dataset depends, itself included."""
    return assets & _upstream(name)


@cache
def _upstream(name: str) -> frozenset[str]:
    # the order of the assets is the same all through a process, and making the graph takes a while
    graph = _graph()
    return frozenset(
        "/".join(key.path) for key in {*graph.get_ancestor_asset_keys(release_key(name)), release_key(name)}
    )


@cache
def _graph() -> Any:
    return defs.resolve_asset_graph()


def standing_version(night: Night, name: str) -> str | None:
    """The newest release that is not withdrawn; None where no release stands."""
    import json

    path = night.published / "datasets" / name / "latest.json"
    latest = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {"status": "withdrawn"}
    return str(latest["version"]) if latest.get("status") != "withdrawn" else None

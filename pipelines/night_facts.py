"""Gathering the facts of one night from the events that Dagster kept of its runs, and from what lies under its home.

Here: what events (`night_events.py`) mean for sources, tables and datasets. Not here: what facts there are
(`publish/night_facts.py`), keeping them (`kept_nights.py`), or words about them.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from assets.catalogue_asset import CATALOGUE
from assets.night import Night
from assets.packages import release_key
from assets.source_assets import REFUSED_BODIES, VINTAGES
from assets.source_checks import fetch_facts
from assets.stewards_view import (
    DUPLICATES,
    FILES_WRITTEN,
    MADE_TONIGHT,
    MENDED,
    PORTAL_DONE,
    PORTAL_WHERE,
    PREVIOUS_VERSION,
)
from pipelines.deliveries_of_night import overdue, received_since
from pipelines.night_events import RunOfNight, Seen, seen_in
from pipelines.nightly import DatasetOutcome, causes, standing_version, summarise
from publish.night_facts import (
    PORTAL_ASSET,
    DatasetFacts,
    DeliveryOverdue,
    DeliveryReceived,
    FailureFacts,
    NightFacts,
    NightOutcome,
    PortalFacts,
    PortalState,
    SourceFacts,
    StepFacts,
    TableFacts,
)

#: Sentences of the changelog that a report shows; the page of the release has them all.
CHANGES_SHOWN = 6


@dataclass(frozen=True)
class DeliveryBook:
    """Where it is known which deliveries came in and which did not.

    `received_since` gives what came in after a moment (`YYYY-MM-DDThh:mm:ssZ`; empty: ever) and up to that of the
    night; `overdue` what should have been here by then.
    """

    received_since: Callable[[Night, str], Sequence[DeliveryReceived]] = received_since
    overdue: Callable[[Night], Sequence[DeliveryOverdue]] = overdue


def gather(
    night: Night,
    runs: Sequence[RunOfNight],
    previous: NightFacts | None,
    *,
    cpu_seconds: float | None = None,
    book: DeliveryBook | None = None,
) -> NightFacts:
    """The facts of a night that ran as `runs` (at least one); `previous` is the night before it, where it is known."""
    from assets.sources.fetched import FAILED

    deliveries = book or DeliveryBook()
    seen = seen_in(runs)
    summary = summarise(night, runs)
    failures = _with_consequences(seen.failures.values(), previous, night.moment)
    fetched = seen.made.get("/".join(VINTAGES.path))
    refused_bodies = tuple(fetched.get(REFUSED_BODIES, ())) if fetched else ()
    outcome = _outcome(runs, failures, refused_bodies)
    started, ended = min(run.started for run in runs), max(run.ended for run in runs)
    mended = tuple(seen.made.get("/".join(CATALOGUE.path), {}).get(MENDED, ()))
    quarantine = quarantined(night.home / "quarantine")
    return NightFacts(
        moment=night.moment,
        started=_moment(started),
        ended=_moment(ended),
        seconds=round(max(0.0, ended - started), 1),
        run_ids=tuple(run.run_id for run in runs),
        outcome=outcome,
        cpu_seconds=_cost(runs, cpu_seconds),
        sources=_sources(night, previous, FAILED, refused_bodies) if fetched is not None else (),
        steps=tuple(_steps(seen)),
        tables=tuple(_tables(seen, dict(quarantine))),
        datasets=tuple(_datasets(night, summary.datasets, seen, previous)),
        failures=failures,
        portals=tuple(_portals(seen, failures)),
        mended=mended,
        site_files=seen.made.get("/".join(CATALOGUE.path), {}).get(FILES_WRITTEN),
        received=tuple(deliveries.received_since(night, previous.moment if previous else "")),
        overdue=tuple(deliveries.overdue(night)),
        quarantine=quarantine,
        last_success=night.moment if outcome == "done" else (previous.last_success if previous else None),
    )


def _cost(runs: Sequence[RunOfNight], measured: float | None) -> float | None:
    """What a night cost: as measured around its runs, else what each says of itself; None where one says nothing."""
    told = [run.cpu_seconds for run in runs if run.cpu_seconds is not None]
    found = measured if measured is not None else sum(told) if len(told) == len(runs) else None
    return None if found is None else round(found, 1)


def broken_night(night: Night, error: BaseException, previous: NightFacts | None) -> NightFacts:
    """The facts of a night that broke down before any run could say why: only the error is known."""
    reason = f"{type(error).__name__}: {error}"
    return NightFacts(
        moment=night.moment,
        started=night.moment,
        ended=night.moment,
        seconds=0.0,
        run_ids=(),
        outcome="failed",
        failures=(FailureFacts("nightly", "broke_down", reason, since=night.moment),),
        quarantine=quarantined(night.home / "quarantine"),
        last_success=previous.last_success if previous else None,
    )


def quarantined(folder: Path) -> tuple[tuple[str, int], ...]:
    """(table, rows) of everything that waits in quarantine; a file that cannot be read counts as -1 rows."""
    paths = sorted(folder.rglob("*.parquet"))
    if not paths:
        return ()
    import pyarrow.lib
    import pyarrow.parquet as pq

    found = []
    for path in paths:
        try:
            rows = pq.read_metadata(path).num_rows
        except (OSError, pyarrow.lib.ArrowException):
            rows = -1
        found.append((path.relative_to(folder).with_suffix("").as_posix(), rows))
    return tuple(found)


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _outcome(
    runs: Sequence[RunOfNight], failures: Sequence[FailureFacts], refused_bodies: Sequence[str]
) -> NightOutcome:
    if not all(run.finished for run in runs):
        return "unfinished"
    if any(failure.kind != "refused" for failure in failures):
        return "failed"
    return "partly" if failures or refused_bodies else "done"


def _with_consequences(
    failures: Iterable[FailureFacts], previous: NightFacts | None, moment: str
) -> tuple[FailureFacts, ...]:
    """Each failure with the datasets that it holds back, and since when it does so."""
    from contracts.contract import product_names

    before = {(one.asset, one.kind): one.since for one in previous.failures} if previous else {}
    found = []
    for failure in failures:
        held = tuple(name for name in product_names() if causes(name, {failure.asset}))
        since = before.get((failure.asset, failure.kind)) or moment
        found.append(FailureFacts(failure.asset, failure.kind, failure.reason, held, since))
    return tuple(found)


def _steps(seen: Seen) -> Iterable[StepFacts]:
    for asset in sorted({*seen.planned, *seen.seconds, *seen.failures}):
        if asset in seen.failures:
            yield StepFacts(asset, seen.failures[asset].kind, seen.seconds.get(asset))
        elif asset in seen.seconds:
            made = seen.made.get(asset, {}).get(MADE_TONIGHT)
            yield StepFacts(asset, "done" if made is None else "made" if made else "unchanged", seen.seconds[asset])
        else:
            yield StepFacts(asset, "not_reached")


def _portals(seen: Seen, failures: Sequence[FailureFacts]) -> Iterable[PortalFacts]:
    stopped = {one.asset: one.since for one in failures}
    for asset in sorted(asset for asset in seen.planned if asset.startswith(PORTAL_ASSET)):
        made = seen.made.get(asset, {})
        done = int(made.get(PORTAL_DONE, 0))
        outcome: PortalState = "updated" if done else "unchanged"
        if asset in stopped:
            outcome = "failed"
        elif not made:
            outcome = "not_asked" if asset in seen.seconds else "not_reached"
        kind, where = asset.removeprefix(PORTAL_ASSET), str(made.get(PORTAL_WHERE, ""))
        yield PortalFacts(kind, outcome, where, done, stopped.get(asset))


def _tables(seen: Seen, waiting: Mapping[str, int]) -> Iterable[TableFacts]:
    judged = {asset for asset, words in seen.broken.items() if words}
    tables = {asset for asset, made in seen.made.items() if MADE_TONIGHT in made} | judged
    for table in sorted(tables | (set(waiting) & set(seen.planned))):
        made = seen.made.get(table, {})
        yield TableFacts(
            table,
            made.get("dagster/row_count"),
            max(0, waiting.get(table, 0)),
            int(made.get(DUPLICATES, 0)),
            bool(made.get(MADE_TONIGHT, False)),
            seen.broken.get(table, ()),
            seen.caveats.get(table, ()),
        )


def _sources(
    night: Night, previous: NightFacts | None, failed_words: str, refused_bodies: Sequence[str]
) -> tuple[SourceFacts, ...]:
    from contracts.contract import source_contract

    before = {one.source: one for one in previous.sources} if previous else {}
    # a line about a refused body begins with its source
    refused = {line.partition(": ")[0]: line.partition(": ")[2] for line in refused_bodies}
    found = []
    for name, facts in fetch_facts(night).items():
        contract, then = source_contract(name), before.get(name)
        failed, stale = str(facts["reason"]).startswith(failed_words), facts.get("stale_nl") is not None
        stopped = facts.get("stopped_nl") is not None
        found.append(
            SourceFacts(
                source=name,
                title_nl=contract.title_nl,
                title_en=contract.title_en,
                outcome=facts["outcome"],
                reason=facts["reason"],
                copy=facts["sha256"] or "",
                age_days=facts["age_days"],
                failed=failed,
                failed_since=((then and then.failed_since) or night.moment) if failed else None,
                stale_nl=facts.get("stale_nl"),
                stale_en=facts.get("stale_en"),
                stale_since=((then and then.stale_since) or night.moment) if stale else None,
                refused=refused.get(name, ""),
                refused_since=((then and then.refused_since) or night.moment) if name in refused else None,
                stopped_nl=facts.get("stopped_nl"),
                stopped_en=facts.get("stopped_en"),
                stopped_since=((then and then.stopped_since) or night.moment) if stopped else None,
            )
        )
    return tuple(found)


def _datasets(
    night: Night, outcomes: Iterable[DatasetOutcome], seen: Seen, previous: NightFacts | None
) -> Iterable[DatasetFacts]:
    from contracts.contract import product, product_names
    from publish.changelog import sentences

    known = {one.dataset: one for one in outcomes}
    before = {one.dataset: one for one in previous.datasets} if previous else {}
    for name in product_names():
        if not ({"/".join(release_key(name).path)} & set(seen.planned)) and name not in known:
            continue
        one = known.get(name) or DatasetOutcome(name, "not_reached", standing_version(night, name))
        release: Mapping[str, Any] = seen.made.get("/".join(release_key(name).path), {})
        changelog = night.published / "releases" / name / str(one.version) / "CHANGELOG.md"
        text = changelog.read_text(encoding="utf-8") if one.outcome == "released" and changelog.exists() else ""
        then = before.get(name)
        held = then is not None and then.outcome == "blocked" and then.because == one.because
        earlier = release.get(PREVIOUS_VERSION)
        yield DatasetFacts(
            dataset=name,
            title_nl=product(name).title_nl,
            title_en=product(name).title_en,
            outcome=one.outcome,  # type: ignore[arg-type]
            version=one.version,
            previous_version=None if earlier in (None, "none") else str(earlier),
            bump=_bump(str(earlier), str(one.version)) if one.outcome == "released" else "none",
            releases=_releases(night.published / "datasets" / name / "versions.json"),
            changes_nl=sentences(text, str(one.version), "nl")[:CHANGES_SHOWN],
            changes_en=sentences(text, str(one.version), "en")[:CHANGES_SHOWN],
            because=one.because,
            since=((held and then is not None and then.since) or night.moment) if one.outcome == "blocked" else None,
        )


def _bump(earlier: str, version: str) -> str:
    """How large the step from one version to the next is; `first` where nothing stood before."""
    before, after = earlier.split("."), version.split(".")
    if len(before) != 3:
        return "first"
    return next(
        (name for name, old, new in zip(("major", "minor", "patch"), before, after, strict=True) if old != new), "none"
    )


def _releases(versions: Path) -> int:
    try:
        return len(json.loads(versions.read_bytes())["versions"])
    except (OSError, ValueError, KeyError):
        return 0  # nothing was ever released, or the pointer waits to be mended

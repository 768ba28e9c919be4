"""What happens when a night is over: its facts are kept, the report is written, messages leave, the metrics stand.

In this order, each step on disk before the next: what is to be told, the report, the facts, the sending, the metrics.
A process that dies in between is made up for by the next night, and nothing is told twice. Nothing here changes a table
or anything that is published. Not here: words (`publish/night_*.py`), and how a message is sent (`messages/`).
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from datetime import time as clock_time
from pathlib import Path
from typing import TYPE_CHECKING

from assets.night import Night
from pipelines import kept_nights
from publish.night_words import HERE

if TYPE_CHECKING:
    import dagster as dg

    from pipelines.messages.occasions import Occasion
    from pipelines.messages.outbox import Channel, Outbox
    from pipelines.messages.settings import MessageSettings
    from pipelines.night_facts import DeliveryBook
    from publish.night_facts import NightFacts
    from publish.night_reading import Addresses

#: When a night begins, on the clock of the steward.
BEGINS = clock_time(2, 30)
#: A night that began this long before or after its time is that night.
ABOUT = timedelta(hours=3)
#: Nights that are looked back on; a home that was put away for longer missed more than anybody counts.
LOOKED_BACK = timedelta(days=60)
#: A night that the daemon started has its site and its report, which are runs of their own, so long after it began.
FOLLOWED = timedelta(hours=6)


@dataclass(frozen=True)
class Morning:
    """What was made of a night: the first line of its report and where it is, and what became of the messages."""

    first_line: str
    report: Path
    messages_sent: int
    messages_waiting: int
    problems: tuple[str, ...]

    def lines(self) -> list[str]:
        """For a person at a terminal."""
        said = [self.first_line, f"Report: {self.report}"]
        if self.messages_sent or self.messages_waiting:
            said.append(f"Messages: {self.messages_sent} sent, {self.messages_waiting} waiting")
        return said + [f"Not sent yet by {problem}" for problem in self.problems]


def missed_nights(last: str, until: str) -> list[datetime]:
    """The times at which a night should have begun between the last one that did and a moment, oldest first.

    While a night may be running, the moment to give is that of now less ABOUT.
    """
    began, end = kept_nights.moment_of(last), kept_nights.moment_of(until)
    day = max(began, end - LOOKED_BACK).astimezone(HERE).date()
    found = []
    while day <= end.astimezone(HERE).date():
        due = datetime.combine(day, BEGINS, HERE)
        if began + ABOUT < due <= end:
            found.append(due)
        day += timedelta(days=1)
    return found


def begin_night(night: Night, settings: "MessageSettings", *, user_agent: str = "") -> None:
    """Notices, before a night begins, that earlier ones did not run or did not end; then marks that this one began.

    Only when no other night runs.
    """
    from pipelines.messages.occasions import missed, occasions

    found: list[Occasion] = []
    for moment in kept_nights.never_ended(night.home):
        if moment != night.moment and _report_follows(night, moment):
            continue
        if moment != night.moment:
            facts = _died(night, moment)
            found += occasions(facts, _addresses(settings))
            _keep(night.home, facts, settings)
        kept_nights.ended(night.home, moment)
    # a night that did not end did run: it is among the kept ones by now
    last = kept_nights.night_before(night.home, night.moment)
    # the newest of them is made up for by this night
    lost = missed_nights(last.moment, night.moment)[:-1] if last is not None else []
    if lost:
        found.append(missed(lost, night.moment))
    kept_nights.begin(night.home, night.moment)
    outbox = outbox_of(night.home)
    if outbox.add(found):
        outbox.deliver(channels_of(settings, night.home, user_agent), night.moment)


def end_night(
    night: Night,
    run_ids: Sequence[str],
    settings: "MessageSettings",
    *,
    cpu_seconds: float | None = None,
    book: "DeliveryBook | None" = None,
    user_agent: str = "",
    instance: "dg.DagsterInstance | None" = None,
    wait: Callable[[float], None] | None = None,
) -> Morning:
    """Makes everything of a night whose runs are over; `instance` is the open one, where the caller has it open.

    Raises LookupError where the instance knows none of the runs.
    """
    from pipelines.night_events import runs_of
    from pipelines.night_facts import gather

    if instance is None:
        from pipelines.instance import instance as opened

        with opened(night.home) as own:
            runs = runs_of(own, run_ids)
    else:
        runs = runs_of(instance, run_ids)
    if not runs:
        raise LookupError(f"Dagster knows no run {', '.join(run_ids)}; nothing to report on")
    previous = kept_nights.known_before(night.home, night.moment, tuple(run.run_id for run in runs))
    facts = gather(night, runs, previous, cpu_seconds=cpu_seconds, book=book)
    return tell(night, facts, settings, user_agent=user_agent, wait=wait)


def fail_night(night: Night, error: BaseException, settings: "MessageSettings", *, user_agent: str = "") -> Morning:
    """Makes everything of a night that broke down before a run could say why."""
    from pipelines.night_facts import broken_night

    facts = broken_night(night, error, kept_nights.known_before(night.home, night.moment))
    return tell(night, facts, settings, user_agent=user_agent)


def tell(
    night: Night,
    facts: "NightFacts",
    settings: "MessageSettings",
    *,
    user_agent: str = "",
    wait: Callable[[float], None] | None = None,
) -> Morning:
    """Tells the facts of a night: notes the occasions, keeps facts and report, sends, and writes the metrics."""
    from assets.sources.archive import write_whole
    from pipelines.messages.occasions import occasions, report
    from publish.metrics_text import metrics_text
    from publish.night_asks import asks
    from publish.night_report import report_text
    from publish.night_words import first_line

    addresses = _addresses(settings)
    answer = first_line(facts, len(asks(facts, "nl")), "nl")
    outbox = outbox_of(night.home)
    place = kept_nights.place_for(night.home, facts)
    page = place.with_suffix(".nl.html")
    text = report_text(facts, kept_nights.week_before(night.home, facts.moment), addresses=addresses)
    found = [*occasions(facts, addresses)]
    if settings.mail is not None and settings.mail.readers_of("report"):
        found.append(report(facts, answer, text, page.relative_to(night.home).as_posix()))
    outbox.add(found)
    _keep(night.home, facts, settings)
    kept_nights.ended(night.home, facts.moment)
    channels = channels_of(settings, night.home, user_agent)
    told = outbox.deliver(channels, night.moment, wait=wait or time.sleep)
    write_whole(night.home / "metrics" / "ketenmonitor.prom", metrics_text(facts, told.waiting).encode())
    return Morning(answer, page, told.sent, told.waiting, tuple(told.problems))


def outbox_of(home: Path) -> "Outbox":
    """The memory of what was told and what waits."""
    from pipelines.messages.outbox import Outbox

    return Outbox(home / "messages")


def channels_of(settings: "MessageSettings", home: Path, user_agent: str) -> "list[Channel]":
    """All channels that are set up."""
    found: list[Channel] = []
    if settings.mail is not None:
        from pipelines.messages.mail import mail_channels

        found += mail_channels(settings.mail, home)
    if settings.webhook is not None:
        from pipelines.messages.webhook import WebhookChannel

        found.append(WebhookChannel(settings.webhook, user_agent or "Ketenmonitor"))
    return found


def _addresses(settings: "MessageSettings") -> "Addresses":
    from publish.night_reading import Addresses

    return Addresses(settings.view_url, settings.public_url)


def _keep(home: Path, facts: "NightFacts", settings: "MessageSettings") -> Path:
    """Writes the report in both languages and as text, then the facts: where those are, the report is too."""
    from assets.sources.archive import write_whole
    from publish.night_report import report_html, report_text

    addresses, before = _addresses(settings), kept_nights.week_before(home, facts.moment)
    place = kept_nights.place_for(home, facts)
    dutch, english = place.with_suffix(".nl.html"), place.with_suffix(".en.html")
    newest = all(path <= place for path in kept_nights.kept_files(home))
    body = report_html(facts, before, "nl", addresses=addresses, other_language=english.name)
    write_whole(dutch, body)
    write_whole(english, report_html(facts, before, "en", addresses=addresses, other_language=dutch.name))
    write_whole(place.with_suffix(".txt"), report_text(facts, before, addresses=addresses).encode())
    if newest:
        write_whole(place.with_name("latest.html"), body)
    return kept_nights.keep(home, facts)


def _report_follows(night: Night, moment: str) -> bool:
    """Whether a night that began and has no report gets it still: the daemon started it, not long ago, and it ran to
    its end. A night that waited for it begins before its site does."""
    import dagster as dg

    from pipelines.instance import instance
    from pipelines.run_origin import is_by_command

    if night.started_at - kept_nights.moment_of(moment) > FOLLOWED:
        return False
    # the sensors wait for these two; a run that somebody stopped is followed by nothing
    over = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE]
    with instance(night.home) as opened:
        runs = opened.get_runs(dg.RunsFilter(tags={kept_nights.MOMENT_TAG: moment}, statuses=over))
    return bool(runs) and not any(is_by_command(run.tags) for run in runs)


def _died(night: Night, moment: str) -> "NightFacts":
    """The facts of a night that began and did not end: as far as Dagster has them."""
    import dagster as dg

    from pipelines.instance import instance
    from pipelines.night_events import runs_of
    from pipelines.night_facts import gather
    from publish.night_facts import NightFacts

    then = replace(night, started_at=kept_nights.moment_of(moment))
    with instance(night.home) as opened:
        records = opened.get_run_records(dg.RunsFilter(tags={kept_nights.MOMENT_TAG: moment}))
        runs = runs_of(opened, [record.dagster_run.run_id for record in reversed(records)])
    previous = kept_nights.known_before(night.home, moment, tuple(run.run_id for run in runs))
    if runs:
        well = previous.last_success if previous else None
        return replace(gather(then, runs, previous), outcome="unfinished", last_success=well)
    since = previous.last_success if previous else None
    return NightFacts(moment, moment, moment, 0.0, (), "unfinished", last_success=since)

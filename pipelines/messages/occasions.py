"""What a night gives occasion to tell, as messages in Dutch: each with an id that stays the same however often the
night is told, and with what to do next.

One cause is one message, whatever hangs on it: a source that six datasets wait for, six sources silenced by one outage.
Here: which occasions there are. Not here: the words about what asks for somebody (`publish/night_asks.py`), sending.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any, Literal

from pipelines.messages.settings import Topic
from publish.ask import Ask
from publish.delivery_asks import delivery_lines, overdue, received
from publish.night_asks import failed, unfinished
from publish.night_facts import PORTAL_ASSET, DeliveryOverdue, DeliveryReceived, FailureFacts, NightFacts
from publish.night_reading import Addresses
from publish.night_words import day_here, one_or_more
from publish.source_asks import (
    given_up,
    gone_stale,
    newly_stale,
    newly_stopped,
    no_answer,
    sent_unusable,
    still_silent,
    unusable,
)
from publish.unseen import one_line, visible

Kind = Literal[
    "night_failed", "night_missed", "release_blocked", "table_refused",
    "portal_failed", "source_stale", "source_silent", "source_unusable", "source_stopped",
    "delivery_received", "delivery_overdue", "report",
]  # fmt: skip
#: Days after its deadline on which an overdue delivery is told: at once, and two reminders. After that the report does.
REMINDERS = (0, 7, 21)
#: How a message ends that no other follows.
ONCE = "Dit wordt één keer gestuurd."
#: Letters of what a run said that a message quotes; the report has all of it.
QUOTED = 1500


@dataclass(frozen=True)
class Occasion:
    """One thing to tell. `page` is a page below the home that goes with it in a mail, in place of one made of its text.

    `text` is the whole message; `link` where to look, empty where the steward's view has no address.
    """

    id: str
    kind: Kind
    topic: Topic
    moment: str
    subject: str
    text: str
    link: str = ""
    page: str = ""


def occasion_json(occasion: Occasion) -> str:
    """An occasion on one line."""
    return json.dumps(asdict(occasion), ensure_ascii=False)


def read_occasion(raw: dict[str, Any]) -> Occasion:
    """An occasion as it was kept. Raises KeyError or TypeError for anything else."""
    return Occasion(**{item.name: raw[item.name] for item in fields(Occasion)})


def occasions(facts: NightFacts, addresses: Addresses) -> tuple[Occasion, ...]:
    """Everything that a night gives occasion to tell, the gravest first."""
    return tuple(_all(facts, addresses))


def _all(facts: NightFacts, addresses: Addresses) -> Iterator[Occasion]:
    if facts.outcome == "unfinished":
        yield _made(f"unfinished:{facts.moment}", "night_failed", "night", facts, unfinished(facts, "nl"), addresses)
    stopped = [one for one in facts.failures if one.kind != "refused"]
    if stopped:
        yield _broke_down(stopped, facts, addresses)
    yield from (_refused(one, facts, addresses) for one in facts.failures if one.kind == "refused")
    refused = unusable(facts)
    for since in sorted({str(one.refused_since) for one in refused}):
        together = [one for one in refused if one.refused_since == since]
        yield _made(f"unusable:{since}", "source_unusable", "sources", facts, sent_unusable(together, "nl"), addresses)
    stale = newly_stale(facts)
    if stale:
        key = _digest([[one.source, one.copy] for one in stale])
        yield _made(f"stale:{key}", "source_stale", "sources", facts, gone_stale(stale, "nl"), addresses)
    silent = still_silent(facts)
    for since in sorted({str(one.failed_since) for one in silent}):
        together = [one for one in silent if one.failed_since == since]
        yield _made(f"silent:{since}", "source_silent", "sources", facts, no_answer(together, "nl"), addresses)
    ended = newly_stopped(facts)
    if ended:
        key = _digest([[one.source, one.stopped_nl] for one in ended])
        yield _made(f"stopped:{key}", "source_stopped", "sources", facts, given_up(ended, "nl"), addresses)
    yield from (_received(one, facts, addresses) for one in facts.received)
    yield from (_overdue(one, facts, addresses) for one in facts.overdue if _reminder(one) is not None)


def missed(nights: Sequence[datetime], moment: str) -> Occasion:
    """That nights did not run; `nights` are the times at which they should have, at least one, oldest first."""
    count = one_or_more(len(nights), "nl", ("nacht is", "nachten zijn"), ("", ""))
    first, last = (day_here(night.isoformat(), "nl") for night in (nights[0], nights[-1]))
    ask = Ask(
        f"{count} niet gelopen",
        f"Ketenmonitor heeft niet gelopen in de nacht van {first}."
        if len(nights) == 1
        else f"Ketenmonitor heeft niet gelopen van {first} tot en met {last}.",
        "Er is niets verloren: een volgende nacht haalt op wat er intussen is verschenen. Kijk wel waarom het stil "
        "lag: stond de machine uit, of is het rooster uitgezet? ketenmonitor doctor zegt wat er ontbreekt.",
    )
    key = f"missed:{nights[0].isoformat()}:{nights[-1].isoformat()}"
    return _told(key, "night_missed", "night", moment, ask, "")


def report(facts: NightFacts, first_line: str, text: str, page: str) -> Occasion:
    """The morning report itself; it is sent only to those who asked for it. `page` is its file below the home."""
    subject = one_line(f"Nachtverslag {day_here(facts.moment, 'nl')}: {first_line}")
    run = "-".join(facts.run_ids[:1])
    return Occasion(f"report:{facts.moment}:{run}", "report", "report", facts.moment, subject, text, page=page)


def _broke_down(stopped: Sequence[FailureFacts], facts: NightFacts, addresses: Addresses) -> Occasion:
    first, *others = sorted(stopped, key=lambda one: (-len(one.datasets), one.asset))
    ask = failed(first, facts, "nl")
    more = [f"{one.asset}: {one_line(one.reason)[:200]}" for one in others]
    title = f"De nacht is vastgelopen: {ask.title[:1].lower()}{ask.title[1:]}"
    together = Ask(title, ask.body, ask.next_step, tuple(more), ask.quote, ask.place)
    key = _digest(sorted([one.asset, one.kind, str(one.since)] for one in stopped))
    return _made(f"failed:{key}", "night_failed", "night", facts, together, addresses)


def _refused(failure: FailureFacts, facts: NightFacts, addresses: Addresses) -> Occasion:
    ask = failed(failure, facts, "nl")
    if failure.asset.startswith(PORTAL_ASSET):
        # what a portal says differs by night, such as how far it came; it is one thing to tell
        key = f"portal:{failure.asset.removeprefix(PORTAL_ASSET)}:{failure.since}"
        return _made(key, "portal_failed", "releases", facts, ask, addresses)
    key = _digest([failure.asset, failure.reason, str(failure.since)])
    if not failure.datasets:
        topic: Topic = "sources" if failure.asset.startswith("sources/") else "night"
        return _made(f"refused:{failure.asset}:{key}", "table_refused", topic, facts, ask, addresses)
    versions = {one.dataset: one.version for one in facts.datasets}
    which = failure.datasets[0] if len(failure.datasets) == 1 else failure.asset
    version = versions.get(which) or "none"
    blocked = f"blocked:{which}:{version}:{key}" if len(failure.datasets) == 1 else f"blocked:{which}:{key}"
    return _made(blocked, "release_blocked", "releases", facts, ask, addresses)


def _received(delivery: DeliveryReceived, facts: NightFacts, addresses: Addresses) -> Occasion:
    if delivery.asks:
        ask = received(delivery, "nl")
    else:
        again = delivery.outcome == "repeated"
        ask = Ask(
            f"De levering «{delivery.title_nl}» is ontvangen",
            delivery_lines(_only(facts, delivery), "nl")[0],
            "U hoeft niets te doen: dit bestand was er al."
            if again
            else "U hoeft niets te doen. De volgende uitgave van de dataset neemt de cijfers mee.",
        )
    return _made(f"received:{delivery.id}", "delivery_received", "deliveries", facts, ask, addresses)


def _only(facts: NightFacts, delivery: DeliveryReceived) -> NightFacts:
    return NightFacts(facts.moment, facts.started, facts.ended, 0.0, (), "done", received=(delivery,))


def _reminder(delivery: DeliveryOverdue) -> int | None:
    """The reminder that is due: the newest of REMINDERS whose day has come; None where all were long ago."""
    due = [days for days in REMINDERS if delivery.days >= days]
    return due[-1] if due else None


def _overdue(delivery: DeliveryOverdue, facts: NightFacts, addresses: Addresses) -> Occasion:
    which = ":".join(filter(None, (delivery.delivery, delivery.period, delivery.deliverer)))
    number, ask = REMINDERS.index(_reminder(delivery) or 0), overdue(delivery, "nl")
    closing = ONCE if number == 0 else f"Dit is herinnering {number} van {len(REMINDERS) - 1}."
    key, link = f"overdue:{which}:{REMINDERS[number]}", addresses.in_view(ask.place)
    return _told(key, "delivery_overdue", "deliveries", facts.moment, ask, link, closing)


def _made(key: str, kind: Kind, topic: Topic, facts: NightFacts, ask: Ask, addresses: Addresses) -> Occasion:
    return _told(key, kind, topic, facts.moment, ask, addresses.in_view(ask.place))


def _told(key: str, kind: Kind, topic: Topic, moment: str, ask: Ask, link: str, closing: str = ONCE) -> Occasion:
    parts = [ask.body, "\n".join(f"- {item}" for item in ask.items), f"Wat te doen: {ask.next_step}"]
    if link:
        parts.append(f"Kijk hier: {link}")
    if ask.quote:
        quote = visible(ask.quote)
        cut = "" if len(quote) <= QUOTED else "\n[...]"
        parts.append(f"Wat de run zei:\n{quote[:QUOTED]}{cut}")
    parts.append(f"Ketenmonitor, nacht van {day_here(moment, 'nl')}. {closing}")
    return Occasion(key, kind, topic, moment, one_line(ask.title), "\n\n".join(filter(None, parts)) + "\n", link)


def _digest(of: Any) -> str:
    return hashlib.sha256(json.dumps(of, ensure_ascii=False).encode()).hexdigest()[:12]

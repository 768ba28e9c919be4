"""What is to be told and what was told, under `<home>/messages/`: nothing is lost, and nothing is sent twice.

    occasions.jsonl   every occasion, when it was put there; never changed
    sent.jsonl        what became of it by each channel: sent, or failed and why; never changed

Both only grow, a line at a time, each on disk before the next step. Where the process dies after a channel took a
message and before that is noted, the message goes once more: a mail then has the same Message-ID and a webhook call the
same Idempotency-Key, so that the other side can drop it. It cannot be otherwise: noting first would lose messages.
Here: that memory, and trying again. Not here: the channels.
"""

import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal, Protocol

from pipelines.kept_nights import moment_of
from pipelines.messages.occasions import Occasion, occasion_json, read_occasion

#: Seconds between the tries of one message by one channel; after the last it waits for the next night.
WAITS = (2.0, 8.0)
#: A message that could not be sent in this time is old news: it is kept and shown, and not tried any more.
NEWS = timedelta(days=7)


class NotSent(RuntimeError):
    """A channel did not take a message; the words hold no secret. `passing`: another try may help."""

    def __init__(self, words: str, *, passing: bool) -> None:
        super().__init__(words)
        self.passing = passing


class Channel(Protocol):
    """One way to one reader. `name` stays the same as long as the reader does; `server` is what may be down."""

    @property
    def name(self) -> str:
        """How the reader is known in the memory: `mail:steward@example.nl`, `webhook`."""

    @property
    def server(self) -> str:
        """What several channels may share: if it is down for one, it is for all."""

    def takes(self, occasion: Occasion) -> bool:
        """Whether this reader is told of such an occasion."""

    def send(self, occasion: Occasion) -> None:
        """Sends it. Raises NotSent."""


@dataclass(frozen=True)
class Entry:
    """One occasion and what became of it: by which channels it was sent, and what stopped the others last."""

    occasion: Occasion
    sent: tuple[str, ...]
    failed: tuple[tuple[str, str], ...]
    state: Literal["sent", "waiting", "no_reader", "expired"]


@dataclass
class Told:
    """What one round of sending did. `problems` name a channel and why it did not take a message."""

    sent: int = 0
    waiting: int = 0
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Outbox:
    """The memory of one home; `folder` is `<home>/messages`."""

    folder: Path

    @property
    def _occasions(self) -> Path:
        return self.folder / "occasions.jsonl"

    @property
    def _sent(self) -> Path:
        return self.folder / "sent.jsonl"

    def add(self, found: Sequence[Occasion]) -> list[Occasion]:
        """Puts occasions in that are not there yet, and returns those."""
        if not found:
            return []
        with self._alone():
            known = {occasion.id for occasion in self.occasions()}
            new = list({occasion.id: occasion for occasion in found if occasion.id not in known}.values())
            for occasion in new:
                append_line(self._occasions, occasion_json(occasion))
        return new

    def occasions(self) -> list[Occasion]:
        """Every occasion, oldest first, each once."""
        found: dict[str, Occasion] = {}
        for raw in _lines(self._occasions):
            try:
                occasion = read_occasion(raw)
            except (KeyError, TypeError):
                continue
            found.setdefault(occasion.id, occasion)
        return list(found.values())

    def entries(self, channels: Sequence[Channel], moment: str) -> list[Entry]:
        """Every occasion with its state at a moment, given the channels of now."""
        sent, failed = self._notes()
        found = []
        for occasion in self.occasions():
            readers = [channel.name for channel in channels if channel.takes(occasion)]
            done = tuple(sorted(sent.get(occasion.id, ())))
            left = [name for name in readers if name not in done]
            problems = tuple((name, failed[occasion.id, name]) for name in left if (occasion.id, name) in failed)
            state: Literal["sent", "waiting", "no_reader", "expired"] = "waiting"
            if not left:
                state = "sent" if done else "no_reader"
            elif _is_old(occasion, moment):
                state = "expired"
            found.append(Entry(occasion, done, problems, state))
        return found

    def deliver(self, channels: Sequence[Channel], moment: str, *, wait: Callable[[float], None] = time.sleep) -> Told:
        """Sends what waits, oldest first. A server that is down is not asked again in this round."""
        told = Told()
        if not channels:
            return told
        with self._alone():
            sent, _ = self._notes()
            down: dict[str, str] = {}
            for occasion in self.occasions():
                if _is_old(occasion, moment):
                    continue
                for channel in channels:
                    if channel.takes(occasion) and channel.name not in sent.get(occasion.id, ()):
                        self._try(occasion, channel, moment, wait, down, told)
        return told

    def _try(
        self,
        occasion: Occasion,
        channel: Channel,
        moment: str,
        wait: Callable[[float], None],
        down: dict[str, str],
        told: Told,
    ) -> None:
        if channel.server in down:
            told.waiting += 1
            return
        for pause in (*WAITS, None):
            try:
                channel.send(occasion)
            except NotSent as error:
                if error.passing and pause is not None:
                    wait(pause)
                    continue
                self._note(occasion, channel, moment, "failed", str(error))
                told.waiting += 1
                problem = f"{channel.name}: {error}"
                told.problems += [problem] if problem not in told.problems else []
                if error.passing:
                    down[channel.server] = str(error)
                return
            self._note(occasion, channel, moment, "sent", "")
            told.sent += 1
            return

    def _note(self, occasion: Occasion, channel: Channel, moment: str, outcome: str, why: str) -> None:
        noted = {"occasion": occasion.id, "channel": channel.name, "moment": moment, "outcome": outcome, "why": why}
        append_line(self._sent, json.dumps(noted, ensure_ascii=False))

    def _notes(self) -> tuple[dict[str, set[str]], dict[tuple[str, str], str]]:
        """Occasion -> channels that took it; and (occasion, channel) -> why it was not taken last."""
        sent: dict[str, set[str]] = {}
        failed: dict[tuple[str, str], str] = {}
        for raw in _lines(self._sent):
            try:
                occasion, channel = str(raw["occasion"]), str(raw["channel"])
                if raw["outcome"] == "sent":
                    sent.setdefault(occasion, set()).add(channel)
                else:
                    failed[occasion, channel] = str(raw["why"])
            except KeyError:
                continue
        return sent, failed

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Holds the outbox: two rounds at the same time would send everything twice."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / ".lock").open("a") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            try:
                yield
            finally:
                fcntl.flock(handle, fcntl.LOCK_UN)


def append_line(path: Path, line: str) -> None:
    """Adds a line and waits until it is on disk; a line that an earlier death tore is closed first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab+") as handle:
        if handle.tell() > 0:
            handle.seek(-1, os.SEEK_END)
            torn = handle.read(1) != b"\n"
        else:
            torn = False
        handle.write((b"\n" if torn else b"") + line.encode() + b"\n")
        handle.flush()
        os.fsync(handle.fileno())


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    """The lines that can be read; a torn one is passed over, because what it stood for is done again."""
    if not path.exists():
        return
    for line in path.read_bytes().splitlines():
        try:
            raw = json.loads(line)
        except ValueError:
            continue
        if isinstance(raw, dict):
            yield raw


def _is_old(occasion: Occasion, moment: str) -> bool:
    return moment_of(moment) - moment_of(occasion.moment) > NEWS

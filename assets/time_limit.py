"""A time limit on the body of an asset: a step that hangs fails by itself, and what does not depend on it goes on.

The run may have a time limit as well: no step gets more than what is left of it.
Here: both limits as a step meets them. Not here: ending a run that no longer listens (`pipelines/run_limit.py`).
"""

import functools
import inspect
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Any, TypeVar

Body = TypeVar("Body", bound=Callable[..., Any])


class TookTooLong(RuntimeError):
    """A step did not finish within its time limit."""


class RunTookTooLong(TookTooLong):
    """The time limit of the whole run is over: what did not begin, does not begin any more."""


@dataclass
class _Run:
    ends: float | None = None
    seconds: float = 0.0


_RUN = _Run()


@contextmanager
def run_within(seconds: float) -> Iterator[None]:
    """Lets the steps of this process know that the run in the block has so many seconds."""
    before = (_RUN.ends, _RUN.seconds)
    _RUN.ends, _RUN.seconds = time.monotonic() + seconds, seconds
    try:
        yield
    finally:
        _RUN.ends, _RUN.seconds = before


def _of_run(what: str) -> RunTookTooLong:
    return RunTookTooLong(
        f"the run took longer than {_RUN.seconds:g} seconds, and {what} was not finished. What stood before stands. "
        "See in the log of the run which step took so long; the next night goes on"
    )


@contextmanager
def within(seconds: float, what: str) -> Iterator[None]:
    """Raises TookTooLong in the block once `seconds` have passed, RunTookTooLong once those of the run have.

    Only the main thread of a process can be interrupted.
    """
    left = None if _RUN.ends is None else _RUN.ends - time.monotonic()
    if left is not None and left <= 0:
        raise _of_run(what)
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(_: int, __: FrameType | None) -> None:
        if left is not None and left <= seconds:
            raise _of_run(what)
        raise TookTooLong(
            f"{what} did not finish within {seconds:g} seconds and was stopped. What stood before stands. "
            "See in the log of the run where it hung; the next night tries again"
        )

    before = signal.signal(signal.SIGALRM, interrupt)
    around, _ = signal.setitimer(signal.ITIMER_REAL, seconds if left is None else min(seconds, left))
    begun = time.monotonic()
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        if around:
            # whoever waits for the one alarm of this process around the block has it again
            signal.setitimer(signal.ITIMER_REAL, max(around - (time.monotonic() - begun), 0.001))


def limited(body: Body, seconds: float) -> Body:
    """The body of an asset with a time limit; of a generator what lies between two events does not count."""
    if inspect.isgeneratorfunction(body):

        @functools.wraps(body)
        def generated(*positional: Any, **named: Any) -> Iterator[Any]:
            # what lies between two events is Dagster's own work: the limit rests then
            events, left = body(*positional, **named), seconds
            while True:
                begun = time.monotonic()
                with within(left, body.__name__):
                    event = next(events, None)
                left = max(left - (time.monotonic() - begun), 0.001)
                if event is None:
                    return
                yield event

        return generated  # type: ignore[return-value]

    @functools.wraps(body)
    def once(*positional: Any, **named: Any) -> Any:
        with within(seconds, body.__name__):
            return body(*positional, **named)

    return once  # type: ignore[return-value]

"""A time limit on the body of an asset: a step that hangs fails by itself, and what does not depend on it goes on.

Here: the limit. Not here: the limit of a whole run (`pipelines/`).
"""

import functools
import inspect
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, TypeVar

Body = TypeVar("Body", bound=Callable[..., Any])


class TookTooLong(RuntimeError):
    """A step did not finish within its time limit."""


@contextmanager
def within(seconds: float, what: str) -> Iterator[None]:
    """Raises TookTooLong in the block once `seconds` have passed. Only the main thread of a process can be interrupted:
    elsewhere the limit of the run holds alone."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(_: int, __: FrameType | None) -> None:
        raise TookTooLong(
            f"{what} did not finish within {seconds:g} seconds and was stopped. What stood before stands. "
            "See in the log of the run where it hung; the next night tries again"
        )

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


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

"""A run that hangs is ended: its steps are told how much time is left, and one that no longer listens is cut off.

A step that hangs in Python is interrupted, and those after it do not begin. Code of a library that never comes back
hears no interrupt: after a while more the run is called failed and its process ends. Dagster's own run monitoring does
neither for a run that has no worker, as one of the command line.
Here: the limit of a whole run. Not here: that of a step (`assets/time_limit.py`).
"""

import os
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from assets.time_limit import run_within
from pipelines.settings import SettingsError

#: A cold night of everything takes about a minute, the first copy of all detailed trade over a slow line some hours.
MOST_SECONDS = 4 * 3600.0
MOST = "KETENMONITOR_RUN_SECONDS"
LONGEST_SECONDS = 7 * 24 * 3600.0
#: So long a run that was told to end has for it.
GRACE_SECONDS = 120.0
#: Saying that the run failed may hang as well.
_SAYING_SECONDS = 30.0
#: Of sysexits.h: a failure that may pass.
EXIT_CODE = 75
ENDED = (
    "The run took longer than {seconds:g} seconds and no longer answered; its process was ended. What stood before "
    "stands; the next night goes on."
)


def most_seconds(environment: Mapping[str, str]) -> float:
    """How long a run may take. Raises SettingsError."""
    text = environment.get(MOST, "").strip()
    try:
        seconds = float(text or MOST_SECONDS)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= LONGEST_SECONDS:
        raise SettingsError(f"{MOST} is {text!r}; expected a number of seconds above 0, at most {LONGEST_SECONDS:g}")
    return seconds


@contextmanager
def run_ends_within(seconds: float, report: Callable[[str], object], grace: float = GRACE_SECONDS) -> Iterator[None]:
    """Limits the run in the block. `report` says to whoever keeps its history that it failed, and why."""
    watchdog = threading.Timer(seconds + grace, _end, (ENDED.format(seconds=seconds), report))
    watchdog.daemon = True
    watchdog.start()
    try:
        with run_within(seconds):
            yield
    finally:
        watchdog.cancel()


def _end(words: str, report: Callable[[str], object]) -> None:
    saying = threading.Thread(target=report, args=(words,), daemon=True)
    saying.start()
    saying.join(_SAYING_SECONDS)
    sys.stderr.write(f"ketenmonitor: {words}\n")
    sys.stderr.flush()
    # nothing else ends a process whose main thread is inside a library
    os._exit(EXIT_CODE)

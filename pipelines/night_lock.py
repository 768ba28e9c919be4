"""Two nights never run at once: a lock on the home, which the system lets go of when a process dies.

Here: the lock, and what is said of a night that died. Not here: which runs are nights (`jobs` carry the tag NIGHT).
"""

import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

#: The tag of the runs that write tables or releases.
NIGHT = "ketenmonitor/night"
#: So long one night waits for another; a cold one takes some minutes.
WAIT_SECONDS = 4 * 3600.0
_PAUSE = 0.5


class NightRuns(RuntimeError):
    """Another night runs on this home and did not end in time."""


_HELD: set[Path] = set()


@contextmanager
def one_night(home: Path, who: str, wait: float = WAIT_SECONDS, say: Callable[[str], None] = print) -> Iterator[None]:
    """Holds the lock of a home while the block runs; waits for the night that holds it. Raises NightRuns.

    `who` says which run this is, for the message that another one gives. A process that holds the lock holds it for all
    its runs: a night on the command line is several.
    """
    if home in _HELD:
        yield
        return
    home.mkdir(parents=True, exist_ok=True)
    with (home / ".night.lock").open("a+", encoding="utf-8") as handle:
        _take(handle.fileno(), lambda: _holder(home), wait, say)
        handle.seek(0)
        handle.truncate()
        handle.write(json.dumps({"run": who, "process": os.getpid()}))
        handle.flush()
        _HELD.add(home)
        try:
            yield
        finally:
            _HELD.discard(home)
            fcntl.flock(handle, fcntl.LOCK_UN)


@contextmanager
def said_alive(home: Path, run_id: str) -> Iterator[None]:
    """Lets other runs see that the process of this one lives, also while it waits for the lock.

    The system takes it back when the process dies; steps in processes of their own hold it together.
    """
    place = _of_run(home, run_id)
    place.parent.mkdir(parents=True, exist_ok=True)
    with place.open("a", encoding="utf-8") as handle:
        fcntl.flock(handle, fcntl.LOCK_SH)
        try:
            yield
        finally:
            if _is_free(handle.fileno()):
                place.unlink(missing_ok=True)


def is_alive(home: Path, run_id: str) -> bool:
    """Whether a process says that it is alive for a run."""
    try:
        with _of_run(home, run_id).open(encoding="utf-8") as handle:
            return not _is_free(handle.fileno())
    except FileNotFoundError:
        return False


def _of_run(home: Path, run_id: str) -> Path:
    return home / ".runs" / run_id


def _is_free(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _holder(home: Path) -> str:
    try:
        return str(json.loads((home / ".night.lock").read_text(encoding="utf-8"))["run"])
    except (OSError, ValueError, KeyError):
        return "an unknown run"


def _take(handle: int, holder: Callable[[], str], wait: float, say: Callable[[str], None]) -> None:
    deadline, said = time.monotonic() + wait, False
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise NightRuns(
                    f"another night runs on this home ({holder()}) and did not end within {wait:g} seconds; "
                    "see it in the steward's view, stop it there if it hangs, and start again"
                ) from None
            if not said:
                say(f"Waiting for the night that runs: {holder()}")
                said = True
            time.sleep(_PAUSE)

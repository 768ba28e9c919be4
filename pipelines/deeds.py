"""What a person can decide, carried out once for form and command line alike: accept, withdraw, rebuild, fetch again.

Each keeps who, when and why in the book of decisions before it does anything, and what came of it after.
Not here: the forms (`decisions.py`), the commands (`decision_commands.py`), refused rows (`assets/deliveries/book.py`).
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from assets.decisions_book import Deed
    from assets.night import Night
    from assets.sources.fetched import Fetched

#: A cold night of everything takes some minutes; a rebuild is one.
REBUILD_SECONDS = 3600.0
#: How much of what a rebuild complains of is kept.
KEPT_OF_ERRORS = 2000


@dataclass(frozen=True)
class Withdrawn:
    """A release that was withdrawn: its tombstone, and the headline releases that still repeat its figures."""

    tombstone: dict[str, Any]
    also_holding: tuple[str, ...]


def accept_revision(night: "Night", dataset: str, *, reason_nl: str, reason_en: str, by: str) -> "Deed":
    """Permits exactly the changes that are blocked now; they are published with the next build of the package.

    Raises DeedRefused where nothing of the dataset is blocked, these changes were accepted, or a reason is missing.
    """
    from assets.decisions_book import DeedRefused
    from publish.blocked_revision import read_blocked

    waits = read_blocked(night.staging, dataset)
    if waits is None:
        raise DeedRefused(f"{dataset}: er wacht geen herziening op een besluit")
    if not reason_nl.strip() or not reason_en.strip():
        raise DeedRefused("vul de reden in het Nederlands en in het Engels in: zij staat in de uitgave")
    if night.decisions.accepted(dataset, waits.version, waits.digest) is not None:
        raise DeedRefused(f"{dataset}: precies deze wijzigingen sinds {waits.version} zijn al geaccepteerd")
    deed = night.decisions.begin(
        "accept", dataset, reason_nl=reason_nl, reason_en=reason_en, by=by, moment=night.moment,
        detail={"from": waits.version, "digest": waits.digest},
    )  # fmt: skip
    return night.decisions.end(deed, f"wijzigingen sinds {waits.version} mogen worden uitgegeven")


def withdraw_release(
    night: "Night",
    dataset: str,
    version: str,
    *,
    reason_nl: str,
    reason_en: str,
    by: str,
    replaced_by: str | None = None,
) -> Withdrawn:
    """Puts a tombstone in the place of a release and renews pointers and site. Raises ReleaseError or DeedRefused."""
    from publish.catalogue import publish_catalogue
    from publish.lock import publishing
    from publish.pointers import repair_dataset
    from publish.published import ReleaseError
    from publish.release_facts import publisher
    from publish.withdrawal import also_holding, withdraw

    publishing_as = publisher(night.public_url)
    release = f"{dataset}@{version}"
    deed = night.decisions.begin(
        "withdraw", release, reason_nl=reason_nl, reason_en=reason_en, by=by, moment=night.moment
    )
    try:
        with publishing(night.published):
            folder = withdraw(
                night.published,
                dataset,
                version,
                reason_nl=reason_nl,
                reason_en=reason_en,
                withdrawn_at=night.started_at,
                contact=publishing_as.contact_email,
                replaced_by=replaced_by,
            )
            repair_dataset(night.published, dataset)
        publish_catalogue(night.published, publishing_as)
    except ReleaseError as error:
        night.decisions.end(deed, f"niet gedaan: {error}")
        raise
    tombstone: dict[str, Any] = json.loads((folder / "tombstone.json").read_bytes())
    night.decisions.end(deed, f"ingetrokken; in de plaats komt {tombstone['replaced_by'] or 'niets'}")
    return Withdrawn(tombstone, tuple(also_holding(night.published, dataset, version)))


def refetch_source(
    night: "Night", source: str, *, reason: str, by: str, say: Callable[[str], None]
) -> "tuple[Deed, Fetched]":
    """Fetches one source anew and pins what came for the next build. Raises DeedRefused for an unknown source."""
    from assets.decisions_book import DeedRefused
    from assets.sources.fetch_again import fetch_again
    from contracts.contract import source_names

    if source not in source_names():
        raise DeedRefused(f"{source!r} is geen bron die wordt opgehaald; wel: {', '.join(source_names())}")
    deed = night.decisions.begin("refetch", source, reason_nl=reason, by=by, moment=night.moment)
    fetched = fetch_again(night, [source], say)[0]
    return night.decisions.end(deed, fetched.sentence()), fetched


def rebuild_as_of(night: "Night", date: str, *, reason: str, by: str) -> dict[str, Any]:
    """Rebuilds an old night aside, in a process of its own, and returns what it says (see `build --as-of --json`).

    `refused` is there instead where there is no such night, or the rebuild did not finish. Raises DeedRefused.
    """
    deed = night.decisions.begin("rebuild", date.strip(), reason_nl=reason, by=by, moment=night.moment)
    # a job within a job would share the instance and the lock of this one
    environment = {name: value for name, value in os.environ.items() if name != "DAGSTER_HOME"}
    command = [sys.executable, "-m", "pipelines.cli", "build", "--as-of", date.strip(), "--json", "--offline"]
    done = subprocess.run(  # noqa: S603 - our own command; the date is one argument, and checked there
        [*command, "--home", str(night.home)],
        capture_output=True, text=True, check=False, timeout=REBUILD_SECONDS, env=environment,
    )  # fmt: skip
    try:
        said: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        said = {"datasets": [], "circumstances": []}
    if done.returncode not in (0, 1):
        said["refused"] = (done.stderr.strip() or done.stdout.strip())[-KEPT_OF_ERRORS:]
    same = sum(one["as_it_was"] for one in said["datasets"])
    told = said.get("refused") or f"{same} van {len(said['datasets'])} datasets als toen"
    night.decisions.end(deed, str(told))
    return said

"""What came out of rebuilding an old night, held against the releases of that time, in plain words.

Not here: the rebuild itself (`as_of.py`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from assets.as_of import OldNight, publishing_digest, releases_then
from assets.night import Night
from assets.table_store import code_digest
from publish.published import SUMS, TOMBSTONE, ReleaseRecord, newest_standing, read_record, read_sums, sha256_of

SHOWN = 5


@dataclass(frozen=True)
class Rebuilt:
    """What became of one dataset: `same` bytes, `nothing_new` or `stopped` as on that night, else it `differs`.

    `not_rebuilt` where the rebuild itself did not finish, so that nothing can be said of it.
    """

    dataset: str
    outcome: Literal["same", "nothing_new", "stopped", "differs", "not_rebuilt"]
    words: str

    @property
    def as_it_was(self) -> bool:
        """Whether the rebuild gave what that night gave."""
        return self.outcome in ("same", "nothing_new", "stopped")


def not_rebuilt(dataset: str, unfinished: Mapping[str, str]) -> Rebuilt:
    """A dataset of which some assets (-> why) were not made though nothing refused them."""
    (asset, why), more = next(iter(unfinished.items())), len(unfinished) - 1
    first = why.splitlines()[0]
    others = f", and {more} more" if more else ""
    return Rebuilt(dataset, "not_rebuilt", f"{dataset}: not rebuilt, nothing is known of it ({asset} {first}{others})")


def outcome_of(night: Night, rebuilt: Night, old: OldNight, dataset: str, refusal: str | None) -> Rebuilt | None:
    """What became of a dataset; None where there was nothing of it then and there is nothing now.

    `night` has what is published, `rebuilt` what was built; `refusal` says why the package was refused.
    """
    made, earlier = releases_then(night.published, dataset, old.moment)
    stood = newest_standing(earlier)
    if refusal is not None:
        reason = refusal.splitlines()[0].removeprefix(f"{dataset}: ")
        if made is None:
            words = f"{dataset}: stopped, and that night released nothing of it either ({reason})"
            return Rebuilt(dataset, "stopped", words)
        words = f"{dataset}: could not be rebuilt, but that night released {made.version} ({reason})"
        return Rebuilt(dataset, "differs", words + _withdrawn_since(earlier))
    folder = rebuilt.staging / dataset
    if (folder / SUMS).is_file():
        version = read_record(folder).version
        if made is None:
            words = f"{dataset}: would be released as {version}, but that night released nothing"
            return Rebuilt(dataset, "differs", words + _withdrawn_since(earlier))
        return _compared(dataset, folder, night.published / "releases" / dataset / made.version, made, earlier)
    if made is not None:
        words = f"{dataset}: nothing new came out, but that night released {made.version}"
        return Rebuilt(dataset, "differs", words + _withdrawn_since(earlier))
    if stood is None:
        return None
    words = f"{dataset}: nothing new since release {dataset} {stood.version} of {stood.released_at}, as on that night"
    return Rebuilt(dataset, "nothing_new", words)


def _compared(dataset: str, folder: Path, release: Path, made: ReleaseRecord, earlier: list[ReleaseRecord]) -> Rebuilt:
    """A candidate that was rebuilt, against the release that was made of it."""
    name = f"release {dataset} {made.version}"
    if made.withdrawn:
        before = json.loads((release / TOMBSTONE).read_text(encoding="utf-8")).get("sha256_before")
        if sha256_of(folder / SUMS) == before:
            return Rebuilt(dataset, "same", f"{dataset}: the same bytes as {name} had before it was withdrawn")
        words = f"{dataset}: differs from {name}, of which only the checksum is left because it was withdrawn"
        return Rebuilt(dataset, "differs", words)
    mine, theirs = read_sums(folder), read_sums(release)
    found = sorted(name for name in {*mine, *theirs} if mine.get(name) != theirs.get(name))
    if not found:
        return Rebuilt(dataset, "same", f"{dataset}: the same bytes as {name}")
    shown = ", ".join(found[:SHOWN]) + (f" and {len(found) - SHOWN} more" if len(found) > SHOWN else "")
    words = f"{dataset}: differs from {name} in {len(found)} of {len(theirs)} files: {shown}"
    return Rebuilt(dataset, "differs", words + _withdrawn_since(earlier))


def _withdrawn_since(earlier: list[ReleaseRecord]) -> str:
    gone = [record.version for record in earlier if record.withdrawn]
    return f"; {', '.join(gone)}, which stood before it, was withdrawn, so that it cannot build on it" if gone else ""


def circumstances(old: OldNight) -> list[str]:
    """What to know beforehand: which night this is, from which copies, and whether the code is the same."""
    said = [f"Rebuilt from the copies that the night of {old.recorded.moment} read, as released {old.moment}."]
    changed = {
        "code and contracts of the tables": (old.recorded.code, code_digest()),
        "code that writes releases": (old.recorded.publishing, publishing_digest()),
    }
    other = [f"{what} ({then[:12]} then, {now[:12]} now)" for what, (then, now) in changed.items() if then != now]
    if other:
        said.append(f"Other {' and other '.join(other)}: what differs below may come from that.")
    else:
        said.append("Code, contracts and libraries are those of that night.")
    if old.without:
        said.append(f"No copy of that time: {', '.join(old.without)}.")
    return said


def as_json(old: OldNight, found: list[Rebuilt]) -> Mapping[str, object]:
    """The outcome for a program."""
    return {
        "moment": old.moment,
        "recorded": old.recorded.moment,
        "circumstances": circumstances(old),
        "datasets": [
            {"dataset": one.dataset, "outcome": one.outcome, "as_it_was": one.as_it_was, "words": one.words}
            for one in found
        ],
    }

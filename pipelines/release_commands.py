"""Commands about releases that stand: `diff` and `withdraw`.

Here: words and exit codes. Not here: what a difference is (`publish/`), carrying a withdrawal out (`deeds.py`).
"""

import argparse
import json
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipelines.settings import Settings

SAME, DIFFERENT, WRONG_USE = 0, 1, 2


def diff(arguments: argparse.Namespace, settings: "Settings") -> int:
    """Prints what changed between two releases; 0 nothing, 1 something, 2 they cannot be compared."""
    from publish.published import ReleaseError
    from publish.two_releases import UNCOUNTED, compare, lines, release_folder, source_lines

    published = settings.night().published
    try:
        found = compare(release_folder(published, arguments.old), release_folder(published, arguments.new))
    except ReleaseError as error:
        print(f"ketenmonitor diff: {error}", file=sys.stderr)
        return WRONG_USE
    said = list(lines(found))
    if arguments.json:
        print(json.dumps(found.summary(), ensure_ascii=False, indent=2))
    else:
        print("\n".join([*(said or ["Nothing differs."]), *source_lines(found), UNCOUNTED]))
    return DIFFERENT if said else SAME


def withdraw(arguments: argparse.Namespace, settings: "Settings") -> int:
    """Puts a tombstone in the place of a release and renews pointers and site."""
    from assets.decisions_book import DeedRefused
    from pipelines.deeds import withdraw_release
    from pipelines.settings import steward
    from publish.published import ReleaseError

    dataset, _, version = arguments.release.partition("@")
    try:
        done = withdraw_release(
            settings.night(),
            dataset,
            version,
            reason_nl=arguments.reason_nl,
            reason_en=arguments.reason_en,
            by=steward(arguments.by),
            replaced_by=arguments.replaced_by,
        )
    except (DeedRefused, ReleaseError) as error:
        print(f"ketenmonitor withdraw: {error}", file=sys.stderr)
        return WRONG_USE
    if arguments.json:
        print(json.dumps(done.tombstone | {"also_holding": list(done.also_holding)}, ensure_ascii=False, indent=2))
        return SAME
    instead = done.tombstone["replaced_by"]
    print(
        f"{dataset} {version} is withdrawn; " + (f"{instead} takes its place" if instead else "nothing stands instead")
    )
    for other in done.also_holding:
        print(
            f"{other} repeats figures of {dataset} {version} and still stands; withdraw it too with: "
            f"ketenmonitor withdraw {other} --reason-nl ... --reason-en ..."
        )
    return SAME

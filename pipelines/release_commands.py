"""Commands about releases that stand: `diff` and `withdraw`.

Here: words and exit codes. Not here: what a difference or a withdrawal is (`publish/`).
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
    from publish.catalogue import publish_catalogue
    from publish.lock import publishing
    from publish.pointers import repair_dataset
    from publish.published import ReleaseError
    from publish.release_facts import publisher
    from publish.withdrawal import also_holding
    from publish.withdrawal import withdraw as withdraw_release

    night = settings.night()
    by = publisher(night.public_url)
    dataset, _, version = arguments.release.partition("@")
    try:
        with publishing(night.published):
            folder = withdraw_release(
                night.published,
                dataset,
                version,
                reason_nl=arguments.reason_nl,
                reason_en=arguments.reason_en,
                withdrawn_at=night.started_at,
                contact=by.contact_email,
                replaced_by=arguments.replaced_by,
            )
            repair_dataset(night.published, dataset)
        publish_catalogue(night.published, by)
    except ReleaseError as error:
        print(f"ketenmonitor withdraw: {error}", file=sys.stderr)
        return WRONG_USE
    tombstone = json.loads((folder / "tombstone.json").read_bytes())
    instead = tombstone["replaced_by"]
    words = f"{dataset} {version} is withdrawn; " + (
        f"{instead} takes its place" if instead else "nothing stands instead"
    )
    others = also_holding(night.published, dataset, version)
    if arguments.json:
        print(json.dumps(tombstone | {"also_holding": others}, ensure_ascii=False, indent=2))
        return SAME
    print(words)
    for other in others:
        print(
            f"{other} repeats figures of {dataset} {version} and still stands; withdraw it too with: "
            f"ketenmonitor withdraw {other} --reason-nl ... --reason-en ..."
        )
    return SAME

"""Commands about what was kept: `verify archive` and `build --as-of`.

Here: words and exit codes. Not here: what the archive must hold (`assets/sources/archive_check.py`), and how an old
night is rebuilt (`assets/as_of.py`).
"""

import argparse
import json
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assets.night import Night
    from assets.sources.archive_check import ArchiveCheck
    from pipelines.nightly import Summary
    from pipelines.settings import Settings

DONE, DIFFERENT, WRONG_USE = 0, 1, 2
RELEASES, ARCHIVE = "releases", "archive"


def add_verify_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds to `verify` what is to be verified: everything, or one of both."""
    parser.add_argument(
        "what",
        nargs="?",
        choices=(RELEASES, ARCHIVE),
        help="only the published files, or only the archived bytes (default: both)",
    )


def add_as_of_argument(parser: argparse.ArgumentParser) -> None:
    """Adds to `build` the date of an old night."""
    parser.add_argument(
        "--as-of",
        metavar="DATE",
        help="rebuild the newest night on or before this date (2026-11-21) from the archive, aside, and say whether "
        "the bytes are those of its releases",
    )


def verify(arguments: argparse.Namespace, settings: "Settings") -> int:
    """Holds published files and archived bytes against their checksums.

    0 all is well, 1 something is not, 2 there is nothing to hold against anything.
    """
    from publish.published import datasets

    night = settings.night()
    problems: list[str] = []
    said: list[str] = []
    published, archived = bool(datasets(night.published)), night.archive.root.is_dir()
    asked = {RELEASES: published, ARCHIVE: archived, None: published or archived}
    if not asked[arguments.what]:
        words = "archived" if arguments.what == ARCHIVE else "published"
        print(f"ketenmonitor verify: nothing is {words} here: {night.home}; see --home", file=sys.stderr)
        return WRONG_USE
    if arguments.what != ARCHIVE:
        of_releases = _published_problems(night) if published else []
        problems += of_releases
        well = "Every published file is what its release says. The site and the database are what was written."
        said += of_releases or [well if published else "Nothing is published here yet."]
    if arguments.what != RELEASES:
        checked = _checked(night)
        of_archive = [problem.message for problem in checked.problems]
        problems += of_archive
        said += [*of_archive, *checked.remarks]
        if not of_archive:
            said.append(
                f"All {checked.copies} archived copies ({checked.bytes} bytes) are what their records say, and every "
                "copy that a release cites is there."
            )
    if arguments.json:
        print(json.dumps({"problems": problems}, ensure_ascii=False, indent=2))
    else:
        print("\n".join(said))
    return DIFFERENT if problems else DONE


def _published_problems(night: "Night") -> list[str]:
    from publish.beside_releases import verify_beside
    from publish.published import verify as verify_releases

    return [problem.message for problem in (*verify_releases(night.published), *verify_beside(night.published))]


def _checked(night: "Night") -> "ArchiveCheck":
    from assets.sources.archive_check import check_archive

    return check_archive(night.archive, night.published)


def build_as_of(arguments: argparse.Namespace, settings: "Settings") -> int:
    """Rebuilds an old night aside.

    0 it gave what it gave then, 1 something differs, 2 there is no such night or the rebuild did not finish.
    """
    from assets.as_of import AsOfError, lay_out, old_night, seed_previous_tables
    from assets.as_of_outcome import as_json, circumstances, not_rebuilt, outcome_of
    from contracts.contract import product_names
    from pipelines.nightly import assets_of_part, causes, executed, summarise, unfinished
    from publish.published import ReleaseError

    night = settings.night()
    try:
        old = old_night(night, arguments.as_of)
    except (AsOfError, ReleaseError) as error:
        print(f"ketenmonitor build --as-of: {error}", file=sys.stderr)
        return WRONG_USE
    rebuilt = lay_out(night, old)
    seed_previous_tables(rebuilt, old)
    selection = assets_of_part("build")
    results = executed(rebuilt, selection, arguments.verbose)
    left = unfinished(results, selection)
    blocked = _blocked(summarise(rebuilt, results))
    found = []
    for name in product_names():
        behind = causes(name, set(left))
        if behind:
            found.append(not_rebuilt(name, {asset: why for asset, why in left.items() if asset in behind}))
        elif (one := outcome_of(night, rebuilt, old, name, blocked.get(name))) is not None:
            found.append(one)
    if arguments.json:
        print(json.dumps(as_json(old, found), ensure_ascii=False, indent=2))
    else:
        print("\n".join([*circumstances(old), "", *(f"  {one.words}" for one in found)]))
        print(f"\nWhat was rebuilt is in as_of/{old.label}/staging; nothing that is published has changed.")
    if left:
        print(
            f"ketenmonitor build --as-of: the rebuild did not finish, {len(left)} of {len(selection)} assets were not "
            "made; run it again",
            file=sys.stderr,
        )
        return WRONG_USE
    return DONE if all(one.as_it_was for one in found) else DIFFERENT


def _blocked(summary: "Summary") -> dict[str, str]:
    """dataset -> why an audit or the policy refused it."""
    reasons = {refusal.asset: refusal.reason for refusal in summary.refusals}
    return {
        dataset.dataset: "; ".join(reasons[asset] for asset in dataset.because)
        for dataset in summary.datasets
        if dataset.outcome == "blocked"
    }

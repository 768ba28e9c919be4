"""The words of `ketenmonitor portal folder | s3 | ckan | zenodo`, and what each says afterwards.

Without `--yes` a portal only says what it would do. Credentials come from the environment only.
Here: words and exit codes. Not here: which releases are meant (`portals.py`), what a portal does (`publish/portals/`).
Imports are inside, so that `--help` answers at once.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipelines.settings import Settings
    from publish.portals.plan import Outcome, Plan

DONE, REFUSED, WRONG_USE = 0, 1, 2
ReadSettings = Callable[[argparse.Namespace], "Settings"]


def add_portal_commands(commands: Any, settings: ReadSettings) -> None:
    """Adds `portal` to the commands that `ArgumentParser.add_subparsers` gave."""
    words = "show the releases elsewhere too; says what it would do, and does it with --yes"
    portals = commands.add_parser("portal", help=words, description=words).add_subparsers(
        dest="portal", required=True, metavar="PORTAL"
    )

    def portal(name: str, run: Callable[[argparse.Namespace, Settings], int], words: str) -> argparse.ArgumentParser:
        made: argparse.ArgumentParser = portals.add_parser(name, help=words, description=words)
        made.add_argument("--home", type=Path, help="where state lives (default: KETENMONITOR_HOME, else var/)")
        made.add_argument("--json", action="store_true", help="say the outcome as JSON")
        made.add_argument("--yes", action="store_true", help="do it; without this it only says what it would do")
        made.set_defaults(run=lambda arguments: _run(name, run, arguments, settings))
        return made

    folder = portal("folder", _folder, "copy the published folder to another folder")
    folder.add_argument("target", type=Path, help="an existing folder")
    folder.add_argument("--copies", action="store_true", help="write `latest` as files, for a place without links")
    portal("s3", _s3, "copy the published folder to a bucket (KETENMONITOR_S3_*, AWS_*)")
    ckan = portal("ckan", _ckan, "create or update the datasets in a CKAN catalogue (KETENMONITOR_CKAN_*)")
    ckan.add_argument("datasets", nargs="*", help="which datasets (default: all)")
    reserve = portal("zenodo-reserve", _zenodo_reserve, "reserve a DOI for a release to come (KETENMONITOR_ZENODO_*)")
    upload = portal("zenodo", _zenodo, "upload a release to its draft at Zenodo (KETENMONITOR_ZENODO_*)")
    for made in (reserve, upload):
        made.add_argument("release", help="dataset and version: packaging@1.1.0")
    upload.add_argument("--publish", action="store_true", help="make the draft public, for good")


def _run(
    name: str,
    run: Callable[[argparse.Namespace, Settings], int],
    arguments: argparse.Namespace,
    settings: ReadSettings,
) -> int:
    from publish.portals.plan import PortalError, PortalNotSetUp
    from publish.published import ReleaseError

    try:
        return run(arguments, settings(arguments))
    except (PortalError, ReleaseError) as error:
        sys.stderr.write(f"ketenmonitor portal {name}: {error}\n")
        return WRONG_USE if isinstance(error, PortalNotSetUp) else REFUSED


def _finish(arguments: argparse.Namespace, plan: Plan, carry_out: Callable[[Plan], Outcome]) -> int:
    """Says the plan, or carries it out and says the outcome."""
    said: Plan | Outcome = carry_out(plan) if arguments.yes else plan
    if arguments.json:
        sys.stdout.write(json.dumps(said.as_json(), ensure_ascii=False, indent=2) + "\n")
    else:
        dry = () if arguments.yes or not plan.to_do else ("Nothing was done; run again with --yes to do it.",)
        sys.stdout.write("\n".join((*said.lines(), *dry)) + "\n")
    return REFUSED if plan.refused else DONE


def _folder(arguments: argparse.Namespace, settings: Settings) -> int:
    from pipelines.portals import folder_portal

    portal = folder_portal(settings.night(), arguments.target, copies=arguments.copies)
    return _finish(arguments, portal.plan(), portal.carry_out)


def _s3(arguments: argparse.Namespace, settings: Settings) -> int:
    from pipelines.portals import s3_portal

    portal = s3_portal(settings.night(), os.environ)
    return _finish(arguments, portal.plan(), portal.carry_out)


def _ckan(arguments: argparse.Namespace, settings: Settings) -> int:
    from pipelines.portals import ckan_portal

    portal = ckan_portal(settings.night(), os.environ, arguments.datasets)
    return _finish(arguments, portal.plan(), portal.carry_out)


def _zenodo(arguments: argparse.Namespace, settings: Settings) -> int:
    from pipelines.portals import facts_of, zenodo_portal

    night = settings.night()
    portal = zenodo_portal(night, os.environ)
    facts = facts_of(night, *_release(arguments.release))
    plan = portal.plan_upload(night.published, facts, publish=arguments.publish)
    return _finish(arguments, plan, portal.carry_out)


def _zenodo_reserve(arguments: argparse.Namespace, settings: Settings) -> int:
    from contracts.contract import product
    from pipelines.portals import zenodo_portal
    from publish.release_facts import publisher

    night = settings.night()
    portal = zenodo_portal(night, os.environ)
    dataset, version = _release(arguments.release)
    creator = publisher(night.public_url).name
    plan = portal.plan_reservation(dataset, version, title=product(dataset).title_nl, creator=creator)
    return _finish(arguments, plan, portal.carry_out)


def _release(text: str) -> tuple[str, str]:
    from publish.portals.plan import PortalNotSetUp
    from publish.published import version_key

    dataset, _, version = text.partition("@")
    wrong = f"{text!r} names no release; expected a dataset and a version, as packaging@1.1.0"
    try:
        version_key(version)
    except ValueError as error:
        raise PortalNotSetUp(wrong) from error
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", dataset):
        raise PortalNotSetUp(wrong)
    return dataset, version

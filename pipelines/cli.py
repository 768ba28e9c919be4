"""The command line: `ketenmonitor nightly | fetch | build | publish | check | verify | diff | withdraw | ...`.

Exit codes: 0 done (also: nothing changed), 1 something was refused and the rest was published, 2 wrong use or set-up.
Here: words and exit codes. Not here: what a command does. Imports are inside, so that `--help` answers at once.
"""

import argparse
import errno
import json
import logging
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.archive_commands import add_as_of_argument, add_verify_arguments
from pipelines.decision_commands import add_by_argument, add_decision_commands, add_source_argument
from pipelines.delivery_commands import add_delivery_commands
from pipelines.portal_commands import add_portal_commands
from pipelines.report_commands import add_report_commands
from pipelines.service_commands import add_service_commands
from pipelines.upkeep_commands import add_upkeep_commands
from pipelines.view_command import add_view_command, port_taken

if TYPE_CHECKING:
    from pipelines.nightly import Summary
    from pipelines.settings import Settings

DONE, REFUSED, WRONG_USE = 0, 1, 2


def _settings(arguments: argparse.Namespace) -> "Settings":
    from pipelines.settings import read_settings

    environment = dict(os.environ)
    if arguments.home:
        environment["KETENMONITOR_HOME"] = str(arguments.home)
    if getattr(arguments, "offline", False):
        environment["KETENMONITOR_OFFLINE"] = "1"
    return read_settings(environment)


def _say(summary: "Summary", as_json: bool) -> int:
    print(json.dumps(summary.as_json(), ensure_ascii=False, indent=2) if as_json else "\n".join(summary.lines()))
    return summary.exit_code


def _quiet_unless(verbose: bool) -> None:
    # the run is in the steward's view; on the terminal only what somebody must read
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    for name in ("dagster", "great_expectations"):
        logging.getLogger(name).setLevel(logging.INFO if verbose else logging.CRITICAL)


def _nightly(arguments: argparse.Namespace) -> int:
    _quiet_unless(arguments.verbose)
    from pipelines.report_commands import nightly

    return nightly(arguments, _settings(arguments))


def _part(which: str) -> Callable[[argparse.Namespace], int]:
    def run(arguments: argparse.Namespace) -> int:
        _quiet_unless(arguments.verbose)
        from pipelines.nightly import assets_of_part, run_assets

        return _say(run_assets(_settings(arguments).night(), assets_of_part(which), arguments.verbose), arguments.json)

    return run


def _fetch(arguments: argparse.Namespace) -> int:
    if arguments.source is None:
        return _part("fetch")(arguments)
    _quiet_unless(arguments.verbose)
    from pipelines.decision_commands import fetch_one_source

    return fetch_one_source(arguments, _settings(arguments).night())


def _build(arguments: argparse.Namespace) -> int:
    if arguments.as_of is None:
        return _part("build")(arguments)
    _quiet_unless(arguments.verbose)
    from pipelines.archive_commands import build_as_of

    return build_as_of(arguments, _settings(arguments))


def _verify(arguments: argparse.Namespace) -> int:
    from pipelines.archive_commands import verify

    return verify(arguments, _settings(arguments))


def _check(arguments: argparse.Namespace) -> int:
    from pipelines.check import contract_problems

    problems = contract_problems()
    if arguments.json:
        print(json.dumps({"problems": problems}, ensure_ascii=False, indent=2))
    else:
        print("\n".join(problems) or "All contracts, code lists and reference tables hold together.")
    return WRONG_USE if problems else DONE


def _of_releases(which: str) -> Callable[[argparse.Namespace], int]:
    def run(arguments: argparse.Namespace) -> int:
        from pipelines import release_commands

        code: int = getattr(release_commands, which)(arguments, _settings(arguments))
        return code

    return run


def _embed(arguments: argparse.Namespace) -> int:
    from assets.sources.embed import write_embedded_edition
    from assets.sources.embedded_edition import EMBEDDED

    night = _settings(arguments).night()
    try:
        written = write_embedded_edition(arguments.copies, EMBEDDED, night.moment)
    except FileNotFoundError as error:
        print(f"ketenmonitor embed: {error}", file=sys.stderr)
        return WRONG_USE
    for table in written:
        print(f"{table.source:<12} {table.rows:>6} rows  {table.sha256[:12]}")
    return DONE


def _serve(arguments: argparse.Namespace) -> int:
    from publish.web_server import serve

    published = _settings(arguments).night().published
    if not published.is_dir():
        print(
            f"ketenmonitor serve: nothing is published under {published.parent.name}/ yet; "
            "run `ketenmonitor nightly` first",
            file=sys.stderr,
        )
        return WRONG_USE

    def ready(port: int) -> None:
        print(f"The published site is at http://{arguments.host}:{port}/ (stop with Ctrl-C)", flush=True)

    try:
        serve(published, arguments.host, arguments.port, ready)
    except KeyboardInterrupt:
        print()
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        return port_taken(arguments)
    return DONE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ketenmonitor",
        description="Open data on the Dutch chain tables: fetched, archived, audited, computed and published.",
        epilog=(
            "Exit codes: 0 done (also: nothing changed), 1 something was refused and the rest was published, "
            "2 wrong use or set-up."
        ),
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(
        name: str, run: Callable[[argparse.Namespace], int], words: str, *, night: bool = False
    ) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=words, description=words)
        made.add_argument("--home", type=Path, help="where state lives (default: KETENMONITOR_HOME, else var/)")
        made.add_argument("--json", action="store_true", help="say the outcome as JSON")
        if night:
            made.add_argument(
                "--offline", action="store_true", help="ask no live service; build from what is archived or embedded"
            )
            made.add_argument("--verbose", action="store_true", help="show the log of the run")
        made.set_defaults(run=run)
        return made

    nightly = command("nightly", _nightly, "fetch, build, audit and publish: what runs every night", night=True)
    nightly.add_argument("--again", action="store_true", help="only what failed or did not run in the last night")
    fetch = command(
        "fetch", _fetch, "bring what the services publish today into the archive, and nothing else", night=True
    )
    fetch.epilog = (
        "Exit codes: 0 done, also where a service is not there or fails and a copy stands in (its line says so); 1 a "
        "service sent what is no table, or a table in another unit: it is refused and kept aside, and a copy stands in;"
        " 2 wrong use or set-up."
    )
    add_source_argument(fetch)
    build = command(
        "build", _build, "make all tables and release candidates from the archive, and publish nothing", night=True
    )
    add_as_of_argument(build)
    command("publish", _part("publish"), "release the candidates that wait", night=True)
    command("check", _check, "check the contracts, code lists and reference tables")
    verify = command("verify", _verify, "hold every published file and every archived copy against its checksum")
    add_verify_arguments(verify)
    diff = command("diff", _of_releases("diff"), "say what changed between two releases (exit code 1 if anything did)")
    diff.add_argument("old", help="a release: packaging@1.0.0, packaging for the newest, or its folder")
    diff.add_argument("new", help="the release to hold it against")
    withdrawal = command("withdraw", _of_releases("withdraw"), "withdraw a release; a tombstone stays in its place")
    withdrawal.add_argument("release", help="dataset and version: packaging@1.0.0")
    withdrawal.add_argument("--reason-nl", required=True, help="why, in Dutch")
    withdrawal.add_argument("--reason-en", required=True, help="why, in English")
    withdrawal.add_argument("--replaced-by", help="the version to use instead (default: the newest that stands)")
    add_by_argument(withdrawal)
    embed = command("embed", _embed, "write the embedded edition from a folder with copies of the source tables")
    embed.add_argument("copies", type=Path, help="folder with the copies, laid out as eurostat/<table>/ and nl/")
    add_delivery_commands(commands, _settings)
    add_decision_commands(commands, _settings)
    add_portal_commands(commands, _settings)
    add_upkeep_commands(commands, _settings)
    add_service_commands(commands, _settings)
    add_report_commands(commands, _settings)
    add_view_command(commands, _settings)
    made = command("serve", _serve, "show the published site in a browser")
    made.add_argument("--host", default="127.0.0.1")
    made.add_argument("--port", type=int, default=8080)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit code."""
    from contracts.contract import ContractError
    from contracts.vocabulary import VocabularyError
    from pipelines.secret_files import take_secrets
    from pipelines.settings import SettingsError

    parsed = _parser().parse_args(arguments)
    try:
        take_secrets(os.environ)
        code: int = parsed.run(parsed)
    except (SettingsError, ContractError, VocabularyError, OSError) as error:
        # OSError: a home that is no folder or is not ours to write in, a port that is taken
        print(f"ketenmonitor {parsed.command}: {error}", file=sys.stderr)
        return WRONG_USE
    return code


if __name__ == "__main__":
    sys.exit(main())

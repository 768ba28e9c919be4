"""Commands about decisions: `accept`, `decisions`, and `fetch --source`.

Here: words and exit codes. Not here: what a decision does (`deeds.py`), refused rows (`delivery_commands.py`).
"""

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assets.night import Night
    from pipelines.settings import Settings

DONE, REFUSED, WRONG_USE = 0, 1, 2


def add_decision_commands(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    settings: "Callable[[argparse.Namespace], Settings]",
) -> None:
    """Adds the commands about decisions to the command line."""

    def command(name: str, run: "Callable[[argparse.Namespace, Night], int]", words: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=words, description=words)
        made.add_argument("--home", type=Path, help="where state lives (default: KETENMONITOR_HOME, else var/)")
        made.add_argument("--json", action="store_true", help="say the outcome as JSON")
        made.set_defaults(run=lambda arguments: run(arguments, settings(arguments).night()))
        return made

    accept = command("accept", _accept, "accept exactly the changes of a dataset that are blocked; say why")
    accept.add_argument("dataset", help="such as packaging")
    accept.add_argument("--reason-nl", required=True, help="why, in Dutch; it stands in the release")
    accept.add_argument("--reason-en", required=True, help="why, in English; it stands in the release")
    add_by_argument(accept)
    command("decisions", _decisions, "say what was decided here: who, when, why, and what came of it")


def add_by_argument(parser: argparse.ArgumentParser) -> None:
    """Adds who decides."""
    parser.add_argument("--by", default="", help="who decides (default: KETENMONITOR_STEWARD, else the user)")


def add_source_argument(parser: argparse.ArgumentParser) -> None:
    """Adds to `fetch` one source that is fetched anew, with who asks for it and why."""
    parser.add_argument(
        "--source",
        metavar="NAME",
        help="fetch only this source, the whole of it, whatever the service says of our copy",
    )
    parser.add_argument("--reason", default="", help="with --source: why; it is kept with the decision")
    add_by_argument(parser)


def _accept(arguments: argparse.Namespace, night: "Night") -> int:
    from assets.decisions_book import DeedRefused
    from pipelines.deeds import accept_revision
    from pipelines.settings import steward

    try:
        deed = accept_revision(
            night,
            arguments.dataset,
            reason_nl=arguments.reason_nl,
            reason_en=arguments.reason_en,
            by=steward(arguments.by),
        )
    except DeedRefused as error:
        print(f"ketenmonitor accept: {error}", file=sys.stderr)
        return WRONG_USE
    if arguments.json:
        print(json.dumps(asdict(deed), ensure_ascii=False, indent=2))
    else:
        print(f"{deed.subject}: {deed.outcome}. Uitgeven: `ketenmonitor nightly`, of wacht op de nacht.")
    return DONE


def _decisions(arguments: argparse.Namespace, night: "Night") -> int:
    from assets.decisions_book import KIND_WORDS, all_deeds

    deeds = all_deeds(night)
    if arguments.json:
        print(json.dumps({"decisions": [asdict(deed) for deed in deeds]}, ensure_ascii=False, indent=2))
        return DONE
    for deed in deeds:
        print(f"{deed.moment}  {KIND_WORDS[deed.kind]}: {deed.subject}, door {deed.by}")
        print(f"  waarom: {deed.reason_nl}")
        print(f"  {deed.outcome}")
    if not deeds:
        print("Er is nog niets besloten.")
    return DONE


def fetch_one_source(arguments: argparse.Namespace, night: "Night") -> int:
    """Fetches one source anew: 0 done, 1 the service sent what was refused, 2 there is no such source."""
    from assets.decisions_book import DeedRefused
    from pipelines.deeds import refetch_source
    from pipelines.night_lock import one_night
    from pipelines.settings import steward

    def say(sentence: str) -> None:
        print(sentence, file=sys.stderr)

    try:
        with one_night(night.home, "ketenmonitor fetch", say=say):
            deed, fetched = refetch_source(
                night, arguments.source, reason=arguments.reason, by=steward(arguments.by), say=lambda _: None
            )
    except DeedRefused as error:
        print(f"ketenmonitor fetch: {error}", file=sys.stderr)
        return WRONG_USE
    said = {
        "source": fetched.source,
        "outcome": fetched.outcome,
        "words": deed.outcome,
        "refused": bool(fetched.refused),
    }
    print(json.dumps(said, ensure_ascii=False, indent=2) if arguments.json else deed.outcome)
    return REFUSED if fetched.refused else DONE

"""Commands about nights: `nightly` with its report and messages, `report` and `messages`.

Here: words and exit codes. Not here: what is made of a night (`morning.py`), or how one runs (`nightly.py`).
"""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assets.night import Night
    from pipelines.messages.outbox import Entry
    from pipelines.messages.settings import MessageSettings
    from pipelines.morning import Morning
    from pipelines.nightly import Summary
    from pipelines.settings import Settings

DONE, FAILED, WRONG_USE = 0, 1, 2
SettingsOf = Callable[[argparse.Namespace], "Settings"]


def nightly(arguments: argparse.Namespace, settings: "Settings") -> int:
    """Runs a whole night and makes its report; 0 done, 1 something was refused or the report could not be made.

    Waits for a night that runs already.
    """
    from pipelines.night_lock import NightRuns, one_night
    from pipelines.settings import message_settings

    channels = message_settings()  # a wrong one is said before anything is touched

    def say(sentence: str) -> None:
        print(f"ketenmonitor nightly: {sentence}", file=sys.stderr)

    try:
        with one_night(settings.home, "a night on the command line", say=say):
            return _night(arguments, settings, channels)
    except NightRuns as error:
        say(str(error))
        return FAILED


def _night(arguments: argparse.Namespace, settings: "Settings", channels: "MessageSettings") -> int:
    import pipelines.nightly
    from pipelines.morning import begin_night, fail_night

    night = settings.night()
    left = pipelines.nightly.left_of_last_night(night) if arguments.again else None
    if left == []:
        print("Nothing of the last night is left to be made.", file=sys.stderr)
        return DONE
    begin_night(night, channels, user_agent=settings.user_agent)
    try:
        if left is None:
            summary = pipelines.nightly.run_night(night, arguments.verbose)
        else:
            summary = pipelines.nightly.run_assets(night, left, arguments.verbose)
    except Exception as error:
        _told(fail_night(night, error, channels, user_agent=settings.user_agent), sys.stderr.write)
        raise
    morning, problem = _morning_of(night, summary, channels, settings)
    if arguments.json:
        report = None if morning is None else {"first_line": morning.first_line, "page": str(morning.report)}
        print(json.dumps({**summary.as_json(), "report": report}, ensure_ascii=False, indent=2))
    else:
        print("\n".join(summary.lines()))
        if morning is not None:
            print()
            _told(morning, sys.stdout.write)
    if problem:
        print(f"ketenmonitor nightly: {problem}", file=sys.stderr)
    return max(summary.exit_code, FAILED if problem else DONE)


def _morning_of(
    night: "Night", summary: "Summary", channels: "MessageSettings", settings: "Settings"
) -> "tuple[Morning | None, str]":
    """The report of a night, or why there is none: the night itself counts either way."""
    from pipelines.morning import end_night

    if not summary.runs:
        return None, ""
    try:
        cost, agent = summary.cpu_seconds, settings.user_agent
        return end_night(night, summary.runs, channels, cpu_seconds=cost, user_agent=agent), ""
    except Exception as error:  # what went wrong with the report must not hide what the night did
        return None, f"the report of this night could not be made: {type(error).__name__}: {error}"


def _told(morning: "Morning", write: Callable[[str], object]) -> None:
    write("".join(f"{line}\n" for line in morning.lines()))


def report(arguments: argparse.Namespace, settings: "Settings") -> int:
    """Says where the report of a night is, or prints it; 2 where there is no such night."""
    from pipelines.kept_nights import kept_files, read_kept, week_before
    from publish.night_facts import facts_json
    from publish.night_report import report_text

    of = arguments.moment.replace(":", "") if arguments.moment else ""
    files = [path for path in kept_files(settings.home) if path.name.startswith(of)]
    facts = read_kept(files[-1]) if files else None
    if facts is None:
        which = f"of {arguments.moment} " if arguments.moment else ""
        words = (
            "its facts cannot be read" if files else "run `ketenmonitor nightly` first, or name another with --moment"
        )
        print(f"ketenmonitor report: there is no report {which}under {settings.home.name}/; {words}", file=sys.stderr)
        return WRONG_USE
    text = report_text(facts, week_before(settings.home, facts.moment), arguments.language)
    if arguments.json:
        sys.stdout.write(facts_json(facts).decode())
    elif arguments.text:
        sys.stdout.write(text)
    else:
        print(text.partition("\n")[0])
        print(files[-1].with_suffix(f".{arguments.language}.html"))
    return DONE


def messages(arguments: argparse.Namespace, settings: "Settings") -> int:
    """Lists what was told and what waits; with `--retry` sends first. 1 where something still waits after a retry."""
    from pipelines.morning import channels_of, outbox_of
    from pipelines.settings import message_settings

    moment = settings.night().moment
    channels = channels_of(message_settings(), settings.home, settings.user_agent)
    outbox = outbox_of(settings.home)
    told = outbox.deliver(channels, moment) if arguments.retry else None
    entries = outbox.entries(channels, moment)
    if arguments.json:
        print(json.dumps([_entry_json(entry) for entry in entries], ensure_ascii=False, indent=2))
    else:
        for entry in entries:
            print("\n".join(_entry_lines(entry)))
        if not entries:
            print("Nothing was to be told yet.")
        if not channels:
            print("No channel is set up: set KETENMONITOR_SMTP_URL or KETENMONITOR_WEBHOOK_URL.")
        if told is not None:
            print(f"{told.sent} sent, {told.waiting} waiting")
    return FAILED if told is not None and told.waiting else DONE


_STATES = {
    "sent": "sent",
    "waiting": "WAITING",
    "no_reader": "nobody reads about it",
    "expired": "not sent in seven days, and not tried any more",
}


def _entry_lines(entry: "Entry") -> list[str]:
    one = entry.occasion
    by = f" by {', '.join(entry.sent)}" if entry.sent else ""
    return [
        f"{one.moment}  {_STATES[entry.state]}{by}",
        f"  {one.subject}",
        f"  {one.id}",
        *(f"  {channel}: {why}" for channel, why in entry.failed),
    ]


def _entry_json(entry: "Entry") -> dict[str, object]:
    one = entry.occasion
    failed = [{"channel": channel, "why": why} for channel, why in entry.failed]
    return {
        "occasion": one.id,
        "kind": one.kind,
        "moment": one.moment,
        "subject": one.subject,
        "state": entry.state,
        "sent": list(entry.sent),
        "failed": failed,
    }


def add_report_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]", settings: SettingsOf) -> None:
    """Puts `report` and `messages` beside the other commands."""

    def command(name: str, run: Callable[[argparse.Namespace, "Settings"], int], words: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=words, description=words)
        made.add_argument("--home", type=Path, help="where state lives (default: KETENMONITOR_HOME, else var/)")
        made.add_argument("--json", action="store_true", help="say the outcome as JSON")
        made.set_defaults(run=lambda arguments: run(arguments, settings(arguments)))
        return made

    made = command("report", report, "show the morning report of a night: where it is, or the report itself")
    made.add_argument("--moment", help="which night: 2026-11-22 or 2026-11-22T01:30:00Z (default: the newest)")
    made.add_argument("--language", choices=("nl", "en"), default="nl")
    made.add_argument("--text", action="store_true", help="print the report as text")
    made = command("messages", messages, "list the messages that were sent and those that wait")
    made.add_argument("--retry", action="store_true", help="send what waits now (exit code 1 if some still waits)")

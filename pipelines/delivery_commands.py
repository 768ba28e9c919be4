"""Commands about deliveries: `deliver`, `template`, `deliveries` and `quarantine`.

Here: words and exit codes. Not here: taking a file in, the audit, decisions (`assets/deliveries`), templates
(`publish/delivery_template.py`).
"""

import argparse
import json
import re
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from assets.deliveries.book import Verdict
    from assets.night import Night
    from contracts.delivery_contract import Delivery
    from pipelines.settings import Settings
    from publish.numbers_and_dates import Language
    from publish.receipt import Receipt

DONE, REFUSED, WRONG_USE = 0, 1, 2
#: Refused rows that are shown on a terminal.
SHOWN = 20
#: More rows than a person names one by one.
MOST_ROWS = 1_000_000


def add_delivery_commands(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    settings: "Callable[[argparse.Namespace], Settings]",
) -> None:
    """Adds the commands about deliveries to the command line."""

    def command(name: str, run: "Callable[[argparse.Namespace, Night], int]", words: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=words, description=words)
        made.add_argument("--home", type=Path, help="where state lives (default: KETENMONITOR_HOME, else var/)")
        made.add_argument("--json", action="store_true", help="say the outcome as JSON")
        made.set_defaults(run=lambda arguments: run(arguments, settings(arguments).night()))
        return made

    deliver = command("deliver", _deliver, "hand in a file: it is archived, audited and answered with a receipt")
    deliver.add_argument("file", type=Path, help="XLSX, CSV, Parquet, a data package or a zip of one")
    deliver.add_argument("--as", dest="delivery", required=True, metavar="DELIVERY", help="see `deliveries` for names")
    deliver.add_argument("--decimal", choices=("comma", "point"), help="the decimal sign of a CSV file")
    deliver.add_argument("--language", choices=("nl", "en"), default="nl", help="of what is said (default: nl)")
    template = command("template", _template, "write the empty form of a delivery as XLSX and CSV")
    template.add_argument("delivery", help="see `deliveries` for names")
    template.add_argument("--language", choices=("nl", "en"), default="nl", help="of the form (default: nl)")
    template.add_argument("--to", type=Path, default=Path(), help="folder to write in (default: here)")
    listing = command("deliveries", _deliveries, "say which deliveries there are, what came in and what is overdue")
    listing.add_argument("delivery", nargs="?", help="only this one, with its files")
    quarantine = command("quarantine", _quarantine, "show refused rows that wait, and release or discard them")
    quarantine.add_argument("receipt", nargs="?", help="only the file with this receipt, row by row")
    what = quarantine.add_mutually_exclusive_group()
    what.add_argument("--release", action="store_true", help="let the rows count: they are right all the same")
    what.add_argument("--discard", action="store_true", help="leave the rows out: they are wrong")
    what.add_argument(
        "--publish", action="store_true", help="let a change show that tells of few participants, who agree"
    )
    what.add_argument("--withdraw", action="store_true", help="let the whole file count no longer")
    quarantine.add_argument("--rows", help="row numbers, such as 5,8,12-20 (default: all that wait)")
    quarantine.add_argument("--reason", help="why; kept with the decision")
    quarantine.add_argument("--by", help="who decides (default: the user of this machine)")


def _known(name: str, command: str) -> "Delivery | None":
    from contracts.delivery_contract import delivery

    try:
        return delivery(name)
    except KeyError as error:
        print(f"ketenmonitor {command}: {error.args[0]}", file=sys.stderr)
        return None


def _deliver(arguments: argparse.Namespace, night: "Night") -> int:
    from assets.deliveries.delivered_file import Declared
    from assets.deliveries.handed_in import is_handed_in
    from assets.deliveries.taking_in import take_in
    from publish.receipt import receipt_json
    from publish.unseen import spelled_out

    one = _known(arguments.delivery, "deliver")
    if one is None:
        return WRONG_USE
    if not arguments.file.exists() or not is_handed_in(arguments.file):
        print(f"ketenmonitor deliver: there is no file {spelled_out(str(arguments.file))}", file=sys.stderr)
        return WRONG_USE
    receipt = take_in(night.counter(), arguments.file, one, Declared(decimal=arguments.decimal))
    folder = night.book.root / one.name / receipt.id
    if arguments.json:
        print(receipt_json(receipt).decode(), end="")
    else:
        print("\n".join(_receipt_lines(receipt, folder, arguments.language)))
    return REFUSED if receipt.outcome == "refused" or receipt.rows_refused or not receipt.rows_accepted else DONE


def _receipt_lines(receipt: "Receipt", folder: Path, language: "Language") -> list[str]:
    """A receipt on a terminal: what happened, the first refused rows, and where the whole of it lies."""
    from publish.receipt_pages import PAGES
    from publish.receipt_words import what_happened
    from publish.unseen import spelled_out

    dutch = language == "nl"
    said = [what_happened(receipt, language)]
    reason = receipt.reason_nl if dutch else receipt.reason_en
    said += [reason] if reason else []
    said += [f"  - {note.nl if dutch else note.en}" for note in receipt.notes]
    for refusal in (receipt.refusals + receipt.warnings)[:SHOWN]:
        column = (refusal.column_nl if dutch else refusal.column_en) or ("de hele rij" if dutch else "the whole row")
        right = refusal.right_nl if dutch else refusal.right_en
        where = f"rij {refusal.row_number}" if dutch else f"row {refusal.row_number}"
        said.append(spelled_out(f"  {where}, {column}: {refusal.found} -> {right}"))
    left = receipt.refusals_in_all + receipt.warnings_in_all - SHOWN
    if left > 0:
        said.append(f"  en {left} meer" if dutch else f"  and {left} more")
    page = folder / PAGES[language]
    said.append(f"Ontvangstbewijs: {page}" if dutch else f"Receipt: {page}")
    return said


def _template(arguments: argparse.Namespace, _: "Night") -> int:
    from publish.delivery_template import template_csv, template_xlsx

    one = _known(arguments.delivery, "template")
    if one is None:
        return WRONG_USE
    arguments.to.mkdir(parents=True, exist_ok=True)
    written = []
    for ending, content in (
        ("xlsx", template_xlsx(one, arguments.language)),
        ("csv", template_csv(one, arguments.language)),
    ):
        path = arguments.to / f"{one.name}.{arguments.language}.{ending}"
        path.write_bytes(content)
        written.append(str(path))
    print(json.dumps({"written": written}, indent=2) if arguments.json else "\n".join(written))
    return DONE


def _deliveries(arguments: argparse.Namespace, night: "Night") -> int:
    from contracts.delivery_contract import delivery_names

    names = delivery_names()
    if arguments.delivery is not None:
        if _known(arguments.delivery, "deliveries") is None:
            return WRONG_USE
        names = (arguments.delivery,)
    found = [_state_of(night, name, with_files=arguments.delivery is not None) for name in names]
    if arguments.json:
        print(json.dumps({"inbox": str(night.inbox), "deliveries": found}, ensure_ascii=False, indent=2))
        return DONE
    print(f"Put files in {night.inbox}/<delivery>/, or hand them in with `ketenmonitor deliver`.\n")
    for one in found:
        print(f"{one['delivery']:<30} {one['title_en']}")
        print(
            f"{'':<30} {one['stand']} stand, {one['waiting']} refused rows wait, {len(one['overdue'])} overdue, "
            f"{len(one['awaited'])} never delivered"
        )
        for taken in one.get("files", ()):
            print(f"  {taken['received_at']}  {taken['deliverer']} {taken['period']}  {taken['id']}  {taken['state']}")
        if arguments.delivery is not None:
            for owed in one["overdue"]:
                print(f"  overdue since {owed['deadline']}: {owed['deliverer']} {owed['period']}")
    return DONE


def _state_of(night: "Night", name: str, with_files: bool) -> dict[str, Any]:
    from assets.deliveries.owed import owed
    from assets.deliveries.quarantine import waiting
    from contracts.delivery_contract import delivery

    book = night.book
    one = delivery(name)
    standing = {taken.id for taken, _ in book.standing(name).values()}
    expected = owed(book, [name], night.moment[:10])
    state: dict[str, Any] = {
        "delivery": name,
        "title_nl": one.contract.title_nl,
        "title_en": one.contract.title_en,
        "deliverers": list(one.deliverers),
        "deadline": one.deadline,
        "stand": len(standing),
        "waiting": sum(item.undecided for item in waiting(book, (name,))),
        "overdue": [asdict(item) for item in expected if item.overdue],
        "awaited": [asdict(item) for item in expected if item.received is None and not item.overdue],
    }
    if with_files:
        state["files"] = [
            {**asdict(taken), "state": "stands" if taken.id in standing else "does not stand"}
            for taken in book.files(name)
        ]
    return state


def _quarantine(arguments: argparse.Namespace, night: "Night") -> int:
    kinds: tuple[Verdict, ...] = ("release", "discard", "withdraw", "publish")
    kind = next((name for name in kinds if getattr(arguments, name)), None)
    return _show(arguments, night) if kind is None else _decide(arguments, night, kind)


def _show(arguments: argparse.Namespace, night: "Night") -> int:
    from assets.deliveries.quarantine import waiting
    from assets.deliveries.quarantine_words import faults_in_words
    from contracts.delivery_contract import delivery_names
    from publish.unseen import spelled_out

    found = [w for w in waiting(night.book, delivery_names()) if arguments.receipt in (None, w.taken.id)]
    if arguments.receipt is not None and not found:
        print(f"ketenmonitor quarantine: no refused row of {arguments.receipt} waits", file=sys.stderr)
        return WRONG_USE
    most = SHOWN if arguments.receipt is None else 10_000
    shown = [(item, list(faults_in_words(night.book, item, most))) for item in found]
    if arguments.json:
        listed = [
            {**asdict(item.taken), "undecided": item.undecided, "releasable": item.releasable, "used": item.used,
             "faults": [asdict(fault) for fault in faults]}
            for item, faults in shown
        ]  # fmt: skip
        print(json.dumps({"waiting": listed}, ensure_ascii=False, indent=2))
        return DONE
    if not found:
        print("No refused row waits for a decision.")
    for item, faults in shown:
        taken = item.taken
        used = "its good rows are used" if item.used else "nothing of it is used"
        print(f"{taken.id}  {taken.deliverer} {taken.period}, {taken.file_name}")
        print(f"  {item.undecided} refused rows wait, {item.releasable} of them can be released; {used}")
        for fault in faults:
            where = f"row {fault.row}, {fault.column or 'the row'}"
            print(spelled_out(f"  {where}: found {fault.found}; right: {fault.right_en}"))
    return DONE


def _decide(arguments: argparse.Namespace, night: "Night", kind: "Verdict") -> int:
    from assets.deliveries.book import WORDS, DecisionRefused
    from pipelines.settings import steward

    try:
        if arguments.receipt is None:
            raise DecisionRefused("name the receipt; `ketenmonitor quarantine` shows those that wait")
        rows = None if arguments.rows is None else row_numbers(arguments.rows)
        by = steward(arguments.by or "")
        made = night.book.decide(
            arguments.receipt, kind, rows, reason=arguments.reason or "", by=by, moment=night.moment
        )
    except DecisionRefused as error:
        print(f"ketenmonitor quarantine: {error}", file=sys.stderr)
        return WRONG_USE
    if arguments.json:
        print(json.dumps(asdict(made), ensure_ascii=False, indent=2))
    else:
        what = f"{len(made.rows)} rows of {made.receipt}" if made.rows else made.receipt
        print(f"{what}: {WORDS[kind]} by {made.by}, because: {made.reason}. It counts from the next build on.")
    return DONE


def row_numbers(text: str) -> list[int]:
    """`5,8,12-20` as numbers. Raises DecisionRefused where it is none of that."""
    from assets.deliveries.book import DecisionRefused

    found: list[int] = []
    for part in text.replace(" ", "").split(","):
        if not re.fullmatch(r"[0-9]{1,9}(-[0-9]{1,9})?", part):
            raise DecisionRefused(f"rows are {text[:60]!r}; expected numbers such as 5,8,12-20")
        first, _, last = part.partition("-")
        rows = range(int(first), int(last or first) + 1)
        if not rows:
            raise DecisionRefused(f"rows are {part!r}: the first comes after the last; expected such as 12-20")
        if len(found) + len(rows) > MOST_ROWS:
            raise DecisionRefused(f"rows are {text[:60]!r}, more than {MOST_ROWS}; leave them out to decide on all")
        found += rows
    return found

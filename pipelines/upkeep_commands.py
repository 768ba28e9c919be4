"""The words of `ketenmonitor backup | restore | prune | doctor`, and what each says afterwards.

Here: words and exit codes. Not here: what is copied (`upkeep/`), what is looked at (`doctor.py`). Imports are inside,
so that `--help` answers at once.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipelines.settings import Settings
    from pipelines.upkeep.backup_store import BackupStore
    from pipelines.upkeep.restore import Restored

DONE, INCOMPLETE, WRONG_USE = 0, 1, 2
ReadSettings = Callable[[argparse.Namespace], "Settings"]


def add_upkeep_commands(commands: Any, settings: ReadSettings) -> None:
    """Adds the commands to those that `ArgumentParser.add_subparsers` gave."""

    def command(name: str, run: Callable[[argparse.Namespace, Settings], int], words: str) -> argparse.ArgumentParser:
        made: argparse.ArgumentParser = commands.add_parser(name, help=words, description=words)
        made.add_argument("--home", type=Path, help="where state lives (default: KETENMONITOR_HOME, else var/)")
        made.add_argument("--json", action="store_true", help="say the outcome as JSON")
        made.set_defaults(run=lambda arguments: _run(name, run, arguments, settings))
        return made

    backup = command(
        "backup", _backup, "copy everything that cannot be made again to a folder or bucket; only what is new"
    )
    backup.add_argument(
        "target", help="a folder, or s3://bucket/folder (KETENMONITOR_S3_ENDPOINT, AWS_*); not a public one"
    )
    restore = command(
        "restore", _restore, "put a backup back in an empty home, after holding every file against its hash"
    )
    restore.add_argument("source", help="the folder or s3://bucket/folder that was backed up to")
    restore.add_argument("--backup", metavar="NAME", help="which backup (default: the newest), as 2026-11-22T013000Z")
    restore.add_argument("--check", action="store_true", help="only hold every file of the backup against its hash")
    restore.add_argument("--force", action="store_true", help="also in a home that is not empty; that is moved aside")
    prune = command("prune", _prune, "remove what is too old by the rule in contracts/reference/retention.yaml")
    prune.add_argument("--dry-run", action="store_true", help="only say what would go")
    words = "say in plain words what is well on this machine and what is missing"
    doctor = commands.add_parser("doctor", help=words, description=words)
    doctor.add_argument("--home", type=Path, help="where state lives (default: KETENMONITOR_HOME, else var/)")
    doctor.add_argument("--json", action="store_true", help="say the outcome as JSON")
    doctor.add_argument("--offline", action="store_true", help="ask no other machine")
    doctor.add_argument("--language", choices=("nl", "en"), default="nl", help="of what is said (default: nl)")
    doctor.set_defaults(run=lambda arguments: _doctor(arguments, settings))


def _run(
    name: str,
    run: Callable[[argparse.Namespace, Settings], int],
    arguments: argparse.Namespace,
    settings: ReadSettings,
) -> int:
    from pipelines.upkeep.manifest import BackupError

    try:
        return run(arguments, settings(arguments))
    except BackupError as error:
        sys.stderr.write(f"ketenmonitor {name}: {error}\n")
        return WRONG_USE


def _store(place: str, home: Path) -> BackupStore:
    from pipelines.upkeep.backup_store import FolderStore
    from pipelines.upkeep.manifest import BackupError

    if place.startswith("s3://"):
        from pipelines.upkeep.backup_bucket import BucketStore, bucket_of

        return BucketStore(bucket_of(place, os.environ))
    if "://" in place:
        raise BackupError(f"{place!r} is no place for backups; expected a folder or s3://bucket/folder")
    root = Path(place).absolute()
    if root.is_relative_to(home):
        raise BackupError(f"{place} lies in the home that is backed up; name a folder on another disk")
    return FolderStore(root)


def _backup(arguments: argparse.Namespace, settings: Settings) -> int:
    from importlib.metadata import version

    from pipelines.postgres import postgres_url
    from pipelines.upkeep import postgres_copies
    from pipelines.upkeep.backup import back_up
    from pipelines.upkeep.manifest import BackupError

    store = _store(arguments.target, settings.home)
    url, lacking = postgres_url(os.environ), ""
    with tempfile.TemporaryDirectory() as aside:
        dump = Path(aside, "postgres.sql") if url is not None else None
        if url is not None and dump is not None:
            try:
                postgres_copies.dump(url, dump)
            except BackupError as error:
                lacking, dump = f"NOT in this backup: Dagster's history. {error}", None
        moment = settings.night().moment
        done = back_up(settings.home, store, moment, version("ketenmonitor"), postgres=dump)
    if arguments.json:
        facts = {
            "backup": done.name,
            "where": done.where,
            "files": done.files,
            "bytes": done.bytes,
            "new_contents": done.new_contents,
            "new_bytes": done.new_bytes,
            "remarks": [*done.remarks, *([lacking] if lacking else [])],
        }
        print(json.dumps(facts, ensure_ascii=False, indent=2))
    else:
        print(f"Backup {done.name} in {done.where}: {done.files} files ({done.bytes} bytes).")
        print(f"Copied: {done.new_contents} contents ({done.new_bytes} bytes); the rest stood there.")
        for remark in (*done.remarks, *([lacking] if lacking else [])):
            print(remark)
    return INCOMPLETE if lacking else DONE


def _restore(arguments: argparse.Namespace, settings: Settings) -> int:
    from pipelines.postgres import postgres_url, shown
    from pipelines.upkeep import postgres_copies
    from pipelines.upkeep.manifest import POSTGRES_DUMP
    from pipelines.upkeep.restore import check, chosen, restore

    store = _store(arguments.source, settings.home)
    if arguments.check:
        found = check(store, arguments.backup)
        return _say_restored(arguments, found, [f"Every one of {found.files} files is what the list says."])
    url, (_, manifest) = postgres_url(os.environ), chosen(store, arguments.backup)
    dumped = any(file.path == POSTGRES_DUMP for file in manifest.files)
    if dumped and url is not None:
        postgres_copies.refuse_unless_empty(url)
    found = restore(store, settings.home, arguments.backup, force=arguments.force)
    said = [f"{found.files} files ({found.bytes} bytes) are in place; each was held against its hash."]
    said += [f"What stood there is in {found.aside}."] if found.aside else []
    if dumped:
        dump = settings.home / POSTGRES_DUMP
        if url is not None:
            postgres_copies.load(url, dump)
            said.append(f"Dagster's history is in the database {shown(url)} again.")
        else:
            said.append(f"Dagster's history was in PostgreSQL and stands as SQL in {dump}; nothing was done with it.")
    said.append("Next: ketenmonitor verify")
    return _say_restored(arguments, found, said)


def _say_restored(arguments: argparse.Namespace, found: Restored, said: list[str]) -> int:
    if arguments.json:
        facts = {"backup": found.name, "files": found.files, "bytes": found.bytes, "said": said}
        print(json.dumps(facts, ensure_ascii=False, indent=2))
    else:
        print("\n".join([f"Backup {found.name}", *said]))
    return DONE


def _prune(arguments: argparse.Namespace, settings: Settings) -> int:
    from pipelines.instance import instance
    from pipelines.upkeep.history_pruning import find_old_runs, remove_files_of_runs, remove_runs
    from pipelines.upkeep.pruning import find_prunable, remove
    from pipelines.upkeep.retention import horizon, read_retention

    night, rule = settings.night(), read_retention()
    if not night.home.is_dir():
        sys.stderr.write(f"ketenmonitor prune: there is no home at {night.home}; see --home\n")
        return WRONG_USE
    found = find_prunable(night, rule)
    with instance(night.home) as kept:
        runs = find_old_runs(kept, night.home, horizon(night.started_at, rule.dagster_runs_days))
        if not arguments.dry_run:
            remove_runs(kept, runs)
    shrunk = 0
    if not arguments.dry_run:
        for one in found.prunable:
            remove(one)
        shrunk = remove_files_of_runs(night.home, runs)
    everything = (*found.prunable, *runs)
    size = sum(one.bytes for one in everything) + shrunk
    if arguments.json:
        facts = {
            "dry_run": arguments.dry_run,
            "bytes": size,
            "removed": [{"kind": one.kind, "what": one.what, "bytes": one.bytes} for one in everything],
            "remarks": list(found.remarks),
        }
        print(json.dumps(facts, ensure_ascii=False, indent=2))
    else:
        word = "would go" if arguments.dry_run else "removed"
        print("\n".join([f"{one.kind}: {one.what}, {one.bytes} bytes" for one in everything] + list(found.remarks)))
        print(f"{len(everything)} {word}, {size} bytes in all." if everything else "Nothing is too old.")
    return DONE


def _doctor(arguments: argparse.Namespace, settings: ReadSettings) -> int:
    """0 all works, 1 something is missing; a setting that cannot be used is a finding too."""
    from pipelines.doctor.finding import Finding, Said, lines, well
    from pipelines.doctor.history import look_back
    from pipelines.doctor.machine import look_at_machine
    from pipelines.doctor.portals import look_at_portals
    from pipelines.doctor.reach import look_around
    from pipelines.run_limit import most_seconds
    from pipelines.settings import SettingsError, read_settings

    findings: list[Finding] = []
    try:
        found = settings(arguments)
        most_seconds(os.environ)  # a wrong one stops every night
        findings.append(well("settings", "De instellingen zijn bruikbaar.", "The settings can be used."))
    except SettingsError as error:
        next_ = Said("Herstel de instelling; zie README.md.", "Mend the setting; see README.md.")
        findings.append(Finding("settings", "missing", Said(str(error), str(error)), next_))
        home = str(arguments.home or os.environ.get("KETENMONITOR_HOME", ""))
        found = read_settings({"KETENMONITOR_HOME": home, "KETENMONITOR_OFFLINE": "1"})
    night = found.night()
    findings += look_at_machine(found.home, night.inbox, night.started_at, os.environ)
    if not arguments.offline:
        findings += look_around(found, os.environ, night.started_at)
    findings += look_at_portals(os.environ, offline=arguments.offline)
    findings += look_back(night)
    missing = any(one.state == "missing" for one in findings)
    if arguments.json:
        facts = {"well": not missing, "findings": [one.as_json(arguments.language) for one in findings]}
        print(json.dumps(facts, ensure_ascii=False, indent=2))
    else:
        print("\n".join(lines(findings, arguments.language)))
    return INCOMPLETE if missing else DONE

"""What the steward reads of a source beside its contract: that it is awaited, was refused, or is no longer kept up.

Here: words and checks, Dutch first. Not here: the assets (`source_assets.py`), and what a fetch does (`fetch.py`).
"""

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import dagster as dg

from assets.night import Night
from assets.stewards_view import BLOCKING_CHECK, WARNING_CHECK

if TYPE_CHECKING:
    from contracts.verdict import CheckResult


def fetch_facts(night: Night) -> dict[str, dict[str, Any]]:
    """What happened to every source when it was last fetched, by name; empty before the first fetch."""
    found: dict[str, dict[str, Any]] = (
        json.loads(night.fetched.read_text(encoding="utf-8")) if night.fetched.exists() else {}
    )
    return found


def is_awaited(night: Night, name: str) -> bool:
    """Whether the last fetch found no copy of a source, or an old night that is rebuilt had none."""
    if not night.vintages.exists() or name in json.loads(night.vintages.read_text(encoding="utf-8")):
        return False
    facts = fetch_facts(night)
    return not facts or facts.get(name, {}).get("outcome") == "awaited"


def awaited_words(night: Night, name: str) -> str:
    """Why there is nothing to build a source from: it was never fetched, or what was fetched was refused."""
    facts = fetch_facts(night).get(name, {})
    last: Mapping[str, str] | None = facts.get("last_refused")
    if last is not None:
        why = last["why"] or night.tables.why_refused(name, last["sha256"])
        reden, reason = (f": {why}", f": {why}") if why else (" door het contract", " by the contract")
        return (
            f"Opgehaald op {last['day']} en geweigerd{reden}. De ontvangen bytes staan in {last['place']}. "
            f"Er is geen ander exemplaar.\n"
            f"Fetched on {last['day']} and refused{reason}. The bytes that came are kept in {last['place']}. "
            f"There is no other copy."
        )
    words = (
        "Nog niet opgehaald: van deze bron is geen exemplaar, ook niet meegeleverd.\n"
        "Not fetched yet: there is no copy of this source, and none ships with the software."
    )
    return f"{words} ({facts['reason']})" if facts.get("reason") else words


def awaited_checks(key: dg.AssetKey, words: str) -> Iterator[dg.AssetCheckResult]:
    """The checks of a source of which no copy can be used: nothing to block, and a word for the steward."""
    for check, passed in ((BLOCKING_CHECK, True), (WARNING_CHECK, False)):
        yield dg.AssetCheckResult(
            check_name=check, asset_key=key, passed=passed, severity=dg.AssetCheckSeverity.WARN, description=words
        )


def stopped_check(night: Night, name: str) -> "CheckResult | None":
    """A warning where the publisher says that it no longer keeps the source up; None where it does not."""
    from contracts.verdict import CheckResult, Offence

    facts = fetch_facts(night).get(name, {})
    if not facts.get("stopped_en"):
        return None
    words = f"{facts['stopped_nl']}."
    expected = "een bron die haar uitgever bijhoudt"
    return CheckResult(f"{name}__source__kept_up", "source", "warning", False, 1, expected, (Offence("", words),))

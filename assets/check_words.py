"""The checks of a table in the Dagster UI, in words that say what is the matter, what it means and what to do now.

Here: check specs, and the outcome of an audit as check results with the failing rows as a table.
Not here: the audit itself (`contracts/audit.py`), checks of deliveries and packages (beside their assets).
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg

from assets.markdown import bullets, markdown_table
from assets.stewards_view import BLOCKING_CHECK, WARNING_CHECK, WHAT_IS_WRONG, contract_place
from contracts.contract import Contract

if TYPE_CHECKING:
    from contracts.verdict import CheckResult, Offence

#: Failing rows in the description of a check, and sentences in its metadata.
SHOWN_ROWS, SHOWN_SENTENCES = 10, 20

_NEXT_SOURCE = (
    "Kijk in de tabel hieronder wat er is gevonden. Is het een fout van de bron, dan lost de bron het op: elke nacht "
    "wordt opnieuw gehaald, of nu met de taak `refetch_source`. Heeft de bron echt iets veranderd (een nieuwe code, "
    "een andere eenheid), vraag dan de beheerder om codelijst of contract aan te passen."
)
_NEXT_TABLE = (
    "De rekenregels geven iets wat het contract niet toelaat. Kijk of een bron vannacht is veranderd (tabblad Lineage) "
    "en geef de beheerder de link naar deze pagina."
)


def check_specs(key: Sequence[str], contract: Contract, *, computed: bool) -> list[dg.AssetCheckSpec]:
    """Two checks a table: rules that block, and rules that are published as a caveat."""
    blocking = sum(rule.severity == "error" for rule in contract.rules) + len(contract.columns)
    caveats = len(contract.rules) + len(contract.columns) - blocking
    place = contract_place(contract)
    return [
        dg.AssetCheckSpec(
            BLOCKING_CHECK,
            asset=dg.AssetKey(list(key)),
            blocking=True,
            description=(
                f"**Wat wordt getoetst.** {_rules(blocking)} van het contract {place}; zij staan bij Overview onder "
                "«regels van het contract».\n\n"
                "**Als het misgaat.** De tabel is geweigerd: de vorige blijft staan, en wat ervan afhangt wordt niet "
                "vernieuwd. Er is niets verkeerds gepubliceerd.\n\n"
                f"**Wat nu.** {_NEXT_TABLE if computed else _NEXT_SOURCE}"
            ),
        ),
        dg.AssetCheckSpec(
            WARNING_CHECK,
            asset=dg.AssetKey(list(key)),
            description=(
                f"**Wat wordt getoetst.** {_rules(caveats)} van het contract {place} die niet tegenhouden.\n\n"
                "**Als het misgaat.** De cijfers worden gepubliceerd, met de kanttekening in het kwaliteitsrapport.\n\n"
                "**Wat nu.** Kijk of u de afwijking kent. Zo niet, vraag ernaar bij de uitgever van de bron. Haast is "
                "er niet."
            ),
        ),
    ]


def _rules(count: int) -> str:
    return {0: "Geen regels", 1: "Eén regel"}.get(count, f"{count} regels")


def check_results(
    contract: Contract,
    checks: Sequence["CheckResult"],
    *,
    quarantine: Path | None = None,
    also: Sequence[str] = (),
) -> Iterator[dg.AssetCheckResult]:
    """The two check results of a table.

    `quarantine` is the file with the refused rows, where there is one; `also` are further caveats in words.
    """
    blocking = [check for check in checks if check.severity == "error"]
    yield _result(contract, BLOCKING_CHECK, blocking, dg.AssetCheckSeverity.ERROR, quarantine)
    caveats = [check for check in checks if check.severity != "error"]
    yield _result(contract, WARNING_CHECK, caveats, dg.AssetCheckSeverity.WARN, None, also)


def _result(
    contract: Contract,
    name: str,
    checks: Sequence["CheckResult"],
    severity: dg.AssetCheckSeverity,
    quarantine: Path | None,
    also: Sequence[str] = (),
) -> dg.AssetCheckResult:
    broken = [check for check in checks if not check.passed]
    # numbers are plotted night by night
    metadata: dict[str, Any] = {
        "regels die niet kloppen": len(broken),
        "rijen die niet kloppen": sum(check.failing for check in broken),
    }
    if not broken and not also:
        words = "Er is niets te toetsen." if not checks else f"Alle {len(checks)} regels kloppen."
        return dg.AssetCheckResult(
            check_name=name, passed=True, severity=severity, metadata=metadata, description=words
        )
    sentences = [*(sentence(contract, check) for check in broken), *also]
    metadata[WHAT_IS_WRONG] = dg.MetadataValue.md(bullets(sentences[:SHOWN_SENTENCES]))
    if quarantine is not None:
        metadata["geweigerde rijen (bestand)"] = dg.MetadataValue.path(str(quarantine))
    return dg.AssetCheckResult(
        check_name=name,
        passed=False,
        severity=severity,
        metadata=metadata,
        description=_described(contract, checks, broken, severity, also),
    )


def _described(
    contract: Contract,
    checks: Sequence["CheckResult"],
    broken: Sequence["CheckResult"],
    severity: dg.AssetCheckSeverity,
    also: Sequence[str],
) -> str:
    """What is the matter, with the first failing rows; shown in full on the page of the check."""
    parts = []
    if broken:
        verb = "klopt" if len(broken) == 1 else "kloppen"
        parts.append(f"**{len(broken)} van de {len(checks)} regels {verb} niet.**")
        if severity is dg.AssetCheckSeverity.ERROR:
            parts.append("De tabel is niet vernieuwd; de vorige staat er nog.")
    shown = [(check, offence) for check in broken for offence in (check.sample or (None,))][:SHOWN_ROWS]
    keys = [name for name in contract.primary_key if any(_cells(contract, o) for _, o in shown)]
    titles = {column.name: column.title_nl for column in contract.columns}
    rows = [_row(contract, check, offence, keys) for check, offence in shown]
    table = markdown_table([*(titles[name] for name in keys), "kolom", "gevonden", "had moeten zijn"], rows, 300)
    more = sum(max(check.failing, 1) for check in broken) - len(shown)
    text = " ".join(parts) + (f"\n\n{table}" if table else "")
    text += f"\n\nEn nog {more} die hier niet staan." if more > 0 else ""
    return text + (f"\n\n{bullets(also)}" if also else "")


def _row(contract: Contract, check: "CheckResult", offence: "Offence | None", keys: Sequence[str]) -> list[str]:
    cells = _cells(contract, offence)
    found = found_words(offence.found) if offence is not None else f"{check.failing} keer anders"
    return [*(cells.get(name, "") for name in keys), columns_words(contract, check.key), found, right(contract, check)]


def _cells(contract: Contract, offence: "Offence | None") -> dict[str, str]:
    """The key of a failing row, by column: `geo=NL year=2017` holds the columns of the key in their order."""
    if offence is None or not offence.key:
        return {}
    names = contract.primary_key
    pattern = " ".join(f"{re.escape(name)}=(.*)" for name in names)
    found = re.fullmatch(pattern, offence.key, re.DOTALL)
    return dict(zip(names, found.groups(), strict=True)) if found else {names[0]: offence.key}


def right(contract: Contract, check: "CheckResult") -> str:
    """What would be right, in Dutch."""
    from contracts.fault_words import fault_words

    try:
        return fault_words(contract, check.key)[0]
    except KeyError:
        return check.expected  # a check that no contract has, such as whether a body can be read


def columns_words(contract: Contract, key: str) -> str:
    """The titles of the columns of which a check speaks."""
    titles = {column.name: column.title_nl for column in contract.columns}
    for rule in contract.rules:
        if rule.key == key:
            return ", ".join(titles.get(name, name) for name in rule.columns) or "de hele tabel"
    name = key.removeprefix(f"{contract.table}__").rpartition("__")[0]
    named = next((c.title_nl for c in contract.columns if c.name.lower().replace(" ", "_") == name), None)
    return named or {"body": "het bestand", "source": "de bron"}.get(name, name)


def sentence(contract: Contract, check: "CheckResult") -> str:
    """One failed check in a sentence: column, what it should be, what was found where, how often."""
    where = columns_words(contract, check.key)
    if not check.sample:
        return f"{where}: verwacht {right(contract, check)}; {check.failing} keer anders"
    first = check.sample[0]
    row = f" (rij {first.key})" if first.key else ""
    more = f", en nog {check.failing - 1} keer" if check.failing > 1 else ""
    return f"{where}{row}: verwacht {right(contract, check)}; gevonden {found_words(first.found)}{more}"


def found_words(found: str) -> str:
    """What an audit found, in Dutch: the few English words that the audit's samples hold."""
    exact = {"nothing": "niets", "more than one row with it": "meer dan één rij ermee"}
    if found in exact:
        return exact[found]
    counted = re.fullmatch(r"(\d+) rows", found)
    if counted:
        return f"{counted[1]} rijen"
    for english, dutch in (("the columns ", "de kolommen "), ("the column ", "de kolom "),
                           ("the Parquet type ", "het Parquet-type ")):  # fmt: skip
        if found.startswith(english):
            return dutch + found.removeprefix(english)
    return found.replace(" nothing,", " niets,").replace("parts together ", "delen samen ")

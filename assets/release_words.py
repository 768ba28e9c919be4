"""What the steward reads of packages and releases: what is different from the last one, and what is blocked and why.

Here: Markdown, in Dutch, and the check of a package. Not here: the assets (`packages.py`), finding differences
(`publish/difference.py`), whether a change may be published (`publish/revision_policy.py`).
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg

from assets.markdown import bullets, markdown_table
from assets.stewards_view import WHAT_IS_WRONG

if TYPE_CHECKING:
    import pyarrow as pa

    from publish.blocked_revision import BlockedRevision
    from publish.release import Candidate

CHECK = "contract"
SHOWN_CHANGES, SHOWN_TABLES = 10, 20
_BUMPS = {
    "first": "eerste uitgave", "major": "grote stap: iets waarop gebruikers rekenen is weg of anders",
    "minor": "nieuwe of herziene cijfers", "patch": "alleen teksten", "none": "niets nieuws",
}  # fmt: skip
_EVENTS = {"added": "rij erbij", "removed": "rij weg", "changed": "waarde anders"}


def bump_words(bump: str) -> str:
    """What the step of a version number says to a reader."""
    return _BUMPS.get(bump, bump)


def package_check(key: dg.AssetKey, dataset: str) -> dg.AssetCheckSpec:
    """The check of a package: its tables hold to their contracts, and what changed may be published."""
    return dg.AssetCheckSpec(
        CHECK,
        asset=key,
        blocking=True,
        description=(
            "**Wat wordt getoetst.** De tabellen die het pakket toevoegt (doelen, breuken, bronnen) kloppen met hun "
            "contract, en wat anders is dan in de vorige uitgave mag worden gepubliceerd.\n\n"
            "**Als het misgaat.** Deze dataset krijgt geen nieuwe uitgave; de vorige blijft staan. De andere datasets "
            "gaan gewoon door.\n\n"
            "**Wat nu.** Kloppen de wijzigingen die hieronder staan, bijvoorbeeld omdat de bron haar cijfers heeft "
            f"herzien? Accepteer ze met de taak `accept_revision` (dataset `{dataset}`). Kloppen ze niet, laat dan "
            "bron, berekening of contract herstellen; de volgende nacht wordt het opnieuw geprobeerd."
        ),
    )


def blocked_check(blocked: "BlockedRevision", folder: Path) -> dg.AssetCheckResult:
    """The check of a package whose release is blocked: why, with the first changes, and how to go on."""
    words = [objection.words_nl() for objection in blocked.objections]
    rows = [example_cells(o.table, example) for o in blocked.objections for example in o.examples][:SHOWN_CHANGES]
    return dg.AssetCheckResult(
        check_name=CHECK,
        passed=False,
        severity=dg.AssetCheckSeverity.ERROR,
        description=(
            f"**De uitgave na {blocked.version} wacht op een besluit; {blocked.version} blijft staan.** Het contract "
            f"laat niet vanzelf toe wat er veranderd is:\n\n{bullets(words)}\n\n"
            f"{markdown_table(['tabel', 'rij', 'kolom', 'was', 'wordt'], rows, 200)}\n\n"
            f"**Akkoord?** Taak `accept_revision` met dataset `{blocked.dataset}`. Alleen precies deze wijzigingen "
            f"worden geaccepteerd (kenmerk `{blocked.digest[:12]}`)."
        ),
        metadata={
            WHAT_IS_WRONG: dg.MetadataValue.md(bullets(words)),
            "pakketten die wachten": 1,
            "alle wijzigingen (bestand)": dg.MetadataValue.path(str(folder / "diff" / "changes.csv")),
            "kenmerk van de wijzigingen": blocked.digest,
        },
    )


def example_cells(table: str, example: str) -> list[str]:
    """`{key as JSON} value 27 -> 28` as cells: table, row, column, was, becomes; what reads otherwise stays one."""
    try:
        key, end = json.JSONDecoder().raw_decode(example)
        words = ", ".join(str(value) for value in key.values())
    except (ValueError, AttributeError):
        return [table, example, "", "", ""]
    column, _, values = example[end:].strip().partition(" ")
    before, _, after = values.partition(" -> ")
    return [table, words, column, before, after]


def candidate_metadata(made: "Candidate") -> dict[str, Any]:
    """What a candidate changes against the last release: counts that the UI plots, and the first changes."""
    found = made.difference
    return {
        "rijen erbij": sum(found.rows_added.values()),
        "rijen weg": sum(found.rows_removed.values()),
        "cellen anders": sum(found.cells_changed.values()),
        "verschil met de vorige uitgave": dg.MetadataValue.md(_difference_markdown(made)),
    }


def _difference_markdown(made: "Candidate") -> str:
    if made.status == "unchanged":
        return f"Niets is anders dan in {made.version}."
    if made.previous_version is None:
        return "Er is nog geen uitgave om mee te vergelijken."
    found = made.difference
    text = f"**{made.previous_version} → {made.version}**: {bump_words(made.bump)}\n\n" + _counts(found.summary())
    changes = changes_markdown(found.changes)
    return text + (f"\n\n{changes}" if changes else "")


def changes_markdown(changes: "pa.Table") -> str:
    """The first rows and cells that changed, with what they were and are."""
    rows = [
        [
            row["table"],
            _key_words(row["key"]),
            row["column"] or _EVENTS[row["change"]],
            row["old_value"],
            row["new_value"],
        ]
        for row in changes.slice(0, SHOWN_CHANGES).to_pylist()
    ]
    more = changes.num_rows - len(rows)
    table = markdown_table(["tabel", "rij", "kolom", "was", "wordt"], rows)
    return table + (f"\n\nEn nog {more} wijzigingen." if more > 0 else "")


def _key_words(key: str) -> str:
    """A key as `NL, 2017, plastic` in place of its JSON."""
    try:
        return ", ".join(str(value) for value in json.loads(key).values())
    except (ValueError, AttributeError):
        return key


def _counts(summary: Mapping[str, Any]) -> str:
    rows = [
        [table, counts["rows_added"], counts["rows_removed"], counts["cells_changed"]]
        for table, counts in list(summary["tables"].items())[:SHOWN_TABLES]
    ]
    schema = summary["schema"]
    said = [f"tabel erbij: {', '.join(schema['tables_added'])}"] if schema["tables_added"] else []
    said += [f"tabel weg: {', '.join(schema['tables_removed'])}"] if schema["tables_removed"] else []
    said += [f"{len(schema['fields'])} kolommen anders beschreven of begrensd"] if schema["fields"] else []
    said += [f"{len(schema['descriptions'])} teksten anders"] if schema["descriptions"] else []
    table = markdown_table(["tabel", "rijen erbij", "rijen weg", "cellen anders"], rows)
    return "\n\n".join(part for part in (bullets(said), table) if part)


def release_difference(release: Path) -> str:
    """What a release that stands changed against the one before it, from its own files."""
    path = release / "diff" / "summary.json"
    if not path.exists():
        return "Dit is de eerste uitgave."
    return _counts(json.loads(path.read_text(encoding="utf-8"))) or "Alleen gegevens over de uitgave zelf."

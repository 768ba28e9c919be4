"""The quality report of a release: every rule that was held, what failed, what was refused, how old the sources are.

Here: its facts, as `quality.json` gives them. Not here: holding the rules (`contracts/audit.py`) or the page that shows
the report (`release_pages.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any


@dataclass(frozen=True)
class RuleOutcome:
    """One rule held against one table; `message` says what was found where it failed."""

    key: str
    kind: str
    severity: str
    passed: bool
    failing: int
    expected: str
    message: str = ""


@dataclass(frozen=True)
class TableQuality:
    """How one table came through its audit. `role` tells a source from what is computed or added."""

    table: str
    role: str
    rows: int
    rows_refused: int
    exact_duplicates: int
    rules: tuple[RuleOutcome, ...]


def _age_days(retrieved_at: str | None, released_at: datetime) -> int | None:
    """Whole days between retrieval and release; None where the retrieval is not known."""
    if not retrieved_at:
        return None
    moment = datetime.fromisoformat(retrieved_at.replace("Z", "+00:00"))
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0, (released_at - moment).days)


def _sources(sources: Sequence[Mapping[str, str]], released_at: datetime) -> list[dict[str, Any]]:
    return [
        {
            "source": row.get("source"),
            "title_nl": row.get("title_nl"),
            "title_en": row.get("title_en"),
            "publisher": row.get("publisher"),
            "edition": row.get("edition"),
            "retrieved_at": row.get("retrieved_at"),
            "age_days": _age_days(row.get("retrieved_at"), released_at),
            "origin_of_bytes": row.get("origin_of_bytes"),
            "sha256": row.get("sha256"),
            "note_nl": row.get("note_nl"),
            "note_en": row.get("note_en"),
        }
        for row in sources
    ]


def quality_report(
    dataset: str,
    version: str,
    released_at: datetime,
    tables: Sequence[TableQuality],
    sources: Sequence[Mapping[str, str]],
) -> dict[str, Any]:
    """The report as data. `sources` are the rows of the table `sources` as text; ages are counted to the release.

    A table made from the same inputs as last time was audited then: its outcome stands, and is given here again.
    """
    rules = [rule for table in tables for rule in table.rules]
    failed = [rule for rule in rules if not rule.passed]
    return {
        "dataset": dataset,
        "version": version,
        "released_at": released_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "counts": {
            "tables": len(tables),
            "rules": len(rules),
            "passed": len(rules) - len(failed),
            "errors": sum(rule.severity == "error" for rule in failed),
            "warnings": sum(rule.severity == "warning" for rule in failed),
            "rows": sum(table.rows for table in tables if table.role != "source"),
            "refused_rows": sum(table.rows_refused for table in tables),
            "exact_duplicates": sum(table.exact_duplicates for table in tables),
        },
        "tables": [
            {
                "table": table.table,
                "role": table.role,
                "rows": table.rows,
                "exact_duplicates": table.exact_duplicates,
                "rows_refused": table.rows_refused,
                "rules": [
                    {
                        "key": rule.key,
                        "kind": rule.kind,
                        "severity": rule.severity,
                        "passed": rule.passed,
                        "failing": rule.failing,
                        "expected": rule.expected,
                        "message": rule.message,
                    }
                    for rule in table.rules
                ],
            }
            for table in tables
        ],
        "sources": _sources(sources, released_at),
    }

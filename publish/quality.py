"""The quality report of a release: every rule that was held, what failed, what was refused, how old the sources are.

Here: its facts, as `quality.json` gives them. Not here: holding the rules (`contracts/audit.py`) or the page that shows
the report (`release_pages.py`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

# An edition is a day, a month or a year, or several of which the newest counts; a month stands for its first day.
_EDITION = re.compile(r"(?<![\d-])(\d{4})(?:-(\d\d)(?:-(\d\d))?)?(?![\d-])")


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


def edition_day(edition: str | None) -> date | None:
    """The newest day that the text of an edition names; None where it names none."""
    found = []
    for year, month, day in _EDITION.findall(edition or ""):
        try:
            found.append(date(int(year), int(month or 1), int(day or 1)))
        except ValueError:
            continue
    return max(found, default=None)


def retrieved(row: Mapping[str, str]) -> str:
    """When a copy was fetched from its publisher, as its row says; empty for one that came with the program.

    Of an embedded copy or a transcription the moment in `sources` is that on which it was embedded, which says nothing
    of the age of the figures.
    """
    return (row.get("retrieved_at") or "") if row.get("origin_of_bytes", "live") == "live" else ""


def _day_of(moment: str) -> date:
    found = datetime.fromisoformat(moment.replace("Z", "+00:00"))
    return (found.astimezone(UTC) if found.tzinfo else found).date()


def source_day(row: Mapping[str, str]) -> date | None:
    """The day from which the age of a source counts: that of its edition, else of its retrieval; None: not known."""
    moment = retrieved(row)
    return edition_day(row.get("edition")) or (_day_of(moment) if moment else None)


def _warnings(sources: Sequence[Mapping[str, str]], released: date) -> list[dict[str, str]]:
    """Sources of a later day than the release: their day or that of the release must be wrong."""
    found = []
    for row in sources:
        days = (edition_day(row.get("edition")), _day_of(retrieved(row)) if retrieved(row) else None)
        late = max((day for day in days if day is not None and day > released), default=None)
        if late is not None:
            found.append(
                {
                    "source": row.get("source") or "",
                    "message_nl": f"Van {late.isoformat()}, later dan de uitgave van {released.isoformat()}: "
                    "een van beide dagen klopt niet.",
                    "message_en": f"Of {late.isoformat()}, later than the release of {released.isoformat()}: "
                    "one of the two days is wrong.",
                }
            )
    return found


def _sources(sources: Sequence[Mapping[str, str]], released: date) -> list[dict[str, Any]]:
    days = [source_day(row) for row in sources]
    return [
        {
            "source": row.get("source"),
            "title_nl": row.get("title_nl"),
            "title_en": row.get("title_en"),
            "publisher": row.get("publisher"),
            "edition": row.get("edition"),
            "retrieved_at": retrieved(row) or None,
            "age_days": None if day is None else (released - day).days,
            "origin_of_bytes": row.get("origin_of_bytes"),
            "sha256": row.get("sha256"),
            "note_nl": row.get("note_nl"),
            "note_en": row.get("note_en"),
        }
        for row, day in zip(sources, days, strict=True)
    ]


def quality_report(
    dataset: str,
    version: str,
    released_at: datetime,
    tables: Sequence[TableQuality],
    sources: Sequence[Mapping[str, str]],
) -> dict[str, Any]:
    """The report as data. `sources` are the rows of the table `sources` as text.

    Ages are whole days from the edition (of a live copy without one: from its retrieval) to the release; None where
    neither is known, below zero where a source is of a later day, which `source_warnings` then says.

    A table made from the same inputs as last time was audited then: its outcome stands, and is given here again.
    """
    rules = [rule for table in tables for rule in table.rules]
    failed = [rule for rule in rules if not rule.passed]
    released = released_at.astimezone(UTC).date()
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
            "info": sum(rule.severity not in ("error", "warning") for rule in failed),
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
        "sources": _sources(sources, released),
        "source_warnings": _warnings(sources, released),
    }

"""How the tables behind a package came through their audits, for the quality report of its release.

Belongs here: collecting the outcomes that stand with the tables. Does not belong here: the audits, or the report.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

from assets.night import Night
from contracts.contract import DELIVERED

if TYPE_CHECKING:
    from publish.quality import TableQuality


def quality_of(
    night: Night, tables: Iterable[tuple[Literal["source", "table"], str, str]]
) -> "tuple[TableQuality, ...]":
    """The outcomes of tables given as (role, group, name), in that order; one that does not stand is left out."""
    from publish.quality import RuleOutcome, TableQuality

    found = []
    for role, group, name in tables:
        standing = night.tables.standing(group, name)
        if standing is None or (name.startswith(DELIVERED) and not standing.rows):
            continue  # without deliveries there is nothing to judge
        rules = tuple(
            RuleOutcome(
                check.key,
                check.kind,
                check.severity,
                check.passed,
                check.failing,
                check.expected,
                "" if check.passed else check.message(name, ""),
            )
            for check in standing.checks
        )
        found.append(TableQuality(name, role, standing.rows, standing.rows_refused, standing.exact_duplicates, rules))
    return tuple(found)

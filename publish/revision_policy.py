"""Whether what changed may be published: final figures that are revised, rows that vanish, columns that go unannounced.

A contract gives a standing permission (`revisionPolicy`) or one for a single step (`permittedRevisions`); without
either the release is blocked and the last one stands. Here: the judgement. Not here: finding the changes (`cells.py`,
`difference.py`) or the version number that they ask for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import pyarrow as pa
import pyarrow.compute as pc

from contracts.contract import Contract, Product
from publish.cells import AWAITED_STATUS
from publish.difference import Difference
from publish.published import ReleaseError

# A column or table that goes is announced in a release at least this long before.
NOTICE = timedelta(days=90)
EXAMPLES = 5
# So many figures of one source may change whatever their share: a share of three rows says nothing.
FEW = 5
FINAL_STATUS = "A"


@dataclass(frozen=True)
class Objection:
    """One reason why a difference needs a permission: what, in which table, how much of it, some examples."""

    kind: Literal["final_figures", "vanished_rows", "unannounced"]
    table: str
    count: int
    examples: tuple[str, ...]

    def words(self) -> str:
        """The objection for the steward."""
        said = {
            "final_figures": f"{self.count} figures that were published as final have another value",
            "vanished_rows": f"{self.count} published rows are gone",
            "unannounced": f"{self.count} columns or tables are gone without the notice of {NOTICE.days} days",
        }[self.kind]
        more = f"; and {self.count - len(self.examples)} more" if self.count > len(self.examples) else ""
        return f"table {self.table}: {said}: {'; '.join(self.examples)}{more}"

    def words_nl(self) -> str:
        """The objection in Dutch, without its examples."""
        one, more = {
            "final_figures": ("definitief cijfer is veranderd", "definitieve cijfers zijn veranderd"),
            "vanished_rows": ("gepubliceerde rij is verdwenen", "gepubliceerde rijen zijn verdwenen"),
            "unannounced": (
                f"kolom of tabel is weg zonder {NOTICE.days} dagen aankondiging",
                f"kolommen of tabellen zijn weg zonder {NOTICE.days} dagen aankondiging",
            ),
        }[self.kind]
        return f"tabel {self.table}: {self.count} {one if self.count == 1 else more}"


class RevisionNotPermitted(ReleaseError):
    """What changed since the last release needs a permission that the contract does not give."""

    def __init__(self, dataset: str, version: str, contract: str, objections: tuple[Objection, ...]) -> None:
        self.dataset, self.objections = dataset, objections
        lines = "\n  ".join(objection.words() for objection in objections)
        super().__init__(
            f"{dataset}: the release after {version} is blocked and {version} stands, because the contract does not "
            f"permit what changed.\n  {lines}\nLook at the changes kept in staging/{dataset}.blocked; mend the "
            f"source or the computation, accept exactly these changes with `ketenmonitor accept {dataset}` or the job "
            f"accept_revision, or permit the whole step in {contract} under permittedRevisions: "
            f"{{from: {version}, reasonNl: ..., reasonEn: ...}}"
        )


@dataclass(frozen=True)
class RevisionPolicy:
    """The standing permission of a contract.

    `largest_share` is the share of the rows of a table whose final figures may change in one step: beyond it somebody
    looks first, because a source that changes that much has usually changed its meaning.
    """

    final_figures: Literal["routine", "ask"] = "ask"
    vanished_rows: Literal["routine", "ask"] = "ask"
    largest_share: float = 1.0


def read_policy(product: Product) -> RevisionPolicy:
    """The policy of a contract; without one every revision of a final figure is asked for. ReleaseError for a fault."""
    given = dict(product.get("revisionPolicy") or {})
    known = {"finalFigures", "vanishedRows", "largestShare", "reasonNl", "reasonEn"}
    strange = sorted(set(given) - known)
    routine = "routine" in (given.get("finalFigures"), given.get("vanishedRows"))
    share = given.get("largestShare", 1.0)
    problem = (
        f"{strange[0]} is not one of {', '.join(sorted(known))}"
        if strange
        else "finalFigures and vanishedRows are routine or ask"
        if {given.get("finalFigures", "ask"), given.get("vanishedRows", "ask")} - {"routine", "ask"}
        else "a routine permission says why, in reasonNl and reasonEn"
        if routine and not (given.get("reasonNl") and given.get("reasonEn"))
        else "largestShare lies between 0 and 1"
        if not isinstance(share, int | float) or not 0 <= share <= 1
        else None
    )
    if problem:
        raise ReleaseError(f"{product.path.name}: revisionPolicy: {problem}")
    return RevisionPolicy(given.get("finalFigures", "ask"), given.get("vanishedRows", "ask"), float(share))


def permission(product: Product, version: str) -> Mapping[str, str] | None:
    """The permission of the contract for the step from one release, with its reasons; None where there is none."""
    for step in product.get("permittedRevisions") or ():
        if not {"from", "reasonNl", "reasonEn"} <= set(step):
            raise ReleaseError(
                f"{product.path.name}: permittedRevisions: each step has from (a version), reasonNl and reasonEn; "
                f"found {', '.join(sorted(step))}"
            )
        if str(step["from"]) == version:
            return {"reason_nl": str(step["reasonNl"]), "reason_en": str(step["reasonEn"])}
    return None


def figure_columns(contract: Contract) -> tuple[str, ...]:
    """The columns that hold figures: numbers that are neither key nor provenance."""
    return tuple(
        column.name
        for column in contract.columns
        if column.logical_type == "number" and column.name not in contract.primary_key and not column.provenance
    )


def holds_figures(contract: Contract) -> bool:
    """Whether a table publishes figures that somebody quotes, and not what we conclude from them."""
    return bool(figure_columns(contract)) and not contract.get("rowsMayVanish")


def figure_changes(changes: pa.Table, contract: Contract) -> pa.Table:
    """The rows of `changes` in which a figure of this table, or the status of a figure, has another value."""
    columns = pa.array([*figure_columns(contract), "obs_status"])
    here = pc.and_(pc.equal(changes["table"], contract.table), pc.equal(changes["change"], "changed"))
    return changes.filter(pc.and_(here, pc.is_in(changes["column"], value_set=columns)))


def _final(changes: pa.Table, contract: Contract) -> pa.Table:
    """Figures that stood with a value and a final status, or in a table without status, and have another value now."""
    found = figure_changes(changes, contract)
    is_final = pc.fill_null(pc.equal(found["old_status"], FINAL_STATUS), "obs_status" not in contract.column_names)
    return found.filter(
        pc.and_(is_final, pc.and_(pc.not_equal(found["column"], "obs_status"), found["old_value"].is_valid()))
    )


def _shown(changes: pa.Table) -> tuple[str, ...]:
    rows = changes.slice(0, EXAMPLES).to_pylist()
    return tuple(
        f"{row['key']} {row['column']} {row['old_value']} -> {row['new_value'] or 'empty'}"
        if row["column"]
        else row["key"]
        for row in rows
    )


def _of_sources(
    final: pa.Table, table: str, policy: RevisionPolicy, old_sources: Mapping[tuple[str, str], int]
) -> Iterator[Objection]:
    """A source that revises more than the share of its own rows, however small it is within the table."""
    named = pc.struct_field(pc.extract_regex(final["key"], pattern='"source": "(?P<source>[^"]*)"'), "source")
    for source in sorted(text for text in pc.unique(named).to_pylist() if text):
        own = final.filter(pc.fill_null(pc.equal(named, source), False))
        revised = len(pc.unique(own["key"]))
        if revised > max(FEW, policy.largest_share * old_sources.get((table, source), 0)):
            yield Objection("final_figures", f"{table}, source {source}", revised, _shown(own))


def _of_rows(
    found: Difference,
    contracts: Mapping[str, Contract],
    policy: RevisionPolicy,
    old_rows: Mapping[str, int],
    old_sources: Mapping[tuple[str, str], int],
) -> Iterator[Objection]:
    for name, contract in contracts.items():
        if name in found.code_lists:
            continue
        if holds_figures(contract):
            final = _final(found.changes, contract)
            revised = len(pc.unique(final["key"]))
            allowed = policy.largest_share * old_rows.get(name, 0) if policy.final_figures == "routine" else 0
            if revised > allowed:
                yield Objection("final_figures", name, revised, _shown(final))
            elif policy.final_figures == "routine":
                yield from _of_sources(final, name, policy, old_sources)
        if policy.vanished_rows == "ask" and not contract.get("rowsMayVanish"):
            gone = pc.and_(pc.equal(found.changes["table"], name), pc.equal(found.changes["change"], "removed"))
            # a row that said that nothing could be given yet goes when the figure comes, or waits in another year
            waited = pc.fill_null(pc.equal(found.changes["old_status"], AWAITED_STATUS), False)
            vanished = found.changes.filter(pc.and_(gone, pc.invert(waited)))
            if vanished.num_rows:
                yield Objection("vanished_rows", name, vanished.num_rows, _shown(vanished))


def _of_schema(found: Difference, announced: Mapping[str, datetime], released_at: datetime) -> Iterator[Objection]:
    going = [(table, "") for table in found.schema.tables_removed if not table.startswith("codelist-")]
    going += [(change.table, change.field) for change in found.schema.fields if change.event == "removed"]
    for table, column in going:
        name = f"{table}/{column}" if column else table
        since = announced.get(name)
        if since is None or released_at - since < NOTICE:
            when = (
                f"announced only on {since:%Y-%m-%d}"
                if since
                else "never marked deprecatedNl, deprecatedEn in a release"
            )
            yield Objection("unannounced", table, 1, (f"{column or 'the whole table'} ({when})",))


def objections(
    product: Product,
    found: Difference,
    contracts: Mapping[str, Contract],
    *,
    old_rows: Mapping[str, int],
    announced: Mapping[str, datetime],
    released_at: datetime,
    old_sources: Mapping[tuple[str, str], int] | None = None,
) -> tuple[Objection, ...]:
    """What in a difference the standing policy of the contract does not permit.

    `old_rows` counts the rows of each table in the last release, `old_sources` those of each source in a table;
    `announced` says since when a table (`observations`)
    or column (`observations/flags`) has been marked as deprecated in releases.
    """
    policy = read_policy(product)
    return (
        *_of_rows(found, contracts, policy, old_rows, old_sources or {}),
        *_of_schema(found, announced, released_at),
    )


def marked_deprecated(descriptor: Mapping[str, Any]) -> set[str]:
    """Tables and columns that a release announces will go."""
    found = set()
    for resource in descriptor.get("resources", ()):
        if resource.get("upv:deprecatedNl"):
            found.add(str(resource["name"]))
        for described in resource.get("schema", {}).get("fields", ()):
            if described.get("upv:deprecatedNl"):
                found.add(f"{resource['name']}/{described['name']}")
    return found

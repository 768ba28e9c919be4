"""What the steward sees of a table in the Dagster UI: column schema, row count, preview, and the audit in words.

Belongs here: turning contracts and verdicts into Dagster's metadata and checks.
Does not belong here: computing anything.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import dagster as dg

from contracts.contract import Contract

if TYPE_CHECKING:
    import pyarrow as pa

    from assets.table_store import Standing
    from contracts.verdict import CheckResult

OWNERS = ["team:data-stewards"]
BLOCKING_CHECK = "contract"
WARNING_CHECK = "contract_warnings"
PREVIEW_ROWS = 8


def check_specs(key: Sequence[str], contract: Contract) -> list[dg.AssetCheckSpec]:
    """Two checks a table: rules that block, and rules that are published as a caveat."""
    blocking = sum(rule.severity == "error" for rule in contract.rules) + len(contract.columns)
    caveats = len(contract.rules) + len(contract.columns) - blocking
    return [
        dg.AssetCheckSpec(
            BLOCKING_CHECK,
            asset=dg.AssetKey(list(key)),
            blocking=True,
            description=(
                f"{blocking} rules of the contract {contract.id} {contract.version}. "
                "If one fails, the table is refused and the last one stands."
            ),
        ),
        dg.AssetCheckSpec(
            WARNING_CHECK,
            asset=dg.AssetKey(list(key)),
            description=(
                f"{caveats} rules of the contract {contract.id} {contract.version} that do not block: "
                "what fails is published with the caveat shown."
            ),
        ),
    ]


def column_schema(contract: Contract) -> dg.TableSchema:
    """The columns of a contract as the UI shows them."""
    columns = []
    for column in contract.columns:
        other = [f"codes: {column.code_list}"] if column.code_list else []
        other += [f"unit: {column.unit}"] if column.unit else []
        other += [f"key {column.key_position}"] if column.key_position else []
        columns.append(
            dg.TableColumn(
                column.name,
                column.logical_type,
                f"{column.title_nl}. {column.description_nl}",
                constraints=dg.TableColumnConstraints(nullable=not column.required, unique=column.unique, other=other),
            )
        )
    return dg.TableSchema(columns)


def definition_metadata(contract: Contract) -> dict[str, Any]:
    """What is known of a table before it is made."""
    found: dict[str, Any] = {
        "dagster/column_schema": column_schema(contract),
        "one row is": contract.granularity_nl,
        "contract": dg.MetadataValue.md(f"`{contract.path.name}` {contract.version}"),
    }
    if contract.get("homepage"):
        found["source page"] = dg.MetadataValue.url(str(contract.get("homepage")))
        found["licence"] = str(contract.get("licence"))
    return found


def markdown_table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A table in Markdown; `|` and line breaks in a cell cannot break it."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for row in rows:
        cells = ["" if cell is None else str(cell).replace("|", "\\|").replace("\n", " ")[:120] for cell in row]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def preview(table: "pa.Table") -> dg.MetadataValue:
    """The first rows as a Markdown table; `|` and line breaks are kept from breaking it."""
    names = table.column_names
    rows = [[row[name] for name in names] for row in table.slice(0, PREVIEW_ROWS).to_pylist()]
    return dg.MetadataValue.md(markdown_table(names, rows))


def standing_metadata(standing: "Standing", unchanged: bool) -> dict[str, Any]:
    """Row count and identity of the table that stands."""
    found: dict[str, Any] = {
        "dagster/row_count": standing.rows,
        "made tonight": not unchanged,
        "sha256": standing.sha256,
        "exact duplicates left out": standing.exact_duplicates,
    }
    found.update({name.replace("_", " "): value for name, value in standing.facts})
    return found


def check_results(
    checks: Sequence["CheckResult"], messages: Mapping[str, Sequence[str]]
) -> Iterator[dg.AssetCheckResult]:
    """The two check results of a table; `messages` are the failures in words, per severity."""
    blocking = [c for c in checks if c.severity == "error"]
    broken = [c for c in blocking if not c.passed]
    yield dg.AssetCheckResult(
        check_name=BLOCKING_CHECK,
        passed=not broken,
        severity=dg.AssetCheckSeverity.ERROR,
        metadata=_check_metadata(blocking, messages.get("error", ())),
        description="; ".join(messages.get("error", ()))[:1000] or f"All {len(blocking)} rules hold.",
    )
    caveats = [c for c in checks if c.severity != "error"]
    failed = [c for c in caveats if not c.passed]
    said = [*messages.get("warning", ()), *messages.get("info", ())]
    yield dg.AssetCheckResult(
        check_name=WARNING_CHECK,
        passed=not failed,
        severity=dg.AssetCheckSeverity.WARN,
        metadata=_check_metadata(caveats, said),
        description="; ".join(said)[:1000] or f"All {len(caveats)} rules hold.",
    )


def _check_metadata(checks: Sequence["CheckResult"], messages: Sequence[str]) -> dict[str, Any]:
    lines = ["| rule | expects | outcome |", "|---|---|---|"]
    for check in sorted(checks, key=lambda c: (c.passed, c.key)):
        outcome = "holds" if check.passed else f"**{check.failing} rows differ**"
        expected = check.expected.replace("|", "\\|")
        lines.append(f"| `{check.key}` | {expected[:120]} | {outcome} |")
    found: dict[str, Any] = {
        "rules": len(checks),
        "rules broken": sum(not c.passed for c in checks),
        "every rule": dg.MetadataValue.md("\n".join(lines)),
    }
    if messages:
        found["what is wrong"] = dg.MetadataValue.md("\n".join(f"- {m}" for m in messages[:20]))
    return found

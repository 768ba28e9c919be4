"""The outcome of an audit, and the words in which both audits give it: keys, samples, what was found.

Here: `Offence`, `CheckResult`, `Verdict`, and what `audit.py` and `parquet_audit.py` must say alike.
Not here: how a rule is held against rows (those two and `table_rules.py`), or what a run does with a refusal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from contracts.arrow import ColumnsDiffer
from contracts.contract_model import Contract, Rule, Severity
from contracts.rule_words import Language

SAMPLE_ROWS = 5


@dataclass(frozen=True)
class Offence:
    """One row that breaks a rule: its key as `column=value` words, and what was found."""

    key: str
    found: str


@dataclass(frozen=True)
class CheckResult:
    """One rule held against one table. `failing` counts rows, or groups for a rule over groups."""

    key: str
    kind: str
    severity: Severity
    passed: bool
    failing: int
    expected: str
    sample: tuple[Offence, ...] = ()

    def message(self, table: str, column: str) -> str:
        """The failure in the reader's words: table, column, key, expected, found."""
        where = f"table {table}, column {column}" if column else f"table {table}"
        if not self.sample:
            return f"{where}: expected {self.expected}; found {self.failing} that differ"
        first = self.sample[0]
        more = f" (and {self.failing - 1} more)" if self.failing > 1 else ""
        at = f", row {first.key}" if first.key else ""
        return f"{where}{at}: expected {self.expected}, found {first.found}{more}"


@dataclass(frozen=True)
class Verdict:
    """The outcome of an audit. rows_in = rows_accepted + rows_refused + exact_duplicates, always.

    `accepted` is typed as the contract says; `refused` has the same columns as text plus `refused_by` (rule keys).
    """

    table: str
    contract_version: str
    rows_in: int
    rows_accepted: int
    rows_refused: int
    exact_duplicates: int
    checks: tuple[CheckResult, ...]
    columns_of: tuple[tuple[str, str], ...]
    usable: bool
    accepted: pa.Table | None
    refused: pa.Table | None

    def failed(self, severity: Severity) -> tuple[CheckResult, ...]:
        """Rules of one severity that do not hold."""
        return tuple(c for c in self.checks if not c.passed and c.severity == severity)

    def messages(self, severity: Severity) -> tuple[str, ...]:
        """The failures of one severity, in the reader's words."""
        names = dict(self.columns_of)
        return tuple(c.message(self.table, names.get(c.key, "")) for c in self.failed(severity))


def type_key(contract: Contract, column: str) -> str:
    """The key of the rule that a column can be read as its type."""
    return f"{contract.table}__{column.lower().replace(' ', '_')}__type"


def reading_key(contract: Contract, rule: str) -> str:
    """The key of a rule that a row broke while its file was read, such as `formula_cell`."""
    return f"{contract.table}__row__{rule}"


def columns_of(contract: Contract) -> tuple[tuple[str, str], ...]:
    """The columns that each rule speaks of, by the key of the rule."""
    pairs = [(rule.key, ", ".join(rule.columns)) for rule in contract.rules]
    pairs += [(type_key(contract, c.name), c.name) for c in contract.columns]
    return tuple(pairs)


def is_usable(contract: Contract, checks: Sequence[CheckResult], refused: int, rows: int) -> bool:
    """Whether the rows that were not refused may be used: no rule over the whole table stops it, and few enough are
    refused."""
    whole = {rule.key for rule in contract.rules if not rule.per_row and rule.severity == "error"}
    stopped = any(not check.passed and check.key in whole for check in checks)
    return not stopped and (refused / rows if rows else 0.0) <= contract.quarantine_threshold


def refused_whole(contract: Contract, table: pa.Table, error: ColumnsDiffer) -> Verdict:
    """The verdict on a table whose columns are not the contract's: nothing of it is used."""
    checks = []
    for kind, names in (("missing", error.missing), ("unknown", error.unknown)):
        for name in names:
            expected = f"the column {name}" if kind == "missing" else "only columns of the contract"
            found = f"the columns {', '.join(table.column_names)}" if kind == "missing" else f"the column {name}"
            key = f"{contract.table}__{name.lower().replace(' ', '_')}__{kind}"
            checks.append(CheckResult(key, "columns", "error", False, 1, expected, (Offence("", found),)))
    refused = table.append_column("refused_by", pa.array([checks[0].key] * table.num_rows, pa.string()))
    named = (*error.missing, *error.unknown)
    columns_of = tuple((check.key, name) for check, name in zip(checks, named, strict=True))
    return Verdict(
        contract.table, contract.version, table.num_rows, 0, table.num_rows, 0, tuple(checks), columns_of, False, None,
        refused,
    )  # fmt: skip


def as_text(table: pa.Table) -> pa.Table:
    """The same table with every column as text."""
    return pa.table({name: table.column(name).cast(pa.string()) for name in table.column_names})


def first_offences(offences: Sequence[Offence]) -> tuple[Offence, ...]:
    """The first few by key, each once: the same ones whichever way the table was read."""
    return tuple(sorted(set(offences), key=lambda o: (o.key, o.found))[:SAMPLE_ROWS])


def word(value: Any, language: Language = "en") -> str:
    """A cell in a message: text in quotes and on one line, so that a space or a line break shows."""
    if value is None or value == "":
        return "nothing" if language == "en" else "niets"
    if isinstance(value, str):
        return "'" + value.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t") + "'"
    return str(value).lower() if isinstance(value, bool) else str(value)


def found_words(rule: Rule, values: Sequence[Any], language: Language = "en") -> str:
    """What was found in a row that breaks `rule`; `values` are those of the rule's columns."""
    if rule.kind in ("primaryKey", "unique"):
        return "more than one row with it" if language == "en" else "meer dan één rij ermee"
    if len(values) == 1:
        return word(values[0], language)
    found = [f"{name} {word(value, language)}" for name, value in zip(rule.columns, values, strict=True)]
    if rule.kind == "partsNotAbove":
        # the sum is what offends, not each of its parts
        end = 1 + len(rule.argument("parts"))
        total = sum(float(value) for value in values[1:end] if value not in (None, ""))
        found[1:end] = [f"{'parts together' if language == 'en' else 'delen samen'} {total:.12g}"]
    return ", ".join(found)

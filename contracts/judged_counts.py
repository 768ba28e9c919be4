"""Counts of offending rows -> checks: Great Expectations judges each count, and a rule that failed gets its sample.

Here: what the audit of a large file and that of delivered rows have in common.
Not here: the counting (`parquet_audit.py`, `row_audit.py`), rules over the whole table (`table_rules.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from contracts.arrow import EXPECTED_TYPE
from contracts.contract_model import Column, Contract, Rule
from contracts.rule_words import expected_words
from contracts.verdict import CheckResult, Offence, type_key


def judged_checks(
    contract: Contract, counts: Mapping[str, int], sample: Callable[[Column | Rule], tuple[Offence, ...]]
) -> list[CheckResult]:
    """Types first, then the rules per row in the contract's order; `counts` holds rows that offend by the key of a
    rule, and of the types that could be wrong. `sample` is asked only of what failed."""
    from contracts.expectations import judge_metrics

    rules = [rule for rule in contract.rules if rule.per_row]
    severities: dict[str, str] = dict.fromkeys(counts, "error") | {rule.key: rule.severity for rule in rules}
    judged = judge_metrics(counts, dict.fromkeys(counts, (0, 0)), severities)
    checks = []
    for column in contract.columns:
        key = type_key(contract, column.name)
        passed = judged.get(key, True)
        expected = EXPECTED_TYPE[column.logical_type]
        found = () if passed else sample(column)
        checks.append(CheckResult(key, "type", "error", passed, counts.get(key, 0), expected, found))
    for rule in rules:
        passed = judged[rule.key]
        found = () if passed else sample(rule)
        checks.append(
            CheckResult(rule.key, rule.kind, rule.severity, passed, counts[rule.key], expected_words(rule), found)
        )
    return checks

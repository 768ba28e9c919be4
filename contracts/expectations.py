"""Contract -> Great Expectations suite, and the judgement of a table or of its metrics by that suite.

The only module that imports great_expectations, inside the functions: the import costs 4 to 8 seconds and 200 MB,
which a night without changes does not pay. One context serves the whole process.
Not here: what happens to a row that fails (`audit.py`).
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from contracts.contract_model import Rule

if TYPE_CHECKING:
    import pandas as pd

ROW_NUMBER = "__row"

# Great Expectations' own severities; ours carry the ODCS words.
GX_SEVERITY = {"error": "critical", "warning": "warning", "info": "info"}


@dataclass(frozen=True)
class Finding:
    """What the suite says of one rule: passed or not, and for a rule per row the numbers of the rows that offend."""

    passed: bool
    rows: tuple[int, ...] = ()


class SuiteError(RuntimeError):
    """Great Expectations could not evaluate a rule; the message names the rule."""


@cache
def _batch_definition() -> Any:
    """One ephemeral context, without telemetry or progress bars, for the life of the process."""
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    asset = context.data_sources.add_pandas("ketenmonitor").add_dataframe_asset("table")
    return asset.add_batch_definition_whole_dataframe("whole")


def expectation(rule: Rule, by_mark: bool = False) -> Any:
    """One rule per row as an expectation on the table itself.

    Rules that Great Expectations has no word for are judged on a helper column named after the rule's key, in which 1
    marks a row that offends; so are others when `by_mark`.
    """
    import great_expectations.expectations as gxe

    common: dict[str, Any] = {"severity": GX_SEVERITY[rule.severity], "meta": {"key": rule.key}}
    limit = rule.argument("limit")
    if by_mark:
        return gxe.ExpectColumnValuesToBeInSet(column=rule.key, value_set=[0], **common)
    column = rule.columns[0]
    match rule.kind:
        case "required":
            return gxe.ExpectColumnValuesToNotBeNull(column=column, **common)
        case "unique":
            return gxe.ExpectColumnValuesToBeUnique(column=column, **common)
        case "primaryKey" if len(rule.columns) == 1:
            return gxe.ExpectColumnValuesToBeUnique(column=column, **common)
        case "primaryKey":
            # a key with a hole is the business of `required`
            return gxe.ExpectCompoundColumnsToBeUnique(
                column_list=list(rule.columns), ignore_row_if="any_value_is_missing", **common
            )
        case "minimum":
            return gxe.ExpectColumnValuesToBeBetween(column=column, min_value=limit, **common)
        case "maximum":
            return gxe.ExpectColumnValuesToBeBetween(column=column, max_value=limit, **common)
        case "exclusiveMinimum":
            return gxe.ExpectColumnValuesToBeBetween(column=column, min_value=limit, strict_min=True, **common)
        case "exclusiveMaximum":
            return gxe.ExpectColumnValuesToBeBetween(column=column, max_value=limit, strict_max=True, **common)
        case "minLength":
            return gxe.ExpectColumnValueLengthsToBeBetween(column=column, min_value=limit, **common)
        case "maxLength":
            return gxe.ExpectColumnValueLengthsToBeBetween(column=column, max_value=limit, **common)
        case "pattern":
            # \Z: no line break after the match
            return gxe.ExpectColumnValuesToMatchRegex(column=column, regex=rf"^(?:{limit})\Z", **common)
        case "codeList" | "validValues":
            return gxe.ExpectColumnValuesToBeInSet(
                column=column, value_set=list(rule.argument("validValues")), **common
            )
        case _:
            return expectation(rule, by_mark=True)


def _validate(frame: pd.DataFrame, expectations: Sequence[Any], result_format: Mapping[str, Any]) -> dict[str, Any]:
    import great_expectations as gx

    suite = gx.ExpectationSuite(name="contract", expectations=list(expectations))
    batch = _batch_definition().get_batch(batch_parameters={"dataframe": frame})
    results = {}
    with warnings.catch_warnings():
        # a pattern with a group is meant: nothing is extracted with it
        warnings.filterwarnings("ignore", message="This pattern is interpreted as a regular expression")
        validated = batch.validate(suite, result_format=dict(result_format))
    for result in validated.results:
        key = result.expectation_config.meta["key"]
        if result.exception_info.get("raised_exception") or any(
            isinstance(value, dict) and value.get("raised_exception") for value in result.exception_info.values()
        ):
            raise SuiteError(f"rule {key} could not be evaluated: {result.exception_info}")
        results[key] = result
    return results


def judge_rows(frame: pd.DataFrame, rules: Sequence[Rule]) -> dict[str, Finding]:
    """Holds every rule per row against a frame, first for yes or no, then in detail only where a rule failed.

    `frame` has the columns that the rules need (int64, float64 and str only: anything else is slow or misread), the
    helper columns of `expectation`, and the row number in `__row`. Returns a Finding per rule key.
    """
    if not rules:
        return {}
    # one expectation per rule, in one suite; the boolean pass costs half of the detailed one
    made = {rule.key: expectation(rule, by_mark=rule.key in frame.columns) for rule in rules}
    first = _validate(frame, list(made.values()), {"result_format": "BOOLEAN_ONLY"})
    failed = [key for key, result in first.items() if not result.success]
    findings = {key: Finding(True) for key in made}
    if failed:
        detail = _validate(
            frame,
            [made[key] for key in failed],
            {"result_format": "COMPLETE", "unexpected_index_column_names": [ROW_NUMBER]},
        )
        for key, result in detail.items():
            rows = sorted({int(entry[ROW_NUMBER]) for entry in result.result.get("unexpected_index_list") or ()})
            findings[key] = Finding(False, tuple(rows))
    return findings


def judge_metrics(
    metrics: Mapping[str, float], bounds: Mapping[str, tuple[float | None, float | None]], severities: Mapping[str, str]
) -> dict[str, bool]:
    """Judges one row of metrics (a number per rule key) against their bounds. Returns passed or not per key."""
    if not bounds:
        return {}
    import great_expectations.expectations as gxe
    import pandas as pd

    outside = [_outside(float(metrics[key]), *bounds[key]) for key in bounds]
    # one expectation over all metrics first: a rule each costs 3 ms a rule, and nearly always all is well
    every = gxe.ExpectColumnValuesToBeBetween(column="outside", min_value=0, max_value=0, meta={"key": "all"})
    whole = _validate(pd.DataFrame({"outside": outside}), [every], {"result_format": "BOOLEAN_ONLY"})
    if whole["all"].success:
        return dict.fromkeys(bounds, True)
    frame = pd.DataFrame({key: [float(metrics[key])] for key in bounds})
    made = [
        gxe.ExpectColumnValuesToBeBetween(
            column=key, min_value=low, max_value=high, severity=GX_SEVERITY[severities[key]], meta={"key": key}
        )
        for key, (low, high) in bounds.items()
    ]
    return {
        key: bool(result.success) for key, result in _validate(frame, made, {"result_format": "BOOLEAN_ONLY"}).items()
    }


def _outside(value: float, low: float | None, high: float | None) -> float:
    """How far a metric lies outside its bounds; 0 inside."""
    below = low - value if low is not None else 0.0
    above = value - high if high is not None else 0.0
    return max(below, above, 0.0)

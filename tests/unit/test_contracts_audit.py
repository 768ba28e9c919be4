"""What an audit refuses, counts and says; and that a small and a large table get the same verdict."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts import audit as audit_module
from contracts import parquet_pass
from contracts.arrow import arrow_schema
from contracts.audit import audit
from contracts.contract import Contract
from contracts.parquet_audit import audit_parquet
from contracts.verdict import Verdict
from tests.contract_examples import column, custom_rule, example, key

COLUMNS = (
    key("geo")
    + key("year", "integer", 2)
    + column("value", "number", "logicalTypeOptions: {minimum: 0}")
    + column("status", "string", custom="{property: codeList, value: obs_status}")
    + column("flags", "string", "logicalTypeOptions: {pattern: '[bep]+'}")
    + column("note", "string", "quality: [{metric: nullValues, mustBe: 0, severity: warning}]")
)
RULES = custom_rule("says_why", "rule: emptyExactlyWhen, column: value, other: status, values: [L]") + custom_rule(
    "few_gone", "rule: keysOfPrevious", "warning"
)
NAMES = ("geo", "year", "value", "status", "flags", "note")
Row = tuple[Any, ...]
GOOD: Row = ("NL", 2020, 1.0, "A", "b", "n")
TYPES = pa.schema(
    [
        ("geo", pa.string()),
        ("year", pa.int64()),
        ("value", pa.float64()),
        ("status", pa.string()),
        ("flags", pa.string()),
        ("note", pa.string()),
    ]
)


@cache
def contract(threshold: float = 0.0, rules: str = RULES) -> Contract:
    folder = Path(tempfile.mkdtemp())
    return example(folder, COLUMNS, rules, threshold)


def typed(*rows: Row) -> pa.Table:
    return pa.Table.from_pylist([dict(zip(NAMES, row, strict=True)) for row in rows], schema=TYPES)


def text(*rows: Row) -> pa.Table:
    cells = zip(*([None if cell is None else str(cell) for cell in row] for row in rows), strict=True)
    return pa.table({name: pa.array(values, pa.string()) for name, values in zip(NAMES, cells, strict=True)})


def good(
    geo: str = "NL", year: int = 2020, value: float | None = 1.0, status: str = "A", note: str | None = "n"
) -> Row:
    return (geo, year, value, status, "b", note)


def large(table: pa.Table, held: Contract, folder: Path, previous: pa.Table | None = None) -> Verdict:
    path = folder / "example.parquet"
    pq.write_table(table, path, store_schema=False)
    return audit_parquet(path, held, previous=previous)


def facts(verdict: Verdict) -> tuple[Any, ...]:
    # a small table keeps refused rows as they came, in which an empty text may stand for nothing
    rows = [] if verdict.refused is None else verdict.refused.to_pylist()
    refused = {tuple(cell or None for cell in row.values()) for row in rows}
    counted = (verdict.rows_in, verdict.rows_accepted, verdict.rows_refused, verdict.exact_duplicates, verdict.usable)
    return counted, verdict.checks, verdict.messages("error"), verdict.messages("warning"), refused


FAULTY: dict[str, tuple[Row, ...]] = {
    "none": (good(), good(year=2021)),
    "no rows": (),
    "a negative mass": (good(), good(year=2021, value=-5.0)),
    "an unknown code": (good(), good(year=2021, status="?")),
    "an unknown flag": (good(), ("NL", 2021, 1.0, "A", "bx", "n")),
    "a value without status": (good(), good(year=2021, value=None)),
    "an empty text": (good(), ("", 2021, 1.0, "A", "", "")),
    "an empty text in a key twice": (("", 2021, 1.0, "A", "b", "n"), ("", 2021, 2.0, "A", "b", "n")),
    "no key at all twice": ((None, None, 1.0, "A", "b", "n"), (None, None, 2.0, "A", "b", "n")),
    "half a key twice": ((None, 2020, 1.0, "A", "b", "n"), (None, 2020, 2.0, "A", "b", "n"), good()),
    "a row twice": (good(), good(), good(year=2021)),
    "a row without key thrice": ((None, 2020, 1.0, "A", "b", "n"),) * 3,
    "a key with two values": (good(), good(value=2.0), good(year=2021)),
    "a key with two values, one twice": (good(), good(value=2.0), good(value=2.0), good(year=2021)),
    "a warning": (good(note=None), good(year=2021)),
    "more offences than a message shows": tuple(good(year=2000 + n, value=-1.0 - n) for n in range(20)),
    "no number": (good(value=float("nan")), good(year=2021, value=float("inf")), good(year=2022)),
    "no number twice": (good(value=float("nan")), good(value=float("nan")), good(year=2022)),
    "odd text": (("it's\n\"so\"", 2020, 1.0, "A", "b", "n"), ("a b=c", 2020, -1.0, "A", "b", "n")),
    "everything at once": (
        good(), good(), good(value=3.0), good(year=2021, value=-1.0, status="?"), good(year=2022, value=None),
        ("", 2023, 1.0, "A", "bx", None), ("BE", None, float("inf"), "L", None, None), ("BE", 2020, None, "L", "", "n"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTY)
def test_a_small_and_a_large_table_get_the_same_verdict(fault: str, tmp_path: Path) -> None:
    table, held, standing = typed(*FAULTY[fault]), contract(0.5), typed(good(), good("DE"))
    small = audit(table, held, previous=standing)
    assert facts(large(table, held, tmp_path, standing)) == facts(small)
    assert small.rows_in == small.rows_accepted + small.rows_refused + small.exact_duplicates


def test_the_same_verdict_comes_without_the_cheap_pass(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """More texts than the cheap pass takes, or more rows: DuckDB counts, and the verdict is the same."""
    table = typed(*FAULTY["everything at once"])
    expected = facts(audit(table, contract(0.5)))
    monkeypatch.setattr(parquet_pass, "MOST_VALUES", 0)
    monkeypatch.setattr(parquet_pass, "MOST_KEY_ROWS", 0)
    assert facts(large(table, contract(0.5), tmp_path)) == expected


def test_the_cheap_pass_carries_over_from_batch_to_batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet_pass, "BATCH_ROWS", 2)
    for fault in ("more offences than a message shows", "everything at once"):
        table = typed(*FAULTY[fault])
        assert facts(large(table, contract(0.5), tmp_path)) == facts(audit(table, contract(0.5)))


def test_a_sound_large_table_needs_no_second_look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything about clean rows is told by the cheap pass: DuckDB is asked nothing about the file."""
    known: list[dict[str, int]] = []
    before = parquet_pass.offending_rows

    def noted(*arguments: Any) -> tuple[dict[str, int], set[str]]:
        known.append(before(*arguments)[0])
        return before(*arguments)

    monkeypatch.setattr(parquet_pass, "offending_rows", noted)
    assert large(typed(good(), good(year=2021)), contract(), tmp_path).usable
    assert known == [dict.fromkeys((rule.key for rule in contract().rules if rule.per_row), 0)]


cells = st.tuples(
    st.sampled_from(["NL", "BE", "", None]),
    st.sampled_from([2020, 2021, None]),
    st.sampled_from([1.0, -1.0, 0.0, None]),
    st.sampled_from(["A", "L", "?", None]),
    st.sampled_from(["b", "x", None]),
    st.sampled_from(["n", None]),
)


@settings(max_examples=10, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(rows=st.lists(cells, max_size=12))
def test_every_row_is_accepted_refused_or_a_repetition_and_accepted_rows_pass_again(rows: list[Row]) -> None:
    held = contract(1.0)
    verdict = audit(typed(*rows), held)
    assert len(rows) == verdict.rows_accepted + verdict.rows_refused + verdict.exact_duplicates
    assert (verdict.refused.num_rows if verdict.refused is not None else 0) == verdict.rows_refused
    assert verdict.accepted is not None
    again = audit(verdict.accepted, held)
    assert again.failed("error") == ()
    assert (again.rows_accepted, again.exact_duplicates) == (verdict.rows_accepted, 0)
    with tempfile.TemporaryDirectory() as folder:
        assert facts(large(typed(*rows), held, Path(folder))) == facts(verdict)


def test_a_warning_does_not_stop_a_table() -> None:
    verdict = audit(typed(good(note=None)), contract())
    assert [check.key for check in verdict.failed("warning")] == ["example__note__nullvalues"]
    assert (verdict.usable, verdict.rows_refused) == (True, 0)


@pytest.mark.parametrize(("threshold", "usable"), [(0.0, False), (0.24, False), (0.25, True), (1.0, True)])
def test_the_share_of_refused_rows_decides_whether_the_rest_is_used(threshold: float, usable: bool) -> None:
    rows = [good(year=2020 + n) for n in range(3)] + [good(year=2030, value=-1.0)]
    verdict = audit(typed(*rows), contract(threshold))
    assert (verdict.usable, verdict.rows_refused) == (usable, 1)
    assert (verdict.accepted.num_rows if verdict.accepted is not None else None) == (3 if usable else None)


def test_a_row_handed_in_twice_counts_once_and_two_values_for_a_key_are_both_refused() -> None:
    verdict = audit(typed(good(), good(), good(year=2021), good(year=2021, value=2.0)), contract(1.0))
    assert (verdict.exact_duplicates, verdict.rows_accepted, verdict.rows_refused) == (1, 1, 2)
    assert verdict.refused is not None
    assert verdict.refused.column("refused_by").to_pylist() == ["example__key__unique"] * 2


def test_whole_numbers_that_a_float_confuses_are_not_the_same_row(tmp_path: Path) -> None:
    held = example(tmp_path, key() + column("c", "integer"), threshold=1.0)
    rows = pa.table({"k": ["a", "a", "b"], "c": pa.array([2**53, 2**53 + 1, None], pa.int64())})
    assert (audit(rows, held).exact_duplicates, audit(rows, held).rows_refused) == (0, 2)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda table: table.drop_columns(["value"]),
            "table example, column value: expected the column value, found the columns geo, year, status, flags, note",
        ),
        (
            lambda table: table.append_column("extra", pa.array(["x"])),
            "table example, column extra: expected only columns of the contract, found the column extra",
        ),
    ],
)
def test_a_missing_or_unknown_column_refuses_the_whole_table(change: Any, message: str, tmp_path: Path) -> None:
    table = change(typed(good()))
    for verdict in (audit(table, contract(1.0)), large(table, contract(1.0), tmp_path)):
        assert (verdict.usable, verdict.rows_in, verdict.rows_refused) == (False, 1, 1)
        assert verdict.messages("error") == (message,)


MESSAGES: dict[str, tuple[Row, str]] = {
    "a text in a number column": (
        ("NL", 2020, "n/a", "A", "b", "n"),
        "table example, column value, row geo=NL year=2020: expected a number with a decimal point, found 'n/a'",
    ),
    "a negative mass": (
        ("NL", 2020, "-5", "A", "b", "n"),
        "table example, column value, row geo=NL year=2020: expected at least 0, found '-5'",
    ),
    "an unknown code": (
        ("NL", 2020, "5", "Y", "b", "n"),
        "table example, column status, row geo=NL year=2020: expected a code of the list obs_status, found 'Y'",
    ),
    "an unknown flag": (
        ("NL", 2020, "5", "A", "bX", "n"),
        "table example, column flags, row geo=NL year=2020: expected text of the form [bep]+, found 'bX'",
    ),
    "an empty key": (
        ("", 2020, "5", "A", "b", "n"),
        "table example, column geo, row geo= year=2020: expected a value, found nothing",
    ),
    "a value without status": (
        ("NL", 2020, "", "A", "b", "n"),
        "table example, column value, status, row geo=NL year=2020: expected no value exactly when status is one of L, "
        "found value nothing, status 'A'",
    ),
}


@pytest.mark.parametrize("fault", MESSAGES)
def test_a_message_names_table_column_key_expected_and_found(fault: str) -> None:
    row, message = MESSAGES[fault]
    verdict = audit(text(row, ("BE", 2020, "5", "A", "b", "n")), contract())
    assert verdict.messages("error") == (message,)
    assert verdict.refused is not None
    # the refused row is kept as it was handed in
    assert verdict.refused.to_pylist()[0]["value"] == row[2]


def test_a_message_says_how_many_more_there_are() -> None:
    verdict = audit(typed(*(good(year=2000 + n, value=-1.0) for n in range(7))), contract())
    assert verdict.messages("error")[0].endswith("row geo=NL year=2000: expected at least 0, found -1.0 (and 6 more)")


@pytest.mark.parametrize(
    "cell", ["NaN", "nan", "inf", "-Infinity", "1_000", "0x10", "1,5", "1.000,5", " 1", "1 ", "１"]
)
def test_what_only_looks_like_a_number_is_refused(cell: str) -> None:
    verdict = audit(text(("NL", 2020, cell, "A", "b", "n")), contract())
    assert [check.key for check in verdict.failed("error")] == ["example__value__type"]
    assert verdict.failed("error")[0].sample[0].found == f"'{cell}'"


@pytest.mark.parametrize(
    ("year", "value", "read"),
    [
        ("+2020", "+1.5", (2020, 1.5)),
        ("123456789012345678", "1e-300", (123456789012345678, 1e-300)),
        ("007", ".5", (7, 0.5)),
    ],
)
def test_a_plus_leading_zeros_and_eighteen_digits_are_read(year: str, value: str, read: tuple[int, float]) -> None:
    verdict = audit(text(("NL", year, value, "A", "b", "n")), contract())
    assert verdict.accepted is not None, verdict.messages("error")
    row = verdict.accepted.to_pylist()[0]
    assert (row["year"], row["value"]) == read


def test_more_digits_than_a_whole_number_holds_are_refused_and_not_bent() -> None:
    verdict = audit(text(("NL", "9" * 19, "1", "A", "b", "n")), contract())
    assert [check.key for check in verdict.failed("error")] == ["example__year__type"]


def test_columns_without_any_value_pass_whatever_their_type(tmp_path: Path) -> None:
    """All rules but `required` let an empty cell through, also when pandas cannot tell of which type nothing is."""
    kinds = ("string", "integer", "number", "boolean", "date", "timestamp")
    bounds = "logicalTypeOptions: {minimum: 1, maximum: 2}"
    options = {"string": "logicalTypeOptions: {pattern: a, minLength: 1}", "integer": bounds, "number": bounds}
    columns = key() + "".join(
        column(kind, kind, "unique: true, " + options.get(kind, "description: x")) for kind in kinds
    )
    held = example(tmp_path, columns)
    for schema in (arrow_schema(held), pa.schema([("k", pa.string()), *((kind, pa.null()) for kind in kinds)])):
        rows = pa.Table.from_pylist([{"k": "a"}, {"k": "b"}], schema=schema)
        verdict = audit(rows, held)
        assert (verdict.usable, verdict.failed("error")) == (True, ())
    path_verdict = large(pa.Table.from_pylist([{"k": "a"}, {"k": "b"}], schema=arrow_schema(held)), held, tmp_path)
    assert path_verdict.usable


def test_a_typed_column_of_another_type_is_not_bent_into_the_contracts() -> None:
    """2 is not true, and 1 is not a moment in 1970: Arrow would make them so."""
    held = contract()
    rows = typed(good())
    years = rows.set_column(1, "year", pa.array([2020.5]))
    assert [check.key for check in audit(years, held).failed("error")] == ["example__year__type"]
    whole = rows.set_column(1, "year", pa.array([2020.0]))
    assert audit(whole, held).usable


@pytest.mark.parametrize(("logical", "value"), [("boolean", 2), ("timestamp", 1), ("date", 1)])
def test_a_whole_number_is_no_truth_value_and_no_moment(logical: str, value: int, tmp_path: Path) -> None:
    held = example(tmp_path, key() + column("c", logical))
    rows = pa.table({"k": ["a"], "c": pa.array([value], pa.int64())})
    for verdict in (audit(rows, held), large(rows, held, tmp_path)):
        assert [check.key for check in verdict.failed("error")] == ["example__c__type"]


def test_an_empty_table_fails_its_row_count_and_nothing_else(tmp_path: Path) -> None:
    held = contract(0.0, "{metric: rowCount, mustBeGreaterOrEqualTo: 1}")
    for verdict in (audit(typed(), held), audit(text(GOOD).slice(0, 0), held), large(typed(), held, tmp_path)):
        assert verdict.messages("error") == ("table example: expected at least 1 rows, found 0 rows",)
        assert (verdict.usable, verdict.rows_in) == (False, 0)


def test_figures_that_vanish_are_a_warning_with_their_keys() -> None:
    verdict = audit(typed(good()), contract(), previous=typed(good(), good("BE"), good("DE")))
    assert verdict.usable
    assert [offence.key for offence in verdict.failed("warning")[0].sample] == ["geo=BE year=2020", "geo=DE year=2020"]


def test_an_edition_from_before_a_change_of_key_is_not_compared() -> None:
    """An audit never breaks on what stands: the earlier edition may have been made by an earlier contract."""
    for standing in (typed(good("BE")).drop_columns(["geo"]), typed(good("BE")).set_column(1, "year", pa.array(["x"]))):
        assert audit(typed(good()), contract(), previous=standing).failed("warning") == ()


@pytest.mark.parametrize("usable", [True, False])
def test_a_table_over_the_limit_is_held_in_one_pass_and_gets_the_same_verdict(
    usable: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [good(year=1990 + n) for n in range(20)] + ([] if usable else [good(value=-1.0, year=2050)])
    row_by_row = audit(text(*rows), contract())
    passes: list[Path] = []
    held = audit_parquet
    monkeypatch.setattr(audit_module, "SMALL_TABLE_ROWS", 10)
    monkeypatch.setattr(audit_module, "audit_parquet", lambda path, *a, **k: passes.append(path) or held(path, *a, **k))
    verdict = audit_module.audit_any(text(*rows), contract())
    assert len(passes) == 1
    assert (verdict.usable, verdict.rows_accepted, verdict.rows_refused) == (usable, 20, len(rows) - 20)
    assert {c.key for c in verdict.failed("error")} == {c.key for c in row_by_row.failed("error")}
    if usable:
        assert verdict.accepted is not None
        assert verdict.accepted.equals(row_by_row.accepted)


@pytest.mark.parametrize("kind", ["date", "timestamp"])
def test_an_empty_optional_moment_is_empty_and_not_unreadable(kind: str, tmp_path: Path) -> None:
    held = example(tmp_path, key("geo") + column("moment", kind), "", 0.0)
    filled = "2026-11-21" if kind == "date" else "2026-11-21T03:00:00Z"
    verdict = audit(pa.table({"geo": ["NL", "BE"], "moment": ["", filled]}), held)
    assert verdict.messages("error") == ()
    assert verdict.accepted is not None
    assert verdict.accepted["moment"].null_count == 1

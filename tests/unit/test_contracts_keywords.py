"""Every keyword that a contract may hold means the same to Arrow with Parquet, Great Expectations and Table Schema."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from contracts.arrow import arrow_schema, cast
from contracts.audit import audit
from contracts.contract import Contract
from contracts.contract_columns import COLUMN_METRICS, LOGICAL_TYPES, TYPE_OPTIONS
from contracts.contract_rules import PREVIOUS_RULES, RULE_ARGUMENTS
from contracts.parquet_audit import audit_parquet
from contracts.table_schema import table_schema
from contracts.verdict import Verdict
from tests.contract_examples import column, custom_rule, example, key

KEY = key()


@dataclass(frozen=True)
class Case:
    """A keyword, a contract that holds it, and the cells of a column (or whole rows) that pass and that fail."""

    keyword: str
    columns: str
    passing: tuple[Any, ...]
    failing: tuple[Any, ...]
    quality: str = ""
    failing_rule: str = ""


def quality(metric: str, arguments: str = "") -> str:
    held = f", arguments: {{{arguments}}}" if arguments else ""
    return f"quality: [{{metric: {metric}{held}, mustBe: 0, severity: error}}]"


def option(name: str, limit: str) -> str:
    return f"logicalTypeOptions: {{{name}: {limit}}}"


# cells of the column `c`; the key `k` counts the rows
CASES = [
    Case("required", column("c", "string", "required: true"), ("a", "b"), ("a", None)),
    Case("required", column("c", "number", "required: true"), (1.5, 2.5), (1.5, None)),
    Case("required", column("c", "boolean", "required: true"), (True, False), (True, None)),
    Case("required", column("c", "date", "required: true"), (date(2024, 2, 29),), (date(2024, 2, 29), None)),
    Case("required", column("c", "timestamp", "required: true"), (datetime(2024, 2, 29, 1, tzinfo=UTC),), (None,)),
    Case("unique", column("c", "string", "unique: true"), ("a", "A", None, None), ("a", "b", "a")),
    Case("unique", column("c", "integer", "unique: true"), (1, 2, None, None), (1, None, 1)),
    Case("unique", column("c", "date", "unique: true"), (date(2024, 1, 1), None), (date(2024, 1, 1),) * 2),
    # two whole numbers that one float64 stands for
    Case("unique", column("c", "integer", "unique: true"), (2**53, 2**53 + 1, None), (2**53, 2**53, None)),
    Case("minimum", column("c", "number", option("minimum", "0")), (0.0, 1e-300, 1e300, None), (0.0, -1e-300)),
    Case("minimum", column("c", "integer", option("minimum", "1960")), (1960, None), (1959,)),
    Case("maximum", column("c", "number", option("maximum", "0.1")), (0.1, -1e300), (0.1, 0.10000000000000002)),
    Case("maximum", column("c", "integer", option("maximum", "2100")), (2100,), (2101, None)),
    Case("exclusiveMinimum", column("c", "number", option("exclusiveMinimum", "0")), (1e-300, None), (0.0,)),
    Case("exclusiveMinimum", column("c", "integer", option("exclusiveMinimum", "0")), (1, None), (0,)),
    Case("exclusiveMaximum", column("c", "number", option("exclusiveMaximum", "100")), (99.99999999999999,), (100.0,)),
    Case("exclusiveMaximum", column("c", "integer", option("exclusiveMaximum", "100")), (99,), (100,)),
    Case("minLength", column("c", "string", option("minLength", "2")), ("ab", "éé", None), ("é",)),
    Case("maxLength", column("c", "string", option("maxLength", "2")), ("ab", "éé", None), ("abc",)),
    Case("pattern", column("c", "string", option("pattern", "'[a-z]\\d'")), ("a1", None), ("a1", "a1 ")),
    # nothing before or after, no digit of another script, both sides of an alternative
    Case("pattern", column("c", "string", option("pattern", "'a\\d'")), ("a1",), ("xa1",)),
    Case("pattern", column("c", "string", option("pattern", "'a[\\d-]'")), ("a1", "a-"), ("a٣",)),
    Case("pattern", column("c", "string", option("pattern", "'ab|cd'")), ("ab", "cd"), ("abd",)),
    Case("pattern", column("c", "string", option("pattern", "'.\"''.'")), ("a\"'b",), ("a\"'\n",)),
    Case("nullValues", column("c", "integer", quality("nullValues")), (1, 2), (1, None)),
    Case("duplicateValues", column("c", "string", quality("duplicateValues")), ("a", None, None), ("a", "a")),
    Case(
        "invalidValues:validValues",
        column("c", "string", quality("invalidValues", "validValues: [a, 'it''s']")),
        ("a", "it's", None),
        ("A",),
    ),
    Case(
        "invalidValues:validValues",
        column("c", "integer", quality("invalidValues", "validValues: [1, 3]")),
        (1, 3, None),
        (1, 2, 3),
    ),
    Case(
        "invalidValues:validValues",
        column("c", "number", quality("invalidValues", "validValues: [1, 2.5]")),
        (1.0, 2.5, None),
        (2.0,),
    ),
    Case(
        "invalidValues:pattern", column("c", "string", quality("invalidValues", "pattern: '[xy]+'")), ("xy",), ("xz",)
    ),
    Case("codeList", column("c", "string", custom="{property: codeList, value: unit}"), ("t", "kt", None), ("T",)),
]

# whole rows, by column
KEY_CASES = [
    Case("primaryKey", key("k", "integer"), ({"k": 1}, {"k": 2}), ({"k": 1}, {"k": 2}, {"k": 1})),
    Case(
        "primaryKey",
        key("k", "date"),
        ({"k": date(2024, 1, 1)}, {"k": date(2024, 1, 2)}),
        ({"k": date(2024, 1, 1)}, {"k": date(2024, 1, 1)}),
    ),
    Case(
        "primaryKey",
        key("k") + key("j", "integer", 2),
        ({"k": "a", "j": 1}, {"k": "a", "j": 2}, {"k": "b", "j": 1}),
        ({"k": "a", "j": 1}, {"k": "b", "j": 1}, {"k": "a", "j": 1}),
    ),
]

STATUS = column("value", "number") + column("status", "string")
PARTS = column("part", "string") + column("value", "number") + column("year", "integer") + column("unit", "string")


def filled(*pairs: tuple[float | None, str | None]) -> tuple[dict[str, Any], ...]:
    return tuple({"value": value, "status": status} for value, status in pairs)


def parts(*values: float | None, unit: str = "t") -> tuple[dict[str, Any], ...]:
    names = ("total", "glass", "wood")
    return tuple({"part": n, "value": v, "year": 2020, "unit": unit} for n, v in zip(names, values, strict=False))


WHOLE = column("a", "number") + column("b", "number") + column("c", "integer") + column("d", "number")
NOT_ABOVE = "rule: partsNotAbove, column: a, parts: [b, c]"


def weights(*rows: tuple[float | None, ...]) -> tuple[dict[str, Any], ...]:
    """Rows of a whole, two parts, and what is less."""
    return tuple(dict(zip("abcd", row, strict=False)) for row in rows)


ADD_UP = (
    "rule: partsAddUp, dimension: part, value: value, total: total, parts: [glass, wood], by: [year], only: {unit: t}, "
    "tolerance: 0.01, absolute: 0"
)
# rules for which Table Schema has no word: `failing_rule` is the last part of the rule's key
OWN_CASES = [
    Case(
        "emptyExactlyWhen",
        STATUS,
        filled((1, "A"), (None, "L"), (0, None)),
        filled((1, "L")),
        custom_rule("r", "rule: emptyExactlyWhen, column: value, other: status, values: [L, M]"),
    ),
    Case(
        "emptyExactlyWhen",
        STATUS,
        filled((None, "M")),
        filled((1, "A"), (None, "A")),
        custom_rule("r", "rule: emptyExactlyWhen, column: value, other: status, values: [L, M]"),
    ),
    Case(
        "emptyExactlyWhen",
        STATUS,
        filled((None, "M")),
        filled((None, None)),
        custom_rule("r", "rule: emptyExactlyWhen, column: value, other: status, values: [L, M]"),
    ),
    Case(
        "filledWhen",
        STATUS,
        filled((1, "A"), (None, "L"), (2, "L"), (None, None)),
        filled((None, "A")),
        custom_rule("r", "rule: filledWhen, column: value, other: status, values: [A]"),
    ),
    Case(
        "someFilled",
        STATUS,
        filled((1, None), (None, "L")),
        filled((1, "A"), (None, None)),
        custom_rule("r", "rule: someFilled, columns: [value, status]"),
    ),
    Case(
        "notBelow",
        column("a", "integer") + column("b", "integer"),
        ({"a": 1, "b": 1}, {"a": None, "b": 1}),
        ({"a": 1, "b": 2},),
        custom_rule("r", "rule: notBelow, column: a, other: b"),
    ),
    Case(
        "partsNotAbove",
        WHOLE,
        # an empty part is no part, and a 0 of nothing is no more than nothing
        weights((10, 6, 4), (10, 10, None), (10, None, None), (None, None, None), (None, 0, None), (0, 0, 0)),
        weights((10, 6, 5)),
        custom_rule("r", NOT_ABOVE),
    ),
    Case("partsNotAbove", WHOLE, weights((1.3, 0.3, 1)), weights((None, 5, None)), custom_rule("r", NOT_ABOVE)),
    Case(
        "partsNotAbove",
        WHOLE,
        # 0.3 - 0.2 is less than 0.1 in binary, and a stock that shrank adds to what there was
        weights((0.3, 0.1, None, 0.2), (10, 5, 0, 5), (None, 5, None, -5), (10, 10, 0, None)),
        weights((10, 5, 1, 5)),
        custom_rule("r", f"{NOT_ABOVE}, less: d"),
    ),
    Case(
        "partsNotAbove",
        WHOLE,
        weights((100, 100.5, 0)),
        weights((100, 100.6, 0)),
        custom_rule("r", f"{NOT_ABOVE}, tolerance: 0.005"),
    ),
    Case(
        "rowCount",
        STATUS,
        filled((1, "A"), (2, "A")),
        filled((1, "A")),
        "{metric: rowCount, mustBeGreaterOrEqualTo: 2}",
    ),
    Case(
        "rowCount", STATUS, filled((1, "A")), filled((1, "A"), (2, "A")), "{metric: rowCount, mustBeLessOrEqualTo: 1}"
    ),
    Case("rowCount", STATUS, filled((1, "A")), filled((1, "A"), (2, "A")), "{metric: rowCount, mustBeBetween: [1, 1]}"),
    Case("partsAddUp", PARTS, parts(100, 60, 40.9), parts(100, 60, 42), custom_rule("r", ADD_UP)),
    # a group without every part, or in another unit, says nothing
    Case("partsAddUp", PARTS, parts(100, 60), parts(-100, -60, -42), custom_rule("r", ADD_UP)),
    Case("partsAddUp", PARTS, parts(100, 60, None), parts(0, 1, 0), custom_rule("r", ADD_UP)),
    Case("partsAddUp", PARTS, parts(100, 60, 90, unit="kt"), parts(100, 60, 90), custom_rule("r", ADD_UP)),
]


def named(case: Case) -> str:
    return case.keyword


def table(contract: Contract, rows: Iterable[dict[str, Any]]) -> pa.Table:
    """Typed rows; the key counts where a row does not give it."""
    numbered = [{"k": f"r{number}", **row} for number, row in enumerate(rows)]
    schema = pa.schema([field.with_nullable(True) for field in arrow_schema(contract)])
    return pa.Table.from_pylist(numbered, schema=schema)


def through_parquet(contract: Contract, rows: pa.Table, folder: Path) -> Verdict:
    path = folder / "example.parquet"
    pq.write_table(rows, path, store_schema=False)
    return audit_parquet(path, contract)


def through_table_schema(contract: Contract, rows: pa.Table, folder: Path) -> bool:
    """Whether frictionless finds the rows valid, as CSV with the Table Schema of the contract."""
    from frictionless import Package, system

    def text(value: Any) -> str:
        if value is None:
            return ""
        if isinstance(value, bool):
            return str(value).lower()
        return value.strftime("%Y-%m-%dT%H:%M:%SZ") if isinstance(value, datetime) else str(value)

    path = folder / "example.csv"
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(rows.column_names)
        writer.writerows([text(value) for value in row.values()] for row in rows.to_pylist())
    with system.use_context(trusted=True):
        # exclusive bounds are of version 2 of the standard, which our packages declare
        described = {"name": "example", "path": path.name, "type": "table", "schema": table_schema(contract)}
        package = {"$schema": "https://datapackage.org/profiles/2.0/datapackage.json", "resources": [described]}
        report = Package.from_descriptor(package, basepath=str(folder)).validate()
    assert not report.errors, report.errors
    kinds = {error.type for task in report.tasks for error in task.errors}
    assert kinds <= {"constraint-error", "unique-error", "primary-key", "type-error"}, kinds
    return bool(report.valid)


def verdicts_agree(contract: Contract, rows: pa.Table, folder: Path) -> Verdict:
    """The verdict of the large way, having checked that the small way says the same."""
    large, small = through_parquet(contract, rows, folder), audit(rows, contract)
    facts = [(v.usable, v.rows_in, v.rows_accepted, v.rows_refused, v.exact_duplicates) for v in (large, small)]
    assert facts[0] == facts[1]
    assert large.checks == small.checks
    return large


@pytest.mark.parametrize("case", CASES, ids=named)
def test_a_keyword_means_the_same_to_parquet_great_expectations_and_table_schema(case: Case, tmp_path: Path) -> None:
    contract = example(tmp_path, KEY + case.columns)
    for cells, passes in ((case.passing, True), (case.failing, False)):
        rows = table(contract, ({"c": cell} for cell in cells))
        verdict = verdicts_agree(contract, rows, tmp_path)
        failed = {check.key for check in verdict.failed("error")}
        assert (verdict.usable, len(failed)) == ((True, 0) if passes else (False, 1)), verdict.messages("error")
        assert all(key.startswith("example__c__") for key in failed)
        assert through_table_schema(contract, rows, tmp_path) is passes


def test_a_line_break_after_a_pattern_is_part_of_the_text(tmp_path: Path) -> None:
    """Python's `$`, which clients of Table Schema put behind a pattern, lets one through; we do not."""
    contract = example(tmp_path, KEY + column("c", "string", option("pattern", "'a1'")))
    assert verdicts_agree(contract, table(contract, [{"c": "a1"}]), tmp_path).usable
    verdict = verdicts_agree(contract, table(contract, [{"c": "a1\n"}]), tmp_path)
    assert verdict.failed("error")[0].sample[0].found == r"'a1\n'"


@pytest.mark.parametrize("case", KEY_CASES, ids=named)
def test_a_key_means_the_same_to_parquet_great_expectations_and_table_schema(case: Case, tmp_path: Path) -> None:
    contract = example(tmp_path, case.columns + column("v", "integer"))
    for rows, passes in ((case.passing, True), (case.failing, False)):
        # another value in every row: the same row twice is no conflict
        held = table(contract, ({**row, "v": number} for number, row in enumerate(rows)))
        verdict = verdicts_agree(contract, held, tmp_path)
        assert [check.key for check in verdict.failed("error")] == ([] if passes else ["example__key__unique"])
        assert verdict.usable is passes
        assert verdict.rows_refused == (0 if passes else 2)
        assert through_table_schema(contract, held, tmp_path) is passes


@pytest.mark.parametrize("case", OWN_CASES, ids=named)
def test_our_own_rules_mean_the_same_to_parquet_and_great_expectations(case: Case, tmp_path: Path) -> None:
    contract = example(tmp_path, KEY + case.columns, case.quality)
    for rows, passes in ((case.passing, True), (case.failing, False)):
        verdict = verdicts_agree(contract, table(contract, rows), tmp_path)
        assert [check.kind for check in verdict.failed("error")] == ([] if passes else [case.keyword])
        assert verdict.usable is passes


def test_keys_that_stood_and_are_gone_are_counted_against_what_a_contract_lets_go(tmp_path: Path) -> None:
    rule = custom_rule("r", "rule: keysOfPrevious, maximumLost: 0.25")
    contract = example(tmp_path, KEY + column("c", "integer"), rule)
    standing = table(contract, [{"k": name, "c": 1} for name in "abcd"])
    path = tmp_path / "example.parquet"
    for kept, passes in (("bcdx", True), ("cdxy", False)):
        rows = table(contract, [{"k": name, "c": 2} for name in kept])
        pq.write_table(rows, path)
        for verdict in (audit(rows, contract, previous=standing), audit_parquet(path, contract, previous=standing)):
            assert verdict.usable is passes
            keys = [offence.key for check in verdict.failed("error") for offence in check.sample]
            assert keys == ([] if passes else ["k=a", "k=b"])


# what stands in a cell, and what is no such thing
TYPES = {
    "string": (("a", "1", "a,b", 'say "x"', "two\nlines"), ()),
    "integer": (("0", "-5", "+7", "123456789012345678"), ("1.5", "1_000", "0x10", "NaN", "1e3", "1234567890123456789")),
    "number": (("0", "-1.5", "+.5", "1e-300", "5."), ("inf", "nan", "NaN", "1_000.0", "0x10", "1,5", "1e999", "x")),
    "boolean": (("true", "false"), ("True", "1", "ja")),
    "date": (("2024-02-29",), ("2023-02-29", "2024-02-31", "2024-2-1", "29-02-2024")),
    "timestamp": (("2024-02-29T23:59:59Z",), ("2023-02-29T00:00:00Z", "2024-02-29", "2024-02-29T24:00:00Z")),
}


@pytest.mark.parametrize("logical", LOGICAL_TYPES)
def test_a_text_is_read_as_its_type_or_named_as_unreadable(logical: str, tmp_path: Path) -> None:
    contract = example(tmp_path, KEY + column("c", logical))
    readable, unreadable = TYPES[logical]
    for cells, bad in ((readable, ()), ((*readable, *unreadable), unreadable)):
        text = pa.table({"k": [f"r{n}" for n in range(len(cells))], "c": pa.array(cells, pa.string())})
        typed, found = cast(text, contract)
        assert [cell for item in found for cell in item.found] == list(bad)
        verdict = audit(text, contract)
        assert verdict.rows_refused == len(bad)
        assert verdict.usable is not bool(bad)
        assert typed.schema.field("c").type == arrow_schema(contract).field("c").type


# what frictionless, which follows the standard and reads more forms, refuses as well
PLAINLY_WRONG = {"integer": "1.5", "number": "x", "boolean": "ja", "date": "2024-02-31", "timestamp": "29 February"}


@pytest.mark.parametrize("logical", LOGICAL_TYPES)
def test_a_type_means_the_same_to_parquet_great_expectations_and_table_schema(logical: str, tmp_path: Path) -> None:
    contract = example(tmp_path, KEY + column("c", logical))
    good = pa.table({"k": ["a"], "c": pa.array([TYPES[logical][0][0]], pa.string())})
    typed, _ = cast(good, contract)
    assert verdicts_agree(contract, typed, tmp_path).usable
    assert through_table_schema(contract, good, tmp_path)
    if logical in PLAINLY_WRONG:  # every text is a text
        wrong = pa.table({"k": ["a"], "c": [PLAINLY_WRONG[logical]]})
        assert not audit(wrong, contract).usable
        assert not through_parquet(contract, wrong, tmp_path).usable
        assert not through_table_schema(contract, wrong, tmp_path)


@pytest.mark.parametrize("strange", [float("nan"), float("inf"), -float("inf")])
def test_no_number_is_unreadable_whichever_way_it_comes(strange: float, tmp_path: Path) -> None:
    columns = KEY + column("c", "number", "required: true, logicalTypeOptions: {minimum: 0, maximum: 9}")
    contract = example(tmp_path, columns, threshold=0.5)
    schema = pa.schema([field.with_nullable(True) for field in arrow_schema(contract)])
    rows = pa.Table.from_arrays([pa.array(["a", "b", "c"]), pa.array([1.0, strange, 2.0])], schema=schema)
    verdict = verdicts_agree(contract, rows, tmp_path)
    assert [check.key for check in verdict.failed("error")] == ["example__c__type"]
    assert verdict.failed("error")[0].sample[0].key == "k=b"
    assert (verdict.rows_refused, verdict.usable) == (1, True)


def test_every_keyword_that_the_reader_knows_has_an_example() -> None:
    known = {"required", "unique", "primaryKey", "codeList", "rowCount", "keysOfPrevious"}
    known |= {keyword for options in TYPE_OPTIONS.values() for keyword in options}
    known |= set(COLUMN_METRICS) | set(RULE_ARGUMENTS)
    shown = {case.keyword for case in (*CASES, *KEY_CASES, *OWN_CASES)} | {"keysOfPrevious"}
    shown |= PREVIOUS_RULES  # test_row_audit.py shows them: only a delivery has a period before
    assert shown == known
    assert set(TYPES) == set(LOGICAL_TYPES)


def test_every_kind_of_rule_that_the_reader_makes_has_an_example(tmp_path: Path) -> None:
    """`expected_words` puts every kind into words; one that no example makes is one without proof."""
    source = (Path(__file__).parents[2] / "contracts" / "rule_words.py").read_text(encoding="utf-8")
    start, middle = source.index("def _english"), source.index("def _dutch")
    english, dutch = (
        {word for line in words.splitlines() if line.startswith("        case ") for word in line.split('"')[1::2]}
        for words in (source[start:middle], source[middle:])
    )
    made = {"keysOfPrevious", *PREVIOUS_RULES}
    for case in (*CASES, *KEY_CASES, *OWN_CASES):
        columns = case.columns if case in KEY_CASES else KEY + case.columns
        made |= {rule.kind for rule in example(tmp_path, columns, case.quality).rules}
    assert made == english == dutch

"""What becomes of every delivered row: accepted, refused or a repeat, with every fault named by its row."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts import row_audit, row_pass
from contracts.arrow import arrow_schema, cast
from contracts.audit import audit
from contracts.contract import Contract, product, product_names, source_contract, source_names
from contracts.contract_rules import PREVIOUS_RULES
from contracts.delivery_contract import delivery, delivery_names
from contracts.fault_words import fault_words, reading_rule
from contracts.parquet_audit import audit_parquet
from contracts.row_audit import RowVerdict, audit_rows
from tests.contract_examples import column, custom_rule, example, key

COLUMNS = (
    key("who")
    + key("period", "integer", 2)
    + column("kg", "number", "logicalTypeOptions: {minimum: 0}")
    + column("part", "number")
    + column("seen", "date")
    + column("sure", "boolean")
    + column("at", "timestamp")
    + column("unit", "string", custom="{property: codeList, value: unit}")
    + column("mark", "string", "quality: [{metric: duplicateValues, mustBe: 0, severity: warning}]")
)
RULES = (
    custom_rule("parts", "rule: partsNotAbove, column: kg, parts: [part]")
    + custom_rule("said", "rule: filledWhen, column: kg, other: unit, values: [t]", "warning")
    + "{metric: rowCount, mustBeGreaterOrEqualTo: 1}\n"
    + custom_rule("whole", "rule: partsAddUp, dimension: mark, value: kg, total: all, parts: [x, y], by: [period]")
)
NAMES = ("who", "period", "kg", "part", "seen", "sure", "at", "unit", "mark")
Row = Sequence[str | None]


@cache
def contract(threshold: float = 0.5, rules: str = RULES, columns: str = COLUMNS) -> Contract:
    return example(Path(tempfile.mkdtemp()), columns, rules, threshold)


def row(who: str | None = "a", period: str | None = "2024", kg: str | None = "5", **more: str | None) -> Row:
    cells = {"who": who, "period": period, "kg": kg, **more}
    return [cells.get(name) for name in NAMES]


def text(held: Contract, rows: Sequence[Row]) -> pa.Table:
    names = held.column_names
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(names)
    return pa.table({name: pa.array(cells, pa.string()) for name, cells in zip(names, columns, strict=True)})


def written(folder: Path, table: pa.Table, name: str = "rows.parquet", first: int = 2) -> Path:
    """The rows as a reader of files hands them on: the first stands on line 2."""
    numbers = pa.array(range(first, first + table.num_rows), pa.int64())
    pq.write_table(table.add_column(0, "row_number", numbers), folder / name)
    return folder / name


def broken_cells(folder: Path, *cells: tuple[int, str, str, str]) -> Path:
    schema = [("row_number", pa.int64()), ("column", pa.string()), ("found", pa.string()), ("rule", pa.string())]
    names = [name for name, _ in schema]
    table = pa.Table.from_pylist([dict(zip(names, cell, strict=True)) for cell in cells], schema=pa.schema(schema))
    pq.write_table(table, folder / "broken.parquet")
    return folder / "broken.parquet"


def audited(rows: Sequence[Row], folder: Path, held: Contract | None = None, **more: Any) -> RowVerdict:
    held = held or contract()
    return audit_rows(written(folder, text(held, rows)), held, folder / "out", **more)


def read(path: Path | None) -> list[dict[str, Any]]:
    return [] if path is None else pq.read_table(path).to_pylist()


def fate(found: RowVerdict) -> dict[int, str]:
    """What became of each row: `accepted`, the rules that refused it, or the row that it repeats."""
    fates = [(r["row_number"], "accepted") for r in read(found.accepted)]
    fates += [(r["row_number"], r["refused_by"].replace("example__", "")) for r in read(found.refused)]
    fates += [(r["row_number"], f"repeats {r['repeats']}") for r in read(found.duplicates)]
    assert len(fates) == len(dict(fates)) == found.verdict.rows_in
    return dict(sorted(fates))


def faults(found: RowVerdict) -> list[tuple[Any, ...]]:
    rows = read(found.faults)
    return [
        (r["row_number"], r["column"], r["found"], r["rule"].removeprefix("example__"), r["severity"]) for r in rows
    ]


FATES: dict[str, tuple[list[Row], dict[int, str]]] = {
    "all well": ([row(), row("b"), row("a", "2025")], {2: "accepted", 3: "accepted", 4: "accepted"}),
    "nothing at all": ([], {}),
    "no number": ([row(kg="5 kg"), row("b")], {2: "kg__type", 3: "accepted"}),
    "a number that no one can hold": ([row(kg="1e999")], {2: "kg__type"}),
    "an endless number": ([row(kg="inf"), row("b", kg="NaN")], {2: "kg__type", 3: "kg__type"}),
    "no whole number": ([row(period="2024.0")], {2: "period__type"}),
    "a day that never was": ([row(seen="2023-02-29"), row("b", seen="2024-02-29")], {2: "seen__type", 3: "accepted"}),
    "no truth": ([row(sure="ja"), row("b", sure="false")], {2: "sure__type", 3: "accepted"}),
    "no moment": (
        [row(at="2024-01-01T24:00:00Z"), row("b", at="2024-01-01T23:00:00Z")],
        {2: "at__type", 3: "accepted"},
    ),
    "two faults": ([row(kg="-5", unit="ton")], {2: "kg__minimum unit__codelist"}),
    "a warning": ([row(kg=None, unit="t")], {2: "accepted"}),
    "a hole in the key": ([row(None), row("")], {2: "who__required", 3: "repeats 2"}),
    "a row thrice": ([row(), row("b"), row(), row()], {2: "accepted", 3: "accepted", 4: "repeats 2", 5: "repeats 2"}),
    "a faulty row twice": ([row(kg="x"), row(kg="x")], {2: "kg__type", 3: "repeats 2"}),
    "an empty text and no text": ([row(mark=""), row(mark=None)], {2: "accepted", 3: "repeats 2"}),
    "cells that only look alike together": ([row("a", mark="bc"), row("ab", mark="c")], {2: "accepted", 3: "accepted"}),
    "a key with other cells": ([row(), row(kg="6"), row("b")], {2: "key__unique", 3: "key__unique", 4: "accepted"}),
    "a key with the same number written otherwise": ([row(), row(kg="5.0")], {2: "key__unique", 3: "key__unique"}),
    "a key written otherwise": ([row(), row(period="+2024")], {2: "key__unique", 3: "key__unique"}),
    "a key with other cells, one of them twice": (
        [row(), row(kg="6"), row(kg="6")],
        {2: "key__unique", 3: "key__unique", 4: "repeats 3"},
    ),
    "parts above the whole": ([row(part="5.1"), row("b", part="5")], {2: "kg__parts", 3: "accepted"}),
    "parts of a cell that is no number": ([row(kg="x", part="5.1")], {2: "kg__type"}),
    "odd text": ([row("it's \0 \"so\"\n"), row("'; DROP TABLE part; --")], {2: "accepted", 3: "accepted"}),
}  # fmt: skip


@pytest.mark.parametrize("case", FATES)
def test_every_row_is_accepted_refused_by_a_rule_or_a_repeat(case: str, tmp_path: Path) -> None:
    rows, expected = FATES[case]
    assert fate(audited(rows, tmp_path)) == expected


FAULTS: dict[str, tuple[list[Row], list[tuple[Any, ...]]]] = {
    "a cell": ([row(kg="5 kg")], [(2, "kg", "5 kg", "kg__type", "error")]),
    "an empty cell": ([row(None)], [(2, "who", "", "who__required", "error")]),
    "a warning": ([row(kg=None, unit="t")], [(2, "kg", "kg –, unit t", "kg__said", "warning")]),
    "parts": ([row(part="5.1")], [(2, "kg", "kg 5, part 5.1 = 5.1", "kg__parts", "error")]),
    "a key": (
        [row(), row(kg="6")],
        [
            (2, "", "who=a period=2024 (#2, #3)", "key__unique", "error"),
            (3, "", "who=a period=2024 (#2, #3)", "key__unique", "error"),
        ],
    ),
    "a key that six rows have": (
        [row(kg=str(n)) for n in range(6)],
        [(n, "", "who=a period=2024 (#2, #3, #4, #5, #6, …)", "key__unique", "error") for n in range(2, 8)],
    ),
    "a value that should be alone": (
        [row(mark="m"), row("b", mark="m")],
        [
            (2, "mark", "m (#2, #3)", "mark__duplicatevalues", "warning"),
            (3, "mark", "m (#2, #3)", "mark__duplicatevalues", "warning"),
        ],
    ),
    "two rules, by name": (
        [row(kg="-1", unit="ton")],
        [(2, "kg", "-1", "kg__minimum", "error"), (2, "unit", "ton", "unit__codelist", "error")],
    ),
}


@pytest.mark.parametrize("case", FAULTS)
def test_a_fault_names_its_row_its_column_and_what_stood_there(case: str, tmp_path: Path) -> None:
    rows, expected = FAULTS[case]
    assert faults(audited(rows, tmp_path)) == expected


def test_what_comes_out_has_the_contracts_types_where_accepted_and_the_text_as_handed_in_where_refused(
    tmp_path: Path,
) -> None:
    found = audited([row(kg="5.50", seen="2024-02-29", sure="true"), row("b", kg="x", seen="x")], tmp_path)
    typed = pa.schema([("row_number", pa.int64()), *[(f.name, f.type) for f in arrow_schema(contract())]])
    assert pq.read_schema(found.accepted).remove_metadata() == typed
    assert read(found.accepted)[0]["kg"] == 5.5
    texts = [("row_number", pa.int64()), *[(name, pa.string()) for name in NAMES], ("refused_by", pa.string())]
    assert found.refused is not None
    assert pq.read_schema(found.refused).remove_metadata() == pa.schema(texts)
    assert (read(found.refused)[0]["kg"], read(found.refused)[0]["unit"]) == ("x", None)


def test_the_same_rows_give_the_same_bytes_and_nothing_else_is_left(tmp_path: Path) -> None:
    rows = [row(), row(), row(kg="6", who="b"), row("c", kg="x"), row("d", "2024"), row("d", "2024", "7")]
    twice = []
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        audited(rows, tmp_path / name)
        twice.append({p.name: p.read_bytes() for p in sorted((tmp_path / name / "out").iterdir())})
    assert twice[0] == twice[1]
    assert list(twice[0]) == ["accepted.parquet", "duplicates.parquet", "faults.parquet", "refused.parquet"]


# --- the other audits say the same -----------------------------------------------------------------------------------

cells = st.tuples(
    st.sampled_from(["a", "b", "", None]),
    st.sampled_from(["2024", "2025", "02024", "x", None]),
    st.sampled_from(["5", "5.0", "-1", "7 kg", None, ""]),
    st.sampled_from(["5", "6", "x", None]),
    st.sampled_from(["2024-02-29", "2023-02-29", None]),
    st.sampled_from(["true", "True", None]),
    st.sampled_from(["2024-02-29T00:00:00Z", "2024-02-30T00:00:00Z", None]),
    st.sampled_from(["t", "kg ", None]),
    st.sampled_from(["all", "x", "y", None]),
)


@settings(max_examples=20, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(rows=st.lists(cells, max_size=12), size=st.sampled_from([1, 3, 100]))
def test_the_audit_of_delivered_rows_says_what_the_audit_of_a_small_table_says(rows: list[Row], size: int) -> None:
    held = contract(0.5)
    small = audit(text(held, rows), held)
    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        patch.setattr(row_audit, "PART_ROWS", size)
        found = audited(rows, Path(name), held)
        verdict = found.verdict
        assert verdict.rows_in == verdict.rows_accepted + verdict.rows_refused + verdict.exact_duplicates == len(rows)
        assert len(fate(found)) == len(rows)
        assert verdict.checks == small.checks
        facts = [
            (v.rows_accepted, v.rows_refused, v.exact_duplicates, v.usable, v.messages("error"), v.columns_of)
            for v in (verdict, small)
        ]
        assert facts[0] == facts[1]
        refused = [] if small.refused is None else small.refused.to_pylist()
        assert [{k: v for k, v in r.items() if k != "row_number"} for r in read(found.refused)] == refused
        # every refusal has its reasons, and every reason its refusal
        reasons: dict[int, set[str]] = {}
        for fault in read(found.faults):
            if fault["severity"] == "error":
                reasons.setdefault(fault["row_number"], set()).add(fault["rule"])
        assert {r["row_number"]: set(r["refused_by"].split()) for r in read(found.refused)} == reasons


@settings(max_examples=8, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(kgs=st.lists(st.sampled_from(["1", "5", "-1", None]), max_size=8))
def test_of_readable_rows_a_large_file_gets_the_same_verdict(kgs: list[str | None]) -> None:
    held = contract(0.5)
    rows = text(held, [row(f"r{n}", kg=kg, part="4") for n, kg in enumerate(kgs)])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        typed = folder / "typed.parquet"
        pq.write_table(cast(rows, held)[0], typed, store_schema=False)
        large = audit_parquet(typed, held)
        mine = audit_rows(written(folder, rows), held, folder / "out").verdict
    for verdict in (large, mine):
        assert verdict.rows_in == len(kgs)
    assert (mine.rows_accepted, mine.rows_refused, mine.usable) == (
        large.rows_accepted,
        large.rows_refused,
        large.usable,
    )
    assert [(c.key, c.passed, c.failing) for c in mine.checks] == [(c.key, c.passed, c.failing) for c in large.checks]


def test_too_many_refused_rows_make_the_rest_unusable_but_not_lost(tmp_path: Path) -> None:
    found = audited([row(), row("b", kg="x"), row("c", kg="x")], tmp_path)
    assert (found.verdict.usable, found.verdict.rows_accepted) == (False, 1)
    assert [r["who"] for r in read(found.accepted)] == ["a"]


@pytest.mark.parametrize(("change", "check"), [("kg", "example__kg__missing"), ("extra", "example__extra__unknown")])
def test_rows_with_other_columns_are_all_refused_and_kept(change: str, check: str, tmp_path: Path) -> None:
    rows = text(contract(), [row(), row("b")])
    rows = rows.drop_columns([change]) if change in NAMES else rows.append_column(change, pa.array(["x", "y"]))
    found = audit_rows(written(tmp_path, rows), contract(), tmp_path / "out")
    assert [c.key for c in found.verdict.checks] == [check]
    assert (found.verdict.rows_in, found.verdict.rows_refused, found.verdict.usable) == (2, 2, False)
    assert [(r["row_number"], r["who"], r["refused_by"]) for r in read(found.refused)] == [
        (2, "a", check),
        (3, "b", check),
    ]
    assert (read(found.accepted), found.faults, found.duplicates) == ([], None, None)


# --- what could not be read ------------------------------------------------------------------------------------------


def test_a_broken_cell_refuses_its_row_and_says_nothing_else_of_that_cell(tmp_path: Path) -> None:
    rows = [row(kg=None, unit="t"), row("b", kg=None, unit="ton"), row("c")]
    broken = broken_cells(tmp_path, (2, "kg", "=1+1", "formula_cell"), (3, "kg", "#N/A", "error_cell"))
    found = audited(rows, tmp_path, broken=broken)
    assert fate(found) == {2: "row__formula_cell", 3: "row__error_cell unit__codelist", 4: "accepted"}
    assert faults(found) == [
        (2, "kg", "=1+1", "row__formula_cell", "error"),
        (3, "kg", "#N/A", "row__error_cell", "error"),
        (3, "unit", "ton", "unit__codelist", "error"),
    ]
    assert [(c.key, c.failing) for c in found.verdict.failed("error") if c.kind == "reading"] == [
        ("example__row__error_cell", 1),
        ("example__row__formula_cell", 1),
    ]


def test_of_a_row_that_is_broken_as_a_whole_nothing_more_is_said(tmp_path: Path) -> None:
    """Its cells may have shifted: what stands in them is not what was meant, nor a key."""
    rows = [row("a", kg="x", unit="?"), row("a")]
    found = audited(rows, tmp_path, broken=broken_cells(tmp_path, (2, "", "a;2024", "cells_differ")))
    assert fate(found) == {2: "row__cells_differ", 3: "accepted"}
    assert faults(found) == [(2, "", "a;2024", "row__cells_differ", "error")]


def test_a_row_with_a_broken_cell_repeats_none_but_shares_its_key(tmp_path: Path) -> None:
    rows = [row(part=None), row(part=None), row(part=None)]
    found = audited(rows, tmp_path, broken=broken_cells(tmp_path, (3, "part", "=B2", "formula_cell")))
    assert fate(found) == {2: "key__unique", 3: "row__formula_cell key__unique", 4: "repeats 2"}


def test_two_broken_cells_of_a_row_refuse_it_once(tmp_path: Path) -> None:
    cells_of = [(2, "kg", "=A", "formula_cell"), (2, "part", "=B", "formula_cell"), (3, "unit", "=C", "formula_cell")]
    found = audited([row(), row("b")], tmp_path, broken=broken_cells(tmp_path, *cells_of))
    assert fate(found) == {2: "row__formula_cell", 3: "row__formula_cell"}
    assert [fault[:3] for fault in faults(found)] == [(2, "kg", "=A"), (2, "part", "=B"), (3, "unit", "=C")]
    assert [c.failing for c in found.verdict.checks if c.kind == "reading"] == [2]


def test_a_reader_that_breaks_its_word_is_a_mistake_of_ours(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="a row that could not be read is not among the rows"):
        audited([row()], tmp_path, broken=broken_cells(tmp_path, (9, "kg", "x", "error_cell")))
    table = text(contract(), [row(), row("b")])
    for numbers in ([3, 2], [2, 2]):
        pq.write_table(table.add_column(0, "row_number", pa.array(numbers, pa.int64())), tmp_path / "order.parquet")
        with pytest.raises(ValueError, match="the row numbers do not rise"):
            audit_rows(tmp_path / "order.parquet", contract(), tmp_path / "out")


# --- the period before -----------------------------------------------------------------------------------------------

SLIP = custom_rule("slip", "rule: unitSlip, columns: [kg, part]")
CHANGE = custom_rule("change", "rule: changeSincePrevious, columns: [kg, part], factor: 5, above: 100", "warning")
AS_BEFORE: tuple[tuple[str, str | None, str | None, bool], ...] = (
    # rule, before, now, whether it offends
    ("slip", "1", "1000", True), ("slip", "1000", "1", True), ("slip", "1", "700", True), ("slip", "1", "1400", True),
    ("slip", "1", "699", False), ("slip", "1", "1401", False), ("slip", "1400", "1", True),
    ("slip", "1401", "1", False),
    ("slip", "0", "1000", False), ("slip", "1000", "0", False), ("slip", None, "1000", False),
    ("slip", "1000", None, False), ("slip", "-1", "-1000", True),
    ("change", "20", "100", False), ("change", "20", "101", True), ("change", "101", "20", True),
    ("change", "100", "500", False), ("change", "100", "501", True), ("change", "0", "101", True),
    ("change", "0", "100", False), ("change", None, "101", False), ("change", "101", None, False),
    ("change", "0", "0", False),
)  # fmt: skip


@cache
def compared(rules: str = SLIP + CHANGE) -> Contract:
    columns = key("who") + key("period", "integer", 2) + column("kg", "number") + column("part", "number")
    return contract(0.5, rules, columns)


def earlier(folder: Path, *rows: Row, held: Contract | None = None) -> Path:
    """Accepted rows of the period before, as an audit left them."""
    (folder / "earlier").mkdir(exist_ok=True)
    found = audited(rows, folder / "earlier", held or compared())
    assert found.verdict.rows_accepted == len(rows)
    return found.accepted


def test_a_value_is_held_against_the_same_row_of_the_period_before(tmp_path: Path) -> None:
    before = earlier(tmp_path, *([f"r{n}", "2023", case[1], "5"] for n, case in enumerate(AS_BEFORE)))
    rows = [[f"r{n}", "2024", case[2], "5"] for n, case in enumerate(AS_BEFORE)]
    found = faults(audited(rows, tmp_path, compared(), previous=before))
    for number, (rule, then, now, offends) in enumerate(AS_BEFORE, start=2):
        named = [fault for fault in found if fault[0] == number and fault[3] == f"kg__{rule}"]
        severity = "error" if rule == "slip" else "warning"
        expected = [(number, "kg", f"{then} → {now}", f"kg__{rule}", severity)] if offends else []
        assert named == expected, (rule, then, now)


def test_each_column_that_slipped_is_a_fault_and_the_row_is_refused_once(tmp_path: Path) -> None:
    before = earlier(tmp_path, ["a", "2023", "2", "3"], ["b", "2023", "2", "3"])
    rows = [["a", "2024", "2000", "3000"], ["b", "2024", "2", "3000"], ["c", "2024", "2000", "3000"]]
    found = audited(rows, tmp_path, compared(SLIP), previous=before)
    assert fate(found) == {2: "kg__slip", 3: "kg__slip", 4: "accepted"}
    assert [fault[:3] for fault in faults(found)] == [
        (2, "kg", "2 → 2000"),
        (2, "part", "3 → 3000"),
        (3, "part", "3 → 3000"),
    ]
    (check,) = found.verdict.failed("error")
    assert check.failing == 2
    assert [offence.found for offence in check.sample] == ["kg 2 → 2000, part 3 → 3000", "part 3 → 3000"]


def test_of_several_periods_the_last_one_is_the_one_before(tmp_path: Path) -> None:
    before = earlier(tmp_path, ["a", "2022", "2", None], ["a", "2023", "2000", None])
    assert faults(audited([["a", "2024", "2000", None]], tmp_path, compared(SLIP), previous=before)) == []


def test_a_period_from_before_a_change_of_contract_is_compared_as_far_as_it_goes(tmp_path: Path) -> None:
    rows = [["a", "2024", "2000", "3000"]]
    table = pq.read_table(earlier(tmp_path, ["a", "2023", "2", "3"]))
    texts = table.column("kg").cast(pa.string())
    for changed, slipped in (
        (table.drop_columns(["kg"]), ["part"]),
        (table.set_column(3, "kg", texts), ["part"]),
        (table.drop_columns(["who"]), []),
        (table.drop_columns(["kg", "part"]), []),
    ):
        pq.write_table(changed, tmp_path / "changed.parquet")
        found = audited(rows, tmp_path, compared(SLIP), previous=tmp_path / "changed.parquet")
        assert [fault[1] for fault in faults(found)] == slipped


def test_an_unreadable_or_broken_cell_is_not_compared(tmp_path: Path) -> None:
    before = earlier(tmp_path, ["a", "2023", "2", "3"], ["b", "2023", "2", "3"])
    rows = [["a", "2024", "2000 kg", "3000"], ["b", "2024", "2000", "3"]]
    broken = broken_cells(tmp_path, (3, "kg", "=A1", "formula_cell"))
    found = audited(rows, tmp_path, compared(SLIP), previous=before, broken=broken)
    assert fate(found) == {2: "kg__type", 3: "row__formula_cell"}


def test_without_a_period_before_the_rules_that_compare_hold_in_every_audit(tmp_path: Path) -> None:
    rows = text(compared(), [["a", "2024", "2000", "3000"]])
    typed = tmp_path / "typed.parquet"
    pq.write_table(cast(rows, compared())[0], typed, store_schema=False)
    for verdict in (
        audit(rows, compared()),
        audit_parquet(typed, compared()),
        audit_rows(written(tmp_path, rows), compared(), tmp_path / "out").verdict,
    ):
        assert (verdict.usable, verdict.rows_accepted, verdict.failed("warning")) == (True, 1, ())
        assert {c.kind for c in verdict.checks} >= PREVIOUS_RULES


def test_only_deliveries_compare_with_a_period_before() -> None:
    """Elsewhere such a rule would never hold anything."""
    tables = [source_contract(name) for name in source_names()]
    tables += [table for name in product_names() for table in product(name).tables]
    assert [r.key for table in tables for r in table.rules if r.kind in PREVIOUS_RULES] == []


# --- size ------------------------------------------------------------------------------------------------------------


def test_parts_of_a_file_are_one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Repeats, keys, broken cells and the order hold across the parts in which the rows pass."""
    before = earlier(tmp_path, *([f"r{n}", "2023", "2", "3"] for n in range(0, 30, 5)))
    rows = [[f"r{n % 20}", "2024", "2000" if n % 20 == 5 else "2", "x" if n == 7 else "3"] for n in range(30)]
    rows[25][2] = "2001"
    broken = broken_cells(tmp_path, (11, "kg", "=1", "formula_cell"), (32, "", "r", "cells_differ"))
    rows.append(["r30", "2024", None, None])
    expected: dict[int, str] = {}
    for size in (100, 7, 1):
        monkeypatch.setattr(row_audit, "PART_ROWS", size)
        found = audited(rows, tmp_path, compared(SLIP), broken=broken, previous=before)
        numbers = [r["row_number"] for r in read(found.faults)]
        assert numbers == sorted(numbers)
        expected = expected or fate(found)
        assert fate(found) == expected
    assert expected[7] == "key__unique kg__slip"
    assert expected[9] == "part__type key__unique"
    assert expected[11] == "row__formula_cell key__unique"
    assert (expected[22], expected[27], expected[29], expected[31]) == (
        "repeats 2",
        "key__unique kg__slip",
        "key__unique",
        "key__unique",
    )
    assert expected[32] == "row__cells_differ"


def test_a_small_memory_is_enough(tmp_path: Path) -> None:
    count = 200_000
    cells_of = {
        "who": [f"a rather long name {n % 150_000}" for n in range(count)], "period": ["2024"] * count,
        "kg": ["5"] * count, "part": ["4"] * count,
    }  # fmt: skip
    rows = written(tmp_path, pa.table(cells_of))
    found = audit_rows(rows, compared(), tmp_path / "out", previous=None, memory="100MB", threads=1)
    assert (found.verdict.rows_accepted, found.verdict.exact_duplicates) == (150_000, 50_000)
    assert count > row_pass.PART_ROWS  # it took more than one part


# --- every key has words ---------------------------------------------------------------------------------------------


def test_every_key_that_an_audit_can_give_says_what_would_be_right_in_two_languages() -> None:
    for name in delivery_names():
        held = delivery(name).contract
        empty = audit(pa.table({c: pa.array([], pa.string()) for c in held.column_names}), held)
        for check in empty.checks:
            dutch, english = fault_words(held, check.key)
            assert dutch
            assert english
            assert dutch != english, check.key
            assert reading_rule(held, check.key) is None

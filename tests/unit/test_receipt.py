"""The receipt as data: every row has one outcome, and what is written is read back."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.delivery_contract import delivery
from publish.receipt import (
    MOST_REFUSALS,
    Note,
    Receipt,
    ReceiptError,
    Refusal,
    Total,
    read_receipt,
    receipt_json,
    total_of,
)
from tests.receipt_example import ACCEPTED, EVERY, IN_PART, REFUSALS

TEXT = st.text(max_size=30)
NUMBER = st.floats(allow_nan=False, allow_infinity=False)
COUNT = st.integers(0, 10**9)


@pytest.mark.parametrize("receipt", EVERY.values(), ids=EVERY)
def test_a_receipt_reads_back_as_it_was_written(receipt: Receipt) -> None:
    body = receipt_json(receipt)
    assert read_receipt(body) == receipt
    assert receipt_json(read_receipt(body)) == body


def test_the_json_says_what_a_program_needs_under_stable_names() -> None:
    raw = json.loads(receipt_json(IN_PART))
    assert list(raw)[:5] == ["schema_version", "id", "delivery", "title_nl", "title_en"]
    assert raw["schema_version"] == 1
    assert (raw["outcome"], raw["rows_in"], raw["rows_accepted"], raw["rows_refused"], raw["exact_duplicates"]) == (
        "accepted_in_part", 1204, 1198, 4, 2,
    )  # fmt: skip
    assert raw["refusals"][0] == {
        "row_number": 14,
        "column": "producer",
        "column_nl": "KvK-nummer producent",
        "column_en": "Producer's KvK number",
        "found": "1234567",
        "rule": "declarations_textile__producer__pattern",
        "severity": "error",
        "right_nl": "acht cijfers, met de nul vooraan",
        "right_en": "eight digits, leading zero included",
    }
    assert raw["totals"][1] == {
        "column": "collected_kg", "title_nl": "Gescheiden ingezameld (kg)", "title_en": "Separately collected (kg)",
        "unit": "kg", "read": 6004118.0, "accepted": 5998100.0, "refused": 6018.0, "duplicates": 0.0,
    }  # fmt: skip
    assert raw["notes"][0]["code"] == "delimiter"


@st.composite
def receipts(draw: st.DrawFn) -> Receipt:
    accepted, refused, twice = draw(COUNT), draw(COUNT), draw(COUNT)
    fault = st.builds(Refusal, st.none() | COUNT, TEXT, TEXT, TEXT, TEXT, TEXT, st.just("error"), TEXT, TEXT)
    faults = tuple(draw(st.lists(fault, max_size=3)))
    sums = st.none() | NUMBER
    return replace(
        IN_PART,
        id=draw(TEXT),
        file_name=draw(TEXT | st.text(st.characters(), min_size=1)),
        deliverer=draw(st.none() | TEXT),
        rows_in=accepted + refused + twice,
        rows_accepted=accepted,
        rows_refused=refused,
        exact_duplicates=twice,
        threshold=draw(st.floats(0, 1)),
        notes=tuple(draw(st.lists(st.builds(Note, TEXT, TEXT, TEXT), max_size=2))),
        totals=tuple(draw(st.lists(st.builds(Total, TEXT, TEXT, TEXT, TEXT, sums, sums, sums, sums), max_size=2))),
        refusals=faults,
        refusals_in_all=len(faults) + draw(COUNT),
    )


@given(receipts())
@settings(max_examples=60, deadline=None)
def test_any_receipt_reads_back(receipt: Receipt) -> None:
    assert read_receipt(receipt_json(receipt)) == receipt


def test_a_file_name_that_is_no_text_is_kept() -> None:
    odd = replace(ACCEPTED, file_name="opgave-\udce9.csv")  # a byte of Windows-1252 in a name on Linux
    assert rb"opgave-\udce9.csv" in receipt_json(odd)
    assert read_receipt(receipt_json(odd)).file_name == "opgave-\udce9.csv"


def test_a_row_without_an_outcome_is_an_error() -> None:
    with pytest.raises(ReceiptError, match=r"1205 rows in, and 1204 out \(1198 accepted, 4 refused, 2 exact dup"):
        replace(IN_PART, rows_in=1205)


def test_more_faults_than_were_counted_or_than_a_receipt_holds_is_an_error() -> None:
    with pytest.raises(ReceiptError, match="5 refusals of 4 in all"):
        replace(IN_PART, refusals_in_all=4)
    with pytest.raises(ReceiptError, match=r"501 warnings of 9000 in all; .* at most 500"):
        replace(IN_PART, warnings=REFUSALS[:1] * (MOST_REFUSALS + 1), warnings_in_all=9000)


def _changed(**values: Any) -> bytes:
    return json.dumps({**json.loads(receipt_json(IN_PART)), **values}).encode()


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"\xff\xfe", "no JSON in UTF-8"),
        (b"[]", "expected an object, found list"),
        (b"{}", "schema_version of the receipt is None, expected 1"),
        (_changed(schema_version=2), "schema_version of the receipt is 2, expected 1; read it with the version"),
        (_changed(colour="red"), "receipt has the fields .*colour"),
        (_changed(outcome="lost"), "receipt.outcome is 'lost', expected one of accepted, accepted_in_part, refused"),
        (_changed(rows_in="1204"), "receipt.rows_in is '1204', expected int"),
        (_changed(rows_in=True), "receipt.rows_in is True, expected int"),
        (_changed(period=2025), "receipt.period is 2025, expected str or null"),
        (_changed(notes={}), "receipt.notes is dict, expected a list"),
        (_changed(notes=[{"code": "x"}]), r"receipt.notes\[0\] has the fields code; expected code, en, nl"),
        (_changed(notes=["x"]), r"receipt.notes\[0\] has the fields str; expected"),
        (_changed(rows_in=7), "7 rows in, and 1204 out"),
    ],
)
def test_what_is_no_receipt_is_refused_in_words(body: bytes, said: str) -> None:
    with pytest.raises(ReceiptError, match=said):
        read_receipt(body)


def test_a_sum_that_no_number_can_hold_is_none() -> None:
    column = delivery("declarations_textile").contract.column("put_on_market_kg")
    found = total_of(column, read=float("inf"), accepted=1.5, refused=float("inf"), duplicates=0.0)
    assert found == Total(
        "put_on_market_kg", "In de handel gebracht (kg)", "Put on the market (kg)", "kg", None, 1.5, None, 0.0
    )
    assert b'"read": null' in receipt_json(replace(IN_PART, totals=(found,)))

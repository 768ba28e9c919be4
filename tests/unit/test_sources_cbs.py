"""What the parser of CBS StatLine makes of an answer, and what it says of one that it cannot use."""

from __future__ import annotations

import json

import pytest

from assets.sources.cbs import parse_cbs
from assets.sources.cbs_v3 import data_url
from assets.sources.eurostat import SourceUnreadable
from contracts.contract import Contract, source_contract

BASE = "https://statline.example/odata"
WASTE = "NuttigeToepassingEnEindverwerking"
BRANCH = "BedrijfstakkenBranchesSBI2008"
STATUS = ["obs_status", "conf_status", "status_detail"]


def waste_row(**changed: object) -> dict[str, object]:
    """One row of 84971NED as the service writes it, keys padded."""
    return {"ID": 0, WASTE: "T001523 ", BRANCH: "341600 ", "Perioden": "2021JJ00", "Bedrijfsafval_1": 152.0, **changed}


def body(rows: object, **beside: object) -> bytes:
    return json.dumps({"odata.metadata": "m", **beside, "value": rows}).encode()


def waste() -> Contract:
    return source_contract("84971NED")


def test_a_row_becomes_a_row_a_topic_without_the_padding_of_its_keys() -> None:
    table = parse_cbs(body([waste_row(), waste_row(ID=1, Perioden="2020JJ00", Bedrijfsafval_1=None)]), waste())
    assert table.column_names == ["topic", WASTE, BRANCH, "Perioden", "value", *STATUS]
    # an answer without the list of periods says nothing of their status
    assert [tuple(row.values()) for row in table.to_pylist()] == [
        ("Bedrijfsafval_1", "T001523", "341600", "2021JJ00", "152.0", "", "", ""),
        ("Bedrijfsafval_1", "T001523", "341600", "2020JJ00", "", "", "", ""),
    ]


def test_a_wide_table_becomes_long_without_the_topics_that_are_left_out() -> None:
    contract = source_contract("83180NED")
    topics = contract.column("topic").allowed or ()
    rows = [
        {"ID": 0, "Perioden": "2022JJ00", **dict.fromkeys(topics, 1), "Totaal_191": 0},
        {"ID": 1, "Perioden": "2023JJ00", **dict.fromkeys(topics, 2), "Totaal_191": 7},
    ]
    table = parse_cbs(body(rows), contract)
    assert table.column_names == ["topic", "Perioden", "value", *STATUS]
    assert table.num_rows == 2 * 142
    assert set(table.column("topic").to_pylist()) == set(topics)
    assert table.select(["topic", "Perioden", "value"]).slice(0, 2).to_pylist() == [
        {"topic": topics[0], "Perioden": "2022JJ00", "value": "1"},
        {"topic": topics[0], "Perioden": "2023JJ00", "value": "2"},
    ]


def test_a_topic_that_nobody_knows_comes_through_for_the_code_list_to_refuse() -> None:
    table = parse_cbs(body([waste_row(Nieuw_2=1)]), waste())
    assert table.column("topic").to_pylist() == ["Bedrijfsafval_1", "Nieuw_2"]


@pytest.mark.parametrize("number", ["0.10", "152.0", "7", "-3", "1e3", "12345678901234567890.123"])
def test_a_number_keeps_the_digits_that_were_written(number: str) -> None:
    written = body([waste_row(Bedrijfsafval_1=1234567)]).replace(b"1234567", number.encode())
    assert parse_cbs(written, waste()).column("value").to_pylist() == [number]


WHOLE = body([waste_row()])


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"", "found an empty body"),
        (b"  \n", "found an empty body"),
        (b"<!DOCTYPE html><html>", "found a page that starts with '<!DOCTYPE html>"),
        (b"\n <html>Onderhoud</html>", "found a page"),
        (WHOLE[:-20], "broken or cut short"),
        (WHOLE[: len(WHOLE) // 2], "broken or cut short"),
        (b"\xff\xfe{", "expected UTF-8, found byte 0xff at position 0"),
        (b"[1, 2]", "expected an object with `value`, found a list"),
        (b"{}", "expected a list `value`, found an empty object"),
        (b'{"value": {}}', "expected a list `value`"),
        (b'{"odata.error": {"code": "", "message": {"lang": "nl", "value": "te veel"}}}', "an error of the service"),
        (body([]), "expected rows, found none"),
        (body([waste_row()], **{"odata.count": "2"}), "expected 2 rows as the answer says, found 1"),
        (body([waste_row()], **{"odata.nextLink": "x"}), "found 1 rows and a link to more"),
        (body([{k: v for k, v in waste_row().items() if k != BRANCH}]), f"expected the column {BRANCH}"),
        (
            body([{k: v for k, v in waste_row().items() if k != "Bedrijfsafval_1"}]),
            "expected the column Bedrijfsafval_1",
        ),
        (body([waste_row(), {"ID": 1}]), "expected the columns of the first row in row 1"),
        (body([1]), "expected the columns of the first row in row 0"),
        (body([waste_row(Bedrijfsafval_1=True)]), "in column Bedrijfsafval_1 of row 0, found 'True'"),
        (body([waste_row(Perioden=["2021JJ00"])]), "in column Perioden of row 0"),
        (WHOLE.replace(b"152.0", b"NaN"), "expected a number or null, found NaN"),
        (b'{"value":' + b"[" * 100_000, "84971NED"),
    ],
)
def test_an_answer_that_cannot_be_used_is_named_with_what_was_found(answer: bytes, words: str) -> None:
    with pytest.raises(SourceUnreadable, match=r"^table 84971NED: ") as refused:
        parse_cbs(answer, waste())
    assert words in str(refused.value)


def test_a_count_that_fits_and_a_byte_order_mark_do_not_stand_in_the_way() -> None:
    answer = b"\xef\xbb\xbf" + body([waste_row()], **{"odata.count": "1"})
    assert parse_cbs(answer, waste()).num_rows == 1


@pytest.mark.parametrize(
    ("source", "address"),
    [
        ("83180NED", f"{BASE}/83180NED/TypedDataSet?$format=json"),
        ("37852", f"{BASE}/37852/TypedDataSet?$format=json&$select=ID,Perioden,BevolkingOp1Januari_1"),
    ],
)
def test_the_address_asks_for_what_the_contract_describes(source: str, address: str) -> None:
    assert data_url(BASE + "/", source_contract(source)) == address


def test_the_address_filters_as_cbs_itself_does() -> None:
    # TableInfos.DefaultSelection of 84970NED: $filter=((BedrijfstakkenBranchesSBI2008 eq '300002') or (...
    address = data_url(BASE, source_contract("84970NED")).replace("%20", " ")
    assert f"&$filter=(({BRANCH} eq '300002') or ({BRANCH} eq '312505') or" in address
    assert address.endswith(f"&$select=ID,Bedrijfsafvalstoffen,{WASTE},{BRANCH},Perioden,Bedrijfsafval_1")

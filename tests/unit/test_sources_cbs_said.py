"""What CBS says beside its figures: editions, successors, code lists, statuses of periods and cells, links.

Real answers: `shared/data/nl/statline_bq_fixtures`.
"""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pytest

from assets.sources import cbs_v3
from assets.sources.cbs import parse_cbs
from assets.sources.cbs_codes import differences, service_codes
from assets.sources.cbs_editions import edition_of
from assets.sources.cbs_pages import next_address
from assets.sources.cbs_status import check_years, statuses
from assets.sources.eurostat import SourceUnreadable
from assets.sources.live import Stopped
from tests.cbs_example import BRANCH, WASTE, waste

FIXTURES = Path(__file__).parents[2] / "../shared/data/nl/statline_bq_fixtures"

# --- editions and successors ---


def test_the_edition_of_a_real_table_of_v3() -> None:
    path = FIXTURES / "metadata_v3.json"
    if not path.exists():
        pytest.skip("the real answers are not at hand")
    edition = edition_of(json.dumps({"value": [json.loads(path.read_text())]}).encode(), "84669NED")
    assert (edition.day, edition.reason, edition.state) == ("2020-12-14", "Actualisering", "")
    assert edition.stamp == "Modified=2020-12-14T02:00:00; MetaDataModified=2020-12-14T02:00:00"
    assert edition.stopped() is None


def test_a_real_table_that_has_stopped_names_its_successor() -> None:
    path = FIXTURES / "metadata_v4.json"
    if not path.exists():
        pytest.skip("the real answers are not at hand")
    edition = edition_of(path.read_bytes(), "81075ned")
    assert edition.day == "2019-11-14"
    assert edition.stopped() == Stopped(
        "Het CBS houdt deze tabel niet meer bij (Gediscontinueerd); het noemt als opvolger "
        "'Werkloze beroepsbevolking; werkloosheidsduur persoonskenmerken' (84673ned): laat het contract daarheen "
        "wijzen",
        "CBS no longer keeps this table up (Gediscontinueerd); it names as successor "
        "'Werkloze beroepsbevolking; werkloosheidsduur persoonskenmerken' (84673ned): let the contract point there",
    )


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({}, ""),
        ({"ShortDescription": "De cijfers zijn vervangen door definitieve cijfers."}, ""),
        ({"OutputStatus": "Gediscontinueerd"}, "(Gediscontinueerd); it names no successor"),
        ({"ReasonDelivery": "Stopgezet", "ShortDescription": "Vervangen door definitieve cijfers."}, "no successor"),
        (
            {
                "OutputStatus": "Gediscontinueerd",
                "ShortDescription": "Deze tabel is opgevolgd door tabel 85555NED.\r\n",
            },
            "successor '85555NED': let the contract point there",
        ),
        ({"Frequency": "Stopgezet", "Description": "Vervangen door de tabel <b>x</b>"}, "it names no successor"),
        (
            {
                "Frequency": "Stopgezet",
                "ShortDescription": "Opgevolgd door de tabel Afval; nieuw.",
                "Description": "<a href='https://opendata.cbs.nl/statline/#/CBS/nl/dataset/84971NED'>Afval; nieuw</a>",
            },
            "it names as successor 'Afval; nieuw': let the contract",
        ),
    ],
)
def test_a_table_that_has_stopped_is_said(fields: dict[str, str], sentence: str) -> None:
    body = {"Identifier": "84971NED", "Modified": "2026-01-01T02:00:00", "OutputStatus": "Regulier", **fields}
    found = edition_of(json.dumps({"value": [body]}).encode(), "84971NED").stopped()
    assert sentence in (found.words_en if found else "")
    assert bool(sentence) == (found is not None)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"Identifier": "84970NED", "Modified": "2026-01-01"}, "expected its description, found that of '84970NED'"),
        ({"Identifier": "84971NED"}, "expected the date on which CBS changed it, found ''"),
        ({"Identifier": "84971NED", "Modified": "<b>"}, "found '<b>' as Modified"),
    ],
)
def test_a_description_that_cannot_be_of_the_table_is_refused(said: dict[str, str], words: str) -> None:
    with pytest.raises(SourceUnreadable) as refused:
        edition_of(json.dumps({"value": [said]}).encode(), "84971NED")
    assert words in str(refused.value)


# --- code lists ---


def test_code_lists_are_compared_with_ours() -> None:
    lists = json.dumps(
        {
            "value": [
                {"Key": "T001523 ", "Title": "Totaal naar  verwerking ", "Status": None},
                {"Key": "T001617 ", "Title": "Hergebruik"},
                {"Key": "A999999 ", "Title": "Iets nieuws"},
            ]
        }
    ).encode()
    codes = service_codes(lists, "84971NED", WASTE)
    assert codes["T001523"].written == "T001523 "
    assert differences(waste(), WASTE, codes) == [
        f"{WASTE}: new, and not in our list 84971NED_{WASTE}, so that rows with it are refused: A999999 (Iets nieuws)",
        f"{WASTE}: other label: T001617 is called 'Hergebruik', in our list 'Nuttige toepassing'",
        f"{WASTE}: no longer in the list of CBS: T001618, A050137, A050138 and 3 more",
    ]
    # of a dimension with a selection only what is asked for counts
    given = {"value": [{"Key": "341600", "Title": "31 Meubelindustrie"}, {"Key": "999999", "Title": "Iets nieuws"}]}
    branches = service_codes(json.dumps(given).encode(), "t", BRANCH)
    assert differences(waste(selection={BRANCH: ["341600"]}), BRANCH, branches) == []
    assert differences(waste(selection={BRANCH: ["341600", "312505"]}), BRANCH, branches) == [
        f"{BRANCH}: no longer in the list of CBS: 312505"
    ]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"value": []}', "expected codes in the list Perioden, found none"),
        (b'{"value": [{"Title": "x"}]}', "expected a code in the list Perioden, found None"),
        (b'{"value": [{"Key": "a "}, {"Key": "a"}]}', "expected every code of Perioden once, found 'a' twice"),
        (b'{"value": [{"Key": "a"}], "odata.nextLink": "x?y"}', "expected the list Perioden on one page"),
    ],
)
def test_a_code_list_that_is_none_is_refused(body: bytes, words: str) -> None:
    with pytest.raises(SourceUnreadable) as refused:
        service_codes(body, "84971NED", "Perioden")
    assert words in str(refused.value)


# --- statuses ---


def cells(value: str, period: str, word: str) -> tuple[pa.ChunkedArray, pa.ChunkedArray, pa.ChunkedArray]:
    """One figure: its value, its period and what is said of its cell."""
    one, two, three = (pa.chunked_array([[cell]], pa.string()) for cell in (value, period, word))
    return one, two, three


@pytest.mark.parametrize(
    ("value", "word", "period", "found"),
    [
        ("1", "None", "Definitief", ("A", "", "Definitief")),
        ("1", "None", "Voorlopig", ("P", "", "Voorlopig")),
        ("1", "None", "NaderVoorlopig", ("P", "", "NaderVoorlopig")),
        ("1", "None", "Nader voorlopig", ("P", "", "Nader voorlopig")),
        ("1", "None", "", ("", "", "")),
        ("", "None", "Voorlopig", ("", "", "Voorlopig")),
        ("", "Impossible", "Definitief", ("M", "", "Impossible")),
        ("", "Confidential", "Definitief", ("Q", "C", "Confidential")),
        ("", "NotAvailable", "Voorlopig", ("L", "", "NotAvailable")),
        ("", ".", "Voorlopig", ("L", "", ".")),
        ("1", "Geschat", "Definitief", ("E", "", "Geschat")),
        ("1", "Bijgeschat", "Definitief", ("I", "", "Bijgeschat")),
        ("1", "Reeksbreuk", "Voorlopig", ("B", "", "Reeksbreuk")),
    ],
)
def test_the_words_of_cbs_become_our_statuses(value: str, word: str, period: str, found: tuple[str, ...]) -> None:
    said = statuses(*cells(value, "2021JJ00", word), {"2021JJ00": period}, "t")
    assert tuple(column.to_pylist()[0] for column in said.values()) == found


@pytest.mark.parametrize(
    ("value", "word", "period", "words"),
    [
        ("1", "Impossible", "Definitief", "expected no value beside 'Impossible', found '1' in row 0"),
        ("1", "Vreemd", "Definitief", "expected a ValueAttribute that is known"),
        ("1", "None", "Herzien", "as the status of period 2021JJ00, found 'Herzien'"),
    ],
)
def test_a_word_that_is_not_known_is_an_error(value: str, word: str, period: str, words: str) -> None:
    with pytest.raises(SourceUnreadable) as refused:
        statuses(*cells(value, "2021JJ00", word), {"2021JJ00": period}, "t")
    assert words in str(refused.value)


def test_a_period_that_the_list_of_cbs_does_not_have_is_an_error() -> None:
    with pytest.raises(SourceUnreadable, match="found 2021JJ00 in the rows only"):
        statuses(*cells("1", "2021JJ00", ""), {"2020JJ00": "Definitief"}, "t")


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("2021KW01", "quarter"),
        ("2021MM12", "month"),
        ("2021HJ02", "half year"),
        ("2021", "period"),
        ("21JJ00", "period"),
    ],
)
def test_a_period_that_is_no_year_is_refused(code: str, kind: str) -> None:
    with pytest.raises(SourceUnreadable, match=f"expected years such as 2021JJ00, found the {kind}"):
        check_years(pa.array(["2020JJ00", code]), "t")


def test_a_point_is_no_value_but_a_figure_that_is_not_given() -> None:
    row = {"ID": 0, WASTE: "T001523", BRANCH: "341600", "Perioden": "2021JJ00", "Bedrijfsafval_1": "       ."}
    table = parse_cbs(json.dumps({"value": [row]}).encode(), waste())
    assert table.select(["value", "obs_status", "status_detail"]).to_pylist() == [
        {"value": "", "obs_status": "L", "status_detail": "."}
    ]


# --- links ---

ASKED = "https://mirror.example/ODataFeed/odata/84971NED/TypedDataSet?$format=json&$filter=(A%20eq%20'1')&$select=ID,A"


@pytest.mark.parametrize(
    ("link", "kept"),
    [
        (
            "http://opendata.cbs.nl/ODataFeed/odata/84971NED/TypedDataSet?$format=json&$skip=10000",
            "$format=json&$skip=10000",
        ),
        ("https://opendata.cbs.nl/ODataFeed/OData/84971NED/TypedDataSet?%24skip=10000", "%24skip=10000"),
        ("TypedDataSet?$skip=10000", "$skip=10000"),
    ],
)
def test_a_link_says_where_to_go_on_and_never_another_host_or_question(link: str, kept: str) -> None:
    found = next_address(link, ASKED, "84971NED")
    assert found.startswith("https://mirror.example/ODataFeed/odata/84971NED/TypedDataSet?")
    assert found.endswith(kept)
    assert "$filter=(A%20eq%20'1')" in found and "$select=ID,A" in found
    assert found.count("$format") == 1


@pytest.mark.parametrize(
    "link",
    [
        "https://opendata.cbs.nl/ODataFeed/odata/83180NED/TypedDataSet?$skip=1",
        "https://x.example/",
        "/elsewhere?$skip=1",
    ],
)
def test_a_link_to_other_rows_is_refused(link: str) -> None:
    with pytest.raises(SourceUnreadable, match="expected a link to more rows of 84971NED/TypedDataSet"):
        next_address(link, ASKED, "84971NED")


def test_a_code_with_a_quote_stays_a_code_in_the_question() -> None:
    address = cbs_v3.data_url("https://x.example", waste(selection={BRANCH: ["a' or 1 eq 1"]}))
    assert "eq%20'a''%20or%201%20eq%201')" in address

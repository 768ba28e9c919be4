"""The two services of CBS as one: what is fetched, what comes out of it, and when nothing is fetched.

What CBS says beside its figures stands in `test_sources_cbs_said.py`, trouble in `tests/faults/test_live_cbs.py`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.sources import cbs_v3, cbs_v4
from assets.sources.archive import Archive, ArchiveRecord, record_of
from assets.sources.bundle import bundle, parts_of
from assets.sources.cbs import parse_cbs
from assets.sources.cbs_editions import stopped_in
from assets.sources.cbs_pages import read_page, whole_table
from assets.sources.cbs_service import CbsService, SpoiledAnswer
from assets.sources.eurostat import SourceUnreadable
from assets.sources.http import FetchError, PoliteSession
from assets.sources.live import Known, LiveAnswer, Unchanged
from assets.sources.received import Received
from contracts.audit import audit
from contracts.contract import Contract, source_contract, source_names
from contracts.vocabulary import Code, CodeList
from tests.cbs_example import BRANCH, WASTE, played_waste, waste
from tests.received_example import asked
from tests.servers.cbs import PlayedCbs, PlayedTable
from tests.servers.loopback import Reply, Waits, playing


@pytest.fixture
def cbs() -> Iterator[PlayedCbs]:
    played = PlayedCbs(played_waste(), page_rows=5)
    with playing(played):
        yield played


def service(played: PlayedCbs, waits: Waits | None = None) -> CbsService:
    return CbsService(played.v3, played.v4, PoliteSession("tests", wait=Waits()), waits or Waits())


def fetched(played: PlayedCbs, contract: Contract) -> LiveAnswer:
    answer = asked(service(played), contract)
    assert isinstance(answer, LiveAnswer)
    return answer


def record(answer: LiveAnswer) -> ArchiveRecord:
    """The record that the fetch keeps of an answer."""
    facts = {"source": "84971NED", "retrieved_at": "2026-11-20T03:00:00Z", "origin": "live"}
    return record_of(answer.body, **facts, retrieved_from=answer.url, etag=answer.etag, edition=answer.edition)


# --- the two services and the embedded edition give one table ---


def test_a_table_comes_as_one_bundle_of_what_was_asked_in_that_order(cbs: PlayedCbs) -> None:
    answer = fetched(cbs, waste())
    names = [name for name, _ in parts_of(answer.body) or ()]
    pages = [f"pages/000{number}.json" for number in (1, 2, 3, 4)]
    lists = [f"codes/{name}.json" for name in (WASTE, BRANCH, "Perioden")]
    assert names == ["TableInfos.json", "DataProperties.json", *lists, "count.txt", *pages]
    assert answer.edition == "2026-06-30"
    assert answer.note.startswith("16 rows in 4 pages")
    assert fetched(cbs, waste()).body == answer.body


def test_figures_have_the_status_of_their_period_and_the_words_of_cbs(cbs: PlayedCbs) -> None:
    table = parse_cbs(fetched(cbs, waste()).body, waste())
    found = {tuple(row.values())[1:4]: tuple(row.values())[4:] for row in table.to_pylist()}
    assert {found["T001523", "341600", year] for year in ("2018JJ00", "2019JJ00")} == {
        ("0", "A", "", "Definitief"),
        ("10", "A", "", "Definitief"),
    }
    assert found["T001523", "341600", "2020JJ00"] == ("20", "P", "", "NaderVoorlopig")
    assert found["T001523", "341600", "2021JJ00"] == ("30", "P", "", "Voorlopig")
    # v3 does not say why a cell is empty
    assert found["T001523", "312505", "2021JJ00"] == ("", "", "", "Voorlopig")


def test_the_other_service_says_why_a_cell_is_empty(cbs: PlayedCbs) -> None:
    table = parse_cbs(fetched(cbs, waste(api="v4")).body, waste())
    found = {tuple(row.values())[1:4]: tuple(row.values())[4:] for row in table.to_pylist()}
    assert found["T001523", "312505", "2021JJ00"] == ("", "Q", "C", "Confidential")
    assert found["A050140", "341600", "2019JJ00"] == ("", "M", "", "Impossible")
    assert found["T001523", "341600", "2021JJ00"] == ("30", "P", "", "Voorlopig")


def test_both_services_and_a_single_answer_give_the_same_figures(cbs: PlayedCbs) -> None:
    whole = json.dumps({"odata.metadata": "m", "value": cbs.table.v3_rows()}).encode()
    bodies = {"v3": fetched(cbs, waste()).body, "v4": fetched(cbs, waste(api="v4")).body, "single": whole}
    tables = {name: parse_cbs(body, waste()) for name, body in bodies.items()}
    figures = {
        name: sorted(tuple(row.values())[:5] for row in table.to_pylist() if row["value"])
        for name, table in tables.items()
    }
    assert len(figures["v3"]) == 11
    assert figures["v3"] == figures["v4"] == figures["single"]
    assert {tuple(table.column_names) for table in tables.values()} == {waste().column_names}


def test_what_is_fetched_passes_the_contract_but_for_its_smoke_bound(cbs: PlayedCbs) -> None:
    verdict = audit(parse_cbs(fetched(cbs, waste()).body, waste()), waste())
    assert [check.key for check in verdict.checks if not check.passed and check.severity == "error"] == [
        "84971NED__rows__rowcount"
    ]


def test_a_measure_of_the_other_service_is_called_as_in_the_contract(
    cbs: PlayedCbs, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = Code("Bedrijfsafval_1", "Bedrijfsafval", "Industrial waste", "", (("v4_measure", "D000123"),))
    monkeypatch.setattr(cbs_v4, "load_codelist", lambda name: CodeList(name, (entry,)))
    cbs.table.topics = {"Bedrijfsafval_1": "D000123"}
    table = parse_cbs(fetched(cbs, waste(api="v4")).body, waste())
    assert set(table.column("topic").to_pylist()) == {"Bedrijfsafval_1"}


def test_codes_are_asked_for_as_the_service_pads_them(cbs: PlayedCbs) -> None:
    fetched(cbs, waste())
    path = next(call.path for call in cbs.calls if "TypedDataSet/$count" in call.path)
    assert f"({BRANCH}%20eq%20'312505%20%20')" in path


def test_a_service_that_leaves_its_links_out_is_asked_for_the_rest(cbs: PlayedCbs) -> None:
    def unlinked(body: bytes) -> bytes:
        return json.dumps({k: v for k, v in json.loads(body).items() if k != "odata.nextLink"}).encode()

    cbs.spoiled["TypedDataSet?"] = unlinked
    assert fetched(cbs, waste()).note.startswith("16 rows in 4 pages")
    assert [call.path.rsplit("$skip=")[-1] for call in cbs.calls if "$skip" in call.path] == ["5", "10", "15"]


def test_the_second_service_stands_in_only_where_the_contract_says_so(cbs: PlayedCbs) -> None:
    cbs.replies["/odata/v1/CBS/84971NED/Properties"] = Reply(404, b"{}", {"Content-Type": "application/json"})
    with pytest.raises(FetchError, match=r"CBS has no table 84971NED here .*404.*; look on StatLine"):
        asked(service(cbs), waste(api="v4"))
    answer = fetched(cbs, waste(api="v4", apiFallback="v3"))
    assert answer.note.startswith("from v3, as v4 failed: CBS has no table 84971NED here")
    assert "TableInfos.json" in dict(parts_of(answer.body) or ())


def bundled(page_rows: int, cut: int | None = None) -> bytes:
    """The rows of the played table as a bundle of pages of so many rows; the last page cut off after `cut` bytes."""
    table = played_waste()
    rows = table.v3_rows()
    periods = [{"Key": code, "Title": code, "Status": status} for code, status in table.periods.items()]
    pages = [rows[at : at + page_rows] for at in range(0, len(rows), page_rows)]
    bodies = [json.dumps({"odata.metadata": "m", "value": page}).encode() for page in pages]
    bodies[-1] = bodies[-1][:cut]
    named = [(f"pages/{number:04d}.json", page) for number, page in enumerate(bodies, start=1)]
    lists = ("codes/Perioden.json", json.dumps({"value": periods}).encode())
    return bundle([("TableInfos.json", b"{}"), lists, ("count.txt", b"16"), *named])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, ""),
        ({BRANCH: "900046"}, f"expected only the {BRANCH} that were asked for, found 900046 as well"),
        ({"Perioden": "2021MM03"}, "found the month '2021MM03'"),
        ({"StringValue": "tekst"}, "expected numbers, found text in StringValue"),
        ({"Bijzonderheid": "x"}, "found a difference in Bijzonderheid"),
        ({"ValueAttribute": "Impossible"}, "expected no value beside 'Impossible', found '5'"),
        ({"ValueAttribute": "Nieuw"}, "expected a ValueAttribute that is known"),
        ({"Perioden": "2017JJ00"}, "found 2017JJ00 in the rows only"),
        ({"Value": True}, "expected text, a number or null in column Value of row 0"),
    ],
)
def test_a_figure_of_the_other_service_that_cannot_be_is_refused(change: dict[str, object], words: str) -> None:
    row = {"Id": 0, "Measure": "Bedrijfsafval_1", "ValueAttribute": "None", "Value": 5, "StringValue": None}
    row |= {WASTE: "T001523", BRANCH: "341600", "Perioden": "2021JJ00"} | change
    periods = json.dumps({"value": [{"Identifier": "2021JJ00", "Title": "2021", "Status": "Voorlopig"}]}).encode()
    named = [("Properties.json", b"{}"), ("codes/Perioden.json", periods), ("count.txt", b"1")]
    body = bundle([*named, ("pages/0001.json", json.dumps({"value": [row]}).encode())])
    if not words:
        assert parse_cbs(body, waste()).to_pylist()[0]["status_detail"] == "Voorlopig"
        return
    with pytest.raises(SourceUnreadable) as refused:
        parse_cbs(body, waste())
    assert words in str(refused.value)


@pytest.mark.parametrize(
    ("numbers", "filtered", "words"),
    [
        ([0, 1, 5, 6], False, "found 4 on 1 page; rows 2 to 4 are not among them"),
        ([0, 1, 5, 6], True, "found 4 on 1 page"),
        ([3, 4, 7], False, "found 3 on 1 page"),
        ([0, 2, 4], False, "found 3 on 1 page"),
        ([0, 1], False, "found 2 on 1 page"),
        (["a", "b"], False, "found 2 on 1 page"),
    ],
)
def test_rows_that_are_left_out_are_named_where_that_is_certain(
    numbers: list[object], filtered: bool, words: str
) -> None:
    page = read_page(json.dumps({"value": [{"ID": number} for number in numbers]}).encode(), 1, "t")
    with pytest.raises(SourceUnreadable, match=f"{words}$"):
        whole_table([page], b"9", "ID", "t", filtered=filtered)


@given(page_rows=st.integers(1, 20))
@settings(max_examples=20, deadline=None)
def test_a_table_is_the_same_in_pages_of_any_size(page_rows: int) -> None:
    assert parse_cbs(bundled(page_rows), waste()).equals(parse_cbs(bundled(16), waste()))


@given(page_rows=st.integers(1, 20), cut=st.integers(0, 100))
@settings(max_examples=40, deadline=None)
def test_a_page_cut_off_anywhere_is_never_a_table(page_rows: int, cut: int) -> None:
    with pytest.raises(SourceUnreadable, match=r"^table 84971NED: expected .* \(page \d+\)$"):
        parse_cbs(bundled(page_rows, cut), waste())


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ([("x.json", b"{}")], "expected answers about the table, its periods and its rows, found the parts x.json"),
        ([("TableInfos.json", b"{}"), ("pages/0001.json", b"{}")], "found the parts TableInfos.json, pages/0001.json"),
    ],
)
def test_a_bundle_without_what_belongs_to_a_table_is_refused(parts: list[tuple[str, bytes]], words: str) -> None:
    with pytest.raises(SourceUnreadable) as refused:
        parse_cbs(bundle(parts), waste())
    assert words in str(refused.value)


def test_a_bundle_that_is_damaged_is_refused() -> None:
    with pytest.raises(SourceUnreadable, match="table 84971NED: expected a whole bundle of answers, found it damaged"):
        parse_cbs(bundled(5)[:-200], waste())


# --- what is new ---


@pytest.mark.parametrize("api", ["v3", "v4"])
def test_a_table_that_cbs_did_not_change_costs_one_question(cbs: PlayedCbs, api: str) -> None:
    contract = waste(api=api)
    copy = Known(record(fetched(cbs, contract)))
    cbs.calls.clear()
    found = asked(service(cbs), contract, copy)
    assert isinstance(found, Unchanged)
    assert found.reason == "CBS has not changed it since 2026-06-30"
    assert len(cbs.calls) == 1


@pytest.mark.parametrize("api", ["v3", "v4"])
@pytest.mark.parametrize("change", ["modified", "question"])
def test_a_new_edition_or_another_question_is_fetched(cbs: PlayedCbs, api: str, change: str) -> None:
    contract = waste(api=api)
    copy = Known(record(fetched(cbs, contract)))
    if change == "modified":
        cbs.table.modified = "2026-06-30T09:00:00"
    else:
        contract = waste(api=api, selection={BRANCH: ["341600"]})
    assert isinstance(asked(service(cbs), contract, copy), LiveAnswer)


def test_a_table_that_has_stopped_is_said_with_what_was_fetched_and_when_nothing_changed(cbs: PlayedCbs) -> None:
    cbs.table.infos = {"OutputStatus": "Gediscontinueerd"}
    answer = fetched(cbs, waste())
    assert answer.stopped is not None
    assert answer.stopped.words_en.startswith("CBS no longer keeps this table up (Gediscontinueerd)")
    assert answer.stopped.words_nl.startswith("Het CBS houdt deze tabel niet meer bij (Gediscontinueerd)")
    assert stopped_in(answer.body, "84971NED") == answer.stopped
    found = asked(service(cbs), waste(), Known(record(answer)))
    assert isinstance(found, Unchanged)
    assert (found.reason, found.stopped) == ("CBS has not changed it since 2026-06-30", answer.stopped)


# --- tables of which no copy is at hand ---

AWAITED = ("81414ned", "82725NED", "83452NED", "83558NED")


@pytest.mark.parametrize("name", AWAITED)
def test_a_table_that_nobody_has_seen_yet_can_be_fetched_and_passes_its_contract(name: str) -> None:
    contract = source_contract(name)
    selection = contract.get("selection")
    dimensions: dict[str, dict[str, str]] = {
        dimension: {code: code for code in selection.get(dimension) or contract.column(dimension).allowed or ()}
        for dimension in cbs_v3.dimensions_of(contract)
        if dimension != "Perioden"
    }
    if name == "83452NED":
        dimensions["RegioS"] = {"NL01": "Nederland", "GM0363": "Amsterdam"}
    # a code and a topic that are not asked for must not come
    chosen = next(iter(selection))
    dimensions[chosen] = {**dimensions[chosen], "X99999": "Niet gevraagd"}
    topics = {topic: topic for topic in (*cbs_v3.topics_of(contract), "NietGevraagd_999")}
    table = PlayedTable(name, dimensions, {"2023JJ00": "Definitief", "2024JJ00": "Voorlopig"}, topics, {})
    table.cells = {key: [1.5] * len(topics) for key in table.combinations()}
    with playing(PlayedCbs(table, page_rows=7)) as base:
        bases = (f"{base}/ODataFeed/odata", f"{base}/odata/v1/CBS")
        answer = asked(CbsService(*bases, PoliteSession("tests", wait=Waits()), Waits()), contract)
    assert isinstance(answer, LiveAnswer)
    found = parse_cbs(answer.body, contract)
    assert "X99999" not in found.column(chosen).to_pylist()
    wrong = {check.key for check in audit(found, contract).checks if not check.passed and check.severity == "error"}
    assert wrong == {f"{name}__rows__rowcount"}


# thousand tonnes, as the page of CBS on this table gave them in 2026
SUPPLIED: dict[str, list[float | int | None]] = {
    "2002JJ00": [13879, *[None] * 9, 13879, 13177, 703, 235, 73, 373, 22],
    "2004JJ00": [15684, 15588, 716, 2750, 189, 331, 798, 10096, 708, 95, 15684, 14818, 867, 210, 46, 412, 199],
    "2006JJ00": [16800, 16582, 1275, 1337, 299, 442, 731, 11972, 525, 218, 16800, 15756, 1042, 121, 48, 494, 379],
}


def recycling_companies(**renamed: str) -> PlayedTable:
    """81416ned, with other names for some columns."""
    topics = {renamed.get(topic, topic): topic for topic in cbs_v3.topics_of(source_contract("81416ned"))}
    cells = {(period,): list(figures) for period, figures in SUPPLIED.items()}
    return PlayedTable("81416ned", {}, dict.fromkeys(SUPPLIED, "Definitief"), topics, cells, unit="1 000 ton")


def test_the_waste_at_recycling_companies_is_fetched_with_all_its_columns_and_passes_its_contract() -> None:
    contract = source_contract("81416ned")
    played = PlayedCbs(recycling_companies(), page_rows=2)
    with playing(played):
        answer = fetched(played, contract)
    found = parse_cbs(answer.body, contract)
    assert found.num_rows == 3 * 17
    figures = {(row["topic"], row["Perioden"]): row["value"] for row in found.to_pylist()}
    assert figures["TotaalAanvoerAfval_1", "2006JJ00"] == "16800"
    assert figures["GlasPapierHoutKunststofED_4", "2004JJ00"] == "2750"
    assert figures["NuttigeToepassing_14", "2002JJ00"] == "235"
    assert figures["Slib_7", "2002JJ00"] == ""
    wrong = {check.key for check in audit(found, contract).checks if not check.passed and check.severity == "error"}
    assert wrong == {"81416ned__rows__rowcount"}


def test_a_column_that_is_called_otherwise_than_its_title_suggests_is_fetched_and_refused_by_name() -> None:
    contract = source_contract("81416ned")
    played = PlayedCbs(recycling_companies(Eindproduct_12="EindproductSecundaireGrondstof_12"), page_rows=2)
    with playing(played):
        answer = fetched(played, contract)
    assert "topics: no longer named by CBS" in answer.note
    with pytest.raises(SourceUnreadable) as refused:
        parse_cbs(answer.body, contract)
    assert "expected the column Eindproduct_12, found EindproductSecundaireGrondstof_12 in its place" in str(
        refused.value
    )


def test_every_dutch_table_that_the_domain_names_has_a_contract() -> None:
    named = {"83180NED", "84970NED", "84971NED", "81414ned", "83558NED", "83452NED", "81416ned", "82725NED", "37852"}
    assert named <= set(source_names())


# --- units ---

GRAMS = "column Bedrijfsafval_1: expected the unit 'mln kg'"


@pytest.mark.parametrize("api", ["v3", "v4"])
def test_a_unit_that_changed_since_our_copy_refuses_the_table_before_its_figures_are_asked_for(
    cbs: PlayedCbs, tmp_path: Path, api: str
) -> None:
    contract, archive = waste(api=api), Archive(tmp_path)
    answer = fetched(cbs, contract)
    copy = archive.put(answer.body, record(answer))
    cbs.table.unit, cbs.table.modified = "1 000 ton", "2026-07-30T06:30:00"
    cbs.calls.clear()
    waits = Waits()
    with pytest.raises(SpoiledAnswer) as refused:
        service(cbs, waits).fetch(contract, Known(copy), Received(archive, "84971NED", "2026-11-21T03:00:00Z"))
    assert f"table 84971NED: {GRAMS} as in our copy of 2026-11-20, found '1 000 ton'" in str(refused.value)
    assert (refused.value.refused, waits.seconds) == (True, [])
    assert cbs.count("$count") == 0


@pytest.mark.parametrize("unit", ["mln kg", {"Bedrijfsafval_1": "MLN  kg"}])
def test_a_unit_other_than_the_contract_names_refuses_the_table(cbs: PlayedCbs, unit: object) -> None:
    contract = waste(publishedUnit=unit)
    assert fetched(cbs, contract).body
    cbs.table.unit = "kg"
    with pytest.raises(SpoiledAnswer, match=r"expected the unit '(mln kg|MLN  kg)' as the contract says, found 'kg'"):
        fetched(cbs, contract)


def test_the_contract_goes_before_our_copy_so_that_a_new_unit_can_be_taken_up(cbs: PlayedCbs, tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    answer = fetched(cbs, waste())
    copy = archive.put(answer.body, record(answer))
    cbs.table.unit, cbs.table.modified = "1 000 ton", "2026-07-30T06:30:00"
    received = Received(archive, "84971NED", "2026-11-21T03:00:00Z")
    contract = waste(publishedUnit={"Bedrijfsafval_1": "1 000 ton"})
    assert isinstance(service(cbs).fetch(contract, Known(copy), received), LiveAnswer)


def test_a_topic_of_which_no_unit_was_known_is_noted_and_not_refused(cbs: PlayedCbs, tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    cbs.table.unit = " "
    answer = fetched(cbs, waste())
    copy = archive.put(answer.body, record(answer))
    cbs.table.unit, cbs.table.modified = "mln kg", "2026-07-30T06:30:00"
    received = Received(archive, "84971NED", "2026-11-21T03:00:00Z")
    assert isinstance(service(cbs).fetch(waste(), Known(copy), received), LiveAnswer)

"""CBS in trouble, one named case a fault: what is archived, which copy is built from, what the log says.

A played CBS on loopback. Every case starts from a copy of an earlier night; the figures that stand are never harmed.
"""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from assets.sources import cbs_service
from assets.sources.archive import Archive
from assets.sources.archive_check import check_archive
from assets.sources.bundle import parts_of
from assets.sources.cbs import parse_cbs
from assets.sources.cbs_service import CbsService
from assets.sources.embedded_edition import embedded_copy
from assets.sources.eurostat import SourceUnreadable
from assets.sources.fetch import FetchSettings, fetch_all, fetch_source
from assets.sources.fetched import Fetched
from assets.sources.http import Patience, PoliteSession
from assets.sources.live import LiveAnswer
from assets.sources.received import Received
from contracts.audit import audit
from contracts.contract import Contract, source_contract
from pipelines.nightly import executed
from tests.conftest import free_port, night
from tests.received_example import asked
from tests.servers.cbs import PlayedCbs, PlayedTable
from tests.servers.loopback import Fault, Reply, Waits, playing

SOURCE = "84971NED"
WASTE, BRANCH = "NuttigeToepassingEnEindverwerking", "BedrijfstakkenBranchesSBI2008"
YESTERDAY, TONIGHT = "2026-11-20T03:00:00Z", "2026-11-21T03:00:00Z"
NEWER = "2026-11-20T06:30:00"
JSON = {"Content-Type": "application/json"}


def small_table() -> PlayedTable:
    """One treatment, two branches and six years: twelve rows, three pages of five."""
    periods: dict[str, str | None] = {f"{year}JJ00": "Definitief" for year in range(2016, 2022)}
    branches = {"312505": "13-15 Textiel-, kleding- en lederindustrie", "341600": "31 Meubelindustrie"}
    cells: dict[tuple[str, ...], list[float | int | None]] = {
        ("T001523", branch, period): [number] for number, period in enumerate(periods) for branch in branches
    }
    dimensions = {WASTE: {"T001523": "Totaal naar verwerking"}, BRANCH: branches}
    return PlayedTable(SOURCE, dimensions, periods, {"Bedrijfsafval_1": "Bedrijfsafval_1"}, cells)


@pytest.fixture
def cbs() -> Iterator[PlayedCbs]:
    played = PlayedCbs(small_table(), page_rows=5)
    with playing(played):
        yield played


def fetch(played: PlayedCbs, home: Path, at: str, v3_base: str | None = None) -> tuple[Fetched, list[float]]:
    """One fetch of the table, and the waits that it took."""
    waits = Waits()
    session = PoliteSession("tests", Patience(contact=1.0, contact_in_all=2.0, tries=3), waits, lambda: 0.0)
    service = CbsService(v3_base or played.v3, played.v4, session, waits)
    settings = FetchSettings(eurostat_url=None, user_agent="tests", cbs_v3_url=played.v3)
    try:
        return fetch_source(SOURCE, Archive(home / "archive"), {"cbs": service}, settings, at), waits.seconds
    finally:
        session.close()


def of_page(change: Callable[[list[dict[str, Any]]], list[dict[str, Any]]]) -> Callable[[bytes], bytes]:
    """A change to the rows of a page."""

    def spoil(body: bytes) -> bytes:
        answer = json.loads(body)
        return json.dumps({**answer, "value": change(answer["value"])}).encode()

    return spoil


def of_link(change: Callable[[str], str]) -> Callable[[bytes], bytes]:
    """A change to the link to the next page, where there is one."""

    def spoil(body: bytes) -> bytes:
        answer = json.loads(body)
        if "odata.nextLink" in answer:
            answer["odata.nextLink"] = change(answer["odata.nextLink"])
        return json.dumps(answer).encode()

    return spoil


PAGE_1, PAGE_2, PAGES, COUNT = "select=ID", "skip=5", "TypedDataSet?", "TypedDataSet/$count"


@dataclass(frozen=True)
class Trouble:
    """What is spoiled for good (by a word in the address), and what the one line of the log must hold.

    `spoiled`: what came is kept in the archive as spoiled; `unfinished`: it is kept because the rest did not come.
    """

    says: tuple[str, ...]
    spoil: Mapping[str, Callable[[bytes], bytes]] = field(default_factory=dict)
    replies: Mapping[str, Reply] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()
    spoiled: bool = False
    unfinished: bool = False


TWICE = "the live service failed: CBS sent no whole table, asked twice: table 84971NED: "

KEPT: Mapping[str, Trouble] = {
    "truncated JSON": Trouble(
        (TWICE + "expected whole JSON, found it broken or cut short", "(page 2)"),
        {PAGE_2: lambda body: body[:-40]},
        spoiled=True,
    ),
    "an empty page body": Trouble(
        (TWICE + "expected OData in JSON, found an empty body",), {PAGE_2: lambda _: b""}, spoiled=True
    ),
    "wrong row count": Trouble(
        (TWICE + "expected 13 rows by the count of the service itself, found 12 on 4 pages",),
        {COUNT: lambda _: b"13"},
        spoiled=True,
    ),
    "a count that is none": Trouble(
        (TWICE + "expected the number of rows, found 'Onderhoud'",), {COUNT: lambda _: b"Onderhoud"}, spoiled=True
    ),
    "page repeated": Trouble(
        (TWICE + "expected every page once, found page 1 again as page 2 (5 rows)",),
        {PAGE_2: of_page(lambda rows: [{**row, "ID": n, "Perioden": f"{2016 + n}JJ00"} for n, row in enumerate(rows)])},
        spoiled=True,
    ),
    "page missing": Trouble(
        (TWICE + "expected 12 rows by the count", "found 7 on 3 pages"),
        {PAGE_1: of_link(lambda link: link.replace("skip=5", "skip=10")), "skip=7": of_page(lambda _: [])},
        spoiled=True,
    ),
    "duplicate rows across pages": Trouble(
        (TWICE + "expected every row once, found 1 rows more than once, on page 1 and page 2 (the first is ID 4)",),
        {PAGE_2: of_page(lambda rows: [{**rows[0], "ID": 4}, *rows[1:]])},
        spoiled=True,
    ),
    "links that lead back": Trouble(
        (TWICE + "expected new rows behind every link, found page 2 leading back",),
        {PAGE_2: of_link(lambda link: link.replace("skip=10", "skip=5"))},
        spoiled=True,
    ),
    "a link to another table": Trouble(
        (TWICE + "expected a link to more rows of 84971NED/TypedDataSet, found one to 'http://evil.example/x?$skip=5'",),
        {PAGE_1: of_link(lambda _: "http://evil.example/x?$skip=5")},
        spoiled=True,
    ),
    "another page with other columns": Trouble(
        (TWICE + "expected the columns of the first page on page 2, found others: Bijgeteld_2",),
        {PAGE_2: of_page(lambda rows: [{**row, "Bijgeteld_2": 1} for row in rows])},
        spoiled=True,
    ),
    "encoding wrong": Trouble(
        (TWICE + "expected UTF-8, found byte 0xff at position 0 (page 1)",),
        {PAGE_1: lambda body: b"\xff\xfe" + body},
        spoiled=True,
    ),
    "HTML that calls itself JSON": Trouble(
        (TWICE + "expected OData in JSON, found a page that starts with '<html>",),
        {"TableInfos": lambda _: b"<html><body>Onderhoud</body></html>"},
        spoiled=True,
    ),
    "an error of the service with status 200": Trouble(
        (TWICE + "expected rows, found an error of the service: {'code': '', 'message'",),
        {PAGE_1: lambda _: b'{"odata.error": {"code": "", "message": {"lang": "nl-NL", "value": "Te veel"}}}'},
        spoiled=True,
    ),
    "the description of another table": Trouble(
        (TWICE + "expected its description, found that of '84970NED'",),
        {"TableInfos": lambda body: body.replace(b"84971NED", b"84970NED")},
        spoiled=True,
    ),
    "HTML with status 200": Trouble(
        ("answered with a web page in place of data («Onderhoud»)",),
        replies={PAGE_2: Reply(200, b"<html><title>Onderhoud</title></html>", {"Content-Type": "text/html"})},
        spoiled=True,
    ),
    "Atom in place of JSON": Trouble(
        ("answered with application/atom+xml, expected application/json",),
        replies={PAGE_1: Reply(200, b"<?xml version='1.0'?><feed/>", {"Content-Type": "application/atom+xml"})},
        spoiled=True,
    ),
    "a table that is gone (404)": Trouble(
        ("CBS has no table 84971NED here (", "answered 404 Not Found", "look on StatLine whether another"),
        replies={"TableInfos": Reply(404, b"{}", JSON)},
    ),
    "500 for ever": Trouble(
        ("answered 500", "tried 3 times"), replies={PAGES: Reply(500, b"{}", JSON)}, unfinished=True
    ),
    "429 for longer than a night has": Trouble(
        ("answered 429", "asks us to come back after 3600 s"),
        replies={COUNT: Reply(429, b"", {"Retry-After": "3600"})},
        unfinished=True,
    ),
    "truncated gzip": Trouble(
        ("the answer broke off or is damaged", "tried 3 times"),
        {PAGE_1: lambda body: gzip.compress(body, mtime=0)[:60]},
        {PAGE_1: Reply(200, gzip.compress(b"{}" * 999, mtime=0)[:20], {**JSON, "Content-Encoding": "gzip"})},
        unfinished=True,
    ),
    "broken off every time": Trouble(
        ("the answer broke off or is damaged", "tried 3 times"), faults=(Fault(COUNT),) * 3, unfinished=True
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", KEPT)
def test_the_newest_copy_that_we_have_is_built_from_when(cbs: PlayedCbs, tmp_path: Path, name: str) -> None:
    trouble = KEPT[name]
    before, _ = fetch(cbs, tmp_path, YESTERDAY)
    assert before.record is not None and before.outcome == "fetched"
    cbs.table.modified = NEWER
    cbs.spoiled.update(trouble.spoil)
    cbs.replies.update(trouble.replies)
    cbs.faults.extend(trouble.faults)
    now, _ = fetch(cbs, tmp_path, TONIGHT)
    assert (now.outcome, now.record) == ("kept", before.record)
    for words in trouble.says:
        assert words in now.sentence()
    kept = Archive(tmp_path / "archive").records(SOURCE)
    aside = ["spoiled"] * trouble.spoiled + ["unfinished"] * trouble.unfinished
    assert [record.origin for record in kept] == ["live", *aside]
    assert now.refused == trouble.spoiled
    assert now.kept_aside == tuple(record.place for record in kept[1:])
    assert not (tmp_path / "archive" / SOURCE / "parts").exists()
    if aside:
        assert f"; what came is in archive/{SOURCE}/{kept[1].sha256})" in now.sentence()
        assert kept[1].note_en is not None and kept[1].note_en in now.reason
        # the next night the service is well again, and is believed
        cbs.spoiled.clear()
        cbs.replies.clear()
        assert fetch(cbs, tmp_path, "2026-11-22T03:00:00Z")[0].outcome == "fetched"


def test_what_had_arrived_when_a_later_page_fails_is_kept_with_its_addresses_and_never_built_from(
    cbs: PlayedCbs, tmp_path: Path
) -> None:
    fetch(cbs, tmp_path, YESTERDAY)
    cbs.table.modified = NEWER
    cbs.replies["skip=10"] = Reply(503, b"", {"Content-Type": "text/html"})
    now, _ = fetch(cbs, tmp_path, TONIGHT)
    archive = Archive(tmp_path / "archive")
    live, unfinished = archive.records(SOURCE)
    assert now.record == live
    parts = dict(parts_of(archive.read(unfinished)) or ())
    listed = json.loads(parts["addresses.json"])
    assert [each["name"] for each in listed][-3:] == ["count.txt", "pages/0001.json", "pages/0002.json"]
    assert listed[-1]["url"].endswith("$skip=5")
    rows = json.loads(parts[listed[-1]["sha256"]])["value"]
    assert [row["ID"] for row in rows] == [5, 6, 7, 8, 9]
    assert unfinished.note_en is not None and "answered 503" in unfinished.note_en
    with pytest.raises(SourceUnreadable, match="expected answers about the table, its periods and its rows"):
        parse_cbs(archive.read(unfinished), source_contract(SOURCE))
    # the same night again gives the same bytes, which are kept once
    assert fetch(cbs, tmp_path, "2026-11-22T03:00:00Z")[0].kept_aside == (unfinished.place,)
    assert len(archive.records(SOURCE)) == 2


KILLED = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from assets.sources import cbs_service
from assets.sources.archive import Archive
from assets.sources.fetch import FetchSettings, fetch_all, fetch_source
from assets.sources.http import PoliteSession

def kill(body, number, table):
    if number == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return read_page(body, number, table)

read_page, cbs_service.read_page = cbs_service.read_page, kill
service = cbs_service.CbsService(sys.argv[3], None, PoliteSession("tests"))
settings = FetchSettings(None, "tests", cbs_v3_url=sys.argv[3])
fetch_source("84971NED", Archive(Path(sys.argv[2])), {"cbs": service}, settings, "2026-11-20T03:00:00Z")
"""


def test_a_night_that_is_killed_in_the_middle_leaves_parts_that_the_next_night_keeps(
    cbs: PlayedCbs, tmp_path: Path
) -> None:
    root, archive = str(Path(__file__).parents[2]), Archive(tmp_path / "archive")
    command = [sys.executable, "-c", KILLED, root, str(archive.root), cbs.v3]
    done = subprocess.run(command, check=False, timeout=60, env={**os.environ, "no_proxy": "127.0.0.1"})
    assert done.returncode == -signal.SIGKILL
    # the page that it died of is on disk, though nothing of it was read
    checked = check_archive(archive, tmp_path / "published")
    assert (checked.copies, checked.problems) == (0, ())
    (remark,) = checked.remarks
    assert "holds 8 pieces of a fetch that is under way or was broken off" in remark
    assert fetch(cbs, tmp_path, TONIGHT)[0].outcome == "fetched"
    unfinished, live = archive.records(SOURCE)
    assert (unfinished.origin, live.origin) == ("unfinished", "live")
    assert unfinished.retrieved_at == YESTERDAY
    assert unfinished.note_en == f"the fetch of {YESTERDAY} was broken off before all parts were there"
    assert len(parts_of(archive.read(unfinished)) or ()) == 1 + 8
    checked = check_archive(archive, tmp_path / "published")
    assert (checked.copies, checked.problems, checked.remarks) == (2, (), ())


def test_parts_that_another_process_is_fetching_are_left_alone(cbs: PlayedCbs, tmp_path: Path) -> None:
    archive = Archive(tmp_path / "archive")
    other = Received(archive, SOURCE, YESTERDAY)
    other.part("TableInfos.json", "https://example.org/TableInfos")(b"{}")
    assert fetch(cbs, tmp_path, TONIGHT)[0].outcome == "fetched"
    assert [record.origin for record in archive.records(SOURCE)] == ["live"]
    (lying,) = (archive.root / SOURCE / "parts").iterdir()
    assert len(list(lying.iterdir())) == 2
    other.finished()
    assert not (archive.root / SOURCE / "parts").exists()


def test_a_table_that_has_stopped_has_a_warning_of_its_own_in_the_log_also_when_cbs_is_not_there(
    cbs: PlayedCbs, tmp_path: Path
) -> None:
    cbs.table.infos = {"OutputStatus": "Gediscontinueerd"}
    first, _ = fetch(cbs, tmp_path, YESTERDAY)
    again, _ = fetch(cbs, tmp_path, TONIGHT)
    gone, _ = fetch(cbs, tmp_path, TONIGHT, v3_base=f"http://127.0.0.1:{free_port()}/ODataFeed/odata")
    assert [found.outcome for found in (first, again, gone)] == ["fetched", "not_newer", "kept"]
    words = "CBS no longer keeps this table up (Gediscontinueerd); it names no successor: let the contract point there"
    for found in (first, again, gone):
        assert found.stopped is not None and found.stopped.words_en == words
        assert "no longer keeps" not in found.sentence()
    said: list[str] = []
    settings = FetchSettings(None, "tests", cbs_v3_url=cbs.v3)
    fetch_all((SOURCE,), Archive(tmp_path / "archive"), settings, TONIGHT, said.append)
    assert said[1:] == [f"WARNING: {SOURCE}: {words}"]


def test_a_service_that_is_not_there_costs_no_waiting(cbs: PlayedCbs, tmp_path: Path) -> None:
    now, waits = fetch(cbs, tmp_path, TONIGHT, v3_base=f"http://127.0.0.1:{free_port()}/ODataFeed/odata")
    assert (now.outcome, waits) == ("embedded", [])
    assert "the live service failed: 127.0.0.1:" in now.sentence()
    assert now.record is not None and now.record.sha256 == embedded_copy(SOURCE)[1].sha256


PASSING: Mapping[str, tuple[Fault, list[float]]] = {
    "500 then fine": (Fault(COUNT, status=500, headers=JSON, content={}), [0.5]),
    "429 with a time to come back": (Fault(COUNT, status=429, headers={"Retry-After": "7"}, content={}), [7.0]),
    "broken off once": (Fault("skip=5"), [0.5]),
    "a page cut short once": (Fault("skip=5", status=200, headers=JSON, content=b'{"value": ['), [5.0]),
    "replaced while it was read": (
        Fault(COUNT, status=200, headers={"Content-Type": "text/plain"}, content=b"11"),
        [5.0],
    ),
}


@pytest.mark.parametrize("name", PASSING)
def test_a_trouble_that_passes_is_waited_for(cbs: PlayedCbs, tmp_path: Path, name: str) -> None:
    fault, expected = PASSING[name]
    cbs.faults.append(fault)
    now, waits = fetch(cbs, tmp_path, TONIGHT)
    assert now.outcome == "fetched" and waits == expected
    assert ("whole only the second time" in now.sentence()) == (expected == [5.0])
    assert [record.origin for record in Archive(tmp_path / "archive").records(SOURCE)] == ["live"]
    assert now.record is not None
    assert parse_cbs(Archive(tmp_path / "archive").read(now.record), source_contract(SOURCE)).num_rows == 12


def test_a_service_that_is_being_mended_is_not_waited_for_at_every_table(cbs: PlayedCbs) -> None:
    cbs.spoiled["TableInfos"] = lambda _: b"<html>Onderhoud</html>"
    waits, times = Waits(), []
    service = CbsService(cbs.v3, cbs.v4, PoliteSession("tests", wait=Waits()), waits)
    for _ in range(4):
        with pytest.raises(cbs_service.SpoiledAnswer) as failed:
            asked(service, source_contract(SOURCE))
        times.append(str(failed.value).split(":")[0])
    assert waits.seconds == [5.0, 5.0]
    assert times == ["CBS sent no whole table, asked twice"] * 2 + ["CBS sent no whole table, asked once"] * 2


def test_a_service_without_a_count_is_believed_and_that_is_said(cbs: PlayedCbs, tmp_path: Path) -> None:
    cbs.replies[COUNT] = Reply(404, b"{}", JSON)
    now, _ = fetch(cbs, tmp_path, TONIGHT)
    assert now.outcome == "fetched"
    assert "the service gave no number of rows to check against" in now.sentence()


def test_a_table_that_is_far_too_large_is_not_read_on(
    cbs: PlayedCbs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cbs_service, "MOST_BYTES", 3000)
    now, _ = fetch(cbs, tmp_path, TONIGHT)
    assert now.outcome == "embedded"
    assert "the table 84971NED of CBS is larger than 3000 bytes; narrow its `selection`" in now.sentence()


# Archived, because it may be an edition like any other; then refused, so that the table that stands goes on standing.
REFUSED: Mapping[str, tuple[Mapping[str, Callable[[bytes], bytes]], str]] = {
    "a column less": (
        {PAGES: of_page(lambda rows: [{k: v for k, v in row.items() if k != "Bedrijfsafval_1"} for row in rows])},
        "expected the column Bedrijfsafval_1",
    ),
    "a column more": (
        {PAGES: of_page(lambda rows: [{**row, "Nieuw_2": 1} for row in rows])},
        "expected a code of the list 84970NED_topic, found 'Nieuw_2'",
    ),
    "a code more": (
        {PAGES: of_page(lambda rows: [{**row, WASTE: "A999999 "} for row in rows])},
        "expected a code of the list 84971NED_NuttigeToepassingEnEindverwerking, found 'A999999'",
    ),
    "a branch that was not asked for": (
        {PAGES: of_page(lambda rows: [{**row, BRANCH: "900046  "} for row in rows])},
        f"expected only the {BRANCH} that were asked for, found 900046 as well",
    ),
    "a quarter among the years": (
        {PAGES: of_page(lambda rows: [{**row, "Perioden": row["Perioden"].replace("JJ00", "KW01")} for row in rows])},
        "expected years such as 2021JJ00, found the quarter '2016KW01'",
    ),
    "a status that nobody knows": (
        {"/Perioden?": lambda body: body.replace(b"Definitief", b"Herzien")},
        "expected Definitief, Voorlopig or NaderVoorlopig as the status of period 2016JJ00, found 'Herzien'",
    ),
    "text in the number column": (
        {PAGES: of_page(lambda rows: [{**row, "Bedrijfsafval_1": "n.b."} for row in rows])},
        "expected a number with a decimal point, found 'n.b.'",
    ),
    "a key twice under two numbers": (
        {PAGES: of_page(lambda rows: [{**row, "Perioden": "2016JJ00"} for row in rows])},
        "once, found more than one row with it",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_an_edition_is_archived_and_its_table_refused_when_it_has(cbs: PlayedCbs, tmp_path: Path, name: str) -> None:
    spoil, words = REFUSED[name]
    cbs.spoiled.update(spoil)
    now, _ = fetch(cbs, tmp_path, TONIGHT)
    assert now.outcome == "fetched" and now.record is not None
    contract = source_contract(SOURCE)
    try:
        verdict = audit(parse_cbs(Archive(tmp_path / "archive").read(now.record), contract), contract)
        said = " ".join(verdict.messages("error"))
    except SourceUnreadable as error:
        said = str(error)
    assert words in " ".join(said.split())


def test_an_edition_with_other_labels_is_fetched_and_the_labels_are_said(cbs: PlayedCbs, tmp_path: Path) -> None:
    cbs.table.dimensions[BRANCH]["341600"] = "31 Vervaardiging van <b>meubels</b>"
    now, _ = fetch(cbs, tmp_path, TONIGHT)
    assert now.outcome == "fetched"
    assert "other label: 341600 is called '31 Vervaardiging van <b>meubels</b>', in our list '31 Meubelindustrie'" in (
        now.sentence()
    )


@pytest.mark.parametrize(
    ("word", "spoil", "says"),
    [
        ("Observations?", of_link(lambda link: link), "found page 1 again as page 2"),
        ("Observations/$count", lambda _: b"99", "expected 99 rows by the count of the service itself, found 12"),
        ("PeriodenCodes", lambda body: body[:-9], "expected whole JSON, found it broken or cut short"),
    ],
)
def test_the_other_service_is_held_to_the_same(
    cbs: PlayedCbs, word: str, spoil: Callable[[bytes], bytes], says: str
) -> None:
    cbs.spoiled[word] = spoil
    if "again" in says:
        cbs.spoiled["skip=5"] = of_page(lambda rows: [{**row, "Id": number} for number, row in enumerate(rows)])
    service = CbsService(None, cbs.v4, PoliteSession("tests", wait=Waits()), Waits())
    with pytest.raises(cbs_service.SpoiledAnswer) as failed:
        asked(service, _with("v4"))
    assert says in str(failed.value)


@pytest.mark.parametrize("api", ["v3", "v4"])
def test_the_embedded_edition_played_as_a_live_table_gives_the_same_figures(api: str, tmp_path: Path) -> None:
    contract = source_contract(SOURCE)
    body, _ = embedded_copy(SOURCE)
    rows = json.loads(body)["value"]
    dimensions = {name: {row[name]: row[name] for row in rows} for name in (WASTE, BRANCH)}
    cells: dict[tuple[str, ...], list[float | int | None]] = {
        (row[WASTE], row[BRANCH], row["Perioden"]): [row["Bedrijfsafval_1"]] for row in rows
    }
    periods: dict[str, str | None] = {row["Perioden"]: "Definitief" for row in rows}
    periods["2021JJ00"] = "Voorlopig"
    played = PlayedCbs(PlayedTable(SOURCE, dimensions, periods, {"Bedrijfsafval_1": "Bedrijfsafval_1"}, cells), 1000)
    with playing(played):
        session = PoliteSession("tests", wait=Waits())
        answer = asked(CbsService(played.v3, played.v4, session, Waits()), _with(api))
        session.close()
    assert isinstance(answer, LiveAnswer)
    live = parse_cbs(answer.body, contract)
    embedded = parse_cbs(body, contract)
    figures = [
        sorted(tuple(row.values())[:5] for row in table.to_pylist() if row["value"]) for table in (live, embedded)
    ]
    assert figures[0] == figures[1] and len(figures[0]) > 5000
    if api == "v3":
        verdict = audit(live, contract)
        assert verdict.usable and verdict.rows_in == 6200
    statuses = {(row["Perioden"], row["obs_status"]) for row in live.to_pylist() if row["value"]}
    assert ("2021JJ00", "P") in statuses and ("2020JJ00", "A") in statuses


def _with(api: str) -> Contract:
    contract = source_contract(SOURCE)
    return replace(contract, properties=tuple({**dict(contract.properties), "api": api}.items()))


def test_the_check_of_a_table_that_has_stopped_says_so_in_words(tmp_path: Path) -> None:
    offline = night(tmp_path)
    keys = [dg.AssetKey(["sources", name]) for name in ("vintages", SOURCE)]
    executed(offline, keys)
    facts = json.loads(offline.fetched.read_text(encoding="utf-8"))
    facts[SOURCE] |= {"stopped_nl": "Het CBS houdt deze tabel niet meer bij", "stopped_en": "CBS no longer keeps it up"}
    offline.fetched.write_text(json.dumps(facts), encoding="utf-8")
    results = executed(offline, keys[1:])
    found = {check.check_name: check for result in results for check in result.get_asset_check_evaluations()}
    assert found["contract"].passed
    warned = found["contract_warnings"]
    assert (warned.passed, warned.severity) == (False, dg.AssetCheckSeverity.WARN)
    words = "Het CBS houdt deze tabel niet meer bij."
    assert words in str(warned.description)

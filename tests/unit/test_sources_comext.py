"""COMEXT as a live service, against a played files API: what is fetched, what is kept, what stays, what is said.

Not here: the form of listing and bulk file, and damage to them (`test_sources_comext_files.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest

from assets.sources.archive import ArchiveDamaged, ArchiveRecord, record_of
from assets.sources.comext import COLUMNS, KeptFile, pack, parquet_bytes, parse_comext, unpack_months
from assets.sources.comext_service import FILES_A_NIGHT, ComextService
from assets.sources.eurostat import SourceUnreadable
from assets.sources.http import FetchError, PoliteSession
from assets.sources.live import Known, LiveAnswer, Unchanged
from contracts.audit import audit
from contracts.contract import Contract, source_contract
from tests.conftest import free_port
from tests.servers.comext import PATH, PlayedComext, month_file
from tests.servers.loopback import Fault, Reply, Waits, playing

USED = "NL,PL,I,63090000,26901,3811,3811,620,314200,11,2,1,NO_SU,{period},125000,125000,98000,0"
TABLE = "NL,DE,I,94036090,82159,3109,3109,610,312100,20,1,1,PST,{period},40210,40210,5120,77"
SECRET = "NL,CN,E,94XXXXXX,82XXX,XXXX,XXXX,610,31XXXX,20,1,1,NO_SU,{period},890,890,120,0"
OF_AUSTRIA = "AT,AD,E,63090000,26901,3811,3811,620,314200,11,2,1,NO_SU,{period},65,65,3,0"
REVISED = USED.replace("125000,125000,98000", "126500,126500,99100")


@dataclass
class Nights:
    """Nights one after another: what a night brings is what the next one knows."""

    service: PlayedComext
    contract: Contract
    body: bytes | None = None

    def night(self) -> LiveAnswer | Unchanged:
        """One night with an object of its own, as the fetch makes it."""
        self.service.calls.clear()
        session = PoliteSession("Ketenmonitor tests", wait=Waits())
        facts = {"source": "comext", "retrieved_at": "", "retrieved_from": "", "origin": "live"}
        record = record_of(self.body, **facts) if self.body else None
        try:
            answer = ComextService(self.service.url, session, self.read).fetch(self.contract, Known(record))
        finally:
            session.close()
        if isinstance(answer, LiveAnswer):
            self.body = answer.body
        return answer

    def brings(self) -> LiveAnswer:
        """A night that brings something in."""
        answer = self.night()
        assert isinstance(answer, LiveAnswer), answer
        return answer

    def read(self, record: ArchiveRecord) -> bytes:
        """The archive: one copy."""
        assert self.body is not None and record.bytes == len(self.body)
        return self.body

    def cells(self) -> list[tuple[str, str, str]]:
        """(period, product, kg) of every row in our newest copy."""
        assert self.body is not None
        table = parse_comext(self.body, self.contract)
        return [(row["PERIOD"], row["PRODUCT_NC"], row["QUANTITY_KG"]) for row in table.to_pylist()]


@pytest.fixture
def nights() -> Iterator[Nights]:
    service = PlayedComext()
    with playing(service):
        service.issue("202312", month_file("202312", [USED]), "06/01/2026 11:00:00")
        service.issue("202511", month_file("202511", [OF_AUSTRIA, USED]), "06/01/2026 11:00:00")
        service.issue("202512", month_file("202512", [OF_AUSTRIA, USED, TABLE, SECRET]), "14/02/2026 11:00:00")
        service.issue("202552", month_file("202552", [USED]), "14/02/2026 12:00:00")
        yield Nights(service, source_contract("comext_months"))


def test_the_first_night_brings_in_the_months_that_the_contract_asks_for(nights: Nights) -> None:
    answer = nights.brings()
    assert nights.cells() == [
        ("202511", "63090000", "98000"),
        ("202512", "63090000", "98000"),
        ("202512", "94036090", "5120"),
        ("202512", "94XXXXXX", "120"),
    ]
    assert nights.service.asked_files() == ["full_v2_202512.7z", "full_v2_202511.7z"]
    assert answer.note == "202511, 202512 brought in, of 2 files in the listing"
    assert answer.edition == "2026-02-14"


def test_a_yearly_contract_brings_in_month_52_only(nights: Nights) -> None:
    nights.contract = source_contract("comext_years")
    nights.brings()
    assert nights.cells() == [("202552", "63090000", "98000")]


def test_what_is_kept_says_of_which_file_it_is(nights: Nights) -> None:
    answer = nights.brings()
    packed = nights.service.files["full_v2_202512.7z"][0]
    kept, _ = unpack_months(answer.body)[1]
    assert (kept.period, kept.name, kept.member) == ("202512", "full_v2_202512.7z", "full_202512.dat")
    assert (kept.size, kept.modified) == (len(packed), "2026-02-14T11:00:00")
    assert (kept.lines, kept.rows) == (4, 3)


def test_the_kept_rows_hold_to_the_contract(nights: Nights) -> None:
    nights.brings()
    assert nights.body is not None
    verdict = audit(parse_comext(nights.body, nights.contract), nights.contract)
    # four rows are far too few, and nothing else is wrong with them
    assert [check.key for check in verdict.failed("error")] == ["comext_months__rows__rowcount"]
    assert (verdict.rows_in, verdict.rows_refused, verdict.exact_duplicates) == (4, 0, 0)


def test_a_night_in_which_nothing_is_newer_asks_for_the_listing_only(nights: Nights) -> None:
    nights.brings()
    answer = nights.night()
    assert isinstance(answer, Unchanged)
    assert answer.reason == "the listing gives all 2 files the size and date that we have"
    assert nights.service.asked_files() == []
    assert len(nights.service.calls) == 1


def test_both_contracts_ask_for_the_listing_once_a_night(nights: Nights) -> None:
    session = PoliteSession("Ketenmonitor tests", wait=Waits())
    service = ComextService(nights.service.url, session, nights.read)
    for name in ("comext_months", "comext_years"):
        service.fetch(source_contract(name), Known())
    session.close()
    assert nights.service.count("dir=") == 1


def test_the_listing_as_a_page_serves_as_well(nights: Nights) -> None:
    nights.brings()
    nights.service.as_page = True
    assert isinstance(nights.night(), Unchanged)


def test_a_revised_month_is_brought_in_anew_and_the_others_stay(nights: Nights) -> None:
    nights.brings()
    nights.service.issue("202511", month_file("202511", [REVISED]), "14/03/2026 11:00:00")
    answer = nights.brings()
    assert nights.service.asked_files() == ["full_v2_202511.7z"]
    assert nights.cells()[:2] == [("202511", "63090000", "99100"), ("202512", "63090000", "98000")]
    assert answer.note == "202511 brought in, of 2 files in the listing"


@pytest.mark.parametrize(
    ("lines", "date"), [([OF_AUSTRIA, USED], "14/03/2026 11:00:00"), ([OF_AUSTRIA, USED, TABLE], "06/01/2026 11:00:00")]
)
def test_another_date_or_another_size_alone_makes_a_file_new(nights: Nights, lines: list[str], date: str) -> None:
    nights.brings()
    nights.service.issue("202511", month_file("202511", lines), date)
    nights.brings()
    assert nights.service.asked_files() == ["full_v2_202511.7z"]


def test_a_month_that_vanishes_from_the_listing_stays_with_us(nights: Nights) -> None:
    nights.brings()
    del nights.service.files["full_v2_202511.7z"]
    answer = nights.night()
    assert isinstance(answer, Unchanged)
    assert "202511 no longer in the listing; our copy stays" in answer.reason
    nights.service.issue("202601", month_file("202601", [USED]), "14/03/2026 11:00:00")
    assert "202511 no longer in the listing; our copy stays" in nights.brings().note
    assert {period for period, _, _ in nights.cells()} == {"202511", "202512", "202601"}


def test_a_long_history_comes_in_over_several_nights_the_newest_first(nights: Nights) -> None:
    for month in range(1, 11):
        nights.service.issue(f"2025{month:02d}", month_file(f"2025{month:02d}", [USED]), "06/01/2026 11:00:00")
    first = nights.brings()
    assert FILES_A_NIGHT == 6
    assert nights.service.asked_files()[0] == "full_v2_202512.7z"
    assert len(nights.service.asked_files()) == 6
    assert first.note.endswith("6 more to follow in the next nights")
    nights.brings()
    assert {period for period, _, _ in nights.cells()} == {f"2025{month:02d}" for month in range(1, 13)}
    assert isinstance(nights.night(), Unchanged)


def test_other_goods_in_the_contract_bring_every_month_in_anew(nights: Nights) -> None:
    nights.brings()
    others = tuple(
        (name, ["AT", "NL"] if name == "comextReporters" else value) for name, value in nights.contract.properties
    )
    nights.contract = replace(nights.contract, properties=others)
    nights.service.issue("202511", month_file("202511", [OF_AUSTRIA, USED]), "06/01/2026 11:00:00")
    nights.brings()
    assert ("202511", "63090000", "3") in nights.cells()


def test_the_same_months_give_the_same_bytes(nights: Nights) -> None:
    body = nights.brings().body
    months = unpack_months(body)
    assert pack(list(reversed(months))) == body
    nights.body = None
    assert nights.brings().body == body


# what happens to the file of 202512 in a second night, and the words for it
FAULTS: dict[str, tuple[bytes | None, str]] = {
    "cut short": (month_file("202512", [USED] * 40)[:-30], "cut short"),
    "a page": (b"<html><body>Maintenance</body></html>", "expected a 7z file"),
    "gone": (None, "answered 404"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_file_that_fails_leaves_our_earlier_copy_and_the_other_months_come_in(nights: Nights, name: str) -> None:
    nights.brings()
    spoilt, says = FAULTS[name]
    nights.service.issue("202512", spoilt or b"", "14/03/2026 11:00:00")
    nights.service.issue("202601", month_file("202601", [USED]), "14/03/2026 11:00:00")
    if spoilt is None:
        nights.service.faults.append(Fault("full_v2_202512", 404, {"Content-Type": "text/html"}, b"<html></html>"))
    answer = nights.brings()
    assert "full_v2_202512.7z failed" in answer.note
    assert says in answer.note
    assert ("202512", "94036090", "5120") in nights.cells()
    assert ("202601", "63090000", "98000") in nights.cells()


@pytest.mark.parametrize("name", FAULTS)
def test_a_night_in_which_all_that_is_new_fails_says_why(nights: Nights, name: str) -> None:
    nights.brings()
    spoilt, says = FAULTS[name]
    nights.service.issue("202512", spoilt or b"", "14/03/2026 11:00:00")
    if spoilt is None:
        nights.service.faults.append(Fault("full_v2_202512", 404, {"Content-Type": "text/html"}, b"<html></html>"))
    with pytest.raises(FetchError, match=f"full_v2_202512.7z failed: .*{says}"):
        nights.night()


def test_what_came_in_place_of_a_file_or_a_listing_is_handed_on_to_be_kept(nights: Nights) -> None:
    page = b"<html><body>Maintenance</body></html>"
    nights.service.issue("202511", page, "14/03/2026 11:00:00")
    nights.service.issue("202512", page, "14/03/2026 11:00:00")
    with pytest.raises(FetchError) as file_failed:
        nights.night()
    assert (file_failed.value.body, file_failed.value.status) == (page, None)
    nights.service.listing = Reply(200, page, {"Content-Type": "text/html"})
    with pytest.raises(FetchError) as listing_failed:
        nights.night()
    assert (listing_failed.value.body, listing_failed.value.status) == (page, None)


def test_a_file_of_another_size_than_the_listing_gives_is_left_for_the_next_night(nights: Nights) -> None:
    nights.service.sizes["full_v2_202512.7z"] = 45431111
    answer = nights.brings()
    assert "full_v2_202512.7z failed: the listing gives it 45431111 bytes" in answer.note
    assert {period for period, _, _ in nights.cells()} == {"202511"}


def test_a_file_that_is_far_too_large_is_not_asked_for(nights: Nights) -> None:
    nights.service.sizes["full_v2_202512.7z"] = 10**12
    answer = nights.brings()
    assert "the listing gives it 1000000000000 bytes, expected at most 268435456; not asked for" in answer.note
    assert nights.service.asked_files() == ["full_v2_202511.7z"]


def test_a_body_that_is_larger_than_the_listing_says_is_not_read_to_its_end(
    nights: Nights, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("assets.sources.comext_service.FILE_LIMIT", 2000)
    nights.service.issue("202512", b"7z\xbc\xaf\x27\x1c" + b"0" * 50_000, "14/02/2026 11:00:00")
    nights.service.sizes["full_v2_202512.7z"] = 1500
    assert "full_v2_202512.7z failed" in (note := nights.brings().note)
    assert "2000 bytes" in note


@pytest.mark.parametrize(
    ("listing", "says"),
    [
        (Reply(404, b"<html><title>Moved</title></html>", {"Content-Type": "text/html"}), "answered 404"),
        (Reply(200, b"<html>Maintenance</html>", {"Content-Type": "text/html"}), "names no file full_v2_YYYYMM.7z"),
        (Reply(200, b"", {"Content-Type": "text/csv"}), "expected CSV with a column NAME"),
        (Reply(200, b"NAME,SIZE\nfull_v2_201512.7z,9\n", {"Content-Type": "text/csv"}), "names no file of the periods"),
    ],
)
def test_a_listing_that_is_moved_or_another_is_a_failed_fetch(nights: Nights, listing: Reply, says: str) -> None:
    nights.brings()
    nights.service.listing = listing
    with pytest.raises(FetchError, match=says):
        nights.night()
    assert nights.service.asked_files() == []


def test_a_service_that_is_not_there_is_a_failed_fetch(nights: Nights) -> None:
    session = PoliteSession("Ketenmonitor tests", wait=Waits())
    service = ComextService(f"http://127.0.0.1:{free_port()}{PATH}", session, nights.read)
    for name in ("comext_months", "comext_years"):
        with pytest.raises(FetchError, match="the COMEXT listing was not had"):
            service.fetch(source_contract(name), Known())
    session.close()


def test_a_copy_of_ours_that_is_damaged_is_made_anew_and_said(nights: Nights, monkeypatch: pytest.MonkeyPatch) -> None:
    nights.brings()

    def altered(record: ArchiveRecord) -> bytes:
        raise ArchiveDamaged(f"archived copy {record.vintage} has been altered")

    monkeypatch.setattr(nights, "read", altered)
    assert "our earlier copy could not be read and is made anew" in nights.brings().note


def _kept(rows: int) -> KeptFile:
    return KeptFile("202512", "full_v2_202512.7z", 1, None, "0" * 64, "full_202512.dat", 9, rows, "0" * 12)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "expected a bundle of months"),
        (b"REPORTER,PARTNER\n", "expected a bundle of months"),
        (pack([(_kept(0), b"no parquet")]), "month 202512 of the archived copy is no readable Parquet"),
    ],
)
def test_a_body_that_is_no_bundle_of_months_cannot_be_read(body: bytes, says: str) -> None:
    with pytest.raises(SourceUnreadable, match=says):
        parse_comext(body, source_contract("comext_months"))


def test_a_month_with_fewer_rows_than_were_kept_is_refused() -> None:
    import pyarrow as pa

    empty = pa.schema([(name, pa.string()) for name in COLUMNS]).empty_table()
    with pytest.raises(SourceUnreadable, match="expected 7 rows of 18 columns in month 202512, found 0 rows"):
        parse_comext(pack([(_kept(7), parquet_bytes(empty))]), source_contract("comext_months"))

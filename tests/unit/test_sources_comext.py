"""COMEXT as a live service, against a played files API: what is fetched, what is kept, what stays, what is said.

Not here: the form of listing and bulk file, and damage to them (`test_sources_comext_files.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from assets.sources.archive import Archive, ArchiveRecord, record_of
from assets.sources.archive_check import check_archive
from assets.sources.comext import COLUMNS, DamagedFile, KeptFile, pack, parquet_bytes, parse_comext, unpack_months
from assets.sources.comext_listing import file_url, listing_url
from assets.sources.comext_month import Month, Wanted, read_month
from assets.sources.comext_service import FILES_A_NIGHT, ComextService
from assets.sources.eurostat import SourceUnreadable
from assets.sources.http import FetchError, PoliteSession
from assets.sources.live import Known, LiveAnswer, Unchanged
from assets.sources.received import Received
from contracts.audit import audit
from contracts.contract import Contract, source_contract
from tests.conftest import free_port
from tests.received_example import asked
from tests.servers.comext import PATH, PlayedComext, month_file
from tests.servers.loopback import Fault, Reply, Waits, playing

USED = "NL,PL,I,63090000,26901,3811,3811,620,314200,11,2,1,NO_SU,{period},125000,125000,98000,0"
TABLE = "NL,DE,I,94036090,82159,3109,3109,610,312100,20,1,1,PST,{period},40210,40210,5120,77"
SECRET = "NL,CN,E,94XXXXXX,82XXX,XXXX,XXXX,610,31XXXX,20,1,1,NO_SU,{period},890,890,120,0"
OF_AUSTRIA = "AT,AD,E,63090000,26901,3811,3811,620,314200,11,2,1,NO_SU,{period},65,65,3,0"
REVISED = USED.replace("125000,125000,98000", "126500,126500,99100")


@dataclass
class Nights:
    """Nights one after another: what a night brings is what the next one knows, and all lie in one archive."""

    service: PlayedComext
    contract: Contract
    archive: Archive
    record: ArchiveRecord | None = None
    number: int = 0

    def night(self) -> LiveAnswer | Unchanged:
        """One night with an object of its own, as the fetch makes it."""
        self.service.calls.clear()
        self.number += 1
        session = PoliteSession("Ketenmonitor tests", wait=Waits())
        try:
            answer = ComextService(self.service.url, session).fetch(self.contract, Known(self.record), self.received())
        finally:
            session.close()
        if isinstance(answer, LiveAnswer):
            facts = {"retrieved_at": self.moment, "retrieved_from": answer.url, "origin": "live"}
            self.record = self.archive.put(answer.body, record_of(answer.body, source=self.contract.table, **facts))
        return answer

    @property
    def moment(self) -> str:
        """When this night began."""
        return f"2026-03-{self.number:02d}T03:00:00Z"

    def received(self) -> Received:
        """What this night brings in."""
        return Received(self.archive, self.contract.table, self.moment)

    @property
    def body(self) -> bytes:
        """Our newest copy."""
        assert self.record is not None
        return self.archive.read(self.record)

    def kept_aside(self, origin: str) -> list[ArchiveRecord]:
        """What lies in the archive beside what is built from."""
        sources = (self.contract.table, "comext_listing")
        return [record for name in sources for record in self.archive.records(name) if record.origin == origin]

    def brings(self) -> LiveAnswer:
        """A night that brings something in."""
        answer = self.night()
        assert isinstance(answer, LiveAnswer), answer
        return answer

    def cells(self) -> list[tuple[str, str, str]]:
        """(period, product, kg) of every row in our newest copy."""
        table = parse_comext(self.body, self.contract)
        return [(row["PERIOD"], row["PRODUCT_NC"], row["QUANTITY_KG"]) for row in table.to_pylist()]


@pytest.fixture
def nights(tmp_path: Path) -> Iterator[Nights]:
    service = PlayedComext()
    with playing(service):
        service.issue("202312", month_file("202312", [USED]), "06/01/2026 11:00:00")
        service.issue("202511", month_file("202511", [OF_AUSTRIA, USED]), "06/01/2026 11:00:00")
        service.issue("202512", month_file("202512", [OF_AUSTRIA, USED, TABLE, SECRET]), "14/02/2026 11:00:00")
        service.issue("202552", month_file("202552", [USED]), "14/02/2026 12:00:00")
        yield Nights(service, source_contract("comext_months"), Archive(tmp_path))


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
    service = ComextService(nights.service.url, session)
    for name in ("comext_months", "comext_years"):
        asked(service, source_contract(name))
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
    nights.record = None
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


PAGE = b"<html><body>Maintenance</body></html>"


def test_a_bulk_file_is_in_the_archive_as_it_came_and_the_kept_rows_name_it(nights: Nights) -> None:
    answer = nights.brings()
    files = {record.sha256: record for record in nights.kept_aside("bulk_file")}
    assert len(files) == 2
    for kept, _ in unpack_months(answer.body):
        record = files[kept.sha256]
        assert nights.archive.read(record) == nights.service.files[kept.name][0]
        assert record.retrieved_from == file_url(nights.service.url, kept.name)
        assert (record.edition, record.retrieved_at) == (kept.modified, nights.moment)
    (listing,) = nights.kept_aside("listing")
    assert b"full_v2_202512.7z" in nights.archive.read(listing)
    assert check_archive(nights.archive, nights.archive.root / "published").problems == ()


def test_a_file_is_in_the_archive_before_anything_of_it_is_read(
    nights: Nights, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []

    def reading(packed: bytes, period: str, wanted: Wanted) -> Month:
        (record,) = [one for one in nights.kept_aside("bulk_file") if period in one.retrieved_from]
        assert nights.archive.read(record) == packed[:]
        seen.append(period)
        return read_month(packed, period, wanted)

    monkeypatch.setattr("assets.sources.comext_service.read_month", reading)
    nights.brings()
    assert seen == ["202512", "202511"]


def test_other_goods_in_the_contract_are_read_from_the_archive_and_nothing_is_fetched(nights: Nights) -> None:
    nights.service.issue("202512", month_file("202512", [OF_AUSTRIA, USED]), "14/02/2026 11:00:00")
    nights.brings()
    others = tuple(
        (name, ["AT", "NL"] if name == "comextReporters" else value) for name, value in nights.contract.properties
    )
    nights.contract = replace(nights.contract, properties=others)
    nights.brings()
    assert ("202511", "63090000", "3") in nights.cells()
    assert nights.service.asked_files() == []


def test_a_night_that_died_after_the_file_came_does_not_fetch_it_again(
    nights: Nights, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as during:
        during.setattr("assets.sources.comext_service.read_month", dies)
        with pytest.raises(KeyboardInterrupt):
            nights.night()
    nights.brings()
    assert nights.service.asked_files() == ["full_v2_202511.7z"]
    assert len(nights.cells()) == 4


def test_a_file_that_broke_off_leaves_nothing(nights: Nights) -> None:
    nights.service.faults += [Fault("full_v2_202512")] * 3
    answer = nights.brings()
    assert "full_v2_202512.7z failed: 127.0.0.1" in answer.note
    assert answer.refused == ()
    folder = nights.archive.root / "comext_months"
    assert sorted(path.suffix for path in folder.iterdir()) == ["", "", ".json", ".json"]


def test_what_came_in_place_of_a_file_is_spoiled_under_its_own_address(nights: Nights) -> None:
    nights.service.issue("202511", PAGE, "14/03/2026 11:00:00")
    nights.service.issue("202512", PAGE, "14/03/2026 11:00:00")
    with pytest.raises(FetchError) as failed:
        nights.night()
    (spoiled,) = nights.kept_aside("spoiled")
    assert nights.archive.read(spoiled) == PAGE
    assert spoiled.retrieved_from == file_url(nights.service.url, "full_v2_202512.7z")
    assert spoiled.note_en is not None and spoiled.note_en.startswith("expected a 7z file, found")
    assert (failed.value.refused, set(failed.value.kept)) == (True, {spoiled.place})


def test_a_listing_that_is_none_is_spoiled_and_kept(nights: Nights) -> None:
    nights.service.listing = Reply(200, PAGE, {"Content-Type": "text/html"})
    with pytest.raises(FetchError) as failed:
        nights.night()
    (spoiled,) = nights.kept_aside("spoiled")
    assert spoiled.place.startswith("archive/comext_listing/")
    assert nights.archive.read(spoiled) == PAGE
    assert spoiled.retrieved_from == listing_url(nights.service.url)
    assert (failed.value.refused, failed.value.kept) == (True, (spoiled.place,))


def test_bytes_that_an_earlier_reader_could_not_read_are_taken_up_when_they_can_be(
    nights: Nights, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cannot(*_: object) -> None:
        raise DamagedFile("packed in a way that this reader does not know")

    with monkeypatch.context() as during:
        during.setattr("assets.sources.comext_service.read_month", cannot)
        with pytest.raises(FetchError, match="packed in a way"):
            nights.night()
    assert len(nights.kept_aside("spoiled")) == 2
    nights.brings()
    assert len(nights.kept_aside("bulk_file")) == 2
    assert nights.kept_aside("spoiled") == []


def test_a_file_of_another_size_than_the_listing_gives_is_left_for_the_next_night(nights: Nights) -> None:
    nights.service.sizes["full_v2_202512.7z"] = 45431111
    answer = nights.brings()
    assert "full_v2_202512.7z failed: the listing gives it 45431111 bytes" in answer.note
    (spoiled,) = nights.kept_aside("spoiled")
    assert answer.refused == (spoiled.place,)
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
    service = ComextService(f"http://127.0.0.1:{free_port()}{PATH}", session)
    for name in ("comext_months", "comext_years"):
        with pytest.raises(FetchError, match="the COMEXT listing was not had"):
            asked(service, source_contract(name))
    session.close()


def test_a_copy_of_ours_that_is_damaged_is_made_anew_and_said(nights: Nights) -> None:
    nights.brings()
    assert nights.record is not None
    (nights.archive.root / "comext_months" / nights.record.sha256).write_bytes(b"altered")
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

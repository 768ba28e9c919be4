"""A Eurostat that fails, one named case a fault: what is archived, what is built from, and what is said.

A real HTTP server on loopback plays the service. The table was fetched well the night before, so that in every case
the figures of that night must come out again, or the right new ones. What a spoiled body does to a night and to what is
published stands in `test_bad_input.py`.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import dagster as dg
import pyarrow.compute as pc
import pytest

from assets.sources import eurostat_service
from assets.sources.archive import Archive
from assets.sources.bundle import parts_of
from assets.sources.embedded_edition import embedded_copy
from assets.sources.eurostat import parse_sdmx_csv
from assets.sources.eurostat_answers import said_in_soap
from assets.sources.fetch import FetchSettings, fetch_all
from assets.sources.fetched import Fetched
from assets.sources.http import Patience, PoliteSession
from contracts.contract import source_contract
from pipelines.nightly import executed, run_assets, summarise
from tests.conftest import night
from tests.servers.eurostat import CSV, PlayedEurostat, Sent, packed, serving
from tests.servers.loopback import Waits

TABLE = "cei_wm020"
CONTRACT = source_contract(TABLE)
YESTERDAY, TONIGHT = "2026-11-20T03:00:00Z", "2026-11-21T03:00:00Z"
PAGE = b"<!DOCTYPE html><html><head><title>Scheduled maintenance</title></head><body>Back soon.</body></html>"


def dated(body: bytes, day: str) -> bytes:
    """A body of the embedded edition as the service gives it: with the moment of its last update in every row."""
    return body.replace(b"ESTAT:CEI_WM020(1.0),,", f"ESTAT:CEI_WM020(1.0),{day},".encode())


OLD = dated(embedded_copy(TABLE)[0], "27/02/25 23:00:00")
# the Netherlands, all packaging, 2017: 78.1 per cent in the embedded edition
REVISED = b"A,W1501,RT,NL,2017,78.1,,", b"A,W1501,RT,NL,2017,78.2,,"
NEW = dated(OLD.replace(b"27/02/25 23:00:00", b"20/11/26 11:00:00"), "").replace(*REVISED)


@dataclass(frozen=True)
class Case:
    """What is ordered of the service, what is said, and whether the new figures come out (else those of yesterday)."""

    order: Callable[[PlayedEurostat], None]
    says: tuple[str, ...]
    new: bool = False
    archived: int = 1
    waits: tuple[float, ...] = ()


def data(*sent: Sent) -> Callable[[PlayedEurostat], None]:
    """Answers of the data API, one after the other."""
    return lambda service: service.orders.extend(("/data/", each) for each in sent)


def for_ever(sent: Sent) -> Callable[[PlayedEurostat], None]:
    return lambda service: service.always.update({"/data/": sent})


def queued(*requests: list[str]) -> Callable[[PlayedEurostat], None]:
    return lambda service: service.queue.update({TABLE: [list(statuses) for statuses in requests]})


def limited(most: int) -> Callable[[PlayedEurostat], None]:
    return lambda service: setattr(service, "most_rows", most)


def without_contents(sent: Sent) -> Callable[[PlayedEurostat], None]:
    return lambda service: service.always.update({"/catalogue": sent})


def both(*orders: Callable[[PlayedEurostat], None]) -> Callable[[PlayedEurostat], None]:
    return lambda service: [order(service) for order in orders] and None


KEPT = f"{TABLE}: the newest copy that we have of the live service (the live service failed: 127.0.0.1:"
FRESH = f"{TABLE}: new bytes from the live service"
WHOLE = Sent(NEW, kind=CSV)

CASES = {
    "nothing is wrong": Case(data(), (f"{FRESH}; copy ", "edition 2026-11-20, "), True, 2),
    "reset in the middle": Case(
        data(*[replace(WHOLE, reset_after=4000)] * 3), (KEPT, "broke off", "(tried 3 times)"), waits=(0.5, 2.0)
    ),
    "reset in the middle, then fine": Case(
        data(replace(WHOLE, reset_after=4000)), (FRESH,), new=True, archived=2, waits=(0.5,)
    ),
    "slow drip": Case(data(replace(WHOLE, drip=(10, 0.02))), (KEPT, "bytes came in")),
    "silence in the middle": Case(data(replace(WHOLE, drip=(4000, 1.5))), (KEPT, "no answer in time")),
    "shorter than announced": Case(
        data(*[replace(WHOLE, announced=len(NEW) + 1)] * 3), (KEPT, "broke off"), waits=(0.5, 2.0)
    ),
    "truncated gzip": Case(data(*[packed(NEW, 20)] * 3), (KEPT, "its gzip stream has no end"), waits=(0.5, 2.0)),
    "a whole gzip": Case(data(packed(NEW)), (FRESH,), new=True, archived=2),
    "status 429 with Retry-After": Case(
        data(Sent(b"", 429, headers=(("Retry-After", "20"),))), (FRESH,), new=True, archived=2, waits=(20.0,)
    ),
    "status 429, not tonight": Case(
        data(Sent(b"", 429, headers=(("Retry-After", "7200"),))), (KEPT, "answered 429", "come back after 7200 s")
    ),
    "status 500, then fine": Case(data(Sent(b"", 500)), (FRESH,), new=True, archived=2, waits=(0.5,)),
    "status 500 for ever": Case(for_ever(Sent(b"", 500)), (KEPT, "answered 500", "(tried 3 times)"), waits=(0.5, 2.0)),
    "status 404": Case(
        data(PlayedEurostat.fault(404, "100", "ERR_NOT_FOUND_4: CEI_WM020 is not available for dissemination")),
        (KEPT, "answered (404): ERR_NOT_FOUND_4: CEI_WM020 is not available for dissemination"),
    ),
    "a fault with status 200": Case(
        data(PlayedEurostat.fault(200, "150", "INVALID_QUERY_DIMENSION_VALUE: GEO=NL")),
        (KEPT, "answered: INVALID_QUERY_DIMENSION_VALUE: GEO=NL"),
        archived=2,
    ),
    "HTML with status 200": Case(
        data(Sent(PAGE, kind="text/html")), (KEPT, "a web page in place of data («Scheduled maintenance»)"), archived=2
    ),
    "HTML that calls itself CSV": Case(
        data(Sent(PAGE, kind="text/csv")), (KEPT, "expected SDMX-CSV with the columns", "<!DOCTYPE html>"), archived=2
    ),
    "an empty body": Case(data(Sent(b"", kind=CSV)), (KEPT, "OBS_VALUE, found an empty body")),
    "a header without rows": Case(
        data(Sent(OLD.split(b"\n")[0] + b"\n", kind=CSV)), (KEPT, "found a header without rows"), archived=2
    ),
    "a damaged gzip that calls itself one": Case(
        data(Sent(packed(NEW, 20).body, kind="application/gzip")), (KEPT, "expected a whole gzip body"), archived=2
    ),
    "a changed content type": Case(
        data(Sent(b"%PDF", kind="application/pdf")), (KEPT, "application/pdf, expected"), archived=2
    ),
    "body far too large": Case(data(replace(WHOLE, body=NEW + b"x" * 400_000)), (KEPT, "is larger than 400000 bytes")),
    "redirect to another host": Case(
        data(Sent(b"", 302, headers=(("Location", "http://example.org/data"),))), (KEPT, "to another host, example.org")
    ),
    "413, divided": Case(
        limited(300), (f"{FRESH} (in 4 parts, because the whole was too large);",), new=True, archived=2
    ),
    "413, not to be divided": Case(
        limited(2), (KEPT, "too large and not to be divided any further", "EXTRACTION_TOO_BIG")
    ),
    "413, and no list of codes": Case(
        both(limited(300), lambda service: service.always.update({"/contentconstraint/": Sent(b"", 404)})),
        (KEPT, "EXTRACTION_TOO_BIG", "which codes it could be divided by was not to be had"),
    ),
    "413, and a list without codes": Case(
        both(limited(300), lambda service: service.always.update({"/contentconstraint/": Sent(b"<x/>")})),
        (KEPT, "it lists no codes of freq, waste, unit, geo to divide it by"),
    ),
    "413, a part is gone": Case(
        both(limited(300), lambda service: service.orders.append(("/A.W1501+", Sent(b"", 403)))),
        (KEPT, "answered 403"),
    ),
    "413, a later part is gone": Case(
        both(limited(300), lambda service: service.orders.append(("/A...FR+", Sent(b"", 403)))),
        (KEPT, "answered 403"),
        archived=2,
    ),
    "413, and a part that fails once": Case(
        both(limited(300), lambda service: service.orders.append(("/A...FR+", Sent(b"", 500)))),
        (f"{FRESH} (in 4 parts",),
        new=True,
        archived=2,
        waits=(0.5,),
    ),
    "queued, then there": Case(
        queued(["SUBMITTED", "PROCESSING", "PROCESSING", "AVAILABLE"]),
        (f"{FRESH} (after waiting 14 s for the service);",),
        new=True,
        archived=2,
        waits=(2.0, 4.0, 8.0),
    ),
    "the ticket expires, the second does not": Case(
        queued(["PROCESSING", "EXPIRED"], ["AVAILABLE"]),
        (FRESH, "after waiting 2 s"),
        new=True,
        archived=2,
        waits=(2.0,),
    ),
    "the ticket is unknown, the second answer is there at once": Case(
        queued(["UNKNOWN_REQUEST"]), (FRESH,), new=True, archived=2
    ),
    "the ticket expires twice": Case(
        queued(["EXPIRED"], ["EXPIRED"]), (KEPT, "the request that it queued ended as EXPIRED, for the second time")
    ),
    "the request fails": Case(queued(["PROCESSING", "FAILED"]), (KEPT, "ended as FAILED"), waits=(2.0,)),
    "in preparation for ever": Case(
        queued(["PROCESSING"]),
        (KEPT, "the figures were still in preparation after 62 s (PROCESSING)"),
        waits=(2.0, 4.0, 8.0, 16.0, 32.0),
    ),
    "ready, but with a fault in place of figures": Case(
        both(
            queued(["AVAILABLE"]),
            lambda service: service.orders.append(
                ("/async/data/", service.fault(200, "", "DATA_NOT_YET_AVAILABLE: try again"))
            ),
        ),
        (KEPT, "when asked for them it said: DATA_NOT_YET_AVAILABLE: try again"),
        archived=2,
    ),
    "no table of contents": Case(without_contents(Sent(b"", 404)), (FRESH,), new=True, archived=2),
    "a page in place of the table of contents": Case(
        without_contents(Sent(PAGE, kind="text/html")), (FRESH,), new=True, archived=2
    ),
    "a table of contents without its columns": Case(
        without_contents(Sent(b'"title"\t"code"\n', kind="text/plain")), (FRESH,), new=True, archived=2
    ),
}


@dataclass(frozen=True)
class Played:
    """What became of a case: the outcome, the archive, how long was waited, and what was asked."""

    fetched: Fetched
    archive: Archive
    waits: Waits
    service: PlayedEurostat


PATIENCE = Patience(window=0.2, least_bytes=4000, read=0.6)


def one_night(service: PlayedEurostat, home: Path, moment: str) -> Played:
    archive, waits = Archive(home), Waits()
    session = PoliteSession("Ketenmonitor tests", PATIENCE, waits, lambda: 0.0)
    settings = FetchSettings(service.url, "Ketenmonitor tests")
    (fetched,) = fetch_all((TABLE,), archive, settings, moment, lambda _: None, session=session, wait=waits)
    return Played(fetched, archive, waits, service)


@pytest.fixture
def service() -> Iterator[PlayedEurostat]:
    with serving(PlayedEurostat({TABLE: OLD}, {TABLE: "27.02.2025"})) as played:
        yield played


def tonight_with(case: Case, service: PlayedEurostat, home: Path) -> Played:
    """The night after one in which all was well; the service has something newer, and the fault."""
    assert one_night(service, home, YESTERDAY).fetched.outcome == "fetched"
    service.tables[TABLE], service.updated[TABLE] = NEW, "20.11.2026"
    service.asked.clear()
    case.order(service)
    return one_night(service, home, TONIGHT)


def sorted_rows(body: bytes) -> list[tuple[str, ...]]:
    """The rows of a body, read by the parser of the night, without the moment of their last update."""
    table = parse_sdmx_csv(body, CONTRACT).drop_columns(["LAST UPDATE"])
    return sorted(tuple(row.values()) for row in table.to_pylist())


@pytest.fixture(autouse=True)
def small_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(eurostat_service, "LONGEST_PREPARATION", 90.0)
    get = PoliteSession.get
    monkeypatch.setattr(PoliteSession, "get", lambda self, url, **how: get(self, url, **{"limit": 400_000, **how}))


@pytest.mark.parametrize("name", CASES)
def test_a_fault_of_the_service_costs_news_and_never_figures(
    service: PlayedEurostat, tmp_path: Path, name: str
) -> None:
    case = CASES[name]
    played = tonight_with(case, service, tmp_path)
    said = played.fetched.sentence()
    for words in case.says:
        assert words in said
    assert said.isprintable()
    assert len(played.archive.records(TABLE)) == case.archived
    assert played.fetched.record is not None
    built_from = played.archive.read(played.fetched.record)
    assert sorted_rows(built_from) == sorted_rows(NEW if case.new else OLD)
    assert tuple(played.waits.seconds) == case.waits


def test_what_came_in_place_of_a_table_is_kept_as_spoiled_with_its_address(
    service: PlayedEurostat, tmp_path: Path
) -> None:
    played = tonight_with(CASES["HTML with status 200"], service, tmp_path)
    live, spoiled = played.archive.records(TABLE)
    assert (live.origin, spoiled.origin) == ("live", "spoiled")
    assert spoiled.retrieved_from == live.retrieved_from
    assert played.archive.read(spoiled) == PAGE


def test_the_parts_that_came_are_kept_with_their_addresses_when_a_later_one_is_refused(
    service: PlayedEurostat, tmp_path: Path
) -> None:
    played = tonight_with(CASES["413, a later part is gone"], service, tmp_path)
    live, unfinished = played.archive.records(TABLE)
    assert (live.origin, unfinished.origin) == ("live", "unfinished")
    assert (played.fetched.refused, played.fetched.kept_aside) == (False, (unfinished.place,))
    parts = dict(parts_of(played.archive.read(unfinished)) or ())
    listed = json.loads(parts["addresses.json"])
    assert len(listed) == 2
    for each in listed:
        assert "/data/" in each["url"]
        assert parts[each["sha256"]].startswith(b"DATAFLOW,LAST UPDATE,")
    assert not (tmp_path / TABLE / "parts").exists()


def test_a_body_of_figures_is_on_disk_before_anything_of_it_is_read(
    service: PlayedEurostat, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lying: list[bool] = []

    def reading(body: bytes) -> object:
        name = hashlib.sha256(body).hexdigest()
        lying.append(any(path.name == name for path in (tmp_path / TABLE / "parts").glob("*/*")))
        return said_in_soap(body)

    monkeypatch.setattr(eurostat_service, "said_in_soap", reading)
    assert one_night(service, tmp_path, YESTERDAY).fetched.outcome == "fetched"
    service.most_rows, service.tables[TABLE], service.updated[TABLE] = 300, NEW, "20.11.2026"
    assert one_night(service, tmp_path, TONIGHT).fetched.outcome == "fetched"
    assert len(lying) == 8  # the whole; the next night what is said of the whole and two halves, and four parts
    assert lying.count(True) == 5


def test_the_parts_of_a_table_are_asked_with_no_overlap_and_count_up_to_the_whole(
    service: PlayedEurostat, tmp_path: Path
) -> None:
    played = tonight_with(Case(limited(300), ()), service, tmp_path)
    asked = [path for path in service.asked if "/data/" in path]
    assert len(asked) == 1 + 6  # the whole, two halves that are too large, and their four quarters
    assert played.fetched.record is not None
    table = parse_sdmx_csv(played.archive.read(played.fetched.record), CONTRACT)
    assert table.num_rows == NEW.count(b"\n") - 1 == len(list(csv.reader(io.StringIO(NEW.decode())))) - 1
    keys = [table[name] for name in ("freq", "waste", "unit", "geo", "TIME_PERIOD")]
    assert len(pc.unique(pc.binary_join_element_wise(*keys, "|"))) == table.num_rows


def test_a_part_without_observations_is_no_failure(service: PlayedEurostat, tmp_path: Path) -> None:
    nothing = service.fault(404, "100", "NO_RESULTS: No results found")
    quarter = tonight_with(Case(limited(300), ()), service, tmp_path / "first")
    path = [path for path in service.asked if "/data/" in path][-1].partition("?")[0]
    case = Case(both(limited(300), lambda service: service.orders.append((path, nothing))), ())
    service.tables[TABLE], service.updated[TABLE] = OLD, "27.02.2025"
    service.most_rows = 5_000_000
    played = tonight_with(case, service, tmp_path / "second")
    assert quarter.fetched.outcome == played.fetched.outcome == "fetched"
    assert played.fetched.record is not None and quarter.fetched.record is not None
    fewer = parse_sdmx_csv(played.archive.read(played.fetched.record), CONTRACT).num_rows
    assert 0 < fewer < NEW.count(b"\n") - 1


def test_a_table_that_is_updated_between_its_parts_is_not_put_together(service: PlayedEurostat, tmp_path: Path) -> None:
    assert one_night(service, tmp_path, YESTERDAY).fetched.outcome == "fetched"
    service.tables[TABLE], service.updated[TABLE] = OLD, "20.11.2026"
    service.most_rows = 300
    answer = service._sdmx_2

    def updating(code: str, key: str) -> Sent:
        if service.count("/data/") > 6:
            service.tables[TABLE] = NEW
        return answer(code, key)

    service._sdmx_2 = updating  # type: ignore[method-assign]
    played = one_night(service, tmp_path, TONIGHT)
    assert "the table was updated while its parts were fetched (2025-02-27 and 2026-11-20)" in played.fetched.sentence()
    assert [record.origin for record in played.archive.records(TABLE)] == ["live", "spoiled"]


def test_a_table_that_the_contents_call_unchanged_is_not_asked_for(service: PlayedEurostat, tmp_path: Path) -> None:
    first = one_night(service, tmp_path, YESTERDAY)
    service.asked.clear()
    again = one_night(service, tmp_path, TONIGHT)
    assert service.asked == ["/catalogue/toc/txt?lang=en"]
    assert again.fetched.outcome == "not_newer"
    assert again.fetched.record == first.fetched.record
    assert again.fetched.sentence().startswith(
        f"{TABLE}: the live service has nothing newer than the copy that we have "
        "(Eurostat last updated it on 2025-02-27, before our copy was made); copy "
    )


def test_a_copy_of_the_day_of_the_update_is_asked_for_once_more(service: PlayedEurostat, tmp_path: Path) -> None:
    service.updated[TABLE] = "20.11.2026"
    one_night(service, tmp_path, YESTERDAY)
    assert one_night(service, tmp_path, TONIGHT).fetched.outcome == "unchanged"
    assert service.count("/data/") == 2


def test_a_table_that_was_given_again_is_not_asked_for_every_night_after(
    service: PlayedEurostat, tmp_path: Path
) -> None:
    service.updated[TABLE] = "20.11.2026"
    service.tables[TABLE] = OLD.replace(b"27/02/25 23:00:00", b"20/11/26 11:00:00")
    outcomes = [one_night(service, tmp_path, f"2026-11-{day}T03:00:00Z").fetched.outcome for day in (20, 21, 22, 23)]
    assert outcomes == ["fetched", "unchanged", "not_newer", "not_newer"]
    assert service.count("/data/") == 2


def test_bytes_that_came_with_the_embedded_edition_are_not_asked_for_every_night(
    service: PlayedEurostat, tmp_path: Path
) -> None:
    service.tables[TABLE] = embedded_copy(TABLE)[0]
    away = FetchSettings(None, "Ketenmonitor tests")
    (first,) = fetch_all((TABLE,), Archive(tmp_path), away, "2026-11-19T03:00:00Z", lambda _: None)
    found = [one_night(service, tmp_path, moment).fetched for moment in (YESTERDAY, TONIGHT)]
    assert [first.outcome, *(item.outcome for item in found)] == ["embedded", "unchanged", "not_newer"]
    assert {item.record for item in found} == {first.record}
    service.always["/"] = Sent(b"", 404)
    assert one_night(service, tmp_path, "2026-11-22T03:00:00Z").fetched.outcome == "kept"


def test_a_table_of_contents_that_could_not_be_read_is_said_once(service: PlayedEurostat, tmp_path: Path) -> None:
    service.tables["cei_wm060"] = embedded_copy("cei_wm060")[0]
    service.always["/catalogue"] = Sent(b"", 404)
    settings, said = FetchSettings(service.url, "Ketenmonitor tests"), list[str]()
    fetch_all((TABLE, "cei_wm060"), Archive(tmp_path), settings, TONIGHT, said.append)
    assert ["its table of contents could not be read: 127.0.0.1:" in line for line in said] == [True, False]


def test_a_copy_that_the_service_went_back_to_is_the_newest(service: PlayedEurostat, tmp_path: Path) -> None:
    service.always["/catalogue"] = Sent(b"", 404)
    for day, body in ((18, OLD), (19, NEW), (20, OLD)):
        service.tables[TABLE] = body
        one_night(service, tmp_path, f"2026-11-{day}T03:00:00Z")
    service.always["/data/"] = Sent(b"", 404)
    failed = one_night(service, tmp_path, TONIGHT)
    assert failed.fetched.outcome == "kept"
    assert failed.fetched.record is not None
    assert failed.archive.read(failed.fetched.record) == OLD


def test_another_selection_is_fetched_although_the_table_has_not_changed(
    service: PlayedEurostat, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one_night(service, tmp_path, YESTERDAY)
    monkeypatch.setattr("assets.sources.eurostat.GEOS", ("NL", "BE"))
    assert one_night(service, tmp_path, TONIGHT).fetched.outcome == "fetched"


def test_a_service_that_knows_conditions_says_that_nothing_changed(service: PlayedEurostat, tmp_path: Path) -> None:
    service.always["/catalogue"] = Sent(b"", 404)
    service.orders.append(("/data/", Sent(OLD, kind=CSV, headers=(("ETag", '"1"'),))))
    one_night(service, tmp_path, YESTERDAY)
    service.orders.append(("/data/", Sent(b"", 304)))
    again = one_night(service, tmp_path, TONIGHT)
    assert again.fetched.outcome == "not_newer"
    assert "(Eurostat says that it has not been modified)" in again.fetched.sentence()
    assert service.headers[-1]["If-None-Match"] == '"1"'


def test_a_copy_that_an_audit_refused_does_not_count_as_known(service: PlayedEurostat, tmp_path: Path) -> None:
    first = one_night(service, tmp_path, YESTERDAY).fetched.record
    assert first is not None
    settings = FetchSettings(service.url, "Ketenmonitor tests", refused={TABLE: frozenset({first.sha256})})
    (again,) = fetch_all((TABLE,), Archive(tmp_path), settings, TONIGHT, lambda _: None)
    assert again.outcome == "unchanged"
    assert service.count("/data/") == 2


def test_a_copy_whose_bytes_are_gone_is_fetched_again(service: PlayedEurostat, tmp_path: Path) -> None:
    first = one_night(service, tmp_path, YESTERDAY).fetched.record
    assert first is not None
    (tmp_path / TABLE / first.sha256).write_bytes(b"short")
    again = one_night(service, tmp_path, TONIGHT)
    assert service.count("/data/") == 2
    assert again.fetched.record is not None
    assert again.archive.read(again.fetched.record) == OLD


# --- in a night ---


def test_a_table_without_any_copy_is_said_to_be_awaited_and_stops_nothing(
    service: PlayedEurostat, small_edition: Path, tmp_path: Path
) -> None:
    """`cei_wm020` ships with nobody here and its service fails; `cei_wm060` comes from the embedded edition."""
    edition = shutil.copytree(small_edition, tmp_path / "edition")
    (edition / "eurostat" / f"{TABLE}.csv").unlink()
    service.always["/"] = Sent(b"", 404)
    home = tmp_path / "home"
    keys = [dg.AssetKey(["sources", name]) for name in ("vintages", TABLE)]
    summary = run_assets(night(home, edition=edition, eurostat_url=service.url), keys)
    assert (summary.exit_code, summary.refusals) == (0, ())
    said = {line.split(":")[0]: line for line in summary.sources}
    assert said[TABLE].startswith(f"{TABLE}: not fetched yet (the live service failed: 127.0.0.1:")
    assert said["cei_wm060"].startswith("cei_wm060: the embedded edition (the live service failed: 127.0.0.1:")
    assert list((home / "tables" / "sources").glob("*.parquet")) == []
    facts = json.loads((home / "tables" / "sources" / "fetched.json").read_text(encoding="utf-8"))
    assert (facts[TABLE]["outcome"], facts[TABLE]["sha256"]) == ("awaited", None)
    assert facts["cei_wm060"]["outcome"] == "embedded"
    assert TABLE not in json.loads((home / "tables" / "sources" / "vintages.json").read_text(encoding="utf-8"))


def checks_of(results: Sequence[dg.ExecuteInProcessResult]) -> dict[str, tuple[bool, str]]:
    """What the checks of the table say in the steward's view."""
    found = [check for result in results for check in result.get_asset_check_evaluations()]
    return {
        check.check_name: (check.passed, str(check.description)) for check in found if check.asset_key.path[1] == TABLE
    }


def test_the_check_of_a_source_whose_only_body_was_refused_says_when_why_and_where_it_is(
    service: PlayedEurostat, small_edition: Path, tmp_path: Path
) -> None:
    edition = shutil.copytree(small_edition, tmp_path / "edition")
    (edition / "eurostat" / f"{TABLE}.csv").unlink()
    home = tmp_path / "home"
    keys = [dg.AssetKey(["sources", name]) for name in ("vintages", TABLE)]

    service.always["/data/CEI_WM020"] = Sent(PAGE, kind="text/csv")
    asked = night(home, edition=edition, eurostat_url=service.url)
    results = executed(asked, keys)
    assert summarise(asked, results).exit_code == 1
    (spoiled,) = Archive(home / "archive").records(TABLE)
    passed, words = checks_of(results)["contract_warnings"]
    assert not passed
    assert words.startswith(f"Opgehaald op {spoiled.retrieved_at[:10]} en geweigerd: 127.0.0.1:")
    assert f"Fetched on {spoiled.retrieved_at[:10]} and refused: 127.0.0.1:" in words
    assert "expected SDMX-CSV" in words
    assert f"The bytes that came are kept in archive/{TABLE}/{spoiled.sha256}." in words
    # the night after, without network, it is still no table that was never fetched
    assert "Not fetched yet" not in checks_of(executed(night(home, edition=edition), keys))["contract_warnings"][1]

    # and a body that is a table, and that the contract refuses
    negative = NEW.replace(b"A,W1501,RT,NL,2017,78.2", b"A,W1501,RT,NL,2017,-78.2")
    service.always["/data/CEI_WM020"] = Sent(negative, kind=CSV)
    tomorrow = replace(asked, started_at=asked.started_at + timedelta(days=1))
    summary = summarise(tomorrow, executed(tomorrow, keys))
    assert [refusal.asset for refusal in summary.refusals] == [f"sources/{TABLE}"]
    offline = executed(night(home, edition=edition), keys)
    passed, words = checks_of(offline)["contract_warnings"]
    assert not passed
    assert "-78.2" in words, words
    refused = Archive(home / "archive").records(TABLE)[-1]
    assert f"archive/{TABLE}/{refused.sha256}" in words


def test_the_check_of_a_source_that_was_never_fetched_says_so_and_why(small_edition: Path, tmp_path: Path) -> None:
    edition = shutil.copytree(small_edition, tmp_path / "edition")
    (edition / "eurostat" / f"{TABLE}.csv").unlink()
    keys = [dg.AssetKey(["sources", name]) for name in ("vintages", TABLE)]
    assert checks_of(executed(night(tmp_path / "home", edition=edition), keys))["contract_warnings"] == (
        False,
        "Nog niet opgehaald: van deze bron is geen exemplaar, ook niet meegeleverd.\n"
        "Not fetched yet: there is no copy of this source, and none ships with the software. "
        "(the live service was not asked)",
    )

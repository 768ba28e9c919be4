"""Fetching: the live service first, then the newest copy, then the embedded edition; age, and what is awaited."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from assets.source_assets import Progress
from assets.sources import fetch
from assets.sources.age import age_days, stale
from assets.sources.archive import Archive, ArchiveRecord, record_of
from assets.sources.embedded_edition import EMBEDDED
from assets.sources.fetch import FetchSettings, fetch_all, fetch_source
from assets.sources.fetched import Fetched
from assets.sources.http import FetchError, Patience, PoliteSession
from assets.sources.live import Known, LiveAnswer, LiveService, Unchanged
from assets.sources.received import Received
from contracts.contract import Contract, source_contract, source_names
from pipelines.settings import SettingsError, read_settings
from tests.conftest import Answer, free_port
from tests.conftest import PlayedEurostat as PlainEurostat
from tests.servers.eurostat import PlayedEurostat, serving
from tests.servers.loopback import Waits

EARLIER, NOW = "2026-11-20T03:00:00Z", "2026-11-21T03:00:00Z"
SOURCES = ("cei_pc050", "cei_wm060", "packaging_nl")


def session() -> PoliteSession:
    """A session that waits for nobody."""
    return PoliteSession("Ketenmonitor tests", Patience(contact=1.0), Waits(), lambda: 0.0)


def fetched(eurostat_url: str | None, edition: Path, home: Path, moment: str = NOW) -> dict[str, str]:
    """Outcome of two Eurostat tables and a curated one."""
    settings = FetchSettings(eurostat_url, "Ketenmonitor tests", edition)
    said: list[str] = []
    found = fetch_all(SOURCES, Archive(home), settings, moment, said.append, session=session())
    assert said[: len(found)] == [item.sentence() for item in found]
    failed = [item.source for item in found if item.failed]
    assert said[len(found) :] == ([f"{len(failed)} of 3 failed: {', '.join(failed)}"] if failed else [])
    return {item.source: item.outcome for item in found}


def test_new_bytes_are_fetched_once_and_then_unchanged(eurostat: PlainEurostat, tmp_path: Path) -> None:
    first = fetched(eurostat.url, eurostat.edition, tmp_path, EARLIER)
    assert first == {"cei_pc050": "fetched", "cei_wm060": "fetched", "packaging_nl": "curated"}
    second = fetched(eurostat.url, eurostat.edition, tmp_path)
    assert second == {"cei_pc050": "unchanged", "cei_wm060": "unchanged", "packaging_nl": "curated"}
    record = Archive(tmp_path).records("cei_pc050")[0]
    assert (record.origin, record.retrieved_at) == ("live", EARLIER)
    assert record.retrieved_from.startswith(f"{eurostat.url}/sdmx/2.1/data/CEI_PC050/A....NL+EU27_2020")
    # the table of contents once a night, and then each table
    assert [path.partition("?")[0].split("/")[1] for path in eurostat.asked] == ["catalogue", "sdmx", "sdmx"] * 2
    assert eurostat.asked[1].endswith("?format=SDMX-CSV&compressed=false")


def test_without_an_address_no_service_is_asked(eurostat: PlainEurostat, tmp_path: Path) -> None:
    found = fetched(None, eurostat.edition, tmp_path)
    assert found == {"cei_pc050": "embedded", "cei_wm060": "embedded", "packaging_nl": "curated"}
    assert eurostat.asked == []


def test_the_newest_copy_that_we_have_goes_before_the_embedded_edition(eurostat: PlainEurostat, tmp_path: Path) -> None:
    fetched(eurostat.url, eurostat.edition, tmp_path, EARLIER)
    eurostat.answers["cei_pc050"] = Answer(b"oops", 503)
    found = fetched(eurostat.url, eurostat.edition, tmp_path)
    assert found == {"cei_pc050": "kept", "cei_wm060": "unchanged", "packaging_nl": "curated"}


def test_when_the_service_fails_a_copy_that_was_refused_is_passed_over(eurostat: PlainEurostat, tmp_path: Path) -> None:
    fetched(eurostat.url, eurostat.edition, tmp_path, EARLIER)
    eurostat.answers["cei_pc050"] = Answer(b"DATAFLOW,OBS_VALUE\nnonsense,1\n")
    fetched(eurostat.url, eurostat.edition, tmp_path)
    good, bad = (record.sha256 for record in Archive(tmp_path).records("cei_pc050"))
    eurostat.answers["cei_pc050"] = Answer(b"oops", 404)
    for refused, outcome, copy in (
        (frozenset({bad}), "kept", good),
        (frozenset({bad, good}), "embedded", None),
        (frozenset[str](), "kept", bad),
    ):
        settings = FetchSettings(eurostat.url, "Ketenmonitor tests", eurostat.edition, {"cei_pc050": refused})
        (item,) = fetch_all(("cei_pc050",), Archive(tmp_path), settings, NOW, lambda _: None)
        assert item.outcome == outcome and item.record is not None
        assert copy is None or item.record.sha256 == copy


def test_a_night_without_network_loses_no_time_and_says_so_for_every_source(
    small_edition: Path, tmp_path: Path
) -> None:
    nobody = f"http://127.0.0.1:{free_port()}"
    settings = FetchSettings(nobody, "x", small_edition, {}, nobody, nobody, nobody)
    began = time.monotonic()
    found = fetch_all(source_names(), Archive(tmp_path), settings, NOW, lambda _: None)
    assert time.monotonic() - began < 10
    live = [item for item in found if source_contract(item.source).get("sourceKind") in fetch.LIVE_KINDS]
    assert len(live) >= 29
    for item in live:
        assert item.outcome in ("embedded", "awaited"), item
        assert "no connection: Connection refused" in item.reason, item


# --- a service of the test's own ---


@dataclass
class Service:
    """A live service that gives one answer, or raises it."""

    answer: LiveAnswer | Unchanged | Exception
    known: Known | None = None

    def fetch(self, contract: Contract, known: Known, received: Received) -> LiveAnswer | Unchanged:
        self.known = known
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def one(service: LiveService | None, home: Path, edition: Path = EMBEDDED, moment: str = NOW) -> Fetched:
    """One Eurostat table from a service of the test's own."""
    services: Mapping[str, LiveService] = {} if service is None else {"eurostat": service}
    return fetch_source("cei_wm060", Archive(home), services, FetchSettings(None, "x", edition), moment)


BODY = LiveAnswer(b"a,b\n", "https://statistics.example/it", '"1"', None, "2026-11-01", "in 3 parts")


def test_what_a_service_says_of_its_answer_is_kept_with_the_copy(tmp_path: Path) -> None:
    found = one(Service(BODY), tmp_path)
    assert found.sentence() == (
        "cei_wm060: new bytes from the live service (in 3 parts); copy 5be08c9684a1, edition 2026-11-01, "
        "retrieved 2026-11-21, 20 days old"
    )
    (record,) = Archive(tmp_path).records("cei_wm060")
    assert (record.retrieved_from, record.etag, record.edition) == (BODY.url, '"1"', "2026-11-01")


def test_the_service_is_told_of_the_newest_copy_and_may_say_that_nothing_is_newer(tmp_path: Path) -> None:
    first = one(Service(BODY), tmp_path, moment=EARLIER)
    service = Service(Unchanged("last updated on 2026-11-01", BODY.url))
    again = one(service, tmp_path)
    assert service.known == Known(first.record)
    assert (again.outcome, again.record, again.reason) == ("not_newer", first.record, "last updated on 2026-11-01")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (FetchError("it is shut"), "(the live service failed: it is shut)"),
        (Unchanged("nothing new", "u"), "(the live service failed: it says that nothing is newer than a copy that we"),
        (KeyError("value"), "(the live service failed: its answer was not understood (KeyError: 'value')"),
        (RecursionError("deep"), "its answer was not understood (RecursionError: deep)"),
    ],
)  # fmt: skip
def test_whatever_a_service_does_wrong_the_embedded_edition_is_used(
    tmp_path: Path, answer: Unchanged | Exception, said: str
) -> None:
    found = one(Service(answer), tmp_path)
    assert found.outcome == "embedded"
    assert said in found.sentence()


def test_a_full_disk_is_no_fault_of_the_service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Archive, body: bytes, record: ArchiveRecord) -> ArchiveRecord:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Archive, "put", full)
    with pytest.raises(OSError, match="No space left"):
        one(Service(BODY), tmp_path)


def test_what_came_and_is_no_table_is_kept_but_never_built_from(tmp_path: Path) -> None:
    found = one(Service(FetchError("a page is missing", body=b"spoiled")), tmp_path)
    assert found.outcome == "embedded"
    spoiled = next(record for record in Archive(tmp_path).records("cei_wm060") if record.origin == "spoiled")
    assert (Archive(tmp_path).read(spoiled), spoiled.note_en) == (b"spoiled", "a page is missing")
    assert one(Service(FetchError("it is shut")), tmp_path).outcome == "embedded"


def test_a_source_without_any_copy_is_awaited_and_that_is_no_failure(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    found = one(None, tmp_path, empty)
    assert (found.outcome, found.record, found.age, found.stale) == ("awaited", None, None, None)
    assert found.sentence() == "cei_wm060: not fetched yet (the live service was not asked)"
    assert json.loads(json.dumps(found.facts()))["sha256"] is None


def test_a_source_whose_only_copy_was_refused_is_not_said_to_be_never_fetched(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    first = one(Service(BODY), tmp_path, empty, EARLIER).record
    assert first is not None
    settings = FetchSettings(None, "x", empty, {"cei_wm060": frozenset({first.sha256})})
    found = fetch_source("cei_wm060", Archive(tmp_path), {}, settings, NOW)
    assert found.outcome == "awaited"
    assert found.sentence() == (
        "cei_wm060: no usable copy; the one of 2026-11-20 was refused (the live service was not asked)"
    )


# --- age ---


def copy(retrieved: str, edition: str | None) -> ArchiveRecord:
    return record_of(
        b"x",
        source="cei_wm060",
        retrieved_at=f"{retrieved}T03:00:00Z",
        retrieved_from="u",
        origin="live",
        edition=edition,
    )


@pytest.mark.parametrize(
    ("retrieved", "edition", "days"),
    [
        ("2026-11-20", None, 1),
        ("2026-11-20", "2026-11-01", 20),
        ("2026-11-20", "2022-09-13, 2026-10-22", 30),
        ("2026-11-20", "2026-10", 51),
        ("2026-11-20", "spring", 1),
        ("2026-11-20", "2026-13-45", 1),
        ("2026-11-22", None, 0),
    ],
)
def test_the_age_counts_from_the_newest_edition_or_else_from_the_retrieval(
    retrieved: str, edition: str | None, days: int
) -> None:
    assert age_days(copy(retrieved, edition), NOW) == days


def test_a_copy_of_the_embedded_edition_that_tells_no_edition_has_no_age(tmp_path: Path) -> None:
    found = one(None, tmp_path)
    assert (found.outcome, found.age, found.stale) == ("embedded", None, None)
    assert found.sentence().endswith(", retrieved 2026-11-21, age not known")


def test_figures_older_than_the_contract_allows_are_said_in_words_that_stay_the_same_from_day_to_day() -> None:
    contract = replace(source_contract("cei_wm060"), properties=(("staleAfterDays", 400),))
    record = copy("2026-11-20", "2025-10-17")
    assert stale(record, contract, "2026-11-21T03:00:00Z") is None
    found = stale(record, contract, "2026-11-22T03:00:00Z")
    assert found is not None
    assert found == stale(record, contract, "2027-11-22T03:00:00Z")
    assert found.words_en.startswith("These figures are of 2025-10-17; that is longer ago than the 400 days")
    assert found.words_nl.startswith("Deze cijfers zijn van 2025-10-17; dat is langer geleden dan de 400 dagen")
    warned = Fetched("cei_wm060", "kept", "", record, 401, found).sentence()
    assert warned.endswith(f", 401 days old; WARNING: {found.words_en}")
    assert found.words_en.endswith("this source. There may be a newer edition.")
    for outcome in ("unchanged", "not_newer"):
        assert Fetched("cei_wm060", outcome, "", record, 401, found).sentence().endswith("hold for this source.")


def test_a_source_without_a_limit_does_not_age() -> None:
    contract = replace(source_contract("cei_wm060"), properties=())
    assert stale(copy("1999-01-01", None), contract, NOW) is None


# --- a night in which nothing is new ---


@pytest.fixture
def whole_service() -> Iterator[PlayedEurostat]:
    """All Eurostat tables that a contract asks for, as embedded."""
    tables = {
        name: (EMBEDDED / "eurostat" / f"{name}.csv").read_bytes()
        for name in source_names()
        if source_contract(name).get("sourceKind") == "eurostat"
    }
    with serving(PlayedEurostat(tables, dict.fromkeys(tables, "01.02.2003"))) as played:
        yield played


def test_a_night_in_which_nothing_is_new_asks_once_and_takes_less_than_five_seconds(
    whole_service: PlayedEurostat, tmp_path: Path
) -> None:
    settings = FetchSettings(whole_service.url, "Ketenmonitor tests")
    sources = tuple(whole_service.tables)
    first = fetch_all(sources, Archive(tmp_path), settings, EARLIER, lambda _: None)
    assert {item.outcome for item in first} == {"fetched"}
    whole_service.asked.clear()
    began = time.process_time()
    again = fetch_all(sources, Archive(tmp_path), settings, NOW, lambda _: None)
    assert time.process_time() - began < 5
    assert {item.outcome for item in again} == {"not_newer"}
    assert whole_service.asked == ["/catalogue/toc/txt?lang=en"]


def test_progress_is_told_before_every_source(tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    fetch_all(
        SOURCES, Archive(tmp_path), FetchSettings(None, "x"), NOW, lambda _: None,
        starting=lambda *where: told.append(where),
    )  # fmt: skip
    assert told == [("cei_pc050", 1, 3), ("cei_wm060", 2, 3), ("packaging_nl", 3, 3)]


# --- settings, and what is seen on a terminal ---

SERVICES = ("eurostat_url", "cbs_v3_url", "cbs_v4_url", "comext_url")


def test_every_service_has_an_address_that_a_mirror_can_replace() -> None:
    own = read_settings({}).night()
    assert [str(getattr(own, name)).split("/")[2] for name in SERVICES] == [
        "ec.europa.eu", "opendata.cbs.nl", "datasets.cbs.nl", "ec.europa.eu",
    ]  # fmt: skip
    mirror = {f"KETENMONITOR_{name.upper()}": f"http://mirror.example/{name}" for name in SERVICES}
    night = read_settings(mirror).night()
    assert [getattr(night, name) for name in SERVICES] == [f"http://mirror.example/{name}" for name in SERVICES]
    assert [getattr(night.fetch_settings(), name) for name in SERVICES] == list(mirror.values())
    offline = read_settings({**mirror, "KETENMONITOR_OFFLINE": "1"}).night()
    assert [getattr(offline, name) for name in SERVICES] == [None] * 4


@pytest.mark.parametrize("name", SERVICES)
def test_an_address_that_is_none_is_named(name: str) -> None:
    setting = f"KETENMONITOR_{name.upper()}"
    with pytest.raises(SettingsError, match=f"{setting} is 'statline'; expected an address"):
        read_settings({setting: "statline"})


def test_who_asks_gives_a_name_and_a_contact() -> None:
    assert read_settings({}).user_agent == (
        "Ketenmonitor/1.0 (https://ketenmonitor.example/; datasteward@ketenmonitor.example)"
    )


class Terminal(io.StringIO):
    """Where a person looks."""

    def isatty(self) -> bool:
        return True


def test_a_terminal_shows_which_source_is_asked_and_is_left_clean() -> None:
    shown = Terminal()
    progress = Progress(shown)
    progress.starting("cei_wm060", 3, 40)
    assert shown.getvalue().endswith("fetching 3 of 40: cei_wm060")
    progress.done()
    assert shown.getvalue().endswith("\r\x1b[K")


def test_a_log_holds_a_line_as_each_source_is_done_and_no_progress() -> None:
    shown = io.StringIO()
    progress = Progress(shown)
    progress.starting("cei_wm060", 3, 40)
    assert shown.getvalue() == ""
    progress.said("cei_wm060: done")
    assert shown.getvalue() == "cei_wm060: done\n"
    progress.done()
    assert shown.getvalue() == "cei_wm060: done\n"

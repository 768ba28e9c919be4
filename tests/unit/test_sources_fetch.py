"""Fetching: the live service first, then the newest copy, then the embedded edition; a gone host is asked once."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
import requests

from assets.sources.archive import Archive
from assets.sources.fetch import FetchSettings, fetch_all
from assets.sources.http import FetchError, PoliteSession
from tests.conftest import Answer, PlayedEurostat, free_port

EARLIER, NOW = "2026-11-20T03:00:00Z", "2026-11-21T03:00:00Z"


def fetched(eurostat_url: str | None, edition: Path, home: Path, moment: str = NOW) -> dict[str, str]:
    """Outcome of two Eurostat tables and a curated one."""
    settings = FetchSettings(eurostat_url, "Ketenmonitor tests", edition)
    sources = ("cei_pc050", "cei_wm060", "packaging_nl")
    said: list[str] = []
    found = fetch_all(sources, Archive(home), settings, moment, said.append)
    assert said == [item.sentence() for item in found]
    return {item.source: item.outcome for item in found}


def test_new_bytes_are_fetched_once_and_then_unchanged(eurostat: PlayedEurostat, tmp_path: Path) -> None:
    first = fetched(eurostat.url, eurostat.edition, tmp_path, EARLIER)
    assert first == {"cei_pc050": "fetched", "cei_wm060": "fetched", "packaging_nl": "curated"}
    second = fetched(eurostat.url, eurostat.edition, tmp_path)
    assert second == {"cei_pc050": "unchanged", "cei_wm060": "unchanged", "packaging_nl": "curated"}
    record = Archive(tmp_path).records("cei_pc050")[0]
    assert (record.origin, record.retrieved_at) == ("live", EARLIER)
    assert record.retrieved_from.startswith(f"{eurostat.url}/sdmx/2.1/data/CEI_PC050/A....NL+EU27_2020")
    assert eurostat.asked[0].endswith("?format=SDMX-CSV&compressed=false")


def test_without_an_address_no_service_is_asked(eurostat: PlayedEurostat, tmp_path: Path) -> None:
    found = fetched(None, eurostat.edition, tmp_path)
    assert found == {"cei_pc050": "embedded", "cei_wm060": "embedded", "packaging_nl": "curated"}
    assert eurostat.asked == []


def test_the_newest_copy_that_we_have_goes_before_the_embedded_edition(
    eurostat: PlayedEurostat, tmp_path: Path
) -> None:
    fetched(eurostat.url, eurostat.edition, tmp_path, EARLIER)
    eurostat.answers["cei_pc050"] = Answer(b"oops", 503)
    found = fetched(eurostat.url, eurostat.edition, tmp_path)
    assert found == {"cei_pc050": "kept", "cei_wm060": "unchanged", "packaging_nl": "curated"}


def test_when_the_service_fails_a_copy_that_was_refused_is_passed_over(
    eurostat: PlayedEurostat, tmp_path: Path
) -> None:
    fetched(eurostat.url, eurostat.edition, tmp_path, EARLIER)
    eurostat.answers["cei_pc050"] = Answer(b"DATAFLOW,OBS_VALUE\nnonsense,1\n")
    fetched(eurostat.url, eurostat.edition, tmp_path)
    good, bad = (record.sha256 for record in Archive(tmp_path).records("cei_pc050"))
    eurostat.answers["cei_pc050"] = Answer(b"oops", 503)
    for refused, outcome, copy in (
        (frozenset({bad}), "kept", good),
        (frozenset({bad, good}), "embedded", None),
        (frozenset[str](), "kept", bad),
    ):
        settings = FetchSettings(eurostat.url, "Ketenmonitor tests", eurostat.edition, {"cei_pc050": refused})
        (item,) = fetch_all(("cei_pc050",), Archive(tmp_path), settings, NOW, lambda _: None)
        assert item.outcome == outcome
        assert copy is None or item.record.sha256 == copy


def test_a_refused_host_is_asked_once_a_night(
    small_edition: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[str] = []
    ask = requests.Session.get

    def counted(session: requests.Session, url: str, **how: object) -> requests.Response:
        tried.append(url)
        return ask(session, url, **how)  # type: ignore[arg-type]

    monkeypatch.setattr(requests.Session, "get", counted)
    found = fetched(f"http://127.0.0.1:{free_port()}", small_edition, tmp_path)
    assert found == {"cei_pc050": "embedded", "cei_wm060": "embedded", "packaging_nl": "curated"}
    assert len(tried) == 1


def test_an_answer_that_is_no_table_does_not_close_the_door(eurostat: PlayedEurostat) -> None:
    session = PoliteSession("Ketenmonitor tests")
    eurostat.answers["cei_pc050"] = Answer(b"gone", 404)
    for _ in range(2):
        with pytest.raises(FetchError, match=r"127\.0\.0\.1:\d+ answered 404 Not Found"):
            session.get(f"{eurostat.url}/sdmx/2.1/data/CEI_PC050/A")
    assert session.get(f"{eurostat.url}/sdmx/2.1/data/CEI_WM060/A").body == eurostat.body("cei_wm060")
    assert len(eurostat.asked) == 3


BODY = b"geo,OBS_VALUE\n" + b"NL,78.1\n" * 500
PACKED = gzip.compress(BODY)
GZIP = (("Content-Encoding", "gzip"),)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Answer(BODY[:-8], breaks_off=True), "the answer broke off"),
        (Answer(PACKED[: len(PACKED) // 2], headers=GZIP), "the answer broke off or is damaged"),
        (Answer(PACKED[:-1], headers=GZIP), "the answer broke off or is damaged"),
        (Answer(b"", headers=GZIP), "the answer broke off or is damaged"),
        (Answer(b"no gzip", headers=GZIP), "the answer broke off or is damaged"),
        (Answer(BODY, headers=(("Content-Encoding", "br"),)), "answered in the encoding br, which was not asked for"),
        (Answer(BODY + b"x" * 10_000), "is larger than 4100 bytes"),
        # a small body that unpacks to a large one
        (Answer(gzip.compress(b"x" * 10_000_000), headers=GZIP), "is larger than 4100 bytes"),
    ],
    ids=["reset", "half a gzip", "gzip without its end", "no gzip", "damaged gzip", "brotli", "large", "gzip bomb"],
)
def test_a_body_that_is_not_whole_or_too_large_is_not_handed_on(
    eurostat: PlayedEurostat, answer: Answer, said: str
) -> None:
    eurostat.answers["cei_pc050"] = answer
    with pytest.raises(FetchError) as refused:
        PoliteSession("Ketenmonitor tests").get(f"{eurostat.url}/sdmx/2.1/data/CEI_PC050/A", limit=4100)
    assert said in str(refused.value)


@pytest.mark.parametrize("answer", [Answer(BODY), Answer(PACKED, headers=GZIP)], ids=["plain", "packed"])
def test_a_whole_body_comes_as_it_is_with_its_edition(eurostat: PlayedEurostat, answer: Answer) -> None:
    named = (("ETag", '"abc"'), ("Last-Modified", "Fri, 20 Nov 2026 22:00:00 GMT"))
    eurostat.answers["cei_pc050"] = Answer(answer.body, headers=(*answer.headers, *named))
    found = PoliteSession("Ketenmonitor tests").get(f"{eurostat.url}/sdmx/2.1/data/CEI_PC050/A", limit=len(BODY))
    assert (found.body, found.etag, found.last_modified) == (BODY, '"abc"', "Fri, 20 Nov 2026 22:00:00 GMT")

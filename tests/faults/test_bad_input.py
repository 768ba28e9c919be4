"""Bad input, one named case a fault: it stops its one table, says so in words, and leaves the rest of the night alone.

A real HTTP server on loopback plays Eurostat. A night costs seconds, so that one night plays several faults, each in a
table of its own; every case is judged by what became of its own table. Two nights play one fault alone, one for each
chain table.
"""

from __future__ import annotations

import gzip
import hashlib
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial, partialmethod
from pathlib import Path

import dagster as dg
import pyarrow.parquet as pq
import pytest

from assets.sources.archive import Archive
from assets.sources.http import PoliteSession
from pipelines.nightly import Refusal, Summary, run_assets
from tests.conftest import Answer, PlayedEurostat, core_night, files_with_bytes, free_port, night, playing

Spoil = Callable[[bytes], Answer]


def _lines(body: bytes) -> list[bytes]:
    return body.rstrip(b"\n").split(b"\n")


def _joined(lines: list[bytes]) -> bytes:
    return b"\n".join(lines) + b"\n"


def cut_in_a_line(body: bytes) -> Answer:
    lines = _lines(body)
    return Answer(_joined(lines[:60]) + lines[60][:30])


def cut_gzip(body: bytes) -> Answer:
    packed = gzip.compress(body, mtime=0)
    return Answer(packed[: len(packed) // 2])


def whole(replacement: bytes, body: bytes) -> Answer:
    return Answer(replacement)


def in_latin_1(body: bytes) -> Answer:
    return Answer(body + "ESTAT:CEI_PC050(1.0),,A,W150102,GEN,KG_HAB,NL,2023,30.0,,é\n".encode("latin-1"))


def without_column(name: bytes, body: bytes) -> Answer:
    at = _lines(body)[0].split(b",").index(name)
    return Answer(_joined([b",".join(c for i, c in enumerate(line.split(b",")) if i != at) for line in _lines(body)]))


def with_column(name: bytes, body: bytes) -> Answer:
    header, *rows = _lines(body)
    return Answer(_joined([header + b"," + name, *(row + b"," for row in rows)]))


def first_rows(count: int, body: bytes) -> Answer:
    return Answer(_joined(_lines(body)[: count + 1]))


def replaced(line: bytes, changed: bytes, body: bytes) -> Answer:
    assert body.count(line) == 1, line
    return Answer(body.replace(line, changed))


def added(row: bytes, body: bytes) -> Answer:
    return Answer(body + row + b"\n")


@dataclass(frozen=True)
class Fault:
    """A spoiled table: the words that its refusal must hold, and how many rows go to quarantine."""

    table: str
    spoil: Spoil
    says: tuple[str, ...]
    refused_rows: int = 0


# The spoiled cells are Dutch ones of the embedded edition, such as all packaging of 2017 (env_waspac: 3,138,000 t).
NIGHTS: Mapping[str, Mapping[str, Fault]] = {
    "packaging_bodies": {
        "a body cut in the middle of a line": Fault(
            "cei_pc040",
            cut_in_a_line,
            ("table cei_pc040", "expected 11 fields on every line", "cut short"),
        ),
    },
    "packaging_columns": {
        "a missing column": Fault(
            "cei_pc040",
            partial(without_column, b"OBS_FLAG"),
            (
                "table cei_pc040, column OBS_FLAG",
                "expected the column OBS_FLAG",
                "found the columns DATAFLOW, LAST UPDATE",
            ),
            179,
        ),
        "wrong encoding": Fault(
            "cei_pc050",
            in_latin_1,
            ("table cei_pc050", "expected UTF-8", "found byte 0xe9 at position 10828"),
        ),
        "an extra column": Fault(
            "cei_wm020",
            partial(with_column, b"OBS_COMMENT"),
            (
                "table cei_wm020, column OBS_COMMENT",
                "expected only columns of the contract",
                "found the column OBS_COMMENT",
            ),
            1068,
        ),
        "a negative mass": Fault(
            "env_waspac",
            partial(replaced, b"A,W1501,GEN,T,NL,2017,3138000,,", b"A,W1501,GEN,T,NL,2017,-3138000,,"),
            (
                "table env_waspac, column OBS_VALUE",
                "waste=W1501 wst_oper=GEN unit=T geo=NL TIME_PERIOD=2017",
                "expected at least 0",
                "found '-3138000'",
            ),
            1,
        ),
        "only a few rows": Fault(
            "env_waspacr",
            partial(first_rows, 12),
            ("table env_waspacr", "expected at least 50 rows", "found 12"),
        ),
    },
    "packaging_cells": {
        "an unknown code in a dimension": Fault(
            "cei_pc040",
            partial(added, b"ESTAT:CEI_PC040(1.0),,A,W9999,GEN,KG_HAB,NL,2017,1.5,,"),
            (
                "table cei_pc040, column waste",
                "waste=W9999 wst_oper=GEN unit=KG_HAB geo=NL TIME_PERIOD=2017",
                "expected a code of the list env_waspac_waste",
                "found 'W9999'",
            ),
            1,
        ),
        "an unknown flag letter": Fault(
            "cei_pc050",
            partial(added, b"ESTAT:CEI_PC050(1.0),,A,W150102,GEN,KG_HAB,NL,2030,30.5,q,"),
            (
                "table cei_pc050, column OBS_FLAG",
                "geo=NL TIME_PERIOD=2030",
                "expected text of the form [bcdefimnpsuz]+",
                "found 'q'",
            ),
            1,
        ),
        "text in the number column": Fault(
            "cei_wm020",
            partial(added, b"ESTAT:CEI_WM020(1.0),,A,W1501,RT,NL,2030,n.a.,,"),
            (
                "table cei_wm020, column OBS_VALUE",
                "waste=W1501 unit=RT geo=NL TIME_PERIOD=2030",
                "expected a number",
                "found 'n.a.'",
            ),
            1,
        ),
        "a duplicate key with another value": Fault(
            "env_waspac",
            partial(added, b"ESTAT:ENV_WASPAC(1.0),08/02/21 11:00:00,A,W1501,GEN,T,NL,2017,3138001,,"),
            (
                "table env_waspac, column freq, waste, wst_oper, unit, geo, TIME_PERIOD",
                "waste=W1501 wst_oper=GEN unit=T geo=NL TIME_PERIOD=2017",
                "once",
                "found more than one row with it",
            ),
            2,
        ),
        "a value without status": Fault(
            "env_waspacr",
            partial(added, b"ESTAT:ENV_WASPACR(1.0),27/02/25 23:00:00,A,W150102,RT,NL,2030,,,"),
            (
                "table env_waspacr, column OBS_VALUE",
                "waste=W150102 unit=RT geo=NL TIME_PERIOD=2030",
                "expected a value, or a status that says why there is none",
                "found OBS_VALUE nothing, OBS_FLAG nothing",
            ),
            1,
        ),
    },
    "electronics_alone": {
        "an unknown code, alone": Fault(
            "cei_wm060",
            partial(added, b"ESTAT:CEI_WM060(1.0),,A,PC,XX,2017,71.0,,"),
            ("table cei_wm060, column geo", "geo=XX TIME_PERIOD=2017", "expected a code of the list geo", "found 'XX'"),
            1,
        ),
    },
    "packaging_alone": {
        "a value that is no number, alone": Fault(
            "cei_pc050",
            partial(added, b"ESTAT:CEI_PC050(1.0),,A,W150102,GEN,KG_HAB,NL,2030,1e400,,"),
            ("table cei_pc050, column OBS_VALUE", "geo=NL TIME_PERIOD=2030", "expected a number", "found '"),
            1,
        ),
    },
}
CASES = [(which, name) for which, faults in NIGHTS.items() for name in faults]
# What the other chain table has to release in the same night: one figure of NL that its service has revised.
REVISED = {
    "electronics": ("cei_wm060", b"A,PC,NL,2017,81.6,,", b"A,PC,NL,2017,81.7,,"),
    "packaging": ("cei_pc050", b"A,W150102,GEN,KG_HAB,NL,2022,31.14,,", b"A,W150102,GEN,KG_HAB,NL,2022,31.15,,"),
}


@dataclass(frozen=True)
class PlayedNight:
    """A night with faults: its home, what it said, and what was served."""

    home: Path
    summary: Summary
    chain: str
    other: str
    answers: Mapping[str, Answer]

    def refusal(self, table: str) -> Refusal:
        found = [r for r in self.summary.refusals if r.asset == f"sources/{table}"]
        assert len(found) == 1, f"sources/{table} was not refused"
        return found[0]


@pytest.fixture(scope="module")
def good_home(small_edition: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home after one good night, offline."""
    home = tmp_path_factory.mktemp("good") / "home"
    summary = core_night(night(home, edition=small_edition))
    assert summary.exit_code == 0, summary.refusals
    return home


@pytest.fixture(scope="module")
def service(small_edition: Path) -> Iterator[PlayedEurostat]:
    yield from playing(small_edition)


@pytest.fixture(scope="module")
def nights() -> dict[str, PlayedNight]:
    """The nights played so far."""
    return {}


@pytest.fixture
def played(
    request: pytest.FixtureRequest, nights: dict[str, PlayedNight], good_home: Path, service: PlayedEurostat,
    small_edition: Path, tmp_path_factory: pytest.TempPathFactory,
) -> PlayedNight:  # fmt: skip
    which = request.param
    if which not in nights:
        home = shutil.copytree(good_home, tmp_path_factory.mktemp(which) / "home", symlinks=True)
        chain, other = ("packaging", "electronics") if which.startswith("packaging") else ("electronics", "packaging")
        revised, before, after = REVISED[other]
        answers = {fault.table: fault.spoil(service.body(fault.table)) for fault in NIGHTS[which].values()}
        answers[revised] = replaced(before, after, service.body(revised))
        service.answers = dict(answers)
        summary = core_night(night(home, edition=small_edition, eurostat_url=service.url))
        service.answers = {}
        nights[which] = PlayedNight(home, summary, chain, other, answers)
    return nights[which]


with_its_fault = pytest.mark.parametrize(
    ("played", "name"),
    [pytest.param(which, name, id=name.replace(" ", "_")) for which, name in CASES],
    indirect=["played"],
)
every_night = pytest.mark.parametrize("played", list(NIGHTS), indirect=True)


def fault_named(name: str) -> Fault:
    return next(faults[name] for faults in NIGHTS.values() if name in faults)


@with_its_fault
def test_a_fault_is_refused_in_words_that_name_table_column_key_expected_and_found(
    played: PlayedNight, name: str
) -> None:
    fault = fault_named(name)
    reason = played.refusal(fault.table).reason
    for words in fault.says:
        assert words in reason, reason
    assert "The last table stands" in reason


@with_its_fault
def test_the_refused_body_is_kept_in_the_archive_and_the_last_table_stands(
    played: PlayedNight, name: str, good_home: Path
) -> None:
    fault = fault_named(name)
    body = played.answers[fault.table].body
    copy = played.home / "archive" / fault.table / hashlib.sha256(body).hexdigest()
    assert copy.read_bytes() == body
    for suffix in ("parquet", "json"):
        standing = Path("tables/sources") / f"{fault.table}.{suffix}"
        assert (played.home / standing).read_bytes() == (good_home / standing).read_bytes()


@with_its_fault
def test_refused_rows_are_counted_and_kept_in_the_quarantine(played: PlayedNight, name: str) -> None:
    fault = fault_named(name)
    kept = played.home / "quarantine" / "sources" / f"{fault.table}.parquet"
    if fault.refused_rows == 0:
        assert not kept.exists()
        return
    refused = pq.read_table(kept)
    assert refused.num_rows == fault.refused_rows
    assert all(rules.startswith(f"{fault.table}__") for rules in refused.column("refused_by").to_pylist())
    reason = played.refusal(fault.table).reason
    assert f"{fault.refused_rows} of " in reason
    assert f"{fault.table}.parquet in the quarantine" in reason


@every_night
def test_the_summary_says_which_tables_were_refused_and_the_exit_code_is_1(
    played: PlayedNight, request: pytest.FixtureRequest
) -> None:
    which = request.node.callspec.params["played"]
    expected = {f"sources/{fault.table}" for fault in NIGHTS[which].values()}
    assert {refusal.asset for refusal in played.summary.refusals} == expected
    assert played.summary.exit_code == 1
    outcomes = {d.dataset: d for d in played.summary.datasets}
    blocked = outcomes[played.chain]
    assert (blocked.outcome, blocked.version, set(blocked.because)) == ("blocked", "1.0.0", expected)
    said = "\n".join(played.summary.lines())
    for asset in expected:
        assert f"REFUSED {asset}" in said
    assert f"{played.chain:<14} BLOCKED, stands at 1.0.0 (because of {', '.join(sorted(expected))})" in said


@every_night
def test_the_last_release_of_a_blocked_chain_table_stands_byte_for_byte(played: PlayedNight, good_home: Path) -> None:
    for folder in (f"releases/{played.chain}", f"datasets/{played.chain}"):
        before, after = (files_with_bytes(home / "published" / folder) for home in (good_home, played.home))
        assert len(before) > 0
        assert after == before
    assert (played.home / "published/datasets" / played.chain / "latest").resolve().name == "1.0.0"


@every_night
def test_the_other_chain_table_is_released_in_the_same_night(played: PlayedNight) -> None:
    outcomes = {d.dataset: (d.outcome, d.version) for d in played.summary.datasets}
    assert outcomes[played.other] == ("released", "1.1.0")
    assert outcomes["targets"] == ("unchanged", "1.0.0")
    changes = played.home / "published/releases" / played.other / "1.1.0/diff/changes.csv"
    _, before, after = REVISED[played.other]
    old, new = (line.split(b",")[-3].decode() for line in (before, after))
    assert f",changed,value,{old},{new}," in changes.read_text(encoding="utf-8")


def test_a_mended_body_is_taken_in_by_the_next_night(
    good_home: Path, service: PlayedEurostat, small_edition: Path, tmp_path: Path
) -> None:
    home = shutil.copytree(good_home, tmp_path / "home", symlinks=True)
    sources = [dg.AssetKey(["sources", name]) for name in ("vintages", "cei_wm060")]
    settings = night(home, edition=small_edition, eurostat_url=service.url)
    service.answers = {"cei_wm060": first_rows(1, service.body("cei_wm060"))}
    assert run_assets(settings, sources).exit_code == 1
    service.answers = {}
    assert run_assets(settings, sources).exit_code == 0
    assert not (home / "quarantine/sources/cei_wm060.parquet").exists()


# --- a service that does not deliver: no fault of the figures, and no reason to stop ---

NO_TABLES: Mapping[str, tuple[Spoil, str]] = {
    "a truncated gzip": (cut_gzip, "expected a whole gzip body, found a damaged or truncated one"),
    "an empty body": (partial(whole, b""), "expected SDMX-CSV with the columns DATAFLOW and OBS_VALUE, found an empty"),
    "HTML with status 200": (
        partial(whole, b"<!DOCTYPE html><html><body>Maintenance</body></html>"),
        "found a body that starts with '<!DOCTYPE html>",
    ),
    "JSON with status 200": (
        partial(whole, b'{"error": {"status": 413, "label": "ASYNCHRONOUS_RESPONSE"}}'),
        "found a body that starts with '{",
    ),
}


@pytest.mark.parametrize("name", NO_TABLES)
def test_a_body_that_is_no_table_is_kept_aside_and_the_copy_that_we_have_is_built_from(
    name: str, good_home: Path, service: PlayedEurostat, small_edition: Path, tmp_path: Path
) -> None:
    spoil, says = NO_TABLES[name]
    home = shutil.copytree(good_home, tmp_path / "home", symlinks=True)
    answer = spoil(service.body("cei_wm060"))
    service.answers = {"cei_wm060": answer}
    sources = [dg.AssetKey(["sources", table]) for table in ("vintages", "cei_wm060")]
    summary = run_assets(night(home, edition=small_edition, eurostat_url=service.url), sources)
    service.answers = {}
    # something was refused, and the copy that stands in is built from
    assert (summary.exit_code, summary.refusals) == (1, ())
    assert says in sentence_about(summary, "cei_wm060")
    archive = Archive(home / "archive")
    spoiled = [r for r in archive.records("cei_wm060") if r.origin == "spoiled"]
    assert [archive.read(r) for r in spoiled] == ([answer.body] if answer.body else [])
    where = f" It is kept in {spoiled[0].place}." if spoiled else ""
    line = f"cei_wm060: what the live service sent was refused, and the embedded edition stands in.{where}"
    assert summary.refused_bodies == (line,)
    assert f"REFUSED {line}" in summary.lines()


def sentence_about(summary: Summary, table: str) -> str:
    """What the night says of one source."""
    return next(line for line in summary.sources if line.startswith(f"{table}: "))


GZIP = (("Content-Encoding", "gzip"),)
FAILING: Mapping[str, tuple[str, Answer, str]] = {
    "status 500": ("cei_pc040", Answer(b"oops", 500), "answered 500"),
    "status 404": ("cei_pc050", Answer(b"gone", 404), "answered 404"),
    "reset in the middle of the body": ("cei_wm020", Answer(b"x" * 100_000, breaks_off=True), "broke off"),
    "truncated gzip on the wire": (
        "cei_wm060", Answer(gzip.compress(b"x,y\n" * 9999)[:-20], headers=GZIP), "broke off",
    ),
    "damaged gzip on the wire": ("env_waspacr", Answer(b"\x1f\x8bnonsense", headers=GZIP), "damaged"),
    "redirect to another host": ("demo_gind", Answer(b"", 302), "sent us on to another host"),
}  # fmt: skip


@pytest.fixture(scope="module")
def failing_night(good_home: Path, small_edition: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Summary]:
    home = shutil.copytree(good_home, tmp_path_factory.mktemp("failing") / "home", symlinks=True)
    elsewhere = playing(small_edition)
    here = playing(small_edition)
    there, asked = next(elsewhere), next(here)
    asked.answers = {table: answer for table, answer, _ in FAILING.values()}
    away = (("Location", f"{there.url}/sdmx/2.1/data/DEMO_GIND/A"),)
    asked.answers["demo_gind"] = Answer(b"", 302, away)
    yield core_night(night(home, edition=small_edition, eurostat_url=asked.url))
    for server in (elsewhere, here):
        next(server, None)


@pytest.mark.parametrize("name", FAILING)
def test_a_service_that_fails_costs_nothing_but_news(failing_night: Summary, name: str) -> None:
    table, _, words = FAILING[name]
    said = sentence_about(failing_night, table)
    assert said.startswith(f"{table}: the embedded edition (the live service failed: 127.0.0.1:")
    assert words in said
    assert said in "\n".join(failing_night.lines())
    assert failing_night.exit_code == 0
    assert {d.outcome for d in failing_night.datasets} == {"unchanged"}


def test_a_service_that_fails_for_one_table_is_still_asked_for_the_others(failing_night: Summary) -> None:
    for table in ("env_waselee", "env_waspac"):
        assert sentence_about(failing_night, table).startswith(
            f"{table}: the live service gave the bytes that we have;"
        )


def test_a_refused_connection_falls_back_to_the_newest_copy_that_the_service_gave(
    good_home: Path, small_edition: Path, service: PlayedEurostat, tmp_path: Path
) -> None:
    home = shutil.copytree(good_home, tmp_path / "home", symlinks=True)
    table, before, after = REVISED["electronics"]
    service.answers = {table: replaced(before, after, service.body(table))}
    vintages = [dg.AssetKey(["sources", "vintages"])]
    assert run_assets(night(home, edition=small_edition, eurostat_url=service.url), vintages).exit_code == 0
    service.answers = {}
    unreachable = night(home, edition=small_edition, eurostat_url=f"http://127.0.0.1:{free_port()}")
    summary = run_assets(unreachable, vintages)
    assert summary.exit_code == 0
    newest = hashlib.sha256(service.body(table).replace(before, after)).hexdigest()
    said = sentence_about(summary, table)
    assert said.startswith(f"{table}: the newest copy that we have of the live service (the live service failed: ")
    assert f"copy {newest[:12]}" in said
    # the first that was asked found nobody there; the host is not asked again
    # these bytes ship with the software as well, and the service gave them a moment before: it is its copy that is kept
    kept = "cei_pc040: the newest copy that we have of the live service (the live service failed: "
    assert sentence_about(summary, "cei_pc040").startswith(kept)
    assert "no connection" in sentence_about(summary, "cei_pc040")
    assert "was not reachable a moment ago" in said


def test_a_body_over_the_limit_is_not_taken_in(
    good_home: Path, small_edition: Path, service: PlayedEurostat, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = shutil.copytree(good_home, tmp_path / "home", symlinks=True)
    monkeypatch.setattr(PoliteSession, "get", partialmethod(PoliteSession.get, limit=20_000))
    big = service.body("cei_wm060") + b"x" * 20_000
    service.answers = {"cei_wm060": Answer(big)}
    settings = night(home, edition=small_edition, eurostat_url=service.url)
    summary = run_assets(settings, [dg.AssetKey(["sources", "vintages"])])
    service.answers = {}
    assert summary.exit_code == 0
    said = sentence_about(summary, "cei_wm060")
    assert said.startswith("cei_wm060: the embedded edition (the live service failed: ")
    assert "larger than 20000 bytes" in said
    assert [r.origin for r in Archive(home / "archive").records("cei_wm060")] == ["embedded_edition"]

"""Old nights: what each one read is kept for ever, and one that is rebuilt gives the bytes of its releases."""

from __future__ import annotations

import argparse
import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow.parquet as pq
import pytest

from assets.as_of import (
    AsOfError,
    end_of,
    first_read,
    keep_night,
    lay_out,
    nights,
    old_night,
    releases_then,
    seed_previous_tables,
)
from assets.as_of_outcome import circumstances, outcome_of
from assets.night import Night
from assets.packages import release_key
from assets.source_assets import VINTAGES
from assets.sources.archive import record_of
from assets.sources.embedded_edition import EMBEDDED, embedded_copy
from pipelines import archive_commands
from pipelines.definitions import build_definitions
from pipelines.nightly import run_assets
from pipelines.settings import Settings, read_settings
from publish.promotion import promote
from publish.release import build_candidate, waiting_candidate
from publish.withdrawal import withdraw
from tests.conftest import files_with_bytes
from tests.release_example import PACKAGING, RATE_2017, build, tables

SOURCE = "cei_wm020"


def moment(day: int, hour: int = 3) -> datetime:
    return datetime(2026, 11, day, hour, tzinfo=UTC)


def night_of(home: Path, day: int, **given: Any) -> Night:
    return Night(home, moment(day), None, "Ketenmonitor tests", **given)


def text(day: int) -> str:
    return f"2026-11-{day:02d}T03:00:00Z"


# ---- what a night keeps


def test_a_night_keeps_what_it_read_and_with_which_code(tmp_path: Path) -> None:
    night = night_of(tmp_path, 21, public_url="https://data.example/")
    path = keep_night(night, {"env_waspac": "b" * 64, SOURCE: "a" * 64})
    assert path == tmp_path / "nights" / "2026-11-21T030000Z.json"
    (read,) = nights(night)
    assert (read.moment, read.public_url) == (text(21), "https://data.example/")
    assert list(read.used.items()) == [(SOURCE, "a" * 64), ("env_waspac", "b" * 64)]
    assert (len(read.code), len(read.publishing)) == (64, 64)


def test_the_same_reading_is_kept_once_and_another_at_the_same_moment_beside_it(tmp_path: Path) -> None:
    night = night_of(tmp_path, 21)
    for sha256 in ("a", "a", "b", *"bcdefghij"):
        keep_night(night, {SOURCE: sha256})
    keep_night(night_of(tmp_path, 20), {SOURCE: "z"})
    assert [read.used[SOURCE] for read in nights(night)] == ["z", *"abcdefghij"]
    assert (tmp_path / "nights" / "2026-11-21T030000Z-10.json").exists()


def test_a_night_that_cannot_be_read_is_passed_over(tmp_path: Path) -> None:
    night = night_of(tmp_path, 21)
    keep_night(night, {SOURCE: "a"})
    for name, content in (("empty", ""), ("other", '{"moment": "2026"}'), ("list", "[]")):
        (tmp_path / "nights" / f"{name}.json").write_text(content, encoding="utf-8")
    assert [read.moment for read in nights(night)] == [text(21)]


def test_a_copy_is_first_read_by_the_first_night_that_read_it(tmp_path: Path) -> None:
    for day, sha256 in ((21, "a"), (22, "b"), (23, "a")):
        keep_night(night_of(tmp_path, day), {SOURCE: sha256})
    places = first_read(nights(night_of(tmp_path, 24)))
    assert sorted(places, key=lambda copy: places[copy]) == [(SOURCE, "a"), (SOURCE, "b")]


# ---- which night a date means


@pytest.mark.parametrize(
    ("given", "end"),
    [("2026-11-21", "2026-11-21T23:59:59Z"), ("2026-11-21T03:00:00Z", "2026-11-21T03:00:00Z")],
)
def test_a_date_means_its_end(given: str, end: str) -> None:
    assert end_of(given) == end


@pytest.mark.parametrize(
    "given", ["", "yesterday", "2026-02-30", "21-11-2026", "2026-11-21T03:00", "../../etc", "2026-11-21\n", "=cmd|x"]
)
def test_what_is_no_date_is_named_with_what_is_expected(given: str) -> None:
    with pytest.raises(AsOfError, match="is no date; expected one such as 2026-11-21, or a moment such as"):
        end_of(given)


def archived(night: Night, body: bytes, retrieved_at: str, origin: str = "live") -> str:
    record = record_of(body, source=SOURCE, retrieved_at=retrieved_at, retrieved_from="loopback", origin=origin)
    return night.archive.put(body, record).sha256


@pytest.fixture
def with_nights(tmp_path: Path) -> Night:
    """Nights of the 21st and the 23rd, and copies of the 10th, 21st, 22nd (read by nobody) and 23rd."""
    night = night_of(tmp_path, 25)
    archived(night, b"of the 10th", "2026-11-10T00:00:00Z", "embedded_edition")
    for day in (21, 22, 23):
        sha256 = archived(night, b"of the %d" % day, text(day))
        if day != 22:
            keep_night(night_of(tmp_path, day), {SOURCE: sha256})
    return night


@pytest.mark.parametrize(
    ("date", "recorded", "read", "known"),
    [
        ("2026-11-25", 23, b"of the 23", [b"of the 10th", b"of the 21", b"of the 22", b"of the 23"]),
        ("2026-11-23", 23, b"of the 23", [b"of the 10th", b"of the 21", b"of the 22", b"of the 23"]),
        ("2026-11-22", 21, b"of the 21", [b"of the 10th", b"of the 21"]),
        ("2026-11-21", 21, b"of the 21", [b"of the 10th", b"of the 21"]),
    ],
)
def test_a_date_gives_the_newest_night_before_it_and_what_could_be_seen_then(
    with_nights: Night, date: str, recorded: int, read: bytes, known: list[bytes]
) -> None:
    old = old_night(with_nights, date)
    assert old.recorded.moment == text(recorded)
    bodies = {r.sha256: with_nights.archive.read(r) for r in with_nights.archive.records(SOURCE)}
    assert bodies[old.used[SOURCE]] == read
    assert sorted(bodies[sha256] for _, sha256 in old.known) == known
    assert "env_waspac" in old.without
    assert SOURCE not in old.without


@pytest.mark.parametrize(
    ("date", "words"),
    [
        ("1999-12-31", "the first night is of 2026-11-21; give that date or a later one"),
        # copies had been retrieved by then, but which of them a night read is not known
        ("2026-11-20", "the first night is of 2026-11-21; give that date or a later one"),
        ("2026-11-21T02:59:59Z", "the first night is of 2026-11-21T03:00:00Z; give that moment or a later one"),
        ("2026-11-26", "is in the future: the last night is of 2026-11-23; give that date or an earlier one"),
        ("2026-11-25T03:00:01Z", "is in the future: the last night is of 2026-11-23; give that date or an earlier one"),
    ],
)
def test_a_date_before_the_first_night_or_in_the_future_is_refused_and_makes_no_home(
    with_nights: Night, date: str, words: str
) -> None:
    with pytest.raises(AsOfError) as refused:
        old_night(with_nights, date)
    assert str(refused.value).startswith(f"{date} ")
    assert str(refused.value).endswith(words)


def test_where_no_night_is_recorded_none_can_be_rebuilt(tmp_path: Path) -> None:
    night = night_of(tmp_path, 25)
    archived(night, b"live", "2026-11-10T00:00:00Z")
    with pytest.raises(AsOfError, match="no night is recorded here yet; see --home, or run `ketenmonitor nightly`"):
        old_night(night, "2026-11-20")


def test_a_last_night_of_later_than_now_can_be_rebuilt(with_nights: Night) -> None:
    early = replace(with_nights, started_at=moment(20))
    assert [old_night(early, date).moment for date in ("2026-11-23", text(23))] == [text(23)] * 2
    with pytest.raises(AsOfError, match="2026-11-24 is in the future"):
        old_night(early, "2026-11-24")


def test_the_home_of_a_rebuild_shows_what_was_known_then_and_is_made_anew(with_nights: Night) -> None:
    before = files_with_bytes(with_nights.home)
    old = old_night(with_nights, "2026-11-22")
    (with_nights.home / "as_of" / "2026-11-22" / "staging").mkdir(parents=True)
    rebuilt = lay_out(with_nights, old)
    assert rebuilt.home == with_nights.home / "as_of" / "2026-11-22"
    assert rebuilt.moment == text(21)
    assert not rebuilt.staging.exists()
    assert [rebuilt.archive.read(record) for record in rebuilt.archive.records(SOURCE)] == [
        b"of the 10th",
        b"of the 21",
    ]
    assert json.loads(rebuilt.vintages.read_text(encoding="utf-8")) == old.used
    assert [read.moment for read in nights(rebuilt)] == [text(21)]
    shutil.rmtree(with_nights.home / "as_of")
    assert files_with_bytes(with_nights.home) == before


def test_the_edition_before_stands_when_an_old_night_is_rebuilt_and_a_refused_one_does_not(tmp_path: Path) -> None:
    night = night_of(tmp_path, 28)
    good, _ = embedded_copy(SOURCE)
    copies = [
        archived(night, body, text(day)) for day, body in ((21, good), (22, b"<html></html>"), (23, good + b"\n"))
    ]
    for day, sha256 in zip((21, 22, 23), copies, strict=True):
        keep_night(night_of(tmp_path, day), {SOURCE: sha256})
    for date, expected in (("2026-11-23", copies[0]), ("2026-11-21", None)):
        old = old_night(night, date)
        rebuilt = lay_out(night, old)
        seed_previous_tables(rebuilt, old)
        standing = rebuilt.tables.standing("sources", SOURCE)
        assert (standing.fact("copy") if standing else None) == expected


# ---- what came out, against the releases of that time


def released(home: Path, day: int, rate: float) -> str:
    """Builds and publishes the small package on one day; the version that stands then."""
    return promote(build(home, {**RATE_2017, "value": rate}, at=moment(day)), home / "published").version


def rebuilt_as_of(home: Path, day: int, rate: float) -> tuple[str, str]:
    """What is said of a rebuild of that day which computes `rate`."""
    night = night_of(home, 28)
    keep_night(night_of(home, day), {SOURCE: "a" * 64})
    old = old_night(night, f"2026-11-{day}")
    again = lay_out(night, old)
    build(again.home, {**RATE_2017, "value": rate}, at=again.started_at)
    found = outcome_of(night, again, old, "packaging", None)
    assert found is not None
    assert found.as_it_was == (found.outcome != "differs")
    return found.outcome, found.words


@pytest.fixture
def three_days(tmp_path: Path) -> Path:
    """Releases of the 21st (1.0.0), the 23rd (1.1.0) and the 25th (1.2.0)."""
    assert [released(tmp_path, day, rate) for day, rate in ((21, 78.1), (23, 78.2), (25, 78.3))] == [
        "1.0.0", "1.1.0", "1.2.0",
    ]  # fmt: skip
    return tmp_path


@pytest.mark.parametrize(
    ("day", "rate", "outcome", "words"),
    [
        (21, 78.1, "same", "packaging: the same bytes as release packaging 1.0.0"),
        (23, 78.2, "same", "packaging: the same bytes as release packaging 1.1.0"),
        (25, 78.3, "same", "packaging: the same bytes as release packaging 1.2.0"),
        (
            24,
            78.2,
            "nothing_new",
            "packaging: nothing new since release packaging 1.1.0 of 2026-11-23T03:00:00Z, as on that night",
        ),
        (24, 78.3, "differs", "packaging: would be released as 1.2.0, but that night released nothing"),
        (23, 78.1, "differs", "packaging: nothing new came out, but that night released 1.1.0"),
        (23, 78.9, "differs", "packaging: differs from release packaging 1.1.0 in "),
    ],
)
def test_a_rebuild_is_held_against_the_release_of_that_night(
    three_days: Path, day: int, rate: float, outcome: str, words: str
) -> None:
    before = files_with_bytes(three_days / "published")
    found = rebuilt_as_of(three_days, day, rate)
    assert found[0] == outcome
    assert found[1] == words or (words.endswith(" ") and found[1].startswith(words))
    assert files_with_bytes(three_days / "published") == before


def test_a_difference_names_the_files_that_differ(three_days: Path) -> None:
    _, words = rebuilt_as_of(three_days, 23, 78.9)
    assert ": CHANGELOG.md, croissant.json, data/amounts.csv, data/amounts.parquet, datacite.json and 1" in words


def test_a_release_that_was_withdrawn_is_known_by_its_checksum(three_days: Path) -> None:
    withdraw(
        three_days / "published", "packaging", "1.1.0", reason_nl="Fout.", reason_en="Wrong.", withdrawn_at=moment(26),
        contact="steward@data.example",
    )  # fmt: skip
    same, differs = (rebuilt_as_of(three_days, 23, rate) for rate in (78.2, 78.9))
    assert same == ("same", "packaging: the same bytes as release packaging 1.1.0 had before it was withdrawn")
    assert differs[0] == "differs"
    assert "of which only the checksum is left because it was withdrawn" in differs[1]
    # what was built on it cannot be built on it again, and says so
    outcome, words = rebuilt_as_of(three_days, 25, 78.3)
    assert outcome == "differs"
    assert words.endswith("; 1.1.0, which stood before it, was withdrawn, so that it cannot build on it")


@pytest.mark.parametrize(
    ("day", "outcome", "words"),
    [
        (24, "stopped", "packaging: stopped, and that night released nothing of it either (sources/x was refused)"),
        (23, "differs", "packaging: could not be rebuilt, but that night released 1.1.0 (sources/x was refused)"),
    ],
)
def test_a_package_that_cannot_be_made_is_held_against_that_night_too(
    three_days: Path, day: int, outcome: str, words: str
) -> None:
    night = night_of(three_days, 28)
    keep_night(night_of(three_days, day), {SOURCE: "a" * 64})
    old = old_night(night, f"2026-11-{day}")
    found = outcome_of(night, lay_out(night, old), old, "packaging", "packaging: sources/x was refused\nin many words")
    assert found is not None
    assert (found.outcome, found.words) == (outcome, words)


def test_a_dataset_of_later_is_not_spoken_of(tmp_path: Path) -> None:
    released(tmp_path, 23, 78.1)
    night = night_of(tmp_path, 28)
    keep_night(night_of(tmp_path, 21), {SOURCE: "a" * 64})
    old = old_night(night, "2026-11-21")
    assert outcome_of(night, lay_out(night, old), old, "packaging", None) is None
    assert releases_then(night.published, "packaging", text(21)) == (None, [])


def test_figures_that_were_fetched_first_and_built_an_hour_later_are_rebuilt_with_the_moment_of_their_release(
    tmp_path: Path,
) -> None:
    night = night_of(tmp_path, 28)
    keep_night(replace(night, started_at=moment(21, hour=2)), {SOURCE: "a" * 64})
    released(tmp_path, 21, 78.1)
    old = old_night(night, "2026-11-21")
    assert (old.recorded.moment, old.moment) == ("2026-11-21T02:00:00Z", text(21))


def test_other_code_is_said_beforehand(with_nights: Night, monkeypatch: pytest.MonkeyPatch) -> None:
    as_then = circumstances(old_night(with_nights, "2026-11-21"))
    assert as_then[:2] == [
        f"Rebuilt from the copies that the night of {text(21)} read, as released {text(21)}.",
        "Code, contracts and libraries are those of that night.",
    ]
    monkeypatch.setattr("assets.as_of_outcome.code_digest", lambda: "c" * 64)
    other = circumstances(old_night(with_nights, "2026-11-21"))[1]
    assert other.startswith("Other code and contracts of the tables (")
    assert other.endswith(" then, cccccccccccc now): what differs below may come from that.")


def test_only_dois_that_stand_in_the_release_of_that_night_are_known_again(tmp_path: Path) -> None:
    url = "https://zenodo.example"
    candidate = build_candidate(
        PACKAGING, tables(), published=tmp_path / "published", staging=tmp_path / "staging", released_at=moment(21),
        doi_of=lambda _: "10.5281/zenodo.1",
    )  # fmt: skip
    promote(candidate, tmp_path / "published")
    released(tmp_path, 23, 78.2)
    (tmp_path / "portals").mkdir()
    noted = {url: {"packaging": {"1.0.0": {"doi": "10.5281/zenodo.1"}, "1.1.0": {"doi": "10.5281/zenodo.2"}}}}
    (tmp_path / "portals" / "zenodo.json").write_text(json.dumps(noted), encoding="utf-8")
    night = night_of(tmp_path, 28, zenodo_url=url)
    for day, kept in ((21, {"packaging": {"1.0.0": {"doi": "10.5281/zenodo.1"}}}), (23, {})):
        keep_night(night_of(tmp_path, day), {SOURCE: "a" * 64})
        again = lay_out(night, old_night(night, f"2026-11-{day}"))
        assert json.loads((again.home / "portals" / "zenodo.json").read_text(encoding="utf-8")) == {url: kept}


# ---- the whole way, and the commands

CHAIN = "craft-centres"
# Eurostat demo_gind, Netherlands 2017: the mean population, by which the centres are divided
POPULATION, REVISED = "A,AVG,NL,2017,17131296,", "A,AVG,NL,2017,17131999,"


def chain_assets() -> list[dg.AssetKey]:
    graph = build_definitions().resolve_asset_graph()
    return sorted(graph.get_ancestor_asset_keys(release_key(CHAIN)), key=lambda key: key.to_user_string())


@pytest.fixture(scope="module")
def two_nights(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home with two nights of one chain table: the embedded edition, and the same with a figure of 2017 revised."""
    home = tmp_path_factory.mktemp("two") / "home"
    edition = Path(shutil.copytree(EMBEDDED, home.parent / "edition"))
    with pytest.MonkeyPatch.context() as patched:
        # this package asks for a reason when a final figure changes: that is tried elsewhere
        patched.setattr("publish.release.objections", lambda *_, **__: ())
        patched.setattr("pipelines.nightly.assets_of_part", lambda _: [k for k in chain_assets() if k != VINTAGES])
        for day, version in ((21, "1.0.0"), (22, "1.1.0")):
            night = night_of(home, day, embedded=edition)
            assert run_assets(night, chain_assets()).refusals == ()
            candidate = waiting_candidate(CHAIN, published=night.published, staging=night.staging)
            assert promote(candidate, night.published).version == version
            if day == 21:
                path = edition / "eurostat" / "demo_gind.csv"
                body = path.read_text(encoding="utf-8")
                assert body.count(POPULATION) == 1
                path.write_text(body.replace(POPULATION, REVISED), encoding="utf-8")
        yield home


def command(home: Path, **given: Any) -> tuple[argparse.Namespace, Settings]:
    return argparse.Namespace(**{"json": False, "verbose": False, "what": None, **given}), settings_of(home)


def settings_of(home: Path) -> Settings:
    return replace(read_settings({"KETENMONITOR_OFFLINE": "1"}), home=home)


def test_an_old_night_is_rebuilt_byte_for_byte_from_the_archive(
    two_nights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    date, version = "2026-11-22", "1.1.0"
    before = files_with_bytes(two_nights / "published")
    assert archive_commands.build_as_of(*command(two_nights, as_of=date)) == 0
    said = capsys.readouterr().out
    assert f"\n  {CHAIN}: the same bytes as release {CHAIN} {version}\n" in said
    assert "Code, contracts and libraries are those of that night." in said
    assert files_with_bytes(two_nights / "published") == before
    release = files_with_bytes(two_nights / "published/releases" / CHAIN / version)
    assert files_with_bytes(two_nights / "as_of" / date / "staging" / CHAIN) == release


def test_the_revision_of_the_source_is_published_with_the_figures_that_follow_from_it(two_nights: Path) -> None:
    releases = two_nights / "published/releases" / CHAIN
    assert pq.read_table(releases / "1.0.0/data/source_revisions.parquet").num_rows == 0
    (row,) = pq.read_table(releases / "1.1.0/data/source_revisions.parquet").to_pylist()
    assert (row["source"], row["column"], row["old_value"], row["new_value"]) == (
        "demo_gind", "OBS_VALUE", "17131296", "17131999",
    )  # fmt: skip
    assert (row["from_origin"], row["to_origin"]) == ("embedded_edition", "embedded_edition")


@pytest.mark.parametrize(
    ("error", "code", "outcome", "words"),
    [
        (KeyboardInterrupt(), 2, "not_rebuilt", "known of it (sources/craft_centres_nl was interrupted, and "),
        (OSError("the disk is full"), 2, "not_rebuilt", " broke down: OSError: the disk is full, and "),
        (dg.Failure("an audit refused it"), 1, "differs", " but that night released 1.1.0 (an audit refused it"),
    ],
    ids=["interrupted", "broken", "refused"],
)  # fmt: skip
def test_only_a_refusal_is_an_outcome_and_a_rebuild_that_did_not_finish_is_none(
    two_nights: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: BaseException,
    code: int, outcome: str, words: str,
) -> None:  # fmt: skip
    def stop(*_: Any) -> None:
        raise error

    monkeypatch.setattr("assets.source_assets.pinned_record", stop)
    monkeypatch.setattr("pipelines.nightly.assets_of_part", lambda _: [k for k in chain_assets() if k != VINTAGES])
    assert archive_commands.build_as_of(*command(two_nights, as_of="2026-11-22", json=True)) == code
    said = capsys.readouterr()
    (found,) = [one for one in json.loads(said.out)["datasets"] if one["dataset"] == CHAIN]
    assert (found["outcome"], found["as_it_was"]) == (outcome, False)
    assert words in found["words"]
    assert ("the rebuild did not finish" in said.err) == (code == 2)


def test_a_date_before_everything_and_no_date_are_wrong_use(
    two_nights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert archive_commands.build_as_of(*command(two_nights, as_of="1999-12-31")) == 2
    assert archive_commands.build_as_of(*command(two_nights, as_of="last week")) == 2
    said = capsys.readouterr().err
    assert "ketenmonitor build --as-of: 1999-12-31 lies before every night: the first night is of 2026-11-21" in said
    assert "'last week' is no date" in said


def test_verify_speaks_of_releases_and_archive_or_of_one_of_both(
    two_nights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = Path(shutil.copytree(two_nights, tmp_path / "home", symlinks=True))
    releases, archive = "Every published file is what its release says.", "archived copies"
    for what, shown in ((None, (True, True)), ("releases", (True, False)), ("archive", (False, True))):
        assert archive_commands.verify(*command(home, what=what)) == 0
        said = capsys.readouterr().out
        assert (releases in said, archive in said) == shown
    (cited,) = (home / "archive" / "craft_centres_nl").glob("*.json")
    cited.with_suffix("").unlink()
    cited.unlink()
    assert archive_commands.verify(*command(home, what="releases")) == 0
    assert archive_commands.verify(*command(home, what="archive", json=True)) == 1
    problems = json.loads(capsys.readouterr().out.partition("\n")[2])["problems"]
    assert problems == [
        f"craft_centres_nl: copy {cited.stem[:12]}, which {CHAIN} 1.0.0, {CHAIN} 1.1.0 cites, is not in the archive; "
        "restore it from a backup"
    ]

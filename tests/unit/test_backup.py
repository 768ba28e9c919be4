"""Backup and restore: a home comes back on an empty machine with every byte, or not at all and with the reason."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.packages import release_key
from assets.sources.archive import WRITING
from pipelines import cli
from pipelines.definitions import build_definitions
from pipelines.instance import instance
from pipelines.nightly import Summary, run_assets
from pipelines.postgres import POSTGRES_URL
from pipelines.upkeep import restore as restoring
from pipelines.upkeep.backup import back_up
from pipelines.upkeep.backup_bucket import BucketStore, bucket_of
from pipelines.upkeep.backup_store import FolderStore, object_name
from pipelines.upkeep.manifest import BackupError, KeptFile, KeptLink, Manifest, read_manifest, stays_inside
from pipelines.upkeep.restore import check, restore
from tests.conftest import files_with_bytes, night
from tests.servers import postgres, swift

MOMENT, LATER = "2026-11-21T03:00:00Z", "2026-11-22T03:00:00Z"
NAME = "2026-11-21T030000Z"
BODY = b"geo,year\nNL,2024\n"
SHA256 = hashlib.sha256(BODY).hexdigest()


@pytest.fixture(autouse=True)
def no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOME", "OFFLINE", "POSTGRES_URL", "POSTGRES_URL_FILE", "S3_BUCKET", "S3_ENDPOINT"):
        monkeypatch.delenv(f"KETENMONITOR_{name}", raising=False)


def small_night(home: Path) -> Summary:
    """A night of one dataset."""
    graph = build_definitions().resolve_asset_graph()
    wanted = {release_key("municipal-monitor")} | set(graph.get_ancestor_asset_keys(release_key("municipal-monitor")))
    return run_assets(night(home), sorted(wanted, key=lambda key: key.to_user_string()))


@pytest.fixture(scope="module")
def lived_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which a night ran; not to be changed."""
    home = tmp_path_factory.mktemp("lived") / "home"
    assert [one.outcome for one in small_night(home).datasets] == ["released"]
    return home


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home of a few files, a link, an empty folder, and what does not belong in a backup."""
    root = tmp_path / "home"
    for name, body in {
        "archive/cei_wm060/a": BODY,
        "archive/cei_wm060/a.json": b"{}",
        f"archive/cei_wm060/{WRITING}x": b"half",
        "published/releases/electronics/1.0.0/data/é.csv": BODY,
        "published/.publishing.lock": b"",
        "as_of/2026-11-20/staging/x": b"made again",
        "dagster/dagster.yaml": b"of this machine",
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(body)
    (root / "published/datasets/electronics").mkdir(parents=True)
    (root / "published/datasets/electronics/latest").symlink_to("../../releases/electronics/1.0.0")
    (root / "inbox/declarations").mkdir(parents=True)
    (root / "archive/cei_wm060/a.json").chmod(0o600)
    return root


def _tree(root: Path) -> dict[str, str]:
    """Every file by its hash, links by their target, without the databases and what every start writes anew."""
    found = {name: hashlib.sha256(body).hexdigest() for name, body in files_with_bytes(root).items()}
    found |= {str(p.relative_to(root)): os.readlink(p) for p in root.rglob("*") if p.is_symlink()}
    anew = ("dagster.yaml", ".publishing.lock")
    return {n: v for n, v in found.items() if not n.endswith(anew) and ".db" not in n}


def test_a_home_comes_back_on_an_empty_machine_and_the_next_night_there_publishes_nothing_new(
    lived_in: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place, empty = tmp_path / "backups", tmp_path / "other" / "home"
    assert cli.main(["backup", str(place), "--home", str(lived_in), "--json"]) == 0
    made = json.loads(capsys.readouterr().out)
    assert made["remarks"] == []
    assert cli.main(["restore", str(place), "--home", str(empty)]) == 0
    said = capsys.readouterr().out
    assert f"{made['files']} files" in said and "each was held against its hash" in said
    assert _tree(empty) == _tree(lived_in)
    assert len(_tree(empty)) > 100
    assert cli.main(["verify", "--home", str(empty)]) == 0
    with instance(lived_in) as before, instance(empty) as after:
        runs = [run.run_id for run in before.get_runs()]
        assert len(runs) == 2
        assert [run.run_id for run in after.get_runs()] == runs
        assert after.all_logs(runs[0]) == before.all_logs(runs[0])
    published = _tree(empty / "published")
    assert [(one.outcome, one.version) for one in small_night(empty).datasets] == [("unchanged", "1.0.0")]
    assert _tree(empty / "published") == published


def test_only_what_is_new_is_copied(home: Path, tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "backups")
    first = back_up(home, store, MOMENT, "0.1.0")
    # three files, of which two have the same content
    assert (first.files, first.new_contents, first.new_bytes) == (3, 2, len(BODY) + 2)
    assert back_up(home, store, LATER, "0.1.0").new_contents == 0
    (home / "tables").mkdir()
    (home / "tables/one.parquet").write_bytes(b"PAR1")
    third = back_up(home, store, LATER, "0.1.0")
    assert (third.files, third.new_contents, third.new_bytes) == (4, 1, 4)
    assert store.backups() == [NAME, "2026-11-22T030000Z", "2026-11-22T030000Z-2"]


def test_modes_links_and_empty_folders_come_back_and_what_can_be_made_again_does_not(
    home: Path, tmp_path: Path
) -> None:
    store, empty = FolderStore(tmp_path / "backups"), tmp_path / "empty"
    back_up(home, store, MOMENT, "0.1.0")
    found = restore(store, empty, None, force=False)
    assert (found.name, found.aside) == (NAME, None)
    assert sorted(path.name for path in empty.iterdir()) == ["archive", "inbox", "published"]
    assert sorted(path.name for path in (empty / "archive/cei_wm060").iterdir()) == ["a", "a.json"]
    assert (empty / "archive/cei_wm060/a.json").stat().st_mode & 0o777 == 0o600
    assert os.readlink(empty / "published/datasets/electronics/latest") == "../../releases/electronics/1.0.0"
    assert (empty / "published/datasets/electronics/latest/data/é.csv").read_bytes() == BODY
    assert (empty / "inbox/declarations").is_dir()


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (None, "2 files of the backup in {where} are missing; nothing was restored"),
        (b"other", "2 files of the backup in {where} are altered; nothing was restored"),
        (BODY[:-1], "2 files of the backup in {where} are altered; nothing was restored"),
    ],
    ids=["missing", "altered", "cut short"],
)
@pytest.mark.parametrize("only_check", [False, True], ids=["restore", "check"])
def test_a_broken_backup_is_named_and_nothing_is_restored(
    body: bytes | None, said: str, only_check: bool, home: Path, tmp_path: Path
) -> None:
    store, empty = FolderStore(tmp_path / "backups"), tmp_path / "empty"
    back_up(home, store, MOMENT, "0.1.0")
    place = store.root / object_name(SHA256)
    place.unlink() if body is None else place.write_bytes(body)
    with pytest.raises(BackupError) as refused:
        check(store, None) if only_check else restore(store, empty, None, force=False)
    assert said.format(where=store.where) in str(refused.value)
    assert f"archive/cei_wm060/a (objects/{SHA256[:2]}/{SHA256})" in str(refused.value)
    assert "é.csv" in str(refused.value)
    assert not empty.exists() or [path for path in empty.rglob("*") if path.is_file()] == []


def _with(store: FolderStore, old: bytes, new: bytes) -> None:
    path = store.root / "backups" / f"{NAME}.json"
    body = path.read_bytes()
    assert old in body
    path.write_bytes(body.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (b'"path": "archive/cei_wm060/a"', b'"path": "archive/cei_wm060/b"', "the list of backup {} has been altered"),
        (b'"format": 1', b'"format": 2', "backup {} has format 2, expected 1"),
        (b'"files": [', b'"files": ', "backup {} cannot be read"),
        (b'"mode"', b'"model"', "backup {} cannot be read"),
    ],
)
def test_a_list_that_was_altered_is_named(old: bytes, new: bytes, said: str, home: Path, tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "backups")
    back_up(home, store, MOMENT, "0.1.0")
    _with(store, old, new)
    with pytest.raises(BackupError, match=r"with --backup|edition that made it") as refused:
        restore(store, tmp_path / "empty", None, force=False)
    assert said.format(NAME) in str(refused.value)


@pytest.mark.parametrize(
    "manifest",
    [
        Manifest(MOMENT, "1", (KeptFile("../evil", SHA256, 1, 0o644),), (), ()),
        Manifest(MOMENT, "1", (KeptFile("/etc/evil", SHA256, 1, 0o644),), (), ()),
        Manifest(MOMENT, "1", (), (KeptLink("published/latest", "../../etc"),), ()),
        Manifest(MOMENT, "1", (), (KeptLink("latest", "/etc"),), ()),
        Manifest(MOMENT, "1", (), (), ("inbox/../../x",)),
    ],
)
def test_a_list_that_leads_outside_the_home_is_not_trusted(manifest: Manifest) -> None:
    with pytest.raises(BackupError, match="outside the home; it is not to be trusted"):
        read_manifest("one", manifest.to_bytes())


@given(st.lists(st.sampled_from(["..", ".", "a", "b", ""]), min_size=1, max_size=8).map("/".join))
def test_a_path_stays_inside_exactly_where_it_never_climbs_above_its_start(path: str) -> None:
    depth, lowest = 0, 0
    for part in PurePosixPath(path).parts:
        depth += -1 if part == ".." else 1
        lowest = min(lowest, depth)
    assert stays_inside(path) == (path != "" and not path.startswith("/") and lowest == 0)


def test_a_home_that_is_not_empty_is_refused_and_with_force_moved_aside(home: Path, tmp_path: Path) -> None:
    store, other = FolderStore(tmp_path / "backups"), tmp_path / "other"
    back_up(home, store, MOMENT, "0.1.0")
    (other / "archive").mkdir(parents=True)
    (other / "archive/mine").write_bytes(b"mine")
    with pytest.raises(BackupError, match=r"is not empty \(archive\); give an empty home with --home, or --force"):
        restore(store, other, None, force=False)
    assert (other / "archive/mine").read_bytes() == b"mine"
    found = restore(store, other, None, force=True)
    assert found.aside == other / f"before-restore-{NAME}"
    assert (other / f"before-restore-{NAME}" / "archive/mine").read_bytes() == b"mine"
    assert not (other / "archive/mine").exists()
    # what was moved aside is in no later backup
    assert back_up(other, store, LATER, "0.1.0").files == 3


class Killed(BaseException):
    """Stands for a process that ends."""


def test_a_backup_that_was_broken_off_does_not_count_and_is_gone_on_with(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = FolderStore(tmp_path / "backups")

    def killed(name: str, body: bytes) -> None:
        raise Killed

    monkeypatch.setattr(store, "put_backup", killed)
    with pytest.raises(Killed):
        back_up(home, store, MOMENT, "0.1.0")
    assert store.backups() == []
    with pytest.raises(BackupError, match="holds no backup"):
        restore(store, tmp_path / "empty", None, force=False)
    monkeypatch.undo()
    assert back_up(home, store, LATER, "0.1.0").new_contents == 0


@pytest.mark.parametrize("moved", [0, 1, 2])
@pytest.mark.parametrize("force", [False, True])
def test_a_restore_that_was_broken_off_goes_on_where_it_was(
    moved: int, force: bool, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, target = FolderStore(tmp_path / "backups"), tmp_path / "target"
    back_up(home, store, MOMENT, "0.1.0")
    if force:
        (target / "archive").mkdir(parents=True)
        (target / "archive/mine").write_bytes(b"mine")
    done: list[str] = []

    def rename(source: Path, place: Path) -> None:
        if len(done) == moved:
            raise Killed
        done.append(place.name)
        shutil.move(source, place)

    monkeypatch.setattr(restoring.os, "rename", rename)
    with pytest.raises(Killed):
        restore(store, target, None, force=force)
    monkeypatch.undo()
    found = restore(store, target, None, force=False)
    assert _tree(target / "archive").keys() == {"cei_wm060/a", "cei_wm060/a.json"}
    assert sorted(path.name for path in target.iterdir() if not path.name.startswith("before")) == [
        "archive",
        "inbox",
        "published",
    ]
    if force:
        assert found.aside is not None
        assert (found.aside / "archive/mine").read_bytes() == b"mine"


def test_a_database_is_copied_as_it_was_at_one_moment_while_somebody_writes(home: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(home / "dagster/runs.db")) as writer:
        writer.execute("pragma journal_mode=wal")
        writer.execute("create table runs (id)")
        writer.execute("insert into runs values (1)")
        writer.commit()
        writer.execute("insert into runs values (2)")  # not committed yet
        store = FolderStore(tmp_path / "backups")
        back_up(home, store, MOMENT, "0.1.0")
    restore(store, tmp_path / "empty", None, force=False)
    assert [path.name for path in (tmp_path / "empty/dagster").iterdir()] == ["runs.db"]
    with closing(sqlite3.connect(tmp_path / "empty/dagster/runs.db")) as copy:
        assert copy.execute("select id from runs").fetchall() == [(1,)]


def test_a_database_that_cannot_be_read_is_kept_as_it_is_and_named(home: Path, tmp_path: Path) -> None:
    (home / "dagster/runs.db").write_bytes(b"torn" * 500)
    store = FolderStore(tmp_path / "backups")
    [remark] = back_up(home, store, MOMENT, "0.1.0").remarks
    assert remark.startswith("dagster/runs.db: not a database that can be read")
    restore(store, tmp_path / "empty", None, force=False)
    assert (tmp_path / "empty/dagster/runs.db").read_bytes() == b"torn" * 500


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["backup", "{home}/archive/copies"], "lies in the home that is backed up"),
        (["backup", "ftp://elsewhere/x"], "is no place for backups; expected a folder or s3://bucket/folder"),
        (["backup", "s3://"], "names no bucket; expected s3://bucket"),
        (["backup", "s3://open-data/x"], "is the one that shows the releases to everybody"),
        (["restore", "{home}-empty"], "holds no backup; expected a place that `ketenmonitor backup` wrote to"),
    ],
)
def test_a_place_that_will_not_do_is_exit_code_2_and_one_plain_sentence(
    words: list[str], said: str, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KETENMONITOR_S3_BUCKET", "open-data")
    assert cli.main([word.format(home=home) for word in words] + ["--home", str(home)]) == 2
    told = capsys.readouterr()
    assert said in told.err
    assert told.err.count("\n") == 1


def test_the_backup_that_is_asked_for_is_the_one_restored(home: Path, tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "backups")
    back_up(home, store, MOMENT, "0.1.0")
    (home / "archive/cei_wm060/a").write_bytes(b"rotten")
    back_up(home, store, LATER, "0.1.0")
    restore(store, tmp_path / "old", NAME, force=False)
    assert (tmp_path / "old/archive/cei_wm060/a").read_bytes() == BODY
    with pytest.raises(BackupError, match=f"holds no backup 2025; the newest are: {NAME}, 2026-11-22T030000Z"):
        restore(store, tmp_path / "new", "2025", force=False)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[swift.S3Server]:
    with swift.s3_server(tmp_path_factory.mktemp("swift")) as running:
        yield running


@pytest.mark.skipif(swift.why_absent() is not None, reason=swift.why_absent() or "")
def test_a_bucket_keeps_backups_as_a_folder_does(server: swift.S3Server, home: Path, tmp_path: Path) -> None:
    keys = {"AWS_ACCESS_KEY_ID": server.access_key, "AWS_SECRET_ACCESS_KEY": server.secret_key}
    store = BucketStore(bucket_of("s3://kept/of home", {**keys, "KETENMONITOR_S3_ENDPOINT": server.endpoint}))
    with pytest.raises(BackupError, match="there is no such bucket"):
        back_up(home, store, MOMENT, "0.1.0")
    store._client.create_bucket(Bucket="kept")
    assert back_up(home, store, MOMENT, "0.1.0").new_contents == 2
    assert back_up(home, store, LATER, "0.1.0").new_contents == 0
    assert store.backups() == [NAME, "2026-11-22T030000Z"]
    assert check(store, None).files == 3
    restore(store, tmp_path / "empty", None, force=False)
    assert _tree(tmp_path / "empty")["archive/cei_wm060/a"] == SHA256
    store._client.put_object(Bucket="kept", Key=f"of home/{object_name(SHA256)}", Body=b"other")
    with pytest.raises(BackupError, match=r"2 files of the backup in s3://kept/of home/ at .* are altered"):
        check(store, None)


@pytest.mark.skipif(postgres.why_absent() is not None, reason=postgres.why_absent() or "")
def test_history_in_postgresql_goes_along_and_comes_back_in_an_empty_database(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    place, empty = str(tmp_path / "backups"), tmp_path / "empty"
    with postgres.postgres_server() as first:
        monkeypatch.setenv(POSTGRES_URL, first)
        with instance(home) as kept:
            kept.run_storage.set_cursor_values({"looked": "here"})
        assert cli.main(["backup", place, "--home", str(home)]) == 0
        # the database is not empty: what is in it stays
        assert cli.main(["restore", place, "--home", str(tmp_path / "not")]) == 2
        assert "is not empty" in capsys.readouterr().err
        assert not (tmp_path / "not").exists()
    # the server is gone: the rest is copied all the same
    assert cli.main(["backup", place, "--home", str(home)]) == 1
    told = capsys.readouterr().out
    assert "NOT in this backup: Dagster's history. pg_dump on 127.0.0.1:" in told
    assert postgres.PASSWORD not in told
    with postgres.postgres_server() as second:
        monkeypatch.setenv(POSTGRES_URL, second)
        names = FolderStore(Path(place)).backups()
        assert cli.main(["restore", place, "--backup", names[0], "--home", str(empty)]) == 0
        assert "Dagster's history is in the database 127.0.0.1:" in capsys.readouterr().out
        with instance(empty) as kept:
            assert kept.run_storage.get_cursor_values({"looked"}) == {"looked": "here"}

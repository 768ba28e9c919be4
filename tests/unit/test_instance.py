"""Where Dagster's history stands: SQLite under the home, or a real PostgreSQL that the steward's view reads back."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from pipelines import cli
from pipelines.instance import instance, prepare
from pipelines.nightly import run_assets
from pipelines.postgres import POSTGRES_URL, STORAGE_URL, postgres_url, shown
from pipelines.secret_files import secrets_from_files
from pipelines.settings import SettingsError
from tests.conftest import free_port, night
from tests.servers.postgres import PASSWORD, postgres_server, why_absent

ROOT = Path(__file__).parents[2]
needs_postgres = pytest.mark.skipif(why_absent() is not None, reason=why_absent() or "")
TABLE = dg.AssetKey(["sources", "packaging_nl"])
QUESTION = """{
  assetOrError(assetKey: {path: ["sources", "packaging_nl"]}) {
    ... on Asset { assetMaterializations(limit: 5) { runId metadataEntries { label } } }
  }
  runsOrError(limit: 5) { ... on Runs { results { runId status jobName } } }
}"""


@pytest.fixture(autouse=True)
def no_database_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(POSTGRES_URL, raising=False)
    monkeypatch.delenv(f"{POSTGRES_URL}_FILE", raising=False)


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    with postgres_server() as url:
        yield url


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("", None),
        ("postgresql://km:geheim@db:5432/dagster", "postgresql://km:geheim@db:5432/dagster"),
        ("postgres://km:geheim@db/dagster\n", "postgresql://km:geheim@db/dagster"),
        ("postgresql:///dagster?host=/run/postgresql", "postgresql:///dagster?host=/run/postgresql"),
    ],
)
def test_the_address_of_the_database_is_read_from_the_environment(given: str, expected: str | None) -> None:
    assert postgres_url({POSTGRES_URL: given}) == expected


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("mysql://km:geheim@db/dagster", "is not the address of a database"),
        ("postgresql://km:geheim@db", "is not the address of a database"),
        ("postgresql:///dagster", "names no machine"),
        ("postgresql://km:geheim@db:x/dagster", "is no address"),
        ("postgresql://km:geheim@db:0/dagster", "names port 0"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused_without_its_password(given: str, said: str) -> None:
    with pytest.raises(SettingsError) as refused:
        postgres_url({POSTGRES_URL: given})
    assert said in str(refused.value)
    assert "geheim" not in str(refused.value)


def test_an_address_is_shown_without_user_and_password() -> None:
    assert shown("postgresql://km:geheim@db:6543/dagster") == "db:6543/dagster"
    assert shown("postgresql:///dagster?host=/run/postgresql") == "a local socket:5432/dagster"


def test_a_secret_may_stand_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "url").write_text("postgresql://km:geheim@db/dagster\n", encoding="utf-8")
    (tmp_path / "key").write_text("AKIA\n", encoding="utf-8")
    given = {f"{POSTGRES_URL}_FILE": str(tmp_path / "url"), "AWS_ACCESS_KEY_ID_FILE": str(tmp_path / "key")}
    assert secrets_from_files({**given, "AWS_SHARED_CREDENTIALS_FILE": "elsewhere"}) == {
        POSTGRES_URL: "postgresql://km:geheim@db/dagster",
        "AWS_ACCESS_KEY_ID": "AKIA",
    }
    assert postgres_url(given) == "postgresql://km:geheim@db/dagster"


@pytest.mark.parametrize(
    ("content", "also", "said"),
    [
        (None, {}, "cannot be read (No such file or directory)"),
        (b"\n", {}, "which is empty; expected the secret on one line"),
        (b"\xff\xfe", {}, "cannot be read (it is not text)"),
        (b"geheim", {"AWS_SECRET_ACCESS_KEY": "geheim"}, "are both set; expected one of both: remove the other"),
    ],
)
def test_a_file_without_a_secret_is_named(
    content: bytes | None, also: dict[str, str], said: str, tmp_path: Path
) -> None:
    if content is not None:
        (tmp_path / "key").write_bytes(content)
    with pytest.raises(SettingsError) as refused:
        secrets_from_files({"AWS_SECRET_ACCESS_KEY_FILE": str(tmp_path / "key"), **also})
    assert said in str(refused.value)
    assert "AWS_SECRET_ACCESS_KEY_FILE" in str(refused.value)
    assert "geheim" not in str(refused.value)


def test_the_settings_file_names_the_setting_and_never_the_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "url").write_text("postgresql://km:geheim@db/dagster", encoding="utf-8")
    monkeypatch.setenv(f"{POSTGRES_URL}_FILE", str(tmp_path / "url"))
    text = (prepare(tmp_path) / "dagster.yaml").read_text(encoding="utf-8")
    assert "geheim" not in text
    assert f"env: {STORAGE_URL}" in text
    # what Dagster starts reads it there, with the driver that is installed
    assert os.environ[STORAGE_URL] == "postgresql+psycopg2://km:geheim@db/dagster"
    monkeypatch.delenv(f"{POSTGRES_URL}_FILE")
    assert "postgres" not in (prepare(tmp_path) / "dagster.yaml").read_text(encoding="utf-8")


def _asked(port: int) -> dict[str, Any]:
    body = json.dumps({"query": QUESTION}).encode()
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/graphql", body, headers={"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        found: dict[str, Any] = json.loads(answer.read())
    return found["data"]


def test_a_database_that_does_not_answer_is_one_plain_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(POSTGRES_URL, f"postgresql://km:geheim@127.0.0.1:{free_port()}/dagster")
    assert cli.main(["prune", "--home", str(tmp_path)]) == 2
    told = capsys.readouterr().err
    assert "/dagster does not let us in: Connection refused. See `ketenmonitor doctor`" in told
    assert (told.count("\n"), "geheim" in told) == (1, False)
    (tmp_path / "dagster").mkdir()
    assert cli.main(["doctor", "--offline", "--home", str(tmp_path)]) == 1
    assert "MIST    De geschiedenis is niet te lezen: PostgreSQL at 127.0.0.1" in capsys.readouterr().out


@needs_postgres
def test_a_run_is_kept_in_postgresql_and_the_stewards_view_reads_it_back(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(POSTGRES_URL, database)
    home = tmp_path / "home"
    # a table without the sources before it: it reads the archive, where there is nothing yet
    made = run_assets(night(home), [dg.AssetKey(["sources", "vintages"]), TABLE])
    assert made.refusals == ()
    assert not (home / "dagster" / "history").exists()
    with instance(home) as kept:
        assert type(kept.event_log_storage).__name__ == "PostgresEventLogStorage"
        run = kept.get_run_by_id(made.run_id)
        assert run is not None
        assert run.status is dg.DagsterRunStatus.SUCCESS
    port = free_port()
    environment = {**os.environ, "KETENMONITOR_HOME": str(home), "KETENMONITOR_OFFLINE": "1", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "pipelines.cli", "ui", "--port", str(port), "--no-daemon"]
    with (tmp_path / "log").open("wb") as log:
        view = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=log, stderr=log)
    try:
        end = time.monotonic() + 60
        while True:
            try:
                data = _asked(port)
                break
            except OSError:
                assert view.poll() is None and time.monotonic() < end, (tmp_path / "log").read_text()
                time.sleep(0.3)
    finally:
        view.terminate()
        view.wait(timeout=20)
    assert data["runsOrError"]["results"] == [{"runId": made.run_id, "status": "SUCCESS", "jobName": "nightly"}]
    [materialization] = data["assetOrError"]["assetMaterializations"]
    assert materialization["runId"] == made.run_id
    assert materialization["metadataEntries"]
    assert PASSWORD not in (tmp_path / "log").read_text()

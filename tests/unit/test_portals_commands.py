"""`ketenmonitor portal ...`: what it says, what it returns, and that it does nothing without `--yes`."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from pipelines.portal_commands import add_portal_commands
from pipelines.settings import read_settings
from tests.servers.ckan import TOKEN as CKAN_TOKEN
from tests.servers.ckan import PlayedCkan
from tests.servers.loopback import playing
from tests.servers.small_published import withdraw, write_published, write_release
from tests.servers.zenodo import TOKEN as ZENODO_TOKEN
from tests.servers.zenodo import PlayedZenodo

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    write_published(tmp_path / "home" / "published")
    (tmp_path / "mirror").mkdir()
    return tmp_path / "home"


@pytest.fixture
def run(home: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    parser = argparse.ArgumentParser()
    add_portal_commands(parser.add_subparsers(), lambda _: read_settings({"KETENMONITOR_HOME": str(home)}))

    def call(*words: str) -> tuple[int, str, str]:
        parsed = parser.parse_args(["portal", *words])
        code = parsed.run(parsed)
        said = capsys.readouterr()
        return code, said.out, said.err

    return call


def test_without_yes_it_only_says_what_it_would_do(run: Run, tmp_path: Path) -> None:
    code, said, _ = run("folder", str(tmp_path / "mirror"))
    assert code == 0
    assert said.splitlines()[0] == "create   releases/electronics/1.0.0/README.md: is not there yet"
    assert said.splitlines()[-1] == "Nothing was done; run again with --yes to do it."
    assert list((tmp_path / "mirror").iterdir()) == []


def test_with_yes_it_does_it_and_then_has_nothing_to_do(run: Run, tmp_path: Path) -> None:
    assert run("folder", str(tmp_path / "mirror"), "--yes")[0] == 0
    assert (tmp_path / "mirror" / "index.json").is_file()
    code, said, _ = run("folder", str(tmp_path / "mirror"), "--yes", "--json")
    outcome = json.loads(said)
    assert (code, outcome["done"]) == (0, [])
    assert {step["action"] for step in outcome["steps"]} == {"skip"}


def test_something_refused_gives_exit_code_1(run: Run, tmp_path: Path) -> None:
    run("folder", str(tmp_path / "mirror"), "--yes")
    (tmp_path / "mirror/releases/packaging/1.0.0/README.md").write_text("other")
    code, said, _ = run("folder", str(tmp_path / "mirror"), "--yes")
    assert code == 1
    assert said.startswith("refuse   releases/packaging/1.0.0/README.md: ")


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("folder", "/no/such/folder"), "ketenmonitor portal folder: /no/such/folder is no folder"),
        (("s3",), "ketenmonitor portal s3: KETENMONITOR_S3_BUCKET is not set"),
        (("ckan",), "ketenmonitor portal ckan: KETENMONITOR_CKAN_URL is not set"),
        (("zenodo", "electronics@1.0.0"), "ketenmonitor portal zenodo: KETENMONITOR_ZENODO_URL is not set"),
    ],
)
def test_a_portal_that_is_not_set_up_gives_exit_code_2(
    words: Sequence[str], error: str, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("KETENMONITOR_S3_BUCKET", "KETENMONITOR_CKAN_URL", "KETENMONITOR_ZENODO_URL"):
        monkeypatch.delenv(name, raising=False)
    code, said, errors = run(*words)
    assert (code, said) == (2, "")
    assert errors.startswith(error)


def test_a_doi_is_reserved_the_release_uploaded_and_only_then_published(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    played = PlayedZenodo()
    with playing(played) as address:
        monkeypatch.setenv("KETENMONITOR_ZENODO_URL", address)
        monkeypatch.setenv("KETENMONITOR_ZENODO_TOKEN", ZENODO_TOKEN)
        assert run("zenodo-reserve", "electronics@1.0.0")[0] == 0
        assert played.depositions == {}
        assert "electronics 1.0.0: DOI 10.5072/zenodo.102" in run("zenodo-reserve", "electronics@1.0.0", "--yes")[1]
        assert run("zenodo", "electronics@1.0.0", "--yes")[0] == 0
        assert played.depositions[102]["submitted"] is False
        code, said, errors = run("zenodo", "electronics@1.0.0", "--publish", "--yes")
        assert played.depositions[102]["submitted"] is True
        assert (code, errors) == (0, "")
        assert ZENODO_TOKEN not in said
        played.depositions.clear()
        monkeypatch.setenv("KETENMONITOR_ZENODO_TOKEN", "wr0ng")
        code, _, errors = run("zenodo", "electronics@1.0.0")
        assert code == 1
        assert "KETENMONITOR_ZENODO_TOKEN is not known there" in errors
        assert "wr0ng" not in errors


def test_ckan_gets_the_newest_release_that_stands(run: Run, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    published = home / "published"
    write_release(published, "packaging", "1.1.0", previous="1.0.0")
    withdraw(published, "packaging", "1.1.0")
    played = PlayedCkan()
    with playing(played) as address:
        monkeypatch.setenv("KETENMONITOR_CKAN_URL", address)
        monkeypatch.setenv("KETENMONITOR_CKAN_TOKEN", CKAN_TOKEN)
        monkeypatch.setenv("KETENMONITOR_CKAN_ORGANISATION", "ketenmonitor")
        code, said, _ = run("ckan", "--yes")
    assert code == 0
    assert CKAN_TOKEN not in said
    assert {(one["name"], one["version"]) for one in played.packages.values()} == {
        ("ketenmonitor-electronics", "1.0.0"),
        ("ketenmonitor-packaging", "1.0.0"),
    }


@pytest.mark.parametrize(
    ("release", "error"),
    [
        ("electronics", "names no release; expected a dataset and a version"),
        ("electronics@9.9.9", "electronics 9.9.9 was not released"),
        ("nothing@1.0.0", "nothing has no release; released are: electronics, packaging"),
        ("../x@1.0.0", "names no release"),
    ],
)
def test_a_release_that_is_none_is_named(release: str, error: str, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KETENMONITOR_ZENODO_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("KETENMONITOR_ZENODO_TOKEN", ZENODO_TOKEN)
    code, _, errors = run("zenodo", release)
    assert code == 2
    assert error in errors


def test_a_withdrawn_release_is_not_uploaded(run: Run, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    withdraw(home / "published", "electronics", "1.0.0")
    monkeypatch.setenv("KETENMONITOR_ZENODO_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("KETENMONITOR_ZENODO_TOKEN", ZENODO_TOKEN)
    code, _, errors = run("zenodo", "electronics@1.0.0")
    assert (code, "electronics 1.0.0 was withdrawn" in errors) == (2, True)

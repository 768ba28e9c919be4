"""The snippets of the pages, run for real against our own web server where their program is installed."""

from __future__ import annotations

import ast
import io
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from publish.release_facts import ReleaseFacts
from publish.snippets import Snippet, snippets
from tests.servers.site import serving
from tests.servers.small_published import HARD, by, facts, write_published


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_published(tmp_path_factory.mktemp("snippets") / "published")


@pytest.fixture(scope="module")
def served(published: Path) -> Iterator[ReleaseFacts]:
    with serving(published) as address:
        yield facts(published, address=address)


def _code(of: ReleaseFacts, name: str, table: str = "observations", which: Any = "pinned") -> str:
    return next(snippet.code for snippet in snippets(of, table, which=which) if snippet.name == name)


def _run(code: str, monkeypatch: pytest.MonkeyPatch, folder: Path) -> dict[str, Any]:
    monkeypatch.chdir(folder)
    names: dict[str, Any] = {}
    with redirect_stdout(io.StringIO()):
        exec(compile(code, "<snippet>", "exec"), names)
    return names


def test_there_is_one_for_each_client(published: Path) -> None:
    made = snippets(facts(published), "observations", which="pinned")
    assert [(snippet.name, snippet.language) for snippet in made] == [
        ("pandas", "python"),
        ("polars", "python"),
        ("R", "r"),
        ("R (frictionless)", "r"),
        ("DuckDB", "python"),
        ("curl", "sh"),
    ]


@pytest.mark.parametrize("which", ["pinned", "latest"])
def test_pandas_keeps_codes_years_and_empty_cells(
    which: str, served: ReleaseFacts, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    table = _run(_code(served, "pandas", which=which), monkeypatch, tmp_path)["observations"]
    assert table["geo"].tolist() == ["NA", "NL", "BE"]
    assert {name: str(kind) for name, kind in table.dtypes.items() if name != "retrieved_at"} == {
        "geo": "str",
        "year": "Int64",
        "value": "float64",
        "agrees": "boolean",
        "note": "str",
        "valid_from": str(pd.to_datetime(["2023-01-01"]).dtype),
    }
    assert table["year"].tolist() == [2023, pd.NA, 2024]
    assert table["agrees"].tolist() == [True, pd.NA, False]
    assert table["note"][0] == HARD
    assert table["note"][2] == "twee\nregels, en een komma"
    assert table[["value", "note", "valid_from"]].iloc[1].isna().all()
    assert table["retrieved_at"][0] == datetime(2026, 11, 20, 1, 2, 3, tzinfo=UTC)


@pytest.mark.parametrize("which", ["pinned", "latest"])
def test_polars_keeps_codes_years_and_empty_cells(
    which: str, served: ReleaseFacts, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    table = _run(_code(served, "polars", which=which), monkeypatch, tmp_path)["observations"]
    assert table["geo"].to_list() == ["NA", "NL", "BE"]
    assert table["year"].to_list() == [2023, None, 2024]
    assert table["agrees"].to_list() == [True, None, False]
    assert table["valid_from"].to_list() == [date(2023, 1, 1), None, date(2024, 12, 31)]
    assert table["note"][0] == HARD


@pytest.mark.parametrize("which", ["pinned", "latest"])
def test_duckdb_keeps_codes_years_and_empty_cells(
    which: str, served: ReleaseFacts, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    rows = _run(_code(served, "DuckDB", which=which), monkeypatch, tmp_path)["observations"].fetchall()
    assert [row[:5] for row in rows] == [
        ("NA", 2023, 1.5, True, HARD),
        ("NL", None, None, None, None),
        ("BE", 2024, 0.1, False, "twee\nregels, en een komma"),
    ]


def test_a_table_without_parquet_is_read_from_its_csv(
    served: ReleaseFacts, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    expected = [("NA", "Namibië"), ("NL", "Nederland"), ("BE", "België")]
    with_pandas = _run(_code(served, "pandas", "codelist-geo"), monkeypatch, tmp_path)["codelist_geo"]
    assert list(with_pandas.itertuples(index=False, name=None)) == expected
    with_polars = _run(_code(served, "polars", "codelist-geo"), monkeypatch, tmp_path)["codelist_geo"]
    assert with_polars.rows() == expected
    assert with_polars.schema == {"code": pl.String, "label_nl": pl.String}
    with_duckdb = _run(_code(served, "DuckDB", "codelist-geo"), monkeypatch, tmp_path)["codelist_geo"]
    assert with_duckdb.fetchall() == expected


def test_types_survive_without_parquet(served: ReleaseFacts, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    first = {name: value for name, value in served.descriptor["resources"][0].items() if name != "upv:alternates"}
    of = replace(served, descriptor={**served.descriptor, "resources": [first]})
    rows = _run(_code(of, "DuckDB"), monkeypatch, tmp_path)["observations"].fetchall()
    assert rows[0][:6] == ("NA", 2023, 1.5, True, HARD, date(2023, 1, 1))
    assert rows[1][1:6] == (None,) * 5
    table = _run(_code(of, "polars"), monkeypatch, tmp_path)["observations"]
    assert table.row(0)[:6] == ("NA", 2023, 1.5, True, HARD, date(2023, 1, 1))


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
@pytest.mark.parametrize("which", ["pinned", "latest"])
def test_curl_brings_the_file_and_checks_it(which: str, served: ReleaseFacts, published: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        ["bash", "-eo", "pipefail", "-c", _code(served, "curl", which=which)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "data/observations.csv: OK\n"
    original = published / "releases/electronics/1.0.0/data/observations.csv"
    assert (tmp_path / "data/observations.csv").read_bytes() == original.read_bytes()


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_curl_says_so_when_the_file_is_another(tmp_path: Path) -> None:
    published = write_published(tmp_path / "published")
    (published / "releases/electronics/1.0.0/data/observations.csv").write_text("geo\nXX\n")
    with serving(published) as address:
        code = _code(facts(published, address=address), "curl")
        done = subprocess.run(["bash", "-eo", "pipefail", "-c", code], cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode != 0
    assert b"FAILED" in done.stdout


def _has_r_package(name: str) -> bool:
    if shutil.which("Rscript") is None:
        return False
    command = ["Rscript", "-e", f"quit(status = !requireNamespace('{name}', quietly = TRUE))"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize(("name", "package"), [("R", "readr"), ("R (frictionless)", "frictionless")])
def test_r_keeps_codes_years_and_empty_cells(name: str, package: str, served: ReleaseFacts, tmp_path: Path) -> None:
    if not _has_r_package(package):
        pytest.skip(f"R with the package {package} is not installed")
    says = (
        'cat(observations$geo, "\\n", sep = " ")\n'
        'cat(observations$year, is.na(observations$value), class(observations$agrees), "\\n")\n'
        "cat(nchar(observations$note[3]), format(observations$valid_from[1]), class(observations$valid_from))\n"
    )
    script = tmp_path / "snippet.R"
    script.write_text(_code(served, name) + says, encoding="utf-8")
    done = subprocess.run(["Rscript", str(script)], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "NA NL BE ",
        "2023 NA 2024 FALSE TRUE FALSE logical ",
        "25 2023-01-01 Date",
    ]


def test_the_citation_stands_above_each_with_the_version_it_is_of(published: Path) -> None:
    for snippet in snippets(facts(published), "observations", which="pinned"):
        assert snippet.code.splitlines()[:2] == [
            "# Ketenmonitor (2026). Elektronica: ingezameld (versie/version 1.0.0). CC-BY-4.0.",
            "# https://ketenmonitor.example/releases/electronics/1.0.0/",
        ]
    doi = snippets(facts(published, doi="10.5072/zenodo.1"), "observations", which="pinned")
    assert doi[0].code.splitlines()[1] == "# https://doi.org/10.5072/zenodo.1"


def test_the_newest_release_is_loaded_from_an_address_that_stays(published: Path) -> None:
    for snippet in snippets(facts(published), "observations", which="latest"):
        assert "https://ketenmonitor.example/datasets/electronics/latest/" in snippet.code
        assert "latest.json" in snippet.code
        # what moves is cited without a version, a year or the address of one release
        comments = [line for line in snippet.code.splitlines() if line.startswith("#")]
        assert comments[:2] == [
            "# Ketenmonitor. Elektronica: ingezameld. CC-BY-4.0.",
            "# https://ketenmonitor.example/datasets/electronics/",
        ]
        assert not any("1.0.0" in line or "2026" in line for line in comments)


def test_a_table_that_is_not_there_is_named(published: Path) -> None:
    with pytest.raises(KeyError, match=r"electronics 1\.0\.0 has no table unknown"):
        snippets(facts(published), "unknown", which="pinned")


@cache
def _plain_facts() -> ReleaseFacts:
    with TemporaryDirectory() as folder:
        return facts(write_published(Path(folder) / "published"))


def _hostile(of: ReleaseFacts, text: str) -> ReleaseFacts:
    """A release with a hostile title, licence, table and column."""
    resource = {
        **of.descriptor["resources"][0],
        "name": text,
        "schema": {"fields": [{"name": text, "type": "string"}, {"name": "year", "type": "integer"}]},
    }
    descriptor = {**of.descriptor, "title": text, "licenses": [{"name": text}], "resources": [resource]}
    return replace(of, descriptor=descriptor, publisher=replace(by(), name=text))


def _executable(snippet: Snippet) -> list[str]:
    return [line for line in snippet.code.splitlines() if line and not line.startswith("#")]


@given(
    st.text(min_size=1, max_size=60)
    | st.sampled_from([HARD, "False", "types", "x" * 10_000, "\u2028import os", '"""', "a`; q() #"])
)
@settings(max_examples=150, deadline=None)
def test_hostile_texts_stay_texts(text: str) -> None:
    of = _hostile(_plain_facts(), text)
    for snippet in snippets(of, text, which="latest"):
        assert not set(snippet.code) & set("\u2028\u2029\u202a\u202b\u202d\u202e\u2066\u2067\x00\x1b\r\x0b\x0c\x85")
        if snippet.language == "python":
            tree = ast.parse(snippet.code)
            imported = {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
            assert imported <= {"pandas", "polars", "duckdb", "urllib.request"}
        if snippet.name == "curl":
            assert len(_executable(snippet)) == 6
    pandas = ast.parse(next(one.code for one in snippets(of, text, which="pinned") if one.name == "pandas"))
    types = next(node.value for node in pandas.body if isinstance(node, ast.Assign))
    assert ast.literal_eval(types) == {text: "str", "year": "Int64"}


def test_a_title_of_ten_thousand_characters_is_cut(published: Path) -> None:
    of = facts(published)
    long = replace(of, descriptor={**of.descriptor, "title": "x" * 10_000})
    assert max(len(line) for line in snippets(long, "observations", which="pinned")[0].code.splitlines()) < 300


def test_a_path_with_a_quote_does_not_leave_its_string(published: Path, tmp_path: Path) -> None:
    of = facts(published)
    path = 'data/it\'s $(touch pwned) "x".csv'
    resource = {**of.descriptor["resources"][1], "path": path}
    hostile = replace(of, descriptor={**of.descriptor, "resources": [resource]}, publisher=by("http://127.0.0.1:9/"))
    code = _code(hostile, "curl", "codelist-geo")
    subprocess.run(["bash", "-c", code], cwd=tmp_path, capture_output=True, check=False)
    assert [path.name for path in tmp_path.iterdir()] == ["data"]

"""A released package as a researcher meets it: it loads in frictionless, pandas and DuckDB, all holding the
same figures.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from contracts.contract import Contract, Product, product
from publish.promotion import promote
from publish.release import build_candidate

# Packaging waste in the Netherlands, 2017, Eurostat env_waspac in the edition of 2021-02-08: 3138000 t
# generated, 2452000 t recycled. The published rate of that year is 78.1 (env_waspac, unit PC). Estonia stands
# for a cell without value.
INDICATORS: tuple[dict[str, Any], ...] = (
    {
        "value": 100 * 2452000 / 3138000,
        "value_rounded": 78.1,
        "numerator": 2452000.0,
        "denominator": 3138000.0,
    },
    {"value": 78.1, "value_rounded": 78.1, "origin": "published", "method": "as_published"},
    {"value": 78.14, "value_rounded": 78.1, "year": 2018, "obs_status": "P", "flags": "p"},
    {"geo": "EE", "obs_status": "L", "flags": "m"},
)
SAME: dict[str, Any] = {
    "chain_table": "packaging",
    "indicator": "pack_recycling_rate",
    "subgroup": "total",
    "geo": "NL",
    "year": 2017,
    "unit": "percent",
    "decimals": 1,
    "obs_status": "A",
    "flags": "",
    "conf_status": "F",
    "origin": "computed",
    "method": "rcy_over_gen",
    "definition_version": "before_decision_2019_665",
    "scope_version": "all",
    "source": "env_waspac",
    "source_edition": "2021-02-08",
    "vintage": "0123456789ab",
    "confidence": "computed",
}
ENV_WASPAC: dict[str, Any] = {
    "source": "env_waspac",
    "title_nl": "Verpakkingsafval naar materiaal",
    "title_en": "Packaging waste by material",
    "publisher": "Eurostat",
    "vintage": "0123456789ab",
    "sha256": "0" * 64,
    "bytes": 12345,
    "edition": "2021-02-08",
    "retrieved_at": datetime(2026, 11, 21, tzinfo=UTC),
    "retrieved_from": "https://ec.europa.eu/eurostat/api",
    "flags_kept": True,
    "origin_of_bytes": "embedded_edition",
    "licence": "CC BY 4.0",
    "attribution": "Bron: Eurostat",
    "rows": 4,
    "homepage": "https://ec.europa.eu/eurostat/databrowser/view/env_waspac",
    "note_nl": 'Met een komma, een "citaat"\nen een regeleinde.',
    "note_en": "=SUM(1,2) stays text",
}


def table(contract: Contract, *rows: dict[str, Any]) -> pa.Table:
    blank = dict.fromkeys(contract.column_names)
    types = {"number": pa.float64(), "integer": pa.int64()}
    return pa.table(
        {
            column.name: pa.array([(blank | row)[column.name] for row in rows], types.get(column.logical_type))
            for column in contract.columns
        }
    )


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("release")
    whole: Product = product("packaging")
    indicators, sources = whole.table("indicators"), whole.table("sources")
    small = replace(whole, tables=(indicators, sources))
    candidate = build_candidate(
        small,
        {
            "indicators": table(indicators, *(SAME | row for row in INDICATORS)),
            "sources": table(sources, ENV_WASPAC),
        },
        published=home / "published",
        staging=home / "staging",
        released_at=datetime(2026, 11, 21, 3, 0, tzinfo=UTC),
    )
    promote(candidate, home / "published")
    return home / "published/datasets/packaging/latest"


def test_frictionless_finds_the_package_and_its_data_valid(released: Path) -> None:
    frictionless = pytest.importorskip("frictionless")
    report = frictionless.validate(str(released / "datapackage.json"))
    assert report.flatten(["rowNumber", "fieldName", "type", "note"]) == []
    package = frictionless.Package(str(released / "datapackage.json"))
    row = next(r for r in package.get_resource("indicators").read_rows() if r["geo"] == "EE")
    assert (row["value"], row["flags"], row["year"]) == (None, "m", 2017)


def test_frictionless_refuses_a_code_outside_its_code_list(released: Path, tmp_path: Path) -> None:
    frictionless = pytest.importorskip("frictionless")
    copy = shutil.copytree(released, tmp_path / "copy")
    path = copy / "data/indicators.csv"
    path.write_text(path.read_text().replace(",EE,", ",QQ,"))
    report = frictionless.validate(str(copy / "datapackage.json"))
    found = {tuple(error) for error in report.flatten(["fieldName", "type"])}
    assert {("geo", "constraint-error"), (None, "foreign-key"), (None, "hash-count")} <= found


def test_pandas_reads_the_same_figures_from_csv_and_from_parquet(released: Path) -> None:
    import pandas as pd

    csv = pd.read_csv(released / "data/indicators.csv", keep_default_na=False, na_values=[""])
    parquet = pd.read_parquet(released / "data/indicators.parquet")
    assert csv["value"].tolist()[1:] == parquet["value"].tolist()[1:] == [78.1389420013, 78.1, 78.14]
    assert csv["value"].isna().tolist() == parquet["value"].isna().tolist() == [True, False, False, False]
    assert csv["geo"].tolist() == parquet["geo"].tolist() == ["EE", "NL", "NL", "NL"]
    assert csv["year"].dtype == parquet["year"].dtype == "int64"


def test_duckdb_reads_the_same_figures_from_csv_and_from_parquet(released: Path) -> None:
    import duckdb

    query = "SELECT geo, year, value, obs_status FROM '{}' ORDER BY ALL"
    with duckdb.connect() as connection:
        csv, parquet = (
            connection.sql(query.format(released / f"data/indicators.{form}")).fetchall() for form in ("csv", "parquet")
        )
        note = connection.sql(f"SELECT note_nl, note_en FROM '{released / 'data/sources.csv'}'").fetchall()
    assert csv == parquet
    assert ("NL", 2017, 78.1389420013, "A") in csv
    assert note == [(ENV_WASPAC["note_nl"], ENV_WASPAC["note_en"])]


def test_every_text_of_the_description_stands_in_two_languages(released: Path) -> None:
    described = json.loads((released / "datapackage.json").read_text())
    assert described["title"] and described["upv:titleEn"]
    for resource in described["resources"]:
        assert resource["title"] and resource["upv:titleEn"], resource["name"]
        for field in resource.get("schema", {}).get("fields", []):
            texts = [field[name] for name in ("title", "description", "upv:titleEn", "upv:descriptionEn")]
            assert all(texts), (resource["name"], field["name"])


def test_the_description_carries_what_r_frictionless_asks_and_what_python_chokes_on_is_absent(
    released: Path,
) -> None:
    described = json.loads((released / "datapackage.json").read_text())
    for resource in described["resources"]:
        if resource["format"] == "parquet":
            # frictionless-py 5.21: a Parquet resource with `bytes` or a schema fails on valid data
            assert not {"type", "schema", "bytes"} & set(resource)
        else:
            assert (resource["type"], resource["profile"]) == ("table", "tabular-data-resource")
            assert all(isinstance(value, str) for value in resource["schema"]["missingValues"])

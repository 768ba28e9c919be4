"""Citation, DataCite, Croissant, RO-Crate and schema.org: whole for every package, and harmless whatever the texts."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.contract import product_names
from publish.codelists import codelist_table
from publish.metadata.addresses import file_address, web_address
from publish.metadata.citation import citation_cff, citations, one_line
from publish.metadata.croissant import croissant_json
from publish.metadata.datacite import datacite_json
from publish.metadata.openapi import openapi_json
from publish.metadata.ro_crate import ro_crate_json
from publish.metadata.schema_org import catalogue_json_ld, dataset_json_ld, script_text
from publish.tables import write_rows
from tests.metadata_examples import HOSTILE, PUBLISHER, release_facts, sha256, with_texts

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
FACTS = release_facts()
SMALL = release_facts("headline")


def bare_braces(text: str) -> str:
    return re.sub(r"\\[{}]", "", text)


def test_a_citation_names_publisher_year_title_version_and_address() -> None:
    assert citations(FACTS, "nl")["apa"] == (
        "Ketenmonitor. (2026). Elektronica: in de handel gebracht, ingezameld, gerecycled (versie 1.2.0) [Dataset]. "
        "https://data.example/releases/electronics/1.2.0/"
    )
    assert citations(replace(FACTS, doi="10.5281/zenodo.7"), "en")["apa"] == (
        "Ketenmonitor. (2026). Electronics: put on the market, collected, recycled (Version 1.2.0) [Data set]. "
        "https://doi.org/10.5281/zenodo.7"
    )


@given(TEXTS)
@settings(max_examples=60, deadline=None)
def test_no_title_breaks_a_citation(title: str) -> None:
    facts = with_texts(SMALL, title)
    found = citations(facts, "nl")
    assert "\n" not in found["apa"]
    assert bare_braces(found["bibtex"]).count("{") == bare_braces(found["bibtex"]).count("}")
    assert all(re.fullmatch(r"[A-Z][A-Z0-9]  - .*", line) for line in found["ris"].splitlines())
    loaded = yaml.safe_load(citation_cff(facts))
    assert loaded.get("title", "") == one_line(title)


def test_bibtex_escapes_what_latex_reads_as_a_command() -> None:
    facts = with_texts(SMALL, r"50% {a} \b_c")
    assert r"title = {{50\% \{a\} \textbackslash{}b\_c}}" in citations(facts, "nl")["bibtex"]


def test_the_citation_file_has_the_fields_of_cff_1_2_0() -> None:
    loaded = yaml.safe_load(citation_cff(replace(FACTS, doi="10.5281/zenodo.7")))
    assert loaded["cff-version"] == "1.2.0"
    assert loaded["type"] == "dataset"
    assert loaded["authors"] == [{"name": "Ketenmonitor"}]
    assert loaded["date-released"] == "2026-11-21"
    assert loaded["version"] == "1.2.0"
    assert loaded["license"] == "CC-BY-4.0"
    assert loaded["doi"] == "10.5281/zenodo.7"
    assert loaded["url"] == "https://data.example/releases/electronics/1.2.0/"


def test_a_licence_that_cff_does_not_know_is_given_by_its_address() -> None:
    licence = [{"name": "eigen", "path": "https://data.example/licentie"}]
    loaded = yaml.safe_load(citation_cff(replace(FACTS, descriptor={**FACTS.descriptor, "licenses": licence})))
    assert "license" not in loaded
    assert loaded["license-url"] == "https://data.example/licentie"


def test_the_datacite_record_has_every_mandatory_field() -> None:
    record = json.loads(datacite_json(FACTS))
    assert record["creators"] == [{"name": "Ketenmonitor", "nameType": "Organizational"}]
    assert record["publisher"] == {"name": "Ketenmonitor"}
    assert record["publicationYear"] == "2026"
    assert record["types"]["resourceTypeGeneral"] == "Dataset"
    assert [title["lang"] for title in record["titles"]] == ["nl", "en"]
    assert "doi" not in record
    assert json.loads(datacite_json(replace(FACTS, doi="10.5281/zenodo.7")))["doi"] == "10.5281/zenodo.7"


def test_datacite_relates_a_release_to_its_previous_version_and_sources() -> None:
    related = {
        entry["relationType"]: entry["relatedIdentifier"]
        for entry in json.loads(datacite_json(FACTS))["relatedIdentifiers"]
    }
    assert related["IsNewVersionOf"] == "https://data.example/releases/electronics/1.1.0/"
    assert related["IsVersionOf"] == "https://data.example/datasets/electronics/"
    first = json.loads(datacite_json(replace(FACTS, previous_version=None)))["relatedIdentifiers"]
    assert "IsNewVersionOf" not in {entry["relationType"] for entry in first}
    readable = {**FACTS.sources[0], "homepage": "https://service.example/view"}
    derived = json.loads(datacite_json(replace(FACTS, sources=(readable, readable))))["relatedIdentifiers"]
    assert [entry["relatedIdentifier"] for entry in derived if entry["relationType"] == "IsDerivedFrom"] == [
        "https://service.example/view"
    ]


@pytest.mark.parametrize("name", product_names())
def test_every_package_has_all_metadata_and_the_same_bytes_twice(name: str) -> None:
    facts = release_facts(name)
    for written in (citation_cff, datacite_json, croissant_json, ro_crate_json):
        assert written(facts) == written(release_facts(name))
    for language in ("nl", "en"):
        page = dataset_json_ld(facts, language=language)
        assert 50 <= len(page["description"]) <= 5000
        assert page["name"] == facts.text("title", language)
        assert {file["contentUrl"] for file in page["distribution"]} >= {
            file_address(facts, file.path) for file in facts.files if file.role == "table"
        }


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_stay_text_in_every_json(text: str) -> None:
    facts = with_texts(FACTS, text)
    for written in (datacite_json, croissant_json, ro_crate_json):
        assert isinstance(json.loads(written(facts)), dict)
    page = dataset_json_ld(facts, language="nl")
    inside = script_text(page)
    assert not set("<>&\u2028\u2029") & set(inside)
    assert json.loads(inside) == page


@given(st.recursive(TEXTS | st.integers() | st.none(), lambda inner: st.dictionaries(TEXTS, inner) | st.lists(inner)))
def test_script_text_says_the_same_without_any_markup(value: Any) -> None:
    inside = script_text(value)
    assert not set("<>&\u2028\u2029") & set(inside)
    assert json.loads(inside) == value


def test_a_short_description_is_made_long_enough_for_search_engines() -> None:
    page = dataset_json_ld(with_texts(FACTS, "Kort."), language="nl")
    assert page["description"].startswith("Kort. Ketenmonitor. (2026).")
    assert len(dataset_json_ld(with_texts(FACTS, "é" * 9000), language="nl")["description"]) == 5000


def test_the_page_says_years_variables_and_catalogue() -> None:
    page = dataset_json_ld(FACTS, language="en")
    assert page["temporalCoverage"] == "1995/2024"
    assert "value" in {variable["alternateName"] for variable in page["variableMeasured"]}
    assert page["url"] == "https://data.example/en/datasets/electronics/"
    catalogue = catalogue_json_ld(PUBLISHER, [SMALL, FACTS], "en")
    assert page["includedInDataCatalog"]["@id"] == catalogue["@id"]
    assert [entry["@id"] for entry in catalogue["dataset"]] == [
        "https://data.example/datasets/electronics/#dataset",
        "https://data.example/datasets/headline/#dataset",
    ]


def test_every_part_that_the_crate_refers_to_stands_in_it() -> None:
    graph = json.loads(ro_crate_json(FACTS))["@graph"]
    ids = {entity["@id"] for entity in graph}
    assert len(ids) == len(graph)
    outside = {"http://schema.org/CompletedActionStatus", "https://w3id.org/ro/crate/1.2"}

    def references(value: Any) -> set[str]:
        if isinstance(value, dict):
            if set(value) == {"@id"}:
                return {value["@id"]}
            return set().union(*map(references, value.values()), set())
        return set().union(*map(references, value), set()) if isinstance(value, list) else set()

    assert references(graph) - outside <= ids


def test_the_crate_says_what_the_run_used_and_made() -> None:
    by_id = {entity["@id"]: entity for entity in json.loads(ro_crate_json(FACTS))["@graph"]}
    run = by_id["#run"]
    assert run["@type"] == "CreateAction"
    assert run["endTime"] == "2026-11-21T03:00:00Z"
    assert by_id[run["instrument"]["@id"]]["@type"] == "SoftwareApplication"
    source = by_id[run["object"][0]["@id"]]
    assert source["retrievedFrom"] == "https://service.example/cei_wm060"
    assert source["sha256"] == "aac2145ef808bba776f7cc2e2210835d8076efa202865370cc6e543df3ff0c67"
    assert {part["@id"] for part in run["result"]} == {file.path for file in FACTS.files}
    assert by_id["ro-crate-metadata.json"]["about"] == {"@id": "./"}


def test_croissant_keeps_keys_and_refers_to_code_lists() -> None:
    record_sets = {entry["@id"]: entry for entry in json.loads(croissant_json(FACTS))["recordSet"]}
    observations = record_sets["observations"]
    assert {"@id": "observations/year"} in observations["key"]
    fields = {entry["name"]: entry for entry in observations["field"]}
    assert fields["geo"]["references"] == {"field": {"@id": "codelist-geo/code"}}
    assert fields["year"]["dataType"] == "sc:Integer"
    assert fields["value"]["dataType"] == "sc:Float"


def test_mlcroissant_reads_the_rows_of_a_release(tmp_path: Path) -> None:
    import mlcroissant

    codes = codelist_table("headline_level")[1]
    write_rows(codes, tmp_path / "levels.csv")
    write_rows(
        pa.table({"level": ["x", None], "year": [2020, 2021], "value": [1.5, None], "final": [True, False]}),
        tmp_path / "figures.csv",
    )
    fields = [("level", "string"), ("year", "integer"), ("value", "number"), ("final", "boolean")]
    resources = [
        {
            "name": "figures",
            "path": "figures.csv",
            "schema": {
                "fields": [{"name": name, "type": kind} for name, kind in fields],
                "primaryKey": ["year"],
                "foreignKeys": [{"fields": ["level"], "reference": {"resource": "levels", "fields": ["code"]}}],
            },
        },
        {
            "name": "levels",
            "path": "levels.csv",
            "schema": {"fields": [{"name": name, "type": "string"} for name in codes.column_names]},
        },
    ]
    files = tuple(
        replace(SMALL.files[0], path=f"{name}.csv", sha256=sha256((tmp_path / f"{name}.csv").read_text()))
        for name in ("figures", "levels")
    )
    facts = replace(SMALL, files=files, descriptor={**SMALL.descriptor, "resources": resources})
    (tmp_path / "croissant.json").write_bytes(croissant_json(facts))
    mapping = {file.path: str(tmp_path / file.path) for file in files}
    loaded = mlcroissant.Dataset(str(tmp_path / "croissant.json"), mapping=mapping)
    rows = list(loaded.records("figures"))
    assert rows[0] == {"figures/level": b"x", "figures/year": 2020, "figures/value": 1.5, "figures/final": True}
    assert len(list(loaded.records("levels"))) == codes.num_rows


@pytest.mark.parametrize(
    ("given_address", "expected"),
    [
        ("https://service.example/a?b=c#d", "https://service.example/a?b=c#d"),
        ('https://service.example/"<x>', "https://service.example/%22%3Cx%3E"),
        ("https://service.example/één", "https://service.example/%C3%A9%C3%A9n"),
        ("https://service.example/a b", None),
        ("javascript:alert(1)", None),
        ("https://", None),
        ("https://[", None),
        ("transcribed from publications", None),
        ("", None),
        (None, None),
    ],
)
def test_only_a_web_address_becomes_a_link(given_address: str | None, expected: str | None) -> None:
    assert web_address(given_address) == expected


def test_the_description_of_the_service_names_addresses_that_a_release_has() -> None:
    described = json.loads(openapi_json(PUBLISHER))
    assert described["openapi"] == "3.1.0"
    assert described["servers"] == [{"url": "https://data.example/"}]
    for path, operation in described["paths"].items():
        named = re.findall(r"{(\w+)}", path)
        assert [parameter["name"] for parameter in operation["get"].get("parameters", [])] == named

"""The catalogue: valid against the official shapes, whole by our own check, the same in three notations."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rdflib import Graph, Literal, URIRef
from rdflib.namespace import DCTERMS as DCT
from rdflib.namespace import FOAF, PROV, RDF, SH

from contracts.contract import product_names
from publish.metadata.dcat import catalogue, serialised
from publish.metadata.dcat_check import AT_MOST_ONE, MANDATORY, missing_mandatory
from publish.metadata.dcat_terms import ADMS, DCAT, SPDX, countries, licence_iri, printable, themes
from publish.release_facts import ReleasedFile, ReleaseFacts
from tests.metadata_examples import HOSTILE, NIGHT, PUBLISHER, release_facts, sha256, with_texts

SHAPES = Path(__file__).resolve().parents[3] / "shared" / "standards" / "dcat-ap-nl-3.0"
NOTATIONS = {"catalog.ttl": "turtle", "catalog.jsonld": "json-ld", "catalog.rdf": "xml"}
DATABASE = ReleasedFile("ketenmonitor.sqlite", 4096, sha256("database"), "archive", "Alles", "Everything")
DATASET = URIRef("https://data.example/datasets/headline/#dataset")
COUNTRY = "http://publications.europa.eu/resource/authority/country/"
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


@cache
def releases() -> tuple[ReleaseFacts, ...]:
    return tuple(release_facts(name) for name in product_names())


@cache
def _small() -> Graph:
    return catalogue(PUBLISHER, [release_facts("headline")], DATABASE)


def small() -> Graph:
    """A catalogue of one dataset, to take things from."""
    graph = Graph()
    for statement in _small():
        graph.add(statement)
    return graph


@cache
def official_shapes() -> Graph:
    shapes = Graph()
    for path in sorted(SHAPES.glob("*SHACL*.ttl")):
        shapes.parse(path)
    for shape, named in list(shapes.subject_objects(SH.property)):
        # two shapes of DataService are named in the official file and described nowhere
        if shapes.value(named, SH.path) is None:
            shapes.remove((shape, SH.property, named))
    return shapes


def official_faults(graph: Graph) -> list[str]:
    """Violations and warnings by the official shapes, mandatory and recommended."""
    import pyshacl

    if not SHAPES.is_dir():
        pytest.skip("the official shapes of DCAT-AP-NL are not here")
    _, report, _ = pyshacl.validate(
        graph, shacl_graph=official_shapes(), allow_warnings=False, inference="none", advanced=True
    )
    return sorted(
        f"{report.value(result, SH.focusNode)} {report.value(result, SH.resultPath)}: "
        f"{report.value(result, SH.resultMessage)}"
        for result in report.subjects(RDF.type, SH.ValidationResult)
    )


def test_the_catalogue_of_all_packages_has_no_violation_and_no_warning() -> None:
    areas = {"electronics": ["NL", "BE", "EU27_2020"]}
    assert official_faults(catalogue(PUBLISHER, releases(), DATABASE, areas=areas)) == []


def test_a_catalogue_with_hostile_texts_is_as_valid() -> None:
    one = release_facts("headline")
    facts = [with_texts(replace(one, dataset=f"{one.dataset}-{at}"), text) for at, text in enumerate(HOSTILE)]
    assert official_faults(catalogue(PUBLISHER, facts)) == []


def test_a_withdrawn_dataset_is_valid_and_says_so_and_offers_no_file() -> None:
    gone = release_facts("packaging")
    graph = catalogue(PUBLISHER, [release_facts("headline")], DATABASE, withdrawn=[gone])
    assert official_faults(graph) == []
    assert missing_mandatory(graph) == ()
    node = URIRef("https://data.example/datasets/packaging/#dataset")
    assert [str(status) for status in graph.objects(node, ADMS.status)] == [
        "http://publications.europa.eu/resource/authority/dataset-status/WITHDRAWN"
    ]
    assert list(graph.objects(node, DCAT.distribution)) == []
    for name, notation in NOTATIONS.items():
        assert len(Graph().parse(data=serialised(graph)[name], format=notation)) == len(graph)


def test_the_official_shapes_notice_what_is_taken_away() -> None:
    graph = small()
    graph.remove((None, DCT.accessRights, None))
    graph.remove((None, DCAT.landingPage, None))
    faults = official_faults(graph)
    assert any("accessRights" in fault for fault in faults)
    assert any("landingPage" in fault for fault in faults)


def test_the_catalogue_lacks_nothing_mandatory() -> None:
    assert missing_mandatory(catalogue(PUBLISHER, releases(), DATABASE)) == ()


@pytest.mark.parametrize(
    ("kind", "needed"), [(kind, needed) for kind, all_needed in MANDATORY.items() for needed in all_needed]
)
def test_a_missing_mandatory_property_is_named(kind: URIRef, needed: URIRef) -> None:
    graph = small()
    node = next(graph.subjects(RDF.type, kind))
    graph.remove((node, needed, None))
    faults = [fault for fault in missing_mandatory(graph) if str(node) in fault and "mandatory and missing" in fault]
    assert len(faults) == 1
    assert str(needed).replace("#", "/").rsplit("/", 1)[-1] in faults[0]


@pytest.mark.parametrize(
    ("kind", "single"), [(kind, single) for kind, all_single in AT_MOST_ONE.items() for single in all_single]
)
def test_a_property_that_may_stand_once_is_noticed_twice(kind: URIRef, single: URIRef) -> None:
    graph = small()
    node = next(graph.subjects(RDF.type, kind))
    graph.add((node, single, Literal("nog een")))
    graph.add((node, single, Literal("en nog een")))
    assert any(str(node) in fault and "at most once" in fault for fault in missing_mandatory(graph))


@pytest.mark.parametrize("blank", ["", "  \n"])
def test_an_empty_text_is_a_missing_text(blank: str) -> None:
    graph = small()
    graph.set((DATASET, DCT.title, Literal(blank, lang="nl")))
    faults = missing_mandatory(graph)
    assert any(f"{DATASET}: title is mandatory" in fault for fault in faults)
    assert any(f"{DATASET}: title has no text in 'en'" in fault for fault in faults)


def test_an_empty_graph_lacks_a_catalogue_a_dataset_and_a_distribution() -> None:
    assert [fault.split(" in the")[0] for fault in missing_mandatory(Graph())] == [
        "there is no Catalog",
        "there is no Dataset",
        "there is no Distribution",
    ]


def test_three_notations_say_the_same_as_the_graph() -> None:
    graph = catalogue(PUBLISHER, releases()[:4], DATABASE)
    files = serialised(graph)
    read = {name: set(Graph().parse(data=files[name], format=notation)) for name, notation in NOTATIONS.items()}
    assert read["catalog.ttl"] == read["catalog.jsonld"] == read["catalog.rdf"]
    assert len(read["catalog.ttl"]) == len(graph)
    said = {(str(s), str(p)) for s, p, _ in graph}
    assert {(str(s), str(p)) for s, p, _ in read["catalog.ttl"]} == said


def test_the_same_releases_in_another_order_give_the_same_bytes() -> None:
    assert serialised(catalogue(PUBLISHER, releases(), DATABASE)) == serialised(
        catalogue(PUBLISHER, tuple(reversed(releases())), DATABASE)
    )


def test_every_node_has_an_address_of_its_own() -> None:
    graph = small()
    assert all(isinstance(node, URIRef) for node in graph.subjects())


@given(TEXTS.filter(lambda text: printable(text) != ""))
@settings(max_examples=12, deadline=None)
def test_any_text_survives_all_three_notations(text: str) -> None:
    graph = catalogue(PUBLISHER, [with_texts(release_facts("targets"), text)])
    node = URIRef("https://data.example/datasets/targets/#dataset")
    for name, notation in NOTATIONS.items():
        read = Graph().parse(data=serialised(graph)[name], format=notation)
        assert Literal(printable(text), lang="nl") in set(read.objects(node, DCT.title))
        assert missing_mandatory(read) == ()


def test_every_offered_file_is_a_distribution_with_size_and_checksum() -> None:
    graph, facts = small(), release_facts("headline")
    offered = {str(graph.value(node, DCAT.downloadURL)) for node in graph.objects(DATASET, DCAT.distribution)}
    assert offered == {
        f"https://data.example/releases/headline/1.2.0/{path}"
        for path in (
            "data/headline.csv",
            "data/headline.parquet",
            "datapackage.json",
            "headline-1.2.0.xlsx",
            "headline-1.2.0.zip",
        )
    }
    table = next(file for file in facts.files if file.path == "data/headline.csv")
    node = URIRef("https://data.example/datasets/headline/#file-data%2Fheadline.csv")
    checksum = graph.value(node, SPDX.checksum)
    assert str(graph.value(checksum, SPDX.checksumValue)) == table.sha256
    assert str(graph.value(node, DCAT.byteSize)) == "120"


def test_the_origin_of_a_dataset_is_the_run_with_the_copies_it_used() -> None:
    source = {**release_facts("headline").sources[0], "homepage": "https://service.example/view"}
    graph = catalogue(PUBLISHER, [replace(release_facts("headline"), sources=(source,))])
    run = graph.value(DATASET, PROV.wasGeneratedBy)
    copy = graph.value(run, PROV.used)
    assert (run, RDF.type, PROV.Activity) in graph
    assert graph.value(copy, DCT.source) == URIRef("https://service.example/view")
    assert str(graph.value(graph.value(copy, SPDX.checksum), SPDX.checksumValue)).startswith("aac2145ef808")


def test_a_source_without_a_web_address_is_named_without_a_link() -> None:
    source = {"source": "x <y>", "vintage": "1", "homepage": "see the publication", "retrieved_at": "gisteren"}
    graph = catalogue(PUBLISHER, [replace(release_facts("headline"), sources=(source,))])
    copy = graph.value(graph.value(DATASET, PROV.wasGeneratedBy), PROV.used)
    assert graph.value(copy, DCT.source) is None
    assert graph.value(copy, DCT.date) is None
    assert str(copy) == "https://data.example/releases/headline/1.2.0/#source-x%20%3Cy%3E-1"


def test_years_version_and_doi_are_said() -> None:
    graph = catalogue(PUBLISHER, [release_facts("headline", doi="10.5281/zenodo.7")])
    period = graph.value(DATASET, DCT.temporal)
    assert str(graph.value(period, DCAT.startDate)) == "1995-01-01"
    assert str(graph.value(period, DCAT.endDate)) == "2024-12-31"
    assert str(graph.value(DATASET, DCAT.version)) == "1.2.0"
    assert str(graph.value(DATASET, DCT.identifier)) == "https://doi.org/10.5281/zenodo.7"


def test_the_one_database_is_a_dataset_of_its_own() -> None:
    graph = small()
    whole = URIRef("https://data.example/#all")
    distribution = graph.value(whole, DCAT.distribution)
    assert str(graph.value(distribution, DCAT.downloadURL)) == "https://data.example/ketenmonitor.sqlite"
    assert (whole, DCT.hasPart, DATASET) in graph


@pytest.mark.parametrize(
    ("areas", "expected"),
    [
        ((), ["NLD"]),
        (("EU27_2020", "EA20"), ["NLD"]),
        (("UK", "EL", "NL"), ["NLD", "GRC", "GBR"]),
    ],
)
def test_areas_are_countries_of_the_eu_list_and_aggregates_none(areas: tuple[str, ...], expected: list[str]) -> None:
    assert countries(areas) == [COUNTRY + code for code in expected]


@pytest.mark.parametrize(
    ("chain_table", "expected"),
    [("electronics", ("ENVI", "ECON")), ("governance", ("ENVI", "GOVE")), ("municipal", ("ENVI", "GOVE"))],
)
def test_every_dataset_is_of_environment_and_of_what_its_chain_table_touches(
    chain_table: str, expected: tuple[str, str]
) -> None:
    assert themes({"upv:chainTable": chain_table}) == expected


@pytest.mark.parametrize(
    ("name", "path", "expected"),
    [
        ("CC-BY-4.0", None, "http://creativecommons.org/licenses/by/4.0/deed.nl"),
        ("eigen", "https://data.example/licentie", "https://data.example/licentie"),
        ("eigen", "geen adres", "http://standaarden.overheid.nl/owms/terms/licentieonbekend"),
    ],
)
def test_a_licence_has_the_address_of_the_dutch_list(name: str, path: str | None, expected: str) -> None:
    assert licence_iri(name, path) == expected


def test_a_catalogue_without_releases_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one dataset"):
        catalogue(PUBLISHER, [])


def test_an_address_that_breaks_the_notations_is_refused() -> None:
    broken = replace(PUBLISHER, address='https://data.example/"> <')
    with pytest.raises(ValueError, match="is no IRI"):
        serialised(catalogue(broken, [release_facts("headline", publisher=broken)]))


def test_agent_and_moment_are_those_given() -> None:
    graph = small()
    agent = graph.value(DATASET, DCT.publisher)
    assert str(graph.value(agent, FOAF.name)) == "Ketenmonitor"
    assert graph.value(DATASET, DCT.modified).toPython() == NIGHT

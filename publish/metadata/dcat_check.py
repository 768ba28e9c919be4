"""The project's own check of the catalogue: what DCAT-AP-NL 3.0 makes mandatory, without the official shapes at hand.

Here: which class needs which property, and how often a property may stand. Not here: recommended properties and the
classes of values, which the official shapes hold (a test runs them where they are present).
"""

from __future__ import annotations

from rdflib import Graph, Literal, URIRef
from rdflib.namespace import DCTERMS as DCT
from rdflib.namespace import FOAF, RDF

from publish.metadata.dcat_terms import DCAT, SPDX, VCARD

# Source: DCAT-AP-NL 3.0, the properties marked "verplicht" of each class
MANDATORY: dict[URIRef, tuple[URIRef, ...]] = {
    DCAT.Catalog: (DCT.title, DCT.description, DCT.publisher, DCAT.contactPoint, DCAT.dataset),
    DCAT.Dataset: (
        DCT.title, DCT.description, DCT.identifier, DCT.accessRights, DCT.creator, DCT.publisher, DCAT.contactPoint,
        DCAT.theme,
    ),
    DCAT.Distribution: (DCAT.accessURL, DCT.license),
    DCAT.DataService: (
        DCT.title, DCT.description, DCT.identifier, DCT.accessRights, DCT.license, DCT.publisher, DCAT.contactPoint,
        DCAT.endpointURL, DCAT.endpointDescription, DCAT.theme,
    ),
    FOAF.Agent: (FOAF.name,),
    VCARD.Kind: (VCARD.fn, VCARD.hasEmail),
    SPDX.Checksum: (SPDX.algorithm, SPDX.checksumValue),
}  # fmt: skip
AT_MOST_ONE: dict[URIRef, tuple[URIRef, ...]] = {
    DCAT.Catalog: (DCT.publisher, DCAT.contactPoint),
    DCAT.Dataset: (DCT.identifier, DCT.publisher, DCAT.version),
    DCAT.Distribution: (DCAT.accessURL, DCAT.downloadURL, DCAT.accessService, DCAT.byteSize, DCT.license),
    DCAT.DataService: (DCT.identifier, DCT.publisher, DCAT.endpointDescription),
    SPDX.Checksum: (SPDX.algorithm, SPDX.checksumValue),
}
# Not of the profile but ours: what a person reads is there in both languages
_IN_BOTH_LANGUAGES = {DCAT.Catalog, DCAT.Dataset, DCAT.DataService}
_AT_LEAST_ONE = (DCAT.Catalog, DCAT.Dataset, DCAT.Distribution)


def _short(iri: URIRef) -> str:
    return str(iri).rsplit("#", 1)[-1].rsplit("/", 1)[-1]


def _faults_of(graph: Graph, kind: URIRef, node: URIRef) -> list[str]:
    name = f"{_short(kind)} {node}"
    found = []
    for needed in MANDATORY[kind]:
        values = [
            value for value in graph.objects(node, needed) if not isinstance(value, Literal) or str(value).strip()
        ]
        if not values:
            found.append(
                f"{name}: {_short(needed)} is mandatory and missing; give it in the contract or publisher.yaml"
            )
    for single in AT_MOST_ONE.get(kind, ()):
        count = len(set(graph.objects(node, single)))
        if count > 1:
            found.append(f"{name}: {_short(single)} stands {count} times, expected at most once; remove the others")
    if kind in _IN_BOTH_LANGUAGES:
        for text in (DCT.title, DCT.description):
            languages = {value.language for value in graph.objects(node, text) if isinstance(value, Literal)}
            for language in sorted({"nl", "en"} - languages):
                found.append(f"{name}: {_short(text)} has no text in {language!r}; add it to the contract")
    return found


def missing_mandatory(graph: Graph) -> tuple[str, ...]:
    """What a catalogue lacks of the mandatory properties, and what stands more often than allowed; empty when whole.

    Each sentence names the class, the node, the property and the next thing to do; sorted.
    """
    found = [
        f"there is no {_short(kind)} in the catalogue; publish a release first"
        for kind in _AT_LEAST_ONE
        if (None, RDF.type, kind) not in graph
    ]
    for kind in MANDATORY:
        for node in graph.subjects(RDF.type, kind):
            if isinstance(node, URIRef):
                found += _faults_of(graph, kind, node)
    return tuple(sorted(set(found)))

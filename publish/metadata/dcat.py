"""The catalogue in DCAT-AP-NL 3.0, with the origin of each dataset in PROV.

Here: which statement is made of what. Not here: the terms and code lists of others (`dcat_terms.py`), the three
notations (`rdf_text.py`), or the check of what is mandatory (`dcat_check.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from rdflib import Graph, Literal, URIRef
from rdflib.namespace import DCTERMS as DCT
from rdflib.namespace import FOAF, PROV, RDF, SKOS, XSD
from rdflib.term import Node

from publish.descriptor import PROFILE, rfc3339
from publish.metadata import dcat_terms as terms
from publish.metadata.addresses import (
    dataset_iri,
    dataset_page,
    file_address,
    path_part,
    release_page,
    thing_on,
    web_address,
)
from publish.metadata.dcat_terms import ADMS, DCAT, DCATAP, SPDX, VCARD
from publish.metadata.rdf_text import serialised
from publish.quality import retrieved
from publish.release_facts import Publisher, ReleasedFile, ReleaseFacts

__all__ = ["catalogue", "serialised"]

_FORMATS_NL = {"csv": "CSV", "parquet": "Parquet", "xlsx": "Excel", "zip": "alles in één zip", "sqlite": "SQLite"}
_FORMATS_EN = _FORMATS_NL | {"zip": "everything in one zip"}
# What a harvester is offered of a release; code lists and documents are in the zip
_OFFERED = ("table", "alternate", "workbook", "archive")
_SERVICE_NL = (
    "Bestanden en overzichten van Ketenmonitor",
    "Leesbaar zonder sleutel: index.json noemt alle datasets, versions.json alle versies van een dataset, en elke "
    "versie staat met al haar bestanden op een vast adres.",
)
_SERVICE_EN = (
    "Files and indexes of Ketenmonitor",
    "Readable without a key: index.json lists all datasets, versions.json all versions of a dataset, and every version "
    "stands with all its files at a fixed address.",
)
_WHOLE_NL = (
    "Ketenmonitor: alle datasets in één SQLite-bestand",
    "Alle tabellen van alle datasets in hun nieuwste versie, met de codelijsten en een beschrijving van elke kolom.",
)
_WHOLE_EN = (
    "Ketenmonitor: all datasets in one SQLite file",
    "All tables of all datasets in their newest version, with the code lists and a description of every column.",
)
_PROVENANCE_NL = "Berekend door Ketenmonitor uit bronnen die met moment van ophalen en controlegetal zijn vastgelegd."
_PROVENANCE_EN = "Computed by Ketenmonitor from sources recorded with the moment of retrieval and a checksum."


class _Catalogue:
    """The graph while it grows; the methods are the ways in which a statement is made."""

    def __init__(self, publisher: Publisher) -> None:
        self.graph = Graph()
        self.publisher = publisher
        self.agent = URIRef(thing_on(publisher.address, "publisher"))
        self.contact = URIRef(thing_on(publisher.address, "contact"))
        self.service = URIRef(thing_on(publisher.address, "files"))

    def say(self, subject: URIRef, predicate: URIRef, *values: Node | None) -> None:
        for value in values:
            if value is not None:
                self.graph.add((subject, predicate, value))

    def both(self, subject: URIRef, predicate: URIRef, dutch: str, english: str) -> None:
        """A text in Dutch and English; an empty one is left out."""
        for text, language in ((dutch, "nl"), (english, "en")):
            plain = terms.printable(text)
            if plain:
                self.say(subject, predicate, Literal(plain, lang=language))

    def named(self, iri: str, kind: URIRef, dutch: str = "", english: str = "") -> URIRef:
        """Something that others define, with its class beside it, as the profile asks the class of every value."""
        node = URIRef(iri)
        self.say(node, RDF.type, kind)
        self.both(node, SKOS.prefLabel, dutch, english)
        return node

    def languages(self) -> list[URIRef]:
        return [self.named(terms.LANGUAGE + code, DCT.LinguisticSystem) for code in ("NLD", "ENG")]

    def document(self, address: str) -> URIRef:
        return self.named(address, FOAF.Document)

    def licence(self, name: str, path: str | None) -> URIRef:
        return self.named(terms.licence_iri(name, path), DCT.LicenseDocument)

    def theme(self, code: str) -> URIRef:
        return self.named(terms.THEME + code, SKOS.Concept, *terms.THEMES[code])

    def moment(self, when: datetime) -> Literal:
        return Literal(rfc3339(when), datatype=XSD.dateTime, normalize=False)

    def who(self, subject: URIRef) -> None:
        """Publisher, maker and contact, which are the same for all we publish."""
        self.say(subject, DCT.publisher, self.agent)
        self.say(subject, DCT.creator, self.agent)
        self.say(subject, DCAT.contactPoint, self.contact)

    def openly(self, subject: URIRef) -> None:
        self.say(subject, DCT.accessRights, self.named(terms.PUBLIC, DCT.RightsStatement, "openbaar", "public"))

    def checksum(self, subject: URIRef, sha256: str) -> None:
        """The sha256 of a file; what is none is left out."""
        if terms.CHECKSUM.fullmatch(sha256):
            node = URIRef(f"{subject}-sha256")
            self.say(subject, SPDX.checksum, node)
            self.say(node, RDF.type, SPDX.Checksum)
            self.say(node, SPDX.algorithm, self.named(terms.SHA256, SPDX.ChecksumAlgorithm))
            self.say(node, SPDX.checksumValue, Literal(sha256, datatype=XSD.hexBinary, normalize=False))


def _people(made: _Catalogue) -> None:
    publisher = made.publisher
    made.say(made.agent, RDF.type, FOAF.Agent, FOAF.Organization)
    made.say(made.agent, FOAF.name, Literal(terms.printable(publisher.name)))
    made.say(made.agent, FOAF.homepage, made.document(publisher.address))
    made.say(made.contact, RDF.type, VCARD.Kind, VCARD.Organization)
    made.say(made.contact, VCARD.fn, Literal(terms.printable(publisher.contact_name)))
    made.say(made.contact, VCARD.hasEmail, URIRef(f"mailto:{terms.mail_part(publisher.contact_email)}"))


def _service(made: _Catalogue, datasets: Sequence[URIRef]) -> None:
    """The published folder as a service: that is how the profile lets a file say through what it is served."""
    service, address = made.service, made.publisher.address
    made.say(service, RDF.type, DCAT.DataService)
    made.both(service, DCT.title, _SERVICE_NL[0], _SERVICE_EN[0])
    made.both(service, DCT.description, _SERVICE_NL[1], _SERVICE_EN[1])
    made.say(service, DCT.identifier, Literal(str(service)))
    made.say(service, DCAT.endpointURL, URIRef(address))
    made.say(service, DCAT.endpointDescription, URIRef(made.publisher.url("openapi.json")))
    made.say(service, DCAT.theme, made.theme("ENVI"))
    made.say(service, DCAT.keyword, *(Literal(*word) for word in terms.SERVICE_KEYWORDS))
    made.say(service, DCT.language, *made.languages())
    made.say(service, DCT.license, made.licence(made.publisher.licence, None))
    made.say(service, DCT.conformsTo, made.named(terms.OPENAPI, DCT.Standard))
    made.say(service, DCAT.servesDataset, *datasets)
    made.who(service)
    made.openly(service)


def _distribution(
    made: _Catalogue,
    dataset: URIRef,
    file: ReleasedFile,
    *,
    iri: str,
    download: str,
    access: str,
    schema: str,
    licence: URIRef,
    released: datetime,
) -> None:
    node = URIRef(iri)
    made.say(dataset, DCAT.distribution, node)
    made.say(node, RDF.type, DCAT.Distribution)
    ending = file.path.rsplit(".", 1)[-1]
    dutch, english = _FORMATS_NL.get(ending, ending), _FORMATS_EN.get(ending, ending)
    made.both(
        node,
        DCT.title,
        f"{file.title_nl} ({dutch})" if file.title_nl else dutch,
        f"{file.title_en} ({english})" if file.title_en else english,
    )
    made.say(node, DCAT.accessURL, made.document(access))
    made.say(node, DCAT.downloadURL, made.document(download))
    made.say(node, DCAT.accessService, made.service)
    made.say(node, DCAT.mediaType, made.named(terms.MEDIA_TYPE + file.media_type, DCT.MediaType))
    if ending in terms.FILE_TYPES:
        made.say(node, DCT["format"], made.named(terms.FILE_TYPE + terms.FILE_TYPES[ending], DCT.MediaTypeOrExtent))
    if file.role == "archive":
        made.say(node, DCAT.packageFormat, made.named(terms.MEDIA_TYPE + file.media_type, DCT.MediaType))
    made.say(node, DCAT.byteSize, Literal(str(file.bytes), datatype=XSD.nonNegativeInteger))
    made.say(node, DCT.license, licence)
    made.say(node, DCT.language, *made.languages())
    made.say(node, DCT.conformsTo, made.named(schema, DCT.Standard))
    made.say(node, DCATAP.availability, made.named(terms.STABLE, SKOS.Concept, "stabiel", "stable"))
    made.say(node, DCT.issued, made.moment(released))
    made.checksum(node, file.sha256)


def _origin(made: _Catalogue, dataset: URIRef, facts: ReleaseFacts) -> None:
    """The run that made this version, and the copies of sources that it used."""
    page = release_page(facts)
    run, statement = URIRef(thing_on(page, "run")), URIRef(thing_on(page, "provenance"))
    made.say(dataset, DCT.provenance, statement)
    made.say(statement, RDF.type, DCT.ProvenanceStatement)
    made.both(statement, SKOS.prefLabel, _PROVENANCE_NL, _PROVENANCE_EN)
    made.say(dataset, PROV.wasGeneratedBy, run)
    made.say(run, RDF.type, PROV.Activity)
    made.say(run, PROV.wasAssociatedWith, made.agent)
    made.say(run, PROV.endedAtTime, made.moment(facts.released_at))
    for source in facts.sources:
        name = source.get("source", "")
        copy = URIRef(thing_on(page, "source", name, source.get("vintage", "")))
        made.say(run, PROV.used, copy)
        made.say(copy, RDF.type, PROV.Entity)
        made.both(copy, DCT.title, source.get("title_nl", name), source.get("title_en", name))
        for predicate, column in (
            (DCT.identifier, "source"), (DCT.bibliographicCitation, "attribution"), (DCT.rights, "licence"),
        ):  # fmt: skip
            if terms.printable(source.get(column, "")):
                made.say(copy, predicate, Literal(terms.printable(source[column])))
        moment = retrieved(source)
        if terms.MOMENT.fullmatch(moment):
            made.say(copy, DCT.date, Literal(moment, datatype=XSD.dateTime, normalize=False))
        homepage = web_address(source.get("homepage"))
        made.say(copy, DCT.source, URIRef(homepage) if homepage else None)
        made.checksum(copy, source.get("sha256", ""))


def _years(made: _Catalogue, dataset: URIRef, facts: ReleaseFacts) -> None:
    if facts.years is None:
        return
    period = URIRef(thing_on(release_page(facts), "years"))
    made.say(dataset, DCT.temporal, period)
    made.say(period, RDF.type, DCT.PeriodOfTime)
    first, last = facts.years
    made.say(period, DCAT.startDate, Literal(f"{first:04d}-01-01", datatype=XSD.date, normalize=False))
    made.say(period, DCAT.endDate, Literal(f"{last:04d}-12-31", datatype=XSD.date, normalize=False))


def _dataset(made: _Catalogue, facts: ReleaseFacts, areas: Sequence[str], *, withdrawn: bool = False) -> URIRef:
    """A dataset with its newest release; one that was withdrawn as a whole says so and offers no file."""
    page = dataset_page(facts.publisher, facts.dataset)
    dataset = URIRef(dataset_iri(facts.publisher, facts.dataset))
    licence = made.licence(facts.licence.get("name", ""), facts.licence.get("path"))
    made.say(dataset, RDF.type, DCAT.Dataset)
    made.both(dataset, DCT.title, facts.text("title", "nl"), facts.text("title", "en"))
    made.both(dataset, DCT.description, facts.text("description", "nl"), facts.text("description", "en"))
    made.say(dataset, DCT.identifier, Literal(f"https://doi.org/{facts.doi}" if facts.doi else str(dataset)))
    made.say(dataset, DCAT.landingPage, made.document(page))
    english = made.document(dataset_page(facts.publisher, facts.dataset, "en"))
    made.say(dataset, FOAF.page, made.document(release_page(facts)), english)
    made.say(dataset, DCAT.theme, *(made.theme(code) for code in terms.themes(facts.descriptor)))
    made.say(dataset, DCAT.keyword, *(Literal(word) for word in map(terms.printable, facts.keywords) if word))
    made.say(dataset, DCT.language, *made.languages())
    made.say(dataset, DCT.license, licence)
    made.say(dataset, DCT.conformsTo, made.named(PROFILE, DCT.Standard))
    made.say(dataset, DCT.spatial, *(made.named(iri, DCT.Location) for iri in terms.countries(areas)))
    made.say(dataset, DCT.accrualPeriodicity, made.named(terms.WHENEVER_CHANGED, DCT.Frequency))
    made.say(dataset, DCT.issued, made.moment(facts.released_at))
    made.say(dataset, DCT.modified, made.moment(facts.released_at))
    made.say(dataset, DCAT.version, Literal(facts.version))
    made.who(dataset)
    made.openly(dataset)
    _years(made, dataset, facts)
    _origin(made, dataset, facts)
    if withdrawn:
        status = made.named(terms.WITHDRAWN, SKOS.Concept, "ingetrokken", "withdrawn")
        made.say(dataset, ADMS.status, status)
        return dataset
    for file in facts.files:
        if file.role in _OFFERED or file.path == "datapackage.json":
            _distribution(
                made,
                dataset,
                file,
                iri=thing_on(page, "file", file.path),
                download=file_address(facts, file.path),
                access=release_page(facts),
                schema=PROFILE if file.path == "datapackage.json" else file_address(facts, "datapackage.json"),
                licence=licence,
                released=facts.released_at,
            )
    return dataset


def _whole(made: _Catalogue, releases: Sequence[ReleaseFacts], file: ReleasedFile) -> URIRef:
    """The one file over all datasets, as a dataset of its own: its rows are those of all others."""
    publisher = made.publisher
    dataset = URIRef(thing_on(publisher.address, "all"))
    newest = max(facts.released_at for facts in releases).astimezone(UTC)
    licence = made.licence(publisher.licence, None)
    made.say(dataset, RDF.type, DCAT.Dataset)
    made.both(dataset, DCT.title, _WHOLE_NL[0], _WHOLE_EN[0])
    made.both(dataset, DCT.description, _WHOLE_NL[1], _WHOLE_EN[1])
    made.say(dataset, DCT.identifier, Literal(str(dataset)))
    made.say(dataset, DCAT.landingPage, made.document(publisher.address))
    made.say(dataset, FOAF.page, made.document(publisher.address), made.document(publisher.url("en/")))
    made.say(dataset, DCAT.theme, made.theme("ENVI"), made.theme("ECON"))
    made.say(dataset, DCAT.keyword, *(Literal(*word) for word in terms.SERVICE_KEYWORDS))
    made.say(dataset, DCT.language, *made.languages())
    made.say(dataset, DCT.license, licence)
    made.say(dataset, DCT.conformsTo, made.named(terms.SQLITE, DCT.Standard))
    made.say(dataset, DCT.spatial, *(made.named(iri, DCT.Location) for iri in terms.countries(())))
    made.say(dataset, DCT.accrualPeriodicity, made.named(terms.WHENEVER_CHANGED, DCT.Frequency))
    made.say(dataset, DCT.modified, made.moment(newest))
    made.say(dataset, DCT.hasPart, *(URIRef(dataset_iri(publisher, facts.dataset)) for facts in releases))
    made.who(dataset)
    made.openly(dataset)
    _distribution(
        made,
        dataset,
        file,
        iri=thing_on(publisher.address, "file", file.path),
        download=publisher.url(path_part(file.path).replace("%2F", "/")),
        access=publisher.address,
        schema=terms.SQLITE,
        licence=licence,
        released=newest,
    )
    return dataset


def catalogue(
    publisher: Publisher,
    releases: Sequence[ReleaseFacts],
    database: ReleasedFile | None = None,
    *,
    areas: Mapping[str, Sequence[str]] | None = None,
    withdrawn: Sequence[ReleaseFacts] = (),
) -> Graph:
    """The catalogue of the newest release of each dataset, in any order; at least one.

    `withdrawn` are the newest tombstones of datasets of which no release stands.
    `database` is the file over all packages, its path below the published folder. `areas` gives by dataset the codes
    of list `geo` on which it has figures; without it a dataset is about the Netherlands only. Every node has an IRI.
    """
    every = (*releases, *withdrawn)
    if not every:
        raise ValueError("a catalogue holds at least one dataset; publish a release first")
    made = _Catalogue(publisher)
    ordered = sorted(releases, key=lambda facts: facts.dataset)
    _people(made)
    datasets = [_dataset(made, facts, (areas or {}).get(facts.dataset, ())) for facts in ordered]
    datasets += [
        _dataset(made, facts, (), withdrawn=True) for facts in sorted(withdrawn, key=lambda facts: facts.dataset)
    ]
    if database is not None:
        datasets.append(_whole(made, ordered, database))
    _service(made, datasets)
    node = URIRef(thing_on(publisher.address, "catalogue"))
    made.say(node, RDF.type, DCAT.Catalog)
    made.both(node, DCT.title, publisher.title_nl, publisher.title_en)
    made.both(node, DCT.description, publisher.description_nl, publisher.description_en)
    made.say(node, FOAF.homepage, made.document(publisher.address))
    made.say(node, DCT.language, *made.languages())
    made.say(node, DCT.license, made.licence(publisher.licence, None))
    made.say(node, DCT.issued, made.moment(min(facts.released_at for facts in every)))
    made.say(node, DCT.modified, made.moment(max(facts.released_at for facts in every)))
    made.say(node, DCT.spatial, *(made.named(iri, DCT.Location) for iri in terms.countries(())))
    made.say(node, DCAT.themeTaxonomy, made.named(terms.THEME.rstrip("/"), SKOS.ConceptScheme))
    made.both(URIRef(terms.THEME.rstrip("/")), DCT.title, "Gegevensthema", "Data theme")
    made.say(node, DCT.conformsTo, made.named(terms.DCAT_AP_NL, DCT.Standard))
    made.say(node, DCAT.dataset, *datasets)
    made.say(node, DCAT.service, made.service)
    made.who(node)
    return made.graph

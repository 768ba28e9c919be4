"""A graph as Turtle, JSON-LD and RDF/XML: sorted, so that the same statements give the same bytes.

Here: the three notations. Not here: what is said (`dcat.py`). rdflib's own writers keep no order in two of the three
and take four times as long for a catalogue of fifty datasets.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape

from rdflib import Graph, Literal, URIRef
from rdflib.namespace import RDF, XSD
from rdflib.term import Node

from publish.descriptor import json_bytes
from publish.metadata.dcat_terms import PREFIXES

_NOT_IN_AN_IRI = re.compile(r'[\x00-\x20<>"{}|^`\\]')
_LOCAL = re.compile("[A-Za-z][A-Za-z0-9_]*")
_TURTLE_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_TURTLE_SPECIAL = re.compile(r'[\\"\n\r\t]')
_Statements = dict[str, list[tuple[str, list[Node]]]]


def _iri(node: Node) -> str:
    if not isinstance(node, URIRef) or _NOT_IN_AN_IRI.search(node):
        raise ValueError(f"{node!r} is no IRI of the catalogue; expected an address without spaces, quotes or brackets")
    return str(node)


def _order(node: Node) -> tuple[str, str, str, str]:
    if isinstance(node, Literal):
        return "literal", str(node), node.language or "", str(node.datatype or "")
    return "iri", _iri(node), "", ""


def _statements(graph: Graph) -> _Statements:
    """By subject and predicate, types first, all sorted."""
    by_subject: dict[str, dict[str, list[Node]]] = {}
    for subject, predicate, value in graph:
        by_subject.setdefault(_iri(subject), {}).setdefault(_iri(predicate), []).append(value)
    kind = str(RDF.type)
    return {
        subject: [
            (predicate, sorted(values, key=_order))
            for predicate, values in sorted(said.items(), key=lambda item: (item[0] != kind, item[0]))
        ]
        for subject, said in sorted(by_subject.items())
    }


class _Names:
    """Prefixed names of terms; each is looked up once."""

    def __init__(self) -> None:
        self._known: dict[str, str | None] = {}

    def prefixed(self, iri: str) -> str | None:
        """`dct:title`, or None where no prefix fits."""
        if iri not in self._known:
            found = None
            for prefix, namespace in PREFIXES.items():
                local = iri.removeprefix(str(namespace))
                if local != iri and _LOCAL.fullmatch(local):
                    found = f"{prefix}:{local}"
            self._known[iri] = found
        return self._known[iri]

    def predicate(self, iri: str) -> str:
        name = self.prefixed(iri)
        if name is None:
            raise ValueError(f"the property {iri} is in none of our namespaces; add its prefix to dcat_terms.PREFIXES")
        return name


def _turtle(statements: _Statements, names: _Names) -> Iterator[str]:
    def term(node: Node) -> str:
        if not isinstance(node, Literal):
            iri = _iri(node)
            return names.prefixed(iri) or f"<{iri}>"
        text = '"' + _TURTLE_SPECIAL.sub(lambda found: _TURTLE_ESCAPES[found.group()], str(node)) + '"'
        if node.language:
            return f"{text}@{node.language}"
        return f"{text}^^{term(node.datatype)}" if node.datatype and node.datatype != XSD.string else text

    for prefix, namespace in PREFIXES.items():
        yield f"@prefix {prefix}: <{namespace}> .\n"
    for subject, said in statements.items():
        lines = [
            f"    {'a' if predicate == str(RDF.type) else names.predicate(predicate)} {', '.join(map(term, values))}"
            for predicate, values in said
        ]
        yield f"\n<{subject}>\n" + " ;\n".join(lines) + " .\n"


def _rdf_xml(statements: _Statements, names: _Names) -> Iterator[str]:
    def element(predicate: str, value: Node) -> str:
        name = names.predicate(predicate)
        if not isinstance(value, Literal):
            return f'    <{name} rdf:resource="{escape(_iri(value))}"/>\n'
        kind = ""
        if value.language:
            kind = f' xml:lang="{value.language}"'
        elif value.datatype and value.datatype != XSD.string:
            kind = f' rdf:datatype="{escape(str(value.datatype))}"'
        return f"    <{name}{kind}>{escape(str(value), quote=False)}</{name}>\n"

    spaces = "".join(f'\n    xmlns:{prefix}="{namespace}"' for prefix, namespace in PREFIXES.items())
    yield f'<?xml version="1.0" encoding="UTF-8"?>\n<rdf:RDF{spaces}>\n'
    for subject, said in statements.items():
        inner = "".join(element(predicate, value) for predicate, values in said for value in values)
        yield f'  <rdf:Description rdf:about="{escape(subject)}">\n{inner}  </rdf:Description>\n'
    yield "</rdf:RDF>\n"


def _json_ld(statements: _Statements, names: _Names) -> bytes:
    def value(node: Node) -> dict[str, str]:
        if not isinstance(node, Literal):
            return {"@id": _iri(node)}
        if node.language:
            return {"@value": str(node), "@language": node.language}
        if node.datatype and node.datatype != XSD.string:
            return {"@value": str(node), "@type": names.prefixed(str(node.datatype)) or str(node.datatype)}
        return {"@value": str(node)}

    nodes = []
    for subject, said in statements.items():
        node: dict[str, object] = {"@id": subject}
        for predicate, values in said:
            if predicate == str(RDF.type):
                node["@type"] = [names.prefixed(_iri(kind)) or _iri(kind) for kind in values]
            else:
                node[names.predicate(predicate)] = [value(each) for each in values]
        nodes.append(node)
    return json_bytes({"@context": {prefix: str(space) for prefix, space in PREFIXES.items()}, "@graph": nodes})


def serialised(graph: Graph) -> dict[str, bytes]:
    """The files `catalog.ttl`, `catalog.jsonld` and `catalog.rdf` of a graph without blank nodes.

    Raises ValueError for a node that is no proper IRI, and for a property without a prefix of ours.
    """
    statements, names = _statements(graph), _Names()
    return {
        "catalog.ttl": "".join(_turtle(statements, names)).encode(),
        "catalog.jsonld": _json_ld(statements, names),
        "catalog.rdf": "".join(_rdf_xml(statements, names)).encode(),
    }

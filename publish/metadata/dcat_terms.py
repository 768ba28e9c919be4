"""The terms of others that our catalogue uses: namespaces, code lists of the EU, licences, countries.

Here: their addresses and which of them fits what we have. Not here: the statements themselves (`dcat.py`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from rdflib import Namespace
from rdflib.namespace import DCTERMS, FOAF, PROV, RDF, SKOS, XSD

from publish.metadata.addresses import web_address

# rdflib's own DCAT lacks `version` and warns of it
DCAT = Namespace("http://www.w3.org/ns/dcat#")
DCATAP = Namespace("http://data.europa.eu/r5r/")
ADMS = Namespace("http://www.w3.org/ns/adms#")
SPDX = Namespace("http://spdx.org/rdf/terms#")
VCARD = Namespace("http://www.w3.org/2006/vcard/ns#")
PREFIXES = {
    "adms": ADMS, "dcat": DCAT, "dcatap": DCATAP, "dct": DCTERMS, "foaf": FOAF, "prov": PROV, "rdf": RDF, "skos": SKOS,
    "spdx": SPDX, "vcard": VCARD, "xsd": XSD,
}  # fmt: skip

_EU = "http://publications.europa.eu/resource/authority/"
LANGUAGE, THEME, FILE_TYPE = f"{_EU}language/", f"{_EU}data-theme/", f"{_EU}file-type/"
PUBLIC = f"{_EU}access-right/PUBLIC"
WITHDRAWN = f"{_EU}dataset-status/WITHDRAWN"
STABLE = f"{_EU}planned-availability/STABLE"
# A release comes when a figure changed, and only then
WHENEVER_CHANGED = f"{_EU}frequency/IRREG"
MEDIA_TYPE = "https://www.iana.org/assignments/media-types/"
SHA256 = "http://spdx.org/rdf/terms#checksumAlgorithm_sha256"
OPENAPI = "https://spec.openapis.org/oas/v3.1.0"
SQLITE = "https://www.sqlite.org/fileformat2.html"
DCAT_AP_NL = "https://docs.geostandaarden.nl/dcat/dcat-ap-nl30/"
# The list of the EU has no code for SQLite
FILE_TYPES = {"csv": "CSV", "parquet": "PARQUET", "xlsx": "XLSX", "zip": "ZIP", "json": "JSON"}
THEMES = {
    "ENVI": ("Milieu", "Environment"),
    "ECON": ("Economie en financiën", "Economy and finance"),
    "GOVE": ("Overheid en publieke sector", "Government and public sector"),
}
# Producer responsibility and materials touch the economy; how municipalities and chain tables act is government
_SECOND_THEME = {"governance": "GOVE", "municipal": "GOVE"}
# In the form of the list of licences of DCAT-AP-NL
_LICENCES = {
    "CC-BY-4.0": "http://creativecommons.org/licenses/by/4.0/deed.nl",
    "CC0-1.0": "http://creativecommons.org/publicdomain/zero/1.0/deed.nl",
}
_NO_OPEN_LICENCE = "http://standaarden.overheid.nl/owms/terms/licentieonbekend"
SERVICE_KEYWORDS = (
    ("circulaire economie", "nl"), ("producentenverantwoordelijkheid", "nl"), ("afval", "nl"),
    ("circular economy", "en"), ("extended producer responsibility", "en"), ("waste", "en"),
)  # fmt: skip
# Eurostat's codes of list `geo` that are countries, in the codes of the EU's list of countries (ISO 3166-1 alpha-3)
_COUNTRIES = {
    "NL": "NLD", "AT": "AUT", "BE": "BEL", "BG": "BGR", "CY": "CYP", "CZ": "CZE", "DE": "DEU", "DK": "DNK", "EE": "EST",
    "EL": "GRC", "ES": "ESP", "FI": "FIN", "FR": "FRA", "HR": "HRV", "HU": "HUN", "IE": "IRL", "IT": "ITA", "LT": "LTU",
    "LU": "LUX", "LV": "LVA", "MT": "MLT", "PL": "POL", "PT": "PRT", "RO": "ROU", "SE": "SWE", "SI": "SVN", "SK": "SVK",
    "IS": "ISL", "LI": "LIE", "NO": "NOR", "CH": "CHE", "UK": "GBR", "AD": "AND", "AL": "ALB", "AM": "ARM", "AZ": "AZE",
    "BA": "BIH", "BY": "BLR", "GE": "GEO", "MC": "MCO", "MD": "MDA", "ME": "MNE", "MK": "MKD", "RS": "SRB", "RU": "RUS",
    "SM": "SMR", "TR": "TUR", "UA": "UKR",
}  # fmt: skip
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
CHECKSUM = re.compile("[0-9a-f]{64}")
# What neither XML nor Turtle may hold
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def printable(text: str) -> str:
    """The text without characters that RDF/XML refuses, lone carriage returns as line breaks, stripped."""
    return _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", text.replace("\r\n", "\n").replace("\r", "\n")).strip()


def mail_part(address: str) -> str:
    """What follows `mailto:`."""
    return quote(printable(address), safe="@+-._~")


def licence_iri(name: str, path: str | None) -> str:
    """The licence as DCAT-AP-NL lists it, else where its text stands, else the one that says that none is known."""
    return _LICENCES.get(name) or web_address(path) or _NO_OPEN_LICENCE


def themes(descriptor: Mapping[str, Any]) -> tuple[str, str]:
    """The data themes of a dataset: environment, and by its chain table economy or government."""
    return "ENVI", _SECOND_THEME.get(str(descriptor.get("upv:chainTable", "")), "ECON")


def countries(areas: Iterable[str]) -> list[str]:
    """The countries among codes of list `geo`, the Netherlands always; aggregates such as EU27_2020 are none."""
    codes = dict.fromkeys(["NL", *sorted(areas)])
    return [f"{_EU}country/{_COUNTRIES[code]}" for code in codes if code in _COUNTRIES]

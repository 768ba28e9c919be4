"""How a release is cited: CITATION.cff, and the same citation as APA, BibTeX and RIS for pages.

Here: the words and the escaping of each form. Not here: the DOI record (`datacite.py`).
"""

from __future__ import annotations

import re
from datetime import UTC
from typing import Any, Literal

import yaml

from publish.release_facts import ReleaseFacts
from publish.unseen import one_line

# The licences of our contracts that CFF knows by name (SPDX); any other is given by its address.
_SPDX = ("CC-BY-4.0", "CC0-1.0", "CC-BY-SA-4.0", "ODbL-1.0", "ODC-By-1.0", "PDDL-1.0")
_MESSAGE = (
    "Gebruikt u deze gegevens, noem dan deze versie. / If you use these data, please cite this version of the dataset."
)
_LATEX = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "#": r"\#", "$": r"\$", "%": r"\%", "&": r"\&", "_": r"\_",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
}  # fmt: skip


def release_address(facts: ReleaseFacts) -> str:
    """The address that a citation gives: that of the DOI where there is one, else that of this very version."""
    return f"https://doi.org/{facts.doi}" if facts.doi else facts.publisher.url(facts.folder)


def release_date(facts: ReleaseFacts) -> str:
    """The day of the release in UTC, as 2026-11-21."""
    return facts.released_at.astimezone(UTC).date().isoformat()


def citation_cff(facts: ReleaseFacts) -> bytes:
    """`CITATION.cff` 1.2.0 of one release, titled in Dutch as its descriptor is; the abstract is in both languages."""
    licence = facts.licence
    known = licence.get("name") in _SPDX
    given: dict[str, Any] = {
        "cff-version": "1.2.0",
        "message": _MESSAGE,
        "type": "dataset",
        "title": one_line(facts.text("title", "nl")),
        "abstract": f"{one_line(facts.text('description', 'nl'))}\n\n{one_line(facts.text('description', 'en'))}",
        "authors": [{"name": facts.publisher.name}],
        "contact": [{"name": facts.publisher.contact_name, "email": facts.publisher.contact_email}],
        "version": facts.version,
        "date-released": release_date(facts),
        "license": licence["name"] if known else None,
        "license-url": None if known else licence.get("path"),
        "url": facts.publisher.url(facts.folder),
        "doi": facts.doi,
        "keywords": list(dict.fromkeys(one_line(word) for word in facts.keywords)),
    }
    kept = {name: value for name, value in given.items() if value}
    text: str = yaml.safe_dump(kept, sort_keys=False, allow_unicode=True, width=100)
    return text.encode()


def _apa(facts: ReleaseFacts, title: str, language: Literal["nl", "en"]) -> str:
    version = f"versie {facts.version}" if language == "nl" else f"Version {facts.version}"
    kind = "Dataset" if language == "nl" else "Data set"
    year = release_date(facts)[:4]
    return f"{facts.publisher.name}. ({year}). {title} ({version}) [{kind}]. {release_address(facts)}"


def _bibtex(facts: ReleaseFacts, title: str, language: Literal["nl", "en"]) -> str:
    def escaped(text: str) -> str:
        return "".join(_LATEX.get(character, character) for character in one_line(text))

    key = re.sub("[^a-z0-9]+", "_", f"{facts.publisher.name} {facts.dataset} {facts.version}".lower()).strip("_")
    fields = {
        # twice in braces: an organisation is no first and last name, and a title keeps its capitals
        "author": f"{{{escaped(facts.publisher.name)}}}",
        "title": f"{{{escaped(title)}}}",
        "year": release_date(facts)[:4],
        "version": escaped(facts.version),
        "publisher": f"{{{escaped(facts.publisher.name)}}}",
        "howpublished": "Dataset" if language == "nl" else "Data set",
        "doi": facts.doi,
        "url": release_address(facts),
    }
    lines = [f"  {name} = {{{value}}}" for name, value in fields.items() if value]
    return f"@misc{{{key},\n" + ",\n".join(lines) + "\n}\n"


def _ris(facts: ReleaseFacts, title: str, language: Literal["nl", "en"]) -> str:
    tags = [
        ("TY", "DATA"),
        ("AU", facts.publisher.name),
        ("TI", title),
        ("PY", release_date(facts)[:4]),
        ("DA", release_date(facts).replace("-", "/")),
        ("ET", facts.version),
        ("PB", facts.publisher.name),
        ("AB", facts.text("description", language)),
        *(("KW", word) for word in facts.keywords),
        ("LA", language),
        ("DO", facts.doi or ""),
        ("UR", release_address(facts)),
    ]
    lines = [f"{tag}  - {one_line(value)}" for tag, value in tags if value]
    return "\n".join([*lines, "ER  - ", ""])


def citations(facts: ReleaseFacts, language: Literal["nl", "en"]) -> dict[str, str]:
    """The citation of a release as `apa` (one line), `bibtex` and `ris`, as plain text; a page escapes it."""
    title = one_line(facts.text("title", language))
    return {
        "apa": _apa(facts, title, language),
        "bibtex": _bibtex(facts, title, language),
        "ris": _ris(facts, title, language),
    }

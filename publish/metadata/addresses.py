"""The addresses that the metadata of a release names: pages, files, and identifiers that are no page.

Here: putting them together so that no text of a contract or source can break an IRI. Not here: the address of the
published folder itself (`Publisher.address`).
"""

from __future__ import annotations

import re
from typing import Literal
from urllib.parse import quote

from publish.release_facts import Publisher, ReleaseFacts

# What an IRI may hold as it stands; all else is percent-encoded. `%` stays, as an address may be encoded already.
_IN_AN_IRI = "!#$%&'()*+,/:;=?@~-._"

_WEB = re.compile(r"https?://[A-Za-z0-9.-]+(:\d+)?([/?#]|$)")


def path_part(text: str) -> str:
    """Any text as one safe part of a path or fragment."""
    return quote(text.encode("utf-8", "replace"), safe="-._~")


def web_address(text: str | None) -> str | None:
    """A given http(s) address, percent-encoded where needed; None where it is no such address."""
    if not text or any(character.isspace() for character in text.strip()):
        return None
    encoded = quote(text.strip().encode("utf-8", "replace"), safe=_IN_AN_IRI)
    return encoded if _WEB.match(encoded) else None


def file_address(facts: ReleaseFacts, path: str) -> str:
    """The address of one file of this very version."""
    return facts.publisher.url(facts.folder) + quote(path.encode("utf-8", "replace"), safe="/-._~")


def release_page(facts: ReleaseFacts) -> str:
    """The page of this version."""
    return facts.publisher.url(facts.folder)


def dataset_page(publisher: Publisher, dataset: str, language: Literal["nl", "en"] = "nl") -> str:
    """The page of a dataset, which shows its newest version."""
    return publisher.url(("en/" if language == "en" else "") + f"datasets/{path_part(dataset)}/")


def dataset_iri(publisher: Publisher, dataset: str) -> str:
    """The dataset itself, whatever its version: an address that leads to its page."""
    return dataset_page(publisher, dataset) + "#dataset"


def thing_on(page: str, *names: str) -> str:
    """Something described on a page, as a fragment of its address."""
    return page + "#" + "-".join(path_part(name) for name in names)

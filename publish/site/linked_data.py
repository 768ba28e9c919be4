"""schema.org for pages that are about no single dataset: the page, its place in the site, an indicator as a term.

Here: what the site adds. Not here: datasets and the catalogue (`publish/metadata/schema_org.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from publish.numbers_and_dates import Language
from publish.release_facts import Publisher


def web_page(
    publisher: Publisher,
    language: Language,
    *,
    address: str,
    title: str,
    description: str,
    crumbs: Sequence[tuple[str, str]],
    about: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """A page with its breadcrumbs. `crumbs` are titles with full addresses; `about` is the thing that it tells of."""
    steps = [
        {"@type": "ListItem", "position": position, "name": name, "item": place}
        for position, (name, place) in enumerate(crumbs, start=1)
    ]
    return {
        "@context": "https://schema.org",
        "@type": "WebPage",
        "@id": address,
        "url": address,
        "name": title,
        "description": description,
        "inLanguage": language,
        "isPartOf": {
            "@type": "WebSite",
            "url": publisher.address,
            "name": publisher.title_nl if language == "nl" else publisher.title_en,
        },
        "breadcrumb": {"@type": "BreadcrumbList", "itemListElement": steps},
        **({"mainEntity": dict(about)} if about else {}),
    }


def indicator_term(
    publisher: Publisher, code: str, name: str, description: str, dataset_address: str
) -> dict[str, Any]:
    """An indicator as a term of our list, with the dataset that holds its figures."""
    term = {
        "@type": "DefinedTerm",
        "@id": publisher.url(f"indicators/{code}/"),
        "termCode": code,
        "name": name,
        "description": description,
        "inDefinedTermSet": publisher.url("indicators/"),
        "subjectOf": {"@type": "Dataset", "@id": dataset_address, "url": dataset_address},
    }
    return {key: value for key, value in term.items() if value}

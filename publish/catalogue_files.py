"""What machines read of the whole folder: Atom feeds, sitemap, robots.txt, and what `index.json` says of each dataset.

Here: their bytes, from versions and addresses. Not here: DCAT (`metadata/dcat.py`), and the pages that feeds and
sitemap point to (`site/`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from publish.numbers_and_dates import Language
from publish.release_facts import Publisher, ReleaseFacts

# Entries of one feed: readers ask again long before so many releases have passed.
MOST_ENTRIES = 50
# The limit of the sitemap protocol is 50,000 addresses to a file.
MOST_ADDRESSES = 49_000
# Characters that XML 1.0 does not allow, whatever the escape.
_REFUSED = dict.fromkeys((*range(9), 11, 12, *range(14, 32), 65534, 65535, *range(55296, 57344)))


@dataclass(frozen=True)
class FeedEntry:
    """One release in a feed. `page` is its page, `summary` what changed in words; `updated` as ISO 8601."""

    dataset: str
    version: str
    title: str
    summary: str
    updated: str
    page: str


@dataclass(frozen=True)
class Address:
    """One page in the sitemap, in both languages, with the day on which its content last changed (or nothing)."""

    nl: str
    en: str
    day: str = ""


def xml_text(text: str) -> str:
    """A text inside an element: escaped, without the characters that XML refuses."""
    return escape(text.translate(_REFUSED))


def _attribute(text: str) -> str:
    return quoteattr(text.translate(_REFUSED))


def atom_feed(
    publisher: Publisher, entries: Sequence[FeedEntry], *, title: str, path: str, page: str, language: Language
) -> bytes:
    """An Atom feed (RFC 4287) of releases, newest first. `path` is its own place, `page` that of the page beside it.

    Ids never change: they are the address of the release folder in the language of the feed.
    """
    newest = sorted(entries, key=lambda entry: (entry.updated, entry.dataset, entry.version), reverse=True)[
        :MOST_ENTRIES
    ]
    own = publisher.url(path)
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>',
        f'<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="{language}">',
        f"<title>{xml_text(title)}</title>",
        f"<id>{xml_text(own)}</id>",
        f'<link rel="self" type="application/atom+xml" href={_attribute(own)}/>',
        f'<link rel="alternate" type="text/html" href={_attribute(publisher.url(page))}/>',
        f"<updated>{newest[0].updated if newest else '1970-01-01T00:00:00Z'}</updated>",
        f"<author><name>{xml_text(publisher.name)}</name><email>{xml_text(publisher.contact_email)}</email></author>",
    ]
    for entry in newest:
        address = publisher.url(entry.page)
        lines += [
            "<entry>",
            f"<title>{xml_text(entry.title)}</title>",
            f"<id>{xml_text(address)}</id>",
            f'<link rel="alternate" type="text/html" href={_attribute(address)}/>',
            f"<updated>{entry.updated}</updated>",
            f"<summary>{xml_text(entry.summary)}</summary>",
            "</entry>",
        ]
    return ("\n".join([*lines, "</feed>"]) + "\n").encode("utf-8")


def sitemap(publisher: Publisher, addresses: Iterable[Address]) -> bytes:
    """A sitemap with both languages of every page; what is over the limit of the protocol is left out at the end."""
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>',
        '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:xhtml="http://www.w3.org/1999/xhtml">',
    ]
    for address in list(addresses)[: MOST_ADDRESSES // 2]:
        places = (("nl", publisher.url(address.nl)), ("en", publisher.url(address.en)))
        others = "".join(
            f'<xhtml:link rel="alternate" hreflang="{code}" href={_attribute(place)}/>' for code, place in places
        )
        changed = f"<lastmod>{address.day}</lastmod>" if address.day else ""
        lines += [f"<url><loc>{xml_text(place)}</loc>{changed}{others}</url>" for _, place in places]
    return ("\n".join([*lines, "</urlset>"]) + "\n").encode("utf-8")


def robots(publisher: Publisher) -> bytes:
    """Everything may be read by everybody; here is the sitemap."""
    return f"User-agent: *\nAllow: /\n\nSitemap: {publisher.url('sitemap.xml')}\n".encode()


def index_additions(facts: ReleaseFacts) -> dict[str, Any]:
    """What `index.json` can say of a dataset beside its newest release: pages, feed, years, licence, words, formats."""
    home = f"datasets/{facts.dataset}/"
    return {
        "page": home,
        "page_en": f"en/{home}",
        "feed": f"{home}feed.atom",
        "first_year": facts.years[0] if facts.years else None,
        "last_year": facts.years[1] if facts.years else None,
        "licence": facts.descriptor["licenses"][0].get("name") if facts.descriptor.get("licenses") else None,
        "keywords": list(facts.keywords),
        "formats": sorted(
            {
                item.path.rsplit(".", 1)[-1]
                for item in facts.files
                if item.role in ("table", "alternate", "workbook", "archive")
            }
        ),
    }

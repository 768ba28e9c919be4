"""From a template and its facts to the bytes of a page: links that work under any address, two languages, one frame.

Here: what all pages share. Not here: what one page says (`*_page.py`) or which pages there are (`building.py`).
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import jinja2
from markupsafe import Markup, escape

from publish.numbers_and_dates import Language
from publish.release_facts import Publisher
from publish.site import linked_data, numbers
from publish.site.numbers import LANGUAGES
from publish.site.texts import texts_in
from publish.unseen import visible

TEMPLATES = Path(__file__).parent / "templates"
STATIC = Path(__file__).parent / "static"
INDEX = "index.html"
_CODE = re.compile(r"`([^`]+)`")
_LINK = re.compile(r"\[([^\]]+)\]\(([^)\s]+)\)")


def in_language(path: str, language: Language) -> str:
    """Where the page of one language stands: Dutch at the root, English below `en/`."""
    return path if language == "nl" else f"en/{path}"


def folder_address(path: str) -> str:
    """The address of a page as it is shown: `datasets/x/index.html` is `datasets/x/`."""
    return path.removesuffix(INDEX) if path == INDEX or path.endswith("/" + INDEX) else path


@dataclass(frozen=True)
class Links:
    """Links from one page, relative, so that the folder works wherever it is put.

    `root` is given for the one page that is served at any address (404): its links then start there.
    """

    path: str
    language: Language
    root: str | None = None

    def file(self, target: str) -> str:
        """To a file or folder below the published folder, the same in both languages."""
        target = quote(folder_address(target))
        if self.root is not None:
            return self.root + target
        start = posixpath.dirname(in_language(self.path, self.language))
        relative = posixpath.relpath("/" + target, "/" + start)
        return relative + "/" if (target == "" or target.endswith("/")) else relative

    def page(self, target: str) -> str:
        """To another page in the same language; `target` is its path without the language."""
        return self.file(in_language(target, self.language))

    def other(self, language: Language) -> str:
        """To this page in another language."""
        return self.file(in_language(self.path, language))


@dataclass(frozen=True)
class Page:
    """One page in one language before it is drawn. `path` is without the language.

    `json_ld` is its schema.org; without it the page describes itself, and `about` as what it tells of.
    """

    path: str
    template: str
    title: str
    description: str
    facts: Mapping[str, Any]
    section: str = ""
    crumbs: Sequence[tuple[str, str]] = ()
    json_ld: Any = None
    feeds: Sequence[tuple[str, str]] = ()
    indexed: bool = True
    about: Mapping[str, Any] | None = None


def rich(text: str) -> Markup:
    """A text of ours with `code` and [links](address) as HTML; all else is escaped."""
    html = str(escape(text))
    html = _CODE.sub(r"<code>\1</code>", html)
    return Markup(_LINK.sub(r'<a href="\2">\1</a>', html))  # noqa: S704 - escaped above


def shown(value: Any) -> Any:
    """What a template puts into a page: texts without characters that are not seen, all else as it is."""
    if isinstance(value, Markup):
        return Markup(visible(value))  # noqa: S704 - it was Markup already
    return visible(value) if isinstance(value, str) else value


def _time(text: str, language: Language) -> Markup:
    machine = numbers.machine_day(text)
    shown = numbers.day(text, language)
    return Markup('<time datetime="{}">{}</time>').format(machine, shown) if machine else escape(shown)


@cache
def _environment(language: Language) -> jinja2.Environment:
    from publish.site.feeds import change_in_words

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=shown,
        extensions=["jinja2.ext.do"],
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.globals.update(t=texts_in(language), language=language)
    environment.filters.update(
        rich=rich,
        number=lambda value, decimals=None: numbers.number(value, decimals, language),
        count=lambda value: numbers.count(value, language),
        size=lambda value: numbers.size(value, language),
        day=lambda text: _time(text, language),
        span=numbers.span,
        change=lambda entry: change_in_words(entry, language),
    )
    return environment


def _own_json_ld(page: Page, language: Language, publisher: Publisher) -> dict[str, Any]:
    def address(path: str) -> str:
        return publisher.url(folder_address(in_language(path, language)))

    home = (texts_in(language)("common.home"), address(""))
    crumbs = [home, *((name, address(path or page.path)) for name, path in page.crumbs)]
    return linked_data.web_page(
        publisher,
        language,
        address=address(page.path),
        title=page.title,
        description=page.description,
        crumbs=crumbs,
        about=page.about,
    )


def draw(page: Page, language: Language, publisher: Publisher) -> bytes:
    """The bytes of a page. Raises jinja2.UndefinedError where its facts lack what the template asks for."""
    from publish.metadata import schema_org

    root = urlsplit(publisher.address).path or "/"
    links = Links(page.path, language, None if page.indexed else root)
    addresses = {code: publisher.url(folder_address(in_language(page.path, code))) for code in LANGUAGES}
    json_ld = Markup(schema_org.script_text(page.json_ld or _own_json_ld(page, language, publisher)))  # noqa: S704
    html = (
        _environment(language)
        .get_template(page.template)
        .render(page=page, links=links, addresses=addresses, publisher=publisher, json_ld=json_ld, **page.facts)
    )
    return (html.strip() + "\n").encode("utf-8")

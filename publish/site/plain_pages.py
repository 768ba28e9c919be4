"""Pages made of words: about, how to cite, licence, accessibility, not found; and the list of datasets.

Here: which sections they have. Not here: the words (`texts/about.yaml` and its neighbours).
"""

from __future__ import annotations

from publish.numbers_and_dates import Language
from publish.release_facts import ReleaseFacts
from publish.site.catalogue import Catalogue
from publish.site.codes import Codes
from publish.site.numbers import day, span
from publish.site.rendering import Page
from publish.site.texts import texts_in

# Page -> its sections: each has a title and a text of one or more paragraphs.
SECTIONS = {
    "about": ("what", "figures", "versions", "formats", "addresses", "mistakes"),
    "citing": ("which", "how", "figure", "tools"),
    "licence": ("ours", "sources", "software"),
    "accessibility": ("aim", "tested", "known", "report"),
}


def prose_page(catalogue: Catalogue, name: str, facts: list[ReleaseFacts], language: Language) -> Page:
    """One of the pages of words. Its date is that of the newest release: nothing here asks a clock."""
    t = texts_in(language)
    publisher = catalogue.publisher
    newest = max((entry.released_at for entry in catalogue.current.values()), default="")
    given = {
        "email": publisher.contact_email,
        "address": publisher.address,
        "name": publisher.name,
        "day": day(newest, language),
    }
    sections = [
        (
            section,
            t(f"{name}.{section}_title"),
            [part.strip() for part in t(f"{name}.{section}", **given).split("\n\n")],
        )
        for section in SECTIONS[name]
    ]
    example = facts[0] if facts and name == "citing" else None
    return Page(
        f"{name}/index.html",
        "prose.html.j2",
        t(f"{name}.title"),
        t(f"{name}.description"),
        {"sections": sections, "newest": newest, "example": _citation(example, language)},
        section=name,
        crumbs=((t(f"{name}.title"), ""),),
    )


def _citation(facts: ReleaseFacts | None, language: Language) -> str:
    from publish.metadata import citation

    return "" if facts is None else citation.citations(facts, language)["apa"]


def datasets_page(catalogue: Catalogue, facts: list[ReleaseFacts], language: Language) -> Page:
    """All datasets with their years, size and newest version; those withdrawn as a whole are named too."""
    t = texts_in(language)
    rows = [
        {
            "dataset": item.dataset,
            "title": item.text("title", language),
            "description": item.text("description", language),
            "theme": _theme(catalogue, item.dataset, language),
            "version": item.version,
            "released_at": item.released_at.isoformat(),
            "years": span(item.years),
            "rows": sum(file.rows or 0 for file in item.files if file.role == "table"),
            "releases": len(catalogue.versions[item.dataset]),
        }
        for item in facts
    ]
    return Page(
        "datasets/index.html",
        "datasets.html.j2",
        t("datasets.title"),
        t("datasets.description", number=len(rows)),
        {"rows": rows, "gone": [name for name in catalogue.versions if name not in catalogue.current]},
        section="datasets",
        crumbs=((t("common.menu_datasets"), ""),),
    )


def _theme(catalogue: Catalogue, dataset: str, language: Language) -> str:
    release = catalogue.newest(dataset)
    code = str(release.descriptor.get("upv:chainTable", ""))
    codes = Codes(release)
    return codes.label("chain_table", code, language) if code in codes.all_of("chain_table") else ""


def not_found_page(language: Language) -> Page:
    """What is shown where nothing stands. It says so in both languages, as nobody knows who asks."""
    t = texts_in(language)
    return Page("404.html", "not_found.html.j2", t("not_found.title"), t("not_found.text"), {}, indexed=False)

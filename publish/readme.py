"""The README of a release, for somebody who found the folder and nothing else: in Dutch, then in English.

Here: its words. Not here: the facts in them, which come from the contract, the tables and `sources`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.compute as pc

from contracts.contract import Contract, Product
from publish.descriptor import contributors, licences, source_rows
from publish.difference import PROVENANCE_TABLE
from publish.from_deliveries import read_first
from publish.numbers_and_dates import Language, day, number
from publish.quality import retrieved
from publish.unseen import one_line

# How to read a figure: said only where the package has the column.
_COLUMNS = {
    "nl": {
        "value": "`value` is de waarde zonder afronding. Een lege waarde is nooit nul; `obs_status` zegt "
        "waarom zij ontbreekt.",
        "value_rounded": "`value_rounded` is dezelfde waarde, half naar boven afgerond op `decimals` "
        "decimalen, zoals zij wordt aangehaald.",
        "obs_status": "`obs_status` is de status volgens de SDMX-codelijst: A normaal, P voorlopig, E "
        "geschat, B reeksbreuk, D afwijkende definitie, L, M, O en Q ontbrekend.",
        "flags": "`flags` houdt de letters van de bron zelf; leeg betekent dat de bron niets meldt.",
        "known_break": "`known_break` noemt een reeksbreuk die wij kennen en de bron niet meldt. Vergelijk "
        "niet zonder meer over een breuk heen.",
        "origin": "`origin` onderscheidt wat een bron publiceerde (`published`) van wat wij berekenden "
        "(`computed`); beide staan naast elkaar.",
    },
    "en": {
        "value": "`value` is the unrounded value. An empty value is never zero; `obs_status` says why it is missing.",
        "value_rounded": "`value_rounded` is the same value, rounded half up to `decimals` decimals, as it is quoted.",
        "obs_status": "`obs_status` is the status by the SDMX code list: A normal, P provisional, E "
        "estimated, B break in series, D definition differs, L, M, O and Q missing.",
        "flags": "`flags` holds the source's own letters; empty means that the source reports nothing.",
        "known_break": "`known_break` names a break in series that we know of and the source does not "
        "report. Do not compare across a break unawares.",
        "origin": "`origin` tells what a source published (`published`) from what we computed (`computed`); "
        "both stand side by side.",
    },
}

_ORIGIN_OF_BYTES = {
    "nl": {
        "live": "rechtstreeks opgehaald",
        "embedded_edition": "meegeleverde editie",
        "curated": "overgenomen uit publicaties",
        "delivery": "opgeteld uit aanleveringen",
    },
    "en": {
        "live": "fetched live",
        "embedded_edition": "embedded edition",
        "curated": "taken over from publications",
        "delivery": "added up of deliveries",
    },
}


@dataclass(frozen=True)
class _Words:
    """The fixed words of one language."""

    tables: str
    table_head: str
    read: str
    code_lists: str
    first: str
    sources: str
    source_head: str
    no_edition: str
    licence: str
    licence_text: str
    no_licence: str
    cite: str
    version: str
    check: str
    check_text: str
    spreadsheet: str
    files: str


_WORDS: dict[str, _Words] = {
    "nl": _Words(
        tables="Wat erin zit",
        table_head="| Tabel | Eén rij is | Rijen | Jaren |",
        read="Zo leest u een cijfer",
        code_lists="De codes staan met hun namen in `codelists/`; iedere kolom staat beschreven in `datapackage.json`.",
        first="Lees dit eerst",
        sources="Bronnen",
        source_head="| Bron | Editie | Opgehaald | Herkomst | Licentie |",
        no_edition="niet vermeld",
        licence="Licentie",
        licence_text="Deze gegevens zijn beschikbaar onder {licence}. Voor de bronnen gelden hun eigen "
        "licenties, hierboven genoemd.",
        no_licence="Voor de bronnen gelden hun eigen licenties, hierboven genoemd.",
        cite="Zo haalt u dit aan",
        version="versie",
        check="Controleren en openen",
        check_text="`sha256sum --check SHA256SUMS` in deze map controleert of ieder bestand is wat wij "
        "publiceerden. Een versie verandert nooit; een wijziging krijgt een nieuw versienummer.",
        spreadsheet="Voor Excel en LibreOffice is er `{workbook}`: getallen zijn daar getallen, in elke taal. "
        "In de CSV-bestanden staan teksten letterlijk (UTF-8, komma, punt als decimaalteken); "
        "open ze in een rekenblad met Gegevens > Uit tekst/CSV en kies bij codes en toelichtingen het type "
        "tekst; dubbelklikken kan cijfers verminken en een tekst die met `=`, `+`, `-` of `@` begint als "
        "formule uitvoeren.",
        files="`data/*.csv` en `data/*.parquet` bevatten dezelfde rijen. Wat er sinds de vorige versie "
        "veranderde, cel voor cel, staat in `diff/changes.csv`, in woorden in `CHANGELOG.md`; elk ooit "
        "herzien cijfer staat in `history/revisions.csv`. Welke regels zijn getoetst, en hoe: `quality.html`.",
    ),
    "en": _Words(
        tables="What it holds",
        table_head="| Table | One row is | Rows | Years |",
        read="How to read a figure",
        code_lists="The codes stand with their names in `codelists/`; every column is described in `datapackage.json`.",
        first="Read this first",
        sources="Sources",
        source_head="| Source | Edition | Retrieved | Origin | Licence |",
        no_edition="not stated",
        licence="Licence",
        licence_text="These data are available under {licence}. The sources keep their own licences, named above.",
        no_licence="The sources keep their own licences, named above.",
        cite="How to cite",
        version="version",
        check="Checking and opening",
        check_text="`sha256sum --check SHA256SUMS` in this folder checks that every file is what we "
        "published. A version never changes; a change gets a new version number.",
        spreadsheet="For Excel and LibreOffice there is the workbook `{workbook}`: numbers are numbers there, in any "
        "language. Texts are written faithfully in the CSV files (UTF-8, comma, point as decimal mark); "
        "open them in a spreadsheet with Data > From Text/CSV and choose the type text for codes and notes; "
        "a double click may garble figures and run a text that begins with `=`, `+`, `-` or `@` as a "
        "formula.",
        files="`data/*.csv` and `data/*.parquet` hold the same rows. What changed since the previous "
        "version, cell by cell, is in `diff/changes.csv`, in words in `CHANGELOG.md`; every figure ever revised "
        "is in `history/revisions.csv`. Which rules were held and what did not meet them: `quality.html`.",
    ),
}


def _day(text: str, language: Language) -> str:
    """An ISO date or moment in words; any other text as it stands."""
    try:
        return day(text, language)
    except ValueError:
        return text


def _count(count: int, language: Language) -> str:
    return number(count, language)


def _plain(text: str) -> str:
    """A text from data within Markdown: one line, no HTML and no link in it."""
    return "".join(f"\\{mark}" if mark in "\\`*_[]<>#|" else mark for mark in one_line(text))


def _cell(text: str) -> str:
    """A cell of a table in words of ours, which may hold `code`."""
    return one_line(text).replace("|", "\\|").replace("<", "&lt;")


def _years(table: pa.Table) -> str:
    if "year" not in table.column_names:
        return "–"
    span = pc.min_max(table.column("year")).as_py()
    first, last = span["min"], span["max"]
    if first is None:
        return "–"
    return str(first) if first == last else f"{first}–{last}"


def _one_row(contract: Contract, language: Language) -> str:
    text = contract.granularity_nl if language == "nl" else contract.granularity_en
    opening = "eén rij is " if language == "nl" else "one row is "
    bare = text.strip().rstrip(".")
    for start in (opening, "één rij is "):
        if bare.lower().startswith(start):
            bare = bare[len(start) :]
    return _cell(bare)


def _table_lines(product: Product, tables: Mapping[str, pa.Table], language: Language) -> Iterator[str]:
    words = _WORDS[language]
    yield from (words.table_head, "|---|---|--:|---|")
    for contract in product.tables:
        table = tables[contract.table]
        cells = (
            f"`{contract.table}`",
            _one_row(contract, language),
            _count(table.num_rows, language),
            _years(table),
        )
        yield "| " + " | ".join(cells) + " |"


def _edition(row: Mapping[str, str], language: Language) -> str:
    """The edition or editions of a source; where none is stated that is said, with what else is known of it."""
    if row.get("edition"):
        return ", ".join(_day(part, language) for part in row["edition"].split(", "))
    note = row.get(f"note_{language}", "")
    return _WORDS[language].no_edition + (f"; {note}" if note else "")


def _source_lines(sources: pa.Table, language: Language) -> Iterator[str]:
    yield from (_WORDS[language].source_head, "|---|---|---|---|---|")
    for row in source_rows(sources):
        title = row.get(f"title_{language}", row.get("source", ""))
        publisher = f", {row['publisher']}" if row.get("publisher") else ""
        origin = row.get("origin_of_bytes", "–")
        cells = (
            f"{title} (`{row.get('source', '')}`){publisher}",
            _edition(row, language),
            _day(retrieved(row), language) if retrieved(row) else "–",
            _ORIGIN_OF_BYTES[language].get(origin, origin),
            row.get("licence", "–"),
        )
        yield "| " + " | ".join(_cell(cell) for cell in cells) + " |"


def _licence_links(product: Product) -> str:
    names = [(item.get("title", item.get("name", "")), item.get("path")) for item in licences(product)]
    return ", ".join(f"[{name}]({path})" if path else name for name, path in names)


def _citation(product: Product, version: str, released_at: datetime, language: Language) -> str:
    people = "; ".join(_plain(str(person["title"])) for person in contributors(product) if person.get("title"))
    title = _plain(product.title_nl if language == "nl" else product.title_en)
    when = day(released_at, language)
    link = f" {product.get('homepage')}" if product.get("homepage") else ""
    return f"> {people} ({released_at.year}). *{title}*, {_WORDS[language].version} {version}, {when}.{link}"


def _part(
    product: Product, tables: Mapping[str, pa.Table], language: Language, version: str, released_at: datetime
) -> Iterator[str]:
    """The lines of one language."""
    words = _WORDS[language]
    dutch = language == "nl"
    yield from (f"# {_plain(product.title_nl if dutch else product.title_en)}", "")
    yield from (_cell(product.description_nl if dutch else product.description_en), "")
    yield from (
        f"{words.version.capitalize()} {version}, {_day(released_at.date().isoformat(), language)}.",
        "",
    )
    caveats = read_first(product, tables, language)
    if caveats:
        yield from (f"## {words.first}", "", *(f"- {_cell(sentence)}" for sentence in caveats), "")
    yield from (f"## {words.tables}", "", *_table_lines(product, tables, language), "", words.files)
    yield from (*((words.code_lists,) if product.code_lists else ()), "")
    present = {name for table in tables.values() for name in table.column_names}
    explained = [text for name, text in _COLUMNS[language].items() if name in present]
    if explained:
        yield from (f"## {words.read}", "", *(f"- {text}" for text in explained), "")
    if PROVENANCE_TABLE in tables:
        yield from (f"## {words.sources}", "", *_source_lines(tables[PROVENANCE_TABLE], language), "")
    links = _licence_links(product)
    if links or PROVENANCE_TABLE in tables:
        yield from (
            f"## {words.licence}",
            "",
            words.licence_text.format(licence=links) if links else words.no_licence,
            "",
        )
    yield from (f"## {words.cite}", "", _citation(product, version, released_at, language), "")
    spreadsheet = words.spreadsheet.format(workbook=f"{product.id}-{version}.xlsx")
    yield from (f"## {words.check}", "", words.check_text, "", spreadsheet, "")


def package_readme(product: Product, tables: Mapping[str, pa.Table], *, version: str, released_at: datetime) -> str:
    """README.md of one release in Markdown: a Dutch part and an English part with the same facts.

    `tables` are the published tables by name; `sources` among them gives editions, retrieval and licences.
    The product's `readFirstNl` and `readFirstEn` (lists of sentences) stand before everything else, with what of the
    figures was delivered.
    """
    moment = released_at.astimezone(UTC)
    dutch, english = (_part(product, tables, language, version, moment) for language in ("nl", "en"))
    return "\n".join(["*English below.*", "", *dutch, "---", "", *english]).rstrip("\n") + "\n"

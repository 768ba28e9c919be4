"""What a release changed, in words: CHANGELOG.md of a dataset, newest release first, Dutch and English.

Here: sentences made from a difference, and reading them back. Not here: finding the difference (`difference.py`) or the
cells themselves, which stand in `diff/changes.csv`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from contracts.contract import Contract
from contracts.vocabulary import VocabularyError, load_codelist
from publish.difference import Difference
from publish.markdown_text import plain
from publish.numbers_and_dates import Language, day, number
from publish.revision_policy import figure_changes, holds_figures

EXAMPLES = 10
# Copies of one source that are named; of more only the number is said.
COPIES = 3
_HEAD = "# CHANGELOG\n\nNieuwste uitgave eerst; English below each Dutch text.\n"
# A mark of Markdown: one that is meant as a letter, or a backtick around a name.
_MARKS = re.compile(r"\\([\\`*_\[\]<>#|])|`")
_KEYS_SHOWN = ("indicator", "measure", "series", "subgroup", "geo", "year")


@dataclass(frozen=True)
class _Words:
    first: str
    revised: str
    added: str
    removed: str
    other: str
    table_added: str
    table_removed: str
    column_added: str
    column_removed: str
    structure: str
    texts: str
    examples: str
    permitted: str
    empty: str
    sources: str
    copies: str
    none: str


_WORDS: Mapping[Language, _Words] = {
    "nl": _Words(
        "Eerste uitgave.",
        "`{table}`, herziene cijfers en statussen: {n}.",
        "`{table}`, nieuwe rijen: {n}.",
        "`{table}`, vervallen rijen: {n}.",
        "`{table}`, andere gewijzigde cellen: {n}.",
        "Nieuwe tabel `{table}`.",
        "Tabel `{table}` vervallen.",
        "Nieuwe kolom `{column}` in `{table}`.",
        "Kolom `{column}` in `{table}` vervallen.",
        "Gewijzigde regels over kolommen: {n} (zie `diff/summary.json`).",
        "Gewijzigde teksten (titels, toelichting, namen van codes): {n}.",
        "Onder meer:",
        "Reden die bij deze herziening is vastgelegd: {reason}",
        "leeg",
        "Andere kopie van bronnen (geen wijziging van cijfers op zichzelf): {n}.",
        "{n} kopieën",
        "geen",
    ),
    "en": _Words(
        "First release.",
        "`{table}`, figures and statuses revised: {n}.",
        "`{table}`, rows added: {n}.",
        "`{table}`, rows gone: {n}.",
        "`{table}`, other cells changed: {n}.",
        "New table `{table}`.",
        "Table `{table}` gone.",
        "New column `{column}` in `{table}`.",
        "Column `{column}` in `{table}` gone.",
        "Rules on columns changed: {n} (see `diff/summary.json`).",
        "Texts changed (titles, explanations, names of codes): {n}.",
        "Among them:",
        "Reason recorded for this revision: {reason}",
        "empty",
        "Other copy of sources (in itself no change of figures): {n}.",
        "{n} copies",
        "none",
    ),
}


def _code(text: str) -> str:
    """A text from data as code in Markdown: one line, no backtick that would end it."""
    return f"`{' '.join(text.replace('`', '').split())}`"


def _name(column: str, code: str, language: Language) -> str:
    """A code of a key as its label, where the column has a code list of its own name."""
    try:
        entry = load_codelist(column).entry(code)
    except (VocabularyError, KeyError, OSError):
        return plain(code)
    return plain(entry.label_nl if language == "nl" else entry.label_en)


def _value(text: str | None, language: Language, digits: int = 6) -> str:
    if text is None:
        return _WORDS[language].empty
    try:
        return number(f"{float(text):.{digits}g}" if "." in text else text, language)
    except (ValueError, ArithmeticError):
        return plain(text)


def _example(row: Mapping[str, str | None], language: Language) -> str:
    key = json.loads(row["key"] or "{}")
    named = [_name(column, str(key[column]), language) for column in _KEYS_SHOWN if key.get(column) not in (None, "")]
    where = ", ".join(named) or plain(row["key"] or "")
    old, new = _value(row["old_value"], language), _value(row["new_value"], language)
    if old == new and row["old_value"] != row["new_value"]:
        old, new = _value(row["old_value"], language, 15), _value(row["new_value"], language, 15)
    statuses = (row["old_status"], row["new_status"])
    status = f" (status {statuses[0] or '–'} → {statuses[1] or '–'})" if statuses[0] != statuses[1] else ""
    return f"  - {where} (`{row['column']}`): {old} → {new}{status}"


def _of_tables(found: Difference, contracts: Mapping[str, Contract], language: Language) -> Iterator[str]:
    words = _WORDS[language]
    for name in sorted(set(contracts) - found.code_lists):
        contract = contracts[name]
        revised = figure_changes(found.changes, contract) if holds_figures(contract) else found.changes.slice(0, 0)
        other = found.cells_changed.get(name, 0) - revised.num_rows
        counts = ((words.added, found.rows_added.get(name, 0)), (words.removed, found.rows_removed.get(name, 0)))
        if revised.num_rows:
            yield "- " + words.revised.format(table=name, n=number(revised.num_rows, language)) + f" {words.examples}"
            yield from (_example(row, language) for row in revised.slice(0, EXAMPLES).to_pylist())
        for sentence, count in (*counts, (words.other, other)):
            if count:
                yield "- " + sentence.format(table=name, n=number(count, language))


def _of_schema(found: Difference, language: Language) -> Iterator[str]:
    words, schema = _WORDS[language], found.schema
    yield from (f"- {words.table_added.format(table=table)}" for table in schema.tables_added)
    yield from (f"- {words.table_removed.format(table=table)}" for table in schema.tables_removed)
    for change in schema.fields:
        if change.event in ("added", "removed"):
            sentence = words.column_added if change.event == "added" else words.column_removed
            yield "- " + sentence.format(column=change.field, table=change.table)
    rules = sum(change.event not in ("added", "removed") for change in schema.fields)
    names = sum(found.cells_changed.get(name, 0) for name in found.code_lists)
    if rules:
        yield "- " + words.structure.format(n=number(rules, language))
    if schema.descriptions or names:
        texts = "- " + words.texts.format(n=number(len(schema.descriptions) + names, language))
        yield f"{texts} {words.examples}" if schema.descriptions else texts
        yield from (f"  - {plain(path)}" for path in schema.descriptions[:EXAMPLES])


def _of_sources(found: Difference, language: Language) -> Iterator[str]:
    """One line for all sources with another copy, old vintage to new: why provenance columns differ."""
    words = _WORDS[language]

    def told(vintages: Sequence[str]) -> str:
        if len(vintages) > COPIES:
            return words.copies.format(n=number(len(vintages), language))
        return ", ".join(map(_code, vintages)) or words.none

    named = [f"{_code(change.source)} ({told(change.old)} → {told(change.new)})" for change in found.sources]
    if named:
        yield "- " + words.sources.format(n=", ".join(named))


def section(
    found: Difference,
    contracts: Mapping[str, Contract],
    *,
    version: str,
    released_at: datetime,
    first: bool,
    permission: Mapping[str, str] | None,
) -> str:
    """The part of the changelog about one release, in both languages."""
    lines = []
    for language in ("nl", "en"):
        spoken: Language = "nl" if language == "nl" else "en"
        lines += [
            f"## {version}, {day(released_at, spoken)}" if spoken == "nl" else f"*{day(released_at, spoken)}*",
            "",
        ]
        if first:
            lines.append(_WORDS[spoken].first)
        if permission is not None:
            reason = plain(permission[f"reason_{spoken}"])
            lines += [_WORDS[spoken].permitted.format(reason=reason), ""]
        lines += [*_of_tables(found, contracts, spoken), *_of_schema(found, spoken), *_of_sources(found, spoken), ""]
    return "\n".join(lines).rstrip() + "\n"


def changelog_after(before: str | None, newest: str) -> str:
    """The changelog with the newest section on top of what the last release said. Without one it begins here."""
    older = (before or "").split("\n## ", 1)
    rest = f"\n## {older[1]}" if len(older) == 2 else ""
    return f"{_HEAD}\n{newest}{rest}"


def sentences(changelog: str, version: str, language: Language) -> tuple[str, ...]:
    """What a changelog says of one release, as plain sentences without their examples; empty for another version."""
    _, found, after = changelog.partition(f"\n## {version}, ")
    if not found:
        return ()
    dutch, _, english = after.split("\n## ", 1)[0].partition("\n*")
    told = []
    for line in (dutch if language == "nl" else english).splitlines()[1:]:
        # an example stands deeper; an empty line parts the sentences
        if line.strip() and not line.startswith(" "):
            sentence = _MARKS.sub(r"\1", line.removeprefix("- "))
            told.append(sentence.removesuffix(f" {_WORDS[language].examples}"))
    return tuple(told)

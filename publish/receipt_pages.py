"""The receipt of a delivered file as its deliverer sees it: a page in each language, and the refused rows as CSV.

A cell of a stranger's file is text here, whatever it looks like: markup is escaped, what is not seen is spelled out, a
long value is cut, and no cell of the CSV runs as a formula.

Here: what goes into them. Not here: the facts (`receipt.py`) or the sentences (`receipt_words.py`).
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from publish.numbers_and_dates import Language, day, number
from publish.receipt import Receipt, Refusal, Total
from publish.receipt_words import WORDS, Words, about_the_rows, shown_of, what_happened, what_next
from publish.standing_pages import standing_page
from publish.tables import as_text
from publish.unseen import spelled_out

#: Under what names the parts of a receipt stand beside each other.
PAGES: dict[Language, str] = {"nl": "ontvangstbewijs.html", "en": "receipt.html"}
JSON, REFUSED_ROWS = "receipt.json", "refused.csv"
#: So much of a value is shown; the whole of it is in the JSON.
LONGEST_VALUE = 120
_LONGEST_SENTENCE = 2000
_MOST_DIGITS = 1e15
# A spreadsheet takes a cell that begins so for a formula; blanks before it do not stop every one
_RUNS = r"^[\s\x00-\x20\x{a0}\x{feff}]*[=+\-@\x{ff1d}\x{ff0b}\x{ff0d}\x{ff20}|%]|^[\t\r\n]"
_PLAIN_NUMBER = r"^[+-]?\d+([.,]\d+)?$"


@dataclass(frozen=True)
class _Fault:
    """A refusal or warning as a row of the page; `characters` says how long a value is that was cut."""

    row: str
    column: str
    value: str
    characters: str
    rule: str
    right: str


def shown(text: str, longest: int = LONGEST_VALUE) -> str:
    """A text of a stranger's file for the page: cut, and what is not seen spelled out."""
    return spelled_out(text if len(text) <= longest else text[:longest] + "…")


def _fault(refusal: Refusal, language: Language) -> _Fault:
    words, dutch = WORDS[language], language == "nl"
    column = (refusal.column_nl if dutch else refusal.column_en) or refusal.column
    long = len(refusal.found) > LONGEST_VALUE
    return _Fault(
        row=words.whole_file if refusal.row_number is None else str(refusal.row_number),
        column=shown(column) or (words.whole_file if refusal.row_number is None else words.whole_row),
        value=shown(refusal.found),
        characters=f"{number(len(refusal.found), language)} {words.characters}" if long else "",
        rule=shown(refusal.rule.rpartition("__")[2]),  # table and column stand beside it
        right=shown(refusal.right_nl if dutch else refusal.right_en, _LONGEST_SENTENCE),
    )


def _sum(value: float | None, words: Words, language: Language) -> str:
    """A sum without the noise of adding; one of more than 15 digits with an exponent."""
    if value is None:
        return words.too_large
    if abs(value) >= _MOST_DIGITS:
        return f"{value:.6g}"
    return number(f"{round(value, 6) + 0.0:.15g}", language)


@dataclass(frozen=True)
class _Sums:
    title: str
    sums: tuple[str, ...]


def _sums(total: Total, words: Words, language: Language) -> _Sums:
    title = total.title_nl if language == "nl" else total.title_en
    unit = f" ({total.unit})" if total.unit and f"({total.unit})" not in title else ""
    values = (total.read, total.accepted, total.refused, total.duplicates)
    return _Sums(title + unit, tuple(_sum(value, words, language) for value in values))


def _moment(text: str, language: Language) -> str:
    """A moment in UTC in words; any other text as it stands."""
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(UTC)
    except ValueError:
        return text
    return f"{day(moment, language)}, {moment:%H:%M:%S} UTC"


def _identity(receipt: Receipt, words: Words, language: Language) -> Iterator[tuple[str, str]]:
    title = receipt.title_nl if language == "nl" else receipt.title_en
    yield words.number, receipt.id
    yield words.delivery, f"{title} ({receipt.delivery})"
    yield words.contract, receipt.contract_version
    if receipt.deliverer is not None:
        code = shown(receipt.deliverer)
        yield words.deliverer, f"{receipt.deliverer_name} ({code})" if receipt.deliverer_name else code
    if receipt.period is not None:
        yield words.period, shown(receipt.period)
    yield words.received, _moment(receipt.received_at, language)
    yield words.file, shown(receipt.file_name)
    yield words.size, f"{number(receipt.bytes, language)} {words.bytes}"
    if receipt.form:
        yield words.form, " · ".join(filter(None, (receipt.form, shown(receipt.part))))
    if receipt.replaces is not None:
        yield words.replaces, receipt.replaces
    yield "SHA-256", receipt.sha256


def _heading(receipt: Receipt, language: Language) -> str:
    title = receipt.title_nl if language == "nl" else receipt.title_en
    who = receipt.deliverer_name or shown(receipt.deliverer or "")
    return " · ".join(filter(None, (title, who, shown(receipt.period or ""))))


def receipt_html(receipt: Receipt, language: Language) -> bytes:
    """The receipt as one page that needs nothing beside it.

    It links to the page in the other language, to the JSON and, where rows were refused, to their CSV, which stand
    beside it under the names of PAGES, JSON and REFUSED_ROWS.
    """
    words = WORDS[language]
    other: Language = "en" if language == "nl" else "nl"
    dutch = language == "nl"
    return standing_page(
        "receipt.html.j2",
        r=receipt,
        w=words,
        language=language,
        other_language=other,
        other_page=PAGES[other],
        json_page=JSON,
        refused_rows_page=REFUSED_ROWS if receipt.rows_refused else "",
        title=receipt.title_nl if dutch else receipt.title_en,
        heading=_heading(receipt, language),
        happened=what_happened(receipt, language),
        reason=shown(receipt.reason_nl if dutch else receipt.reason_en, _LONGEST_SENTENCE),
        about_the_rows=list(about_the_rows(receipt, language)),
        what_next=list(what_next(receipt, language)),
        refusals=[_fault(refusal, language) for refusal in receipt.refusals],
        refusals_shown=shown_of(len(receipt.refusals), receipt.refusals_in_all, language),
        warnings=[_fault(warning, language) for warning in receipt.warnings],
        warnings_shown=shown_of(len(receipt.warnings), receipt.warnings_in_all, language),
        totals=[_sums(total, words, language) for total in receipt.totals],
        notes=[shown(note.nl if dutch else note.en, _LONGEST_SENTENCE) for note in receipt.notes],
        identity=list(_identity(receipt, words, language)),
    )


def refused_rows_csv(refused: pa.Table) -> bytes:
    """The refused rows for whoever corrects them: every column of `refused` (`row_number`, the columns of the contract
    as text, `refused_by`), as they were handed in.

    UTF-8 with a byte order mark and semicolons, as a Dutch spreadsheet opens it. A cell that a spreadsheet would run as
    a formula gets an apostrophe before it; a plain number below zero does not, nor is any other cell changed.
    """
    text = as_text(refused)
    cells = [_harmless(text.column(name)) for name in text.column_names]
    names = _harmless(pa.chunked_array([pa.array(text.column_names, pa.string())])).to_pylist()
    written = io.BytesIO()
    written.write("\ufeff".encode())
    options = csv.WriteOptions(delimiter=";", quoting_style="needed")
    csv.write_csv(pa.Table.from_arrays(cells, names=names), written, options)
    return written.getvalue()


def _harmless(values: pa.ChunkedArray) -> pa.ChunkedArray:
    runs = pc.and_(pc.match_substring_regex(values, _RUNS), pc.invert(pc.match_substring_regex(values, _PLAIN_NUMBER)))
    return pc.if_else(pc.fill_null(runs, False), pc.binary_join_element_wise("'", values, ""), values)

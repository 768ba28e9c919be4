"""What the contract of a delivery asks of a cell and of a row, and by when, in Dutch and English.

Here: words made from a contract, for whoever fills a delivery in. Not here: the template that holds them
(`delivery_template.py`), or what would be right where a row breaks a rule (`contracts/fault_words.py`).
"""

from __future__ import annotations

import re

from contracts.contract_model import Column, Contract, Rule
from contracts.contract_rules import RULE_ARGUMENTS
from contracts.delivery_contract import DELIVERER, PERIOD, Delivery, PeriodForm, deliverers
from contracts.fault_words import fault_words
from contracts.vocabulary import load_codelist
from publish.numbers_and_dates import Language, day_of_year, number

#: A period of each form, as it is written in a cell.
PERIOD_EXAMPLES: dict[PeriodForm, str] = {"year": "2025", "quarter": "2025-Q1", "month": "2025-01"}
_PERIODS: dict[PeriodForm, tuple[str, str]] = {
    "year": ("een kalenderjaar", "a calendar year"),
    "quarter": ("een kwartaal", "a quarter"),
    "month": ("een maand", "a month"),
}
_DIGITS = re.compile(r"\[0-9\]\{(\d+)\}")
_SYMBOLS = {"kg", "t", "kt", "fte"}
_DELIVERERS_WRITTEN_OUT = 3
_OF_THE_TABLE = {*RULE_ARGUMENTS, "rowCount", "primaryKey"}


def title(column: Column, language: Language) -> str:
    """The title of a column."""
    return column.title_nl if language == "nl" else column.title_en


def description(column: Column, language: Language) -> str:
    """The description of a column."""
    return column.description_nl if language == "nl" else column.description_en


def quoted(text: str, language: Language) -> str:
    """The text between the quotation marks of the language."""
    return f"«{text}»" if language == "nl" else f"“{text}”"


def unit_word(code: str, language: Language) -> str:
    """A unit in few letters: a symbol such as kg as it is, any other by its label without what explains it."""
    if code in _SYMBOLS:
        return code
    try:
        entry = load_codelist("unit").entry(code)
    except KeyError:
        return code.replace("_", " ")
    return (entry.label_nl if language == "nl" else entry.label_en).split(" (")[0]


def unit_beside(column: Column, language: Language) -> str:
    """The unit as it stands beside a number of the column; empty for a bare number, such as one that counts things."""
    return "" if column.unit in (None, "count") else unit_word(str(column.unit), language)


def deadline_words(delivery: Delivery, language: Language) -> str:
    """By when a delivery is handed in."""
    last = day_of_year(delivery.deadline, language)
    if language == "nl":
        return f"Uiterlijk {last} van het jaar na de periode waarover u opgeeft."
    return f"By {last} of the year after the period that you report on."


def _limits(column: Column, language: Language) -> list[str]:
    """The least and the most that a number may be."""
    dutch = language == "nl"
    words = (
        (column.minimum, "{} of meer", "{} or more"),
        (column.exclusive_minimum, "meer dan {}", "more than {}"),
        (column.maximum, "ten hoogste {}", "at most {}"),
        (column.exclusive_maximum, "minder dan {}", "less than {}"),
    )
    return [(nl if dutch else en).format(number(limit, language)) for limit, nl, en in words if limit is not None]


def _pattern(column: Column, pattern: str, language: Language) -> str:
    words = column.pattern_nl if language == "nl" else column.pattern_en
    if words:
        return words
    digits = _DIGITS.fullmatch(pattern)
    if digits:
        return (
            f"{digits[1]} cijfers, ook de nul vooraan"
            if language == "nl"
            else f"{digits[1]} digits, leading zero included"
        )
    return f"tekst van de vorm {pattern}" if language == "nl" else f"text of the form {pattern}"


def _on_the_sheet(values: int, language: Language, lists: str) -> str:
    count, sheet = number(values, language), quoted(lists, language)
    return f"een van de {count} waarden op het blad {sheet}" if language == "nl" else (
        f"one of the {count} values on the sheet {sheet}"
    )  # fmt: skip


def _text_allowed(column: Column, language: Language, lists: str) -> list[str]:
    dutch = language == "nl"
    found = []
    if column.allowed is not None:
        found.append(_on_the_sheet(len(column.allowed), language, lists))
    elif column.pattern is not None:
        found.append(_pattern(column, column.pattern, language))
    else:
        found.append("tekst" if dutch else "text")
    if column.min_length is not None:
        found.append(f"ten minste {column.min_length} tekens" if dutch else f"at least {column.min_length} characters")
    if column.max_length is not None:
        found.append(f"ten hoogste {column.max_length} tekens" if dutch else f"at most {column.max_length} characters")
    return found


_TYPES = {
    "integer": ("geheel getal{}", "whole number{}"),
    "number": ("getal{}; decimalen mogen", "number{}; decimals allowed"),
    "boolean": ("true of false", "true or false"),
    "date": ("datum", "date"),
    "timestamp": ("tijdstip in UTC als 2025-12-31T23:59:59Z", "time in UTC as 2025-12-31T23:59:59Z"),
}


def allowed_words(column: Column, delivery: Delivery, language: Language, lists: str) -> str:
    """What may stand in a cell of a column, in one line without a full stop; `lists` is the sheet of the code lists."""
    dutch = language == "nl"
    if column.name == DELIVERER:
        if len(delivery.deliverers) > _DELIVERERS_WRITTEN_OUT:
            return _on_the_sheet(len(delivery.deliverers), language, lists)
        codes = ", ".join(f"{code} ({deliverers()[code].name})" for code in delivery.deliverers)
        return codes if len(delivery.deliverers) == 1 else ("een van: " if dutch else "one of: ") + codes
    if column.name == PERIOD:
        words = _PERIODS[delivery.period_form][0 if dutch else 1]
        return f"{words}, {'zoals' if dutch else 'such as'} {PERIOD_EXAMPLES[delivery.period_form]}"
    if column.logical_type == "string":
        found = _text_allowed(column, language, lists)
    else:
        beside = unit_beside(column, language)
        unit = f" in {beside}" if beside else ""
        found = [_TYPES[column.logical_type][0 if dutch else 1].format(unit), *_limits(column, language)]
    if column.unique:
        found.append("elke waarde hoogstens één keer" if dutch else "every value once at most")
    return "; ".join(found)


def code_label(column: Column, code: str, language: Language) -> str:
    """The label of a code of the column's list; the value itself where the column has no list or not this code."""
    try:
        entry = load_codelist(column.code_list).entry(code) if column.code_list else None
    except KeyError:
        return code
    return code if entry is None else (entry.label_nl if language == "nl" else entry.label_en)


def rule_words(rule: Rule, contract: Contract, language: Language) -> str | None:
    """A rule of the table as a sentence; None for a rule on one column, which `allowed_words` tells.

    The words are those in which a receipt says what would be right, after the columns that they do not name.
    """
    if rule.kind not in _OF_THE_TABLE:
        return None
    words = fault_words(contract, rule.key)[0 if language == "nl" else 1]
    titles = [title(contract.column(name), language) for name in rule.columns]
    unnamed = ", ".join(name for name in titles if name not in words)
    return f"{unnamed}: {words}." if unnamed else f"{words[0].upper()}{words[1:]}."

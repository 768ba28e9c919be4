"""What a spreadsheet holds a cell of a template to while it is filled in: drop-downs, limits, and what it says then.

Here: the options of one column, as xlsxwriter takes them. Not here: the audit of what is handed in, which alone decides
(`contracts/row_audit.py`): whoever pastes passes every validation by.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from contracts.contract_model import Column
from contracts.delivery_contract import PERIOD, Delivery, PeriodForm
from publish.delivery_example import fixed_form
from publish.delivery_words import PERIOD_EXAMPLES, description
from publish.numbers_and_dates import Language

_LONGEST_TITLE, _LONGEST_MESSAGE = 32, 255
_MOST = 1e15
_FIRST_DAY, _LAST_DAY = date(1900, 3, 1), date(2099, 12, 31)
# {0} is the cell; a spreadsheet takes an error in the formula for a no
_PERIODS: dict[PeriodForm, str] = {
    "year": '=AND(LEN({0})=4,LEFT({0},2)="20",VALUE({0})>=2000)',
    "quarter": '=AND(LEN({0})=7,LEFT({0},2)="20",VALUE(LEFT({0},4))>=2000,MID({0},5,2)="-Q",'
    "VALUE(RIGHT({0},1))>=1,VALUE(RIGHT({0},1))<=4)",
    "month": '=AND(LEN({0})=7,LEFT({0},2)="20",VALUE(LEFT({0},4))>=2000,MID({0},5,1)="-",'
    "VALUE(RIGHT({0},2))>=1,VALUE(RIGHT({0},2))<=12)",
}


def cut(text: str, longest: int) -> str:
    """The text, or its first words with an ellipsis: within `longest` UTF-16 units, as a spreadsheet counts."""
    if len(text.encode("utf-16-le")) // 2 <= longest:
        return text
    kept = text.encode("utf-16-le")[: (longest - 1) * 2].decode("utf-16-le", errors="ignore")
    return kept.rsplit(" ", 1)[0].rstrip(" ,;:.") + "…"


def _number(column: Column) -> Mapping[str, Any]:
    kind = "integer" if column.logical_type == "integer" else "decimal"
    low, high = column.minimum, column.maximum
    if low is None and high is None:
        if column.exclusive_minimum is not None:
            return {"validate": kind, "criteria": ">", "value": column.exclusive_minimum}
        if column.exclusive_maximum is not None:
            return {"validate": kind, "criteria": "<", "value": column.exclusive_maximum}
    if high is None and low is not None:
        return {"validate": kind, "criteria": ">=", "value": low}
    return {"validate": kind, "criteria": "between", "minimum": -_MOST if low is None else low,
            "maximum": _MOST if high is None else high}  # fmt: skip


def _length(column: Column) -> Mapping[str, Any] | None:
    """How long a text may be, where the contract says so or its pattern has one length."""
    form = fixed_form(column.pattern) if column.pattern else None
    if form is not None:
        return {"validate": "length", "criteria": "=", "value": sum(times for _, times in form)}
    if column.max_length is None and column.min_length is None:
        return None
    return {
        "validate": "length",
        "criteria": "between",
        "minimum": column.min_length or 0,
        "maximum": 32_767 if column.max_length is None else column.max_length,
    }


def _criterion(column: Column, delivery: Delivery, cell: str, choices: str | None) -> Mapping[str, Any]:
    if choices is not None:
        return {"validate": "list", "source": f"={choices}"}
    if column.name == PERIOD:
        return {"validate": "custom", "value": _PERIODS[delivery.period_form].format(cell)}
    if column.logical_type in ("integer", "number"):
        return _number(column)
    if column.logical_type == "boolean":
        return {"validate": "list", "source": ["true", "false"]}
    if column.logical_type == "date":
        return {"validate": "date", "criteria": "between", "minimum": _FIRST_DAY, "maximum": _LAST_DAY}
    return _length(column) or {"validate": "any"}


def validation(
    column: Column, delivery: Delivery, language: Language, *, name: str, allowed: str, cell: str, choices: str | None
) -> Mapping[str, Any]:
    """The data validation of a column.

    `name` is its header, `allowed` what may stand there in words, `cell` the first cell it holds for, `choices` the
    range that its drop-down offers.
    """
    dutch = language == "nl"
    told = f"{description(column, language)} {'Toegestaan' if dutch else 'Allowed'}: {allowed}."
    found = (
        f"Deze waarde past hier niet. Toegestaan: {allowed}."
        if dutch
        else f"This value does not fit here. Allowed: {allowed}."
    )
    if column.name == PERIOD:
        example = PERIOD_EXAMPLES[delivery.period_form]
        found = f"Schrijf de periode als {example}." if dutch else f"Write the period as {example}."
    return {
        **_criterion(column, delivery, cell, choices),
        "input_title": cut(name, _LONGEST_TITLE),
        "input_message": cut(told, _LONGEST_MESSAGE),
        "error_title": "Niet toegestaan" if dutch else "Not allowed",
        "error_message": cut(found, _LONGEST_MESSAGE),
    }

"""The example row of a template: what a row that is in order looks like, and is never taken in.

Here: its values. Not here: how a template writes them (`delivery_template.py`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from contracts.contract_model import Column, Contract
from contracts.delivery_contract import DELIVERER, PERIOD, Delivery
from publish.delivery_words import PERIOD_EXAMPLES

Value = str | int | float | bool
#: What stands in the column `deliverer` of the example row; whoever reads a delivery leaves such a row out.
EXAMPLE = "voorbeeld"
_PIECES = re.compile(r"\[([^\]^\\]+)\](?:\{(\d+)\})?|([A-Za-z0-9_-])(?:\{(\d+)\})?")
_TEXTS = {"date": "2025-06-30", "timestamp": "2025-06-30T12:00:00Z", "string": "voorbeeld"}
_WHOLES, _PART = {"integer": 1234, "number": 1234.5}, 100


def fixed_form(pattern: str) -> tuple[tuple[str, int], ...] | None:
    """A pattern of a fixed length as its pieces: the characters that may stand there, and how often.

    None where the pattern is anything else, such as one with a choice or without an end.
    """
    pieces, at = [], 0
    for piece in _PIECES.finditer(pattern):
        if piece.start() != at:
            return None
        pieces.append((piece[1] or piece[3], int(piece[2] or piece[4] or 1)))
        at = piece.end()
    return tuple(pieces) if at == len(pattern) and pieces else None


def _of_form(pattern: str) -> str | None:
    """A text of a fixed form: digits count up from 0, so that a leading zero is seen; else the first character."""
    form = fixed_form(pattern)
    if form is None:
        return None
    text = ""
    for characters, times in form:
        for place in range(times):
            text += str(place % 10) if characters == "0-9" else characters[0]
    return text


def _bounded(column: Column, value: float) -> float:
    if column.maximum is not None:
        value = min(value, column.maximum)
    return value if column.minimum is None else max(value, column.minimum)


def _amounts(contract: Contract) -> dict[str, float]:
    """An amount for every number column that agrees with the rules between columns: parts are less than wholes."""
    columns = [column for column in contract.columns if column.logical_type in _WHOLES]
    found: dict[str, float] = {column.name: _bounded(column, _WHOLES[column.logical_type]) for column in columns}
    for rule in contract.rules:
        if rule.kind == "partsNotAbove":
            parts = [*rule.argument("parts"), *filter(None, [rule.argument("less")])]
            found |= {name: _bounded(contract.column(name), _PART) for name in parts}
    for rule in contract.rules:
        other = rule.argument("other")
        if rule.kind == "notBelow" and other in found and rule.columns[0] in found:
            found[other] = _bounded(contract.column(other), found[rule.columns[0]] // 2)
    return found


def _derived(delivery: Delivery) -> Iterator[tuple[str, Value]]:
    amounts = _amounts(delivery.contract)
    for column in delivery.contract.columns:
        if column.name in amounts:
            amount = amounts[column.name]
            yield column.name, int(amount) if float(amount).is_integer() else amount
        elif column.name == PERIOD:
            yield column.name, PERIOD_EXAMPLES[delivery.period_form]
        elif column.logical_type == "boolean":
            yield column.name, True
        elif column.allowed:
            yield column.name, column.allowed[0]
        else:
            yield column.name, (_of_form(column.pattern) if column.pattern else None) or _TEXTS[column.logical_type]


def example_row(delivery: Delivery) -> Mapping[str, Value | None]:
    """The example row by column, codes as codes; `deliverer` is EXAMPLE.

    The values are those of the contract's custom property `example`, which leaves out what stays empty; a contract
    without one gets values that its types, code lists and rules between columns allow.
    """
    given = delivery.contract.get("example")
    values = dict(given) if isinstance(given, dict) else dict(_derived(delivery))
    return {**{name: values.get(name) for name in delivery.contract.column_names}, DELIVERER: EXAMPLE}

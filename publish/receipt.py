"""The receipt of a delivered file: what was read, what was accepted, what was refused and what would be right.

Here: its facts, and the JSON that keeps them. Not here: how a deliverer sees them (`receipt_pages.py`), or how they
come about (`assets/deliveries`).
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from types import NoneType
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from contracts.contract_model import Column, Severity

#: Raised when a field is added, goes or changes its meaning.
SCHEMA_VERSION = 1
#: So many refusals, and so many warnings, stand in a receipt; `refusals_in_all` counts the others too.
MOST_REFUSALS = 500
Outcome = Literal["accepted", "accepted_in_part", "refused", "repeated"]
_Fact = TypeVar("_Fact")


class ReceiptError(ValueError):
    """A receipt cannot be read, or contradicts itself; the message says what was found and what is expected."""


@dataclass(frozen=True)
class Note:
    """A sentence on how a file was read, in both languages; `code` names what it is about and stays the same."""

    code: str
    nl: str
    en: str


@dataclass(frozen=True)
class Refusal:
    """One cell, or one row, that breaks a rule; with severity `error` its row was refused.

    `row_number` is that of the sheet or the line of the file, None for the file as a whole. `column` is the technical
    name, empty for the row as a whole; `rule` the key of the rule; `right_*` what would be right.
    """

    row_number: int | None
    column: str
    column_nl: str
    column_en: str
    found: str
    rule: str
    severity: Severity
    right_nl: str
    right_en: str


@dataclass(frozen=True)
class Total:
    """The sums of one number column over the rows read, accepted, refused and left out as exact duplicates.

    read = accepted + refused + duplicates over what can be read as a number. None: more than a number can hold.
    """

    column: str
    title_nl: str
    title_en: str
    unit: str
    read: float | None
    accepted: float | None
    refused: float | None
    duplicates: float | None


def total_of(column: Column, *, read: float, accepted: float, refused: float, duplicates: float) -> Total:
    """The sums of a column with its titles and unit; an infinite sum becomes None."""
    sums = [value if math.isfinite(value) else None for value in (read, accepted, refused, duplicates)]
    return Total(column.name, column.title_nl, column.title_en, column.unit or "", *sums)


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """What happened with one delivered file. rows_in = rows_accepted + rows_refused + exact_duplicates, always.

    `id` is the number of the receipt, `received_at` a moment as ISO 8601 in UTC, `form` and `part` what was read
    (`csv`, `xlsx`, ...; the sheet or resource, or empty). `reason_*` say why a file was refused and what to do next,
    or which receipt it was given before; empty otherwise. With the outcome `refused` no row is used: `rows_accepted`
    then counts those that would have been in order. `examples_left_out` are no part of `rows_in`. `threshold` is the
    largest share of refused rows with which the rest is used. `replaces` is the receipt of the file whose place this
    one takes. `refusals` and `warnings` are the first MOST_REFUSALS by row.
    """

    id: str
    delivery: str
    title_nl: str
    title_en: str
    contract_version: str
    file_name: str
    sha256: str
    bytes: int
    received_at: str
    form: str
    part: str
    outcome: Outcome
    reason_nl: str = ""
    reason_en: str = ""
    deliverer: str | None = None
    deliverer_name: str | None = None
    period: str | None = None
    rows_in: int = 0
    rows_accepted: int = 0
    rows_refused: int = 0
    exact_duplicates: int = 0
    examples_left_out: int = 0
    threshold: float = 0.0
    replaces: str | None = None
    notes: tuple[Note, ...] = ()
    totals: tuple[Total, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    refusals_in_all: int = 0
    warnings: tuple[Refusal, ...] = ()
    warnings_in_all: int = 0

    def __post_init__(self) -> None:
        out = self.rows_accepted + self.rows_refused + self.exact_duplicates
        if self.rows_in != out:
            raise ReceiptError(
                f"receipt {self.id}: {self.rows_in} rows in, and {out} out ({self.rows_accepted} accepted, "
                f"{self.rows_refused} refused, {self.exact_duplicates} exact duplicates); every row has one outcome"
            )
        for name, shown, count in (
            ("refusals", self.refusals, self.refusals_in_all),
            ("warnings", self.warnings, self.warnings_in_all),
        ):
            if not len(shown) <= min(count, MOST_REFUSALS):
                raise ReceiptError(
                    f"receipt {self.id}: {len(shown)} {name} of {count} in all; expected at most that many, and at "
                    f"most {MOST_REFUSALS}"
                )


def receipt_json(receipt: Receipt) -> bytes:
    """The receipt as JSON in UTF-8, fields in the order of `Receipt` after `schema_version`; the same receipt gives the
    same bytes."""
    facts = {"schema_version": SCHEMA_VERSION, **asdict(receipt)}
    text = json.dumps(facts, ensure_ascii=False, indent=1, allow_nan=False)
    # a file name may hold bytes that are no text; JSON has an escape for what Python puts in their place
    return (text + "\n").encode("utf-8", "backslashreplace")


def read_receipt(body: bytes) -> Receipt:
    """The receipt that `receipt_json` wrote. Raises ReceiptError for anything else."""
    try:
        raw = json.loads(body)
    except ValueError as error:
        raise ReceiptError(f"this is no receipt: it is no JSON in UTF-8 ({error})") from error
    if not isinstance(raw, dict):
        raise ReceiptError(f"this is no receipt: expected an object, found {type(raw).__name__}")
    version = raw.pop("schema_version", None)
    if version != SCHEMA_VERSION:
        raise ReceiptError(
            f"schema_version of the receipt is {version!r}, expected {SCHEMA_VERSION}; "
            "read it with the version of Ketenmonitor that wrote it"
        )
    return _read(Receipt, raw, "receipt")


def _read(kind: type[_Fact], raw: Any, where: str) -> _Fact:
    """A dataclass from its JSON; every field must be there, no other, and each of its type."""
    hints = get_type_hints(kind)
    names = [field.name for field in fields(kind)]  # type: ignore[arg-type]
    if not isinstance(raw, Mapping) or set(raw) != set(names):
        found = ", ".join(sorted(raw)) if isinstance(raw, Mapping) else type(raw).__name__
        raise ReceiptError(f"{where} has the fields {found}; expected {', '.join(sorted(names))}")
    return kind(**{name: _value(hints[name], raw[name], f"{where}.{name}") for name in names})


def _value(hint: Any, raw: Any, where: str) -> Any:
    if get_origin(hint) is tuple:
        if not isinstance(raw, list):
            raise ReceiptError(f"{where} is {type(raw).__name__}, expected a list")
        return tuple(_read(get_args(hint)[0], item, f"{where}[{place}]") for place, item in enumerate(raw))
    if get_origin(hint) is Literal:
        if raw not in get_args(hint):
            raise ReceiptError(f"{where} is {raw!r}, expected one of {', '.join(get_args(hint))}")
        return raw
    kinds = get_args(hint) or (hint,)
    fits = type(raw) in kinds or (float in kinds and type(raw) is int)
    if not fits:
        expected = " or ".join("null" if kind is NoneType else kind.__name__ for kind in kinds)
        raise ReceiptError(f"{where} is {raw!r}, expected {expected}")
    return float(raw) if float in kinds and raw is not None else raw

"""Which sign stands before the decimals in numbers that came as text: recognised by evidence, never guessed.

A cell is evidence where it can be read in one way only: both signs in it, a sign that stands there twice, or other than
three digits behind a single sign. `1.234` is none: it may be a thousand or a little more than one. Groups are of three.
Here: the evidence, and rewriting numbers with a decimal point. Not here: whether a text is a number at all (the audit).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import pyarrow as pa
import pyarrow.compute as pc

from assets.deliveries.delivered_file import FileRefused, Told
from assets.deliveries.reading.words import refused, shown
from contracts.contract_model import Contract

Sign = Literal["comma", "point"]
_MARK: dict[Sign, str] = {"comma": ",", "point": "."}
_OTHER: dict[Sign, Sign] = {"comma": "point", "point": "comma"}
_IN_WORDS: dict[Sign, tuple[str, str]] = {
    "comma": ("een decimale komma", "a decimal comma"),
    "point": ("een decimale punt", "a decimal point"),
}


def _only_with(sign: Sign) -> str:
    """Pattern of a number that can be read with this decimal sign only."""
    d, g = (r"\,", r"\.") if sign == "comma" else (r"\.", r"\,")
    forms = (
        rf"[1-9]\d{{0,2}}({g}\d{{3}})+{d}\d*",
        rf"[1-9]\d{{0,2}}({g}\d{{3}}){{2,}}",
        rf"\d*{d}(\d{{1,2}}|\d{{4,}})",
        rf"\d+{d}",
        rf"(0\d*|\d{{4,}})?{d}\d{{3}}",
        rf"\d*{d}\d*[eE][+-]?\d{{1,3}}",
    )
    return rf"^[+-]?({'|'.join(forms)})$"


ONLY_WITH: dict[Sign, str] = {"comma": _only_with("comma"), "point": _only_with("point")}
#: A number that is one with either sign, with another value.
EITHER_WAY = r"^[+-]?[1-9]\d{0,2}[.,]\d{3}$"
_GROUPED: dict[Sign, str] = {
    "comma": r"^[+-]?[1-9]\d{0,2}(\.\d{3})+(,\d*)?$",
    "point": r"^[+-]?[1-9]\d{0,2}(,\d{3})+(\.\d*)?$",
}
_UNGROUPED_COMMA = r"^[+-]?\d*,\d*([eE][+-]?\d{1,3})?$"


@dataclass(frozen=True)
class Cell:
    """A cell that says something about the decimal sign."""

    row_number: int
    column: str
    text: str


@dataclass(frozen=True)
class DecimalSign:
    """What a file's decimal sign is, and how that is known: `evidence` is the cell, None where it was declared.

    `sign` is None where no number has a sign in it at all.
    """

    sign: Sign | None
    evidence: Cell | None = None

    def notes(self, contract: Contract, row_nl: str, row_en: str) -> tuple[Told, ...]:
        """What the deliverer is told; `row_nl` and `row_en` are the word for a row: `regel`, `line`."""
        if self.sign is None:
            return ()
        nl, en = _IN_WORDS[self.sign]
        if self.evidence is None:
            return (Told("decimal_declared", f"Gelezen met {nl}, zoals opgegeven.", f"Read with {en}, as declared."),)
        cell, column = self.evidence, contract.column(self.evidence.column)
        return (
            Told(
                "decimal_recognised",
                f"Gelezen met {nl}, herkend aan {shown(cell.text)} op {row_nl} {cell.row_number}, kolom "
                f"{column.title_nl}.",
                f"Read with {en}, recognised by {shown(cell.text)} on {row_en} {cell.row_number}, column "
                f"{column.title_en}.",
            ),
        )


def recognised_sign(
    batches: Iterable[tuple[pa.Array, Mapping[str, pa.Array]]],
    contract: Contract,
    row_nl: str,
    row_en: str,
    declare: tuple[str, str],
) -> DecimalSign:
    """The decimal sign by the first cell that leaves no doubt; reads no further than the batch with that cell.

    `batches` are row numbers and trimmed texts of the number columns; `declare` says, in both languages, how to declare
    the sign where it cannot be recognised. Raises FileRefused where both signs are evident
    in one batch, and where there are signs but no evidence.
    """
    unclear: Cell | None = None
    for row_numbers, columns in batches:
        found: dict[Sign, Cell] = {}
        for name, values in columns.items():
            for sign in ("comma", "point"):
                cell = _first(row_numbers, name, values, ONLY_WITH[sign])
                if cell and (sign not in found or cell.row_number < found[sign].row_number):
                    found[sign] = cell
            unclear = unclear or _first(row_numbers, name, values, EITHER_WAY)
        if len(found) == 2:
            raise contradiction(found["comma"], found["point"], contract, row_nl, row_en)
        for sign, cell in found.items():
            return DecimalSign(sign, cell)
    if unclear is None:
        return DecimalSign(None)
    column = contract.column(unclear.column)
    raise refused(
        "decimal_unclear",
        f"Op {row_nl} {unclear.row_number}, kolom {column.title_nl}, staat {shown(unclear.text)}: dat kan "
        f"duizendtallen of decimalen betekenen, en geen andere cel geeft uitsluitsel. {declare[0]}",
        f"On {row_en} {unclear.row_number}, column {column.title_en}, stands {shown(unclear.text)}: that may be "
        f"thousands or decimals, and no other cell tells. {declare[1]}",
    )


def contradiction(comma: Cell, point: Cell, contract: Contract, row_nl: str, row_en: str) -> FileRefused:
    """The refusal of a file in which both signs stand before decimals."""
    nl = [
        f"{shown(c.text)} ({row_nl} {c.row_number}, kolom {contract.column(c.column).title_nl})" for c in (comma, point)
    ]
    en = [
        f"{shown(c.text)} ({row_en} {c.row_number}, column {contract.column(c.column).title_en})"
        for c in (comma, point)
    ]
    return refused(
        "decimal_unclear",
        f"Getallen spreken elkaar tegen: {nl[0]} heeft een decimale komma, {nl[1]} een decimale punt. Schrijf alle "
        "getallen met hetzelfde teken.",
        f"Numbers contradict each other: {en[0]} has a decimal comma, {en[1]} a decimal point. Write all numbers with "
        "the same sign.",
    )


def with_decimal_point(values: pa.Array, sign: Sign) -> tuple[pa.Array, pa.Array | None]:
    """Numbers of `sign` as texts with a decimal point and without groups; what is no number stays as it is.

    The second is a mask of the cells that can only be read with the other sign, or None where there are none.
    """
    comma, point = pc.match_substring(values, ","), pc.match_substring(values, ".")
    if sign == "comma" and not _any(point) and (plain := _all_plain(values)) is not None:
        return plain, None
    if sign == "point":
        # only these differ from a number with a decimal point: groups with a comma, or points more than once
        looked_at = pc.or_(comma, pc.greater(pc.count_substring(values, "."), 1)) if _any(point) else comma
    else:
        looked_at = pc.or_(comma, point)
    if not _any(looked_at):
        return values, None
    looked_at = pc.fill_null(looked_at, False)
    some = values.filter(looked_at)
    other = pc.match_substring_regex(some, ONLY_WITH[_OTHER[sign]])
    grouped = pc.match_substring_regex(some, _GROUPED[sign])
    plain = pc.if_else(grouped, pc.replace_substring(some, _MARK[_OTHER[sign]], ""), some)
    if sign == "comma":
        number = pc.or_(grouped, pc.match_substring_regex(some, _UNGROUPED_COMMA))
        plain = pc.if_else(pc.and_not(number, other), pc.replace_substring(plain, ",", "."), some)
    else:
        plain = pc.if_else(other, some, plain)
    rewritten = pc.replace_with_mask(values, looked_at, plain)
    if not _any(other):
        return rewritten, None
    return rewritten, pc.replace_with_mask(pc.and_(looked_at, False), looked_at, other)


def _all_plain(values: pa.Array) -> pa.Array | None:
    """Numbers with a comma and no groups as they mostly come, ten times faster than cell by cell; None for others."""
    replaced = pc.replace_substring(values, ",", ".")
    try:
        replaced.cast(pa.float64())
    except pa.ArrowInvalid:
        return None
    return replaced


def first_cell(row_numbers: pa.Array, column: str, values: pa.Array, mask: pa.Array) -> Cell:
    """The first cell under a mask that is true somewhere."""
    position = pc.index(mask, True).as_py()
    return Cell(row_numbers[position].as_py(), column, values[position].as_py())


def _first(row_numbers: pa.Array, column: str, values: pa.Array, pattern: str) -> Cell | None:
    mask = pc.match_substring_regex(values, pattern)
    return first_cell(row_numbers, column, values, mask) if _any(mask) else None


def _any(mask: Any) -> bool:
    return bool(pc.any(mask).as_py())

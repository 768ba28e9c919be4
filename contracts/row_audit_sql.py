"""Delivered rows as SQL: a text read as its type, the marks of a row that offends, and what was found in it.

Here: queries as text. A row carries its number, the contract's columns as text, and beside them what is known of the
row already: cells that could not be read (`__broken_*`), a repeated key (`__keyed_*`), earlier values (`__before_*`).
Not here: where that knowledge comes from (`row_keys.py`), or who asks (`row_audit.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from contracts.arrow import READABLE
from contracts.contract_model import Column, Contract, Rule, Severity
from contracts.contract_rules import PREVIOUS_RULES
from contracts.rule_sql import before, differs, key_words, literal, parts_sum, quote, violation
from contracts.verdict import reading_key, type_key

KEYED = ("primaryKey", "unique")
ROW_NUMBER = "row_number"
# True where a cell of the row, or the row as a whole, could not be read
BROKEN, WHOLE = "__broken", "__whole"
REFUSED, OFFENDS = "__refused", "__offends"
#: How many of the rows that share a key are named in what was found.
ROWS_NAMED = 5
# Offences gathered for a sample of five: some of them are the same words
GATHERED = 20


@dataclass(frozen=True)
class Mark:
    """A type or a rule per row; the column `mark` of a judged row is true where the row offends against it."""

    position: int
    key: str
    severity: Severity
    columns: tuple[str, ...]
    rule: Rule | None

    @property
    def column(self) -> str:
        """The column that says of a judged row whether it offends."""
        return f"__mark_{self.position}"

    @property
    def keyed(self) -> str:
        """The column that says, beside a row, which rows have its key; empty where it stands alone."""
        return f"__keyed_{self.position}"


@dataclass(frozen=True)
class Beside:
    """What is known of the rows before they are judged: columns of which a cell was broken, whether whole rows were,
    marks of keys of which some are repeated, and columns with a value in the period before."""

    broken_columns: tuple[str, ...] = ()
    broken: bool = False
    repeated: tuple[Mark, ...] = ()
    compared: tuple[str, ...] = ()


def marks(contract: Contract) -> tuple[Mark, ...]:
    """What a row is held against: types first, then the rules per row, in the contract's order."""
    found: list[tuple[str, Severity, tuple[str, ...], Rule | None]] = [
        (type_key(contract, column.name), "error", (column.name,), None) for column in contract.columns
    ]
    found += [(rule.key, rule.severity, rule.columns, rule) for rule in contract.rules if rule.per_row]
    return tuple(Mark(position, *facts) for position, facts in enumerate(found))


def broken_cell(name: str) -> str:
    """The column that says of a row that its cell in the column `name` could not be read."""
    return f"__broken_{name}"


def _text(name: str) -> str:
    return quote(f"__text_{name}")


def _unreadable(name: str) -> str:
    return quote(f"__unreadable_{name}")


def _read(column: Column) -> str:
    """A text as the column's type by the same patterns as `arrow.py`; NULL where it cannot be read."""
    text = _text(column.name)
    if column.logical_type == "string":
        return text
    readable = f"regexp_full_match({text}, {literal(READABLE[column.logical_type])})"
    kind = {"integer": "BIGINT", "number": "DOUBLE", "boolean": "BOOLEAN", "date": "DATE"}
    read = f"TRY_CAST({text} AS {kind.get(column.logical_type, 'TIMESTAMPTZ')})"
    # 1e999 has the form of a number and is more than one can hold
    finite = f" AND isfinite({read})" if column.logical_type == "number" else ""
    return f"CASE WHEN {readable}{finite} THEN {read} END"


def typed_rows(contract: Contract, relation: str, beside: Beside, carried: Sequence[str] = ()) -> str:
    """The rows of `relation` with every column in its type; empty where a cell is empty, broken or cannot be read.

    Out: the row's number, the columns `carried` along, the contract's columns, and of each that is no text whether a
    cell could not be read.
    """
    texts = []
    for name in contract.column_names:
        text = f"nullif({quote(name)}, '')"
        lost = [WHOLE] if beside.broken else []
        lost += [quote(broken_cell(name))] if name in beside.broken_columns else []
        text = f"CASE WHEN NOT ({' OR '.join(lost)}) THEN {text} END" if lost else text
        texts.append(f"{text} AS {_text(name)}")
    held = [ROW_NUMBER, *map(quote, carried)]
    inner = f"SELECT {', '.join([*held, *texts])} FROM {relation}"
    read = [f"{_read(column)} AS {quote(column.name)}" for column in contract.columns]
    unread = [
        f"({_text(c.name)} IS NOT NULL AND {quote(c.name)} IS NULL) AS {_unreadable(c.name)}"
        for c in contract.columns
        if c.logical_type != "string"
    ]
    columns = list(map(quote, contract.column_names))
    typed = f"SELECT {', '.join([*held, *map(_text, contract.column_names), *read])} FROM ({inner})"
    return f"SELECT {', '.join([*held, *columns, *unread])} FROM ({typed})"


def judged_rows(contract: Contract, relation: str, beside: Beside) -> str:
    """Every row in its types with a column for each mark, `__offends` where any is true or a cell was broken, and
    `__refused` where that refuses the row."""
    carried = [mark.keyed for mark in beside.repeated] + [before(name) for name in beside.compared]
    carried += [BROKEN, WHOLE, *map(broken_cell, beside.broken_columns)] if beside.broken else []
    held = marks(contract)
    conditions = [f"{_offends(contract, mark, beside)} AS {mark.column}" for mark in held]
    columns = [ROW_NUMBER, *map(quote, contract.column_names)]
    kept = [*columns, *([BROKEN] if beside.broken else [])]
    inner = f"SELECT {', '.join([*kept, *conditions])} FROM ({typed_rows(contract, relation, beside, carried)})"
    broken = [BROKEN] if beside.broken else []
    refusing = " OR ".join([*(m.column for m in held if m.severity == "error"), *broken])
    offending = " OR ".join([*(m.column for m in held), *broken])
    shown = ", ".join([*columns, *(m.column for m in held)])
    return f"SELECT {shown}, {refusing} AS {REFUSED}, {offending} AS {OFFENDS} FROM ({inner})"


def _offends(contract: Contract, mark: Mark, beside: Beside) -> str:
    """The condition of a mark. A cell that cannot be read offends by its type alone, one that was broken by that."""
    types = {column.name: column.logical_type for column in contract.columns}
    rule = mark.rule
    if rule is None:
        return _unreadable(mark.columns[0]) if types[mark.columns[0]] != "string" else "false"
    if rule.kind in KEYED:
        return f"{quote(mark.keyed)} IS NOT NULL" if mark in beside.repeated else "false"
    if rule.kind in PREVIOUS_RULES:
        compared = [name for name in rule.columns if name in beside.compared]
        condition = " OR ".join(differs(rule, quote(name), quote(before(name))) for name in compared) or "false"
    else:
        condition = violation(rule)
    lost = [_unreadable(name) for name in mark.columns if types[name] != "string"]
    lost += [quote(broken_cell(name)) for name in mark.columns if name in beside.broken_columns]
    lost += [WHOLE] if beside.broken else []
    return " AND ".join([f"({condition})", *(f"NOT {name}" for name in lost)])


def faults(contract: Contract, relation: str, offending: Sequence[Mark], beside: Beside, broken: str | None) -> str:
    """One row a fault, by row number and rule: `relation` holds offending rows as text with their marks; `broken` is
    the relation of cells that could not be read. `position` puts the rules of a row in the contract's order."""
    parts = [
        f'SELECT {ROW_NUMBER}, {literal(column)} AS "column", {found} AS found, {literal(mark.key)} AS rule,'
        f" {literal(mark.severity)} AS severity, {mark.position} AS position FROM {relation} WHERE {condition}"
        for mark in offending
        for column, found, condition in _findings(mark, beside)
    ]
    if broken is not None:
        parts.append(
            f"SELECT {ROW_NUMBER}, \"column\", coalesce(found, '') AS found,"
            f" {literal(reading_key(contract, ''))} || rule AS rule, 'error' AS severity, -1 AS position FROM {broken}"
        )
    return f'SELECT * FROM ({" UNION ALL ".join(parts)}) ORDER BY {ROW_NUMBER}, rule, "column"'


def _findings(mark: Mark, beside: Beside) -> list[tuple[str, str, str]]:
    """For each fault that a mark makes of a row: its column, what was found, and when."""
    rule, first = mark.rule, mark.columns[0]
    if rule is not None and rule.kind in PREVIOUS_RULES:
        return [
            (name, _change(name), f"{mark.column} AND {_changed(rule, name)}")
            for name in rule.columns
            if name in beside.compared
        ]
    if rule is not None and rule.kind in KEYED:
        return [(first if len(mark.columns) == 1 else "", quote(mark.keyed), mark.column)]
    if rule is not None and rule.kind == "partsNotAbove":
        return [(first, _parts_found(rule), mark.column)]
    if rule is not None and rule.kind == "someFilled":
        return [(first, "''", mark.column)]
    if len(mark.columns) == 1:
        return [(first, f"coalesce({quote(first)}, '')", mark.column)]
    return [(first, _named_cells(mark.columns), mark.column)]


def _named_cells(names: Sequence[str]) -> str:
    return " || ', ' || ".join(f"{literal(name + ' ')} || coalesce(nullif({quote(name)}, ''), '–')" for name in names)


def _number(name: str) -> str:
    return f"TRY_CAST({quote(name)} AS DOUBLE)"


def _parts_found(rule: Rule) -> str:
    """`collected_kg 10, recycled_kg 8 + disposed_kg 4 = 12`: the whole, what is less, and the parts with their sum."""
    parts = [str(name) for name in rule.argument("parts")]
    less = rule.argument("less")
    whole = _named_cells([rule.columns[0], *([str(less)] if less else [])])
    filled = ", ".join(f"CASE WHEN {quote(n)} <> '' THEN {literal(n + ' ')} || {quote(n)} END" for n in parts)
    total = f"format('{{:.12g}}', {parts_sum([_number(name) for name in parts])})"
    return f"{whole} || ', ' || concat_ws(' + ', {filled}) || ' = ' || {total}"


def _change(name: str) -> str:
    return f"format('{{:.12g}}', {quote(before(name))}) || ' → ' || {quote(name)}"


def _changed(rule: Rule, name: str) -> str:
    return differs(rule, _number(name), quote(before(name)))


def samples(contract: Contract, relation: str, offending: Sequence[Mark], beside: Beside) -> str:
    """One row with, for each mark, the first offences by key as `{key, values}`: the values of the mark's columns."""
    key = key_words(contract, contract.column_names)
    parts = []
    for mark in offending:
        values = ", ".join(map(quote, mark.columns))
        if mark.rule is not None and mark.rule.kind in PREVIOUS_RULES:
            changes = (
                f"CASE WHEN {_changed(mark.rule, name)} THEN {literal(name + ' ')} || {_change(name)} END"
                for name in mark.columns
                if name in beside.compared
            )
            values = f"concat_ws(', ', {', '.join(changes)})"
        offence = f"{{'key': {key}, 'values': [{values}]}}"
        parts.append(f"min({offence}, {GATHERED}) FILTER (WHERE {mark.column}) AS {mark.column}")
    return f"SELECT {', '.join(parts)} FROM {relation}"

"""Contract -> Arrow schema, and the cast of text or frames into it.

Here: types. A cell that cannot be read as its type is reported with what was found, never silently emptied.
Not here: rules on values (`audit.py`).
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from contracts.contract_model import Column, Contract

ARROW_TYPES: dict[str, pa.DataType] = {
    "string": pa.string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us", tz="UTC"),
}

# What a text cell must look like before it is converted. Stricter than Python: no `inf`, `nan`, `1_000`, `0x10`.
# 18 digits keep an integer inside 64 bits.
READABLE = {
    "integer": r"^[+-]?\d{1,18}$",
    "number": r"^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?$",
    "boolean": r"^(true|false)$",
    "date": r"^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$",
    "timestamp": r"^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:[0-5]\dZ$",
}

EXPECTED_TYPE = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number with a decimal point",
    "boolean": "true or false",
    "date": "a date as YYYY-MM-DD",
    "timestamp": "a moment as YYYY-MM-DDThh:mm:ssZ",
}


@dataclass(frozen=True)
class UnreadableCells:
    """Cells of one column that cannot be read as the column's type: row numbers and what stands there."""

    column: str
    rows: tuple[int, ...]
    found: tuple[str, ...]


class ColumnsDiffer(ValueError):
    """A table has a column too few or too many; `missing` and `unknown` name them."""

    def __init__(self, table: str, missing: tuple[str, ...], unknown: tuple[str, ...]) -> None:
        self.missing, self.unknown = missing, unknown
        parts = []
        if missing:
            parts.append(f"column {', '.join(missing)} is missing")
        if unknown:
            parts.append(f"column {', '.join(unknown)} is not in the contract")
        super().__init__(f"{table}: {'; '.join(parts)}")


def arrow_field(column: Column) -> pa.Field:
    """One column as an Arrow field; a required column is not nullable."""
    return pa.field(column.name, ARROW_TYPES[column.logical_type], nullable=not column.required)


def arrow_schema(contract: Contract) -> pa.Schema:
    """All columns of a contract, in published order."""
    return pa.schema([arrow_field(column) for column in contract.columns])


def compare_columns(names: list[str], contract: Contract) -> None:
    """Raises ColumnsDiffer unless `names` holds exactly the columns of the contract, in any order."""
    missing = tuple(name for name in contract.column_names if name not in names)
    unknown = tuple(name for name in names if name not in contract.column_names)
    if missing or unknown:
        raise ColumnsDiffer(contract.table, missing, unknown)


def _cast_text(values: pa.ChunkedArray, column: Column) -> tuple[pa.ChunkedArray, UnreadableCells | None]:
    target = ARROW_TYPES[column.logical_type]
    empty = pc.equal(values, "")
    values = pc.if_else(empty, pa.scalar(None, pa.string()), values)
    if column.logical_type == "string":
        return values, None
    readable = pc.match_substring_regex(values, READABLE[column.logical_type])
    if column.logical_type in ("date", "timestamp"):
        # 31 February passes the pattern: strptime-like parsing decides, with an error turned into "unreadable"
        parsed = pd.to_datetime(
            values.to_pandas(), errors="coerce", utc=column.logical_type == "timestamp", format="ISO8601"
        )
        exists = pa.chunked_array([pa.array(parsed.notna().to_numpy())])
        # an empty cell is empty, not unreadable: null AND false would be false
        readable = pc.if_else(pc.is_null(values), pa.scalar(None, pa.bool_()), pc.and_(readable, exists))
    bad = pc.fill_null(pc.invert(readable), False)
    clean = pc.if_else(bad, pa.scalar(None, pa.string()), values)
    if column.logical_type in ("integer", "number"):
        clean = pc.replace_substring_regex(clean, r"^\+", "")
    converted = (
        clean.cast(target)
        if column.logical_type != "timestamp"
        else pc.strptime(clean, "%Y-%m-%dT%H:%M:%SZ", "us").cast(target)
    )
    if column.logical_type == "number":
        # 1e999 has the form of a number and is more than one can hold
        endless = pc.fill_null(pc.invert(pc.is_finite(converted)), False)
        bad, converted = pc.or_(bad, endless), pc.if_else(endless, pa.scalar(None, target), converted)
    if not pc.any(bad).as_py():
        return converted, None
    rows = pc.indices_nonzero(bad.combine_chunks() if isinstance(bad, pa.ChunkedArray) else bad)
    found = values.take(rows)
    return converted, UnreadableCells(column.name, tuple(rows.to_pylist()), tuple(str(v) for v in found.to_pylist()))


def cast(table: pa.Table, contract: Contract) -> tuple[pa.Table, list[UnreadableCells]]:
    """A table of text (or of already typed columns) in the types and order of the contract.

    Returns the typed table, unreadable cells being null, and the list of those cells. Raises ColumnsDiffer.
    """
    compare_columns(table.column_names, contract)
    arrays: list[pa.ChunkedArray] = []
    unreadable: list[UnreadableCells] = []
    for column in contract.columns:
        values = table.column(column.name)
        bad: UnreadableCells | None = None
        target = ARROW_TYPES[column.logical_type]
        if pa.types.is_dictionary(values.type):
            values = values.cast(values.type.value_type)
        if pa.types.is_large_string(values.type) or pa.types.is_string_view(values.type):
            values = values.cast(pa.string())
        if pa.types.is_string(values.type):
            values, bad = _cast_text(values, column)
        elif pa.types.is_null(values.type):
            values = values.cast(target)
        elif values.type != target:
            values, bad = _cast_typed(values, column)
        if bad is not None:
            unreadable.append(bad)
        arrays.append(values)
    # nullability is a rule that the audit reports by row; Arrow would only say that something is null
    schema = pa.schema([pa.field(c.name, ARROW_TYPES[c.logical_type]) for c in contract.columns])
    return pa.Table.from_arrays(arrays, schema=schema), unreadable


def _cast_typed(values: pa.ChunkedArray, column: Column) -> tuple[pa.ChunkedArray, UnreadableCells | None]:
    # only between like and like: Arrow would turn 2 into true, and a whole number into microseconds since 1970
    target = ARROW_TYPES[column.logical_type]
    alike = any(is_one(values.type) and is_one(target) for is_one in (_is_number, pa.types.is_temporal))
    if alike or pa.types.is_string(target):
        try:
            return values.cast(target), None
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            # a cell that does not fit, or a pair of types that Arrow does not cast: the way over text names the cells
            pass
    return _cast_text(values.cast(pa.string()), column)


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))


def without_infinity(table: pa.Table, contract: Contract) -> tuple[pa.Table, list[UnreadableCells]]:
    """A typed table with NaN and infinity as null, and where they stood: they are no numbers that can be published.

    Text is never read as one (`READABLE`), but a table that came typed can hold them.
    """
    unreadable = []
    for position, column in enumerate(contract.columns):
        values = table.column(position)
        if not pa.types.is_floating(values.type):
            continue
        bad = pc.fill_null(pc.invert(pc.is_finite(values)), False)
        if not pc.any(bad).as_py():
            continue
        rows = pc.indices_nonzero(bad.combine_chunks() if isinstance(bad, pa.ChunkedArray) else bad)
        found = tuple(str(value) for value in values.take(rows).to_pylist())
        unreadable.append(UnreadableCells(column.name, tuple(rows.to_pylist()), found))
        table = table.set_column(
            position, table.field(position), pc.if_else(bad, pa.scalar(None, pa.float64()), values)
        )
    return table, unreadable


def table_from_frame(frame: pd.DataFrame, contract: Contract) -> pa.Table:
    """A pandas frame as a typed Arrow table: NaN and the empty string become null, columns take the contract's order.

    Raises ColumnsDiffer, and pyarrow's ArrowInvalid when a computed column has the wrong type: that is our own
    mistake.
    """
    compare_columns(list(frame.columns), contract)
    arrays = []
    for column in contract.columns:
        series = frame[column.name]
        target = ARROW_TYPES[column.logical_type]
        if column.logical_type == "string":
            values = pa.array(series.astype("object").where(series.notna(), None), type=pa.string())
            values = pc.if_else(pc.equal(values, ""), pa.scalar(None, pa.string()), values)
        elif column.logical_type == "integer":
            values = pa.array(series.astype("Int64"), type=target)
        else:
            values = pa.array(series, type=target, from_pandas=True)
        arrays.append(values)
    return pa.Table.from_arrays(
        arrays, schema=pa.schema([(c.name, ARROW_TYPES[c.logical_type]) for c in contract.columns])
    )

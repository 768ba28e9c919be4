"""The one way in which a table becomes bytes: canonical text, CSV, Parquet, and the digest of its values.

Here: row order, number notation, quoting, and everything else on which "same inputs, same bytes" rests.
Not here: what a table must hold (`contracts`), where the files go (`release.py`), what they are called
(`descriptor.py`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from contracts.arrow import cast
from contracts.contract import Contract

# A double holds 15 to 17 digits and the last ones differ between ways of adding up the same figures; no
# source publishes more than nine. Twelve keep every published digit and none of the noise.
SIGNIFICANT_DIGITS = 12
# Doubles hold 10**0 .. 10**22 exactly, so scaling by them rounds once and the result is the double nearest to
# the decimal.
_POWERS = np.array([float(f"1e{exponent}") for exponent in range(23)])
_PLAIN_FROM, _PLAIN_BELOW = 1e-6, 1e15
# Both are part of the bytes of a file: changing one changes every checksum.
_ROWS_PER_BLOCK = 65_536
_ROWS_PER_GROUP = 131_072


class TableError(ValueError):
    """A table does not fit its contract; the message names table, column, row and what was found."""


def conform(table: pa.Table, contract: Contract) -> pa.Table:
    """The columns of the contract, in its order and types; NaN becomes null. An empty string stays one.

    Raises `contracts.arrow.ColumnsDiffer` for a column too few or too many, TableError for a cell of another
    type or an infinity.
    """
    typed, unreadable = cast(table, contract)
    if unreadable:
        first = unreadable[0]
        wanted = contract.column(first.column).logical_type
        raise TableError(
            f"{contract.table}.{first.column}: row {first.rows[0]} holds {first.found[0]!r}, expected "
            f"{wanted}; correct the step that made the table"
        )
    arrays: list[pa.ChunkedArray] = []
    for name in typed.column_names:
        values = typed.column(name)
        if pa.types.is_string(values.type):
            # the cast reads text from outside and takes "" for missing; here the table is ours and `flags`
            # may hold ""
            values = table.column(name).cast(pa.string())
            if pc.any(pc.match_substring(values, "\0")).as_py():
                raise TableError(
                    f"{contract.table}.{name}: a text holds the NUL character, at which CSV readers stop; remove it"
                )
        elif pa.types.is_floating(values.type):
            values = pc.if_else(pc.is_nan(values), pa.scalar(None, values.type), values)
            if pc.any(pc.is_inf(values)).as_py():
                raise TableError(
                    f"{contract.table}.{name}: an infinite number is no figure; a ratio over zero has no "
                    "value and a status"
                )
        arrays.append(values)
    return pa.Table.from_arrays(arrays, schema=typed.schema)


def sort_by_key(table: pa.Table, contract: Contract) -> pa.Table:
    """Rows in the order of the primary key, nulls first, text by code point; equal keys by the other columns.

    Columns that the table lacks are passed over, so that a digest may leave some out.
    """
    names = [name for name in contract.primary_key if name in table.column_names]
    names += [name for name in table.column_names if name not in names]
    if not names or table.num_rows < 2:
        return table
    return table.take(pc.sort_indices(table, sort_keys=[(name, "ascending", "at_start") for name in names]))


def _round_array(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """`values` at 12 significant digits; NaN stays NaN, minus zero becomes zero."""
    rounded = values + 0.0
    magnitude = np.abs(values)
    usable = np.isfinite(values) & (magnitude > 0)
    places = np.zeros(len(values), dtype=np.int64)
    places[usable] = SIGNIFICANT_DIGITS - 1 - np.floor(np.log10(magnitude[usable])).astype(np.int64)
    # log10 of a number just below a power of ten may come out as that power: one digit too few
    within = usable & (np.abs(places) < 22)
    power = _POWERS[np.where(within, np.abs(places), 0)]
    scaled = np.where(places >= 0, magnitude * power, magnitude / power)
    places = np.where(within & (scaled < 10.0 ** (SIGNIFICANT_DIGITS - 1)), places + 1, places)
    power = _POWERS[np.where(within, np.abs(places), 0)]
    whole = np.rint(np.where(places >= 0, magnitude * power, magnitude / power))
    rounded[within] = np.copysign(np.where(places >= 0, whole / power, whole * power), values)[within]
    for position in np.flatnonzero(usable & ~within):
        rounded[position] = float(f"{values[position]:.{SIGNIFICANT_DIGITS}g}")
    return rounded


def _round_column(values: pa.ChunkedArray) -> pa.ChunkedArray:
    numbers = values.to_numpy()
    rounded = pa.array(_round_array(numbers), from_pandas=True)
    return pa.chunked_array([rounded], type=pa.float64())


def round_significant(table: pa.Table) -> pa.Table:
    """The table with its floats at 12 significant digits, so that CSV and Parquet hold the same number."""
    for position, field in enumerate(table.schema):
        if pa.types.is_floating(field.type):
            table = table.set_column(
                position, pa.field(field.name, pa.float64()), _round_column(table.column(position))
            )
    return table


def _number_text(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Shortest notation; without exponent for 1e-6 <= |x| < 1e15, where Arrow already uses one from 1e10."""
    values = _round_column(values)
    text = values.cast(pa.string())
    numbers = values.to_numpy()
    size = np.abs(numbers)
    exponent = (
        pc.fill_null(pc.match_substring(text, "e"), False).to_numpy() & (size >= _PLAIN_FROM) & (size < _PLAIN_BELOW)
    )
    if not exponent.any():
        return text
    plain = pa.array([np.format_float_positional(number, trim="-") for number in numbers[exponent]], pa.string())
    return pc.replace_with_mask(text, pa.array(exponent), plain)


def _moment_text(values: pa.ChunkedArray, name: str) -> pa.ChunkedArray:
    if values.type.tz not in (None, "UTC"):
        raise TableError(f"column {name}: times are published in UTC; found time zone {values.type.tz}")
    try:
        seconds = values.cast(pa.timestamp("s", tz=values.type.tz))
    except pa.ArrowInvalid as error:
        raise TableError(f"column {name}: times are published to the second; found a fraction ({error})") from error
    clock = seconds.cast(pa.int64()).cast(pa.timestamp("s")).cast(pa.string())
    return pc.binary_join_element_wise(pc.replace_substring(clock, " ", "T"), "Z", "")


def as_text(table: pa.Table) -> pa.Table:
    """The same table with every cell as the text that a CSV holds, unquoted; nulls stay null.

    Integers plain, floats at most 12 significant digits and without trailing `.0`, booleans true/false, dates
    ISO 8601, times as YYYY-MM-DDThh:mm:ssZ.
    """
    arrays: list[pa.ChunkedArray] = []
    for name in table.column_names:
        values = table.column(name)
        if pa.types.is_floating(values.type):
            arrays.append(_number_text(values))
        elif pa.types.is_timestamp(values.type):
            arrays.append(_moment_text(values, name))
        else:
            arrays.append(values.cast(pa.string()))
    return pa.Table.from_arrays(arrays, names=table.column_names)


def _quoted(values: pa.ChunkedArray | pa.Array) -> pa.ChunkedArray | pa.Array:
    """RFC 4180: quotes only round a text that holds a quote, a comma or a line break."""
    needed = pc.match_substring_regex(values, '[",\r\n]')
    if not pc.any(needed).as_py():
        return values
    return pc.if_else(
        needed, pc.binary_join_element_wise('"', pc.replace_substring(values, '"', '""'), '"', ""), values
    )


def _csv_blocks(table: pa.Table) -> Iterator[bytes]:
    """The CSV of a table, header first, in blocks of whole lines."""
    text = as_text(table)
    header = _quoted(pa.array(table.column_names, pa.string())).to_pylist()
    yield (",".join(header) + "\n").encode()
    # a line of one empty cell would be an empty line, which readers skip
    alone = '""' if table.num_columns == 1 else ""
    for start in range(0, table.num_rows, _ROWS_PER_BLOCK):
        block = text.slice(start, _ROWS_PER_BLOCK).combine_chunks()
        columns = [_quoted(values) for values in block.columns]
        if alone:
            columns = [pc.if_else(pc.equal(columns[0], ""), pa.scalar(None, pa.string()), columns[0])]
        lines = pc.binary_join_element_wise(*columns, ",", null_handling="replace", null_replacement=alone)
        ended = pc.binary_join_element_wise(lines, "", "\n")
        for chunk in ended.chunks if isinstance(ended, pa.ChunkedArray) else [ended]:
            yield "".join(chunk.to_pylist()).encode()


def write_rows(table: pa.Table, path: Path) -> None:
    """Writes a table as it stands: UTF-8 without BOM, LF, comma, header, null as an empty cell.

    Texts are kept byte for byte.
    """
    with path.open("wb") as handle:
        for block in _csv_blocks(table):
            handle.write(block)


def write_csv(table: pa.Table, path: Path, contract: Contract) -> None:
    """Writes the columns of the contract, in its order, as CSV (see `write_rows`); rows keep their order.

    Raises ColumnsDiffer and TableError as `conform` does.
    """
    write_rows(conform(table, contract), path)


def write_parquet(table: pa.Table, path: Path) -> None:
    """Writes a table as Parquet (zstd) without library metadata, floats at 12 significant digits.

    The bytes are the same for the same rows and the same version of pyarrow, which the footer names.
    """
    plain = round_significant(table).replace_schema_metadata(None).combine_chunks()
    pq.write_table(
        plain,
        path,
        compression="zstd",
        compression_level=3,
        row_group_size=_ROWS_PER_GROUP,
        store_schema=False,
        version="2.6",
    )


def values_digest(table: pa.Table, contract: Contract, exclude: Collection[str]) -> str:
    """sha256 over the CSV of the sorted rows without the columns `exclude`: equal when no figure changed."""
    kept = conform(table, contract)
    kept = round_significant(kept.select([name for name in kept.column_names if name not in exclude]))
    digest = hashlib.sha256()
    for block in _csv_blocks(sort_by_key(kept, contract)):
        digest.update(block)
    return digest.hexdigest()

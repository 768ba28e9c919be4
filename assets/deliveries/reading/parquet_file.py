"""Reads a delivered Parquet file: columns by name, values as the text that says the same, row group by row group.

Texts are read as dictionaries, so that one long text that stands in a million rows lies in memory once.
Here: types and batches. Not here: what a column must hold (the contract, by way of the audit).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from assets.deliveries.delivered_file import FileRefused, ReadFile, Told
from assets.deliveries.reading.decimal_sign import DecimalSign, recognised_sign
from assets.deliveries.reading.faults import Faults
from assets.deliveries.reading.header import At, Header, match_header, not_a_header, recognised
from assets.deliveries.reading.packed import bomb
from assets.deliveries.reading.rows_taken import NUMBERS, SPACE, RowsTaken
from assets.deliveries.reading.sheet_values import lost_digits
from assets.deliveries.reading.task import Task
from assets.deliveries.reading.words import refused, shown
from contracts.contract_model import Contract

#: With texts of the greatest length that is read, a column of one batch stays below a gigabyte.
BATCH = 65_536
_METADATA_BYTES = 50_000_000
AT = At("De kop van het Parquet-bestand", "The header of the Parquet file")
ROW_WORDS = ("rij", "row")
DECLARE = (
    "Lever de kolom als getallen, of geef het teken op met `ketenmonitor deliver --decimal comma` (of `point`).",
    "Hand in the column as numbers, or declare the sign with `ketenmonitor deliver --decimal comma` (or `point`).",
)


def read_parquet(task: Task) -> ReadFile:
    """Reads a Parquet file; row numbers count its rows from 1. Raises FileRefused in words."""
    limits = task.bounds.limits
    try:
        plain = pq.ParquetFile(task.path, thrift_string_size_limit=_METADATA_BYTES, memory_map=False)
    except (pa.ArrowException, OSError) as error:
        raise damaged_parquet() from error
    with plain:
        schema, metadata = plain.schema_arrow, plain.metadata
        task.bounds.columns(len(schema.names), AT.nl, AT.en)
        task.bounds.rows(metadata.num_rows)
        unpacked = sum(max(metadata.row_group(i).total_byte_size, 0) for i in range(metadata.num_row_groups))
        if unpacked > limits.unpacked_bytes:
            raise bomb(unpacked, limits.unpacked_bytes)
    contract = task.delivery.contract
    if not recognised(schema.names, contract):
        raise not_a_header(schema.names, contract, AT)
    header = match_header(schema.names, task.delivery, AT)
    _check_types(schema, header, contract)
    texts = [field.name for field in schema if _is_text(field.type)]
    try:
        with pq.ParquetFile(task.path, read_dictionary=texts, thrift_string_size_limit=_METADATA_BYTES) as file:
            return _read(file, header, task)
    except (pa.ArrowException, OSError) as error:
        raise damaged_parquet() from error


def _read(file: pq.ParquetFile, header: Header, task: Task) -> ReadFile:
    rows = _ParquetRows(file, header, task)
    decimal = rows.decimal_sign()
    taken = RowsTaken(
        task.delivery, task.folder, task.bounds, decimal=decimal, row_words=ROW_WORDS, missing=task.missing
    )
    try:
        for row_numbers, cells, faults in rows.batches():
            taken.take(row_numbers, cells, faults)
        contract = task.delivery.contract
        notes: tuple[Told, ...] = (*task.notes, *decimal.notes(contract, *ROW_WORDS), *header.notes(contract))
        return taken.finish("parquet", "", notes)
    finally:
        taken.close()


class _ParquetRows:
    """The rows of an opened file, as batches of texts by column of the contract."""

    def __init__(self, file: pq.ParquetFile, header: Header, task: Task) -> None:
        self._file, self._task, self._contract = file, task, task.delivery.contract
        self._columns = {
            name: place for place, name in enumerate(header.columns) if name is not None
        }  # place by column of the contract
        self._schema = file.schema_arrow

    def decimal_sign(self) -> DecimalSign:
        """The decimal sign of numbers that came as text; there are none in a well-typed file."""
        if self._task.declared.decimal:
            return DecimalSign(self._task.declared.decimal)
        texts = [
            name
            for name, place in self._columns.items()
            if self._contract.column(name).logical_type in NUMBERS and _is_text(self._schema.field(place).type)
        ]
        if not texts:
            return DecimalSign(None)
        batches = (
            (row_numbers, {name: pc.utf8_trim(cells[name], characters=SPACE) for name in texts})
            for row_numbers, cells, _ in self.batches(texts)
        )
        return recognised_sign(batches, self._contract, *ROW_WORDS, DECLARE)

    def batches(self, only: list[str] | None = None) -> Iterator[tuple[pa.Array, dict[str, pa.Array], Faults]]:
        """Row numbers from 1, texts by column and faults, batch by batch; `only` these columns."""
        columns = self._columns if only is None else {name: self._columns[name] for name in only}
        wanted = [self._schema.names[place] for place in columns.values()]
        at = 1
        for batch in self._file.iter_batches(BATCH, columns=wanted, use_threads=False):
            self._task.bounds.in_time()
            # Parquet is not held to UTF-8 while it is read: what follows would stumble over the first strange byte
            batch.validate(full=True)
            faults = Faults()
            row_numbers = pa.array(np.arange(at, at + batch.num_rows))
            at += batch.num_rows
            cells = {}
            for name, place in columns.items():
                values = batch.column(batch.schema.get_field_index(self._schema.names[place]))
                cells[name] = self._texts(name, values, row_numbers, faults)
            yield row_numbers, cells, faults

    def _texts(self, name: str, values: pa.Array, row_numbers: pa.Array, faults: Faults) -> pa.Array:
        column = self._contract.column(name)
        origin = values.type
        texts = self._as_text(values)
        if column.logical_type == "string" and (pa.types.is_integer(origin) or pa.types.is_floating(origin)):
            digits = lost_digits(column)
            if digits:
                short = pc.and_(pc.less(pc.utf8_length(texts), digits), pc.match_substring_regex(texts, r"^\d+$"))
                faults.add_where(short, row_numbers, name, texts, "number_for_text")
        return texts

    def _as_text(self, values: pa.Array) -> pa.Array:
        """Texts without loss: the shortest of a number, whole numbers without a point, dates as YYYY-MM-DD."""
        if pa.types.is_dictionary(values.type):
            inner = self._as_text(values.dictionary)
            # one character more than the limit is enough to see that a text is too long
            limit = self._task.bounds.limits.cell_characters + 1
            if (pc.max(pc.binary_length(inner)).as_py() or 0) > limit:
                inner = pc.utf8_slice_codeunits(inner, 0, limit)
            return inner.take(values.indices)
        if pa.types.is_date64(values.type):
            values = values.cast(pa.date32())
        if pa.types.is_timestamp(values.type):
            return _moment_texts(values)
        if pa.types.is_null(values.type):
            return pa.nulls(len(values), pa.string())
        return values.cast(pa.string())


def _moment_texts(values: pa.Array) -> pa.Array:
    zone = "Z" if values.type.tz else ""
    days = pc.strftime(values, "%Y-%m-%d")
    moments = pc.strftime(values.cast(pa.timestamp("s", values.type.tz), safe=False), f"%Y-%m-%dT%H:%M:%S{zone}")
    return pc.if_else(pc.ends_with(moments, f"T00:00:00{zone}"), days, moments)


def _check_types(schema: pa.Schema, header: Header, contract: Contract) -> None:
    for field, name in zip(schema, header.columns, strict=True):
        if name is None:
            raise _unusable(field, "een kolom zonder naam", "a column without a name")
        inner = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
        if pa.types.is_nested(inner):
            raise _unusable(field, "samengesteld (lijst of structuur)", "nested (a list or a structure)")
        plain = (
            _is_text(inner)
            or pa.types.is_integer(inner)
            or pa.types.is_floating(inner)
            or pa.types.is_decimal(inner)
            or pa.types.is_boolean(inner)
            or pa.types.is_date(inner)
            or pa.types.is_timestamp(inner)
            or pa.types.is_null(inner)
        )
        moment = pa.types.is_date(inner) or pa.types.is_timestamp(inner)
        if not plain or (moment and contract.column(name).logical_type in NUMBERS):
            raise _unusable(field, f"van type {inner}", f"of type {inner}")


def _is_text(kind: pa.DataType) -> bool:
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def _unusable(field: pa.Field, nl: str, en: str) -> FileRefused:
    return refused(
        "unusable_type",
        f"Kolom {shown(field.name)} van het Parquet-bestand is {nl}. Verwacht: tekst, getallen of datums. Schrijf de "
        "kolom in een van die typen.",
        f"Column {shown(field.name)} of the Parquet file is {en}. Expected: text, numbers or dates. Write the column "
        "in one of those types.",
    )


def damaged_parquet() -> FileRefused:
    """The refusal of a Parquet file that cannot be read."""
    return refused(
        "damaged",
        "Het Parquet-bestand is beschadigd of onvolledig. Schrijf het opnieuw en dien het opnieuw in.",
        "The Parquet file is damaged or incomplete. Write it again and hand it in again.",
    )

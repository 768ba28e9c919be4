"""Rows of text from any form, cleaned in one way and written to Parquet batch by batch.

Here: trimming, codes for labels, rows that are none (empty, or the example of a template), texts that a spreadsheet
would run. Not here: how the texts came out of a file (the reader of each form), or whether they are right (the audit).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from assets.deliveries.delivered_file import EXAMPLE, ROW_NUMBER, FileRefused, ReadFile, Told
from assets.deliveries.reading.bounds import Bounds
from assets.deliveries.reading.decimal_sign import DecimalSign, contradiction, first_cell, with_decimal_point
from assets.deliveries.reading.faults import Faults
from assets.deliveries.reading.words import counted, refused
from contracts.contract_model import Column
from contracts.delivery_contract import DELIVERER, PERIOD, Delivery
from contracts.vocabulary import load_codelist

ROWS_FILE, BROKEN_FILE = "rows.parquet", "broken.parquet"
NUMBERS = ("integer", "number")
#: White space as people paste it: also the space that does not break and characters without width.
SPACE = (
    " \t\r\n\v\f\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000\u200b\ufeff"
)
#: What a spreadsheet runs when it opens a CSV, also in the wide forms of East Asian keyboards.
RUNS_AS_FORMULA = r"^[=+\-@＝＋－＠]"
#: What a spreadsheet makes of a long code: digits are lost.
SCIENTIFIC = r"^\d([.,]\d+)?[eE]\+\d{1,3}$"
_YES_NO = {"true": "true", "waar": "true", "ja": "true", "yes": "true"} | {
    "false": "false", "onwaar": "false", "nee": "false", "no": "false"
}  # fmt: skip


class RowsTaken:
    """Takes batches of rows in and writes them to `folder`; `finish` gives the ReadFile.

    `missing` are texts that mean an empty cell in this file besides the empty text.
    """

    def __init__(
        self,
        delivery: Delivery,
        folder: Path,
        bounds: Bounds,
        *,
        decimal: DecimalSign | None = None,
        row_words: tuple[str, str] = ("rij", "row"),
        missing: Collection[str] = (),
    ) -> None:
        self._contract = delivery.contract
        self._folder, self._bounds, self._decimal, self._row_words = folder, bounds, decimal, row_words
        self._missing = pa.array(sorted(missing), pa.string())
        fields = [(ROW_NUMBER, pa.int64()), *((column.name, pa.string()) for column in self._contract.columns)]
        self._schema = pa.schema(fields)
        self._codes = {column.name: codes for column in self._contract.columns if (codes := code_names(column))}
        # a dictionary pays only where few texts return: over numbers it doubles the time of writing and of reading
        self._writer = pq.ParquetWriter(
            folder / ROWS_FILE,
            self._schema,
            compression="zstd",
            compression_level=1,
            use_dictionary=[DELIVERER, PERIOD, *self._codes],
            write_statistics=[ROW_NUMBER],
        )
        self._free_texts = [column.name for column in self._contract.columns if is_free_text(column)]
        self._rows = self._examples = self._empty = self._trimmed = 0
        self._uneven: pa.Array | None = None
        self.faults = Faults()

    def take(self, row_numbers: pa.Array, cells: Mapping[str, pa.Array], faults: Faults | None = None) -> None:
        """One batch: row numbers (int64), and texts by column of the contract; a column that is not there is empty.

        `faults` are what the reader itself found in these rows. Raises FileRefused past a limit.
        """
        self._bounds.in_time()
        empty = pa.nulls(len(row_numbers), pa.string())
        columns = {name: cells.get(name, empty) for name in self._contract.column_names}
        columns = {name: self._clean(values) for name, values in columns.items()}
        kept = self._kept(columns)
        if kept is not None:
            row_numbers = row_numbers.filter(kept)
            columns = {name: values.filter(kept) for name, values in columns.items()}
        # in a line with too many or too few cells nobody knows which cell is a number
        self._uneven = faults.rows_with("cells_differ") if faults is not None else None
        if faults is not None:
            self.faults.take_over(faults, None if kept is None else row_numbers)
        self._rows += len(row_numbers)
        self._bounds.rows(self._rows)
        if not len(row_numbers):
            return
        columns = {name: self._read(name, values, row_numbers) for name, values in columns.items()}
        self._writer.write_table(pa.table([row_numbers, *columns.values()], schema=self._schema))

    def finish(self, form: str, part: str, notes: tuple[Told, ...] = ()) -> ReadFile:
        """The file as read. Raises FileRefused where no row is left."""
        self._writer.close()
        if not self._rows:
            raise self._no_rows()
        return ReadFile(
            rows=self._folder / ROWS_FILE,
            broken=self.faults.write(self._folder / BROKEN_FILE),
            rows_in=self._rows,
            examples_left_out=self._examples,
            form=form,
            part=part,
            notes=(*notes, *self._own_notes()),
        )

    def close(self) -> None:
        """Lets go of the file that is being written, after a refusal."""
        self._writer.close()

    def row_numbers(self) -> pa.Array:
        """Row numbers of all rows so far; the writer is closed, so that no batch can follow."""
        self._writer.close()
        return pq.read_table(self._folder / ROWS_FILE, columns=[ROW_NUMBER]).column(0).combine_chunks()

    def _clean(self, values: pa.Array) -> pa.Array:
        trimmed = pc.utf8_trim(values, characters=SPACE)
        self._trimmed += pc.sum(pc.not_equal(trimmed, values)).as_py() or 0
        nothing = pc.equal(trimmed, "")
        if len(self._missing):
            nothing = pc.or_(nothing, pc.is_in(trimmed, value_set=self._missing))
        return pc.if_else(nothing, pa.scalar(None, pa.string()), trimmed)

    def _kept(self, columns: Mapping[str, pa.Array]) -> pa.Array | None:
        """Mask of the rows that are rows; None where all are."""
        empty = None
        for values in columns.values():
            if values.null_count == 0:
                empty = None
                break
            empty = pc.is_null(values) if empty is None else pc.and_(empty, pc.is_null(values))
        example = is_example(columns[DELIVERER])
        empties = 0 if empty is None else pc.sum(empty).as_py() or 0
        examples = pc.sum(example).as_py() or 0
        self._empty += empties
        self._examples += examples
        if not empties and not examples:
            return None
        return pc.invert(example if empty is None else pc.or_(empty, example))

    def _read(self, name: str, values: pa.Array, row_numbers: pa.Array) -> pa.Array:
        longest = pc.max(pc.binary_length(values)).as_py() or 0
        limit = self._bounds.limits.cell_characters
        if longest > limit:
            too_long = pc.greater(pc.utf8_length(values), limit)
            if self.faults.add_where(too_long, row_numbers, name, values, "cell_too_long"):
                values = pc.utf8_slice_codeunits(values, 0, limit)
        if self._contract.column(name).logical_type in NUMBERS:
            return self._numbers(name, values, row_numbers)
        if name in self._codes:
            return _with_codes(values, self._codes[name])
        if name in self._free_texts:
            runs = pc.match_substring_regex(values, RUNS_AS_FORMULA)
            self.faults.add_where(runs, row_numbers, name, values, "runs_as_formula")
            lost = pc.match_substring_regex(values, SCIENTIFIC)
            self.faults.add_where(lost, row_numbers, name, values, "scientific_for_text")
        return values

    def _numbers(self, name: str, values: pa.Array, row_numbers: pa.Array) -> pa.Array:
        if self._decimal is None or self._decimal.sign is None:
            return values
        sign, evidence = self._decimal.sign, self._decimal.evidence
        rewritten, contradicting = with_decimal_point(values, sign)
        if contradicting is not None and self._uneven is not None:
            contradicting = pc.and_not(contradicting, pc.is_in(row_numbers, value_set=self._uneven))
        if contradicting is not None and pc.any(contradicting).as_py():
            if evidence is not None:
                cell = first_cell(row_numbers, name, values, contradicting)
                pair = (evidence, cell) if sign == "comma" else (cell, evidence)
                raise contradiction(*pair, self._contract, *self._row_words)
            self.faults.add_where(contradicting, row_numbers, name, values, "other_decimal_sign")
        return rewritten

    def _own_notes(self) -> tuple[Told, ...]:
        notes = []
        if self._trimmed:
            one = (
                "Van één cel is de spatie aan het begin of eind weggelaten.",
                "Space around the text of one cell was left out.",
            )
            more = (
                "Van {} cellen is de spatie aan het begin of eind weggelaten.",
                "Space around the text of {} cells was left out.",
            )
            notes.append(counted("cells_trimmed", self._trimmed, one, more))
        if self._empty:
            one = ("Eén lege rij is overgeslagen.", "One empty row was skipped.")
            more = ("{} lege rijen zijn overgeslagen.", "{} empty rows were skipped.")
            notes.append(counted("empty_rows", self._empty, one, more))
        if self._examples:
            one = ("De voorbeeldrij is niet meegenomen.", "The example row was left out.")
            more = ("{} voorbeeldrijen zijn niet meegenomen.", "{} example rows were left out.")
            notes.append(counted("examples_left_out", self._examples, one, more))
        return tuple(notes)

    def count_empty(self, more: int) -> None:
        """Counts empty rows that the reader itself passed over."""
        self._empty += more

    def _no_rows(self) -> FileRefused:
        if self._examples:
            return refused(
                "no_rows",
                "In het bestand staat alleen de voorbeeldrij. Vul onder de kopregel de eigen rijen in.",
                "The file holds only the example row. Enter your own rows under the header.",
            )
        return refused(
            "no_rows",
            "Onder de kopregel staan geen rijen. Vul ten minste één rij in.",
            "There are no rows under the header. Enter at least one row.",
        )


def is_example(deliverers: pa.Array) -> pa.Array:
    """Mask of the example rows of a template, by the column of the deliverer."""
    trimmed = pc.utf8_lower(pc.utf8_trim(deliverers, characters=SPACE))
    return pc.fill_null(pc.equal(trimmed, EXAMPLE), False)


def is_free_text(column: Column) -> bool:
    """Whether a column holds text that neither a code list nor a pattern bounds."""
    return column.logical_type == "string" and not (column.code_list or column.allowed or column.pattern)


def code_names(column: Column) -> dict[str, str]:
    """What may stand in a column for each code, without case: the code, its Dutch and its English label.

    A name that two codes share is left out. Empty for a column without codes.
    """
    if column.logical_type == "boolean":
        return _YES_NO
    if column.code_list is None:
        return {_folded(code): code for code in column.allowed or ()}
    codes = [c for c in load_codelist(column.code_list).codes if column.allowed is None or c.code in column.allowed]
    labels: dict[str, str | None] = {}
    for code in codes:
        for name in {_folded(code.label_nl), _folded(code.label_en)}:
            labels[name] = code.code if labels.get(name, code.code) == code.code else None
    own = {_folded(code.code): code.code for code in codes}
    return {name: code for name, code in labels.items() if code is not None} | own


def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split()).casefold()


def _with_codes(values: pa.Array, codes: Mapping[str, str]) -> pa.Array:
    encoded = pc.dictionary_encode(values)
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    given = encoded.dictionary.to_pylist()
    exact = set(codes.values())
    read = [text if text in exact else codes.get(_folded(text), text) for text in given]
    if read == given:
        return values
    return pa.array(read, pa.string()).take(encoded.indices)

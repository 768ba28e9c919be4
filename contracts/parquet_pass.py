"""One pass over a Parquet file that counts, rule by rule, the rows that offend, where that can be told cheaply.

A text column is read as codes of a dictionary: a rule is held against each distinct value once, by the same SQL
condition as everywhere (`violation`), and counted by the codes. A bound on numbers is held against the smallest and the
largest. A key is proved unique by sorting 64-bit sums of its codes: equal keys have equal sums. What this pass cannot
tell it leaves out, and `parquet_audit.py` counts it exactly with DuckDB: an absent rule means "not known here", never
"passed".
Not here: SQL, samples, verdicts.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from contracts.contract_model import Contract, Rule

# Arrays of a megabyte stay in the cache of the processor: a sixth less than with a million rows at a time
BATCH_ROWS = 1 << 17
# More distinct texts than this, and counting by value no longer pays
MOST_VALUES = 50_000
# Eight bytes a row are held for each key; above this DuckDB does it, which can spill to disk
MOST_KEY_ROWS = 50_000_000
KEYED = ("primaryKey", "unique")
BOUNDS = ("required", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")

Codes = npt.NDArray[np.int64]
# (column as a one-column table called `value` beside `n`, rules) -> rows that offend, per rule key
Judge = Callable[[pa.Table, Sequence[Rule]], dict[str, int]]


@dataclass
class _Text:
    """The distinct values of a text column (0 is empty) and how often each stands in the file."""

    ids: dict[str, int] = field(default_factory=dict)
    counts: Codes = field(default_factory=lambda: np.zeros(1, np.int64))
    too_many: bool = False

    def add(self, array: pa.DictionaryArray, coded: bool) -> Codes | None:
        """Counts a batch; where `coded`, returns it as codes that hold for the whole file. None once the column has too
        many values."""
        words = array.dictionary.to_pylist()
        if self.too_many or len(words) + len(self.ids) > MOST_VALUES:
            self.too_many = True
            return None
        # the empty string is no value; absent cells take the last place of the lookup
        of_word = [self.ids.setdefault(word, len(self.ids) + 1) if word else 0 for word in words]
        lookup = np.array([*of_word, 0], np.int64)
        places = array.indices
        if places.null_count:
            places = pc.fill_null(places, len(words))
        found = places.to_numpy(zero_copy_only=False).astype(np.intp)
        counted = np.zeros(len(self.ids) + 1, np.int64)
        counted[: len(self.counts)] = self.counts
        np.add.at(counted, lookup, np.bincount(found, minlength=len(lookup)))
        self.counts = counted
        return lookup.take(found) if coded else None

    def witnesses(self) -> pa.Table:
        """Every value once, and the absent one, with its number of rows."""
        return pa.table({"value": pa.array([None, *self.ids], pa.string()), "n": self.counts})


@dataclass
class _Other:
    """Nulls, smallest and largest of a column that is no text; `finite` is false where NaN or infinity may stand."""

    kind: pa.DataType
    nulls: int = 0
    extremes: list[Any] = field(default_factory=list)
    finite: bool = True

    def add(self, array: pa.Array) -> None:
        self.nulls += array.null_count
        if array.null_count < len(array):
            both = pc.min_max(array).as_py()
            seen = [*self.extremes, both["min"], both["max"]]
            self.extremes = [min(seen), max(seen)]
            if pa.types.is_floating(self.kind):
                self.finite = self.finite and math.isfinite(pc.sum(array).as_py())

    def witnesses(self) -> pa.Table:
        """The extremes as one row each, and the absent value with its number of rows."""
        values = [None, *self.extremes]
        return pa.table({"value": pa.array(values, self.kind), "n": [self.nulls] + [1] * len(self.extremes)})


def offending_rows(path: Path, contract: Contract, judge: Judge) -> tuple[dict[str, int], set[str]]:
    """Rows that offend, per key of a rule per row, for the rules that can be told here; and the number columns that are
    proved to be finite. The Parquet types are those of the contract."""
    columns = {column.name: column for column in contract.columns}
    rules = [rule for rule in contract.rules if rule.per_row]
    texts = {name: _Text() for name, column in columns.items() if column.logical_type == "string"}
    file = pq.ParquetFile(path, read_dictionary=sorted(texts))
    others = {name: _Other(file.schema_arrow.field(name).type) for name in columns if name not in texts}
    keyed = [rule for rule in rules if rule.kind in KEYED and file.metadata.num_rows <= MOST_KEY_ROWS]
    keyed = [r for r in keyed if not any(columns[c].logical_type == "number" for c in r.columns)]
    sums: dict[str, list[npt.NDArray[np.uint64]]] = {rule.key: [] for rule in keyed}
    between = [rule for rule in rules if rule.kind in ("someFilled", "emptyExactlyWhen", "filledWhen")]
    in_keys_or_between = {name for rule in (*keyed, *between) for name in rule.columns}
    counts: dict[str, int] = {rule.key: 0 for rule in between}
    for batch in file.iter_batches(BATCH_ROWS, columns=list(columns), use_threads=False):
        codes: dict[str, Codes] = {}
        for name in columns:
            array = batch.column(name)
            if name in texts:
                coded = texts[name].add(array, name in in_keys_or_between)
                if coded is not None:
                    codes[name] = coded
            else:
                others[name].add(array)
        for rule in between:
            if rule.key in counts:
                found = _offending_between(rule, batch, codes, texts)
                counts = {**counts, rule.key: counts[rule.key] + found} if found is not None else _less(counts, rule)
        for rule in keyed:
            if rule.key in sums:
                summed = _key_sums(rule, batch, codes, texts)
                if summed is None:
                    del sums[rule.key]
                else:
                    sums[rule.key].append(summed)
    finite = {name for name, other in others.items() if pa.types.is_floating(other.kind) and other.finite}
    if not all(other.finite for other in others.values()):
        # an unreadable number counts as empty, and that was not looked at above
        return {}, finite
    for rule_key, parts in sums.items():
        whole = np.sort(np.concatenate(parts)) if parts else np.empty(0, np.uint64)
        if not (whole[1:] == whole[:-1]).any():
            counts[rule_key] = 0
    for name in columns:
        own = [rule for rule in rules if rule.columns == (name,) and rule.kind not in KEYED and rule not in between]
        if name in texts and not texts[name].too_many:
            counts.update(judge(texts[name].witnesses(), own))
        elif name in others:
            judged = judge(others[name].witnesses(), [rule for rule in own if rule.kind in BOUNDS])
            # that an extreme offends says that there are such rows, not how many
            counts.update({r.key: judged[r.key] for r in own if r.kind == "required" or judged.get(r.key) == 0})
    return counts, finite


def _less(counts: dict[str, int], rule: Rule) -> dict[str, int]:
    return {key: count for key, count in counts.items() if key != rule.key}


def _absent(name: str, batch: pa.RecordBatch, codes: dict[str, Codes], texts: dict[str, _Text]) -> Any:
    """Where a column is empty, as booleans; None for a text column with too many values."""
    if name in texts:
        return codes[name] == 0 if name in codes else None
    return batch.column(name).is_null().to_numpy(zero_copy_only=False)


def _offending_between(
    rule: Rule, batch: pa.RecordBatch, codes: dict[str, Codes], texts: dict[str, _Text]
) -> int | None:
    """Rows of a batch that offend against a rule between columns; None where it cannot be told."""
    if rule.kind == "someFilled":
        masks = [_absent(name, batch, codes, texts) for name in rule.columns]
        return None if any(mask is None for mask in masks) else int(np.logical_and.reduce(masks).sum())
    other, values = str(rule.argument("other")), rule.argument("values")
    empty = _absent(rule.columns[0], batch, codes, texts)
    if empty is None or other not in codes:
        return None
    named = np.zeros(len(texts[other].ids) + 1, bool)
    named[[texts[other].ids[value] for value in values if value in texts[other].ids]] = True
    says_why = named[codes[other]]
    return int((empty != says_why).sum() if rule.kind == "emptyExactlyWhen" else (empty & says_why).sum())


def _key_sums(
    rule: Rule, batch: pa.RecordBatch, codes: dict[str, Codes], texts: dict[str, _Text]
) -> npt.NDArray[np.uint64] | None:
    """One 64-bit number a row, equal for equal keys; rows whose key has a hole are left out."""
    total = np.zeros(batch.num_rows, np.uint64)
    hole = np.zeros(batch.num_rows, bool)
    for position, name in enumerate(rule.columns, start=1):
        if name in texts:
            if name not in codes:
                return None
            part = codes[name]
            hole |= part == 0
        else:
            array = batch.column(name)
            if array.null_count:
                hole |= array.is_null().to_numpy(zero_copy_only=False)
            if pa.types.is_date32(array.type):
                array = array.cast(pa.int32())  # Arrow knows no way from a date straight to 64 bits
            part = pc.fill_null(array.cast(pa.int64()), 0).to_numpy(zero_copy_only=False)
        # odd multipliers from the golden ratio, one a column; overflow is meant
        total += part.view(np.uint64) * np.uint64((0x9E3779B97F4A7C15 * (2 * position + 1) ** 7 | 1) % 2**64)
    return total[~hole] if hole.any() else total

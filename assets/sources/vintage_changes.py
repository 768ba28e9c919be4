"""Which cells a source changed from one of its editions to the next, in the shape of `products/shapes/source_revision`.

Made from the archive alone: every copy is read by the parser and held against the contract of today, and compared with
the usable copy before it. A step between two copies never changes, so that it is computed once and kept.
Not here: how two tables are compared (`publish/cells.py`), and what two of our own releases differ in.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from assets.sources.archive import Archive, ArchiveDamaged, ArchiveRecord, write_whole
from assets.sources.reading import SourceUnreadable, parsed
from contracts.arrow import arrow_schema
from contracts.audit import audit_any
from contracts.contract import Contract, shape, source_contract
from publish.cells import cell_changes

#: Curated figures are left out: what changes there is our own transcription, not the source.
ORIGINS = ("live", "embedded_edition", "delivery")
#: Columns of a source that are no observation: a new version of the dataflow would touch every row.
NOT_OBSERVED = frozenset({"dataflow"})
FLAGS = frozenset({"obs_flag", "flags", "obs_status"})
#: What else a copy without flags does not carry.
BESIDE_FLAGS = frozenset({"conf_flag", "conf_status", "status_detail"})
NO_KEY, ANY_COLUMN = "{}", "*"
ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Edition:
    """A copy of a source with its table, typed as the contract says."""

    record: ArchiveRecord
    table: pa.Table


def source_revision_contract() -> Contract:
    """The contract of the table, the same in every package."""
    return shape("source_revision")


def no_changes() -> pa.Table:
    """The changes of a source of which one edition is known."""
    return arrow_schema(source_revision_contract()).empty_table()


def changes_between(old: Edition, new: Edition, contract: Contract) -> pa.Table:
    """Cells that differ between two editions of one source, and the numbers of rows that came and went.

    Key and provenance columns do not count. Where one of both was exported without flags, flags are neither compared
    nor given: that they are empty is no revision.
    """
    flag = next((column.name for column in contract.columns if column.concept in FLAGS), None)
    left_out = {column.name for column in contract.columns if column.concept in NOT_OBSERVED}
    if not (old.record.flags_kept and new.record.flags_kept):
        left_out |= {column.name for column in contract.columns if column.concept in FLAGS | BESIDE_FLAGS}
        flag = None
    left_out -= set(contract.primary_key)
    before, after = (_with_status(edition.table.drop_columns(list(left_out)), flag) for edition in (old, new))
    found = cell_changes(before, after, contract)
    cells = found.filter(pc.equal(found["change"], "changed"))
    columns = {
        "change": pa.array(["cell"] * cells.num_rows, pa.string()),
        "key": cells["key"],
        "column": cells["column"],
        "old_value": cells["old_value"],
        "new_value": cells["new_value"],
        "old_flag": cells["old_status"],
        "new_flag": cells["new_status"],
        "changed_rows": pa.array([1] * cells.num_rows, pa.int64()),
    }
    blocks = [_told(columns, old.record, new.record)]
    for change, named in (("rows_added", "added"), ("rows_removed", "removed")):
        count = pc.sum(pc.equal(found["change"], named)).as_py() or 0
        if count:
            blocks.append(_told(_counted(change, count), old.record, new.record))
    return pa.concat_tables(blocks).combine_chunks()


def _with_status(table: pa.Table, flag: str | None) -> pa.Table:
    """The table with its flags where `cell_changes` looks for the status of a row."""
    if flag is None or flag == "obs_status":
        return table
    return table.append_column("obs_status", table[flag])


def _counted(change: str, count: int) -> dict[str, pa.Array]:
    nothing = pa.nulls(1, pa.string())
    return {
        "change": pa.array([change]),
        "key": pa.array([NO_KEY]),
        "column": pa.array([ANY_COLUMN]),
        **dict.fromkeys(("old_value", "new_value", "old_flag", "new_flag"), nothing),
        "changed_rows": pa.array([count], pa.int64()),
    }


def _told(columns: Mapping[str, pa.Array], old: ArchiveRecord, new: ArchiveRecord) -> pa.Table:
    """Rows of one step, with what is the same for all of them."""
    schema = arrow_schema(source_revision_contract())
    moment = datetime.fromisoformat(new.retrieved_at.replace("Z", "+00:00")).astimezone(UTC)
    same = {
        "source": new.source,
        "from_vintage": old.vintage,
        "to_vintage": new.vintage,
        "from_edition": old.edition,
        "to_edition": new.edition,
        "from_origin": old.origin,
        "to_origin": new.origin,
        "changed_at": moment,
    }
    rows = len(columns["change"])
    return pa.table(
        [
            columns[field.name] if field.name in columns else pa.array([same[field.name]] * rows, field.type)
            for field in schema
        ],
        schema=schema,
    )


@cache
def _reading_code() -> str:
    """sha256 over the code that turns bytes into a table and compares two of them."""
    digest = hashlib.sha256()
    paths = [*(ROOT / "assets/sources").glob("*.py"), *(ROOT / "contracts").glob("*.py")]
    for path in sorted([*paths, ROOT / "publish/cells.py", ROOT / "publish/tables.py"]):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


class SourceRevisions:
    """The steps between the archived editions of each source, kept in `folder` once they are computed."""

    def __init__(
        self, archive: Archive, folder: Path, first_read: Callable[[], Mapping[tuple[str, str], str]] = dict
    ) -> None:
        """`first_read` is asked where copies have one moment of retrieval: (source, sha256) -> a text to sort by."""
        self._archive, self._folder, self._first_read = archive, folder, first_read

    def steps(self, source: str) -> list[tuple[ArchiveRecord, ArchiveRecord]]:
        """Each usable edition with the usable one before it, oldest first.

        A copy that the contract of today refuses, or whose bytes are damaged, is passed over.
        """
        copies = [record for record in self._archive.records(source) if record.origin in ORIGINS]
        if len(copies) < 2:
            return []
        if len({record.retrieved_at for record in copies}) < len(copies):
            places = self._first_read()
            copies.sort(key=lambda r: (r.retrieved_at, places.get((source, r.sha256), ""), r.sha256))
        return list(pairwise(record for record in copies if self._usable(record)))

    def of(self, source: str) -> pa.Table:
        """All changes of a source, oldest step first."""
        return pa.concat_tables([no_changes(), *(self._step(old, new) for old, new in self.steps(source))])

    def of_all(self, sources: Sequence[str]) -> pa.Table:
        """The changes of several sources, one after the other."""
        return pa.concat_tables([no_changes(), *(self.of(source) for source in sources)])

    def identity(self, sources: Sequence[str]) -> str:
        """Changes when what `of_all` gives can change."""
        steps = {source: [[old.sha256, new.sha256] for old, new in self.steps(source)] for source in sources}
        keys = [_reading(source) for source in sources]
        return hashlib.sha256(json.dumps([steps, keys], sort_keys=True).encode()).hexdigest()

    def _step(self, old: ArchiveRecord, new: ArchiveRecord) -> pa.Table:
        path = self._folder / new.source / f"{old.vintage}-{new.vintage}-{_reading(new.source)[:12]}.parquet"
        try:
            return pq.read_table(path, schema=no_changes().schema)
        except (OSError, pa.ArrowInvalid):
            pass  # not computed yet, or torn: then it is computed again
        contract = source_contract(new.source)
        try:
            before, after = self._accepted(old), self._accepted(new)
        except ArchiveDamaged:
            return no_changes()  # not kept: the bytes may come back
        if before is None or after is None:
            return no_changes()
        made = changes_between(Edition(old, before), Edition(new, after), contract)
        sink = pa.BufferOutputStream()
        pq.write_table(made, sink, compression="zstd", compression_level=3, store_schema=False)
        write_whole(path, sink.getvalue().to_pybytes())
        return made

    def _usable(self, record: ArchiveRecord) -> bool:
        """Whether contract and parser of today let a copy through; found out once."""
        path = self._folder / record.source / f"{record.vintage}-{_reading(record.source)[:12]}.json"
        try:
            return bool(json.loads(path.read_text(encoding="utf-8"))["usable"])
        except (OSError, ValueError, KeyError, TypeError):
            pass  # not found out yet, or torn
        try:
            usable = self._accepted(record) is not None
        except ArchiveDamaged:
            return False  # not noted: the bytes may come back
        write_whole(path, (json.dumps({"usable": usable}) + "\n").encode())
        return usable

    def _accepted(self, record: ArchiveRecord) -> pa.Table | None:
        """The table of a copy as the contract accepts it; None where it refuses the copy."""
        contract = source_contract(record.source)
        try:
            return audit_any(parsed(self._archive.read(record), contract), contract).accepted
        except SourceUnreadable:
            return None


def _reading(source: str) -> str:
    """Identity of how a source is read: its contract with code lists, and the code."""
    return hashlib.sha256(f"{source_contract(source).digest}{_reading_code()}".encode()).hexdigest()

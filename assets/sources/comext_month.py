"""One bulk file of COMEXT: read as a stream, held against its form, and cut down to the rows that a contract names.

A month has about five million lines (400 MB) in one text file, packed to 45 MB. Blocks of whole lines go through Arrow
as they are unpacked from the archived file; the text is never on disk, and only the rows wanted stay in memory.
Not here: which files there are (`comext_listing.py`), fetching and keeping them (`comext_service.py`, `comext.py`).
"""

from __future__ import annotations

import hashlib
import mmap
import re
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from assets.sources.comext import COLUMNS, SCHEMA, DamagedFile
from assets.sources.comext_packed import unpack

#: Ten times the largest yearly file that is known (about 1 GB).
UNPACKED_LIMIT = 10 * 1024**3
#: A line has about 80 characters; a header longer than this is no header.
_LONGEST_LINE = 64 * 1024
_LETTER = re.compile(r"[^0-9]")


@dataclass(frozen=True)
class Wanted:
    """Which rows are kept: those of `reporters` whose product starts with one of `prefixes` (CN digits).

    A suppressed product (`94XXXXXX`: letters stand for digits that are secret) is kept where it may hide a wanted one.
    """

    reporters: tuple[str, ...]
    prefixes: tuple[str, ...]

    @property
    def digest(self) -> str:
        """Names the selection: the same digest means the same rows of the same file."""
        said = "\n".join([*sorted(self.reporters), "", *sorted(self.prefixes)])
        return hashlib.sha256(said.encode()).hexdigest()[:12]

    def takes(self, product: str) -> bool:
        """Whether rows of this product code are kept."""
        if product.startswith(self.prefixes):
            return True
        letter = _LETTER.search(product)
        return letter is not None and any(one.startswith(product[: letter.start()]) for one in self.prefixes)


@dataclass(frozen=True)
class Month:
    """The rows wanted of one file, all columns as text in the file's order; and how many lines it had in all."""

    period: str
    rows: pa.Table
    lines: int
    member: str


def read_month(packed: bytes | mmap.mmap, period: str, wanted: Wanted) -> Month:
    """The rows wanted of `full_v2_<period>.7z`, in memory or mapped from the archive.

    Raises DamagedFile: no 7z, cut short, altered, another member, header or period than expected, a line cut short, or
    no row of a wanted reporter.
    """
    reader = LineReader(period, wanted)
    member_name = re.compile(rf"full_(?:v2_)?{period}\.(?:dat|csv|txt)")
    member = unpack(packed, member_name, reader.take, UNPACKED_LIMIT)
    reader.end()
    rows = pa.concat_tables(reader.kept).combine_chunks() if reader.kept else SCHEMA.empty_table()
    absent = sorted(set(wanted.reporters) - reader.reporters)
    if absent:
        words = f"expected rows of reporter {', '.join(absent)}, found none in {reader.lines} lines"
        raise DamagedFile(f"{member}: {words}")
    return Month(period, rows, reader.lines, member)


@dataclass
class LineReader:
    """Takes the text in pieces of any size and keeps the rows wanted."""

    period: str
    wanted: Wanted
    lines: int = 0
    kept: list[pa.Table] = field(default_factory=list)
    reporters: set[str] = field(default_factory=set)
    _rest: bytes = b""
    _headed: bool = False
    _products: dict[str, bool] = field(default_factory=dict)

    def take(self, piece: bytes) -> None:
        """Reads the whole lines so far; the rest waits for the next piece."""
        text = self._rest + piece if self._rest else piece
        if not self._headed:
            line, found, after = text.partition(b"\n")
            if not found:
                if len(text) > _LONGEST_LINE:
                    raise DamagedFile(f"full_{self.period}: expected a header of 18 columns, found {text[:60]!r}")
                self._rest = text
                return
            self._check_header(line)
            self._headed, text = True, after
        end = text.rfind(b"\n") + 1
        self._rest = text[end:]
        if end:
            self._read(memoryview(text)[:end])

    def end(self) -> None:
        """Reads the last line, which may lack its line end."""
        if not self._headed:
            raise DamagedFile(f"full_{self.period}: expected a header and lines, found {self._rest[:60]!r}")
        if self._rest:
            self._read(memoryview(self._rest))
        if not self.lines:
            raise DamagedFile(f"full_{self.period}: expected lines below the header, found none")

    def _check_header(self, line: bytes) -> None:
        found = [name.strip().strip('"') for name in line.decode("utf-8-sig", "replace").split(",")]
        if found != list(COLUMNS):
            more = [name for name in found if name not in COLUMNS]
            less = [name for name in COLUMNS if name not in found]
            differs = f"{', '.join(more) or 'nothing'} too many, {', '.join(less) or 'nothing'} missing"
            raise DamagedFile(f"full_{self.period}: expected the 18 columns of full_v2, found others ({differs[:300]})")

    def _read(self, lines: memoryview) -> None:
        try:
            table = pa_csv.read_csv(
                pa.BufferReader(pa.py_buffer(lines)),
                # one thread: the night shares the machine, and more threads only hold more blocks in memory
                read_options=pa_csv.ReadOptions(column_names=list(COLUMNS), use_threads=False),
                convert_options=pa_csv.ConvertOptions(
                    column_types=SCHEMA, strings_can_be_null=False, quoted_strings_can_be_null=False
                ),
            )
        except pa.ArrowInvalid as error:
            words = str(error).split("\n")[0][:200]
            raise DamagedFile(
                f"full_{self.period}: expected 18 fields of UTF-8 text on every line ({words})"
            ) from error
        self.lines += table.num_rows
        periods = pc.unique(table.column("PERIOD")).to_pylist()
        if periods != [self.period]:
            raise DamagedFile(f"full_{self.period}: expected only period {self.period}, found {', '.join(periods[:5])}")
        reported = pc.is_in(table.column("REPORTER"), value_set=pa.array(self.wanted.reporters, pa.string()))
        ours = table.filter(reported)
        if ours.num_rows:
            self.reporters |= set(pc.unique(ours.column("REPORTER")).to_pylist())
            kept = ours.filter(self._of_wanted_products(ours.column("PRODUCT_NC")))
            if kept.num_rows:
                self.kept.append(kept)

    def _of_wanted_products(self, products: pa.ChunkedArray) -> pa.ChunkedArray:
        for code in pc.unique(products).to_pylist():
            if code not in self._products:
                self._products[code] = self.wanted.takes(code)
        taken = [code for code, is_taken in self._products.items() if is_taken]
        return pc.is_in(products, value_set=pa.array(taken, pa.string()))

"""Pages of one table of CBS put together again, and whether they are all there and each row once.

Here: the link to the next page, the count of the service against the rows, pages and rows that come twice.
Not here: reading JSON (`cbs_answers.py`) and asking the service (`cbs_service.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

import pyarrow as pa
import pyarrow.compute as pc

from assets.sources.cbs_answers import answer_of, as_columns, next_link, rows_of
from assets.sources.eurostat import SourceUnreadable

# no name that a service would give a column
_PAGE = " page "


@dataclass(frozen=True)
class Page:
    """One page: its rows as columns of text (None where it has no rows), and the link to the next page."""

    columns: pa.Table | None
    link: str | None

    @property
    def rows(self) -> int:
        """The number of rows."""
        return 0 if self.columns is None else int(self.columns.num_rows)


def read_page(body: bytes, number: int, table: str) -> Page:
    """A page as it came. Raises SourceUnreadable, naming the page."""
    try:
        answer = answer_of(body, table)
        rows = rows_of(answer, table)
        return Page(as_columns(rows, table) if rows else None, next_link(answer, table))
    except SourceUnreadable as error:
        raise SourceUnreadable(f"{error} (page {number})") from error


def next_address(link: str, asked: str, table: str) -> str:
    """Where the next page is: the address that was asked, with what the link says behind its question mark.

    So the host, the table and the filter stay ours, whatever the link says: CBS writes `http` in its links where it
    serves `https`, and a mirror gives on the links of CBS. Raises SourceUnreadable where the link is about other rows.
    """
    ours, theirs = urlsplit(asked), urlsplit(link)
    wanted, found = ours.path.rstrip("/").split("/")[-2:], theirs.path.rstrip("/").split("/")[-2:]
    relative = not theirs.netloc and found[-1:] == wanted[-1:]
    if not theirs.query or not (found == wanted or relative):
        raise SourceUnreadable(
            f"table {table}: expected a link to more rows of {'/'.join(wanted)}, found one to {link[:120]!r}"
        )
    given = theirs.query.split("&")
    names = {unquote(part.partition("=")[0]) for part in given}
    kept = [part for part in ours.query.split("&") if part and unquote(part.partition("=")[0]) not in names]
    return ours._replace(query="&".join([*kept, *given])).geturl()


def whole_table(pages: Sequence[Page], count: bytes | None, row_id: str, table: str, *, filtered: bool) -> pa.Table:
    """The pages as one table of text, with every row once.

    `count` is the answer of the service to the question how many rows there are, None where it did not say; `row_id`
    the column that numbers the rows of the table (`ID` in v3, `Id` in v4); `filtered` says that not all rows were asked
    for, so that numbers are left out by themselves. Raises SourceUnreadable, naming the page.
    """
    read: list[pa.Table] = []
    for number, page in enumerate(pages, start=1):
        if page.columns is None:
            continue
        names = page.columns.column_names
        if read and names != read[0].column_names[:-1]:
            others = ", ".join(sorted(set(names) ^ set(read[0].column_names[:-1]))[:5]) or "another order"
            raise SourceUnreadable(
                f"table {table}: expected the columns of the first page on page {number}, found others: {others}"
            )
        read.append(page.columns.append_column(_PAGE, pa.repeat(pa.scalar(number, pa.int32()), page.rows)))
    expected = None if count is None else counted(count, table)
    if not read:
        raise SourceUnreadable(f"table {table}: expected {'' if expected is None else f'{expected} '}rows, found none")
    together = pa.concat_tables(read)
    _check_once(together, row_id, table)
    if expected is not None and together.num_rows != expected:
        raise SourceUnreadable(
            f"table {table}: expected {expected} rows by the count of the service itself, found {together.num_rows} "
            f"on {len(pages)} page{'s' if len(pages) > 1 else ''}{'' if filtered else _gap(together, row_id)}"
        )
    return together.drop_columns([_PAGE])


def check_selection(found: pa.Table, selection: Mapping[str, Sequence[str]], table: str) -> None:
    """Raises SourceUnreadable where the service gave rows that were not asked for."""
    for dimension, codes in selection.items():
        if dimension not in found.column_names:
            continue
        given = pc.unique(pc.utf8_trim_whitespace(found.column(dimension))).to_pylist()
        strange = [code for code in given if code not in set(codes)]
        if strange:
            raise SourceUnreadable(
                f"table {table}: expected only the {dimension} that were asked for, found {', '.join(strange[:5])} "
                "as well"
            )


def counted(body: bytes, table: str) -> int:
    """The count of the service as a number. Raises SourceUnreadable where it is none."""
    text = body.decode("utf-8-sig", "replace").strip()
    if not (text.isascii() and text.isdigit() and len(text) < 12):
        raise SourceUnreadable(f"table {table}: expected the number of rows, found {text[:60]!r}")
    return int(text)


def _check_once(together: pa.Table, row_id: str, table: str) -> None:
    if row_id not in together.column_names:
        return
    numbers = together.column(row_id).combine_chunks()
    counts = pc.value_counts(numbers)
    twice = counts.field("values").filter(pc.greater(counts.field("counts"), 1))
    if not len(twice):
        return
    again = together.filter(pc.is_in(together.column(row_id), twice))
    pages = sorted(set(again.column(_PAGE).to_pylist()))
    on_page = dict(zip(*(a.to_pylist() for a in pc.value_counts(together.column(_PAGE)).flatten()), strict=True))
    if len(pages) > 1 and again.num_rows == sum(on_page[page] for page in pages):
        raise SourceUnreadable(
            f"table {table}: expected every page once, found page {pages[0]} again as page {pages[1]} "
            f"({len(twice)} rows)"
        )
    where = " and ".join(f"page {page}" for page in pages[:3])
    raise SourceUnreadable(
        f"table {table}: expected every row once, found {len(twice)} rows more than once, on {where} "
        f"(the first is {row_id} {twice[0].as_py()})"
    )


def _gap(together: pa.Table, row_id: str) -> str:
    """The numbers that are left out, where the rows are numbered from 0 and one stretch is missing."""
    if row_id not in together.column_names or together.num_rows < 2:
        return ""
    try:
        numbers = together.column(row_id).cast(pa.int64()).combine_chunks().sort()
    except pa.ArrowInvalid:
        return ""
    steps = pc.not_equal(pc.subtract(numbers[1:], numbers[:-1]), 1)
    if numbers[0].as_py() != 0 or pc.sum(steps).as_py() != 1:
        return ""
    at = pc.index(steps, True).as_py()
    return f"; rows {numbers[at].as_py() + 1} to {numbers[at + 1].as_py() - 1} are not among them"

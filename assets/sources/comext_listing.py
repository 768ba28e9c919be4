"""The listing of COMEXT's bulk files: its address, and which monthly and yearly files it names.

Eurostat's files API lists a folder as CSV (asked for here) or as a page with a table; both are read, since the page is
the older and better known form. Not here: what is done with a file (`comext_service.py`) or what lies in it
(`comext_month.py`).
"""

from __future__ import annotations

import csv
import html
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

FOLDER = "comext/COMEXT_DATA/PRODUCTS"
#: The period that COMEXT gives a whole year: month 52.
YEARLY = "52"
_FILE = re.compile(r"full_v2_(\d{4})(\d{2})\.7z")
_ROW = re.compile(r"<tr\b[^>]*>(.*?)</tr>", re.DOTALL | re.IGNORECASE)
_CELL = re.compile(r"<td\b([^>]*)>(.*?)</td>", re.DOTALL | re.IGNORECASE)
_TAG = re.compile(r"<[^>]+>")
_BYTES = re.compile(r"([\d.,\s]+)bytes", re.IGNORECASE)
_DAY_FIRST = re.compile(r"(\d\d)/(\d\d)/(\d{4})[ T](\d\d:\d\d(?::\d\d)?)")


class ListingUnreadable(ValueError):
    """The listing is not what Eurostat's files API delivers; the message says what was expected and found."""


@dataclass(frozen=True)
class Listed:
    """One bulk file as the listing names it.

    `period` is `YYYYMM`, or `YYYY52` for a year. `size` in bytes and `modified` (ISO, as the listing says it) are None
    where the listing does not give them.
    """

    name: str
    period: str
    size: int | None
    modified: str | None

    @property
    def is_year(self) -> bool:
        """Whether the file holds a whole year."""
        return self.period.endswith(YEARLY)


def listing_url(base: str) -> str:
    """Address of the listing of all product files, as CSV with sizes in bytes and dates in ISO."""
    wanted = f"format=csv&dir={quote(FOLDER, safe='')}&hierarchy=false&sizeFormat=NONE&dateFormat=ISO"
    return f"{base.rstrip('/')}?{wanted}"


def file_url(base: str, name: str) -> str:
    """Address of one bulk file."""
    return f"{base.rstrip('/')}?file={quote(f'{FOLDER}/{name}', safe='')}"


def read_listing(body: bytes) -> list[Listed]:
    """The monthly and yearly product files (`full_v2_YYYYMM.7z`) of a listing, by period; all other files are left out.

    Raises ListingUnreadable where the body is no listing, names no such file, or names one twice with other facts.
    """
    text = body.decode("utf-8-sig", "replace")
    rows = _rows_of_page(text) if text.lstrip()[:1] == "<" else _rows_of_csv(text)
    found: dict[str, Listed] = {}
    for name, size, modified in rows:
        match = _FILE.fullmatch(name.rsplit("/", 1)[-1])
        if match is None or not (1 <= int(match[2]) <= 12 or match[2] == YEARLY):
            continue
        one = Listed(match[0], match[1] + match[2], size, modified)
        if found.setdefault(one.period, one) != one:
            raise ListingUnreadable(f"the COMEXT listing names {one.name} twice, with other sizes or dates")
    if not found:
        raise ListingUnreadable(
            "the COMEXT listing names no file full_v2_YYYYMM.7z; found "
            f"{text[:60]!r}. Look at {FOLDER} in Eurostat's bulk download: files may have moved or been renamed"
        )
    return [found[period] for period in sorted(found)]


def _rows_of_csv(text: str) -> Iterator[tuple[str, int | None, str | None]]:
    reader = csv.reader(io.StringIO(text))
    header = [name.strip().upper() for name in next(reader, [])]
    if "NAME" not in header:
        raise ListingUnreadable(
            f"the COMEXT listing: expected CSV with a column NAME, or a page with a table; found {text[:60]!r}"
        )
    size_at = header.index("SIZE") if "SIZE" in header else None
    dated = [at for at, name in enumerate(header) if "MODIF" in name or "DATE" in name]
    for row in reader:
        cells = [*row, *[""] * (len(header) - len(row))]
        size = cells[size_at].strip() if size_at is not None else ""
        modified = cells[dated[0]] if dated else ""
        yield cells[header.index("NAME")].strip(), int(size) if size.isdecimal() else None, _iso(modified)


def _rows_of_page(page: str) -> Iterator[tuple[str, int | None, str | None]]:
    """A page has a row a file: its name as a link, its size (the bytes in a title), its kind, its date."""
    for row in _ROW.findall(page):
        cells = [(html.unescape(head), html.unescape(_TAG.sub("", text)).strip()) for head, text in _CELL.findall(row)]
        named = [content for _, content in cells if _FILE.fullmatch(content)]
        if not named:
            continue
        sizes = [match[1] for attributes, _ in cells if (match := _BYTES.search(attributes))]
        digits = re.sub(r"\D", "", sizes[0]) if sizes else ""
        dates = [content for _, content in cells if _DAY_FIRST.search(content)]
        yield named[0], int(digits) if digits else None, _iso(dates[0]) if dates else None


def _iso(moment: str) -> str | None:
    """`06/01/2026 13:54:24` as `2026-01-06T13:54:24`; another notation stays as it is, and "" is None."""
    match = _DAY_FIRST.search(moment)
    return f"{match[3]}-{match[2]}-{match[1]}T{match[4]}" if match else moment.strip() or None

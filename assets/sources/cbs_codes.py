"""The code lists of CBS beside ours: what is new, what is gone, what has another name.

Here: reading a list of either service, and the words about a difference. A code that is new and in use refuses the
table by the rule of the contract; what is said here warns the steward before.
Not here: the rule (`contracts/audit.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from assets.sources.cbs_answers import answer_of, next_link, rows_of
from assets.sources.eurostat import SourceUnreadable
from assets.sources.http_body import one_line
from contracts.contract import Contract
from contracts.vocabulary import load_codelist

PERIODS = "Perioden"
_SHOWN = 3


@dataclass(frozen=True)
class ServiceCode:
    """A code as the service gives it: `written` with its padding, `title` and `status` (of a period) trimmed."""

    code: str
    written: str
    title: str
    status: str


def service_codes(body: bytes, table: str, dimension: str) -> dict[str, ServiceCode]:
    """The code list of one dimension, by trimmed code. v3 names the code `Key`, v4 `Identifier`.

    Raises SourceUnreadable where the list is none, holds nothing, or gives a code twice.
    """
    found: dict[str, ServiceCode] = {}
    answer = answer_of(body, table)
    if next_link(answer, table) is not None:
        raise SourceUnreadable(f"table {table}: expected the list {dimension} on one page, found a link to more")
    for row in rows_of(answer, table):
        written = row.get("Key", row.get("Identifier"))
        if not isinstance(written, str) or not written.strip():
            raise SourceUnreadable(f"table {table}: expected a code in the list {dimension}, found {written!r}")
        code = written.strip()
        if code in found:
            raise SourceUnreadable(f"table {table}: expected every code of {dimension} once, found {code!r} twice")
        title, status = (str(row.get(name) or "").strip() for name in ("Title", "Status"))
        found[code] = ServiceCode(code, written, title, status)
    if not found:
        raise SourceUnreadable(f"table {table}: expected codes in the list {dimension}, found none")
    return found


def differences(contract: Contract, dimension: str, theirs: Mapping[str, ServiceCode]) -> list[str]:
    """What differs between the service's list of a dimension and ours, one sentence a kind, worst first.

    Of a dimension with a `selection` only the codes that are asked for count.
    """
    chosen = (contract.get("selection") or {}).get(dimension)
    column = contract.column(dimension)
    said = []
    if column.code_list is not None:
        ours = {entry.code: entry.label_nl for entry in load_codelist(column.code_list).codes}
        if chosen is None:
            new = [f"{code} ({item.title})" for code, item in theirs.items() if code not in ours]
            words = f"{dimension}: new, and not in our list {column.code_list}, so that rows with it are refused"
            said.append(_sentence(new, words))
        other = [
            f"{code} is called {item.title!r}, in our list {ours[code]!r}"
            for code, item in theirs.items()
            if code in ours and item.title and not _same(item.title, ours[code])
        ]
        said.append(_sentence(other, f"{dimension}: other label"))
        chosen = chosen if chosen is not None else list(ours)
    gone = [code for code in chosen or () if code not in theirs]
    said.append(_sentence(gone, f"{dimension}: no longer in the list of CBS"))
    return [sentence for sentence in said if sentence]


def _same(theirs: str, ours: str) -> bool:
    return " ".join(theirs.split()).casefold() == " ".join(ours.split()).casefold()


def _sentence(items: list[str], words: str) -> str:
    if not items:
        return ""
    more = f" and {len(items) - _SHOWN} more" if len(items) > _SHOWN else ""
    return f"{words}: {', '.join(one_line(item) for item in items[:_SHOWN])}{more}"

"""What CBS says of a figure beside its value: the status of its period and, in OData v4, of its cell.

Here: the words of CBS, and what they are among our statuses. CBS marks provisional figures on the period, not on the
cell (`Status` in the list of periods), and gives the reason of an empty cell only in v4 (`ValueAttribute`).
Not here: where the words stand in an answer (`cbs_v3.py`, `cbs_v4.py`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

from assets.sources.eurostat import SourceUnreadable

#: Status of a period, in small letters without blanks -> observation status.
PERIOD_STATUS = {"": "", "definitief": "A", "voorlopig": "P", "nadervoorlopig": "P"}

#: Attribute of a cell, in small letters without blanks -> observation status, confidentiality. `Impossible` is what
#: the service uses (13,605 of 105,142 cells in recorded answers); the others are named by its users and its manual.
#: `None` says nothing. StatLine writes `.` for unknown, unreliable or secret: which of the three, it does not say.
CELL_STATUS = {
    "none": ("", ""),
    "": ("", ""),
    "impossible": ("M", ""),
    "confidential": ("Q", "C"),
    "secret": ("Q", "C"),
    "geheim": ("Q", "C"),
    "notavailable": ("L", ""),
    "unknown": ("L", ""),
    "onbekend": ("L", ""),
    ".": ("L", ""),
    "estimated": ("E", ""),
    "geschat": ("E", ""),
    "bijgeschat": ("I", ""),
    "reeksbreuk": ("B", ""),
}
#: Statuses of a cell that has no value, and only of such a cell.
MISSING = ("M", "Q", "L")
NO_ATTRIBUTE = ("none", "")

_PERIOD = re.compile(r"\d{4}JJ00")
_PERIOD_KINDS = {"KW": "quarter", "MM": "month", "HJ": "half year", "VJ": "four quarters", "W1": "week", "SJ": "season"}


def _plain(word: str) -> str:
    return re.sub(r"\s+", "", word).casefold()


def check_years(periods: pa.Array | pa.ChunkedArray, table: str) -> None:
    """Raises SourceUnreadable where a period is no year: `2021KW01` is a quarter, `2021MM01` a month."""
    for code in pc.unique(periods).to_pylist():
        if not _PERIOD.fullmatch(code):
            kind = _PERIOD_KINDS.get(code[4:6], "period that is no year")
            raise SourceUnreadable(
                f"table {table}: expected years such as 2021JJ00, found the {kind} {code[:20]!r}; "
                "let `selection` in the contract ask for years only"
            )


def statuses(
    values: pa.ChunkedArray,
    periods: pa.ChunkedArray,
    attributes: pa.ChunkedArray | None,
    period_words: Mapping[str, str],
    table: str,
) -> dict[str, pa.Array | pa.ChunkedArray]:
    """`obs_status`, `conf_status` and `status_detail` (the word of CBS) of every figure.

    `values` is text, empty where there is no figure; `attributes` the attribute of each cell, None where the answer
    has none; `period_words` the status of each period as CBS writes it. An empty cell of which CBS does not say why it
    is empty has an empty `obs_status`: secret, unknown or not applicable. Raises SourceUnreadable for a word that is
    not known, a period that is not in the list, and an attribute that contradicts the value.
    """
    empty = pc.equal(values, "")
    by_period = {code: _period_status(word, code, table) for code, word in period_words.items()}
    if by_period:
        strange = [code for code in pc.unique(periods).to_pylist() if code not in by_period]
        if strange:
            raise SourceUnreadable(
                f"table {table}: expected every period in the list of periods of CBS, found {', '.join(strange[:5])} "
                "in the rows only"
            )
    status = pc.if_else(empty, "", _looked_up(periods, by_period))
    detail = _looked_up(periods, dict(period_words))
    confidential: pa.Array | pa.ChunkedArray = pc.if_else(empty, "", "")
    if attributes is not None:
        words = pc.unique(attributes).to_pylist()
        meaning = {word: _cell_status(word, table) for word in words}
        of_cell = _looked_up(attributes, {word: found for word, (found, _) in meaning.items()})
        missing = pc.is_in(of_cell, pa.array(MISSING))
        wrong = pc.and_(missing, pc.invert(empty))
        if pc.any(wrong).as_py():
            row = pc.index(wrong, True).as_py()
            raise SourceUnreadable(
                f"table {table}: expected no value beside {attributes[row].as_py()!r}, found {values[row].as_py()!r} "
                f"in row {row}"
            )
        status = pc.if_else(pc.equal(of_cell, ""), status, of_cell)
        silent = pc.is_in(attributes, pa.array([word for word in words if _plain(word) in NO_ATTRIBUTE], pa.string()))
        detail = pc.if_else(silent, detail, attributes)
        confidential = _looked_up(attributes, {word: found for word, (_, found) in meaning.items()})
    return {"obs_status": status, "conf_status": confidential, "status_detail": detail}


def _period_status(word: str, code: str, table: str) -> str:
    found = PERIOD_STATUS.get(_plain(word))
    if found is None:
        raise SourceUnreadable(
            f"table {table}: expected Definitief, Voorlopig or NaderVoorlopig as the status of period {code}, "
            f"found {word[:40]!r}"
        )
    return found


def _cell_status(word: str, table: str) -> tuple[str, str]:
    found = CELL_STATUS.get(_plain(word))
    if found is None:
        raise SourceUnreadable(
            f"table {table}: expected a ValueAttribute that is known ({', '.join(w for w in CELL_STATUS if w)}), "
            f"found {word[:40]!r}"
        )
    return found


def _looked_up(keys: pa.ChunkedArray, words: Mapping[str, str]) -> pa.ChunkedArray:
    """For every key its word, empty where it has none."""
    if not words:
        return pc.if_else(pc.is_valid(keys), "", "")
    places = pc.index_in(keys, pa.array(list(words), pa.string()))
    return pc.fill_null(pc.take(pa.array(list(words.values()), pa.string()), places), "")

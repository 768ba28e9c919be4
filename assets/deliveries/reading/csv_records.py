"""Records of a CSV: where each begins and ends, on which line it starts, and whether its number of cells is right.

A line break or a delimiter between quotes belongs to its cell. Quotes stand as RFC 4180 has them: around a whole cell,
doubled within it; any other quote is refused, because after it nobody knows where a row ends.
Here: bytes and positions, with numpy over blocks. Not here: cells as values (`csv_file.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from assets.deliveries.delivered_file import FileRefused
from assets.deliveries.reading.bounds import Bounds
from assets.deliveries.reading.csv_text import line_too_long
from assets.deliveries.reading.words import refused

BLOCK = 16 * 1024 * 1024
_LINE_FEED, _QUOTE = ord("\n"), ord('"')
Positions = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Records:
    """Records of one block.

    `even` are the bytes of those with as many cells as the header, `even_lines` the lines on which they start.
    `ragged` are the others as (line, bytes). `blank` counts empty lines. `quoted` says that there are quotes in `even`.
    """

    even: bytes
    even_lines: Positions
    ragged: tuple[tuple[int, bytes], ...]
    blank: int
    quoted: bool


def records(pieces: Iterable[bytes], first_line: int, delimiter: str, width: int, bounds: Bounds) -> Iterator[Records]:
    """The records of a text that begins at the start of a record on line `first_line`, in blocks of about 16 MB.

    Raises FileRefused for a quote where none may stand, one that is not closed, and a record above the line limit.
    """
    held: list[bytes] = []
    size, line = 0, first_line
    for piece in pieces:
        held.append(piece)
        size += len(piece)
        if size < BLOCK:
            continue
        block = b"".join(held)
        found, rest, line = _records(block, line, ord(delimiter), width, bounds)
        if found is not None:
            yield found
        held, size = [rest], len(rest)
    last = b"".join(held)
    if not last:
        return
    if not last.endswith(b"\n"):
        last += b"\n"
    found, rest, line = _records(last, line, ord(delimiter), width, bounds)
    if found is not None:
        yield found
    if rest:
        raise unclosed_quote(line)


def _records(block: bytes, line: int, delimiter: int, width: int, bounds: Bounds) -> tuple[Records | None, bytes, int]:
    """The whole records of a block, what follows the last of them, and the line on which that begins."""
    bounds.in_time()
    buffer = np.frombuffer(block, np.uint8)
    breaks = np.flatnonzero(buffer == _LINE_FEED)
    quotes = np.flatnonzero(buffer == _QUOTE) if b'"' in block else np.empty(0, np.int64)
    ends = breaks[_outside(quotes, breaks)] if len(quotes) else breaks
    whole = int(ends[-1]) + 1 if len(ends) else 0
    _check_quotes(buffer, quotes, delimiter, breaks, ends, line)
    limit = bounds.limits.line_bytes
    if len(block) - whole > limit:
        start = line + int(np.searchsorted(breaks, whole))
        raise unclosed_quote(start) if b'"' in block[whole:] else line_too_long(start, limit)
    if not whole:
        return None, block, line
    quotes = quotes[: np.searchsorted(quotes, whole)]
    starts = np.concatenate(([0], ends[:-1] + 1))
    lengths = ends - starts
    lines = line + np.searchsorted(breaks, starts)
    if lengths.max() > limit:
        raise line_too_long(int(lines[lengths.argmax()]), limit)
    delimiters = np.flatnonzero(buffer[:whole] == delimiter)
    if len(quotes):
        delimiters = delimiters[_outside(quotes, delimiters)]
    cells = np.diff(np.searchsorted(delimiters, ends), prepend=0) + 1
    blank = lengths == 0
    even = (cells == width) & ~blank
    uneven = np.flatnonzero(~even & ~blank)
    ragged = tuple((int(lines[i]), block[starts[i] : ends[i]]) for i in uneven)
    kept = block[:whole] if even.all() else buffer[:whole][np.repeat(even, lengths + 1)].tobytes()
    found = Records(kept, lines[even], ragged, int(blank.sum()), len(quotes) > 0)
    return found, block[whole:], line + int(np.searchsorted(breaks, whole))


def _outside(quotes: Positions, positions: Positions) -> npt.NDArray[np.bool_]:
    """Which positions stand outside quotes: an even number of quotes comes before them."""
    outside: npt.NDArray[np.bool_] = np.searchsorted(quotes, positions) % 2 == 0
    return outside


def _check_quotes(
    buffer: npt.NDArray[np.uint8], quotes: Positions, delimiter: int, breaks: Positions, ends: Positions, line: int
) -> None:
    """An opening quote follows a delimiter or a line break, a closing one precedes one, or two are one in a cell."""
    if not len(quotes):
        return
    opening, closing = quotes[0::2], quotes[1::2]
    if len(closing) and closing[-1] == len(buffer) - 1:
        # what follows the last one is in the next block, where it is looked at again
        closing = closing[:-1]
    before = buffer[np.maximum(opening - 1, 0)]
    after = buffer[closing + 1]
    bad_opening = ~((opening == 0) | (before == delimiter) | (before == _LINE_FEED))
    bad_opening[1:] &= quotes[1::2][: len(opening) - 1] != opening[1:] - 1
    bad_closing = ~((after == delimiter) | (after == _LINE_FEED))
    followed = opening[1 : len(closing) + 1]
    bad_closing[: len(followed)] &= followed != closing[: len(followed)] + 1
    bad = np.concatenate((opening[bad_opening], closing[bad_closing]))
    if not len(bad):
        return
    at = int(bad.min())
    record = int(np.searchsorted(ends, at))
    start = 0 if record == 0 else int(ends[record - 1]) + 1
    raise _stray_quote(line + int(np.searchsorted(breaks, start)), line + int(np.searchsorted(breaks, at)))


def _stray_quote(start: int, line: int) -> FileRefused:
    where_nl = f"op regel {line}" if start == line else f"tussen regel {start} en regel {line}"
    where_en = f"on line {line}" if start == line else f"between line {start} and line {line}"
    return refused(
        "stray_quote",
        f'Een aanhalingsteken (") {where_nl} staat midden in een cel of is niet gesloten, zodat niet zeker is waar de '
        "rij eindigt. Zet de hele cel tussen aanhalingstekens en verdubbel elk aanhalingsteken in de tekst.",
        f'A quotation mark (") {where_en} stands in the middle of a cell or is not closed, so that nobody knows where '
        "the row ends. Put the whole cell between quotation marks and double every one within the text.",
    )


def unclosed_quote(line: int) -> FileRefused:
    """The refusal of a file in which a cell that begins on `line` never ends."""
    return refused(
        "unclosed_quote",
        f'Een aanhalingsteken (") in de rij die op regel {line} begint, wordt niet gesloten; alles daarna zou in één '
        "cel vallen. Sluit het, of verwijder het.",
        f'A quotation mark (") in the row that begins on line {line} is not closed; all that follows would fall into '
        "one cell. Close it, or remove it.",
    )

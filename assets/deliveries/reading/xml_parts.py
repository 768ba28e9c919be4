"""XML that is not trusted: no document type (and so no entities), bounded depth, bounded tokens, read as a stream.

Here: feeding expat. Not here: what the elements mean (`workbook.py`, `sheet.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any
from xml.parsers import expat

from assets.deliveries.delivered_file import FileRefused
from assets.deliveries.reading.packed import Packed, damaged
from assets.deliveries.reading.words import refused, shown

#: A tag or text that expat must hold in memory as a whole.
_LONGEST_TOKEN = 2_000_000
_DEEPEST = 100
Attributes = list[str]


def parser(part: str) -> Any:
    """An expat parser that knows name spaces (name space, space, name), gives attributes in pairs and refuses DTDs."""
    made = expat.ParserCreate(namespace_separator=" ")
    made.ordered_attributes = True
    made.buffer_text = True

    def refuse_doctype(*_: Any) -> None:
        raise refused(
            "xml_entities",
            f"Onderdeel {shown(part)} van het werkboek bevat een DOCTYPE, waarmee entiteiten kunnen worden opgeblazen. "
            "Een rekenblad schrijft die nooit. Sla de tabel opnieuw op als XLSX of CSV.",
            f"Part {shown(part)} of the workbook holds a DOCTYPE, by which entities can be blown up. No spreadsheet "
            "writes one. Save the table again as XLSX or CSV.",
        )

    made.StartDoctypeDeclHandler = refuse_doctype
    return made


def fed(made: Any, pieces: Iterable[bytes]) -> Iterator[None]:
    """Feeds a parser piece by piece, yields after each; FileRefused for XML that is damaged or holds a huge token."""
    total = 0
    try:
        for piece in pieces:
            made.Parse(piece, False)
            total += len(piece)
            if total - made.CurrentByteIndex > _LONGEST_TOKEN:
                raise damaged()
            yield
        made.Parse(b"", True)
    except expat.ExpatError as error:
        raise damaged() from error
    yield


def elements(packed: Packed, part: str, start: Callable[[str, dict[str, str]], None]) -> None:
    """Calls `start` with name (without name space) and attributes of every element of a small part."""
    made = parser(part)
    depth = 0

    def started(name: str, attributes: Attributes) -> None:
        nonlocal depth
        depth += 1
        if depth > _DEEPEST:
            raise damaged()
        start(name.rpartition(" ")[2], dict(zip(attributes[::2], attributes[1::2], strict=True)))

    def ended(_: str) -> None:
        nonlocal depth
        depth -= 1

    made.StartElementHandler = started
    made.EndElementHandler = ended
    for _ in fed(made, packed.pieces(part)):
        pass


def check_no_entities(packed: Packed) -> None:
    """Reads every XML part up to its first element: a DOCTYPE can only stand before it."""
    for part in packed.names:
        if not part.lower().endswith((".xml", ".rels", ".vml")):
            continue
        made = parser(part)
        begun = False

        def started(*_: Any) -> None:
            nonlocal begun
            begun = True

        made.StartElementHandler = started
        try:
            for _ in fed(made, packed.pieces(part)):
                if begun:
                    break
        except FileRefused as refusal:
            # a part that we do not read may be damaged: only the document type matters here
            if refusal.told.code == "xml_entities":
                raise

"""What surrounds the sheets of a workbook: their names and places, shared texts, which formats are dates.

Here: the parts of an XLSX besides the sheets, and the refusal of macros and links to other files.
Not here: cells (`sheet.py`).
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from typing import Literal

from assets.deliveries.reading.bounds import Bounds
from assets.deliveries.reading.packed import Packed, bomb, damaged
from assets.deliveries.reading.words import refused
from assets.deliveries.reading.xml_parts import Attributes, check_no_entities, elements, fed, parser

WORKBOOK = "xl/workbook.xml"
_RELATIONS = "xl/_rels/workbook.xml.rels"
#: Format numbers that every workbook has for dates and times (ECMA-376 part 1, 18.8.30), East Asian ones included.
_DATES = frozenset([14, 15, 16, 17, 22, *range(27, 37), *range(50, 59)])
_TIMES = frozenset([18, 19, 20, 21, 45, 46, 47])
_NOT_FORMAT = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?![hmsHMS]+\])[^\]]*\]')
#: A spreadsheet keeps formats of up to 255 characters.
_LONGEST_FORMAT = 255
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
#: What one shared text takes in memory besides its characters.
_TEXT_OVERHEAD = 60
DateKind = Literal["", "date", "time"]


@dataclass(frozen=True)
class SheetPlace:
    """A sheet of the workbook: its name, the part that holds it, and whether it is shown."""

    name: str
    part: str
    hidden: bool


@dataclass(frozen=True)
class Workbook:
    """The sheets in their order; `date_kinds` by style number; `from_1904` for workbooks that count days from 1904."""

    sheets: tuple[SheetPlace, ...]
    date_kinds: tuple[DateKind, ...]
    from_1904: bool


def read_workbook(packed: Packed) -> Workbook:
    """Reads the workbook around the sheets. Raises FileRefused for entities, macros and links to other files."""
    check_no_entities(packed)
    _check_harmless(packed)
    targets = _worksheet_targets(packed)
    sheets: list[SheetPlace] = []
    from_1904 = False

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal from_1904
        if name == "sheet":
            relation = next((value for key, value in attributes.items() if key.endswith(" id")), "")
            hidden = attributes.get("state", "visible") != "visible"
            if relation in targets:
                sheets.append(SheetPlace(attributes.get("name", ""), targets[relation], hidden))
        elif name == "workbookPr":
            from_1904 = attributes.get("date1904", "0") in ("1", "true")

    elements(packed, WORKBOOK, start)
    return Workbook(tuple(sheets), _date_kinds(packed), from_1904)


def _check_harmless(packed: Packed) -> None:
    for name in (name.lower() for name in packed.names):
        if name.endswith("vbaproject.bin") or name.startswith(("xl/macrosheets/", "xl/dialogsheets/")):
            raise refused(
                "macros",
                "Het werkboek bevat macro's. Sla het op als 'Excel-werkmap (*.xlsx)', zonder macro's, en dien dat in.",
                "The workbook holds macros. Save it as 'Excel Workbook (*.xlsx)', without macros, and hand that in.",
            )
        if name.startswith("xl/externallinks/"):
            raise refused(
                "external_links",
                "Het werkboek verwijst naar andere bestanden. Verbreek de koppelingen (Gegevens, Koppelingen "
                "bewerken), plak de waarden en dien het opnieuw in.",
                "The workbook refers to other files. Break the links (Data, Edit Links), paste the values and hand "
                "it in again.",
            )


def _worksheet_targets(packed: Packed) -> dict[str, str]:
    targets: dict[str, str] = {}

    def start(name: str, attributes: dict[str, str]) -> None:
        if name != "Relationship" or attributes.get("TargetMode") == "External":
            return
        kind = attributes.get("Type", "").rpartition("/")[2]
        target = attributes.get("Target", "")
        part = target.lstrip("/") if target.startswith("/") else posixpath.normpath(posixpath.join("xl", target))
        if kind == "worksheet" and part in packed.names:
            targets[attributes.get("Id", "")] = part

    if _RELATIONS not in packed.names:
        raise damaged()
    elements(packed, _RELATIONS, start)
    return targets


def _date_kinds(packed: Packed) -> tuple[DateKind, ...]:
    formats: dict[int, DateKind] = {}
    formats.update(dict.fromkeys(_DATES, "date"))
    formats.update(dict.fromkeys(_TIMES, "time"))
    kinds: list[DateKind] = []
    inside = False

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal inside
        if name == "numFmt":
            formats[int(attributes.get("numFmtId", "-1"))] = date_kind(attributes.get("formatCode", ""))
        elif name in ("cellXfs", "cellStyleXfs", "cellStyles", "dxfs"):
            inside = name == "cellXfs"
        elif name == "xf" and inside:
            kinds.append(formats.get(int(attributes.get("numFmtId", "0")), ""))

    if "xl/styles.xml" in packed.names:
        elements(packed, "xl/styles.xml", start)
    return tuple(kinds)


def date_kind(code: str) -> DateKind:
    """Whether a number format shows a date, a time only, or neither: by the letters d, m, y, h and s outside texts."""
    letters = _NOT_FORMAT.sub("", code[:_LONGEST_FORMAT].split(";")[0]).lower()
    if letters == "general":
        return ""
    if any(letter in letters for letter in "dy") or ("m" in letters and not any(c in letters for c in "hs")):
        return "date"
    return "time" if any(letter in letters for letter in "hs") else ""


def shared_texts(packed: Packed, bounds: Bounds) -> list[str]:
    """The texts that cells refer to by number; without the reading aids of East Asian texts.

    Raises FileRefused where they would take more memory than the limit.
    """
    part = next((name for name in packed.names if name.lower() == "xl/sharedstrings.xml"), None)
    if part is None:
        return []
    made = parser(part)
    texts: list[str] = []
    current: list[str] = []
    size = depth = aside = 0
    reading = False

    def start(name: str, _: Attributes) -> None:
        nonlocal current, depth, aside, reading
        depth += 1
        if depth > 20:
            raise damaged()
        local = name.rpartition(" ")[2]
        if local == "si":
            current = []
        elif local == "rPh":
            aside += 1
        reading = local == "t" and not aside

    def end(name: str) -> None:
        nonlocal size, depth, aside, reading
        depth -= 1
        local = name.rpartition(" ")[2]
        reading = False
        if local == "si":
            texts.append(unescaped("".join(current)))
            size += _TEXT_OVERHEAD
        elif local == "rPh":
            aside -= 1

    def characters(text: str) -> None:
        nonlocal size
        if reading:
            size += len(text) if text.isascii() else 4 * len(text)
            current.append(text)

    made.StartElementHandler, made.EndElementHandler, made.CharacterDataHandler = start, end, characters
    for _ in fed(made, packed.pieces(part)):
        if size > bounds.limits.shared_text_bytes:
            raise bomb(size, bounds.limits.shared_text_bytes)
    return texts


def unescaped(text: str) -> str:
    """A text with the escapes of a workbook (`_x000D_`) read; halves of a surrogate pair stay as they are."""
    if "_x" not in text:
        return text

    def character(match: re.Match[str]) -> str:
        code = int(match[1], 16)
        return match[0] if 0xD800 <= code <= 0xDFFF else chr(code)

    return _ESCAPED.sub(character, text)

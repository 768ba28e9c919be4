"""Reads a delivered data package (Frictionless, versions 1 and 2): the resource of this delivery, checked and read.

The descriptor is a stranger's: paths stay inside the package, nothing is fetched, and a property that would have to be
read in a way that we do not know is refused by name. That is why no library that follows references opens it.
Here: descriptor, resource, hash, dialect. Not here: the table itself (the reader of its form).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from assets.deliveries.delivered_file import Declared, FileRefused, ReadFile
from assets.deliveries.reading.decimal_sign import Sign
from assets.deliveries.reading.header import has_required
from assets.deliveries.reading.packed import Packed, bomb, check_name, climbs_out
from assets.deliveries.reading.task import Task
from assets.deliveries.reading.words import listed, refused, shown
from contracts.delivery_contract import Delivery
from publish.numbers_and_dates import number

_DESCRIPTOR_BYTES = 5_000_000
_HASHES = {32: "md5", 40: "sha1", 64: "sha256", 128: "sha512"}
#: What a dialect may say besides the delimiter: the values that mean what we do anyway, None for any value.
_USUAL: dict[str, tuple[Any, ...] | None] = {
    "quoteChar": ('"',), "doubleQuote": (True,), "header": (True,), "headerRows": ([1],), "headerJoin": None,
    "lineTerminator": ("\r\n", "\n", "\r"), "skipInitialSpace": (False, True), "escapeChar": (None, ""),
    "commentChar": (None, "", "#"), "commentRows": ([],), "nullSequence": (None, ""), "caseSensitiveHeader": None,
    "csvddfVersion": None, "$schema": None, "type": None, "title": None, "name": None, "sheetNumber": (1,),
    "sheetName": None, "sheet": None,
}  # fmt: skip
_SIGNS: dict[str, Sign] = {",": "comma", ".": "point"}


class Place(Protocol):
    """Where the files of a package are: a zip or a folder."""

    def has(self, name: str) -> bool:
        """Whether there is such a file."""

    def read(self, name: str, at_most: int) -> bytes:
        """A small file as a whole."""

    def file(self, name: str, work: Path) -> Path:
        """A file on disk with the content of `name`; what is unpacked for it goes to `work`."""


@dataclass(frozen=True)
class PackageInZip:
    """A package in a zip, below `base` (empty, or a folder name that ends in a slash)."""

    packed: Packed
    base: str

    def has(self, name: str) -> bool:
        """Whether there is such a file."""
        return self.base + name in self.packed.names

    def read(self, name: str, at_most: int) -> bytes:
        """A small file as a whole."""
        return self.packed.read(self.base + name, at_most)

    def file(self, name: str, work: Path) -> Path:
        """The file, unpacked."""
        return self.packed.extract(self.base + name, work / "resource")


@dataclass(frozen=True)
class PackageInFolder:
    """A package that was handed in as a folder. Links in it are not followed."""

    folder: Path

    def has(self, name: str) -> bool:
        """Whether there is such a file; FileRefused where a link stands on the way to it."""
        path = self.folder
        for part in name.split("/"):
            path /= part
            if path.is_symlink():
                raise climbs_out(name)
        return path.is_file()

    def read(self, name: str, at_most: int) -> bytes:
        """A small file as a whole."""
        path = self.folder / name
        if path.stat().st_size > at_most:
            raise bomb(path.stat().st_size, at_most)
        return path.read_bytes()

    def file(self, name: str, work: Path) -> Path:  # noqa: ARG002 - nothing to unpack
        """The file itself."""
        return self.folder / name


def read_package(place: Place, descriptor: str, task: Task, read_table: Callable[[Task], ReadFile]) -> ReadFile:
    """Reads the resource of the task's delivery with `read_table`. Raises FileRefused in words.

    `descriptor` is the name of the descriptor in `place`, from which its paths start.
    """
    if not place.has(descriptor):
        raise _unreadable("er is geen datapackage.json", "there is no datapackage.json")
    resource = _resource(_descriptor(place.read(descriptor, _DESCRIPTOR_BYTES)), task.delivery)
    name = str(resource.get("name", ""))
    path = _path(resource, name)
    if not place.has(path):
        raise refused(
            "resource_absent",
            f"De beschrijving noemt het bestand {shown(path)}, maar dat zit niet in het pakket. Voeg het toe.",
            f"The descriptor names the file {shown(path)}, but it is not in the package. Add it.",
        )
    file = place.file(path, task.work)
    task.bounds.file_size(file.stat().st_size)
    _check_bytes(resource, file, name, task)
    declared, missing = _declared(resource, task.declared)
    found = read_table(replace(task, path=file, declared=declared, missing=missing))
    return replace(found, form="data package", part=name)


def _descriptor(body: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(body.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise _unreadable("datapackage.json is geen JSON", "datapackage.json is no JSON") from error
    resources = found.get("resources") if isinstance(found, dict) else None
    if not isinstance(resources, list) or not all(isinstance(resource, dict) for resource in resources):
        raise _unreadable("datapackage.json noemt geen `resources`", "datapackage.json names no `resources`")
    return dict(found)


def _resource(descriptor: Mapping[str, Any], delivery: Delivery) -> Mapping[str, Any]:
    resources: list[Mapping[str, Any]] = descriptor["resources"]
    named = [resource for resource in resources if resource.get("name") == delivery.name]
    fitting = named or [r for r in resources if has_required(_field_names(r), delivery.contract)]
    if not fitting and len(resources) == 1 and not _field_names(resources[0]):
        fitting = resources
    if len(fitting) == 1:
        return fitting[0]
    names = listed([resource.get("name", "?") for resource in resources])
    if fitting:
        raise refused(
            "several_resources",
            f"Meer dan één onderdeel van het pakket past bij deze levering: {names}. Noem er één "
            f"{shown(delivery.name)}.",
            f"More than one resource of the package fits this delivery: {names}. Call one {shown(delivery.name)}.",
        )
    raise refused(
        "resource_absent",
        f"Het pakket heeft geen onderdeel voor deze levering; gevonden: {names or 'niets'}. Noem de tabel "
        f"{shown(delivery.name)}, met de kolommen van het sjabloon.",
        f"The package has no resource for this delivery; found: {names or 'nothing'}. Call the table "
        f"{shown(delivery.name)}, with the columns of the template.",
    )


def _fields(resource: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    schema = resource.get("schema")
    fields = schema.get("fields") if isinstance(schema, dict) else None
    return [field for field in fields if isinstance(field, dict)] if isinstance(fields, list) else []


def _field_names(resource: Mapping[str, Any]) -> list[str]:
    return [str(field.get("name", "")) for field in _fields(resource)]


def _path(resource: Mapping[str, Any], name: str) -> str:
    path = resource.get("path")
    if isinstance(path, list) and len(path) == 1:
        path = path[0]
    if not isinstance(path, str):
        raise _not_known(
            name, "path", path, "één pad van een bestand in het pakket", "one path of a file in the package"
        )
    check_name(path)
    for key in ("schema", "dialect"):
        if isinstance(resource.get(key), str):
            raise _not_known(
                name, key, resource[key], "de inhoud zelf, geen verwijzing", "the content itself, no reference"
            )
    return path


def _check_bytes(resource: Mapping[str, Any], file: Path, name: str, task: Task) -> None:
    """The size and hash that the descriptor promises, where it does."""
    size = file.stat().st_size
    if isinstance(resource.get("bytes"), int) and resource["bytes"] != size:
        raise _differs(name, f"{number(resource['bytes'], 'nl')} bytes", f"{number(size, 'nl')} bytes")
    promised = resource.get("hash")
    if promised is None:
        return
    kind, _, digits = str(promised).rpartition(":")
    kind = kind or _HASHES.get(len(digits), "")
    if kind not in _HASHES.values():
        raise _not_known(name, "hash", promised, "md5, sha1, sha256 of sha512", "md5, sha1, sha256 or sha512")
    digest = hashlib.new(kind, usedforsecurity=False)
    with file.open("rb") as handle:
        while piece := handle.read(1 << 20):
            task.bounds.in_time()
            digest.update(piece)
    if digest.hexdigest() != digits.lower():
        raise _differs(name, f"{kind}:{digits}", f"{kind}:{digest.hexdigest()}")


def _declared(resource: Mapping[str, Any], given: Declared) -> tuple[Declared, frozenset[str]]:
    """What the descriptor declares of encoding, delimiter and decimal sign, and which texts mean an empty cell."""
    name = str(resource.get("name", ""))
    dialect = _dialect(resource, name)
    encoding = resource.get("encoding")
    schema = resource.get("schema") or {}
    missing = schema.get("missingValues", [""]) if isinstance(schema, dict) else [""]
    if not isinstance(missing, list):
        raise _not_known(name, "missingValues", missing, "een lijst", "a list")
    empty = frozenset(str(value.get("value", "") if isinstance(value, dict) else value) for value in missing)
    return (
        Declared(
            decimal=given.decimal or _decimal(resource, name),
            delimiter=given.delimiter or dialect.get("delimiter"),
            encoding=given.encoding or (str(encoding) if encoding is not None else None),
        ),
        empty - {""},
    )


def _dialect(resource: Mapping[str, Any], name: str) -> dict[str, Any]:
    dialect = dict(resource.get("dialect") or {})
    for form in ("csv", "excel"):
        if isinstance(dialect.get(form), dict):
            dialect |= dialect.pop(form)
    for key, value in dialect.items():
        if key == "delimiter" and isinstance(value, str):
            continue
        usual = _USUAL.get(key, ())
        if usual is not None and not any(value == one and type(value) is type(one) for one in usual):
            wanted = " / ".join(json.dumps(one) for one in usual) or "–"
            raise _not_known(name, f"dialect.{key}", value, wanted, wanted)
    return dialect


def _decimal(resource: Mapping[str, Any], name: str) -> Sign | None:
    """The decimal sign of the number fields: the standard says a point where the schema says nothing."""
    signs = set()
    for field in _fields(resource):
        if field.get("type") != "number":
            continue
        sign, group = field.get("decimalChar", "."), field.get("groupChar") or ""
        if sign not in _SIGNS or (group and (group not in _SIGNS or group == sign)):
            raise _not_known(name, "decimalChar, groupChar", f"{sign} {group}", "punt of komma", "point or comma")
        if field.get("bareNumber") is False:
            raise _not_known(name, "bareNumber", False, "getallen zonder eenheid", "numbers without a unit")
        signs.add(_SIGNS[sign])
    if len(signs) > 1:
        raise _not_known(name, "decimalChar", ", .", "één teken in alle kolommen", "one sign in all columns")
    return signs.pop() if signs else None


def _unreadable(nl: str, en: str) -> FileRefused:
    return refused(
        "descriptor_unreadable",
        f"Het data package kan niet worden gelezen: {nl}. Verwacht: een datapackage.json met daarin `resources`. "
        "Verbeter de beschrijving, of lever het sjabloon (XLSX of CSV).",
        f"The data package cannot be read: {en}. Expected: a datapackage.json with `resources` in it. Correct the "
        "descriptor, or hand in the template (XLSX or CSV).",
    )


def _not_known(name: str, key: str, found: object, nl: str, en: str) -> FileRefused:
    return refused(
        "descriptor_not_followed",
        f"Onderdeel {shown(name)} van het data package: `{key}` is {shown(found)}; verwacht: {nl}. Verbeter de "
        "beschrijving of het bestand.",
        f"Resource {shown(name)} of the data package: `{key}` is {shown(found)}; expected: {en}. Correct the "
        "descriptor or the file.",
    )


def _differs(name: str, promised: str, found: str) -> FileRefused:
    return refused(
        "not_as_promised",
        f"Onderdeel {shown(name)} is niet het bestand dat de beschrijving belooft: beloofd {shown(promised, 150)}, "
        f"gevonden {shown(found, 150)}. Het is beschadigd of later gewijzigd; maak het pakket opnieuw.",
        f"Resource {shown(name)} is not the file that the descriptor promises: promised {shown(promised, 150)}, found "
        f"{shown(found, 150)}. It was damaged or changed afterwards; make the package again.",
    )

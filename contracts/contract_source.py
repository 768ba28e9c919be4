"""A contract file as data that knows its lines: YAML, the official ODCS model, custom properties.

Here: what can be said of any contract file, and the error `file:line: message`.
Not here: what its columns and rules mean (`contract_columns.py`, `contract_rules.py`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml


class ContractError(ValueError):
    """A contract cannot be used; the message is `file:line: what is wrong`."""


class Source:
    """A YAML file as data, and the line on which each part of it stands."""

    def __init__(self, path: Path) -> None:
        self.path = path
        text = path.read_text(encoding="utf-8")
        try:
            self._root = yaml.compose(text, Loader=yaml.CSafeLoader)
            self.data: Any = yaml.load(text, Loader=yaml.CSafeLoader)
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            line = mark.line + 1 if mark is not None else 1
            raise ContractError(
                f"{path.name}:{line}: not readable as YAML: {getattr(error, 'problem', error)}"
            ) from error
        if not isinstance(self.data, dict):
            raise ContractError(f"{path.name}:1: a contract is a mapping; found {type(self.data).__name__}")

    def line(self, *steps: str | int) -> int:
        """Line (from 1) of the deepest part of `steps` that exists."""
        node, line = self._root, 1
        for step in steps:
            found = None
            if isinstance(node, yaml.MappingNode):
                for key, value in node.value:
                    if key.value == step:
                        found, line = value, key.start_mark.line + 1
            elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
                found = node.value[step]
                line = found.start_mark.line + 1
            if found is None:
                return line
            node = found
        return line

    def error(self, message: str, *steps: str | int) -> ContractError:
        """The error to raise about the part at `steps`."""
        return ContractError(f"{self.path.name}:{self.line(*steps)}: {message}")


def custom_properties(items: Any, source: Source, *steps: str | int) -> dict[str, Any]:
    """`customProperties` as a dictionary."""
    found: dict[str, Any] = {}
    for position, item in enumerate(items or []):
        if not isinstance(item, dict) or "property" not in item or "value" not in item:
            raise source.error("a custom property needs `property` and `value`", *steps, "customProperties", position)
        if item["property"] in found:
            raise source.error(
                f"custom property {item['property']!r} is given twice", *steps, "customProperties", position
            )
        found[item["property"]] = item["value"]
    return found


def two_languages(
    source: Source, custom: dict[str, Any], what: str, names: tuple[str, ...], at: tuple[str | int, ...]
) -> list[str]:
    """The texts called `names`, all of which `what` must have."""
    missing = [name for name in names if not custom.get(name)]
    if missing:
        raise source.error(f"{what} needs custom properties {', '.join(missing)}", *at)
    return [str(custom[name]).strip() for name in names]


def check_head(source: Source) -> None:
    """Raises unless the file is an ODCS 3.1 contract by its head and by the official model."""
    for key in ("id", "version", "kind", "apiVersion", "status"):
        if not source.data.get(key):
            raise source.error(f"the contract has no `{key}`")
    if source.data["kind"] != "DataContract":
        raise source.error(f"kind is {source.data['kind']!r}, expected DataContract", "kind")
    if source.data["apiVersion"] != "v3.1.0":
        raise source.error(f"apiVersion is {source.data['apiVersion']!r}, expected v3.1.0", "apiVersion")
    _validate_against_odcs(source)


def _validate_against_odcs(source: Source) -> None:
    """Reads the file with the official model, so that a misspelt ODCS keyword is an error and not a silence."""
    from open_data_contract_standard.model import OpenDataContractStandard
    from pydantic import ValidationError

    try:
        OpenDataContractStandard.model_validate(source.data)
    except ValidationError as error:
        first = error.errors()[0]
        where = [step for step in first["loc"] if isinstance(step, str | int)]
        raise source.error(f"{'.'.join(map(str, where))}: {first['msg']}", *where) from error
    _check_keywords(source)


def _check_keywords(source: Source) -> None:
    """The model lets any keyword below the top pass: a rule that is misspelt, or that we do not read, would never
    hold."""
    from open_data_contract_standard.model import DataQuality, SchemaObject, SchemaProperty

    def check(raw: dict[str, Any], known: set[str], *at: str | int) -> None:
        strange = [str(word) for word in raw if word not in known]
        if strange:
            raise source.error(
                f"{raw.get('name') or 'a rule'}: {strange[0]!r} is no keyword that is read", *at, strange[0]
            )
        for position, quality in enumerate(raw.get("quality") or []):
            unknown = [str(word) for word in quality if word not in DataQuality.model_fields]
            if unknown:
                where = (*at, "quality", position, unknown[0])
                raise source.error(f"a quality rule: {unknown[0]!r} is no keyword that is read", *where)

    of_column = set(SchemaProperty.model_fields) - {"enum", "properties", "items", "map"}
    for number, table in enumerate(source.data.get("schema") or []):
        check(table, set(SchemaObject.model_fields), "schema", number)
        for position, column in enumerate(table.get("properties") or []):
            check(column, of_column, "schema", number, "properties", position)

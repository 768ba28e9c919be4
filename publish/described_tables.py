"""A contract read back from a release: what a table was when it was published, also after the contract has moved on.

Here: descriptor -> Contract, without rules. Not here: contracts of today (`contracts/`), or writing descriptors
(`descriptor.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

from contracts.contract import Column, Contract
from contracts.contract_model import LogicalType

_TYPES: Mapping[str, LogicalType] = {
    **{name: name for name in get_args(LogicalType)},
    "datetime": "timestamp",
    "any": "string",
}


def described_contract(resource: Mapping[str, Any], folder: Path) -> Contract:
    """The contract of one table resource of a descriptor: columns, key, texts; no rules.

    KeyError where the resource has no schema.
    """
    schema = resource["schema"]
    key = list(schema.get("primaryKey", ()))
    return Contract(
        id=f"{folder.name}.{resource['name']}",
        table=str(resource["name"]),
        version="1.0.0",
        path=folder / "datapackage.json",
        title_nl=str(resource.get("title", "")),
        title_en=str(resource.get("upv:titleEn", "")),
        description_nl=str(resource.get("description", "")),
        description_en=str(resource.get("upv:descriptionEn", "")),
        granularity_nl="",
        granularity_en="",
        columns=tuple(_column(field, key) for field in schema["fields"]),
        rules=(),
    )


def _column(field: Mapping[str, Any], key: list[str]) -> Column:
    held = field.get("constraints", {})
    return Column(
        name=str(field["name"]),
        logical_type=_TYPES[field.get("type", "any")],
        required=bool(held.get("required", False)),
        unique=bool(held.get("unique", False)),
        key_position=key.index(field["name"]) + 1 if field["name"] in key else None,
        minimum=held.get("minimum"),
        maximum=held.get("maximum"),
        exclusive_minimum=held.get("exclusiveMinimum"),
        exclusive_maximum=held.get("exclusiveMaximum"),
        min_length=held.get("minLength"),
        max_length=held.get("maxLength"),
        pattern=held.get("pattern"),
        allowed=tuple(held["enum"]) if "enum" in held else None,
        code_list=field.get("upv:codeList"),
        unit=field.get("upv:unit"),
        concept=str(field["name"]),
        title_nl=str(field.get("title", "")),
        title_en=str(field.get("upv:titleEn", "")),
        description_nl=str(field.get("description", "")),
        description_en=str(field.get("upv:descriptionEn", "")),
        provenance=bool(field.get("upv:provenance", False)),
        deprecated_nl=str(field.get("upv:deprecatedNl", "")),
        deprecated_en=str(field.get("upv:deprecatedEn", "")),
    )

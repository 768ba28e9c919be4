"""Contract -> Frictionless Table Schema (Data Package v2), the description that a researcher's software reads.

Here: the mapping of types, constraints and texts. Not here: the package around it (`publish/descriptor.py`).
"""

from __future__ import annotations

from typing import Any

from contracts.contract_model import Column, Contract

FRICTIONLESS_TYPES = {
    "string": "string",
    "integer": "integer",
    "number": "number",
    "boolean": "boolean",
    "date": "date",
    "timestamp": "datetime",
}


def constraints(column: Column, contract: Contract) -> dict[str, Any]:
    """Constraints of one field; `enum` carries the code list, because clients do not enforce `categories`."""
    # a quality rule of severity error binds as much as the keyword beside the type
    binding = [r for r in contract.rules if r.columns == (column.name,) and r.severity == "error"]
    kinds = {rule.kind for rule in binding}
    found: dict[str, Any] = {}
    if column.required or "required" in kinds:
        found["required"] = True
    if column.unique or kinds & {"unique", "primaryKey"} or contract.primary_key == (column.name,):
        found["unique"] = True
    for name, value in (
        ("minimum", column.minimum),
        ("maximum", column.maximum),
        ("exclusiveMinimum", column.exclusive_minimum),
        ("exclusiveMaximum", column.exclusive_maximum),
        ("minLength", column.min_length),
        ("maxLength", column.max_length),
    ):
        if value is not None:
            found[name] = value
    pattern = column.pattern or next((r.argument("limit") for r in binding if r.kind == "pattern"), None)
    if pattern is not None:
        # clients put ^ and $ around it, which a bare alternative `a|b` would escape
        found["pattern"] = f"({pattern})" if "|" in pattern else pattern
    if column.allowed is not None:
        found["enum"] = list(column.allowed)
    return found


def field(column: Column, contract: Contract) -> dict[str, Any]:
    """One field: Dutch in `title` and `description`, English beside it under our own namespace."""
    described: dict[str, Any] = {
        "name": column.name,
        "type": FRICTIONLESS_TYPES[column.logical_type],
        "title": column.title_nl,
        "description": column.description_nl,
        "upv:titleEn": column.title_en,
        "upv:descriptionEn": column.description_en,
    }
    if column.unit:
        described["upv:unit"] = column.unit
    if column.code_list:
        described["upv:codeList"] = column.code_list
    if column.provenance:
        described["upv:provenance"] = True
    if column.deprecated_nl:
        described["upv:deprecatedNl"], described["upv:deprecatedEn"] = column.deprecated_nl, column.deprecated_en
    if column.logical_type == "boolean":
        described["trueValues"], described["falseValues"] = ["true"], ["false"]
    held = constraints(column, contract)
    if held:
        described["constraints"] = held
    return described


def table_schema(contract: Contract) -> dict[str, Any]:
    """The Table Schema of a contract: fields in published order, `missingValues` as plain strings, the key."""
    return {
        "fields": [field(column, contract) for column in contract.columns],
        "missingValues": list(contract.missing_values),
        "primaryKey": list(contract.primary_key),
    }

"""The front door of contracts: reads ODCS 3.1 YAML into one frozen `Contract`, the only description of a table.

Here: a table or package as a whole, and the names of those that have a contract. The model is re-exported, so that who
reads a contract needs no second import.
Not here: the parts of a file (`contract_source.py`, `contract_columns.py`, `contract_rules.py`), what a contract
becomes (`arrow.py`, `expectations.py`, `table_schema.py`), or how a table is held against it (`audit.py`).
"""

from __future__ import annotations

import copy
import hashlib
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from contracts.contract_columns import read_column
from contracts.contract_model import Column, Contract, Product, Rule, Severity
from contracts.contract_rules import check_keys, check_number_columns, read_table_rules
from contracts.contract_source import ContractError, Source, check_head, custom_properties, two_languages
from contracts.service_level import read_service_level
from contracts.vocabulary import CONTRACTS

__all__ = [
    "DELIVERED",
    "Column",
    "Contract",
    "ContractError",
    "Product",
    "Rule",
    "Severity",
    "delivered_source_names",
    "product",
    "product_names",
    "read_contract",
    "read_product",
    "read_table",
    "shape",
    "source_contract",
    "source_names",
    "table_or_shape",
]


#: What the name of a source begins with that is added up of what a chain table delivers.
DELIVERED = "delivered_"


@cache
def source_contract(name: str) -> Contract:
    """The contract of the source table `name`."""
    return read_contract(CONTRACTS / "sources" / f"{name}.odcs.yaml")


@cache
def product(name: str) -> Product:
    """The contract of the package `name`."""
    return read_product(CONTRACTS / "products" / f"{name}.odcs.yaml")


@cache
def shape(name: str) -> Contract:
    """The contract of a table that packages have in common."""
    return read_contract(CONTRACTS / "products" / "shapes" / f"{name}.odcs.yaml")


@cache
def source_names() -> tuple[str, ...]:
    """Names of all source tables that are fetched, embedded or curated, sorted."""
    return tuple(name for name in _source_files() if not name.startswith(DELIVERED))


@cache
def delivered_source_names() -> tuple[str, ...]:
    """Names of the source tables that are added up of what is delivered, sorted."""
    return tuple(name for name in _source_files() if name.startswith(DELIVERED))


def _source_files() -> list[str]:
    return sorted(path.name.removesuffix(".odcs.yaml") for path in (CONTRACTS / "sources").glob("*.odcs.yaml"))


@cache
def product_names() -> tuple[str, ...]:
    """Names of all packages that have a contract, sorted."""
    return tuple(sorted(path.name.removesuffix(".odcs.yaml") for path in (CONTRACTS / "products").glob("*.odcs.yaml")))


def read_contract(path: Path) -> Contract:
    """Reads a contract of one table. Raises ContractError as `file:line: message`."""
    source = Source(path)
    check_head(source)
    tables = source.data.get("schema") or []
    if len(tables) != 1:
        raise source.error(f"a source or shape contract describes one table; found {len(tables)}", "schema")
    made = table_or_shape(source, custom_properties(source.data.get("customProperties"), source))
    return replace(made, service_level=read_service_level(source))


def read_product(path: Path) -> Product:
    """Reads the contract of a package. A table without columns takes them from `shapes/<shape>.odcs.yaml` and adds its
    own rules."""
    source = Source(path)
    check_head(source)
    top = custom_properties(source.data.get("customProperties"), source)
    level = read_service_level(source)
    texts = two_languages(source, top, "a product", ("titleNl", "titleEn", "descriptionNl", "descriptionEn"), ())
    if not top.get("chainTable"):
        raise source.error("a product needs the custom property chainTable")
    tables: list[Contract] = []
    for position, raw in enumerate(source.data.get("schema") or []):
        at: tuple[str | int, ...] = ("schema", position)
        custom = custom_properties(raw.get("customProperties"), source, *at)
        if raw.get("properties"):
            own = read_table(source, position, f"{source.data['id']}.{raw.get('name')}", top)
            tables.append(replace(own, service_level=level))
            continue
        shape_path = path.parent / "shapes" / f"{custom.get('shape')}.odcs.yaml"
        if not shape_path.exists():
            raise source.error(f"table {raw.get('name')}: there is no shape {custom.get('shape')!r} in shapes/", *at)
        shape = read_contract(shape_path)
        added = read_table_rules(source, raw.get("quality"), shape.table, set(shape.column_names), at)
        check_keys(source, (*shape.rules, *added), at)
        check_number_columns(source, added, {c.name: c.logical_type for c in shape.columns}, at)
        tables.append(
            replace(
                shape,
                id=f"{source.data['id']}.{shape.table}",
                rules=shape.rules + tuple(added),
                properties=tuple({**dict(shape.properties), **top, **custom, "productDigest": _digest(path)}.items()),
                service_level=level,
            )
        )
    if not tables:
        raise source.error("a product needs at least one table", "schema")
    return Product(
        id=str(source.data["id"]),
        chain_table=str(top["chainTable"]),
        version=str(source.data["version"]),
        path=path,
        title_nl=texts[0],
        title_en=texts[1],
        description_nl=texts[2],
        description_en=texts[3],
        tables=tuple(tables),
        code_lists=tuple(top.get("codeLists", ())),
        properties=tuple(top.items()),
        service_level=level,
    )


def table_or_shape(source: Source, top: dict[str, Any]) -> Contract:
    """The one table of a contract file. One without columns takes them from `shapes/<shape>.odcs.yaml` beside it, with
    texts of its own; its `categories` names the code list that stands in the place of the shape's list `category`."""
    table = source.data["schema"][0]
    custom = custom_properties(table.get("customProperties"), source, "schema", 0)
    if table.get("properties") or "shape" not in custom:
        return read_table(source, 0, str(source.data["id"]), top)
    path = source.path.parent / "shapes" / f"{custom['shape']}.odcs.yaml"
    if not path.exists():
        raise source.error(f"table {table['name']}: there is no shape {custom['shape']!r} in shapes/", "schema", 0)
    shape = Source(path)
    check_head(shape)
    shape_top = custom_properties(shape.data.get("customProperties"), shape)
    raw = copy.deepcopy(shape.data["schema"][0])
    # the shape's own texts give way
    kept = [item for item in raw.get("customProperties", []) if item["property"] not in custom]
    raw |= {
        "name": table["name"],
        "customProperties": kept + list(table.get("customProperties", [])),
        "quality": list(raw.get("quality") or []) + list(table.get("quality") or []),
    }
    for column in raw["properties"]:
        for item in column.get("customProperties", []):
            if item["property"] == "codeList" and item["value"] == "category":
                item["value"] = str(custom.get("categories"))
    shape.data["schema"][0] = raw
    contract = read_table(shape, 0, str(source.data["id"]), {**shape_top, **top})
    properties = {**dict(contract.properties), "productDigest": _digest(source.path)}
    return replace(contract, version=str(source.data["version"]), properties=tuple(properties.items()))


def read_table(source: Source, position: int, contract_id: str, top: dict[str, Any]) -> Contract:
    """One table of a contract file; `top` are the custom properties of the whole file. Raises ContractError."""
    raw = source.data["schema"][position]
    at: tuple[str | int, ...] = ("schema", position)
    table = str(raw.get("name") or "")
    if not table:
        raise source.error("a table needs a name", *at)
    if not raw.get("properties"):
        raise source.error(f"table {table} has no columns", *at)
    custom = {**top, **custom_properties(raw.get("customProperties"), source, *at)}
    texts = two_languages(
        source, custom, f"table {table}",
        ("titleNl", "titleEn", "descriptionNl", "descriptionEn", "oneRowNl", "oneRowEn"), at,
    )  # fmt: skip
    columns: list[Column] = []
    rules: list[Rule] = []
    for index, column_raw in enumerate(raw["properties"]):
        where = (*at, "properties", index)
        column, column_rules = read_column(source, column_raw, table, where)
        # DuckDB does not tell apart names that differ in case only
        if column.name.lower() in {c.name.lower() for c in columns}:
            raise source.error(f"column {column.name} is described twice", *where)
        columns.append(column)
        rules.extend(column_rules)
    keys = sorted((c.key_position, c.name) for c in columns if c.key_position is not None)
    if not keys:
        raise source.error(f"table {table} has no primary key", *at)
    if [position for position, _ in keys] != list(range(1, len(keys) + 1)):
        raise source.error(
            f"table {table}: primaryKeyPosition must count 1, 2, 3 ...; found {[p for p, _ in keys]}", *at
        )
    key_columns = tuple(name for _, name in keys)
    for name in key_columns:
        if not next(c for c in columns if c.name == name).required:
            raise source.error(f"key column {name} must be `required: true`", *at)
    rules.append(Rule(f"{table}__key__unique", "primaryKey", key_columns, "error", (), True, ""))
    rules.extend(read_table_rules(source, raw.get("quality"), table, {c.name for c in columns}, at))
    check_keys(source, rules, at)
    check_number_columns(source, rules, {c.name: c.logical_type for c in columns}, at)
    for name in (c.name for c in columns):
        if sum(rule.kind == "pattern" and rule.columns == (name,) and rule.severity == "error" for rule in rules) > 1:
            raise source.error(f"column {name} has two patterns; the published schema has room for one", *at)
    threshold = custom.get("quarantineThreshold", 0.0)
    if not isinstance(threshold, int | float) or not 0 <= threshold <= 1:
        raise source.error(f"quarantineThreshold is a share between 0 and 1; found {threshold!r}", *at)
    return Contract(
        id=contract_id,
        table=table,
        version=str(source.data["version"]),
        path=source.path,
        title_nl=texts[0],
        title_en=texts[1],
        description_nl=texts[2],
        description_en=texts[3],
        granularity_nl=texts[4],
        granularity_en=texts[5],
        columns=tuple(columns),
        rules=tuple(rules),
        properties=tuple(custom.items()),
    )


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()

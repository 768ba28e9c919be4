"""The one description of a table, frozen: `Contract`, its columns and rules, and the `Product` that holds tables.

Here: what a contract says, once it has been read. Not here: reading it (`contract.py`), or what is derived from it
(`arrow.py`, `expectations.py`, `table_schema.py`).
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from contracts.service_level import NIGHTLY, ServiceLevel

Severity = Literal["error", "warning", "info"]
LogicalType = Literal["string", "integer", "number", "boolean", "date", "timestamp"]


@dataclass(frozen=True)
class Rule:
    """One rule of a contract.

    `kind` is the keyword (`required`, `minimum`, `codeList`, `partsAddUp`, ...); `key` is `table__column__rule` and
    stays the same between releases; `arguments` are sorted (name, value) pairs. `per_row` rules point at the rows that
    offend.
    """

    key: str
    kind: str
    columns: tuple[str, ...]
    severity: Severity
    arguments: tuple[tuple[str, Any], ...]
    per_row: bool
    description: str

    def argument(self, name: str, default: Any = None) -> Any:
        """The value of one argument."""
        return dict(self.arguments).get(name, default)


@dataclass(frozen=True)
class Column:
    """One column: its type, the rules that hold for it and its texts in two languages."""

    name: str
    logical_type: LogicalType
    required: bool
    unique: bool
    key_position: int | None
    minimum: float | None
    maximum: float | None
    exclusive_minimum: float | None
    exclusive_maximum: float | None
    min_length: int | None
    max_length: int | None
    pattern: str | None
    allowed: tuple[str, ...] | None
    code_list: str | None
    unit: str | None
    concept: str
    title_nl: str
    title_en: str
    description_nl: str
    description_en: str
    provenance: bool
    # why the column will go, in two languages; empty while it stays
    deprecated_nl: str = ""
    deprecated_en: str = ""
    # the pattern in words, in two languages; empty where none are given
    pattern_nl: str = ""
    pattern_en: str = ""


@dataclass(frozen=True)
class Contract:
    """What one table must be. Everything else (schemas, suites, documentation) is derived from it."""

    id: str
    table: str
    version: str
    path: Path
    title_nl: str
    title_en: str
    description_nl: str
    description_en: str
    granularity_nl: str
    granularity_en: str
    columns: tuple[Column, ...]
    rules: tuple[Rule, ...]
    properties: tuple[tuple[str, Any], ...] = field(default=(), hash=False)
    missing_values: tuple[str, ...] = ("",)
    service_level: ServiceLevel = NIGHTLY

    @property
    def primary_key(self) -> tuple[str, ...]:
        """Names of the key columns, in key order."""
        keyed = [(c.key_position, c.name) for c in self.columns if c.key_position is not None]
        return tuple(name for _, name in sorted(keyed))

    @property
    def column_names(self) -> tuple[str, ...]:
        """Names of all columns, in published order."""
        return tuple(c.name for c in self.columns)

    @property
    def provenance_columns(self) -> tuple[str, ...]:
        """Columns that say where a figure came from and do not make a figure new when they alone change."""
        return tuple(c.name for c in self.columns if c.provenance)

    @property
    def quarantine_threshold(self) -> float:
        """Largest share of refused rows with which the rest of the table may still be used."""
        return float(self.get("quarantineThreshold", 0.0))

    def column(self, name: str) -> Column:
        """The column called `name`; KeyError names table and column."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"table {self.table} has no column {name!r}")

    def get(self, name: str, default: Any = None) -> Any:
        """A custom property of the contract, such as `licence` or `homepage`."""
        return dict(self.properties).get(name, default)

    @property
    def digest(self) -> str:
        """sha256 over the contract file and the code lists that it names: changes when its meaning can change."""
        parts = [self.path.read_bytes(), self.id.encode(), self.version.encode()]
        for column in self.columns:
            parts.append(json.dumps([column.name, column.allowed], ensure_ascii=False).encode())
        return hashlib.sha256(b"\0".join(parts)).hexdigest()


@dataclass(frozen=True)
class Product:
    """A publishable package: its identity, texts and licence, and the contracts of its tables."""

    id: str
    chain_table: str
    version: str
    path: Path
    title_nl: str
    title_en: str
    description_nl: str
    description_en: str
    tables: tuple[Contract, ...]
    code_lists: tuple[str, ...]
    properties: tuple[tuple[str, Any], ...] = field(default=(), hash=False)
    service_level: ServiceLevel = NIGHTLY

    def table(self, name: str) -> Contract:
        """The contract of one table of the package; KeyError names package and table."""
        for contract in self.tables:
            if contract.table == name:
                return contract
        raise KeyError(f"product {self.id} has no table {name!r}")

    def get(self, name: str, default: Any = None) -> Any:
        """A custom property of the product."""
        return dict(self.properties).get(name, default)

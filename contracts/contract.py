"""Reads ODCS 3.1 YAML into one frozen `Contract`, the only description of a table.

Here: reading, the texts of concepts, rule keys, and errors as `file:line: message`.
Not here: what a contract becomes (`arrow.py`, `expectations.py`, `table_schema.py`) or how a table is held against it
(`audit.py`).
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml

from contracts.vocabulary import CONTRACTS, VocabularyError, load_codelist

Severity = Literal["error", "warning", "info"]
LogicalType = Literal["string", "integer", "number", "boolean", "date", "timestamp"]

LOGICAL_TYPES = ("string", "integer", "number", "boolean", "date", "timestamp")
SEVERITIES = ("error", "warning", "info")
TYPE_OPTIONS = {
    "string": {"minLength", "maxLength", "pattern"},
    "integer": {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"},
    "number": {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"},
    "boolean": set(),
    "date": set(),
    "timestamp": set(),
}
ROW_RULES = {"emptyExactlyWhen", "filledWhen", "someFilled", "notBelow"}
TABLE_RULES = {"partsAddUp", "keysOfPrevious"}
# What each of our own rules must be told, and what it may be told. Anything else is a misspelling.
RULE_ARGUMENTS: dict[str, tuple[set[str], set[str]]] = {
    "emptyExactlyWhen": ({"column", "other", "values"}, set()),
    "filledWhen": ({"column", "other", "values"}, set()),
    "someFilled": ({"columns"}, set()),
    "notBelow": ({"column", "other"}, set()),
    "partsAddUp": ({"dimension", "value", "total", "parts", "by"}, {"only", "tolerance", "absolute"}),
    "keysOfPrevious": (set(), {"maximumLost"}),
}
# `metric` of a quality rule on a column; `invalidValues` is told apart by its argument
COLUMN_METRICS = ("nullValues", "duplicateValues", "invalidValues:validValues", "invalidValues:pattern")
# Python and RE2 (DuckDB, Arrow) must read a pattern alike: no look-around, back-reference or anchor of one of them
NOT_IN_EVERY_ENGINE = re.compile(r"\(\?(?!:)|\\[1-9AZzbBGpPkDWS]|[*+?}]\+")
# \d, \w and \s mean all of Unicode to Python and ASCII to RE2; written out they mean the same to both
ASCII_CLASSES = {"\\d": "0-9", "\\w": "0-9A-Za-z_", "\\s": " \\t\\n\\r\\f"}


class ContractError(ValueError):
    """A contract cannot be used; the message is `file:line: what is wrong`."""


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

    def table(self, name: str) -> Contract:
        """The contract of one table of the package; KeyError names package and table."""
        for contract in self.tables:
            if contract.table == name:
                return contract
        raise KeyError(f"product {self.id} has no table {name!r}")

    def get(self, name: str, default: Any = None) -> Any:
        """A custom property of the product."""
        return dict(self.properties).get(name, default)


class _Source:
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


def _custom(items: Any, source: _Source, *steps: str | int) -> dict[str, Any]:
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


def _validate_against_odcs(source: _Source) -> None:
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


def _check_keywords(source: _Source) -> None:
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


def _concept_texts(concept: str) -> tuple[str, str, str, str] | None:
    try:
        entry = load_codelist("concept").entry(concept)
    except KeyError:
        return None
    return entry.label_nl, entry.label_en, entry.get("description_nl"), entry.get("description_en")


def _read_column(
    source: _Source, raw: dict[str, Any], table: str, at: tuple[str | int, ...]
) -> tuple[Column, list[Rule]]:
    name = raw.get("name")
    if not name:
        raise source.error("a column needs a name", *at)
    logical = raw.get("logicalType")
    if logical not in LOGICAL_TYPES:
        raise source.error(
            f"column {name}: logicalType is {logical!r}, expected one of {', '.join(LOGICAL_TYPES)}", *at, "logicalType"
        )
    custom = _custom(raw.get("customProperties"), source, *at)
    options = dict(raw.get("logicalTypeOptions") or {})
    unknown = sorted(set(options) - TYPE_OPTIONS[logical])
    if unknown:
        raise source.error(
            f"column {name}: {', '.join(unknown)} is not an option of {logical}", *at, "logicalTypeOptions", unknown[0]
        )
    concept = str(custom.get("concept", str(name).lower()))
    texts = _concept_texts(concept)
    if texts is None and not {"titleNl", "titleEn", "descriptionNl", "descriptionEn"} <= custom.keys():
        raise source.error(
            f"column {name}: concept {concept!r} is not in codelists/concept.csv and the column has no titles and "
            "descriptions of its own",
            *at,
        )
    title_nl, title_en, description_nl, description_en = texts or ("", "", "", "")

    rules: list[Rule] = []

    def add(
        kind: str, severity: Severity, per_row: bool = True, suffix: str | None = None, text: str = "", **arguments: Any
    ) -> None:
        key = f"{table}__{str(name).lower().replace(' ', '_')}__{suffix or kind.lower()}"
        rules.append(Rule(key, kind, (str(name),), severity, tuple(sorted(arguments.items())), per_row, text))

    allowed: tuple[str, ...] | None = None
    if raw.get("required"):
        add("required", "error")
    if raw.get("unique"):
        add("unique", "error")
    for option in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "minLength", "maxLength", "pattern"):
        if option in options:
            _check_limit(source, str(name), option, options[option], (*at, "logicalTypeOptions", option))
            if option == "pattern":
                options[option] = _written_out(options[option])
            add(option, "error", limit=options[option])
    code_list = custom.get("codeList")
    if code_list is not None:
        if logical != "string":
            raise source.error(f"column {name}: a code list holds for text, not for {logical}", *at, "customProperties")
        try:
            allowed = load_codelist(str(code_list)).values()
        except VocabularyError as error:
            raise source.error(f"column {name}: {error}", *at, "customProperties") from error
        add("codeList", "error", codeList=str(code_list), validValues=allowed)
    for position, quality in enumerate(raw.get("quality") or []):
        where = (*at, "quality", position)
        severity = _severity(source, quality, where)
        metric = quality.get("metric")
        if quality.get("mustBe") != 0:
            raise source.error(f"column {name}: only `mustBe: 0` is read for a column rule", *where)
        arguments = quality.get("arguments") or {}
        if metric == "nullValues":
            add("required", severity, suffix="nullvalues", text=quality.get("description", ""))
        elif metric == "duplicateValues":
            add("unique", severity, suffix="duplicatevalues", text=quality.get("description", ""))
        elif metric == "invalidValues" and "validValues" in arguments:
            values = _valid_values(source, str(name), logical, arguments["validValues"], where)
            if severity == "error":
                texts_of = tuple(str(v) for v in values)
                allowed = texts_of if allowed is None else tuple(v for v in allowed if v in texts_of)
            add("validValues", severity, validValues=values, text=quality.get("description", ""))
        elif metric == "invalidValues" and "pattern" in arguments:
            if logical != "string":
                raise source.error(f"column {name}: a pattern holds for text, not for {logical}", *where)
            _check_limit(source, str(name), "pattern", arguments["pattern"], (*where, "arguments", "pattern"))
            add(
                "pattern",
                severity,
                suffix="invalidvalues_pattern",
                limit=_written_out(arguments["pattern"]),
                text=quality.get("description", ""),
            )
        else:
            raise source.error(
                f"column {name}: metric {metric!r} with arguments {sorted(arguments)} is not one that we read", *where
            )

    column = Column(
        name=str(name),
        logical_type=logical,
        required=bool(raw.get("required", False)),
        unique=bool(raw.get("unique", False)),
        key_position=int(raw.get("primaryKeyPosition", 1)) if raw.get("primaryKey") else None,
        minimum=options.get("minimum"),
        maximum=options.get("maximum"),
        exclusive_minimum=options.get("exclusiveMinimum"),
        exclusive_maximum=options.get("exclusiveMaximum"),
        min_length=options.get("minLength"),
        max_length=options.get("maxLength"),
        pattern=options.get("pattern"),
        allowed=allowed,
        code_list=str(code_list) if code_list is not None else None,
        unit=custom.get("unit"),
        concept=concept,
        title_nl=custom.get("titleNl", title_nl),
        title_en=custom.get("titleEn", title_en),
        description_nl=custom.get("descriptionNl", description_nl),
        description_en=custom.get("descriptionEn", description_en),
        provenance=bool(custom.get("provenance", False)),
    )
    return column, rules


def _check_limit(source: _Source, name: str, option: str, limit: Any, at: tuple[str | int, ...]) -> None:
    """Raises unless a limit is of the kind that its option needs, and a pattern means the same to every engine."""
    if option == "pattern":
        problem = _pattern_problem(limit)
    elif option in ("minLength", "maxLength"):
        whole = isinstance(limit, int) and not isinstance(limit, bool) and limit >= 0
        problem = None if whole else "is no number of characters"
    else:
        number = isinstance(limit, int | float) and not isinstance(limit, bool) and math.isfinite(limit)
        problem = None if number else "is no finite number"
    if problem:
        raise source.error(f"column {name}: {option} {limit!r} {problem}", *at)


def _pattern_problem(pattern: Any) -> str | None:
    if not isinstance(pattern, str):
        return "is no text"
    try:
        re.compile(pattern)
    except re.error as error:
        return f"is no regular expression: {error}"
    strange = NOT_IN_EVERY_ENGINE.search(pattern)
    return f"uses {strange.group()!r}, which not every engine reads alike" if strange else None


def _written_out(pattern: str) -> str:
    """A pattern with \\d, \\w and \\s replaced by the ASCII characters that they stand for."""
    written, in_class = [], False
    for piece in re.findall(r"\\.|.", pattern, re.DOTALL):
        if piece in ASCII_CLASSES:
            piece = ASCII_CLASSES[piece] if in_class else f"[{ASCII_CLASSES[piece]}]"
        elif piece in "[]":
            in_class = piece == "["
        written.append(piece)
    return "".join(written)


def _valid_values(
    source: _Source, name: str, logical: str, values: Any, at: tuple[str | int, ...]
) -> tuple[str | int | float, ...]:
    """`validValues` in the column's own type: YAML reads an unquoted `no` as false and 01 as a number."""
    wanted: dict[str, tuple[type, ...]] = {"string": (str,), "integer": (int,), "number": (int, float)}
    if logical not in wanted:
        raise source.error(f"column {name}: validValues holds for text and numbers, not for {logical}", *at)
    if not isinstance(values, list) or not values:
        raise source.error(f"column {name}: validValues is a list of values", *at)
    strange = [v for v in values if isinstance(v, bool) or not isinstance(v, wanted[logical])]
    if strange:
        raise source.error(f"column {name}: validValues holds {strange[0]!r}, which is no {logical}; quote it?", *at)
    return tuple(values)


def _severity(source: _Source, quality: dict[str, Any], at: tuple[str | int, ...]) -> Severity:
    severity = quality.get("severity", "error")
    if severity not in SEVERITIES:
        raise source.error(f"severity is {severity!r}, expected one of {', '.join(SEVERITIES)}", *at, "severity")
    result: Severity = severity
    return result


def _read_table_rules(
    source: _Source, items: Any, table: str, names: set[str], at: tuple[str | int, ...]
) -> list[Rule]:
    """Rules that stand on the table: row count, and our own cross-column and cross-row rules."""
    rules: list[Rule] = []
    for position, quality in enumerate(items or []):
        where = (*at, "quality", position)
        severity = _severity(source, quality, where)
        text = str(quality.get("description", ""))
        if quality.get("metric") == "rowCount":
            bounds = {
                k: quality[k]
                for k in ("mustBeGreaterOrEqualTo", "mustBeLessOrEqualTo", "mustBeBetween")
                if k in quality
            }
            if not bounds:
                raise source.error(
                    "rowCount needs mustBeGreaterOrEqualTo, mustBeLessOrEqualTo or mustBeBetween", *where
                )
            low, high = bounds.get(
                "mustBeBetween", (bounds.get("mustBeGreaterOrEqualTo"), bounds.get("mustBeLessOrEqualTo"))
            )
            arguments: dict[str, Any] = {"minimum": low, "maximum": high}
            rules.append(
                Rule(
                    f"{table}__rows__rowcount", "rowCount", (), severity, tuple(sorted(arguments.items())), False, text
                )
            )
            continue
        if quality.get("type") != "custom" or quality.get("engine") != "ketenmonitor":
            raise source.error(
                "a table rule is `metric: rowCount` or `type: custom` with `engine: ketenmonitor`", *where
            )
        implementation = dict(quality.get("implementation") or {})
        kind = implementation.pop("rule", None)
        if kind not in RULE_ARGUMENTS:
            raise source.error(
                f"rule {kind!r} is not one of {', '.join(sorted(RULE_ARGUMENTS))}",
                *where,
                "implementation",
                "rule",
            )
        needed, possible = RULE_ARGUMENTS[str(kind)]
        absent, unknown = sorted(needed - implementation.keys()), sorted(implementation.keys() - needed - possible)
        if absent:
            raise source.error(f"rule {kind} needs {', '.join(absent)}", *where, "implementation")
        if unknown:
            raise source.error(f"rule {kind} knows no {', '.join(unknown)}", *where, "implementation", unknown[0])
        for listed in ("columns", "values", "parts", "by"):
            if listed in implementation and not (isinstance(implementation[listed], list) and implementation[listed]):
                raise source.error(f"rule {kind}: {listed} is a list", *where, "implementation", listed)
        columns = implementation.get("columns") or [
            implementation[k] for k in ("column", "other", "dimension", "value") if k in implementation
        ]
        columns = [str(c) for c in columns]
        mentioned = [*columns, *map(str, implementation.get("by", ())), *map(str, implementation.get("only") or {})]
        strange = [c for c in mentioned if c not in names]
        if strange:
            raise source.error(f"rule {kind}: the table has no column {', '.join(strange)}", *where, "implementation")
        name = str(quality.get("name") or kind).lower()
        anchor = columns[0].lower() if columns else "rows"
        arguments = {k: tuple(v) if isinstance(v, list) else v for k, v in implementation.items()}
        rules.append(
            Rule(
                f"{table}__{anchor}__{name}",
                str(kind),
                tuple(columns),
                severity,
                tuple(sorted(arguments.items())),
                kind in ROW_RULES,
                text,
            )
        )
    return rules


def _check_keys(source: _Source, rules: Sequence[Rule], at: tuple[str | int, ...]) -> None:
    keys = [rule.key for rule in rules]
    duplicated = sorted({key for key in keys if keys.count(key) > 1})
    if duplicated:
        raise source.error(f"two rules share the key {', '.join(duplicated)}; give each its own `name`", *at)


def _two_languages(
    source: _Source, custom: dict[str, Any], what: str, names: tuple[str, ...], at: tuple[str | int, ...]
) -> list[str]:
    missing = [name for name in names if not custom.get(name)]
    if missing:
        raise source.error(f"{what} needs custom properties {', '.join(missing)}", *at)
    return [str(custom[name]).strip() for name in names]


def _head(source: _Source) -> None:
    for key in ("id", "version", "kind", "apiVersion", "status"):
        if not source.data.get(key):
            raise source.error(f"the contract has no `{key}`")
    if source.data["kind"] != "DataContract":
        raise source.error(f"kind is {source.data['kind']!r}, expected DataContract", "kind")
    if source.data["apiVersion"] != "v3.1.0":
        raise source.error(f"apiVersion is {source.data['apiVersion']!r}, expected v3.1.0", "apiVersion")
    _validate_against_odcs(source)


def _read_table(source: _Source, position: int, contract_id: str, top: dict[str, Any]) -> Contract:
    raw = source.data["schema"][position]
    at: tuple[str | int, ...] = ("schema", position)
    table = str(raw.get("name") or "")
    if not table:
        raise source.error("a table needs a name", *at)
    if not raw.get("properties"):
        raise source.error(f"table {table} has no columns", *at)
    custom = {**top, **_custom(raw.get("customProperties"), source, *at)}
    texts = _two_languages(
        source, custom, f"table {table}",
        ("titleNl", "titleEn", "descriptionNl", "descriptionEn", "oneRowNl", "oneRowEn"), at,
    )  # fmt: skip
    columns: list[Column] = []
    rules: list[Rule] = []
    for index, column_raw in enumerate(raw["properties"]):
        where = (*at, "properties", index)
        column, column_rules = _read_column(source, column_raw, table, where)
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
    rules.extend(_read_table_rules(source, raw.get("quality"), table, {c.name for c in columns}, at))
    _check_keys(source, rules, at)
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


def read_contract(path: Path) -> Contract:
    """Reads a contract of one table. Raises ContractError as `file:line: message`."""
    source = _Source(path)
    _head(source)
    tables = source.data.get("schema") or []
    if len(tables) != 1:
        raise source.error(f"a source or shape contract describes one table; found {len(tables)}", "schema")
    return _read_table(source, 0, str(source.data["id"]), _custom(source.data.get("customProperties"), source))


def read_product(path: Path) -> Product:
    """Reads the contract of a package. A table without columns takes them from `shapes/<shape>.odcs.yaml` and adds its
    own rules."""
    source = _Source(path)
    _head(source)
    top = _custom(source.data.get("customProperties"), source)
    texts = _two_languages(source, top, "a product", ("titleNl", "titleEn", "descriptionNl", "descriptionEn"), ())
    if not top.get("chainTable"):
        raise source.error("a product needs the custom property chainTable")
    tables: list[Contract] = []
    for position, raw in enumerate(source.data.get("schema") or []):
        at: tuple[str | int, ...] = ("schema", position)
        custom = _custom(raw.get("customProperties"), source, *at)
        if raw.get("properties"):
            tables.append(_read_table(source, position, f"{source.data['id']}.{raw.get('name')}", top))
            continue
        shape_path = path.parent / "shapes" / f"{custom.get('shape')}.odcs.yaml"
        if not shape_path.exists():
            raise source.error(f"table {raw.get('name')}: there is no shape {custom.get('shape')!r} in shapes/", *at)
        shape = read_contract(shape_path)
        added = _read_table_rules(source, raw.get("quality"), shape.table, set(shape.column_names), at)
        _check_keys(source, (*shape.rules, *added), at)
        tables.append(
            replace(
                shape,
                id=f"{source.data['id']}.{shape.table}",
                rules=shape.rules + tuple(added),
                properties=tuple({**dict(shape.properties), **top, **custom, "productDigest": _digest(path)}.items()),
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
    )


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@cache
def source_contract(name: str) -> Contract:
    """The contract of the source table `name`."""
    return read_contract(CONTRACTS / "sources" / f"{name}.odcs.yaml")


@cache
def product(name: str) -> Product:
    """The contract of the package `name`."""
    return read_product(CONTRACTS / "products" / f"{name}.odcs.yaml")


@cache
def source_names() -> tuple[str, ...]:
    """Names of all source tables that have a contract, sorted."""
    return tuple(sorted(path.name.removesuffix(".odcs.yaml") for path in (CONTRACTS / "sources").glob("*.odcs.yaml")))


@cache
def product_names() -> tuple[str, ...]:
    """Names of all packages that have a contract, sorted."""
    return tuple(sorted(path.name.removesuffix(".odcs.yaml") for path in (CONTRACTS / "products").glob("*.odcs.yaml")))

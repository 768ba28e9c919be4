"""Reads one column of a contract: its type, its texts, and the rules that stand on it.

Here: the options of each type, code lists, patterns that mean the same to every engine, the texts of concepts.
Not here: rules that stand on the table (`contract_rules.py`).
"""

from __future__ import annotations

import math
import re
from typing import Any

from contracts.contract_model import Column, Rule, Severity
from contracts.contract_rules import read_severity
from contracts.contract_source import Source, custom_properties
from contracts.vocabulary import VocabularyError, load_codelist

LOGICAL_TYPES = ("string", "integer", "number", "boolean", "date", "timestamp")
TYPE_OPTIONS = {
    "string": {"minLength", "maxLength", "pattern"},
    "integer": {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"},
    "number": {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"},
    "boolean": set(),
    "date": set(),
    "timestamp": set(),
}
# `metric` of a quality rule on a column; `invalidValues` is told apart by its argument
COLUMN_METRICS = ("nullValues", "duplicateValues", "invalidValues:validValues", "invalidValues:pattern")
# Python and RE2 (DuckDB, Arrow) must read a pattern alike: no look-around, back-reference or anchor of one of them
NOT_IN_EVERY_ENGINE = re.compile(r"\(\?(?!:)|\\[1-9AZzbBGpPkDWS]|[*+?}]\+")
# \d, \w and \s mean all of Unicode to Python and ASCII to RE2; written out they mean the same to both
ASCII_CLASSES = {"\\d": "0-9", "\\w": "0-9A-Za-z_", "\\s": " \\t\\n\\r\\f"}


def read_column(
    source: Source, raw: dict[str, Any], table: str, at: tuple[str | int, ...]
) -> tuple[Column, list[Rule]]:
    """One column and its rules, in the order in which the contract gives them."""
    name = raw.get("name")
    if not name:
        raise source.error("a column needs a name", *at)
    logical = raw.get("logicalType")
    if logical not in LOGICAL_TYPES:
        raise source.error(
            f"column {name}: logicalType is {logical!r}, expected one of {', '.join(LOGICAL_TYPES)}", *at, "logicalType"
        )
    custom = custom_properties(raw.get("customProperties"), source, *at)
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
    if ("deprecatedNl" in custom) != ("deprecatedEn" in custom):
        raise source.error(f"column {name}: deprecatedNl and deprecatedEn belong together", *at)
    if ("patternNl" in custom) != ("patternEn" in custom):
        raise source.error(f"column {name}: patternNl and patternEn belong together", *at)

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
        severity = read_severity(source, quality, where)
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
        deprecated_nl=str(custom.get("deprecatedNl", "")),
        deprecated_en=str(custom.get("deprecatedEn", "")),
        pattern_nl=str(custom.get("patternNl", "")),
        pattern_en=str(custom.get("patternEn", "")),
    )
    if column.pattern_nl and not any(rule.kind == "pattern" for rule in rules):
        raise source.error(f"column {name}: patternNl says in words a pattern that the column does not have", *at)
    return column, rules


def _concept_texts(concept: str) -> tuple[str, str, str, str] | None:
    try:
        entry = load_codelist("concept").entry(concept)
    except KeyError:
        return None
    return entry.label_nl, entry.label_en, entry.get("description_nl"), entry.get("description_en")


def _check_limit(source: Source, name: str, option: str, limit: Any, at: tuple[str | int, ...]) -> None:
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
    source: Source, name: str, logical: str, values: Any, at: tuple[str | int, ...]
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

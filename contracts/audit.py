"""Contract + table -> Verdict: which rules hold, which rows offend, what may be used.

A small table is judged row by row by Great Expectations. A large one (Parquet) is read once, in an aggregating pass
whose row of metrics Great Expectations judges; offending rows are looked up only for rules that failed. Both give the
same verdict.
Not here: where a refused row is kept, or what a run does with a refusal.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from contracts.arrow import (
    ARROW_TYPES,
    EXPECTED_TYPE,
    ColumnsDiffer,
    UnreadableCells,
    cast,
    compare_columns,
    without_infinity,
)
from contracts.contract import Contract, Rule, Severity

if TYPE_CHECKING:
    import duckdb

SMALL_TABLE_ROWS = 100_000
SAMPLE_ROWS = 5
REFUSED_ROWS = 10_000
# Above this a float64 no longer holds every whole number, and pandas makes floats of whole numbers with holes
EXACT_IN_FLOAT = 2**53

_TEXT_OPERATORS = {"minimum": "<", "maximum": ">", "exclusiveMinimum": "<=", "exclusiveMaximum": ">="}


@dataclass(frozen=True)
class Offence:
    """One row that breaks a rule: its key as `column=value` words, and what was found."""

    key: str
    found: str


@dataclass(frozen=True)
class CheckResult:
    """One rule held against one table. `failing` counts rows, or groups for a rule over groups."""

    key: str
    kind: str
    severity: Severity
    passed: bool
    failing: int
    expected: str
    sample: tuple[Offence, ...] = ()

    def message(self, table: str, column: str) -> str:
        """The failure in the reader's words: table, column, key, expected, found."""
        where = f"table {table}, column {column}" if column else f"table {table}"
        if not self.sample:
            return f"{where}: expected {self.expected}; found {self.failing} that differ"
        first = self.sample[0]
        more = f" (and {self.failing - 1} more)" if self.failing > 1 else ""
        at = f", row {first.key}" if first.key else ""
        return f"{where}{at}: expected {self.expected}, found {first.found}{more}"


@dataclass(frozen=True)
class Verdict:
    """The outcome of an audit. rows_in = rows_accepted + rows_refused + exact_duplicates, always.

    `accepted` is typed as the contract says; `refused` has the same columns as text plus `refused_by` (rule keys).
    """

    table: str
    contract_version: str
    rows_in: int
    rows_accepted: int
    rows_refused: int
    exact_duplicates: int
    checks: tuple[CheckResult, ...]
    columns_of: tuple[tuple[str, str], ...]
    usable: bool
    accepted: pa.Table | None
    refused: pa.Table | None

    def failed(self, severity: Severity) -> tuple[CheckResult, ...]:
        """Rules of one severity that do not hold."""
        return tuple(c for c in self.checks if not c.passed and c.severity == severity)

    def messages(self, severity: Severity) -> tuple[str, ...]:
        """The failures of one severity, in the reader's words."""
        names = dict(self.columns_of)
        return tuple(c.message(self.table, names.get(c.key, "")) for c in self.failed(severity))


def _quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    return "'" + str(value).replace("'", "''") + "'"


def violation(rule: Rule) -> str:
    """A rule per row as the SQL condition that is true for a row that offends; NULL offends only against `required`."""
    column = _quote(rule.columns[0])
    limit = rule.argument("limit")
    match rule.kind:
        case "required":
            return f"{column} IS NULL"
        case "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum":
            return f"coalesce({column} {_TEXT_OPERATORS[rule.kind]} {_literal(limit)}, false)"
        case "minLength":
            return f"coalesce(length({column}) < {_literal(limit)}, false)"
        case "maxLength":
            return f"coalesce(length({column}) > {_literal(limit)}, false)"
        case "pattern":
            return f"coalesce(NOT regexp_full_match({column}, {_literal(limit)}), false)"
        case "codeList" | "validValues":
            values = ", ".join(_literal(v) for v in rule.argument("validValues"))
            return f"coalesce({column} NOT IN ({values}), false)"
        case "emptyExactlyWhen":
            values = ", ".join(_literal(v) for v in rule.argument("values"))
            return f"({column} IS NULL) <> coalesce({_quote(rule.argument('other'))} IN ({values}), false)"
        case "filledWhen":
            values = ", ".join(_literal(v) for v in rule.argument("values"))
            return f"{column} IS NULL AND coalesce({_quote(rule.argument('other'))} IN ({values}), false)"
        case "someFilled":
            return " AND ".join(f"{_quote(c)} IS NULL" for c in rule.columns)
        case "notBelow":
            return f"coalesce({column} < {_quote(rule.argument('other'))}, false)"
    raise KeyError(f"rule {rule.key}: {rule.kind} is not judged by row in SQL")


def _listed(values: Sequence[Any]) -> str:
    return ", ".join(map(str, values))


def expected_words(rule: Rule) -> str:
    """What a rule expects, as a reader says it."""
    limit = rule.argument("limit")
    match rule.kind:
        case "required":
            return "a value"
        case "unique":
            return "every value once"
        case "primaryKey":
            return f"every combination of {', '.join(rule.columns)} once"
        case "minimum":
            return f"at least {limit}"
        case "maximum":
            return f"at most {limit}"
        case "exclusiveMinimum":
            return f"more than {limit}"
        case "exclusiveMaximum":
            return f"less than {limit}"
        case "minLength":
            return f"at least {limit} characters"
        case "maxLength":
            return f"at most {limit} characters"
        case "pattern":
            return f"text of the form {limit}"
        case "codeList":
            return f"a code of the list {rule.argument('codeList')}"
        case "validValues":
            return "one of " + ", ".join(map(str, rule.argument("validValues")))
        case "rowCount":
            low, high = rule.argument("minimum"), rule.argument("maximum")
            return (
                f"between {low} and {high} rows"
                if low is not None and high is not None
                else (f"at least {low} rows" if high is None else f"at most {high} rows")
            )
        case "emptyExactlyWhen":
            return f"no value exactly when {rule.argument('other')} is one of {_listed(rule.argument('values'))}"
        case "filledWhen":
            return f"a value when {rule.argument('other')} is one of {_listed(rule.argument('values'))}"
        case "someFilled":
            return f"a value, or a status that says why there is none ({', '.join(rule.columns)} are all empty)"
        case "notBelow":
            return f"at least the value of {rule.argument('other')}"
        case "partsAddUp":
            share = float(rule.argument("tolerance", 0.0)) * 100
            return f"{_listed(rule.argument('parts'))} to add up to {rule.argument('total')} within {share:g} %"
        case "keysOfPrevious":
            share = float(rule.argument("maximumLost", 0.0)) * 100
            return f"at most {share:g} % of the previous edition's keys to be gone"
    return rule.kind


def _parts_add_up(rule: Rule, source: str) -> tuple[str, str]:
    """Count of groups whose parts do not add up, and the query that lists them. Only groups with every part present
    count."""
    dimension, value = _quote(rule.argument("dimension")), _quote(rule.argument("value"))
    parts = tuple(rule.argument("parts"))
    total = _literal(rule.argument("total"))
    by = [str(c) for c in rule.argument("by")]
    groups = ", ".join(_quote(c) for c in by)
    only = rule.argument("only") or {}
    where = " AND ".join(["true"] + [f"{_quote(k)} = {_literal(v)}" for k, v in sorted(only.items())])
    listed = ", ".join(_literal(p) for p in parts)
    tolerance, absolute = (
        _literal(float(rule.argument("tolerance", 0.0))),
        _literal(float(rule.argument("absolute", 0.0))),
    )
    query = (
        f"SELECT {groups}, max({value}::DOUBLE) FILTER ({dimension} = {total}) AS whole,"
        f" sum({value}::DOUBLE) FILTER ({dimension} IN ({listed})) AS parts,"
        f" count({value}) FILTER ({dimension} IN ({listed})) AS present FROM {source} WHERE {where} GROUP BY {groups}"
    )
    differs = f"abs(parts - whole) > {tolerance} * abs(whole) + {absolute}"
    broken = f"SELECT * FROM ({query}) WHERE present = {len(parts)} AND {differs}"
    key = " || ' ' || ".join(f"'{c}=' || coalesce({_quote(c)}::VARCHAR, '')" for c in by)
    listing = (
        f"SELECT {key} AS key, format('parts {{:.12g}} against total {{:.12g}}', parts, whole) AS found"
        f" FROM ({broken}) ORDER BY key"
    )
    return f"SELECT count(*) FROM ({broken})", listing


def _key_words(contract: Contract, names: Sequence[str]) -> str:
    keys = [name for name in contract.primary_key if name in names] or list(names)[:3]
    return " || ' ' || ".join(f"{_literal(k + '=')} || coalesce({_quote(k)}::VARCHAR, '')" for k in keys)


def _connect() -> duckdb.DuckDBPyConnection:
    import duckdb

    connection = duckdb.connect(":memory:")
    connection.execute("SET enable_progress_bar = false")
    return connection


def _type_key(contract: Contract, column: str) -> str:
    return f"{contract.table}__{column.lower().replace(' ', '_')}__type"


def _columns_of(contract: Contract) -> tuple[tuple[str, str], ...]:
    pairs = [(rule.key, ", ".join(rule.columns)) for rule in contract.rules]
    pairs += [(_type_key(contract, c.name), c.name) for c in contract.columns]
    return tuple(pairs)


def _refused_whole(contract: Contract, table: pa.Table, error: ColumnsDiffer) -> Verdict:
    checks = []
    for kind, names in (("missing", error.missing), ("unknown", error.unknown)):
        for name in names:
            expected = f"the column {name}" if kind == "missing" else "only columns of the contract"
            found = f"the columns {', '.join(table.column_names)}" if kind == "missing" else f"the column {name}"
            key = f"{contract.table}__{name.lower().replace(' ', '_')}__{kind}"
            checks.append(CheckResult(key, "columns", "error", False, 1, expected, (Offence("", found),)))
    refused = table.append_column("refused_by", pa.array([checks[0].key] * table.num_rows, pa.string()))
    named = (*error.missing, *error.unknown)
    columns_of = tuple((check.key, name) for check, name in zip(checks, named, strict=True))
    return Verdict(
        contract.table, contract.version, table.num_rows, 0, table.num_rows, 0, tuple(checks), columns_of, False, None,
        refused,
    )  # fmt: skip


def _as_text(table: pa.Table) -> pa.Table:
    return pa.table({name: table.column(name).cast(pa.string()) for name in table.column_names})


def _drop_exact_duplicates(table: pa.Table) -> tuple[pa.Table, int]:
    """Rows that repeat another in every cell are one row handed in twice; the first stays."""
    if table.num_rows == 0:
        return table, 0
    # codes, not values: pandas makes floats of whole numbers with holes, and large ones would fall together
    repeated = _codes(table).duplicated(keep="first").to_numpy()
    count = int(repeated.sum())
    return (table.filter(pa.array(~repeated)), count) if count else (table, 0)


def _codes(table: pa.Table) -> pd.DataFrame:
    """Every cell as a number that stands for its value within its column; no value is a value here."""
    encoded = {}
    for position, name in enumerate(table.column_names):
        values = table.column(name).combine_chunks()
        if not pa.types.is_dictionary(values.type):
            values = values.dictionary_encode()
        codes = pc.fill_null(values.indices, -1).to_numpy(zero_copy_only=False)
        if pa.types.is_string(values.dictionary.type):
            # an empty text is no value either
            nothing = pc.index(values.dictionary, "").as_py()
            codes = np.where(codes == nothing, -1, codes) if nothing >= 0 else codes
        encoded[position] = codes
    return pd.DataFrame(encoded)


def _type_checks(contract: Contract, unreadable: list[UnreadableCells], keys: list[str]) -> list[CheckResult]:
    bad = {cells.column: cells for cells in unreadable}
    checks = []
    for column in contract.columns:
        key = _type_key(contract, column.name)
        expected = EXPECTED_TYPE[column.logical_type]
        cells = bad.get(column.name)
        sample: tuple[Offence, ...] = ()
        if cells is not None:
            sample = _first([Offence(keys[row], _word(t)) for row, t in zip(cells.rows, cells.found, strict=True)])
        checks.append(
            CheckResult(key, "type", "error", cells is None, len(cells.rows) if cells else 0, expected, sample)
        )
    return checks


def _row_keys(table: pa.Table, contract: Contract) -> list[str]:
    """The key of every row in the same words as `_key_words`, as it was handed in."""
    names = contract.primary_key
    texts = [table.column(name).cast(pa.string()).to_pylist() for name in names]
    return [
        " ".join(f"{n}={'' if v is None else v}" for n, v in zip(names, row, strict=True))
        for row in zip(*texts, strict=True)
    ]


def _first(offences: Sequence[Offence]) -> tuple[Offence, ...]:
    """The first few by key, each once: the same ones whichever way the table was read."""
    return tuple(sorted(set(offences), key=lambda o: (o.key, o.found))[:SAMPLE_ROWS])


def _frame_for_suite(typed: pa.Table, rules: Sequence[Rule], connection: duckdb.DuckDBPyConnection) -> Any:
    """The columns that the rules need, as int64, float64 or str, with helper columns and the row number."""
    from contracts.expectations import ROW_NUMBER

    needed = list(dict.fromkeys(c for rule in rules if _native(rule) for c in rule.columns))
    frame = typed.select(needed).to_pandas() if needed else typed.select([]).to_pandas()
    for name in needed:
        if str(frame[name].dtype) not in ("int64", "float64", "str"):
            frame[name] = typed.column(name).cast(pa.string()).to_pandas().astype("str")
    helpers = [rule for rule in rules if not _native(rule)]
    for rule in rules:
        if _native(rule) and any(_loses_digits(typed.column(name)) for name in rule.columns):
            if rule.kind in ("unique", "primaryKey"):
                own = typed.select(list(rule.columns))
                filled = ~pd.DataFrame({c: own.column(c).is_null().to_numpy() for c in rule.columns}).any(axis=1)
                frame[rule.key] = (_codes(own).duplicated(keep=False) & filled).astype("int64").to_numpy()
            else:
                helpers.append(rule)
    if helpers:
        connection.register("audited", typed)
        columns = ", ".join(f"CAST({violation(rule)} AS BIGINT) AS {_quote(rule.key)}" for rule in helpers)
        marks = connection.sql(f"SELECT {columns} FROM audited").to_arrow_table()
        for rule in helpers:
            frame[rule.key] = marks.column(rule.key).to_numpy()
    frame[ROW_NUMBER] = range(typed.num_rows)
    return frame


def _loses_digits(values: pa.ChunkedArray) -> bool:
    """Whether pandas would make floats of whole numbers that a float cannot hold."""
    if not pa.types.is_integer(values.type) or not values.null_count or values.null_count == len(values):
        return False
    both = pc.min_max(values).as_py()
    return bool(max(abs(both["min"]), abs(both["max"])) > EXACT_IN_FLOAT)


def _native(rule: Rule) -> bool:
    return rule.kind in {
        "required", "unique", "primaryKey", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum",
        "minLength", "maxLength", "pattern", "codeList", "validValues",
    }  # fmt: skip


def _word(value: Any) -> str:
    """A cell in a message: text in quotes and on one line, so that a space or a line break shows."""
    if value is None or value == "":
        return "nothing"
    if isinstance(value, str):
        return "'" + value.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t") + "'"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _found_words(rule: Rule, values: Sequence[Any]) -> str:
    if rule.kind in ("primaryKey", "unique"):
        return "more than one row with it"
    if len(values) == 1:
        return _word(values[0])
    return ", ".join(f"{name} {_word(value)}" for name, value in zip(rule.columns, values, strict=True))


def _row_sample(table: pa.Table, rule: Rule, rows: Sequence[int], keys: Sequence[str]) -> tuple[Offence, ...]:
    # only the rows that sort first are put into words
    first = sorted(rows, key=lambda row: keys[row])[: SAMPLE_ROWS * 20]
    cells = table.select(list(rule.columns)).take(pa.array(first, pa.int64()))
    values = zip(*(cells.column(name).to_pylist() for name in rule.columns), strict=True)
    return _first(
        [Offence(keys[row], _found_words(rule, row_values)) for row, row_values in zip(first, values, strict=True)]
    )


def audit(table: pa.Table, contract: Contract, *, previous: pa.Table | None = None) -> Verdict:
    """Holds a small table against its contract, row by row, by Great Expectations.

    `table` has the contract's columns, in any order, as text or typed; `previous` is the edition that stands (typed),
    for rules against it. Never raises on bad data: the verdict says what is wrong.
    """
    from contracts.expectations import judge_rows

    try:
        compare_columns(table.column_names, contract)
    except ColumnsDiffer as error:
        return _refused_whole(contract, table, error)
    rows_in = table.num_rows
    table, exact_duplicates = _drop_exact_duplicates(table.select(list(contract.column_names)))
    typed, unreadable = cast(table, contract)
    typed, endless = without_infinity(typed, contract)
    unreadable += endless  # text is checked by the cast, typed columns here: never both for one column
    connection = _connect()
    try:
        row_rules = [rule for rule in contract.rules if rule.per_row]
        findings = judge_rows(_frame_for_suite(typed, row_rules, connection), row_rules) if typed.num_rows else {}
        keys = _row_keys(table, contract) if unreadable or any(not f.passed for f in findings.values()) else []
        checks = _type_checks(contract, unreadable, keys)
        refused_by: dict[int, list[str]] = {}
        for cells in unreadable:
            for row in cells.rows:
                refused_by.setdefault(row, []).append(_type_key(contract, cells.column))
        unreadable_at = {(cells.column, row) for cells in unreadable for row in cells.rows}
        for rule in row_rules:
            finding = findings.get(rule.key)
            rows = finding.rows if finding else ()
            # a cell that cannot be read is empty after the cast: the type rule has already said so
            rows = tuple(row for row in rows if not any((name, row) in unreadable_at for name in rule.columns))
            sample = _row_sample(table, rule, rows, keys) if rows else ()
            checks.append(
                CheckResult(rule.key, rule.kind, rule.severity, not rows, len(rows), expected_words(rule), sample)
            )
            if rule.severity == "error":
                for row in rows:
                    refused_by.setdefault(row, []).append(rule.key)
        connection.register("audited", typed)
        checks += _table_checks(contract, connection, typed.num_rows, previous)
    finally:
        connection.close()
    return _verdict(contract, rows_in, exact_duplicates, typed, table, checks, refused_by)


def _verdict(
    contract: Contract,
    rows_in: int,
    exact_duplicates: int,
    typed: pa.Table,
    raw: pa.Table,
    checks: list[CheckResult],
    refused_by: dict[int, list[str]],
) -> Verdict:
    rows = sorted(refused_by)
    refused: pa.Table | None = None
    accepted = typed
    if rows:
        keep = pc.invert(pc.is_in(pa.array(range(typed.num_rows)), value_set=pa.array(rows)))
        accepted = typed.filter(keep)
        refused = _as_text(raw.take(pa.array(rows)))
        refused = refused.append_column(
            "refused_by", pa.array([" ".join(refused_by[row]) for row in rows], pa.string())
        )
    usable = _is_usable(contract, checks, len(rows), typed.num_rows)
    return Verdict(
        contract.table, contract.version, rows_in, typed.num_rows - len(rows), len(rows), exact_duplicates,
        tuple(checks), _columns_of(contract), usable, accepted if usable else None, refused,
    )  # fmt: skip


def _is_usable(contract: Contract, checks: Sequence[CheckResult], refused: int, rows: int) -> bool:
    """Whether the rows that were not refused may be used: no rule over the whole table stops it, and few enough are
    refused."""
    whole = {rule.key for rule in contract.rules if not rule.per_row and rule.severity == "error"}
    stopped = any(not check.passed and check.key in whole for check in checks)
    return not stopped and (refused / rows if rows else 0.0) <= contract.quarantine_threshold


def _table_checks(
    contract: Contract, connection: duckdb.DuckDBPyConnection, rows: int, previous: pa.Table | None
) -> list[CheckResult]:
    """Rules over groups of rows or the whole table: DuckDB counts, Great Expectations judges the counts."""
    from contracts.expectations import judge_metrics

    rules = [rule for rule in contract.rules if not rule.per_row]
    metrics: dict[str, float] = {}
    bounds: dict[str, tuple[float | None, float | None]] = {}
    listings: dict[str, str] = {}
    for rule in rules:
        if rule.kind == "rowCount":
            metrics[rule.key] = rows
            bounds[rule.key] = (rule.argument("minimum"), rule.argument("maximum"))
        elif rule.kind == "partsAddUp":
            count, listings[rule.key] = _parts_add_up(rule, "audited")
            metrics[rule.key] = _one_number(connection, count)
            bounds[rule.key] = (0, 0)
        elif rule.kind == "keysOfPrevious" and _comparable(previous, contract):
            assert previous is not None  # noqa: S101 - _comparable says so
            connection.register("standing", previous)
            on = " AND ".join(f"a.{_quote(k)} = s.{_quote(k)}" for k in contract.primary_key)
            lost = f"FROM standing s WHERE NOT EXISTS (SELECT 1 FROM audited a WHERE {on})"
            metrics[rule.key] = _one_number(connection, f"SELECT count(*) {lost}")
            bounds[rule.key] = (0, float(rule.argument("maximumLost", 0.0)) * previous.num_rows)
            listings[rule.key] = (
                f"SELECT {_key_words(contract, contract.column_names)} AS key, 'it is gone' AS found {lost}"
                " ORDER BY key"
            )
    severities = {rule.key: rule.severity for rule in rules}
    judged = judge_metrics(metrics, bounds, severities)
    checks = []
    for rule in rules:
        passed = judged.get(rule.key, True)
        sample: tuple[Offence, ...] = ()
        if not passed and rule.key in listings:
            sample = tuple(
                Offence(k, f) for k, f in connection.execute(f"{listings[rule.key]} LIMIT {SAMPLE_ROWS}").fetchall()
            )
        elif not passed:
            sample = (Offence("", f"{int(metrics[rule.key])} rows"),)
        failing = 0 if passed else (1 if rule.kind == "rowCount" else int(metrics[rule.key]))
        checks.append(CheckResult(rule.key, rule.kind, rule.severity, passed, failing, expected_words(rule), sample))
    return checks


def _comparable(previous: pa.Table | None, contract: Contract) -> bool:
    """Whether an edition stands whose rows have this contract's key: one from before a change of key has not."""
    return (
        previous is not None
        and previous.num_rows > 0
        and all(
            name in previous.column_names
            and previous.schema.field(name).type == ARROW_TYPES[contract.column(name).logical_type]
            for name in contract.primary_key
        )
    )


def _one_number(connection: duckdb.DuckDBPyConnection, query: str) -> float:
    rows = connection.execute(query).fetchall()  # to the end: DuckDB 2.0 does nothing else while a result is unfinished
    return float(rows[0][0]) if rows and rows[0][0] is not None else 0.0


def audit_any(table: pa.Table, contract: Contract, *, previous: pa.Table | None = None) -> Verdict:
    """Holds a table of any size against its contract: a small one row by row, a large one in one pass over Parquet.

    A large table with something wrong is held row by row after all, so that its good rows are at hand.
    """
    if table.num_rows <= SMALL_TABLE_ROWS or set(table.column_names) != set(contract.column_names):
        return audit(table, contract, previous=previous)
    typed, unreadable = cast(table, contract)
    if not unreadable:
        import pyarrow.parquet as pq

        with TemporaryDirectory() as folder:
            path = Path(folder) / "table.parquet"
            pq.write_table(typed, path, compression="none", store_schema=False)
            verdict = audit_parquet(path, contract, previous=previous)
        if verdict.usable and verdict.rows_refused == verdict.exact_duplicates == 0:
            return replace(verdict, accepted=typed)
    return audit(table, contract, previous=previous)


def audit_parquet(path: Path, contract: Contract, *, previous: pa.Table | None = None, threads: int = 2) -> Verdict:
    """Holds a large Parquet file against its contract: one pass counts the rows that offend (`parquet_pass.py`), Great
    Expectations judges the counts, and DuckDB looks up rows only for rules that failed.

    Types come from the Parquet schema and must be the contract's. The verdict is the one of `audit`, but `accepted` is
    None: a usable file without refused rows or exact duplicates is used as it lies. At most 10,000 refused rows are
    returned; the counts are exact.
    """
    import pyarrow.parquet as pq

    schema, rows_in = pq.read_schema(path), pq.read_metadata(path).num_rows
    try:
        compare_columns(schema.names, contract)
    except ColumnsDiffer as error:
        return replace(_refused_whole(contract, schema.empty_table(), error), rows_in=rows_in, rows_refused=rows_in)
    wrong = _wrong_types(schema, contract)
    if wrong:
        return Verdict(
            contract.table, contract.version, rows_in, 0, rows_in, 0, wrong, _columns_of(contract), False, None, None
        )
    connection = _connect()
    try:
        connection.execute(f"SET threads = {threads}")
        connection.execute(
            f"CREATE VIEW held AS SELECT {_held_columns(contract)} FROM read_parquet({_literal(str(path))})"
        )
        counts = _count_offending(connection, "held", contract, *_cheap_counts(connection, path, contract))
        relation, exact_duplicates = _without_exact_duplicates(connection, contract, counts)
        if exact_duplicates:
            counts = _count_offending(connection, relation, contract, {}, set())
        held_rows = rows_in - exact_duplicates
        checks = _judged_checks(connection, relation, contract, counts)
        refused_count, refused = _refused_rows(connection, relation, contract, checks)
        if any(not rule.per_row and rule.kind != "rowCount" for rule in contract.rules):
            connection.execute(f"CREATE VIEW audited AS SELECT * FROM {relation}")
        checks += _table_checks(contract, connection, held_rows, previous)
    finally:
        connection.close()
    usable = _is_usable(contract, checks, refused_count, held_rows)
    return Verdict(
        contract.table, contract.version, rows_in, held_rows - refused_count, refused_count, exact_duplicates,
        tuple(checks), _columns_of(contract), usable, None, refused,
    )  # fmt: skip


def _wrong_types(schema: pa.Schema, contract: Contract) -> tuple[CheckResult, ...]:
    """A failed check for every column whose Parquet type is not the contract's."""
    wrong = []
    for column in contract.columns:
        actual = schema.field(column.name).type
        if pa.types.is_dictionary(actual):
            actual = actual.value_type
        if actual != ARROW_TYPES[column.logical_type]:
            found = (Offence("", f"the Parquet type {actual}"),)
            expected = EXPECTED_TYPE[column.logical_type]
            wrong.append(CheckResult(_type_key(contract, column.name), "type", "error", False, 1, expected, found))
    return tuple(wrong)


def _raw(name: str) -> str:
    """The number as it lies in the file, beside the same column without NaN and infinity."""
    return _quote(f"__raw_{name}")


def _held_columns(contract: Contract) -> str:
    """The columns as rules see them: an empty text is no value, and neither is NaN or infinity."""
    parts = []
    for column in contract.columns:
        name = _quote(column.name)
        match column.logical_type:
            case "string":
                parts.append(f"nullif({name}, '') AS {name}")
            case "number":
                parts.append(f"CASE WHEN isfinite({name}) THEN {name} END AS {name}, {name} AS {_raw(column.name)}")
            case _:
                parts.append(name)
    return ", ".join(parts)


def _unreadable(name: str) -> str:
    return f"coalesce(NOT isfinite({_raw(name)}), false)"


def _offends(rule: Rule, contract: Contract, relation: str) -> str:
    """The SQL condition of a rule per row, keys included. A cell that cannot be read offends by its type alone."""
    if rule.kind in ("primaryKey", "unique"):
        columns = ", ".join(_quote(c) for c in rule.columns)
        filled = " AND ".join(f"{_quote(c)} IS NOT NULL" for c in rule.columns)
        repeated = f"SELECT {columns} FROM {relation} WHERE {filled} GROUP BY ALL HAVING count(*) > 1"
        return f"coalesce(({columns}) IN ({repeated}), false)"
    numbers = [c for c in rule.columns if contract.column(c).logical_type == "number"]
    return " AND ".join([f"({violation(rule)})", *(f"NOT {_unreadable(c)}" for c in numbers)])


def _cheap_counts(
    connection: duckdb.DuckDBPyConnection, path: Path, contract: Contract
) -> tuple[dict[str, int], set[str]]:
    from contracts.parquet_pass import offending_rows

    def judge(witnesses: pa.Table, rules: Sequence[Rule]) -> dict[str, int]:
        if not rules:
            return {}
        connection.register("witnesses", witnesses.rename_columns([rules[0].columns[0], "__rows"]))
        parts = ", ".join(
            f"coalesce(sum(__rows) FILTER (WHERE {violation(rule)}), 0) AS {_quote(rule.key)}" for rule in rules
        )
        return _one_row(connection, f"SELECT {parts} FROM witnesses")

    return offending_rows(path, contract, judge)


def _count_offending(
    connection: duckdb.DuckDBPyConnection,
    relation: str,
    contract: Contract,
    known: dict[str, int],
    finite: set[str],
) -> dict[str, int]:
    """Rows that offend, per rule per row and per type of a number column: what is known, and the rest in one pass of
    DuckDB."""
    counts = dict(known) | {_type_key(contract, name): 0 for name in finite}
    conditions = {
        _type_key(contract, c.name): _unreadable(c.name) for c in contract.columns if c.logical_type == "number"
    }
    conditions |= {rule.key: _offends(rule, contract, relation) for rule in contract.rules if rule.per_row}
    asked = {key: condition for key, condition in conditions.items() if key not in counts}
    if asked:
        # a subquery in a condition is resolved once a query, but not inside FILTER: a plain sum of marks is
        parts = ", ".join(f"coalesce(sum(({c})::INTEGER), 0) AS {_quote(k)}" for k, c in asked.items())
        counts |= _one_row(connection, f"SELECT {parts} FROM {relation}")
    return counts


def _one_row(connection: duckdb.DuckDBPyConnection, query: str) -> dict[str, int]:
    result = connection.execute(query)
    names = [item[0] for item in result.description or ()]
    rows = result.fetchall()  # to the end: DuckDB 2.0 does nothing else while a result is unfinished
    return {name: int(value) for name, value in zip(names, rows[0], strict=True)}


def _without_exact_duplicates(
    connection: duckdb.DuckDBPyConnection, contract: Contract, counts: dict[str, int]
) -> tuple[str, int]:
    """The relation in which every row stands once, and how many were dropped. A row can only repeat another where its
    key is repeated or has a hole, so a table with a sound key costs nothing."""
    key = contract.primary_key
    by_key = next(rule for rule in contract.rules if rule.kind == "primaryKey")
    holes = [rule for rule in contract.rules if rule.kind == "required" and rule.columns[0] in key]
    if not any(counts[rule.key] for rule in (by_key, *holes)):
        return "held", 0
    suspect = " OR ".join([_offends(by_key, contract, "held"), *(f"{_quote(name)} IS NULL" for name in key)])
    connection.execute(f"CREATE TEMP TABLE once AS SELECT DISTINCT * FROM held WHERE {suspect}")
    repeated = _one_number(
        connection, f"SELECT (SELECT count(*) FROM held WHERE {suspect}) - (SELECT count(*) FROM once)"
    )
    if not repeated:
        return "held", 0
    connection.execute(
        f"CREATE VIEW each_once AS SELECT * FROM held WHERE NOT ({suspect}) UNION ALL SELECT * FROM once"
    )
    return "each_once", int(repeated)


def _judged_checks(
    connection: duckdb.DuckDBPyConnection, relation: str, contract: Contract, counts: dict[str, int]
) -> list[CheckResult]:
    """Types first, then the rules per row in the contract's order, judged by Great Expectations on their counts."""
    from contracts.expectations import judge_metrics

    rules = [rule for rule in contract.rules if rule.per_row]
    severities: dict[str, str] = dict.fromkeys(counts, "error") | {rule.key: rule.severity for rule in rules}
    judged = judge_metrics(counts, dict.fromkeys(counts, (0, 0)), severities)
    checks = []
    for column in contract.columns:
        key = _type_key(contract, column.name)
        expected = EXPECTED_TYPE[column.logical_type]
        passed = judged.get(key, True)
        sample: tuple[Offence, ...] = ()
        if not passed:
            shown = f"{_raw(column.name)}::VARCHAR"
            sample = _sample(connection, relation, contract, [shown], _unreadable(column.name), lambda v: _word(v[0]))
        checks.append(CheckResult(key, "type", "error", passed, counts.get(key, 0), expected, sample))
    for rule in rules:
        sample = ()
        if not judged[rule.key]:
            shown_columns = [_quote(c) for c in rule.columns]
            condition = _offends(rule, contract, relation)
            sample = _sample(connection, relation, contract, shown_columns, condition, partial(_found_words, rule))
        checks.append(
            CheckResult(
                rule.key, rule.kind, rule.severity, judged[rule.key], counts[rule.key], expected_words(rule), sample
            )
        )
    return checks


def _sample(
    connection: duckdb.DuckDBPyConnection,
    relation: str,
    contract: Contract,
    shown: Sequence[str],
    condition: str,
    words: Callable[[Sequence[Any]], str],
) -> tuple[Offence, ...]:
    """The first offending rows by key; `words` says of the values of `shown` what was found."""
    key = _key_words(contract, contract.column_names)
    query = f"SELECT DISTINCT {key} AS key, {', '.join(shown)} FROM {relation} WHERE {condition}"
    rows = connection.execute(f"{query} ORDER BY ALL LIMIT {SAMPLE_ROWS * 4}").fetchall()
    return _first([Offence(row[0], words(row[1:])) for row in rows])


def _refused_rows(
    connection: duckdb.DuckDBPyConnection, relation: str, contract: Contract, checks: Sequence[CheckResult]
) -> tuple[int, pa.Table | None]:
    """How many rows are refused, and the first 10,000 as text with the keys of the rules that refused them."""
    failed = {check.key for check in checks if not check.passed and check.severity == "error"}
    if not failed:
        return 0, None
    conditions = {_type_key(contract, c.name): _unreadable(c.name) for c in contract.columns}
    conditions |= {rule.key: _offends(rule, contract, relation) for rule in contract.rules if rule.per_row}
    held = {key: condition for key, condition in conditions.items() if key in failed}
    any_of = " OR ".join(f"({condition})" for condition in held.values())
    named = " || ".join(f"CASE WHEN {c} THEN {_literal(key + ' ')} ELSE '' END" for key, c in held.items())
    shown = ", ".join(
        f"{_raw(c.name)} AS {_quote(c.name)}" if c.logical_type == "number" else _quote(c.name)
        for c in contract.columns
    )
    count = int(_one_number(connection, f"SELECT count(*) FROM {relation} WHERE {any_of}"))
    query = f"SELECT {shown}, trim({named}) AS refused_by FROM {relation} WHERE {any_of} LIMIT {REFUSED_ROWS}"
    return count, _as_text(connection.sql(query).to_arrow_table())

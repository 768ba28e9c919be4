"""What is known of delivered rows only by looking at all of them: repeats, keys that stand twice, the period before.

Here: each is found by hashes of the key first, so that only suspected rows are held against each other; DuckDB keeps
what it finds by row number, and may put it on disk.
Not here: the rules of a row by itself (`row_audit_sql.py`).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from contracts.arrow import ARROW_TYPES
from contracts.contract_model import Contract
from contracts.contract_rules import PREVIOUS_RULES
from contracts.delivery_contract import PERIOD
from contracts.row_audit_sql import (
    BROKEN,
    KEYED,
    ROW_NUMBER,
    ROWS_NAMED,
    WHOLE,
    Beside,
    Mark,
    broken_cell,
    marks,
    typed_rows,
)
from contracts.rule_sql import before, differs, literal, one_number, quote

if TYPE_CHECKING:
    import duckdb

# Row numbers looked up at a time
CHUNK = 1 << 20

Hashes = npt.NDArray[np.uint64]
Mask = npt.NDArray[np.bool_]


def know_broken(connection: duckdb.DuckDBPyConnection, contract: Contract, broken: Path | None) -> Beside:
    """Makes `broken` (a row a cell) and `broken_rows` (a row a row) of the cells that could not be read."""
    if broken is None:
        return Beside()
    connection.execute(
        f"CREATE TABLE broken AS SELECT * FROM read_parquet({literal(str(broken))}) ORDER BY {ROW_NUMBER}"
    )
    named = {str(row[0]) for row in connection.execute('SELECT DISTINCT "column" FROM broken').fetchall()}
    columns = tuple(name for name in contract.column_names if name in named)
    listed = ", ".join(map(literal, columns)) or "NULL"
    flags = [f'bool_or(coalesce("column" NOT IN ({listed}), true)) AS {WHOLE}']
    flags += [f'bool_or("column" = {literal(name)}) AS {quote(broken_cell(name))}' for name in columns]
    connection.execute(
        f"CREATE TABLE broken_rows AS SELECT {ROW_NUMBER}, true AS {BROKEN}, {', '.join(flags)}"
        f" FROM broken GROUP BY {ROW_NUMBER} ORDER BY {ROW_NUMBER}"
    )
    return Beside(broken_columns=columns, broken=True)


def view_rows(connection: duckdb.DuckDBPyConnection, contract: Contract, rows: Path, beside: Beside) -> None:
    """Makes the views `handed` (the rows as text, with what was broken beside them) and `held` (in their types)."""
    relation = f"read_parquet({literal(str(rows))})"
    if beside.broken:
        flags = [BROKEN, WHOLE, *(quote(broken_cell(name)) for name in beside.broken_columns)]
        known = ", ".join(f"coalesce(b.{flag}, false) AS {flag}" for flag in flags)
        relation = f"(SELECT r.*, {known} FROM {relation} r LEFT JOIN broken_rows b USING ({ROW_NUMBER}))"
    connection.execute(f"CREATE VIEW handed AS SELECT * FROM {relation}")
    carried = [BROKEN, WHOLE] if beside.broken else []
    connection.execute(f"CREATE VIEW held AS {typed_rows(contract, 'handed', beside, carried)}")


def find_repeats(connection: duckdb.DuckDBPyConnection, contract: Contract, beside: Beside) -> tuple[Mark, ...]:
    """Makes `repeats` (row_number, repeats: the first row with the same cells) and, for every key of which some rows
    share it with other cells, `<mark.keyed>` (row_number, found). Returns the marks of those keys.

    A row can only repeat another where its key is repeated or has a hole; a row with a broken cell repeats none,
    because nobody knows what was handed in.
    """
    keyed = [mark for mark in marks(contract) if mark.rule is not None and mark.rule.kind in KEYED]
    hashed = ", ".join(
        f"CASE WHEN {_filled(mark)} THEN hash({', '.join(map(quote, mark.columns))}) END AS {mark.keyed}"
        for mark in keyed
    )
    whole = f" WHERE NOT {WHOLE}" if beside.broken else ""
    table = connection.sql(f"SELECT {ROW_NUMBER}, {hashed} FROM held{whole}").to_arrow_table()
    suspected = {mark: _repeated(table.column(mark.keyed)) for mark in keyed}
    of_key = next(mark for mark in keyed if mark.rule is not None and mark.rule.kind == "primaryKey")
    numbers = table.column(ROW_NUMBER)
    holes = table.column(of_key.keyed).is_null().to_numpy()
    _find_exact(connection, contract, beside, numbers.filter(pa.array(suspected[of_key] | holes)))
    return tuple(mark for mark in keyed if _find_shared(connection, mark, numbers.filter(pa.array(suspected[mark]))))


def _filled(mark: Mark) -> str:
    return " AND ".join(f"{quote(name)} IS NOT NULL" for name in mark.columns)


def _repeated(hashes: pa.ChunkedArray) -> Mask:
    """Where a hash stands that stands elsewhere too."""
    values: Hashes = pc.fill_null(hashes, 0).to_numpy()
    filled = hashes.is_valid().to_numpy()
    ordered = np.sort(values[filled])
    twice = ordered[1:][ordered[1:] == ordered[:-1]]
    found = np.zeros(len(values), bool)
    if len(twice):
        for start in range(0, len(values), CHUNK):
            part = values[start : start + CHUNK]
            places = np.searchsorted(twice, part).clip(max=len(twice) - 1)
            found[start : start + CHUNK] = twice[places] == part
    held: Mask = found & filled
    return held


def _find_exact(
    connection: duckdb.DuckDBPyConnection, contract: Contract, beside: Beside, suspected: pa.ChunkedArray
) -> None:
    # the length before each cell: 'a' beside 'bc' is not 'ab' beside 'c'; sha256, as the archive tells files apart
    cells = " || ".join(
        f"coalesce(length({quote(name)})::VARCHAR || ':' || nullif({quote(name)}, ''), '-')"
        for name in contract.column_names
    )
    connection.register("suspected", pa.table({ROW_NUMBER: suspected}))
    readable = f" AND NOT {BROKEN}" if beside.broken else ""
    connection.execute(
        f"CREATE TABLE digests AS SELECT {ROW_NUMBER}, unhex(sha256({cells})) AS digest FROM handed"
        f" WHERE {ROW_NUMBER} IN (SELECT {ROW_NUMBER} FROM suspected){readable}"
    )
    connection.execute(
        f"CREATE TABLE repeats AS SELECT {ROW_NUMBER}, first AS repeats FROM digests JOIN"
        f" (SELECT digest, min({ROW_NUMBER}) AS first FROM digests GROUP BY digest HAVING count(*) > 1) USING (digest)"
        f" WHERE {ROW_NUMBER} <> first ORDER BY {ROW_NUMBER}"
    )
    connection.execute("DROP TABLE digests")
    connection.unregister("suspected")


def _find_shared(connection: duckdb.DuckDBPyConnection, mark: Mark, suspected: pa.ChunkedArray) -> bool:
    """Makes the table of one key: the rows that share theirs, and in words the key and the first rows that have it."""
    if not len(suspected):
        return False
    names = ", ".join(map(quote, mark.columns))
    words = " || ' ' || ".join(
        f"{literal(name + '=') if len(mark.columns) > 1 else literal('')} || {quote(name)}::VARCHAR"
        for name in mark.columns
    )
    first = "array_to_string(list_transform(__first, lambda n: '#' || n), ', ')"
    listed = f"{first} || CASE WHEN __rows > {ROWS_NAMED} THEN ', …' ELSE '' END"
    connection.register("suspected", pa.table({ROW_NUMBER: suspected}))
    connection.execute(
        f"CREATE TABLE {mark.keyed} AS"
        f" WITH alone AS (SELECT {ROW_NUMBER}, {names} FROM held"
        f"  WHERE {ROW_NUMBER} IN (SELECT {ROW_NUMBER} FROM suspected) AND {_filled(mark)}"
        f"  AND NOT EXISTS (FROM repeats r WHERE r.{ROW_NUMBER} = held.{ROW_NUMBER})),"
        f" shared AS (SELECT {names}, count(*) AS __rows, min({ROW_NUMBER}, {ROWS_NAMED}) AS __first FROM alone"
        f"  GROUP BY {names} HAVING count(*) > 1)"
        f" SELECT {ROW_NUMBER}, {words} || ' (' || {listed} || ')' AS {mark.keyed} FROM alone JOIN shared"
        f" USING ({names}) ORDER BY {ROW_NUMBER}"
    )
    connection.unregister("suspected")
    return one_number(connection, f"SELECT count(*) FROM {mark.keyed}") > 0


def find_earlier(connection: duckdb.DuckDBPyConnection, contract: Contract, previous: Path | None) -> tuple[str, ...]:
    """Makes `earlier`: the values of the period before, beside the numbers of the rows that offend against a rule that
    compares with them. Returns the columns that could be compared.

    Rows belong together by the key without the period; of a file with several periods the last one counts. A file from
    before a change of key, or without a column, is not compared by it.
    """
    rules = [rule for rule in contract.rules if rule.kind in PREVIOUS_RULES]
    if previous is None or not rules:
        return ()
    schema = pq.read_schema(previous)
    key = [name for name in contract.primary_key if name != PERIOD]
    alike = {c.name for c in contract.columns if _is_like(schema, c.name, ARROW_TYPES[c.logical_type])}
    compared = tuple(dict.fromkeys(name for rule in rules for name in rule.columns if name in alike))
    if not compared or not alike.issuperset(key):
        return ()
    earlier = f"read_parquet({literal(str(previous))})"
    last = f" WHERE {PERIOD} = (SELECT max({PERIOD}) FROM {earlier})" if PERIOD in alike else ""
    values = ", ".join(f"{quote(name)} AS {quote(before(name))}" for name in compared)
    differing = " OR ".join(
        differs(rule, quote(name), quote(before(name))) for rule in rules for name in rule.columns if name in compared
    )
    connection.execute(
        f"CREATE TABLE earlier AS SELECT {ROW_NUMBER}, {', '.join(quote(before(name)) for name in compared)}"
        f" FROM held JOIN (SELECT {', '.join([*map(quote, key), values])} FROM {earlier}{last})"
        f" USING ({', '.join(map(quote, key))}) WHERE {differing} ORDER BY {ROW_NUMBER}"
    )
    return compared


def _is_like(schema: pa.Schema, name: str, kind: pa.DataType) -> bool:
    return name in schema.names and schema.field(name).type == kind

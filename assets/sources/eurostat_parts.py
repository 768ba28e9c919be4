"""A table of Eurostat that came in parts, because the whole was too large: what was asked, and the parts joined again.

A bundle of such a table holds `query.json` (which codes of which dimensions each part was asked for) and the parts as
they came. The parts are counted and held against what was asked: no code of another part, no column more or less.
Not here: dividing the question (`eurostat_service.py`), and the form of one part (`eurostat.py`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from assets.sources.bundle import BundleError, bundle, parts_of
from contracts.contract import Contract

QUERY = "query.json"


class PartsDiffer(ValueError):
    """Parts that do not fit together: the message says which part, what was expected and what was found."""


@dataclass(frozen=True)
class Part:
    """One part: the codes it was asked for by dimension, and the body; None where the service has nothing there."""

    codes: Mapping[str, Sequence[str]]
    body: bytes | None


def bundled(parts: Sequence[Part]) -> bytes:
    """The parts and what was asked as one body. At least one part holds something."""
    asked, entries = [], []
    for number, part in enumerate(parts, start=1):
        name = f"part-{number:03d}" if part.body is not None else None
        asked.append({"part": name, "codes": {dimension: list(codes) for dimension, codes in part.codes.items()}})
        if name is not None and part.body is not None:
            entries.append((name, part.body))
    query = json.dumps({"asked": asked}, ensure_ascii=False, indent=1).encode() + b"\n"
    return bundle([(QUERY, query), *entries])


def joined_parts(body: bytes, contract: Contract, parse: Callable[[bytes, Contract], pa.Table]) -> pa.Table | None:
    """The parts of a bundle, each read by `parse`, as one table; None where the body is no bundle.

    Raises PartsDiffer where a part is missing, has other columns, or holds a code that it was not asked for.
    """
    try:
        entries = parts_of(body)
        if entries is None:
            return None
        asked = json.loads(dict(entries)[QUERY])["asked"]
        questions = [(str(each["part"]), each["codes"]) for each in asked if each["part"] is not None]
    except BundleError as error:
        raise PartsDiffer(f"expected the parts of a table, found that {error}") from error
    except (KeyError, TypeError, ValueError) as error:
        raise PartsDiffer(f"expected {QUERY} with what was asked, found none that can be read ({error})") from error
    found = {name: content for name, content in entries if name != QUERY}
    if [name for name, _ in questions] != list(found) or not found:
        raise PartsDiffer(f"expected the parts {_few(name for name, _ in questions)}, found {_few(found)}")
    tables: list[pa.Table] = []
    for name, codes in questions:
        table = parse(found[name], contract)
        if tables and table.column_names != tables[0].column_names:
            raise PartsDiffer(
                f"expected the columns of the first part in {name}, found {', '.join(table.column_names)}"
            )
        _hold_to_question(table, name, codes)
        tables.append(table)
    return pa.concat_tables(tables)


def _hold_to_question(table: pa.Table, name: str, codes: Mapping[str, Sequence[str]]) -> None:
    for dimension, allowed in codes.items():
        if dimension not in table.column_names:
            continue  # the contract speaks about a column that is missing
        strange = set(pc.unique(table[dimension]).to_pylist()) - set(allowed)
        if strange:
            raise PartsDiffer(
                f"expected in {name} only the codes of {dimension} that it was asked for, found {_few(sorted(strange))}"
            )


def _few(names: Iterable[str]) -> str:
    listed = list(names)
    return ", ".join(listed[:5]) + (f" and {len(listed) - 5} more" if len(listed) > 5 else "") or "none"

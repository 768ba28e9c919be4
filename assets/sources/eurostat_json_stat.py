"""Eurostat's statistics API: the parser of its JSON-stat 2.0 answer, to the columns of SDMX-CSV 1.0.

Here: the form. Not here: the address of a table (`eurostat.py`), or rules on what the cells may hold (the contract).
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa

from assets.sources.eurostat import SourceUnreadable, format_of, parse_sdmx_csv
from assets.sources.eurostat_parts import PartsDiffer, joined_parts
from contracts.contract import Contract

TIME = "time"
#: What stands for a cell without a figure, alone or before its flag (`: c`).
NO_VALUE = ":"
_MOST_CELLS = 1 << 40


def parse_eurostat(body: bytes, contract: Contract) -> pa.Table:
    """A body of Eurostat in the form that its contract asks for, or in SDMX-CSV: the embedded edition is kept so."""
    if format_of(contract) != "json-stat":
        return parse_sdmx_csv(body, contract)
    try:
        table = joined_parts(body, contract, _one_json_stat)
    except PartsDiffer as error:
        raise SourceUnreadable(f"table {contract.table}: {error}") from error
    if table is not None:
        return table
    return parse_sdmx_csv(body, contract) if body[:9] == b"DATAFLOW," else _one_json_stat(body, contract)


def _one_json_stat(body: bytes, contract: Contract) -> pa.Table:
    """One JSON-stat body as a table of text; a row for every cell that has a value or a flag, in the order of the grid.

    Numbers stay as they are written. A cell that only says `:` holds no observation, and SDMX-CSV leaves it out too.
    Raises SourceUnreadable, naming the table, for anything that is no such body.
    """
    stat = _dataset(body, contract.table)
    names, codes = _grid(stat, contract)
    values, flags = _cells(stat, "value", codes, contract.table), _cells(stat, "status", codes, contract.table)
    flags = {place: flag.removeprefix(NO_VALUE).strip() for place, flag in flags.items()}
    places = sorted({place for cells in (values, flags) for place, text in cells.items() if text})
    spread = np.unravel_index(np.array(places, dtype=np.int64), [len(listed) for listed in codes]) if places else ()
    columns: dict[str, pa.Array] = {
        "DATAFLOW": pa.repeat(_dataflow(stat, contract), len(places)),
        "LAST UPDATE": pa.repeat(_last_update(stat, contract.table), len(places)),
    }
    for position, (name, listed) in enumerate(zip(names, codes, strict=True)):
        at = pa.array(spread[position] if places else [], pa.int64())
        columns["TIME_PERIOD" if name == TIME else name] = pa.array(listed, pa.string()).take(at)
    columns["OBS_VALUE"] = pa.array([values.get(place, "") for place in places], pa.string())
    columns["OBS_FLAG"] = pa.array([flags.get(place, "") for place in places], pa.string())
    columns["CONF_STATUS"] = pa.repeat("", len(places))
    return pa.table(columns)


def _dataset(body: bytes, table: str) -> dict[str, Any]:
    if not body.strip():
        raise SourceUnreadable(f"table {table}: expected JSON-stat, found an empty body")
    if body.lstrip()[:1] == b"<":
        shown = body.lstrip()[:60].decode("utf-8", "replace").replace("\n", " ")
        raise SourceUnreadable(f"table {table}: expected JSON-stat, found a page that starts with {shown!r}")
    try:
        stat = json.loads(body.decode("utf-8-sig"), parse_int=str, parse_float=str)
    except UnicodeDecodeError as error:
        raise SourceUnreadable(
            f"table {table}: expected UTF-8, found byte {body[error.start]:#04x} at position {error.start}"
        ) from error
    except json.JSONDecodeError as error:
        raise SourceUnreadable(
            f"table {table}: expected whole JSON, found it broken or cut short at position {error.pos} ({error.msg})"
        ) from error
    except RecursionError as error:
        raise SourceUnreadable(f"table {table}: expected JSON-stat, found it nested without end") from error
    if not isinstance(stat, dict) or stat.get("class") != "dataset":
        shown = ", ".join(list(stat)[:5]) if isinstance(stat, dict) else type(stat).__name__
        raise SourceUnreadable(f"table {table}: expected JSON-stat of class dataset, found {shown or 'nothing'}")
    return stat


def _grid(stat: dict[str, Any], contract: Contract) -> tuple[list[str], list[list[str]]]:
    """The dimensions in their order, and the codes of each in theirs."""
    expected = [*contract.get("dimensions"), TIME]
    names = stat.get("id")
    if names != expected:
        raise SourceUnreadable(
            f"table {contract.table}: expected the dimensions {', '.join(expected)}, found {str(names)[:120]}"
        )
    codes = []
    try:
        for name, size in zip(expected, stat["size"], strict=True):
            index = stat["dimension"][name]["category"]["index"]
            listed = list(index) if isinstance(index, list) else sorted(index, key=lambda code: int(index[code]))
            if len(listed) != int(size) or not all(isinstance(code, str) for code in listed):
                raise ValueError(f"{name} has {len(listed)} codes, {size} announced")
            codes.append(listed)
    except (KeyError, TypeError, ValueError) as error:
        raise SourceUnreadable(f"table {contract.table}: expected sizes and codes that agree, found {error}") from error
    if math.prod(len(listed) for listed in codes) > _MOST_CELLS:
        raise SourceUnreadable(f"table {contract.table}: expected a table, found a grid without end")
    return expected, codes


def _cells(stat: dict[str, Any], name: str, codes: Sequence[Sequence[str]], table: str) -> dict[int, str]:
    """The cells of `value` or `status` by place in the grid, as text; both come as a list or as an object."""
    cells = stat.get(name) or {}
    pairs = enumerate(cells) if isinstance(cells, list) else cells.items() if isinstance(cells, dict) else ()
    most = math.prod(len(listed) for listed in codes)
    found: dict[int, str] = {}
    for place, text in pairs:
        if text is None:
            continue
        if not isinstance(text, str) or not str(place).isdigit() or int(place) >= most:
            raise SourceUnreadable(
                f"table {table}: expected cells of {name} in a grid of {most}, found {str(text)[:40]!r} at {place!r}"
            )
        found[int(place)] = text
    return found


def _dataflow(stat: dict[str, Any], contract: Contract) -> str:
    extension = stat.get("extension")
    told: dict[str, Any] = extension if isinstance(extension, dict) else {}
    return f"{told.get('agencyId', 'ESTAT')}:{told.get('id', contract.table.upper())}({told.get('version', '1.0')})"


def _last_update(stat: dict[str, Any], table: str) -> str:
    """The moment of the last update as SDMX-CSV writes it; empty where the service does not say."""
    told = stat.get("updated")
    if not told:
        return ""
    try:
        return datetime.strptime(str(told)[:19], "%Y-%m-%dT%H:%M:%S").strftime("%d/%m/%y %H:%M:%S")  # noqa: DTZ007
    except ValueError as error:
        raise SourceUnreadable(f"table {table}: expected `updated` as a moment, found {str(told)[:40]!r}") from error

"""Copies of tables that were found in public repositories: the layouts in which they lie, and a reader for each.

Every Eurostat reader gives the same: one text column a dimension, and the columns of an observation.
Not here: which copies there are (`found_copies.py`), and writing the embedded edition from them (`embed.py`).
"""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

OBSERVED = ["TIME_PERIOD", "OBS_VALUE", "OBS_FLAG", "LAST UPDATE", "CONF_STATUS"]

# Labels as the label edition of SDMX-CSV writes them. Only the words that the copies below use and we keep.
LABELS: dict[str, dict[str, str]] = {
    "freq": {"Annual": "A"},
    "waste": {"Plastic packaging": "W150102", "Total waste": "TOTAL"},
    "hazard": {"Hazardous and non-hazardous - total": "HAZ_NHAZ"},
    "nace_r2": {"All NACE activities plus households": "TOTAL_HH"},
    "na_item": {"Gross domestic product at market prices": "B1GQ"},
    "wst_oper": {"Recycling": "RCY", "Waste generated": "GEN"},
    "unit": {
        "Tonne": "T",
        "Rate": "RT",
        "Kilograms per capita": "KG_HAB",
        "Chain linked volumes (2015), million euro": "CLV15_MEUR",
    },
    "geo": {
        "Netherlands": "NL",
        "European Union - 27 countries (from 2020)": "EU27_2020",
        "Belgium": "BE",
        "Germany": "DE",
        "France": "FR",
        "Denmark": "DK",
        "Sweden": "SE",
        "Italy": "IT",
    },
}


class EmbedError(ValueError):
    """A copy is not what it was: the message names the file, the column and what was found."""


@dataclass(frozen=True)
class Copy:
    """A copy of (part of) a table in a public repository, and how it is read.

    `edition` is the day of the publisher's own last update, None when the copy does not tell. `last_update`
    is the same moment as the service stamps it, for layouts that do not carry it in their rows.
    """

    path: str
    repository: str
    repository_path: str
    commit: str
    read: Callable[[Path, tuple[str, ...]], pd.DataFrame]
    edition: str | None = None
    last_update: str = ""


@dataclass(frozen=True)
class Table:
    """One table to embed: its copies in order of precedence, and what its reader must know."""

    code: str
    copies: tuple[Copy, ...]
    flags_kept: bool
    note_nl: str
    note_en: str
    only: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class CbsTable:
    """One CBS table to embed: its copy (rows of StatLine saved as JSON or CSV), and what is kept of it.

    `topics` are the columns of figures that are kept (all where empty). Rows are kept that the contract's `selection`
    asks the live service for.
    """

    code: str
    path: str
    repository_path: str
    edition: str | None
    note_nl: str
    note_en: str
    topics: tuple[str, ...] = ()


@dataclass(frozen=True)
class ResearchTable:
    """One CSV beside a published piece of research: its copy, and what is kept of it.

    Rows are kept that hold one of the values of `only` in each of its columns; cells stay as they are written.
    """

    code: str
    path: str
    repository: str
    repository_path: str
    commit: str
    edition: str | None
    only: tuple[tuple[str, tuple[str, ...]], ...]
    note_nl: str
    note_en: str


def read_codes_and_labels(path: Path, dimensions: tuple[str, ...]) -> pd.DataFrame:
    """SDMX-CSV 2.0 with a label column beside each code column -> text columns `dimensions` + OBSERVED."""
    frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    _require(path, frame, [*dimensions, "TIME_PERIOD", "OBS_VALUE", "OBS_FLAG", "CONF_STATUS"])
    frame["LAST UPDATE"] = ""
    return frame[[*dimensions, *OBSERVED]]


def read_labels(path: Path, dimensions: tuple[str, ...]) -> pd.DataFrame:
    """SDMX-CSV 1.0 with labels instead of codes -> text columns `dimensions` + OBSERVED.

    Areas outside the embedded edition are left out here, because only the labels of its areas are
    translated. Any other label that is not known is an EmbedError, and so is an area of the edition that
    the copy does not have.
    """
    frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    _require(path, frame, [*dimensions, *OBSERVED])
    frame = frame[frame["geo"].isin(LABELS["geo"].keys())].copy()
    absent = set(LABELS["geo"]) - set(frame["geo"])
    if absent:
        names = ", ".join(sorted(absent))
        raise EmbedError(f"{path.name}: column geo: no rows for {names}; did Eurostat change the label?")
    for dimension in dimensions:
        unknown = set(frame[dimension]) - set(LABELS[dimension])
        if unknown:
            names = ", ".join(sorted(unknown))
            raise EmbedError(f"{path.name}: column {dimension}: no code known for {names}; add it to LABELS")
        frame[dimension] = frame[dimension].map(LABELS[dimension])
    return frame[[*dimensions, *OBSERVED]]


def read_bulk_tsv(path: Path, dimensions: tuple[str, ...]) -> pd.DataFrame:
    r"""Eurostat bulk TSV (`waste,...,geo\time` and a column a year) -> text columns `dimensions` + OBSERVED.

    A cell is a value, a space and flag letters (`0.02 d`); `: ` is no value and no reason, `: d` no value
    with a flag.
    """
    wide = pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False)
    wide.columns = wide.columns.str.strip()
    key = wide.columns[0]
    keys = key.split("\\")[0].split(",")
    if ["freq", *keys] != list(dimensions):
        raise EmbedError(f"{path.name}: header {key!r} does not give the dimensions {', '.join(dimensions[1:])}")
    split = wide[key].str.split(",", expand=True).set_axis(keys, axis=1)
    long = pd.concat([split, wide.drop(columns=key)], axis=1).melt(
        id_vars=keys, var_name="TIME_PERIOD", value_name="cell"
    )
    cell = long["cell"].str.strip().str.extract(r"^(?P<value>:|-?\d+(?:\.\d+)?)(?: (?P<flag>[a-z]+))?$")
    unread = cell["value"].isna()
    if unread.any():
        raise EmbedError(f"{path.name}: cell {long.loc[unread, 'cell'].iloc[0]!r} is neither a value nor ':'")
    long["freq"] = "A"
    long["OBS_VALUE"] = cell["value"].where(cell["value"] != ":", "")
    long["OBS_FLAG"] = cell["flag"].fillna("")
    long["LAST UPDATE"] = long["CONF_STATUS"] = ""
    return long[[*dimensions, *OBSERVED]]


def read_long_form(path: Path, dimensions: tuple[str, ...]) -> pd.DataFrame:
    """Long form in Parquet (index geo; year, value and dimensions) -> text columns `dimensions` + OBSERVED.

    The layout has no flags. Values are floats there; they are written back in their shortest form, without
    `.0`.
    """
    frame = pd.read_parquet(path).reset_index()
    _require(path, frame, [*dimensions[1:], "year", "value"])
    frame = frame[frame["value"].notna()].astype(dict.fromkeys(dimensions[1:], "str"))
    frame["freq"] = "A"
    frame["TIME_PERIOD"] = frame["year"].astype(str)
    frame["OBS_VALUE"] = [plain_decimal(value) for value in frame["value"].tolist()]
    frame["OBS_FLAG"] = frame["LAST UPDATE"] = frame["CONF_STATUS"] = ""
    return frame[[*dimensions, *OBSERVED]]


def read_json_stat(path: Path, dimensions: tuple[str, ...]) -> pd.DataFrame:
    """JSON-stat 2.0, gzipped, as the statistics API answers -> text columns `dimensions` + OBSERVED.

    Numbers stay as they are written. A cell is addressed by its place in the grid of all dimensions, the last one
    (time) running fastest.
    """
    with gzip.open(path, "rt", encoding="utf-8") as handle:
        stat = json.load(handle, parse_float=str, parse_int=str)
    if stat["id"] != [*dimensions, "time"]:
        raise EmbedError(f"{path.name}: found the dimensions {', '.join(stat['id'])}, expected {', '.join(dimensions)}")
    codes = []
    for name in stat["id"]:
        places = stat["dimension"][name]["category"]["index"]
        codes.append(sorted(places, key=lambda code: int(places[code])))
    cells = sorted({int(place) for place in (*stat["value"], *stat.get("status", {}))})
    columns: dict[str, list[str]] = {name: [] for name in (*dimensions, "TIME_PERIOD")}
    for place in cells:
        for name, listed in reversed(list(zip(columns, codes, strict=True))):
            place, at = divmod(place, len(listed))
            columns[name].append(listed[at])
    frame = pd.DataFrame(columns, dtype="str")
    frame["OBS_VALUE"] = [stat["value"].get(str(cell)) or "" for cell in cells]
    frame["OBS_FLAG"] = [stat.get("status", {}).get(str(cell), "") for cell in cells]
    moment = pd.Timestamp(stat["updated"])
    frame["LAST UPDATE"], frame["CONF_STATUS"] = moment.strftime("%d/%m/%y %H:%M:%S"), ""
    return frame[[*dimensions, *OBSERVED]]


def plain_decimal(value: float) -> str:
    """The shortest plain notation that reads back as the same float: 3138000.0 -> 3138000, 78.1 -> 78.1."""
    text = format(value, "f") if value == int(value) else repr(value)
    if "e" in text:
        raise EmbedError(f"value {value!r} has no plain decimal notation in its shortest form")
    return text.split(".")[0] if value == int(value) else text


def _require(path: Path, frame: pd.DataFrame, columns: list[str]) -> None:
    """EmbedError when the copy lacks a column that its reader needs."""
    absent = [column for column in columns if column not in frame.columns]
    if absent:
        raise EmbedError(
            f"{path.name}: column {', '.join(absent)} is missing; found {', '.join(map(str, frame.columns))}"
        )


def read_statline(path: Path) -> list[dict[str, object]]:
    """Rows of a StatLine table as they were saved: a list of objects in JSON, or a CSV in which null is empty.

    In a CSV the last column holds the figure; the others are keys.
    """
    if path.suffix == ".json":
        rows = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(rows, list):
            raise EmbedError(f"{path.name}: expected a list of rows, found a {type(rows).__name__}")
        return rows
    with path.open(encoding="utf-8", newline="") as handle:
        saved = list(csv.DictReader(handle))
    figure = list(saved[0])[-1]
    return [{**row, "ID": int(row["ID"]), figure: None if row[figure] == "" else float(row[figure])} for row in saved]

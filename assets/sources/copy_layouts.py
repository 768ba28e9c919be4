"""Reads copies of Eurostat tables as they were found in public repositories, each in the layout in which it was found.

Here: a reader for each layout, all giving the same text columns, and the labels that they translate to codes.
Not here: which copies there are, and the edition that is written from them (`embed.py`).
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

OBSERVED = ["TIME_PERIOD", "OBS_VALUE", "OBS_FLAG", "LAST UPDATE"]

# Labels as the label edition of SDMX-CSV writes them. Only the words that the copies below use and we keep.
LABELS: dict[str, dict[str, str]] = {
    "freq": {"Annual": "A"},
    "waste": {"Plastic packaging": "W150102"},
    "wst_oper": {"Recycling": "RCY", "Waste generated": "GEN"},
    "unit": {"Tonne": "T", "Rate": "RT"},
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


def read_codes_and_labels(path: Path, dimensions: tuple[str, ...]) -> pd.DataFrame:
    """SDMX-CSV 2.0 with a label column beside each code column -> text columns `dimensions` + OBSERVED."""
    frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    _require(path, frame, [*dimensions, "TIME_PERIOD", "OBS_VALUE", "OBS_FLAG"])
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
    long["LAST UPDATE"] = ""
    return long[[*dimensions, *OBSERVED]]


def read_long_form(path: Path, dimensions: tuple[str, ...]) -> pd.DataFrame:
    """Long form in Parquet (index geo; year, value and dimensions) -> text columns `dimensions` + OBSERVED.

    The layout has no flags. Values are floats there; they are written back in their shortest form, without
    `.0`.
    """
    frame = pd.read_parquet(path).reset_index()
    _require(path, frame, [*dimensions[1:], "year", "value"])
    frame = frame[frame["value"].notna()].astype({"geo": str, "waste": str, "wst_oper": str, "unit": str})
    frame["freq"] = "A"
    frame["TIME_PERIOD"] = frame["year"].astype(str)
    frame["OBS_VALUE"] = [plain_decimal(value) for value in frame["value"].tolist()]
    frame["OBS_FLAG"] = ""
    frame["LAST UPDATE"] = ""
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

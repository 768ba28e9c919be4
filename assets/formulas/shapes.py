"""The shapes that formulas take in and give out: column order, keys, and rows put together from their inputs.

Belongs here: what every formula needs to finish a row (order, rounding, status, provenance of the inputs).
Does not belong here: a formula of its own, and types of stored tables (those are in the contracts).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from assets.formulas.flags import display_status
from assets.formulas.rounding import half_up

OBSERVATION_COLUMNS = (
    "chain_table", "measure", "subgroup", "geo", "year", "value", "unit", "decimals", "obs_status", "flags",
    "conf_status", "origin", "definition_version", "scope_version", "known_break", "source", "source_edition",
    "vintage", "confidence",
)  # fmt: skip
OBSERVATION_KEY = ("chain_table", "measure", "subgroup", "geo", "year", "unit", "scope_version", "source")

INDICATOR_COLUMNS = (
    "chain_table", "indicator", "subgroup", "geo", "year", "value", "value_rounded", "unit", "decimals",
    "obs_status", "flags", "conf_status", "origin", "method", "numerator", "denominator",
    "definition_version", "scope_version", "known_break", "source", "source_edition", "vintage", "confidence",
)  # fmt: skip
INDICATOR_KEY = ("indicator", "subgroup", "geo", "year", "origin", "method", "source", "scope_version")

_INDICATOR_TYPES = {
    "year": "int64", "decimals": "int64", "value": "float64", "value_rounded": "float64",
    "numerator": "float64", "denominator": "float64",
}  # fmt: skip

#: Units in which masses are observed; a rate is made of masses, never of published rates.
MASS_UNITS = ("t", "kt")

#: What two observations must have in common to be held against each other.
_MATCH = ("chain_table", "subgroup", "geo", "year", "unit", "scope_version", "source")

_CONFIDENTIALITY = ("F", "N", "C")

#: From strong to weak. A figure computed from a press figure is as weak as that press figure.
_CONFIDENCE = ("primary", "computed", "secondary", "own_knowledge")


def measure_rows(
    observations: pd.DataFrame,
    measure: str,
    *,
    chain_table: str,
    subgroups: Sequence[str] | None = None,
    units: Sequence[str] = MASS_UNITS,
) -> pd.DataFrame:
    """The observations of one measure of one chain table in the given units; columns as they come in."""
    wanted = (
        (observations["chain_table"] == chain_table)
        & (observations["measure"] == measure)
        & observations["unit"].isin(list(units))
    )
    if subgroups is not None:
        wanted &= observations["subgroup"].isin(list(subgroups))
    return observations.loc[wanted]


def matching(across: Sequence[str] = ()) -> list[str]:
    """The columns on which inputs are joined: all of the match, except those named in `across`."""
    unknown = sorted(set(across) - set(_MATCH))
    if unknown:
        raise ValueError(
            f"across: {', '.join(unknown)} is not among the columns inputs are joined on: {', '.join(_MATCH)}"
        )
    return [column for column in _MATCH if column not in across]


def aligned(parts: Sequence[pd.DataFrame], on: Sequence[str]) -> list[pd.DataFrame]:
    """The rows that exist in every part, in the same order in every part, sorted by `on`.

    Raises ValueError when a part holds a key twice: a join would then multiply rows in silence.
    """
    keys = list(on)
    for part in parts:
        twice = part.duplicated(keys, keep=False)
        if twice.any():
            first = part.loc[twice, keys].iloc[0].to_dict()
            raise ValueError(
                f"inputs of a formula: {int(twice.sum())} rows share a key on {', '.join(keys)}, "
                f"first {first}; expected one row a key. Choose one source or scope, or take that column "
                "out of `across`."
            )
    shared = parts[0][keys]
    for part in parts[1:]:
        shared = shared.merge(part[keys], on=keys, how="inner")
    shared = shared.sort_values(keys, kind="stable", ignore_index=True)
    return [shared.merge(part, on=keys, how="left") for part in parts]


def computed_rows(
    parts: Sequence[pd.DataFrame],
    *,
    chain_table: str,
    indicator: str,
    method: str,
    unit: str | pd.Series[str],
    decimals: int | pd.Series[int],
    value: pd.Series[float],
    numerator: pd.Series[float],
    denominator: pd.Series[float],
    flags: pd.Series[str],
    known_break: pd.Series[str] | None = None,
    definitions: Sequence[pd.DataFrame] | None = None,
) -> pd.DataFrame:
    """Indicator rows of origin `computed` with everything that follows from the inputs filled in.

    `parts` are the aligned input frames; the first gives subgroup, geo and year. Provenance is that of all
    parts. `definitions` names the parts whose definition and scope count (a population has a definition of
    its own).
    """
    lead = parts[0]
    defining = parts if definitions is None else definitions
    rows = pd.DataFrame(
        {
            "subgroup": lead["subgroup"],
            "geo": lead["geo"],
            "year": lead["year"].astype("int64"),
            "value": value.astype("float64"),
            "unit": unit,
            "decimals": decimals,
            "flags": flags,
            "numerator": numerator.astype("float64"),
            "denominator": denominator.astype("float64"),
            "definition_version": joined_codes([part["definition_version"] for part in defining]),
            "scope_version": joined_codes([part["scope_version"] for part in defining]),
            "conf_status": most_confidential([part["conf_status"] for part in parts]),
            "confidence": _worst([part["confidence"] for part in parts], _CONFIDENCE, at_least="computed"),
        },
        index=lead.index,
    )
    rows["known_break"] = joined_codes([part["known_break"] for part in parts]) if known_break is None else known_break
    rows[["source", "source_edition", "vintage"]] = _joined_provenance(parts)
    rows["chain_table"] = chain_table
    rows["indicator"] = indicator
    rows["method"] = method
    rows["origin"] = "computed"
    return finished_indicators(rows)


def finished_indicators(rows: pd.DataFrame) -> pd.DataFrame:
    """Indicators with `value_rounded` and `obs_status` made anew, columns and rows in published order."""
    finished = rows.assign(
        value_rounded=half_up(rows["value"], rows["decimals"]),
        obs_status=display_status(rows["flags"], rows["value"].notna()),
    )
    # A column of nulls only, or a constant in an empty frame, would otherwise lose its type.
    types = {column: _INDICATOR_TYPES.get(column, "str") for column in INDICATOR_COLUMNS}
    return in_order(finished.astype(types), INDICATOR_COLUMNS, INDICATOR_KEY)


def in_order(frame: pd.DataFrame, columns: Sequence[str], key: Sequence[str]) -> pd.DataFrame:
    """`frame` with exactly `columns`, sorted by `key`, with a fresh index."""
    return frame[list(columns)].sort_values(list(key), kind="stable", ignore_index=True)


def joined_codes(columns: Sequence[pd.Series[str]]) -> pd.Series[str]:
    """Per row the different codes of the columns, sorted and joined with `+`; null where there is none."""
    frame = pd.concat([column.reset_index(drop=True) for column in columns], axis=1)
    texts = _per_combination(frame, lambda cells: "+".join(sorted({code for cell in cells for code in _codes(cell)})))
    return texts.where(texts != "").set_axis(columns[0].index)


def _joined_provenance(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    # Vintages and editions stand in the order of their sources, so that a reader can pair them.
    columns = ["source", "source_edition", "vintage"]
    frame = pd.concat([part[columns].reset_index(drop=True) for part in parts], axis=1)

    def cited(cells: Sequence[object]) -> list[tuple[str, str, str]]:
        triples: set[tuple[str, str, str]] = set()
        for position in range(0, len(cells), 3):
            sources, editions, vintages = (_codes(cell) for cell in cells[position : position + 3])
            paired = len(vintages) == len(sources)
            edited = len(editions) == len(sources)
            for place, source in enumerate(sources):
                for vintage in vintages[place : place + 1] if paired else vintages or [""]:
                    for edition in editions[place : place + 1] if edited else editions or [""]:
                        triples.add((source, vintage, edition))
        return sorted(triples)

    def in_source_order(place: int) -> pd.Series[str]:
        texts = _per_combination(
            frame, lambda cells: "+".join(dict.fromkeys(t[place] for t in cited(cells) if t[place]))
        )
        return texts.where(texts != "").set_axis(parts[0].index)

    return pd.DataFrame(
        {"source": in_source_order(0), "source_edition": in_source_order(2), "vintage": in_source_order(1)}
    )


def _per_combination(frame: pd.DataFrame, text_of: Callable[[Sequence[object]], str]) -> pd.Series[str]:
    # Few combinations, many rows: the Python part runs once a combination.
    frame = frame.set_axis(range(frame.shape[1]), axis=1).astype("object")
    groups = frame.groupby(list(frame.columns), sort=False, dropna=False).ngroup().to_numpy()
    _, firsts = np.unique(groups, return_index=True)
    texts = np.array([text_of(list(cells)) for cells in frame.iloc[firsts].itertuples(index=False)], dtype=object)
    return pd.Series(texts[groups] if len(frame) else [], dtype="str")


def most_confidential(columns: Sequence[pd.Series[str]]) -> pd.Series[str]:
    """Per row the most confidential of the statuses F, N and C; index of the first column."""
    return _worst(columns, _CONFIDENTIALITY, at_least="F")


def _codes(cell: object) -> list[str]:
    return [code for code in cell.split("+") if code] if isinstance(cell, str) else []


def _worst(columns: Sequence[pd.Series[str]], order: Sequence[str], at_least: str) -> pd.Series[str]:
    ranks = np.full(len(columns[0]), order.index(at_least))
    for column in columns:
        unknown = sorted(set(column.dropna().unique()) - set(order))
        if unknown:
            raise ValueError(f"{column.name}: found {', '.join(unknown)}, expected one of {', '.join(order)}")
        ranks = np.maximum(
            ranks, column.map({code: rank for rank, code in enumerate(order)}).fillna(0).to_numpy(dtype=int)
        )
    return pd.Series(np.array(order, dtype=object)[ranks], index=columns[0].index, dtype="str")

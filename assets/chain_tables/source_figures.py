"""Source tables in the one shape of an observation: codes translated, statuses carried over, each figure with its copy.

Belongs here: the translation of a publisher's table. A code without a translation is an error, never left out in
silence. Does not belong here: formulas, and what one chain table reads (its own module).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from assets.formulas.flags import display_status, letters_of
from assets.formulas.shapes import OBSERVATION_COLUMNS, OBSERVATION_KEY, in_order
from assets.sources.archive import ArchiveRecord
from assets.sources.eurostat import edition_dates
from contracts.vocabulary import load_codelist

# How Eurostat's units are called here, and the decimals with which Eurostat publishes in them.
EUROSTAT_UNITS = {
    "T": ("t", 0),
    "KG_HAB": ("kg_per_inhabitant", 2),
    "PC": ("percent", 1),
    "RT": ("percent", 1),
    "AVG_3Y": ("percent", 1),
    "NR": ("persons", 0),
}


# Years that CBS calls provisional in the notes of an edition whose copy holds no list of periods.
_PROVISIONAL = {("84970NED", "2022-10-26"): (2021,)}


class UntranslatedCode(ValueError):
    """A source holds a code for which no translation is given; the message names table, column and code."""


@dataclass(frozen=True)
class SourceTable:
    """An audited source table (columns as its contract) with the record of the copy that it was read from."""

    name: str
    frame: pd.DataFrame
    record: ArchiveRecord


def cbs_statuses(table: SourceTable) -> pd.Series[str]:
    """The status of every row of a CBS table: that of the copy, else P where its edition is known to be provisional,
    else A; index of its frame."""
    frame = table.frame
    years = _PROVISIONAL.get((table.name, table.record.edition or ""), ())
    known = frame["Perioden"].str[:4].isin([str(year) for year in years]).map({True: "P", False: "A"})
    if "obs_status" not in frame:
        return known.astype("str")
    given = frame["obs_status"].fillna("")
    return given.where(given != "", known).astype("str")


def codes_by_eurostat(code_list: str, chain_table: str) -> dict[str, str]:
    """Eurostat code -> our code, for the entries of a code list that belong to a chain table or to all."""
    translated = {}
    for code in load_codelist(code_list).codes:
        if code.get("chain_table") in ("", chain_table):
            for theirs in code.get("eurostat_code").split(";"):
                if theirs:
                    translated[theirs] = code.code
    return translated


def _translated(table: str, column: str, values: pd.Series[str], words: Mapping[str, str]) -> pd.Series[str]:
    unknown = sorted(set(values.unique()) - set(words))
    if unknown:
        raise UntranslatedCode(
            f"table {table}, column {column}: no translation for code {', '.join(unknown)}; "
            "add it to the code list in contracts/codelists"
        )
    return values.map(dict(words)).astype("str")


def eurostat_figures(
    table: SourceTable,
    *,
    chain_table: str,
    definition_version: str | tuple[int, str, str],
    measure: str | None = None,
    subgroup: str | None = None,
    leave_out_units: Mapping[str, str] | None = None,
    unit: str | None = None,
) -> pd.DataFrame:
    """A Eurostat table as observations.

    `measure` and `subgroup` are given where the table has no such dimension. `definition_version` is one code, or
    (year, before, from that year on). `leave_out_units` names units that are not taken over and why. Out: observations.
    """
    frame = table.frame
    if leave_out_units and "unit" in frame:
        frame = frame.loc[~frame["unit"].isin(list(leave_out_units))]
    frame = frame.reset_index(drop=True)
    rows = pd.DataFrame({"geo": frame["geo"], "year": frame["TIME_PERIOD"].astype("int64")})
    if measure is not None:
        rows["measure"] = measure
    else:
        rows["measure"] = _translated(
            table.name, "wst_oper", frame["wst_oper"], codes_by_eurostat("measure", chain_table)
        )
    if subgroup is not None:
        rows["subgroup"] = subgroup
    else:
        rows["subgroup"] = _translated(table.name, "waste", frame["waste"], codes_by_eurostat("subgroup", chain_table))
    units = frame["unit"] if unit is None else pd.Series(unit, index=frame.index)
    rows["unit"] = _translated(table.name, "unit", units, {code: ours for code, (ours, _) in EUROSTAT_UNITS.items()})
    rows["decimals"] = units.map({code: places for code, (_, places) in EUROSTAT_UNITS.items()}).astype("int64")
    rows["value"] = frame["OBS_VALUE"].astype("float64")
    confidential = frame["CONF_STATUS"].fillna("F").astype("str")
    letters = frame["OBS_FLAG"].fillna("").astype("str")
    # the new form keeps confidentiality apart; as a letter it propagates like the old `c`
    letters = letters.where(confidential != "C", letters + "c")
    rows["flags"] = letters_of(letters)
    rows["conf_status"] = confidential.where(~rows["flags"].str.contains("c"), "C")
    rows["obs_status"] = display_status(rows["flags"], rows["value"].notna(), missing_code="L")
    if isinstance(definition_version, tuple):
        year, before, after = definition_version
        rows["definition_version"] = pd.Series(np.where(rows["year"] < year, before, after), dtype="str")
    else:
        rows["definition_version"] = definition_version
    rows["scope_version"] = "all"
    rows["source_edition"] = edition_dates(frame["LAST UPDATE"])
    rows["confidence"] = "primary"
    return _finished(rows, table, chain_table)


def average_population(table: SourceTable, *, chain_table: str, geos: Sequence[str] | None = None) -> pd.DataFrame:
    """The average population of the year (demo_gind) as observations, of all areas or of those named."""
    rows = eurostat_figures(
        table,
        chain_table=chain_table,
        definition_version="demo_gind",
        measure="population_average",
        subgroup="total",
        unit="NR",
    )
    return rows if geos is None else rows.loc[rows["geo"].isin(list(geos))]


def curated_measures(table: SourceTable, *, chain_table: str) -> pd.DataFrame:
    """The curated figures that are measures, as observations. Kilotonnes become tonnes, with three decimals fewer."""
    frame = table.frame.loc[table.frame["series_kind"] == "measure"].reset_index(drop=True)
    rows = frame.rename(columns={"series": "measure"}).copy()
    in_kt = rows["unit"] == "kt"
    # six decimals: 219.456 kt is 219456 t, without the noise of a binary product
    rows["value"] = rows["value"].where(~in_kt, (rows["value"] * 1000).round(6))
    rows["decimals"] = rows["decimals"].where(~in_kt, rows["decimals"] - 3)
    rows["unit"] = rows["unit"].where(~in_kt, "t")
    return _finished(_curated_status(rows), table, chain_table)


def delivered_figures(table: SourceTable, *, chain_table: str) -> pd.DataFrame:
    """Totals of what was delivered as observations (origin `delivered`); a confidential one has no value and flag c."""
    rows = table.frame.drop(columns=["delivery"]).copy()
    rows["flags"] = letters_of(rows["flags"].fillna("").astype("str"))
    rows["flags"] = rows["flags"].where(rows["conf_status"] == "F", rows["flags"] + "c").map(_sorted_letters)
    rows["obs_status"] = display_status(rows["flags"], rows["value"].notna(), missing_code="L")
    rows["source_edition"] = pd.Series([None] * len(rows), index=rows.index, dtype="str")
    return _finished(rows.assign(confidence="primary"), table, chain_table, origin="delivered")


def with_rows(observed: pd.DataFrame, parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Observations with further ones; the same frame where there are none."""
    filled = [part for part in parts if len(part)]
    return (
        in_order(pd.concat([observed, *filled], ignore_index=True), OBSERVATION_COLUMNS, OBSERVATION_KEY)
        if filled
        else observed
    )


def _sorted_letters(letters: str) -> str:
    return "".join(sorted(set(letters)))


def curated_indicators(table: SourceTable, *, chain_table: str) -> pd.DataFrame:
    """The curated figures that are indicators, as observations whose `measure` is the indicator's code."""
    frame = table.frame.loc[table.frame["series_kind"] == "indicator"].reset_index(drop=True)
    return _finished(_curated_status(frame.rename(columns={"series": "measure"}).copy()), table, chain_table)


def _curated_status(rows: pd.DataFrame) -> pd.DataFrame:
    rows["flags"] = letters_of(rows["flags"].fillna("").astype("str"))
    rows["obs_status"] = display_status(rows["flags"], rows["value"].notna(), missing_code="L")
    rows["conf_status"] = "F"
    rows["source_edition"] = pd.Series([None] * len(rows), index=rows.index, dtype="str")
    return rows


def _finished(rows: pd.DataFrame, table: SourceTable, chain_table: str, origin: str = "published") -> pd.DataFrame:
    rows = rows.assign(
        chain_table=chain_table,
        origin=origin,
        source=table.name,
        vintage=table.record.vintage,
        known_break=pd.Series([None] * len(rows), index=rows.index, dtype="str"),
    )
    return in_order(rows, OBSERVATION_COLUMNS, OBSERVATION_KEY)

"""Production waste of one branch of industry, from the CBS tables of industrial waste (84970NED, 84971NED).

Belongs here: the translation of those two tables into observations, for every chain table that has a branch of its own.
Does not belong here: rates. It is waste of manufacturers, never of what they sold: no figure of producer
responsibility.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from assets.chain_tables.source_figures import SourceTable, UntranslatedCode, cbs_statuses
from assets.formulas.shapes import OBSERVATION_COLUMNS, OBSERVATION_KEY, in_order

#: The treatments that are taken over from each table.
TREATMENTS: dict[str, dict[str, str]] = {
    "84970NED": {
        "T001523": "industry_waste",
        "T001617": "industry_waste_recovered",
        "T001618": "industry_waste_disposed",
    },
    # The total stands here once more as the denominator of the fuel: the two tables differ by a kilotonne in places.
    "84971NED": {"T001523": "industry_waste", "A050137": "industry_waste_used_as_fuel"},
}
#: The treatments that are not, and why.
LEFT_OUT: dict[str, dict[str, str]] = {
    "84970NED": {},
    "84971NED": {
        "T001617": "stands in 84970NED",
        "T001618": "stands in 84970NED",
        "A050138": "the rest of recovery beside fuel",
        "A050140": "a part of disposal; no indicator asks for it",
        "A050141": "a part of disposal; no indicator asks for it",
        "A050142": "a part of disposal; no indicator asks for it",
    },
}
ALL_WASTE = "A050391"


def industry_waste(table: SourceTable, *, chain_table: str, branch: str, subgroup: str) -> pd.DataFrame:
    """The production waste of one branch as observations in tonnes; all types of waste together.

    `branch` is the code of CBS, `subgroup` ours. CBS counts in million kilograms: tonnes with three decimals fewer. A
    cell that CBS leaves empty (secret, unknown or not applicable; it does not say which) gives no row. A provisional
    year has status P and flag p. Raises UntranslatedCode for a treatment that is neither taken over nor left out.
    """
    treatments, left_out = TREATMENTS[table.name], LEFT_OUT[table.name]
    frame = table.frame.assign(obs_status=cbs_statuses(table))
    frame = frame.loc[frame["BedrijfstakkenBranchesSBI2008"] == branch]
    if "Bedrijfsafvalstoffen" in frame:
        frame = frame.loc[frame["Bedrijfsafvalstoffen"] == ALL_WASTE]
    _refuse_unknown(table.name, frame["NuttigeToepassingEnEindverwerking"], {**treatments, **left_out})
    taken = frame["NuttigeToepassingEnEindverwerking"].isin(list(treatments)) & frame["value"].notna()
    frame = frame.loc[taken].reset_index(drop=True)
    rows = pd.DataFrame(
        {
            "measure": frame["NuttigeToepassingEnEindverwerking"].map(treatments).astype("str"),
            "year": frame["Perioden"].str[:4].astype("int64"),
            "value": (frame["value"].astype("float64") * 1000.0).round(6),
            "obs_status": frame["obs_status"],
            "flags": frame["obs_status"].map({"P": "p"}).fillna(""),
        }
    )
    blank = pd.Series([None] * len(rows), index=rows.index, dtype="str")
    edition = blank if table.record.edition is None else table.record.edition
    rows = rows.assign(
        chain_table=chain_table,
        subgroup=subgroup,
        geo="NL",
        unit="t",
        decimals=-3,
        conf_status="F",
        origin="published",
        definition_version="industrial_waste",
        scope_version="all",
        known_break=blank,
        source=table.name,
        source_edition=edition,
        vintage=table.record.vintage,
        confidence="primary",
    )
    return in_order(rows, OBSERVATION_COLUMNS, OBSERVATION_KEY)


def _refuse_unknown(table: str, found: pd.Series[str], known: Mapping[str, str]) -> None:
    unknown = sorted(set(found) - set(known))
    if unknown:
        raise UntranslatedCode(
            f"table {table}, column NuttigeToepassingEnEindverwerking: no translation for code {', '.join(unknown)}; "
            "take it over or leave it out with a reason in assets/chain_tables/industry_waste.py"
        )

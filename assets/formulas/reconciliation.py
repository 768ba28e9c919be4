"""Our figures held against the published ones, cell by cell.

Belongs here: pairing, agreement at published precision and the explanation of a difference.
Does not belong here: the thresholds of a gate (contracts) and the formulas themselves.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from assets.formulas.flags import union, with_letter
from assets.formulas.rounding import half_up
from assets.formulas.shapes import INDICATOR_COLUMNS, INDICATOR_KEY, finished_indicators, in_order

RECONCILIATION_COLUMNS = (
    "chain_table", "indicator", "subgroup", "geo", "year", "computed", "computed_rounded", "published",
    "published_source", "decimals", "difference", "agrees", "release_relation", "explanation", "flags",
)  # fmt: skip
RECONCILIATION_KEY = ("indicator", "subgroup", "geo", "year", "published_source")

#: Until 2019 the official plastics rate counted only material recycled back into plastics; some countries
#: still differ.
PLASTICS_INDICATOR = "pack_recycling_rate"
PLASTICS_SUBGROUP = "plastic"
PLASTICS_TOLERANCE_PP = 0.2

_CELL = ["indicator", "subgroup", "geo", "year", "scope_version"]
_NOISE = 1e-9


def reconcile(indicators: pd.DataFrame, same_release: set[tuple[str, str]]) -> pd.DataFrame:
    """Every computed value beside every published value of the same cell and scope.

    In: indicators of both origins; `same_release` holds the (indicator, published source) pairs whose
    published values come from the release that the inputs come from. Out: reconciliation. Only cells with
    both values are paired. A pair agrees when the computed value, rounded half up to the published decimals,
    equals the published value. Raises ValueError when one cell has several computed rows (choose a method or
    source first), or when a published source has several rows for a cell.
    """
    rows = indicators.loc[indicators["value"].notna()]
    computed = rows.loc[rows["origin"] == "computed"]
    published = rows.loc[rows["origin"] == "published"].rename(
        columns={"source": "published_source", "value": "published"}
    )
    _refuse_several(computed, _CELL, "computed")
    _refuse_several(published, list(RECONCILIATION_KEY), "published")

    pairs = computed[[*_CELL, "chain_table", "value", "flags"]].merge(
        published[[*_CELL, "published_source", "published", "decimals", "flags"]],
        on=_CELL,
        how="inner",
        suffixes=("", "_published"),
    )
    pairs = pairs.rename(columns={"value": "computed"})
    pairs["computed_rounded"] = half_up(pairs["computed"], pairs["decimals"])
    # A difference of two rounded decimals is a rounded decimal; what binary subtraction adds beyond it is
    # noise.
    pairs["difference"] = (pairs["computed_rounded"] - pairs["published"]).round(9) + 0.0
    pairs["flags"] = union(pairs["flags"], pairs["flags_published"])
    last_digit = 10.0 ** -pairs["decimals"].astype("float64")
    pairs["agrees"] = pairs["difference"].abs() < 0.5 * last_digit - _NOISE
    pairs["release_relation"] = _release_relation(pairs, same_release)
    pairs["explanation"] = pd.Series(
        np.select(
            [
                pairs["agrees"],
                (pairs["difference"].abs() - last_digit).abs() < 1e-6 * last_digit,
                _is_plastics(pairs) & _differ_in_definition(pairs["computed"], pairs["published"]),
                pairs["release_relation"] == "other_release",
            ],
            ["agrees", "last_digit", "plastics_definition", "other_release"],
            "unexplained",
        ),
        index=pairs.index,
        dtype="str",
    )
    return in_order(pairs, RECONCILIATION_COLUMNS, RECONCILIATION_KEY)


def agreement_share(reconciliation: pd.DataFrame) -> pd.DataFrame:
    """One row an indicator and published source: `cells`, `agreeing`, `share_pct` (unrounded)."""
    groups = reconciliation.groupby(["indicator", "published_source"], sort=True)["agrees"]
    shares = groups.agg(cells="size", agreeing="sum").reset_index().astype({"cells": "int64", "agreeing": "int64"})
    return shares.assign(share_pct=100.0 * shares["agreeing"] / shares["cells"])


def add_definition_flag(
    indicators: pd.DataFrame,
    *,
    indicator: str = PLASTICS_INDICATOR,
    subgroup: str = PLASTICS_SUBGROUP,
    tolerance: float = PLASTICS_TOLERANCE_PP,
    official_sources: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Indicators with `d` added to the own plastics recycling rate where it differs from the official one.

    In and out: indicators. A computed row of `indicator` and `subgroup` gets the letter when it lies more
    than `tolerance` percentage points from a published value of the same cell; `official_sources` limits
    which published sources count.
    """
    about = (indicators["indicator"] == indicator) & (indicators["subgroup"] == subgroup) & indicators["value"].notna()
    official = about & (indicators["origin"] == "published")
    if official_sources is not None:
        official &= indicators["source"].isin(list(official_sources))
    own = indicators.loc[about & (indicators["origin"] == "computed"), [*_CELL, "value"]].reset_index(names="row")
    pairs = own.merge(indicators.loc[official, [*_CELL, "value"]], on=_CELL, suffixes=("", "_published"))
    differing = pairs.loc[_differ_in_definition(pairs["value"], pairs["value_published"], tolerance), "row"]
    marked = pd.Series(indicators.index.isin(differing), index=indicators.index)
    flagged = indicators.assign(flags=with_letter(indicators["flags"], "d", marked))
    remade = pd.concat([indicators.loc[~marked], finished_indicators(flagged.loc[marked])])
    return in_order(remade, INDICATOR_COLUMNS, INDICATOR_KEY)


def _differ_in_definition(
    computed: pd.Series[float], published: pd.Series[float], tolerance: float = PLASTICS_TOLERANCE_PP
) -> pd.Series[bool]:
    return (computed - published).abs() > tolerance + _NOISE


def _is_plastics(pairs: pd.DataFrame) -> pd.Series[bool]:
    return (pairs["indicator"] == PLASTICS_INDICATOR) & (pairs["subgroup"] == PLASTICS_SUBGROUP)


def _release_relation(pairs: pd.DataFrame, same_release: set[tuple[str, str]]) -> pd.Series[str]:
    known = (
        pd.MultiIndex.from_tuples(sorted(same_release), names=["indicator", "published_source"])
        if same_release
        else None
    )
    cells = pd.MultiIndex.from_frame(pairs[["indicator", "published_source"]])
    same = cells.isin(known) if known is not None else np.zeros(len(pairs), dtype=bool)
    return pd.Series(np.where(same, "same_release", "other_release"), index=pairs.index, dtype="str")


def _refuse_several(rows: pd.DataFrame, key: list[str], what: str) -> None:
    several = rows.duplicated(key, keep=False)
    if several.any():
        first = rows.loc[several, key].iloc[0].to_dict()
        methods = ", ".join(sorted(rows.loc[several, "method"].unique()))
        raise ValueError(
            f"reconcile: {int(several.sum())} {what} rows share a cell, first {first} (methods {methods}); "
            "expected one row a cell, select a method or source first"
        )

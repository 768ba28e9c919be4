"""Circularity of products and flows: Material Circularity Indicator, ISO 59020 core indicators and the R-ladder.

Belongs here: the formulas and the mappings they need, as data. Does not belong here: rates of waste statistics
(`rates.py`) and scores of our own making. Masses may be in any unit, the same one throughout.

Sources: Ellen MacArthur Foundation and Granta, *Circularity Indicators: methodology* (2015, revised 2019), as in the
domain study, chapter 6; ISO 59020:2024, names of the core indicators from the same chapter (own knowledge, not read
in the standard); the R-ladder of PBL in six steps, its ten strategies (R0-R9) mapped onto them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]

#: Share of the mass that goes in: recycled, reused, biological from sustained production.
FEEDSTOCK = ("f_recycled", "f_reused", "f_biological")

#: Share of the mass after use: to recycling, to reuse, composted, energy recovery of sustained biological material.
AFTER_USE = ("c_recycled", "c_reused", "c_composted", "c_energy")

#: Efficiency of recycling after use, and of making the recycled feedstock.
EFFICIENCIES = ("e_after_use", "e_feedstock")

MCI_COLUMNS = (
    "product", "mass", "virgin", "unrecoverable", "linear_flow_index", "utility", "utility_factor", "mci_unlimited",
    "mci",
)  # fmt: skip

#: F(X) = 0.9 / X: a fully linear product of average utility gets 0.1, which leaves room below it.
LINEAR_UTILITY = 0.9

_NOISE = 1e-9


def material_flows(parts: pd.DataFrame) -> pd.DataFrame:
    """The masses of every part behind the indicator.

    In: mass, the shares of FEEDSTOCK and AFTER_USE (0-1) and EFFICIENCIES (0-1). Out, same index, in the unit of
    mass: virgin (V), unrecoverable_after_use (W0), recycling_loss (WC), feedstock_loss (WF), and unrecoverable
    W = W0 + (WF + WC) / 2; the halves keep a loss between two products from counting twice.
    Raises ValueError when a mass is not above zero, a share lies outside 0..1, shares of one side add up to more than
    1, recycled feedstock is made with an efficiency of nought, or more biological material goes to energy recovery
    than went in.
    """
    _refuse_parts(parts)
    mass, recycled = parts["mass"], parts["f_recycled"]
    efficiency = parts["e_feedstock"].where(recycled > 0, 1.0)
    after_use = mass * (1.0 - parts[list(AFTER_USE)].sum(axis=1))
    recycling_loss = mass * (1.0 - parts["e_after_use"]) * parts["c_recycled"]
    feedstock_loss = mass * (1.0 - efficiency) * recycled / efficiency
    return pd.DataFrame(
        {
            "virgin": mass * (1.0 - parts[list(FEEDSTOCK)].sum(axis=1)),
            "unrecoverable_after_use": after_use,
            "recycling_loss": recycling_loss,
            "feedstock_loss": feedstock_loss,
            "unrecoverable": after_use + (feedstock_loss + recycling_loss) / 2.0,
        }
    )


def material_circularity(
    parts: pd.DataFrame, products: pd.DataFrame, linear_utility: float = LINEAR_UTILITY
) -> pd.DataFrame:
    """The Material Circularity Indicator of every product, 0 (worse than linear) to 1 (circular).

    In: `parts` with product and the columns of `material_flows`; `products` with product, lifetime_ratio (L / L_av, in
    years or in uses, the same for both) and intensity_ratio (U / U_av); a null ratio counts as 1. Out: MCI_COLUMNS,
    sorted by product. The masses of the parts are added up first, then
    LFI = (V + W) / (2 M + (WF - WC) / 2), X = (L / L_av)(U / U_av), MCI = max(0, 1 - LFI * 0.9 / X): one index for
    the product, not the mean of its parts.
    Raises ValueError as `material_flows` does, for a product without parts or a part without product, for a product
    that stands twice, and for a ratio that is not above zero.
    """
    twice = products.loc[products.duplicated("product"), "product"]
    if len(twice):
        raise ValueError(f"products: {twice.iloc[0]} stands there twice, expected one row a product")
    strangers = sorted(set(parts["product"].astype("str")) ^ set(products["product"].astype("str")))
    if strangers:
        raise ValueError(f"products and parts: {strangers[0]} stands in one of the two only, expected both")
    masses = material_flows(parts).assign(product=parts["product"], mass=parts["mass"])
    sums = masses.groupby("product", as_index=False).sum().merge(products, on="product")
    utility = _ratio(sums, "lifetime_ratio") * _ratio(sums, "intensity_ratio")
    correction = (sums["feedstock_loss"] - sums["recycling_loss"]) / 2.0
    index = (sums["virgin"] + sums["unrecoverable"]) / (2.0 * sums["mass"] + correction)
    factor = linear_utility / utility
    made = sums.assign(
        linear_flow_index=index,
        utility=utility,
        utility_factor=factor,
        mci_unlimited=1.0 - index * factor,
        mci=(1.0 - index * factor).clip(lower=0.0),
    )
    return made[list(MCI_COLUMNS)].sort_values("product", kind="stable", ignore_index=True)


def company_circularity(scores: pd.DataFrame, weight: str) -> float:
    """The mean indicator of a range of products, weighted by the column `weight` (mass or turnover: say which).

    In: mci and the column of weights. Raises ValueError when no weight is above zero or one is negative or missing.
    """
    weights = _amounts(scores, weight)
    return float((scores["mci"].to_numpy(dtype=np.float64) * weights).sum() / weights.sum())


@dataclass(frozen=True)
class CoreIndicator:
    """One core indicator: 100 * sum(amount * share) / sum(amount), or without the 100 when it is a ratio."""

    code: str
    side: str
    amount: str
    share: str
    is_ratio: bool = False


#: ISO 59020 core indicators. `share` is a fraction of the amount that meets the description, except for the lifetime,
#: where it is the lifetime over the average of the industry. The economic ones are below: they have no share.
CORE_INDICATORS = {
    one.code: one
    for one in (
        CoreIndicator("average_reused_content", "inflow", "mass", "reused_share"),
        CoreIndicator("average_recycled_content", "inflow", "mass", "recycled_share"),
        CoreIndicator("average_renewable_content", "inflow", "mass", "renewable_share"),
        CoreIndicator("average_lifetime_ratio", "outflow", "mass", "lifetime_ratio", is_ratio=True),
        CoreIndicator("actual_reused_products", "outflow", "mass", "reused_share"),
        CoreIndicator("actual_recycled_material", "outflow", "mass", "recycled_share"),
        CoreIndicator("actual_biological_recirculation", "outflow", "mass", "biological_share"),
        CoreIndicator("average_renewable_energy", "energy", "energy", "renewable_share"),
        CoreIndicator("circular_water_withdrawal", "water", "volume", "circular_share"),
        CoreIndicator("circular_water_discharge", "water", "volume", "circular_share"),
        CoreIndicator("onsite_water_reuse_ratio", "water", "volume", "reuse_ratio", is_ratio=True),
    )
}


def core_indicator(code: str, flows: pd.DataFrame, by: Sequence[str] = ()) -> pd.DataFrame:
    """One ISO 59020 core indicator, weighted by mass (energy, volume) over all flows of one boundary and period.

    In: the flows that cross the boundary, with the amount and the share that CORE_INDICATORS names for `code`, and the
    columns of `by`. Out: the columns of `by`, numerator and denominator (in the unit of the amount, to be reported
    with it) and value (percent, or a ratio). A mean of shares without weights is not offered.
    Raises ValueError for an unknown code, a missing or negative amount, a missing share, a share outside 0..1 (a ratio
    below 0), and for a group whose amounts add up to nothing.
    """
    if code not in CORE_INDICATORS:
        raise ValueError(f"core indicator: {code!r}, expected one of {', '.join(CORE_INDICATORS)}")
    one = CORE_INDICATORS[code]
    highest = np.inf if one.is_ratio else 1.0
    share = flows[one.share].astype("float64")
    wrong = share.loc[~((share >= 0) & (share <= highest + _NOISE))]
    if len(wrong):
        raise ValueError(f"{code}: {one.share} is {wrong.iloc[0]}, expected a number from 0 to {highest:g}")
    amount = pd.Series(_amounts(flows, one.amount), index=flows.index)
    masses = flows[list(by)].assign(numerator=amount * share, denominator=amount)
    sums = _grouped(masses, by)
    if (sums["denominator"] <= 0).any():
        raise ValueError(f"{code}: {one.amount} of a group adds up to nothing, so there is nothing to take a share of")
    scale = 1.0 if one.is_ratio else 100.0
    return sums.assign(value=scale * sums["numerator"] / sums["denominator"])


def material_productivity(revenue: float, mass: float) -> float:
    """Revenue over the mass that went in, in the unit of both (ISO 59020, economic). ValueError unless mass > 0."""
    if not mass > 0:
        raise ValueError(f"material productivity: mass is {mass}, expected a number above zero")
    return revenue / mass


#: The six steps of PBL's R-ladder, with the weight that a mean rank gives them. The weights are an expert's choice.
SIX_STEPS = pd.DataFrame(
    [
        ("R1", 6, True, "Weigeren en heroverwegen", "Refuse and rethink"),
        ("R2", 5, True, "Verminderen", "Reduce"),
        ("R3", 4, False, "Hergebruiken", "Reuse"),
        ("R4", 3, False, "Repareren tot en met herbestemmen", "Repair, refurbish, remanufacture, repurpose"),
        ("R5", 2, False, "Recyclen", "Recycle"),
        ("R6", 1, False, "Terugwinnen van energie", "Recover energy"),
        ("disposal", 0, False, "Storten of verbranden zonder terugwinning", "Disposal"),
    ],
    columns=["step", "weight", "is_avoided", "title_nl", "title_en"],
)  # fmt: skip

#: The ten strategies, each with the step of six it belongs to.
TEN_STEPS = pd.DataFrame(
    [
        ("R0", "R1", "Weigeren", "Refuse"),
        ("R1", "R1", "Heroverwegen", "Rethink"),
        ("R2", "R2", "Verminderen", "Reduce"),
        ("R3", "R3", "Hergebruiken", "Reuse"),
        ("R4", "R4", "Repareren", "Repair"),
        ("R5", "R4", "Opknappen", "Refurbish"),
        ("R6", "R4", "Reviseren", "Remanufacture"),
        ("R7", "R4", "Herbestemmen", "Repurpose"),
        ("R8", "R5", "Recyclen", "Recycle"),
        ("R9", "R6", "Terugwinnen van energie", "Recover energy"),
        ("disposal", "disposal", "Storten of verbranden zonder terugwinning", "Disposal"),
    ],
    columns=["step", "six_step", "title_nl", "title_en"],
)


def six_steps_of(ten_steps: pd.Series[str]) -> pd.Series[str]:
    """The step of six for every strategy of ten. R3 to R6 are codes in both; raises ValueError for another code."""
    _refuse_steps(ten_steps, TEN_STEPS)
    return ten_steps.map(TEN_STEPS.set_index("step")["six_step"]).astype("str")


def ladder_score(
    flows: pd.DataFrame,
    by: Sequence[str] = (),
    ladder: str = "six",
    steps: pd.DataFrame = SIX_STEPS,
    avoided: bool = False,
) -> pd.DataFrame:
    """The mean rank on the R-ladder, weighted by mass, 0 (all disposed of) to 1 (all on the highest step).

    In: step (of `ladder` `six` or `ten`), mass, and the columns of `by`. Out: the columns of `by`, numerator
    (sum of mass * weight), denominator (highest weight * mass) and value. What was refused or reduced has no waste
    mass; rows of those steps are refused unless `avoided` says that their mass was avoided against a baseline.
    Raises ValueError for an unknown ladder or step, for a missing or negative mass, and for a group without mass.
    """
    if ladder not in ("six", "ten"):
        raise ValueError(f"ladder: {ladder!r}, expected six or ten")
    six = six_steps_of(flows["step"]) if ladder == "ten" else flows["step"]
    _refuse_steps(six, steps)
    table = steps.set_index("step")
    if not avoided and six.map(table["is_avoided"]).astype("bool").any():
        raise ValueError(
            "ladder score: refused or reduced mass never became waste; leave those rows out, or give the mass "
            "avoided against a stated baseline and say so with avoided=True"
        )
    mass = pd.Series(_amounts(flows, "mass"), index=flows.index)
    weight = six.map(table["weight"]).astype("float64")
    masses = flows[list(by)].assign(numerator=mass * weight, denominator=float(table["weight"].max()) * mass)
    sums = _grouped(masses, by)
    if (sums["denominator"] <= 0).any():
        raise ValueError("ladder score: the mass of a group adds up to nothing")
    return sums.assign(value=sums["numerator"] / sums["denominator"])


def _grouped(masses: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    amounts = ["numerator", "denominator"]
    if by:
        return masses.groupby(list(by), as_index=False, sort=True)[amounts].sum()
    return masses[amounts].sum().to_frame().T


def _amounts(rows: pd.DataFrame, column: str) -> Floats:
    amounts = np.asarray(rows[column].to_numpy(dtype="float64", na_value=np.nan), dtype=np.float64)
    wrong = amounts[~(amounts >= 0) | ~np.isfinite(amounts)]
    if len(wrong):
        raise ValueError(
            f"{column}: found {wrong[0]}, expected a number of at least 0; an unknown amount is not nothing"
        )
    if not amounts.sum() > 0:
        raise ValueError(f"{column}: adds up to nothing, so there is nothing to weigh by")
    return amounts


def _ratio(products: pd.DataFrame, column: str) -> pd.Series[float]:
    ratio = products[column].astype("float64").fillna(1.0) if column in products else pd.Series(1.0, products.index)
    wrong = products.loc[~(ratio > 0), "product"]
    if len(wrong):
        raise ValueError(f"products: {column} of {wrong.iloc[0]} must be a number above zero")
    return ratio


def _refuse_parts(parts: pd.DataFrame) -> None:
    problems: list[tuple[str, pd.Series[bool]]] = [("mass must be a number above zero", ~(parts["mass"] > 0))]
    for column in (*FEEDSTOCK, *AFTER_USE, *EFFICIENCIES):
        problems.append((f"{column} must lie from 0 to 1", ~parts[column].between(-_NOISE, 1.0 + _NOISE)))
    for side in (FEEDSTOCK, AFTER_USE):
        problems.append((f"{' + '.join(side)} is more than 1", parts[list(side)].sum(axis=1) > 1.0 + _NOISE))
    problems += [
        (
            "e_feedstock is 0, which gives no recycled feedstock",
            (parts["e_feedstock"] <= 0) & (parts["f_recycled"] > 0),
        ),
        (
            "c_energy is more than f_biological; energy recovery counts for biological material only",
            parts["c_energy"] > parts["f_biological"] + _NOISE,
        ),
    ]
    for problem, where in problems:
        if where.any():
            row = parts.loc[where].iloc[0]
            name = f" of {row['product']}" if "product" in parts else ""
            raise ValueError(
                f"parts: {problem} (part {next(iter(parts.index[where]))}{name}, {int(where.sum())} such rows)"
            )


def _refuse_steps(codes: pd.Series[str], steps: pd.DataFrame) -> None:
    unknown = sorted({str(code) for code in codes} - set(steps["step"]))
    if unknown:
        raise ValueError(f"step: {', '.join(unknown)} is not on this ladder; expected {', '.join(steps['step'])}")

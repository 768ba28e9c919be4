"""Material flows of the Netherlands: what is used, per inhabitant, and held against the goals of the NPCE.

Belongs here: DMC, DMI and their abiotic variants from CBS 83180NED, the halving index in all its variants, the interim
proxy of the goal "save", and the circular material use rate and its inverse.
Does not belong here: footprints (RMC is published, not computed) and which variant counts: the goal was never fixed in
law, and the verdict depends on the choice of definition alone (domain study, chapter 6).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

FLOWS = ("extraction", "imports", "exports")

#: The topics of CBS 83180NED per group of materials: extraction, imports, exports. None: there is no such topic, since
#: nothing is extracted. Fill sand (Ophoogzand_23) is in none of them: CBS keeps it out of its totals.
TOPICS: dict[str, tuple[str | None, str, str]] = {
    "total": ("TotaalWinning_1", "TotaalInvoerMateriaalsoorten_29", "TotaalUitvoerMateriaalsoorten_86"),
    "biomass": ("TotaalBiomassa_2", "TotaalBiomassaEnAfgeleideProducten_30", "TotaalBiomassaEnAfgeleideProducten_87"),
    "metals": (None, "TotaalMetaal_53", "TotaalMetaal_110"),
    "non_metallic_minerals": (
        "TotaalNietMetaalMineralen_18", "TotaalNietMetaalMineralen_65", "TotaalNietMetaalMineralen_122",
    ),
    "fossil": (
        "TotaalFossieleEnergiedragers_24", "TotaalFossieleEnergiedragers_76", "TotaalFossieleEnergiedragers_133",
    ),
    "other_products": (None, "AndereProducten_84", "AndereProducten_141"),
    "waste_residuals": (None, "Afvalresiduen_85", "Afvalresiduen_142"),
}  # fmt: skip

#: Groups made by leaving one group out of all materials.
LEFT_OUT = {"abiotic": "biomass", "without_fossil": "fossil"}

HALVING_COLUMNS = (
    "measure", "material", "base_year", "year", "base_value", "value", "index", "way_done", "time_elapsed",
    "cagr_observed", "cagr_required", "ratio",
)  # fmt: skip

#: The variants that can be made from open data. Abiotic RMC is not published by material, so it is not among them.
HALVING_VARIANTS = (("dmc", "abiotic"), ("dmi", "abiotic"), ("dmc", "total"))
HALVING_BASES = (2014, 2016)
HALVING_YEAR = 2030
HALVING_INDEX = 50.0


def flows(rows: pd.DataFrame, material: str = "total") -> pd.DataFrame:
    """The three flows of a group of materials.

    In: 83180NED in its long form (`topic`, `Perioden` as `2023JJ00`, `value` in million kg). Out: `year`, `extraction`,
    `imports`, `exports` in kilotonnes, one row a year, sorted. `material` is one of `TOPICS` or `LEFT_OUT`. Raises
    KeyError for another material, and ValueError when a topic is absent or has a year twice.
    """
    if material in LEFT_OUT:
        whole, part = flows(rows, "total").set_index("year"), flows(rows, LEFT_OUT[material]).set_index("year")
        return (whole - part).reset_index()
    columns = {}
    for flow, topic in zip(FLOWS, TOPICS[material], strict=True):
        if topic is not None:
            columns[flow] = _by_year(rows, topic)
    frame = pd.DataFrame(columns).reindex(columns=list(FLOWS))
    if TOPICS[material][0] is None:
        frame["extraction"] = 0.0
    return frame.sort_index().rename_axis("year").reset_index()


def dmc(rows: pd.DataFrame, material: str = "total") -> pd.DataFrame:
    """Domestic material consumption: extraction + imports - exports (Regulation (EU) 691/2011, Annex III).

    In: 83180NED in its long form. Out: `year`, `value` in kilotonnes.
    """
    frame = flows(rows, material)
    return _valued(frame, frame["extraction"] + frame["imports"] - frame["exports"])


def dmi(rows: pd.DataFrame, material: str = "total") -> pd.DataFrame:
    """Direct material input: extraction + imports. For the Netherlands some three times DMC, because of transit.

    In: 83180NED in its long form. Out: `year`, `value` in kilotonnes.
    """
    frame = flows(rows, material)
    return _valued(frame, frame["extraction"] + frame["imports"])


def mean_population(january: pd.DataFrame) -> pd.DataFrame:
    """Average population of a year: the mean of 1 January of that year and of the next.

    In: CBS 37852 in its long form (`Perioden`, `value` in thousands). Out: `year`, `value` in persons; the last year of
    the input has no next one and is not in the output.
    """
    count = _by_year(january, "BevolkingOp1Januari_1") * 1000.0
    following = count.rename(index=lambda year: year - 1)
    mean = ((count + following) / 2).dropna().sort_index()
    return mean.rename_axis("year").rename("value").reset_index()


def per_inhabitant(amounts: pd.DataFrame, population: pd.DataFrame) -> pd.DataFrame:
    """Tonnes per inhabitant: 1000 * kilotonnes / average population.

    In: two frames with `year` and `value` (kilotonnes, persons). Out: `year`, `value` for the years that both have. The
    population is the average of the year (demo_gind AVG, or `mean_population`), never that of 1 January.
    """
    both = amounts.merge(population, on="year", suffixes=("", "_persons"), validate="one_to_one").sort_values("year")
    return _valued(both, 1000.0 * both["value"] / both["value_persons"].where(both["value_persons"] > 0))


def cmur(recycled: pd.Series[float], consumption: pd.Series[float]) -> pd.Series[float]:
    """Circular material use rate in percent: 100 * U / (DMC + U), with U the waste recycled at home, less what was
    imported and with what was exported for recycling."""
    whole = consumption + recycled
    return 100.0 * recycled / whole.where(whole > 0)


def recycled_of_cmur(rate: pd.Series[float], consumption: pd.Series[float]) -> pd.Series[float]:
    """The U behind a published rate: U = c / (1 - c) * DMC, in the unit of `consumption`; null from 100 % on."""
    share = rate / 100.0
    return share / (1.0 - share).where(share < 1.0) * consumption


def halving_index(
    rows: pd.DataFrame,
    variants: Sequence[tuple[str, str]] = HALVING_VARIANTS,
    bases: Sequence[int] = HALVING_BASES,
) -> pd.DataFrame:
    """The former goal of the NPCE (half the abiotic materials in 2030), in every variant, for each year after its base.

    In: 83180NED in its long form. Out: HALVING_COLUMNS, sorted by measure, material, base year and year. `index` is 100
    in the base year; `way_done` the share of the way to 50 in percent; `time_elapsed` the share of the years to 2030 in
    percent; `cagr_observed` and `cagr_required` the yearly change in percent; `ratio` observed over required, negative
    for a movement away. Raises KeyError for an unknown measure or material, ValueError where a base year has no figure
    above zero.
    """
    measures = {"dmc": dmc, "dmi": dmi}
    tables = [
        _held_to_halving(measures[measure](rows, material), base).assign(measure=measure, material=material)
        for measure, material in variants
        for base in bases
    ]
    table = pd.concat(tables, ignore_index=True)[list(HALVING_COLUMNS)]
    return table.sort_values(["measure", "material", "base_year", "year"], ignore_index=True)


def _held_to_halving(amounts: pd.DataFrame, base: int) -> pd.DataFrame:
    by_year = amounts.set_index("year")["value"]
    if base not in by_year.index or not by_year[base] > 0:
        raise ValueError(
            f"halving index: base year {base} has no figure above zero; the figures are of {_span(by_year)}"
        )
    rows = amounts.loc[amounts["year"] > base].assign(base_year=base, base_value=by_year[base])
    passed, horizon = rows["year"] - base, HALVING_YEAR - base
    rows["index"] = 100.0 * rows["value"] / rows["base_value"]
    rows["way_done"] = 100.0 * (100.0 - rows["index"]) / (100.0 - HALVING_INDEX)
    rows["time_elapsed"] = 100.0 * passed / horizon
    rows["cagr_observed"] = 100.0 * (np.power(rows["index"] / 100.0, 1.0 / passed) - 1.0)
    rows["cagr_required"] = 100.0 * ((HALVING_INDEX / 100.0) ** (1.0 / horizon) - 1.0)
    rows["ratio"] = rows["cagr_observed"] / rows["cagr_required"]
    return rows


def save_proxy(rows: pd.DataFrame, rates: pd.DataFrame, consumption: pd.DataFrame, base: int = 2016) -> pd.DataFrame:
    """An interim proxy of the goal "save" of the NPCE of 2025 (15 % less in 2035 than in 2016): DMC without fossil
    fuels, with the recycled materials on top.

    In: 83180NED in its long form; `rates` with the circular material use rate (`year`, `value` in percent) and
    `consumption` with the DMC that the publisher of that rate divided by (`year`, `value` in kilotonnes), from which U
    follows. Out: `year`, `primary` (DMC without fossil), `recycled` (U), `value` (both together) in kilotonnes,
    `change` and `change_primary` against `base` in percent; only years that all inputs have. The proxy is ours: the
    exact definition of the goal is not public. Raises ValueError where the base year is not among them.
    """
    frame = (
        dmc(rows, "without_fossil")
        .rename(columns={"value": "primary"})
        .merge(rates.rename(columns={"value": "rate"})[["year", "rate"]], on="year", validate="one_to_one")
        .merge(consumption.rename(columns={"value": "dmc"})[["year", "dmc"]], on="year", validate="one_to_one")
        .sort_values("year", ignore_index=True)
    )
    frame["recycled"] = recycled_of_cmur(frame["rate"], frame["dmc"])
    frame["value"] = frame["primary"] + frame["recycled"]
    at_base = frame.loc[frame["year"] == base]
    if at_base.empty:
        raise ValueError(
            f"save: the base year {base} is not in all inputs; they share {_span(frame.set_index('year'))}"
        )
    for column, of in (("change", "value"), ("change_primary", "primary")):
        frame[column] = 100.0 * (frame[of] / at_base[of].iloc[0] - 1.0)
    return frame[["year", "primary", "recycled", "value", "change", "change_primary"]]


def _by_year(rows: pd.DataFrame, topic: str) -> pd.Series[float]:
    """The figures of one topic by year."""
    found = rows.loc[rows["topic"] == topic]
    if found.empty:
        raise ValueError(f"topic {topic} is not in the rows; expected CBS 83180NED or 37852 in its long form")
    years = found["Perioden"].str[:4].astype("int64")
    if years.duplicated().any():
        raise ValueError(f"topic {topic}: the year {years[years.duplicated()].iloc[0]} stands in the rows twice")
    return pd.Series(found["value"].to_numpy(dtype="float64"), index=years.to_numpy(), name=topic)


def _valued(frame: pd.DataFrame, value: pd.Series[float]) -> pd.DataFrame:
    return pd.DataFrame({"year": frame["year"], "value": value}).reset_index(drop=True)


def _span(by_year: pd.DataFrame | pd.Series[float]) -> str:
    return f"{by_year.index.min()}-{by_year.index.max()}" if len(by_year) else "no year"

"""Indicators of equipment and batteries from what the register and the battery scheme deliver.

Belongs here: the formulas of the chain table held over delivered totals, in the six categories of the open scope. Does
not belong here: public sources (`electronics.py`). Which counts: the series of Eurostat and the published Dutch rates;
a declared figure counts only where there is no other, as for the six categories and for portable batteries. Pure
functions.
"""

from __future__ import annotations

from functools import partial

import pandas as pd

from assets.formulas.collection import YEAR_AND_TWO_BEFORE, collection_rate_method_a
from assets.formulas.flags import union
from assets.formulas.published import as_delivered
from assets.formulas.rates import per_inhabitant, ratio, share_of_sum
from assets.formulas.shapes import aligned, matching, most_confidential

CHAIN_TABLE = "electronics"

#: Sums over categories; every other subgroup of equipment is a category.
SUMS = ("total", "open_scope_excl_pv")
CATEGORY_4, PARTS_OF_CATEGORY_4 = "open_scope_cat_4", ("open_scope_cat_4_excl_pv", "open_scope_pv")
DESTINATIONS = ("prepared_for_reuse", "recycled", "recovered_other_than_recycling")


def indicators(delivered: pd.DataFrame, public: pd.DataFrame) -> list[pd.DataFrame]:
    """Put on market, collected, method A and what became of it, of what was declared; and portable batteries.

    In: the delivered observations, and the public ones for the population. Out: indicators.
    """
    collected, market = "separately_collected", "put_on_market"
    delivered_t = partial(as_delivered, delivered, chain_table=CHAIN_TABLE, unit="t")
    per_person = partial(per_inhabitant, delivered, public, chain_table=CHAIN_TABLE)
    method_a = partial(collection_rate_method_a, keep_confidential=True)
    of_collected = partial(share_of_sum, whole_parts=(collected,), chain_table=CHAIN_TABLE)
    equipment = pd.concat([delivered, category_4(delivered, (collected, *DESTINATIONS))], ignore_index=True)
    categories = tuple(sorted(set(equipment["subgroup"]) - set(SUMS)))
    without_panels = delivered.loc[delivered["subgroup"] == "open_scope_excl_pv"].assign(subgroup="total")
    recycled = partial(of_collected, parts=DESTINATIONS[:2], method="rcy_prep_reuse_over_col")
    return [
        delivered_t(indicator="weee_pom_t", measure=market),
        per_person(indicator="weee_pom_kg_hab", measure=market),
        delivered_t(indicator="weee_collected_t", measure=collected),
        per_person(indicator="weee_collected_kg_hab", measure=collected),
        method_a(delivered),
        method_a(without_panels, indicator="weee_collection_rate_pom_excl_pv"),
        of_collected(
            equipment,
            DESTINATIONS,
            indicator="weee_recovery_rate_cat",
            method="recovered_sum_over_col",
            subgroups=categories,
        ),
        recycled(equipment, indicator="weee_recycling_prep_reuse_rate_cat", subgroups=categories),
        recycled(equipment, indicator="weee_recycling_rate_collected", subgroups=("total",)),
        ratio(
            equipment,
            chain_table=CHAIN_TABLE,
            indicator="weee_reuse_share",
            numerator=DESTINATIONS[0],
            denominator=collected,
            method="prep_reuse_over_col",
        ),
        # Regulation (EU) 2023/1542, art. 59(3) and Annex XI: unlike for equipment the year itself counts
        method_a(
            delivered,
            indicator="batteries_portable_collection_rate",
            collected="batteries_collected",
            put_on_market="batteries_put_on_market",
            method="collected_over_mean_pom_with_year",
            subgroups=("portable_batteries",),
            years_back=YEAR_AND_TWO_BEFORE,
        ),
    ]


def category_4(delivered: pd.DataFrame, measures: tuple[str, ...]) -> pd.DataFrame:
    """Category 4 of the directive as observations: large equipment and solar panels together.

    They are declared apart, because the Netherlands counts with and without panels. Added up of what may be published:
    where one of the two is confidential, so is the sum.
    """
    rows = delivered.loc[delivered["measure"].isin(measures)]
    on = [*matching(across=("subgroup",)), "measure"]
    others, panels = aligned([rows.loc[rows["subgroup"] == part] for part in PARTS_OF_CATEGORY_4], on)
    flags = union(others["flags"], panels["flags"])
    return others.assign(
        subgroup=CATEGORY_4,
        value=others["value"] + panels["value"],
        flags=flags,
        conf_status=most_confidential([others["conf_status"], panels["conf_status"]]),
    )

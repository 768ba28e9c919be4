"""Material Circularity Indicator, ISO 59020 core indicators and the R-ladder."""

from __future__ import annotations

import math

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.formulas.circularity import (
    CORE_INDICATORS,
    MCI_COLUMNS,
    SIX_STEPS,
    TEN_STEPS,
    company_circularity,
    core_indicator,
    ladder_score,
    material_circularity,
    material_flows,
    material_productivity,
    six_steps_of,
)

LINEAR: dict[str, object] = {
    "product": "p", "mass": 10.0, "f_recycled": 0.0, "f_reused": 0.0, "f_biological": 0.0, "c_recycled": 0.0,
    "c_reused": 0.0, "c_composted": 0.0, "c_energy": 0.0, "e_after_use": 1.0, "e_feedstock": 1.0,
}  # fmt: skip
CIRCULAR = LINEAR | {"f_reused": 1.0, "c_reused": 1.0}
# Domain study, vector V2.
WORKED = LINEAR | {
    "f_recycled": 0.4, "f_reused": 0.1, "c_recycled": 0.5, "c_reused": 0.2, "e_after_use": 0.8, "e_feedstock": 0.75,
}  # fmt: skip


def parts(*rows: dict[str, object]) -> pd.DataFrame:
    return pd.DataFrame(rows)


def products(lifetime: float | None = 1.0, intensity: float | None = 1.0, product: str = "p") -> pd.DataFrame:
    row = {"product": product, "lifetime_ratio": lifetime, "intensity_ratio": intensity}
    return pd.DataFrame([row])


def only(frame: pd.DataFrame) -> dict[str, object]:
    (row,) = frame.to_dict("records")
    return {str(column): cell for column, cell in row.items()}


@pytest.mark.parametrize(
    ("case", "part", "utility", "unlimited", "mci"),
    [
        # Domain study, vector V1 and the invariants of chapter 6.
        ("linear", LINEAR, products(), 0.10, 0.10),
        ("circular", CIRCULAR, products(), 1.0, 1.0),
        ("circular whatever its life", CIRCULAR, products(0.1), 1.0, 1.0),
        ("linear, twice the life", LINEAR, products(2.0), 0.55, 0.55),
        ("linear, twice the use", LINEAR, products(1.0, 2.0), 0.55, 0.55),
        ("life and use multiply", LINEAR, products(2.0, 0.5), 0.10, 0.10),
        ("linear, X = 0.9", LINEAR, products(0.9), 0.0, 0.0),
        ("linear, X = 0.5", LINEAR, products(0.5), -0.8, 0.0),
        ("a ratio that is not known is one", LINEAR, products(None, None), 0.10, 0.10),
        ("V2", WORKED, products(1.2), 0.659091, 0.659091),
    ],
)
def test_the_material_circularity_indicator(
    case: str, part: dict[str, object], utility: pd.DataFrame, unlimited: float, mci: float
) -> None:
    made = material_circularity(parts(part), utility)
    assert tuple(made.columns) == MCI_COLUMNS
    row = only(made)
    assert (row["mci_unlimited"], row["mci"]) == (pytest.approx(unlimited, abs=5e-7), pytest.approx(mci, abs=5e-7)), (
        case
    )


def test_vector_v2_holds_step_by_step() -> None:
    flows = only(material_flows(parts(WORKED)))
    assert flows == {
        "virgin": pytest.approx(5.0), "unrecoverable_after_use": pytest.approx(3.0),
        "recycling_loss": pytest.approx(1.0), "feedstock_loss": pytest.approx(1.333333, abs=5e-7),
        "unrecoverable": pytest.approx(4.166667, abs=5e-7),
    }  # fmt: skip
    row = only(material_circularity(parts(WORKED), products(1.2)))
    # Without the (WF - WC) / 2 term, a fault seen in public code, the indicator would be 0.65625.
    assert (row["linear_flow_index"], row["utility_factor"]) == (pytest.approx(0.454545, abs=5e-7), pytest.approx(0.75))


def test_parts_are_added_up_before_the_index_is_made() -> None:
    both = parts(WORKED | {"mass": 1.0}, LINEAR | {"mass": 3.0})
    row = only(material_circularity(both, products()))
    # By hand: V 0.5 + 3, W 0.416667 + 3, 2M 8, (WF - WC) / 2 = 0.016667: LFI 6.916667 / 8.016667 = 0.862786.
    assert row["linear_flow_index"] == pytest.approx(0.862786, abs=5e-7)
    assert row["mci"] == pytest.approx(0.223493, abs=5e-7)
    # The mean of the two indices, weighted by mass, is another number.
    assert row["linear_flow_index"] != pytest.approx(0.25 * 0.454545 + 0.75 * 1.0, abs=1e-4)


def test_every_product_gets_one_row() -> None:
    both = parts(LINEAR | {"product": "b"}, CIRCULAR | {"product": "a"}, LINEAR | {"product": "b", "mass": 1.0})
    made = material_circularity(both, pd.concat([products(product="b"), products(product="a")]))
    assert made[["product", "mass", "mci"]].values.tolist() == [["a", 10.0, 1.0], ["b", 11.0, pytest.approx(0.1)]]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"mass": 0.0}, r"mass must be a number above zero \(part 0 of p, 1 such rows\)"),
        ({"mass": math.nan}, "mass must be a number above zero"),
        ({"f_recycled": 0.5, "e_feedstock": 0.0}, "e_feedstock is 0"),
        ({"f_recycled": 0.6, "f_reused": 0.5}, r"f_recycled \+ f_reused \+ f_biological is more than 1"),
        ({"c_recycled": 0.6, "c_reused": 0.5}, r"c_recycled \+ c_reused \+ c_composted \+ c_energy is more than 1"),
        ({"c_reused": -0.1}, "c_reused must lie from 0 to 1"),
        ({"e_after_use": 1.1}, "e_after_use must lie from 0 to 1"),
        ({"f_reused": math.nan}, "f_reused must lie from 0 to 1"),
        ({"c_energy": 0.3, "f_biological": 0.2}, "c_energy is more than f_biological"),
    ],
)
def test_a_part_that_cannot_be_is_an_error(change: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        material_circularity(parts(LINEAR | change), products())


@pytest.mark.parametrize(
    ("which", "message"),
    [
        (products(0.0), "lifetime_ratio of p must be a number above zero"),
        (products(1.0, -1.0), "intensity_ratio of p must be a number above zero"),
        (products(product="q"), "p stands in one of the two only"),
        (pd.concat([products()] * 2), "p stands there twice"),
    ],
)
def test_a_product_that_cannot_be_is_an_error(which: pd.DataFrame, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        material_circularity(parts(LINEAR), which)


def test_efficiency_does_not_matter_where_nothing_is_recycled() -> None:
    assert only(material_circularity(parts(LINEAR | {"e_feedstock": 0.0}), products()))["mci"] == pytest.approx(0.1)


SHARES = st.floats(0.0, 1.0)


def any_part(f: float, f_split: float, c: float, c_split: float, e_use: float, e_feed: float) -> dict[str, object]:
    return LINEAR | {
        "f_recycled": f * f_split, "f_reused": f * (1 - f_split), "c_recycled": c * c_split,
        "c_reused": c * (1 - c_split), "e_after_use": e_use, "e_feedstock": e_feed,
    }  # fmt: skip


@given(
    f=SHARES, f_split=SHARES, c=SHARES, c_split=SHARES, e_use=SHARES, e_feed=st.floats(0.3, 1.0),
    factor=st.floats(0.01, 100.0), utility=st.floats(0.9, 10.0),
)  # fmt: skip
@settings(max_examples=50, deadline=None)
def test_the_indicator_lies_between_nought_and_one_and_does_not_depend_on_size(
    f: float, f_split: float, c: float, c_split: float, e_use: float, e_feed: float, factor: float, utility: float
) -> None:
    part = any_part(f, f_split, c, c_split, e_use, e_feed)
    row = only(material_circularity(parts(part), products(utility)))
    assert 0.0 <= float(str(row["mci"])) <= 1.0
    larger = only(material_circularity(parts(part | {"mass": 10.0 * factor}), products(utility)))
    assert larger["mci"] == pytest.approx(row["mci"], abs=1e-9)
    longer = only(material_circularity(parts(part), products(2 * utility)))
    assert float(str(longer["mci"])) >= float(str(row["mci"])) - 1e-12


def test_a_company_is_the_weighted_mean_of_its_products() -> None:
    scores = pd.DataFrame({"mci": [0.1, 0.9], "mass": [3.0, 1.0], "turnover": [1.0, 3.0]})
    assert company_circularity(scores, "mass") == pytest.approx(0.3)
    assert company_circularity(scores, "turnover") == pytest.approx(0.7)
    with pytest.raises(ValueError, match="mass: adds up to nothing"):
        company_circularity(scores.assign(mass=0.0), "mass")


@pytest.mark.parametrize("code", sorted(CORE_INDICATORS))
def test_a_core_indicator_is_weighted_by_its_amount(code: str) -> None:
    one = CORE_INDICATORS[code]
    flows = pd.DataFrame({one.amount: [3.0, 1.0], one.share: [0.2, 1.0]})
    # (3 * 0.2 + 1 * 1) / 4 = 0.4; the mean without weights would be 0.6.
    assert only(core_indicator(code, flows)) == {
        "numerator": pytest.approx(1.6), "denominator": 4.0, "value": pytest.approx(0.4 if one.is_ratio else 40.0),
    }  # fmt: skip


def test_the_core_indicators_are_those_of_the_domain_study() -> None:
    # Chapter 6: three of inflow, four of outflow, one of energy, three of water.
    sides = [one.side for one in CORE_INDICATORS.values()]
    assert {side: sides.count(side) for side in sides} == {"inflow": 3, "outflow": 4, "energy": 1, "water": 3}


def test_a_core_indicator_can_be_made_by_group_and_a_lifetime_can_exceed_the_industry() -> None:
    flows = pd.DataFrame({"site": ["b", "a", "b"], "mass": [1.0, 2.0, 3.0], "lifetime_ratio": [2.0, 0.5, 1.0]})
    made = core_indicator("average_lifetime_ratio", flows, by=["site"])
    assert made.values.tolist() == [["a", 1.0, 2.0, 0.5], ["b", 5.0, 4.0, 1.25]]


@pytest.mark.parametrize(
    ("code", "flows", "message"),
    [
        ("circularity", {"mass": [1.0]}, "core indicator: 'circularity', expected one of average_reused_content"),
        ("average_recycled_content", {"mass": [1.0], "recycled_share": [1.1]}, "recycled_share is 1.1"),
        ("average_recycled_content", {"mass": [1.0], "recycled_share": [math.nan]}, "recycled_share is nan"),
        ("average_recycled_content", {"mass": [-1.0], "recycled_share": [0.5]}, "mass: found -1.0"),
        ("average_recycled_content", {"mass": [math.nan], "recycled_share": [0.5]}, "mass: found nan"),
        ("average_recycled_content", {"mass": [0.0], "recycled_share": [0.5]}, "mass: adds up to nothing"),
        ("average_lifetime_ratio", {"mass": [1.0], "lifetime_ratio": [-0.5]}, "lifetime_ratio is -0.5"),
    ],
)
def test_a_core_indicator_that_cannot_be_made_is_an_error(
    code: str, flows: dict[str, list[float]], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        core_indicator(code, pd.DataFrame(flows))


def test_a_group_without_mass_has_no_core_indicator() -> None:
    flows = pd.DataFrame({"site": ["a", "b"], "mass": [0.0, 1.0], "reused_share": [0.5, 0.5]})
    with pytest.raises(ValueError, match="mass of a group adds up to nothing"):
        core_indicator("average_reused_content", flows, by=["site"])


def test_material_productivity_is_revenue_over_mass() -> None:
    assert material_productivity(500.0, 200.0) == 2.5
    with pytest.raises(ValueError, match="mass is 0"):
        material_productivity(500.0, 0.0)


def test_ten_strategies_map_onto_six_steps() -> None:
    codes = pd.Series(["R0", "R1", "R2", "R3", "R4", "R5", "R6", "R7", "R8", "R9", "disposal"])
    assert six_steps_of(codes).tolist() == ["R1", "R1", "R2", "R3", "R4", "R4", "R4", "R4", "R5", "R6", "disposal"]
    assert TEN_STEPS["step"].tolist() == codes.tolist()


def test_the_weights_of_the_ladder_are_those_of_the_domain_study() -> None:
    # Chapter 6, r_ladder_score: 6, 5, 4, 3, 2, 1 and 0 for disposal.
    expected = {"R1": 6, "R2": 5, "R3": 4, "R4": 3, "R5": 2, "R6": 1, "disposal": 0}
    assert dict(zip(SIX_STEPS["step"], SIX_STEPS["weight"], strict=True)) == expected
    assert SIX_STEPS.loc[SIX_STEPS["is_avoided"], "step"].tolist() == ["R1", "R2"]


def flows(steps: dict[str, float]) -> pd.DataFrame:
    return pd.DataFrame({"step": list(steps), "mass": list(steps.values())})


@pytest.mark.parametrize(
    ("case", "steps", "ladder", "score"),
    [
        ("all disposed of", {"disposal": 5.0}, "six", 0.0),
        ("all reused", {"R3": 5.0}, "six", 4 / 6),
        ("recycled and burned", {"R5": 3.0, "R6": 1.0}, "six", (3 * 2 + 1 * 1) / (6 * 4)),
        ("the same by ten strategies", {"R8": 3.0, "R9": 1.0}, "ten", (3 * 2 + 1 * 1) / (6 * 4)),
        ("R5 is another step on the ladder of ten", {"R5": 3.0}, "ten", 3 / 6),
    ],
)
def test_the_score_is_the_mean_rank_by_mass(case: str, steps: dict[str, float], ladder: str, score: float) -> None:
    assert only(ladder_score(flows(steps), ladder=ladder))["value"] == pytest.approx(score), case


def test_the_score_can_be_made_by_group_and_keeps_its_masses() -> None:
    rows = pd.concat([flows({"R3": 2.0, "R5": 2.0}).assign(year=2020), flows({"R5": 1.0}).assign(year=2019)])
    made = ladder_score(rows, by=["year"])
    assert made.values.tolist() == [[2019, 2.0, 6.0, pytest.approx(1 / 3)], [2020, 12.0, 24.0, 0.5]]


def test_avoided_mass_counts_only_when_it_is_said_to_be_avoided() -> None:
    with pytest.raises(ValueError, match="refused or reduced mass never became waste"):
        ladder_score(flows({"R2": 1.0, "disposal": 1.0}))
    assert only(ladder_score(flows({"R2": 1.0, "disposal": 1.0}), avoided=True))["value"] == pytest.approx(5 / 12)


@pytest.mark.parametrize(
    ("steps", "ladder", "message"),
    [
        ({"R9": 1.0}, "six", "R9 is not on this ladder"),
        ({"R10": 1.0}, "ten", "R10 is not on this ladder"),
        ({"R3": 1.0}, "seven", "expected six or ten"),
        ({"R3": -1.0}, "six", "mass: found -1.0"),
        ({"R3": 0.0}, "six", "adds up to nothing"),
    ],
)
def test_a_score_that_cannot_be_made_is_an_error(steps: dict[str, float], ladder: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ladder_score(flows(steps), ladder=ladder)

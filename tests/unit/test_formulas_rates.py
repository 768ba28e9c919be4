"""Rates, amounts per inhabitant, shares, sums, collection, change against a base year, known breaks."""

from __future__ import annotations

import random

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from assets.formulas.breaks import mark_known_breaks
from assets.formulas.collection import (
    collection_rate_method_a,
    gap_to_target_method_a,
    recycling_rate_market,
)
from assets.formulas.comparison import change_against_base
from assets.formulas.published import as_published
from assets.formulas.rates import (
    complement,
    per_inhabitant,
    ratio,
    share_of_sum,
    sum_of_parts,
    total_from_parts,
)
from assets.formulas.shapes import INDICATOR_COLUMNS, INDICATOR_KEY, OBSERVATION_COLUMNS


def observation(measure: str, value: float | None, **other: object) -> dict[str, object]:
    return {
        "chain_table": "packaging", "measure": measure, "subgroup": "total", "geo": "NL", "year": 2017,
        "value": value, "unit": "t", "decimals": 0, "obs_status": "A", "flags": "", "conf_status": "F",
        "origin": "published", "definition_version": "before_decision_2019_665", "scope_version": "all",
        "known_break": None, "source": "env_waspac", "source_edition": "2021-02-08",
        "vintage": "aaaaaaaaaaaa", "confidence": "primary", **other,
    }  # fmt: skip


def observations(*rows: dict[str, object]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=list(OBSERVATION_COLUMNS))
    text = [column for column in frame if column not in ("year", "value", "decimals")]
    return frame.astype({"value": "float64"} | dict.fromkeys(text, "str"))


def recycling_rate(rows: pd.DataFrame) -> pd.DataFrame:
    return ratio(
        rows, chain_table="packaging", indicator="pack_recycling_rate", numerator="recycled",
        denominator="waste_generated", method="rcy_over_gen",
    )  # fmt: skip


# env_waspac, edition 2021-02-08: NL 2017 GEN 3,138,000 t, RCY 2,452,000 t; published rate 78.1.
NL_2017 = (observation("recycled", 2_452_000.0), observation("waste_generated", 3_138_000.0))


def test_the_dutch_packaging_recycling_rate_of_2017_is_78_1() -> None:
    (row,) = recycling_rate(observations(*NL_2017)).to_dict("records")
    assert row["value"] == pytest.approx(78.13894200127469, abs=1e-12)
    assert row["value_rounded"] == 78.1
    assert (row["numerator"], row["denominator"]) == (2_452_000.0, 3_138_000.0)
    assert (row["unit"], row["decimals"], row["origin"], row["method"]) == (
        "percent", 1, "computed", "rcy_over_gen",
    )  # fmt: skip
    assert (row["obs_status"], row["flags"], row["conf_status"], row["confidence"]) == (
        "A",
        "",
        "F",
        "computed",
    )
    assert (row["source"], row["source_edition"], row["vintage"]) == (
        "env_waspac",
        "2021-02-08",
        "aaaaaaaaaaaa",
    )


@pytest.mark.parametrize(
    ("case", "numerator", "denominator", "flags", "status"),
    [
        ("zero denominator", {"value": 5.0}, {"value": 0.0}, "", "O"),
        ("zero of both", {"value": 0.0}, {"value": 0.0}, "", "O"),
        ("confidential", {"value": None, "flags": "c"}, {"value": 9.0}, "c", "Q"),
        ("not collected", {"value": None, "flags": "m"}, {"value": 9.0}, "m", "L"),
        ("not applicable", {"value": None, "flags": "z"}, {"value": 9.0}, "z", "M"),
        ("no reason", {"value": None}, {"value": 9.0}, "", "O"),
        ("denominator confidential", {"value": 5.0, "flags": "e"}, {"value": None, "flags": "c"}, "ce", "Q"),
    ],
)
def test_a_rate_without_a_value_says_why(
    case: str, numerator: dict[str, object], denominator: dict[str, object], flags: str, status: str
) -> None:
    rows = observations(observation("recycled", None) | numerator, observation("waste_generated", None) | denominator)
    (row,) = recycling_rate(rows).to_dict("records")
    assert pd.isna(row["value"]) and pd.isna(row["value_rounded"]), case
    assert (row["flags"], row["obs_status"]) == (flags, status), case


@pytest.mark.parametrize(
    "other",
    [{"year": 2016}, {"geo": "BE"}, {"subgroup": "glass"}, {"scope_version": "one_way"}, {"source": "x"},
     {"unit": "kt"}, {"measure": "repaired"}, {"chain_table": "electronics"}],
)  # fmt: skip
def test_a_rate_needs_a_row_of_both_measures_with_the_same_key(other: dict[str, object]) -> None:
    rows = observations(NL_2017[0], NL_2017[1] | other)
    assert recycling_rate(rows).empty
    assert tuple(recycling_rate(rows).columns) == INDICATOR_COLUMNS


def test_published_percentages_and_per_capita_amounts_are_no_input_of_a_rate() -> None:
    published = [row | {"unit": unit} for row in NL_2017 for unit in ("percent", "kg_per_inhabitant")]
    assert len(recycling_rate(observations(*NL_2017, *published))) == 1


def test_a_rate_inherits_flags_breaks_definitions_and_the_weakest_confidence_of_its_inputs() -> None:
    rows = observations(
        NL_2017[0] | {"flags": "e", "known_break": "b1", "confidence": "secondary", "vintage": "bbbbbbbbbbbb",
                      "source_edition": "2024-10-23"},
        NL_2017[1] | {"flags": "bp", "known_break": "b0", "conf_status": "N"},
    )  # fmt: skip
    (row,) = recycling_rate(rows).to_dict("records")
    assert (row["flags"], row["obs_status"], row["known_break"]) == ("bep", "B", "b0+b1")
    assert (row["confidence"], row["conf_status"]) == ("secondary", "N")
    assert (row["source"], row["vintage"]) == ("env_waspac", "aaaaaaaaaaaa+bbbbbbbbbbbb")
    assert row["source_edition"] == "2021-02-08+2024-10-23"


def test_a_join_that_would_multiply_rows_is_refused() -> None:
    with pytest.raises(ValueError, match="2 rows share a key"):
        recycling_rate(observations(*NL_2017, NL_2017[0]))


def test_inputs_of_two_sources_are_joined_only_when_asked() -> None:
    rows = observations(NL_2017[0] | {"source": "other", "vintage": "cccccccccccc"}, NL_2017[1])
    joined = ratio(
        rows, chain_table="packaging", indicator="pack_recycling_rate", numerator="recycled",
        denominator="waste_generated", method="rcy_over_gen", across=["source"],
    )  # fmt: skip
    assert joined[["source", "vintage"]].values.tolist() == [["env_waspac+other", "aaaaaaaaaaaa+cccccccccccc"]]
    with pytest.raises(ValueError, match="across: colour"):
        ratio(
            rows, chain_table="packaging", indicator="i", numerator="recycled",
            denominator="waste_generated", method="m", across=["colour"],
        )  # fmt: skip


@settings(max_examples=20, deadline=None)
@given(st.floats(1.0, 1e9), st.floats(1.0, 1e9))
def test_a_ratio_times_its_inverse_is_one(upper: float, lower: float) -> None:
    rows = observations(observation("recycled", upper), observation("waste_generated", lower))
    inverse = ratio(
        rows, chain_table="packaging", indicator="i", numerator="waste_generated", denominator="recycled",
        method="m", scale=1.0,
    )  # fmt: skip
    product = recycling_rate(rows)["value"] * inverse["value"]
    assert product[0] == pytest.approx(100.0, rel=1e-12)


@settings(max_examples=10, deadline=None)
@given(st.randoms(use_true_random=False))
def test_a_rate_does_not_depend_on_the_order_of_its_inputs(order: random.Random) -> None:
    rows = [
        observation(measure, 10.0 * place + year, geo=geo, year=year, flags="e" * (place % 2))
        for place, measure in enumerate(("recycled", "waste_generated"), start=1)
        for geo in ("NL", "BE", "DE")
        for year in (2016, 2017)
    ]
    shuffled = order.sample(rows, len(rows))
    expected = recycling_rate(observations(*rows))
    assert_frame_equal(recycling_rate(observations(*shuffled)), expected)
    key = list(INDICATOR_KEY)
    assert_frame_equal(expected, expected.sort_values(key, ignore_index=True))


def persons(value: float | None, **other: object) -> dict[str, object]:
    own = {
        "unit": "persons", "source": "demo_gind", "vintage": "dddddddddddd",
        "definition_version": "demo_gind", "source_edition": None,
    }  # fmt: skip
    return observation("population_average", value) | own | other


def test_kilograms_per_inhabitant_are_over_the_average_population_of_the_same_year() -> None:
    # NL 2022: cei_pc050 31.14 kg; env_waspac GEN W150102 551,256 t; demo_gind AVG 17,700,982.
    rows = observations(observation("waste_generated", 551_256.0, subgroup="plastic", year=2022))
    population = observations(persons(17_700_982.0, year=2022), persons(17_533_044.0, year=2021))
    (row,) = per_inhabitant(
        rows, population, chain_table="packaging", indicator="pack_plastic_kg_hab", measure="waste_generated"
    ).to_dict("records")
    assert row["value_rounded"] == 31.14
    assert (row["unit"], row["decimals"], row["source"]) == ("kg_per_inhabitant", 2, "demo_gind+env_waspac")
    assert (row["vintage"], row["source_edition"]) == ("dddddddddddd+aaaaaaaaaaaa", "2021-02-08")
    assert row["definition_version"] == "before_decision_2019_665"


@pytest.mark.parametrize(
    ("case", "population", "value", "flags", "status"),
    [
        ("no population of that year", [persons(10.0, year=2018)], [], [], []),
        ("population provisional", [persons(1000.0, flags="p")], [5.0], ["p"], ["P"]),
        ("population zero", [persons(0.0)], [None], [""], ["O"]),
        ("population of the other chain table", [persons(10.0, chain_table="electronics")], [], [], []),
    ],
)
def test_per_inhabitant_takes_over_what_the_population_says(
    case: str, population: list[dict[str, object]], value: list[object], flags: list[str], status: list[str]
) -> None:
    rows = observations(observation("waste_generated", 5.0))
    made = per_inhabitant(
        rows, observations(*population), chain_table="packaging", indicator="i", measure="waste_generated"
    )
    assert made["value"].astype("object").where(made["value"].notna(), None).tolist() == value, case
    assert made["flags"].tolist() == flags and made["obs_status"].tolist() == status, case


def abroad(rows: pd.DataFrame) -> pd.DataFrame:
    return share_of_sum(
        rows,
        ["eu", "world"],
        ["home", "eu", "world"],
        chain_table="packaging",
        indicator="abroad",
        method="m",
    )


def test_the_share_abroad_needs_all_parts_and_weighs_their_flags() -> None:
    home, eu, world = (
        observation("home", 700.0),
        observation("eu", 290.0),
        observation("world", 10.0, flags="e"),
    )
    made = abroad(observations(home, eu, world))
    assert made["value_rounded"].tolist() == [30.0]
    assert made["flags"].tolist() == [""]  # 10 of 300 and of 1000 is below 5 %
    assert abroad(observations(home, eu)).empty
    hidden = abroad(observations(home, eu, world | {"value": None, "flags": "c"}))
    assert hidden[["flags", "obs_status"]].values.tolist() == [["c", "Q"]]
    assert hidden["value"].isna().all()


def test_a_sum_of_parts_is_held_against_the_published_total_and_shows_the_residual() -> None:
    rows = [
        observation("waste_generated", 60.0, subgroup="glass"),
        observation("waste_generated", 39.0, subgroup="wood", flags="e"),
        observation("waste_generated", 100.0),
        observation("waste_generated", 7.0, subgroup="glass", geo="BE"),
        observation("waste_generated", 1.0, subgroup="glass", geo="DE"),
        observation("waste_generated", 2.0, subgroup="wood", geo="DE"),
    ]
    table = observations(*rows)
    columns = ["geo", "subgroup", "sum_of_parts", "published_total", "residual", "within_tolerance", "flags"]
    sums = sum_of_parts(table, "waste_generated", "total", ["glass", "wood"], 0.5, chain_table="packaging")
    assert sums[columns].astype("object").where(sums[columns].notna(), None).values.tolist() == [
        ["DE", "total", 3.0, None, None, None, ""],
        ["NL", "total", 99.0, 100.0, 1.0, False, "e"],
    ]
    total = total_from_parts(
        table, "waste_generated", "total", ["glass", "wood"], chain_table="packaging",
        indicator="pack_waste_generated_t",
    )  # fmt: skip
    assert total[["geo", "subgroup", "value", "method", "unit"]].values.tolist() == [
        ["DE", "total", 3.0, "sum_of_materials", "t"],
        ["NL", "total", 99.0, "sum_of_materials", "t"],
    ]
    assert total["denominator"].isna().all()


def test_what_is_not_accounted_for_is_a_hundred_minus_the_rate() -> None:
    rates = recycling_rate(observations(*NL_2017))
    (row,) = complement(rates, indicator="weee_unaccounted_share", method="one_minus").to_dict("records")
    assert (row["value_rounded"], row["numerator"], row["method"]) == (21.9, 686_000.0, "one_minus")


def test_a_published_value_is_taken_over_with_its_own_status() -> None:
    rows = observations(
        observation("rate", 78.1, unit="percent", decimals=1, flags="e", obs_status="E"),
        observation("rate", None, unit="percent", decimals=1, year=2018, obs_status="L"),
    )
    made = as_published(rows, chain_table="packaging", indicator="r", measure="rate", unit="percent")
    assert made[["origin", "method", "obs_status"]].values.tolist() == [
        ["published", "as_published", "E"],
        ["published", "as_published", "L"],
    ]
    assert made["value_rounded"].tolist()[0] == 78.1


def weee(measure: str, year: int, value: float | None, **other: object) -> dict[str, object]:
    return observation(measure, value, year=year, chain_table="electronics", source="env_waselee",
                       definition_version="ten_categories") | other  # fmt: skip


def market(years: dict[int, float], **other: object) -> list[dict[str, object]]:
    return [weee("put_on_market", year, value, **other) for year, value in years.items()]


MARKET = market({2014: 300.0, 2015: 400.0, 2016: 500.0})
COLLECTED = weee("separately_collected", 2017, 180.0)


def test_the_collection_rate_is_over_the_mean_of_the_three_preceding_years() -> None:
    (row,) = collection_rate_method_a(observations(COLLECTED, *MARKET)).to_dict("records")
    assert (row["year"], row["value"], row["numerator"], row["denominator"]) == (2017, 45.0, 180.0, 400.0)
    assert (row["method"], row["flags"]) == ("collected_over_mean_pom_3y", "")


@pytest.mark.parametrize(
    ("case", "rows"),
    [
        ("a year is absent", [COLLECTED, *MARKET[:2]]),
        ("a year has no value", [COLLECTED, *MARKET[:2], MARKET[2] | {"value": None, "flags": "c"}]),
        ("four years with a gap", [COLLECTED, *MARKET[1:], *market({2013: 300.0})]),
        ("nothing collected known", [COLLECTED | {"value": None}, *MARKET]),
        ("another source", [COLLECTED, *[row | {"source": "other"} for row in MARKET]]),
        ("another scope", [COLLECTED, *[row | {"scope_version": "incl_pv"} for row in MARKET]]),
    ],
)
def test_without_three_calendar_years_there_is_no_collection_rate(case: str, rows: list[dict[str, object]]) -> None:
    assert collection_rate_method_a(observations(*rows)).empty, case


@pytest.mark.parametrize(
    ("case", "rows", "flags", "known_break"),
    [
        (
            "flags of all four",
            [COLLECTED | {"flags": "e"}, MARKET[0] | {"flags": "p"}, *MARKET[1:]], "ep", None,
        ),
        (
            "another definition",
            [COLLECTED | {"definition_version": "open_scope"}, *MARKET], "b", None,
        ),
        ("break in t", [COLLECTED | {"known_break": "k"}, *MARKET], "", "k"),
        ("break in t-1", [COLLECTED, *MARKET[:2], MARKET[2] | {"known_break": "k"}], "", "k"),
        (
            "break in t-3 lies before all inputs",
            [COLLECTED, MARKET[0] | {"known_break": "k"}, *MARKET[1:]], "", None,
        ),
    ],
)  # fmt: skip
def test_a_mean_across_a_change_says_so(
    case: str, rows: list[dict[str, object]], flags: str, known_break: str | None
) -> None:
    (row,) = collection_rate_method_a(observations(*rows)).to_dict("records")
    assert row["flags"] == flags, case
    assert (None if pd.isna(row["known_break"]) else row["known_break"]) == known_break, case


def test_inputs_of_two_scopes_give_a_break_when_they_are_joined_on_purpose() -> None:
    rows = observations(COLLECTED, *[row | {"scope_version": "incl_pv"} for row in MARKET])
    (row,) = collection_rate_method_a(rows, across=["scope_version"]).to_dict("records")
    assert (row["flags"], row["scope_version"]) == ("b", "all+incl_pv")


@pytest.mark.parametrize(
    ("target", "gap"),
    [(65.0, 80.0), (45.0, 0.0), (40.0, 0.0)],
)
def test_the_gap_to_the_target_is_never_negative(target: float, gap: float) -> None:
    made = gap_to_target_method_a(observations(COLLECTED, *MARKET), {2017: target})
    assert made["value"].tolist() == [gap]
    assert made[["unit", "decimals", "indicator"]].values.tolist() == [["t", 0, "weee_gap_to_target_t"]]
    assert made["denominator"].tolist() == [400.0]


def test_a_year_without_a_target_has_no_gap() -> None:
    assert gap_to_target_method_a(observations(COLLECTED, *MARKET), {2018: 65.0}).empty


def test_recycling_against_the_market_is_over_treated() -> None:
    rows = [
        COLLECTED, *MARKET, weee("recycled_and_prepared_for_reuse", 2017, 80.0, flags="e"),
        weee("treated", 2017, 100.0),
    ]  # fmt: skip
    (row,) = recycling_rate_market(observations(*rows)).to_dict("records")
    assert (row["value"], row["flags"], row["numerator"]) == (36.0, "e", 144.0)
    (empty,) = recycling_rate_market(observations(*rows[:-1], weee("treated", 2017, 0.0))).to_dict("records")
    assert pd.isna(empty["value"]) and empty["obs_status"] == "O"


def per_capita(values: dict[int, float], **by_year: dict[int, object]) -> pd.DataFrame:
    rows = observations(
        *[
            observation("kg", value, unit="kg_per_inhabitant", decimals=2, year=year)
            | {column: given.get(year, observation("kg", 0.0)[column]) for column, given in by_year.items()}
            for year, value in values.items()
        ]
    )
    return as_published(
        rows, chain_table="packaging", indicator="pack_waste_kg_hab", measure="kg", unit="kg_per_inhabitant"
    )


# cei_pc040: NL 183.17 (2017), 165.05 (2018), 168.78 (2022).
DUTCH_PER_CAPITA = {2017: 183.17, 2018: 165.05, 2022: 168.78}


@pytest.mark.parametrize(("base_year", "change"), [(2018, [11.0, 0.0, 2.3]), (2017, [0.0, -9.9, -7.9])])
def test_dutch_packaging_waste_is_2_3_percent_above_2018(base_year: int, change: list[float]) -> None:
    made = change_against_base(per_capita(DUTCH_PER_CAPITA), base_year, f"change_vs_{base_year}")
    assert made["value_rounded"].tolist() == change
    assert made["year"].tolist() == [2017, 2018, 2022]
    assert set(made["indicator"]) == {"pack_reduction_vs_2018"}
    assert set(made["denominator"]) == {DUTCH_PER_CAPITA[base_year]}


def test_a_change_across_a_break_carries_it() -> None:
    rows = per_capita(
        DUTCH_PER_CAPITA | {2020: 170.0},
        flags={2020: "be"},
        known_break={2018: "k2018", 2020: "k2020"},
    )
    made = change_against_base(rows, 2018, "change_vs_2018")
    assert made["flags"].tolist() == ["", "", "be", "b"]
    named = made["known_break"].astype("object").where(made["known_break"].notna(), None).tolist()
    assert named == ["k2018", None, "k2020", "k2020"]


def test_a_change_between_two_definitions_is_a_break() -> None:
    rows = per_capita({2018: 1.0, 2022: 2.0}, definition_version={2018: "old", 2022: "new"})
    made = change_against_base(rows, 2018, "change_vs_2018")
    assert made["flags"].tolist() == ["", "b"]
    assert made["definition_version"].tolist() == ["old", "new+old"]


def test_without_a_base_year_there_is_no_change() -> None:
    assert change_against_base(per_capita({2017: 1.0}), 2018, "change_vs_2018").empty


def test_changes_of_several_indicators_are_not_mixed() -> None:
    rows = per_capita({2018: 1.0})
    with pytest.raises(ValueError, match="expected rows of one indicator, found other, pack_waste_kg_hab"):
        change_against_base(pd.concat([rows, rows.assign(indicator="other")]), 2018, "m")


BREAKS = pd.DataFrame(
    [
        # break_id, chain_table, series, subgroup, geo, year
        ("points", "packaging", "*", "*", "*", 2020),
        ("amounts", "packaging", "waste_generated", "*", "NL", 2018),
        ("plastic", "packaging", "recycled", "plastic", "NL", 2020),
        ("plastic_too", "packaging", "recycled", "plastic", "NL", 2020),
        ("census", "*", "population_average", "*", "*", 2021),
    ],
    columns=["break_id", "chain_table", "series", "subgroup", "geo", "year"],
)


@pytest.mark.parametrize(
    ("measure", "subgroup", "geo", "year", "known_break"),
    [
        ("waste_generated", "glass", "DE", 2020, "points"),
        ("waste_generated", "glass", "NL", 2018, "amounts"),
        ("waste_generated", "glass", "DE", 2018, None),
        ("recycled", "plastic", "NL", 2020, "plastic+plastic_too"),
        ("recycled", "plastic", "BE", 2020, "points"),
        ("recycled", "plastic", "NL", 2021, None),
        ("population_average", "total", "NL", 2021, "census"),
    ],
)
def test_a_known_break_stands_in_its_year_and_the_exact_match_wins(
    measure: str, subgroup: str, geo: str, year: int, known_break: str | None
) -> None:
    frame = observations(observation(measure, 1.0, subgroup=subgroup, geo=geo, year=year))
    marked = mark_known_breaks(frame, BREAKS, "measure")
    found = marked["known_break"].iloc[0]
    assert (None if pd.isna(found) else found) == known_break
    assert marked["flags"].tolist() == [""]


@pytest.mark.parametrize(
    ("case", "rows", "marked"),
    [
        ("the first year after a gap", [(2019, 1.0, "s"), (2022, 1.0, "s"), (2023, 1.0, "s")], {2022: "points"}),
        ("no gap", [(2019, 1.0, "s"), (2020, 1.0, "s"), (2021, 1.0, "s")], {2020: "points"}),
        ("a year without a value", [(2019, 1.0, "s"), (2020, None, "s"), (2021, 1.0, "s")],
            {2020: "points", 2021: "points"}),
        ("two breaks in one gap", [(2016, 1.0, "s"), (2023, 1.0, "s")], {2023: "amounts+points"}),
        ("a series that begins after it", [(2022, 1.0, "s"), (2023, 1.0, "s")], {}),
        ("a series that ends before it", [(2015, 1.0, "s"), (2017, 1.0, "s")], {}),
        ("another source fills the gap", [(2019, 1.0, "s"), (2021, 1.0, "s"), (2020, 1.0, "other")],
            {2020: "points", 2021: "points"}),
        ("the rows of another source are no gap", [(2019, 1.0, "other"), (2021, 1.0, "s")], {}),
    ],
)  # fmt: skip
def test_a_known_break_in_a_gap_is_marked_at_the_first_value_after_it(
    case: str, rows: list[tuple[int, float | None, str]], marked: dict[int, str]
) -> None:
    frame = observations(
        *(observation("waste_generated", value, year=year, source=source) for year, value, source in rows)
    )
    for turned in (frame, frame.iloc[::-1]):
        made = mark_known_breaks(turned, BREAKS, "measure")
        assert made.dropna(subset="known_break").set_index("year")["known_break"].to_dict() == marked, case
        assert made["year"].tolist() == turned["year"].tolist(), case


def test_marking_breaks_keeps_rows_order_index_and_ids_that_stand_there() -> None:
    frame = observations(
        observation("recycled", 1.0, year=2020, known_break="earlier"),
        observation("recycled", 2.0, year=2019),
    ).set_axis([9, 4])
    marked = mark_known_breaks(frame, BREAKS, "measure")
    assert marked.index.tolist() == [9, 4]
    assert marked["known_break"].iloc[0] == "earlier+points"
    assert marked.drop(columns="known_break").equals(frame.drop(columns="known_break"))
    assert mark_known_breaks(frame.iloc[:0], BREAKS, "measure").empty
    assert mark_known_breaks(frame, BREAKS.iloc[:0], "measure").equals(frame)

"""Values that repeat and jumps that nobody flagged are found, and only those."""

from __future__ import annotations

import math

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.formulas.anomalies import ANOMALY_COLUMNS, repeated_values, unflagged_jumps

# Eurostat env_waselee RCY_REU, NL, total, tonnes: 139,367 in both 2017 and 2018 (domain study, chapter 1).
RECYCLED = {2014: 116841.0, 2015: 119154.0, 2016: 125065.0, 2017: 139367.0, 2018: 139367.0}

# Eurostat cei_pc040, NL, kg of packaging waste per inhabitant.
PACKAGING = {
    2007: 170.01, 2008: 169.04, 2009: 152.96, 2010: 163.94, 2011: 164.62, 2012: 164.07, 2013: 167.46, 2014: 165.25,
    2015: 182.00, 2016: 184.38, 2017: 183.17, 2018: 165.05, 2019: 170.42, 2020: 173.55, 2021: 171.52, 2022: 168.78,
}  # fmt: skip


def rows(values: dict[int, float], flags: dict[int, str] | None = None, **other: object) -> pd.DataFrame:
    frame = pd.DataFrame(
        [
            {
                "chain_table": "packaging", "indicator": "pack_waste_kg_hab", "subgroup": "total", "geo": "NL",
                "year": year, "value": value, "unit": "kg_per_inhabitant", "decimals": 2, "origin": "published",
                "method": "as_published", "scope_version": "all", "source": "cei_pc040",
                "flags": (flags or {}).get(year, ""), "known_break": None, **other,
            }
            for year, value in values.items()
        ]
    )  # fmt: skip
    return frame.astype({"flags": "str", "known_break": "str"})


def recycled(values: dict[int, float], **other: object) -> pd.DataFrame:
    own = {"chain_table": "electronics", "indicator": "recycled", "unit": "t", "decimals": 0, "source": "env_waselee"}
    return rows(values, **(own | other))  # type: ignore[arg-type]


def years(found: pd.DataFrame) -> list[int]:
    return [int(year) for year in found["year"]]


def test_the_copied_tonnes_of_2018_are_found() -> None:
    found = repeated_values(recycled(RECYCLED), "indicator")
    assert tuple(found.columns) == ANOMALY_COLUMNS
    assert found.to_dict("records") == [
        {
            "chain_table": "electronics", "series": "recycled", "subgroup": "total", "geo": "NL", "year": 2018,
            "kind": "repeated_value", "value": 139367.0, "previous": 139367.0,
            "note_nl": "In 2018 tot op het laatste cijfer gelijk aan 2017: 139.367 (env_waselee, t). "
            "Mogelijk overgenomen.",
            "note_en": "In 2018 equal to 2017 to the last digit: 139,367 (env_waselee, t). Possibly copied.",
        }
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("case", "values", "expected"),
    [
        ("nothing repeats", {2015: 1234.0, 2016: 1235.0}, []),
        ("zeros", {2015: 0.0, 2016: 0.0}, []),
        ("three years running", {2015: 1234.0, 2016: 1234.0, 2017: 1234.0}, [2016, 2017]),
        ("not in a row", {2015: 1234.0, 2016: 1235.0, 2017: 1234.0}, []),
        ("a year lies between", {2015: 1234.0, 2017: 1234.0}, []),
        ("a gap lies between", {2015: 1234.0, 2016: math.nan, 2017: 1234.0}, []),
        ("three digits repeat by chance", {2015: 81.6, 2016: 81.6}, []),
        ("trailing zeros are no digits", {2015: 123000.0, 2016: 123000.0}, []),
        ("leading zeros are no digits", {2015: 0.0123, 2016: 0.0123}, []),
        ("four digits", {2015: 81.65, 2016: 81.65}, [2016]),
        ("negative values", {2015: -1234.0, 2016: -1234.0}, [2016]),
        ("the last digit differs", {2015: 1234.5678, 2016: 1234.5679}, []),
    ],
)
def test_a_value_that_repeats(case: str, values: dict[int, float], expected: list[int]) -> None:
    assert years(repeated_values(rows(values), "indicator")) == expected, case


def test_how_many_digits_repeat_by_chance_and_how_often_a_source_reports_are_choices() -> None:
    assert years(repeated_values(rows({2015: 5.0, 2016: 5.0}), "indicator", minimum_digits=1)) == [2016]
    assert years(repeated_values(rows({2015: 0.0, 2016: 0.0}), "indicator", minimum_digits=0)) == []
    assert years(repeated_values(rows({2014: 1234.0, 2016: 1234.0}), "indicator", step=2)) == [2016]


def test_two_series_of_one_cell_do_not_run_into_each_other() -> None:
    both = pd.concat([rows({2015: 1234.0}), rows({2016: 1234.0}, source="env_waspac")])
    assert repeated_values(both, "indicator").empty
    other_geo = pd.concat([rows({2015: 1234.0}), rows({2016: 1234.0}, geo="BE")])
    assert repeated_values(other_geo, "indicator").empty


def test_what_several_sources_repeat_stands_in_one_row_that_names_them_published_first() -> None:
    repeated = {2015: 1234.0, 2016: 1234.0}
    both = pd.concat([rows(repeated, source="a", origin="computed"), rows(repeated, source="b")])
    found = repeated_values(both, "indicator")
    assert len(found) == 1
    assert "1,234.00 (b, kg_per_inhabitant; a, kg_per_inhabitant)" in found["note_en"].iloc[0]


def test_a_frame_of_the_least_columns_will_do() -> None:
    least = recycled(RECYCLED)[["chain_table", "indicator", "subgroup", "geo", "year", "value", "flags"]]
    found = repeated_values(least.rename(columns={"indicator": "measure"}), "measure")
    assert found["note_en"].tolist() == ["In 2018 equal to 2017 to the last digit: 139,367. Possibly copied."]


def test_the_unflagged_jumps_of_dutch_packaging_are_found() -> None:
    found = unflagged_jumps(rows(PACKAGING), "indicator")
    assert found[["year", "kind", "previous", "value"]].values.tolist() == [
        [2009, "unflagged_jump", 169.04, 152.96],
        [2015, "unflagged_jump", 165.25, 182.00],
        [2018, "unflagged_jump", 183.17, 165.05],
    ]


def test_a_jump_is_told_in_two_languages_with_the_break_we_know() -> None:
    frame = rows(PACKAGING)
    frame["known_break"] = pd.Series([f"pack_{y}" if y == 2018 else None for y in frame["year"]], dtype="str")
    note = unflagged_jumps(frame, "indicator").set_index("year").loc[2018]
    assert str(note["note_nl"]).startswith(
        "Van 183,17 (2017) naar 165,05 (2018), -9,9 %, zonder vlag b (cei_pc040, kg_per_inhabitant). Gewoon is voor"
    )
    assert str(note["note_nl"]).endswith("Staat in onze breuktabel: pack_2018.")
    assert str(note["note_en"]).startswith(
        "From 183.17 (2017) to 165.05 (2018), -9.9 %, without the flag b (cei_pc040, kg_per_inhabitant). Usual for"
    )
    assert str(note["note_en"]).endswith("It is in our table of breaks: pack_2018.")
    assert "breuktabel" not in unflagged_jumps(rows(PACKAGING), "indicator")["note_nl"].iloc[1]


CALM = {2010 + place: value for place, value in enumerate((100.0, 101.0, 99.0, 100.0, 102.0, 101.0))}


@pytest.mark.parametrize(
    ("case", "values", "flags", "expected"),
    [
        ("a calm series", CALM, {}, []),
        ("a rise", CALM | {2016: 113.0}, {}, [2016]),
        ("a fall", CALM | {2016: 90.0}, {}, [2016]),
        ("just within ten percent", CALM | {2016: 111.0}, {}, []),
        ("just beyond ten percent", CALM | {2016: 111.2}, {}, [2016]),
        ("a fall by a factor of 1.1", CALM | {2016: 91.9}, {}, []),
        ("flagged b", CALM | {2016: 150.0}, {2016: "b"}, []),
        ("flagged be", CALM | {2016: 150.0}, {2016: "be"}, []),
        ("flagged otherwise", CALM | {2016: 150.0}, {2016: "ep"}, [2016]),
        ("a flag a year earlier does not excuse", CALM | {2016: 150.0}, {2015: "b"}, [2016]),
        ("there and back", CALM | {2016: 150.0, 2017: 101.0}, {}, [2016, 2017]),
        ("a series that always jumps", dict(enumerate((100.0, 130.0, 90.0, 140.0, 95.0, 150.0, 99.0), 2010)), {}, []),
        ("a series that grows by a third", {2010 + n: 100.0 * 1.3**n for n in range(10)}, {}, []),
        (
            "a fall that would be small elsewhere",
            dict(enumerate((100.0, 129.0, 169.0, 220.0, 281.0, 366.0, 311.0), 2010)),
            {},
            [2016],
        ),
        ("six years are enough", dict(enumerate((100.0, 101.0, 99.0, 100.0, 101.0, 150.0), 2010)), {}, [2015]),
        ("five years are too few", {2010: 100.0, 2011: 101.0, 2012: 99.0, 2013: 100.0, 2014: 150.0}, {}, []),
        ("over a missing year", CALM | {2017: 150.0}, {}, []),
        ("from nothing", CALM | {2016: 0.0, 2017: 100.0}, {}, []),
        ("below nothing", CALM | {2016: -100.0}, {}, []),
    ],
)
def test_a_jump_without_a_flag(case: str, values: dict[int, float], flags: dict[int, str], expected: list[int]) -> None:
    assert years(unflagged_jumps(rows(values, flags), "indicator")) == expected, case


def test_what_counts_as_a_jump_is_a_choice() -> None:
    risen = CALM | {2016: 113.0}
    assert years(unflagged_jumps(rows(risen), "indicator", threshold=0.15)) == []
    assert years(unflagged_jumps(rows(risen), "indicator", mads=40.0)) == []
    assert years(unflagged_jumps(rows(risen), "indicator", minimum_years=8)) == []
    biennial = {2 * year: value for year, value in risen.items()}
    assert years(unflagged_jumps(rows(biennial), "indicator")) == []
    assert years(unflagged_jumps(rows(biennial), "indicator", step=2)) == [4032]


def test_a_null_flag_is_no_flag() -> None:
    frame = rows(CALM | {2016: 150.0}).assign(flags=pd.Series([None] * 7, dtype="str"))
    assert years(unflagged_jumps(frame, "indicator")) == [2016]


@given(factor=st.floats(1e-3, 1e6))
@settings(max_examples=30, deadline=None)
def test_a_jump_does_not_depend_on_the_unit(factor: float) -> None:
    scaled = {year: value * factor for year, value in PACKAGING.items()}
    assert years(unflagged_jumps(rows(scaled), "indicator")) == [2009, 2015, 2018]


@pytest.mark.parametrize("find", [repeated_values, unflagged_jumps])
def test_nothing_found_is_an_empty_table_with_all_columns(find: object) -> None:
    assert callable(find)
    for frame in (rows(CALM), rows(CALM).iloc[:0]):
        found = find(frame, "indicator")
        assert found.empty
        assert tuple(found.columns) == ANOMALY_COLUMNS
        assert found.dtypes.to_dict() == repeated_values(recycled(RECYCLED), "indicator").dtypes.to_dict()


@pytest.mark.parametrize("find", [repeated_values, unflagged_jumps])
def test_a_year_that_stands_twice_in_a_series_is_an_error(find: object) -> None:
    assert callable(find)
    with pytest.raises(ValueError, match=r"6 rows share a series and year.*'year': 2010"):
        find(pd.concat([rows(CALM)] * 2), "indicator")

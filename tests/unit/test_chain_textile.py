"""Textiles: what the chain table publishes from the embedded edition, and the shares that wait for figures.

Here too: amounts over what was put on the market in the preceding year, on frames made for it.
"""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest

from assets.chain_tables import textile
from assets.chain_tables.reference_tables import targets
from assets.chain_tables.source_figures import SourceTable
from assets.formulas.breaks import mark_known_breaks
from assets.formulas.preceding_year import over_preceding_year
from assets.formulas.shapes import INDICATOR_COLUMNS, OBSERVATION_COLUMNS
from contracts.arrow import table_from_frame
from contracts.audit import audit
from contracts.contract import product
from contracts.vocabulary import load_reference_csv

SHARES = (
    "textile_reuse_recycling_share", "textile_reuse_share", "textile_reuse_nl_share", "textile_fibre_to_fibre_share",
)  # fmt: skip


@pytest.fixture(scope="module")
def sources(embedded: Callable[[str], SourceTable]) -> dict[str, SourceTable]:
    return {name: embedded(name) for name in textile.SOURCES}


@pytest.fixture(scope="module")
def observed(sources: dict[str, SourceTable]) -> pd.DataFrame:
    return textile.observations(sources)


@pytest.fixture(scope="module")
def known(observed: pd.DataFrame, sources: dict[str, SourceTable]) -> pd.DataFrame:
    return textile.indicators(observed, {"textile_nl": sources["textile_nl"]})


def only(rows: pd.DataFrame, **cell: object) -> dict[str, object]:
    for column, wanted in cell.items():
        rows = rows.loc[rows[column] == wanted]
    (row,) = rows.to_dict("records")
    return {str(column): value for column, value in row.items()}


@pytest.mark.parametrize(
    ("indicator", "year", "value", "flags", "confidence"),
    [
        # FFact mass balance 2018: 136 kt collected, 169 kt in residual waste; 305.1 kt is 17.7 kg per inhabitant
        ("textile_separate_collection_rate", 2018, 44.6, "", "secondary"),
        ("textile_discarded_kg_hab", 2018, 17.7, "", "secondary"),
        # domain study, chapter 3: 7.9 kg per inhabitant collected in 2018
        ("textile_separate_collection_kg_hab", 2018, 7.9, "", "secondary"),
        # about 255 kt over the 16.75 million inhabitants of demo_gind
        ("textile_discarded_kg_hab", 2012, 15.2, "e", "secondary"),
        # CBS 84970NED (edition 2022-10-26), SBI 13-15: 42 of 59 kt; 27 of 39 kt
        ("textile_industry_waste_recovered_share", 2021, 71.2, "p", "computed"),
        ("textile_industry_waste_recovered_share", 2014, 69.2, "", "computed"),
    ],
)
def test_dutch_textile_figures_are_computed_from_the_mass_balance_and_cbs(
    known: pd.DataFrame, indicator: str, year: int, value: float, flags: str, confidence: str
) -> None:
    row = only(known, indicator=indicator, year=year, origin="computed")
    assert (row["value_rounded"], row["flags"], row["confidence"], row["geo"]) == (value, flags, confidence, "NL")


@pytest.mark.parametrize(
    ("indicator", "year", "value", "scope", "flags"),
    [
        # Stichting UPV Textiel in the press: 187 kt of 527 members, more than 200 kt of 611
        ("textile_pom_t", 2023, 187_000.0, "upv_members", ""),
        ("textile_pom_t", 2024, 200_000.0, "upv_members", "e"),
        # FFact mass balance 2018
        ("textile_separate_collection_t", 2018, 136_000.0, "all", ""),
        ("textile_separate_collection_rate", 2018, 45.0, "all", ""),
    ],
)
def test_published_textile_figures_stand_as_published_with_their_scope(
    known: pd.DataFrame, indicator: str, year: int, value: float, scope: str, flags: str
) -> None:
    row = only(known, indicator=indicator, year=year, origin="published")
    assert (row["value"], row["scope_version"], row["flags"], row["source"]) == (value, scope, flags, "textile_nl")


def test_the_collection_rate_agrees_with_the_printed_one_at_its_precision(known: pd.DataFrame) -> None:
    (row,) = textile.reconciliation(known).to_dict("records")
    assert (row["indicator"], row["year"]) == ("textile_separate_collection_rate", 2018)
    assert (row["computed_rounded"], row["published"], row["explanation"]) == (45.0, 45.0, "agrees")
    assert row["release_relation"] == "same_release"


def test_sorted_fractions_stay_observations_because_their_denominator_is_not_that_of_the_decree(
    observed: pd.DataFrame, known: pd.DataFrame
) -> None:
    fractions = observed.loc[observed["measure"].str.startswith("sorted_to_")]
    # FFact mass balance 2018: 53 + 33 + 14
    assert dict(zip(fractions["measure"], fractions["value"], strict=True)) == {
        "sorted_to_recycling": 33.0, "sorted_to_residual": 14.0, "sorted_to_reuse": 53.0,
    }  # fmt: skip
    assert set(SHARES) & set(known.loc[known["value"].notna(), "indicator"]) == set()


def test_a_target_without_figures_is_no_data_and_nothing_is_interpolated(known: pd.DataFrame) -> None:
    goals = targets(["textile"])
    progress = textile.progress(known, goals)
    assert set(progress["verdict"]) == {"no_data"}
    assert progress["value"].isna().all()
    # Besluit UPV textiel (Stb. 2023, 132), trade press
    wanted = {
        "textile_reuse_recycling_share": {2025: 50, 2026: 55, 2027: 60, 2028: 65, 2029: 70, 2030: 75},
        "textile_reuse_share": {2025: 20, 2030: 25},
        "textile_reuse_nl_share": {2025: 10, 2030: 15},
        "textile_fibre_to_fibre_share": {2025: 25, 2030: 33},
    }
    found = {
        indicator: dict(zip(rows["target_year_from"], rows["target_value"], strict=True))
        for indicator, rows in progress.groupby("indicator")
    }
    assert found == wanted
    waiting = {
        (row["indicator"], int(row["year_from"]))
        for row in load_reference_csv("open_targets")
        if row["chain_table"] == "textile"
    }
    assert waiting == {(share, year) for share in SHARES[1:] for year in range(2026, 2030)}


def test_exports_consumption_and_the_shares_of_the_decree_have_no_source_yet_and_are_never_zero(
    known: pd.DataFrame,
) -> None:
    empty = known.loc[known["method"] == "no_source_yet"]
    assert sorted(empty["indicator"]) == sorted(["textile_apparent_consumption_t", "textile_export_used_t", *SHARES])
    assert empty["value"].isna().all()
    assert {tuple(row) for row in empty[["obs_status", "geo", "year"]].to_numpy()} == {("O", "NL", 2024)}
    assert not known.loc[known["method"] != "no_source_yet", "value"].isna().any()
    assert not (known["value"] == 0).any()


def test_everything_about_textiles_is_dutch(observed: pd.DataFrame) -> None:
    assert set(observed["geo"]) == {"NL"}


@pytest.mark.parametrize("name", ["observations", "indicators", "progress", "reconciliation"])
def test_the_tables_keep_to_the_contract_of_the_package(known: pd.DataFrame, observed: pd.DataFrame, name: str) -> None:
    frames = {
        "observations": observed,
        "indicators": known,
        "progress": textile.progress(known, targets(["textile"])),
        "reconciliation": textile.reconciliation(known),
    }
    contract = product("textile").table(name)
    verdict = audit(table_from_frame(frames[name], contract), contract)
    assert verdict.messages("error") == ()
    assert verdict.messages("warning") == ()


def observation(measure: str, year: int, value: float | None, **other: object) -> dict[str, object]:
    return {
        "chain_table": "textile", "measure": measure, "subgroup": "total", "geo": "NL", "year": year, "value": value,
        "unit": "t", "decimals": 0, "obs_status": "A", "flags": "", "conf_status": "F", "origin": "published",
        "definition_version": "upv_textile", "scope_version": "upv_members", "known_break": None,
        "source": "textile_nl", "source_edition": None, "vintage": "aaaaaaaaaaaa", "confidence": "secondary", **other,
    }  # fmt: skip


def frame_of(*rows: dict[str, object]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=list(OBSERVATION_COLUMNS))
    text = [column for column in frame if column not in ("year", "value", "decimals")]
    return frame.astype({"value": "float64"} | dict.fromkeys(text, "str"))


# Made up, so that every share has another value: 60 and 40 of 200 kt of the year before, 20 in NL, 12 of 40 to fibre.
# 2025 has a market of its own (400 kt) that must not be the denominator of 2025.
REPORT_2025 = (
    observation("put_on_market", 2024, 200_000.0, flags="e"),
    observation("put_on_market", 2025, 400_000.0),
    observation("textile_prepared_for_reuse", 2025, 60_000.0),
    observation("recycled", 2025, 40_000.0),
    observation("textile_prepared_for_reuse_nl", 2025, 20_000.0),
    observation("textile_recycled_fibre_to_fibre", 2025, 12_000.0),
)


@pytest.mark.parametrize(
    ("indicator", "value", "numerator", "denominator", "flags"),
    [
        ("textile_reuse_recycling_share", 50.0, 100_000.0, 200_000.0, "e"),
        ("textile_reuse_share", 30.0, 60_000.0, 200_000.0, "e"),
        ("textile_reuse_nl_share", 10.0, 20_000.0, 200_000.0, "e"),
        ("textile_fibre_to_fibre_share", 30.0, 12_000.0, 40_000.0, ""),
    ],
)
def test_the_shares_of_the_decree_are_over_the_market_of_the_preceding_year(
    indicator: str, value: float, numerator: float, denominator: float, flags: str
) -> None:
    shares = pd.concat(textile.upv_shares(frame_of(*REPORT_2025)))
    row = only(shares, indicator=indicator)
    assert (row["value"], row["numerator"], row["denominator"]) == (value, numerator, denominator)
    assert (row["year"], row["flags"], row["scope_version"], row["unit"]) == (2025, flags, "upv_members", "percent")


def test_reports_of_2025_are_held_against_the_targets_of_2025_and_those_to_come(
    observed: pd.DataFrame, sources: dict[str, SourceTable]
) -> None:
    # the market of 2024 stands in the embedded edition: more than 200 kt, flagged `e`
    reported = pd.concat([observed, frame_of(*REPORT_2025[1:])], ignore_index=True)
    known = textile.indicators(reported, {"textile_nl": sources["textile_nl"]})
    assert list(known.columns) == list(INDICATOR_COLUMNS)
    shares = known.loc[known["indicator"].isin(SHARES)]
    assert set(shares["known_break"]) == {"textile_upv_2025"}
    progress = textile.progress(known, targets(["textile"]))
    judged = progress.loc[progress["target_year_from"] == 2025].set_index("indicator")["verdict"].to_dict()
    assert judged == dict.fromkeys(SHARES, "met")
    # 50 against 55 in 2026
    row = only(progress, target_id="textile_reuse_recycling_share__total__nl__2026")
    assert (row["verdict"], row["distance_rounded"]) == ("not_yet_at_target", -5.0)


def shares_of(*rows: dict[str, object]) -> pd.DataFrame:
    return over_preceding_year(
        frame_of(*rows), ("textile_prepared_for_reuse", "recycled"), chain_table="textile",
        indicator="textile_reuse_recycling_share",
    )  # fmt: skip


MARKET, REUSED, RECYCLED = REPORT_2025[0], REPORT_2025[2], REPORT_2025[3]


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ((REUSED, RECYCLED), "no market at all"),
        ((MARKET | {"year": 2025}, REUSED, RECYCLED), "the market of the same year only"),
        ((MARKET | {"year": 2023}, REUSED, RECYCLED), "the market of two years before only"),
        ((MARKET, REUSED), "nothing said about recycling"),
        ((MARKET | {"scope_version": "all"}, REUSED, RECYCLED), "members against the whole market"),
        ((MARKET | {"source": "another"}, REUSED, RECYCLED), "another source, not asked for"),
        ((MARKET | {"chain_table": "packaging"}, REUSED, RECYCLED), "another chain table"),
    ],
    ids=lambda case: case if isinstance(case, str) else "",
)
def test_without_all_inputs_of_the_right_years_there_is_no_share(rows: tuple[dict[str, object], ...], why: str) -> None:
    assert len(shares_of(*rows)) == 0, why
    assert len(shares_of(MARKET, REUSED, RECYCLED)) == 1


@pytest.mark.parametrize(
    ("market", "recycled", "value", "status", "flags"),
    [
        ({"value": 0.0, "flags": ""}, {}, None, "O", ""),
        ({"value": None, "flags": "c"}, {}, None, "Q", "c"),
        ({"flags": ""}, {"value": None, "flags": "m"}, None, "L", "m"),
        ({"flags": "p"}, {"flags": "e"}, 50.0, "E", "ep"),
        # below 5 % of the sum a letter of a part does not enter: 60 + 3 over 200
        ({"flags": ""}, {"value": 3_000.0, "flags": "e"}, 31.5, "A", ""),
        ({"flags": "", "definition_version": "textile_mass_balance"}, {}, 50.0, "B", "b"),
    ],
)
def test_a_share_says_why_it_is_empty_or_uncertain(
    market: dict[str, object], recycled: dict[str, object], value: float | None, status: str, flags: str
) -> None:
    (row,) = shares_of(MARKET | market, REUSED, RECYCLED | recycled).to_dict("records")
    assert (None if pd.isna(row["value"]) else row["value"]) == value
    assert (row["obs_status"], row["flags"]) == (status, flags)


def test_a_break_in_the_market_of_the_year_before_lies_before_the_share() -> None:
    breaks = pd.DataFrame(
        [{"break_id": "b", "chain_table": "textile", "series": "*", "subgroup": "*", "geo": "NL", "year": 2025}]
    )
    of_2026 = [row | {"year": 2026} for row in (REUSED, RECYCLED)]
    rows = mark_known_breaks(frame_of(REPORT_2025[1], MARKET, REUSED, RECYCLED, *of_2026), breaks, "measure")
    shares = over_preceding_year(
        rows, ("textile_prepared_for_reuse", "recycled"), chain_table="textile", indicator="textile_reuse_share"
    )
    assert shares["known_break"].fillna("").to_list() == ["b", ""]


def test_the_conflict_on_textile_collection_states_the_tonnes_that_the_package_holds(observed: pd.DataFrame) -> None:
    row = next(row for row in load_reference_csv("conflicts") if row["conflict_id"] == "textile_collection_2018")
    tonnes = [
        float(observed.loc[(observed["measure"] == measure) & (observed["year"] == 2018), "value"].iloc[0])
        for measure in ("separately_collected_textile", "discarded")
    ]
    # FFact 2018: 136 kt over 305.1 kt
    assert tonnes == [136_000.0, 305_100.0]
    assert row["source_b"].startswith("136 000 t separately collected over 305 100 t discarded")
    assert row["value_b"] == str(round(100 * tonnes[0] / tonnes[1], 1))

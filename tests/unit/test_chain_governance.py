"""The package on governance: counts from its own tables, dates that are dates, and no figure that no document gives."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from assets.chain_tables import governance
from assets.chain_tables.reference_tables import reference_rows
from contracts.arrow import table_from_frame
from contracts.audit import audit
from contracts.contract import product

PACKAGE = "chain-governance"


@pytest.fixture(scope="module")
def counts() -> pd.DataFrame:
    return governance.extra_tables(None, {})["governance_counts"]


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        # draft covenant, article 4
        (
            "covenant_agreements",
            {"space": 5, "procurement": 5, "permits": 4, "sme": 6, "knowledge": 2, "chains": 2, "total": 24},
        ),
        # draft covenant, parties; article 3 and footnote 2: water boards in procurement and permits only
        ("covenant_parties", {"state": 3, "umbrella": 3, "total": 6}),
        ("covenant_themes", {"state": 6, "provinces": 6, "municipalities": 6, "water_boards": 2, "total": 6}),
        # letter of 9-2-2026, paragraph 7 and footnote 1
        ("governance_chain_tables", {"new": 3, "existing": 2, "total": 5}),
        ("bouwmaterialen_chains", {"known": 12, "open": 1, "total": 13}),
    ],
)
def test_the_counts_are_those_of_the_documents(counts: pd.DataFrame, table: str, expected: dict[str, int]) -> None:
    rows = counts.loc[counts["reference_table"] == table]
    assert dict(zip(rows["part"], rows["count"], strict=True)) == expected


def test_every_count_can_be_repeated_on_a_table_of_the_same_package(counts: pd.DataFrame) -> None:
    package = product(PACKAGE)
    totals = counts.loc[counts["part"] == "total"].set_index("reference_table")["count"]
    assert set(counts["reference_table"]) == set(totals.index)
    for name, total in totals.items():
        assert len(reference_rows(str(name), None, package.table(str(name)))) == total, name


@pytest.mark.parametrize(
    ("table", "row", "column", "expected"),
    [
        ("documents", "letter_chain_tables_2026", "date", date(2026, 2, 9)),
        ("documents", "covenant_draft", "date", None),
        ("covenant_milestones", "end", "date", date(2027, 3, 20)),
        ("covenant_milestones", "vth_provinces_2026", "date", None),
        ("governance_chain_tables", "furniture", "first_date", date(2026, 1, 9)),
        ("governance_chain_tables", "electronics", "first_date", None),
        ("policy_events", "week_2023", "date", date(2023, 2, 6)),
        ("policy_events", "week_2023", "date_to", date(2023, 2, 11)),
        ("policy_events", "goal_2050", "date", None),
    ],
)
def test_a_date_is_a_date_and_empty_where_the_document_names_none(
    table: str, row: str, column: str, expected: date | None
) -> None:
    contract = product(PACKAGE).table(table)
    rows = reference_rows(table, None, contract)
    assert contract.column(column).logical_type == "date"
    found = rows.loc[rows[contract.primary_key[0]] == row, column].item()
    assert (None if pd.isna(found) else found) == expected


def test_all_governance_tables_are_in_the_package_and_hold_to_their_contracts(counts: pd.DataFrame) -> None:
    package = product(PACKAGE)
    made = {"governance_counts": counts}
    for contract in package.tables:
        if contract.get("reference"):
            made[contract.table] = reference_rows(str(contract.get("reference")), None, contract)
    assert set(made) == {
        "governance_counts",
        "governance_chain_tables",
        "covenant_parties",
        "covenant_themes",
        "covenant_agreements",
        "covenant_provisions",
        "covenant_milestones",
        "chain_projects",
        "red_threads",
        "policy_asks",
        "policy_events",
        "bouwmaterialen_chains",
        "documents",
    }
    for name, rows in made.items():
        contract = package.table(name)
        verdict = audit(table_from_frame(rows, contract), contract)
        assert [check.key for check in verdict.checks if not check.passed] == [], name


def test_a_lost_agreement_is_noticed(counts: pd.DataFrame) -> None:
    contract = product(PACKAGE).table("governance_counts")
    lost = counts.copy()
    lost.loc[(lost["reference_table"] == "covenant_agreements") & (lost["part"] == "sme"), "count"] = 5
    verdict = audit(table_from_frame(lost, contract), contract)
    assert [check.key for check in verdict.checks if not check.passed] == ["governance_counts__part__agreements_add_up"]


def test_nothing_is_said_about_progress_or_participation() -> None:
    names = {contract.table for contract in product(PACKAGE).tables}
    assert not names & {"observations", "indicators", "progress"}
    assert governance.SOURCES == ()

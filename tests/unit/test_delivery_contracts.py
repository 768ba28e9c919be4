"""The contracts of the deliveries hold together: who may hand in, which codes, which figures follow, which example.

Here: what stands in `contracts/deliveries`, and the code lists that it names. Not here: how delivered rows are audited
or figures computed.
"""

from __future__ import annotations

import datetime
import re
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from assets.chain_tables import craft_centres, textile
from contracts.arrow import cast
from contracts.contract import ContractError
from contracts.contract_model import Contract, Rule
from contracts.contract_source import Source
from contracts.delivery_contract import (
    DELIVERER,
    FOLDER,
    PERIOD,
    PERIOD_PATTERNS,
    deliverers,
    delivery,
    delivery_names,
    read_delivery,
)
from contracts.rule_sql import violation
from contracts.vocabulary import load_codelist, load_reference_csv

NAMES = (
    "craft_centre_returns",
    "declarations_batteries",
    "declarations_construction",
    "declarations_electronics",
    "declarations_furniture",
    "declarations_packaging",
    "declarations_textile",
    "deposit_returns",
    "flat_glass_returns",
    "governance_agreement_status",
    "governance_chain_projects",
    "governance_sign_ups",
    "mattress_returns",
    "municipal_returns",
    "sorting_analyses",
)
FIGURE_KEYS = {"column", "measure", "unit", "scale", "decimals", "subgroup", "scope_version", "definition_version"}
MORE_FIGURE_KEYS = {"margins", "part_of", "only", "flags", "chain_table", "filled", "counting", "below"}
# Where sums by parent may end; batteries are no part of the total of equipment, nor are centres of anything else.
ROOTS = {"total", "batteries", "craft_centres"}
# Of the kilograms that are handed in tonnes are published; anything else is published as it comes.
SCALES = {("kg", "t"): 0.001} | {(unit, unit): 1 for unit in ("pieces", "eur", "fte", "count", "persons")}
NEED_THE_PREVIOUS_PERIOD = {"unitSlip", "changeSincePrevious"}


def figures(name: str) -> list[dict[str, Any]]:
    """The property `figures` of a delivery."""
    found: list[dict[str, Any]] = delivery(name).contract.get("figures")
    return found


EVERY_FIGURE = [(name, figure) for name in NAMES for figure in figures(name)]
FIGURE_IDS = [f"{name}-{position}" for name in NAMES for position, _ in enumerate(figures(name))]


def subgroups_of(name: str, figure: dict[str, Any]) -> set[str]:
    """The subgroups of a figure, without the sums by parent."""
    if not str(figure["subgroup"]).startswith("from "):
        return {figure["subgroup"]}
    column = figure["subgroup"].removeprefix("from ")
    codes = load_codelist(str(delivery(name).contract.column(column).code_list)).codes
    kept = figure.get("only", {}).get(column)
    return {code.get("subgroup") for code in codes if kept is None or code.code in kept}


def ancestors(subgroup: str) -> list[str]:
    """A subgroup and its parents, up to the root."""
    line = [subgroup]
    while parent := load_codelist("subgroup").entry(line[-1]).parent:
        assert parent not in line, line
        line.append(parent)
    return line


def text_rows(contract: Contract, *rows: dict[str, Any]) -> pa.Table:
    """Rows as a deliverer writes them: text; what is not given is empty."""
    return pa.table(
        {
            column: pa.array([None if row.get(column) is None else str(row[column]) for row in rows], pa.string())
            for column in contract.column_names
        }
    )


def offended(contract: Contract, row: dict[str, Any]) -> list[str]:
    """Keys of the rules per row that a row offends, and of its cells that are no value of their type."""
    typed, unreadable = cast(text_rows(contract, row), contract)
    found = [f"{contract.table}__{cell.column}__type" for cell in unreadable]
    with duckdb.connect(":memory:") as connection:
        connection.register("delivered", typed)
        for rule in contract.rules:
            if not rule.per_row or rule.kind in {"primaryKey", "unique"} | NEED_THE_PREVIOUS_PERIOD:
                continue
            if rule.kind == "partsNotAbove":
                offends = parts_above(rule, typed.to_pylist()[0])
            else:
                offends = bool(connection.execute(f"SELECT {violation(rule)} FROM delivered").fetchall()[0][0])
            if offends:
                found.append(rule.key)
    return found


def parts_above(rule: Rule, row: dict[str, Any]) -> bool:
    """Whether the filled parts of a row are together more than their whole, or have no whole."""
    parts = [row[part] for part in rule.argument("parts") if row.get(part) is not None]
    whole = row.get(rule.columns[0])
    if not parts or whole is None:
        return bool(parts)
    room = whole - (row.get(rule.argument("less")) or 0)
    return bool(sum(parts) > room * (1 + rule.argument("tolerance", 0.0)))


def test_every_delivery_is_read() -> None:
    assert delivery_names() == NAMES
    assert [delivery(name).name for name in NAMES] == list(NAMES)


def test_every_chain_table_has_declarations_of_its_producers_in_one_shape() -> None:
    declared = [delivery(name) for name in NAMES if name.startswith("declarations_")]
    assert {found.chain_table for found in declared} == {
        "packaging", "electronics", "furniture", "textile", "construction",
    }  # fmt: skip
    assert len({found.contract.column_names for found in declared}) == 1


@pytest.mark.parametrize("name", NAMES)
def test_a_delivery_starts_with_who_hands_in_and_about_which_period(name: str) -> None:
    found = delivery(name)
    assert found.contract.primary_key[:2] == (DELIVERER, PERIOD)
    assert found.contract.column_names[:2] == (DELIVERER, PERIOD)
    assert set(found.deliverers) <= set(deliverers())
    form, pattern = PERIOD_PATTERNS[found.period_form], found.contract.column(PERIOD).pattern
    assert pattern is not None
    for period in ("2025", "2025-Q1", "2025-01", "1999", "20251"):
        assert bool(re.fullmatch(form, period)) == bool(re.fullmatch(pattern, period)), period


@pytest.mark.parametrize("name", NAMES)
def test_the_deadline_is_a_day_of_every_year_and_says_where_it_comes_from(name: str) -> None:
    month, day = map(int, delivery(name).deadline.split("-"))
    assert datetime.date(2025, month, day)
    lines = (FOLDER / f"{name}.odcs.yaml").read_text(encoding="utf-8").splitlines()
    position = next(number for number, line in enumerate(lines) if "property: deadline" in line)
    assert lines[position - 1].lstrip().startswith("#")


@pytest.mark.parametrize("name", NAMES)
def test_every_text_is_there_in_dutch_and_english(name: str) -> None:
    found = delivery(name)
    contract = found.contract
    pairs = [
        (contract.title_nl, contract.title_en),
        (contract.description_nl, contract.description_en),
        (contract.granularity_nl, contract.granularity_en),
        (found.disclosure_reason_nl, found.disclosure_reason_en),
    ]
    for column in contract.columns:
        pairs += [(column.title_nl, column.title_en), (column.description_nl, column.description_en)]
    for dutch, english in pairs:
        assert dutch, pairs
        assert english, pairs
    sentences = [pair for pair in pairs if pair[0].endswith(".")]
    assert len(sentences) == len(contract.columns) + 3
    assert [pair for pair in sentences if pair[0] == pair[1] or not pair[1].endswith(".")] == []


def test_no_two_deliveries_and_no_two_columns_of_one_have_the_same_title() -> None:
    for language in ("title_nl", "title_en"):
        assert len({getattr(delivery(name).contract, language) for name in NAMES}) == len(NAMES)
        for name in NAMES:
            titles = [getattr(column, language) for column in delivery(name).contract.columns]
            assert len(set(titles)) == len(titles), name


@pytest.mark.parametrize("path", sorted(FOLDER.rglob("*.odcs.yaml")), ids=lambda path: path.stem)
def test_every_pattern_is_also_given_in_words(path: Any) -> None:
    for column in Source(path).data["schema"][0].get("properties") or []:
        named = {item["property"]: item["value"] for item in column["customProperties"]}
        words = [bool(named.get(name)) for name in ("patternNl", "patternEn")]
        assert words == ["pattern" in (column.get("logicalTypeOptions") or {})] * 2, column["name"]


@pytest.mark.parametrize("name", NAMES)
def test_a_column_of_amounts_names_its_unit_and_is_not_below_zero(name: str) -> None:
    for column in delivery(name).contract.columns:
        if column.logical_type not in ("number", "integer"):
            assert column.unit is None, column.name
            continue
        assert column.unit in {"kg", "pieces", "eur", "fte", "count", "persons"}, column.name
        if column.unit in ("kg", "pieces", "eur"):
            assert column.name.endswith(f"_{column.unit}"), column.name
        if column.name != "stock_change_kg":
            assert column.minimum is not None, column.name


@pytest.mark.parametrize("name", NAMES)
def test_rules_name_columns_and_codes_that_exist(name: str) -> None:
    contract = delivery(name).contract
    kinds = [rule.kind for rule in contract.rules]
    assert "rowCount" in kinds
    for rule in contract.rules:
        named = [*rule.columns, *rule.argument("parts", ()), rule.argument("less"), rule.argument("other")]
        if rule.kind == "partsAddUp":
            codes = set(load_codelist(str(contract.column(rule.argument("dimension")).code_list)).values())
            assert {*rule.argument("parts"), rule.argument("total")} <= codes
            ((column, kept),) = rule.argument("only").items()
            assert kept in load_codelist(str(contract.column(column).code_list)).values()
            named = [*rule.columns, *rule.argument("by"), column]
        assert set(filter(None, named)) <= set(contract.column_names), rule.key


@pytest.mark.parametrize("name", sorted(path.stem for path in FOLDER.parent.glob("codelists/declared_*.csv")))
def test_every_declared_category_has_a_subgroup_of_its_own(name: str) -> None:
    subgroups = [code.get("subgroup") for code in load_codelist(name).codes]
    assert len(set(subgroups)) == len(subgroups)
    assert set(subgroups) <= set(load_codelist("subgroup").values())


@pytest.mark.parametrize(("name", "figure"), EVERY_FIGURE, ids=FIGURE_IDS)
def test_a_figure_names_codes_that_exist_and_a_column_in_its_unit(name: str, figure: dict[str, Any]) -> None:
    assert FIGURE_KEYS <= figure.keys() <= FIGURE_KEYS | MORE_FIGURE_KEYS
    contract = delivery(name).contract
    if figure["column"]:
        assert figure["scale"] == SCALES[(str(contract.column(figure["column"]).unit), figure["unit"])]
    else:
        # rows that are counted
        assert (figure["unit"], figure["scale"], figure["decimals"]) == ("count", 1, 0)
    assert isinstance(figure["decimals"], int)
    for key in ("measure", "unit", "scope_version", "definition_version"):
        assert figure[key] in load_codelist(key).values(), key
    chain_table = figure.get("chain_table", delivery(name).chain_table)
    assert chain_table in load_codelist("chain_table").values()
    for key in ("measure", "definition_version"):
        assert load_codelist(key).entry(figure[key]).get("chain_table") in (chain_table, ""), key
    for subgroup in subgroups_of(name, figure):
        assert load_codelist("subgroup").entry(subgroup).get("chain_table") in (chain_table, ""), subgroup
    for other, kept in figure.get("only", {}).items():
        allowed = contract.column(other).allowed or ({DELIVERER: delivery(name).deliverers, "area": ("NL",)}[other])
        assert set(kept) <= set(allowed), other
    if "part_of" in figure:
        whole = [rule for rule in contract.rules if rule.columns[:1] == (figure["part_of"],)]
        parts = {part for rule in whole for part in (*rule.argument("parts", ()), rule.argument("other"))}
        assert figure["column"] in parts


@pytest.mark.parametrize(("name", "figure"), EVERY_FIGURE, ids=FIGURE_IDS)
def test_a_figure_has_a_subgroup_and_sums_by_parent_end_in_a_root(name: str, figure: dict[str, Any]) -> None:
    found = subgroups_of(name, figure)
    assert found <= set(load_codelist("subgroup").values())
    assert ("margins" in figure) == str(figure["subgroup"]).startswith("from ")
    if figure.get("margins"):
        lines = [ancestors(subgroup) for subgroup in found]
        assert {line[-1] for line in lines} <= ROOTS
        assert len({line[-1] for line in lines}) == 1
        # a leaf that is also a parent would be counted once more
        assert {parent for line in lines for parent in line[1:]} & found == set()


@pytest.mark.parametrize("name", NAMES)
def test_no_two_figures_of_a_delivery_are_the_same_observation(name: str) -> None:
    keys = [
        (figure.get("chain_table"), figure["measure"], figure["unit"], figure["scope_version"], subgroup)
        for figure in figures(name)
        for subgroup in subgroups_of(name, figure)
    ]
    assert len(set(keys)) == len(keys)


def test_what_a_part_reports_is_no_measure_that_is_divided_by_all_inhabitants_or_taken_for_equipment() -> None:
    assert all(figure["measure"].startswith("reporting_") for figure in figures("municipal_returns"))
    assert all(figure["measure"].startswith("batteries_") for figure in figures("declarations_batteries"))


def test_solar_panels_are_in_the_total_of_equipment_and_can_be_left_out_of_it() -> None:
    by_category = {code.code: code.get("subgroup") for code in load_codelist("declared_electronics").codes}
    assert ancestors(by_category["solar_panels"]) == ["open_scope_pv", "total"]
    for category in sorted(set(by_category) - {"solar_panels"}):
        assert ancestors(by_category[category])[1:] == ["open_scope_excl_pv", "total"]


@pytest.mark.parametrize("name", NAMES)
def test_the_indicators_that_follow_are_in_the_list(name: str) -> None:
    assert set(delivery(name).contract.get("indicators")) <= set(load_codelist("indicator").values())


def test_the_indicators_that_wait_for_a_delivery_are_named_by_one() -> None:
    named = {indicator for name in NAMES for indicator in delivery(name).contract.get("indicators")}
    # consumption and used exports wait for PRODCOM and COMEXT, not for a delivery
    waiting = set(textile.AWAITED) - {"textile_apparent_consumption_t", "textile_export_used_t"}
    assert waiting | set(craft_centres.AWAITED) | {"bulky_waste_kg_hab", "bulky_residual_share"} <= named


def test_figures_of_producers_are_protected_by_their_number_and_those_of_centres_by_three() -> None:
    for name in NAMES:
        rules = delivery(name).disclosure
        if name.startswith("declarations_"):
            assert rules is not None
            assert (rules.respondent, rules.minimum_respondents, rules.p_percent) == ("producer", 3, 10.0)
            assert rules.dominance == ((1, 0.75), (2, 0.9))
        elif name == "craft_centre_returns":
            assert rules is not None
            assert (rules.respondent, rules.minimum_respondents, rules.dominance) == ("centre", 3, ())
        else:
            assert rules is None, name


@pytest.mark.parametrize("name", NAMES)
def test_the_example_row_is_a_row_in_order(name: str) -> None:
    contract = delivery(name).contract
    example = contract.get("example")
    assert example[DELIVERER] == "voorbeeld"
    assert set(example) <= set(contract.column_names)
    assert offended(contract, example) == []


@pytest.mark.parametrize(
    ("name", "change", "rule"),
    [
        ("declarations_packaging", {"producer": "1234567"}, "producer__pattern"),
        ("declarations_packaging", {"category": "cat_1"}, "category__codelist"),
        ("declarations_electronics", {"put_on_market_kg": -1}, "put_on_market_kg__minimum"),
        ("declarations_textile", {"collected_kg": 1000}, "collected_kg__mass_balance"),
        ("declarations_furniture", {"collected_kg": None}, "collected_kg__mass_balance"),
        ("declarations_textile", {"fibre_to_fibre_kg": 40001}, "recycled_kg__not_above_recycled"),
        ("deposit_returns", {"collected_kg": None}, "collected_kg__required"),
        ("deposit_returns", {"put_on_market_pieces": "2,1e9"}, "put_on_market_pieces__type"),
        ("mattress_returns", {"discarded_pieces": 1000000}, "discarded_pieces__collected_within_discarded"),
        ("flat_glass_returns", {"disposed_kg": 9000000}, "collected_kg__mass_balance"),
        ("craft_centre_returns", {"centre": "12345678"}, "centre__pattern"),
        ("craft_centre_returns", {"repaired_pieces": 411}, "offered_for_repair_pieces__repaired_within_offered"),
        ("municipal_returns", {"municipality": "Utrecht"}, "municipality__pattern"),
        ("municipal_returns", {"household_waste_kg": 20000000}, "household_waste_kg__streams_within_total"),
        ("sorting_analyses", {"area": "BE"}, "area__pattern"),
        ("sorting_analyses", {"grossed_up_kg": 400}, "grossed_up_kg__not_below_sample"),
        ("governance_sign_ups", {"basic_level": None}, "basic_level__basic_level_with_permits"),
        ("governance_agreement_status", {"status": "half"}, "status__codelist"),
        ("governance_chain_projects", {"status": "finished"}, "ended_on__end_unless_running"),
        ("governance_chain_projects", {"started_on": "1-3-2025"}, "started_on__type"),
    ],
)
def test_a_fault_in_the_example_row_is_found_by_the_rule_that_is_meant_for_it(
    name: str, change: dict[str, Any], rule: str
) -> None:
    contract = delivery(name).contract
    assert f"{name}__{rule}" in offended(contract, contract.get("example") | change)


def test_the_agreements_to_report_on_are_those_of_the_covenant_and_the_known_material_chains() -> None:
    covenant = load_reference_csv("covenant_agreements")
    chains = [row for row in load_reference_csv("bouwmaterialen_chains") if row["is_open"] == "false"]
    themes = load_reference_csv("covenant_themes")
    listed = load_codelist("agreement")
    assert set(listed.values()) == {row["agreement"] for row in covenant} | {
        f"roadmap_{row['material_chain']}" for row in chains
    }
    for row in covenant:
        entry = listed.entry(row["agreement"])
        assert entry.label_nl.endswith(f"afspraak {row['number']}: {row['text_nl']}")
        assert entry.label_en.endswith(f"agreement {row['number']}: {row['text_en']}")
        assert entry.get("agreement_part") == row["theme"]
    parts = load_codelist("agreement_part")
    assert set(parts.values()) == {row["theme"] for row in themes} | {
        f"chain_{row['material_chain']}" for row in chains
    }
    assert {code.get("agreement_part") for code in listed.codes} == set(parts.values())
    assert set(load_codelist("declared_construction").values()) == {row["material_chain"] for row in chains}


def test_a_delivery_that_names_a_strange_deliverer_is_refused_with_its_line(tmp_path: Any) -> None:
    text = (FOLDER / "flat_glass_returns.odcs.yaml").read_text(encoding="utf-8")
    path = tmp_path / "flat_glass_returns.odcs.yaml"
    path.write_text(text.replace("value: [vlakglas]", "value: [nobody]"), encoding="utf-8")
    with pytest.raises(ContractError, match=r"flat_glass_returns.odcs.yaml:13: .*'nobody' is not in reference"):
        read_delivery(path)

"""Yearly imports and exports from COMEXT's rows: which rows count, and that nothing counts twice."""

from __future__ import annotations

import pandas as pd
import pytest

from assets.sources.comext_products import goods
from assets.sources.comext_totals import COLUMNS, yearly_trade

GOODS = goods("comext_products")


def _rows(*rows: tuple[str, str, str, str, float, float]) -> pd.DataFrame:
    names = ["PERIOD", "TRADE_TYPE", "PRODUCT_NC", "FLOW", "QUANTITY_KG", "VALUE_EUR"]
    return pd.DataFrame(rows, columns=names)


def _found(rows: pd.DataFrame) -> list[tuple[object, ...]]:
    table = yearly_trade(rows, GOODS)
    assert list(table.columns) == COLUMNS
    return [tuple(row) for row in table.itertuples(index=False)]


def test_partners_and_procedures_of_a_part_are_added_up_in_tonnes() -> None:
    rows = _rows(
        ("202452", "I", "63090000", "2", 1500.0, 900.0),
        ("202452", "E", "63090000", "2", 500.0, 100.0),
        ("202452", "E", "63090000", "1", 250.0, 80.0),
        ("202452", "E", "94036090", "1", 4000.0, 12000.0),
    )
    assert _found(rows) == [
        ("furniture", "other_furniture", "consumption", "imports", 2024, 4.0, 12000.0),
        ("textile", "used_textiles", "used_goods", "exports", 2024, 2.0, 1000.0),
        ("textile", "used_textiles", "used_goods", "imports", 2024, 0.25, 80.0),
    ]


@pytest.mark.parametrize(
    ("months", "tonnes"), [(range(1, 13), [12.0]), (range(1, 12), []), (range(2, 13), []), (range(0), [])]
)
def test_a_year_counts_with_all_its_months_only(months: range, tonnes: list[float]) -> None:
    rows = _rows(*[(f"2025{month:02d}", "I", "61091000", "1", 1000.0, 1.0) for month in months])
    assert [row[5] for row in _found(rows)] == tonnes


def test_a_year_of_its_own_is_not_added_to_its_months() -> None:
    months = [(f"2025{month:02d}", "I", "61091000", "1", 1000.0, 1.0) for month in range(1, 13)]
    assert [row[5] for row in _found(_rows(*months, ("202552", "I", "61091000", "1", 12_500.0, 12.0)))] == [12.5]


def test_the_parts_of_the_united_kingdom_do_not_count_twice() -> None:
    rows = _rows(("202452", "E", "61091000", "2", 10.0, 1.0), ("202452", "L", "61091000", "2", 4.0, 1.0))
    assert [row[5] for row in _found(rows)] == [0.01]


def test_goods_that_are_secret_are_shown_apart_and_those_left_out_too() -> None:
    rows = _rows(
        ("202452", "E", "94XXXXXX", "1", 120.0, 890.0),
        ("202452", "E", "94012000", "1", 700.0, 9.0),
        ("202452", "E", "85285999", "1", 30.0, 7.0),
    )
    assert _found(rows) == [
        ("", "secret", "secret", "imports", 2024, 0.12, 890.0),
        ("electronics", "unmatched", "unmatched", "imports", 2024, 0.03, 7.0),
        ("furniture", "seats", "left_out", "imports", 2024, 0.7, 9.0),
    ]


def test_the_order_of_the_rows_makes_no_difference() -> None:
    rows = _rows(*[("202452", "I", "61091000", "1", float(kg), 0.0) for kg in (3, 10**12, 7, 11)])
    assert _found(rows) == _found(rows.iloc[::-1])

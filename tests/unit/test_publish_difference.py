"""What counts as a change, how it is reported, and which version number it asks for."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from contracts.contract import Contract
from publish.cells import CHANGES_SCHEMA, cell_changes
from publish.difference import Difference, FieldChange, SchemaDifference, difference, schema_difference
from tests.release_example import column

FIGURES = Contract(
    id="test.figures",
    table="figures",
    version="1.0.0",
    path=Path("figures.odcs.yaml"),
    title_nl="t",
    title_en="t",
    description_nl="d",
    description_en="d",
    granularity_nl="r",
    granularity_en="r",
    rules=(),
    columns=(
        column("geo", key=1),
        column("year", "integer", key=2),
        column("value", "number"),
        column("obs_status"),
        column("flags"),
        column("vintage", provenance=True),
    ),
)


def figures(*rows: tuple[Any, ...]) -> pa.Table:
    types = (pa.string(), pa.int64(), pa.float64(), pa.string(), pa.string(), pa.string())
    names = FIGURES.column_names
    cells = [[row[i] for row in rows] for i in range(len(names))]
    return pa.table([pa.array(c, t) for c, t in zip(cells, types, strict=True)], names=list(names))


# env_waspac, Netherlands: tonnes of packaging waste, 2017 as in the edition of 2021-02-08
NL_2017 = ("NL", 2017, 3138000.0, "A", "", "aaa")
NL_2018 = ("NL", 2018, 3200000.0, "P", "p", "aaa")
BE_2018 = ("BE", 2018, None, "L", "", "aaa")


def changes(old: pa.Table, new: pa.Table) -> list[tuple[Any, ...]]:
    return [tuple(row.values())[1:] for row in cell_changes(old, new, FIGURES).to_pylist()]


def test_a_changed_cell_is_reported_with_both_values_and_both_statuses() -> None:
    revised = ("NL", 2018, 3210500.0, "A", "", "bbb")
    key = '{"geo": "NL", "year": 2018}'
    assert changes(figures(NL_2017, NL_2018), figures(NL_2017, revised)) == [
        (key, "changed", "value", "3200000", "3210500", "P", "A"),
        (key, "changed", "obs_status", "P", "A", "P", "A"),
        (key, "changed", "flags", "p", None, "P", "A"),
    ]


def test_rows_that_come_and_go_are_reported_once_and_in_the_order_of_the_key() -> None:
    assert changes(figures(NL_2017, NL_2018), figures(NL_2018, BE_2018)) == [
        ('{"geo": "BE", "year": 2018}', "added", None, None, None, None, "L"),
        ('{"geo": "NL", "year": 2017}', "removed", None, None, None, "A", None),
    ]


@pytest.mark.parametrize(
    "other",
    [
        ("NL", 2017, 3138000.0, "A", "", "zzz"),
        ("NL", 2017, 3138000.0 * (1 + 1e-15), "A", "", "aaa"),
        ("NL", 2017, 3138000.0, "A", None, "aaa"),
    ],
    ids=["another retrieval", "the last bits of a double", "no flag, empty or null"],
)
def test_what_a_reader_of_the_csv_cannot_see_is_no_change(other: tuple[Any, ...]) -> None:
    assert changes(figures(NL_2017), figures(other)) == []


def test_the_report_does_not_depend_on_the_row_order() -> None:
    old, new = figures(NL_2017, NL_2018), figures(BE_2018, ("NL", 2017, 1.0, "A", "", "aaa"))
    assert changes(old, new) == changes(old.take([1, 0]), new.take([1, 0]))


def test_a_column_that_only_one_side_has_is_no_changed_cell() -> None:
    old = figures(NL_2017).drop_columns(["flags"]).append_column("gone", pa.array(["x"]))
    assert changes(old, figures(NL_2017)) == []


def test_under_a_new_key_every_row_is_removed_and_added() -> None:
    old = figures(NL_2017).drop_columns(["year"])
    assert [row[1] for row in changes(old, figures(NL_2017))] == ["removed", "added"]


def test_nothing_against_nothing_has_the_columns_of_the_report() -> None:
    assert cell_changes(figures(), figures(), FIGURES).schema == CHANGES_SCHEMA
    assert cell_changes(figures(), figures(), FIGURES).num_rows == 0


DESCRIPTOR: dict[str, Any] = {
    "name": "packaging",
    "title": "Verpakkingen",
    "version": "1.0.0",
    "created": "2026-11-21T03:00:00Z",
    "sources": [{"title": "env_waspac"}],
    "resources": [
        {
            "name": "figures",
            "path": "data/figures.csv",
            "type": "table",
            "title": "Cijfers",
            "bytes": 1,
            "hash": "sha256:a",
            "upv:rows": 3,
            "schema": {
                "fields": [
                    {
                        "name": "geo",
                        "type": "string",
                        "title": "Gebied",
                        "constraints": {"required": True, "enum": ["NL", "BE"]},
                    },
                    {"name": "value", "type": "number", "title": "Waarde", "constraints": {"minimum": 0}},
                ],
                "primaryKey": ["geo"],
                "missingValues": [""],
            },
        },
    ],
}


def _set(path: list[Any], value: Any) -> dict[str, Any]:
    changed = deepcopy(DESCRIPTOR)
    place: Any = changed
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return changed


FIELDS = ["resources", 0, "schema", "fields"]
GEO, VALUE = DESCRIPTOR["resources"][0]["schema"]["fields"]


@pytest.mark.parametrize(
    ("new", "bump"),
    [
        (DESCRIPTOR, "none"),
        (_set(["version"], "1.0.1"), "none"),
        (_set(["created"], "2027-01-01T03:00:00Z"), "none"),
        (_set(["sources"], []), "none"),
        (_set(["resources", 0, "hash"], "sha256:c"), "none"),
        (_set(["resources", 0, "upv:rows"], 4), "none"),
        (_set(["title"], "Verpakkingsafval"), "patch"),
        (_set(["licenses"], [{"name": "CC-BY-4.0"}]), "patch"),
        (_set([*FIELDS, 1, "title"], "Waarde (ton)"), "patch"),
        (_set([*FIELDS, 0, "constraints", "enum"], ["BE", "NL"]), "none"),
        (_set([*FIELDS, 0, "constraints", "enum"], ["NL", "BE", "DE"]), "minor"),
        (_set([*FIELDS, 0, "constraints", "enum"], ["NL"]), "major"),
        (_set([*FIELDS, 1, "constraints", "minimum"], -1), "minor"),
        (_set([*FIELDS, 1, "constraints", "minimum"], 1), "major"),
        (_set([*FIELDS, 1, "constraints"], {}), "minor"),
        (_set([*FIELDS, 1, "constraints", "maximum"], 100), "major"),
        (_set([*FIELDS, 1, "type"], "integer"), "major"),
        (_set(FIELDS, [VALUE, GEO]), "major"),
        (_set(FIELDS, [GEO]), "major"),
        (_set(FIELDS, [GEO, VALUE, {"name": "unit", "type": "string"}]), "major"),
        (_set(["resources", 0, "schema", "primaryKey"], ["geo", "value"]), "major"),
        (_set(["resources", 0, "schema", "missingValues"], ["", "-"]), "major"),
        (
            _set(["resources"], [*DESCRIPTOR["resources"], {**DESCRIPTOR["resources"][0], "name": "more"}]),
            "minor",
        ),
        (_set(["resources"], DESCRIPTOR["resources"][1:]), "major"),
    ],
)
def test_a_change_of_the_description_asks_for_its_version(new: dict[str, Any], bump: str) -> None:
    assert Difference(schema=schema_difference(DESCRIPTOR, new)).required_bump() == bump


def test_a_change_of_the_description_is_named() -> None:
    found = schema_difference(DESCRIPTOR, _set([*FIELDS, 1, "title"], "Waarde (ton)"))
    assert found == SchemaDifference(descriptions=("resources/figures/fields/value/title",))
    found = schema_difference(DESCRIPTOR, _set([*FIELDS, 1, "type"], "integer"))
    assert found.fields == (FieldChange("figures", "value", "retyped", "type", "number", "integer"),)
    found = schema_difference(DESCRIPTOR, _set(FIELDS, [GEO]))
    assert (found.fields, found.descriptions) == ((FieldChange("figures", "value", "removed", "field"),), ())


@pytest.mark.parametrize(
    ("counts", "bump"),
    [
        ({"rows_added": {"figures": 1}}, "minor"),
        ({"cells_changed": {"figures": 1}}, "minor"),
        ({"rows_removed": {"figures": 1}, "rows_added": {"figures": 9}}, "major"),
        ({"rows_removed": {"figures": 2}, "awaited_removed": {"figures": 2}}, "minor"),
        ({"rows_removed": {"figures": 3}, "awaited_removed": {"figures": 2}}, "major"),
        ({"cells_changed": {"codelist-unit": 1}}, "patch"),
        ({"rows_added": {"codelist-unit": 1}}, "minor"),
        ({"rows_removed": {"codelist-unit": 1}}, "major"),
        ({"rows_added": {"figures": 0}}, "none"),
    ],
)
def test_a_change_of_the_figures_asks_for_its_version(counts: dict[str, Any], bump: str) -> None:
    assert Difference(**counts, code_lists=frozenset({"codelist-unit"})).required_bump() == bump


def test_a_row_that_said_that_a_figure_is_awaited_goes_without_a_break_when_the_figure_comes() -> None:
    awaited, known = figures(("NL", 2025, None, "O", "", "")), figures(("NL", 2024, 78.5, "A", "", ""))
    facts = ({"figures": FIGURES}, frozenset[str]())
    found = difference(DESCRIPTOR, DESCRIPTOR, {"figures": awaited}, {"figures": known}, *facts)
    assert (found.rows_removed, found.awaited_removed) == ({"figures": 1}, {"figures": 1})
    assert found.required_bump() == "minor"
    lost = difference(DESCRIPTOR, DESCRIPTOR, {"figures": known}, {"figures": awaited}, *facts)
    assert lost.required_bump() == "major"


def test_the_summary_counts_changed_cells_by_column_and_is_json() -> None:
    found = cell_changes(figures(NL_2018), figures(("NL", 2018, 1.0, "A", "p", "aaa")), FIGURES)
    summary = Difference(cells_changed={"figures": 2}, changes=found).summary()
    assert summary["tables"]["figures"] == {
        "rows_added": 0,
        "rows_removed": 0,
        "cells_changed": 2,
        "cells_changed_by_column": {"obs_status": 1, "value": 1},
    }
    assert json.loads(json.dumps(summary)) == summary

"""Protected tables under attack, by an attacker of the tests' own (`tests/disclosure_attacker.py`)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.formulas.disclosure import exposures, protected_table
from assets.formulas.disclosure_attack import AdditiveTable
from assets.formulas.disclosure_margins import Margins
from assets.formulas.disclosure_suppression import Pattern
from contracts.delivery_contract import Disclosure
from tests.disclosure_attacker import Breach, Contribution, Rules, breaches, frame

#: Those of contracts/deliveries/declarations_textile.odcs.yaml.
TEXTILE = Disclosure("producer", 3, ((1, 0.75), (2, 0.9)), 10, 20)

#: With those: rules that ask more of a cell than there is in it, and hardly any.
RULES = (
    TEXTILE,
    Disclosure("producer", 5, ((1, 0.3),), 60, 100),
    Disclosure("producer", 2, (), 1, 0.5),
    Disclosure("producer", 3, ((3, 0.95),), 25, 10),
)

FLAT = {"x": "T", "y": "T", "z": "T", "w": "T"}
DEEP = {"a": "T", "b": "T", "a1": "a", "a2": "a", "b1": "b", "b2": "b", "b3": "b", "c": "T"}
#: A parent with one part: both are the same figure.
NARROW = {"a": "T", "a1": "a", "a11": "a1", "b": "T"}

SHAPES: dict[str, list[Mapping[str, str]]] = {
    "one dimension": [FLAT],
    "one hierarchy": [DEEP],
    "parents of one part": [NARROW],
    "two dimensions": [FLAT, {"m": "S", "n": "S", "o": "S"}],
    "a hierarchy and a dimension": [DEEP, {"m": "S", "n": "S"}],
    "two hierarchies": [{"a": "T", "a1": "a", "a2": "a", "c": "T"}, {"k": "S", "k1": "k", "k2": "k", "l": "S"}],
    "three dimensions": [{"x": "T", "y": "T"}, {"m": "S", "n": "S"}, {"p": "R", "q": "R"}],
}


def lowest(parents: Mapping[str, str]) -> list[str]:
    return [code for code in parents if code not in parents.values()]


def margins_of(shape: list[Mapping[str, str]]) -> Margins:
    return Margins({f"d{axis}": parents for axis, parents in enumerate(shape)})


def published_cells(table: pd.DataFrame, dimensions: int) -> dict[tuple[str, ...], float]:
    codes = table[[f"d{axis}" for axis in range(dimensions)]].itertuples(index=False, name=None)
    return {
        cell: value
        for cell, value, status in zip(codes, table["value"], table["status"], strict=True)
        if status == "published"
    }


def learned(
    contributions: list[Contribution], shape: list[Mapping[str, str]], table: pd.DataFrame, rules: Disclosure = TEXTILE
) -> list[Breach]:
    numbers = Rules(rules.minimum_respondents, rules.dominance, rules.p_percent, rules.safety_percent)
    return breaches(contributions, shape, numbers, published_cells(table, len(shape)))


@st.composite
def declarations(draw: st.DrawFn, shape: list[Mapping[str, str]]) -> list[Contribution]:
    """From a few declarations, nearly all of them unsafe, to many; sizes from nothing to a giant."""
    cells = st.tuples(*(st.sampled_from(lowest(parents)) for parents in shape))
    sizes = st.sampled_from([0.0, 1.0, 2.0, 7.0, 30.0, 31.0, 100.0, 250.5, 4000.0])
    who = st.sampled_from("ABCDEFGH")
    return draw(st.lists(st.tuples(who, cells, sizes), min_size=1, max_size=draw(st.sampled_from([6, 20, 45]))))


#: Random tables attacked in each shape: many cells cost the attacker much time.
ATTACKS = {"three dimensions": 5, "two hierarchies": 5, "a hierarchy and a dimension": 6, "two dimensions": 8}


@pytest.mark.parametrize("name", SHAPES)
def test_neither_the_public_nor_a_respondent_who_subtracts_himself_derives_an_unsafe_cell(name: str) -> None:
    shape = SHAPES[name]

    @settings(max_examples=ATTACKS.get(name, 12), deadline=None)
    @given(declarations(shape), st.sampled_from(RULES))
    def attack(contributions: list[Contribution], rules: Disclosure) -> None:
        table = protected_table(frame(contributions, len(shape)), margins_of(shape), rules)
        assert learned(contributions, shape, table, rules) == []
        assert not table["exposed"].any()

    attack()


def made(shape: list[Mapping[str, str]], mean: float, seed: int) -> list[Contribution]:
    """Many declarations of few giants and many small producers."""
    random = np.random.default_rng(seed)
    cells = np.array(np.meshgrid(*(lowest(parents) for parents in shape))).reshape(len(shape), -1).T
    found = []
    for codes in cells:
        for who in random.choice(30, random.poisson(mean), replace=False):
            found.append((f"p{who:02d}", tuple(map(str, codes)), float(np.round(random.lognormal(who / 8, 1.0), 1))))
    return found


WIDE = [{f"r{place}": "T" for place in range(6)}, {f"k{place}": "S" for place in range(5)}]


def test_the_attacker_wins_where_only_the_unsafe_cells_are_withheld() -> None:
    contributions = made(WIDE, 7, seed=3)
    table = protected_table(frame(contributions, 2), margins_of(WIDE), TEXTILE)
    assert set(table["status"]) == {"published", "primary", "secondary"}
    assert learned(contributions, WIDE, table) == []
    careless = frame(contributions, 2).groupby(["d0", "d1"], as_index=False)["value"].sum()
    spared = table.loc[table["status"] == "secondary"].index
    values = table["value"].copy()
    for row in spared:
        chosen = (careless["d0"].eq(table.at[row, "d0"]) | (table.at[row, "d0"] == "T")) & (
            careless["d1"].eq(table.at[row, "d1"]) | (table.at[row, "d1"] == "S")
        )
        values[row] = careless.loc[chosen, "value"].sum()
    bare = table.assign(value=values, status=table["status"].where(table["status"] == "primary", "published"))
    assert learned(contributions, WIDE, bare) != []
    audit = exposures(frame(contributions, 2), margins_of(WIDE), TEXTILE, bare[bare["status"] == "published"])
    public = {(breach.cell, breach.side) for breach in learned(contributions, WIDE, bare) if breach.attacker == ""}
    cells = zip(zip(audit["d0"], audit["d1"], strict=True), audit["direction"], strict=True)
    assert {cell for cell, who in zip(cells, audit["attacker"], strict=True) if who == ""} == public


def test_a_pattern_that_the_audit_finds_wanting_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    def careless(table: AdditiveTable, _: object) -> Pattern:
        return Pattern((table.protection > 0) & ~table.fixed, ())

    monkeypatch.setattr("assets.formulas.disclosure.suppress", careless)
    contributions = made(SHAPES["two hierarchies"], 5, seed=2)
    table = protected_table(frame(contributions, 2), margins_of(SHAPES["two hierarchies"]), TEXTILE)
    assert learned(contributions, SHAPES["two hierarchies"], table) == []
    assert set(table["status"]) == {"primary", "secondary"}


@pytest.mark.parametrize("seed", [0, 4])
def test_no_cell_is_withheld_without_need(seed: int) -> None:
    small = [{f"r{place}": "T" for place in range(5)}, {f"k{place}": "S" for place in range(4)}]
    rows = frame(made(small, 7, seed), 2)
    table = protected_table(rows, margins_of(small), TEXTILE)
    published = table["status"] == "published"
    needed = {
        row: not exposures(rows, margins_of(small), TEXTILE, table[published | (table.index == row)]).empty
        for row in table.index[table["status"] == "secondary"]
    }
    assert needed and all(needed.values()), needed


def test_two_who_are_each_alone_in_a_withheld_cell_do_not_learn_of_each_other() -> None:
    many = [(f"p{n}", ("z",), 40.0) for n in range(5)] + [(f"p{n}", ("w",), 30.0) for n in range(6)]
    contributions = [("A", ("x",), 50.0), ("B", ("y",), 60.0), *many]
    table = protected_table(frame(contributions, 1), margins_of([FLAT]), TEXTILE).set_index("d0")
    # x and y alone hide each other from the public; A, who knows x, would know y
    assert table["status"].to_dict() == {
        "T": "published", "w": "secondary", "x": "primary", "y": "primary", "z": "published",
    }  # fmt: skip
    assert table.loc["T", "value"] == 490.0
    assert table.loc[["x", "y", "w"], "value"].isna().all()
    audit = exposures(
        frame(contributions, 1), margins_of([FLAT]), TEXTILE, pd.DataFrame({"d0": ["T", "z", "w"]})
    )  # fmt: skip
    assert audit[["d0", "attacker", "direction", "attained"]].to_numpy().tolist() == [
        ["x", "B", "up", 0.0],
        ["x", "B", "down", 0.0],
        ["y", "A", "up", 0.0],
        ["y", "A", "down", 0.0],
    ]


def test_who_fills_in_the_cell_where_he_is_alone_does_not_come_too_near_to_another_to_which_he_gave() -> None:
    rest = [(f"p{n}", ("z",), 4.0) for n in range(3)] + [(f"q{n}", ("w",), 40.0) for n in range(5)]
    contributions = [("A", ("x",), 60.0), ("B", ("x",), 40.0), ("A", ("y",), 50.0), *rest]
    table = protected_table(frame(contributions, 1), margins_of([FLAT]), TEXTILE).set_index("d0")
    # x asks 20; A fills in y, and z has 12 only
    assert table["status"].to_dict() == {
        "T": "published", "w": "secondary", "x": "primary", "y": "primary", "z": "published",
    }  # fmt: skip


def test_a_table_without_unsafe_cells_is_published_whole() -> None:
    contributions = [(f"p{n}", (code,), 10.0) for code in FLAT for n in range(5)]
    table = protected_table(frame(contributions, 1), margins_of([FLAT]), TEXTILE)
    assert table[["d0", "value", "status"]].to_numpy().tolist() == [
        ["T", 200.0, "published"],
        ["w", 50.0, "published"],
        ["x", 50.0, "published"],
        ["y", 50.0, "published"],
        ["z", 50.0, "published"],
    ]


def test_a_zero_is_published_and_hides_nothing() -> None:
    many = [(f"p{n}", ("z",), 40.0) for n in range(5)]
    contributions = [("A", ("x",), 50.0), ("A", ("y",), 0.0), ("B", ("y",), 0.0), *many]
    table = protected_table(frame(contributions, 1), margins_of([FLAT]), TEXTILE).set_index("d0")
    assert table["status"].to_dict() == {"T": "published", "x": "primary", "y": "published", "z": "secondary"}
    assert table.loc["y", "value"] == 0.0


def test_years_and_measures_are_tables_of_their_own() -> None:
    many = [(f"p{n}", ("z",), 40.0) for n in range(5)]
    safe = frame([(f"p{n}", (code,), 10.0) for code in FLAT for n in range(5)], 1)
    unsafe = frame([("A", ("x",), 50.0), *many], 1)
    both = pd.concat([safe.assign(year=2025), unsafe.assign(year=2026)], ignore_index=True)
    table = protected_table(both, Margins({"d0": FLAT}, ("year",)), TEXTILE)
    assert set(table.loc[table["year"] == 2025, "status"]) == {"published"}
    alone = protected_table(unsafe, Margins({"d0": FLAT}), TEXTILE)
    pd.testing.assert_frame_equal(
        table[table["year"] == 2026].drop(columns="year").reset_index(drop=True), alone, check_exact=True
    )


@pytest.mark.parametrize("seed", range(3))
def test_the_same_declarations_in_another_order_give_the_same_table(seed: int) -> None:
    rows = frame(made(WIDE, 6, seed=11), 2)
    first = protected_table(rows, margins_of(WIDE), TEXTILE)
    shuffled = rows.sample(frac=1, random_state=seed)
    pd.testing.assert_frame_equal(
        protected_table(shuffled, margins_of(WIDE), TEXTILE), first, check_exact=True
    )  # fmt: skip


def test_what_is_known_from_elsewhere_is_reckoned_with_and_a_cell_that_it_gives_away_is_named() -> None:
    few = [("A", ("x",), 50.0), *((f"p{n}", ("y",), 40.0) for n in range(5))]
    shape, codes = {"x": "T", "y": "T"}, pd.DataFrame({"d0": ["T", "y"]})
    table = protected_table(frame(few, 1), margins_of([shape]), TEXTILE).set_index("d0")
    assert table["status"].to_dict() == {"T": "published", "x": "primary", "y": "secondary"}
    assert not table["exposed"].any()
    given_away = protected_table(frame(few, 1), margins_of([shape]), TEXTILE, known=codes).set_index("d0")
    assert given_away["exposed"].to_dict() == {"T": False, "x": True, "y": False}
    assert given_away["status"]["x"] == "primary"
    # a total that is known leaves enough to hide behind
    total = protected_table(frame(few, 1), margins_of([shape]), TEXTILE, known=codes.iloc[:1]).set_index("d0")
    assert not total["exposed"].any()
    # of an unsafe cell that is known, we still publish nothing
    itself = protected_table(frame(few, 1), margins_of([shape]), TEXTILE, known=pd.DataFrame({"d0": ["x"]}))
    assert itself.set_index("d0").loc["x", ["status", "exposed"]].tolist() == ["primary", True]


def test_a_known_margin_that_leaves_too_little_to_hide_behind_is_said() -> None:
    # x (alone, 50) asks 16.67; of what is not known, only y (3 x 2.0) could be less than it is
    few = [
        ("A", ("x",), 50.0),
        *((f"p{n}", ("y",), 2.0) for n in range(3)),
        *((f"p{n}", ("z",), 40.0) for n in range(5)),
    ]
    rows, known = frame(few, 1), pd.DataFrame({"d0": ["T", "z"]})
    table = protected_table(rows, margins_of([FLAT]), TEXTILE, known=known).set_index("d0")
    assert table["status"].to_dict() == {"T": "published", "x": "primary", "y": "secondary", "z": "published"}
    assert table["exposed"].to_dict() == {"T": False, "x": True, "y": False, "z": False}
    audit = exposures(rows, margins_of([FLAT]), TEXTILE, known, known)
    assert audit[["d0", "attacker", "direction"]].to_numpy().tolist() == [["x", "", "up"]]
    assert audit["attained"].tolist() == pytest.approx([6.0], abs=1e-4)


def test_known_cells_without_the_columns_of_a_cell_are_refused() -> None:
    with pytest.raises(ValueError, match="no column 'd0'"):
        protected_table(
            frame([("A", ("x",), 1.0)], 1), Margins({"d0": FLAT}), TEXTILE, known=pd.DataFrame({"category": ["x"]})
        )


def test_without_declarations_there_is_no_table() -> None:
    table = protected_table(frame([], 1), Margins({"d0": FLAT}), TEXTILE)
    assert table.shape[0] == 0
    assert list(table.columns) == ["d0", "value", "status", "why", "exposed"]

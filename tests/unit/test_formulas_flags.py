"""Letters of observation flags: reading, union, weight in sums, display."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.formulas.flags import LETTERS, display_status, letters_of, union, union_for_sum, with_letter

# Domain study, chapter 0.6: the twelve letters of Eurostat's OBS_FLAG.
ANY_FLAGS = st.text(alphabet="bcdefimnpsuz", max_size=6)


def text(*values: str | None) -> pd.Series[str]:
    return pd.Series(values, dtype="str")


@pytest.mark.parametrize(
    ("printed", "letters"),
    [
        ("", ""),
        (None, ""),
        ("e", "e"),
        ("be", "be"),
        ("eb", "be"),
        ("b e", "be"),
        ("EB", "be"),
        (":c", "c"),
        (":", ""),
        (": z", "z"),
        ("ee", "e"),
        ("p,i", "ip"),
        ("zunmisfpedcb", "bcdefimnpsuz"),
    ],
)
def test_flags_are_read_letter_by_letter(printed: str | None, letters: str) -> None:
    assert letters_of(text(printed)).tolist() == [letters]


def test_a_letter_that_is_no_flag_is_an_error_that_names_it() -> None:
    with pytest.raises(ValueError, match=r"'bx' holds x, which is no known flag"):
        letters_of(text("e", "bx"))


def test_reading_flags_keeps_index_and_name() -> None:
    read = letters_of(pd.Series(["E", "B"], index=[7, 3], name="flags", dtype="str"))
    assert read.to_dict() == {7: "e", 3: "b"}
    assert read.name == "flags"


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [("", "", ""), ("e", "", "e"), ("e", "b", "be"), ("be", "ep", "bep"), ("z", "c", "cz")],
)
def test_union_takes_every_letter_once(one: str, other: str, both: str) -> None:
    assert union(text(one), text(other)).tolist() == [both]


@given(st.lists(st.tuples(ANY_FLAGS, ANY_FLAGS), min_size=1, max_size=8))
def test_union_is_commutative_idempotent_and_loses_nothing(pairs: list[tuple[str, str]]) -> None:
    one, other = text(*[pair[0] for pair in pairs]), text(*[pair[1] for pair in pairs])
    both = union(one, other)
    assert both.tolist() == union(other, one).tolist()
    assert union(both, both).tolist() == both.tolist()
    assert union(both, one).tolist() == both.tolist()
    for (first, second), joined in zip(pairs, both, strict=True):
        assert set(joined) == set(first) | set(second)
        assert list(joined) == sorted(joined)


@pytest.mark.parametrize(
    ("flags", "with_value", "without_value"),
    [
        # c > z > m > b > u > d > f > e/i/s > p (domain study, chapter 0.6); codes of SDMX CL_OBS_STATUS.
        ("", "A", "O"),
        ("p", "P", "O"),
        ("e", "E", "O"),
        ("s", "E", "O"),
        ("i", "I", "O"),
        ("ep", "E", "O"),
        ("ei", "E", "O"),
        ("f", "F", "O"),
        ("ef", "F", "O"),
        ("d", "D", "O"),
        ("df", "D", "O"),
        ("u", "U", "O"),
        ("du", "U", "O"),
        ("b", "B", "O"),
        ("be", "B", "O"),
        ("bu", "B", "O"),
        ("n", "N", "O"),
        ("m", "A", "L"),
        ("bm", "B", "L"),
        ("z", "A", "M"),
        ("mz", "A", "M"),
        ("c", "A", "Q"),
        ("cz", "A", "Q"),
        (LETTERS, "B", "Q"),
    ],
)
def test_the_most_severe_letter_is_shown(flags: str, with_value: str, without_value: str) -> None:
    shown = display_status(text(flags, flags), pd.Series([True, False]))
    assert shown.tolist() == [with_value, without_value]


@given(st.lists(st.tuples(ANY_FLAGS, st.booleans()), min_size=1, max_size=8))
def test_a_status_says_missing_if_and_only_if_there_is_no_value(rows: list[tuple[str, bool]]) -> None:
    shown = display_status(text(*[row[0] for row in rows]), pd.Series([row[1] for row in rows]))
    assert [status in {"L", "M", "O", "Q"} for status in shown] == [not has_value for _, has_value in rows]


def test_the_code_for_a_missing_value_without_letters_can_be_chosen() -> None:
    # ":" without a letter means that the figure exists and was not collected.
    assert display_status(text(""), pd.Series([False]), missing_code="L").tolist() == ["L"]
    with pytest.raises(ValueError, match="missing_code"):
        display_status(text(""), pd.Series([False]), missing_code="A")


@pytest.mark.parametrize(
    ("case", "parts", "total", "flags"),
    [
        ("4 % estimated stays out", [(96.0, ""), (4.0, "e")], 100.0, ""),
        ("exactly 5 % stays out", [(95.0, ""), (5.0, "e")], 100.0, ""),
        ("6 % estimated enters", [(94.0, ""), (6.0, "e")], 100.0, "e"),
        ("two parts of 3 % enter together", [(94.0, ""), (3.0, "e"), (3.0, "e")], 100.0, "e"),
        ("two letters of 3 % do not", [(94.0, ""), (3.0, "e"), (3.0, "p")], 100.0, ""),
        ("a break enters whatever its weight", [(99.0, ""), (1.0, "b")], 100.0, "b"),
        ("letters of one part are weighed apart", [(99.0, ""), (1.0, "be")], 100.0, "b"),
        ("confidential without value enters", [(99.0, ""), (float("nan"), "c")], float("nan"), "c"),
        ("without a total every letter enters", [(99.0, "p"), (float("nan"), "")], float("nan"), "p"),
        ("m and z enter", [(100.0, ""), (0.0, "m"), (0.0, "z")], 100.0, "mz"),
        ("with a total of zero every letter enters", [(0.0, "e"), (0.0, "")], 0.0, "e"),
    ],
)
def test_a_flag_enters_a_sum_by_weight(case: str, parts: list[tuple[float, str]], total: float, flags: str) -> None:
    columns = [(pd.Series([value]), text(letters)) for value, letters in parts]
    assert union_for_sum(columns, pd.Series([total])).tolist() == [flags], case


def test_a_letter_is_added_only_where_asked() -> None:
    assert with_letter(text("e", "e"), "b", pd.Series([True, False])).tolist() == ["be", "e"]

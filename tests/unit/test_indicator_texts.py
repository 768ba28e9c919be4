"""What a reader is told about an indicator: description, labels and formulas, in Dutch and in English.

Here: the texts of the code lists indicator, measure, subgroup and method. Not here: whether codes are known
(`test_reference_data.py`) or figures are right (`test_chain_*.py`).
"""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

from contracts.vocabulary import codelist_rows
from publish.codelists import codelist_table

REFERENCE = Path(__file__).parents[2] / "contracts" / "reference"

INDICATORS = {row["code"]: row for row in codelist_rows("indicator")}
METHODS = {row["code"]: row for row in codelist_rows("method")}
LISTS = {name: codelist_rows(name) for name in ("indicator", "measure", "subgroup", "method")}
TEXTS = [
    (name, row["code"], column, row[column])
    for name, rows in LISTS.items()
    for row in rows
    for column in row
    if column.endswith(("_nl", "_en"))
]

ENGLISH_ONLY = re.compile(r"\b(the|waste|share|scope|with|from|recycled|collected|market)\b", re.IGNORECASE)
DUTCH_ONLY = re.compile(r"\b(het|een|wordt|zijn|niet|gerecycled|ingezameld|afval)\b", re.IGNORECASE)
# RCV_R, T001523, W150102, DMC: what a source calls a figure, not what it is
CODE_OF_A_SOURCE = re.compile(r"\b(?:[A-Z]+(?:_[A-Z]+)+|[A-Z]\d{3,}|DE|IMP|EXP|DMC|GEN|TRT|[A-Z]\d*)\b")


def test_every_indicator_is_described_in_both_languages_beside_its_labels() -> None:
    assert len(INDICATORS) == 129
    assert list(codelist_rows("indicator")[0])[:6] == [
        "code", "label_nl", "label_en", "parent", "description_nl", "description_en",
    ]  # fmt: skip
    for code, row in INDICATORS.items():
        for language in ("nl", "en"):
            text = row[f"description_{language}"]
            assert 40 <= len(text) <= 600, (code, language, len(text))
            assert text != row[f"label_{language}"], code
            assert re.match(r"[A-Z]", text), (code, language)
            assert text.endswith("."), (code, language)
        assert row["description_nl"] != row["description_en"], code


def test_no_two_indicators_are_described_in_the_same_words() -> None:
    for column in ("description_nl", "description_en"):
        texts = [row[column] for row in INDICATORS.values()]
        assert sorted({text for text in texts if texts.count(text) > 1}) == []


def test_a_text_is_one_clean_line() -> None:
    for name, code, column, text in TEXTS:
        where = (name, code, column)
        assert text == text.strip(), where
        assert "  " not in text, where
        assert not re.search(r"[\n\r\t\u200e\u200f\u202a-\u202e]", text), where
        assert text.count("(") == text.count(")"), where


def test_dutch_texts_are_dutch_and_english_texts_are_english() -> None:
    for name, code, column, text in TEXTS:
        foreign = ENGLISH_ONLY if column.endswith("_nl") else DUTCH_ONLY
        if not column.startswith("source"):
            assert not foreign.search(text), (name, code, column, text)


def test_a_label_is_a_name_and_no_code() -> None:
    for name, rows in LISTS.items():
        for row in rows:
            for column in ("label_nl", "label_en"):
                label = row[column]
                assert "_" not in label, (name, row["code"], label)
                assert label[0].isupper(), (name, row["code"], label)
                assert label != row["code"], (name, row["code"])


def test_a_label_stands_for_one_code_only() -> None:
    for name, rows in LISTS.items():
        for column in ("label_nl", "label_en"):
            labels = [row[column] for row in rows]
            assert sorted({label for label in labels if labels.count(label) > 1}) == [], (name, column)


@pytest.mark.parametrize("table", ["targets", "open_targets", "municipal_survey"])
def test_every_indicator_that_a_reference_table_names_is_described(table: str) -> None:
    with (REFERENCE / f"{table}.csv").open(encoding="utf-8", newline="") as handle:
        named = {row["indicator"] for row in csv.DictReader(handle)} - {""}
    assert named
    assert sorted(code for code in named if not INDICATORS.get(code, {}).get("description_nl")) == []


@pytest.mark.parametrize(
    ("code", "dutch", "english"),
    [
        # Decision (EU) 2019/665: weight entering recycling, from reference year 2020
        ("pack_recycling_rate", "Sinds verslagjaar 2020", "Since reference year 2020"),
        ("pack_reuse_recycling_rate_nl", "pallets en kratten", "pallets and crates"),
        ("drs_collection_rate_bottles", "aandeel van het gewicht", "share of the weight"),
        # Directive 2012/19/EU, art. 7(1): the mean of the three preceding years, or 85 % of what is generated
        ("weee_collection_rate_pom", "de drie jaren daarvóór", "the three years before"),
        ("weee_collection_rate_generated", "in hetzelfde jaar zijn afgedankt", "discarded in the same year"),
        # Regulation (EU) 2023/1542, Annex XI: unlike for equipment, the year itself counts
        ("batteries_portable_collection_rate", "in het jaar zelf", "in the year itself"),
        # Besluit UPV textiel: the preceding calendar year; fibre-to-fibre over what was recycled
        ("textile_reuse_recycling_share", "voorgaande kalenderjaar", "preceding calendar year"),
        (
            "textile_fibre_to_fibre_share",
            "De noemer is het gerecyclede textiel",
            "denominator is the textiles recycled",
        ),
        ("mattress_recycling_rate", "scope_version", "scope_version"),
        ("furniture_reuse_share", "bovengrens", "upper bound"),
        ("furniture_industry_waste_recovered_share", "geen afgedankte meubels", "not discarded furniture"),
        ("dmi_t", "net_of_reexports", "net_of_reexports"),
        ("npce_halving_index", "vroegere doel", "former goal"),
        ("npce2025_replace", "ondergrens", "lower bound"),
        ("mun_separation_share", "geen recyclingpercentage", "no recycling rate"),
    ],
)
def test_a_description_says_what_is_most_often_mistaken(code: str, dutch: str, english: str) -> None:
    assert dutch in INDICATORS[code]["description_nl"]
    assert english in INDICATORS[code]["description_en"]


def test_a_scope_or_column_named_in_a_description_exists() -> None:
    scopes = {row["code"] for row in codelist_rows("scope_version")}
    for name, code, column, text in TEXTS:
        if column.startswith(("description", "formula")):
            named = set(re.findall(r"\b[a-z]+(?:_[a-z]+)+\b", text)) - {"scope_version"}
            assert named <= scopes, (name, code, column)


def test_every_method_has_a_formula_in_symbols_and_in_the_words_of_both_languages() -> None:
    for code, row in METHODS.items():
        assert row["formula"], code
        assert row["formula_nl"], code
        assert row["formula_nl"] != row["formula_en"], code


def test_no_formula_is_written_in_the_codes_of_a_source() -> None:
    # F is the name of a distribution in the formula of the lifetime model
    for code, row in METHODS.items():
        for column in ("formula", "formula_nl", "formula_en"):
            found = set(CODE_OF_A_SOURCE.findall(row[column])) - {"F", "A"}
            assert found == set(), (code, column)


def test_the_texts_are_published_with_the_code_list() -> None:
    contract, table = codelist_table("indicator")
    assert {"description_nl", "description_en"} <= {column.name for column in contract.columns}
    assert table.num_rows == 129
    assert table.column("description_nl").null_count == 0
    assert {"formula", "formula_nl", "formula_en"} <= set(codelist_table("method")[1].column_names)

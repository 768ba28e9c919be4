"""What a rule expects, in Dutch and in English, and what a deliverer reads beside a fault."""

from __future__ import annotations

from pathlib import Path

import pytest

from contracts.contract import Contract
from contracts.fault_words import fault_words, nearest_code, reading_rule
from contracts.rule_words import expected_words, number_words
from contracts.verdict import found_words
from contracts.vocabulary import CODELISTS
from tests.contract_examples import column, custom_rule, example, key


def titled(name: str, logical: str, dutch: str, english: str, rest: str = "", custom: str = "") -> str:
    """A column with titles of its own."""
    line = column(name, logical, rest, custom)
    return line.replace("value: Kolom}", f"value: '{dutch}'}}").replace("value: Column}", f"value: '{english}'}}")


def option(name: str, limit: str) -> str:
    return f"logicalTypeOptions: {{{name}: {limit}}}"


A, B = ("a", "number", "Ingezameld", "Collected"), ("b", "number", "Gerecycled", "Recycled")
TWO = titled(*A) + titled(*B) + titled("c", "number", "Voorraad", "Stock")
WORDS: dict[str, tuple[str, str, str, str]] = {
    # contract, its rule, Dutch, English
    "required": (column("c", "string", "required: true"), "", "een waarde", "a value"),
    "unique": (column("c", "string", "unique: true"), "", "elke waarde één keer", "every value once"),
    "minimum": (column("c", "number", option("minimum", "0")), "", "minstens 0", "at least 0"),
    "maximum": (column("c", "number", option("maximum", "12500.5")), "", "hoogstens 12.500,5", "at most 12500.5"),
    "exclusiveMinimum": (column("c", "number", option("exclusiveMinimum", "0.5")), "", "meer dan 0,5", "more than 0.5"),
    "exclusiveMaximum": (
        column("c", "integer", option("exclusiveMaximum", "2100")), "", "minder dan 2100", "less than 2100",
    ),
    "minLength": (column("c", "string", option("minLength", "1")), "", "minstens 1 teken", "at least 1 characters"),
    "maxLength": (column("c", "string", option("maxLength", "8")), "", "hoogstens 8 tekens", "at most 8 characters"),
    "pattern": (
        column("c", "string", option("pattern", "'[ab]+'")), "", "tekst van de vorm [ab]+", "text of the form [ab]+",
    ),
    "validValues": (
        column("c", "string", "quality: [{metric: invalidValues, arguments: {validValues: [a, b]}, mustBe: 0}]"), "",
        "een van a, b", "one of a, b",
    ),
    "rowCount": ("", "{metric: rowCount, mustBeGreaterOrEqualTo: 1}", "minstens 1 rij", "at least 1 rows"),
    "emptyExactlyWhen": (
        TWO, custom_rule("r", "rule: emptyExactlyWhen, column: a, other: b, values: [L]"),
        "geen waarde, en alleen dan, als Gerecycled een is van L", "no value exactly when Recycled is one of L",
    ),
    "filledWhen": (
        TWO, custom_rule("r", "rule: filledWhen, column: a, other: b, values: [L, M]"),
        "een waarde als Gerecycled een is van L, M", "a value when Recycled is one of L, M",
    ),
    "someFilled": (
        TWO, custom_rule("r", "rule: someFilled, columns: [a, b]"),
        "een waarde in minstens een van Ingezameld, Gerecycled", "a value in at least one of Collected, Recycled",
    ),
    "notBelow": (
        TWO, custom_rule("r", "rule: notBelow, column: a, other: b"),
        "minstens de waarde van Gerecycled", "at least the value of Recycled",
    ),
    "partsNotAbove": (
        TWO, custom_rule("r", "rule: partsNotAbove, column: a, parts: [b, c], less: c, tolerance: 0.005"),
        "Gerecycled + Voorraad hoogstens Ingezameld min Voorraad, met 0,5 % speling",
        "Recycled + Stock at most Collected less Stock, within 0.5 %",
    ),
    "unitSlip": (
        TWO, custom_rule("r", "rule: unitSlip, columns: [a, b]"),
        "een waarde in de eenheid van de vorige periode (geen factor duizend ertussen)",
        "a value in the unit of the period before (no factor of a thousand between them)",
    ),
    "changeSincePrevious": (
        TWO, custom_rule("r", "rule: changeSincePrevious, columns: [a], factor: 2.5, above: 10000"),
        "geen waarde die meer dan 2,5 keer zo groot of zo klein is als in de vorige periode, als een van beide boven "
        "10.000 ligt",
        "no value more than 2.5 times as large or as small as in the period before, where one of the two is above "
        "10,000",
    ),
    "partsAddUp": (
        TWO,
        custom_rule("r", "rule: partsAddUp, dimension: k, value: a, total: t, parts: [x, y], by: [b], tolerance: 0.01"),
        "x, y samen gelijk aan t, binnen 1 %", "x, y to add up to t within 1 %",
    ),
    "keysOfPrevious": (
        TWO, custom_rule("r", "rule: keysOfPrevious, maximumLost: 0.1"),
        "hoogstens 10 % van de sleutels van de vorige editie verdwenen",
        "at most 10 % of the previous edition's keys to be gone",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", WORDS)
def test_what_would_be_right_is_said_in_two_languages_with_the_titles_of_the_template(
    kind: str, tmp_path: Path
) -> None:
    columns, rule, dutch, english = WORDS[kind]
    contract = example(tmp_path, key() + columns, rule)
    (held,) = (r for r in contract.rules if r.kind == kind and r.columns != ("k",))
    assert fault_words(contract, held.key) == (dutch, english)


def test_a_key_names_the_columns_that_make_it_by_their_titles(tmp_path: Path) -> None:
    contract = example(tmp_path, key() + key("j", "integer", 2).replace("Kolom", "Jaar").replace("Column", "Year"))
    words = ("elke combinatie van Kolom, Jaar één keer", "every combination of Column, Year once")
    assert fault_words(contract, "example__key__unique") == words


@pytest.mark.parametrize(
    ("logical", "words"),
    [
        ("string", ("tekst", "text")),
        ("integer", ("een geheel getal", "a whole number")),
        # a deliverer may write a decimal comma: the reader of the file sees to that
        ("number", ("een getal, zonder eenheid of tekst erbij", "a number, without a unit or text beside it")),
        ("boolean", ("true of false", "true or false")),
        ("date", ("een datum als JJJJ-MM-DD", "a date as YYYY-MM-DD")),
        ("timestamp", ("een moment als JJJJ-MM-DDTuu:mm:ssZ", "a moment as YYYY-MM-DDThh:mm:ssZ")),
    ],
)
def test_every_type_is_said_in_two_languages(logical: str, words: tuple[str, str], tmp_path: Path) -> None:
    assert fault_words(example(tmp_path, key() + column("c", logical)), "example__c__type") == words


def test_a_pattern_is_said_in_the_words_of_its_contract(tmp_path: Path) -> None:
    custom = "{property: patternNl, value: acht cijfers}, {property: patternEn, value: eight digits}"
    contract = example(tmp_path, key() + column("c", "string", option("pattern", "'\\d{8}'"), custom))
    assert fault_words(contract, "example__c__pattern") == ("acht cijfers", "eight digits")
    # the audits of tables speak to who made the table: the pattern itself
    rule = next(r for r in contract.rules if r.kind == "pattern")
    assert expected_words(rule) == "text of the form [0-9]{8}"


def listing(folder: Path, code_list: str) -> Contract:
    return example(folder, key() + column("c", "string", custom=f"{{property: codeList, value: {code_list}}}"))


def test_a_short_code_list_is_written_out_and_of_a_long_one_the_number_is_given(tmp_path: Path) -> None:
    dutch, english = fault_words(listing(tmp_path, "comparator"), "example__c__codelist")
    assert dutch == "een van at_least (ten minste), at_most (ten hoogste)"
    assert english == "one of at_least (at least), at_most (at most)"
    codes = len((CODELISTS / "geo.csv").read_text(encoding="utf-8").splitlines()) - 1
    words = (f"een code uit de lijst geo ({codes} codes)", f"a code of the list geo ({codes} codes)")
    assert fault_words(listing(tmp_path, "geo"), "example__c__codelist") == words


@pytest.mark.parametrize(
    ("found", "near"),
    [("DE", "DE"), ("nederlnd", "NL"), (" Germny ", "DE"), ("EU27-2020", "EU27_2020"), ("xyzzy", None), ("", None)],
)
def test_a_code_that_is_near_is_offered(found: str, near: str | None, tmp_path: Path) -> None:
    contract = listing(tmp_path, "geo")
    rule = next(r for r in contract.rules if r.kind == "codeList")
    code = nearest_code(rule, found)
    assert (code.code if code else None) == near
    dutch, english = fault_words(contract, rule.key, found)
    assert dutch.partition("; ")[2] == (f"bedoelt u {near}?" if near else "")
    assert english.partition("; ")[2] == (f"did you mean {near}?" if near else "")


def test_a_code_that_a_rule_names_is_called_by_its_label(tmp_path: Path) -> None:
    columns = titled(*A) + titled("u", "string", "Eenheid", "Unit", custom="{property: codeList, value: comparator}")
    rule = custom_rule("r", "rule: filledWhen, column: a, other: u, values: [at_least]")
    words = ("een waarde als Eenheid een is van ten minste", "a value when Unit is one of at least")
    assert fault_words(example(tmp_path, key() + columns, rule), "example__a__r") == words


def test_a_column_too_few_or_too_many_is_named(tmp_path: Path) -> None:
    contract = example(tmp_path, key() + titled("kg", "number", "Gewicht (kg)", "Weight (kg)"))
    assert fault_words(contract, "example__kg__missing") == ("een kolom Gewicht (kg)", "a column Weight (kg)")
    unknown = ("alleen kolommen van het sjabloon", "only columns of the template")
    assert fault_words(contract, "example__ton__unknown") == unknown


def test_a_key_of_reading_has_its_words_elsewhere(tmp_path: Path) -> None:
    contract = example(tmp_path, key())
    assert reading_rule(contract, "example__row__formula_cell") == "formula_cell"
    assert reading_rule(contract, "example__k__required") is None
    with pytest.raises(KeyError, match="'example__row__formula_cell' is no key"):
        fault_words(contract, "example__row__formula_cell")


def test_what_was_found_is_said_in_two_languages(tmp_path: Path) -> None:
    rules = custom_rule("r", "rule: partsNotAbove, column: a, parts: [b], less: c")
    contract = example(tmp_path, key() + TWO, rules)
    by_kind = {r.kind: r for r in contract.rules}
    parts, alone = by_kind["partsNotAbove"], by_kind["required"]
    assert found_words(parts, [10.0, 12.5, None]) == "a 10.0, parts together 12.5, c nothing"
    assert found_words(parts, ["10", "12.5", None], "nl") == "a '10', delen samen 12.5, c niets"
    assert (found_words(alone, [None]), found_words(alone, [""], "nl")) == ("nothing", "niets")
    assert found_words(by_kind["primaryKey"], ["x"], "nl") == "meer dan één rij ermee"


@pytest.mark.parametrize(
    ("value", "dutch", "english"),
    [
        (0, "0", "0"), (2024, "2024", "2024"), (0.5, "0,5", "0.5"), (5.0, "5", "5"), (9999.25, "9999,25", "9999.25"),
        (10000, "10.000", "10,000"), (1234567.5, "1.234.567,5", "1,234,567.5"), (-12500, "-12.500", "-12,500"),
    ],
)  # fmt: skip
def test_a_number_is_written_as_its_language_does(value: float, dutch: str, english: str) -> None:
    assert (number_words(value, "nl"), number_words(value, "en")) == (dutch, english)

"""A mistake in a contract is named as `file:line: what is wrong`, with the line on which it stands."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from contracts.contract import ContractError, read_contract, read_product
from contracts.vocabulary import VocabularyError, load_codelist
from tests.contract_examples import column, custom_rule, example_text, key

# the head of an example takes 16 lines: its first column stands on line 17
GOOD = example_text(key() + column("c", "string"))


def changed(old: str, new: str) -> str:
    assert GOOD.count(old) >= 1, old
    return GOOD.replace(old, new, 1)


def with_column(logical: str, rest: str = "", custom: str = "") -> str:
    return example_text(key() + column("c", logical, rest, custom))


def with_rule(rule: str) -> str:
    return example_text(key() + column("c", "number"), rule)


def column_quality(words: str) -> str:
    return with_column("string", f"quality: [{{{words}}}]")


BROKEN = {
    "not YAML": (changed("version: 1.0.0", "version: [1.0.0"), 5, "not readable as YAML"),
    "not a mapping": ("- a\n- b\n", 1, "a contract is a mapping; found list"),
    "an empty file": ("", 1, "a contract is a mapping; found NoneType"),
    "no id": (changed("id: example\n", ""), 1, "the contract has no `id`"),
    "another kind": (changed("kind: DataContract", "kind: Contract"), 2, "kind is 'Contract', expected DataContract"),
    "another version of ODCS": (changed("v3.1.0", "v2.2.2"), 1, "apiVersion is 'v2.2.2', expected v3.1.0"),
    "a misspelt keyword of ODCS": (
        changed("status: active", "status: active\nverison: 2"),
        6,
        "verison: Extra inputs are not permitted",
    ),
    "a misspelt keyword of a column": (
        with_column("string", "requierd: true"),
        18,
        "c: 'requierd' is no keyword that is read",
    ),
    "a keyword of ODCS that we do not read": (with_column("string", "enum: [{value: a}]"), 18, "'enum' is no keyword"),
    "a misspelt keyword of a rule": (
        column_quality("metric: nullValues, mustBe: 0, severty: info"),
        18,
        "'severty' is no",
    ),
    "an unknown type": (with_column("text"), 18, "column c: logicalType is 'text', expected one of string, integer"),
    "an option of another type": (
        with_column("number", "logicalTypeOptions: {pattern: a}"),
        18,
        "column c: pattern is not an option of number",
    ),
    "a bound that is text": (with_column("number", "logicalTypeOptions: {minimum: a}"), 18, "minimum 'a' is no finite"),
    "a bound without end": (
        with_column("number", "logicalTypeOptions: {maximum: .inf}"),
        18,
        "maximum inf is no finite",
    ),
    "a length below zero": (
        with_column("string", "logicalTypeOptions: {minLength: -1}"),
        18,
        "minLength -1 is no number",
    ),
    "a pattern that is none": (
        with_column("string", "logicalTypeOptions: {pattern: '['}"),
        18,
        "no regular expression",
    ),
    "a pattern that engines read differently": (
        with_column("string", "logicalTypeOptions: {pattern: 'a(?=b)'}"),
        18,
        "uses '(?', which not every engine reads alike",
    ),
    "two patterns": (
        with_column(
            "string",
            "logicalTypeOptions: {pattern: a}, quality: [{metric: invalidValues, arguments: {pattern: b}, mustBe: 0}]",
        ),
        7,
        "column c has two patterns",
    ),
    "an unknown severity": (
        column_quality("metric: nullValues, mustBe: 0, severity: fatal"),
        18,
        "severity is 'fatal', expected one of error, warning, info",
    ),
    "a measure that we do not read": (column_quality("metric: missingValues, mustBe: 0"), 18, "metric 'missingValues'"),
    "another bound than none": (column_quality("metric: nullValues, mustBe: 3"), 18, "only `mustBe: 0` is read"),
    "a value that YAML misreads": (
        column_quality("metric: invalidValues, mustBe: 0, arguments: {validValues: [NO]}"),
        18,
        "validValues holds False, which is no string; quote it?",
    ),
    "an unknown code list": (
        with_column("string", custom="{property: codeList, value: nonsense}"),
        18,
        "column c: nonsense.csv: there is no such code list",
    ),
    "a code list on a number": (
        with_column("integer", custom="{property: codeList, value: unit}"),
        18,
        "a code list holds for text, not for integer",
    ),
    "a concept without texts": (
        example_text(key() + "      - {name: zyxwv, logicalType: string}\n"),
        18,
        "column zyxwv: concept 'zyxwv' is not in codelists/concept.csv",
    ),
    "a property given twice": (
        with_column("string", custom="{property: unit, value: t}, {property: unit, value: kt}"),
        18,
        "custom property 'unit' is given twice",
    ),
    "two columns of one name": (
        example_text(key() + column("c", "string") + column("c", "integer")),
        19,
        "column c is described twice",
    ),
    "two names that differ in case only": (
        example_text(key() + column("c", "string") + column("C", "integer")),
        19,
        "column C is described twice",
    ),
    "no key": (example_text(column("c", "string")), 7, "table example has no primary key"),
    "a gap in the key": (
        example_text(key() + key("j", position=3)),
        7,
        "primaryKeyPosition must count 1, 2, 3 ...; found [1, 3]",
    ),
    "a key that may be empty": (
        example_text(column("k", "string", "primaryKey: true")),
        7,
        "key column k must be `required: true`",
    ),
    "no columns": (GOOD.split("    properties:")[0], 7, "table example has no columns"),
    "no Dutch title": (changed("titleNl", "titelNl"), 7, "table example needs custom properties titleNl"),
    "a share above one": (
        changed("value: 0.0", "value: 5"),
        7,
        "quarantineThreshold is a share between 0 and 1; found 5",
    ),
    "an unknown rule": (
        with_rule(custom_rule("r", "rule: addsUp")),
        20,
        "rule 'addsUp' is not one of changeSincePrevious, emptyExactlyWhen",
    ),
    "a rule of another engine": (
        with_rule("{type: custom, engine: soda}"),
        20,
        "a table rule is `metric: rowCount` or",
    ),
    "a rule without its argument": (
        with_rule(custom_rule("r", "rule: notBelow, column: c")),
        20,
        "rule notBelow needs other",
    ),
    "a misspelt argument": (
        with_rule(custom_rule("r", "rule: keysOfPrevious, maximumLsot: 0.1")),
        20,
        "rule keysOfPrevious knows no maximumLsot",
    ),
    "a rule on a column that is not there": (
        with_rule(custom_rule("r", "rule: notBelow, column: c, other: d")),
        20,
        "rule notBelow: the table has no column d",
    ),
    "a grouping by a column that is not there": (
        with_rule(custom_rule("r", "rule: partsAddUp, dimension: k, value: c, total: a, parts: [b], by: [jaar]")),
        20,
        "rule partsAddUp: the table has no column jaar",
    ),
    "a part that is no column": (
        with_rule(custom_rule("r", "rule: partsNotAbove, column: c, parts: [c, d]")),
        20,
        "rule partsNotAbove: the table has no column d",
    ),
    "a part that holds no number": (
        with_rule(custom_rule("r", "rule: partsNotAbove, column: k, parts: [k]")),
        7,
        "rule partsNotAbove: column k holds string, no numbers",
    ),
    "what is less is no column": (
        with_rule(custom_rule("r", "rule: partsNotAbove, column: c, parts: [c], less: d")),
        20,
        "rule partsNotAbove: the table has no column d",
    ),
    "a tolerance below zero": (
        with_rule(custom_rule("r", "rule: partsNotAbove, column: c, parts: [c], tolerance: -0.1")),
        20,
        "rule partsNotAbove: tolerance is -0.1, expected a number of at least 0",
    ),
    "a factor that is text": (
        with_rule(custom_rule("r", "rule: changeSincePrevious, columns: [c], factor: five")),
        20,
        "rule changeSincePrevious: factor is 'five', expected a number of at least 1",
    ),
    "a period before that text is compared with": (
        with_rule(custom_rule("r", "rule: unitSlip, columns: [k]")),
        7,
        "rule unitSlip: column k holds string, no numbers",
    ),
    "a pattern in one language": (
        with_column("string", "logicalTypeOptions: {pattern: a}", "{property: patternNl, value: een a}"),
        18,
        "column c: patternNl and patternEn belong together",
    ),
    "words for a pattern that is not there": (
        with_column("string", custom="{property: patternNl, value: een a}, {property: patternEn, value: an a}"),
        18,
        "column c: patternNl says in words a pattern that the column does not have",
    ),
    "a row count without bounds": (with_rule("{metric: rowCount}"), 20, "rowCount needs mustBeGreaterOrEqualTo"),
    "two rules with one key": (
        with_rule(custom_rule("r", "rule: someFilled, columns: [c]") * 2),
        7,
        "two rules share the key example__c__r",
    ),
}


@pytest.mark.parametrize("mistake", BROKEN)
def test_a_mistake_in_a_contract_is_named_with_its_file_and_line(mistake: str, tmp_path: Path) -> None:
    text, line, words = BROKEN[mistake]
    path = tmp_path / "example.odcs.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ContractError) as caught:
        read_contract(path)
    where, message = str(caught.value).split(": ", 1)
    assert where == f"example.odcs.yaml:{line}"
    assert words in message


def test_the_example_under_the_mistakes_is_sound(tmp_path: Path) -> None:
    path = tmp_path / "example.odcs.yaml"
    path.write_text(GOOD, encoding="utf-8")
    assert read_contract(path).column_names == ("k", "c")


PRODUCT = """\
apiVersion: v3.1.0
kind: DataContract
id: pack
version: 1.0.0
status: active
customProperties:
  - {property: chainTable, value: packaging}
  - {property: titleNl, value: Pakket}
  - {property: titleEn, value: Package}
  - {property: descriptionNl, value: Een pakket.}
  - {property: descriptionEn, value: A package.}
schema:
  - name: example
    customProperties: [{property: shape, value: example}]
"""
OWN_RULE = "    quality:\n      - " + custom_rule("r", "rule: someFilled, columns: [c]")
BROKEN_PRODUCTS: dict[str, tuple[Callable[[str], str], int, str]] = {
    "an unknown shape": (
        lambda text: text.replace("value: example}", "value: shapeless}"),
        13,
        "table example: there is no shape 'shapeless' in shapes/",
    ),
    "no chain table": (
        lambda text: text.replace("chainTable", "chain"),
        1,
        "a product needs the custom property chainTable",
    ),
    "no tables": (lambda text: text.split("schema:")[0], 1, "a product needs at least one table"),
    "no English title": (lambda text: text.replace("titleEn", "title"), 1, "a product needs custom properties titleEn"),
    "a rule on a column that the shape lacks": (
        lambda text: text + OWN_RULE.replace("[c]", "[d]"),
        16,
        "rule someFilled: the table has no column d",
    ),
    "a rule that the shape has already": (lambda text: text + OWN_RULE, 13, "two rules share the key example__c__r"),
}


@pytest.mark.parametrize("mistake", BROKEN_PRODUCTS)
def test_a_mistake_in_a_product_is_named_with_its_file_and_line(mistake: str, tmp_path: Path) -> None:
    change, line, words = BROKEN_PRODUCTS[mistake]
    (tmp_path / "shapes").mkdir()
    shape = with_rule(custom_rule("r", "rule: someFilled, columns: [c]"))
    (tmp_path / "shapes" / "example.odcs.yaml").write_text(shape, encoding="utf-8")
    path = tmp_path / "pack.odcs.yaml"
    path.write_text(PRODUCT, encoding="utf-8")
    assert read_product(path).table("example").column_names == ("k", "c")
    path.write_text(change(PRODUCT), encoding="utf-8")
    with pytest.raises(ContractError) as caught:
        read_product(path)
    assert str(caught.value).startswith(f"pack.odcs.yaml:{line}: ")
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("code,label_nl\na,b\n", "own.csv:1: column label_en is missing"),
        ("code,label_nl,label_en\na,b,\n", "own.csv:2: code 'a' needs a label in Dutch and in English"),
        ("code,label_nl,label_en\na,b,c\na,b,c\n", "own.csv:3: code 'a' stands in the list twice"),
        ("code,label_nl,label_en\na,b,c,d\n", "own.csv:2: the number of fields differs from the header"),
    ],
)
def test_a_mistake_in_a_code_list_is_named_with_its_file_and_line(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "own.csv").write_text(text, encoding="utf-8")
    with pytest.raises(VocabularyError) as caught:
        load_codelist("own", tmp_path)
    assert str(caught.value) == message

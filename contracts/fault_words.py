"""What would be right where a delivered row breaks a rule, in Dutch and in English, in the words of its deliverer.

Here: words for every key that the audit of delivered rows can give, and the code that a wrong one comes near to.
Not here: what a rule expects by itself (`rule_words.py`), or why a row could not be read (the rules of reading).
"""

from __future__ import annotations

from difflib import get_close_matches
from functools import lru_cache

from contracts.arrow import EXPECTED_TYPE
from contracts.contract_model import Column, Contract, Rule
from contracts.rule_words import EXPECTED_TYPE_NL, Language, expected_words
from contracts.verdict import reading_key, type_key
from contracts.vocabulary import Code, load_codelist

#: A list with at most so many codes is written out; of a longer one only the name and the number of codes is given.
CODES_WRITTEN_OUT = 12
# Of two words of eight letters, two may differ
NEAR = 0.75


def fault_words(contract: Contract, rule_key: str, found: str = "") -> tuple[str, str]:
    """What would be right, in Dutch and in English, for a key of the audit: a rule, a type, a column too few or many.

    Columns are called by their titles, as in the template. Where `found` is close to a code of the rule's list, that
    code is named. A key of a rule of reading (`reading_rule`) has its words elsewhere; KeyError names any other key.
    """
    for rule in contract.rules:
        if rule.key == rule_key:
            return _rule_words(contract, rule, "nl", found), _rule_words(contract, rule, "en", found)
    for column in contract.columns:
        if type_key(contract, column.name) == rule_key:
            return _type_words(column)
    name = rule_key.removeprefix(f"{contract.table}__").rpartition("__")[0]
    if rule_key.endswith("__missing"):
        absent = next((c for c in contract.columns if c.name.lower().replace(" ", "_") == name), None)
        return (
            f"een kolom {absent.title_nl if absent else name}",
            f"a column {absent.title_en if absent else name}",
        )
    if rule_key.endswith("__unknown"):
        return "alleen kolommen van het sjabloon", "only columns of the template"
    raise KeyError(f"table {contract.table}: {rule_key!r} is no key of its audit")


def reading_rule(contract: Contract, rule_key: str) -> str | None:
    """The rule of reading, such as `formula_cell`, that a key of the audit stands for; None for any other key."""
    start = reading_key(contract, "")
    return rule_key.removeprefix(start) if rule_key.startswith(start) else None


def nearest_code(rule: Rule, found: str) -> Code | None:
    """The code of the rule's list whose code or label comes close to what was found; None where none does."""
    name = rule.argument("codeList")
    return _nearest(str(name), found.strip().casefold()) if name and found.strip() else None


@lru_cache(maxsize=4096)
def _nearest(name: str, found: str) -> Code | None:
    words: dict[str, Code] = {}
    for code in load_codelist(name).codes:
        for word in (code.code, code.label_nl, code.label_en):
            words.setdefault(word.casefold(), code)
    close = get_close_matches(found, list(words), n=1, cutoff=NEAR)
    return words[close[0]] if close else None


def _type_words(column: Column) -> tuple[str, str]:
    if column.logical_type == "number":
        # the sign of the decimals was dealt with when the file was read
        return "een getal, zonder eenheid of tekst erbij", "a number, without a unit or text beside it"
    return EXPECTED_TYPE_NL[column.logical_type], EXPECTED_TYPE[column.logical_type]


def _rule_words(contract: Contract, rule: Rule, language: Language, found: str) -> str:
    titles = {c.name: c.title_nl if language == "nl" else c.title_en for c in contract.columns}
    if rule.kind == "codeList":
        return _codes(rule, language) + _did_you_mean(rule, language, found)
    if rule.kind == "pattern":
        column = contract.column(rule.columns[0])
        words = column.pattern_nl if language == "nl" else column.pattern_en
        # the words stand for the pattern that binds, not for one that only warns
        if words and rule.severity == "error":
            return words
    if rule.kind == "someFilled" and language == "en":
        return f"a value in at least one of {', '.join(titles[name] for name in rule.columns)}"
    return expected_words(rule, language, titles, _labels(contract, rule, language))


def _labels(contract: Contract, rule: Rule, language: Language) -> dict[str, str]:
    """Labels of the codes that a rule names: those of the column that it looks at besides its own."""
    other = rule.argument("other") or rule.argument("dimension")
    code_list = contract.column(str(other)).code_list if other else None
    codes = load_codelist(code_list).codes if code_list else ()
    return {code.code: code.label_nl if language == "nl" else code.label_en for code in codes}


def _codes(rule: Rule, language: Language) -> str:
    codes = load_codelist(str(rule.argument("codeList"))).codes
    if len(codes) > CODES_WRITTEN_OUT:
        name = rule.argument("codeList")
        return (
            f"een code uit de lijst {name} ({len(codes)} codes)"
            if language == "nl"
            else f"a code of the list {name} ({len(codes)} codes)"
        )
    listed = ", ".join(f"{c.code} ({c.label_nl if language == 'nl' else c.label_en})" for c in codes)
    return f"een van {listed}" if language == "nl" else f"one of {listed}"


def _did_you_mean(rule: Rule, language: Language, found: str) -> str:
    near = nearest_code(rule, found)
    if near is None:
        return ""
    return f"; bedoelt u {near.code}?" if language == "nl" else f"; did you mean {near.code}?"

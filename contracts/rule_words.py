"""What a rule expects, as a reader says it, in English and in Dutch.

Here: words for every kind of rule, for types, and numbers as each language writes them.
Not here: what was found (`verdict.py`), or words that need the contract around the rule (`fault_words.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from contracts.contract_model import Rule

Language = Literal["nl", "en"]

EXPECTED_TYPE_NL = {
    "string": "tekst",
    "integer": "een geheel getal",
    "number": "een getal met een decimale punt",
    "boolean": "true of false",
    "date": "een datum als JJJJ-MM-DD",
    "timestamp": "een moment als JJJJ-MM-DDTuu:mm:ssZ",
}


def number_words(value: float, language: Language) -> str:
    """A number in a sentence: 12.500,5 in Dutch, 12,500.5 in English. Below ten thousand there is no grouping, so that
    a year stays a year."""
    grouped = f"{value:,}" if abs(value) >= 10_000 else str(value)
    grouped = grouped.removesuffix(".0")
    return grouped.translate(str.maketrans(",.", ".,")) if language == "nl" else grouped


def expected_words(
    rule: Rule,
    language: Language = "en",
    titles: Mapping[str, str] | None = None,
    labels: Mapping[str, str] | None = None,
) -> str:
    """What a rule expects, as a reader says it; columns are called by their `titles`, and codes of another column that
    the rule names by their `labels`, where these are given."""

    def title(name: Any) -> str:
        return (titles or {}).get(str(name), str(name))

    def label(code: Any) -> str:
        return (labels or {}).get(str(code), str(code))

    return _english(rule, title, label) if language == "en" else _dutch(rule, title, label)


def _listed(values: Sequence[Any]) -> str:
    return ", ".join(map(str, values))


def _per_cent(share: Any) -> float:
    return round(float(share) * 100, 10)


def _english(rule: Rule, title: Callable[[Any], str], label: Callable[[Any], str]) -> str:
    limit = rule.argument("limit")
    match rule.kind:
        case "required":
            return "a value"
        case "unique":
            return "every value once"
        case "primaryKey":
            return f"every combination of {_listed([title(c) for c in rule.columns])} once"
        case "minimum":
            return f"at least {limit}"
        case "maximum":
            return f"at most {limit}"
        case "exclusiveMinimum":
            return f"more than {limit}"
        case "exclusiveMaximum":
            return f"less than {limit}"
        case "minLength":
            return f"at least {limit} characters"
        case "maxLength":
            return f"at most {limit} characters"
        case "pattern":
            return f"text of the form {limit}"
        case "codeList":
            return f"a code of the list {rule.argument('codeList')}"
        case "validValues":
            return "one of " + _listed(rule.argument("validValues"))
        case "rowCount":
            low, high = rule.argument("minimum"), rule.argument("maximum")
            return (
                f"between {low} and {high} rows"
                if low is not None and high is not None
                else (f"at least {low} rows" if high is None else f"at most {high} rows")
            )
        case "emptyExactlyWhen":
            values = _listed([label(code) for code in rule.argument("values")])
            return f"no value exactly when {title(rule.argument('other'))} is one of {values}"
        case "filledWhen":
            values = _listed([label(code) for code in rule.argument("values")])
            return f"a value when {title(rule.argument('other'))} is one of {values}"
        case "someFilled":
            columns = _listed([title(c) for c in rule.columns])
            return f"a value, or a status that says why there is none ({columns} are all empty)"
        case "notBelow":
            return f"at least the value of {title(rule.argument('other'))}"
        case "partsNotAbove":
            less, share = rule.argument("less"), _per_cent(rule.argument("tolerance", 0))
            whole = title(rule.columns[0]) + (f" less {title(less)}" if less else "")
            return f"{_sum(rule, title)} at most {whole}" + (f", within {share:g} %" if share else "")
        case "unitSlip":
            return "a value in the unit of the period before (no factor of a thousand between them)"
        case "changeSincePrevious":
            factor, above = number_words(rule.argument("factor"), "en"), rule.argument("above")
            small = f", where one of the two is above {number_words(above, 'en')}" if above else ""
            return f"no value more than {factor} times as large or as small as in the period before{small}"
        case "partsAddUp":
            share = float(rule.argument("tolerance", 0.0)) * 100
            parts = _listed([label(code) for code in rule.argument("parts")])
            return f"{parts} to add up to {label(rule.argument('total'))} within {share:g} %"
        case "keysOfPrevious":
            share = float(rule.argument("maximumLost", 0.0)) * 100
            return f"at most {share:g} % of the previous edition's keys to be gone"
    return rule.kind


def _dutch(rule: Rule, title: Callable[[Any], str], label: Callable[[Any], str]) -> str:
    limit = rule.argument("limit")
    match rule.kind:
        case "required":
            return "een waarde"
        case "unique":
            return "elke waarde één keer"
        case "primaryKey":
            return f"elke combinatie van {_listed([title(c) for c in rule.columns])} één keer"
        case "minimum":
            return f"minstens {number_words(limit, 'nl')}"
        case "maximum":
            return f"hoogstens {number_words(limit, 'nl')}"
        case "exclusiveMinimum":
            return f"meer dan {number_words(limit, 'nl')}"
        case "exclusiveMaximum":
            return f"minder dan {number_words(limit, 'nl')}"
        case "minLength":
            return f"minstens {_counted(limit, 'teken', 'tekens')}"
        case "maxLength":
            return f"hoogstens {_counted(limit, 'teken', 'tekens')}"
        case "pattern":
            return f"tekst van de vorm {limit}"
        case "codeList":
            return f"een code uit de lijst {rule.argument('codeList')}"
        case "validValues":
            return "een van " + _listed(rule.argument("validValues"))
        case "rowCount":
            low, high = rule.argument("minimum"), rule.argument("maximum")
            if low is not None and high is not None:
                return f"tussen {number_words(low, 'nl')} en {_counted(high, 'rij', 'rijen')}"
            word, bound = ("minstens", low) if high is None else ("hoogstens", high)
            return f"{word} {_counted(bound, 'rij', 'rijen')}"
        case "emptyExactlyWhen":
            values = _listed([label(code) for code in rule.argument("values")])
            return f"geen waarde, en alleen dan, als {title(rule.argument('other'))} een is van {values}"
        case "filledWhen":
            values = _listed([label(code) for code in rule.argument("values")])
            return f"een waarde als {title(rule.argument('other'))} een is van {values}"
        case "someFilled":
            return f"een waarde in minstens een van {_listed([title(c) for c in rule.columns])}"
        case "notBelow":
            return f"minstens de waarde van {title(rule.argument('other'))}"
        case "partsNotAbove":
            less, share = rule.argument("less"), _per_cent(rule.argument("tolerance", 0))
            whole = title(rule.columns[0]) + (f" min {title(less)}" if less else "")
            within = f", met {number_words(share, 'nl')} % speling" if share else ""
            return f"{_sum(rule, title)} hoogstens {whole}{within}"
        case "unitSlip":
            return "een waarde in de eenheid van de vorige periode (geen factor duizend ertussen)"
        case "changeSincePrevious":
            factor, above = number_words(rule.argument("factor"), "nl"), rule.argument("above")
            small = f", als een van beide boven {number_words(above, 'nl')} ligt" if above else ""
            return f"geen waarde die meer dan {factor} keer zo groot of zo klein is als in de vorige periode{small}"
        case "partsAddUp":
            share_words = number_words(_per_cent(rule.argument("tolerance", 0)), "nl")
            parts = _listed([label(code) for code in rule.argument("parts")])
            return f"{parts} samen gelijk aan {label(rule.argument('total'))}, binnen {share_words} %"
        case "keysOfPrevious":
            share_words = number_words(_per_cent(rule.argument("maximumLost", 0)), "nl")
            return f"hoogstens {share_words} % van de sleutels van de vorige editie verdwenen"
    return rule.kind


def _sum(rule: Rule, title: Callable[[Any], str]) -> str:
    return " + ".join(title(name) for name in rule.argument("parts"))


def _counted(count: float, one: str, more: str) -> str:
    return f"{number_words(count, 'nl')} {one if count == 1 else more}"

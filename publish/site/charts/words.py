"""The words and numbers of a chart in Dutch and English.

Here: numbers, units, comparators and statuses as a reader sees them. Not here: the sentence of what is to be seen
(`finding.py`).
"""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Context, Decimal
from functools import cache

from babel.numbers import format_scientific

from contracts.vocabulary import load_codelist
from publish.numbers_and_dates import Language
from publish.site import numbers
from publish.site.charts.figures import ChartError, Target

_CONTEXT = Context(prec=400, rounding=ROUND_HALF_UP)
_MOST_DECIMALS = 12
# From here on a number has more digits than a reader counts: 1,5E15.
_TOO_LONG = Decimal(10) ** 15
_SIGNS = {"at_least": "≥", "at_most": "≤"}
# No-break space: a number and its unit stay on one line.
_NBSP = "\u00a0"
_LONGEST_LABEL, _LONGEST_UNIT = 160, 60
# Marks that change the direction of writing: left and right marks, embeddings, overrides, isolates.
_DIRECTION = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
# Units that are not said behind a number.
_UNSPOKEN = ("count", "index", "score_1_5")

_WORDS = {
    "nl": {
        "break": "Breuk in de reeks",
        "from": "vanaf",
        "none": "Er is nog geen waarde om te tekenen.",
        "no_values": "geen waarden in deze jaren",
        "no_value": "geen waarde",
        "same_axis": "Alle vlakken hebben dezelfde verticale as",
        "reader": "Waarden in de grafiek. Pijltjestoetsen: van jaar naar jaar en van reeks naar reeks. "
        "Escape: sluiten.",
        "million": "miljoen",
        "billion": "miljard",
        "trillion": "biljoen",
    },
    "en": {
        "break": "Break in series",
        "from": "from",
        "none": "There is no value to draw yet.",
        "no_values": "no values in these years",
        "no_value": "no value",
        "same_axis": "All panels have the same vertical axis",
        "reader": "Values in the chart. Arrow keys: from year to year and from series to series. Escape: close.",
        "million": "million",
        "billion": "billion",
        "trillion": "trillion",
    },
}


def word(key: str, language: Language) -> str:
    """One of the fixed texts of charts. ChartError for a language that the site does not have."""
    if language not in _WORDS:
        raise ChartError(f"language {language!r}; expected one of {', '.join(_WORDS)}")
    return _WORDS[language][key]


def rounded(value: float | Decimal, decimals: int) -> Decimal:
    """The value half away from zero on its shortest decimal text, as published; never minus zero."""
    places = min(decimals, _MOST_DECIMALS)
    # Adding zero turns -0 into 0.
    exact = value if isinstance(value, Decimal) else Decimal(repr(float(value)))
    return exact.quantize(Decimal(1).scaleb(-places), context=_CONTEXT) + Decimal(0)


def number(value: float | Decimal, decimals: int, language: Language) -> str:
    """`1.234,5` in Dutch, `1,234.5` in English; negative decimals round to tens, hundreds, thousands."""
    exact = rounded(value, decimals)
    if abs(exact) >= _TOO_LONG:
        return str(format_scientific(exact, format="0.###E0", locale=language))
    return numbers.number(float(exact), max(0, min(decimals, _MOST_DECIMALS)), language)


@cache
def unit_code(unit: str) -> str:
    """The code of a unit that is given as code, as its name in Dutch or English, or as `%`; else what is given."""
    if unit.strip() == "%":
        return "percent"
    for code in load_codelist("unit").codes:
        if unit in (code.code, code.label_nl, code.label_en, _spoken(code.label_nl), _spoken(code.label_en)):
            return code.code
    return unit


def _spoken(label: str) -> str:
    return label.split(" (")[0]


def is_percent(unit: str) -> bool:
    """Whether the unit is a percentage."""
    return unit_code(unit) == "percent"


def is_index(unit: str) -> bool:
    """Whether the unit is an index number, whose differences are points."""
    return unit_code(unit) == "index"


def has_ratio(unit: str) -> bool:
    """Whether a change of the unit is said in percent: of amounts, not of percentages, indices and scores."""
    return unit_code(unit) not in ("percent", "index", "score_1_5")


def unit_words(unit: str, language: Language) -> str:
    """The unit as a reader says it: `kilogram per inwoner`; a unit that the list does not have stays as it is."""
    code = unit_code(unit)
    if unit not in ("%", code):
        return _spoken(unit)
    units = load_codelist("unit")
    if code not in units.values():
        return unit
    return _spoken(units.entry(code).label_nl if language == "nl" else units.entry(code).label_en)


def with_unit(shown: str, unit: str, language: Language) -> str:
    """A number with its unit behind it: `65 %`, `4 kilogram per inwoner`, a bare number for counts and indices."""
    if is_percent(unit):
        return f"{shown}{_NBSP}%"
    if unit_code(unit) in _UNSPOKEN or not unit:
        return shown
    return f"{shown} {unit_words(unit, language)}"


def short_value(value: float, unit: str, decimals: int, language: Language) -> str:
    """A number for a label in the chart: with a percent sign, else bare, for the unit stands at the axis."""
    shown = number(value, decimals, language)
    return f"{shown}{_NBSP}%" if is_percent(unit) else shown


def axis_caption(magnitude: str, unit: str, language: Language) -> str:
    """What stands above the vertical axis: `procent`, `miljoen euro`."""
    return " ".join(part for part in (magnitude, unit_words(unit, language)) if part)[:_LONGEST_UNIT]


def isolated(text: str) -> str:
    """A given text for within a sentence: not endless, and without power over the direction of what follows it."""
    cut = text if len(text) <= _LONGEST_LABEL else f"{text[:_LONGEST_LABEL].rstrip()}…"
    return f"\u2068{cut}\u2069" if _DIRECTION.search(cut) else cut


def status_words(status: str, language: Language) -> str:
    """The status in lower case: `voorlopig`, `geschat`."""
    code = load_codelist("obs_status").entry(status)
    label = code.label_nl if language == "nl" else code.label_en
    return label[:1].lower() + label[1:]


def comparator_words(target: Target, language: Language) -> str:
    """`ten minste` or `ten hoogste`."""
    code = load_codelist("comparator").entry(target.comparator)
    return code.label_nl if language == "nl" else code.label_en


def bound(target: Target, unit: str, decimals: int, language: Language) -> str:
    """The target beside its line: `≥ 65 %`, with no more decimals than it needs."""
    shown = number(target.value, needed_decimals(target.value, decimals), language)
    return f"{_SIGNS[target.comparator]}{_NBSP}{shown}" + (f"{_NBSP}%" if is_percent(unit) else "")


def bound_words(target: Target, unit: str, decimals: int, language: Language) -> str:
    """The target in a sentence: `ten minste 65 %`."""
    shown = target.text or with_unit(
        number(target.value, needed_decimals(target.value, decimals), language), unit, language
    )
    comparator = comparator_words(target, language)
    return shown if shown.startswith((comparator, _SIGNS[target.comparator])) else f"{comparator} {shown}"


def needed_decimals(value: float, decimals: int) -> int:
    """The decimals without trailing zeros: 65.0 needs none, 2.5 needs one."""
    exact = rounded(value, max(decimals, 0)).normalize()
    exponent = exact.as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def years_of(target: Target, language: Language) -> str:
    """`2025–2029`, `2024` or `vanaf 2030`."""
    if target.year_to is None:
        return f"{word('from', language)} {target.year_from}"
    if target.year_to == target.year_from:
        return str(target.year_from)
    return f"{target.year_from}–{target.year_to}"

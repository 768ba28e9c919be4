"""From figures to places: nice ticks for values, years that do not overlap, numbers that do not become too long.

Here: arithmetic only, exact (Decimal), so that huge and tiny values work. Not here: markup.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal, localcontext

from publish.numbers_and_dates import Language
from publish.site.charts.words import number, word

_STEPS = (Decimal(1), Decimal(2), Decimal("2.5"), Decimal(5), Decimal(10))
_CONTEXT = Context(prec=50)
_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True)
class ValueScale:
    """The vertical axis: its ticks, and the fraction of its height at which a value stands."""

    ticks: tuple[Decimal, ...]

    @property
    def low(self) -> Decimal:
        """The lowest value of the axis."""
        return self.ticks[0]

    @property
    def high(self) -> Decimal:
        """The highest value of the axis."""
        return self.ticks[-1]

    def fraction(self, value: float | Decimal) -> float:
        """0 at the lowest tick, 1 at the highest."""
        exact = value if isinstance(value, Decimal) else Decimal(repr(float(value)))
        return float(_CONTEXT.divide(exact - self.low, self.high - self.low))


def value_scale(values: Iterable[float], most_steps: int) -> ValueScale:
    """An axis that holds zero and all values with at most `most_steps` steps of 1, 2, 2.5 or 5 times a power of ten."""
    exact = [Decimal(repr(float(value))) for value in values]
    low, high = min([Decimal(0), *exact]), max([Decimal(0), *exact])
    if low == high:
        high = Decimal(1)
    with localcontext(_CONTEXT):
        power = Decimal(1).scaleb(((high - low) / most_steps).adjusted())
        for step in (multiple * power for multiple in _STEPS):
            first = (low / step).to_integral_value(ROUND_FLOOR)
            last = (high / step).to_integral_value(ROUND_CEILING)
            if last - first <= most_steps:
                break
        else:
            step = power * 20
            first = (low / step).to_integral_value(ROUND_FLOOR)
            last = (high / step).to_integral_value(ROUND_CEILING)
        return ValueScale(tuple(step * position for position in range(int(first), int(last) + 1)))


@dataclass(frozen=True)
class AxisNumbers:
    """The texts at the ticks, and what the unit has to say before itself: `miljoen`, `× 10⁻⁹` or nothing."""

    texts: tuple[str, ...]
    magnitude: str


def axis_numbers(scale: ValueScale, language: Language) -> AxisNumbers:
    """Short texts for the ticks: from ten million on in millions, very small ones in powers of ten."""
    largest = max(abs(scale.low), abs(scale.high))
    exponent, magnitude = _magnitude(largest, language)
    with localcontext(_CONTEXT):
        shown = [tick.scaleb(-exponent) for tick in scale.ticks]
        decimals = max(_decimals(tick) for tick in shown)
        return AxisNumbers(tuple(number(tick, decimals, language) for tick in shown), magnitude)


def _magnitude(largest: Decimal, language: Language) -> tuple[int, str]:
    order = largest.adjusted()
    if -5 < order < 7:
        return 0, ""
    for exponent, name in ((6, "million"), (9, "billion"), (12, "trillion")):
        if exponent <= order < exponent + 3:
            return exponent, word(name, language)
    exponent = order // 3 * 3
    return exponent, f"× 10{str(exponent).translate(_SUPERSCRIPT)}"


def _decimals(value: Decimal) -> int:
    exponent = value.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


@dataclass(frozen=True)
class YearScale:
    """The horizontal axis, in whole years with half a year of air at both ends."""

    first: int
    last: int
    left: float
    right: float

    @property
    def step(self) -> float:
        """The width of one year."""
        return (self.right - self.left) / (self.last - self.first + 1)

    def x(self, year: float) -> float:
        """The middle of a year; `x(year - 0.5)` is where it begins."""
        return self.left + (year - self.first + 0.5) * self.step


def year_ticks(scale: YearScale, wanted: Sequence[int], width: float) -> tuple[int, ...]:
    """The years to write: first those wanted, most wanted first, then round years, none closer than `width`."""
    chosen: list[int] = []
    span = scale.last - scale.first
    step = next((n for n in (1, 5, 10, 20, 50, 100) if n * scale.step >= width), span + 1)
    round_years = [year for year in range(scale.first, scale.last + 1) if year % step == 0]
    for year in [*wanted, *round_years]:
        if scale.first <= year <= scale.last and all(abs(year - other) * scale.step >= width for other in chosen):
            chosen.append(year)
    return tuple(sorted(chosen))

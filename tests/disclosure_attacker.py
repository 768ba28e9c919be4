"""An attacker of published tables, written apart from the code that protects them: nothing of `assets` is used here.

He reads what is published, writes down what must add up, and asks a linear programme between which values each withheld
cell must lie: for the public, and for every respondent with what he gave himself. Not here: what the tables are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import product

import numpy as np
from scipy.optimize import linprog

Cell = tuple[str, ...]
#: respondent, codes of the cell, value
Contribution = tuple[str, Cell, float]


@dataclass(frozen=True)
class Rules:
    """The primary rules, as numbers."""

    minimum: int
    dominance: tuple[tuple[int, float], ...]
    p: float
    safety: float


@dataclass(frozen=True)
class Breach:
    """A withheld cell that somebody can place too well."""

    cell: Cell
    attacker: str
    side: str
    wanted: float
    found: float


def line(code: str, parents: Mapping[str, str]) -> list[str]:
    """`code` and everything above it."""
    return [code, *line(parents[code], parents)] if parents.get(code) else [code]


def gifts(contributions: Iterable[Contribution], parents: list[Mapping[str, str]]) -> dict[Cell, dict[str, float]]:
    """What everybody gave to every cell, margins included."""
    found: dict[Cell, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for who, codes, value in contributions:
        for cell in product(*(line(code, above) for code, above in zip(codes, parents, strict=True))):
            found[cell][who] += value
    return found


def protection(given: Mapping[str, float], rules: Rules) -> float:
    """How far a cell must stay unknown; 0 where it is safe."""
    sizes = sorted((value for value in given.values() if value > 0), reverse=True)
    total = sum(sizes)
    if not total:
        return 0.0
    asked = [100 * sum(sizes[:n]) / (100 * share) - total for n, share in rules.dominance]
    asked.append(rules.p / 100 * sizes[0] - sum(sizes[2:]))
    unsafe = len(sizes) < rules.minimum or any(level > 1e-9 * total for level in asked)
    return max(*asked, rules.safety / 100 * total) if unsafe else 0.0


class Attacker:
    """Knows `published` (cell to value), which cells are empty, and that nothing is below 0."""

    def __init__(self, published: Mapping[Cell, float], withheld: list[Cell], parents: list[Mapping[str, str]]) -> None:
        self.withheld = withheld
        number = {cell: place for place, cell in enumerate(withheld)}
        codes = [sorted(set(above) | set(above.values())) for above in parents]
        rows, sums = [], []
        for axis, above in enumerate(parents):
            for cell in product(*codes):
                parts = [code for code, parent in above.items() if parent == cell[axis]]
                if not parts:
                    continue
                row, right = np.zeros(len(withheld)), 0.0
                terms = [(1.0, cell), *((-1.0, (*cell[:axis], part, *cell[axis + 1 :])) for part in parts)]
                for sign, term in terms:
                    if term in number:
                        row[number[term]] += sign
                    else:
                        right -= sign * published.get(term, 0.0)
                if row.any():
                    rows.append(row)
                    sums.append(right)
        self.rows, self.sums = np.array(rows), np.array(sums)
        self._ends: dict[tuple[Cell, float], list[np.ndarray]] = {}

    def between(self, cell: Cell, own: Mapping[Cell, float], alone: set[Cell]) -> tuple[float, float]:
        """The least and the most that `cell` can be for who gave `own`, and is the only one in the cells `alone`."""
        return self._end(cell, own, alone, 1.0), self._end(cell, own, alone, -1.0)

    def _end(self, cell: Cell, own: Mapping[Cell, float], alone: set[Cell], sign: float) -> float:
        at = self.withheld.index(cell)
        low = np.array([own.get(each, 0.0) for each in self.withheld])
        high = np.array([own[each] if each in alone else np.inf for each in self.withheld])
        # a table at the end of what the public holds for possible, which he cannot exclude either, is his end too
        for table in self._ends.get((cell, sign), []):
            if (table >= low - 1e-9).all() and (table <= high + 1e-9).all():
                return float(table[at])
        aim = np.zeros(len(self.withheld))
        aim[at] = sign
        rows, sums = (self.rows, self.sums) if len(self.rows) else (None, None)
        done = linprog(aim, A_eq=rows, b_eq=sums, bounds=np.column_stack([low, high]), method="highs")
        assert done.status in (0, 3), done.message
        if done.status == 3:
            return -sign * np.inf
        if not own:
            self._ends[cell, sign] = [done.x]
        return float(done.x[at])


def breaches(
    contributions: list[Contribution],
    parents: list[Mapping[str, str]],
    rules: Rules,
    published: Mapping[Cell, float],
) -> list[Breach]:
    """Everything that the public, or a respondent who knows what he gave, learns of an unsafe cell."""
    given = gifts(contributions, parents)
    withheld = sorted(cell for cell in given if cell not in published)
    attacker = Attacker(published, withheld, parents)
    found = []
    for cell, gave in sorted(given.items()):
        wanted, value = protection(gave, rules), sum(gave.values())
        if not wanted:
            continue
        if cell in published:
            found.append(Breach(cell, "", "published", wanted, 0.0))
            continue
        for who in ["", *sorted({who for each in withheld for who in given[each]})]:
            own = {each: given[each][who] for each in withheld if given[each].get(who, 0) > 0}
            alone = {each for each in own if sum(size > 0 for size in given[each].values()) == 1}
            if cell in alone:
                continue
            low, high = attacker.between(cell, own, alone)
            below = min(wanted, value - own.get(cell, 0.0))
            slack = 1e-5 * max(1.0, wanted)
            if high < value + wanted - slack:
                found.append(Breach(cell, who, "up", wanted, high - value))
            if low > value - below + slack:
                found.append(Breach(cell, who, "down", below, value - low))
    return found

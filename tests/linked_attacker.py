"""An attacker of published totals of several measures at once, written apart from the code that protects them.

He reads the CSV, and knows what must hold: a parent is the sum of its subgroups, what was collected is at least what
became of it together, a part is at most its whole, nothing is below 0, and what nobody declared is 0. He is the public,
or a participant who knows his own figures. Not here: which totals are attacked (the tests).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.optimize import linprog

from tests.disclosure_attacker import Rules, line, protection

#: measure, subgroup
Cell = tuple[str, str]
#: participant -> measure -> subgroup -> what he declared
Declared = Mapping[str, Mapping[Cell, float]]
MOST = 1e9


@dataclass(frozen=True)
class Structure:
    """What hangs together: subgroup -> its parent, and a whole with parts that are together at most that."""

    parents: Mapping[str, str]
    wholes: Sequence[tuple[str, tuple[str, ...]]]


@dataclass(frozen=True)
class Learned:
    """A cell that an attacker places better than he may: how far from its value he must go, and how far he can."""

    cell: Cell
    attacker: str
    direction: str
    wanted: float
    attained: float


def gifts(declared: Declared, parents: Mapping[str, str]) -> dict[Cell, dict[str, float]]:
    """What everybody gave to every cell, parents included."""
    found: dict[Cell, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for who, cells in declared.items():
        for (measure, subgroup), value in cells.items():
            for above in line(subgroup, parents):
                found[measure, above][who] += value
    return found


def unsafe_cells(given: Mapping[Cell, Mapping[str, float]], rules: Rules) -> dict[Cell, float]:
    """Cell -> how far it must stay unknown, of those that the primary rules call unsafe."""
    return {cell: far for cell, by in given.items() if (far := protection(by, rules)) > 0}


class System:
    """Everything that must hold, as equations and bounds over the withheld cells and what is left of every whole."""

    def __init__(
        self, published: Mapping[Cell, float], withheld: Iterable[Cell], structure: Structure, subgroups: Iterable[str]
    ) -> None:
        self.withheld = sorted(withheld)
        self.number = {cell: place for place, cell in enumerate(self.withheld)}
        self.size = len(self.withheld)
        rows: list[dict[int, float]] = []
        sums: list[float] = []

        def equation(terms: Iterable[tuple[float, Cell]], rest: bool = False) -> None:
            row: dict[int, float] = defaultdict(float)
            right = 0.0
            for sign, cell in terms:
                if cell in self.number:
                    row[self.number[cell]] += sign
                else:
                    right -= sign * published.get(cell, 0.0)
            if rest:
                row[self.size] = -1.0
                self.size += 1
            if row:
                rows.append(row)
                sums.append(right)

        subgroups = sorted(subgroups)
        measures = sorted({measure for measure, _ in [*published, *self.withheld]})
        for measure in measures:
            for above in subgroups:
                below = [code for code in subgroups if structure.parents.get(code) == above]
                if below:
                    equation([(1.0, (measure, above)), *((-1.0, (measure, code)) for code in below)])
        for whole, parts in structure.wholes:
            for subgroup in subgroups:
                equation([(1.0, (whole, subgroup)), *((-1.0, (part, subgroup)) for part in parts)], rest=True)
        places = [(row, column, sign) for row, terms in enumerate(rows) for column, sign in terms.items()]
        at = np.array([place[:2] for place in places]).T if places else np.zeros((2, 0), dtype=int)
        self.left = sparse.csr_matrix(([place[2] for place in places], at), shape=(len(rows), self.size))
        self.right = np.array(sums)

    def between(self, cell: Cell, low: Mapping[Cell, float], known: Mapping[Cell, float]) -> tuple[float, float]:
        """The least and the most that a cell can be, for who knows that cells are at least `low`, or are `known`."""
        bounds = np.tile([0.0, MOST], (self.size, 1))
        for place, other in enumerate(self.withheld):
            bounds[place, 0] = low.get(other, 0.0)
            if other in known:
                bounds[place] = known[other]
        aim = np.zeros(self.size)
        aim[self.number[cell]] = 1.0
        ends = []
        for sign in (1.0, -1.0):
            # the CSV is rounded to the gram: what adds up, adds up to within that
            done = linprog(sign * aim, A_eq=self.left, b_eq=self.right, bounds=bounds, method="highs")
            assert done.status == 0, f"{cell}: {done.message}"
            ends.append(sign * float(done.fun))
        return ends[0], ends[1]


def learned(
    declared: Declared,
    structure: Structure,
    rules: Rules,
    published: Mapping[Cell, float],
    withheld: Iterable[Cell],
    insiders: int = 0,
) -> list[Learned]:
    """Every unsafe cell that the public, or one of the largest `insiders` participants in it, can place too well."""
    given = gifts(declared, structure.parents)
    system = System(published, withheld, structure, {subgroup for _, subgroup in given})
    found = []
    for cell, wanted in sorted(unsafe_cells(given, rules).items()):
        value = sum(given[cell].values())
        if cell in published:
            found.append(Learned(cell, "", "published", wanted, 0.0))
            continue
        # to whom, by what he knows at least and for certain, how far up and how far down the cell must stay possible
        minds: list[tuple[str, dict[Cell, float], dict[Cell, float], float, float]] = [
            ("", {}, {}, wanted, min(wanted, value))
        ]
        for who in sorted(given[cell], key=lambda who: (-given[cell][who], who))[:insiders]:
            own = {each: given[each].get(who, 0.0) for each in system.withheld}
            alone = {each: own[each] for each in own if [w for w, gave in given[each].items() if gave > 0] == [who]}
            if cell in alone:
                continue
            left = value - own[cell]
            # who fills in the cells where he is alone, and who subtracts all that he gave
            minds.append((who, alone, alone, wanted, min(wanted, left)))
            share = min(wanted, max(rules.p, rules.safety) / 100 * left)
            minds.append((who, own, alone, share, share))
        for who, low, known, above, below in minds:
            least, most = system.between(cell, low, known)
            slack = 1e-4 * max(1.0, wanted)
            if most < value + above - slack:
                found.append(Learned(cell, who, "up", above, most - value))
            if least > value - below + slack:
                found.append(Learned(cell, who, "down", below, value - least))
    return found

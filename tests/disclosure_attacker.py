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
import pandas as pd
from scipy import sparse
from scipy.optimize import linprog

Cell = tuple[str, ...]
#: respondent, codes of the cell, value
Contribution = tuple[str, Cell, float]
#: What somebody gave to the withheld cells, and in which of them he is the only one.
Mind = tuple[Mapping[Cell, float], set[Cell]]

#: More than any cell of the tests can be.
MOST = 1e7


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


def frame(contributions: list[Contribution], dimensions: int) -> pd.DataFrame:
    """The declarations as a table: columns d0, d1, ..., producer, value."""
    columns = [f"d{axis}" for axis in range(dimensions)]
    rows = [(*codes, who, value) for who, codes, value in contributions]
    return pd.DataFrame(rows, columns=[*columns, "producer", "value"])


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

    def between(self, cell: Cell, minds: list[Mind]) -> list[tuple[float, float]]:
        """The least and the most that `cell` can be for each of `minds`: one linear programme, of a block for each."""
        at, size = self.withheld.index(cell), len(self.withheld)
        low = np.array([[own.get(each, 0.0) for each in self.withheld] for own, _ in minds])
        high = np.array([[own[each] if each in alone else MOST for each in self.withheld] for own, alone in minds])
        aim = np.zeros((2, len(minds), size))
        aim[0, :, at], aim[1, :, at] = 1.0, -1.0
        blocks = 2 * len(minds)
        rows = sparse.kron(sparse.identity(blocks), self.rows, format="csr") if len(self.rows) else None
        sums = np.tile(self.sums, blocks) if len(self.rows) else None
        bounds = np.column_stack([np.tile(low.ravel(), 2), np.tile(high.ravel(), 2)])
        done = linprog(aim.ravel(), A_eq=rows, b_eq=sums, bounds=bounds, method="highs")
        assert done.status == 0, done.message
        ends = done.x.reshape(aim.shape)[:, :, at]
        return [(float(least), float(most)) for least, most in ends.T]


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
        # to whom, by what he knows, how far up and how far down the cell must stay possible
        minds: list[tuple[str, Mind, float, float]] = [("", ({}, set()), wanted, min(wanted, value))]
        for who in sorted({who for each in withheld for who in given[each]}):
            own = {each: given[each][who] for each in withheld if given[each].get(who, 0) > 0}
            alone = {each for each in own if sum(size > 0 for size in given[each].values()) == 1}
            if cell in alone:
                continue
            # who fills in the cells where he is alone, and no more
            filled = ({each: own[each] for each in alone}, alone)
            minds.append((who, filled, wanted, min(wanted, value - own.get(cell, 0.0))))
            # who subtracts all that he gave; of a cell in which he has a part, the rest is what he may not know
            rest = max(rules.p, rules.safety) / 100 * (value - own[cell]) if cell in own else wanted
            minds.append((who, (own, alone), min(wanted, rest), min(wanted, rest, value)))
        ends = attacker.between(cell, [mind for _, mind, _, _ in minds])
        for (who, _, above, below), (low, high) in zip(minds, ends, strict=True):
            slack = 1e-5 * max(1.0, wanted)
            if high < value + above - slack:
                found.append(Breach(cell, who, "up", above, high - value))
            if low > value - below + slack:
                found.append(Breach(cell, who, "down", below, value - low))
    return found

"""Secondary suppression: what else to withhold so that no unsafe cell can be derived.

Belongs here: the choice of a pattern of withheld cells for one table of sums. Does not belong here: what an attacker
can do (`disclosure_attack.py`, which has the last word) and the search for one cube (`disclosure_cubes.py`).

Method: for every unsafe cell, largest protection first, an alternative table is looked for that differs by the
protection level in that cell and costs least in cells not yet withheld; the cells in which it differs are withheld. A
cube of cells where one will do (hypercube method, Repsilber 1994; shortest paths, Castro 2007), else the linear
programme of Kelly, Golden and Assad (Networks 22, 1992, 397-417), which may split the change over several. Alternatives
that one respondent can rule out, because they are below what he gave or change a cell where he is alone, do not
protect against him: for him another is looked for. What is found once stays valid whatever is withheld later, so one
pass protects everything; a second publishes again what turned out not to be needed.

Everything is in a fixed order: the same table gives the same pattern.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from scipy import optimize, sparse

from assets.formulas.disclosure_attack import (
    DOWN,
    NOTHING,
    PUBLIC,
    UP,
    AdditiveTable,
    Alternative,
    Flags,
    Floats,
    farthest,
    still_to_deceive,
    tidied,
)
from assets.formulas.disclosure_cubes import BARRED, Grid

#: A change is shared by cubes that each take at least this part of it; beyond that, the linear programme is better.
_SMALLEST_SHARE = 1 / 64

#: Looking whether a cell can be published after all costs most of the time. In a table of 9,006 cells in 4 levels by 4,
#: the limit on users left 47 more cells withheld (2,786 for 2,739) and took a seventh of the time (10 s for 68 s).
_SMALLEST_SHARE_AFTERWARDS = 1 / 4
_MOST_USERS_AFTERWARDS = 10


@dataclass(frozen=True)
class Pattern:
    """Which cells to withhold, unsafe ones and others, and the alternatives that prove that it is enough."""

    withheld: Flags
    alternatives: tuple[Alternative, ...]


def information_loss(value: Floats) -> Floats:
    """What it costs readers to lose a cell, as a whole number: it grows with the logarithm of the value.

    The number of cells counts most, and between two cells the smaller goes: by value alone, many small cells go to
    spare one total; by count alone, totals go (handbook, chapter 4.3, on the cost function).
    """
    positive = value[value > 0]
    smallest = positive.min() if len(positive) else 1.0
    return np.rint(1000.0 * (1.0 + np.log2(1.0 + value / smallest)))


def suppress(table: AdditiveTable, grid: Grid | None, withheld: Flags | None = None) -> Pattern:
    """The pattern that protects `table` as far as what is known from elsewhere allows.

    `grid` has the cells of the table at their places; without one (what adds up is more than hierarchies) there are no
    cubes, and nothing is published again. `withheld` are cells that are withheld in any case. Where no pattern gives a
    cell its protection, because of cells that are known anyway, what gives it most is withheld;
    `disclosure_attack.exposed` then names the cell.
    """
    search = _Search(table, grid, withheld)
    unsafe = np.flatnonzero((table.protection > 0) & ~table.fixed)
    for cell in unsafe[np.argsort(-table.protection[unsafe], kind="stable")].tolist():
        search.protect(cell)
    if grid is not None:
        search.publish_what_is_not_needed()
    found = tuple(alternative for cell in sorted(search.proofs) for alternative in search.proofs[cell])
    return Pattern(search.withheld, found)


@dataclass
class _Search:
    table: AdditiveTable
    grid: Grid | None
    start: Flags | None = None
    withheld: Flags = field(init=False)
    prices: Floats = field(init=False)
    proofs: dict[int, list[Alternative]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.withheld = (self.table.protection > 0) & ~self.table.fixed
        if self.start is not None:
            self.withheld = self.withheld | (self.start & ~self.table.fixed)
        self.loss = information_loss(self.table.value)
        # one place more, for no cell
        self.prices = np.append(np.where(self.withheld, 0.0, self.loss), BARRED)

    def protect(self, cell: int) -> None:
        """Withholds what `cell` needs, and keeps the proof."""

        def find(attacker: int) -> list[Alternative]:
            found = self._cubes(cell, attacker, self.prices, _SMALLEST_SHARE) or self._by_programme(cell, attacker)
            for alternative in found:
                self.withhold(alternative)
            return found

        self.proofs[cell] = self._against_everybody(find)

    def _against_everybody(self, find: Callable[[int], list[Alternative]]) -> list[Alternative]:
        """What `find` has for the public, and for every respondent who can rule out what was found before.

        Empty where it has nothing for somebody.
        """
        found: list[Alternative] = []
        left = frozenset((PUBLIC,))
        while left:
            attacker = min(left)
            pair = find(attacker)
            if not pair:
                return []
            found += pair
            still = frozenset[int]().union(*(still_to_deceive(self.table, one, left) for one in pair))
            left = still - {PUBLIC, attacker}
        return found

    def withhold(self, alternative: Alternative) -> None:
        """Withholds the cells in which `alternative` differs."""
        self.withheld[alternative.where] = True
        self.prices[alternative.where] = 0.0

    def _cubes(self, cell: int, attacker: int, prices: Floats, smallest: float) -> list[Alternative]:
        """Two alternatives for `attacker`, up and down, of one cube or of several that share the change.

        None where the cubes do not have room for all of it.
        """
        if self.grid is None:
            return []
        needed = self.table.wanted(cell, attacker, UP)
        room = self.table.room(attacker)
        room[cell] = np.inf
        change = np.zeros(len(room))
        share, left = 1.0, 1.0
        while left > 0:
            cube = self.grid.cheapest(cell, _barred(prices, room >= min(share, left) * needed, cell))
            if cube is None:
                share /= 2
                if share < smallest:
                    return []
                continue
            part = min(left * needed, float(room[cube.where].min()))
            left = 0.0 if part >= left * needed else left - part / needed
            change[cube.where] += part * cube.signs
            room[cube.where] -= part
            room[cell] = np.inf
            if left > 0:
                prices = prices.copy()
                prices[cube.where] = 0.0
        where = np.flatnonzero(change)
        up = change[where] * (needed / change[cell])
        down = -up * (self.table.wanted(cell, attacker, DOWN) / needed)
        return [Alternative(cell, where, up), Alternative(cell, where, down)]

    def _by_programme(self, cell: int, attacker: int) -> list[Alternative]:
        found: list[Alternative] = []
        for direction in (UP, DOWN):
            wanted = self.table.wanted(cell, attacker, direction)
            if wanted <= NOTHING * self.table.protection[cell]:
                continue
            alternative = cheapest(self.table, self.prices[:-1], cell, attacker, direction, wanted)
            if alternative is None:
                alternative = farthest(self.table, ~self.table.fixed, cell, attacker, direction, wanted)
            self.withhold(alternative)
            found.append(alternative)
        return found

    def publish_what_is_not_needed(self) -> None:
        """Publishes cells again without which every proof that used them can be had from the other withheld cells."""
        users: dict[int, set[int]] = defaultdict(set)
        for cell, proofs in self.proofs.items():
            for proof in proofs:
                for place in proof.where.tolist():
                    users[place].add(cell)
        spare = np.flatnonzero(self.withheld & ~(self.table.protection > 0))
        for place in spare[np.argsort(-self.loss[spare], kind="stable")].tolist():
            few = len(users[place]) <= _MOST_USERS_AFTERWARDS
            instead = self._proofs_without(place, sorted(users[place])) if few else None
            if instead is None:
                continue
            self.withheld[place] = False
            self.prices[place] = self.loss[place]
            self.proofs |= instead
            for cell, proofs in instead.items():
                for proof in proofs:
                    for other in proof.where.tolist():
                        users[other].add(cell)

    def _proofs_without(self, place: int, cells: list[int]) -> dict[int, list[Alternative]] | None:
        """Proofs for `cells`, of cubes of withheld cells other than `place`; None where one of them has none."""
        prices = np.append(np.where(self.withheld, 0.0, BARRED), BARRED)
        prices[place] = BARRED
        found: dict[int, list[Alternative]] = {}
        for cell in cells:
            found[cell] = self._against_everybody(
                partial(self._cubes, cell, prices=prices, smallest=_SMALLEST_SHARE_AFTERWARDS)
            )
            if not found[cell]:
                return None
        return found


def _barred(prices: Floats, allowed: Flags, cell: int) -> Floats:
    """`prices` with those of cells that are not `allowed` out of reach, and `cell` itself free."""
    found = np.append(np.where(allowed, prices[:-1], BARRED), BARRED)
    found[cell] = 0.0
    return found


def cheapest(
    table: AdditiveTable, prices: Floats, cell: int, attacker: int, direction: int, wanted: float
) -> Alternative | None:
    """The alternative for `attacker` that differs by `wanted` in `cell` and costs least, or None where there is none.

    The cost is the price of a cell times the part of `wanted` by which it changes: the linear relaxation of Kelly,
    Golden and Assad.
    """
    cells = np.flatnonzero(~table.fixed)
    room = np.minimum(table.room(attacker)[cells] / wanted, 1e6)
    known = table.alone[cells] & (room == 0)
    own = int(np.flatnonzero(cells == cell)[0])
    rise = np.where(known, 0.0, np.inf)
    low, high = np.zeros(2 * len(cells)), np.concatenate([rise, room])
    for side, sign in ((own, UP), (own + len(cells), DOWN)):
        low[side] = high[side] = float(direction == sign)
    rows = table.equations[:, cells]
    price = np.tile(prices[cells] / max(prices.max(), 1.0) + 1e-6, 2)
    done = optimize.linprog(
        price,
        A_eq=sparse.hstack([rows, -rows], format="csc"),
        b_eq=np.zeros(rows.shape[0]),
        bounds=np.column_stack([low, high]),
    )
    if done.status == 2:
        return None
    if done.status != 0:
        raise RuntimeError(f"cell {cell} could not be protected: {done.message}")
    change = done.x[: len(cells)] - done.x[len(cells) :]
    return tidied(cell, cells, change * wanted, wanted)

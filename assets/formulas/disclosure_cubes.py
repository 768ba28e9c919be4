"""Cubes of cells that can change together without changing anything else: the shortest way to hide a cell.

Belongs here: the search for the cheapest cube through a cell of a table whose dimensions are hierarchies. Does not
belong here: what a cell costs and who is deceived by a change (`disclosure_suppression.py`).

In a table of two dimensions without a hierarchy, four cells at the corners of a rectangle can go up and down by one
amount in turn, and every margin stays as it is: the hypercube of Repsilber (1994; GHMITER, Giessing and Repsilber
2002). With hierarchies a side of the cube is a path through the tree of codes: from one lowest code up, through those
of its parents that the two do not share, and down to another, or up to the top, the margins moving along (the paths of
Castro, INFORMS Journal on Computing 19, 2007, 520-533). A change is a product of one path in each dimension; its sign
in a cell is the product of the signs of the two halves of the paths.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from assets.formulas.disclosure_attack import Floats, Integers

#: The price of a cell that may not change. Prices are whole numbers, so that sums of them are exact in any order.
BARRED = float(2**40)

#: A margin reaches the lowest level by one of so many of its parts: those that are cheapest where it stands.
_WAYS_DOWN = 8


@dataclass(frozen=True)
class Tree:
    """The codes of one dimension, by number: the number of the parent of each, -1 at a top; parents may come later."""

    above: tuple[int, ...]

    @cached_property
    def lines(self) -> Integers:
        """One row a code: the codes from the top down to it, filled up with the number of codes (which is no code)."""
        found = []
        for code in range(len(self.above)):
            line = [code]
            while self.above[line[-1]] >= 0:
                line.append(self.above[line[-1]])
            found.append(line[::-1])
        depth = max(map(len, found))
        return np.array([line + [len(self.above)] * (depth - len(line)) for line in found], dtype=np.int64)

    @cached_property
    def lowest(self) -> Integers:
        """The codes that are nobody's parent."""
        return np.setdiff1d(np.arange(len(self.above)), np.array(self.above))

    @cached_property
    def levels(self) -> list[Integers]:
        """The codes of each level, from below the tops down."""
        depth = (self.lines < len(self.above)).sum(axis=1)
        return [np.flatnonzero(depth == level) for level in range(2, self.lines.shape[1] + 1)]

    @cached_property
    def _asked(self) -> dict[tuple[str, int], Integers]:
        return {}

    def below(self, code: int) -> Integers:
        """The lowest codes under `code`, or itself."""
        if ("below", code) not in self._asked:
            self._asked["below", code] = self.lowest[(self.lines[self.lowest] == code).any(axis=1)]
        return self._asked["below", code]

    def ends(self, code: int) -> Integers:
        """Where a path through `code` may end: the lowest codes not under it, and last the number of codes: the top."""
        if ("ends", code) not in self._asked:
            outside = np.setdiff1d(self.lowest, self.below(code))
            self._asked["ends", code] = np.append(outside, len(self.above))
        return self._asked["ends", code]

    def shared(self, start: int, code: int) -> Integers:
        """The lowest code above both `start` and each of the ends for `code`; the number of codes where none is."""
        if ("shared", start) not in self._asked:
            everywhere = np.vstack([self.lines, np.full((1, self.lines.shape[1]), -1)])
            agree = np.cumprod(self.lines[start] == everywhere, axis=1).sum(axis=1)
            joint = np.where(agree > 0, self.lines[start][np.maximum(agree - 1, 0)], len(self.above))
            self._asked["shared", start] = joint
        return self._asked["shared", start][self.ends(code)]

    def summed(self, prices: Floats, axis: int) -> Floats:
        """`prices` added up along `axis` from the top down to every code; a row of 0 at the end for no code."""
        moved = np.moveaxis(prices, axis, 0)
        found = np.concatenate([moved, np.zeros((1, *moved.shape[1:]))])
        above = np.array(self.above)
        for level in self.levels:
            found[level] += found[above[level]]
        return found

    def path(self, start: int, end: int) -> tuple[Integers, Integers]:
        """The codes of a path and their signs: up with `start`, down with `end`; to the top where `end` is no code."""
        none = len(self.above)
        up = self.lines[start]
        if end == none:
            codes = up[up < none]
            return codes, np.ones(len(codes), dtype=np.int64)
        down = self.lines[end]
        apart = up != down
        plus, minus = up[apart & (up < none)], down[apart & (down < none)]
        return np.concatenate([plus, minus]), np.repeat([1, -1], [len(plus), len(minus)])


@dataclass(frozen=True)
class Cube:
    """Cells that can change together: numbers of cells, and 1 or -1 for each; `price` is what they cost."""

    where: Integers
    signs: Integers
    price: float


@dataclass(frozen=True)
class Grid:
    """Where the cells of a table stand: `cells` has an axis a dimension, and the number of the cell at each place.

    A place without a cell (nobody contributed) has the number of cells. `places` has a row a cell: its code in every
    dimension.
    """

    trees: tuple[Tree, ...]
    cells: Integers
    places: Integers

    def cheapest(self, cell: int, prices: Floats) -> Cube | None:
        """The cheapest cube through `cell`, which goes up, or None where every one has a barred cell.

        `prices`: a whole number for each cell, BARRED or more for one that may not change, and BARRED in the last
        place, for no cell. Of cubes of one price the first in the order of codes is taken.
        """
        place = tuple(self.places[cell].tolist())
        there = prices[self.cells]
        total = there
        sides: list[tuple[Integers, Integers]] = []
        for axis, tree in enumerate(self.trees):
            starts = self._ways_down(there, place, axis)
            sums = tree.summed(total, axis)
            ends = tree.ends(place[axis])
            options = [
                sums[start] + sums[ends] - 2 * sums[tree.shared(start, place[axis])] for start in starts.tolist()
            ]
            total = np.moveaxis(np.concatenate(options), 0, axis)
            sides.append((np.repeat(starts, len(ends)), np.tile(ends, len(starts))))
        best = int(np.argmin(total))
        price = float(total.flat[best])
        if price >= BARRED:
            return None
        chosen = np.unravel_index(best, total.shape)
        paths = [
            tree.path(int(start[at]), int(end[at]))
            for tree, (start, end), at in zip(self.trees, sides, chosen, strict=True)
        ]
        where = self.cells[np.ix_(*(codes for codes, _ in paths))].ravel()
        signs = paths[0][1]
        for _, more in paths[1:]:
            signs = np.multiply.outer(signs, more)
        return Cube(where, signs.ravel(), price)

    def _ways_down(self, there: Floats, place: tuple[int, ...], axis: int) -> Integers:
        below = self.trees[axis].below(place[axis])
        if len(below) == 1:
            return below
        line: tuple[int | Integers, ...] = (*place[:axis], below, *place[axis + 1 :])
        return below[np.argsort(there[line], kind="stable")[:_WAYS_DOWN]]


def grid(codes: Sequence[npt.NDArray[np.object_]], parents: Sequence[Mapping[str, str]]) -> Grid:
    """The grid of cells that have these codes: an array of codes for each dimension, as long as there are cells.

    `parents` gives the parent of a code of each dimension. Codes that no cell has take no part.
    """
    trees, places = [], []
    for names, above in zip(codes, parents, strict=True):
        present, place = np.unique(names.astype(str), return_inverse=True)
        number = {name: at for at, name in enumerate(present.tolist())}
        trees.append(Tree(tuple(number.get(above.get(name, ""), -1) for name in number)))
        places.append(place)
    count = len(places[0])
    cells = np.full([len(tree.above) for tree in trees], count, dtype=np.int64)
    cells[tuple(places)] = np.arange(count)
    return Grid(tuple(trees), cells, np.column_stack(places))

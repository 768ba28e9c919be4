"""The attack on a table with withheld cells: what can be concluded from everything that is published.

Belongs here: the numbers of a table, what an attacker knows, and the audit of a pattern of withheld cells by linear
programming. Does not belong here: choosing what to withhold (`disclosure_suppression.py`).

An attacker knows every published cell, every equation, that no contribution is negative, the cells that are known from
elsewhere, and which cells are empty. One respondent knows all of his own contributions besides, and that he is alone in
a cell where he is: "a suppression pattern should not be considered as valid, when certain respondents can use their
insider knowledge" (Hundepool et al., Handbook on Statistical Disclosure Control, 2nd ed. 2024, chapter 4.2; Cox 2001).
A cell is protected against him if, among the tables that agree with all he knows, one is higher in that cell by its
protection level, and one is lower by it (Fischetti and Salazar, JASA 95, 2000, 916-928), or lower by all that is not
his. One such table for each direction is proof: the audit checks those that are offered and looks for the others by
linear programming, within the withheld cells that hang together.

Not covered: coalitions of respondents, and sums of withheld cells that are no cells of the table.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import optimize, sparse
from scipy.sparse.csgraph import connected_components

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

#: The attacker who is no respondent; respondents are rows of `AdditiveTable.given`.
PUBLIC = -1

#: What counts as nothing, as a part of the protection level that is at stake: the solver is no more exact than 1e-7.
NOTHING = 1e-6

#: More room than this many times the protection level makes no difference to an attack.
_AMPLE = 1e6

UP, DOWN = 1, -1


@dataclass(frozen=True)
class AdditiveTable:
    """The numbers of one table of sums. Arrays have a place for each of its cells.

    `protection` is 0 for a cell that may be published. `fixed` cells are known whatever we withhold: zeros, and those
    known from elsewhere. `equations` (sparse, equations x cells) times value is 0. `given` (sparse, respondents x
    cells) holds who contributed what.
    """

    value: Floats
    protection: Floats
    fixed: Flags
    equations: Any
    given: Any

    @cached_property
    def by_cell(self) -> Any:
        """`given`, ready to be asked who contributed to a cell; zeros dropped."""
        found = sparse.csc_matrix(self.given)
        found.eliminate_zeros()
        return found

    @cached_property
    def by_respondent(self) -> Any:
        """`given`, ready to be asked to which cells someone contributed; zeros dropped."""
        return self.by_cell.tocsr()

    @cached_property
    def alone(self) -> Flags:
        """Whether a cell has one contributor."""
        return np.asarray(np.diff(self.by_cell.indptr) == 1, dtype=bool)

    @cached_property
    def largest(self) -> Floats:
        """The largest contribution to each cell."""
        return np.asarray(self.by_cell.max(axis=0).todense(), dtype="float64").ravel()

    def contributors(self, cell: int) -> tuple[Integers, Floats]:
        """Who contributed to `cell`, and what."""
        part = slice(self.by_cell.indptr[cell], self.by_cell.indptr[cell + 1])
        return self.by_cell.indices[part], self.by_cell.data[part]

    def room(self, attacker: int) -> Floats:
        """How far each cell may be below its value for all that `attacker` knows; 0 where he knows it."""
        room = self.value.copy()
        if attacker != PUBLIC:
            part = slice(self.by_respondent.indptr[attacker], self.by_respondent.indptr[attacker + 1])
            mine = self.by_respondent.indices[part]
            room[mine] = np.where(self.alone[mine], 0.0, np.maximum(room[mine] - self.by_respondent.data[part], 0.0))
        room[self.fixed] = 0.0
        return room

    def wanted(self, cell: int, attacker: int, direction: int) -> float:
        """How far from its value `cell` must stay possible for `attacker`: down, no further than what is not his."""
        if direction == UP:
            return float(self.protection[cell])
        known = 0.0
        if attacker != PUBLIC:
            who, what = self.contributors(cell)
            known = float(what[who == attacker].sum())
        return float(min(self.protection[cell], max(self.value[cell] - known, 0.0)))


@dataclass(frozen=True)
class Alternative:
    """Another table that agrees with what is published: `change` is added to the cells `where`, one of them `cell`."""

    cell: int
    where: Integers
    change: Floats

    @property
    def amount(self) -> float:
        """The change of `cell`; below 0 in a table that is lower there."""
        return float(self.change[self.where == self.cell].sum())


@dataclass(frozen=True)
class Exposure:
    """A cell that `attacker` can place within `attained` of its value, up or down, where it should be `wanted`."""

    cell: int
    attacker: int
    direction: int
    wanted: float
    attained: float


def who_rules_out(table: AdditiveTable, alternative: Alternative) -> frozenset[int]:
    """The attackers who know that `alternative` is not the true table; with PUBLIC among them, everybody does.

    Who is alone in the cell at stake knows it anyway and is left out. For a respondent whose own part of that cell
    limits how low it may be, the alternative counts scaled down to that.
    """
    cell, amount = alternative.cell, alternative.amount
    nothing = NOTHING * abs(amount)
    after = table.value[alternative.where] + alternative.change
    if (after < -nothing).any() or table.fixed[alternative.where].any():
        return frozenset((PUBLIC,))
    insiders = dict(zip(*(part.tolist() for part in table.contributors(cell)), strict=True)) if amount < 0 else {}
    found: set[int] = set()
    suspect = table.alone[alternative.where] | (table.largest[alternative.where] > after + nothing)
    for place in np.flatnonzero(suspect & (alternative.where != cell)).tolist():
        there, change = int(alternative.where[place]), float(alternative.change[place])
        for who, what in zip(*(part.tolist() for part in table.contributors(there)), strict=True):
            scale = min(1.0, (table.value[cell] - insiders[who]) / -amount) if who in insiders else 1.0
            moved = scale * abs(change) > nothing
            if moved and (table.alone[there] or what > table.value[there] + scale * change + nothing):
                found.add(who)
    if table.alone[cell]:
        found -= set(table.contributors(cell)[0].tolist())
    return frozenset(found)


def exposed(table: AdditiveTable, withheld: Flags, offered: Iterable[Alternative] = ()) -> list[Exposure]:
    """The audit: every unsafe cell that somebody can know too well when all but `withheld` is published.

    `offered` are alternatives that whoever chose the pattern found; they are checked, not trusted, and only spare
    work. Out: at most one exposure a cell, direction and attacker; where the public knows, respondents are not named.
    """
    hidden = withheld & ~table.fixed
    parts = _parts_that_hang_together(table, hidden)
    proofs: dict[tuple[int, int], list[Alternative]] = {}
    for alternative in _sound(table, hidden, list(offered)):
        proofs.setdefault((alternative.cell, UP if alternative.amount > 0 else DOWN), []).append(alternative)
    found: list[Exposure] = []
    for cell in np.flatnonzero(table.protection > 0).tolist():
        for direction in (UP, DOWN):
            ruled_out = [who_rules_out(table, proof) for proof in proofs.get((cell, direction), ())]
            ruled_out = [out for out in ruled_out if PUBLIC not in out]
            left = frozenset.intersection(*ruled_out) if ruled_out else frozenset((PUBLIC,))
            found += _attacks(table, hidden & (parts == parts[cell]), cell, direction, left)
    return found


def _attacks(
    table: AdditiveTable, hidden: Flags, cell: int, direction: int, attackers: frozenset[int]
) -> list[Exposure]:
    found: list[Exposure] = []
    left = set(attackers)
    while left:
        attacker = min(left)
        left.discard(attacker)
        wanted = table.wanted(cell, attacker, direction)
        if wanted <= NOTHING * table.protection[cell]:
            continue
        alternative = farthest(table, hidden, cell, attacker, direction, wanted)
        attained = abs(alternative.amount)
        if attained < wanted * (1 - NOTHING):
            found.append(Exposure(cell, attacker, direction, wanted, attained))
            if attacker == PUBLIC:
                break
            continue
        if attained < table.protection[cell] * (1 - NOTHING) and attacker != PUBLIC:
            continue  # enough for him alone
        out = who_rules_out(table, alternative)
        left = set(out) if attacker == PUBLIC else left & out
    return found


def farthest(
    table: AdditiveTable, hidden: Flags, cell: int, attacker: int, direction: int, wanted: float
) -> Alternative:
    """The alternative for `attacker` in which `cell` is as far from its value as may be, up to `wanted`.

    Only cells of `hidden` may differ. Linear programming (HiGHS); exact to a millionth of `wanted`.
    """
    cells = np.flatnonzero(hidden)
    if not hidden[cell] or not wanted > 0:
        return Alternative(cell, np.array([cell]), np.zeros(1))
    lower = -np.minimum(table.room(attacker)[cells] / wanted, _AMPLE)
    known = table.alone[cells] & (lower == 0)
    upper = np.where(known, 0.0, np.inf)
    own = np.flatnonzero(cells == cell)[0]
    if direction == UP:
        upper[own] = min(upper[own], 1.0)
    else:
        lower[own] = max(lower[own], -1.0)
    aim = np.zeros(len(cells))
    aim[own] = -direction
    rows = table.equations[:, cells]
    rows = rows[np.flatnonzero(np.diff(rows.tocsr().indptr))]
    done = optimize.linprog(
        aim, A_eq=rows, b_eq=np.zeros(rows.shape[0]), bounds=np.column_stack([lower, upper]), method="highs"
    )
    if done.status != 0:
        raise RuntimeError(f"the attack on cell {cell} could not be computed: {done.message}")
    return tidied(cell, cells, done.x * wanted, wanted)


def tidied(cell: int, cells: Integers, change: Floats, wanted: float) -> Alternative:
    """The alternative without what the solver's inexactness left behind."""
    kept = (np.abs(change) > 1e-9 * wanted) | (cells == cell)
    return Alternative(cell, cells[kept], change[kept])


def _parts_that_hang_together(table: AdditiveTable, hidden: Flags) -> Integers:
    """For every cell, the number of the part of the withheld cells to which it belongs; equations join them."""
    cells = np.flatnonzero(hidden)
    links = sparse.csr_matrix(abs(table.equations[:, cells]))
    joined = sparse.bmat([[None, links.T], [links, None]], format="csr")
    parts = np.full(len(hidden), -1, dtype=np.int64)
    if len(cells):
        parts[cells] = connected_components(joined, directed=False)[1][: len(cells)]
    return parts


def _sound(table: AdditiveTable, hidden: Flags, offered: list[Alternative]) -> list[Alternative]:
    """Of the alternatives offered, those that change withheld cells only, add up, and differ enough in their cell."""
    if not offered:
        return []
    row = np.repeat(np.arange(len(offered)), [len(alternative.where) for alternative in offered])
    where = np.concatenate([alternative.where for alternative in offered])
    change = np.concatenate([alternative.change for alternative in offered])
    matrix = sparse.csr_matrix((change, (row, where)), shape=(len(offered), len(hidden)))
    amount = np.array([alternative.amount for alternative in offered])
    left_over = abs(table.equations @ matrix.T).max(axis=0)
    residue = np.asarray(left_over.todense()).ravel() if table.equations.shape[0] else np.zeros(len(offered))
    published = np.bincount(row, weights=~hidden[where], minlength=len(offered)) > 0
    cell = np.array([alternative.cell for alternative in offered])
    wanted = np.where(
        amount > 0, table.protection[cell], np.minimum(table.protection[cell], table.value[cell])
    ) * (1 - NOTHING)  # fmt: skip
    sound = ~published & (residue <= NOTHING * np.abs(amount)) & (np.abs(amount) >= wanted) & (amount != 0)
    return [alternative for alternative, kept in zip(offered, sound.tolist(), strict=True) if kept]

"""The attack on a table with withheld cells: what can be concluded from everything that is published.

Belongs here: the numbers of a table, what an attacker knows, and the audit of a pattern of withheld cells by linear
programming. Does not belong here: choosing what to withhold (`disclosure_suppression.py`).

An attacker knows every published cell, every equation, that no contribution is negative, the cells that are known from
elsewhere, and which cells are empty. A cell is protected if, among the tables that agree with all that he knows, one is
higher in that cell by its protection level and one is lower by it (Fischetti and Salazar, JASA 95, 2000, 916-928).

"A suppression pattern should not be considered as valid, when certain respondents can use their insider knowledge"
(Hundepool et al., Handbook on Statistical Disclosure Control, 2nd ed. 2024, chapter 4.2; Cox 2001). So every respondent
attacks as well, twice: as one who fills in the cells where he is alone (a cell may then be lower by no more than what
is not his), and as one who subtracts all that he gave, in every cell. The second may know a cell in which he has a part
to within `others_share` of what is not his (but never needs to be more in doubt than the public): a giant need not take
the others for giants. With a share of at least p/100 that is all that the p % rule asks, whoever attacks: at most p %
of the largest part that is not his.

One table for each direction is proof: the audit checks those that are offered and looks for the others by linear
programming, within the withheld cells that hang together.

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

#: The attacker who is no respondent. Respondents are rows of `AdditiveTable.given`, as attackers who subtract all that
#: they gave; with the number of rows added, as attackers who fill in the cells where they are alone.
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
    cells) holds who contributed what. `others_share`: the part of what others gave to a cell, of which a respondent
    with a part in it must stay unsure. `unpublished` cells take part in what adds up and are nobody's to publish: who
    contributes to one cannot know that he is alone in it.
    """

    value: Floats
    protection: Floats
    fixed: Flags
    equations: Any
    given: Any
    others_share: float
    unpublished: Flags | None = None

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
        """Whether a cell has one contributor, who knows it."""
        one = np.asarray(np.diff(self.by_cell.indptr) == 1, dtype=bool)
        return one if self.unpublished is None else one & ~self.unpublished

    @cached_property
    def largest(self) -> Floats:
        """The largest contribution to each cell."""
        return np.asarray(self.by_cell.max(axis=0).todense(), dtype="float64").ravel()

    def contributors(self, cell: int) -> tuple[Integers, Floats]:
        """Who contributed to `cell`, and what."""
        part = slice(self.by_cell.indptr[cell], self.by_cell.indptr[cell + 1])
        return self.by_cell.indices[part], self.by_cell.data[part]

    @property
    def respondents(self) -> int:
        """How many respondents there are."""
        return int(self.given.shape[0])

    def room(self, attacker: int) -> Floats:
        """How far each cell may be below its value for all that `attacker` knows; 0 where he knows it."""
        room = self.value.copy()
        if attacker != PUBLIC:
            who = attacker % self.respondents
            part = slice(self.by_respondent.indptr[who], self.by_respondent.indptr[who + 1])
            mine = self.by_respondent.indices[part]
            rest = room[mine] - self.by_respondent.data[part] if attacker == who else room[mine]
            room[mine] = np.where(self.alone[mine], 0.0, np.maximum(rest, 0.0))
        room[self.fixed] = 0.0
        return room

    def wanted(self, cell: int, attacker: int, direction: int) -> float:
        """How far up or down from its value `cell` must stay possible for `attacker`."""
        full = self.protection[cell] if direction == UP else min(self.protection[cell], self.value[cell])
        who, what = self.contributors(cell)
        own = what[who == attacker % self.respondents].sum() if attacker != PUBLIC else 0.0
        if not own:
            return float(full)
        rest = max(self.value[cell] - own, 0.0)
        if attacker < self.respondents:
            return float(min(full, self.others_share * rest))
        return float(full if direction == UP else min(full, rest))


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
    """The attackers who know that `alternative` is not the true table, or none; PUBLIC among them: everybody.

    Who is alone in the cell at stake knows it anyway and is left out. For a respondent with a part in that cell, of
    whom less is wanted, the alternative counts scaled down to that.
    """
    cell, amount = alternative.cell, abs(alternative.amount)
    nothing = NOTHING * amount
    after = table.value[alternative.where] + alternative.change
    if not amount or (after < -nothing).any() or table.fixed[alternative.where].any():
        return frozenset((PUBLIC,))
    insiders = frozenset(table.contributors(cell)[0].tolist())
    found: set[int] = set()
    suspect = table.alone[alternative.where] | (table.largest[alternative.where] > after + nothing)
    for place in np.flatnonzero(suspect & (alternative.where != cell)).tolist():
        there, change = int(alternative.where[place]), float(alternative.change[place])
        for who, what in zip(*(part.tolist() for part in table.contributors(there)), strict=True):
            scale = min(1.0, table.wanted(cell, who, UP) / amount) if who in insiders else 1.0
            moved = scale * abs(change) > nothing
            if moved and (table.alone[there] or what > table.value[there] + scale * change + nothing):
                found.add(who)
            if table.alone[there] and who in insiders:
                found.add(who + table.respondents)
    if table.alone[cell]:
        found -= insiders | {who + table.respondents for who in insiders}
    return frozenset(found)


def still_to_deceive(table: AdditiveTable, alternative: Alternative, attackers: frozenset[int]) -> frozenset[int]:
    """Those of `attackers` against whom `alternative` is no proof: they rule it out, or it differs too little.

    PUBLIC among them stands for everybody, respondents included.
    """
    direction = UP if alternative.amount > 0 else DOWN
    out = who_rules_out(table, alternative)
    if PUBLIC in out:
        return attackers
    enough = abs(alternative.amount) / (1 - NOTHING)
    if enough >= table.wanted(alternative.cell, PUBLIC, direction):
        return out if PUBLIC in attackers else attackers & out
    return frozenset(
        who
        for who in attackers
        if who == PUBLIC or who in out or enough < table.wanted(alternative.cell, who, direction)
    )


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
            # the largest first: they are for everybody
            left = frozenset((PUBLIC,))
            for proof in sorted(proofs.get((cell, direction), ()), key=lambda proof: -abs(proof.amount)):
                left = still_to_deceive(table, proof, left)
            found += _attacks(table, hidden & (parts == parts[cell]), cell, direction, left)
    return found


def _attacks(
    table: AdditiveTable, hidden: Flags, cell: int, direction: int, attackers: frozenset[int]
) -> list[Exposure]:
    found: list[Exposure] = []
    left = attackers
    while left:
        attacker = min(left)
        wanted = table.wanted(cell, attacker, direction)
        if wanted <= NOTHING * table.protection[cell]:
            left -= {attacker}
            continue
        alternative = farthest(table, hidden, cell, attacker, direction, wanted)
        attained = abs(alternative.amount)
        if attained >= wanted * (1 - NOTHING):
            left = still_to_deceive(table, alternative, left) - {attacker}
            continue
        found.append(Exposure(cell, attacker, direction, wanted, attained))
        if attacker == PUBLIC:
            break
        left -= {attacker}
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
    done = optimize.linprog(aim, A_eq=rows, b_eq=np.zeros(rows.shape[0]), bounds=np.column_stack([lower, upper]))
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
    """Of the alternatives offered, those that change withheld cells only, and add up."""
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
    sound = ~published & (residue <= NOTHING * np.abs(amount)) & (amount != 0)
    return [alternative for alternative, kept in zip(offered, sound.tolist(), strict=True) if kept]

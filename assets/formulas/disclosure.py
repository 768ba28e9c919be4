"""Disclosure control: from what respondents declared to a table that may leave the house.

Belongs here: all steps in order, on tables of pandas. Does not belong here: the rules (`disclosure_primary.py`), the
margins (`disclosure_margins.py`), the choice of what to withhold (`disclosure_suppression.py`) and the attack
(`disclosure_attack.py`).

What may be published of the result is the value and that a cell is confidential. Whether a cell was unsafe by itself,
by which rule, and how many contributed is for the steward: it helps an attacker.

Sources: Hundepool et al., Handbook on Statistical Disclosure Control, 2nd ed. 2024, chapter 4; Hundepool et al.,
Statistical Disclosure Control (Wiley 2012); Willenborg and De Waal, Elements of Statistical Disclosure Control
(Springer 2001); Fischetti and Salazar, JASA 95 (2000); Kelly, Golden and Assad, Networks 22 (1992); Repsilber (1994);
Castro, INFORMS Journal on Computing 19 (2007).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
from scipy import sparse

from assets.formulas.disclosure_attack import NOTHING, PUBLIC, UP, AdditiveTable, Exposure, Flags, exposed
from assets.formulas.disclosure_cubes import grid
from assets.formulas.disclosure_margins import VALUE, Margins, equations, with_margins
from assets.formulas.disclosure_primary import primary
from assets.formulas.disclosure_suppression import Pattern, suppress
from contracts.delivery_contract import Disclosure

PUBLISHED, PRIMARY, SECONDARY = "published", "primary", "secondary"

EXPOSURE_COLUMNS = ("attacker", "direction", "wanted", "attained")


@dataclass(frozen=True)
class _Part:
    """One table: the rows `first` up to `end` of all cells, and its numbers."""

    first: int
    end: int
    table: AdditiveTable


def protected_table(
    contributions: pd.DataFrame, margins: Margins, rules: Disclosure, known: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Every cell, margins included, with what may be published of it.

    In: a row a respondent and lowest cell: `margins.columns`, `rules.respondent` and `value` (0 or more); `known`, with
    `margins.columns`: cells that the world knows from elsewhere, whatever we withhold. Out, sorted, a row a cell that
    somebody reported on: `margins.columns`, `value` (null where withheld), `status` (published, primary, secondary),
    `why` (few, dominance, p_percent, or empty) and `exposed`: True where what is known from elsewhere gives the cell
    away within its protection level, whatever is withheld here. A cell on which nobody reported has no row and is 0.

    A pattern of withheld cells is chosen and then attacked by linear programming; if the attack should win, everything
    in that table is withheld but zeros and what is known. ValueError on wrong input only.
    """
    given = with_margins(contributions, margins, rules.respondent)
    cells = primary(given, margins.columns, rules)
    codes = cells[margins.columns].astype(str)
    withheld = np.zeros(len(cells), dtype=bool)
    gave_away = np.zeros(len(cells), dtype=bool)
    for part in _parts(given, cells, margins, rules, known):
        here = codes.iloc[part.first : part.end]
        places = grid([here[name].to_numpy(dtype=object) for name in margins.parents], list(margins.parents.values()))
        hidden, open_cells = closed_where_needed(part.table, suppress(part.table, places))
        withheld[part.first : part.end] = hidden
        gave_away[part.first + np.array([exposure.cell for exposure in open_cells], dtype=np.int64)] = True
    unsafe = cells["unsafe"].to_numpy()
    hide = withheld | unsafe
    status = np.select([unsafe, withheld], [PRIMARY, SECONDARY], default=PUBLISHED)
    return cells[margins.columns].assign(
        value=cells[VALUE].mask(hide),
        status=pd.Series(status, dtype="str"),
        why=cells["why"],
        exposed=gave_away,
    )


def closed_where_needed(table: AdditiveTable, pattern: Pattern) -> tuple[Flags, list[Exposure]]:
    """What to withhold after the attack: the pattern, or everything where the attack wins and that would help."""
    found = exposed(table, pattern.withheld, pattern.alternatives)
    if found and _more_would_help(found, closed := exposed(table, ~table.fixed)):
        return ~table.fixed, closed
    return pattern.withheld, found


def exposures(
    contributions: pd.DataFrame,
    margins: Margins,
    rules: Disclosure,
    published: pd.DataFrame,
    known: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """The audit of a table as published, whoever made it: who can know an unsafe cell too well.

    In: as `protected_table`; `published`, with `margins.columns`: the cells of which the value is published. Out:
    `margins.columns` and EXPOSURE_COLUMNS, a row a cell, attacker and direction, none where nothing can be derived.
    `attacker` is empty for everybody and else a respondent; `attained` is how far from its value the attacker must
    still hold the cell for possible, in `direction` (up, down), and `wanted` how far that should be.
    """
    given = with_margins(contributions, margins, rules.respondent)
    cells = primary(given, margins.columns, rules)
    withheld = ~_among(cells, published, margins)
    respondents = pd.factorize(given[rules.respondent], sort=True)[1]
    found: list[pd.DataFrame] = []
    for part in _parts(given, cells, margins, rules, known):
        open_cells = exposed(part.table, withheld[part.first : part.end])
        rows = cells[margins.columns].iloc[[part.first + exposure.cell for exposure in open_cells]]
        found.append(
            rows.assign(
                attacker=[
                    "" if e.attacker == PUBLIC else str(respondents[e.attacker % len(respondents)]) for e in open_cells
                ],
                direction=["up" if e.direction == UP else "down" for e in open_cells],
                wanted=[e.wanted for e in open_cells],
                attained=[e.attained for e in open_cells],
            )
        )
    if not found:
        return cells[margins.columns].iloc[:0].assign(**dict.fromkeys(EXPOSURE_COLUMNS, pd.Series(dtype="object")))
    return pd.concat(found, ignore_index=True)


def others_share(rules: Disclosure) -> float:
    """The part of what others gave to a cell, of which a respondent with a part in it must stay unsure."""
    return min(1.0, max(rules.p_percent, rules.safety_percent) / 100.0)


def _parts(
    given: pd.DataFrame, cells: pd.DataFrame, margins: Margins, rules: Disclosure, known: pd.DataFrame | None
) -> Iterator[_Part]:
    """The tables in which a cell is unsafe: the combinations of the separate dimensions, in which the cells stand."""
    names = margins.columns
    fixed = cells[VALUE].to_numpy() == 0
    if known is not None:
        fixed = fixed | _among(cells, known, margins)
    adding = equations(cells, margins).tocsc()
    who, respondents = pd.factorize(given[rules.respondent], sort=True)
    # given and cells are sorted alike: the rows of one cell are together
    which = given.groupby(names, sort=True).ngroup().to_numpy()
    gave = sparse.csc_matrix((given[VALUE].to_numpy(), (who, which)), shape=(len(respondents), len(cells)))
    unsafe = cells["unsafe"].to_numpy()
    for begin, end in pairwise([*_begins(cells, margins), len(cells)]):
        if not unsafe[begin:end].any():
            continue
        rows = adding[:, begin:end].tocsr()
        yield _Part(
            begin,
            end,
            AdditiveTable(
                cells[VALUE].to_numpy()[begin:end],
                cells["protection"].to_numpy()[begin:end],
                fixed[begin:end],
                rows[np.flatnonzero(np.diff(rows.indptr))].tocsc(),
                gave[:, begin:end],
                others_share(rules),
            ),
        )


def _begins(cells: pd.DataFrame, margins: Margins) -> list[int]:
    """The first row of every combination of the separate dimensions."""
    if not margins.separate or not len(cells):
        return [0] if len(cells) else []
    number = cells.groupby(list(margins.separate), sort=True).ngroup().to_numpy()
    return np.flatnonzero(np.diff(number, prepend=-1)).tolist()


def _among(cells: pd.DataFrame, chosen: pd.DataFrame, margins: Margins) -> Flags:
    """Which of `cells` are among the rows of `chosen`."""
    missing = [name for name in margins.columns if name not in chosen]
    if missing:
        raise ValueError(f"cells known or published have no column {missing[0]!r}; expected {margins.columns}")
    wanted = pd.MultiIndex.from_frame(chosen[margins.columns])
    return np.asarray(pd.MultiIndex.from_frame(cells[margins.columns]).isin(wanted), dtype=bool)


def _more_would_help(found: list[Exposure], closed: list[Exposure]) -> bool:
    """Whether a cell of `found` would be less exposed with everything withheld, as in `closed`."""
    limit = {(exposure.cell, exposure.attacker, exposure.direction): exposure for exposure in closed}
    for exposure in found:
        best = limit.get((exposure.cell, exposure.attacker, exposure.direction))
        if best is None or exposure.attained < best.attained - 2 * NOTHING * best.wanted:
            return True
    return False

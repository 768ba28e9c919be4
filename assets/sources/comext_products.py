"""Which products of COMEXT we keep, and what each is counted as: `contracts/reference/comext_products.csv`.

A row names a beginning of a product code of the Combined Nomenclature (CN, two to eight digits). All rows of COMEXT
that begin so are kept; the longest beginning that fits says what they count as. Not here: the rows themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from assets.sources.comext_month import Wanted
from contracts.contract import Contract
from contracts.vocabulary import load_reference_csv

#: What goods are counted as. `left_out` and `unmatched` are kept and not counted: goods that a chain table leaves out
#: by name, and codes below a kept heading that the list of Statistics Netherlands (up to 2017) does not place.
USES = ("consumption", "used_goods", "waste", "left_out", "unmatched")


@dataclass(frozen=True)
class Goods:
    """What product codes that begin with `prefix` are: a part of a chain table and its use."""

    prefix: str
    chain_table: str
    part: str
    use: str


@cache
def goods(name: str) -> Mapping[str, Goods]:
    """The goods of `reference/<name>.csv` by prefix."""
    rows = load_reference_csv(name)
    return {row["prefix"]: Goods(row["prefix"], row["chain_table"], row["part"], row["use"]) for row in rows}


def goods_of(product: str, known: Mapping[str, Goods]) -> Goods | None:
    """What a product code counts as: the longest prefix that fits; None for a suppressed or unknown product."""
    for length in range(len(product), 1, -1):
        if product[:length] in known:
            return known[product[:length]]
    return None


def wanted_rows(contract: Contract) -> Wanted:
    """The rows that a contract names by `comextReporters` and `comextProducts` (a reference table).

    Prefixes that begin with another one add nothing and are left out.
    """
    prefixes = set(goods(str(contract.get("comextProducts"))))
    shortest = [one for one in prefixes if not any(one[:length] in prefixes for length in range(1, len(one)))]
    return Wanted(tuple(sorted(contract.get("comextReporters"))), tuple(sorted(shortest)))

"""A CBS table for tests: 84971NED, industrial waste by treatment, as its contract and as the played service has it.

Not here: expected figures; those stand with the tests that name them.
"""

from __future__ import annotations

from dataclasses import replace

from contracts.contract import Contract, source_contract
from tests.servers.cbs import PlayedTable

WASTE, BRANCH = "NuttigeToepassingEnEindverwerking", "BedrijfstakkenBranchesSBI2008"


def waste(**properties: object) -> Contract:
    """84971NED, industrial waste by treatment, with other properties."""
    contract = source_contract("84971NED")
    changed = dict(contract.properties) | properties
    return replace(contract, properties=tuple(changed.items()))


def played_waste() -> PlayedTable:
    """Two treatments and two branches in four years; textile in 2021 is secret, furniture cannot be incinerated."""
    treatments = {"T001523": "Totaal naar verwerking", "A050140": "Verbranden"}
    branches = {"312505": "13-15 Textiel-, kleding- en lederindustrie", "341600": "31 Meubelindustrie"}
    periods = {
        "2018JJ00": "Definitief",
        "2019JJ00": "Definitief",
        "2020JJ00": "NaderVoorlopig",
        "2021JJ00": "Voorlopig",
    }
    cells: dict[tuple[str, ...], list[float | int | None]] = {
        (treatment, branch, period): [10 * number + place]
        for place, treatment in enumerate(treatments)
        for branch in branches
        for number, period in enumerate(periods)
        if (treatment, branch) != ("A050140", "341600")
    }
    cells["T001523", "312505", "2021JJ00"] = [None]
    attributes: dict[tuple[str, ...], str] = {("Bedrijfsafval_1", "T001523", "312505", "2021JJ00"): "Confidential"}
    attributes |= {("Bedrijfsafval_1", "A050140", "341600", period): "Impossible" for period in periods}
    topics = {"Bedrijfsafval_1": "Bedrijfsafval_1"}
    return PlayedTable("84971NED", {WASTE: treatments, BRANCH: branches}, dict(periods), topics, cells, attributes)

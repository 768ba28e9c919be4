"""The unit of every topic as CBS publishes it, held against the contract and against the copy that we have.

A figure in another unit looks like a figure: nothing else would stop it. What a contract knows stands there as
`publishedUnit` (one for the table, or a mapping of topic to unit); where it says nothing, the unit that came with the
copy before is expected. A topic without a unit is not held against anything.
Not here: which unit we publish in (the contract's own `unit`).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType

from assets.sources.cbs_answers import answer_of, rows_of
from contracts.contract import Contract


def published_units(topics: bytes, service: ModuleType, contract: Contract) -> dict[str, str]:
    """Topic of the contract -> unit as CBS writes it, from `DataProperties` (v3) or `MeasureCodes` (v4).

    Raises SourceUnreadable.
    """
    found = {}
    for row in rows_of(answer_of(topics, contract.table), contract.table):
        code, unit = row.get("Key", row.get("Identifier")), row.get("Unit")
        topic = service.topic_of(contract, str(code).strip())
        if topic is not None and isinstance(unit, str) and unit.strip():
            found[topic] = " ".join(unit.split())
    return found


def unit_differences(contract: Contract, now: Mapping[str, str], before: Mapping[str, str], day: str) -> list[str]:
    """The topics whose unit is another than is expected, as sentences. `before` are the units of the copy of `day`."""
    said = contract.get("publishedUnit") or {}
    by_contract = said if isinstance(said, Mapping) else dict.fromkeys(now, str(said))
    found = []
    for topic, unit in now.items():
        expected, whose = by_contract.get(topic), "as the contract says"
        if expected is None:
            expected, whose = before.get(topic), f"as in our copy of {day}"
        if expected is not None and not _same(expected, unit):
            found.append(f"column {topic}: expected the unit {expected!r} {whose}, found {unit!r}")
    return found


def _same(one: str, other: str) -> bool:
    return " ".join(one.split()).casefold() == " ".join(other.split()).casefold()

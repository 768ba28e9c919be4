"""The contract of a delivery: one table that a chain table hands in, with who may deliver it, by when, and under which
rules of confidentiality its figures leave the house.

Here: `Delivery`, which holds the `Contract` of the rows, and the registry of deliverers.
Not here: reading a delivered file (`assets/deliveries/reading`), or suppression itself (`assets/formulas/disclosure`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from contracts.contract import table_or_shape
from contracts.contract_model import Contract
from contracts.contract_source import Source, check_head, custom_properties
from contracts.vocabulary import CONTRACTS, REFERENCE, read_csv_rows

FOLDER = CONTRACTS / "deliveries"
PeriodForm = Literal["year", "quarter", "month"]
PERIOD_PATTERNS: dict[str, str] = {
    "year": r"20\d\d",
    "quarter": r"20\d\d-Q[1-4]",
    "month": r"20\d\d-(0[1-9]|1[0-2])",
}
#: The columns that every delivery has: who hands in, and about which period.
DELIVERER, PERIOD = "deliverer", "period"


@dataclass(frozen=True)
class Disclosure:
    """When a cell of a published table is confidential, and how far a suppressed one must stay unknown.

    `respondent` is the column that names whose figures they are. A cell is unsafe with fewer than `minimum_respondents`
    respondents; where the `n` largest have more than `share` of it, for any (n, share) of `dominance`; or where the
    second largest could estimate the largest to within `p_percent` per cent of it. A suppressed cell must stay unknown
    within `safety_percent` per cent of its value at least.
    """

    respondent: str
    minimum_respondents: int
    dominance: tuple[tuple[int, float], ...]
    p_percent: float
    safety_percent: float


@dataclass(frozen=True)
class Delivery:
    """What may be handed in under one name, and what happens with it.

    `deadline` is month and day (`07-01`) in the year after the period that is reported on; `deliverers` are codes of
    the registry. `disclosure` is None where the figures may be published as they are, and `disclosure_reason` says why.
    """

    name: str
    contract: Contract
    chain_table: str
    period_form: PeriodForm
    deadline: str
    deliverers: tuple[str, ...]
    disclosure: Disclosure | None
    disclosure_reason_nl: str
    disclosure_reason_en: str


@dataclass(frozen=True)
class Deliverer:
    """An organisation that may hand in; `deliveries` are those that it may beside the ones whose contract names it."""

    code: str
    name: str
    contact: str
    deliveries: tuple[str, ...] = ()

    def may_deliver(self, name: str) -> bool:
        """Whether the registry lets it hand in a delivery whose contract does not name it."""
        return name in self.deliveries


def delivery_names() -> tuple[str, ...]:
    """Names of all deliveries that have a contract, sorted."""
    return tuple(sorted(path.name.removesuffix(".odcs.yaml") for path in FOLDER.glob("*.odcs.yaml")))


@cache
def delivery(name: str) -> Delivery:
    """The delivery `name`; KeyError where no contract has that name."""
    path = FOLDER / f"{name}.odcs.yaml"
    if name not in delivery_names():
        raise KeyError(f"there is no delivery {name!r}; there are {', '.join(delivery_names())}")
    return read_delivery(path)


def read_delivery(path: Path) -> Delivery:
    """Reads the contract of a delivery. Raises ContractError as `file:line: message`.

    A delivery whose table has no columns takes them from `shapes/<shape>.odcs.yaml`; its `categories` names the code
    list that stands in the place of the shape's `category` list.
    """
    source = Source(path)
    check_head(source)
    name = path.name.removesuffix(".odcs.yaml")
    if source.data["id"] != f"delivery.{name}":
        raise source.error(f"id is {source.data['id']!r}, expected 'delivery.{name}'", "id")
    tables = source.data.get("schema") or []
    if len(tables) != 1 or tables[0].get("name") != name:
        raise source.error(f"the contract of a delivery describes one table, called {name}", "schema")
    top = custom_properties(source.data.get("customProperties"), source)
    contract = table_or_shape(source, top)
    for column in (DELIVERER, PERIOD):
        if column not in contract.primary_key:
            raise source.error(f"column {column} must be there and be part of the key", "schema", 0)
    registered = deliverers()
    strange = [code for code in top.get("deliverers", ()) if code not in registered]
    if strange or not top.get("deliverers"):
        found = f"{strange[0]!r} is not in reference/deliverers.csv" if strange else "no `deliverers` are named"
        raise source.error(f"who may deliver: {found}", "customProperties")
    form = top.get("periodForm")
    if form not in PERIOD_PATTERNS:
        raise source.error(f"periodForm is {form!r}, expected one of {', '.join(PERIOD_PATTERNS)}", "customProperties")
    deadline = str(top.get("deadline", ""))
    if not re.fullmatch(r"(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])", deadline):
        raise source.error(f"deadline is {deadline!r}, expected month and day as '07-01'", "customProperties")
    if not top.get("chainTable"):
        raise source.error("a delivery needs the custom property chainTable", "customProperties")
    disclosure, reasons = _disclosure(source, top, contract)
    return Delivery(
        name, contract, str(top["chainTable"]), form, deadline, tuple(map(str, top["deliverers"])), disclosure, *reasons
    )


def _disclosure(source: Source, top: dict[str, Any], contract: Contract) -> tuple[Disclosure | None, tuple[str, str]]:
    at = ("customProperties",)
    raw = top.get("disclosure")
    reasons = (str(top.get("disclosureReasonNl", "")), str(top.get("disclosureReasonEn", "")))
    if not all(reasons):
        raise source.error("disclosureReasonNl and disclosureReasonEn say why figures are protected, or why not", *at)
    if raw == "none":
        return None, reasons
    names = {"respondent", "minimumRespondents", "dominance", "pPercent", "safetyPercent"}
    if not isinstance(raw, dict) or set(raw) != names:
        raise source.error(f"disclosure is 'none' or has exactly {', '.join(sorted(names))}", *at)
    if raw["respondent"] not in contract.column_names:
        raise source.error(f"disclosure: the table has no column {raw['respondent']!r}", *at)
    dominance = tuple((int(n), float(share)) for n, share in raw["dominance"])
    found = Disclosure(
        str(raw["respondent"]), int(raw["minimumRespondents"]), dominance, float(raw["pPercent"]),
        float(raw["safetyPercent"]),
    )  # fmt: skip
    sensible = (
        found.minimum_respondents >= 2
        and all(n >= 1 and 0 < share <= 1 for n, share in dominance)
        and found.p_percent > 0
        and 0 < found.safety_percent <= 100
    )
    if not sensible:
        raise source.error(
            "disclosure: minimumRespondents is 2 or more, dominance a list of [n, share of 1], pPercent more than 0, "
            "safetyPercent more than 0 and at most 100",
            *at,
        )
    return found, reasons


@cache
def deliverers(more: Path | None = None) -> dict[str, Deliverer]:
    """The registered deliverers by code: those of `reference/deliverers.csv`, and those of the file `more`.

    The file has columns code, name, contact and deliveries (names, separated by spaces).
    """
    rows = read_csv_rows(REFERENCE / "deliverers.csv") + (read_csv_rows(more) if more is not None else [])
    return {
        row["code"]: Deliverer(row["code"], row["name"], row["contact"], tuple(row.get("deliveries", "").split()))
        for row in rows
    }

"""Decisions that a steward takes in the Dagster UI: a job each, with a typed form and an explanation.

Here: the forms, and handing what was filled in to who carries it out. Not here: what a decision does.
"""

from enum import Enum
from typing import Any

import dagster as dg
from pydantic import Field

from assets.delivery_assets import INBOX
from assets.night import Night


class Quarantine(Enum):
    """What can be decided about refused rows."""

    release = "release"
    discard = "discard"
    withdraw = "withdraw"
    publish = "publish"


class DecideQuarantine(dg.Config):
    """Afgekeurde rijen vrijgeven of terzijde leggen; het besluit wordt bewaard met wie, wanneer en waarom."""

    receipt: str = Field(description="Nummer van het ontvangstbewijs, zoals het in de controle «quarantine» staat.")
    decision: Quarantine = Field(
        description=(
            "release: de rijen zijn goed en tellen mee. discard: de rijen zijn fout en blijven weg. withdraw: het hele "
            "bestand telt niet meer. publish: een verschil dat over weinig deelnemers gaat mag zichtbaar worden, want "
            "zij stemmen in."
        )
    )
    rows: str = Field(default="", description="Rijnummers, zoals 5,8,12-20; leeg is alle rijen die wachten.")
    reason: str = Field(description="Waarom; wordt bij het besluit bewaard.")
    by: str = Field(default="", description="Wie besluit; leeg is de gebruiker van deze machine.")


@dg.op(description="Bewaart het besluit; het telt mee vanaf de volgende bouw.", tags={"kind": "decision"})
def decide_on_quarantine(
    context: dg.OpExecutionContext, config: DecideQuarantine, night: dg.ResourceParam[Night]
) -> None:
    """Keeps a decision about refused rows of a delivery."""
    from assets.deliveries.book import DecisionRefused
    from pipelines.delivery_commands import row_numbers, user_of_this_machine

    try:
        made = night.book.decide(
            config.receipt.strip(),
            config.decision.value,
            row_numbers(config.rows) if config.rows.strip() else None,
            reason=config.reason,
            by=config.by or user_of_this_machine(),
            moment=night.moment,
        )
    except DecisionRefused as error:
        raise dg.Failure(str(error), allow_retries=False) from error
    what = f"{len(made.rows)} rijen van {made.receipt}" if made.rows else made.receipt
    context.log.info(f"{what}: {made.decision}, door {made.by}, omdat: {made.reason}")
    # the rows that stand follow the inbox: this lets them be made anew, and their checks be asked again
    told: dict[str, Any] = {
        "receipt": made.receipt,
        "decision": made.decision,
        "rows": len(made.rows),
        "reason": made.reason,
    }
    context.log_event(dg.AssetMaterialization(INBOX, description="Besluit over afgekeurde rijen", metadata=told))


@dg.job(description="Besluit over afgekeurde rijen van een levering: vrijgeven, terzijde leggen of intrekken.")
def decide_quarantine() -> None:
    """One decision about refused rows."""
    decide_on_quarantine()


def decision_jobs() -> list[dg.JobDefinition | Any]:
    """All jobs by which a steward decides."""
    return [decide_quarantine]

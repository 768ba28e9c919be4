"""The forms of the decisions that a steward takes in the Dagster UI, with a word of explanation at every field.

Every field has a value from the start, so that the page shows the whole form; `kies` means that nothing was chosen yet.
Not here: the jobs behind the forms (`decisions.py`).
"""

from enum import Enum
from typing import TYPE_CHECKING, Any

import dagster as dg
from pydantic import Field

from contracts.contract import product_names, source_names

#: What stands in a form until somebody chooses: a form that was not filled in does nothing.
CHOOSE = "kies"

if TYPE_CHECKING:

    class Dataset(Enum):
        """The datasets, known when the definitions are loaded."""

        kies = CHOOSE

    class Source(Enum):
        """The sources that are fetched, known when the definitions are loaded."""

        kies = CHOOSE
else:
    Dataset = Enum("Dataset", {name: name for name in (CHOOSE, *product_names())})
    Source = Enum("Source", {name: name for name in (CHOOSE, *source_names())})


def schema_of(form: type[dg.Config]) -> dict[str, dg.Field]:
    """The form as the page shows it: texts and choices, without Dagster's way to read them from the environment."""
    found = {}
    for name, field in form.model_fields.items():
        choices: Any = field.annotation
        is_choice = isinstance(choices, type) and issubclass(choices, Enum)
        kind = dg.Enum(choices.__name__, [dg.EnumValue(one.name) for one in choices]) if is_choice else str
        default = field.default.name if is_choice else str(field.default)
        words = str(field.description)
        if is_choice:
            words += f" Een van: {', '.join(one.name for one in choices)}."
        found[name] = dg.Field(kind, default_value=default, is_required=False, description=words)
    return found


class Quarantine(Enum):
    """What can be decided about refused rows."""

    kies = CHOOSE
    release = "release"
    discard = "discard"
    withdraw = "withdraw"
    publish = "publish"


_BY = "Wie besluit: uw naam. Leeg is wie deze machine als steward kent."
_WHY = "Waarom, in één zin; wordt bij het besluit bewaard."
_WHY_NL = "Waarom, in het Nederlands; komt openbaar bij de uitgave te staan."
_WHY_EN = "Waarom, in het Engels; komt openbaar bij de uitgave te staan."


class DecideQuarantine(dg.Config):
    """Afgekeurde rijen van een levering vrijgeven of terzijde leggen."""

    receipt: str = Field(
        default="",
        description="Nummer van het ontvangstbewijs, zoals het bij de levering in de controle «quarantine» staat.",
    )
    decision: Quarantine = Field(
        default=Quarantine.kies,
        description=(
            "release: de rijen zijn goed en tellen mee. discard: de rijen zijn fout en blijven weg. withdraw: het hele "
            "bestand telt niet meer. publish: een verschil dat over weinig deelnemers gaat mag zichtbaar worden, want "
            "zij stemmen in."
        ),
    )
    rows: str = Field(default="", description="Rijnummers, zoals 5,8,12-20; leeg is alle rijen die wachten.")
    reason: str = Field(default="", description=_WHY)
    by: str = Field(default="", description=_BY)


class AcceptRevision(dg.Config):
    """Wijzigingen accepteren die een uitgave tegenhouden."""

    dataset: Dataset = Field(default=Dataset.kies, description="De dataset die wacht.")
    reason_nl: str = Field(default="", description=_WHY_NL)
    reason_en: str = Field(default="", description=_WHY_EN)
    by: str = Field(default="", description=_BY)


class WithdrawRelease(dg.Config):
    """Een uitgave intrekken."""

    dataset: Dataset = Field(default=Dataset.kies, description="De dataset.")
    version: str = Field(default="", description="Het versienummer, zoals 1.2.0.")
    replaced_by: str = Field(
        default="", description="Welke versie men in plaats daarvan gebruikt; leeg is de nieuwste die staat."
    )
    reason_nl: str = Field(default="", description=_WHY_NL)
    reason_en: str = Field(default="", description=_WHY_EN)
    by: str = Field(default="", description=_BY)


class RebuildAsOf(dg.Config):
    """Een oude nacht nabouwen uit het archief."""

    date: str = Field(default="", description="De dag, zoals 2026-11-21: de nieuwste nacht op of voor die dag.")
    reason: str = Field(default="", description=_WHY)
    by: str = Field(default="", description=_BY)


class RefetchSource(dg.Config):
    """Een bron nu opnieuw en geheel ophalen."""

    source: Source = Field(default=Source.kies, description="De bron.")
    reason: str = Field(default="", description=_WHY)
    by: str = Field(default="", description=_BY)

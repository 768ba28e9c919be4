"""The portals that the night brings up to date after the site: an asset each, so that one that fails leaves the rest.

KETENMONITOR_PORTALS names them, with commas between: `folder:/a/folder`, `s3`, `ckan`, `zenodo`. Where each is and who
we are there say its own settings (`publish/portals/`). Zenodo gets the files of reserved releases; none becomes public.
Here: which portals, their assets, and what is said of each. Not here: what a portal does, opening one (`portals.py`).
"""

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg

from assets.catalogue_asset import CATALOGUE
from assets.markdown import bullets
from assets.night import Night
from assets.night_asset import night_asset
from assets.stewards_view import PORTAL_DONE, PORTAL_WHERE
from pipelines.settings import SettingsError
from publish.night_facts import PORTAL_ASSET

if TYPE_CHECKING:
    from publish.portals.plan import Portal

PORTALS = "KETENMONITOR_PORTALS"
UP_TO_DATE = "portal_up_to_date"
#: The first time, a portal gets everything: over a slow line that takes longer than any other step.
MOST_SECONDS = 3 * 3600.0
_TITLES = {
    "folder": "een map",
    "s3": "een S3-opslag",
    "ckan": "een CKAN-catalogus, zoals data.overheid.nl",
    "zenodo": "Zenodo: de concepten van uitgaven waarvoor een DOI is gereserveerd",
}
_EXPECTED = "expected folder:/a/folder, s3, ckan and zenodo, each once, with commas between"


@dataclass(frozen=True)
class NightPortal:
    """A portal of the night; `folder` is the target where it is one."""

    kind: str
    folder: Path | None = None

    @property
    def key(self) -> dg.AssetKey:
        """Its asset."""
        return dg.AssetKey(f"{PORTAL_ASSET}{self.kind}".split("/"))

    def open(self, night: Night, environment: Mapping[str, str]) -> "Portal":
        """The portal with what the environment says of it. Raises PortalNotSetUp."""
        from pipelines import portals

        if self.folder is not None:
            return portals.folder_portal(night, self.folder)
        opened: Mapping[str, Callable[[Night, Mapping[str, str]], Portal]] = {
            "s3": portals.s3_portal,
            "ckan": portals.ckan_portal,
            "zenodo": portals.zenodo_drafts,
        }
        return opened[self.kind](night, environment)


def portals_of_night(environment: Mapping[str, str]) -> tuple[NightPortal, ...]:
    """The portals that the environment names. Raises SettingsError where it cannot be understood."""
    found: dict[str, NightPortal] = {}
    for text in filter(None, (part.strip() for part in environment.get(PORTALS, "").split(","))):
        kind, _, place = text.partition(":")
        if kind not in _TITLES or kind in found or (kind == "folder") != bool(place):
            raise SettingsError(f"{PORTALS} has {text!r}; {_EXPECTED}")
        if place and not Path(place).is_absolute():
            raise SettingsError(f"{PORTALS} has {text!r}; expected the whole path of the folder, from /")
        found[kind] = NightPortal(kind, Path(place) if place else None)
    return tuple(found.values())


def portal_asset(portal: NightPortal) -> dg.AssetsDefinition:
    """The asset that brings one portal up to date with the releases and, where it shows it, the site."""

    @night_asset(
        key=portal.key,
        deps=[CATALOGUE],
        group_name="publication",
        kinds={portal.kind} if portal.kind in ("s3",) else {"http"} if portal.folder is None else {"file"},
        seconds=MOST_SECONDS,
        output_required=False,
        description=(
            f"Eén rij is één bestand of dataset op het portaal: {_TITLES[portal.kind]}.\n\n"
            "Brengt het portaal na elke nacht bij. Mislukt het, dan wordt het nog twee keer geprobeerd, en de nacht "
            "daarna weer; de uitgaven zelf staan dan al op onze eigen site."
        ),
        check_specs=[
            dg.AssetCheckSpec(
                UP_TO_DATE,
                asset=portal.key,
                description=(
                    "**Wat wordt getoetst.** Het portaal toont de uitgaven die staan.\n\n"
                    "**Als het misgaat.** Het portaal antwoordt niet, of weigert iets. Wat er al stond, staat er nog; "
                    "de andere portalen zijn wel bijgewerkt.\n\n"
                    "**Wat nu.** De regel hieronder zegt wat eraan te doen is. Daarna: start deze stap opnieuw vanuit "
                    "de run, of wacht op de volgende nacht."
                ),
            )
        ],
    )
    def bring_up_to_date(context: dg.AssetExecutionContext, night: dg.ResourceParam[Night]) -> Iterator[Any]:
        """Does at the portal what differs from the published folder."""
        if night.offline and portal.folder is None:
            yield dg.AssetCheckResult(
                check_name=UP_TO_DATE,
                passed=True,
                description="Het portaal is niet gevraagd: deze nacht ging zonder netwerk.",
            )
            return
        yield from _brought(context, portal, night)

    return bring_up_to_date


def _brought(context: dg.AssetExecutionContext, portal: NightPortal, night: Night) -> Iterator[Any]:
    from publish.portals.plan import PortalError, PortalNotSetUp
    from publish.published import ReleaseError

    try:
        opened = portal.open(night, os.environ)
        outcome = opened.carry_out(opened.plan())
    except (PortalError, ReleaseError) as error:
        yield _checked([str(error)])
        # a setting does not mend itself within a minute; a service that is away may be back
        raise dg.Failure(str(error), allow_retries=not isinstance(error, PortalNotSetUp)) from None
    for line in outcome.lines():
        context.log.info(line)
    refused = [step.line for step in outcome.plan.refused]
    yield _checked(refused)
    yield dg.MaterializeResult(
        metadata={
            PORTAL_WHERE: outcome.plan.where,
            PORTAL_DONE: len(outcome.done),
            "wat er gedaan is": dg.MetadataValue.md(bullets([step.line for step in outcome.done][:20]) or "Niets."),
        }
    )
    if refused:
        raise dg.Failure(
            f"{outcome.plan.where}: {len(refused)} refused; the rest was done\n" + "\n".join(refused[:20]),
            allow_retries=False,
        )


def _checked(problems: list[str]) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        check_name=UP_TO_DATE,
        passed=not problems,
        severity=dg.AssetCheckSeverity.ERROR,
        description=bullets(problems[:10]) or "Het portaal toont de uitgaven die staan.",
    )

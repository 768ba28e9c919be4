"""What the doctor looks at of the portals that a night brings up to date: are they set up, are they there.

No secret stands in what it says. Not here: the bucket, which backups use as well (`reach.py`), and bringing anything.
"""

from collections.abc import Callable, Iterator, Mapping

from pipelines.doctor.finding import Finding, Said, well
from pipelines.doctor.machine import is_writable
from pipelines.doctor.reach import connected
from pipelines.night_portals import PORTALS, NightPortal, portals_of_night
from pipelines.settings import SettingsError


def look_at_portals(environment: Mapping[str, str], *, offline: bool = False) -> Iterator[Finding]:
    """Every portal that KETENMONITOR_PORTALS names; nothing where it names none. `offline` asks no other machine."""
    try:
        portals = portals_of_night(environment)
    except SettingsError as error:
        yield Finding(PORTALS, "missing", Said(f"De portalen kloppen niet: {error}.", f"The portals: {error}."))
        return
    for portal in portals:
        why = _not_set_up(portal, environment)
        if why is not None:
            yield Finding(
                f"portal {portal.kind}",
                "missing",
                Said(
                    f"Portaal {portal.kind} kan niet worden bijgewerkt: {why}.",
                    f"Portal {portal.kind} cannot be brought up to date: {why}.",
                ),
                Said(f"Vul aan, of haal het uit {PORTALS}.", f"Complete it, or take it out of {PORTALS}."),
            )
        elif portal.folder is not None:
            yield well(
                f"portal {portal.kind}", f"De map {portal.folder} is er.", f"The folder {portal.folder} is there."
            )
        elif portal.kind in ("ckan", "zenodo") and not offline:
            name = f"KETENMONITOR_{portal.kind.upper()}_URL"
            yield from connected(environment, name, f"Portaal {portal.kind}", f"Portal {portal.kind}")


def _not_set_up(portal: NightPortal, environment: Mapping[str, str]) -> str | None:
    """Why a portal is not set up; None where it is."""
    if portal.folder is not None:
        if not portal.folder.is_dir():
            return f"{portal.folder} is no folder / is geen map"
        return None if is_writable(portal.folder) else f"{portal.folder}: no right to write / geen schrijfrecht"
    from publish.portals.ckan import ckan_settings
    from publish.portals.plan import PortalError
    from publish.portals.s3 import s3_settings
    from publish.portals.zenodo import zenodo_settings

    read: Mapping[str, Callable[[Mapping[str, str]], object]] = {
        "s3": s3_settings,
        "ckan": ckan_settings,
        "zenodo": zenodo_settings,
    }
    try:
        read[portal.kind](environment)
    except PortalError as error:
        return str(error)
    return None

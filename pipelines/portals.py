"""Opening a portal: which releases it is about, with what it needs from the environment. The commands and the night
open them here.

Not here: what a portal does (`publish/portals/`), words of the command line (`portal_commands.py`), and what a night
says of it (`night_portals.py`). Imports are inside, because the libraries of some portals take a while to load.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assets.night import Night
    from publish.portals.ckan import CkanPortal
    from publish.portals.folder import FolderPortal
    from publish.portals.s3 import S3Portal
    from publish.portals.zenodo import ZenodoPortal
    from publish.portals.zenodo_drafts import ZenodoDrafts
    from publish.published import ReleaseRecord
    from publish.release_facts import ReleaseFacts


def folder_portal(night: "Night", target: Path, *, copies: bool = False) -> "FolderPortal":
    """A copy of the published folder in another folder; `copies` where that knows no links."""
    from publish.portals.folder import FolderPortal

    return FolderPortal(night.published, target, copies)


def s3_portal(night: "Night", environment: Mapping[str, str]) -> "S3Portal":
    """A copy of the published folder in a bucket. Raises PortalNotSetUp."""
    from publish.portals.s3 import S3Portal, s3_settings

    return S3Portal(night.published, s3_settings(environment))


def ckan_portal(night: "Night", environment: Mapping[str, str], datasets: Sequence[str] = ()) -> "CkanPortal":
    """The newest standing releases in a CKAN catalogue; of all datasets where none is named. Raises PortalNotSetUp."""
    from publish.portals.ckan import CkanPortal, ckan_settings
    from publish.published import newest_standing

    wanted = ckan_settings(environment)
    facts = []
    for dataset in datasets or released_datasets(night.published):
        newest = newest_standing(releases_of(night.published, dataset))
        if newest is not None:
            facts.append(facts_of(night, dataset, newest.version))
    return CkanPortal(facts, wanted, user_agent=night.user_agent)


def zenodo_portal(night: "Night", environment: Mapping[str, str]) -> "ZenodoPortal":
    """The Zenodo of the environment. Raises PortalNotSetUp."""
    from publish.portals.zenodo import ZenodoPortal, zenodo_settings
    from publish.release_facts import publisher

    address = publisher(night.public_url).address
    return ZenodoPortal(night.home, address, zenodo_settings(environment), user_agent=night.user_agent)


def zenodo_drafts(night: "Night", environment: Mapping[str, str]) -> "ZenodoDrafts":
    """The drafts of all standing releases for which a DOI was reserved. Raises PortalNotSetUp."""
    from publish.portals.zenodo import memory_of, zenodo_settings
    from publish.portals.zenodo_drafts import ZenodoDrafts, waits_for_files

    url = zenodo_settings(environment).url
    memory = memory_of(night.home, url)
    waiting = [
        facts_of(night, dataset, record.version)
        for dataset in released_datasets(night.published)
        for record in releases_of(night.published, dataset)
        if not record.withdrawn and waits_for_files(memory, dataset, record.version)
    ]
    return ZenodoDrafts(zenodo_portal(night, environment), url, night.published, waiting)


def released_datasets(published: Path) -> list[str]:
    """Ids of all datasets with a release."""
    from publish.published import datasets

    return datasets(published)


def releases_of(published: Path, dataset: str) -> "Sequence[ReleaseRecord]":
    """All releases of a dataset. Raises PortalNotSetUp where there is none."""
    from publish.portals.plan import PortalNotSetUp
    from publish.published import known_releases

    records = known_releases(published, dataset)
    if not records:
        known = ", ".join(released_datasets(published)) or "nothing yet"
        raise PortalNotSetUp(f"{dataset} has no release; released are: {known}")
    return records


def facts_of(night: "Night", dataset: str, version: str) -> "ReleaseFacts":
    """What a portal is told of a release. Raises PortalNotSetUp where none such stands."""
    from publish.portals.plan import PortalNotSetUp
    from publish.release_facts import publisher
    from publish.site.reading import release_facts

    record = next((one for one in releases_of(night.published, dataset) if one.version == version), None)
    if record is None or record.withdrawn:
        word = "was withdrawn" if record is not None else "was not released"
        raise PortalNotSetUp(f"{dataset} {version} {word}; name a release that stands")
    return release_facts(night.published, dataset, version, publisher(night.public_url))

"""What all releases together become: every checksum held again, then index, catalogue, database and site.

Thin: all of it is in `publish`. It runs in a job of its own after the releases, so that a dataset that was refused does
not keep the others out of the catalogue.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import dagster as dg

from assets.markdown import bullets
from assets.night import Night
from assets.night_asset import night_asset
from assets.stewards_view import FILES_WRITTEN, MENDED, PUBLIC_PAGE

CATALOGUE = dg.AssetKey(["publication", "catalogue"])
INTEGRITY, MANDATORY = "releases_unaltered", "dcat_ap_nl_complete"


def catalogue_asset(releases: Sequence[dg.AssetKey]) -> dg.AssetsDefinition:
    """The asset behind the public site; `releases` are the assets whose releases it shows."""

    @night_asset(
        key=CATALOGUE,
        deps=list(releases),
        group_name="publication",
        kinds={"html", "rdf"},
        description=(
            "Eén rij is één bestand van de openbare site.\n\n"
            "De site met index, DCAT-catalogus en database over alle datasets; eerst wordt elk gepubliceerd bestand "
            "opnieuw tegen zijn controlegetal gehouden."
        ),
        check_specs=[
            dg.AssetCheckSpec(
                INTEGRITY,
                asset=CATALOGUE,
                blocking=True,
                description=(
                    "**Wat wordt getoetst.** Elk bestand van elke uitgave heeft nog het controlegetal waarmee het is "
                    "gepubliceerd.\n\n"
                    "**Als het misgaat.** Een gepubliceerd bestand is veranderd of weg. Index, catalogus en "
                    "startpagina worden niet ververst; onbeschadigde datasets houden hun pagina's.\n\n"
                    "**Wat nu.** Laat de beheerder het bestand uit de reservekopie terugzetten, of trek de uitgave in "
                    "met de taak `withdraw_release`."
                ),
            ),
            dg.AssetCheckSpec(
                MANDATORY,
                asset=CATALOGUE,
                description=(
                    "**Wat wordt getoetst.** De catalogus heeft elke eigenschap die DCAT-AP-NL 3.0 verplicht.\n\n"
                    "**Als het misgaat.** De catalogus wordt gepubliceerd, maar data.overheid.nl kan hem weigeren.\n\n"
                    "**Wat nu.** Geef de beheerder de regel die hieronder staat: in een contract ontbreekt een tekst."
                ),
            ),
        ],
    )
    def catalogue(context: dg.AssetExecutionContext, night: dg.ResourceParam[Night]) -> Iterator[Any]:
        """One file is one page, feed or catalogue of the public site."""
        from publish.catalogue import publish_around_damage, publish_catalogue
        from publish.published import verify
        from publish.release_facts import publisher

        problems = verify(night.published)
        broken = [problem.message for problem in problems if problem.kind != "pointer"]
        yield dg.AssetCheckResult(
            check_name=INTEGRITY,
            passed=not broken,
            severity=dg.AssetCheckSeverity.ERROR,
            description=bullets(broken[:5]) or "Elk bestand is wat zijn uitgave zegt.",
            metadata={"beschadigde bestanden": len(broken)},
        )
        if broken:
            more = f"\n  and {len(broken) - 20} more" if len(broken) > 20 else ""
            damaged = frozenset(problem.dataset for problem in problems if problem.kind != "pointer")
            renewed = publish_around_damage(night.published, publisher(night.public_url), damaged)
            context.log.info(f"{len(renewed.written)} files of undamaged datasets written")
            raise dg.Failure(
                f"the pages of {', '.join(sorted(damaged))}, and index, catalogue, database and home page, were not "
                "renewed, because published files are not what they were:\n  "
                + "\n  ".join(broken[:20])
                + more
                + "\nPut them back from a copy, or withdraw the release: ketenmonitor withdraw --help",
                allow_retries=False,
            )
        by = publisher(night.public_url)
        outcome = publish_catalogue(night.published, by)
        for mended in outcome.mended:
            context.log.warning(f"mended: {mended}")
        context.log.info(f"{len(outcome.written)} files of the site written")
        yield dg.MaterializeResult(
            metadata={
                FILES_WRITTEN: len(outcome.written),
                MENDED: list(outcome.mended),
                PUBLIC_PAGE: dg.MetadataValue.url(by.url("")),
                "startpagina (bestand)": dg.MetadataValue.path(str(night.published / "index.html")),
            }
        )
        yield dg.AssetCheckResult(
            check_name=MANDATORY,
            passed=not outcome.missing,
            severity=dg.AssetCheckSeverity.WARN,
            description=bullets(outcome.missing[:10]) or "Niets wat verplicht is ontbreekt.",
        )

    return catalogue

"""What all releases together become: every checksum held again, then index, catalogue, database and site.

Thin: all of it is in `publish`. It runs in a job of its own after the releases, so that a dataset that was refused does
not keep the others out of the catalogue.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import dagster as dg

from assets.night import Night
from assets.night_asset import night_asset

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
            "De openbare site met index, DCAT-catalogus en database over alle datasets; "
            "eerst wordt elk gepubliceerd bestand opnieuw tegen zijn controlegetal gehouden."
        ),
        check_specs=[
            dg.AssetCheckSpec(
                INTEGRITY,
                asset=CATALOGUE,
                blocking=True,
                description="Every file of every release still has the checksum with which it was published.",
            ),
            dg.AssetCheckSpec(
                MANDATORY,
                asset=CATALOGUE,
                description="The catalogue has every property that DCAT-AP-NL 3.0 makes mandatory.",
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
            description="; ".join(broken[:5]) or "Every file is what its release says.",
            metadata={"problems": len(broken)},
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
        outcome = publish_catalogue(night.published, publisher(night.public_url))
        for mended in outcome.mended:
            context.log.warning(f"mended: {mended}")
        context.log.info(f"{len(outcome.written)} files of the site written")
        yield dg.MaterializeResult(
            metadata={
                "files written": len(outcome.written),
                "mended": list(outcome.mended),
                "start page": dg.MetadataValue.path(str(night.published / "index.html")),
            }
        )
        yield dg.AssetCheckResult(
            check_name=MANDATORY,
            passed=not outcome.missing,
            severity=dg.AssetCheckSeverity.WARN,
            description="; ".join(outcome.missing[:10]) or "Nothing that is mandatory is missing.",
        )

    return catalogue

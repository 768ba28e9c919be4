"""One publishable package a chain table or theme: the candidate written aside, and its release.

Thin: what a release is and when one is made is in `publish`. Not here: what the tables hold.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import dagster as dg

from assets.chain_table_assets import CHAIN_TABLES, ChainTable, copies_of, frame, has_copy, source_tables
from assets.check_words import check_results
from assets.made_table import hashes
from assets.markdown import markdown_table
from assets.night import Night
from assets.night_asset import night_asset
from assets.quality_of_tables import quality_of
from assets.release_words import (
    CHECK,
    blocked_check,
    bump_words,
    candidate_metadata,
    package_check,
    release_difference,
)
from assets.source_assets import TARGETS
from assets.source_checks import fetch_facts
from assets.stewards_view import (
    PREVIOUS_VERSION,
    PUBLIC_PAGE,
    RELEASED_TONIGHT,
    STATUS,
    VERSION,
    dataset_page,
    level_words,
    tags_of,
)
from contracts.contract import Contract, Product, product

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


def package_key(group: str) -> dg.AssetKey:
    """The asset of a release candidate."""
    return dg.AssetKey([group, "package"])


def release_key(product_id: str) -> dg.AssetKey:
    """The asset of a release. A key holds no hyphen."""
    return dg.AssetKey(["publication", product_id.replace("-", "_")])


def group_of(product_id: str) -> str:
    """The group in which the package of a product is made."""
    return next((chain.group for chain in CHAIN_TABLES if chain.product_id == product_id), product_id)


def _held_to_contract(
    night: Night, group: str, contract: Contract, inputs: dict[str, str], frame: "Callable[[], pd.DataFrame]"
) -> "pa.Table":
    """A table that the package adds, audited once for the same inputs. Raises TableRefused."""
    from assets.table_store import inputs_key
    from contracts.arrow import table_from_frame

    key = inputs_key(contract, inputs)
    if night.tables.current(group, contract.table, key) is None:
        night.tables.put(group, contract.table, table_from_frame(frame(), contract), contract, key)
    return night.tables.read(group, contract.table)


def chain_table_content(night: Night, chain: ChainTable) -> "dict[str, pa.Table]":
    """All tables of the package of a chain table, in the order of its contract."""
    found = {}
    for contract in chain.product.tables:
        name = contract.table
        if name in chain.computed:
            found[name] = night.tables.read(chain.group, name)
        else:
            found[name] = _added_table(night, chain, contract)
    return found


def _added_table(night: Night, chain: ChainTable, contract: Contract) -> "pa.Table":
    """A table that only the package needs: targets, breaks, sources, a reference table, or one that the module adds."""
    import pyarrow.compute as pc

    from assets.chain_tables.provenance import sources_frame
    from assets.chain_tables.reference_tables import known_breaks, reference_rows

    name, reference = contract.table, contract.get("reference")
    if name == "targets":
        targets = night.tables.read("sources", "targets")
        return targets.filter(pc.equal(targets["chain_table"], chain.chain_table))
    if name == "sources":
        copies = copies_of(night, chain)
        stale = _stale_sources(night)
        known = [[[str(copy), rows] for copy, rows in copies], sorted(stale.items())]
        identity = hashlib.sha256(json.dumps(known).encode()).hexdigest()
        return _held_to_contract(
            night, chain.group, contract, {"copies": identity}, lambda: sources_frame(copies, stale)
        )
    if name == "source_revisions":
        return _source_revisions(night, chain, contract)
    if name == "known_breaks":
        return _held_to_contract(night, chain.group, contract, {}, lambda: known_breaks(chain.chain_table))
    if reference is not None:
        # conflicts and open targets are kept in one file for all; other reference tables belong to their package whole
        own = chain.chain_table if name in ("conflicts", "open_targets") else None
        if name == "conflicts" and any(has_copy(night, source) for source in chain.delivered):
            return _conflicts(night, chain, contract)
        return _held_to_contract(
            night, chain.group, contract, {}, lambda: reference_rows(str(reference), own, contract)
        )
    observed = "observations" in chain.computed
    inputs = hashes(night, {"observations": (chain.group, "observations")} if observed else {})
    inputs |= hashes(night, {source: ("sources", source) for source in chain.sources})

    def extra() -> "pd.DataFrame":
        known = frame(night, chain.group, "observations") if observed else None
        made: dict[str, pd.DataFrame] = chain.computation().extra_tables(known, source_tables(night, chain.sources))
        return made[name]

    return _held_to_contract(night, chain.group, contract, inputs, extra)


def _conflicts(night: Night, chain: ChainTable, contract: Contract) -> "pa.Table":
    """The conflicts that we found, and those of what was delivered with what is public."""
    from assets.chain_tables.reference_tables import reference_rows

    def both() -> "pd.DataFrame":
        import pandas as pd

        from assets.chain_tables.declared_conflicts import declared_conflicts

        known = frame(night, chain.group, "indicators")
        found = reference_rows(str(contract.get("reference")), chain.chain_table, contract)
        more = declared_conflicts(known, chain.computation().TREND_OPTIONS)
        return pd.concat([found, more], ignore_index=True)

    return _held_to_contract(
        night, chain.group, contract, hashes(night, {"indicators": (chain.group, "indicators")}), both
    )


def _source_revisions(night: Night, chain: ChainTable, contract: Contract) -> "pa.Table":
    """What the sources of a chain table changed between the editions that we have in the archive."""
    from assets.as_of import first_read, nights
    from assets.sources.vintage_changes import SourceRevisions
    from assets.table_store import inputs_key

    revisions = SourceRevisions(
        night.archive, night.home / "tables" / "source_revisions", lambda: first_read(nights(night))
    )
    sources = (*chain.sources, *(name for name in chain.delivered if has_copy(night, name)))
    key = inputs_key(contract, {"editions": revisions.identity(sources)})
    if night.tables.current(chain.group, contract.table, key) is None:
        night.tables.put(chain.group, contract.table, revisions.of_all(sources), contract, key)
    return night.tables.read(chain.group, contract.table)


def _stale_sources(night: Night) -> dict[str, tuple[str, str]]:
    """Sources that are older than their contract allows, with the warning in Dutch and English."""
    return {
        name: (str(facts["stale_nl"]), str(facts["stale_en"]))
        for name, facts in fetch_facts(night).items()
        if facts.get("stale_nl")
    }


def _package_asset(
    package: Product,
    group: str,
    asset_group: str,
    deps: list[dg.AssetKey],
    content: "Callable[[Night], dict[str, pa.Table]]",
    behind: "Iterable[tuple[Literal['source', 'table'], str, str]]",
) -> dg.AssetsDefinition:
    @night_asset(
        key=package_key(group),
        deps=deps,
        group_name=asset_group,
        kinds={"parquet", "csv"},
        tags=tags_of(chain_table=package.chain_table),
        level=package.service_level,
        description=(
            f"Eén rij per cijfer, in {len(package.tables)} tabellen.\n\nHet pakket «{package.title_nl}», "
            "klaargezet naast de laatste uitgave en daarmee vergeleken; nog niet zichtbaar."
        ),
        metadata=_package_facts(package),
        check_specs=[package_check(package_key(group), package.id)],
    )
    def candidate(context: dg.AssetExecutionContext, night: dg.ResourceParam[Night]) -> Iterator[Any]:
        """Writes the release candidate aside and says what changed since the last release."""
        from assets.table_store import TableRefused
        from publish.blocked_revision import blocked_folder, read_blocked
        from publish.pointers import mend_pointers
        from publish.portals.zenodo import reserved_doi
        from publish.release import build_candidate
        from publish.release_facts import publisher
        from publish.revision_policy import RevisionNotPermitted

        try:
            tables = content(night)
        except TableRefused as refusal:
            table = package.table(refusal.name.rpartition("/")[2])
            blocking, _ = check_results(table, refusal.verdict.checks, quarantine=refusal.kept)
            yield blocking
            raise dg.Failure(f"package {package.id} was not made: {refusal}", allow_retries=False) from refusal
        mend_pointers(night.published, package.id)

        def reserved(version: str) -> str | None:
            return reserved_doi(night.home, night.zenodo_url, package.id, version) if night.zenodo_url else None

        try:
            made = build_candidate(
                package,
                tables,
                published=night.published,
                staging=night.staging,
                released_at=night.started_at,
                quality=quality_of(night, behind),
                by=publisher(night.public_url),
                doi_of=reserved,
                accepted=lambda version, digest: night.decisions.accepted(package.id, version, digest),
            )
        except RevisionNotPermitted as blocked:
            waits = read_blocked(night.staging, package.id)
            if waits is not None:
                yield blocked_check(waits, blocked_folder(night.staging, package.id))
            raise dg.Failure(str(blocked), allow_retries=False) from blocked
        news = "nothing changed since" if made.status == "unchanged" else "to be released as"
        context.log.info(f"{package.id}: {news} {made.version}")
        yield dg.MaterializeResult(
            metadata={
                STATUS: made.status,
                VERSION: made.version,
                PREVIOUS_VERSION: made.previous_version or "none",
                **candidate_metadata(made),
                "dagster/row_count": sum(table.num_rows for table in tables.values()),
                PUBLIC_PAGE: dg.MetadataValue.url(dataset_page(night, package.id)),
            },
            data_version=dg.DataVersion(made.figures_digest[:16]),
        )
        yield dg.AssetCheckResult(
            check_name=CHECK,
            passed=True,
            severity=dg.AssetCheckSeverity.ERROR,
            description=f"Alle {len(tables)} tabellen kloppen, en wat anders is mag worden gepubliceerd.",
            metadata={"pakketten die wachten": 0},
        )

    return candidate


def _release_asset(package: Product, group: str) -> dg.AssetsDefinition:
    @night_asset(
        key=release_key(package.id),
        deps=[package_key(group)],
        group_name="publication",
        kinds={"frictionless"},
        tags=tags_of(chain_table=package.chain_table),
        level=package.service_level,
        description=(
            f"Eén rij is één bestand van de uitgave.\n\nDe uitgave van «{package.title_nl}»: onveranderlijk, met "
            "versienummer. Zonder nieuwe cijfers komt er geen nieuwe. Een uitgave die niet deugt wordt ingetrokken met "
            "de taak `withdraw_release`."
        ),
        metadata=_package_facts(package),
    )
    def release(context: dg.AssetExecutionContext, night: dg.ResourceParam[Night]) -> dg.MaterializeResult[Any]:
        """Moves the candidate into the public folder in one rename, if there is something new."""
        from publish.promotion import promote
        from publish.release import waiting_candidate

        outcome = promote(
            waiting_candidate(package.id, published=night.published, staging=night.staging), night.published
        )
        words = f"released as {outcome.version}" if outcome.released else f"unchanged, {outcome.version} stands"
        context.log.info(f"{package.id}: {words}")
        for repair in outcome.repaired:
            context.log.warning(f"{package.id}: mended what an earlier run left undone: {repair}")
        return dg.MaterializeResult(
            metadata={
                "in het kort": (
                    f"uitgegeven als {outcome.version}" if outcome.released else f"ongewijzigd: {outcome.version} staat"
                ),
                VERSION: outcome.version,
                PREVIOUS_VERSION: outcome.previous_version or "none",
                RELEASED_TONIGHT: outcome.released,
                "stap": bump_words(outcome.bump),
                "verschil met de vorige uitgave": dg.MetadataValue.md(release_difference(outcome.path)),
                PUBLIC_PAGE: dg.MetadataValue.url(dataset_page(night, package.id)),
                "map": dg.MetadataValue.path(str(outcome.path)),
            }
        )

    return release


def _package_facts(package: Product) -> dict[str, Any]:
    """What is known of a package before it is made."""
    place = f"contracts/products/{package.path.name}"
    licence, path = str(package.get("licence", "")), package.get("licencePath")
    return {
        "contract": dg.MetadataValue.md(f"`{place}`, versie {package.version}"),
        "tabellen": dg.MetadataValue.md(
            markdown_table(["tabel", "één rij is"], [[t.title_nl, t.granularity_nl] for t in package.tables], 200)
        ),
        "licentie": dg.MetadataValue.md(f"[{licence}]({path})" if path else licence),
        "afgesproken versheid": level_words(package.service_level),
    }


def package_assets() -> list[dg.AssetsDefinition]:
    """Candidate and release of every package."""
    made: list[dg.AssetsDefinition] = []
    for chain in CHAIN_TABLES:
        deps = [dg.AssetKey([chain.group, name]) for name in chain.computed] + [TARGETS]

        def content(night: Night, chain: ChainTable = chain) -> "dict[str, pa.Table]":
            return chain_table_content(night, chain)

        made += [
            _package_asset(chain.product, chain.group, chain.group, deps, content, _behind(chain)),
            _release_asset(chain.product, chain.group),
        ]
    targets, glance = product("targets"), product("headline")
    with_headline = [chain for chain in CHAIN_TABLES if "headline" in chain.computed]
    made += [
        _package_asset(
            targets,
            "targets",
            "publication",
            [TARGETS],
            lambda night: _targets_content(night, targets),
            [("table", "sources", "targets"), ("table", "targets", "open_targets")],
        ),
        _release_asset(targets, "targets"),
        _package_asset(
            glance,
            "headline",
            "publication",
            [dg.AssetKey([chain.group, "headline"]) for chain in with_headline],
            lambda night: _glance_content(night, glance, with_headline),
            [*(("table", chain.group, "headline") for chain in with_headline), ("table", "headline", "headline")],
        ),
        _release_asset(glance, "headline"),
    ]
    return made


def _behind(chain: ChainTable) -> "list[tuple[Literal['source', 'table'], str, str]]":
    """The tables whose audits stand behind the package of a chain table: its sources, then its own."""
    sources = (*chain.sources, *chain.delivered)
    own: list[tuple[Literal["source", "table"], str, str]] = [("source", "sources", name) for name in sources]
    return own + [("table", "sources" if c.table == "targets" else chain.group, c.table) for c in chain.product.tables]


def _targets_content(night: Night, package: Product) -> "dict[str, pa.Table]":
    """Targets of all chain tables, and the places where a target exists whose figure nobody has read."""
    from assets.chain_tables.reference_tables import reference_rows

    open_targets = package.table("open_targets")
    return {
        "targets": night.tables.read("sources", "targets"),
        "open_targets": _held_to_contract(
            night, "targets", open_targets, {}, lambda: reference_rows("open_targets", None, open_targets)
        ),
    }


def _held_back(night: Night, chain: ChainTable) -> "Path | None":
    """The release of a dataset that stands while its newer figures are held back; None where all is well.

    A folder that does not exist says that no release stands.
    """
    from publish.published import known_releases, newest_standing

    known = known_releases(night.published, chain.product_id)
    withdrawn = bool(known) and known[-1].withdrawn
    if not withdrawn and not (night.staging / f"{chain.product_id}.blocked").exists():
        return None
    standing = newest_standing(known)
    return night.published / "releases" / chain.product_id / (standing.version if standing else "none")


def _headline_of(night: Night, chain: ChainTable, standing: "Path | None") -> "pd.DataFrame":
    """The headline rows of a dataset: tonight's, or those of the release that stands while tonight's are held back."""
    tonight: pd.DataFrame = frame(night, chain.group, "headline")
    if standing is None:
        return tonight
    import pyarrow as pa
    import pyarrow.parquet as pq

    from publish.published import read_released

    if not (standing / "data" / "headline.parquet").exists():
        return tonight.iloc[:0]
    rows: pd.DataFrame = pq.read_table(pa.BufferReader(read_released(standing, "data/headline.parquet"))).to_pandas()
    return rows[list(tonight.columns)].astype(tonight.dtypes.to_dict())


def _glance_content(night: Night, package: Product, chains: list[ChainTable]) -> "dict[str, pa.Table]":
    """The headlines of all chain tables in one."""
    import pandas as pd

    inputs = hashes(night, {chain.group: (chain.group, "headline") for chain in chains})
    standing = {chain.group: _held_back(night, chain) for chain in chains}
    inputs |= {f"{group} held back": str(release) for group, release in standing.items() if release is not None}
    contract = package.table("headline")

    def together() -> pd.DataFrame:
        parts: list[pd.DataFrame] = [_headline_of(night, chain, standing[chain.group]) for chain in chains]
        return pd.concat(parts, ignore_index=True)

    return {"headline": _held_to_contract(night, "headline", contract, inputs, together)}

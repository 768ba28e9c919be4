"""Dagster assets of the sources, a group a publisher: which copies tonight reads, a table a source, the targets of law.

Thin: fetching, parsing and auditing are in `assets/sources` and `contracts`. Heavy libraries are imported inside, so
that the definitions load quickly.
"""

import json
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, TextIO

import dagster as dg

from assets.check_words import check_results, check_specs
from assets.markdown import bullets, markdown_table
from assets.night import Night
from assets.night_asset import night_asset
from assets.source_checks import awaited_checks, awaited_words, is_awaited, stopped_check
from assets.stewards_view import WHAT_IS_WRONG, definition_metadata, publisher_of, standing_metadata, tags_of
from contracts.contract import Contract, product, source_contract, source_names

if TYPE_CHECKING:
    from pathlib import Path

    from assets.sources.archive import ArchiveRecord
    from assets.sources.fetched import Fetched
    from contracts.verdict import CheckResult

#: The metadata of a fetch that says which services sent what was refused.
REFUSED_BODIES = "vannacht geweigerd"
#: The metadata of a fetch that says in a sentence what became of every source.
ONE_LINE = "per bron in één zin"
VINTAGES = dg.AssetKey(["sources", "vintages"])
TARGETS = dg.AssetKey(["sources", "targets"])


#: Sources by who publishes them, as groups of the lineage; what is no service is kept by hand.
GROUPS = {"eurostat": "sources_eurostat", "cbs": "sources_cbs", "comext": "sources_comext"}
BY_HAND = "sources_curated"
_OUTCOMES = {
    "fetched": "nieuw opgehaald", "unchanged": "opgehaald, ongewijzigd", "not_newer": "niets nieuwers",
    "kept": "bewaard exemplaar", "embedded": "meegeleverde editie", "curated": "met de hand bijgehouden",
    "awaited": "nog niet opgehaald",
}  # fmt: skip


def source_group(contract: Contract) -> str:
    """The group in which a source stands in the lineage."""
    return GROUPS.get(str(contract.get("sourceKind")), BY_HAND)


def source_key(name: str) -> dg.AssetKey:
    """The asset of one source table."""
    return dg.AssetKey(["sources", name])


@night_asset(
    key=VINTAGES,
    group_name="sources",
    kinds={"file"},
    description=(
        "Eén rij is één bron: het exemplaar dat vannacht wordt gelezen.\n\n"
        "Haalt op wat de diensten vandaag uitgeven en bewaart de bytes; "
        "waar een dienst niet antwoordt, telt het nieuwste exemplaar dat wij hebben, anders de meegeleverde editie.\n\n"
        "Eén bron nu opnieuw halen: taak `refetch_source`."
    ),
)
def vintages(context: dg.AssetExecutionContext, night: dg.ResourceParam[Night]) -> dg.MaterializeResult[Any]:
    """Fetches every source into the archive and pins the copies that the build reads."""
    from assets.as_of import keep_night
    from assets.sources.archive import write_whole
    from assets.sources.fetch import fetch_all

    progress = Progress(sys.stderr)

    def say(sentence: str) -> None:
        context.log.info(sentence)
        progress.said(sentence)

    fetched = fetch_all(
        source_names(),
        night.archive,
        night.fetch_settings(),
        night.moment,
        say,
        starting=progress.starting,
    )
    progress.done()
    pinned = {item.source: item.record.sha256 for item in fetched if item.record is not None}
    write_whole(night.vintages, (json.dumps(pinned, indent=1) + "\n").encode())
    facts = {item.source: item.facts() for item in fetched}
    write_whole(night.fetched, (json.dumps(facts, ensure_ascii=False, indent=1) + "\n").encode())
    keep_night(night, pinned)
    for item in fetched:
        if item.stale is not None:
            context.log.warning(item.sentence())
        if item.stopped is not None:
            context.log.warning(f"{item.source}: {item.stopped.words_en}")
        if item.refused:
            context.log.warning(item.refusal())
    counts = {outcome: sum(i.outcome == outcome for i in fetched) for outcome in sorted({i.outcome for i in fetched})}
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": len(fetched),
            "in het kort": ", ".join(f"{count} {_OUTCOMES.get(name, name)}" for name, count in counts.items()),
            "bronnen": dg.MetadataValue.md(_table_of(fetched)),
            "ouder dan het contract toestaat": sum(item.stale is not None for item in fetched),
            "niet meer bijgehouden": dg.MetadataValue.md(
                bullets(f"{item.source}: {item.stopped.words_nl}" for item in fetched if item.stopped is not None)
                or "geen"
            ),
            ONE_LINE: dg.MetadataValue.json([item.sentence() for item in fetched]),
            REFUSED_BODIES: dg.MetadataValue.json([item.refusal() for item in fetched if item.refused]),
        }
    )


def _table_of(fetched: "Sequence[Fetched]") -> str:
    """What happened to every source, as a table in Markdown. What a service said cannot break it."""
    rows = []
    for item in fetched:
        record = item.record
        copy = ("", "", "", "")
        if record is not None:
            age = "" if item.age is None else f"{item.age}, te oud" if item.stale else str(item.age)
            copy = (f"`{record.vintage}`", record.edition or "", record.retrieved_at[:10], age)
        rows.append([item.source, _OUTCOMES.get(item.outcome, item.outcome), *copy, item.reason])
    head = ["bron", "uitkomst", "exemplaar", "editie", "opgehaald", "dagen oud", "waarom"]
    return markdown_table(head, rows, 400)


class Progress:
    """One line on a terminal that says which source is being fetched; in a log, a line as each source is done."""

    def __init__(self, terminal: TextIO) -> None:
        self._log = None if terminal.isatty() else terminal
        self._terminal = terminal if terminal.isatty() else None

    def starting(self, source: str, number: int, of: int) -> None:
        """Tells of a source that is about to be asked."""
        if self._terminal is not None:
            self._terminal.write(f"\r\x1b[Kfetching {number} of {of}: {source}")
            self._terminal.flush()

    def said(self, sentence: str) -> None:
        """Writes what became of a source to a log at once, so that a night that hangs shows where."""
        if self._log is not None:
            self._log.write(f"{sentence}\n")
            self._log.flush()

    def done(self) -> None:
        """Takes the line away."""
        if self._terminal is not None:
            self._terminal.write("\r\x1b[K")
            self._terminal.flush()


def pinned_record(night: Night, source: str) -> "ArchiveRecord":
    """The copy of a source that this build reads."""
    from assets.sources.archive import ArchiveDamaged

    pinned: dict[str, str] = json.loads(night.vintages.read_text(encoding="utf-8")) if night.vintages.exists() else {}
    if source not in pinned:
        raise ArchiveDamaged(f"{source}: no copy has been fetched yet; run `ketenmonitor fetch` first")
    return night.archive.record(source, pinned[source])


def pinned_copies(night: Night, sources: Sequence[str]) -> "list[tuple[ArchiveRecord, int]]":
    """The copy that each standing source table was made from, with its number of rows."""
    found = []
    for name in sources:
        standing = night.tables.standing("sources", name)
        sha256 = standing.fact("copy") if standing else None
        if standing is None or sha256 is None:
            raise dg.Failure(f"sources/{name} is not there yet; make it first", allow_retries=False)
        found.append((night.archive.record(name, sha256), standing.rows))
    return found


def refused(
    contract: Contract,
    checks: "Sequence[CheckResult]",
    problems: Sequence[str],
    reason: str,
    kept: "Path | None" = None,
) -> Iterator[Any]:
    """Says that a table was refused: the failed checks, and then the failure that stops what depends on it.

    `kept` is the file with the refused rows.
    """
    yield from check_results(contract, checks, quarantine=kept)
    raise dg.Failure(reason, metadata={WHAT_IS_WRONG: dg.MetadataValue.md(bullets(problems))}, allow_retries=False)


def _source_asset(name: str) -> dg.AssetsDefinition:
    contract = source_contract(name)
    kind = str(contract.get("sourceKind"))

    @night_asset(
        key=source_key(name),
        deps=[VINTAGES],
        group_name=source_group(contract),
        kinds={"csv" if kind == "curated" else kind, "parquet"},
        tags=tags_of(publisher=publisher_of(contract)),
        level=contract.service_level,
        description=f"{contract.granularity_nl}\n\n**{contract.title_nl}.** {contract.description_nl}",
        metadata=definition_metadata(contract),
        check_specs=check_specs(["sources", name], contract, computed=False),
        # a source that nobody has fetched yet makes no table, and that is no failure
        output_required=False,
    )
    def source_table(context: dg.AssetExecutionContext, night: dg.ResourceParam[Night]) -> Iterator[Any]:
        """Reads the archived copy, holds it against its contract and promotes it."""
        yield from _made_source(context, night, name, contract)

    return source_table


def _made_source(context: dg.AssetExecutionContext, night: Night, name: str, contract: Contract) -> Iterator[Any]:
    from assets.sources.archive import ArchiveDamaged
    from assets.sources.reading import SourceUnreadable, parsed
    from assets.table_store import TableRefused, inputs_key

    if is_awaited(night, name):
        words = awaited_words(night, name)
        context.log.info(f"{name}: {words}")
        yield from awaited_checks(source_key(name), words)
        return
    try:
        record = pinned_record(night, name)
    except ArchiveDamaged as error:
        yield from _unreadable(contract, error)
        return
    inputs = {"copy": record.sha256}
    key = inputs_key(contract, inputs)
    try:
        standing = night.tables.current("sources", name, key)
        unchanged = standing is not None
        if standing is None:
            table = parsed(night.archive.read(record), contract)
            facts = {
                "copy": record.sha256,
                "vintage": record.vintage,
                "origin_of_bytes": record.origin,
                "retrieved_at": record.retrieved_at,
            }
            standing, _, _ = night.tables.put("sources", name, table, contract, key, facts, inputs=inputs)
    except TableRefused as refusal:
        verdict = refusal.verdict
        night.tables.note_refusal(name, record.sha256, key, "; ".join(verdict.messages("error")[:3]))
        yield from refused(contract, verdict.checks, verdict.messages("error"), str(refusal), refusal.kept)
        return
    except (SourceUnreadable, ArchiveDamaged) as error:
        if isinstance(error, SourceUnreadable):
            night.tables.note_refusal(name, record.sha256, key, str(error))
        yield from _unreadable(contract, error)
        return
    context.log.info(f"{name}: {standing.rows} rows, {'unchanged' if unchanged else 'made'} from copy {record.vintage}")
    yield dg.MaterializeResult(
        metadata=standing_metadata(night, "sources", standing, contract, unchanged),
        data_version=dg.DataVersion(standing.sha256[:16]),
    )
    stopped = stopped_check(night, name)
    yield from check_results(contract, [*standing.checks, *([stopped] if stopped is not None else [])])


def _unreadable(contract: Contract, error: Exception) -> Iterator[Any]:
    from contracts.verdict import CheckResult, Offence

    name, offence = contract.table, Offence("", str(error))
    expected = "een bestand dat te lezen is"
    check = CheckResult(f"{name}__body__readable", "body", "error", False, 1, expected, (offence,))
    yield from refused(contract, [check], [str(error)], f"sources/{name} was refused: {error}. The last table stands.")


def _targets_asset() -> dg.AssetsDefinition:
    contract = product("targets").table("targets")

    @night_asset(
        key=TARGETS,
        group_name=BY_HAND,
        kinds={"csv", "parquet"},
        level=contract.service_level,
        description=(
            f"{contract.granularity_nl}\n\n{contract.description_nl} "
            "Met de hand bijgehouden in contracts/reference/targets.csv."
        ),
        metadata=definition_metadata(contract),
        check_specs=check_specs(TARGETS.path, contract, computed=False),
    )
    def targets(context: dg.AssetExecutionContext, night: dg.ResourceParam[Night]) -> Iterator[Any]:
        """Reads the targets of law and holds them against their contract."""
        from assets.chain_tables.reference_tables import targets as all_targets
        from assets.made_table import make

        yield from make(context, night, "sources", "targets", contract, {}, lambda: all_targets(), "targets")

    return targets


def source_assets() -> list[dg.AssetsDefinition]:
    """What is fetched, all sources, and the targets of law."""
    return [vintages, *[_source_asset(name) for name in source_names()], _targets_asset()]

"""Decisions that a steward takes in the Dagster UI: a job each, with a typed form and an explanation.

Here: the jobs, and handing what was filled in to who carries it out. Not here: the forms (`decision_forms.py`), what a
decision does (`deeds.py`), and what runs after it (`decision_sensor.py`).
"""

import sys
from collections.abc import Mapping
from enum import Enum
from typing import Any

import dagster as dg

from assets.delivery_assets import INBOX
from assets.markdown import markdown_table
from assets.night import Night
from assets.packages import group_of, package_key, release_key
from assets.source_assets import source_key
from pipelines.decision_forms import (
    CHOOSE,
    AcceptRevision,
    DecideQuarantine,
    RebuildAsOf,
    RefetchSource,
    WithdrawRelease,
    schema_of,
)
from pipelines.night_lock import NIGHT
from pipelines.settings import steward

SHOWN_DEEDS = 10
#: Jobs after which what was decided is built and published at once.
ACCEPT, REFETCH = "accept_revision", "refetch_source"


def _chosen(choice: Enum, what: str) -> str:
    """The name that was chosen; a form that was left as it was is refused."""
    if choice.value == CHOOSE:
        raise _refused(f"Kies eerst {what}")
    return str(choice.value)


def _refused(words: str) -> dg.Failure:
    """Ends a decision that was not taken, in words; the page of the run would show the way through our code as well."""
    sys.tracebacklimit = 0
    return dg.Failure(f"{words}. Er is niets gedaan.", allow_retries=False)


@dg.failure_hook
def whole_tracebacks(_: dg.HookContext) -> None:
    """Puts back what `_refused` took away, for whatever else happens in this process."""
    if hasattr(sys, "tracebacklimit"):
        del sys.tracebacklimit


def _told(context: dg.OpExecutionContext, night: Night, key: dg.AssetKey, words: str) -> None:
    """Says at the asset that something was decided about it, and with the run what was decided lately."""
    from assets.decisions_book import KIND_WORDS, all_deeds

    context.log.info(words)
    context.log_event(dg.AssetObservation(key, description=words))
    rows = [
        [deed.moment[:16].replace("T", " "), KIND_WORDS[deed.kind], deed.subject, deed.by, deed.reason_nl, deed.outcome]
        for deed in reversed(all_deeds(night)[-SHOWN_DEEDS:])
    ]
    table = markdown_table(["wanneer (UTC)", "wat", "waarover", "wie", "waarom", "uitkomst"], rows)
    context.add_output_metadata({"uitkomst": words, "laatste besluiten": dg.MetadataValue.md(table)})


@dg.op(description="Bewaart het besluit over de rijen; het telt mee vanaf de volgende bouw.")
def decide_on_quarantine(
    context: dg.OpExecutionContext, config: DecideQuarantine, night: dg.ResourceParam[Night]
) -> None:
    """Keeps a decision about refused rows of a delivery."""
    from assets.deliveries.book import DecisionRefused
    from pipelines.delivery_commands import row_numbers

    kind = _chosen(config.decision, "wat er met de rijen moet gebeuren (decision)")
    try:
        made = night.book.decide(
            config.receipt.strip(),
            kind,  # type: ignore[arg-type]  # the names of the form are those of the book
            row_numbers(config.rows) if config.rows.strip() else None,
            reason=config.reason,
            by=steward(config.by),
            moment=night.moment,
        )
    except DecisionRefused as error:
        raise _refused(str(error)) from None
    what = f"{len(made.rows)} rijen van {made.receipt}" if made.rows else made.receipt
    words = f"{what}: {made.decision}, door {made.by}, omdat: {made.reason}"
    # the rows that stand follow the inbox: this lets them be made anew, and their checks be asked again
    context.log_event(
        dg.AssetMaterialization(INBOX, description=words, metadata={"besluit": words, "rijen": len(made.rows)})
    )
    _told(context, night, INBOX, words)


@dg.op(description="Bewaart dat precies deze wijzigingen uitgegeven mogen worden.")
def accept_blocked_revision(
    context: dg.OpExecutionContext, config: AcceptRevision, night: dg.ResourceParam[Night]
) -> None:
    """Permits exactly the changes that block a release."""
    from assets.decisions_book import DeedRefused
    from pipelines import deeds

    dataset = _chosen(config.dataset, "een dataset (dataset)")
    try:
        deed = deeds.accept_revision(
            night, dataset, reason_nl=config.reason_nl, reason_en=config.reason_en, by=steward(config.by)
        )
    except DeedRefused as error:
        raise _refused(str(error)) from None
    _told(context, night, package_key(group_of(dataset)), f"{dataset}: {deed.outcome}, door {deed.by}")


@dg.op(description="Zet een grafsteen op de plaats van de uitgave en ververst de site.")
def withdraw_one_release(
    context: dg.OpExecutionContext, config: WithdrawRelease, night: dg.ResourceParam[Night]
) -> None:
    """Withdraws a release."""
    from assets.decisions_book import DeedRefused
    from pipelines import deeds
    from publish.published import ReleaseError

    dataset = _chosen(config.dataset, "een dataset (dataset)")
    try:
        done = deeds.withdraw_release(
            night,
            dataset,
            config.version.strip(),
            reason_nl=config.reason_nl,
            reason_en=config.reason_en,
            by=steward(config.by),
            replaced_by=config.replaced_by.strip() or None,
        )
    except (DeedRefused, ReleaseError) as error:
        raise _refused(str(error)) from None
    words = f"{dataset} {config.version.strip()} is ingetrokken; in de plaats komt {done.tombstone['replaced_by']}"
    for other in done.also_holding:
        context.log.warning(f"{other} herhaalt cijfers van deze uitgave en staat nog; trek die zo nodig ook in.")
    _told(context, night, release_key(dataset), words)


@dg.op(description="Bouwt een oude nacht na, in een map ernaast, en vergelijkt met wat toen is uitgegeven.")
def rebuild_old_night(context: dg.OpExecutionContext, config: RebuildAsOf, night: dg.ResourceParam[Night]) -> None:
    """Rebuilds an old night aside, and says whether it gave the same bytes."""
    from assets.decisions_book import DeedRefused
    from pipelines import deeds

    if not config.date.strip():
        raise _refused("Vul een dag in (date), zoals 2026-11-21")
    try:
        said = deeds.rebuild_as_of(night, config.date, reason=config.reason, by=steward(config.by))
    except DeedRefused as error:
        raise _refused(str(error)) from None
    if "refused" in said:
        raise _refused(str(said["refused"]))
    datasets: list[dict[str, Any]] = said["datasets"]
    rows = [[one["dataset"], "als toen" if one["as_it_was"] else "**anders**", one["words"]] for one in datasets]
    same = sum(one["as_it_was"] for one in datasets)
    words = f"nacht van {said['recorded']} nagebouwd: {same} van {len(datasets)} datasets als toen"
    context.log.info(words)
    context.add_output_metadata(
        {
            "uitkomst": words,
            "datasets": dg.MetadataValue.md(markdown_table(["dataset", "uitkomst", "toelichting"], rows, 300)),
            "omstandigheden": "\n".join(said["circumstances"]),
            "map": dg.MetadataValue.path(str(night.home / "as_of")),
        }
    )


@dg.op(description="Haalt de hele bron op, ook als de dienst zegt dat er niets nieuws is.")
def refetch_one_source(context: dg.OpExecutionContext, config: RefetchSource, night: dg.ResourceParam[Night]) -> None:
    """Fetches a source anew."""
    from assets.decisions_book import DeedRefused
    from pipelines import deeds

    source = _chosen(config.source, "een bron (source)")
    try:
        deed, fetched = deeds.refetch_source(
            night, source, reason=config.reason, by=steward(config.by), say=context.log.info
        )
    except DeedRefused as error:
        raise _refused(str(error)) from None
    _told(context, night, source_key(source), deed.outcome)
    if fetched.refused:
        raise dg.Failure(fetched.refusal(), allow_retries=False)


def _decision_job(
    name: str, op: dg.OpDefinition, form: type[dg.Config], description: str, tags: Mapping[str, str] | None = None
) -> dg.JobDefinition:
    """A job of one op whose run configuration is the form itself, without the layers of ops and resources around it."""

    def filled_in(values: Any) -> dict[str, Any]:
        return {"ops": {op.name: {"config": values}}}

    def one_op() -> None:
        op()

    mapping = dg.ConfigMapping(filled_in, config_schema=schema_of(form), receive_processed_config_values=False)
    return dg.job(
        name=name,
        description=description,
        config=mapping,
        tags={"soort": "besluit", **(tags or {})},
        hooks={whole_tracebacks},
    )(one_op)


_FORM = "\n\nVul het formulier in op het tabblad **Launchpad** en kies **Launch run**."


def decision_jobs() -> list[dg.JobDefinition]:
    """All jobs by which a steward decides."""
    return [
        _decision_job(
            "decide_quarantine",
            decide_on_quarantine,
            DecideQuarantine,
            "Besluit over afgekeurde rijen van een levering: **vrijgeven**, **terzijde leggen**, of het bestand "
            "**intrekken**.\n\nHet nummer van het ontvangstbewijs staat bij de levering, controle «quarantine». Een "
            "besluit staat vast; de rijen die staan worden er meteen mee bijgewerkt, de cijfers in de nacht." + _FORM,
        ),
        _decision_job(
            ACCEPT,
            accept_blocked_revision,
            AcceptRevision,
            "**Accepteer wijzigingen die een uitgave tegenhouden**, bijvoorbeeld omdat de bron haar cijfers terecht "
            "heeft herzien.\n\nKijk eerst bij het pakket van de dataset, controle «contract», wat er verandert. "
            "Geaccepteerd wordt precies dat: verandert er daarna nog iets, dan wacht de uitgave opnieuw. De reden "
            "staat openbaar in de uitgave, die meteen na dit besluit wordt gemaakt." + _FORM,
        ),
        _decision_job(
            "withdraw_release",
            withdraw_one_release,
            WithdrawRelease,
            "**Trek een uitgave in** die niet deugt.\n\nHaar cijfers verdwijnen; op haar plaats staat wanneer en "
            "waarom, en wat men in plaats daarvan gebruikt. Dit is **niet terug te draaien**, en dezelfde cijfers "
            "komen niet opnieuw uit: herstel eerst bron, berekening of contract." + _FORM,
        ),
        _decision_job(
            "rebuild_as_of",
            rebuild_old_night,
            RebuildAsOf,
            "**Bouw een oude nacht na** uit het archief en vergelijk met wat toen is uitgegeven.\n\nGebeurt in een "
            "map ernaast (`as_of`): aan wat gepubliceerd is verandert niets. Duurt enkele minuten." + _FORM,
        ),
        _decision_job(
            REFETCH,
            refetch_one_source,
            RefetchSource,
            "**Haal een bron nu opnieuw op**, geheel, ook als de dienst zegt dat er niets nieuws is.\n\nDaarna wordt "
            "meteen vernieuwd wat ervan afhangt. Het oude exemplaar blijft in het archief." + _FORM,
            # its pins are those of the night: the two never write at once
            tags={NIGHT: "true"},
        ),
    ]

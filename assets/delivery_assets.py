"""Dagster assets of what is delivered: the inbox, the rows that stand of every delivery, and their totals.

Thin: taking in, standing rows and disclosure control are in `assets/deliveries`. Heavy libraries are imported inside,
so that the definitions load quickly.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import dagster as dg

from assets.check_words import check_results, check_specs
from assets.markdown import bullets, markdown_table
from assets.night import Night
from assets.night_asset import night_asset
from assets.stewards_view import WHAT_IS_WRONG, definition_metadata, standing_metadata, tags_of
from contracts.contract import DELIVERED, delivered_source_names, source_contract
from contracts.delivered_figures import deliveries_of
from contracts.delivery_contract import Delivery, delivery, delivery_names
from publish.numbers_and_dates import day_of_year

if TYPE_CHECKING:
    from assets.deliveries.book import Book
    from assets.deliveries.owed import Expected
    from assets.deliveries.quarantine import Waiting
    from assets.deliveries.standing import Pin
    from publish.receipt import Receipt

GROUP, TOTALS_GROUP = "deliveries", "sources_delivered"
INBOX = dg.AssetKey([GROUP, "inbox"])
QUARANTINE_CHECK, OVERDUE_CHECK, HELD_CHECK = "quarantine", "overdue", "held_back"
#: Refused rows a file, and files, that the page of the check shows.
SHOWN_ROWS, SHOWN_FILES = 10, 5


def delivery_key(name: str) -> dg.AssetKey:
    """The asset of the rows that stand of one delivery."""
    return dg.AssetKey([GROUP, name])


def delivered_key(chain_table: str) -> dg.AssetKey:
    """The asset of the totals of one chain table, which its observations read."""
    return dg.AssetKey(["sources", f"{DELIVERED}{chain_table}"])


@night_asset(
    key=INBOX,
    group_name=GROUP,
    kinds={"file"},
    description=(
        "Eén rij is één bestand dat is ingediend.\n\nNeemt aan wat in de inbox ligt: eerst gearchiveerd, dan gelezen "
        "en getoetst, en beantwoord met een ontvangstbewijs."
    ),
    tags=tags_of(confidential=True),
)
def inbox(context: dg.AssetExecutionContext, night: dg.ResourceParam[Night]) -> dg.MaterializeResult[Any]:
    """Takes in every file that waits in the inbox."""
    from assets.deliveries.inbox import prepare_inbox, take_in_all

    prepare_inbox(night.inbox)
    receipts, left = take_in_all(night.counter(), night.inbox, night.started_at.timestamp(), context.log.info)
    for found in left:
        context.log.warning(f"{found.path.name} was left in the inbox: {found.problem}")
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": len(receipts),
            "ontvangstbewijzen": dg.MetadataValue.md(_receipts(receipts) or "Er lag niets in de inbox."),
            "blijven liggen": dg.MetadataValue.md(
                "\n".join(f"- `{found.path.name}`: {found.problem}" for found in left) or "niets"
            ),
        }
    )


_OUTCOMES = {
    "accepted": "aangenomen",
    "accepted_in_part": "deels aangenomen",
    "refused": "geweigerd",
    "repeated": "al eerder ontvangen",
}


def _receipts(receipts: "Sequence[Receipt]") -> str:
    rows = [
        [r.delivery, r.deliverer_name or r.deliverer or "", r.period or "", r.file_name, _OUTCOMES[r.outcome],
         r.rows_in, r.rows_accepted, r.rows_refused, r.exact_duplicates, r.id]
        for r in receipts
    ]  # fmt: skip
    head = ["levering", "indiener", "periode", "bestand", "uitkomst", "rijen", "aangenomen", "afgekeurd", "dubbel",
            "ontvangstbewijs"]  # fmt: skip
    return markdown_table(head, rows)


def _delivery_asset(name: str) -> dg.AssetsDefinition:
    one = delivery(name)
    contract = one.contract

    @night_asset(
        key=delivery_key(name),
        deps=[INBOX],
        # follows the inbox and every decision about its rows by itself, by day as well
        automation_condition=dg.AutomationCondition.eager(),
        group_name=GROUP,
        kinds={"parquet"},
        tags=tags_of(chain_table=one.chain_table, confidential=one.disclosure is not None),
        description=(
            f"{contract.granularity_nl}\n\n**{contract.title_nl}.** {contract.description_nl} "
            "Staat hier per indiener en periode: het nieuwste bestand dat gebruikt mag worden."
        ),
        metadata=definition_metadata(contract) | _delivery_facts(one),
        check_specs=_delivery_checks(one),
    )
    def standing(context: dg.AssetExecutionContext, night: dg.ResourceParam[Night]) -> Iterator[Any]:
        """Puts the rows that stand of this delivery into one table."""
        yield from _made_standing(context, night, one)

    return standing


def _delivery_facts(one: Delivery) -> dict[str, Any]:
    """Who delivers, by when, and whether what comes in may be shown."""
    return {
        "uiterste datum": f"{day_of_year(one.deadline, 'nl')} na afloop van de periode",
        "indieners": len(one.deliverers),
        "vertrouwelijkheid": one.disclosure_reason_nl,
    }


def _delivery_checks(one: Delivery) -> list[dg.AssetCheckSpec]:
    deadline = day_of_year(one.deadline, "nl")
    return [
        dg.AssetCheckSpec(
            QUARANTINE_CHECK,
            asset=delivery_key(one.name),
            description=(
                "**Wat wordt getoetst.** Geen afgekeurde rij wacht op een besluit.\n\n"
                "**Als het misgaat.** In een geleverd bestand zijn rijen afgekeurd. Ze tellen niet mee; zijn het er te "
                "veel, dan telt het hele bestand nog niet mee. Er is niets kwijt.\n\n"
                "**Wat nu.** Vraag de indiener om een verbeterd bestand: het vervangt dit. Zijn de rijen toch goed, of "
                "komt er geen beter bestand, besluit dan met de taak `decide_quarantine`: vrijgeven of terzijde leggen."
            ),
        ),
        dg.AssetCheckSpec(
            OVERDUE_CHECK,
            asset=delivery_key(one.name),
            description=(
                f"**Wat wordt getoetst.** Wie eerder leverde, leverde voor {deadline} na afloop van de periode.\n\n"
                "**Als het misgaat.** Het cijfer van die indiener blijft leeg; er wordt niets geschat.\n\n"
                "**Wat nu.** Vraag de indiener erom. Het lege formulier maakt `ketenmonitor template "
                f"{one.name}`."
            ),
        ),
    ]


def _made_standing(context: dg.AssetExecutionContext, night: Night, one: Delivery) -> Iterator[Any]:
    from assets.deliveries.owed import owed
    from assets.deliveries.quarantine import waiting
    from assets.deliveries.standing import as_facts, pins
    from assets.deliveries.standing_table import standing_table

    book = night.book
    made, unchanged = standing_table(night.tables, book, one, pins(book, [one.name]))
    files = [as_facts(taken, settled) for taken, settled in book.standing(one.name).values()]
    context.log.info(f"{one.name}: {made.rows} rows of {len(files)} files, {'unchanged' if unchanged else 'made'}")
    yield dg.MaterializeResult(
        metadata={
            **standing_metadata(night, GROUP, made, one.contract, unchanged, confidential=one.disclosure is not None),
            "bestanden die staan": dg.MetadataValue.md(
                markdown_table(list(files[0]), [list(f.values()) for f in files])
                if files
                else "Er is nog niets geleverd."
            ),
        },
        data_version=dg.DataVersion(made.sha256[:16]),
    )
    yield _quarantine_check(book, waiting(book, (one.name,)))
    yield _overdue_check(owed(book, [one.name], night.moment[:10]))


def _quarantine_check(book: "Book", found: "Sequence[Waiting]") -> dg.AssetCheckResult:
    from assets.deliveries.quarantine import REFUSED
    from assets.deliveries.quarantine_words import waiting_markdown
    from assets.table_history import counted
    from publish.receipt_pages import PAGES

    undecided = sum(item.undecided for item in found)
    words = "Geen rij wacht op een besluit."
    if found:
        words = (
            f"{counted(undecided, 'afgekeurde rij wacht', 'afgekeurde rijen wachten')} in "
            f"{counted(len(found), 'bestand', 'bestanden')} op een besluit: vraag een verbeterd bestand, of besluit "
            "met de taak `decide_quarantine`."
        )
    metadata: dict[str, Any] = {"rijen die wachten": undecided, "bestanden": len(found)}
    if found:
        metadata[WHAT_IS_WRONG] = dg.MetadataValue.md(bullets([words]))
    for item in found[:SHOWN_FILES]:
        shown = waiting_markdown(book, item, SHOWN_ROWS)
        words += f"\n\n{shown}\n\nOntvangstbewijs (receipt): `{item.taken.id}`"
        folder = book.folder(item.taken)
        metadata[f"ontvangstbewijs {item.taken.id}"] = dg.MetadataValue.path(str(folder / PAGES["nl"]))
        metadata[f"afgekeurde rijen {item.taken.id}"] = dg.MetadataValue.path(str(folder / REFUSED))
    words += f"\n\nEn nog {len(found) - SHOWN_FILES} bestanden." if len(found) > SHOWN_FILES else ""
    return dg.AssetCheckResult(
        check_name=QUARANTINE_CHECK,
        passed=not found,
        severity=dg.AssetCheckSeverity.WARN,
        description=words,
        metadata=metadata,
    )


def _deliveries(count: int) -> str:
    return f"{count} levering{'' if count == 1 else 'en'}"


def _overdue_check(expected: "Sequence[Expected]") -> dg.AssetCheckResult:
    missing = [item for item in expected if item.overdue]
    never = sum(item.received is None and not item.delivered_before for item in expected)
    words = "Wie eerder leverde, heeft op tijd geleverd."
    words += f" Nog nooit ontvangen: {_deliveries(never)}." if never else ""
    if missing:
        shown = ", ".join(f"{item.deliverer} over {item.period} (voor {item.deadline})" for item in missing[:5])
        words = (
            f"{_deliveries(len(missing))} te laat: {shown}. Vraag de indiener erom, of besluit over wat is afgekeurd; "
            "tot dan blijft dit cijfer leeg."
        )
    return dg.AssetCheckResult(
        check_name=OVERDUE_CHECK,
        passed=not missing,
        severity=dg.AssetCheckSeverity.WARN,
        description=words,
        metadata={"verwacht": len(expected), "te laat": len(missing), "nog nooit geleverd": never},
    )


def _delivered_asset(name: str) -> dg.AssetsDefinition:
    contract = source_contract(name)
    chain_table = name.removeprefix(DELIVERED)
    key = delivered_key(chain_table)

    @night_asset(
        key=key,
        # the night's record of what it reads is made there, and this source adds its own copy to it
        deps=[dg.AssetKey(["sources", "vintages"]), *(delivery_key(other) for other in deliveries_of(chain_table))],
        group_name=TOTALS_GROUP,
        kinds={"csv", "parquet"},
        tags=tags_of(chain_table=chain_table, publisher="leveringen"),
        level=contract.service_level,
        description=f"{contract.granularity_nl}\n\n**{contract.title_nl}.** {contract.description_nl}",
        metadata=definition_metadata(contract),
        check_specs=[
            *check_specs(key.path, contract, computed=True),
            dg.AssetCheckSpec(
                HELD_CHECK,
                asset=key,
                description=(
                    "**Wat wordt getoetst.** Elke verbetering van een levering is doorgevoerd.\n\n"
                    "**Als het misgaat.** Het verschil tussen oud en nieuw zou verraden wat één deelnemer opgaf. De "
                    "oude totalen blijven staan tot er meer verbeteringen zijn.\n\n"
                    "**Wat nu.** Meestal niets: wachten is goed. Stemmen de deelnemers in, besluit dan met de taak "
                    "`decide_quarantine`, besluit `publish`."
                ),
            ),
        ],
    )
    def delivered(context: dg.AssetExecutionContext, night: dg.ResourceParam[Night]) -> Iterator[Any]:
        """Adds the deliveries up under disclosure control, archives the totals and holds them against the contract."""
        yield from _made_delivered(context, night, name)

    return delivered


def _made_delivered(context: dg.AssetExecutionContext, night: Night, name: str) -> Iterator[Any]:
    from assets.deliveries.delivered_source import delivered_source
    from assets.table_store import TableRefused

    contract = source_contract(name)
    try:
        made = delivered_source(night, name, deliveries_of(name.removeprefix(DELIVERED)))
    except TableRefused as refusal:
        yield from check_results(contract, refusal.verdict.checks, quarantine=refusal.kept)
        raise dg.Failure(str(refusal), allow_retries=False) from refusal
    context.log.info(f"{name}: {made.standing.rows} totals, {'unchanged' if made.unchanged else 'made'}")
    for held in made.held:
        context.log.warning(held)
    table = night.tables.read("sources", name)
    yield dg.MaterializeResult(
        metadata={
            **standing_metadata(night, "sources", made.standing, contract, made.unchanged),
            "vertrouwelijke cellen": sum(status != "F" for status in table.column("conf_status").to_pylist()),
            "opgeteld uit": dg.MetadataValue.md(
                _pins(made.pins) or "Er is nog niets geleverd; er wordt niets verzonnen."
            ),
        },
        data_version=dg.DataVersion(made.standing.sha256[:16]),
    )
    yield from check_results(contract, made.standing.checks)
    yield dg.AssetCheckResult(
        check_name=HELD_CHECK,
        passed=not made.held,
        severity=dg.AssetCheckSeverity.WARN,
        description=bullets(made.held)[:2000] or "Alle bestanden die staan zijn verwerkt.",
    )


def _pins(found: "Sequence[Pin]") -> str:
    rows = [[p.delivery, p.deliverer, p.period, p.receipt, len(p.released)] for p in found]
    return markdown_table(["levering", "indiener", "periode", "ontvangstbewijs", "vrijgegeven rijen"], rows)


def delivery_assets() -> list[dg.AssetsDefinition]:
    """The inbox, the standing rows of every delivery, and the totals of every chain table."""
    return [
        inbox,
        *[_delivery_asset(name) for name in delivery_names()],
        *[_delivered_asset(name) for name in delivered_source_names()],
    ]

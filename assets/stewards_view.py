"""What the steward sees of a table in the Dagster UI: what one row is, contract, columns, history, preview.

Here: turning contracts and standing tables into Dagster's metadata, in Dutch.
Not here: checks in words (`check_words.py`), where columns come from (`column_lineage.py`), computing anything.
"""

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

import dagster as dg

from assets.markdown import markdown_table
from contracts.contract import Contract
from contracts.rule_words import expected_words
from contracts.service_level import ServiceLevel
from contracts.vocabulary import CONTRACTS, load_reference_yaml

if TYPE_CHECKING:
    import pyarrow as pa

    from assets.night import Night
    from assets.table_store import Standing

OWNERS = ["team:data-stewards"]
#: Rows and columns of the preview: every night keeps one in Dagster's history.
PREVIEW_ROWS, PREVIEW_COLUMNS = 6, 12

#: Checks of a table: rules that block, and rules that are published as a caveat.
BLOCKING_CHECK, WARNING_CHECK = "contract", "contract_warnings"
# Names of metadata that programs read as well: the summary of a night, the morning report.
MADE_TONIGHT, DUPLICATES = "vannacht gemaakt", "dubbele rijen weggelaten"
RELEASED_TONIGHT, VERSION, PREVIOUS_VERSION, STATUS = "vannacht uitgegeven", "versie", "vorige versie", "status"
FILES_WRITTEN, MENDED = "geschreven bestanden", "hersteld"
PORTAL_WHERE, PORTAL_DONE = "portaal", "gedane stappen"
#: What is wrong, one sentence a line.
WHAT_IS_WRONG = "wat er mis is"
PUBLIC_PAGE = "openbare pagina"
PREVIEW = "eerste rijen"
_FACTS = {
    "copy": "exemplaar (sha256)",
    "vintage": "exemplaar",
    "origin_of_bytes": "herkomst van het exemplaar",
    "retrieved_at": "opgehaald",
    "pins": "bestanden (kenmerk)",
}
_ORIGINS = {"live": "van de dienst", "embedded": "meegeleverde editie", "curated": "met de hand bijgehouden",
            "delivered": "opgeteld uit leveringen"}  # fmt: skip
_TYPES = {"string": "tekst", "integer": "geheel getal", "number": "getal", "boolean": "ja/nee", "date": "datum",
          "timestamp": "moment"}  # fmt: skip


def column_schema(contract: Contract) -> dg.TableSchema:
    """The columns of a contract as the UI shows them."""
    columns = []
    for column in contract.columns:
        other = [f"codelijst {column.code_list}"] if column.code_list else []
        other += [f"eenheid {column.unit}"] if column.unit else []
        other += [f"sleutel {column.key_position}"] if column.key_position else []
        columns.append(
            dg.TableColumn(
                column.name,
                column.logical_type,
                f"**{column.title_nl}.** {column.description_nl}",
                constraints=dg.TableColumnConstraints(nullable=not column.required, unique=column.unique, other=other),
            )
        )
    return dg.TableSchema(columns)


def contract_place(contract: Contract) -> str:
    """The contract file as a link where `publisher.yaml` names the repository, else its path; with its version."""
    inside = contract.path.is_relative_to(CONTRACTS)
    path = f"contracts/{contract.path.relative_to(CONTRACTS).as_posix()}" if inside else contract.path.name
    place = f"[`{path}`]({_repository()}/{path})" if inside and _repository() else f"`{path}`"
    return f"{place}, versie {contract.version}"


@cache
def _repository() -> str:
    return str(load_reference_yaml("publisher").get("repository") or "").rstrip("/")


def definition_metadata(contract: Contract) -> dict[str, Any]:
    """What is known of a table before it is made. Everything that does not change by night stands here: it is kept once
    and not once a night."""
    found: dict[str, Any] = {
        "één rij is": contract.granularity_nl,
        "contract": dg.MetadataValue.md(contract_place(contract)),
        "regels van het contract": dg.MetadataValue.md(rules_markdown(contract)),
        "afgesproken versheid": level_words(contract.service_level),
        "dagster/column_schema": column_schema(contract),
    }
    if contract.get("publisher"):
        found["uitgever"] = publisher_of(contract)
    if contract.get("homepage"):
        found["bron"] = dg.MetadataValue.url(str(contract.get("homepage")))
    if contract.get("licence"):
        path = contract.get("licencePath")
        licence = str(contract.get("licence"))
        found["licentie"] = dg.MetadataValue.md(f"[{licence}]({path})" if path else licence)
    return found


def publisher_of(contract: Contract) -> str:
    """Who publishes a source, in Dutch: some contracts give both languages in one text."""
    return str(contract.get("publisher") or "").partition(" / ")[0]


def rules_markdown(contract: Contract) -> str:
    """Every rule of a contract in Dutch: of which columns, what must hold, and what follows where it does not."""
    titles = {column.name: column.title_nl for column in contract.columns}
    follows = {"error": "geweigerd", "warning": "kanttekening", "info": "ter kennisneming"}
    rows = [[column.title_nl, _TYPES[column.logical_type], "geweigerd"] for column in contract.columns]
    rows += [
        [
            ", ".join(titles.get(name, name) for name in rule.columns) or "de hele tabel",
            expected_words(rule, "nl", titles),
            follows[rule.severity],
        ]
        for rule in contract.rules
    ]
    return markdown_table(["kolom", "wat er moet staan", "anders"], rows, 400)


def level_words(level: ServiceLevel) -> str:
    """The service level in a sentence."""
    return f"elke {_hours(level.frequency_hours)} gemaakt; te oud na {_hours(level.latency_hours)}"


def _hours(hours: float) -> str:
    days = hours / 24
    if days == 1:
        return "dag"
    return f"{days:g} dagen" if days == int(days) else f"{hours:g} uur"


def preview(night: "Night", group: str, name: str, contract: Contract) -> dg.MetadataValue:
    """The first rows under the titles of their columns, the key first."""
    names = [*contract.primary_key, *(c for c in contract.column_names if c not in contract.primary_key)]
    shown = names[:PREVIEW_COLUMNS]
    return dg.MetadataValue.md(table_markdown(night.tables.head(group, name, PREVIEW_ROWS, shown), contract))


def table_markdown(table: "pa.Table", contract: Contract) -> str:
    """Rows as a table in Markdown, under the titles of their columns."""
    titles = {column.name: column.title_nl for column in contract.columns}
    rows = [list(row.values()) for row in table.to_pylist()]
    return markdown_table([titles.get(n, n) for n in table.column_names], rows) or "geen rijen"


def standing_metadata(
    night: "Night",
    group: str,
    standing: "Standing",
    contract: Contract,
    unchanged: bool,
    dataset: str | None = None,
    *,
    confidential: bool = False,
) -> dict[str, Any]:
    """What is known of the table that stands: rows over time, last change, preview, and where it is published.

    `dataset` is the package that publishes it. Numbers are plotted by the UI, night by night. Of a confidential table
    no row is shown: what stands in Dagster's history cannot be taken back.
    """
    from assets.table_history import last_change, rows_chart

    found: dict[str, Any] = {
        "dagster/row_count": standing.rows,
        "laatste wijziging": dg.MetadataValue.md(last_change(standing.changes)),
        PREVIEW: "vertrouwelijk; zie het ontvangstbewijs"
        if confidential
        else preview(night, group, standing.name, contract),
    }
    chart = rows_chart(standing.changes, night.moment)
    if chart:
        found["verloop van het aantal rijen"] = dg.MetadataValue.md(chart)
    if dataset is not None:
        found[PUBLIC_PAGE] = dg.MetadataValue.url(dataset_page(night, dataset))
    found |= {MADE_TONIGHT: not unchanged, DUPLICATES: standing.exact_duplicates, "sha256": standing.sha256}
    return found | fact_metadata(dict(standing.facts))


def fact_metadata(facts: Mapping[str, str]) -> dict[str, str]:
    """What was noted with a table, under names that a steward knows."""
    return {
        _FACTS.get(name, name.replace("_", " ")): _ORIGINS.get(value, value) if name == "origin_of_bytes" else value
        for name, value in facts.items()
    }


def dataset_page(night: "Night", dataset: str) -> str:
    """The address of the public page of a dataset."""
    from publish.release_facts import publisher

    return publisher(night.public_url).url(f"datasets/{dataset}/")


def tags_of(*, chain_table: str = "", publisher: str = "", confidential: bool = False) -> dict[str, str]:
    """Tags by which the catalogue of the UI can be searched; values hold letters, digits, `.`, `_` and `-` only."""
    found = {"ketentafel": chain_table, "uitgever": "".join(c if c.isalnum() else "-" for c in publisher).strip("-")}
    found["vertrouwelijk"] = "ja" if confidential else ""
    return {name: value for name, value in found.items() if value}

"""Writes the embedded edition: real figures that a fresh checkout can build from without a network.

Here: the copies of Eurostat tables that were found in public repositories, and one writer that puts them all in the
layout of the live service (SDMX-CSV 1.0, codes), with a record beside each.
Not here: reading the layouts of those copies (`copy_layouts.py`), reading what was written (the Eurostat parser reads
live and embedded bytes alike), fetching, and any choice about what a figure means.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from assets.sources.copy_layouts import (
    EmbedError,
    read_bulk_tsv,
    read_codes_and_labels,
    read_labels,
    read_long_form,
)
from assets.sources.eurostat import GEOS
from contracts.contract import Contract, source_contract

DATA_ADDRESS = "https://ec.europa.eu/eurostat/api/dissemination/sdmx/2.1/data/{code}?format=SDMX-CSV"


@dataclass(frozen=True)
class EmbeddedTable:
    """One table of the embedded edition as it was written."""

    source: str
    rows: int
    path: Path
    sha256: str


@dataclass(frozen=True)
class Copy:
    """A copy of (part of) a table in a public repository, and how it is read.

    `edition` is the day of the publisher's own last update, None when the copy does not tell. `last_update`
    is the same moment as the service stamps it, for layouts that do not carry it in their rows.
    """

    path: str
    repository: str
    repository_path: str
    commit: str
    read: Callable[[Path, tuple[str, ...]], pd.DataFrame]
    edition: str | None = None
    last_update: str = ""


@dataclass(frozen=True)
class Table:
    """One table to embed: its copies in order of precedence, and what its reader must know."""

    code: str
    copies: tuple[Copy, ...]
    flags_kept: bool
    note_nl: str
    note_en: str
    only: tuple[tuple[str, str], ...] = ()


KVANUSHA = ("kvanusha12/capstone_project_circular_economy", "469b3657037a1ea4a1ab5b1ceeafe70bc66b762a")
SINAHECKE = ("sinahecke/plastic-recycling-dashboard", "b796678f9c8798467adb5fd848becb900a8a6636")
PMAYD = ("pmayd/Data-Science-in-the-Wild", "6461c471bc9b835557e2ff9b5a73b5e077921509")
EV07 = ("ev07/e-waste.dataviz", "989f9d1a6ad8ef82d94ac72857a14208e382ba7b")


def _harvested(folder: str, name: str) -> Copy:
    """A download from Eurostat's data browser (codes and labels); its edition is not stated."""
    return Copy(f"{folder}/{name}", KVANUSHA[0], f"Dataset_CE/{name}", KVANUSHA[1], read_codes_and_labels)


def _dashboard(folder: str, name: str, edition: str) -> Copy:
    """A label download of one selection; each row carries its own last update."""
    return Copy(f"{folder}/{name}", SINAHECKE[0], f"data/{name}", SINAHECKE[1], read_labels, edition)


EDITION_UNKNOWN_NL = "De editie is niet vermeld in de kopie; zij is in 2025 opgehaald."
EDITION_UNKNOWN_EN = "The copy does not state its edition; it was downloaded in 2025."

TABLES: tuple[Table, ...] = (
    Table(
        "cei_pc040",
        (_harvested("cei_pc040", "Generation of packaging waste per capita.csv"),),
        True,
        EDITION_UNKNOWN_NL,
        EDITION_UNKNOWN_EN,
    ),
    Table(
        "cei_pc050",
        (_harvested("cei_pc050", "Generation_plastic_pkg_waste_per_capita.csv"),),
        True,
        EDITION_UNKNOWN_NL,
        EDITION_UNKNOWN_EN,
    ),
    Table(
        "cei_wm020",
        (_harvested("cei_wm020", "Recycling rate of overall packaging.csv"),),
        True,
        EDITION_UNKNOWN_NL,
        EDITION_UNKNOWN_EN,
    ),
    Table(
        "cei_wm060",
        (_harvested("cei_wm060", "Recycling rate of WEEE separately collected.csv"),),
        True,
        EDITION_UNKNOWN_NL,
        EDITION_UNKNOWN_EN,
    ),
    Table(
        "demo_gind",
        (_harvested("demo_gind", "europe_population.csv"),),
        True,
        "Alleen de gemiddelde bevolking (AVG). " + EDITION_UNKNOWN_NL,
        "Average population (AVG) only. " + EDITION_UNKNOWN_EN,
        only=(("indic_de", "AVG"),),
    ),
    Table(
        "env_waselee",
        (Copy("env_waselee/env_waselee.tsv", EV07[0], "data/env_waselee.tsv", EV07[1], read_bulk_tsv),),
        True,
        "Tien categorieën, 2005-2018, uitgave van 2020 (dag niet vermeld), met de codes van toen: "
        "RCY_REU en REU in plaats van RCY_PRP_REU en PRP_REU. Nederland heeft voor 2018 hetzelfde getal "
        "voor RCY_REU als voor 2017 (139 367 t); zo staat het bij Eurostat.",
        "Ten categories, 2005-2018, release of 2020 (day not stated), with the codes of that time: "
        "RCY_REU and REU instead of RCY_PRP_REU and PRP_REU. The Netherlands has the same figure for "
        "RCY_REU in 2018 as in 2017 (139 367 t); that is how it stands at Eurostat.",
    ),
    Table(
        "env_waspac",
        (
            # The workbook was last updated on 8 February 2021 at 11:01; the service stamps that as 11:00.
            Copy(
                "env_waspac/env_waspac_combined.parquet",
                PMAYD[0],
                "data/env_waspac_combined.parquet",
                PMAYD[1],
                read_long_form,
                "2021-02-08",
                "08/02/21 11:00:00",
            ),
            _dashboard("env_waspac", "estat_env_waspac.csv", "2024-10-23"),
            _dashboard("env_waspac", "packaging waste generated.csv", "2025-02-27"),
        ),
        False,
        "Drie uitgaven: de volledige tabel van 8-2-2021 (2009-2018, uitgevoerd zonder vlaggen; "
        "Nederland tot en met 2017) en, alleen voor cellen die daar ontbreken, kunststof gerecycled "
        "(23-10-2024, 2001-2022) en kunststof ontstaan (27-2-2025, 2010-2022), die hun vlaggen wel "
        "hebben. LAST UPDATE zegt per rij welke. Percentages uit deze uitgaven samen horen niet bij "
        "één publicatie.",
        "Three releases: the whole table of 8-2-2021 (2009-2018, exported without flags; the "
        "Netherlands up to 2017) and, only for cells that it lacks, plastic recycled (23-10-2024, "
        "2001-2022) and plastic generated (27-2-2025, 2010-2022), which do keep their flags. LAST "
        "UPDATE says which for each row. Rates from these releases together do not belong to one "
        "publication.",
    ),
    Table(
        "env_waspacr",
        (_dashboard("env_waspacr", "estat_env_waspacr_allcountries.csv", "2025-02-27"),),
        True,
        "Alleen kunststof, 2010-2022.",
        "Plastic only, 2010-2022.",
    ),
)


def select_observations(table: Table, dimensions: tuple[str, ...], parts: list[pd.DataFrame]) -> pd.DataFrame:
    """The rows that are embedded, from the copies in order of precedence.

    In: text columns `dimensions` + OBSERVED per copy. Out: the same columns, sorted by the dimensions and
    the year. A cell that an earlier copy has is never overwritten by a later one; cells without value and
    without flag are left out, as the live service leaves them out; a missing value with a flag stays.
    Raises EmbedError when one copy has a cell twice.
    """
    key = [*dimensions, "TIME_PERIOD"]
    kept = []
    for copy, part in zip(table.copies, parts, strict=True):
        chosen = part["geo"].isin(GEOS) & ((part["OBS_VALUE"] != "") | (part["OBS_FLAG"] != ""))
        for dimension, code in table.only:
            chosen &= part[dimension] == code
        rows = part[chosen]
        twice = rows[rows.duplicated(key)]
        if not twice.empty:
            raise EmbedError(f"{copy.path}: cell {' '.join(twice.iloc[0][key])} occurs twice")
        kept.append(rows)
    rows = pd.concat(kept, ignore_index=True).drop_duplicates(key, keep="first")
    return rows.sort_values(key, ignore_index=True)


def sdmx_csv(code: str, dimensions: tuple[str, ...], rows: pd.DataFrame) -> bytes:
    """The body as the live service answers: a header of codes and one observation a line, UTF-8 with LF."""
    body = rows.assign(DATAFLOW=f"ESTAT:{code.upper()}(1.0)", CONF_STATUS="")
    columns = ["DATAFLOW", "LAST UPDATE", *dimensions, "TIME_PERIOD", "OBS_VALUE", "OBS_FLAG", "CONF_STATUS"]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(body[columns].itertuples(index=False, name=None))
    return text.getvalue().encode("utf-8")


def write_embedded_edition(shared_data: Path, destination: Path, retrieved_at: str) -> list[EmbeddedTable]:
    """Writes `eurostat/<code>.csv` and `.record.json` below `destination`, one pair a table of TABLES.

    `shared_data` is the folder that holds the copies (`eurostat/<code>/...`); `retrieved_at` the moment to
    record, as `2026-11-21T00:00:00Z`. The same copies and moment give the same bytes. Raises
    FileNotFoundError, before anything is written, with the copies that are missing, and EmbedError when a
    copy is not laid out as expected.
    """
    copies = shared_data / "eurostat"
    missing = [copy.path for table in TABLES for copy in table.copies if not (copies / copy.path).is_file()]
    if missing:
        raise FileNotFoundError(f"the embedded edition needs these copies below {copies.name}/: {', '.join(missing)}")
    folder = destination / "eurostat"
    folder.mkdir(parents=True, exist_ok=True)
    return [_write_table(table, copies, folder, retrieved_at) for table in TABLES]


def _write_table(table: Table, copies: Path, folder: Path, retrieved_at: str) -> EmbeddedTable:
    """Reads the copies of one table, writes its body and its record."""
    contract = source_contract(table.code)
    dimensions = tuple(str(name) for name in contract.get("dimensions"))
    parts = []
    for copy in table.copies:
        part = copy.read(copies / copy.path, dimensions)
        parts.append(part.assign(**{"LAST UPDATE": copy.last_update}) if copy.last_update else part)
    rows = select_observations(table, dimensions, parts)
    body = sdmx_csv(table.code, dimensions, rows)
    (folder / f"{table.code}.csv").write_bytes(body)
    details: dict[str, object] = {
        "url": DATA_ADDRESS.format(code=table.code.upper()),
        "edition": _one_or_list([copy.edition for copy in table.copies]),
        "retrieved_at": retrieved_at,
        "retrieved_from": "; ".join(
            f"github.com/{c.repository} @ {c.commit}: {c.repository_path}" for c in table.copies
        ),
        "copy_sha256": _one_or_list([hashlib.sha256((copies / c.path).read_bytes()).hexdigest() for c in table.copies]),
        "flags_kept": table.flags_kept,
        "geos": sorted(set(rows["geo"])),
        "note_nl": table.note_nl,
        "note_en": table.note_en,
    }
    return _write_record(contract, folder / f"{table.code}.csv", body, len(rows), details)


def write_curated_records(destination: Path, retrieved_at: str) -> list[EmbeddedTable]:
    """Writes `curated/<name>.record.json` beside each hand-kept `curated/<name>.csv` below `destination`.

    The tables themselves are not touched: they are edited by hand, and this brings size, checksum and row
    count up to date.
    """
    written = []
    for path in sorted((destination / "curated").glob("*.csv")):
        body = path.read_bytes()
        figures = pd.read_csv(io.BytesIO(body), dtype=str, keep_default_na=False)
        details: dict[str, object] = {
            "url": None,
            "edition": None,
            "retrieved_at": retrieved_at,
            "retrieved_from": "transcribed from the publications that the column citation names",
            "copy_sha256": None,
            "flags_kept": True,
            "geos": sorted(set(figures["geo"])),
            "note_nl": "Met de hand overgenomen, vooral uit secundaire bronnen; transcriber_note zegt "
            "waar een cijfer botst met een ander. Een vlag is hier toegekend bij het overnemen: e waar "
            "de bron een model of benadering noemt, u waar het cijfer niet is na te rekenen.",
            "note_en": "Transcribed by hand, mostly from secondary sources; transcriber_note says where "
            "a figure conflicts with another. A flag is set here while transcribing: e where the source "
            "names a model or an approximation, u where the figure does not reproduce.",
        }
        written.append(_write_record(source_contract(path.stem), path, body, len(figures), details))
    return written


def _write_record(contract: Contract, path: Path, body: bytes, rows: int, details: dict[str, object]) -> EmbeddedTable:
    """Writes the record beside `path`: what the table is, where it came from, its terms and its checksum."""
    digest = hashlib.sha256(body).hexdigest()
    record: dict[str, object] = {
        "source": contract.table,
        "title_nl": contract.title_nl,
        "title_en": contract.title_en,
        "publisher": contract.get("publisher"),
        **details,
        "licence": {
            "name": _licence_name(contract),
            "title": contract.get("licence"),
            "path": contract.get("licencePath"),
        },
        "attribution": contract.get("attribution"),
        "sha256": digest,
        "bytes": len(body),
        "rows": rows,
    }
    text = json.dumps(record, ensure_ascii=False, indent=2) + "\n"
    path.with_suffix(".record.json").write_bytes(text.encode("utf-8"))
    return EmbeddedTable(contract.table, rows, path, digest)


def _licence_name(contract: Contract) -> str:
    """Short name of the licence, in the letters that a data package allows."""
    return "eurostat-reuse" if contract.get("sourceKind") == "eurostat" else "public-facts"


def _one_or_list(values: list[str | None]) -> object:
    """The only value, or the list of them when there are several."""
    return values[0] if len(values) == 1 else list(values)

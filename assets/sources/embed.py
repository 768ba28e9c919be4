"""Writes the embedded edition: real figures that a fresh checkout can build from without a network.

Here: one writer a publisher, which puts the copies in the layout of the live service (SDMX-CSV 1.0 with codes for
Eurostat, OData v3 in JSON for CBS; a plain CSV for research, which has no service), with a record beside each table.
Not here: reading what was written (the same parsers read live and embedded bytes), fetching, and any choice about what
a figure means.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from assets.sources.copies import CbsTable, EmbedError, ResearchTable, Table, read_statline
from assets.sources.eurostat import GEOS
from assets.sources.found_copies import CBS_REPOSITORY, CBS_TABLES, RESEARCH_TABLES, TABLES
from contracts.contract import Contract, source_contract

DATA_ADDRESS = "https://ec.europa.eu/eurostat/api/dissemination/sdmx/2.1/data/{code}?format=SDMX-CSV"
STATLINE_ADDRESS = "https://opendata.cbs.nl/ODataApi/odata"


@dataclass(frozen=True)
class EmbeddedTable:
    """One table of the embedded edition as it was written."""

    source: str
    rows: int
    path: Path
    sha256: str


def select_observations(table: Table, dimensions: tuple[str, ...], parts: list[pd.DataFrame]) -> pd.DataFrame:
    """The rows that are embedded, from the copies in order of precedence.

    In: text columns `dimensions` + OBSERVED per copy. Out: the same columns, sorted by the dimensions and
    the year. A cell that an earlier copy has is never overwritten by a later one; cells without value,
    flag and confidentiality status are left out, as the live service leaves them out; a missing value whose flag or
    status says why stays.
    Raises EmbedError when one copy has a cell twice.
    """
    key = [*dimensions, "TIME_PERIOD"]
    kept = []
    for copy, part in zip(table.copies, parts, strict=True):
        chosen = part["geo"].isin(GEOS) & (part[["OBS_VALUE", "OBS_FLAG", "CONF_STATUS"]] != "").any(axis=1)
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
    body = rows.assign(DATAFLOW=f"ESTAT:{code.upper()}(1.0)")
    columns = ["DATAFLOW", "LAST UPDATE", *dimensions, "TIME_PERIOD", "OBS_VALUE", "OBS_FLAG", "CONF_STATUS"]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(body[columns].itertuples(index=False, name=None))
    return text.getvalue().encode("utf-8")


def odata_v3(code: str, rows: list[dict[str, object]]) -> bytes:
    """The body as the live service answers: `odata.metadata` and `value`, UTF-8, one row a line."""
    metadata = json.dumps(f"{STATLINE_ADDRESS}/{code}/$metadata#Cbs.OData.WebAPI.TypedDataSet")
    lines = ",\n".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) for row in rows)
    return f'{{"odata.metadata":{metadata},"value":[\n{lines}\n]}}\n'.encode()


def write_embedded_edition(shared_data: Path, destination: Path, retrieved_at: str) -> list[EmbeddedTable]:
    """Writes `eurostat/<code>.csv`, `cbs/<code>.json` and `research/<code>.csv` with their `.record.json` below
    `destination`, one pair a table of TABLES, CBS_TABLES and RESEARCH_TABLES.

    `shared_data` is the folder that holds the copies (`eurostat/<code>/...`, `nl/cbs_<code>/...`); `retrieved_at` the
    moment to record, as `2026-11-21T00:00:00Z`. The same copies and moment give the same bytes. Raises
    FileNotFoundError, before anything is written, with the copies that are missing, and EmbedError when a copy is not
    laid out as expected.
    """
    needed = [f"eurostat/{copy.path}" for table in TABLES for copy in table.copies]
    needed += [f"nl/{table.path}" for table in CBS_TABLES]
    needed += [f"eurostat/{table.path}" for table in RESEARCH_TABLES]
    missing = [path for path in needed if not (shared_data / path).is_file()]
    if missing:
        raise FileNotFoundError(f"the embedded edition needs these copies: {', '.join(missing)}")
    for kind in ("eurostat", "cbs", "research"):
        (destination / kind).mkdir(parents=True, exist_ok=True)
    written = [
        _write_table(table, shared_data / "eurostat", destination / "eurostat", retrieved_at) for table in TABLES
    ]
    written += [_write_cbs_table(table, shared_data / "nl", destination / "cbs", retrieved_at) for table in CBS_TABLES]
    return written + [
        _write_research_table(table, shared_data / "eurostat", destination / "research", retrieved_at)
        for table in RESEARCH_TABLES
    ]


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
        "edition": _one_or_list(list(dict.fromkeys(copy.edition for copy in table.copies))),
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


def _write_cbs_table(table: CbsTable, copies: Path, folder: Path, retrieved_at: str) -> EmbeddedTable:
    """Reads the copy of one CBS table, keeps what the contract asks for, writes its body and its record."""
    contract = source_contract(table.code)
    path = copies / table.path
    selection: dict[str, list[str]] = contract.get("selection") or {}
    saved = read_statline(path)
    absent = [name for name in (*selection, *table.topics) if name not in saved[0]]
    if absent:
        raise EmbedError(f"{path.name}: column {', '.join(absent)} is missing; found {', '.join(saved[0])}")
    rows = [row for row in saved if all(str(row[name]).strip() in codes for name, codes in selection.items())]
    if table.topics:
        rows = [{name: row[name] for name in ("ID", "Perioden", *table.topics)} for row in rows]
    body = odata_v3(table.code, rows)
    (folder / f"{table.code}.json").write_bytes(body)
    details: dict[str, object] = {
        "url": f"{STATLINE_ADDRESS}/{table.code}/TypedDataSet",
        "edition": table.edition,
        "retrieved_at": retrieved_at,
        "retrieved_from": f"github.com/{CBS_REPOSITORY[0]} @ {CBS_REPOSITORY[1]}: {table.repository_path}",
        "copy_sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "flags_kept": False,
        "geos": ["NL"],
        "note_nl": table.note_nl,
        "note_en": table.note_en,
    }
    return _write_record(contract, folder / f"{table.code}.json", body, len(rows), details)


def _write_research_table(table: ResearchTable, copies: Path, folder: Path, retrieved_at: str) -> EmbeddedTable:
    """Reads the copy of one research table, keeps the contract's columns and the chosen rows, writes both files."""
    contract = source_contract(table.code)
    path = copies / table.path
    with path.open(encoding="utf-8", newline="") as handle:
        saved = list(csv.DictReader(handle))
    columns = list(contract.column_names)
    absent = [name for name in (*columns, *(name for name, _ in table.only)) if not saved or name not in saved[0]]
    if absent:
        raise EmbedError(
            f"{path.name}: column {', '.join(absent)} is missing; found {', '.join(saved[0] if saved else [])}"
        )
    rows = [row for row in saved if all(row[name] in values for name, values in table.only)]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([row[name] for name in columns] for row in rows)
    body = text.getvalue().encode("utf-8")
    (folder / f"{table.code}.csv").write_bytes(body)
    details: dict[str, object] = {
        "url": None,
        "edition": table.edition,
        "retrieved_at": retrieved_at,
        "retrieved_from": f"github.com/{table.repository} @ {table.commit}: {table.repository_path}",
        "copy_sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "flags_kept": False,
        "geos": ["NL"],
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
            "de bron een model of benadering noemt, u waar het cijfer niet is na te rekenen of het jaar is "
            "afgeleid.",
            "note_en": "Transcribed by hand, mostly from secondary sources; transcriber_note says where "
            "a figure conflicts with another. A flag is set here while transcribing: e where the source "
            "names a model or an approximation, u where the figure does not reproduce or its year is inferred.",
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
    names = {"eurostat": "eurostat-reuse", "cbs": "CC-BY-4.0", "research": str(contract.get("licence"))}
    return names.get(str(contract.get("sourceKind")), "public-facts")


def _one_or_list(values: list[str | None]) -> object:
    """The only value, or the list of them when there are several."""
    return values[0] if len(values) == 1 else list(values)

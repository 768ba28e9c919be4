"""A small package for tests of releases: two tables and a code list, and how to build and publish it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from contracts.contract import Column, Contract, Product
from publish.promotion import ReleaseOutcome, promote
from publish.release import Candidate, build_candidate

NIGHT = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
NEXT_NIGHT = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)


def column(name: str, kind: str = "string", key: int | None = None, **given: Any) -> Column:
    values: dict[str, Any] = {f.name: None for f in fields(Column)}
    values |= {
        "name": name,
        "logical_type": kind,
        "key_position": key,
        "required": key is not None,
        "unique": False,
    }
    values |= {
        "concept": name,
        "title_nl": name,
        "title_en": name,
        "description_nl": name,
        "description_en": name,
    }
    return Column(**{**values, "provenance": False, **given})


def contract(table: str, *columns: Column) -> Contract:
    return Contract(
        f"packaging.{table}",
        table,
        "1.0.0",
        Path("packaging.odcs.yaml"),
        "Titel",
        "Title",
        "Uitleg.",
        "Text.",
        "Eén rij is één cijfer.",
        "One row is one figure.",
        columns,
        (),
    )


INDICATORS = contract(
    "amounts",
    column("indicator", key=1),
    column("year", "integer", key=2),
    column("value", "number"),
    column("unit", code_list="unit", allowed=("percent", "t"), required=True),
    column("obs_status"),
    column("flags"),
    column("vintage", provenance=True),
)
SOURCES = contract(
    "sources",
    column("source", key=1),
    column("vintage", key=2),
    column("title_nl"),
    column("title_en"),
    column("edition"),
    column("retrieved_at", "timestamp"),
    column("licence"),
    column("origin_of_bytes"),
    column("homepage"),
)
PACKAGING = Product(
    id="packaging",
    chain_table="packaging",
    version="1.0.0",
    path=Path("packaging.odcs.yaml"),
    title_nl="Verpakkingen",
    title_en="Packaging",
    description_nl="Cijfers over verpakkingen.",
    description_en="Figures on packaging.",
    tables=(INDICATORS, SOURCES),
    code_lists=("unit",),
    properties=(
        ("licence", "CC-BY-4.0"),
        ("publisher", "Ketentafels"),
        ("keywords", ["verpakkingen"]),
        ("readFirstNl", ["Vanaf 2020 geldt een ander meetpunt."]),
        ("readFirstEn", ["From 2020 another calculation point holds."]),
        (
            "revisionPolicy",
            {"finalFigures": "routine", "vanishedRows": "routine", "reasonNl": "Proef.", "reasonEn": "Trial."},
        ),
    ),
)

# env_waspac, Netherlands: recycling rate 2017, 100 * 2452000 / 3138000
RATE_2017 = {
    "indicator": "pack_recycling_rate",
    "year": 2017,
    "value": 78.1389420012747,
    "unit": "percent",
    "obs_status": "A",
    "flags": "",
    "vintage": "aaaa",
}
TONNES_2017 = {**RATE_2017, "indicator": "pack_waste_generated_t", "value": 3138000.0, "unit": "t"}
ENV_WASPAC = {
    "source": "env_waspac",
    "vintage": "aaaa",
    "title_nl": "Verpakkingsafval",
    "title_en": "Packaging waste",
    "edition": "2021-02-08",
    "retrieved_at": datetime(2026, 11, 21, tzinfo=UTC),
    "licence": "CC BY 4.0",
    "origin_of_bytes": "embedded_edition",
    "homepage": "https://ec.europa.eu/eurostat",
}
UNITS = [
    {"code": "t", "label_nl": "ton", "label_en": "tonne"},
    {"code": "percent", "label_nl": "procent", "label_en": "percent"},
]


def tables(*rows: Mapping[str, Any], sources: Mapping[str, Any] = ENV_WASPAC) -> dict[str, pa.Table]:
    return {
        "amounts": pa.Table.from_pylist(list(rows or (RATE_2017, TONNES_2017))),
        "sources": pa.Table.from_pylist([sources]),
    }


def build(
    home: Path, *rows: Mapping[str, Any], at: datetime = NIGHT, product: Product = PACKAGING, **other: Any
) -> Candidate:
    content = tables(*rows, **other)
    return build_candidate(product, content, published=home / "published", staging=home / "staging", released_at=at)


def publish(home: Path, *rows: Mapping[str, Any], **other: Any) -> ReleaseOutcome:
    return promote(build(home, *rows, **other), home / "published")


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }


def listing(folder: Path) -> dict[str, tuple[int, int]]:
    """Every entry with the moment of its last change and inode: writing the same bytes again shows."""
    return {
        str(path.relative_to(folder)): (path.lstat().st_mtime_ns, path.lstat().st_ino)
        for path in [folder, *sorted(folder.rglob("*"))]
    }

"""A package says which of its figures come from deliveries: in README, descriptor and site, and only where some do.

Here: the sentence and the words of a delivered figure. Not here: which are delivered (`test_chain_delivered.py`).
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

from contracts.contract import Product, product
from publish.from_deliveries import delivered_sentence, read_first
from publish.numbers_and_dates import Language
from publish.release import build_candidate
from publish.site.codes import Codes
from publish.site.words import Words
from tests.release_example import ENV_WASPAC, NIGHT, PACKAGING, SOURCES, column, contract

AMOUNTS = contract("observations", column("measure", key=1), column("year", "integer", key=2), column("source"))
WITH_OBSERVATIONS = replace(PACKAGING, tables=(AMOUNTS, SOURCES))
BOTH: tuple[Language, ...] = ("nl", "en")
DUTCH = (
    "Uit aanleveringen volgt 1 van de 2 waarnemingen; in de kolom source staat dan delivered_packaging. "
    "Wat een deelnemer zou verraden, is leeg en heet vertrouwelijk."
)
ENGLISH = (
    "From deliveries follows 1 of the 2 observations; the column source then holds delivered_packaging. "
    "What would give a participant away is empty and called confidential."
)


def figures(*sources: str) -> pa.Table:
    return pa.table({"source": pa.array(sources, pa.string())})


def built(folder: Path, source: str, package: Product = WITH_OBSERVATIONS) -> Path:
    rows = [
        {"measure": "recycled", "year": year, "source": name} for year, name in ((2024, "env_waspac"), (2025, source))
    ]
    sources = [ENV_WASPAC | {"source": name} for name in sorted({"env_waspac", source})]
    tables = {"observations": pa.Table.from_pylist(rows), "sources": pa.Table.from_pylist(sources)}
    made = build_candidate(
        package, tables, published=folder / "published", staging=folder / "staging", released_at=NIGHT
    )
    return made.folder


@pytest.mark.parametrize(
    ("tables", "dutch", "english"),
    [
        ({"observations": figures("env_waspac", "packaging_nl"), "indicators": figures("cei_wm020")}, "", ""),
        ({"targets": figures("delivered_packaging")}, "", ""),
        # a source whose name only holds the word is no delivery
        ({"observations": figures("not_delivered_x", "undelivered_x")}, "", ""),
        (
            {
                "observations": figures("textile_nl", *["delivered_textile"] * 12, *["84970NED"] * 1_187),
                "indicators": figures("delivered_textile+textile_nl", "demo_gind+delivered_textile", "textile_nl"),
            },
            "Uit aanleveringen volgen 12 van de 1.200 waarnemingen en 2 van de 3 indicatorcijfers; in de kolom source "
            "staat dan delivered_textile. Wat een deelnemer zou verraden, is leeg en heet vertrouwelijk.",
            "From deliveries follow 12 of the 1,200 observations and 2 of the 3 indicator figures; the column source "
            "then holds delivered_textile. What would give a participant away is empty and called confidential.",
        ),
        ({"observations": figures("env_waspac", "delivered_packaging")}, DUTCH, ENGLISH),
    ],
)
def test_the_sentence_counts_what_rests_on_deliveries(tables: dict[str, pa.Table], dutch: str, english: str) -> None:
    assert (delivered_sentence(tables, "nl"), delivered_sentence(tables, "en")) == (dutch, english)


def test_the_sentence_stands_after_what_the_contract_says_first() -> None:
    package, tables = product("textile"), {"observations": figures("delivered_textile")}
    languages: tuple[tuple[Language, str], ...] = (("nl", "readFirstNl"), ("en", "readFirstEn"))
    for language, own in languages:
        assert read_first(package, {}, language) == list(package.get(own))
        assert read_first(package, tables, language) == [*package.get(own), delivered_sentence(tables, language)]


@pytest.mark.parametrize(
    ("name", "indicator", "missing", "left"),
    [
        ("craft-centres", "cac_items_sold", "is nog in geen bron gevonden", ""),
        ("furniture", "bulky_waste_kg_hab", "thrift shops, bulky household waste and", "thrift shops and the model"),
        ("construction-materials", "bma_chain_coverage", "rapportage van de dertien ketens", "(MPG) en het aandeel"),
    ],
)
def test_what_is_said_to_be_missing_is_said_no_longer_once_it_was_delivered(
    name: str, indicator: str, missing: str, left: str
) -> None:
    def texts(value: float | None) -> tuple[str, list[int]]:
        tables = {"indicators": pa.table({"indicator": [indicator], "value": pa.array([value], pa.float64())})}
        told = [read_first(product(name), tables, language) for language in BOTH]
        assert len(told[0]) == len(told[1])
        return " ".join([*told[0], *told[1]]), [len(part) for part in told]

    without, given = texts(None), texts(12.0)
    assert missing in without[0]
    assert missing not in given[0]
    assert not left or (left in given[0] and left not in without[0])
    assert sum(without[1]) - sum(given[1]) == (0 if left else 2)


def test_a_release_says_in_readme_and_descriptor_what_was_delivered(tmp_path: Path) -> None:
    folder = built(tmp_path, "delivered_packaging")
    readme = (folder / "README.md").read_text(encoding="utf-8")
    assert f"- {DUTCH}" in readme.split("---")[0].replace("\\_", "_")
    assert f"- {ENGLISH}" in readme.replace("\\_", "_")
    # site and workbook take what is read first from the descriptor
    descriptor = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))
    assert descriptor["upv:readFirstNl"] == ["Vanaf 2020 geldt een ander meetpunt.", DUTCH]
    assert descriptor["upv:readFirstEn"] == ["From 2020 another calculation point holds.", ENGLISH]


def test_a_release_without_deliveries_does_not_speak_of_them(tmp_path: Path) -> None:
    folder = built(tmp_path, "packaging_nl")
    for name in ("README.md", "datapackage.json"):
        text = (folder / name).read_text(encoding="utf-8").lower()
        assert "aanlevering" not in text, name
        assert "deliver" not in text, name


@pytest.mark.parametrize(
    ("language", "origin", "said"),
    [
        ("nl", "delivered", "Opgeteld uit aanleveringen (delivered_textile)."),
        ("nl", "computed", "Door ons berekend uit aanleveringen (delivered_textile)."),
        ("en", "delivered", "Added up of deliveries (delivered_textile)."),
        ("en", "computed", "Computed by us from deliveries (delivered_textile)."),
    ],
)
def test_a_figure_on_the_site_says_that_it_comes_from_deliveries(language: Language, origin: str, said: str) -> None:
    called = {"delivered_textile": "aanleveringen" if language == "nl" else "deliveries"}
    words = Words(Codes(), language, called)
    assert words.basis({"basis": origin, "basis_source": "delivered_textile"}) == said
    assert words.t("origin_delivered") == ("aangeleverd" if language == "nl" else "delivered")

"""The contracts that are there: valid by the official schema, readable, and described in Dutch and in English."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft201909Validator

from contracts.contract import (
    Contract,
    product,
    product_names,
    read_contract,
    read_product,
    source_contract,
    source_names,
)
from contracts.delivery_contract import FOLDER as DELIVERIES
from contracts.delivery_contract import delivery, delivery_names, read_delivery
from contracts.vocabulary import CODELISTS, CONTRACTS, load_codelist
from pipelines.check import contract_problems

FILES = sorted(CONTRACTS.rglob("*.odcs.yaml"))


def contracts_of_published_and_source_tables() -> list[Contract]:
    found = [source_contract(name) for name in source_names()]
    found += [read_contract(path) for path in FILES if path.parent == CONTRACTS / "products" / "shapes"]
    return found + [contract for name in product_names() for contract in product(name).tables]


def all_contracts() -> list[Contract]:
    return contracts_of_published_and_source_tables() + [delivery(name).contract for name in delivery_names()]


def identity(path: Path) -> str:
    """The id of a contract, as the reader that it is meant for reads it."""
    if path.parent.name == "products":
        return read_product(path).id
    return read_delivery(path).contract.id if path.parent == DELIVERIES else read_contract(path).id


@pytest.fixture(scope="module")
def official() -> Draft201909Validator:
    text = (files("open_data_contract_standard") / "schema.json").read_text(encoding="utf-8")
    return Draft201909Validator(json.loads(text))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name.removesuffix(".odcs.yaml"))
def test_every_contract_is_valid_by_the_official_schema_and_is_read(path: Path, official: Draft201909Validator) -> None:
    content = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    assert [error.message for error in official.iter_errors(content)] == []
    # a shape of deliveries lacks its categories until a delivery names them: it is read with each of them
    assert path.parent == DELIVERIES / "shapes" or identity(path) == content["id"]


def test_the_official_schema_refuses_what_is_no_contract(official: Draft201909Validator) -> None:
    assert list(official.iter_errors({"kind": "DataContract"}))


def test_check_finds_no_problem() -> None:
    assert contract_problems() == []


def test_contracts_stand_for_every_source_table_and_product_of_the_issue() -> None:
    eurostat = {
        "env_waspac",
        "env_waspacr",
        "cei_wm020",
        "cei_pc040",
        "cei_pc050",
        "env_waselee",
        "cei_wm060",
        "demo_gind",
    }
    assert set(source_names()) >= eurostat | {"packaging_nl", "electronics_nl"}
    assert set(product_names()) >= {"packaging", "electronics", "targets"}


def test_every_text_of_a_contract_exists_in_dutch_and_english() -> None:
    for contract in all_contracts():
        for text in ("title", "description", "granularity"):
            for language in ("nl", "en"):
                assert getattr(contract, f"{text}_{language}").strip(), (contract.id, text, language)
        assert contract.title_nl != contract.description_nl
        for column in contract.columns:
            texts = (column.title_nl, column.title_en, column.description_nl, column.description_en)
            assert all(text.strip() for text in texts), (contract.id, column.name)
    for name in product_names():
        made = product(name)
        assert all((made.title_nl, made.title_en, made.description_nl, made.description_en)), name
        assert len(made.get("readFirstNl", ())) == len(made.get("readFirstEn", ())), name


def test_every_column_has_a_concept_of_the_list() -> None:
    concepts = set(load_codelist("concept").values())
    tables = contracts_of_published_and_source_tables()
    strange = {(c.id, column.name) for c in tables for column in c.columns if column.concept not in concepts}
    assert strange == set()


def test_every_code_list_that_a_package_promises_exists_and_is_labelled() -> None:
    for name in product_names():
        made = product(name)
        used = {column.code_list for contract in made.tables for column in contract.columns if column.code_list}
        assert used <= set(made.code_lists), name
        for code_list in made.code_lists:
            assert all(code.label_nl and code.label_en for code in load_codelist(code_list).codes)
    assert {path.stem for path in CODELISTS.glob("*.csv")} >= {"unit", "obs_status", "geo"}


def test_every_unit_of_a_column_is_from_the_closed_list() -> None:
    units = set(load_codelist("unit").values())
    assert {column.unit for c in all_contracts() for column in c.columns if column.unit} <= units


def test_every_source_says_under_which_licence_it_may_be_used() -> None:
    for name in source_names():
        contract = source_contract(name)
        absent = [word for word in ("publisher", "licence", "attribution", "sourceKind") if not contract.get(word)]
        assert absent == [], name


def test_rule_keys_are_unique_within_a_table_and_begin_with_its_name() -> None:
    for contract in all_contracts():
        keys = [rule.key for rule in contract.rules]
        assert len(keys) == len(set(keys)), contract.id
        assert all(key.startswith(f"{contract.table}__") for key in keys), contract.id

"""How fresh a table must be, as its contract says: read from slaProperties, refused with its line, watched."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from assets.night_asset import freshness
from assets.stewards_view import level_words
from contracts.contract import ContractError, product, product_names, read_contract
from contracts.service_level import NIGHTLY, ServiceLevel
from tests.contract_examples import column, example_text, key

GOOD = example_text(key() + column("c", "string"))


def level(name: str, value: str, unit: str) -> str:
    return f"- {{property: {name}, value: {value}, unit: {unit}}}\n"


def contract_with(tmp_path: Path, lines: str) -> Path:
    path = tmp_path / "example.odcs.yaml"
    promised = f"slaProperties:\n{lines}" if lines else ""
    path.write_text(GOOD.replace("status: active\n", f"status: active\n{promised}", 1), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("", NIGHTLY),
        (level("latency", "2", "d"), ServiceLevel(24, 48)),
        (level("frequency", "1", "w") + level("latency", "10", "days"), ServiceLevel(168, 240)),
        (level("frequency", "6", "h") + level("latency", "8.5", "hours"), ServiceLevel(6, 8.5)),
    ],
    ids=["none", "latency alone", "every week", "four times a day"],
)
def test_a_service_level_is_read_from_the_contract(tmp_path: Path, lines: str, expected: ServiceLevel) -> None:
    assert read_contract(contract_with(tmp_path, lines)).service_level == expected


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (level("latencie", "2", "d"), "'latencie' is not read; expected frequency or latency"),
        (level("latency", "soon", "d"), "latency is 'soon', expected a number above 0"),
        (level("latency", "-1", "d"), "latency is -1, expected a number above 0"),
        (level("latency", "true", "d"), "latency is True, expected a number above 0"),
        (level("latency", "2", "moon"), "unit of latency is 'moon', expected h, d or w"),
        ("- {property: latency, value: 2}\n", "unit of latency is None, expected h, d or w"),
        (level("latency", "26", "h"), "latency is 26 hours; expected more than frequency and 2 hours, 26 together"),
        (level("latency", "2", "d") + level("latency", "3", "d"), "latency is given twice"),
    ],
)
def test_a_mistake_in_a_service_level_is_named_with_its_line(tmp_path: Path, lines: str, said: str) -> None:
    with pytest.raises(ContractError, match=r"^example\.odcs\.yaml:\d+: slaProperties: ") as error:
        read_contract(contract_with(tmp_path, lines))
    assert said in str(error.value)


def test_every_package_promises_to_be_made_each_night_and_its_tables_promise_the_same() -> None:
    for name in product_names():
        assert product(name).service_level == ServiceLevel(24, 36), name
        assert {table.service_level for table in product(name).tables} == {ServiceLevel(24, 36)}, name


def test_dagster_warns_when_a_making_is_late_and_fails_when_the_promise_is_broken() -> None:
    policy = freshness(ServiceLevel(24, 36))
    assert policy.warn_window.to_timedelta() == timedelta(hours=26)
    assert policy.fail_window.to_timedelta() == timedelta(hours=36)
    assert level_words(ServiceLevel(24, 36)) == "elke dag gemaakt; te oud na 36 uur"
    assert level_words(ServiceLevel(168, 240)) == "elke 7 dagen gemaakt; te oud na 10 dagen"

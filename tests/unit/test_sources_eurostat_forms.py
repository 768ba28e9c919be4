"""Eurostat's other forms: SDMX-CSV 2.0, JSON-stat, flags old and new, a table in parts; all with the same columns."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from assets.sources.bundle import bundle
from assets.sources.embedded_edition import embedded_copy
from assets.sources.eurostat import SourceUnreadable, data_url, format_of, parse_sdmx_csv
from assets.sources.eurostat_json_stat import parse_eurostat
from assets.sources.eurostat_parts import Part, bundled
from contracts.contract import Contract, source_contract

BASE = "https://ec.europa.eu/eurostat/api/dissemination"
CEI_WM060 = source_contract("cei_wm060")
COLUMNS = ["DATAFLOW", "LAST UPDATE", "freq", "unit", "geo", "TIME_PERIOD", "OBS_VALUE", "OBS_FLAG", "CONF_STATUS"]


def asking(form: str, contract: Contract = CEI_WM060) -> Contract:
    """The contract as if it asked for another form."""
    return replace(contract, properties=(*contract.properties, ("format", form)))


def test_the_address_of_a_table_in_the_api_3() -> None:
    assert data_url(BASE, asking("sdmx-csv-3.0"), {"unit": ["PC", "T"]}) == (
        f"{BASE}/sdmx/3.0/data/dataflow/ESTAT/cei_wm060/1.0/*.*.*?c[freq]=A&c[unit]=PC,T&"
        "c[geo]=NL,EU27_2020,BE,DE,FR,DK,SE,IT&compress=false&format=csvdata&formatVersion=2.0"
    )


def test_the_address_of_a_table_in_the_statistics_api() -> None:
    assert data_url(BASE, asking("json-stat"), {"geo": ["NL", "BE"]}) == (
        f"{BASE}/statistics/1.0/data/cei_wm060?format=JSON&lang=EN&freq=A&geo=NL&geo=BE"
    )


def test_a_part_of_a_table_in_the_api_2_1() -> None:
    assert data_url(BASE, CEI_WM060, {"geo": ["NL"]}).endswith(
        "/sdmx/2.1/data/CEI_WM060/A..NL?format=SDMX-CSV&compressed=false"
    )


def test_a_form_that_we_do_not_read_is_refused_with_the_file_that_names_it() -> None:
    with pytest.raises(ValueError, match=r"cei_wm060\.odcs\.yaml: format is 'tsv'; expected sdmx-csv-2\.1, "):
        format_of(asking("tsv"))


V1 = "ESTAT:CEI_WM060(1.0),27/02/25 23:00:00,A,PC,NL,2022,78.1,p,"
V2 = "dataflow,ESTAT:CEI_WM060(1.0),A,PC,NL,2022,78.1,p,"
V2_HEADER = "STRUCTURE,STRUCTURE_ID,freq,unit,geo,TIME_PERIOD,OBS_VALUE,OBS_FLAG,CONF_STATUS"


def rows_of(body: str, contract: Contract = CEI_WM060) -> list[list[str]]:
    table = parse_eurostat(body.encode(), contract)
    assert table.column_names == COLUMNS
    assert {str(kind) for kind in table.schema.types} == {"string"}
    return [list(row.values()) for row in table.to_pylist()]


def test_sdmx_csv_2_reads_as_sdmx_csv_1_without_its_last_update() -> None:
    (one,) = rows_of(f"{','.join(COLUMNS)}\n{V1}\n")
    (two,) = rows_of(f"{V2_HEADER}\n{V2}\n")
    assert one == ["ESTAT:CEI_WM060(1.0)", "27/02/25 23:00:00", "A", "PC", "NL", "2022", "78.1", "p", ""]
    assert two == [one[0], "", *one[2:]]


def test_a_structure_that_is_no_dataflow_is_left_for_the_contract_to_refuse() -> None:
    table = parse_sdmx_csv(f"{V2_HEADER}\n{V2.replace('dataflow', 'provision')}\n".encode(), CEI_WM060)
    assert table.column_names[:2] == ["STRUCTURE", "STRUCTURE_ID"]


@pytest.mark.parametrize(
    ("row", "value", "flag", "conf"),
    [
        ("2022,78.1,b", "78.1", "b", ""),
        ("2022,78.1,ep", "78.1", "ep", ""),
        ("2022,,c", "", "c", ""),
        ("2022,78.1,", "78.1", "", ""),
    ],
)
def test_flags_of_before_27_january_2025_come_as_they_were(row: str, value: str, flag: str, conf: str) -> None:
    header = ",".join(COLUMNS[:-1])
    (found,) = rows_of(f"{header}\nESTAT:CEI_WM060(1.0),27/02/24 23:00:00,A,PC,NL,{row}\n")
    assert found[-3:] == [value, flag, conf]


@pytest.mark.parametrize(
    ("row", "value", "flag", "conf"),
    [("2022,,,C", "", "", "C"), ("2022,78.1,bep,F", "78.1", "bep", "F"), ("2022,78.1,p,", "78.1", "p", "")],
)
def test_flags_of_today_keep_confidentiality_apart(row: str, value: str, flag: str, conf: str) -> None:
    (found,) = rows_of(f"{','.join(COLUMNS)}\nESTAT:CEI_WM060(1.0),27/02/25 23:00:00,A,PC,NL,{row}\n")
    assert found[-3:] == [value, flag, conf]


def stat(**changed: Any) -> str:
    """Two countries and two years in JSON-stat, as the statistics API writes it."""
    whole: dict[str, Any] = {
        "version": "2.0", "class": "dataset", "source": "ESTAT", "updated": "2025-11-24T23:00:00+0100",
        "value": {"0": 78.10, "3": 1e2},
        "status": {"1": ":", "2": ": c", "3": "bp"},
        "id": ["freq", "unit", "geo", "time"],
        "size": [1, 1, 2, 2],
        "dimension": {
            "freq": {"category": {"index": {"A": 0}}},
            "unit": {"category": {"index": ["PC"]}},
            "geo": {"category": {"index": {"NL": 1, "BE": 0}}},
            "time": {"category": {"index": {"2021": 0, "2022": 1}}},
        },
        "extension": {"id": "CEI_WM060", "agencyId": "ESTAT", "version": "1.0"},
    }  # fmt: skip
    return json.dumps(whole | changed)


def test_json_stat_reads_as_sdmx_csv_and_numbers_stay_as_they_are_written() -> None:
    body = stat().replace("78.1", "78.10").replace("100.0", "1e2")
    stamp = ["ESTAT:CEI_WM060(1.0)", "24/11/25 23:00:00", "A", "PC"]
    assert rows_of(body, asking("json-stat")) == [
        [*stamp, "BE", "2021", "78.10", "", ""],
        # the cell that only says ":" holds no observation
        [*stamp, "NL", "2021", "", "c", ""],
        [*stamp, "NL", "2022", "1e2", "bp", ""],
    ]


def test_json_stat_with_values_in_a_list_reads_the_same() -> None:
    as_list = stat(value=[78.1, None, None, 100.0], status=[None, ":", ":c", "bp"])
    assert rows_of(as_list, asking("json-stat")) == rows_of(stat(), asking("json-stat"))


def test_the_embedded_edition_stays_readable_for_a_contract_that_asks_for_json_stat() -> None:
    body, _ = embedded_copy("cei_wm060")
    assert parse_eurostat(body, asking("json-stat")).equals(parse_sdmx_csv(body, CEI_WM060))


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("", "expected JSON-stat, found an empty body"),
        ("<html>", "expected JSON-stat, found a page that starts with '<html>'"),
        (stat()[:300], "expected whole JSON, found it broken or cut short at position"),
        ('{"a":' * 100_000, "expected JSON-stat, found it nested without end"),
        ('{"error": [{"label": "x"}]}', "expected JSON-stat of class dataset, found error"),
        ("[]", "expected JSON-stat of class dataset, found list"),
        (stat(id=["freq", "geo", "time"]), "expected the dimensions freq, unit, geo, time, found ['freq', 'geo'"),
        (stat(size=[1, 1, 3, 2]), "expected sizes and codes that agree, found geo has 2 codes, 3 announced"),
        (stat(size=[1, 1, 2]), "expected sizes and codes that agree"),
        (stat(dimension={}), "expected sizes and codes that agree, found 'freq'"),
        (stat(value={"4": 1}), "expected cells of value in a grid of 4, found '1' at '4'"),
        (stat(value={"-1": 1}), "expected cells of value in a grid of 4"),
        (stat(value={"0": [1]}), "expected cells of value in a grid of 4, found \"['1']\" at '0'"),
        (stat(updated="yesterday"), "expected `updated` as a moment, found 'yesterday'"),
    ],
    ids=lambda text: str(text)[:30],
)
def test_a_body_that_is_no_json_stat_is_refused_in_words(body: str, said: str) -> None:
    with pytest.raises(SourceUnreadable) as refused:
        parse_eurostat(body.encode(), asking("json-stat"))
    assert str(refused.value).startswith("table cei_wm060: ")
    assert said in str(refused.value)


# --- a table in parts ---

HEADER = ",".join(COLUMNS) + "\n"


def part(*geos: str, holds: str = "", header: str = HEADER) -> Part:
    """A part that was asked for some countries, and holds them or others."""
    lines = "".join(V1.replace(",NL,", f",{geo},") + "\n" for geo in (holds.split() or geos))
    return Part({"geo": list(geos)}, (header + lines).encode())


def test_parts_are_joined_in_their_order_and_every_row_counts() -> None:
    body = bundled([part("NL", "BE"), Part({"geo": ["DE"]}, None), part("FR")])
    assert [row[4] for row in rows_of_bytes(body)] == ["NL", "BE", "FR"]
    assert body == bundled([part("NL", "BE"), Part({"geo": ["DE"]}, None), part("FR")])


def rows_of_bytes(body: bytes) -> list[list[str]]:
    return [list(row.values()) for row in parse_eurostat(body, CEI_WM060).to_pylist()]


def without(body: bytes, name: str) -> bytes:
    """A bundle from which one part was taken out."""
    from assets.sources.bundle import parts_of

    return bundle([(found, content) for found, content in parts_of(body) or [] if found != name])


GOOD = bundled([part("NL"), part("BE")])


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (bundled([part("NL"), part("BE", holds="BE NL")]), "only the codes of geo that it was asked for, found NL"),
        (bundled([part("NL"), part("BE", header=HEADER.replace("unit", "units"))]), "the columns of the first part"),
        (without(GOOD, "part-002"), "expected the parts part-001, part-002, found part-001"),
        (without(GOOD, "query.json"), "expected query.json with what was asked"),
        (bundle([("query.json", b'{"asked": []}')]), "expected the parts none, found none"),
        (GOOD[:-40], "expected the parts of a table, found that a bundle is damaged"),
        (bundled([part("NL"), Part({"geo": ["BE"]}, b"")]), "expected SDMX-CSV with a header, found an empty body"),
        (bundled([part("NL"), Part({"geo": ["BE"]}, HEADER.encode() + b"a,b")]), "expected 9 fields on every line"),
    ],
)
def test_parts_that_do_not_fit_together_are_refused_in_words(body: bytes, said: str) -> None:
    with pytest.raises(SourceUnreadable) as refused:
        parse_eurostat(body, CEI_WM060)
    assert str(refused.value).startswith("table cei_wm060: ")
    assert said in str(refused.value)

"""Eurostat: the address of every table, what its SDMX-CSV reads as, and the words for a body that is none."""

from __future__ import annotations

import gzip

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.sources.embedded_edition import EMBEDDED, embedded_copy
from assets.sources.eurostat import SourceUnreadable, data_url, edition_dates, parse_sdmx_csv
from assets.sources.reading import parsed
from contracts.contract import source_contract, source_names

CEI_PC050 = source_contract("cei_pc050")
HEADER = "DATAFLOW,LAST UPDATE,freq,waste,wst_oper,unit,geo,TIME_PERIOD,OBS_VALUE,OBS_FLAG,CONF_STATUS"
ROW = "ESTAT:CEI_PC050(1.0),,A,W150102,GEN,KG_HAB,NL,2022,31.14,,"


@pytest.mark.parametrize(
    ("table", "key"),
    [
        # the order of the dimensions is that of Eurostat's data structure definition; an empty place is "all"
        ("cei_pc040", "CEI_PC040/A....NL+EU27_2020+BE+DE+FR+DK+SE+IT"),
        ("cei_pc050", "CEI_PC050/A....NL+EU27_2020+BE+DE+FR+DK+SE+IT"),
        ("cei_wm020", "CEI_WM020/A...NL+EU27_2020+BE+DE+FR+DK+SE+IT"),
        ("cei_wm060", "CEI_WM060/A..NL+EU27_2020+BE+DE+FR+DK+SE+IT"),
        ("demo_gind", "DEMO_GIND/A.AVG.NL+EU27_2020+BE+DE+FR+DK+SE+IT"),
        ("env_waselee", "ENV_WASELEE/A....NL+EU27_2020+BE+DE+FR+DK+SE+IT"),
        ("env_waspac", "ENV_WASPAC/A....NL+EU27_2020+BE+DE+FR+DK+SE+IT"),
        ("env_waspacr", "ENV_WASPACR/A...NL+EU27_2020+BE+DE+FR+DK+SE+IT"),
    ],
)
def test_the_address_of_a_table_asks_for_our_countries_and_its_own_key(table: str, key: str) -> None:
    address = data_url("https://ec.europa.eu/eurostat/api/dissemination/", source_contract(table))
    assert address == (
        f"https://ec.europa.eu/eurostat/api/dissemination/sdmx/2.1/data/{key}?format=SDMX-CSV&compressed=false"
    )


def test_every_eurostat_source_has_a_dimension_for_each_place_of_its_address() -> None:
    for name in source_names():
        contract = source_contract(name)
        if contract.get("sourceKind") == "eurostat":
            assert set(contract.get("dimensions")) <= set(contract.column_names), name


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "expected SDMX-CSV with a header, found an empty body"),
        (b" \r\n \n", "expected SDMX-CSV with a header, found an empty body"),
        (b"<!DOCTYPE html>\n<html>", "expected SDMX-CSV, found a page that starts with '<!DOCTYPE html> <html>'"),
        (b"\n <?xml version='1.0'?><error/>", "expected SDMX-CSV, found a page that starts with"),
        (b"a,b,c\n1,2,3\n", "expected a header with the column OBS_VALUE, found 'a,b,c'"),
        (b"geo,OBS_VALUE\nNL,\xff1\n", "expected UTF-8, found byte 0xff at position 17"),
        (b"geo,OBS_VALUE,geo\nNL,1,NL\n", "expected every column once, found geo twice in the header"),
        (f"{HEADER}\n{ROW}\n{ROW[:40]}".encode(), "expected 11 fields on every line, found a line cut short"),
        (f"{HEADER}\n{ROW},9\n".encode(), "expected 11 fields on every line, found a line cut short or too long"),
        (f'{HEADER}\n"{ROW}\n'.encode(), "expected 11 fields on every line"),
        (gzip.compress(f"{HEADER}\n{ROW}\n".encode())[:-9], "expected a whole gzip body, found a damaged or truncated"),
        (b"\x1f\x8bno gzip at all", "expected a whole gzip body, found a damaged or truncated one"),
    ],
)
def test_a_body_that_is_no_sdmx_csv_is_refused_with_table_expected_and_found(body: bytes, said: str) -> None:
    with pytest.raises(SourceUnreadable) as refused:
        parse_sdmx_csv(body, CEI_PC050)
    assert str(refused.value).startswith("table cei_pc050: ")
    assert said in str(refused.value)


@pytest.mark.parametrize(
    "body",
    [
        f"{HEADER}\n{ROW}\n".encode(),
        f"{HEADER}\n{ROW}".encode(),
        f"{HEADER}\r\n{ROW}\r\n".encode(),
        f"\ufeff{HEADER}\n{ROW}\n".encode(),
        gzip.compress(f"{HEADER}\n{ROW}\n".encode()),
    ],
    ids=["as it comes", "no last line end", "line ends of Windows", "byte order mark", "packed"],
)
def test_the_same_rows_read_the_same_however_they_are_wrapped(body: bytes) -> None:
    table = parse_sdmx_csv(body, CEI_PC050)
    assert table.column_names == HEADER.split(",")
    assert {str(kind) for kind in table.schema.types} == {"string"}
    assert table.to_pylist() == [dict(zip(HEADER.split(","), ROW.split(","), strict=True))]


# Anything that fits on one line of a CSV. The published tables hold codes, but a flag or a note may hold any text.
TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12) | st.sampled_from(
    ["NA", "null", "", '"', '""', ",", "1e5", "007", " ", "é", "NaN", "#N/A", "🏭"]
)
NAMES = st.lists(
    st.from_regex(r"[A-Za-z_][A-Za-z0-9_ ]{0,11}", fullmatch=True).filter(lambda name: "OBS_VALUE" not in name),
    min_size=1, max_size=5, unique=True,
)  # fmt: skip


def quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"'


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_whatever_text_stands_in_the_cells_comes_back_letter_by_letter(data: st.DataObject) -> None:
    names = [*data.draw(NAMES), "OBS_VALUE"]
    rows = data.draw(st.lists(st.lists(TEXT, min_size=len(names), max_size=len(names)), min_size=1, max_size=6))
    lines = [",".join(names)] + [",".join(map(quoted, row)) for row in rows]
    table = parse_sdmx_csv(("\n".join(lines) + "\n").encode(), CEI_PC050)
    assert table.column_names == names
    assert [list(row.values()) for row in table.to_pylist()] == rows


@settings(max_examples=60, deadline=None)
@given(cut=st.integers(min_value=len(HEADER) + 2, max_value=len(HEADER) + 4 * (len(ROW) + 1)))
def test_a_body_cut_anywhere_in_a_line_is_refused_or_lost_no_more_than_a_line_end(cut: int) -> None:
    body = (HEADER + "\n" + (ROW + "\n") * 5).encode()
    left = body[:cut]
    if left.endswith((b"\n", ROW.encode())):
        assert parse_sdmx_csv(left, CEI_PC050).num_rows == left.count(ROW.encode())
    else:
        with pytest.raises(SourceUnreadable, match="cut short"):
            parse_sdmx_csv(left, CEI_PC050)


CSV_SOURCES = [name for name in source_names() if source_contract(name).get("sourceKind") not in ("cbs", "comext")]


@pytest.mark.parametrize("name", CSV_SOURCES)
def test_one_parser_reads_every_embedded_table_row_for_row(name: str) -> None:
    body, record = embedded_copy(name, EMBEDDED)
    contract = source_contract(name)
    table = parsed(body, contract)
    assert table.column_names == list(contract.column_names)
    assert table.num_rows == body.count(b"\n") - 1
    assert record.origin == ("curated" if contract.get("sourceKind") == "curated" else "embedded_edition")


def test_the_last_update_of_a_cell_becomes_its_edition_and_silence_stays_silence() -> None:
    said = pd.Series(["27/02/25 23:00:00", "08/02/21 11:00:00", None, "", "2025-02-27"], dtype="str")
    found = edition_dates(said)
    assert found.iloc[:2].tolist() == ["2025-02-27", "2021-02-08"]
    assert found.iloc[2:].isna().all()

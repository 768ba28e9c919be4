"""The embedded edition: what is committed is what the copies say, in the layout of the live service.

Here: the files below assets/sources/embedded and the writer that made them.
Not here: what the parser makes of them.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
from pathlib import Path

import pandas as pd
import pytest

from assets.sources.copies import (
    OBSERVED,
    Copy,
    EmbedError,
    Table,
    plain_decimal,
    read_bulk_tsv,
    read_codes_and_labels,
    read_json_stat,
    read_labels,
    read_statline,
)
from assets.sources.embed import odata_v3, select_observations, write_curated_records, write_embedded_edition
from assets.sources.embedded_edition import LAYOUTS, embedded_copy
from assets.sources.eurostat import GEOS
from assets.sources.found_copies import CBS_TABLES, TABLES
from assets.sources.reading import parsed
from contracts.audit import audit
from contracts.contract import source_contract

ROOT = Path(__file__).parents[2]
EMBEDDED = ROOT / "assets" / "sources" / "embedded"
SHARED_DATA = ROOT.parent / "shared" / "data"
RETRIEVED_AT = "2026-11-21T00:00:00Z"
FILES = sorted(
    path.relative_to(EMBEDDED).as_posix()
    for kind, suffix in LAYOUTS.items()
    for path in (EMBEDDED / kind).glob(f"*{suffix}")
    if not path.name.endswith(".record.json")
)

needs_copies = pytest.mark.skipif(not SHARED_DATA.is_dir(), reason="the copies in ../shared/data are absent")


def rows_of(code: str) -> list[dict[str, str]]:
    """The rows of one embedded Eurostat table, as text."""
    with (EMBEDDED / "eurostat" / f"{code}.csv").open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


@needs_copies
def test_rewriting_the_edition_gives_the_committed_files_byte_for_byte(tmp_path: Path) -> None:
    written = write_embedded_edition(SHARED_DATA, tmp_path, RETRIEVED_AT)
    again = write_embedded_edition(SHARED_DATA, tmp_path, RETRIEVED_AT)
    assert written == again
    fresh = {
        path.name: path.read_bytes() for kind in ("eurostat", "cbs", "research") for path in (tmp_path / kind).iterdir()
    }
    committed = {
        path.name: path.read_bytes() for kind in ("eurostat", "cbs", "research") for path in (EMBEDDED / kind).iterdir()
    }
    assert fresh.keys() == committed.keys()
    assert [name for name in fresh if fresh[name] != committed[name]] == []


def test_rewriting_the_curated_records_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "curated").mkdir()
    for path in (EMBEDDED / "curated").glob("*.csv"):
        (tmp_path / "curated" / path.name).write_bytes(path.read_bytes())
    write_curated_records(tmp_path, RETRIEVED_AT)
    fresh = {path.name: path.read_bytes() for path in (tmp_path / "curated").iterdir()}
    committed = {path.name: path.read_bytes() for path in (EMBEDDED / "curated").iterdir()}
    assert fresh == committed


@pytest.mark.parametrize(
    ("code", "where", "value", "flag"),
    [
        # data/eurostat/INDEX.md, env_waspac: NL W1501 2017 GEN 3,138,000 and RCY 2,452,000
        (
            "env_waspac",
            {"waste": "W1501", "wst_oper": "GEN", "unit": "T", "TIME_PERIOD": "2017"},
            "3138000",
            "",
        ),
        (
            "env_waspac",
            {"waste": "W1501", "wst_oper": "RCY", "unit": "T", "TIME_PERIOD": "2017"},
            "2452000",
            "",
        ),
        # the partial copies: plastic generated 2022 and plastic recycled 2020 with its flags
        (
            "env_waspac",
            {"waste": "W150102", "wst_oper": "GEN", "unit": "T", "TIME_PERIOD": "2022"},
            "551256",
            "",
        ),
        (
            "env_waspac",
            {"waste": "W150102", "wst_oper": "RCY", "unit": "T", "TIME_PERIOD": "2020"},
            "272320",
            "be",
        ),
        # domain/indicators.md: cei_wm060 NL 81.6 (2017), 75.6 (2018)
        ("cei_wm060", {"TIME_PERIOD": "2017"}, "81.6", ""),
        ("cei_wm060", {"TIME_PERIOD": "2018"}, "75.6", ""),
        # domain/indicators.md 0.8: glass 77.1 `be` (2020), total 80.7 (2019)
        ("cei_wm020", {"waste": "W150107", "TIME_PERIOD": "2020"}, "77.1", "be"),
        ("cei_wm020", {"waste": "W1501", "TIME_PERIOD": "2019"}, "80.7", ""),
        # domain/indicators.md, packaging: 168.78 kg and 31.14 kg in 2022
        ("cei_pc040", {"TIME_PERIOD": "2022"}, "168.78", ""),
        ("cei_pc050", {"TIME_PERIOD": "2022"}, "31.14", ""),
        # data/eurostat/INDEX.md, demo_gind: NL AVG 2020 17,441,500
        ("demo_gind", {"TIME_PERIOD": "2020"}, "17441500", ""),
        # data/eurostat/INDEX.md, env_waselee: NL TOTAL 2018 COL 184,426; published AVG_3Y 48.9
        (
            "env_waselee",
            {"waste": "TOTAL", "wst_oper": "COL", "unit": "T", "TIME_PERIOD": "2018"},
            "184426",
            "",
        ),
        (
            "env_waselee",
            {"waste": "TOTAL", "wst_oper": "COL", "unit": "T", "TIME_PERIOD": "2015"},
            "145192",
            "d",
        ),
        (
            "env_waselee",
            {"waste": "TOTAL", "wst_oper": "COL", "unit": "AVG_3Y", "TIME_PERIOD": "2018"},
            "48.9",
            "",
        ),
        ("env_waspacr", {"TIME_PERIOD": "2020"}, "49.2", "be"),
        # data/eurostat/INDEX.md, env_wastrt: NL W121 2018 TRT 20,189,875 t, RCV_R_B 20,141,613 t
        (
            "env_wastrt",
            {"waste": "W121", "hazard": "HAZ_NHAZ", "wst_oper": "TRT", "TIME_PERIOD": "2018"},
            "20189875",
            "",
        ),
        (
            "env_wastrt",
            {"waste": "W121", "hazard": "HAZ_NHAZ", "wst_oper": "RCV_R_B", "TIME_PERIOD": "2018"},
            "20141613",
            "",
        ),
        # INDEX.md, env_wasmun: NL GEN 2019 8,806 kt
        ("env_wasmun", {"wst_oper": "GEN", "unit": "THS_T", "TIME_PERIOD": "2019"}, "8806", ""),
        # INDEX.md, env_wasgen: NL TOTAL_HH 2020 125,138,771 t; per capita 7,175 (2020) and 6,921 (2022)
        (
            "env_wasgen",
            {"unit": "T", "hazard": "HAZ_NHAZ", "nace_r2": "TOTAL_HH", "TIME_PERIOD": "2020"},
            "125138771",
            "",
        ),
        (
            "env_wasgen",
            {"unit": "KG_HAB", "hazard": "HAZ_NHAZ", "nace_r2": "TOTAL_HH", "TIME_PERIOD": "2022"},
            "6921",
            "",
        ),
        # INDEX.md, env_ac_mfa: NL DMC 2023 139,121 kt, 7.78 t per capita; indicators.md ch. 9, V4: 139,121.26
        ("env_ac_mfa", {"unit": "THS_T", "TIME_PERIOD": "2023"}, "139121.26", "e"),
        # INDEX.md, env_ac_rme: NL RMC 2023 7.87 t per capita, imputed; cei_pc020 of a year before: 6.02
        ("env_ac_rme", {"unit": "T_HAB", "TIME_PERIOD": "2023"}, "7.865", "i"),
        ("cei_pc020", {"TIME_PERIOD": "2023"}, "6.019", "i"),
        # indicators.md ch. 6, cmur: NL 2018 25.8 in the release of August 2025, 28.0 in that of November
        ("cei_srm030", {"TIME_PERIOD": "2018"}, "25.8", ""),
        ("cei_srm030", {"TIME_PERIOD": "2023"}, "30.6", "i"),
        ("env_ac_cur", {"TIME_PERIOD": "2018"}, "28", ""),
        ("env_ac_cur", {"TIME_PERIOD": "2023"}, "32", ""),
        # INDEX.md: resource productivity 185.18, waste per GDP 56, per capita 6,921, GHG 7631.59, imports 82.7 i
        ("cei_pc030", {"TIME_PERIOD": "2023"}, "185.183", "i"),
        ("cei_pc032", {"TIME_PERIOD": "2022"}, "56", ""),
        ("cei_pc034", {"TIME_PERIOD": "2022"}, "6921", ""),
        ("cei_gsr011", {"TIME_PERIOD": "2023"}, "7631.59071", "i"),
        ("cei_gsr030", {"TIME_PERIOD": "2023"}, "82.7", "i"),
        # INDEX.md: recycling 74 (2020) and 58.4 (2023); 110,564 FTE and 15,847 MEUR in 2023; GDP 826,666 in 2023
        ("cei_wm010", {"TIME_PERIOD": "2020"}, "74", ""),
        ("cei_wm011", {"TIME_PERIOD": "2023"}, "58.4", ""),
        ("cei_cie011", {"unit": "FTE", "TIME_PERIOD": "2023"}, "110564", ""),
        ("cei_cie012", {"indic_env": "GVA", "unit": "MIO_EUR", "TIME_PERIOD": "2023"}, "15847", ""),
        ("nama_10_gdp", {"TIME_PERIOD": "2023"}, "826666.1", ""),
        ("cei_gsr010", {"cons_fp": "SWS", "unit": "I10", "TIME_PERIOD": "2010"}, "100", ""),
    ],
)
def test_dutch_figures_and_their_flags_stand_as_published(
    code: str, where: dict[str, str], value: str, flag: str
) -> None:
    wanted = {"geo": "NL", **where}
    found = [row for row in rows_of(code) if all(row[name] == text for name, text in wanted.items())]
    assert [(row["OBS_VALUE"], row["OBS_FLAG"]) for row in found] == [(value, flag)]


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.code)
def test_a_table_has_the_layout_of_the_live_service(table: Table) -> None:
    rows = rows_of(table.code)
    names = list(rows[0])
    assert names[:3] == ["DATAFLOW", "LAST UPDATE", "freq"]
    assert names[-5:] == ["geo", "TIME_PERIOD", "OBS_VALUE", "OBS_FLAG", "CONF_STATUS"]
    assert {row["DATAFLOW"] for row in rows} == {f"ESTAT:{table.code.upper()}(1.0)"}
    assert {row["geo"] for row in rows} <= set(GEOS)
    assert [row for row in rows if not (row["OBS_VALUE"] or row["OBS_FLAG"] or row["CONF_STATUS"])] == []
    keys = [tuple(row[name] for name in names[2:-3]) for row in rows]
    assert keys == sorted(set(keys))


def test_a_missing_value_is_kept_only_when_a_flag_says_why() -> None:
    cells = [("NL", "2017", "", "c"), ("NL", "2018", "", "")]
    rows = select_observations(two_copies(), ("geo",), [frame_of(cells), frame_of([])])
    assert rows[["TIME_PERIOD", "OBS_VALUE", "OBS_FLAG"]].values.tolist() == [["2017", "", "c"]]


@pytest.mark.parametrize("code", ["cei_pc032", "cei_wm010"])
def test_a_confidential_cell_stays_in_the_edition_without_its_value(code: str) -> None:
    # each copy holds exactly one among our areas
    assert [row["OBS_VALUE"] for row in rows_of(code) if row["CONF_STATUS"] == "C"] == [""]


def test_the_release_of_each_packaging_row_is_stated() -> None:
    stamps = {row["LAST UPDATE"] for row in rows_of("env_waspac")}
    assert stamps == {"08/02/21 11:00:00", "23/10/24 23:00:00", "27/02/25 23:00:00"}
    later = [row for row in rows_of("env_waspac") if row["LAST UPDATE"] != "08/02/21 11:00:00"]
    assert {(row["waste"], row["unit"]) for row in later} == {("W150102", "T")}


@pytest.mark.parametrize("name", FILES)
def test_a_record_says_where_the_bytes_come_from(name: str) -> None:
    body = (EMBEDDED / name).read_bytes()
    record = json.loads((EMBEDDED / name).with_suffix(".record.json").read_text(encoding="utf-8"))
    assert record["sha256"] == hashlib.sha256(body).hexdigest()
    assert record["bytes"] == len(body)
    text = body.decode("utf-8")
    counted = len(json.loads(text)["value"]) if name.endswith(".json") else len(list(csv.reader(text.splitlines()))) - 1
    assert record["rows"] == counted
    for field in ("source", "title_nl", "title_en", "publisher", "retrieved_from", "attribution"):
        assert record[field], field
    for field in ("note_nl", "note_en"):
        assert record[field], field
    assert record["licence"]["title"] and record["licence"]["path"]
    assert b"\r" not in body


def test_a_missing_copy_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"env_waselee/env_waselee\.tsv"):
        write_embedded_edition(tmp_path, tmp_path / "out", RETRIEVED_AT)
    assert not (tmp_path / "out").exists()


def frame_of(cells: list[tuple[str, str, str, str]]) -> pd.DataFrame:
    """A small copy: geo, year, value, flag."""
    frame = pd.DataFrame(cells, columns=["geo", "TIME_PERIOD", "OBS_VALUE", "OBS_FLAG"])
    frame["LAST UPDATE"] = frame["CONF_STATUS"] = ""
    return frame[["geo", *OBSERVED]]


def two_copies() -> Table:
    """A table that two copies feed."""
    first, second = (Copy(name, "owner/name", name, "0" * 40, read_codes_and_labels) for name in ("a.csv", "b.csv"))
    return Table("demo", (first, second), True, "noot", "note")


def test_a_later_copy_only_fills_cells_that_the_first_one_lacks() -> None:
    first = frame_of([("NL", "2017", "1", ""), ("AT", "2017", "5", "")])
    second = frame_of([("NL", "2017", "9", "b"), ("NL", "2018", "2", "e"), ("NL", "2019", "", "")])
    rows = select_observations(two_copies(), ("geo",), [first, second])
    assert rows[["geo", "TIME_PERIOD", "OBS_VALUE", "OBS_FLAG"]].values.tolist() == [
        ["NL", "2017", "1", ""],
        ["NL", "2018", "2", "e"],
    ]


def test_a_cell_that_occurs_twice_in_one_copy_is_refused() -> None:
    first = frame_of([("NL", "2017", "1", ""), ("NL", "2017", "2", "")])
    with pytest.raises(EmbedError, match=r"a\.csv: cell NL 2017 occurs twice"):
        select_observations(two_copies(), ("geo",), [first, frame_of([])])


@pytest.mark.parametrize(
    ("cell", "value", "flag"),
    [("12.5 ", "12.5", ""), ("0 d", "0", "d"), (": ", "", ""), (": d", "", "d"), ("3 ds", "3", "ds")],
)
def test_a_bulk_cell_is_split_into_value_and_flag(tmp_path: Path, cell: str, value: str, flag: str) -> None:
    path = tmp_path / "table.tsv"
    path.write_text(f"unit,geo\\time\t2018 \nT,NL\t{cell}\n", encoding="utf-8")
    rows = read_bulk_tsv(path, ("freq", "unit", "geo"))
    assert rows[["freq", "unit", "geo", "TIME_PERIOD", "OBS_VALUE", "OBS_FLAG"]].values.tolist() == [
        ["A", "T", "NL", "2018", value, flag]
    ]


def test_a_bulk_cell_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "table.tsv"
    path.write_text("unit,geo\\time\t2018 \nT,NL\t1,5 \n", encoding="utf-8")
    with pytest.raises(EmbedError, match="neither a value nor"):
        read_bulk_tsv(path, ("freq", "unit", "geo"))


def test_a_label_copy_without_one_of_our_areas_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_text(
        "LAST UPDATE,freq,unit,geo,TIME_PERIOD,OBS_VALUE,OBS_FLAG,CONF_STATUS\n"
        "27/02/25 23:00:00,Annual,Rate,Netherlands,2020,49.2,be,\n",
        encoding="utf-8",
    )
    with pytest.raises(EmbedError, match="no rows for Belgium"):
        read_labels(path, ("freq", "unit", "geo"))


@pytest.mark.parametrize(
    ("value", "text"), [(3138000.0, "3138000"), (78.1, "78.1"), (0.0, "0"), (165.25, "165.25"), (0.1, "0.1")]
)
def test_numbers_are_written_in_plain_notation_without_float_noise(value: float, text: str) -> None:
    assert plain_decimal(value) == text


@pytest.mark.parametrize("code", [*(t.code for t in TABLES), *(t.code for t in CBS_TABLES)])
def test_an_embedded_table_passes_its_contract_without_a_refused_row(code: str) -> None:
    body, _ = embedded_copy(code)
    contract = source_contract(code)
    verdict = audit(parsed(body, contract), contract)
    assert verdict.usable
    assert verdict.rows_refused == 0
    assert verdict.messages("error") == ()


@pytest.mark.parametrize(
    ("code", "where", "value"),
    [
        # data/nl/INDEX.md: 83180NED 2023 extraction 78,449, imports 382,299, exports 319,383
        ("83180NED", {"topic": "TotaalWinning_1", "Perioden": "2023JJ00"}, "78449"),
        ("83180NED", {"topic": "TotaalInvoerMateriaalsoorten_29", "Perioden": "2023JJ00"}, "382299"),
        ("83180NED", {"topic": "TotaalUitvoerMateriaalsoorten_86", "Perioden": "2023JJ00"}, "319383"),
        # INDEX.md: industrial waste 2021 13,611 kt; domain/netherlands.md 1.2: furniture industry 152 kt
        (
            "84970NED",
            {
                "Bedrijfsafvalstoffen": "A050391",
                "NuttigeToepassingEnEindverwerking": "T001523",
                "BedrijfstakkenBranchesSBI2008": "341600",
                "Perioden": "2021JJ00",
            },
            "152.0",
        ),
        (
            "84971NED",
            {
                "NuttigeToepassingEnEindverwerking": "T001523",
                "BedrijfstakkenBranchesSBI2008": "307500",
                "Perioden": "2021JJ00",
            },
            "13611.0",
        ),
        ("37852", {"Perioden": "1900JJ00"}, "5104.0"),
        ("37852", {"Perioden": "2025JJ00"}, "18044.0"),
    ],
)
def test_figures_of_cbs_stand_as_published(code: str, where: dict[str, str], value: str) -> None:
    body, record = embedded_copy(code)
    rows = parsed(body, source_contract(code)).to_pylist()
    assert [row["value"] for row in rows if where.items() <= row.items()] == [value]
    assert not record.flags_kept


def test_a_json_stat_copy_is_read_cell_by_cell_with_its_flags(tmp_path: Path) -> None:
    stat = {
        "id": ["freq", "geo", "time"],
        "dimension": {
            "freq": {"category": {"index": {"A": 0}}},
            "geo": {"category": {"index": {"NL": 1, "BE": 0}}},
            "time": {"category": {"index": {"2022": 0, "2023": 1}}},
        },
        "value": {"0": 1.50, "3": 2},
        "status": {"2": "c", "3": "p"},
        "updated": "2026-07-02T11:00:00+0200",
    }
    path = tmp_path / "copy.json.gz"
    path.write_bytes(gzip.compress(json.dumps(stat).encode()))
    rows = read_json_stat(path, ("freq", "geo"))
    assert rows[["geo", "TIME_PERIOD", "OBS_VALUE", "OBS_FLAG", "LAST UPDATE"]].values.tolist() == [
        ["BE", "2022", "1.5", "", "02/07/26 11:00:00"],
        ["NL", "2022", "", "c", "02/07/26 11:00:00"],
        ["NL", "2023", "2", "p", "02/07/26 11:00:00"],
    ]
    with pytest.raises(EmbedError, match="found the dimensions freq, geo, time, expected freq, unit, geo"):
        read_json_stat(path, ("freq", "unit", "geo"))


def test_rows_of_statline_saved_as_csv_read_like_rows_saved_as_json(tmp_path: Path) -> None:
    rows = [
        {"ID": 0, "Perioden": "2020JJ00", "Bedrijfsafval_1": 12.0},
        {"ID": 1, "Perioden": "2021JJ00", "Bedrijfsafval_1": None},
    ]
    (tmp_path / "a.json").write_text(json.dumps(rows), encoding="utf-8")
    (tmp_path / "a.csv").write_text("ID,Perioden,Bedrijfsafval_1\n0,2020JJ00,12.0\n1,2021JJ00,\n", encoding="utf-8")
    assert read_statline(tmp_path / "a.json") == read_statline(tmp_path / "a.csv") == rows
    assert json.loads(odata_v3("84970NED", rows))["value"] == rows


def test_statline_rows_that_are_no_list_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"value": []}', encoding="utf-8")
    with pytest.raises(EmbedError, match="expected a list of rows, found a dict"):
        read_statline(tmp_path / "a.json")

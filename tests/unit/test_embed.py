"""The embedded edition: what is committed is what the copies say, in the layout of the live service.

Here: the files below assets/sources/embedded and the writer that made them.
Not here: what the parser makes of them.
"""

from __future__ import annotations

import csv
import hashlib
import json
from pathlib import Path

import pandas as pd
import pytest

from assets.sources.copy_layouts import (
    OBSERVED,
    EmbedError,
    plain_decimal,
    read_bulk_tsv,
    read_codes_and_labels,
    read_labels,
)
from assets.sources.embed import (
    TABLES,
    Copy,
    Table,
    select_observations,
    write_curated_records,
    write_embedded_edition,
)
from assets.sources.eurostat import GEOS

ROOT = Path(__file__).parents[2]
EMBEDDED = ROOT / "assets" / "sources" / "embedded"
SHARED_DATA = ROOT.parent / "shared" / "data"
RETRIEVED_AT = "2026-11-21T00:00:00Z"
FILES = sorted(path.relative_to(EMBEDDED).as_posix() for path in EMBEDDED.glob("*/*.csv"))

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
    fresh = {path.name: path.read_bytes() for path in (tmp_path / "eurostat").iterdir()}
    committed = {path.name: path.read_bytes() for path in (EMBEDDED / "eurostat").iterdir()}
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
    assert [row for row in rows if not row["OBS_VALUE"] and not row["OBS_FLAG"]] == []
    keys = [tuple(row[name] for name in names[2:-3]) for row in rows]
    assert keys == sorted(set(keys))


def test_a_missing_value_is_kept_only_when_a_flag_says_why() -> None:
    cells = [("NL", "2017", "", "c"), ("NL", "2018", "", "")]
    rows = select_observations(two_copies(), ("geo",), [frame_of(cells), frame_of([])])
    assert rows[["TIME_PERIOD", "OBS_VALUE", "OBS_FLAG"]].values.tolist() == [["2017", "", "c"]]


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
    assert record["rows"] == len(list(csv.reader(body.decode("utf-8").splitlines()))) - 1
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
    frame["LAST UPDATE"] = ""
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
        "LAST UPDATE,freq,unit,geo,TIME_PERIOD,OBS_VALUE,OBS_FLAG\n"
        "27/02/25 23:00:00,Annual,Rate,Netherlands,2020,49.2,be\n",
        encoding="utf-8",
    )
    with pytest.raises(EmbedError, match="no rows for Belgium"):
        read_labels(path, ("freq", "unit", "geo"))


@pytest.mark.parametrize(
    ("value", "text"), [(3138000.0, "3138000"), (78.1, "78.1"), (0.0, "0"), (165.25, "165.25"), (0.1, "0.1")]
)
def test_numbers_are_written_in_plain_notation_without_float_noise(value: float, text: str) -> None:
    assert plain_decimal(value) == text

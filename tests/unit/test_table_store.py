"""The table store: a refused table leaves the last one standing; refused rows are kept; a torn note is made again."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from assets.sources.embedded_edition import embedded_copy
from assets.sources.reading import parsed
from assets.table_store import TableRefused, TableStore, inputs_key
from contracts.contract import Contract, source_contract
from tests.conftest import files_with_bytes

TABLE = "cei_wm060"


@pytest.fixture(scope="module")
def contract() -> Contract:
    return source_contract(TABLE)


@pytest.fixture(scope="module")
def good(contract: Contract) -> pa.Table:
    """Recycling of separately collected WEEE as Eurostat gives it: 129 rows."""
    return parsed(embedded_copy(TABLE)[0], contract)


def with_cell(table: pa.Table, column: str, row: int, text: str) -> pa.Table:
    cells = table.column(column).to_pylist()
    cells[row] = text
    return table.set_column(table.column_names.index(column), column, pa.array(cells, pa.string()))


def store_in(folder: Path) -> TableStore:
    return TableStore(folder / "tables", folder / "quarantine")


def test_a_table_that_holds_to_its_contract_stands_typed_with_what_is_known_of_it(
    tmp_path: Path, contract: Contract, good: pa.Table
) -> None:
    store = store_in(tmp_path)
    assert store.standing("sources", TABLE) is None
    made, accepted, verdict = store.put("sources", TABLE, good, contract, "key 1", {"vintage": "aac2145ef808"})
    standing = store.current("sources", TABLE, "key 1")
    assert standing is not None
    assert (standing.sha256, standing.rows, standing.fact("vintage")) == (made.sha256, 129, "aac2145ef808")
    assert [check.key for check in standing.checks] == [check.key for check in verdict.checks]
    assert store.read("sources", TABLE).equals(accepted)
    assert str(accepted.schema.field("OBS_VALUE").type) == "double"
    assert store.current("sources", TABLE, "key 2") is None
    assert not (tmp_path / "quarantine").exists()


def test_the_same_table_is_stored_in_the_same_bytes(tmp_path: Path, contract: Contract, good: pa.Table) -> None:
    for name in ("one", "two"):
        store_in(tmp_path / name).put("sources", TABLE, good, contract, "key")
    assert files_with_bytes(tmp_path / "one") == files_with_bytes(tmp_path / "two")


def test_a_refused_table_leaves_the_previous_one_and_keeps_its_refused_rows(
    tmp_path: Path, contract: Contract, good: pa.Table
) -> None:
    store = store_in(tmp_path)
    store.put("sources", TABLE, good, contract, "key 1")
    before = files_with_bytes(tmp_path / "tables")
    bad = with_cell(with_cell(good, "OBS_VALUE", 3, "-1"), "geo", 7, "XX")
    with pytest.raises(TableRefused) as refusal:
        store.put("sources", TABLE, bad, contract, "key 2")
    assert files_with_bytes(tmp_path / "tables") == before
    assert "sources/cei_wm060 was refused: 2 of 129 rows, 2 rules broken. The last table stands." in str(refusal.value)
    assert "cei_wm060.parquet in the quarantine" in str(refusal.value)
    kept = pq.read_table(tmp_path / "quarantine" / "sources" / f"{TABLE}.parquet")
    # as they came, in text, each with the rule that it breaks
    assert kept.column("OBS_VALUE").to_pylist()[0] == "-1"
    assert kept.column("geo").to_pylist()[1] == "XX"
    assert kept.column("refused_by").to_pylist() == [f"{TABLE}__obs_value__minimum", f"{TABLE}__geo__codelist"]
    assert refusal.value.verdict.rows_in == 129 == refusal.value.verdict.rows_accepted + 2


def test_a_corrected_table_empties_the_quarantine(tmp_path: Path, contract: Contract, good: pa.Table) -> None:
    store = store_in(tmp_path)
    with pytest.raises(TableRefused):
        store.put("sources", TABLE, with_cell(good, "OBS_VALUE", 3, "-1"), contract, "key 1")
    assert store.standing("sources", TABLE) is None
    store.put("sources", TABLE, good, contract, "key 2")
    assert files_with_bytes(tmp_path / "quarantine") == {}


def test_a_row_that_is_handed_in_twice_counts_once_and_is_counted(
    tmp_path: Path, contract: Contract, good: pa.Table
) -> None:
    standing, accepted, _ = store_in(tmp_path).put(
        "sources", TABLE, pa.concat_tables([good, good.slice(0, 2)]), contract, "key"
    )
    assert (standing.rows, standing.exact_duplicates, accepted.num_rows) == (129, 2, 129)


@pytest.mark.parametrize("left", ["", '{"name": "cei', "[]", "{}", '{"checks": [], "messages": [], "facts": []}'])
def test_a_torn_note_means_that_the_table_is_made_again(
    tmp_path: Path, contract: Contract, good: pa.Table, left: str
) -> None:
    store = store_in(tmp_path)
    first, _, _ = store.put("sources", TABLE, good, contract, "key")
    note = tmp_path / "tables" / "sources" / f"{TABLE}.json"
    note.write_text(left, encoding="utf-8")
    assert store.current("sources", TABLE, "key") is None
    second, _, _ = store.put("sources", TABLE, good, contract, "key")
    assert second.sha256 == first.sha256
    assert json.loads(note.read_text(encoding="utf-8"))["inputs_key"] == "key"


def test_a_note_without_its_table_means_that_the_table_is_made_again(
    tmp_path: Path, contract: Contract, good: pa.Table
) -> None:
    store = store_in(tmp_path)
    store.put("sources", TABLE, good, contract, "key")
    store.path("sources", TABLE).unlink()
    assert store.current("sources", TABLE, "key") is None


def test_the_key_of_a_step_follows_its_inputs_and_its_contract(contract: Contract) -> None:
    key = inputs_key(contract, {"copy": "a"})
    assert key == inputs_key(contract, {"copy": "a"})
    assert len({key, inputs_key(contract, {"copy": "b"}), inputs_key(source_contract("cei_wm020"), {"copy": "a"})}) == 3

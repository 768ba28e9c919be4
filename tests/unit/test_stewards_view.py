"""What the steward sees of a table: rules and checks in Dutch, failing rows, history, where columns come from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

import dagster as dg
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.chain_table_assets import CHAIN_TABLES, _above
from assets.check_words import check_results, check_specs, found_words, sentence
from assets.column_lineage import COMPUTED, OF_SOURCE, OWN, columns_from, lineage_metadata
from assets.markdown import LONGEST_CELL, bullets, markdown_table, picture
from assets.sources.embedded_edition import embedded_copy
from assets.sources.reading import parsed
from assets.stewards_view import contract_place, definition_metadata, publisher_of, rules_markdown, tags_of
from assets.table_history import Change, change_words, last_change, rows_chart, why_words
from assets.table_store import TableRefused, TableStore, inputs_key
from contracts.audit import audit
from contracts.contract import Contract, product, product_names, source_contract, source_names
from contracts.verdict import CheckResult, Offence
from tests.unit.test_table_store import with_cell

TABLE = "cei_wm060"


@pytest.fixture(scope="module")
def contract() -> Contract:
    return source_contract(TABLE)


@pytest.fixture(scope="module")
def good(contract: Contract) -> pa.Table:
    return parsed(embedded_copy(TABLE)[0], contract)


@given(st.text(), st.text())
def test_no_cell_breaks_a_table(one: str, other: str) -> None:
    lines = markdown_table(["a", "b"], [[one, other]]).split("\n")
    assert len(lines) == 3
    unescaped = lines[2].replace("\\\\", "").replace("\\|", "")
    assert unescaped.count("|") == 3
    assert len(lines[2]) <= 2 * (2 * LONGEST_CELL) + 10


def test_a_table_without_rows_is_no_table_and_a_list_has_a_line_a_sentence() -> None:
    assert markdown_table(["a"], []) == ""
    assert bullets(["een\ntwee", "drie"]) == "- een twee\n- drie"


@pytest.mark.parametrize("name", [TABLE, "84970NED", "packaging_nl"])
def test_the_rules_of_a_contract_are_told_in_dutch_by_the_titles_of_their_columns(name: str) -> None:
    of = source_contract(name)
    lines = rules_markdown(of).split("\n")
    assert lines[0] == "| kolom | wat er moet staan | anders |"
    assert len(lines) - 2 == len(of.columns) + len(of.rules)
    assert not any(" at least " in line or "a code of the list" in line for line in lines)
    assert {line.rpartition("| ")[2].removesuffix(" |") for line in lines[2:]} <= {
        "geweigerd", "kanttekening", "ter kennisneming",
    }  # fmt: skip


def test_a_contract_is_named_by_its_file_and_linked_where_the_repository_is_known(
    contract: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    from assets import stewards_view

    assert contract_place(contract) == "`contracts/sources/cei_wm060.odcs.yaml`, versie 1.0.0"
    monkeypatch.setattr(stewards_view, "_repository", lambda: "https://git.example/blob/main")
    assert contract_place(contract) == (
        "[`contracts/sources/cei_wm060.odcs.yaml`](https://git.example/blob/main/contracts/sources/cei_wm060.odcs.yaml)"
        ", versie 1.0.0"
    )
    assert contract_place(replace(contract, path=Path("/elsewhere/x.yaml"))) == "`x.yaml`, versie 1.0.0"


@pytest.mark.parametrize("name", [*source_names()])
def test_every_source_says_what_a_row_is_who_publishes_it_and_under_which_licence(name: str) -> None:
    facts = definition_metadata(source_contract(name))
    for wanted in ("één rij is", "contract", "regels van het contract", "uitgever", "licentie", "afgesproken versheid"):
        assert facts[wanted], wanted
    assert " / " not in facts["uitgever"]
    assert isinstance(facts["dagster/column_schema"], dg.TableSchema)


def test_tags_hold_only_what_dagster_allows() -> None:
    assert tags_of(publisher="Diverse uitgevers", chain_table="textile", confidential=True) == {
        "uitgever": "Diverse-uitgevers", "ketentafel": "textile", "vertrouwelijk": "ja",
    }  # fmt: skip
    assert tags_of() == {}
    assert publisher_of(source_contract("craft_centres_nl")) == "Diverse uitgevers"


def results(contract: Contract, table: pa.Table, kept: Path | None = None) -> list[dg.AssetCheckResult]:
    return list(check_results(contract, audit(table, contract).checks, quarantine=kept))


def test_a_good_table_says_that_all_rules_hold(contract: Contract, good: pa.Table) -> None:
    blocking, caveats = results(contract, good)
    assert blocking.passed and caveats.passed
    assert blocking.description == "Alle 28 regels kloppen."
    assert {name: value.value for name, value in blocking.metadata.items()} == {
        "regels die niet kloppen": 0, "rijen die niet kloppen": 0,
    }  # fmt: skip


def test_failing_rows_stand_in_a_table_under_the_titles_of_their_key_with_what_was_found_and_what_is_right(
    contract: Contract, good: pa.Table
) -> None:
    bad = with_cell(with_cell(good, "OBS_VALUE", 3, "-1"), "geo", 7, "XX")
    blocking, _ = results(contract, bad, Path("quarantine/cei_wm060.parquet"))
    assert not blocking.passed
    assert blocking.severity is dg.AssetCheckSeverity.ERROR
    said = blocking.description or ""
    assert said.startswith(
        "**2 van de 28 regels kloppen niet.** De tabel is niet vernieuwd; de vorige staat er nog.\n\n"
    )
    lines = [line for line in said.split("\n") if line.startswith("|")]
    assert lines[0].endswith("| kolom | gevonden | had moeten zijn |")
    assert any(line.endswith("| '-1' | minstens 0 |") for line in lines)
    assert any("| 'XX' |" in line and line.endswith("een code uit de lijst geo (60 codes) |") for line in lines)
    assert blocking.metadata["geweigerde rijen (bestand)"].value == "quarantine/cei_wm060.parquet"
    assert blocking.metadata["rijen die niet kloppen"].value == 2
    wrong = str(blocking.metadata["wat er mis is"].value).splitlines()
    assert [line.startswith("- ") for line in wrong] == [True, True]


def test_a_check_that_no_contract_has_says_its_own_words(contract: Contract) -> None:
    offence = Offence("", "line 1 is no SDMX-CSV")
    check = CheckResult("cei_wm060__body__readable", "body", "error", False, 1, "een leesbaar bestand", (offence,))
    assert sentence(contract, check) == "het bestand: verwacht een leesbaar bestand; gevonden line 1 is no SDMX-CSV"
    blocking, _ = check_results(contract, [check])
    assert "| het bestand | line 1 is no SDMX-CSV | een leesbaar bestand |" in (blocking.description or "")


@pytest.mark.parametrize(
    ("english", "dutch"),
    [
        ("nothing", "niets"),
        ("more than one row with it", "meer dan één rij ermee"),
        ("17 rows", "17 rijen"),
        ("the column geo", "de kolom geo"),
        ("a nothing, parts together 5", "a niets, delen samen 5"),
        ("'17 rows'", "'17 rows'"),
    ],
)
def test_what_an_audit_found_is_told_in_dutch_and_values_stay_as_they_are(english: str, dutch: str) -> None:
    assert found_words(english) == dutch


@pytest.mark.parametrize("computed", [True, False])
def test_every_check_says_what_is_checked_what_a_failure_means_and_what_to_do(
    contract: Contract, computed: bool
) -> None:
    for spec in check_specs(["sources", TABLE], contract, computed=computed):
        parts = (spec.description or "").split("\n\n")
        assert [part.partition("**")[2].partition("**")[0] for part in parts] == [
            "Wat wordt getoetst.", "Als het misgaat.", "Wat nu.",
        ]  # fmt: skip


def test_every_check_of_every_asset_is_explained_in_dutch() -> None:
    from pipelines.definitions import build_definitions

    graph = build_definitions().resolve_asset_graph()
    for key in graph.asset_check_keys:
        words = graph.get_check_spec(key).description or ""
        assert words.startswith("**Wat wordt getoetst.**"), key
        assert "**Wat nu.**" in words, key


def test_what_changed_is_counted_by_rows_and_cells_and_dated(
    contract: Contract, good: pa.Table, tmp_path: Path
) -> None:
    body = "copy one"

    def put(moment: str, table: pa.Table, copy: str) -> tuple[Change, ...]:
        store = TableStore(tmp_path / "tables", tmp_path / "quarantine", moment)
        inputs = {"copy": copy}
        made, _, _ = store.put("sources", TABLE, table, contract, inputs_key(contract, inputs), inputs=inputs)
        return made.changes

    first = put("2026-11-21T03:00:00Z", good, body)
    assert first == (Change("2026-11-21T03:00:00Z", 129, "voor het eerst gemaakt: 129 rijen"),)
    # the same figures again, of another copy: no change
    assert put("2026-11-22T03:00:00Z", good, "copy two") == first
    other = with_cell(good, "OBS_VALUE", 3, "1.5").slice(0, 128)
    changes = put("2026-11-23T03:00:00Z", other, "copy three")
    assert changes[1:] == (
        Change("2026-11-23T03:00:00Z", 128, "1 rij weg, 1 cel anders", "een ander exemplaar van de bron"),
    )
    assert last_change(changes) == "**2026-11-23**: 1 rij weg, 1 cel anders (door een ander exemplaar van de bron)"
    with pytest.raises(TableRefused):
        put("2026-11-24T03:00:00Z", with_cell(good, "OBS_VALUE", 3, "-1"), "copy four")
    standing = TableStore(tmp_path / "tables", tmp_path / "quarantine").standing("sources", TABLE)
    assert standing is not None
    assert standing.changes == changes


def test_only_the_last_changes_are_remembered(
    contract: Contract, good: pa.Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("assets.table_store.REMEMBERED", 3)
    for night in range(5):
        store = TableStore(tmp_path / "t", tmp_path / "q", f"2026-12-{night + 1:02}T03:00:00Z")
        made, _, _ = store.put(
            "sources", TABLE, with_cell(good, "OBS_VALUE", 3, f"{night}.5"), contract, f"key {night}"
        )
    assert [change.moment[8:10] for change in made.changes] == ["03", "04", "05"]


def test_other_columns_and_large_tables_are_told_without_comparing_cells(
    contract: Contract, good: pa.Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    from assets import table_history

    assert change_words(good.drop_columns(["CONF_STATUS"]), good, contract) == "kolom CONF_STATUS erbij"
    assert change_words(good.drop_columns(["geo"]), good, contract) == "kolom geo erbij, van 129 naar 129 rijen"
    monkeypatch.setattr(table_history, "COMPARED_ROWS", 100)
    assert change_words(good.slice(0, 120), good, contract) == "van 120 naar 129 rijen"
    assert why_words({"code": "1", "sources/targets": "a"}, {"code": "2", "sources/targets": "b"}) == (
        "de programmatuur, sources/targets"
    )
    assert why_words({}, {"code": "2"}) == ""


def test_a_note_of_before_this_history_is_read_and_carries_on(
    contract: Contract, good: pa.Table, tmp_path: Path
) -> None:
    import json

    store = TableStore(tmp_path / "t", tmp_path / "q")
    store.put("sources", TABLE, good, contract, "key")
    note = tmp_path / "t" / "sources" / f"{TABLE}.json"
    raw = json.loads(note.read_text(encoding="utf-8"))
    for name in ("changes", "made_from"):
        raw.pop(name)
    note.write_text(json.dumps(raw), encoding="utf-8")
    standing = store.current("sources", TABLE, "key")
    assert standing is not None
    assert standing.changes == ()
    assert last_change(standing.changes) == "nog niet bekend"


def test_the_chart_is_a_small_picture_in_the_text_that_the_page_can_show() -> None:
    changes = [Change(f"2026-11-{day:02}T03:00:00Z", rows, "") for day, rows in ((1, 10), (5, 30), (9, 20))]
    chart = rows_chart(changes, "2026-11-21T03:00:00Z")
    assert chart.startswith(
        "![20 rijen sinds 2026-11-09; 3 wijzigingen sinds 2026-11-01, van 10 tot 30](data:image/svg"
    )
    # Dagster shows at once what is shorter than a thousand signs, and hides the rest behind a click
    assert len(chart) < 1000
    svg = unquote(chart.partition("data:image/svg+xml,")[2].partition(")")[0])
    # day 1 at the left and lowest, day 5 of 20 at a fifth and highest, then on to the right edge
    assert '<path d="M0 30H40V2H80V16H200"' in svg
    assert rows_chart(changes[:1], "2026-11-21T03:00:00Z") == "10 rijen sinds 2026-11-01"
    assert rows_chart([], "2026-11-21T03:00:00Z") == ""
    thirty = [Change(f"2026-10-{day:02}T03:00:00Z", 10_000 + day, "") for day in range(1, 31)]
    assert len(rows_chart(thirty, "2026-11-21T03:00:00Z")) < 1000


def test_a_picture_cannot_break_out_of_its_text() -> None:
    assert picture("<svg>) ](x", "a]b") == "![a)b](data:image/svg+xml,%3Csvg%3E%29%20%5D%28x)"


def test_every_column_of_a_computed_table_comes_from_a_column_that_exists_or_says_what_it_is() -> None:
    for chain in CHAIN_TABLES:
        for name in chain.computed:
            contract, above = chain.product.table(name), _above(chain, name)
            columns = {table.key: set(table.contract.column_names) for table in above}
            found = columns_from(name, contract, above)
            assert tuple(found) == contract.column_names
            for column, origins in found.items():
                assert origins or column in OWN, (chain.group, name, column)
                for key, upper in origins:
                    assert upper in columns[key], (chain.group, name, column, key, upper)


def test_every_declared_column_stands_in_the_table_of_that_name() -> None:
    shapes = {table.table: table for of in product_names() for table in product(of).tables}
    for name, columns in COMPUTED.items():
        assert set(columns) <= set(shapes[name].column_names), name
        assert set(columns) | set(OWN) >= set(shapes[name].column_names), name
    by_kind = {str(source_contract(name).get("sourceKind")): source_contract(name) for name in source_names()}
    for kind in ("eurostat", "curated"):
        assert set(OF_SOURCE[kind]) <= set(by_kind[kind].column_names) | {"unit"}, kind


def test_the_lineage_is_kept_as_dagster_has_it_and_as_a_table_to_read() -> None:
    chain = next(chain for chain in CHAIN_TABLES if chain.group == "packaging")
    facts = lineage_metadata("progress", chain.product.table("progress"), _above(chain, "progress"))
    deps = facts["dagster/column_lineage"].deps_by_column
    assert [(dep.asset_key.path, dep.column_name) for dep in deps["distance"]] == [
        (["packaging", "indicators"], "value"), (["sources", "targets"], "value"),
    ]  # fmt: skip
    words = facts["waar de kolommen vandaan komen"].value
    assert "value van packaging/indicators, sources/targets" in words
    observed = lineage_metadata("observations", chain.product.table("observations"), _above(chain, "observations"))
    assert "OBS_VALUE van sources/env_waspac, sources/env_waspacr, sources/cei_wm020 en 3 andere bronnen" in (
        observed["waar de kolommen vandaan komen"].value
    )

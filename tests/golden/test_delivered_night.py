"""Nights with deliveries, from the inbox to the published package: textile only, on the embedded edition.

Figures are read from the published files; expected values are literals that follow from the rows handed in.
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pandas as pd
import pytest

from assets.as_of import lay_out, old_night, seed_previous_tables
from assets.as_of_outcome import outcome_of
from assets.night import Night
from assets.packages import package_key, release_key
from assets.stewards_view import VERSION
from pipelines.definitions import NIGHTLY, build_definitions
from tests.conftest import files_with_bytes
from tests.delivered_example import TEXTILE, Row, as_csv, declared, good_rows

#: Ten producers of clothing; two of work wear, too few to show.
FIRST = [*good_rows(10), declared(1, "work_wear", 30_000.0), declared(2, "work_wear", 20_000.0)]
#: Eight of them put ten tonnes more on the market than they first said.
CORRECTED: list[Row] = [
    {**row, "put_on_market_kg": float(str(row["put_on_market_kg"])) + 10_000} if number < 8 else row
    for number, row in enumerate(FIRST)
]


def night_of(home: Path, day: int) -> Night:
    return Night(home, datetime(2026, 11, day, 3, tzinfo=UTC), None, "Ketenmonitor tests")


def run(night: Night, key: dg.AssetKey) -> dict[str, dict[str, object]]:
    """Makes an asset and all above it; asset -> its metadata."""
    definitions = build_definitions(night=lambda: night)
    above = definitions.resolve_asset_graph().get_ancestor_asset_keys(key)
    result = definitions.resolve_job_def(NIGHTLY).execute_in_process(
        instance=dg.DagsterInstance.ephemeral(),
        asset_selection=[key, *above],
        run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
    )
    made = {}
    for event in result.get_asset_materialization_events():
        done = event.step_materialization_data.materialization
        made["/".join(done.asset_key.path)] = {name: value.value for name, value in done.metadata.items()}
    return made


def put(night: Night, rows: list[Row]) -> Path:
    """A file that lay in the inbox an hour before the night."""
    path = night.inbox / TEXTILE / "opgave.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(as_csv(rows))
    written = night.started_at.timestamp() - 3600
    os.utime(path, (written, written))
    return path


@dataclass(frozen=True)
class Nights:
    """A home after three nights, and what lay in the public folder after each."""

    home: Path
    made: tuple[dict[str, dict[str, object]], ...]
    published: tuple[dict[str, bytes], ...]

    def table(self, name: str, version: str = "latest", form: str = "csv") -> pd.DataFrame:
        place = self.home / "published"
        place = place / ("datasets/textile/latest" if version == "latest" else f"releases/textile/{version}") / "data"
        if form == "parquet":
            return pd.read_parquet(place / f"{name}.parquet")
        return pd.read_csv(place / f"{name}.csv", keep_default_na=False, na_values=[""])


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory) -> Nights:
    home = tmp_path_factory.mktemp("delivered") / "home"
    made, published = [], []
    for day, rows in enumerate((FIRST, None, CORRECTED), start=1):
        night = night_of(home, day)
        if rows is not None:
            put(night, rows)
        made.append(run(night, release_key("textile")))
        assert not list((night.inbox / TEXTILE).iterdir())
        published.append(files_with_bytes(night.published))
    return Nights(home, tuple(made), tuple(published))


def delivered(table: pd.DataFrame, measure: str) -> dict[str, tuple[float | None, str, str]]:
    """Subgroup -> value, conf_status and flags of the delivered observations of a measure."""
    rows = table.loc[(table["origin"] == "delivered") & (table["measure"] == measure) & (table["year"] == 2025)]
    return {
        row["subgroup"]: (
            None if pd.isna(row["value"]) else float(row["value"]),
            row["conf_status"],
            "" if pd.isna(row["flags"]) else str(row["flags"]),
        )
        for _, row in rows.iterrows()
    }


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_what_was_handed_in_is_published_with_its_origin_and_confidential_cells_empty(
    nights: Nights, form: str
) -> None:
    observations = nights.table("observations", "1.0.0", form)
    rows = observations.loc[observations["origin"] == "delivered"]
    assert set(rows["source"]) == {"delivered_textile"}
    # 10 x 100 t and 1 + ... + 10 t, and 50 t
    assert delivered(observations, "put_on_market") == {
        "total": (1105.0, "F", ""),
        "consumer_clothing": (None, "C", "c"),
        "work_wear": (None, "C", "c"),
    }
    confidential = rows.loc[rows["conf_status"] == "C"]
    assert confidential["value"].isna().all() and set(confidential["obs_status"]) == {"Q"}
    text = nights.published[0]["releases/textile/1.0.0/data/observations.csv"].decode()
    assert "Producent" not in text and "00000001" not in text


def test_an_indicator_of_what_was_handed_in_goes_through_the_formula(nights: Nights) -> None:
    indicators = nights.table("indicators", "1.0.0")
    wanted = (indicators["indicator"] == "textile_fibre_to_fibre_share") & (indicators["year"] == 2025)
    (row,) = indicators.loc[wanted].to_dict("records")
    # 6 % of 24 % of what came on the market
    assert (row["value"], row["source"], row["origin"]) == (25.0, "delivered_textile", "computed")


def test_the_package_names_the_copy_of_the_totals_and_it_lies_in_the_archive(nights: Nights) -> None:
    sources = nights.table("sources", "1.0.0")
    (row,) = sources.loc[sources["source"] == "delivered_textile"].to_dict("records")
    body = (nights.home / "archive/delivered_textile" / row["sha256"]).read_bytes()
    assert body.startswith(b"delivery,measure,subgroup")
    assert b"Producent" not in body
    assert row["vintage"] == row["sha256"][:12]


def test_nothing_of_a_participant_lies_in_the_public_folder(nights: Nights) -> None:
    for place, body in nights.published[2].items():
        if not place.endswith((".zip", ".parquet", ".xlsx", ".duckdb")):
            assert b"Producent 1 B.V." not in body and b"opgave.csv" not in body, place


def test_a_second_night_with_nothing_new_publishes_nothing(nights: Nights) -> None:
    assert nights.published[1] == nights.published[0]
    assert nights.made[1]["publication/textile"][VERSION] == "1.0.0"


def test_a_corrected_delivery_is_released_and_told_as_a_revision_of_its_source(nights: Nights) -> None:
    assert nights.made[2]["publication/textile"][VERSION] == "1.1.0"
    assert delivered(nights.table("observations"), "put_on_market")["total"] == (1185.0, "F", "")
    revisions = nights.table("source_revisions")
    (row,) = revisions.loc[revisions["source"] == "delivered_textile"].to_dict("records")
    assert "put_on_market" in row["key"]
    assert (row["column"], float(row["old_value"]), float(row["new_value"])) == ("value", 1105.0, 1185.0)
    assert (
        nights.published[2]["releases/textile/1.0.0/data/observations.csv"]
        == (nights.published[0]["releases/textile/1.0.0/data/observations.csv"])
    )


def test_the_first_night_is_built_again_with_the_same_bytes_after_a_second_delivery(
    nights: Nights, tmp_path: Path
) -> None:
    home = Path(shutil.copytree(nights.home, tmp_path / "home", symlinks=True))
    night = night_of(home, 4)
    old = old_night(night, "2026-11-01")
    rebuilt = lay_out(night, old)
    seed_previous_tables(rebuilt, old)
    definitions = build_definitions(night=lambda: rebuilt)
    key = package_key("textile")
    fetching = {dg.AssetKey(["sources", "vintages"])}
    above = {key, *definitions.resolve_asset_graph().get_ancestor_asset_keys(key)} - fetching
    definitions.resolve_job_def(NIGHTLY).execute_in_process(
        instance=dg.DagsterInstance.ephemeral(),
        asset_selection=sorted(above, key=lambda key: key.to_user_string()),
        run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
    )
    outcome = outcome_of(night, rebuilt, old, "textile", None)
    assert outcome is not None and outcome.as_it_was, outcome
    assert not (rebuilt.home / "deliveries").exists()
    assert json.loads(rebuilt.vintages.read_text(encoding="utf-8"))["delivered_textile"] == next(
        row["sha256"]
        for row in nights.table("sources", "1.0.0").to_dict("records")
        if row["source"] == "delivered_textile"
    )


def test_without_deliveries_nothing_is_invented(tmp_path: Path) -> None:
    from assets.chain_table_assets import has_copy
    from assets.deliveries.delivered_source import delivered_source

    night = night_of(tmp_path / "home", 1)
    night.tables.root.joinpath("sources").mkdir(parents=True)
    made = delivered_source(night, "delivered_textile", (TEXTILE,))
    assert (made.standing.rows, made.pins, made.held) == (0, (), ())
    assert not has_copy(night, "delivered_textile")
    assert night.archive.records("delivered_textile") == []
    assert not night.vintages.exists()

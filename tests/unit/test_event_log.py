"""Our event log on SQLite writes what Dagster's own reads: the steward's view may run on either.

Pinned to dagster 1.13, because a private method of the stock class is replaced.
"""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.storage.event_log import SqliteEventLogStorage

from pipelines.event_log import OPEN_ENGINES, PooledSqliteEventLogStorage
from pipelines.instance import instance

KEY = dg.AssetKey(["packaging", "figures"])


@dg.asset(key=KEY, check_specs=[dg.AssetCheckSpec("contract", asset=KEY)])
def figures(context: dg.AssetExecutionContext) -> Iterator[Any]:
    context.log.info("18 materials, é and 🏭")
    yield dg.MaterializeResult(
        metadata={"rows": 18}, check_results=[dg.AssetCheckResult(check_name="contract", passed=True)]
    )


def run_in(home: Path) -> str:
    with instance(home) as kept:
        return dg.materialize([figures], instance=kept).run_id


def storage_folder(home: Path) -> str:
    return str(home / "dagster" / "history" / "runs")


def test_dagster_is_of_the_minor_version_whose_storage_we_extend() -> None:
    # when this fails: read the stock class again, then raise the pin in pyproject.toml
    assert dg.__version__.split(".")[:2] == ["1", "13"]


def test_the_instance_under_a_home_uses_our_event_log_and_sends_nothing_to_its_maker(tmp_path: Path) -> None:
    with instance(tmp_path) as kept:
        assert type(kept.event_log_storage) is PooledSqliteEventLogStorage
        assert kept.telemetry_enabled is False
        assert str(tmp_path) in kept.event_log_storage._base_dir


def test_the_stock_event_log_reads_the_events_that_ours_wrote(tmp_path: Path) -> None:
    run_id = run_in(tmp_path)
    ours, stock = PooledSqliteEventLogStorage(storage_folder(tmp_path)), SqliteEventLogStorage(storage_folder(tmp_path))
    try:
        written, read = ours.get_logs_for_run(run_id), stock.get_logs_for_run(run_id)
        assert read == written
        kinds = [entry.dagster_event.event_type_value for entry in read if entry.dagster_event]
        for kind in ("PIPELINE_START", "ASSET_MATERIALIZATION", "ASSET_CHECK_EVALUATION", "PIPELINE_SUCCESS"):
            assert kind in kinds
        assert any("18 materials, é and 🏭" in entry.user_message for entry in read)
        for storage in (ours, stock):
            latest = storage.get_latest_materialization_events([KEY])[KEY]
            assert latest is not None
            assert latest.run_id == run_id
    finally:
        ours.dispose()
        stock.dispose()


def test_ours_reads_the_events_that_the_stock_event_log_wrote(tmp_path: Path) -> None:
    with dg.DagsterInstance.local_temp(str(tmp_path)) as kept:
        assert type(kept.event_log_storage) is SqliteEventLogStorage
        run_id = dg.materialize([figures], instance=kept).run_id
        expected = kept.all_logs(run_id)
        folder = kept.event_log_storage._base_dir
    ours = PooledSqliteEventLogStorage(folder)
    try:
        assert ours.get_logs_for_run(run_id) == expected
        assert len(expected) > 5
    finally:
        ours.dispose()


def test_only_the_databases_of_the_moment_stay_open(tmp_path: Path) -> None:
    storage = PooledSqliteEventLogStorage(str(tmp_path))
    try:
        for number in range(3 * OPEN_ENGINES):
            assert storage.get_logs_for_run(f"run-{number}") == []
        assert len(storage._engines) == OPEN_ENGINES
        # the first database was closed, and opens again
        assert storage.get_logs_for_run("run-0") == []
    finally:
        storage.dispose()
    assert storage._engines == {}


@pytest.mark.parametrize("changed", [None, "telemetry:\n  enabled: true\n"])
def test_the_settings_of_the_instance_are_written_where_missing_or_changed(tmp_path: Path, changed: str | None) -> None:
    settings = tmp_path / "dagster" / "dagster.yaml"
    if changed is not None:
        settings.parent.mkdir()
        settings.write_text(changed, encoding="utf-8")
    with instance(tmp_path) as kept:
        assert kept.telemetry_enabled is False
    before = settings.stat().st_mtime_ns
    with instance(tmp_path):
        assert settings.stat().st_mtime_ns == before


def test_whether_a_table_is_there_is_asked_of_the_database_until_it_is(tmp_path: Path) -> None:
    run_in(tmp_path)
    log = PooledSqliteEventLogStorage(storage_folder(tmp_path))
    try:
        assert not log.has_table("not_yet")
        with log.index_connection() as connection:
            connection.exec_driver_sql("CREATE TABLE not_yet (a INTEGER)")
        assert log.has_table("not_yet")
        with log.index_connection() as connection:
            connection.exec_driver_sql("DROP TABLE not_yet")
        assert log.has_table("not_yet"), "it was asked again"
    finally:
        log.dispose()


def test_who_watches_a_run_hears_of_an_event_while_the_run_still_has_its_log_open(tmp_path: Path) -> None:
    run_id = run_in(tmp_path)
    heard: list[str] = []
    with instance(tmp_path) as running, instance(tmp_path) as view:
        run = running.get_run_by_id(run_id)
        assert run is not None
        running.report_engine_event("opened", run)
        log = view.event_log_storage

        def note(entry: dg.EventLogEntry, _: str) -> None:
            heard.append(entry.message)

        log.watch(run_id, log.get_records_for_run(run_id).cursor, note)
        try:
            for words in ("a step began", "a step ended"):
                running.report_engine_event(words, run)
                end = time.monotonic() + 20
                while words not in heard and time.monotonic() < end:
                    time.sleep(0.05)
        finally:
            log.end_watch(run_id, note)
        running.report_engine_event("nobody watches", run)
    assert heard == ["a step began", "a step ended"]

"""Dagster's event log on SQLite, with one engine a database instead of one a statement.

The stock class builds a new SQLAlchemy engine for every statement, and asks at every check of an asset whether the
table of checks is there, which is most of the CPU time of a small run. This one keeps both, writes the same events to
the same files, and the stock class reads them back (there is a test).
Pinned to dagster 1.13: it can go when the stock class keeps its engines.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import dagster as dg
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorageWatchdog
from dagster._core.storage.sql import create_engine
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._serdes import ConfigurableClassData
from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.pool import QueuePool
from watchdog.events import FileSystemEvent, PatternMatchingEventHandler
from watchdog.observers import Observer

# A year of nights is 365 databases; only those of the moment stay open.
OPEN_ENGINES = 8


def _pragmas(connection: Any, _record: Any) -> None:
    # with the write-ahead log, NORMAL can lose the last events of a power cut but never corrupts;
    # the archive has its own fsync
    connection.execute("PRAGMA synchronous=NORMAL")


class _Follows(PatternMatchingEventHandler):
    """Wakes a watcher of a run when its write-ahead log grows: while a connection stays open, events are there and the
    database itself is not written. Without it the page of a run stands still until it is loaded again."""

    def __init__(self, stock: SqliteEventLogStorageWatchdog, database: str) -> None:
        self._stock = stock
        super().__init__(patterns=[database, f"{database}-wal"])

    def on_modified(self, _: FileSystemEvent) -> None:
        """Hands on what is new."""
        self._stock._process_log()


class PooledSqliteEventLogStorage(SqliteEventLogStorage):
    """SqliteEventLogStorage that keeps the engines of the databases in use."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._engines: dict[str, Engine] = {}
        self._tables: set[str] = set()
        super().__init__(base_dir, inst_data)

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Any
    ) -> "PooledSqliteEventLogStorage":
        """Made by Dagster from dagster.yaml."""
        return cls(inst_data=inst_data, **config_value)

    def _engine(self, shard: str) -> Engine:
        engine = self._engines.get(shard)
        if engine is None:
            while len(self._engines) >= OPEN_ENGINES:
                self._engines.pop(next(iter(self._engines))).dispose()
            engine = create_engine(
                self.conn_string_for_shard(shard),
                poolclass=QueuePool,
                pool_size=1,
                connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS, "check_same_thread": False},
            )
            event.listen(engine, "connect", _pragmas)
            self._engines[shard] = engine
        return engine

    def has_table(self, table_name: str) -> bool:
        """Whether the index has a table; one that was there stays."""
        if table_name not in self._tables and super().has_table(table_name):
            self._tables.add(table_name)
        return table_name in self._tables

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        with self._db_lock:
            engine = self._engine(shard)
            if shard not in self._initialized_dbs:
                self._initdb(engine)
                self._initialized_dbs.add(shard)
            with engine.connect() as connection, connection.begin():
                yield connection

    def watch(self, run_id: str, cursor: str | None, callback: Callable[[dg.EventLogEntry, str], Any]) -> None:
        """Calls `callback` with every event of a run after `cursor`, as they come."""
        observer: Any = self._obs
        if observer is None:
            observer = self._obs = Observer()  # type: ignore[assignment]  # the stock class says None and means it once
            observer.start()
        follows = _Follows(SqliteEventLogStorageWatchdog(self, run_id, callback, cursor), self.path_for_shard(run_id))
        watched = observer.schedule(follows, self._base_dir, recursive=True)
        self._watchers[run_id][callback] = (follows, watched)

    def dispose(self) -> None:
        """Closes what is open."""
        for engine in self._engines.values():
            engine.dispose()
        self._engines.clear()
        super().dispose()

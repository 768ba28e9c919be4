"""What more than one test needs: a night in a folder of its own, a small real edition, and a Eurostat on loopback.

Not here: expected figures, and faults; those stand with the tests that name them.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from assets.chain_tables.source_figures import SourceTable
from assets.night import Night
from assets.packages import release_key
from assets.sources.embedded_edition import EMBEDDED, embedded_copy
from assets.sources.reading import parsed
from contracts.audit import audit
from contracts.contract import source_contract
from pipelines.definitions import build_definitions
from pipelines.nightly import Summary, run_assets

# Great Expectations would otherwise try to report its use to its maker; tests stay on this machine.
os.environ["GX_ANALYTICS_ENABLED"] = "false"
# a night of a test brings nothing to the portals of whoever runs it
os.environ.pop("KETENMONITOR_PORTALS", None)
# a shell that starts the tests in the background lets them ignore an interrupt; Dagster gives SIGTERM the same fate,
# and then nothing that a test starts could be ended
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# 2026-11-21T03:00:00Z: the moment of every night in the tests, as SOURCE_DATE_EPOCH would give it.
EPOCH = 1795230000
NIGHT_OF = datetime.fromtimestamp(EPOCH, UTC)
SMALL_EDITION_GEOS = ("NL", "BE")


@cache
def _embedded(name: str) -> SourceTable:
    body, record = embedded_copy(name)
    contract = source_contract(name)
    verdict = audit(parsed(body, contract), contract)
    assert verdict.accepted is not None and verdict.rows_refused == 0, name
    return SourceTable(name, verdict.accepted.to_pandas(), record)


@pytest.fixture(scope="session")
def embedded() -> Callable[[str], SourceTable]:
    """A source table of the embedded edition by name, audited; read once for all tests, so not to be changed."""
    return _embedded


@dataclass(frozen=True)
class Answer:
    """What the played service says for one table. `breaks_off` sends half of the body and resets the connection."""

    body: bytes = b""
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    breaks_off: bool = False


@dataclass
class PlayedEurostat:
    """A real HTTP server on loopback: the tables of an edition, except for what `answers` says.

    `asked` holds the path of every request.
    """

    edition: Path
    answers: dict[str, Answer] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    url: str = ""

    def body(self, table: str) -> bytes:
        """The bytes of a table in the edition that is played."""
        return (self.edition / "eurostat" / f"{table}.csv").read_bytes()

    def answer(self, path: str) -> Answer:
        self.asked.append(path)
        table = path.partition("/sdmx/2.1/data/")[2].partition("/")[0].lower()
        if table in self.answers:
            return self.answers[table]
        known = (self.edition / "eurostat" / f"{table}.csv").exists()
        return Answer(self.body(table)) if known else Answer(b"no such dataflow", 404)


def playing(edition: Path) -> Iterator[PlayedEurostat]:
    """Serves an edition until the test is done."""
    played = PlayedEurostat(edition)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer = played.answer(self.path)
            self.send_response(answer.status)
            for name, value in answer.headers:
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            if answer.breaks_off:
                self.wfile.write(answer.body[: len(answer.body) // 2])
                self.wfile.flush()
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.connection.close()
            else:
                self.wfile.write(answer.body)

        def log_message(self, format: str, *args: object) -> None:
            pass

        def finish(self) -> None:
            if not self.wfile.closed and self.connection.fileno() != -1:
                super().finish()

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        played.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        yield played
        server.shutdown()
        thread.join()


def night(home: Path, *, edition: Path = EMBEDDED, eurostat_url: str | None = None) -> Night:
    """A night in `home` at the one moment of the tests; it asks no service unless an address is given."""
    return Night(home, NIGHT_OF, eurostat_url, "Ketenmonitor tests", edition)


def files_with_bytes(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, by its relative path. Links are left out: they repeat what stands elsewhere."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink() and not any(parent.is_symlink() for parent in path.parents)
    }


def free_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def small_edition(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The embedded edition with the two large tables limited to two countries: real rows, a third of the work."""
    folder = tmp_path_factory.mktemp("small") / "edition"
    shutil.copytree(EMBEDDED, folder)
    wanted = tuple(f",{geo}," for geo in SMALL_EDITION_GEOS)
    for table in ("env_waspac", "env_waselee"):
        path = folder / "eurostat" / f"{table}.csv"
        header, *rows = path.read_text(encoding="utf-8").splitlines(keepends=True)
        path.write_text(header + "".join(row for row in rows if any(geo in row for geo in wanted)), encoding="utf-8")
    return folder


@pytest.fixture
def eurostat(small_edition: Path) -> Iterator[PlayedEurostat]:
    """A played service for one test."""
    yield from playing(small_edition)


def core_night(of: Night) -> Summary:
    """A night of packaging, electronics and the targets only: what the fault tests are about, in less time."""
    graph = build_definitions().resolve_asset_graph()
    wanted = {release_key(name) for name in ("packaging", "electronics", "targets")}
    for key in tuple(wanted):
        wanted |= set(graph.get_ancestor_asset_keys(key))
    return run_assets(of, sorted(wanted, key=lambda key: key.to_user_string()))
